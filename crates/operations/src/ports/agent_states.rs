//! What is kept of agents besides what they set: calls, connections that are missed, and what was told.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::{AgentId, CallId, TenantId, Timestamp, UserId};

use crate::{CallRow, ShownStatus, StoreError, TenantScope};

/// How an agent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentState {
    /// As shown.
    pub shown: ShownStatus,
    /// Since when.
    pub since: Timestamp,
    /// The call it is on.
    pub call: Option<CallId>,
}

/// A change of what is shown, told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentChange {
    /// Whose.
    pub tenant: TenantId,
    /// Which agent.
    pub agent: AgentId,
    /// Who signs in as it.
    pub user: Option<UserId>,
    /// Its name.
    pub name: String,
    /// As shown now.
    pub shown: ShownStatus,
    /// The call it is on.
    pub call: Option<CallId>,
}

/// An agent that must be connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundAgent {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub agent: AgentId,
    /// Whose connections count.
    pub user: Option<UserId>,
    /// Since when they are missed.
    pub missed_since: Option<Timestamp>,
    /// Missed for so long that it counts as offline.
    pub is_lost: bool,
}

/// Storage of it.
#[async_trait]
pub trait AgentStates: Send + Sync {
    /// How these agents of a tenant stand.
    async fn agent_states(
        &self,
        scope: TenantScope,
        agents: &[AgentId],
    ) -> Result<HashMap<AgentId, AgentState>, StoreError>;
    /// Notes what is shown now; the change, where it is one that nobody told before, whichever process asks.
    async fn tell_agent(
        &self,
        tenant: TenantId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<Option<AgentChange>, StoreError>;
    /// Up to `count_max` agents, of any tenant, whose shown status was not told.
    async fn untold_agents(&self, count_max: u32) -> Result<Vec<(TenantId, AgentId)>, StoreError>;
    /// Every agent, of any tenant, that must be connected.
    async fn bound_agents(&self) -> Result<Vec<BoundAgent>, StoreError>;
    /// Notes whether connections are missed. Where `is_lost` changes, so does who answers queues.
    async fn note_missed(&self, agent: &BoundAgent) -> Result<(), StoreError>;
    /// Calls the agent answered or placed, newest first: up to `limit` after the first `offset`.
    async fn calls_of_agent(
        &self,
        scope: TenantScope,
        agent: AgentId,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<CallRow>, StoreError>;
}
