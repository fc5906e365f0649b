//! A tenant's buyers, prices and terms, drawn from a seed.

use billing::{CallRates, CpaRate, RateCard, Rates, RecordingRate, Terms};
use domain::{
    BillingAccountId, Currency, IdSource, Micros, PublisherId, RateCardId, SaleTerms, Seed, Strategy, TenantId,
    Timestamp,
};
use routing::{Buyer, Caps, Endpoint, Filters, Snapshot, SnapshotError};

/// One tenant's settings for a run.
#[derive(Clone, Debug)]
pub struct Market {
    /// Who takes calls.
    pub snapshot: Snapshot,
    /// Who brings them.
    pub publisher: PublisherId,
    /// How buyers are ordered.
    pub strategy: Strategy,
    /// Who pays the platform.
    pub account: BillingAccountId,
    /// At which prices: one until the middle of the run, another from then on.
    pub cards: Vec<RateCard>,
}

impl Market {
    /// A small one, so that caps are reached.
    pub fn draw(
        seed: &mut Seed,
        ids: &mut IdSource,
        start: Timestamp,
        middle: Timestamp,
    ) -> Result<Self, SnapshotError> {
        let publisher = ids.next(start);
        let buyers = (0..1 + seed.below(4)).map(|number| buyer(seed, ids, start, number, publisher)).collect();
        let tenant: TenantId = ids.next(start);
        let account = ids.next(start);
        let strategies = [
            Strategy::RoundRobin,
            Strategy::Weighted,
            Strategy::Priority,
            Strategy::LeastCalls,
            Strategy::Performance,
            Strategy::Hybrid,
        ];
        let cards = vec![
            card(seed, ids.next(start), account, Timestamp::from_micros(0)),
            card(seed, ids.next(start), account, middle),
        ];
        let strategy = strategies.get(seed.below(6) as usize).copied().unwrap_or_default();
        Ok(Self { snapshot: Snapshot::compile(tenant, buyers, Vec::new())?, publisher, strategy, account, cards })
    }

    /// For rating.
    pub fn terms(&self) -> Terms<'_> {
        Terms { account: Some((self.account, Currency::USD)), cards: &self.cards }
    }
}

fn card(seed: &mut Seed, id: RateCardId, account: BillingAccountId, from: Timestamp) -> RateCard {
    let mut price = || (seed.below(4) > 0).then(|| Micros(seed.below(2_000_000) as i64));
    let inbound = CallRates { per_minute: price(), connection_fee: price() };
    let rates = Rates {
        inbound,
        outbound: CallRates::default(),
        recording: price().map(RecordingRate::PerMinute),
        cpa: price().map(|amount| CpaRate { amount, trigger_event: billing::CONVERSION_CONFIRMED.into() }),
    };
    RateCard { id, account, name: "drawn".into(), active: true, effective_from: from, effective_to: None, rates }
}

fn caps(seed: &mut Seed) -> Caps {
    let mut limit = |one_in: u64, below: u64| (seed.below(one_in) == 0).then(|| seed.below(below) as u32);
    Caps {
        concurrency: limit(2, 4),
        hourly: limit(3, 6),
        daily: limit(4, 8),
        monthly: limit(8, 10),
        total: limit(8, 10),
    }
}

fn buyer(seed: &mut Seed, ids: &mut IdSource, start: Timestamp, number: u64, publisher: PublisherId) -> Buyer {
    let euro = "EUR".parse().unwrap_or(Currency::USD);
    let endpoints = (0..1 + seed.below(2)).map(|place| Endpoint {
        id: ids.next(start),
        active: seed.below(10) > 0,
        priority: place as i32,
        destination: format!("sip:{number}-{place}@buyers.example"),
        caps: caps(seed),
        hours: None,
        terms: SaleTerms {
            currency: if seed.below(4) == 0 { euro } else { Currency::USD },
            revenue: Micros(seed.below(50_000_000) as i64),
            revenue_after_ms: seed.below(90_000),
            payout: Micros(seed.below(40_000_000) as i64),
            payout_after_ms: seed.below(90_000),
        },
        ring_timeout_ms: None,
        duration_max_ms: None,
    });
    let endpoints = endpoints.collect();
    Buyer {
        id: ids.next(start),
        code: number.to_string(),
        name: format!("Buyer {number}"),
        publisher: Some(publisher),
        active: seed.below(10) > 0,
        priority: seed.below(3) as i32,
        weight: seed.below(4) as u32,
        caps: caps(seed),
        time_zone: if seed.below(2) == 0 { "UTC".into() } else { "America/New_York".into() },
        hours: None,
        filters: Filters::default(),
        endpoints,
    }
}
