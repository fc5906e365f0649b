//! Calls as lists and pages read them.

mod count;
mod list;
#[cfg(test)]
mod list_plans;
mod narrow;
mod reports;

use async_trait::async_trait;
use domain::{CallEvent, CallId, CampaignId, Micros, Timestamp};
use operations::{
    Accrual, Appended, Books, CallDetail, CallFigures, CallFilter, CallRow, Calls, CampaignCounts, EventLog, Page,
    PageRequest, Posting, Recording, RecordingFilter, Repository, StoreError, TenantScope,
};
use sea_orm::{QueryResult, Value};

use crate::{
    Store,
    convert::{column, number},
    dialect::sum,
    hot::{CALL_COLUMNS, read_event, read_row},
    sql::{and_side, query},
};

/// Recordings of one call shown on its page.
const RECORDINGS_MAX: u32 = 100;

#[async_trait]
impl EventLog for Store {
    async fn append(&self, events: Vec<CallEvent>) -> Result<Appended, StoreError> {
        self.writer().append(events).await
    }
}

#[async_trait]
impl Calls for Store {
    async fn list_calls(
        &self,
        scope: TenantScope,
        filter: &CallFilter,
        page: &PageRequest,
    ) -> Result<Page<CallRow>, StoreError> {
        list::calls(self, scope, filter, page).await
    }

    async fn find_call(&self, scope: TenantScope, call: CallId) -> Result<Option<CallRow>, StoreError> {
        let mut values = vec![scope.tenant().0.into(), call.0.into()];
        let side = and_side(scope, &mut values);
        let sql = format!("SELECT {CALL_COLUMNS} FROM calls WHERE tenant_id = $1 AND id = $2{side}");
        let rows = query(&self.scoped(scope).await?, &sql, values).await?;
        rows.first().map(read_row).transpose()
    }

    async fn events_of_call(&self, scope: TenantScope, call: CallId) -> Result<Vec<CallEvent>, StoreError> {
        let sql = "SELECT call_id, sequence, tenant_id, at, what FROM call_events WHERE call_id = $1 AND tenant_id = $2 \
                   ORDER BY sequence";
        let rows = query(&self.scoped(scope).await?, sql, [call.0.into(), scope.tenant().0.into()]).await?;
        rows.iter().map(read_event).collect()
    }

    async fn call_detail(&self, scope: TenantScope, call: CallId) -> Result<Option<CallDetail>, StoreError> {
        let Some(row) = self.find_call(scope, call).await? else { return Ok(None) };
        let filter = RecordingFilter { call: Some(call), status: None };
        let page = PageRequest::number(1, RECORDINGS_MAX);
        let recordings: Page<Recording> = self.list(scope, &filter, &page).await?;
        Ok(Some(CallDetail {
            row,
            events: self.events_of_call(scope, call).await?,
            recordings: recordings.items,
            accruals: Books::accruals_of_call(self, scope, call).await?,
            postings: Books::postings_of_call(self, scope, call).await?,
        }))
    }

    async fn call_figures(
        &self,
        scope: TenantScope,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<CallFigures, StoreError> {
        let tenant: Value = scope.tenant().0.into();
        let mut values = vec![tenant.clone(), from.micros().into(), to.micros().into()];
        let side = and_side(scope, &mut values);
        let sql = format!(
            "SELECT COUNT(*) AS calls, COUNT(answered_at) AS answered, COUNT(connected_at) AS connected, \
             {} AS connected_ms, {} AS cost, {} AS revenue, {} AS payout \
             FROM calls WHERE tenant_id = $1 AND started_at >= $2 AND started_at < $3{side}",
            sum("connected_ms"),
            sum("cost"),
            sum("revenue"),
            sum("payout"),
        );
        let rows = query(&self.scoped(scope).await?, &sql, values).await?;
        let mut values = vec![tenant];
        let side = and_side(scope, &mut values);
        let live = format!("SELECT COUNT(*) AS live FROM calls WHERE tenant_id = $1 AND ended_at IS NULL{side}");
        let live = query(&self.scoped(scope).await?, &live, values).await?;
        let (Some(row), Some(live)) = (rows.first(), live.first()) else { return Ok(CallFigures::default()) };
        let count = |row: &QueryResult, name: &str| number::<u64>(column(row, name)?);
        let money = |name: &str| column(row, name).map(Micros);
        Ok(CallFigures {
            calls: count(row, "calls")?,
            answered: count(row, "answered")?,
            connected: count(row, "connected")?,
            live: count(live, "live")?,
            connected_ms: count(row, "connected_ms")?,
            cost: money("cost")?,
            revenue: money("revenue")?,
            payout: money("payout")?,
        })
    }

    async fn campaign_counts(
        &self,
        scope: TenantScope,
        campaigns: &[CampaignId],
    ) -> Result<Vec<CampaignCounts>, StoreError> {
        let mut counts = Vec::with_capacity(campaigns.len());
        for campaign in campaigns {
            let mut values = vec![scope.tenant().0.into(), campaign.0.into()];
            let side = and_side(scope, &mut values);
            let sql = format!(
                "SELECT (SELECT COUNT(*) FROM calls WHERE tenant_id = $1 AND campaign_id = $2{side}) AS calls, \
                 (SELECT COUNT(*) FROM numbers WHERE tenant_id = $1 AND campaign_id = $2) AS numbers"
            );
            for row in query(&self.scoped(scope).await?, &sql, values).await? {
                counts.push(CampaignCounts {
                    campaign: *campaign,
                    calls: number(column(&row, "calls")?)?,
                    numbers: number(column(&row, "numbers")?)?,
                });
            }
        }
        Ok(counts)
    }
}

/// What the books say of one call.
pub(crate) async fn accruals_of(
    on: &impl sea_orm::ConnectionTrait,
    scope: TenantScope,
    call: CallId,
) -> Result<Vec<Accrual>, StoreError> {
    let sql = "SELECT accrual_key, tenant_id, account_id, call_id, publisher_id, buyer_id, kind, amount, currency, \
               description, at FROM accruals WHERE call_id = $1 AND tenant_id = $2 ORDER BY at, accrual_key";
    let rows = query(on, sql, [call.0.into(), scope.tenant().0.into()]).await?;
    rows.iter().map(crate::hot::read_accrual).collect()
}

/// And its postings.
pub(crate) async fn postings_of(
    on: &impl sea_orm::ConnectionTrait,
    scope: TenantScope,
    call: CallId,
) -> Result<Vec<Posting>, StoreError> {
    let sql = "SELECT group_id, group_key, line, tenant_id, account, amount, currency, call_id, description, at \
               FROM postings WHERE call_id = $1 AND tenant_id = $2 ORDER BY group_key, line";
    let rows = query(on, sql, [call.0.into(), scope.tenant().0.into()]).await?;
    rows.iter().map(crate::hot::read_posting).collect()
}
