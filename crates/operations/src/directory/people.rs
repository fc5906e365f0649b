//! Who signs in: users, API keys, sessions.

use async_trait::async_trait;
use domain::{ApiKeyId, TenantId, Timestamp, UserId};

use crate::{Entity, StoreError, TenantScope, text_enum::text_enum};

text_enum! {
    /// May a user sign in?
    UserStatus {
        /// Yes.
        Active = "ACTIVE",
        /// Not yet, or no more.
        Inactive = "INACTIVE",
        /// Not now.
        Suspended = "SUSPENDED",
    }
}

text_enum! {
    /// What a user is (inventory, section 2.3). What each may do is [`crate::permissions`].
    Role {
        /// Everything.
        Owner = "OWNER",
        /// Everything but the platform.
        Admin = "ADMIN",
        /// Reads and reports.
        Analyst = "ANALYST",
        /// Brings calls.
        Publisher = "PUBLISHER",
        /// Takes calls.
        Buyer = "BUYER",
        /// Reads.
        ReadOnly = "READONLY",
    }
}

text_enum! {
    /// May a key be used?
    ApiKeyStatus {
        /// Yes.
        Active = "ACTIVE",
        /// Taken back.
        Revoked = "REVOKED",
        /// Too old.
        Expired = "EXPIRED",
    }
}

/// A person who signs in.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Whose.
    pub tenant: TenantId,
    /// Lower case. Unique in the tenant.
    pub email: String,
    /// PHC string of argon2id.
    pub password_hash: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// May sign in?
    pub status: UserStatus,
    /// At least one.
    pub roles: Vec<Role>,
    /// Last sign-in.
    pub last_login_at: Option<Timestamp>,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of users.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Only these.
    pub status: Option<UserStatus>,
    /// Part of the e-mail address or name.
    pub search: Option<String>,
}

impl Entity for User {
    type Id = UserId;
    type Filter = UserFilter;
    const NAME: &'static str = "user";
}

/// A key a program signs in with. The key itself is shown once and never stored.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// Whose.
    pub tenant: TenantId,
    /// For people.
    pub name: String,
    /// SHA-256 of the key, lower-case hex.
    pub key_hash: String,
    /// First 8 characters, to tell keys apart.
    pub prefix: String,
    /// May be used?
    pub status: ApiKeyStatus,
    /// Permission strings, `*` allowed per segment.
    pub scopes: Vec<String>,
    /// Requests a minute; absent: the platform's limit.
    pub rate_limit_per_minute: Option<u32>,
    /// Last use, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Not to be used from then on.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of keys.
#[derive(Clone, Debug, Default)]
pub struct ApiKeyFilter {
    /// Only these.
    pub status: Option<ApiKeyStatus>,
}

impl Entity for ApiKey {
    type Id = ApiKeyId;
    type Filter = ApiKeyFilter;
    const NAME: &'static str = "api key";
}

/// Somebody signed in with a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the cookie's token, lower-case hex: a stolen database signs nobody in.
    pub token_hash: String,
    /// Whose.
    pub tenant: TenantId,
    /// Who.
    pub user: UserId,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Sign-in comes before any scope is known: it finds the tenant.
#[async_trait]
pub trait SignIn: Send + Sync {
    /// Users of every tenant with this address (lower case). The tenant is settled by slug or host name when several.
    async fn users_by_email(&self, email: &str) -> Result<Vec<User>, StoreError>;
    /// The key with this hash, whatever its status.
    async fn api_key_by_hash(&self, key_hash: &str) -> Result<Option<ApiKey>, StoreError>;
    /// Notes a use; not more than once a minute reaches the store.
    async fn touch_api_key(&self, scope: TenantScope, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError>;
    /// Notes a sign-in.
    async fn touch_user(&self, scope: TenantScope, id: UserId, now: Timestamp) -> Result<(), StoreError>;
    /// Stores a session.
    async fn insert_session(&self, session: &Session) -> Result<(), StoreError>;
    /// The session of this hash, unless it is over at `now`.
    async fn find_session(&self, token_hash: &str, now: Timestamp) -> Result<Option<Session>, StoreError>;
    /// Signs out. Nothing happens when it is gone already.
    async fn remove_session(&self, token_hash: &str) -> Result<(), StoreError>;
    /// Signs a user out everywhere.
    async fn remove_sessions_of(&self, scope: TenantScope, user: UserId) -> Result<(), StoreError>;
}
