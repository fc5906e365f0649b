//! Numbers in bulk.

use axum::{Json, body::Body as HttpBody, http::HeaderMap, response::Response};
use operations::{Entity as _, Number, NumberFilter, Page, PageRequest};
use utoipa_axum::routes;

use crate::{
    access::Permission,
    bulk::{self, ExportQuery, Exported, ImportQuery, ImportReport, Imported, Reference},
    caller::Caller,
    convert::from_store,
    extract::Query,
    problem::ApiResult,
    resource::Resource,
    routes::numbers::{self, NumberQuery, PhoneNumber, ProvisionNumberRequest},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Numbers")
        .needs(Permission::NumbersWrite, routes!(import))
        .needs(Permission::NumbersRead, routes!(export))
}

/// Imports numbers as they arrive, from CSV under a heading of member names or from JSON lines. Each row is checked and kept as
/// `POST /api/v1/numbers` would: a faulty one leaves nothing behind and is reported with its line and field.
/// A number the tenant has already stays as it is. Nothing is bought.
#[utoipa::path(post, path = "/api/v1/numbers/import", operation_id = "importNumbers", params(ImportQuery),
    request_body(content((String = "text/csv"), (String = "application/x-ndjson")),
        description = "Up to 100,000 rows of 64 KiB; a cell of CSV that holds an object is JSON, one that holds a list is JSON or words with | between them"),
    responses((status = 200, description = "What was done", body = ImportReport)))]
async fn import(
    caller: Caller,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    body: HttpBody,
) -> ApiResult<Json<ImportReport>> {
    bulk::import::<Numbers>(caller, query, &headers, body).await
}

/// Sends all numbers, as CSV or JSON lines, as they are read; the list's parameters narrow it.
#[utoipa::path(get, path = "/api/v1/numbers/export", operation_id = "exportNumbers", params(ExportQuery, NumberQuery),
    responses((status = 200, description = "The numbers", content((String = "text/csv"), (String = "application/x-ndjson")))))]
async fn export(
    caller: Caller,
    Query(export): Query<ExportQuery>,
    Query(query): Query<NumberQuery>,
) -> ApiResult<Response> {
    bulk::export::<Numbers>(caller, export, query.filter()).await
}

struct Numbers;

impl Exported for Numbers {
    type View = PhoneNumber;
    type Filter = NumberFilter;

    const ENTITY: &'static str = Number::NAME;
    const FILE: &'static str = "numbers";
    const COLUMNS: &'static [&'static str] = &[
        "number",
        "status",
        "friendlyName",
        "provider",
        "capabilities",
        "region",
        "campaignId",
        "carrierId",
        "trunkId",
        "metadata",
        "monthlyPrice",
        "purchasedAt",
        "releasedAt",
        "id",
        "createdAt",
        "updatedAt",
    ];

    async fn page(caller: &Caller, filter: &NumberFilter, page: &PageRequest) -> ApiResult<Page<PhoneNumber>> {
        numbers::page_of(caller, filter, page).await
    }
}

impl Imported for Numbers {
    type Create = ProvisionNumberRequest;
    type View = PhoneNumber;
    type Entity = Number;

    const ENTITY: &'static str = Number::NAME;

    async fn draft(caller: &Caller, body: ProvisionNumberRequest) -> ApiResult<Number> {
        body.row(caller)
    }

    fn key(number: &Number) -> String {
        number.number.to_string()
    }

    fn references(number: &Number) -> Vec<Reference> {
        let campaign = number.campaign.map(Reference::Campaign);
        let carrier = number.carrier.map(Reference::Carrier);
        let trunk = number.trunk.map(Reference::Trunk);
        [campaign, carrier, trunk].into_iter().flatten().collect()
    }

    async fn is_there(caller: &Caller, number: &Number) -> ApiResult<bool> {
        let filter = NumberFilter { exact: Some(number.number.clone()), ..NumberFilter::default() };
        let found = caller.directory().numbers.list(caller.scope(), &filter, &PageRequest::number(1, 1)).await;
        Ok(!found.map_err(from_store)?.items.is_empty())
    }

    async fn keep(caller: &Caller, number: &Number) -> ApiResult<()> {
        numbers::keep(caller, number).await.map(drop)
    }
}
