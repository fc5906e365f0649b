//! Buyers: who takes calls.

use axum::{Json, http::StatusCode};
use domain::BuyerId;
use garde::Validate;
use operations::{BuyerFilter, EndpointFilter, Entity, PAGE_LIMIT_MAX, Page, PageRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    cap_usage::{CapCounts, CapUsage},
    endpoints::{self, BuyerEndpoint},
    terms::{Caps, Filters, Hours, Price},
};
use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult},
    resource::Resource,
    wire::{Metadata, Names, Ref, Time, is_code, is_time_zone, nullable, wire_enum},
};

wire_enum!(
    /// Does a buyer take calls?
    BuyerStatus
);

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Buyers")
        .needs(Permission::BuyersRead, routes!(list))
        .needs(Permission::BuyersWrite, routes!(create))
        .needs(Permission::BuyersRead, routes!(read))
        .needs(Permission::BuyersWrite, routes!(update))
        .needs(Permission::BuyersDelete, routes!(remove))
}

/// A buyer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Buyer {
    /// The buyer's id.
    id: Uuid,
    /// The tenant the buyer belongs to.
    tenant_id: Uuid,
    /// Whose calls it buys.
    publisher_id: Uuid,
    /// The publisher whose calls it takes.
    publisher: Option<Ref>,
    /// What people call the buyer.
    #[schema(example = "Sunrise Solar")]
    name: String,
    /// Short; flows may name the buyer by it.
    #[schema(example = "BUYER001")]
    code: String,
    /// Only an `ACTIVE` buyer gets calls.
    status: BuyerStatus,
    /// Most calls over all its endpoints.
    caps: Caps,
    /// What counts towards its caps now.
    usage: CapUsage,
    /// IANA zone its hours and caps are counted in.
    #[schema(example = "America/New_York")]
    time_zone: String,
    /// Absent: always open.
    hours: Option<Hours>,
    /// Which calls the buyer takes.
    filters: Filters,
    /// Draw weight unless the flow's node sets one.
    weight: u32,
    /// Lower is tried earlier.
    priority: i32,
    /// Where it takes calls, by priority.
    endpoints: Vec<BuyerEndpoint>,
    /// What it pays at its first endpoint.
    price: Option<Price>,
    /// What integrations keep with the buyer.
    metadata: Metadata,
    /// When the buyer was made.
    created_at: Time,
    /// When the buyer last changed.
    updated_at: Time,
}

async fn view(
    caller: &Caller,
    buyer: &operations::Buyer,
    counts: &CapCounts,
    names: &mut Names<'_>,
) -> ApiResult<Buyer> {
    let filter = EndpointFilter { buyer: Some(buyer.id), status: None };
    let page = PageRequest::number(1, PAGE_LIMIT_MAX);
    let found = caller.directory().endpoints.list(caller.scope(), &filter, &page).await.map_err(from_store)?;
    shown(buyer, found.items, counts, names).await
}

/// New ones, which have no endpoints yet.
pub(super) async fn new_views(caller: &Caller, new: &[operations::Buyer]) -> ApiResult<Vec<Buyer>> {
    let (counts, mut names) = (CapCounts::read(caller).await?, Names::new(caller));
    let mut views = Vec::with_capacity(new.len());
    for buyer in new {
        views.push(shown(buyer, Vec::new(), &counts, &mut names).await?);
    }
    Ok(views)
}

async fn shown(
    buyer: &operations::Buyer,
    mut held: Vec<operations::Endpoint>,
    counts: &CapCounts,
    names: &mut Names<'_>,
) -> ApiResult<Buyer> {
    held.sort_by_key(|endpoint| (endpoint.priority, endpoint.created_at));
    Ok(Buyer {
        id: buyer.id.uuid(),
        tenant_id: buyer.tenant.uuid(),
        publisher_id: buyer.publisher.uuid(),
        publisher: names.publisher(Some(buyer.publisher)).await?,
        name: buyer.name.clone(),
        code: buyer.code.clone(),
        status: BuyerStatus(buyer.status),
        caps: Caps::of(&buyer.caps),
        usage: counts.of(buyer),
        time_zone: buyer.time_zone.clone(),
        hours: buyer.hours.as_ref().map(Hours::of),
        filters: Filters::of(&buyer.filters),
        weight: buyer.weight,
        priority: buyer.priority,
        price: held.first().map(|endpoint| Price::of(&endpoint.terms)),
        endpoints: held.iter().map(endpoints::view).collect(),
        metadata: Metadata::of(&buyer.metadata),
        created_at: Time(buyer.created_at),
        updated_at: Time(buyer.updated_at),
    })
}

/// What a list of buyers is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct BuyerQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<BuyerStatus>)]
    status: Option<BuyerStatus>,
    /// Only this publisher's.
    #[garde(skip)]
    publisher_id: Option<Uuid>,
    /// Part of name or code.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
    /// Only the one with this code.
    #[garde(length(chars, max = 64))]
    #[param(max_length = 64)]
    code: Option<String>,
}

impl BuyerQuery {
    pub(super) fn filter(self) -> BuyerFilter {
        BuyerFilter {
            status: self.status.map(|status| status.0),
            publisher: self.publisher_id.map(Into::into),
            codes: self.code.into_iter().collect(),
            search: self.search,
        }
    }
}

/// Lists buyers with their endpoints, newest first.
#[utoipa::path(get, path = "/api/v1/buyers", operation_id = "listBuyers", params(PageQuery<operations::Buyer>, BuyerQuery),
    responses((status = 200, description = "A page of buyers", body = List<Buyer>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<operations::Buyer>>,
    Query(query): Query<BuyerQuery>,
) -> ApiResult<Json<List<Buyer>>> {
    let found = page_of(&caller, &query.filter(), &page.request()).await?;
    Ok(Json(page.list(found.items, found.total, found.next)))
}

/// A page as shown.
pub(super) async fn page_of(caller: &Caller, filter: &BuyerFilter, page: &PageRequest) -> ApiResult<Page<Buyer>> {
    let found = caller.directory().buyers.list(caller.scope(), filter, page).await.map_err(from_store)?;
    let counts = CapCounts::read(caller).await?;
    let mut names = Names::new(caller);
    let mut items = Vec::with_capacity(found.items.len());
    for buyer in &found.items {
        items.push(view(caller, buyer, &counts, &mut names).await?);
    }
    Ok(Page { items, total: found.total, next: found.next })
}

/// A new buyer. Its endpoints are added with `POST /api/v1/buyers/{id}/endpoints`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateBuyerRequest {
    /// One of the tenant's publishers, whose calls the buyer takes.
    #[garde(skip)]
    publisher_id: Uuid,
    /// What people call the buyer.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Sunrise Solar")]
    name: String,
    /// Short name; flows may name the buyer by it. Unique with its publisher.
    #[garde(custom(is_code))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "BUYER001")]
    code: String,
    /// Its status from the start; `ACTIVE` unless said otherwise.
    #[garde(skip)]
    status: Option<BuyerStatus>,
    /// Most calls: at once, an hour, a day, a month, in all.
    #[garde(skip)]
    #[serde(default)]
    caps: Caps,
    /// The tenant's unless said otherwise.
    #[garde(inner(custom(is_time_zone)))]
    #[schema(min_length = 1, max_length = 64, example = "America/New_York")]
    time_zone: Option<String>,
    /// When the buyer takes calls; absent: always.
    #[garde(skip)]
    hours: Option<Hours>,
    /// Which calls the buyer takes.
    #[garde(skip)]
    #[serde(default)]
    filters: Filters,
    /// 1 unless said otherwise. 0: only after everybody else.
    #[garde(range(max = 1_000_000))]
    #[schema(maximum = 1_000_000)]
    weight: Option<u32>,
    /// Lower is tried earlier.
    #[garde(skip)]
    #[serde(default)]
    priority: i32,
    /// What integrations keep with it; `{}` unless given.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Adds a buyer.
#[utoipa::path(post, path = "/api/v1/buyers", operation_id = "createBuyer", request_body = CreateBuyerRequest,
    responses((status = 201, description = "The buyer", body = Buyer),
        (status = 404, description = "Publisher not found", body = crate::Problem, content_type = "application/problem+json")))]
async fn create(caller: Caller, Body(body): Body<CreateBuyerRequest>) -> ApiResult<(StatusCode, Json<Buyer>)> {
    let buyer = draft(&caller, caller.new_id(), body).await?;
    Ok((StatusCode::CREATED, Json(keep(&caller, &buyer).await?)))
}

/// A new one from its body.
pub(super) async fn draft(caller: &Caller, id: BuyerId, body: CreateBuyerRequest) -> ApiResult<operations::Buyer> {
    let now = caller.now();
    let mut faults = Vec::new();
    let time_zone = match body.time_zone {
        Some(zone) => zone,
        None => tenant_zone(caller).await?,
    };
    let buyer = operations::Buyer {
        id,
        tenant: caller.principal.tenant,
        publisher: body.publisher_id.into(),
        name: body.name,
        code: body.code,
        status: body.status.map_or(operations::BuyerStatus::Active, |status| status.0),
        caps: body.caps.stored(),
        time_zone,
        hours: body.hours.map(|hours| hours.stored(&mut faults)),
        filters: body.filters.stored(&mut faults),
        weight: body.weight.unwrap_or(1),
        priority: body.priority,
        metadata: Metadata::or_empty(body.metadata),
        created_at: now,
        updated_at: now,
    };
    if faults.is_empty() { Ok(buyer) } else { Err(ApiError::validation(faults)) }
}

/// Keeps a new one, with its entry in the audit log.
pub(super) async fn keep(caller: &Caller, buyer: &operations::Buyer) -> ApiResult<Buyer> {
    caller.insert(&*caller.directory().buyers, caller.scope(), buyer.id, buyer).await?;
    let shown = view(caller, buyer, &CapCounts::read(caller).await?, &mut Names::new(caller)).await?;
    caller.audit(Done::Create, operations::Buyer::NAME, buyer.id, &(), &shown).await;
    Ok(shown)
}

async fn tenant_zone(caller: &Caller) -> ApiResult<String> {
    let tenant = caller.directory().tenants.find_tenant(caller.principal.tenant).await.map_err(from_store)?;
    Ok(tenant.map_or_else(|| "UTC".to_owned(), |tenant| tenant.time_zone))
}

/// Reads a buyer.
#[utoipa::path(get, path = "/api/v1/buyers/{id}", operation_id = "getBuyer", params(("id" = Uuid, Path, description = "The buyer's id")),
    responses((status = 200, description = "The buyer", body = Buyer)))]
async fn read(caller: Caller, PathId(id): PathId<BuyerId>) -> ApiResult<Json<Buyer>> {
    let buyer = caller.directory().buyers.get(caller.scope(), id).await.map_err(from_store)?;
    Ok(Json(view(&caller, &buyer, &CapCounts::read(&caller).await?, &mut Names::new(&caller)).await?))
}

/// Changes of a buyer: members not named stay, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateBuyerRequest {
    /// What people call the buyer.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Short name; flows may name the buyer by it. Unique with its publisher.
    #[garde(inner(custom(is_code)))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.-]+$")]
    code: Option<String>,
    /// Its status from now on.
    #[garde(skip)]
    status: Option<BuyerStatus>,
    /// All limits anew: those not named are lifted.
    #[garde(skip)]
    caps: Option<Caps>,
    /// IANA zone its hours and caps are counted in.
    #[garde(inner(custom(is_time_zone)))]
    #[schema(min_length = 1, max_length = 64)]
    time_zone: Option<String>,
    /// When the buyer takes calls; null: always.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    hours: Option<Option<Hours>>,
    /// Which calls the buyer takes: replaces all of it.
    #[garde(skip)]
    filters: Option<Filters>,
    /// Share of calls under the weighted strategy, against those of the others.
    #[garde(range(max = 1_000_000))]
    #[schema(maximum = 1_000_000)]
    weight: Option<u32>,
    /// Lower is tried earlier.
    #[garde(skip)]
    priority: Option<i32>,
    /// What integrations keep with it: replaces all of it.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Changes a buyer.
#[utoipa::path(patch, path = "/api/v1/buyers/{id}", operation_id = "updateBuyer", params(("id" = Uuid, Path, description = "The buyer's id")),
    request_body = UpdateBuyerRequest, responses((status = 200, description = "The buyer", body = Buyer)))]
async fn update(
    caller: Caller,
    PathId(id): PathId<BuyerId>,
    Body(body): Body<UpdateBuyerRequest>,
) -> ApiResult<Json<Buyer>> {
    let mut names = Names::new(&caller);
    let mut buyer = caller.directory().buyers.get(caller.scope(), id).await.map_err(from_store)?;
    let counts = CapCounts::read(&caller).await?;
    let before = view(&caller, &buyer, &counts, &mut names).await?;
    let mut faults = Vec::new();
    buyer.name = body.name.unwrap_or(buyer.name);
    buyer.code = body.code.unwrap_or(buyer.code);
    buyer.status = body.status.map_or(buyer.status, |status| status.0);
    buyer.caps = body.caps.map_or(buyer.caps, Caps::stored);
    buyer.time_zone = body.time_zone.unwrap_or(buyer.time_zone);
    if let Some(hours) = body.hours {
        buyer.hours = hours.map(|hours| hours.stored(&mut faults));
    }
    if let Some(filters) = body.filters {
        buyer.filters = filters.stored(&mut faults);
    }
    buyer.weight = body.weight.unwrap_or(buyer.weight);
    buyer.priority = body.priority.unwrap_or(buyer.priority);
    buyer.metadata = body.metadata.map_or(buyer.metadata, |metadata| metadata.0);
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    let saved = caller.directory().buyers.save(caller.target(), &buyer, caller.now()).await.map_err(from_store)?;
    let after = view(&caller, &saved, &counts, &mut names).await?;
    caller.audit(Done::Update, operations::Buyer::NAME, id, &before, &after).await;
    Ok(Json(after))
}

/// Removes a buyer that no call needs, with its endpoints; make it INACTIVE otherwise.
#[utoipa::path(delete, path = "/api/v1/buyers/{id}", operation_id = "deleteBuyer", params(("id" = Uuid, Path, description = "The buyer's id")),
    responses((status = 204, description = "Removed")))]
async fn remove(caller: Caller, PathId(id): PathId<BuyerId>) -> ApiResult<StatusCode> {
    let buyer = caller.directory().buyers.get(caller.scope(), id).await.map_err(from_store)?;
    let before = view(&caller, &buyer, &CapCounts::read(&caller).await?, &mut Names::new(&caller)).await?;
    caller.directory().buyers.remove(caller.target(), id).await.map_err(from_store)?;
    caller.audit(Done::Delete, operations::Buyer::NAME, id, &before, &()).await;
    Ok(StatusCode::NO_CONTENT)
}
