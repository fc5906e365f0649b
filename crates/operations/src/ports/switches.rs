//! Which runs of which switches live, and the calls of those that do not.

use async_trait::async_trait;
use domain::{CallId, RecordingId, SwitchId, TenantId, Timestamp};

use crate::StoreError;

/// What a switch learns from its heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heartbeat {
    /// All is well.
    Alive,
    /// It was silent for so long that its calls were closed in the log: it must drop them and start as a new run.
    Fenced,
}

/// A call without an end whose switch is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Whose.
    pub tenant: TenantId,
    /// The call.
    pub call: CallId,
    /// Its switch run.
    pub switch: SwitchId,
    /// Sequence of its last event.
    pub last_sequence: u32,
    /// Time of its last event.
    pub last_event_at: Timestamp,
    /// The switch run's last heartbeat.
    pub last_heartbeat_at: Option<Timestamp>,
}

/// A recording without an end whose call is over and whose switch is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRecording {
    /// Whose.
    pub tenant: TenantId,
    /// Of which call.
    pub call: CallId,
    /// The recording.
    pub recording: RecordingId,
    /// Its file.
    pub storage_key: String,
    /// Sequence of the call's last event.
    pub last_sequence: u32,
    /// When the call ended.
    pub ended_at: Timestamp,
}

/// What there is of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedAudio {
    /// Milliseconds that can be played.
    pub duration_ms: u64,
    /// Size of the file.
    pub bytes: u64,
}

/// The files recordings are written to.
#[async_trait]
pub trait RecordedFiles: Send + Sync {
    /// What the file under this key holds; `None` when there is none, and an unreadable one is [`StoreError::Failed`].
    async fn recorded(&self, storage_key: &str) -> Result<Option<RecordedAudio>, StoreError>;
}

/// Storage of switch runs.
#[async_trait]
pub trait Switches: Send + Sync {
    /// Notes a sign of life; the first one registers the run.
    async fn heartbeat(&self, switch: SwitchId, now: Timestamp) -> Result<Heartbeat, StoreError>;
    /// Fences every run whose last heartbeat is before `silent_since`, and, with `only_alive`, every other run too, as
    /// when one process is the whole platform and has just started.
    async fn fence(&self, silent_since: Timestamp, only_alive: Option<SwitchId>) -> Result<(), StoreError>;
    /// Up to `count_max` runs that are not fenced and have been heard of since then, the last one first.
    async fn live_switches(&self, since: Timestamp, count_max: u32) -> Result<Vec<SwitchId>, StoreError>;
    /// Up to `count_max` calls without an end whose switch run is fenced or unknown.
    async fn orphans(&self, silent_since: Timestamp, count_max: u32) -> Result<Vec<Orphan>, StoreError>;
    /// Up to `count_max` recordings without an end, of ended calls whose switch run is fenced; at most one of a call.
    async fn open_recordings(&self, count_max: u32) -> Result<Vec<OpenRecording>, StoreError>;
}
