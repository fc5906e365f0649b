//! Agents: who answers the calls of queues.

use std::sync::Arc;

use domain::AgentId;
use garde::Validate;
use operations::{AgentFilter, AgentState, Connected, Directory, Repository};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    crud::{self, Crud, Draft, Rights, Words, set},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Time, is_sip_uri, nullable, wire_enum},
};

wire_enum!(
    /// May calls be given to the agent?
    AgentStatus,
    /// How an agent is shown: what it set, `on-call` while it is on a call of a queue, `offline` where a connection it needs is missed.
    ShownStatus,
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

/// Tells screens and whoever listens, where it is shown otherwise now.
pub(super) async fn tell(caller: &Caller, agent: &operations::Agent) {
    if let Err(error) = caller.state.agents().tell(agent.tenant, agent.id, caller.now()).await {
        // The change is kept; it is told within seconds by whoever looks for what was not told.
        tracing::warn!(%error, agent = %agent.id, "screens are told later how an agent stands");
    }
}

/// How an agent stands now.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentPresence {
    /// As shown.
    status: ShownStatus,
    /// Since when.
    since: Time,
    /// The call it is on.
    current_call_id: Option<Uuid>,
    /// Connections of its user to `/ws/events` now.
    #[schema(example = 1)]
    connections: u32,
    /// Since when there is one without a break.
    connected_since: Option<Time>,
}

impl AgentPresence {
    fn of(agent: &operations::Agent, state: Option<&AgentState>, connected: Option<&Connected>) -> Self {
        Self {
            status: ShownStatus(state.map_or_else(|| agent.status.into(), |state| state.shown)),
            since: Time(state.map_or(agent.status_changed_at, |state| state.since)),
            current_call_id: state.and_then(|state| state.call).map(|call| call.uuid()),
            connections: connected.map_or(0, |connected| connected.count),
            connected_since: connected.map(|connected| Time(connected.since)),
        }
    }
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
    /// What it set: may calls be given to it?
    status: AgentStatus,
    /// Since when.
    status_changed_at: Time,
    /// How it stands.
    presence: AgentPresence,
    /// Rest after each call, seconds.
    wrap_up_seconds: u32,
    /// Counts as offline, and is given no calls, while its user is not connected to `/ws/events`.
    needs_connection: bool,
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
    /// Only those who are shown so.
    #[garde(skip)]
    #[param(value_type = Option<ShownStatus>)]
    presence: Option<ShownStatus>,
    /// Only this user's.
    #[garde(skip)]
    user_id: Option<Uuid>,
    /// Part of the name.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// How these stand, in their order.
pub(super) async fn presences(caller: &Caller, found: &[operations::Agent]) -> ApiResult<Vec<AgentPresence>> {
    let agents = caller.state.agents();
    let ids: Vec<AgentId> = found.iter().map(|agent| agent.id).collect();
    let states = agents.states().agent_states(caller.scope(), &ids).await.map_err(from_store)?;
    let roster = agents.presence().roster(caller.principal.tenant).await;
    let one = |agent: &operations::Agent| {
        let connected = agent.user.and_then(|user| roster.users.get(&user));
        AgentPresence::of(agent, states.get(&agent.id), connected)
    };
    Ok(found.iter().map(one).collect())
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
    /// Count as offline, and be given no calls, while its user is not connected to `/ws/events`. Needs a `userId`.
    #[garde(skip)]
    #[serde(default)]
    needs_connection: bool,
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
    /// Whether calls are given only while the agent is connected.
    #[garde(skip)]
    needs_connection: Option<bool>,
}

/// Nobody can be connected as an agent without a user.
fn check_connection(agent: &operations::Agent) -> ApiResult<()> {
    if agent.needs_connection && agent.user.is_none() {
        let message = "needs a userId: it is the user's connection that counts";
        return Err(ApiError::validation(vec![Fault::body("needsConnection", message)]));
    }
    Ok(())
}

fn view(agent: &operations::Agent, presence: AgentPresence) -> Agent {
    Agent {
        presence,
        needs_connection: agent.needs_connection,
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
            shown: query.presence.map(|shown| shown.0),
            search: query.search,
        }
    }

    async fn views(caller: &Caller, found: &[operations::Agent]) -> ApiResult<Vec<Agent>> {
        let presences = presences(caller, found).await?;
        Ok(found.iter().zip(presences).map(|(agent, presence)| view(agent, presence)).collect())
    }

    async fn draft(_: &Caller, draft: Draft<AgentId>, body: CreateAgentRequest) -> ApiResult<operations::Agent> {
        let agent = operations::Agent {
            id: draft.id,
            tenant: draft.tenant,
            user: body.user_id.map(Into::into),
            name: body.name,
            destination: body.destination,
            skills: body.skills,
            status: body.status.map_or(operations::AgentStatus::Offline, |status| status.0),
            status_changed_at: draft.now,
            wrap_up_seconds: body.wrap_up_seconds.unwrap_or(0),
            needs_connection: body.needs_connection,
            created_at: draft.now,
            updated_at: draft.now,
        };
        check_connection(&agent)?;
        Ok(agent)
    }

    async fn change(caller: &Caller, agent: &mut operations::Agent, body: UpdateAgentRequest) -> ApiResult<()> {
        set(&mut agent.user, body.user_id.map(|id| id.map(Into::into)));
        set(&mut agent.name, body.name);
        set(&mut agent.destination, body.destination);
        set(&mut agent.skills, body.skills);
        set_status(agent, body.status.map(|status| status.0), caller.now());
        set(&mut agent.wrap_up_seconds, body.wrap_up_seconds);
        set(&mut agent.needs_connection, body.needs_connection);
        check_connection(agent)
    }

    async fn changed(caller: &Caller, _: &operations::Agent, after: &operations::Agent) {
        tell(caller, after).await;
    }
}
