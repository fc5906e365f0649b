//! What a tenant may use, and exceptions from it (inventory, section 5.6).

use async_trait::async_trait;
use domain::{QuotaOverrideId, TenantId, Timestamp, UserId};

use crate::{StoreError, TenantScope, text_enum::text_enum};

text_enum! {
    /// What is limited where it is used.
    QuotaKind {
        /// Calls at once.
        ConcurrentCalls = "concurrent_calls",
        /// Minutes from answer to end, of the tenant's day.
        MinutesPerDay = "minutes_per_day",
        /// Telephone numbers that are not given back.
        PhoneNumbers = "phone_numbers",
    }
}

/// The limits of a tenant. None and 0 are no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantQuota {
    /// Whose.
    pub tenant: TenantId,
    /// Calls at once.
    pub concurrent_calls_max: Option<u32>,
    /// Minutes a day.
    pub minutes_per_day_max: Option<u32>,
    /// Days a recording is kept; kept for retention, which is not carried out yet.
    pub recording_retention_days_max: Option<u32>,
    /// Telephone numbers.
    pub phone_numbers_max: Option<u32>,
    /// Gigabytes of recordings: beyond it none is taken from outside.
    pub storage_gb_max: Option<u32>,
    /// False: none of them counts.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl TenantQuota {
    /// No limit at all.
    pub fn none(tenant: TenantId, now: Timestamp) -> Self {
        Self {
            tenant,
            concurrent_calls_max: None,
            minutes_per_day_max: None,
            recording_retention_days_max: None,
            phone_numbers_max: None,
            storage_gb_max: None,
            enabled: true,
            created_at: now,
            updated_at: now,
        }
    }
}

/// An exception, for a while or for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaOverride {
    /// Id.
    pub id: QuotaOverrideId,
    /// Whose.
    pub tenant: TenantId,
    /// From which limit.
    pub quota: QuotaKind,
    /// The limit in its place; none lifts it.
    pub value: Option<u32>,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A tenant's limits with the exceptions from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuotaInForce {
    /// The limits, where there are any.
    pub quota: Option<TenantQuota>,
    /// The exceptions, oldest first; those that are over are passed over.
    pub overrides: Vec<QuotaOverride>,
}

impl QuotaInForce {
    /// The limit at `now`; `None` when there is none. The youngest exception counts.
    pub fn limit(&self, kind: QuotaKind, now: Timestamp) -> Option<u32> {
        let is_on = |one: &&QuotaOverride| one.quota == kind && one.expires_at.is_none_or(|until| until > now);
        if let Some(exception) = self.overrides.iter().rev().find(is_on) {
            return exception.value.filter(|value| *value > 0);
        }
        let quota = self.quota.filter(|quota| quota.enabled)?;
        let limit = match kind {
            QuotaKind::ConcurrentCalls => quota.concurrent_calls_max,
            QuotaKind::MinutesPerDay => quota.minutes_per_day_max,
            QuotaKind::PhoneNumbers => quota.phone_numbers_max,
        };
        limit.filter(|limit| *limit > 0)
    }
}

/// What a tenant uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaUsage {
    /// Calls that run.
    pub concurrent_calls: u64,
    /// From answer to end, milliseconds, of the calls that started since the begin of the day.
    pub answered_ms: u64,
    /// Numbers not given back, and purchases under way.
    pub phone_numbers: u64,
}

/// Storage of quotas.
#[async_trait]
pub trait Quotas: Send + Sync {
    /// A tenant's limits and exceptions, those that are over too.
    async fn quota_of(&self, scope: TenantScope) -> Result<QuotaInForce, StoreError>;
    /// Writes the limits.
    async fn put_quota(&self, quota: &TenantQuota) -> Result<(), StoreError>;
    /// Adds an exception.
    async fn add_override(&self, exception: &QuotaOverride) -> Result<(), StoreError>;
    /// Removes one; false when there is none.
    async fn remove_override(&self, scope: TenantScope, id: QuotaOverrideId) -> Result<bool, StoreError>;
    /// What is used; `day_start` is the begin of the tenant's day.
    async fn quota_usage(&self, scope: TenantScope, day_start: Timestamp) -> Result<QuotaUsage, StoreError>;
    /// Bytes of all recordings.
    async fn recording_bytes(&self, scope: TenantScope) -> Result<u64, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exception(value: Option<u32>, expires_at: Option<i64>) -> QuotaOverride {
        QuotaOverride {
            id: uuid::Uuid::from_u128(1).into(),
            tenant: uuid::Uuid::from_u128(2).into(),
            quota: QuotaKind::PhoneNumbers,
            value,
            reason: "sale".into(),
            expires_at: expires_at.map(Timestamp::from_secs),
            created_by: None,
            created_at: Timestamp::from_secs(0),
        }
    }

    #[test]
    fn the_youngest_exception_that_is_not_over_counts() {
        let none = TenantQuota::none(uuid::Uuid::from_u128(2).into(), Timestamp::from_secs(0));
        let five = TenantQuota { phone_numbers_max: Some(5), ..none };
        let at = |quota: Option<TenantQuota>, overrides: Vec<QuotaOverride>| {
            QuotaInForce { quota, overrides }.limit(QuotaKind::PhoneNumbers, Timestamp::from_secs(100))
        };
        assert_eq!(at(None, vec![]), None);
        assert_eq!(at(Some(none), vec![]), None);
        assert_eq!(at(Some(five), vec![]), Some(5));
        assert_eq!(at(Some(TenantQuota { phone_numbers_max: Some(0), ..none }), vec![]), None, "0 is no limit");
        assert_eq!(at(Some(TenantQuota { enabled: false, ..five }), vec![]), None);
        assert_eq!(at(Some(five), vec![exception(Some(9), Some(101))]), Some(9));
        assert_eq!(at(Some(five), vec![exception(Some(9), Some(100))]), Some(5), "over");
        assert_eq!(at(Some(five), vec![exception(None, None)]), None, "lifted");
        assert_eq!(at(Some(five), vec![exception(None, None), exception(Some(7), None)]), Some(7));
    }
}
