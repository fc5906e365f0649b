//! One decision among 1,000 buyers: p50 and p99 for each strategy. `cargo bench -p routing`; the goal is a p99 under 1 ms.

#![expect(clippy::expect_used, reason = "a benchmark stops at what it did not expect")]

#[path = "../tests/market/mod.rs"]
mod market;

use domain::{Seed, Strategy};
use routing::{
    Caps, Hours, Search, Tally, UsageTable,
    lease::{Counters, Holder},
};

const BUYERS: u32 = 1_000;
const DECISIONS: usize = 5_000;

#[expect(clippy::disallowed_methods, reason = "a benchmark is what reads the clock")]
fn main() {
    let mut seed = Seed::from_number(1);
    let zones = ["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"];
    let every_day = r#"{"mon":[{"from":"08:00","to":"20:00"}],"tue":[{"from":"08:00","to":"20:00"}]}"#;
    let hours: Hours = serde_json::from_str(every_day).expect("valid hours");
    let caps = Caps { concurrency: Some(10), hourly: Some(100), daily: Some(500), monthly: None, total: None };
    let mut usage = UsageTable::default();
    let buyers = (0..BUYERS).map(|number| {
        let mut buyer = market::buyer(number);
        buyer.weight = 1 + seed.below(10) as u32;
        buyer.priority = seed.below(5) as i32;
        buyer.time_zone = zones[number as usize % zones.len()].into();
        (buyer.caps, buyer.hours) = (caps, Some(hours.clone()));
        // A tenth is at its cap, so that the record's figures are written too.
        let counters = Counters { active: seed.below(11) as u32, ..Counters::default() };
        usage.counters.insert(Holder::Buyer(buyer.id), counters);
        usage.counters.insert(Holder::Endpoint(buyer.endpoints[0].id), counters);
        let tally = Tally { total: seed.below(60) as u32, answered: 20, conversions: 5 };
        usage.tallies.insert(buyer.id, tally);
        buyer
    });
    let snapshot = market::snapshot(buyers.collect());
    println!(
        "{:<12} {:>9} {:>9} {:>9}   {BUYERS} buyers, {DECISIONS} decisions",
        "strategy", "p50 us", "p99 us", "max us"
    );
    for strategy in [
        Strategy::RoundRobin,
        Strategy::Weighted,
        Strategy::Priority,
        Strategy::LeastCalls,
        Strategy::Performance,
        Strategy::Hybrid,
    ] {
        let mut spans: Vec<f64> = (0..DECISIONS as u64)
            .map(|draw| {
                let search = Search { draw, rotation: draw, ..market::search(strategy) };
                let start = std::time::Instant::now();
                let ranking = routing::rank(&snapshot, &search, &usage);
                let span = start.elapsed();
                assert!(std::hint::black_box(market::order(&ranking.record)).len() > 800);
                span.as_secs_f64() * 1e6
            })
            .collect();
        spans.sort_by(f64::total_cmp);
        let (p50, p99) = (spans[DECISIONS / 2], spans[DECISIONS * 99 / 100]);
        println!("{:<12} {p50:>9.1} {p99:>9.1} {:>9.1}", format!("{strategy:?}"), spans[DECISIONS - 1]);
    }
}
