//! Calls as lists and pages show them: projections of their events.

use async_trait::async_trait;
use domain::{
    Attestation, BuyerId, CallEvent, CallId, CallStatus, CampaignId, Currency, Direction, EndCause, EndpointId, FlowId,
    LeadId, Micros, NumberId, PublisherId, SwitchId, TagId, TenantId, Timestamp, TrunkId,
};

use crate::{Accrual, Listed, Page, PageRequest, Posting, Recording, StoreError, TenantScope};

/// A call as a list shows it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CallRow {
    /// Id.
    pub id: CallId,
    /// Whose.
    pub tenant: TenantId,
    /// Inbound or outbound.
    pub direction: Direction,
    /// Where it stands.
    pub status: CallStatus,
    /// Why it ended.
    pub cause: Option<EndCause>,
    /// The caller.
    pub from: String,
    /// What was dialled.
    pub to: String,
    /// The name the carrier gave.
    pub caller_name: Option<String>,
    /// How far the carrier vouches for the caller.
    pub attestation: Attestation,
    /// How it came in.
    pub trunk: Option<TrunkId>,
    /// The tracking number.
    pub number: Option<NumberId>,
    /// The campaign.
    pub campaign: Option<CampaignId>,
    /// The publisher.
    pub publisher: Option<PublisherId>,
    /// The flow.
    pub flow: Option<FlowId>,
    /// Its version.
    pub flow_version: Option<u32>,
    /// Who rings, talks, or bought it in the end.
    pub buyer: Option<BuyerId>,
    /// Where.
    pub endpoint: Option<EndpointId>,
    /// Call-ID of the caller's dialog.
    pub sip_call_id: String,
    /// Which run of which switch holds or held it.
    pub switch: SwitchId,
    /// The first INVITE.
    pub started_at: Timestamp,
    /// Our answer.
    pub answered_at: Option<Timestamp>,
    /// When caller and buyer first heard each other.
    pub connected_at: Option<Timestamp>,
    /// The end.
    pub ended_at: Option<Timestamp>,
    /// From first INVITE to end, milliseconds; 0 while it runs.
    pub duration_ms: u64,
    /// From our answer to the end, milliseconds.
    pub answered_ms: u64,
    /// Heard by the buyer, milliseconds.
    pub connected_ms: u64,
    /// Has a recording.
    pub recorded: bool,
    /// What the flow put on it.
    pub tags: serde_json::Value,
    /// The last event in this row.
    pub last_sequence: u32,
    /// Its money, once settled.
    pub money: Option<CallMoney>,
}

impl Listed for CallRow {
    const ORDERS: &'static [&'static str] = &["-startedAt"];
}

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CallMoney {
    /// Of all amounts.
    pub currency: Currency,
    /// What the tenant is charged for the platform's use.
    pub cost: Micros,
    /// What the buyer pays.
    pub revenue: Micros,
    /// What the publisher earns.
    pub payout: Micros,
}

/// Narrows a list of calls, which is newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFilter {
    /// Any of these; empty: all.
    pub statuses: Vec<CallStatus>,
    /// This way only.
    pub direction: Option<Direction>,
    /// Only this campaign's.
    pub campaign: Option<CampaignId>,
    /// Only this publisher's.
    pub publisher: Option<PublisherId>,
    /// Only this buyer's.
    pub buyer: Option<BuyerId>,
    /// Only over this tracking number.
    pub number: Option<NumberId>,
    /// The caller's number begins so.
    pub from: Option<String>,
    /// The dialled number begins so.
    pub to: Option<String>,
    /// The caller's or the dialled number begins so.
    pub number_prefix: Option<String>,
    /// Only those of this lead.
    pub lead: Option<LeadId>,
    /// Only those with this label.
    pub tag: Option<TagId>,
    /// Started then or later.
    pub started_from: Option<Timestamp>,
    /// Started before.
    pub started_to: Option<Timestamp>,
    /// Only running (true) or ended (false).
    pub live: Option<bool>,
}

/// Everything a call's page shows.
#[derive(Clone, Debug)]
pub struct CallDetail {
    /// The row of the list.
    pub row: CallRow,
    /// The log, by sequence: timeline and routing explanation.
    pub events: Vec<CallEvent>,
    /// Its recordings.
    pub recordings: Vec<Recording>,
    /// Its charges.
    pub accruals: Vec<Accrual>,
    /// Its postings.
    pub postings: Vec<Posting>,
}

/// Figures of a dashboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallFigures {
    /// Started in the period.
    pub calls: u64,
    /// Of those answered.
    pub answered: u64,
    /// Of those connected to a buyer.
    pub connected: u64,
    /// Running now, whenever they started.
    pub live: u64,
    /// Sum over the period's calls.
    pub connected_ms: u64,
    /// Sum, in the tenant's currency.
    pub cost: Micros,
    /// Sum.
    pub revenue: Micros,
    /// Sum.
    pub payout: Micros,
}

/// Reads calls.
#[async_trait]
pub trait Calls: Send + Sync {
    /// A page of calls, newest first.
    async fn list_calls(
        &self,
        scope: TenantScope,
        filter: &CallFilter,
        page: &PageRequest,
    ) -> Result<Page<CallRow>, StoreError>;
    /// One row.
    async fn find_call(&self, scope: TenantScope, call: CallId) -> Result<Option<CallRow>, StoreError>;
    /// A call's events by sequence.
    async fn events_of_call(&self, scope: TenantScope, call: CallId) -> Result<Vec<CallEvent>, StoreError>;
    /// Everything about one call.
    async fn call_detail(&self, scope: TenantScope, call: CallId) -> Result<Option<CallDetail>, StoreError>;
    /// Figures of the calls started in `from..to`.
    async fn call_figures(&self, scope: TenantScope, from: Timestamp, to: Timestamp)
    -> Result<CallFigures, StoreError>;
    /// Calls per campaign and numbers per campaign, for lists that show them.
    async fn campaign_counts(
        &self,
        scope: TenantScope,
        campaigns: &[CampaignId],
    ) -> Result<Vec<CampaignCounts>, StoreError>;
}

/// How much belongs to a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignCounts {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its calls ever.
    pub calls: u64,
    /// Its numbers.
    pub numbers: u64,
}
