//! Accounts, prices, and what calls made of them.

use async_trait::async_trait;
use billing::Rates;
use domain::{
    BillingAccountId, BuyerId, CallId, Currency, Micros, PostingGroupId, PublisherId, RateCardId, TenantId, Timestamp,
};

use crate::{Entity, StoreError, TenantScope, text_enum::text_enum};

text_enum! {
    /// May an account be charged?
    BillingAccountStatus {
        /// Yes.
        Active = "ACTIVE",
        /// Not now.
        Suspended = "SUSPENDED",
        /// No more.
        Closed = "CLOSED",
    }
}
text_enum! {
    /// Is a rate card in force?
    RateCardStatus {
        /// Yes, within its period.
        Active = "ACTIVE",
        /// No.
        Inactive = "INACTIVE",
    }
}
text_enum! {
    /// What an accrual is for (inventory, section 5.3).
    AccrualType {
        /// Minutes of a call that came in.
        CallMinuteInbound = "CALL_MINUTE_INBOUND",
        /// Minutes of a call the platform made.
        CallMinuteOutbound = "CALL_MINUTE_OUTBOUND",
        /// For an answered call.
        ConnectionFee = "CONNECTION_FEE",
        /// For recorded time.
        RecordingFee = "RECORDING_FEE",
        /// What the buyer pays.
        SaleRevenue = "SALE_REVENUE",
        /// What the publisher earns.
        PublisherPayout = "PUBLISHER_PAYOUT",
        /// For a confirmed conversion.
        CpaConversion = "CPA_CONVERSION",
        /// Tax.
        Tax = "TAX",
        /// By hand, or a correction.
        Adjustment = "ADJUSTMENT",
    }
}

/// An account that is charged.
#[derive(Clone, Debug, PartialEq)]
pub struct BillingAccount {
    /// Id.
    pub id: BillingAccountId,
    /// Whose.
    pub tenant: TenantId,
    /// For people.
    pub name: String,
    /// May it be charged?
    pub status: BillingAccountStatus,
    /// Of everything on it.
    pub currency: Currency,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of accounts.
#[derive(Clone, Debug, Default)]
pub struct BillingAccountFilter {
    /// The name, or that of its tenant, contains it.
    pub search: Option<String>,
    /// Only these.
    pub status: Option<BillingAccountStatus>,
}

impl Entity for BillingAccount {
    type Id = BillingAccountId;
    type Filter = BillingAccountFilter;
    const NAME: &'static str = "billing account";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "name", "status", "currency"];
}

/// Prices valid for a period.
#[derive(Clone, Debug, PartialEq)]
pub struct RateCard {
    /// Id.
    pub id: RateCardId,
    /// Whose.
    pub tenant: TenantId,
    /// The account's.
    pub account: BillingAccountId,
    /// For people.
    pub name: String,
    /// From then on.
    pub effective_from: Timestamp,
    /// Until then, inclusive.
    pub effective_to: Option<Timestamp>,
    /// In force?
    pub status: RateCardStatus,
    /// The prices.
    pub rates: Rates,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of rate cards.
#[derive(Clone, Debug, Default)]
pub struct RateCardFilter {
    /// The name contains it.
    pub search: Option<String>,
    /// Only this account's.
    pub account: Option<BillingAccountId>,
    /// Only these.
    pub status: Option<RateCardStatus>,
}

impl Entity for RateCard {
    type Id = RateCardId;
    type Filter = RateCardFilter;
    const NAME: &'static str = "rate card";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "name", "status", "effectiveFrom"];
}

/// One component of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accrual {
    /// Which call and which component: `call:<id>:<type>:<revision>`. Unique.
    pub key: String,
    /// Whose.
    pub tenant: TenantId,
    /// On which account; absent for what the platform does not charge.
    pub account: Option<BillingAccountId>,
    /// For which call.
    pub call: Option<CallId>,
    /// Whose calls.
    pub publisher: Option<PublisherId>,
    /// Who bought.
    pub buyer: Option<BuyerId>,
    /// What for.
    pub kind: AccrualType,
    /// How much; negative in a correction.
    pub amount: Micros,
    /// In what.
    pub currency: Currency,
    /// For people.
    pub description: String,
    /// When it arose: the call's end.
    pub at: Timestamp,
}

/// One line of a balanced group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The group, whose postings sum to zero per currency.
    pub group: PostingGroupId,
    /// What it is about: `call:<id>:<type>:<revision>`. Unique per group.
    pub key: String,
    /// Line of the group, from 0.
    pub line: u32,
    /// Whose books.
    pub tenant: TenantId,
    /// Which account of the books: `buyer_receivable:<id>`, `sales_revenue`, `publisher_payable:<id>`,
    /// `payout_expense`, `platform_payable:<id>`, `platform_expense`.
    pub account: String,
    /// Positive is debit, negative credit.
    pub amount: Micros,
    /// In what.
    pub currency: Currency,
    /// For which call.
    pub call: Option<CallId>,
    /// For people.
    pub description: String,
    /// When it arose.
    pub at: Timestamp,
}

/// What an account of the books stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The account.
    pub account: String,
    /// In what.
    pub currency: Currency,
    /// Sum of its postings.
    pub amount: Micros,
}

/// Reads the books.
#[async_trait]
pub trait Books: Send + Sync {
    /// The card in force at `at`: ACTIVE, of an ACTIVE account of the tenant, the newest `effective_from`.
    async fn rate_card_at(
        &self,
        scope: TenantScope,
        at: Timestamp,
    ) -> Result<Option<(BillingAccount, RateCard)>, StoreError>;
    /// What every account of the books stands at, by account.
    async fn balances(&self, scope: TenantScope) -> Result<Vec<Balance>, StoreError>;
    /// A call's postings in order.
    async fn postings_of_call(&self, scope: TenantScope, call: CallId) -> Result<Vec<Posting>, StoreError>;
    /// A call's accruals in order.
    async fn accruals_of_call(&self, scope: TenantScope, call: CallId) -> Result<Vec<Accrual>, StoreError>;
}
