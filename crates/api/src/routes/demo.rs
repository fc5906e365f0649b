//! The demo (inventory, sections 2.5 and 2.7): a tenant anybody signed in may look into, and calls in it that nobody has to dial.

use std::{sync::Arc, time::Duration};

use axum::{Json, http::StatusCode};
use domain::CallId;
use garde::Validate;
use operations::{
    BuyerFilter, CallRow, CampaignFilter, DemoCallError, DemoCalls, DemoStep, Entity, PageRequest, PublisherFilter,
    REPORT_DAYS_MAX, ReportFigures, ReportFilter, ReportGroup, Repository, TenantScope, demo_is_on, demo_tenant,
    switch_demo,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::calls::CallStatus;
use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    extract::Body,
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Amount, Time},
};

/// Longest name of a call.
const NAME_CHARS_MAX: usize = 128;
/// Longest pause between the steps of a sequence, milliseconds.
const DELAY_MS_MAX: u64 = 60_000;
const DELAY_MS_DEFAULT: u64 = 1_000;

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Demo")
        .signed_in(routes!(status))
        .needs(Permission::FlagsWrite, routes!(toggle))
        .needs(Permission::ReportsRead, routes!(stats))
        .needs(Permission::CallsWrite, routes!(call_event))
        .needs(Permission::CallsWrite, routes!(call_sequence))
}

/// Whether there is a demo to look into.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DemoStatus {
    /// Requests for reading with the header `X-Demo-Tenant-Id` are answered from the demo.
    enabled: bool,
    /// What to send in that header; null where there is no demo.
    tenant_id: Option<Uuid>,
}

/// Says whether there is a demo, and which tenant it is.
#[utoipa::path(get, path = "/api/v1/demo/status", operation_id = "getDemoStatus",
    responses((status = 200, description = "Whether there is one", body = DemoStatus)))]
async fn status(caller: Caller) -> ApiResult<Json<DemoStatus>> {
    let found = demo_is_on(caller.directory()).await.map_err(from_store)?;
    Ok(Json(DemoStatus { enabled: found == Some(true), tenant_id: found.map(|_| demo_tenant().uuid()) }))
}

/// On or off.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ToggleDemoRequest {
    /// Whether people of other tenants may look into the demo.
    #[garde(skip)]
    #[schema(example = true)]
    enabled: bool,
}

/// What the demo is now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DemoToggled {
    /// Whether the demo is on.
    enabled: bool,
    /// The demo's tenant.
    tenant_id: Uuid,
    /// For people.
    #[schema(example = "The demo is on")]
    message: &'static str,
}

/// Turns the demo on or off for people of other tenants: by whoever may change flags in the demo's own tenant.
#[utoipa::path(post, path = "/api/v1/demo/toggle", operation_id = "toggleDemo", request_body = ToggleDemoRequest,
    responses((status = 200, description = "What it is now", body = DemoToggled),
        (status = 404, description = "There is no demo, or it is not yours", body = crate::Problem, content_type = "application/problem+json")))]
async fn toggle(caller: Caller, Body(body): Body<ToggleDemoRequest>) -> ApiResult<Json<DemoToggled>> {
    own_demo(&caller).await?;
    let before = demo_is_on(caller.directory()).await.map_err(from_store)?;
    switch_demo(caller.directory(), body.enabled, caller.now()).await.map_err(from_store)?;
    let changes = json!({"enabled": {"before": before, "after": body.enabled}});
    caller.note("demo.toggle", "demo", None, changes).await;
    let message = if body.enabled { "The demo is on" } else { "The demo is off" };
    Ok(Json(DemoToggled { enabled: body.enabled, tenant_id: demo_tenant().uuid(), message }))
}

/// Figures of the demo.
#[derive(Debug, Serialize, ToSchema)]
pub struct DemoStats {
    /// Its calls.
    calls: DemoCallFigures,
    /// Publishers there are.
    publishers: u64,
    /// Buyers there are.
    buyers: u64,
    /// Campaigns there are.
    campaigns: u64,
    /// What buyers owe for the calls.
    revenue: Amount,
}

/// Of its calls of the last 366 days.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DemoCallFigures {
    /// All of them.
    total: u64,
    /// Answered and over.
    completed: u64,
    /// `completed` of `total`, 0 to 1; absent without calls.
    completion_rate: Option<f64>,
}

/// Counts what is in the demo.
#[utoipa::path(get, path = "/api/v1/demo/stats", operation_id = "getDemoStats",
    responses((status = 200, description = "The figures", body = DemoStats),
        (status = 404, description = "There is no demo, or it is off", body = crate::Problem, content_type = "application/problem+json")))]
async fn stats(caller: Caller) -> ApiResult<Json<DemoStats>> {
    let is_own = caller.principal.tenant == demo_tenant();
    match demo_is_on(caller.directory()).await.map_err(from_store)? {
        Some(on) if on || is_own => {}
        _ => return Err(no_demo()),
    }
    let (scope, directory, now) = (TenantScope::of(demo_tenant()), caller.directory(), caller.now());
    let filter = ReportFilter {
        from: now.before(Duration::from_hours(24 * u64::from(REPORT_DAYS_MAX))),
        to: now.after(Duration::from_micros(1)),
        campaign: None,
        publisher: None,
        buyer: None,
    };
    let groups = caller.state.reports().report_groups(scope, &filter, ReportGroup::Status).await.map_err(from_store)?;
    let mut figures = ReportFigures::default();
    groups.into_iter().for_each(|(_, of_status)| figures += of_status);
    Ok(Json(DemoStats {
        calls: DemoCallFigures {
            total: figures.calls,
            completed: figures.completed,
            completion_rate: (figures.calls > 0).then(|| figures.completed as f64 / figures.calls as f64),
        },
        publishers: count(&directory.publishers, scope, &PublisherFilter::default()).await?,
        buyers: count(&directory.buyers, scope, &BuyerFilter::default()).await?,
        campaigns: count(&directory.campaigns, scope, &CampaignFilter::default()).await?,
        revenue: Amount(figures.revenue),
    }))
}

async fn count<E: Entity>(
    repository: &Arc<dyn Repository<E>>,
    scope: TenantScope,
    filter: &E::Filter,
) -> ApiResult<u64> {
    let page = repository.list(scope, filter, &PageRequest::number(1, 1)).await.map_err(from_store)?;
    Ok(page.total.map_or(0, |total| total.count))
}

/// Where a call of the demo is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum DemoEventType {
    /// It comes in.
    #[default]
    #[serde(rename = "call.started")]
    Started,
    /// The platform answers.
    #[serde(rename = "call.answered")]
    Answered,
    /// The caller hangs up after an answer.
    #[serde(rename = "call.completed")]
    Completed,
    /// It ends without an answer, through a fault.
    #[serde(rename = "call.failed")]
    Failed,
    /// It ends without an answer: busy.
    #[serde(rename = "call.busy")]
    Busy,
    /// It ends without an answer: nobody took it.
    #[serde(rename = "call.no_answer")]
    NoAnswer,
}

impl From<DemoEventType> for DemoStep {
    fn from(event: DemoEventType) -> Self {
        match event {
            DemoEventType::Started => Self::Started,
            DemoEventType::Answered => Self::Answered,
            DemoEventType::Completed => Self::Completed,
            DemoEventType::Failed => Self::Failed,
            DemoEventType::Busy => Self::Busy,
            DemoEventType::NoAnswer => Self::NoAnswer,
        }
    }
}

/// A step of a call of the demo.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DemoCallEventRequest {
    /// Names the call: a text of your own, or the id an earlier answer gave. A call that is not there yet begins. Without it, a new one.
    #[garde(length(chars, min = 1, max = NAME_CHARS_MAX))]
    #[schema(min_length = 1, max_length = 128, example = "load-test-1")]
    call_id: Option<String>,
    /// Where it is taken.
    #[garde(skip)]
    #[serde(default)]
    event_type: DemoEventType,
    /// The demo's tenant, where it is given.
    #[garde(skip)]
    tenant_id: Option<Uuid>,
}

/// What was written.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DemoCallEvent {
    /// Always true: faults have their own answers.
    #[schema(example = true)]
    success: bool,
    /// What happened to it.
    event: DemoEventType,
    /// The call that was taken on.
    call_id: Uuid,
    /// Where the call is now.
    call_state: DemoCallState,
}

/// Where a call of the demo is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DemoCallState {
    /// The call's id.
    call_id: Uuid,
    /// The tenant the call belongs to.
    tenant_id: Uuid,
    /// How far the call is, or how it ended.
    status: CallStatus,
    /// The caller, as signalled.
    #[schema(example = "+12125550101")]
    from_number: String,
    /// Who was dialled.
    #[schema(example = "+12125550199")]
    to_number: String,
    /// When the call began.
    started_at: Time,
    /// When the call was answered; null: not (yet).
    answered_at: Option<Time>,
    /// When the call ended; null: not yet.
    ended_at: Option<Time>,
}

impl From<&CallRow> for DemoCallState {
    fn from(row: &CallRow) -> Self {
        Self {
            call_id: row.id.uuid(),
            tenant_id: row.tenant.uuid(),
            status: row.status.into(),
            from_number: row.from.clone(),
            to_number: row.to.clone(),
            started_at: Time(row.started_at),
            answered_at: row.answered_at.map(Time),
            ended_at: row.ended_at.map(Time),
        }
    }
}

/// Takes a call of the demo a step further. The step is written to the log, shown on screens and settled like a dialled call's; there is no
/// audio and no buyer. Durable when answered. For keys and people of the demo's own tenant. Not in the audit log: the call's events say it.
#[utoipa::path(post, path = "/api/v1/demo/events/call", operation_id = "addDemoCallEvent", request_body = DemoCallEventRequest,
    responses((status = 200, description = "The step was written", body = DemoCallEvent),
        (status = 404, description = "There is no demo, or it is not yours", body = crate::Problem, content_type = "application/problem+json")))]
async fn call_event(caller: Caller, Body(body): Body<DemoCallEventRequest>) -> ApiResult<Json<DemoCallEvent>> {
    own_demo(&caller).await?;
    let call = named_call(&caller, body.call_id.as_deref(), body.tenant_id).await?;
    let row = advance(&caller, call, body.event_type).await?;
    let (call_id, call_state) = (row.id.uuid(), DemoCallState::from(&*row));
    Ok(Json(DemoCallEvent { success: true, event: body.event_type, call_id, call_state }))
}

/// A whole call of the demo.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DemoCallSequenceRequest {
    /// Names the call, as in `POST /api/v1/demo/events/call`.
    #[garde(length(chars, min = 1, max = NAME_CHARS_MAX))]
    #[schema(min_length = 1, max_length = 128, example = "walk-through")]
    call_id: Option<String>,
    /// The demo's tenant, where it is given.
    #[garde(skip)]
    tenant_id: Option<Uuid>,
    /// Milliseconds between its steps.
    #[garde(range(max = DELAY_MS_MAX))]
    #[schema(maximum = 60_000, default = 1_000, example = 1_000)]
    delay: Option<u64>,
}

/// A call that goes its way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DemoCallSequence {
    /// Always true: faults have their own answers.
    #[schema(example = true)]
    success: bool,
    /// The call that was taken on.
    call_id: Uuid,
    /// What happens to it, in order.
    events: [DemoEventType; 3],
}

/// Begins a call of the demo that is answered and completed by itself, `delay` milliseconds apart. Should this process end meanwhile, the call
/// is closed as one whose switch is gone.
#[utoipa::path(post, path = "/api/v1/demo/events/call/sequence", operation_id = "runDemoCall", request_body = DemoCallSequenceRequest,
    responses((status = 202, description = "It has begun", body = DemoCallSequence),
        (status = 404, description = "There is no demo, or it is not yours", body = crate::Problem, content_type = "application/problem+json")))]
async fn call_sequence(
    caller: Caller,
    Body(body): Body<DemoCallSequenceRequest>,
) -> ApiResult<(StatusCode, Json<DemoCallSequence>)> {
    own_demo(&caller).await?;
    let call = named_call(&caller, body.call_id.as_deref(), body.tenant_id).await?;
    advance(&caller, call, DemoEventType::Started).await?;
    let delay = Duration::from_millis(body.delay.unwrap_or(DELAY_MS_DEFAULT));
    let rest = [DemoEventType::Answered, DemoEventType::Completed];
    tokio::spawn(async move {
        for event in rest {
            tokio::time::sleep(delay).await;
            if let Err(error) = advance(&caller, call, event).await {
                tracing::warn!(%call, ?event, ?error, "a call of the demo does not go on");
                return;
            }
        }
    });
    let events = [DemoEventType::Started, DemoEventType::Answered, DemoEventType::Completed];
    Ok((StatusCode::ACCEPTED, Json(DemoCallSequence { success: true, call_id: call.uuid(), events })))
}

fn no_demo() -> ApiError {
    ApiError { code: "DEMO_NOT_FOUND", ..ApiError::not_found("Demo") }
}

/// The demo exists and the caller is of its tenant.
async fn own_demo(caller: &Caller) -> ApiResult<()> {
    if caller.principal.tenant != demo_tenant() || demo_is_on(caller.directory()).await.map_err(from_store)?.is_none() {
        return Err(no_demo());
    }
    Ok(())
}

/// The call this names in the demo.
async fn named_call(caller: &Caller, name: Option<&str>, tenant: Option<Uuid>) -> ApiResult<CallId> {
    if tenant.is_some_and(|tenant| tenant != demo_tenant().uuid()) {
        return Err(ApiError::validation(vec![Fault::body("tenantId", "is not the demo's tenant; leave it out")]));
    }
    let Some(name) = name else { return Ok(caller.new_id()) };
    if let Ok(id) = name.parse::<Uuid>()
        && let Some(row) = caller.directory().calls.find_call(caller.scope(), CallId(id)).await.map_err(from_store)?
    {
        return Ok(row.id);
    }
    Ok(DemoCalls::named(caller.scope(), name))
}

async fn advance(caller: &Caller, call: CallId, event: DemoEventType) -> ApiResult<Arc<CallRow>> {
    let advanced = caller.state.demo_calls().advance(caller.scope(), call, event.into(), caller.now()).await;
    advanced.map_err(|error| match error {
        DemoCallError::Store(error) => from_store(error),
        past @ (DemoCallError::Past(_) | DemoCallError::Contended) => ApiError::conflict(past.to_string()),
    })
}
