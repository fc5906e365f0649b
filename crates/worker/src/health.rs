//! How the worker goes, for health checks and metrics.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use domain::Timestamp;

/// Counted since the start.
#[derive(Debug, Default)]
pub struct WorkerHealth {
    settled: AtomicU64,
    retried: AtomicU64,
    dead: AtomicU64,
    expired: AtomicU64,
    recovered: AtomicU64,
    replayed: AtomicU64,
    errors: AtomicU64,
    fenced: AtomicU64,
    runs: AtomicU64,
    runs_failed: AtomicU64,
    jobs_round_at: AtomicI64,
    housekeeping_round_at: AtomicI64,
}

/// A reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerFigures {
    /// Calls settled or corrected.
    pub calls_settled: u64,
    /// Attempts that failed and will be repeated.
    pub jobs_retried: u64,
    /// Jobs given up.
    pub jobs_dead: u64,
    /// Leases that ended by themselves.
    pub leases_expired: u64,
    /// Calls closed because their switch was gone.
    pub calls_recovered: u64,
    /// Events moved from the journal to the log.
    pub events_replayed: u64,
    /// Rounds that failed.
    pub errors: u64,
    /// Heartbeats answered with the fence: this process's switch must start anew.
    pub times_fenced: u64,
    /// Scheduled runs this process did.
    pub runs: u64,
    /// Those of them that failed.
    pub runs_failed: u64,
    /// When the job loop last came round without an error; the epoch before the first time.
    pub jobs_round_at: Timestamp,
    /// The same of the housekeeping.
    pub housekeeping_round_at: Timestamp,
}

impl WorkerHealth {
    /// A reading.
    pub fn figures(&self) -> WorkerFigures {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let moment = |at: &AtomicI64| Timestamp::from_micros(at.load(Ordering::Relaxed));
        WorkerFigures {
            calls_settled: count(&self.settled),
            jobs_retried: count(&self.retried),
            jobs_dead: count(&self.dead),
            leases_expired: count(&self.expired),
            calls_recovered: count(&self.recovered),
            events_replayed: count(&self.replayed),
            errors: count(&self.errors),
            times_fenced: count(&self.fenced),
            runs: count(&self.runs),
            runs_failed: count(&self.runs_failed),
            jobs_round_at: moment(&self.jobs_round_at),
            housekeeping_round_at: moment(&self.housekeeping_round_at),
        }
    }

    pub(crate) fn add_settled(&self, count: usize) {
        self.settled.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_failed(&self, is_dead: bool) {
        if is_dead { &self.dead } else { &self.retried }.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_expired(&self, count: usize) {
        self.expired.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_recovered(&self, count: usize) {
        self.recovered.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_replayed(&self, count: usize) {
        self.replayed.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_error(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_fenced(&self) {
        self.fenced.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_run(&self, has_failed: bool) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.runs_failed.fetch_add(u64::from(has_failed), Ordering::Relaxed);
    }

    pub(crate) fn jobs_round(&self, now: Timestamp) {
        self.jobs_round_at.store(now.micros(), Ordering::Relaxed);
    }

    pub(crate) fn housekeeping_round(&self, now: Timestamp) {
        self.housekeeping_round_at.store(now.micros(), Ordering::Relaxed);
    }
}
