//! After a crash: every call without an end whose switch is gone is closed at its last sign of life.

use std::{fmt, sync::Arc, time::Duration};

use domain::{CallEvent, EndCause, Party, SwitchId, Timestamp, What};

use crate::{Heartbeat, Kept, Leases, Orphan, RecordError, Recorder, StoreError, Switches};

/// Calls closed in one transaction.
const ORPHANS_AT_ONCE: u32 = 200;

/// How long the lease of an answered call lives without renewal.
pub const COMMITTED_LEASE_SPAN: Duration = Duration::from_secs(60);

/// How long silence is forgiven.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryConfig {
    /// A switch run silent for longer is dead.
    pub silence_max: Duration,
}

impl Default for RecoveryConfig {
    fn default() -> Self {
        Self { silence_max: Duration::from_secs(10) }
    }
}

/// Which switch runs are dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dead {
    /// Those silent for too long.
    Silent,
    /// Every one but this: the process is the whole platform and has just started.
    AllBut(SwitchId),
}

/// Signs of life, and what their absence means.
#[derive(Clone)]
pub struct Recovery {
    switches: Arc<dyn Switches>,
    leases: Arc<dyn Leases>,
    recorder: Recorder,
    config: RecoveryConfig,
}

impl fmt::Debug for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recovery").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Recovery {
    /// Over these stores.
    pub fn new(
        switches: Arc<dyn Switches>,
        leases: Arc<dyn Leases>,
        recorder: Recorder,
        config: RecoveryConfig,
    ) -> Self {
        Self { switches, leases, recorder, config }
    }

    /// A switch run lives. To be called once a second; the last one before a crash bounds what its calls are billed for.
    pub async fn heartbeat(&self, switch: SwitchId, now: Timestamp) -> Result<Heartbeat, StoreError> {
        self.switches.heartbeat(switch, now).await
    }

    /// Keeps the leases of a switch run's answered calls. To be called every third of [`COMMITTED_LEASE_SPAN`].
    pub async fn renew_leases(&self, switch: SwitchId, now: Timestamp) -> Result<u64, StoreError> {
        self.leases.renew_leases(switch, now.after(COMMITTED_LEASE_SPAN)).await
    }

    /// Closes the calls of dead switch runs; answers how many. Their jobs to settle come with it.
    pub async fn recover(&self, now: Timestamp, dead: Dead) -> Result<usize, RecordError> {
        let silent_since = now.before(self.config.silence_max);
        let only_alive = match dead {
            Dead::Silent => None,
            Dead::AllBut(switch) => Some(switch),
        };
        self.switches.fence(silent_since, only_alive).await?;
        let mut closed = 0;
        loop {
            let orphans = self.switches.orphans(silent_since, ORPHANS_AT_ONCE).await?;
            if orphans.is_empty() {
                return Ok(closed);
            }
            closed += orphans.len();
            let ends = orphans.iter().map(|orphan| end_of(orphan, now)).collect();
            if self.recorder.record(ends).await? == Kept::Journaled {
                return Ok(closed);
            }
        }
    }
}

/// The end the switch could not write. Never later than now: a clock set back must not bill the future.
fn end_of(orphan: &Orphan, now: Timestamp) -> CallEvent {
    let heard = orphan.last_heartbeat_at.map_or(orphan.last_event_at, |beat| beat.min(now).max(orphan.last_event_at));
    CallEvent {
        tenant: orphan.tenant,
        call: orphan.call,
        sequence: orphan.last_sequence.saturating_add(1),
        at: heard,
        what: What::Ended { cause: EndCause::SwitchRestarted, by: Party::Platform, sip_status: None, detail: None },
    }
}
