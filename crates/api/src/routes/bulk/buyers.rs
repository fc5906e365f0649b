//! Buyers in bulk.

use axum::{Json, body::Body as HttpBody, http::HeaderMap, response::Response};
use operations::{BuyerFilter, Entity as _, PAGE_LIMIT_MAX, Page, PageRequest};
use utoipa_axum::routes;

use crate::{
    access::Permission,
    bulk::{self, ExportQuery, Exported, ImportQuery, ImportReport, Imported, Reference},
    caller::Caller,
    convert::from_store,
    extract::Query,
    problem::ApiResult,
    resource::Resource,
    routes::buyers::{self, Buyer, BuyerQuery, CreateBuyerRequest},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Buyers")
        .needs(Permission::BuyersWrite, routes!(import))
        .needs(Permission::BuyersRead, routes!(export))
}

/// Imports buyers as they arrive, from CSV under a heading of member names or from JSON lines. Each row is checked and kept as
/// `POST /api/v1/buyers` would: a faulty one leaves nothing behind and is reported with its line and field.
/// A buyer whose code the tenant has already stays as it is. Endpoints are not part of it.
#[utoipa::path(post, path = "/api/v1/buyers/import", operation_id = "importBuyers", params(ImportQuery),
    request_body(content((String = "text/csv"), (String = "application/x-ndjson")),
        description = "Up to 100,000 rows of 64 KiB; a cell of CSV that holds an object is JSON, one that holds a list is JSON or words with | between them"),
    responses((status = 200, description = "What was done", body = ImportReport)))]
async fn import(
    caller: Caller,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    body: HttpBody,
) -> ApiResult<Json<ImportReport>> {
    bulk::import::<Buyers>(caller, query, &headers, body).await
}

/// Sends all buyers, as CSV or JSON lines, as they are read; the list's parameters narrow it.
#[utoipa::path(get, path = "/api/v1/buyers/export", operation_id = "exportBuyers", params(ExportQuery, BuyerQuery),
    responses((status = 200, description = "The buyers", content((String = "text/csv"), (String = "application/x-ndjson")))))]
async fn export(
    caller: Caller,
    Query(export): Query<ExportQuery>,
    Query(query): Query<BuyerQuery>,
) -> ApiResult<Response> {
    bulk::export::<Buyers>(caller, export, query.filter()).await
}

struct Buyers;

impl Exported for Buyers {
    type View = Buyer;
    type Filter = BuyerFilter;

    const ENTITY: &'static str = operations::Buyer::NAME;
    const FILE: &'static str = "buyers";
    const COLUMNS: &'static [&'static str] = &[
        "code",
        "name",
        "status",
        "publisherId",
        "publisher.name",
        "timeZone",
        "weight",
        "priority",
        "caps",
        "hours",
        "filters",
        "metadata",
        "id",
        "createdAt",
        "updatedAt",
    ];

    async fn page(caller: &Caller, filter: &BuyerFilter, page: &PageRequest) -> ApiResult<Page<Buyer>> {
        buyers::page_of(caller, filter, page).await
    }
}

impl Imported for Buyers {
    type Create = CreateBuyerRequest;
    type View = Buyer;
    type Entity = operations::Buyer;

    const ENTITY: &'static str = operations::Buyer::NAME;

    async fn draft(caller: &Caller, body: CreateBuyerRequest) -> ApiResult<operations::Buyer> {
        buyers::draft(caller, caller.state.next_id(), body).await
    }

    fn key(buyer: &operations::Buyer) -> String {
        buyer.code.clone()
    }

    fn references(buyer: &operations::Buyer) -> Vec<Reference> {
        vec![Reference::Publisher(buyer.publisher)]
    }

    async fn is_there(caller: &Caller, buyer: &operations::Buyer) -> ApiResult<bool> {
        let filter = BuyerFilter { search: Some(buyer.code.clone()), ..BuyerFilter::default() };
        let mut page = PageRequest::number(1, PAGE_LIMIT_MAX);
        loop {
            let found = caller.directory().buyers.list(caller.scope(), &filter, &page).await.map_err(from_store)?;
            if found.items.iter().any(|there| there.code == buyer.code) {
                return Ok(true);
            }
            let Some(next) = found.next else { return Ok(false) };
            page = PageRequest::after(next, PAGE_LIMIT_MAX);
        }
    }

    async fn keep(caller: &Caller, buyer: &operations::Buyer) -> ApiResult<()> {
        buyers::keep(caller, buyer).await.map(drop)
    }
}
