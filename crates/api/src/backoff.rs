//! Failed sign-ins: after a few free tries each further one waits twice as long as the one before.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::Timestamp;

/// How failed sign-ins are slowed down.
#[derive(Clone, Copy, Debug)]
pub struct SignInLimits {
    /// Free tries for one account from one network.
    pub per_account_and_network: u32,
    /// Free tries for one account from anywhere. Higher, so that a stranger does not lock somebody out with a few tries.
    pub per_account: u32,
    /// Free tries from one network, whatever the account.
    pub per_network: u32,
    /// The wait after the first try too many; it doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// Failures are forgotten when so long nothing failed.
    pub forgotten_after: Duration,
}

impl Default for SignInLimits {
    fn default() -> Self {
        Self {
            per_account_and_network: 5,
            per_account: 50,
            per_network: 30,
            first_wait: Duration::from_secs(30),
            longest_wait: Duration::from_hours(1),
            forgotten_after: Duration::from_hours(6),
        }
    }
}

/// Slows down whoever guesses passwords or codes.
#[derive(Debug)]
pub struct SignInGuard {
    limits: SignInLimits,
    keys_max: usize,
    failures: Mutex<HashMap<Key, Failures>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Both(String, IpAddr),
    Account(String),
    Network(IpAddr),
    /// Everybody for whom the table has no room, together: that errs on the side of refusing.
    Rest,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl SignInGuard {
    /// Remembers `keys_max` accounts and networks at most.
    pub fn new(limits: SignInLimits, keys_max: usize) -> Self {
        Self { limits, keys_max, failures: Mutex::default() }
    }

    fn keys(&self, account: &str, network: IpAddr) -> [(Key, u32); 3] {
        let account = account.to_owned();
        [
            (Key::Network(network), self.limits.per_network),
            (Key::Both(account.clone(), network), self.limits.per_account_and_network),
            (Key::Account(account), self.limits.per_account),
        ]
    }

    /// Seconds to wait, rounded up, when there were too many failures.
    pub fn locked_for(&self, account: &str, network: IpAddr, now: Timestamp) -> Option<u64> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = (Key::Rest, self.limits.per_network);
        let waits = self.keys(account, network).into_iter().chain([rest]).filter_map(|(key, free)| {
            let known = failures.get(&key)?;
            let until = known.last.after(self.wait(known.count, free)?);
            let left = until.since(now);
            (!left.is_zero()).then(|| left.as_secs() + u64::from(left.subsec_nanos() > 0))
        });
        waits.max()
    }

    /// How long `count` failures hold up the next try; not at all while they are free.
    fn wait(&self, count: u32, free: u32) -> Option<Duration> {
        let beyond = count.checked_sub(free)?;
        let doubled = 2_u32.checked_pow(beyond).and_then(|times| self.limits.first_wait.checked_mul(times));
        Some(doubled.map_or(self.limits.longest_wait, |wait| wait.min(self.limits.longest_wait)))
    }

    /// Counts a failure.
    pub fn failed(&self, account: &str, network: IpAddr, now: Timestamp) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, _) in self.keys(account, network) {
            if failures.len() >= self.keys_max && !failures.contains_key(&key) {
                failures.retain(|_, known| now.since(known.last) < self.limits.forgotten_after);
            }
            let is_full = failures.len() >= self.keys_max && !failures.contains_key(&key);
            let known =
                failures.entry(if is_full { Key::Rest } else { key }).or_insert(Failures { count: 0, last: now });
            if now.since(known.last) >= self.limits.forgotten_after {
                known.count = 0;
            }
            known.count = known.count.saturating_add(1);
            known.last = now;
        }
    }

    /// The right password clears the account's count from this network.
    pub fn succeeded(&self, account: &str, network: IpAddr) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&Key::Both(account.to_owned(), network));
    }

    /// Whoever chose a new password by a link that was sent to them begins anew, from everywhere.
    pub fn reset(&self, account: &str) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|key, _| !matches!(key, Key::Both(known, _) | Key::Account(known) if known == account));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn each_failure_beyond_the_free_ones_waits_twice_as_long() {
        let guard = SignInGuard::new(SignInLimits::default(), 100);
        let mut now = Timestamp::from_secs(1_000);
        for _ in 0..5 {
            assert_eq!(guard.locked_for("a@b.c", HERE, now), None);
            guard.failed("a@b.c", HERE, now);
        }
        for wait in [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600] {
            assert_eq!(guard.locked_for("a@b.c", HERE, now), Some(wait));
            assert_eq!(guard.locked_for("a@b.c", THERE, now), None, "from there they may");
            now = now.after(Duration::from_secs(wait));
            assert_eq!(guard.locked_for("a@b.c", HERE, now), None);
            guard.failed("a@b.c", HERE, now);
        }
        assert_eq!(guard.locked_for("a@b.c", HERE, now.after(Duration::from_hours(6))), None);
        guard.reset("a@b.c");
        assert_eq!(guard.locked_for("a@b.c", HERE, now), None);
    }

    #[test]
    fn one_network_does_not_try_many_accounts() {
        let guard = SignInGuard::new(SignInLimits::default(), 1_000);
        let now = Timestamp::from_secs(1_000);
        for index in 0..30 {
            guard.failed(&format!("{index}@b.c"), HERE, now);
        }
        assert_eq!(guard.locked_for("other@b.c", HERE, now), Some(30));
        assert_eq!(guard.locked_for("other@b.c", THERE, now), None);
    }

    #[test]
    fn a_full_table_errs_on_the_side_of_refusing() {
        let guard = SignInGuard::new(SignInLimits::default(), 3);
        let now = Timestamp::from_secs(1_000);
        for index in 0..20 {
            guard.failed(&format!("{index}@b.c"), THERE, now);
        }
        assert!(guard.locked_for("new@b.c", HERE, now).is_some());
    }
}
