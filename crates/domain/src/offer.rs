//! What was offered to whom, on which terms, and why: stored with the call, so it is never recomputed from settings that
//! have changed since.

use serde::{Deserialize, Serialize};

use crate::{BuyerId, ComplianceVerdict, Currency, EndpointId, Micros};

/// How candidates are put in order (inventory, section 3.4, and design/product.md "Routing").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Each in turn.
    #[default]
    RoundRobin,
    /// Drawn with probability proportional to weight.
    Weighted,
    /// Lowest priority number first.
    Priority,
    /// Fewest calls now, then fewest today.
    LeastCalls,
    /// Best score of answer and conversion rates first.
    Performance,
    /// As performance, with a share of calls kept for those not yet known.
    Hybrid,
}

/// What the buyer pays and the publisher earns for one call. Fixed when the call is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SaleTerms {
    /// Of both amounts.
    pub currency: Currency,
    /// What the buyer pays once it converts.
    pub revenue: Micros,
    /// Connected time after which the buyer pays, milliseconds. 0: on connection.
    pub revenue_after_ms: u64,
    /// What the publisher earns once it converts.
    pub payout: Micros,
    /// Connected time after which the publisher earns, milliseconds.
    pub payout_after_ms: u64,
}

/// One who could have the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// Who.
    pub buyer: BuyerId,
    /// Where.
    pub endpoint: EndpointId,
    /// Draw weight; 1 unless set.
    pub weight: u32,
    /// Lower is tried earlier.
    pub priority: i32,
    /// Performance score in thousandths (0-1000), where one is known.
    pub score_permille: Option<u16>,
    /// Calls held at the decision.
    pub active_calls: u32,
}

/// Why one did not get the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// The node or the campaign names a buyer this tenant does not have.
    Unknown,
    /// Switched off in the flow, or not ACTIVE.
    Disabled,
    /// No ACTIVE endpoint.
    NoEndpoint,
    /// Closed at this hour in its time zone.
    OutsideHours,
    /// As many calls at once as agreed.
    ConcurrencyCap,
    /// As many calls this hour as agreed.
    HourlyCap,
    /// As many calls today as agreed.
    DailyCap,
    /// As many calls this month as agreed.
    MonthlyCap,
    /// As many calls altogether as agreed.
    TotalCap,
    /// Does not take this kind of call (tag, area or attestation filter).
    Filtered,
    /// Already tried for this call.
    AlreadyTried,
    /// Compliance forbids the sale.
    Compliance,
    /// A telephone number, and no trunk carries calls to it, or every one has been tried.
    NoTrunk,
    /// A telephone number, and every trunk to it carries as many calls as it may.
    TrunkFull,
}

impl RejectReason {
    /// True for a limit that frees again by itself: the flow's `onAllBusy`, not its `onNoBuyers`.
    pub fn is_busy(self) -> bool {
        matches!(
            self,
            Self::ConcurrencyCap
                | Self::HourlyCap
                | Self::DailyCap
                | Self::MonthlyCap
                | Self::TotalCap
                | Self::AlreadyTried
                | Self::TrunkFull
        )
    }
}

/// One who could not have the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejected {
    /// Who.
    pub buyer: BuyerId,
    /// Where, when it was about one endpoint.
    pub endpoint: Option<EndpointId>,
    /// Why not.
    pub reason: RejectReason,
    /// The figures behind it, for people: `10 of 10 calls`.
    pub detail: String,
}

/// A decision: who, in which order, and why not the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RankingRecord {
    /// How they were ordered.
    pub strategy: Strategy,
    /// The draw, so that the decision can be repeated.
    pub draw: u64,
    /// In the order they are tried.
    pub candidates: Vec<Candidate>,
    /// Everybody else.
    pub rejected: Vec<Rejected>,
    /// Whether the consumer may be sold at all, and on which data that was decided. Absent where nothing screens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliance: Option<Box<ComplianceVerdict>>,
}
