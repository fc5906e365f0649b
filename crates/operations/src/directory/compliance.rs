//! What compliance is kept by: do-not-call lists, policies, consents, overrides.

use async_trait::async_trait;
use compliance::{Digits, Policy};
use domain::{
    CallId, CampaignId, ComplianceOverrideId, CompliancePolicyId, ConsentId, DncListId, PhoneNumber, TenantId,
    Timestamp, UserId,
};

use crate::{Entity, Listed, Page, PageRequest, StoreError, TenantScope, text_enum::text_enum};

/// Entries written in one transaction.
pub const DNC_ENTRIES_AT_ONCE: usize = 1_000;
/// Do-not-call lists of a tenant.
pub const DNC_LISTS_MAX: u64 = 100;
/// ACTIVE and waiting overrides of a tenant: every one is in memory.
pub const OVERRIDES_MAX: u64 = 10_000;

text_enum! {
    /// Whose calls a list is consulted for.
    DncListType {
        /// Every call.
        Global = "GLOBAL",
        /// One campaign's.
        Campaign = "CAMPAIGN",
        /// All, or those of the campaigns it is attached to.
        Custom = "CUSTOM",
    }
}
text_enum! {
    /// Is a list consulted?
    DncListStatus {
        /// Yes.
        Active = "ACTIVE",
        /// No.
        Inactive = "INACTIVE",
    }
}
text_enum! {
    /// Who vouches for a consent.
    ConsentProvider {
        /// ActiveProspect's certificates.
        TrustedForm = "TRUSTEDFORM",
        /// Verisk's LeadiD tokens.
        Jornaya = "JORNAYA",
        /// The tenant.
        Custom = "CUSTOM",
    }
}
text_enum! {
    /// What a consent is worth.
    ConsentStatus {
        /// Nobody has vouched for it yet.
        Pending = "PENDING",
        /// Its provider vouches for it.
        Verified = "VERIFIED",
        /// Its provider does not.
        Invalid = "INVALID",
        /// Its time is over.
        Expired = "EXPIRED",
        /// The consumer took it back.
        Revoked = "REVOKED",
    }
}
text_enum! {
    /// What an override is worth.
    ComplianceOverrideStatus {
        /// It holds.
        Active = "ACTIVE",
        /// Its time is over.
        Expired = "EXPIRED",
        /// Taken back, or refused.
        Revoked = "REVOKED",
        /// A second person has to approve it.
        PendingApproval = "PENDING_APPROVAL",
    }
}

/// A do-not-call list.
#[derive(Clone, Debug, PartialEq)]
pub struct DncList {
    /// Id.
    pub id: DncListId,
    /// Whose.
    pub tenant: TenantId,
    /// For people.
    pub name: String,
    /// Whose calls.
    pub kind: DncListType,
    /// Consulted?
    pub status: DncListStatus,
    /// The campaign of a CAMPAIGN list.
    pub campaign: Option<CampaignId>,
    /// The campaigns a CUSTOM list is attached to.
    pub campaigns: Vec<CampaignId>,
    /// A CUSTOM list for every call.
    pub applies_to_all: bool,
    /// Must it be scrubbed as often as the policy says?
    pub must_be_fresh: bool,
    /// When it was last compared with its source.
    pub scrubbed_at: Option<Timestamp>,
    /// Counts changes of its entries.
    pub version: u64,
    /// Entries that are not removed.
    pub entry_count: u64,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of lists.
#[derive(Clone, Debug, Default)]
pub struct DncListFilter {
    /// Only these.
    pub kind: Option<DncListType>,
    /// Only these.
    pub status: Option<DncListStatus>,
    /// Part of the name.
    pub search: Option<String>,
}

impl Entity for DncList {
    type Id = DncListId;
    type Filter = DncListFilter;
    const NAME: &'static str = "DNC list";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "name", "type", "entryCount"];
}

/// An entry to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDncEntry {
    /// Who is not to be called.
    pub number: Digits,
    /// Why.
    pub reason: Option<String>,
    /// Where that came from.
    pub source: Option<String>,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DncEntry {
    /// Who is not to be called.
    pub number: Digits,
    /// Why.
    pub reason: Option<String>,
    /// Where that came from.
    pub source: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
}

impl Listed for DncEntry {
    const ORDERS: &'static [&'static str] = &["phoneNumber"];
}

/// What writing entries changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DncChange {
    /// Entries that were not (or were) there before.
    pub changed: u64,
    /// The list's version after it.
    pub version: u64,
}

/// Storage of entries. Every method is [`StoreError::NotFound`] when the list is not the tenant's.
#[async_trait]
pub trait DncEntries: Send + Sync {
    /// Adds up to [`DNC_ENTRIES_AT_ONCE`]; who is on the list stays as it was put there.
    async fn add_dnc_entries(
        &self,
        scope: TenantScope,
        list: DncListId,
        entries: Vec<NewDncEntry>,
        now: Timestamp,
    ) -> Result<DncChange, StoreError>;
    /// Marks up to [`DNC_ENTRIES_AT_ONCE`] as removed.
    async fn remove_dnc_entries(
        &self,
        scope: TenantScope,
        list: DncListId,
        numbers: Vec<Digits>,
        now: Timestamp,
    ) -> Result<DncChange, StoreError>;
    /// By number; `prefix`: only numbers that begin with these digits.
    async fn list_dnc_entries(
        &self,
        scope: TenantScope,
        list: DncListId,
        prefix: Option<u64>,
        page: &PageRequest,
    ) -> Result<Page<DncEntry>, StoreError>;
    /// Deletes up to so many rows of a list that is about to be removed; answers how many.
    async fn purge_dnc_entries(&self, scope: TenantScope, list: DncListId, count_max: u32) -> Result<u64, StoreError>;
}

/// What a tenant or a campaign asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct CompliancePolicy {
    /// Id.
    pub id: CompliancePolicyId,
    /// Whose.
    pub tenant: TenantId,
    /// The campaign whose calls it is for; absent: the tenant's own, named `default`.
    pub campaign: Option<CampaignId>,
    /// Counts its changes, from 1.
    pub version: u32,
    /// What it says.
    pub policy: Policy,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl CompliancePolicy {
    /// Unique in the tenant: `default`, or `campaign:<id>`.
    pub fn name(&self) -> String {
        policy_name(self.campaign)
    }
}

/// The name of a campaign's policy, or of the tenant's own.
pub fn policy_name(campaign: Option<CampaignId>) -> String {
    campaign.map_or_else(|| "default".to_owned(), |campaign| format!("campaign:{campaign}"))
}

/// Narrows a list of policies.
#[derive(Clone, Debug, Default)]
pub struct CompliancePolicyFilter {
    /// Only the one of this name.
    pub name: Option<String>,
}

impl Entity for CompliancePolicy {
    type Id = CompliancePolicyId;
    type Filter = CompliancePolicyFilter;
    const NAME: &'static str = "compliance policy";
    const ORDERS: &'static [&'static str] = &["-createdAt"];
}

/// Proof that a consumer agreed to be called.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsentToken {
    /// Id.
    pub id: ConsentId,
    /// Whose.
    pub tenant: TenantId,
    /// The call it was used for first.
    pub call: Option<CallId>,
    /// The consumer.
    pub number: PhoneNumber,
    /// What the provider gave: a certificate's address, a LeadiD. Names the proof, opens nothing.
    pub token: String,
    /// SHA-256 of it, hexadecimal. Unique in the tenant.
    pub token_hash: String,
    /// Who vouches for it.
    pub provider: ConsentProvider,
    /// As stored; [`ConsentToken::status_at`] tells whether its time is over.
    pub status: ConsentStatus,
    /// What the provider said last.
    pub detail: Option<String>,
    /// When it was verified.
    pub verified_at: Option<Timestamp>,
    /// Until when it holds.
    pub expires_at: Option<Timestamp>,
    /// Where the consumer agreed from.
    pub ip_address: Option<String>,
    /// Where the consumer agreed: a form, a recording.
    pub source: Option<String>,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl ConsentToken {
    /// Its worth now.
    pub fn status_at(&self, now: Timestamp) -> ConsentStatus {
        let is_over = self.expires_at.is_some_and(|end| end <= now);
        match self.status {
            ConsentStatus::Pending | ConsentStatus::Verified if is_over => ConsentStatus::Expired,
            status => status,
        }
    }
}

/// Narrows a list of consents.
#[derive(Clone, Debug, Default)]
pub struct ConsentFilter {
    /// Only this consumer's.
    pub number: Option<PhoneNumber>,
    /// Only these, as stored.
    pub status: Option<ConsentStatus>,
    /// Only this provider's.
    pub provider: Option<ConsentProvider>,
}

impl Entity for ConsentToken {
    type Id = ConsentId;
    type Filter = ConsentFilter;
    const NAME: &'static str = "consent";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "phoneNumber", "provider", "expiresAt"];
}

/// Leave to call a number that compliance would refuse.
#[derive(Clone, Debug, PartialEq)]
pub struct ComplianceOverride {
    /// Id.
    pub id: ComplianceOverrideId,
    /// Whose.
    pub tenant: TenantId,
    /// Who may be called.
    pub number: PhoneNumber,
    /// Why.
    pub reason: String,
    /// The one call it is for; absent: every call of the number.
    pub call: Option<CallId>,
    /// Who asked for it: `user:<id>` or `key:<id>`.
    pub requested_by: String,
    /// As stored; [`ComplianceOverride::status_at`] tells whether its time is over.
    pub status: ComplianceOverrideStatus,
    /// Until when it holds.
    pub expires_at: Option<Timestamp>,
    /// Who approved it.
    pub approved_by: Option<UserId>,
    /// When.
    pub approved_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl ComplianceOverride {
    /// Its worth now.
    pub fn status_at(&self, now: Timestamp) -> ComplianceOverrideStatus {
        use ComplianceOverrideStatus::{Active, Expired, PendingApproval};
        let is_over = self.expires_at.is_some_and(|end| end <= now);
        match self.status {
            Active | PendingApproval if is_over => Expired,
            status => status,
        }
    }
}

/// Narrows a list of overrides.
#[derive(Clone, Debug, Default)]
pub struct ComplianceOverrideFilter {
    /// Only this consumer's.
    pub number: Option<PhoneNumber>,
    /// Only these, as stored.
    pub status: Option<ComplianceOverrideStatus>,
}

impl Entity for ComplianceOverride {
    type Id = ComplianceOverrideId;
    type Filter = ComplianceOverrideFilter;
    const NAME: &'static str = "compliance override";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "phoneNumber", "expiresAt"];
}
