//! Figures over many calls.

use std::time::Duration;

use async_trait::async_trait;
use domain::{BuyerId, Micros, Timestamp};
use operations::{BuyerFigures, CallReports, SERIES_SPANS_MAX, SeriesPoint, StoreError, TenantScope};
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
        let rows = query(self.reader(), &sql, values).await?;
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
        let rows = query(self.reader(), &sql, values).await?;
        let figures = rows.iter().map(|row| {
            Ok(BuyerFigures {
                buyer: BuyerId(column::<Uuid>(row, "buyer_id")?),
                calls: number(column(row, "calls")?)?,
                revenue: Micros(column(row, "revenue")?),
            })
        });
        figures.collect()
    }
}
