//! One call: its legs, flow, bridge, queue and recording.
//!
//! [`Switch`] is a state machine without sockets, clocks or threads: [`Input`] goes in with the time, [`Output`] is drained.
//! A call never waits; what it needs from others it asks for ([`ask::Ask`]) and goes on when the answer comes as input.
//!
//! ```text
//! SIP from the edge ─┐                       ┌─ SIP to the edge
//! answers, timers   ─┼─ Switch ── Call ──────┼─ questions
//! media events      ─┘   (legs, flow::Run)   ├─ call events
//!                                            └─ media commands
//! ```

pub mod ask;
mod call;
mod claim;
mod config;
mod core;
mod io;
mod routes;
mod session;
mod switch;
mod timers;

pub use crate::config::Config;
pub use crate::core::Counters;
pub use crate::io::{Input, Output};
pub use crate::switch::{Footprint, Switch};
