//! Flows: kept, checked, published, rolled back.

use serde_json::json;

use crate::support::Platform;

pub fn document(version: &str) -> serde_json::Value {
    json!({"id": "direct", "name": "Direct", "version": version,
        "entry": {"id": "start", "type": "entry", "target": "bye"},
        "nodes": [{"id": "bye", "type": "hangup", "reason": "normal"}]})
}

#[tokio::test]
async fn a_flow_is_kept_published_and_rolled_back() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let made = admin.post("/api/v1/flows", document("1")).await.expect(201).json();
    let path = format!("/api/v1/flows/{}", made["flowId"].as_str().unwrap());
    assert_eq!((&made["version"], &made["published"]), (&json!(1), &json!(false)));
    admin.send("POST", &format!("{path}/versions/1/publish"), None).await.expect(200);
    let again = admin.post("/api/v1/flows", document("1")).await.expect(201).json();
    assert_eq!(again["version"], 2, "a published version never changes");
    admin.send("POST", &format!("{path}/versions/2/publish"), None).await.expect(200);
    assert_eq!(admin.get(&path).await.expect(200).json()["publishedVersion"], 2);
    let back = admin.post(&format!("{path}/rollback"), json!({"version": 1})).await.expect(200).json();
    assert_eq!((&back["version"], &back["published"]), (&json!(1), &json!(true)));
    let list = admin.get("/api/v1/flows").await.expect(200).json();
    assert_eq!(list["data"][0]["publishedVersion"], 1);
    assert_eq!(list["data"][0]["versions"].as_array().unwrap().len(), 2);
    assert_eq!(admin.get(&format!("{path}/versions/1")).await.expect(200).json()["flow"]["id"], "direct");
    admin.delete(&format!("{path}/versions/1")).await.expect(409);
    admin.get(&format!("{path}/versions/9")).await.expect(404);
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    for suffix in ["", "/versions/1"] {
        stranger.get(&format!("{path}{suffix}")).await.expect(404);
    }
    stranger.send("POST", &format!("{path}/versions/1/publish"), None).await.expect(404);
    stranger.post(&format!("{path}/rollback"), json!({"version": 1})).await.expect(404);
    stranger.delete(&format!("{path}/versions/2")).await.expect(404);
}

#[tokio::test]
async fn a_flow_is_renamed_and_archived_once_no_campaign_runs_it() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let made = admin.post("/api/v1/flows", document("1")).await.expect(201).json();
    let path = format!("/api/v1/flows/{}", made["flowId"].as_str().unwrap());
    let change =
        json!({"name": "Straight", "description": "No menu", "metadata": {"owner": "ops"}, "status": "archived"});
    let changed = admin.patch(&path, change).await.expect(200).json();
    assert_eq!(
        (&changed["name"], &changed["description"], &changed["metadata"], &changed["status"]),
        (&json!("Straight"), &json!("No menu"), &json!({"owner": "ops"}), &json!("ARCHIVED"))
    );
    for (status, expected) in [("ARCHIVED", 1), ("DRAFT", 0)] {
        let list = admin.get(&format!("/api/v1/flows?status={status}")).await.expect(200).json();
        assert_eq!(list["meta"]["total"], expected, "{status}");
    }
    // What was never published cannot be ACTIVE, and comes back as the draft it was.
    let refused = admin.patch(&path, json!({"status": "ACTIVE"})).await.expect(409);
    assert!(refused.text().contains("publish"), "{}", refused.text());
    let back = admin.patch(&path, json!({"status": "DRAFT", "description": null})).await.expect(200).json();
    assert_eq!((&back["status"], &back["description"]), (&json!("DRAFT"), &json!(null)));

    admin.send("POST", &format!("{path}/versions/1/publish"), None).await.expect(200);
    admin.patch(&path, json!({"status": "DRAFT"})).await.expect(409);
    let publisher = admin.post("/api/v1/publishers", json!({"name": "Sky", "code": "SKY"})).await.expect(201).json();
    let body =
        json!({"name": "Solar, west", "publisherId": publisher["id"], "flowId": made["flowId"], "status": "PAUSED"});
    let campaign = admin.post("/api/v1/campaigns", body.clone()).await.expect(201).json();
    let campaign = format!("/api/v1/campaigns/{}", campaign["id"].as_str().unwrap());
    let refused = admin.patch(&path, json!({"status": "ARCHIVED", "name": "Gone"})).await.expect(409);
    assert!(refused.text().contains("Solar, west"), "{}", refused.text());
    assert_eq!(admin.get(&path).await.expect(200).json()["name"], "Straight", "all or nothing");
    admin.patch(&campaign, json!({"status": "ARCHIVED"})).await.expect(200);
    admin.patch(&path, json!({"status": "ARCHIVED"})).await.expect(200);

    // Nothing goes live with it: no new campaign, no old one.
    for refused in [
        admin.patch(&campaign, json!({"status": "ACTIVE"})).await.expect(409),
        admin.post("/api/v1/campaigns", body).await.expect(409),
    ] {
        assert!(refused.text().contains("Straight"), "{}", refused.text());
    }
    admin.patch(&campaign, json!({"name": "Solar, east"})).await.expect(200);
    admin.patch(&path, json!({"status": "ACTIVE"})).await.expect(200);
    admin.patch(&campaign, json!({"status": "ACTIVE"})).await.expect(200);
    let trail = admin.get("/api/v1/audit-logs?action=flow.update").await.expect(200).json();
    let changes = trail["data"].as_array().unwrap().iter().map(|entry| entry["changes"]["status"].clone());
    assert!(changes.into_iter().any(|status| status == json!({"before": "ACTIVE", "after": "ARCHIVED"})), "{trail}");
}

#[tokio::test]
async fn what_a_flow_is_changed_to_is_checked() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let made = admin.post("/api/v1/flows", document("1")).await.expect(201).json();
    let path = format!("/api/v1/flows/{}", made["flowId"].as_str().unwrap());
    let wrong = json!({"name": "", "description": "x".repeat(4_001), "version": "2"});
    let refused = admin.patch(&path, wrong).await.expect(422);
    assert!(refused.text().contains("version"), "{}", refused.text());
    let refused = admin.patch(&path, json!({"name": "", "description": "x".repeat(4_001)})).await.expect(422).json();
    let fields: Vec<_> = refused["errors"].as_array().unwrap().iter().map(|fault| fault["field"].clone()).collect();
    assert_eq!(fields, [json!("description"), json!("name")]);
    admin.patch(&path, json!({"status": "PUBLISHED"})).await.expect(422);
    platform.client(platform.tenant, &["flows:read"]).await.patch(&path, json!({})).await.expect(403);
    platform.client(platform.other, &["admin:*"]).await.patch(&path, json!({"name": "Mine"})).await.expect(404);
    let tag = admin.get(&path).await.expect(200).header("etag").to_owned();
    admin.with("if-match", &tag).patch(&path, json!({"name": "One"})).await.expect(200);
    admin.with("if-match", &tag).patch(&path, json!({"name": "Two"})).await.expect(412);
}

#[tokio::test]
async fn yaml_is_as_good() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let yaml = "id: direct\nname: Direct\nversion: '3'\nentry: {id: start, type: entry, target: bye}\n\
                nodes:\n  - {id: bye, type: hangup, reason: normal}\n";
    let kept =
        admin.send("POST", "/api/v1/flows", Some(("application/yaml", yaml.as_bytes().to_vec()))).await.expect(201);
    assert_eq!(kept.json()["version"], 3);
    let checked =
        admin.send("POST", "/api/v1/flows/validate", Some(("text/yaml", yaml.as_bytes().to_vec()))).await.expect(200);
    assert_eq!(checked.json(), json!({"valid": true, "flowId": "direct", "version": 3, "nodeCount": 1}));
}

#[tokio::test]
async fn every_fault_is_listed() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let mut bad = document("1");
    bad["entry"]["target"] = json!("nowhere");
    bad["nodes"][0]["next"] = json!("missing");
    for path in ["/api/v1/flows", "/api/v1/flows/validate"] {
        let refused = admin.post(path, bad.clone()).await.expect(422);
        let body = refused.json();
        assert_eq!(body["error"]["code"], "INVALID_FLOW");
        let text = body.to_string();
        assert!(text.contains("nowhere") && body["errors"].as_array().unwrap().len() >= 2, "{text}");
    }
    admin.send("POST", "/api/v1/flows", Some(("text/plain", Vec::new()))).await.expect(415);
    for (kind, code) in [("application/json", "INVALID_JSON"), ("application/yaml", "INVALID_YAML")] {
        let unreadable = admin.send("POST", "/api/v1/flows", Some((kind, b"{\"id\": [".to_vec()))).await.expect(400);
        assert_eq!(unreadable.json()["error"]["code"], code);
        assert_eq!(unreadable.json()["errors"].as_array().unwrap().len(), 1);
    }
}
