//! One call on a switch: what it does next, and the events it has yet to get into the log.

use std::{collections::VecDeque, time::Duration};

use domain::{
    Attestation, BuyerId, CallEvent, CallId, Direction, EndCause, EndpointId, IdSource, LeaseId, LegFailure, LegId,
    LegRole, Party, PublisherId, RecordingId, Seed, StartedCall, SwitchId, TenantId, Timestamp, What,
};
use routing::{Exploration, Forbidden, Pool, Search, Usage, lease::Claim, rank};

use crate::Market;

/// What really happened on the line, as the auditor is told: what both parties could testify.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    /// Compliance kept the call from them.
    pub forbidden: Vec<BuyerId>,
    /// When the 200 OK left.
    pub answered_at: Option<Timestamp>,
    /// With whom and from when to when it was connected.
    pub connected: Option<(BuyerId, EndpointId, Timestamp, Timestamp)>,
    /// The caller or buyer hung up, or the flow ended, and the switch lived to see it.
    pub ended_at: Option<Timestamp>,
    /// Length of the recording that was kept, milliseconds.
    pub recorded_ms: u64,
}

/// The leg there is, if any.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leg {
    pub id: LegId,
    pub lease: LeaseId,
    pub buyer: BuyerId,
    pub endpoint: EndpointId,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stage {
    /// Waits for room at this endpoint.
    Reserving { leg: Leg, asked: u32 },
    /// The buyer's phone rings.
    Ringing { leg: Leg },
    /// The buyer answered; the 200 OK waits for the log.
    Answering { leg: Leg },
    /// Connected.
    Talking { leg: Leg, since: Timestamp },
    /// Nothing more to come but, perhaps, a recording.
    Over,
}

/// What comes next by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The ringing ends: an answer, a failure, or the caller leaves.
    RingEnds,
    /// Somebody hangs up.
    HangUp,
    /// The recording is on disk.
    RecordingDone,
}

#[derive(Clone, Debug)]
pub(crate) struct LiveCall {
    pub id: CallId,
    tenant: TenantId,
    publisher: PublisherId,
    sequence: u32,
    /// Batches not yet known to be logged; one at a time is under way, so that they arrive in order.
    outbox: VecDeque<Vec<CallEvent>>,
    tried: Vec<EndpointId>,
    draw: u64,
    rotation: u64,
    pub stage: Stage,
    /// While it waits for room: what is asked.
    pub claims: Vec<Claim>,
    pub truth: Truth,
    recording: Option<RecordingId>,
}

impl LiveCall {
    pub fn arrive(market: &Market, run: SwitchId, now: Timestamp, ids: &mut IdSource, seed: &mut Seed) -> Self {
        let forbidden = market.snapshot.buyers().iter().map(|buyer| buyer.id).filter(|_| seed.below(10) == 0).collect();
        let mut call = Self {
            id: ids.next(now),
            tenant: market.snapshot.tenant(),
            publisher: market.publisher,
            sequence: 0,
            outbox: VecDeque::new(),
            tried: Vec::new(),
            draw: seed.next_u64(),
            rotation: seed.below(1_000),
            stage: Stage::Over,
            claims: Vec::new(),
            truth: Truth { forbidden, ..Truth::default() },
            recording: None,
        };
        let started = StartedCall {
            direction: Direction::Inbound,
            from: "+12125550100".into(),
            to: "+18005550100".into(),
            caller_name: None,
            trunk: None,
            attestation: Attestation::A,
            identity_claim: None,
            number: None,
            campaign: None,
            publisher: Some(market.publisher),
            flow: None,
            flow_version: None,
            sip_call_id: String::new(),
            switch: run,
            agent: None,
        };
        call.emit(now, [What::Started(Box::new(started))]);
        call
    }

    fn emit(&mut self, at: Timestamp, what: impl IntoIterator<Item = What>) {
        let (tenant, call) = (self.tenant, self.id);
        let numbered = (self.sequence..).zip(what);
        let batch: Vec<_> = numbered.map(|(sequence, what)| CallEvent { tenant, call, sequence, at, what }).collect();
        self.sequence += batch.len() as u32;
        self.outbox.push_back(batch);
    }

    /// The batch that is to be logged next.
    pub fn unlogged(&self) -> Option<&Vec<CallEvent>> {
        self.outbox.front()
    }

    /// True when nothing is left to do.
    pub fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Over) && self.outbox.is_empty() && self.recording.is_none()
    }

    /// The lease to renew: that of an answered call. Ringing has to end within the lease it began with.
    pub fn lease(&self) -> Option<LeaseId> {
        match self.stage {
            Stage::Talking { leg, .. } => Some(leg.lease),
            _ => None,
        }
    }

    /// Asks routing; with nobody left the call ends.
    pub fn search(&mut self, market: &Market, usage: &impl Usage, now: Timestamp, ids: &mut IdSource) {
        let why = |buyer: &BuyerId| Forbidden { buyer: *buyer, why: "screened" };
        let forbidden: Vec<_> = self.truth.forbidden.iter().map(why).collect();
        let search = Search {
            campaign: None,
            publisher: Some(self.publisher),
            pool: Pool::Publisher,
            strategy: Some(market.strategy),
            caller: "+12125550100",
            attestation: Attestation::A,
            tags: &[],
            tried: &self.tried,
            forbidden: &forbidden,
            now,
            draw: self.draw,
            rotation: self.rotation,
            exploration: Exploration::default(),
        };
        let ranking = rank(&market.snapshot, &search, usage);
        match ranking.choices.first() {
            Some(choice) => {
                let (buyer, endpoint) = (choice.buyer.id, choice.endpoint.id);
                let leg = Leg { id: ids.next(now), lease: ids.next(now), buyer, endpoint };
                self.claims = choice.claims(now).to_vec();
                self.stage = Stage::Reserving { leg, asked: 0 };
            }
            None => self.end(now, EndCause::NoBuyers, []),
        }
    }

    /// The endpoint is ruled out for this call.
    pub fn rule_out(&mut self, endpoint: EndpointId) {
        self.tried.push(endpoint);
    }

    /// There is room: the leg is dialled.
    pub fn dial(&mut self, market: &Market, leg: Leg, now: Timestamp) {
        let buyer = market.snapshot.buyer(leg.buyer);
        let endpoint = buyer.and_then(|buyer| buyer.endpoints.iter().find(|endpoint| endpoint.id == leg.endpoint));
        self.stage = Stage::Ringing { leg };
        self.emit(
            now,
            [What::LegStarted {
                leg: leg.id,
                role: LegRole::Buyer,
                destination: endpoint.map(|endpoint| endpoint.destination.clone()).unwrap_or_default(),
                buyer: Some(leg.buyer),
                endpoint: Some(leg.endpoint),
                lease: Some(leg.lease),
                terms: endpoint.map(|endpoint| endpoint.terms),
                trunk: None,
                agent: None,
            }],
        );
    }

    /// The buyer answered: nobody is connected before the log has it.
    pub fn buyer_answers(&mut self, leg: Leg, now: Timestamp) {
        self.stage = Stage::Answering { leg };
        self.emit(now, [What::LegAnswered { leg: leg.id }, What::Answered]);
    }

    pub fn leg_fails(&mut self, leg: Leg, failure: LegFailure, now: Timestamp) {
        self.emit(now, [What::LegFailed { leg: leg.id, failure, sip_status: None }]);
        self.rule_out(leg.endpoint);
    }

    pub fn caller_leaves(&mut self, leg: Leg, now: Timestamp) {
        let failed = What::LegFailed { leg: leg.id, failure: LegFailure::Cancelled, sip_status: None };
        self.end(now, EndCause::Cancelled, [failed]);
    }

    pub fn hang_up(&mut self, leg: Leg, since: Timestamp, now: Timestamp) {
        self.truth.connected = Some((leg.buyer, leg.endpoint, since, now));
        self.end(now, EndCause::Normal, [What::LegEnded { leg: leg.id, by: Party::Callee }]);
    }

    fn end<const N: usize>(&mut self, now: Timestamp, cause: EndCause, before: [What; N]) {
        let end = What::Ended { cause, by: Party::Caller, sip_status: None, detail: None };
        self.emit(now, before.into_iter().chain([end]));
        self.truth.ended_at = Some(now);
        self.stage = Stage::Over;
    }

    /// The batch up to `sequence` is in the log. True when that lets the caller's 200 OK leave.
    pub fn logged(&mut self, sequence: u32, now: Timestamp, record: Option<RecordingId>) -> bool {
        if self.outbox.front().and_then(|batch| batch.last()).is_none_or(|last| last.sequence != sequence) {
            return false;
        }
        self.outbox.pop_front();
        let Stage::Answering { leg } = self.stage else { return false };
        if !self.outbox.is_empty() {
            return false;
        }
        self.truth.answered_at = Some(now);
        self.stage = Stage::Talking { leg, since: now };
        let began = record.map(|recording| What::RecordingStarted { recording, key: "k".into(), channels: 2 });
        self.recording = record;
        self.emit(now, [What::Bridged { leg: leg.id }].into_iter().chain(began));
        true
    }

    /// The answer was refused, because the leg's room is gone: as if it had failed.
    pub fn answer_refused(&mut self, sequence: u32, now: Timestamp) -> bool {
        let under_way = self.outbox.front().and_then(|batch| batch.first());
        let (Stage::Answering { leg }, true) = (self.stage, under_way.is_some_and(|first| first.sequence == sequence))
        else {
            return false;
        };
        self.outbox.pop_front();
        self.sequence = sequence;
        self.leg_fails(leg, LegFailure::Unavailable, now);
        true
    }

    /// The recording, if there is one, is as long as the call was connected.
    pub fn recording_done(&mut self, now: Timestamp) {
        let Some(recording) = self.recording.take() else { return };
        let connected = self.truth.connected.map_or(Duration::ZERO, |(.., from, to)| to.since(from));
        let duration_ms = connected.as_millis() as u64;
        self.truth.recorded_ms = duration_ms;
        self.emit(now, [What::RecordingFinished { recording, duration_ms, bytes: 0 }]);
    }
}
