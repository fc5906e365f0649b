//! Flows run without a telephone.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, Platform};

const EXECUTE: &str = "/api/v1/flows/execute";
const EVENTS: &str = "/api/v1/flows/events";

/// A menu, a queue, buyers, a message.
fn document() -> Value {
    json!({"id": "front", "name": "Front", "version": "1",
        "entry": {"id": "start", "type": "entry", "target": "menu"},
        "nodes": [
            {"id": "menu", "type": "ivr", "prompt": "Press 1 for solar", "timeout": 5,
             "choices": [{"digits": "1", "target": "tag"}, {"digits": "2", "target": "line"}], "default": "late"},
            {"id": "tag", "type": "tag", "tags": {"product": "solar"}, "next": "buyers"},
            {"id": "buyers", "type": "buyer", "buyers": [{"id": "SUNRISE", "destination": "sip:sales@buyer.example"}],
             "strategy": "round-robin", "onNoBuyers": "message", "onAllBusy": "bye"},
            {"id": "line", "type": "queue", "queueId": "solar", "onTimeout": "message"},
            {"id": "message", "type": "record", "onComplete": "bye"},
            {"id": "late", "type": "if", "condition": "caller.number == '+13105550127' && hour >= 17", "then": "bye",
             "else": "menu"},
            {"id": "bye", "type": "hangup", "reason": "normal"}]})
}

struct Rehearsing<'c> {
    client: &'c Client<'c>,
    last: Value,
}

impl<'c> Rehearsing<'c> {
    async fn begin(client: &'c Client<'c>, body: Value) -> Self {
        let last = client.post(EXECUTE, body).await.expect(200).json();
        Self { client, last }
    }

    async fn tell(&mut self, event: Value) -> &Value {
        let body = json!({"run": self.last["run"], "event": event});
        self.last = self.client.post(EVENTS, body).await.expect(200).json();
        &self.last
    }

    /// Steps of a type.
    fn steps(&self, kind: &str) -> Vec<&Value> {
        self.last["steps"].as_array().unwrap().iter().filter(|step| step["type"] == kind).collect()
    }

    fn stands(&self) -> (&str, &str) {
        (self.last["state"].as_str().unwrap(), self.last["node"].as_str().unwrap_or("-"))
    }
}

#[tokio::test]
async fn a_caller_goes_through_the_menu_to_a_buyer() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let mut run = Rehearsing::begin(&admin, json!({"document": document(), "from": "(310) 555-0127"})).await;
    assert_eq!(run.stands(), ("WAITING", "menu"));
    assert_eq!(run.last["flowId"], json!(null));
    assert_eq!(run.steps("prompt.started")[0]["prompt"], "say:Press 1 for solar");
    assert_eq!(run.last["waitsFor"], json!(["dtmf.received", "prompt.finished", "prompt.failed", "call.ended"]));
    run.tell(json!({"type": "prompt.finished"})).await;
    let menu = run.last["run"].clone();
    run.tell(json!({"type": "dtmf.received", "digits": "1"})).await;
    assert_eq!(run.stands(), ("WAITING", "buyers"));
    assert_eq!((&run.last["tags"], &run.last["ivrInput"]), (&json!({"product": "solar"}), &json!("1")));
    let offer = run.steps("offer.started")[0];
    assert_eq!(offer["buyers"][0]["buyer"], "SUNRISE");
    assert_eq!(
        (&offer["buyers"][0]["destination"], &offer["strategy"]),
        (&json!("sip:sales@buyer.example"), &json!("round-robin"))
    );
    assert_eq!(run.steps("event").len(), 2);
    run.tell(json!({"type": "offer.connected"})).await;
    let begun = run.last["at"].as_str().unwrap().to_owned();
    run.tell(json!({"type": "bridge.ended", "connectedSeconds": 90})).await;
    assert_eq!((run.stands(), &run.last["cause"]), (("ENDED", "-"), &json!("normal")));
    assert_eq!(run.last["waitsFor"], json!([]));
    let moment = |text: &str| domain::Timestamp::parse_rfc3339(text).unwrap();
    assert_eq!(moment(run.last["at"].as_str().unwrap()).since(moment(&begun)), Duration::from_secs(90));

    // An earlier run goes another way.
    run.last["run"] = menu;
    run.tell(json!({"type": "dtmf.received", "digits": "1"})).await;
    run.tell(json!({"type": "offer.failed"})).await;
    assert_eq!(run.stands(), ("WAITING", "message"));
    run.tell(json!({"type": "dtmf.received", "digits": "#"})).await;
    run.tell(json!({"type": "recording.completed"})).await;
    assert_eq!(run.stands().0, "ENDED");

    // Nothing of it happened.
    let calls = admin.get("/api/v1/calls").await.expect(200).json();
    assert_eq!(calls["meta"]["total"], 0);
    assert!(platform.switch.1.lock().unwrap().is_empty());
}

#[tokio::test]
async fn hours_variables_and_queues_are_the_tenants() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let queue = json!({"name": "solar", "timeoutSeconds": 30, "music": "file:waiting.wav"});
    admin.post("/api/v1/queues", queue).await.expect(201);
    let silence = json!([{"type": "prompt.finished"}, {"type": "timer.fired"}]);
    let body = |at: &str| json!({"document": document(), "from": "+13105550127", "timeZone": "America/New_York", "at": at, "events": silence});
    let early = Rehearsing::begin(&admin, body("2026-11-23T21:00:00Z")).await;
    assert_eq!(early.stands(), ("WAITING", "menu"), "4 p.m. in New York");
    let late = Rehearsing::begin(&admin, body("2026-11-23T22:00:00Z")).await;
    assert_eq!(late.stands().0, "ENDED", "5 p.m. in New York");

    let body = json!({"document": document(), "events": [{"type": "dtmf.received", "digits": "2"}]});
    let mut run = Rehearsing::begin(&admin, body).await;
    assert_eq!(run.stands(), ("WAITING", "line"));
    assert_eq!(run.steps("queue.joined")[0]["prompt"], "file:waiting.wav");
    assert_eq!(run.steps("timer.started").last().unwrap()["milliseconds"], 30_000);
    run.tell(json!({"type": "timer.fired"})).await;
    assert_eq!(run.stands(), ("WAITING", "message"));
    run.tell(json!({"type": "call.ended"})).await;
    assert_eq!((run.stands().0, &run.last["cause"]), ("ENDED", &json!(null)));
}

#[tokio::test]
async fn a_kept_flow_is_rehearsed_by_version() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let flow = admin.post("/api/v1/flows", document()).await.expect(201).json()["flowId"].clone();
    let draft = Rehearsing::begin(&admin, json!({"flowId": flow})).await;
    assert_eq!(
        (&draft.last["flowId"], &draft.last["key"], &draft.last["version"]),
        (&flow, &json!("front"), &json!(1))
    );
    admin.send("POST", &format!("/api/v1/flows/{}/versions/1/publish", flow.as_str().unwrap()), None).await.expect(200);
    let mut next = document();
    next["nodes"][0]["prompt"] = json!("Something else");
    admin.post("/api/v1/flows", next.clone()).await.expect(201);
    let published = Rehearsing::begin(&admin, json!({"flowId": flow})).await;
    assert_eq!(published.steps("prompt.started")[0]["prompt"], "say:Press 1 for solar");
    let mut second = Rehearsing::begin(&admin, json!({"flowId": flow, "version": 2})).await;
    assert_eq!(second.steps("prompt.started")[0]["prompt"], "say:Something else");
    second.tell(json!({"type": "prompt.finished"})).await;

    // The draft is written over while it is rehearsed.
    next["version"] = json!("2");
    next["nodes"][0]["prompt"] = json!("Again something else");
    admin.post("/api/v1/flows", next).await.expect(201);
    let body = json!({"run": second.last["run"], "event": {"type": "timer.fired"}});
    admin.post(EVENTS, body).await.expect(409);
    admin.post(EXECUTE, json!({"flowId": flow, "version": 9})).await.expect(404);

    let stranger = platform.client(platform.other, &["admin:*"]).await;
    for version in [json!(null), json!(1)] {
        stranger.post(EXECUTE, json!({"flowId": flow, "version": version})).await.expect(404);
    }
    let event = json!({"type": "call.ended"});
    stranger.post(EVENTS, json!({"run": published.last["run"], "event": event})).await.expect(404);
    let body = json!({"run": published.last["run"], "event": event});
    let reader = platform.client(platform.tenant, &["flows:read"]).await;
    reader.post(EVENTS, body.clone()).await.expect(200);
    platform.clock.advance(Duration::from_secs(3_601));
    reader.post(EVENTS, body).await.expect(404);
}

#[tokio::test]
async fn what_cannot_happen_is_named() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let run = Rehearsing::begin(&admin, json!({"document": document()})).await;
    let refused = |event: Value| {
        let body = json!({"run": run.last["run"], "event": event});
        let admin = &admin;
        async move {
            let refused = admin.post(EVENTS, body).await.expect(422).json();
            refused["errors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|fault| fault["field"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(refused(json!({"type": "offer.connected"})).await, ["event.type"]);
    assert_eq!(refused(json!({"type": "timer.fired"})).await, ["event.type"], "the prompt still plays");
    assert_eq!(refused(json!({"type": "dtmf.received"})).await, ["event.digits"]);
    assert_eq!(refused(json!({"type": "dtmf.received", "digits": "x"})).await, ["event.digits"]);
    assert_eq!(
        refused(json!({"type": "call.ended", "digits": "1", "reason": "ERROR"})).await,
        ["event.digits", "event.reason"]
    );
    assert_eq!(refused(json!({"type": "call.vanished"})).await, ["event.type"]);

    let faulty = |body: Value| {
        let admin = &admin;
        async move { admin.post(EXECUTE, body).await.expect(422).json() }
    };
    let over = json!([{"type": "call.ended"}, {"type": "call.ended"}]);
    let answer = faulty(json!({"document": document(), "events": over})).await;
    assert_eq!(answer["errors"][0]["field"], "events[1].type", "{answer}");
    let flow = admin.post("/api/v1/flows", document()).await.expect(201).json()["flowId"].clone();
    for body in [
        json!({}),
        json!({"flowId": flow, "document": document()}),
        json!({"document": document(), "version": 1}),
        json!({"document": document(), "variables": [1]}),
        json!({"flowId": flow, "version": 0}),
        json!({"flowId": flow, "callId": flow}),
        json!({"document": {"id": "x".repeat(300_000)}}),
        json!({"document": document(), "events": vec![json!({"type": "prompt.failed"}); 201]}),
    ] {
        assert_eq!(faulty(body).await["error"]["code"], "VALIDATION_ERROR");
    }
    let mut bad = document();
    bad["entry"]["target"] = json!("nowhere");
    assert_eq!(faulty(json!({"document": bad})).await["error"]["code"], "INVALID_FLOW");
    admin.post(EXECUTE, json!({"flowId": flow, "campaignId": flow})).await.expect(404);
    admin.post(EVENTS, json!({"run": "x.y", "event": {"type": "call.ended"}})).await.expect(404);

    // A rehearsal has an end.
    let many: Vec<Value> =
        (0..100).flat_map(|_| [json!({"type": "prompt.finished"}), json!({"type": "timer.fired"})]).collect();
    let run = Rehearsing::begin(&admin, json!({"document": document(), "events": many})).await;
    assert_eq!(run.stands(), ("WAITING", "menu"));
    let body = json!({"run": run.last["run"], "event": {"type": "call.ended"}});
    admin.post(EVENTS, body).await.expect(422);
}
