//! The packet path: no allocation, two lookups.

use std::net::SocketAddr;
use std::time::Duration;

use media::command::Handling;
use media::latch::Verdict;
use media::rtp::{self, Packet};
use media::{Codec, LegKey, MediaEvent, SAMPLE_RATE_HZ};

use super::{Channel, Forward, Relay};
use crate::leg::{Leg, Payload};

impl Relay {
    /// Takes a datagram that came on the RTP socket of `leg`. What is to be sent on is rewritten in place.
    pub fn receive(&mut self, now: Duration, leg: LegKey, source: SocketAddr, datagram: &mut [u8]) -> Option<Forward> {
        let Some(at) = self.legs.find(leg) else {
            self.strays += 1;
            return None;
        };
        if rtp::is_rtcp(datagram) {
            return self.receive_rtcp(now, leg, source, datagram);
        }
        let found = self.legs.get_mut(at)?;
        let Ok(packet) = Packet::parse(datagram) else {
            found.counters.invalid += 1;
            return None;
        };
        let moved = match found.latch.check(now, source, &packet.header) {
            Verdict::Accept => false,
            Verdict::Latched => true,
            Verdict::Probation => {
                found.counters.probation += 1;
                return None;
            }
            // The latch counts them.
            Verdict::Refuse => return None,
        };
        found.heard = now;
        found.silence_told = false;
        found.timeout_told = false;
        found.counters.packets_in += 1;
        found.counters.bytes_in += datagram.len() as u64;
        found.reception.receive(now, &packet.header, SAMPLE_RATE_HZ);
        if moved {
            self.tell_source(at, source);
        }
        match self.legs.get(at)?.handling {
            Handling::PassThrough => self.pass_through(at, datagram.len()),
            Handling::Terminate => self.terminate(now, at, &packet, datagram),
        }
    }

    fn tell_source(&mut self, at: usize, source: SocketAddr) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        let key = leg.key;
        let first = !std::mem::replace(&mut leg.first_packet_told, true);
        self.offer(if first {
            MediaEvent::FirstPacket { leg: key, source }
        } else {
            MediaEvent::SourceChanged { leg: key, source }
        });
    }

    fn pass_through(&mut self, at: usize, length: usize) -> Option<Forward> {
        let (leg, peer) = self.legs.with_peer(at)?;
        let destination = peer.as_ref().and_then(|peer| peer.rtp_destination());
        let (Some(peer), Some(destination)) = (peer, destination) else {
            leg.counters.unforwarded += 1;
            return None;
        };
        peer.count_out(length);
        Some(Forward { leg: peer.key, channel: Channel::Rtp, destination, length })
    }

    fn terminate(&mut self, now: Duration, at: usize, packet: &Packet, datagram: &mut [u8]) -> Option<Forward> {
        let leg = self.legs.get_mut(at)?;
        let Some(payload) = leg.payload(packet.header.payload_type) else {
            leg.counters.unforwarded += 1;
            return None;
        };
        match payload {
            Payload::Audio(codec) => {
                if let Some(recording) = &mut leg.recording {
                    let header = &packet.header;
                    recording.said(now, codec, header.ssrc, header.timestamp, packet.payload(datagram));
                }
            }
            Payload::TelephoneEvent => {
                let key = leg.key;
                let digits = leg.digits_in.receive(now, &packet.header, packet.payload(datagram));
                let open = leg.digits_in.is_open();
                for digit in digits.into_iter().flatten() {
                    self.offer_digit(key, digit);
                }
                if open {
                    self.mark_busy(at);
                }
            }
            Payload::ComfortNoise => {}
        }
        let (leg, peer) = self.legs.with_peer(at)?;
        let forward = match peer {
            Some(peer) if !leg.held && leg.direction().receives() => bridge(now, peer, payload, packet, datagram),
            _ => None,
        };
        if forward.is_none() {
            leg.counters.unforwarded += 1;
        }
        forward
    }

    /// Takes a datagram that came on the RTCP socket of `leg`, or multiplexed on its RTP socket.
    pub fn receive_rtcp(
        &mut self,
        now: Duration,
        leg: LegKey,
        source: SocketAddr,
        datagram: &mut [u8],
    ) -> Option<Forward> {
        let Some(at) = self.legs.find(leg) else {
            self.strays += 1;
            return None;
        };
        let (leg, peer) = self.legs.with_peer(at)?;
        if !leg.latch.accepts_rtcp_from(source.ip()) {
            leg.counters.rtcp_refused += 1;
            return None;
        }
        leg.counters.rtcp_in += 1;
        if leg.handling == Handling::PassThrough {
            let peer = peer?;
            let destination = peer.rtcp_destination()?;
            let channel = if peer.is_muxed() { Channel::Rtp } else { Channel::Rtcp };
            return Some(Forward { leg: peer.key, channel, destination, length: datagram.len() });
        }
        if leg.reporter.receive(now, datagram).is_err() {
            leg.counters.rtcp_in -= 1;
            leg.counters.rtcp_refused += 1;
            return None;
        }
        if let Some(round_trip) = leg.reporter.round_trip() {
            leg.counters.round_trip_us = u32::try_from(round_trip.as_micros()).unwrap_or(u32::MAX);
        }
        if let Some(remote) = leg.reporter.remote() {
            leg.counters.remote_loss_256 = remote.fraction_lost;
        }
        None
    }
}

/// Puts a packet into the peer's stream. `None` when the peer cannot take it now.
fn bridge(now: Duration, peer: &mut Leg, payload: Payload, packet: &Packet, datagram: &mut [u8]) -> Option<Forward> {
    if peer.held || peer.is_speaking() {
        return None;
    }
    let destination = peer.rtp_destination()?;
    let remote = peer.remote?;
    let payload_type = match payload {
        Payload::Audio(_) => remote.audio.payload_type,
        Payload::TelephoneEvent => remote.telephone_event?,
        Payload::ComfortNoise => packet.header.payload_type,
    };
    let header = peer.stream.bridge(now, &packet.header, payload_type)?;
    if let Payload::Audio(codec) = payload {
        codec.transcode(remote.audio.codec, packet.payload_mut(datagram));
        hear(now, peer, remote.audio.codec, header.timestamp, packet.payload(datagram));
    }
    header.rewrite(datagram)?;
    peer.count_out(datagram.len());
    Some(Forward { leg: peer.key, channel: Channel::Rtp, destination, length: datagram.len() })
}

/// What a leg is sent goes into its recording's right channel.
pub(super) fn hear(now: Duration, leg: &mut Leg, codec: Codec, timestamp: u32, payload: &[u8]) {
    let ssrc = leg.stream.ssrc();
    if let Some(recording) = &mut leg.recording {
        recording.heard(now, codec, ssrc, timestamp, payload);
    }
}
