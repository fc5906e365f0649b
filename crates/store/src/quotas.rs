//! What tenants may use, and what they use.

use async_trait::async_trait;
use domain::{QuotaOverrideId, TenantId, Timestamp, UserId};
use operations::{QuotaInForce, QuotaOverride, QuotaUsage, Quotas, StoreError, TenantQuota, TenantScope};
use sea_orm::{QueryResult, Value};

use crate::{
    Store,
    convert::{column, moment, number, optional_number, parse},
    dialect::sum,
    directory::routing_changed,
    sql::{execute, query},
};

/// Exceptions of a tenant that are read.
const OVERRIDES_MAX: i64 = 1_000;

fn read_quota(row: &QueryResult) -> Result<TenantQuota, StoreError> {
    let limit = |name: &str| optional_number::<u32>(column(row, name)?);
    Ok(TenantQuota {
        tenant: TenantId(column(row, "tenant_id")?),
        concurrent_calls_max: limit("concurrent_calls_max")?,
        minutes_per_day_max: limit("minutes_per_day_max")?,
        recording_retention_days_max: limit("recording_retention_days_max")?,
        phone_numbers_max: limit("phone_numbers_max")?,
        storage_gb_max: limit("storage_gb_max")?,
        enabled: column(row, "enabled")?,
        created_at: Timestamp::from_micros(column(row, "created_at")?),
        updated_at: Timestamp::from_micros(column(row, "updated_at")?),
    })
}

fn read_override(row: &QueryResult) -> Result<QuotaOverride, StoreError> {
    Ok(QuotaOverride {
        id: QuotaOverrideId(column(row, "id")?),
        tenant: TenantId(column(row, "tenant_id")?),
        quota: parse(&column::<String>(row, "quota")?)?,
        value: optional_number(column(row, "value")?)?,
        reason: column(row, "reason")?,
        expires_at: moment(column(row, "expires_at")?),
        created_by: column::<Option<_>>(row, "created_by")?.map(UserId),
        created_at: Timestamp::from_micros(column(row, "created_at")?),
    })
}

impl Store {
    /// One statement about a tenant's quota, counted as a change calls are decided on.
    async fn change_quota(&self, tenant: TenantId, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let changed = execute(transaction, sql, values).await?;
                    routing_changed(transaction, tenant).await?;
                    Ok(changed)
                })
            })
            .await
    }
}

#[async_trait]
impl Quotas for Store {
    async fn quota_of(&self, scope: TenantScope) -> Result<QuotaInForce, StoreError> {
        let tenant: Value = scope.tenant().0.into();
        let quota = "SELECT tenant_id, concurrent_calls_max, minutes_per_day_max, recording_retention_days_max, \
                     phone_numbers_max, storage_gb_max, enabled, created_at, updated_at FROM tenant_quotas WHERE tenant_id = $1";
        let rows = query(&self.scoped(scope).await?, quota, [tenant.clone()]).await?;
        let overrides = "SELECT id, tenant_id, quota, value, reason, expires_at, created_by, created_at FROM quota_overrides \
                         WHERE tenant_id = $1 ORDER BY created_at, id LIMIT $2";
        let exceptions = query(&self.scoped(scope).await?, overrides, [tenant, OVERRIDES_MAX.into()]).await?;
        Ok(QuotaInForce {
            quota: rows.first().map(read_quota).transpose()?,
            overrides: exceptions.iter().map(read_override).collect::<Result<_, _>>()?,
        })
    }

    async fn put_quota(&self, quota: &TenantQuota) -> Result<(), StoreError> {
        let sql = "INSERT INTO tenant_quotas (tenant_id, concurrent_calls_max, minutes_per_day_max, \
                   recording_retention_days_max, phone_numbers_max, storage_gb_max, enabled, created_at, updated_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant_id) DO UPDATE SET \
                   concurrent_calls_max = excluded.concurrent_calls_max, minutes_per_day_max = excluded.minutes_per_day_max, \
                   recording_retention_days_max = excluded.recording_retention_days_max, \
                   phone_numbers_max = excluded.phone_numbers_max, storage_gb_max = excluded.storage_gb_max, \
                   enabled = excluded.enabled, updated_at = excluded.updated_at";
        let limit = |limit: Option<u32>| Value::from(limit.map(i64::from));
        let values = vec![
            quota.tenant.0.into(),
            limit(quota.concurrent_calls_max),
            limit(quota.minutes_per_day_max),
            limit(quota.recording_retention_days_max),
            limit(quota.phone_numbers_max),
            limit(quota.storage_gb_max),
            quota.enabled.into(),
            quota.created_at.micros().into(),
            quota.updated_at.micros().into(),
        ];
        self.change_quota(quota.tenant, sql, values).await.map(drop)
    }

    async fn add_override(&self, exception: &QuotaOverride) -> Result<(), StoreError> {
        let sql = "INSERT INTO quota_overrides (id, tenant_id, quota, value, reason, expires_at, created_by, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = vec![
            exception.id.0.into(),
            exception.tenant.0.into(),
            exception.quota.as_str().into(),
            exception.value.map(i64::from).into(),
            exception.reason.clone().into(),
            exception.expires_at.map(Timestamp::micros).into(),
            exception.created_by.map(|id| id.0).into(),
            exception.created_at.micros().into(),
        ];
        self.change_quota(exception.tenant, sql, values).await.map(drop)
    }

    async fn remove_override(&self, scope: TenantScope, id: QuotaOverrideId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM quota_overrides WHERE tenant_id = $1 AND id = $2";
        let values = vec![scope.tenant().0.into(), id.0.into()];
        Ok(self.change_quota(scope.tenant(), sql, values).await? > 0)
    }

    async fn quota_usage(&self, scope: TenantScope, day_start: Timestamp) -> Result<QuotaUsage, StoreError> {
        let tenant: Value = scope.tenant().0.into();
        let sql = format!(
            "SELECT (SELECT COUNT(*) FROM calls WHERE tenant_id = $1 AND ended_at IS NULL) AS concurrent_calls, \
             (SELECT {} FROM calls WHERE tenant_id = $1 AND started_at >= $2) AS answered_ms, \
             (SELECT COUNT(*) FROM numbers WHERE tenant_id = $1 AND released_at IS NULL) + (SELECT COUNT(*) FROM \
             number_orders WHERE tenant_id = $1 AND state = 'pending' AND kind = 'purchase') AS phone_numbers",
            sum("answered_ms")
        );
        let rows = query(&self.scoped(scope).await?, &sql, [tenant, day_start.micros().into()]).await?;
        let Some(row) = rows.first() else { return Ok(QuotaUsage::default()) };
        let count = |name: &str| number::<u64>(column(row, name)?);
        Ok(QuotaUsage {
            concurrent_calls: count("concurrent_calls")?,
            answered_ms: count("answered_ms")?,
            phone_numbers: count("phone_numbers")?,
        })
    }

    async fn recording_bytes(&self, scope: TenantScope) -> Result<u64, StoreError> {
        let sql = format!("SELECT {} AS bytes FROM recordings WHERE tenant_id = $1", sum("bytes"));
        let rows = query(&self.scoped(scope).await?, &sql, [scope.tenant().0.into()]).await?;
        rows.first().map_or(Ok(0), |row| number(column(row, "bytes")?))
    }
}
