//! What an event means where the call is.

use domain::EndCause;

use super::{Out, Run, State, Wait, Way};
use crate::program::{Action, At};
use crate::{FlowEvent, Instruction, OfferFailure};

/// How long a recording may take to be closed after it was told to stop.
const CLOSE_MS_MAX: u64 = 10_000;

impl Run {
    pub(super) fn react(&mut self, event: FlowEvent, out: &mut Out) -> Way {
        let (at, wait) = match &self.state {
            State::Over => return Way::Stay,
            State::Fresh => {
                return match event {
                    FlowEvent::Started => Way::To(self.program.start),
                    FlowEvent::CallerGone => {
                        self.state = State::Over;
                        Way::Stay
                    }
                    _ => Way::Stay,
                };
            }
            State::In(at, wait) => (*at, wait.clone()),
        };
        match event {
            FlowEvent::Started => Way::Stay,
            FlowEvent::CallerGone => {
                self.abandon(&wait, out);
                self.left(at, "caller-gone", out);
                self.state = State::Over;
                Way::Stay
            }
            FlowEvent::Digit(digit) => self.digit(at, wait, digit, out),
            FlowEvent::PromptFinished | FlowEvent::PromptFailed => self.prompt_over(at, wait, out),
            FlowEvent::TimerFired if self.timing => {
                self.timing = false;
                self.timer_fired(at, wait, out)
            }
            FlowEvent::TimerFired => Way::Stay,
            // The connection that follows is what counts: it may still fail.
            FlowEvent::WhisperAccepted => Way::Stay,
            FlowEvent::OfferConnected => match wait {
                Wait::Buyer { .. } => self.wait(at, Wait::Buyer { connected: true }),
                _ => Way::Stay,
            },
            FlowEvent::QueueConnected => match wait {
                Wait::Agent { .. } => {
                    self.stop_timer(out);
                    self.wait(at, Wait::Agent { connected: true })
                }
                _ => Way::Stay,
            },
            FlowEvent::OfferFailed(failure) => match wait {
                Wait::Buyer { connected: false } => self.offer_failed(at, failure, out),
                _ => Way::Stay,
            },
            FlowEvent::BridgeEnded { .. } => match wait {
                Wait::Buyer { .. } => self.talked(at, None, out),
                _ => Way::Stay,
            },
            FlowEvent::QueueFull => match wait {
                Wait::Agent { connected: false } => self.queue_full(at, out),
                _ => Way::Stay,
            },
            FlowEvent::QueueEnded { .. } => match wait {
                Wait::Agent { connected: true } => self.talked(at, self.on_connect(at), out),
                // Over before it began: as if it had not taken the caller.
                Wait::Agent { connected: false } => self.queue_full(at, out),
                _ => Way::Stay,
            },
            FlowEvent::WhisperRejected => self.whisper_rejected(at, wait, out),
            FlowEvent::RecordingCompleted => self.recording_completed(at, &wait, out),
            FlowEvent::RecordingFailed => self.recording_failed(at, &wait, out),
        }
    }

    fn digit(&mut self, at: At, wait: Wait, digit: char, out: &mut Out) -> Way {
        let Some(digit) = crate::check::digit(digit) else { return Way::Stay };
        match wait {
            Wait::Digits(collected) => self.menu_digit(at, collected, digit, out),
            Wait::Message { own, stopping: false } => self.end_message(at, own, out),
            _ => Way::Stay,
        }
    }

    fn prompt_over(&mut self, at: At, wait: Wait, out: &mut Out) -> Way {
        match wait {
            Wait::Digits(collected) => self.menu_prompt_over(at, collected, out),
            Wait::Farewell => self.farewell(at, out),
            _ => Way::Stay,
        }
    }

    fn timer_fired(&mut self, at: At, wait: Wait, out: &mut Out) -> Way {
        match wait {
            Wait::Digits(collected) => self.menu_timeout(at, &collected, out),
            Wait::Pause => self.leave(at, "next", None, out),
            Wait::Farewell => self.farewell(at, out),
            Wait::Message { stopping: true, .. } => {
                self.recording = None;
                self.message_failed(at, out)
            }
            Wait::Message { own, stopping: false } => self.end_message(at, own, out),
            Wait::Agent { connected: false } => {
                out.push(Instruction::LeaveQueue);
                let on_timeout = match &self.program.node(at).action {
                    Action::Queue(waiting) => waiting.on_timeout,
                    _ => None,
                };
                self.fail(at, "timeout", on_timeout, EndCause::NoAnswer, out)
            }
            Wait::Agent { .. } | Wait::Buyer { .. } => Way::Stay,
        }
    }

    /// A conversation is over. The whisper that came before it is used up.
    fn talked(&mut self, at: At, on_connect: Option<At>, out: &mut Out) -> Way {
        let on_accept = self.whisper.take().and_then(|whisper| {
            let node = self.program.node(whisper);
            match &node.action {
                // Without `next`, onAccept was the way to here.
                Action::Whisper { on_accept, .. } if node.next.is_some() => *on_accept,
                _ => None,
            }
        });
        self.settle();
        self.leave(at, "connected", on_accept.or(on_connect), out)
    }

    fn on_connect(&self, at: At) -> Option<At> {
        match &self.program.node(at).action {
            Action::Queue(waiting) => waiting.on_connect,
            _ => None,
        }
    }

    fn offer_failed(&mut self, at: At, failure: OfferFailure, out: &mut Out) -> Way {
        let (no_buyers, all_busy) = match &self.program.node(at).action {
            Action::Buyer { on_no_buyers, on_all_busy, .. } => (*on_no_buyers, *on_all_busy),
            _ => (None, None),
        };
        let (outcome, edge, cause) = match failure {
            OfferFailure::NoBuyers => ("no-buyers", no_buyers, EndCause::NoBuyers),
            OfferFailure::Error => ("no-buyers", no_buyers, EndCause::Error),
            OfferFailure::AllBusy => ("all-busy", all_busy, EndCause::Busy),
            OfferFailure::NoAnswer => ("all-busy", all_busy, EndCause::NoAnswer),
            OfferFailure::Declined => ("all-busy", all_busy, EndCause::Rejected),
        };
        self.fail(at, outcome, edge, cause, out)
    }

    fn queue_full(&mut self, at: At, out: &mut Out) -> Way {
        self.stop_timer(out);
        let on_full = match &self.program.node(at).action {
            Action::Queue(waiting) => waiting.on_full,
            _ => None,
        };
        self.fail(at, "full", on_full, EndCause::Busy, out)
    }

    fn whisper_rejected(&mut self, at: At, wait: Wait, out: &mut Out) -> Way {
        let on_reject = self.whisper.and_then(|whisper| match &self.program.node(whisper).action {
            Action::Whisper { on_reject, .. } => *on_reject,
            _ => None,
        });
        match (wait, on_reject) {
            (Wait::Buyer { connected: false }, Some(on_reject)) => {
                self.whisper = None;
                self.leave(at, "reject", Some(on_reject), out)
            }
            (Wait::Agent { connected: false }, Some(on_reject)) => {
                self.whisper = None;
                self.stop_timer(out);
                out.push(Instruction::LeaveQueue);
                self.leave(at, "reject", Some(on_reject), out)
            }
            (Wait::Buyer { connected: false }, None) => self.offer_failed(at, OfferFailure::Declined, out),
            _ => Way::Stay,
        }
    }

    /// The caller has said all, or time is up.
    fn end_message(&mut self, at: At, own: bool, out: &mut Out) -> Way {
        self.stop_timer(out);
        if !own {
            return self.message_taken(at, out);
        }
        out.push(Instruction::StopRecording);
        self.start_timer(CLOSE_MS_MAX, out);
        self.wait(at, Wait::Message { own, stopping: true })
    }

    fn message_taken(&mut self, at: At, out: &mut Out) -> Way {
        let on_complete = match &self.program.node(at).action {
            Action::Record(recording) => recording.on_complete,
            _ => None,
        };
        self.settle();
        self.leave(at, "complete", on_complete, out)
    }

    fn message_failed(&mut self, at: At, out: &mut Out) -> Way {
        let on_error = match &self.program.node(at).action {
            Action::Record(recording) => recording.on_error,
            _ => None,
        };
        self.fail(at, "error", on_error, EndCause::Error, out)
    }

    fn recording_completed(&mut self, at: At, wait: &Wait, out: &mut Out) -> Way {
        self.recording = None;
        match wait {
            Wait::Message { own: true, .. } => {
                self.stop_timer(out);
                self.message_taken(at, out)
            }
            _ => Way::Stay,
        }
    }

    /// A background recording that fails leads to its onError from wherever the call waits, but never cuts a conversation off.
    fn recording_failed(&mut self, at: At, wait: &Wait, out: &mut Out) -> Way {
        let recorder = self.recording.take();
        if matches!(wait, Wait::Message { own: true, .. }) {
            self.stop_timer(out);
            return self.message_failed(at, out);
        }
        let talking = matches!(wait, Wait::Buyer { connected: true } | Wait::Agent { connected: true });
        let on_error = recorder.and_then(|recorder| match &self.program.node(recorder).action {
            Action::Record(recording) => recording.on_error,
            _ => None,
        });
        match on_error {
            Some(on_error) if !talking && !matches!(wait, Wait::Farewell) => {
                self.abandon(wait, out);
                self.leave(at, "recording-failed", Some(on_error), out)
            }
            _ => Way::Stay,
        }
    }

    fn farewell(&mut self, at: At, out: &mut Out) -> Way {
        let cause = match &self.program.node(at).action {
            Action::HangUp { cause, .. } => *cause,
            _ => EndCause::Normal,
        };
        self.left(at, "hangup", out);
        Way::End(cause, None)
    }

    /// Stops whatever a node waits for.
    fn abandon(&mut self, wait: &Wait, out: &mut Out) {
        match wait {
            Wait::Digits(collected) if collected.prompting => out.push(Instruction::StopPlay),
            Wait::Farewell => out.push(Instruction::StopPlay),
            Wait::Buyer { connected: false } => out.push(Instruction::CancelOffer),
            Wait::Agent { connected: false } => out.push(Instruction::LeaveQueue),
            _ => {}
        }
        self.stop_timer(out);
    }
}
