//! The in-process bus: one bounded channel, filtered by tenant at the listener.

use std::sync::Arc;

use async_trait::async_trait;
use operations::{LiveBus, LiveItem, LiveStream, LiveUpdate, TenantScope};
use tokio::sync::broadcast::{self, error::RecvError};

/// Hands updates to listeners of this process.
#[derive(Clone, Debug)]
pub struct MemoryBus(broadcast::Sender<Arc<LiveUpdate>>);

impl MemoryBus {
    /// A listener may be `buffer` updates behind before it loses the oldest.
    pub fn new(buffer: usize) -> Self {
        Self(broadcast::Sender::new(buffer.max(1)))
    }
}

impl LiveBus for MemoryBus {
    fn publish(&self, update: LiveUpdate) {
        // Nobody listens: nothing to do.
        let _ = self.0.send(Arc::new(update));
    }

    fn subscribe(&self, scope: TenantScope) -> Box<dyn LiveStream> {
        Box::new(Listener { scope, updates: self.0.subscribe() })
    }
}

struct Listener {
    scope: TenantScope,
    updates: broadcast::Receiver<Arc<LiveUpdate>>,
}

#[async_trait]
impl LiveStream for Listener {
    async fn next(&mut self) -> Option<LiveItem> {
        loop {
            match self.updates.recv().await {
                Ok(update) if update.tenant() == self.scope.tenant() => return Some(LiveItem::Update(update)),
                Ok(_) => {}
                Err(RecvError::Lagged(lost)) => return Some(LiveItem::Lagged(lost)),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
