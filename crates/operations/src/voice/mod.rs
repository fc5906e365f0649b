//! The voice path: what a call asks, answered from memory wherever it can be.

mod admission;
mod lines;
mod offer;
mod placing;
mod queue;
mod snapshot;
mod usage;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use domain::{CallId, CompliancePath, PhoneNumber, TenantId, Timestamp};
use switch::ask::{Answer, Ask, FindFlow, FlowFound, NoFlow, Token};

use admission::Admitted;
pub use admission::{calls_at_once, room_for_call};
pub use lines::password_of;
pub use queue::QueueDesk;
use queue::Waiting;
use snapshot::QueueLine;
pub use snapshot::{CompileError, PublishedFlow, RoutingSnapshot, TenantRoutes};
pub use usage::UsageBoard;

use crate::{
    CampaignStatus, Gate, Ids, Leases, NumberStatus, QueueAgent, QuotaKind, RoutingSource, Screening, StoreError,
    TenantScope, TenantStatus, Vault,
};
use offer::Rotations;

/// How far back a buyer's score looks.
const SCORE_SPAN: Duration = Duration::from_secs(routing::SCORE_HOURS as u64 * 3_600);

/// Answers what calls ask. Its data is the last good snapshot: with the store away, calls go on from it.
pub struct Voice {
    snapshot: RwLock<Arc<RoutingSnapshot>>,
    source: Arc<dyn RoutingSource>,
    leases: Arc<dyn Leases>,
    usage: Arc<UsageBoard>,
    desk: Arc<QueueDesk>,
    ids: Arc<Ids>,
    rotations: Rotations,
    /// Milliseconds talked today by tenants whose minutes are limited, as of the last look.
    talked: RwLock<HashMap<TenantId, u64>>,
    gate: Option<Arc<Gate>>,
    vault: Option<Vault>,
}

impl fmt::Debug for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Voice").field("tenants", &self.snapshot().tenant_count()).finish_non_exhaustive()
    }
}

impl Voice {
    /// Knows nobody until the first [`Voice::refresh`].
    pub fn new(source: Arc<dyn RoutingSource>, leases: Arc<dyn Leases>, usage: Arc<UsageBoard>, ids: Arc<Ids>) -> Self {
        Self {
            snapshot: RwLock::default(),
            desk: Arc::default(),
            rotations: Rotations::default(),
            talked: RwLock::default(),
            source,
            leases,
            usage,
            ids,
            gate: None,
            vault: None,
        }
    }

    /// Screens every sale. Without a gate, as in simulations of the rest, nothing is screened.
    #[must_use]
    pub fn with_gate(self, gate: Arc<Gate>) -> Self {
        Self { gate: Some(gate), ..self }
    }

    /// Reads trunks' passwords. Without a vault, carriers that ask for one are not reached.
    #[must_use]
    pub fn with_vault(self, vault: Vault) -> Self {
        Self { vault: Some(vault), ..self }
    }

    /// Brings what sales are screened by up to date; to be called as often as [`Voice::refresh`].
    pub async fn refresh_gate(&self, now: Timestamp) -> Result<usize, StoreError> {
        match &self.gate {
            Some(gate) => gate.refresh(now).await,
            None => Ok(0),
        }
    }

    /// What calls are decided on now.
    pub fn snapshot(&self) -> Arc<RoutingSnapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The queues; the recorder tells it of events.
    pub fn desk(&self) -> Arc<QueueDesk> {
        Arc::clone(&self.desk)
    }

    /// Reads again what has changed; answers how many tenants had. To be called several times a second: without changes it is one
    /// small query. When it fails, the last good data stays in force.
    pub async fn refresh(&self) -> Result<usize, StoreError> {
        let versions = self.source.routing_versions().await?;
        let current = self.snapshot();
        let is_known =
            |tenant: &TenantId, version: u64| current.tenant(*tenant).is_some_and(|routes| routes.version == version);
        let changed: Vec<TenantId> = versions
            .iter()
            .filter(|(tenant, version)| !is_known(tenant, *version))
            .map(|(tenant, _)| *tenant)
            .collect();
        let mut next = RoutingSnapshot::clone(&current);
        next.tenants.retain(|tenant, _| versions.iter().any(|(known, _)| known == tenant));
        let is_removed = next.tenants.len() != current.tenants.len();
        for tenant in &changed {
            match self.source.routing_data(*tenant).await?.map(TenantRoutes::compile) {
                Some(Ok(routes)) => drop(next.tenants.insert(*tenant, Arc::new(routes))),
                Some(Err(error)) => {
                    tracing::error!(%error, "routing data cannot be used; the last good stays in force")
                }
                None => drop(next.tenants.remove(tenant)),
            }
        }
        if is_removed || !changed.is_empty() {
            *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        }
        Ok(changed.len())
    }

    /// Gives those who wait to agents who became free without a call's end: who came to the desk, or whose rest is over. To be
    /// called several times a second, after [`Voice::refresh`].
    pub fn serve_queues(&self, now: Timestamp) {
        let snapshot = self.snapshot();
        self.desk.serve(now, |tenant, queue| {
            let line = snapshot.tenant(tenant).and_then(|routes| routes.queues.get(queue))?;
            Some(self.who_may_be_called(tenant, &line.agents, now))
        });
    }

    /// Without agents whose phone is reached under a telephone number that compliance forbids: calls are passed on to them.
    fn who_may_be_called(&self, tenant: TenantId, agents: &[QueueAgent], now: Timestamp) -> Vec<QueueAgent> {
        let may_be_called = |agent: &&QueueAgent| {
            let Some((gate, consumer)) = self.gate.as_ref().zip(lines::consumer_of(&agent.destination)) else {
                return true;
            };
            let transfer = Screening {
                path: CompliancePath::Transfer,
                consumer: &consumer,
                campaign: None,
                call: None,
                consent_token: None,
                now,
            };
            let verdict = gate.may_call(TenantScope::of(tenant), &transfer);
            if !verdict.allowed {
                tracing::debug!(%tenant, agent = agent.name, why = verdict.detail, "an agent may not be called");
            }
            verdict.allowed
        };
        agents.iter().filter(may_be_called).cloned().collect()
    }

    /// Computes the buyers' scores again. To be called every half minute or so.
    pub async fn refresh_scores(&self, now: Timestamp) -> Result<(), StoreError> {
        self.usage.replace_tallies(self.source.tallies(now.before(SCORE_SPAN)).await?);
        Ok(())
    }

    /// Adds up the minutes of tenants whose minutes are limited. To be called every half minute or so: a limit may be passed by
    /// what is talked in between.
    pub async fn refresh_minutes(&self, now: Timestamp) -> Result<(), StoreError> {
        let snapshot = self.snapshot();
        let mut talked = HashMap::new();
        for (tenant, routes) in &snapshot.tenants {
            if routes.quota.limit(QuotaKind::MinutesPerDay, now).is_some() {
                let since = day_start(now, &routes.tenant.time_zone);
                talked.insert(*tenant, self.source.answered_ms(*tenant, since).await?);
            }
        }
        *self.talked.write().unwrap_or_else(PoisonError::into_inner) = talked;
        Ok(())
    }

    /// Whether the tenant's limits leave room for one more call.
    fn has_room(&self, routes: &TenantRoutes, now: Timestamp) -> bool {
        let tenant = routes.tenant.id;
        // Calls from before there was a limit hold no lease, and count all the same.
        if routes.calls_max(now).is_some_and(|max| self.usage.live_calls(tenant) >= max) {
            return false;
        }
        let Some(minutes) = routes.quota.limit(QuotaKind::MinutesPerDay, now) else { return true };
        let talked = self.talked.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).copied().unwrap_or(0);
        talked < u64::from(minutes) * 60_000
    }

    /// Reads all counts again: after the store was away, and where several processes share it.
    pub async fn refresh_counters(&self) -> Result<(), StoreError> {
        self.usage.replace_counters(self.leases.lease_counters().await?);
        Ok(())
    }

    /// Answers one question of one call. `None`: nobody waits for an answer. `JoinQueue` takes until an agent is free.
    pub async fn answer(&self, token: Token, ask: Ask, now: Timestamp) -> Option<Answer> {
        let snapshot = self.snapshot();
        match ask {
            Ask::FindFlow(find) => Some(self.find_flow(&snapshot, &find, token.call, now).await),
            Ask::FindCampaign(find) => Some(self.find_campaign(&snapshot, &find)),
            Ask::NextLine(search) => Some(match snapshot.tenant(search.tenant) {
                Some(routes) => self.next_line(routes, &search).await,
                None => Answer::Failed { reason: "the tenant is gone".into() },
            }),
            Ask::NextBuyer(search) => Some(match snapshot.tenant(search.tenant) {
                Some(routes) => self.next_buyer(routes, &search).await,
                None => Answer::Failed { reason: "the tenant is gone".into() },
            }),
            Ask::GiveBack { lease, .. } => {
                if let Err(error) = self.leases.release_lease(lease, now).await {
                    tracing::warn!(%error, %lease, "a lease was not given back; it ends by itself");
                }
                None
            }
            Ask::JoinQueue { tenant, queue, size_max, since, is_back } => {
                let found = snapshot.tenant(tenant).and_then(|routes| routes.queues.get(&queue));
                match found {
                    Some(found) => {
                        let caller = Waiting { call: token.call, since, is_back };
                        let agents = self.who_may_be_called(tenant, &found.agents, now);
                        let found = QueueLine { queue: found.queue.clone(), agents };
                        self.desk.join(tenant, &found, caller, size_max, now).await
                    }
                    None => Some(Answer::Failed { reason: format!("no queue {queue:?}") }),
                }
            }
            Ask::LeaveQueue { tenant, queue, served } => {
                self.desk.leave(tenant, &queue, token.call, served, now);
                None
            }
            Ask::LoadPrompt { prompt, .. } => {
                Some(Answer::NoPrompt { reason: format!("prompts are not loaded here: {prompt}") })
            }
        }
    }

    async fn find_flow(&self, snapshot: &RoutingSnapshot, find: &FindFlow, call: CallId, now: Timestamp) -> Answer {
        let Some(routes) = snapshot.tenant(find.tenant) else { return Answer::NoFlow(NoFlow::TenantClosed) };
        let tenant = &routes.tenant;
        if tenant.status != TenantStatus::Active || !self.has_room(routes, now) {
            return Answer::NoFlow(NoFlow::TenantClosed);
        }
        let number = PhoneNumber::from_dialled(&find.dialled).ok().and_then(|dialled| routes.numbers.get(&dialled));
        let Some(number) = number.filter(|number| number.status == NumberStatus::Active) else {
            return Answer::NoFlow(NoFlow::UnknownNumber);
        };
        let campaign = number.campaign.and_then(|id| routes.campaigns.get(&id));
        let campaign = campaign.filter(|campaign| campaign.status == CampaignStatus::Active);
        let found = campaign.and_then(|campaign| {
            let flow = campaign.flow?;
            Some((campaign, flow, routes.flows.get(&flow)?))
        });
        let Some((campaign, flow, published)) = found else { return Answer::NoFlow(NoFlow::NotPublished) };
        // Last, so that a call nobody takes holds no room.
        let Some(Admitted(lease)) = self.admit(routes, find.trunk, call, now).await else {
            return Answer::NoFlow(NoFlow::TenantClosed);
        };
        Answer::Flow(Box::new(FlowFound {
            dialled: number.number.to_string(),
            number: number.id,
            lease,
            ..routes.flow_found(campaign, flow, published)
        }))
    }
}

/// The begin of the day `now` lies in; the begin of UTC's day where the zone is not known.
pub fn day_start(now: Timestamp, zone: &str) -> Timestamp {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let [_, day, ..] = routing::windows(now, &zone);
    day.start
}
