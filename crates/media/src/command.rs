//! What the owner of a call asks of the media engine.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::Codec;
use crate::latch::LatchPolicy;

/// One media leg: an RTP socket pair and what flows through it. Chosen by the caller, unique while open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegKey(pub u64);

/// One recording. Chosen by the caller, unique while running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordingKey(pub u64);

/// Names one playing of a prompt, so that [`crate::MediaEvent::Played`] can be told from an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PromptKey(pub u64);

/// Audio ready to be sent: 8 kHz, mono, 16 bit. Cheap to clone; many calls share one set of samples.
#[derive(Clone, PartialEq, Eq)]
pub struct PreparedPrompt {
    pub key: PromptKey,
    pub samples: Arc<[i16]>,
    /// Plays again from the start until stopped (queue music, ringback).
    pub looping: bool,
}

impl fmt::Debug for PreparedPrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedPrompt")
            .field("key", &self.key)
            .field("samples", &self.samples.len())
            .field("looping", &self.looping)
            .finish()
    }
}

/// What is done with the packets of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Handling {
    /// We are the RTP endpoint: own SSRC, own RTCP, G.711 decoded where somebody needs to hear it.
    #[default]
    Terminate,
    /// A proxy's relay: any payload passes unchanged, RTCP included. No prompts, no recording.
    PassThrough,
}

/// The direction of media as seen from here (RFC 3264 section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    #[default]
    SendReceive,
    SendOnly,
    ReceiveOnly,
    Inactive,
}

impl Direction {
    /// May we send to the peer?
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Self::SendReceive | Self::SendOnly)
    }

    /// Do we expect media from the peer?
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Self::SendReceive | Self::ReceiveOnly)
    }
}

/// The format we send, as the peer's SDP asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioFormat {
    pub codec: Codec,
    /// RTP payload type, 0..=127.
    pub payload_type: u8,
}

impl AudioFormat {
    /// The codec under its static payload type (RFC 3551 table 4).
    #[must_use]
    pub fn of(codec: Codec) -> Self {
        Self { codec, payload_type: codec.payload_type() }
    }
}

/// Where RTCP for the peer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RtcpTarget {
    /// The port after RTP's (RFC 3550 section 11).
    #[default]
    NextPort,
    /// Multiplexed on the RTP port (`a=rtcp-mux`, RFC 5761).
    Mux,
    /// Named by `a=rtcp` (RFC 3605).
    At(SocketAddr),
    /// The peer wants none (`RR:0`/`RS:0`).
    Off,
}

/// The peer's side of a leg, as its SDP says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteMedia {
    /// The signalled RTP address. To port 0 or an unspecified address (hold of RFC 2543) nothing is sent.
    pub rtp: SocketAddr,
    pub rtcp: RtcpTarget,
    pub audio: AudioFormat,
    /// Payload type the peer wants telephone events under (RFC 4733), if any.
    pub telephone_event: Option<u8>,
    pub direction: Direction,
    /// Which sources other than the signalled one may be learned.
    pub latch: LatchPolicy,
}

impl RemoteMedia {
    /// Both directions in `codec`, events under 101, RTCP on the next port, sources learned with probation.
    #[must_use]
    pub fn new(rtp: SocketAddr, codec: Codec) -> Self {
        Self {
            rtp,
            rtcp: RtcpTarget::NextPort,
            audio: AudioFormat::of(codec),
            telephone_event: Some(101),
            direction: Direction::SendReceive,
            latch: LatchPolicy::Learn,
        }
    }
}

/// Channels of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordingLayout {
    /// Left what the leg says, right what the leg hears.
    #[default]
    Stereo,
    /// Both mixed into one channel.
    Mono,
}

impl RecordingLayout {
    #[must_use]
    pub fn channels(self) -> u16 {
        match self {
            Self::Stereo => 2,
            Self::Mono => 1,
        }
    }
}

/// An order to the media engine. Orders for one leg take effect in the sequence they are given.
#[derive(Debug, Clone, PartialEq)]
pub enum MediaCommand {
    /// Makes a leg on a socket pair the caller has bound. `telephone_event` is the payload type *we* offered or
    /// answered, under which events arrive here. Early audio is accepted before [`MediaCommand::Configure`].
    Open {
        leg: LegKey,
        local: SocketAddr,
        telephone_event: Option<u8>,
        handling: Handling,
    },
    /// What the peer's SDP says; again after every re-negotiation.
    Configure {
        leg: LegKey,
        remote: RemoteMedia,
    },
    /// Each leg hears the other from now on. Either leg's earlier bridge ends.
    Connect {
        a: LegKey,
        b: LegKey,
    },
    /// Ends the bridge this leg is in, if any.
    Disconnect {
        leg: LegKey,
    },
    /// Sends a prompt to the leg, instead of an earlier prompt or of what the other side says.
    Play {
        leg: LegKey,
        prompt: PreparedPrompt,
    },
    /// Stops the prompt, if one plays.
    StopPlay {
        leg: LegKey,
    },
    /// Sends digits (`0-9*#A-D`, at most [`crate::dtmf::DIGITS_MAX`] waiting) as telephone events; `,` pauses 500 ms.
    SendDtmf {
        leg: LegKey,
        digits: String,
        tone_ms: u16,
        gap_ms: u16,
    },
    /// Records a leg: left what it says, right what it hears (prompts, then the bridged side).
    Record {
        recording: RecordingKey,
        leg: LegKey,
        layout: RecordingLayout,
    },
    /// Ends a recording; its last chunk and [`crate::MediaEvent::RecordingFinished`] follow.
    StopRecording {
        recording: RecordingKey,
    },
    /// Parts the leg from its bridge for a while; prompts still play to either side.
    Hold {
        leg: LegKey,
    },
    Resume {
        leg: LegKey,
    },
    /// Ends the leg, its prompt, its bridge and its recordings; [`crate::MediaEvent::Stats`] follows.
    Close {
        leg: LegKey,
    },
}
