//! Periodic work: of several workers one does each run, and what was missed while none lived is done once at the start.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::Timestamp;
use operations::{Pace, Schedules, StoreError, Turn};
use tokio::{sync::watch, task::JoinHandle};

use crate::{Clock, WorkerHealth, pause};

/// How long a worker has a run. Whoever is at it longer is believed dead, so it is cut off before.
const LEASE: Duration = Duration::from_secs(360);
/// Longest run.
const RUN_MAX: Duration = Duration::from_secs(300);
/// A run that failed is tried again after this, unless the next is due earlier.
const AFTER_FAILURE: Duration = Duration::from_secs(300);
/// Pause after the store refused or was away.
const AFTER_ERROR: Duration = Duration::from_secs(5);
/// Longest time between two looks at a schedule: another worker may have died, or given it another pace.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Shortest.
const LOOK_MIN: Duration = Duration::from_millis(10);

/// Work that is done again and again, by one worker at a time. A run may be cut off anywhere, and be done once more.
#[async_trait]
pub trait Chore: Send + Sync {
    /// Unique in the installation.
    fn name(&self) -> &'static str;
    /// When.
    fn pace(&self) -> Pace;
    /// Does it.
    async fn run(&self, now: Timestamp) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// Sees to it that chores are done in time.
#[derive(Clone)]
pub struct Scheduler {
    /// Who has which run.
    pub schedules: Arc<dyn Schedules>,
    /// Reads the clock.
    pub clock: Clock,
    /// Longest time between two looks at a schedule.
    pub look_every: Duration,
    health: Arc<WorkerHealth>,
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler").field("look_every", &self.look_every).finish_non_exhaustive()
    }
}

impl Scheduler {
    /// Counts into `health`.
    pub fn new(schedules: Arc<dyn Schedules>, clock: Clock, health: Arc<WorkerHealth>) -> Self {
        Self { schedules, clock, look_every: LOOK_EVERY, health }
    }

    /// Starts a loop for each chore, so that a long one keeps none waiting. They end after `stopped`; a run under way is cut off
    /// and due at once for another worker. Must be called within a tokio runtime.
    pub fn start(self, chores: Vec<Arc<dyn Chore>>, stopped: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
        let start = |chore| tokio::spawn(self.clone().keep(chore, stopped.clone()));
        chores.into_iter().map(start).collect()
    }

    async fn keep(self, chore: Arc<dyn Chore>, mut stopped: watch::Receiver<bool>) {
        let mut is_registered = false;
        loop {
            let wait = match self.turn(&*chore, &mut is_registered, &mut stopped).await {
                Ok(next) => next.since((self.clock)()).max(LOOK_MIN).min(self.look_every),
                Err(error) => {
                    is_registered = false;
                    self.health.add_error();
                    tracing::warn!(chore = chore.name(), %error, "schedule");
                    AFTER_ERROR
                }
            };
            if pause(wait, &mut stopped).await {
                return;
            }
        }
    }

    /// Does the chore if it is due and nobody else does; answers when to look again.
    async fn turn(
        &self,
        chore: &dyn Chore,
        is_registered: &mut bool,
        stopped: &mut watch::Receiver<bool>,
    ) -> Result<Timestamp, StoreError> {
        let now = (self.clock)();
        if !*is_registered {
            self.schedules.register_schedule(chore.name(), chore.pace(), now).await?;
            *is_registered = true;
        }
        if let Turn::NotBefore(next) = self.schedules.take_run(chore.name(), now, LEASE).await? {
            return Ok(next);
        }
        let error = tokio::select! {
            outcome = chore.run(now) => outcome.err().map(|error| error.to_string()),
            is_stopped = pause(RUN_MAX, stopped) => {
                if is_stopped {
                    let error = Some("cut off by the end of its process");
                    self.schedules.finish_run(chore.name(), now, now, error).await?;
                    return Ok(now);
                }
                Some(format!("cut off after {} s", RUN_MAX.as_secs()))
            }
        };
        self.health.add_run(error.is_some());
        let ended = (self.clock)();
        // What came due during the run is done by it.
        let mut next = chore.pace().next_after(ended);
        if let Some(error) = &error {
            next = next.min(ended.after(AFTER_FAILURE));
            tracing::warn!(chore = chore.name(), error, %next, "a scheduled run failed");
        }
        if !self.schedules.finish_run(chore.name(), now, next, error.as_deref()).await? {
            tracing::warn!(
                chore = chore.name(),
                "a scheduled run took longer than its lease; another worker did it again"
            );
        }
        Ok(next)
    }
}
