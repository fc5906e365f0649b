use super::{ClientKey, ServerKey};
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TimerId {
    Client(ClientKey),
    Server(ServerKey),
}

/// One deadline per transaction at most, the earliest of its own.
#[derive(Debug, Default)]
pub(super) struct TimerQueue {
    queue: BTreeSet<(Duration, TimerId)>,
}

impl TimerQueue {
    /// Moves a deadline; `scheduled` is where the transaction remembers it.
    pub fn schedule(&mut self, id: TimerId, scheduled: &mut Option<Duration>, at: Option<Duration>) {
        if *scheduled == at {
            return;
        }
        if let Some(old) = scheduled.take() {
            self.queue.remove(&(old, id));
        }
        if let Some(at) = at {
            self.queue.insert((at, id));
            *scheduled = Some(at);
        }
    }

    pub fn next(&self) -> Option<Duration> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes out the first deadline that has passed.
    pub fn pop_due(&mut self, now: Duration) -> Option<TimerId> {
        (self.next()? <= now).then(|| self.queue.pop_first())?.map(|(_, id)| id)
    }
}

/// A message sent again and again at doubling intervals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retransmit {
    pub at: Duration,
    interval: Duration,
    /// Intervals grow no further than this (T2), where there is such a bound.
    interval_max: Option<Duration>,
}

impl Retransmit {
    pub fn start(now: Duration, interval: Duration, interval_max: Option<Duration>) -> Self {
        Retransmit { at: now + interval, interval, interval_max }
    }

    /// The one after this, counted from `now`, so that a late clock does not cause a burst.
    pub fn after(self, now: Duration) -> Self {
        let doubled = self.interval * 2;
        Self::start(now, self.interval_max.map_or(doubled, |limit| doubled.min(limit)), self.interval_max)
    }
}

pub(super) fn earliest(deadlines: &[Option<Duration>]) -> Option<Duration> {
    deadlines.iter().flatten().min().copied()
}
