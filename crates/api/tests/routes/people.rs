//! Users, roles and keys: nobody gives what they do not hold, and a tenant keeps an owner.

use std::time::Duration;

use operations::Role;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Platform};

pub async fn signed_in<'p>(platform: &'p Platform, email: &str) -> Client<'p> {
    let body = json!({"email": email, "password": PASSWORD});
    let body = platform.anonymous().post("/auth/login", body).await.expect(200).json();
    platform.anonymous().with("authorization", &format!("Bearer {}", body["token"].as_str().unwrap()))
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_tenant_keeps_its_last_owner() {
    let platform = Platform::new().await;
    let owner = platform.user(platform.tenant, "owner@acme.example", Role::Owner).await;
    let admin = platform.admin().await;
    let path = format!("/api/v1/users/{}", owner.id);
    for change in [json!({"roles": ["analyst"]}), json!({"status": "SUSPENDED"})] {
        let refused = admin.patch(&path, change).await.expect(409);
        assert!(refused.text().contains("OWNER"), "{}", refused.text());
    }
    admin.delete(&path).await.expect(409);
    assert_eq!(admin.get(&path).await.expect(200).json()["roles"], json!(["owner"]), "nothing was half done");
    let second = platform.user(platform.tenant, "second@acme.example", Role::Owner).await;
    admin.patch(&path, json!({"roles": ["analyst"]})).await.expect(200);
    admin.delete(&format!("/api/v1/users/{}", second.id)).await.expect(409);
    admin.delete(&path).await.expect(204);
    admin.get(&path).await.expect(404);
}

#[tokio::test]
async fn a_change_of_role_or_status_ends_every_session() {
    let platform = Platform::new().await;
    let user = platform.user(platform.tenant, "ana@acme.example", Role::Analyst).await;
    let admin = platform.admin().await;
    let path = format!("/api/v1/users/{}", user.id);
    let changes = [json!({"roles": ["readonly"]}), json!({"status": "SUSPENDED"})];
    for change in changes {
        let session = signed_in(&platform, "ana@acme.example").await;
        admin.patch(&path, json!({"firstName": "Anna"})).await.expect(200);
        session.get("/auth/me").await.expect(200);
        admin.patch(&path, change).await.expect(200);
        session.get("/auth/me").await.expect(401);
    }
    admin.patch(&path, json!({"status": "ACTIVE"})).await.expect(200);
    let session = signed_in(&platform, "ana@acme.example").await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let tenant = format!("/admin/api/v1/tenants/{}", platform.tenant);
    operator.patch(&tenant, json!({"status": "INACTIVE"})).await.expect(200);
    session.get("/auth/me").await.expect(401);
}

#[tokio::test]
async fn a_role_of_the_tenants_own_grants_what_it_says_at_once() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let role = json!({"name": "Night", "permissions": ["calls:read"]});
    let role = id(&admin.post("/api/v1/roles", role.clone()).await.expect(201).json());
    let user = json!({"email": "ana@acme.example", "password": PASSWORD, "roleIds": [role]});
    let user = admin.post("/api/v1/users", user).await.expect(201).json();
    assert_eq!((&user["roles"], &user["roleIds"]), (&json!([]), &json!([role])));
    let session = signed_in(&platform, "ana@acme.example").await;
    session.get("/api/v1/calls").await.expect(200);
    session.get("/api/v1/numbers").await.expect(403);
    let path = format!("/api/v1/roles/{role}");
    admin.patch(&path, json!({"permissions": ["numbers:*"]})).await.expect(200);
    session.get("/api/v1/calls").await.expect(403);
    session.get("/api/v1/numbers").await.expect(200);
    let refused = admin.delete(&path).await.expect(409);
    assert!(refused.text().contains("held"), "{}", refused.text());
    let holders = admin.get(&format!("/api/v1/users?roleId={role}")).await.expect(200).json();
    assert_eq!(holders["meta"]["total"], 1);
    admin.delete(&format!("/api/v1/users/{}", id(&user))).await.expect(204);
    admin.delete(&path).await.expect(204);
}

#[tokio::test]
async fn nobody_grants_what_they_do_not_hold() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let strong = json!({"name": "Strong", "permissions": ["billing:*"]});
    let strong = id(&admin.post("/api/v1/roles", strong).await.expect(201).json());
    let owner = platform.user(platform.tenant, "owner@acme.example", Role::Owner).await;
    let clerk = platform.client(platform.tenant, &["users:*", "roles:*", "calls:read", "api_keys:*"]).await;
    clerk.post("/api/v1/roles", json!({"name": "x", "permissions": ["calls:*"]})).await.expect(403);
    clerk.post("/api/v1/roles", json!({"name": "x", "permissions": ["nonsense"]})).await.expect(422);
    clerk.post("/api/v1/roles", json!({"name": "x", "permissions": ["calls:read"]})).await.expect(201);
    clerk.patch(&format!("/api/v1/roles/{strong}"), json!({"permissions": ["calls:read"]})).await.expect(403);
    let user = json!({"email": "eve@acme.example", "password": PASSWORD, "roleIds": [strong]});
    clerk.post("/api/v1/users", user).await.expect(403);
    clerk.patch(&format!("/api/v1/users/{}", owner.id), json!({"status": "SUSPENDED"})).await.expect(403);
    clerk.delete(&format!("/api/v1/users/{}", owner.id)).await.expect(403);
    let key = json!({"name": "all", "scopes": ["billing:read"]});
    let key = id(&admin.post("/api/v1/api-keys", key).await.expect(201).json());
    clerk.post(&format!("/api/v1/api-keys/{key}/rotate"), json!({})).await.expect(403);
    let listed = clerk.get("/api/v1/permissions").await.expect(200).json();
    let grantable = |wanted: &str| {
        let found = listed["permissions"].as_array().unwrap().iter().find(|one| one["permission"] == wanted);
        found.unwrap()["grantable"].clone()
    };
    assert_eq!((grantable("calls:read"), grantable("billing:read")), (json!(true), json!(false)));
    assert!(!listed.to_string().contains("platform:admin"), "that is no tenant's to give");
}

#[tokio::test]
async fn a_side_needs_somebody_to_be_on() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let foreign = platform.client(platform.other, &["admin:*"]).await;
    let made = json!({"name": "P", "code": "P"});
    let theirs = id(&foreign.post("/api/v1/publishers", made.clone()).await.expect(201).json());
    let ours = id(&admin.post("/api/v1/publishers", made).await.expect(201).json());
    let user = |roles: Value, publisher: Option<&str>| json!({"email": "p@acme.example", "password": PASSWORD, "roles": roles, "publisherId": publisher});
    for (roles, publisher, field) in [
        (json!(["publisher"]), None, "publisherId"),
        (json!(["publisher"]), Some(theirs.as_str()), "publisherId"),
        (json!(["owner"]), Some(ours.as_str()), "roles"),
        (json!([]), None, "roles"),
    ] {
        let refused = admin.post("/api/v1/users", user(roles, publisher)).await.expect(422);
        assert_eq!(refused.fields(), [field], "{}", refused.text());
    }
    let made = admin.post("/api/v1/users", user(json!(["publisher"]), Some(&ours))).await.expect(201).json();
    assert_eq!(made["publisherId"], json!(ours));
    let session = signed_in(&platform, "p@acme.example").await;
    assert_eq!(session.get("/auth/me").await.expect(200).json()["publisherId"], json!(ours));
    session.get("/api/v1/campaigns").await.expect(200);
    session.get("/api/v1/flows").await.expect(403);
    // Bound before that was asked for: the role alone grants nothing.
    platform.user(platform.tenant, "old@acme.example", Role::Publisher).await;
    signed_in(&platform, "old@acme.example").await.get("/api/v1/campaigns").await.expect(403);
    admin.delete(&format!("/api/v1/publishers/{ours}")).await.expect(409);
}

#[tokio::test]
async fn a_key_is_rotated_with_an_overlap() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let made = json!({"name": "CRM", "scopes": ["numbers:read"]});
    let made = admin.post("/api/v1/api-keys", made).await.expect(201).json();
    let path = format!("/api/v1/api-keys/{}", id(&made));
    let rotated = admin.post(&format!("{path}/rotate"), json!({"overlapSeconds": 60})).await.expect(201).json();
    let client = |key: &Value| platform.anonymous().with("x-api-key", key.as_str().unwrap());
    for key in [&made["key"], &rotated["key"]] {
        client(key).get("/api/v1/numbers").await.expect(200);
    }
    assert_eq!(admin.get(&path).await.expect(200).json()["rotatedTo"], rotated["id"]);
    admin.post(&format!("{path}/rotate"), json!({})).await.expect(409);
    platform.clock.advance(Duration::from_secs(60));
    client(&made["key"]).get("/api/v1/numbers").await.expect(401);
    client(&rotated["key"]).get("/api/v1/numbers").await.expect(200);
    let renamed = admin.patch(&path, json!({"name": "Old CRM", "rateLimit": 5})).await.expect(200).json();
    assert_eq!((&renamed["name"], &renamed["rateLimit"]), (&json!("Old CRM"), &json!(5)));
}

#[tokio::test]
async fn a_key_of_an_operator_is_one_while_they_are() {
    let platform = Platform::new().await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    operator.get("/admin/api/v1/tenants").await.expect(200);
    let accounts = &platform.directory.accounts;
    let user = accounts.operators().await.unwrap().remove(0);
    assert!(accounts.remove_operator(user.id).await.unwrap());
    operator.get("/admin/api/v1/tenants").await.expect(403);
    platform.user(platform.tenant, "owner@acme.example", Role::Owner).await;
    let owner = signed_in(&platform, "owner@acme.example").await;
    owner.get("/admin/api/v1/tenants").await.expect(403);
    let key = json!({"name": "x", "scopes": ["platform:admin"]});
    owner.post("/api/v1/api-keys", key).await.expect(403);
}
