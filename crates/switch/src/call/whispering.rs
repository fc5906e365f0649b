//! The whisper: what a callee hears before it is connected, and its decision.

use std::time::Duration;

use domain::{LegFailure, Timestamp};
use media::{MediaCommand, PreparedPrompt, PromptKey};

use super::Call;
use super::asking::AskFor;
use super::callee::CalleePhase;
use crate::ask::Ask;
use crate::core::{Core, Samples};
use crate::timers::TimerKind;

impl Call {
    pub(super) fn start_whisper(&mut self, core: &mut Core, now: Timestamp, whisper: &flow::WhisperTerms) {
        let key = PromptKey(core.next_key());
        if let Some(callee) = self.callee.as_mut() {
            if callee.is_connected() {
                // It was heard before it answered; what it decides now is not the caller's to hear.
                core.media(MediaCommand::Disconnect { leg: callee.media });
            }
            callee.phase = CalleePhase::Whispering;
            callee.whisper_prompt = Some(key);
        }
        match whisper.callee_prompt.clone() {
            Some(prompt) => {
                let ask = Ask::LoadPrompt { tenant: self.tenant, prompt };
                self.ask(core, now, AskFor::CalleePrompt(key), ask);
            }
            None => {
                self.connect_callee(core, now);
                return;
            }
        }
        if let (Some(prompt), true) = (whisper.caller_prompt.clone(), self.caller.is_answered()) {
            let ask = Ask::LoadPrompt { tenant: self.tenant, prompt };
            self.ask(core, now, AskFor::CallerWhisper, ask);
        } else {
            self.ring_caller(core, now);
        }
    }

    pub(super) fn on_callee_prompt(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        key: PromptKey,
        samples: Option<Samples>,
    ) {
        let Some(callee) = self.callee.as_ref().filter(|callee| callee.whisper_prompt == Some(key)) else { return };
        match samples {
            Some(samples) => self.play(core, callee.media, PreparedPrompt { key, samples, looping: false }),
            None => self.on_callee_prompt_end(core, now, key),
        }
    }

    /// The callee has heard the prompt: from now on it has so long to decide.
    pub(super) fn on_callee_prompt_end(&mut self, core: &mut Core, now: Timestamp, key: PromptKey) {
        let whispering = self.callee.as_ref().filter(|callee| callee.phase == CalleePhase::Whispering);
        let Some(callee) = whispering.filter(|callee| callee.whisper_prompt == Some(key)) else { return };
        if let Some(whisper) = &callee.target.whisper {
            let timeout = Duration::from_millis(whisper.timeout_ms);
            self.start_timer(core, now, TimerKind::Whisper, timeout);
        }
    }

    /// What the caller hears while the callee decides.
    pub(super) fn on_caller_whisper(&mut self, core: &mut Core, samples: Samples) {
        if self.callee.as_ref().is_some_and(|callee| callee.phase == CalleePhase::Whispering) {
            self.play_loop(core, self.caller.media, samples);
        }
    }

    pub(super) fn on_callee_digit(&mut self, core: &mut Core, now: Timestamp, digit: char) {
        let Some(callee) = self.callee.as_ref().filter(|callee| callee.phase == CalleePhase::Whispering) else {
            return;
        };
        let accepted = callee.target.whisper.as_ref().is_some_and(|whisper| whisper.accept_digit == digit);
        self.on_whisper_end(core, now, accepted);
    }

    /// The callee accepted the call or did not (a timeout is a rejection: inventory, section 3.1).
    pub(super) fn on_whisper_end(&mut self, core: &mut Core, now: Timestamp, accepted: bool) {
        let Some(callee) = self.callee.as_ref().filter(|callee| callee.phase == CalleePhase::Whispering) else {
            return;
        };
        let ends_offer = callee.target.whisper.as_ref().is_some_and(|whisper| whisper.reject_ends_offer);
        core.media(MediaCommand::StopPlay { leg: callee.media });
        self.stop_timer(core, TimerKind::Whisper);
        if accepted {
            // The flow hears of it when the two hear each other: until then the callee may still be gone.
            self.connect_callee(core, now);
            return;
        }
        self.bye_callee(core, now);
        if ends_offer {
            // Nobody else is asked; the flow says where the caller goes, and takes it out of the queue.
            self.offering = None;
            self.queue_is_over("rejected");
        }
        self.fail_callee(core, now, LegFailure::Declined, None);
        if ends_offer {
            self.resume(core, now, flow::FlowEvent::WhisperRejected);
        }
    }
}
