//! What caller-ID pools hold, and whose turn it is.

use async_trait::async_trait;
use domain::{CallerIdPoolId, NumberId, PhoneNumber, TenantId, Timestamp};
use operations::{
    CallerIdPool, CallerIdPoolStatus, CallerIds, Entity, NumberStatus, POOL_NUMBERS_MAX, PoolNumber, StoreError,
    TenantScope,
};
use sea_orm::DatabaseTransaction;

use crate::{
    Store,
    convert::{column, number, parse},
    sql::{execute, query},
};

#[async_trait]
impl CallerIds for Store {
    async fn pool_numbers(&self, scope: TenantScope, pool: CallerIdPoolId) -> Result<Vec<PoolNumber>, StoreError> {
        let sql = "SELECT p.number_id, n.number, n.status, p.priority, p.created_at FROM caller_id_pool_numbers p \
                   JOIN numbers n ON n.tenant_id = p.tenant_id AND n.id = p.number_id \
                   WHERE p.pool_id = $1 AND p.tenant_id = $2 ORDER BY p.priority, n.number LIMIT $3";
        let values = [pool.0.into(), scope.tenant().0.into(), i64::from(POOL_NUMBERS_MAX).into()];
        let rows = query(&self.scoped(scope).await?, sql, values).await?;
        let numbers = rows.iter().map(|row| {
            Ok(PoolNumber {
                id: NumberId(column(row, "number_id")?),
                number: parse(&column::<String>(row, "number")?)?,
                status: parse(&column::<String>(row, "status")?)?,
                priority: number(column(row, "priority")?)?,
                created_at: Timestamp::from_micros(column(row, "created_at")?),
            })
        });
        numbers.collect()
    }

    async fn put_pool_number(
        &self,
        scope: TenantScope,
        pool: CallerIdPoolId,
        id: NumberId,
        priority: i32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        self.writer()
            .write_for(scope, move |transaction| Box::pin(put(transaction, tenant, pool, id, priority, now)))
            .await
    }

    async fn remove_pool_number(
        &self,
        scope: TenantScope,
        pool: CallerIdPoolId,
        id: NumberId,
    ) -> Result<bool, StoreError> {
        let tenant = scope.tenant();
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    let delete = "DELETE FROM caller_id_pool_numbers \
                                  WHERE pool_id = $1 AND number_id = $2 AND tenant_id = $3";
                    Ok(execute(transaction, delete, [pool.0.into(), id.0.into(), tenant.0.into()]).await? > 0)
                })
            })
            .await
    }

    async fn next_caller_id(
        &self,
        scope: TenantScope,
        pool: CallerIdPoolId,
    ) -> Result<Option<(NumberId, PhoneNumber)>, StoreError> {
        let tenant = scope.tenant();
        self.writer().write_for(scope, move |transaction| Box::pin(next(transaction, tenant, pool))).await
    }
}

async fn put(
    transaction: &DatabaseTransaction,
    tenant: TenantId,
    pool: CallerIdPoolId,
    id: NumberId,
    priority: i32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let pools = "SELECT 1 AS one FROM caller_id_pools WHERE tenant_id = $1 AND id = $2";
    if query(transaction, pools, [tenant.0.into(), pool.0.into()]).await?.is_empty() {
        return Err(StoreError::NotFound(CallerIdPool::NAME));
    }
    let numbers = "SELECT 1 AS one FROM numbers WHERE tenant_id = $1 AND id = $2";
    if query(transaction, numbers, [tenant.0.into(), id.0.into()]).await?.is_empty() {
        return Err(StoreError::NotFound("number"));
    }
    let count = "SELECT COUNT(*) AS held FROM caller_id_pool_numbers \
                 WHERE pool_id = $1 AND tenant_id = $2 AND number_id <> $3";
    let rows = query(transaction, count, [pool.0.into(), tenant.0.into(), id.0.into()]).await?;
    let held: i64 = rows.first().map_or(Ok(0), |row| column(row, "held"))?;
    if held >= i64::from(POOL_NUMBERS_MAX) {
        let reason = format!("it holds {POOL_NUMBERS_MAX} numbers already");
        return Err(StoreError::Conflict { entity: CallerIdPool::NAME, reason });
    }
    let insert = "INSERT INTO caller_id_pool_numbers (pool_id, number_id, tenant_id, priority, created_at) \
                  VALUES ($1, $2, $3, $4, $5) ON CONFLICT (pool_id, number_id) DO UPDATE SET priority = excluded.priority";
    let values = [pool.0.into(), id.0.into(), tenant.0.into(), i64::from(priority).into(), now.micros().into()];
    execute(transaction, insert, values).await.map(drop)
}

async fn next(
    transaction: &DatabaseTransaction,
    tenant: TenantId,
    pool: CallerIdPoolId,
) -> Result<Option<(NumberId, PhoneNumber)>, StoreError> {
    let candidates = "SELECT p.number_id, n.number, p.priority FROM caller_id_pool_numbers p \
                      JOIN caller_id_pools o ON o.id = p.pool_id AND o.tenant_id = p.tenant_id AND o.status = $1 \
                      JOIN numbers n ON n.tenant_id = p.tenant_id AND n.id = p.number_id AND n.status = $2 \
                      WHERE p.pool_id = $3 AND p.tenant_id = $4 ORDER BY p.priority, n.number";
    let values = [
        CallerIdPoolStatus::Active.as_str().into(),
        NumberStatus::Active.as_str().into(),
        pool.0.into(),
        tenant.0.into(),
    ];
    let mut rows = query(transaction, candidates, values).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let lowest: i64 = column(first, "priority")?;
    rows.retain(|row| column::<i64>(row, "priority").is_ok_and(|priority| priority == lowest));
    let count = "INSERT INTO caller_id_turns (pool_id, tenant_id, turns) VALUES ($1, $2, 1) \
                 ON CONFLICT (pool_id) DO UPDATE SET turns = caller_id_turns.turns + 1 RETURNING turns";
    let counted = query(transaction, count, [pool.0.into(), tenant.0.into()]).await?;
    let turns: i64 = counted.first().map_or(Ok(1), |row| column(row, "turns"))?;
    let turn: usize = number(turns.saturating_sub(1).rem_euclid(rows.len() as i64))?;
    let Some(row) = rows.get(turn) else { return Ok(None) };
    Ok(Some((NumberId(column(row, "number_id")?), parse(&column::<String>(row, "number")?)?)))
}
