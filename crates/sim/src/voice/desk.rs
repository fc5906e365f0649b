//! What the platform would answer: one flow for every number but unknown ones, sellers in order with caps as leases that
//! live and die by the call's events.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use domain::{
    Attestation, BuyerId, CallEvent, CallId, CampaignId, Candidate, Currency, EndpointId, FlowId, IdSource, LeaseId,
    LegId, Micros, NumberId, PhoneNumber, RankingRecord, RejectReason, Rejected, SaleTerms, Strategy, TenantId,
    Timestamp, TrunkId, What,
};
use edge::Trunk;
use media::tone::Tone;
use switch::ask::{Answer, Ask, FlowFound, Line, NoFlow, NoLine, Offer, Token};
use uuid::Uuid;

use super::scenario::Scenario;

/// Whose calls.
pub const TENANT: TenantId = TenantId(Uuid::from_u128(1));
/// Over which trunk.
pub const TRUNK: TrunkId = TrunkId(Uuid::from_u128(2));
/// The campaign of calls the platform places.
pub(super) const CAMPAIGN: CampaignId = CampaignId(Uuid::from_u128(5));
/// Every number's id.
pub(super) const NUMBER: NumberId = NumberId(Uuid::from_u128(3));

fn number(digits: &str) -> PhoneNumber {
    PhoneNumber::from_dialled(digits).unwrap_or_else(|error| unreachable!("{digits}: {error}"))
}

/// The number calls of the platform show.
pub fn shown() -> PhoneNumber {
    number("+15551234567")
}

/// Whom the platform calls.
pub fn consumer() -> PhoneNumber {
    number("+15557654321")
}

/// Numbers ending so are nobody's.
const UNKNOWN_SUFFIX: &str = "0000";

#[derive(Debug)]
struct Stand {
    buyer: BuyerId,
    endpoint: EndpointId,
    destination: String,
    concurrency_max: usize,
    duration_max_ms: Option<u64>,
    held: usize,
}

/// An agent of the queue.
#[derive(Debug)]
struct Agent {
    destination: String,
    /// Whom it talks to, or is called by.
    call: Option<CallId>,
}

/// The answering side.
#[derive(Debug)]
pub struct Desk {
    flow: Arc<flow::Program>,
    record: bool,
    intro: Option<Arc<str>>,
    agents: Vec<Agent>,
    /// In the order they came.
    waiting: VecDeque<Token>,
    stands: Vec<Stand>,
    /// Where each reservation is held: at a stand, or none for a trunk.
    leases: HashMap<LeaseId, (CallId, Option<usize>)>,
    /// Where each trunk leads.
    lines: Vec<(TrunkId, String)>,
    /// Reservations by leg, once the leg's event is there.
    legs: HashMap<LegId, LeaseId>,
    ids: IdSource,
}

pub(super) fn trunk(source: &str) -> Trunk {
    let address = source.parse::<SocketAddr>().map(|address| address.ip());
    let cidr = address.ok().and_then(|ip| edge::Cidr::new(ip, 32).ok());
    Trunk {
        id: TRUNK,
        tenant: TENANT,
        enabled: true,
        addresses: cidr.into_iter().collect(),
        digest: None,
        attestation: Attestation::A,
    }
}

impl Desk {
    pub(super) fn new(scenario: &Scenario, mut destinations: Vec<String>, mut ids: IdSource) -> Self {
        let start = Timestamp::from_secs(1_700_000_000);
        let mut agents = destinations.split_off(scenario.sellers.len().min(destinations.len()));
        let lines = agents.split_off(scenario.agents.len().min(agents.len()));
        let stands = scenario
            .sellers
            .iter()
            .zip(destinations)
            .map(|(seller, destination)| Stand {
                buyer: ids.next(start),
                endpoint: ids.next(start),
                destination,
                concurrency_max: seller.concurrency_max,
                duration_max_ms: seller.duration_max.map(|longest| longest.as_millis() as u64),
                held: 0,
            })
            .collect();
        Self {
            flow: scenario.flow.clone(),
            record: scenario.record,
            intro: scenario.intro.clone(),
            agents: agents.into_iter().map(|destination| Agent { destination, call: None }).collect(),
            lines: lines.into_iter().map(|to| (ids.next(start), to)).collect(),
            waiting: VecDeque::new(),
            stands,
            leases: HashMap::new(),
            legs: HashMap::new(),
            ids,
        }
    }

    /// Reservations held.
    pub(super) fn leases(&self) -> usize {
        self.leases.len()
    }

    pub(super) fn answer(&mut self, token: Token, ask: Ask, now: Timestamp) -> Option<Answer> {
        match ask {
            Ask::FindFlow(find) if find.dialled.ends_with(UNKNOWN_SUFFIX) => {
                Some(Answer::NoFlow(NoFlow::UnknownNumber))
            }
            Ask::FindFlow(find) => Some(self.flow(find.dialled, None)),
            Ask::FindCampaign(find) => Some(self.flow(find.from, Some(find.campaign))),
            Ask::NextLine(search) => Some(self.next_line(search.call, &search.to, &search.tried, now)),
            Ask::NextBuyer(search) => Some(self.next_buyer(search.call, &search.tried, now)),
            Ask::JoinQueue { size_max, .. } => self.join_queue(token, size_max),
            Ask::LeaveQueue { .. } => {
                self.waiting.retain(|waiting| waiting.call != token.call);
                None
            }
            Ask::GiveBack { lease, .. } => {
                self.free(lease);
                None
            }
            Ask::LoadPrompt { prompt, .. } => Some(load(&prompt)),
        }
    }

    fn flow(&self, dialled: String, campaign: Option<CampaignId>) -> Answer {
        Answer::Flow(Box::new(FlowFound {
            tenant: TENANT,
            dialled,
            number: NUMBER,
            campaign,
            campaign_name: "simulated".to_owned(),
            publisher: None,
            flow: FlowId(Uuid::from_u128(4)),
            version: 1,
            program: self.flow.clone(),
            time_zone: "UTC".to_owned(),
            record: self.record,
            intro: self.intro.clone().filter(|_| campaign.is_some()),
            lease: None,
        }))
    }

    fn next_line(&mut self, call: CallId, to: &PhoneNumber, tried: &[TrunkId], now: Timestamp) -> Answer {
        let next = self.lines.iter().find(|(trunk, _)| !tried.contains(trunk));
        let Some((trunk, destination)) = next else { return Answer::NoLine { why: NoLine::NoTrunk, verdict: None } };
        let line = Line {
            trunk: *trunk,
            uri: destination.replace("buyer@", &format!("{to}@")),
            caller_id: Some(shown().to_string()),
            asserts_identity: true,
            credentials: None,
        };
        let lease: LeaseId = self.ids.next(now);
        self.leases.insert(lease, (call, None));
        Answer::Line { line: Box::new(line), lease, verdict: None }
    }

    fn join_queue(&mut self, token: Token, size_max: Option<u32>) -> Option<Answer> {
        if self.agents.is_empty() {
            return Some(Answer::QueueFull);
        }
        if let Some(turn) = self.turn(token.call) {
            return Some(turn);
        }
        if size_max.is_some_and(|most| self.waiting.len() >= most as usize) {
            return Some(Answer::QueueFull);
        }
        self.waiting.push_back(token);
        None
    }

    fn turn(&mut self, call: CallId) -> Option<Answer> {
        let agent = self.agents.iter_mut().find(|agent| agent.call.is_none())?;
        agent.call = Some(call);
        Some(Answer::QueueTurn { agent: "agent".to_owned(), destination: agent.destination.clone(), id: None })
    }

    /// An agent who is free again takes the next in line.
    fn free_agent(&mut self, call: CallId) -> Vec<(Token, Answer)> {
        for agent in self.agents.iter_mut().filter(|agent| agent.call == Some(call)) {
            agent.call = None;
        }
        let Some(next) = self.waiting.front().copied() else { return Vec::new() };
        let Some(turn) = self.turn(next.call) else { return Vec::new() };
        self.waiting.pop_front();
        vec![(next, turn)]
    }

    /// The call is gone, and nothing will be said of it any more.
    pub(super) fn forget(&mut self, call: CallId) {
        self.free_all(call);
        self.waiting.retain(|waiting| waiting.call != call);
        self.free_agent(call);
    }

    fn next_buyer(&mut self, call: CallId, tried: &[EndpointId], now: Timestamp) -> Answer {
        let mut ranking = RankingRecord { strategy: Strategy::Priority, ..RankingRecord::default() };
        let mut chosen = None;
        for (index, stand) in self.stands.iter().enumerate() {
            let reason = if tried.contains(&stand.endpoint) {
                RejectReason::AlreadyTried
            } else if stand.held >= stand.concurrency_max {
                RejectReason::ConcurrencyCap
            } else {
                ranking.candidates.push(Candidate {
                    buyer: stand.buyer,
                    endpoint: stand.endpoint,
                    weight: 1,
                    priority: i32::try_from(index).unwrap_or(0),
                    score_permille: None,
                    active_calls: 0,
                });
                chosen = chosen.or(Some(index));
                continue;
            };
            ranking.rejected.push(Rejected {
                buyer: stand.buyer,
                endpoint: Some(stand.endpoint),
                reason,
                detail: String::new(),
            });
        }
        let Some(index) = chosen else {
            let all_busy = !ranking.rejected.is_empty();
            return Answer::NoOffer { all_busy, ranking: Box::new(ranking), screened: Vec::new() };
        };
        let lease: LeaseId = self.ids.next(now);
        let stand = &mut self.stands[index];
        stand.held += 1;
        self.leases.insert(lease, (call, Some(index)));
        let offer = Offer {
            buyer: stand.buyer,
            endpoint: stand.endpoint,
            lease,
            destination: stand.destination.clone(),
            line: None,
            terms: SaleTerms {
                currency: Currency::USD,
                revenue: Micros::from_units(20),
                revenue_after_ms: 5_000,
                payout: Micros::from_units(12),
                payout_after_ms: 5_000,
            },
            ring_timeout_ms: None,
            duration_max_ms: stand.duration_max_ms,
        };
        Answer::Offer { offer: Box::new(offer), ranking: Box::new(ranking), screened: Vec::new() }
    }

    /// Leases live and die by events: a leg that failed or ended gives its own back, the end of the call all.
    /// What others have waited for comes back.
    pub(super) fn learn(&mut self, event: &CallEvent) -> Vec<(Token, Answer)> {
        match &event.what {
            What::LegStarted { leg, lease: Some(lease), .. } => {
                self.legs.insert(*leg, *lease);
                return Vec::new();
            }
            What::LegFailed { leg, .. } | What::LegEnded { leg, .. } => {
                if let Some(lease) = self.legs.remove(leg) {
                    self.free(lease);
                }
            }
            What::Ended { .. } => {
                self.free_all(event.call);
                self.waiting.retain(|waiting| waiting.call != event.call);
            }
            _ => return Vec::new(),
        }
        self.free_agent(event.call)
    }

    fn free_all(&mut self, call: CallId) {
        let over = |(lease, (of, _)): (&LeaseId, &(CallId, Option<usize>))| (*of == call).then_some(*lease);
        let leases: Vec<LeaseId> = self.leases.iter().filter_map(over).collect();
        leases.into_iter().for_each(|lease| self.free(lease));
    }

    fn free(&mut self, lease: LeaseId) {
        if let Some((_, Some(index))) = self.leases.remove(&lease) {
            self.stands[index].held -= 1;
        }
    }
}

/// `tone:` prompts are what they say; `file:missing` cannot be had; all others are a second of silence.
fn load(prompt: &str) -> Answer {
    if prompt.starts_with("file:missing") {
        return Answer::NoPrompt { reason: "no such file".to_owned() };
    }
    match Tone::parse(prompt) {
        Ok(tone) if prompt.starts_with("tone:") => Answer::Prompt(tone.samples()),
        _ => Answer::Prompt(Arc::from([0_i16; 8_000].as_slice())),
    }
}
