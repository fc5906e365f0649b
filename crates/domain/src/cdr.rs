//! A call's record, folded from its events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    AgentId, BuyerId, CallEvent, CallId, EndCause, EndpointId, LeaseId, LegFailure, LegId, LegRole, MediaQuality,
    Party, RecordingId, SaleTerms, StartedCall, TenantId, Timestamp, TrunkId, What,
};

/// Where a call stands (inventory, section 1, `CallStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CallStatus {
    /// Came in.
    Initiated,
    /// A buyer's phone rings.
    Ringing,
    /// The caller was answered.
    Answered,
    /// Answered and over.
    Completed,
    /// Over without an answer, through a fault or a missing number.
    Failed,
    /// Over without an answer: busy.
    Busy,
    /// Over without an answer: nobody took it.
    NoAnswer,
    /// The caller left before an answer.
    Cancelled,
}

/// One side besides the caller's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CdrLeg {
    /// Its id.
    pub leg: LegId,
    /// What for.
    pub role: LegRole,
    /// SIP URI or number dialled.
    pub destination: String,
    /// To whom it was offered.
    pub buyer: Option<BuyerId>,
    /// Where.
    pub endpoint: Option<EndpointId>,
    /// Against which reservation.
    pub lease: Option<LeaseId>,
    /// On which terms.
    pub terms: Option<SaleTerms>,
    /// Over which trunk, where a telephone number was dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trunk: Option<TrunkId>,
    /// Which agent, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// When it was dialled.
    pub started_at: Timestamp,
    /// When it answered.
    pub answered_at: Option<Timestamp>,
    /// When the caller first heard it.
    pub bridged_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Why it did not connect.
    pub failure: Option<LegFailure>,
    /// What the far side answered last.
    pub sip_status: Option<u16>,
    /// How it sounded.
    pub quality: Option<MediaQuality>,
}

impl CdrLeg {
    /// Time both sides heard each other, milliseconds; 0 when they never did.
    pub fn connected_ms(&self) -> u64 {
        match (self.bridged_at, self.ended_at) {
            (Some(from), Some(to)) => millis_between(from, to),
            _ => 0,
        }
    }
}

/// A recording of the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CdrRecording {
    /// Its id.
    pub recording: RecordingId,
    /// Storage key.
    pub key: String,
    /// 1 or 2.
    pub channels: u8,
    /// Length, once finished.
    pub duration_ms: Option<u64>,
    /// Size, once finished.
    pub bytes: Option<u64>,
    /// What went wrong.
    pub failure: Option<String>,
}

/// The call detail record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cdr {
    /// Whose.
    pub tenant: TenantId,
    /// Which call.
    pub call: CallId,
    /// How it began.
    pub started: StartedCall,
    /// When it began.
    pub started_at: Timestamp,
    /// When the caller was answered.
    pub answered_at: Option<Timestamp>,
    /// When it was over; absent while it runs.
    pub ended_at: Option<Timestamp>,
    /// Where it stands.
    pub status: CallStatus,
    /// Why it ended.
    pub cause: Option<EndCause>,
    /// Who ended it.
    pub ended_by: Option<Party>,
    /// The status we gave the caller, when it was refused.
    pub sip_status: Option<u16>,
    /// In the order they were dialled.
    pub legs: Vec<CdrLeg>,
    /// In the order they began.
    pub recordings: Vec<CdrRecording>,
    /// What the flow put on it.
    pub tags: BTreeMap<String, serde_json::Value>,
    /// Keys the caller pressed.
    pub digits: String,
    /// How the caller's side sounded.
    pub quality: Option<MediaQuality>,
    /// Highest sequence seen.
    pub last_sequence: u32,
}

/// Why events do not make a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FoldError {
    /// Nothing to fold.
    #[error("no events")]
    Empty,
    /// `call.started` is missing.
    #[error("call.started is missing")]
    NotStarted,
    /// Events of two calls.
    #[error("events of more than one call")]
    MixedCalls,
}

fn millis_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
}

impl Cdr {
    /// Folds a call's events. Repeats are ignored and any order is accepted; a call without an end folds to one that runs.
    pub fn from_events(events: &[CallEvent]) -> Result<Self, FoldError> {
        let mut ordered: Vec<&CallEvent> = events.iter().collect();
        ordered.sort_by_key(|event| event.sequence);
        ordered.dedup_by_key(|event| event.sequence);
        let first = ordered.first().ok_or(FoldError::Empty)?;
        if ordered.iter().any(|event| event.call != first.call) {
            return Err(FoldError::MixedCalls);
        }
        let (started_at, started) = ordered
            .iter()
            .find_map(|event| match &event.what {
                What::Started(started) => Some((event.at, started.as_ref().clone())),
                _ => None,
            })
            .ok_or(FoldError::NotStarted)?;
        let mut cdr = Self {
            tenant: first.tenant,
            call: first.call,
            started,
            started_at,
            answered_at: None,
            ended_at: None,
            status: CallStatus::Initiated,
            cause: None,
            ended_by: None,
            sip_status: None,
            legs: Vec::new(),
            recordings: Vec::new(),
            tags: BTreeMap::new(),
            digits: String::new(),
            quality: None,
            last_sequence: 0,
        };
        for event in ordered {
            cdr.apply(event);
        }
        Ok(cdr)
    }

    /// Goes on with the next event. [`Cdr::from_events`] is this, once for each event in order of sequence: the caller
    /// must not pass one of another call, leave one out or repeat one.
    pub fn apply(&mut self, event: &CallEvent) {
        self.last_sequence = event.sequence;
        match &event.what {
            What::Answered => {
                self.answered_at.get_or_insert(event.at);
                self.status = CallStatus::Answered;
            }
            What::Tagged { tags } => self.tags.extend(tags.clone()),
            What::DigitReceived { digit, .. } => self.digits.push(*digit),
            What::RecordingStarted { recording, key, channels } => self.recordings.push(CdrRecording {
                recording: *recording,
                key: key.clone(),
                channels: *channels,
                duration_ms: None,
                bytes: None,
                failure: None,
            }),
            What::RecordingFinished { recording, duration_ms, bytes } => {
                if let Some(entry) = self.recording(*recording) {
                    entry.duration_ms = Some(*duration_ms);
                    entry.bytes = Some(*bytes);
                }
            }
            What::RecordingFailed { recording, reason } => {
                if let Some(entry) = self.recording(*recording) {
                    entry.failure = Some(reason.clone());
                }
            }
            What::Ended { cause, by, sip_status, .. } => self.end(event.at, *cause, *by, *sip_status),
            What::QualityMeasured { leg: None, quality } => self.quality = Some(*quality),
            leg_event => self.apply_to_leg(event.at, leg_event),
        }
    }

    fn apply_to_leg(&mut self, at: Timestamp, what: &What) {
        match what {
            What::LegStarted { leg, role, destination, buyer, endpoint, lease, terms, trunk, agent } => {
                self.legs.push(CdrLeg {
                    leg: *leg,
                    role: *role,
                    destination: destination.clone(),
                    buyer: *buyer,
                    endpoint: *endpoint,
                    lease: *lease,
                    terms: *terms,
                    trunk: *trunk,
                    agent: *agent,
                    started_at: at,
                    answered_at: None,
                    bridged_at: None,
                    ended_at: None,
                    failure: None,
                    sip_status: None,
                    quality: None,
                })
            }
            What::LegRinging { .. } if self.status == CallStatus::Initiated => self.status = CallStatus::Ringing,
            What::LegAnswered { leg } => self.with_leg(*leg, |entry| entry.answered_at = Some(at)),
            What::Bridged { leg } => self.with_leg(*leg, |entry| {
                entry.bridged_at.get_or_insert(at);
            }),
            What::LegFailed { leg, failure, sip_status } => self.with_leg(*leg, |entry| {
                entry.failure = Some(*failure);
                entry.sip_status = *sip_status;
                entry.ended_at = Some(at);
            }),
            What::LegEnded { leg, .. } => self.with_leg(*leg, |entry| entry.ended_at = Some(at)),
            What::QualityMeasured { leg: Some(leg), quality } => {
                self.with_leg(*leg, |entry| entry.quality = Some(*quality));
            }
            _ => {}
        }
    }

    fn end(&mut self, at: Timestamp, cause: EndCause, by: Party, sip_status: Option<u16>) {
        self.ended_at = Some(at);
        self.cause = Some(cause);
        self.ended_by = Some(by);
        self.sip_status = sip_status;
        if sip_status.is_some() {
            // A refusal was the final answer, so the 200 never left: `call.answered` was logged ahead of it (ADR 0003).
            self.answered_at = None;
        }
        self.status = match (self.answered_at, cause) {
            (Some(_), _) => CallStatus::Completed,
            (None, EndCause::Cancelled) => CallStatus::Cancelled,
            (None, EndCause::Busy) => CallStatus::Busy,
            (None, EndCause::NoAnswer) => CallStatus::NoAnswer,
            (None, _) => CallStatus::Failed,
        };
        // A leg that never said goodbye, as after a crash, ended with its call.
        for leg in self.legs.iter_mut().filter(|leg| leg.ended_at.is_none()) {
            leg.ended_at = Some(at);
        }
    }

    fn recording(&mut self, id: RecordingId) -> Option<&mut CdrRecording> {
        self.recordings.iter_mut().find(|entry| entry.recording == id)
    }

    fn with_leg(&mut self, id: LegId, change: impl FnOnce(&mut CdrLeg)) {
        if let Some(leg) = self.legs.iter_mut().find(|leg| leg.leg == id) {
            change(leg);
        }
    }

    /// From the first INVITE to the end, milliseconds; 0 while the call runs.
    pub fn duration_ms(&self) -> u64 {
        self.ended_at.map_or(0, |ended| millis_between(self.started_at, ended))
    }

    /// From our answer to the end, milliseconds: what the platform's minutes are counted from. 0 when never answered.
    pub fn answered_ms(&self) -> u64 {
        match (self.answered_at, self.ended_at) {
            (Some(from), Some(to)) => millis_between(from, to),
            _ => 0,
        }
    }

    /// The leg of the sale: of those that were connected as a buyer, the one connected longest.
    pub fn sold_leg(&self) -> Option<&CdrLeg> {
        self.legs
            .iter()
            .filter(|leg| leg.role == LegRole::Buyer && leg.bridged_at.is_some())
            .max_by_key(|leg| leg.connected_ms())
    }

    /// Recorded time, milliseconds, over all recordings.
    pub fn recorded_ms(&self) -> u64 {
        self.recordings.iter().filter_map(|recording| recording.duration_ms).sum()
    }
}
