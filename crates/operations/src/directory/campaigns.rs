//! What calls are for, and who brings them: campaigns and publishers.

use domain::{BuyerId, CallerIdPoolId, CampaignId, FlowId, PublisherId, Strategy, TenantId, Timestamp};
use routing::CampaignPayout;

use crate::{Entity, text_enum::text_enum};

text_enum! {
    /// Does a campaign take calls?
    CampaignStatus {
        /// Yes.
        Active = "ACTIVE",
        /// Not now.
        Paused = "PAUSED",
        /// No more.
        Archived = "ARCHIVED",
    }
}
text_enum! {
    /// Who orders the buyers of a campaign's calls.
    RoutingMode {
        /// The flow's node.
        Static = "STATIC",
        /// The best score first, whatever the node says.
        Performance = "PERFORMANCE",
        /// The same with a share for those not yet known.
        Hybrid = "HYBRID",
    }
}
text_enum! {
    /// Does a publisher bring calls?
    PublisherStatus {
        /// Yes.
        Active = "ACTIVE",
        /// No.
        Inactive = "INACTIVE",
    }
}

/// Who brings calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Publisher {
    /// Id.
    pub id: PublisherId,
    /// Whose.
    pub tenant: TenantId,
    /// For people.
    pub name: String,
    /// Short name. Unique in the tenant.
    pub code: String,
    /// In business?
    pub status: PublisherStatus,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of publishers, which is by name.
#[derive(Clone, Debug, Default)]
pub struct PublisherFilter {
    /// With one of these codes; all where it is empty.
    pub codes: Vec<String>,
    /// Only these.
    pub status: Option<PublisherStatus>,
    /// Part of name or code.
    pub search: Option<String>,
}

impl Entity for Publisher {
    type Id = PublisherId;
    type Filter = PublisherFilter;
    const NAME: &'static str = "publisher";
    const ORDERS: &'static [&'static str] = &["name", "code", "status", "createdAt", "updatedAt"];
}

/// What calls are for.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    /// Id.
    pub id: CampaignId,
    /// Whose.
    pub tenant: TenantId,
    /// Who brings its calls.
    pub publisher: PublisherId,
    /// For people, and `campaign` in flow expressions.
    pub name: String,
    /// Takes calls?
    pub status: CampaignStatus,
    /// Who orders its buyers.
    pub routing_mode: RoutingMode,
    /// For nodes that name no strategy.
    pub strategy: Option<Strategy>,
    /// Who takes its calls; none: the publisher's buyers.
    pub buyers: Vec<BuyerId>,
    /// What the publisher earns, in place of the endpoint's payout.
    pub payout: Option<CampaignPayout>,
    /// What its calls run.
    pub flow: Option<FlowId>,
    /// IANA zone for `hour` and `weekday`; absent: the tenant's.
    pub time_zone: Option<String>,
    /// Record from the first answer on, whatever the flow says.
    pub record: bool,
    /// The numbers its outbound calls show.
    pub caller_id_pool: Option<CallerIdPoolId>,
    /// The prompt its outbound calls begin with.
    pub intro_audio: Option<String>,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of campaigns.
#[derive(Clone, Debug, Default)]
pub struct CampaignFilter {
    /// Only these.
    pub status: Option<CampaignStatus>,
    /// Only this publisher's.
    pub publisher: Option<PublisherId>,
    /// Only those that run this flow.
    pub flow: Option<FlowId>,
    /// With one of these as the whole name; all where it is empty.
    pub names: Vec<String>,
    /// Part of the name.
    pub search: Option<String>,
}

impl Entity for Campaign {
    type Id = CampaignId;
    type Filter = CampaignFilter;
    const NAME: &'static str = "campaign";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "name", "status"];
}
