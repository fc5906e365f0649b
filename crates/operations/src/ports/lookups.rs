//! Who knows things about telephone numbers, and where answers are kept.

use async_trait::async_trait;
use domain::{PhoneNumber, Timestamp};

use crate::{LookupKind, NumberFacts, ProviderError, StoreError};

/// One who is asked, for money.
#[async_trait]
pub trait LookupProvider: Send + Sync {
    /// `twilio`, `telnyx`.
    fn name(&self) -> &'static str;
    /// Whether its account is known here.
    fn is_configured(&self) -> bool;
    /// Asks. What it does not say is absent.
    async fn look_up(&self, kind: LookupKind, number: &PhoneNumber) -> Result<NumberFacts, ProviderError>;
}

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptLookup {
    /// What was asked.
    pub kind: LookupKind,
    /// About whom.
    pub number: PhoneNumber,
    /// Who was asked.
    pub provider: String,
    /// What they said.
    pub facts: NumberFacts,
    /// When.
    pub looked_up_at: Timestamp,
    /// Until when it is good enough.
    pub kept_until: Timestamp,
}

/// Keeps answers for the whole platform: they are about numbers, not about tenants.
#[async_trait]
pub trait LookupCache: Send + Sync {
    /// The answer that is good at `now`.
    async fn kept_lookup(
        &self,
        kind: LookupKind,
        number: &PhoneNumber,
        provider: &str,
        now: Timestamp,
    ) -> Result<Option<KeptLookup>, StoreError>;
    /// Keeps an answer in place of an earlier one.
    async fn keep_lookup(&self, answer: &KeptLookup) -> Result<(), StoreError>;
    /// Forgets up to `count_max` whose time is up; answers how many.
    async fn forget_lookups(&self, now: Timestamp, count_max: u32) -> Result<u64, StoreError>;
}
