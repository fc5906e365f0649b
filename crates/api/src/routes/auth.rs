//! Signing in and out.

use axum::{
    Json,
    extract::State as StateExtractor,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::Timestamp;
use garde::Validate;
use operations::{
    Role, Session, Side, SignInMethod, Tenant, TenantScope, TenantStatus, User, UserStatus, new_token, token_hash,
    verify_password,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::SemaphorePermit;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::second_factor::{self, Factor};
use crate::{
    access::{Grants, Pending, Who},
    authenticate::{SESSION_COOKIE, grants_of, pending_of},
    caller::{Caller, Context, Noted},
    convert::from_store,
    extract::Body,
    live,
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    state::State,
    wire::{Ref, Time},
};

/// Accounts with one address whose passwords are compared; more tenants need the slug or the tenant's own host name.
const ACCOUNTS_COMPARED_MAX: usize = 8;

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Sign-in")
        .public(routes!(login))
        .signed_in(routes!(logout))
        .signed_in(routes!(me))
        .signed_in(routes!(csrf))
        .signed_in(routes!(ws_ticket))
}

/// Who signs in.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoginRequest {
    /// The e-mail address of the user, in any case of letters.
    #[garde(length(chars, min = 3, max = 254))]
    #[schema(example = "admin@demo.example", min_length = 3, max_length = 254)]
    email: String,
    /// The password.
    #[garde(length(chars, min = 1, max = 1024))]
    #[schema(example = "a long password", min_length = 1, max_length = 1024, format = Password)]
    password: String,
    /// The tenant's slug, where address and password fit several. At a tenant's own host name it is that tenant.
    #[garde(length(chars, max = 63))]
    #[schema(max_length = 63, example = "demo")]
    tenant: Option<String>,
    /// The second factor's code, or a recovery code.
    #[garde(length(chars, max = 32))]
    #[schema(max_length = 32, example = "287082")]
    code: Option<String>,
}

/// Signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginResponse {
    /// For `Authorization: Bearer`; the `sessionId` cookie holds the same.
    token: String,
    /// For `x-csrf-token`, where the cookie is relied on.
    csrf_token: String,
    /// When the session ends.
    expires_at: Time,
    /// Who is signed in.
    user: CurrentUser,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CurrentUser {
    /// The user's id, or the key's.
    id: Uuid,
    /// Absent for a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// A key's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// First name.
    first_name: Option<String>,
    /// Last name.
    last_name: Option<String>,
    /// Upper case, as in the table of roles.
    #[schema(example = json!(["OWNER"]))]
    roles: Vec<String>,
    /// The tenant.
    tenant: Ref,
    /// The tenant's slug, for `/auth/sso/start`.
    #[schema(example = "demo")]
    tenant_slug: String,
    /// Only what belongs to this publisher is seen.
    publisher_id: Option<Uuid>,
    /// Only what belongs to this buyer is seen.
    buyer_id: Option<Uuid>,
    /// What must be done before anything else: `PASSWORD_CHANGE_REQUIRED` or `SECOND_FACTOR_SETUP_REQUIRED`.
    #[schema(example = "PASSWORD_CHANGE_REQUIRED")]
    pending: Option<String>,
    /// `PASSWORD` or `SINGLE_SIGN_ON`; absent for a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "PASSWORD")]
    signed_in_by: Option<String>,
    /// What may be done; `*` stands for one segment.
    #[schema(example = json!(["admin:*"]))]
    permissions: Vec<String>,
}

fn user_view(
    user: &User,
    tenant: &Tenant,
    grants: &Grants,
    pending: Option<Pending>,
    method: Option<SignInMethod>,
) -> CurrentUser {
    CurrentUser {
        id: user.id.uuid(),
        email: Some(user.email.clone()),
        name: None,
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        roles: user.roles.iter().map(|role| role.to_string()).collect(),
        tenant: Ref { id: tenant.id.uuid(), name: tenant.name.clone() },
        tenant_slug: tenant.slug.clone(),
        publisher_id: user.publisher.map(|id| id.uuid()),
        buyer_id: user.buyer.map(|id| id.uuid()),
        pending: pending.map(|pending| pending.words().0.to_owned()),
        signed_in_by: method.map(|method| method.to_string()),
        permissions: grants.listed(),
    }
}

/// Signs a person in. After a few wrong passwords each further try waits twice as long: 429. Where address and password fit
/// several tenants: 409, whose `errors` name their slugs; send one as `tenant`. With a second factor and no `code`: 401 with the
/// code SECOND_FACTOR_REQUIRED.
#[utoipa::path(post, path = "/auth/login", operation_id = "login", request_body = LoginRequest, responses(
    (status = 200, description = "Signed in; sets the sessionId cookie", body = LoginResponse),
    (status = 401, description = "Address or password are not right, or a code is needed", body = crate::Problem, content_type = "application/problem+json"),
    (status = 403, description = "The user or the tenant is not active", body = crate::Problem, content_type = "application/problem+json"),
    (status = 409, description = "Several tenants: choose one", body = crate::Problem, content_type = "application/problem+json")))]
async fn login(
    StateExtractor(state): StateExtractor<State>,
    context: Context,
    headers: HeaderMap,
    Body(body): Body<LoginRequest>,
) -> ApiResult<Response> {
    let email = body.email.trim().to_lowercase();
    let (user, tenant) = attempt(&state, &context, &email, prove(&state, &context, &headers, &email, &body)).await?;
    state.sign_in_guard().succeeded(&email, context.peer.0).await;
    note(&state, &context, &user, "auth.login.success", true).await;
    let proof = Proof { method: SignInMethod::Password, at: state.now() };
    open(&state, &context, &user, &tenant, proof).await
}

/// Whose password and code these are; or what was wrong.
async fn prove(
    state: &State,
    context: &Context,
    headers: &HeaderMap,
    email: &str,
    body: &LoginRequest,
) -> ApiResult<Result<(User, Tenant), ApiError>> {
    let candidates = candidates(state, email, body.tenant.as_deref(), headers).await?;
    let mut matching = matching(state, &body.password, &candidates).await?;
    if matching.len() > 1 {
        return Err(choice(state, &matching).await?);
    }
    let Some(user) = matching.pop() else {
        for user in &candidates {
            note(state, context, user, "auth.login.failed", false).await;
        }
        return Ok(Err(wrong()));
    };
    let tenant = state.directory().tenants.find_tenant(user.tenant).await.map_err(from_store)?.ok_or_else(wrong)?;
    if user.status != UserStatus::Active || tenant.status == TenantStatus::Inactive {
        note(state, context, &user, "auth.login.failed", false).await;
        return Err(ApiError::forbidden("The account is not active"));
    }
    if !password_is_allowed(state, &user).await? {
        note(state, context, &user, "auth.login.failed", false).await;
        let message = "Your tenant signs in at its identity provider only: choose single sign-on";
        return Err(ApiError { code: "SINGLE_SIGN_ON_REQUIRED", ..ApiError::forbidden(message) });
    }
    match second_factor::check(state, &user, body.code.as_deref()).await? {
        Factor::None | Factor::Right => Ok(Ok((user, tenant))),
        Factor::Missing => Err(second_factor::missing()),
        Factor::Wrong => {
            note(state, context, &user, "auth.second_factor.failed", false).await;
            Ok(Err(second_factor::wrong()))
        }
    }
}

/// Owners and operators may always, so that nobody is locked out by a provider that is gone or set wrong.
async fn password_is_allowed(state: &State, user: &User) -> ApiResult<bool> {
    let directory = state.directory();
    let provider = directory.single_sign_on.provider(user.tenant).await.map_err(from_store)?;
    Ok(provider.is_none_or(|provider| !provider.enabled || provider.passwords_allowed)
        || user.roles.contains(&Role::Owner)
        || directory.accounts.is_operator(user.id).await.map_err(from_store)?)
}

/// How and when somebody proved who they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proof {
    pub method: SignInMethod,
    pub at: Timestamp,
}

/// Lets `work` try unless too many failed: see [`crate::throttle::SignInGuard::attempt`].
pub(super) async fn attempt<T>(
    state: &State,
    context: &Context,
    account: &str,
    work: impl Future<Output = ApiResult<Result<T, ApiError>>>,
) -> ApiResult<T> {
    state.sign_in_guard().attempt(account, context.peer.0, state.now(), work).await
}

fn wrong() -> ApiError {
    ApiError::unauthorized("E-mail address or password are not right")
}

/// Signs somebody in whose identity is proven: the session, the cookie and who they are.
pub(super) async fn open(
    state: &State,
    context: &Context,
    user: &User,
    tenant: &Tenant,
    proof: Proof,
) -> ApiResult<Response> {
    let (token, expires) = open_session(state, context, user, proof).await?;
    let grants = grants_of(state, user).await.map_err(from_store)?;
    let pending = pending_of(state, user, proof.method).await.map_err(from_store)?;
    let answer = LoginResponse {
        csrf_token: state.seals().csrf_token(&token, state.random()),
        expires_at: Time(expires),
        user: user_view(user, tenant, &grants, pending, Some(proof.method)),
        token: token.clone(),
    };
    let lifetime = state.config().session_lifetime.as_secs();
    Ok(([(header::SET_COOKIE, session_cookie(state, &token, lifetime)?)], Json(answer)).into_response())
}

/// Whose sign-in this can be: users with the address, of the tenant that was named or whose host name was called.
async fn candidates(state: &State, email: &str, slug: Option<&str>, headers: &HeaderMap) -> ApiResult<Vec<User>> {
    let mut users = state.directory().sign_in.users_by_email(email).await.map_err(from_store)?;
    let tenants = &state.directory().tenants;
    let wanted = match slug {
        Some(slug) => match tenants.find_tenant_by_slug(slug).await.map_err(from_store)? {
            Some(tenant) => Some(tenant),
            None => return Ok(Vec::new()),
        },
        None => tenants.find_tenant_by_domain(&host_of(headers)).await.map_err(from_store)?,
    };
    if let Some(tenant) = wanted {
        users.retain(|user| user.tenant == tenant.id);
    }
    users.truncate(ACCOUNTS_COMPARED_MAX);
    Ok(users)
}

pub(super) fn host_of(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("");
    host.rsplit_once(':').map_or(host, |(name, _)| name).to_lowercase()
}

/// Those whose password it is. An address nobody has costs as much as one that somebody has.
async fn matching(state: &State, password: &str, candidates: &[User]) -> ApiResult<Vec<User>> {
    if candidates.is_empty() {
        password_matches(state, password.to_owned(), String::new()).await?;
    }
    let mut matching = Vec::new();
    for user in candidates {
        if password_matches(state, password.to_owned(), user.password_hash.clone()).await? {
            matching.push(user.clone());
        }
    }
    Ok(matching)
}

/// 409 with the tenants to choose from: only those whose password was right.
async fn choice(state: &State, users: &[User]) -> ApiResult<ApiError> {
    let mut faults = Vec::with_capacity(users.len());
    for user in users {
        if let Some(tenant) = state.directory().tenants.find_tenant(user.tenant).await.map_err(from_store)? {
            faults.push(Fault { code: Some(tenant.slug), ..Fault::body("tenant", tenant.name) });
        }
    }
    let message = "This address is known to several tenants: send the slug of one as tenant";
    Ok(ApiError { faults, ..ApiError::new(StatusCode::CONFLICT, "TENANT_CHOICE_REQUIRED", message) })
}

/// Room for one password to be hashed.
pub(super) fn password_room(state: &State) -> ApiResult<SemaphorePermit<'_>> {
    state
        .password_checks()
        .try_acquire()
        .map_err(|_| ApiError::unavailable("Too many people sign in at once; try again"))
}

/// Hashing is slow by design: on a thread of its own, and not for everybody at once.
pub(super) async fn password_matches(state: &State, password: String, hash: String) -> ApiResult<bool> {
    let _room = password_room(state)?;
    tokio::task::spawn_blocking(move || verify_password(&password, &hash)).await.map_err(ApiError::internal)
}

async fn open_session(state: &State, context: &Context, user: &User, proof: Proof) -> ApiResult<(String, Timestamp)> {
    let now = state.now();
    let token = new_token("", &mut state.fork_seed());
    let expires = now.after(state.config().session_lifetime);
    let session = Session {
        id: state.next_id(),
        token_hash: token.hash,
        tenant: user.tenant,
        user: user.id,
        created_at: now,
        expires_at: expires,
        seen_at: now,
        proven_at: proof.at,
        method: proof.method,
        address: Some(context.peer.0.to_string()),
        user_agent: context.user_agent.clone(),
    };
    let sign_in = &state.directory().sign_in;
    sign_in.insert_session(&session).await.map_err(from_store)?;
    sign_in.touch_user(TenantScope::of(user.tenant), user.id, now).await.map_err(from_store)?;
    Ok((token.token, expires))
}

fn session_cookie(state: &State, token: &str, lifetime_secs: u64) -> ApiResult<HeaderValue> {
    let secure = if state.config().cookie_secure { "; Secure" } else { "" };
    let text = format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={lifetime_secs}{secure}");
    HeaderValue::from_str(&text).map_err(ApiError::internal)
}

/// Into the log of the user's tenant.
pub(super) async fn note(state: &State, context: &Context, user: &User, action: &str, success: bool) {
    let noted = Noted { action, entity: "session", success };
    context.note(state, user.tenant, Some(user.id), noted, None, json!({})).await;
}

/// Signed out.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogoutResponse {
    /// True.
    success: bool,
}

/// Ends the session.
#[utoipa::path(post, path = "/auth/logout", operation_id = "logout",
    responses((status = 200, description = "Signed out; clears the cookie", body = LogoutResponse)))]
async fn logout(caller: Caller) -> ApiResult<Response> {
    if let Who::User { session, .. } = &caller.principal.who {
        caller.directory().sign_in.remove_session(&token_hash(session)).await.map_err(from_store)?;
        caller.note("auth.logout", "session", None, json!({})).await;
    }
    Ok(([(header::SET_COOKIE, session_cookie(&caller.state, "", 0)?)], Json(LogoutResponse { success: true }))
        .into_response())
}

/// Says who is signed in and what they may do.
#[utoipa::path(get, path = "/auth/me", operation_id = "getCurrentUser",
    responses((status = 200, description = "The user, or the key", body = CurrentUser)))]
async fn me(caller: Caller) -> ApiResult<Json<CurrentUser>> {
    let directory = caller.directory();
    let tenant = directory.tenants.find_tenant(caller.principal.tenant).await.map_err(from_store)?;
    let tenant = tenant.ok_or_else(|| ApiError::not_found("Tenant"))?;
    let grants = &caller.principal.grants;
    Ok(Json(match &caller.principal.who {
        Who::User { id, .. } => {
            let user = directory.users.get(caller.tenant_scope(), *id).await.map_err(from_store)?;
            user_view(&user, &tenant, grants, caller.principal.pending, caller.principal.method)
        }
        Who::ApiKey { id, name } => CurrentUser {
            id: id.uuid(),
            email: None,
            name: Some(name.clone()),
            first_name: None,
            last_name: None,
            roles: Vec::new(),
            tenant: Ref { id: tenant.id.uuid(), name: tenant.name },
            tenant_slug: tenant.slug,
            publisher_id: match caller.side() {
                Side::Publisher(id) => Some(id.uuid()),
                _ => None,
            },
            buyer_id: match caller.side() {
                Side::Buyer(id) => Some(id.uuid()),
                _ => None,
            },
            pending: None,
            signed_in_by: None,
            permissions: grants.listed(),
        },
    }))
}

/// A token for `x-csrf-token`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CsrfResponse {
    /// For `x-csrf-token`.
    csrf_token: String,
}

/// Gives a CSRF token for the session.
#[utoipa::path(get, path = "/auth/csrf", operation_id = "getCsrfToken", responses(
    (status = 200, description = "A token", body = CsrfResponse),
    (status = 400, description = "A key has no session", body = crate::Problem, content_type = "application/problem+json")))]
async fn csrf(caller: Caller) -> ApiResult<Json<CsrfResponse>> {
    let Who::User { session, .. } = &caller.principal.who else {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "BAD_REQUEST",
            "A key has no session and needs no CSRF token",
        ));
    };
    Ok(Json(CsrfResponse { csrf_token: caller.state.seals().csrf_token(session, caller.state.random()) }))
}

/// Lets one WebSocket in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketResponse {
    /// For `/ws/events?ticket=`; good once.
    ticket: String,
    /// Until when it is good.
    expires_at: Time,
}

/// Gives a ticket for `/ws/events`: good once, for half a minute, and for listening only.
#[utoipa::path(post, path = "/auth/ws-ticket", operation_id = "createWebSocketTicket",
    responses((status = 200, description = "A ticket", body = TicketResponse)))]
async fn ws_ticket(caller: Caller) -> ApiResult<Json<TicketResponse>> {
    if let Some(pending) = caller.principal.pending {
        let (code, message) = pending.words();
        return Err(ApiError { code, ..ApiError::forbidden(message) });
    }
    let expires = caller.now().after(caller.state.config().ticket_lifetime);
    let ticket = live::issue_ticket(caller.state.seals(), &caller.principal, expires, caller.state.random());
    Ok(Json(TicketResponse { ticket, expires_at: Time(expires) }))
}
