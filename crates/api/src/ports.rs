//! What the server must bring: the parts of the platform the API reaches besides the store.

use std::{pin::Pin, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use domain::{CallId, OutboundCall, SwitchId, TenantId, Timestamp};
use futures_util::Stream;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Requests somebody may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Whose: `key:<id>`, `user:<id>`, `tenant:<id>`, `net:<address>`.
    pub key: String,
    /// As many as come in a minute; it holds as many at once.
    pub per_minute: u32,
}

/// What came of taking one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// There was one.
    pub admitted: bool,
    /// Microseconds until the bucket is full.
    pub lack_micros: i64,
}

/// Where requests are taken from: in one process, or shared by several.
#[async_trait]
pub trait Buckets: Send + Sync {
    /// Takes one from each. Never fails: who cannot ask others counts alone.
    async fn take(&self, buckets: &[Bucket], now: Timestamp) -> Vec<Taken>;
}

/// Reaches a running call, and switches that can place one.
#[async_trait]
pub trait CallControl: Send + Sync {
    /// Ends the call, which that run of a switch holds. The API has checked that it is the tenant's. True when the switch was told; the
    /// call's end comes as events. False when no switch holds it (any more).
    async fn hang_up(&self, tenant: TenantId, switch: SwitchId, call: CallId) -> Result<bool, PortError>;

    /// Hands an order to exactly one switch that is there, and names it; whether it carries the order out shows in the call's events.
    /// [`PortError::Unavailable`] when none takes it: then nobody is called.
    async fn place(&self, order: OutboundCall) -> Result<SwitchId, PortError>;
}

/// A part of the platform did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Nothing under this key.
    #[error("there is no such thing")]
    NotFound,
    /// It may work later.
    #[error("not available: {0}")]
    Unavailable(String),
}

/// A part of a file, as it is read.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, std::io::Error>> + Send>>;

/// What is known of a recording's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Bytes readable now.
    pub bytes: u64,
    /// Still being written: `bytes` grows, and the WAV header gives no length yet.
    pub growing: bool,
    /// When it was last written.
    pub modified_at: Timestamp,
}

/// The files of recordings.
#[async_trait]
pub trait RecordingFiles: Send + Sync {
    /// Size and state. [`PortError::NotFound`] when it is not (yet, or any more) there.
    async fn facts(&self, storage_key: &str) -> Result<FileFacts, PortError>;
    /// `length` bytes from `offset`; the range lies within [`FileFacts::bytes`].
    async fn read(&self, storage_key: &str, offset: u64, length: u64) -> Result<ByteStream, PortError>;
    /// Begins a file under a key that nothing has; what is there already is [`PortError::Unavailable`], and stays.
    async fn create(&self, storage_key: &str) -> Result<Box<dyn NewFile>, PortError>;
}

/// A file that is being written. Dropped before [`NewFile::keep`] it is removed.
#[async_trait]
pub trait NewFile: Send {
    /// Its next piece.
    async fn write(&mut self, piece: &[u8]) -> Result<(), PortError>;
    /// On return everything so far is on the disk.
    async fn sync(&mut self) -> Result<(), PortError>;
    /// It is known of, and stays.
    fn keep(self: Box<Self>);
}

/// Recordings that lie elsewhere.
#[async_trait]
pub trait RecordingSource: Send + Sync {
    /// What lies at an address. [`PortError::Unavailable`] says why it was not asked, or what it answered.
    async fn open(&self, url: &str) -> Result<ByteStream, PortError>;
}

/// A mail to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Address.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands it to the mail server. [`PortError::Unavailable`] when that does not take it.
    async fn send(&self, mail: Mail) -> Result<(), PortError>;
}

/// One part of the platform that can be asked how it is.
#[async_trait]
pub trait HealthProbe: Send + Sync {
    /// Its name in `/health/ready`: `database`, `switch` ...
    fn name(&self) -> &'static str;
    /// Whether the platform is of no use without it: then its failure is 503, else `degraded`.
    fn is_vital(&self) -> bool;
    /// A real check, within a time limit of the caller.
    async fn check(&self) -> Health;
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It works.
    Ok,
    /// It does not.
    Failed(String),
    /// It is not part of this installation.
    Disabled,
}

/// Longest a probe may take.
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
