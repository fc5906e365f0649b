//! What the media engine tells the owner of a call.

use std::net::SocketAddr;

use crate::command::{LegKey, PromptKey, RecordingKey, RecordingLayout};

/// How a digit came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigitSource {
    /// Telephone event in RTP (RFC 4733).
    Rfc4733,
    /// SIP INFO; never made by the media engine, the switch reports those with the same type.
    SipInfo,
}

/// Why a prompt is no longer heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayEnd {
    /// Its last sample was sent.
    Finished,
    /// Stopped, replaced by another prompt, or its leg closed.
    Stopped,
}

/// Something that happened to a leg or a recording.
#[derive(Debug, Clone, PartialEq)]
pub enum MediaEvent {
    /// A key was pressed and let go (or its end was lost and the pause after it told so).
    Digit {
        leg: LegKey,
        digit: char,
        duration_ms: u32,
        source: DigitSource,
    },
    Played {
        leg: LegKey,
        prompt: PromptKey,
        end: PlayEnd,
    },
    /// All digits of [`crate::MediaCommand::SendDtmf`] left.
    DtmfSent {
        leg: LegKey,
    },
    /// The first packet of the leg was accepted, from this address.
    FirstPacket {
        leg: LegKey,
        source: SocketAddr,
    },
    /// The leg is now heard from another address than before.
    SourceChanged {
        leg: LegKey,
        source: SocketAddr,
    },
    /// Nothing was accepted for `idle_ms`; once for each silence.
    Silence {
        leg: LegKey,
        idle_ms: u64,
    },
    /// Nothing was accepted for so long that the call should end; once for each silence.
    Timeout {
        leg: LegKey,
        idle_ms: u64,
    },
    /// Final numbers of a closed leg.
    Stats {
        leg: LegKey,
        stats: MediaStats,
    },
    /// The next piece of a recording, for a thread that may touch the disk.
    RecordingChunk(RecordingChunk),
    RecordingFinished(RecordingSummary),
}

/// Audio of a recording: 8 kHz, 16 bit, channels interleaved (left first).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingChunk {
    pub recording: RecordingKey,
    pub layout: RecordingLayout,
    /// Where the chunk starts, in samples of one channel since the recording began. A writer that finds a gap
    /// (chunks dropped at a bound) fills it with silence, so that the channels stay in time.
    pub position: u64,
    pub samples: Box<[i16]>,
}

/// The end of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingSummary {
    pub recording: RecordingKey,
    pub leg: LegKey,
    /// Length in samples of one channel.
    pub samples: u64,
    /// Packets that came too late to be put in their place, both channels.
    pub late: u64,
    /// Samples of one channel whose chunk was dropped because nobody took the events.
    pub dropped: u64,
}

/// Counters of one leg. "In" is from the peer to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MediaStats {
    pub packets_in: u64,
    pub packets_out: u64,
    /// RTP bytes, header included, UDP and IP not.
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Packets expected and not received, never below 0 (RFC 3550 A.3).
    pub lost: u64,
    /// Interarrival jitter, microseconds (RFC 3550 A.8).
    pub jitter_us: u32,
    /// Packets too late for a recording or a listener.
    pub late: u64,
    /// Packets from a source the latch refused.
    pub refused: u64,
    /// First packets of a source not believed yet.
    pub probation: u64,
    /// Datagrams on the RTP port that are no RTP. Every one that is no RTCP is in `packets_in`, `probation`,
    /// `refused` or `invalid`.
    pub invalid: u64,
    /// Packets accepted but not passed on: nobody bridged, held, a prompt playing, no common format.
    pub unforwarded: u64,
    /// RTCP datagrams taken, and those refused because they are malformed or from a stranger.
    pub rtcp_in: u64,
    pub rtcp_refused: u64,
    /// Round trip from RTCP, microseconds; 0 until the peer reported.
    pub round_trip_us: u32,
    /// Loss the peer reports of what we send, in 1/256 (RFC 3550 section 6.4.1).
    pub remote_loss_256: u8,
    /// Estimated mean opinion score of what we receive, times 100 (100..=450).
    pub mos_x100: u16,
}
