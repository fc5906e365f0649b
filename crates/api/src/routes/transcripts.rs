//! What was said in calls, as text.

use axum::{Json, http::StatusCode};
use domain::CallId;
use garde::Validate;
use operations::{LiveUpdate, SEGMENTS_MAX, TRANSCRIPT_CHARS_MAX, Transcript as Stored, words_of};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Metadata, Time},
};

/// Words of one search.
const SEARCH_WORDS_MAX: usize = 10;
/// Characters of a transcript a list shows.
const SHOWN_CHARS: usize = 200;
/// Longest call a transcript is of, seconds.
const SECONDS_MAX: f64 = 86_400.0;

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Recordings")
        .needs(Permission::RecordingsRead, routes!(read))
        .needs(Permission::RecordingsWrite, routes!(put))
        .needs(Permission::RecordingsRead, routes!(search))
}

/// What was said at one stretch.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TranscriptSegment {
    /// Place in the transcript, from 0; given by the platform.
    #[garde(skip)]
    #[serde(default)]
    idx: u32,
    /// Seconds from the begin.
    #[garde(range(min = 0.0, max = SECONDS_MAX))]
    #[schema(minimum = 0.0, maximum = 86_400.0, example = 0.5)]
    start: f64,
    /// Seconds from the begin, not before `start`.
    #[garde(range(min = 0.0, max = SECONDS_MAX))]
    #[schema(minimum = 0.0, maximum = 86_400.0, example = 2.25)]
    end: f64,
    /// Label of who said it.
    #[garde(length(chars, max = 64))]
    #[schema(max_length = 64, example = "caller")]
    speaker: Option<String>,
    /// What was said.
    #[garde(length(chars, max = 10_000))]
    #[schema(max_length = 10_000, example = "Good morning")]
    text: String,
}

/// What an analysis made of it.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TranscriptAnalysis {
    /// Was the call worth paying for?
    #[garde(skip)]
    billable: Option<bool>,
    /// Was an application submitted?
    #[garde(skip)]
    application_submitted: Option<bool>,
    /// Why, in words.
    #[garde(length(chars, max = 10_000))]
    #[schema(max_length = 10_000)]
    reasoning: Option<String>,
}

/// What was said in a call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Transcript {
    /// The transcript's id.
    id: Uuid,
    /// The call that was written down.
    call_id: Uuid,
    /// The recording it was made from; null where it is gone or none is known.
    recording_id: Option<Uuid>,
    /// What wrote it down.
    #[schema(example = "faster-whisper")]
    engine: String,
    /// ISO 639 code of the language.
    #[schema(example = "en")]
    language: String,
    /// Seconds.
    duration_sec: f64,
    /// All of it.
    full_text: String,
    /// What each label of a speaker stands for.
    speaker_labels: Metadata,
    /// What was said, stretch by stretch.
    segments: Vec<TranscriptSegment>,
    /// What an analysis made of it.
    analysis: Option<TranscriptAnalysis>,
    /// When the transcript was made.
    created_at: Time,
    /// When the transcript last changed.
    updated_at: Time,
}

/// A transcript as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TranscriptSummary {
    /// The transcript's id.
    id: Uuid,
    /// The call that was written down.
    call_id: Uuid,
    /// What wrote it down.
    engine: String,
    /// ISO 639 code of the language.
    language: String,
    /// Seconds.
    duration_sec: f64,
    /// Its first 200 characters.
    full_text: String,
    /// When the transcript was made.
    created_at: Time,
}

#[expect(clippy::cast_precision_loss, reason = "a day has 86 million milliseconds")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1_000.0
}

#[expect(clippy::cast_sign_loss, reason = "checked to be 0 to 86,400")]
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1_000.0).round() as u64
}

fn view(transcript: &Stored) -> Transcript {
    let segments = transcript.segments.iter().zip(0..).map(|(segment, idx)| TranscriptSegment {
        idx,
        start: seconds(segment.start_ms),
        end: seconds(segment.end_ms),
        speaker: segment.speaker.clone(),
        text: segment.text.clone(),
    });
    Transcript {
        id: transcript.id.uuid(),
        call_id: transcript.call.uuid(),
        recording_id: transcript.recording.map(|id| id.uuid()),
        engine: transcript.engine.clone(),
        language: transcript.language.clone(),
        duration_sec: seconds(transcript.duration_ms),
        full_text: transcript.full_text.clone(),
        speaker_labels: Metadata::of(&transcript.speaker_labels),
        segments: segments.collect(),
        analysis: transcript.analysis.as_ref().map(|analysis| TranscriptAnalysis {
            billable: analysis.billable,
            application_submitted: analysis.application_submitted,
            reasoning: analysis.reasoning.clone(),
        }),
        created_at: Time(transcript.created_at),
        updated_at: Time(transcript.updated_at),
    }
}

fn summary(transcript: &Stored) -> TranscriptSummary {
    let mut shown: String = transcript.full_text.chars().take(SHOWN_CHARS).collect();
    if shown.len() < transcript.full_text.len() {
        shown.push('…');
    }
    TranscriptSummary {
        id: transcript.id.uuid(),
        call_id: transcript.call.uuid(),
        engine: transcript.engine.clone(),
        language: transcript.language.clone(),
        duration_sec: seconds(transcript.duration_ms),
        full_text: shown,
        created_at: Time(transcript.created_at),
    }
}

/// Reads what was said in a call.
#[utoipa::path(get, path = "/api/v1/calls/{id}/transcript", operation_id = "getTranscript", params(("id" = Uuid, Path, description = "The call's id")),
    responses((status = 200, description = "The transcript", body = Transcript)))]
async fn read(caller: Caller, PathId(call): PathId<CallId>) -> ApiResult<Json<Transcript>> {
    let found = caller.directory().calls.find_call(caller.scope(), call).await.map_err(from_store)?;
    found.ok_or_else(|| ApiError::not_found("Call"))?;
    let found = caller.directory().transcripts.transcript_of_call(caller.scope(), call).await.map_err(from_store)?;
    found.map(|transcript| Json(view(&transcript))).ok_or_else(|| ApiError::not_found("Transcript"))
}

/// A transcript to be kept.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutTranscriptRequest {
    /// The recording it was made from.
    #[garde(skip)]
    recording_id: Option<Uuid>,
    /// What wrote it down.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "faster-whisper")]
    engine: String,
    /// ISO 639 code; `en` unless said otherwise.
    #[garde(length(chars, min = 2, max = 16))]
    #[schema(min_length = 2, max_length = 16)]
    language: Option<String>,
    /// Seconds.
    #[garde(range(min = 0.0, max = SECONDS_MAX))]
    #[schema(minimum = 0.0, maximum = 86_400.0, example = 93.5)]
    duration_sec: f64,
    /// All of it; the segments' texts unless given.
    #[garde(length(chars, max = TRANSCRIPT_CHARS_MAX))]
    #[schema(max_length = 500_000)]
    full_text: Option<String>,
    /// What each label of a speaker stands for.
    #[garde(skip)]
    speaker_labels: Option<Metadata>,
    /// What was said, stretch by stretch.
    #[garde(length(max = SEGMENTS_MAX), dive)]
    #[serde(default)]
    #[schema(max_items = 10_000)]
    segments: Vec<TranscriptSegment>,
    /// What an analysis made of it.
    #[garde(dive)]
    analysis: Option<TranscriptAnalysis>,
}

/// Keeps what was said in a call, in place of an earlier transcript: for whoever transcribes. `transcription.ready` follows.
#[utoipa::path(put, path = "/api/v1/calls/{id}/transcript", operation_id = "putTranscript", params(("id" = Uuid, Path, description = "The call's id")),
    request_body = PutTranscriptRequest, responses((status = 200, description = "The transcript", body = Transcript)))]
async fn put(
    caller: Caller,
    PathId(call): PathId<CallId>,
    Body(body): Body<PutTranscriptRequest>,
) -> ApiResult<(StatusCode, Json<Transcript>)> {
    let mut faults = Vec::new();
    for (index, segment) in body.segments.iter().enumerate() {
        if segment.end < segment.start {
            faults.push(Fault::body(format!("segments[{index}].end"), "must not be before start"));
        }
    }
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    if let Some(recording) = body.recording_id {
        let found = caller.directory().recordings.get(caller.scope(), recording.into()).await.map_err(from_store)?;
        if found.call != call {
            return Err(ApiError::validation(vec![Fault::body("recordingId", "is not a recording of this call")]));
        }
    }
    let joined = || body.segments.iter().map(|segment| segment.text.trim()).collect::<Vec<_>>().join(" ");
    let now = caller.now();
    let transcript = Stored {
        id: caller.new_id(),
        tenant: caller.principal.tenant,
        call,
        recording: body.recording_id.map(Into::into),
        engine: body.engine,
        language: body.language.unwrap_or_else(|| "en".to_owned()),
        duration_ms: milliseconds(body.duration_sec),
        full_text: body.full_text.unwrap_or_else(joined),
        speaker_labels: Metadata::or_empty(body.speaker_labels),
        segments: body.segments.into_iter().map(stored).collect(),
        analysis: body.analysis.map(|analysis| operations::TranscriptAnalysis {
            billable: analysis.billable,
            application_submitted: analysis.application_submitted,
            reasoning: analysis.reasoning,
        }),
        created_at: now,
        updated_at: now,
    };
    let kept = &caller.directory().transcripts;
    let id = kept.put_transcript(caller.scope(), &transcript).await.map_err(from_store)?;
    // What was said stays out of the log.
    let changes = json!({"engine": transcript.engine, "segments": transcript.segments.len()});
    caller.note("transcript.put", "call", Some(call.to_string()), changes).await;
    caller.state.live().publish(LiveUpdate::Notice {
        tenant: transcript.tenant,
        name: operations::Notice::TRANSCRIPT_READY.name.into(),
        id: format!("{id}:{}", now.micros()),
        at: now,
        data: json!({"callId": call, "transcriptId": id, "engine": transcript.engine, "language": transcript.language}),
    });
    let found = kept.transcript_of_call(caller.scope(), call).await.map_err(from_store)?;
    found.map(|transcript| (StatusCode::OK, Json(view(&transcript)))).ok_or_else(|| ApiError::not_found("Transcript"))
}

fn stored(segment: TranscriptSegment) -> operations::TranscriptSegment {
    operations::TranscriptSegment {
        start_ms: milliseconds(segment.start),
        end_ms: milliseconds(segment.end),
        speaker: segment.speaker,
        text: segment.text,
    }
}

/// What is looked for.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct TranscriptQuery {
    /// Words, at most ten: those transcripts are found that hold all of them. All transcripts where it is left out.
    #[garde(length(chars, max = 200))]
    #[param(max_length = 200)]
    q: Option<String>,
}

/// Lists transcripts, newest first, or those in which every word of `q` was said.
#[utoipa::path(get, path = "/api/v1/transcripts", operation_id = "searchTranscripts", params(PageQuery<operations::Transcript>, TranscriptQuery),
    responses((status = 200, description = "A page of transcripts", body = List<TranscriptSummary>)))]
async fn search(
    caller: Caller,
    Query(page): Query<PageQuery<operations::Transcript>>,
    Query(query): Query<TranscriptQuery>,
) -> ApiResult<Json<List<TranscriptSummary>>> {
    let words = words_of(query.q.as_deref().unwrap_or(""));
    if words.len() > SEARCH_WORDS_MAX {
        let message = format!("has more than {SEARCH_WORDS_MAX} different words");
        return Err(ApiError::validation(vec![Fault::parameter("q", message)]));
    }
    let kept = &caller.directory().transcripts;
    let found = kept.search_transcripts(caller.scope(), &words, &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, |transcript| summary(&transcript))))
}
