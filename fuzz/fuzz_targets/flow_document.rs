#![no_main]

use flow::{Facts, FlowEvent, OfferFailure, Run, check, parse_json, parse_yaml};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use std::time::Duration;

use domain::{Party, Timestamp};

/// Between two events, so that timers and times of day move.
const STEP: Duration = Duration::from_secs(7);
/// What may happen to a call, by the first octets.
const EVENTS: [FlowEvent; 14] = [
    FlowEvent::Digit('1'),
    FlowEvent::Digit('#'),
    FlowEvent::PromptFinished,
    FlowEvent::PromptFailed,
    FlowEvent::TimerFired,
    FlowEvent::OfferConnected,
    FlowEvent::OfferFailed(OfferFailure::AllBusy),
    FlowEvent::BridgeEnded { by: Party::Callee, connected_ms: 5_000 },
    FlowEvent::QueueConnected,
    FlowEvent::QueueFull,
    FlowEvent::RecordingCompleted,
    FlowEvent::WhisperAccepted,
    FlowEvent::WhisperRejected,
    FlowEvent::CallerGone,
];

// Eight octets of events, then a document: what the check lets through runs within its bounds.
fuzz_target!(|data: &[u8]| {
    let Some((events, text)) = data.split_first_chunk::<8>() else { return };
    for document in [parse_json(text), parse_yaml(text)].into_iter().flatten() {
        let Ok(program) = check(&document) else { continue };
        let mut run = Run::new(Arc::new(program), Facts::default());
        let mut now = Timestamp::from_secs(1_800_000_000);
        run.resume(now, FlowEvent::Started);
        for octet in events {
            if run.is_over() {
                break;
            }
            now = now.after(STEP);
            run.resume(now, EVENTS[usize::from(*octet) % EVENTS.len()]);
        }
    }
});
