//! Each buyer that does not get the call is in the record, with the reason and the figures.

#![expect(clippy::panic, reason = "a test stops at what it did not expect")]

mod market;

use domain::{Attestation, BuyerId, CampaignId, Micros, RejectReason, Strategy};
use market::{buyer, buyer_id, endpoint, endpoint_id, monday, order, search, snapshot};
use routing::{
    Campaign, CampaignPayout, CapKind, Caps, Filters, Forbidden, Hours, Listed, Pool, Search, Snapshot, UsageTable,
    lease::{Counters, Holder, WindowCount},
    rank, windows,
};

fn listed(reference: &str) -> Listed<'_> {
    Listed { reference, destination: None, weight: None, caps: Caps::NONE, enabled: true }
}

/// `count` calls in each of the windows open at [`monday`].
fn counters(active: u32, count: u32) -> Counters {
    let windows = windows(monday(), &jiff::tz::TimeZone::UTC);
    Counters {
        active,
        windows: windows.map(|window| WindowCount { start: window.start, used: count - 1, reserved: 1 }),
    }
}

fn only_rejection(snapshot: &Snapshot, search: &Search<'_>, usage: &UsageTable) -> (RejectReason, String) {
    let ranking = rank(snapshot, search, usage);
    assert!(ranking.choices.is_empty() && ranking.record.candidates.is_empty(), "{:?}", ranking.record);
    let [rejected] = ranking.record.rejected.as_slice() else { panic!("{:?}", ranking.record.rejected) };
    assert_eq!(ranking.all_busy(), rejected.reason.is_busy());
    (rejected.reason, rejected.detail.clone())
}

#[test]
fn settings_that_keep_a_buyer_out() {
    let hours: Hours = serde_json::from_str(r#"{"mon":[{"from":"13:00","to":"17:00"}]}"#).unwrap();
    type Change = Box<dyn Fn(&mut routing::Buyer)>;
    let cases: [(Change, RejectReason, &str); 6] = [
        (Box::new(|buyer| buyer.active = false), RejectReason::Disabled, "buyer is not active"),
        (Box::new(|buyer| buyer.endpoints.clear()), RejectReason::NoEndpoint, "no endpoint"),
        (
            Box::new(|buyer| buyer.endpoints[0].active = false),
            RejectReason::NoEndpoint,
            "none of 1 endpoints is active",
        ),
        (
            Box::new({
                let hours = hours.clone();
                move |buyer| (buyer.hours, buyer.time_zone) = (Some(hours.clone()), "America/New_York".into())
            }),
            RejectReason::OutsideHours,
            "closed on Mon at 11:00, America/New_York",
        ),
        (
            Box::new(move |buyer| {
                (buyer.endpoints[0].hours, buyer.time_zone) = (Some(hours.clone()), "Asia/Kolkata".into());
            }),
            RejectReason::OutsideHours,
            "closed on Mon at 21:30, Asia/Kolkata",
        ),
        (
            Box::new(|buyer| {
                buyer.filters = Filters { attestation_min: Some(Attestation::A), ..Filters::default() };
            }),
            RejectReason::Filtered,
            "attestation B, wants A or better",
        ),
    ];
    for (change, reason, detail) in cases {
        let mut changed = buyer(1);
        change(&mut changed);
        let snapshot = snapshot(vec![changed]);
        let search = Search { attestation: Attestation::B, ..search(Strategy::RoundRobin) };
        assert_eq!(only_rejection(&snapshot, &search, &UsageTable::default()), (reason, detail.to_owned()));
    }
}

#[test]
fn caps_of_buyer_and_endpoint() {
    let cases = [
        (Caps { concurrency: Some(3), ..Caps::NONE }, RejectReason::ConcurrencyCap, "3 of 3 calls at once"),
        (Caps { hourly: Some(7), ..Caps::NONE }, RejectReason::HourlyCap, "7 of 7 calls this hour"),
        (Caps { daily: Some(7), ..Caps::NONE }, RejectReason::DailyCap, "7 of 7 calls today"),
        (Caps { monthly: Some(7), ..Caps::NONE }, RejectReason::MonthlyCap, "7 of 7 calls this month"),
        (Caps { total: Some(5), ..Caps::NONE }, RejectReason::TotalCap, "7 of 5 calls altogether"),
    ];
    for (caps, reason, detail) in cases {
        let search = search(Strategy::RoundRobin);
        let holders = [Holder::Buyer(buyer_id(1)), Holder::Endpoint(endpoint_id(1, 0))];
        for holder in holders {
            let mut capped = buyer(1);
            if matches!(holder, Holder::Buyer(_)) {
                capped.caps = caps;
            } else {
                capped.endpoints[0].caps = caps;
            }
            let usage = UsageTable { counters: [(holder, counters(3, 7))].into(), ..UsageTable::default() };
            let with_caps = snapshot(vec![capped]);
            assert_eq!(only_rejection(&with_caps, &search, &usage), (reason, detail.to_owned()));
            let one_less = UsageTable { counters: [(holder, counters(2, 4))].into(), ..UsageTable::default() };
            assert_eq!(order(&rank(&with_caps, &search, &one_less).record), [1], "{detail}");
        }
    }
}

#[test]
fn last_hours_calls_are_not_this_hours() {
    let mut capped = buyer(1);
    capped.caps = Caps { hourly: Some(1), ..Caps::NONE };
    let mut counts = counters(0, 9);
    counts.windows[0].start = monday().before(std::time::Duration::from_secs(3_600));
    let usage = UsageTable { counters: [(Holder::Buyer(buyer_id(1)), counts)].into(), ..UsageTable::default() };
    let snapshot = snapshot(vec![capped]);
    assert_eq!(order(&rank(&snapshot, &search(Strategy::RoundRobin), &usage).record), [1]);
}

#[test]
fn what_the_node_says() {
    let snapshot = snapshot(vec![buyer(1), buyer(2), buyer(3)]);
    let second = buyer_id(2).to_string();
    let nodes = [
        Listed { enabled: false, ..listed("B1") },
        Listed { destination: Some("sip:own@example.net"), ..listed(&second) },
        Listed { caps: Caps { concurrency: Some(1), ..Caps::NONE }, ..listed("B3") },
        listed("nobody"),
        listed("B3"),
    ];
    let search = Search { pool: Pool::Listed(&nodes), ..search(Strategy::RoundRobin) };
    let usage = UsageTable { counters: [(Holder::Buyer(buyer_id(3)), counters(1, 1))].into(), ..UsageTable::default() };
    let ranking = rank(&snapshot, &search, &usage);
    assert_eq!(order(&ranking.record), [2]);
    assert_eq!(ranking.choices[0].destination, "sip:own@example.net");
    let rejected: Vec<_> =
        ranking.record.rejected.iter().map(|one| (one.buyer, one.reason, one.detail.as_str())).collect();
    assert_eq!(
        rejected,
        [
            (buyer_id(1), RejectReason::Disabled, "switched off in the flow"),
            (buyer_id(3), RejectReason::ConcurrencyCap, "1 of 1 calls at once"),
            (BuyerId(uuid::Uuid::nil()), RejectReason::Unknown, "no buyer \"nobody\""),
        ]
    );
    assert!(!ranking.all_busy(), "somebody is left");
}

#[test]
fn a_tried_endpoint_leaves_its_place_to_the_next() {
    let mut two = buyer(1);
    two.endpoints.push(endpoint(1, 1));
    two.endpoints[0].priority = 5;
    let snapshot = snapshot(vec![two]);
    let base = search(Strategy::RoundRobin);
    let usage = UsageTable::default();
    assert_eq!(rank(&snapshot, &base, &usage).choices[0].endpoint.id, endpoint_id(1, 1), "the lower priority number");
    let tried = [endpoint_id(1, 1)];
    let again = Search { tried: &tried, ..base };
    let ranking = rank(&snapshot, &again, &usage);
    assert_eq!(ranking.choices[0].endpoint.id, endpoint_id(1, 0));
    assert_eq!(ranking.record.rejected[0].reason, RejectReason::AlreadyTried);
    assert_eq!(ranking.record.rejected[0].endpoint, Some(endpoint_id(1, 1)));
    let tried = [endpoint_id(1, 1), endpoint_id(1, 0)];
    let done = rank(&snapshot, &Search { tried: &tried, ..base }, &usage);
    assert!(done.choices.is_empty() && done.all_busy());
}

#[test]
fn compliance_is_named() {
    let snapshot = snapshot(vec![buyer(1)]);
    let forbidden = [Forbidden { buyer: buyer_id(1), why: "no consent for this buyer" }];
    let search = Search { forbidden: &forbidden, ..search(Strategy::RoundRobin) };
    let told = only_rejection(&snapshot, &search, &UsageTable::default());
    assert_eq!(told, (RejectReason::Compliance, "no consent for this buyer".to_owned()));
}

#[test]
fn a_campaign_names_its_buyers_strategy_and_payout() {
    let campaign = CampaignId(uuid::Uuid::from_u128(9));
    let payout = CampaignPayout { amount: Micros::from_units(4), after_ms: 90_000 };
    let named = Campaign {
        id: campaign,
        publisher: Some(market::publisher()),
        buyers: vec![buyer_id(3), buyer_id(9), buyer_id(1)],
        strategy: Some(Strategy::Priority),
        payout: Some(payout),
    };
    let mut first = buyer(1);
    first.priority = -1;
    let tenant = domain::TenantId(uuid::Uuid::from_u128(1));
    let snapshot = Snapshot::compile(tenant, vec![first, buyer(2), buyer(3)], vec![named]).unwrap();
    let search =
        Search { campaign: Some(campaign), pool: Pool::Campaign, strategy: None, ..search(Strategy::RoundRobin) };
    let ranking = rank(&snapshot, &search, &UsageTable::default());
    assert_eq!(ranking.record.strategy, Strategy::Priority);
    assert_eq!(order(&ranking.record), [1, 3]);
    assert_eq!(ranking.choices[0].terms.payout, payout.amount);
    assert_eq!(ranking.choices[0].terms.payout_after_ms, 90_000);
    assert_eq!(ranking.choices[0].terms.revenue, market::terms().revenue);
    assert_eq!(ranking.record.rejected[0].reason, RejectReason::Unknown);
}

#[test]
fn a_shared_code_means_the_publishers_own() {
    let mut other = buyer(2);
    other.code = "B1".into();
    other.publisher = Some(domain::PublisherId(uuid::Uuid::from_u128(0xac)));
    let snapshot = snapshot(vec![buyer(1), other]);
    assert_eq!(snapshot.find("B1", Some(market::publisher())).unwrap().id, buyer_id(1));
    assert!(snapshot.find("B1", None).is_none(), "ambiguous");
}

#[test]
fn nonsense_does_not_compile() {
    let compile = |buyers| Snapshot::compile(domain::TenantId(uuid::Uuid::nil()), buyers, Vec::new());
    let mut lost = buyer(1);
    lost.time_zone = "Europe/Atlantis".into();
    let told = compile(vec![lost]).unwrap_err().to_string();
    assert!(told.ends_with("no time zone \"Europe/Atlantis\""), "{told}");
    assert!(compile(vec![buyer(1), buyer(1)]).is_err());
    let mut many = buyer(1);
    many.endpoints = (0..101).map(|place| endpoint(1, place)).collect();
    assert!(compile(vec![many]).is_err());
}

#[test]
fn claims_carry_the_tightened_caps_and_the_buyers_windows() {
    let mut capped = buyer(1);
    capped.caps = Caps { concurrency: Some(5), daily: Some(100), ..Caps::NONE };
    capped.time_zone = "America/New_York".into();
    let snapshot = snapshot(vec![capped]);
    let node = [Listed { caps: Caps { concurrency: Some(9), daily: Some(10), ..Caps::NONE }, ..listed("B1") }];
    let search = Search { pool: Pool::Listed(&node), ..search(Strategy::RoundRobin) };
    let ranking = rank(&snapshot, &search, &UsageTable::default());
    let [of_buyer, of_endpoint] = ranking.choices[0].claims(monday());
    assert_eq!(of_buyer.holder, Holder::Buyer(buyer_id(1)));
    assert_eq!(of_buyer.caps.limit(CapKind::Concurrency), Some(5));
    assert_eq!(of_buyer.caps.limit(CapKind::Day), Some(10));
    assert_eq!(of_buyer.windows[1].start.to_rfc3339(), "2026-11-23T05:00:00.000000Z");
    assert_eq!(of_endpoint.holder, Holder::Endpoint(endpoint_id(1, 0)));
}
