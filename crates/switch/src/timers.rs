//! The calls' own timers: deadlines of all calls in order. A stopped timer is taken out at once, so that calls that are over
//! leave nothing behind.

use std::collections::BTreeSet;

use domain::{CallId, Timestamp};

/// What a timer is for. One of each kind runs per call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum TimerKind {
    /// The longest a call may last.
    CallMax,
    /// The longest the sale may last.
    SaleMax,
    /// The callee has rung long enough.
    Ring,
    /// The flow's own timer.
    Flow,
    /// The whisper was not accepted.
    Whisper,
    /// The platform did not answer a question.
    Ask,
    /// The answer was not made durable.
    Persist,
    /// Time to ask for an agent again.
    Agent,
    /// An ended call is forgotten.
    Linger,
}

/// Number of kinds.
const TIMER_KINDS: usize = 9;

const KINDS: [TimerKind; TIMER_KINDS] = [
    TimerKind::CallMax,
    TimerKind::SaleMax,
    TimerKind::Ring,
    TimerKind::Flow,
    TimerKind::Whisper,
    TimerKind::Ask,
    TimerKind::Persist,
    TimerKind::Agent,
    TimerKind::Linger,
];

/// The running timers of one call: when each kind is due.
#[derive(Debug, Default)]
pub(crate) struct CallTimers {
    due: [Option<Timestamp>; TIMER_KINDS],
}

/// Deadlines of all calls.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: BTreeSet<(Timestamp, CallId, TimerKind)>,
}

impl Timers {
    /// Starts a timer, or starts it anew.
    pub(crate) fn start(&mut self, timers: &mut CallTimers, call: CallId, kind: TimerKind, at: Timestamp) {
        self.stop(timers, call, kind);
        timers.due[kind as usize] = Some(at);
        self.due.insert((at, call, kind));
    }

    pub(crate) fn stop(&mut self, timers: &mut CallTimers, call: CallId, kind: TimerKind) {
        if let Some(at) = timers.due[kind as usize].take() {
            self.due.remove(&(at, call, kind));
        }
    }

    /// Stops all of a call's.
    pub(crate) fn clear(&mut self, timers: &mut CallTimers, call: CallId) {
        KINDS.into_iter().for_each(|kind| self.stop(timers, call, kind));
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, ..)| *at)
    }

    /// One that is due. Its call has to be told by [`CallTimers::fired`].
    pub(crate) fn pop(&mut self, now: Timestamp) -> Option<(CallId, TimerKind)> {
        let (at, call, kind) = *self.due.first()?;
        if at > now {
            return None;
        }
        self.due.pop_first();
        Some((call, kind))
    }

    /// How many run.
    pub(crate) fn len(&self) -> usize {
        self.due.len()
    }
}

impl CallTimers {
    /// A timer was taken out because it was due.
    pub(crate) fn fired(&mut self, kind: TimerKind) {
        self.due[kind as usize] = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_place() {
        for (place, kind) in KINDS.into_iter().enumerate() {
            assert_eq!(kind as usize, place, "{kind:?}");
        }
    }

    #[test]
    fn a_timer_fires_once_and_a_stopped_one_leaves_nothing() {
        let (mut all, mut of_call) = (Timers::default(), CallTimers::default());
        let call = CallId(uuid::Uuid::nil());
        let at = Timestamp::from_secs;
        all.start(&mut of_call, call, TimerKind::Ring, at(10));
        all.start(&mut of_call, call, TimerKind::Ring, at(5));
        all.start(&mut of_call, call, TimerKind::CallMax, at(3_600));
        assert_eq!((all.len(), all.next()), (2, Some(at(5))));
        assert_eq!(all.pop(at(4)), None);
        assert_eq!(all.pop(at(5)), Some((call, TimerKind::Ring)));
        of_call.fired(TimerKind::Ring);
        assert_eq!(all.pop(at(20)), None);
        all.clear(&mut of_call, call);
        assert_eq!((all.len(), all.next()), (0, None));
    }
}
