//! The jobs table: taken by lease, done with their data, retried, or given up.

use std::time::Duration;

use async_trait::async_trait;
use domain::{CallId, JobId, TenantId, Timestamp};
use operations::{Job, JobCounts, JobTicket, Jobs, StoreError};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::{
    Store,
    convert::{column, moment, number, parse},
    dialect::for_update_skip_locked,
    sql::{Change, execute, query},
};

/// Longest error text kept with a job, characters.
const ERROR_CHARS_MAX: usize = 1_000;

fn read(row: &QueryResult) -> Result<Job, StoreError> {
    Ok(Job {
        ticket: JobTicket { id: JobId(column(row, "id")?), generation: number(column(row, "generation")?)? },
        kind: parse(&column::<String>(row, "kind")?)?,
        tenant: TenantId(column(row, "tenant_id")?),
        call: CallId(column(row, "call_id")?),
        attempt: number(column(row, "attempt")?)?,
    })
}

const FINISHED: Change = Change { sql: "DELETE FROM jobs WHERE (id, generation) IN ({})", columns: 2 };
const ABSORBED: Change = Change {
    sql: "UPDATE jobs SET leased_until = NULL, attempt = 0 WHERE id IN (SELECT column1 FROM ({}) AS done)",
    columns: 1,
};

/// Removes jobs that are done; one that absorbed another meanwhile is put back.
pub(crate) async fn finish(on: &impl ConnectionTrait, tickets: &[JobTicket]) -> Result<(), StoreError> {
    let done: Vec<Value> =
        tickets.iter().flat_map(|ticket| [ticket.id.0.into(), i64::from(ticket.generation).into()]).collect();
    if FINISHED.run(on, &done).await? < tickets.len() as u64 {
        let ids: Vec<Value> = tickets.iter().map(|ticket| ticket.id.0.into()).collect();
        ABSORBED.run(on, &ids).await?;
    }
    Ok(())
}

/// How the queue stands, of one tenant or of all.
pub(crate) async fn count(
    on: &impl ConnectionTrait,
    now: Timestamp,
    tenant: Option<TenantId>,
) -> Result<JobCounts, StoreError> {
    let mut values: Vec<Value> = vec![now.micros().into()];
    let narrowed = tenant.map_or("", |tenant| {
        values.push(tenant.0.into());
        " WHERE tenant_id = $2"
    });
    let sql = format!(
        "SELECT \
        COUNT(*) FILTER (WHERE NOT dead AND run_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)) AS ready, \
        COUNT(*) FILTER (WHERE NOT dead AND run_at > $1 AND (leased_until IS NULL OR leased_until <= $1)) AS waiting, \
        COUNT(*) FILTER (WHERE NOT dead AND leased_until > $1) AS running, \
        COUNT(*) FILTER (WHERE dead) AS dead, \
        MIN(run_at) FILTER (WHERE NOT dead AND run_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)) AS oldest \
        FROM jobs{narrowed}"
    );
    let rows = query(on, &sql, values).await?;
    let Some(row) = rows.first() else { return Ok(JobCounts::default()) };
    let count = |name: &str| number::<u64>(column(row, name)?);
    Ok(JobCounts {
        ready: count("ready")?,
        waiting: count("waiting")?,
        running: count("running")?,
        dead: count("dead")?,
        oldest_ready_at: moment(column(row, "oldest")?),
    })
}

#[async_trait]
impl Jobs for Store {
    async fn take_jobs(&self, now: Timestamp, lease: Duration, count_max: u32) -> Result<Vec<Job>, StoreError> {
        // Most of the time there is nothing: ask a reader before disturbing the writer.
        let ready = "SELECT 1 AS one FROM jobs WHERE NOT dead AND run_at <= $1 \
                     AND (leased_until IS NULL OR leased_until <= $1) LIMIT 1";
        if query(self.reader(), ready, [now.micros().into()]).await?.is_empty() {
            return Ok(Vec::new());
        }
        let until = now.after(lease).micros();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = format!(
                        "UPDATE jobs SET leased_until = $1, attempt = attempt + 1 WHERE id IN (SELECT id FROM jobs \
                         WHERE NOT dead AND run_at <= $2 AND (leased_until IS NULL OR leased_until <= $2) \
                         ORDER BY run_at LIMIT $3{}) RETURNING id, kind, tenant_id, call_id, attempt, generation",
                        for_update_skip_locked(transaction.get_database_backend())
                    );
                    let values = [until.into(), now.micros().into(), i64::from(count_max).into()];
                    query(transaction, &sql, values).await?.iter().map(read).collect()
                })
            })
            .await
    }

    async fn finish_job(&self, ticket: JobTicket) -> Result<(), StoreError> {
        self.writer().write(move |transaction| Box::pin(async move { finish(transaction, &[ticket]).await })).await
    }

    async fn fail_job(&self, id: JobId, error: &str, retry_at: Option<Timestamp>) -> Result<(), StoreError> {
        let error: String = error.chars().take(ERROR_CHARS_MAX).collect();
        let sql =
            "UPDATE jobs SET leased_until = NULL, error = $2, dead = $3, run_at = COALESCE($4, run_at) WHERE id = $1";
        let values = vec![id.0.into(), error.into(), retry_at.is_none().into(), retry_at.map(Timestamp::micros).into()];
        self.run(sql, values).await
    }

    async fn job_counts(&self, now: Timestamp) -> Result<JobCounts, StoreError> {
        count(self.reader(), now, None).await
    }

    async fn revive_dead_jobs(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "UPDATE jobs SET dead = $1, attempt = 0, run_at = $2 WHERE dead";
                    execute(transaction, sql, [false.into(), now.micros().into()]).await
                })
            })
            .await
    }
}
