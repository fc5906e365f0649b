//! One call as its events.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use billing::{RateCard, Rates, Terms};
use domain::{
    Attestation, BillingAccountId, BuyerId, CallEvent, CallId, Cdr, Currency, Direction, EndCause, LegId, LegRole,
    Micros, Party, PublisherId, RateCardId, RecordingId, SaleTerms, StartedCall, SwitchId, TenantId, Timestamp, What,
};
use uuid::Uuid;

pub const START_SECS: i64 = 1_800_000_000;

/// What happens on the call; seconds count from the first INVITE.
#[derive(Clone, Debug)]
pub struct Call {
    pub direction: Direction,
    pub answered_at: Option<f64>,
    pub ended_at: f64,
    /// Each leg's answer and end, and what it was sold on.
    pub legs: Vec<(f64, f64, SaleTerms)>,
    /// Lengths in seconds.
    pub recordings: Vec<f64>,
    pub publisher: bool,
}

impl Call {
    /// Answered at once, over after `secs`.
    pub fn answered(direction: Direction, secs: f64) -> Self {
        Self { direction, answered_at: Some(0.0), ended_at: secs, legs: vec![], recordings: vec![], publisher: true }
    }

    /// In the order they happened, the recordings after the end.
    pub fn events(&self) -> Vec<CallEvent> {
        let started = StartedCall {
            direction: self.direction,
            from: "+15550001111".into(),
            to: "+15551234567".into(),
            caller_name: None,
            trunk: None,
            attestation: Attestation::A,
            identity_claim: None,
            agent: None,
            number: None,
            campaign: None,
            publisher: self.publisher.then_some(publisher()),
            flow: None,
            flow_version: None,
            sip_call_id: "a@example.net".into(),
            switch: SwitchId(Uuid::from_u128(3)),
        };
        let mut story = vec![(0.0, What::Started(Box::new(started)))];
        story.extend(self.answered_at.map(|at| (at, What::Answered)));
        for (number, (answered, ended, terms)) in (0_u128..).zip(&self.legs) {
            let leg = LegId(Uuid::from_u128(100 + number));
            let began = What::LegStarted {
                leg,
                role: LegRole::Buyer,
                destination: "sip:b@example.net".into(),
                buyer: Some(buyer(number)),
                endpoint: None,
                lease: None,
                terms: Some(*terms),
                trunk: None,
                agent: None,
            };
            story.push((*answered, began));
            story.push((*answered, What::LegAnswered { leg }));
            story.push((*answered, What::Bridged { leg }));
            story.push((*ended, What::LegEnded { leg, by: Party::Callee }));
        }
        for number in 0..self.recordings.len() {
            let began = What::RecordingStarted { recording: recording(number), key: "k".into(), channels: 2 };
            story.push((0.0, began));
        }
        let ended = What::Ended { cause: EndCause::Normal, by: Party::Caller, sip_status: None, detail: None };
        story.push((self.ended_at, ended));
        for (number, secs) in self.recordings.iter().enumerate() {
            let duration_ms = (secs * 1e3) as u64;
            let done = What::RecordingFinished { recording: recording(number), duration_ms, bytes: 1 };
            story.push((self.ended_at + 1.0, done));
        }
        let moment = |secs: f64| Timestamp::from_micros(START_SECS * 1_000_000 + (secs * 1e6) as i64);
        (0_u32..)
            .zip(story)
            .map(|(sequence, (secs, what))| CallEvent {
                tenant: TenantId(Uuid::from_u128(1)),
                call: CallId(Uuid::from_u128(2)),
                sequence,
                at: moment(secs),
                what,
            })
            .collect()
    }

    pub fn cdr(&self) -> Cdr {
        Cdr::from_events(&self.events()).unwrap()
    }
}

pub fn publisher() -> PublisherId {
    PublisherId(Uuid::from_u128(4))
}

pub fn buyer(number: u128) -> BuyerId {
    BuyerId(Uuid::from_u128(200 + number))
}

fn recording(number: usize) -> RecordingId {
    RecordingId(Uuid::from_u128(300 + number as u128))
}

pub fn account() -> BillingAccountId {
    BillingAccountId(Uuid::from_u128(5))
}

pub fn card(rates: &str) -> RateCard {
    RateCard {
        id: RateCardId(Uuid::from_u128(6)),
        account: account(),
        name: "standard".into(),
        active: true,
        effective_from: Timestamp::from_secs(0),
        effective_to: None,
        rates: Rates::parse(rates).unwrap(),
    }
}

pub fn terms(cards: &[RateCard]) -> Terms<'_> {
    Terms { account: Some((account(), Currency::USD)), cards }
}

/// The buyer pays 25 after 60 s, the publisher earns 15 after 90 s.
pub fn sale() -> SaleTerms {
    SaleTerms {
        currency: Currency::USD,
        revenue: Micros::from_units(25),
        revenue_after_ms: 60_000,
        payout: Micros::from_units(15),
        payout_after_ms: 90_000,
    }
}
