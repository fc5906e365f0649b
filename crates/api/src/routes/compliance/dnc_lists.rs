//! Do-not-call lists.

use axum::{Json, http::StatusCode};
use domain::{CampaignId, DncListId};
use garde::Validate;
use operations::{DNC_LISTS_MAX, DncListFilter, DncListStatus, PageRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    crud::set,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Metadata, Time, nullable, wire_enum},
};

wire_enum!(
    /// Whose calls a list is consulted for.
    DncListType,
);

/// Campaigns a list may be attached to.
const CAMPAIGNS_MAX: usize = 1_000;
/// Rows deleted in one transaction, so that calls are not held up.
const PURGED_AT_ONCE: u32 = 5_000;
/// Entity name of audit entries.
const ENTITY: &str = "compliance.dnc_list";

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Compliance")
        .needs(Permission::ComplianceRead, routes!(list))
        .needs(Permission::ComplianceWrite, routes!(create))
        .needs(Permission::ComplianceRead, routes!(read))
        .needs(Permission::ComplianceWrite, routes!(update))
        .needs(Permission::ComplianceWrite, routes!(remove))
}

/// Is a list consulted?
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DncStatus {
    #[serde(alias = "ACTIVE")]
    Active,
    #[serde(alias = "INACTIVE")]
    Inactive,
}

impl DncStatus {
    const fn stored(self) -> DncListStatus {
        match self {
            Self::Active => DncListStatus::Active,
            Self::Inactive => DncListStatus::Inactive,
        }
    }

    const fn of(status: DncListStatus) -> Self {
        match status {
            DncListStatus::Active => Self::Active,
            DncListStatus::Inactive => Self::Inactive,
        }
    }
}

/// A do-not-call list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DncList {
    /// The list's id.
    id: Uuid,
    /// The tenant the list belongs to.
    tenant_id: Uuid,
    /// What people call the list.
    #[schema(example = "Federal registry")]
    name: String,
    /// `GLOBAL` for every call, `CAMPAIGN` for one campaign, `CUSTOM` as it says.
    #[serde(rename = "type")]
    kind: DncListType,
    /// Only an `active` list is consulted.
    status: DncStatus,
    /// The campaign of a CAMPAIGN list.
    campaign_id: Option<Uuid>,
    /// The campaigns a CUSTOM list is attached to.
    campaign_ids: Vec<Uuid>,
    /// A CUSTOM list for every call.
    applies_to_all: bool,
    /// Must it be scrubbed as often as the policy says? An older one then forbids calls.
    must_be_fresh: bool,
    /// When it was last compared with its source.
    scrubbed_at: Option<Time>,
    /// Numbers on it.
    entry_count: u64,
    /// Counts changes of its entries; verdicts name it.
    version: u64,
    /// What integrations keep with the list.
    metadata: Metadata,
    /// When the list was made.
    created_at: Time,
    /// When the list last changed.
    updated_at: Time,
}

fn view(list: &operations::DncList) -> DncList {
    DncList {
        id: list.id.uuid(),
        tenant_id: list.tenant.uuid(),
        name: list.name.clone(),
        kind: DncListType(list.kind),
        status: DncStatus::of(list.status),
        campaign_id: list.campaign.map(|id| id.uuid()),
        campaign_ids: list.campaigns.iter().map(|id| id.uuid()).collect(),
        applies_to_all: list.applies_to_all,
        must_be_fresh: list.must_be_fresh,
        scrubbed_at: list.scrubbed_at.map(Time),
        entry_count: list.entry_count,
        version: list.version,
        metadata: Metadata::of(&list.metadata),
        created_at: Time(list.created_at),
        updated_at: Time(list.updated_at),
    }
}

/// What a list of lists is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct DncListQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<DncListType>)]
    #[serde(rename = "type")]
    kind: Option<DncListType>,
    /// Only these.
    #[garde(skip)]
    status: Option<DncStatus>,
    /// Part of the name.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// Lists do-not-call lists, newest first.
#[utoipa::path(get, path = "/api/v1/compliance/dnc-lists", operation_id = "listDncLists", params(PageQuery<operations::DncList>, DncListQuery),
    responses((status = 200, description = "A page of lists", body = List<DncList>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<operations::DncList>>,
    Query(query): Query<DncListQuery>,
) -> ApiResult<Json<List<DncList>>> {
    let filter = DncListFilter {
        kind: query.kind.map(|kind| kind.0),
        status: query.status.map(DncStatus::stored),
        search: query.search,
    };
    let found = caller.directory().dnc_lists.list(caller.scope(), &filter, &page.request()).await;
    Ok(Json(page.envelope(found.map_err(from_store)?, |list| view(&list))))
}

/// A new list.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateDncListRequest {
    /// What people call the list.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Asked not to be called")]
    name: String,
    /// `GLOBAL` for every call, `CAMPAIGN` for one campaign, `CUSTOM` as it says.
    #[garde(skip)]
    #[serde(rename = "type")]
    kind: DncListType,
    /// The campaign of a CAMPAIGN list; not for others.
    #[garde(skip)]
    campaign_id: Option<Uuid>,
    /// The campaigns a CUSTOM list is attached to; not for others.
    #[garde(length(max = CAMPAIGNS_MAX))]
    #[serde(default)]
    #[schema(max_items = 1_000)]
    campaign_ids: Vec<Uuid>,
    /// A CUSTOM list for every call.
    #[garde(skip)]
    #[serde(default)]
    applies_to_all: bool,
    /// Must it be scrubbed as often as the policy says?
    #[garde(skip)]
    #[serde(default)]
    must_be_fresh: bool,
    /// When it was last compared with its source.
    #[garde(skip)]
    scrubbed_at: Option<Time>,
    /// What integrations keep with it; `{}` unless given.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Adds a list.
#[utoipa::path(post, path = "/api/v1/compliance/dnc-lists", operation_id = "createDncList", request_body = CreateDncListRequest,
    responses((status = 201, description = "The list", body = DncList),
        (status = 404, description = "A campaign is not the tenant's", body = crate::Problem, content_type = "application/problem+json")))]
async fn create(caller: Caller, Body(body): Body<CreateDncListRequest>) -> ApiResult<(StatusCode, Json<DncList>)> {
    let now = caller.now();
    let list = operations::DncList {
        id: caller.new_id(),
        tenant: caller.principal.tenant,
        name: body.name,
        kind: body.kind.0,
        status: DncListStatus::Active,
        campaign: body.campaign_id.map(Into::into),
        campaigns: body.campaign_ids.into_iter().map(Into::into).collect(),
        applies_to_all: body.applies_to_all,
        must_be_fresh: body.must_be_fresh,
        scrubbed_at: body.scrubbed_at.map(|time| time.0),
        version: 0,
        entry_count: 0,
        metadata: Metadata::or_empty(body.metadata),
        created_at: now,
        updated_at: now,
    };
    check(&caller, &list).await?;
    let lists = &caller.directory().dnc_lists;
    let first = PageRequest::number(1, 1);
    let held = lists.list(caller.scope(), &DncListFilter::default(), &first).await.map_err(from_store)?;
    if held.total.map_or(0, |total| total.count) >= DNC_LISTS_MAX {
        return Err(ApiError::conflict(format!("a tenant has {DNC_LISTS_MAX} do-not-call lists at most; remove one")));
    }
    caller.insert(&**lists, caller.scope(), list.id, &list).await?;
    let shown = view(&list);
    caller.audit(Done::Create, ENTITY, list.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// The rules between fields, and that campaigns are the tenant's own.
async fn check(caller: &Caller, list: &operations::DncList) -> ApiResult<()> {
    use operations::DncListType::{Campaign, Custom};
    let mut faults = Vec::new();
    if (list.kind == Campaign) != list.campaign.is_some() {
        let message =
            if list.kind == Campaign { "is required for a CAMPAIGN list" } else { "is for CAMPAIGN lists only" };
        faults.push(Fault::body("campaignId", message));
    }
    if list.kind != Custom && !list.campaigns.is_empty() {
        faults.push(Fault::body("campaignIds", "is for CUSTOM lists only"));
    }
    if list.kind != Custom && list.applies_to_all {
        faults.push(Fault::body("appliesToAll", "is for CUSTOM lists only"));
    }
    if list.scrubbed_at.is_some_and(|at| at > caller.now()) {
        faults.push(Fault::body("scrubbedAt", "must not be in the future"));
    }
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    let named: Vec<CampaignId> = list.campaign.into_iter().chain(list.campaigns.iter().copied()).collect();
    for campaign in named {
        caller.directory().campaigns.get(caller.scope(), campaign).await.map_err(from_store)?;
    }
    Ok(())
}

/// Reads a list.
#[utoipa::path(get, path = "/api/v1/compliance/dnc-lists/{id}", operation_id = "getDncList", params(("id" = Uuid, Path, description = "The list's id")),
    responses((status = 200, description = "The list", body = DncList)))]
async fn read(caller: Caller, PathId(id): PathId<DncListId>) -> ApiResult<Json<DncList>> {
    Ok(Json(view(&existing(&caller, id).await?)))
}

/// The list, or 404.
pub(super) async fn existing(caller: &Caller, id: DncListId) -> ApiResult<operations::DncList> {
    caller.directory().dnc_lists.get(caller.scope(), id).await.map_err(from_store)
}

/// Changes of a list: members not named stay, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateDncListRequest {
    /// What people call the list.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Its status from now on.
    #[garde(skip)]
    status: Option<DncStatus>,
    /// The campaigns a `CUSTOM` list is attached to.
    #[garde(length(max = CAMPAIGNS_MAX))]
    #[schema(max_items = 1_000)]
    campaign_ids: Option<Vec<Uuid>>,
    /// A `CUSTOM` list for every call.
    #[garde(skip)]
    applies_to_all: Option<bool>,
    /// Must it be scrubbed as often as the policy says? An older one then forbids calls.
    #[garde(skip)]
    must_be_fresh: Option<bool>,
    /// When it was last compared with its source, not in the future; null: never.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    scrubbed_at: Option<Option<Time>>,
    /// What integrations keep with it: replaces all of it.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Changes a list.
#[utoipa::path(patch, path = "/api/v1/compliance/dnc-lists/{id}", operation_id = "updateDncList", params(("id" = Uuid, Path, description = "The list's id")),
    request_body = UpdateDncListRequest, responses((status = 200, description = "The list", body = DncList)))]
async fn update(
    caller: Caller,
    PathId(id): PathId<DncListId>,
    Body(body): Body<UpdateDncListRequest>,
) -> ApiResult<Json<DncList>> {
    let mut list = existing(&caller, id).await?;
    let before = view(&list);
    set(&mut list.name, body.name);
    set(&mut list.status, body.status.map(DncStatus::stored));
    set(&mut list.campaigns, body.campaign_ids.map(|ids| ids.into_iter().map(Into::into).collect()));
    set(&mut list.applies_to_all, body.applies_to_all);
    set(&mut list.must_be_fresh, body.must_be_fresh);
    set(&mut list.scrubbed_at, body.scrubbed_at.map(|at| at.map(|time| time.0)));
    set(&mut list.metadata, body.metadata.map(|metadata| metadata.0));
    check(&caller, &list).await?;
    let saved = caller.directory().dnc_lists.save(caller.target(), &list, caller.now()).await.map_err(from_store)?;
    let after = view(&saved);
    caller.audit(Done::Update, ENTITY, id, &before, &after).await;
    Ok(Json(after))
}

/// Removes a list with all its entries, and with them the proof of what it held; set its status to `inactive` to keep that.
#[utoipa::path(delete, path = "/api/v1/compliance/dnc-lists/{id}", operation_id = "deleteDncList", params(("id" = Uuid, Path, description = "The list's id")),
    responses((status = 204, description = "Removed")))]
async fn remove(caller: Caller, PathId(id): PathId<DncListId>) -> ApiResult<StatusCode> {
    let list = existing(&caller, id).await?;
    let (scope, directory) = (caller.scope(), caller.directory());
    caller.check_match(Some(list.updated_at))?;
    if list.status == DncListStatus::Active {
        // Nobody consults half a list.
        let off = operations::DncList { status: DncListStatus::Inactive, ..list.clone() };
        directory.dnc_lists.save(caller.target(), &off, caller.now()).await.map_err(from_store)?;
    }
    while directory.dnc_entries.purge_dnc_entries(scope, id, PURGED_AT_ONCE).await.map_err(from_store)? > 0 {}
    directory.dnc_lists.remove(scope, id).await.map_err(from_store)?;
    caller.audit(Done::Delete, ENTITY, id, &view(&list), &()).await;
    Ok(StatusCode::NO_CONTENT)
}
