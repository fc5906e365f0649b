//! What is counted or used once by all processes of the API together (ADR 203): failed sign-ins, tickets.

mod local;

use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;

pub use local::LocalCounters;

/// How failed sign-ins are slowed down.
#[derive(Clone, Copy, Debug)]
pub struct SignInLimits {
    /// Free tries for one account from one network.
    pub per_account_and_network: u32,
    /// Free tries for one account from anywhere. Higher, so that a stranger does not lock somebody out with a few tries.
    pub per_account: u32,
    /// Free tries from one network, whatever the account.
    pub per_network: u32,
    /// The wait after the first try too many; it doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// Failures are forgotten when so long nothing failed.
    pub forgotten_after: Duration,
}

impl Default for SignInLimits {
    fn default() -> Self {
        Self {
            per_account_and_network: 5,
            per_account: 50,
            per_network: 30,
            first_wait: Duration::from_secs(30),
            longest_wait: Duration::from_hours(1),
            forgotten_after: Duration::from_hours(6),
        }
    }
}

impl SignInLimits {
    /// How long `count` failures hold up the next try; not at all while they are free.
    pub fn wait(&self, count: u32, free: u32) -> Option<Duration> {
        let beyond = count.checked_sub(free)?;
        let doubled = 2_u32.checked_pow(beyond).and_then(|times| self.first_wait.checked_mul(times));
        Some(doubled.map_or(self.longest_wait, |wait| wait.min(self.longest_wait)))
    }
}

/// Who tries to sign in, by names nobody reads an address or a network from: they are kept where others may look.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Trier {
    /// The account.
    pub account: String,
    /// Where they are.
    pub network: String,
}

/// A try that was let through. It counts as failed until it is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInTry {
    /// When, microseconds by the clock of whoever counts.
    pub at: i64,
    /// When the last one before it failed: of the account from the network, of the account, of the network. 0: none did.
    pub earlier: [i64; 3],
    /// Counted where all processes see it.
    pub is_shared: bool,
}

/// Counts for all processes where they share something, else for this one. Never fails: who cannot ask others counts alone.
#[async_trait]
pub trait Counters: Send + Sync {
    /// True for the first who asks with this key; it is remembered for so long.
    async fn is_first(&self, key: &str, remembered: Duration, now: Timestamp) -> bool;
    /// Lets a try through and counts it as failed at once, so that of many at the same time no more come through than of
    /// many in a row. An error: too many failed, and how long to wait.
    async fn begin(&self, who: &Trier, limits: &SignInLimits, now: Timestamp) -> Result<SignInTry, Duration>;
    /// The try did not fail.
    async fn give_back(&self, who: &Trier, begun: &SignInTry);
    /// The account's failures from this network do not count any more.
    async fn forget(&self, who: &Trier);
    /// The account's failures from everywhere do not count any more.
    async fn forget_account(&self, account: &str, limits: &SignInLimits);
}
