use std::collections::BTreeMap;

use domain::{Attestation, Timestamp};
use serde_json::json;

use super::*;
use crate::{CampaignFacts, Facts};

fn holds(text: &str) -> bool {
    let facts = Facts {
        caller_number: "+15551234567".into(),
        caller_name: None,
        called_number: "+18005550100".into(),
        campaign: Some(CampaignFacts { id: "c1".into(), name: "Roof".into() }),
        time_zone: "America/New_York".into(),
        attestation: Attestation::A,
        variables: BTreeMap::from([
            ("score".to_owned(), json!(7)),
            ("share".to_owned(), json!(0.5)),
            ("lead".to_owned(), json!({ "state": "TX", "zips": ["75001", "75002"] })),
            ("caller".to_owned(), json!({ "number": "forged" })),
        ]),
        ..Facts::default()
    };
    let tags = BTreeMap::from([("vip".to_owned(), json!(true)), ("menu item".to_owned(), json!("sales"))]);
    // Monday, 23 November 2026, 16:05 UTC: 11:05 in New York.
    let now = Timestamp::parse_rfc3339("2026-11-23T16:05:00Z").unwrap();
    let expression =
        Expression::compile(text, &Limits::default()).unwrap_or_else(|problem| panic!("{text}: {problem}"));
    expression.holds(&Variables { facts: &facts, tags: &tags, ivr_input: "12", now })
}

#[test]
fn true_conditions() {
    for text in [
        "${caller.number == '+15551234567'}",
        "${caller.number} == '+15551234567'",
        "caller.number == \"+15551234567\"",
        "${hour >= 9 && hour < 17}",
        "hour == 11 && minute == 5",
        "weekday == 1 && weekdayName == 'monday' && date == '2026-11-23'",
        "weekday >= 1 && weekday <= 5",
        "timezone == 'America/New_York'",
        "called.number == callee.number",
        "stirShaken.attestation == 'A'",
        "campaign.name == 'Roof' && campaign.id != 'c2'",
        "tags.vip == true",
        "tags.vip",
        "tags['menu item'] == 'sales'",
        "ivrInput == '12'",
        "int(ivrInput) > 11",
        "!(1 > 2) || false",
        "score > 6 && score >= 7.0 && share < 1",
        "lead.state in ['TX', 'OK']",
        "'75002' in lead.zips",
        "caller.number.startsWith('+1555')",
        "size(lead.zips) == 2",
        "hour > 12 ? false : true",
        "has(tags.vip) && !has(tags.gold)",
    ] {
        assert!(holds(text), "{text}");
    }
}

#[test]
fn missing_is_empty_and_errors_are_false() {
    for text in [
        "caller.name == ''",
        "carrier.name == ''",
        "cnam.callerName == '' && cnam.whatever == ''",
        "tags.gold == ''",
        "!(tags.gold == 'yes')",
        "nobody == ''",
        "nobody.knows.this == ''",
        "nobody['knows'].this != 'x'",
    ] {
        assert!(holds(text), "{text}");
    }
    for text in [
        "nobody",
        "tags.gold",
        "caller.name > 3",
        "1 / 0 == 1",
        "!(1 / 0 == 1)",
        "int('x') == 0",
        "hour",
        "'true'",
        "caller",
        "lead.zips[9] == 'x'",
        "9223372036854775807 + 1 > 0",
        "caller.number.x == ''",
        "tags.gold > 30",
    ] {
        assert!(!holds(text), "{text}");
    }
}

#[test]
fn injected_variables_do_not_replace_ours() {
    assert!(!holds("caller.number == 'forged'"));
}

#[test]
fn parse_errors_are_faults() {
    for text in [
        "",
        "  ",
        "caller.number = 'x'",
        "a ==",
        "(a",
        "a b",
        "'open",
        "${a",
        "process.exit(1)",
        "a.matches('x')",
        "[1].all(x, x > 0)",
        "[1].map(x, x)",
        "lead.zips.exists(z, z == '1')",
        "Msg{a: 1}",
        "b'x' == b'x'",
        "type(a) == int",
        "function(){}",
        "require('fs')",
        "a; b",
        "`ls`",
    ] {
        assert!(Expression::compile(text, &Limits::default()).is_err(), "{text:?} was let through");
    }
}

#[test]
fn hostile_nesting_is_refused_on_a_small_stack() {
    let deep = 990;
    let texts: Vec<String> = [
        ("(", "a", ")"),
        ("[", "1", "]"),
        ("!", "a", ""),
        ("-", "1", ""),
        ("a?b:", "c", ""),
        ("", "a", ".b"),
        ("", "a", "+1"),
        ("", "a", " || b"),
        ("{1:", "1", "}"),
        ("size(", "a", ")"),
        ("", "a", "[0]"),
    ]
    .iter()
    .map(|(before, middle, after)| {
        let times = deep / (before.len() + after.len());
        format!("{}{middle}{}", before.repeat(times), after.repeat(times))
    })
    .collect();
    // Shard and blocking threads have 2 MiB; this is a quarter of it, in a debug build.
    let checker = std::thread::Builder::new().stack_size(512 * 1024).spawn(move || {
        for text in &texts {
            if let Ok(expression) = Expression::compile(text, &Limits::default()) {
                let facts = Facts::default();
                let tags = BTreeMap::new();
                let now = Timestamp::from_secs(0);
                expression.holds(&Variables { facts: &facts, tags: &tags, ivr_input: "", now });
            }
        }
    });
    assert!(checker.unwrap().join().is_ok());
}
