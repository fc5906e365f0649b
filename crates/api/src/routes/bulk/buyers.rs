//! Buyers in bulk.

use std::sync::Arc;

use operations::{BuyerFilter, Directory, Entity as _, Page, PageRequest, Repository};
use uuid::Uuid;

use crate::{
    access::Permission,
    bulk::{self, BulkWords, Exported, Imported, Reference},
    caller::Caller,
    problem::ApiResult,
    resource::Resource,
    routes::buyers::{self, Buyer, BuyerQuery, CreateBuyerRequest},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Buyers")
        .needs(Permission::BuyersWrite, bulk::importing::<Buyers>())
        .needs(Permission::BuyersRead, bulk::exporting::<Buyers>())
}

const WORDS: BulkWords = BulkWords {
    path: "/api/v1/buyers",
    names: "Buyers",
    many: "buyers",
    order: "",
    import: "A buyer whose code the tenant has already stays as it is. Endpoints are not part of it.",
};

struct Buyers;

impl Exported for Buyers {
    type View = Buyer;
    type Query = BuyerQuery;
    type Filter = BuyerFilter;

    const WORDS: BulkWords = WORDS;
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

    fn filter(query: BuyerQuery) -> ApiResult<BuyerFilter> {
        Ok(query.filter())
    }

    async fn page(caller: &Caller, filter: &BuyerFilter, page: &PageRequest) -> ApiResult<Page<Buyer>> {
        buyers::page_of(caller, filter, page).await
    }
}

impl Imported for Buyers {
    type Create = CreateBuyerRequest;
    type View = Buyer;
    type Entity = operations::Buyer;
    type Key = String;

    const WORDS: BulkWords = WORDS;

    async fn draft(caller: &Caller, body: CreateBuyerRequest) -> ApiResult<operations::Buyer> {
        buyers::draft(caller, caller.state.next_id(), body).await
    }

    fn id(buyer: &operations::Buyer) -> Uuid {
        buyer.id.uuid()
    }

    fn key(buyer: &operations::Buyer) -> String {
        buyer.code.clone()
    }

    fn references(buyer: &operations::Buyer) -> Vec<Reference> {
        vec![Reference::Publisher(buyer.publisher)]
    }

    fn of_keys(codes: Vec<String>) -> BuyerFilter {
        BuyerFilter { codes, ..BuyerFilter::default() }
    }

    fn repository(directory: &Directory) -> &Arc<dyn Repository<operations::Buyer>> {
        &directory.buyers
    }

    async fn views(caller: &Caller, new: &[operations::Buyer]) -> ApiResult<Vec<Buyer>> {
        buyers::new_views(caller, new).await
    }

    async fn keep(caller: &Caller, buyer: &operations::Buyer) -> ApiResult<()> {
        buyers::keep(caller, buyer).await.map(drop)
    }
}
