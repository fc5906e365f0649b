//! Two workers on one database: each due run is done once.
#![expect(clippy::unwrap_used, reason = "what fails here is the test's to report")]

use std::{
    error::Error,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::Timestamp;
use operations::{Pace, Schedules as _};
use store::{Store, StoreConfig};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle};
use worker::{Chore, Clock, Scheduler, WorkerHealth};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const MINUTE: Duration = Duration::from_secs(60);
/// How often workers look here; the clock they see stands still until the test moves it.
const LOOK: Duration = Duration::from_millis(5);
/// Many looks of both.
const WHILE: Duration = Duration::from_millis(150);
/// For a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(30);

fn config(folder: &TempDir) -> StoreConfig {
    let Ok(server) = std::env::var("HOPWHISTLE_TEST_POSTGRES") else {
        return StoreConfig::new(format!("sqlite://{}", folder.path().join("test.db").display()), [7; 32]);
    };
    let name: String = folder.path().display().to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    StoreConfig::new(format!("{server}/{name}"), [7; 32])
}

/// Notes who ran when; fails while it is told to.
struct Noting {
    by: &'static str,
    runs: Arc<Mutex<Vec<(&'static str, Timestamp)>>>,
    failures_left: Arc<AtomicU64>,
    takes: Duration,
}

#[async_trait]
impl Chore for Noting {
    fn name(&self) -> &'static str {
        "noting"
    }

    fn pace(&self) -> Pace {
        Pace::Every(MINUTE)
    }

    async fn run(&self, now: Timestamp) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.runs.lock().unwrap().push((self.by, now));
        tokio::time::sleep(self.takes).await;
        let fails = self.failures_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if fails.is_ok() { Err("the disk is full".into()) } else { Ok(()) }
    }
}

/// Two workers, each with its own connections.
struct Pair {
    folder: TempDir,
    store: Store,
    now: Arc<AtomicI64>,
    runs: Arc<Mutex<Vec<(&'static str, Timestamp)>>>,
    failures_left: Arc<AtomicU64>,
    health: Arc<WorkerHealth>,
    stop: watch::Sender<bool>,
    loops: Vec<JoinHandle<()>>,
}

impl Pair {
    /// Not started yet.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, _writer) = Store::open(&config(&folder), NOW).await.unwrap();
        let now = Arc::new(AtomicI64::new(NOW.micros()));
        let (stop, _) = watch::channel(false);
        let (runs, failures_left, health) = (Arc::default(), Arc::default(), Arc::default());
        Self { folder, store, now, runs, failures_left, health, stop, loops: Vec::new() }
    }

    /// Starts a worker, and waits until its schedule is in the table: only from then on does a run come due.
    async fn start(&mut self, by: &'static str, takes: Duration) {
        let (store, _writer) = Store::open(&config(&self.folder), NOW).await.unwrap();
        let now = self.now.clone();
        let clock: Clock = Arc::new(move || Timestamp::from_micros(now.load(Ordering::SeqCst)));
        let mut scheduler = Scheduler::new(Arc::new(store), clock, self.health.clone());
        scheduler.look_every = LOOK;
        let (runs, failures_left) = (self.runs.clone(), self.failures_left.clone());
        let chore = Arc::new(Noting { by, runs, failures_left, takes });
        self.loops.extend(scheduler.start(vec![chore], &self.stop.subscribe()));
        let registered = async {
            while self.store.list_schedules().await.unwrap().is_empty() {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, registered).await.unwrap();
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst))
    }

    fn pass(&self, span: Duration) {
        self.now.store(self.now().after(span).micros(), Ordering::SeqCst);
    }

    fn times(&self) -> Vec<Timestamp> {
        self.runs.lock().unwrap().iter().map(|(_, at)| *at).collect()
    }

    /// Waits for so many runs in all, and sees that no more follow.
    async fn expect(&self, count: usize) {
        let waiting = async {
            while self.times().len() < count {
                tokio::time::sleep(LOOK).await;
            }
        };
        let _ = tokio::time::timeout(PATIENCE, waiting).await;
        tokio::time::sleep(WHILE).await;
        assert_eq!(self.times().len(), count, "{:?}", self.runs.lock().unwrap());
    }

    async fn stop(&mut self) {
        self.stop.send_replace(true);
        for running in self.loops.drain(..) {
            running.await.unwrap();
        }
        self.stop.send_replace(false);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_due_run_is_done_once_however_many_workers_there_are() {
    let mut pair = Pair::new().await;
    pair.start("one", Duration::from_millis(20)).await;
    pair.start("two", Duration::from_millis(20)).await;
    pair.expect(0).await;
    let mut due = Vec::new();
    for run in 1..=10 {
        pair.pass(MINUTE);
        due.push(pair.now());
        pair.expect(run).await;
    }
    assert_eq!(pair.times(), due);
    pair.stop().await;
    assert_eq!((pair.health.figures().runs, pair.health.figures().runs_failed), (10, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_missed_while_no_worker_lived_are_made_up_for_by_one_at_the_start() {
    let mut pair = Pair::new().await;
    pair.start("one", Duration::ZERO).await;
    pair.pass(MINUTE);
    pair.expect(1).await;
    pair.stop().await;
    pair.pass(MINUTE * 60 * 24 * 3);
    pair.start("one", Duration::ZERO).await;
    pair.start("two", Duration::ZERO).await;
    pair.expect(2).await;
    pair.pass(MINUTE);
    pair.expect(3).await;
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_noted_and_a_run_cut_off_by_the_end_is_due_at_once() {
    let mut pair = Pair::new().await;
    pair.failures_left.store(1, Ordering::SeqCst);
    pair.start("one", Duration::ZERO).await;
    pair.pass(MINUTE);
    pair.expect(1).await;
    let failed = &pair.store.list_schedules().await.unwrap()[0];
    assert_eq!(failed.last_error.as_deref(), Some("the disk is full"));
    assert_eq!(failed.next_run_at, pair.now().after(MINUTE), "the next is due before it would be tried again");
    assert_eq!(pair.health.figures().runs_failed, 1);
    pair.stop().await;
    pair.start("slow", PATIENCE * 10).await;
    pair.pass(MINUTE);
    pair.expect(2).await;
    pair.stop().await;
    let cut = &pair.store.list_schedules().await.unwrap()[0];
    assert_eq!((cut.next_run_at, cut.leased_until), (pair.now(), None));
    assert!(cut.last_error.as_deref().unwrap().contains("cut off"), "{cut:?}");
    pair.start("two", Duration::ZERO).await;
    pair.expect(3).await;
    assert_eq!(pair.store.list_schedules().await.unwrap()[0].last_error, None);
    pair.stop().await;
}
