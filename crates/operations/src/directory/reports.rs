//! Figures over many calls, for screens.

use std::time::Duration;

use async_trait::async_trait;
use domain::{BuyerId, CampaignId, Micros, PublisherId, Timestamp};

use crate::{StoreError, TenantScope};

/// Most spans of one series.
pub const SERIES_SPANS_MAX: u32 = 400;

/// The calls that started in one span of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesPoint {
    /// When the span begins.
    pub start: Timestamp,
    /// Started.
    pub calls: u64,
    /// Of those answered.
    pub answered: u64,
    /// Of those connected to a buyer.
    pub connected: u64,
    /// Of those paid for by the buyer.
    pub converted: u64,
    /// From our answer to the end, milliseconds.
    pub answered_ms: u64,
    /// What buyers pay.
    pub revenue: Micros,
}

/// A buyer's share of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuyerFigures {
    /// Who.
    pub buyer: BuyerId,
    /// Calls that started in the period and reached the buyer.
    pub calls: u64,
    /// What the buyer pays for them.
    pub revenue: Micros,
}

/// Which calls a report counts: those that started in `from..to` and pass every other member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportFilter {
    /// The first moment.
    pub from: Timestamp,
    /// The moment behind the last.
    pub to: Timestamp,
    /// Only this campaign's.
    pub campaign: Option<CampaignId>,
    /// Only this publisher's.
    pub publisher: Option<PublisherId>,
    /// Only this buyer's.
    pub buyer: Option<BuyerId>,
}

/// Sums over calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportFigures {
    /// Started.
    pub calls: u64,
    /// Of those answered.
    pub answered: u64,
    /// Answered and over.
    pub completed: u64,
    /// Over without an answer.
    pub failed: u64,
    /// Paid for by the buyer.
    pub converted: u64,
    /// From first INVITE to end, milliseconds.
    pub duration_ms: u64,
    /// From our answer to the end, milliseconds: what is billed.
    pub answered_ms: u64,
    /// What the tenant is charged.
    pub cost: Micros,
    /// What buyers pay.
    pub revenue: Micros,
    /// What publishers earn.
    pub payout: Micros,
}

impl std::ops::AddAssign for ReportFigures {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.answered += other.answered;
        self.completed += other.completed;
        self.failed += other.failed;
        self.converted += other.converted;
        self.duration_ms += other.duration_ms;
        self.answered_ms += other.answered_ms;
        self.cost = Micros(self.cost.0.saturating_add(other.cost.0));
        self.revenue = Micros(self.revenue.0.saturating_add(other.revenue.0));
        self.payout = Micros(self.payout.0.saturating_add(other.payout.0));
    }
}

/// Longest report, days.
pub const REPORT_DAYS_MAX: u32 = 366;
/// Length of the slots a report is read in. Every IANA zone's days and hours begin at one of them.
pub const REPORT_SLOT: Duration = Duration::from_secs(15 * 60);
/// Groups of one report; the smallest are left out beyond it.
pub const REPORT_GROUPS_MAX: u32 = 1_000;

/// What a report tells apart besides time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportGroup {
    /// Campaigns, by id; empty for calls of none.
    Campaign,
    /// Where calls stand.
    Status,
}

/// Reading of figures.
#[async_trait]
pub trait CallReports: Send + Sync {
    /// Calls started in `from..to`, in spans of `span` counted from `from`; spans without calls are left out. More than
    /// [`SERIES_SPANS_MAX`] spans are cut off at the end.
    async fn call_series(
        &self,
        scope: TenantScope,
        from: Timestamp,
        to: Timestamp,
        span: Duration,
    ) -> Result<Vec<SeriesPoint>, StoreError>;

    /// The buyers that pay most for calls started in `from..to`, at most `limit`; among equals the one with more calls.
    async fn top_buyers(
        &self,
        scope: TenantScope,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> Result<Vec<BuyerFigures>, StoreError>;

    /// Calls in slots of [`REPORT_SLOT`] since the epoch, by the slot's begin; slots without calls are left out. A range of more
    /// than [`REPORT_DAYS_MAX`] days is cut off at its end.
    async fn report_slots(
        &self,
        scope: TenantScope,
        filter: &ReportFilter,
    ) -> Result<Vec<(Timestamp, ReportFigures)>, StoreError>;

    /// Calls by something else than time, most calls first, at most [`REPORT_GROUPS_MAX`].
    async fn report_groups(
        &self,
        scope: TenantScope,
        filter: &ReportFilter,
        by: ReportGroup,
    ) -> Result<Vec<(String, ReportFigures)>, StoreError>;
}
