//! After a crash: every call without an end whose switch is gone is closed at its last sign of life, and every recording it left
//! open gets the length its file has.

use std::{fmt, sync::Arc, time::Duration};

use domain::{CallEvent, EndCause, Party, SwitchId, Timestamp, What};

use crate::{
    Heartbeat, Kept, Leases, OpenRecording, Orphan, RecordError, RecordedFiles, Recorder, StoreError, Switches,
};

/// Calls closed in one transaction.
const ORPHANS_AT_ONCE: u32 = 200;
/// Recordings closed in one transaction.
const RECORDINGS_AT_ONCE: u32 = 100;
/// A file that is not there may be on a disk that is not mounted yet; after so long it is taken for lost.
const FILE_MISSED_FOR: Duration = Duration::from_secs(600);

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
    /// Where this process finds recordings; without them recordings are left to a process that has them.
    files: Option<Arc<dyn RecordedFiles>>,
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
        Self { switches, leases, recorder, files: None, config }
    }

    /// Closes recordings as well, whose files are found here.
    #[must_use]
    pub fn with_files(self, files: Arc<dyn RecordedFiles>) -> Self {
        Self { files: Some(files), ..self }
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

impl Recovery {
    /// Gives the recordings dead switch runs left open the length their files have; answers how many. The call is settled once
    /// more with it. To be called after [`Recovery::recover`].
    pub async fn close_recordings(&self, now: Timestamp) -> Result<usize, RecordError> {
        let Some(files) = &self.files else { return Ok(0) };
        let mut closed = 0;
        loop {
            let mut ends = Vec::new();
            for open in self.switches.open_recordings(RECORDINGS_AT_ONCE).await? {
                ends.extend(recording_end(files.as_ref(), &open, now).await);
            }
            if ends.is_empty() {
                return Ok(closed);
            }
            closed += ends.len();
            if self.recorder.record(ends).await? == Kept::Journaled {
                return Ok(closed);
            }
        }
    }
}

/// What the recorder could not write any more. `None`: too soon to tell.
async fn recording_end(files: &dyn RecordedFiles, open: &OpenRecording, now: Timestamp) -> Option<CallEvent> {
    let recording = open.recording;
    let failed = |reason: String| Some(What::RecordingFailed { recording, reason });
    let what = match files.recorded(&open.storage_key).await {
        Ok(Some(audio)) => {
            Some(What::RecordingFinished { recording, duration_ms: audio.duration_ms, bytes: audio.bytes })
        }
        Ok(None) if now.since(open.ended_at) < FILE_MISSED_FOR => None,
        Ok(None) => failed("the switch was gone before it ended, and its file is not there".to_owned()),
        Err(error) if error.is_transient() => None,
        Err(error) => failed(format!("the switch was gone before it ended, and its file cannot be read: {error}")),
    };
    let sequence = open.last_sequence.saturating_add(1);
    what.map(|what| CallEvent { tenant: open.tenant, call: open.call, sequence, at: open.ended_at, what })
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
