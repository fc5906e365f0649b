//! Puts the roles of one process together: all of them, or one.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use api::ports::HealthProbe;
use api::{ApiConfig, Ports};
use domain::Seed;
use operations::{
    AgentWatch, BudgetAlerts, Dead, DemoCalls, Gate, Ids, Jobs as _, Journal, LiveBus, Provisioning, Recorder,
    Recovery, RecoveryConfig, Settle, Vault, Voice,
};
use prometheus_client::registry::Registry;
use store::{FileJournal, Store, StoreConfig, WriterTask};
use switch::Input;
use tokio::sync::watch;
use worker::{RunningWorker, Worker, WorkerConfig, WorkerHealth};

use super::{agents, demo, edge, http, relay, switch as switch_role, web};
use crate::alerts;
use crate::chores::{Outward, chores};
use crate::clock::Clock;
use crate::config::Config;
use crate::consent;
use crate::mail;
use crate::metrics;
use crate::probes::{DatabaseProbe, Gauges, ThreadProbe};
use crate::recordings::RecordingFolder;
use crate::secrets;
use crate::sellers;
use crate::shared;
use crate::voice::edge_thread::EdgeHandle;
use crate::voice::relay_thread::RelayHandle;

/// Where events wait while the database is away.
const JOURNAL_FILE: &str = "events.journal";
/// How large it may grow: some two million events.
const JOURNAL_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// How often a process without a worker looks for changes of compliance data.
const GATE_EVERY: Duration = Duration::from_millis(500);
/// Signs of life of calls nobody dials.
const DEMO_CALLS_EVERY: Duration = Duration::from_secs(1);
/// How soon a run that was taken for dead stops.
const FENCED_EVERY: Duration = Duration::from_millis(200);
/// Longest that calls in progress may go on after the first signal to stop.
const DRAIN_MAX: Duration = Duration::from_secs(30);
/// For threads to see that they shall stop, and the last events to be kept.
const LAST_EVENTS: Duration = Duration::from_secs(5);
/// For the last BYEs and their answers.
const GOODBYE: Duration = Duration::from_millis(500);
/// For the database to be closed in order.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// Which roles this process plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    pub edge: bool,
    pub switch: bool,
    pub relay: bool,
    pub api: bool,
    pub web: bool,
    pub worker: bool,
}

impl Roles {
    /// The whole platform.
    pub const ALL: Self = Self { edge: true, switch: true, relay: true, api: true, web: true, worker: true };
    /// Nothing yet; one role is switched on in it.
    pub const NONE: Self = Self { edge: false, switch: false, relay: false, api: false, web: false, worker: false };

    fn needs_store(self) -> bool {
        self.edge || self.switch || self.api || self.worker
    }
}

/// The platform's parts on the async side.
struct Core {
    store: Store,
    ids: Arc<Ids>,
    live: Arc<dyn LiveBus>,
    voice: Arc<Voice>,
    gate: Arc<Gate>,
    agents: Arc<AgentWatch>,
    recorder: Recorder,
    recovery: Recovery,
    provisioning: Provisioning,
}

/// What runs, to be stopped in order.
#[derive(Default)]
struct Running {
    switch: Option<switch_role::Running>,
    edge: Option<(EdgeHandle, std::thread::JoinHandle<()>)>,
    relay: Option<(RelayHandle, std::thread::JoinHandle<()>)>,
    worker: Option<RunningWorker>,
    listeners: Vec<tokio::task::JoinHandle<()>>,
    /// Loops without an end of their own.
    tasks: Vec<tokio::task::JoinHandle<()>>,
    demo: Option<demo::Demo>,
}

/// Runs until a signal stops it.
pub async fn run(mut config: Config, roles: Roles, with_demo: bool) -> anyhow::Result<()> {
    if with_demo {
        config.host = std::net::Ipv4Addr::LOCALHOST.into();
        config.public_ip = None;
    }
    let clock = Clock::start();
    std::fs::create_dir_all(&config.data).with_context(|| format!("{}", config.data.display()))?;
    let mut seed = Seed::new(secrets::entropy()?);
    let (stop, stopped) = watch::channel(false);
    let mut running = Running::default();
    let mut writer = None;
    running.tasks.push(tokio::spawn(clock.follow_wall_clock()));
    if roles.relay {
        running.relay = Some(relay::start(&config, clock)?);
    }
    if roles.needs_store() || with_demo {
        let (core, task, news) = open(&config, roles, clock, &mut seed).await?;
        writer = Some(task);
        running.tasks.push(tokio::spawn(agents::tell(news, core.agents.clone(), clock)));
        if with_demo {
            let demo = demo::start(&config, &core.store.directory(), &core.ids, clock, &mut seed).await?;
            running.demo = Some(demo);
        }
        start_voice(&config, roles, &core, clock, &mut running).await?;
        start_http(&config, roles, core, clock, &mut seed, &mut running, &stopped).await?;
    }
    if roles.web {
        let api_port = config.shifted(config.api.port);
        let router = web::router(web::WebConfig { api_url: config.web.api_url.clone(), api_port });
        running.listeners.push(http::serve("web", config.listen(config.web.port), router, stopped).await?);
    }
    print!("{}", super::banner::text(&config, roles, running.demo.as_ref().map(|demo| &demo.file)));
    let reason = tokio::select! {
        reason = wait_for_end(running.worker.as_ref().map(RunningWorker::health)) => reason,
        () = running.until_broken() => "a thread of the voice path ended by itself",
    };
    tracing::info!(reason, "stopping: no new calls; those in progress may end");
    running.stop(&stop).await;
    if let Some(writer) = writer {
        // Everything acknowledged is committed; a browser that holds on to its WebSocket keeps the database open, and is cut.
        let _ = tokio::time::timeout(CLOSE_MAX, writer.finished()).await;
    }
    Ok(())
}

/// Edge, switch and worker.
async fn start_voice(
    config: &Config,
    roles: Roles,
    core: &Core,
    clock: Clock,
    running: &mut Running,
) -> anyhow::Result<()> {
    core.voice.refresh().await.context("reading numbers, buyers and flows")?;
    core.voice.refresh_gate(clock.now()).await.context("reading compliance policies and do-not-call lists")?;
    core.voice.refresh_counters().await?;
    let verdict_secret = match &config.switch.verdict_secret {
        Some(secret) => secret.as_bytes().to_vec(),
        None => secrets::keep(&config.data, "verdict")?.to_vec(),
    };
    if roles.switch {
        let events = Arc::new(core.recorder.clone());
        let switch = switch_role::start(config, &verdict_secret, core.voice.clone(), events, clock)?;
        core.recovery.heartbeat(switch.id, clock.now()).await?;
        // First what an earlier run still had to say; only then is closed what it left open.
        // What the store refused then, a new release may take.
        core.recorder.reconsider().await.context("reading what was set aside beside the journal")?;
        core.recorder.replay_journal().await.context("replaying the journal")?;
        // Alone on its data, this run knows that every earlier one is dead.
        let dead = if roles == Roles::ALL { Dead::AllBut(switch.id) } else { Dead::Silent };
        let closed = core.recovery.recover(clock.now(), dead).await?;
        if closed > 0 {
            tracing::warn!(closed, "calls of an earlier run were closed at its last sign of life");
        }
        let recordings = core.recovery.close_recordings(clock.now()).await?;
        if recordings > 0 {
            tracing::warn!(recordings, "recordings of an earlier run were closed with what their files hold");
        }
        if let Some(orders) = shared::orders(config)? {
            running.tasks.push(tokio::spawn(shared::follow(orders, switch.id, switch.handle.clone())));
        }
        running.switch = Some(switch);
    }
    if roles.edge {
        let (edge, thread) = edge::start(config, &verdict_secret, clock)?;
        running.tasks.push(tokio::spawn(edge::keep_trunks(core.voice.clone(), edge.clone())));
        running.edge = Some((edge, thread));
    }
    // Whoever holds calls keeps house for them too: signs of life, leases, a fresh picture of numbers and buyers.
    if roles.worker || roles.switch || roles.edge {
        let worker = Worker {
            jobs: Arc::new(core.store.clone()),
            leases: Arc::new(core.store.clone()),
            schedules: Arc::new(core.store.clone()),
            chores: chores(&core.store, outward(config, roles, core)?),
            settle: Settle::new(Arc::new(core.store.clone()), core.live.clone(), core.ids.clone()),
            recovery: core.recovery.clone(),
            recorder: core.recorder.clone(),
            voice: core.voice.clone(),
            switch: running.switch.as_ref().map(|switch| switch.id),
            clock: Arc::new(move || clock.now()),
            config: WorkerConfig::default(),
        };
        // What was given up gets another chance with a new release or a mended setting.
        let revived = core.store.revive_dead_jobs(clock.now()).await?;
        if revived > 0 {
            tracing::warn!(revived, "jobs that had been given up are tried again");
        }
        running.worker = Some(worker.start());
    }
    Ok(())
}

/// Only the worker is sure to have the settings for it.
fn outward(config: &Config, roles: Roles, core: &Core) -> anyhow::Result<Option<Outward>> {
    if !roles.worker {
        return Ok(None);
    }
    let channels = Arc::new(alerts::Channels::new(config)?);
    let budget_alerts = BudgetAlerts::new(core.store.directory(), core.ids.clone(), vault(config)?, channels);
    Ok(Some(Outward { provisioning: core.provisioning.clone(), budget_alerts }))
}

/// API and the worker's page.
async fn start_http(
    config: &Config,
    roles: Roles,
    core: Core,
    clock: Clock,
    seed: &mut Seed,
    running: &mut Running,
    stopped: &watch::Receiver<bool>,
) -> anyhow::Result<()> {
    if let (true, Some(worker)) = (roles.worker, &running.worker) {
        let router = metrics::worker_router(worker.health(), clock);
        let address = config.listen(config.worker.metrics_port);
        running.listeners.push(http::serve("worker metrics", address, router, stopped.clone()).await?);
    }
    if !roles.api {
        return Ok(());
    }
    let mut registry = Registry::default();
    let mut probes: Vec<Arc<dyn HealthProbe>> = vec![Arc::new(DatabaseProbe(core.store.clone()))];
    if let Some((edge, _)) = &running.edge {
        metrics::register_edge(&mut registry, &edge.gauges);
        probes.push(Arc::new(ThreadProbe { name: "edge", gauges: Gauges::Edge(edge.gauges.clone()), clock }));
    }
    if let Some((relay, _)) = &running.relay {
        metrics::register_relay(&mut registry, &relay.gauges);
        probes.push(Arc::new(ThreadProbe { name: "relay", gauges: Gauges::Relay(relay.gauges.clone()), clock }));
    }
    let orders = shared::orders(config)?;
    probes.push(Arc::new(shared::RedisProbe(orders.clone())));
    let mut here = None;
    if let Some(switch) = &running.switch {
        metrics::register_switch(&mut registry, &switch.handle.gauges, &core.recorder);
        let gauges = Gauges::Switch(switch.handle.gauges.clone());
        probes.push(Arc::new(ThreadProbe { name: "switch", gauges, clock }));
        here = Some((switch.id, switch.handle.clone()));
    }
    let api_config = api_config(config)?;
    let demo_calls = Arc::new(DemoCalls::new(
        Arc::new(core.store.clone()),
        Arc::new(core.store.clone()),
        core.live.clone(),
        Arc::new(core.store.clone()),
        core.ids.clone(),
        clock.now(),
    ));
    running.tasks.push(tokio::spawn(keep_demo_calls(demo_calls.clone(), clock)));
    let ports = Ports {
        directory: core.store.directory(),
        reports: Arc::new(core.store.clone()),
        leases: Arc::new(core.store.clone()),
        provisioning: core.provisioning,
        lookups: sellers::lookups(&config.lookups, &config.numbers, &core.store)?,
        mailer: mail::SmtpMailer::new(&config.smtp)?.map(|mailer| Arc::new(mailer) as Arc<dyn api::ports::Mailer>),
        call_control: Arc::new(shared::Calls::new(here, orders, Arc::new(core.store.clone()), clock)),
        recording_files: Arc::new(recording_folder(config)),
        recording_source: recording_source(config)?,
        probes,
        clock: Arc::new(clock),
        seed: seed.fork(),
        registry,
        buckets: shared::buckets(config, api_config.counted_max)?,
        counters: shared::counters(config, api_config.counted_max)?,
        agents: core.agents.clone(),
        live: core.live,
        demo_calls,
        gate: core.gate.clone(),
        consent_verifier: Arc::new(consent::Providers::new(&config.consent)?),
        vault: vault(config)?,
        identity_providers: Arc::new(providers::Identity::new(config.api.sso_allow_private)?),
    };
    running.tasks.push(tokio::spawn(agents::watch(core.agents, clock)));
    if running.worker.is_none() {
        running.tasks.push(tokio::spawn(keep_gate(core.gate, clock)));
    }
    let router = api::router(api::State::new(api_config, ports));
    running.listeners.push(http::serve("API", config.listen(config.api.port), router, stopped.clone()).await?);
    Ok(())
}

/// Signs of life of the demo's calls.
async fn keep_demo_calls(calls: Arc<DemoCalls>, clock: Clock) {
    loop {
        tokio::time::sleep(DEMO_CALLS_EVERY).await;
        if let Err(error) = calls.keep(clock.now()).await {
            tracing::warn!(%error, "no sign of life of the demo's calls");
        }
    }
}

/// Where no worker of this process keeps the gate current.
async fn keep_gate(gate: Arc<Gate>, clock: Clock) {
    loop {
        if let Err(error) = gate.refresh(clock.now()).await {
            tracing::warn!(%error, "compliance data is not current");
        }
        tokio::time::sleep(GATE_EVERY).await;
    }
}

impl Running {
    /// Ends when a thread is gone that should not be: better a new start, which closes what is open, than half a platform.
    async fn until_broken(&self) {
        let is_whole = || {
            let switch = self.switch.as_ref().is_none_or(|switch| {
                !switch.threads.iter().any(std::thread::JoinHandle::is_finished) && !switch.events_kept.is_finished()
            });
            let edge = self.edge.as_ref().is_none_or(|(_, thread)| !thread.is_finished());
            let relay = self.relay.as_ref().is_none_or(|(_, thread)| !thread.is_finished());
            switch && edge && relay
        };
        while is_whole() {
            tokio::time::sleep(FENCED_EVERY).await;
        }
    }

    /// Calls end first, then their events are kept, then settled, then the database closes.
    async fn stop(self, stop: &watch::Sender<bool>) {
        let mut threads = Vec::new();
        let mut events_kept = None;
        if let Some(switch) = self.switch {
            switch.handle.give(Input::Drain);
            drain(&switch.handle.gauges).await;
            // Who is still talking is told, and the end is logged.
            switch.handle.give(Input::EndAll);
            tokio::time::sleep(GOODBYE).await;
            switch.handle.stop();
            threads = switch.threads;
            events_kept = Some(switch.events_kept);
        }
        if let Some((edge, thread)) = self.edge {
            edge.stop();
            threads.push(thread);
        }
        if let Some((relay, thread)) = self.relay {
            relay.stop();
            threads.push(thread);
        }
        if let Some(demo) = self.demo {
            demo.buyers.stop();
        }
        let joined = tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join())));
        // Whoever still holds on is cut: the log keeps what happened, and the next start closes what is open.
        within("the voice threads", joined).await;
        if let Some(events_kept) = events_kept {
            within("the last events", events_kept).await;
        }
        if let Some(worker) = self.worker {
            worker.stop().await;
        }
        // Nobody listening any more is fine.
        let _ = stop.send(true);
        for task in self.listeners.into_iter().chain(self.tasks) {
            task.abort();
        }
    }
}

async fn within<T>(what: &str, work: impl Future<Output = T>) {
    if tokio::time::timeout(LAST_EVENTS, work).await.is_err() {
        tracing::error!("{what} took longer than {} s and were left", LAST_EVENTS.as_secs());
    }
}

async fn open(
    config: &Config,
    roles: Roles,
    clock: Clock,
    seed: &mut Seed,
) -> anyhow::Result<(Core, WriterTask, agents::News)> {
    let mut store_seed = [0; 32];
    seed.fill(&mut store_seed);
    let store_config = StoreConfig::new(config.database_url(), store_seed);
    let opened = Store::open(&store_config, clock.now()).await;
    let (store, writer) = opened.with_context(|| format!("database {}", config.database_shown()))?;
    let ids = Arc::new(Ids::new(seed.fork()));
    let live = shared::bus(config, roles.api, clock)?;
    let shared = Arc::new(store.clone());
    let gate = Arc::new(Gate::new(shared.clone()));
    let voice = Voice::new(shared.clone(), shared.clone(), store.usage(), ids.clone()).with_gate(gate.clone());
    let voice = voice.with_vault(vault(config)?);
    let voice = Arc::new(voice);
    // One process writes the journal: the one whose calls need it.
    let journal: Option<Arc<dyn Journal>> = if roles.switch {
        let path = config.data.join(JOURNAL_FILE);
        let journal = FileJournal::open(&path, JOURNAL_BYTES_MAX).await;
        Some(Arc::new(journal.with_context(|| format!("{}", path.display()))?))
    } else {
        None
    };
    let presence = shared::presence(config, ids.next(clock.now()))?;
    let grace = Duration::from_secs(config.api.agent_grace_seconds.into());
    let agents = Arc::new(AgentWatch::new(shared.clone(), presence, live.clone(), grace));
    let (tell_agents, news) = agents::news();
    let recorder =
        Recorder::new(shared.clone(), live.clone(), journal).with_desk(voice.desk()).with_agents(tell_agents);
    let mut recovery = Recovery::new(shared.clone(), shared, recorder.clone(), RecoveryConfig::default());
    // A switch writes recordings here; another role may run where there are none.
    if roles.switch {
        recovery = recovery.with_files(Arc::new(recording_folder(config)));
    }
    let provisioning = sellers::provisioning(&config.numbers, &store, &ids, seed.fork())?;
    Ok((Core { store, ids, live, voice, gate, agents, recorder, recovery, provisioning }, writer, news))
}

/// Opens what is stored sealed.
fn vault(config: &Config) -> anyhow::Result<Vault> {
    let secret = match &config.storage.secrets_key {
        Some(text) => secrets::from_hex(text)
            .context("storage.secrets_key must be 64 hexadecimal digits: `openssl rand -hex 32`")?,
        None => secrets::keep(&config.data, "vault")?,
    };
    Ok(Vault::new(secret))
}

fn recording_folder(config: &Config) -> RecordingFolder {
    RecordingFolder { root: config.objects() }
}

/// Where recordings are fetched; nowhere without a host.
fn recording_source(config: &Config) -> anyhow::Result<Option<Arc<dyn api::ports::RecordingSource>>> {
    if config.api.recording_hosts.is_empty() {
        return Ok(None);
    }
    let hosts = providers::RecordingHosts::new(&config.api.recording_hosts, config.api.recording_hosts_private)?;
    Ok(Some(Arc::new(crate::recordings::Elsewhere(hosts))))
}

fn api_config(config: &Config) -> anyhow::Result<ApiConfig> {
    let secret = match &config.api.secret {
        Some(text) => {
            secrets::from_hex(text).context("api.secret must be 64 hexadecimal digits: `openssl rand -hex 32`")?
        }
        None => secrets::keep(&config.data, "api")?,
    };
    let mut settings = ApiConfig::new(secret);
    let web = config.shifted(config.web.port);
    let own = ["localhost".to_owned(), "127.0.0.1".to_owned(), config.advertised_ip().to_string()];
    settings.web_origins = own.iter().map(|host| format!("http://{host}:{web}")).collect();
    settings.web_origins.extend(config.api.cors_origins.iter().cloned());
    settings.web_origins.dedup();
    settings.trusted_proxies.clone_from(&config.api.trusted_proxies);
    settings.switch_nodes = match config.edge.switch_nodes.as_slice() {
        [] => vec![config.advertised(config.switch.port)],
        nodes => nodes.to_vec(),
    };
    settings.idempotency_lifetime = Duration::from_hours(u64::from(config.api.idempotency_hours));
    settings.key_requests_per_minute = config.api.key_requests_per_minute;
    settings.user_requests_per_minute = config.api.user_requests_per_minute;
    settings.tenant_requests_per_minute = config.api.tenant_requests_per_minute;
    settings.network_requests_per_minute = config.api.network_requests_per_minute;
    settings.recording_bytes_max = u64::from(config.api.recording_upload_mb_max) * 1_000_000;
    settings.cookie_secure = config.api.cookie_secure;
    settings.web_url = match &config.web.url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{}", config.advertised(config.web.port)),
    };
    settings.public_url = format!("http://{}", config.advertised(config.api.port));
    Ok(settings)
}

/// Ends when this run was taken for dead: then its calls are closed in the log, and it must not go on.
async fn until_fenced(health: Arc<WorkerHealth>) {
    while health.figures().times_fenced == 0 {
        tokio::time::sleep(FENCED_EVERY).await;
    }
}

async fn wait_for_end(worker: Option<Arc<WorkerHealth>>) -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut stream) => drop(stream.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    let fenced = async {
        match worker {
            Some(health) => until_fenced(health).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => "interrupted",
        () = terminated => "terminated",
        () = fenced => "this run was silent for so long that its calls were closed",
    }
}

/// Waits until no call is left, at most [`DRAIN_MAX`]; a second interrupt ends the waiting.
async fn drain(gauges: &crate::voice::switch_thread::Gauges) {
    let empty = async {
        // The figure is half a second old at most.
        tokio::time::sleep(Duration::from_millis(600)).await;
        while gauges.calls.load(std::sync::atomic::Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        () = empty => {}
        () = tokio::time::sleep(DRAIN_MAX) => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
