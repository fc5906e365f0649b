//! Live updates: who listens in this process, and what was said lately.

mod fanout;
mod memory;

pub(crate) use fanout::Fanout;
pub use memory::MemoryBus;

/// How much is kept for listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveKept {
    /// Updates a listener may be behind before it loses the oldest.
    pub behind_max: usize,
    /// Updates of all tenants kept for listeners that come back.
    pub kept_max: usize,
}

impl Default for LiveKept {
    fn default() -> Self {
        Self { behind_max: 2_048, kept_max: 16_384 }
    }
}
