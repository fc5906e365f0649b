//! What other engines of the voice path ask.

use std::net::SocketAddr;

use serde_json::json;

use crate::{calls::sold_call, directory::make, support::Platform};

#[tokio::test]
async fn a_trunk_is_found_by_the_narrowest_network() {
    let platform = Platform::new().await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let (admin, other) = (platform.admin().await, platform.client(platform.other, &["admin:*"]).await);
    let mut trunks = Vec::new();
    for (client, networks) in [(&admin, json!(["203.0.113.0/24", "2001:db8::/32"])), (&other, json!(["203.0.113.7"]))] {
        let (carrier, _) = make(client, "/api/v1/carriers", json!({"name": "C", "code": "C1"})).await;
        let body = json!({"carrierId": carrier, "name": "T", "host": "sip.example", "sourceCidrs": networks});
        trunks.push(make(client, "/api/v1/trunks", body).await.0);
    }
    let path = "/api/v1/trunks/auth";
    let call = |source: &str| json!({"from": "+15551230001", "to": "+15551234567", "source_ip": source});
    for (source, trunk, tenant) in
        [("203.0.113.9", 0, platform.tenant), ("203.0.113.7", 1, platform.other), ("2001:db8::5", 0, platform.tenant)]
    {
        let found = operator.post(path, call(source)).await.expect(200).json();
        assert_eq!((&found["trunkId"], &found["tenantId"]), (&json!(trunks[trunk]), &json!(tenant)), "{source}");
        assert_eq!(found["status"], "authenticated");
    }
    operator.post(path, call("198.51.100.1")).await.expect(404);
    other.patch(&format!("/api/v1/trunks/{}", trunks[1]), json!({"status": "MAINTENANCE"})).await.expect(200);
    assert_eq!(operator.post(path, call("203.0.113.7")).await.expect(200).json()["trunkId"], json!(trunks[0]));
    assert_eq!(operator.post(path, call("carrier.example")).await.expect(422).fields(), ["source_ip"]);
    admin.post(path, call("203.0.113.9")).await.expect(403);
}

#[tokio::test]
async fn the_switches_are_listed_for_dispatchers() {
    let nodes: [SocketAddr; 2] = [([127, 0, 0, 1], 5_080).into(), ([192, 0, 2, 9], 5_080).into()];
    let platform = Platform::with(|config| config.switch_nodes = nodes.to_vec()).await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let listed = operator.get("/api/v1/freeswitch/nodes").await.expect(200).json();
    assert_eq!(listed, json!({"nodes": ["127.0.0.1:5080", "192.0.2.9:5080"]}));
}

#[tokio::test]
async fn the_recording_of_a_call_is_found_by_the_call() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let sold = sold_call(&platform, 0).await;
    let path = format!("/api/v1/calls/{}/recording", sold.call);
    let found = admin.get(&path).await.expect(200).json();
    assert_eq!((&found["id"], &found["callId"]), (&json!(sold.recording), &json!(sold.call)));
    platform.client(platform.other, &["admin:*"]).await.get(&path).await.expect(404);
    admin.get("/api/v1/calls/01890000-0000-7000-8000-000000000000/recording").await.expect(404);
}

#[tokio::test]
async fn a_trunk_carries_calls_out_and_keeps_its_password_to_itself() {
    let world = Platform::new().await;
    let client = world.admin().await;
    let carrier = make(&client, "/api/v1/carriers", json!({"name": "West", "code": "WEST"})).await.0;
    let outbound = json!({"priority": 1, "username": "acme", "password": "sekret99", "callerId": "5550000001"});
    let body = json!({"carrierId": carrier, "name": "Out", "host": "sip.carrier.example", "outbound": outbound});
    let (trunk, made) = make(&client, "/api/v1/trunks", body.clone()).await;
    assert_eq!(made["outbound"]["hasPassword"], true);
    assert_eq!(made["outbound"]["callerId"], "+15550000001");
    assert!(!made.to_string().contains("sekret99"), "{made}");
    let scope = operations::TenantScope::of(world.tenant);
    let stored = world.directory.trunks.get(scope, trunk.parse().unwrap()).await.unwrap().outbound.unwrap();
    let sealed = stored.sealed_password.unwrap();
    let about = operations::password_of(trunk.parse().unwrap());
    assert_eq!(operations::Vault::new([5; 32]).open(&about, &sealed).as_deref(), Some("sekret99"));
    let path = format!("/api/v1/trunks/{trunk}");
    // The same user keeps the password; another needs one of its own.
    let kept = client.patch(&path, json!({"outbound": {"username": "acme"}})).await.expect(200).json();
    assert_eq!(kept["outbound"]["hasPassword"], true);
    for (wrong, field) in [
        (json!({"username": "other"}), "outbound.password"),
        (json!({"password": "sekret99"}), "outbound.username"),
        (json!({"numberPrefix": "9@x"}), "outbound.numberPrefix"),
        (json!({"callerIdSource": "TRUNK"}), "outbound.callerId"),
        (json!({"callerId": "no number"}), "outbound.callerId"),
    ] {
        let refused = client.patch(&path, json!({ "outbound": wrong })).await.expect(422).json();
        assert!(refused.to_string().contains(field), "{field}: {refused}");
    }
    let refused = client.patch(&path, json!({"host": "a.b>;x"})).await.expect(422).json();
    assert!(refused.to_string().contains("host"), "{refused}");
    let gone = client.patch(&path, json!({"outbound": null})).await.expect(200).json();
    assert_eq!(gone["outbound"], json!(null));
}
