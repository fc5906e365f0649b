//! Figures over many calls.

use std::time::Duration;

use async_trait::async_trait;
use domain::{BuyerId, Micros, Timestamp};
use operations::{
    BuyerFigures, CallReports, REPORT_DAYS_MAX, REPORT_GROUPS_MAX, REPORT_SLOT, ReportFigures, ReportFilter,
    ReportGroup, SERIES_SPANS_MAX, SeriesPoint, StoreError, TenantScope,
};
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use crate::{
    Store,
    convert::{column, number},
    dialect::sum,
    sql::{and_side, query},
};

#[async_trait]
impl CallReports for Store {
    async fn call_series(
        &self,
        scope: TenantScope,
        from: Timestamp,
        to: Timestamp,
        span: Duration,
    ) -> Result<Vec<SeriesPoint>, StoreError> {
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX).max(1);
        let mut values = vec![scope.tenant().0.into(), from.micros().into(), to.micros().into(), span.into()];
        let side = and_side(scope, &mut values);
        let sql = format!(
            "SELECT (started_at - $2) / $4 AS span, COUNT(*) AS calls, COUNT(answered_at) AS answered, \
             COUNT(connected_at) AS connected, {} AS converted, {} AS answered_ms, {} AS revenue \
             FROM calls WHERE tenant_id = $1 AND started_at >= $2 AND started_at < $3{side} \
             GROUP BY 1 ORDER BY 1 LIMIT {SERIES_SPANS_MAX}",
            sum("CASE WHEN revenue > 0 THEN 1 ELSE 0 END"),
            sum("answered_ms"),
            sum("revenue"),
        );
        let rows = query(&self.scoped(scope).await?, &sql, values).await?;
        let points = rows.iter().map(|row| {
            let count = |name: &str| number::<u64>(column(row, name)?);
            let index: i64 = column(row, "span")?;
            Ok(SeriesPoint {
                start: Timestamp::from_micros(from.micros().saturating_add(index.saturating_mul(span))),
                calls: count("calls")?,
                answered: count("answered")?,
                connected: count("connected")?,
                converted: count("converted")?,
                answered_ms: count("answered_ms")?,
                revenue: Micros(column(row, "revenue")?),
            })
        });
        points.collect()
    }

    async fn top_buyers(
        &self,
        scope: TenantScope,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> Result<Vec<BuyerFigures>, StoreError> {
        let mut values =
            vec![scope.tenant().0.into(), from.micros().into(), to.micros().into(), i64::from(limit).into()];
        let side = and_side(scope, &mut values);
        let sql = format!(
            "SELECT buyer_id, COUNT(*) AS calls, {} AS revenue FROM calls \
             WHERE tenant_id = $1 AND started_at >= $2 AND started_at < $3 AND buyer_id IS NOT NULL \
             AND connected_at IS NOT NULL{side} GROUP BY buyer_id ORDER BY 3 DESC, 2 DESC, 1 LIMIT $4",
            sum("revenue"),
        );
        let rows = query(&self.scoped(scope).await?, &sql, values).await?;
        let figures = rows.iter().map(|row| {
            Ok(BuyerFigures {
                buyer: BuyerId(column::<Uuid>(row, "buyer_id")?),
                calls: number(column(row, "calls")?)?,
                revenue: Micros(column(row, "revenue")?),
            })
        });
        figures.collect()
    }

    async fn report_slots(
        &self,
        scope: TenantScope,
        filter: &ReportFilter,
    ) -> Result<Vec<(Timestamp, ReportFigures)>, StoreError> {
        let slot = i64::try_from(REPORT_SLOT.as_micros()).unwrap_or(i64::MAX);
        let longest = Duration::from_secs(u64::from(REPORT_DAYS_MAX) * 86_400);
        let cut = ReportFilter { to: filter.to.min(filter.from.after(longest)), ..*filter };
        let (condition, mut values) = report_condition(scope, &cut);
        values.push(slot.into());
        let sql = format!(
            "SELECT started_at / ${} AS slot, {} FROM calls WHERE {condition} GROUP BY 1 ORDER BY 1",
            values.len(),
            figures_sql()
        );
        let rows = query(&self.scoped(scope).await?, &sql, values).await?;
        let slots = rows.iter().map(|row| {
            let index: i64 = column(row, "slot")?;
            Ok((Timestamp::from_micros(index.saturating_mul(slot)), figures(row)?))
        });
        slots.collect()
    }

    async fn report_groups(
        &self,
        scope: TenantScope,
        filter: &ReportFilter,
        by: ReportGroup,
    ) -> Result<Vec<(String, ReportFigures)>, StoreError> {
        let (condition, mut values) = report_condition(scope, filter);
        let group = match by {
            ReportGroup::Campaign => "campaign_id",
            ReportGroup::Status => "status",
        };
        values.push(i64::from(REPORT_GROUPS_MAX).into());
        let sql = format!(
            "SELECT {group} AS name, {} FROM calls WHERE {condition} GROUP BY {group} \
             ORDER BY 2 DESC, CASE WHEN {group} IS NULL THEN 0 ELSE 1 END, 1 LIMIT ${}",
            figures_sql(),
            values.len()
        );
        let rows = query(&self.scoped(scope).await?, &sql, values).await?;
        let groups = rows.iter().map(|row| {
            let name = match by {
                ReportGroup::Campaign => {
                    column::<Option<Uuid>>(row, "name")?.map_or_else(String::new, |id| id.to_string())
                }
                ReportGroup::Status => column(row, "name")?,
            };
            Ok((name, figures(row)?))
        });
        groups.collect()
    }
}

fn figures_sql() -> String {
    format!(
        "COUNT(*) AS calls, COUNT(answered_at) AS answered, \
         COUNT(*) FILTER (WHERE answered_at IS NOT NULL AND ended_at IS NOT NULL) AS completed, \
         COUNT(*) FILTER (WHERE answered_at IS NULL AND ended_at IS NOT NULL) AS failed, \
         COUNT(*) FILTER (WHERE revenue > 0) AS converted, {} AS duration_ms, {} AS answered_ms, {} AS cost, {} AS revenue, \
         {} AS payout",
        sum("duration_ms"),
        sum("answered_ms"),
        sum("cost"),
        sum("revenue"),
        sum("payout"),
    )
}

fn figures(row: &QueryResult) -> Result<ReportFigures, StoreError> {
    let count = |name: &str| number::<u64>(column(row, name)?);
    let money = |name: &str| column(row, name).map(Micros);
    Ok(ReportFigures {
        calls: count("calls")?,
        answered: count("answered")?,
        completed: count("completed")?,
        failed: count("failed")?,
        converted: count("converted")?,
        duration_ms: count("duration_ms")?,
        answered_ms: count("answered_ms")?,
        cost: money("cost")?,
        revenue: money("revenue")?,
        payout: money("payout")?,
    })
}

fn report_condition(scope: TenantScope, filter: &ReportFilter) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![scope.tenant().0.into(), filter.from.micros().into(), filter.to.micros().into()];
    let mut condition = "tenant_id = $1 AND started_at >= $2 AND started_at < $3".to_owned();
    for (name, id) in [
        ("campaign_id", filter.campaign.map(|id| id.0)),
        ("publisher_id", filter.publisher.map(|id| id.0)),
        ("buyer_id", filter.buyer.map(|id| id.0)),
    ] {
        if let Some(id) = id {
            values.push(id.into());
            condition += &format!(" AND {name} = ${}", values.len());
        }
    }
    condition += &and_side(scope, &mut values);
    (condition, values)
}
