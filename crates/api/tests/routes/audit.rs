//! The audit log over HTTP: searched, exported, verified; and what gets into it.

use operations::Role;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Platform};

fn actions(listed: &Value) -> Vec<String> {
    listed["data"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn changes_and_sensitive_reads_are_found_and_the_chain_holds() {
    let platform = Platform::new().await;
    let admin = platform.admin().await.with("user-agent", "=evil,\"agent\"");
    let sold = crate::calls::sold_call(&platform, 0).await;
    let recording = format!("/api/v1/recordings/{}", sold.recording);
    for _ in 0..3 {
        admin.with("range", "bytes=1-10").get(&format!("{recording}/stream")).await.expect(206);
    }
    let link = admin.get(&format!("{recording}/url")).await.expect(200).json();
    let link = link["url"].as_str().unwrap().split("3001").nth(1).unwrap().to_owned();
    platform.anonymous().get(&link).await.expect(200);
    admin.post("/api/v1/api-keys", json!({"name": "x", "scopes": ["calls:read"]})).await.expect(201);
    let listed = admin.get("/api/v1/audit-logs?limit=100").await.expect(200).json();
    let all = actions(&listed);
    for (action, times) in [("recording.play", 2), ("recording.link", 1), ("api_key.create", 1), ("buyer.create", 2)] {
        assert_eq!(all.iter().filter(|known| *known == action).count(), times, "{action}: {all:?}");
    }
    let newest = &listed["data"][0];
    assert_eq!((&newest["ipAddress"], &newest["userAgent"]), (&json!("192.0.2.7"), &json!("=evil,\"agent\"")));
    assert!(newest["requestId"].is_string() && newest["hash"].is_string(), "{newest}");
    let recordings = admin.get("/api/v1/audit-logs?action=recording.*").await.expect(200).json();
    assert_eq!(recordings["meta"]["total"], 3);
    let verified = admin.get("/api/v1/audit-logs/verify").await.expect(200).json();
    assert_eq!((&verified["valid"], &verified["entries"]), (&json!(true), &json!(all.len())));
    let csv = admin.get("/api/v1/audit-logs/export").await.expect(200);
    assert!(csv.header("content-disposition").contains("audit-log.csv"));
    let text = csv.text();
    assert!(text.starts_with("id,at,userId,"), "{text}");
    assert!(text.contains("\"'=evil,\"\"agent\"\"\""), "no formula for a spreadsheet: {text}");
    let lines = admin.get("/api/v1/audit-logs/export?format=jsonl&action=recording.*").await.expect(200).text();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    let exports = admin.get("/api/v1/audit-logs?action=audit_log.export").await.expect(200).json();
    assert_eq!(exports["meta"]["total"], 2);
}

#[tokio::test]
async fn an_export_is_longer_than_a_page() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    for index in 0..205 {
        let body = json!({"name": "P", "code": format!("P{index}")});
        admin.post("/api/v1/publishers", body).await.expect(201);
    }
    let lines = admin.get("/api/v1/audit-logs/export?format=jsonl&entity=publisher").await.expect(200).text();
    let ids: std::collections::BTreeSet<&str> = lines.lines().collect();
    assert_eq!((lines.lines().count(), ids.len()), (205, 205));
}

#[tokio::test]
async fn failed_sign_ins_and_denials_are_noted() {
    let platform = Platform::new().await;
    let user = platform.user(platform.tenant, "ana@acme.example", Role::Analyst).await;
    let sign_in = async |password: &str| {
        platform.anonymous().post("/auth/login", json!({"email": "ana@acme.example", "password": password})).await
    };
    sign_in("wrong password").await.expect(401);
    let token = sign_in(PASSWORD).await.expect(200).json()["token"].as_str().unwrap().to_owned();
    let session = platform.anonymous().with("authorization", &format!("Bearer {token}"));
    for _ in 0..3 {
        session.post("/api/v1/publishers", json!({"name": "P", "code": "P"})).await.expect(403);
    }
    let admin = platform.admin().await;
    let failed = admin.get("/api/v1/audit-logs?success=false").await.expect(200).json();
    assert_eq!(actions(&failed), ["authorization.denied", "auth.login.failed"]);
    assert_eq!(failed["data"][1]["userId"], json!(user.id));
    assert!(!failed.to_string().contains("wrong password"));
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    assert_eq!(stranger.get("/api/v1/audit-logs").await.expect(200).json()["data"], json!([]));
}
