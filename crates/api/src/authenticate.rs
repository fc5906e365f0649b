//! Who sends this request? Looked up once, before any route; what it may do the route says (`resource`).

use std::time::Duration;

use axum::http::{HeaderMap, header};
use domain::Timestamp;
use operations::{
    ApiKey, ApiKeyStatus, CustomRole, SignInMethod, StoreError, TenantScope, TenantStatus, User, UserStatus,
    granted_to, token_hash,
};

use crate::{
    access::{Grants, Pending, Permission, Principal, Who},
    convert::from_store,
    problem::ApiError,
    state::State,
};

/// The session cookie's name (inventory, section 2.2).
pub const SESSION_COOKIE: &str = "sessionId";
/// Uses within this span are noted once.
const NOTED_EVERY: Duration = Duration::from_mins(1);
/// Longest token or key that is looked at.
const SECRET_BYTES_MAX: usize = 512;

/// What a request's credentials came to.
#[derive(Clone, Debug)]
pub enum Identity {
    /// None were sent.
    Anonymous,
    /// Good ones.
    Known(Principal),
    /// Bad ones; told only where the route needs any.
    Refused(ApiError),
}

/// Bearer token first, then API key, then cookie. What was sent explicitly and is wrong is refused, not skipped.
pub async fn identify(state: &State, headers: &HeaderMap) -> Identity {
    let found = if let Some(value) = header_text(headers, header::AUTHORIZATION.as_str()) {
        match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                by_session(state, token.trim(), false).await
            }
            _ => Err(ApiError::unauthorized("Send the session token as: Authorization: Bearer <token>")),
        }
    } else if let Some(key) = header_text(headers, "x-api-key") {
        by_api_key(state, key).await
    } else if let Some(session) = cookie(headers, SESSION_COOKIE) {
        by_session(state, &session, true).await
    } else {
        return Identity::Anonymous;
    };
    found.map_or_else(Identity::Refused, Identity::Known)
}

fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The value of a cookie (RFC 6265, section 4.2).
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(given, _)| *given == name).map(|(_, value)| value.trim_matches('"').to_owned())
}

/// Somebody by their session token.
pub async fn by_session(state: &State, token: &str, by_cookie: bool) -> Result<Principal, ApiError> {
    let refused = || ApiError::unauthorized("The session is over; sign in again");
    if token.is_empty() || token.len() > SECRET_BYTES_MAX {
        return Err(refused());
    }
    let directory = state.directory();
    let session = directory.sign_in.find_session(&token_hash(token), state.now()).await.map_err(from_store)?;
    let session = session.ok_or_else(refused)?;
    let scope = TenantScope::of(session.tenant);
    let user = directory.users.find(scope, session.user).await.map_err(from_store)?.ok_or_else(refused)?;
    if user.status != UserStatus::Active {
        return Err(refused());
    }
    tenant_open(state, scope).await?;
    let now = state.now();
    if now.since(session.seen_at) >= NOTED_EVERY
        && let Err(error) = directory.accounts.touch_session(&session.token_hash, now).await
    {
        tracing::warn!(%error, "could not note the use of a session");
    }
    Ok(Principal {
        tenant: user.tenant,
        side: user.side(),
        grants: grants_of(state, &user).await.map_err(from_store)?,
        pending: pending_of(state, &user, session.method).await.map_err(from_store)?,
        proven_at: Some(session.proven_at),
        method: Some(session.method),
        who: Who::User { id: user.id, email: user.email, session: token.to_owned(), by_cookie },
        rate_limit: None,
    })
}

/// What a user must do before anything else. Whoever comes from the tenant's own identity provider did it there.
pub async fn pending_of(state: &State, user: &User, method: SignInMethod) -> Result<Option<Pending>, StoreError> {
    if method == SignInMethod::SingleSignOn {
        return Ok(None);
    }
    if user.must_change_password {
        return Ok(Some(Pending::Password));
    }
    let aids = &state.directory().aids;
    if !aids.sign_in_policy(user.tenant).await?.second_factor_required {
        return Ok(None);
    }
    let factor = aids.second_factor(TenantScope::of(user.tenant), user.id).await?;
    let has_one = factor.is_some_and(|factor| factor.confirmed_at.is_some());
    Ok((!has_one).then_some(Pending::SecondFactor))
}

/// What a user may do: roles of the table, roles of the tenant's own, and whether they are an operator of the platform.
pub async fn grants_of(state: &State, user: &User) -> Result<Grants, StoreError> {
    let directory = state.directory();
    let scope = TenantScope::of(user.tenant);
    let mut custom: Vec<CustomRole> = Vec::with_capacity(user.custom_roles.len());
    for role in &user.custom_roles {
        custom.extend(directory.roles.find(scope, *role).await?);
    }
    // Whoever sees one side of a tenant cannot stand above all of them.
    let is_operator = user.side().is_whole() && directory.accounts.is_operator(user.id).await?;
    Ok(Grants::new(granted_to(user, &custom), is_operator))
}

/// A program by its key.
pub async fn by_api_key(state: &State, key: &str) -> Result<Principal, ApiError> {
    let refused = |why: &'static str| {
        tracing::warn!(why, "auth.api_key.refused");
        ApiError::unauthorized("The API key is not valid")
    };
    if key.is_empty() || key.len() > SECRET_BYTES_MAX {
        return Err(refused("length"));
    }
    let directory = state.directory();
    let now = state.now();
    let found = directory.sign_in.api_key_by_hash(&token_hash(key)).await.map_err(from_store)?;
    let key = found.ok_or_else(|| refused("unknown"))?;
    if key.status != ApiKeyStatus::Active {
        return Err(refused("not active"));
    }
    if key.expires_at.is_some_and(|expiry| expiry <= now) {
        return Err(refused("expired"));
    }
    let scope = TenantScope::of(key.tenant);
    tenant_open(state, scope).await?;
    if key.last_used_at.is_none_or(|used| now.since(used) >= NOTED_EVERY) {
        note_use(state, scope, key.id, now).await;
    }
    let is_operator = is_operators(state, &key).await.map_err(from_store)?;
    Ok(Principal {
        tenant: key.tenant,
        side: key.side(),
        pending: None,
        proven_at: None,
        method: None,
        grants: Grants::new(key.scopes, is_operator),
        who: Who::ApiKey { id: key.id, name: key.name },
        rate_limit: key.rate_limit_per_minute,
    })
}

/// A key stands above tenants while the operator who made it is one.
async fn is_operators(state: &State, key: &ApiKey) -> Result<bool, StoreError> {
    let asks = key.side().is_whole() && key.scopes.iter().any(|scope| scope == Permission::PlatformAdmin.as_str());
    match key.created_by {
        Some(user) if asks => state.directory().accounts.is_operator(user).await,
        _ => Ok(false),
    }
}

/// A key works even when its use cannot be noted.
async fn note_use(state: &State, scope: TenantScope, id: domain::ApiKeyId, now: Timestamp) {
    if let Err(error) = state.directory().sign_in.touch_api_key(scope, id, now).await {
        tracing::warn!(%error, "could not note the use of an API key");
    }
}

async fn tenant_open(state: &State, scope: TenantScope) -> Result<(), ApiError> {
    let tenant = state.directory().tenants.find_tenant(scope.tenant()).await.map_err(from_store)?;
    match tenant.map(|tenant| tenant.status) {
        Some(TenantStatus::Active | TenantStatus::Suspended) => Ok(()),
        _ => Err(ApiError::unauthorized("The tenant is closed")),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn reads_one_cookie_of_many() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; sessionId=abc; b=2"));
        assert_eq!(cookie(&headers, "sessionId").as_deref(), Some("abc"));
        assert_eq!(cookie(&headers, "session"), None);
    }
}
