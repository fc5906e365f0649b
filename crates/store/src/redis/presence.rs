//! Who is connected to which process. A process says so again and again; what it said last ends by itself, by Redis's clock.

use std::{collections::HashMap, time::Duration};

use domain::{TenantId, Timestamp, UserId};
use operations::{Connected, PRESENCE_LASTS};
use uuid::Uuid;

use super::{RedisConfig, RedisError, link::Link};

/// Key: the tenant's hash, of `process:user` each with `count since until`. Arguments: the process, how long this counts in
/// milliseconds, then user, count and since of each. What the process said before of others is replaced.
const BEAT: &str = "local c = redis.call('TIME') local now = c[1] * 1000 + math.floor(c[2] / 1000) \
    local said, prefix = {}, ARGV[1] .. ':' \
    for i = 3, #ARGV, 3 do \
        local field = prefix .. ARGV[i] \
        said[field] = true \
        redis.call('HSET', KEYS[1], field, ARGV[i + 1] .. ' ' .. ARGV[i + 2] .. ' ' .. string.format('%.0f', now + ARGV[2])) \
    end \
    for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do \
        if string.sub(field, 1, #prefix) == prefix and not said[field] then redis.call('HDEL', KEYS[1], field) end \
    end \
    redis.call('PEXPIRE', KEYS[1], ARGV[2]) \
    return 1";

/// Key as above. Answers user, count and since of each that still counts.
const ROSTER: &str = "local c = redis.call('TIME') local now = c[1] * 1000 + math.floor(c[2] / 1000) \
    local all, found = redis.call('HGETALL', KEYS[1]), {} \
    for i = 1, #all, 2 do \
        local count, since, ends = string.match(all[i + 1], '^(%d+) (%-?%d+) (%d+)$') \
        if ends and tonumber(ends) > now then \
            found[#found + 1] = string.match(all[i], '[^:]+$') \
            found[#found + 1] = count \
            found[#found + 1] = since \
        else redis.call('HDEL', KEYS[1], all[i]) end \
    end \
    return found";

/// What all processes said. Answers are `None` while Redis is away.
#[derive(Debug)]
pub struct RedisPresence {
    link: Link,
    /// This run of this process.
    process: String,
    lasts: Duration,
}

impl RedisPresence {
    /// Connects when it is first needed. `process` is another one for every run.
    pub fn new(config: RedisConfig, process: Uuid) -> Result<Self, RedisError> {
        let link = Link::new(config, "who is connected is known of this process only")?;
        Ok(Self { link, process: process.simple().to_string(), lasts: PRESENCE_LASTS })
    }

    /// For tests that do not wait so long.
    #[must_use]
    pub fn lasting(self, lasts: Duration) -> Self {
        Self { lasts, ..self }
    }

    fn key(&self, tenant: TenantId) -> String {
        self.link.key(&format!("presence:{tenant}"))
    }

    /// Says who of a tenant is connected to this process.
    pub async fn beat(&self, tenant: TenantId, users: &HashMap<UserId, Connected>) -> Option<()> {
        let mut pipe = redis::pipe();
        pipe.cmd("EVAL").arg(BEAT).arg(1).arg(self.key(tenant)).arg(&self.process);
        pipe.arg(u64::try_from(self.lasts.as_millis()).unwrap_or(u64::MAX));
        for (user, connected) in users {
            pipe.arg(user.0.to_string()).arg(connected.count).arg(connected.since.micros());
        }
        self.link.ask::<(i64,)>(&pipe).await.map(|_| ())
    }

    /// Who of a tenant is connected to any.
    pub async fn roster(&self, tenant: TenantId) -> Option<HashMap<UserId, Connected>> {
        let mut pipe = redis::pipe();
        pipe.cmd("EVAL").arg(ROSTER).arg(1).arg(self.key(tenant));
        let (found,): (Vec<String>,) = self.link.ask(&pipe).await?;
        let mut users: HashMap<UserId, Connected> = HashMap::new();
        for said in found.chunks_exact(3) {
            // Another version's words mean nothing here.
            let [user, count, since] = said else { continue };
            let (Ok(user), Ok(count), Ok(since)) = (user.parse::<Uuid>(), count.parse(), since.parse()) else {
                continue;
            };
            let here = Connected { count, since: Timestamp::from_micros(since) };
            users.entry(UserId(user)).and_modify(|known| *known = known.with(here)).or_insert(here);
        }
        Some(users)
    }
}
