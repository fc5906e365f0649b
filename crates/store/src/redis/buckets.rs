//! Buckets of requests shared by all API processes.

use super::{RedisConfig, RedisError, link::Link};

/// Takes one where there is room: by Redis's clock, so that those of the processes do not matter. Arguments: interval and room in
/// microseconds. Answers whether, and what is lacking of a full bucket.
const TAKE: &str = "local t = redis.call('TIME') local now = t[1] * 1000000 + t[2] \
    local lack = math.max(0, tonumber(redis.call('GET', KEYS[1]) or '0') - now) \
    local after = lack + ARGV[1] \
    if after > tonumber(ARGV[2]) then return {0, lack} end \
    redis.call('SET', KEYS[1], string.format('%.0f', now + after), 'PX', math.ceil(after / 1000) + 1000) \
    return {1, after}";

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedBucket {
    /// Whose.
    pub key: String,
    /// Until one request more is in it.
    pub interval_micros: i64,
    /// How far it may be emptied.
    pub room_micros: i64,
}

/// All of them.
#[derive(Debug)]
pub struct RedisBuckets {
    link: Link,
}

impl RedisBuckets {
    /// Connects when it is first needed.
    pub fn new(config: RedisConfig) -> Result<Self, RedisError> {
        Ok(Self { link: Link::new(config, "limits are counted by each process")? })
    }

    /// Takes one from each: whether there was one, and the microseconds it then lacks. `None` while Redis is away.
    pub async fn take(&self, buckets: &[SharedBucket]) -> Option<Vec<(bool, i64)>> {
        let mut pipe = redis::pipe();
        for bucket in buckets {
            let key = self.link.key(&format!("bucket:{}", bucket.key));
            pipe.cmd("EVAL").arg(TAKE).arg(1).arg(key).arg(bucket.interval_micros).arg(bucket.room_micros);
        }
        let taken: Vec<(i64, i64)> = self.link.ask(&pipe).await?;
        Some(taken.into_iter().map(|(admitted, lack)| (admitted == 1, lack)).collect())
    }
}
