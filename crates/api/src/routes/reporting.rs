//! Reports over the calls of a period, in the tenant's time zone.

mod buckets;

use axum::Json;
use domain::{CampaignId, Timestamp};
use garde::Validate;
use jiff::tz::TimeZone;
use operations::{REPORT_DAYS_MAX, ReportFigures, ReportFilter, ReportGroup};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use self::buckets::{Span, fold};
use crate::{
    access::Permission,
    caller::Caller,
    convert::{from_store, whole_secs},
    extract::{PathId, Query},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Amount, Names, Time},
};

const DAY: Duration = Duration::from_hours(24);
/// Longest report by the hour, days.
const HOURLY_DAYS_MAX: u32 = 31;

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Reporting")
        .needs(Permission::ReportsRead, routes!(metrics))
        .needs(Permission::ReportsRead, routes!(calls))
        .needs(Permission::ReportsRead, routes!(campaign))
}

/// The calls that started then count.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportPeriod {
    /// When it begins; the moment itself counts.
    start: Time,
    /// When it ends; the moment itself does not count.
    end: Time,
}

/// Figures of a report.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportMetrics {
    /// Calls that started then.
    total_calls: u64,
    /// Of these, calls that were answered.
    answered_calls: u64,
    /// Answered and over.
    completed_calls: u64,
    /// Over without an answer.
    failed_calls: u64,
    /// Paid for by the buyer.
    converted_calls: u64,
    /// Seconds from first INVITE to end, all calls together.
    total_duration: u64,
    /// Whole minutes from answer to end, all calls together.
    total_billable_minutes: u64,
    /// What the tenant is charged.
    total_cost: Amount,
    /// What buyers pay.
    total_revenue: Amount,
    /// What publishers earn.
    total_payout: Amount,
    /// Seconds; whole.
    average_duration: u64,
    /// Answered of all, 0 to 1.
    asr: f64,
    /// Seconds from answer to end, on average over what was answered and is over; whole.
    aht: u64,
    /// Converted of answered, 0 to 1; absent when none was answered.
    conversion_rate: Option<f64>,
    /// The same as `asr`.
    answer_rate: f64,
    /// Completed of all, 0 to 1.
    completion_rate: f64,
}

#[expect(clippy::cast_precision_loss, reason = "calls, not atoms")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl ReportMetrics {
    fn of(figures: &ReportFigures) -> Self {
        let asr = share(figures.answered, figures.calls);
        Self {
            total_calls: figures.calls,
            answered_calls: figures.answered,
            completed_calls: figures.completed,
            failed_calls: figures.failed,
            converted_calls: figures.converted,
            total_duration: whole_secs(figures.duration_ms),
            total_billable_minutes: whole_secs(figures.answered_ms) / 60,
            total_cost: Amount(figures.cost),
            total_revenue: Amount(figures.revenue),
            total_payout: Amount(figures.payout),
            average_duration: whole_secs(figures.duration_ms.checked_div(figures.calls).unwrap_or(0)),
            asr,
            aht: whole_secs(figures.answered_ms.checked_div(figures.completed).unwrap_or(0)),
            conversion_rate: (figures.answered > 0).then(|| share(figures.converted, figures.answered)),
            answer_rate: asr,
            completion_rate: share(figures.completed, figures.calls),
        }
    }
}

/// Figures of one stretch of time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportPoint {
    /// When it begins.
    timestamp: Time,
    /// Calls that started then.
    total_calls: u64,
    /// Of these, calls that were answered.
    answered_calls: u64,
    /// Answered of all, 0 to 1.
    asr: f64,
    /// Seconds; whole.
    aht: u64,
    /// Whole minutes from answer to end, all calls together.
    billable_minutes: u64,
    /// What the tenant is charged.
    cost: Amount,
    /// What buyers pay.
    revenue: Amount,
}

fn point(start: Timestamp, figures: &ReportFigures) -> ReportPoint {
    let metrics = ReportMetrics::of(figures);
    ReportPoint {
        timestamp: Time(start),
        total_calls: metrics.total_calls,
        answered_calls: metrics.answered_calls,
        asr: metrics.asr,
        aht: metrics.aht,
        billable_minutes: metrics.total_billable_minutes,
        cost: metrics.total_cost,
        revenue: metrics.total_revenue,
    }
}

/// A report by time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricsReport {
    /// The period it is about.
    period: ReportPeriod,
    /// IANA zone the days and hours are of: the tenant's.
    #[schema(example = "America/New_York")]
    time_zone: String,
    /// Figures of the period.
    metrics: ReportMetrics,
    /// Every hour or day of the period, those without calls too.
    breakdown: Vec<ReportPoint>,
}

/// By what time is told apart.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Granularity {
    Hour,
    Day,
}

/// Which calls, and how they are told apart.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct MetricsQuery {
    /// Started then or later; a day before the end unless said otherwise.
    #[garde(skip)]
    #[param(value_type = Option<Time>)]
    start_date: Option<Time>,
    /// Started before; now unless said otherwise.
    #[garde(skip)]
    #[param(value_type = Option<Time>)]
    end_date: Option<Time>,
    /// Only this campaign's calls.
    #[garde(skip)]
    campaign_id: Option<Uuid>,
    /// Only this publisher's calls.
    #[garde(skip)]
    publisher_id: Option<Uuid>,
    /// Only this buyer's calls.
    #[garde(skip)]
    buyer_id: Option<Uuid>,
    /// `hour` (at most 31 days) or `day`.
    #[garde(skip)]
    #[param(inline, default = "hour")]
    granularity: Option<Granularity>,
}

/// The zone the tenant's days are of.
async fn zone_of(caller: &Caller) -> ApiResult<(String, TimeZone)> {
    let tenant = caller.directory().tenants.find_tenant(caller.principal.tenant).await.map_err(from_store)?;
    let name = tenant.map_or_else(|| "UTC".to_owned(), |tenant| tenant.time_zone);
    let zone = TimeZone::get(&name).map_err(ApiError::internal)?;
    Ok((name, zone))
}

/// A period that is none, or too long, is the caller's to mend.
fn period(start: Timestamp, end: Timestamp, days_max: u32) -> ApiResult<(Timestamp, Timestamp)> {
    let longest = DAY.saturating_mul(days_max);
    if end <= start {
        return Err(ApiError::validation(vec![Fault::parameter("endDate", "must be after startDate")]));
    }
    if end > start.after(longest) {
        let message = format!("must be at most {days_max} days after startDate");
        return Err(ApiError::validation(vec![Fault::parameter("endDate", message)]));
    }
    Ok((start, end))
}

async fn by_time(
    caller: &Caller,
    filter: &ReportFilter,
    zone: &TimeZone,
    span: Span,
) -> ApiResult<(ReportFigures, Vec<(Timestamp, ReportFigures)>)> {
    let slots = caller.state.reports().report_slots(caller.scope(), filter).await.map_err(from_store)?;
    let mut total = ReportFigures::default();
    slots.iter().for_each(|(_, figures)| total += *figures);
    let points = fold(&slots, filter.from, filter.to, zone, span).map_err(ApiError::internal)?;
    Ok((total, points))
}

/// Reports the calls of a period by hour or day.
#[utoipa::path(get, path = "/api/v1/reporting/metrics", operation_id = "getMetricsReport", params(MetricsQuery),
    responses((status = 200, description = "The report", body = MetricsReport)))]
async fn metrics(caller: Caller, Query(query): Query<MetricsQuery>) -> ApiResult<Json<MetricsReport>> {
    let end = query.end_date.map_or_else(|| caller.now(), |time| time.0);
    let start = query.start_date.map_or_else(|| end.before(DAY), |time| time.0);
    let (span, days_max) = match query.granularity.unwrap_or(Granularity::Hour) {
        Granularity::Hour => (Span::Hour, HOURLY_DAYS_MAX),
        Granularity::Day => (Span::Day, REPORT_DAYS_MAX),
    };
    let (from, to) = period(start, end, days_max)?;
    let filter = ReportFilter {
        from,
        to,
        campaign: query.campaign_id.map(Into::into),
        publisher: query.publisher_id.map(Into::into),
        buyer: query.buyer_id.map(Into::into),
    };
    let (time_zone, zone) = zone_of(&caller).await?;
    let (total, points) = by_time(&caller, &filter, &zone, span).await?;
    Ok(Json(MetricsReport {
        period: ReportPeriod { start: Time(from), end: Time(to) },
        time_zone,
        metrics: ReportMetrics::of(&total),
        breakdown: points.iter().map(|(start, figures)| point(*start, figures)).collect(),
    }))
}

/// By what calls are told apart.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    Day,
    Week,
    Month,
    Campaign,
    Status,
}

/// Which calls, and how they are told apart.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct CallReportQuery {
    /// Started then or later.
    #[garde(required)]
    #[param(value_type = Time, required = true)]
    start_date: Option<Time>,
    /// Started before; at most 366 days later.
    #[garde(required)]
    #[param(value_type = Time, required = true)]
    end_date: Option<Time>,
    /// What its parts are; `day` unless said otherwise.
    #[garde(skip)]
    #[param(inline, default = "day")]
    group_by: Option<GroupBy>,
    /// Only this campaign's calls.
    #[garde(skip)]
    campaign_id: Option<Uuid>,
}

/// One part of a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportPart {
    /// `day`, `week`, `month`, `campaign`, `status`.
    #[schema(example = "day")]
    dimension: &'static str,
    /// The day (2026-11-23), the Monday of the week, the month (2026-11), the campaign's name, the status.
    #[schema(example = "2026-11-23")]
    value: String,
    /// The campaign's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    /// Its figures.
    metrics: ReportMetrics,
}

/// A report of calls.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallReport {
    /// The period it is about.
    period: ReportPeriod,
    /// IANA time zone the days are of.
    #[schema(example = "America/New_York")]
    time_zone: String,
    /// Figures of the period.
    metrics: ReportMetrics,
    /// The same by part of what was asked for.
    breakdown: Vec<ReportPart>,
}

/// Reports the calls of a period by day, week, month, campaign or status.
#[utoipa::path(get, path = "/api/v1/reporting/calls", operation_id = "getCallReport", params(CallReportQuery),
    responses((status = 200, description = "The report", body = CallReport)))]
async fn calls(caller: Caller, Query(query): Query<CallReportQuery>) -> ApiResult<Json<CallReport>> {
    let (Some(start), Some(end)) = (query.start_date, query.end_date) else {
        let missing = ["startDate", "endDate"].map(|name| Fault::parameter(name, "is required"));
        return Err(ApiError::validation(missing.into()));
    };
    let (from, to) = period(start.0, end.0, REPORT_DAYS_MAX)?;
    let filter = ReportFilter { from, to, campaign: query.campaign_id.map(Into::into), publisher: None, buyer: None };
    let (time_zone, zone) = zone_of(&caller).await?;
    let (total, breakdown) = match query.group_by.unwrap_or(GroupBy::Day) {
        GroupBy::Campaign => by_campaign(&caller, &filter).await?,
        GroupBy::Status => {
            let groups = caller.state.reports().report_groups(caller.scope(), &filter, ReportGroup::Status).await;
            let part = |(value, figures): &(String, ReportFigures)| ReportPart {
                dimension: "status",
                value: value.clone(),
                id: None,
                metrics: ReportMetrics::of(figures),
            };
            let groups = groups.map_err(from_store)?;
            (sum(&groups), groups.iter().map(part).collect())
        }
        group => {
            let (span, dimension) = match group {
                GroupBy::Week => (Span::Week, "week"),
                GroupBy::Month => (Span::Month, "month"),
                _ => (Span::Day, "day"),
            };
            let (total, points) = by_time(&caller, &filter, &zone, span).await?;
            let part = |(start, figures): &(Timestamp, ReportFigures)| {
                let value = span.name(*start, &zone).map_err(ApiError::internal)?;
                Ok(ReportPart { dimension, value, id: None, metrics: ReportMetrics::of(figures) })
            };
            (total, points.iter().map(part).collect::<ApiResult<_>>()?)
        }
    };
    Ok(Json(CallReport {
        period: ReportPeriod { start: Time(from), end: Time(to) },
        time_zone,
        metrics: ReportMetrics::of(&total),
        breakdown,
    }))
}

fn sum(groups: &[(String, ReportFigures)]) -> ReportFigures {
    let mut total = ReportFigures::default();
    groups.iter().for_each(|(_, figures)| total += *figures);
    total
}

async fn by_campaign(caller: &Caller, filter: &ReportFilter) -> ApiResult<(ReportFigures, Vec<ReportPart>)> {
    let groups = caller.state.reports().report_groups(caller.scope(), filter, ReportGroup::Campaign).await;
    let groups = groups.map_err(from_store)?;
    let mut names = Names::new(caller);
    let mut parts = Vec::with_capacity(groups.len());
    for (id, figures) in &groups {
        let campaign: Option<CampaignId> = id.parse().ok();
        let name = names.campaign(campaign).await?.map(|campaign| campaign.name);
        parts.push(ReportPart {
            dimension: "campaign",
            value: name.unwrap_or_else(|| id.clone()),
            id: campaign.map(|id| id.uuid()),
            metrics: ReportMetrics::of(figures),
        });
    }
    Ok((sum(&groups), parts))
}

/// The period of a campaign's report.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct CampaignReportQuery {
    /// Started then or later; seven days before the end unless said otherwise.
    #[garde(skip)]
    #[param(value_type = Option<Time>)]
    start_date: Option<Time>,
    /// Started before; now unless said otherwise.
    #[garde(skip)]
    #[param(value_type = Option<Time>)]
    end_date: Option<Time>,
}

/// A campaign's report.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CampaignReport {
    /// The campaign.
    campaign_id: Uuid,
    #[serde(flatten)]
    report: MetricsReport,
}

/// Reports a campaign's calls by day.
#[utoipa::path(get, path = "/api/v1/reporting/campaigns/{id}", operation_id = "getCampaignReport",
    params(("id" = Uuid, Path, description = "The campaign's id"), CampaignReportQuery),
    responses((status = 200, description = "The report", body = CampaignReport)))]
async fn campaign(
    caller: Caller,
    PathId(id): PathId<CampaignId>,
    Query(query): Query<CampaignReportQuery>,
) -> ApiResult<Json<CampaignReport>> {
    caller.directory().campaigns.get(caller.scope(), id).await.map_err(from_store)?;
    let end = query.end_date.map_or_else(|| caller.now(), |time| time.0);
    let start = query.start_date.map_or_else(|| end.before(DAY.saturating_mul(7)), |time| time.0);
    let (from, to) = period(start, end, REPORT_DAYS_MAX)?;
    let filter = ReportFilter { from, to, campaign: Some(id), publisher: None, buyer: None };
    let (time_zone, zone) = zone_of(&caller).await?;
    let (total, points) = by_time(&caller, &filter, &zone, Span::Day).await?;
    let report = MetricsReport {
        period: ReportPeriod { start: Time(from), end: Time(to) },
        time_zone,
        metrics: ReportMetrics::of(&total),
        breakdown: points.iter().map(|(start, figures)| point(*start, figures)).collect(),
    };
    Ok(Json(CampaignReport { campaign_id: id.uuid(), report }))
}
