//! The voice threads' figures as Prometheus metrics (names of the inventory, section 6.7), and the worker's page.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use worker::WorkerHealth;

use crate::clock::Clock;
use crate::voice::{edge_thread, relay_thread, switch_thread};

/// Adds the edge's figures.
pub fn register_edge(registry: &mut Registry, edge: &Arc<edge_thread::Gauges>) {
    registry.register_collector(Box::new(EdgeFigures(edge.clone())));
}

/// Adds the switch's figures.
pub fn register_switch(registry: &mut Registry, switch: &Arc<switch_thread::Gauges>, recorder: &operations::Recorder) {
    registry.register_collector(Box::new(SwitchFigures(switch.clone(), recorder.clone())));
}

/// Adds the relay's figures.
pub fn register_relay(registry: &mut Registry, relay: &Arc<relay_thread::Gauges>) {
    registry.register_collector(Box::new(RelayFigures(relay.clone())));
}

/// Read when they are asked for.
#[derive(Debug)]
struct EdgeFigures(Arc<edge_thread::Gauges>);

#[derive(Debug)]
struct SwitchFigures(Arc<switch_thread::Gauges>, operations::Recorder);

#[derive(Debug)]
struct RelayFigures(Arc<relay_thread::Gauges>);

fn value(figure: &AtomicU64) -> u64 {
    figure.load(Ordering::Relaxed)
}

fn encode_counters(encoder: &mut DescriptorEncoder<'_>, counters: &[(&str, &str, u64)]) -> Result<(), std::fmt::Error> {
    for (name, help, value) in counters {
        let counter = ConstCounter::new(*value);
        counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
    }
    Ok(())
}

/// One counter with a series for each value of `label`.
fn encode_labelled(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    values: impl Iterator<Item = (&'static str, u64)>,
) -> Result<(), std::fmt::Error> {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (value, count) in values {
        ConstCounter::new(count).encode(family.encode_family(&[(label, value)])?)?;
    }
    Ok(())
}

impl Collector for EdgeFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let counters = [
            ("edge_sip_received", "SIP messages the edge received", value(&self.0.sip_received)),
            ("edge_sip_sent", "SIP messages the edge sent", value(&self.0.sip_sent)),
            ("edge_calls_admitted", "Calls the edge let in", value(&self.0.admitted)),
            ("edge_requests_refused", "Requests the edge turned away", value(&self.0.refused)),
            ("edge_malformed", "Messages that are no SIP", value(&self.0.malformed)),
        ];
        encode_counters(&mut encoder, &counters)?;
        let counters = self.0.counters.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fates = edge::Fate::ALL.iter().map(|fate| (fate.label(), counters.fate(*fate)));
        encode_labelled(&mut encoder, "edge_messages", "What became of each message the edge read", "fate", fates)?;
        let reasons = edge::Reason::ALL.iter().map(|reason| (reason.label(), counters.refused(*reason)));
        encode_labelled(&mut encoder, "edge_refusals", "Why messages were turned away", "reason", reasons)
    }
}

impl Collector for SwitchFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let counters = [
            ("switch_sip_received", "SIP messages the switch received", value(&self.0.sip_received)),
            ("switch_sip_sent", "SIP messages the switch sent", value(&self.0.sip_sent)),
            ("switch_requests_refused", "Calls the switch refused", value(&self.0.sip_refused)),
            ("calls_started", "Calls the switch took", value(&self.0.calls_started)),
            ("calls_ended", "Calls that are over", value(&self.0.calls_ended)),
            ("orders_ignored", "Orders to call somebody that came too late, or twice", value(&self.0.orders_ignored)),
            ("rtp_packets_received", "RTP and RTCP packets received", value(&self.0.rtp_received)),
            ("rtp_packets_sent", "RTP and RTCP packets sent", value(&self.0.rtp_sent)),
            ("call_events_lost", "Call events that could not be handed to the log", value(&self.0.events_lost)),
            ("call_events_set_aside", "Call events the store refused, beside the journal", self.1.events_set_aside()),
            ("recording_gaps", "Pieces of recordings the disk was too slow for", value(&self.0.recording_gaps)),
        ];
        encode_counters(&mut encoder, &counters)?;
        let gauges = [
            ("calls_active", "Calls held now", value(&self.0.calls)),
            ("media_legs_active", "Media legs open now", value(&self.0.legs)),
            ("call_events_waiting", "Call events the log has no room for yet", value(&self.0.events_waiting)),
        ];
        encode_gauges(&mut encoder, &gauges)
    }
}

impl Collector for RelayFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let counters = [
            ("relay_requests", "Requests of proxies the relay received", value(&self.0.requests)),
            ("relay_malformed", "Datagrams on the control port that are no request", value(&self.0.malformed)),
            ("relay_packets_received", "RTP and RTCP packets the relay received", value(&self.0.rtp_received)),
            ("relay_packets_sent", "RTP and RTCP packets the relay sent", value(&self.0.rtp_sent)),
        ];
        encode_counters(&mut encoder, &counters)?;
        let gauges = [
            ("relay_calls_active", "Calls of proxies held now", value(&self.0.calls)),
            ("relay_legs_active", "Media legs of proxies open now", value(&self.0.legs)),
        ];
        encode_gauges(&mut encoder, &gauges)
    }
}

fn encode_gauges(encoder: &mut DescriptorEncoder<'_>, gauges: &[(&str, &str, u64)]) -> Result<(), std::fmt::Error> {
    for (name, help, value) in gauges {
        let gauge = ConstGauge::new(i64::try_from(*value).unwrap_or(i64::MAX));
        gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
    }
    Ok(())
}

/// `/metrics` and `/health` of the worker role.
pub fn worker_router(health: Arc<WorkerHealth>, clock: Clock) -> Router {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Work(health.clone())));
    Router::new()
        .route("/metrics", get(worker_metrics))
        .route("/health", get(worker_health))
        .route("/health/live", get(|| async { axum::Json(serde_json::json!({"status": "ok", "service": "worker"})) }))
        .route("/health/ready", get(worker_health))
        .with_state(WorkerPage { health, registry: Arc::new(registry), clock })
}

/// A loop that did not come round for so long does not work.
const ROUND_MAX: Duration = Duration::from_secs(30);

#[derive(Clone)]
struct WorkerPage {
    health: Arc<WorkerHealth>,
    registry: Arc<Registry>,
    clock: Clock,
}

#[derive(Debug)]
struct Work(Arc<WorkerHealth>);

impl Collector for Work {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let figures = self.0.figures();
        let counters = [
            ("worker_calls_settled", "Calls settled or corrected", figures.calls_settled),
            ("worker_jobs_retried", "Attempts that failed and are repeated", figures.jobs_retried),
            ("worker_jobs_dead", "Jobs given up", figures.jobs_dead),
            ("worker_leases_expired", "Leases that ended by themselves", figures.leases_expired),
            ("worker_calls_recovered", "Calls closed because their switch was gone", figures.calls_recovered),
            ("worker_events_replayed", "Events moved from the journal to the log", figures.events_replayed),
            ("worker_scheduled_runs", "Runs of periodic work this process did", figures.runs),
            ("worker_scheduled_runs_failed", "Runs of periodic work that failed", figures.runs_failed),
            ("worker_errors", "Rounds that failed", figures.errors),
        ];
        encode_counters(&mut encoder, &counters)
    }
}

async fn worker_health(State(page): State<WorkerPage>) -> Response {
    let figures = page.health.figures();
    let now = page.clock.now();
    let late = |at: Timestamp| now.since(at) > ROUND_MAX;
    let stuck: Vec<&str> = [("jobs", figures.jobs_round_at), ("housekeeping", figures.housekeeping_round_at)]
        .into_iter()
        .filter(|(_, at)| late(*at))
        .map(|(name, _)| name)
        .collect();
    let status = if stuck.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::json!({
        "status": if stuck.is_empty() { "healthy" } else { "unhealthy" },
        "service": "worker",
        "stuck": stuck,
    });
    (status, axum::Json(body)).into_response()
}

async fn worker_metrics(State(page): State<WorkerPage>) -> Response {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &page.registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
