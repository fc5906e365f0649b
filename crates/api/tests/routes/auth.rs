//! Signing in and out, cookies, CSRF, lock-out, limits.

use std::time::Duration;

use operations::Role;
use serde_json::json;

use crate::support::{Answer, Client, PASSWORD, Platform};

pub async fn sign_in(client: &Client<'_>, email: &str, password: &str) -> Answer {
    client.post("/auth/login", json!({"email": email, "password": password})).await
}

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let platform = Platform::new().await;
    platform.user(platform.tenant, "ana@acme.example", Role::Admin).await;
    let answer = sign_in(&platform.anonymous(), "Ana@Acme.example", PASSWORD).await.expect(200);
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/"), "{cookie}");
    let body = answer.json();
    assert_eq!(body["user"]["email"], "ana@acme.example");
    let bearer = platform.anonymous().with("authorization", &format!("Bearer {}", body["token"].as_str().unwrap()));
    let me = bearer.get("/auth/me").await.expect(200).json();
    assert_eq!(me["roles"], json!(["ADMIN"]));
    assert_eq!(me["tenant"]["name"], "acme");
    bearer.send("POST", "/auth/logout", None).await.expect(200);
    bearer.get("/auth/me").await.expect(401);
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let platform = Platform::new().await;
    platform.user(platform.tenant, "ana@acme.example", Role::Admin).await;
    let body = sign_in(&platform.anonymous(), "ana@acme.example", PASSWORD).await.expect(200).json();
    let bearer = platform.anonymous().with("authorization", &format!("Bearer {}", body["token"].as_str().unwrap()));
    platform.clock.advance(Duration::from_hours(24) - Duration::from_secs(1));
    bearer.get("/auth/me").await.expect(200);
    platform.clock.advance(Duration::from_secs(1));
    bearer.get("/auth/me").await.expect(401);
}

#[tokio::test]
async fn a_cookie_needs_the_csrf_token_to_change_anything() {
    let platform = Platform::new().await;
    platform.user(platform.tenant, "ana@acme.example", Role::Admin).await;
    platform.user(platform.tenant, "bo@acme.example", Role::Admin).await;
    let body = sign_in(&platform.anonymous(), "ana@acme.example", PASSWORD).await.expect(200).json();
    let browser = platform.anonymous().with("cookie", &format!("a=b; sessionId={}", body["token"].as_str().unwrap()));
    let publisher = json!({"name": "P", "code": "P1"});
    browser.get("/api/v1/publishers").await.expect(200);
    browser.post("/api/v1/publishers", publisher.clone()).await.expect(403);
    let others = sign_in(&platform.anonymous(), "bo@acme.example", PASSWORD).await.expect(200).json();
    let forged = browser.with("x-csrf-token", others["csrfToken"].as_str().unwrap());
    forged.post("/api/v1/publishers", publisher.clone()).await.expect(403);
    let token = browser.get("/auth/csrf").await.expect(200).json()["csrfToken"].as_str().unwrap().to_owned();
    browser.with("x-csrf-token", &token).post("/api/v1/publishers", publisher).await.expect(201);
}

#[tokio::test]
async fn guessing_is_locked_out() {
    let platform = Platform::new().await;
    platform.user(platform.tenant, "ana@acme.example", Role::Admin).await;
    for _ in 0..5 {
        sign_in(&platform.anonymous(), "ana@acme.example", "wrong password").await.expect(401);
    }
    let locked = sign_in(&platform.anonymous(), "ana@acme.example", PASSWORD).await.expect(429);
    assert_eq!(locked.json()["error"]["code"], "TOO_MANY_ATTEMPTS");
    assert_eq!(locked.header("retry-after"), "30");
    platform.clock.advance(Duration::from_secs(30));
    sign_in(&platform.anonymous(), "ana@acme.example", "wrong password").await.expect(401);
    let locked = sign_in(&platform.anonymous(), "ana@acme.example", PASSWORD).await.expect(429);
    assert_eq!(locked.header("retry-after"), "60");
    platform.clock.advance(Duration::from_secs(60));
    sign_in(&platform.anonymous(), "ana@acme.example", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn of_many_guesses_at_once_no_more_come_through() {
    let platform = Platform::with(|config| config.password_checks_max = 100).await;
    platform.user(platform.tenant, "ana@acme.example", Role::Admin).await;
    let client = platform.anonymous();
    let guesses = (0..20).map(|_| sign_in(&client, "ana@acme.example", "wrong password"));
    let answers = futures_util::future::join_all(guesses).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![401; 5], vec![429; 15]].concat());
}

#[tokio::test]
async fn whoever_is_right_is_not_counted() {
    let platform = Platform::new().await;
    platform.user(platform.tenant, "ana@acme.example", Role::Admin).await;
    platform.user(platform.other, "ana@acme.example", Role::Admin).await;
    for _ in 0..8 {
        sign_in(&platform.anonymous(), "ana@acme.example", PASSWORD).await.expect(409);
    }
}

#[tokio::test]
async fn an_address_known_to_two_tenants_needs_the_tenant() {
    let platform = Platform::new().await;
    platform.user(platform.tenant, "ana@both.example", Role::Admin).await;
    let there = platform.user(platform.other, "ana@both.example", Role::Admin).await;
    let choice = sign_in(&platform.anonymous(), "ana@both.example", PASSWORD).await.expect(409).json();
    assert_eq!(choice["error"]["code"], "TENANT_CHOICE_REQUIRED");
    let mut slugs: Vec<&str> =
        choice["errors"].as_array().unwrap().iter().map(|fault| fault["code"].as_str().unwrap()).collect();
    slugs.sort_unstable();
    assert_eq!(slugs, ["acme", "globex"]);
    let wrong = sign_in(&platform.anonymous(), "ana@both.example", "wrong password").await.expect(401).text();
    assert!(!wrong.contains("globex"), "no choice without the password: {wrong}");
    let elsewhere = platform.anonymous().with("host", "globex.example");
    platform.user(platform.tenant, "only@acme.example", Role::Admin).await;
    sign_in(&elsewhere, "only@acme.example", PASSWORD).await.expect(401);
    let body = json!({"email": "ana@both.example", "password": PASSWORD, "tenant": "globex"});
    let answer = platform.anonymous().post("/auth/login", body).await.expect(200);
    assert_eq!(answer.json()["user"]["id"], there.id.to_string());
    let by_host = platform.anonymous().with("host", "globex.example:3001");
    let answer = sign_in(&by_host, "ana@both.example", PASSWORD).await.expect(200);
    assert_eq!(answer.json()["user"]["id"], there.id.to_string());
}

#[tokio::test]
async fn a_key_is_shown_once_works_and_can_be_revoked() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let made =
        admin.post("/api/v1/api-keys", json!({"name": "CRM", "scopes": ["numbers:read"]})).await.expect(201).json();
    let secret = made["key"].as_str().unwrap();
    let path = format!("/api/v1/api-keys/{}", made["id"].as_str().unwrap());
    assert!(admin.get(&path).await.expect(200).json().get("key").is_none());
    let client = platform.anonymous().with("x-api-key", secret);
    client.get("/api/v1/numbers").await.expect(200);
    client.get("/api/v1/calls").await.expect(403);
    admin.delete(&path).await.expect(204);
    client.get("/api/v1/numbers").await.expect(401);
}

#[tokio::test]
async fn nobody_hands_out_more_than_they_hold() {
    let platform = Platform::new().await;
    let client = platform.client(platform.tenant, &["api_keys:*", "users:*", "numbers:read"]).await;
    let key = |scope: &str| json!({"name": "x", "scopes": [scope]});
    client.post("/api/v1/api-keys", key("numbers:read")).await.expect(201);
    client.post("/api/v1/api-keys", key("numbers:*")).await.expect(403);
    client.post("/api/v1/api-keys", key("admin:*")).await.expect(403);
    client.post("/api/v1/api-keys", key("nonsense")).await.expect(422);
    let user = json!({"email": "eve@acme.example", "password": "long enough", "roles": ["owner"]});
    client.post("/api/v1/users", user).await.expect(403);
}

#[tokio::test]
async fn requests_are_counted() {
    let platform = Platform::with(|config| config.network_requests_per_minute = 2).await;
    let anonymous = platform.anonymous();
    let first = anonymous.get("/api/v1/numbers").await.expect(401);
    assert_eq!((first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")), ("2", "1"));
    anonymous.get("/api/v1/numbers").await.expect(401);
    let refused = anonymous.get("/api/v1/numbers").await.expect(429);
    assert_eq!(refused.json()["error"]["code"], "RATE_LIMIT_EXCEEDED");
    assert_eq!(refused.json()["error"]["retryAfter"], 30);
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit-remaining")), ("30", "0"));
    anonymous.get("/health/live").await.expect(200);
    platform.clock.advance(Duration::from_mins(1));
    anonymous.get("/api/v1/numbers").await.expect(401);
}

#[tokio::test]
async fn refusals_are_problems_that_name_every_field() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let refused = admin.post("/api/v1/publishers", json!({"name": 7, "colour": "red"})).await.expect(422);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.fields(), ["code", "colour", "name"]);
    let body = refused.json();
    assert_eq!((&body["status"], &body["title"]), (&json!(422), &json!("Unprocessable Entity")));
    assert_eq!(body["error"]["requestId"], refused.header("x-request-id"));
    assert_eq!(admin.get("/api/v1/numbers?limit=x&page=0").await.expect(422).fields(), ["limit"]);
    let broken = admin.send("POST", "/api/v1/publishers", Some(("application/json", b"{".to_vec()))).await.expect(400);
    assert_eq!(broken.json()["error"]["code"], "INVALID_JSON");
    admin.send("POST", "/api/v1/publishers", Some(("text/plain", b"{}".to_vec()))).await.expect(415);
    let large = vec![b' '; 1024 * 1024 + 1];
    admin.send("POST", "/api/v1/publishers", Some(("application/json", large))).await.expect(413);
    assert_eq!(admin.get("/nowhere").await.expect(404).json()["error"]["code"], "NOT_FOUND");
    assert_eq!(admin.delete("/api/v1/numbers").await.expect(405).json()["error"]["code"], "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn answers_tell_browsers_what_not_to_do() {
    let plain = Platform::new().await;
    let answer = plain.anonymous().get("/auth/me").await.expect(401);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(answer.header("strict-transport-security"), "", "no promise of TLS where there is none");
    let secure = Platform::with(|config| config.cookie_secure = true).await;
    assert_eq!(secure.anonymous().get("/health").await.header("strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn only_the_web_origin_may_call_with_credentials() {
    let platform = Platform::new().await;
    let ours = platform.anonymous().with("origin", "http://localhost:3000").get("/health").await;
    assert_eq!(ours.header("access-control-allow-origin"), "http://localhost:3000");
    assert_eq!(ours.header("access-control-allow-credentials"), "true");
    let theirs = platform.anonymous().with("origin", "http://evil.example").get("/health").await;
    assert_eq!(theirs.header("access-control-allow-origin"), "");
}
