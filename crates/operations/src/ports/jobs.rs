//! Background work, committed with the data it is about.

use std::time::Duration;

use async_trait::async_trait;
use domain::{CallId, JobId, TenantId, Timestamp};

use crate::{StoreError, text_enum::text_enum};

text_enum! {
    /// What a job does.
    JobKind {
        /// Turn an ended call into a CDR, a charge and postings.
        Settle = "settle",
    }
}

/// Attempts before a job is given up.
pub const JOB_ATTEMPTS_MAX: u32 = 12;

/// A job to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Unique. While a job of this key waits it absorbs the next one; while it runs it will run once more.
    pub key: String,
    /// What.
    pub kind: JobKind,
    /// For whom.
    pub tenant: TenantId,
    /// About which call.
    pub call: CallId,
    /// Not before.
    pub run_at: Timestamp,
}

/// What names a job as it was when it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobTicket {
    /// Id.
    pub id: JobId,
    /// Counts what it has absorbed; finishing an older one leaves it to run again.
    pub generation: u32,
}

/// A job somebody works on until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Which.
    pub ticket: JobTicket,
    /// What.
    pub kind: JobKind,
    /// For whom.
    pub tenant: TenantId,
    /// About which call.
    pub call: CallId,
    /// 1 on the first attempt.
    pub attempt: u32,
}

/// How the queue stands, for health and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// May run now.
    pub ready: u64,
    /// Wait for their time: retries.
    pub waiting: u64,
    /// Somebody works on them.
    pub running: u64,
    /// Given up; need a person.
    pub dead: u64,
    /// When the oldest ready one became ready.
    pub oldest_ready_at: Option<Timestamp>,
}

/// Storage of jobs.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Takes up to `count_max` jobs that are ready, or whose worker let the lease pass, for `lease`.
    async fn take_jobs(&self, now: Timestamp, lease: Duration, count_max: u32) -> Result<Vec<Job>, StoreError>;
    /// Removes a job that is done. Jobs done by a settlement are removed with it.
    async fn finish_job(&self, ticket: JobTicket) -> Result<(), StoreError>;
    /// Puts a failed job back until `retry_at`, or to the dead letters.
    async fn fail_job(&self, id: JobId, error: &str, retry_at: Option<Timestamp>) -> Result<(), StoreError>;
    /// How the queue stands.
    async fn job_counts(&self, now: Timestamp) -> Result<JobCounts, StoreError>;
    /// Wakes every dead letter for another round; answers how many.
    async fn revive_dead_jobs(&self, now: Timestamp) -> Result<u64, StoreError>;
}
