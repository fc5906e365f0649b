//! Publishers in bulk.

use axum::{Json, body::Body as HttpBody, http::HeaderMap, response::Response};
use operations::{Entity as _, PAGE_LIMIT_MAX, Page, PageRequest, PublisherFilter};
use utoipa_axum::routes;

use crate::{
    access::Permission,
    bulk::{self, ExportQuery, Exported, ImportQuery, ImportReport, Imported, Reference},
    caller::Caller,
    convert::from_store,
    crud::{self, Crud},
    extract::Query,
    problem::ApiResult,
    resource::Resource,
    routes::publishers::{CreatePublisherRequest, Publisher, PublisherQuery, Publishers},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Publishers")
        .needs(Permission::PublishersWrite, routes!(import))
        .needs(Permission::PublishersRead, routes!(export))
}

/// Imports publishers as they arrive, from CSV under a heading of member names or from JSON lines. Each row is checked and kept as
/// `POST /api/v1/publishers` would: a faulty one leaves nothing behind and is reported with its line and field.
/// A publisher whose code the tenant has already stays as it is.
#[utoipa::path(post, path = "/api/v1/publishers/import", operation_id = "importPublishers", params(ImportQuery),
    request_body(content((String = "text/csv"), (String = "application/x-ndjson")),
        description = "Up to 100,000 rows of 64 KiB; a cell of CSV that holds an object is JSON, one that holds a list is JSON or words with | between them"),
    responses((status = 200, description = "What was done", body = ImportReport)))]
async fn import(
    caller: Caller,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    body: HttpBody,
) -> ApiResult<Json<ImportReport>> {
    bulk::import::<Publishers>(caller, query, &headers, body).await
}

/// Sends all publishers, as CSV or JSON lines, as they are read; the list's parameters narrow it.
#[utoipa::path(get, path = "/api/v1/publishers/export", operation_id = "exportPublishers", params(ExportQuery, PublisherQuery),
    responses((status = 200, description = "The publishers", content((String = "text/csv"), (String = "application/x-ndjson")))))]
async fn export(
    caller: Caller,
    Query(export): Query<ExportQuery>,
    Query(query): Query<PublisherQuery>,
) -> ApiResult<Response> {
    bulk::export::<Publishers>(caller, export, Publishers::filter(query)).await
}

impl Exported for Publishers {
    type View = Publisher;
    type Filter = PublisherFilter;

    const ENTITY: &'static str = operations::Publisher::NAME;
    const FILE: &'static str = "publishers";
    const COLUMNS: &'static [&'static str] = &["code", "name", "status", "metadata", "id", "createdAt", "updatedAt"];

    async fn page(caller: &Caller, filter: &PublisherFilter, page: &PageRequest) -> ApiResult<Page<Publisher>> {
        crud::page_of::<Self>(caller, filter, page).await
    }
}

impl Imported for Publishers {
    type Create = CreatePublisherRequest;
    type View = Publisher;
    type Entity = operations::Publisher;

    const ENTITY: &'static str = operations::Publisher::NAME;

    async fn draft(caller: &Caller, body: CreatePublisherRequest) -> ApiResult<operations::Publisher> {
        <Self as Crud>::draft(caller, crud::Draft::of_row(caller), body).await
    }

    fn key(publisher: &operations::Publisher) -> String {
        publisher.code.clone()
    }

    fn references(_: &operations::Publisher) -> Vec<Reference> {
        Vec::new()
    }

    async fn is_there(caller: &Caller, publisher: &operations::Publisher) -> ApiResult<bool> {
        let filter = PublisherFilter { search: Some(publisher.code.clone()), ..PublisherFilter::default() };
        let mut page = PageRequest::number(1, PAGE_LIMIT_MAX);
        loop {
            let found = caller.directory().publishers.list(caller.scope(), &filter, &page).await.map_err(from_store)?;
            if found.items.iter().any(|there| there.code == publisher.code) {
                return Ok(true);
            }
            let Some(next) = found.next else { return Ok(false) };
            page = PageRequest::after(next, PAGE_LIMIT_MAX);
        }
    }

    async fn keep(caller: &Caller, publisher: &operations::Publisher) -> ApiResult<()> {
        crud::keep::<Self>(caller, publisher.id, publisher).await.map(drop)
    }
}
