//! One call with everything known of it: folds of its events, and its money.

use domain::{CallEvent, Cdr, CdrLeg, LegFailure, LegId, MediaQuality, RankingRecord, SaleTerms, What};
use operations::{Accrual, Posting, Side};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Call, CallDirection, CallStatus, word};
use crate::{
    convert::whole_secs,
    event_view,
    problem::{ApiError, ApiResult},
    routes::{
        compliance::{ComplianceCheckResult, verdict_view},
        recordings::{self, Recording},
    },
    sides,
    wire::{Amount, Names, Time},
};

/// A call with everything known of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallDetail {
    #[serde(flatten)]
    call: Call,
    /// Attempts to reach somebody, in the order they were dialled.
    legs: Vec<CallLeg>,
    /// Everything that happened, in order.
    timeline: Vec<TimelineEvent>,
    /// Each decision about buyers: who, in which order, and why not the others.
    routing: Vec<RoutingDecision>,
    /// What was recorded.
    recordings: Vec<Recording>,
    /// The record, once the call is over.
    cdr: Option<CallRecord>,
    /// What it was charged.
    charges: Vec<Charge>,
    /// Its lines in the books; they sum to zero.
    postings: Vec<PostingView>,
}

impl CallDetail {
    /// What one side knows of its call: a buyer the legs to themselves, a publisher the one that connected; of the money their own
    /// line; nothing of how buyers were chosen.
    pub(super) fn for_side(self, side: Side, found: &operations::CallDetail) -> Self {
        let (own, account) = match side {
            Side::Whole => return self,
            Side::Publisher(id) => (id.uuid(), format!("publisher_payable:{id}")),
            Side::Buyer(id) => (id.uuid(), format!("buyer_receivable:{id}")),
        };
        let is_publisher = matches!(side, Side::Publisher(_));
        let legs = self.legs.into_iter().filter(|leg| match side {
            Side::Publisher(_) => leg.connected_at.is_some(),
            _ => leg.buyer_id == Some(own),
        });
        let legs = legs.map(|leg| CallLeg {
            terms: None,
            endpoint_id: None,
            buyer_id: leg.buyer_id.filter(|_| !is_publisher),
            buyer_name: leg.buyer_name.filter(|_| !is_publisher),
            destination: leg.destination.filter(|_| !is_publisher),
            ..leg
        });
        let mut events: Vec<&CallEvent> = found.events.iter().filter(|event| sides::shows(&event.what)).collect();
        events.sort_by_key(|event| event.sequence);
        let timeline =
            events.into_iter().map(|event| TimelineEvent { data: sides::data(event), ..timeline_event(event) });
        Self {
            call: self.call.for_side(side),
            legs: legs.collect(),
            timeline: timeline.collect(),
            routing: Vec::new(),
            cdr: self.cdr.map(|cdr| CallRecord { cost: None, ..cdr }),
            charges: Vec::new(),
            postings: self.postings.into_iter().filter(|posting| posting.account == account).collect(),
            recordings: self.recordings,
        }
    }
}

/// One attempt to reach somebody.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallLeg {
    /// The leg's id.
    id: Uuid,
    /// `buyer`, `agent`, or `consumer`: whom the platform calls.
    #[schema(example = "buyer")]
    role: String,
    /// How far the leg is, or how it ended.
    status: CallStatus,
    /// Which way the leg goes.
    direction: CallDirection,
    /// SIP URI or number dialled. Absent for publishers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sip:sales@buyer.example")]
    destination: Option<String>,
    /// The buyer that was dialled; null where it was nobody's leg.
    buyer_id: Option<Uuid>,
    /// The buyer's name; null where there is none.
    buyer_name: Option<String>,
    /// The buyer's endpoint that was dialled; null where there is none.
    endpoint_id: Option<Uuid>,
    /// When the leg began.
    started_at: Time,
    /// When the leg was answered; null: not (yet).
    answered_at: Option<Time>,
    /// When caller and leg first heard each other.
    connected_at: Option<Time>,
    /// When the leg ended; null: not yet.
    ended_at: Option<Time>,
    /// Seconds caller and leg heard each other.
    duration: u64,
    /// Over which trunk, where a telephone number was dialled.
    trunk_id: Option<Uuid>,
    /// Why it did not connect: `busy`, `no_answer`, `unavailable`, `unauthorized` (the carrier does not take the trunk's user name and
    /// password) ...
    failure: Option<String>,
    /// What the far side answered last.
    sip_status: Option<u16>,
    /// On which terms it was offered.
    terms: Option<Terms>,
    /// How its side sounded; null where no audio was.
    quality: Option<Quality>,
}

/// What the buyer pays and the publisher earns, fixed when the call was offered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// What the buyer pays once the call converts.
    revenue: Amount,
    /// Seconds connected after which the buyer pays.
    revenue_after_seconds: u64,
    /// What the publisher earns once the call converts.
    payout: Amount,
    /// Seconds connected after which the publisher earns.
    payout_after_seconds: u64,
    /// Of the amounts, ISO 4217.
    currency: String,
}

impl Terms {
    fn of(terms: &SaleTerms) -> Self {
        Self {
            revenue: Amount(terms.revenue),
            revenue_after_seconds: whole_secs(terms.revenue_after_ms),
            payout: Amount(terms.payout),
            payout_after_seconds: whole_secs(terms.payout_after_ms),
            currency: terms.currency.code().to_owned(),
        }
    }
}

/// How it sounded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Quality {
    /// RTP packets received.
    packets_received: u64,
    /// RTP packets sent.
    packets_sent: u64,
    /// RTP packets that did not arrive.
    packets_lost: u64,
    /// Jitter, milliseconds (RFC 3550).
    jitter_ms: f64,
    /// Estimated mean opinion score, 1 to 4.5.
    mos: Option<f64>,
}

impl Quality {
    fn of(quality: &MediaQuality) -> Self {
        Self {
            packets_received: quality.packets_received,
            packets_sent: quality.packets_sent,
            packets_lost: quality.packets_lost,
            jitter_ms: f64::from(quality.jitter_us) / 1_000.0,
            mos: quality.mos_centi.map(|mos| f64::from(mos) / 100.0),
        }
    }
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineEvent {
    /// 0, 1, 2 ... within the call.
    sequence: u32,
    /// When it happened.
    at: Time,
    /// Of the catalogue.
    #[serde(rename = "type")]
    #[schema(example = "call.leg.ringing")]
    kind: String,
    /// What happened, as docs/events.md has it for its type.
    #[schema(value_type = Object)]
    data: Value,
}

/// A decision about buyers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoutingDecision {
    /// The flow's node.
    node: String,
    /// When it was decided.
    at: Time,
    /// How they were put in order.
    #[schema(example = "weighted")]
    strategy: String,
    /// The buyer dialled on this decision; absent when nobody was.
    chosen: Option<Uuid>,
    /// In the order they are tried.
    candidates: Vec<RankedBuyer>,
    /// Everybody else.
    rejected: Vec<RejectedBuyer>,
    /// Whether the consumer might be sold at all; absent where nothing screened.
    compliance: Option<ComplianceCheckResult>,
}

/// One who could have the call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RankedBuyer {
    /// 1 is tried first.
    rank: usize,
    /// The buyer.
    buyer_id: Uuid,
    /// The buyer's name; null where it is gone.
    buyer_name: Option<String>,
    /// The buyer's endpoint.
    endpoint_id: Uuid,
    /// The buyer's share under the weighted strategy.
    weight: u32,
    /// The buyer's priority; lower is tried earlier.
    priority: i32,
    /// Performance in thousandths, where one is known.
    score_permille: Option<u16>,
    /// Calls held at the decision.
    active_calls: u32,
}

/// One who could not.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RejectedBuyer {
    /// The buyer.
    buyer_id: Uuid,
    /// The buyer's name; null where it is gone.
    buyer_name: Option<String>,
    /// The buyer's endpoint; null where the buyer as a whole was ruled out.
    endpoint_id: Option<Uuid>,
    /// `daily_cap`, `outside_hours`, `already_tried` ...
    #[schema(example = "daily_cap")]
    reason: String,
    /// The figures behind it.
    #[schema(example = "10 of 10 calls")]
    detail: String,
}

/// The call detail record.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallRecord {
    /// The call's id.
    call_id: Uuid,
    /// The caller, as signalled.
    from_number: String,
    /// Who was dialled.
    to_number: String,
    /// Which way the call goes.
    direction: CallDirection,
    /// How far the call is, or how it ended.
    status: CallStatus,
    /// Seconds from the first INVITE to the end.
    duration: u64,
    /// Seconds from our answer to the end.
    billable_duration: u64,
    /// What the tenant is charged.
    cost: Option<Amount>,
    /// Why it ended.
    cause: Option<String>,
    /// Q.850 cause code.
    q850: Option<u8>,
    /// `caller`, `callee`, `platform`, `operator`.
    ended_by: Option<String>,
    /// The status the caller got, when it was refused.
    sip_status: Option<u16>,
    /// Keys the caller pressed.
    digits: String,
    /// How the caller's side sounded.
    quality: Option<Quality>,
    /// When the record was made: the end of the call.
    created_at: Option<Time>,
}

/// Something the call was charged.
#[derive(Debug, Serialize, ToSchema)]
pub struct Charge {
    /// `CONNECTION_FEE`, `CALL_MINUTE_INBOUND`, `BUYER_REVENUE` ...
    #[serde(rename = "type")]
    #[schema(example = "CALL_MINUTE_INBOUND")]
    kind: String,
    /// How much.
    amount: Amount,
    /// Of the amount, ISO 4217.
    currency: String,
    /// What it is for, in words.
    description: String,
}

/// A line in the books.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Posting)]
pub struct PostingView {
    /// `tenant`, `platform:usage`, `buyer:<id>`, `publisher:<id>` ...
    account: String,
    /// Positive is debit, negative credit.
    amount: Amount,
    /// Of the amount, ISO 4217.
    currency: String,
    /// Why it was posted, in words.
    description: String,
    /// When it was posted.
    at: Time,
}

/// Everything known of a call.
pub(super) async fn view(found: &operations::CallDetail, names: &mut Names<'_>) -> ApiResult<CallDetail> {
    let cdr = Cdr::from_events(&found.events).map_err(ApiError::internal)?;
    let mut events: Vec<&CallEvent> = found.events.iter().collect();
    events.sort_by_key(|event| event.sequence);
    let mut legs = Vec::with_capacity(cdr.legs.len());
    for leg in &cdr.legs {
        legs.push(leg_view(leg, &events, names).await?);
    }
    let mut routing = Vec::new();
    for (index, event) in events.iter().enumerate() {
        if let What::Ranked { node, ranking } = &event.what {
            let chosen = chosen(events.get(index + 1..).unwrap_or(&[]));
            routing.push(decision(node, event, ranking, chosen, names).await?);
        }
    }
    let call = super::view(&found.row, names).await?;
    let cdr = found.row.ended_at.is_some().then(|| record(&cdr, &call));
    Ok(CallDetail {
        call,
        legs,
        timeline: events.iter().map(|event| timeline_event(event)).collect(),
        routing,
        recordings: found.recordings.iter().map(recordings::view).collect(),
        cdr,
        charges: found.accruals.iter().map(charge).collect(),
        postings: found.postings.iter().map(posting).collect(),
    })
}

fn timeline_event(event: &CallEvent) -> TimelineEvent {
    TimelineEvent {
        sequence: event.sequence,
        at: Time(event.at),
        kind: event.what.name().to_owned(),
        data: event_view::data_of(event),
    }
}

/// The buyer of the first leg that was dialled before anybody decided again.
fn chosen(later: &[&CallEvent]) -> Option<Uuid> {
    let until_next = later.iter().take_while(|event| !matches!(event.what, What::Ranked { .. }));
    let mut dialled = until_next.filter_map(|event| match &event.what {
        What::LegStarted { buyer, .. } => *buyer,
        _ => None,
    });
    dialled.next().map(|buyer| buyer.uuid())
}

async fn decision(
    node: &str,
    event: &CallEvent,
    ranking: &RankingRecord,
    chosen: Option<Uuid>,
    names: &mut Names<'_>,
) -> ApiResult<RoutingDecision> {
    let mut candidates = Vec::with_capacity(ranking.candidates.len());
    for (index, candidate) in ranking.candidates.iter().enumerate() {
        candidates.push(RankedBuyer {
            rank: index + 1,
            buyer_id: candidate.buyer.uuid(),
            buyer_name: names.buyer(Some(candidate.buyer)).await?.map(|buyer| buyer.name),
            endpoint_id: candidate.endpoint.uuid(),
            weight: candidate.weight,
            priority: candidate.priority,
            score_permille: candidate.score_permille,
            active_calls: candidate.active_calls,
        });
    }
    let mut rejected = Vec::with_capacity(ranking.rejected.len());
    for one in &ranking.rejected {
        rejected.push(RejectedBuyer {
            buyer_id: one.buyer.uuid(),
            buyer_name: names.buyer(Some(one.buyer)).await?.map(|buyer| buyer.name),
            endpoint_id: one.endpoint.map(|id| id.uuid()),
            reason: word(&one.reason).unwrap_or_default(),
            detail: one.detail.clone(),
        });
    }
    let strategy = word(&ranking.strategy).unwrap_or_default();
    Ok(RoutingDecision {
        node: node.to_owned(),
        at: Time(event.at),
        strategy,
        chosen,
        candidates,
        rejected,
        compliance: ranking.compliance.as_deref().map(verdict_view),
    })
}

async fn leg_view(leg: &CdrLeg, events: &[&CallEvent], names: &mut Names<'_>) -> ApiResult<CallLeg> {
    Ok(CallLeg {
        id: leg.leg.uuid(),
        role: word(&leg.role).unwrap_or_default(),
        status: leg_status(leg, events),
        direction: CallDirection::Outbound,
        destination: Some(leg.destination.clone()),
        buyer_id: leg.buyer.map(|id| id.uuid()),
        buyer_name: names.buyer(leg.buyer).await?.map(|buyer| buyer.name),
        endpoint_id: leg.endpoint.map(|id| id.uuid()),
        started_at: Time(leg.started_at),
        answered_at: leg.answered_at.map(Time),
        connected_at: leg.bridged_at.map(Time),
        ended_at: leg.ended_at.map(Time),
        duration: whole_secs(leg.connected_ms()),
        trunk_id: leg.trunk.map(|id| id.uuid()),
        failure: leg.failure.and_then(|failure| word(&failure)),
        sip_status: leg.sip_status,
        terms: leg.terms.as_ref().map(Terms::of),
        quality: leg.quality.as_ref().map(Quality::of),
    })
}

fn leg_status(leg: &CdrLeg, events: &[&CallEvent]) -> CallStatus {
    match leg.failure {
        Some(LegFailure::Busy) => return CallStatus::Busy,
        Some(LegFailure::NoAnswer) => return CallStatus::NoAnswer,
        Some(LegFailure::Cancelled) => return CallStatus::Cancelled,
        Some(_) => return CallStatus::Failed,
        None => {}
    }
    match (leg.answered_at, leg.ended_at) {
        (Some(_), Some(_)) => CallStatus::Completed,
        (Some(_), None) => CallStatus::Answered,
        (None, Some(_)) => CallStatus::Failed,
        (None, None) if rings(leg.leg, events) => CallStatus::Ringing,
        (None, None) => CallStatus::Initiated,
    }
}

fn rings(id: LegId, events: &[&CallEvent]) -> bool {
    events.iter().any(|event| matches!(event.what, What::LegRinging { leg, .. } if leg == id))
}

fn record(cdr: &Cdr, call: &Call) -> CallRecord {
    CallRecord {
        call_id: cdr.call.uuid(),
        from_number: cdr.started.from.clone(),
        to_number: cdr.started.to.clone(),
        direction: cdr.started.direction.into(),
        status: cdr.status.into(),
        duration: whole_secs(cdr.duration_ms()),
        billable_duration: whole_secs(cdr.answered_ms()),
        cost: call.cost,
        cause: super::end_reason(cdr.cause),
        q850: cdr.cause.map(domain::EndCause::q850),
        ended_by: cdr.ended_by.and_then(|party| word(&party)),
        sip_status: cdr.sip_status,
        digits: cdr.digits.clone(),
        quality: cdr.quality.as_ref().map(Quality::of),
        created_at: cdr.ended_at.map(Time),
    }
}

fn charge(accrual: &Accrual) -> Charge {
    Charge {
        kind: accrual.kind.to_string(),
        amount: Amount(accrual.amount),
        currency: accrual.currency.code().to_owned(),
        description: accrual.description.clone(),
    }
}

fn posting(posting: &Posting) -> PostingView {
    PostingView {
        account: posting.account.clone(),
        amount: Amount(posting.amount),
        currency: posting.currency.code().to_owned(),
        description: posting.description.clone(),
        at: Time(posting.at),
    }
}
