//! Recordings: what was said, whole or in ranges, also while it is still being written.

use axum::{
    Json,
    body::Body as ResponseBody,
    extract::State as StateExtractor,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use domain::{CallId, RecordingId, TenantId, Timestamp};
use futures_util::StreamExt as _;
use garde::Validate;
use operations::{Entity as _, PageRequest, RecordingFilter, TenantScope};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::Digest as _;
use std::time::Duration;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, schema::Type},
};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::{Caller, Context, Done, Noted},
    convert::{from_store, whole_secs},
    extract::{PathId, Query},
    page::{List, PageQuery},
    ports::{FileFacts, PortError},
    problem::{ApiError, ApiResult},
    ranges::{self, Wanted},
    resource::Resource,
    seals::to_hex,
    state::State,
    wire::{Time, wire_enum},
};

wire_enum!(
    /// Where a recording stands.
    RecordingStatus
);

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Recordings")
        .sided(Permission::RecordingsRead, routes!(list))
        .sided(Permission::RecordingsRead, routes!(read))
        .sided(Permission::RecordingsRead, routes!(link))
        .sided(Permission::RecordingsRead, routes!(stream))
        .sided(Permission::RecordingsRead, routes!(of_call))
        .needs(Permission::RecordingsWrite, routes!(backfill))
        .public(routes!(linked))
}

/// A file of sound, whole or a part of it.
#[derive(Debug)]
pub struct Audio;

impl PartialSchema for Audio {
    fn schema() -> RefOr<Schema> {
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(binary)).build().into()
    }
}

impl ToSchema for Audio {}

/// A recording.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// The recording's id.
    id: Uuid,
    /// The call that was recorded.
    call_id: Uuid,
    /// Where to hear it: the stream's path.
    #[schema(example = "/api/v1/recordings/0197a2c4-0000-7000-8000-000000000000/stream")]
    url: String,
    /// Where the file lies in the store of recordings.
    storage_key: String,
    /// Of the file: `wav`.
    #[schema(example = "wav")]
    format: String,
    /// 2: the caller left, the other side right.
    channels: u8,
    /// `PROCESSING` until the file is finished.
    status: RecordingStatus,
    /// Seconds, once finished.
    duration: Option<u64>,
    /// Milliseconds, once finished.
    duration_ms: Option<u64>,
    /// Bytes as text, once finished: they may pass 2^53.
    #[schema(example = "1920044")]
    size: Option<String>,
    /// SHA-256 of the file, hex; absent until it was read whole (`POST .../backfill`).
    checksum: Option<String>,
    /// What went wrong.
    failure: Option<String>,
    /// When the recording was made.
    created_at: Time,
    /// When the recording last changed.
    updated_at: Time,
}

/// As the wire shows it.
pub(crate) fn view(recording: &operations::Recording) -> Recording {
    Recording {
        id: recording.id.uuid(),
        call_id: recording.call.uuid(),
        url: format!("/api/v1/recordings/{}/stream", recording.id),
        storage_key: recording.storage_key.clone(),
        format: recording.format.clone(),
        channels: recording.channels,
        status: RecordingStatus(recording.status),
        duration: recording.duration_ms.map(whole_secs),
        duration_ms: recording.duration_ms,
        size: recording.bytes.map(|bytes| bytes.to_string()),
        checksum: recording.checksum.clone(),
        failure: recording.failure.clone(),
        created_at: Time(recording.created_at),
        updated_at: Time(recording.updated_at),
    }
}

/// What a list of recordings is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct RecordingQuery {
    /// Only this call's.
    #[garde(skip)]
    call_id: Option<Uuid>,
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<RecordingStatus>)]
    status: Option<RecordingStatus>,
}

/// Lists recordings, newest first.
#[utoipa::path(get, path = "/api/v1/recordings", operation_id = "listRecordings", params(PageQuery<operations::Recording>, RecordingQuery),
    responses((status = 200, description = "A page of recordings", body = List<Recording>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<operations::Recording>>,
    Query(query): Query<RecordingQuery>,
) -> ApiResult<Json<List<Recording>>> {
    let filter = RecordingFilter { call: query.call_id.map(Into::into), status: query.status.map(|status| status.0) };
    let found =
        caller.directory().recordings.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, |recording| view(&recording))))
}

/// Reads a recording's facts.
#[utoipa::path(get, path = "/api/v1/recordings/{id}", operation_id = "getRecording", params(("id" = Uuid, Path, description = "The recording's id")),
    responses((status = 200, description = "The recording", body = Recording)))]
async fn read(caller: Caller, PathId(id): PathId<RecordingId>) -> ApiResult<Json<Recording>> {
    let recording = caller.directory().recordings.get(caller.scope(), id).await.map_err(from_store)?;
    Ok(Json(view(&recording)))
}

/// Reads the newest recording of a call: the whole call, where it was recorded from the first answer on.
#[utoipa::path(get, path = "/api/v1/calls/{id}/recording", operation_id = "getRecordingOfCall", params(("id" = Uuid, Path, description = "The call's id")),
    responses((status = 200, description = "The recording", body = Recording)))]
async fn of_call(caller: Caller, PathId(call): PathId<CallId>) -> ApiResult<Json<Recording>> {
    let filter = RecordingFilter { call: Some(call), status: None };
    let page = PageRequest::number(1, 1);
    let found = caller.directory().recordings.list(caller.scope(), &filter, &page).await.map_err(from_store)?;
    found.items.first().map(|recording| Json(view(recording))).ok_or_else(|| ApiError::not_found("Recording"))
}

/// Reads the file whole and keeps its size, its length (WAV) and its SHA-256: for recordings whose end was not noted.
#[utoipa::path(post, path = "/api/v1/recordings/{id}/backfill", operation_id = "backfillRecording", params(("id" = Uuid, Path, description = "The recording's id")),
    responses((status = 200, description = "The recording", body = Recording)))]
async fn backfill(caller: Caller, PathId(id): PathId<RecordingId>) -> ApiResult<Json<Recording>> {
    let recording = caller.directory().recordings.get(caller.scope(), id).await.map_err(from_store)?;
    let before = view(&recording);
    let files = caller.state.recording_files();
    let facts = files.facts(&recording.storage_key).await.map_err(from_port)?;
    if facts.growing {
        return Err(ApiError::conflict("The recording is still being written"));
    }
    let mut digest = sha2::Sha256::new();
    let mut head: Vec<u8> = Vec::with_capacity(WAV_HEADER_BYTES);
    if facts.bytes > 0 {
        let mut parts = files.read(&recording.storage_key, 0, facts.bytes).await.map_err(from_port)?;
        while let Some(part) = parts.next().await {
            let part = part.map_err(|error| from_port(PortError::Unavailable(error.to_string())))?;
            head.extend(part.iter().take(WAV_HEADER_BYTES - head.len()));
            digest.update(&part);
        }
    }
    let read = operations::Recording {
        bytes: Some(facts.bytes),
        duration_ms: wav_duration_ms(&head, facts.bytes).or(recording.duration_ms),
        checksum: Some(to_hex(&digest.finalize())),
        ..recording
    };
    let saved = caller.directory().recordings.save(caller.scope(), &read, caller.now()).await.map_err(from_store)?;
    let after = view(&saved);
    caller.audit(Done::Update, operations::Recording::NAME, id, &before, &after).await;
    Ok(Json(after))
}

/// A WAV header without extensions, as the recorder writes it.
const WAV_HEADER_BYTES: usize = 44;

/// The length of what follows the header, by its byte rate (bytes 28 to 31, little-endian).
fn wav_duration_ms(head: &[u8], bytes: u64) -> Option<u64> {
    let is_wav = head.get(..4)? == b"RIFF" && head.get(8..12)? == b"WAVE";
    let rate = u32::from_le_bytes(head.get(28..32)?.try_into().ok()?);
    let sound = bytes.checked_sub(WAV_HEADER_BYTES as u64)?;
    (is_wav && rate > 0).then(|| sound.saturating_mul(1_000) / u64::from(rate))
}

/// How long a link is good.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct LinkQuery {
    /// Seconds.
    #[garde(range(min = 1, max = 86_400))]
    #[param(minimum = 1, maximum = 86_400, default = 3_600)]
    expires_in: Option<u64>,
}

/// A link that needs no signing in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordingLink {
    /// The link.
    url: String,
    /// Seconds.
    expires_in: u64,
    /// Until when it is good.
    expires_at: Time,
}

/// What a link says, sealed.
#[derive(Debug, Serialize, Deserialize)]
struct Link {
    tenant: TenantId,
    recording: RecordingId,
    expires: i64,
}

const LINK: &str = "recording-link";

/// Gives a link to the sound that works without signing in, for as long as asked.
#[utoipa::path(get, path = "/api/v1/recordings/{id}/url", operation_id = "getRecordingUrl",
    params(("id" = Uuid, Path, description = "The recording's id"), LinkQuery),
    responses((status = 200, description = "The link", body = RecordingLink)))]
async fn link(
    caller: Caller,
    PathId(id): PathId<RecordingId>,
    Query(query): Query<LinkQuery>,
) -> ApiResult<Json<RecordingLink>> {
    let recording = caller.directory().recordings.get(caller.scope(), id).await.map_err(from_store)?;
    let expires_in = query.expires_in.unwrap_or(3_600);
    let expires = caller.now().after(Duration::from_secs(expires_in));
    let link = Link { tenant: recording.tenant, recording: id, expires: expires.micros() };
    let sealed = caller.state.seals().seal(LINK, &link);
    let expiry = json!({"expiresAt": {"after": Time(expires)}});
    caller.note("recording.link", "recording", Some(id.to_string()), expiry).await;
    let url = format!("{}/recordings/{sealed}", caller.state.config().public_url);
    Ok(Json(RecordingLink { url, expires_in, expires_at: Time(expires) }))
}

/// Sends the sound, whole or in one range (RFC 9110, section 14). While the call runs the recording grows: what is there is
/// sent, and its `ETag` changes with every answer.
#[utoipa::path(get, path = "/api/v1/recordings/{id}/stream", operation_id = "streamRecording",
    params(("id" = Uuid, Path, description = "The recording's id"), ("range" = Option<String>, Header, description = "One byte range: bytes=0-1023"),
        ("if-range" = Option<String>, Header, description = "Only in ranges if still this ETag")),
    responses((status = 200, description = "The whole", body = Audio, content_type = "audio/wav"),
        (status = 206, description = "The range", body = Audio, content_type = "audio/wav"),
        (status = 416, description = "The range lies beyond the end", body = crate::Problem, content_type = "application/problem+json")))]
async fn stream(caller: Caller, PathId(id): PathId<RecordingId>, headers: HeaderMap) -> ApiResult<Response> {
    let response = send(&caller.state, caller.scope(), id, &headers).await?;
    // A player asks for one recording in many ranges: that is one play.
    if caller.state.is_first_of_late(&format!("play:{}:{id}", caller.principal.label())).await {
        caller.note("recording.play", "recording", Some(id.to_string()), json!({})).await;
    }
    Ok(response)
}

/// Sends the sound to whoever holds a link of `GET /api/v1/recordings/{id}/url`.
#[utoipa::path(get, path = "/recordings/{link}", operation_id = "streamLinkedRecording", params(("link" = String, Path, description = "The sealed link")),
    responses((status = 200, description = "The whole", body = Audio, content_type = "audio/wav"),
        (status = 206, description = "The range", body = Audio, content_type = "audio/wav"),
        (status = 416, description = "The range lies beyond the end", body = crate::Problem, content_type = "application/problem+json")))]
async fn linked(
    StateExtractor(state): StateExtractor<State>,
    context: Context,
    PathId(sealed): PathId<String>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let link: Option<Link> = state.seals().open(LINK, &sealed);
    let link = link.filter(|link| Timestamp::from_micros(link.expires) > state.now());
    let link = link.ok_or_else(|| ApiError::not_found("Link"))?;
    let response = send(&state, TenantScope::of(link.tenant), link.recording, &headers).await?;
    if state.is_first_of_late(&format!("play:{}:{}", context.peer.0, link.recording)).await {
        let played = Noted { action: "recording.play", entity: "recording", success: true };
        let changes = json!({"by": {"after": "link"}});
        context.note(&state, link.tenant, None, played, Some(link.recording.to_string()), changes).await;
    }
    Ok(response)
}

async fn send(state: &State, scope: TenantScope, id: RecordingId, headers: &HeaderMap) -> ApiResult<Response> {
    let recording = state.directory().recordings.get(scope, id).await.map_err(from_store)?;
    let files = state.recording_files();
    let facts = files.facts(&recording.storage_key).await.map_err(from_port)?;
    let tag = entity_tag(id, &facts);
    let wanted = ranges::wanted(headers, &tag, facts.bytes);
    let (status, offset, length) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0, facts.bytes),
        Wanted::Part { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Wanted::Beyond => return Err(beyond(facts.bytes)),
    };
    let body = if length == 0 {
        ResponseBody::empty()
    } else {
        ResponseBody::from_stream(files.read(&recording.storage_key, offset, length).await.map_err(from_port)?)
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let sent = response.headers_mut();
    sent.insert(header::CONTENT_TYPE, content_type(&recording.format));
    sent.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    sent.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    sent.insert(header::ETAG, HeaderValue::from_str(&tag).map_err(ApiError::internal)?);
    let caching = if facts.growing { "no-store" } else { "private, max-age=3600" };
    sent.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {offset}-{}/{}", offset + length - 1, facts.bytes);
        sent.insert(header::CONTENT_RANGE, HeaderValue::from_str(&range).map_err(ApiError::internal)?);
    }
    Ok(response)
}

fn beyond(bytes: u64) -> ApiError {
    let message = format!("The range lies beyond the end: the recording has {bytes} bytes");
    ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "RANGE_NOT_SATISFIABLE", message)
}

pub(super) fn from_port(error: PortError) -> ApiError {
    match error {
        PortError::NotFound => ApiError::not_found("The recording's file"),
        PortError::Unavailable(cause) => {
            tracing::warn!(%cause, "recording files unavailable");
            ApiError::unavailable("The recordings cannot be read now; try again")
        }
    }
}

/// Strong: the bytes differ whenever size or time of writing does.
fn entity_tag(id: RecordingId, facts: &FileFacts) -> String {
    format!("\"{}-{:x}-{:x}\"", id.uuid().simple(), facts.bytes, facts.modified_at.micros())
}

fn content_type(format: &str) -> HeaderValue {
    HeaderValue::from_static(match format {
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        "ogg" | "opus" => "audio/ogg",
        _ => "application/octet-stream",
    })
}
