//! Publishers and buyers see their own side of a tenant and nothing else, at every endpoint there is.

use std::{sync::Arc, time::Duration};

use domain::{
    BuyerId, CallEvent, CallId, CampaignId, Currency, Direction, EndCause, EndpointId, LegId, LegRole, Micros, Party,
    PublisherId, RecordingId, SaleTerms, StartedCall, What,
};
use operations::{EventLog as _, Jobs as _, Settle, Side};
use serde_json::{Value, json};

use crate::{
    openapi::Operation,
    support::{Platform, START},
};

/// One deal: a publisher, a buyer, a campaign of theirs and a sold, recorded, settled call.
struct Deal {
    publisher: PublisherId,
    buyer: BuyerId,
    campaign: CampaignId,
    call: CallId,
    recording: RecordingId,
}

/// What the buyer pays, what the publisher earns: figures that occur nowhere else.
const REVENUE: &str = "77.3100";
const PAYOUT: &str = "41.8700";

async fn deal(platform: &Platform, name: &str) -> Deal {
    let admin = platform.admin().await;
    let made = async |path: &str, body: Value| admin.post(path, body).await.expect(201).json();
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let publisher =
        id(&made("/api/v1/publishers", json!({"name": format!("Pub{name}"), "code": format!("P{name}")})).await);
    let buyer = json!({"publisherId": publisher, "name": format!("Buy{name}"), "code": format!("B{name}")});
    let buyer = id(&made("/api/v1/buyers", buyer).await);
    let campaign = json!({"publisherId": publisher, "name": format!("Camp{name}"), "buyerIds": [buyer],
        "payout": {"amount": PAYOUT, "afterSeconds": 0}, "metadata": {"secret": "tenantsown"}});
    let campaign = id(&made("/api/v1/campaigns", campaign).await);
    let (call, recording, leg): (CallId, RecordingId, LegId) = (platform.id(), platform.id(), platform.id());
    let (publisher, buyer) = (publisher.parse().unwrap(), buyer.parse().unwrap());
    let campaign: CampaignId = campaign.parse().unwrap();
    let endpoint: EndpointId = platform.id();
    let started = StartedCall {
        direction: Direction::Inbound,
        from: "+15551230001".to_owned(),
        to: "+15551234567".to_owned(),
        caller_name: None,
        trunk: None,
        attestation: domain::Attestation::A,
        identity_claim: None,
        agent: None,
        number: None,
        campaign: Some(campaign),
        publisher: Some(publisher),
        flow: None,
        flow_version: None,
        sip_call_id: "call@host-of-the-publisher".to_owned(),
        switch: platform.id(),
    };
    let terms = SaleTerms {
        currency: Currency::USD,
        revenue: REVENUE.parse().unwrap(),
        revenue_after_ms: 0,
        payout: PAYOUT.parse().unwrap(),
        payout_after_ms: 0,
    };
    let destination = format!("sip:{name}@destination.example");
    let what = [
        What::Started(Box::new(started)),
        What::Answered,
        What::Tagged { tags: [("price".to_owned(), json!("tenantsown"))].into_iter().collect() },
        What::LegStarted {
            leg,
            role: LegRole::Buyer,
            destination,
            buyer: Some(buyer),
            endpoint: Some(endpoint),
            lease: None,
            terms: Some(terms),
            trunk: None,
            agent: None,
        },
        What::LegAnswered { leg },
        What::Bridged { leg },
        What::RecordingStarted { recording, key: "call.wav".to_owned(), channels: 2 },
        What::LegEnded { leg, by: Party::Callee },
        What::RecordingFinished { recording, duration_ms: 2_000, bytes: 100 },
        What::Ended { cause: EndCause::Normal, by: Party::Callee, sip_status: None, detail: None },
    ];
    let events = what.into_iter().zip(0_u32..).map(|(what, sequence)| CallEvent {
        tenant: platform.tenant,
        call,
        sequence,
        at: START.after(Duration::from_secs(u64::from(sequence))),
        what,
    });
    platform.store.append(events.collect()).await.unwrap();
    std::fs::write(platform.folder.path().join("call.wav"), [0; 100]).unwrap();
    Deal { publisher, buyer, campaign, call, recording }
}

async fn settle(platform: &Platform) {
    let store = Arc::new(platform.store.clone());
    let ids = Arc::new(operations::Ids::new(domain::Seed::from_number(9)));
    let settle = Settle::new(store.clone(), platform.bus.clone(), ids);
    let now = START.after(Duration::from_secs(3_600));
    let jobs = store.take_jobs(now, Duration::from_secs(60), 10).await.unwrap();
    let settling = settle.settle(&jobs, now).await.unwrap();
    assert_eq!(settling.settled, 2, "{settling:?}");
    platform.clock.advance(Duration::from_secs(60));
}

const EVERYTHING: [&str; 2] = ["admin:*", "*:*"];

/// The generated proof: whatever the document lists is either closed to a side or free of everything the side must not know.
#[tokio::test]
async fn every_endpoint_is_closed_or_shows_the_own_side_only() {
    let platform = Platform::new().await;
    platform.rate_card().await;
    let (mine, theirs) = (deal(&platform, "Mine").await, deal(&platform, "Theirs").await);
    settle(&platform).await;
    let foreign = |deal: &Deal| {
        [deal.publisher.to_string(), deal.buyer.to_string(), deal.campaign.to_string(), deal.call.to_string()]
    };
    let mut hidden_from_both: Vec<String> = foreign(&theirs).to_vec();
    hidden_from_both.extend(["PubTheirs", "BuyTheirs", "CampTheirs", "tenantsown"].map(str::to_owned));
    let sides = [
        (
            Side::Publisher(mine.publisher),
            vec![mine.buyer.to_string(), "BuyMine".into(), REVENUE.into(), "destination".into()],
        ),
        (
            Side::Buyer(mine.buyer),
            vec![mine.publisher.to_string(), "PubMine".into(), PAYOUT.into(), "host-of-the-publisher".into()],
        ),
    ];
    for (side, also_hidden) in sides {
        let client = platform.sided(&EVERYTHING, side).await;
        let (mut closed, mut shown) = (0, 0);
        for operation in Operation::all() {
            let Some(permission) = operation.permission() else { continue };
            let name = format!("{side:?} {} {}", operation.method, operation.path);
            let ids =
                [(&mine.call, &mine.recording, &mine.campaign), (&theirs.call, &theirs.recording, &theirs.campaign)];
            for (is_mine, (call, recording, campaign)) in [true, false].into_iter().zip(ids) {
                let id = match operation.path.split('/').nth(3) {
                    Some("calls") => call.to_string(),
                    Some("recordings") => recording.to_string(),
                    _ => campaign.to_string(),
                };
                let answer = operation.send(&client, &id).await;
                if !operation.has_sides() {
                    assert_eq!(answer.status, 403, "{name} ({permission}) is not for sides: {}", answer.text());
                    closed += 1;
                    continue;
                }
                let text = answer.text();
                let faults = hidden_from_both.iter().chain(&also_hidden).filter(|hidden| text.contains(*hidden));
                assert_eq!(faults.collect::<Vec<_>>(), Vec::<&String>::new(), "{name}: {text}");
                if !operation.path.contains("{id}") {
                    assert_eq!(answer.status, 200, "{name}: {text}");
                } else if !is_mine {
                    assert_eq!(answer.status, 404, "{name}: {text}");
                } else if operation.method == "GET" {
                    assert_eq!(answer.status, 200, "{name}: {text}");
                    shown += 1;
                }
            }
        }
        assert!(closed > 100 && shown >= 5, "{closed} {shown}");
    }
}

#[tokio::test]
async fn each_side_sees_its_own_money_and_calls() {
    let platform = Platform::new().await;
    platform.rate_card().await;
    let (mine, theirs) = (deal(&platform, "Mine").await, deal(&platform, "Theirs").await);
    settle(&platform).await;
    let publisher = platform.sided(&EVERYTHING, Side::Publisher(mine.publisher)).await;
    let buyer = platform.sided(&EVERYTHING, Side::Buyer(mine.buyer)).await;
    for client in [&publisher, &buyer] {
        let calls = client.get("/api/v1/calls").await.expect(200).json();
        assert_eq!((&calls["meta"]["total"], &calls["data"][0]["id"]), (&json!(1), &json!(mine.call)));
        let filtered = format!("/api/v1/calls?buyerId={}", theirs.buyer);
        assert_eq!(client.get(&filtered).await.expect(200).json()["meta"]["total"], 0);
        let recordings = client.get("/api/v1/recordings").await.expect(200).json();
        assert_eq!((&recordings["meta"]["total"], &recordings["data"][0]["id"]), (&json!(1), &json!(mine.recording)));
        assert_eq!(client.get("/api/v1/campaigns").await.expect(200).json()["meta"]["total"], 1);
        let summary = client.get("/api/v1/dashboard/summary").await.expect(200).json();
        assert_eq!(summary["totals"]["calls"], 1);
        client.get(&format!("/api/v1/recordings/{}/stream", theirs.recording)).await.expect(404);
        client.get(&format!("/api/v1/recordings/{}/url", theirs.recording)).await.expect(404);
        client.send("POST", &format!("/api/v1/calls/{}/hangup", theirs.call), None).await.expect(404);
    }
    let seen = publisher.get(&format!("/api/v1/calls/{}", mine.call)).await.expect(200).json();
    assert_eq!((&seen["money"]["payout"], &seen["converted"]), (&json!(PAYOUT), &json!(true)));
    assert!(seen["money"].get("revenue").is_none() && seen["legs"][0].get("destination").is_none(), "{seen}");
    assert_eq!(seen["postings"].as_array().unwrap().len(), 1);
    let seen = buyer.get(&format!("/api/v1/calls/{}", mine.call)).await.expect(200).json();
    assert_eq!(seen["money"], json!({"revenue": REVENUE, "currency": "USD"}));
    assert_eq!(publisher.get("/api/v1/billing/balance").await.expect(200).json()["total"], "41.87");
    let owed = buyer.get("/api/v1/billing/balance").await.expect(200).json();
    assert_eq!((&owed["total"], owed["accounts"].as_array().unwrap().len()), (&json!("77.31"), 1));
}

#[tokio::test]
async fn a_publisher_changes_the_name_of_their_campaign_and_not_its_money() {
    let platform = Platform::new().await;
    let mine = deal(&platform, "Mine").await;
    let publisher = platform.sided(&EVERYTHING, Side::Publisher(mine.publisher)).await;
    let path = format!("/api/v1/campaigns/{}", mine.campaign);
    let renamed = publisher.patch(&path, json!({"name": "Mine now", "status": "PAUSED"})).await.expect(200).json();
    assert_eq!((&renamed["name"], &renamed["status"]), (&json!("Mine now"), &json!("PAUSED")));
    for body in
        [json!({"payout": {"amount": "999", "afterSeconds": 0}}), json!({"buyerIds": []}), json!({"flowId": null})]
    {
        publisher.patch(&path, body).await.expect(403);
    }
    let buyer = platform.sided(&EVERYTHING, Side::Buyer(mine.buyer)).await;
    buyer.patch(&path, json!({"name": "Ours"})).await.expect(403);
    let admin = platform.admin().await;
    let whole = admin.get(&path).await.expect(200).json();
    assert_eq!(whole["metadata"], json!({"secret": "tenantsown"}), "what a side does not see it does not overwrite");
    assert_eq!(whole["payout"]["amount"], PAYOUT);
    assert_eq!(Micros::from_units(1).0, 1_000_000);
}
