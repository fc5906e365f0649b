//! RTP, RTCP, DTMF, codecs, jitter and WAV without sockets or clocks.
//!
//! Everything here is a function of its input: time is a [`std::time::Duration`] since the Unix epoch handed in by
//! the caller, randomness a seed. Parsers borrow, never allocate on the packet path, and answer outside data with
//! an error, never a panic. [`command`] and [`event`] are the words the owner of a call and the media engine share.

pub mod command;
pub mod dtmf;
pub mod event;
pub mod g711;
pub mod jitter;
pub mod latch;
pub mod quality;
pub mod resample;
pub mod rtcp;
pub mod rtp;
pub mod tone;
pub mod wav;

pub use command::{LegKey, MediaCommand, PreparedPrompt, PromptKey, RecordingKey};
pub use event::{MediaEvent, MediaStats};
pub use g711::Codec;

/// Samples a second of all telephone audio inside the platform.
pub const SAMPLE_RATE_HZ: u32 = 8_000;

/// Samples in one 20 ms packet.
pub const PACKET_SAMPLES: usize = 160;

/// Samples of telephone audio in `span`, rounded down.
#[must_use]
pub fn samples_in(span: std::time::Duration) -> u64 {
    let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX / 8);
    micros.saturating_mul(8) / 1_000
}
