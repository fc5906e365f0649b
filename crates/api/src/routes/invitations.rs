//! Invitations: somebody is added and chooses their own password.

use axum::{Json, http::StatusCode};
use domain::{TenantId, UserId};
use garde::Validate;
use operations::{Entity, LinkPurpose, Role, TenantScope, UserStatus};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    assignment::{self, Assignment},
    passwords::HandedLink,
    users::{User, view},
};
use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId},
    mails::hand_link,
    problem::{ApiError, ApiResult},
    resource::Resource,
    wire::Metadata,
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Users")
        .needs(Permission::UsersWrite, routes!(invite))
        .needs(Permission::UsersWrite, routes!(invite_again))
        .needs(Permission::PlatformAdmin, routes!(invite_owner))
}

/// Whom to invite.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InviteRequest {
    /// The e-mail address the invitation goes to; nobody else of the tenant has it.
    #[garde(email, length(chars, max = 254))]
    #[schema(example = "ana@example.com", max_length = 254)]
    email: String,
    /// First name.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100)]
    first_name: Option<String>,
    /// Last name.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100)]
    last_name: Option<String>,
    /// Any case; `analyst` where neither these nor `roleIds` name any.
    #[garde(length(max = assignment::ROLES_MAX))]
    #[serde(default)]
    #[schema(inline, value_type = Vec<crate::wire::RoleName>, max_items = 16, example = json!(["analyst"]))]
    roles: Vec<String>,
    /// Roles of the tenant's own.
    #[garde(length(max = assignment::ROLES_MAX))]
    #[serde(default)]
    #[schema(max_items = 16)]
    role_ids: Vec<Uuid>,
    /// Sees only what belongs to this publisher.
    #[garde(skip)]
    publisher_id: Option<Uuid>,
    /// Sees only what belongs to this buyer.
    #[garde(skip)]
    buyer_id: Option<Uuid>,
}

/// Somebody invited, and what became of the link.
#[derive(Serialize, ToSchema)]
pub struct InviteResponse {
    /// Who is invited.
    user: User,
    /// What became of the link.
    invitation: HandedLink,
}

fn draft(caller: &Caller, tenant: TenantId, email: &str) -> operations::User {
    let now = caller.now();
    operations::User {
        id: caller.new_id(),
        tenant,
        email: email.trim().to_lowercase(),
        // No hash of anything: no password is theirs until they choose one.
        password_hash: String::new(),
        first_name: None,
        last_name: None,
        status: UserStatus::Inactive,
        roles: Vec::new(),
        custom_roles: Vec::new(),
        publisher: None,
        buyer: None,
        must_change_password: false,
        password_changed_at: None,
        invited_at: Some(now),
        last_login_at: None,
        metadata: Metadata::or_empty(None),
        created_at: now,
        updated_at: now,
    }
}

/// Invites somebody: they get a link, good once and for seven days, and choose a password. Where no mail is sent, the link is in
/// the answer, this once.
#[utoipa::path(post, path = "/api/v1/users/invite", operation_id = "inviteUser", request_body = InviteRequest,
    responses((status = 201, description = "The user and the link", body = InviteResponse)))]
async fn invite(caller: Caller, Body(body): Body<InviteRequest>) -> ApiResult<(StatusCode, Json<InviteResponse>)> {
    caller.check_step_up()?;
    let mut wanted = Assignment {
        roles: body.roles,
        role_ids: body.role_ids,
        publisher: body.publisher_id.map(Into::into),
        buyer: body.buyer_id.map(Into::into),
    };
    if wanted.roles.is_empty() && wanted.role_ids.is_empty() {
        wanted.roles.push(Role::Analyst.to_string());
    }
    let mut user = draft(&caller, caller.principal.tenant, &body.email);
    (user.first_name, user.last_name) = (body.first_name, body.last_name);
    assignment::assign(&caller, &mut user, &wanted).await?;
    send(&caller, user).await
}

async fn send(caller: &Caller, user: operations::User) -> ApiResult<(StatusCode, Json<InviteResponse>)> {
    let directory = caller.directory();
    let tenant = directory.tenants.find_tenant(user.tenant).await.map_err(from_store)?;
    let tenant = tenant.ok_or_else(|| ApiError::not_found("Tenant"))?;
    caller.insert(&*directory.users, TenantScope::of(user.tenant), user.id, &user).await?;
    let shown = view(&user);
    caller.audit_in(user.tenant, Done::Create, operations::User::NAME, user.id, &(), &shown).await;
    // The user stands even when the mail does not go out: they are invited again, not added twice.
    let handed = hand_link(&caller.state, &user, &tenant, LinkPurpose::Invitation).await?;
    Ok((StatusCode::CREATED, Json(InviteResponse { user: shown, invitation: handed.into() })))
}

/// Sends a new invitation in place of the last one.
#[utoipa::path(post, path = "/api/v1/users/{id}/invite", operation_id = "inviteUserAgain", params(("id" = Uuid, Path, description = "The user's id")),
    responses((status = 200, description = "What became of the link", body = HandedLink)))]
async fn invite_again(caller: Caller, PathId(id): PathId<UserId>) -> ApiResult<Json<HandedLink>> {
    caller.check_step_up()?;
    let user = caller.directory().users.get(caller.scope(), id).await.map_err(from_store)?;
    assignment::check_rank(&caller, &user).await?;
    if user.status != UserStatus::Inactive {
        return Err(ApiError::conflict("user: has accepted already; send a password reset instead"));
    }
    let tenant = caller.tenant().await?;
    let handed = hand_link(&caller.state, &user, &tenant, LinkPurpose::Invitation).await?;
    caller.note("user.invite", operations::User::NAME, Some(id.to_string()), json!({})).await;
    Ok(Json(handed.into()))
}

/// Who is to own a tenant.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteOwnerRequest {
    /// The e-mail address the invitation goes to; nobody else of the tenant has it.
    #[garde(email, length(chars, max = 254))]
    #[schema(example = "owner@example.com", max_length = 254)]
    email: String,
}

/// Invites an owner of a tenant: its first one, or another one where nobody can any more.
#[utoipa::path(post, path = "/admin/api/v1/tenants/{id}/owners", operation_id = "inviteOwner", params(("id" = Uuid, Path, description = "The tenant's id")),
    request_body = InviteOwnerRequest, responses((status = 201, description = "The user and the link", body = InviteResponse)))]
async fn invite_owner(
    caller: Caller,
    PathId(id): PathId<TenantId>,
    Body(body): Body<InviteOwnerRequest>,
) -> ApiResult<(StatusCode, Json<InviteResponse>)> {
    caller.check_step_up()?;
    let user = operations::User { roles: vec![Role::Owner], ..draft(&caller, id, &body.email) };
    send(&caller, user).await
}
