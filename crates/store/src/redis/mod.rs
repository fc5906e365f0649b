//! What several processes share through Redis: live updates, orders to the switch that holds a call,
//! limits of requests, failed sign-ins and tickets, and who is connected.
//!
//! Nothing here is the truth of anything: calls, charges and caps are in the database, and go on without Redis.

mod buckets;
mod bus;
mod counters;
mod link;
mod orders;
mod presence;

use std::time::Duration;

use redis::{AsyncConnectionConfig, Client, aio::MultiplexedConnection};
use tokio::task::JoinHandle;

pub use buckets::{RedisBuckets, SharedBucket};
pub use bus::RedisBus;
pub use counters::RedisCounters;
pub use orders::{Order, RedisOrders};
pub use presence::RedisPresence;

/// Longest that connecting may take.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// Longest that an answer may take; a reader asks Redis to wait for less.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// Where Redis is, and what is ours in it.
#[derive(Clone, Debug)]
pub struct RedisConfig {
    /// `redis://[user:password@]host[:port][/database]`, `rediss://` with TLS.
    pub url: String,
    /// Begins every key and channel, so that several platforms share one Redis.
    pub prefix: String,
    /// Updates kept in Redis, about.
    pub stream_max: usize,
}

impl RedisConfig {
    /// Defaults for everything but the address.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), prefix: "hopwhistle".to_owned(), stream_max: 100_000 }
    }

    fn client(&self) -> Result<Client, RedisError> {
        Client::open(self.url.as_str()).map_err(RedisError)
    }

    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }
}

/// Redis did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("redis: {0}")]
pub struct RedisError(redis::RedisError);

impl RedisError {
    /// Nothing was sent at all, as nobody is there. Of other failures nobody knows how far they came.
    pub fn is_refusal(&self) -> bool {
        self.0.is_connection_refusal()
    }
}

/// For how long Redis is not asked again, once it did not answer.
#[derive(Debug, Default)]
struct Pause(Option<JoinHandle<()>>);

impl Pause {
    fn begin(&mut self, length: Duration) {
        self.0 = Some(tokio::spawn(tokio::time::sleep(length)));
    }

    fn is_on(&self) -> bool {
        self.0.as_ref().is_some_and(|pause| !pause.is_finished())
    }
}

async fn connect(client: &Client) -> Result<MultiplexedConnection, redis::RedisError> {
    let config =
        AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_MAX)).set_response_timeout(Some(ANSWER_MAX));
    client.get_multiplexed_async_connection_with_config(&config).await
}
