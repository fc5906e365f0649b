//! Settling: one call, one charge, whatever is replayed.
#![expect(clippy::unwrap_used, reason = "what fails here is the test's to report")]

mod support;

use std::{sync::Arc, time::Duration};

use domain::*;
use operations::*;
use store::MemoryBus;
use support::{NOW, World, at};

struct Desk {
    world: World,
    recorder: Recorder,
    settle: Settle,
}

impl Desk {
    async fn new() -> Self {
        let world = World::new().await;
        let (store, live) = (Arc::new(world.store.clone()), Arc::new(MemoryBus::new(8)));
        let recorder = Recorder::new(store.clone(), live.clone(), None);
        let settle = Settle::new(store, live, world.ids.clone());
        Self { world, recorder, settle }
    }

    /// Does every job that is ready; answers (settled, unchanged).
    async fn work(&self) -> (usize, usize) {
        let (mut settled, mut unchanged) = (0, 0);
        loop {
            let jobs = self.world.store.take_jobs(at(1_000), Duration::from_secs(60), 10).await.unwrap();
            if jobs.is_empty() {
                return (settled, unchanged);
            }
            let settling = self.settle.settle(&jobs, at(1_000)).await.unwrap();
            assert!(settling.failed.is_empty(), "{:?}", settling.failed);
            settled += settling.settled;
            unchanged += settling.unchanged.len();
            for ticket in settling.unchanged {
                self.world.store.finish_job(ticket).await.unwrap();
            }
        }
    }

    async fn detail(&self, call: CallId) -> CallDetail {
        self.world.directory.calls.call_detail(self.world.scope, call).await.unwrap().unwrap()
    }

    async fn balances(&self) -> Vec<(String, i64)> {
        let balances = self.world.directory.books.balances(self.world.scope).await.unwrap();
        balances.into_iter().map(|balance| (balance.account, balance.amount.0)).collect()
    }
}

#[tokio::test]
async fn a_call_is_charged_once_and_corrected_when_its_recording_comes_late() {
    let desk = Desk::new().await;
    let account = desk.world.rate_card().await;
    let (buyer, endpoint) = desk.world.buyer("B1", routing::Caps::NONE).await;
    let events = desk.world.call(Some((&buyer, &endpoint, desk.world.ids.next(NOW))));
    let (call, end) = (events[0].call, events.len() - 1);
    desk.recorder.record(events[..end].to_vec()).await.unwrap();
    assert_eq!(desk.work().await, (1, 0));
    // 125 s answered: 3 minutes at 0.03 and 0.10; the buyer pays 20 after 90 s, the publisher earns 12 after 60 s.
    let money = desk.detail(call).await.row.money.unwrap();
    assert_eq!((money.cost, money.revenue, money.payout), (Micros(190_000), Micros(20_000_000), Micros(12_000_000)));
    desk.recorder.record(events[end..].to_vec()).await.unwrap();
    assert_eq!(desk.work().await, (1, 0));
    let detail = desk.detail(call).await;
    assert_eq!(detail.row.money.unwrap().cost, Micros(440_000), "0.25 for the recording");
    let total: i64 = detail
        .accruals
        .iter()
        .filter(|accrual| accrual.kind != AccrualType::SaleRevenue && accrual.kind != AccrualType::PublisherPayout)
        .map(|accrual| accrual.amount.0)
        .sum();
    assert_eq!(total, 440_000);
    assert_eq!(detail.postings.iter().map(|posting| posting.amount.0).sum::<i64>(), 0);
    let balances = desk.balances().await;
    assert!(balances.contains(&(format!("platform_payable:{}", account.id), -440_000)), "{balances:?}");
    assert!(balances.contains(&(format!("buyer_receivable:{}", buyer.id), 20_000_000)));
    assert_eq!(balances.iter().map(|(_, amount)| amount).sum::<i64>(), 0);
}

#[tokio::test]
async fn a_call_of_a_lead_is_linked_to_it() {
    let desk = Desk::new().await;
    let events = desk.world.call(None);
    let row = || async { desk.detail(events[0].call).await.row };
    desk.recorder.record(events.clone()).await.unwrap();
    let (mine, scope) = (row().await, desk.world.scope);
    let lead = |phone: &str, tenant: TenantId| Lead {
        id: desk.world.ids.next(NOW),
        tenant,
        phone: phone.parse().unwrap(),
        campaign: None,
        first_name: None,
        last_name: None,
        full_name: None,
        email: None,
        company: None,
        address: None,
        city: None,
        state: None,
        zip_code: None,
        country: None,
        lead_source: None,
        status: LeadStatus::New,
        priority: 0,
        custom_fields: serde_json::json!({}),
        notes: None,
        tags: Vec::new(),
        assigned_to: None,
        last_contacted_at: None,
        created_at: NOW,
        updated_at: NOW,
    };
    let other = support::tenant(&desk.world.ids, "other");
    desk.world.directory.tenants.insert_tenant(&other).await.unwrap();
    let (caller, stranger) = (lead(&mine.from, desk.world.tenant.id), lead("+19995550000", desk.world.tenant.id));
    let theirs = lead(&mine.from, other.id);
    let leads = &desk.world.directory.leads;
    for (scope, lead) in [(scope, &caller), (scope, &stranger), (TenantScope::of(other.id), &theirs)] {
        leads.insert(scope, lead).await.unwrap();
    }
    assert_eq!(desk.work().await, (1, 0));
    let of = async |scope, lead: &Lead| {
        let filter = CallFilter { lead: Some(lead.id), ..CallFilter::default() };
        desk.world.directory.calls.list_calls(scope, &filter, &PageRequest::default()).await.unwrap().items
    };
    assert_eq!(of(scope, &caller).await.iter().map(|row| row.id).collect::<Vec<_>>(), [mine.id]);
    assert!(of(scope, &stranger).await.is_empty());
    assert!(of(TenantScope::of(other.id), &theirs).await.is_empty(), "another tenant's lead with the same number");
    assert_eq!(leads.get(scope, caller.id).await.unwrap().last_contacted_at, mine.answered_at);
    assert!(mine.answered_at.is_some());
    // Settled once more it is still one call.
    desk.recorder.record(events.clone()).await.unwrap();
    desk.work().await;
    assert_eq!(of(scope, &caller).await.len(), 1);
}

#[tokio::test]
async fn replaying_everything_changes_nothing() {
    let desk = Desk::new().await;
    desk.world.rate_card().await;
    let (buyer, endpoint) = desk.world.buyer("B1", routing::Caps::NONE).await;
    let mut calls = Vec::new();
    for index in 0..25 {
        let sale = (index % 2 == 0).then(|| (&buyer, &endpoint, desk.world.ids.next(NOW)));
        let events = desk.world.call(sale);
        desk.recorder.record(events.clone()).await.unwrap();
        calls.push(events);
    }
    assert_eq!(desk.work().await, (25, 0));
    let before = (desk.balances().await, desk.detail(calls[0][0].call).await.postings);
    for events in &calls {
        desk.recorder.record(events.clone()).await.unwrap();
    }
    assert_eq!(desk.work().await, (0, 0), "nothing new, no job");
    // A worker that was thought dead settles the same calls once more.
    let again: Vec<Job> = calls
        .iter()
        .map(|events| Job {
            ticket: JobTicket { id: desk.world.ids.next(NOW), generation: 0 },
            kind: JobKind::Settle,
            tenant: desk.world.tenant.id,
            call: events[0].call,
            attempt: 1,
        })
        .collect();
    let settling = desk.settle.settle(&again, at(2_000)).await.unwrap();
    assert_eq!((settling.settled, settling.unchanged.len()), (0, 25));
    assert_eq!((desk.balances().await, desk.detail(calls[0][0].call).await.postings), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_on_one_call_charge_it_once() {
    let desk = Desk::new().await;
    desk.world.rate_card().await;
    let events = desk.world.call(None);
    desk.recorder.record(events.clone()).await.unwrap();
    let jobs = desk.world.store.take_jobs(at(1_000), Duration::from_secs(60), 10).await.unwrap();
    let (one, other) = tokio::join!(desk.settle.settle(&jobs, at(1_000)), desk.settle.settle(&jobs, at(1_000)));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.settled + other.settled, 1);
    assert_eq!(
        one.failed.len() + other.failed.len() + one.unchanged.len() + other.unchanged.len(),
        1,
        "the other is told"
    );
    let money = desk.detail(events[0].call).await.row.money.unwrap();
    assert_eq!((money.cost, money.revenue), (Micros(190_000), Micros::ZERO));
}

#[tokio::test]
async fn jobs_are_leased_retried_and_given_up() {
    let desk = Desk::new().await;
    desk.recorder.record(desk.world.call(None)).await.unwrap();
    let store = &desk.world.store;
    let span = Duration::from_secs(60);
    let taken = store.take_jobs(at(1_000), span, 10).await.unwrap();
    assert_eq!((taken.len(), taken[0].attempt), (1, 1));
    assert!(store.take_jobs(at(1_059), span, 10).await.unwrap().is_empty(), "leased");
    let again = store.take_jobs(at(1_060), span, 10).await.unwrap();
    assert_eq!(again[0].attempt, 2, "whoever had it is gone");
    store.fail_job(again[0].ticket.id, "no", Some(at(2_000))).await.unwrap();
    assert_eq!(store.job_counts(at(1_100)).await.unwrap().waiting, 1);
    store.fail_job(again[0].ticket.id, "never", None).await.unwrap();
    assert!(store.take_jobs(at(9_000), span, 10).await.unwrap().is_empty());
    assert_eq!(store.job_counts(at(9_000)).await.unwrap().dead, 1);
    assert_eq!(store.revive_dead_jobs(at(9_000)).await.unwrap(), 1);
    let revived = store.take_jobs(at(9_000), span, 10).await.unwrap();
    assert_eq!(revived.len(), 1);
    // A late event while it runs: finishing the old one leaves it to run once more.
    let late = CallEvent {
        tenant: desk.world.tenant.id,
        call: revived[0].call,
        sequence: 3,
        at: at(128),
        what: What::QualityMeasured { leg: None, quality: MediaQuality::default() },
    };
    desk.recorder.record(vec![late]).await.unwrap();
    store.finish_job(revived[0].ticket).await.unwrap();
    let once_more = store.take_jobs(at(9_001), span, 10).await.unwrap();
    assert_eq!(once_more.len(), 1);
    store.finish_job(once_more[0].ticket).await.unwrap();
    assert_eq!(store.job_counts(at(9_001)).await.unwrap(), JobCounts::default());
}
