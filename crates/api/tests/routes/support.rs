//! A whole API over a real store on a temporary SQLite file, with two tenants.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use api::{
    ApiConfig, Ports, State,
    ports::{
        ByteStream, CallControl, Clock, FileFacts, Health, HealthProbe, Mail, Mailer, NewFile, PortError,
        RecordingFiles, RecordingSource,
    },
};
use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Request, StatusCode, header},
};
use domain::{CallId, OutboundCall, Seed, TenantId, Timestamp, UserId};
use futures_util::TryStreamExt as _;
use http_body_util::BodyExt;
use operations::{
    ApiKey, ApiKeyStatus, Directory, LiveBus, LocalNumbers, NumberProvider, Provisioning, Role, Tenant, TenantScope,
    TenantStatus, User, UserStatus,
};
use serde_json::{Value, json};
use store::{MemoryBus, Store, StoreConfig};
use tower::ServiceExt;
use uuid::Uuid;

use crate::seller::Seller;

pub const PASSWORD: &str = "correct horse battery";
/// 2026-11-23T16:00:00Z.
pub const START: Timestamp = Timestamp::from_secs(1_795_449_600);

/// A clock the test moves.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(i64::try_from(span.as_micros()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// What becomes of orders to call somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orders {
    /// The call's first event is kept, as a switch keeps it.
    #[default]
    Taken,
    /// No switch is there.
    Refused,
    /// A switch takes the order and says nothing more.
    Lost,
    /// The switch keeps the call as one it has no room for.
    Full,
}

/// Notes which calls it was told to end, and to place.
#[derive(Default)]
pub struct Switch(pub Mutex<Vec<(TenantId, CallId)>>, pub Mutex<Vec<OutboundCall>>, pub Mutex<Orders>, OnceLock<Store>);

#[async_trait]
impl CallControl for Switch {
    async fn hang_up(&self, tenant: TenantId, _: domain::SwitchId, call: CallId) -> Result<bool, PortError> {
        self.0.lock().unwrap().push((tenant, call));
        Ok(true)
    }

    async fn place(&self, order: OutboundCall) -> Result<domain::SwitchId, PortError> {
        let switch = domain::SwitchId(Uuid::from_u128(99));
        let becomes = *self.2.lock().unwrap();
        if becomes == Orders::Refused {
            return Err(PortError::Unavailable("nobody listens".to_owned()));
        }
        self.1.lock().unwrap().push(order.clone());
        if becomes == Orders::Lost {
            return Ok(switch);
        }
        let started = domain::StartedCall {
            direction: domain::Direction::Outbound,
            number: Some(order.number),
            campaign: Some(order.campaign),
            agent: order.agent,
            flow: (becomes == Orders::Taken).then(|| domain::FlowId(Uuid::from_u128(98))),
            ..domain::StartedCall::unrouted(order.from.to_string(), order.to.to_string(), "", switch)
        };
        let mut events = vec![domain::What::Started(Box::new(started))];
        if becomes == Orders::Full {
            let (cause, by) = (domain::EndCause::Congestion, domain::Party::Platform);
            events.push(domain::What::Ended { cause, by, sip_status: None, detail: None });
        }
        let at = order.until;
        let events = events.into_iter().zip(0..);
        let events = events.map(|(what, sequence)| domain::CallEvent {
            tenant: order.tenant,
            call: order.call,
            sequence,
            at,
            what,
        });
        let store = self.3.get().unwrap();
        operations::EventLog::append(store, events.collect()).await.unwrap();
        Ok(switch)
    }
}

/// Files in a folder.
#[derive(Debug)]
pub struct Folder(pub PathBuf);

#[async_trait]
impl RecordingFiles for Folder {
    async fn facts(&self, key: &str) -> Result<FileFacts, PortError> {
        let facts = tokio::fs::metadata(self.0.join(key)).await.map_err(|_| PortError::NotFound)?;
        Ok(FileFacts { bytes: facts.len(), growing: false, modified_at: START })
    }

    async fn read(&self, key: &str, offset: u64, length: u64) -> Result<ByteStream, PortError> {
        let bytes = tokio::fs::read(self.0.join(key)).await.map_err(|_| PortError::NotFound)?;
        let (from, to) = (usize::try_from(offset).unwrap(), usize::try_from(offset + length).unwrap());
        let part = bytes::Bytes::copy_from_slice(&bytes[from..to]);
        Ok(Box::pin(futures_util::stream::iter([Ok(part)])))
    }

    async fn create(&self, key: &str) -> Result<Box<dyn NewFile>, PortError> {
        let path = self.0.join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = std::fs::File::create_new(&path).map_err(|error| PortError::Unavailable(error.to_string()))?;
        Ok(Box::new(Part(file, path, false)))
    }
}

/// Recordings at other media servers, those on this machine too.
struct Elsewhere(providers::RecordingHosts);

impl Elsewhere {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self(providers::RecordingHosts::new(&["127.0.0.1".to_owned()], true).unwrap())
    }
}

#[async_trait]
impl RecordingSource for Elsewhere {
    async fn open(&self, url: &str) -> Result<ByteStream, PortError> {
        let response = self.0.open(url).await.map_err(|error| PortError::Unavailable(error.to_string()))?;
        Ok(Box::pin(response.bytes_stream().map_err(std::io::Error::other)))
    }
}

/// A file on its way into the folder.
struct Part(std::fs::File, PathBuf, bool);

#[async_trait]
impl NewFile for Part {
    async fn write(&mut self, piece: &[u8]) -> Result<(), PortError> {
        std::io::Write::write_all(&mut self.0, piece).map_err(|error| PortError::Unavailable(error.to_string()))
    }

    async fn sync(&mut self) -> Result<(), PortError> {
        Ok(())
    }

    fn keep(mut self: Box<Self>) {
        self.2 = true;
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.2 {
            std::fs::remove_file(&self.1).unwrap();
        }
    }
}

/// Vouches for tokens by what they say.
struct Provider;

#[async_trait]
impl operations::ConsentVerifier for Provider {
    async fn verify(
        &self,
        _: operations::ConsentProvider,
        token: &str,
        _: &domain::PhoneNumber,
        now: Timestamp,
    ) -> operations::Vouched {
        match token {
            "good" => operations::Vouched::Verified { expires_at: Some(now.after(Duration::from_hours(48))) },
            "bad" => operations::Vouched::Invalid("it is another consumer's".to_owned()),
            _ => operations::Vouched::Unknown("the provider does not answer".to_owned()),
        }
    }
}

struct DatabaseProbe(Store);

#[async_trait]
impl HealthProbe for DatabaseProbe {
    fn name(&self) -> &'static str {
        "database"
    }
    fn is_vital(&self) -> bool {
        true
    }
    async fn check(&self) -> Health {
        self.0.ping().await.map_or_else(|error| Health::Failed(error.to_string()), |()| Health::Ok)
    }
}

/// Keeps what would have been mailed.
#[derive(Debug, Default)]
pub struct Mails(pub Mutex<Vec<Mail>>);

#[async_trait]
impl Mailer for Mails {
    async fn send(&self, mail: Mail) -> Result<(), PortError> {
        self.0.lock().unwrap().push(mail);
        Ok(())
    }
}

/// The way to identity providers, those on this machine too.
fn identity() -> Arc<providers::Identity> {
    // A second one in the same process is refused, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Arc::new(providers::Identity::new(true).unwrap())
}

/// A running platform without its sockets.
pub struct Platform {
    pub router: Router,
    pub store: Store,
    pub directory: Directory,
    pub clock: Arc<TestClock>,
    pub switch: Arc<Switch>,
    pub bus: Arc<MemoryBus>,
    pub agents: Arc<operations::AgentWatch>,
    pub mails: Arc<Mails>,
    pub folder: tempfile::TempDir,
    pub seller: Arc<Seller>,
    pub informant: Arc<crate::lookups::Informant>,
    pub provisioning: Provisioning,
    pub tenant: TenantId,
    pub other: TenantId,
    ids: operations::Ids,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn fields(&self) -> Vec<String> {
        let details = self.json()["error"]["details"].as_array().cloned().unwrap_or_default();
        details.iter().map(|fault| fault["field"].as_str().unwrap().to_owned()).collect()
    }
}

/// A database of this folder's own: PostgreSQL where `scripts/with-postgres` started a server, SQLite otherwise.
pub fn database(folder: &tempfile::TempDir) -> String {
    let Ok(server) = std::env::var("HOPWHISTLE_TEST_POSTGRES") else {
        return format!("sqlite://{}", folder.path().join("test.db").display());
    };
    let name: String = folder.path().display().to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{server}/{name}")
}

impl Platform {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut ApiConfig)) -> Self {
        Self::build(change, true).await
    }

    pub async fn without_mail() -> Self {
        Self::build(|_| {}, false).await
    }

    async fn build(change: impl FnOnce(&mut ApiConfig), has_mail: bool) -> Self {
        let mails = Arc::new(Mails::default());
        let folder = tempfile::tempdir().unwrap();
        let url = database(&folder);
        let bus = Arc::new(MemoryBus::new(64));
        let (store, _task) = Store::open(&StoreConfig::new(url, [1; 32]), START).await.unwrap();
        let directory = store.directory();
        let ids = operations::Ids::new(Seed::from_number(7));
        let (tenant, other): (TenantId, TenantId) = (ids.next(START), ids.next(START));
        for (id, slug) in [(tenant, "acme"), (other, "globex")] {
            directory.tenants.insert_tenant(&tenant_of(id, slug)).await.unwrap();
        }
        let clock = Arc::new(TestClock(AtomicI64::new(START.micros())));
        let switch = Arc::new(Switch::default());
        assert!(switch.3.set(store.clone()).is_ok());
        let mut config = ApiConfig::new([9; 32]);
        change(&mut config);
        let seller = Arc::new(Seller::default());
        let sellers: Vec<Arc<dyn NumberProvider>> =
            vec![seller.clone(), Arc::new(LocalNumbers::new(Seed::from_number(11)))];
        let provisioning = Provisioning::new(
            directory.clone(),
            Arc::new(store.clone()),
            sellers,
            None,
            Arc::new(operations::Ids::new(Seed::from_number(13))),
        );
        let informant = Arc::new(crate::lookups::Informant::default());
        let lookups = operations::Lookups::new(
            directory.clone(),
            Arc::new(store.clone()),
            vec![informant.clone()],
            None,
            Duration::from_hours(24),
        );
        let agents = Arc::new(operations::AgentWatch::new(
            Arc::new(store.clone()),
            Arc::new(operations::LocalPresence::default()),
            bus.clone() as Arc<dyn LiveBus>,
            Duration::from_secs(30),
        ));
        let ports = Ports {
            lookups,
            directory: directory.clone(),
            reports: Arc::new(store.clone()),
            leases: Arc::new(store.clone()),
            provisioning: provisioning.clone(),
            mailer: has_mail.then(|| mails.clone() as Arc<dyn Mailer>),
            call_control: switch.clone(),
            recording_files: Arc::new(Folder(folder.path().to_owned())),
            recording_source: Some(Arc::new(Elsewhere::new())),
            probes: vec![Arc::new(DatabaseProbe(store.clone()))],
            clock: clock.clone(),
            seed: Seed::from_number(3),
            registry: prometheus_client::registry::Registry::default(),
            buckets: Arc::new(api::LocalBuckets::new(1_000)),
            counters: Arc::new(operations::LocalCounters::new(1_000)),
            live: bus.clone() as Arc<dyn LiveBus>,
            agents: agents.clone(),
            gate: Arc::new(operations::Gate::new(Arc::new(store.clone()))),
            consent_verifier: Arc::new(Provider),
            demo_calls: Arc::new(operations::DemoCalls::new(
                Arc::new(store.clone()),
                Arc::new(store.clone()),
                bus.clone() as Arc<dyn LiveBus>,
                Arc::new(store.clone()),
                Arc::new(operations::Ids::new(Seed::from_number(17))),
                START,
            )),
            vault: operations::Vault::new([5; 32]),
            identity_providers: identity(),
        };
        let router = api::router(State::new(config, ports));
        Self {
            router,
            store,
            directory,
            clock,
            switch,
            bus,
            agents,
            folder,
            seller,
            informant,
            provisioning,
            tenant,
            other,
            ids,
            mails,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn id<T: From<Uuid>>(&self) -> T {
        self.ids.next(self.clock.now())
    }

    /// A user of this tenant, with [`PASSWORD`].
    pub async fn user(&self, tenant: TenantId, email: &str, role: Role) -> User {
        let user = User {
            id: self.id(),
            tenant,
            email: email.to_owned(),
            password_hash: operations::hash_password(PASSWORD, &mut Seed::from_number(5)).unwrap(),
            first_name: Some("Ana".to_owned()),
            last_name: None,
            status: UserStatus::Active,
            roles: vec![role],
            custom_roles: Vec::new(),
            publisher: None,
            buyer: None,
            must_change_password: false,
            password_changed_at: Some(START),
            invited_at: None,
            last_login_at: None,
            metadata: json!({}),
            created_at: START,
            updated_at: START,
        };
        self.directory.users.insert(TenantScope::of(tenant), &user).await.unwrap();
        user
    }

    /// An operator of the platform, at home in the first tenant.
    async fn operator(&self) -> UserId {
        let operators = self.directory.accounts.operators().await.unwrap();
        if let Some(known) = operators.first() {
            return known.id;
        }
        let user = self.user(self.tenant, "operator@acme.example", Role::Analyst).await;
        self.directory.accounts.add_operator(TenantScope::of(self.tenant), user.id, START).await.unwrap();
        user.id
    }

    /// A key of this tenant with these scopes. In the first tenant `platform:admin` is an operator's.
    pub async fn key(&self, tenant: TenantId, scopes: &[&str]) -> String {
        self.key_of_side(tenant, scopes, operations::Side::Whole).await
    }

    /// A key that sees one side of this tenant.
    pub async fn key_of_side(&self, tenant: TenantId, scopes: &[&str], side: operations::Side) -> String {
        let is_operators = tenant == self.tenant && scopes.contains(&"platform:admin");
        let created_by = if is_operators { Some(self.operator().await) } else { None };
        let id: Uuid = self.id();
        let secret = format!("hw_{}", id.simple());
        let key = ApiKey {
            id: id.into(),
            tenant,
            name: "test".to_owned(),
            key_hash: operations::token_hash(&secret),
            prefix: secret.chars().take(8).collect(),
            status: ApiKeyStatus::Active,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            publisher: match side {
                operations::Side::Publisher(id) => Some(id),
                _ => None,
            },
            buyer: match side {
                operations::Side::Buyer(id) => Some(id),
                _ => None,
            },
            created_by,
            rotated_to: None,
            rate_limit_per_minute: Some(100_000),
            last_used_at: None,
            expires_at: None,
            created_at: START,
            updated_at: START,
        };
        self.directory.api_keys.insert(TenantScope::of(tenant), &key).await.unwrap();
        secret
    }

    /// A rate card of the first tenant.
    pub async fn rate_card(&self) -> domain::RateCardId {
        let scope = TenantScope::of(self.tenant);
        let account = operations::BillingAccount {
            id: self.id(),
            tenant: self.tenant,
            name: "main".to_owned(),
            status: operations::BillingAccountStatus::Active,
            currency: domain::Currency::USD,
            metadata: json!({}),
            created_at: START,
            updated_at: START,
        };
        self.directory.billing_accounts.insert(scope, &account).await.unwrap();
        let operator = self.client(self.tenant, &["platform:admin"]).await;
        let body = json!({"tenantId": self.tenant, "billingAccountId": account.id, "name": "2026",
            "effectiveFrom": "2026-01-01T00:00:00Z", "rates": {"inbound": {"perMinute": "0.05"}}});
        let made = operator.post("/admin/api/v1/rate-cards", body).await.expect(201).json();
        made["id"].as_str().unwrap().parse().unwrap()
    }

    /// A key that may do everything in the first tenant.
    pub async fn admin(&self) -> Client<'_> {
        Client { platform: self, headers: vec![("x-api-key".to_owned(), self.key(self.tenant, &["admin:*"]).await)] }
    }

    pub async fn client(&self, tenant: TenantId, scopes: &[&str]) -> Client<'_> {
        Client { platform: self, headers: vec![("x-api-key".to_owned(), self.key(tenant, scopes).await)] }
    }

    pub async fn sided(&self, scopes: &[&str], side: operations::Side) -> Client<'_> {
        let key = self.key_of_side(self.tenant, scopes, side).await;
        Client { platform: self, headers: vec![("x-api-key".to_owned(), key)] }
    }

    pub fn anonymous(&self) -> Client<'_> {
        Client { platform: self, headers: Vec::new() }
    }
}

fn tenant_of(id: TenantId, slug: &str) -> Tenant {
    Tenant {
        id,
        name: slug.to_owned(),
        slug: slug.to_owned(),
        domain: Some(format!("{slug}.example")),
        status: TenantStatus::Active,
        time_zone: "America/New_York".to_owned(),
        concurrent_calls_max: None,
        metadata: json!({}),
        created_at: START,
        updated_at: START,
    }
}

/// Somebody who sends requests.
#[derive(Clone)]
pub struct Client<'p> {
    platform: &'p Platform,
    pub headers: Vec<(String, String)>,
}

impl Client<'_> {
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        changed.headers.retain(|(known, _)| known != name);
        changed.headers.push((name.to_owned(), value.to_owned()));
        changed
    }

    pub async fn send(&self, method: &str, path: &str, body: Option<(&str, Vec<u8>)>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let body = match body {
            Some((kind, bytes)) => {
                request = request.header(header::CONTENT_TYPE, kind);
                Body::from(bytes)
            }
            None => Body::empty(),
        };
        let mut request = request.body(body).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 4_000))));
        let response = self.platform.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(("application/json", body.to_string().into_bytes()))).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, Some(("application/json", body.to_string().into_bytes()))).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, Some(("application/json", body.to_string().into_bytes()))).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }
}

/// A call that was just answered.
pub fn row(tenant: TenantId, id: CallId, switch: domain::SwitchId) -> operations::CallRow {
    operations::CallRow {
        id,
        tenant,
        direction: domain::Direction::Inbound,
        status: domain::CallStatus::Answered,
        cause: None,
        from: "+15551230001".to_owned(),
        to: "+15551234567".to_owned(),
        caller_name: None,
        attestation: domain::Attestation::None,
        trunk: None,
        number: None,
        campaign: None,
        publisher: None,
        flow: None,
        flow_version: None,
        buyer: None,
        endpoint: None,
        sip_call_id: "abc@example".to_owned(),
        switch,
        started_at: START,
        answered_at: Some(START),
        connected_at: None,
        ended_at: None,
        duration_ms: 0,
        answered_ms: 0,
        connected_ms: 0,
        recorded: false,
        tags: json!({}),
        last_sequence: 1,
        money: None,
    }
}
