//! Invitations, resets, password rules, sessions, second factor, step-up.

use std::time::Duration;

use operations::{Role, TotpSecret, step_at};
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Platform};

const NEW: &str = "another good password";

async fn sign_in(platform: &Platform, email: &str, password: &str) -> crate::support::Answer {
    platform.anonymous().post("/auth/login", json!({"email": email, "password": password})).await
}

fn session<'p>(platform: &'p Platform, answer: &crate::support::Answer) -> Client<'p> {
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    platform.anonymous().with("authorization", &format!("Bearer {token}"))
}

fn token_of(url: &str) -> String {
    url.split_once('#').unwrap().1.trim().to_owned()
}

/// The link of the last mail to somebody.
async fn mailed(platform: &Platform, to: &str) -> String {
    for _ in 0..200 {
        if let Some(mail) = platform.mails.0.lock().unwrap().iter().rev().find(|mail| mail.to == to) {
            return token_of(mail.text.lines().find(|line| line.contains('#')).unwrap());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no mail to {to}");
}

#[tokio::test]
async fn somebody_invited_chooses_a_password_and_is_in() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let body = json!({"email": "Ana@acme.example", "firstName": "Ana", "roles": ["readonly"]});
    let made = admin.post("/api/v1/users/invite", body.clone()).await.expect(201).json();
    assert_eq!((&made["invitation"]["mailed"], &made["invitation"]["link"]), (&json!(true), &Value::Null));
    assert_eq!(made["user"]["status"], "inactive");
    admin.post("/api/v1/users/invite", body).await.expect(409);
    let token = mailed(&platform, "ana@acme.example").await;
    let anonymous = platform.anonymous();
    let link = anonymous.post("/auth/links/check", json!({"token": token})).await.expect(200).json();
    assert_eq!((&link["purpose"], &link["tenantSlug"]), (&json!("INVITATION"), &json!("acme")));
    for weak in ["short", "password123", "my name is ana@acme.example", "aaaaaaaaaa"] {
        let refused = anonymous.post("/auth/links/redeem", json!({"token": token, "password": weak})).await.expect(422);
        assert_eq!(refused.fields(), ["password"], "{weak}");
    }
    let good = json!({"token": token, "password": NEW, "lastName": "Smith"});
    anonymous.post("/auth/links/redeem", good.clone()).await.expect(204);
    anonymous.post("/auth/links/redeem", good).await.expect(404);
    let me = session(&platform, &sign_in(&platform, "ana@acme.example", NEW).await.expect(200));
    assert_eq!(me.get("/auth/me").await.expect(200).json()["lastName"], "Smith");
    admin.post(&format!("/api/v1/users/{}/invite", made["user"]["id"].as_str().unwrap()), json!({})).await.expect(409);
}

#[tokio::test]
async fn without_a_mail_server_the_link_is_shown_once() {
    let platform = Platform::without_mail().await;
    let admin = platform.admin().await;
    let made = admin.post("/api/v1/users/invite", json!({"email": "bo@acme.example"})).await.expect(201).json();
    assert_eq!(made["user"]["roles"], json!(["analyst"]));
    let first = token_of(made["invitation"]["link"].as_str().unwrap());
    let again = format!("/api/v1/users/{}/invite", made["user"]["id"].as_str().unwrap());
    let second = admin.send("POST", &again, None).await.expect(200).json();
    let second = token_of(second["link"].as_str().unwrap());
    let anonymous = platform.anonymous();
    anonymous.post("/auth/links/check", json!({"token": first})).await.expect(404);
    anonymous.post("/auth/links/check", json!({"token": second})).await.expect(200);
    platform.clock.advance(Duration::from_hours(7 * 24));
    anonymous.post("/auth/links/redeem", json!({"token": second, "password": NEW})).await.expect(404);
    let log = admin.get("/api/v1/audit-logs?limit=100").await.expect(200).text();
    assert!(!log.contains(&second) && !log.contains(&first), "a link in the log would be anybody's");
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let path = format!("/admin/api/v1/tenants/{}/owners", platform.other);
    let owner = operator.post(&path, json!({"email": "owner@globex.example"})).await.expect(201).json();
    assert_eq!((&owner["user"]["roles"], &owner["user"]["tenantId"]), (&json!(["owner"]), &json!(platform.other)));
}

#[tokio::test]
async fn a_forgotten_password_is_reset_and_tells_nobody_who_exists() {
    let platform = Platform::new().await;
    let user = platform.user(platform.tenant, "ana@acme.example", Role::Analyst).await;
    let old = session(&platform, &sign_in(&platform, "ana@acme.example", PASSWORD).await.expect(200));
    let anonymous = platform.anonymous();
    let unknown = anonymous.post("/auth/password/forgot", json!({"email": "nobody@acme.example"})).await.expect(202);
    let known = anonymous.post("/auth/password/forgot", json!({"email": "ANA@acme.example"})).await.expect(202);
    assert_eq!(unknown.bytes, known.bytes);
    let token = mailed(&platform, "ana@acme.example").await;
    for _ in 0..5 {
        sign_in(&platform, "ana@acme.example", "wrong password").await.expect(401);
    }
    sign_in(&platform, "ana@acme.example", PASSWORD).await.expect(429);
    let body = json!({"token": token, "password": NEW});
    let both = tokio::join!(
        anonymous.post("/auth/links/redeem", body.clone()),
        anonymous.post("/auth/links/redeem", body.clone())
    );
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 404], "good once, also for two at once");
    old.get("/auth/me").await.expect(401);
    sign_in(&platform, "ana@acme.example", PASSWORD).await.expect(401);
    sign_in(&platform, "ana@acme.example", NEW).await.expect(200);
    for _ in 0..3 {
        anonymous.post("/auth/password/forgot", json!({"email": "x@acme.example"})).await.expect(202);
    }
    anonymous.post("/auth/password/forgot", json!({"email": "x@acme.example"})).await.expect(429);
    let admin = platform.admin().await;
    let reset = admin.send("POST", &format!("/api/v1/users/{}/password-reset", user.id), None).await.expect(200).json();
    assert_eq!(reset["mailed"], true);
    let token = mailed(&platform, "ana@acme.example").await;
    platform.clock.advance(Duration::from_hours(1));
    anonymous.post("/auth/links/redeem", json!({"token": token, "password": NEW})).await.expect(404);
}

#[tokio::test]
async fn a_password_is_changed_and_other_sessions_end() {
    let platform = Platform::new().await;
    let user = platform.user(platform.tenant, "ana@acme.example", Role::Analyst).await;
    let here = session(&platform, &sign_in(&platform, "ana@acme.example", PASSWORD).await.expect(200));
    let there = session(&platform, &sign_in(&platform, "ana@acme.example", PASSWORD).await.expect(200));
    let sessions = here.get("/auth/sessions").await.expect(200).json();
    let sessions = sessions["data"].as_array().unwrap();
    assert_eq!((sessions.len(), sessions.iter().filter(|one| one["current"] == true).count()), (2, 1));
    let change = |current: &str, new: &str| json!({"currentPassword": current, "newPassword": new});
    let path = "/auth/password/change";
    assert_eq!(here.post(path, change("wrong one", NEW)).await.expect(422).fields(), ["currentPassword"]);
    assert_eq!(here.post(path, change(PASSWORD, PASSWORD)).await.expect(422).fields(), ["newPassword"]);
    assert_eq!(here.post(path, change(PASSWORD, "letmein123")).await.expect(422).fields(), ["newPassword"]);
    here.post(path, change(PASSWORD, NEW)).await.expect(204);
    here.get("/auth/me").await.expect(200);
    there.get("/auth/me").await.expect(401);
    let third = session(&platform, &sign_in(&platform, "ana@acme.example", NEW).await.expect(200));
    let sessions = here.get("/auth/sessions").await.expect(200).json();
    let other = sessions["data"].as_array().unwrap().iter().find(|one| one["current"] == false).unwrap();
    here.delete(&format!("/auth/sessions/{}", other["id"].as_str().unwrap())).await.expect(204);
    third.get("/auth/me").await.expect(401);
    let admin = platform.admin().await;
    admin.patch(&format!("/api/v1/users/{}", user.id), json!({"mustChangePassword": true})).await.expect(200);
    assert_eq!(here.get("/auth/me").await.expect(200).json()["pending"], "PASSWORD_CHANGE_REQUIRED");
    let refused = here.get("/api/v1/calls").await.expect(403);
    assert_eq!(refused.json()["error"]["code"], "PASSWORD_CHANGE_REQUIRED");
    here.send("POST", "/auth/ws-ticket", None).await.expect(403);
    here.post(path, change(NEW, PASSWORD)).await.expect(204);
    here.get("/api/v1/calls").await.expect(200);
    admin.delete(&format!("/api/v1/users/{}/sessions", user.id)).await.expect(204);
    here.get("/auth/me").await.expect(401);
}

fn code(platform: &Platform, secret: &str) -> String {
    use api::ports::Clock as _;
    TotpSecret::from_base32(secret).unwrap().code(step_at(platform.clock.now()))
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_no_code_is_good_twice() {
    let platform = Platform::new().await;
    let user = platform.user(platform.tenant, "ana@acme.example", Role::Owner).await;
    let here = session(&platform, &sign_in(&platform, "ana@acme.example", PASSWORD).await.expect(200));
    here.post("/auth/second-factor/setup", json!({"password": "wrong"})).await.expect(403);
    let setup = here.post("/auth/second-factor/setup", json!({"password": PASSWORD})).await.expect(200).json();
    let secret = setup["secret"].as_str().unwrap();
    assert!(setup["uri"].as_str().unwrap().starts_with("otpauth://totp/acme:ana%40acme.example?secret="));
    // Not confirmed, so not asked for.
    sign_in(&platform, "ana@acme.example", PASSWORD).await.expect(200);
    here.post("/auth/second-factor/confirm", json!({"code": "000000"})).await.expect(403);
    let used = code(&platform, secret);
    let codes = here.post("/auth/second-factor/confirm", json!({"code": used})).await.expect(200).json();
    let recovery = codes["recoveryCodes"].as_array().unwrap().clone();
    assert_eq!(recovery.len(), 10);
    let stored = platform.directory.aids.second_factor(operations::TenantScope::of(platform.tenant), user.id).await;
    assert!(!stored.unwrap().unwrap().secret.contains(secret), "sealed at rest");
    let missing = sign_in(&platform, "ana@acme.example", PASSWORD).await.expect(401);
    assert_eq!(missing.json()["error"]["code"], "SECOND_FACTOR_REQUIRED");
    assert_eq!(
        sign_in(&platform, "ana@acme.example", "wrong").await.expect(401).json()["error"]["code"],
        "UNAUTHORIZED"
    );
    let with = async |code: &str| {
        let body = json!({"email": "ana@acme.example", "password": PASSWORD, "code": code});
        platform.anonymous().post("/auth/login", body).await
    };
    assert_eq!(with(&used).await.expect(401).json()["error"]["code"], "SECOND_FACTOR_WRONG", "replayed");
    platform.clock.advance(Duration::from_secs(30));
    let next = code(&platform, secret);
    with(&next).await.expect(200);
    with(&next).await.expect(401);
    with(recovery[0].as_str().unwrap()).await.expect(200);
    with(recovery[0].as_str().unwrap()).await.expect(401);
    let here = session(&platform, &with(&recovery[1].as_str().unwrap().to_uppercase()).await.expect(200));
    assert_eq!(here.get("/auth/second-factor").await.expect(200).json()["recoveryCodesLeft"], 8);
    let proof = json!({"password": PASSWORD, "code": recovery[2]});
    here.post("/auth/second-factor/setup", proof).await.expect(409);
    let proof = json!({"password": PASSWORD, "code": recovery[3]});
    here.post("/auth/second-factor/disable", proof).await.expect(204);
    sign_in(&platform, "ana@acme.example", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_tenant_may_require_a_second_factor() {
    let platform = Platform::new().await;
    let user = platform.user(platform.tenant, "ana@acme.example", Role::Owner).await;
    let admin = platform.admin().await;
    admin
        .send("PUT", "/api/v1/sign-in-policy", Some(("application/json", br#"{"secondFactorRequired":true}"#.to_vec())))
        .await
        .expect(200);
    let here = session(&platform, &sign_in(&platform, "ana@acme.example", PASSWORD).await.expect(200));
    let refused = here.get("/api/v1/calls").await.expect(403);
    assert_eq!(refused.json()["error"]["code"], "SECOND_FACTOR_SETUP_REQUIRED");
    let setup = here.post("/auth/second-factor/setup", json!({"password": PASSWORD})).await.expect(200).json();
    let code = code(&platform, setup["secret"].as_str().unwrap());
    let codes = here.post("/auth/second-factor/confirm", json!({"code": code})).await.expect(200).json();
    here.get("/api/v1/calls").await.expect(200);
    let proof = json!({"password": PASSWORD, "code": codes["recoveryCodes"][0]});
    here.post("/auth/second-factor/disable", proof).await.expect(409);
    admin.delete(&format!("/api/v1/users/{}/second-factor", user.id)).await.expect(204);
    here.get("/auth/me").await.expect(401);
}

#[tokio::test]
async fn sensitive_changes_want_a_fresh_proof() {
    let platform = Platform::new().await;
    platform.user(platform.tenant, "ana@acme.example", Role::Owner).await;
    let here = session(&platform, &sign_in(&platform, "ana@acme.example", PASSWORD).await.expect(200));
    let key = json!({"name": "x", "scopes": ["calls:read"]});
    here.post("/api/v1/api-keys", key.clone()).await.expect(201);
    platform.clock.advance(Duration::from_mins(15));
    let refused = here.post("/api/v1/api-keys", key.clone()).await.expect(403);
    assert_eq!(refused.json()["error"]["code"], "STEP_UP_REQUIRED");
    here.get("/api/v1/calls").await.expect(200);
    here.post("/auth/step-up", json!({"password": "wrong"})).await.expect(403);
    here.post("/auth/step-up", json!({"password": PASSWORD})).await.expect(204);
    here.post("/api/v1/api-keys", key).await.expect(201);
    let admin = platform.admin().await;
    admin.post("/auth/step-up", json!({"password": PASSWORD})).await.expect(403);
}
