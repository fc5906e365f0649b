//! Campaigns: what calls are for.

use axum::{Json, http::StatusCode};
use domain::{CampaignId, Strategy};
use garde::Validate;
use operations::{CampaignCounts, CampaignFilter, Entity, Side};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::{from_store, whole_secs},
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Amount, Metadata, Names, Ref, Time, is_time_zone, nullable, wire_enum},
};

wire_enum!(
    /// Does a campaign take calls?
    CampaignStatus,
    /// Who orders the buyers of a campaign's calls.
    RoutingMode,
);

/// Buyers a campaign may name.
const BUYERS_MAX: usize = 1_000;
/// Longest conversion time, seconds: a day.
const AFTER_SECONDS_MAX: u64 = 86_400;

/// Longest name of a prompt.
const PROMPT_CHARS_MAX: usize = 500;

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Campaigns")
        .sided(Permission::CampaignsRead, routes!(list))
        .needs(Permission::CampaignsWrite, routes!(create))
        .sided(Permission::CampaignsRead, routes!(read))
        .sided(Permission::CampaignsWrite, routes!(update))
        .needs(Permission::CampaignsDelete, routes!(remove))
}

/// How candidates are put in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RoutingStrategy {
    RoundRobin,
    Weighted,
    Priority,
    LeastCalls,
    Performance,
    Hybrid,
}

impl RoutingStrategy {
    const fn stored(self) -> Strategy {
        match self {
            Self::RoundRobin => Strategy::RoundRobin,
            Self::Weighted => Strategy::Weighted,
            Self::Priority => Strategy::Priority,
            Self::LeastCalls => Strategy::LeastCalls,
            Self::Performance => Strategy::Performance,
            Self::Hybrid => Strategy::Hybrid,
        }
    }

    const fn of(strategy: Strategy) -> Self {
        match strategy {
            Strategy::RoundRobin => Self::RoundRobin,
            Strategy::Weighted => Self::Weighted,
            Strategy::Priority => Self::Priority,
            Strategy::LeastCalls => Self::LeastCalls,
            Strategy::Performance => Self::Performance,
            Strategy::Hybrid => Self::Hybrid,
        }
    }
}

/// What the publisher earns for a call.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CampaignPayout)]
pub struct Payout {
    /// What the publisher earns for a call.
    #[garde(skip)]
    amount: Amount,
    /// Seconds connected after which it is earned.
    #[garde(range(max = AFTER_SECONDS_MAX))]
    #[schema(example = 60, maximum = 86_400)]
    after_seconds: u64,
}

impl Payout {
    fn stored(self, faults: &mut Vec<Fault>) -> routing::CampaignPayout {
        if self.amount.0 < domain::Micros::ZERO {
            faults.push(Fault::body("payout.amount", "must not be negative"));
        }
        routing::CampaignPayout { amount: self.amount.0, after_ms: self.after_seconds.saturating_mul(1_000) }
    }
}

/// A campaign.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Campaign {
    /// The campaign's id.
    id: Uuid,
    /// The tenant the campaign belongs to.
    tenant_id: Uuid,
    /// Absent for buyers.
    publisher_id: Option<Uuid>,
    /// The publisher that brings its calls.
    publisher: Option<Ref>,
    /// What people call the campaign.
    #[schema(example = "Solar, west")]
    name: String,
    /// Only an `ACTIVE` campaign takes calls.
    status: CampaignStatus,
    /// Absent for publishers and buyers.
    routing_mode: Option<RoutingMode>,
    /// For flow nodes that name no strategy.
    strategy: Option<RoutingStrategy>,
    /// Who takes its calls; empty: the publisher's buyers. Absent for publishers and buyers.
    buyer_ids: Option<Vec<Uuid>>,
    /// What the publisher earns, in place of the endpoint's payout.
    payout: Option<Payout>,
    /// The flow it runs; null where there is none.
    flow_id: Option<Uuid>,
    /// The flow its calls run; null where there is none.
    flow: Option<Ref>,
    /// IANA zone of its hours; absent: the tenant's.
    time_zone: Option<String>,
    /// Record from the first answer on, whatever the flow says.
    record: bool,
    /// The numbers its outbound calls show.
    caller_id_pool_id: Option<Uuid>,
    /// The prompt its outbound calls begin with.
    #[schema(example = "ivr/ivr-welcome.wav")]
    intro_audio: Option<String>,
    /// What integrations keep with the campaign.
    metadata: Metadata,
    /// Calls so far.
    calls: u64,
    /// Numbers of it. Absent for publishers and buyers.
    phone_numbers: Option<u64>,
    /// When the campaign was made.
    created_at: Time,
    /// When the campaign last changed.
    updated_at: Time,
}

async fn view(
    campaign: &operations::Campaign,
    counts: Option<&CampaignCounts>,
    names: &mut Names<'_>,
) -> ApiResult<Campaign> {
    Ok(Campaign {
        id: campaign.id.uuid(),
        tenant_id: campaign.tenant.uuid(),
        publisher_id: Some(campaign.publisher.uuid()),
        publisher: names.publisher(Some(campaign.publisher)).await?,
        name: campaign.name.clone(),
        status: CampaignStatus(campaign.status),
        routing_mode: Some(RoutingMode(campaign.routing_mode)),
        strategy: campaign.strategy.map(RoutingStrategy::of),
        buyer_ids: Some(campaign.buyers.iter().map(|id| id.uuid()).collect()),
        payout: campaign
            .payout
            .map(|payout| Payout { amount: Amount(payout.amount), after_seconds: whole_secs(payout.after_ms) }),
        flow_id: campaign.flow.map(|id| id.uuid()),
        flow: names.flow(campaign.flow).await?,
        time_zone: campaign.time_zone.clone(),
        record: campaign.record,
        caller_id_pool_id: campaign.caller_id_pool.map(|id| id.uuid()),
        intro_audio: campaign.intro_audio.clone(),
        metadata: Metadata::of(&campaign.metadata),
        calls: counts.map_or(0, |counts| counts.calls),
        phone_numbers: Some(counts.map_or(0, |counts| counts.numbers)),
        created_at: Time(campaign.created_at),
        updated_at: Time(campaign.updated_at),
    })
}

impl Campaign {
    /// What one side knows of its campaign: not who else is in it, and not how the tenant decides. A buyer does not learn whose it
    /// is and what they earn.
    fn for_side(self, side: Side) -> Self {
        if side.is_whole() {
            return self;
        }
        let common = Self {
            routing_mode: None,
            strategy: None,
            buyer_ids: None,
            flow_id: None,
            flow: None,
            caller_id_pool_id: None,
            intro_audio: None,
            metadata: Metadata::default_object(),
            phone_numbers: None,
            ..self
        };
        match side {
            Side::Buyer(_) => Self { publisher_id: None, publisher: None, payout: None, ..common },
            _ => common,
        }
    }
}

async fn view_with_counts(caller: &Caller, campaign: &operations::Campaign) -> ApiResult<Campaign> {
    let counts = caller.directory().calls.campaign_counts(caller.scope(), &[campaign.id]).await.map_err(from_store)?;
    Ok(view(campaign, counts.first(), &mut Names::new(caller)).await?.for_side(caller.side()))
}

/// What a list of campaigns is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct CampaignQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<CampaignStatus>)]
    status: Option<CampaignStatus>,
    /// Only this publisher's.
    #[garde(skip)]
    publisher_id: Option<Uuid>,
    /// Only those that run this flow.
    #[garde(skip)]
    flow_id: Option<Uuid>,
    /// Part of the name.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// Lists campaigns, newest first.
#[utoipa::path(get, path = "/api/v1/campaigns", operation_id = "listCampaigns", params(PageQuery<operations::Campaign>, CampaignQuery),
    responses((status = 200, description = "A page of campaigns", body = List<Campaign>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<operations::Campaign>>,
    Query(query): Query<CampaignQuery>,
) -> ApiResult<Json<List<Campaign>>> {
    let filter = CampaignFilter {
        status: query.status.map(|status| status.0),
        publisher: query.publisher_id.map(Into::into),
        flow: query.flow_id.map(Into::into),
        names: Vec::new(),
        search: query.search,
    };
    let directory = caller.directory();
    let found = directory.campaigns.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    let ids: Vec<CampaignId> = found.items.iter().map(|campaign| campaign.id).collect();
    let counts = directory.calls.campaign_counts(caller.scope(), &ids).await.map_err(from_store)?;
    let mut names = Names::new(&caller);
    let mut views = Vec::with_capacity(found.items.len());
    for campaign in &found.items {
        let counts = counts.iter().find(|counts| counts.campaign == campaign.id);
        views.push(view(campaign, counts, &mut names).await?.for_side(caller.side()));
    }
    Ok(Json(page.list(views, found.total, found.next)))
}

/// A new campaign.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateCampaignRequest {
    /// What people call the campaign.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Solar, west")]
    name: String,
    /// One of the tenant's publishers, that brings its calls.
    #[garde(skip)]
    publisher_id: Uuid,
    /// One of the tenant's flows, that its calls run.
    #[garde(skip)]
    flow_id: Option<Uuid>,
    /// `ACTIVE` unless said otherwise.
    #[garde(skip)]
    status: Option<CampaignStatus>,
    /// `STATIC` unless said otherwise.
    #[garde(skip)]
    routing_mode: Option<RoutingMode>,
    /// How buyers are put in order where the flow does not say.
    #[garde(skip)]
    strategy: Option<RoutingStrategy>,
    /// Who takes its calls; empty: the publisher's buyers.
    #[garde(length(max = BUYERS_MAX))]
    #[serde(default)]
    #[schema(max_items = 1_000)]
    buyer_ids: Vec<Uuid>,
    /// What the publisher earns, in place of the endpoint's payout.
    #[garde(dive)]
    payout: Option<Payout>,
    /// IANA zone of its hours; absent: the tenant's.
    #[garde(inner(custom(is_time_zone)))]
    #[schema(min_length = 1, max_length = 64, example = "America/New_York")]
    time_zone: Option<String>,
    /// Record from the first answer on, whatever the flow says.
    #[garde(skip)]
    #[serde(default)]
    record: bool,
    /// The pool whose numbers are shown to people it calls.
    #[garde(skip)]
    caller_id_pool_id: Option<Uuid>,
    /// The prompt its outbound calls begin with.
    #[garde(length(chars, min = 1, max = PROMPT_CHARS_MAX))]
    #[schema(min_length = 1, max_length = 500, example = "ivr/ivr-welcome.wav")]
    intro_audio: Option<String>,
    /// What integrations keep with it; `{}` unless given.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Adds a campaign. 404 when the publisher, the flow or a buyer is not the tenant's.
#[utoipa::path(post, path = "/api/v1/campaigns", operation_id = "createCampaign", request_body = CreateCampaignRequest,
    responses((status = 201, description = "The campaign", body = Campaign),
        (status = 404, description = "Publisher, flow or buyer not found", body = crate::Problem, content_type = "application/problem+json")))]
async fn create(caller: Caller, Body(body): Body<CreateCampaignRequest>) -> ApiResult<(StatusCode, Json<Campaign>)> {
    let now = caller.now();
    let mut faults = Vec::new();
    let campaign = operations::Campaign {
        id: caller.new_id(),
        tenant: caller.principal.tenant,
        publisher: body.publisher_id.into(),
        name: body.name,
        status: body.status.map_or(operations::CampaignStatus::Active, |status| status.0),
        routing_mode: body.routing_mode.map_or(operations::RoutingMode::Static, |mode| mode.0),
        strategy: body.strategy.map(RoutingStrategy::stored),
        buyers: body.buyer_ids.into_iter().map(Into::into).collect(),
        payout: body.payout.map(|payout| payout.stored(&mut faults)),
        flow: body.flow_id.map(Into::into),
        time_zone: body.time_zone,
        record: body.record,
        caller_id_pool: body.caller_id_pool_id.map(Into::into),
        intro_audio: body.intro_audio,
        metadata: Metadata::or_empty(body.metadata),
        created_at: now,
        updated_at: now,
    };
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    check_pool(&caller, &campaign).await?;
    check_flow(&caller, &campaign).await?;
    caller.insert(&*caller.directory().campaigns, caller.scope(), campaign.id, &campaign).await?;
    let shown = view_with_counts(&caller, &campaign).await?;
    caller.audit(Done::Create, operations::Campaign::NAME, campaign.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Reads a campaign.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}", operation_id = "getCampaign", params(("id" = Uuid, Path, description = "The campaign's id")),
    responses((status = 200, description = "The campaign", body = Campaign)))]
async fn read(caller: Caller, PathId(id): PathId<CampaignId>) -> ApiResult<Json<Campaign>> {
    let campaign = caller.directory().campaigns.get(caller.scope(), id).await.map_err(from_store)?;
    Ok(Json(view_with_counts(&caller, &campaign).await?))
}

/// Changes of a campaign: members not named stay, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateCampaignRequest {
    /// What people call the campaign.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// One of the tenant's publishers, that brings its calls.
    #[garde(skip)]
    publisher_id: Option<Uuid>,
    /// One of the tenant's flows, that its calls run; null: none.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    flow_id: Option<Option<Uuid>>,
    /// Its status from now on.
    #[garde(skip)]
    status: Option<CampaignStatus>,
    /// How buyers are chosen: as the strategy says (`STATIC`), by performance, or by both.
    #[garde(skip)]
    routing_mode: Option<RoutingMode>,
    /// How buyers are put in order where the flow does not say.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    strategy: Option<Option<RoutingStrategy>>,
    /// Who takes its calls; empty: the publisher's buyers.
    #[garde(length(max = BUYERS_MAX))]
    #[schema(max_items = 1_000)]
    buyer_ids: Option<Vec<Uuid>>,
    /// What the publisher earns, in place of the endpoint's payout; null: that.
    #[garde(dive)]
    #[serde(default, deserialize_with = "nullable")]
    payout: Option<Option<Payout>>,
    /// IANA zone of its hours; null: the tenant's.
    #[garde(inner(inner(custom(is_time_zone))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(min_length = 1, max_length = 64)]
    time_zone: Option<Option<String>>,
    /// Record from the first answer on, whatever the flow says.
    #[garde(skip)]
    record: Option<bool>,
    /// The pool whose numbers are shown to people it calls; null: none.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    caller_id_pool_id: Option<Option<Uuid>>,
    /// The prompt its outbound calls begin with; null: none.
    #[garde(inner(inner(length(chars, min = 1, max = PROMPT_CHARS_MAX))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(min_length = 1, max_length = 500)]
    intro_audio: Option<Option<String>>,
    /// What integrations keep with it: replaces all of it.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

impl UpdateCampaignRequest {
    /// Members a publisher may not change: money, and who takes the calls.
    fn kept_by_the_tenant(&self) -> Option<&'static str> {
        let named = [
            ("publisherId", self.publisher_id.is_some()),
            ("flowId", self.flow_id.is_some()),
            ("routingMode", self.routing_mode.is_some()),
            ("strategy", self.strategy.is_some()),
            ("buyerIds", self.buyer_ids.is_some()),
            ("payout", self.payout.is_some()),
            ("record", self.record.is_some()),
            ("callerIdPoolId", self.caller_id_pool_id.is_some()),
            ("introAudio", self.intro_audio.is_some()),
            ("metadata", self.metadata.is_some()),
        ];
        named.into_iter().find_map(|(name, is_named)| is_named.then_some(name))
    }
}

/// Changes a campaign. A publisher changes name, status and time zone of their own; a buyer nothing.
#[utoipa::path(patch, path = "/api/v1/campaigns/{id}", operation_id = "updateCampaign", params(("id" = Uuid, Path, description = "The campaign's id")),
    request_body = UpdateCampaignRequest, responses((status = 200, description = "The campaign", body = Campaign)))]
async fn update(
    caller: Caller,
    PathId(id): PathId<CampaignId>,
    Body(body): Body<UpdateCampaignRequest>,
) -> ApiResult<Json<Campaign>> {
    let mut campaign = caller.directory().campaigns.get(caller.scope(), id).await.map_err(from_store)?;
    let kept = match caller.side() {
        Side::Whole => None,
        Side::Publisher(_) => body.kept_by_the_tenant(),
        Side::Buyer(_) => Some("a campaign"),
    };
    if let Some(kept) = kept {
        return Err(ApiError::forbidden(format!("Permission denied: {kept} is changed by the tenant only")));
    }
    let before = view_with_counts(&caller, &campaign).await?;
    let (ran, stood) = (campaign.flow, campaign.status);
    apply(&mut campaign, body)?;
    check_pool(&caller, &campaign).await?;
    if (ran, stood) != (campaign.flow, campaign.status) {
        check_flow(&caller, &campaign).await?;
    }
    let saved =
        caller.directory().campaigns.save(caller.target(), &campaign, caller.now()).await.map_err(from_store)?;
    let after = view_with_counts(&caller, &saved).await?;
    caller.audit(Done::Update, operations::Campaign::NAME, id, &before, &after).await;
    Ok(Json(after))
}

/// The pool is the tenant's own, or 404.
async fn check_pool(caller: &Caller, campaign: &operations::Campaign) -> ApiResult<()> {
    match campaign.caller_id_pool {
        Some(pool) => {
            caller.directory().caller_id_pools.get(caller.tenant_scope(), pool).await.map(drop).map_err(from_store)
        }
        None => Ok(()),
    }
}

/// What calls are to run is not archived, or 409. That it is the tenant's own the store sees to.
async fn check_flow(caller: &Caller, campaign: &operations::Campaign) -> ApiResult<()> {
    let Some(flow) = campaign.flow.filter(|_| campaign.status != operations::CampaignStatus::Archived) else {
        return Ok(());
    };
    let found = caller.directory().flows.find(caller.tenant_scope(), flow).await.map_err(from_store)?;
    match found {
        Some(flow) if flow.status == operations::FlowStatus::Archived => {
            let message = format!("The flow \"{}\" is archived; publish a version of it, or name another", flow.name);
            Err(ApiError::conflict(message))
        }
        _ => Ok(()),
    }
}

fn apply(campaign: &mut operations::Campaign, body: UpdateCampaignRequest) -> ApiResult<()> {
    let mut faults = Vec::new();
    if let Some(name) = body.name {
        campaign.name = name;
    }
    if let Some(publisher) = body.publisher_id {
        campaign.publisher = publisher.into();
    }
    if let Some(flow) = body.flow_id {
        campaign.flow = flow.map(Into::into);
    }
    if let Some(status) = body.status {
        campaign.status = status.0;
    }
    if let Some(mode) = body.routing_mode {
        campaign.routing_mode = mode.0;
    }
    if let Some(strategy) = body.strategy {
        campaign.strategy = strategy.map(RoutingStrategy::stored);
    }
    if let Some(buyers) = body.buyer_ids {
        campaign.buyers = buyers.into_iter().map(Into::into).collect();
    }
    if let Some(payout) = body.payout {
        campaign.payout = payout.map(|payout| payout.stored(&mut faults));
    }
    if let Some(zone) = body.time_zone {
        campaign.time_zone = zone;
    }
    if let Some(record) = body.record {
        campaign.record = record;
    }
    if let Some(pool) = body.caller_id_pool_id {
        campaign.caller_id_pool = pool.map(Into::into);
    }
    if let Some(prompt) = body.intro_audio {
        campaign.intro_audio = prompt;
    }
    if let Some(metadata) = body.metadata {
        campaign.metadata = metadata.0;
    }
    if faults.is_empty() { Ok(()) } else { Err(ApiError::validation(faults)) }
}

/// Removes a campaign that no number or call needs; archive it otherwise.
#[utoipa::path(delete, path = "/api/v1/campaigns/{id}", operation_id = "deleteCampaign", params(("id" = Uuid, Path, description = "The campaign's id")),
    responses((status = 204, description = "Removed")))]
async fn remove(caller: Caller, PathId(id): PathId<CampaignId>) -> ApiResult<StatusCode> {
    let campaign = caller.directory().campaigns.get(caller.scope(), id).await.map_err(from_store)?;
    let before = view_with_counts(&caller, &campaign).await?;
    caller.directory().campaigns.remove(caller.target(), id).await.map_err(from_store)?;
    caller.audit(Done::Delete, operations::Campaign::NAME, id, &before, &()).await;
    Ok(StatusCode::NO_CONTENT)
}
