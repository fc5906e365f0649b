//! What is known of the call, for expressions.

use std::collections::BTreeMap;

use domain::Attestation;
use serde_json::Value;

/// What expressions can ask about a call besides the time, its tags and its digits. Whatever is absent reads as empty text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// `caller.number`: E.164 where it is one.
    pub caller_number: String,
    /// `caller.name`: as the caller's carrier gave it.
    pub caller_name: Option<String>,
    /// `called.number`, also `callee.number`: the tracking number.
    pub called_number: String,
    /// `campaign.id`, `campaign.name`.
    pub campaign: Option<CampaignFacts>,
    /// `timezone`: IANA zone of `hour`, `minute`, `weekday`, `weekdayName` and `date`. UTC where empty or unknown.
    pub time_zone: String,
    /// `stirShaken.attestation`: `A`, `B` or `C`; empty for none.
    pub attestation: Attestation,
    /// `cnam.callerName`: from a lookup.
    pub cnam_name: Option<String>,
    /// `cnam.provider`: which lookup.
    pub cnam_provider: Option<String>,
    /// `carrier.name` and so on.
    pub carrier: Option<Carrier>,
    /// Tags the call has before the flow starts.
    pub tags: BTreeMap<String, Value>,
    /// Further variables by name. They do not replace the ones above.
    pub variables: BTreeMap<String, Value>,
}

/// The campaign of the dialled number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignFacts {
    /// `campaign.id`.
    pub id: String,
    /// `campaign.name`.
    pub name: String,
}

/// The carrier of the dialled number, from a lookup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carrier {
    /// `carrier.name`.
    pub name: String,
    /// `carrier.lata`.
    pub lata: String,
    /// `carrier.ocn`.
    pub ocn: String,
    /// `carrier.provider`.
    pub provider: String,
}
