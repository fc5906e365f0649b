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
    AuditEntry, Session, Side, Tenant, TenantScope, TenantStatus, User, UserStatus, new_token, token_hash,
    verify_password,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::SemaphorePermit;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::{Grants, Who},
    authenticate::{SESSION_COOKIE, grants_of},
    caller::{self, Caller, Context},
    convert::from_store,
    extract::Body,
    live,
    problem::{ApiError, ApiResult},
    resource::Resource,
    state::State,
    throttle::network_of,
    wire::{Ref, Time},
};

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
    #[garde(length(min = 3, max = 254))]
    #[schema(example = "admin@demo.example", min_length = 3, max_length = 254)]
    email: String,
    #[garde(length(min = 1, max = 1024))]
    #[schema(example = "a long password", min_length = 1, max_length = 1024, format = Password)]
    password: String,
    /// The tenant's slug, where the address is known to several. Else the host name of the request decides.
    #[garde(length(max = 63))]
    #[schema(example = "demo")]
    tenant: Option<String>,
}

/// Signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginResponse {
    /// For `Authorization: Bearer`; the `sessionId` cookie holds the same.
    token: String,
    /// For `x-csrf-token`, where the cookie is relied on.
    csrf_token: String,
    expires_at: Time,
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
    first_name: Option<String>,
    last_name: Option<String>,
    /// Upper case, as in the table of roles.
    #[schema(example = json!(["OWNER"]))]
    roles: Vec<String>,
    tenant: Ref,
    /// Only what belongs to this publisher is seen.
    publisher_id: Option<Uuid>,
    /// Only what belongs to this buyer is seen.
    buyer_id: Option<Uuid>,
    /// What may be done; `*` stands for one segment.
    #[schema(example = json!(["admin:*"]))]
    permissions: Vec<String>,
}

fn user_view(user: &User, tenant: &Tenant, grants: &Grants) -> CurrentUser {
    CurrentUser {
        id: user.id.uuid(),
        email: Some(user.email.clone()),
        name: None,
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        roles: user.roles.iter().map(|role| role.to_string()).collect(),
        tenant: Ref { id: tenant.id.uuid(), name: tenant.name.clone() },
        publisher_id: user.publisher.map(|id| id.uuid()),
        buyer_id: user.buyer.map(|id| id.uuid()),
        permissions: grants.listed(),
    }
}

/// Signs a person in. After five wrong passwords for an account from one network: 429, for the rest of a quarter of an hour.
#[utoipa::path(post, path = "/auth/login", operation_id = "login", request_body = LoginRequest, responses(
    (status = 200, description = "Signed in; sets the sessionId cookie", body = LoginResponse),
    (status = 401, description = "Address or password are not right", body = crate::Problem, content_type = "application/problem+json"),
    (status = 403, description = "The user or the tenant is not active", body = crate::Problem, content_type = "application/problem+json")))]
async fn login(
    StateExtractor(state): StateExtractor<State>,
    context: Context,
    headers: HeaderMap,
    Body(body): Body<LoginRequest>,
) -> ApiResult<Response> {
    let email = body.email.trim().to_lowercase();
    let network = network_of(context.peer.0);
    let now = state.now();
    if let Some(seconds) = state.sign_in_guard().locked_for(Some(&email), network, now) {
        return Err(ApiError {
            code: "TOO_MANY_ATTEMPTS",
            ..ApiError::too_many("Too many failed sign-ins; try again later", seconds)
        });
    }
    let Some((user, tenant)) = check(&state, &email, &body, &headers).await? else {
        state.sign_in_guard().failed(Some(&email), network, now);
        tracing::warn!(%email, peer = %context.peer.0, "auth.login.failed");
        note_failure(&state, &context, &email).await?;
        return Err(ApiError::unauthorized("E-mail address or password are not right"));
    };
    state.sign_in_guard().succeeded(&email, network);
    let is_open = user.status == UserStatus::Active && tenant.status != TenantStatus::Inactive;
    note(&state, &context, &user, if is_open { "auth.login.success" } else { "auth.login.failed" }, is_open).await;
    if !is_open {
        return Err(ApiError::forbidden("The account is not active"));
    }
    let (token, expires) = open_session(&state, &context, &user, now).await?;
    let grants = grants_of(&state, &user).await.map_err(from_store)?;
    let answer = LoginResponse {
        csrf_token: state.seals().csrf_token(&token, state.random()),
        expires_at: Time(expires),
        user: user_view(&user, &tenant, &grants),
        token: token.clone(),
    };
    let lifetime = state.config().session_lifetime.as_secs();
    Ok(([(header::SET_COOKIE, session_cookie(&state, &token, lifetime)?)], Json(answer)).into_response())
}

/// Into the log of each tenant that knows the address. An address nobody knows has no tenant whose log it could be in.
async fn note_failure(state: &State, context: &Context, email: &str) -> ApiResult<()> {
    for user in state.directory().sign_in.users_by_email(email).await.map_err(from_store)? {
        note(state, context, &user, "auth.login.failed", false).await;
    }
    Ok(())
}

/// The one user this is, if the password is theirs. Takes the same time whether the address is known or not.
async fn check(
    state: &State,
    email: &str,
    body: &LoginRequest,
    headers: &HeaderMap,
) -> ApiResult<Option<(User, Tenant)>> {
    let users = state.directory().sign_in.users_by_email(email).await.map_err(from_store)?;
    let wanted = wanted_tenant(state, body, headers, users.len()).await?;
    let mut found = users.into_iter().filter(|user| wanted.as_ref().is_none_or(|tenant| tenant.id == user.tenant));
    // Several and nothing to tell them apart by: nobody.
    let user = match (found.next(), found.next()) {
        (Some(user), None) => Some(user),
        _ => None,
    };
    let hash = user.as_ref().map_or_else(String::new, |user| user.password_hash.clone());
    if !password_matches(state, body.password.clone(), hash).await? {
        return Ok(None);
    }
    let Some(user) = user else { return Ok(None) };
    let tenant = state.directory().tenants.find_tenant(user.tenant).await.map_err(from_store)?;
    Ok(tenant.map(|tenant| (user, tenant)))
}

/// The tenant named in the request, or by the host name when the address alone does not tell.
async fn wanted_tenant(
    state: &State,
    body: &LoginRequest,
    headers: &HeaderMap,
    users: usize,
) -> ApiResult<Option<Tenant>> {
    let tenants = &state.directory().tenants;
    if let Some(slug) = &body.tenant {
        let tenant = tenants.find_tenant_by_slug(slug).await.map_err(from_store)?;
        return tenant.map(Some).ok_or_else(|| ApiError::unauthorized("E-mail address or password are not right"));
    }
    if users < 2 {
        return Ok(None);
    }
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("");
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name).to_lowercase();
    tenants.find_tenant_by_domain(&host).await.map_err(from_store)
}

/// Room for one password to be hashed.
pub(super) fn password_room(state: &State) -> ApiResult<SemaphorePermit<'_>> {
    state
        .password_checks()
        .try_acquire()
        .map_err(|_| ApiError::unavailable("Too many people sign in at once; try again"))
}

/// Hashing is slow by design: on a thread of its own, and not for everybody at once.
async fn password_matches(state: &State, password: String, hash: String) -> ApiResult<bool> {
    let _room = password_room(state)?;
    tokio::task::spawn_blocking(move || verify_password(&password, &hash)).await.map_err(ApiError::internal)
}

async fn open_session(state: &State, context: &Context, user: &User, now: Timestamp) -> ApiResult<(String, Timestamp)> {
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
        proven_at: now,
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

async fn note(state: &State, context: &Context, user: &User, action: &str, success: bool) {
    let entry = AuditEntry {
        id: state.next_id::<Uuid>(),
        tenant: user.tenant,
        user: Some(user.id),
        api_key: None,
        action: action.to_owned(),
        entity: "session".to_owned(),
        entity_id: None,
        changes: json!({}),
        address: Some(context.peer.0.to_string()),
        user_agent: context.user_agent.clone(),
        request_id: Some(context.request_id.clone()),
        success,
        at: state.now(),
    };
    caller::append(state, &entry).await;
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
            user_view(&user, &tenant, grants)
        }
        Who::ApiKey { id, name } => CurrentUser {
            id: id.uuid(),
            email: None,
            name: Some(name.clone()),
            first_name: None,
            last_name: None,
            roles: Vec::new(),
            tenant: Ref { id: tenant.id.uuid(), name: tenant.name },
            publisher_id: match caller.side() {
                Side::Publisher(id) => Some(id.uuid()),
                _ => None,
            },
            buyer_id: match caller.side() {
                Side::Buyer(id) => Some(id.uuid()),
                _ => None,
            },
            permissions: grants.listed(),
        },
    }))
}

/// A token for `x-csrf-token`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CsrfResponse {
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
    expires_at: Time,
}

/// Gives a ticket for `/ws/events`: good once, for half a minute, and for listening only.
#[utoipa::path(post, path = "/auth/ws-ticket", operation_id = "createWebSocketTicket",
    responses((status = 200, description = "A ticket", body = TicketResponse)))]
async fn ws_ticket(caller: Caller) -> Json<TicketResponse> {
    let expires = caller.now().after(caller.state.config().ticket_lifetime);
    let ticket = live::issue_ticket(caller.state.seals(), &caller.principal, expires, caller.state.random());
    Json(TicketResponse { ticket, expires_at: Time(expires) })
}
