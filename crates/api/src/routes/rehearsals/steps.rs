//! What a rehearsal shows.

use flow::{Candidates, Instruction, RecordChannels, RecordFormat, WhisperTerms};
use operations::RehearsalStep as Step;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Script,
    events::{RehearsalEvent, RehearsalEventType, expected},
};
use crate::wire::Time;

/// Where a rehearsal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RehearsalState {
    /// It waits for something to happen.
    Waiting,
    /// The call is over.
    Ended,
}

/// A flow that is rehearsed: where it waits, and everything until then.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rehearsal {
    /// Names it, as it stands now, for the next event: all of it is in here, sealed.
    #[schema(example = "eyJ0ZW5hbnQiOiIwMTlhYiJ9.4mJ0yqvX2cT9sHkW8rZ1bLpE6uNfAdGi")]
    run: String,
    /// The flow; absent for a document that is not kept.
    flow_id: Option<Uuid>,
    /// The document's own `id`.
    #[schema(example = "solar-west")]
    key: String,
    /// The version; of a document that is not kept, its own.
    version: u32,
    /// Where the flow waits; null once it is over.
    state: RehearsalState,
    /// The node the call is in; absent when it is over.
    #[schema(example = "menu")]
    node: Option<String>,
    /// What can happen next.
    waits_for: Vec<RehearsalEventType>,
    /// What time it is in the rehearsal.
    at: Time,
    /// The call's tags.
    #[schema(value_type = Object, example = json!({"product": "solar"}))]
    tags: Value,
    /// The digits of the last menu.
    #[schema(example = "1")]
    ivr_input: String,
    /// Why the flow hung up; absent while it runs, and when the caller did.
    #[schema(example = "normal")]
    cause: Option<String>,
    /// The same for people, where the cause does not say it all.
    #[schema(example = "the flow took too many steps")]
    detail: Option<String>,
    /// Everything so far, the newest 1,000 at most.
    steps: Vec<RehearsalStep>,
    /// Steps before those.
    #[schema(example = 0)]
    steps_left_out: usize,
    /// Until when it waits for the next event.
    expires_at: Time,
}

/// What was said, or what a switch would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum RehearsalStepType {
    /// Something happened: `event`.
    #[serde(rename = "event")]
    Event,
    /// The call came to `node`.
    #[serde(rename = "node.entered")]
    NodeEntered,
    /// It left `node` by `outcome`.
    #[serde(rename = "node.left")]
    NodeLeft,
    /// It gets `tags`.
    #[serde(rename = "tags")]
    Tags,
    /// The caller hears `prompt`.
    #[serde(rename = "prompt.started")]
    PromptStarted,
    /// The prompt is cut short.
    #[serde(rename = "prompt.stopped")]
    PromptStopped,
    /// The timer runs for `milliseconds`.
    #[serde(rename = "timer.started")]
    TimerStarted,
    /// It is stopped.
    #[serde(rename = "timer.stopped")]
    TimerStopped,
    /// Buyers are asked: `buyers`, or, where absent, those of the campaign.
    #[serde(rename = "offer.started")]
    OfferStarted,
    /// No buyer is looked for any more.
    #[serde(rename = "offer.cancelled")]
    OfferCancelled,
    /// The caller waits in `queue`.
    #[serde(rename = "queue.joined")]
    QueueJoined,
    /// And leaves it.
    #[serde(rename = "queue.left")]
    QueueLeft,
    /// The call is recorded from here on.
    #[serde(rename = "recording.started")]
    RecordingStarted,
    /// Until here.
    #[serde(rename = "recording.stopped")]
    RecordingStopped,
    /// The flow hangs up, for `cause`.
    #[serde(rename = "hangup")]
    Hangup,
}

/// A buyer a node asks.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RehearsedBuyer {
    /// As the document names it: id or code.
    #[schema(example = "SUNRISE")]
    buyer: String,
    /// In place of the buyer's own endpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
    /// The buyer's share under the weighted strategy.
    #[schema(example = 1)]
    weight: u32,
    /// Most calls at once, by this node.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 5)]
    max_concurrency: Option<u32>,
    /// Most calls a day, by this node.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 100)]
    max_daily_calls: Option<u32>,
    /// False: left out.
    enabled: bool,
}

/// What a callee hears before it is connected.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RehearsedWhisper {
    /// The whisper node.
    #[schema(example = "announce")]
    node: String,
    /// What the caller hears; null: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "say:Please hold")]
    caller_prompt: Option<String>,
    /// What the called party hears; null: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "say:A call for solar. Press 1")]
    callee_prompt: Option<String>,
    /// The key that accepts the call.
    #[schema(example = "1")]
    accept_digit: String,
}

/// One line of a rehearsal; which members there are its type says.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"at": "2026-11-23T16:00:00.000000Z", "type": "prompt.started", "prompt": "say:Press 1 for solar"}))]
pub struct RehearsalStep {
    /// When it happens, as the flow counts.
    at: Time,
    /// What happens.
    #[serde(rename = "type")]
    kind: RehearsalStepType,
    /// What led to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<RehearsalEvent>,
    /// The node of the flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "menu")]
    node: Option<String>,
    /// The node's type, as in the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ivr")]
    node_type: Option<&'static str>,
    /// The digits of a choice, `default`, `true`, `connected`, `timeout` ...
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "default")]
    outcome: Option<String>,
    /// Tags of the call from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"product": "solar"}))]
    tags: Option<Value>,
    /// With its scheme: `say:`, `tone:`, `file:`, `object:` or `https:`. Of a queue: heard while waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "say:Press 1 for solar")]
    prompt: Option<String>,
    /// How long, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 5_000)]
    milliseconds: Option<u64>,
    /// Who may have the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    buyers: Option<Vec<RehearsedBuyer>>,
    /// How they are put in order; absent: as the campaign says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "round-robin")]
    strategy: Option<domain::Strategy>,
    /// What is whispered.
    #[serde(skip_serializing_if = "Option::is_none")]
    whisper: Option<RehearsedWhisper>,
    /// The queue, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "solar")]
    queue: Option<String>,
    /// Most callers waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_size: Option<u32>,
    /// Of the recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "wav")]
    format: Option<RecordFormat>,
    /// What is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "dual")]
    channels: Option<RecordChannels>,
    /// Whether a tone comes before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = false)]
    beep: Option<bool>,
    /// Why it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "normal")]
    cause: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "the flow took too many steps")]
    detail: Option<String>,
}

impl RehearsalStep {
    fn bare(at: Time, kind: RehearsalStepType) -> Self {
        Self {
            at,
            kind,
            event: None,
            node: None,
            node_type: None,
            outcome: None,
            tags: None,
            prompt: None,
            milliseconds: None,
            buyers: None,
            strategy: None,
            whisper: None,
            queue: None,
            max_size: None,
            format: None,
            channels: None,
            beep: None,
            cause: None,
            detail: None,
        }
    }

    fn of(at: Time, step: &Step) -> Self {
        use RehearsalStepType as Type;
        let bare = |kind| Self::bare(at, kind);
        let instruction = match step {
            Step::Happened(event) => return Self { event: RehearsalEvent::of(*event), ..bare(Type::Event) },
            Step::Did(instruction) => instruction,
        };
        match instruction {
            Instruction::EnterNode { node, kind } => {
                Self { node: Some(node.to_string()), node_type: Some(kind), ..bare(Type::NodeEntered) }
            }
            Instruction::LeaveNode { node, outcome } => {
                Self { node: Some(node.to_string()), outcome: Some(outcome.to_string()), ..bare(Type::NodeLeft) }
            }
            Instruction::Tag { tags } => Self { tags: Some(members(tags)), ..bare(Type::Tags) },
            Instruction::Play { prompt } => Self { prompt: Some(prompt.to_string()), ..bare(Type::PromptStarted) },
            Instruction::StopPlay => bare(Type::PromptStopped),
            Instruction::StartTimer { millis } => Self { milliseconds: Some(*millis), ..bare(Type::TimerStarted) },
            Instruction::StopTimer => bare(Type::TimerStopped),
            Instruction::Offer { offer, whisper } => Self {
                node: Some(offer.node.to_string()),
                buyers: buyers(&offer.candidates),
                strategy: offer.strategy,
                milliseconds: offer.ring_timeout_ms,
                whisper: whisper.as_deref().map(RehearsedWhisper::of),
                ..bare(Type::OfferStarted)
            },
            Instruction::CancelOffer => bare(Type::OfferCancelled),
            Instruction::JoinQueue { queue, wait_prompt, size_max, whisper } => Self {
                queue: Some(queue.to_string()),
                prompt: wait_prompt.as_ref().map(ToString::to_string),
                max_size: *size_max,
                whisper: whisper.as_deref().map(RehearsedWhisper::of),
                ..bare(Type::QueueJoined)
            },
            Instruction::LeaveQueue => bare(Type::QueueLeft),
            Instruction::StartRecording { format, channels, beep } => Self {
                format: Some(*format),
                channels: Some(*channels),
                beep: Some(*beep),
                ..bare(Type::RecordingStarted)
            },
            Instruction::StopRecording => bare(Type::RecordingStopped),
            Instruction::HangUp { cause, detail } => {
                Self { cause: text(cause), detail: detail.map(str::to_owned), ..bare(Type::Hangup) }
            }
        }
    }
}

impl RehearsedWhisper {
    fn of(terms: &WhisperTerms) -> Self {
        Self {
            node: terms.node.to_string(),
            caller_prompt: terms.caller_prompt.as_ref().map(ToString::to_string),
            callee_prompt: terms.callee_prompt.as_ref().map(ToString::to_string),
            accept_digit: terms.accept_digit.to_string(),
        }
    }
}

fn buyers(candidates: &Candidates) -> Option<Vec<RehearsedBuyer>> {
    let Candidates::List(buyers) = candidates else { return None };
    let one = |buyer: &flow::OfferedBuyer| RehearsedBuyer {
        buyer: buyer.buyer.to_string(),
        destination: buyer.destination.as_ref().map(ToString::to_string),
        weight: buyer.weight,
        max_concurrency: buyer.concurrency_max,
        max_daily_calls: buyer.daily_calls_max,
        enabled: buyer.enabled,
    };
    Some(buyers.iter().map(one).collect())
}

fn members(tags: &std::collections::BTreeMap<String, Value>) -> Value {
    Value::Object(tags.iter().map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

/// As the events of calls have it.
fn text(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

/// As the wire shows it.
pub(super) fn view(script: &Script, run: String, rehearsal: &operations::Rehearsal) -> Rehearsal {
    let program = rehearsal.program();
    let kept = script.flow();
    Rehearsal {
        run,
        flow_id: kept.map(|(flow, _)| flow.uuid()),
        key: program.id().to_owned(),
        version: kept.map_or_else(|| program.version(), |(_, version)| version),
        state: if rehearsal.is_over() { RehearsalState::Ended } else { RehearsalState::Waiting },
        node: rehearsal.node().map(str::to_owned),
        waits_for: expected(rehearsal),
        at: Time(rehearsal.now()),
        tags: members(rehearsal.tags()),
        ivr_input: rehearsal.ivr_input().to_owned(),
        cause: rehearsal.end().and_then(|(cause, _)| text(&cause)),
        detail: rehearsal.end().and_then(|(_, detail)| detail).map(str::to_owned),
        steps: rehearsal.steps().map(|(at, step)| RehearsalStep::of(Time(at), step)).collect(),
        steps_left_out: rehearsal.steps_left_out(),
        expires_at: Time(script.expires_at),
    }
}
