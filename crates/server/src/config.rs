//! One TOML file and environment variables over it. The template of all settings is generated from these structs
//! (`hopwhistle config template`), so what is written here is the documentation.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use confique::Config as _;
use serde::Serialize;

/// Everything that can be set.
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Config {
    /// Folder for the database, recordings and secrets.
    #[config(env = "HOPWHISTLE_DATA", default = "data")]
    pub data: PathBuf,
    /// Address all listeners bind to, unless a section says otherwise.
    #[config(env = "HOST", default = "0.0.0.0")]
    pub host: IpAddr,
    /// Address that peers reach this machine under, for SIP and SDP. Unset: `host`, or 127.0.0.1 when that is 0.0.0.0.
    #[config(env = "PUBLIC_IP")]
    pub public_ip: Option<IpAddr>,
    /// Added to every port, so that several platforms can run side by side (0-40000).
    #[config(env = "HOPWHISTLE_PORT_OFFSET", default = 0)]
    pub port_offset: u16,
    /// Filter of the log: `error`, `warn`, `info`, `debug` or per crate, as `info,switch=debug`.
    #[config(env = "LOG_LEVEL", default = "info")]
    pub log_level: String,
    /// Database.
    #[config(nested)]
    pub storage: Storage,
    /// What several processes share.
    #[config(nested)]
    pub redis: Redis,
    /// Live updates for screens.
    #[config(nested)]
    pub live: Live,
    /// HTTP API.
    #[config(nested)]
    pub api: Api,
    /// Web application.
    #[config(nested)]
    pub web: Web,
    /// Mail to people: invitations, password resets, budgets.
    #[config(nested)]
    pub smtp: Smtp,
    /// Background work.
    #[config(nested)]
    pub worker: Worker,
    /// The border for SIP.
    #[config(nested)]
    pub edge: Edge,
    /// Call control.
    #[config(nested)]
    pub switch: Switch,
    /// Media.
    #[config(nested)]
    pub relay: Relay,
    /// Prompts that are spoken.
    #[config(nested)]
    pub speech: Speech,
    /// Who vouches for consents.
    #[config(nested)]
    pub consent: Consent,
    /// Who sells telephone numbers.
    #[config(nested)]
    pub numbers: Numbers,
    /// Who is asked about telephone numbers, for money.
    #[config(nested)]
    pub lookups: Lookups,
}

/// Who is asked about telephone numbers: whose they are, and the name their calls show. Telnyx is asked with `numbers.telnyx_api_key`.
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Lookups {
    /// Who is asked unless the request names one: `twilio`, `telnyx`. Unset: the first of them that has an account.
    #[config(env = "LOOKUPS_DEFAULT_PROVIDER")]
    pub default_provider: Option<String>,
    /// SID of a Twilio API key.
    #[config(env = "TWILIO_API_KEY")]
    pub twilio_api_key: Option<String>,
    /// The key's secret.
    #[config(env = "TWILIO_API_SECRET")]
    #[serde(skip)]
    pub twilio_api_secret: Option<String>,
    /// How long an answer is kept and not asked for again, seconds (1 to 31536000).
    #[config(env = "LOOKUPS_KEPT_SECONDS", default = 86400)]
    pub kept_seconds: u32,
}

/// Who sells telephone numbers. A provider without an account is not asked.
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Numbers {
    /// Provider of tenants without one of their own (`metadata.defaultProvider`): `local`, `signalwire`, `telnyx`, `bandwidth`. Unset:
    /// the first of signalwire, telnyx, bandwidth that has an account, else local.
    #[config(env = "DEFAULT_PROVIDER")]
    pub default_provider: Option<String>,
    /// SignalWire's project.
    #[config(env = "SIGNALWIRE_PROJECT_ID")]
    pub signalwire_project_id: Option<String>,
    /// Its token.
    #[config(env = "SIGNALWIRE_API_TOKEN")]
    #[serde(skip)]
    pub signalwire_api_token: Option<String>,
    /// Its space: `example.signalwire.com`.
    #[config(env = "SIGNALWIRE_SPACE_URL")]
    pub signalwire_space_url: Option<String>,
    /// Telnyx's API key.
    #[config(env = "TELNYX_API_KEY")]
    #[serde(skip)]
    pub telnyx_api_key: Option<String>,
    /// Where numbers bought from Telnyx send their calls.
    #[config(env = "TELNYX_CONNECTION_ID")]
    pub telnyx_connection_id: Option<String>,
    /// Bandwidth's account.
    #[config(env = "BANDWIDTH_ACCOUNT_ID")]
    pub bandwidth_account_id: Option<String>,
    /// Its user.
    #[config(env = "BANDWIDTH_USERNAME")]
    pub bandwidth_username: Option<String>,
    /// The user's password.
    #[config(env = "BANDWIDTH_PASSWORD")]
    #[serde(skip)]
    pub bandwidth_password: Option<String>,
    /// The sub-account numbers bought from Bandwidth go to.
    #[config(env = "BANDWIDTH_SITE_ID")]
    pub bandwidth_site_id: Option<String>,
}

/// Database.
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Storage {
    /// `postgres://user:password@host/database` (made when missing, where the user may), `sqlite:///path/to/file`, or `sqlite:` for
    /// `hopwhistle.db` in the data folder.
    #[config(env = "DATABASE_URL", default = "sqlite:")]
    #[serde(serialize_with = "without_password")]
    pub database_url: String,
    /// Folder of recordings and prompts, the same for every process. Unset: `objects` in the data folder.
    #[config(env = "OBJECTS_DIR")]
    pub objects: Option<PathBuf>,
    /// Seals what is stored and must be read again, such as carriers' passwords: 64 hexadecimal digits (`openssl rand -hex 32`), the same for
    /// API, edge, switch and worker. Unset: made at the first start and kept in the data folder.
    #[config(env = "SECRETS_KEY")]
    #[serde(skip)]
    pub secrets_key: Option<String>,
}

/// What several processes share: live updates, and orders to running calls. Calls, charges and caps do not need it.
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Redis {
    /// `redis://[user:password@]host[:port][/database]`, `rediss://` with TLS. Unset: live updates and call control reach no further
    /// than this process.
    #[config(env = "REDIS_URL")]
    #[serde(serialize_with = "without_password_if_any")]
    pub url: Option<String>,
    /// Begins every key and channel, so that several platforms share one Redis.
    #[config(env = "REDIS_PREFIX", default = "hopwhistle")]
    pub prefix: String,
    /// Live updates kept in Redis, about.
    #[config(env = "REDIS_STREAM_MAX", default = 100000)]
    pub stream_max: usize,
}

/// Live updates for screens.
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Live {
    /// Updates a client may be behind before it is told that it lagged, and closed.
    #[config(env = "LIVE_BEHIND_MAX", default = 2048)]
    pub behind_max: usize,
    /// Updates of all tenants kept in a process for clients that come back; about 2 kB each.
    #[config(env = "LIVE_KEPT_MAX", default = 16384)]
    pub kept_max: usize,
}

/// HTTP API.
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Api {
    /// Port (ports.md: 3001).
    #[config(env = "PORT", default = 3001)]
    pub port: u16,
    /// Further web origins that may call the API from a browser. Our own web port is always allowed.
    #[config(env = "CORS_ORIGINS", parse_env = confique::env::parse::list_by_comma, default = [])]
    pub cors_origins: Vec<String>,
    /// Addresses of proxies whose `X-Forwarded-For` is believed. Behind a TLS proxy on this machine: `["127.0.0.1"]`.
    #[config(env = "TRUSTED_PROXIES", default = [])]
    pub trusted_proxies: Vec<IpAddr>,
    /// Mark the session cookie `Secure`: true wherever the API is reached over TLS.
    #[config(env = "COOKIE_SECURE", default = false)]
    pub cookie_secure: bool,
    /// Seals sessions and tickets: 64 hexadecimal digits (`openssl rand -hex 32`), the same for every API process. Unset: made at the first
    /// start and kept in the data folder, for one process.
    #[config(env = "API_SECRET")]
    #[serde(skip)]
    pub secret: Option<String>,
    /// Tenants' identity providers may stand in private networks, and on this machine without TLS. Whoever may set a provider could then
    /// have the platform knock at any address there.
    #[config(env = "SSO_ALLOW_PRIVATE", default = false)]
    pub sso_allow_private: bool,
    /// Megabytes of one recording that is brought from outside (`POST /api/v1/recordings/upload`).
    #[config(env = "RECORDING_UPLOAD_MB_MAX", default = 512)]
    pub recording_upload_mb_max: u32,
    /// Hosts recordings may be fetched from, as they stand in addresses: `["media.example.com"]`. None: recordings come as files only.
    #[config(env = "RECORDING_HOSTS", parse_env = confique::env::parse::list_by_comma, default = [])]
    pub recording_hosts: Vec<String>,
    /// Those hosts may stand in private networks, and on this machine without TLS.
    #[config(env = "RECORDING_HOSTS_PRIVATE", default = false)]
    pub recording_hosts_private: bool,
    /// Requests a minute of an API key without a limit of its own. They may come at once.
    #[config(env = "KEY_REQUESTS_PER_MINUTE", default = 600)]
    pub key_requests_per_minute: u32,
    /// Requests a minute of a signed-in user.
    #[config(env = "USER_REQUESTS_PER_MINUTE", default = 1200)]
    pub user_requests_per_minute: u32,
    /// Requests a minute of all keys and users of a tenant together.
    #[config(env = "TENANT_REQUESTS_PER_MINUTE", default = 60000)]
    pub tenant_requests_per_minute: u32,
    /// Requests a minute of one network nobody signed in from.
    #[config(env = "NETWORK_REQUESTS_PER_MINUTE", default = 300)]
    pub network_requests_per_minute: u32,
    /// Seconds the user of an agent that must be connected (`needsConnection`) may be without a live connection before the agent counts as
    /// offline (15-3600). Pages that are loaded anew connect again within a few seconds.
    #[config(env = "AGENT_GRACE_SECONDS", default = 30)]
    pub agent_grace_seconds: u32,
    /// Hours the answer of a request with an `Idempotency-Key` is kept.
    #[config(env = "IDEMPOTENCY_HOURS", default = 24)]
    pub idempotency_hours: u16,
}

/// Web application.
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Web {
    /// Port (ports.md: 3000).
    #[config(env = "WEB_PORT", default = 3000)]
    pub port: u16,
    /// Where people reach the web application, for links in mails. Unset: its port on the address peers reach this machine under.
    #[config(env = "WEB_URL")]
    pub url: Option<String>,
    /// API address the browser uses. Unset: the API's port on the host the page came from.
    #[config(env = "HOPWHISTLE_API_URL")]
    pub api_url: Option<String>,
}

/// Mail to people.
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Smtp {
    /// The mail server. Unset: links are shown once to whoever invites, instead of being mailed, and nobody is mailed of budgets.
    #[config(env = "SMTP_HOST")]
    pub host: Option<String>,
    /// Its port.
    #[config(env = "SMTP_PORT", default = 587)]
    pub port: u16,
    /// TLS from the first byte (port 465). Else STARTTLS: always with a user, and without one where the server offers it.
    #[config(env = "SMTP_SECURE", default = false)]
    pub secure: bool,
    /// Whom to sign in as.
    #[config(env = "SMTP_USER")]
    pub user: Option<String>,
    /// And the password.
    #[config(env = "SMTP_PASSWORD")]
    #[serde(skip)]
    pub password: Option<String>,
    /// The sender.
    #[config(env = "SMTP_FROM", default = "Hopwhistle <noreply@hopwhistle.com>")]
    pub from: String,
}

/// Background work.
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Worker {
    /// Port of the metrics (ports.md: 9091).
    #[config(env = "METRICS_PORT", default = 9091)]
    pub metrics_port: u16,
    /// Webhooks that are told of budgets may stand in private networks, and on this machine without TLS. Whoever may set a webhook could
    /// then have the platform knock at any address there.
    #[config(env = "ALERTS_ALLOW_PRIVATE", default = false)]
    pub alerts_allow_private: bool,
}

/// The border for SIP (the Kamailio role).
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Edge {
    /// Port for UDP and TCP (ports.md: 5060).
    #[config(env = "SIP_PORT", default = 5060)]
    pub port: u16,
    /// Switches that calls go to, `host:port`. Empty: the switch of this process.
    #[config(env = "FREESWITCH_NODES", parse_env = confique::env::parse::list_by_comma, default = [])]
    pub switch_nodes: Vec<SocketAddr>,
    /// Requests a source may send a second on average before it is refused with 503; 0 for no limit. Trunks are exempt.
    #[config(env = "EDGE_REQUESTS_PER_SECOND", default = 8)]
    pub requests_per_second: u32,
}

/// Call control (the FreeSWITCH role).
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Switch {
    /// Port for UDP and TCP (ports.md: 5080).
    #[config(env = "SWITCH_PORT", default = 5080)]
    pub port: u16,
    /// Where outbound legs go. Unset: the edge of this process.
    #[config(env = "SWITCH_EDGE")]
    pub edge: Option<SocketAddr>,
    /// Calls held at once; more are refused with 503 (1-100000).
    #[config(env = "MAX_CALLS", default = 5000)]
    pub calls_max: usize,
    /// Longest a call may last, seconds (10-86400).
    #[config(env = "MAX_CALL_SECONDS", default = 14400)]
    pub call_seconds_max: u32,
    /// How long a buyer's phone may ring, seconds (1-60), unless the endpoint says otherwise.
    #[config(env = "RING_SECONDS", default = 25)]
    pub ring_seconds: u32,
    /// Secret shared by edges and switches, at least 32 characters. Unset: made once and kept in the data folder.
    #[config(env = "HOPWHISTLE_VERDICT_SECRET")]
    #[serde(skip)]
    pub verdict_secret: Option<String>,
}

/// Who vouches for consents. Without its key a provider is not asked, and its consents stay PENDING.
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Consent {
    /// API key of the TrustedForm account. Sent to `cert.trustedform.com` alone.
    #[config(env = "TRUSTEDFORM_API_KEY")]
    #[serde(skip)]
    pub trustedform_api_key: Option<String>,
    /// Account code (`lac`) of Jornaya. Sent to `api.leadid.com` alone.
    #[config(env = "JORNAYA_API_KEY")]
    #[serde(skip)]
    pub jornaya_api_key: Option<String>,
}

/// Media (the RTPEngine role).
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Relay {
    /// First RTP port (ports.md: 10000).
    #[config(env = "RTP_START", default = 10000)]
    pub port_first: u16,
    /// Last RTP port (ports.md: 20000). A pair of ports serves one leg.
    #[config(env = "RTP_END", default = 20000)]
    pub port_last: u16,
    /// Address of the control interface. Whoever reaches it steers media, so it is not open to the world.
    #[config(env = "NG_HOST", default = "127.0.0.1")]
    pub ng_host: IpAddr,
    /// Port of the control interface for proxies, UDP (ports.md: 22222).
    #[config(env = "NG_PORT", default = 22222)]
    pub ng_port: u16,
    /// Seconds without media after which a call is ended; 0 for never. Held calls are exempt.
    #[config(env = "MEDIA_TIMEOUT_SECONDS", default = 60)]
    pub timeout_seconds: u32,
}

/// Prompts that are spoken.
#[derive(Clone, Debug, confique::Config, Serialize)]
pub struct Speech {
    /// Command for `say:` prompts. It gets the text as its last argument and writes a WAV file to standard output.
    #[config(env = "SPEECH_COMMAND", default = ["espeak-ng", "-v", "en-us", "-s", "150", "--stdout", "--"])]
    pub command: Vec<String>,
    /// Hosts that `https:` prompts may be fetched from. Empty: none.
    #[config(env = "PROMPT_HOSTS", parse_env = confique::env::parse::list_by_comma, default = [])]
    pub https_hosts: Vec<String>,
}

/// The greatest offset that keeps the RTP range below 65536.
const PORT_OFFSET_MAX: u16 = 40_000;

impl Config {
    /// Reads `file` (or `hopwhistle.toml` in the current folder, if there is one) and the environment over it.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut builder = Self::builder().env();
        match file {
            Some(path) => {
                anyhow::ensure!(
                    path.exists(),
                    "{}: no such file; write one with `hopwhistle config template`",
                    path.display()
                );
                builder = builder.file(path);
            }
            None => builder = builder.file("hopwhistle.toml"),
        }
        let config = builder.load().context("configuration")?;
        config.check()?;
        Ok(config)
    }

    /// The documented template of all settings.
    pub fn template() -> String {
        confique::toml::template::<Self>(confique::toml::FormatOptions::default())
    }

    fn check(&self) -> anyhow::Result<()> {
        let range = |name: &str, value: u64, low: u64, high: u64| {
            anyhow::ensure!((low..=high).contains(&value), "{name} is {value}; it must be {low} to {high}");
            Ok(())
        };
        range("port_offset", self.port_offset.into(), 0, PORT_OFFSET_MAX.into())?;
        range("switch.calls_max", self.switch.calls_max as u64, 1, 100_000)?;
        range("switch.call_seconds_max", self.switch.call_seconds_max.into(), 10, 86_400)?;
        // What a killed process said of its connections lasts 15 seconds.
        range("api.agent_grace_seconds", self.api.agent_grace_seconds.into(), 15, 3_600)?;
        // The reservation of a buyer without a ring timeout of its own lasts this long and a margin.
        range("switch.ring_seconds", self.switch.ring_seconds.into(), 1, 60)?;
        range("relay.port_first", self.relay.port_first.into(), 1_024, 65_000)?;
        range("relay.port_last", self.relay.port_last.into(), u64::from(self.relay.port_first) + 3, 65_535)?;
        if let Some(secret) = &self.switch.verdict_secret {
            anyhow::ensure!(secret.len() >= 32, "switch.verdict_secret has {} characters; it needs 32", secret.len());
        }
        anyhow::ensure!(!self.speech.command.is_empty(), "speech.command is empty; name a program such as espeak-ng");
        Ok(())
    }

    /// The address peers reach us under.
    pub fn advertised_ip(&self) -> IpAddr {
        let host = if self.host.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { self.host };
        self.public_ip.unwrap_or(host)
    }

    /// `port` of this instance on its listening address.
    pub fn listen(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.host, self.shifted(port))
    }

    /// `port` of this instance as peers reach it.
    pub fn advertised(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.advertised_ip(), self.shifted(port))
    }

    /// `port` with the offset.
    pub fn shifted(&self, port: u16) -> u16 {
        port.saturating_add(self.port_offset)
    }

    /// The folder of recordings and prompts.
    pub fn objects(&self) -> PathBuf {
        self.storage.objects.clone().unwrap_or_else(|| self.data.join("objects"))
    }

    /// The database's URL with the data folder filled in.
    pub fn database_url(&self) -> String {
        match self.storage.database_url.as_str() {
            "sqlite:" | "sqlite://" => format!("sqlite://{}", self.data.join("hopwhistle.db").display()),
            url => url.to_owned(),
        }
    }

    /// As [`Config::database_url`], for eyes: without its password.
    pub fn database_shown(&self) -> String {
        shown(&self.database_url())
    }
}

fn without_password<S: serde::Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown(url))
}

#[expect(clippy::ref_option, reason = "serde asks so")]
fn without_password_if_any<S: serde::Serializer>(url: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&url.as_deref().map(shown), serializer)
}

/// A URL whose password is `***`.
pub fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((user, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    let user = user.split_once(':').map_or_else(|| user.to_owned(), |(name, _)| format!("{name}:***"));
    format!("{scheme}://{user}@{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(shown("postgres://ann:s@cr:et@db/hop"), "postgres://ann:***@db/hop");
        assert_eq!(shown("postgres://ann@db/hop"), "postgres://ann@db/hop");
        assert_eq!(shown("sqlite:///a/b.db"), "sqlite:///a/b.db");
    }
}
