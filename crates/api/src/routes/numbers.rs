//! Tracking numbers.

use axum::{Json, http::StatusCode};
use domain::{CampaignId, NumberId, PhoneNumber as E164};
use garde::Validate;
use operations::{Entity, Number, NumberCapabilities, NumberFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Metadata, Names, Ref, Time, nullable, wire_enum},
};

wire_enum!(
    /// May a number be called?
    NumberStatus
);

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Numbers")
        .needs(Permission::NumbersRead, routes!(list))
        .needs(Permission::NumbersWrite, routes!(create))
        .needs(Permission::NumbersRead, routes!(read))
        .needs(Permission::NumbersWrite, routes!(update))
        .needs(Permission::NumbersDelete, routes!(release))
}

/// What a number can do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Capabilities {
    /// Calls.
    voice: bool,
    /// Text messages.
    sms: bool,
    /// Pictures.
    mms: bool,
    /// Fax.
    fax: bool,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self::of(NumberCapabilities::default())
    }
}

impl Capabilities {
    fn of(stored: NumberCapabilities) -> Self {
        Self { voice: stored.voice, sms: stored.sms, mms: stored.mms, fax: stored.fax }
    }

    fn stored(self) -> NumberCapabilities {
        NumberCapabilities { voice: self.voice, sms: self.sms, mms: self.mms, fax: self.fax }
    }
}

/// Changes of capabilities: those not named stay.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapabilityChanges {
    voice: Option<bool>,
    sms: Option<bool>,
    mms: Option<bool>,
    fax: Option<bool>,
}

/// A tracking number.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhoneNumber {
    id: Uuid,
    tenant_id: Uuid,
    /// E.164.
    #[schema(example = "+15551234567")]
    number: String,
    status: NumberStatus,
    /// `local`, `signalwire`, `telnyx`, `bandwidth`.
    #[schema(example = "local")]
    provider: Option<String>,
    capabilities: Capabilities,
    carrier_id: Option<Uuid>,
    trunk_id: Option<Uuid>,
    campaign_id: Option<Uuid>,
    /// What its calls are for.
    campaign: Option<Ref>,
    metadata: Metadata,
    purchased_at: Option<Time>,
    released_at: Option<Time>,
    created_at: Time,
    updated_at: Time,
}

async fn view(number: &Number, names: &mut Names<'_>) -> ApiResult<PhoneNumber> {
    Ok(PhoneNumber {
        id: number.id.uuid(),
        tenant_id: number.tenant.uuid(),
        number: number.number.to_string(),
        status: NumberStatus(number.status),
        provider: number.provider.clone(),
        capabilities: Capabilities::of(number.capabilities),
        carrier_id: number.carrier.map(|id| id.uuid()),
        trunk_id: number.trunk.map(|id| id.uuid()),
        campaign_id: number.campaign.map(CampaignId::uuid),
        campaign: names.campaign(number.campaign).await?,
        metadata: Metadata::of(&number.metadata),
        purchased_at: number.purchased_at.map(Time),
        released_at: number.released_at.map(Time),
        created_at: Time(number.created_at),
        updated_at: Time(number.updated_at),
    })
}

/// What a list of numbers is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct NumberQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<NumberStatus>)]
    status: Option<NumberStatus>,
    /// Only this campaign's.
    #[garde(skip)]
    campaign_id: Option<Uuid>,
    /// Only from this provider.
    #[garde(length(max = 64))]
    provider: Option<String>,
    /// Part of the number.
    #[garde(length(max = 32))]
    search: Option<String>,
}

/// Lists tracking numbers, newest first.
#[utoipa::path(get, path = "/api/v1/numbers", operation_id = "listNumbers", params(PageQuery, NumberQuery),
    responses((status = 200, description = "A page of numbers", body = List<PhoneNumber>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery>,
    Query(query): Query<NumberQuery>,
) -> ApiResult<Json<List<PhoneNumber>>> {
    let filter = NumberFilter {
        status: query.status.map(|status| status.0),
        campaign: query.campaign_id.map(CampaignId),
        provider: query.provider,
        search: query.search,
    };
    let found = caller.directory().numbers.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    let mut names = Names::new(&caller);
    let mut views = Vec::with_capacity(found.items.len());
    for number in &found.items {
        views.push(view(number, &mut names).await?);
    }
    Ok(Json(page.list(views, found.total, found.next)))
}

/// A new number. Either `number`, which the tenant has already, or, once a provider is configured, what to search for.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProvisionNumberRequest {
    /// E.164, or as people write it.
    #[garde(length(min = 3, max = 32))]
    #[schema(example = "+15551234567", min_length = 3, max_length = 32)]
    number: String,
    /// Where it came from.
    #[garde(length(max = 64))]
    #[schema(example = "local", default = "local")]
    provider: Option<String>,
    /// What it can do; voice unless said otherwise.
    #[garde(skip)]
    capabilities: Option<Capabilities>,
    #[garde(skip)]
    carrier_id: Option<Uuid>,
    #[garde(skip)]
    trunk_id: Option<Uuid>,
    /// What its calls are for.
    #[garde(skip)]
    campaign_id: Option<Uuid>,
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Adds a number.
#[utoipa::path(post, path = "/api/v1/numbers", operation_id = "createNumber", request_body = ProvisionNumberRequest,
    responses((status = 201, description = "The number", body = PhoneNumber)))]
async fn create(
    caller: Caller,
    Body(body): Body<ProvisionNumberRequest>,
) -> ApiResult<(StatusCode, Json<PhoneNumber>)> {
    let now = caller.now();
    let parsed = E164::from_dialled(&body.number);
    let number = Number {
        id: caller.state.next_id(),
        tenant: caller.principal.tenant,
        number: parsed.map_err(|error| ApiError::validation(vec![Fault::body("number", format!("is {error}"))]))?,
        provider: Some(body.provider.unwrap_or_else(|| "local".to_owned())),
        carrier: body.carrier_id.map(Into::into),
        trunk: body.trunk_id.map(Into::into),
        campaign: body.campaign_id.map(Into::into),
        status: operations::NumberStatus::Active,
        capabilities: body.capabilities.unwrap_or_default().stored(),
        metadata: Metadata::or_empty(body.metadata),
        purchased_at: Some(now),
        released_at: None,
        created_at: now,
        updated_at: now,
    };
    caller.directory().numbers.insert(caller.scope(), &number).await.map_err(from_store)?;
    let shown = view(&number, &mut Names::new(&caller)).await?;
    caller.audit(Done::Create, Number::NAME, number.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Reads a number.
#[utoipa::path(get, path = "/api/v1/numbers/{id}", operation_id = "getNumber", params(("id" = Uuid, Path, description = "The number's id")),
    responses((status = 200, description = "The number", body = PhoneNumber)))]
async fn read(caller: Caller, PathId(id): PathId<NumberId>) -> ApiResult<Json<PhoneNumber>> {
    let number = caller.directory().numbers.get(caller.scope(), id).await.map_err(from_store)?;
    Ok(Json(view(&number, &mut Names::new(&caller)).await?))
}

/// Changes of a number: members not named stay, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateNumberRequest {
    #[garde(skip)]
    status: Option<NumberStatus>,
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    campaign_id: Option<Option<Uuid>>,
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    carrier_id: Option<Option<Uuid>>,
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    trunk_id: Option<Option<Uuid>>,
    #[garde(skip)]
    capabilities: Option<CapabilityChanges>,
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Changes a number.
#[utoipa::path(patch, path = "/api/v1/numbers/{id}", operation_id = "updateNumber", params(("id" = Uuid, Path, description = "The number's id")),
    request_body = UpdateNumberRequest, responses((status = 200, description = "The number", body = PhoneNumber)))]
async fn update(
    caller: Caller,
    PathId(id): PathId<NumberId>,
    Body(body): Body<UpdateNumberRequest>,
) -> ApiResult<Json<PhoneNumber>> {
    let mut names = Names::new(&caller);
    let mut number = caller.directory().numbers.get(caller.scope(), id).await.map_err(from_store)?;
    let before = view(&number, &mut names).await?;
    if let Some(status) = body.status {
        number.status = status.0;
    }
    if let Some(campaign) = body.campaign_id {
        number.campaign = campaign.map(Into::into);
    }
    if let Some(carrier) = body.carrier_id {
        number.carrier = carrier.map(Into::into);
    }
    if let Some(trunk) = body.trunk_id {
        number.trunk = trunk.map(Into::into);
    }
    if let Some(changes) = body.capabilities {
        let held = &mut number.capabilities;
        for (place, change) in [
            (&mut held.voice, changes.voice),
            (&mut held.sms, changes.sms),
            (&mut held.mms, changes.mms),
            (&mut held.fax, changes.fax),
        ] {
            *place = change.unwrap_or(*place);
        }
    }
    if let Some(metadata) = body.metadata {
        number.metadata = metadata.0;
    }
    let number = caller.directory().numbers.save(caller.scope(), &number, caller.now()).await.map_err(from_store)?;
    let after = view(&number, &mut names).await?;
    caller.audit(Done::Update, Number::NAME, id, &before, &after).await;
    Ok(Json(after))
}

/// Gives a number back: it takes no more calls, and what was on it stays.
#[utoipa::path(delete, path = "/api/v1/numbers/{id}", operation_id = "releaseNumber", params(("id" = Uuid, Path, description = "The number's id")),
    responses((status = 204, description = "Given back")))]
async fn release(caller: Caller, PathId(id): PathId<NumberId>) -> ApiResult<StatusCode> {
    let mut names = Names::new(&caller);
    let mut number = caller.directory().numbers.get(caller.scope(), id).await.map_err(from_store)?;
    let before = view(&number, &mut names).await?;
    let now = caller.now();
    number.status = operations::NumberStatus::Inactive;
    number.released_at = Some(now);
    let number = caller.directory().numbers.save(caller.scope(), &number, now).await.map_err(from_store)?;
    caller.audit(Done::Delete, Number::NAME, id, &before, &view(&number, &mut names).await?).await;
    Ok(StatusCode::NO_CONTENT)
}
