//! Roles: the six of the table, and the tenant's own.

use std::sync::Arc;

use axum::{Json, http::StatusCode};
use domain::RoleId;
use garde::Validate;
use operations::{
    CustomRole, CustomRoleFilter, Directory, Entity, PageRequest, Repository, UserFilter, permissions_of,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::api_keys::{SCOPES_MAX, check_scopes};
use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    crud::{self, Crud, Draft, Rights, Words, set},
    extract::PathId,
    problem::{ApiError, ApiResult},
    resource::Resource,
    wire::{Time, nullable},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    crud::routes_without_removal::<Roles>()
        .needs(Permission::RolesDelete, routes!(remove))
        .needs(Permission::RolesRead, routes!(permissions))
}

struct Roles;

/// A role of the tenant's own.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CustomRole)]
pub struct RoleView {
    /// The role's id.
    id: Uuid,
    /// The tenant the role belongs to.
    tenant_id: Uuid,
    /// What people call the role.
    #[schema(example = "Night shift")]
    name: String,
    /// What it is for, in words.
    description: Option<String>,
    /// `*` stands for one segment.
    #[schema(example = json!(["calls:read", "recordings:read"]))]
    permissions: Vec<String>,
    /// When the role was made.
    created_at: Time,
    /// When the role last changed.
    updated_at: Time,
}

fn view(role: &CustomRole) -> RoleView {
    RoleView {
        id: role.id.uuid(),
        tenant_id: role.tenant.uuid(),
        name: role.name.clone(),
        description: role.description.clone(),
        permissions: role.permissions.clone(),
        created_at: Time(role.created_at),
        updated_at: Time(role.updated_at),
    }
}

/// What a list of roles is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RoleQuery {
    /// Part of the name.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// A new role.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateRoleRequest {
    /// What people call the role.
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "Night shift")]
    name: String,
    /// What it is for, in words.
    #[garde(length(chars, max = 500))]
    #[schema(max_length = 500)]
    description: Option<String>,
    /// Permissions; `*` stands for one segment. None beyond the caller's own.
    #[garde(length(min = 1, max = SCOPES_MAX))]
    #[schema(inline, value_type = Vec<crate::wire::Label>, min_items = 1, max_items = 64, example = json!(["calls:read"]))]
    permissions: Vec<String>,
}

/// Changes of a role: members not named stay, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateRoleRequest {
    /// What people call the role.
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// What it is for, in words.
    #[garde(inner(inner(length(chars, max = 500))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 500)]
    description: Option<Option<String>>,
    /// In force at once for whoever holds the role.
    #[garde(length(min = 1, max = SCOPES_MAX))]
    #[schema(inline, value_type = Option<Vec<crate::wire::Label>>, min_items = 1, max_items = 64)]
    permissions: Option<Vec<String>>,
}

impl Crud for Roles {
    type Entity = CustomRole;
    type View = RoleView;
    type Query = RoleQuery;
    type Create = CreateRoleRequest;
    type Update = UpdateRoleRequest;

    const WORDS: Words = Words {
        tag: "Roles",
        path: "/api/v1/roles",
        name: "Role",
        names: "Roles",
        one: "a role",
        many: "roles",
        order: "by name",
    };
    const RIGHTS: Rights =
        Rights { read: Permission::RolesRead, write: Permission::RolesWrite, delete: Permission::RolesDelete };

    fn repository(directory: &Directory) -> &Arc<dyn Repository<CustomRole>> {
        &directory.roles
    }

    fn filter(query: RoleQuery) -> CustomRoleFilter {
        CustomRoleFilter { search: query.search }
    }

    async fn views(_: &Caller, found: &[CustomRole]) -> ApiResult<Vec<RoleView>> {
        Ok(found.iter().map(view).collect())
    }

    async fn draft(caller: &Caller, draft: Draft<RoleId>, body: CreateRoleRequest) -> ApiResult<CustomRole> {
        caller.check_step_up()?;
        check_scopes(caller, "permissions", &body.permissions)?;
        Ok(CustomRole {
            id: draft.id,
            tenant: draft.tenant,
            name: body.name,
            description: body.description,
            permissions: body.permissions,
            created_at: draft.now,
            updated_at: draft.now,
        })
    }

    /// Whoever changes a role must hold what it grants before and after: else they would take or give what they do not have.
    async fn change(caller: &Caller, role: &mut CustomRole, body: UpdateRoleRequest) -> ApiResult<()> {
        caller.check_step_up()?;
        check_scopes(caller, "permissions", &role.permissions)?;
        if let Some(permissions) = &body.permissions {
            check_scopes(caller, "permissions", permissions)?;
        }
        set(&mut role.name, body.name);
        set(&mut role.description, body.description);
        set(&mut role.permissions, body.permissions);
        Ok(())
    }
}

/// Removes a role that nobody holds.
#[utoipa::path(delete, path = "/api/v1/roles/{id}", operation_id = "deleteRole", params(("id" = Uuid, Path, description = "The role's id")),
    responses((status = 204, description = "Removed")))]
async fn remove(caller: Caller, PathId(id): PathId<RoleId>) -> ApiResult<StatusCode> {
    let directory = caller.directory();
    let role = directory.roles.get(caller.scope(), id).await.map_err(from_store)?;
    let holders = UserFilter { custom_role: Some(id), ..UserFilter::default() };
    let holders =
        directory.users.list(caller.scope(), &holders, &PageRequest::number(1, 1)).await.map_err(from_store)?;
    if !holders.items.is_empty() {
        return Err(ApiError::conflict("role: still held by users; take it from them first"));
    }
    directory.roles.remove(caller.target(), id).await.map_err(from_store)?;
    caller.audit(Done::Delete, CustomRole::NAME, id, &view(&role), &()).await;
    Ok(StatusCode::NO_CONTENT)
}

/// What can be granted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionList {
    /// Every permission, and whether the caller may hand it out.
    permissions: Vec<PermissionView>,
    /// The roles every tenant has.
    roles: Vec<BuiltInRole>,
}

/// A permission.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionView {
    /// Its name: what may be done.
    #[schema(example = "calls:read")]
    permission: String,
    /// The caller holds it, so they may give it to others.
    grantable: bool,
}

/// A role every tenant has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BuiltInRole {
    /// Its name.
    #[schema(example = "analyst")]
    role: String,
    /// What it lets people do; `*` stands for one segment.
    #[schema(example = json!(["calls:read"]))]
    permissions: Vec<String>,
    /// The caller may give it to others.
    grantable: bool,
}

/// Lists every permission and the roles all tenants have.
#[utoipa::path(get, path = "/api/v1/permissions", operation_id = "listPermissions",
    responses((status = 200, description = "Permissions and roles", body = PermissionList)))]
async fn permissions(caller: Caller) -> Json<PermissionList> {
    let grants = &caller.principal.grants;
    let of_tenants = Permission::ALL.iter().filter(|permission| !permission.is_platform());
    let permissions = of_tenants.map(|permission| PermissionView {
        permission: permission.as_str().to_owned(),
        grantable: grants.allow(*permission),
    });
    let roles = operations::Role::ALL.iter().map(|role| BuiltInRole {
        role: role.as_str().to_lowercase(),
        permissions: permissions_of(*role).iter().map(|granted| (*granted).to_owned()).collect(),
        grantable: permissions_of(*role).iter().all(|granted| grants.may_hand_out(granted)),
    });
    Json(PermissionList { permissions: permissions.collect(), roles: roles.collect() })
}
