//! Leases, besides what the writer does with events.

use std::time::Duration;

use async_trait::async_trait;
use domain::{LeaseId, SwitchId, Timestamp};
use operations::{LeaseRequest, Leases, Reservation, StoreError};
use routing::lease::{Counters, Holder};

use crate::{
    Store,
    hot::read_counters,
    sql::{execute, query},
};

#[async_trait]
impl Leases for Store {
    async fn reserve(&self, request: LeaseRequest) -> Result<Reservation, StoreError> {
        self.writer().reserve(request).await
    }

    async fn release_lease(&self, lease: LeaseId, now: Timestamp) -> Result<(), StoreError> {
        self.writer().release(lease, now).await
    }

    async fn renew_leases(&self, switch: SwitchId, until: Timestamp) -> Result<u64, StoreError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "UPDATE leases SET until = $1 WHERE state = 'committed' AND until < $1 AND call_id IN \
                               (SELECT id FROM calls WHERE switch_id = $2 AND ended_at IS NULL)";
                    execute(transaction, sql, [until.micros().into(), switch.0.into()]).await
                })
            })
            .await
    }

    async fn expire_leases(&self, now: Timestamp, count_max: u32) -> Result<Vec<LeaseId>, StoreError> {
        self.writer().expire(now, count_max).await
    }

    async fn forget_leases(&self, now: Timestamp, keep: Duration) -> Result<u64, StoreError> {
        let before = now.before(keep).micros();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "DELETE FROM leases WHERE state NOT IN ('reserved', 'committed') AND until < $1";
                    execute(transaction, sql, [before.into()]).await
                })
            })
            .await
    }

    async fn lease_counters(&self) -> Result<Vec<(Holder, Counters)>, StoreError> {
        query(self.reader(), "SELECT * FROM lease_counters", []).await?.iter().map(read_counters).collect()
    }
}
