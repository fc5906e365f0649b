//! What was said in calls, as text: one model, of segments, with what an analysis made of it.

use async_trait::async_trait;
use domain::{CallId, RecordingId, TenantId, Timestamp, TranscriptId};

use crate::{Listed, Page, PageRequest, StoreError, TenantScope};

/// Characters of one transcript: about eight hours of talk.
pub const TRANSCRIPT_CHARS_MAX: usize = 500_000;
/// Segments of one transcript.
pub const SEGMENTS_MAX: usize = 10_000;
/// Different words a transcript is found by; the rest are not.
const WORDS_MAX: usize = 10_000;
/// Characters of a word it is found by.
const WORD_CHARS_MAX: usize = 64;

/// What was said in a call. One call has one: a later one takes the place of the earlier.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    /// Id. Stays when the transcript is written again.
    pub id: TranscriptId,
    /// Whose.
    pub tenant: TenantId,
    /// The call.
    pub call: CallId,
    /// The recording it was made from.
    pub recording: Option<RecordingId>,
    /// What made it: `faster-whisper` ...
    pub engine: String,
    /// ISO 639 code.
    pub language: String,
    /// Length of what was heard, milliseconds.
    pub duration_ms: u64,
    /// All of it.
    pub full_text: String,
    /// Who the speakers are, by label.
    pub speaker_labels: serde_json::Value,
    /// By time.
    pub segments: Vec<TranscriptSegment>,
    /// What an analysis made of it.
    pub analysis: Option<TranscriptAnalysis>,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

impl Listed for Transcript {
    const ORDERS: &'static [&'static str] = &["-createdAt"];
}

/// What was said at one stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscriptSegment {
    /// From the begin of the recording, milliseconds.
    pub start_ms: u64,
    /// And where it ends.
    pub end_ms: u64,
    /// Label of who said it.
    pub speaker: Option<String>,
    /// What.
    pub text: String,
}

/// What an analysis made of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscriptAnalysis {
    /// Was the call worth paying for?
    pub billable: Option<bool>,
    /// Was an application submitted?
    pub application_submitted: Option<bool>,
    /// Why.
    pub reasoning: Option<String>,
}

/// Storage of transcripts.
#[async_trait]
pub trait Transcripts: Send + Sync {
    /// Writes a call's transcript, in place of an earlier one, whose id and age it keeps; answers the id.
    async fn put_transcript(&self, scope: TenantScope, transcript: &Transcript) -> Result<TranscriptId, StoreError>;
    /// A call's, whole.
    async fn transcript_of_call(&self, scope: TenantScope, call: CallId) -> Result<Option<Transcript>, StoreError>;
    /// Those that hold every one of `words` (as [`words_of`] makes them), newest first, without segments and analysis.
    async fn search_transcripts(
        &self,
        scope: TenantScope,
        words: &[String],
        page: &PageRequest,
    ) -> Result<Page<Transcript>, StoreError>;
}

/// The words a text is found by: letters and digits, lower case, each once.
pub fn words_of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase().chars().take(WORD_CHARS_MAX).collect())
        .collect();
    words.sort_unstable();
    words.dedup();
    words.truncate(WORDS_MAX);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_and_once() {
        assert_eq!(
            words_of("Yes, yes! My ZIP-code is 10001; größe."),
            ["10001", "code", "größe", "is", "my", "yes", "zip"]
        );
        assert!(words_of(" .,- ").is_empty());
        assert_eq!(words_of(&"x".repeat(100))[0].len(), 64);
    }
}
