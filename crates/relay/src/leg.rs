//! One leg: its socket's address, its peer, and everything measured on it.

use std::net::SocketAddr;
use std::time::Duration;

use media::command::{Direction, Handling, RemoteMedia, RtcpTarget};
use media::latch::Latch;
use media::rtcp::{Reception, Reporter, Sent};
use media::rtp::HEADER_LEN;
use media::{Codec, LegKey, MediaStats, SAMPLE_RATE_HZ, dtmf, quality};

use crate::outgoing::Stream;
use crate::player::Player;
use crate::recording::Recording;

/// What a payload type stands for on a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload {
    Audio(Codec),
    TelephoneEvent,
    /// Comfort noise (RFC 3389, payload type 13): silence to a listener.
    ComfortNoise,
}

#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) key: LegKey,
    pub(crate) local: SocketAddr,
    pub(crate) handling: Handling,
    pub(crate) peer: Option<usize>,
    pub(crate) held: bool,
    pub(crate) latch: Latch,
    pub(crate) remote: Option<RemoteMedia>,
    telephone_event_in: Option<u8>,
    pub(crate) reception: Reception,
    pub(crate) stream: Stream,
    pub(crate) reporter: Reporter,
    pub(crate) player: Option<Player>,
    pub(crate) digits_in: dtmf::Receiver,
    pub(crate) digits_out: Option<dtmf::Sender>,
    pub(crate) recording: Option<Box<Recording>>,
    /// Is this leg on the list the tick visits?
    pub(crate) busy: bool,
    /// The last accepted packet, or the moment from which packets were expected.
    pub(crate) heard: Duration,
    pub(crate) first_packet_told: bool,
    pub(crate) silence_told: bool,
    pub(crate) timeout_told: bool,
    pub(crate) next_report: Duration,
    pub(crate) counters: MediaStats,
}

impl Leg {
    pub(crate) fn new(
        now: Duration,
        key: LegKey,
        local: SocketAddr,
        telephone_event: Option<u8>,
        handling: Handling,
        latch: Latch,
        random: [u64; 3],
    ) -> Self {
        let [ssrc, start, name] = random;
        let ssrc = (ssrc >> 16) as u32;
        Self {
            key,
            local,
            handling,
            peer: None,
            held: false,
            latch,
            remote: None,
            telephone_event_in: telephone_event,
            reception: Reception::default(),
            stream: Stream::new(ssrc, start),
            reporter: Reporter::new(ssrc, name),
            player: None,
            digits_in: dtmf::Receiver::default(),
            digits_out: None,
            recording: None,
            busy: false,
            heard: now,
            first_packet_told: false,
            silence_told: false,
            timeout_told: false,
            next_report: now,
            counters: MediaStats::default(),
        }
    }

    /// What an incoming payload type means here.
    pub(crate) fn payload(&self, payload_type: u8) -> Option<Payload> {
        if self.telephone_event_in == Some(payload_type) {
            return Some(Payload::TelephoneEvent);
        }
        match (payload_type, &self.remote) {
            (13, _) => Some(Payload::ComfortNoise),
            (_, Some(remote)) if remote.audio.payload_type == payload_type => Some(Payload::Audio(remote.audio.codec)),
            _ => Codec::from_payload_type(payload_type).map(Payload::Audio),
        }
    }

    pub(crate) fn direction(&self) -> Direction {
        self.remote.as_ref().map_or(Direction::ReceiveOnly, |remote| remote.direction)
    }

    /// Where RTP goes, if it may go anywhere.
    pub(crate) fn rtp_destination(&self) -> Option<SocketAddr> {
        let remote = self.remote.as_ref()?;
        // An address of zeros is a hold of RFC 2543 (RFC 3264 section 8.4): nothing may be sent, learned source or not.
        if !remote.direction.sends() || remote.rtp.ip().is_unspecified() || remote.rtp.port() == 0 {
            return None;
        }
        self.latch.destination()
    }

    /// Where RTCP goes: as signalled, but to the host and port RTP is really heard from.
    pub(crate) fn rtcp_destination(&self) -> Option<SocketAddr> {
        let remote = self.remote.as_ref()?;
        let rtp = self.latch.destination()?;
        match remote.rtcp {
            RtcpTarget::Off => None,
            RtcpTarget::Mux => Some(rtp),
            RtcpTarget::At(address) if self.latch.source().is_none_or(|source| source == remote.rtp) => Some(address),
            RtcpTarget::NextPort | RtcpTarget::At(_) => Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?)),
        }
    }

    pub(crate) fn is_muxed(&self) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.rtcp == RtcpTarget::Mux)
    }

    /// Does something of our own go out, so that the bridged side must wait?
    pub(crate) fn is_speaking(&self) -> bool {
        self.player.is_some() || self.digits_out.as_ref().is_some_and(dtmf::Sender::is_sending)
    }

    pub(crate) fn count_out(&mut self, bytes: usize) {
        self.counters.packets_out += 1;
        self.counters.bytes_out += bytes as u64;
    }

    /// What a sender report tells of our stream.
    pub(crate) fn sent(&self, now: Duration) -> Sent {
        let MediaStats { packets_out, bytes_out, .. } = self.counters;
        // Both fields are modulo 2^32 on the wire (RFC 3550 section 6.4.1).
        Sent {
            rtp_timestamp: self.stream.timestamp_at(now),
            packets: packets_out as u32,
            octets: bytes_out.saturating_sub(packets_out * HEADER_LEN as u64) as u32,
        }
    }

    /// The numbers as they stand.
    pub(crate) fn stats(&self) -> MediaStats {
        let mut stats = self.counters;
        let jitter = self.reception.jitter(SAMPLE_RATE_HZ);
        let round_trip = Duration::from_micros(u64::from(stats.round_trip_us));
        stats.lost = self.reception.lost();
        stats.jitter_us = u32::try_from(jitter.as_micros()).unwrap_or(u32::MAX);
        stats.refused = self.latch.refused();
        if let Some(recording) = &self.recording {
            stats.late += recording.late();
        }
        stats.mos_x100 = quality::mos_x100(quality::rating(jitter, self.reception.loss(), round_trip));
        stats
    }
}
