//! The RTP and RTCP sockets of one thread, and the media engine that is fed by them. The engine is steered by the
//! switch's commands or, through [`relay::ng::Ports`], by a proxy.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use domain::Timestamp;
use media::command::Handling;
use media::{LegKey, MediaCommand, MediaEvent};
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use relay::ports::PortPool;
use relay::{Channel, Relay};
use slab::Slab;

/// Largest RTP packet taken: more than any Ethernet frame holds.
const PACKET_BYTES_MAX: usize = 2_048;
/// Packets taken from one socket before others get their turn.
const READ_BURST: usize = 32;
/// Pairs tried before the range counts as used up.
const BIND_TRIES: usize = 64;

/// What was counted on the sockets.
#[derive(Clone, Copy, Debug, Default)]
pub struct MediaCounters {
    pub received: u64,
    pub sent: u64,
    pub send_failed: u64,
}

#[derive(Debug)]
struct Pair {
    leg: LegKey,
    port: u16,
    rtp: UdpSocket,
    rtcp: UdpSocket,
}

/// Bound pairs of ports and whose they are.
#[derive(Debug)]
pub struct Sockets {
    pub counters: MediaCounters,
    pairs: Slab<Pair>,
    by_leg: HashMap<LegKey, usize>,
    /// Bound, but not yet used by a leg.
    taken: HashMap<u16, (UdpSocket, UdpSocket)>,
    ports: PortPool,
    listen: IpAddr,
    first_token: usize,
    registry: Registry,
}

/// The media of one thread.
#[derive(Debug)]
pub struct MediaSockets {
    pub relay: Relay,
    pub sockets: Sockets,
    advertise: IpAddr,
    packet: Box<[u8]>,
}

impl Sockets {
    fn bind_pair(&mut self, now: Timestamp) -> io::Result<(u16, UdpSocket, UdpSocket)> {
        let mut last = io::Error::other("no RTP port is free: widen relay.port_first .. relay.port_last");
        for _ in 0..BIND_TRIES {
            let Some(port) = self.ports.take(now.since_epoch()) else { break };
            let pair = UdpSocket::bind(SocketAddr::new(self.listen, port))
                .and_then(|rtp| UdpSocket::bind(SocketAddr::new(self.listen, port + 1)).map(|rtcp| (rtp, rtcp)));
            match pair {
                Ok((rtp, rtcp)) => return Ok((port, rtp, rtcp)),
                // Somebody else has it: it rests, and the next is tried.
                Err(error) => {
                    self.ports.release(now.since_epoch(), port);
                    last = error;
                }
            }
        }
        Err(last)
    }

    /// What the pair receives belongs to the leg from now on.
    fn register(&mut self, leg: LegKey, port: u16, rtp: UdpSocket, rtcp: UdpSocket) -> io::Result<()> {
        let entry = self.pairs.vacant_entry();
        let index = entry.key();
        let pair = entry.insert(Pair { leg, port, rtp, rtcp });
        self.by_leg.insert(leg, index);
        self.registry.register(&mut pair.rtp, Token(self.first_token + index * 2), Interest::READABLE)?;
        self.registry.register(&mut pair.rtcp, Token(self.first_token + index * 2 + 1), Interest::READABLE)
    }

    fn forget(&mut self, leg: LegKey, now: Timestamp) {
        let Some(mut pair) = self.by_leg.remove(&leg).and_then(|index| self.pairs.try_remove(index)) else { return };
        let _ = self.registry.deregister(&mut pair.rtp);
        let _ = self.registry.deregister(&mut pair.rtcp);
        self.ports.release(now.since_epoch(), pair.port);
    }

    fn send(&mut self, leg: LegKey, channel: Channel, destination: SocketAddr, packet: &[u8]) {
        let Some(pair) = self.by_leg.get(&leg).and_then(|index| self.pairs.get(*index)) else { return };
        let socket = if channel == Channel::Rtp { &pair.rtp } else { &pair.rtcp };
        match socket.send_to(packet, destination) {
            Ok(_) => self.counters.sent += 1,
            Err(_) => self.counters.send_failed += 1,
        }
    }
}

/// The way of the ng protocol to bound sockets.
impl relay::ng::Ports for Sockets {
    fn take(&mut self, now: Duration) -> Option<u16> {
        match self.bind_pair(Timestamp::from_epoch(now)) {
            Ok((port, rtp, rtcp)) => {
                self.taken.insert(port, (rtp, rtcp));
                Some(port)
            }
            Err(error) => {
                tracing::warn!(%error, "no media port");
                None
            }
        }
    }

    fn opened(&mut self, leg: LegKey, port: u16) {
        let Some((rtp, rtcp)) = self.taken.remove(&port) else { return };
        if let Err(error) = self.register(leg, port, rtp, rtcp) {
            tracing::error!(%error, port, "a media port is deaf");
        }
    }

    fn release(&mut self, now: Duration, port: u16) {
        if self.taken.remove(&port).is_some() {
            self.ports.release(now, port);
            return;
        }
        // Rare beside packets, so the port is looked for rather than indexed.
        let leg = self.pairs.iter().find(|(_, pair)| pair.port == port).map(|(_, pair)| pair.leg);
        if let Some(leg) = leg {
            self.forget(leg, Timestamp::from_epoch(now));
        }
    }
}

impl MediaSockets {
    /// Nothing is bound yet. Uses the tokens from `first_token` on, two for each leg.
    pub fn new(
        relay: Relay,
        ports: PortPool,
        (listen, advertise): (IpAddr, IpAddr),
        first_token: usize,
        registry: Registry,
    ) -> Self {
        let sockets = Sockets {
            counters: MediaCounters::default(),
            pairs: Slab::new(),
            by_leg: HashMap::new(),
            taken: HashMap::new(),
            ports,
            listen,
            first_token,
            registry,
        };
        Self { relay, sockets, advertise, packet: vec![0; PACKET_BYTES_MAX].into() }
    }

    /// Whether this token is one of ours.
    pub fn owns(&self, token: Token) -> bool {
        token.0 >= self.sockets.first_token
    }

    /// Binds a pair of ports for a leg. Returns the address for SDP.
    pub fn open(&mut self, leg: LegKey, telephone_event: u8, now: Timestamp) -> io::Result<SocketAddr> {
        let (port, rtp, rtcp) = self.sockets.bind_pair(now)?;
        let local = SocketAddr::new(self.advertise, port);
        let open =
            MediaCommand::Open { leg, local, telephone_event: Some(telephone_event), handling: Handling::Terminate };
        let opened = self.sockets.register(leg, port, rtp, rtcp).and_then(|()| {
            self.relay.command(now.since_epoch(), open).map_err(|error| io::Error::other(error.to_string()))
        });
        if let Err(error) = opened {
            self.sockets.forget(leg, now);
            return Err(error);
        }
        Ok(local)
    }

    /// Carries out a command of the switch.
    pub fn command(&mut self, command: MediaCommand, now: Timestamp) {
        let closing = match &command {
            MediaCommand::Close { leg } => Some(*leg),
            _ => None,
        };
        if let Err(error) = self.relay.command(now.since_epoch(), command) {
            tracing::debug!(%error, "media command");
        }
        if let Some(leg) = closing {
            self.send_farewells();
            self.sockets.forget(leg, now);
        }
    }

    /// Reads a ready socket and forwards what it holds. True when more may be waiting.
    pub fn ready(&mut self, token: Token, now: Timestamp) -> bool {
        let offset = token.0 - self.sockets.first_token;
        let channel = if offset.is_multiple_of(2) { Channel::Rtp } else { Channel::Rtcp };
        for _ in 0..READ_BURST {
            let Some(pair) = self.sockets.pairs.get(offset / 2) else { return false };
            let socket = if channel == Channel::Rtp { &pair.rtp } else { &pair.rtcp };
            let leg = pair.leg;
            match socket.recv_from(&mut self.packet) {
                Ok((length, source)) => {
                    self.sockets.counters.received += 1;
                    self.forward(leg, channel, source, length, now);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // ICMP errors of earlier sends surface here and mean nothing for what is to come.
                Err(_) => {}
            }
        }
        true
    }

    fn forward(&mut self, leg: LegKey, channel: Channel, source: SocketAddr, length: usize, now: Timestamp) {
        let Some(packet) = self.packet.get_mut(..length) else { return };
        let forward = match channel {
            Channel::Rtp => self.relay.receive(now.since_epoch(), leg, source, packet),
            Channel::Rtcp => self.relay.receive_rtcp(now.since_epoch(), leg, source, packet),
        };
        let Some(forward) = forward else { return };
        let Some(packet) = self.packet.get(..forward.length) else { return };
        self.sockets.send(forward.leg, forward.channel, forward.destination, packet);
    }

    /// Sends what is due every 20 ms: prompts, digits, reports.
    pub fn tick(&mut self, now: Timestamp) {
        let sockets = &mut self.sockets;
        self.relay.tick(now.since_epoch(), &mut |out| {
            sockets.send(out.leg, out.channel, out.destination, out.datagram);
        });
    }

    /// The last report of a closed leg leaves before its socket does.
    fn send_farewells(&mut self) {
        let sockets = &mut self.sockets;
        self.relay.send_farewells(&mut |out| {
            sockets.send(out.leg, out.channel, out.destination, out.datagram);
        });
    }

    /// The next event of the engine.
    pub fn poll_event(&mut self) -> Option<MediaEvent> {
        self.relay.poll_event()
    }

    /// Legs open now.
    pub fn legs(&self) -> usize {
        self.sockets.pairs.len()
    }
}
