//! Calls, recordings, dashboard: from the events a switch would append.

use std::time::Duration;

use domain::{
    Attestation, BuyerId, CallEvent, CallId, Candidate, EndCause, EndpointId, LegFailure, LegId, LegRole, Party,
    RankingRecord, RecordingId, RejectReason, Rejected, StartedCall, Strategy, SwitchId, What,
};
use operations::EventLog;
use serde_json::{Value, json};

use crate::support::{Platform, START};

pub struct Sold {
    pub call: CallId,
    pub buyer: BuyerId,
    pub recording: RecordingId,
}

/// A call that a busy buyer declined and the next one took, recorded; its last `cut` events not yet there.
pub async fn sold_call(platform: &Platform, cut: usize) -> Sold {
    let admin = platform.admin().await;
    let publisher = admin.post("/api/v1/publishers", json!({"name": "P", "code": "SALES"})).await.expect(201).json();
    let mut buyers = Vec::new();
    for code in ["BUSY", "GOOD"] {
        let body = json!({"publisherId": publisher["id"], "name": format!("{code} Inc"), "code": code});
        let buyer = admin.post("/api/v1/buyers", body).await.expect(201).json();
        buyers.push(buyer["id"].as_str().unwrap().parse::<BuyerId>().unwrap());
    }
    let (busy, good) = (buyers[0], buyers[1]);
    let (call, recording): (CallId, RecordingId) = (platform.id(), platform.id());
    let (first, second): (LegId, LegId) = (platform.id(), platform.id());
    let switch: SwitchId = platform.id();
    let endpoint: EndpointId = platform.id();
    let candidate =
        |buyer| Candidate { buyer, endpoint, weight: 1, priority: 0, score_permille: Some(500), active_calls: 0 };
    let started = StartedCall {
        attestation: Attestation::A,
        ..StartedCall::unrouted("+15551230001", "+15551234567", "abc@example", switch)
    };
    let leg = |leg, buyer| What::LegStarted {
        leg,
        role: LegRole::Buyer,
        destination: "sip:b@127.0.0.1".to_owned(),
        buyer: Some(buyer),
        endpoint: Some(endpoint),
        lease: None,
        terms: None,
        trunk: None,
        agent: None,
    };
    let ranked = |candidates: &[BuyerId], rejected: Vec<Rejected>| What::Ranked {
        node: "buyers".to_owned(),
        ranking: Box::new(RankingRecord {
            strategy: Strategy::Weighted,
            draw: 7,
            candidates: candidates.iter().map(|buyer| candidate(*buyer)).collect(),
            rejected,
            compliance: None,
        }),
    };
    let tried = Rejected { buyer: busy, endpoint: None, reason: RejectReason::AlreadyTried, detail: "486".to_owned() };
    let mut what = vec![
        What::Started(Box::new(started)),
        What::Answered,
        ranked(&[busy, good], Vec::new()),
        leg(first, busy),
        What::LegFailed { leg: first, failure: LegFailure::Busy, sip_status: Some(486) },
        ranked(&[good], vec![tried]),
        leg(second, good),
        What::LegRinging { leg: second, early_media: false },
        What::LegAnswered { leg: second },
        What::Bridged { leg: second },
        What::RecordingStarted { recording, key: "call.wav".to_owned(), channels: 2 },
        What::LegEnded { leg: second, by: Party::Callee },
        What::RecordingFinished { recording, duration_ms: 2_000, bytes: 100 },
        What::Ended { cause: EndCause::Normal, by: Party::Callee, sip_status: None, detail: None },
    ];
    what.truncate(what.len() - cut);
    let events: Vec<CallEvent> = what
        .into_iter()
        .zip(0_u32..)
        .map(|(what, sequence)| CallEvent {
            tenant: platform.tenant,
            call,
            sequence,
            at: START.after(Duration::from_secs(u64::from(sequence))),
            what,
        })
        .collect();
    platform.store.append(events).await.unwrap();
    platform.clock.advance(Duration::from_secs(60));
    std::fs::write(platform.folder.path().join("call.wav"), (0..100_u8).collect::<Vec<u8>>()).unwrap();
    Sold { call, buyer: good, recording }
}

#[tokio::test]
async fn a_call_tells_its_whole_story() {
    let platform = Platform::new().await;
    let sold = sold_call(&platform, 0).await;
    let admin = platform.admin().await;
    let call = admin.get(&format!("/api/v1/calls/{}", sold.call)).await.expect(200).json();
    assert_eq!((&call["status"], &call["endReason"]), (&json!("COMPLETED"), &json!("normal")));
    assert_eq!((&call["fromNumber"], &call["buyerName"]), (&json!("+15551230001"), &json!("GOOD Inc")));
    let legs: Vec<&Value> = call["legs"].as_array().unwrap().iter().map(|leg| &leg["status"]).collect();
    assert_eq!(legs, ["BUSY", "COMPLETED"]);
    assert_eq!(call["timeline"].as_array().unwrap().len(), 14);
    assert_eq!(call["timeline"][6]["data"]["buyerId"], sold.buyer.to_string());
    assert_eq!(call["routing"][0]["candidates"][1]["rank"], 2);
    assert_eq!(call["routing"][0]["chosen"], call["legs"][0]["buyerId"]);
    assert_eq!(call["routing"][1]["chosen"], sold.buyer.to_string());
    assert_eq!(call["routing"][1]["rejected"][0]["reason"], "already_tried");
    assert_eq!(call["recordings"][0]["status"], "COMPLETED");
    assert_eq!((&call["cdr"]["duration"], &call["cdr"]["q850"]), (&json!(13), &json!(16)));
    assert_eq!(call["money"], Value::Null, "not settled yet");
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    stranger.get(&format!("/api/v1/calls/{}", sold.call)).await.expect(404);
    stranger.post(&format!("/api/v1/calls/{}/hangup", sold.call), json!({})).await.expect(404);
}

#[tokio::test]
async fn calls_are_found_by_what_is_known_of_them() {
    let platform = Platform::new().await;
    let sold = sold_call(&platform, 0).await;
    let admin = platform.admin().await;
    let buyer = format!("buyerId={}", sold.buyer);
    for (query, found) in [
        ("", 1),
        ("status=COMPLETED,BUSY", 1),
        ("status=RINGING", 0),
        ("live=true", 0),
        ("fromNumber=%2B1555123", 1),
        ("toNumber=%2B1555123", 1),
        ("search=%2B15551234567", 1),
        ("search=%2B999", 0),
        ("direction=OUTBOUND", 0),
        ("startDate=2026-11-23T16:00:00Z&endDate=2026-11-23T16:00:01Z", 1),
        ("startDate=2026-11-24T00:00:00Z", 0),
        (buyer.as_str(), 1),
    ] {
        let list = admin.get(&format!("/api/v1/calls?{query}")).await.expect(200).json();
        assert_eq!(list["data"].as_array().unwrap().len(), found, "{query}");
    }
    let refused = admin.get("/api/v1/calls?status=LOUD&direction=UP&startDate=soon").await.expect(422);
    assert_eq!(refused.fields().len(), 2, "{}", refused.text());
}

#[tokio::test]
async fn a_running_call_is_ended_and_an_ended_one_is_not() {
    let platform = Platform::new().await;
    let running = sold_call(&platform, 3).await;
    let admin = platform.admin().await;
    let path = format!("/api/v1/calls/{}/hangup", running.call);
    let told = admin.send("POST", &path, None).await.expect(202).json();
    assert_eq!(told, json!({"callId": running.call, "status": "ending"}));
    assert_eq!(*platform.switch.0.lock().unwrap(), [(platform.tenant, running.call)]);
    let ended = Platform::new().await;
    let over = sold_call(&ended, 0).await;
    let path = format!("/api/v1/calls/{}/hangup", over.call);
    ended.admin().await.send("POST", &path, None).await.expect(409);
    assert!(ended.switch.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_recording_is_heard_whole_and_in_parts() {
    let platform = Platform::new().await;
    let sold = sold_call(&platform, 0).await;
    let admin = platform.admin().await;
    let path = format!("/api/v1/recordings/{}/stream", sold.recording);
    let whole = admin.get(&path).await.expect(200);
    assert_eq!((whole.header("content-type"), whole.header("accept-ranges")), ("audio/wav", "bytes"));
    assert_eq!(whole.bytes.len(), 100);
    let part = admin.with("range", "bytes=10-19").get(&path).await.expect(206);
    assert_eq!(part.header("content-range"), "bytes 10-19/100");
    assert_eq!(part.bytes, (10..20).collect::<Vec<u8>>());
    let same = admin.with("range", "bytes=10-19").with("if-range", whole.header("etag"));
    same.get(&path).await.expect(206);
    admin.with("range", "bytes=10-19").with("if-range", "\"other\"").get(&path).await.expect(200);
    admin.with("range", "bytes=100-").get(&path).await.expect(416);
    let head = admin.send("HEAD", &path, None).await.expect(200);
    assert_eq!((head.header("content-length"), head.bytes.len()), ("100", 0));
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    for suffix in ["", "/stream", "/url"] {
        stranger.get(&format!("/api/v1/recordings/{}{suffix}", sold.recording)).await.expect(404);
    }
}

#[tokio::test]
async fn a_link_plays_without_signing_in_until_it_expires() {
    let platform = Platform::new().await;
    let sold = sold_call(&platform, 0).await;
    let admin = platform.admin().await;
    let link = admin.get(&format!("/api/v1/recordings/{}/url?expiresIn=60", sold.recording)).await.expect(200).json();
    let path = link["url"].as_str().unwrap().strip_prefix("http://localhost:3001").unwrap().to_owned();
    assert_eq!(platform.anonymous().get(&path).await.expect(200).bytes.len(), 100);
    platform.anonymous().get(&format!("{path}x")).await.expect(404);
    platform.clock.advance(Duration::from_secs(60));
    platform.anonymous().get(&path).await.expect(404);
}

#[tokio::test]
async fn the_dashboard_counts_what_happened() {
    let platform = Platform::new().await;
    let sold = sold_call(&platform, 0).await;
    let admin = platform.admin().await;
    let summary = admin.get("/api/v1/dashboard/summary?window=1h").await.expect(200).json();
    let totals = &summary["totals"];
    assert_eq!((&totals["calls"], &totals["answered"], &totals["sold"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!((&totals["asr"], &totals["activeNow"], &totals["revenue"]), (&json!(1.0), &json!(0), &json!("0.0000")));
    assert_eq!(totals["ahtSeconds"], json!(12.0));
    let series = summary["series"].as_array().unwrap();
    let calls: u64 = series.iter().map(|point| point["calls"].as_u64().unwrap()).sum();
    assert_eq!((series.len(), calls), (60, 1));
    assert_eq!(summary["topBuyers"][0]["buyerId"], sold.buyer.to_string());
    let today = admin.get("/api/v1/dashboard/summary?window=today").await.expect(200).json();
    assert_eq!(today["window"]["start"], "2026-11-23T05:00:00.000000Z");
    assert_eq!(admin.get("/api/v1/dashboard/summary?window=1y").await.expect(422).fields(), ["window"]);
    let stranger = platform.client(platform.other, &["reports:read"]).await;
    let theirs = stranger.get("/api/v1/dashboard/summary?window=1h").await.expect(200).json();
    assert_eq!(theirs["totals"]["calls"], 0);
}

#[tokio::test]
async fn an_empty_balance_is_zeros() {
    let platform = Platform::new().await;
    let balance = platform.admin().await.get("/api/v1/billing/balance").await.expect(200).json();
    assert_eq!((&balance["currency"], &balance["total"]), (&json!("USD"), &json!("0.00")));
}
