//! Admits, authenticates and forwards SIP: the border of the platform (the Kamailio role), without sockets or clocks.
//!
//! [`Edge`] is a stateful record-routing proxy (RFC 3261 §16). Outside are carriers and buyers, inside are the switches.
//! Nothing gets in but a call of a known trunk and what belongs to a dialog that went through here; nothing gets out but
//! what a switch signed for.

mod config;
mod counters;
mod edge;
mod flood;
mod forward;
mod judge;
mod nat;
mod nodes;
mod routes;
mod trunks;

pub use config::{Config, FloodLimits};
pub use counters::{Counters, Fate, Reason};
pub use edge::{Edge, Event, Input, Output, ResolveToken};
pub use sip::verdict;
pub use trunks::{Cidr, CidrError, Trunk, TrunkTable};
