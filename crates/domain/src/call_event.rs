//! The event log is the truth of a call: CDR, charge, report, webhook and live screen are folds of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    AgentId, BuyerId, CallId, CampaignId, ComplianceVerdict, Direction, EndpointId, FlowId, IdentityClaim, LeaseId,
    LegId, NumberId, PublisherId, RankingRecord, RecordingId, SaleTerms, SwitchId, TenantId, Timestamp, TrunkId,
};

/// One thing that happened to a call. Unique by call and sequence; a fold tolerates repeats and any order of arrival.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallEvent {
    /// Whose call.
    pub tenant: TenantId,
    /// Which call.
    pub call: CallId,
    /// 0, 1, 2 ... within the call, without gaps.
    pub sequence: u32,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// How far a carrier vouches for the caller's number (RFC 8588).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Attestation {
    /// Full.
    A,
    /// Partial.
    B,
    /// Gateway.
    C,
    /// None, or not verified.
    #[default]
    #[serde(rename = "NONE")]
    None,
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The one who dialled, or, where the platform calls, who was called.
    Caller,
    /// The other leg: buyer or agent.
    Callee,
    /// The flow, a limit or a fault of ours.
    Platform,
    /// A person, through the API.
    Operator,
}

/// What the other leg is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegRole {
    /// A sale.
    Buyer,
    /// An agent of a queue.
    Agent,
    /// Whom the platform calls: each try is a leg, and the one that answers is the caller's side from then on.
    Consumer,
}

/// Why a leg did not connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegFailure {
    /// 486 or 600.
    Busy,
    /// It rang and nobody answered in time, or 480, 408.
    NoAnswer,
    /// 403, 603 and the like.
    Rejected,
    /// 404, 484, 604: there is no such subscriber.
    NotFound,
    /// 5xx, or no reply at all.
    Unavailable,
    /// We gave up first: the caller left.
    Cancelled,
    /// No codec in common.
    Media,
    /// The buyer's side declined the whisper.
    Declined,
    /// The carrier wants a user name and password, and the trunk's are wrong or missing.
    Unauthorized,
}

/// How a digit came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DigitSource {
    /// A telephone-event in RTP (RFC 4733).
    Rtp,
    /// A SIP INFO.
    Info,
}

/// How a prompt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptEnd {
    /// To its end.
    Finished,
    /// A digit or the next step cut it.
    Interrupted,
    /// It could not be loaded.
    Unavailable,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// Somebody hung up, or the flow came to its end.
    Normal,
    /// The flow hung up as busy, or all buyers were.
    Busy,
    /// The flow hung up as rejected.
    Rejected,
    /// The flow hung up as timeout, or nobody answered.
    NoAnswer,
    /// The caller left before an answer; where the platform calls, it gave up.
    Cancelled,
    /// The dialled number is not one of ours; where the platform calls, nobody's.
    UnknownNumber,
    /// The number has no published flow.
    NoFlow,
    /// No buyer could take it and the flow had nothing else.
    NoBuyers,
    /// The longest a call may last.
    MaxDuration,
    /// Nothing was heard for too long.
    MediaTimeout,
    /// No codec in common.
    Media,
    /// The caller never acknowledged our answer.
    NoAck,
    /// Compliance forbade it.
    Compliance,
    /// The platform was full; where it calls, no carrier took the call.
    Congestion,
    /// The switch went away; closed at its last sign of life.
    SwitchRestarted,
    /// A fault of ours, in the flow or the platform.
    Error,
}

impl EndCause {
    /// Q.850 cause (inventory, section 3.1).
    pub fn q850(self) -> u8 {
        match self {
            Self::Normal | Self::Cancelled | Self::MaxDuration => 16,
            Self::Busy => 17,
            Self::NoAnswer => 19,
            Self::Rejected | Self::Compliance => 21,
            Self::UnknownNumber => 1,
            Self::NoFlow | Self::NoBuyers => 31,
            Self::Media => 88,
            Self::NoAck | Self::MediaTimeout => 102,
            Self::Congestion => 42,
            Self::SwitchRestarted | Self::Error => 41,
        }
    }
}

/// How it sounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaQuality {
    /// RTP packets received.
    pub packets_received: u64,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// Never arrived.
    pub packets_lost: u64,
    /// Interarrival jitter, microseconds (RFC 3550, A.8).
    pub jitter_us: u32,
    /// Estimated mean opinion score times 100 (100-450), where anything was heard.
    pub mos_centi: Option<u16>,
}

/// The first event's facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartedCall {
    /// Inbound or outbound.
    pub direction: Direction,
    /// The caller's number, E.164 where it is one; where the platform calls, the number it shows.
    pub from: String,
    /// The dialled number, E.164 where it is one.
    pub to: String,
    /// The name the caller's carrier gave.
    pub caller_name: Option<String>,
    /// How it came in.
    pub trunk: Option<TrunkId>,
    /// How far the carrier vouches for `from`, where that is known; what the INVITE claims is not.
    pub attestation: Attestation,
    /// What the INVITE claims of the caller's number, where it claims anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_claim: Option<Box<IdentityClaim>>,
    /// The tracking number.
    pub number: Option<NumberId>,
    /// The number's campaign.
    pub campaign: Option<CampaignId>,
    /// The campaign's publisher.
    pub publisher: Option<PublisherId>,
    /// The flow it runs.
    pub flow: Option<FlowId>,
    /// The published version it runs.
    pub flow_version: Option<u32>,
    /// Call-ID of the caller's dialog. Empty where the platform calls: each of its tries has its own.
    pub sip_call_id: String,
    /// Which run of which switch holds it.
    pub switch: SwitchId,
    /// The agent who had the platform place it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
}

impl StartedCall {
    /// A call that came in, of which nothing else is known yet.
    pub fn unrouted(
        from: impl Into<String>,
        to: impl Into<String>,
        sip_call_id: impl Into<String>,
        switch: SwitchId,
    ) -> Self {
        Self {
            direction: Direction::Inbound,
            from: from.into(),
            to: to.into(),
            caller_name: None,
            trunk: None,
            attestation: Attestation::None,
            identity_claim: None,
            number: None,
            campaign: None,
            publisher: None,
            flow: None,
            flow_version: None,
            sip_call_id: sip_call_id.into(),
            switch,
            agent: None,
        }
    }
}

/// What happened. The names are the event catalogue's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all_fields = "camelCase")]
pub enum What {
    /// An INVITE for one of our numbers, or an order to call somebody.
    #[serde(rename = "call.started")]
    Started(Box<StartedCall>),
    /// The platform answered the caller, or who was called answered.
    #[serde(rename = "call.answered")]
    Answered,
    /// The flow came to a node.
    #[serde(rename = "call.node.entered")]
    NodeEntered { node: String, kind: String },
    /// The flow left a node by this outcome: `1`, `default`, `timeout`, `true`, `no-buyers` ...
    #[serde(rename = "call.node.left")]
    NodeLeft { node: String, outcome: String },
    /// A prompt was played to the caller.
    #[serde(rename = "call.prompt.played")]
    PromptPlayed { prompt: String, end: PromptEnd },
    /// The caller pressed a key.
    #[serde(rename = "call.digit.received")]
    DigitReceived { digit: char, source: DigitSource },
    /// The flow put tags on the call; later ones win.
    #[serde(rename = "call.tagged")]
    Tagged { tags: BTreeMap<String, serde_json::Value> },
    /// Buyers were put in order.
    #[serde(rename = "call.buyers.ranked")]
    Ranked { node: String, ranking: Box<RankingRecord> },
    /// Compliance forbade the sale, the call or the transfer: why, and on which data.
    #[serde(rename = "call.compliance.blocked")]
    ComplianceBlocked { verdict: Box<ComplianceVerdict> },
    /// Compliance allowed a call or a transfer of ours: the evidence. That of a sale is in `call.buyers.ranked`.
    #[serde(rename = "call.compliance.cleared")]
    ComplianceCleared { verdict: Box<ComplianceVerdict> },
    /// The caller waits for an agent.
    #[serde(rename = "call.queue.joined")]
    QueueJoined { queue: String },
    /// The caller waits no more: `connected`, `timeout`, `full`, `rejected`, `abandoned`, `left`.
    #[serde(rename = "call.queue.left")]
    QueueLeft { queue: String, outcome: String },
    /// Another leg is dialled.
    #[serde(rename = "call.leg.started")]
    LegStarted {
        leg: LegId,
        role: LegRole,
        destination: String,
        buyer: Option<BuyerId>,
        endpoint: Option<EndpointId>,
        lease: Option<LeaseId>,
        terms: Option<SaleTerms>,
        /// Over which trunk, where a telephone number is dialled.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trunk: Option<TrunkId>,
        /// Which agent, where it is one and not a phone of the queue's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
    },
    /// It rings.
    #[serde(rename = "call.leg.ringing")]
    LegRinging { leg: LegId, early_media: bool },
    /// It answered.
    #[serde(rename = "call.leg.answered")]
    LegAnswered { leg: LegId },
    /// It did not connect. `sip_status` is absent when no reply came.
    #[serde(rename = "call.leg.failed")]
    LegFailed { leg: LegId, failure: LegFailure, sip_status: Option<u16> },
    /// Caller and leg hear each other.
    #[serde(rename = "call.bridged")]
    Bridged { leg: LegId },
    /// A side put the other on hold.
    #[serde(rename = "call.held")]
    Held { by: Party },
    /// And took it back.
    #[serde(rename = "call.resumed")]
    Resumed { by: Party },
    /// The leg is over; caller and leg no longer hear each other.
    #[serde(rename = "call.leg.ended")]
    LegEnded { leg: LegId, by: Party },
    /// How a side sounded, once its media is closed; no leg for the caller's side. May follow `call.ended`.
    #[serde(rename = "call.quality.measured")]
    QualityMeasured { leg: Option<LegId>, quality: MediaQuality },
    /// Recording began under this storage key.
    #[serde(rename = "call.recording.started")]
    RecordingStarted { recording: RecordingId, key: String, channels: u8 },
    /// The recording is complete.
    #[serde(rename = "call.recording.finished")]
    RecordingFinished { recording: RecordingId, duration_ms: u64, bytes: u64 },
    /// The recording could not be (fully) written.
    #[serde(rename = "call.recording.failed")]
    RecordingFailed { recording: RecordingId, reason: String },
    /// The call is over. Exactly one; only recordings that finish and quality that is measured may follow.
    #[serde(rename = "call.ended")]
    Ended { cause: EndCause, by: Party, sip_status: Option<u16>, detail: Option<String> },
}

impl What {
    /// The catalogue's name, as in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started(_) => "call.started",
            Self::Answered => "call.answered",
            Self::NodeEntered { .. } => "call.node.entered",
            Self::NodeLeft { .. } => "call.node.left",
            Self::PromptPlayed { .. } => "call.prompt.played",
            Self::DigitReceived { .. } => "call.digit.received",
            Self::Tagged { .. } => "call.tagged",
            Self::Ranked { .. } => "call.buyers.ranked",
            Self::ComplianceBlocked { .. } => "call.compliance.blocked",
            Self::ComplianceCleared { .. } => "call.compliance.cleared",
            Self::QueueJoined { .. } => "call.queue.joined",
            Self::QueueLeft { .. } => "call.queue.left",
            Self::LegStarted { .. } => "call.leg.started",
            Self::LegRinging { .. } => "call.leg.ringing",
            Self::LegAnswered { .. } => "call.leg.answered",
            Self::LegFailed { .. } => "call.leg.failed",
            Self::Bridged { .. } => "call.bridged",
            Self::Held { .. } => "call.held",
            Self::Resumed { .. } => "call.resumed",
            Self::LegEnded { .. } => "call.leg.ended",
            Self::QualityMeasured { .. } => "call.quality.measured",
            Self::RecordingStarted { .. } => "call.recording.started",
            Self::RecordingFinished { .. } => "call.recording.finished",
            Self::RecordingFailed { .. } => "call.recording.failed",
            Self::Ended { .. } => "call.ended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_type_is_the_catalogue_name() {
        let event = CallEvent {
            tenant: TenantId(uuid::Uuid::nil()),
            call: CallId(uuid::Uuid::nil()),
            sequence: 3,
            at: Timestamp::from_secs(0),
            what: What::DigitReceived { digit: '1', source: DigitSource::Rtp },
        };
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["type"], event.what.name());
        assert_eq!(json["data"]["digit"], "1");
        assert_eq!(serde_json::from_value::<CallEvent>(json).unwrap(), event);
        let answered = CallEvent { what: What::Answered, ..event };
        let json = serde_json::to_string(&answered).unwrap();
        assert_eq!(serde_json::from_str::<CallEvent>(&json).unwrap(), answered, "{json}");
    }
}
