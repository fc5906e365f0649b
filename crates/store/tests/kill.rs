//! A process killed (SIGKILL) amid calls: whatever it was told is kept, is kept; every call gets one end and one charge.

mod support;

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use domain::*;
use operations::*;
use store::{MemoryBus, Store};
use support::{NOW, World, at, config};

const DATABASE: &str = "HOPWHISTLE_TEST_KILL_DATABASE";
/// Acknowledged events before the kill.
const EVENTS_SEEN: usize = 2_000;

/// The process that is killed: not a test of its own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test below, in a process of its own"]
async fn victim() {
    let Ok(url) = std::env::var(DATABASE) else { return };
    let (store, _writer) = Store::open(&store::StoreConfig::new(url, [9; 32]), NOW).await.unwrap();
    let world = World::new().await;
    let recorder = Recorder::new(Arc::new(store.clone()), Arc::new(MemoryBus::new(8)), None);
    store.heartbeat(SwitchId(uuid::Uuid::from_u128(1)), at(130)).await.unwrap();
    let world = Arc::new(world);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (world, recorder) = (world.clone(), recorder.clone());
        tasks.spawn(async move {
            loop {
                for event in world.call(None) {
                    let line = format!("kept {} {}", event.call, event.sequence);
                    recorder.record(vec![event]).await.unwrap();
                    println!("{line}");
                }
            }
        });
    }
    tasks.join_all().await;
}

#[tokio::test]
async fn what_was_acknowledged_survives() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["victim", "--exact", "--ignored", "--nocapture"])
        .env(DATABASE, config(&folder).url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut kept: Vec<(CallId, u32)> = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let mut words = line.split(' ').skip_while(|word| *word != "kept").skip(1);
        if let (Some(call), Some(sequence)) = (words.next(), words.next()) {
            kept.push((call.parse().unwrap(), sequence.parse().unwrap()));
        }
        if kept.len() == EVENTS_SEEN {
            child.kill().unwrap();
            break;
        }
    }
    child.wait().unwrap();
    assert_eq!(kept.len(), EVENTS_SEEN, "the victim ended by itself");

    let (store, _writer) = Store::open(&config(&folder), NOW).await.unwrap();
    let shared = Arc::new(store.clone());
    let live = Arc::new(MemoryBus::new(8));
    let recorder = Recorder::new(shared.clone(), live.clone(), None);
    let recovery = Recovery::new(shared.clone(), shared.clone(), recorder, RecoveryConfig::default());
    let ours = SwitchId(uuid::Uuid::from_u128(2));
    let closed = recovery.recover(at(200), Dead::AllBut(ours)).await.unwrap();
    assert!(closed > 0, "some calls were amid");
    let settle = Settle::new(shared.clone(), live, Arc::new(Ids::new(Seed::from_number(3))));
    loop {
        let jobs = store.take_jobs(at(1_000), Duration::from_secs(60), 100).await.unwrap();
        if jobs.is_empty() {
            break;
        }
        let settling = settle.settle(&jobs, at(1_000)).await.unwrap();
        assert_eq!((settling.settled, settling.failed.len()), (jobs.len(), 0));
    }
    // The victim's world is made of a seed, so its tenant is known.
    let scope = TenantScope::of(Ids::new(Seed::from_number(1)).next(NOW));
    let mut calls: Vec<CallId> = kept.iter().map(|(call, _)| *call).collect();
    calls.sort();
    calls.dedup();
    for call in calls {
        let events = store.events_of_call(scope, call).await.unwrap();
        let acknowledged = kept.iter().filter(|(other, _)| *other == call).map(|(_, sequence)| *sequence);
        for sequence in acknowledged {
            assert!(events.iter().any(|event| event.sequence == sequence), "{call} {sequence} was acknowledged");
        }
        let ends = events.iter().filter(|event| matches!(event.what, What::Ended { .. })).count();
        assert_eq!(ends, 1, "{call}");
        let row = store.find_call(scope, call).await.unwrap().unwrap();
        assert_eq!(row.ended_at, Cdr::from_events(&events).unwrap().ended_at);
    }
    assert_eq!(store.job_counts(at(1_000)).await.unwrap(), JobCounts::default());
}
