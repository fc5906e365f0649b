//! The gate: override, do-not-call lists, consent, calling hours, in this order; the first that decides, decides.

use std::time::Duration;

use domain::{
    CallId, CampaignId, ComplianceCheck, CompliancePath, ComplianceReason, ComplianceRule, ComplianceVerdict, DncMatch,
    Finding, PhoneNumber, Timestamp,
};
use jiff::{civil::Weekday, tz::TimeZone};
use sha2::{Digest, Sha256};

use crate::{Book, Digits, Policy, Rules, Week, WhenUnsure, areas, state_rule};

/// Seconds of a day.
const DAY_SECS: u64 = 86_400;
/// Longest part of a given number that is kept.
const CONSUMER_CHARS_MAX: usize = 40;

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct CallFacts<'a> {
    /// What is about to happen.
    pub path: CompliancePath,
    /// The consumer's number as signalled or given: the caller of a sale, else who is dialled.
    pub consumer: &'a str,
    /// Whose policy and lists.
    pub campaign: Option<CampaignId>,
    /// The call, where there is one already.
    pub call: Option<CallId>,
    /// A consent token to rely on.
    pub consent_token: Option<&'a str>,
    /// When.
    pub now: Timestamp,
    /// How old the book is.
    pub data_age: Duration,
}

/// The half of a token's SHA-256 that is kept in memory.
pub fn token_hash(token: &str) -> [u8; 16] {
    let hash = Sha256::digest(token.as_bytes());
    let mut half = [0; 16];
    half.iter_mut().zip(hash.iter()).for_each(|(to, from)| *to = *from);
    half
}

/// Decides.
pub fn screen(facts: &CallFacts<'_>, book: &Book) -> ComplianceVerdict {
    let (used, policy) = book.policy(facts.campaign);
    let mut verdict = blank(facts);
    verdict.policy = used;
    let rules = policy.rules(facts.path);
    if rules.is_empty() {
        return settled(verdict, true, ComplianceReason::NoRuleApplies, "the policy asks for nothing here".into());
    }
    let age_max = Duration::from_secs(u64::from(policy.data_age_secs_max));
    if facts.data_age > age_max && policy.when_data_old == WhenUnsure::Block {
        let detail = format!(
            "lists, policies and consents were last read {} s ago, and the policy allows {} s",
            facts.data_age.as_secs(),
            age_max.as_secs()
        );
        return settled(verdict, false, ComplianceReason::DataUnavailable, detail);
    }
    let Ok(number) = PhoneNumber::from_dialled(facts.consumer) else {
        let detail = "the consumer's number is withheld or is none, so nothing can be checked".into();
        return settled(verdict, false, ComplianceReason::UnreadableNumber, detail);
    };
    let number = Digits::from(&number);
    if check_override(facts, &policy, book, number, &mut verdict) {
        let detail = last_detail(&verdict);
        return settled(verdict, true, ComplianceReason::Overridden, detail);
    }
    let decided = check_lists(facts, &policy, rules, book, number, &mut verdict)
        .or_else(|| check_consent(facts, rules, book, number, &mut verdict))
        .or_else(|| check_hours(facts, &policy, rules, number, &mut verdict));
    match decided {
        Some(reason) => {
            let detail = last_detail(&verdict);
            settled(verdict, false, reason, detail)
        }
        None => settled(verdict, true, ComplianceReason::Cleared, "every rule asked for is met".into()),
    }
}

/// The verdict where there is no book at all.
pub fn unavailable(facts: &CallFacts<'_>, why: &str) -> ComplianceVerdict {
    settled(blank(facts), false, ComplianceReason::DataUnavailable, why.to_owned())
}

fn blank(facts: &CallFacts<'_>) -> ComplianceVerdict {
    ComplianceVerdict {
        allowed: false,
        reason: ComplianceReason::DataUnavailable,
        detail: String::new(),
        at: facts.now,
        path: facts.path,
        consumer: facts.consumer.chars().take(CONSUMER_CHARS_MAX).collect(),
        policy: crate::policy::BUILT_IN,
        checks: Vec::with_capacity(4),
        dnc_match: None,
        consent: None,
        overridden_by: None,
        lists: Vec::new(),
    }
}

fn settled(
    mut verdict: ComplianceVerdict,
    allowed: bool,
    reason: ComplianceReason,
    detail: String,
) -> ComplianceVerdict {
    let order = [ComplianceRule::Override, ComplianceRule::Dnc, ComplianceRule::Consent, ComplianceRule::CallingHours];
    // Where nothing is asked for nothing need be told: most sales are like that, and each verdict is stored.
    let told = if reason == ComplianceReason::NoRuleApplies { 0 } else { order.len() };
    for rule in order.into_iter().take(told).skip(verdict.checks.len()) {
        note(&mut verdict, rule, Finding::NotReached, String::new());
    }
    ComplianceVerdict { allowed, reason, detail, ..verdict }
}

fn last_detail(verdict: &ComplianceVerdict) -> String {
    verdict.checks.last().map(|check| check.detail.clone()).unwrap_or_default()
}

fn note(verdict: &mut ComplianceVerdict, rule: ComplianceRule, finding: Finding, detail: String) {
    verdict.checks.push(ComplianceCheck { rule, finding, detail });
}

fn check_override(
    facts: &CallFacts<'_>,
    policy: &Policy,
    book: &Book,
    number: Digits,
    verdict: &mut ComplianceVerdict,
) -> bool {
    if !policy.allow_override {
        note(verdict, ComplianceRule::Override, Finding::NotAsked, "the policy allows no overrides".into());
        return false;
    }
    let Some(found) = book.override_for(number, facts.call, facts.now) else {
        note(verdict, ComplianceRule::Override, Finding::Passed, "there is none for this number".into());
        return false;
    };
    let until = found.expires_at.map_or_else(|| "without end".to_owned(), |end| format!("until {end}"));
    let what = if found.call_id.is_some() { "this call" } else { "this number" };
    let detail = format!("override {} allows {what} {until}", found.id);
    note(verdict, ComplianceRule::Override, Finding::Passed, detail);
    verdict.overridden_by = Some(found);
    true
}

fn check_lists(
    facts: &CallFacts<'_>,
    policy: &Policy,
    rules: Rules,
    book: &Book,
    number: Digits,
    verdict: &mut ComplianceVerdict,
) -> Option<ComplianceReason> {
    const RULE: ComplianceRule = ComplianceRule::Dnc;
    if !rules.dnc {
        note(verdict, RULE, Finding::NotAsked, "the policy does not ask for it here".into());
        return None;
    }
    verdict.lists = book.lists_for(facts.campaign).map(crate::DncList::used).collect();
    // A match counts however old its list is.
    if let Some(list) = book.lists_for(facts.campaign).find(|list| list.numbers.contains(number)) {
        let list_name = list.name.clone();
        note(verdict, RULE, Finding::Failed, format!("{number} is on the list {list_name:?}"));
        verdict.dnc_match = Some(DncMatch { list_id: list.id, list_name, phone_number: number.to_string() });
        return Some(ComplianceReason::OnDncList);
    }
    let span = Duration::from_secs(u64::from(policy.list_age_days_max) * DAY_SECS);
    let oldest = facts.now.before(span);
    let is_stale = |list: &&crate::DncList| list.must_be_fresh && list.scrubbed_at.is_none_or(|at| at < oldest);
    let stale = book.lists_for(facts.campaign).find(is_stale);
    let count = verdict.lists.len();
    match stale {
        None => {
            note(verdict, RULE, Finding::Passed, format!("{number} is on none of {count} lists"));
            None
        }
        Some(list) => {
            let since = list.scrubbed_at.map_or_else(|| "never".to_owned(), |at| format!("last on {at}"));
            let days = policy.list_age_days_max;
            let detail = format!("the list {:?} must be scrubbed every {days} days and was {since}", list.name);
            if policy.when_list_stale == WhenUnsure::Allow {
                note(verdict, RULE, Finding::Passed, format!("{detail}; the policy allows the call"));
                return None;
            }
            note(verdict, RULE, Finding::Failed, detail);
            Some(ComplianceReason::StaleList)
        }
    }
}

fn check_consent(
    facts: &CallFacts<'_>,
    rules: Rules,
    book: &Book,
    number: Digits,
    verdict: &mut ComplianceVerdict,
) -> Option<ComplianceReason> {
    const RULE: ComplianceRule = ComplianceRule::Consent;
    if !rules.consent {
        note(verdict, RULE, Finding::NotAsked, "the policy does not ask for it here".into());
        return None;
    }
    let (found, is_any_known) = book.consent(number, facts.consent_token.map(token_hash), facts.now);
    verdict.consent = found;
    if let Some(found) = found {
        let until = found.expires_at.map_or_else(|| "without end".to_owned(), |end| format!("until {end}"));
        note(verdict, RULE, Finding::Passed, format!("consent {} holds {until}", found.consent_id));
        return None;
    }
    let detail = match (facts.consent_token, is_any_known) {
        (Some(_), _) => format!("no verified consent of {number} that holds now has this token"),
        (None, true) => format!("no consent of {number} holds any more"),
        (None, false) => format!("no verified consent of {number} is known"),
    };
    note(verdict, RULE, Finding::Failed, detail);
    Some(ComplianceReason::NoConsent)
}

fn check_hours(
    facts: &CallFacts<'_>,
    policy: &Policy,
    rules: Rules,
    number: Digits,
    verdict: &mut ComplianceVerdict,
) -> Option<ComplianceReason> {
    const RULE: ComplianceRule = ComplianceRule::CallingHours;
    if !rules.calling_hours {
        note(verdict, RULE, Finding::NotAsked, "the policy does not ask for it here".into());
        return None;
    }
    let area = number.area_code().and_then(areas::area_of);
    let state = area.filter(|_| policy.state_rules).and_then(|area| state_rule(area.region));
    let mut open = Vec::new();
    for (name, zone) in area.into_iter().flat_map(areas::zones) {
        let Some(local) = zone.and_then(|zone| Local::at(facts.now, zone)) else {
            return unknown_zone(policy, number, verdict);
        };
        let window = local.window(&policy.calling_hours, state.map(|rule| &rule.week));
        let hours = window.map_or_else(|| "closed".to_owned(), |window| window.to_string());
        let by = state.map_or_else(String::new, |rule| format!(", {} ({})", rule.state, rule.source));
        let detail = format!("{} in {name}; hours {hours}{by}", local.text());
        if !window.is_some_and(|window| window.holds(local.minute)) {
            note(verdict, RULE, Finding::Failed, format!("it is {detail}"));
            return Some(ComplianceReason::OutsideHours);
        }
        open.push(detail);
    }
    if open.is_empty() {
        return unknown_zone(policy, number, verdict);
    }
    note(verdict, RULE, Finding::Passed, format!("it is {}", open.join(", and ")));
    None
}

fn unknown_zone(policy: &Policy, number: Digits, verdict: &mut ComplianceVerdict) -> Option<ComplianceReason> {
    let detail = format!("the time zone of {number} is not known");
    if policy.when_zone_unknown == WhenUnsure::Allow {
        note(verdict, ComplianceRule::CallingHours, Finding::Passed, format!("{detail}; the policy allows the call"));
        return None;
    }
    note(verdict, ComplianceRule::CallingHours, Finding::Failed, detail);
    Some(ComplianceReason::UnknownZone)
}

/// The time at a place.
struct Local {
    day: Weekday,
    minute: u16,
}

impl Local {
    fn at(now: Timestamp, zone: &TimeZone) -> Option<Self> {
        let moment = jiff::Timestamp::from_microsecond(now.micros()).ok()?;
        let local = zone.to_datetime(moment);
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).ok()?;
        Some(Self { day: local.weekday(), minute })
    }

    fn window(&self, policy: &Week, state: Option<&Week>) -> Option<crate::Window> {
        let own = policy.on(self.day)?;
        match state {
            Some(state) => own.common(state.on(self.day)?),
            None => Some(own),
        }
    }

    fn text(&self) -> String {
        format!("{:?} {:02}:{:02}", self.day, self.minute / 60, self.minute % 60)
    }
}
