//! What a tenant, or one of its campaigns, asks for.

use domain::{CompliancePath, PolicyUsed};
use serde::{Deserialize, Serialize};

use crate::Week;

/// 16 CFR 310.4(b)(3)(iv): a seller relies on a version of the federal list no older than 31 days.
pub const LIST_AGE_DAYS_MAX: u16 = 31;
/// How old what is known may get before it counts for nothing, seconds.
const DATA_AGE_SECS_MAX: u32 = 3_600;

/// What happens when something cannot be checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenUnsure {
    /// The call does not happen.
    #[default]
    Block,
    /// The rule counts as passed, and the verdict says so.
    Allow,
}

/// Which rules one path of a call is put to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
    /// Do-not-call lists.
    pub dnc: bool,
    /// Consent.
    pub consent: bool,
    /// Calling hours.
    pub calling_hours: bool,
}

/// A policy. [`Policy::default`] is what a tenant has that set none (docs/adr/0157).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Policy {
    /// Look into the do-not-call lists at all.
    pub enforce_dnc: bool,
    /// Ask for consent at all.
    pub enforce_consent: bool,
    /// Keep calling hours at all.
    pub enforce_calling_hours: bool,
    /// May people override the rules for a number?
    pub allow_override: bool,
    /// Does a second person have to approve an override?
    pub require_admin_approval: bool,
    /// Rules for calls the platform makes.
    pub outbound: Rules,
    /// Rules for calls passed on to a number outside.
    pub transfers: Rules,
    /// Rules for selling somebody who called us.
    pub inbound: Rules,
    /// When a consumer may be called, at the consumer's place.
    pub calling_hours: Week,
    /// Keep the stricter hours of the consumer's state as well.
    pub state_rules: bool,
    /// Oldest scrub of a list that must be fresh, days.
    pub list_age_days_max: u16,
    /// A list that must be fresh is not.
    pub when_list_stale: WhenUnsure,
    /// Nobody knows which time it is where the consumer is.
    pub when_zone_unknown: WhenUnsure,
    /// Oldest data a decision may rest on, seconds.
    pub data_age_secs_max: u32,
    /// The data is older than that.
    pub when_data_old: WhenUnsure,
    /// Take consents of a tenant's own making (`CUSTOM`) for verified.
    pub trust_custom_consent: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            enforce_dnc: true,
            enforce_consent: true,
            enforce_calling_hours: true,
            allow_override: false,
            require_admin_approval: true,
            outbound: Rules { dnc: true, consent: true, calling_hours: true },
            transfers: Rules { dnc: true, consent: false, calling_hours: false },
            inbound: Rules { dnc: false, consent: false, calling_hours: false },
            calling_hours: Week::FEDERAL,
            state_rules: true,
            list_age_days_max: LIST_AGE_DAYS_MAX,
            when_list_stale: WhenUnsure::Block,
            when_zone_unknown: WhenUnsure::Block,
            data_age_secs_max: DATA_AGE_SECS_MAX,
            when_data_old: WhenUnsure::Block,
            trust_custom_consent: false,
        }
    }
}

impl Policy {
    /// The rules of a path, as far as they are asked for at all.
    pub const fn rules(&self, path: CompliancePath) -> Rules {
        let asked = match path {
            CompliancePath::Outbound => self.outbound,
            CompliancePath::Transfer => self.transfers,
            CompliancePath::InboundSale => self.inbound,
        };
        Rules {
            dnc: self.enforce_dnc && asked.dnc,
            consent: self.enforce_consent && asked.consent,
            calling_hours: self.enforce_calling_hours && asked.calling_hours,
        }
    }
}

impl Rules {
    /// No rule at all?
    pub const fn is_empty(self) -> bool {
        !self.dnc && !self.consent && !self.calling_hours
    }
}

/// The policy of a tenant that set none.
pub(crate) const BUILT_IN: PolicyUsed = PolicyUsed { campaign_id: None, version: 0 };
