//! Room for a call that comes in: its tenant's and its trunk's limits of calls at once, as leases (ADR 0206).

use domain::{CallId, LeaseId, TenantId, Timestamp, TrunkId};
use jiff::tz::TimeZone;
use routing::{
    Caps,
    lease::{Claim, Holder},
    windows,
};

use super::{Voice, snapshot::TenantRoutes};
use crate::{COMMITTED_LEASE_SPAN, LeaseRequest, QuotaInForce, QuotaKind, Reservation, Tenant};

/// Room for one of so many calls at once.
pub(super) fn at_once(holder: Holder, calls_max: Option<u32>, now: Timestamp) -> Claim {
    let caps = Caps { concurrency: calls_max, ..Caps::NONE };
    // Only calls at once are limited; the windows are anybody's.
    Claim { holder, caps, windows: windows(now, &TimeZone::UTC) }
}

/// Most calls of a tenant at once: its own limit or its quota's, whichever is lower.
pub fn calls_at_once(tenant: &Tenant, quota: &QuotaInForce, now: Timestamp) -> Option<u32> {
    let limits = [tenant.concurrent_calls_max, quota.limit(QuotaKind::ConcurrentCalls, now)];
    limits.into_iter().flatten().min()
}

/// The room a call that is to be placed must take before it is ordered, of so many calls of its tenant at once. It ends with the call,
/// or by itself where none comes of it.
pub fn room_for_call(tenant: TenantId, call: CallId, lease: LeaseId, calls_max: u32, now: Timestamp) -> LeaseRequest {
    LeaseRequest {
        lease,
        tenant,
        call,
        claims: vec![at_once(Holder::Tenant(tenant), Some(calls_max), now)],
        is_committed: true,
        now,
        until: now.after(COMMITTED_LEASE_SPAN),
    }
}

impl TenantRoutes {
    /// Most calls of the tenant at once.
    pub(super) fn calls_max(&self, now: Timestamp) -> Option<u32> {
        calls_at_once(&self.tenant, &self.quota, now)
    }

    /// What a call over this trunk must find room in. Nothing where nothing is limited.
    fn admission(&self, trunk: Option<TrunkId>, now: Timestamp) -> Vec<Claim> {
        let tenant = self.calls_max(now).map(|max| at_once(Holder::Tenant(self.tenant.id), Some(max), now));
        let trunk = self.trunks.iter().find(|known| Some(known.id) == trunk);
        let trunk = trunk.and_then(|trunk| Some((trunk.id, trunk.concurrent_calls_max?)));
        let trunk = trunk.map(|(id, max)| at_once(Holder::Trunk(id), Some(max), now));
        tenant.into_iter().chain(trunk).collect()
    }
}

impl Voice {
    /// Takes room for a call until it ends. `None`: there is none. A tenant and trunk without limits cost no question.
    pub(super) async fn admit(
        &self,
        routes: &TenantRoutes,
        trunk: Option<TrunkId>,
        call: CallId,
        now: Timestamp,
    ) -> Option<Admitted> {
        let claims = routes.admission(trunk, now);
        if claims.is_empty() {
            return Some(Admitted(None));
        }
        let request = LeaseRequest {
            lease: self.ids.next(now),
            tenant: routes.tenant.id,
            call,
            claims,
            is_committed: true,
            now,
            until: now.after(COMMITTED_LEASE_SPAN),
        };
        let (lease, claims) = (request.lease, request.claims.clone());
        match self.leases.reserve(request).await {
            Ok(Reservation::Held) => Some(Admitted(Some(lease))),
            Ok(Reservation::Full(full)) => {
                tracing::info!(%call, ?full, "call refused: no more at once");
                None
            }
            Ok(Reservation::Ended) => None,
            // The store is away: counted in memory, where nothing is freed until it is back, so that no limit is overshot.
            Err(error) if error.is_transient() => {
                self.usage.reserve_unstored(&claims).is_ok().then_some(Admitted(None))
            }
            Err(error) => {
                tracing::error!(%call, %error, "call refused: no room could be taken for it");
                None
            }
        }
    }
}

/// A call let in, with its room where that is limited.
pub(super) struct Admitted(pub Option<LeaseId>);
