//! `Idempotency-Key`: a request that is sent again, because its answer was lost, is done once (docs/adr/0180).
//!
//! The key is taken before the handler runs and holds its answer afterwards. It belongs to who sent it and to the route; the
//! right to the route was checked before.

use std::future::Future;

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use operations::{Begun, IDEMPOTENCY_KEY_CHARS_MAX, KeptAnswer, KeyedRequest};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    access::Principal,
    convert::from_store,
    problem::{ApiError, ApiResult, Fault},
    seals::{SealedSecret, to_hex},
    state::State,
};

/// The header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is one given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Bytes of an answer that is kept; of a larger one is only known that it was given.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;
/// What the seals of kept answers are for.
const PURPOSE: &str = "idempotency";
/// Headers that go with the answer when it is given again; the rest belongs to the exchange, or is a cookie.
const KEPT_HEADERS: [HeaderName; 5] =
    [header::CONTENT_TYPE, header::CONTENT_DISPOSITION, header::ETAG, header::LAST_MODIFIED, header::LOCATION];

/// The id of what a keyed request makes, and whether an earlier try may have made it.
#[derive(Clone, Copy, Debug)]
pub struct KeyedId {
    /// The same on each try.
    pub id: Uuid,
    /// An earlier try came to no answer.
    pub is_repeat: bool,
}

/// Runs the handler once for all requests with the same key; without a key it just runs.
pub async fn once<F, R>(principal: &Principal, state: &State, request: Request, run: F) -> ApiResult<Response>
where
    F: FnOnce(Request) -> R,
    R: Future<Output = Response> + Send + 'static,
{
    let Some(key) = key_of(request.headers())? else { return Ok(run(request).await) };
    let (keyed, mut request) = keyed(principal, state, key, request).await?;
    let keys = &state.directory().idempotency;
    let (now, config) = (state.now(), state.config());
    let (locked, expires) = (now.after(config.idempotency_lock), now.after(config.idempotency_lifetime));
    let id = match keys.begin(&keyed, now, locked, expires).await.map_err(from_store)? {
        Begun::First => KeyedId { id: keyed.id, is_repeat: false },
        Begun::Again(id) => KeyedId { id, is_repeat: true },
        Begun::Running => {
            let message = "A request with this Idempotency-Key is under way; ask again for its answer";
            let error = ApiError::new(StatusCode::CONFLICT, "IDEMPOTENCY_KEY_IN_USE", message);
            return Err(ApiError { retry_after: Some(1), ..error });
        }
        Begun::OtherRequest => {
            let message = "This Idempotency-Key was used for another request; take a new one";
            let fault = Fault::parameter("Idempotency-Key", "was used for another request");
            let error = ApiError::unprocessable("IDEMPOTENCY_KEY_REUSED", message);
            return Err(ApiError { faults: vec![fault], ..error });
        }
        Begun::Answered(answer) => return replay(state, answer),
    };
    request.extensions_mut().insert(id);
    // Whoever hangs up is answered when they ask again, so the handler goes on to its end without them.
    let (running, state) = (run(request), state.clone());
    let outcome = tokio::spawn(async move { keep(&state, &keyed, running.await).await }).await;
    outcome.map_err(ApiError::internal)
}

fn key_of(headers: &HeaderMap) -> ApiResult<Option<String>> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(first) = given.next() else { return Ok(None) };
    let is_plain = |text: &&str| {
        (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
    };
    match first.to_str().ok().filter(is_plain) {
        Some(key) if given.next().is_none() => Ok(Some(key.to_owned())),
        _ => {
            let rule = format!("must be one value of 1 to {IDEMPOTENCY_KEY_CHARS_MAX} printable ASCII characters");
            Err(ApiError::validation(vec![Fault::parameter("Idempotency-Key", rule)]))
        }
    }
}

/// Reads the body, which is part of what the key stands for.
async fn keyed(
    principal: &Principal,
    state: &State,
    key: String,
    request: Request,
) -> ApiResult<(KeyedRequest, Request)> {
    let (parts, body) = request.into_parts();
    let bytes_max = state.config().body_bytes_max;
    let bytes = axum::body::to_bytes(body, bytes_max).await.map_err(|_| {
        let message = format!("With an Idempotency-Key the body has at most {bytes_max} bytes, and must arrive whole");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", message)
    })?;
    let route = parts.extensions.get::<MatchedPath>().map_or_else(|| parts.uri.path(), MatchedPath::as_str);
    let address = parts.uri.path_and_query().map_or("", |address| address.as_str());
    let kind = parts.headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let mut hash = Sha256::new();
    for part in [address.as_bytes(), kind, &bytes] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let keyed = KeyedRequest {
        tenant: principal.tenant,
        who: principal.label(),
        route: format!("{} {route}", parts.method),
        key,
        fingerprint: to_hex(&hash.finalize()),
        id: state.next_id(),
    };
    Ok((keyed, Request::from_parts(parts, Body::from(bytes))))
}

/// What was done is kept; what was refused has done nothing and frees the key; what failed may be tried again.
async fn keep(state: &State, keyed: &KeyedRequest, response: Response) -> Response {
    let keys = &state.directory().idempotency;
    let status = response.status();
    let (response, noted) = if status.is_server_error() {
        (response, keys.unlock(keyed).await)
    } else if status.is_client_error() {
        (response, keys.free(keyed).await)
    } else {
        let (response, answer) = kept(state, response).await;
        (response, keys.answer(keyed, &answer).await)
    };
    if let Err(error) = noted {
        tracing::warn!(%error, route = keyed.route, "could not keep the answer of an Idempotency-Key");
    }
    response
}

async fn kept(state: &State, response: Response) -> (Response, KeptAnswer) {
    let (parts, body) = response.into_parts();
    let headers = KEPT_HEADERS.iter().filter_map(|name| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    let mut answer = KeptAnswer { status: parts.status.as_u16(), headers: headers.collect(), body: None };
    // A body without a known length is a stream that may never end.
    if body.size_hint().exact().is_none_or(|bytes| bytes > ANSWER_BYTES_MAX) {
        return (Response::from_parts(parts, body), answer);
    }
    let bytes = match axum::body::to_bytes(body, usize::MAX).await {
        Ok(bytes) => bytes,
        Err(error) => return (ApiError::internal(error).into_response(), answer),
    };
    let sealed = state.seals().seal_secret(PURPOSE, &STANDARD.encode(&bytes), state.random());
    answer.body = sealed.ok().map(|SealedSecret(text)| text);
    (Response::from_parts(parts, Body::from(bytes)), answer)
}

fn replay(state: &State, answer: KeptAnswer) -> ApiResult<Response> {
    let opened = answer.body.and_then(|sealed| state.seals().open_secret(PURPOSE, &SealedSecret(sealed)));
    let Some(bytes) = opened.and_then(|text| STANDARD.decode(text).ok()) else {
        let message = "This request was done, but its answer was not kept; read what it made";
        return Err(ApiError::new(StatusCode::CONFLICT, "IDEMPOTENT_ANSWER_GONE", message));
    };
    let status = StatusCode::from_u16(answer.status).map_err(ApiError::internal)?;
    let mut response = (status, Bytes::from(bytes)).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    for (name, value) in answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(ApiError::internal)?;
        headers.insert(name, HeaderValue::from_str(&value).map_err(ApiError::internal)?);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
