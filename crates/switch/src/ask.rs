//! What a call asks of the rest of the platform, and what comes back. A call never waits inside: it asks with a token and
//! goes on when the answer arrives as input.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    AgentId, Attestation, BuyerId, CallId, CampaignId, ComplianceVerdict, EndpointId, FlowId, LeaseId, NumberId,
    PhoneNumber, PublisherId, RankingRecord, SaleTerms, TenantId, Timestamp, TrunkId,
};

/// Names one question of one call, so that a late answer finds its way or is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// The call that asked.
    pub call: CallId,
    /// Counted within the call.
    pub number: u32,
}

/// A question.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Which flow runs for this dialled number? Answered by [`Answer::Flow`] or [`Answer::NoFlow`].
    FindFlow(FindFlow),
    /// Which flow runs with somebody who is called for this campaign? Answered by [`Answer::Flow`] or [`Answer::NoFlow`].
    FindCampaign(FindCampaign),
    /// Over which trunk is this number called now? Screens the number, reserves a place of the first trunk that has one, and answers
    /// with [`Answer::Line`] or [`Answer::NoLine`]. Asked again when a carrier did not take the call, with its trunk among `tried`.
    NextLine(Box<LineSearch>),
    /// Who gets the call now? Ranks, reserves the caps of the first who has room, and answers with [`Answer::Offer`] or
    /// [`Answer::NoOffer`]. Asked again after a failed leg, with that endpoint among `tried`.
    NextBuyer(Box<BuyerSearch>),
    /// An answer came too late to be used: its reservation is free again. Not answered.
    GiveBack { tenant: TenantId, lease: LeaseId },
    /// Put the caller into a queue, at the place of one who waits since then: a caller whose agent did not answer keeps their place.
    /// Answered by [`Answer::QueueTurn`] when an agent is free, or [`Answer::QueueFull`], which one who is back is not told.
    JoinQueue { tenant: TenantId, queue: String, size_max: Option<u32>, since: Timestamp, is_back: bool },
    /// The caller waits no more, and unless served needs no agent who was found meanwhile. Not answered.
    LeaveQueue { tenant: TenantId, queue: String, served: bool },
    /// Load a prompt (`tone:`, `file:`, object key, `https:`, `say:` or plain text). Answered by [`Answer::Prompt`].
    LoadPrompt { tenant: TenantId, prompt: Arc<str> },
}

/// The facts [`Ask::FindFlow`] is decided on.
#[derive(Clone, Debug)]
pub struct FindFlow {
    /// Whose trunk the call came over.
    pub tenant: TenantId,
    /// The trunk.
    pub trunk: Option<TrunkId>,
    /// What was dialled: the user part of the Request-URI.
    pub dialled: String,
    /// The caller, as signalled.
    pub caller: String,
}

/// The facts [`Ask::FindCampaign`] is decided on.
#[derive(Clone, Debug)]
pub struct FindCampaign {
    /// Whose.
    pub tenant: TenantId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The number that is shown.
    pub number: NumberId,
    /// The same, E.164.
    pub from: String,
}

/// Who is to be called.
#[derive(Clone, Debug)]
pub struct LineSearch {
    /// The call.
    pub call: CallId,
    /// Whose.
    pub tenant: TenantId,
    /// For which campaign.
    pub campaign: CampaignId,
    /// Whom.
    pub to: PhoneNumber,
    /// The number that is shown.
    pub from: String,
    /// A consent to rely on.
    pub consent_token: Option<String>,
    /// Trunks whose carrier did not take the call.
    pub tried: Vec<TrunkId>,
    /// How long it may ring.
    pub rings: Duration,
    /// When.
    pub now: Timestamp,
}

/// Why nobody is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLine {
    /// Compliance forbids it.
    Forbidden,
    /// No trunk carries calls out, or has room, or is left to be tried.
    NoTrunk,
}

/// What a number runs.
#[derive(Clone, Debug)]
pub struct FlowFound {
    /// Whose call it is.
    pub tenant: TenantId,
    /// The tracking number, E.164.
    pub dialled: String,
    /// Its id.
    pub number: NumberId,
    /// Its campaign.
    pub campaign: Option<CampaignId>,
    /// The campaign's name, for flow expressions.
    pub campaign_name: String,
    /// The campaign's publisher.
    pub publisher: Option<PublisherId>,
    /// The flow.
    pub flow: FlowId,
    /// Its published version.
    pub version: u32,
    /// Ready to run.
    pub program: Arc<flow::Program>,
    /// IANA zone for the flow's `hour` and `weekday`.
    pub time_zone: String,
    /// Record from the first answer on, whatever the flow says.
    pub record: bool,
    /// What a call of ours begins with, before the flow.
    pub intro: Option<Arc<str>>,
    /// The call's room where its tenant or trunk is limited. It ends with the call.
    pub lease: Option<LeaseId>,
}

/// Who is wanted.
#[derive(Clone, Debug)]
pub struct BuyerSearch {
    /// The call.
    pub call: CallId,
    /// Whose call.
    pub tenant: TenantId,
    /// Its campaign.
    pub campaign: Option<CampaignId>,
    /// The campaign's publisher.
    pub publisher: Option<PublisherId>,
    /// The flow it runs.
    pub flow: FlowId,
    /// The buyer node.
    pub node: String,
    /// Its buyers and strategy.
    pub offer: Arc<flow::BuyerOffer>,
    /// The caller's number.
    pub caller: String,
    /// How far the carrier vouches for it.
    pub attestation: Attestation,
    /// Tags on the call, as JSON text values.
    pub tags: Vec<(String, String)>,
    /// Endpoints already tried for this node.
    pub tried: Vec<EndpointId>,
    /// The endpoint that is wanted over another trunk: its carrier did not take the call, so it was not reached at all.
    pub again: Option<EndpointId>,
    /// Over which trunks endpoints have been tried already.
    pub tried_lines: Vec<(EndpointId, TrunkId)>,
    /// The draw for weighted strategies, so that a decision can be repeated.
    pub draw: u64,
    /// When.
    pub now: Timestamp,
}

/// The one to try next.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Who.
    pub buyer: BuyerId,
    /// Where.
    pub endpoint: EndpointId,
    /// The reservation. Committed, released or expired by the call's events.
    pub lease: LeaseId,
    /// SIP URI, or a telephone number.
    pub destination: String,
    /// How the number is reached.
    pub line: Option<Line>,
    /// On which terms.
    pub terms: SaleTerms,
    /// How long it may ring, where the endpoint says so.
    pub ring_timeout_ms: Option<u64>,
    /// Longest connected time, where the buyer says so.
    pub duration_max_ms: Option<u64>,
}

/// The way to a telephone number: over a trunk.
#[derive(Clone, Debug)]
pub struct Line {
    /// Which.
    pub trunk: TrunkId,
    /// The number at the carrier, as a SIP URI.
    pub uri: String,
    /// The number that is shown, as the carrier wants it; absent: withheld.
    pub caller_id: Option<String>,
    /// Whether it is asserted besides (P-Asserted-Identity, RFC 3325).
    pub asserts_identity: bool,
    /// What the carrier may ask for.
    pub credentials: Option<sip::digest::Credentials>,
}

/// An answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To [`Ask::FindFlow`] and [`Ask::FindCampaign`].
    Flow(Box<FlowFound>),
    /// To [`Ask::FindFlow`] and [`Ask::FindCampaign`].
    NoFlow(NoFlow),
    /// To [`Ask::NextBuyer`]. `screened`: what compliance said of each telephone number on the way to it.
    Offer { offer: Box<Offer>, ranking: Box<RankingRecord>, screened: Vec<ComplianceVerdict> },
    /// To [`Ask::NextBuyer`]. `all_busy`: somebody would take it but for a cap.
    NoOffer { all_busy: bool, ranking: Box<RankingRecord>, screened: Vec<ComplianceVerdict> },
    /// To [`Ask::NextLine`]. `verdict`: what compliance said.
    Line { line: Box<Line>, lease: LeaseId, verdict: Option<Box<ComplianceVerdict>> },
    /// To [`Ask::NextLine`].
    NoLine { why: NoLine, verdict: Option<Box<ComplianceVerdict>> },
    /// To [`Ask::JoinQueue`]: dial this agent.
    QueueTurn { agent: String, destination: String, id: Option<AgentId> },
    /// To [`Ask::JoinQueue`].
    QueueFull,
    /// To [`Ask::LoadPrompt`]: 8 kHz mono samples.
    Prompt(Arc<[i16]>),
    /// To [`Ask::LoadPrompt`]: it cannot be had; the call goes on without it.
    NoPrompt { reason: String },
    /// To any question: storage or a limit failed. The call takes its failure path.
    Failed { reason: String },
}

/// Why a dialled number runs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFlow {
    /// Not one of this tenant's ACTIVE numbers: 404.
    UnknownNumber,
    /// The number's campaign is missing or paused, or its flow has no published version: 480.
    NotPublished,
    /// The tenant may not take calls now (suspended, or its or the trunk's limit of concurrent calls): 503.
    TenantClosed,
}
