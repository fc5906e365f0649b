//! The balance.

use axum::Json;
use domain::{Currency, Micros};
use operations::{Balance, BillingAccount, BillingAccountFilter, BillingAccountStatus, PageRequest, Side};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission, caller::Caller, convert::from_store, problem::ApiResult, resource::Resource, wire::Amount,
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Billing").sided(Permission::BillingRead, routes!(balance))
}

/// What the tenant's books come to, in the currency of its account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BalanceResponse {
    /// Absent while there is no account.
    billing_account_id: Option<Uuid>,
    /// Of the amounts, ISO 4217.
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
    /// Its name in the books.
    #[schema(example = "buyer_receivable:0197a2c4-0000-7000-8000-000000000000")]
    account: String,
    /// Of the amount, ISO 4217.
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
    let filter = BillingAccountFilter { status: Some(BillingAccountStatus::Active), search: None };
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
