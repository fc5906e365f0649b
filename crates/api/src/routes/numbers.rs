//! Tracking numbers.

use axum::{Json, http::StatusCode};
use domain::{CampaignId, NumberId, PhoneNumber as E164};
use garde::Validate;
use operations::{
    Entity, LOCAL_PROVIDER, Number, NumberFilter, NumberPurpose, NumberSearch, Page, PageRequest, ProvisionError,
    Purchase, QuotaKind,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    capabilities::{Capabilities, CapabilityChanges, GivenCapabilities},
    named_campaign::{GivenCampaign, NamedCampaigns},
};
use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Amount, Metadata, Names, Ref, Time, nullable, wire_enum},
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

/// A tracking number.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhoneNumber {
    /// The number's id.
    id: Uuid,
    /// The tenant the number belongs to.
    tenant_id: Uuid,
    /// E.164.
    #[schema(example = "+12125550143")]
    number: String,
    /// Only an `ACTIVE` number takes calls.
    status: NumberStatus,
    /// `local`, `signalwire`, `telnyx`, `bandwidth`.
    #[schema(example = "local")]
    provider: Option<String>,
    /// What the number can do.
    capabilities: Capabilities,
    /// The carrier of the number.
    carrier_id: Option<Uuid>,
    /// The trunk its calls come in over; null where none is named.
    trunk_id: Option<Uuid>,
    /// The campaign its calls are for; null where there is none.
    campaign_id: Option<Uuid>,
    /// What its calls are for.
    campaign: Option<Ref>,
    /// The name people know it by.
    friendly_name: Option<String>,
    /// State or place.
    region: Option<String>,
    /// What it costs a month, in US dollars.
    monthly_price: Option<Amount>,
    /// What it was imported from.
    import_source: Option<String>,
    /// What integrations keep with the number.
    metadata: Metadata,
    /// When it was bought or added.
    purchased_at: Option<Time>,
    /// When it was given back; null: not.
    released_at: Option<Time>,
    /// When the number was made.
    created_at: Time,
    /// When the number last changed.
    updated_at: Time,
}

pub(super) async fn view(number: &Number, names: &mut Names<'_>) -> ApiResult<PhoneNumber> {
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
        friendly_name: number.friendly_name.clone(),
        region: number.region.clone(),
        monthly_price: number.monthly_price.map(Amount),
        import_source: number.import_source.clone(),
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
    #[garde(length(chars, max = 64))]
    #[param(max_length = 64)]
    provider: Option<String>,
    /// Part of the number.
    #[garde(length(chars, max = 32))]
    #[param(max_length = 32)]
    search: Option<String>,
}

impl NumberQuery {
    pub(super) fn filter(self) -> NumberFilter {
        NumberFilter {
            status: self.status.map(|status| status.0),
            campaign: self.campaign_id.map(CampaignId),
            provider: self.provider,
            numbers: Vec::new(),
            search: self.search,
        }
    }
}

/// Lists tracking numbers, newest first.
#[utoipa::path(get, path = "/api/v1/numbers", operation_id = "listNumbers", params(PageQuery<operations::Number>, NumberQuery),
    responses((status = 200, description = "A page of numbers", body = List<PhoneNumber>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<operations::Number>>,
    Query(query): Query<NumberQuery>,
) -> ApiResult<Json<List<PhoneNumber>>> {
    let found = page_of(&caller, &query.filter(), &page.request()).await?;
    Ok(Json(page.list(found.items, found.total, found.next)))
}

/// A page as shown.
pub(super) async fn page_of(
    caller: &Caller,
    filter: &NumberFilter,
    page: &PageRequest,
) -> ApiResult<Page<PhoneNumber>> {
    let found = caller.directory().numbers.list(caller.scope(), filter, page).await.map_err(from_store)?;
    Ok(Page { items: views(caller, &found.items).await?, total: found.total, next: found.next })
}

/// As shown, in the same order.
pub(super) async fn views(caller: &Caller, numbers: &[Number]) -> ApiResult<Vec<PhoneNumber>> {
    let mut names = Names::new(caller);
    let mut views = Vec::with_capacity(numbers.len());
    for number in numbers {
        views.push(view(number, &mut names).await?);
    }
    Ok(views)
}

/// A new number: one of the tenant's own (`number`), or one to be bought (what to search for, or `number` with `purchase`).
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProvisionNumberRequest {
    /// E.164, or as people write it.
    #[garde(length(chars, min = 3, max = 32))]
    #[schema(example = "+12125550143", min_length = 3, max_length = 32)]
    number: Option<String>,
    /// Buy `number` from the provider, rather than add it as one the tenant has already.
    #[garde(skip)]
    #[serde(default)]
    purchase: bool,
    /// Three digits.
    #[garde(inner(custom(is_area_code)))]
    #[schema(pattern = "^[2-9][0-9]{2}$")]
    area_code: Option<String>,
    /// ISO 3166 code of two letters; `US` unless said otherwise.
    #[garde(length(chars, min = 2, max = 2))]
    #[schema(min_length = 2, max_length = 2)]
    country: Option<String>,
    /// State or province, two letters.
    #[garde(length(chars, min = 2, max = 64))]
    #[schema(min_length = 2, max_length = 64)]
    region: Option<String>,
    /// Where it came from, or with whom it is bought: `local`, `signalwire`, `telnyx`, `bandwidth`.
    #[garde(length(chars, max = 64))]
    #[schema(max_length = 64, example = "local")]
    provider: Option<String>,
    /// What a number to be bought must be able to do; voice unless said otherwise.
    #[garde(skip)]
    features: Option<Capabilities>,
    /// What it can do: as members, or as a list of `Voice`, `SMS`, `MMS`, `Fax`; voice unless said otherwise.
    #[garde(skip)]
    capabilities: Option<GivenCapabilities>,
    /// Of one's own; `ACTIVE` unless said otherwise.
    #[garde(skip)]
    status: Option<NumberStatus>,
    /// The name people know it by.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    friendly_name: Option<String>,
    /// One of the tenant's carriers, that the number is with.
    #[garde(skip)]
    carrier_id: Option<Uuid>,
    /// One of the tenant's trunks, that its calls come in over.
    #[garde(skip)]
    trunk_id: Option<Uuid>,
    /// What its calls are for.
    #[garde(skip)]
    campaign_id: Option<Uuid>,
    /// The same by name, or by id: 422 where no campaign has it, or several. Not beside `campaignId`.
    #[garde(dive)]
    campaign: Option<GivenCampaign>,
    /// What integrations keep with the provision number.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// garde rule: a North American area code.
fn is_area_code(text: &str, _: &()) -> garde::Result {
    let is_code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with(['0', '1']);
    if is_code { Ok(()) } else { Err(garde::Error::new("must be three digits, the first 2 to 9")) }
}

pub(super) fn e164(text: &str) -> ApiResult<E164> {
    E164::from_dialled(text).map_err(|error| ApiError::validation(vec![Fault::body("number", format!("is {error}"))]))
}

impl ProvisionNumberRequest {
    fn purchase(self, number: Option<E164>) -> Purchase {
        let capabilities = self.features.map(Capabilities::stored);
        let capabilities = capabilities.or_else(|| self.capabilities.map(|given| given.0.stored()));
        Purchase {
            provider: self.provider,
            number,
            search: NumberSearch {
                area_code: self.area_code,
                country: self.country.map_or_else(|| "US".to_owned(), |country| country.to_uppercase()),
                region: self.region,
                capabilities: capabilities.unwrap_or_default(),
                limit: 1,
            },
            purpose: NumberPurpose {
                campaign: self.campaign_id.map(Into::into),
                carrier: self.carrier_id.map(Into::into),
                trunk: self.trunk_id.map(Into::into),
                metadata: Metadata::or_empty(self.metadata),
                ..NumberPurpose::default()
            },
        }
    }

    /// With the ids of the campaigns that were named, which are looked up together.
    pub(super) async fn resolved(caller: &Caller, bodies: Vec<Self>) -> ApiResult<Vec<ApiResult<Self>>> {
        let names = bodies.iter().filter_map(|body| body.campaign.as_ref()?.name()).collect();
        let named = NamedCampaigns::of(caller, names).await?;
        let resolved = bodies.into_iter().map(|body| {
            let campaign_id = named.id(body.campaign_id, body.campaign.as_ref())?;
            Ok(Self { campaign_id, ..body })
        });
        Ok(resolved.collect())
    }

    /// A number the tenant has already, from a file.
    pub(super) fn row(self, caller: &Caller) -> ApiResult<Number> {
        let Some(number) = &self.number else {
            return Err(ApiError::validation(vec![Fault::body("number", "is required")]));
        };
        if self.purchase {
            return Err(ApiError::validation(vec![Fault::body(
                "purchase",
                "is not for a file: numbers are bought singly",
            )]));
        }
        let number = e164(number)?;
        Ok(self.own(caller, caller.state.next_id(), number))
    }

    /// A number the tenant has already.
    fn own(self, caller: &Caller, id: NumberId, number: E164) -> Number {
        let now = caller.now();
        Number {
            id,
            tenant: caller.principal.tenant,
            number,
            provider: Some(self.provider.unwrap_or_else(|| LOCAL_PROVIDER.to_owned())),
            provider_id: None,
            friendly_name: self.friendly_name,
            region: self.region,
            monthly_price: None,
            carrier: self.carrier_id.map(Into::into),
            trunk: self.trunk_id.map(Into::into),
            campaign: self.campaign_id.map(Into::into),
            status: self.status.map_or(operations::NumberStatus::Active, |status| status.0),
            capabilities: self.capabilities.map(|given| given.0).or(self.features).unwrap_or_default().stored(),
            import_source: None,
            import_hash: None,
            metadata: Metadata::or_empty(self.metadata),
            purchased_at: Some(now),
            released_at: None,
            created_at: now,
            updated_at: now,
        }
    }
}

/// Adds a number of one's own, or buys one. 422 `PURCHASE_FAILED` when none fits or the provider refuses; 503
/// `PURCHASE_PENDING` when the provider does not answer: the order is followed up, and the number appears where it was bought.
#[utoipa::path(post, path = "/api/v1/numbers", operation_id = "createNumber", request_body = ProvisionNumberRequest,
    responses((status = 201, description = "The number", body = PhoneNumber),
        (status = 404, description = "Campaign, carrier or trunk not found", body = crate::Problem, content_type = "application/problem+json")))]
async fn create(
    caller: Caller,
    Body(body): Body<ProvisionNumberRequest>,
) -> ApiResult<(StatusCode, Json<PhoneNumber>)> {
    let given = body.number.as_deref().map(e164).transpose()?;
    if given.is_none() && body.purchase {
        return Err(ApiError::validation(vec![Fault::body("number", "is required with purchase")]));
    }
    if body.status.is_some() && (given.is_none() || body.purchase) {
        return Err(ApiError::validation(vec![Fault::body("status", "is for numbers of one's own")]));
    }
    let names = body.campaign.iter().filter_map(GivenCampaign::name).collect();
    let campaign_id = NamedCampaigns::of(&caller, names).await?.id(body.campaign_id, body.campaign.as_ref())?;
    let body = ProvisionNumberRequest { campaign_id, ..body };
    let number = match given {
        Some(number) if !body.purchase => {
            let own = body.own(&caller, caller.new_id(), number);
            return Ok((StatusCode::CREATED, Json(keep(&caller, &own).await?)));
        }
        number => {
            super::quotas::check(&caller, QuotaKind::PhoneNumbers).await?;
            // Money was perhaps spent: the order says so, and nobody orders twice.
            caller.check_first_try("see the numbers and orders before buying with a new key")?;
            let friendly_name = body.friendly_name.clone();
            let wanted = body.purchase(number);
            let provisioning = caller.state.provisioning();
            let bought = provisioning.buy(caller.scope(), wanted, caller.now()).await.map_err(from_provisioning)?;
            named(&caller, bought, friendly_name).await?
        }
    };
    let shown = view(&number, &mut Names::new(&caller)).await?;
    caller.audit(Done::Create, Number::NAME, number.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Keeps a number of one's own, with its entry in the audit log.
pub(super) async fn keep(caller: &Caller, number: &Number) -> ApiResult<PhoneNumber> {
    super::quotas::check(caller, QuotaKind::PhoneNumbers).await?;
    caller.insert(&*caller.directory().numbers, caller.scope(), number.id, number).await?;
    let shown = view(number, &mut Names::new(caller)).await?;
    caller.audit(Done::Create, Number::NAME, number.id, &(), &shown).await;
    Ok(shown)
}

/// Gives a number its name, here and at its provider.
async fn named(caller: &Caller, number: Number, name: Option<String>) -> ApiResult<Number> {
    let Some(name) = name else { return Ok(number) };
    // Bought it is, whatever its provider makes of the name.
    if let Err(error) = caller.state.provisioning().rename(&number, &name).await {
        tracing::warn!(%error, number = %number.number, "the provider did not take the name");
    }
    let renamed = Number { friendly_name: Some(name), ..number };
    caller.directory().numbers.save(caller.scope(), &renamed, caller.now()).await.map_err(from_store)
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
    /// Its status from now on.
    #[garde(skip)]
    status: Option<NumberStatus>,
    /// One of the tenant's campaigns, that its calls are for; null: none.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    campaign_id: Option<Option<Uuid>>,
    /// One of the tenant's carriers; null: none.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    carrier_id: Option<Option<Uuid>>,
    /// One of the tenant's trunks, that its calls come in over; null: none.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    trunk_id: Option<Option<Uuid>>,
    /// What the number can do: members not named stay.
    #[garde(skip)]
    capabilities: Option<CapabilityChanges>,
    /// The name people know it by; the provider hears of it too.
    #[garde(inner(inner(length(chars, min = 1, max = 200))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(min_length = 1, max_length = 200)]
    friendly_name: Option<Option<String>>,
    /// What integrations keep with it: replaces all of it.
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
    if let Some(name) = body.friendly_name.filter(|name| *name != number.friendly_name) {
        caller.check_match(Some(number.updated_at))?;
        caller.state.provisioning().rename(&number, name.as_deref().unwrap_or("")).await.map_err(from_provisioning)?;
        number.friendly_name = name;
    }
    let number = caller.directory().numbers.save(caller.target(), &number, caller.now()).await.map_err(from_store)?;
    let after = view(&number, &mut names).await?;
    caller.audit(Done::Update, Number::NAME, id, &before, &after).await;
    Ok(Json(after))
}

/// Gives a number back: it takes no more calls, and what was on it stays. Where it was bought its provider is told; when the
/// provider does not answer, it is told later.
#[utoipa::path(delete, path = "/api/v1/numbers/{id}", operation_id = "releaseNumber", params(("id" = Uuid, Path, description = "The number's id")),
    responses((status = 204, description = "Given back")))]
async fn release(caller: Caller, PathId(id): PathId<NumberId>) -> ApiResult<StatusCode> {
    let mut names = Names::new(&caller);
    let number = caller.directory().numbers.get(caller.scope(), id).await.map_err(from_store)?;
    let before = view(&number, &mut names).await?;
    let provisioning = caller.state.provisioning();
    let number = provisioning.release(caller.target(), id, caller.now()).await.map_err(from_provisioning)?;
    caller.audit(Done::Delete, Number::NAME, id, &before, &view(&number, &mut names).await?).await;
    Ok(StatusCode::NO_CONTENT)
}

/// What provisioning's refusal is to the caller.
pub(super) fn from_provisioning(error: ProvisionError) -> ApiError {
    let text = error.to_string();
    match error {
        ProvisionError::UnknownProvider(_) => ApiError::validation(vec![Fault::body("provider", text)]),
        ProvisionError::NoneAvailable | ProvisionError::Refused(_) => ApiError::unprocessable("PURCHASE_FAILED", text),
        ProvisionError::Pending(_) => ApiError { code: "PURCHASE_PENDING", ..ApiError::unavailable(&text) },
        ProvisionError::Unavailable(_) => ApiError::unavailable(&text),
        ProvisionError::Store(error) => from_store(error),
    }
}
