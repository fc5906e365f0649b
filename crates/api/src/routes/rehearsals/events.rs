//! What can happen in a rehearsal, as the wire has it.

use domain::Party;
use flow::{FlowEvent, OfferFailure};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use crate::problem::{ApiError, ApiResult, Fault};

/// Digits pressed at once.
const DIGITS_MAX: usize = 32;
/// Longest conversation, seconds.
const CONNECTED_SECONDS_MAX: u32 = 86_400;

/// Names a kind once: on the wire, in Rust, and as an event to be asked for.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $event:expr;)+) => {
        /// What happens.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum RehearsalEventType {
            $($(#[$doc])* #[serde(rename = $name)] $kind,)+
        }

        impl PartialSchema for RehearsalEventType {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some([$($name),+])).into()
            }
        }

        impl ToSchema for RehearsalEventType {}

        impl RehearsalEventType {
            const ALL: &[(Self, FlowEvent)] = &[$((Self::$kind, $event)),+];

            /// As the wire has it.
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

kinds! {
    /// The caller presses `digits`.
    Dtmf = "dtmf.received", FlowEvent::Digit('1');
    /// The prompt comes to its end.
    PromptFinished = "prompt.finished", FlowEvent::PromptFinished;
    /// The prompt cannot be played.
    PromptFailed = "prompt.failed", FlowEvent::PromptFailed;
    /// The timer runs out: of a menu, a pause, a message, or of the wait in a queue.
    Timer = "timer.fired", FlowEvent::TimerFired;
    /// A buyer answers.
    OfferConnected = "offer.connected", FlowEvent::OfferConnected;
    /// No buyer takes the call, for the `reason` given.
    OfferFailed = "offer.failed", FlowEvent::OfferFailed(OfferFailure::NoBuyers);
    /// The buyer hangs up, `connectedSeconds` later.
    BridgeEnded = "bridge.ended", FlowEvent::BridgeEnded { by: Party::Callee, connected_ms: 0 };
    /// An agent answers.
    QueueConnected = "queue.connected", FlowEvent::QueueConnected;
    /// The queue takes nobody more, or there is none.
    QueueFull = "queue.full", FlowEvent::QueueFull;
    /// The agent hangs up, `connectedSeconds` later.
    QueueEnded = "queue.ended", FlowEvent::QueueEnded { by: Party::Callee, connected_ms: 0 };
    /// The recording is complete.
    RecordingCompleted = "recording.completed", FlowEvent::RecordingCompleted;
    /// The recording cannot be written.
    RecordingFailed = "recording.failed", FlowEvent::RecordingFailed;
    /// Whoever heard the whisper declines; accepting is to be connected.
    WhisperRejected = "whisper.rejected", FlowEvent::WhisperRejected;
    /// The caller hangs up.
    CallEnded = "call.ended", FlowEvent::CallerGone;
}

/// What a rehearsal waits for.
pub(super) fn expected(rehearsal: &operations::Rehearsal) -> Vec<RehearsalEventType> {
    let all = RehearsalEventType::ALL.iter();
    all.filter(|(_, event)| rehearsal.expects(*event)).map(|(kind, _)| *kind).collect()
}

/// Why no buyer takes the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OfferFailedReason {
    /// There is none for this call.
    NoBuyers,
    /// All are at a cap, or were tried in vain.
    AllBusy,
    /// The last one tried did not answer.
    NoAnswer,
    /// The last one tried declined.
    Declined,
    /// The platform could not tell.
    Error,
}

impl OfferFailedReason {
    const fn meant(self) -> OfferFailure {
        match self {
            Self::NoBuyers => OfferFailure::NoBuyers,
            Self::AllBusy => OfferFailure::AllBusy,
            Self::NoAnswer => OfferFailure::NoAnswer,
            Self::Declined => OfferFailure::Declined,
            Self::Error => OfferFailure::Error,
        }
    }

    const fn of(failure: OfferFailure) -> Self {
        match failure {
            OfferFailure::NoBuyers => Self::NoBuyers,
            OfferFailure::AllBusy => Self::AllBusy,
            OfferFailure::NoAnswer => Self::NoAnswer,
            OfferFailure::Declined => Self::Declined,
            OfferFailure::Error => Self::Error,
        }
    }
}

/// Something that happens in a rehearsal.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"type": "dtmf.received", "digits": "1"}))]
pub struct RehearsalEvent {
    /// What happens.
    #[garde(skip)]
    #[serde(rename = "type")]
    kind: RehearsalEventType,
    /// Of `dtmf.received`, which needs them: `0` to `9`, `*`, `#`, `A` to `D`, one after the other.
    #[garde(length(chars, min = 1, max = DIGITS_MAX))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 32, pattern = "^[0-9*#A-Da-d]+$", example = "1")]
    digits: Option<String>,
    /// Of `offer.failed`; `NO_BUYERS` unless said otherwise.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<OfferFailedReason>,
    /// Of `bridge.ended` and `queue.ended`; 0 unless said otherwise.
    #[garde(range(max = CONNECTED_SECONDS_MAX))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 86_400, example = 95)]
    connected_seconds: Option<u32>,
}

impl RehearsalEvent {
    /// As the wire has it.
    pub(super) const fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// What the engine is told, one after the other. `place` is where the request has it.
    pub(super) fn reported(&self, place: &str) -> ApiResult<Vec<FlowEvent>> {
        use RehearsalEventType as Kind;
        let strays = [
            ("digits", self.digits.is_some(), matches!(self.kind, Kind::Dtmf)),
            ("reason", self.reason.is_some(), matches!(self.kind, Kind::OfferFailed)),
            (
                "connectedSeconds",
                self.connected_seconds.is_some(),
                matches!(self.kind, Kind::BridgeEnded | Kind::QueueEnded),
            ),
        ];
        let strays = strays.iter().filter(|(_, is_given, is_of)| *is_given && !is_of);
        let strays =
            strays.map(|(name, ..)| Fault::body(format!("{place}.{name}"), format!("is no part of {}", self.name())));
        let mut faults: Vec<Fault> = strays.collect();
        let digits = self.digits.as_deref().unwrap_or_default();
        if matches!(self.kind, Kind::Dtmf) && !is_dialled(digits) {
            faults.push(Fault::body(format!("{place}.digits"), "must be one or more of 0-9, *, # and A-D"));
        }
        if !faults.is_empty() {
            return Err(ApiError::validation(faults));
        }
        let connected_ms = u64::from(self.connected_seconds.unwrap_or(0)) * 1_000;
        let by = Party::Callee;
        let usual = |kind: Kind| Kind::ALL.iter().filter(move |(known, _)| *known == kind).map(|(_, event)| *event);
        Ok(match self.kind {
            Kind::Dtmf => digits.chars().map(FlowEvent::Digit).collect(),
            Kind::OfferFailed => {
                let reason = self.reason.unwrap_or(OfferFailedReason::NoBuyers);
                vec![FlowEvent::OfferFailed(reason.meant())]
            }
            Kind::BridgeEnded => vec![FlowEvent::BridgeEnded { by, connected_ms }],
            Kind::QueueEnded => vec![FlowEvent::QueueEnded { by, connected_ms }],
            kind => usual(kind).collect(),
        })
    }

    /// How it is shown among the steps; none for what nobody says.
    pub(super) fn of(event: FlowEvent) -> Option<Self> {
        use RehearsalEventType as Kind;
        let bare = |kind| Self { kind, digits: None, reason: None, connected_seconds: None };
        let seconds = |connected_ms: u64| u32::try_from(connected_ms / 1_000).ok();
        Some(match event {
            FlowEvent::Digit(digit) => Self { digits: Some(digit.to_string()), ..bare(Kind::Dtmf) },
            FlowEvent::OfferFailed(failure) => {
                Self { reason: Some(OfferFailedReason::of(failure)), ..bare(Kind::OfferFailed) }
            }
            FlowEvent::BridgeEnded { connected_ms, .. } => {
                Self { connected_seconds: seconds(connected_ms), ..bare(Kind::BridgeEnded) }
            }
            FlowEvent::QueueEnded { connected_ms, .. } => {
                Self { connected_seconds: seconds(connected_ms), ..bare(Kind::QueueEnded) }
            }
            event => bare(Kind::ALL.iter().find(|(_, known)| *known == event)?.0),
        })
    }
}

fn is_dialled(digits: &str) -> bool {
    !digits.is_empty()
        && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D' | b'a'..=b'd'))
}
