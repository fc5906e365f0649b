//! A tenant's routing data, compiled so that a decision looks nothing up by text and touches no store.

use std::collections::HashMap;

use domain::{BuyerId, CampaignId, EndpointId, Micros, PublisherId, SaleTerms, Strategy, TenantId};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{CapKind, Filters, Hours};

/// Most buyers of one tenant.
pub const BUYERS_MAX: usize = 10_000;
/// Most endpoints of one buyer.
pub const ENDPOINTS_MAX: usize = 100;
/// Most campaigns of one tenant.
pub const CAMPAIGNS_MAX: usize = 10_000;

/// Most calls; an absent limit is none, 0 is no calls at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Caps {
    /// At once.
    pub concurrency: Option<u32>,
    /// In a clock hour of the buyer's zone.
    pub hourly: Option<u32>,
    /// In a day of the buyer's zone.
    pub daily: Option<u32>,
    /// In a month of the buyer's zone.
    pub monthly: Option<u32>,
    /// Altogether.
    pub total: Option<u32>,
}

impl Caps {
    /// No limits.
    pub const NONE: Self = Self { concurrency: None, hourly: None, daily: None, monthly: None, total: None };

    /// The limit of one kind.
    pub fn limit(&self, kind: CapKind) -> Option<u32> {
        match kind {
            CapKind::Concurrency => self.concurrency,
            CapKind::Hour => self.hourly,
            CapKind::Day => self.daily,
            CapKind::Month => self.monthly,
            CapKind::Total => self.total,
        }
    }

    /// The lower limit of both, kind by kind.
    pub fn tightened_by(&self, other: &Self) -> Self {
        let lower = |a: Option<u32>, b: Option<u32>| a.into_iter().chain(b).min();
        Self {
            concurrency: lower(self.concurrency, other.concurrency),
            hourly: lower(self.hourly, other.hourly),
            daily: lower(self.daily, other.daily),
            monthly: lower(self.monthly, other.monthly),
            total: lower(self.total, other.total),
        }
    }
}

/// Who takes calls.
#[derive(Clone, Debug)]
pub struct Buyer {
    /// Its id.
    pub id: BuyerId,
    /// How flow documents may name it besides its id.
    pub code: String,
    /// For people.
    pub name: String,
    /// The publisher whose calls it takes by default.
    pub publisher: Option<PublisherId>,
    /// Status ACTIVE.
    pub active: bool,
    /// Lower is tried earlier.
    pub priority: i32,
    /// Draw weight. 0: only after everybody else.
    pub weight: u32,
    /// Over all its endpoints.
    pub caps: Caps,
    /// IANA name (`America/New_York`) its hours and caps are counted in.
    pub time_zone: String,
    /// `None`: always open.
    pub hours: Option<Hours>,
    /// Which calls it takes.
    pub filters: Filters,
    /// Where it takes them.
    pub endpoints: Vec<Endpoint>,
}

/// Where a buyer takes calls.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Status ACTIVE.
    pub active: bool,
    /// Within its buyer; lower is tried earlier (ADR 0035).
    pub priority: i32,
    /// SIP URI.
    pub destination: String,
    /// Of this endpoint alone.
    pub caps: Caps,
    /// `None`: whenever its buyer is open.
    pub hours: Option<Hours>,
    /// What a call sold here is worth.
    pub terms: SaleTerms,
    /// How long it may ring.
    pub ring_timeout_ms: Option<u64>,
    /// Longest connected time.
    pub duration_max_ms: Option<u64>,
}

/// What the publisher earns on one campaign, in place of the endpoint's payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignPayout {
    /// In the currency of the endpoint's terms.
    pub amount: Micros,
    /// Connected time after which it is earned, milliseconds.
    pub after_ms: u64,
}

/// Who takes a campaign's calls.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// Its publisher; its ACTIVE buyers take the calls unless `buyers` names some.
    pub publisher: Option<PublisherId>,
    /// When not empty, only these.
    pub buyers: Vec<BuyerId>,
    /// For nodes that name no strategy.
    pub strategy: Option<Strategy>,
    /// In place of the endpoint's.
    pub payout: Option<CampaignPayout>,
}

/// Why routing data does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// A bound is exceeded: how many there are, and how many there may be.
    TooMany { what: &'static str, of: String, count: usize, max: usize },
    /// No IANA time zone of that name.
    TimeZone { buyer: BuyerId, name: String },
    /// Two buyers or campaigns with one id.
    Duplicate { id: String },
}

impl std::fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooMany { what, of, count, max } => write!(f, "{of} has {count} {what}, at most {max}"),
            Self::TimeZone { buyer, name } => write!(f, "buyer {buyer}: no time zone {name:?}"),
            Self::Duplicate { id } => write!(f, "{id} appears twice"),
        }
    }
}

impl std::error::Error for SnapshotError {}

/// A tenant's routing data. Immutable: a change compiles a new one.
#[derive(Clone, Debug)]
pub struct Snapshot {
    tenant: TenantId,
    /// By name, then id.
    buyers: Vec<Buyer>,
    /// For each buyer, its zone in `zones`.
    buyer_zones: Vec<u32>,
    zones: Vec<TimeZone>,
    by_id: HashMap<BuyerId, u32>,
    by_code: HashMap<String, Vec<u32>>,
    by_publisher: HashMap<PublisherId, Vec<u32>>,
    campaigns: HashMap<CampaignId, Campaign>,
}

impl Snapshot {
    /// Checks, sorts and indexes.
    pub fn compile(tenant: TenantId, mut buyers: Vec<Buyer>, campaigns: Vec<Campaign>) -> Result<Self, SnapshotError> {
        within(buyers.len(), BUYERS_MAX, "buyers", || tenant.to_string())?;
        within(campaigns.len(), CAMPAIGNS_MAX, "campaigns", || tenant.to_string())?;
        buyers.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        let mut snapshot = Self {
            tenant,
            buyer_zones: Vec::with_capacity(buyers.len()),
            zones: Vec::new(),
            by_id: HashMap::with_capacity(buyers.len()),
            by_code: HashMap::with_capacity(buyers.len()),
            by_publisher: HashMap::new(),
            campaigns: HashMap::with_capacity(campaigns.len()),
            buyers: Vec::new(),
        };
        let mut zone_names = HashMap::new();
        for (index, buyer) in (0_u32..).zip(&mut buyers) {
            check_bounds(buyer)?;
            buyer.endpoints.sort_by_key(|endpoint| (endpoint.priority, endpoint.id));
            let zone = snapshot.zone(buyer, &mut zone_names)?;
            snapshot.buyer_zones.push(zone);
            if snapshot.by_id.insert(buyer.id, index).is_some() {
                return Err(SnapshotError::Duplicate { id: format!("buyer {}", buyer.id) });
            }
            snapshot.by_code.entry(buyer.code.clone()).or_default().push(index);
            if let Some(publisher) = buyer.publisher {
                snapshot.by_publisher.entry(publisher).or_default().push(index);
            }
        }
        snapshot.buyers = buyers;
        for campaign in campaigns {
            within(campaign.buyers.len(), BUYERS_MAX, "buyers", || format!("campaign {}", campaign.id))?;
            let id = campaign.id;
            if snapshot.campaigns.insert(id, campaign).is_some() {
                return Err(SnapshotError::Duplicate { id: format!("campaign {id}") });
            }
        }
        Ok(snapshot)
    }

    fn zone(&mut self, buyer: &Buyer, names: &mut HashMap<String, u32>) -> Result<u32, SnapshotError> {
        if let Some(known) = names.get(&buyer.time_zone) {
            return Ok(*known);
        }
        let zone = TimeZone::get(&buyer.time_zone)
            .map_err(|_| SnapshotError::TimeZone { buyer: buyer.id, name: buyer.time_zone.clone() })?;
        // Bounded by BUYERS_MAX.
        let index = u32::try_from(self.zones.len()).unwrap_or(u32::MAX);
        self.zones.push(zone);
        names.insert(buyer.time_zone.clone(), index);
        Ok(index)
    }

    /// Whose.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// All buyers, by name.
    pub fn buyers(&self) -> &[Buyer] {
        &self.buyers
    }

    /// One buyer.
    pub fn buyer(&self, id: BuyerId) -> Option<&Buyer> {
        self.by_id.get(&id).and_then(|index| self.at(*index))
    }

    /// One campaign.
    pub fn campaign(&self, id: CampaignId) -> Option<&Campaign> {
        self.campaigns.get(&id)
    }

    /// The zone a buyer's caps are counted in.
    pub fn buyer_zone(&self, id: BuyerId) -> Option<&TimeZone> {
        self.by_id.get(&id).and_then(|index| self.zones.get(self.zone_index(*index)))
    }

    /// What a flow document's buyer `id` means: a buyer's id, or its code. A code that several publishers use means the buyer of
    /// `publisher`.
    pub fn find(&self, reference: &str, publisher: Option<PublisherId>) -> Option<&Buyer> {
        self.index_of(reference, publisher).and_then(|index| self.at(index))
    }

    pub(crate) fn index_of(&self, reference: &str, publisher: Option<PublisherId>) -> Option<u32> {
        if let Some(index) = reference.parse::<BuyerId>().ok().and_then(|id| self.by_id.get(&id)) {
            return Some(*index);
        }
        let sharing = self.by_code.get(reference)?;
        let own =
            |index: &&u32| publisher.is_some() && self.at(**index).is_some_and(|buyer| buyer.publisher == publisher);
        match sharing.as_slice() {
            [only] => Some(*only),
            several => several.iter().find(own).copied(),
        }
    }

    pub(crate) fn index_of_id(&self, id: BuyerId) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    pub(crate) fn of_publisher(&self, publisher: PublisherId) -> &[u32] {
        self.by_publisher.get(&publisher).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn at(&self, index: u32) -> Option<&Buyer> {
        self.buyers.get(index as usize)
    }

    pub(crate) fn zone_index(&self, buyer: u32) -> usize {
        self.buyer_zones.get(buyer as usize).map_or(usize::MAX, |zone| *zone as usize)
    }

    pub(crate) fn zones(&self) -> &[TimeZone] {
        &self.zones
    }
}

fn within(count: usize, max: usize, what: &'static str, of: impl FnOnce() -> String) -> Result<(), SnapshotError> {
    if count > max { Err(SnapshotError::TooMany { what, of: of(), count, max }) } else { Ok(()) }
}

fn check_bounds(buyer: &Buyer) -> Result<(), SnapshotError> {
    let name = || format!("buyer {}", buyer.id);
    within(buyer.endpoints.len(), ENDPOINTS_MAX, "endpoints", name)?;
    within(buyer.filters.tags.len(), Filters::RULES_MAX, "tag rules", name)?;
    within(buyer.filters.area_codes.len(), Filters::RULES_MAX, "area codes", name)?;
    within(buyer.filters.area_codes_refused.len(), Filters::RULES_MAX, "refused area codes", name)?;
    let schedules = buyer.endpoints.iter().filter_map(|endpoint| endpoint.hours.as_ref()).chain(&buyer.hours);
    for hours in schedules {
        within(hours.entries(), Hours::ENTRIES_MAX, "opening hours", name)?;
    }
    Ok(())
}
