//! The flows of the demo, each through the calls it is made for.

use std::sync::Arc;

use domain::Party;
use flow::{Facts, FlowEvent::*, OfferFailure, Program, parse_json};

use crate::script::{monday_morning, play, program};

const DIRECT: &[u8] = include_bytes!("../../../../flows/demo-direct.json");
const MENU: &[u8] = include_bytes!("../../../../flows/demo-ivr.json");
const BUSY: &[u8] = include_bytes!("../../../../flows/demo-busy.json");

const BY_CALLEE: flow::FlowEvent = BridgeEnded { by: Party::Callee, connected_ms: 42_000 };

fn json(bytes: &[u8]) -> Arc<Program> {
    program(&parse_json(bytes).unwrap())
}

#[test]
fn demo_direct() {
    play(
        &json(DIRECT),
        Facts::default(),
        monday_morning(),
        &[
            (Started, &["> buyers (buyer)", "offer campaign as campaign"]),
            (OfferConnected, &[]),
            (BY_CALLEE, &["< buyers: connected", "> done (hangup)", "< done: hangup", "hang up"]),
        ],
    );
    play(
        &json(DIRECT),
        Facts::default(),
        monday_morning(),
        &[
            (Started, &["> buyers (buyer)", "offer campaign as campaign"]),
            (CallerGone, &["cancel offer", "< buyers: caller-gone"]),
            (OfferFailed(OfferFailure::AllBusy), &[]),
        ],
    );
}

#[test]
fn demo_ivr_sold_on_one() {
    let welcome = "play say:Welcome to Hopwhistle. For a new roof, press 1. For a repair, press 2.";
    play(
        &json(MENU),
        Facts::default(),
        monday_morning(),
        &[
            (Started, &["> record (record)", "record Wav Dual beep false", "< record: next", "> menu (ivr)", welcome]),
            (PromptFinished, &["timer 6000"]),
            (
                Digit('1'),
                &[
                    "stop timer",
                    "< menu: 1",
                    "> tag-sales (tag)",
                    r#"tag {"topic":"sales"}"#,
                    "< tag-sales: next",
                    "> buyers (buyer)",
                    "offer campaign Priority",
                ],
            ),
            (OfferConnected, &[]),
            (Digit('5'), &[]),
            (BY_CALLEE, &["< buyers: connected", "> done (hangup)", "< done: hangup", "hang up"]),
        ],
    );
}

#[test]
fn demo_ivr_repeats_once_and_says_goodbye() {
    let welcome = "play say:Welcome to Hopwhistle. For a new roof, press 1. For a repair, press 2.";
    play(
        &json(MENU),
        Facts::default(),
        monday_morning(),
        &[
            (Started, &["> record (record)", "record Wav Dual beep false", "< record: next", "> menu (ivr)", welcome]),
            (PromptFinished, &["timer 6000"]),
            (TimerFired, &[welcome]),
            (PromptFailed, &["timer 6000"]),
            (
                Digit('9'),
                &[
                    "stop timer",
                    "< menu: default",
                    "> goodbye (hangup)",
                    "play say:We did not hear your choice. Goodbye.",
                    "timer 120000",
                ],
            ),
            (Digit('1'), &[]),
            (PromptFinished, &["< goodbye: hangup", "stop timer", "hang up"]),
        ],
    );
}

#[test]
fn demo_ivr_repair_desk_fails_over_to_buyers() {
    let welcome = "play say:Welcome to Hopwhistle. For a new roof, press 1. For a repair, press 2.";
    play(
        &json(MENU),
        Facts::default(),
        monday_morning(),
        &[
            (Started, &["> record (record)", "record Wav Dual beep false", "< record: next", "> menu (ivr)", welcome]),
            (
                Digit('2'),
                &[
                    "stop play",
                    "< menu: 2",
                    "> tag-repair (tag)",
                    r#"tag {"topic":"repair"}"#,
                    "< tag-repair: next",
                    "> repair (fallback)",
                    "< repair: target-1",
                    "> repair-desk (queue)",
                    "join repair",
                    "timer 20000",
                ],
            ),
            (
                QueueFull,
                &[
                    "stop timer",
                    "< repair-desk: full",
                    "> repair (fallback)",
                    "< repair: target-2",
                    "> repair-buyers (buyer)",
                    "offer campaign RoundRobin",
                ],
            ),
            (
                OfferFailed(OfferFailure::NoBuyers),
                &[
                    "< repair-buyers: no-buyers",
                    "> repair (fallback)",
                    "< repair: all-failed",
                    "> nobody (hangup)",
                    "play say:We are sorry, nobody can take your call right now.",
                    "timer 120000",
                ],
            ),
            (PromptFailed, &["< nobody: hangup", "stop timer", "hang up Busy"]),
        ],
    );
}

#[test]
fn demo_busy() {
    play(
        &json(BUSY),
        Facts::default(),
        monday_morning(),
        &[
            (Started, &["> buyers (buyer)", "offer campaign as campaign"]),
            (
                OfferFailed(OfferFailure::AllBusy),
                &[
                    "< buyers: all-busy",
                    "> tag-unsold (tag)",
                    r#"tag {"sold":false}"#,
                    "< tag-unsold: next",
                    "> sorry (hangup)",
                    "play say:We are sorry, all our partners are busy. Please call again in a few minutes.",
                    "timer 120000",
                ],
            ),
            (PromptFinished, &["< sorry: hangup", "stop timer", "hang up Busy"]),
        ],
    );
}
