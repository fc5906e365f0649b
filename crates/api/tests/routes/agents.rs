//! Agents and queues: kept, and an agent's own status.

use std::time::Duration;

use operations::{LiveBus, LiveItem, LiveUpdate, Role, TenantScope};
use serde_json::{Value, json};

use crate::{
    auth::sign_in,
    directory::make,
    support::{Client, PASSWORD, Platform},
};

pub async fn signed_in<'p>(platform: &'p Platform, email: &str) -> Client<'p> {
    let token = sign_in(&platform.anonymous(), email, PASSWORD).await.expect(200).json()["token"].clone();
    platform.anonymous().with("authorization", &format!("Bearer {}", token.as_str().unwrap()))
}

#[tokio::test]
async fn an_agent_sets_its_status_and_listeners_hear_of_it() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let user = platform.user(platform.tenant, "ana@acme.example", Role::ReadOnly).await;
    let ana = signed_in(&platform, "ana@acme.example").await;
    ana.get("/api/v1/agent/status").await.expect(404);
    let body = json!({"name": "Ana", "destination": "sip:ana@agents.example", "userId": user.id, "wrapUpSeconds": 5});
    let (id, made) = make(&admin, "/api/v1/agents", body).await;
    assert_eq!((&made["status"], &made["userId"]), (&json!("offline"), &json!(user.id)));
    let own = ana.get("/api/v1/agent/status").await.expect(200).json();
    assert_eq!((&own["agentId"], &own["status"]), (&json!(id), &json!("offline")));

    let mut heard = platform.bus.subscribe(TenantScope::of(platform.tenant), None).stream;
    platform.clock.advance(Duration::from_secs(60));
    let set = ana.put("/api/v1/agent/status", json!({"status": "available"})).await.expect(200).json();
    assert_eq!((&set["status"], &set["lastUpdated"]), (&json!("available"), &json!("2026-11-23T16:01:00.000000Z")));
    let Some(LiveItem::Update(update)) = heard.next().await else { panic!("nothing heard") };
    let LiveUpdate::Notice { name, data, .. } = &update.update else { panic!("{update:?}") };
    assert_eq!((&**name, &data["agentId"], &data["status"]), ("agent.status.changed", &json!(id), &json!("available")));
    // The same again is no change.
    platform.clock.advance(Duration::from_secs(60));
    let again = ana.put("/api/v1/agent/status", json!({"status": "AVAILABLE"})).await.expect(200).json();
    assert_eq!(again["lastUpdated"], set["lastUpdated"]);
    // Whoever may write agents changes it for somebody; that is heard too, and only that.
    admin.patch(&format!("/api/v1/agents/{id}"), json!({"status": "dnd", "name": "Ana R"})).await.expect(200);
    let Some(LiveItem::Update(update)) = heard.next().await else { panic!("nothing heard") };
    let LiveUpdate::Notice { data, .. } = &update.update else { panic!("{update:?}") };
    assert_eq!(data["status"], "dnd");

    assert_eq!(ana.put("/api/v1/agent/status", json!({"status": "on fire"})).await.expect(422).fields(), ["status"]);
    admin.get("/api/v1/agent/status").await.expect(403);
    platform.anonymous().get("/api/v1/agent/status").await.expect(401);
}

#[tokio::test]
async fn what_is_wrong_with_an_agent_is_named() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let stranger = platform.user(platform.other, "eve@globex.example", Role::Admin).await;
    let wrong = json!({"name": "", "destination": "tel:1", "skills": [""], "wrapUpSeconds": 9999});
    let fields = admin.post("/api/v1/agents", wrong).await.expect(422).fields();
    assert_eq!(fields, ["destination", "name", "skills[0]", "wrapUpSeconds"]);
    for destination in ["sip:", "sip:@", "sip:a@b c", "sip:<a@b>", "ana"] {
        let body = json!({"name": "A", "destination": destination});
        assert_eq!(admin.post("/api/v1/agents", body).await.expect(422).fields(), ["destination"], "{destination}");
    }
    let body = json!({"name": "A", "destination": "sip:a@agents.example", "userId": stranger.id});
    admin.post("/api/v1/agents", body).await.expect(404);
    let body = json!({"name": "A", "destination": "sip:a@agents.example"});
    make(&admin, "/api/v1/agents", body.clone()).await;
    admin.post("/api/v1/agents", body).await.expect(409);
}

#[tokio::test]
async fn a_queue_names_agents_of_its_own_tenant() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    let (theirs, _) = make(&stranger, "/api/v1/agents", json!({"name": "E", "destination": "sip:e@x.example"})).await;
    admin.post("/api/v1/queues", json!({"name": "sales", "agentIds": [theirs]})).await.expect(404);
    let (mine, _) = make(&admin, "/api/v1/agents", json!({"name": "A", "destination": "sip:a@x.example"})).await;
    let body = json!({"name": "sales", "agentIds": [mine], "music": "tone:ringback", "timeoutSeconds": 30, "maxSize": 5,
        "skills": ["spanish"], "phones": [{"name": "desk", "destination": "sip:desk@x.example"}]});
    let (id, made) = make(&admin, "/api/v1/queues", body.clone()).await;
    for member in ["agentIds", "music", "timeoutSeconds", "maxSize", "skills"] {
        assert_eq!(made[member], body[member], "{member}");
    }
    assert_eq!(made["phones"][0], json!({"name": "desk", "destination": "sip:desk@x.example", "wrapUpSeconds": 0}));
    admin.post("/api/v1/queues", json!({"name": "sales"})).await.expect(409);
    let path = format!("/api/v1/queues/{id}");
    admin.patch(&path, json!({"agentIds": [theirs]})).await.expect(404);
    let changed =
        admin.patch(&path, json!({"music": null, "timeoutSeconds": null, "agentIds": []})).await.expect(200).json();
    assert_eq!(
        (&changed["music"], &changed["timeoutSeconds"], &changed["agentIds"]),
        (&Value::Null, &Value::Null, &json!([]))
    );
    let wrong = json!({"name": "", "maxSize": 0, "timeoutSeconds": 0, "phones": [{"name": "", "destination": "x"}]});
    let fields = admin.post("/api/v1/queues", wrong).await.expect(422).fields();
    assert_eq!(fields, ["maxSize", "name", "phones[0].destination", "phones[0].name", "timeoutSeconds"]);
}
