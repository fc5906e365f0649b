//! Who answers callers that wait: queues and agents.

use domain::{AgentId, QueueId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::{Entity, text_enum::text_enum};

text_enum! {
    /// May calls be given to an agent? Written as the inventory has it.
    AgentStatus {
        /// Yes.
        Available = "available",
        /// Not at the desk.
        Away = "away",
        /// Not to be disturbed.
        DoNotDisturb = "dnd",
        /// Not at work.
        Offline = "offline",
    }
}

text_enum! {
    /// How an agent is shown: what it set, unless a call or a missing connection says otherwise.
    ShownStatus {
        /// Calls may come.
        Available = "available",
        /// On a call of a queue.
        OnCall = "on-call",
        /// Not at the desk.
        Away = "away",
        /// Not to be disturbed.
        DoNotDisturb = "dnd",
        /// Not at work, or not connected though it must be.
        Offline = "offline",
    }
}

impl From<AgentStatus> for ShownStatus {
    fn from(set: AgentStatus) -> Self {
        match set {
            AgentStatus::Available => Self::Available,
            AgentStatus::Away => Self::Away,
            AgentStatus::DoNotDisturb => Self::DoNotDisturb,
            AgentStatus::Offline => Self::Offline,
        }
    }
}

/// A line callers wait on for the tenant's agents.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// Id.
    pub id: QueueId,
    /// Whose.
    pub tenant: TenantId,
    /// As flows name it. Unique in the tenant.
    pub name: String,
    /// Most callers waiting, unless the flow's node says fewer.
    pub size_max: u32,
    /// Prompt heard while waiting, where the flow's node names none.
    pub music: Option<String>,
    /// Longest wait in seconds, where the flow's node sets none; as long as the caller likes when absent.
    pub timeout_seconds: Option<u32>,
    /// Phones that answer it besides the agents.
    pub agents: Vec<QueueAgent>,
    /// The agents that answer it; none: every agent with its skills.
    pub members: Vec<AgentId>,
    /// What its agents must be able to do, all of it.
    pub skills: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of queues.
#[derive(Clone, Debug, Default)]
pub struct QueueFilter {
    /// Part of the name.
    pub search: Option<String>,
}

impl Entity for Queue {
    type Id = QueueId;
    type Filter = QueueFilter;
    const NAME: &'static str = "queue";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "name"];
}

/// A phone that answers a queue, one call at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueueAgent {
    /// For people, and how a call's events name it.
    pub name: String,
    /// SIP URI.
    pub destination: String,
    /// Rest after each call, seconds.
    #[serde(default)]
    pub wrap_up_seconds: u32,
    /// Which agent, where it is one and not a phone of the queue's own.
    #[serde(skip)]
    pub id: Option<AgentId>,
}

/// Somebody who answers the calls of queues, one at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// Id.
    pub id: AgentId,
    /// Whose.
    pub tenant: TenantId,
    /// Who signs in as this agent. One agent for a user.
    pub user: Option<UserId>,
    /// For people, and how the events of calls name the agent.
    pub name: String,
    /// SIP URI of the phone.
    pub destination: String,
    /// What the agent can do: a queue may ask for it.
    pub skills: Vec<String>,
    /// May calls be given to the agent?
    pub status: AgentStatus,
    /// Since when.
    pub status_changed_at: Timestamp,
    /// Rest after each call, seconds.
    pub wrap_up_seconds: u32,
    /// Shown offline, and given no calls, while the user has no live connection (ADR 204).
    pub needs_connection: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of agents.
#[derive(Clone, Debug, Default)]
pub struct AgentFilter {
    /// Only these.
    pub status: Option<AgentStatus>,
    /// Only this user's.
    pub user: Option<UserId>,
    /// Only those who are shown so.
    pub shown: Option<ShownStatus>,
    /// Part of the name.
    pub search: Option<String>,
}

impl Entity for Agent {
    type Id = AgentId;
    type Filter = AgentFilter;
    const NAME: &'static str = "agent";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "name", "status", "statusChangedAt"];
}

/// Who answers a queue now: its own phones, then the agents that are available, are members (or may be, where it names none)
/// and have every skill it asks for.
pub fn answering(queue: &Queue, agents: &[Agent]) -> Vec<QueueAgent> {
    let is_asked = |agent: &&Agent| {
        let is_member = queue.members.contains(&agent.id);
        // A queue that names neither members nor skills has only its phones.
        let may_be = if queue.members.is_empty() { !queue.skills.is_empty() } else { is_member };
        let is_skilled = queue.skills.iter().all(|skill| agent.skills.contains(skill));
        agent.status == AgentStatus::Available && may_be && is_skilled
    };
    let people = agents.iter().filter(is_asked).map(|agent| QueueAgent {
        name: agent.name.clone(),
        destination: agent.destination.clone(),
        wrap_up_seconds: agent.wrap_up_seconds,
        id: Some(agent.id),
    });
    queue.agents.iter().cloned().chain(people).collect()
}
