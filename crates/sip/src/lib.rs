//! SIP without sockets or clocks: messages, transactions, dialogs, digest authentication, SDP.
//!
//! Bytes and the time go in, outputs are drained. Times are a `Duration` since the Unix epoch, randomness is a seed.

pub mod dialog;
pub mod digest;
pub mod identifiers;
pub mod identity;
pub mod message;
pub mod sdp;
pub mod seal;
pub mod transaction;
pub mod verdict;

pub use identifiers::Identifiers;
pub use message::{Message, Method, Name, Request, Response};
