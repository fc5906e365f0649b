//! Publishers in bulk.

use std::sync::Arc;

use operations::{Directory, Entity as _, Page, PageRequest, PublisherFilter, Repository};
use uuid::Uuid;

use crate::{
    access::Permission,
    bulk::{self, BulkWords, Exported, Imported, Reference},
    caller::Caller,
    crud::{self, Crud},
    problem::ApiResult,
    resource::Resource,
    routes::publishers::{CreatePublisherRequest, Publisher, PublisherQuery, Publishers},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Publishers")
        .needs(Permission::PublishersWrite, bulk::importing::<Publishers>())
        .needs(Permission::PublishersRead, bulk::exporting::<Publishers>())
}

const WORDS: BulkWords = BulkWords {
    path: "/api/v1/publishers",
    names: "Publishers",
    many: "publishers",
    order: "",
    import: "A publisher whose code the tenant has already stays as it is.",
};

impl Exported for Publishers {
    type View = Publisher;
    type Query = PublisherQuery;
    type Filter = PublisherFilter;

    const WORDS: BulkWords = WORDS;
    const ENTITY: &'static str = operations::Publisher::NAME;
    const FILE: &'static str = "publishers";
    const COLUMNS: &'static [&'static str] = &["code", "name", "status", "metadata", "id", "createdAt", "updatedAt"];

    fn filter(query: PublisherQuery) -> ApiResult<PublisherFilter> {
        Ok(<Self as Crud>::filter(query))
    }

    async fn page(caller: &Caller, filter: &PublisherFilter, page: &PageRequest) -> ApiResult<Page<Publisher>> {
        crud::page_of::<Self>(caller, filter, page).await
    }
}

impl Imported for Publishers {
    type Create = CreatePublisherRequest;
    type View = Publisher;
    type Entity = operations::Publisher;
    type Key = String;

    const WORDS: BulkWords = WORDS;

    async fn draft(caller: &Caller, body: CreatePublisherRequest) -> ApiResult<operations::Publisher> {
        <Self as Crud>::draft(caller, crud::Draft::of_row(caller), body).await
    }

    fn id(publisher: &operations::Publisher) -> Uuid {
        publisher.id.uuid()
    }

    fn key(publisher: &operations::Publisher) -> String {
        publisher.code.clone()
    }

    fn references(_: &operations::Publisher) -> Vec<Reference> {
        Vec::new()
    }

    fn of_keys(codes: Vec<String>) -> PublisherFilter {
        PublisherFilter { codes, ..PublisherFilter::default() }
    }

    fn repository(directory: &Directory) -> &Arc<dyn Repository<operations::Publisher>> {
        &directory.publishers
    }

    async fn views(caller: &Caller, new: &[operations::Publisher]) -> ApiResult<Vec<Publisher>> {
        <Self as Crud>::views(caller, new).await
    }

    async fn keep(caller: &Caller, publisher: &operations::Publisher) -> ApiResult<()> {
        crud::keep::<Self>(caller, publisher.id, publisher).await.map(drop)
    }
}
