//! The agent who is signed in.

use axum::Json;
use domain::{AgentId, UserId};
use garde::Validate;
use operations::{AgentFilter, PageRequest};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    agents::{self, AgentStatus, ShownStatus},
    calls::{self, Call},
};
use crate::{
    caller::Caller,
    convert::from_store,
    extract::{Body, Query},
    problem::{ApiError, ApiResult},
    resource::Resource,
    wire::Time,
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Agents").signed_in(routes!(read)).signed_in(routes!(set)).signed_in(routes!(own_calls))
}

/// How an agent stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnStatus {
    /// The agent's id.
    agent_id: Uuid,
    /// As others see it: calls are given to an `available` agent.
    status: ShownStatus,
    /// What was set.
    set_status: AgentStatus,
    /// Since when it is shown so.
    last_updated: Time,
    /// The call it is on.
    current_call_id: Option<Uuid>,
}

async fn view(caller: &Caller, agent: &operations::Agent) -> ApiResult<OwnStatus> {
    let states = caller.state.agents().states().agent_states(caller.scope(), &[agent.id]).await.map_err(from_store)?;
    let state = states.get(&agent.id);
    Ok(OwnStatus {
        agent_id: agent.id.uuid(),
        status: ShownStatus(state.map_or_else(|| agent.status.into(), |state| state.shown)),
        set_status: AgentStatus(agent.status),
        last_updated: Time(state.map_or(agent.status_changed_at, |state| state.since)),
        current_call_id: state.and_then(|state| state.call).map(|call| call.uuid()),
    })
}

async fn own(caller: &Caller) -> ApiResult<operations::Agent> {
    let user: UserId = caller
        .principal
        .user()
        .ok_or_else(|| ApiError::forbidden("Only a person is an agent; an API key changes /api/v1/agents/{id}"))?;
    let found = of_user(caller, user).await?;
    let none = || {
        let message = "You are no agent; whoever may write agents makes you one (POST /api/v1/agents with your userId)";
        ApiError { message: message.to_owned(), ..ApiError::not_found("Agent") }
    };
    found.ok_or_else(none)
}

/// The agent a user signs in as.
pub(super) async fn of_user(caller: &Caller, user: UserId) -> ApiResult<Option<operations::Agent>> {
    let filter = AgentFilter { user: Some(user), ..AgentFilter::default() };
    let page = PageRequest::number(1, 1);
    let found = caller.directory().agents.list(caller.scope(), &filter, &page).await.map_err(from_store)?;
    Ok(found.items.into_iter().next())
}

/// Reads the own status.
#[utoipa::path(get, path = "/api/v1/agent/status", operation_id = "getOwnAgentStatus",
    responses((status = 200, description = "The status", body = OwnStatus),
        (status = 403, description = "An API key is no agent", body = crate::Problem, content_type = "application/problem+json"),
        (status = 404, description = "Who is signed in is no agent", body = crate::Problem, content_type = "application/problem+json")))]
async fn read(caller: Caller) -> ApiResult<Json<OwnStatus>> {
    let agent = own(&caller).await?;
    view(&caller, &agent).await.map(Json)
}

/// The status wanted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetOwnStatusRequest {
    /// Calls are given to an `available` agent.
    #[garde(skip)]
    status: AgentStatus,
}

/// Sets the own status; `agent.status.changed` follows where it is another. Callers who wait in a queue of an agent who becomes
/// available are given to it within a second.
#[utoipa::path(put, path = "/api/v1/agent/status", operation_id = "setOwnAgentStatus", request_body = SetOwnStatusRequest,
    responses((status = 200, description = "The status", body = OwnStatus),
        (status = 404, description = "Who is signed in is no agent", body = crate::Problem, content_type = "application/problem+json"),
        (status = 409, description = "Changed meanwhile", body = crate::Problem, content_type = "application/problem+json")))]
async fn set(caller: Caller, Body(body): Body<SetOwnStatusRequest>) -> ApiResult<Json<OwnStatus>> {
    let before = own(&caller).await?;
    let mut agent = before.clone();
    agents::set_status(&mut agent, Some(body.status.0), caller.now());
    if agent.status == before.status {
        return view(&caller, &before).await.map(Json);
    }
    let saved = caller.directory().agents.save(caller.scope(), &agent, caller.now()).await.map_err(from_store)?;
    let id: AgentId = saved.id;
    let changes = json!({"status": {"before": before.status.as_str(), "after": saved.status.as_str()}});
    caller.note("agent.status", "agent", Some(id.to_string()), changes).await;
    agents::tell(&caller, &saved).await;
    view(&caller, &saved).await.map(Json)
}

/// Calls of a page, unless said otherwise.
const CALLS_DEFAULT: u32 = 50;

/// Which of the own calls.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OwnCallsQuery {
    /// Calls of a page.
    #[garde(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Calls to pass over.
    #[garde(range(min = 0, max = 100_000))]
    #[param(minimum = 0, maximum = 100_000, default = 0)]
    offset: Option<u32>,
}

/// Calls of the agent who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnCalls {
    /// The calls, newest first.
    calls: Vec<Call>,
    /// Where the page is.
    pagination: Pagination,
}

/// Where in the list these are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    /// Calls of a page.
    #[schema(example = 50)]
    limit: u32,
    /// Calls passed over.
    #[schema(example = 0)]
    offset: u32,
    /// Whether there are more.
    has_more: bool,
}

/// Lists the calls the agent who is signed in answered in a queue, or had the platform place, newest first.
#[utoipa::path(get, path = "/api/v1/agent/calls", operation_id = "listOwnAgentCalls", params(OwnCallsQuery),
    responses((status = 200, description = "A page of calls", body = OwnCalls),
        (status = 403, description = "An API key is no agent", body = crate::Problem, content_type = "application/problem+json"),
        (status = 404, description = "Who is signed in is no agent", body = crate::Problem, content_type = "application/problem+json")))]
async fn own_calls(caller: Caller, Query(query): Query<OwnCallsQuery>) -> ApiResult<Json<OwnCalls>> {
    let agent = own(&caller).await?;
    let (limit, offset) = (query.limit.unwrap_or(CALLS_DEFAULT), query.offset.unwrap_or(0));
    let states = caller.state.agents().states();
    // One more than asked for tells whether there are more.
    let rows = states.calls_of_agent(caller.scope(), agent.id, limit.saturating_add(1), offset).await;
    let mut rows = rows.map_err(from_store)?;
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let calls = calls::views(&caller, &rows).await?;
    Ok(Json(OwnCalls { calls, pagination: Pagination { limit, offset, has_more } }))
}
