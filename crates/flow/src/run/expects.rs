//! What can happen next where a call is.

use super::{Run, State, Wait};
use crate::FlowEvent;
use crate::program::Action;

impl Run {
    /// Whether a switch that did what it was told could report this now, and it would be heard. Of an event that is not expected
    /// nothing comes.
    pub fn expects(&self, event: FlowEvent) -> bool {
        let wait = match &self.state {
            State::Over => return false,
            State::Fresh => return matches!(event, FlowEvent::Started | FlowEvent::CallerGone),
            State::In(_, wait) => wait,
        };
        match event {
            FlowEvent::Started | FlowEvent::WhisperAccepted => false,
            FlowEvent::CallerGone => true,
            FlowEvent::Digit(digit) => {
                let listens = matches!(wait, Wait::Digits(_) | Wait::Message { stopping: false, .. });
                listens && crate::check::digit(digit).is_some()
            }
            FlowEvent::PromptFinished | FlowEvent::PromptFailed => match wait {
                Wait::Digits(collected) => collected.prompting,
                _ => matches!(wait, Wait::Farewell),
            },
            FlowEvent::TimerFired => self.timing,
            FlowEvent::OfferConnected | FlowEvent::OfferFailed(_) => matches!(wait, Wait::Buyer { connected: false }),
            FlowEvent::BridgeEnded { .. } => matches!(wait, Wait::Buyer { connected: true }),
            FlowEvent::QueueConnected | FlowEvent::QueueFull => matches!(wait, Wait::Agent { connected: false }),
            FlowEvent::QueueEnded { .. } => matches!(wait, Wait::Agent { connected: true }),
            FlowEvent::RecordingCompleted | FlowEvent::RecordingFailed => self.recording.is_some(),
            FlowEvent::WhisperRejected => {
                let rings = matches!(wait, Wait::Buyer { connected: false } | Wait::Agent { connected: false });
                rings && self.is_rejection_heard()
            }
        }
    }

    /// Whether the whisper node before the callee has a way on when the callee declines.
    fn is_rejection_heard(&self) -> bool {
        self.whisper.is_some_and(|whisper| {
            matches!(&self.program.node(whisper).action, Action::Whisper { on_reject: Some(_), .. })
        })
    }
}
