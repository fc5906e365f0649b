//! Calls through a real edge, switch and media engine, on a good network and on bad ones.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also outside of its own function")]

mod calls;
mod claims;
mod limits;
mod media;
mod memory;
mod outbound;
mod queues;
mod seeds;
mod signalling;
mod stage;
