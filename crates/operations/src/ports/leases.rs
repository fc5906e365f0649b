//! Caps as leases (ADR 0037): what `routing::lease` says, kept by the store.

use std::time::Duration;

use async_trait::async_trait;
use domain::{CallId, LeaseId, SwitchId, TenantId, Timestamp};
use routing::lease::{Claim, Counters, Full, Holder};

use crate::StoreError;

/// Room for one offer.
#[derive(Clone, Debug)]
pub struct LeaseRequest {
    /// The lease to be.
    pub lease: LeaseId,
    /// Whose.
    pub tenant: TenantId,
    /// For which call.
    pub call: CallId,
    /// All or none.
    pub claims: Vec<Claim>,
    /// Counts as answered from the start, and lasts as long as its call: room for the call itself, not for an offer.
    pub is_committed: bool,
    /// When it is asked for: what is over by then makes room first.
    pub now: Timestamp,
    /// It ends by itself then, unless committed and renewed.
    pub until: Timestamp,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// Held. Repeating the request answers this again.
    Held,
    /// No room; nothing is held.
    Full(Full),
    /// This lease has already been and gone.
    Ended,
}

/// Storage of leases. Commit and release of a dialled leg are not here: they follow from the call's events ([`crate::effects`]).
#[async_trait]
pub trait Leases: Send + Sync {
    /// Reserves all claims or none, atomically against everybody: for every cap used + reserved <= limit.
    async fn reserve(&self, request: LeaseRequest) -> Result<Reservation, StoreError>;
    /// Ends a lease nobody was dialled on. Nothing happens when it has ended already.
    async fn release_lease(&self, lease: LeaseId, now: Timestamp) -> Result<(), StoreError>;
    /// Moves the end of every committed lease of this switch run's live calls to `until`; answers how many.
    async fn renew_leases(&self, switch: SwitchId, until: Timestamp) -> Result<u64, StoreError>;
    /// Ends up to `count_max` leases whose time is up and names them.
    async fn expire_leases(&self, now: Timestamp, count_max: u32) -> Result<Vec<LeaseId>, StoreError>;
    /// Forgets leases that ended longer than `keep` before `now`; answers how many.
    async fn forget_leases(&self, now: Timestamp, keep: Duration) -> Result<u64, StoreError>;
    /// Every holder's counts.
    async fn lease_counters(&self) -> Result<Vec<(Holder, Counters)>, StoreError>;
}
