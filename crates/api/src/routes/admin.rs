//! Carriers, trunks and billing accounts of every tenant, for the operator: the same resources as each tenant's own, found by id wherever they are.

use std::sync::Arc;

use axum::{Json, http::StatusCode};
use domain::{BillingAccountId, CarrierId, TenantId, TrunkId};
use garde::Validate;
use operations::{Directory, Entity, Everywhere, TenantScope};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    billing_accounts::{
        AdminCreateBillingAccountRequest, BillingAccount, BillingAccountQuery, BillingAccounts,
        UpdateBillingAccountRequest,
    },
    carriers::{AdminCreateCarrierRequest, Carrier, CarrierQuery, Carriers, UpdateCarrierRequest},
    trunks::{AdminCreateTrunkRequest, Trunk, TrunkQuery, Trunks, UpdateTrunkRequest},
};
use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    crud::{Crud, Draft, IdOf},
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult},
    resource::Resource,
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Tenants")
        .needs(Permission::PlatformAdmin, routes!(list_carriers))
        .needs(Permission::PlatformAdmin, routes!(create_carrier))
        .needs(Permission::PlatformAdmin, routes!(read_carrier))
        .needs(Permission::PlatformAdmin, routes!(update_carrier))
        .needs(Permission::PlatformAdmin, routes!(list_trunks))
        .needs(Permission::PlatformAdmin, routes!(create_trunk))
        .needs(Permission::PlatformAdmin, routes!(read_trunk))
        .needs(Permission::PlatformAdmin, routes!(update_trunk))
        .needs(Permission::PlatformAdmin, routes!(list_billing_accounts))
        .needs(Permission::PlatformAdmin, routes!(create_billing_account))
        .needs(Permission::PlatformAdmin, routes!(read_billing_account))
        .needs(Permission::PlatformAdmin, routes!(update_billing_account))
}

/// A resource the operator keeps for tenants.
pub(super) trait Kept: Crud {
    fn everywhere(directory: &Directory) -> &Arc<dyn Everywhere<Self::Entity>>;
}

impl Kept for Carriers {
    fn everywhere(directory: &Directory) -> &Arc<dyn Everywhere<operations::Carrier>> {
        &directory.all_carriers
    }
}

impl Kept for Trunks {
    fn everywhere(directory: &Directory) -> &Arc<dyn Everywhere<operations::Trunk>> {
        &directory.all_trunks
    }
}

impl Kept for BillingAccounts {
    fn everywhere(directory: &Directory) -> &Arc<dyn Everywhere<operations::BillingAccount>> {
        &directory.all_billing_accounts
    }
}

async fn view_of<R: Crud>(caller: &Caller, entity: &R::Entity) -> ApiResult<R::View> {
    let views = R::views(caller, std::slice::from_ref(entity)).await?;
    views.into_iter().next().ok_or_else(|| ApiError::internal("a view is missing"))
}

pub(super) async fn list<R: Kept>(
    caller: &Caller,
    tenant: Option<Uuid>,
    page: &PageQuery<R::Entity>,
    query: R::Query,
) -> ApiResult<Json<List<R::View>>> {
    let (filter, directory) = (R::filter(query), caller.directory());
    let found = match tenant {
        Some(tenant) => R::repository(directory).list(TenantScope::of(tenant.into()), &filter, &page.request()).await,
        None => R::everywhere(directory).list_everywhere(&filter, &page.request()).await,
    };
    let found = found.map_err(from_store)?;
    let views = R::views(caller, &found.items).await?;
    Ok(Json(page.list(views, found.total, found.next)))
}

pub(super) async fn create<R: Kept>(
    caller: &Caller,
    tenant: Uuid,
    body: R::Create,
) -> ApiResult<(StatusCode, Json<R::View>)> {
    let tenant: TenantId = tenant.into();
    let known = caller.directory().tenants.find_tenant(tenant).await.map_err(from_store)?;
    known.ok_or_else(|| ApiError::not_found("Tenant"))?;
    let draft = Draft { id: caller.new_id(), tenant, now: caller.now() };
    let id = draft.id;
    let entity = R::draft(caller, draft, body).await?;
    caller.insert(&**R::repository(caller.directory()), TenantScope::of(tenant), id, &entity).await?;
    let shown = view_of::<R>(caller, &entity).await?;
    caller.audit(Done::Create, R::Entity::NAME, id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(shown)))
}

pub(super) async fn found<R: Kept>(caller: &Caller, id: IdOf<R>) -> ApiResult<(TenantScope, R::Entity)> {
    let found = R::everywhere(caller.directory()).find_anywhere(id).await.map_err(from_store)?;
    found.ok_or_else(|| from_store(operations::StoreError::NotFound(R::Entity::NAME)))
}

pub(super) async fn update<R: Kept>(caller: &Caller, id: IdOf<R>, body: R::Update) -> ApiResult<Json<R::View>> {
    let (scope, before) = found::<R>(caller, id).await?;
    let mut entity = before.clone();
    R::change(caller, &mut entity, body).await?;
    let scope = scope.expecting(caller.expected());
    let saved = R::repository(caller.directory()).save(scope, &entity, caller.now()).await.map_err(from_store)?;
    let (was, is) = (view_of::<R>(caller, &before).await?, view_of::<R>(caller, &saved).await?);
    caller.audit(Done::Update, R::Entity::NAME, id, &was, &is).await;
    R::changed(caller, &before, &saved).await;
    Ok(Json(is))
}

/// Whose.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct OfTenantQuery {
    /// Only this tenant's.
    #[garde(skip)]
    pub(super) tenant_id: Option<Uuid>,
}

/// Lists the carriers of every tenant, newest first.
#[utoipa::path(get, path = "/admin/api/v1/carriers", operation_id = "adminListCarriers", params(PageQuery<operations::Carrier>, OfTenantQuery, CarrierQuery),
    responses((status = 200, description = "A page of carriers", body = List<Carrier>)))]
async fn list_carriers(
    caller: Caller,
    Query(page): Query<PageQuery<operations::Carrier>>,
    Query(of): Query<OfTenantQuery>,
    Query(query): Query<CarrierQuery>,
) -> ApiResult<Json<List<Carrier>>> {
    list::<Carriers>(&caller, of.tenant_id, &page, query).await
}

/// Adds a carrier to a tenant.
#[utoipa::path(post, path = "/admin/api/v1/carriers", operation_id = "adminCreateCarrier", request_body = AdminCreateCarrierRequest,
    responses((status = 201, description = "The carrier", body = Carrier),
        (status = 404, description = "Tenant not found", body = crate::Problem, content_type = "application/problem+json")))]
async fn create_carrier(
    caller: Caller,
    Body(body): Body<AdminCreateCarrierRequest>,
) -> ApiResult<(StatusCode, Json<Carrier>)> {
    let (tenant, carrier) = body.split();
    create::<Carriers>(&caller, tenant, carrier).await
}

/// Reads a carrier of any tenant.
#[utoipa::path(get, path = "/admin/api/v1/carriers/{id}", operation_id = "adminGetCarrier", params(("id" = Uuid, Path, description = "The carrier's id")),
    responses((status = 200, description = "The carrier", body = Carrier)))]
async fn read_carrier(caller: Caller, PathId(id): PathId<CarrierId>) -> ApiResult<Json<Carrier>> {
    let (_, carrier) = found::<Carriers>(&caller, id).await?;
    view_of::<Carriers>(&caller, &carrier).await.map(Json)
}

/// Changes a carrier of any tenant: members not named stay.
#[utoipa::path(patch, path = "/admin/api/v1/carriers/{id}", operation_id = "adminUpdateCarrier", params(("id" = Uuid, Path, description = "The carrier's id")),
    request_body = UpdateCarrierRequest, responses((status = 200, description = "The carrier", body = Carrier)))]
async fn update_carrier(
    caller: Caller,
    PathId(id): PathId<CarrierId>,
    Body(body): Body<UpdateCarrierRequest>,
) -> ApiResult<Json<Carrier>> {
    update::<Carriers>(&caller, id, body).await
}

/// Lists the trunks of every tenant, newest first.
#[utoipa::path(get, path = "/admin/api/v1/trunks", operation_id = "adminListTrunks", params(PageQuery<operations::Trunk>, OfTenantQuery, TrunkQuery),
    responses((status = 200, description = "A page of trunks", body = List<Trunk>)))]
async fn list_trunks(
    caller: Caller,
    Query(page): Query<PageQuery<operations::Trunk>>,
    Query(of): Query<OfTenantQuery>,
    Query(query): Query<TrunkQuery>,
) -> ApiResult<Json<List<Trunk>>> {
    list::<Trunks>(&caller, of.tenant_id, &page, query).await
}

/// Adds a trunk to a tenant.
#[utoipa::path(post, path = "/admin/api/v1/trunks", operation_id = "adminCreateTrunk", request_body = AdminCreateTrunkRequest,
    responses((status = 201, description = "The trunk", body = Trunk),
        (status = 404, description = "Tenant or carrier not found", body = crate::Problem, content_type = "application/problem+json")))]
async fn create_trunk(
    caller: Caller,
    Body(body): Body<AdminCreateTrunkRequest>,
) -> ApiResult<(StatusCode, Json<Trunk>)> {
    let (tenant, trunk) = body.split();
    create::<Trunks>(&caller, tenant, trunk).await
}

/// Reads a trunk of any tenant.
#[utoipa::path(get, path = "/admin/api/v1/trunks/{id}", operation_id = "adminGetTrunk", params(("id" = Uuid, Path, description = "The trunk's id")),
    responses((status = 200, description = "The trunk", body = Trunk)))]
async fn read_trunk(caller: Caller, PathId(id): PathId<TrunkId>) -> ApiResult<Json<Trunk>> {
    let (_, trunk) = found::<Trunks>(&caller, id).await?;
    view_of::<Trunks>(&caller, &trunk).await.map(Json)
}

/// Changes a trunk of any tenant: members not named stay, null clears.
#[utoipa::path(patch, path = "/admin/api/v1/trunks/{id}", operation_id = "adminUpdateTrunk", params(("id" = Uuid, Path, description = "The trunk's id")),
    request_body = UpdateTrunkRequest, responses((status = 200, description = "The trunk", body = Trunk)))]
async fn update_trunk(
    caller: Caller,
    PathId(id): PathId<TrunkId>,
    Body(body): Body<UpdateTrunkRequest>,
) -> ApiResult<Json<Trunk>> {
    update::<Trunks>(&caller, id, body).await
}

/// Lists the billing accounts of every tenant, newest first.
#[utoipa::path(get, path = "/admin/api/v1/billing-accounts", operation_id = "adminListBillingAccounts",
    params(PageQuery<operations::BillingAccount>, OfTenantQuery, BillingAccountQuery),
    responses((status = 200, description = "A page of billing accounts", body = List<BillingAccount>)))]
async fn list_billing_accounts(
    caller: Caller,
    Query(page): Query<PageQuery<operations::BillingAccount>>,
    Query(of): Query<OfTenantQuery>,
    Query(query): Query<BillingAccountQuery>,
) -> ApiResult<Json<List<BillingAccount>>> {
    list::<BillingAccounts>(&caller, of.tenant_id, &page, query).await
}

/// Gives a tenant a billing account, for rate cards. Without one it is charged nothing.
#[utoipa::path(post, path = "/admin/api/v1/billing-accounts", operation_id = "adminCreateBillingAccount", request_body = AdminCreateBillingAccountRequest,
    responses((status = 201, description = "The billing account", body = BillingAccount),
        (status = 404, description = "Tenant not found", body = crate::Problem, content_type = "application/problem+json")))]
async fn create_billing_account(
    caller: Caller,
    Body(body): Body<AdminCreateBillingAccountRequest>,
) -> ApiResult<(StatusCode, Json<BillingAccount>)> {
    create::<BillingAccounts>(&caller, body.tenant(), body).await
}

/// Reads a billing account of any tenant.
#[utoipa::path(get, path = "/admin/api/v1/billing-accounts/{id}", operation_id = "adminGetBillingAccount",
    params(("id" = Uuid, Path, description = "The billing account's id")),
    responses((status = 200, description = "The billing account", body = BillingAccount)))]
async fn read_billing_account(caller: Caller, PathId(id): PathId<BillingAccountId>) -> ApiResult<Json<BillingAccount>> {
    let (_, account) = found::<BillingAccounts>(&caller, id).await?;
    view_of::<BillingAccounts>(&caller, &account).await.map(Json)
}

/// Changes a billing account of any tenant: members not named stay.
#[utoipa::path(patch, path = "/admin/api/v1/billing-accounts/{id}", operation_id = "adminUpdateBillingAccount",
    params(("id" = Uuid, Path, description = "The billing account's id")),
    request_body = UpdateBillingAccountRequest, responses((status = 200, description = "The billing account", body = BillingAccount)))]
async fn update_billing_account(
    caller: Caller,
    PathId(id): PathId<BillingAccountId>,
    Body(body): Body<UpdateBillingAccountRequest>,
) -> ApiResult<Json<BillingAccount>> {
    update::<BillingAccounts>(&caller, id, body).await
}
