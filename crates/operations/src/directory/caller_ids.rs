//! The numbers outbound calls show.

use async_trait::async_trait;
use domain::{CallerIdPoolId, NumberId, PhoneNumber, TenantId, Timestamp};

use crate::{CampaignStatus, Directory, Entity, NumberStatus, StoreError, TenantScope, text_enum::text_enum};

text_enum! {
    /// Is a pool in use?
    CallerIdPoolStatus {
        /// Yes.
        Active = "ACTIVE",
        /// No.
        Inactive = "INACTIVE",
    }
}

/// Numbers outbound calls show, in turn.
#[derive(Clone, Debug, PartialEq)]
pub struct CallerIdPool {
    /// Id.
    pub id: CallerIdPoolId,
    /// Whose.
    pub tenant: TenantId,
    /// For people.
    pub name: String,
    /// Is a pool in use?
    pub status: CallerIdPoolStatus,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of caller-ID pools.
#[derive(Clone, Debug, Default)]
pub struct CallerIdPoolFilter {
    /// The name contains it.
    pub search: Option<String>,
    /// Only these.
    pub status: Option<CallerIdPoolStatus>,
}

impl Entity for CallerIdPool {
    type Id = CallerIdPoolId;
    type Filter = CallerIdPoolFilter;
    const NAME: &'static str = "caller ID pool";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "name", "status"];
}

/// A number in a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolNumber {
    /// The number's id.
    pub id: NumberId,
    /// The number.
    pub number: PhoneNumber,
    /// May it be used? Others are passed over.
    pub status: NumberStatus,
    /// Lower is shown first; equals take turns.
    pub priority: i32,
    /// Since when it is in the pool.
    pub created_at: Timestamp,
}

/// Most numbers of one pool.
pub const POOL_NUMBERS_MAX: u32 = 1_000;

/// What pools hold, and whose turn it is.
#[async_trait]
pub trait CallerIds: Send + Sync {
    /// A pool's numbers by priority, at most [`POOL_NUMBERS_MAX`]. Empty as well when the tenant has no such pool.
    async fn pool_numbers(&self, scope: TenantScope, pool: CallerIdPoolId) -> Result<Vec<PoolNumber>, StoreError>;

    /// Puts a number into a pool, or changes its priority. [`StoreError::NotFound`] when the tenant lacks one of them,
    /// [`StoreError::Conflict`] when the pool is full.
    async fn put_pool_number(
        &self,
        scope: TenantScope,
        pool: CallerIdPoolId,
        number: NumberId,
        priority: i32,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Takes a number out; false when it was not in.
    async fn remove_pool_number(
        &self,
        scope: TenantScope,
        pool: CallerIdPoolId,
        number: NumberId,
    ) -> Result<bool, StoreError>;

    /// The number the next outbound call shows: of the ACTIVE numbers with the lowest priority each in turn, whichever
    /// process asks. `None` when the pool is gone, not ACTIVE, or holds no ACTIVE number.
    async fn next_caller_id(
        &self,
        scope: TenantScope,
        pool: CallerIdPoolId,
    ) -> Result<Option<(NumberId, PhoneNumber)>, StoreError>;
}

/// The number an outbound call of a campaign shows: the next of its pool. `None` when the campaign is gone, takes no calls,
/// or has no pool with a usable number; the call must not be made then.
pub async fn caller_id_of_campaign(
    directory: &Directory,
    scope: TenantScope,
    campaign: domain::CampaignId,
) -> Result<Option<(NumberId, PhoneNumber)>, StoreError> {
    let campaign = directory.campaigns.find(scope, campaign).await?;
    let pool = campaign.filter(|campaign| campaign.status == CampaignStatus::Active);
    match pool.and_then(|campaign| campaign.caller_id_pool) {
        Some(pool) => directory.caller_ids.next_caller_id(scope, pool).await,
        None => Ok(None),
    }
}
