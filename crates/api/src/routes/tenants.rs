//! Customers of the platform; for its operator only (docs/adr/0046).

use axum::{Json, http::StatusCode};
use domain::TenantId;
use garde::Validate;
use operations::{Tenant as Stored, TenantFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult},
    resource::Resource,
    wire::{Metadata, Time, is_time_zone, nullable, wire_enum},
};

wire_enum!(
    /// May a tenant work?
    TenantStatus
);

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Tenants")
        .needs(Permission::PlatformAdmin, routes!(list))
        .needs(Permission::PlatformAdmin, routes!(create))
        .needs(Permission::PlatformAdmin, routes!(read))
        .needs(Permission::PlatformAdmin, routes!(update))
}

/// A customer of the platform.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// The tenant's id.
    id: Uuid,
    /// What people call the tenant.
    #[schema(example = "Acme Leads")]
    name: String,
    /// In addresses. Unique on the platform.
    #[schema(example = "northwind")]
    slug: String,
    /// Host name its people sign in at. Unique on the platform.
    domain: Option<String>,
    /// Only an `ACTIVE` tenant takes and places calls.
    status: TenantStatus,
    /// IANA zone of its days.
    #[schema(example = "America/New_York")]
    time_zone: String,
    /// Most calls at once; null: no limit.
    max_concurrent_calls: Option<u32>,
    /// What integrations keep with the tenant.
    metadata: Metadata,
    /// When the tenant was made.
    created_at: Time,
    /// When the tenant last changed.
    updated_at: Time,
}

fn view(tenant: &Stored) -> Tenant {
    Tenant {
        id: tenant.id.uuid(),
        name: tenant.name.clone(),
        slug: tenant.slug.clone(),
        domain: tenant.domain.clone(),
        status: TenantStatus(tenant.status),
        time_zone: tenant.time_zone.clone(),
        max_concurrent_calls: tenant.concurrent_calls_max,
        metadata: Metadata::of(&tenant.metadata),
        created_at: Time(tenant.created_at),
        updated_at: Time(tenant.updated_at),
    }
}

fn is_slug(text: &str, _: &()) -> garde::Result {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let is_framed = !text.starts_with('-') && !text.ends_with('-');
    if (1..=63).contains(&text.len()) && is_plain && is_framed {
        return Ok(());
    }
    Err(garde::Error::new("must be 1 to 63 lower-case letters, digits and dashes"))
}

fn is_host(text: &str, _: &()) -> garde::Result {
    let is_label = |label: &str| is_slug(label, &()).is_ok();
    if text.len() <= 253 && text.split('.').all(is_label) {
        return Ok(());
    }
    Err(garde::Error::new("must be a host name in lower case, such as calls.acme.example"))
}

/// What a list of tenants is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TenantQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<TenantStatus>)]
    status: Option<TenantStatus>,
    /// Part of name, slug or domain.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// Lists tenants, newest first unless asked otherwise.
#[utoipa::path(get, path = "/admin/api/v1/tenants", operation_id = "listTenants", params(PageQuery<operations::Tenant>, TenantQuery),
    responses((status = 200, description = "A page of tenants", body = List<Tenant>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<operations::Tenant>>,
    Query(query): Query<TenantQuery>,
) -> ApiResult<Json<List<Tenant>>> {
    let filter = TenantFilter { status: query.status.map(|status| status.0), search: query.search };
    let found = caller.directory().tenants.list_tenants(&filter, &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, |tenant| view(&tenant))))
}

/// A new tenant.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateTenantRequest {
    /// What people call the tenant.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Acme Leads")]
    name: String,
    /// In addresses. Unique on the platform: lower-case letters, digits and dashes.
    #[garde(custom(is_slug))]
    #[schema(pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", example = "northwind")]
    slug: String,
    /// Host name its people sign in at. Unique on the platform.
    #[garde(inner(custom(is_host)))]
    #[schema(
        max_length = 253,
        pattern = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$",
        example = "calls.acme.example"
    )]
    #[schema(
        max_length = 253,
        pattern = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$"
    )]
    domain: Option<String>,
    /// `UTC` unless said otherwise.
    #[garde(inner(custom(is_time_zone)))]
    #[schema(min_length = 1, max_length = 64, example = "America/New_York")]
    time_zone: Option<String>,
    /// Most calls at once; absent: no limit.
    #[garde(skip)]
    max_concurrent_calls: Option<u32>,
    /// What integrations keep with it; `{}` unless given.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Adds a tenant.
#[utoipa::path(post, path = "/admin/api/v1/tenants", operation_id = "createTenant", request_body = CreateTenantRequest,
    responses((status = 201, description = "The tenant", body = Tenant)))]
async fn create(caller: Caller, Body(body): Body<CreateTenantRequest>) -> ApiResult<(StatusCode, Json<Tenant>)> {
    let now = caller.now();
    let tenant = Stored {
        id: caller.new_id(),
        name: body.name,
        slug: body.slug,
        domain: body.domain,
        status: operations::TenantStatus::Active,
        time_zone: body.time_zone.unwrap_or_else(|| "UTC".to_owned()),
        concurrent_calls_max: body.max_concurrent_calls,
        metadata: Metadata::or_empty(body.metadata),
        created_at: now,
        updated_at: now,
    };
    caller.directory().tenants.insert_tenant(&tenant).await.map_err(from_store)?;
    let shown = view(&tenant);
    caller.audit(Done::Create, "tenant", tenant.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(shown)))
}

async fn find(caller: &Caller, id: TenantId) -> ApiResult<Stored> {
    let found = caller.directory().tenants.find_tenant(id).await.map_err(from_store)?;
    found.ok_or_else(|| ApiError::not_found("Tenant"))
}

/// Reads a tenant.
#[utoipa::path(get, path = "/admin/api/v1/tenants/{id}", operation_id = "getTenant", params(("id" = Uuid, Path, description = "The tenant's id")),
    responses((status = 200, description = "The tenant", body = Tenant)))]
async fn read(caller: Caller, PathId(id): PathId<TenantId>) -> ApiResult<Json<Tenant>> {
    Ok(Json(view(&find(&caller, id).await?)))
}

/// Changes of a tenant: members not named stay, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateTenantRequest {
    /// What people call the tenant.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// In addresses. Unique on the platform: lower-case letters, digits and dashes.
    #[garde(inner(custom(is_slug)))]
    #[schema(pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    slug: Option<String>,
    /// Host name its people sign in at. Unique on the platform.
    #[garde(inner(inner(custom(is_host))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(
        max_length = 253,
        pattern = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$"
    )]
    #[schema(
        max_length = 253,
        pattern = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$"
    )]
    domain: Option<Option<String>>,
    /// Its status from now on.
    #[garde(skip)]
    status: Option<TenantStatus>,
    /// IANA time zone of its days, months and reports.
    #[garde(inner(custom(is_time_zone)))]
    #[schema(min_length = 1, max_length = 64)]
    time_zone: Option<String>,
    /// Most calls at once; null lifts the limit.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    max_concurrent_calls: Option<Option<u32>>,
    /// What integrations keep with it: replaces all of it.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Changes a tenant.
#[utoipa::path(patch, path = "/admin/api/v1/tenants/{id}", operation_id = "updateTenant", params(("id" = Uuid, Path, description = "The tenant's id")),
    request_body = UpdateTenantRequest, responses((status = 200, description = "The tenant", body = Tenant)))]
async fn update(
    caller: Caller,
    PathId(id): PathId<TenantId>,
    Body(body): Body<UpdateTenantRequest>,
) -> ApiResult<Json<Tenant>> {
    let mut tenant = find(&caller, id).await?;
    caller.check_match(Some(tenant.updated_at))?;
    let before = view(&tenant);
    tenant.name = body.name.unwrap_or(tenant.name);
    tenant.slug = body.slug.unwrap_or(tenant.slug);
    tenant.domain = body.domain.unwrap_or(tenant.domain);
    tenant.status = body.status.map_or(tenant.status, |status| status.0);
    tenant.time_zone = body.time_zone.unwrap_or(tenant.time_zone);
    tenant.concurrent_calls_max = body.max_concurrent_calls.unwrap_or(tenant.concurrent_calls_max);
    tenant.metadata = body.metadata.map_or(tenant.metadata, |metadata| metadata.0);
    let saved = caller.directory().tenants.save_tenant(&tenant, caller.now()).await.map_err(from_store)?;
    if saved.status == operations::TenantStatus::Inactive {
        caller.directory().accounts.remove_sessions_of_tenant(id).await.map_err(from_store)?;
    }
    let after = view(&saved);
    caller.audit(Done::Update, "tenant", id, &before, &after).await;
    Ok(Json(after))
}
