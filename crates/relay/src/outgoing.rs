//! The stream we send on a leg: one SSRC, sequence numbers without a seam, a timestamp that follows the clock,
//! whatever feeds it: a prompt, digits, or one bridged side after another.

use std::time::Duration;

use media::rtp::Header;
use media::{PACKET_SAMPLES, samples_in};

/// As RFC 3550 A.1 tells a gap from a restart.
const DROPOUT_MAX: u16 = 3_000;
const MISORDER_MAX: u16 = 100;

/// Who feeds the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feed {
    Nobody,
    /// A prompt or digits.
    Own,
    /// A bridged source, shifted into our numbers.
    Bridged {
        ssrc: u32,
        sequence_shift: u16,
        timestamp_shift: u32,
        first: u16,
        highest: u16,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Stream {
    ssrc: u32,
    /// Of the newest packet sent, or one before the first.
    sequence: u16,
    timestamp: u32,
    /// The time `timestamp` stands for.
    stamped: Duration,
    started: bool,
    feed: Feed,
}

impl Stream {
    /// The seed gives SSRC and first numbers, random as RFC 3550 section 5.1 wants them.
    pub(crate) fn new(ssrc: u32, random: u64) -> Self {
        Self {
            ssrc,
            sequence: (random >> 32) as u16,
            timestamp: random as u32,
            stamped: Duration::ZERO,
            started: false,
            feed: Feed::Nobody,
        }
    }

    pub(crate) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The timestamp of `now` on this stream, for sender reports.
    pub(crate) fn timestamp_at(&self, now: Duration) -> u32 {
        self.timestamp.wrapping_add(samples_in(now.saturating_sub(self.stamped)) as u32)
    }

    /// The header of a bridged packet on this stream. `None` for a packet from before the feed began here: its
    /// number belongs to another packet.
    pub(crate) fn bridge(&mut self, now: Duration, header: &Header, payload_type: u8) -> Option<Header> {
        if let Feed::Bridged { ssrc, sequence_shift, timestamp_shift, first, highest } = &mut self.feed
            && *ssrc == header.ssrc
        {
            let ahead = header.sequence.wrapping_sub(*highest);
            if !(DROPOUT_MAX..=u16::MAX - MISORDER_MAX).contains(&ahead) {
                if (header.sequence.wrapping_sub(*first) as i16) < 0 && highest.wrapping_sub(*first) < DROPOUT_MAX {
                    return None;
                }
                let mapped = Header {
                    marker: header.marker,
                    payload_type,
                    sequence: header.sequence.wrapping_add(*sequence_shift),
                    timestamp: header.timestamp.wrapping_add(*timestamp_shift),
                    ssrc: self.ssrc,
                };
                if ahead < DROPOUT_MAX {
                    *highest = header.sequence;
                    self.sequence = mapped.sequence;
                    self.timestamp = mapped.timestamp;
                    self.stamped = now;
                }
                return Some(mapped);
            }
        }
        self.begin(now);
        self.sequence = self.sequence.wrapping_add(1);
        self.feed = Feed::Bridged {
            ssrc: header.ssrc,
            sequence_shift: self.sequence.wrapping_sub(header.sequence),
            timestamp_shift: self.timestamp.wrapping_sub(header.timestamp),
            first: header.sequence,
            highest: header.sequence,
        };
        Some(self.header(payload_type, true))
    }

    /// The header of the next packet of a prompt.
    pub(crate) fn own_audio(&mut self, now: Duration, payload_type: u8) -> Header {
        let begins = self.feed != Feed::Own;
        if begins {
            self.begin(now);
            self.feed = Feed::Own;
        } else {
            self.timestamp = self.timestamp.wrapping_add(PACKET_SAMPLES as u32);
            self.stamped = now;
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.header(payload_type, begins)
    }

    /// The header of a packet of a telephone event: its timestamp is that of the event's start (RFC 4733
    /// section 2.1).
    pub(crate) fn own_event(&mut self, now: Duration, payload_type: u8, start: bool) -> Header {
        if start {
            self.begin(now);
        }
        // Audio after the event takes its timestamp from the clock again.
        self.feed = Feed::Nobody;
        self.sequence = self.sequence.wrapping_add(1);
        self.header(payload_type, start)
    }

    /// The next packet comes from another feed than the last, even if it has the same SSRC.
    pub(crate) fn part(&mut self) {
        self.feed = Feed::Nobody;
    }

    fn begin(&mut self, now: Duration) {
        if self.started {
            let elapsed = samples_in(now.saturating_sub(self.stamped)) as u32;
            self.timestamp = self.timestamp.wrapping_add(elapsed.max(PACKET_SAMPLES as u32));
        }
        self.stamped = now;
        self.started = true;
    }

    fn header(&self, payload_type: u8, marker: bool) -> Header {
        Header { marker, payload_type, sequence: self.sequence, timestamp: self.timestamp, ssrc: self.ssrc }
    }
}
