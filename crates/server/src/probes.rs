//! What `/health/ready` asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use api::ports::{Clock as ApiClock, Health, HealthProbe};
use async_trait::async_trait;
use domain::Timestamp;
use store::Store;

use crate::clock::Clock;
use crate::voice::switch_thread::EVENTS_WAITING_MAX;

/// A thread whose loop has not turned for so long is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(5);

/// The database answers.
#[derive(Debug)]
pub struct DatabaseProbe(pub Store);

#[async_trait]
impl HealthProbe for DatabaseProbe {
    fn name(&self) -> &'static str {
        "database"
    }

    fn is_vital(&self) -> bool {
        true
    }

    async fn check(&self) -> Health {
        match self.0.ping().await {
            Ok(()) => Health::Ok,
            Err(error) => Health::Failed(error.to_string()),
        }
    }
}

/// A voice thread's loop turns.
#[derive(Debug)]
pub struct ThreadProbe {
    pub name: &'static str,
    pub gauges: Gauges,
    pub clock: Clock,
}

/// Figures of either kind of thread.
#[derive(Clone, Debug)]
pub enum Gauges {
    Edge(Arc<crate::voice::edge_thread::Gauges>),
    Switch(Arc<crate::voice::switch_thread::Gauges>),
    Relay(Arc<crate::voice::relay_thread::Gauges>),
}

impl Gauges {
    /// Microseconds since the epoch of the loop's last turn.
    fn alive_at(&self) -> &AtomicU64 {
        match self {
            Self::Edge(gauges) => &gauges.alive_at,
            Self::Switch(gauges) => &gauges.alive_at,
            Self::Relay(gauges) => &gauges.alive_at,
        }
    }
}

#[async_trait]
impl HealthProbe for ThreadProbe {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_vital(&self) -> bool {
        true
    }

    async fn check(&self) -> Health {
        let turned = i64::try_from(self.gauges.alive_at().load(Ordering::Relaxed)).unwrap_or(0);
        let silent = self.clock.now().since(Timestamp::from_micros(turned));
        if silent > STUCK_AFTER {
            Health::Failed(format!("its loop has not turned for {} s", silent.as_secs()))
        } else if let Gauges::Switch(gauges) = &self.gauges
            && let waiting @ EVENTS_WAITING_MAX.. = gauges.events_waiting.load(Ordering::Relaxed)
        {
            Health::Failed(format!("{waiting} call events wait for the log; new calls are refused"))
        } else {
            Health::Ok
        }
    }
}

impl ApiClock for Clock {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }
}
