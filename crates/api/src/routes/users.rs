//! People of the tenant.

use axum::{Json, http::StatusCode};
use domain::UserId;
use garde::Validate;
use operations::{Entity, PASSWORD_CHARS_MIN, Role, UserFilter, hash_password};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::password_room;
use crate::{
    access::{Permission, of_roles},
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Metadata, Time, wire_enum},
};

wire_enum!(
    /// May a user sign in?
    UserStatus,
);

/// Roles one user may have.
const ROLES_MAX: usize = 6;

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Users")
        .needs(Permission::UsersRead, routes!(list))
        .needs(Permission::UsersWrite, routes!(create))
        .signed_in(routes!(me))
        .needs(Permission::UsersRead, routes!(read))
        .needs(Permission::UsersWrite, routes!(update))
}

/// A person who signs in. Status and roles in lower case, as the reference answers them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    id: Uuid,
    tenant_id: Uuid,
    #[schema(example = "ana@example.com")]
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    /// `active`, `inactive`, `suspended`.
    #[schema(example = "active")]
    status: String,
    /// `owner`, `admin`, `analyst`, `publisher`, `buyer`, `readonly`.
    #[schema(example = json!(["analyst"]))]
    roles: Vec<String>,
    last_login_at: Option<Time>,
    created_at: Time,
    updated_at: Time,
}

fn view(user: &operations::User) -> User {
    User {
        id: user.id.uuid(),
        tenant_id: user.tenant.uuid(),
        email: user.email.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        status: user.status.as_str().to_lowercase(),
        roles: user.roles.iter().map(|role| role.as_str().to_lowercase()).collect(),
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
    /// Part of the e-mail address or name.
    #[garde(length(max = 100))]
    search: Option<String>,
}

/// Lists users, newest first.
#[utoipa::path(get, path = "/api/v1/users", operation_id = "listUsers", params(PageQuery, UserQuery),
    responses((status = 200, description = "A page of users", body = List<User>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery>,
    Query(query): Query<UserQuery>,
) -> ApiResult<Json<List<User>>> {
    let filter = UserFilter { status: query.status.map(|status| status.0), search: query.search };
    let found = caller.directory().users.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, |user| view(&user))))
}

/// Reads the user who is signed in.
#[utoipa::path(get, path = "/api/v1/users/me", operation_id = "getMe", responses(
    (status = 200, description = "The user", body = User),
    (status = 404, description = "A key is nobody", body = crate::Problem, content_type = "application/problem+json")))]
async fn me(caller: Caller) -> ApiResult<Json<User>> {
    let id = caller.principal.user().ok_or_else(|| ApiError::not_found("User"))?;
    let user = caller.directory().users.get(caller.scope(), id).await.map_err(from_store)?;
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
    #[garde(email, length(max = 254))]
    #[schema(example = "ana@example.com", max_length = 254)]
    email: String,
    /// Told to the user by whoever adds them, never by the platform.
    #[garde(length(chars, min = PASSWORD_CHARS_MIN, max = 256))]
    #[schema(min_length = 8, max_length = 256, format = Password)]
    password: String,
    #[garde(length(max = 100))]
    first_name: Option<String>,
    #[garde(length(max = 100))]
    last_name: Option<String>,
    /// Any case. Nobody gives a role that may do more than they may.
    #[garde(length(min = 1, max = ROLES_MAX))]
    #[schema(example = json!(["analyst"]))]
    roles: Vec<String>,
}

/// The roles named, none of which may do more than the caller.
fn roles(caller: &Caller, given: &[String]) -> ApiResult<Vec<Role>> {
    let mut faults = Vec::new();
    let mut read: Vec<Role> = Vec::new();
    for (index, text) in given.iter().enumerate() {
        match text.parse::<Role>() {
            Ok(role) if !read.contains(&role) => read.push(role),
            Ok(_) => {}
            Err(error) => faults.push(Fault::body(format!("roles[{index}]"), error.to_string())),
        }
    }
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    match of_roles(&read).into_iter().find(|granted| !caller.principal.grants.may_hand_out(granted)) {
        None => Ok(read),
        Some(granted) => {
            tracing::warn!(who = %caller.principal.label(), granted, "authorization.escalation");
            Err(ApiError::forbidden(format!("You may not give a role that grants {granted}")))
        }
    }
}

/// Adds a user.
#[utoipa::path(post, path = "/api/v1/users", operation_id = "createUser", request_body = CreateUserRequest,
    responses((status = 201, description = "The user", body = User)))]
async fn create(caller: Caller, Body(body): Body<CreateUserRequest>) -> ApiResult<(StatusCode, Json<User>)> {
    let roles = roles(&caller, &body.roles)?;
    let _room = password_room(&caller.state)?;
    let mut seed = caller.state.fork_seed();
    let password = body.password;
    let hashed =
        tokio::task::spawn_blocking(move || hash_password(&password, &mut seed)).await.map_err(ApiError::internal)?;
    let now = caller.now();
    let user = operations::User {
        id: caller.state.next_id(),
        tenant: caller.principal.tenant,
        email: body.email.trim().to_lowercase(),
        password_hash: hashed
            .map_err(|error| ApiError::validation(vec![Fault::body("password", error.to_string())]))?,
        first_name: body.first_name,
        last_name: body.last_name,
        status: operations::UserStatus::Active,
        roles,
        last_login_at: None,
        metadata: Metadata::or_empty(None),
        created_at: now,
        updated_at: now,
    };
    caller.directory().users.insert(caller.scope(), &user).await.map_err(from_store)?;
    let shown = view(&user);
    caller.audit(Done::Create, operations::User::NAME, user.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Changes of a user: members not named stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateUserRequest {
    #[garde(length(max = 100))]
    first_name: Option<String>,
    #[garde(length(max = 100))]
    last_name: Option<String>,
    #[garde(skip)]
    status: Option<UserStatus>,
    #[garde(length(min = 1, max = ROLES_MAX))]
    roles: Option<Vec<String>>,
}

/// Changes a user. Whoever may do more than the caller cannot be changed by them. A user who may no longer sign in is signed
/// out everywhere.
#[utoipa::path(patch, path = "/api/v1/users/{id}", operation_id = "updateUser", params(("id" = Uuid, Path, description = "The user's id")),
    request_body = UpdateUserRequest, responses((status = 200, description = "The user", body = User)))]
async fn update(
    caller: Caller,
    PathId(id): PathId<UserId>,
    Body(body): Body<UpdateUserRequest>,
) -> ApiResult<Json<User>> {
    let mut user = caller.directory().users.get(caller.scope(), id).await.map_err(from_store)?;
    if of_roles(&user.roles).iter().any(|granted| !caller.principal.grants.may_hand_out(granted)) {
        return Err(ApiError::forbidden("This user may do more than you"));
    }
    let before = view(&user);
    if let Some(given) = &body.roles {
        user.roles = roles(&caller, given)?;
    }
    user.first_name = body.first_name.or(user.first_name);
    user.last_name = body.last_name.or(user.last_name);
    user.status = body.status.map_or(user.status, |status| status.0);
    let saved = caller.directory().users.save(caller.scope(), &user, caller.now()).await.map_err(from_store)?;
    if saved.status != operations::UserStatus::Active {
        caller.directory().sign_in.remove_sessions_of(caller.scope(), id).await.map_err(from_store)?;
    }
    let after = view(&saved);
    caller.audit(Done::Update, operations::User::NAME, id, &before, &after).await;
    Ok(Json(after))
}
