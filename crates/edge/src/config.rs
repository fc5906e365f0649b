use sip::transaction::{Timing, Transport};
use std::net::SocketAddr;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Config {
    /// The socket we listen on and send from, UDP and TCP.
    pub local: SocketAddr,
    /// How the outside reaches it.
    pub public: SocketAddr,
    /// How the switches reach it.
    pub internal: SocketAddr,
    /// Names by which the outside may address us too.
    pub hosts: Vec<String>,
    /// Where calls go; also the only sources that may send calls out, and the only targets of dialogs from outside.
    pub switch_nodes: Vec<SocketAddr>,
    /// How calls go there.
    pub switch_transport: Transport,
    /// Realm of digest authentication.
    pub realm: String,
    /// Shared with the switches and other edges: signs verdicts, routes and nonces.
    pub secret: Vec<u8>,
    pub flood: FloodLimits,
    /// A node that has not answered an INVITE at all by then is passed over.
    pub node_timeout: Duration,
    /// A carrier that has not answered an INVITE at all by then, be it by a 100, is given up, so that the switch tries another trunk.
    pub carrier_timeout: Duration,
    /// How long a node that failed is tried last.
    pub node_quarantine: Duration,
    /// RFC 3261 §16.6: how long an INVITE may go without a provisional response; more than three minutes.
    pub timer_c: Duration,
    /// Requests under way at a time; more are answered 503.
    pub contexts_max: usize,
    /// Requests that wait for a name to be resolved at a time; more are answered 503.
    pub resolutions_max: usize,
    /// What a 503 asks the peer to wait, seconds.
    pub retry_after_seconds: u32,
    /// How long digest nonces live.
    pub nonce_lifetime: Duration,
    /// Nonces whose use is remembered.
    pub nonces_max: usize,
    pub timing: Timing,
}

/// Token buckets, one for each source that is neither a switch nor a trunk by address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloodLimits {
    /// Messages a second on average; 0: no limit.
    pub per_second: u32,
    /// Messages at once.
    pub burst: u32,
    /// Sources remembered. At the bound new ones share one bucket.
    pub sources_max: usize,
}

impl Config {
    /// One edge and one switch, reached as they are bound.
    pub fn new(local: SocketAddr, switch_node: SocketAddr, secret: impl Into<Vec<u8>>) -> Self {
        Config {
            local,
            public: local,
            internal: local,
            hosts: Vec::new(),
            switch_nodes: vec![switch_node],
            switch_transport: Transport::Udp,
            realm: "hopwhistle".to_owned(),
            secret: secret.into(),
            flood: FloodLimits { per_second: 8, burst: 32, sources_max: 65_536 },
            node_timeout: Duration::from_secs(2),
            // Four INVITEs on UDP.
            carrier_timeout: Duration::from_secs(4),
            node_quarantine: Duration::from_secs(10),
            timer_c: Duration::from_secs(200),
            contexts_max: 50_000,
            resolutions_max: 1_000,
            retry_after_seconds: 5,
            nonce_lifetime: Duration::from_secs(300),
            nonces_max: 100_000,
            timing: Timing::default(),
        }
    }
}
