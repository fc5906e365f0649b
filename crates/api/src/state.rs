//! What every route can reach.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{Seed, Timestamp};
use operations::{
    AgentWatch, CallReports, ConsentVerifier, Counters, DemoCalls, Directory, Flows, Gate, IdentityProviders, Ids,
    Leases, LiveBus, Lookups, Provisioning, Vault,
};
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;

use crate::{
    config::ApiConfig,
    metrics::HttpMetrics,
    ports::{Buckets, CallControl, Clock, HealthProbe, Mailer, RecordingFiles, RecordingSource},
    seals::Seals,
    throttle::SignInGuard,
};

/// The parts the server brings.
#[expect(missing_debug_implementations, reason = "holds ports, which are traits")]
pub struct Ports {
    /// The store.
    pub directory: Directory,
    /// Figures over many calls.
    pub reports: Arc<dyn CallReports>,
    /// What buyers' caps have counted.
    pub leases: Arc<dyn Leases>,
    /// Buying numbers and giving them back.
    pub provisioning: Provisioning,
    /// Asking about numbers.
    pub lookups: Lookups,
    /// Where mail goes; none where no server is configured.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Running calls.
    pub call_control: Arc<dyn CallControl>,
    /// Recordings.
    pub recording_files: Arc<dyn RecordingFiles>,
    /// Where recordings are fetched; nowhere where no host is allowed.
    pub recording_source: Option<Arc<dyn RecordingSource>>,
    /// What `/health/ready` asks.
    pub probes: Vec<Arc<dyn HealthProbe>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids, tokens and keys: from the operating system's entropy.
    pub seed: Seed,
    /// Where every part registers its metrics.
    pub registry: Registry,
    /// Where requests are taken from.
    pub buckets: Arc<dyn Buckets>,
    /// What is counted or used once.
    pub counters: Arc<dyn Counters>,
    /// How agents stand, and who is connected.
    pub agents: Arc<AgentWatch>,
    /// Where live updates come from.
    pub live: Arc<dyn LiveBus>,
    /// Says whether a call may happen.
    pub gate: Arc<Gate>,
    /// Asks who vouches for consents.
    pub consent_verifier: Arc<dyn ConsentVerifier>,
    /// Calls of the demo nobody dials.
    pub demo_calls: Arc<DemoCalls>,
    /// Seals what must be read again: carriers' passwords.
    pub vault: Vault,
    /// Asks tenants' identity providers.
    pub identity_providers: Arc<dyn IdentityProviders>,
}

/// Shared by all requests; cheap to clone.
#[derive(Clone)]
pub struct State(Arc<Inner>);

struct Inner {
    config: ApiConfig,
    directory: Directory,
    reports: Arc<dyn CallReports>,
    leases: Arc<dyn Leases>,
    provisioning: Provisioning,
    lookups: Lookups,
    mailer: Option<Arc<dyn Mailer>>,
    call_control: Arc<dyn CallControl>,
    recording_files: Arc<dyn RecordingFiles>,
    recording_source: Option<Arc<dyn RecordingSource>>,
    probes: Vec<Arc<dyn HealthProbe>>,
    clock: Arc<dyn Clock>,
    started_at: Timestamp,
    seed: Mutex<Seed>,
    ids: Arc<Ids>,
    flows: Flows,
    seals: Seals,
    buckets: Arc<dyn Buckets>,
    counters: Arc<dyn Counters>,
    agents: Arc<AgentWatch>,
    sign_in: SignInGuard,
    password_checks: Semaphore,
    registry: Registry,
    metrics: HttpMetrics,
    live: Arc<dyn LiveBus>,
    gate: Arc<Gate>,
    consent_verifier: Arc<dyn ConsentVerifier>,
    demo_calls: Arc<DemoCalls>,
    vault: Vault,
    identity_providers: Arc<dyn IdentityProviders>,
    live_clients: Arc<Semaphore>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

impl State {
    /// From the parts the server brings.
    pub fn new(config: ApiConfig, mut ports: Ports) -> Self {
        let metrics = HttpMetrics::register(&mut ports.registry);
        let ids = Arc::new(Ids::new(ports.seed.fork()));
        let seals = Seals::new(config.seal_key);
        Self(Arc::new(Inner {
            sign_in: SignInGuard::new(config.sign_in, Arc::clone(&ports.counters), seals.clone()),
            seals,
            buckets: ports.buckets,
            counters: ports.counters,
            agents: ports.agents,
            password_checks: Semaphore::new(config.password_checks_max),
            started_at: ports.clock.now(),
            seed: Mutex::new(ports.seed),
            flows: Flows::new(ports.directory.clone(), Arc::clone(&ids)),
            ids,
            directory: ports.directory,
            reports: ports.reports,
            leases: ports.leases,
            provisioning: ports.provisioning,
            lookups: ports.lookups,
            mailer: ports.mailer,
            call_control: ports.call_control,
            recording_files: ports.recording_files,
            recording_source: ports.recording_source,
            probes: ports.probes,
            clock: ports.clock,
            registry: ports.registry,
            live: ports.live,
            gate: ports.gate,
            consent_verifier: ports.consent_verifier,
            demo_calls: ports.demo_calls,
            vault: ports.vault,
            identity_providers: ports.identity_providers,
            live_clients: Arc::new(Semaphore::new(config.live.clients_max)),
            metrics,
            config,
        }))
    }

    /// Configuration.
    pub fn config(&self) -> &ApiConfig {
        &self.0.config
    }

    /// The store.
    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    /// The use cases of flows.
    pub fn flows(&self) -> &Flows {
        &self.0.flows
    }

    /// Figures over many calls.
    pub fn reports(&self) -> &dyn CallReports {
        &*self.0.reports
    }

    /// What buyers' caps have counted.
    pub fn leases(&self) -> &dyn Leases {
        &*self.0.leases
    }

    /// Buying numbers and giving them back.
    pub fn provisioning(&self) -> &Provisioning {
        &self.0.provisioning
    }

    /// Asking about numbers.
    pub fn lookups(&self) -> &Lookups {
        &self.0.lookups
    }

    /// Where mail goes.
    pub fn mailer(&self) -> Option<&dyn Mailer> {
        self.0.mailer.as_deref()
    }

    /// Running calls.
    pub fn call_control(&self) -> &dyn CallControl {
        &*self.0.call_control
    }

    /// Where recordings are fetched.
    pub fn recording_source(&self) -> Option<&dyn RecordingSource> {
        self.0.recording_source.as_deref()
    }

    /// Recordings.
    pub fn recording_files(&self) -> Arc<dyn RecordingFiles> {
        Arc::clone(&self.0.recording_files)
    }

    /// Health probes.
    pub fn probes(&self) -> &[Arc<dyn HealthProbe>] {
        &self.0.probes
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// When this process began to serve.
    pub fn started_at(&self) -> Timestamp {
        self.0.started_at
    }

    /// A new id.
    pub fn next_id<T: From<uuid::Uuid>>(&self) -> T {
        self.0.ids.next(self.now())
    }

    /// A stream of randomness of its own, for what draws more than once.
    pub fn fork_seed(&self) -> Seed {
        self.0.seed.lock().unwrap_or_else(PoisonError::into_inner).fork()
    }

    /// Random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.seed.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut bytes);
        bytes
    }

    /// Seals carriers' passwords.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// Seals.
    pub fn seals(&self) -> &Seals {
        &self.0.seals
    }

    /// Where requests are taken from.
    pub fn buckets(&self) -> &dyn Buckets {
        &*self.0.buckets
    }

    /// True for the first who asks with this key, whichever process: it is remembered for so long.
    pub async fn is_first(&self, purpose: &str, key: &str, remembered: Duration) -> bool {
        let key = self.seals().blind(purpose, key);
        self.0.counters.is_first(&key, remembered, self.now()).await
    }

    /// True once in a minute for one key: for what is noted once though it comes many times.
    pub async fn is_first_of_late(&self, key: &str) -> bool {
        self.is_first("noted", key, Duration::from_mins(1)).await
    }

    /// Failed sign-ins.
    pub(crate) fn sign_in_guard(&self) -> &SignInGuard {
        &self.0.sign_in
    }

    /// Room for password checks.
    pub fn password_checks(&self) -> &Semaphore {
        &self.0.password_checks
    }

    /// Everything measured.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// What HTTP measures.
    pub fn metrics(&self) -> &HttpMetrics {
        &self.0.metrics
    }

    /// How agents stand, and who is connected.
    pub fn agents(&self) -> &AgentWatch {
        &self.0.agents
    }

    /// Live updates.
    pub fn live(&self) -> &dyn LiveBus {
        &*self.0.live
    }

    /// Says whether a call may happen.
    pub fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// Asks who vouches for consents.
    pub fn consent_verifier(&self) -> &dyn ConsentVerifier {
        &*self.0.consent_verifier
    }

    /// Calls of the demo nobody dials.
    pub fn demo_calls(&self) -> &DemoCalls {
        &self.0.demo_calls
    }

    /// Asks tenants' identity providers.
    pub fn identity_providers(&self) -> &dyn IdentityProviders {
        &*self.0.identity_providers
    }

    /// Room for WebSocket clients.
    pub fn live_clients(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.live_clients)
    }
}
