//! Tags, tags of calls, feature flags.

use serde_json::{Value, json};

use crate::{calls::sold_call, directory::make, support::Platform};

const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

#[tokio::test]
async fn a_tag_is_unique_by_name_and_keeps_its_colour() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let (id, made) = make(&admin, "/api/v1/tags", json!({"name": "hot", "color": "#ff0000"})).await;
    assert_eq!((&made["name"], &made["color"]), (&json!("hot"), &json!("#ff0000")));
    admin.post("/api/v1/tags", json!({"name": "hot"})).await.expect(409);
    let path = format!("/api/v1/tags/{id}");
    let changed = admin.patch(&path, json!({"color": null})).await.expect(200).json();
    assert_eq!((&changed["name"], &changed["color"]), (&json!("hot"), &Value::Null));
    let wrong = json!({"name": "", "color": "red", "size": 1});
    assert_eq!(admin.post("/api/v1/tags", wrong).await.expect(422).fields(), ["size"]);
    let wrong = json!({"name": "", "color": "red"});
    assert_eq!(admin.post("/api/v1/tags", wrong).await.expect(422).fields(), ["color", "name"]);
    admin.delete(&path).await.expect(204);
    admin.get(&path).await.expect(404);
}

#[tokio::test]
async fn tags_are_found_by_part_of_their_name() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    for name in ["Hot lead", "cold", "100%_sure"] {
        make(&admin, "/api/v1/tags", json!({"name": name})).await;
    }
    for (search, found) in [("HOT", vec!["Hot lead"]), ("o", vec!["Hot lead", "cold"]), ("%25_", vec!["100%_sure"])] {
        let listed = admin.get(&format!("/api/v1/tags?search={search}")).await.expect(200).json();
        let names: Vec<&str> =
            listed["data"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
        assert_eq!(names, found, "{search}");
    }
}

#[tokio::test]
async fn a_call_carries_tags_and_is_found_by_them() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let call = sold_call(&platform, 0).await.call;
    let (tag, _) = make(&admin, "/api/v1/tags", json!({"name": "callback"})).await;
    let tags = format!("/api/v1/calls/{call}/tags");
    let one = format!("{tags}/{tag}");
    assert_eq!(admin.get(&tags).await.expect(200).json()["data"], json!([]));
    admin.send("PUT", &one, None).await.expect(204);
    admin.send("PUT", &one, None).await.expect(204);
    assert_eq!(admin.get(&tags).await.expect(200).json()["data"][0]["name"], "callback");
    let found = admin.get(&format!("/api/v1/calls?tagId={tag}")).await.expect(200).json();
    assert_eq!((&found["meta"]["total"], &found["data"][0]["id"]), (&json!(1), &json!(call)));
    let none = admin.get(&format!("/api/v1/calls?tagId={NOBODY}")).await.expect(200).json();
    assert_eq!(none["meta"]["total"], 0);

    admin.send("PUT", &format!("{tags}/{NOBODY}"), None).await.expect(404);
    admin.send("PUT", &format!("/api/v1/calls/{NOBODY}/tags/{tag}"), None).await.expect(404);
    admin.send("PUT", &format!("/api/v1/calls/{call}/tags/x"), None).await.expect(404);
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    stranger.get(&tags).await.expect(404);
    stranger.send("PUT", &one, None).await.expect(404);
    stranger.delete(&one).await.expect(404);
    // A tag of one's own does not open another's call.
    let (own, _) = make(&stranger, "/api/v1/tags", json!({"name": "mine"})).await;
    stranger.send("PUT", &format!("{tags}/{own}"), None).await.expect(404);
    admin.send("PUT", &format!("{tags}/{own}"), None).await.expect(404);

    admin.delete(&one).await.expect(204);
    admin.delete(&one).await.expect(404);
    assert_eq!(admin.get(&tags).await.expect(200).json()["data"], json!([]));
    let scope = operations::TenantScope::of(platform.tenant);
    let log = platform.directory.audit.list_audit(scope, &operations::PageRequest::number(1, 100)).await.unwrap();
    let count = |action: &str| log.items.iter().filter(|entry| entry.action == action).count();
    assert_eq!((count("call.tag"), count("call.untag")), (1, 1), "once, though put twice");
}

#[tokio::test]
async fn a_tag_that_is_removed_leaves_its_calls() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let call = sold_call(&platform, 0).await.call;
    let (tag, _) = make(&admin, "/api/v1/tags", json!({"name": "callback"})).await;
    admin.send("PUT", &format!("/api/v1/calls/{call}/tags/{tag}"), None).await.expect(204);
    admin.delete(&format!("/api/v1/tags/{tag}")).await.expect(204);
    assert_eq!(admin.get(&format!("/api/v1/calls/{call}/tags")).await.expect(200).json()["data"], json!([]));
}

#[tokio::test]
async fn a_feature_flag_holds_any_json() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    for (key, value) in [("on", json!(true)), ("share", json!(0.25)), ("plan", json!({"name": "x", "seats": [1, 2]}))] {
        let (id, _) = make(&admin, "/api/v1/feature-flags", json!({"key": key, "value": value})).await;
        assert_eq!(admin.get(&format!("/api/v1/feature-flags/{id}")).await.expect(200).json()["value"], value);
    }
    admin.post("/api/v1/feature-flags", json!({"key": "on", "value": false})).await.expect(409);
    assert_eq!(admin.post("/api/v1/feature-flags", json!({"key": "a b"})).await.expect(422).fields(), ["value"]);
    let wrong = json!({"key": "a b", "value": 1, "description": "x".repeat(501)});
    assert_eq!(admin.post("/api/v1/feature-flags", wrong).await.expect(422).fields(), ["description", "key"]);
    let large = json!({"key": "large", "value": "x".repeat(17_000)});
    assert_eq!(admin.post("/api/v1/feature-flags", large).await.expect(422).fields(), ["value"]);
    let reader = platform.client(platform.tenant, &["flags:read"]).await;
    reader.post("/api/v1/feature-flags", json!({"key": "x", "value": 1})).await.expect(403);
}
