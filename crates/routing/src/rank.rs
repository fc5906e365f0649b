//! The decision: who may have the call, in which order, and why not the others.

use domain::{
    Attestation, BuyerId, CampaignId, Candidate, EndpointId, PublisherId, RankingRecord, SaleTerms, Strategy, Timestamp,
};
use jiff::tz::TimeZone;

use crate::{
    Buyer, Caps, Endpoint, Snapshot, Usage,
    lease::{Claim, Holder},
    order::{self, Entry, Exploration},
    screen::Screen,
    windows,
};

/// One buyer of a flow node.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// The buyer's id or code.
    pub reference: &'a str,
    /// In place of the endpoint's destination, where not empty.
    pub destination: Option<&'a str>,
    /// In place of the buyer's.
    pub weight: Option<u32>,
    /// They tighten the buyer's own and count the same calls (ADR 0035).
    pub caps: Caps,
    /// False: not in this flow.
    pub enabled: bool,
}

/// Who is asked.
#[derive(Clone, Copy, Debug)]
pub enum Pool<'a> {
    /// The buyers a node lists.
    Listed(&'a [Listed<'a>]),
    /// The campaign's: those it names, else its publisher's.
    Campaign,
    /// The publisher's.
    Publisher,
}

/// Compliance forbids selling this call to this buyer.
#[derive(Clone, Copy, Debug)]
pub struct Forbidden<'a> {
    /// To whom.
    pub buyer: BuyerId,
    /// Why, for people.
    pub why: &'a str,
}

/// Who is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The call's campaign.
    pub campaign: Option<CampaignId>,
    /// The call's publisher.
    pub publisher: Option<PublisherId>,
    /// Who is asked.
    pub pool: Pool<'a>,
    /// `None`: the campaign's, else round-robin.
    pub strategy: Option<Strategy>,
    /// E.164 where it is a number.
    pub caller: &'a str,
    /// How far the carrier vouches for it.
    pub attestation: Attestation,
    /// The call's; later ones win.
    pub tags: &'a [(String, String)],
    /// Endpoints this node has already tried for this call.
    pub tried: &'a [EndpointId],
    /// Not to be offered the call.
    pub forbidden: &'a [Forbidden<'a>],
    /// When.
    pub now: Timestamp,
    /// Decides every random choice. A failover keeps the call's first draw.
    pub draw: u64,
    /// Calls this node has ranked before this one; a failover keeps its call's.
    pub rotation: u64,
    /// For [`Strategy::Hybrid`].
    pub exploration: Exploration,
}

/// One who may have the call.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// Who.
    pub buyer: &'a Buyer,
    /// Where.
    pub endpoint: &'a Endpoint,
    /// SIP URI or number to dial.
    pub destination: &'a str,
    /// On which terms.
    pub terms: SaleTerms,
    /// The buyer's caps, tightened by the node's.
    pub buyer_caps: Caps,
    zone: &'a TimeZone,
}

impl Choice<'_> {
    /// What [`crate::lease::Book::reserve`], or the store's SQL, must find room for: the buyer first, then the endpoint.
    pub fn claims(&self, now: Timestamp) -> [Claim; 2] {
        let windows = windows(now, self.zone);
        [
            Claim { holder: Holder::Buyer(self.buyer.id), caps: self.buyer_caps, windows },
            Claim { holder: Holder::Endpoint(self.endpoint.id), caps: self.endpoint.caps, windows },
        ]
    }
}

/// A decision, resolved.
#[derive(Clone, Debug)]
pub struct Ranking<'a> {
    /// What is kept with the call.
    pub record: RankingRecord,
    /// As `record.candidates`, in the order they are tried.
    pub choices: Vec<Choice<'a>>,
}

impl Ranking<'_> {
    /// Nobody is left, and somebody would have taken it but for a cap or a failed try: the node's `onAllBusy`, not its
    /// `onNoBuyers`.
    pub fn all_busy(&self) -> bool {
        self.choices.is_empty() && self.record.rejected.iter().any(|rejected| rejected.reason.is_busy())
    }
}

/// Decides. The same arguments give the same answer.
///
/// Each buyer is a candidate with the first of its endpoints that may take the call; after that one failed, with the next.
pub fn rank<'a>(snapshot: &'a Snapshot, search: &Search<'a>, usage: &impl Usage) -> Ranking<'a> {
    let campaign = search.campaign.and_then(|id| snapshot.campaign(id));
    let strategy = search.strategy.or(campaign.and_then(|campaign| campaign.strategy)).unwrap_or_default();
    let mut screen = Screen::new(snapshot, search, usage);
    match search.pool {
        Pool::Listed(listed) => listed.iter().for_each(|one| screen.listed(one)),
        Pool::Campaign => match campaign {
            Some(campaign) if !campaign.buyers.is_empty() => campaign.buyers.iter().for_each(|id| screen.named(*id)),
            Some(campaign) => screen.publisher(campaign.publisher),
            None => {}
        },
        Pool::Publisher => screen.publisher(search.publisher),
    }
    let Screen { mut entries, rejected, .. } = screen;
    order::arrange(&mut entries, strategy, search.draw, search.rotation, search.exploration);
    let payout = campaign.and_then(|campaign| campaign.payout);
    let choices: Vec<Choice<'a>> = entries
        .iter()
        .filter_map(|entry| {
            let mut terms = entry.endpoint?.terms;
            if let Some(payout) = payout {
                (terms.payout, terms.payout_after_ms) = (payout.amount, payout.after_ms);
            }
            choice(snapshot, entry, terms)
        })
        .collect();
    let candidates = entries.iter().filter_map(candidate).collect();
    Ranking { record: RankingRecord { strategy, draw: search.draw, candidates, rejected, compliance: None }, choices }
}

fn choice<'a>(snapshot: &'a Snapshot, entry: &Entry<'a>, terms: SaleTerms) -> Option<Choice<'a>> {
    let endpoint = entry.endpoint?;
    let own = entry.listed.and_then(|listed| listed.destination).filter(|destination| !destination.is_empty());
    Some(Choice {
        buyer: entry.buyer,
        endpoint,
        destination: own.unwrap_or(&endpoint.destination),
        terms,
        buyer_caps: entry.buyer_caps(),
        zone: snapshot.zones().get(snapshot.zone_index(entry.index))?,
    })
}

fn candidate(entry: &Entry<'_>) -> Option<Candidate> {
    Some(Candidate {
        buyer: entry.buyer.id,
        endpoint: entry.endpoint?.id,
        weight: entry.weight,
        priority: entry.buyer.priority,
        score_permille: entry.tally.score_permille(),
        active_calls: entry.active,
    })
}
