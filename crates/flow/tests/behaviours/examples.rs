//! The flows that come with the platform, each through the calls it is made for.

use std::sync::Arc;

use crate::script::{monday_morning, play, program};
use domain::{Party, Timestamp};
use flow::{Document, Facts, FlowEvent::*, OfferFailure, Program, parse_json, parse_yaml};

const SIMPLE: &[u8] = include_bytes!("../../../../flows/simple-direct-route.json");
const IVR: &[u8] = include_bytes!("../../../../flows/ivr-dtmf.json");
const ROTATION: &[u8] = include_bytes!("../../../../flows/buyer-rotation.yaml");
const COMPLEX: &[u8] = include_bytes!("../../../../flows/complex-flow.json");
const DIRECT: &[u8] = include_bytes!("../../../../flows/demo-direct.json");
const MENU: &[u8] = include_bytes!("../../../../flows/demo-ivr.json");
const BUSY: &[u8] = include_bytes!("../../../../flows/demo-busy.json");

const BY_CALLEE: flow::FlowEvent = BridgeEnded { by: Party::Callee, connected_ms: 42_000 };
const AGENT_DONE: flow::FlowEvent = QueueEnded { by: Party::Callee, connected_ms: 42_000 };

fn json(bytes: &[u8]) -> Arc<Program> {
    program(&parse_json(bytes).unwrap())
}

fn facts() -> Facts {
    Facts {
        caller_number: "+15557654321".into(),
        called_number: "+18005550100".into(),
        time_zone: "America/New_York".into(),
        ..Facts::default()
    }
}

#[test]
fn simple_direct_route() {
    let run = play(
        &json(SIMPLE),
        facts(),
        monday_morning(),
        &[
            (
                Started,
                &[
                    "> tag-source (tag)",
                    r#"tag {"priority":1,"source":"direct","test":false}"#,
                    "< tag-source: next",
                    "> done (hangup)",
                    "< done: hangup",
                    "hang up",
                ],
            ),
            (CallerGone, &[]),
        ],
    );
    assert!(run.is_over());
    assert_eq!(run.tags().len(), 3);
}

#[test]
fn ivr_dtmf_digit_during_the_prompt() {
    let run = play(
        &json(IVR),
        facts(),
        monday_morning(),
        &[
            (
                Started,
                &[
                    "> menu (ivr)",
                    "play say:Thank you for calling. For sales, press 1. For support, press 2. For the operator, press 0.",
                ],
            ),
            (
                Digit('2'),
                &[
                    "stop play",
                    "< menu: 2",
                    "> support (queue)",
                    "join support object:music/hold.wav max 20",
                    "timer 60000",
                ],
            ),
            (Digit('1'), &[]),
            (QueueConnected, &["stop timer"]),
            (
                AGENT_DONE,
                &[
                    "< support: connected",
                    "> tag-handled (tag)",
                    r#"tag {"handled":true}"#,
                    "< tag-handled: next",
                    "> done (hangup)",
                    "< done: hangup",
                    "hang up",
                ],
            ),
        ],
    );
    assert_eq!(run.ivr_input(), "2");
}

#[test]
fn ivr_dtmf_silence_then_nobody_free() {
    play(
        &json(IVR),
        facts(),
        monday_morning(),
        &[
            (
                Started,
                &[
                    "> menu (ivr)",
                    "play say:Thank you for calling. For sales, press 1. For support, press 2. For the operator, press 0.",
                ],
            ),
            (PromptFinished, &["timer 10000"]),
            (TimerFired, &["< menu: default", "> operator (queue)", "join operator", "timer 60000"]),
            (
                TimerFired,
                &[
                    "leave queue",
                    "< operator: timeout",
                    "> too-long (hangup)",
                    "< too-long: hangup",
                    "hang up NoAnswer",
                ],
            ),
        ],
    );
}

#[test]
fn buyer_rotation_important_caller() {
    let vip = Facts { caller_number: "+15551234567".into(), ..facts() };
    play(
        &program(&parse_yaml(ROTATION).unwrap()),
        vip,
        monday_morning(),
        &[
            (
                Started,
                &[
                    "> record (record)",
                    "record Wav Dual beep false",
                    "< record: next",
                    "> is-vip (if)",
                    "< is-vip: true",
                    "> vip-buyers (buyer)",
                    "offer buyer-a*3 buyer-b*2 Weighted",
                ],
            ),
            (
                OfferFailed(OfferFailure::AllBusy),
                &["< vip-buyers: all-busy", "> own-people (queue)", "join overflow", "timer 30000"],
            ),
            (QueueConnected, &["stop timer"]),
            (
                AGENT_DONE,
                &[
                    "< own-people: connected",
                    "> tag-kept (tag)",
                    r#"tag {"sold":false}"#,
                    "< tag-kept: next",
                    "> done (hangup)",
                    "< done: hangup",
                    "hang up",
                ],
            ),
            (RecordingCompleted, &[]),
        ],
    );
}

#[test]
fn buyer_rotation_sold_or_kept_or_lost() {
    let program = program(&parse_yaml(ROTATION).unwrap());
    let start: (flow::FlowEvent, &[&str]) = (
        Started,
        &[
            "> record (record)",
            "record Wav Dual beep false",
            "< record: next",
            "> is-vip (if)",
            "< is-vip: false",
            "> anyone (fallback)",
            "< anyone: target-1",
            "> rotation (buyer)",
            "offer buyer-a*1 buyer-b*1 buyer-c*1 RoundRobin",
        ],
    );
    play(
        &program,
        facts(),
        monday_morning(),
        &[
            start,
            (OfferConnected, &[]),
            (
                BY_CALLEE,
                &[
                    "< rotation: connected",
                    "> tag-sold (tag)",
                    r#"tag {"sold":true}"#,
                    "< tag-sold: next",
                    "> done (hangup)",
                    "< done: hangup",
                    "hang up",
                ],
            ),
        ],
    );
    play(
        &program,
        facts(),
        monday_morning(),
        &[
            start,
            (
                OfferFailed(OfferFailure::NoAnswer),
                &[
                    "< rotation: all-busy",
                    "> anyone (fallback)",
                    "< anyone: target-2",
                    "> own-people (queue)",
                    "join overflow",
                    "timer 30000",
                ],
            ),
            (
                QueueFull,
                &[
                    "stop timer",
                    "< own-people: full",
                    "> anyone (fallback)",
                    "< anyone: all-failed",
                    "> sorry (hangup)",
                    "play say:We are sorry, nobody can take your call now.",
                    "timer 120000",
                ],
            ),
            (PromptFinished, &["< sorry: hangup", "stop timer", "hang up Busy"]),
        ],
    );
}

#[test]
fn complex_flow_in_business_hours() {
    play(
        &json(COMPLEX),
        facts(),
        monday_morning(),
        &[
            (Started, &["> breathe (timeout)", "timer 1500"]),
            (
                TimerFired,
                &[
                    "< breathe: next",
                    "> announce (whisper)",
                    "< announce: next",
                    "> tag-route (tag)",
                    r#"tag {"attempt":1,"route":"complex"}"#,
                    "< tag-route: next",
                    "> business-hours (if)",
                    "< business-hours: true",
                    "> primary (queue)",
                    "join primary max 50 whisper announce",
                    "timer 60000",
                ],
            ),
            (
                TimerFired,
                &[
                    "leave queue",
                    "< primary: timeout",
                    "> secondary (queue)",
                    "join secondary whisper announce",
                    "timer 30000",
                ],
            ),
            (WhisperAccepted, &[]),
            (QueueConnected, &["stop timer"]),
            (AGENT_DONE, &["< secondary: connected", "> done (hangup)", "< done: hangup", "hang up"]),
        ],
    );
}

#[test]
fn complex_flow_after_hours_and_declined() {
    let evening = Timestamp::parse_rfc3339("2026-11-23T22:00:00Z").unwrap();
    play(
        &json(COMPLEX),
        facts(),
        evening,
        &[
            (Started, &["> breathe (timeout)", "timer 1500"]),
            (
                TimerFired,
                &[
                    "< breathe: next",
                    "> announce (whisper)",
                    "< announce: next",
                    "> tag-route (tag)",
                    r#"tag {"attempt":1,"route":"complex"}"#,
                    "< tag-route: next",
                    "> business-hours (if)",
                    "< business-hours: false",
                    "> after-hours (queue)",
                    "join after-hours whisper announce",
                    "timer 120000",
                ],
            ),
            (
                WhisperRejected,
                &[
                    "stop timer",
                    "leave queue",
                    "< after-hours: reject",
                    "> declined (hangup)",
                    "< declined: hangup",
                    "hang up Rejected",
                ],
            ),
        ],
    );
}

#[test]
fn examples_survive_both_notations() {
    let documents: Vec<Document> = [SIMPLE, IVR, COMPLEX, DIRECT, MENU, BUSY]
        .iter()
        .map(|bytes| parse_json(bytes).unwrap())
        .chain([parse_yaml(ROTATION).unwrap()])
        .collect();
    for document in documents {
        assert_eq!(parse_json(document.to_json().as_bytes()).as_ref(), Ok(&document), "{}", document.id);
        assert_eq!(
            parse_yaml(document.to_yaml().as_bytes()).as_ref(),
            Ok(&document),
            "{}\n{}",
            document.id,
            document.to_yaml()
        );
    }
    let original: serde_json::Value = serde_json::from_slice(COMPLEX).unwrap();
    assert_eq!(parse_json(COMPLEX).unwrap().to_value(), original);
}

#[test]
fn examples_name_what_operations_must_look_up() {
    let rotation = program(&parse_yaml(ROTATION).unwrap());
    assert_eq!(rotation.buyer_ids(), ["buyer-a", "buyer-b", "buyer-c"]);
    assert_eq!(rotation.queue_ids(), ["overflow"]);
    assert_eq!(json(COMPLEX).version(), 2);
}
