//! Queues of callers for a tenant's own agents. In memory: who waits is gone when the process is, and so is the call.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{CallEvent, CallId, TenantId, Timestamp, What};
use futures_channel::oneshot;
use switch::ask::Answer;

use super::snapshot::QueueLine;
use crate::QueueAgent;

type Key = (TenantId, String);

/// Who waits where, and which agent talks to whom.
#[derive(Debug, Default)]
pub struct QueueDesk(Mutex<Desk>);

#[derive(Debug, Default)]
struct Desk {
    lines: HashMap<Key, Line>,
    /// Which agent each call has.
    held: HashMap<CallId, (Key, QueueAgent)>,
    /// Until when an agent rests, by destination.
    resting: HashMap<String, Timestamp>,
}

#[derive(Debug, Default)]
struct Line {
    agents: Vec<QueueAgent>,
    /// By how long they wait.
    waiting: VecDeque<(Waiting, oneshot::Sender<QueueAgent>)>,
}

/// Who asks for an agent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub call: CallId,
    /// Since when, which decides the place.
    pub since: Timestamp,
    /// An agent was found before and did not answer.
    pub is_back: bool,
}

enum Joined {
    Turn(QueueAgent),
    Full,
    Waits(oneshot::Receiver<QueueAgent>),
}

impl QueueDesk {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for an agent, in order of arrival. `None` when the caller left meanwhile: nobody waits for the answer then.
    pub(super) async fn join(
        &self,
        tenant: TenantId,
        found: &QueueLine,
        caller: Waiting,
        size_max: Option<u32>,
        now: Timestamp,
    ) -> Option<Answer> {
        // The lock is not held across the wait.
        let joined = self.desk().join((tenant, found.queue.name.clone()), found, caller, size_max, now);
        let turn =
            |agent: QueueAgent| Answer::QueueTurn { agent: agent.name, destination: agent.destination, id: agent.id };
        match joined {
            Joined::Turn(agent) => Some(turn(agent)),
            Joined::Full => Some(Answer::QueueFull),
            Joined::Waits(agent) => agent.await.ok().map(turn),
        }
    }

    /// The caller waits no more. An agent who was found for one who left unserved is free at once, and has nothing to rest from.
    pub(super) fn leave(&self, tenant: TenantId, queue: &str, call: CallId, served: bool, now: Timestamp) {
        let mut desk = self.desk();
        if let Some(line) = desk.lines.get_mut(&(tenant, queue.to_owned())) {
            line.waiting.retain(|(waiting, _)| waiting.call != call);
        }
        if !served && let Some((key, _)) = desk.held.remove(&call) {
            desk.give(&key, now);
        }
    }

    /// An agent is free again when the leg or the call is over. To be told of every event that was recorded.
    pub fn observe(&self, event: &CallEvent) {
        if matches!(event.what, What::LegEnded { .. } | What::LegFailed { .. } | What::Ended { .. }) {
            self.desk().release(event.call, event.at, matches!(event.what, What::Ended { .. }));
        }
    }

    /// Who answers each queue may have changed, and rests may be over: whoever waits and can be served now is.
    pub(super) fn serve(&self, now: Timestamp, agents: impl Fn(TenantId, &str) -> Option<Vec<QueueAgent>>) {
        let mut desk = self.desk();
        let Desk { lines, held, resting } = &mut *desk;
        resting.retain(|_, until| *until > now);
        for (key, line) in lines {
            if let Some(agents) = agents(key.0, &key.1) {
                line.agents = agents;
            }
            give(key, line, held, resting, now);
        }
    }

    /// Callers who wait, by queue: for health and metrics.
    pub fn waiting(&self) -> Vec<(TenantId, String, usize)> {
        let desk = self.desk();
        desk.lines.iter().map(|((tenant, name), line)| (*tenant, name.clone(), line.waiting.len())).collect()
    }
}

impl Desk {
    fn join(&mut self, key: Key, found: &QueueLine, caller: Waiting, size_max: Option<u32>, now: Timestamp) -> Joined {
        let line = self.lines.entry(key.clone()).or_default();
        line.agents.clone_from(&found.agents);
        // Callers who hung up without a word give up their place.
        line.waiting.retain(|(_, turn)| !turn.is_canceled());
        let place = line.waiting.partition_point(|(other, _)| other.since <= caller.since);
        if place == 0
            && let Some(agent) = free_agent(&self.held, &self.resting, line, now)
        {
            self.held.insert(caller.call, (key, agent.clone()));
            return Joined::Turn(agent);
        }
        let size_max = size_max.unwrap_or(u32::MAX).min(found.queue.size_max) as usize;
        if !caller.is_back && line.waiting.len() >= size_max {
            return Joined::Full;
        }
        let (turn, wait) = oneshot::channel();
        line.waiting.insert(place, (caller, turn));
        Joined::Waits(wait)
    }

    fn release(&mut self, call: CallId, now: Timestamp, is_over: bool) {
        if is_over {
            self.lines.values_mut().for_each(|line| line.waiting.retain(|(waiting, _)| waiting.call != call));
        }
        let Some((key, agent)) = self.held.remove(&call) else { return };
        if agent.wrap_up_seconds > 0 {
            let until = now.after(Duration::from_secs(agent.wrap_up_seconds.into()));
            self.resting.insert(agent.destination, until);
        }
        self.give(&key, now);
    }

    fn give(&mut self, key: &Key, now: Timestamp) {
        let Some(line) = self.lines.get_mut(key) else { return };
        give(key, line, &mut self.held, &self.resting, now);
    }
}

/// Gives callers to agents, first come first served, until one or the other runs out.
fn give(
    key: &Key,
    line: &mut Line,
    held: &mut HashMap<CallId, (Key, QueueAgent)>,
    resting: &HashMap<String, Timestamp>,
    now: Timestamp,
) {
    while !line.waiting.is_empty()
        && let Some(agent) = free_agent(held, resting, line, now)
    {
        let Some((next, turn)) = line.waiting.pop_front() else { return };
        // One who left in this very moment: the next then.
        if turn.send(agent.clone()).is_ok() {
            held.insert(next.call, (key.clone(), agent));
        }
    }
}

/// An agent talks to one caller at a time, whichever queue that came from.
fn free_agent(
    held: &HashMap<CallId, (Key, QueueAgent)>,
    resting: &HashMap<String, Timestamp>,
    line: &Line,
    now: Timestamp,
) -> Option<QueueAgent> {
    let is_busy = |agent: &QueueAgent| {
        let rests = resting.get(&agent.destination).is_some_and(|until| *until > now);
        rests || held.values().any(|(_, other)| other.destination == agent.destination)
    };
    line.agents.iter().find(|agent| !is_busy(agent)).cloned()
}
