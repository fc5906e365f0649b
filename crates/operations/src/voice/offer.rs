//! Who gets the call: ranked from memory, then the caps of the first who has room are reserved.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::{
    CallId, CompliancePath, ComplianceVerdict, FlowId, PhoneNumber, RankingRecord, RejectReason, Rejected, Strategy,
};
use flow::{BuyerOffer, Candidates};
use routing::{
    CapKind, Caps, Choice, Exploration, Listed, Pool, Search,
    lease::{Full, Holder},
    rank,
};
use switch::ask::{Answer, BuyerSearch, Line, Offer};

use super::{
    Voice,
    admission::at_once,
    lines::{consumer_of, line, number_of},
    snapshot::TenantRoutes,
};
use crate::{LeaseRequest, Reservation, RoutingMode, Screening, TenantScope, Trunk};

/// How long a phone rings when neither node nor endpoint says.
const RING_DEFAULT: Duration = Duration::from_secs(60);
/// A reservation outlives the ringing by this much: the answer must find it.
pub(super) const LEASE_MARGIN: Duration = Duration::from_secs(30);
/// Calls whose turn in the rotation is remembered for their next try.
const ROTATIONS_MAX: usize = 20_000;

impl Voice {
    pub(super) async fn next_buyer(&self, routes: &TenantRoutes, search: &BuyerSearch) -> Answer {
        let listed = listed(&search.offer);
        let turn = self.rotations.turn(search);
        let criteria = criteria(routes, search, &listed, turn);
        let (mut record, mut choices) = {
            let usage = self.usage.read();
            let ranking = rank(&routes.buyers, &criteria, &*usage);
            (ranking.record, ranking.choices)
        };
        let mut screened = Vec::new();
        if let Some(verdict) = self.screen(search) {
            let allowed = verdict.allowed;
            if !allowed {
                forbidden(&mut record, &verdict);
            }
            record.compliance = Some(Box::new(verdict));
            if !allowed {
                return Answer::NoOffer { all_busy: false, ranking: Box::new(record), screened };
            }
        }
        // Whose carrier did not take the call is wanted over another trunk before anybody else is asked.
        choices.sort_by_key(|choice| Some(choice.endpoint.id) != search.again);
        for choice in &choices {
            let taken = match (self.may_be_dialled(search, choice, &mut screened), number_of(choice.destination)) {
                (Err(lost), _) => Err(lost),
                (Ok(()), None) => self.reserve(search, choice, None).await,
                (Ok(()), Some(number)) => self.reserve_number(routes, search, choice, &number).await,
            };
            match taken {
                Ok(offer) => return Answer::Offer { offer: Box::new(offer), ranking: Box::new(record), screened },
                Err(Lost::Full(full)) => lost(&mut record, choice, full_reason(&full), full_detail(&full)),
                Err(Lost::Unreachable(reason, detail)) => lost(&mut record, choice, reason, detail),
                Err(Lost::Failed(reason)) => return Answer::Failed { reason },
            }
        }
        let all_busy = record.rejected.iter().any(|rejected| rejected.reason.is_busy());
        Answer::NoOffer { all_busy, ranking: Box::new(record), screened }
    }

    /// Where a telephone rings, compliance is asked whether it may, whether it is reached over a trunk or under a SIP URI.
    fn may_be_dialled(
        &self,
        search: &BuyerSearch,
        choice: &Choice<'_>,
        screened: &mut Vec<ComplianceVerdict>,
    ) -> Result<(), Lost> {
        let verdict = consumer_of(choice.destination).and_then(|consumer| self.screen_consumer_of(search, &consumer));
        let Some(verdict) = verdict else { return Ok(()) };
        let refused = (!verdict.allowed).then(|| verdict.detail.clone());
        screened.push(verdict);
        refused.map_or(Ok(()), |detail| Err(Lost::Unreachable(RejectReason::Compliance, detail)))
    }

    /// A telephone number is dialled over a trunk with room.
    async fn reserve_number(
        &self,
        routes: &TenantRoutes,
        search: &BuyerSearch,
        choice: &Choice<'_>,
        number: &PhoneNumber,
    ) -> Result<Offer, Lost> {
        let endpoint = choice.endpoint.id;
        let lines = routes.lines(Some(endpoint));
        let mut lost = Lost::Unreachable(
            RejectReason::NoTrunk,
            if lines.is_empty() { "no ACTIVE trunk carries calls out" } else { "every trunk was tried" }.to_owned(),
        );
        for (trunk, outbound) in lines {
            if search.tried_lines.contains(&(endpoint, trunk.id)) {
                continue;
            }
            let line = line(trunk, outbound, number, &search.caller, self.vault.as_ref());
            match self.reserve(search, choice, Some((trunk, line))).await {
                Err(Lost::Full(full)) if full.holder == Holder::Trunk(trunk.id) => {
                    let detail = format!("trunk {}: {} of {} calls", trunk.name, full.counted, full.limit);
                    lost = Lost::Unreachable(RejectReason::TrunkFull, detail);
                }
                other => return other,
            }
        }
        Err(lost)
    }

    /// The consumer is who is dialled: the call is passed on to a number outside.
    fn screen_consumer_of(&self, search: &BuyerSearch, consumer: &str) -> Option<ComplianceVerdict> {
        let transfer = Screening {
            path: CompliancePath::Transfer,
            consumer,
            campaign: search.campaign,
            call: Some(search.call),
            consent_token: None,
            now: search.now,
        };
        Some(self.gate.as_ref()?.may_call(TenantScope::of(search.tenant), &transfer))
    }

    /// The consumer is the caller: of a call that came in.
    fn screen(&self, search: &BuyerSearch) -> Option<ComplianceVerdict> {
        let gate = self.gate.as_ref()?;
        let sale = Screening {
            path: CompliancePath::InboundSale,
            consumer: &search.caller,
            campaign: search.campaign,
            call: Some(search.call),
            consent_token: tag(search, "consentToken"),
            now: search.now,
        };
        Some(gate.may_call(TenantScope::of(search.tenant), &sale))
    }

    async fn reserve(
        &self,
        search: &BuyerSearch,
        choice: &Choice<'_>,
        over: Option<(&Trunk, Line)>,
    ) -> Result<Offer, Lost> {
        let ring_timeout_ms = search.offer.ring_timeout_ms.or(choice.endpoint.ring_timeout_ms);
        let rings = ring_timeout_ms.map_or(RING_DEFAULT, Duration::from_millis);
        let mut claims = choice.claims(search.now).to_vec();
        claims.extend(
            over.as_ref().map(|(trunk, _)| at_once(Holder::Trunk(trunk.id), trunk.concurrent_calls_max, search.now)),
        );
        let request = LeaseRequest {
            lease: self.ids.next(search.now),
            tenant: search.tenant,
            call: search.call,
            claims,
            is_committed: false,
            now: search.now,
            until: search.now.after(rings.saturating_add(LEASE_MARGIN)),
        };
        let (lease, claims) = (request.lease, request.claims.clone());
        match self.leases.reserve(request).await {
            Ok(Reservation::Held) => {}
            Ok(Reservation::Full(full)) => return Err(Lost::Full(full)),
            Ok(Reservation::Ended) => return Err(Lost::Failed(format!("lease {lease} had ended before it began"))),
            // The store is away: counted in memory, where nothing is freed until it is back, so that no cap is overshot.
            Err(error) if error.is_transient() => self.usage.reserve_unstored(&claims).map_err(Lost::Full)?,
            Err(error) => return Err(Lost::Failed(error.to_string())),
        }
        Ok(Offer {
            buyer: choice.buyer.id,
            endpoint: choice.endpoint.id,
            lease,
            destination: choice.destination.to_owned(),
            line: over.map(|(_, line)| line),
            terms: choice.terms,
            ring_timeout_ms,
            duration_max_ms: choice.endpoint.duration_max_ms,
        })
    }
}

/// A tag's value.
fn tag<'a>(search: &'a BuyerSearch, name: &str) -> Option<&'a str> {
    search.tags.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Nobody gets the call, whoever could have had it: the record says why.
fn forbidden(record: &mut RankingRecord, verdict: &ComplianceVerdict) {
    for candidate in record.candidates.drain(..) {
        record.rejected.push(Rejected {
            buyer: candidate.buyer,
            endpoint: Some(candidate.endpoint),
            reason: RejectReason::Compliance,
            detail: verdict.detail.clone(),
        });
    }
}

enum Lost {
    Full(Full),
    /// A number that cannot be dialled, and why.
    Unreachable(RejectReason, String),
    Failed(String),
}

fn listed(offer: &BuyerOffer) -> Vec<Listed<'_>> {
    let Candidates::List(buyers) = &offer.candidates else { return Vec::new() };
    let one = |buyer: &flow::OfferedBuyer| Caps {
        concurrency: buyer.concurrency_max,
        daily: buyer.daily_calls_max,
        ..Caps::NONE
    };
    buyers
        .iter()
        .map(|buyer| Listed {
            reference: &buyer.buyer,
            destination: buyer.destination.as_deref(),
            weight: Some(buyer.weight),
            caps: one(buyer),
            enabled: buyer.enabled,
        })
        .collect()
}

fn criteria<'a>(routes: &TenantRoutes, search: &'a BuyerSearch, listed: &'a [Listed<'a>], rotation: u64) -> Search<'a> {
    let mode = search.campaign.and_then(|id| routes.campaigns.get(&id)).map(|campaign| campaign.routing_mode);
    Search {
        campaign: search.campaign,
        publisher: search.publisher,
        pool: match (&search.offer.candidates, search.campaign) {
            (Candidates::List(_), _) => Pool::Listed(listed),
            (Candidates::Campaign, Some(_)) => Pool::Campaign,
            (Candidates::Campaign, None) => Pool::Publisher,
        },
        // A campaign that goes by performance overrules the node (inventory, section 3.4).
        strategy: match mode {
            Some(RoutingMode::Performance) => Some(Strategy::Performance),
            Some(RoutingMode::Hybrid) => Some(Strategy::Hybrid),
            Some(RoutingMode::Static) | None => search.offer.strategy,
        },
        caller: &search.caller,
        attestation: search.attestation,
        tags: &search.tags,
        tried: &search.tried,
        forbidden: &[],
        now: search.now,
        draw: search.draw,
        rotation,
        exploration: Exploration::default(),
    }
}

/// A candidate after all not had: the record says why.
fn lost(record: &mut RankingRecord, choice: &Choice<'_>, reason: RejectReason, detail: String) {
    record.candidates.retain(|candidate| candidate.endpoint != choice.endpoint.id);
    let endpoint = Some(choice.endpoint.id);
    record.rejected.push(Rejected { buyer: choice.buyer.id, endpoint, reason, detail });
}

/// Somebody else took the last place between ranking and reservation.
fn full_reason(full: &Full) -> RejectReason {
    match full.kind {
        CapKind::Concurrency => RejectReason::ConcurrencyCap,
        CapKind::Hour => RejectReason::HourlyCap,
        CapKind::Day => RejectReason::DailyCap,
        CapKind::Month => RejectReason::MonthlyCap,
        CapKind::Total => RejectReason::TotalCap,
    }
}

fn full_detail(full: &Full) -> String {
    format!("{} of {} calls, taken meanwhile", full.counted, full.limit)
}

/// How many calls each node has ranked; a call's next try keeps its turn.
#[derive(Debug, Default)]
pub(super) struct Rotations(Mutex<Turns>);

#[derive(Debug, Default)]
struct Turns {
    next: HashMap<(FlowId, String), u64>,
    of_call: HashMap<(CallId, String), u64>,
    oldest: VecDeque<(CallId, String)>,
}

impl Rotations {
    fn turn(&self, search: &BuyerSearch) -> u64 {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (search.call, search.node.clone());
        if !(search.tried.is_empty() && search.tried_lines.is_empty())
            && let Some(turn) = turns.of_call.get(&key)
        {
            return *turn;
        }
        let next = turns.next.entry((search.flow, search.node.clone())).or_default();
        let turn = *next;
        *next += 1;
        if turns.of_call.insert(key.clone(), turn).is_none() {
            turns.oldest.push_back(key);
        }
        if turns.oldest.len() > ROTATIONS_MAX
            && let Some(oldest) = turns.oldest.pop_front()
        {
            turns.of_call.remove(&oldest);
        }
        turn
    }
}
