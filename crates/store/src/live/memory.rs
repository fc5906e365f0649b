//! The bus of one process.

use domain::Timestamp;
use operations::{LiveBus, LivePosition, LiveUpdate, Subscribed, TenantScope};

use super::{Fanout, LiveKept};

/// Hands updates to listeners of this process.
#[derive(Debug)]
pub struct MemoryBus(Fanout);

impl MemoryBus {
    /// A listener may be `behind_max` updates behind before it loses the oldest.
    pub fn new(behind_max: usize) -> Self {
        Self::of_run(LiveKept { behind_max, ..LiveKept::default() }, Timestamp::default())
    }

    /// Of a run that began then: places given by another run are none here.
    pub fn of_run(limits: LiveKept, began: Timestamp) -> Self {
        let millis = u64::try_from(began.micros() / 1_000).unwrap_or(0);
        Self(Fanout::new(limits, LivePosition { millis, number: 0 }))
    }
}

impl LiveBus for MemoryBus {
    fn publish(&self, update: LiveUpdate) {
        self.0.publish_next(update);
    }

    fn subscribe(&self, scope: TenantScope, after: Option<LivePosition>) -> Subscribed {
        self.0.subscribe(scope.tenant(), after)
    }

    fn position(&self) -> Option<LivePosition> {
        self.0.position()
    }

    fn is_whole(&self) -> bool {
        true
    }
}
