//! What a call costs: the inventory's vectors (section 5.2), conversions, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod call;

use billing::{ChargeKind, RateError, Terms, rate};
use call::{Call, account, card, sale, terms};
use domain::{Cdr, Currency, Direction, Micros, SaleTerms, What};

const INBOUND: &str = r#"{"inbound":{"perMinute":0.05,"connectionFee":0.10}}"#;
const OUTBOUND: &str = r#"{"outbound":{"perMinute":"0.10","connectionFee":"0.15"}}"#;
const PER_CALL: &str = r#"{"inbound":{"perMinute":0.05},"recording":{"perCall":0.25}}"#;
const PER_MINUTE: &str = r#"{"inbound":{"perMinute":0.05},"recording":{"perMinute":0.02}}"#;

/// `KIND amount` for each line.
fn lines(call: &Call, rates: &str) -> Vec<String> {
    let cards = [card(rates)];
    let charge = rate(&call.cdr(), &terms(&cards)).unwrap();
    charge.lines.iter().map(|line| format!("{} {}", line.kind.name(), line.amount.to_decimal(4))).collect()
}

fn recorded(secs: f64, recordings: &[f64]) -> Call {
    Call { recordings: recordings.to_vec(), ..Call::answered(Direction::Inbound, secs) }
}

#[test]
fn the_inventorys_vectors() {
    let inbound = |secs| Call::answered(Direction::Inbound, secs);
    let unanswered = Call { answered_at: None, ..inbound(30.0) };
    let unanswered_recorded = Call { answered_at: None, ..recorded(30.0, &[5.0]) };
    for (call, rates, expected, total) in [
        (inbound(125.0), INBOUND, &["CALL_MINUTE_INBOUND 0.1500", "CONNECTION_FEE 0.1000"][..], "0.2500"),
        (
            Call::answered(Direction::Outbound, 60.0),
            OUTBOUND,
            &["CALL_MINUTE_OUTBOUND 0.1000", "CONNECTION_FEE 0.1500"],
            "0.2500",
        ),
        (unanswered, INBOUND, &[], "0.0000"),
        (recorded(60.0, &[60.0]), PER_CALL, &["CALL_MINUTE_INBOUND 0.0500", "RECORDING_FEE 0.2500"], "0.3000"),
        (recorded(60.0, &[125.0]), PER_MINUTE, &["CALL_MINUTE_INBOUND 0.0500", "RECORDING_FEE 0.0600"], "0.1100"),
        (recorded(60.0, &[60.0, 65.0]), PER_MINUTE, &["CALL_MINUTE_INBOUND 0.0500", "RECORDING_FEE 0.0600"], "0.1100"),
        (inbound(60.0), PER_CALL, &["CALL_MINUTE_INBOUND 0.0500"], "0.0500"),
        (unanswered_recorded, PER_CALL, &["RECORDING_FEE 0.2500"], "0.2500"),
        (inbound(1.0), INBOUND, &["CALL_MINUTE_INBOUND 0.0500", "CONNECTION_FEE 0.1000"], "0.1500"),
        (inbound(60.999), INBOUND, &["CALL_MINUTE_INBOUND 0.0500", "CONNECTION_FEE 0.1000"], "0.1500"),
        (inbound(61.0), INBOUND, &["CALL_MINUTE_INBOUND 0.1000", "CONNECTION_FEE 0.1000"], "0.2000"),
        // Answered, and over within the second: no minute, but connected.
        (inbound(0.4), INBOUND, &["CONNECTION_FEE 0.1000"], "0.1000"),
        (inbound(125.0), OUTBOUND, &[], "0.0000"),
    ] {
        assert_eq!(lines(&call, rates), expected, "{call:?}");
        let cards = [card(rates)];
        let charge = rate(&call.cdr(), &terms(&cards)).unwrap();
        assert_eq!(charge.platform_cost(Currency::USD).to_decimal(4), total);
    }
}

#[test]
fn amounts_are_stored_with_four_decimals() {
    for (per_minute, stored, shown) in [
        ("0.123457", "0.1235", "0.12"),
        ("0.125", "0.1250", "0.13"),
        ("0.124", "0.1240", "0.12"),
        ("0.00005", "0.0001", "0.00"),
    ] {
        let cards = [card(&format!(r#"{{"inbound":{{"perMinute":{per_minute}}}}}"#))];
        let charge = rate(&Call::answered(Direction::Inbound, 60.0).cdr(), &terms(&cards)).unwrap();
        assert_eq!(charge.lines[0].amount.to_decimal(6), format!("{stored}00"));
        assert_eq!(charge.platform_cost(Currency::USD).to_decimal(2), shown);
    }
}

#[test]
fn conversions_follow_the_terms_of_the_leg_that_was_sold() {
    let cpa = r#"{"cpa":{"amount":2}}"#;
    for (connected, expected) in [
        (59.999, &[][..]),
        (60.0, &["CPA_CONVERSION 2.0000", "SALE_REVENUE 25.0000"]),
        (89.9, &["CPA_CONVERSION 2.0000", "SALE_REVENUE 25.0000"]),
        (90.0, &["CPA_CONVERSION 2.0000", "SALE_REVENUE 25.0000", "PUBLISHER_PAYOUT 15.0000"]),
    ] {
        let call =
            Call { legs: vec![(5.0, 5.0 + connected, sale())], ..Call::answered(Direction::Inbound, 5.0 + connected) };
        assert_eq!(lines(&call, cpa), expected, "{connected} s");
        let charge = rate(&call.cdr(), &terms(&[])).unwrap();
        assert_eq!(charge.converted, connected >= 60.0);
        assert_eq!(charge.buyer, Some(call::buyer(0)));
    }
    let nobodys =
        Call { legs: vec![(0.0, 95.0, sale())], publisher: false, ..Call::answered(Direction::Inbound, 95.0) };
    assert_eq!(lines(&nobodys, "{}"), ["SALE_REVENUE 25.0000"], "a call nobody brought owes no payout");
    let other_event = r#"{"cpa":{"amount":2,"triggerEvent":"policy.sold"}}"#;
    assert_eq!(lines(&nobodys, other_event), ["SALE_REVENUE 25.0000"]);
    let twice = Call {
        legs: vec![(0.0, 70.0, sale()), (80.0, 200.0, SaleTerms { revenue: Micros::from_units(7), ..sale() })],
        ..Call::answered(Direction::Inbound, 200.0)
    };
    assert_eq!(lines(&twice, "{}"), ["SALE_REVENUE 7.0000", "PUBLISHER_PAYOUT 15.0000"], "sold once: the longest");
}

#[test]
fn on_connection_means_when_bridged() {
    let at_once = SaleTerms { revenue_after_ms: 0, payout_after_ms: 0, ..sale() };
    let call = Call { legs: vec![(3.0, 3.0, at_once)], ..Call::answered(Direction::Inbound, 3.0) };
    assert_eq!(lines(&call, "{}"), ["SALE_REVENUE 25.0000", "PUBLISHER_PAYOUT 15.0000"]);
    let mut never_bridged = call.events();
    never_bridged.retain(|event| !matches!(event.what, What::Bridged { .. }));
    let cdr = Cdr::from_events(&never_bridged).unwrap();
    assert!(rate(&cdr, &terms(&[])).unwrap().lines.is_empty());
}

#[test]
fn without_account_or_card_the_platform_charges_nothing() {
    let call = Call { legs: vec![(0.0, 95.0, sale())], ..Call::answered(Direction::Inbound, 95.0) };
    let own = card(INBOUND);
    let other = billing::RateCard { account: domain::BillingAccountId(uuid::Uuid::nil()), ..card(INBOUND) };
    let past = billing::RateCard { effective_to: Some(domain::Timestamp::from_secs(5)), ..card(INBOUND) };
    let no_account = Terms { account: None, cards: &[own] };
    for terms in [no_account, terms(&[]), terms(&[other]), terms(&[past])] {
        let charge = rate(&call.cdr(), &terms).unwrap();
        assert_eq!(charge.rate_card, None);
        assert_eq!(charge.platform_cost(Currency::USD), Micros::ZERO);
        assert_eq!(charge.lines.len(), 2, "the sale stands");
    }
}

#[test]
fn fees_are_in_the_accounts_currency() {
    let euro: Currency = "EUR".parse().unwrap();
    let cards = [card(INBOUND)];
    let terms = Terms { account: Some((account(), euro)), cards: &cards };
    let call = Call { legs: vec![(0.0, 95.0, sale())], ..Call::answered(Direction::Inbound, 95.0) };
    let charge = rate(&call.cdr(), &terms).unwrap();
    assert_eq!(charge.platform_cost(euro).to_decimal(2), "0.20");
    assert_eq!(charge.total(Currency::USD, |kind| kind == ChargeKind::SaleRevenue), Micros::from_units(25));
}

#[test]
fn a_running_call_and_absurd_amounts_are_refused() {
    let mut events = Call::answered(Direction::Inbound, 10.0).events();
    events.pop();
    let running = Cdr::from_events(&events).unwrap();
    assert_eq!(rate(&running, &terms(&[])), Err(RateError::Running));
    let below_zero = SaleTerms { revenue: Micros(-1), ..sale() };
    let call = Call { legs: vec![(0.0, 95.0, below_zero)], ..Call::answered(Direction::Inbound, 95.0) };
    assert_eq!(rate(&call.cdr(), &terms(&[])), Err(RateError::OutOfRange(ChargeKind::SaleRevenue)));
    // Three hundred thousand years at a million a minute.
    let cards = [card(r#"{"inbound":{"perMinute":1000000}}"#)];
    let endless = Call::answered(Direction::Inbound, 9e12);
    assert_eq!(rate(&endless.cdr(), &terms(&cards)), Err(RateError::OutOfRange(ChargeKind::CallMinuteInbound)));
}

#[test]
fn lines_speak_to_people() {
    let cards = [card(r#"{"inbound":{"perMinute":0.05,"connectionFee":0.1},"recording":{"perMinute":0.02}}"#)];
    let charge = rate(&recorded(125.0, &[125.0]).cdr(), &terms(&cards)).unwrap();
    let told: Vec<String> = charge.lines.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["3 min inbound at 0.0500 USD", "connection fee", "3 min recorded at 0.0200 USD"]);
    let json = serde_json::to_value(&charge).unwrap();
    assert_eq!(json["lines"][0]["kind"], "CALL_MINUTE_INBOUND");
    assert_eq!(serde_json::from_value::<billing::Charge>(json).unwrap(), charge);
}
