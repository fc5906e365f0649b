//! A receive buffer for recording and listening: puts packets in their place in time, fills gaps with silence.
//!
//! The owner's clock counts samples. Each packet has a place on it: the first one where it arrived, later ones by
//! their RTP timestamp relative to it, so that network jitter does not move them. When the two clocks part (the
//! sender paused its timestamp or changed its SSRC, the path became slower or faster, the clocks drift by more than
//! [`DRIFT_MAX`]), the place is taken from the arrival again. Late packets are dropped and counted; the buffer never
//! grows.

use std::ops::Range;

/// A bounded piece of a sample timeline, written out of order and read in order.
#[derive(Debug, Clone)]
pub struct Timeline {
    ring: Box<[i16]>,
    /// Everything before this position was read.
    read: u64,
    /// Nothing was written at or after this position.
    written: u64,
    anchor: Option<Anchor>,
    /// The earliest packet of the current window, against its arrival.
    earliest: i64,
    in_window: u16,
    late_in_row: u8,
    late: u64,
    reanchored: u64,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    ssrc: u32,
    timestamp: u32,
    position: u64,
}

/// How far audio may lie from where it arrives, in samples: 40 ms, hardly heard between two speakers.
pub const DRIFT_MAX: i64 = 320;
/// Packets looked at before the path counts as slower than it was: 5 s.
const WINDOW_PACKETS: u16 = 250;
/// So many late packets in a row mean that the path got slower, not that a packet strayed.
const LATE_IN_ROW_MAX: u8 = 3;

impl Timeline {
    /// A timeline with room for `capacity` samples, rounded up to a power of two, between what was read and what may
    /// be written.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            ring: vec![0; capacity.max(1).next_power_of_two()].into_boxed_slice(),
            read: 0,
            written: 0,
            anchor: None,
            earliest: i64::MIN,
            in_window: 0,
            late_in_row: 0,
            late: 0,
            reanchored: 0,
        }
    }

    /// Writes a packet that arrived at `arrival` (samples on the owner's clock). Returns `false` if all of it was
    /// too late. Samples beyond the buffer's end are lost.
    pub fn insert(
        &mut self,
        arrival: u64,
        ssrc: u32,
        timestamp: u32,
        mut samples: impl ExactSizeIterator<Item = i16>,
    ) -> bool {
        let length = samples.len() as u64;
        let mut position = self.place(arrival, ssrc, timestamp);
        if position.saturating_add(length) <= self.read {
            self.late += 1;
            self.late_in_row = self.late_in_row.saturating_add(1);
            if self.late_in_row < LATE_IN_ROW_MAX {
                return false;
            }
            self.anchor_at(arrival, ssrc, timestamp);
            position = arrival;
        }
        self.late_in_row = 0;
        let end = self.read + self.ring.len() as u64;
        if let Some(before_last) = (self.read.saturating_sub(position) as usize).checked_sub(1) {
            samples.nth(before_last);
        }
        let (from, until) = (position.max(self.read), (position + length).min(end));
        for slice in self.slices(from, until) {
            for (slot, sample) in self.ring[slice].iter_mut().zip(&mut samples) {
                *slot = sample;
            }
        }
        self.written = self.written.max(until);
        true
    }

    /// Reads up to `position`: calls `take` with every sample from the last read position on, silence where
    /// nothing came.
    pub fn read_until(&mut self, position: u64, mut take: impl FnMut(i16)) {
        let heard = position.min(self.written).max(self.read);
        for slice in self.slices(self.read, heard) {
            for slot in &mut self.ring[slice] {
                take(std::mem::take(slot));
            }
        }
        for _ in heard..position {
            take(0);
        }
        self.read = self.read.max(position);
        self.written = self.written.max(self.read);
    }

    /// The position of the next sample to be read.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.read
    }

    /// Packets that came too late.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late
    }

    /// How often a place was taken from the arrival again, the first time excluded.
    #[must_use]
    pub fn reanchored(&self) -> u64 {
        self.reanchored
    }

    /// The parts of the ring that hold a span no longer than it.
    fn slices(&self, from: u64, until: u64) -> [Range<usize>; 2] {
        let mask = self.ring.len() - 1;
        let length = until.saturating_sub(from) as usize;
        let start = from as usize & mask;
        let first = length.min(self.ring.len() - start);
        [start..start + first, 0..length - first]
    }

    fn place(&mut self, arrival: u64, ssrc: u32, timestamp: u32) -> u64 {
        if let Some(anchor) = self.anchor
            && anchor.ssrc == ssrc
        {
            let step = i64::from(timestamp.wrapping_sub(anchor.timestamp) as i32);
            let position = anchor.position.saturating_add_signed(step);
            let ahead = position as i64 - arrival as i64;
            // Ahead of its arrival audio cannot be: the anchor was late, or the sender's clock is faster.
            if ahead <= DRIFT_MAX && ahead >= -(self.ring.len() as i64) {
                let position = position.saturating_add(self.slower_by(ahead));
                // Moving along keeps the timestamp difference small over calls of many hours.
                if step > 1 << 24 || position.saturating_add_signed(-step) != anchor.position {
                    self.anchor = Some(Anchor { ssrc, timestamp, position });
                }
                return position;
            }
        }
        self.reanchored += u64::from(self.anchor.is_some());
        self.anchor_at(arrival, ssrc, timestamp);
        arrival
    }

    /// How much later everything has to lie because the path became slower or the sender's clock is: every packet the
    /// network delays lies behind its arrival, so the least delayed of a window tells.
    fn slower_by(&mut self, ahead: i64) -> u64 {
        self.earliest = self.earliest.max(ahead);
        self.in_window += 1;
        if self.in_window < WINDOW_PACKETS {
            return 0;
        }
        self.in_window = 0;
        let earliest = std::mem::replace(&mut self.earliest, i64::MIN);
        if earliest >= -DRIFT_MAX {
            return 0;
        }
        self.reanchored += 1;
        earliest.unsigned_abs()
    }

    fn anchor_at(&mut self, arrival: u64, ssrc: u32, timestamp: u32) {
        self.anchor = Some(Anchor { ssrc, timestamp, position: arrival });
        self.earliest = i64::MIN;
        self.in_window = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(value: i16) -> std::iter::RepeatN<i16> {
        std::iter::repeat_n(value, 160)
    }

    fn read(timeline: &mut Timeline, until: u64) -> Vec<i16> {
        let mut out = Vec::new();
        timeline.read_until(until, |sample| out.push(sample));
        out
    }

    #[test]
    fn order_comes_from_timestamps() {
        let mut timeline = Timeline::new(4_096);
        for (arrival, index) in [(0, 0), (170, 1), (420, 3), (500, 2), (900, 5)] {
            assert!(timeline.insert(arrival, 1, 1_000 + index * 160, packet(index as i16 + 1)));
        }
        let out = read(&mut timeline, 960);
        let firsts: Vec<i16> = out.chunks(160).map(|chunk| chunk[80]).collect();
        assert_eq!(firsts, [1, 2, 3, 4, 0, 6], "the lost one is silence");
        assert_eq!((timeline.late(), timeline.reanchored()), (0, 0));
    }

    #[test]
    fn what_was_read_is_past() {
        let mut timeline = Timeline::new(4_096);
        timeline.insert(0, 1, 0, packet(1));
        timeline.insert(320, 1, 320, packet(3));
        read(&mut timeline, 480);
        assert!(!timeline.insert(500, 1, 160, packet(2)), "its place was read");
        assert_eq!(timeline.late(), 1);
        // Half late: the rest is kept.
        assert!(timeline.insert(500, 1, 400, packet(4)));
        assert_eq!(read(&mut timeline, 640), [[4; 80].as_slice(), &[0; 80]].concat());
    }

    #[test]
    fn a_slower_path_is_followed() {
        let mut timeline = Timeline::new(4_096);
        for index in 0..10u32 {
            timeline.insert(u64::from(index) * 160, 1, index * 160, packet(1));
        }
        // From here everything takes 300 ms longer, more than is waited for.
        let mut kept = 0;
        for index in 10..60u32 {
            let arrival = u64::from(index) * 160 + 2_400;
            read(&mut timeline, arrival.saturating_sub(960));
            kept += u32::from(timeline.insert(arrival, 1, index * 160, packet(2)));
        }
        assert_eq!((kept, timeline.late()), (48, 3));
    }

    #[test]
    fn new_sources_and_paused_clocks_go_where_they_arrive() {
        let mut timeline = Timeline::new(4_096);
        timeline.insert(0, 1, 5_000, packet(1));
        timeline.insert(480, 2, 77, packet(2));
        // The same source, its timestamp paused for 800 ms.
        read(&mut timeline, 6_000);
        timeline.insert(7_040, 2, 77 + 160, packet(3));
        assert_eq!(timeline.reanchored(), 2);
        let out = read(&mut timeline, 7_200);
        assert_eq!(out.iter().position(|sample| *sample == 3), Some(1_040));
    }

    /// Clocks 500 ppm apart, ten minutes, and jitter of 30 ms.
    #[test]
    fn drifting_clocks_are_followed() {
        for drift in [-500i64, 500] {
            let mut timeline = Timeline::new(4_096);
            let mut worst = 0;
            for index in 0..30_000u64 {
                let arrival = index * 160 + (index * 7_919 % 31) * 8;
                // The sender's sample `index * 160` as its own clock numbers it.
                let stamp = (index * 160).saturating_add_signed(index as i64 * 160 * drift / 1_000_000) as u32;
                read(&mut timeline, arrival.saturating_sub(960));
                assert!(timeline.insert(arrival, 1, stamp, packet(1)));
                let anchor = timeline.anchor.unwrap();
                let place =
                    anchor.position.saturating_add_signed(i64::from(stamp.wrapping_sub(anchor.timestamp) as i32));
                worst = worst.max((place as i64 - (index * 160) as i64).abs());
            }
            assert_eq!(timeline.late(), 0);
            assert!(worst <= DRIFT_MAX + 240 + 400, "off by {worst} samples at {drift} ppm");
            assert!((5..=12).contains(&timeline.reanchored()), "{} corrections", timeline.reanchored());
        }
    }

    #[test]
    fn time_wraps_over_long_calls() {
        let mut timeline = Timeline::new(4_096);
        let mut stamp = u32::MAX - 1_000_000;
        for index in 0..20_000u64 {
            read(&mut timeline, (index * 160).saturating_sub(960));
            assert!(timeline.insert(index * 160, 1, stamp, packet(1)));
            stamp = stamp.wrapping_add(160);
        }
        assert_eq!((timeline.late(), timeline.reanchored()), (0, 0));
    }

    proptest::proptest! {
        /// Nothing a sender does makes the buffer grow, panic, or read another number of samples.
        #[test]
        fn any_packets_are_survived(packets in proptest::collection::vec((0..400u64, 0..3u32, proptest::prelude::any::<u32>(), 0..2_000usize), 0..100)) {
            let mut timeline = Timeline::new(1_024);
            let mut now = 0;
            for (step, ssrc, stamp, length) in packets {
                now += step;
                timeline.insert(now, ssrc, stamp, std::iter::repeat_n(1, length));
                let until = timeline.position().max(now.saturating_sub(200));
                let from = timeline.position();
                let mut count = 0;
                timeline.read_until(until, |_| count += 1);
                proptest::prop_assert_eq!(count, until - from);
            }
        }
    }
}
