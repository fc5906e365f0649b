//! A tenant's routing data, compiled: everything a call asks about but for room under caps.

use std::{collections::HashMap, sync::Arc};

use domain::{CampaignId, EndpointId, FlowId, NumberId, PhoneNumber, TenantId, TrunkId};
use flow::Program;
use switch::ask::FlowFound;
use thiserror::Error;

use crate::{
    Agent, Buyer, BuyerStatus, Campaign, Endpoint, EndpointStatus, Flows, Number, Queue, QueueAgent, QuotaInForce,
    RoutingData, Tenant, Trunk, TrunkStatus, answering,
};

/// Why a tenant's data cannot be used; the last good data stays in force.
#[derive(Debug, Error)]
pub enum CompileError {
    /// Its buyers do not compile.
    #[error("tenant {tenant}: {fault}")]
    Buyers {
        /// Whose.
        tenant: TenantId,
        /// What routing said.
        fault: routing::SnapshotError,
    },
}

/// A flow ready to run.
#[derive(Clone, Debug)]
pub struct PublishedFlow {
    /// The version.
    pub version: u32,
    /// The program.
    pub program: Arc<Program>,
}

/// A queue and who answers it.
#[derive(Clone, Debug)]
pub(super) struct QueueLine {
    /// The queue.
    pub queue: Queue,
    /// Its phones and its agents who are available.
    pub agents: Vec<QueueAgent>,
}

fn lines(queues: Vec<Queue>, agents: &[Agent]) -> HashMap<String, QueueLine> {
    let line = |queue: Queue| {
        let agents = answering(&queue, agents);
        (queue.name.clone(), QueueLine { queue, agents })
    };
    queues.into_iter().map(line).collect()
}

/// One tenant's routes. Immutable: a change compiles new ones.
#[derive(Debug)]
pub struct TenantRoutes {
    pub(super) version: u64,
    pub(super) tenant: Tenant,
    pub(super) numbers: HashMap<PhoneNumber, Number>,
    pub(super) campaigns: HashMap<CampaignId, Campaign>,
    pub(super) flows: HashMap<FlowId, PublishedFlow>,
    pub(super) buyers: routing::Snapshot,
    pub(super) queues: HashMap<String, QueueLine>,
    pub(super) quota: QuotaInForce,
    pub(super) trunks: Vec<Trunk>,
    /// The trunks of endpoints that have one of their own.
    pub(super) own_trunks: HashMap<EndpointId, TrunkId>,
}

impl TenantRoutes {
    /// Checks and indexes. A published flow that this release no longer takes is left out, so that its calls hear that there is no
    /// flow; everything else of the tenant goes on.
    pub fn compile(data: RoutingData) -> Result<Self, CompileError> {
        let tenant = data.tenant;
        let own_trunks = data.endpoints.iter().filter_map(|endpoint| Some((endpoint.id, endpoint.trunk?))).collect();
        let campaigns = data.campaigns.iter().map(routing_campaign).collect();
        let buyers = routing::Snapshot::compile(tenant.id, routing_buyers(data.buyers, data.endpoints), campaigns)
            .map_err(|fault| CompileError::Buyers { tenant: tenant.id, fault })?;
        let mut flows = HashMap::with_capacity(data.flows.len());
        for version in data.flows {
            match Flows::check_for(&version.document, &data.queues) {
                Ok(program) => {
                    let published = PublishedFlow { version: version.version, program: Arc::new(program) };
                    flows.insert(version.flow, published);
                }
                Err(faults) => {
                    tracing::error!(tenant = %tenant.id, flow = %version.flow, ?faults, "published flow no longer valid");
                }
            }
        }
        Ok(Self {
            version: data.version,
            numbers: data.numbers.into_iter().map(|number| (number.number.clone(), number)).collect(),
            campaigns: data.campaigns.into_iter().map(|campaign| (campaign.id, campaign)).collect(),
            queues: lines(data.queues, &data.agents),
            quota: data.quota,
            trunks: data.trunks,
            own_trunks,
            flows,
            buyers,
            tenant,
        })
    }
}

impl TenantRoutes {
    /// What a campaign runs; the number is for who asked to fill in.
    pub(super) fn flow_found(&self, campaign: &Campaign, flow: FlowId, published: &PublishedFlow) -> FlowFound {
        FlowFound {
            tenant: self.tenant.id,
            dialled: String::new(),
            number: NumberId(uuid::Uuid::nil()),
            campaign: Some(campaign.id),
            campaign_name: campaign.name.clone(),
            publisher: Some(campaign.publisher),
            flow,
            version: published.version,
            program: Arc::clone(&published.program),
            time_zone: campaign.time_zone.clone().unwrap_or_else(|| self.tenant.time_zone.clone()),
            record: campaign.record,
            intro: None,
            lease: None,
        }
    }
}

fn routing_campaign(campaign: &Campaign) -> routing::Campaign {
    routing::Campaign {
        id: campaign.id,
        publisher: Some(campaign.publisher),
        buyers: campaign.buyers.clone(),
        strategy: campaign.strategy,
        payout: campaign.payout,
    }
}

fn routing_buyers(buyers: Vec<Buyer>, endpoints: Vec<Endpoint>) -> Vec<routing::Buyer> {
    let mut by_buyer: HashMap<_, Vec<routing::Endpoint>> = HashMap::new();
    for endpoint in endpoints {
        by_buyer.entry(endpoint.buyer).or_default().push(routing::Endpoint {
            id: endpoint.id,
            active: endpoint.status == EndpointStatus::Active,
            priority: endpoint.priority,
            destination: endpoint.destination,
            caps: endpoint.caps,
            hours: endpoint.hours,
            terms: endpoint.terms,
            ring_timeout_ms: endpoint.ring_timeout_ms,
            duration_max_ms: endpoint.duration_max_ms,
        });
    }
    buyers
        .into_iter()
        .map(|buyer| routing::Buyer {
            id: buyer.id,
            code: buyer.code,
            name: buyer.name,
            publisher: Some(buyer.publisher),
            active: buyer.status == BuyerStatus::Active,
            priority: buyer.priority,
            weight: buyer.weight,
            caps: buyer.caps,
            time_zone: buyer.time_zone,
            hours: buyer.hours,
            filters: buyer.filters,
            endpoints: by_buyer.remove(&buyer.id).unwrap_or_default(),
        })
        .collect()
}

/// Every tenant's routes at one moment.
#[derive(Clone, Debug, Default)]
pub struct RoutingSnapshot {
    pub(super) tenants: HashMap<TenantId, Arc<TenantRoutes>>,
}

impl RoutingSnapshot {
    /// Whose each number is, for the edge to tell tenants of one carrier apart.
    pub fn owners(&self) -> impl Iterator<Item = (PhoneNumber, TenantId)> {
        self.tenants.iter().flat_map(|(tenant, routes)| routes.numbers.keys().map(|number| (number.clone(), *tenant)))
    }

    /// ACTIVE trunks of every tenant that may take calls, for the edge to let calls in by.
    pub fn trunks(&self) -> impl Iterator<Item = &Trunk> {
        self.tenants.values().flat_map(|routes| &routes.trunks).filter(|trunk| trunk.status == TrunkStatus::Active)
    }

    /// One trunk.
    pub fn trunk(&self, tenant: TenantId, trunk: TrunkId) -> Option<&Trunk> {
        self.tenants.get(&tenant)?.trunks.iter().find(|other| other.id == trunk)
    }

    /// How many tenants are known.
    pub fn tenant_count(&self) -> usize {
        self.tenants.len()
    }

    pub(super) fn tenant(&self, tenant: TenantId) -> Option<&Arc<TenantRoutes>> {
        self.tenants.get(&tenant)
    }
}
