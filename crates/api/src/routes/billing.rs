//! Balance and rate cards.

use axum::{Json, http::StatusCode};
use billing::Rates;
use domain::{Currency, Micros, RateCardId, TenantId};
use garde::Validate;
use operations::{
    Balance, BillingAccount, BillingAccountFilter, BillingAccountStatus, Entity, PageRequest, RateCardFilter, Side,
    TenantScope,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    wire::{Amount, Metadata, Time, nullable, wire_enum},
};

wire_enum!(
    /// Is a rate card in use?
    RateCardStatus
);

/// The routes. Tenants read their prices, the platform's operator sets them.
pub(crate) fn routes() -> Resource {
    Resource::new("Billing")
        .sided(Permission::BillingRead, routes!(balance))
        .needs(Permission::BillingRead, routes!(list_rate_cards))
        .needs(Permission::BillingRead, routes!(read_rate_card))
        .needs(Permission::PlatformAdmin, routes!(create_rate_card))
        .needs(Permission::PlatformAdmin, routes!(update_rate_card))
}

/// What the tenant's books come to, in the currency of its account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BalanceResponse {
    /// Absent while there is no account.
    billing_account_id: Option<Uuid>,
    #[schema(example = "USD")]
    currency: String,
    /// What stays when everybody is paid: `total` less `held`.
    #[schema(example = "120.00")]
    available: String,
    /// On its way. Zero until payments are made through the platform.
    #[schema(example = "0.00")]
    pending: String,
    /// Owed to publishers and to the platform.
    #[schema(example = "80.00")]
    held: String,
    /// `available`, `pending` and `held` together: what buyers owe.
    #[schema(example = "200.00")]
    total: String,
    /// Every account of the books.
    accounts: Vec<BookAccount>,
}

/// One account of the books.
#[derive(Debug, Serialize, ToSchema)]
pub struct BookAccount {
    #[schema(example = "buyer_receivable:0197a2c4-0000-7000-8000-000000000000")]
    account: String,
    currency: String,
    /// Positive is debit, negative credit.
    amount: Amount,
}

impl BalanceResponse {
    fn own(balances: &[Balance], currency: Currency, owed: Micros) -> Self {
        Self {
            billing_account_id: None,
            currency: currency.code().to_owned(),
            available: owed.to_decimal(2),
            pending: Micros::ZERO.to_decimal(2),
            held: Micros::ZERO.to_decimal(2),
            total: owed.to_decimal(2),
            accounts: balances.iter().map(book_account).collect(),
        }
    }
}

fn book_account(balance: &Balance) -> BookAccount {
    BookAccount {
        account: balance.account.clone(),
        currency: balance.currency.code().to_owned(),
        amount: Amount(balance.amount),
    }
}

async fn account_of(caller: &Caller) -> ApiResult<Option<BillingAccount>> {
    let filter = BillingAccountFilter { status: Some(BillingAccountStatus::Active) };
    let page = PageRequest::number(1, 1);
    let found =
        caller.directory().billing_accounts.list(caller.tenant_scope(), &filter, &page).await.map_err(from_store)?;
    Ok(found.items.into_iter().next())
}

/// The tenant's currency.
pub(super) async fn currency_of(caller: &Caller) -> ApiResult<String> {
    let account = account_of(caller).await?;
    Ok(account.map_or(Currency::USD, |account| account.currency).code().to_owned())
}

/// Reads the balance. A publisher or a buyer sees their own account of the books: `total` and `available` are what they are
/// owed or owe.
#[utoipa::path(get, path = "/api/v1/billing/balance", operation_id = "getBalance",
    responses((status = 200, description = "The balance", body = BalanceResponse)))]
async fn balance(caller: Caller) -> ApiResult<Json<BalanceResponse>> {
    let account = account_of(&caller).await?;
    let currency = account.as_ref().map_or(Currency::USD, |account| account.currency);
    let balances = caller.directory().books.balances(caller.scope()).await.map_err(from_store)?;
    let sum = |kinds: &[&str]| -> Micros {
        let of_kind = |name: &str| kinds.contains(&name.split(':').next().unwrap_or(""));
        let counted = balances.iter().filter(|balance| balance.currency == currency && of_kind(&balance.account));
        counted.map(|balance| balance.amount).sum()
    };
    if !caller.side().is_whole() {
        let owed: Micros = balances.iter().filter(|one| one.currency == currency).map(|one| one.amount).sum();
        let owed = if matches!(caller.side(), Side::Publisher(_)) { -owed } else { owed };
        return Ok(Json(BalanceResponse::own(&balances, currency, owed)));
    }
    let total = sum(&["buyer_receivable"]);
    let held = -sum(&["publisher_payable", "platform_payable"]);
    let available: Micros = [total, -held].into_iter().sum();
    let shown = |amount: Micros| amount.to_decimal(2);
    let accounts = balances.iter().map(book_account);
    Ok(Json(BalanceResponse {
        billing_account_id: account.map(|account| account.id.uuid()),
        currency: currency.code().to_owned(),
        available: shown(available),
        pending: shown(Micros::ZERO),
        held: shown(held),
        total: shown(total),
        accounts: accounts.collect(),
    }))
}

/// Prices valid for a period.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateCard {
    id: Uuid,
    tenant_id: Uuid,
    billing_account_id: Uuid,
    #[schema(example = "2026")]
    name: String,
    effective_from: Time,
    /// Absent: until a newer card begins.
    effective_to: Option<Time>,
    status: RateCardStatus,
    #[schema(value_type = Object, example = json!({"inbound": {"perMinute": "0.05", "connectionFee": "0.10"}, "recording": {"perCall": "0.25"}}))]
    rates: Value,
    metadata: Metadata,
    created_at: Time,
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
    #[garde(skip)]
    billing_account_id: Option<Uuid>,
    #[garde(skip)]
    #[param(value_type = Option<RateCardStatus>)]
    status: Option<RateCardStatus>,
    /// Part of the name.
    #[garde(length(chars, max = 100))]
    search: Option<String>,
}

/// Lists the tenant's rate cards, newest first.
#[utoipa::path(get, path = "/api/v1/billing/rate-cards", operation_id = "listRateCards", params(PageQuery<operations::RateCard>, RateCardQuery),
    responses((status = 200, description = "A page of rate cards", body = List<RateCard>)))]
async fn list_rate_cards(
    caller: Caller,
    Query(page): Query<PageQuery<operations::RateCard>>,
    Query(query): Query<RateCardQuery>,
) -> ApiResult<Json<List<RateCard>>> {
    let filter = RateCardFilter {
        account: query.billing_account_id.map(Into::into),
        status: query.status.map(|status| status.0),
        search: query.search,
    };
    let found =
        caller.directory().rate_cards.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, |card| view(&card))))
}

/// Reads a rate card.
#[utoipa::path(get, path = "/api/v1/billing/rate-cards/{id}", operation_id = "getRateCard", params(("id" = Uuid, Path, description = "The rate card's id")),
    responses((status = 200, description = "The rate card", body = RateCard)))]
async fn read_rate_card(caller: Caller, PathId(id): PathId<RateCardId>) -> ApiResult<Json<RateCard>> {
    let card = caller.directory().rate_cards.get(caller.scope(), id).await.map_err(from_store)?;
    Ok(Json(view(&card)))
}

/// A new rate card.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateRateCardRequest {
    /// Whose prices.
    #[garde(skip)]
    tenant_id: Uuid,
    #[garde(skip)]
    billing_account_id: Uuid,
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "2026")]
    name: String,
    #[garde(skip)]
    effective_from: Time,
    #[garde(skip)]
    effective_to: Option<Time>,
    /// Amounts as decimal texts.
    #[garde(skip)]
    #[schema(value_type = Object, example = json!({"inbound": {"perMinute": "0.05", "connectionFee": "0.10"}, "recording": {"perCall": "0.25"}}))]
    rates: Value,
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
    let rates = read_rates(&body.rates)?;
    let now = caller.now();
    let card = operations::RateCard {
        id: caller.new_id(),
        tenant: body.tenant_id.into(),
        account: body.billing_account_id.into(),
        name: body.name,
        effective_from: body.effective_from.0,
        effective_to: body.effective_to.map(|time| time.0),
        status: operations::RateCardStatus::Active,
        rates,
        metadata: Metadata::or_empty(body.metadata),
        created_at: now,
        updated_at: now,
    };
    check_period(&card)?;
    caller.insert(&*caller.directory().rate_cards, TenantScope::of(card.tenant), card.id, &card).await?;
    let shown = view(&card);
    caller.audit(Done::Create, operations::RateCard::NAME, card.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Whose rate card is meant.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct TenantQuery {
    /// The tenant's id.
    #[garde(skip)]
    tenant_id: Uuid,
}

/// Changes of a rate card: members not named stay, null clears. Calls rated before keep their price.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateRateCardRequest {
    #[garde(length(chars, min = 1, max = 200))]
    name: Option<String>,
    #[garde(skip)]
    effective_from: Option<Time>,
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    effective_to: Option<Option<Time>>,
    #[garde(skip)]
    status: Option<RateCardStatus>,
    #[garde(skip)]
    #[schema(value_type = Option<Object>)]
    rates: Option<Value>,
}

/// Changes a rate card.
#[utoipa::path(patch, path = "/admin/api/v1/rate-cards/{id}", operation_id = "updateRateCard",
    params(("id" = Uuid, Path, description = "The rate card's id"), TenantQuery),
    request_body = UpdateRateCardRequest, responses((status = 200, description = "The rate card", body = RateCard)))]
async fn update_rate_card(
    caller: Caller,
    PathId(id): PathId<RateCardId>,
    Query(query): Query<TenantQuery>,
    Body(body): Body<UpdateRateCardRequest>,
) -> ApiResult<Json<RateCard>> {
    let scope = TenantScope::of(TenantId(query.tenant_id));
    let mut card = caller.directory().rate_cards.get(scope, id).await.map_err(from_store)?;
    let before = view(&card);
    card.name = body.name.unwrap_or(card.name);
    card.effective_from = body.effective_from.map_or(card.effective_from, |time| time.0);
    if let Some(end) = body.effective_to {
        card.effective_to = end.map(|time| time.0);
    }
    card.status = body.status.map_or(card.status, |status| status.0);
    if let Some(rates) = body.rates {
        card.rates = read_rates(&rates)?;
    }
    check_period(&card)?;
    let saved = caller
        .directory()
        .rate_cards
        .save(scope.expecting(caller.expected()), &card, caller.now())
        .await
        .map_err(from_store)?;
    let after = view(&saved);
    caller.audit(Done::Update, operations::RateCard::NAME, id, &before, &after).await;
    Ok(Json(after))
}
