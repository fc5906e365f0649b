//! Reception statistics of one RTP source (RFC 3550 appendix A.1, A.3, A.8).

use std::time::Duration;

use crate::rtp::Header;

/// A jump of more than this many packets ahead is a restart (A.1).
const DROPOUT_MAX: u16 = 3_000;
/// A packet up to this many behind is reordered, not a restart (A.1).
const MISORDER_MAX: u16 = 100;

/// Counts packets of a source and measures their jitter. Follows SSRC changes and restarts by closing one account
/// and opening the next, so that the totals hold for the whole call.
#[derive(Debug, Clone, Default)]
pub struct Reception {
    current: Option<Source>,
    /// Loss of the sources before the current one.
    lost_before: u64,
    received: u64,
    expected_before: u64,
}

#[derive(Debug, Clone)]
struct Source {
    ssrc: u32,
    base: u16,
    highest: u16,
    cycles: u32,
    received: u64,
    /// A first packet of a possible restart, waiting for its successor (A.1 `bad_seq`).
    restart: Option<u16>,
    transit: Option<i64>,
    /// In units of 1/16 timestamp unit (A.8).
    jitter_16: u32,
    expected_prior: u64,
    received_prior: u64,
}

/// The parts of a report block that come from reception (section 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub ssrc: u32,
    /// Lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost in total, -0x80_0000..=0x7f_ffff; negative with duplicates.
    pub cumulative_lost: i32,
    /// Cycles in the upper, highest sequence number in the lower 16 bits.
    pub extended_highest: u32,
    /// In timestamp units.
    pub jitter: u32,
}

impl Reception {
    /// Counts a packet that arrived at `now` on a clock of `rate_hz`.
    pub fn receive(&mut self, now: Duration, header: &Header, rate_hz: u32) {
        self.received += 1;
        match &mut self.current {
            Some(source) if source.ssrc == header.ssrc => {
                if !source.count(header.sequence) {
                    self.close();
                    self.current = Some(Source::new(header));
                }
            }
            _ => {
                self.close();
                self.current = Some(Source::new(header));
            }
        }
        if let Some(source) = &mut self.current {
            source.measure(now, header.timestamp, rate_hz);
        }
    }

    /// Packets received, duplicates included.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Packets lost over the whole call.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost_before + self.current.as_ref().map_or(0, Source::lost)
    }

    /// Packets that should have come.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.expected_before + self.current.as_ref().map_or(0, Source::expected)
    }

    /// Share of packets lost, 0..=1.
    #[must_use]
    pub fn loss(&self) -> f64 {
        match self.expected() {
            0 => 0.0,
            expected => self.lost() as f64 / expected as f64,
        }
    }

    /// Jitter of the current source.
    #[must_use]
    pub fn jitter(&self, rate_hz: u32) -> Duration {
        let units = self.current.as_ref().map_or(0, |source| source.jitter_16 / 16);
        Duration::from_micros(u64::from(units) * 1_000_000 / u64::from(rate_hz.max(1)))
    }

    /// Closes the interval since the last report; `None` when nothing was received in it (A.3).
    pub fn report(&mut self) -> Option<Account> {
        let source = self.current.as_mut()?;
        let (expected, received) = (source.expected(), source.received);
        let expected_interval = expected - source.expected_prior.min(expected);
        let received_interval = received - source.received_prior;
        if received_interval == 0 {
            return None;
        }
        source.expected_prior = expected;
        source.received_prior = received;
        let lost_interval = expected_interval.saturating_sub(received_interval);
        let fraction_lost = (lost_interval * 256).checked_div(expected_interval).unwrap_or(0).min(255) as u8;
        let lost = expected as i64 - received as i64;
        Some(Account {
            ssrc: source.ssrc,
            fraction_lost,
            cumulative_lost: lost.clamp(-0x80_0000, 0x7f_ffff) as i32,
            extended_highest: (source.cycles << 16) | u32::from(source.highest),
            jitter: source.jitter_16 / 16,
        })
    }

    fn close(&mut self) {
        if let Some(source) = self.current.take() {
            self.lost_before += source.lost();
            self.expected_before += source.expected();
        }
    }
}

impl Source {
    fn new(header: &Header) -> Self {
        Self {
            ssrc: header.ssrc,
            base: header.sequence,
            highest: header.sequence,
            cycles: 0,
            received: 1,
            restart: None,
            transit: None,
            jitter_16: 0,
            expected_prior: 0,
            received_prior: 0,
        }
    }

    /// `false` when the source started anew and wants a new account.
    fn count(&mut self, sequence: u16) -> bool {
        let ahead = sequence.wrapping_sub(self.highest);
        if ahead < DROPOUT_MAX {
            if sequence < self.highest {
                self.cycles = self.cycles.wrapping_add(1);
            }
            self.highest = sequence;
        } else if ahead <= u16::MAX - MISORDER_MAX {
            // Two in sequence at the new place: the peer restarted without telling.
            if self.restart == Some(sequence) {
                return false;
            }
            self.restart = Some(sequence.wrapping_add(1));
            self.received += 1;
            return true;
        }
        self.restart = None;
        self.received += 1;
        true
    }

    fn measure(&mut self, now: Duration, timestamp: u32, rate_hz: u32) {
        let arrival = (now.as_micros() * u128::from(rate_hz) / 1_000_000) as u32;
        let transit = i64::from(arrival.wrapping_sub(timestamp));
        if let Some(before) = self.transit.replace(transit) {
            // Both are modulo 2^32: their difference is the signed 32-bit one.
            let difference = i64::from((transit - before) as i32).unsigned_abs();
            // A timestamp that starts anew is no jitter; a second is beyond any path we carry.
            if difference < u64::from(rate_hz) {
                let difference = difference as u32;
                self.jitter_16 = self.jitter_16 + difference - ((self.jitter_16 + 8) >> 4);
            }
        }
    }

    fn expected(&self) -> u64 {
        u64::from(self.cycles) * 65_536 + u64::from(self.highest) + 1 - u64::from(self.base)
    }

    fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }
}
