//! Runs a flow through a script of events and compares what it tells the switch, a line per instruction.

use std::sync::Arc;

use domain::{EndCause, Timestamp};
use flow::{Candidates, Document, Facts, Fault, FlowEvent, Instruction, Program, Run, check, parse_json};

/// Monday, 23 November 2026, 16:05 UTC: 11:05 in New York.
pub fn monday_morning() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-23T16:05:00Z").unwrap()
}

pub fn program(document: &Document) -> Arc<Program> {
    Arc::new(check(document).unwrap_or_else(|faults| panic!("{}: {}", document.id, told(&faults).join("\n"))))
}

pub fn program_of(nodes: &str) -> Arc<Program> {
    program(&document_of("a", nodes).unwrap_or_else(|faults| panic!("{}", told(&faults).join("\n"))))
}

/// A document around these nodes, which start with `target`.
pub fn document_of(target: &str, nodes: &str) -> Result<Document, Vec<Fault>> {
    let json = format!(
        r#"{{"id":"f","name":"F","version":"1","entry":{{"id":"entry","type":"entry","target":"{target}"}},"nodes":[{nodes}]}}"#
    );
    parse_json(json.as_bytes())
}

pub fn told(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(|fault| format!("{fault} [{}]", fault.code)).collect()
}

/// Events, each with the lines it leads to.
pub type Script<'a> = &'a [(FlowEvent, &'a [&'a str])];

/// Runs a call through a script.
pub fn play(program: &Arc<Program>, facts: Facts, at: Timestamp, script: Script<'_>) -> Run {
    let mut run = Run::new(Arc::clone(program), facts);
    for (step, (event, expected)) in script.iter().enumerate() {
        let lines: Vec<String> = run.resume(at, *event).iter().map(line).collect();
        assert_eq!(lines, *expected, "{} step {step}: {event:?}", program.id());
    }
    run
}

pub fn line(instruction: &Instruction) -> String {
    match instruction {
        Instruction::EnterNode { node, kind } => format!("> {node} ({kind})"),
        Instruction::LeaveNode { node, outcome } => format!("< {node}: {outcome}"),
        Instruction::Tag { tags } => format!("tag {}", serde_json::to_string(&**tags).unwrap()),
        Instruction::Play { prompt } => format!("play {prompt}"),
        Instruction::StopPlay => "stop play".into(),
        Instruction::StartTimer { millis } => format!("timer {millis}"),
        Instruction::StopTimer => "stop timer".into(),
        Instruction::Offer { offer, whisper } => {
            let who = match &offer.candidates {
                Candidates::Campaign => "campaign".to_owned(),
                Candidates::List(buyers) => {
                    buyers.iter().map(|buyer| format!("{}*{}", buyer.buyer, buyer.weight)).collect::<Vec<_>>().join(" ")
                }
            };
            let strategy = offer.strategy.map_or("as campaign".to_owned(), |strategy| format!("{strategy:?}"));
            let whisper = whisper.as_ref().map_or(String::new(), |terms| format!(" whisper {}", terms.node));
            format!("offer {who} {strategy}{whisper}")
        }
        Instruction::CancelOffer => "cancel offer".into(),
        Instruction::JoinQueue { queue, wait_prompt, size_max, whisper } => {
            let mut line = format!("join {queue}");
            if let Some(prompt) = wait_prompt {
                line.push_str(&format!(" {prompt}"));
            }
            if let Some(size) = size_max {
                line.push_str(&format!(" max {size}"));
            }
            if let Some(terms) = whisper {
                line.push_str(&format!(" whisper {}", terms.node));
            }
            line
        }
        Instruction::LeaveQueue => "leave queue".into(),
        Instruction::StartRecording { format, channels, beep } => format!("record {format:?} {channels:?} beep {beep}"),
        Instruction::StopRecording => "stop recording".into(),
        Instruction::HangUp { cause, detail } => match (cause, detail) {
            (EndCause::Normal, None) => "hang up".into(),
            (cause, None) => format!("hang up {cause:?}"),
            (cause, Some(detail)) => format!("hang up {cause:?}: {detail}"),
        },
    }
}
