//! What compliance decided about a call and on which data: stored with the call, so that it can be shown later.

use serde::{Deserialize, Serialize};

use crate::{CallId, CampaignId, ComplianceOverrideId, ConsentId, DncListId, Timestamp};

/// What is about to happen to the consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompliancePath {
    /// The consumer called a tracking number and is to be sold: the consumer is the caller.
    InboundSale,
    /// The platform calls: the consumer is who is dialled.
    Outbound,
    /// A call is passed on to a number outside: the consumer is who is dialled.
    Transfer,
}

/// One of the rules, in the order they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComplianceRule {
    /// Leave given by people.
    Override,
    /// Do-not-call lists.
    Dnc,
    /// Consent of the consumer.
    Consent,
    /// Hours in which the consumer may be called.
    CallingHours,
}

/// What a rule found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It has no objection.
    Passed,
    /// It forbids the call.
    Failed,
    /// The policy does not ask for it here.
    NotAsked,
    /// An earlier rule had decided.
    NotReached,
}

/// One rule's finding, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceCheck {
    /// Which rule.
    pub rule: ComplianceRule,
    /// What it found.
    pub finding: Finding,
    /// Why.
    pub detail: String,
}

/// Why a call is allowed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComplianceReason {
    /// Every rule asked for has no objection.
    Cleared,
    /// The policy asks for no rule here.
    NoRuleApplies,
    /// An override allows it.
    Overridden,
    /// The number is on a do-not-call list.
    OnDncList,
    /// A list that must be fresh was not scrubbed in time.
    StaleList,
    /// The consumer did not agree, as far as anybody knows.
    NoConsent,
    /// It is too early, too late or the wrong day where the consumer may be.
    OutsideHours,
    /// Nobody can say which time it is where the consumer is.
    UnknownZone,
    /// The consumer's number is withheld or is none.
    UnreadableNumber,
    /// The lists, policies and consents could not be loaded, or are too old.
    DataUnavailable,
}

/// The entry that forbids the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DncMatch {
    /// The list.
    pub list_id: DncListId,
    /// Its name then.
    pub list_name: String,
    /// The number, E.164.
    pub phone_number: String,
}

/// The consent a call relies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsentFound {
    /// Which.
    pub consent_id: ConsentId,
    /// Until when it holds.
    pub expires_at: Option<Timestamp>,
}

/// The override a call relies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OverrideUsed {
    /// Which.
    pub id: ComplianceOverrideId,
    /// Until when it holds.
    pub expires_at: Option<Timestamp>,
    /// The one call it is for; absent: every call of the number.
    pub call_id: Option<CallId>,
}

/// The policy that was in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyUsed {
    /// The campaign whose own policy it is; absent: the tenant's `default`.
    pub campaign_id: Option<CampaignId>,
    /// 0: the built-in default, as the tenant has not set any.
    pub version: u32,
}

/// A list as it was consulted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListUsed {
    /// Which.
    pub list_id: DncListId,
    /// Counts its changes: entries are never deleted, so what it held at a version can be shown.
    pub version: u64,
    /// When it was last compared with its source.
    pub scrubbed_at: Option<Timestamp>,
}

/// May this call happen?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceVerdict {
    /// It may.
    pub allowed: bool,
    /// The rule that decided.
    pub reason: ComplianceReason,
    /// The same for people, with the figures.
    pub detail: String,
    /// When it was decided.
    pub at: Timestamp,
    /// What was about to happen.
    pub path: CompliancePath,
    /// The number that was screened, as it was given.
    pub consumer: String,
    /// The policy.
    pub policy: PolicyUsed,
    /// Every rule, in order.
    pub checks: Vec<ComplianceCheck>,
    /// The entry that forbids it.
    pub dnc_match: Option<DncMatch>,
    /// The consent that allows it.
    pub consent: Option<ConsentFound>,
    /// The override that allows it.
    pub overridden_by: Option<OverrideUsed>,
    /// Every list that was consulted.
    pub lists: Vec<ListUsed>,
}
