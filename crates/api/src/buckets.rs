//! Requests are taken from buckets: full for whoever was quiet, filled again evenly (GCRA: one number a bucket says it all).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use domain::Timestamp;

use crate::ports::{Bucket, Buckets, Taken};

const MINUTE_MICROS: i64 = 60_000_000;

impl Bucket {
    /// Microseconds until one request more is in it; at least one, so 60 million a minute is the most there is.
    pub fn interval_micros(&self) -> i64 {
        (MINUTE_MICROS / i64::from(self.per_minute.max(1))).max(1)
    }

    /// How far it may be emptied: a minute's worth at once.
    pub fn room_micros(&self) -> i64 {
        self.interval_micros() * i64::from(self.per_minute.max(1))
    }

    /// Takes one, from a bucket that lacks `lack` microseconds of being full.
    pub fn take(&self, lack: i64) -> Taken {
        let after = lack.max(0) + self.interval_micros();
        let admitted = after <= self.room_micros();
        Taken { admitted, lack_micros: if admitted { after } else { lack } }
    }
}

/// What a request is told of the bucket it was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests a full bucket holds.
    pub limit: u32,
    /// Of these, still there.
    pub remaining: u32,
    /// Seconds until it is full; when it was empty, until there is one again.
    pub reset_secs: u64,
    /// False when it was empty.
    pub admitted: bool,
}

impl Allowance {
    /// Of what was taken from a bucket.
    pub fn of(bucket: &Bucket, taken: Taken) -> Self {
        let left = (bucket.room_micros() - taken.lack_micros).max(0) / bucket.interval_micros();
        let wait = if taken.admitted {
            taken.lack_micros
        } else {
            taken.lack_micros + bucket.interval_micros() - bucket.room_micros()
        };
        Self {
            limit: bucket.per_minute,
            remaining: if taken.admitted { u32::try_from(left).unwrap_or(bucket.per_minute) } else { 0 },
            reset_secs: u64::try_from(wait.max(0)).unwrap_or(0).div_ceil(1_000_000),
            admitted: taken.admitted,
        }
    }
}

/// The buckets of one process.
#[derive(Debug)]
pub struct LocalBuckets {
    keys_max: usize,
    /// When each is full again, microseconds. Those that are full are not kept.
    full_at: Mutex<HashMap<String, i64>>,
}

/// Shared by all for whom the table has no room: it errs on the side of refusing.
const OVERFLOW: &str = "";

impl LocalBuckets {
    /// Of so many keys at most.
    pub fn new(keys_max: usize) -> Self {
        Self { keys_max, full_at: Mutex::default() }
    }

    /// Takes one from a bucket.
    pub fn take_one(&self, bucket: &Bucket, now: Timestamp) -> Taken {
        let now = now.micros();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= self.keys_max && !full_at.contains_key(&bucket.key) {
            full_at.retain(|_, at| *at > now);
        }
        let is_full = full_at.len() >= self.keys_max && !full_at.contains_key(&bucket.key);
        let key = if is_full { OVERFLOW } else { &bucket.key };
        let lack = full_at.get(key).map_or(0, |at| (at - now).max(0));
        let taken = bucket.take(lack);
        if taken.admitted {
            full_at.insert(key.to_owned(), now + taken.lack_micros);
        }
        taken
    }
}

#[async_trait]
impl Buckets for LocalBuckets {
    async fn take(&self, buckets: &[Bucket], now: Timestamp) -> Vec<Taken> {
        buckets.iter().map(|bucket| self.take_one(bucket, now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(key: &str, per_minute: u32) -> Bucket {
        Bucket { key: key.to_owned(), per_minute }
    }

    fn take(buckets: &LocalBuckets, bucket: &Bucket, seconds: i64) -> Allowance {
        Allowance::of(bucket, buckets.take_one(bucket, Timestamp::from_secs(seconds)))
    }

    #[test]
    fn a_burst_and_then_evenly() {
        let (buckets, ann) = (LocalBuckets::new(10), bucket("ann", 3));
        let first = take(&buckets, &ann, 1_000);
        assert_eq!(first, Allowance { limit: 3, remaining: 2, reset_secs: 20, admitted: true });
        assert_eq!(take(&buckets, &ann, 1_000).remaining, 1);
        assert_eq!(take(&buckets, &ann, 1_000).remaining, 0);
        let refused = take(&buckets, &ann, 1_005);
        assert_eq!(refused, Allowance { limit: 3, remaining: 0, reset_secs: 15, admitted: false });
        assert!(take(&buckets, &bucket("bob", 3), 1_005).admitted, "another key has its own bucket");
        assert!(take(&buckets, &ann, 1_020).admitted, "a third of a minute is one request");
        assert!(!take(&buckets, &ann, 1_020).admitted);
        assert_eq!(take(&buckets, &ann, 1_200).remaining, 2, "full again");
    }

    #[test]
    fn a_rate_beyond_the_clocks_resolution_is_no_fault() {
        let (buckets, all) = (LocalBuckets::new(10), bucket("all", u32::MAX));
        let first = take(&buckets, &all, 1_000);
        assert!(first.admitted && first.remaining > 60_000_000, "{first:?}");
    }

    #[test]
    fn a_full_table_shares_one_bucket_and_frees_those_that_are_full() {
        let buckets = LocalBuckets::new(2);
        for key in ["a", "b"] {
            take(&buckets, &bucket(key, 1), 1_000);
        }
        assert!(take(&buckets, &bucket("c", 1), 1_000).admitted);
        assert!(!take(&buckets, &bucket("d", 1), 1_000).admitted, "c and d share");
        assert!(take(&buckets, &bucket("d", 1), 1_060).admitted, "a and b are full again");
    }
}
