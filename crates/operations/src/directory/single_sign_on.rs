//! A tenant's own identity provider (OpenID Connect), and the sign-ins under way there.

use async_trait::async_trait;
use domain::{TenantId, Timestamp, UserId};

use crate::{Role, StoreError, TenantScope};

/// Domains one tenant may name.
pub const SIGN_IN_DOMAINS_MAX: usize = 20;

/// A tenant's provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInProvider {
    /// Whose.
    pub tenant: TenantId,
    /// Its address, which its tokens name exactly so.
    pub issuer: String,
    /// What the platform is called there.
    pub client_id: String,
    /// Sealed; only the API opens it. Absent: the platform proves itself by PKCE alone.
    pub client_secret: Option<String>,
    /// Domains of addresses it vouches for, lower case.
    pub domains: Vec<String>,
    /// The role of whoever signs in and is not known yet; absent: they are refused.
    pub new_users: Option<Role>,
    /// Others than owners and operators may use passwords too.
    pub passwords_allowed: bool,
    /// Whoever has a second factor here is asked for it after the provider vouched for them.
    pub second_factor: bool,
    /// Offered at sign-in.
    pub enabled: bool,
    /// When it was set up.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl SignInProvider {
    /// Whether it vouches for this address.
    pub fn covers(&self, email: &str) -> bool {
        let domain = domain_of(email);
        domain.is_some_and(|domain| self.domains.iter().any(|own| own.eq_ignore_ascii_case(domain)))
    }
}

/// What stands behind the `@`.
pub fn domain_of(email: &str) -> Option<&str> {
    email.rsplit_once('@').map(|(_, domain)| domain).filter(|domain| !domain.is_empty())
}

/// A sign-in under way. Good once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInAttempt {
    /// SHA-256 of `state`, lower-case hex.
    pub state_hash: String,
    /// At whose provider.
    pub tenant: TenantId,
    /// SHA-256 of what only the browser that began it knows: nobody is led into somebody else's session.
    pub browser_hash: String,
    /// The provider it was begun at.
    pub issuer: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// PKCE's secret, sealed.
    pub verifier: String,
    /// Where the provider sends the browser back to.
    pub redirect_uri: String,
    /// The provider was told to ask for a proof anew.
    pub fresh: bool,
    /// The provider has vouched for this user already; what is missing is the second factor.
    pub user: Option<UserId>,
    /// When they proved to the provider who they are.
    pub proven_at: Option<Timestamp>,
    /// When it began.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Storage of it. Sign-in comes before any scope is known.
#[async_trait]
pub trait SingleSignOn: Send + Sync {
    /// The tenant's provider.
    async fn provider(&self, tenant: TenantId) -> Result<Option<SignInProvider>, StoreError>;
    /// Enabled providers that vouch for addresses of a domain: 8 at most.
    async fn providers_of_domain(&self, domain: &str) -> Result<Vec<SignInProvider>, StoreError>;
    /// Sets it. Sessions that began at it end with `end_sessions`.
    async fn save_provider(&self, provider: &SignInProvider, end_sessions: bool) -> Result<(), StoreError>;
    /// Removes it with all links to it, and ends sessions that began there. False when there is none.
    async fn remove_provider(&self, scope: TenantScope) -> Result<bool, StoreError>;
    /// Begins a sign-in.
    async fn insert_attempt(&self, attempt: &SignInAttempt) -> Result<(), StoreError>;
    /// Takes the attempt of this hash away, unless it is over at `now`. Of two who take one at once, one gets it.
    async fn take_attempt(&self, state_hash: &str, now: Timestamp) -> Result<Option<SignInAttempt>, StoreError>;
    /// The user a subject is linked to.
    async fn linked_user(&self, tenant: TenantId, issuer: &str, subject: &str) -> Result<Option<UserId>, StoreError>;
    /// Links a user. [`StoreError::Conflict`] when they are linked to another subject there, or the subject to somebody else.
    async fn link_user(
        &self,
        scope: TenantScope,
        user: UserId,
        issuer: &str,
        subject: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Forgets who a user is at any provider. False when nothing was known.
    async fn unlink_user(&self, scope: TenantScope, user: UserId) -> Result<bool, StoreError>;
}
