//! ETag, If-None-Match, If-Match.

use std::collections::BTreeSet;

use domain::TagId;
use operations::{StoreError, TenantScope, Versions};
use serde_json::json;

use crate::{
    openapi::{Operation, one_of_everything},
    support::Platform,
};

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let made = admin.post("/api/v1/tags", json!({"name": "one"})).await.expect(201);
    let path = format!("/api/v1/tags/{}", made.json()["id"].as_str().unwrap());
    let read = admin.get(&path).await.expect(200);
    let tag = read.header("etag").to_owned();
    assert_eq!(tag, made.header("etag"), "the same representation has the same tag");
    let unchanged = admin.with("if-none-match", &format!("\"other\", W/{tag}")).get(&path).await.expect(304);
    assert_eq!((unchanged.bytes.len(), unchanged.header("etag")), (0, tag.as_str()));
    admin.patch(&path, json!({"name": "two"})).await.expect(200);
    let changed = admin.with("if-none-match", &tag).get(&path).await.expect(200);
    assert_ne!(changed.header("etag"), tag);
    let list = admin.get("/api/v1/tags").await.expect(200);
    admin.with("if-none-match", list.header("etag")).get("/api/v1/tags").await.expect(304);
}

#[tokio::test]
async fn of_two_who_change_one_version_one_is_refused() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let made = admin.post("/api/v1/tags", json!({"name": "one"})).await.expect(201);
    let path = format!("/api/v1/tags/{}", made.json()["id"].as_str().unwrap());
    let tag = made.header("etag").to_owned();
    let holder = admin.with("if-match", &tag);
    let (one, two) = tokio::join!(holder.patch(&path, json!({"name": "a"})), holder.patch(&path, json!({"name": "b"})));
    let statuses = BTreeSet::from([one.status.as_u16(), two.status.as_u16()]);
    assert_eq!(statuses, BTreeSet::from([200, 412]));
    let refused = holder.delete(&path).await.expect(412);
    assert_eq!(refused.json()["error"]["code"], "PRECONDITION_FAILED");
    let current = admin.get(&path).await.expect(200).header("etag").to_owned();
    admin.with("if-match", &format!("{tag}, {current}")).delete(&path).await.expect(204);
    admin.with("if-match", &current).delete(&path).await.expect(404);
}

/// The version is compared where the change is made, not only before.
#[tokio::test]
async fn the_store_itself_refuses_another_version() {
    let platform = Platform::new().await;
    let made = platform.admin().await.post("/api/v1/tags", json!({"name": "one"})).await.expect(201).json();
    let id: TagId = made["id"].as_str().unwrap().parse().unwrap();
    let scope = TenantScope::of(platform.tenant);
    let tag = platform.directory.tags.get(scope, id).await.unwrap();
    let other = scope.expecting(Versions::new(&[domain::Timestamp::from_secs(1)]));
    let refused = platform.directory.tags.remove(other, id).await;
    assert!(matches!(refused, Err(StoreError::Precondition("tag"))), "{refused:?}");
    let refused = platform.directory.tags.save(other, &tag, platform.now()).await;
    assert!(matches!(refused, Err(StoreError::Precondition("tag"))), "{refused:?}");
    platform.directory.tags.remove(scope.expecting(Versions::new(&[tag.updated_at])), id).await.unwrap();
}

/// Every operation that says it takes `If-Match` leaves another version alone; every other refuses the header.
#[tokio::test]
async fn every_change_of_something_with_versions_honours_if_match() {
    let platform = Platform::new().await;
    let mut made = one_of_everything(&platform).await;
    made.push(("tenants", platform.other.to_string()));
    for (own, operators) in [("billing/rate-cards", "rate-cards"), ("billing/accounts", "billing-accounts")] {
        let id = made.iter().find(|(kind, _)| *kind == own).unwrap().1.clone();
        made.push((operators, id));
    }
    let admin = platform.client(platform.tenant, &["admin:*", "platform:admin"]).await;
    let campaign = made.iter().find(|(kind, _)| *kind == "campaigns").unwrap().1.clone();
    for path in [format!("campaigns/{campaign}"), "default".to_owned()] {
        admin.put(&format!("/api/v1/compliance/policies/{path}"), json!({})).await.expect(200);
    }
    let stale = admin.with("if-match", "\"1-0\"");
    let mut tried = 0;
    for operation in Operation::all() {
        let is_change = matches!(operation.method.as_str(), "PUT" | "PATCH" | "DELETE");
        if !is_change || operation.is_public() || operation.path.contains("{endpointId}") {
            continue;
        }
        let place = format!("{} {}", operation.method, operation.path);
        if !operation.takes("If-Match") {
            let answer = stale.send(&operation.method, &operation.path.replace(['{', '}'], ""), None).await;
            assert_eq!(answer.status, 412, "{place}: {}", answer.text());
            continue;
        }
        let kind = made.iter().find(|(kind, _)| {
            let is_kind = |prefix| operation.path.starts_with(&format!("{prefix}/api/v1/{kind}/{{id}}"));
            is_kind("") || is_kind("/admin")
        });
        let id = kind.map_or_else(|| crate::openapi::NOBODY, |(_, id)| id.as_str());
        let path = operation.path.replace("{id}", id);
        let body = (operation.method != "DELETE").then(|| ("application/json", b"{}".to_vec()));
        let answer = stale.send(&operation.method, &path, body).await;
        assert_eq!(answer.status, 412, "{place}: {}", answer.text());
        tried += 1;
    }
    assert!(tried > 30, "{tried}");
}

#[tokio::test]
async fn a_buyers_endpoint_has_versions_too() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    crate::directory::everything(&admin).await;
    let buyer = admin.get("/api/v1/buyers").await.expect(200).json()["data"][0]["id"].as_str().unwrap().to_owned();
    let terms = json!({"revenue": "25.5", "revenueAfterSeconds": 30, "payout": "10"});
    let body = json!({"type": "SIP", "destination": "sip:a@b.example", "terms": terms});
    let made = admin.post(&format!("/api/v1/buyers/{buyer}/endpoints"), body).await.expect(201);
    let path = format!("/api/v1/buyers/{buyer}/endpoints/{}", made.json()["id"].as_str().unwrap());
    let stale = admin.with("if-match", "\"1-0\"");
    stale.patch(&path, json!({"priority": 2})).await.expect(412);
    stale.delete(&path).await.expect(412);
    admin.with("if-match", made.header("etag")).patch(&path, json!({"priority": 2})).await.expect(200);
}
