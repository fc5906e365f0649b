//! What HTTP measures, under the inventory's names (section 6.7).

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

const DURATION_BUCKETS_SECS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0];

/// Labels of a finished request. `route` is the route's pattern, never the path, so that ids make no series.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RequestLabels {
    /// `GET` ...
    pub method: String,
    /// `/api/v1/calls/{id}`; `unmatched` where there is none.
    pub route: String,
    /// `200` ...
    pub status_code: u16,
    /// Empty where nobody was signed in.
    pub tenant_id: String,
}

/// Labels of a failed request.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct ErrorLabels {
    /// `GET` ...
    pub method: String,
    /// As in [`RequestLabels`].
    pub route: String,
    /// The error's code: `NOT_FOUND` ...
    pub error_type: String,
    /// As in [`RequestLabels`].
    pub tenant_id: String,
}

/// The API's own metrics.
#[derive(Clone, Debug)]
pub struct HttpMetrics {
    duration: Family<RequestLabels, Histogram>,
    requests: Family<RequestLabels, Counter>,
    errors: Family<ErrorLabels, Counter>,
    /// WebSocket clients connected now.
    pub live_clients: Gauge,
    /// WebSocket clients closed because they could not keep up.
    pub live_lagged: Counter,
}

impl HttpMetrics {
    /// Registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            duration: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS_SECS)),
            requests: Family::default(),
            errors: Family::default(),
            live_clients: Gauge::default(),
            live_lagged: Counter::default(),
        };
        registry.register("http_request_duration_seconds", "Time to answer a request", metrics.duration.clone());
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        registry.register("http_request_errors", "Requests refused or failed", metrics.errors.clone());
        registry.register("websocket_clients_active", "WebSocket clients connected", metrics.live_clients.clone());
        registry.register(
            "websocket_clients_lagged",
            "WebSocket clients closed for lagging",
            metrics.live_lagged.clone(),
        );
        metrics
    }

    /// Counts an answered request.
    pub fn answered(&self, labels: &RequestLabels, error_code: Option<&str>, seconds: f64) {
        if let Some(code) = error_code {
            let (method, route, tenant_id) = (labels.method.clone(), labels.route.clone(), labels.tenant_id.clone());
            self.errors.get_or_create(&ErrorLabels { method, route, error_type: code.to_owned(), tenant_id }).inc();
        }
        self.duration.get_or_create(labels).observe(seconds);
        self.requests.get_or_create(labels).inc();
    }
}
