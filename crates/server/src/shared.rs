//! What several processes share through Redis, and what stands in for it in one process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use api::LocalBuckets;
use api::ports::{Bucket, Buckets, CallControl, Health, HealthProbe, PortError, Taken};
use async_trait::async_trait;
use domain::{CallId, OutboundCall, SwitchId, TenantId, Timestamp, UserId};
use operations::{
    Counters, LiveBus, LocalCounters, LocalPresence, Presence, Roster, SignInLimits, SignInTry, Switches, Trier,
};
use store::{
    LiveKept, MemoryBus, Order, RedisBuckets, RedisBus, RedisConfig, RedisCounters, RedisOrders, RedisPresence,
    SharedBucket,
};
use switch::Input;
use tokio::sync::{Mutex, mpsc};
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Config;
use crate::voice::switch_thread::SwitchHandle;

/// Orders of other processes that wait for the switch.
const ORDERS_MAX: usize = 1_024;

fn redis(config: &Config) -> Option<RedisConfig> {
    let url = config.redis.url.clone()?;
    Some(RedisConfig {
        prefix: config.redis.prefix.clone(),
        stream_max: config.redis.stream_max,
        ..RedisConfig::new(url)
    })
}

/// Where live updates go and come from.
pub fn bus(config: &Config, has_screens: bool, clock: Clock) -> anyhow::Result<Arc<dyn LiveBus>> {
    let kept = LiveKept { behind_max: config.live.behind_max, kept_max: config.live.kept_max };
    Ok(match redis(config) {
        Some(redis) => Arc::new(RedisBus::start(redis, kept, has_screens).context("redis.url")?),
        None => Arc::new(MemoryBus::of_run(kept, clock.now())),
    })
}

/// The way to the switches of other processes, where there is one.
pub fn orders(config: &Config) -> anyhow::Result<Option<Arc<RedisOrders>>> {
    redis(config).map(|redis| RedisOrders::new(redis).map(Arc::new).context("redis.url")).transpose()
}

/// Where the API takes requests from.
pub fn buckets(config: &Config, keys_max: usize) -> anyhow::Result<Arc<dyn Buckets>> {
    let here = LocalBuckets::new(keys_max);
    Ok(match redis(config) {
        Some(redis) => Arc::new(SharedBuckets { everywhere: RedisBuckets::new(redis).context("redis.url")?, here }),
        None => Arc::new(here),
    })
}

/// Those of all processes, and of this one alone while Redis is away.
#[derive(Debug)]
struct SharedBuckets {
    everywhere: RedisBuckets,
    here: LocalBuckets,
}

#[async_trait]
impl Buckets for SharedBuckets {
    async fn take(&self, buckets: &[Bucket], now: Timestamp) -> Vec<Taken> {
        let shared = |bucket: &Bucket| SharedBucket {
            key: bucket.key.clone(),
            interval_micros: bucket.interval_micros(),
            room_micros: bucket.room_micros(),
        };
        let shared: Vec<SharedBucket> = buckets.iter().map(shared).collect();
        match self.everywhere.take(&shared).await {
            Some(taken) => taken.into_iter().map(|(admitted, lack_micros)| Taken { admitted, lack_micros }).collect(),
            None => self.here.take(buckets, now).await,
        }
    }
}

/// Where the API counts failed sign-ins and what is good once.
pub fn counters(config: &Config, keys_max: usize) -> anyhow::Result<Arc<dyn Counters>> {
    let here = LocalCounters::new(keys_max);
    Ok(match redis(config) {
        Some(redis) => Arc::new(SharedCounters { everywhere: RedisCounters::new(redis).context("redis.url")?, here }),
        None => Arc::new(here),
    })
}

/// Those of all processes, and of this one alone while Redis is away.
#[derive(Debug)]
struct SharedCounters {
    everywhere: RedisCounters,
    here: LocalCounters,
}

#[async_trait]
impl Counters for SharedCounters {
    async fn is_first(&self, key: &str, remembered: Duration, now: Timestamp) -> bool {
        // Also remembered here, so that what this process let in is refused by it when Redis goes away after.
        self.here.is_first(key, remembered, now) && self.everywhere.is_first(key, remembered).await.unwrap_or(true)
    }

    async fn begin(&self, who: &Trier, limits: &SignInLimits, now: Timestamp) -> Result<SignInTry, Duration> {
        match self.everywhere.begin(who, limits).await {
            Some(begun) => begun,
            None => self.here.begin(who, limits, now),
        }
    }

    async fn give_back(&self, who: &Trier, begun: &SignInTry) {
        if begun.is_shared {
            // Should Redis be gone since, the try counts: that errs on the side of refusing.
            self.everywhere.give_back(who, begun).await;
        } else {
            self.here.give_back(who, begun);
        }
    }

    async fn forget(&self, who: &Trier) {
        self.here.forget(who);
        self.everywhere.forget(who).await;
    }

    async fn forget_account(&self, account: &str, limits: &SignInLimits) {
        self.here.forget_account(account);
        self.everywhere.forget_account(account, limits).await;
    }
}

/// Where connections are known; `process` names this run of it.
pub fn presence(config: &Config, process: Uuid) -> anyhow::Result<Arc<dyn Presence>> {
    let here = LocalPresence::default();
    Ok(match redis(config) {
        Some(redis) => {
            let everywhere = RedisPresence::new(redis, process).context("redis.url")?;
            Arc::new(SharedPresence { everywhere, here, saying: Mutex::default() })
        }
        None => Arc::new(here),
    })
}

/// Connections to all processes, and to this one alone while Redis is away.
struct SharedPresence {
    everywhere: RedisPresence,
    here: LocalPresence,
    /// One at a time, so that what is said last is what is.
    saying: Mutex<()>,
}

impl SharedPresence {
    async fn say(&self, tenant: TenantId) {
        let _one_at_a_time = self.saying.lock().await;
        // Should Redis not hear it, the next beat says it again.
        self.everywhere.beat(tenant, &self.here.users(tenant)).await;
    }
}

#[async_trait]
impl Presence for SharedPresence {
    async fn joined(&self, tenant: TenantId, user: UserId, now: Timestamp) {
        self.here.join(tenant, user, now);
        self.say(tenant).await;
    }

    async fn left(&self, tenant: TenantId, user: UserId) {
        self.here.leave(tenant, user);
        self.say(tenant).await;
    }

    async fn roster(&self, tenant: TenantId) -> Roster {
        match self.everywhere.roster(tenant).await {
            Some(users) => Roster { users, is_whole: true },
            None => Roster { users: self.here.users(tenant), is_whole: false },
        }
    }

    async fn beat(&self) {
        for tenant in self.here.all().into_keys() {
            self.say(tenant).await;
        }
    }
}

/// Hands the orders of other processes to the switch of this one.
pub async fn follow(orders: Arc<RedisOrders>, id: SwitchId, switch: SwitchHandle) {
    let (sender, mut given) = mpsc::channel(ORDERS_MAX);
    let hand_on = async {
        while let Some(order) = given.recv().await {
            let input = match order {
                Order::HangUp { tenant, call } => Input::HangUp { tenant, call },
                Order::Place(order) => Input::Place(order),
            };
            if !switch.give(input) {
                tracing::warn!("the switch does not take orders now");
            }
        }
    };
    tokio::join!(orders.listen(id, sender), hand_on);
}

/// A switch that beats once a second and was not heard of for so long is not asked to place a call.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// Switches asked, one after another, until one listens.
const SWITCHES_MAX: u32 = 16;

/// Reaches the calls of this process's switch, and those of others through Redis.
pub struct Calls {
    pub here: Option<(SwitchId, SwitchHandle)>,
    pub elsewhere: Option<Arc<RedisOrders>>,
    /// Which switches are there.
    pub switches: Arc<dyn Switches>,
    pub clock: Clock,
    /// Whose turn it is among them.
    turn: AtomicUsize,
}

impl Calls {
    pub fn new(
        here: Option<(SwitchId, SwitchHandle)>,
        elsewhere: Option<Arc<RedisOrders>>,
        switches: Arc<dyn Switches>,
        clock: Clock,
    ) -> Self {
        Self { here, elsewhere, switches, clock, turn: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl CallControl for Calls {
    async fn hang_up(&self, tenant: TenantId, switch: SwitchId, call: CallId) -> Result<bool, PortError> {
        let unavailable = |why: &str| Err(PortError::Unavailable(why.to_owned()));
        match (&self.here, &self.elsewhere) {
            (Some((id, here)), _) if *id == switch => {
                if here.give(Input::HangUp { tenant, call }) {
                    Ok(true)
                } else {
                    unavailable("the switch does not take orders now")
                }
            }
            (_, Some(elsewhere)) => match elsewhere.give(switch, &Order::HangUp { tenant, call }).await {
                Ok(true) => Ok(true),
                Ok(false) => {
                    unavailable("the call's switch does not listen; it may be gone, and then closes the call itself")
                }
                Err(error) => Err(PortError::Unavailable(error.to_string())),
            },
            _ => unavailable("the switch is another process: set redis.url for both"),
        }
    }

    async fn place(&self, order: OutboundCall) -> Result<SwitchId, PortError> {
        let unavailable = |why: String| Err(PortError::Unavailable(why));
        if let Some((id, here)) = &self.here {
            return match here.give(Input::Place(Box::new(order))) {
                true => Ok(*id),
                false => unavailable("the switch does not take orders now".to_owned()),
            };
        }
        let Some(elsewhere) = &self.elsewhere else {
            return unavailable("the switch is another process: set redis.url for both".to_owned());
        };
        let since = self.clock.now().before(SILENCE_MAX);
        let live = self.switches.live_switches(since, SWITCHES_MAX).await;
        let mut live = live.map_err(|error| PortError::Unavailable(error.to_string()))?;
        live.sort_unstable();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = live.len();
        if count > 0 {
            live.rotate_left(turn % count);
        }
        let order = Order::Place(Box::new(order));
        for switch in live {
            match elsewhere.give(switch, &order).await {
                Ok(true) => return Ok(switch),
                // Nobody heard it: the next one may be told.
                Ok(false) => {}
                Err(error) if error.is_refusal() => return unavailable(error.to_string()),
                // Nobody knows whether it was heard, so nobody else is told: the call's events show it.
                Err(error) => {
                    tracing::warn!(%error, %switch, "an order may have been lost");
                    return Ok(switch);
                }
            }
        }
        unavailable(format!("none of {count} switches listens"))
    }
}

/// Redis answers. Without it screens show less; calls and money do not need it.
#[derive(Debug)]
pub struct RedisProbe(pub Option<Arc<RedisOrders>>);

#[async_trait]
impl HealthProbe for RedisProbe {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn is_vital(&self) -> bool {
        false
    }

    async fn check(&self) -> Health {
        match &self.0 {
            None => Health::Disabled,
            Some(redis) => redis.ping().await.map_or_else(|error| Health::Failed(error.to_string()), |()| Health::Ok),
        }
    }
}
