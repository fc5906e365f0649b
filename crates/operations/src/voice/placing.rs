//! Calls the platform places: which flow whoever answers is to hear, and over which trunk they are called.

use domain::{CompliancePath, ComplianceVerdict};
use routing::lease::Holder;
use switch::ask::{Answer, FindCampaign, FlowFound, LineSearch, NoFlow, NoLine};

use super::{RoutingSnapshot, Voice, admission::at_once, lines::line, offer::LEASE_MARGIN, snapshot::TenantRoutes};
use crate::{CampaignStatus, LeaseRequest, Reservation, Screening, TenantScope, TenantStatus};

impl Voice {
    /// The campaign's flow. The call has its room already: whoever ordered it took it.
    pub(super) fn find_campaign(&self, snapshot: &RoutingSnapshot, find: &FindCampaign) -> Answer {
        let routes = snapshot.tenant(find.tenant).filter(|routes| routes.tenant.status == TenantStatus::Active);
        let Some(routes) = routes else { return Answer::NoFlow(NoFlow::TenantClosed) };
        let campaign = routes.campaigns.get(&find.campaign);
        let campaign = campaign.filter(|campaign| campaign.status == CampaignStatus::Active);
        let found = campaign.and_then(|campaign| {
            let flow = campaign.flow?;
            Some((campaign, flow, routes.flows.get(&flow)?))
        });
        let Some((campaign, flow, published)) = found else { return Answer::NoFlow(NoFlow::NotPublished) };
        Answer::Flow(Box::new(FlowFound {
            dialled: find.from.clone(),
            number: find.number,
            intro: campaign.intro_audio.as_deref().map(Into::into),
            ..routes.flow_found(campaign, flow, published)
        }))
    }

    /// The first trunk with room that was not tried, where compliance lets the number be called at all.
    pub(super) async fn next_line(&self, routes: &TenantRoutes, search: &LineSearch) -> Answer {
        let verdict = self.screen_consumer(search);
        if verdict.as_ref().is_some_and(|verdict| !verdict.allowed) {
            return Answer::NoLine { why: NoLine::Forbidden, verdict };
        }
        for (trunk, outbound) in routes.lines(None) {
            if search.tried.contains(&trunk.id) {
                continue;
            }
            let claim = at_once(Holder::Trunk(trunk.id), trunk.concurrent_calls_max, search.now);
            let request = LeaseRequest {
                lease: self.ids.next(search.now),
                tenant: search.tenant,
                call: search.call,
                claims: vec![claim],
                is_committed: false,
                now: search.now,
                until: search.now.after(search.rings.saturating_add(LEASE_MARGIN)),
            };
            let (lease, claims) = (request.lease, request.claims.clone());
            match self.leases.reserve(request).await {
                Ok(Reservation::Held) => {}
                Ok(Reservation::Full(full)) => {
                    tracing::info!(call = %search.call, trunk = %trunk.name, ?full, "a trunk is full");
                    continue;
                }
                Ok(Reservation::Ended) => {
                    return Answer::Failed { reason: format!("lease {lease} had ended before it began") };
                }
                // The store is away: counted in memory, where nothing is freed until it is back, so that no limit is overshot.
                Err(error) if error.is_transient() => {
                    if self.usage.reserve_unstored(&claims).is_err() {
                        continue;
                    }
                }
                Err(error) => return Answer::Failed { reason: error.to_string() },
            }
            let line = line(trunk, outbound, &search.to, &search.from, self.vault.as_ref());
            return Answer::Line { line: Box::new(line), lease, verdict };
        }
        Answer::NoLine { why: NoLine::NoTrunk, verdict }
    }

    /// The consumer is who is called.
    fn screen_consumer(&self, search: &LineSearch) -> Option<Box<ComplianceVerdict>> {
        let call = Screening {
            path: CompliancePath::Outbound,
            consumer: search.to.as_str(),
            campaign: Some(search.campaign),
            call: Some(search.call),
            consent_token: search.consent_token.as_deref(),
            now: search.now,
        };
        Some(Box::new(self.gate.as_ref()?.may_call(TenantScope::of(search.tenant), &call)))
    }
}
