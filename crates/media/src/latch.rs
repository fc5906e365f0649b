//! Symmetric RTP: learning where the peer really sends from, without letting a stranger take the call.
//!
//! Peers behind NAT send from another address than their SDP names, so a relay has to learn the source. A relay that
//! learns it from any packet hands the call's audio to whoever sprays the port range ("RTPbleed", CVE-2017-14099).
//! The rules here:
//!
//! - the signalled address is believed at once, and wins over a learned one;
//! - another source must first send [`LatchConfig::probation_packets`] valid packets in sequence with one SSRC within
//!   [`LatchConfig::probation_window`], while the signalled address stays silent;
//! - once latched, a different source is refused and counted, until the latched one was silent for
//!   [`LatchConfig::silence`] or, for [`LatchConfig::renegotiation`], after the peer named another address; then it has
//!   to pass probation too.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::rtp::Header;

/// Which sources may be learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LatchPolicy {
    /// Any, with probation.
    #[default]
    Learn,
    /// Only another port of the signalled address.
    SameAddress,
    /// None: the signalled address and port only.
    Strict,
}

/// Limits of learning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatchConfig {
    /// Consecutive packets a new source must send; at least 1.
    pub probation_packets: u8,
    /// All of them within this time.
    pub probation_window: Duration,
    /// Silence of the latched source after which another may be learned.
    pub silence: Duration,
    /// How long after a re-negotiation another may be learned.
    pub renegotiation: Duration,
}

impl Default for LatchConfig {
    fn default() -> Self {
        Self {
            probation_packets: 5,
            probation_window: Duration::from_millis(500),
            silence: Duration::from_secs(3),
            renegotiation: Duration::from_secs(5),
        }
    }
}

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// From the peer.
    Accept,
    /// From the peer, whose address is from now on this source.
    Latched,
    /// Not yet believed: drop without counting it against the peer.
    Probation,
    /// From a stranger: drop and count.
    Refuse,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    source: SocketAddr,
    ssrc: u32,
    next_sequence: u16,
    packets: u8,
    since: Duration,
}

/// The latch of one leg.
#[derive(Debug, Clone)]
pub struct Latch {
    config: LatchConfig,
    policy: LatchPolicy,
    signalled: Option<SocketAddr>,
    current: Option<SocketAddr>,
    heard: Duration,
    /// Re-negotiated: until then another source may be learned without silence.
    open_until: Option<Duration>,
    /// Sources on probation, each on its own, so that they cannot hinder each other. Empty once latched.
    candidates: Vec<Candidate>,
    refused: u64,
}

/// Sources on probation at once.
const CANDIDATES_MAX: usize = 4;

impl Latch {
    #[must_use]
    pub fn new(config: LatchConfig) -> Self {
        Self {
            config,
            policy: LatchPolicy::default(),
            signalled: None,
            current: None,
            heard: Duration::ZERO,
            open_until: None,
            candidates: Vec::new(),
            refused: 0,
        }
    }

    /// A session description named `address`. The same one again (a refresh), or none (port 0 or an unspecified
    /// address: a hold of RFC 2543), changes nothing; another one lets a new source be learned.
    pub fn negotiate(&mut self, now: Duration, address: SocketAddr, policy: LatchPolicy) {
        let named = address.port() != 0 && !address.ip().is_unspecified();
        let signalled = if named { Some(address) } else { self.signalled };
        if signalled != self.signalled || policy != self.policy {
            self.signalled = signalled;
            self.policy = policy;
            self.open_until = Some(now + self.config.renegotiation);
            self.candidates = Vec::new();
            if self.current.is_some_and(|current| !self.may_learn(current)) {
                self.current = None;
            }
        }
    }

    /// Judges a valid RTP packet.
    pub fn check(&mut self, now: Duration, source: SocketAddr, header: &Header) -> Verdict {
        if self.current == Some(source) {
            self.heard = now;
            if self.signalled == Some(source) {
                self.open_until = None;
                self.candidates = Vec::new();
            }
            return Verdict::Accept;
        }
        if self.signalled == Some(source) {
            return self.latch(now, source);
        }
        if !self.may_learn(source) || !self.learning(now) {
            self.refused += 1;
            return Verdict::Refuse;
        }
        self.probe(now, source, header)
    }

    /// Where to send: the learned source, else the signalled address.
    #[must_use]
    pub fn destination(&self) -> Option<SocketAddr> {
        self.current.or(self.signalled)
    }

    /// The address the peer is heard from, once known.
    #[must_use]
    pub fn source(&self) -> Option<SocketAddr> {
        self.current
    }

    /// May RTCP come from here? From the same host as RTP; before any RTP, from the signalled host.
    #[must_use]
    pub fn accepts_rtcp_from(&self, ip: IpAddr) -> bool {
        self.destination().is_some_and(|address| address.ip() == ip)
    }

    /// Packets of strangers so far.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    fn may_learn(&self, source: SocketAddr) -> bool {
        match (self.policy, self.signalled) {
            // Early audio before any description: probation decides.
            (LatchPolicy::Learn, _) => true,
            (LatchPolicy::SameAddress, Some(signalled)) => signalled.ip() == source.ip(),
            (LatchPolicy::Strict, Some(signalled)) => signalled == source,
            (LatchPolicy::SameAddress | LatchPolicy::Strict, None) => false,
        }
    }

    fn learning(&self, now: Duration) -> bool {
        let open = self.open_until.is_some_and(|until| now < until);
        self.current.is_none() || open || now.saturating_sub(self.heard) >= self.config.silence
    }

    fn probe(&mut self, now: Duration, source: SocketAddr, header: &Header) -> Verdict {
        self.candidates.retain(|seen| now.saturating_sub(seen.since) <= self.config.probation_window);
        let at = match self.candidates.iter().position(|seen| seen.source == source) {
            Some(at) => at,
            None => {
                if self.candidates.len() >= CANDIDATES_MAX {
                    // A flood of sources with a packet each must not push out one that goes on.
                    let least = (0..CANDIDATES_MAX).min_by_key(|at| self.candidates[*at].packets);
                    self.candidates.swap_remove(least.unwrap_or(0));
                    self.refused += 1;
                }
                self.candidates.push(Candidate { source, ssrc: 0, next_sequence: 0, packets: 0, since: now });
                self.candidates.len() - 1
            }
        };
        let seen = &mut self.candidates[at];
        let goes_on = seen.packets > 0 && seen.ssrc == header.ssrc && seen.next_sequence == header.sequence;
        if !goes_on {
            (seen.ssrc, seen.packets, seen.since) = (header.ssrc, 0, now);
        }
        seen.packets = seen.packets.saturating_add(1);
        seen.next_sequence = header.sequence.wrapping_add(1);
        if seen.packets >= self.config.probation_packets {
            return self.latch(now, source);
        }
        Verdict::Probation
    }

    fn latch(&mut self, now: Duration, source: SocketAddr) -> Verdict {
        self.current = Some(source);
        self.heard = now;
        self.open_until = None;
        self.candidates = Vec::new();
        Verdict::Latched
    }
}
