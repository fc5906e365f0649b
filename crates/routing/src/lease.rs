//! Caps as leases (ADR 0037): reserved on offer, committed on answer, ended once, by release or by expiry.
//!
//! [`Counters`] is one row of the store per holder; its methods are what the store's SQL does in one statement. [`Book`] is the
//! whole in memory, for one process and for simulation. At all times and for every cap, `used + reserved <= limit`.

use std::collections::{BTreeSet, HashMap};

use domain::{BuyerId, CallId, EndpointId, LeaseId, TenantId, Timestamp, TrunkId};
use serde::{Deserialize, Serialize};

use crate::{CapKind, CapWindow, Caps, window::WINDOWS};

/// Whose calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "id")]
pub enum Holder {
    /// All endpoints of a buyer.
    Buyer(BuyerId),
    /// One endpoint.
    Endpoint(EndpointId),
    /// One trunk.
    Trunk(TrunkId),
    /// All calls of a tenant.
    Tenant(TenantId),
}

/// Room for one call is wanted from one holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// From whom.
    pub holder: Holder,
    /// Its limits now.
    pub caps: Caps,
    /// Its windows now: [`crate::windows`].
    pub windows: [CapWindow; WINDOWS],
}

/// A cap without room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// Whose.
    pub holder: Holder,
    /// Which.
    pub kind: CapKind,
    /// Used and reserved.
    pub counted: u32,
    /// The limit.
    pub limit: u32,
}

/// Calls of one holder in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowCount {
    /// Of the latest window counted.
    pub start: Timestamp,
    /// Answered.
    pub used: u32,
    /// Offered and not decided yet.
    pub reserved: u32,
}

/// Calls of one holder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
    /// Held now: ringing or connected.
    pub active: u32,
    /// By hour, day, month and altogether; only the latest window of each is kept.
    pub windows: [WindowCount; WINDOWS],
}

/// Where a lease was counted. The windows are remembered, because the lease may end in a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    /// With whom.
    pub holder: Holder,
    /// Start of its hour, day, month and total window.
    pub starts: [Timestamp; WINDOWS],
}

impl Counters {
    /// Used and reserved for `kind`, where `windows` are those of now.
    pub fn counted(&self, kind: CapKind, windows: &[CapWindow; WINDOWS]) -> u32 {
        let position = windows.iter().position(|window| window.kind == kind);
        position.and_then(|at| Some((self.windows.get(at)?, windows.get(at)?))).map_or(
            self.active,
            |(count, window)| {
                // A later start than ours: another switch's clock is ahead, and its window is the one that is open.
                if count.start < window.start { 0 } else { count.used.saturating_add(count.reserved) }
            },
        )
    }

    /// The first cap without room.
    pub fn full(&self, claim: &Claim) -> Option<Full> {
        [CapKind::Concurrency, CapKind::Hour, CapKind::Day, CapKind::Month, CapKind::Total].into_iter().find_map(
            |kind| {
                let limit = claim.caps.limit(kind)?;
                let counted = self.counted(kind, &claim.windows);
                (counted >= limit).then_some(Full { holder: claim.holder, kind, counted, limit })
            },
        )
    }

    /// Counts one more call held, unless a cap is full.
    pub fn reserve(&mut self, claim: &Claim) -> Result<Counted, Full> {
        if let Some(full) = self.full(claim) {
            return Err(full);
        }
        self.active = self.active.saturating_add(1);
        let mut starts = [Timestamp::default(); WINDOWS];
        for ((count, window), start) in self.windows.iter_mut().zip(&claim.windows).zip(&mut starts) {
            if count.start < window.start {
                *count = WindowCount { start: window.start, used: 0, reserved: 0 };
            }
            count.reserved = count.reserved.saturating_add(1);
            *start = count.start;
        }
        Ok(Counted { holder: claim.holder, starts })
    }

    /// The call was answered: it counts for its windows for good.
    pub fn commit(&mut self, counted: &Counted) {
        for (count, start) in self.windows.iter_mut().zip(&counted.starts) {
            if count.start == *start {
                count.reserved = count.reserved.saturating_sub(1);
                count.used = count.used.saturating_add(1);
            }
        }
    }

    /// The call is over. Unless it was `committed` it leaves no trace.
    pub fn end(&mut self, counted: &Counted, committed: bool) {
        self.active = self.active.saturating_sub(1);
        if committed {
            return;
        }
        for (count, start) in self.windows.iter_mut().zip(&counted.starts) {
            if count.start == *start {
                count.reserved = count.reserved.saturating_sub(1);
            }
        }
    }
}

/// How a lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The call's leg is over.
    Released,
    /// Nobody renewed it: its switch is gone.
    Expired,
}

/// Where a lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaseState {
    /// Offered.
    Reserved,
    /// Answered.
    Committed,
    /// Over.
    Ended { how: End, committed: bool },
}

/// Room held for one offer of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// For which call.
    pub call: CallId,
    /// Where it is counted.
    pub counted: Vec<Counted>,
    /// Where it stands.
    pub state: LeaseState,
    /// When it ends by itself. Once ended: when that was.
    pub until: Timestamp,
}

/// Why nothing was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReserveError {
    /// No room.
    Full(Full),
    /// This lease has already been and gone.
    Ended,
}

/// Why a lease cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseError {
    /// Never reserved, or long forgotten.
    Unknown,
    /// It ended before: its room may be another's by now.
    Ended(End),
}

/// All leases and counts of one process.
#[derive(Clone, Debug, Default)]
pub struct Book {
    counters: HashMap<Holder, Counters>,
    leases: HashMap<LeaseId, Lease>,
    expiries: BTreeSet<(Timestamp, LeaseId)>,
}

impl Book {
    /// Reserves all claims or none, until `until`. Repeating it for a lease that is held changes nothing.
    pub fn reserve(
        &mut self,
        id: LeaseId,
        call: CallId,
        claims: &[Claim],
        until: Timestamp,
    ) -> Result<(), ReserveError> {
        if let Some(lease) = self.leases.get(&id) {
            return match lease.state {
                LeaseState::Ended { .. } => Err(ReserveError::Ended),
                LeaseState::Reserved | LeaseState::Committed => Ok(()),
            };
        }
        let mut counted = Vec::with_capacity(claims.len());
        for claim in claims {
            match self.counters.entry(claim.holder).or_default().reserve(claim) {
                Ok(one) => counted.push(one),
                Err(full) => {
                    self.uncount(&counted, false);
                    return Err(ReserveError::Full(full));
                }
            }
        }
        self.leases.insert(id, Lease { call, counted, state: LeaseState::Reserved, until });
        self.expiries.insert((until, id));
        Ok(())
    }

    /// The offer was answered; held until `until`, which renewals move on. Repeating it only moves `until`.
    pub fn commit(&mut self, id: LeaseId, now: Timestamp, until: Timestamp) -> Result<(), LeaseError> {
        self.renew(id, now, until)?;
        let Some(lease) = self.leases.get_mut(&id) else { return Err(LeaseError::Unknown) };
        if lease.state == LeaseState::Reserved {
            lease.state = LeaseState::Committed;
            for counted in &lease.counted {
                self.counters.entry(counted.holder).or_default().commit(counted);
            }
        }
        Ok(())
    }

    /// Still ringing or connected. A lease past its time has ended, whether or not [`Book::expire`] has come by.
    pub fn renew(&mut self, id: LeaseId, now: Timestamp, until: Timestamp) -> Result<(), LeaseError> {
        let lease = self.leases.get(&id).ok_or(LeaseError::Unknown)?;
        if let LeaseState::Ended { how, .. } = lease.state {
            return Err(LeaseError::Ended(how));
        }
        if lease.until <= now {
            self.end(id, lease.until, End::Expired)?;
            return Err(LeaseError::Ended(End::Expired));
        }
        if let Some(lease) = self.leases.get_mut(&id) {
            self.expiries.remove(&(lease.until, id));
            lease.until = until;
            self.expiries.insert((until, id));
        }
        Ok(())
    }

    /// The leg is over. `Ok` exactly once for each lease, here or through [`Book::expire`].
    pub fn release(&mut self, id: LeaseId, now: Timestamp) -> Result<(), LeaseError> {
        self.end(id, now, End::Released)
    }

    /// Ends at most `count_max` of the leases whose time is up, oldest first, and names them.
    pub fn expire(&mut self, now: Timestamp, count_max: usize) -> Vec<LeaseId> {
        let due: Vec<(Timestamp, LeaseId)> =
            self.expiries.iter().take_while(|(until, _)| *until <= now).take(count_max).copied().collect();
        due.into_iter().filter(|(until, id)| self.end(*id, *until, End::Expired).is_ok()).map(|(_, id)| id).collect()
    }

    /// Forgets leases that ended before `before`. Later repeats for them are then [`LeaseError::Unknown`].
    pub fn forget(&mut self, before: Timestamp) {
        self.leases.retain(|_, lease| !matches!(lease.state, LeaseState::Ended { .. }) || lease.until >= before);
    }

    fn end(&mut self, id: LeaseId, at: Timestamp, how: End) -> Result<(), LeaseError> {
        let lease = self.leases.get_mut(&id).ok_or(LeaseError::Unknown)?;
        let committed = match lease.state {
            LeaseState::Ended { how, .. } => return Err(LeaseError::Ended(how)),
            LeaseState::Reserved => false,
            LeaseState::Committed => true,
        };
        self.expiries.remove(&(lease.until, id));
        lease.state = LeaseState::Ended { how, committed };
        lease.until = at;
        let counted = std::mem::take(&mut lease.counted);
        self.uncount(&counted, committed);
        Ok(())
    }

    fn uncount(&mut self, counted: &[Counted], committed: bool) {
        for one in counted {
            self.counters.entry(one.holder).or_default().end(one, committed);
        }
    }

    /// One holder's counts.
    pub fn counters(&self, holder: Holder) -> Option<&Counters> {
        self.counters.get(&holder)
    }

    /// One lease.
    pub fn lease(&self, id: LeaseId) -> Option<&Lease> {
        self.leases.get(&id)
    }

    /// All leases not forgotten, in no order.
    pub fn leases(&self) -> impl Iterator<Item = (LeaseId, &Lease)> {
        self.leases.iter().map(|(id, lease)| (*id, lease))
    }
}
