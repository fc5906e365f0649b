//! The job loop.

use std::{sync::Arc, time::Duration};

use domain::Timestamp;
use operations::{Job, JobTicket, StoreError};
use tokio::sync::watch;

use crate::{Worker, WorkerConfig, WorkerHealth, pause};

/// Pause after a round that failed: the store is likely away.
const AFTER_ERROR: Duration = Duration::from_secs(1);

pub(crate) async fn run(worker: Arc<Worker>, health: Arc<WorkerHealth>, mut stopped: watch::Receiver<bool>) {
    let mut is_stopping = false;
    while !is_stopping {
        let wait = match worker.round(&health).await {
            // Rounds cost more than the jobs in them, so a round that left nothing lets the next ones gather.
            Ok(done) if done < worker.config.jobs_at_once as usize => worker.config.idle,
            Ok(_) => Duration::ZERO,
            Err(error) => {
                health.add_error();
                tracing::warn!(%error, "jobs");
                AFTER_ERROR
            }
        };
        is_stopping = pause(wait, &mut stopped).await;
    }
    // What is ready is done before the end; what is not stays in the table.
    let drain = async { while worker.round(&health).await.is_ok_and(|done| done > 0) {} };
    if tokio::time::timeout(worker.config.drain, drain).await.is_err() {
        tracing::info!("stopped with jobs waiting; they stay in the table");
    }
}

impl Worker {
    /// Takes and does jobs once; answers how many.
    async fn round(&self, health: &WorkerHealth) -> Result<usize, StoreError> {
        let now = (self.clock)();
        let jobs = self.jobs.take_jobs(now, self.config.job_lease, self.config.jobs_at_once).await?;
        if !jobs.is_empty() {
            self.settle_all(&jobs, health).await?;
        }
        health.jobs_round(now);
        Ok(jobs.len())
    }

    async fn settle_all(&self, jobs: &[Job], health: &WorkerHealth) -> Result<(), StoreError> {
        let now = (self.clock)();
        let settling = match self.settle.settle(jobs, now).await {
            Ok(settling) => settling,
            // One of them may be at fault for all: each alone then.
            Err(error) if jobs.len() > 1 => {
                tracing::warn!(%error, count = jobs.len(), "settling together failed");
                for job in jobs {
                    Box::pin(self.settle_all(std::slice::from_ref(job), health)).await?;
                }
                return Ok(());
            }
            Err(error) => {
                let text = error.to_string();
                for job in jobs {
                    self.failed(job.ticket, attempt_of(jobs, job.ticket), &text, health).await?;
                }
                return Ok(());
            }
        };
        health.add_settled(settling.settled);
        for ticket in settling.unchanged {
            self.jobs.finish_job(ticket).await?;
        }
        for (ticket, error) in settling.failed {
            self.failed(ticket, attempt_of(jobs, ticket), &error.to_string(), health).await?;
        }
        Ok(())
    }

    async fn failed(
        &self,
        ticket: JobTicket,
        attempt: u32,
        error: &str,
        health: &WorkerHealth,
    ) -> Result<(), StoreError> {
        let retry_at = retry_at(&self.config, attempt, (self.clock)());
        health.add_failed(retry_at.is_none());
        match retry_at {
            Some(retry_at) => tracing::warn!(job = %ticket.id, attempt, %retry_at, error, "job failed; tried again"),
            None => tracing::error!(job = %ticket.id, attempt, error, "job given up"),
        }
        self.jobs.fail_job(ticket.id, error, retry_at).await
    }
}

fn attempt_of(jobs: &[Job], ticket: JobTicket) -> u32 {
    jobs.iter().find(|job| job.ticket == ticket).map_or(1, |job| job.attempt)
}

/// Doubles from attempt to attempt; `None` after the last.
fn retry_at(config: &WorkerConfig, attempt: u32, now: Timestamp) -> Option<Timestamp> {
    if attempt >= config.attempts_max {
        return None;
    }
    let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    Some(now.after(config.backoff.saturating_mul(factor).min(config.backoff_max)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_each_time_and_then_gives_up() {
        let config = WorkerConfig { attempts_max: 4, backoff_max: Duration::from_secs(1), ..WorkerConfig::default() };
        let waits: Vec<Option<i64>> =
            (1..=4).map(|attempt| retry_at(&config, attempt, Timestamp::default()).map(Timestamp::micros)).collect();
        assert_eq!(waits, vec![Some(500_000), Some(1_000_000), Some(1_000_000), None]);
        let patient = WorkerConfig { attempts_max: u32::MAX, ..config };
        assert_eq!(retry_at(&patient, 4_000_000, Timestamp::default()), Some(Timestamp::from_secs(1)));
    }
}
