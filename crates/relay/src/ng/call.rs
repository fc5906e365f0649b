//! A call as the proxy sees it: two sides, and for each media section a leg facing each side.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use media::command::{AudioFormat, Direction, Handling, MediaCommand, RemoteMedia, RtcpTarget};
use media::latch::LatchPolicy;
use media::{Codec, LegKey, MediaStats};

use super::bencode::Writer;
use super::control::Door;
use super::sdp::Media;
use crate::Relay;

/// 0 is the side of the first offer, 1 the other.
pub(super) type Side = usize;

#[derive(Debug, Clone, Copy)]
pub(super) struct Leg {
    pub(super) key: LegKey,
    pub(super) port: u16,
}

#[derive(Debug, Default)]
pub(super) struct Section {
    /// The leg facing each side; none while the section is refused.
    pub(super) legs: Option<[Leg; 2]>,
    /// What each side's last description says.
    said: [Option<Media>; 2],
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) tags: [Vec<u8>; 2],
    pub(super) sections: Vec<Section>,
    trust: [Trust; 2],
    created: Duration,
    last_signal: Duration,
}

/// No port, or the engine is full.
#[derive(Debug)]
pub(super) struct NoResources;

/// How addresses of a description are believed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trust {
    /// The peer's address as the proxy saw it, instead of the described one.
    pub(super) received_from: Option<IpAddr>,
    pub(super) latch: LatchPolicy,
}

impl Call {
    pub(super) fn new(now: Duration, from_tag: &[u8]) -> Self {
        Self {
            tags: [from_tag.to_vec(), Vec::new()],
            sections: Vec::new(),
            trust: [Trust::default(); 2],
            created: now,
            last_signal: now,
        }
    }

    /// The side a request comes from.
    pub(super) fn side(&self, from_tag: &[u8], to_tag: Option<&[u8]>) -> Side {
        let known = |tag: &[u8]| self.tags.iter().position(|known| !known.is_empty() && known == tag);
        known(from_tag).or_else(|| to_tag.and_then(known).map(|side| 1 - side)).unwrap_or(0)
    }

    pub(super) fn legs(&self) -> impl Iterator<Item = Leg> + '_ {
        self.sections.iter().filter_map(|section| section.legs).flatten()
    }

    /// Notes what `side` says, and opens legs for sections that are new. `next_key` numbers them.
    pub(super) fn describe(
        &mut self,
        door: &mut Door<'_>,
        (side, media, trust): (Side, &[Media], Trust),
        address: IpAddr,
        next_key: &mut u64,
    ) -> Result<(), NoResources> {
        self.last_signal = door.now;
        self.trust[side] = trust;
        for (index, said) in media.iter().enumerate() {
            if self.sections.len() <= index {
                self.sections.push(Section::default());
            }
            let section = &mut self.sections[index];
            section.said[side] = Some(*said);
            if section.legs.is_none() && said.is_rtp && said.rtp.port() != 0 {
                section.legs = Some(open_pair(door, address, next_key)?);
            }
        }
        Ok(())
    }

    /// Tells the engine what both sides said so far. What is as before changes nothing.
    pub(super) fn configure(&self, now: Duration, relay: &mut Relay) {
        for section in &self.sections {
            // RTCP shares the port once both sides want it (RFC 5761 section 5.1.1).
            let mux = section.said.iter().all(|said| said.is_some_and(|said| said.mux));
            for side in [0, 1] {
                if let (Some(legs), Some(said)) = (section.legs, section.said[side]) {
                    let remote = remote(&said, mux, self.trust[side]);
                    // The leg exists: the call opened it and only the call closes it.
                    let _ = relay.command(now, MediaCommand::Configure { leg: legs[side].key, remote });
                }
            }
        }
    }

    /// The ports to tell `side`, one for each media section of a description.
    pub(super) fn ports_for(&self, side: Side, media: &[Media]) -> Vec<u16> {
        let port = |(said, section): (&Media, &Section)| match section.legs {
            Some(legs) if said.is_rtp && said.rtp.port() != 0 => legs[side].port,
            _ => 0,
        };
        media.iter().zip(&self.sections).map(port).collect()
    }

    /// Closes everything.
    pub(super) fn close(&self, door: &mut Door<'_>) {
        for leg in self.legs() {
            let _ = door.relay.command(door.now, MediaCommand::Close { leg: leg.key });
            door.ports.release(door.now, leg.port);
        }
    }

    /// The body of an answer to `query` and `delete`: keys in order, as bencode wants them.
    pub(super) fn write(&self, relay: &Relay, out: &mut Writer) {
        let mut total = MediaStats::default();
        for stats in self.legs().filter_map(|leg| relay.stats(leg.key)) {
            total.packets_in += stats.packets_in;
            total.bytes_in += stats.bytes_in;
            total.rtcp_in += stats.rtcp_in;
            total.rtcp_refused += stats.rtcp_refused;
            total.invalid += stats.invalid + stats.refused;
        }
        out.number("created", self.created.as_secs());
        out.number("last signal", self.last_signal.as_secs());
        out.entry("result", b"ok");
        let mut sides: Vec<Side> = vec![0, 1];
        sides.sort_by(|a, b| self.tags[*a].cmp(&self.tags[*b]));
        out.string(b"tags").dictionary(|out| {
            for side in sides {
                out.string(&self.tags[side]).dictionary(|out| self.write_side(relay, side, out));
            }
        });
        out.string(b"totals").dictionary(|out| {
            out.string(b"RTCP").dictionary(|out| {
                // Octets of RTCP are not counted.
                out.number("bytes", 0).number("errors", total.rtcp_refused).number("packets", total.rtcp_in);
            });
            out.string(b"RTP").dictionary(|out| {
                out.number("bytes", total.bytes_in);
                out.number("errors", total.invalid);
                out.number("packets", total.packets_in);
            });
        });
    }

    fn write_side(&self, relay: &Relay, side: Side, out: &mut Writer) {
        out.number("created", self.created.as_secs());
        out.entry("in dialogue with", &self.tags[1 - side]);
        out.string(b"medias").list(|out| {
            for (index, section) in self.sections.iter().enumerate() {
                let Some(leg) = section.legs.map(|legs| legs[side]) else { continue };
                out.dictionary(|out| {
                    out.number("index", index as u64 + 1);
                    out.string(b"streams").list(|out| {
                        out.dictionary(|out| write_stream(relay, leg, out));
                    });
                });
            }
        });
        out.entry("tag", &self.tags[side]);
    }
}

fn remote(said: &Media, mux: bool, trust: Trust) -> RemoteMedia {
    let rtp = trust.received_from.map_or(said.rtp, |address| SocketAddr::new(address, said.rtp.port()));
    let rtcp = match said.rtcp {
        _ if mux => RtcpTarget::Mux,
        Some(rtcp) if rtcp.port() != rtp.port() => RtcpTarget::At(rtcp),
        _ => RtcpTarget::NextPort,
    };
    RemoteMedia {
        rtp,
        rtcp,
        // Of no meaning to a leg that passes everything through.
        audio: AudioFormat::of(Codec::Pcmu),
        telephone_event: None,
        direction: Direction::SendReceive,
        latch: trust.latch,
    }
}

fn write_stream(relay: &Relay, leg: Leg, out: &mut Writer) {
    let stats = relay.stats(leg.key).unwrap_or_default();
    if let Some(endpoint) = relay.destination(leg.key) {
        out.string(b"endpoint").dictionary(|out| {
            out.entry("address", endpoint.ip().to_string().as_bytes());
            out.entry("family", if endpoint.is_ipv4() { b"IPv4" } else { b"IPv6" });
            out.number("port", endpoint.port().into());
        });
    }
    out.number("local port", leg.port.into());
    out.string(b"stats").dictionary(|out| {
        out.number("bytes", stats.bytes_in);
        out.number("errors", stats.invalid + stats.refused);
        out.number("packets", stats.packets_in);
    });
}

/// A bridged leg for each side.
fn open_pair(door: &mut Door<'_>, address: IpAddr, next_key: &mut u64) -> Result<[Leg; 2], NoResources> {
    let first = open(door, address, next_key)?;
    let second = match open(door, address, next_key) {
        Ok(second) => second,
        Err(error) => {
            let _ = door.relay.command(door.now, MediaCommand::Close { leg: first.key });
            door.ports.release(door.now, first.port);
            return Err(error);
        }
    };
    // Both are fresh pass-through legs: they can be bridged.
    let _ = door.relay.command(door.now, MediaCommand::Connect { a: first.key, b: second.key });
    Ok([first, second])
}

fn open(door: &mut Door<'_>, address: IpAddr, next_key: &mut u64) -> Result<Leg, NoResources> {
    let port = door.ports.take(door.now).ok_or(NoResources)?;
    let key = LegKey(*next_key);
    *next_key += 1;
    let local = SocketAddr::new(address, port);
    let command = MediaCommand::Open { leg: key, local, telephone_event: None, handling: Handling::PassThrough };
    if door.relay.command(door.now, command).is_err() {
        door.ports.release(door.now, port);
        return Err(NoResources);
    }
    door.ports.opened(key, port);
    Ok(Leg { key, port })
}
