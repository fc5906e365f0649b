//! A question to Redis that nobody waits long for.

use std::time::Duration;

use redis::{Client, RedisError as Cause, aio::MultiplexedConnection};
use tokio::{sync::Mutex, time::timeout};

use super::{Pause, RedisConfig, RedisError, connect};

/// A request waits no longer for Redis.
const WAIT_MAX: Duration = Duration::from_millis(100);
/// Pause before Redis is tried again.
const AWAY_PAUSE: Duration = Duration::from_secs(1);

/// One connection, made when it is first needed and again after a fault.
#[derive(Debug)]
pub(super) struct Link {
    config: RedisConfig,
    client: Client,
    /// What each process does for itself meanwhile.
    without: &'static str,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: Option<MultiplexedConnection>,
    away: Pause,
}

impl Link {
    pub(super) fn new(config: RedisConfig, without: &'static str) -> Result<Self, RedisError> {
        let client = config.client()?;
        Ok(Self { config, client, without, state: Mutex::default() })
    }

    pub(super) fn key(&self, name: &str) -> String {
        self.config.key(name)
    }

    /// The answer; none while Redis is away.
    pub(super) async fn ask<T>(&self, question: &redis::Pipeline) -> Option<T>
    where
        T: redis::FromRedisValue,
    {
        match timeout(WAIT_MAX, self.answer(question)).await {
            Ok(Ok(answer)) => answer,
            failed => {
                if let Ok(Err(error)) = failed {
                    tracing::warn!(%error, "{}", self.without);
                }
                let mut state = self.state.lock().await;
                state.open = None;
                state.away.begin(AWAY_PAUSE);
                None
            }
        }
    }

    async fn answer<T: redis::FromRedisValue>(&self, question: &redis::Pipeline) -> Result<Option<T>, Cause> {
        let mut open = {
            let mut state = self.state.lock().await;
            if state.away.is_on() {
                return Ok(None);
            }
            match &state.open {
                Some(open) => open.clone(),
                None => state.open.insert(connect(&self.client).await?).clone(),
            }
        };
        question.query_async(&mut open).await.map(Some)
    }
}
