//! Where events wait while the store is away.

use async_trait::async_trait;
use domain::CallEvent;
use thiserror::Error;

/// Why the journal could not.
#[derive(Debug, Error)]
pub enum JournalError {
    /// As large as it may grow; the events are lost unless the caller keeps them.
    #[error("the journal is full: {bytes} of at most {bytes_max} bytes")]
    Full {
        /// Bytes in it.
        bytes: u64,
        /// Most bytes it may hold.
        bytes_max: u64,
    },
    /// The disk failed.
    #[error("the journal failed: {0}")]
    Io(#[from] std::io::Error),
}

/// A bounded local file. Events in it are appended to the log, oldest first, when the store is back; the log's
/// append-once makes a repeat harmless.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Adds events; durable on return.
    async fn keep(&self, events: &[CallEvent]) -> Result<(), JournalError>;
    /// Up to `count_max` of the oldest events, with the position behind them.
    async fn oldest(&self, count_max: usize) -> Result<(Vec<CallEvent>, u64), JournalError>;
    /// Forgets everything before `position`.
    async fn forget(&self, position: u64) -> Result<(), JournalError>;
    /// Keeps an event the store refuses, apart from those that wait; durable on return.
    async fn set_aside(&self, event: &CallEvent, reason: &str) -> Result<(), JournalError>;
    /// Lets what was set aside wait again, behind all others, so that the store is asked once more; answers how many.
    async fn reconsider(&self) -> Result<usize, JournalError>;
    /// True when nothing waits.
    fn is_empty(&self) -> bool;
}
