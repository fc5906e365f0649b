//! Carriers: whose trunks calls come over.

use axum::{Json, http::StatusCode};
use domain::CarrierId;
use garde::Validate;
use operations::{CarrierFilter, Entity};
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
    problem::ApiResult,
    resource::Resource,
    wire::{Metadata, Time, is_code, wire_enum},
};

wire_enum!(
    /// Is a carrier in use?
    CarrierStatus
);

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Carriers")
        .needs(Permission::CarriersRead, routes!(list))
        .needs(Permission::CarriersWrite, routes!(create))
        .needs(Permission::CarriersRead, routes!(read))
        .needs(Permission::CarriersWrite, routes!(update))
        .needs(Permission::CarriersDelete, routes!(remove))
}

/// A carrier.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Carrier {
    id: Uuid,
    tenant_id: Uuid,
    #[schema(example = "Example Telecom")]
    name: String,
    /// Short and unique in the tenant.
    #[schema(example = "CARRIER1")]
    code: String,
    status: CarrierStatus,
    metadata: Metadata,
    created_at: Time,
    updated_at: Time,
}

fn view(carrier: &operations::Carrier) -> Carrier {
    Carrier {
        id: carrier.id.uuid(),
        tenant_id: carrier.tenant.uuid(),
        name: carrier.name.clone(),
        code: carrier.code.clone(),
        status: CarrierStatus(carrier.status),
        metadata: Metadata::of(&carrier.metadata),
        created_at: Time(carrier.created_at),
        updated_at: Time(carrier.updated_at),
    }
}

/// What a list of carriers is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct CarrierQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<CarrierStatus>)]
    status: Option<CarrierStatus>,
}

/// Lists carriers, newest first.
#[utoipa::path(get, path = "/api/v1/carriers", operation_id = "listCarriers", params(PageQuery, CarrierQuery),
    responses((status = 200, description = "A page of carriers", body = List<Carrier>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery>,
    Query(query): Query<CarrierQuery>,
) -> ApiResult<Json<List<Carrier>>> {
    let filter = CarrierFilter { status: query.status.map(|status| status.0) };
    let found = caller.directory().carriers.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, |carrier| view(&carrier))))
}

/// A new carrier.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateCarrierRequest {
    #[garde(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Example Telecom")]
    name: String,
    #[garde(custom(is_code))]
    #[schema(pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "CARRIER1")]
    code: String,
    #[garde(skip)]
    status: Option<CarrierStatus>,
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Adds a carrier.
#[utoipa::path(post, path = "/api/v1/carriers", operation_id = "createCarrier", request_body = CreateCarrierRequest,
    responses((status = 201, description = "The carrier", body = Carrier)))]
async fn create(caller: Caller, Body(body): Body<CreateCarrierRequest>) -> ApiResult<(StatusCode, Json<Carrier>)> {
    let now = caller.now();
    let carrier = operations::Carrier {
        id: caller.state.next_id(),
        tenant: caller.principal.tenant,
        name: body.name,
        code: body.code,
        status: body.status.map_or(operations::CarrierStatus::Active, |status| status.0),
        metadata: Metadata::or_empty(body.metadata),
        created_at: now,
        updated_at: now,
    };
    caller.directory().carriers.insert(caller.scope(), &carrier).await.map_err(from_store)?;
    let shown = view(&carrier);
    caller.audit(Done::Create, operations::Carrier::NAME, carrier.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Reads a carrier.
#[utoipa::path(get, path = "/api/v1/carriers/{id}", operation_id = "getCarrier", params(("id" = Uuid, Path, description = "The carrier's id")),
    responses((status = 200, description = "The carrier", body = Carrier)))]
async fn read(caller: Caller, PathId(id): PathId<CarrierId>) -> ApiResult<Json<Carrier>> {
    let carrier = caller.directory().carriers.get(caller.scope(), id).await.map_err(from_store)?;
    Ok(Json(view(&carrier)))
}

/// Changes of a carrier: members not named stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateCarrierRequest {
    #[garde(length(min = 1, max = 200))]
    name: Option<String>,
    #[garde(inner(custom(is_code)))]
    code: Option<String>,
    #[garde(skip)]
    status: Option<CarrierStatus>,
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Changes a carrier.
#[utoipa::path(patch, path = "/api/v1/carriers/{id}", operation_id = "updateCarrier", params(("id" = Uuid, Path, description = "The carrier's id")),
    request_body = UpdateCarrierRequest, responses((status = 200, description = "The carrier", body = Carrier)))]
async fn update(
    caller: Caller,
    PathId(id): PathId<CarrierId>,
    Body(body): Body<UpdateCarrierRequest>,
) -> ApiResult<Json<Carrier>> {
    let mut carrier = caller.directory().carriers.get(caller.scope(), id).await.map_err(from_store)?;
    let before = view(&carrier);
    carrier.name = body.name.unwrap_or(carrier.name);
    carrier.code = body.code.unwrap_or(carrier.code);
    carrier.status = body.status.map_or(carrier.status, |status| status.0);
    carrier.metadata = body.metadata.map_or(carrier.metadata, |metadata| metadata.0);
    let saved = caller.directory().carriers.save(caller.scope(), &carrier, caller.now()).await.map_err(from_store)?;
    let after = view(&saved);
    caller.audit(Done::Update, operations::Carrier::NAME, id, &before, &after).await;
    Ok(Json(after))
}

/// Removes a carrier that no trunk or number needs.
#[utoipa::path(delete, path = "/api/v1/carriers/{id}", operation_id = "deleteCarrier", params(("id" = Uuid, Path, description = "The carrier's id")),
    responses((status = 204, description = "Removed")))]
async fn remove(caller: Caller, PathId(id): PathId<CarrierId>) -> ApiResult<StatusCode> {
    let carrier = caller.directory().carriers.get(caller.scope(), id).await.map_err(from_store)?;
    caller.directory().carriers.remove(caller.scope(), id).await.map_err(from_store)?;
    caller.audit(Done::Delete, operations::Carrier::NAME, id, &view(&carrier), &()).await;
    Ok(StatusCode::NO_CONTENT)
}
