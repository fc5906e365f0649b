//! Failed sign-ins and keys used once, counted by all API processes together. Each step is one script or one command, so that of
//! many at once none comes between.

use std::time::Duration;

use operations::{SignInLimits, SignInTry, Trier};

use super::{RedisConfig, RedisError, link::Link};

/// Keys: of the account from the network, of the account, of the network. Each is a hash: how many failed (`n`), when the last one
/// did (`t`); in the account's also since when others count (`r`). Arguments: first wait, longest wait and when all is forgotten, in
/// microseconds; free tries of each. Answers 1, the time, and the earlier times; or 0 and how long to wait. By Redis's clock, so that
/// those of the processes do not matter.
const BEGIN: &str = "local c = redis.call('TIME') local now = c[1] * 1000000 + c[2] \
    local since = tonumber(redis.call('HGET', KEYS[2], 'r') or '0') \
    local count, last, wait = {}, {}, 0 \
    for i = 1, 3 do \
        local known = redis.call('HMGET', KEYS[i], 'n', 't') \
        count[i], last[i] = tonumber(known[1] or '0'), tonumber(known[2] or '0') \
        if now - last[i] >= tonumber(ARGV[3]) or (i < 3 and last[i] <= since) then count[i], last[i] = 0, 0 end \
        local beyond = count[i] - tonumber(ARGV[3 + i]) \
        if beyond >= 0 then wait = math.max(wait, last[i] + math.min(ARGV[1] * 2 ^ beyond, tonumber(ARGV[2])) - now) end \
    end \
    if wait > 0 then return {0, wait, 0, 0, 0} end \
    for i = 1, 3 do \
        redis.call('HSET', KEYS[i], 'n', count[i] + 1, 't', string.format('%.0f', now)) \
        redis.call('PEXPIRE', KEYS[i], math.ceil(ARGV[3] / 1000)) \
    end \
    return {1, now, last[1], last[2], last[3]}";

/// Keys as above. Arguments: when the try began, and the three earlier times.
const GIVE_BACK: &str = "for i = 1, 3 do \
        local known = redis.call('HMGET', KEYS[i], 'n', 't') \
        if known[1] and tonumber(known[1]) > 0 then \
            redis.call('HINCRBY', KEYS[i], 'n', -1) \
            if known[2] == ARGV[1] then redis.call('HSET', KEYS[i], 't', ARGV[1 + i]) end \
            if tonumber(known[1]) == 1 and redis.call('HEXISTS', KEYS[i], 'r') == 0 then redis.call('DEL', KEYS[i]) end \
        end \
    end \
    return 1";

/// The account's key. Argument: when all is forgotten, microseconds: as long stays known since when others count.
const FORGET_ACCOUNT: &str = "local c = redis.call('TIME') \
    redis.call('DEL', KEYS[1]) \
    redis.call('HSET', KEYS[1], 'r', string.format('%.0f', c[1] * 1000000 + c[2])) \
    redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[1] / 1000)) \
    return 1";

/// All of them. Answers are `None` while Redis is away.
#[derive(Debug)]
pub struct RedisCounters {
    link: Link,
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

impl RedisCounters {
    /// Connects when it is first needed.
    pub fn new(config: RedisConfig) -> Result<Self, RedisError> {
        Ok(Self { link: Link::new(config, "sign-ins and tickets are counted by each process")? })
    }

    fn both(&self, who: &Trier) -> String {
        self.link.key(&format!("tries:both:{}:{}", who.account, who.network))
    }

    fn account(&self, account: &str) -> String {
        self.link.key(&format!("tries:account:{account}"))
    }

    fn keys(&self, who: &Trier) -> [String; 3] {
        [self.both(who), self.account(&who.account), self.link.key(&format!("tries:network:{}", who.network))]
    }

    /// Whether nobody asked with this key before.
    pub async fn is_first(&self, key: &str, remembered: Duration) -> Option<bool> {
        let mut pipe = redis::pipe();
        let millis = u64::try_from(remembered.as_millis()).unwrap_or(u64::MAX).max(1);
        pipe.cmd("SET").arg(self.link.key(&format!("used:{key}"))).arg(1).arg("NX").arg("PX").arg(millis);
        let (set,): (Option<String>,) = self.link.ask(&pipe).await?;
        Some(set.is_some())
    }

    /// Counts a try as failed; or how long to wait.
    pub async fn begin(&self, who: &Trier, limits: &SignInLimits) -> Option<Result<SignInTry, Duration>> {
        let mut pipe = redis::pipe();
        pipe.cmd("EVAL").arg(BEGIN).arg(3).arg(&self.keys(who));
        for span in [limits.first_wait, limits.longest_wait, limits.forgotten_after] {
            pipe.arg(micros(span));
        }
        pipe.arg(limits.per_account_and_network).arg(limits.per_account).arg(limits.per_network);
        let ((begun, number, both, account, network),): ((i64, i64, i64, i64, i64),) = self.link.ask(&pipe).await?;
        Some(if begun == 1 {
            Ok(SignInTry { at: number, earlier: [both, account, network], is_shared: true })
        } else {
            Err(Duration::from_micros(u64::try_from(number).unwrap_or(0)))
        })
    }

    /// The try did not fail.
    pub async fn give_back(&self, who: &Trier, begun: &SignInTry) -> Option<()> {
        let mut pipe = redis::pipe();
        pipe.cmd("EVAL").arg(GIVE_BACK).arg(3).arg(&self.keys(who)).arg(begun.at).arg(&begun.earlier);
        self.link.ask::<(i64,)>(&pipe).await.map(|_| ())
    }

    /// The account's failures from this network are over.
    pub async fn forget(&self, who: &Trier) -> Option<()> {
        let mut pipe = redis::pipe();
        pipe.cmd("DEL").arg(self.both(who));
        self.link.ask::<(i64,)>(&pipe).await.map(|_| ())
    }

    /// The account's failures from everywhere are over.
    pub async fn forget_account(&self, account: &str, limits: &SignInLimits) -> Option<()> {
        let mut pipe = redis::pipe();
        pipe.cmd("EVAL").arg(FORGET_ACCOUNT).arg(1).arg(self.account(account)).arg(micros(limits.forgotten_after));
        self.link.ask::<(i64,)>(&pipe).await.map(|_| ())
    }
}
