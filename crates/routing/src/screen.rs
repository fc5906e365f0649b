//! Who may have the call, and why not the others.

use domain::{BuyerId, PublisherId, RejectReason, Rejected};

use crate::{
    Buyer, CapKind, Endpoint, Forbidden, Listed, Search, Snapshot, Usage,
    lease::{Claim, Counters, Full, Holder},
    order::Entry,
    window::LocalTime,
};

/// Goes through a pool once.
pub(crate) struct Screen<'s, 'a, U> {
    snapshot: &'a Snapshot,
    search: &'s Search<'a>,
    usage: &'s U,
    /// By zone, filled when first needed.
    local_times: Vec<Option<LocalTime>>,
    /// By buyer: already looked at.
    seen: Vec<bool>,
    /// May have the call; those without an endpoint only keep their place in a rotation.
    pub entries: Vec<Entry<'a>>,
    pub rejected: Vec<Rejected>,
}

impl<'s, 'a, U: Usage> Screen<'s, 'a, U> {
    pub fn new(snapshot: &'a Snapshot, search: &'s Search<'a>, usage: &'s U) -> Self {
        Self {
            snapshot,
            search,
            usage,
            local_times: vec![None; snapshot.zones().len()],
            seen: vec![false; snapshot.buyers().len()],
            entries: Vec::new(),
            rejected: Vec::new(),
        }
    }

    /// A buyer of a node.
    pub fn listed(&mut self, listed: &'a Listed<'a>) {
        match self.snapshot.index_of(listed.reference, self.search.publisher) {
            Some(index) => self.consider(index, Some(listed)),
            None => {
                let id = listed.reference.parse().unwrap_or(BuyerId(uuid::Uuid::nil()));
                let shown: String = listed.reference.chars().take(REFERENCE_SHOWN_MAX).collect();
                self.reject(id, RejectReason::Unknown, format!("no buyer {shown:?}"));
            }
        }
    }

    /// A buyer of a campaign.
    pub fn named(&mut self, id: BuyerId) {
        match self.snapshot.index_of_id(id) {
            Some(index) => self.consider(index, None),
            None => self.reject(id, RejectReason::Unknown, "the campaign names a buyer that does not exist".into()),
        }
    }

    /// All buyers of a publisher.
    pub fn publisher(&mut self, publisher: Option<PublisherId>) {
        let snapshot = self.snapshot;
        let buyers = publisher.map_or(&[][..], |publisher| snapshot.of_publisher(publisher));
        self.entries.reserve(buyers.len());
        for index in buyers {
            self.consider(*index, None);
        }
    }

    fn consider(&mut self, index: u32, listed: Option<&'a Listed<'a>>) {
        let Some(buyer) = self.snapshot.at(index) else { return };
        if let Some(seen) = self.seen.get_mut(index as usize)
            && std::mem::replace(seen, true)
        {
            return;
        }
        let mut entry = Entry::new(index, buyer, listed, self.usage.tally(buyer.id));
        if let Err((reason, detail)) = self.may_have(buyer, listed) {
            return self.reject(buyer.id, reason, detail);
        }
        let local = self.local_time(index);
        let counters = self.usage.counters(Holder::Buyer(buyer.id)).unwrap_or(&NO_CALLS);
        entry.active = counters.active;
        entry.today = counters.counted(CapKind::Day, &local.windows);
        if buyer.hours.as_ref().is_some_and(|hours| !hours.open_at(&local)) {
            return self.reject(buyer.id, RejectReason::OutsideHours, closed(&local, buyer));
        }
        let claim = Claim { holder: Holder::Buyer(buyer.id), caps: entry.buyer_caps(), windows: local.windows };
        if let Some(full) = counters.full(&claim) {
            let (reason, detail) = cap(&full);
            return self.reject(buyer.id, reason, detail);
        }
        let rejected_before = self.rejected.len();
        entry.endpoint = self.first_endpoint(buyer, &local);
        let was_tried = self.rejected.iter().skip(rejected_before).any(|one| one.reason == RejectReason::AlreadyTried);
        if entry.endpoint.is_some() || was_tried {
            self.entries.push(entry);
        }
        if self.rejected.len() == rejected_before && entry.endpoint.is_none() {
            let detail = match buyer.endpoints.len() {
                0 => "no endpoint".to_owned(),
                count => format!("none of {count} endpoints is active"),
            };
            self.reject(buyer.id, RejectReason::NoEndpoint, detail);
        }
    }

    /// What depends on the buyer and the call alone.
    fn may_have(&self, buyer: &Buyer, listed: Option<&Listed<'_>>) -> Result<(), (RejectReason, String)> {
        if listed.is_some_and(|listed| !listed.enabled) {
            return Err((RejectReason::Disabled, "switched off in the flow".into()));
        }
        if !buyer.active {
            return Err((RejectReason::Disabled, "buyer is not active".into()));
        }
        if let Some(Forbidden { why, .. }) = self.search.forbidden.iter().find(|forbidden| forbidden.buyer == buyer.id)
        {
            return Err((RejectReason::Compliance, (*why).to_owned()));
        }
        match buyer.filters.refusal(self.search.caller, self.search.attestation, self.search.tags) {
            Some(broken) => Err((RejectReason::Filtered, broken)),
            None => Ok(()),
        }
    }

    fn first_endpoint(&mut self, buyer: &'a Buyer, local: &LocalTime) -> Option<&'a Endpoint> {
        for endpoint in buyer.endpoints.iter().filter(|endpoint| endpoint.active) {
            let (reason, detail) = if self.search.tried.contains(&endpoint.id) {
                (RejectReason::AlreadyTried, "tried before on this call".to_owned())
            } else if endpoint.hours.as_ref().is_some_and(|hours| !hours.open_at(local)) {
                (RejectReason::OutsideHours, closed(local, buyer))
            } else {
                let holder = Holder::Endpoint(endpoint.id);
                let claim = Claim { holder, caps: endpoint.caps, windows: local.windows };
                match self.usage.counters(holder).unwrap_or(&NO_CALLS).full(&claim) {
                    None => return Some(endpoint),
                    Some(full) => cap(&full),
                }
            };
            self.rejected.push(Rejected { buyer: buyer.id, endpoint: Some(endpoint.id), reason, detail });
        }
        None
    }

    /// A decision needs each zone's windows once, however many buyers are in it.
    fn local_time(&mut self, buyer: u32) -> LocalTime {
        let zone = self.snapshot.zone_index(buyer);
        if let Some(Some(known)) = self.local_times.get(zone) {
            return *known;
        }
        let utc = jiff::tz::TimeZone::UTC;
        let local = LocalTime::at(self.search.now, self.snapshot.zones().get(zone).unwrap_or(&utc));
        if let Some(slot) = self.local_times.get_mut(zone) {
            *slot = Some(local);
        }
        local
    }

    fn reject(&mut self, buyer: BuyerId, reason: RejectReason, detail: String) {
        self.rejected.push(Rejected { buyer, endpoint: None, reason, detail });
    }
}

const REFERENCE_SHOWN_MAX: usize = 100;

const NO_CALLS: Counters = Counters {
    active: 0,
    windows: [crate::lease::WindowCount { start: domain::Timestamp::from_micros(0), used: 0, reserved: 0 }; 4],
};

fn closed(local: &LocalTime, buyer: &Buyer) -> String {
    let weekday = local.date.strftime("%a");
    format!("closed on {weekday} at {:02}:{:02}, {}", local.minute / 60, local.minute % 60, buyer.time_zone)
}

fn cap(full: &Full) -> (RejectReason, String) {
    let (reason, span) = match full.kind {
        CapKind::Concurrency => (RejectReason::ConcurrencyCap, "at once"),
        CapKind::Hour => (RejectReason::HourlyCap, "this hour"),
        CapKind::Day => (RejectReason::DailyCap, "today"),
        CapKind::Month => (RejectReason::MonthlyCap, "this month"),
        CapKind::Total => (RejectReason::TotalCap, "altogether"),
    };
    (reason, format!("{} of {} calls {span}", full.counted, full.limit))
}
