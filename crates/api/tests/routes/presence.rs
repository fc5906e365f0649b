//! How agents are shown: by what they set, by the calls they are on, and by connections that are missed.

use std::time::Duration;

use domain::{AgentId, CallEvent, CallId, EndCause, LegId, LegRole, Party, StartedCall, SwitchId, UserId, What};
use operations::{Agent, AgentStatus, EventLog as _, LiveBus, LiveItem, LiveUpdate, Role, TenantScope};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    agents::signed_in,
    directory::make,
    support::{Client, Platform},
};

/// What was said of agents: id, status and call.
fn heard(stream: &mut dyn operations::LiveStream) -> Vec<(Value, Value, Value)> {
    let mut all = Vec::new();
    while let Some(item) = stream.next_now() {
        if let LiveItem::Update(update) = item
            && let LiveUpdate::Notice { name, data, .. } = &update.update
        {
            assert_eq!(&**name, "agent.status.changed");
            all.push((data["agentId"].clone(), data["status"].clone(), data["currentCallId"].clone()));
        }
    }
    all
}

/// Keeps further events of a call, and tells of the agents they are about as a switch's process does.
async fn keep(platform: &Platform, call: CallId, first: u32, what: Vec<What>) {
    let at = platform.now();
    let event = |(what, sequence)| CallEvent { tenant: platform.tenant, call, sequence, at, what };
    let events = what.into_iter().zip(first..).map(event).collect();
    for appended in platform.store.append(events).await.unwrap().calls {
        for agent in appended.agents {
            platform.agents.tell(platform.tenant, agent, at).await.unwrap();
            platform.agents.tell(platform.tenant, agent, at).await.unwrap();
        }
    }
}

fn started(agent: Option<AgentId>) -> What {
    let unrouted = StartedCall::unrouted("+12125550100", "+15551234567", "x@y", SwitchId(Uuid::from_u128(9)));
    What::Started(Box::new(StartedCall { agent, ..unrouted }))
}

fn rung(leg: LegId, agent: &str) -> What {
    What::LegStarted {
        leg,
        role: LegRole::Agent,
        destination: "sip:ana@agents.example".to_owned(),
        buyer: None,
        endpoint: None,
        lease: None,
        terms: None,
        trunk: None,
        agent: Some(AgentId(agent.parse().unwrap())),
    }
}

fn ended() -> What {
    What::Ended { cause: EndCause::Normal, by: Party::Caller, sip_status: None, detail: None }
}

async fn ana(platform: &Platform, more: Value) -> (Client<'_>, String, UserId) {
    let user = platform.user(platform.tenant, "ana@acme.example", Role::ReadOnly).await;
    let mut body = json!({"name": "Ana", "destination": "sip:ana@agents.example", "userId": user.id});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (id, _) = make(&platform.admin().await, "/api/v1/agents", body).await;
    (signed_in(platform, "ana@acme.example").await, id, user.id)
}

#[tokio::test]
async fn an_agent_is_on_call_while_its_leg_is_and_each_change_is_told_once() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let (ana, id, _) = ana(&platform, json!({})).await;
    let mut bus = platform.bus.subscribe(TenantScope::of(platform.tenant), None).stream;
    ana.put("/api/v1/agent/status", json!({"status": "available"})).await.expect(200);
    let (call, leg): (CallId, LegId) = (platform.id(), platform.id());
    keep(&platform, call, 0, vec![started(None), What::Answered, rung(leg, &id)]).await;
    assert_eq!(ana.get("/api/v1/agent/status").await.expect(200).json()["status"], "available", "it rings");
    platform.clock.advance(Duration::from_secs(5));
    keep(&platform, call, 3, vec![What::LegAnswered { leg }]).await;
    let own = ana.get("/api/v1/agent/status").await.expect(200).json();
    assert_eq!((&own["status"], &own["setStatus"]), (&json!("on-call"), &json!("available")));
    assert_eq!((&own["currentCallId"], &own["lastUpdated"]), (&json!(call), &json!("2026-11-23T16:00:05.000000Z")));
    let listed = admin.get("/api/v1/agents?presence=on-call").await.expect(200).json();
    assert_eq!(listed["data"][0]["presence"]["currentCallId"], json!(call));
    assert_eq!(admin.get("/api/v1/agents?presence=available").await.expect(200).json()["data"], json!([]));
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    assert_eq!(stranger.get("/api/v1/agents?presence=on-call").await.expect(200).json()["data"], json!([]));
    // What is set meanwhile shows when the call is over.
    ana.put("/api/v1/agent/status", json!({"status": "away"})).await.expect(200);
    platform.clock.advance(Duration::from_secs(5));
    keep(&platform, call, 4, vec![What::LegEnded { leg, by: Party::Callee }]).await;
    keep(&platform, call, 5, vec![ended()]).await;
    // A call that begins and ends at once, and one whose switch died: its end is the leg's.
    let second: CallId = platform.id();
    keep(&platform, second, 0, vec![started(None), rung(leg, &id), What::LegAnswered { leg }]).await;
    keep(&platform, second, 3, vec![ended()]).await;
    let said = |status: &str, call: Option<CallId>| (json!(id), json!(status), json!(call));
    let all = heard(&mut *bus);
    assert_eq!(
        all,
        [
            said("available", None),
            said("on-call", Some(call)),
            said("away", None),
            said("on-call", Some(second)),
            said("away", None)
        ]
    );
    platform.agents.catch_up(platform.now()).await.unwrap();
    assert!(heard(&mut *bus).is_empty(), "all of it was told");
}

#[tokio::test]
async fn the_own_calls_are_those_that_were_answered_or_placed() {
    let platform = Platform::new().await;
    let (ana, id, _) = ana(&platform, json!({})).await;
    let mut calls = Vec::new();
    for number in 0..3_u8 {
        let (call, leg): (CallId, LegId) = (platform.id(), platform.id());
        let placed = (number == 1).then(|| AgentId(id.parse().unwrap()));
        let mut what = vec![started(placed)];
        if number != 1 {
            what.extend([rung(leg, &id), What::LegAnswered { leg }, What::LegEnded { leg, by: Party::Callee }]);
        }
        what.push(ended());
        keep(&platform, call, 0, what).await;
        calls.insert(0, json!(call));
        platform.clock.advance(Duration::from_secs(60));
    }
    // Rung without an answer is no call of the agent's.
    keep(&platform, platform.id(), 0, vec![started(None), rung(platform.id(), &id), ended()]).await;
    let page = |answer: Value| {
        let ids = answer["calls"].as_array().unwrap().iter().map(|call| call["id"].clone()).collect::<Vec<_>>();
        (ids, answer["pagination"].clone())
    };
    let (ids, place) = page(ana.get("/api/v1/agent/calls").await.expect(200).json());
    assert_eq!((ids, place), (calls.clone(), json!({"limit": 50, "offset": 0, "hasMore": false})));
    let (ids, place) = page(ana.get("/api/v1/agent/calls?limit=2").await.expect(200).json());
    assert_eq!((&ids[..], &place["hasMore"]), (&calls[..2], &json!(true)));
    let (ids, place) = page(ana.get("/api/v1/agent/calls?limit=2&offset=2").await.expect(200).json());
    assert_eq!((&ids[..], &place["hasMore"]), (&calls[2..], &json!(false)));
    let faults = ana.get("/api/v1/agent/calls?limit=0&offset=100001").await.expect(422).fields();
    assert_eq!(faults, ["limit", "offset"]);
    platform.admin().await.get("/api/v1/agent/calls").await.expect(403);
    platform.user(platform.tenant, "bo@acme.example", Role::ReadOnly).await;
    signed_in(&platform, "bo@acme.example").await.get("/api/v1/agent/calls").await.expect(404);
}

#[tokio::test]
async fn one_that_must_be_connected_is_offline_without() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let body = json!({"name": "Bo", "destination": "sip:bo@x.example", "needsConnection": true});
    assert_eq!(admin.post("/api/v1/agents", body).await.expect(422).fields(), ["needsConnection"]);
    let (ana, id, user) = ana(&platform, json!({"needsConnection": true, "status": "available"})).await;
    let path = format!("/api/v1/agents/{id}");
    let mut bus = platform.bus.subscribe(TenantScope::of(platform.tenant), None).stream;
    let look = async |seconds| {
        platform.clock.advance(Duration::from_secs(seconds));
        platform.agents.look(platform.now()).await.unwrap();
        admin.get(&path).await.expect(200).json()["presence"].clone()
    };
    let answers = async || {
        let data = operations::RoutingSource::routing_data(&platform.store, platform.tenant).await.unwrap().unwrap();
        data.agents.iter().any(|agent: &Agent| agent.status == AgentStatus::Available)
    };
    let routed = async || operations::RoutingSource::routing_versions(&platform.store).await.unwrap();
    assert_eq!(look(0).await["status"], "available", "nobody knows yet whether it is connected");
    assert_eq!(look(29).await["status"], "available");
    assert!(answers().await);
    let before = routed().await;
    assert_eq!(look(1).await["status"], "offline");
    assert!(!answers().await, "and no queue rings it");
    assert_ne!(routed().await, before, "queues hear of it");
    assert_eq!(admin.get(&path).await.expect(200).json()["status"], "available", "what it set stays");

    let presence = platform.agents.presence();
    presence.joined(platform.tenant, user, platform.now()).await;
    presence.joined(platform.tenant, user, platform.now()).await;
    let back = look(1).await;
    assert_eq!((&back["status"], &back["connections"]), (&json!("available"), &json!(2)));
    assert!(!back["connectedSince"].is_null() && answers().await);
    presence.left(platform.tenant, user).await;
    assert_eq!(look(600).await["connections"], 1);
    // A page that is loaded anew is away for a moment.
    presence.left(platform.tenant, user).await;
    assert_eq!(look(1).await["connections"], 0);
    look(20).await;
    presence.joined(platform.tenant, user, platform.now()).await;
    look(1).await;
    presence.left(platform.tenant, user).await;
    assert_eq!(look(29).await["status"], "available");
    assert_eq!(look(31).await["status"], "offline");
    let said: Vec<Value> = heard(&mut *bus).into_iter().map(|(_, status, _)| status).collect();
    // It was made available, and nobody had told of it yet.
    assert_eq!(said, ["available", "offline", "available", "offline"]);
    // Without the need nothing of this counts.
    admin.patch(&path, json!({"needsConnection": false})).await.expect(200);
    assert_eq!(look(1).await["status"], "available");
    assert_eq!(ana.get("/api/v1/agent/status").await.expect(200).json()["status"], "available");
}
