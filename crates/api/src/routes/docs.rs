//! `/openapi.json` and the page that shows it, served from the binary: no request leaves for a CDN.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use bytes::Bytes;
use utoipa::openapi::OpenApi;

use crate::{problem::ApiError, state::State};

/// The page's own scripts and styles, nothing from elsewhere; Swagger UI sets style attributes and data: images.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Open to everybody: the document is the same for all and names no data.
pub(crate) fn documentation(document: &OpenApi) -> Router<State> {
    let json = Bytes::from(document.to_pretty_json().unwrap_or_default());
    let config =
        Arc::new(utoipa_swagger_ui::Config::new(["/openapi.json"]).persist_authorization(false).deep_linking(true));
    let index = Arc::clone(&config);
    Router::new()
        .route(
            "/openapi.json",
            get(move || async move { ([(header::CONTENT_TYPE, "application/json")], json.clone()) }),
        )
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(move || async move { page("index.html", index) }))
        .route("/docs/{file}", get(move |Path(file): Path<String>| async move { page(&file, config) }))
}

fn page(file: &str, config: Arc<utoipa_swagger_ui::Config<'static>>) -> Response {
    match utoipa_swagger_ui::serve(file, config) {
        Ok(Some(found)) => {
            let mut response = Response::new(Body::from(found.bytes.into_owned()));
            let kind = HeaderValue::from_str(&found.content_type);
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream")));
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
            response
        }
        Ok(None) => ApiError::not_found("Page").into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}
