//! Agents: who answers the calls of queues.

use std::sync::Arc;

use domain::AgentId;
use garde::Validate;
use operations::{AgentFilter, Directory, LiveUpdate, Repository};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::Caller,
    crud::{self, Crud, Draft, Rights, Words, set},
    problem::ApiResult,
    resource::Resource,
    wire::{Time, is_sip_uri, nullable, wire_enum},
};

wire_enum!(
    /// May calls be given to the agent?
    AgentStatus,
);

/// The routes.
pub(crate) fn routes() -> Resource {
    crud::routes::<Agents>()
}

struct Agents;

/// Changes the status, and notes when where it is another.
pub(super) fn set_status(
    agent: &mut operations::Agent,
    status: Option<operations::AgentStatus>,
    now: domain::Timestamp,
) {
    if let Some(status) = status.filter(|status| *status != agent.status) {
        agent.status = status;
        agent.status_changed_at = now;
    }
}

/// Tells screens and whoever listens.
pub(super) fn tell(caller: &Caller, before: &operations::Agent, after: &operations::Agent) {
    if before.status == after.status {
        return;
    }
    let data = json!({"agentId": after.id, "userId": after.user, "name": after.name, "status": after.status.as_str(),
        "timestamp": after.status_changed_at});
    caller.state.live().publish(LiveUpdate::Notice {
        tenant: after.tenant,
        name: operations::Notice::AGENT_STATUS.name.into(),
        id: format!("{}:{}", after.id, after.status_changed_at.micros()),
        at: after.status_changed_at,
        data,
    });
}

/// Somebody who answers the calls of queues, one at a time.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// The agent's id.
    id: Uuid,
    /// The tenant the agent belongs to.
    tenant_id: Uuid,
    /// Who signs in as this agent. One agent for a user.
    user_id: Option<Uuid>,
    /// For people, and how the events of calls name the agent.
    #[schema(example = "Ana")]
    name: String,
    /// SIP URI of the phone.
    #[schema(example = "sip:ana@agents.acme.example")]
    destination: String,
    /// What the agent can do: a queue may ask for it.
    skills: Vec<String>,
    /// May calls be given to the agent?
    status: AgentStatus,
    /// Since when.
    status_changed_at: Time,
    /// Rest after each call, seconds.
    wrap_up_seconds: u32,
    /// When the agent was made.
    created_at: Time,
    /// When the agent last changed.
    updated_at: Time,
}

/// What a list of agents is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct AgentQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<AgentStatus>)]
    status: Option<AgentStatus>,
    /// Only this user's.
    #[garde(skip)]
    user_id: Option<Uuid>,
    /// Part of the name.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// A new agent.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateAgentRequest {
    /// Who signs in as this agent: a user of the tenant, who is no other agent.
    #[garde(skip)]
    user_id: Option<Uuid>,
    /// What people call the agent.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Ana")]
    name: String,
    /// SIP URI of the phone.
    #[garde(custom(is_sip_uri))]
    #[schema(min_length = 1, max_length = 500, example = "sip:ana@agents.acme.example")]
    destination: String,
    /// What the agent can do: a queue may ask for it.
    #[garde(length(max = 50), inner(length(chars, min = 1, max = 64)))]
    #[serde(default)]
    #[schema(inline, value_type = Vec<crate::wire::Label>, max_items = 50, example = json!(["spanish"]))]
    skills: Vec<String>,
    /// `offline` unless said otherwise.
    #[garde(skip)]
    status: Option<AgentStatus>,
    /// 0 unless said otherwise.
    #[garde(range(min = 0, max = 3600))]
    #[schema(minimum = 0, maximum = 3600, default = 0)]
    wrap_up_seconds: Option<u32>,
}

/// Changes of an agent: members not named stay, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateAgentRequest {
    /// Who signs in as this agent: a user of the tenant, who is no other agent.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    user_id: Option<Option<Uuid>>,
    /// What people call the agent.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// SIP URI of the phone.
    #[garde(inner(custom(is_sip_uri)))]
    #[schema(min_length = 1, max_length = 500)]
    destination: Option<String>,
    /// What the agent can do: a queue may ask for it.
    #[garde(length(max = 50), inner(inner(length(chars, min = 1, max = 64))))]
    #[schema(inline, value_type = Option<Vec<crate::wire::Label>>, max_items = 50)]
    skills: Option<Vec<String>>,
    /// Its status from now on.
    #[garde(skip)]
    status: Option<AgentStatus>,
    /// Rest after each call, seconds.
    #[garde(range(min = 0, max = 3600))]
    #[schema(minimum = 0, maximum = 3600)]
    wrap_up_seconds: Option<u32>,
}

fn view(agent: &operations::Agent) -> Agent {
    Agent {
        id: agent.id.uuid(),
        tenant_id: agent.tenant.uuid(),
        user_id: agent.user.map(|id| id.uuid()),
        name: agent.name.clone(),
        destination: agent.destination.clone(),
        skills: agent.skills.clone(),
        status: AgentStatus(agent.status),
        status_changed_at: Time(agent.status_changed_at),
        wrap_up_seconds: agent.wrap_up_seconds,
        created_at: Time(agent.created_at),
        updated_at: Time(agent.updated_at),
    }
}

impl Crud for Agents {
    type Entity = operations::Agent;
    type View = Agent;
    type Query = AgentQuery;
    type Create = CreateAgentRequest;
    type Update = UpdateAgentRequest;

    const WORDS: Words = Words {
        tag: "Agents",
        path: "/api/v1/agents",
        name: "Agent",
        names: "Agents",
        one: "an agent",
        many: "agents",
        order: "newest first",
    };
    const RIGHTS: Rights =
        Rights { read: Permission::AgentsRead, write: Permission::AgentsWrite, delete: Permission::AgentsDelete };

    fn repository(directory: &Directory) -> &Arc<dyn Repository<operations::Agent>> {
        &directory.agents
    }

    fn filter(query: AgentQuery) -> AgentFilter {
        AgentFilter {
            status: query.status.map(|status| status.0),
            user: query.user_id.map(Into::into),
            search: query.search,
        }
    }

    async fn views(_: &Caller, found: &[operations::Agent]) -> ApiResult<Vec<Agent>> {
        Ok(found.iter().map(view).collect())
    }

    async fn draft(_: &Caller, draft: Draft<AgentId>, body: CreateAgentRequest) -> ApiResult<operations::Agent> {
        Ok(operations::Agent {
            id: draft.id,
            tenant: draft.tenant,
            user: body.user_id.map(Into::into),
            name: body.name,
            destination: body.destination,
            skills: body.skills,
            status: body.status.map_or(operations::AgentStatus::Offline, |status| status.0),
            status_changed_at: draft.now,
            wrap_up_seconds: body.wrap_up_seconds.unwrap_or(0),
            created_at: draft.now,
            updated_at: draft.now,
        })
    }

    async fn change(caller: &Caller, agent: &mut operations::Agent, body: UpdateAgentRequest) -> ApiResult<()> {
        set(&mut agent.user, body.user_id.map(|id| id.map(Into::into)));
        set(&mut agent.name, body.name);
        set(&mut agent.destination, body.destination);
        set(&mut agent.skills, body.skills);
        set_status(agent, body.status.map(|status| status.0), caller.now());
        set(&mut agent.wrap_up_seconds, body.wrap_up_seconds);
        Ok(())
    }

    async fn changed(caller: &Caller, before: &operations::Agent, after: &operations::Agent) {
        tell(caller, before, after);
    }
}
