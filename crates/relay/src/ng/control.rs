//! The commands of the protocol.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use media::latch::LatchPolicy;
use media::{LegKey, MediaEvent};

use super::bencode::{Value, Writer};
use super::call::{Call, Trust};
use super::cookies::Cookies;
use super::sdp::{self, Rewrite};
use crate::Relay;
use crate::ports::PortPool;

/// Where port pairs come from. The binary binds the sockets here; a pair that cannot be bound is put back and
/// another one taken.
pub trait Ports {
    /// An even port whose socket, and that of the port above it, is bound.
    fn take(&mut self, now: Duration) -> Option<u16>;
    /// The pair is used by this leg from now on: what its sockets receive belongs to it.
    fn opened(&mut self, leg: LegKey, port: u16);
    /// The pair is no longer used.
    fn release(&mut self, now: Duration, port: u16);
}

/// Ports without sockets, for a simulated network.
impl Ports for PortPool {
    fn take(&mut self, now: Duration) -> Option<u16> {
        Self::take(self, now)
    }

    fn opened(&mut self, _leg: LegKey, _port: u16) {}

    fn release(&mut self, now: Duration, port: u16) {
        Self::release(self, now, port);
    }
}

/// Configuration of the control port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NgConfig {
    /// The address written into descriptions.
    pub address: IpAddr,
    /// Calls at once; further offers are refused.
    pub calls_max: usize,
    /// How long, and how many, replies are kept for repeated requests.
    pub cookie_keep: Duration,
    pub cookies_max: usize,
    /// Legs are numbered from here on, apart from those of the switch.
    pub first_key: u64,
}

impl Default for NgConfig {
    fn default() -> Self {
        Self {
            address: Ipv4Addr::LOCALHOST.into(),
            calls_max: 10_000,
            cookie_keep: Duration::from_secs(10),
            cookies_max: 65_536,
            first_key: 1 << 63,
        }
    }
}

/// Longest cookie taken.
const COOKIE_MAX: usize = 255;
/// Longest Call-ID or tag taken.
const NAME_MAX: usize = 1_024;

/// The control port's state: calls, and replies already given.
#[derive(Debug)]
pub struct Control {
    config: NgConfig,
    calls: HashMap<Vec<u8>, Call>,
    call_of: HashMap<LegKey, Vec<u8>>,
    cookies: Cookies,
    next_key: u64,
    malformed: u64,
}

/// What a command works on.
pub(super) struct Door<'a> {
    pub(super) now: Duration,
    pub(super) relay: &'a mut Relay,
    pub(super) ports: &'a mut dyn Ports,
}

/// The reason in an error reply.
type Refusal = &'static str;

impl Control {
    #[must_use]
    pub fn new(config: NgConfig) -> Self {
        Self {
            calls: HashMap::new(),
            call_of: HashMap::new(),
            cookies: Cookies::new(config.cookie_keep, config.cookies_max.max(1)),
            next_key: config.first_key,
            malformed: 0,
            config,
        }
    }

    /// Answers a datagram from `source`. `None`, and counted, where there is not even a cookie to answer under.
    pub fn handle(
        &mut self,
        now: Duration,
        source: SocketAddr,
        request: &[u8],
        relay: &mut Relay,
        ports: &mut dyn Ports,
    ) -> Option<Vec<u8>> {
        let blank = request.iter().take(COOKIE_MAX + 1).position(|octet| *octet == b' ').filter(|at| *at > 0);
        let Some(blank) = blank else {
            self.malformed += 1;
            return None;
        };
        let (cookie, body) = (&request[..blank], &request[blank + 1..]);
        if let Some(reply) = self.cookies.get(now, source, cookie) {
            return Some(reply.to_vec());
        }
        let mut out = Writer::after(&request[..=blank]);
        match Value::parse(body) {
            Ok(message) => self.dispatch(&mut Door { now, relay, ports }, &message, &mut out),
            Err(_) => {
                self.malformed += 1;
                refuse(&mut out, "Could not decode bencode dictionary");
            }
        }
        let reply = out.finish();
        self.cookies.put(now, source, cookie, &reply);
        Some(reply)
    }

    /// Takes an event of the engine: a call whose legs are all silent for too long ends.
    pub fn event(&mut self, now: Duration, event: &MediaEvent, relay: &mut Relay, ports: &mut dyn Ports) {
        let MediaEvent::Timeout { leg, .. } = event else { return };
        let Some(id) = self.call_of.get(leg).cloned() else { return };
        let silent = |leg: LegKey| relay.has_timed_out(leg);
        if self.calls.get(&id).is_some_and(|call| call.legs().all(|leg| silent(leg.key))) {
            self.end(&mut Door { now, relay, ports }, &id);
        }
    }

    /// Is this leg one of ours?
    #[must_use]
    pub fn owns(&self, leg: LegKey) -> bool {
        self.call_of.contains_key(&leg)
    }

    /// Calls at present.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Datagrams that were no request.
    #[must_use]
    pub fn malformed(&self) -> u64 {
        self.malformed
    }

    fn dispatch(&mut self, door: &mut Door<'_>, message: &Value<'_>, out: &mut Writer) {
        let done = match message.string("command") {
            Some(b"ping") => {
                out.dictionary(|out| {
                    out.entry("result", b"pong");
                });
                Ok(())
            }
            Some(b"offer") => self.offer(door, message).map(|sdp| describe(out, &sdp)),
            Some(b"answer") => self.answer(door, message).map(|sdp| describe(out, &sdp)),
            Some(b"delete") => self.delete(door, message, out),
            Some(b"query") => self.query(door, message, out),
            Some(_) => Err("Unrecognized command"),
            None => Err("Dictionary contains no key \"command\""),
        };
        if let Err(reason) = done {
            refuse(out, reason);
        }
    }

    fn offer(&mut self, door: &mut Door<'_>, message: &Value<'_>) -> Result<Vec<u8>, Refusal> {
        let (id, from_tag) = (name(message, "call-id")?, name(message, "from-tag")?);
        let fresh = !self.calls.contains_key(id);
        if fresh && self.calls.len() >= self.config.calls_max {
            return Err("Parallel session limit reached");
        }
        let call = self.calls.entry(id.to_vec()).or_insert_with(|| Call::new(door.now, from_tag));
        let side = call.side(from_tag, message.string("to-tag"));
        let done = self.exchange(door, message, id, side);
        if done.is_err() && fresh {
            self.end(door, id);
        }
        done
    }

    fn answer(&mut self, door: &mut Door<'_>, message: &Value<'_>) -> Result<Vec<u8>, Refusal> {
        let id = name(message, "call-id")?;
        let (from_tag, to_tag) = (name(message, "from-tag")?, name(message, "to-tag")?);
        let call = self.calls.get_mut(id).ok_or("Unknown call-id")?;
        // The answer comes from the side the offer went to; with forking, the last one to answer is heard.
        let side = 1 - call.side(from_tag, Some(to_tag));
        call.tags[side] = to_tag.to_vec();
        self.exchange(door, message, id, side)
    }

    /// One description from `side`, rewritten for the other.
    fn exchange(
        &mut self,
        door: &mut Door<'_>,
        message: &Value<'_>,
        id: &[u8],
        side: usize,
    ) -> Result<Vec<u8>, Refusal> {
        let sdp = message.string("sdp").ok_or("No SDP body in message")?;
        let media = sdp::read(sdp).map_err(sdp::SdpError::reason)?;
        let call = self.calls.get_mut(id).ok_or("Unknown call-id")?;
        let said = (side, &media[..], trust(message));
        let described = call.describe(door, said, self.config.address, &mut self.next_key);
        for leg in call.legs() {
            self.call_of.insert(leg.key, id.to_vec());
        }
        described.map_err(|_| "Ran out of ports")?;
        call.configure(door.now, door.relay);
        let ports = call.ports_for(1 - side, &media);
        let origin = message.lists("replace", "origin");
        Ok(sdp::rewrite(sdp, &Rewrite { address: self.config.address, ports: &ports, origin }))
    }

    fn delete(&mut self, door: &mut Door<'_>, message: &Value<'_>, out: &mut Writer) -> Result<(), Refusal> {
        let id = name(message, "call-id")?;
        let matches = |call: &Call| {
            let known = |key| message.string(key).is_none_or(|tag| call.tags.iter().any(|known| known == tag));
            known("from-tag") && known("to-tag")
        };
        match self.calls.get(id).filter(|call| matches(call)) {
            Some(call) => {
                out.dictionary(|out| call.write(door.relay, out));
                self.end(door, id);
            }
            // A proxy deletes on every BYE and failure; rtpengine answers so too.
            None => {
                out.dictionary(|out| {
                    out.entry("result", b"ok");
                    out.entry("warning", b"Call-ID not found or tags didn't match");
                });
            }
        }
        Ok(())
    }

    fn query(&mut self, door: &mut Door<'_>, message: &Value<'_>, out: &mut Writer) -> Result<(), Refusal> {
        let call = self.calls.get(name(message, "call-id")?).ok_or("Unknown call-id")?;
        out.dictionary(|out| call.write(door.relay, out));
        Ok(())
    }

    fn end(&mut self, door: &mut Door<'_>, id: &[u8]) {
        if let Some(call) = self.calls.remove(id) {
            for leg in call.legs() {
                self.call_of.remove(&leg.key);
            }
            call.close(door);
        }
    }
}

fn name<'a>(message: &Value<'a>, key: &'static str) -> Result<&'a [u8], Refusal> {
    let missing = match key {
        "call-id" => "No call-id in message",
        "from-tag" => "No from-tag in message",
        _ => "No to-tag in message",
    };
    message.string(key).filter(|name| !name.is_empty() && name.len() <= NAME_MAX).ok_or(missing)
}

fn trust(message: &Value<'_>) -> Trust {
    let received_from = match message.get("received-from") {
        Some(Value::List(parts)) if message.lists("flags", "SIP-source-address") => {
            parts.get(1).and_then(Value::as_bytes).and_then(|address| std::str::from_utf8(address).ok()?.parse().ok())
        }
        _ => None,
    };
    // An asymmetric peer sends from elsewhere than it listens: nothing may be learned from its packets.
    let latch = if message.lists("flags", "asymmetric") { LatchPolicy::Strict } else { LatchPolicy::Learn };
    Trust { received_from, latch }
}

fn describe(out: &mut Writer, sdp: &[u8]) {
    out.dictionary(|out| {
        out.entry("result", b"ok");
        out.entry("sdp", sdp);
    });
}

fn refuse(out: &mut Writer, reason: &str) {
    out.dictionary(|out| {
        out.entry("error-reason", reason.as_bytes());
        out.entry("result", b"error");
    });
}
