//! Recordings of calls: a projection of their events.

use domain::{CallId, RecordingId, TenantId, Timestamp};

use crate::{Entity, text_enum::text_enum};

text_enum! {
    /// Where a recording stands.
    RecordingStatus {
        /// Being written.
        Processing = "PROCESSING",
        /// Complete.
        Completed = "COMPLETED",
        /// Could not be (fully) written; what there is stays.
        Failed = "FAILED",
    }
}

/// A recording of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Id.
    pub id: RecordingId,
    /// Whose.
    pub tenant: TenantId,
    /// The call.
    pub call: CallId,
    /// Where the bytes are.
    pub storage_key: String,
    /// `wav`.
    pub format: String,
    /// 1, or 2: caller left, callee right.
    pub channels: u8,
    /// Where it stands.
    pub status: RecordingStatus,
    /// Length, once finished.
    pub duration_ms: Option<u64>,
    /// Size, once finished.
    pub bytes: Option<u64>,
    /// What went wrong.
    pub failure: Option<String>,
    /// SHA-256 of the file when it was last read whole, lower-case hex.
    pub checksum: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of recordings.
#[derive(Clone, Debug, Default)]
pub struct RecordingFilter {
    /// Only this call's.
    pub call: Option<CallId>,
    /// Only these.
    pub status: Option<RecordingStatus>,
}

impl Entity for Recording {
    type Id = RecordingId;
    type Filter = RecordingFilter;
    const NAME: &'static str = "recording";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "status"];
}
