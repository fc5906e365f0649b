//! Settling: the record of an ended call becomes a charge, accruals and balanced postings. Whatever is replayed, a call is charged
//! once; what comes late leads to a correction.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::Arc,
};

use billing::{Account, Charge, ChargeKind, PostingGroup, Terms};
use domain::{CallId, Cdr, Currency, Micros, TenantId, Timestamp};
use thiserror::Error;

use crate::{
    Accrual, AccrualType, BillingAccount, CallMoney, Ids, Job, JobTicket, LiveBus, LiveUpdate, Posting, RateCard,
    SettleInput, Settled, Settlement, Settlements, StoreError,
};

/// The account of what the platform charges a tenant.
pub const PLATFORM_EXPENSE: &str = "platform_expense";

/// Why a call could not be settled.
#[derive(Debug, Error)]
pub enum SettleError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its events make no record.
    #[error("the events of call {0} make no record: {1}")]
    Fold(CallId, domain::FoldError),
    /// Its record cannot be rated.
    #[error("call {0} cannot be rated: {1}")]
    Rate(CallId, billing::RateError),
    /// Somebody else settled it meanwhile.
    #[error("call {0} was settled by somebody else meanwhile")]
    Stale(CallId),
}

/// Settles calls.
#[derive(Clone)]
pub struct Settle {
    store: Arc<dyn Settlements>,
    live: Arc<dyn LiveBus>,
    ids: Arc<Ids>,
}

impl fmt::Debug for Settle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settle").finish_non_exhaustive()
    }
}

impl Settle {
    /// Over this store.
    pub fn new(store: Arc<dyn Settlements>, live: Arc<dyn LiveBus>, ids: Arc<Ids>) -> Self {
        Self { store, live, ids }
    }

    /// Settles the calls of these jobs, written together; answers what became of each job.
    pub async fn settle(&self, jobs: &[Job], now: Timestamp) -> Result<Settling, SettleError> {
        let calls: Vec<(TenantId, CallId)> = jobs.iter().map(|job| (job.tenant, job.call)).collect();
        let inputs = self.store.settle_inputs(&calls).await?;
        let mut settling = Settling::default();
        let mut settlements = Vec::new();
        let mut tickets = Vec::new();
        let mut cards = HashMap::new();
        for (job, input) in jobs.iter().zip(&inputs) {
            match self.compute(job, input, now, &mut cards).await {
                Ok(Some(settlement)) => {
                    tickets.push((job.ticket, job.call));
                    settlements.push(settlement);
                }
                Ok(None) => settling.unchanged.push(job.ticket),
                Err(error) => settling.failed.push((job.ticket, error)),
            }
        }
        if settlements.is_empty() {
            return Ok(settling);
        }
        for ((ticket, call), settled) in tickets.into_iter().zip(self.store.write_settlements(settlements).await?) {
            match settled {
                Settled::Written(row) => {
                    settling.settled += 1;
                    self.live.publish(LiveUpdate::Settled { row });
                }
                Settled::Stale(_) => settling.failed.push((ticket, SettleError::Stale(call))),
            }
        }
        Ok(settling)
    }

    async fn compute(
        &self,
        job: &Job,
        input: &SettleInput,
        now: Timestamp,
        cards: &mut HashMap<TenantId, Vec<(BillingAccount, RateCard)>>,
    ) -> Result<Option<Settlement>, SettleError> {
        let cdr = Cdr::from_events(&input.events).map_err(|error| SettleError::Fold(job.call, error))?;
        let Some(ended_at) = cdr.ended_at else { return Ok(None) };
        let known = match cards.entry(cdr.tenant) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(self.store.active_rate_cards(cdr.tenant).await?),
        };
        let in_force = known
            .iter()
            .filter(|(_, card)| card.effective_from <= ended_at && card.effective_to.is_none_or(|to| to >= ended_at))
            .max_by_key(|(_, card)| (card.effective_from, card.id));
        self.settlement(job, input, cdr, in_force, now)
    }

    fn settlement(
        &self,
        job: &Job,
        input: &SettleInput,
        cdr: Cdr,
        card: Option<&(BillingAccount, RateCard)>,
        now: Timestamp,
    ) -> Result<Option<Settlement>, SettleError> {
        let cards: Vec<billing::RateCard> = card.iter().map(|(_, card)| rated_card(card)).collect();
        let terms = Terms { account: card.map(|(account, _)| (account.id, account.currency)), cards: &cards };
        let rated = billing::rate(&cdr, &terms).map_err(|error| SettleError::Rate(job.call, error))?;
        let (charge, groups) = match &input.before {
            None => (rated.clone(), billing::postings(&rated)),
            Some(before) => match billing::correction(&before.charge, &rated) {
                Some(correction) => (correction.charge, correction.groups),
                None if before.cdr == cdr => return Ok(None),
                None => (before.charge.clone(), Vec::new()),
            },
        };
        let in_force = input.before.as_ref().map(|before| &before.charge);
        Ok(Some(Settlement {
            revision_before: input.before.as_ref().map_or(0, |before| before.revision),
            money: money(&charge, card.map(|(account, _)| account.currency)),
            accruals: groups.iter().flat_map(|group| accruals(group, in_force, &charge)).collect(),
            postings: groups.iter().flat_map(|group| self.postings(group, &charge, now)).collect(),
            charge,
            cdr,
            job: Some(job.ticket),
            settled_at: now,
        }))
    }

    fn postings(&self, group: &PostingGroup, charge: &Charge, now: Timestamp) -> Vec<Posting> {
        let id = self.ids.next(now);
        let key = format!("call:{}:{}:{}", group.key.call, group.key.kind.name(), group.key.revision);
        let description = description(charge, group.key.kind);
        let lines = group.postings.iter().zip(0_u32..).map(|(posting, line)| Posting {
            group: id,
            key: key.clone(),
            line,
            tenant: group.tenant,
            account: account_name(posting.account),
            amount: posting.amount,
            currency: posting.currency,
            call: Some(group.key.call),
            description: description.clone(),
            at: group.at,
        });
        lines.collect()
    }
}

/// What became of a batch of jobs.
#[derive(Debug, Default)]
pub struct Settling {
    /// Written, and their jobs removed with them.
    pub settled: usize,
    /// Nothing new: their jobs are to be finished.
    pub unchanged: Vec<JobTicket>,
    /// To be tried again.
    pub failed: Vec<(JobTicket, SettleError)>,
}

fn rated_card(card: &RateCard) -> billing::RateCard {
    billing::RateCard {
        id: card.id,
        account: card.account,
        name: card.name.clone(),
        active: card.status == crate::RateCardStatus::Active,
        effective_from: card.effective_from,
        effective_to: card.effective_to,
        rates: card.rates.clone(),
    }
}

/// The amounts a list shows. A call has one currency in practice; lines in another are in its postings only.
fn money(charge: &Charge, account_currency: Option<Currency>) -> Option<CallMoney> {
    let currency = charge.lines.first().map(|line| line.currency).or(account_currency)?;
    Some(CallMoney {
        currency,
        cost: charge.platform_cost(currency),
        revenue: charge.total(currency, |kind| kind == ChargeKind::SaleRevenue),
        payout: charge.total(currency, |kind| kind == ChargeKind::PublisherPayout),
    })
}

/// What a group changes for its kind, one accrual for each currency. One that only moves between accounts changes nothing.
fn accruals(group: &PostingGroup, in_force: Option<&Charge>, charge: &Charge) -> Vec<Accrual> {
    let kind = group.key.kind;
    let mut currencies: Vec<Currency> = group.postings.iter().map(|posting| posting.currency).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let total = |charge: &Charge, currency| charge.total(currency, |other| other == kind);
    currencies
        .into_iter()
        .filter_map(|currency| {
            let before = in_force.map_or(Micros::ZERO, |before| total(before, currency));
            let amount = total(charge, currency).checked_sub(before)?;
            (amount != Micros::ZERO).then(|| Accrual {
                key: format!("call:{}:{}:{}:{}", group.key.call, kind.name(), group.key.revision, currency.code()),
                tenant: group.tenant,
                account: charge.account,
                call: Some(group.key.call),
                publisher: charge.publisher,
                buyer: charge.buyer,
                kind: accrual_type(kind),
                amount,
                currency,
                description: description(charge, kind),
                at: group.at,
            })
        })
        .collect()
}

fn description(charge: &Charge, kind: ChargeKind) -> String {
    let line = charge.lines.iter().find(|line| line.kind == kind);
    let text = line.map_or_else(|| format!("{} taken back", kind.name()), ToString::to_string);
    if charge.revision == 0 { text } else { format!("correction {}: {text}", charge.revision) }
}

fn accrual_type(kind: ChargeKind) -> AccrualType {
    match kind {
        ChargeKind::CallMinuteInbound => AccrualType::CallMinuteInbound,
        ChargeKind::CallMinuteOutbound => AccrualType::CallMinuteOutbound,
        ChargeKind::ConnectionFee => AccrualType::ConnectionFee,
        ChargeKind::RecordingFee => AccrualType::RecordingFee,
        ChargeKind::CpaConversion => AccrualType::CpaConversion,
        ChargeKind::SaleRevenue => AccrualType::SaleRevenue,
        ChargeKind::PublisherPayout => AccrualType::PublisherPayout,
    }
}

fn account_name(account: Account) -> String {
    match account {
        Account::BuyerReceivable(buyer) => format!("buyer_receivable:{buyer}"),
        Account::SalesRevenue => "sales_revenue".into(),
        Account::PublisherPayable(publisher) => format!("publisher_payable:{publisher}"),
        Account::PayoutExpense => "payout_expense".into(),
        Account::PlatformPayable(account) => format!("platform_payable:{account}"),
        Account::PlatformExpense => PLATFORM_EXPENSE.into(),
    }
}
