//! Recordings from outside: of a media server of another make, or of an old system (docs/adr/0213).

use std::time::Duration;

use axum::{
    Json,
    body::Body as HttpBody,
    extract::{FromRequest as _, Request},
    http::{StatusCode, header},
};
use domain::{CallId, RecordingId};
use futures_util::StreamExt as _;
use garde::Validate;
use media::wav;
use multer::{Constraints, Multipart, SizeLimit};
use operations::{Entity as _, LiveUpdate, Notice};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    quotas,
    recordings::{Recording, from_port, view},
};
use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, unsupported},
    ports::{NewFile, PortError},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    seals::to_hex,
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Recordings")
        .needs(Permission::RecordingsWrite, routes!(upload))
        .needs(Permission::RecordingsWrite, routes!(uploaded))
}

/// Bytes of a form's other fields.
const FIELD_BYTES_MAX: u64 = 256;
/// Longest an upload may take.
const UPLOAD_MAX: Duration = Duration::from_mins(30);

/// A recording in a form.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "a form is read as it comes; this describes it")]
pub struct RecordingForm {
    /// The call it is of. Comes before the file.
    call_id: Uuid,
    /// A WAV file: PCM, float, A-law or u-law. With two channels, the caller left and the other side right.
    #[schema(value_type = String, format = Binary, example = "RIFF...WAVEfmt ...")]
    file: Vec<u8>,
}

/// How a recording's file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UploadFormat {
    /// RIFF WAVE.
    #[default]
    Wav,
}

/// A recording that lies elsewhere.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UploadedRecordingRequest {
    /// The call it is of.
    #[garde(skip)]
    call_id: Uuid,
    /// Where it is fetched: https, at a host the operator allows (`api.recording_hosts`; none unless set).
    #[garde(length(chars, min = 1, max = 2_048))]
    #[schema(min_length = 1, max_length = 2_048, example = "https://media.example.com/recordings/4711.wav")]
    url: String,
    /// Of the file.
    #[garde(skip)]
    #[expect(dead_code, reason = "there is one: that it could be read is all")]
    format: Option<UploadFormat>,
    /// Its bytes; another size is refused.
    #[garde(range(min = 1))]
    #[schema(minimum = 1, example = 1_920_044)]
    size: Option<u64>,
}

/// Keeps a recording of a call that was made elsewhere: a form with `callId` and `file`, as it comes, or JSON with an address to fetch it
/// from. A call may have several. `recording.ready` follows.
#[utoipa::path(post, path = "/api/v1/recordings/upload", operation_id = "uploadRecording",
    request_body(content((RecordingForm = "multipart/form-data"), (UploadedRecordingRequest = "application/json")), description = "The recording"),
    responses((status = 201, description = "The recording", body = Recording),
        (status = 403, description = "Not allowed, or `QUOTA_EXCEEDED`: recordings take up what they may", body = crate::Problem, content_type = "application/problem+json"),
        (status = 404, description = "Call not found", body = crate::Problem, content_type = "application/problem+json"),
        (status = 413, description = "The recording is larger than is kept", body = crate::Problem, content_type = "application/problem+json"),
        (status = 422, description = "It is no WAV file, or cannot be fetched", body = crate::Problem, content_type = "application/problem+json")))]
async fn upload(caller: Caller, request: Request) -> ApiResult<(StatusCode, Json<Recording>)> {
    caller.check_first_try("read the recordings of the call first")?;
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if kind.trim_start().to_ascii_lowercase().starts_with("application/json") {
        let Body(body) = Body::from_request(request, &caller.state).await?;
        return fetched(caller, body).await;
    }
    let Ok(boundary) = multer::parse_boundary(kind) else {
        return Err(unsupported("multipart/form-data (with its boundary) or application/json"));
    };
    quotas::admit_recording(&caller).await?;
    let kept = from_form(&caller, boundary, request.into_body());
    let kept = tokio::time::timeout(UPLOAD_MAX, kept).await;
    kept.unwrap_or_else(|_| Err(ApiError::bad_request("the recording did not arrive in time")))
}

/// Keeps a recording of a call that lies at another media server, by fetching it: within the request, so that the answer says what
/// became of it. `recording.ready` follows.
#[utoipa::path(post, path = "/api/v1/recordings/uploaded", operation_id = "fetchRecording", request_body = UploadedRecordingRequest,
    responses((status = 201, description = "The recording", body = Recording),
        (status = 403, description = "Not allowed, or `QUOTA_EXCEEDED`: recordings take up what they may", body = crate::Problem, content_type = "application/problem+json"),
        (status = 404, description = "Call not found", body = crate::Problem, content_type = "application/problem+json"),
        (status = 413, description = "The recording is larger than is kept", body = crate::Problem, content_type = "application/problem+json"),
        (status = 422, description = "It is no WAV file, or cannot be fetched", body = crate::Problem, content_type = "application/problem+json")))]
async fn uploaded(
    caller: Caller,
    Body(body): Body<UploadedRecordingRequest>,
) -> ApiResult<(StatusCode, Json<Recording>)> {
    caller.check_first_try("read the recordings of the call first")?;
    fetched(caller, body).await
}

/// The call is the tenant's own, or 404.
async fn check_call(caller: &Caller, call: CallId) -> ApiResult<()> {
    let found = caller.directory().calls.find_call(caller.scope(), call).await.map_err(from_store)?;
    found.map(drop).ok_or_else(|| ApiError::not_found("Call"))
}

fn faulty(field: &str, message: impl Into<String>) -> ApiError {
    ApiError::validation(vec![Fault::body(field, message)])
}

async fn from_form(caller: &Caller, boundary: String, body: HttpBody) -> ApiResult<(StatusCode, Json<Recording>)> {
    let limits = Constraints::new().size_limit(SizeLimit::new().for_field("callId", FIELD_BYTES_MAX));
    let mut form = Multipart::with_constraints(body.into_data_stream(), boundary, limits);
    let mut call: Option<CallId> = None;
    let mut receiving: Option<Receiving> = None;
    while let Some(mut field) = form.next_field().await.map_err(unreadable)? {
        match field.name() {
            Some("callId") if call.is_none() => {
                let text = field.text().await.map_err(unreadable)?;
                let id: Uuid = text.trim().parse().map_err(|_| faulty("callId", "is no id of a call"))?;
                check_call(caller, id.into()).await?;
                call = Some(id.into());
            }
            Some("file") if receiving.is_none() => {
                let call = call.ok_or_else(|| faulty("callId", "is required, before the file"))?;
                let mut file = Receiving::begin(caller, call).await?;
                while let Some(piece) = field.chunk().await.map_err(unreadable)? {
                    file.take(&piece).await?;
                }
                receiving = Some(file);
            }
            Some(name @ ("callId" | "file")) => return Err(faulty(name, "stands there twice")),
            Some(name) => return Err(faulty(name, "is no field of this form")),
            None => return Err(faulty("", "a part of the form has no name")),
        }
    }
    match receiving {
        Some(receiving) => receiving.keep(caller, "file").await,
        None => Err(faulty("file", "is required")),
    }
}

fn unreadable(error: multer::Error) -> ApiError {
    match error {
        multer::Error::FieldSizeExceeded { field_name, .. } => {
            faulty(field_name.as_deref().unwrap_or_default(), "is longer than it can be")
        }
        error => ApiError::bad_request(format!("the form cannot be read: {error}")),
    }
}

async fn fetched(caller: Caller, body: UploadedRecordingRequest) -> ApiResult<(StatusCode, Json<Recording>)> {
    let call = body.call_id.into();
    check_call(&caller, call).await?;
    let Some(source) = caller.state.recording_source() else {
        let message = "is not fetched: no host is allowed here (api.recording_hosts, RECORDING_HOSTS); send the file";
        return Err(faulty("url", message));
    };
    quotas::admit_recording(&caller).await?;
    let broken = |error: std::io::Error| faulty("url", format!("broke off: {error}"));
    let mut pieces = source.open(&body.url).await.map_err(|error| match error {
        PortError::NotFound => faulty("url", "is not there"),
        PortError::Unavailable(why) => faulty("url", why),
    })?;
    let mut file = Receiving::begin(&caller, call).await?;
    while let Some(piece) = pieces.next().await {
        file.take(&piece.map_err(broken)?).await?;
    }
    if let Some(size) = body.size.filter(|size| *size != file.bytes) {
        return Err(faulty("size", format!("is {size}, but there are {} bytes", file.bytes)));
    }
    file.keep(&caller, "url").await
}

/// A recording on its way in. Dropped, nothing of it is left.
struct Receiving {
    file: Box<dyn NewFile>,
    id: RecordingId,
    call: CallId,
    storage_key: String,
    beginning: Vec<u8>,
    digest: Sha256,
    bytes: u64,
    bytes_max: u64,
}

impl Receiving {
    async fn begin(caller: &Caller, call: CallId) -> ApiResult<Self> {
        let id: RecordingId = caller.new_id();
        let day = caller.now().to_rfc3339();
        let day = day.get(..10).unwrap_or("0000-00-00").replace('-', "/");
        // As the switch names its own, so that no two of a call share one.
        let storage_key = format!("recordings/{day}/{call}-{id}.wav");
        let file = caller.state.recording_files().create(&storage_key).await.map_err(from_port)?;
        Ok(Self {
            file,
            id,
            call,
            storage_key,
            beginning: Vec::with_capacity(wav::MEASURED_OCTETS),
            digest: Sha256::new(),
            bytes: 0,
            bytes_max: caller.state.config().recording_bytes_max,
        })
    }

    async fn take(&mut self, piece: &[u8]) -> ApiResult<()> {
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        if self.bytes > self.bytes_max {
            let message = format!("the recording has more than {} bytes", self.bytes_max);
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", message));
        }
        let room = wav::MEASURED_OCTETS - self.beginning.len();
        self.beginning.extend(piece.iter().take(room));
        // What is none is not waited for.
        if room > 0 && self.beginning.len() == wav::MEASURED_OCTETS {
            wav::describe(&self.beginning).map_err(|error| no_wav("file", &error))?;
        }
        self.digest.update(piece);
        self.file.write(piece).await.map_err(|error| not_kept(&error))
    }

    /// First the file, then the row: what is listed can be heard.
    async fn keep(mut self, caller: &Caller, field: &str) -> ApiResult<(StatusCode, Json<Recording>)> {
        let described = wav::describe(&self.beginning).map_err(|error| no_wav(field, &error))?;
        let duration_ms = wav::measure(&self.beginning, self.bytes).map_err(|error| no_wav(field, &error))?;
        if duration_ms == 0 {
            return Err(faulty(field, "holds no sound"));
        }
        self.file.sync().await.map_err(|error| not_kept(&error))?;
        let now = caller.now();
        let recording = operations::Recording {
            id: self.id,
            tenant: caller.principal.tenant,
            call: self.call,
            storage_key: self.storage_key,
            format: "wav".to_owned(),
            channels: u8::try_from(described.channels).unwrap_or(u8::MAX),
            status: operations::RecordingStatus::Completed,
            duration_ms: Some(duration_ms),
            bytes: Some(self.bytes),
            failure: None,
            checksum: Some(to_hex(&self.digest.finalize())),
            created_at: now,
            updated_at: now,
        };
        caller.insert(&*caller.directory().recordings, caller.scope(), recording.id, &recording).await?;
        self.file.keep();
        let shown = view(&recording);
        caller.audit(Done::Create, operations::Recording::NAME, recording.id, &(), &shown).await;
        caller.state.live().publish(LiveUpdate::Notice {
            tenant: recording.tenant,
            name: Notice::RECORDING_READY.name.into(),
            id: recording.id.to_string(),
            at: now,
            data: json!({"callId": recording.call, "recordingId": recording.id, "format": recording.format,
                "channels": recording.channels, "durationMs": duration_ms, "bytes": recording.bytes}),
        });
        Ok((StatusCode::CREATED, Json(shown)))
    }
}

fn no_wav(field: &str, error: &wav::ReadError) -> ApiError {
    faulty(field, format!("is not taken: {error}"))
}

fn not_kept(error: &PortError) -> ApiError {
    tracing::warn!(%error, "a recording from outside was not kept");
    ApiError::unavailable("The recording cannot be kept now; try again")
}
