//! Figures of a window of time, for the dashboard.

use std::time::Duration;

use axum::Json;
use domain::{Micros, Timestamp};
use garde::Validate;
use operations::{CallFigures, SeriesPoint, Side};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::calls::margin;
use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    extract::Query,
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Amount, Names, Time},
};

/// Buyers shown.
const TOP_BUYERS: u32 = 5;
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Dashboard").sided(Permission::ReportsRead, routes!(summary))
}

/// Which window.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SummaryQuery {
    /// `1h`, `24h`, `7d` or `30d`, up to now; `today` since midnight in the tenant's time zone.
    #[garde(length(chars, max = 16))]
    #[param(max_length = 16, default = "24h", example = "24h")]
    window: Option<String>,
}

/// Figures of a window.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DashboardSummary {
    /// The window it is about.
    window: Window,
    /// Sums over the window.
    totals: Totals,
    /// Equal spans that fill the window.
    series: Vec<Point>,
    /// Who pays most.
    top_buyers: Vec<TopBuyer>,
}

/// A window: calls that started in it count.
#[derive(Debug, Serialize, ToSchema)]
pub struct Window {
    /// When it begins; the moment itself counts.
    start: Time,
    /// When it ends; the moment itself does not count.
    end: Time,
}

/// Sums over the window.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Calls that started in the window.
    calls: u64,
    /// Of these, calls that were answered.
    answered: u64,
    /// Connected to a buyer.
    sold: u64,
    /// Paid for by the buyer.
    converted: u64,
    /// Absent for publishers.
    revenue: Option<Amount>,
    /// Absent for buyers.
    payout: Option<Amount>,
    /// Absent for publishers and buyers.
    cost: Option<Amount>,
    /// Absent for publishers and buyers.
    margin: Option<Amount>,
    /// Of the amounts, ISO 4217.
    #[schema(example = "USD")]
    currency: String,
    /// Answered share of calls, 0 to 1; absent without calls.
    asr: Option<f64>,
    /// Mean seconds from answer to end; absent without answered calls.
    aht_seconds: Option<f64>,
    /// Calls running now, whenever they started.
    active_now: u64,
}

/// One span.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Point {
    /// When the span begins.
    start: Time,
    /// Calls that started then.
    calls: u64,
    /// Of these, calls that were answered.
    answered: u64,
    /// Of these, calls connected to a buyer.
    sold: u64,
    /// Absent for publishers.
    revenue: Option<Amount>,
}

/// A buyer's share.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopBuyer {
    /// The buyer.
    buyer_id: Uuid,
    /// The buyer's name; null where it is gone.
    name: Option<String>,
    /// Calls it paid for.
    calls: u64,
    /// What it pays.
    revenue: Amount,
}

/// A window's begin, and how wide its spans are.
fn window(text: &str, now: Timestamp, time_zone: &str) -> Option<(Timestamp, Duration)> {
    let (length, span) = match text {
        "1h" => (HOUR, Duration::from_mins(1)),
        "24h" => (DAY, HOUR),
        "7d" => (7 * DAY, 6 * HOUR),
        "30d" => (30 * DAY, DAY),
        "today" => return Some((midnight(now, time_zone), HOUR)),
        _ => return None,
    };
    // Spans begin at whole spans of the clock, so that they stay where they are as time goes on.
    let span_micros = i64::try_from(span.as_micros()).ok()?;
    let begun = now.micros().div_euclid(span_micros).saturating_add(1).saturating_mul(span_micros);
    Some((Timestamp::from_micros(begun).before(length), span))
}

fn midnight(now: Timestamp, time_zone: &str) -> Timestamp {
    let zone = jiff::tz::TimeZone::get(time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let moment = jiff::Timestamp::from_microsecond(now.micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let start = moment.to_zoned_datetime(zone).start_of_day().map(|start| start.timestamp().as_microsecond());
    start.map_or(now, Timestamp::from_micros)
}

/// Sums, a series and the best buyers of a window.
#[utoipa::path(get, path = "/api/v1/dashboard/summary", operation_id = "getDashboardSummary", params(SummaryQuery),
    responses((status = 200, description = "The figures", body = DashboardSummary)))]
async fn summary(caller: Caller, Query(query): Query<SummaryQuery>) -> ApiResult<Json<DashboardSummary>> {
    let directory = caller.directory();
    let (scope, now) = (caller.scope(), caller.now());
    let tenant = directory.tenants.find_tenant(caller.principal.tenant).await.map_err(from_store)?;
    let zone = tenant.map_or_else(|| "UTC".to_owned(), |tenant| tenant.time_zone);
    let text = query.window.as_deref().unwrap_or("24h");
    let (start, span) = window(text, now, &zone).ok_or_else(|| {
        ApiError::validation(vec![Fault::parameter("window", "must be one of 1h, 24h, 7d, 30d, today")])
    })?;
    let end = now.after(Duration::from_micros(1));
    let reports = caller.state.reports();
    let figures = directory.calls.call_figures(scope, start, end).await.map_err(from_store)?;
    let points = reports.call_series(scope, start, end, span).await.map_err(from_store)?;
    let top = reports.top_buyers(scope, start, end, TOP_BUYERS).await.map_err(from_store)?;
    let mut names = Names::new(&caller);
    let mut top_buyers = Vec::with_capacity(top.len());
    for figures in top {
        let name = names.buyer(Some(figures.buyer)).await?.map(|buyer| buyer.name);
        let (calls, revenue) = (figures.calls, Amount(figures.revenue));
        top_buyers.push(TopBuyer { buyer_id: figures.buyer.uuid(), name, calls, revenue });
    }
    let currency = super::billing::currency_of(&caller).await?;
    let summary = DashboardSummary {
        window: Window { start: Time(start), end: Time(now) },
        totals: totals(&figures, &points, currency),
        series: fill(&points, start, now, span),
        top_buyers,
    };
    Ok(Json(summary.for_side(caller.side())))
}

impl DashboardSummary {
    /// What one side knows of it. The figures are of their own calls already.
    fn for_side(self, side: Side) -> Self {
        let (totals, series) = (self.totals, self.series);
        match side {
            Side::Whole => Self { totals, series, ..self },
            Side::Publisher(_) => Self {
                totals: Totals { revenue: None, cost: None, margin: None, ..totals },
                series: series.into_iter().map(|point| Point { revenue: None, ..point }).collect(),
                top_buyers: Vec::new(),
                ..self
            },
            Side::Buyer(_) => {
                Self { totals: Totals { payout: None, cost: None, margin: None, ..totals }, series, ..self }
            }
        }
    }
}

fn totals(figures: &CallFigures, points: &[SeriesPoint], currency: String) -> Totals {
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    let answered_ms: u64 = points.iter().map(|point| point.answered_ms).sum();
    Totals {
        calls: figures.calls,
        answered: figures.answered,
        sold: figures.connected,
        converted: points.iter().map(|point| point.converted).sum(),
        revenue: Some(Amount(figures.revenue)),
        payout: Some(Amount(figures.payout)),
        cost: Some(Amount(figures.cost)),
        margin: Some(Amount(margin(figures.revenue, figures.payout, figures.cost))),
        currency,
        asr: share(figures.answered, figures.calls),
        aht_seconds: share(answered_ms, figures.answered).map(|ms| ms / 1_000.0),
        active_now: figures.live,
    }
}

/// Every span from `start` to now, with zeros where nothing happened.
fn fill(points: &[SeriesPoint], start: Timestamp, now: Timestamp, span: Duration) -> Vec<Point> {
    let mut filled = Vec::new();
    let mut begin = start;
    while begin <= now {
        let point = points.iter().find(|point| point.start == begin);
        filled.push(Point {
            start: Time(begin),
            calls: point.map_or(0, |point| point.calls),
            answered: point.map_or(0, |point| point.answered),
            sold: point.map_or(0, |point| point.connected),
            revenue: Some(Amount(point.map_or(Micros::ZERO, |point| point.revenue))),
        });
        begin = begin.after(span);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_449_600 + 1_830);

    #[test]
    fn windows_stand_on_whole_spans() {
        for (text, spans) in [("1h", 60), ("24h", 24), ("7d", 28), ("30d", 30)] {
            let (start, span) = window(text, NOW, "UTC").unwrap();
            assert_eq!(start.micros() % i64::try_from(span.as_micros()).unwrap(), 0, "{text}");
            assert_eq!(fill(&[], start, NOW, span).len(), spans, "{text}");
        }
        assert_eq!(window("1y", NOW, "UTC"), None);
    }

    #[test]
    fn today_begins_at_the_tenants_midnight() {
        let (start, _) = window("today", NOW, "America/New_York").unwrap();
        assert_eq!(start.to_rfc3339(), "2026-11-23T05:00:00.000000Z");
    }
}
