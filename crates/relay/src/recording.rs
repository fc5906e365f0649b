//! A recording: two timelines, read together a little behind the clock.

use std::time::Duration;

use media::event::{RecordingChunk, RecordingSummary};
use media::jitter::Timeline;
use media::{Codec, LegKey, RecordingKey, command::RecordingLayout, samples_in};

use crate::Config;

#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) key: RecordingKey,
    layout: RecordingLayout,
    started: Duration,
    delay: u64,
    chunk: u64,
    /// What the leg says.
    left: Timeline,
    /// What the leg hears.
    right: Timeline,
    dropped: u64,
}

/// The longest delay and chunk, so that a timeline stays within some kilobytes.
const SPAN_SAMPLES_MAX: u32 = 8_000;

impl Recording {
    pub(crate) fn new(key: RecordingKey, layout: RecordingLayout, now: Duration, config: &Config) -> Self {
        let delay = config.recording_delay_samples.min(SPAN_SAMPLES_MAX);
        let chunk = config.recording_chunk_samples.clamp(160, SPAN_SAMPLES_MAX);
        // Room for what is not read yet, for a tick that comes late and for audio ahead of its time.
        let capacity = ((delay + chunk) as usize + 1_600).next_power_of_two();
        Self {
            key,
            layout,
            started: now,
            delay: u64::from(delay),
            chunk: u64::from(chunk),
            left: Timeline::new(capacity),
            right: Timeline::new(capacity),
            dropped: 0,
        }
    }

    /// A packet of the leg's own voice.
    pub(crate) fn said(&mut self, now: Duration, codec: Codec, ssrc: u32, timestamp: u32, payload: &[u8]) {
        let at = self.position(now);
        self.left.insert(at, ssrc, timestamp, payload.iter().map(|octet| codec.decode(*octet)));
    }

    /// A packet sent to the leg.
    pub(crate) fn heard(&mut self, now: Duration, codec: Codec, ssrc: u32, timestamp: u32, payload: &[u8]) {
        let at = self.position(now);
        self.right.insert(at, ssrc, timestamp, payload.iter().map(|octet| codec.decode(*octet)));
    }

    /// The next chunk, once it is old enough that stragglers are no longer waited for.
    pub(crate) fn take(&mut self, now: Duration) -> Option<RecordingChunk> {
        let ready = self.position(now).saturating_sub(self.delay);
        (self.left.position() + self.chunk <= ready).then(|| self.read(self.chunk))
    }

    /// What is left, when the recording ends at `now`.
    pub(crate) fn finish(&mut self, now: Duration) -> Option<RecordingChunk> {
        let left = self.position(now).saturating_sub(self.left.position()).min(self.chunk);
        (left > 0).then(|| self.read(left))
    }

    pub(crate) fn summary(&self, leg: LegKey) -> RecordingSummary {
        RecordingSummary {
            recording: self.key,
            leg,
            samples: self.left.position(),
            late: self.late(),
            dropped: self.dropped,
        }
    }

    pub(crate) fn late(&self) -> u64 {
        self.left.late() + self.right.late()
    }

    /// A chunk found no room among the events.
    pub(crate) fn count_dropped(&mut self, chunk: &RecordingChunk) {
        self.dropped += (chunk.samples.len() / usize::from(self.layout.channels())) as u64;
    }

    fn position(&self, now: Duration) -> u64 {
        samples_in(now.saturating_sub(self.started))
    }

    fn read(&mut self, length: u64) -> RecordingChunk {
        let position = self.left.position();
        let end = position + length;
        let channels = usize::from(self.layout.channels());
        let mut samples = vec![0i16; length as usize * channels];
        let mut slots = samples.iter_mut().step_by(channels);
        self.left.read_until(end, |sample| {
            if let Some(slot) = slots.next() {
                *slot = sample;
            }
        });
        let mut slots = samples.iter_mut().skip(channels - 1).step_by(channels);
        self.right.read_until(end, |sample| {
            if let Some(slot) = slots.next() {
                // In stereo the slot is silent, in mono it holds the other voice.
                *slot = slot.saturating_add(sample);
            }
        });
        RecordingChunk { recording: self.key, layout: self.layout, position, samples: samples.into_boxed_slice() }
    }
}
