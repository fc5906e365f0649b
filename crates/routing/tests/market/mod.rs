//! A small market of buyers.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use domain::{
    Attestation, BuyerId, Currency, EndpointId, Micros, PublisherId, RankingRecord, SaleTerms, Strategy, TenantId,
    Timestamp,
};
use routing::{Buyer, Caps, Endpoint, Exploration, Filters, Pool, Search, Snapshot};
use uuid::Uuid;

/// A Monday, 16:00 UTC.
pub fn monday() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-23T16:00:00Z").unwrap()
}

pub fn buyer_id(number: u32) -> BuyerId {
    BuyerId(Uuid::from_u128(0xb0_0000 + u128::from(number)))
}

/// Endpoint `place` (0-99) of a buyer.
pub fn endpoint_id(number: u32, place: u32) -> EndpointId {
    EndpointId(Uuid::from_u128(0xe0_0000 + u128::from(number * 100 + place)))
}

pub fn publisher() -> PublisherId {
    PublisherId(Uuid::from_u128(0xab))
}

pub fn terms() -> SaleTerms {
    SaleTerms {
        currency: Currency::USD,
        revenue: Micros::from_units(25),
        revenue_after_ms: 10_000,
        payout: Micros::from_units(15),
        payout_after_ms: 10_000,
    }
}

pub fn endpoint(number: u32, place: u32) -> Endpoint {
    Endpoint {
        id: endpoint_id(number, place),
        active: true,
        priority: 0,
        destination: format!("sip:b{number}-{place}@example.net"),
        caps: Caps::NONE,
        hours: None,
        terms: terms(),
        ring_timeout_ms: None,
        duration_max_ms: None,
    }
}

/// Open to everything, one endpoint; name and code in the order of numbers.
pub fn buyer(number: u32) -> Buyer {
    Buyer {
        id: buyer_id(number),
        code: format!("B{number}"),
        name: format!("Buyer {number:05}"),
        publisher: Some(publisher()),
        active: true,
        priority: 0,
        weight: 1,
        caps: Caps::NONE,
        time_zone: "UTC".into(),
        hours: None,
        filters: Filters::default(),
        endpoints: vec![endpoint(number, 0)],
    }
}

pub fn snapshot(buyers: Vec<Buyer>) -> Snapshot {
    Snapshot::compile(TenantId(Uuid::from_u128(1)), buyers, Vec::new()).unwrap()
}

/// All of the publisher's buyers.
pub fn search(strategy: Strategy) -> Search<'static> {
    Search {
        campaign: None,
        publisher: Some(publisher()),
        pool: Pool::Publisher,
        strategy: Some(strategy),
        caller: "+12125550100",
        attestation: Attestation::A,
        tags: &[],
        tried: &[],
        forbidden: &[],
        now: monday(),
        draw: 0,
        rotation: 0,
        exploration: Exploration::default(),
    }
}

/// The numbers of the candidates, in order.
pub fn order(record: &RankingRecord) -> Vec<u32> {
    record.candidates.iter().map(|candidate| number(candidate.buyer)).collect()
}

pub fn number(buyer: BuyerId) -> u32 {
    u32::try_from(buyer.0.as_u128() - 0xb0_0000).unwrap()
}
