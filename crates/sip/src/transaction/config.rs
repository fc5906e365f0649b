use crate::message::Limits;
use std::net::SocketAddr;
use std::time::Duration;

/// The base timers of RFC 3261 §17.1.1.1 and table 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Round-trip estimate.
    pub t1: Duration,
    /// Longest interval between retransmissions of non-INVITE requests and INVITE responses.
    pub t2: Duration,
    /// How long a message stays in the network.
    pub t4: Duration,
    /// Timer D: how long retransmitted failures of an INVITE are acknowledged.
    pub d: Duration,
    /// How long the user has to answer an INVITE before the layer sends 100 (§17.2.1); zero: at once.
    pub trying: Duration,
}

impl Timing {
    /// Timers B, F, H, J, L and M.
    pub fn transaction(&self) -> Duration {
        self.t1 * 64
    }
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            d: Duration::from_secs(32),
            trying: Duration::from_millis(200),
        }
    }
}

/// Who retransmits a 2xx until its ACK: a user agent does (RFC 3261 §13.3.1.4), a proxy passes both on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    UserAgent,
    Proxy,
}

#[derive(Clone, Debug)]
pub struct Config {
    pub role: Role,
    pub timing: Timing,
    pub limits: Limits,
    /// Client transactions at a time. Beyond: [`super::SendError::Full`].
    pub clients_max: usize,
    /// Server transactions at a time. Beyond: 503 with Retry-After, without state.
    pub servers_max: usize,
    /// Seconds the 503 asks the peer to stay away.
    pub retry_after_seconds: u32,
    /// Answer UDP requests where they came from even without `rport` (RFC 3581), for peers behind NAT.
    pub force_rport: bool,
    /// The `host[:port]` to write into Via for a local socket, where that is not the address it is bound to.
    pub advertised: Vec<(SocketAddr, String)>,
}

impl Config {
    pub fn new(role: Role) -> Self {
        Config {
            role,
            timing: Timing::default(),
            limits: Limits::DEFAULT,
            clients_max: 100_000,
            servers_max: 100_000,
            retry_after_seconds: 5,
            force_rport: true,
            advertised: Vec::new(),
        }
    }
}

/// What happened to messages that raised no output for the user, and to those the layer made itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub requests_received: u64,
    pub responses_received: u64,
    pub messages_sent: u64,
    /// Sent again on a timer or for a retransmitted request.
    pub retransmissions_sent: u64,
    /// Requests and final responses that had been seen before.
    pub retransmissions_absorbed: u64,
    /// ACKs of failures, which end in the layer.
    pub acks_absorbed: u64,
    /// Responses that belong to no transaction of ours.
    pub stray_responses: u64,
    /// CANCEL requests without an INVITE: answered 481.
    pub stray_cancels: u64,
    /// Requests refused 503 because the table was full.
    pub overloaded: u64,
}
