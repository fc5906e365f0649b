//! Everything known of one tenant that calls are screened by. Kept up to date by whoever holds it; reading changes nothing.

use std::collections::HashMap;

use domain::{
    CallId, CampaignId, ComplianceOverrideId, ConsentFound, ConsentId, DncListId, ListUsed, OverrideUsed, PolicyUsed,
    Timestamp,
};

use crate::{Digits, NumberSet, Policy, policy::BUILT_IN};

/// Whose calls a list is consulted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListScope {
    /// Every call of the tenant.
    All,
    /// Calls of these campaigns.
    Campaigns(Vec<CampaignId>),
}

impl ListScope {
    fn covers(&self, campaign: Option<CampaignId>) -> bool {
        match self {
            Self::All => true,
            Self::Campaigns(campaigns) => campaign.is_some_and(|campaign| campaigns.contains(&campaign)),
        }
    }
}

/// A do-not-call list that is in use.
#[derive(Clone, Debug)]
pub struct DncList {
    /// Which.
    pub id: DncListId,
    /// For people.
    pub name: String,
    /// Whose calls.
    pub scope: ListScope,
    /// Counts its changes.
    pub version: u64,
    /// When it was last compared with its source.
    pub scrubbed_at: Option<Timestamp>,
    /// Must it be scrubbed as often as the policy says?
    pub must_be_fresh: bool,
    /// Its numbers.
    pub numbers: NumberSet,
}

impl DncList {
    /// As a verdict names it.
    pub fn used(&self) -> ListUsed {
        ListUsed { list_id: self.id, version: self.version, scrubbed_at: self.scrubbed_at }
    }
}

/// A verified consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Which.
    pub id: ConsentId,
    /// The first half of the token's SHA-256.
    pub token: [u8; 16],
    /// When it was given.
    pub since: Timestamp,
    /// Until when it holds.
    pub expires_at: Option<Timestamp>,
}

impl Consent {
    fn found(&self) -> ConsentFound {
        ConsentFound { consent_id: self.id, expires_at: self.expires_at }
    }
}

/// An ACTIVE override.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Override {
    /// Which.
    pub id: ComplianceOverrideId,
    /// The number.
    pub number: Digits,
    /// The one call it is for; absent: every call of the number.
    pub call: Option<CallId>,
    /// Until when it holds.
    pub expires_at: Option<Timestamp>,
}

/// One tenant's policies, lists, consents and overrides.
#[derive(Clone, Debug, Default)]
pub struct Book {
    policy: Option<(u32, Policy)>,
    campaign_policies: HashMap<CampaignId, (u32, Policy)>,
    lists: Vec<DncList>,
    consents: HashMap<Digits, Vec<Consent>>,
    overrides: Vec<Override>,
}

fn holds(expires_at: Option<Timestamp>, now: Timestamp) -> bool {
    expires_at.is_none_or(|end| now < end)
}

impl Book {
    /// The policies: the tenant's own, where it has one, and campaigns', with their versions.
    pub fn set_policies(&mut self, own: Option<(u32, Policy)>, of_campaigns: HashMap<CampaignId, (u32, Policy)>) {
        self.policy = own;
        self.campaign_policies = of_campaigns;
    }

    /// The policy for a campaign's calls: its own, else the tenant's, else the built-in default.
    pub fn policy(&self, campaign: Option<CampaignId>) -> (PolicyUsed, Policy) {
        let own = campaign.and_then(|campaign| Some((Some(campaign), self.campaign_policies.get(&campaign)?)));
        let found = own.or_else(|| self.policy.as_ref().map(|policy| (None, policy)));
        match found {
            Some((campaign_id, (version, policy))) => (PolicyUsed { campaign_id, version: *version }, policy.clone()),
            None => (BUILT_IN, Policy::default()),
        }
    }

    /// The lists, in the order they are consulted.
    pub fn lists(&self) -> &[DncList] {
        &self.lists
    }

    /// A list to be changed.
    pub fn list_mut(&mut self, id: DncListId) -> Option<&mut DncList> {
        self.lists.iter_mut().find(|list| list.id == id)
    }

    /// Adds a list, or puts it in place of the one with its id.
    pub fn set_list(&mut self, list: DncList) {
        match self.list_mut(list.id) {
            Some(known) => *known = list,
            None => self.lists.push(list),
        }
    }

    /// Forgets the lists not named, and consults the others in this order.
    pub fn keep_lists(&mut self, ids: &[DncListId]) {
        let place = |list: &DncList| ids.iter().position(|id| *id == list.id);
        self.lists.retain(|list| place(list).is_some());
        self.lists.sort_by_key(place);
    }

    /// The lists consulted for a campaign's calls.
    pub fn lists_for(&self, campaign: Option<CampaignId>) -> impl Iterator<Item = &DncList> {
        self.lists.iter().filter(move |list| list.scope.covers(campaign))
    }

    /// Adds a verified consent, or puts it in place of the one with its id.
    pub fn set_consent(&mut self, number: Digits, consent: Consent) {
        let known = self.consents.entry(number).or_default();
        known.retain(|other| other.id != consent.id);
        known.push(consent);
    }

    /// A consent is no longer good.
    pub fn remove_consent(&mut self, number: Digits, id: ConsentId) {
        if let Some(known) = self.consents.get_mut(&number) {
            known.retain(|other| other.id != id);
            if known.is_empty() {
                self.consents.remove(&number);
            }
        }
    }

    /// Numbers with a verified consent.
    pub fn consent_count(&self) -> usize {
        self.consents.len()
    }

    /// The consent a call of the number may rest on: the one of this token, where one is given, else the newest. With it, whether any
    /// is known at all.
    pub fn consent(&self, number: Digits, token: Option<[u8; 16]>, now: Timestamp) -> (Option<ConsentFound>, bool) {
        let known = self.consents.get(&number).map_or(&[][..], Vec::as_slice);
        let good = known.iter().filter(|consent| holds(consent.expires_at, now));
        let found = match token {
            Some(token) => good.clone().find(|consent| consent.token == token),
            None => good.max_by_key(|consent| consent.since),
        };
        (found.map(Consent::found), !known.is_empty())
    }

    /// Every ACTIVE override.
    pub fn set_overrides(&mut self, overrides: Vec<Override>) {
        self.overrides = overrides;
    }

    /// The override for this number and call; one for this very call before one for the number.
    pub fn override_for(&self, number: Digits, call: Option<CallId>, now: Timestamp) -> Option<OverrideUsed> {
        let good = |given: &&Override| {
            let is_for_call = given.call.is_none_or(|wanted| Some(wanted) == call);
            given.number == number && is_for_call && holds(given.expires_at, now)
        };
        let found = self.overrides.iter().filter(good).max_by_key(|given| given.call.is_some())?;
        Some(OverrideUsed { id: found.id, expires_at: found.expires_at, call_id: found.call })
    }
}
