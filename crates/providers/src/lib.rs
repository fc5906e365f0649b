//! Who sells telephone numbers, who knows things about them, who vouches for people and who is told, over HTTP: each speaks its peer's
//! documented requests and nothing else.
//!
//! What fails on the way (time out, connection, 429, 5xx) is `Unavailable`: whether a purchase was made is not known then, and the
//! order is followed up. What the provider refuses (other 4xx) is `Refused`.

mod bandwidth;
mod guard;
mod http;
mod identity;
mod recordings;
mod signalwire;
mod telnyx;
mod telnyx_lookup;
mod twilio;
mod webhooks;

pub use bandwidth::{Bandwidth, BandwidthAccount};
pub use identity::Identity;
pub use recordings::{RecordingHosts, SourceError};
pub use signalwire::{SignalWire, SignalWireAccount};
pub use telnyx::{Telnyx, TelnyxAccount};
pub use twilio::{Twilio, TwilioAccount};
pub use webhooks::{WebhookError, Webhooks};
