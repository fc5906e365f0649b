//! What tenants may use; carriers and trunks of every tenant, for the operator.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{directory::make, support::Platform};

const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

#[tokio::test]
async fn limits_are_kept_changed_and_lifted() {
    let platform = Platform::new().await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let path = format!("/admin/api/v1/tenants/{}/quota", platform.other);
    operator.get(&path).await.expect(404);
    let made = operator.patch(&path, json!({"maxPhoneNumbers": 2, "maxStorageGB": 100})).await.expect(200).json();
    assert_eq!(
        (&made["maxPhoneNumbers"], &made["maxStorageGB"], &made["enabled"]),
        (&json!(2), &json!(100), &json!(true))
    );
    assert_eq!(made["maxConcurrentCalls"], Value::Null);
    let changed =
        operator.patch(&path, json!({"maxPhoneNumbers": null, "maxMinutesPerDay": 60})).await.expect(200).json();
    assert_eq!(
        (&changed["maxPhoneNumbers"], &changed["maxStorageGB"]),
        (&Value::Null, &json!(100)),
        "null lifts, absent stays"
    );
    assert_eq!(operator.get(&path).await.expect(200).json(), changed);
    let wrong = json!({"maxPhoneNumbers": -1, "maxMinutesPerDay": 1_000_000_000, "budget": 5});
    assert_eq!(operator.patch(&path, wrong).await.expect(422).fields(), ["budget", "maxPhoneNumbers"]);
    operator.get(&format!("/admin/api/v1/tenants/{NOBODY}/quota")).await.expect(404);
    operator.patch(&format!("/admin/api/v1/tenants/{NOBODY}/quota"), json!({})).await.expect(404);
    let owner = platform.admin().await;
    owner.get(&path).await.expect(403);
}

#[tokio::test]
async fn a_tenant_sees_how_far_its_own_limits_are_used() {
    let platform = Platform::new().await;
    let (admin, operator) = (platform.admin().await, platform.client(platform.tenant, &["platform:admin"]).await);
    let quota = format!("/admin/api/v1/tenants/{}/quota", platform.tenant);
    operator.patch(&quota, json!({"maxPhoneNumbers": 3})).await.expect(200);
    let before = admin.get("/api/v1/quota/status").await.expect(200).json()["phoneNumbers"]["current"].clone();
    make(&admin, "/api/v1/numbers", json!({"number": "+12125550170"})).await;
    let own = admin.get("/api/v1/quota/status").await.expect(200).json();
    assert_eq!(own, operator.get(&format!("{quota}/status")).await.expect(200).json(), "as the operator sees them");
    assert_eq!(own["phoneNumbers"]["current"].as_u64(), before.as_u64().map(|before| before + 1));
    assert_eq!((&own["phoneNumbers"]["limit"], &own["dailyMinutes"]["limit"]), (&json!(3), &Value::Null));
    let theirs = platform.client(platform.other, &["reports:read"]).await;
    let theirs = theirs.get("/api/v1/quota/status").await.expect(200).json();
    assert_eq!(theirs["phoneNumbers"], json!({"current": 0, "limit": null, "remaining": null}), "nobody else's");
    let stranger = platform.client(platform.tenant, &["numbers:read"]).await;
    stranger.get("/api/v1/quota/status").await.expect(403);
}

#[tokio::test]
async fn the_number_of_numbers_is_limited_with_exceptions() {
    let platform = Platform::new().await;
    let (admin, operator) = (platform.admin().await, platform.client(platform.tenant, &["platform:admin"]).await);
    let quota = format!("/admin/api/v1/tenants/{}/quota", platform.tenant);
    operator.patch(&quota, json!({"maxPhoneNumbers": 1})).await.expect(200);
    let (first, _) = make(&admin, "/api/v1/numbers", json!({"number": "+12125550170"})).await;
    let refused = admin.post("/api/v1/numbers", json!({"number": "+12125550171"})).await.expect(403);
    assert_eq!(refused.json()["error"]["code"], "QUOTA_EXCEEDED");
    assert_eq!(
        admin.post("/api/v1/numbers", json!({"areaCode": "212"})).await.expect(403).json()["error"]["code"],
        "QUOTA_EXCEEDED"
    );
    assert!(platform.seller.holds().is_empty(), "nothing was bought");

    let overrides = format!("{quota}/overrides");
    let body = json!({"quotaType": "phone_numbers", "overrideValue": 2, "reason": "sale", "expiresInHours": 1});
    let made = operator.post(&overrides, body).await.expect(201).json();
    assert_eq!(made["expiresAt"], "2026-11-23T17:00:00.000000Z");
    make(&admin, "/api/v1/numbers", json!({"number": "+12125550171"})).await;
    admin.post("/api/v1/numbers", json!({"number": "+12125550172"})).await.expect(403);
    let level = operator.get(&format!("{quota}/status")).await.expect(200).json()["phoneNumbers"].clone();
    assert_eq!(level, json!({"current": 2, "limit": 2, "remaining": 0}));

    platform.clock.advance(Duration::from_secs(3_600));
    assert_eq!(operator.get(&overrides).await.expect(200).json()["data"], json!([]), "it is over");
    admin.delete(&format!("/api/v1/numbers/{first}")).await.expect(204);
    admin.post("/api/v1/numbers", json!({"number": "+12125550172"})).await.expect(403);
    let lifted = json!({"quotaType": "phone_numbers", "reason": "for good"});
    let lifted = operator.post(&overrides, lifted).await.expect(201).json();
    make(&admin, "/api/v1/numbers", json!({"number": "+12125550172"})).await;
    let one = format!("{overrides}/{}", lifted["id"].as_str().unwrap());
    // Not under another tenant's path.
    let elsewhere =
        format!("/admin/api/v1/tenants/{}/quota/overrides/{}", platform.other, lifted["id"].as_str().unwrap());
    operator.delete(&elsewhere).await.expect(404);
    operator.delete(&one).await.expect(204);
    operator.delete(&one).await.expect(404);
    admin.post("/api/v1/numbers", json!({"number": "+12125550173"})).await.expect(403);
    let wrong = json!({"quotaType": "cars", "overrideValue": 0, "reason": ""});
    assert_eq!(operator.post(&overrides, wrong).await.expect(422).fields(), ["quotaType"]);
    let wrong = json!({"quotaType": "phone_numbers", "overrideValue": 0, "reason": ""});
    assert_eq!(operator.post(&overrides, wrong).await.expect(422).fields(), ["overrideValue", "reason"]);
    // Another tenant is not touched by it.
    let other = platform.client(platform.other, &["admin:*"]).await;
    make(&other, "/api/v1/numbers", json!({"number": "+12125550174"})).await;
    let scope = operations::TenantScope::of(platform.tenant);
    let log = platform.directory.audit.list_audit(scope, &operations::PageRequest::number(1, 100)).await.unwrap();
    assert!(log.items.iter().any(|entry| entry.action == "quota.exceeded"));
}

#[tokio::test]
async fn the_operator_keeps_carriers_and_trunks_of_every_tenant() {
    let platform = Platform::new().await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let (admin, other) = (platform.admin().await, platform.client(platform.other, &["admin:*"]).await);
    make(&admin, "/api/v1/carriers", json!({"name": "Mine", "code": "C1"})).await;
    let body = json!({"tenantId": platform.other, "name": "Theirs", "code": "C1"});
    let (carrier, made) = make(&operator, "/admin/api/v1/carriers", body.clone()).await;
    assert_eq!(made["tenantId"], json!(platform.other));
    operator.post("/admin/api/v1/carriers", body).await.expect(409);
    let names = async |query: &str| {
        let listed = operator.get(&format!("/admin/api/v1/carriers{query}")).await.expect(200).json();
        let mut names: Vec<String> =
            listed["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names("").await, ["Mine", "Theirs"]);
    assert_eq!(names(&format!("?tenantId={}", platform.other)).await, ["Theirs"]);
    assert_eq!(names("?status=INACTIVE").await, Vec::<String>::new());
    let path = format!("/admin/api/v1/carriers/{carrier}");
    operator.patch(&path, json!({"status": "INACTIVE"})).await.expect(200);
    assert_eq!(names("?status=INACTIVE").await, ["Theirs"]);
    assert_eq!(other.get(&format!("/api/v1/carriers/{carrier}")).await.expect(200).json()["status"], "INACTIVE");
    admin.get(&format!("/api/v1/carriers/{carrier}")).await.expect(404);

    let trunk = json!({"tenantId": platform.other, "carrierId": carrier, "name": "T", "host": "sip.example", "username": "u",
        "password": "long enough"});
    let (id, shown) = make(&operator, "/admin/api/v1/trunks", trunk).await;
    assert!(!shown.to_string().contains("long enough"));
    let path = format!("/admin/api/v1/trunks/{id}");
    assert_eq!(operator.patch(&path, json!({"port": 5062})).await.expect(200).json()["port"], 5062);
    assert_eq!(operator.get(&path).await.expect(200).json()["host"], "sip.example");
    // A carrier of another tenant cannot be named, nor a tenant that is none.
    let wrong = json!({"tenantId": platform.tenant, "carrierId": carrier, "name": "T", "host": "sip.example"});
    operator.post("/admin/api/v1/trunks", wrong).await.expect(404);
    let wrong = json!({"tenantId": NOBODY, "name": "X", "code": "X"});
    operator.post("/admin/api/v1/carriers", wrong).await.expect(404);
    let wrong = json!({"tenantId": platform.other, "name": "", "code": "a b"});
    assert_eq!(operator.post("/admin/api/v1/carriers", wrong).await.expect(422).fields(), ["code", "name"]);
    operator.get(&format!("/admin/api/v1/trunks/{NOBODY}")).await.expect(404);
    admin.get("/admin/api/v1/carriers").await.expect(403);
}
