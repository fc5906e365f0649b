//! The event log: the truth of a call.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{AgentId, CallEvent};

use crate::{CallRow, StoreError};

/// A call that got new events.
#[derive(Clone, Debug)]
pub struct AppendedCall {
    /// Its row after them.
    pub row: Arc<CallRow>,
    /// Those that were new, by sequence.
    pub events: Vec<Arc<CallEvent>>,
    /// Agents whose part in it changed.
    pub agents: Vec<AgentId>,
}

/// What an append changed.
#[derive(Clone, Debug, Default)]
pub struct Appended {
    /// By call. Events that were there already are not in it.
    pub calls: Vec<AppendedCall>,
}

/// Storage of events.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Appends each event once (unique on call and sequence), with everything [`crate::effects`] derives from it: the
    /// call's row, recordings, lease transitions, jobs. All of it in one transaction, durable on return.
    async fn append(&self, events: Vec<CallEvent>) -> Result<Appended, StoreError>;
}
