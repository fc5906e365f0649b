//! One call's way through a program.

mod edges;
mod enter;
mod expects;
mod menu;
mod react;

use std::{collections::BTreeMap, sync::Arc};

use domain::{EndCause, Timestamp};
use serde_json::Value;

use crate::program::{At, Program};
use crate::{Facts, FlowEvent, Instruction};

/// One call in a flow. Events in, instructions out; between two events it waits.
#[derive(Debug)]
pub struct Run {
    program: Arc<Program>,
    facts: Facts,
    tags: BTreeMap<String, Value>,
    ivr_input: String,
    state: State,
    /// Fallback nodes the call is in, outermost first; no node twice, so the program's size bounds it.
    branches: Vec<Branch>,
    /// The whisper node whose terms the next bridge takes.
    whisper: Option<At>,
    /// The record node whose recording is under way.
    recording: Option<At>,
    timing: bool,
    steps: u32,
}

/// Where the call is, and what it waits for.
#[derive(Debug)]
enum State {
    /// Not yet started.
    Fresh,
    /// In a node, waiting.
    In(At, Wait),
    /// Hung up.
    Over,
}

/// What a node waits for.
#[derive(Clone, Debug)]
enum Wait {
    /// Digits.
    Digits(menu::Collected),
    /// The timer of a timeout node.
    Pause,
    /// The prompt of a hangup node.
    Farewell,
    /// A message to be spoken. `own`: the recording was started for it.
    Message { own: bool, stopping: bool },
    /// A buyer, or the end of its conversation.
    Buyer { connected: bool },
    /// An agent, or the end of its conversation.
    Agent { connected: bool },
}

/// A fallback node the call is in.
#[derive(Debug)]
struct Branch {
    at: At,
    /// Targets tried so far.
    tried: usize,
    /// A buyer, queue or record node succeeded: failures after it are not the branch's.
    settled: bool,
}

/// How it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Wait for the next event.
    Stay,
    /// Go to a node.
    To(At),
    /// Hang up.
    End(EndCause, Option<&'static str>),
}

type Out = Vec<Instruction>;

impl Run {
    /// A call that has not started; its first event is [`FlowEvent::Started`].
    pub fn new(program: Arc<Program>, facts: Facts) -> Self {
        let tags = facts.tags.clone();
        Self {
            program,
            facts,
            tags,
            ivr_input: String::new(),
            state: State::Fresh,
            branches: Vec::new(),
            whisper: None,
            recording: None,
            timing: false,
            steps: 0,
        }
    }

    /// Takes what happened and says what to do, in order. An event that means nothing where the call is changes nothing.
    ///
    /// Afterwards the run waits, or is over: then the last instruction is `HangUp`, or the event was `CallerGone`.
    pub fn resume(&mut self, now: Timestamp, event: FlowEvent) -> Vec<Instruction> {
        let mut out = Out::new();
        let mut way = self.react(event, &mut out);
        let mut steps_left = self.program.limits.steps_per_resume_max;
        loop {
            match way {
                Way::Stay => return out,
                Way::End(cause, detail) => {
                    self.stop_timer(&mut out);
                    self.state = State::Over;
                    out.push(Instruction::HangUp { cause, detail });
                    return out;
                }
                Way::To(at) => {
                    let spent = steps_left == 0 || self.steps >= self.program.limits.steps_per_call_max;
                    steps_left = steps_left.saturating_sub(1);
                    self.steps = self.steps.saturating_add(1);
                    way = if spent {
                        Way::End(EndCause::Error, Some("the flow took too many steps"))
                    } else {
                        self.enter(at, now, &mut out)
                    };
                }
            }
        }
    }

    /// The program it runs.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// The call's tags so far.
    pub fn tags(&self) -> &BTreeMap<String, Value> {
        &self.tags
    }

    /// The digits collected by the last IVR node.
    pub fn ivr_input(&self) -> &str {
        &self.ivr_input
    }

    /// The node the call is in; `None` before the start and after the end.
    pub fn node(&self) -> Option<&str> {
        match &self.state {
            State::In(at, _) => Some(&self.program.node(*at).id),
            State::Fresh | State::Over => None,
        }
    }

    /// True when nothing more will come of it.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn wait(&mut self, at: At, wait: Wait) -> Way {
        self.state = State::In(at, wait);
        Way::Stay
    }

    fn start_timer(&mut self, millis: u64, out: &mut Out) {
        self.timing = true;
        out.push(Instruction::StartTimer { millis: millis.max(1) });
    }

    fn stop_timer(&mut self, out: &mut Out) {
        if std::mem::take(&mut self.timing) {
            out.push(Instruction::StopTimer);
        }
    }
}
