//! What the compliance gate is loaded from, and who vouches for consents.

use async_trait::async_trait;
use compliance::Digits;
use domain::{ConsentId, DncListId, PhoneNumber, TenantId, Timestamp};

use crate::{ComplianceOverride, CompliancePolicy, ConsentProvider, ConsentToken, DncList, StoreError};

/// What of a tenant's compliance is small enough to be read whole.
#[derive(Clone, Debug)]
pub struct ComplianceData {
    /// Counts the tenant's changes.
    pub version: u64,
    /// Its own policy and its campaigns'.
    pub policies: Vec<CompliancePolicy>,
    /// Its ACTIVE lists, without their entries: GLOBAL first, then CAMPAIGN, then CUSTOM.
    pub lists: Vec<DncList>,
    /// Its ACTIVE overrides.
    pub overrides: Vec<ComplianceOverride>,
}

/// A change of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DncMark {
    /// Whose.
    pub number: Digits,
    /// Taken off, or put on?
    pub removed: bool,
    /// The list's version with it.
    pub version: u64,
}

/// Reads what calls are screened by.
#[async_trait]
pub trait ComplianceSource: Send + Sync {
    /// Every tenant that has set anything, with the count of its changes. Cheap: asked several times a second.
    async fn compliance_versions(&self) -> Result<Vec<(TenantId, u64)>, StoreError>;
    /// One tenant's data.
    async fn compliance_data(&self, tenant: TenantId) -> Result<ComplianceData, StoreError>;
    /// A list's numbers greater than `after`, rising, at most `count_max`.
    async fn dnc_numbers(
        &self,
        tenant: TenantId,
        list: DncListId,
        after: u64,
        count_max: u32,
    ) -> Result<Vec<Digits>, StoreError>;
    /// A list's changes behind this version and number, in the order of versions and numbers, at most `count_max`.
    async fn dnc_marks(
        &self,
        tenant: TenantId,
        list: DncListId,
        after: (u64, u64),
        count_max: u32,
    ) -> Result<Vec<DncMark>, StoreError>;
    /// Consents changed after this moment (or at it, with a greater id), in this order, at most `count_max`.
    async fn changed_consents(
        &self,
        tenant: TenantId,
        after: (Timestamp, ConsentId),
        count_max: u32,
    ) -> Result<Vec<ConsentToken>, StoreError>;
}

/// What a provider says of a consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// It is good.
    Verified {
        /// Until when, where the provider says so.
        expires_at: Option<Timestamp>,
    },
    /// It is not.
    Invalid(String),
    /// Nobody could be asked; later perhaps.
    Unknown(String),
}

/// Asks providers.
#[async_trait]
pub trait ConsentVerifier: Send + Sync {
    /// Is this token this consumer's consent? Takes seconds at most. CUSTOM is nobody's to vouch for here.
    async fn verify(&self, provider: ConsentProvider, token: &str, number: &PhoneNumber, now: Timestamp) -> Vouched;
}
