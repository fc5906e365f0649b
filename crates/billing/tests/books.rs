//! Double entry: balanced, once, and the same whatever order and number of times the events came in.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod call;

use std::collections::{BTreeMap, HashMap};

use billing::{Account, Charge, PostingGroup, PostingKey, RateCard, correction, postings, rate};
use call::{Call, account, buyer, card, publisher, sale, terms};
use domain::{Cdr, Currency, Direction, Micros, SaleTerms};
use proptest::prelude::*;

const RATES: &str = r#"{"inbound":{"perMinute":0.05,"connectionFee":0.10},"outbound":{"perMinute":0.07},
    "recording":{"perMinute":0.02},"cpa":{"amount":2.5}}"#;

/// A store of postings: one group for each key.
#[derive(Default)]
struct Books {
    groups: HashMap<PostingKey, PostingGroup>,
}

impl Books {
    fn post(&mut self, groups: Vec<PostingGroup>) {
        for group in groups {
            assert!(group.is_balanced() && group.postings.len() >= 2, "{group:?}");
            self.groups.entry(group.key).or_insert(group);
        }
    }

    fn balances(&self) -> BTreeMap<(Account, Currency), i64> {
        let mut balances = BTreeMap::new();
        for posting in self.groups.values().flat_map(|group| &group.postings) {
            *balances.entry((posting.account, posting.currency)).or_default() += posting.amount.0;
        }
        balances.retain(|_, balance| *balance != 0);
        balances
    }

    fn balance(&self, account: Account) -> String {
        Micros(self.balances().get(&(account, Currency::USD)).copied().unwrap_or(0)).to_decimal(2)
    }
}

fn sold(secs: f64, recordings: &[f64]) -> Call {
    Call {
        legs: vec![(0.0, secs, sale())],
        recordings: recordings.to_vec(),
        ..Call::answered(Direction::Inbound, secs)
    }
}

fn charge(call: &Call) -> Charge {
    rate(&call.cdr(), &terms(&[card(RATES)])).unwrap()
}

#[test]
fn who_owes_whom() {
    let mut books = Books::default();
    let charge = charge(&sold(125.0, &[125.0]));
    books.post(postings(&charge));
    for (account, balance) in [
        (Account::BuyerReceivable(buyer(0)), "25.00"),
        (Account::SalesRevenue, "-25.00"),
        (Account::PayoutExpense, "15.00"),
        (Account::PublisherPayable(publisher()), "-15.00"),
        (Account::PlatformExpense, "2.81"),
        (Account::PlatformPayable(account()), "-2.81"),
    ] {
        assert_eq!(books.balance(account), balance, "{account:?}");
    }
    let before = books.balances();
    books.post(postings(&charge));
    assert_eq!(books.balances(), before, "posting it again changes nothing");
}

#[test]
fn a_late_recording_posts_only_the_difference() {
    let early = charge(&sold(125.0, &[]));
    let late = charge(&sold(125.0, &[61.0]));
    let mut books = Books::default();
    books.post(postings(&early));
    let corrected = correction(&early, &late).unwrap();
    assert_eq!(corrected.charge.revision, 1);
    assert_eq!(corrected.groups.len(), 1);
    let group = &corrected.groups[0];
    assert_eq!((group.key.kind, group.key.revision), (billing::ChargeKind::RecordingFee, 1));
    assert_eq!(group.postings[0].amount.0.abs(), 40_000);
    books.post(corrected.groups.clone());
    assert_eq!(books.balance(Account::PlatformExpense), "2.79");
    assert_eq!(correction(&corrected.charge, &late), None, "nothing left to correct");
    let back = correction(&corrected.charge, &early).unwrap();
    books.post(back.groups);
    assert_eq!(books.balance(Account::PlatformExpense), "2.75");
    assert_eq!(back.charge.revision, 2);
}

#[test]
fn a_correction_moves_money_between_parties_and_currencies() {
    let euro: Currency = "EUR".parse().unwrap();
    let first = charge(&sold(125.0, &[]));
    let mut second = first.clone();
    second.buyer = Some(buyer(9));
    second.lines.iter_mut().for_each(|line| line.currency = euro);
    let mut books = Books::default();
    books.post(postings(&first));
    books.post(correction(&first, &second).unwrap().groups);
    let mut anew = Books::default();
    anew.post(postings(&second));
    assert_eq!(books.balances(), anew.balances());
}

#[test]
fn another_calls_charge_corrects_nothing() {
    let first = charge(&sold(125.0, &[]));
    let other = Charge { call: domain::CallId(uuid::Uuid::nil()), ..charge(&sold(10.0, &[])) };
    assert_eq!(correction(&first, &other), None);
}

fn secs() -> impl Strategy<Value = f64> {
    (0..400_000_u32).prop_map(|millis| f64::from(millis) / 1e3)
}

prop_compose! {
    fn some_sale()(
        revenue in 0..100_000_000_i64, payout in 0..100_000_000_i64, after in 0..200_000_u64, payout_after in 0..200_000_u64,
        euro in any::<bool>(),
    ) -> SaleTerms {
        SaleTerms {
            currency: if euro { "EUR".parse().unwrap() } else { Currency::USD },
            revenue: Micros(revenue), revenue_after_ms: after, payout: Micros(payout), payout_after_ms: payout_after,
        }
    }
}

prop_compose! {
    fn some_call()(
        outbound in any::<bool>(),
        answered_at in proptest::option::weighted(0.8, Just(0.5)),
        ended_at in secs(),
        legs in proptest::collection::vec((secs(), secs(), some_sale()), 0..3),
        recordings in proptest::collection::vec(secs(), 0..3),
        publisher in any::<bool>(),
    ) -> Call {
        let direction = if outbound { Direction::Outbound } else { Direction::Inbound };
        Call { direction, answered_at, ended_at, legs, recordings, publisher }
    }
}

fn some_card() -> impl Strategy<Value = RateCard> {
    let amount = || (0..2_000_000_u32).prop_map(|micros| Micros(micros.into()).to_decimal(6));
    (amount(), amount(), amount(), amount(), amount()).prop_map(|(inbound, fee, outbound, recording, cpa)| {
        card(&format!(
            r#"{{"inbound":{{"perMinute":{inbound},"connectionFee":"{fee}"}},"outbound":{{"perMinute":{outbound}}},
                "recording":{{"perMinute":{recording}}},"cpa":{{"amount":{cpa}}}}}"#
        ))
    })
}

proptest! {
    #[test]
    fn every_group_balances_and_lines_add_up(call in some_call(), card in some_card()) {
        let cards = [card];
        let charge = rate(&call.cdr(), &terms(&cards)).unwrap();
        let groups = postings(&charge);
        prop_assert_eq!(groups.len(), charge.lines.len());
        for (group, line) in groups.iter().zip(&charge.lines) {
            prop_assert!(group.is_balanced());
            let debit: i64 = group.postings.iter().map(|posting| posting.amount.0.max(0)).sum();
            prop_assert_eq!(debit, line.amount.0);
            prop_assert_eq!(line.amount.0 % 100, 0, "four decimals");
        }
        prop_assert!(charge.lines.windows(2).all(|pair| pair[0].kind < pair[1].kind), "each kind once");
    }

    #[test]
    fn any_order_and_repeats_make_the_same_charge(
        call in some_call(), order in proptest::collection::vec(any::<prop::sample::Index>(), 0..80),
    ) {
        let events = call.events();
        let mut arrived: Vec<_> = order.iter().map(|index| index.get(&events).clone()).collect();
        arrived.extend(events.iter().rev().cloned());
        let cards = [card(RATES)];
        let once = rate(&Cdr::from_events(&events).unwrap(), &terms(&cards)).unwrap();
        let again = rate(&Cdr::from_events(&arrived).unwrap(), &terms(&cards)).unwrap();
        prop_assert_eq!(&once, &again);
        prop_assert_eq!(correction(&once, &again), None);
    }

    #[test]
    fn corrected_books_equal_books_made_anew(
        calls in proptest::collection::vec(some_call(), 1..6), cards in proptest::collection::vec(some_card(), 6), repeats in 1..3_usize,
    ) {
        let mut books = Books::default();
        let mut in_force: Option<Charge> = None;
        for (call, card) in calls.iter().zip(cards) {
            let cards = [card];
            let rated = rate(&call.cdr(), &terms(&cards)).unwrap();
            let (charge, groups) = match &in_force {
                None => (rated.clone(), postings(&rated)),
                Some(before) => match correction(before, &rated) {
                    Some(correction) => (correction.charge, correction.groups),
                    None => (before.clone(), Vec::new()),
                },
            };
            for _ in 0..repeats {
                books.post(groups.clone());
            }
            let mut anew = Books::default();
            anew.post(postings(&rated));
            prop_assert_eq!(books.balances(), anew.balances());
            in_force = Some(charge);
        }
    }

    #[test]
    fn no_document_breaks_the_reader(text in ".{0,80}", number in "-?[0-9]{0,30}(\\.[0-9]{0,30})?([eE][-+]?[0-9]{0,12})?") {
        drop(billing::Rates::parse(&text));
        drop(billing::Rates::parse(&format!(r#"{{"cpa":{{"amount":"{number}"}}}}"#)));
        drop(billing::Rates::parse(&format!(r#"{{"inbound":{{"perMinute":{number}}}}}"#)));
    }
}
