//! Which buyer gets the call, and why not the others.
//!
//! [`Snapshot::compile`] prepares a tenant's buyers; [`rank`] decides from it, a [`Search`] and the [`Usage`] so far, without
//! waiting, reading a clock or drawing a random number by itself; [`lease`] holds the room a decision needs.

mod filter;
mod hours;
pub mod lease;
mod order;
mod rank;
mod screen;
mod snapshot;
mod usage;
mod window;

pub use filter::{Filters, TagRule};
pub use hours::{Hours, MinuteOfDay, OpenSpan};
pub use order::Exploration;
pub use rank::{Choice, Forbidden, Listed, Pool, Ranking, Search, rank};
pub use snapshot::{
    BUYERS_MAX, Buyer, CAMPAIGNS_MAX, Campaign, CampaignPayout, Caps, ENDPOINTS_MAX, Endpoint, Snapshot, SnapshotError,
};
pub use usage::{SCORE_HOURS, Tally, Usage, UsageTable};
pub use window::{CapKind, CapWindow, WINDOWS, windows};
