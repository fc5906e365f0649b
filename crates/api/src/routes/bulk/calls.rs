//! Calls in bulk: out only.

use operations::{CallFilter, Page, PageRequest};

use crate::{
    access::Permission,
    bulk::{self, BulkWords, Exported},
    caller::Caller,
    problem::ApiResult,
    resource::Resource,
    routes::calls::{self, Call, CallQuery},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Calls").sided(Permission::CallsRead, bulk::exporting::<Calls>())
}

const WORDS: BulkWords =
    BulkWords { path: "/api/v1/calls", names: "Calls", many: "calls", order: ", newest first", import: "" };

struct Calls;

impl Exported for Calls {
    type View = Call;
    type Query = CallQuery;
    type Filter = CallFilter;

    const WORDS: BulkWords = WORDS;
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

    fn filter(query: CallQuery) -> ApiResult<CallFilter> {
        query.filter()
    }

    async fn page(caller: &Caller, filter: &CallFilter, page: &PageRequest) -> ApiResult<Page<Call>> {
        calls::rows_of(caller, filter, page).await
    }
}
