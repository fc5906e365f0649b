//! What can be set.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::SwitchId;
use sip::seal::Seal;
use sip::transaction::Timing;

/// The switch's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// This run of the switch.
    pub switch: SwitchId,
    /// Which shard this is (0-255); our branches, tags and Call-IDs carry it.
    pub shard: u8,
    /// Our SIP address as peers reach it: Contact and Via.
    pub advertised: SocketAddr,
    /// Our SIP socket's address.
    pub local: SocketAddr,
    /// Where outbound legs go: the edge.
    pub edge: SocketAddr,
    /// Key of the verdicts that edges sign; requests without a valid one are refused. Ours are signed with it too.
    pub seal: Seal,
    /// SIP timers.
    pub timing: Timing,
    /// Calls held at once; more are refused with 503 (1-100000).
    pub calls_max: usize,
    /// Longest a call may last.
    pub call_max: Duration,
    /// How long a callee may ring, unless its endpoint says otherwise.
    pub ring_max: Duration,
    /// How long the rest of the platform has to answer a question before the call takes its failure path.
    pub ask_max: Duration,
    /// Callees tried for one buyer node before it counts as failed (1-1000).
    pub attempts_max: usize,
    /// What an answered caller hears while a callee rings: 8 kHz samples of one cadence.
    pub ringback: Arc<[i16]>,
    /// What the other side hears while held. Empty: silence.
    pub hold_music: Arc<[i16]>,
    /// What callers hear in a queue whose node names no music. Empty: silence.
    pub queue_music: Arc<[i16]>,
}
