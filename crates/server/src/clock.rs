//! The only place that reads a clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use domain::Timestamp;

/// Wall time that never goes backwards: read once at the start, then advanced by the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    started_at: Timestamp,
}

impl Clock {
    /// Starts the clock.
    #[expect(clippy::disallowed_methods, reason = "this is the clock everybody else is given")]
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), started_at: Timestamp::from_epoch(since_epoch) }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.started_at.after(self.started.elapsed())
    }
}
