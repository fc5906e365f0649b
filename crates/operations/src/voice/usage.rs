//! Calls so far, as ranking needs them: a mirror of the store's counts.

use std::{
    collections::{HashMap, HashSet},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use domain::{BuyerId, CallId, TenantId};
use routing::{
    Tally, UsageTable,
    lease::{Claim, Counters, Full, Holder},
};

/// Kept up to date by the store after each commit, read by ranking. A count that is late by a moment only means that a reservation
/// is refused and the next candidate is tried.
#[derive(Debug, Default)]
pub struct UsageBoard {
    table: RwLock<UsageTable>,
    live: RwLock<HashMap<TenantId, HashSet<CallId>>>,
}

impl UsageBoard {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn table(&self) -> RwLockWriteGuard<'_, UsageTable> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// One holder's counts, as just committed.
    pub fn set_counters(&self, holder: Holder, counters: Counters) {
        self.table().counters.insert(holder, counters);
    }

    /// All counts, as just read.
    pub fn replace_counters(&self, counters: Vec<(Holder, Counters)>) {
        self.table().counters = counters.into_iter().collect();
    }

    /// All scores, as just computed.
    pub fn replace_tallies(&self, tallies: Vec<(BuyerId, Tally)>) {
        self.table().tallies = tallies.into_iter().collect();
    }

    /// Counts all claims here alone, or none: while the store is away. The store's next counts replace it.
    pub fn reserve_unstored(&self, claims: &[Claim]) -> Result<(), Full> {
        let mut table = self.table();
        let mut counted = Vec::with_capacity(claims.len());
        for claim in claims {
            match table.counters.entry(claim.holder).or_default().reserve(claim) {
                Ok(one) => counted.push(one),
                Err(full) => {
                    for one in &counted {
                        table.counters.entry(one.holder).or_default().end(one, false);
                    }
                    return Err(full);
                }
            }
        }
        Ok(())
    }

    /// For the length of one decision. Must not be held across an await.
    pub fn read(&self) -> RwLockReadGuard<'_, UsageTable> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call runs, or no longer does.
    pub fn set_live(&self, tenant: TenantId, call: CallId, is_live: bool) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if is_live {
            live.entry(tenant).or_default().insert(call);
        } else if let Some(calls) = live.get_mut(&tenant) {
            calls.remove(&call);
        }
    }

    /// Calls of a tenant that run.
    pub fn live_calls(&self, tenant: TenantId) -> u32 {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.get(&tenant).map_or(0, |calls| u32::try_from(calls.len()).unwrap_or(u32::MAX))
    }
}
