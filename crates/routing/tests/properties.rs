//! What holds for every market and every call.

mod market;

use std::collections::HashSet;

use domain::{EndpointId, RejectReason, Strategy};
use market::{buyer, buyer_id, endpoint, endpoint_id, number, publisher, search, snapshot};
use proptest::prelude::*;
use routing::{
    Buyer, CapKind, Caps, Forbidden, Hours, Search, Tally, UsageTable,
    lease::{Counters, Holder, WindowCount},
};

const STRATEGIES: [Strategy; 6] = [
    Strategy::RoundRobin,
    Strategy::Weighted,
    Strategy::Priority,
    Strategy::LeastCalls,
    Strategy::Performance,
    Strategy::Hybrid,
];

#[derive(Clone, Debug)]
struct Market {
    buyers: Vec<Buyer>,
    usage: UsageTable,
    tried: Vec<EndpointId>,
    forbidden: Vec<u32>,
    draw: u64,
    rotation: u64,
}

prop_compose! {
    fn caps()(limits in proptest::array::uniform5(proptest::option::weighted(0.3, 0..6_u32))) -> Caps {
        let [concurrency, hourly, daily, monthly, total] = limits;
        Caps { concurrency, hourly, daily, monthly, total }
    }
}

prop_compose! {
    fn some_buyer(of: u32)(
        active in proptest::bool::weighted(0.9),
        priority in -2..3,
        weight in 0..5_u32,
        caps in caps(),
        closed in proptest::bool::weighted(0.1),
        endpoints in proptest::collection::vec((proptest::bool::weighted(0.8), -1..2, caps()), 0..4),
    ) -> Buyer {
        let mut made = buyer(of);
        (made.active, made.priority, made.weight, made.caps) = (active, priority, weight, caps);
        made.hours = closed.then(Hours::default);
        made.endpoints = (0_u32..).zip(endpoints).map(|(place, (active, priority, caps))| {
            let mut made = endpoint(of, place);
            (made.active, made.priority, made.caps) = (active, priority, caps);
            made
        }).collect();
        made
    }
}

fn counters() -> impl Strategy_<Value = Counters> {
    (0..4_u32, proptest::array::uniform4((0..3_u32, 0..3_u32))).prop_map(|(active, counts)| {
        let spans = routing::windows(market::monday(), &jiff::tz::TimeZone::UTC);
        let mut windows = [WindowCount::default(); 4];
        for ((window, span), (used, reserved)) in windows.iter_mut().zip(&spans).zip(counts) {
            *window = WindowCount { start: span.start, used, reserved };
        }
        Counters { active, windows }
    })
}

use proptest::strategy::Strategy as Strategy_;

fn some_market() -> impl Strategy_<Value = Market> {
    (1..12_u32).prop_flat_map(|count| {
        let buyers: Vec<_> = (0..count).map(some_buyer).collect();
        let holders = (0..count).flat_map(|one| {
            let endpoints = (0..4).map(move |place| Holder::Endpoint(endpoint_id(one, place)));
            endpoints.chain([Holder::Buyer(buyer_id(one))])
        });
        let counts: Vec<_> = holders.map(|holder| (Just(holder), counters())).collect();
        let tallies: Vec<_> = (0..count)
            .map(|one| {
                let tally = (0..40_u32, 0..40_u32, 0..40_u32);
                (
                    Just(buyer_id(one)),
                    tally.prop_map(|(total, answered, conversions)| Tally { total, answered, conversions }),
                )
            })
            .collect();
        let tried = proptest::collection::vec((0..count, 0..4_u32), 0..4);
        let forbidden = proptest::collection::vec(0..count, 0..3);
        (buyers, counts, tallies, tried, forbidden, any::<u64>(), any::<u64>()).prop_map(
            |(buyers, counts, tallies, tried, forbidden, draw, rotation)| Market {
                buyers,
                usage: UsageTable { counters: counts.into_iter().collect(), tallies: tallies.into_iter().collect() },
                tried: tried.into_iter().map(|(of, place)| endpoint_id(of, place)).collect(),
                forbidden,
                draw,
                rotation,
            },
        )
    })
}

fn has_room(caps: &Caps, counters: &Counters) -> bool {
    let windows = routing::windows(market::monday(), &jiff::tz::TimeZone::UTC);
    [CapKind::Concurrency, CapKind::Hour, CapKind::Day, CapKind::Month, CapKind::Total]
        .into_iter()
        .all(|kind| caps.limit(kind).is_none_or(|limit| counters.counted(kind, &windows) < limit))
}

proptest! {
    #[test]
    fn exactly_those_who_may_have_the_call_are_candidates(market in some_market(), strategy in 0..6_usize) {
        let compiled = snapshot(market.buyers.clone());
        let forbidden: Vec<_> =
            market.forbidden.iter().map(|one| Forbidden { buyer: buyer_id(*one), why: "screened" }).collect();
        let search = Search {
            tried: &market.tried, forbidden: &forbidden, draw: market.draw, rotation: market.rotation,
            ..search(STRATEGIES[strategy])
        };
        let ranking = routing::rank(&compiled, &search, &market.usage);

        // An independent reading of the rules.
        let counters = |holder| market.usage.counters.get(&holder).copied().unwrap_or_default();
        let mut expected: Vec<(u32, EndpointId)> = Vec::new();
        for buyer in &market.buyers {
            let open = buyer.active && buyer.hours.is_none() && !market.forbidden.contains(&number(buyer.id));
            if !open || !has_room(&buyer.caps, &counters(Holder::Buyer(buyer.id))) { continue }
            let mut endpoints: Vec<_> = buyer.endpoints.iter().collect();
            endpoints.sort_by_key(|endpoint| (endpoint.priority, endpoint.id));
            let first = endpoints.into_iter().find(|endpoint| {
                endpoint.active
                    && !market.tried.contains(&endpoint.id)
                    && has_room(&endpoint.caps, &counters(Holder::Endpoint(endpoint.id)))
            });
            expected.extend(first.map(|endpoint| (number(buyer.id), endpoint.id)));
        }
        let mut found: Vec<_> =
            ranking.record.candidates.iter().map(|one| (number(one.buyer), one.endpoint)).collect();
        found.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(&found, &expected);

        // The record and the resolved order agree, and nobody is missing.
        let resolved: Vec<_> = ranking.choices.iter().map(|choice| (choice.buyer.id, choice.endpoint.id)).collect();
        let recorded: Vec<_> = ranking.record.candidates.iter().map(|one| (one.buyer, one.endpoint)).collect();
        prop_assert_eq!(resolved, recorded);
        let named: HashSet<_> = ranking.record.candidates.iter().map(|one| one.buyer)
            .chain(ranking.record.rejected.iter().map(|one| one.buyer)).collect();
        prop_assert_eq!(named.len(), market.buyers.len());
        for rejected in &ranking.record.rejected {
            prop_assert!(!rejected.detail.is_empty());
            if rejected.reason == RejectReason::AlreadyTried {
                prop_assert!(market.tried.contains(&rejected.endpoint.unwrap()));
            }
        }
    }

    #[test]
    fn the_same_arguments_give_the_same_answer(market in some_market(), strategy in 0..6_usize) {
        let search = Search { draw: market.draw, rotation: market.rotation, ..search(STRATEGIES[strategy]) };
        let mut shuffled = market.buyers.clone();
        shuffled.reverse();
        let first = routing::rank(&snapshot(market.buyers), &search, &market.usage).record;
        let second = routing::rank(&snapshot(shuffled), &search, &market.usage).record;
        prop_assert_eq!(first, second);
    }

    #[test]
    fn a_failover_keeps_the_order(market in some_market(), strategy in 0..6_usize) {
        let buyers: Vec<_> = market.buyers.into_iter().map(|mut one| { one.endpoints.truncate(1); one }).collect();
        let compiled = snapshot(buyers);
        let search = Search { draw: market.draw, rotation: market.rotation, ..search(STRATEGIES[strategy]) };
        let first = routing::rank(&compiled, &search, &market.usage);
        let tried: Vec<_> = first.choices.iter().take(1).map(|choice| choice.endpoint.id).collect();
        let again = routing::rank(&compiled, &Search { tried: &tried, ..search }, &market.usage);
        prop_assert_eq!(&market::order(&first.record)[tried.len()..], &market::order(&again.record)[..]);
    }

    #[test]
    fn tags_and_callers_of_any_shape_do_no_harm(caller in ".{0,40}", reference in ".{0,200}") {
        let node = [routing::Listed {
            reference: &reference, destination: Some(""), weight: Some(u32::MAX), caps: Caps::NONE, enabled: true,
        }];
        let mut picky = buyer(1);
        picky.filters.area_codes = vec!["212".into()];
        let compiled = snapshot(vec![picky]);
        let search = Search {
            caller: &caller, pool: routing::Pool::Listed(&node), publisher: Some(publisher()),
            ..search(Strategy::Weighted)
        };
        let ranking = routing::rank(&compiled, &search, &UsageTable::default());
        prop_assert_eq!(ranking.choices.len() + ranking.record.rejected.len(), 1);
    }
}
