//! Numbers before and beyond a tenant's list: what can be bought, orders under way, whose a dialled number is, and what providers
//! hold against what tenants have.

use axum::{Json, http::StatusCode};
use domain::TenantId;
use garde::Validate;
use operations::{
    CampaignStatus, Difference, DifferenceKind as Kind, Number, NumberCapabilities, NumberOrder as Order,
    NumberOrderFilter, NumberSearch, NumberStatus, TenantScope,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    capabilities::{Capabilities, GivenCapabilities},
    numbers::{e164, from_provisioning},
};
use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    extract::{Body, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult},
    resource::Resource,
    wire::{Amount, Metadata, Time, wire_enum},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Numbers")
        .needs(Permission::NumbersRead, routes!(available))
        .needs(Permission::NumbersRead, routes!(orders))
        .needs(Permission::PlatformAdmin, routes!(look_up))
        .needs(Permission::PlatformAdmin, routes!(provision))
        .needs(Permission::PlatformAdmin, routes!(audit))
        .needs(Permission::PlatformAdmin, routes!(repair))
}

/// What numbers are looked for.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct AvailableQuery {
    /// Three digits.
    #[garde(length(chars, min = 3, max = 3))]
    #[param(min_length = 3, max_length = 3)]
    area_code: Option<String>,
    /// `US` unless said otherwise.
    #[garde(length(chars, min = 2, max = 2))]
    #[param(min_length = 2, max_length = 2)]
    country: Option<String>,
    /// State or province.
    #[garde(length(chars, min = 2, max = 64))]
    #[param(min_length = 2, max_length = 64)]
    region: Option<String>,
    /// With whom; as the tenant prefers unless said otherwise.
    #[garde(length(chars, max = 64))]
    #[param(max_length = 64)]
    provider: Option<String>,
    /// Most numbers.
    #[garde(range(min = 1, max = 50))]
    #[param(minimum = 1, maximum = 50, default = 10)]
    limit: Option<u32>,
}

/// A number that can be bought.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvailableNumber {
    /// The telephone number, E.164.
    #[schema(example = "+12125550123")]
    number: String,
    /// State or place.
    region: Option<String>,
    /// What the number can do.
    capabilities: Capabilities,
    /// In US dollars, where the provider says.
    monthly_price: Option<Amount>,
}

/// Numbers that can be bought.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvailableNumbers {
    /// With whom.
    #[schema(example = "local")]
    provider: &'static str,
    /// The numbers, as the provider orders them.
    data: Vec<AvailableNumber>,
}

/// Searches numbers that can be bought. They are not kept: buy one with `POST /api/v1/numbers` and `purchase`.
#[utoipa::path(get, path = "/api/v1/available-numbers", operation_id = "searchAvailableNumbers", params(AvailableQuery),
    responses((status = 200, description = "Numbers", body = AvailableNumbers)))]
async fn available(caller: Caller, Query(query): Query<AvailableQuery>) -> ApiResult<Json<AvailableNumbers>> {
    let wanted = NumberSearch {
        area_code: query.area_code,
        country: query.country.map_or_else(|| "US".to_owned(), |country| country.to_uppercase()),
        region: query.region,
        capabilities: NumberCapabilities::default(),
        limit: query.limit.unwrap_or(10),
    };
    let provisioning = caller.state.provisioning();
    let found = provisioning.search(caller.scope(), query.provider.as_deref(), &wanted).await;
    let (provider, offers) = found.map_err(from_provisioning)?;
    let data = offers.into_iter().map(|offer| AvailableNumber {
        number: offer.number.to_string(),
        region: offer.region,
        capabilities: Capabilities::of(offer.capabilities),
        monthly_price: offer.monthly_price.map(Amount),
    });
    Ok(Json(AvailableNumbers { provider, data: data.collect() }))
}

/// A purchase or a release.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NumberOrder {
    /// The order's id.
    id: Uuid,
    /// `purchase` or `release`.
    #[schema(example = "purchase")]
    kind: &'static str,
    /// `pending`, `done` or `failed`.
    #[schema(example = "done")]
    state: &'static str,
    /// Whom the number is from: `local`, `signalwire`, `telnyx`, `bandwidth`.
    provider: String,
    /// The telephone number, E.164.
    number: String,
    /// Why it was not done, or not yet.
    error: Option<String>,
    /// When the order was made.
    created_at: Time,
    /// When the order last changed.
    updated_at: Time,
}

wire_enum! {
    /// Where an order stands.
    NumberOrderState,
    /// What an order is for.
    NumberOrderKind,
}

/// What a list of orders is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct NumberOrderQuery {
    /// Only these.
    #[garde(skip)]
    #[param(inline)]
    state: Option<NumberOrderState>,
    /// Only purchases, or only releases.
    #[garde(skip)]
    #[param(inline)]
    kind: Option<NumberOrderKind>,
}

fn order(order: &Order) -> NumberOrder {
    NumberOrder {
        id: order.id.uuid(),
        kind: order.kind.as_str(),
        state: order.state.as_str(),
        provider: order.provider.clone(),
        number: order.number.to_string(),
        error: order.error.clone(),
        created_at: Time(order.created_at),
        updated_at: Time(order.updated_at),
    }
}

/// Lists purchases and releases, newest first.
#[utoipa::path(get, path = "/api/v1/number-orders", operation_id = "listNumberOrders", params(PageQuery<Order>, NumberOrderQuery),
    responses((status = 200, description = "A page of the orders", body = List<NumberOrder>)))]
async fn orders(
    caller: Caller,
    Query(page): Query<PageQuery<Order>>,
    Query(query): Query<NumberOrderQuery>,
) -> ApiResult<Json<List<NumberOrder>>> {
    let filter = NumberOrderFilter { state: query.state.map(|state| state.0), kind: query.kind.map(|kind| kind.0) };
    let orders = caller.state.provisioning().orders();
    let found = orders.orders_of(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, |found| order(&found))))
}

/// A number somebody dialled.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LookUpNumberRequest {
    /// The telephone number, E.164 or as people write it.
    #[garde(length(chars, min = 3, max = 32))]
    #[schema(example = "+12125550143", min_length = 3, max_length = 32)]
    number: String,
    /// Whose; needed only where several tenants have the number.
    #[garde(skip)]
    tenant_id: Option<Uuid>,
}

/// What a call of a number runs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NumberRoute {
    /// The telephone number, E.164.
    #[schema(example = "+12125550143")]
    number: String,
    /// Whose it is.
    tenant_id: Uuid,
    /// The number's id.
    number_id: Uuid,
    /// The campaign its calls are for; null where there is none.
    campaign_id: Option<Uuid>,
    /// The flow it runs; null where there is none.
    flow_id: Option<Uuid>,
    /// Record from the first answer on.
    record: bool,
}

/// Finds what a dialled number runs, in any tenant: for switches. Only ACTIVE numbers; the flow is left out when the campaign takes
/// no calls.
#[utoipa::path(post, path = "/api/v1/numbers/lookup", operation_id = "lookUpNumber", request_body = LookUpNumberRequest,
    responses((status = 200, description = "What it runs", body = NumberRoute),
        (status = 404, description = "Nobody has it", body = crate::Problem, content_type = "application/problem+json")))]
async fn look_up(caller: Caller, Body(body): Body<LookUpNumberRequest>) -> ApiResult<Json<NumberRoute>> {
    let dialled = e164(&body.number)?;
    let mut holders = caller.state.provisioning().orders().holders_of(&dialled).await.map_err(from_store)?;
    let is_asked = |number: &Number| body.tenant_id.is_none_or(|tenant| number.tenant.uuid() == tenant);
    holders.retain(|number| number.status == NumberStatus::Active && is_asked(number));
    let number = match holders.as_slice() {
        [] => return Err(ApiError::not_found("Number")),
        [number] => number,
        _ => return Err(ApiError::conflict("Several tenants have this number; send tenantId")),
    };
    let campaign = match number.campaign {
        Some(campaign) => {
            let scope = TenantScope::of(number.tenant);
            caller.directory().campaigns.find(scope, campaign).await.map_err(from_store)?
        }
        None => None,
    };
    let running = campaign.as_ref().filter(|campaign| campaign.status == CampaignStatus::Active);
    Ok(Json(NumberRoute {
        number: number.number.to_string(),
        tenant_id: number.tenant.uuid(),
        number_id: number.id.uuid(),
        campaign_id: number.campaign.map(|id| id.uuid()),
        flow_id: running.and_then(|campaign| campaign.flow).map(|id| id.uuid()),
        record: running.is_some_and(|campaign| campaign.record),
    }))
}

/// A number for a tenant.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdminProvisionNumberRequest {
    /// The tenant that gets it.
    #[garde(skip)]
    tenant_id: Uuid,
    /// The telephone number, E.164 or as people write it.
    #[garde(length(chars, min = 3, max = 32))]
    #[schema(example = "+12125550143", min_length = 3, max_length = 32)]
    number: String,
    /// Whom the number is from: `local`, `signalwire`, `telnyx`, `bandwidth`; `local` unless given.
    #[garde(length(chars, max = 64))]
    #[schema(max_length = 64)]
    provider: Option<String>,
    /// One of the tenant's carriers, that the number is with.
    #[garde(skip)]
    carrier_id: Option<Uuid>,
    /// One of the tenant's trunks, that its calls come in over.
    #[garde(skip)]
    trunk_id: Option<Uuid>,
    /// What the number can do: as members, or as a list of `Voice`, `SMS`, `MMS`, `Fax`; voice unless said otherwise.
    #[garde(skip)]
    capabilities: Option<GivenCapabilities>,
    /// What integrations keep with it; `{}` unless given.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// The number a tenant was given.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProvisionedNumber {
    /// The number's id.
    id: Uuid,
    /// The tenant the number belongs to.
    tenant_id: Uuid,
    /// The telephone number, E.164.
    #[schema(example = "+12125550143")]
    number: String,
    /// Whom the number is from: `local`, `signalwire`, `telnyx`, `bandwidth`.
    provider: Option<String>,
    /// The carrier of the number.
    carrier_id: Option<Uuid>,
    /// The trunk its calls come in over; null where none is named.
    trunk_id: Option<Uuid>,
    /// What the number can do.
    capabilities: Capabilities,
    /// What integrations keep with the number.
    metadata: Metadata,
    /// When the number was made.
    created_at: Time,
    /// When the number last changed.
    updated_at: Time,
}

/// Gives a tenant a number it has already.
#[utoipa::path(post, path = "/admin/api/v1/numbers/provision", operation_id = "provisionNumber",
    request_body = AdminProvisionNumberRequest,
    responses((status = 201, description = "The number", body = ProvisionedNumber),
        (status = 404, description = "Tenant, carrier or trunk not found", body = crate::Problem, content_type = "application/problem+json")))]
async fn provision(
    caller: Caller,
    Body(body): Body<AdminProvisionNumberRequest>,
) -> ApiResult<(StatusCode, Json<ProvisionedNumber>)> {
    let tenant: TenantId = body.tenant_id.into();
    let found = caller.directory().tenants.find_tenant(tenant).await.map_err(from_store)?;
    found.ok_or_else(|| ApiError::not_found("Tenant"))?;
    let now = caller.now();
    let number = Number {
        id: caller.new_id(),
        tenant,
        number: e164(&body.number)?,
        provider: Some(body.provider.unwrap_or_else(|| operations::LOCAL_PROVIDER.to_owned())),
        provider_id: None,
        friendly_name: None,
        region: None,
        monthly_price: None,
        carrier: body.carrier_id.map(Into::into),
        trunk: body.trunk_id.map(Into::into),
        campaign: None,
        status: NumberStatus::Active,
        capabilities: body.capabilities.map(|given| given.0).unwrap_or_default().stored(),
        import_source: None,
        import_hash: None,
        metadata: Metadata::or_empty(body.metadata),
        purchased_at: Some(now),
        released_at: None,
        created_at: now,
        updated_at: now,
    };
    caller.insert(&*caller.directory().numbers, TenantScope::of(tenant), number.id, &number).await?;
    let changes = json!({"tenantId": tenant, "number": number.number.as_str()});
    caller.note("number.provision", "number", Some(number.id.to_string()), changes).await;
    let shown = ProvisionedNumber {
        id: number.id.uuid(),
        tenant_id: tenant.uuid(),
        number: number.number.to_string(),
        provider: number.provider,
        carrier_id: number.carrier.map(|id| id.uuid()),
        trunk_id: number.trunk.map(|id| id.uuid()),
        capabilities: Capabilities::of(number.capabilities),
        metadata: Metadata::of(&number.metadata),
        created_at: Time(now),
        updated_at: Time(now),
    };
    Ok((StatusCode::CREATED, Json(shown)))
}

/// What is compared.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// One provider only.
    #[garde(length(chars, max = 64))]
    #[param(max_length = 64)]
    provider: Option<String>,
    /// One tenant only.
    #[garde(skip)]
    tenant_id: Option<Uuid>,
}

/// One difference between a provider and the tenants.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NumberDifference {
    /// Whom the number is from: `local`, `signalwire`, `telnyx`, `bandwidth`.
    provider: &'static str,
    /// The telephone number, E.164.
    number: String,
    /// Whose, where that is known.
    tenant_id: Option<Uuid>,
    /// `missing_here`: the provider holds it, no tenant has it. `missing_there`: a tenant has it, the provider does not hold it.
    /// `still_held`: it was given back, the provider still holds it.
    #[schema(example = "missing_there")]
    difference: &'static str,
    /// It is no more.
    repaired: bool,
    /// What to do where it cannot be repaired.
    remedy: Option<&'static str>,
}

/// Every difference.
#[derive(Debug, Serialize, ToSchema)]
pub struct NumberAudit {
    /// The differences.
    data: Vec<NumberDifference>,
}

fn difference(found: &Difference) -> NumberDifference {
    let remedy = match (found.repaired, found.kind) {
        (true, _) => None,
        (false, Kind::MissingHere) if found.tenant.is_none() => {
            Some("no order tells whose it is: give it to a tenant with POST /admin/api/v1/numbers/provision")
        }
        (false, _) => Some("POST /admin/api/v1/numbers/audit repairs it"),
    };
    NumberDifference {
        provider: found.provider,
        number: found.number.to_string(),
        tenant_id: found.tenant.map(|id| id.uuid()),
        difference: found.kind.as_str(),
        repaired: found.repaired,
        remedy,
    }
}

async fn compared(caller: &Caller, query: &AuditQuery, repairs: bool) -> ApiResult<Json<NumberAudit>> {
    let tenant = query.tenant_id.map(Into::into);
    let provisioning = caller.state.provisioning();
    let found = provisioning.audit(query.provider.as_deref(), tenant, repairs, caller.now()).await;
    let data = found.map_err(from_provisioning)?.iter().map(difference).collect();
    Ok(Json(NumberAudit { data }))
}

/// Compares what the providers hold with what the tenants have.
#[utoipa::path(get, path = "/admin/api/v1/numbers/audit", operation_id = "auditNumbers", params(AuditQuery),
    responses((status = 200, description = "The differences", body = NumberAudit)))]
async fn audit(caller: Caller, Query(query): Query<AuditQuery>) -> ApiResult<Json<NumberAudit>> {
    compared(&caller, &query, false).await
}

/// Compares, and repairs what can be: a number whose order tells whose it is becomes that tenant's, one the provider does not hold
/// is taken out of use, one that was given back is given back again.
#[utoipa::path(post, path = "/admin/api/v1/numbers/audit", operation_id = "repairNumbers", params(AuditQuery),
    responses((status = 200, description = "The differences, and which are no more", body = NumberAudit)))]
async fn repair(caller: Caller, Query(query): Query<AuditQuery>) -> ApiResult<Json<NumberAudit>> {
    let report = compared(&caller, &query, true).await?;
    let repaired: Vec<&str> = report.0.data.iter().filter(|one| one.repaired).map(|one| one.number.as_str()).collect();
    caller.note("number.audit.repair", "number", None, json!({"repaired": repaired})).await;
    Ok(report)
}
