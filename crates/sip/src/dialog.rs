//! Dialogs (RFC 3261 §12): made from a request and its response, they write the requests inside them and judge those
//! that come in.

mod glare;
mod state;

pub use glare::{InviteLock, glare_delay};
pub use state::{Dialog, DialogError, DialogId, Forks, Phase, Refusal};
