//! Per-source limits: token buckets in a bounded table.

use crate::config::FloodLimits;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Thousandths of a token, so that slow rates fill evenly.
const TOKEN: u64 = 1000;
/// At most one sweep of the table in this time.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pressure {
    Normal,
    /// Refuse, and say so.
    Refuse,
    /// So many that the answers would be a flood themselves.
    Drop,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Tokens left plus one burst: below one burst, answers are owed; at zero, not even those.
    level: u64,
    at: Duration,
}

#[derive(Debug)]
pub(crate) struct Flood {
    limits: FloodLimits,
    buckets: HashMap<IpAddr, Bucket>,
    /// For the sources that found the table full.
    shared: Bucket,
    swept_at: Duration,
}

impl Flood {
    pub fn new(limits: FloodLimits) -> Self {
        let shared = Bucket { level: 2 * u64::from(limits.burst) * TOKEN, at: Duration::ZERO };
        Flood { limits, buckets: HashMap::new(), shared, swept_at: Duration::ZERO }
    }

    /// Takes one token of this source.
    pub fn take(&mut self, now: Duration, source: IpAddr) -> Pressure {
        if self.limits.per_second == 0 {
            return Pressure::Normal;
        }
        let limits = self.limits;
        let key = network_of(source);
        if !self.buckets.contains_key(&key) {
            if self.buckets.len() >= limits.sources_max {
                self.sweep(now);
            }
            if self.buckets.len() >= limits.sources_max {
                return self.shared.take(now, limits);
            }
        }
        let full = Bucket { level: 2 * u64::from(limits.burst) * TOKEN, at: now };
        self.buckets.entry(key).or_insert(full).take(now, limits)
    }

    /// Forgets the sources whose buckets are full again.
    fn sweep(&mut self, now: Duration) {
        if now < self.swept_at + SWEEP_EVERY {
            return;
        }
        self.swept_at = now;
        let limits = self.limits;
        self.buckets.retain(|_, bucket| {
            bucket.fill(now, limits);
            bucket.level < 2 * u64::from(limits.burst) * TOKEN
        });
    }
}

impl Bucket {
    fn fill(&mut self, now: Duration, limits: FloodLimits) {
        let elapsed = u64::try_from(now.saturating_sub(self.at).as_millis()).unwrap_or(u64::MAX);
        let full = 2 * u64::from(limits.burst) * TOKEN;
        self.level = self.level.saturating_add(elapsed.saturating_mul(limits.per_second.into())).min(full);
        self.at = self.at.max(now);
    }

    fn take(&mut self, now: Duration, limits: FloodLimits) -> Pressure {
        self.fill(now, limits);
        if self.level < TOKEN {
            return Pressure::Drop;
        }
        self.level -= TOKEN;
        if self.level < u64::from(limits.burst) * TOKEN { Pressure::Refuse } else { Pressure::Normal }
    }
}

/// An IPv6 customer has a /64 to draw addresses from.
fn network_of(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FloodLimits = FloodLimits { per_second: 2, burst: 4, sources_max: 2 };

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_burst_then_refusals_then_silence_then_the_rate() {
        let mut flood = Flood::new(LIMITS);
        let source = "10.0.0.1".parse().unwrap();
        let taken: Vec<Pressure> = (0..10).map(|_| flood.take(at(0), source)).collect();
        assert_eq!(taken[..4], [Pressure::Normal; 4]);
        assert_eq!(taken[4..8], [Pressure::Refuse; 4]);
        assert_eq!(taken[8..], [Pressure::Drop; 2]);
        assert_eq!(flood.take(at(500), source), Pressure::Refuse, "one token back");
        assert_eq!(flood.take(at(10_000), source), Pressure::Normal);
    }

    #[test]
    fn the_table_is_bounded_and_recovers() {
        let mut flood = Flood::new(LIMITS);
        for last in 1..=200 {
            flood.take(at(0), format!("10.0.0.{last}").parse().unwrap());
        }
        assert_eq!(flood.buckets.len(), 2);
        assert_eq!(flood.take(at(0), "10.0.1.1".parse().unwrap()), Pressure::Drop, "strangers share one bucket");
        assert_eq!(flood.take(at(60_000), "10.0.1.1".parse().unwrap()), Pressure::Normal);
        assert_eq!(flood.buckets.len(), 1, "swept");
    }

    #[test]
    fn one_ipv6_network_is_one_source() {
        let mut flood = Flood::new(LIMITS);
        for last in 0..8 {
            flood.take(at(0), format!("2001:db8::{last}").parse().unwrap());
        }
        assert_eq!(flood.take(at(0), "2001:db8::ffff".parse().unwrap()), Pressure::Drop);
    }
}
