//! Each kind of node, at its edges.

use domain::Party;
use flow::{Candidates, Facts, FlowEvent::*, Instruction, OfferFailure, Run};

use crate::script::{Script, monday_morning, play, program_of};

const BUYER_DONE: flow::FlowEvent = BridgeEnded { by: Party::Callee, connected_ms: 1_000 };
const AGENT_DONE: flow::FlowEvent = QueueEnded { by: Party::Callee, connected_ms: 1_000 };
const END: &str = r#"{"id":"end","type":"hangup"}"#;

fn check(nodes: &str, script: Script<'_>) -> Run {
    play(&program_of(nodes), Facts::default(), monday_morning(), script)
}

fn tag(id: &str, next: &str) -> String {
    format!(r#"{{"id":"{id}","type":"tag","tags":{{"{id}":1}},"next":"{next}"}}"#)
}

fn ivr(more: &str) -> String {
    format!(
        r#"{{"id":"a","type":"ivr","prompt":"hi",{more}}},{},{},{},{END}"#,
        tag("one", "end"),
        tag("two", "end"),
        tag("other", "end")
    )
}

/// How the call leaves node `a` after these events, and what it typed.
fn ivr_outcome(more: &str, events: &[flow::FlowEvent]) -> (Option<String>, String) {
    let mut run = Run::new(program_of(&ivr(more)), Facts::default());
    let mut left = None;
    for event in [&[Started], events].concat() {
        for instruction in run.resume(monday_morning(), event) {
            if let Instruction::LeaveNode { node, outcome } = instruction
                && &*node == "a"
            {
                left = Some(outcome.to_string());
            }
        }
    }
    (left, run.ivr_input().to_owned())
}

#[test]
fn ivr_completes_when_it_should() {
    let two = r#""choices":[{"digits":"1","target":"one"},{"digits":"2","target":"two"}],"default":"other""#;
    let prefix = r#""choices":[{"digits":"1","target":"one"},{"digits":"12","target":"two"}],"default":"other""#;
    let finish = r##""finishOnKey":"#","choices":[{"digits":"1","target":"one"},{"digits":"22","target":"two"}],"default":"other""##;
    let long =
        r#""maxDigits":3,"choices":[{"digits":"0","target":"one"},{"digits":"77","target":"two"}],"default":"other""#;
    let table: &[(&str, &[flow::FlowEvent], Option<&str>, &str)] = &[
        (two, &[Digit('1')], Some("1"), "1"),
        (two, &[PromptFinished, Digit('2')], Some("2"), "2"),
        (two, &[Digit('7')], Some("default"), "7"),
        (two, &[PromptFinished, TimerFired], Some("default"), ""),
        (two, &[PromptFailed, TimerFired], Some("default"), ""),
        // The timer runs from the prompt's end, so a stray one before it means nothing.
        (two, &[TimerFired], None, ""),
        (two, &[Digit('x')], None, ""),
        // A longer choice may follow.
        (prefix, &[Digit('1')], None, ""),
        (prefix, &[Digit('1'), TimerFired], Some("1"), "1"),
        (prefix, &[Digit('1'), Digit('2')], Some("12"), "12"),
        (prefix, &[Digit('1'), Digit('3')], Some("default"), "13"),
        (finish, &[Digit('2'), Digit('2')], Some("22"), "22"),
        (finish, &[Digit('3'), Digit('4'), Digit('5')], None, ""),
        (finish, &[Digit('3'), Digit('4'), Digit('5'), Digit('#')], Some("default"), "345"),
        (finish, &[Digit('#')], Some("default"), ""),
        (long, &[Digit('0')], Some("0"), "0"),
        (long, &[Digit('1'), Digit('2')], None, ""),
        (long, &[Digit('1'), Digit('2'), Digit('3')], Some("default"), "123"),
        (long, &[Digit('1'), Digit('2'), TimerFired], Some("default"), "12"),
    ];
    for (more, events, outcome, typed) in table {
        let (left, input) = ivr_outcome(more, events);
        assert_eq!((left.as_deref(), input.as_str()), (*outcome, *typed), "{more} {events:?}");
    }
}

#[test]
fn ivr_restarts_its_timer_with_each_digit_and_cuts_the_prompt_once() {
    let nodes = ivr(r#""timeout":4,"maxDigits":3,"choices":[{"digits":"123","target":"one"}],"default":"other""#);
    let nodes = nodes.replace(&format!(",{}", tag("two", "end")), "");
    check(
        &nodes,
        &[
            (Started, &["> a (ivr)", "play say:hi"]),
            (Digit('1'), &["stop play", "timer 4000"]),
            // Reported late: the prompt was cut already.
            (PromptFinished, &[]),
            (Digit('2'), &["timer 4000"]),
            (
                Digit('3'),
                &[
                    "stop timer",
                    "< a: 123",
                    "> one (tag)",
                    r#"tag {"one":1}"#,
                    "< one: next",
                    "> end (hangup)",
                    "< end: hangup",
                    "hang up",
                ],
            ),
        ],
    );
}

#[test]
fn ivr_forgets_digits_between_nodes_but_offers_them_as_a_variable() {
    let nodes = format!(
        r#"{{"id":"a","type":"ivr","prompt":"first","choices":[{{"digits":"1","target":"b"}}],"default":"end"}},
           {{"id":"b","type":"ivr","prompt":"second","maxDigits":2,"choices":[{{"digits":"9","target":"end"}}],"default":"c"}},
           {{"id":"c","type":"if","condition":"ivrInput == '23'","then":"yes","else":"end"}},{},{END}"#,
        tag("yes", "end")
    );
    let run = check(
        &nodes,
        &[
            (Started, &["> a (ivr)", "play say:first"]),
            (Digit('1'), &["stop play", "< a: 1", "> b (ivr)", "play say:second"]),
            (Digit('2'), &["stop play", "timer 10000"]),
            (
                Digit('3'),
                &[
                    "stop timer",
                    "< b: default",
                    "> c (if)",
                    "< c: true",
                    "> yes (tag)",
                    r#"tag {"yes":1}"#,
                    "< yes: next",
                    "> end (hangup)",
                    "< end: hangup",
                    "hang up",
                ],
            ),
        ],
    );
    assert_eq!(run.ivr_input(), "23");
}

#[test]
fn ivr_without_default_goes_to_next() {
    let (left, _) = ivr_outcome(
        r#""next":"other","choices":[{"digits":"1","target":"one"},{"digits":"2","target":"two"}]"#,
        &[Digit('5')],
    );
    assert_eq!(left.as_deref(), Some("default"));
}

#[test]
fn buyer_failure_takes_its_edge_or_next_or_ends_with_the_cause() {
    let table: &[(&str, OfferFailure, &[&str])] = &[
        (
            r#","onNoBuyers":"n","onAllBusy":"b","next":"x""#,
            OfferFailure::NoBuyers,
            &["< a: no-buyers", "> n (timeout)"],
        ),
        (r#","onNoBuyers":"n","onAllBusy":"b","next":"x""#, OfferFailure::Error, &["< a: no-buyers", "> n (timeout)"]),
        (r#","onNoBuyers":"n","onAllBusy":"b","next":"x""#, OfferFailure::AllBusy, &["< a: all-busy", "> b (timeout)"]),
        (
            r#","onNoBuyers":"n","onAllBusy":"b","next":"x""#,
            OfferFailure::NoAnswer,
            &["< a: all-busy", "> b (timeout)"],
        ),
        (
            r#","onNoBuyers":"n","onAllBusy":"b","next":"x""#,
            OfferFailure::Declined,
            &["< a: all-busy", "> b (timeout)"],
        ),
    ];
    let waits = r#"{"id":"n","type":"timeout","duration":1},{"id":"b","type":"timeout","duration":1},{"id":"x","type":"timeout","duration":1}"#;
    for (edges, failure, expected) in table {
        let nodes = format!(r#"{{"id":"a","type":"buyer","buyers":[{{"id":"p"}}]{edges}}},{waits}"#);
        let expected: Vec<&str> = expected.iter().copied().chain(["timer 1000"]).collect();
        check(&nodes, &[(Started, &["> a (buyer)", "offer p*1 RoundRobin"]), (OfferFailed(*failure), &expected)]);
    }
    let alone = r#"{"id":"a","type":"buyer","buyers":[{"id":"p"}]}"#;
    for (failure, cause) in [
        (OfferFailure::NoBuyers, "hang up NoBuyers"),
        (OfferFailure::AllBusy, "hang up Busy"),
        (OfferFailure::NoAnswer, "hang up NoAnswer"),
        (OfferFailure::Declined, "hang up Rejected"),
        (OfferFailure::Error, "hang up Error"),
    ] {
        let left = if matches!(failure, OfferFailure::NoBuyers | OfferFailure::Error) {
            "< a: no-buyers"
        } else {
            "< a: all-busy"
        };
        check(alone, &[(Started, &["> a (buyer)", "offer p*1 RoundRobin"]), (OfferFailed(failure), &[left, cause])]);
    }
    let next = format!(r#"{{"id":"a","type":"buyer","buyers":[{{"id":"p"}}],"next":"end"}},{END}"#);
    check(
        &next,
        &[
            (Started, &["> a (buyer)", "offer p*1 RoundRobin"]),
            (OfferFailed(OfferFailure::AllBusy), &["< a: all-busy", "> end (hangup)", "< end: hangup", "hang up"]),
        ],
    );
}

#[test]
fn buyer_waits_for_the_bridge_and_hangs_up_when_nothing_follows() {
    check(
        r#"{"id":"a","type":"buyer","buyers":[{"id":"p"}]}"#,
        &[
            (Started, &["> a (buyer)", "offer p*1 RoundRobin"]),
            (OfferConnected, &[]),
            // Too late to fail.
            (OfferFailed(OfferFailure::AllBusy), &[]),
            (TimerFired, &[]),
            (BUYER_DONE, &["< a: connected", "hang up"]),
            (BUYER_DONE, &[]),
        ],
    );
}

#[test]
fn buyer_terms_reach_the_switch() {
    let nodes = r#"{"id":"a","type":"buyer","strategy":"least-calls","ringTimeout":12.5,"buyers":[
        {"id":"p","destination":"sip:p@example.com","weight":4,"maxConcurrency":2,"maxDailyCalls":9},{"id":"q","enabled":false}]}"#;
    let mut run = Run::new(program_of(nodes), Facts::default());
    let out = run.resume(monday_morning(), Started);
    let Some(Instruction::Offer { offer, whisper: None }) = out.last() else { panic!("{out:?}") };
    let Candidates::List(buyers) = &offer.candidates else { panic!("{offer:?}") };
    assert_eq!(
        (&*offer.node, offer.strategy, offer.ring_timeout_ms),
        ("a", Some(domain::Strategy::LeastCalls), Some(12_500))
    );
    assert_eq!((&*buyers[0].buyer, buyers[0].destination.as_deref()), ("p", Some("sip:p@example.com")));
    assert_eq!((buyers[0].weight, buyers[0].concurrency_max, buyers[0].daily_calls_max), (4, Some(2), Some(9)));
    assert_eq!(
        (buyers[0].enabled, buyers[1].enabled, buyers[1].weight, buyers[1].destination.as_deref()),
        (true, false, 1, None)
    );
}

#[test]
fn queue_edges() {
    let nodes = |edges: &str| {
        format!(
            r#"{{"id":"a","type":"queue","queueId":"q","timeout":5{edges}}},{{"id":"t","type":"timeout","duration":1}},
               {{"id":"f","type":"timeout","duration":2}},{{"id":"c","type":"timeout","duration":3}}"#
        )
    };
    let all = nodes(r#","onTimeout":"t","onFull":"f","onConnect":"c","next":"t""#);
    let joined: (flow::FlowEvent, &[&str]) = (Started, &["> a (queue)", "join q", "timer 5000"]);
    check(&all, &[joined, (TimerFired, &["leave queue", "< a: timeout", "> t (timeout)", "timer 1000"])]);
    check(&all, &[joined, (QueueFull, &["stop timer", "< a: full", "> f (timeout)", "timer 2000"])]);
    check(
        &all,
        &[
            joined,
            (QueueConnected, &["stop timer"]),
            (TimerFired, &[]),
            (AGENT_DONE, &["< a: connected", "> c (timeout)", "timer 3000"]),
        ],
    );
    let none = r#"{"id":"a","type":"queue","queueId":"q","timeout":5}"#;
    check(none, &[joined, (TimerFired, &["leave queue", "< a: timeout", "hang up NoAnswer"])]);
    check(none, &[joined, (QueueFull, &["stop timer", "< a: full", "hang up Busy"])]);
    check(none, &[joined, (CallerGone, &["leave queue", "stop timer", "< a: caller-gone"]), (QueueConnected, &[])]);
}

#[test]
fn record_in_the_background_and_its_failure() {
    let nodes = r#"{"id":"a","type":"record","format":"mp3","channels":"single","beep":true,"onError":"sorry","next":"b"},
        {"id":"b","type":"buyer","buyers":[{"id":"p"}]},{"id":"sorry","type":"hangup","reason":"error"}"#;
    let begin: (flow::FlowEvent, &[&str]) =
        (Started, &["> a (record)", "record Mp3 Single beep true", "< a: next", "> b (buyer)", "offer p*1 RoundRobin"]);
    check(
        nodes,
        &[
            begin,
            (
                RecordingFailed,
                &["cancel offer", "< b: recording-failed", "> sorry (hangup)", "< sorry: hangup", "hang up Error"],
            ),
        ],
    );
    check(nodes, &[begin, (OfferConnected, &[]), (RecordingFailed, &[]), (BUYER_DONE, &["< b: connected", "hang up"])]);
}

#[test]
fn record_takes_a_message() {
    let nodes = r#"{"id":"a","type":"record","beep":true,"maxDuration":30,"onComplete":"thanks","onError":"sorry"},
        {"id":"thanks","type":"hangup"},{"id":"sorry","type":"hangup","reason":"error"}"#;
    let begin: (flow::FlowEvent, &[&str]) = (Started, &["> a (record)", "record Wav Dual beep true", "timer 30000"]);
    let taken: &[&str] = &["stop timer", "< a: complete", "> thanks (hangup)", "< thanks: hangup", "hang up"];
    let failed: &[&str] = &["stop timer", "< a: error", "> sorry (hangup)", "< sorry: hangup", "hang up Error"];
    check(
        nodes,
        &[
            begin,
            (Digit('#'), &["stop timer", "stop recording", "timer 10000"]),
            (Digit('#'), &[]),
            (RecordingCompleted, taken),
        ],
    );
    check(nodes, &[begin, (TimerFired, &["stop recording", "timer 10000"]), (RecordingCompleted, taken)]);
    check(nodes, &[begin, (RecordingFailed, failed)]);
    check(nodes, &[begin, (TimerFired, &["stop recording", "timer 10000"]), (TimerFired, &failed[1..])]);
}

#[test]
fn timeout_waits() {
    check(
        &format!(r#"{{"id":"a","type":"timeout","duration":0.25,"next":"end"}},{END}"#),
        &[
            (Started, &["> a (timeout)", "timer 250"]),
            (Digit('1'), &[]),
            (PromptFinished, &[]),
            (TimerFired, &["< a: next", "> end (hangup)", "< end: hangup", "hang up"]),
        ],
    );
}

#[test]
fn if_without_else_goes_to_next() {
    let nodes = format!(
        r#"{{"id":"a","type":"if","condition":"tags.vip == 'yes'","then":"one","next":"two"}},{},{},{END}"#,
        tag("one", "end"),
        tag("two", "end")
    );
    let run = check(
        &nodes,
        &[(
            Started,
            &[
                "> a (if)",
                "< a: false",
                "> two (tag)",
                r#"tag {"two":1}"#,
                "< two: next",
                "> end (hangup)",
                "< end: hangup",
                "hang up",
            ],
        )],
    );
    assert_eq!(run.tags().keys().collect::<Vec<_>>(), ["two"]);
}

#[test]
fn tags_merge_and_are_seen_by_conditions() {
    let nodes = format!(
        r#"{{"id":"a","type":"tag","tags":{{"level":1,"kind":"x"}},"next":"b"}},
           {{"id":"b","type":"tag","tags":{{"level":2}},"next":"c"}},
           {{"id":"c","type":"if","condition":"tags.level == 2 && tags.kind == 'x' && tags.before == true","then":"yes","else":"end"}},{},{END}"#,
        tag("yes", "end")
    );
    let facts = Facts { tags: [("before".to_owned(), true.into())].into(), ..Facts::default() };
    let mut run = Run::new(program_of(&nodes), facts);
    run.resume(monday_morning(), Started);
    assert_eq!(serde_json::to_string(run.tags()).unwrap(), r#"{"before":true,"kind":"x","level":2,"yes":1}"#);
}

#[test]
fn an_entry_among_the_nodes_is_passed_through() {
    check(
        &format!(r#"{{"id":"a","type":"entry","target":"end"}},{END}"#),
        &[(Started, &["> a (entry)", "< a: next", "> end (hangup)", "< end: hangup", "hang up"])],
    );
}

#[test]
fn a_caller_who_leaves_ends_it_anywhere() {
    let table = [
        (
            ivr(r#""choices":[{"digits":"1","target":"one"},{"digits":"2","target":"two"}],"default":"other""#),
            vec!["stop play", "< a: caller-gone"],
        ),
        (r#"{"id":"a","type":"timeout","duration":1}"#.to_owned(), vec!["stop timer", "< a: caller-gone"]),
        (r#"{"id":"a","type":"buyer","source":"campaign"}"#.to_owned(), vec!["cancel offer", "< a: caller-gone"]),
        (
            r#"{"id":"a","type":"hangup","prompt":"bye"}"#.to_owned(),
            vec!["stop play", "stop timer", "< a: caller-gone"],
        ),
    ];
    for (nodes, expected) in table {
        let mut run = Run::new(program_of(&nodes), Facts::default());
        run.resume(monday_morning(), Started);
        let lines: Vec<String> = run.resume(monday_morning(), CallerGone).iter().map(crate::script::line).collect();
        assert_eq!(lines, expected);
        assert!(run.is_over() && run.node().is_none());
        assert!(run.resume(monday_morning(), TimerFired).is_empty());
    }
    let mut run = Run::new(program_of(END.replace("end", "a").as_str()), Facts::default());
    assert!(run.resume(monday_morning(), CallerGone).is_empty() && run.is_over());
}

#[test]
fn a_flow_that_spins_is_given_up() {
    // Each lap waits for an event, so the check lets it pass; an offer that fails at once makes it spin all the same.
    let nodes = r#"{"id":"a","type":"buyer","buyers":[{"id":"p"}],"onNoBuyers":"w","onAllBusy":"w"},{"id":"w","type":"timeout","duration":1,"next":"a"}"#;
    let mut run = Run::new(program_of(nodes), Facts::default());
    let mut events = 0;
    let mut last = run.resume(monday_morning(), Started);
    while !run.is_over() {
        let event = if run.node() == Some("a") { OfferFailed(OfferFailure::NoBuyers) } else { TimerFired };
        last = run.resume(monday_morning(), event);
        events += 1;
        assert!(events <= 20_001, "never given up");
    }
    assert_eq!(crate::script::line(last.last().unwrap()), "hang up Error: the flow took too many steps");
}
