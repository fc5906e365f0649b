//! A tenant's jobs, for its people. The table holds what is to be done and nothing that is done, so it is short unless something is
//! wrong; an index by tenant would cost every call.

use async_trait::async_trait;
use domain::{CallId, JobId, Timestamp};
use operations::{
    JobCounts, JobFilter, JobRetry, JobRow, JobStatus, Page, PageRequest, PageStart, StoreError, TenantJobs,
    TenantScope, Total,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Value};

use crate::{
    Store,
    convert::{column, moment, number, parse, stored},
    cursor::Cursor,
    dialect::for_update,
    jobs::count,
    sql::{Where, direction, execute, query},
};

const COLUMNS: &str = "id, kind, call_id, attempt, error, run_at, leased_until, dead";

fn read(row: &QueryResult) -> Result<JobRow, StoreError> {
    Ok(JobRow {
        id: JobId(column(row, "id")?),
        kind: parse(&column::<String>(row, "kind")?)?,
        call: CallId(column(row, "call_id")?),
        attempt: number(column(row, "attempt")?)?,
        error: column(row, "error")?,
        run_at: Timestamp::from_micros(column(row, "run_at")?),
        leased_until: moment(column(row, "leased_until")?),
        is_dead: column(row, "dead")?,
    })
}

/// As [`JobRow::status`] has it.
fn narrow(scope: TenantScope, filter: JobFilter, now: Timestamp) -> Where {
    let mut narrowed = Where::default();
    narrowed.and("tenant_id = ?", [scope.tenant().0.into()]);
    let moment = || Value::from(now.micros());
    let free = "NOT dead AND (leased_until IS NULL OR leased_until <= ?)";
    match filter.status {
        Some(JobStatus::Ready) => narrowed.and(&format!("{free} AND run_at <= ?"), [moment(), moment()]),
        Some(JobStatus::Waiting) => narrowed.and(&format!("{free} AND run_at > ?"), [moment(), moment()]),
        Some(JobStatus::Running) => narrowed.and("NOT dead AND leased_until > ?", [moment()]),
        Some(JobStatus::Dead) => narrowed.and("dead", []),
        None => {}
    }
    narrowed.and_some("kind = ?", filter.kind.map(|kind| kind.as_str()));
    narrowed
}

async fn find(
    on: &impl ConnectionTrait,
    scope: TenantScope,
    id: JobId,
    lock: &str,
) -> Result<Option<JobRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM jobs WHERE tenant_id = $1 AND id = $2{lock}");
    query(on, &sql, [scope.tenant().0.into(), id.0.into()]).await?.first().map(read).transpose()
}

async fn retry(
    transaction: &DatabaseTransaction,
    scope: TenantScope,
    id: JobId,
    now: Timestamp,
) -> Result<JobRetry, StoreError> {
    let lock = for_update(transaction.get_database_backend());
    let before = find(transaction, scope, id, lock).await?.ok_or(StoreError::NotFound("job"))?;
    let after = match before.status(now) {
        JobStatus::Ready => before.clone(),
        JobStatus::Running => {
            return Err(StoreError::Conflict { entity: "job", reason: "a worker has it; see how it ends".into() });
        }
        JobStatus::Waiting | JobStatus::Dead => {
            let sql = "UPDATE jobs SET dead = $1, attempt = 0, run_at = $2 WHERE id = $3";
            execute(transaction, sql, [false.into(), now.micros().into(), id.0.into()]).await?;
            JobRow { is_dead: false, attempt: 0, run_at: now, ..before.clone() }
        }
    };
    Ok(JobRetry { before, after })
}

#[async_trait]
impl TenantJobs for Store {
    async fn list_jobs(
        &self,
        scope: TenantScope,
        filter: JobFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<JobRow>, StoreError> {
        let reader = self.scoped(scope).await?;
        let mut narrowed = narrow(scope, filter, now);
        let (order, behind) = direction(page.order_of::<JobRow>());
        let (mut total, mut skipped) = (None, 0);
        match &page.from {
            PageStart::Number(number) => {
                let sql = format!("SELECT COUNT(*) AS total FROM jobs WHERE {}", narrowed.sql);
                let rows = query(&reader, &sql, narrowed.values.clone()).await?;
                let counted: i64 = rows.first().map_or(Ok(0), |row| column(row, "total"))?;
                total = Some(Total::of(counted));
                skipped = u64::from(number.saturating_sub(1)) * u64::from(page.limit);
            }
            // An id begins with the time it was made at, and stays while `run_at` moves with each retry.
            PageStart::Cursor(text) => narrowed.and(&format!("id {behind} ?"), [Cursor::parse(text)?.id.into()]),
        }
        let Where { sql, mut values } = narrowed;
        values.extend([(i64::from(page.limit) + 1).into(), stored(skipped).into()]);
        let (limit, offset) = (values.len() - 1, values.len());
        let sql = format!("SELECT {COLUMNS} FROM jobs WHERE {sql} ORDER BY id {order} LIMIT ${limit} OFFSET ${offset}");
        let rows = query(&reader, &sql, values).await?;
        let more = rows.len() > page.limit as usize;
        let items: Vec<JobRow> = rows.iter().take(page.limit as usize).map(read).collect::<Result<_, _>>()?;
        let next = items.last().filter(|_| more).map(|last| Cursor::at(0, last.id.0).to_string());
        Ok(Page { items, total, next })
    }

    async fn find_job(&self, scope: TenantScope, id: JobId) -> Result<Option<JobRow>, StoreError> {
        find(&self.scoped(scope).await?, scope, id, "").await
    }

    async fn retry_job(&self, scope: TenantScope, id: JobId, now: Timestamp) -> Result<JobRetry, StoreError> {
        self.writer().write_for(scope, move |transaction| Box::pin(retry(transaction, scope, id, now))).await
    }

    async fn count_jobs(&self, scope: TenantScope, now: Timestamp) -> Result<JobCounts, StoreError> {
        count(&self.scoped(scope).await?, now, Some(scope.tenant())).await
    }
}
