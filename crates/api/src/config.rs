//! What the HTTP side can be told. Every bound has a name here.

use std::{net::IpAddr, time::Duration};

use operations::SignInLimits;

/// Configuration of the API role.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Secret behind CSRF tokens, WebSocket tickets and signed links; the same on every process of an installation.
    pub seal_key: [u8; 32],
    /// Origins a browser may call from, with credentials: `http://localhost:3000`. No wildcard.
    pub web_origins: Vec<String>,
    /// Mark the session cookie `Secure`: true wherever the API is reached over TLS.
    pub cookie_secure: bool,
    /// How long a session lasts.
    pub session_lifetime: Duration,
    /// Digest realm trunks' passwords are hashed for: what the edge challenges with.
    pub sip_realm: String,
    /// The switches calls go to, for other engines' dispatchers.
    pub switch_nodes: Vec<std::net::SocketAddr>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Who may read `/metrics` without a key. Loopback always may.
    pub metrics_allowed: Vec<IpAddr>,
    /// Where clients reach the API, for links it hands out: `http://localhost:3001`. No slash at the end.
    pub public_url: String,
    /// Where people reach the web application, for links in mails: `http://localhost:3000`. No slash at the end.
    pub web_url: String,
    /// How long the answer of a request with an `Idempotency-Key` is kept.
    pub idempotency_lifetime: Duration,
    /// Longest such a request may take: after that a try without an answer counts as lost, and the next one goes on.
    pub idempotency_lock: Duration,
    /// Bytes of one request body.
    pub body_bytes_max: usize,
    /// Bytes of one recording that comes from outside.
    pub recording_bytes_max: u64,
    /// Requests a minute of one API key that has no limit of its own.
    pub key_requests_per_minute: u32,
    /// Requests a minute of one signed-in user.
    pub user_requests_per_minute: u32,
    /// Requests a minute of one network nobody signed in from.
    pub network_requests_per_minute: u32,
    /// Requests a minute of all keys and users of one tenant together.
    pub tenant_requests_per_minute: u32,
    /// Keys, users and networks counted at once.
    pub counted_max: usize,
    /// Failed sign-ins.
    pub sign_in: SignInLimits,
    /// Password checks at once; each takes about 20 MB and 50 ms of a core. Beyond: 503.
    pub password_checks_max: usize,
    /// How long a WebSocket ticket is good.
    pub ticket_lifetime: Duration,
    /// The WebSocket.
    pub live: LiveLimits,
}

/// Bounds of `/ws/events`. How many events wait for one client is the bus's to bound; a client beyond it is told `lagged`
/// and closed with 1013.
#[derive(Clone, Copy, Debug)]
pub struct LiveLimits {
    /// Connections at once. Beyond: 503.
    pub clients_max: usize,
    /// Channels of one client.
    pub channels_max: usize,
    /// Bytes of one message from a client.
    pub message_bytes_max: usize,
    /// A ping goes out this often; a client not heard for two of them is closed.
    pub ping_every: Duration,
    /// Events that came within so long of each other leave together.
    pub gather: Duration,
    /// Events that leave together at most.
    pub gather_max: usize,
    /// Longest a message may take to leave. Beyond, the client is closed.
    pub send_timeout: Duration,
    /// Longest a connection lasts; then it is closed with 1001 and comes again with a new ticket, so that whoever lost
    /// their rights does not listen on.
    pub lifetime_max: Duration,
}

impl Default for LiveLimits {
    fn default() -> Self {
        Self {
            clients_max: 2_000,
            channels_max: 32,
            message_bytes_max: 4_096,
            ping_every: Duration::from_secs(30),
            gather: Duration::from_millis(10),
            gather_max: 256,
            send_timeout: Duration::from_secs(10),
            lifetime_max: Duration::from_hours(1),
        }
    }
}

impl ApiConfig {
    /// Defaults for everything but the secret.
    pub fn new(seal_key: [u8; 32]) -> Self {
        Self {
            seal_key,
            web_origins: vec!["http://localhost:3000".to_owned(), "http://127.0.0.1:3000".to_owned()],
            cookie_secure: false,
            session_lifetime: Duration::from_hours(24),
            sip_realm: "hopwhistle".to_owned(),
            switch_nodes: Vec::new(),
            trusted_proxies: Vec::new(),
            metrics_allowed: Vec::new(),
            public_url: "http://localhost:3001".to_owned(),
            web_url: "http://localhost:3000".to_owned(),
            idempotency_lifetime: Duration::from_hours(24),
            idempotency_lock: Duration::from_mins(2),
            body_bytes_max: 1024 * 1024,
            recording_bytes_max: 512 * 1024 * 1024,
            key_requests_per_minute: 600,
            user_requests_per_minute: 1_200,
            network_requests_per_minute: 300,
            tenant_requests_per_minute: 60_000,
            counted_max: 100_000,
            sign_in: SignInLimits::default(),
            password_checks_max: 4,
            ticket_lifetime: Duration::from_secs(30),
            live: LiveLimits::default(),
        }
    }
}
