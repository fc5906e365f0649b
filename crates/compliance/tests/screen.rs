//! What is allowed and what is not, case by case; and what holds for every case.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::HashMap, time::Duration};

use compliance::*;
use domain::*;
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use uuid::Uuid;

/// Monday 2026-11-23, 16:00 UTC: 11:00 in New York, 10:00 in Chicago, 09:00 in Denver, 08:00 in Los Angeles.
const MONDAY: Timestamp = Timestamp::from_secs(1_795_449_600);
const NEW_YORK: &str = "+12125550100";

fn at_utc(hour: i64) -> Timestamp {
    Timestamp::from_secs(1_795_449_600 + (hour - 16) * 3_600)
}

fn id<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}

fn digits(text: &str) -> Digits {
    Digits::from(&PhoneNumber::from_dialled(text).unwrap())
}

fn list(number: u128, name: &str, scope: ListScope, numbers: &[&str]) -> DncList {
    DncList {
        id: id(number),
        name: name.into(),
        scope,
        version: 3,
        scrubbed_at: Some(MONDAY.before(Duration::from_secs(5 * 86_400))),
        must_be_fresh: false,
        numbers: numbers.iter().map(|text| digits(text)).collect(),
    }
}

fn consent(number: u128, token: &str, expires_at: Option<Timestamp>) -> Consent {
    Consent { id: id(number), token: token_hash(token), since: MONDAY, expires_at }
}

fn outbound(consumer: &str) -> CallFacts<'_> {
    CallFacts {
        path: CompliancePath::Outbound,
        consumer,
        campaign: None,
        call: None,
        consent_token: None,
        now: MONDAY,
        data_age: Duration::ZERO,
    }
}

/// A book in which New York may be called: consent, no list, daytime.
fn book_with(change: impl FnOnce(&mut Policy)) -> Book {
    let mut policy = Policy::default();
    change(&mut policy);
    let mut book = Book::default();
    book.set_policies(Some((7, policy)), HashMap::new());
    book.set_consent(digits(NEW_YORK), consent(1, "token", None));
    book
}

#[track_caller]
fn check(facts: &CallFacts<'_>, book: &Book, expect: ComplianceReason) -> ComplianceVerdict {
    let verdict = screen(facts, book);
    assert_eq!(verdict.reason, expect, "{verdict:#?}");
    let allows =
        matches!(expect, ComplianceReason::Cleared | ComplianceReason::NoRuleApplies | ComplianceReason::Overridden);
    assert_eq!(verdict.allowed, allows, "{verdict:#?}");
    let told = if expect == ComplianceReason::NoRuleApplies { 0 } else { 4 };
    assert!(!verdict.detail.is_empty() && verdict.checks.len() == told, "{verdict:#?}");
    verdict
}

#[test]
fn a_consumer_who_agreed_is_called_by_day() {
    let verdict = check(&outbound(NEW_YORK), &book_with(|_| {}), ComplianceReason::Cleared);
    assert_eq!(verdict.policy, PolicyUsed { campaign_id: None, version: 7 });
    assert_eq!(verdict.consent.map(|consent| consent.consent_id), Some(id(1)));
}

#[test]
fn without_any_setting_nobody_is_called_without_consent_and_everybody_who_calls_is_sold() {
    let empty = Book::default();
    check(&outbound(NEW_YORK), &empty, ComplianceReason::NoConsent);
    check(
        &CallFacts { path: CompliancePath::InboundSale, ..outbound("anonymous") },
        &empty,
        ComplianceReason::NoRuleApplies,
    );
    let night = CallFacts { path: CompliancePath::Transfer, now: at_utc(8), ..outbound(NEW_YORK) };
    check(&night, &empty, ComplianceReason::Cleared);
}

#[test]
fn lists_forbid_whom_they_cover() {
    let campaign: CampaignId = id(50);
    let other: CampaignId = id(51);
    for (scope, of_campaign, expect) in [
        (ListScope::All, None, ComplianceReason::OnDncList),
        (ListScope::All, Some(campaign), ComplianceReason::OnDncList),
        (ListScope::Campaigns(vec![campaign]), Some(campaign), ComplianceReason::OnDncList),
        (ListScope::Campaigns(vec![campaign]), Some(other), ComplianceReason::Cleared),
        (ListScope::Campaigns(vec![campaign]), None, ComplianceReason::Cleared),
        (ListScope::Campaigns(vec![]), Some(campaign), ComplianceReason::Cleared),
    ] {
        let mut book = book_with(|_| {});
        book.set_list(list(9, "asked not to be called", scope.clone(), &[NEW_YORK]));
        let verdict = check(&CallFacts { campaign: of_campaign, ..outbound(NEW_YORK) }, &book, expect);
        if expect == ComplianceReason::OnDncList {
            let found = verdict.dnc_match.unwrap();
            assert_eq!((found.list_id, found.phone_number.as_str()), (id(9), NEW_YORK), "{scope:?}");
            assert_eq!((verdict.lists.len(), verdict.lists[0].version), (1, 3));
        }
    }
}

#[test]
fn a_list_that_must_be_fresh_is_not_relied_on_when_it_is_old() {
    let days = |count: u64| Some(MONDAY.before(Duration::from_secs(count * 86_400)));
    for (scrubbed_at, must_be_fresh, unsure, expect) in [
        (days(31), true, WhenUnsure::Block, ComplianceReason::Cleared),
        (days(32), true, WhenUnsure::Block, ComplianceReason::StaleList),
        (None, true, WhenUnsure::Block, ComplianceReason::StaleList),
        (None, false, WhenUnsure::Block, ComplianceReason::Cleared),
        (days(32), true, WhenUnsure::Allow, ComplianceReason::Cleared),
    ] {
        let mut book = book_with(|policy| policy.when_list_stale = unsure);
        book.set_list(DncList { scrubbed_at, must_be_fresh, ..list(9, "federal", ListScope::All, &[]) });
        check(&outbound(NEW_YORK), &book, expect);
        // Who is on it is not called however old it is.
        book.list_mut(id(9)).unwrap().numbers.insert(digits(NEW_YORK));
        check(&outbound(NEW_YORK), &book, ComplianceReason::OnDncList);
    }
}

#[test]
fn consent_is_by_token_or_the_newest_that_holds() {
    for (given, expires_at, token, expect) in [
        ("token", None, None, ComplianceReason::Cleared),
        ("token", None, Some("token"), ComplianceReason::Cleared),
        ("token", None, Some("another"), ComplianceReason::NoConsent),
        ("token", Some(at_utc(17)), None, ComplianceReason::Cleared),
        ("token", Some(at_utc(16)), None, ComplianceReason::NoConsent),
        ("token", Some(at_utc(16)), Some("token"), ComplianceReason::NoConsent),
    ] {
        let mut book = Book::default();
        book.set_consent(digits(NEW_YORK), consent(1, given, expires_at));
        check(&CallFacts { consent_token: token, ..outbound(NEW_YORK) }, &book, expect);
        book.remove_consent(digits(NEW_YORK), id(1));
        check(&CallFacts { consent_token: token, ..outbound(NEW_YORK) }, &book, ComplianceReason::NoConsent);
    }
}

#[test]
fn hours_are_those_of_the_called_number() {
    // UTC hour of Monday, number, expected: all zones of the number must be within hours.
    for (hour, number, expect) in [
        (12, NEW_YORK, ComplianceReason::OutsideHours),       // 07:00
        (13, NEW_YORK, ComplianceReason::Cleared),            // 08:00
        (25, NEW_YORK, ComplianceReason::Cleared),            // 20:00
        (26, NEW_YORK, ComplianceReason::OutsideHours),       // 21:00
        (15, "+13105550100", ComplianceReason::OutsideHours), // California 07:00
        (16, "+13105550100", ComplianceReason::Cleared),
        (13, "+18505550100", ComplianceReason::OutsideHours), // Florida's west: 07:00 Central
        (14, "+18505550100", ComplianceReason::Cleared),
        (25, "+18505550100", ComplianceReason::OutsideHours), // 20:00 Eastern: Florida ends at 20:00
        (24, "+18505550100", ComplianceReason::Cleared),
        (17, "+19075550100", ComplianceReason::OutsideHours), // Anchorage 08:00, Adak 07:00
        (14, "+12705550100", ComplianceReason::OutsideHours), // Kentucky from 10:00, Central 08:00
        (16, "+12705550100", ComplianceReason::Cleared),
        (16, "+18005550100", ComplianceReason::UnknownZone), // toll-free
        (16, "+442079460000", ComplianceReason::UnknownZone),
    ] {
        let mut book = book_with(|policy| policy.enforce_consent = false);
        check(&CallFacts { now: at_utc(hour), ..outbound(number) }, &book, expect);
        if expect == ComplianceReason::UnknownZone {
            let allowing = Policy { enforce_consent: false, when_zone_unknown: WhenUnsure::Allow, ..Policy::default() };
            book.set_policies(Some((8, allowing)), HashMap::new());
            check(&outbound(number), &book, ComplianceReason::Cleared);
        }
    }
    // Sunday the 22nd, 18:00 UTC, noon in Texas: from 12:00; Alabama not at all.
    let sunday = at_utc(18 - 24);
    let book = book_with(|policy| policy.enforce_consent = false);
    check(&CallFacts { now: sunday, ..outbound("+12145550100") }, &book, ComplianceReason::Cleared);
    check(&CallFacts { now: sunday, ..outbound("+12055550100") }, &book, ComplianceReason::OutsideHours);
    let federal = book_with(|policy| {
        policy.enforce_consent = false;
        policy.state_rules = false;
    });
    check(&CallFacts { now: sunday, ..outbound("+12055550100") }, &federal, ComplianceReason::Cleared);
}

#[test]
fn an_override_needs_the_policys_leave() {
    let call: CallId = id(70);
    let given = Override { id: id(5), number: digits(NEW_YORK), call: None, expires_at: Some(at_utc(17)) };
    let for_call = Override { call: Some(call), ..given };
    for (allow, given, of_call, now, expect) in [
        (true, given, None, MONDAY, ComplianceReason::Overridden),
        (true, given, Some(call), MONDAY, ComplianceReason::Overridden),
        (true, for_call, Some(call), MONDAY, ComplianceReason::Overridden),
        (true, for_call, Some(id(71)), MONDAY, ComplianceReason::OnDncList),
        (true, for_call, None, MONDAY, ComplianceReason::OnDncList),
        (true, given, None, at_utc(17), ComplianceReason::OnDncList),
        (false, given, None, MONDAY, ComplianceReason::OnDncList),
    ] {
        let mut book = book_with(|policy| policy.allow_override = allow);
        book.set_list(list(9, "global", ListScope::All, &[NEW_YORK]));
        book.set_overrides(vec![given]);
        let verdict = check(&CallFacts { call: of_call, now, ..outbound(NEW_YORK) }, &book, expect);
        assert_eq!(verdict.overridden_by.is_some(), expect == ComplianceReason::Overridden);
    }
}

#[test]
fn what_cannot_be_checked_is_not_allowed() {
    let book = book_with(|_| {});
    for number in ["", "anonymous", "+", "restricted;party=calling"] {
        check(&outbound(number), &book, ComplianceReason::UnreadableNumber);
    }
    let old = CallFacts { data_age: Duration::from_secs(3_601), ..outbound(NEW_YORK) };
    check(&old, &book, ComplianceReason::DataUnavailable);
    check(&old, &book_with(|policy| policy.when_data_old = WhenUnsure::Allow), ComplianceReason::Cleared);
    let verdict = unavailable(&outbound(NEW_YORK), "not read yet");
    assert_eq!((verdict.allowed, verdict.reason), (false, ComplianceReason::DataUnavailable));
}

#[test]
fn a_campaign_has_its_own_policy() {
    let campaign: CampaignId = id(50);
    let mut book = Book::default();
    let strict = Policy { inbound: Rules { dnc: true, consent: true, calling_hours: true }, ..Policy::default() };
    book.set_policies(None, HashMap::from([(campaign, (4, strict))]));
    let inbound = CallFacts { path: CompliancePath::InboundSale, ..outbound(NEW_YORK) };
    check(&inbound, &book, ComplianceReason::NoRuleApplies);
    let verdict = check(&CallFacts { campaign: Some(campaign), ..inbound }, &book, ComplianceReason::NoConsent);
    assert_eq!(verdict.policy, PolicyUsed { campaign_id: Some(campaign), version: 4 });
}

#[test]
fn policies_and_verdicts_survive_json() {
    let policy = Policy::default();
    let json = serde_json::to_value(&policy).unwrap();
    assert_eq!(json["callingHours"]["mon"], serde_json::json!({"from": "08:00", "to": "21:00"}));
    assert_eq!(serde_json::from_value::<Policy>(json).unwrap(), policy);
    assert_eq!(
        serde_json::from_str::<Policy>("{}").unwrap(),
        policy,
        "what an older release did not know is the default"
    );
    let verdict = screen(&outbound(NEW_YORK), &book_with(|_| {}));
    let json = serde_json::to_string(&verdict).unwrap();
    assert_eq!(serde_json::from_str::<ComplianceVerdict>(&json).unwrap(), verdict);
}

fn any_number() -> impl Strategy<Value = u64> {
    prop_oneof![12_000_000_000_u64..20_000_000_000, 100_u64..1_000_000_000_000_000, 12_125_550_000_u64..12_125_550_010]
}

proptest! {
    #[test]
    fn a_set_of_numbers_is_a_set(steps in prop::collection::vec((any::<bool>(), any_number()), 0..200)) {
        let mut set = NumberSet::default();
        let mut model = std::collections::BTreeSet::new();
        for (adds, number) in steps {
            let digits = Digits::from_stored(number as i64).unwrap();
            if adds {
                prop_assert_eq!(set.insert(digits), model.insert(number));
            } else {
                prop_assert_eq!(set.remove(digits), model.remove(&number));
            }
            prop_assert_eq!(set.contains(digits), model.contains(&number));
        }
        prop_assert_eq!(set.len(), model.len() as u64);
        let mut appended = NumberSet::default();
        let rising = model.iter().map(|number| Digits::from_stored(*number as i64).unwrap());
        prop_assert_eq!(appended.append(rising), 0);
        prop_assert_eq!(appended, set);
    }

    /// Whatever the number, the moment and the policy's switches: allowed outbound means no list has it, a consent holds, and every
    /// zone of the number is within federal hours, unless the policy does not ask.
    #[test]
    fn allowed_means_every_rule_asked_for_is_met(
        number in any_number(),
        minute in 0_i64..14 * 1_440,
        switches in any::<[bool; 5]>(),
        listed in any::<bool>(),
        agreed in any::<bool>(),
    ) {
        let [dnc, consent_asked, hours, states, zone_allowed] = switches;
        let text = format!("+{number}");
        let policy = Policy {
            enforce_dnc: dnc,
            enforce_consent: consent_asked,
            enforce_calling_hours: hours,
            state_rules: states,
            when_zone_unknown: if zone_allowed { WhenUnsure::Allow } else { WhenUnsure::Block },
            ..Policy::default()
        };
        let mut book = Book::default();
        book.set_policies(Some((1, policy)), HashMap::new());
        let known = digits(&text);
        if listed {
            book.set_list(list(1, "l", ListScope::All, &[&text]));
        }
        if agreed {
            book.set_consent(known, consent(1, "t", None));
        }
        let now = Timestamp::from_secs(1_795_449_600 + minute * 60);
        let verdict = screen(&CallFacts { now, ..outbound(&text) }, &book);
        let area = known.area_code().and_then(area_of);
        let is_day = |name: &str| {
            let zone = jiff::tz::TimeZone::get(name).unwrap();
            let local = zone.to_datetime(jiff::Timestamp::from_second(now.secs()).unwrap());
            (8..21).contains(&local.hour())
        };
        let within = area.map_or(zone_allowed, |area| zone_names(area).all(is_day));
        let may_at_most = (!dnc || !listed) && (!consent_asked || agreed) && (!hours || within);
        if states {
            prop_assert!(!verdict.allowed || may_at_most, "{verdict:#?}");
        } else {
            prop_assert_eq!(verdict.allowed, may_at_most, "{:#?}", verdict);
        }
        // A policy that asks for nothing is not asked.
        let checks = if dnc || consent_asked || hours { 4 } else { 0 };
        prop_assert_eq!(verdict.checks.len(), checks);
    }
}
