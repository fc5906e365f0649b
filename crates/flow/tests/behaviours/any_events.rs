//! Whatever happens to a call in a sound flow, it waits or hangs up, within bounds.

use std::sync::Arc;

use domain::{Party, Timestamp};
use flow::{Facts, FlowEvent, Instruction, OfferFailure, Program, Run, check, parse_value};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

const NODES: usize = 8;

fn event() -> impl Strategy<Value = FlowEvent> {
    let by = select(vec![Party::Caller, Party::Callee, Party::Platform, Party::Operator]);
    let failure = select(vec![
        OfferFailure::NoBuyers,
        OfferFailure::AllBusy,
        OfferFailure::NoAnswer,
        OfferFailure::Declined,
        OfferFailure::Error,
    ]);
    prop_oneof![
        1 => Just(FlowEvent::Started),
        6 => select(vec!['0', '1', '2', '#', '*', 'a', 'x', '\u{0}']).prop_map(FlowEvent::Digit),
        3 => Just(FlowEvent::PromptFinished),
        1 => Just(FlowEvent::PromptFailed),
        6 => Just(FlowEvent::TimerFired),
        2 => Just(FlowEvent::OfferConnected),
        4 => failure.prop_map(FlowEvent::OfferFailed),
        3 => (by.clone(), any::<u64>()).prop_map(|(by, connected_ms)| FlowEvent::BridgeEnded { by, connected_ms }),
        2 => Just(FlowEvent::QueueConnected),
        2 => Just(FlowEvent::QueueFull),
        2 => (by, any::<u64>()).prop_map(|(by, connected_ms)| FlowEvent::QueueEnded { by, connected_ms }),
        1 => Just(FlowEvent::RecordingCompleted),
        1 => Just(FlowEvent::RecordingFailed),
        1 => Just(FlowEvent::WhisperAccepted),
        2 => Just(FlowEvent::WhisperRejected),
        1 => select(vec![FlowEvent::CallerGone, FlowEvent::TimerFired, FlowEvent::PromptFinished]),
    ]
}

fn to() -> impl Strategy<Value = String> {
    (0..NODES).prop_map(|at| format!("n{at}"))
}

fn maybe() -> impl Strategy<Value = Option<String>> {
    option::weighted(0.6, to())
}

fn step() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => (to(), to(), to(), 0..3_u32).prop_map(|(one, two, default, retries)| json!({
            "type": "ivr", "prompt": "p", "retries": retries, "default": default,
            "choices": [{ "digits": "1", "target": one }, { "digits": "12", "target": two }] })),
        1 => (to(), maybe(), select(vec!["ivrInput == '1'", "1 / 0 == 1", "true"]))
            .prop_map(|(then, other, condition)| json!({ "type": "if", "condition": condition, "then": then, "else": other })),
        2 => (maybe(), maybe(), maybe(), option::of(1..9_u32)).prop_map(|(timeout, full, connect, wait)| json!({
            "type": "queue", "queueId": "q", "onTimeout": timeout, "onFull": full, "onConnect": connect, "timeout": wait })),
        3 => (maybe(), maybe()).prop_map(|(none, busy)| json!({
            "type": "buyer", "source": "campaign", "onNoBuyers": none, "onAllBusy": busy })),
        1 => (maybe(), maybe()).prop_map(|(done, error)| json!({ "type": "record", "onComplete": done, "onError": error })),
        1 => Just(json!({ "type": "tag", "tags": { "x": 1 } })),
        1 => (to(), maybe()).prop_map(|(accept, reject)| json!({
            "type": "whisper", "calleePrompt": "c", "onAccept": accept, "onReject": reject })),
        1 => Just(json!({ "type": "timeout", "duration": 1 })),
        2 => (vec(to(), 1..4), maybe()).prop_map(|(mut targets, failed)| {
            targets.sort();
            targets.dedup();
            json!({ "type": "fallback", "targets": targets, "onAllFailed": failed })
        }),
        1 => option::of(Just("bye")).prop_map(|prompt| json!({ "type": "hangup", "prompt": prompt })),
    ]
}

/// A sound flow: what the check refuses because nothing leads to it is taken out, and edges that spin are cut.
fn sound(steps: Vec<(Value, Option<String>)>) -> Option<Program> {
    let mut nodes: Vec<Value> = steps
        .into_iter()
        .enumerate()
        .map(|(at, (mut node, next))| {
            node["id"] = format!("n{at}").into();
            node["next"] = next.into();
            node
        })
        .collect();
    for _ in 0..100 {
        let value =
            json!({ "id": "f", "name": "F", "version": "1", "entry": { "id": "e", "target": "n0" }, "nodes": nodes });
        let document = parse_value(&value).ok()?;
        let faults = match check(&document) {
            Ok(program) => return Some(program),
            Err(faults) => faults,
        };
        for fault in &faults {
            let Some(at) = nodes.iter().position(|node| node["id"].as_str() == fault.node.as_deref()) else { continue };
            match (fault.code, nodes[at][fault.field.as_str()].is_string()) {
                ("unreachable" | "whisper-unheard", _) => {
                    nodes[at] = json!({ "type": "hangup", "id": nodes[at]["id"], "loose": true })
                }
                ("cycle-without-wait", true) if fault.field != "then" => nodes[at][fault.field.as_str()] = Value::Null,
                ("cycle-without-wait", _) => {
                    nodes[at] = json!({ "type": "timeout", "duration": 1, "id": nodes[at]["id"] })
                }
                _ => return None,
            }
        }
        let loose = |node: &Value| node.get("loose").is_some();
        let named: Vec<String> = nodes.iter().filter(|node| !loose(node)).map(Value::to_string).collect();
        nodes.retain(|node| {
            let reference = node["id"].to_string();
            !loose(node) || named.iter().any(|other| other.matches(&reference).count() > 0)
        });
        for node in &mut nodes {
            if let Some(map) = node.as_object_mut() {
                map.remove("loose");
            }
        }
    }
    None
}

#[derive(Default)]
struct Switch {
    playing: bool,
    timing: bool,
    offering: bool,
    queued: bool,
    connected: bool,
    /// The callee may decline, and that is reported.
    rejectable: bool,
}

impl Switch {
    /// Carries an instruction out, and objects to one that makes no sense.
    fn carry_out(&mut self, instruction: &Instruction) -> Result<(), String> {
        let expect = |is: bool, what: &str| if is { Ok(()) } else { Err(format!("{instruction:?}: {what}")) };
        match instruction {
            Instruction::Play { .. } => self.playing = true,
            Instruction::StopPlay => {
                expect(self.playing, "nothing plays")?;
                self.playing = false;
            }
            Instruction::StartTimer { millis } => {
                expect(*millis > 0, "no time")?;
                self.timing = true;
            }
            Instruction::StopTimer => {
                expect(self.timing, "no timer runs")?;
                self.timing = false;
            }
            Instruction::Offer { whisper, .. } | Instruction::JoinQueue { whisper, .. } => {
                expect(!self.offering && !self.queued, "one at a time")?;
                self.offering = matches!(instruction, Instruction::Offer { .. });
                self.queued = !self.offering;
                self.connected = false;
                self.rejectable = whisper.as_ref().is_some_and(|terms| terms.reject_ends_offer);
            }
            Instruction::CancelOffer => {
                expect(self.offering && !self.connected, "no offer")?;
                self.offering = false;
            }
            Instruction::LeaveQueue => {
                expect(self.queued && !self.connected, "in no queue")?;
                self.queued = false;
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether a switch in this state could report the event at all.
    fn could_report(&self, event: FlowEvent) -> bool {
        match event {
            FlowEvent::PromptFinished | FlowEvent::PromptFailed => self.playing,
            FlowEvent::TimerFired => self.timing,
            FlowEvent::OfferConnected | FlowEvent::OfferFailed(_) => self.offering && !self.connected,
            FlowEvent::BridgeEnded { .. } => self.offering && self.connected,
            FlowEvent::QueueConnected | FlowEvent::QueueFull => self.queued && !self.connected,
            FlowEvent::QueueEnded { .. } => self.queued && self.connected,
            FlowEvent::WhisperAccepted => (self.offering || self.queued) && !self.connected,
            FlowEvent::WhisperRejected => (self.offering || self.queued) && !self.connected && self.rejectable,
            _ => true,
        }
    }

    fn reported(&mut self, event: FlowEvent) {
        match event {
            FlowEvent::PromptFinished | FlowEvent::PromptFailed => self.playing = false,
            FlowEvent::TimerFired => self.timing = false,
            FlowEvent::OfferFailed(_) | FlowEvent::BridgeEnded { .. } => self.offering = false,
            FlowEvent::QueueFull | FlowEvent::QueueEnded { .. } => self.queued = false,
            FlowEvent::OfferConnected | FlowEvent::QueueConnected => self.connected = true,
            FlowEvent::WhisperRejected => self.offering = false,
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_global_rejects: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Even a switch that reports nonsense gets an answer within bounds.
    #[test]
    fn any_events_at_all(steps in vec((step(), maybe()), NODES), events in vec(event(), 0..60)) {
        let Some(program) = sound(steps) else { return Err(TestCaseError::reject("not made sound")) };
        let mut run = Run::new(Arc::new(program), Facts::default());
        for event in [vec![FlowEvent::Started], events].concat() {
            let was_over = run.is_over();
            let out = run.resume(Timestamp::from_secs(0), event);
            prop_assert!(out.len() < 500, "{} instructions", out.len());
            prop_assert!(!was_over || out.is_empty(), "a dead call speaks");
            let hung_up = matches!(out.last(), Some(Instruction::HangUp { .. }));
            let hang_ups = out.iter().filter(|one| matches!(one, Instruction::HangUp { .. })).count();
            prop_assert_eq!(hang_ups, usize::from(hung_up), "hangs up amid");
            prop_assert_eq!(run.is_over(), was_over || hung_up || event == FlowEvent::CallerGone);
            prop_assert_eq!(run.node().is_none(), run.is_over());
        }
    }

    /// To a switch that reports what it was told to watch for, every instruction makes sense, and the call never waits for nothing.
    #[test]
    fn any_events_of_a_switch(steps in vec((step(), maybe()), NODES), events in vec(event(), 0..80)) {
        let Some(program) = sound(steps) else { return Err(TestCaseError::reject("not made sound")) };
        let mut run = Run::new(Arc::new(program), Facts::default());
        let mut switch = Switch::default();
        let mut inside: Option<String> = None;
        for event in [vec![FlowEvent::Started], events].concat() {
            let expected = run.expects(event);
            if run.is_over() || !switch.could_report(event) {
                prop_assert!(!expected, "{event:?} cannot happen in {:?}", run.node());
                continue;
            }
            switch.reported(event);
            let out = run.resume(Timestamp::from_secs(0), event);
            prop_assert!(expected || out.is_empty(), "{event:?} was not expected: {out:?}");
            for instruction in out {
                switch.carry_out(&instruction).map_err(TestCaseError::fail)?;
                match &instruction {
                    Instruction::EnterNode { node, .. } => {
                        prop_assert_eq!(inside.replace(node.to_string()), None, "entered before left");
                    }
                    Instruction::LeaveNode { node, .. } => prop_assert_eq!(inside.take(), Some(node.to_string())),
                    _ => {}
                }
            }
            prop_assert_eq!(inside.as_deref(), run.node());
            let waits_for = switch.playing || switch.timing || switch.offering || switch.queued;
            prop_assert!(run.is_over() || waits_for, "waits for nothing in {:?}", run.node());
        }
    }
}
