//! Counts of one process, in tables of bounded size.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::Timestamp;

use super::{Counters, SignInLimits, SignInTry, Trier};

/// The counters of one process.
#[derive(Debug)]
pub struct LocalCounters {
    keys_max: usize,
    failures: Mutex<HashMap<Key, Failures>>,
    /// When each is forgotten, microseconds.
    used: Mutex<HashMap<String, i64>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Both(Trier),
    Account(String),
    Network(String),
    /// Everybody for whom the table has no room, together: that errs on the side of refusing.
    Rest,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Timestamp,
}

fn keys(who: &Trier) -> [Key; 3] {
    [Key::Both(who.clone()), Key::Account(who.account.clone()), Key::Network(who.network.clone())]
}

impl LocalCounters {
    /// Remembers `keys_max` accounts and networks at most, and as many keys that were used.
    pub fn new(keys_max: usize) -> Self {
        Self { keys_max, failures: Mutex::default(), used: Mutex::default() }
    }

    /// As [`Counters::is_first`]. With the table full nobody is, until something is forgotten.
    pub fn is_first(&self, key: &str, remembered: Duration, now: Timestamp) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= self.keys_max {
            used.retain(|_, until| *until > now.micros());
        }
        if used.get(key).is_some_and(|until| *until > now.micros()) || used.len() >= self.keys_max {
            return false;
        }
        used.insert(key.to_owned(), now.after(remembered).micros());
        true
    }

    /// As [`Counters::begin`].
    pub fn begin(&self, who: &Trier, limits: &SignInLimits, now: Timestamp) -> Result<SignInTry, Duration> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let free = [limits.per_account_and_network, limits.per_account, limits.per_network];
        let rest = (Key::Rest, limits.per_network);
        let waits = keys(who).into_iter().zip(free).chain([rest]).filter_map(|(key, free)| {
            let known = failures.get(&key).filter(|known| now.since(known.last) < limits.forgotten_after)?;
            let left = known.last.after(limits.wait(known.count, free)?).since(now);
            (!left.is_zero()).then_some(left)
        });
        if let Some(left) = waits.max() {
            return Err(left);
        }
        let mut earlier = [0; 3];
        for (key, earlier) in keys(who).into_iter().zip(&mut earlier) {
            if failures.len() >= self.keys_max && !failures.contains_key(&key) {
                failures.retain(|_, known| now.since(known.last) < limits.forgotten_after);
            }
            let is_full = failures.len() >= self.keys_max && !failures.contains_key(&key);
            let fresh = Failures { count: 0, last: Timestamp::default() };
            let known = failures.entry(if is_full { Key::Rest } else { key }).or_insert(fresh);
            if now.since(known.last) >= limits.forgotten_after {
                *known = fresh;
            }
            *earlier = known.last.micros();
            *known = Failures { count: known.count.saturating_add(1), last: now };
        }
        Ok(SignInTry { at: now.micros(), earlier, is_shared: false })
    }

    /// As [`Counters::give_back`].
    pub fn give_back(&self, who: &Trier, begun: &SignInTry) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, earlier) in keys(who).into_iter().zip(begun.earlier) {
            let key = if failures.contains_key(&key) { key } else { Key::Rest };
            let Some(known) = failures.get_mut(&key) else { continue };
            known.count = known.count.saturating_sub(1);
            if known.last.micros() == begun.at {
                known.last = Timestamp::from_micros(earlier);
            }
            if known.count == 0 {
                failures.remove(&key);
            }
        }
    }

    /// As [`Counters::forget`].
    pub fn forget(&self, who: &Trier) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&Key::Both(who.clone()));
    }

    /// As [`Counters::forget_account`].
    pub fn forget_account(&self, account: &str) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|key, _| match key {
            Key::Both(who) => who.account != account,
            Key::Account(known) => known != account,
            Key::Network(_) | Key::Rest => true,
        });
    }
}

#[async_trait]
impl Counters for LocalCounters {
    async fn is_first(&self, key: &str, remembered: Duration, now: Timestamp) -> bool {
        self.is_first(key, remembered, now)
    }

    async fn begin(&self, who: &Trier, limits: &SignInLimits, now: Timestamp) -> Result<SignInTry, Duration> {
        self.begin(who, limits, now)
    }

    async fn give_back(&self, who: &Trier, begun: &SignInTry) {
        self.give_back(who, begun);
    }

    async fn forget(&self, who: &Trier) {
        self.forget(who);
    }

    async fn forget_account(&self, account: &str, _: &SignInLimits) {
        self.forget_account(account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trier(account: &str, network: &str) -> Trier {
        Trier { account: account.to_owned(), network: network.to_owned() }
    }

    fn limits() -> SignInLimits {
        SignInLimits::default()
    }

    #[test]
    fn each_failure_beyond_the_free_ones_waits_twice_as_long() {
        let counters = LocalCounters::new(100);
        let (here, there) = (trier("ann", "here"), trier("ann", "there"));
        let mut now = Timestamp::from_secs(1_000);
        for _ in 0..5 {
            counters.begin(&here, &limits(), now).unwrap();
        }
        for wait in [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600] {
            let wait = Duration::from_secs(wait);
            assert_eq!(counters.begin(&here, &limits(), now), Err(wait));
            let elsewhere = counters.begin(&there, &limits(), now).expect("from there they may");
            counters.give_back(&there, &elsewhere);
            now = now.after(wait);
            counters.begin(&here, &limits(), now).unwrap();
        }
        counters.begin(&here, &limits(), now.after(Duration::from_hours(6))).expect("forgotten");
        counters.forget_account("ann");
        counters.begin(&here, &limits(), now).unwrap();
    }

    #[test]
    fn a_try_given_back_leaves_nothing_behind() {
        let (counters, ann) = (LocalCounters::new(100), trier("ann", "here"));
        let now = Timestamp::from_secs(1_000);
        for _ in 0..5 {
            counters.begin(&ann, &limits(), now).unwrap();
        }
        let later = now.after(Duration::from_secs(30));
        for _ in 0..10 {
            let begun = counters.begin(&ann, &limits(), later).expect("no longer wait than before");
            assert!(counters.begin(&ann, &limits(), later).is_err(), "one at a time");
            counters.give_back(&ann, &begun);
        }
        counters.forget(&ann);
        for _ in 0..5 {
            counters.begin(&ann, &limits(), later).unwrap();
        }
    }

    #[test]
    fn one_network_does_not_try_many_accounts() {
        let counters = LocalCounters::new(1_000);
        let now = Timestamp::from_secs(1_000);
        for index in 0..30 {
            counters.begin(&trier(&index.to_string(), "here"), &limits(), now).unwrap();
        }
        assert_eq!(counters.begin(&trier("other", "here"), &limits(), now), Err(Duration::from_secs(30)));
        counters.begin(&trier("other", "there"), &limits(), now).unwrap();
    }

    #[test]
    fn a_full_table_errs_on_the_side_of_refusing() {
        let counters = LocalCounters::new(3);
        let now = Timestamp::from_secs(1_000);
        let tries = (0..40).filter(|index| {
            let who = trier(&index.to_string(), &index.to_string());
            counters.begin(&who, &limits(), now).is_ok()
        });
        assert!((10..=15).contains(&tries.count()), "those without room share one count");
        assert!(counters.begin(&trier("new", "here"), &limits(), now).is_err());
    }

    #[test]
    fn a_key_is_used_once_until_it_is_forgotten() {
        let counters = LocalCounters::new(2);
        let (now, minute) = (Timestamp::from_secs(1_000), Duration::from_mins(1));
        assert!(counters.is_first("a", minute, now));
        assert!(!counters.is_first("a", minute, now));
        assert!(counters.is_first("b", minute, now));
        assert!(!counters.is_first("c", minute, now), "no room");
        assert!(counters.is_first("a", minute, now.after(minute)));
    }
}
