//! Rehearsals: a flow run by the engine of the calls, without a call. Nobody is called, charged or told; what happens is said by
//! whoever rehearses (docs/adr/0211).

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use domain::{EndCause, Timestamp};
use flow::{Facts, FlowEvent, Instruction, Program, Run};
use serde_json::Value;
use thiserror::Error;

/// Steps that are kept; older ones are only counted.
const STEPS_MAX: usize = 1_000;

/// The run does not wait for this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the run does not wait for {0:?}")]
pub struct Unexpected(pub FlowEvent);

/// One line of what happened.
#[derive(Clone, Debug, PartialEq)]
pub enum RehearsalStep {
    /// Said by whoever rehearses.
    Happened(FlowEvent),
    /// What a switch would now do.
    Did(Instruction),
}

/// A flow on its way, and everything so far.
#[derive(Debug)]
pub struct Rehearsal {
    run: Run,
    now: Timestamp,
    timer_ms: u64,
    steps: VecDeque<(Timestamp, RehearsalStep)>,
    left_out: usize,
    end: Option<(EndCause, Option<&'static str>)>,
}

impl Rehearsal {
    /// The caller is answered at `now`.
    pub fn begin(program: Arc<Program>, facts: Facts, now: Timestamp) -> Self {
        let run = Run::new(program, facts);
        let mut rehearsal = Self { run, now, timer_ms: 0, steps: VecDeque::new(), left_out: 0, end: None };
        rehearsal.resume(FlowEvent::Started);
        rehearsal
    }

    /// Something happens. Time passes as far as the event says: to the end of the timer, or of the conversation.
    ///
    /// # Errors
    /// [`Unexpected`] for what cannot happen now; nothing has changed then.
    pub fn report(&mut self, event: FlowEvent) -> Result<(), Unexpected> {
        if !self.run.expects(event) {
            return Err(Unexpected(event));
        }
        let passed_ms = match event {
            FlowEvent::TimerFired => self.timer_ms,
            FlowEvent::BridgeEnded { connected_ms, .. } | FlowEvent::QueueEnded { connected_ms, .. } => connected_ms,
            _ => 0,
        };
        self.now = self.now.after(Duration::from_millis(passed_ms));
        self.keep(RehearsalStep::Happened(event));
        self.resume(event);
        Ok(())
    }

    fn resume(&mut self, event: FlowEvent) {
        for instruction in self.run.resume(self.now, event) {
            match instruction {
                Instruction::StartTimer { millis } => self.timer_ms = millis,
                Instruction::HangUp { cause, detail } => self.end = Some((cause, detail)),
                _ => {}
            }
            self.keep(RehearsalStep::Did(instruction));
        }
    }

    fn keep(&mut self, step: RehearsalStep) {
        if self.steps.len() == STEPS_MAX {
            self.steps.pop_front();
            self.left_out += 1;
        }
        self.steps.push_back((self.now, step));
    }

    /// Whether this can happen now.
    pub fn expects(&self, event: FlowEvent) -> bool {
        self.run.expects(event)
    }

    /// The newest steps, oldest first.
    pub fn steps(&self) -> impl Iterator<Item = (Timestamp, &RehearsalStep)> {
        self.steps.iter().map(|(at, step)| (*at, step))
    }

    /// Steps before those.
    pub fn steps_left_out(&self) -> usize {
        self.left_out
    }

    /// What time it is in the rehearsal.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The program.
    pub fn program(&self) -> &Program {
        self.run.program()
    }

    /// Where the call is; `None` when it is over.
    pub fn node(&self) -> Option<&str> {
        self.run.node()
    }

    /// The call's tags.
    pub fn tags(&self) -> &BTreeMap<String, Value> {
        self.run.tags()
    }

    /// The digits of the last menu.
    pub fn ivr_input(&self) -> &str {
        self.run.ivr_input()
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.run.is_over()
    }

    /// How the flow hung up; `None` while it runs, and when the caller did.
    pub fn end(&self) -> Option<(EndCause, Option<&'static str>)> {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Flows;

    fn menu() -> Arc<Program> {
        let document = json!({"id": "f", "name": "F", "version": "1",
            "entry": {"id": "e", "type": "entry", "target": "menu"},
            "nodes": [
                {"id": "menu", "type": "ivr", "prompt": "Press 1", "timeout": 5,
                 "choices": [{"digits": "1", "target": "wait"}], "default": "menu"},
                {"id": "wait", "type": "timeout", "duration": 60, "next": "late"},
                {"id": "late", "type": "if", "condition": "hour >= 17", "then": "bye", "else": "menu"},
                {"id": "bye", "type": "hangup", "reason": "busy"}]});
        Arc::new(Flows::check(&document).unwrap().1)
    }

    #[test]
    fn time_passes_by_what_happens() {
        let start = Timestamp::parse_rfc3339("2026-11-23T16:59:30Z").unwrap();
        let mut rehearsal = Rehearsal::begin(menu(), Facts::default(), start);
        assert_eq!(rehearsal.report(FlowEvent::TimerFired), Err(Unexpected(FlowEvent::TimerFired)), "the prompt plays");
        rehearsal.report(FlowEvent::Digit('1')).unwrap();
        assert_eq!((rehearsal.node(), rehearsal.ivr_input()), (Some("wait"), "1"));
        rehearsal.report(FlowEvent::TimerFired).unwrap();
        assert_eq!(rehearsal.now(), start.after(Duration::from_mins(1)));
        assert!(rehearsal.is_over(), "it is past five");
        assert_eq!(rehearsal.end(), Some((EndCause::Busy, None)));
        assert!(rehearsal.report(FlowEvent::CallerGone).is_err());
    }

    #[test]
    fn steps_are_bounded() {
        let mut rehearsal = Rehearsal::begin(menu(), Facts::default(), Timestamp::from_secs(0));
        for _ in 0..1_000 {
            rehearsal.report(FlowEvent::PromptFinished).unwrap();
            rehearsal.report(FlowEvent::TimerFired).unwrap();
        }
        assert_eq!(rehearsal.steps().count(), STEPS_MAX);
        assert!(rehearsal.steps_left_out() > STEPS_MAX);
        assert!(!rehearsal.is_over());
    }
}
