//! How much of a buyer's caps is used.

use std::collections::HashMap;

use domain::{BuyerId, Timestamp};
use routing::{
    CapKind,
    lease::{Counters, Holder},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{caller::Caller, convert::from_store, problem::ApiResult};

/// Calls that count towards a buyer's caps, over all its endpoints: answered ones, and those being offered to it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CapUsage {
    /// Held at this moment, ringing or connected.
    concurrency: u32,
    /// In this clock hour of the buyer's zone.
    hourly: u32,
    /// Today in the buyer's zone.
    daily: u32,
    /// In this month of the buyer's zone.
    monthly: u32,
    /// Altogether.
    total: u32,
}

/// The counts of all buyers at one moment. They come from the store and not from this process' memory, since the calls may be
/// held by another process.
pub(super) struct CapCounts {
    now: Timestamp,
    counters: HashMap<BuyerId, Counters>,
}

impl CapCounts {
    pub(super) async fn read(caller: &Caller) -> ApiResult<Self> {
        let held = caller.state.leases().lease_counters().await.map_err(from_store)?;
        let counters = held.into_iter().filter_map(|(holder, counters)| match holder {
            Holder::Buyer(buyer) => Some((buyer, counters)),
            Holder::Endpoint(_) | Holder::Trunk(_) | Holder::Tenant(_) => None,
        });
        Ok(Self { now: caller.now(), counters: counters.collect() })
    }

    pub(super) fn of(&self, buyer: &operations::Buyer) -> CapUsage {
        let zone = jiff::tz::TimeZone::get(&buyer.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let windows = routing::windows(self.now, &zone);
        let counters = self.counters.get(&buyer.id).copied().unwrap_or_default();
        let counted = |kind| counters.counted(kind, &windows);
        CapUsage {
            concurrency: counted(CapKind::Concurrency),
            hourly: counted(CapKind::Hour),
            daily: counted(CapKind::Day),
            monthly: counted(CapKind::Month),
            total: counted(CapKind::Total),
        }
    }
}
