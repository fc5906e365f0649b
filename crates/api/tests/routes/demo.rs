//! The demo: looked into by others, and its calls that nobody dials.

use std::time::Duration;

use operations::{Tenant, TenantScope, TenantStatus, demo_tenant};
use serde_json::{Value, json};

use crate::support::{Client, Platform, START};

const EVENTS: &str = "/api/v1/demo/events/call";

async fn with_demo() -> Platform {
    let platform = Platform::new().await;
    let tenant = Tenant {
        id: demo_tenant(),
        name: "Demo".to_owned(),
        slug: "demo".to_owned(),
        domain: None,
        status: TenantStatus::Active,
        time_zone: "UTC".to_owned(),
        concurrent_calls_max: None,
        metadata: json!({}),
        created_at: START,
        updated_at: START,
    };
    platform.directory.tenants.insert_tenant(&tenant).await.unwrap();
    platform
}

/// Whoever asks, looking into the demo.
fn visiting<'p>(client: &Client<'p>) -> Client<'p> {
    let mut visitor = client.clone();
    visitor.headers.push(("x-demo-tenant-id".to_owned(), demo_tenant().to_string()));
    visitor
}

async fn step(client: &Client<'_>, name: &str, event: &str) -> Value {
    client.post(EVENTS, json!({"callId": name, "eventType": event})).await.expect(200).json()
}

#[tokio::test]
async fn a_call_goes_from_step_to_step_and_is_settled() {
    let platform = with_demo().await;
    let demo = platform.client(demo_tenant(), &["admin:*"]).await;

    let started = step(&demo, "one", "call.started").await;
    assert_eq!((&started["success"], &started["event"]), (&json!(true), &json!("call.started")));
    assert_eq!(started["callState"]["status"], "INITIATED");
    assert_eq!(step(&demo, "one", "call.answered").await["callState"]["status"], "ANSWERED");
    platform.clock.advance(Duration::from_secs(42));
    let id = started["callId"].as_str().unwrap();
    let refused = demo.post(&format!("/api/v1/calls/{id}/hangup"), json!({})).await.expect(409);
    assert!(refused.text().contains("demo's"), "no switch could end it: {}", refused.text());
    let completed = step(&demo, id, "call.completed").await;
    assert_eq!((&completed["callId"], &completed["callState"]["status"]), (&json!(id), &json!("COMPLETED")));

    let call = demo.get(&format!("/api/v1/calls/{id}")).await.expect(200).json();
    assert_eq!((&call["status"], &call["duration"]), (&json!("COMPLETED"), &json!(42)), "{call}");
    let jobs = demo.get("/api/v1/jobs").await.expect(200).json();
    assert_eq!(jobs["data"].as_array().unwrap().len(), 1, "settled like every other: {jobs}");
    let stats = demo.get("/api/v1/demo/stats").await.expect(200).json();
    assert_eq!(stats["calls"], json!({"total": 1, "completed": 1, "completionRate": 1.0}));
}

#[tokio::test]
async fn a_step_is_not_taken_back() {
    let platform = with_demo().await;
    let demo = platform.client(demo_tenant(), &["calls:write"]).await;
    step(&demo, "one", "call.answered").await;
    for event in ["call.started", "call.answered", "call.busy", "call.failed", "call.no_answer"] {
        let refused = demo.post(EVENTS, json!({"callId": "one", "eventType": event})).await.expect(409);
        assert!(refused.text().contains("the call has"), "{}", refused.text());
    }
    step(&demo, "one", "call.completed").await;
    demo.post(EVENTS, json!({"callId": "one", "eventType": "call.completed"})).await.expect(409);

    let busy = step(&demo, "two", "call.busy").await;
    assert_eq!(busy["callState"]["status"], "BUSY");
    // Without a name it is a new call each time.
    let [first, second] = [demo.post(EVENTS, json!({})).await, demo.post(EVENTS, json!({})).await];
    assert_ne!(first.expect(200).json()["callId"], second.expect(200).json()["callId"]);
}

#[tokio::test]
async fn steps_asked_for_at_once_are_written_once() {
    let platform = with_demo().await;
    let demo = platform.client(demo_tenant(), &["calls:write", "calls:read"]).await;
    let body = json!({"callId": "one", "eventType": "call.answered"});
    let answers = futures_util::future::join_all((0..4).map(|_| demo.post(EVENTS, body.clone()))).await;
    let written: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(written.len(), 1, "{:?}", answers.iter().map(|answer| answer.text()).collect::<Vec<_>>());
    let id = written[0].json()["callId"].as_str().unwrap().to_owned();
    let events = platform.directory.calls.events_of_call(TenantScope::of(demo_tenant()), id.parse().unwrap()).await;
    let names: Vec<_> = events.unwrap().iter().map(|event| event.what.name()).collect();
    assert_eq!(names, ["call.started", "call.answered"]);
}

#[tokio::test]
async fn a_sequence_goes_by_itself() {
    let platform = with_demo().await;
    let demo = platform.client(demo_tenant(), &["calls:write", "calls:read"]).await;
    let begun = demo.post(&format!("{EVENTS}/sequence"), json!({"delay": 1})).await.expect(202).json();
    let path = format!("/api/v1/calls/{}", begun["callId"].as_str().unwrap());
    tokio::time::timeout(Duration::from_secs(10), async {
        while demo.get(&path).await.expect(200).json()["status"] != "COMPLETED" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the call completes");
    let slow = demo.post(&format!("{EVENTS}/sequence"), json!({"delay": 60_001})).await;
    assert_eq!(slow.fields(), ["delay"]);
}

#[tokio::test]
async fn only_the_demos_own_people_make_its_calls() {
    let platform = with_demo().await;
    let stranger = platform.admin().await;
    for (path, body) in [(EVENTS, json!({})), ("/api/v1/demo/toggle", json!({"enabled": false}))] {
        let refused = stranger.post(path, body.clone()).await.expect(404);
        assert_eq!(refused.json()["error"]["code"], "DEMO_NOT_FOUND");
        visiting(&stranger).post(path, body).await.expect(403);
    }
    let demo = platform.client(demo_tenant(), &["calls:write"]).await;
    let other = demo.post(EVENTS, json!({"tenantId": platform.tenant})).await;
    assert!(other.fields().contains(&"tenantId".to_owned()), "{}", other.text());
    demo.post(EVENTS, json!({"tenantId": demo_tenant()})).await.expect(200);
    // A call's id of another tenant is a name like any other.
    let sold = crate::calls::sold_call(&platform, 0).await;
    let named = step(&demo, &sold.call.to_string(), "call.started").await;
    assert_ne!(named["callId"], sold.call.to_string());
}

#[tokio::test]
async fn whoever_looks_into_the_demo_reads_and_changes_nothing() {
    let platform = with_demo().await;
    let demo = platform.client(demo_tenant(), &["admin:*"]).await;
    let id = step(&demo, "one", "call.started").await["callId"].as_str().unwrap().to_owned();
    let stranger = platform.admin().await;
    let visitor = visiting(&stranger);

    let status = stranger.get("/api/v1/demo/status").await.expect(200).json();
    assert_eq!(status, json!({"enabled": true, "tenantId": demo_tenant()}));
    stranger.get(&format!("/api/v1/calls/{id}")).await.expect(404);
    visitor.get(&format!("/api/v1/calls/{id}")).await.expect(200);
    visitor.get("/api/v1/demo/stats").await.expect(200);
    visitor.post("/api/v1/tags", json!({"name": "x"})).await.expect(403);
    visitor.get("/api/v1/users").await.expect(403);
    visitor.get("/admin/api/v1/tenants").await.expect(403);
    let mut nosy = stranger.clone();
    nosy.headers.push(("x-demo-tenant-id".to_owned(), platform.other.to_string()));
    assert_eq!(nosy.get("/api/v1/calls").await.expect(404).json()["error"]["code"], "DEMO_NOT_FOUND");
    platform.anonymous().get("/api/v1/demo/status").await.expect(401);

    let off = demo.post("/api/v1/demo/toggle", json!({"enabled": false})).await.expect(200).json();
    assert_eq!(off, json!({"enabled": false, "tenantId": demo_tenant(), "message": "The demo is off"}));
    assert_eq!(stranger.get("/api/v1/demo/status").await.expect(200).json()["enabled"], false);
    visitor.get(&format!("/api/v1/calls/{id}")).await.expect(404);
    stranger.get("/api/v1/demo/stats").await.expect(404);
    demo.post("/api/v1/demo/toggle", json!({"enabled": true})).await.expect(200);
    visitor.get(&format!("/api/v1/calls/{id}")).await.expect(200);
}

#[tokio::test]
async fn where_there_is_no_demo_there_is_none() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let status = admin.get("/api/v1/demo/status").await.expect(200).json();
    assert_eq!(status, json!({"enabled": false, "tenantId": null}));
    admin.get("/api/v1/demo/stats").await.expect(404);
    visiting(&admin).get("/api/v1/calls").await.expect(404);
}
