//! What happens now, for screens.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{CallEvent, TenantId, Timestamp};

use crate::{CallRow, TenantScope};

/// Something a screen may show.
#[derive(Clone, Debug)]
pub enum LiveUpdate {
    /// A call's event, committed, and the call's row after it.
    Event {
        /// The event.
        event: Arc<CallEvent>,
        /// The row.
        row: Arc<CallRow>,
    },
    /// Something that is no call's: an agent's status, a number that was bought.
    Notice {
        /// Whose.
        tenant: TenantId,
        /// The catalogue's name: `agent.status.changed`.
        name: &'static str,
        /// Names the occurrence, the same wherever it is delivered.
        id: String,
        /// When.
        at: Timestamp,
        /// What, as screens and webhooks show it.
        data: serde_json::Value,
    },
    /// A call's money is known (or was corrected).
    Settled {
        /// The row.
        row: Arc<CallRow>,
    },
}

impl LiveUpdate {
    /// Whose.
    pub fn tenant(&self) -> TenantId {
        match self {
            Self::Event { row, .. } | Self::Settled { row } => row.tenant,
            Self::Notice { tenant, .. } => *tenant,
        }
    }

    /// The catalogue's name of the event; `call.settled` for money.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Event { event, .. } => event.what.name(),
            Self::Settled { .. } => "call.settled",
            Self::Notice { name, .. } => name,
        }
    }
}

/// What a subscriber gets next.
#[derive(Clone, Debug)]
pub enum LiveItem {
    /// An update.
    Update(Arc<LiveUpdate>),
    /// It was too slow: so many updates are gone. Read the lists again.
    Lagged(u64),
}

/// A subscription; ends when dropped.
#[async_trait]
pub trait LiveStream: Send {
    /// Waits for the next item; `None` when the bus is closed.
    async fn next(&mut self) -> Option<LiveItem>;
}

/// Hands updates to whoever listens, bounded per listener: a slow one loses the oldest and is told so.
pub trait LiveBus: Send + Sync {
    /// Never waits.
    fn publish(&self, update: LiveUpdate);
    /// A tenant's updates from now on.
    fn subscribe(&self, scope: TenantScope) -> Box<dyn LiveStream>;
}
