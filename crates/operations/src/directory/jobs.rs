//! Background work as a tenant's people see it: what waits, what failed and why, and another try by hand.

use async_trait::async_trait;
use domain::{CallId, JobId, Timestamp};

use crate::{JobCounts, JobKind, Listed, Page, PageRequest, StoreError, TenantScope, text_enum::text_enum};

text_enum! {
    /// Where a job stands.
    JobStatus {
        /// May run now.
        Ready = "ready",
        /// Failed, and waits for its next attempt.
        Waiting = "waiting",
        /// A worker has it.
        Running = "running",
        /// Given up; needs a person.
        Dead = "dead",
    }
}

/// A job as it lies in the table. One that is done is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Id.
    pub id: JobId,
    /// What.
    pub kind: JobKind,
    /// About which call.
    pub call: CallId,
    /// Attempts begun in this round; a retry by hand begins a new one.
    pub attempt: u32,
    /// What the last failure said.
    pub error: Option<String>,
    /// Not before.
    pub run_at: Timestamp,
    /// Until when a worker has it, or had it and let the lease pass.
    pub leased_until: Option<Timestamp>,
    /// Given up.
    pub is_dead: bool,
}

impl Listed for JobRow {
    const ORDERS: &'static [&'static str] = &["-id"];
}

impl JobRow {
    /// Where it stands.
    pub fn status(&self, now: Timestamp) -> JobStatus {
        if self.is_dead {
            JobStatus::Dead
        } else if self.leased_until.is_some_and(|until| until > now) {
            JobStatus::Running
        } else if self.run_at > now {
            JobStatus::Waiting
        } else {
            JobStatus::Ready
        }
    }
}

/// Narrows the list of jobs. All of it must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only those that stand so.
    pub status: Option<JobStatus>,
    /// Only these.
    pub kind: Option<JobKind>,
}

/// A retry by hand: how the job was, and how it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRetry {
    /// Before.
    pub before: JobRow,
    /// After; the same when it was ready already.
    pub after: JobRow,
}

/// A tenant's jobs.
#[async_trait]
pub trait TenantJobs: Send + Sync {
    /// Newest first.
    async fn list_jobs(
        &self,
        scope: TenantScope,
        filter: JobFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<JobRow>, StoreError>;
    /// One of them; none once it is done.
    async fn find_job(&self, scope: TenantScope, id: JobId) -> Result<Option<JobRow>, StoreError>;
    /// Makes a dead or waiting job ready, with all its attempts before it. [`StoreError::Conflict`] while a worker has it.
    async fn retry_job(&self, scope: TenantScope, id: JobId, now: Timestamp) -> Result<JobRetry, StoreError>;
    /// How many stand where.
    async fn count_jobs(&self, scope: TenantScope, now: Timestamp) -> Result<JobCounts, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_that_passed_leaves_the_job_ready() {
        let row = JobRow {
            id: JobId(uuid::Uuid::nil()),
            kind: JobKind::Settle,
            call: CallId(uuid::Uuid::nil()),
            attempt: 1,
            error: None,
            run_at: Timestamp::from_secs(10),
            leased_until: Some(Timestamp::from_secs(20)),
            is_dead: false,
        };
        let freed = JobRow { leased_until: None, ..row.clone() };
        let dead = JobRow { is_dead: true, ..freed.clone() };
        for (job, second, status) in [
            (&row, 19, JobStatus::Running),
            (&row, 20, JobStatus::Ready),
            (&freed, 9, JobStatus::Waiting),
            (&freed, 10, JobStatus::Ready),
            (&dead, 9, JobStatus::Dead),
        ] {
            assert_eq!(job.status(Timestamp::from_secs(second)), status, "{second}");
        }
    }
}
