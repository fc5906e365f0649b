//! Whisper and fallback: what one node arranges for those after it.

use std::sync::Arc;

use domain::Party;
use flow::{Facts, FlowEvent::*, Instruction, OfferFailure, Program, Run};

use crate::script::{Script, monday_morning, play, program_of};

const BUYER_DONE: flow::FlowEvent = BridgeEnded { by: Party::Callee, connected_ms: 1_000 };
const END: &str = r#"{"id":"end","type":"hangup"}"#;

fn check(nodes: &str, script: Script<'_>) -> Run {
    play(&program_of(nodes), Facts::default(), monday_morning(), script)
}

fn whisper(more: &str, after: &str) -> Arc<Program> {
    program_of(&format!(
        r#"{{"id":"a","type":"whisper","calleePrompt":"A lead. Press 5.","callerPrompt":"Hold on.","timeout":8,"acceptDigit":"5"{more}}},
           {after},{{"id":"yes","type":"hangup"}},{{"id":"no","type":"hangup","reason":"rejected"}}"#
    ))
}

#[test]
fn whisper_terms_travel_with_the_offer() {
    let program = whisper(
        r#","next":"b","onAccept":"yes","onReject":"no""#,
        r#"{"id":"b","type":"buyer","buyers":[{"id":"p"}]}"#,
    );
    let mut run = Run::new(program, Facts::default());
    let out = run.resume(monday_morning(), Started);
    let Some(Instruction::Offer { whisper: Some(terms), .. }) = out.last() else { panic!("{out:?}") };
    assert_eq!(&*terms.node, "a");
    assert_eq!(terms.callee_prompt.as_deref(), Some("say:A lead. Press 5."));
    assert_eq!(terms.caller_prompt.as_deref(), Some("say:Hold on."));
    assert_eq!((terms.timeout_ms, terms.accept_digit, terms.reject_ends_offer), (8_000, '5', true));
}

#[test]
fn whisper_edges_are_followed() {
    let buyer = r#"{"id":"b","type":"buyer","buyers":[{"id":"p"}],"next":"no"}"#;
    let begin: (flow::FlowEvent, &[&str]) =
        (Started, &["> a (whisper)", "< a: next", "> b (buyer)", "offer p*1 RoundRobin whisper a"]);
    let both = whisper(r#","next":"b","onAccept":"yes","onReject":"no""#, buyer);
    let accepted: Script<'_> = &[
        begin,
        (WhisperAccepted, &[]),
        (OfferConnected, &[]),
        (BUYER_DONE, &["< b: connected", "> yes (hangup)", "< yes: hangup", "hang up"]),
    ];
    play(&both, Facts::default(), monday_morning(), accepted);
    let rejected: Script<'_> =
        &[begin, (WhisperRejected, &["< b: reject", "> no (hangup)", "< no: hangup", "hang up Rejected"])];
    play(&both, Facts::default(), monday_morning(), rejected);
    // Accepted, but gone before it was connected.
    let lost: Script<'_> = &[
        begin,
        (WhisperAccepted, &[]),
        (OfferFailed(OfferFailure::AllBusy), &["< b: all-busy", "> no (hangup)", "< no: hangup", "hang up Rejected"]),
    ];
    play(&both, Facts::default(), monday_morning(), lost);
    // Without onReject a decline is a failed leg: the switch goes on by itself and reports the end of it.
    let lenient = whisper(r#","next":"b","onAccept":"yes""#, buyer);
    let mut run = Run::new(Arc::clone(&lenient), Facts::default());
    let out = run.resume(monday_morning(), Started);
    let Some(Instruction::Offer { whisper: Some(terms), .. }) = out.last() else { panic!("{out:?}") };
    assert!(!terms.reject_ends_offer);
    let failed: Script<'_> = &[
        begin,
        (OfferFailed(OfferFailure::Declined), &["< b: all-busy", "> no (hangup)", "< no: hangup", "hang up Rejected"]),
    ];
    play(&lenient, Facts::default(), monday_morning(), failed);
}

#[test]
fn whisper_is_used_up_by_one_conversation() {
    let nodes = format!(
        r#"{{"id":"a","type":"whisper","calleePrompt":"x","onAccept":"b"}},{{"id":"b","type":"buyer","buyers":[{{"id":"p"}}],"next":"c"}},
           {{"id":"c","type":"buyer","buyers":[{{"id":"q"}}],"next":"end"}},{END}"#
    );
    check(
        &nodes,
        &[
            (Started, &["> a (whisper)", "< a: next", "> b (buyer)", "offer p*1 RoundRobin whisper a"]),
            (OfferConnected, &[]),
            // onAccept was the way to the buyer, so it is not followed again.
            (BUYER_DONE, &["< b: connected", "> c (buyer)", "offer q*1 RoundRobin"]),
        ],
    );
}

#[test]
fn fallbacks_nest_and_settle() {
    let buyer = |id: &str, more: &str| format!(r#"{{"id":"{id}","type":"buyer","buyers":[{{"id":"{id}"}}]{more}}}"#);
    let nodes = [
        r#"{"id":"a","type":"fallback","targets":["inner","p3"],"next":"end"}"#.to_owned(),
        r#"{"id":"inner","type":"fallback","targets":["p1","p2"]}"#.to_owned(),
        buyer("p1", ""),
        buyer("p2", ""),
        buyer("p3", r#","next":"late""#),
        r#"{"id":"late","type":"queue","queueId":"q"}"#.to_owned(),
        END.to_owned(),
    ]
    .join(",");
    let p1: (flow::FlowEvent, &[&str]) = (
        Started,
        &[
            "> a (fallback)",
            "< a: target-1",
            "> inner (fallback)",
            "< inner: target-1",
            "> p1 (buyer)",
            "offer p1*1 RoundRobin",
        ],
    );
    let p2: (flow::FlowEvent, &[&str]) = (
        OfferFailed(OfferFailure::AllBusy),
        &["< p1: all-busy", "> inner (fallback)", "< inner: target-2", "> p2 (buyer)", "offer p2*1 RoundRobin"],
    );
    let p3: (flow::FlowEvent, &[&str]) = (
        OfferFailed(OfferFailure::NoAnswer),
        &[
            "< p2: all-busy",
            "> inner (fallback)",
            "< inner: all-failed",
            "> a (fallback)",
            "< a: target-2",
            "> p3 (buyer)",
            "offer p3*1 RoundRobin",
        ],
    );
    let end: &[&str] = &["> end (hangup)", "< end: hangup", "hang up"];
    let with_end = |lines: &[&'static str]| [lines, end].concat();
    // Success at the end of a branch goes on behind the fallback.
    check(&nodes, &[p1, (OfferConnected, &[]), (BUYER_DONE, &with_end(&["< p1: connected"]))]);
    // All fail: the outer one's next, since it has no onAllFailed.
    let all_failed = with_end(&["< p3: no-buyers", "> a (fallback)", "< a: all-failed"]);
    check(&nodes, &[p1, p2, p3, (OfferFailed(OfferFailure::NoBuyers), &all_failed)]);
    // After a success the branch is settled: a later failure in it tries no further target.
    check(
        &nodes,
        &[
            p1,
            p2,
            p3,
            (OfferConnected, &[]),
            (BUYER_DONE, &["< p3: connected", "> late (queue)", "join q"]),
            (QueueFull, &["< late: full", "hang up Busy"]),
        ],
    );
}

#[test]
fn own_edge_comes_before_the_fallback() {
    let nodes = format!(
        r#"{{"id":"a","type":"fallback","targets":["p","q"],"onAllFailed":"end"}},
           {{"id":"p","type":"buyer","buyers":[{{"id":"p"}}],"onAllBusy":"mine"}},{{"id":"mine","type":"timeout","duration":1}},
           {{"id":"q","type":"queue","queueId":"q"}},{END}"#
    );
    check(
        &nodes,
        &[
            (Started, &["> a (fallback)", "< a: target-1", "> p (buyer)", "offer p*1 RoundRobin"]),
            (OfferFailed(OfferFailure::AllBusy), &["< p: all-busy", "> mine (timeout)", "timer 1000"]),
        ],
    );
}
