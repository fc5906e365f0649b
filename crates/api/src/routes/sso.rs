//! Signing in at a tenant's own identity provider: authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1).
//!
//! What is remembered between the two halves is in the database, so that any API process finishes what another began.

use std::time::Duration;

use axum::{
    Json,
    extract::State as StateExtractor,
    http::{HeaderMap, header},
    response::Response,
};
use domain::Timestamp;
use garde::Validate;
use operations::{
    CodeToRedeem, Expected, IdClaims, IdentityError, Pkce, Profile, ProviderMetadata, SignInAttempt, SignInMethod,
    SignInProvider, Tenant, TenantStatus, User, domain_of, new_token, token_hash, verify_id_token,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{
    auth::{self, LoginResponse, Proof, host_of, note, open},
    second_factor::{self, Factor},
    single_sign_on::client_of,
    sso_user,
};
use crate::{
    caller::{Context, Noted},
    convert::from_store,
    extract::Body,
    problem::{ApiError, ApiResult},
    resource::Resource,
    seals::SealedSecret,
    state::State,
};

/// How long somebody may take at the provider's page.
const ATTEMPT_LIFETIME: Duration = Duration::from_mins(10);
/// How long they may take to type the code of their second factor.
const FACTOR_LIFETIME: Duration = Duration::from_mins(5);
/// A proof the provider was asked to get anew is no older than the sign-in, by clocks that differ so much.
const FRESH_SLACK: Duration = Duration::from_mins(1);
/// What sealed verifiers are for.
const PURPOSE: &str = "single-sign-on-verifier";

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Sign-in").public(routes!(options)).public(routes!(start)).public(routes!(finish))
}

/// Where the provider sends people back to: the page they came from, where that is one of ours.
pub(super) fn redirect_uri(state: &State, headers: Option<&HeaderMap>) -> String {
    let origin = headers.and_then(|headers| headers.get(header::ORIGIN)?.to_str().ok());
    let own = origin.filter(|origin| state.config().web_origins.iter().any(|known| known == origin));
    format!("{}/sso", own.unwrap_or(&state.config().web_url))
}

/// Whose provider is looked for.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SsoOptionsRequest {
    /// Its domain says which.
    #[garde(length(chars, max = 254))]
    #[schema(max_length = 254, example = "ana@example.com")]
    email: Option<String>,
    /// The tenant's slug.
    #[garde(length(chars, max = 63))]
    #[schema(max_length = 63, example = "demo")]
    tenant: Option<String>,
}

/// Tenants that sign in at providers of their own.
#[derive(Debug, Serialize, ToSchema)]
pub struct SsoOptions {
    /// The tenants that take a sign-in with this address; empty where none does.
    options: Vec<SsoOption>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct SsoOption {
    /// The slug, for `/auth/sso/start`.
    #[schema(example = "demo")]
    tenant: String,
    /// What people call the tenant.
    #[schema(example = "Demo")]
    name: String,
}

/// Says where somebody may sign in: the tenant that is named, or whose host name was called, or those whose provider vouches for the
/// address's domain. Whether the address is anybody's is not told.
#[utoipa::path(post, path = "/auth/sso/options", operation_id = "listSingleSignOnOptions", request_body = SsoOptionsRequest,
    responses((status = 200, description = "None or more", body = SsoOptions)))]
async fn options(
    StateExtractor(state): StateExtractor<State>,
    headers: HeaderMap,
    Body(body): Body<SsoOptionsRequest>,
) -> ApiResult<Json<SsoOptions>> {
    let directory = state.directory();
    let named = match &body.tenant {
        Some(slug) => directory.tenants.find_tenant_by_slug(slug).await.map_err(from_store)?,
        None => directory.tenants.find_tenant_by_domain(&host_of(&headers)).await.map_err(from_store)?,
    };
    let mut tenants = Vec::new();
    if let Some(tenant) = named {
        let provider = directory.single_sign_on.provider(tenant.id).await.map_err(from_store)?;
        tenants.extend(provider.filter(|provider| provider.enabled).map(|_| tenant));
    } else if let (None, Some(domain)) = (&body.tenant, body.email.as_deref().and_then(domain_of)) {
        let domain = domain.trim().to_lowercase();
        for provider in directory.single_sign_on.providers_of_domain(&domain).await.map_err(from_store)? {
            tenants.extend(directory.tenants.find_tenant(provider.tenant).await.map_err(from_store)?);
        }
    }
    let open = tenants.into_iter().filter(|tenant| tenant.status != TenantStatus::Inactive);
    Ok(Json(SsoOptions { options: open.map(|tenant| SsoOption { tenant: tenant.slug, name: tenant.name }).collect() }))
}

/// A sign-in to begin.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartSsoRequest {
    /// The tenant's slug.
    #[garde(length(chars, min = 1, max = 63))]
    #[schema(min_length = 1, max_length = 63, example = "demo")]
    tenant: String,
    /// Spares typing it once more at the provider.
    #[garde(length(chars, max = 254))]
    #[schema(max_length = 254, example = "ana@example.com")]
    email: Option<String>,
    /// Have the provider ask for a proof, even of whoever is signed in there: before sensitive changes.
    #[garde(skip)]
    #[serde(default)]
    fresh: bool,
}

/// Where to go.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartSsoResponse {
    /// The provider's page.
    #[schema(example = "https://login.example.com/authorize?...")]
    authorization_url: String,
    /// To be kept in this browser and sent to `/auth/sso/finish`.
    browser: String,
}

/// Begins a sign-in at the tenant's provider. It is good for ten minutes, once, and in this browser only.
#[utoipa::path(post, path = "/auth/sso/start", operation_id = "startSingleSignOn", request_body = StartSsoRequest, responses(
    (status = 200, description = "Where to go", body = StartSsoResponse),
    (status = 404, description = "The tenant has no provider", body = crate::Problem, content_type = "application/problem+json"),
    (status = 503, description = "The provider does not answer", body = crate::Problem, content_type = "application/problem+json")))]
async fn start(
    StateExtractor(state): StateExtractor<State>,
    headers: HeaderMap,
    Body(body): Body<StartSsoRequest>,
) -> ApiResult<Json<StartSsoResponse>> {
    let directory = state.directory();
    let none = || ApiError::not_found("Single sign-on");
    let tenant = directory.tenants.find_tenant_by_slug(&body.tenant).await.map_err(from_store)?.ok_or_else(none)?;
    let (provider, metadata) = enabled_provider(&state, &tenant).await?;
    let mut seed = state.fork_seed();
    let [state_token, browser, nonce] = [(); 3].map(|()| new_token("", &mut seed));
    let pkce = Pkce::new(&mut seed);
    let now = state.now();
    let attempt = SignInAttempt {
        state_hash: state_token.hash,
        tenant: tenant.id,
        browser_hash: browser.hash,
        issuer: provider.issuer.clone(),
        nonce: nonce.token,
        verifier: state.seals().seal_secret(PURPOSE, &pkce.verifier, state.random())?.0,
        redirect_uri: redirect_uri(&state, Some(&headers)),
        fresh: body.fresh,
        user: None,
        proven_at: None,
        created_at: now,
        expires_at: now.after(ATTEMPT_LIFETIME),
    };
    directory.single_sign_on.insert_attempt(&attempt).await.map_err(from_store)?;
    let authorization_url = authorization_url(&metadata, &provider, &attempt, &state_token.token, &pkce, body.email);
    Ok(Json(StartSsoResponse { authorization_url, browser: browser.token }))
}

fn authorization_url(
    metadata: &ProviderMetadata,
    provider: &SignInProvider,
    attempt: &SignInAttempt,
    state: &str,
    pkce: &Pkce,
    email: Option<String>,
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", &provider.client_id)
        .append_pair("redirect_uri", &attempt.redirect_uri)
        .append_pair("scope", "openid email profile")
        .append_pair("state", state)
        .append_pair("nonce", &attempt.nonce)
        .append_pair("code_challenge", &pkce.challenge)
        .append_pair("code_challenge_method", "S256");
    if attempt.fresh {
        // Section 3.1.2.1: then the token says when the proof was given.
        query.append_pair("prompt", "login").append_pair("max_age", "0");
    }
    if let Some(email) = email {
        query.append_pair("login_hint", email.trim());
    }
    let endpoint = &metadata.authorization_endpoint;
    let joint = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{joint}{}", query.finish())
}

async fn enabled_provider(state: &State, tenant: &Tenant) -> ApiResult<(SignInProvider, ProviderMetadata)> {
    let provider = state.directory().single_sign_on.provider(tenant.id).await.map_err(from_store)?;
    let provider = provider.filter(|provider| provider.enabled && tenant.status != TenantStatus::Inactive);
    let provider = provider.ok_or_else(|| ApiError::not_found("Single sign-on"))?;
    let metadata = state.identity_providers().discover(&provider.issuer).await;
    let metadata = metadata.map_err(|error| away(&provider, &error))?;
    Ok((provider, metadata))
}

fn away(provider: &SignInProvider, error: &IdentityError) -> ApiError {
    tracing::warn!(tenant = %provider.tenant, issuer = provider.issuer, %error, "auth.sso.provider");
    let message = "Your identity provider cannot be used now; try again, or tell whoever manages your tenant's sign-in";
    ApiError { code: "PROVIDER_UNAVAILABLE", ..ApiError::unavailable(message) }
}

/// What the provider sent the browser back with.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FinishSsoRequest {
    /// The `state` the provider sent back.
    #[garde(length(chars, min = 1, max = 256))]
    #[schema(min_length = 1, max_length = 256)]
    state: String,
    /// As `/auth/sso/start` gave it to this browser.
    #[garde(length(chars, min = 1, max = 256))]
    #[schema(min_length = 1, max_length = 256)]
    browser: String,
    /// What the provider gives for tokens; absent where it refused.
    #[garde(length(chars, max = 4096))]
    #[schema(max_length = 4096)]
    code: Option<String>,
    /// The provider's name for itself (RFC 9207), where it sent it.
    #[garde(length(chars, max = 500))]
    #[schema(max_length = 500)]
    iss: Option<String>,
    /// Why the provider refused: `access_denied`.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100, example = "access_denied")]
    error: Option<String>,
    /// The second factor's code, after 401 SECOND_FACTOR_REQUIRED.
    #[garde(length(chars, max = 32))]
    #[schema(max_length = 32, example = "287082")]
    second_factor_code: Option<String>,
}

/// 401: nothing can be made of it (any more).
fn over() -> ApiError {
    let message = "This sign-in is over, was used before, or was begun in another browser: begin again";
    ApiError { code: "SIGN_IN_OVER", ..ApiError::unauthorized(message) }
}

/// Finishes a sign-in that was begun in this browser. Whoever is asked for a second factor (401 SECOND_FACTOR_REQUIRED) sends the same
/// `state` and `browser` once more with `secondFactorCode`.
#[utoipa::path(post, path = "/auth/sso/finish", operation_id = "finishSingleSignOn", request_body = FinishSsoRequest, responses(
    (status = 200, description = "Signed in; sets the sessionId cookie", body = LoginResponse),
    (status = 401, description = "Over, used before, or a second factor is missing", body = crate::Problem, content_type = "application/problem+json"),
    (status = 403, description = "The provider or the platform refuses; `code` says why", body = crate::Problem, content_type = "application/problem+json"),
    (status = 503, description = "The provider does not answer", body = crate::Problem, content_type = "application/problem+json")))]
async fn finish(
    StateExtractor(state): StateExtractor<State>,
    context: Context,
    Body(body): Body<FinishSsoRequest>,
) -> ApiResult<Response> {
    let directory = state.directory();
    let taken = directory.single_sign_on.take_attempt(&token_hash(&body.state), state.now()).await;
    let attempt = taken.map_err(from_store)?.ok_or_else(over)?;
    if attempt.browser_hash != token_hash(&body.browser) {
        return Err(refuse(&state, &context, &attempt, over()).await);
    }
    let tenant = directory.tenants.find_tenant(attempt.tenant).await.map_err(from_store)?.ok_or_else(over)?;
    match (attempt.user, attempt.proven_at) {
        (Some(user), Some(proven_at)) => {
            let user = directory.users.get(operations::TenantScope::of(tenant.id), user).await.map_err(from_store)?;
            with_factor(&state, &context, &attempt, &user, body.second_factor_code.as_deref()).await?;
            enter(&state, &context, &user, &tenant, proven_at).await
        }
        _ => match vouched(&state, &context, &attempt, &tenant, &body).await {
            Ok((user, proven_at, asks_factor)) => {
                if asks_factor {
                    wait_for_factor(&state, &attempt, &user, proven_at).await?;
                    return Err(second_factor::missing());
                }
                enter(&state, &context, &user, &tenant, proven_at).await
            }
            Err(error) => Err(refuse(&state, &context, &attempt, error).await),
        },
    }
}

async fn enter(
    state: &State,
    context: &Context,
    user: &User,
    tenant: &Tenant,
    proven_at: Timestamp,
) -> ApiResult<Response> {
    sso_user::check_may_enter(state, user, tenant).await?;
    note(state, context, user, "auth.sso.success", true).await;
    open(state, context, user, tenant, Proof { method: SignInMethod::SingleSignOn, at: proven_at }).await
}

/// Notes it in the tenant's log.
async fn refuse(state: &State, context: &Context, attempt: &SignInAttempt, error: ApiError) -> ApiError {
    tracing::warn!(tenant = %attempt.tenant, code = error.code, peer = %context.peer.0, "auth.sso.failed");
    let noted = Noted { action: "auth.sso.failed", entity: "session", success: false };
    let why = serde_json::json!({"code": error.code});
    context.note(state, attempt.tenant, attempt.user, noted, None, why).await;
    error
}

/// Whom the provider vouches for, when they proved it, and whether a second factor is asked for.
async fn vouched(
    state: &State,
    context: &Context,
    attempt: &SignInAttempt,
    tenant: &Tenant,
    body: &FinishSsoRequest,
) -> ApiResult<(User, Timestamp, bool)> {
    let refused = |code, message: String| ApiError { code, ..ApiError::forbidden(message) };
    let (provider, metadata) = enabled_provider(state, tenant).await?;
    if provider.issuer != attempt.issuer {
        return Err(over());
    }
    // RFC 9207: an answer of another provider is not taken for this one's.
    let names = body.iss.as_ref();
    if names.map_or(metadata.authorization_response_iss_parameter_supported, |iss| *iss != provider.issuer) {
        return Err(refused("PROVIDER_ANSWER_WRONG", "The answer is not of the tenant's provider".to_owned()));
    }
    let Some(code) = body.code.as_deref().filter(|_| body.error.is_none()) else {
        let error = body.error.as_deref().unwrap_or("no code");
        return Err(refused("PROVIDER_REFUSED", format!("The provider did not sign you in ({error}): try again")));
    };
    let (claims, profile) = redeem(state, attempt, &provider, &metadata, code).await?;
    let now = state.now();
    let auth_time = claims.auth_time.map(|secs| Timestamp::from_micros(secs.saturating_mul(1_000_000)).min(now));
    if attempt.fresh && auth_time.is_none_or(|at| at < attempt.created_at.before(FRESH_SLACK)) {
        let message = "The provider did not ask for a proof anew: sign out there and begin again";
        return Err(refused("PROOF_TOO_OLD", message.to_owned()));
    }
    // Where the provider does not say when, it counts as long ago: sensitive changes then ask for a fresh one.
    let proven_at = auth_time.unwrap_or_else(|| now.before(state.config().session_lifetime));
    let user = sso_user::find(state, context, tenant, &provider, &claims.sub, &profile).await?;
    let scope = operations::TenantScope::of(tenant.id);
    let asks_factor = provider.second_factor
        && state
            .directory()
            .aids
            .second_factor(scope, user.id)
            .await
            .map_err(from_store)?
            .is_some_and(|factor| factor.confirmed_at.is_some());
    Ok((user, proven_at, asks_factor))
}

/// The claims of the ID token, checked, and those of the user-info endpoint where the token names no address.
async fn redeem(
    state: &State,
    attempt: &SignInAttempt,
    provider: &SignInProvider,
    metadata: &ProviderMetadata,
    code: &str,
) -> ApiResult<(IdClaims, Profile)> {
    let wrong = |why: String| {
        tracing::warn!(tenant = %provider.tenant, issuer = provider.issuer, why, "auth.sso.token");
        ApiError { code: "PROVIDER_ANSWER_WRONG", ..ApiError::forbidden(format!("You were not signed in: {why}")) }
    };
    let said = |error: IdentityError| match &error {
        IdentityError::Refused { .. } => wrong(error.to_string()),
        _ => away(provider, &error),
    };
    let asked = state.identity_providers();
    let verifier = state.seals().open_secret(PURPOSE, &SealedSecret(attempt.verifier.clone())).ok_or_else(over)?;
    let code = CodeToRedeem { code, verifier: &verifier, redirect_uri: &attempt.redirect_uri };
    let tokens = asked.redeem(metadata, &client_of(state, provider)?, code).await.map_err(said)?;
    let id_token = tokens.id_token.ok_or_else(|| wrong("the provider sent no ID token".to_owned()))?;
    let keys = asked.keys(metadata).await.map_err(said)?;
    let expected =
        Expected { issuer: &provider.issuer, client_id: &provider.client_id, nonce: &attempt.nonce, now: state.now() };
    let claims = verify_id_token(&id_token, &keys, expected).map_err(|fault| wrong(fault.to_string()))?;
    let profile = match (&claims.profile.email, tokens.access_token) {
        (None, Some(access_token)) if metadata.userinfo_endpoint.is_some() => {
            let info = asked.user_info(metadata, &access_token).await.map_err(said)?;
            // Section 5.3.2: else the claims could be somebody else's.
            if info["sub"] != claims.sub.as_str() {
                return Err(wrong("the provider told of somebody else".to_owned()));
            }
            serde_json::from_value(info).map_err(|error| wrong(error.to_string()))?
        }
        _ => claims.profile.clone(),
    };
    Ok((claims, profile))
}

/// The same attempt once more, for whoever the provider has vouched for already.
async fn wait_for_factor(state: &State, attempt: &SignInAttempt, user: &User, proven_at: Timestamp) -> ApiResult<()> {
    let now = state.now();
    let waiting = SignInAttempt {
        user: Some(user.id),
        proven_at: Some(proven_at),
        created_at: now,
        expires_at: now.after(FACTOR_LIFETIME),
        ..attempt.clone()
    };
    state.directory().single_sign_on.insert_attempt(&waiting).await.map_err(from_store)
}

/// A wrong code counts as a failed sign-in; another one may be tried while the wait allows it.
async fn with_factor(
    state: &State,
    context: &Context,
    attempt: &SignInAttempt,
    user: &User,
    code: Option<&str>,
) -> ApiResult<()> {
    let compared = async {
        match second_factor::check(state, user, code).await? {
            Factor::None | Factor::Right => Ok(Ok(())),
            Factor::Missing => Err(second_factor::missing()),
            Factor::Wrong => {
                note(state, context, user, "auth.second_factor.failed", false).await;
                Ok(Err(second_factor::wrong()))
            }
        }
    };
    let checked = auth::attempt(state, context, &user.email, compared).await;
    if checked.is_err() && attempt.expires_at > state.now() {
        state.directory().single_sign_on.insert_attempt(attempt).await.map_err(from_store)?;
    }
    checked
}
