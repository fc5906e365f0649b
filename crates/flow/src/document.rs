//! What people write: the document, as it stands in JSON and YAML.

mod schema;

use std::collections::BTreeMap;

use domain::{EndCause, Strategy};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

pub use schema::schema;

/// A call flow. Fields that are absent stay absent, and `metadata` is kept as it is, so that what is read can be written back.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// Names the flow; saving another document with this id makes a new version of it.
    pub id: String,
    /// For people.
    pub name: String,
    /// Free text that starts with a whole number: `2`, `2.1`.
    pub version: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where calls start.
    pub entry: Entry,
    /// The steps, in any order.
    pub nodes: Vec<Node>,
    /// Anything: it is kept and means nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// Where calls start.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "entry", rename_all = "camelCase")]
pub struct Entry {
    /// Its own id. It need not be among the nodes.
    pub id: String,
    /// The first node.
    pub target: String,
    /// Accepted for compatibility; calls go to `target`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Unique in the document.
    pub id: String,
    /// What it does.
    #[serde(flatten)]
    pub step: Step,
    /// Where the call goes on where no other edge says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Anything: the builder keeps positions here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// The kinds of node.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Step {
    /// Goes on at once.
    Entry(EntryStep),
    /// Plays a prompt and collects digits.
    Ivr(Ivr),
    /// Takes one of two ways.
    If(If),
    /// Waits for an agent.
    Queue(Queue),
    /// Sells the call.
    Buyer(Buyer),
    /// Records.
    Record(Record),
    /// Puts tags on the call.
    Tag(Tag),
    /// Sets what the next callee hears before it is connected.
    Whisper(Whisper),
    /// Waits.
    Timeout(Timeout),
    /// Tries one branch after another.
    Fallback(Fallback),
    /// Ends the call.
    Hangup(Hangup),
}

/// The start, where a document repeats it among its nodes.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryStep {
    /// Goes here.
    pub target: String,
}

/// Plays a prompt and collects digits.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ivr {
    /// `say:` or plain text, `tone:`, `file:`, `object:` or a bare storage key, `https:`.
    pub prompt: String,
    /// Longest wait for a digit, from the prompt's end and from each digit; 10 unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Seconds>,
    /// Complete after so many digits; the length of the longest choice unless set, without a limit where `finishOnKey` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_digits: Option<u32>,
    /// Complete on this key, which is not part of the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_on_key: Option<String>,
    /// Where which digits lead.
    pub choices: Vec<Choice>,
    /// Where anything else leads, and silence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// How often the prompt is repeated after silence or a wrong choice before `default` is taken; 0 unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
}

/// Where which digits lead.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    /// One or more of `0`-`9`, `*`, `#`, `A`-`D`.
    pub digits: String,
    /// Goes here.
    pub target: String,
}

/// Takes one of two ways.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct If {
    /// A CEL expression; `${...}` is accepted around it or parts of it.
    pub condition: String,
    /// Goes here when it is true.
    pub then: String,
    /// Goes here when it is not, or cannot be evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#else: Option<String>,
}

/// Waits for an agent.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Queue {
    /// The tenant's queue.
    pub queue_id: String,
    /// Heard while waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_url: Option<String>,
    /// Longest wait; as long as the caller likes unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Seconds>,
    /// Most callers waiting at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<u32>,
    /// Goes here when the wait was too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_timeout: Option<String>,
    /// Goes here when the queue is full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_full: Option<String>,
    /// Goes here after the conversation with an agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_connect: Option<String>,
}

/// Sells the call.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Buyer {
    /// `list` (the default): those of `buyers`. `campaign`: every ACTIVE buyer of the campaign's publisher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<BuyerSource>,
    /// Who may have the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyers: Option<Vec<BuyerEntry>>,
    /// How they are put in order: round-robin unless set; for `campaign` as the campaign says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::StrategyName>")]
    pub strategy: Option<Strategy>,
    /// How long each may ring; as the endpoint says unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring_timeout: Option<Seconds>,
    /// Goes here when there is nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_no_buyers: Option<String>,
    /// Goes here when nobody has room or answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_all_busy: Option<String>,
}

/// Where a buyer node's candidates come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BuyerSource {
    /// From the node.
    #[default]
    List,
    /// From the campaign.
    Campaign,
}

/// One who may have the call.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BuyerEntry {
    /// The tenant's buyer, by id or code.
    pub id: String,
    /// SIP URI or number, instead of the buyer's own endpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Share of calls under the weighted strategy; 1 unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Most calls at once; tightens the buyer's own limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<u32>,
    /// Most calls a day; tightens the buyer's own limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_daily_calls: Option<u32>,
    /// False: left out. True unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// Records. Without `onComplete` the recording goes on in the background until the call ends and the call goes on at `next`.
/// With `onComplete` it takes a message: it ends with any digit or after `maxDuration`, and then goes on.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// `wav` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<RecordFormat>,
    /// `dual` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<RecordChannels>,
    /// A beep first; false unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beep: Option<bool>,
    /// Longest message; 120 unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_duration: Option<Seconds>,
    /// Goes here when the message is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_complete: Option<String>,
    /// Goes here when it cannot be recorded, unless a conversation is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_error: Option<String>,
}

/// File format of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RecordFormat {
    /// RIFF WAVE.
    #[default]
    Wav,
    /// MPEG layer III.
    Mp3,
}

/// Channels of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RecordChannels {
    /// Mixed.
    Single,
    /// Caller and callee apart.
    #[default]
    Dual,
}

/// Puts tags on the call.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// Text, number or boolean by name.
    #[schemars(with = "BTreeMap<String, schema::TagValue>")]
    pub tags: BTreeMap<String, Value>,
}

/// Sets what the next callee hears before it is connected. The call goes on at once.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Whisper {
    /// Heard by the caller meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_prompt: Option<String>,
    /// Heard by the callee, who then accepts or declines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callee_prompt: Option<String>,
    /// How long the callee may take; 10 unless set. Then it has declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Seconds>,
    /// The digit that accepts; `1` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_digit: Option<String>,
    /// With `next`: goes here after an accepted conversation. Without: goes here at once, as `next` would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_accept: Option<String>,
    /// Goes here when a callee declines, instead of trying the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_reject: Option<String>,
}

/// Waits.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timeout {
    /// How long.
    pub duration: Seconds,
}

/// Tries one branch after another until a buyer, queue or record node in it succeeds.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fallback {
    /// In this order.
    pub targets: Vec<String>,
    /// Goes here when none succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_all_failed: Option<String>,
}

/// Ends the call.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hangup {
    /// `normal` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<HangUpReason>,
    /// Played to its end first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
}

/// Why a flow ends a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HangUpReason {
    /// Done.
    #[default]
    Normal,
    /// Nobody has room.
    Busy,
    /// Not wanted.
    Rejected,
    /// Took too long.
    Timeout,
    /// Something went wrong.
    Error,
}

impl HangUpReason {
    /// As the event log says it.
    pub fn end_cause(self) -> EndCause {
        match self {
            Self::Normal => EndCause::Normal,
            Self::Busy => EndCause::Busy,
            Self::Rejected => EndCause::Rejected,
            Self::Timeout => EndCause::NoAnswer,
            Self::Error => EndCause::Error,
        }
    }
}

/// A span in seconds, kept to the millisecond. Written as a whole number where it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(u64);

impl Seconds {
    /// From milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// In milliseconds.
    pub const fn millis(self) -> u64 {
        self.0
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(1_000) {
            serializer.serialize_u64(self.0 / 1_000)
        } else {
            serializer.serialize_f64(self.0 as f64 / 1_000.0)
        }
    }
}

impl Document {
    /// The whole number `version` starts with, as storage keeps it; 1 where there is none.
    pub fn version_number(&self) -> u32 {
        let digits = self.version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        digits.parse().ok().filter(|number| *number > 0).unwrap_or(1)
    }

    /// As a JSON value.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// As indented JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// As YAML.
    pub fn to_yaml(&self) -> String {
        serde_saphyr::to_string(self).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        crate::parse_value(&value).map_err(|faults| {
            let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
            serde::de::Error::custom(told.join("; "))
        })
    }
}

impl Step {
    /// The type, as written.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Entry(_) => "entry",
            Self::Ivr(_) => "ivr",
            Self::If(_) => "if",
            Self::Queue(_) => "queue",
            Self::Buyer(_) => "buyer",
            Self::Record(_) => "record",
            Self::Tag(_) => "tag",
            Self::Whisper(_) => "whisper",
            Self::Timeout(_) => "timeout",
            Self::Fallback(_) => "fallback",
            Self::Hangup(_) => "hangup",
        }
    }
}
