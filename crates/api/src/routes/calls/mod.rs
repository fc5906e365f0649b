//! Calls: what came in, where it went and why, what it earned.

mod detail;
mod place;

use axum::{Json, http::StatusCode};
use domain::{CallId, CallStatus as Status, Direction, EndCause, Micros};
use garde::Validate;
use operations::{CallFilter, CallRow, Page, PageRequest, Side};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use self::detail::CallDetail;
use crate::{
    access::Permission,
    caller::Caller,
    convert::{from_store, whole_secs},
    extract::{PathId, Query},
    page::{List, PageQuery},
    ports::PortError,
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Amount, Metadata, Names, Time},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Calls")
        .sided(Permission::CallsRead, routes!(list))
        .sided(Permission::CallsRead, routes!(read))
        .sided(Permission::CallsWrite, routes!(hang_up))
        .needs(Permission::CallsWrite, routes!(place::place))
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CallStatus {
    /// Came in, or is to be placed.
    Initiated,
    /// A buyer's phone rings.
    Ringing,
    /// The caller was answered; where the platform calls, they answered.
    Answered,
    /// Answered and over.
    Completed,
    /// Over without an answer, through a fault or a missing number.
    Failed,
    /// Over without an answer: busy.
    Busy,
    /// Over without an answer: nobody took it.
    NoAnswer,
    /// The caller left before an answer.
    Cancelled,
}

impl From<Status> for CallStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Initiated => Self::Initiated,
            Status::Ringing => Self::Ringing,
            Status::Answered => Self::Answered,
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
            Status::Busy => Self::Busy,
            Status::NoAnswer => Self::NoAnswer,
            Status::Cancelled => Self::Cancelled,
        }
    }
}

impl CallStatus {
    fn stored(self) -> Status {
        match self {
            Self::Initiated => Status::Initiated,
            Self::Ringing => Status::Ringing,
            Self::Answered => Status::Answered,
            Self::Completed => Status::Completed,
            Self::Failed => Status::Failed,
            Self::Busy => Status::Busy,
            Self::NoAnswer => Status::NoAnswer,
            Self::Cancelled => Status::Cancelled,
        }
    }
}

/// Which way a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum CallDirection {
    /// Somebody calls a tracking number.
    Inbound,
    /// The platform calls.
    Outbound,
}

impl From<Direction> for CallDirection {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Inbound => Self::Inbound,
            Direction::Outbound => Self::Outbound,
        }
    }
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CallMoney {
    /// What the buyer pays. Absent for publishers.
    #[serde(skip_serializing_if = "Option::is_none")]
    revenue: Option<Amount>,
    /// What the publisher earns. Absent for buyers.
    #[serde(skip_serializing_if = "Option::is_none")]
    payout: Option<Amount>,
    /// What the tenant is charged for the platform's use. Absent for publishers and buyers.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Amount>,
    /// Revenue less payout and cost. Absent for publishers and buyers.
    #[serde(skip_serializing_if = "Option::is_none")]
    margin: Option<Amount>,
    /// ISO 4217.
    #[schema(example = "USD")]
    currency: String,
}

impl CallMoney {
    /// Absent until the call is settled.
    pub(crate) fn of(row: &CallRow) -> Option<Self> {
        let money = row.money?;
        Some(Self {
            revenue: Some(Amount(money.revenue)),
            payout: Some(Amount(money.payout)),
            cost: Some(Amount(money.cost)),
            margin: Some(Amount(margin(money.revenue, money.payout, money.cost))),
            currency: money.currency.code().to_owned(),
        })
    }

    /// What one side knows of it: a publisher what they earn, a buyer what they pay.
    pub(crate) fn for_side(self, side: Side) -> Self {
        match side {
            Side::Whole => self,
            Side::Publisher(_) => Self { revenue: None, cost: None, margin: None, ..self },
            Side::Buyer(_) => Self { payout: None, cost: None, margin: None, ..self },
        }
    }
}

/// Revenue less payout and cost.
pub(crate) fn margin(revenue: Micros, payout: Micros, cost: Micros) -> Micros {
    [revenue, -payout, -cost].into_iter().sum()
}

/// A call as lists show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// The call's id.
    id: Uuid,
    /// The tenant the call belongs to.
    tenant_id: Uuid,
    /// Call-ID of the caller's dialog. Absent where the platform calls, and for buyers: it may name the host the call came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_sid: Option<String>,
    /// How far the call is, or how it ended.
    status: CallStatus,
    /// Which way the call goes.
    direction: CallDirection,
    /// The caller, E.164 where it is one; where the platform calls, the number it shows.
    #[schema(example = "+13105550127")]
    from_number: String,
    /// What was dialled, E.164 where it is one; where the platform calls, whom.
    #[schema(example = "+12125550143")]
    to_number: String,
    /// The name the caller's carrier gave.
    caller_name: Option<String>,
    /// How far the carrier vouches for the caller: `A`, `B`, `C`, `NONE`.
    #[schema(example = "A")]
    attestation: String,
    /// The tracking number.
    number_id: Option<Uuid>,
    /// The trunk it came in over; null where none is known.
    trunk_id: Option<Uuid>,
    /// The campaign it counts for; null where there is none.
    campaign_id: Option<Uuid>,
    /// The campaign's name; null where there is none.
    campaign_name: Option<String>,
    /// The publisher that brought it; null where none did.
    publisher_id: Option<Uuid>,
    /// The publisher's name; null where there is none.
    publisher_name: Option<String>,
    /// Who rings, talks, or bought it in the end.
    buyer_id: Option<Uuid>,
    /// Name of the buyer that got it; null where none did.
    buyer_name: Option<String>,
    /// The buyer's endpoint that got it; null where none did.
    endpoint_id: Option<Uuid>,
    /// The flow it runs; null where there is none.
    flow_id: Option<Uuid>,
    /// The version of the flow it ran.
    flow_version: Option<u32>,
    /// When the call began.
    started_at: Time,
    /// When the call was answered; null: not (yet).
    answered_at: Option<Time>,
    /// When caller and buyer first heard each other.
    connected_at: Option<Time>,
    /// When the call ended; null: not yet.
    ended_at: Option<Time>,
    /// Seconds from the first INVITE to the end; absent while it runs.
    duration: Option<u64>,
    /// Seconds caller and buyer heard each other.
    connected_duration: u64,
    /// Why it ended: `normal`, `no_buyers`, `busy` ...
    #[schema(example = "normal")]
    end_reason: Option<String>,
    /// The buyer pays for it; absent until it is settled.
    converted: Option<bool>,
    /// Whether anything was recorded.
    has_recording: bool,
    /// What the flow put on it.
    tags: Metadata,
    /// As `money.cost`.
    cost: Option<Amount>,
    /// What it came to; absent until it is settled.
    money: Option<CallMoney>,
    /// The same as `startedAt`.
    created_at: Time,
    /// When the call last changed.
    updated_at: Time,
}

fn word<T: Serialize>(value: &T) -> Option<String> {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned))
}

fn end_reason(cause: Option<EndCause>) -> Option<String> {
    cause.and_then(|cause| word(&cause))
}

impl Call {
    /// What one side knows of its call. A publisher does not learn who bought it and for how much; a buyer not who brought it
    /// and for how much; neither how the tenant decides.
    fn for_side(self, side: Side) -> Self {
        if side.is_whole() {
            return self;
        }
        let money = self.money.clone().map(|money| money.for_side(side));
        let common = Self {
            trunk_id: None,
            endpoint_id: None,
            flow_id: None,
            flow_version: None,
            tags: Metadata::default_object(),
            cost: None,
            money,
            ..self
        };
        match side {
            Side::Publisher(_) => {
                let money = common.money.as_ref();
                let converted = money.map(|money| money.payout.is_some_and(|payout| payout.0 > Micros::ZERO));
                Self { buyer_id: None, buyer_name: None, converted, ..common }
            }
            _ => Self { call_sid: None, number_id: None, publisher_id: None, publisher_name: None, ..common },
        }
    }
}

async fn view(row: &CallRow, names: &mut Names<'_>) -> ApiResult<Call> {
    let money = CallMoney::of(row);
    Ok(Call {
        id: row.id.uuid(),
        tenant_id: row.tenant.uuid(),
        call_sid: Some(row.sip_call_id.clone()).filter(|call_id| !call_id.is_empty()),
        status: row.status.into(),
        direction: row.direction.into(),
        from_number: row.from.clone(),
        to_number: row.to.clone(),
        caller_name: row.caller_name.clone(),
        attestation: word(&row.attestation).unwrap_or_default(),
        number_id: row.number.map(|id| id.uuid()),
        trunk_id: row.trunk.map(|id| id.uuid()),
        campaign_id: row.campaign.map(|id| id.uuid()),
        campaign_name: names.campaign(row.campaign).await?.map(|campaign| campaign.name),
        publisher_id: row.publisher.map(|id| id.uuid()),
        publisher_name: names.publisher(row.publisher).await?.map(|publisher| publisher.name),
        buyer_id: row.buyer.map(|id| id.uuid()),
        buyer_name: names.buyer(row.buyer).await?.map(|buyer| buyer.name),
        endpoint_id: row.endpoint.map(|id| id.uuid()),
        flow_id: row.flow.map(|id| id.uuid()),
        flow_version: row.flow_version,
        started_at: Time(row.started_at),
        answered_at: row.answered_at.map(Time),
        connected_at: row.connected_at.map(Time),
        ended_at: row.ended_at.map(Time),
        duration: row.ended_at.map(|_| whole_secs(row.duration_ms)),
        connected_duration: whole_secs(row.connected_ms),
        end_reason: end_reason(row.cause),
        converted: row.money.map(|money| money.revenue > Micros::ZERO),
        has_recording: row.recorded,
        tags: Metadata::of(&row.tags),
        cost: row.money.map(|money| Amount(money.cost)),
        money,
        created_at: Time(row.started_at),
        updated_at: Time(row.ended_at.or(row.connected_at).or(row.answered_at).unwrap_or(row.started_at)),
    })
}

/// What a list of calls is narrowed by. All of them must hold.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct CallQuery {
    /// Any of these, separated by commas: `INITIATED,RINGING,ANSWERED`.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    status: Option<String>,
    /// Only calls that go this way.
    #[garde(skip)]
    #[param(inline)]
    direction: Option<CallDirection>,
    /// Only this campaign's.
    #[garde(skip)]
    campaign_id: Option<Uuid>,
    /// Only this publisher's.
    #[garde(skip)]
    publisher_id: Option<Uuid>,
    /// Only this buyer's.
    #[garde(skip)]
    buyer_id: Option<Uuid>,
    /// The tracking number's id.
    #[garde(skip)]
    number_id: Option<Uuid>,
    /// Only those of this lead.
    #[garde(skip)]
    lead_id: Option<Uuid>,
    /// Only those with this tag.
    #[garde(skip)]
    tag_id: Option<Uuid>,
    /// The caller's number begins so.
    #[garde(length(chars, max = 32))]
    #[param(max_length = 32)]
    from_number: Option<String>,
    /// The dialled number begins so.
    #[garde(length(chars, max = 32))]
    #[param(max_length = 32)]
    to_number: Option<String>,
    /// The caller's or the dialled number begins so.
    #[garde(length(chars, max = 32))]
    #[param(max_length = 32)]
    search: Option<String>,
    /// Started then or later.
    #[garde(skip)]
    #[param(value_type = Option<Time>)]
    start_date: Option<Time>,
    /// Started before.
    #[garde(skip)]
    #[param(value_type = Option<Time>)]
    end_date: Option<Time>,
    /// Only running (true) or ended (false).
    #[garde(skip)]
    live: Option<bool>,
}

impl CallQuery {
    pub(super) fn filter(self) -> ApiResult<CallFilter> {
        Ok(CallFilter {
            statuses: statuses(self.status.as_deref().unwrap_or(""))?,
            direction: self.direction.map(|direction| match direction {
                CallDirection::Inbound => Direction::Inbound,
                CallDirection::Outbound => Direction::Outbound,
            }),
            campaign: self.campaign_id.map(Into::into),
            publisher: self.publisher_id.map(Into::into),
            buyer: self.buyer_id.map(Into::into),
            number: self.number_id.map(Into::into),
            from: self.from_number,
            to: self.to_number,
            number_prefix: self.search,
            lead: self.lead_id.map(Into::into),
            tag: self.tag_id.map(Into::into),
            started_from: self.start_date.map(|time| time.0),
            started_to: self.end_date.map(|time| time.0),
            live: self.live,
        })
    }
}

fn statuses(text: &str) -> ApiResult<Vec<Status>> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let parsed =
        words.map(|word| serde_json::from_value::<CallStatus>(json!(word.to_uppercase())).map(CallStatus::stored));
    parsed
        .collect::<Result<_, _>>()
        .map_err(|error| ApiError::validation(vec![Fault::parameter("status", error.to_string())]))
}

/// Lists calls, newest first.
#[utoipa::path(get, path = "/api/v1/calls", operation_id = "listCalls", params(PageQuery<operations::CallRow>, CallQuery),
    responses((status = 200, description = "A page of calls", body = List<Call>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<operations::CallRow>>,
    Query(query): Query<CallQuery>,
) -> ApiResult<Json<List<Call>>> {
    page_of(&caller, &query.filter()?, &page).await.map(Json)
}

/// A page of the calls that pass a filter.
pub(super) async fn page_of(
    caller: &Caller,
    filter: &CallFilter,
    page: &PageQuery<operations::CallRow>,
) -> ApiResult<List<Call>> {
    let found = rows_of(caller, filter, &page.request()).await?;
    Ok(page.list(found.items, found.total, found.next))
}

/// The same without its envelope.
pub(super) async fn rows_of(caller: &Caller, filter: &CallFilter, page: &PageRequest) -> ApiResult<Page<Call>> {
    let found = caller.directory().calls.list_calls(caller.scope(), filter, page).await.map_err(from_store)?;
    let items = views(caller, &found.items).await?;
    Ok(Page { items, total: found.total, next: found.next })
}

/// Calls as the caller may see them.
pub(super) async fn views(caller: &Caller, rows: &[CallRow]) -> ApiResult<Vec<Call>> {
    let mut names = Names::new(caller);
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(view(row, &mut names).await?.for_side(caller.side()));
    }
    Ok(items)
}

/// Reads a call with its legs, its timeline, why each buyer got it or not, its recordings and its money.
#[utoipa::path(get, path = "/api/v1/calls/{id}", operation_id = "getCall", params(("id" = Uuid, Path, description = "The call's id")),
    responses((status = 200, description = "The call", body = CallDetail)))]
async fn read(caller: Caller, PathId(id): PathId<CallId>) -> ApiResult<Json<CallDetail>> {
    let found = caller.directory().calls.call_detail(caller.scope(), id).await.map_err(from_store)?;
    let found = found.ok_or_else(|| ApiError::not_found("Call"))?;
    Ok(Json(detail::view(&found, &mut Names::new(&caller)).await?.for_side(caller.side(), &found)))
}

/// The call is being ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HangUpResponse {
    /// The call's id.
    call_id: Uuid,
    /// `ending`: its end follows as events.
    #[schema(example = "ending")]
    status: &'static str,
}

/// Ends a running call.
#[utoipa::path(post, path = "/api/v1/calls/{id}/hangup", operation_id = "hangUpCall", params(("id" = Uuid, Path, description = "The call's id")),
    responses((status = 202, description = "The switch was told", body = HangUpResponse)))]
async fn hang_up(caller: Caller, PathId(id): PathId<CallId>) -> ApiResult<(StatusCode, Json<HangUpResponse>)> {
    let row = caller.directory().calls.find_call(caller.scope(), id).await.map_err(from_store)?;
    let row = row.ok_or_else(|| ApiError::not_found("Call"))?;
    let over = || ApiError::conflict("The call is over");
    if row.ended_at.is_some() {
        return Err(over());
    }
    if caller.state.demo_calls().runs(row.switch) {
        return Err(ApiError::conflict("No switch has this call: it is the demo's, and ends by the demo's events"));
    }
    match caller.state.call_control().hang_up(caller.principal.tenant, row.switch, id).await {
        Ok(true) => {}
        Ok(false) | Err(PortError::NotFound) => return Err(over()),
        Err(PortError::Unavailable(cause)) => {
            tracing::warn!(%cause, call = %id, "hang-up failed");
            return Err(ApiError::unavailable("The switch does not answer; try again"));
        }
    }
    caller.note("call.hangup", "call", Some(id.to_string()), json!({})).await;
    Ok((StatusCode::ACCEPTED, Json(HangUpResponse { call_id: id.uuid(), status: "ending" })))
}
