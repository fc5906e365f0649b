//! A tenant's jobs as its people see them, and their retry by hand.
#![expect(clippy::unwrap_used, reason = "what fails here is the test's to report")]

mod support;

use std::{sync::Arc, time::Duration};

use domain::TenantId;
use operations::*;
use store::MemoryBus;
use support::{World, at};

const SPAN: Duration = Duration::from_secs(60);
/// When the jobs of these calls are ready.
const LATER: i64 = 1_000;

/// A world with the jobs of that many calls, none begun.
async fn world(calls: usize) -> World {
    let world = World::new().await;
    let recorder = Recorder::new(Arc::new(world.store.clone()), Arc::new(MemoryBus::new(8)), None);
    for _ in 0..calls {
        recorder.record(world.call(None)).await.unwrap();
    }
    world
}

async fn listed(world: &World, status: Option<JobStatus>, page: &PageRequest, now: i64) -> Page<JobRow> {
    let filter = JobFilter { status, kind: Some(JobKind::Settle) };
    world.directory.jobs.list_jobs(world.scope, filter, page, at(now)).await.unwrap()
}

#[tokio::test]
async fn every_job_is_in_one_status_and_the_counts_agree() {
    let world = world(4).await;
    let taken = world.store.take_jobs(at(LATER), SPAN, 3).await.unwrap();
    world.store.fail_job(taken[0].ticket.id, "a card is missing", Some(at(LATER + 30))).await.unwrap();
    world.store.fail_job(taken[1].ticket.id, "never", None).await.unwrap();
    let elsewhere = TenantScope::of(TenantId(uuid::Uuid::from_u128(77)));
    // At first each stands elsewhere; later the retry is due, and last the lease has passed.
    for (second, expected) in [(0, [1, 1, 1, 1]), (30, [2, 0, 1, 1]), (60, [3, 0, 0, 1])] {
        let now = LATER + second;
        let counts = world.directory.jobs.count_jobs(world.scope, at(now)).await.unwrap();
        assert_eq!([counts.ready, counts.waiting, counts.running, counts.dead], expected, "{second}");
        for (status, count) in JobStatus::ALL.iter().zip(expected) {
            let found = listed(&world, Some(*status), &PageRequest::default(), now).await;
            assert_eq!(
                (found.total, found.items.len() as u64),
                (Some(Total::known(count)), count),
                "{status} at {second}"
            );
            assert!(found.items.iter().all(|job| job.status(at(now)) == *status), "{status} at {second}");
        }
        assert_eq!(world.store.job_counts(at(now)).await.unwrap(), counts, "there is no other tenant");
        let none = world.directory.jobs.count_jobs(elsewhere, at(now)).await.unwrap();
        assert_eq!(none, JobCounts::default());
    }
    let dead = &listed(&world, Some(JobStatus::Dead), &PageRequest::default(), LATER).await.items[0];
    assert_eq!((dead.call, dead.attempt, dead.error.as_deref()), (taken[1].call, 1, Some("never")));
    assert!(world.directory.jobs.find_job(world.scope, dead.id).await.unwrap().is_some());
    assert!(world.directory.jobs.find_job(elsewhere, dead.id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_list_goes_on_where_it_was_while_jobs_come_and_go() {
    let world = world(5).await;
    let all = listed(&world, None, &PageRequest::number(1, 10), LATER).await.items;
    let first = listed(&world, None, &PageRequest::number(1, 2), LATER).await;
    let taken = world.store.take_jobs(at(LATER), SPAN, 10).await.unwrap();
    let third = taken.iter().find(|job| job.ticket.id == all[2].id).unwrap();
    world.store.finish_job(third.ticket).await.unwrap();
    world.store.fail_job(all[0].id, "no", Some(at(9_000))).await.unwrap();
    let second = listed(&world, None, &PageRequest::after(first.next.unwrap(), 2), LATER).await;
    let ids: Vec<_> = first.items.iter().chain(&second.items).map(|job| job.id).collect();
    assert_eq!(ids, [all[0].id, all[1].id, all[3].id, all[4].id]);
    assert_eq!((second.total, second.next), (None, None));
}

#[tokio::test]
async fn a_retry_by_hand_makes_it_ready_with_all_its_attempts() {
    let world = world(1).await;
    let (store, jobs) = (&world.store, &world.directory.jobs);
    let id = store.take_jobs(at(LATER), SPAN, 1).await.unwrap()[0].ticket.id;
    let refused = jobs.retry_job(world.scope, id, at(LATER)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { entity: "job", .. }), "a worker has it: {refused}");
    for retry_at in [None, Some(at(LATER + 600))] {
        store.fail_job(id, "no rates", retry_at).await.unwrap();
        assert!(store.take_jobs(at(LATER + 1), SPAN, 1).await.unwrap().is_empty());
        let JobRetry { before, after } = jobs.retry_job(world.scope, id, at(LATER + 1)).await.unwrap();
        assert_ne!(before.status(at(LATER + 1)), JobStatus::Ready);
        assert_eq!((after.status(at(LATER + 1)), after.attempt), (JobStatus::Ready, 0));
        assert_eq!(after.error.as_deref(), Some("no rates"), "the last failure stays to be read");
        assert_eq!(jobs.find_job(world.scope, id).await.unwrap().unwrap(), after);
        let again = jobs.retry_job(world.scope, id, at(LATER + 2)).await.unwrap();
        assert_eq!(again.before, again.after, "it was ready already");
        assert_eq!(store.take_jobs(at(LATER + 1), SPAN, 1).await.unwrap()[0].attempt, 1);
    }
    let elsewhere = TenantScope::of(TenantId(uuid::Uuid::from_u128(77)));
    let refused = jobs.retry_job(elsewhere, id, at(LATER + 90)).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotFound("job")), "{refused}");
}
