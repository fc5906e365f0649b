//! Jobs: settle finished calls and everything that follows a call.
//!
//! One loop takes jobs, one keeps house for this process (leases, dead switches, the journal, routing data), and one for each chore
//! does what is done once in the whole installation. They stop when told, after what they have in hand; a chore is cut off.

mod chores;
mod health;
mod housekeeping;
mod jobs;
mod schedules;

use std::{fmt, sync::Arc, time::Duration};

use domain::{SwitchId, Timestamp};
use operations::{JOB_ATTEMPTS_MAX, Jobs, Leases, Recorder, Recovery, Schedules, Settle, Voice};
use tokio::{sync::watch, task::JoinHandle};

pub use chores::{
    ForgetIdempotencyKeys, ForgetLeases, ForgetLookups, ForgetSignIns, NoticeBudgets, RepairNumberOrders, TellBudgets,
};
pub use health::{WorkerFigures, WorkerHealth};
pub use schedules::{Chore, Scheduler};

/// Reads the clock. Only the server has one.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How often and how much.
#[derive(Clone, Copy, Debug)]
pub struct WorkerConfig {
    /// Jobs settled in one transaction.
    pub jobs_at_once: u32,
    /// Pause when nothing was left to do, in which jobs gather.
    pub idle: Duration,
    /// How long a worker may sit on a job before another takes it.
    pub job_lease: Duration,
    /// Attempts before a job is given up.
    pub attempts_max: u32,
    /// Wait before the second attempt; doubled for each further one.
    pub backoff: Duration,
    /// Longest wait between attempts.
    pub backoff_max: Duration,
    /// How long jobs that are ready are still worked on after the stop.
    pub drain: Duration,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            jobs_at_once: 100,
            idle: Duration::from_millis(100),
            job_lease: Duration::from_secs(60),
            attempts_max: JOB_ATTEMPTS_MAX,
            backoff: Duration::from_millis(500),
            backoff_max: Duration::from_secs(600),
            drain: Duration::from_secs(5),
        }
    }
}

/// What the worker works with.
#[derive(Clone)]
pub struct Worker {
    /// The job queue.
    pub jobs: Arc<dyn Jobs>,
    /// Leases to end.
    pub leases: Arc<dyn Leases>,
    /// Who has which run of a chore.
    pub schedules: Arc<dyn Schedules>,
    /// What is done once in the installation.
    pub chores: Vec<Arc<dyn Chore>>,
    /// Settles calls.
    pub settle: Settle,
    /// Closes calls of dead switches.
    pub recovery: Recovery,
    /// Replays the journal.
    pub recorder: Recorder,
    /// Its snapshot is kept fresh.
    pub voice: Arc<Voice>,
    /// This process's switch run, when it has one: its sign of life is given here.
    pub switch: Option<SwitchId>,
    /// Reads the clock.
    pub clock: Clock,
    /// How often and how much.
    pub config: WorkerConfig,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("switch", &self.switch).field("config", &self.config).finish_non_exhaustive()
    }
}

/// A worker that runs.
#[derive(Debug)]
pub struct RunningWorker {
    stop: watch::Sender<bool>,
    loops: Vec<JoinHandle<()>>,
    health: Arc<WorkerHealth>,
}

impl Worker {
    /// Starts the loops. Must be called within a tokio runtime.
    pub fn start(self) -> RunningWorker {
        let (stop, stopped) = watch::channel(false);
        let health = Arc::new(WorkerHealth::default());
        let scheduler = Scheduler::new(self.schedules.clone(), self.clock.clone(), health.clone());
        let mut loops = scheduler.start(self.chores.clone(), &stopped);
        let worker = Arc::new(self);
        loops.extend([
            tokio::spawn(jobs::run(worker.clone(), health.clone(), stopped.clone())),
            tokio::spawn(housekeeping::run(worker, health.clone(), stopped)),
        ]);
        RunningWorker { stop, loops, health }
    }
}

impl RunningWorker {
    /// How it goes.
    pub fn health(&self) -> Arc<WorkerHealth> {
        Arc::clone(&self.health)
    }

    /// Stops taking new work, finishes what is in hand and what is ready, and returns.
    pub async fn stop(self) {
        // A loop that panicked is over as well.
        let _ = self.stop.send(true);
        for running in self.loops {
            let _ = running.await;
        }
    }
}

/// Waits for `span`, or less when the stop comes. True when it came.
async fn pause(span: Duration, stopped: &mut watch::Receiver<bool>) -> bool {
    tokio::time::timeout(span, stopped.wait_for(|stopped| *stopped)).await.is_ok()
}
