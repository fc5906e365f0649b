//! The voice path over a real store: the demo's tenant, its flows and buyers.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here is the test's to report")]

mod support;

use std::{collections::BTreeSet, sync::Arc};

use domain::*;
use flow::{BuyerOffer, Candidates};
use operations::*;
use routing::lease::Holder;
use store::Store;
use support::{NOW, World, at};
use switch::ask::{
    Answer, Ask, BuyerSearch, FindCampaign, FindFlow, FlowFound, LineSearch, NoFlow, NoLine, Offer, Token,
};

struct Stage {
    world: World,
    voice: Arc<Voice>,
    tenant: TenantId,
}

async fn seed(world: &World, host: &'static str) -> TenantId {
    let token = new_token("hw_", &mut Seed::from_number(5));
    let setup = DemoSetup {
        email: "demo@example.com",
        password_hash: "x".into(),
        api_key: Some(&token),
        source_cidrs: vec!["127.0.0.0/8".into()],
        buyer_uri: &move |user| format!("sip:{user}@{host}"),
    };
    seed_demo(&world.directory, &world.ids, &setup, NOW).await.unwrap()
}

fn voice(store: &Store, ids: &Arc<Ids>) -> Arc<Voice> {
    let shared = Arc::new(store.clone());
    Arc::new(Voice::new(shared.clone(), shared, store.usage(), ids.clone()))
}

impl Stage {
    /// Asks for an agent of the one queue there is.
    fn join(
        &self,
        call: CallId,
        since: Timestamp,
        is_back: bool,
        size_max: Option<u32>,
    ) -> impl Future<Output = Option<Answer>> + use<> {
        let voice = self.voice.clone();
        let ask = Ask::JoinQueue { tenant: self.tenant, queue: "repair".into(), size_max, since, is_back };
        async move { voice.answer(Token { call, number: 0 }, ask, NOW).await }
    }

    fn leave(&self, served: bool) -> Ask {
        Ask::LeaveQueue { tenant: self.tenant, queue: "repair".into(), served }
    }

    async fn new() -> Self {
        let world = World::new().await;
        let tenant = seed(&world, "127.0.0.1:5090").await;
        let voice = voice(&world.store, &world.ids);
        voice.refresh().await.unwrap();
        Self { world, voice, tenant }
    }

    async fn find(&self, dialled: &str) -> Answer {
        let find =
            FindFlow { tenant: self.tenant, trunk: None, dialled: dialled.into(), caller: "+12125550199".into() };
        self.ask(self.world.ids.next(NOW), Ask::FindFlow(find)).await.unwrap()
    }

    async fn found(&self, name: &str) -> FlowFound {
        let number = DEMO_NUMBERS.iter().find(|number| number.name == name).unwrap().number;
        match self.find(number).await {
            Answer::Flow(found) => *found,
            other => panic!("{other:?}"),
        }
    }

    async fn ask(&self, call: CallId, ask: Ask) -> Option<Answer> {
        self.voice.answer(Token { call, number: 0 }, ask, NOW).await
    }

    fn search(&self, found: &FlowFound, call: CallId, tried: Vec<EndpointId>) -> Ask {
        let offer = BuyerOffer {
            node: "buyers".into(),
            candidates: Candidates::Campaign,
            strategy: None,
            ring_timeout_ms: None,
        };
        Ask::NextBuyer(Box::new(BuyerSearch {
            call,
            tenant: self.tenant,
            campaign: found.campaign,
            publisher: found.publisher,
            flow: found.flow,
            node: "buyers".into(),
            offer: Arc::new(offer),
            caller: "+12125550199".into(),
            attestation: Attestation::None,
            tags: vec![],
            tried,
            again: None,
            tried_lines: vec![],
            draw: 1,
            now: NOW,
        }))
    }

    async fn next(
        &self,
        found: &FlowFound,
        call: CallId,
        tried: Vec<EndpointId>,
    ) -> Result<Offer, (bool, RankingRecord)> {
        match self.ask(call, self.search(found, call, tried)).await {
            Some(Answer::Offer { offer, .. }) => Ok(*offer),
            Some(Answer::NoOffer { all_busy, ranking, .. }) => Err((all_busy, *ranking)),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_demo_is_set_up_once_and_follows_its_buyers() {
    let stage = Stage::new().await;
    let scope = TenantScope::of(stage.tenant);
    let directory = &stage.world.directory;
    let buyers = directory.buyers.list(scope, &BuyerFilter::default(), &PageRequest::default()).await.unwrap();
    assert_eq!(buyers.total, Some(Total::known(DEMO_BUYERS.len() as u64)));
    let version = stage.world.store.routing_versions().await.unwrap();
    seed(&stage.world, "127.0.0.1:5090").await;
    assert_eq!(stage.world.store.routing_versions().await.unwrap(), version, "a restart changes nothing");
    seed(&stage.world, "127.0.0.1:6090").await;
    let endpoints = directory.endpoints.list(scope, &EndpointFilter::default(), &PageRequest::default()).await.unwrap();
    assert!(endpoints.items.iter().all(|endpoint| endpoint.destination.ends_with("@127.0.0.1:6090")));
    assert_eq!(stage.voice.refresh().await.unwrap(), 1, "one tenant changed");
    assert_eq!(stage.voice.refresh().await.unwrap(), 0);
    assert_eq!(stage.voice.snapshot().trunks().count(), 1);
}

#[tokio::test]
async fn a_number_finds_its_flow_or_says_why_not() {
    let stage = Stage::new().await;
    for number in &DEMO_NUMBERS {
        let found = stage.found(number.name).await;
        assert_eq!(
            (found.program.id(), found.campaign_name.as_str(), found.record),
            (number.flow, number.title, number.record)
        );
    }
    assert!(matches!(stage.find("212-555-0101").await, Answer::Flow(_)), "as people write it");
    assert!(matches!(stage.find("+12125550177").await, Answer::NoFlow(NoFlow::UnknownNumber)));
    assert!(matches!(stage.find("sales").await, Answer::NoFlow(NoFlow::UnknownNumber)));
    let directory = &stage.world.directory;
    let scope = TenantScope::of(stage.tenant);
    let direct = stage.found("direct").await;
    let campaign = directory.campaigns.get(scope, direct.campaign.unwrap()).await.unwrap();
    let paused = Campaign { status: CampaignStatus::Paused, ..campaign };
    directory.campaigns.save(scope, &paused, at(1)).await.unwrap();
    assert!(matches!(stage.find("+12125550101").await, Answer::Flow(_)), "not seen before the refresh");
    stage.voice.refresh().await.unwrap();
    assert!(matches!(stage.find("+12125550101").await, Answer::NoFlow(NoFlow::NotPublished)));
    let tenant = directory.tenants.find_tenant(stage.tenant).await.unwrap().unwrap();
    directory.tenants.save_tenant(&Tenant { status: TenantStatus::Suspended, ..tenant }, at(2)).await.unwrap();
    stage.voice.refresh().await.unwrap();
    assert!(matches!(stage.find("+12125550102").await, Answer::NoFlow(NoFlow::TenantClosed)));
}

#[tokio::test]
async fn failed_buyers_are_passed_over_until_nobody_is_left() {
    let stage = Stage::new().await;
    let found = stage.found("failover").await;
    let call = stage.world.ids.next(NOW);
    let (mut tried, mut destinations) = (vec![], vec![]);
    let (all_busy, record) = loop {
        match stage.next(&found, call, tried.clone()).await {
            Ok(offer) => {
                tried.push(offer.endpoint);
                destinations.push(offer.destination);
                let back = Ask::GiveBack { tenant: stage.tenant, lease: offer.lease };
                assert!(stage.ask(call, back).await.is_none());
            }
            Err(nobody) => break nobody,
        }
    };
    let expected: Vec<String> =
        ["flint", "dune", "ember", "hazel"].map(|user| format!("sip:{user}@127.0.0.1:5090")).into();
    assert_eq!(destinations, expected);
    assert!(all_busy && record.rejected.iter().all(|rejected| rejected.reason == RejectReason::AlreadyTried));
    let closed = stage.found("closed").await;
    let (all_busy, record) = stage.next(&closed, stage.world.ids.next(NOW), vec![]).await.unwrap_err();
    assert!(!all_busy && record.rejected[0].reason == RejectReason::OutsideHours, "{record:?}");
}

#[tokio::test]
async fn a_consumer_the_policy_forbids_is_offered_to_nobody() {
    let stage = Stage::new().await;
    let gate = Arc::new(Gate::new(Arc::new(stage.world.store.clone())));
    let shared = Arc::new(stage.world.store.clone());
    let voice = Voice::new(shared.clone(), shared, stage.world.store.usage(), stage.world.ids.clone());
    let voice = voice.with_gate(gate);
    voice.refresh().await.unwrap();
    let found = stage.found("direct").await;
    let search = || stage.search(&found, stage.world.ids.next(NOW), vec![]);
    let ask = async |now| voice.answer(Token { call: stage.world.ids.next(NOW), number: 0 }, search(), now).await;
    let Some(Answer::NoOffer { ranking, .. }) = ask(NOW).await else { panic!("nothing was read yet") };
    assert_eq!(ranking.compliance.unwrap().reason, ComplianceReason::DataUnavailable);
    voice.refresh_gate(NOW).await.unwrap();
    let Some(Answer::Offer { ranking, .. }) = ask(NOW).await else { panic!("the default asks nothing of a sale") };
    assert_eq!(ranking.compliance.unwrap().reason, ComplianceReason::NoRuleApplies);
    let held = || stage.world.store.usage().read().counters.values().map(|counters| counters.active).sum::<u32>();
    let before = held();
    let scope = TenantScope::of(stage.tenant);
    let directory = &stage.world.directory;
    let policy = CompliancePolicy {
        id: stage.world.ids.next(NOW),
        tenant: stage.tenant,
        campaign: found.campaign,
        version: 3,
        policy: compliance::Policy {
            inbound: compliance::Rules { dnc: true, consent: true, calling_hours: false },
            ..compliance::Policy::default()
        },
        created_at: NOW,
        updated_at: NOW,
    };
    directory.compliance_policies.insert(scope, &policy).await.unwrap();
    voice.refresh_gate(NOW).await.unwrap();
    let Some(Answer::NoOffer { all_busy, ranking, .. }) = ask(NOW).await else { panic!("the caller never agreed") };
    let verdict = ranking.compliance.clone().unwrap();
    assert_eq!((all_busy, verdict.allowed, verdict.reason), (false, false, ComplianceReason::NoConsent));
    assert_eq!(
        (verdict.consumer.as_str(), verdict.policy.version),
        ("+12125550199", 3),
        "the caller, not the number called"
    );
    assert!(ranking.candidates.is_empty() && !ranking.rejected.is_empty());
    let is_told =
        |rejected: &Rejected| rejected.reason == RejectReason::Compliance && rejected.detail == verdict.detail;
    assert!(ranking.rejected.iter().any(is_told), "{ranking:?}");
    assert_eq!(held(), before, "nothing was reserved for it");
}

#[tokio::test]
async fn a_cap_holds_for_ranking_and_for_the_lost_race() {
    let stage = Stage::new().await;
    let found = stage.found("cap").await;
    let first = stage.next(&found, stage.world.ids.next(NOW), vec![]).await.unwrap();
    let (all_busy, record) = stage.next(&found, stage.world.ids.next(NOW), vec![]).await.unwrap_err();
    assert!(all_busy && record.rejected[0].reason == RejectReason::ConcurrencyCap);
    // A board that has not heard of the first call ranks the buyer, and loses the race for its last place.
    let late = Arc::new(Voice::new(
        Arc::new(stage.world.store.clone()),
        Arc::new(stage.world.store.clone()),
        Arc::new(UsageBoard::new()),
        stage.world.ids.clone(),
    ));
    late.refresh().await.unwrap();
    let call = stage.world.ids.next(NOW);
    let lost = late.answer(Token { call, number: 0 }, stage.search(&found, call, vec![]), NOW).await;
    let Some(Answer::NoOffer { all_busy: true, ranking, .. }) = lost else { panic!("{lost:?}") };
    assert_eq!(ranking.rejected[0].detail, "1 of 1 calls, taken meanwhile");
    assert!(ranking.candidates.is_empty());
    let back = Ask::GiveBack { tenant: stage.tenant, lease: first.lease };
    assert!(stage.ask(call, back).await.is_none());
    assert!(stage.next(&found, call, vec![]).await.is_ok(), "free again");
}

#[tokio::test]
async fn each_call_begins_with_the_next_buyer() {
    let stage = Stage::new().await;
    let found = stage.found("direct").await;
    let mut first = Vec::new();
    for _ in 0..6 {
        first.push(stage.next(&found, stage.world.ids.next(NOW), vec![]).await.unwrap().destination);
    }
    assert_eq!(first[..3], first[3..]);
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 3);
}

#[tokio::test]
async fn a_queue_gives_its_agent_to_one_caller_after_another() {
    let stage = Stage::new().await;
    let join = |call| stage.join(call, NOW, false, Some(1));
    let (first, second, third) = (stage.world.ids.next(NOW), stage.world.ids.next(NOW), stage.world.ids.next(NOW));
    assert!(matches!(join(first).await, Some(Answer::QueueTurn { .. })));
    let waiting = tokio::spawn(join(second));
    while stage.voice.desk().waiting().iter().all(|(.., count)| *count == 0) {
        tokio::task::yield_now().await;
    }
    assert!(matches!(join(third).await, Some(Answer::QueueFull)));
    let ended = What::Ended { cause: EndCause::Normal, by: Party::Caller, sip_status: None, detail: None };
    let over = |call| CallEvent { tenant: stage.tenant, call, sequence: 9, at: NOW, what: ended.clone() };
    stage.voice.desk().observe(&over(first));
    assert!(matches!(waiting.await.unwrap(), Some(Answer::QueueTurn { .. })), "the next one's turn");
    let left = tokio::spawn(join(third));
    while stage.voice.desk().waiting().iter().all(|(.., count)| *count == 0) {
        tokio::task::yield_now().await;
    }
    assert!(stage.ask(third, stage.leave(false)).await.is_none());
    assert!(left.await.unwrap().is_none(), "nobody waits for the answer");
}

#[tokio::test]
async fn a_caller_whose_agent_does_not_answer_keeps_the_place() {
    let stage = Stage::new().await;
    let (first, second) = (stage.world.ids.next(NOW), stage.world.ids.next(at(1)));
    assert!(matches!(stage.join(first, NOW, false, Some(1)).await, Some(Answer::QueueTurn { .. })));
    let later = tokio::spawn(stage.join(second, at(1), false, Some(1)));
    while stage.voice.desk().waiting().iter().all(|(.., count)| *count == 0) {
        tokio::task::yield_now().await;
    }
    // The queue is full by now, and the first one's place is before the second one's, who is served meanwhile.
    let failed = What::LegFailed { leg: LegId(uuid::Uuid::nil()), failure: LegFailure::NoAnswer, sip_status: None };
    let failed = CallEvent { tenant: stage.tenant, call: first, sequence: 5, at: at(2), what: failed };
    stage.voice.desk().observe(&failed);
    assert!(matches!(later.await.unwrap(), Some(Answer::QueueTurn { .. })));
    let (third, back) = (stage.world.ids.next(at(3)), stage.join(first, NOW, true, Some(1)));
    let behind = tokio::spawn(stage.join(third, at(3), false, Some(2)));
    let back = tokio::spawn(back);
    while stage.voice.desk().waiting().iter().map(|(.., count)| count).sum::<usize>() < 2 {
        tokio::task::yield_now().await;
    }
    assert!(stage.ask(second, stage.leave(false)).await.is_none());
    assert!(matches!(back.await.unwrap(), Some(Answer::QueueTurn { .. })), "the one who waits longest");
    assert!(!behind.is_finished());
    // Served, the agent stays with the caller; gone before being served, the agent is free at once.
    assert!(stage.ask(first, stage.leave(true)).await.is_none());
    tokio::task::yield_now().await;
    assert!(!behind.is_finished());
    assert!(stage.ask(first, stage.leave(false)).await.is_none());
    assert!(matches!(behind.await.unwrap(), Some(Answer::QueueTurn { .. })));
}

#[tokio::test]
async fn a_quota_closes_the_tenant_until_there_is_room() {
    let stage = Stage::new().await;
    let number = DEMO_NUMBERS.iter().find(|number| number.name == "direct").unwrap().number;
    let quotas = &stage.world.directory.quotas;
    let none = TenantQuota::none(stage.tenant, NOW);
    let is_open = async || {
        stage.voice.refresh().await.unwrap();
        stage.voice.refresh_minutes(NOW).await.unwrap();
        match stage.find(number).await {
            Answer::Flow(found) => {
                // As at the call's end.
                if let Some(lease) = found.lease {
                    stage.world.store.release_lease(lease, NOW).await.unwrap();
                }
                true
            }
            _ => false,
        }
    };
    assert!(is_open().await);
    quotas.put_quota(&TenantQuota { concurrent_calls_max: Some(1), ..none }).await.unwrap();
    assert!(is_open().await);
    let running: CallId = stage.world.ids.next(NOW);
    stage.world.store.usage().set_live(stage.tenant, running, true);
    assert!(!is_open().await, "one runs, one may");
    let exception = QuotaOverride {
        id: stage.world.ids.next(NOW),
        tenant: stage.tenant,
        quota: QuotaKind::ConcurrentCalls,
        value: Some(2),
        reason: "sale".into(),
        expires_at: Some(at(10)),
        created_by: None,
        created_at: NOW,
    };
    quotas.add_override(&exception).await.unwrap();
    assert!(is_open().await);
    assert!(quotas.remove_override(TenantScope::of(stage.tenant), exception.id).await.unwrap());
    assert!(!is_open().await);
    stage.world.store.usage().set_live(stage.tenant, running, false);
    assert!(is_open().await);
}

#[tokio::test]
async fn minutes_of_the_day_are_limited() {
    let stage = Stage::new().await;
    let number = DEMO_NUMBERS.iter().find(|number| number.name == "direct").unwrap().number;
    // A call of 125 s, of the demo's tenant.
    let mut events = stage.world.call(None);
    events.iter_mut().for_each(|event| event.tenant = stage.tenant);
    stage.world.store.append(events).await.unwrap();
    let quotas = &stage.world.directory.quotas;
    for (minutes, is_open) in [(3, true), (2, false)] {
        let quota = TenantQuota { minutes_per_day_max: Some(minutes), ..TenantQuota::none(stage.tenant, NOW) };
        quotas.put_quota(&quota).await.unwrap();
        stage.voice.refresh().await.unwrap();
        stage.voice.refresh_minutes(NOW).await.unwrap();
        assert_eq!(matches!(stage.find(number).await, Answer::Flow(_)), is_open, "{minutes}");
    }
    // Tomorrow there is room again.
    stage.voice.refresh_minutes(at(2 * 86_400)).await.unwrap();
    assert!(matches!(stage.find(number).await, Answer::Flow(_)));
}

/// A trunk for calls out, tried in the order of `priority`.
async fn trunk(stage: &Stage, priority: i32, calls_max: Option<u32>) -> Trunk {
    let (scope, directory) = (TenantScope::of(stage.tenant), &stage.world.directory);
    let known = directory.trunks.list(scope, &TrunkFilter::default(), &PageRequest::default()).await.unwrap();
    let outbound = OutboundTrunk {
        priority,
        transport: TrunkTransport::Udp,
        username: None,
        sealed_password: None,
        number_format: NumberFormat::E164,
        number_prefix: String::new(),
        caller_id: None,
        caller_id_source: CallerIdSource::Caller,
        asserts_identity: true,
    };
    let new = Trunk {
        id: stage.world.ids.next(NOW),
        name: format!("trunk {priority}"),
        host: format!("carrier{priority}.example"),
        outbound: Some(outbound),
        source_cidrs: vec![],
        concurrent_calls_max: calls_max,
        ..known.items.last().unwrap().clone()
    };
    directory.trunks.insert(scope, &new).await.unwrap();
    new
}

/// The demo's number with one buyer, who from now on has a telephone.
async fn with_a_telephone(stage: &Stage, own: Option<TrunkId>) -> Endpoint {
    let (scope, directory) = (TenantScope::of(stage.tenant), &stage.world.directory);
    let all = directory.endpoints.list(scope, &EndpointFilter::default(), &PageRequest::default()).await.unwrap();
    let hazel = all.items.into_iter().find(|endpoint| endpoint.destination.contains("hazel")).unwrap();
    let changed = Endpoint { kind: EndpointType::Pstn, destination: "+15557654321".into(), trunk: own, ..hazel };
    let saved = directory.endpoints.save(scope, &changed, NOW).await.unwrap();
    stage.voice.refresh().await.unwrap();
    saved
}

fn over(stage: &Stage, found: &FlowFound, tried_lines: Vec<(EndpointId, TrunkId)>) -> Ask {
    let Ask::NextBuyer(mut search) = stage.search(found, stage.world.ids.next(NOW), vec![]) else { panic!() };
    search.tried_lines = tried_lines;
    Ask::NextBuyer(search)
}

#[tokio::test]
async fn a_number_goes_over_the_trunks_in_order_and_never_over_more_than_they_carry() {
    let stage = Stage::new().await;
    let (second, first) = (trunk(&stage, 2, None).await, trunk(&stage, 1, Some(1)).await);
    let endpoint = with_a_telephone(&stage, None).await;
    let found = stage.found("fast").await;
    let ask = async |tried| stage.ask(stage.world.ids.next(NOW), over(&stage, &found, tried)).await;
    let line = async |tried| match ask(tried).await {
        Some(Answer::Offer { offer, .. }) => offer.line.unwrap(),
        other => panic!("{other:?}"),
    };
    let taken = line(vec![]).await;
    assert_eq!((taken.trunk, taken.uri.as_str()), (first.id, "sip:+15557654321@carrier1.example:5070"));
    assert_eq!(taken.caller_id.as_deref(), Some("+12125550199"));
    assert_eq!(line(vec![]).await.trunk, second.id, "the first carries one call at once");
    let full = ask(vec![(endpoint.id, second.id)]).await;
    let Some(Answer::NoOffer { all_busy: true, ranking, .. }) = full else { panic!("{full:?}") };
    assert_eq!(ranking.rejected[0].reason, RejectReason::TrunkFull, "{ranking:?}");
    let tried = ask(vec![(endpoint.id, second.id), (endpoint.id, first.id)]).await;
    let Some(Answer::NoOffer { all_busy: false, ranking, .. }) = tried else { panic!("{tried:?}") };
    assert_eq!(ranking.rejected[0].reason, RejectReason::NoTrunk, "{ranking:?}");
    with_a_telephone_of(&stage, &endpoint, second.id).await;
    let own = ask(vec![(endpoint.id, second.id)]).await;
    assert!(matches!(own, Some(Answer::NoOffer { .. })), "its own trunk alone: {own:?}");
}

async fn with_a_telephone_of(stage: &Stage, endpoint: &Endpoint, own: TrunkId) {
    let scope = TenantScope::of(stage.tenant);
    let changed = Endpoint { trunk: Some(own), ..endpoint.clone() };
    stage.world.directory.endpoints.save(scope, &changed, NOW).await.unwrap();
    stage.voice.refresh().await.unwrap();
}

/// Somebody is to be called for the campaign of this number.
fn to_call(stage: &Stage, found: &FlowFound, call: CallId, tried: Vec<TrunkId>) -> Ask {
    Ask::NextLine(Box::new(LineSearch {
        call,
        tenant: stage.tenant,
        campaign: found.campaign.unwrap(),
        to: "+12125550147".parse().unwrap(),
        from: found.dialled.clone(),
        consent_token: None,
        tried,
        rings: std::time::Duration::from_secs(30),
        now: NOW,
    }))
}

#[tokio::test]
async fn somebody_is_called_over_the_trunks_in_order_and_never_over_more_than_they_carry() {
    let stage = Stage::new().await;
    let (second, first) = (trunk(&stage, 2, Some(1)).await, trunk(&stage, 1, Some(1)).await);
    stage.voice.refresh().await.unwrap();
    let direct = stage.found("direct").await;
    let campaign = FindCampaign {
        tenant: stage.tenant,
        campaign: direct.campaign.unwrap(),
        number: direct.number,
        from: direct.dialled.clone(),
    };
    let found = stage.ask(stage.world.ids.next(NOW), Ask::FindCampaign(campaign.clone())).await;
    let Some(Answer::Flow(found)) = found else { panic!("{found:?}") };
    assert_eq!((found.flow, found.number, found.lease), (direct.flow, direct.number, None));
    let nobodys = FindCampaign { campaign: stage.world.ids.next(NOW), ..campaign };
    let found_none = stage.ask(stage.world.ids.next(NOW), Ask::FindCampaign(nobodys)).await;
    assert!(matches!(found_none, Some(Answer::NoFlow(NoFlow::NotPublished))), "{found_none:?}");

    let ask = async |tried| {
        stage.ask(stage.world.ids.next(NOW), to_call(&stage, &found, stage.world.ids.next(NOW), tried)).await
    };
    let line = async |tried| match ask(tried).await {
        Some(Answer::Line { line, lease, verdict: None }) => (*line, lease),
        other => panic!("{other:?}"),
    };
    let (taken, lease) = line(vec![]).await;
    assert_eq!((taken.trunk, taken.uri.as_str()), (first.id, "sip:+12125550147@carrier1.example:5070"));
    assert_eq!(taken.caller_id.as_deref(), Some(found.dialled.as_str()));
    assert_eq!(line(vec![]).await.0.trunk, second.id, "the first carries one call at once");
    assert!(matches!(ask(vec![]).await, Some(Answer::NoLine { why: NoLine::NoTrunk, .. })), "both are full");
    stage.ask(stage.world.ids.next(NOW), Ask::GiveBack { tenant: stage.tenant, lease }).await;
    assert!(matches!(ask(vec![first.id]).await, Some(Answer::NoLine { .. })), "it was tried");
    assert_eq!(line(vec![]).await.0.trunk, first.id, "there is room again");
}

#[tokio::test]
async fn nobody_is_called_whom_compliance_protects() {
    let stage = Stage::new().await;
    trunk(&stage, 1, None).await;
    stage.voice.refresh().await.unwrap();
    let found = stage.found("direct").await;
    let gate = Arc::new(Gate::new(Arc::new(stage.world.store.clone())));
    let shared = Arc::new(stage.world.store.clone());
    let voice = Voice::new(shared.clone(), shared, stage.world.store.usage(), stage.world.ids.clone()).with_gate(gate);
    voice.refresh().await.unwrap();
    let reason = async || {
        let call = stage.world.ids.next(NOW);
        match voice.answer(Token { call, number: 0 }, to_call(&stage, &found, call, vec![]), NOW).await {
            Some(Answer::NoLine { why: NoLine::Forbidden, verdict: Some(verdict) }) => (verdict.path, verdict.reason),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(reason().await, (CompliancePath::Outbound, ComplianceReason::DataUnavailable), "nothing was read yet");
    voice.refresh_gate(NOW).await.unwrap();
    assert_eq!(reason().await, (CompliancePath::Outbound, ComplianceReason::NoConsent), "nobody agreed");
}

#[tokio::test]
async fn a_number_compliance_forbids_is_not_dialled() {
    let stage = Stage::new().await;
    trunk(&stage, 1, None).await;
    with_a_telephone(&stage, None).await;
    let gate = Arc::new(Gate::new(Arc::new(stage.world.store.clone())));
    let shared = Arc::new(stage.world.store.clone());
    let voice = Voice::new(shared.clone(), shared, stage.world.store.usage(), stage.world.ids.clone()).with_gate(gate);
    voice.refresh().await.unwrap();
    voice.refresh_gate(NOW).await.unwrap();
    let found = stage.found("fast").await;
    let ask = async || {
        voice.answer(Token { call: stage.world.ids.next(NOW), number: 0 }, over(&stage, &found, vec![]), NOW).await
    };
    let Some(Answer::Offer { screened, .. }) = ask().await else { panic!("no list forbids it") };
    assert_eq!((screened[0].path, screened[0].consumer.as_str()), (CompliancePath::Transfer, "+15557654321"));
    asks_for_consent(&stage).await;
    voice.refresh_gate(NOW).await.unwrap();
    let refused = ask().await;
    let Some(Answer::NoOffer { ranking, screened, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!((screened[0].allowed, screened[0].reason), (false, ComplianceReason::NoConsent));
    assert_eq!(ranking.rejected[0].reason, RejectReason::Compliance, "{ranking:?}");
}

/// A policy that lets calls be passed on to numbers whose people agreed.
async fn asks_for_consent(stage: &Stage) {
    let policy = CompliancePolicy {
        id: stage.world.ids.next(NOW),
        tenant: stage.tenant,
        campaign: None,
        version: 1,
        policy: compliance::Policy {
            transfers: compliance::Rules { dnc: false, consent: true, calling_hours: false },
            ..compliance::Policy::default()
        },
        created_at: NOW,
        updated_at: NOW,
    };
    let scope = TenantScope::of(stage.tenant);
    stage.world.directory.compliance_policies.insert(scope, &policy).await.unwrap();
}

#[tokio::test]
async fn a_number_in_a_sip_uri_is_screened_and_a_name_is_not() {
    let stage = Stage::new().await;
    let endpoint = with_a_telephone(&stage, None).await;
    let (scope, directory) = (TenantScope::of(stage.tenant), &stage.world.directory);
    asks_for_consent(&stage).await;
    let gate = Arc::new(Gate::new(Arc::new(stage.world.store.clone())));
    let shared = Arc::new(stage.world.store.clone());
    let voice = Voice::new(shared.clone(), shared, stage.world.store.usage(), stage.world.ids.clone()).with_gate(gate);
    voice.refresh_gate(NOW).await.unwrap();
    let found = stage.found("fast").await;
    let mut endpoint = Endpoint { kind: EndpointType::Sip, ..endpoint };
    for (destination, screened_as) in [
        ("sip:+15557654321@carrier.example", Some("+15557654321")),
        ("sip:5557654321@carrier.example", Some("+15557654321")),
        ("sip:7654321@carrier.example;user=phone", Some("+7654321")),
        ("sip:desk@carrier.example", None),
    ] {
        endpoint.destination = destination.to_owned();
        endpoint = directory.endpoints.save(scope, &endpoint, endpoint.updated_at).await.unwrap();
        voice.refresh().await.unwrap();
        let token = Token { call: stage.world.ids.next(NOW), number: 0 };
        let (screened, is_offered) = match voice.answer(token, over(&stage, &found, vec![]), NOW).await {
            Some(Answer::NoOffer { screened, .. }) => (screened, false),
            Some(Answer::Offer { screened, .. }) => (screened, true),
            other => panic!("{destination}: {other:?}"),
        };
        let consumer = screened.first().map(|verdict| verdict.consumer.as_str());
        assert_eq!((consumer, is_offered), (screened_as, screened_as.is_none()), "{destination}");
    }
}

/// How many of `count` calls over `trunk` are let in at the same moment, by two processes that know nothing of each other's calls; and
/// the leases they hold.
async fn let_in(stage: &Stage, trunk: Option<TrunkId>, count: usize) -> Vec<LeaseId> {
    let number = DEMO_NUMBERS.iter().find(|number| number.name == "direct").unwrap().number;
    let mut voices = Vec::new();
    for _ in 0..2 {
        let shared = Arc::new(stage.world.store.clone());
        let voice = Arc::new(Voice::new(shared.clone(), shared, Arc::new(UsageBoard::new()), stage.world.ids.clone()));
        voice.refresh().await.unwrap();
        voices.push(voice);
    }
    let mut asking = tokio::task::JoinSet::new();
    for index in 0..count {
        let (voice, call) = (voices[index % 2].clone(), stage.world.ids.next(NOW));
        let caller = "+12125550199".to_owned();
        let find = FindFlow { tenant: stage.tenant, trunk, dialled: number.into(), caller };
        asking.spawn(async move { voice.answer(Token { call, number: 0 }, Ask::FindFlow(find), NOW).await });
    }
    let mut held = Vec::new();
    for answer in asking.join_all().await {
        match answer {
            Some(Answer::Flow(found)) => held.extend(found.lease),
            Some(Answer::NoFlow(NoFlow::TenantClosed)) => {}
            other => panic!("{other:?}"),
        }
    }
    held
}

#[tokio::test]
async fn calls_at_once_never_pass_the_limit_of_their_tenant_or_trunk() {
    let stage = Stage::new().await;
    assert_eq!(let_in(&stage, None, 4).await, [], "no limit, no lease");
    let limit = TenantQuota { concurrent_calls_max: Some(7), ..TenantQuota::none(stage.tenant, NOW) };
    stage.world.directory.quotas.put_quota(&limit).await.unwrap();
    let held = let_in(&stage, None, 60).await;
    assert_eq!(held.len(), 7);
    assert_eq!(let_in(&stage, None, 20).await, [], "full");
    for lease in &held[..2] {
        stage.world.store.release_lease(*lease, NOW).await.unwrap();
    }
    assert_eq!(let_in(&stage, None, 20).await.len(), 2, "what ended makes room");
    let (scope, directory) = (TenantScope::of(stage.tenant), &stage.world.directory);
    directory.quotas.put_quota(&TenantQuota { concurrent_calls_max: Some(1_000), ..limit }).await.unwrap();
    let known = directory.trunks.list(scope, &TrunkFilter::default(), &PageRequest::default()).await.unwrap();
    let trunk = Trunk { concurrent_calls_max: Some(3), ..known.items.last().unwrap().clone() };
    directory.trunks.save(scope, &trunk, NOW).await.unwrap();
    assert_eq!(let_in(&stage, Some(trunk.id), 40).await.len(), 3, "its trunk's");
    assert_eq!(let_in(&stage, None, 5).await.len(), 5, "others are not held up");
}

#[tokio::test]
async fn the_room_of_a_call_ends_with_it() {
    let stage = Stage::new().await;
    let limit = TenantQuota { concurrent_calls_max: Some(1), ..TenantQuota::none(stage.tenant, NOW) };
    stage.world.directory.quotas.put_quota(&limit).await.unwrap();
    stage.voice.refresh().await.unwrap();
    let number = DEMO_NUMBERS.iter().find(|number| number.name == "direct").unwrap().number;
    // Let in, and over before anything is kept of it but its begin and end.
    let mut events = stage.world.call(None);
    events.iter_mut().for_each(|event| event.tenant = stage.tenant);
    let find = || {
        let caller = "+12125550199".to_owned();
        Ask::FindFlow(FindFlow { tenant: stage.tenant, trunk: None, dialled: number.into(), caller })
    };
    let found = stage.ask(events[0].call, find()).await;
    assert!(matches!(found, Some(Answer::Flow(found)) if found.lease.is_some()));
    let held = || stage.world.store.usage().read().counters.get(&Holder::Tenant(stage.tenant)).map(|held| held.active);
    assert_eq!(held(), Some(1));
    assert!(matches!(stage.ask(stage.world.ids.next(NOW), find()).await, Some(Answer::NoFlow(_))));
    stage.world.store.append(events).await.unwrap();
    assert_eq!(held(), Some(0), "free at the call's end");
}
