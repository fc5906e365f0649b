//! Questions to the rest of the platform and what their answers set going.

use domain::{EndCause, Party, Timestamp};
use media::PromptKey;

use super::Call;
use crate::ask::{Answer, Ask, Token};
use crate::core::Core;
use crate::timers::TimerKind;

/// What a question was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AskFor {
    Flow,
    Buyer,
    Agent,
    /// Over which trunk somebody is called.
    Line,
    /// A prompt of the flow for the caller.
    FlowPrompt(PromptKey),
    /// What the callee hears before it is connected.
    CalleePrompt(PromptKey),
    /// What the caller hears while the callee decides.
    CallerWhisper,
    QueueMusic,
}

impl AskFor {
    /// Whether the call stands still until this is answered. An agent may be long in coming.
    fn is_urgent(self) -> bool {
        !matches!(self, Self::Agent | Self::QueueMusic | Self::CallerWhisper)
    }
}

impl Call {
    pub(crate) fn ask(&mut self, core: &mut Core, now: Timestamp, why: AskFor, ask: Ask) {
        let token = self.token();
        self.asks.push((token.number, why));
        core.ask(token, ask);
        if why.is_urgent() {
            self.start_timer(core, now, TimerKind::Ask, core.config.ask_max);
        }
    }

    pub(crate) fn on_answer(&mut self, core: &mut Core, now: Timestamp, token: Token, answer: Answer) {
        let Some(position) = self.asks.iter().position(|(number, _)| *number == token.number) else {
            core.counters.late_answers += 1;
            self.decline(core, answer);
            return;
        };
        let (_, why) = self.asks.swap_remove(position);
        if !self.asks.iter().any(|(_, other)| other.is_urgent()) {
            self.stop_timer(core, TimerKind::Ask);
        }
        if self.ended {
            core.counters.late_answers += 1;
            self.decline(core, answer);
            return;
        }
        self.take_answer(core, now, why, answer);
    }

    fn take_answer(&mut self, core: &mut Core, now: Timestamp, why: AskFor, answer: Answer) {
        match (why, answer) {
            (AskFor::Flow, Answer::Flow(found)) => self.on_flow_found(core, now, found),
            (AskFor::Flow, Answer::NoFlow(reason)) => self.on_no_flow(core, now, reason),
            (AskFor::Flow, _) => self.end(core, now, EndCause::Congestion, Party::Platform),
            (AskFor::Buyer, Answer::Offer { offer, ranking, screened }) => {
                self.on_offer(core, now, *offer, ranking, screened);
            }
            (AskFor::Buyer, Answer::NoOffer { all_busy, ranking, screened }) => {
                self.on_no_offer(core, now, all_busy, ranking, screened);
            }
            (AskFor::Buyer, _) => self.on_offer_impossible(core, now),
            (AskFor::Line, Answer::Line { line, lease, verdict }) => self.on_line(core, now, *line, lease, verdict),
            (AskFor::Line, Answer::NoLine { why, verdict }) => self.on_no_line(core, now, why, verdict),
            (AskFor::Line, _) => self.end(core, now, EndCause::Error, Party::Platform),
            (AskFor::Agent, Answer::QueueTurn { destination, id, .. }) => {
                self.on_queue_turn(core, now, destination, id)
            }
            (AskFor::Agent, _) => self.on_queue_full(core, now),
            (AskFor::FlowPrompt(key), Answer::Prompt(samples)) => self.on_flow_prompt(core, now, key, Some(samples)),
            (AskFor::FlowPrompt(key), answer) => {
                tracing::warn!(call = %self.id, ?answer, "prompt not available");
                self.on_flow_prompt(core, now, key, None);
            }
            (AskFor::CalleePrompt(key), Answer::Prompt(samples)) => {
                self.on_callee_prompt(core, now, key, Some(samples));
            }
            (AskFor::CalleePrompt(key), _) => self.on_callee_prompt(core, now, key, None),
            (AskFor::QueueMusic, Answer::Prompt(samples)) => self.on_queue_music(core, Some(samples)),
            (AskFor::QueueMusic, _) => self.on_queue_music(core, None),
            (AskFor::CallerWhisper, Answer::Prompt(samples)) => self.on_caller_whisper(core, samples),
            (AskFor::CallerWhisper, _) => {}
        }
    }

    /// What was asked for this is not wanted any more; a late answer to it is declined.
    pub(super) fn forget(&mut self, core: &mut Core, unwanted: impl Fn(AskFor) -> bool) {
        self.asks.retain(|(_, why)| !unwanted(*why));
        if !self.asks.iter().any(|(_, why)| why.is_urgent()) {
            self.stop_timer(core, TimerKind::Ask);
        }
    }

    /// An answer nobody waits for any more: what it reserved is given back.
    fn decline(&mut self, core: &mut Core, answer: Answer) {
        let lease = match answer {
            Answer::Offer { offer, .. } => Some(offer.lease),
            Answer::Line { lease, .. } => Some(lease),
            Answer::Flow(found) => found.lease,
            _ => None,
        };
        if let Some(lease) = lease {
            let token = self.token();
            core.ask(token, Ask::GiveBack { tenant: self.tenant, lease });
        }
    }

    /// The platform took too long: every urgent question takes its failure path.
    pub(super) fn on_ask_timeout(&mut self, core: &mut Core, now: Timestamp) {
        let (urgent, others) = std::mem::take(&mut self.asks).into_iter().partition(|(_, why)| why.is_urgent());
        self.asks = others;
        for (_, why) in urgent {
            if !self.ended {
                self.take_answer(core, now, why, Answer::Failed { reason: "no answer in time".to_owned() });
            }
        }
    }
}
