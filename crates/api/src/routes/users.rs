//! People of the tenant.

use axum::{Json, http::StatusCode};
use domain::UserId;
use garde::Validate;
use operations::{Entity, PASSWORD_CHARS_MIN, UserFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    assignment::{self, Assignment},
    passwords::hashed,
};
use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Metadata, Time, nullable, wire_enum},
};

wire_enum!(
    /// May a user sign in?
    UserStatus,
);

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Users")
        .needs(Permission::UsersRead, routes!(list))
        .needs(Permission::UsersWrite, routes!(create))
        .signed_in(routes!(me))
        .needs(Permission::UsersRead, routes!(read))
        .needs(Permission::UsersWrite, routes!(update))
        .needs(Permission::UsersDelete, routes!(remove))
}

/// A person who signs in. Status and roles in lower case, as the reference answers them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user's id.
    id: Uuid,
    /// The tenant the user belongs to.
    tenant_id: Uuid,
    /// The user's e-mail address.
    #[schema(example = "ana@example.com")]
    email: String,
    /// First name.
    first_name: Option<String>,
    /// Last name.
    last_name: Option<String>,
    /// `active`, `inactive`, `suspended`.
    #[schema(example = "active")]
    status: String,
    /// `owner`, `admin`, `analyst`, `publisher`, `buyer`, `readonly`.
    #[schema(example = json!(["analyst"]))]
    roles: Vec<String>,
    /// Roles of the tenant's own (`GET /api/v1/roles`).
    role_ids: Vec<Uuid>,
    /// Sees only what belongs to this publisher.
    publisher_id: Option<Uuid>,
    /// Sees only what belongs to this buyer.
    buyer_id: Option<Uuid>,
    /// The next sign-in is good for choosing a password only.
    must_change_password: bool,
    /// When they were invited.
    invited_at: Option<Time>,
    /// When they last signed in; null: never.
    last_login_at: Option<Time>,
    /// When the user was made.
    created_at: Time,
    /// When the user last changed.
    updated_at: Time,
}

pub(super) fn view(user: &operations::User) -> User {
    User {
        id: user.id.uuid(),
        tenant_id: user.tenant.uuid(),
        email: user.email.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        status: user.status.as_str().to_lowercase(),
        roles: user.roles.iter().map(|role| role.as_str().to_lowercase()).collect(),
        role_ids: user.custom_roles.iter().map(|id| id.uuid()).collect(),
        publisher_id: user.publisher.map(|id| id.uuid()),
        buyer_id: user.buyer.map(|id| id.uuid()),
        must_change_password: user.must_change_password,
        invited_at: user.invited_at.map(Time),
        last_login_at: user.last_login_at.map(Time),
        created_at: Time(user.created_at),
        updated_at: Time(user.updated_at),
    }
}

/// What a list of users is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<UserStatus>)]
    status: Option<UserStatus>,
    /// Only holders of this role: `analyst`.
    #[garde(length(chars, max = 16))]
    #[param(max_length = 16)]
    role: Option<String>,
    /// Only holders of this role of the tenant's own.
    #[garde(skip)]
    role_id: Option<Uuid>,
    /// Part of the e-mail address or name.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
    /// Only the one with this e-mail address.
    #[garde(length(chars, max = 254))]
    #[param(max_length = 254)]
    email: Option<String>,
}

/// Lists users, newest first.
#[utoipa::path(get, path = "/api/v1/users", operation_id = "listUsers", params(PageQuery<operations::User>, UserQuery),
    responses((status = 200, description = "A page of users", body = List<User>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<operations::User>>,
    Query(query): Query<UserQuery>,
) -> ApiResult<Json<List<User>>> {
    let role = query.role.map(|text| text.parse()).transpose();
    let role = role.map_err(|error: operations::UnknownText| {
        ApiError::validation(vec![Fault::parameter("role", error.to_string())])
    })?;
    let filter = UserFilter {
        status: query.status.map(|status| status.0),
        role,
        custom_role: query.role_id.map(Into::into),
        email: query.email.map(|email| email.trim().to_lowercase()),
        search: query.search,
    };
    let found = caller.directory().users.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, |user| view(&user))))
}

/// Reads the user who is signed in.
#[utoipa::path(get, path = "/api/v1/users/me", operation_id = "getMe", responses(
    (status = 200, description = "The user", body = User),
    (status = 404, description = "A key is nobody", body = crate::Problem, content_type = "application/problem+json")))]
async fn me(caller: Caller) -> ApiResult<Json<User>> {
    let id = caller.principal.user().ok_or_else(|| ApiError::not_found("User"))?;
    let user = caller.directory().users.get(caller.tenant_scope(), id).await.map_err(from_store)?;
    Ok(Json(view(&user)))
}

/// Reads a user.
#[utoipa::path(get, path = "/api/v1/users/{id}", operation_id = "getUser", params(("id" = Uuid, Path, description = "The user's id")),
    responses((status = 200, description = "The user", body = User)))]
async fn read(caller: Caller, PathId(id): PathId<UserId>) -> ApiResult<Json<User>> {
    let user = caller.directory().users.get(caller.scope(), id).await.map_err(from_store)?;
    Ok(Json(view(&user)))
}

/// A new user.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateUserRequest {
    /// The e-mail address to sign in with; nobody else of the tenant has it.
    #[garde(email, length(chars, max = 254))]
    #[schema(example = "ana@example.com", max_length = 254)]
    email: String,
    /// Told to the user by whoever adds them, never by the platform.
    #[garde(length(chars, min = PASSWORD_CHARS_MIN, max = 256))]
    #[schema(min_length = 8, max_length = 256, format = Password)]
    password: String,
    /// First name.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100)]
    first_name: Option<String>,
    /// Last name.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100)]
    last_name: Option<String>,
    /// Any case. Nobody gives a role that may do more than they may.
    #[garde(length(max = assignment::ROLES_MAX))]
    #[serde(default)]
    #[schema(inline, value_type = Vec<crate::wire::RoleName>, max_items = 16, example = json!(["analyst"]))]
    roles: Vec<String>,
    /// Roles of the tenant's own. Together with `roles` at least one.
    #[garde(length(max = assignment::ROLES_MAX))]
    #[serde(default)]
    #[schema(max_items = 16)]
    role_ids: Vec<Uuid>,
    /// Sees only what belongs to this publisher. The role `publisher` needs it.
    #[garde(skip)]
    publisher_id: Option<Uuid>,
    /// Sees only what belongs to this buyer. The role `buyer` needs it.
    #[garde(skip)]
    buyer_id: Option<Uuid>,
    /// Have them choose a password of their own at the first sign-in.
    #[garde(skip)]
    #[serde(default)]
    must_change_password: bool,
}

/// Adds a user.
#[utoipa::path(post, path = "/api/v1/users", operation_id = "createUser", request_body = CreateUserRequest,
    responses((status = 201, description = "The user", body = User)))]
async fn create(caller: Caller, Body(body): Body<CreateUserRequest>) -> ApiResult<(StatusCode, Json<User>)> {
    caller.check_step_up()?;
    let assigned = Assignment {
        roles: body.roles,
        role_ids: body.role_ids,
        publisher: body.publisher_id.map(Into::into),
        buyer: body.buyer_id.map(Into::into),
    };
    let now = caller.now();
    let mut user = operations::User {
        id: caller.new_id(),
        tenant: caller.principal.tenant,
        email: body.email.trim().to_lowercase(),
        password_hash: String::new(),
        first_name: body.first_name,
        last_name: body.last_name,
        status: operations::UserStatus::Active,
        roles: Vec::new(),
        custom_roles: Vec::new(),
        publisher: None,
        buyer: None,
        must_change_password: body.must_change_password,
        password_changed_at: Some(now),
        invited_at: None,
        last_login_at: None,
        metadata: Metadata::or_empty(None),
        created_at: now,
        updated_at: now,
    };
    assignment::assign(&caller, &mut user, &assigned).await?;
    user.password_hash = hashed(&caller.state, "password", body.password, &user.email).await?;
    caller.insert(&*caller.directory().users, caller.scope(), user.id, &user).await?;
    let shown = view(&user);
    caller.audit(Done::Create, operations::User::NAME, user.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Changes of a user: members not named stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateUserRequest {
    /// First name.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100)]
    first_name: Option<String>,
    /// Last name.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100)]
    last_name: Option<String>,
    /// Its status from now on.
    #[garde(skip)]
    status: Option<UserStatus>,
    /// Built-in roles, by name: what the user may do.
    #[garde(length(max = assignment::ROLES_MAX))]
    #[schema(inline, value_type = Option<Vec<crate::wire::RoleName>>, max_items = 16)]
    roles: Option<Vec<String>>,
    /// Roles of the tenant's own, by id: what the user may do beside.
    #[garde(length(max = assignment::ROLES_MAX))]
    #[schema(max_items = 16)]
    role_ids: Option<Vec<Uuid>>,
    /// The user sees only what belongs to this publisher; null: no such limit.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    publisher_id: Option<Option<Uuid>>,
    /// The user sees only what belongs to this buyer; null: no such limit.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    buyer_id: Option<Option<Uuid>>,
    /// Have them choose a password of their own at the next sign-in.
    #[garde(skip)]
    must_change_password: Option<bool>,
}

impl UpdateUserRequest {
    /// What the user is to be afterwards, where the body says anything about it.
    fn assignment(&self, user: &operations::User) -> Option<Assignment> {
        let is_named =
            self.roles.is_some() || self.role_ids.is_some() || self.publisher_id.is_some() || self.buyer_id.is_some();
        is_named.then(|| Assignment {
            roles: self.roles.clone().unwrap_or_else(|| user.roles.iter().map(ToString::to_string).collect()),
            role_ids: self.role_ids.clone().unwrap_or_else(|| user.custom_roles.iter().map(|id| id.uuid()).collect()),
            publisher: self.publisher_id.map_or(user.publisher, |id| id.map(Into::into)),
            buyer: self.buyer_id.map_or(user.buyer, |id| id.map(Into::into)),
        })
    }
}

/// Changes a user. Whoever may do more than the caller cannot be changed by them, and a tenant keeps an active owner. A user
/// whose status, roles or side change is signed out everywhere.
#[utoipa::path(patch, path = "/api/v1/users/{id}", operation_id = "updateUser", params(("id" = Uuid, Path, description = "The user's id")),
    request_body = UpdateUserRequest, responses((status = 200, description = "The user", body = User)))]
async fn update(
    caller: Caller,
    PathId(id): PathId<UserId>,
    Body(body): Body<UpdateUserRequest>,
) -> ApiResult<Json<User>> {
    let found = caller.directory().users.get(caller.scope(), id).await.map_err(from_store)?;
    assignment::check_rank(&caller, &found).await?;
    let mut user = found.clone();
    if let Some(assigned) = body.assignment(&found) {
        caller.check_step_up()?;
        assignment::assign(&caller, &mut user, &assigned).await?;
    }
    user.first_name = body.first_name.or(user.first_name);
    user.last_name = body.last_name.or(user.last_name);
    user.status = body.status.map_or(user.status, |status| status.0);
    user.must_change_password = body.must_change_password.unwrap_or(user.must_change_password);
    let ends_sessions = user.status != found.status
        || user.roles != found.roles
        || user.custom_roles != found.custom_roles
        || user.side() != found.side();
    let accounts = &caller.directory().accounts;
    let saved = accounts.save_user(caller.target(), &user, ends_sessions, caller.now()).await.map_err(from_store)?;
    let after = view(&saved);
    caller.audit(Done::Update, operations::User::NAME, id, &view(&found), &after).await;
    Ok(Json(after))
}

/// Removes a user; what they did stays in the audit log. A tenant keeps an active owner.
#[utoipa::path(delete, path = "/api/v1/users/{id}", operation_id = "deleteUser", params(("id" = Uuid, Path, description = "The user's id")),
    responses((status = 204, description = "Removed")))]
async fn remove(caller: Caller, PathId(id): PathId<UserId>) -> ApiResult<StatusCode> {
    caller.check_step_up()?;
    let user = caller.directory().users.get(caller.scope(), id).await.map_err(from_store)?;
    assignment::check_rank(&caller, &user).await?;
    caller.directory().accounts.remove_user(caller.target(), id).await.map_err(from_store)?;
    caller.audit(Done::Delete, operations::User::NAME, id, &view(&user), &()).await;
    Ok(StatusCode::NO_CONTENT)
}
