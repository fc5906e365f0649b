//! Who takes calls, where, on which terms, within which limits.

use domain::{BuyerId, EndpointId, PublisherId, SaleTerms, TenantId, Timestamp, TrunkId};
use routing::{Caps, Filters, Hours};

use crate::{Entity, text_enum::text_enum};

text_enum! {
    /// Does a buyer take calls?
    BuyerStatus {
        /// Yes.
        Active = "ACTIVE",
        /// No.
        Inactive = "INACTIVE",
    }
}
text_enum! {
    /// How an endpoint is reached.
    EndpointType {
        /// A SIP URI.
        Sip = "SIP",
        /// A telephone number, over a trunk.
        Pstn = "PSTN",
        /// A browser.
        WebRtc = "WEBRTC",
    }
}
text_enum! {
    /// Does an endpoint take calls?
    EndpointStatus {
        /// Yes.
        Active = "ACTIVE",
        /// No.
        Inactive = "INACTIVE",
        /// Taken out because it kept failing.
        Failed = "FAILED",
    }
}

/// Who takes calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Buyer {
    /// Id.
    pub id: BuyerId,
    /// Whose.
    pub tenant: TenantId,
    /// Whose calls it buys.
    pub publisher: PublisherId,
    /// For people.
    pub name: String,
    /// Short name; flows may name a buyer by it. Unique with tenant and publisher.
    pub code: String,
    /// Takes calls?
    pub status: BuyerStatus,
    /// Most calls over all its endpoints.
    pub caps: Caps,
    /// IANA zone its hours and caps are counted in.
    pub time_zone: String,
    /// When; absent: always.
    pub hours: Option<Hours>,
    /// Which calls.
    pub filters: Filters,
    /// Draw weight unless the flow's node sets one. 0: only after everybody else.
    pub weight: u32,
    /// Lower is tried earlier.
    pub priority: i32,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of buyers.
#[derive(Clone, Debug, Default)]
pub struct BuyerFilter {
    /// With one of these codes; all where it is empty.
    pub codes: Vec<String>,
    /// Only these.
    pub status: Option<BuyerStatus>,
    /// Only this publisher's.
    pub publisher: Option<PublisherId>,
    /// Part of name or code.
    pub search: Option<String>,
}

impl Entity for Buyer {
    type Id = BuyerId;
    type Filter = BuyerFilter;
    const NAME: &'static str = "buyer";
    const ORDERS: &'static [&'static str] =
        &["-createdAt", "updatedAt", "name", "code", "status", "priority", "weight"];
}

/// Where a buyer takes calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Id.
    pub id: EndpointId,
    /// Whose.
    pub tenant: TenantId,
    /// The buyer's.
    pub buyer: BuyerId,
    /// How it is reached.
    pub kind: EndpointType,
    /// SIP URI or E.164 number.
    pub destination: String,
    /// The only trunk a number is called over; absent: the tenant's trunks for calls out, by priority.
    pub trunk: Option<TrunkId>,
    /// Lower is tried earlier.
    pub priority: i32,
    /// Takes calls?
    pub status: EndpointStatus,
    /// Most calls here.
    pub caps: Caps,
    /// When; absent: whenever the buyer is open.
    pub hours: Option<Hours>,
    /// What a call sold here is worth.
    pub terms: SaleTerms,
    /// How long it may ring, milliseconds.
    pub ring_timeout_ms: Option<u64>,
    /// Longest connected time, milliseconds.
    pub duration_max_ms: Option<u64>,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of endpoints.
#[derive(Clone, Debug, Default)]
pub struct EndpointFilter {
    /// Only this buyer's.
    pub buyer: Option<BuyerId>,
    /// Only these.
    pub status: Option<EndpointStatus>,
}

impl Entity for Endpoint {
    type Id = EndpointId;
    type Filter = EndpointFilter;
    const NAME: &'static str = "endpoint";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "priority", "status"];
}
