//! Rate cards: what the platform charges. Tenants read their prices, the platform's operator sets them.

use std::sync::Arc;

use axum::{Json, http::StatusCode};
use billing::Rates;
use domain::{BillingAccountId, RateCardId};
use garde::Validate;
use operations::{Directory, Entity as _, Everywhere, RateCardFilter, Repository, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::admin::{self, Kept, OfTenantQuery};
use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    crud::{self, Crud, Draft, Rights, Words, set},
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Metadata, Time, nullable, wire_enum},
};

wire_enum!(
    /// Is a rate card in use?
    RateCardStatus
);

/// The routes. `/api/v1/admin/billing/rate-cards` is the same as `/admin/api/v1/rate-cards`, for clients that know the one or the other.
pub(crate) fn routes() -> Resource {
    crud::routes_to_read::<RateCards>()
        .needs(Permission::PlatformAdmin, routes!(list_all))
        .needs(Permission::PlatformAdmin, routes!(create_rate_card))
        .needs(Permission::PlatformAdmin, routes!(read_any))
        .needs(Permission::PlatformAdmin, routes!(update_rate_card))
        .needs(Permission::PlatformAdmin, routes!(list_all_by_billing))
        .needs(Permission::PlatformAdmin, routes!(create_by_billing))
}

/// Prices valid for a period.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateCard {
    /// The rate card's id.
    id: Uuid,
    /// The tenant the rate card belongs to.
    tenant_id: Uuid,
    /// The billing account it is for.
    billing_account_id: Uuid,
    /// What people call the rate card.
    #[schema(example = "2026")]
    name: String,
    /// From when it is charged by.
    effective_from: Time,
    /// Absent: until a newer card begins.
    effective_to: Option<Time>,
    /// Only an `ACTIVE` card is charged by.
    status: RateCardStatus,
    /// Prices by what is charged, decimal texts.
    #[schema(value_type = Object, example = json!({"inbound": {"perMinute": "0.05", "connectionFee": "0.10"}, "recording": {"perCall": "0.25"}}))]
    rates: Value,
    /// What integrations keep with the rate card.
    metadata: Metadata,
    /// When the rate card was made.
    created_at: Time,
    /// When the rate card last changed.
    updated_at: Time,
}

fn view(card: &operations::RateCard) -> RateCard {
    RateCard {
        id: card.id.uuid(),
        tenant_id: card.tenant.uuid(),
        billing_account_id: card.account.uuid(),
        name: card.name.clone(),
        effective_from: Time(card.effective_from),
        effective_to: card.effective_to.map(Time),
        status: RateCardStatus(card.status),
        rates: serde_json::from_str(&card.rates.to_json()).unwrap_or_default(),
        metadata: Metadata::of(&card.metadata),
        created_at: Time(card.created_at),
        updated_at: Time(card.updated_at),
    }
}

/// What a list of rate cards is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct RateCardQuery {
    /// Only this billing account's.
    #[garde(skip)]
    billing_account_id: Option<Uuid>,
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<RateCardStatus>)]
    status: Option<RateCardStatus>,
    /// Part of the name.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// Lists the rate cards of every tenant, newest first.
#[utoipa::path(get, path = "/admin/api/v1/rate-cards", operation_id = "adminListRateCards",
    params(PageQuery<operations::RateCard>, OfTenantQuery, RateCardQuery),
    responses((status = 200, description = "A page of rate cards", body = List<RateCard>)))]
async fn list_all(
    caller: Caller,
    Query(page): Query<PageQuery<operations::RateCard>>,
    Query(of): Query<OfTenantQuery>,
    Query(query): Query<RateCardQuery>,
) -> ApiResult<Json<List<RateCard>>> {
    admin::list::<RateCards>(&caller, of.tenant_id, &page, query).await
}

/// Lists the rate cards of every tenant, newest first: as `GET /admin/api/v1/rate-cards`.
#[utoipa::path(get, path = "/api/v1/admin/billing/rate-cards", operation_id = "adminBillingListRateCards",
    params(PageQuery<operations::RateCard>, OfTenantQuery, RateCardQuery),
    responses((status = 200, description = "A page of rate cards", body = List<RateCard>)))]
async fn list_all_by_billing(
    caller: Caller,
    Query(page): Query<PageQuery<operations::RateCard>>,
    Query(of): Query<OfTenantQuery>,
    Query(query): Query<RateCardQuery>,
) -> ApiResult<Json<List<RateCard>>> {
    admin::list::<RateCards>(&caller, of.tenant_id, &page, query).await
}

/// Reads a rate card of any tenant.
#[utoipa::path(get, path = "/admin/api/v1/rate-cards/{id}", operation_id = "adminGetRateCard", params(("id" = Uuid, Path, description = "The rate card's id")),
    responses((status = 200, description = "The rate card", body = RateCard)))]
async fn read_any(caller: Caller, PathId(id): PathId<RateCardId>) -> ApiResult<Json<RateCard>> {
    let (_, card) = admin::found::<RateCards>(&caller, id).await?;
    Ok(Json(view(&card)))
}

/// A new rate card.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateRateCardRequest {
    /// Whose prices: the account's tenant, who need not be named.
    #[garde(skip)]
    tenant_id: Option<Uuid>,
    /// The billing account it is for.
    #[garde(skip)]
    billing_account_id: Uuid,
    /// What people call the rate card.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "2026")]
    name: String,
    /// From when it is charged by.
    #[garde(skip)]
    effective_from: Time,
    /// Until when it is charged by, later than `effectiveFrom`; absent: until a newer card begins.
    #[garde(skip)]
    effective_to: Option<Time>,
    /// Amounts as decimal texts.
    #[garde(skip)]
    #[schema(value_type = Object, example = json!({"inbound": {"perMinute": "0.05", "connectionFee": "0.10"}, "recording": {"perCall": "0.25"}}))]
    rates: Value,
    /// What integrations keep with it; `{}` unless given.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

fn read_rates(rates: &Value) -> ApiResult<Rates> {
    let place = |field: &str| if field.is_empty() { "rates".to_owned() } else { format!("rates.{field}") };
    Rates::parse(&rates.to_string()).map_err(|faults| {
        ApiError::validation(faults.into_iter().map(|fault| Fault::body(place(&fault.field), fault.message)).collect())
    })
}

fn check_period(card: &operations::RateCard) -> ApiResult<()> {
    if card.effective_to.is_some_and(|end| end <= card.effective_from) {
        return Err(ApiError::validation(vec![Fault::body("effectiveTo", "must be after effectiveFrom")]));
    }
    Ok(())
}

/// Sets a tenant's prices for a period.
#[utoipa::path(post, path = "/admin/api/v1/rate-cards", operation_id = "createRateCard", request_body = CreateRateCardRequest,
    responses((status = 201, description = "The rate card", body = RateCard),
        (status = 404, description = "Tenant or account not found", body = crate::Problem, content_type = "application/problem+json")))]
async fn create_rate_card(
    caller: Caller,
    Body(body): Body<CreateRateCardRequest>,
) -> ApiResult<(StatusCode, Json<RateCard>)> {
    create(&caller, body).await
}

/// Sets a tenant's prices for a period: as `POST /admin/api/v1/rate-cards`.
#[utoipa::path(post, path = "/api/v1/admin/billing/rate-cards", operation_id = "adminBillingCreateRateCard", request_body = CreateRateCardRequest,
    responses((status = 201, description = "The rate card", body = RateCard),
        (status = 404, description = "Tenant or account not found", body = crate::Problem, content_type = "application/problem+json")))]
async fn create_by_billing(
    caller: Caller,
    Body(body): Body<CreateRateCardRequest>,
) -> ApiResult<(StatusCode, Json<RateCard>)> {
    create(&caller, body).await
}

async fn create(caller: &Caller, body: CreateRateCardRequest) -> ApiResult<(StatusCode, Json<RateCard>)> {
    let tenant = match body.tenant_id {
        Some(tenant) => tenant,
        None => {
            let account = body.billing_account_id.into();
            let found = caller.directory().all_billing_accounts.find_anywhere(account).await.map_err(from_store)?;
            found.ok_or_else(|| ApiError::not_found("Billing account"))?.0.tenant().uuid()
        }
    };
    admin::create::<RateCards>(caller, tenant, body).await
}

/// Changes of a rate card: members not named stay, null clears. Calls rated before keep their price.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateRateCardRequest {
    /// What people call the rate card.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// From when it is charged by.
    #[garde(skip)]
    effective_from: Option<Time>,
    /// Until when it is charged by, later than `effectiveFrom`; null: until a newer card begins.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    effective_to: Option<Option<Time>>,
    /// Its status from now on.
    #[garde(skip)]
    status: Option<RateCardStatus>,
    /// Prices by what is charged, decimal texts.
    #[garde(skip)]
    #[schema(value_type = Option<Object>)]
    rates: Option<Value>,
    /// What integrations keep with it: replaces all of it.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Changes a rate card of any tenant.
#[utoipa::path(patch, path = "/admin/api/v1/rate-cards/{id}", operation_id = "updateRateCard",
    params(("id" = Uuid, Path, description = "The rate card's id"), OfTenantQuery),
    request_body = UpdateRateCardRequest, responses((status = 200, description = "The rate card", body = RateCard)))]
async fn update_rate_card(
    caller: Caller,
    PathId(id): PathId<RateCardId>,
    Query(of): Query<OfTenantQuery>,
    Body(body): Body<UpdateRateCardRequest>,
) -> ApiResult<Json<RateCard>> {
    let (scope, _) = admin::found::<RateCards>(&caller, id).await?;
    if of.tenant_id.is_some_and(|tenant| scope.tenant().uuid() != tenant) {
        return Err(from_store(StoreError::NotFound(operations::RateCard::NAME)));
    }
    admin::update::<RateCards>(&caller, id, body).await
}

/// Rate cards, of a tenant and of all.
pub(crate) struct RateCards;

impl Kept for RateCards {
    fn everywhere(directory: &Directory) -> &Arc<dyn Everywhere<operations::RateCard>> {
        &directory.all_rate_cards
    }
}

impl Crud for RateCards {
    type Entity = operations::RateCard;
    type View = RateCard;
    type Query = RateCardQuery;
    type Create = CreateRateCardRequest;
    type Update = UpdateRateCardRequest;

    const WORDS: Words = Words {
        tag: "Billing",
        path: "/api/v1/billing/rate-cards",
        name: "RateCard",
        names: "RateCards",
        one: "a rate card",
        many: "rate cards",
        order: "newest first",
    };
    const RIGHTS: Rights =
        Rights { read: Permission::BillingRead, write: Permission::PlatformAdmin, delete: Permission::PlatformAdmin };

    fn repository(directory: &Directory) -> &Arc<dyn Repository<operations::RateCard>> {
        &directory.rate_cards
    }

    fn filter(query: RateCardQuery) -> RateCardFilter {
        RateCardFilter {
            account: query.billing_account_id.map(Into::into),
            status: query.status.map(|status| status.0),
            search: query.search,
        }
    }

    async fn views(_: &Caller, found: &[operations::RateCard]) -> ApiResult<Vec<RateCard>> {
        Ok(found.iter().map(view).collect())
    }

    async fn draft(
        _: &Caller,
        draft: Draft<RateCardId>,
        body: CreateRateCardRequest,
    ) -> ApiResult<operations::RateCard> {
        let card = operations::RateCard {
            id: draft.id,
            tenant: draft.tenant,
            account: BillingAccountId::from(body.billing_account_id),
            name: body.name,
            effective_from: body.effective_from.0,
            effective_to: body.effective_to.map(|time| time.0),
            status: operations::RateCardStatus::Active,
            rates: read_rates(&body.rates)?,
            metadata: Metadata::or_empty(body.metadata),
            created_at: draft.now,
            updated_at: draft.now,
        };
        check_period(&card)?;
        Ok(card)
    }

    async fn change(_: &Caller, card: &mut operations::RateCard, body: UpdateRateCardRequest) -> ApiResult<()> {
        set(&mut card.name, body.name);
        set(&mut card.effective_from, body.effective_from.map(|time| time.0));
        set(&mut card.effective_to, body.effective_to.map(|end| end.map(|time| time.0)));
        set(&mut card.status, body.status.map(|status| status.0));
        set(&mut card.metadata, body.metadata.map(|metadata| metadata.0));
        if let Some(rates) = body.rates {
            card.rates = read_rates(&rates)?;
        }
        check_period(card)
    }
}
