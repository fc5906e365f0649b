//! The transaction layer (RFC 3261 §17, RFC 6026) as one table: datagrams, requests and the time go in, outputs are
//! drained by [`TransactionLayer::poll`].

mod client;
mod config;
mod destination;
mod layer;
mod matching;
mod server;
mod timers;

use crate::message::{Request, Response};
use bytes::Bytes;

pub use config::{Config, Role, Stats, Timing};
pub use destination::{Destination, Transport};
pub use layer::{ReceiveError, SendError, TransactionLayer};

/// A client transaction: a request of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientKey {
    pub(crate) serial: u64,
    /// A CANCEL has the branch of what it cancels.
    pub(crate) cancel: bool,
}

/// A server transaction: a request of the peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerKey(pub(crate) u64);

/// What the layer wants done, or has to tell.
#[derive(Clone, Debug)]
pub enum Output {
    /// Put these bytes on the wire.
    Send { destination: Destination, bytes: Bytes },
    /// A new request, never ACK or CANCEL: answer it by [`TransactionLayer::respond`]. `source` as the datagram came.
    Request { key: ServerKey, request: Request, source: Destination },
    /// The ACK of a 2xx. `key` is the INVITE's where this layer answered it ([`Role::UserAgent`]) and still waits.
    Ack { key: Option<ServerKey>, request: Request, source: Destination },
    /// The caller gave up this INVITE; its CANCEL is answered. Respond 487 to `key`, or cancel what you forwarded.
    Cancelled { key: ServerKey, cancel: Request },
    /// A response to a request of ours. Each 2xx of an INVITE comes, retransmitted or from another fork.
    Response { key: ClientKey, response: Response },
    /// No final response came in time (timers B, F; 64*T1 after a CANCEL). The transaction is over.
    Timeout { key: ClientKey },
    /// The destination cannot be reached. The transaction is over.
    TransportError { key: ClientKey },
    /// The final response to an INVITE was never acknowledged (timer H, or 64*T1 after a 2xx). After a 2xx: send BYE.
    AckTimeout { key: ServerKey, success: bool },
}
