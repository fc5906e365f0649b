//! Schedules: of several workers one does each run, and a run that was missed stays due.
#![expect(clippy::unwrap_used, reason = "what fails here is the test's to report")]

mod support;

use std::time::Duration;

use operations::*;
use store::Store;
use support::{NOW, at, config};

const LEASE: Duration = Duration::from_secs(60);
const MINUTE: Pace = Pace::Every(Duration::from_secs(60));

async fn row(store: &Store, name: &str) -> Schedule {
    store.list_schedules().await.unwrap().into_iter().find(|schedule| schedule.name == name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_ask_at_once_one_gets_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let (first, _one) = Store::open(&config(&folder), NOW).await.unwrap();
    let (second, _two) = Store::open(&config(&folder), NOW).await.unwrap();
    first.register_schedule("sweep", MINUTE, NOW).await.unwrap();
    let mut now = MINUTE.next_after(NOW);
    for _ in 0..20 {
        let asking = (0..8).map(|index| {
            let store = if index % 2 == 0 { first.clone() } else { second.clone() };
            tokio::spawn(async move { store.take_run("sweep", now, LEASE).await.unwrap() })
        });
        let mut taken = 0;
        for turn in asking.collect::<Vec<_>>() {
            match turn.await.unwrap() {
                Turn::Taken => taken += 1,
                Turn::NotBefore(next) => assert_eq!(next, now.after(LEASE), "while the winner is at it"),
            }
        }
        assert_eq!(taken, 1, "{now}");
        let next = MINUTE.next_after(now);
        assert!(second.finish_run("sweep", now, next, None).await.unwrap());
        assert_eq!(first.take_run("sweep", now, LEASE).await.unwrap(), Turn::NotBefore(next));
        now = next;
    }
}

#[tokio::test]
async fn a_run_of_a_worker_that_died_is_taken_over_and_its_late_end_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _writer) = Store::open(&config(&folder), NOW).await.unwrap();
    store.register_schedule("sweep", MINUTE, NOW).await.unwrap();
    let due = MINUTE.next_after(NOW);
    assert_eq!(store.take_run("sweep", due, LEASE).await.unwrap(), Turn::Taken);
    let over = due.after(LEASE);
    assert_eq!(
        store.take_run("sweep", due.after(Duration::from_secs(59)), LEASE).await.unwrap(),
        Turn::NotBefore(over)
    );
    assert_eq!(store.take_run("sweep", over, LEASE).await.unwrap(), Turn::Taken);
    assert!(!store.finish_run("sweep", due, at(9_000), Some("late")).await.unwrap());
    let taken = row(&store, "sweep").await;
    assert_eq!((taken.next_run_at, taken.last_run_at, taken.last_error), (due, Some(over), None));
    let unknown = store.take_run("other", over, LEASE).await.unwrap_err();
    assert!(matches!(unknown, StoreError::NotFound("schedule")), "{unknown}");
}

#[tokio::test]
async fn what_is_due_stays_due_when_workers_start_again_and_another_pace_counts_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _writer) = Store::open(&config(&folder), NOW).await.unwrap();
    let nightly = Pace::DailyAt(3 * 3_600);
    store.register_schedule("sweep", nightly, NOW).await.unwrap();
    let due = row(&store, "sweep").await.next_run_at;
    assert_eq!(due, nightly.next_after(NOW));
    let days_later = due.after(Duration::from_secs(5 * 86_400));
    store.register_schedule("sweep", nightly, days_later).await.unwrap();
    assert_eq!(row(&store, "sweep").await.next_run_at, due, "it was missed, and is still to be done");
    assert_eq!(store.take_run("sweep", days_later, LEASE).await.unwrap(), Turn::Taken);
    store.finish_run("sweep", days_later, nightly.next_after(days_later), None).await.unwrap();
    store.register_schedule("sweep", MINUTE, days_later).await.unwrap();
    let sweep = row(&store, "sweep").await;
    assert_eq!((sweep.pace, sweep.next_run_at), (MINUTE, MINUTE.next_after(days_later)));
}
