//! An order to call somebody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AgentId, CallId, CampaignId, NumberId, PhoneNumber, TenantId, Timestamp};

/// Name of the tag that holds the consent a call relies on.
pub const CONSENT_TAG: &str = "consentToken";

/// A call the platform is to place. Whoever answers is the caller of the campaign's flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboundCall {
    /// The call's id, given beforehand: an order that comes twice is carried out once.
    pub call: CallId,
    /// Whose.
    pub tenant: TenantId,
    /// Whose flow runs.
    pub campaign: CampaignId,
    /// The tenant's number the call is from.
    pub number: NumberId,
    /// The same, as it is shown.
    pub from: PhoneNumber,
    /// Who is called.
    pub to: PhoneNumber,
    /// The agent who ordered it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// On the call from the start.
    pub tags: BTreeMap<String, serde_json::Value>,
    /// Not to be begun later: nobody waits for it any more.
    pub until: Timestamp,
}

impl OutboundCall {
    /// The consent the call relies on, where one is named.
    pub fn consent_token(&self) -> Option<&str> {
        self.tags.get(CONSENT_TAG)?.as_str()
    }
}
