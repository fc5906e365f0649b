//! The second door: rtpengine's ng control protocol, for SIP proxies such as Kamailio.
//!
//! A message is a cookie, a blank and a bencoded dictionary. [`Control::handle`] answers `ping`, `offer`, `answer`,
//! `delete` and `query`, and steers the [`crate::Relay`] with [`media::command::Handling::PassThrough`] legs. What of
//! the protocol is taken and what is not: `docs/adr/0022-ng-subset.md`.

pub mod bencode;
mod call;
mod control;
mod cookies;
mod sdp;

pub use control::{Control, NgConfig, Ports};
