//! Limits and times of the media engine.

use std::time::Duration;

use media::latch::LatchConfig;

/// Configuration of a [`crate::Relay`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Seed of SSRCs, first sequence numbers and timestamps, and report times.
    pub seed: u64,
    /// Legs open at once; more are refused.
    pub legs_max: usize,
    /// Events waiting to be taken; recording chunks and digits beyond it are dropped and counted.
    pub events_max: usize,
    pub latch: LatchConfig,
    /// Nothing heard for so long: [`media::MediaEvent::Silence`].
    pub silence_after: Duration,
    /// Nothing heard for so long: [`media::MediaEvent::Timeout`].
    pub timeout_after: Duration,
    /// The same while the leg is on hold or only receives.
    pub hold_timeout_after: Duration,
    /// Mean time between RTCP reports (RFC 3550 section 6.2: 5 s at least).
    pub rtcp_interval: Duration,
    /// How long a recording waits for reordered packets, in samples.
    pub recording_delay_samples: u32,
    /// Length of a recording chunk, in samples of one channel.
    pub recording_chunk_samples: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            legs_max: 20_000,
            events_max: 65_536,
            latch: LatchConfig::default(),
            silence_after: Duration::from_secs(10),
            timeout_after: Duration::from_secs(300),
            hold_timeout_after: Duration::from_secs(1_800),
            rtcp_interval: Duration::from_secs(5),
            recording_delay_samples: 960,
            recording_chunk_samples: 1_600,
        }
    }
}
