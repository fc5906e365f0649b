//! The platform calls somebody.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{Json, http::StatusCode};
use domain::{
    CallId, CampaignId, CompliancePath, ComplianceVerdict, EndCause, LeaseId, Micros, NumberId, OutboundCall,
    PhoneNumber,
};
use garde::Validate;
use operations::{
    CallRow, Campaign, CampaignStatus, LiveItem, LiveStream, LiveUpdate, NumberStatus, PageRequest, Screening,
    TenantStatus, TrunkFilter, TrunkStatus, caller_id_of_campaign,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Call, view};
use crate::{
    caller::Caller,
    convert::from_store,
    extract::Body,
    ports::PortError,
    problem::{ApiError, ApiResult, Fault},
    routes::{
        agent, budget_gate,
        compliance::{phone_number, reason_word},
        quotas,
    },
    wire::{Amount, Metadata, Names},
};

/// A switch that gets the order later than this leaves it alone.
const ORDER_SPAN: Duration = Duration::from_secs(3);
/// How long the call's first event is waited for: longer than an order holds, so that what has not begun by then never will.
const START_MAX: Duration = Duration::from_secs(5);
/// How often it is looked for all the same: the bus may be away, or lose what it cannot hold.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The same while the bus says that it does not carry what other processes say.
const LOOK_EVERY_ALONE: Duration = Duration::from_millis(50);

/// Who is to be called, and for which campaign.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InitiateCallRequest {
    /// Who is called, E.164 or as people write it.
    #[garde(length(chars, min = 1, max = 32))]
    #[schema(min_length = 1, max_length = 32, example = "+12125550147")]
    to_number: String,
    /// Its published flow runs with whoever answers. May be left out where `fromNumberId` names a number with a campaign.
    #[garde(skip)]
    campaign_id: Option<Uuid>,
    /// The tenant's number that is shown. Left out: the next of the campaign's caller-ID pool.
    #[garde(skip)]
    from_number_id: Option<Uuid>,
    /// Tags of the call from the start, as flows and reports see them. `consentToken` is the consent the call relies on.
    #[garde(skip)]
    metadata: Option<Metadata>,
    /// Minutes the call is expected to take, for the quota of minutes a day.
    #[garde(range(min = 1, max = 1_440))]
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1_440, default = 1)]
    estimated_minutes: u32,
    /// What the call is expected to cost, in the currency of the billing account, for the budget.
    #[garde(inner(custom(is_no_gain)))]
    estimated_cost: Option<Amount>,
}

fn is_no_gain(cost: &Amount, _: &()) -> garde::Result {
    if cost.0 < Micros::ZERO { Err(garde::Error::new("must not be negative")) } else { Ok(()) }
}

const fn one() -> u32 {
    1
}

/// Calls somebody over the tenant's outbound trunks. Whoever answers is the caller of the campaign's flow. The answer comes when the
/// switch has the call, before anybody's phone rings; how it goes on shows in the call and its events.
#[utoipa::path(post, path = "/api/v1/calls", operation_id = "initiateCall", request_body = InitiateCallRequest,
    responses((status = 201, description = "The call, `INITIATED`", body = Call),
        (status = 403, description = "Not allowed: `COMPLIANCE_BLOCKED` with the reason as `code` of its detail, `QUOTA_EXCEEDED` with `current` and `limit`, `BUDGET_EXCEEDED` with `budget`, `TENANT_CLOSED`. A token of the operator in `X-Quota-Override` lets quotas and budget pass", body = crate::Problem, content_type = "application/problem+json"),
        (status = 422, description = "campaignId is a campaign whose flow is missing or not published; or another field is at fault, or no trunk carries calls out (`NO_TRUNK`)", body = crate::Problem, content_type = "application/problem+json"),
        (status = 503, description = "No switch takes calls now: nobody is called", body = crate::Problem, content_type = "application/problem+json")))]
pub(super) async fn place(
    caller: Caller,
    Body(body): Body<InitiateCallRequest>,
) -> ApiResult<(StatusCode, Json<Call>)> {
    let call: CallId = caller.new_id();
    // An earlier try with the same Idempotency-Key may have placed it, though its answer was lost.
    if let Some(row) = caller.directory().calls.find_call(caller.scope(), call).await.map_err(from_store)? {
        return placed(&caller, &row).await;
    }
    if caller.tenant().await?.status != TenantStatus::Active {
        let message = "The tenant is suspended, and places no calls; ask the operator of the platform";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "TENANT_CLOSED", message));
    }
    let agent = match caller.principal.user() {
        Some(user) => agent::of_user(&caller, user).await?.map(|agent| agent.id),
        None => None,
    };
    let to = phone_number("toNumber", &body.to_number)?;
    let number = given_number(&caller, body.from_number_id.map(Into::into)).await?;
    let of_number = number.as_ref().and_then(|(.., campaign)| *campaign);
    let campaign = campaign_of(&caller, body.campaign_id.map(Into::into), of_number).await?;
    let tags = tags_of(body.metadata);
    check_compliance(&caller, call, &to, &campaign, &tags).await?;
    check_trunks(&caller).await?;
    let (number, from) = match number {
        Some((id, number, _)) => (id, number),
        None => of_pool(&caller, campaign.id).await?,
    };
    let lease = quotas::admit_call(&caller, call, body.estimated_minutes).await?;
    let cost = body.estimated_cost.map_or(Micros::ZERO, |cost| cost.0);
    if let Err(error) = budget_gate::admit_cost(&caller, cost).await {
        give_back(&caller, lease).await;
        return Err(error);
    }
    let order = OutboundCall {
        agent,
        call,
        tenant: caller.principal.tenant,
        campaign: campaign.id,
        number,
        from,
        to,
        tags,
        until: caller.now().after(ORDER_SPAN),
    };
    match ordered(&caller, order).await {
        Ok(row) => placed(&caller, &row).await,
        Err(error) => {
            give_back(&caller, lease).await;
            Err(error)
        }
    }
}

/// Its answer.
async fn placed(caller: &Caller, row: &CallRow) -> ApiResult<(StatusCode, Json<Call>)> {
    let shown = view(row, &mut Names::new(caller)).await?;
    Ok((StatusCode::CREATED, Json(shown)))
}

fn fault(field: &str, message: impl Into<String>) -> ApiError {
    ApiError::validation(vec![Fault::body(field, message)])
}

type GivenNumber = (NumberId, PhoneNumber, Option<CampaignId>);

async fn given_number(caller: &Caller, id: Option<NumberId>) -> ApiResult<Option<GivenNumber>> {
    let Some(id) = id else { return Ok(None) };
    let found = caller.directory().numbers.find(caller.scope(), id).await.map_err(from_store)?;
    let found = found.ok_or_else(|| fault("fromNumberId", "is not a number of the tenant"))?;
    if found.status != NumberStatus::Active {
        return Err(fault("fromNumberId", "is a number that is not ACTIVE"));
    }
    Ok(Some((found.id, found.number, found.campaign)))
}

/// The campaign that is named, or else that of the number shown: whoever answers must hear something.
async fn campaign_of(caller: &Caller, given: Option<CampaignId>, of_number: Option<CampaignId>) -> ApiResult<Campaign> {
    const FIELD: &str = "campaignId";
    let Some(id) = given.or(of_number) else {
        return Err(fault(FIELD, "is required unless fromNumberId names a number with a campaign"));
    };
    let found = caller.directory().campaigns.find(caller.scope(), id).await.map_err(from_store)?;
    let campaign = found.ok_or_else(|| fault(FIELD, "is not a campaign of the tenant"))?;
    if campaign.status != CampaignStatus::Active {
        return Err(fault(FIELD, "is a campaign that is not ACTIVE"));
    }
    let flow = match campaign.flow {
        Some(flow) => caller.directory().flows.find(caller.scope(), flow).await.map_err(from_store)?,
        None => None,
    };
    if flow.is_none_or(|flow| flow.published_version.is_none()) {
        return Err(fault(FIELD, "is a campaign whose flow is missing or not published"));
    }
    Ok(campaign)
}

fn tags_of(metadata: Option<Metadata>) -> BTreeMap<String, Value> {
    match Metadata::or_empty(metadata) {
        Value::Object(members) => members.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

/// The gate's word, 403 with its reason. The switch asks once more just before it calls, and keeps the evidence with the call.
async fn check_compliance(
    caller: &Caller,
    call: CallId,
    to: &PhoneNumber,
    campaign: &Campaign,
    tags: &BTreeMap<String, Value>,
) -> ApiResult<()> {
    let gate = caller.state.gate();
    // Whoever was put on a list a moment ago is not called. While the store is away the policy says how old lists may be.
    if let Err(error) = gate.refresh(caller.now()).await {
        tracing::warn!(%error, "compliance data is not current");
    }
    let screening = Screening {
        path: CompliancePath::Outbound,
        consumer: to.as_str(),
        campaign: Some(campaign.id),
        call: Some(call),
        consent_token: tags.get(domain::CONSENT_TAG).and_then(Value::as_str),
        now: caller.now(),
    };
    let verdict = gate.may_call(caller.scope(), &screening);
    if verdict.allowed {
        return Ok(());
    }
    let changes =
        json!({ "toNumber": to.as_str(), "campaignId": campaign.id.uuid(), "reason": reason_word(verdict.reason) });
    caller.note("call.blocked", "call", None, changes).await;
    Err(blocked(verdict))
}

fn blocked(verdict: ComplianceVerdict) -> ApiError {
    let message = format!("The number may not be called: {}", verdict.detail);
    let reason =
        Fault { code: Some(reason_word(verdict.reason).to_owned()), ..Fault::body("toNumber", verdict.detail) };
    ApiError { faults: vec![reason], ..ApiError::new(StatusCode::FORBIDDEN, "COMPLIANCE_BLOCKED", message) }
}

/// Refuses where no trunk could carry the call.
async fn check_trunks(caller: &Caller) -> ApiResult<()> {
    let filter = TrunkFilter { status: Some(TrunkStatus::Active), carries_out: Some(true), ..TrunkFilter::default() };
    let request = PageRequest::number(1, 1);
    let found = caller.directory().trunks.list(caller.scope(), &filter, &request).await.map_err(from_store)?;
    if !found.items.is_empty() {
        return Ok(());
    }
    let message = "No ACTIVE trunk carries calls out: give a SIP trunk `outbound` (PATCH /api/v1/trunks/{id})";
    Err(ApiError::unprocessable("NO_TRUNK", message))
}

async fn of_pool(caller: &Caller, campaign: CampaignId) -> ApiResult<(NumberId, PhoneNumber)> {
    let next = caller_id_of_campaign(caller.directory(), caller.scope(), campaign).await.map_err(from_store)?;
    next.ok_or_else(|| fault("fromNumberId", "is required: the campaign's caller-ID pool has no ACTIVE number"))
}

/// Orders the call of one switch, and waits until it is in the log. A switch that does not say so in time is told to end the call, so
/// that whoever tries again does not call twice.
async fn ordered(caller: &Caller, order: OutboundCall) -> ApiResult<CallRow> {
    let (call, tenant) = (order.call, order.tenant);
    let changes = json!({
        "toNumber": order.to.as_str(), "fromNumber": order.from.as_str(), "campaignId": order.campaign.uuid(),
    });
    let nobody = || ApiError::unavailable("No switch takes calls now, and nobody is called; try again in a moment");
    let control = caller.state.call_control();
    // Before the order is out, so that the first event cannot come unheard.
    let live = caller.state.live().subscribe(caller.scope(), None).stream;
    let switch = match control.place(order).await {
        Ok(switch) => switch,
        Err(PortError::NotFound) => return Err(nobody()),
        Err(PortError::Unavailable(cause)) => {
            tracing::warn!(%cause, %call, "no switch took the order to call");
            return Err(nobody());
        }
    };
    // The order is out: that somebody gave it is on record whatever becomes of it.
    caller.note("call.create", "call", Some(call.to_string()), changes).await;
    match tokio::time::timeout(START_MAX, started(caller, call, live)).await {
        // It was refused before anything was known of it.
        Ok(row) if row.cause == Some(EndCause::Congestion) && row.flow.is_none() => {
            let message =
                "The switch is full, and nobody is called; try again in a moment, with another Idempotency-Key";
            return Err(ApiError::unavailable(message));
        }
        Ok(row) => return Ok(row),
        Err(_) => {}
    }
    if let Err(error) = control.hang_up(tenant, switch, call).await {
        tracing::warn!(%error, %call, "an order that was not confirmed could not be taken back");
    }
    Err(nobody())
}

/// The call, once the log has it: the bus tells, from whichever process the switch is in. What the bus does not tell, being away or
/// too slow, is looked up now and then; while the store is away the switch goes on, so the look is repeated.
async fn started(caller: &Caller, call: CallId, mut live: Box<dyn LiveStream>) -> CallRow {
    let mut hears = true;
    loop {
        let every = if hears && caller.state.live().is_whole() { LOOK_EVERY } else { LOOK_EVERY_ALONE };
        if hears {
            match tokio::time::timeout(every, heard(&mut *live, call)).await {
                Ok(Heard::Begun(row)) => return CallRow::clone(&row),
                Ok(Heard::Missed) | Err(_) => {}
                Ok(Heard::Closed) => hears = false,
            }
        } else {
            tokio::time::sleep(every).await;
        }
        match caller.directory().calls.find_call(caller.scope(), call).await {
            Ok(Some(row)) => return row,
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, %call, "whether the call was placed cannot be looked up"),
        }
    }
}

/// What the bus has to say of a call that was ordered.
enum Heard {
    /// It is in the log.
    Begun(Arc<CallRow>),
    /// Something was lost, or may be, and it may be the call's.
    Missed,
    /// Nothing more will come.
    Closed,
}

async fn heard(live: &mut dyn LiveStream, call: CallId) -> Heard {
    while let Some(item) = live.next().await {
        match item {
            LiveItem::Update(placed) => match &placed.update {
                // Without a flow it is about to end: what becomes of it is the answer.
                LiveUpdate::Event { row, .. } if row.id == call && (row.flow.is_some() || row.cause.is_some()) => {
                    return Heard::Begun(Arc::clone(row));
                }
                _ => {}
            },
            LiveItem::Lagged(_) | LiveItem::Whole(false) => return Heard::Missed,
            LiveItem::Whole(true) => {}
        }
    }
    Heard::Closed
}

async fn give_back(caller: &Caller, lease: Option<LeaseId>) {
    let Some(lease) = lease else { return };
    if let Err(error) = caller.state.leases().release_lease(lease, caller.now()).await {
        tracing::warn!(%error, %lease, "a call's room was not given back; it ends by itself");
    }
}
