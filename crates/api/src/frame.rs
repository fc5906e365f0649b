//! What surrounds every route: request id, who asks, how often, the error document, headers, metrics.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};

use crate::{
    authenticate::{Identity, identify},
    buckets::Allowance,
    metrics::RequestLabels,
    ports::Bucket,
    problem::ApiError,
    state::State,
    throttle::network_of,
};

/// Names the request, to the caller and in the log.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Where a request came from, proxies we trust looked through.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id taken over from the caller.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// The middleware.
pub async fn frame(state: State, mut request: Request, next: Next) -> Response {
    let began = state.now();
    let id = request_id(&state, request.headers());
    let peer = peer_of(&state, &request);
    // A label of a metric: whatever is made up by a stranger must not make a series of its own.
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known.to_owned(),
        _ => "OTHER".to_owned(),
    };
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let identity = identify(&state, request.headers()).await;
    let tenant = match &identity {
        Identity::Known(principal) => principal.tenant.to_string(),
        _ => String::new(),
    };
    let allowance = match is_counted(route.as_deref()) {
        true => Some(count(&state, &identity, peer).await),
        false => None,
    };
    let response = match allowance {
        Some(allowance) if !allowance.admitted => refuse(allowance, &id),
        _ => {
            let extensions = request.extensions_mut();
            extensions.insert(identity);
            extensions.insert(state.clone());
            extensions.insert(RequestId(id.clone()));
            extensions.insert(Peer(peer));
            next.run(request).await
        }
    };
    let (mut response, error_code) = finish(response, &id);
    add_headers(response.headers_mut(), &id, allowance);
    if state.config().cookie_secure {
        // Reached over TLS: browsers stay there for a year (RFC 6797).
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    let route = route.unwrap_or_else(|| "unmatched".to_owned());
    let took = state.now().since(began).as_secs_f64();
    tracing::debug!(request_id = %id, method, route, status = response.status().as_u16(), seconds = took, "request");
    let labels = RequestLabels { method, route, status_code: response.status().as_u16(), tenant_id: tenant };
    state.metrics().answered(&labels, error_code, took);
    response
}

/// `<epoch ms>-<7 base36>` (inventory, section 2.1), or the caller's own where it is harmless to log.
fn request_id(state: &State, headers: &HeaderMap) -> String {
    let is_plain = |text: &&str| {
        (1..=REQUEST_ID_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    if let Some(given) = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(is_plain) {
        return given.to_owned();
    }
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let tail: String = state.random::<7>().iter().map(|byte| char::from(DIGITS[usize::from(byte % 36)])).collect();
    format!("{}-{tail}", state.now().micros() / 1_000)
}

fn peer_of(state: &State, request: &Request) -> IpAddr {
    let direct = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    let direct = direct.to_canonical();
    let trusted = &state.config().trusted_proxies;
    if !trusted.contains(&direct) {
        return direct;
    }
    // Each proxy appends whom it saw; the last address that is no proxy of ours is the caller.
    let lines = request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> = lines.flat_map(|line| line.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    hops.into_iter().rev().find(|hop| !trusted.contains(hop)).unwrap_or(direct)
}

/// Probes and scrapers come on a schedule of their own.
fn is_counted(route: Option<&str>) -> bool {
    !route.is_some_and(|route| route.starts_with("/health") || route == "/metrics")
}

/// Takes the request from the bucket of who sends it, and from its tenant's; tells of the one that is emptier.
async fn count(state: &State, identity: &Identity, peer: IpAddr) -> Allowance {
    let config = state.config();
    let buckets = match identity {
        Identity::Known(principal) => {
            let by_kind = if principal.user().is_some() {
                config.user_requests_per_minute
            } else {
                config.key_requests_per_minute
            };
            let own = Bucket { key: principal.label(), per_minute: principal.rate_limit.unwrap_or(by_kind) };
            let tenant = format!("tenant:{}", principal.tenant);
            vec![own, Bucket { key: tenant, per_minute: config.tenant_requests_per_minute }]
        }
        _ => {
            let key = format!("net:{}", network_of(peer));
            vec![Bucket { key, per_minute: config.network_requests_per_minute }]
        }
    };
    let taken = state.buckets().take(&buckets, state.now()).await;
    let allowances = buckets.iter().zip(taken).map(|(bucket, taken)| Allowance::of(bucket, taken));
    let emptiest = allowances.min_by_key(|allowance| (allowance.admitted, allowance.remaining));
    // A port that answered nothing has nothing against it.
    emptiest.unwrap_or(Allowance { limit: 1, remaining: 1, reset_secs: 0, admitted: true })
}

fn refuse(allowance: Allowance, id: &str) -> Response {
    let message = format!("More than {} requests a minute; try again in {} s", allowance.limit, allowance.reset_secs);
    let error = ApiError::too_many(message, allowance.reset_secs);
    let mut response = error.render(id);
    response.extensions_mut().insert(error);
    response
}

/// Writes the error document, also for what axum refuses by itself (no such route, method, body too large).
fn finish(mut response: Response, id: &str) -> (Response, Option<&'static str>) {
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        let mut rendered = error.render(id);
        // What a handler added (a cleared cookie, Content-Range) stays.
        for (name, value) in response.headers() {
            if !rendered.headers().contains_key(name) && name != header::CONTENT_LENGTH {
                rendered.headers_mut().append(name.clone(), value.clone());
            }
        }
        return (rendered, Some(error.code));
    }
    let status = response.status();
    let is_ours =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/"));
    if !(status.is_client_error() || status.is_server_error()) || is_ours {
        return (response, None);
    }
    let (code, message) = match status {
        StatusCode::METHOD_NOT_ALLOWED => ("METHOD_NOT_ALLOWED", "This path does not take this method"),
        StatusCode::PAYLOAD_TOO_LARGE => ("PAYLOAD_TOO_LARGE", "The body is larger than this API reads"),
        StatusCode::UPGRADE_REQUIRED => ("UPGRADE_REQUIRED", "This path speaks WebSocket"),
        _ if status.is_server_error() => ("INTERNAL_ERROR", "Something went wrong on the server"),
        _ => ("BAD_REQUEST", "The request could not be read"),
    };
    let mut rendered = ApiError::new(status, code, message).render(id);
    if let Some(allow) = response.headers().get(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow.clone());
    }
    (rendered, Some(code))
}

fn add_headers(headers: &mut HeaderMap, id: &str, allowance: Option<Allowance>) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(allowance) = allowance {
        for (name, value) in [
            ("x-ratelimit-limit", u64::from(allowance.limit)),
            ("x-ratelimit-remaining", u64::from(allowance.remaining)),
            ("x-ratelimit-reset", allowance.reset_secs),
            ("ratelimit-limit", u64::from(allowance.limit)),
            ("ratelimit-remaining", u64::from(allowance.remaining)),
            ("ratelimit-reset", allowance.reset_secs),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
}
