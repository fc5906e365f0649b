//! Who sells telephone numbers, and the orders that are under way with them.

use async_trait::async_trait;
use domain::{CampaignId, CarrierId, Micros, NumberId, NumberOrderId, PhoneNumber, TenantId, Timestamp, TrunkId};
use serde::{Deserialize, Serialize};

use crate::{Listed, Number, NumberCapabilities, Page, PageRequest, StoreError, TenantScope, text_enum::text_enum};

/// Why a provider did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It said no; asking again will not help.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// It did not answer, or not now. What became of a purchase is not known.
    #[error("the provider does not answer: {0}")]
    Unavailable(String),
}

/// What numbers are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberSearch {
    /// Three digits.
    pub area_code: Option<String>,
    /// ISO 3166 code of two letters.
    pub country: String,
    /// State or province, two letters.
    pub region: Option<String>,
    /// What it must be able to do.
    pub capabilities: NumberCapabilities,
    /// Most numbers wanted.
    pub limit: u32,
}

/// A number that can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedNumber {
    /// The number.
    pub number: PhoneNumber,
    /// State or place, where the provider says.
    pub region: Option<String>,
    /// What it can do.
    pub capabilities: NumberCapabilities,
    /// A month, in US dollars, where the provider says.
    pub monthly_price: Option<Micros>,
}

/// A number the provider holds for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldNumber {
    /// The number.
    pub number: PhoneNumber,
    /// What the provider calls it.
    pub provider_id: String,
    /// What it can do.
    pub capabilities: NumberCapabilities,
}

/// One who sells numbers.
#[async_trait]
pub trait NumberProvider: Send + Sync {
    /// `local`, `signalwire`, `telnyx`, `bandwidth`.
    fn name(&self) -> &'static str;
    /// Whether its account is known here.
    fn is_configured(&self) -> bool;
    /// Whether it knows what it holds: then it is asked in audits, and told of releases.
    fn is_remote(&self) -> bool;
    /// Numbers that can be had.
    async fn search(&self, wanted: &NumberSearch) -> Result<Vec<OfferedNumber>, ProviderError>;
    /// Buys one. `reference` names our order, where the provider keeps such a thing.
    async fn purchase(&self, number: &PhoneNumber, reference: &str) -> Result<HeldNumber, ProviderError>;
    /// One it holds for us; `None` when it does not.
    async fn find(&self, number: &PhoneNumber) -> Result<Option<HeldNumber>, ProviderError>;
    /// All it holds for us.
    async fn list(&self) -> Result<Vec<HeldNumber>, ProviderError>;
    /// Gives it the name people know it by.
    async fn configure(&self, held: &HeldNumber, friendly_name: &str) -> Result<(), ProviderError>;
    /// Gives it back. It is no fault when it is gone already.
    async fn release(&self, held: &HeldNumber) -> Result<(), ProviderError>;
}

text_enum! {
    /// What an order is for.
    NumberOrderKind {
        /// To have a number.
        Purchase = "purchase",
        /// To give it back.
        Release = "release",
    }
}
text_enum! {
    /// Where an order stands.
    NumberOrderState {
        /// The provider was, or will be, asked.
        Pending = "pending",
        /// Done.
        Done = "done",
        /// Not to be done.
        Failed = "failed",
    }
}

/// What a bought number is for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NumberPurpose {
    /// The campaign.
    pub campaign: Option<CampaignId>,
    /// The carrier that brings its calls.
    pub carrier: Option<CarrierId>,
    /// The trunk its calls come over.
    pub trunk: Option<TrunkId>,
    /// Its region.
    pub region: Option<String>,
    /// What it costs a month, millionths of a US dollar.
    pub monthly_price: Option<i64>,
    /// Free for integrations.
    pub metadata: serde_json::Value,
}

/// The intent to buy a number or to give one back: written before the provider is asked, so that what is cut off half-way
/// is found again.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberOrder {
    /// Id.
    pub id: NumberOrderId,
    /// For whom.
    pub tenant: TenantId,
    /// What for.
    pub kind: NumberOrderKind,
    /// Where it stands.
    pub state: NumberOrderState,
    /// With whom.
    pub provider: String,
    /// The number.
    pub number: PhoneNumber,
    /// The number's id here: to be, or being given back.
    pub number_id: NumberId,
    /// What the provider calls it, once known.
    pub provider_id: Option<String>,
    /// What it is for.
    pub purpose: NumberPurpose,
    /// Why it was not done, or not yet.
    pub error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Listed for NumberOrder {
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "number", "provider", "state", "kind"];
}

/// Narrows a list of orders. All of it must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberOrderFilter {
    /// Only these.
    pub state: Option<NumberOrderState>,
    /// Only purchases, or only what is given back.
    pub kind: Option<NumberOrderKind>,
}

/// Storage of orders, and numbers across tenants: for the platform, never for a tenant.
#[async_trait]
pub trait NumberOrders: Send + Sync {
    /// Writes an intent. [`StoreError::Conflict`] when one about this number is pending with this provider.
    async fn place_order(&self, order: &NumberOrder) -> Result<(), StoreError>;
    /// The number is ours: written with the order's end, in one. A number of this tenant that was given back lives again
    /// under its old id. False when the order was done already.
    async fn finish_purchase(&self, order: &NumberOrder, number: &Number) -> Result<bool, StoreError>;
    /// The number is no longer ours.
    async fn finish_release(&self, order: &NumberOrder, now: Timestamp) -> Result<(), StoreError>;
    /// Notes an error; the order ends where `is_final`.
    async fn fail_order(
        &self,
        order: &NumberOrder,
        error: &str,
        is_final: bool,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Orders that are pending since before `before`, oldest first.
    async fn pending_orders(&self, before: Timestamp, limit: u32) -> Result<Vec<NumberOrder>, StoreError>;
    /// The last order about a number with a provider.
    async fn last_order(&self, provider: &str, number: &PhoneNumber) -> Result<Option<NumberOrder>, StoreError>;
    /// A page of a tenant's orders.
    async fn orders_of(
        &self,
        scope: TenantScope,
        filter: &NumberOrderFilter,
        page: &PageRequest,
    ) -> Result<Page<NumberOrder>, StoreError>;
    /// Every tenant's numbers from a provider, given back or not.
    async fn numbers_from(&self, provider: &str) -> Result<Vec<Number>, StoreError>;
    /// Every tenant's row of a number.
    async fn holders_of(&self, number: &PhoneNumber) -> Result<Vec<Number>, StoreError>;
}
