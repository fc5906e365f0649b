//! Periodic work of the whole installation: of several workers one does each run.

use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;

use crate::{StoreError, text_enum::text_enum};

const DAY: Duration = Duration::from_secs(86_400);

/// When something is done again and again. Counted from the epoch, so that every worker has the same times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At every multiple of this span, which is at least a microsecond.
    Every(Duration),
    /// Once a day, so many seconds after midnight UTC.
    DailyAt(u32),
}

impl Pace {
    /// The first time after `now`.
    pub fn next_after(self, now: Timestamp) -> Timestamp {
        let (span, offset) = match self {
            Self::Every(span) => (span, Duration::ZERO),
            Self::DailyAt(seconds) => (DAY, Duration::from_secs(u64::from(seconds))),
        };
        let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        let (span, since) = (micros(span).max(1), now.before(offset).micros());
        let next = since.div_euclid(span).saturating_add(1).saturating_mul(span);
        Timestamp::from_micros(next).after(offset)
    }
}

text_enum! {
    /// What becomes of runs that came due while no worker lived.
    MissedRuns {
        /// One run stands for all of them, as soon as a worker lives.
        RunOnce = "run-once",
    }
}

/// Periodic work as it lies in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Unique.
    pub name: String,
    /// How often.
    pub pace: Pace,
    /// What becomes of missed runs.
    pub missed: MissedRuns,
    /// When it is due.
    pub next_run_at: Timestamp,
    /// Until when a worker has it, or had it and let the lease pass.
    pub leased_until: Option<Timestamp>,
    /// When the last run began.
    pub last_run_at: Option<Timestamp>,
    /// Why the last run that ended failed; none when it did not.
    pub last_error: Option<String>,
}

/// What a worker that asks for a run is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The run is the worker's until its lease ends.
    Taken,
    /// Nothing is to be done before; ask again then.
    NotBefore(Timestamp),
}

/// Storage of schedules.
#[async_trait]
pub trait Schedules: Send + Sync {
    /// Makes the schedule, or gives it another pace. A run that is due stays due, and none comes later than the pace has it.
    async fn register_schedule(&self, name: &str, pace: Pace, now: Timestamp) -> Result<(), StoreError>;
    /// Takes the run that is due, unless another worker has it.
    async fn take_run(&self, name: &str, now: Timestamp, lease: Duration) -> Result<Turn, StoreError>;
    /// Ends the run that began at `began_at`: the next is due at `next_run_at`. False when the lease had passed and somebody else
    /// began another; then nothing is written.
    async fn finish_run(
        &self,
        name: &str,
        began_at: Timestamp,
        next_run_at: Timestamp,
        error: Option<&str>,
    ) -> Result<bool, StoreError>;
    /// All of them, by name.
    async fn list_schedules(&self) -> Result<Vec<Schedule>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_time_is_after_now_and_the_same_for_everybody() {
        let at = Timestamp::from_secs;
        let half_minute = Pace::Every(Duration::from_secs(30));
        let at_three = Pace::DailyAt(3 * 3_600);
        for (pace, now, next) in [
            (half_minute, 0, 30),
            (half_minute, 29, 30),
            (half_minute, 30, 60),
            (half_minute, -1, 0),
            (at_three, 0, 10_800),
            (at_three, 10_799, 10_800),
            (at_three, 10_800, 97_200),
            (at_three, 86_400 * 365 + 20_000, 86_400 * 366 + 10_800),
        ] {
            assert_eq!(pace.next_after(at(now)), at(next), "{pace:?} {now}");
        }
        assert_eq!(Pace::Every(Duration::ZERO).next_after(at(1)), Timestamp::from_micros(1_000_001));
    }
}
