//! HTTP: routes, views, OpenAPI, WebSocket.
//!
//! `router(State)` is the whole of it. Every route is registered through [`resource::Resource`], which asks who may come;
//! there is no other way in. Wire types live in `routes`, one file per resource, and are converted by hand.

pub mod access;
mod authenticate;
mod buckets;
mod bulk;
mod caller;
mod conditional;
pub mod config;
mod convert;
mod crud;
mod document;
mod event_view;
mod examples;
mod extract;
mod frame;
mod idempotency;
mod live;
mod mails;
pub mod metrics;
mod page;
pub mod ports;
mod problem;
mod ranges;
mod refusals;
pub mod resource;
mod routes;
mod seals;
mod sides;
mod state;
mod strict;
mod throttle;
mod wire;

use std::{sync::OnceLock, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, Method, header},
    middleware,
    middleware::Next,
};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::openapi::OpenApi;

pub use buckets::{Allowance, LocalBuckets};
pub use config::{ApiConfig, LiveLimits};
pub use event_view::wire_name;
pub use live::permission_of;
pub use operations::SignInLimits;
pub use problem::{ApiError, Fault, Problem};
pub use state::{Ports, State};

/// How long a browser keeps the answer to a preflight request.
const PREFLIGHT_LIFETIME: Duration = Duration::from_hours(1);

/// The OpenAPI document of all routes.
pub fn openapi() -> OpenApi {
    finished(routes::all().into_openapi()).clone()
}

/// The same for every router of a process, as the routes are.
fn finished(mut document: OpenApi) -> &'static OpenApi {
    static FINISHED: OnceLock<OpenApi> = OnceLock::new();
    FINISHED.get_or_init(|| {
        document::bound_integers(&mut document);
        document::join_defaults(&mut document);
        document::refer_to_items(&mut document);
        refusals::name_codes(&mut document);
        examples::add(&mut document);
        document
    })
}

/// All routes. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, so that networks can be told apart.
pub fn router(state: State) -> Router {
    let (routes, document) = routes::all().split_for_parts();
    let framed = state.clone();
    routes
        .merge(routes::documentation(finished(document)))
        .fallback(|| async { ApiError::not_found("Path") })
        .layer(DefaultBodyLimit::max(state.config().body_bytes_max))
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            let state = framed.clone();
            async move { frame::frame(state, request, next).await }
        }))
        .layer(cors(state.config()))
        .with_state(state)
}

fn cors(config: &ApiConfig) -> CorsLayer {
    let origins: Vec<HeaderValue> = config.web_origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            header::IF_RANGE,
            header::RANGE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("x-api-key"),
            HeaderName::from_static("x-csrf-token"),
            HeaderName::from_static("x-quota-override"),
            HeaderName::from_static("x-request-id"),
        ])
        .expose_headers([
            header::ACCEPT_RANGES,
            header::CONTENT_LENGTH,
            header::CONTENT_RANGE,
            header::ETAG,
            header::RETRY_AFTER,
            HeaderName::from_static("idempotency-replayed"),
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("x-ratelimit-limit"),
            HeaderName::from_static("x-ratelimit-remaining"),
            HeaderName::from_static("x-ratelimit-reset"),
        ])
        .max_age(PREFLIGHT_LIFETIME)
}
