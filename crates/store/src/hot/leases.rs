//! Leases of a batch: what `routing::lease` decides, on rows that are locked while it does.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{CallId, LeaseId, TenantId, Timestamp};
use operations::{COMMITTED_LEASE_SPAN, LeaseChange, LeaseRequest, Reservation, StoreError};
use routing::lease::{Counted, Counters, End, Holder, LeaseState};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, QueryResult, Value};
use uuid::Uuid;

use super::HotOp;
use crate::{
    convert::{column, from_json, json, number},
    dialect::for_update,
    sql::{Insert, query, select_in},
};

const LEASE_COLUMNS: &str = "id, tenant_id, call_id, state, counted, until";
const COUNTER_COLUMNS: &str = "holder_id, holder_kind, active, hour_start, hour_used, hour_reserved, day_start, day_used, \
    day_reserved, month_start, month_used, month_reserved, total_start, total_used, total_reserved";
/// The windows of [`Counters`], in its order.
const WINDOW_COLUMNS: [[&str; 3]; 4] = [
    ["hour_start", "hour_used", "hour_reserved"],
    ["day_start", "day_used", "day_reserved"],
    ["month_start", "month_used", "month_reserved"],
    ["total_start", "total_used", "total_reserved"],
];

/// Leases swept before a reservation, at most.
const SWEPT_MAX: u32 = 1_000;

const LEASES: Insert = Insert {
    head: "INSERT INTO leases (id, tenant_id, call_id, state, counted, until)",
    columns: 6,
    tail: "ON CONFLICT (id) DO UPDATE SET state = excluded.state, counted = excluded.counted, until = excluded.until",
};

const COUNTERS: Insert = Insert {
    head: "INSERT INTO lease_counters (holder_id, holder_kind, active, hour_start, hour_used, hour_reserved, day_start, \
           day_used, day_reserved, month_start, month_used, month_reserved, total_start, total_used, total_reserved)",
    columns: 15,
    tail: "ON CONFLICT (holder_id, holder_kind) DO UPDATE SET active = excluded.active, hour_start = excluded.hour_start, \
           hour_used = excluded.hour_used, hour_reserved = excluded.hour_reserved, day_start = excluded.day_start, \
           day_used = excluded.day_used, day_reserved = excluded.day_reserved, month_start = excluded.month_start, \
           month_used = excluded.month_used, month_reserved = excluded.month_reserved, total_start = excluded.total_start, \
           total_used = excluded.total_used, total_reserved = excluded.total_reserved",
};

const COUNTERS_NEW: Insert = Insert { tail: "ON CONFLICT DO NOTHING", ..COUNTERS };

struct StoredLease {
    tenant: TenantId,
    call: CallId,
    state: LeaseState,
    counted: Vec<Counted>,
    until: Timestamp,
}

/// The leases and counts a batch is about. Ordered maps: two processes lock rows in one order.
#[derive(Default)]
pub(super) struct LeaseBatch {
    leases: BTreeMap<LeaseId, StoredLease>,
    by_call: HashMap<CallId, Vec<LeaseId>>,
    counters: BTreeMap<Holder, Counters>,
    changed_leases: BTreeSet<LeaseId>,
    changed_counters: BTreeSet<Holder>,
}

impl LeaseBatch {
    /// Reads what the changes of `calls` and the operations need, and what is over at `sweep`.
    pub async fn load(
        transaction: &DatabaseTransaction,
        calls: &[CallId],
        ops: &[HotOp],
        sweep: Option<Timestamp>,
    ) -> Result<Self, StoreError> {
        let requests: Vec<&LeaseRequest> = ops
            .iter()
            .filter_map(|op| match op {
                HotOp::Reserve(request) => Some(request),
                _ => None,
            })
            .collect();
        let mut batch = Self::default();
        let lock = for_update(transaction.get_database_backend());
        let calls: BTreeSet<CallId> =
            calls.iter().copied().chain(requests.iter().map(|request| request.call)).collect();
        if !calls.is_empty() {
            let select = format!("SELECT {LEASE_COLUMNS} FROM leases WHERE call_id IN ({{}}){lock}");
            batch.add_leases(&select_in(transaction, &select, calls.iter().map(|call| call.0.into())).await?)?;
        }
        let released = ops.iter().filter_map(|op| match op {
            HotOp::Release { lease, .. } => Some(lease.0.into()),
            _ => None,
        });
        let select = format!("SELECT {LEASE_COLUMNS} FROM leases WHERE id IN ({{}}){lock}");
        batch.add_leases(&select_in(transaction, &select, released).await?)?;
        // What is over makes room before room is looked for.
        let sweeps = ops.iter().filter_map(|op| match op {
            HotOp::Expire { now, count_max } => Some((*now, *count_max)),
            _ => None,
        });
        for (now, count_max) in sweeps.chain(sweep.map(|now| (now, SWEPT_MAX))) {
            let select = format!(
                "SELECT {LEASE_COLUMNS} FROM leases WHERE state IN ('reserved', 'committed') AND until <= $1 \
                 ORDER BY until, id LIMIT $2{lock}"
            );
            let values = [now.micros().into(), i64::from(count_max).into()];
            batch.add_leases(&query(transaction, &select, values).await?)?;
        }
        let claimed = requests.iter().flat_map(|request| &request.claims).map(|claim| claim.holder);
        let held = batch.leases.values().filter(|lease| !is_over(lease.state)).flat_map(|lease| &lease.counted);
        let holders: BTreeSet<Holder> = held.map(|counted| counted.holder).chain(claimed).collect();
        batch.load_counters(transaction, &holders).await?;
        Ok(batch)
    }

    fn add_leases(&mut self, rows: &[QueryResult]) -> Result<(), StoreError> {
        for row in rows {
            let id = LeaseId(column(row, "id")?);
            let lease = read_lease(row)?;
            let call = lease.call;
            if self.leases.insert(id, lease).is_none() {
                self.by_call.entry(call).or_default().push(id);
            }
        }
        Ok(())
    }

    async fn load_counters(
        &mut self,
        transaction: &DatabaseTransaction,
        holders: &BTreeSet<Holder>,
    ) -> Result<(), StoreError> {
        if holders.is_empty() {
            return Ok(());
        }
        let backend = transaction.get_database_backend();
        let select = format!(
            "SELECT {COUNTER_COLUMNS} FROM lease_counters WHERE holder_id IN ({{}}) ORDER BY holder_id{}",
            for_update(backend)
        );
        self.counters = read_all(transaction, &select, holders).await?;
        let missing: BTreeSet<Holder> =
            holders.iter().filter(|holder| !self.counters.contains_key(holder)).copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        // A row that is not there cannot be locked.
        if backend == DbBackend::Sqlite {
            self.counters.extend(missing.into_iter().map(|holder| (holder, Counters::default())));
        } else {
            let values = missing.iter().flat_map(|holder| counter_values(*holder, &Counters::default()));
            COUNTERS_NEW.run(transaction, values.collect()).await?;
            self.counters.extend(read_all(transaction, &select, &missing).await?);
        }
        Ok(())
    }

    /// What a call's events do to its leases.
    pub fn change(&mut self, call: CallId, changes: &[(Timestamp, LeaseChange)]) {
        for (at, change) in changes {
            match change {
                LeaseChange::Commit(lease) => self.commit(*lease, *at),
                LeaseChange::Release(lease) => self.end(*lease, *at, End::Released),
                LeaseChange::ReleaseAll => {
                    for lease in self.by_call.get(&call).cloned().unwrap_or_default() {
                        self.end(lease, *at, End::Released);
                    }
                }
            }
        }
    }

    /// Nobody was dialled on it.
    pub fn release(&mut self, id: LeaseId, now: Timestamp) {
        self.end(id, now, End::Released);
    }

    fn commit(&mut self, id: LeaseId, at: Timestamp) {
        let Some(lease) = self.leases.get_mut(&id) else { return };
        if lease.state != LeaseState::Reserved {
            return;
        }
        // Its room may be another's by now.
        if lease.until <= at {
            let until = lease.until;
            tracing::warn!(%id, "answered after its lease was over");
            return self.end(id, until, End::Expired);
        }
        lease.state = LeaseState::Committed;
        lease.until = at.after(COMMITTED_LEASE_SPAN);
        self.changed_leases.insert(id);
        for counted in &lease.counted {
            self.counters.entry(counted.holder).or_default().commit(counted);
            self.changed_counters.insert(counted.holder);
        }
    }

    fn end(&mut self, id: LeaseId, at: Timestamp, how: End) {
        let Some(lease) = self.leases.get_mut(&id) else { return };
        let committed = match lease.state {
            LeaseState::Ended { .. } => return,
            LeaseState::Reserved => false,
            LeaseState::Committed => true,
        };
        lease.state = LeaseState::Ended { how, committed };
        lease.until = at;
        self.changed_leases.insert(id);
        for counted in &lease.counted {
            self.counters.entry(counted.holder).or_default().end(counted, committed);
            self.changed_counters.insert(counted.holder);
        }
    }

    /// Ends the oldest of those whose time is up.
    pub fn expire(&mut self, now: Timestamp, count_max: u32) -> Vec<LeaseId> {
        let mut due: Vec<(Timestamp, LeaseId)> = self
            .leases
            .iter()
            .filter(|(_, lease)| lease.until <= now && !is_over(lease.state))
            .map(|(id, lease)| (lease.until, *id))
            .collect();
        due.sort_unstable();
        due.truncate(count_max as usize);
        for (until, id) in &due {
            self.end(*id, *until, End::Expired);
        }
        due.into_iter().map(|(_, id)| id).collect()
    }

    /// All claims or none.
    pub fn reserve(&mut self, request: &LeaseRequest) -> Reservation {
        self.expire(request.now, SWEPT_MAX);
        if let Some(lease) = self.leases.get(&request.lease) {
            return if is_over(lease.state) { Reservation::Ended } else { Reservation::Held };
        }
        let mut counted = Vec::with_capacity(request.claims.len());
        for claim in &request.claims {
            match self.counters.entry(claim.holder).or_default().reserve(claim) {
                Ok(one) => counted.push(one),
                Err(full) => {
                    for one in &counted {
                        self.counters.entry(one.holder).or_default().end(one, false);
                    }
                    return Reservation::Full(full);
                }
            }
        }
        self.changed_counters.extend(counted.iter().map(|one| one.holder));
        self.changed_leases.insert(request.lease);
        self.by_call.entry(request.call).or_default().push(request.lease);
        let state = if request.is_committed { LeaseState::Committed } else { LeaseState::Reserved };
        if request.is_committed {
            for one in &counted {
                self.counters.entry(one.holder).or_default().commit(one);
            }
        }
        let lease = StoredLease { tenant: request.tenant, call: request.call, state, counted, until: request.until };
        self.leases.insert(request.lease, lease);
        Reservation::Held
    }

    /// Writes what changed; answers the counts that did.
    pub async fn write(self, transaction: &DatabaseTransaction) -> Result<Vec<(Holder, Counters)>, StoreError> {
        let changed: Vec<(Holder, Counters)> =
            self.changed_counters.iter().filter_map(|holder| Some((*holder, *self.counters.get(holder)?))).collect();
        let values = changed.iter().flat_map(|(holder, counters)| counter_values(*holder, counters));
        COUNTERS.run(transaction, values.collect()).await?;
        let mut values = Vec::with_capacity(self.changed_leases.len() * LEASES.columns);
        for id in &self.changed_leases {
            let Some(lease) = self.leases.get(id) else { continue };
            values.extend::<[Value; 6]>([
                id.0.into(),
                lease.tenant.0.into(),
                lease.call.0.into(),
                state_word(lease.state).into(),
                json(&lease.counted)?.into(),
                lease.until.micros().into(),
            ]);
        }
        LEASES.run(transaction, values).await?;
        Ok(changed)
    }
}

fn is_over(state: LeaseState) -> bool {
    matches!(state, LeaseState::Ended { .. })
}

fn state_word(state: LeaseState) -> &'static str {
    match state {
        LeaseState::Reserved => "reserved",
        LeaseState::Committed => "committed",
        LeaseState::Ended { how: End::Released, committed: false } => "released_unanswered",
        LeaseState::Ended { how: End::Released, committed: true } => "released_answered",
        LeaseState::Ended { how: End::Expired, committed: false } => "expired_unanswered",
        LeaseState::Ended { how: End::Expired, committed: true } => "expired_answered",
    }
}

fn read_lease(row: &QueryResult) -> Result<StoredLease, StoreError> {
    let state = match column::<String>(row, "state")?.as_str() {
        "reserved" => LeaseState::Reserved,
        "committed" => LeaseState::Committed,
        "released_unanswered" => LeaseState::Ended { how: End::Released, committed: false },
        "released_answered" => LeaseState::Ended { how: End::Released, committed: true },
        "expired_unanswered" => LeaseState::Ended { how: End::Expired, committed: false },
        "expired_answered" => LeaseState::Ended { how: End::Expired, committed: true },
        other => return Err(StoreError::failed(format!("no lease state {other}"))),
    };
    Ok(StoredLease {
        tenant: TenantId(column(row, "tenant_id")?),
        call: CallId(column(row, "call_id")?),
        state,
        counted: from_json(&column::<String>(row, "counted")?)?,
        until: Timestamp::from_micros(column(row, "until")?),
    })
}

fn holder_key(holder: Holder) -> (Uuid, &'static str) {
    match holder {
        Holder::Buyer(id) => (id.0, "buyer"),
        Holder::Endpoint(id) => (id.0, "endpoint"),
        Holder::Trunk(id) => (id.0, "trunk"),
        Holder::Tenant(id) => (id.0, "tenant"),
    }
}

fn counter_values(holder: Holder, counters: &Counters) -> Vec<Value> {
    let (id, kind) = holder_key(holder);
    let mut values = vec![id.into(), kind.into(), i64::from(counters.active).into()];
    for window in &counters.windows {
        values.extend([window.start.micros().into(), i64::from(window.used).into(), i64::from(window.reserved).into()]);
    }
    values
}

async fn read_all(
    transaction: &DatabaseTransaction,
    select: &str,
    holders: &BTreeSet<Holder>,
) -> Result<BTreeMap<Holder, Counters>, StoreError> {
    let keys = holders.iter().map(|holder| holder_key(*holder).0.into());
    select_in(transaction, select, keys).await?.iter().map(read_counters).collect()
}

/// One row of `lease_counters`.
pub(crate) fn read_counters(row: &QueryResult) -> Result<(Holder, Counters), StoreError> {
    let id: Uuid = column(row, "holder_id")?;
    let holder = match column::<String>(row, "holder_kind")?.as_str() {
        "buyer" => Holder::Buyer(id.into()),
        "endpoint" => Holder::Endpoint(id.into()),
        "trunk" => Holder::Trunk(id.into()),
        "tenant" => Holder::Tenant(id.into()),
        other => return Err(StoreError::failed(format!("no holder kind {other}"))),
    };
    let mut counters = Counters { active: number(column(row, "active")?)?, ..Counters::default() };
    for (window, [start, used, reserved]) in counters.windows.iter_mut().zip(WINDOW_COLUMNS) {
        window.start = Timestamp::from_micros(column(row, start)?);
        window.used = number(column(row, used)?)?;
        window.reserved = number(column(row, reserved)?)?;
    }
    Ok((holder, counters))
}
