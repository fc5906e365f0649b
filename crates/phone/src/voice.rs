//! Sounds to say, and the order in which a phone says them.

use std::sync::Arc;
use std::time::Duration;

use media::{SAMPLE_RATE_HZ, samples_in};

/// Longest sound that is made or kept, in samples: ten minutes.
pub const SAMPLES_MAX: usize = 600 * SAMPLE_RATE_HZ as usize;

/// Telephone audio: 8 kHz, mono, 16 bit. Cheap to clone.
pub type Sound = Arc<[i16]>;

/// The frequencies sounding together at a quarter of full scale in all, with edges of 5 ms so that nothing clicks.
#[must_use]
pub fn tones(hz: &[u16], lasts: Duration) -> Sound {
    const EDGE_SAMPLES: usize = 40;
    let length = usize::try_from(samples_in(lasts)).unwrap_or(SAMPLES_MAX).min(SAMPLES_MAX);
    let amplitude = 8_192.0 / hz.len().max(1) as f64;
    (0..length)
        .map(|at| {
            let edge = at.min(length - 1 - at).min(EDGE_SAMPLES) as f64 / EDGE_SAMPLES as f64;
            let time = at as f64 / f64::from(SAMPLE_RATE_HZ);
            let sum: f64 = hz.iter().map(|hz| (std::f64::consts::TAU * f64::from(*hz) * time).sin()).sum();
            (sum * amplitude * edge) as i16
        })
        .collect()
}

/// How keys are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DigitsBy {
    /// Telephone events in RTP (RFC 4733); INFO when the other side does not take them.
    #[default]
    Rfc4733,
    /// SIP INFO with `application/dtmf-relay`, one request a key.
    Info,
}

/// One thing a phone does in an answered call. The phone sends silence while it does nothing audible.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Says nothing for a while.
    Wait(Duration),
    /// Says a sound once.
    Say(Sound),
    /// Says a sound again and again until the call ends; nothing follows it.
    Repeat(Sound),
    /// Says a sound again and again for a while.
    RepeatFor(Sound, Duration),
    /// Presses keys (`0-9*#A-D`, `,` pauses 500 ms) and goes on when the last one is let go.
    Press { digits: String, by: DigitsBy },
    /// Puts the other side on hold by re-INVITE (`a=sendonly`) and goes on once that is agreed.
    Hold,
    /// Takes the other side back.
    Resume,
    /// Sends no RTP any more, as a phone that lost its network; signalling goes on.
    Mute,
    /// Ends the call.
    HangUp,
}

/// What a phone does with a call that comes in.
#[derive(Debug, Clone, PartialEq)]
pub enum Behaviour {
    /// Rings, then answers and does the steps.
    Answer { after: Duration, steps: Vec<Step> },
    /// Says `early` before it answers (183 with SDP), again and again.
    EarlyMedia { early: Sound, after: Duration, steps: Vec<Step> },
    /// Rings until the caller gives up.
    NeverAnswer,
    /// Refuses with this final status, 300..=699.
    Refuse { status: u16 },
}

impl Behaviour {
    /// 486 Busy Here.
    pub const BUSY: Self = Self::Refuse { status: 486 };
    /// 503 Service Unavailable.
    pub const FAIL: Self = Self::Refuse { status: 503 };
    /// 603 Decline.
    pub const REJECT: Self = Self::Refuse { status: 603 };
}
