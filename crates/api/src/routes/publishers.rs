//! Publishers: who brings calls.

use axum::{Json, http::StatusCode};
use domain::PublisherId;
use garde::Validate;
use operations::{Entity, PublisherFilter};
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
    /// Does a publisher bring calls?
    PublisherStatus
);

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Publishers")
        .needs(Permission::PublishersRead, routes!(list))
        .needs(Permission::PublishersWrite, routes!(create))
        .needs(Permission::PublishersRead, routes!(read))
        .needs(Permission::PublishersWrite, routes!(update))
        .needs(Permission::PublishersDelete, routes!(remove))
}

/// A publisher.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Publisher {
    id: Uuid,
    tenant_id: Uuid,
    #[schema(example = "Northern Leads")]
    name: String,
    /// Short and unique in the tenant.
    #[schema(example = "PUB001")]
    code: String,
    status: PublisherStatus,
    metadata: Metadata,
    created_at: Time,
    updated_at: Time,
}

fn view(publisher: &operations::Publisher) -> Publisher {
    Publisher {
        id: publisher.id.uuid(),
        tenant_id: publisher.tenant.uuid(),
        name: publisher.name.clone(),
        code: publisher.code.clone(),
        status: PublisherStatus(publisher.status),
        metadata: Metadata::of(&publisher.metadata),
        created_at: Time(publisher.created_at),
        updated_at: Time(publisher.updated_at),
    }
}

/// What a list of publishers is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct PublisherQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<PublisherStatus>)]
    status: Option<PublisherStatus>,
    /// Part of name or code.
    #[garde(length(max = 100))]
    search: Option<String>,
}

/// Lists publishers, newest first.
#[utoipa::path(get, path = "/api/v1/publishers", operation_id = "listPublishers", params(PageQuery, PublisherQuery),
    responses((status = 200, description = "A page of publishers", body = List<Publisher>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery>,
    Query(query): Query<PublisherQuery>,
) -> ApiResult<Json<List<Publisher>>> {
    let filter = PublisherFilter { status: query.status.map(|status| status.0), search: query.search };
    let found =
        caller.directory().publishers.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, |publisher| view(&publisher))))
}

/// A new publisher.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreatePublisherRequest {
    #[garde(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Northern Leads")]
    name: String,
    #[garde(custom(is_code))]
    #[schema(pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "PUB001")]
    code: String,
    #[garde(skip)]
    status: Option<PublisherStatus>,
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Adds a publisher.
#[utoipa::path(post, path = "/api/v1/publishers", operation_id = "createPublisher", request_body = CreatePublisherRequest,
    responses((status = 201, description = "The publisher", body = Publisher)))]
async fn create(caller: Caller, Body(body): Body<CreatePublisherRequest>) -> ApiResult<(StatusCode, Json<Publisher>)> {
    let now = caller.now();
    let publisher = operations::Publisher {
        id: caller.state.next_id(),
        tenant: caller.principal.tenant,
        name: body.name,
        code: body.code,
        status: body.status.map_or(operations::PublisherStatus::Active, |status| status.0),
        metadata: Metadata::or_empty(body.metadata),
        created_at: now,
        updated_at: now,
    };
    caller.directory().publishers.insert(caller.scope(), &publisher).await.map_err(from_store)?;
    let shown = view(&publisher);
    caller.audit(Done::Create, operations::Publisher::NAME, publisher.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Reads a publisher.
#[utoipa::path(get, path = "/api/v1/publishers/{id}", operation_id = "getPublisher", params(("id" = Uuid, Path, description = "The publisher's id")),
    responses((status = 200, description = "The publisher", body = Publisher)))]
async fn read(caller: Caller, PathId(id): PathId<PublisherId>) -> ApiResult<Json<Publisher>> {
    let publisher = caller.directory().publishers.get(caller.scope(), id).await.map_err(from_store)?;
    Ok(Json(view(&publisher)))
}

/// Changes of a publisher: members not named stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdatePublisherRequest {
    #[garde(length(min = 1, max = 200))]
    name: Option<String>,
    #[garde(inner(custom(is_code)))]
    code: Option<String>,
    #[garde(skip)]
    status: Option<PublisherStatus>,
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Changes a publisher.
#[utoipa::path(patch, path = "/api/v1/publishers/{id}", operation_id = "updatePublisher", params(("id" = Uuid, Path, description = "The publisher's id")),
    request_body = UpdatePublisherRequest, responses((status = 200, description = "The publisher", body = Publisher)))]
async fn update(
    caller: Caller,
    PathId(id): PathId<PublisherId>,
    Body(body): Body<UpdatePublisherRequest>,
) -> ApiResult<Json<Publisher>> {
    let mut publisher = caller.directory().publishers.get(caller.scope(), id).await.map_err(from_store)?;
    let before = view(&publisher);
    publisher.name = body.name.unwrap_or(publisher.name);
    publisher.code = body.code.unwrap_or(publisher.code);
    publisher.status = body.status.map_or(publisher.status, |status| status.0);
    publisher.metadata = body.metadata.map_or(publisher.metadata, |metadata| metadata.0);
    let saved =
        caller.directory().publishers.save(caller.scope(), &publisher, caller.now()).await.map_err(from_store)?;
    let after = view(&saved);
    caller.audit(Done::Update, operations::Publisher::NAME, id, &before, &after).await;
    Ok(Json(after))
}

/// Removes a publisher that no campaign or buyer needs.
#[utoipa::path(delete, path = "/api/v1/publishers/{id}", operation_id = "deletePublisher", params(("id" = Uuid, Path, description = "The publisher's id")),
    responses((status = 204, description = "Removed")))]
async fn remove(caller: Caller, PathId(id): PathId<PublisherId>) -> ApiResult<StatusCode> {
    let publisher = caller.directory().publishers.get(caller.scope(), id).await.map_err(from_store)?;
    caller.directory().publishers.remove(caller.scope(), id).await.map_err(from_store)?;
    caller.audit(Done::Delete, operations::Publisher::NAME, id, &view(&publisher), &()).await;
    Ok(StatusCode::NO_CONTENT)
}
