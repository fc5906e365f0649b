//! Counting requests, in tables of bounded size.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::Timestamp;

/// What a count says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests in one window.
    pub limit: u32,
    /// Of these, still to go.
    pub remaining: u32,
    /// Seconds until the window ends.
    pub reset_secs: u64,
    /// False once it was one too many.
    pub admitted: bool,
}

/// Counts by key in windows that begin with a key's first request.
#[derive(Debug)]
pub struct Windows<K> {
    window: Duration,
    keys_max: usize,
    counts: Mutex<Counts<K>>,
}

#[derive(Debug)]
struct Counts<K> {
    by_key: HashMap<K, Count>,
    /// Everybody for whom the table has no room, together.
    overflow: Count,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    began: Timestamp,
    hits: u32,
}

impl Count {
    fn fresh(now: Timestamp) -> Self {
        Self { began: now, hits: 0 }
    }
}

impl<K: Eq + Hash> Windows<K> {
    /// At the bound `keys_max` further keys share one count, which errs on the side of refusing.
    pub fn new(window: Duration, keys_max: usize) -> Self {
        let overflow = Count::fresh(Timestamp::default());
        Self { window, keys_max, counts: Mutex::new(Counts { by_key: HashMap::new(), overflow }) }
    }

    /// Counts one and says whether it was within `limit`.
    pub fn count(&self, key: K, limit: u32, now: Timestamp) -> Allowance {
        self.with(key, now, |count| count.hits = count.hits.saturating_add(1), limit)
    }

    fn with(&self, key: K, now: Timestamp, change: impl FnOnce(&mut Count), limit: u32) -> Allowance {
        let mut guard = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = &mut *guard;
        if counts.by_key.len() >= self.keys_max && !counts.by_key.contains_key(&key) {
            counts.by_key.retain(|_, count| now.since(count.began) < self.window);
        }
        let is_full = counts.by_key.len() >= self.keys_max && !counts.by_key.contains_key(&key);
        let count =
            if is_full { &mut counts.overflow } else { counts.by_key.entry(key).or_insert_with(|| Count::fresh(now)) };
        if now.since(count.began) >= self.window {
            *count = Count::fresh(now);
        }
        change(count);
        let left = self.window.saturating_sub(now.since(count.began));
        Allowance {
            limit,
            remaining: limit.saturating_sub(count.hits),
            reset_secs: left.as_secs() + u64::from(left.subsec_nanos() > 0),
            admitted: count.hits <= limit,
        }
    }
}

/// An IPv6 customer has a /64 to choose addresses from, so that is what is counted.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn counts_within_a_window() {
        let windows = Windows::new(MINUTE, 10);
        let start = Timestamp::from_secs(1_000);
        assert_eq!(windows.count("a", 2, start), Allowance { limit: 2, remaining: 1, reset_secs: 60, admitted: true });
        assert!(windows.count("a", 2, start.after(Duration::from_secs(30))).admitted);
        let third = windows.count("a", 2, start.after(Duration::from_secs(30)));
        assert_eq!(third, Allowance { limit: 2, remaining: 0, reset_secs: 30, admitted: false });
        assert!(windows.count("b", 2, start).admitted, "another key has its own count");
        assert!(windows.count("a", 2, start.after(MINUTE)).admitted, "a new window");
    }

    #[test]
    fn a_full_table_shares_one_count_and_frees_old_keys() {
        let windows = Windows::new(MINUTE, 2);
        let start = Timestamp::from_secs(1_000);
        windows.count(1, 1, start);
        windows.count(2, 1, start);
        assert!(windows.count(3, 1, start).admitted);
        assert!(!windows.count(4, 1, start).admitted, "3 and 4 share");
        assert!(windows.count(4, 1, start.after(MINUTE)).admitted, "1 and 2 are over");
    }

    #[test]
    fn ipv6_is_counted_by_its_64() {
        let (one, two) = ("2001:db8::1".parse().unwrap(), "2001:db8::ffff:1".parse().unwrap());
        assert_eq!(network_of(one), network_of(two));
        assert_eq!(network_of("::ffff:192.0.2.1".parse().unwrap()), IpAddr::from([192, 0, 2, 1]));
    }
}
