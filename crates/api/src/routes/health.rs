//! Is it alive, is it ready; what it measures.

use std::{collections::BTreeMap, net::IpAddr};

use axum::{
    Extension, Json,
    extract::State as StateExtractor,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{
    access::Permission,
    authenticate::Identity,
    frame::Peer,
    ports::{Health, HealthProbe, PROBE_TIMEOUT},
    problem::{ApiError, ApiResult},
    resource::Resource,
    state::State,
    wire::Time,
};

const SERVICE: &str = "hopwhistle-api";

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Health")
        .public(routes!(health))
        .public(routes!(live))
        .public(routes!(ready))
        .public(routes!(metrics))
}

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthView {
    /// `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// Which role answers.
    service: &'static str,
    /// Release of the platform.
    version: &'static str,
    /// Seconds since the process began to serve.
    uptime: f64,
    /// When it was asked.
    timestamp: Time,
}

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveView {
    /// `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// Which role answers.
    service: &'static str,
}

/// Whether the platform can work.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadyView {
    /// `healthy`, `degraded` or `unhealthy`.
    #[schema(example = "healthy")]
    status: &'static str,
    /// When it was asked.
    timestamp: Time,
    /// What each part said, by its name.
    checks: BTreeMap<&'static str, CheckView>,
}

/// What one part said.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckView {
    /// `ok`, `error` or `disabled`.
    #[schema(example = "ok")]
    status: &'static str,
    /// Milliseconds the check took.
    latency: f64,
    /// What it said.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Says that the process runs, since when, and which version.
#[utoipa::path(get, path = "/health", operation_id = "getHealth", responses((status = 200, description = "It runs", body = HealthView)))]
async fn health(StateExtractor(state): StateExtractor<State>) -> Json<HealthView> {
    let now = state.now();
    Json(HealthView {
        status: "ok",
        service: SERVICE,
        version: env!("CARGO_PKG_VERSION"),
        uptime: now.since(state.started_at()).as_secs_f64(),
        timestamp: Time(now),
    })
}

/// Says that the process answers; asks nothing else.
#[utoipa::path(get, path = "/health/live", operation_id = "getLiveness", responses((status = 200, description = "It answers", body = LiveView)))]
async fn live() -> Json<LiveView> {
    Json(LiveView { status: "ok", service: SERVICE })
}

/// Asks every part of the platform. A vital one that fails is 503, another one `degraded`.
#[utoipa::path(get, path = "/health/ready", operation_id = "getReadiness", responses(
    (status = 200, description = "It can work", body = ReadyView), (status = 503, description = "A vital part does not work", body = ReadyView)))]
async fn ready(StateExtractor(state): StateExtractor<State>) -> (StatusCode, Json<ReadyView>) {
    let found = join_all(state.probes().iter().map(|probe| ask(&state, &**probe))).await;
    let failed = |vital: bool| found.iter().any(|(_, is_vital, check)| check.status == "error" && *is_vital == vital);
    let (code, status) = match (failed(true), failed(false)) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "unhealthy"),
        (false, true) => (StatusCode::OK, "degraded"),
        (false, false) => (StatusCode::OK, "healthy"),
    };
    let checks = found.into_iter().map(|(name, _, check)| (name, check)).collect();
    (code, Json(ReadyView { status, timestamp: Time(state.now()), checks }))
}

async fn ask(state: &State, probe: &dyn HealthProbe) -> (&'static str, bool, CheckView) {
    let began = state.now();
    let found = tokio::time::timeout(PROBE_TIMEOUT, probe.check()).await;
    let found = found.unwrap_or_else(|_| Health::Failed(format!("no answer within {} s", PROBE_TIMEOUT.as_secs())));
    let (status, error) = match found {
        Health::Ok => ("ok", None),
        Health::Failed(why) => ("error", Some(why)),
        Health::Disabled => ("disabled", None),
    };
    let latency = state.now().since(began).as_secs_f64() * 1_000.0;
    (probe.name(), probe.is_vital(), CheckView { status, latency, error })
}

/// What the platform measures, as Prometheus reads it. For loopback, the addresses the configuration allows, and the
/// platform's operator.
#[utoipa::path(get, path = "/metrics", operation_id = "getMetrics", responses(
    (status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text"),
    (status = 403, description = "Not from here", body = crate::Problem, content_type = "application/problem+json")))]
async fn metrics(
    StateExtractor(state): StateExtractor<State>,
    Extension(Peer(peer)): Extension<Peer>,
    Extension(identity): Extension<Identity>,
) -> ApiResult<Response> {
    let is_operator =
        matches!(&identity, Identity::Known(principal) if principal.grants.allow(Permission::PlatformAdmin));
    if !is_operator && !is_scraper(peer, &state.config().metrics_allowed) {
        return Err(ApiError::forbidden("Metrics are for loopback, allowed addresses and the platform's operator"));
    }
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, state.registry()).map_err(ApiError::internal)?;
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

fn is_scraper(peer: IpAddr, allowed: &[IpAddr]) -> bool {
    peer.is_loopback() || allowed.contains(&peer)
}
