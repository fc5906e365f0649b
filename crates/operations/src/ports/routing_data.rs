//! What the voice path decides on, as stored.

use async_trait::async_trait;
use domain::{BuyerId, TenantId, Timestamp};
use routing::Tally;

use crate::{Agent, Buyer, Campaign, Endpoint, FlowVersion, Number, Queue, QuotaInForce, StoreError, Tenant, Trunk};

/// Everything of one tenant that a call may need.
#[derive(Clone, Debug)]
pub struct RoutingData {
    /// Counts the tenant's changes.
    pub version: u64,
    /// The tenant.
    pub tenant: Tenant,
    /// Its numbers.
    pub numbers: Vec<Number>,
    /// Its campaigns.
    pub campaigns: Vec<Campaign>,
    /// Its buyers.
    pub buyers: Vec<Buyer>,
    /// Their endpoints.
    pub endpoints: Vec<Endpoint>,
    /// Its queues.
    pub queues: Vec<Queue>,
    /// Who answers them.
    pub agents: Vec<Agent>,
    /// What it may use.
    pub quota: QuotaInForce,
    /// The published version of each flow.
    pub flows: Vec<FlowVersion>,
    /// Its trunks.
    pub trunks: Vec<Trunk>,
}

/// Reads routing data.
#[async_trait]
pub trait RoutingSource: Send + Sync {
    /// Every tenant with the count of its changes. Cheap: asked several times a second.
    async fn routing_versions(&self) -> Result<Vec<(TenantId, u64)>, StoreError>;
    /// One tenant's data; `None` when it is gone.
    async fn routing_data(&self, tenant: TenantId) -> Result<Option<RoutingData>, StoreError>;
    /// From answer to end, milliseconds, of a tenant's calls that started at `since` or later.
    async fn answered_ms(&self, tenant: TenantId, since: Timestamp) -> Result<u64, StoreError>;
    /// Calls offered to each buyer since `since`, for scores.
    async fn tallies(&self, since: Timestamp) -> Result<Vec<(BuyerId, Tally)>, StoreError>;
}
