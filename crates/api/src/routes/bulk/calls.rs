//! Calls in bulk: out only.

use axum::response::Response;
use operations::{CallFilter, Page, PageRequest};
use utoipa_axum::routes;

use crate::{
    access::Permission,
    bulk::{self, ExportQuery, Exported},
    caller::Caller,
    extract::Query,
    problem::ApiResult,
    resource::Resource,
    routes::calls::{self, Call, CallQuery},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Calls").sided(Permission::CallsRead, routes!(export))
}

/// Sends all calls, newest first, as CSV or JSON lines, as they are read; the list's parameters narrow it.
#[utoipa::path(get, path = "/api/v1/calls/export", operation_id = "exportCalls", params(ExportQuery, CallQuery),
    responses((status = 200, description = "The calls", content((String = "text/csv"), (String = "application/x-ndjson")))))]
async fn export(
    caller: Caller,
    Query(export): Query<ExportQuery>,
    Query(query): Query<CallQuery>,
) -> ApiResult<Response> {
    bulk::export::<Calls>(caller, export, query.filter()?).await
}

struct Calls;

impl Exported for Calls {
    type View = Call;
    type Filter = CallFilter;

    const ENTITY: &'static str = "call";
    const FILE: &'static str = "calls";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "startedAt",
        "status",
        "direction",
        "fromNumber",
        "toNumber",
        "callerName",
        "attestation",
        "campaignId",
        "campaignName",
        "publisherId",
        "publisherName",
        "buyerId",
        "buyerName",
        "answeredAt",
        "connectedAt",
        "endedAt",
        "duration",
        "connectedDuration",
        "endReason",
        "converted",
        "hasRecording",
        "money.revenue",
        "money.payout",
        "money.cost",
        "money.margin",
        "money.currency",
        "tags",
        "callSid",
        "numberId",
        "trunkId",
        "endpointId",
        "flowId",
        "flowVersion",
    ];

    async fn page(caller: &Caller, filter: &CallFilter, page: &PageRequest) -> ApiResult<Page<Call>> {
        calls::rows_of(caller, filter, page).await
    }
}
