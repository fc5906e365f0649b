//! Knows the right answer: keeps its own, simple books of what happened and compares.

use std::collections::{BTreeMap, HashMap, HashSet};

use billing::{Account, ChargeKind, RateCard, RecordingRate};
use domain::{CallId, Cdr, Currency, LeaseId, Timestamp, What};
use routing::{
    CapKind,
    lease::{Claim, Counted, Counters, Holder, LeaseState},
};

use crate::{Market, MemoryStore, call::Truth};

/// What is wrong, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub String);

macro_rules! ensure {
    ($holds:expr, $($words:tt)*) => {
        if !$holds {
            return Err(Fault(format!($($words)*)));
        }
    };
}

#[derive(Clone, Debug)]
struct Held {
    counted: Vec<Counted>,
    /// Not asked of the lease again once true.
    ended: bool,
    committed: bool,
}

/// Books of its own.
#[derive(Clone, Debug, Default)]
pub struct Auditor {
    leases: HashMap<LeaseId, Held>,
    ends: HashMap<LeaseId, u32>,
    truths: BTreeMap<CallId, Truth>,
}

const KINDS: [CapKind; 4] = [CapKind::Hour, CapKind::Day, CapKind::Month, CapKind::Total];

impl Auditor {
    /// A reservation was granted.
    pub(crate) fn reserved(&mut self, store: &MemoryStore, lease: LeaseId, claims: &[Claim]) -> Result<(), Fault> {
        self.observe(store)?;
        let counted = store.book.lease(lease).map(|held| held.counted.clone()).unwrap_or_default();
        if counted.is_empty() {
            // A late repeat of a request whose lease has ended is refused by the book, not granted.
            return Err(Fault(format!("lease {lease} is held and counts nowhere")));
        }
        self.leases.insert(lease, Held { counted, ended: false, committed: false });
        claims.iter().try_for_each(|claim| self.within_caps(store, claim))
    }

    fn within_caps(&self, store: &MemoryStore, claim: &Claim) -> Result<(), Fault> {
        let Some(counters) = store.book.counters(claim.holder) else { return Ok(()) };
        let truth = self.counters(claim.holder, counters);
        ensure!(truth == *counters, "{:?} counts {counters:?}, should be {truth:?}", claim.holder);
        if let Some(limit) = claim.caps.limit(CapKind::Concurrency) {
            ensure!(truth.active <= limit, "{:?} holds {} of {limit} calls at once", claim.holder, truth.active);
        }
        for (kind, window) in KINDS.into_iter().zip(&truth.windows) {
            let count = window.used + window.reserved;
            let limit = claim.caps.limit(kind).unwrap_or(u32::MAX);
            ensure!(count <= limit, "{:?} has {count} of {limit} calls by {kind:?}", claim.holder);
        }
        Ok(())
    }

    /// One holder's counts for the windows `like` counts, added up lease by lease.
    fn counters(&self, holder: Holder, like: &Counters) -> Counters {
        let mut counters = *like;
        counters.active = 0;
        counters.windows.iter_mut().for_each(|window| (window.used, window.reserved) = (0, 0));
        for held in self.leases.values() {
            for counted in held.counted.iter().filter(|counted| counted.holder == holder) {
                counters.active += u32::from(!held.ended);
                for (window, start) in counters.windows.iter_mut().zip(&counted.starts) {
                    if window.start == *start {
                        window.used += u32::from(held.committed);
                        window.reserved += u32::from(!held.committed && !held.ended);
                    }
                }
            }
        }
        counters
    }

    /// Looks at every lease: what ended must stay as it is.
    pub(crate) fn observe(&mut self, store: &MemoryStore) -> Result<(), Fault> {
        for (id, held) in self.leases.iter_mut().filter(|(_, held)| !held.ended) {
            let state = store.book.lease(*id).map(|lease| lease.state);
            match state {
                Some(LeaseState::Reserved) => ensure!(!held.committed, "lease {id} lost its answer"),
                Some(LeaseState::Committed) => held.committed = true,
                Some(LeaseState::Ended { committed, .. }) => {
                    ensure!(committed || !held.committed, "lease {id} lost its answer at its end");
                    (held.ended, held.committed) = (true, committed);
                    *self.ends.entry(*id).or_default() += 1;
                }
                None => return Err(Fault(format!("lease {id} vanished"))),
            }
        }
        Ok(())
    }

    /// What a call was, once its switch is done with it or gone.
    pub(crate) fn call_over(&mut self, call: CallId, truth: Truth) {
        self.truths.insert(call, truth);
    }

    /// Everything has come to rest: compares the store with what really happened.
    pub(crate) fn final_audit(&mut self, store: &MemoryStore, market: &Market) -> Result<(), Fault> {
        self.observe(store)?;
        self.audit_leases(store)?;
        let mut expected: BTreeMap<(Account, Currency), i128> = BTreeMap::new();
        for call in store.calls() {
            let events: Vec<_> = store.events(call).cloned().collect();
            ensure!((0..).zip(&events).all(|(at, event)| event.sequence == at), "call {call} has a gap: {events:?}");
            let ends = events.iter().filter(|event| matches!(event.what, What::Ended { .. })).count();
            ensure!(ends == 1, "call {call} ended {ends} times");
            let cdr = Cdr::from_events(&events).map_err(|error| Fault(format!("call {call}: {error}")))?;
            let truth = self.truths.get(&call).cloned().unwrap_or_default();
            audit_offers(&cdr, &truth, market)?;
            let charge = store.charge(call);
            ensure!(charge.is_some(), "call {call} has no charge");
            ensure!(
                truth.answered_at.is_none() || cdr.answered_at.is_some(),
                "call {call} was answered, and the log forgot"
            );
            for (kind, amount, currency) in expected_lines(&cdr, &truth, market) {
                book(&mut expected, kind, amount, currency, &cdr, market);
            }
        }
        audit_books(store, &expected)
    }

    fn audit_leases(&self, store: &MemoryStore) -> Result<(), Fault> {
        for (id, held) in &self.leases {
            ensure!(held.ended && self.ends.get(id) == Some(&1), "lease {id} ended {:?} times", self.ends.get(id));
            for counted in &held.counted {
                let counters = store.book.counters(counted.holder).copied().unwrap_or_default();
                let truth = self.counters(counted.holder, &counters);
                ensure!(counters == truth, "{:?} counts {counters:?}, should be {truth:?}", counted.holder);
                let idle = counters.active == 0 && counters.windows.iter().all(|window| window.reserved == 0);
                ensure!(idle, "{:?} leaks: {counters:?}", counted.holder);
            }
        }
        Ok(())
    }
}

fn audit_offers(cdr: &Cdr, truth: &Truth, market: &Market) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    for leg in &cdr.legs {
        let buyer = leg.buyer.and_then(|buyer| market.snapshot.buyer(buyer));
        let endpoint =
            buyer.and_then(|buyer| buyer.endpoints.iter().find(|endpoint| Some(endpoint.id) == leg.endpoint));
        let both_active = buyer.is_some_and(|buyer| buyer.active) && endpoint.is_some_and(|endpoint| endpoint.active);
        ensure!(both_active, "call {}: leg to one who is not active", cdr.call);
        let screened = leg.buyer.is_some_and(|buyer| truth.forbidden.contains(&buyer));
        ensure!(!screened, "call {}: offered to one it was kept from", cdr.call);
        ensure!(leg.terms == endpoint.map(|endpoint| endpoint.terms), "call {}: other terms than offered", cdr.call);
        ensure!(seen.insert(leg.endpoint), "call {}: an endpoint was tried twice", cdr.call);
    }
    Ok(())
}

/// What a call must come to. Times are those both parties could testify; for a call its switch did not live to end, the log's.
fn expected_lines(cdr: &Cdr, truth: &Truth, market: &Market) -> Vec<(ChargeKind, i64, Currency)> {
    let over = truth.ended_at.or(cdr.ended_at);
    let millis = |from: Option<Timestamp>, to: Option<Timestamp>| match (from, to) {
        (Some(from), Some(to)) => (to.micros() - from.micros()).max(0) / 1_000,
        _ => 0,
    };
    let minutes = |millis: i64| (millis / 1_000 + 59) / 60;
    let Some(ended_at) = over else { return Vec::new() };
    let card: Option<&RateCard> = market.cards.iter().rfind(|card| card.effective_from <= ended_at);
    let leg = cdr.legs.iter().find(|leg| leg.bridged_at.is_some());
    let connected_ms = match truth.connected {
        Some((.., from, to)) => millis(Some(from), Some(to)),
        None => millis(leg.and_then(|leg| leg.bridged_at), over),
    };
    let terms = leg.and_then(|leg| leg.terms);
    let reaches = |after: u64| u64::try_from(connected_ms).is_ok_and(|connected| connected >= after);
    let mut lines = Vec::new();
    if let Some(terms) = terms {
        if reaches(terms.revenue_after_ms) {
            lines.push((ChargeKind::SaleRevenue, terms.revenue.0, terms.currency));
        }
        if reaches(terms.payout_after_ms) {
            lines.push((ChargeKind::PublisherPayout, terms.payout.0, terms.currency));
        }
    }
    if let Some(card) = card {
        let rates = &card.rates;
        let mut fee = |kind, amount: i64| lines.push((kind, amount, Currency::USD));
        if let Some(answered_at) = cdr.answered_at {
            let answered = minutes(millis(Some(answered_at), over));
            fee(ChargeKind::CallMinuteInbound, answered * rates.inbound.per_minute.map_or(0, |price| price.0));
            fee(ChargeKind::ConnectionFee, rates.inbound.connection_fee.map_or(0, |price| price.0));
        }
        if let Some(RecordingRate::PerMinute(price)) = rates.recording {
            let kept = cdr.recordings.iter().any(|recording| recording.duration_ms.is_some());
            let recorded = if kept { truth.recorded_ms } else { 0 };
            fee(ChargeKind::RecordingFee, minutes(i64::try_from(recorded).unwrap_or(i64::MAX)) * price.0);
        }
        if let (Some(cpa), true) = (&rates.cpa, terms.is_some_and(|terms| reaches(terms.revenue_after_ms))) {
            fee(ChargeKind::CpaConversion, cpa.amount.0);
        }
    }
    lines.into_iter().map(|(kind, amount, currency)| (kind, (amount + 50) / 100 * 100, currency)).collect()
}

fn book(
    books: &mut BTreeMap<(Account, Currency), i128>,
    kind: ChargeKind,
    amount: i64,
    currency: Currency,
    cdr: &Cdr,
    market: &Market,
) {
    let buyer = cdr.legs.iter().find(|leg| leg.bridged_at.is_some()).and_then(|leg| leg.buyer);
    let (debit, credit) = match (kind, buyer) {
        (ChargeKind::SaleRevenue, Some(buyer)) => (Account::BuyerReceivable(buyer), Account::SalesRevenue),
        (ChargeKind::PublisherPayout, _) => (Account::PayoutExpense, Account::PublisherPayable(market.publisher)),
        _ => (Account::PlatformExpense, Account::PlatformPayable(market.account)),
    };
    *books.entry((debit, currency)).or_default() += i128::from(amount);
    *books.entry((credit, currency)).or_default() -= i128::from(amount);
}

fn audit_books(store: &MemoryStore, expected: &BTreeMap<(Account, Currency), i128>) -> Result<(), Fault> {
    let mut balances: BTreeMap<(Account, Currency), i128> = BTreeMap::new();
    for group in store.groups() {
        ensure!(group.is_balanced(), "unbalanced: {group:?}");
        for posting in &group.postings {
            *balances.entry((posting.account, posting.currency)).or_default() += i128::from(posting.amount.0);
        }
    }
    let accounts: HashSet<_> = balances.keys().chain(expected.keys()).copied().collect();
    for account in accounts {
        let balance = |books: &BTreeMap<_, i128>| books.get(&account).copied().unwrap_or(0);
        let (found, right) = (balance(&balances), balance(expected));
        ensure!(found == right, "{account:?} stands at {found} micros, should be {right}");
    }
    Ok(())
}
