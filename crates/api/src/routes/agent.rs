//! The agent who is signed in.

use axum::Json;
use domain::{AgentId, UserId};
use garde::Validate;
use operations::{AgentFilter, PageRequest};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::agents::{self, AgentStatus};
use crate::{
    caller::Caller,
    convert::from_store,
    extract::Body,
    problem::{ApiError, ApiResult},
    resource::Resource,
    wire::Time,
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Agents").signed_in(routes!(read)).signed_in(routes!(set))
}

/// How an agent stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnStatus {
    /// The agent's id.
    agent_id: Uuid,
    /// Calls are given to an `available` agent.
    status: AgentStatus,
    /// When the status was last changed.
    last_updated: Time,
}

fn view(agent: &operations::Agent) -> OwnStatus {
    OwnStatus {
        agent_id: agent.id.uuid(),
        status: AgentStatus(agent.status),
        last_updated: Time(agent.status_changed_at),
    }
}

async fn own(caller: &Caller) -> ApiResult<operations::Agent> {
    let user: UserId = caller
        .principal
        .user()
        .ok_or_else(|| ApiError::forbidden("Only a person is an agent; an API key changes /api/v1/agents/{id}"))?;
    let filter = AgentFilter { user: Some(user), ..AgentFilter::default() };
    let page = PageRequest::number(1, 1);
    let found = caller.directory().agents.list(caller.scope(), &filter, &page).await.map_err(from_store)?;
    let none = || {
        let message = "You are no agent; whoever may write agents makes you one (POST /api/v1/agents with your userId)";
        ApiError { message: message.to_owned(), ..ApiError::not_found("Agent") }
    };
    found.items.into_iter().next().ok_or_else(none)
}

/// Reads the own status.
#[utoipa::path(get, path = "/api/v1/agent/status", operation_id = "getOwnAgentStatus",
    responses((status = 200, description = "The status", body = OwnStatus),
        (status = 403, description = "An API key is no agent", body = crate::Problem, content_type = "application/problem+json"),
        (status = 404, description = "Who is signed in is no agent", body = crate::Problem, content_type = "application/problem+json")))]
async fn read(caller: Caller) -> ApiResult<Json<OwnStatus>> {
    own(&caller).await.map(|agent| Json(view(&agent)))
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
        return Ok(Json(view(&before)));
    }
    let saved = caller.directory().agents.save(caller.scope(), &agent, caller.now()).await.map_err(from_store)?;
    let id: AgentId = saved.id;
    let changes = json!({"status": {"before": before.status.as_str(), "after": saved.status.as_str()}});
    caller.note("agent.status", "agent", Some(id.to_string()), changes).await;
    agents::tell(&caller, &before, &saved);
    Ok(Json(view(&saved)))
}
