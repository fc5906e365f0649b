//! A verdict on the wire.

use domain::{ComplianceReason, ComplianceRule, ComplianceVerdict, Finding};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::wire::Time;

/// May the call happen, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceCheckResult {
    /// Whether it may happen.
    allowed: bool,
    /// `cleared`, `no_rule_applies`, `overridden`, `on_dnc_list`, `stale_list`, `no_consent`, `outside_hours`, `unknown_zone`,
    /// `unreadable_number` or `data_unavailable`.
    #[schema(example = "on_dnc_list")]
    reason: &'static str,
    /// The same for people, with the figures.
    #[schema(example = "+12125550100 is on the list \"federal\"")]
    detail: String,
    /// The number that was screened, as it was given.
    #[schema(example = "+12125550100")]
    phone_number: String,
    /// The entry that forbids it.
    dnc_match: Option<ComplianceDncMatch>,
    /// `verified` or `missing`; absent where nobody asked for consent.
    #[schema(example = "verified")]
    consent_status: Option<&'static str>,
    /// The consent it rests on.
    consent_id: Option<Uuid>,
    /// The override that allows it.
    #[serde(rename = "override")]
    overridden_by: Option<ComplianceOverrideUse>,
    /// Every rule, in the order they are checked.
    checks: Vec<ComplianceRuleCheck>,
    /// The campaign whose own policy was in force; absent: the tenant's.
    policy_campaign_id: Option<Uuid>,
    /// 0: the built-in default.
    policy_version: u32,
    /// Every list that was consulted.
    lists: Vec<ComplianceListUse>,
    /// When it was decided.
    decided_at: Time,
}

/// An entry of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceDncMatch {
    /// The list.
    list_id: Uuid,
    /// Its name.
    list_name: String,
    /// The telephone number, E.164.
    phone_number: String,
}

/// An override that was used.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceOverrideUse {
    /// The override's id.
    id: Uuid,
    /// When it ends; null: never.
    expires_at: Option<Time>,
}

/// What one rule found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComplianceRuleCheck {
    /// `override`, `dnc`, `consent` or `calling_hours`.
    #[schema(example = "dnc")]
    rule: &'static str,
    /// `passed`, `failed`, `not_asked` or `not_reached`.
    #[schema(example = "failed")]
    finding: &'static str,
    /// For people, with the figures.
    detail: String,
}

/// A list as it was consulted.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceListUse {
    /// The list.
    list_id: Uuid,
    /// The version of its entries that was consulted.
    version: u64,
    /// When it had last been compared with its source; null: never.
    scrubbed_at: Option<Time>,
}

/// A reason's word on the wire.
pub(crate) const fn reason_word(reason: ComplianceReason) -> &'static str {
    match reason {
        ComplianceReason::Cleared => "cleared",
        ComplianceReason::NoRuleApplies => "no_rule_applies",
        ComplianceReason::Overridden => "overridden",
        ComplianceReason::OnDncList => "on_dnc_list",
        ComplianceReason::StaleList => "stale_list",
        ComplianceReason::NoConsent => "no_consent",
        ComplianceReason::OutsideHours => "outside_hours",
        ComplianceReason::UnknownZone => "unknown_zone",
        ComplianceReason::UnreadableNumber => "unreadable_number",
        ComplianceReason::DataUnavailable => "data_unavailable",
    }
}

const fn rule(rule: ComplianceRule) -> &'static str {
    match rule {
        ComplianceRule::Override => "override",
        ComplianceRule::Dnc => "dnc",
        ComplianceRule::Consent => "consent",
        ComplianceRule::CallingHours => "calling_hours",
    }
}

const fn finding(finding: Finding) -> &'static str {
    match finding {
        Finding::Passed => "passed",
        Finding::Failed => "failed",
        Finding::NotAsked => "not_asked",
        Finding::NotReached => "not_reached",
    }
}

/// As shown.
pub(crate) fn verdict_view(verdict: &ComplianceVerdict) -> ComplianceCheckResult {
    let consent = verdict.checks.iter().find(|check| check.rule == ComplianceRule::Consent);
    ComplianceCheckResult {
        allowed: verdict.allowed,
        reason: reason_word(verdict.reason),
        detail: verdict.detail.clone(),
        phone_number: verdict.consumer.clone(),
        dnc_match: verdict.dnc_match.as_ref().map(|found| ComplianceDncMatch {
            list_id: found.list_id.uuid(),
            list_name: found.list_name.clone(),
            phone_number: found.phone_number.clone(),
        }),
        consent_status: consent.and_then(|check| match check.finding {
            Finding::Passed => Some("verified"),
            Finding::Failed => Some("missing"),
            Finding::NotAsked | Finding::NotReached => None,
        }),
        consent_id: verdict.consent.map(|found| found.consent_id.uuid()),
        overridden_by: verdict
            .overridden_by
            .map(|used| ComplianceOverrideUse { id: used.id.uuid(), expires_at: used.expires_at.map(Time) }),
        checks: verdict
            .checks
            .iter()
            .map(|check| ComplianceRuleCheck {
                rule: rule(check.rule),
                finding: finding(check.finding),
                detail: check.detail.clone(),
            })
            .collect(),
        policy_campaign_id: verdict.policy.campaign_id.map(|id| id.uuid()),
        policy_version: verdict.policy.version,
        lists: verdict
            .lists
            .iter()
            .map(|list| ComplianceListUse {
                list_id: list.list_id.uuid(),
                version: list.version,
                scrubbed_at: list.scrubbed_at.map(Time),
            })
            .collect(),
        decided_at: Time(verdict.at),
    }
}
