//! A prompt being sent, packet by packet.

use std::time::Duration;

use media::{PACKET_SAMPLES, PreparedPrompt};

/// Time of one packet.
pub(crate) const PACKET: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) prompt: PreparedPrompt,
    position: usize,
    next: Duration,
}

impl Player {
    pub(crate) fn new(prompt: PreparedPrompt, now: Duration) -> Self {
        Self { prompt, position: 0, next: now }
    }

    /// When the next packet is due.
    pub(crate) fn due(&self) -> Duration {
        self.next
    }

    /// After a stall longer than a few packets the prompt goes on from now rather than in a burst.
    pub(crate) fn resume_at(&mut self, now: Duration) {
        self.next = now;
    }

    pub(crate) fn is_over(&self) -> bool {
        self.position >= self.prompt.samples.len() && (!self.prompt.looping || self.prompt.samples.is_empty())
    }

    /// Fills the next packet; its end is silent when the prompt ends in it.
    pub(crate) fn fill(&mut self, packet: &mut [i16; PACKET_SAMPLES]) {
        packet.fill(0);
        self.next += PACKET;
        let mut filled = 0;
        while filled < packet.len() {
            if self.position >= self.prompt.samples.len() {
                if self.is_over() {
                    return;
                }
                self.position = 0;
            }
            let left = &self.prompt.samples[self.position..];
            let count = left.len().min(packet.len() - filled);
            packet[filled..filled + count].copy_from_slice(&left[..count]);
            filled += count;
            self.position += count;
        }
    }
}
