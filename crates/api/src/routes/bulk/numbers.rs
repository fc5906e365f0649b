//! Numbers in bulk.

use std::sync::Arc;

use domain::PhoneNumber as E164;
use operations::{Directory, Entity as _, Number, NumberFilter, Page, PageRequest, QuotaKind, Repository};
use uuid::Uuid;

use crate::{
    access::Permission,
    bulk::{self, BulkWords, Exported, Imported, Reference},
    caller::Caller,
    problem::ApiResult,
    resource::Resource,
    routes::{
        numbers::{self, NumberQuery, PhoneNumber, ProvisionNumberRequest},
        quotas,
    },
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Numbers")
        .needs(Permission::NumbersWrite, bulk::importing::<Numbers>())
        .needs(Permission::NumbersRead, bulk::exporting::<Numbers>())
}

const WORDS: BulkWords = BulkWords {
    path: "/api/v1/numbers",
    names: "Numbers",
    many: "numbers",
    order: "",
    import: "A number the tenant has already stays as it is. Nothing is bought.",
};

struct Numbers;

impl Exported for Numbers {
    type View = PhoneNumber;
    type Query = NumberQuery;
    type Filter = NumberFilter;

    const WORDS: BulkWords = WORDS;
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

    fn filter(query: NumberQuery) -> ApiResult<NumberFilter> {
        Ok(query.filter())
    }

    async fn page(caller: &Caller, filter: &NumberFilter, page: &PageRequest) -> ApiResult<Page<PhoneNumber>> {
        numbers::page_of(caller, filter, page).await
    }
}

impl Imported for Numbers {
    type Create = ProvisionNumberRequest;
    type View = PhoneNumber;
    type Entity = Number;
    type Key = E164;

    const WORDS: BulkWords = WORDS;

    async fn resolved(
        caller: &Caller,
        bodies: Vec<ProvisionNumberRequest>,
    ) -> ApiResult<Vec<ApiResult<ProvisionNumberRequest>>> {
        ProvisionNumberRequest::resolved(caller, bodies).await
    }

    async fn draft(caller: &Caller, body: ProvisionNumberRequest) -> ApiResult<Number> {
        body.row(caller)
    }

    fn id(number: &Number) -> Uuid {
        number.id.uuid()
    }

    fn key(number: &Number) -> E164 {
        number.number.clone()
    }

    fn references(number: &Number) -> Vec<Reference> {
        let campaign = number.campaign.map(Reference::Campaign);
        let carrier = number.carrier.map(Reference::Carrier);
        let trunk = number.trunk.map(Reference::Trunk);
        [campaign, carrier, trunk].into_iter().flatten().collect()
    }

    fn of_keys(numbers: Vec<E164>) -> NumberFilter {
        NumberFilter { numbers, ..NumberFilter::default() }
    }

    fn repository(directory: &Directory) -> &Arc<dyn Repository<Number>> {
        &directory.numbers
    }

    async fn views(caller: &Caller, new: &[Number]) -> ApiResult<Vec<PhoneNumber>> {
        numbers::views(caller, new).await
    }

    async fn room(caller: &Caller) -> ApiResult<u64> {
        quotas::room(caller, QuotaKind::PhoneNumbers).await
    }

    async fn keep(caller: &Caller, number: &Number) -> ApiResult<()> {
        numbers::keep(caller, number).await.map(drop)
    }
}
