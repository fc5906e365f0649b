//! The store, in memory: each method is one transaction of the real one.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use billing::{Charge, PostingGroup, PostingKey};
use domain::{CallEvent, CallId, EndCause, LeaseId, LegId, Party, SwitchId, Timestamp, What};
use routing::lease::{Book, LeaseError};

/// How long room is held without a renewal.
pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// Why a transaction was rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The switch run was silent for so long that its calls were closed.
    Fenced,
    /// A leg was answered whose room is gone: it must not be connected.
    LeaseEnded,
    /// Another event has this place in the call.
    Conflict,
    /// Somebody settled the call meanwhile.
    Stale,
}

/// A switch run's signs of life.
#[derive(Clone, Copy, Debug)]
struct SwitchRun {
    heard_at: Timestamp,
    fenced: bool,
}

/// Everything durable.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    log: BTreeMap<CallId, BTreeMap<u32, CallEvent>>,
    /// Caps and leases.
    pub book: Book,
    switches: HashMap<SwitchId, SwitchRun>,
    /// Calls to settle, by the sequence that caused it, and when somebody may take it.
    jobs: BTreeMap<(CallId, u32), Timestamp>,
    charges: BTreeMap<CallId, Charge>,
    groups: BTreeMap<PostingKey, PostingGroup>,
}

impl MemoryStore {
    /// Appends a switch run's events, all or none, with what follows from them: leases and jobs. Repeats change nothing.
    pub fn append(&mut self, run: SwitchId, events: &[CallEvent], now: Timestamp) -> Result<(), Refused> {
        if self.heartbeat(run, now).is_err() {
            return Err(Refused::Fenced);
        }
        self.append_as_platform(events, now)
    }

    fn append_as_platform(&mut self, events: &[CallEvent], now: Timestamp) -> Result<(), Refused> {
        let logged = |event: &CallEvent| self.log.get(&event.call).and_then(|call| call.get(&event.sequence));
        if events.iter().any(|event| logged(event).is_some_and(|there| there != event)) {
            return Err(Refused::Conflict);
        }
        let new: Vec<&CallEvent> = events.iter().filter(|event| logged(event).is_none()).collect();
        for event in &new {
            if let What::LegAnswered { leg } = event.what
                && let Some(lease) = self.lease_of(event.call, leg)
            {
                self.book.commit(lease, now, now.after(LEASE)).map_err(|_| Refused::LeaseEnded)?;
            }
        }
        for event in new {
            self.log.entry(event.call).or_default().insert(event.sequence, event.clone());
            self.follow(event, now);
        }
        Ok(())
    }

    fn follow(&mut self, event: &CallEvent, now: Timestamp) {
        let over = match &event.what {
            What::LegFailed { leg, .. } | What::LegEnded { leg, .. } => {
                self.lease_of(event.call, *leg).into_iter().collect()
            }
            What::Ended { .. } => self.leases_of(event.call),
            _ => Vec::new(),
        };
        for lease in over {
            // Expiry may have been first; a lease that ended stays ended.
            match self.book.release(lease, now) {
                Ok(()) | Err(LeaseError::Ended(_) | LeaseError::Unknown) => {}
            }
        }
        if self.is_over(event.call) {
            self.jobs.insert((event.call, event.sequence), now);
        }
    }

    fn lease_of(&self, call: CallId, wanted: LegId) -> Option<LeaseId> {
        self.log.get(&call)?.values().find_map(|event| match event.what {
            What::LegStarted { leg, lease, .. } if leg == wanted => lease,
            _ => None,
        })
    }

    fn leases_of(&self, call: CallId) -> Vec<LeaseId> {
        self.book.leases().filter(|(_, lease)| lease.call == call).map(|(id, _)| id).collect()
    }

    /// A sign of life, which keeps the leases of the run's live calls.
    pub fn heartbeat(&mut self, run: SwitchId, now: Timestamp) -> Result<(), Refused> {
        let known = self.switches.entry(run).or_insert(SwitchRun { heard_at: now, fenced: false });
        if known.fenced {
            return Err(Refused::Fenced);
        }
        known.heard_at = known.heard_at.max(now);
        Ok(())
    }

    /// Closes the calls of runs silent since `silent_since`, each at its last sign of life; answers how many.
    pub fn recover(&mut self, silent_since: Timestamp, now: Timestamp) -> usize {
        self.switches.values_mut().filter(|run| run.heard_at < silent_since).for_each(|run| run.fenced = true);
        let ends: Vec<CallEvent> = self.log.values().filter_map(|call| self.end_of(call)).collect();
        for end in &ends {
            // The end of an open call conflicts with nothing.
            self.append_as_platform(std::slice::from_ref(end), now).unwrap_or_default();
        }
        ends.len()
    }

    fn end_of(&self, call: &BTreeMap<u32, CallEvent>) -> Option<CallEvent> {
        let run = call.values().find_map(|event| match &event.what {
            What::Started(started) => Some(started.switch),
            _ => None,
        })?;
        let run = self.switches.get(&run).filter(|run| run.fenced)?;
        let last = call.values().next_back()?;
        (!self.is_over(last.call)).then(|| CallEvent {
            tenant: last.tenant,
            call: last.call,
            sequence: last.sequence + 1,
            at: run.heard_at.max(last.at),
            what: What::Ended { cause: EndCause::SwitchRestarted, by: Party::Platform, sip_status: None, detail: None },
        })
    }

    /// True once the call's end is in the log.
    pub fn is_over(&self, call: CallId) -> bool {
        self.events(call).any(|event| matches!(event.what, What::Ended { .. }))
    }

    /// A call's events, by sequence.
    pub fn events(&self, call: CallId) -> impl Iterator<Item = &CallEvent> {
        self.log.get(&call).into_iter().flat_map(BTreeMap::values)
    }

    /// All calls.
    pub fn calls(&self) -> impl Iterator<Item = CallId> {
        self.log.keys().copied()
    }

    /// Takes a job that is ready until `until`; if it is not finished by then, somebody else gets it.
    pub fn take_job(&mut self, now: Timestamp, until: Timestamp) -> Option<(CallId, u32)> {
        let (key, ready) = self.jobs.iter_mut().find(|(_, ready)| **ready <= now)?;
        *ready = until;
        Some(*key)
    }

    /// How many jobs there are, ready or not.
    pub fn job_count(&self) -> usize {
        self.jobs.len()
    }

    /// The charge in force.
    pub fn charge(&self, call: CallId) -> Option<&Charge> {
        self.charges.get(&call)
    }

    /// Writes a settlement computed on the charge of revision `based_on`, and removes its job; `new` is absent when nothing changed.
    pub fn settle(
        &mut self,
        job: (CallId, u32),
        based_on: Option<u32>,
        new: Option<(Charge, Vec<PostingGroup>)>,
    ) -> Result<(), Refused> {
        if self.charges.get(&job.0).map(|charge| charge.revision) != based_on {
            return Err(Refused::Stale);
        }
        if let Some((charge, groups)) = new {
            if groups.iter().any(|group| self.groups.contains_key(&group.key)) {
                return Err(Refused::Conflict);
            }
            self.groups.extend(groups.into_iter().map(|group| (group.key, group)));
            self.charges.insert(job.0, charge);
        }
        self.jobs.remove(&job);
        Ok(())
    }

    /// All postings.
    pub fn groups(&self) -> impl Iterator<Item = &PostingGroup> {
        self.groups.values()
    }

    /// Every event once more, for replays.
    pub fn all_events(&self) -> Vec<CallEvent> {
        self.log.values().flat_map(BTreeMap::values).cloned().collect()
    }

    /// Appends events again on nobody's behalf, as a journal or an operator would.
    pub fn replay(&mut self, events: &[CallEvent], now: Timestamp) -> Result<(), Refused> {
        self.append_as_platform(events, now)
    }

    /// Settles a call once more.
    pub fn settle_again(&mut self, call: CallId, now: Timestamp) {
        self.jobs.insert((call, u32::MAX), now);
    }
}
