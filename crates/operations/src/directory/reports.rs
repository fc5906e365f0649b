//! Figures over many calls, for screens.

use std::time::Duration;

use async_trait::async_trait;
use domain::{BuyerId, Micros, Timestamp};

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
}
