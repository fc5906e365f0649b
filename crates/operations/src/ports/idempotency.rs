//! Requests that may be sent twice and are done once.

use async_trait::async_trait;
use domain::{TenantId, Timestamp};
use uuid::Uuid;

use crate::StoreError;

/// Longest key, in characters (inventory, section 2.1).
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// A request under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Whose.
    pub tenant: TenantId,
    /// Who asks: `user:<id>` or `key:<id>`. Nobody is answered what another was.
    pub who: String,
    /// Method and path template: a key means something on one route only.
    pub route: String,
    /// The key.
    pub key: String,
    /// Tells one request from another: a hash of its address and body.
    pub fingerprint: String,
    /// The id of what the request makes, the same on each try: what a lost try has made is not made again.
    pub id: Uuid,
}

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body, sealed; absent when it was too large to keep.
    pub body: Option<String>,
}

/// What a key says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is the first: go on.
    First,
    /// An earlier try came to no answer: go on, with the id it had.
    Again(Uuid),
    /// Another try is under way.
    Running,
    /// The key was used for another request.
    OtherRequest,
    /// It was done.
    Answered(KeptAnswer),
}

/// Keeps keys until they expire.
#[async_trait]
pub trait IdempotencyKeys: Send + Sync {
    /// Takes the key for this request until `locked_until`. A key nobody took, or that has expired, is kept until `expires_at`.
    async fn begin(
        &self,
        request: &KeyedRequest,
        now: Timestamp,
        locked_until: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Begun, StoreError>;

    /// Keeps the answer.
    async fn answer(&self, request: &KeyedRequest, answer: &KeptAnswer) -> Result<(), StoreError>;

    /// Frees the key: nothing was done, so that it may be used anew.
    async fn free(&self, request: &KeyedRequest) -> Result<(), StoreError>;

    /// Unlocks the key: what was done is not known; the same request may be tried again.
    async fn unlock(&self, request: &KeyedRequest) -> Result<(), StoreError>;

    /// Forgets at most `count_max` keys that have expired; answers how many.
    async fn forget_keys(&self, now: Timestamp, count_max: u32) -> Result<u64, StoreError>;
}
