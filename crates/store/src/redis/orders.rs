//! Orders to the switch that holds a call, or is to place one, by Redis's publish and subscribe. They are not kept: a switch that is gone has no calls.

use std::time::Duration;

use domain::{CallId, OutboundCall, SwitchId, TenantId};
use futures_util::StreamExt;
use redis::{Client, RedisError as Cause, aio::MultiplexedConnection};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, mpsc};

use super::{CONNECT_MAX, RedisConfig, RedisError, connect};

/// Pause before Redis is tried again.
const AWAY_PAUSE: Duration = Duration::from_millis(500);

/// What a switch is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "order")]
pub enum Order {
    /// End this call.
    HangUp {
        /// Whose.
        tenant: TenantId,
        /// Which.
        call: CallId,
    },
    /// Place this call.
    Place(Box<OutboundCall>),
}

/// The way to every switch.
#[derive(Debug)]
pub struct RedisOrders {
    config: RedisConfig,
    client: Client,
    link: Mutex<Option<MultiplexedConnection>>,
}

impl RedisOrders {
    /// Connects when it is first needed.
    pub fn new(config: RedisConfig) -> Result<Self, RedisError> {
        let client = config.client()?;
        Ok(Self { config, client, link: Mutex::new(None) })
    }

    fn channel(&self, switch: SwitchId) -> String {
        self.config.key(&format!("switch:{switch}"))
    }

    /// Tells a run of a switch; false when it does not listen (any more).
    pub async fn give(&self, switch: SwitchId, order: &Order) -> Result<bool, RedisError> {
        let text = serde_json::to_vec(order).unwrap_or_default();
        let mut held = self.link.lock().await;
        let link = match &mut *held {
            Some(link) => link,
            none => none.insert(connect(&self.client).await.map_err(RedisError)?),
        };
        let told = redis::cmd("PUBLISH").arg(self.channel(switch)).arg(text).query_async::<u64>(link).await;
        if told.is_err() {
            *held = None;
        }
        told.map(|listeners| listeners > 0).map_err(RedisError)
    }

    /// Redis answers.
    pub async fn ping(&self) -> Result<(), RedisError> {
        let mut link = connect(&self.client).await.map_err(RedisError)?;
        redis::cmd("PING").query_async::<()>(&mut link).await.map_err(RedisError)
    }

    /// Takes orders for `switch` until the receiver is dropped; connects anew as often as it must.
    pub async fn listen(&self, switch: SwitchId, orders: mpsc::Sender<Order>) {
        let channel = self.channel(switch);
        while !orders.is_closed() {
            if let Err(error) = self.hear(&channel, &orders).await {
                tracing::warn!(%error, "orders of other processes do not reach this switch");
            }
            tokio::time::sleep(AWAY_PAUSE).await;
        }
    }

    async fn hear(&self, channel: &str, orders: &mpsc::Sender<Order>) -> Result<(), Cause> {
        let connecting = tokio::time::timeout(CONNECT_MAX, self.client.get_async_pubsub()).await;
        let mut link = connecting.map_err(|_| Cause::from((redis::ErrorKind::Io, "connecting took too long")))??;
        link.subscribe(channel).await?;
        let mut messages = link.on_message();
        while let Some(message) = messages.next().await {
            match serde_json::from_slice(message.get_payload_bytes()) {
                Ok(order) => {
                    if orders.send(order).await.is_err() {
                        return Ok(());
                    }
                }
                Err(error) => tracing::warn!(%error, "an order this switch does not know"),
            }
        }
        Ok(())
    }
}
