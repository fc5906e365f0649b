//! Who signs in: users, API keys, sessions.

use async_trait::async_trait;
use domain::{ApiKeyId, BuyerId, PublisherId, RoleId, SessionId, TenantId, Timestamp, UserId};

use crate::{Entity, Side, StoreError, TenantScope, text_enum::text_enum};

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

text_enum! {
    /// How somebody signed in.
    SignInMethod {
        /// With a password, and a second factor where there is one.
        Password = "PASSWORD",
        /// At the tenant's own identity provider.
        SingleSignOn = "SINGLE_SIGN_ON",
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
    /// At least one of these or of `custom_roles`.
    pub roles: Vec<Role>,
    /// Roles the tenant made for itself; one that is gone grants nothing.
    pub custom_roles: Vec<RoleId>,
    /// Sees only what belongs to this publisher. The role PUBLISHER grants nothing without it.
    pub publisher: Option<PublisherId>,
    /// Sees only what belongs to this buyer. The role BUYER grants nothing without it.
    pub buyer: Option<BuyerId>,
    /// The next sign-in is good for changing the password only.
    pub must_change_password: bool,
    /// When the password was last set.
    pub password_changed_at: Option<Timestamp>,
    /// When they were invited.
    pub invited_at: Option<Timestamp>,
    /// Last sign-in.
    pub last_login_at: Option<Timestamp>,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// What of the tenant they see.
    pub const fn side(&self) -> Side {
        Side::of(self.publisher, self.buyer)
    }
}

/// Narrows a list of users.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// With this address, in lower case.
    pub email: Option<String>,
    /// Only these.
    pub status: Option<UserStatus>,
    /// Only holders of this role.
    pub role: Option<Role>,
    /// Only holders of this role of the tenant's own.
    pub custom_role: Option<RoleId>,
    /// Part of the e-mail address or name.
    pub search: Option<String>,
}

impl Entity for User {
    type Id = UserId;
    type Filter = UserFilter;
    const NAME: &'static str = "user";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "email", "lastName", "status", "lastLoginAt"];
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
    /// Sees only what belongs to this publisher.
    pub publisher: Option<PublisherId>,
    /// Sees only what belongs to this buyer.
    pub buyer: Option<BuyerId>,
    /// Who made it; absent when another key did.
    pub created_by: Option<UserId>,
    /// The key that takes its place, once it was rotated.
    pub rotated_to: Option<ApiKeyId>,
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

impl ApiKey {
    /// What of the tenant it sees.
    pub const fn side(&self) -> Side {
        Side::of(self.publisher, self.buyer)
    }
}

/// Narrows a list of keys.
#[derive(Clone, Debug, Default)]
pub struct ApiKeyFilter {
    /// Name or prefix contains it.
    pub search: Option<String>,
    /// Only these.
    pub status: Option<ApiKeyStatus>,
}

impl Entity for ApiKey {
    type Id = ApiKeyId;
    type Filter = ApiKeyFilter;
    const NAME: &'static str = "api key";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "name", "status", "lastUsedAt", "expiresAt"];
}

/// A role a tenant made for itself.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomRole {
    /// Id.
    pub id: RoleId,
    /// Whose.
    pub tenant: TenantId,
    /// For people. Unique in the tenant.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Permission strings, `*` allowed per segment.
    pub permissions: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of roles.
#[derive(Clone, Debug, Default)]
pub struct CustomRoleFilter {
    /// Part of the name.
    pub search: Option<String>,
}

impl Entity for CustomRole {
    type Id = RoleId;
    type Filter = CustomRoleFilter;
    const NAME: &'static str = "role";
    const ORDERS: &'static [&'static str] = &["name", "createdAt", "updatedAt"];
}

/// Somebody signed in with a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// For lists; opens nothing.
    pub id: SessionId,
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
    /// Last request, to the minute.
    pub seen_at: Timestamp,
    /// When they last proved who they are: by password, second factor or single sign-on.
    pub proven_at: Timestamp,
    /// How.
    pub method: SignInMethod,
    /// From where.
    pub address: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
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

/// Accounts of a tenant: what a plain repository cannot promise.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// As [`crate::Repository::save`], and no session of the user outlives it when `end_sessions`.
    /// [`StoreError::Conflict`] when the tenant would be left without an active OWNER; checked where it is written, so that
    /// two at once cannot remove each other.
    async fn save_user(
        &self,
        scope: TenantScope,
        user: &User,
        end_sessions: bool,
        now: Timestamp,
    ) -> Result<User, StoreError>;
    /// As [`crate::Repository::remove`], with the same promise.
    async fn remove_user(&self, scope: TenantScope, user: UserId) -> Result<(), StoreError>;
    /// A user's sessions that are not over at `now`, newest first, at most 100.
    async fn sessions_of(&self, scope: TenantScope, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;
    /// Ends one of them. False when there is none.
    async fn remove_session_by_id(
        &self,
        scope: TenantScope,
        user: UserId,
        session: SessionId,
    ) -> Result<bool, StoreError>;
    /// Ends all of them but the one with this hash.
    async fn remove_other_sessions(&self, scope: TenantScope, user: UserId, keep: &str) -> Result<(), StoreError>;
    /// Signs everybody of the tenant out.
    async fn remove_sessions_of_tenant(&self, tenant: TenantId) -> Result<(), StoreError>;
    /// Notes that a session was used.
    async fn touch_session(&self, token_hash: &str, now: Timestamp) -> Result<(), StoreError>;
    /// Notes that who holds a session proved who they are.
    async fn prove_session(&self, token_hash: &str, now: Timestamp) -> Result<(), StoreError>;
    /// Whether a user is an operator of the platform, whatever their roles.
    async fn is_operator(&self, user: UserId) -> Result<bool, StoreError>;
    /// Makes a user an operator. Nothing happens when they are one.
    async fn add_operator(&self, scope: TenantScope, user: UserId, now: Timestamp) -> Result<(), StoreError>;
    /// Makes an operator a mere user again. False when they were none.
    async fn remove_operator(&self, user: UserId) -> Result<bool, StoreError>;
    /// Every operator: at most 1,000.
    async fn operators(&self) -> Result<Vec<User>, StoreError>;
}
