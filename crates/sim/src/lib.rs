//! Simulated network, clock, carriers and an in-memory store, driven by one seed.
//!
//! [`run`] plays calls of several switches against one store over a [`network`] that loses, repeats and reorders, with outages and
//! restarts, and hands everything to an [`Auditor`] that keeps its own books. The same seed plays the same run.

mod agenda;
mod auditor;
mod call;
mod market;
pub mod network;
mod store;
pub mod voice;
mod worker;
mod world;

pub use agenda::Agenda;
pub use auditor::{Auditor, Fault};
pub use market::Market;
pub use store::{MemoryStore, Refused};
pub use world::{Report, run};
