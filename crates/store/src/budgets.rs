//! What tenants may spend, what they were charged, and who is told.

use std::time::Duration;

use async_trait::async_trait;
use domain::{BudgetAlertId, Currency, Micros, TenantId, Timestamp};
use operations::{BudgetAlert, BudgetAlertType, Budgets, Spend, StoreError, TenantBudget, TenantScope, spend_slot};
use sea_orm::{ConnectionTrait as _, QueryResult, Value};

use crate::{
    Store,
    convert::{column, from_json, json, moment, number, parse},
    dialect::{for_update_skip_locked, sum},
    sql::{execute, query},
};

const COLUMNS: &str = "tenant_id, currency, daily_limit, monthly_limit, alert_threshold, alert_emails, alert_slack_webhook, \
                       hard_stop_enabled, override_hash, override_expires_at, enabled, created_at, updated_at";
const ALERT_COLUMNS: &str = "id, tenant_id, kind, period_start, currency, threshold, current_amount, limit_amount, sent_via, \
                             pending, attempts, next_attempt_at, last_error, created_at";

fn read_budget(row: &QueryResult) -> Result<TenantBudget, StoreError> {
    let limit = |name: &str| Ok::<_, StoreError>(column::<Option<i64>>(row, name)?.map(Micros));
    Ok(TenantBudget {
        tenant: TenantId(column(row, "tenant_id")?),
        currency: parse(&column::<String>(row, "currency")?)?,
        daily: limit("daily_limit")?,
        monthly: limit("monthly_limit")?,
        alert_threshold: number(column(row, "alert_threshold")?)?,
        alert_emails: from_json(&column::<String>(row, "alert_emails")?)?,
        alert_slack_webhook: column(row, "alert_slack_webhook")?,
        hard_stop_enabled: column(row, "hard_stop_enabled")?,
        override_hash: column(row, "override_hash")?,
        override_expires_at: moment(column(row, "override_expires_at")?),
        enabled: column(row, "enabled")?,
        created_at: Timestamp::from_micros(column(row, "created_at")?),
        updated_at: Timestamp::from_micros(column(row, "updated_at")?),
    })
}

fn budget_values(budget: &TenantBudget) -> Result<Vec<Value>, StoreError> {
    let limit = |limit: Option<Micros>| Value::from(limit.map(|limit| limit.0));
    Ok(vec![
        budget.tenant.0.into(),
        budget.currency.code().into(),
        limit(budget.daily),
        limit(budget.monthly),
        i64::from(budget.alert_threshold).into(),
        json(&budget.alert_emails)?.into(),
        budget.alert_slack_webhook.clone().into(),
        budget.hard_stop_enabled.into(),
        budget.override_hash.clone().into(),
        budget.override_expires_at.map(Timestamp::micros).into(),
        budget.enabled.into(),
        budget.created_at.micros().into(),
        budget.updated_at.micros().into(),
    ])
}

fn read_alert(row: &QueryResult) -> Result<BudgetAlert, StoreError> {
    Ok(BudgetAlert {
        id: BudgetAlertId(column(row, "id")?),
        tenant: TenantId(column(row, "tenant_id")?),
        kind: parse(&column::<String>(row, "kind")?)?,
        period_start: Timestamp::from_micros(column(row, "period_start")?),
        currency: parse(&column::<String>(row, "currency")?)?,
        threshold: number(column(row, "threshold")?)?,
        current: Micros(column(row, "current_amount")?),
        limit: Micros(column(row, "limit_amount")?),
        sent_via: from_json(&column::<String>(row, "sent_via")?)?,
        pending: from_json(&column::<String>(row, "pending")?)?,
        attempts: number(column(row, "attempts")?)?,
        next_attempt_at: moment(column(row, "next_attempt_at")?),
        last_error: column(row, "last_error")?,
        created_at: Timestamp::from_micros(column(row, "created_at")?),
    })
}

fn alert_values(alert: &BudgetAlert) -> Result<Vec<Value>, StoreError> {
    Ok(vec![
        alert.id.0.into(),
        alert.tenant.0.into(),
        alert.kind.as_str().into(),
        alert.period_start.micros().into(),
        alert.currency.code().into(),
        i64::from(alert.threshold).into(),
        alert.current.0.into(),
        alert.limit.0.into(),
        json(&alert.sent_via)?.into(),
        json(&alert.pending)?.into(),
        i64::from(alert.attempts).into(),
        alert.next_attempt_at.map(Timestamp::micros).into(),
        alert.last_error.clone().into(),
        alert.created_at.micros().into(),
    ])
}

impl Store {
    /// One statement about a tenant's budget; answers the rows it touched.
    async fn change_budget(&self, tenant: TenantId, sql: String, values: Vec<Value>) -> Result<u64, StoreError> {
        let scope = TenantScope::of(tenant);
        self.writer()
            .write_for(scope, move |transaction| Box::pin(async move { execute(transaction, &sql, values).await }))
            .await
    }
}

#[async_trait]
impl Budgets for Store {
    async fn budget_of(&self, scope: TenantScope) -> Result<Option<TenantBudget>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM tenant_budgets WHERE tenant_id = $1");
        query(&self.scoped(scope).await?, &sql, [scope.tenant().0.into()]).await?.first().map(read_budget).transpose()
    }

    async fn save_budget(&self, budget: &TenantBudget, before: Option<Timestamp>) -> Result<(), StoreError> {
        let mut values = budget_values(budget)?;
        let sql = match before {
            None => format!(
                "INSERT INTO tenant_budgets ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
                 ON CONFLICT DO NOTHING"
            ),
            Some(before) => {
                values.push(before.micros().into());
                "UPDATE tenant_budgets SET currency = $2, daily_limit = $3, monthly_limit = $4, alert_threshold = $5, \
                 alert_emails = $6, alert_slack_webhook = $7, hard_stop_enabled = $8, override_hash = $9, \
                 override_expires_at = $10, enabled = $11, created_at = $12, updated_at = $13 \
                 WHERE tenant_id = $1 AND updated_at = $14"
                    .to_owned()
            }
        };
        match self.change_budget(budget.tenant, sql, values).await? {
            0 => Err(StoreError::Stale("budget")),
            _ => Ok(()),
        }
    }

    async fn spend(
        &self,
        scope: TenantScope,
        currency: Currency,
        day: Timestamp,
        month: Timestamp,
    ) -> Result<Spend, StoreError> {
        let sql = format!(
            "SELECT {} AS day_amount, {} AS month_amount FROM platform_spend WHERE tenant_id = $1 AND currency = $2 AND slot >= $3",
            sum("CASE WHEN slot >= $4 THEN amount ELSE 0 END"),
            sum("amount"),
        );
        let values =
            [scope.tenant().0.into(), currency.code().into(), spend_slot(month).into(), spend_slot(day).into()];
        let rows = query(&self.scoped(scope).await?, &sql, values).await?;
        let Some(row) = rows.first() else { return Ok(Spend::default()) };
        Ok(Spend { day: Micros(column(row, "day_amount")?), month: Micros(column(row, "month_amount")?) })
    }

    async fn alerts(&self, scope: TenantScope, count_max: u32) -> Result<Vec<BudgetAlert>, StoreError> {
        let sql = format!(
            "SELECT {ALERT_COLUMNS} FROM budget_alerts WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2"
        );
        let values = [scope.tenant().0.into(), i64::from(count_max).into()];
        query(&self.scoped(scope).await?, &sql, values).await?.iter().map(read_alert).collect()
    }

    async fn budgets_to_watch(&self, after: Option<TenantId>, count_max: u32) -> Result<Vec<TenantBudget>, StoreError> {
        let after = after.map_or(uuid::Uuid::nil(), |tenant| tenant.0);
        let sql = format!(
            "SELECT {COLUMNS} FROM tenant_budgets WHERE tenant_id > $1 AND enabled \
             AND (daily_limit IS NOT NULL OR monthly_limit IS NOT NULL) ORDER BY tenant_id LIMIT $2"
        );
        let rows = query(self.reader(), &sql, [after.into(), i64::from(count_max).into()]).await?;
        rows.iter().map(read_budget).collect()
    }

    async fn add_alert(&self, alert: &BudgetAlert) -> Result<bool, StoreError> {
        let sql = format!(
            "INSERT INTO budget_alerts ({ALERT_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
             ON CONFLICT (tenant_id, kind, period_start) DO NOTHING"
        );
        Ok(self.change_budget(alert.tenant, sql, alert_values(alert)?).await? > 0)
    }

    async fn has_alert(
        &self,
        scope: TenantScope,
        kind: BudgetAlertType,
        period_start: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS one FROM budget_alerts WHERE tenant_id = $1 AND kind = $2 AND period_start = $3";
        let values = [scope.tenant().0.into(), kind.as_str().into(), period_start.micros().into()];
        Ok(!query(&self.scoped(scope).await?, sql, values).await?.is_empty())
    }

    async fn take_alerts(
        &self,
        now: Timestamp,
        lease: Duration,
        count_max: u32,
    ) -> Result<Vec<BudgetAlert>, StoreError> {
        // Most of the time there is nothing: ask a reader before disturbing the writer.
        let ready = "SELECT 1 AS one FROM budget_alerts WHERE next_attempt_at <= $1 LIMIT 1";
        if query(self.reader(), ready, [now.micros().into()]).await?.is_empty() {
            return Ok(Vec::new());
        }
        let until = now.after(lease).micros();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = format!(
                        "UPDATE budget_alerts SET next_attempt_at = $1, attempts = attempts + 1 WHERE id IN \
                         (SELECT id FROM budget_alerts WHERE next_attempt_at <= $2 ORDER BY next_attempt_at, id \
                         LIMIT $3{}) RETURNING {ALERT_COLUMNS}",
                        for_update_skip_locked(transaction.get_database_backend())
                    );
                    let values = [until.into(), now.micros().into(), i64::from(count_max).into()];
                    query(transaction, &sql, values).await?.iter().map(read_alert).collect()
                })
            })
            .await
    }

    async fn save_alert(&self, alert: &BudgetAlert) -> Result<bool, StoreError> {
        let sql = "UPDATE budget_alerts SET sent_via = $3, pending = $4, next_attempt_at = $6, last_error = $7 \
                   WHERE tenant_id = $1 AND id = $2 AND attempts = $5";
        let values = vec![
            alert.tenant.0.into(),
            alert.id.0.into(),
            json(&alert.sent_via)?.into(),
            json(&alert.pending)?.into(),
            i64::from(alert.attempts).into(),
            alert.next_attempt_at.map(Timestamp::micros).into(),
            alert.last_error.clone().into(),
        ];
        Ok(self.change_budget(alert.tenant, sql.to_owned(), values).await? > 0)
    }
}
