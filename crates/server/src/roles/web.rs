//! The web application, embedded in the binary.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

/// What `npm run build` made.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
struct Files;

/// Scripts are our own files, and nobody frames the application. The API may be on any host, so `connect-src` stays open.
const POLICY: &str =
    "script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Where the browser finds the API.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// As configured; else the API's port on the host the page came from.
    pub api_url: Option<String>,
    pub api_port: u16,
}

/// All paths of the web role.
pub fn router(config: WebConfig) -> Router {
    Router::new()
        .route("/config.json", get(configuration))
        .route("/health/live", get(|| async { axum::Json(serde_json::json!({"status": "ok", "service": "web"})) }))
        .fallback(file)
        .with_state(config)
}

async fn configuration(State(config): State<WebConfig>, headers: HeaderMap) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.contains(']') { host } else { name });
    let plain =
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'));
    let name = if plain && !name.is_empty() { name } else { "127.0.0.1" };
    let api_url = config.api_url.unwrap_or_else(|| format!("http://{name}:{}", config.api_port));
    ([(header::CACHE_CONTROL, "no-store")], axum::Json(serde_json::json!({ "apiUrl": api_url }))).into_response()
}

/// A file of the application; every other path is one of its pages.
async fn file(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let (name, found) = match Files::get(path) {
        Some(file) if !path.is_empty() => (path, Some(file)),
        // A missing asset is an error, not a page.
        _ if path.starts_with("assets/") => (path, None),
        _ => ("index.html", Files::get("index.html")),
    };
    let Some(file) = found else {
        let message = "The web application is not part of this build: run `make build`.\n";
        return (StatusCode::NOT_FOUND, message).into_response();
    };
    let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = file.data.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "map" => "application/json",
        _ => "application/octet-stream",
    }
}
