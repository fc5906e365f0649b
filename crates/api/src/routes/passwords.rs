//! Passwords and sessions: changed, reset by a link, ended.

use axum::{Json, extract::State as StateExtractor, http::StatusCode};
use domain::{SessionId, UserId};
use garde::Validate;
use operations::{
    AccountLink, Entity, LinkPurpose, Listed, Tenant, TenantScope, User, UserStatus, hash_password, password_fault,
    token_hash,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    assignment::check_rank,
    auth::{attempt, note, password_matches, password_room},
};
use crate::{
    access::{Permission, Who},
    buckets::Allowance,
    caller::{Caller, Context},
    convert::from_store,
    extract::{Body, PathId, Query},
    mails::{Handed, hand_link},
    page::{List, PageQuery, Short},
    ports::Bucket,
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    state::State,
    throttle::network_of,
    wire::{Ref, Time},
};

/// Resets one network may ask for in a minute.
const FORGOTTEN_PER_MINUTE: u32 = 5;
/// Tenants one address gets a reset for.
const TENANTS_MAX: usize = 8;

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Sign-in")
        .signed_in(routes!(change))
        .public(routes!(forgot))
        .public(routes!(check_link))
        .public(routes!(redeem))
        .signed_in(routes!(list_sessions))
        .signed_in(routes!(end_session))
        .signed_in(routes!(end_others))
        .needs(Permission::UsersWrite, routes!(send_reset))
        .needs(Permission::UsersRead, routes!(list_sessions_of))
        .needs(Permission::UsersWrite, routes!(end_sessions_of))
}

/// Checks a password against the rules and hashes it; the fault is `field`'s.
pub(super) async fn hashed(state: &State, field: &str, password: String, email: &str) -> ApiResult<String> {
    if let Some(fault) = password_fault(&password, email) {
        return Err(ApiError::validation(vec![Fault::body(field, fault)]));
    }
    let _room = password_room(state)?;
    let mut seed = state.fork_seed();
    let hashed =
        tokio::task::spawn_blocking(move || hash_password(&password, &mut seed)).await.map_err(ApiError::internal)?;
    hashed.map_err(|error| ApiError::validation(vec![Fault::body(field, error.to_string())]))
}

/// Another password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePasswordRequest {
    /// The password until now.
    #[garde(length(chars, max = 1024))]
    #[schema(max_length = 1024, format = Password)]
    current_password: String,
    /// The new password.
    #[garde(length(chars, max = 1024))]
    #[schema(min_length = 8, max_length = 1024, format = Password)]
    new_password: String,
}

/// Changes the own password. Every other session ends.
#[utoipa::path(post, path = "/auth/password/change", operation_id = "changePassword", request_body = ChangePasswordRequest,
    responses((status = 204, description = "Changed")))]
async fn change(caller: Caller, Body(body): Body<ChangePasswordRequest>) -> ApiResult<StatusCode> {
    let (Some(id), Who::User { session, .. }) = (caller.principal.user(), &caller.principal.who) else {
        return Err(ApiError::forbidden("A key has no password"));
    };
    let (directory, scope) = (caller.directory(), caller.tenant_scope());
    let user = directory.users.get(scope, id).await.map_err(from_store)?;
    let compared = async {
        if password_matches(&caller.state, body.current_password.clone(), user.password_hash.clone()).await? {
            return Ok(Ok(()));
        }
        caller.note_failure("auth.password.change").await;
        Ok(Err(ApiError::validation(vec![Fault::body("currentPassword", "is not right")])))
    };
    attempt(&caller.state, caller.context(), &user.email, compared).await?;
    if body.new_password == body.current_password {
        return Err(ApiError::validation(vec![Fault::body("newPassword", "is the old one; choose another one")]));
    }
    let password_hash = hashed(&caller.state, "newPassword", body.new_password, &user.email).await?;
    let changed = User { password_hash, must_change_password: false, password_changed_at: Some(caller.now()), ..user };
    directory.accounts.save_user(scope, &changed, false, caller.now()).await.map_err(from_store)?;
    directory.accounts.remove_other_sessions(scope, id, &token_hash(session)).await.map_err(from_store)?;
    caller.note("auth.password.change", "user", Some(id.to_string()), json!({})).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Who forgot their password.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgotPasswordRequest {
    /// The e-mail address of the user, in any case of letters.
    #[garde(length(chars, min = 3, max = 254))]
    #[schema(example = "ana@example.com", min_length = 3, max_length = 254)]
    email: String,
    /// The tenant's slug; else every tenant that knows the address.
    #[garde(length(chars, max = 63))]
    #[schema(max_length = 63)]
    tenant: Option<String>,
}

/// Mails a link to choose another password, if somebody has this address. The answer is the same whether or not. Where the
/// installation sends no mail, somebody who manages users makes the link (`POST /api/v1/users/{id}/password-reset`).
#[utoipa::path(post, path = "/auth/password/forgot", operation_id = "forgotPassword", request_body = ForgotPasswordRequest,
    responses((status = 202, description = "A mail is on its way if there is such a user")))]
async fn forgot(
    StateExtractor(state): StateExtractor<State>,
    context: Context,
    Body(body): Body<ForgotPasswordRequest>,
) -> ApiResult<StatusCode> {
    let network = state.seals().blind("reset", &network_of(context.peer.0).to_string());
    let bucket = Bucket { key: format!("reset:{network}"), per_minute: FORGOTTEN_PER_MINUTE };
    let taken = state.buckets().take(std::slice::from_ref(&bucket), state.now()).await;
    let allowance = taken.first().map(|taken| Allowance::of(&bucket, *taken));
    if let Some(allowance) = allowance.filter(|allowance| !allowance.admitted) {
        return Err(ApiError::too_many("Too many resets were asked for; try again later", allowance.reset_secs));
    }
    // Behind the answer, so that its time does not tell whether anybody has the address.
    tokio::spawn(async move {
        if let Err(error) = send_resets(&state, &context, &body).await {
            tracing::warn!(message = error.message, "a reset was not sent");
        }
    });
    Ok(StatusCode::ACCEPTED)
}

async fn send_resets(state: &State, context: &Context, body: &ForgotPasswordRequest) -> ApiResult<()> {
    let email = body.email.trim().to_lowercase();
    if state.mailer().is_none() {
        tracing::warn!(%email, "no SMTP server is configured: a reset that was asked for is not sent");
        return Ok(());
    }
    let directory = state.directory();
    for user in directory.sign_in.users_by_email(&email).await.map_err(from_store)?.into_iter().take(TENANTS_MAX) {
        let tenant = directory.tenants.find_tenant(user.tenant).await.map_err(from_store)?;
        let Some(tenant) = tenant.filter(|tenant| body.tenant.as_ref().is_none_or(|slug| *slug == tenant.slug)) else {
            continue;
        };
        if user.status != UserStatus::Active {
            continue;
        }
        hand_link(state, &user, &tenant, LinkPurpose::PasswordReset).await?;
        note(state, context, &user, "auth.password.forgot", true).await;
    }
    Ok(())
}

/// A link's token: what stands behind `#` in it.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// What stands behind `#` in the link.
    #[garde(length(chars, min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128)]
    token: String,
}

/// What a link is good for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkView {
    /// `INVITATION` or `PASSWORD_RESET`.
    #[schema(example = "INVITATION")]
    purpose: String,
    /// The user's e-mail address.
    #[schema(example = "ana@example.com")]
    email: String,
    /// First name.
    first_name: Option<String>,
    /// Last name.
    last_name: Option<String>,
    /// The tenant.
    tenant: Ref,
    /// The tenant's slug.
    #[schema(example = "acme")]
    tenant_slug: String,
    /// Until when it is good.
    expires_at: Time,
}

fn over() -> ApiError {
    ApiError { code: "LINK_NOT_VALID", ..ApiError::not_found("Link (used, replaced or too old); ask for a new one:") }
}

/// The link, whose it is and where; only while the user may still use it.
async fn find_link(state: &State, token: &str) -> ApiResult<(AccountLink, User, Tenant)> {
    let directory = state.directory();
    let link = directory.aids.find_link(&token_hash(token), state.now()).await.map_err(from_store)?.ok_or_else(over)?;
    let scope = TenantScope::of(link.tenant);
    let user = directory.users.find(scope, link.user).await.map_err(from_store)?.ok_or_else(over)?;
    let tenant = directory.tenants.find_tenant(link.tenant).await.map_err(from_store)?.ok_or_else(over)?;
    let wanted = match link.purpose {
        LinkPurpose::Invitation => UserStatus::Inactive,
        LinkPurpose::PasswordReset => UserStatus::Active,
    };
    if user.status == wanted { Ok((link, user, tenant)) } else { Err(over()) }
}

/// Says what a link is good for, without using it up.
#[utoipa::path(post, path = "/auth/links/check", operation_id = "checkLink", request_body = LinkRequest, responses(
    (status = 200, description = "What it is good for", body = LinkView),
    (status = 404, description = "Used, replaced or too old", body = crate::Problem, content_type = "application/problem+json")))]
async fn check_link(
    StateExtractor(state): StateExtractor<State>,
    Body(body): Body<LinkRequest>,
) -> ApiResult<Json<LinkView>> {
    let (link, user, tenant) = find_link(&state, &body.token).await?;
    Ok(Json(LinkView {
        purpose: link.purpose.to_string(),
        email: user.email,
        first_name: user.first_name,
        last_name: user.last_name,
        tenant: Ref { id: tenant.id.uuid(), name: tenant.name },
        tenant_slug: tenant.slug,
        expires_at: Time(link.expires_at),
    }))
}

/// A password to go with a link.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RedeemLinkRequest {
    /// What stands behind `#` in the link.
    #[garde(length(chars, min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128)]
    token: String,
    /// The new password.
    #[garde(length(chars, max = 1024))]
    #[schema(min_length = 8, max_length = 1024, format = Password)]
    password: String,
    /// Taken with invitations only.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100)]
    first_name: Option<String>,
    /// Taken with invitations only.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100)]
    last_name: Option<String>,
}

/// Accepts an invitation, or chooses another password, with a link. The link is used up, and every session of the user ends; sign
/// in with the new password.
#[utoipa::path(post, path = "/auth/links/redeem", operation_id = "redeemLink", request_body = RedeemLinkRequest, responses(
    (status = 204, description = "Done"),
    (status = 404, description = "Used, replaced or too old", body = crate::Problem, content_type = "application/problem+json")))]
async fn redeem(
    StateExtractor(state): StateExtractor<State>,
    context: Context,
    Body(body): Body<RedeemLinkRequest>,
) -> ApiResult<StatusCode> {
    let (link, user, _) = find_link(&state, &body.token).await?;
    let password_hash = hashed(&state, "password", body.password, &user.email).await?;
    let now = state.now();
    let mut changed =
        User { password_hash, must_change_password: false, password_changed_at: Some(now), ..user.clone() };
    if link.purpose == LinkPurpose::Invitation {
        changed.status = UserStatus::Active;
        changed.first_name = body.first_name.or(changed.first_name);
        changed.last_name = body.last_name.or(changed.last_name);
    }
    if !state.directory().aids.redeem_link(&link, &changed, now).await.map_err(from_store)? {
        return Err(over());
    }
    state.sign_in_guard().reset(&user.email).await;
    let action = match link.purpose {
        LinkPurpose::Invitation => "auth.invitation.accept",
        LinkPurpose::PasswordReset => "auth.password.reset",
    };
    note(&state, &context, &user, action, true).await;
    Ok(StatusCode::NO_CONTENT)
}

/// What became of a link that was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HandedLink {
    /// It was mailed to the user.
    mailed: bool,
    /// Where no mail is sent: the link, to be handed over by hand. Shown this once.
    #[schema(example = "http://localhost:3000/invitation#1f0c...")]
    link: Option<String>,
    /// Until when it is good.
    expires_at: Time,
}

impl From<Handed> for HandedLink {
    fn from(handed: Handed) -> Self {
        Self { mailed: handed.link.is_none(), link: handed.link, expires_at: Time(handed.expires) }
    }
}

/// Sends a user a link to choose another password; shows it where no mail is sent.
#[utoipa::path(post, path = "/api/v1/users/{id}/password-reset", operation_id = "resetUserPassword",
    params(("id" = Uuid, Path, description = "The user's id")), responses((status = 200, description = "What became of the link", body = HandedLink)))]
async fn send_reset(caller: Caller, PathId(id): PathId<UserId>) -> ApiResult<Json<HandedLink>> {
    caller.check_step_up()?;
    let user = caller.directory().users.get(caller.scope(), id).await.map_err(from_store)?;
    check_rank(&caller, &user).await?;
    if user.status != UserStatus::Active {
        return Err(ApiError::conflict("user: not active; activate or invite them again"));
    }
    let tenant = caller.tenant().await?;
    let handed = hand_link(&caller.state, &user, &tenant, LinkPurpose::PasswordReset).await?;
    caller.note("user.password_reset", User::NAME, Some(id.to_string()), json!({})).await;
    Ok(Json(handed.into()))
}

/// A browser that is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// The session's id.
    id: Uuid,
    /// When they signed in.
    created_at: Time,
    /// When the session ends.
    expires_at: Time,
    /// To the minute.
    last_seen_at: Time,
    /// The address they came from.
    #[schema(example = "192.0.2.7")]
    ip_address: Option<String>,
    /// The program they came with, as it names itself.
    user_agent: Option<String>,
    /// The one this request came with.
    current: bool,
}

impl Listed for SessionView {
    const ORDERS: &'static [&'static str] = &["-createdAt", "lastSeenAt", "expiresAt", "ipAddress"];
}

impl Short for SessionView {}

async fn sessions_of(
    caller: &Caller,
    user: UserId,
    page: &PageQuery<SessionView>,
) -> ApiResult<Json<List<SessionView>>> {
    let accounts = &caller.directory().accounts;
    let found = accounts.sessions_of(caller.tenant_scope(), user, caller.now()).await.map_err(from_store)?;
    let current = match &caller.principal.who {
        Who::User { session, .. } => token_hash(session),
        Who::ApiKey { .. } => String::new(),
    };
    let views = found.into_iter().map(|session| SessionView {
        id: session.id.uuid(),
        created_at: Time(session.created_at),
        expires_at: Time(session.expires_at),
        last_seen_at: Time(session.seen_at),
        ip_address: session.address,
        user_agent: session.user_agent,
        current: session.token_hash == current,
    });
    Ok(Json(page.cut(views.collect())?))
}

fn person(caller: &Caller) -> ApiResult<UserId> {
    caller.principal.user().ok_or_else(|| ApiError::forbidden("A key has no sessions"))
}

/// Lists the own sessions, newest first.
#[utoipa::path(get, path = "/auth/sessions", operation_id = "listSessions", params(PageQuery<SessionView>), responses(
    (status = 200, description = "A page of the sessions", body = List<SessionView>),
    (status = 403, description = "A key has none", body = crate::Problem, content_type = "application/problem+json")))]
async fn list_sessions(
    caller: Caller,
    Query(page): Query<PageQuery<SessionView>>,
) -> ApiResult<Json<List<SessionView>>> {
    let user = person(&caller)?;
    sessions_of(&caller, user, &page).await
}

/// Ends one of the own sessions.
#[utoipa::path(delete, path = "/auth/sessions/{id}", operation_id = "endSession", params(("id" = Uuid, Path, description = "The session's id")),
    responses((status = 204, description = "Ended")))]
async fn end_session(caller: Caller, PathId(id): PathId<SessionId>) -> ApiResult<StatusCode> {
    let user = person(&caller)?;
    let accounts = &caller.directory().accounts;
    if !accounts.remove_session_by_id(caller.tenant_scope(), user, id).await.map_err(from_store)? {
        return Err(ApiError::not_found("Session"));
    }
    caller.note("session.delete", "session", Some(id.to_string()), json!({})).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all own sessions but this one.
#[utoipa::path(delete, path = "/auth/sessions", operation_id = "endOtherSessions",
    responses((status = 204, description = "Ended")))]
async fn end_others(caller: Caller) -> ApiResult<StatusCode> {
    let user = person(&caller)?;
    if let Who::User { session, .. } = &caller.principal.who {
        let accounts = &caller.directory().accounts;
        let kept = token_hash(session);
        accounts.remove_other_sessions(caller.tenant_scope(), user, &kept).await.map_err(from_store)?;
    }
    caller.note("session.delete_others", "session", None, json!({})).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists a user's sessions, newest first.
#[utoipa::path(get, path = "/api/v1/users/{id}/sessions", operation_id = "listUserSessions",
    params(("id" = Uuid, Path, description = "The user's id"), PageQuery<SessionView>),
    responses((status = 200, description = "A page of the sessions", body = List<SessionView>)))]
async fn list_sessions_of(
    caller: Caller,
    PathId(id): PathId<UserId>,
    Query(page): Query<PageQuery<SessionView>>,
) -> ApiResult<Json<List<SessionView>>> {
    caller.directory().users.get(caller.scope(), id).await.map_err(from_store)?;
    sessions_of(&caller, id, &page).await
}

/// Signs a user out everywhere.
#[utoipa::path(delete, path = "/api/v1/users/{id}/sessions", operation_id = "endUserSessions", params(("id" = Uuid, Path, description = "The user's id")),
    responses((status = 204, description = "Ended")))]
async fn end_sessions_of(caller: Caller, PathId(id): PathId<UserId>) -> ApiResult<StatusCode> {
    let user = caller.directory().users.get(caller.scope(), id).await.map_err(from_store)?;
    check_rank(&caller, &user).await?;
    caller.directory().sign_in.remove_sessions_of(caller.scope(), id).await.map_err(from_store)?;
    caller.note("user.sign_out", User::NAME, Some(id.to_string()), json!({})).await;
    Ok(StatusCode::NO_CONTENT)
}
