//! What signing in needs beside users and sessions: links that are sent, second factors, what a tenant asks for.

use async_trait::async_trait;
use domain::{TenantId, Timestamp, UserId};

use crate::{StoreError, TenantScope, User, text_enum::text_enum};

text_enum! {
    /// What a link is good for.
    LinkPurpose {
        /// To accept an invitation and choose a password.
        Invitation = "INVITATION",
        /// To choose another password.
        PasswordReset = "PASSWORD_RESET",
    }
}

/// A link somebody was sent. Good once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountLink {
    /// SHA-256 of the link's token, lower-case hex.
    pub token_hash: String,
    /// Whose.
    pub tenant: TenantId,
    /// For whom.
    pub user: UserId,
    /// What for.
    pub purpose: LinkPurpose,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A user's second factor (RFC 6238).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// Who.
    pub user: UserId,
    /// Sealed; only the API opens it.
    pub secret: String,
    /// Since when it is asked for; absent while it is being set up.
    pub confirmed_at: Option<Timestamp>,
    /// The step of the last code that was taken: no code at or before it is taken again.
    pub last_step: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a tenant asks of whoever signs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignInPolicy {
    /// Everybody has a second factor.
    pub second_factor_required: bool,
}

/// Storage of it.
#[async_trait]
pub trait SignInAids: Send + Sync {
    /// Stores a link in place of the user's earlier ones for the same purpose.
    async fn insert_link(&self, link: &AccountLink) -> Result<(), StoreError>;
    /// The link of this hash, unless it is over at `now`.
    async fn find_link(&self, token_hash: &str, now: Timestamp) -> Result<Option<AccountLink>, StoreError>;
    /// Uses a link up and saves what it made of the user, in one transaction that also ends the user's sessions. False when
    /// somebody was faster.
    async fn redeem_link(&self, link: &AccountLink, user: &User, now: Timestamp) -> Result<bool, StoreError>;
    /// Forgets sessions and links that are over at `now`; answers how many.
    async fn forget_expired(&self, now: Timestamp) -> Result<u64, StoreError>;
    /// A user's factor.
    async fn second_factor(&self, scope: TenantScope, user: UserId) -> Result<Option<SecondFactor>, StoreError>;
    /// Puts a factor in place of one that is not confirmed. [`StoreError::Conflict`] when there is a confirmed one.
    async fn insert_second_factor(&self, scope: TenantScope, factor: &SecondFactor) -> Result<(), StoreError>;
    /// Takes a code of `step`: false when it, or a later one, was taken before.
    async fn use_step(&self, scope: TenantScope, user: UserId, step: u64) -> Result<bool, StoreError>;
    /// Confirms the factor and puts these recovery codes (their hashes) in place of all others.
    async fn confirm_second_factor(
        &self,
        scope: TenantScope,
        user: UserId,
        codes: Vec<String>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Takes a recovery code by its hash: false when there is none such (any more).
    async fn use_recovery_code(&self, scope: TenantScope, user: UserId, hash: &str) -> Result<bool, StoreError>;
    /// How many recovery codes are left.
    async fn recovery_codes_left(&self, scope: TenantScope, user: UserId) -> Result<u64, StoreError>;
    /// Removes factor and codes. False when there were none.
    async fn remove_second_factor(&self, scope: TenantScope, user: UserId) -> Result<bool, StoreError>;
    /// What the tenant asks for.
    async fn sign_in_policy(&self, tenant: TenantId) -> Result<SignInPolicy, StoreError>;
    /// Says what it asks for.
    async fn save_sign_in_policy(
        &self,
        tenant: TenantId,
        policy: SignInPolicy,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}
