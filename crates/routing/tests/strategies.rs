//! The six strategies: who comes first, and how often.

mod market;

use std::collections::HashMap;

use domain::Strategy;
use market::{buyer, buyer_id, endpoint_id, order, search, snapshot};
use routing::{
    Exploration, Search, Snapshot, Tally, UsageTable,
    lease::{Counters, Holder, WindowCount},
    rank,
};

/// How often each buyer comes first over `draws` draws.
fn firsts(snapshot: &Snapshot, base: &Search<'_>, usage: &UsageTable, draws: u64) -> HashMap<u32, u64> {
    let mut counts = HashMap::new();
    for draw in 0..draws {
        let search = Search { draw, rotation: draw, ..*base };
        *counts.entry(order(&rank(snapshot, &search, usage).record)[0]).or_default() += 1;
    }
    counts
}

/// Pearson's statistic of counts against weights.
fn chi_square(counts: &HashMap<u32, u64>, weights: &[(u32, u64)], draws: u64) -> f64 {
    let sum: u64 = weights.iter().map(|(_, weight)| weight).sum();
    weights
        .iter()
        .map(|(number, weight)| {
            let expected = (draws * weight) as f64 / sum as f64;
            let seen = counts.get(number).copied().unwrap_or(0) as f64;
            (seen - expected).powi(2) / expected
        })
        .sum()
}

fn tallies(scores: &[(u32, u32, u32, u32)]) -> UsageTable {
    let tallies = scores
        .iter()
        .map(|(number, total, answered, conversions)| {
            (buyer_id(*number), Tally { total: *total, answered: *answered, conversions: *conversions })
        })
        .collect();
    UsageTable { tallies, ..UsageTable::default() }
}

#[test]
fn round_robin_takes_turns_and_failover_goes_on_with_the_next() {
    let snapshot = snapshot((1..=3).map(buyer).collect());
    let base = search(Strategy::RoundRobin);
    let usage = UsageTable::default();
    let orders: Vec<_> =
        (0..4).map(|rotation| order(&rank(&snapshot, &Search { rotation, ..base }, &usage).record)).collect();
    assert_eq!(orders, [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 2, 3]]);
    let tried = [endpoint_id(2, 0)];
    let failover = rank(&snapshot, &Search { rotation: 1, tried: &tried, ..base }, &usage);
    assert_eq!(order(&failover.record), [3, 1], "the call's own order, without the one tried");
}

#[test]
fn round_robin_is_fair() {
    let snapshot = snapshot((1..=7).map(buyer).collect());
    let counts = firsts(&snapshot, &search(Strategy::RoundRobin), &UsageTable::default(), 700);
    assert!((1..=7).all(|number| counts[&number] == 100), "{counts:?}");
}

#[test]
fn weighted_draws_in_proportion() {
    let weights = [(1, 3), (2, 2), (3, 1), (4, 10), (5, 0)];
    let buyers = weights.iter().map(|(number, weight)| {
        let mut weighed = buyer(*number);
        weighed.weight = u32::try_from(*weight).unwrap();
        weighed
    });
    let snapshot = snapshot(buyers.collect());
    let base = search(Strategy::Weighted);
    let counts = firsts(&snapshot, &base, &UsageTable::default(), 20_000);
    assert!(!counts.contains_key(&5), "weight 0 is never first while another is there");
    // 99.9 % of fair draws stay below 16.27 with three degrees of freedom.
    assert!(chi_square(&counts, &weights[..4], 20_000) < 16.27, "{counts:?}");
    let last = |draw| *order(&rank(&snapshot, &Search { draw, ..base }, &UsageTable::default()).record).last().unwrap();
    assert!((0..100).all(|draw| last(draw) == 5), "but it is tried in the end");
}

#[test]
fn weighted_draws_the_second_in_proportion_too() {
    let weights = [(1, 5), (2, 3), (3, 2)];
    let buyers = weights.iter().map(|(number, weight)| {
        let mut weighed = buyer(*number);
        weighed.weight = u32::try_from(*weight).unwrap();
        weighed
    });
    let snapshot = snapshot(buyers.collect());
    let (mut counts, mut draws) = (HashMap::new(), 0);
    for draw in 0..20_000 {
        let order =
            order(&rank(&snapshot, &Search { draw, ..search(Strategy::Weighted) }, &UsageTable::default()).record);
        if order[0] == 1 {
            draws += 1;
            *counts.entry(order[1]).or_default() += 1;
        }
    }
    // One degree of freedom, 99.9 %.
    assert!(chi_square(&counts, &weights[1..], draws) < 10.83, "{counts:?} of {draws}");
}

#[test]
fn priority_takes_the_lowest_number_and_draws_among_equals() {
    let buyers = [(1, 2, 1), (2, -1, 1), (3, -1, 3), (4, 0, 1)].map(|(number, priority, weight)| {
        let mut ranked = buyer(number);
        (ranked.priority, ranked.weight) = (priority, weight);
        ranked
    });
    let snapshot = snapshot(buyers.to_vec());
    let base = search(Strategy::Priority);
    let counts = firsts(&snapshot, &base, &UsageTable::default(), 4_000);
    assert!(chi_square(&counts, &[(2, 1), (3, 3)], 4_000) < 10.83, "{counts:?}");
    for draw in 0..50 {
        let order = order(&rank(&snapshot, &Search { draw, ..base }, &UsageTable::default()).record);
        assert_eq!(order[2..], [4, 1]);
    }
}

#[test]
fn least_calls_looks_at_now_then_today_then_takes_turns() {
    let start = routing::windows(market::monday(), &jiff::tz::TimeZone::UTC)[1].start;
    let counters = [(1, 2, 0), (2, 0, 9), (3, 0, 4), (4, 0, 4)].map(|(number, active, today)| {
        let mut counters = Counters { active, ..Counters::default() };
        counters.windows[1] = WindowCount { start, used: today, reserved: 0 };
        (Holder::Buyer(buyer_id(number)), counters)
    });
    let usage = UsageTable { counters: counters.into(), ..UsageTable::default() };
    let snapshot = snapshot((1..=4).map(buyer).collect());
    let base = search(Strategy::LeastCalls);
    assert_eq!(order(&rank(&snapshot, &base, &usage).record), [3, 4, 2, 1]);
    assert_eq!(order(&rank(&snapshot, &Search { rotation: 3, ..base }, &usage).record), [4, 3, 2, 1]);
}

#[test]
fn performance_puts_scores_first_then_names() {
    let usage = tallies(&[(2, 10, 5, 0), (4, 10, 9, 0), (5, 100, 0, 0)]);
    let snapshot = snapshot((1..=5).map(buyer).collect());
    let ranking = rank(&snapshot, &search(Strategy::Performance), &usage);
    assert_eq!(order(&ranking.record), [4, 2, 5, 1, 3]);
    let scores: Vec<_> = ranking.record.candidates.iter().map(|candidate| candidate.score_permille).collect();
    assert_eq!(scores, [Some(900), Some(500), Some(0), None, None]);
}

#[test]
fn hybrid_keeps_a_tenth_for_the_unknown() {
    let usage = tallies(&[(1, 50, 25, 0), (2, 50, 40, 0), (3, 19, 19, 19)]);
    let snapshot = snapshot((1..=4).map(buyer).collect());
    let base = search(Strategy::Hybrid);
    let counts = firsts(&snapshot, &base, &usage, 20_000);
    assert!(chi_square(&counts, &[(2, 9), (4, 1)], 20_000) < 10.83, "the fewest calls of the unknown: {counts:?}");
    let never = Search { exploration: Exploration { share_permille: 0, volume_min: 20 }, ..base };
    assert_eq!(order(&rank(&snapshot, &never, &usage).record), [2, 1, 4, 3]);
    let always = Search { exploration: Exploration { share_permille: 1_000, volume_min: 20 }, ..base };
    assert_eq!(order(&rank(&snapshot, &always, &usage).record), [4, 2, 1, 3]);
    let tried = [endpoint_id(4, 0)];
    assert_eq!(order(&rank(&snapshot, &Search { tried: &tried, ..always }, &usage).record), [2, 1, 3]);
}

#[test]
fn hybrid_shares_evenly_while_nobody_is_known() {
    let snapshot = snapshot((1..=4).map(buyer).collect());
    let counts = firsts(&snapshot, &search(Strategy::Hybrid), &UsageTable::default(), 8_000);
    let even = [(1, 1), (2, 1), (3, 1), (4, 1)];
    assert!(chi_square(&counts, &even, 8_000) < 16.27, "{counts:?}");
}
