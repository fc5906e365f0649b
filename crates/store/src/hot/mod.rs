//! What every call writes: many calls' events, leases and settlements in one transaction, few statements for all of them.

mod events;
mod leases;
mod money;
mod rows;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use domain::{CallEvent, CallId, Cdr, LeaseId, Timestamp};
use operations::{
    Appended, AppendedCall, Effects, Ids, LeaseRequest, NewJob, Recording, Reservation, Settled, Settlement,
    StoreError, UsageBoard, effects,
};
use routing::lease::{Counters, Holder};
use sea_orm::DatabaseTransaction;

pub(crate) use events::{Appending, events_of, read_event};
pub(crate) use leases::read_counters;
pub(crate) use money::{read_accrual, read_posting};
pub(crate) use rows::{CALL_COLUMNS, read_row};

use leases::LeaseBatch;

/// Leases that are over make room before room is looked for, so often at most. Leases end when their legs do; only those of a switch
/// that died end this way, seconds or minutes after it did.
const SWEEP_EVERY: Duration = Duration::from_millis(100);

/// A write of the voice path.
#[derive(Debug)]
pub(crate) enum HotOp {
    Append(Vec<Arc<CallEvent>>),
    Reserve(LeaseRequest),
    Expire { now: Timestamp, count_max: u32 },
    Release { lease: LeaseId, now: Timestamp },
    Settle(Vec<Settlement>),
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum HotOutcome {
    Appended(Appended),
    Reserved(Reservation),
    Expired(Vec<LeaseId>),
    Released,
    Settled(Vec<Settled>),
}

/// What the writer keeps in memory between transactions.
#[derive(Debug)]
pub(crate) struct Hot {
    /// The folds of running calls, so that an event costs no reading.
    calls: HashMap<CallId, Cdr>,
    calls_max: usize,
    /// Of the transaction under way.
    staged_calls: HashMap<CallId, Cdr>,
    staged_counters: Vec<(Holder, Counters)>,
    /// When leases that are over were last looked for.
    swept_at: Option<Timestamp>,
    usage: Arc<UsageBoard>,
    ids: Arc<Ids>,
}

/// New events of one call and what follows from them.
struct Change {
    cdr: Cdr,
    effects: Effects,
    new: Vec<Arc<CallEvent>>,
}

impl Hot {
    pub fn new(calls_max: usize, usage: Arc<UsageBoard>, ids: Arc<Ids>) -> Self {
        Self {
            calls: HashMap::new(),
            calls_max,
            staged_calls: HashMap::new(),
            staged_counters: Vec::new(),
            swept_at: None,
            usage,
            ids,
        }
    }

    /// Runs all of `ops` in `transaction`; answers in their order, or `None` where events thought new were not, and `ops` are to be
    /// run again in another transaction as a [`Appending::Replay`]. [`Hot::keep`] or [`Hot::undo`] must follow.
    pub async fn run(
        &mut self,
        transaction: &DatabaseTransaction,
        ops: &[HotOp],
        appending: Appending,
    ) -> Result<Option<Vec<HotOutcome>>, StoreError> {
        let Some(changes) = self.append(transaction, ops, appending).await? else { return Ok(None) };
        let sweep = self.sweep_due(ops);
        let mut leases = LeaseBatch::load(transaction, &changes_by_call(&changes), ops, sweep).await?;
        for (call, change) in &changes {
            leases.change(*call, &change.effects.leases);
        }
        let mut reserved = Vec::new();
        for op in ops {
            match op {
                HotOp::Expire { now, count_max } => reserved.push(HotOutcome::Expired(leases.expire(*now, *count_max))),
                HotOp::Reserve(request) => reserved.push(HotOutcome::Reserved(leases.reserve(request))),
                HotOp::Release { lease, now } => {
                    leases.release(*lease, *now);
                    reserved.push(HotOutcome::Released);
                }
                HotOp::Append(_) | HotOp::Settle(_) => {}
            }
        }
        self.staged_counters = leases.write(transaction).await?;
        let settlements: Vec<&Settlement> = ops
            .iter()
            .flat_map(|op| match op {
                HotOp::Settle(settlements) => settlements.as_slice(),
                _ => &[],
            })
            .collect();
        let mut settled = money::write(transaction, &settlements).await?;
        let outcomes = outcomes(ops, &changes, reserved, &mut settled);
        self.staged_calls = changes.into_iter().map(|(call, change)| (call, change.cdr)).collect();
        outcomes.map(Some)
    }

    /// The transaction is committed.
    pub fn keep(&mut self) {
        for (call, cdr) in self.staged_calls.drain() {
            self.usage.set_live(cdr.tenant, call, cdr.ended_at.is_none());
            if cdr.ended_at.is_none() && self.calls.len() < self.calls_max {
                self.calls.insert(call, cdr);
            }
        }
        for (holder, counters) in self.staged_counters.drain(..) {
            self.usage.set_counters(holder, counters);
        }
    }

    /// The transaction is not. Calls it was about are folded from the log when they are next heard of.
    pub fn undo(&mut self) {
        self.staged_calls.clear();
        self.staged_counters.clear();
    }

    /// When leases that are over are to be looked for: with reservations, now and then.
    fn sweep_due(&mut self, ops: &[HotOp]) -> Option<Timestamp> {
        let asked = ops.iter().filter_map(|op| match op {
            HotOp::Reserve(request) => Some(request.now),
            _ => None,
        });
        let now = asked.max()?;
        let is_due = self.swept_at.is_none_or(|at| now < at || now >= at.after(SWEEP_EVERY));
        is_due.then(|| {
            self.swept_at = Some(now);
            now
        })
    }

    async fn append(
        &mut self,
        transaction: &DatabaseTransaction,
        ops: &[HotOp],
        appending: Appending,
    ) -> Result<Option<BTreeMap<CallId, Change>>, StoreError> {
        let events: Vec<&Arc<CallEvent>> = ops
            .iter()
            .flat_map(|op| match op {
                HotOp::Append(events) => events.as_slice(),
                _ => &[],
            })
            .collect();
        if events.is_empty() {
            return Ok(Some(BTreeMap::new()));
        }
        let Some(new) = events::insert(transaction, &events, appending).await? else { return Ok(None) };
        let mut by_call: BTreeMap<CallId, Vec<Arc<CallEvent>>> = BTreeMap::new();
        for event in new {
            by_call.entry(event.call).or_default().push(event);
        }
        let mut changes = BTreeMap::new();
        for (call, mut new) in by_call {
            new.sort_by_key(|event| event.sequence);
            if let Some(change) = self.fold(transaction, call, new).await? {
                changes.insert(call, change);
            }
        }
        let rows = changes.values().filter(|change| change.new.iter().any(|event| rows::shows(&event.what)));
        rows::write_calls(transaction, rows.map(|change| &change.effects.row)).await?;
        let recordings: Vec<&Recording> = changes.values().flat_map(|change| &change.effects.recordings).collect();
        rows::write_recordings(transaction, &recordings).await?;
        rows::write_claims(transaction, changes.values().filter_map(|change| change.effects.claim.as_ref())).await?;
        rows::write_agent_calls(transaction, changes.values().flat_map(|change| &change.effects.agents)).await?;
        let jobs: Vec<&NewJob> = changes.values().filter_map(|change| change.effects.job.as_ref()).collect();
        rows::write_jobs(transaction, &self.ids, &jobs).await?;
        Ok(Some(changes))
    }

    /// The call's fold with its new events; `None` while its start is missing.
    async fn fold(
        &mut self,
        transaction: &DatabaseTransaction,
        call: CallId,
        new: Vec<Arc<CallEvent>>,
    ) -> Result<Option<Change>, StoreError> {
        let follows = |last: u32| new.iter().zip(last.saturating_add(1)..).all(|(event, next)| event.sequence == next);
        let known = self.calls.remove(&call).filter(|cdr| follows(cdr.last_sequence));
        let begun = match (known, new.split_first()) {
            (Some(cdr), _) => Some((cdr, new.as_slice())),
            (None, Some((first, rest))) if first.sequence == 0 && follows_on(rest) => {
                Cdr::from_events(std::slice::from_ref(first.as_ref())).ok().map(|cdr| (cdr, rest))
            }
            _ => None,
        };
        if let Some((mut cdr, rest)) = begun {
            for event in rest {
                cdr.apply(event);
            }
            let references: Vec<&CallEvent> = new.iter().map(AsRef::as_ref).collect();
            let effects = effects(&cdr, &references);
            return Ok(Some(Change { effects, cdr, new }));
        }
        // After a restart, or out of order. What follows from earlier events may not have happened yet, so all of them are taken
        // as new: every effect is idempotent.
        let all = events_of(transaction, call).await?;
        let Ok(cdr) = Cdr::from_events(&all) else { return Ok(None) };
        let mut effects = effects(&cdr, &all.iter().collect::<Vec<_>>());
        if cdr.ended_at.is_some() {
            effects.row.money = rows::money_of(transaction, call).await?;
        }
        Ok(Some(Change { effects, cdr, new }))
    }
}

fn follows_on(rest: &[Arc<CallEvent>]) -> bool {
    rest.iter().zip(1..).all(|(event, next)| event.sequence == next)
}

fn changes_by_call(changes: &BTreeMap<CallId, Change>) -> Vec<CallId> {
    changes.iter().filter(|(_, change)| !change.effects.leases.is_empty()).map(|(call, _)| *call).collect()
}

fn outcomes(
    ops: &[HotOp],
    changes: &BTreeMap<CallId, Change>,
    reserved: Vec<HotOutcome>,
    settled: &mut HashMap<CallId, Settled>,
) -> Result<Vec<HotOutcome>, StoreError> {
    let rows: HashMap<CallId, Arc<operations::CallRow>> =
        changes.iter().map(|(call, change)| (*call, Arc::new(change.effects.row.clone()))).collect();
    let mut unclaimed: HashSet<(CallId, u32)> =
        changes.values().flat_map(|change| &change.new).map(|event| (event.call, event.sequence)).collect();
    let mut reserved = reserved.into_iter();
    let mut claim = |events: &[Arc<CallEvent>]| {
        let mut calls: Vec<AppendedCall> = Vec::new();
        for event in events {
            let Some(row) = rows.get(&event.call) else { continue };
            if !unclaimed.remove(&(event.call, event.sequence)) {
                continue;
            }
            match calls.iter_mut().find(|call| call.row.id == event.call) {
                Some(call) => call.events.push(Arc::clone(event)),
                None => {
                    let agents = changes.get(&event.call).into_iter().flat_map(|change| &change.effects.agents);
                    let agents = agents.map(|part| part.agent).collect();
                    calls.push(AppendedCall { row: Arc::clone(row), events: vec![Arc::clone(event)], agents });
                }
            }
        }
        Appended { calls }
    };
    ops.iter()
        .map(|op| match op {
            HotOp::Append(events) => Ok(HotOutcome::Appended(claim(events))),
            HotOp::Reserve(_) | HotOp::Expire { .. } | HotOp::Release { .. } => {
                reserved.next().ok_or_else(|| StoreError::failed("a lease operation has no outcome"))
            }
            HotOp::Settle(settlements) => Ok(HotOutcome::Settled(
                settlements
                    .iter()
                    .map(|one| settled.remove(&one.cdr.call).unwrap_or(Settled::Stale(one.cdr.call)))
                    .collect(),
            )),
        })
        .collect()
}
