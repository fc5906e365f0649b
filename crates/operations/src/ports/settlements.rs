//! Settling: what a call came to, written once.

use std::sync::Arc;

use async_trait::async_trait;
use billing::Charge;
use domain::{CallEvent, CallId, Cdr, TenantId, Timestamp};

use crate::{Accrual, BillingAccount, CallMoney, CallRow, JobTicket, Posting, RateCard, StoreError};

/// What settling a call needs to know.
#[derive(Clone, Debug)]
pub struct SettleInput {
    /// Its events, by sequence.
    pub events: Vec<CallEvent>,
    /// What was settled before.
    pub before: Option<SettledBefore>,
}

/// What an earlier settlement left.
#[derive(Clone, Debug)]
pub struct SettledBefore {
    /// How often the call was settled, from 1.
    pub revision: u32,
    /// The record then.
    pub cdr: Cdr,
    /// The charge in force.
    pub charge: Charge,
}

/// The outcome for one call, and the job it does.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The record.
    pub cdr: Cdr,
    /// The revision it was computed on; 0 the first time.
    pub revision_before: u32,
    /// The charge in force from now on.
    pub charge: Charge,
    /// What the call comes to now, all revisions together; absent when there is no rate card and no sale.
    pub money: Option<CallMoney>,
    /// New accruals; corrections are negative.
    pub accruals: Vec<Accrual>,
    /// New postings, balanced.
    pub postings: Vec<Posting>,
    /// Removed with it.
    pub job: Option<JobTicket>,
    /// When.
    pub settled_at: Timestamp,
}

/// What became of a settlement.
#[derive(Clone, Debug)]
pub enum Settled {
    /// Written; the call's row after it.
    Written(Arc<CallRow>),
    /// Somebody else settled the call meanwhile; nothing was written, try again.
    Stale(CallId),
}

/// Storage for settling.
#[async_trait]
pub trait Settlements: Send + Sync {
    /// What settling these calls needs, in the same order; a call without events is [`StoreError::NotFound`].
    async fn settle_inputs(&self, calls: &[(TenantId, CallId)]) -> Result<Vec<SettleInput>, StoreError>;
    /// Every ACTIVE card of a tenant's ACTIVE accounts.
    async fn active_rate_cards(&self, tenant: TenantId) -> Result<Vec<(BillingAccount, RateCard)>, StoreError>;
    /// Writes settlements, each wholly or not at all.
    async fn write_settlements(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError>;
}
