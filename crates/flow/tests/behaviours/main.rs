//! What flows do, seen from outside.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod any_document;
mod any_events;
mod branches;
mod demos;
mod examples;
mod faults;
mod nodes;
mod notations;
mod script;
