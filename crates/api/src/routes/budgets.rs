//! What tenants may spend: limits kept by the operator, alerts by the tenant too.

use std::time::Duration;

use axum::{Json, http::StatusCode};
use domain::{Micros, TenantId};
use garde::Validate;
use operations::{BudgetLevel, BudgetState, TenantBudget, TenantScope, budget_state, new_token, slack_secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::budget_gate::shown_percentage;
use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Amount, Time, nullable, wire_enum},
};

/// Alerts shown with a budget.
const ALERTS_SHOWN: u32 = 10;
/// Before the hex of an override token.
const TOKEN_KIND: &str = "qot_";
/// Webhooks that need no TLS.
const LOCAL_WEBHOOKS: [&str; 3] = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
/// Longest webhook address.
const WEBHOOK_CHARS_MAX: usize = 500;

wire_enum!(
    /// What people are told.
    BudgetAlertType
);

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Tenants")
        .needs(Permission::PlatformAdmin, routes!(read))
        .needs(Permission::PlatformAdmin, routes!(update))
        .needs(Permission::PlatformAdmin, routes!(make_token))
        .needs(Permission::PlatformAdmin, routes!(remove_token))
        .needs(Permission::BillingRead, routes!(read_own))
        .needs(Permission::BillingWrite, routes!(update_own))
}

/// What people were told about a budget.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BudgetAlert {
    /// The alert's id.
    id: Uuid,
    /// What was noticed: a threshold, or a limit used up; of the day or the month.
    r#type: BudgetAlertType,
    /// The begin of the day or month it is about; there is one of a type for each.
    period_start: Time,
    /// Percent from which it was to be told.
    threshold: u32,
    /// Charged when it was noticed.
    current: Amount,
    /// The limit then.
    limit: Amount,
    /// How much of the limit was used, percent.
    percentage: f64,
    /// Ways it went out: `email`, `slack`.
    sent_via: Vec<String>,
    /// Addresses it is still to go to; given up where `lastError` stays.
    pending: usize,
    /// Why the last try failed.
    last_error: Option<String>,
    /// When it was noticed.
    sent_at: Time,
}

/// What a tenant may spend, and has spent, on the platform.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    /// The tenant the budget belongs to.
    tenant_id: Uuid,
    /// What is charged in another currency does not count.
    #[schema(example = "USD")]
    currency: String,
    /// Null: no limit.
    daily_budget: Option<Amount>,
    /// Null: no limit.
    monthly_budget: Option<Amount>,
    /// Charged since midnight in the tenant's time zone.
    current_day_spend: Amount,
    /// Charged since the begin of the month there.
    current_month_spend: Amount,
    /// Percent of a limit from which people are told.
    alert_threshold: u32,
    /// Addresses that are told.
    alert_emails: Vec<String>,
    /// Its address is a secret and never shown.
    has_alert_slack_webhook: bool,
    /// Whether calls the tenant places are refused once a limit is used up. Calls that come in never are.
    hard_stop_enabled: bool,
    /// Until when a token lets quota and budget pass; null: there is none.
    override_token_expires_at: Option<Time>,
    /// When people were last told; null: never.
    last_alert_sent_at: Option<Time>,
    /// What they were told then.
    last_alert_type: Option<BudgetAlertType>,
    /// False: nothing is refused and nobody told.
    enabled: bool,
    /// The last ten, youngest first.
    alerts: Vec<BudgetAlert>,
    /// When the budget was made.
    created_at: Time,
    /// When the budget last changed.
    updated_at: Time,
}

fn alert_view(alert: &operations::BudgetAlert) -> BudgetAlert {
    BudgetAlert {
        id: alert.id.uuid(),
        r#type: BudgetAlertType(alert.kind),
        period_start: Time(alert.period_start),
        threshold: alert.threshold,
        current: Amount(alert.current),
        limit: Amount(alert.limit),
        percentage: shown_percentage(operations::percentage(alert.current, alert.limit)),
        sent_via: alert.sent_via.clone(),
        pending: alert.pending.len(),
        last_error: alert.last_error.clone(),
        sent_at: Time(alert.created_at),
    }
}

fn view(state: &BudgetState, alerts: &[operations::BudgetAlert]) -> Budget {
    let budget = &state.budget;
    let last = alerts.first();
    Budget {
        tenant_id: budget.tenant.uuid(),
        currency: budget.currency.code().to_owned(),
        daily_budget: budget.daily.map(Amount),
        monthly_budget: budget.monthly.map(Amount),
        current_day_spend: Amount(state.daily.current),
        current_month_spend: Amount(state.monthly.current),
        alert_threshold: budget.alert_threshold,
        alert_emails: budget.alert_emails.clone(),
        has_alert_slack_webhook: budget.alert_slack_webhook.is_some(),
        hard_stop_enabled: budget.hard_stop_enabled,
        override_token_expires_at: budget.override_expires_at.map(Time),
        last_alert_sent_at: last.map(|alert| Time(alert.created_at)),
        last_alert_type: last.map(|alert| BudgetAlertType(alert.kind)),
        enabled: budget.enabled,
        alerts: alerts.iter().map(alert_view).collect(),
        created_at: Time(budget.created_at),
        updated_at: Time(budget.updated_at),
    }
}

async fn state_of(caller: &Caller, tenant: TenantId) -> ApiResult<Option<BudgetState>> {
    let found = caller.directory().tenants.find_tenant(tenant).await.map_err(from_store)?;
    found.ok_or_else(|| ApiError::not_found("Tenant"))?;
    budget_state(caller.directory(), tenant, caller.now()).await.map_err(from_store)
}

async fn shown(caller: &Caller, tenant: TenantId) -> ApiResult<Json<Budget>> {
    let state = state_of(caller, tenant).await?.ok_or_else(|| ApiError::not_found("Budget"))?;
    let alerts = caller.directory().budgets.alerts(TenantScope::of(tenant), ALERTS_SHOWN).await.map_err(from_store)?;
    Ok(Json(view(&state, &alerts)))
}

/// Reads a tenant's budget, what is spent of it, and the last alerts. 404 as well when none was ever set.
#[utoipa::path(get, path = "/admin/api/v1/tenants/{id}/budget", operation_id = "getTenantBudget", params(("id" = Uuid, Path, description = "The tenant's id")),
    responses((status = 200, description = "The budget", body = Budget)))]
async fn read(caller: Caller, PathId(tenant): PathId<TenantId>) -> ApiResult<Json<Budget>> {
    shown(&caller, tenant).await
}

/// Reads the budget of one's own tenant, what is spent of it, and the last alerts. The operator of the platform sets the limits.
#[utoipa::path(get, path = "/api/v1/budget", operation_id = "getBudget",
    responses((status = 200, description = "The budget", body = Budget),
        (status = 404, description = "The operator set no budget", body = crate::Problem, content_type = "application/problem+json")))]
async fn read_own(caller: Caller) -> ApiResult<Json<Budget>> {
    shown(&caller, caller.principal.tenant).await
}

fn is_limit(limit: &Amount, _: &()) -> garde::Result {
    if limit.0 > Micros::ZERO { Ok(()) } else { Err(garde::Error::new("must be above 0; null lifts the limit")) }
}

fn is_currency(text: &str, _: &()) -> garde::Result {
    text.parse::<domain::Currency>().map(drop).map_err(garde::Error::new)
}

fn is_webhook(text: &str, _: &()) -> garde::Result {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    // Whether this machine may be asked is for the worker to say, which does.
    let is_here =
        |host: &str| text.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']));
    if is_plain && (text.starts_with("https://") || LOCAL_WEBHOOKS.into_iter().any(is_here)) {
        return Ok(());
    }
    Err(garde::Error::new("must be an address that begins with https://"))
}

/// Changes of a budget: members not named stay, null lifts or clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateBudgetRequest {
    /// Of both limits, ISO 4217: three capital letters.
    #[garde(inner(custom(is_currency)))]
    #[schema(pattern = "^[A-Z]{3}$", example = "USD")]
    currency: Option<String>,
    /// Most to be spent a day, above 0; null lifts the limit.
    #[garde(inner(inner(custom(is_limit))))]
    #[serde(default, deserialize_with = "nullable")]
    daily_budget: Option<Option<Amount>>,
    /// Most to be spent a month, above 0; null lifts the limit.
    #[garde(inner(inner(custom(is_limit))))]
    #[serde(default, deserialize_with = "nullable")]
    monthly_budget: Option<Option<Amount>>,
    /// Whether calls the tenant places are refused once a limit is used up.
    #[garde(skip)]
    hard_stop_enabled: Option<bool>,
    /// False: nothing is refused and nobody told.
    #[garde(skip)]
    enabled: Option<bool>,
    /// Percent of a limit from which people are told.
    #[garde(range(min = 1, max = 100))]
    #[schema(minimum = 1, maximum = 100)]
    alert_threshold: Option<u32>,
    /// Addresses that are told.
    #[garde(inner(length(max = operations::ALERT_EMAILS_MAX), inner(email, length(chars, max = 254))))]
    #[schema(inline, value_type = Option<Vec<crate::wire::EmailText>>, max_items = 20)]
    alert_emails: Option<Vec<String>>,
    /// Told like a Slack incoming webhook. A secret: kept sealed and never shown.
    #[garde(inner(inner(length(chars, max = WEBHOOK_CHARS_MAX), custom(is_webhook))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 500)]
    alert_slack_webhook: Option<Option<String>>,
}

/// Changes of alerts: members not named stay, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateBudgetAlertsRequest {
    /// Percent of a limit from which people are told.
    #[garde(range(min = 1, max = 100))]
    #[schema(minimum = 1, maximum = 100)]
    alert_threshold: Option<u32>,
    /// Addresses that are told.
    #[garde(inner(length(max = operations::ALERT_EMAILS_MAX), inner(email, length(chars, max = 254))))]
    #[schema(inline, value_type = Option<Vec<crate::wire::EmailText>>, max_items = 20)]
    alert_emails: Option<Vec<String>>,
    /// Told like a Slack incoming webhook. A secret: kept sealed and never shown.
    #[garde(inner(inner(length(chars, max = WEBHOOK_CHARS_MAX), custom(is_webhook))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 500)]
    alert_slack_webhook: Option<Option<String>>,
}

impl UpdateBudgetAlertsRequest {
    fn apply(self, caller: &Caller, budget: &mut TenantBudget) -> ApiResult<()> {
        budget.alert_threshold = self.alert_threshold.unwrap_or(budget.alert_threshold);
        if let Some(mut emails) = self.alert_emails {
            emails.sort();
            emails.dedup();
            budget.alert_emails = emails;
        }
        if let Some(webhook) = self.alert_slack_webhook {
            let vault = caller.state.vault();
            let seal = |url: String| vault.seal(&slack_secret(budget.tenant), &url, &mut caller.state.fork_seed());
            let fault = || ApiError::validation(vec![Fault::body("alertSlackWebhook", "could not be sealed")]);
            budget.alert_slack_webhook = webhook.map(|url| seal(url).ok_or_else(fault)).transpose()?;
        }
        Ok(())
    }
}

/// Writes the budget over the version that was read, and notes it in the tenant's log.
async fn save(caller: &Caller, before: Option<BudgetState>, mut changed: TenantBudget) -> ApiResult<Json<Budget>> {
    let budgets = &caller.directory().budgets;
    let version = before.as_ref().map(|before| before.budget.updated_at);
    // A version is a moment, and two changes within one must differ.
    changed.updated_at = version.map_or(caller.now(), |at| caller.now().max(at.after(Duration::from_micros(1))));
    budgets.save_budget(&changed, version).await.map_err(from_store)?;
    let tenant = changed.tenant;
    let alerts = budgets.alerts(TenantScope::of(tenant), ALERTS_SHOWN).await.map_err(from_store)?;
    let after = state_of(caller, tenant).await?.ok_or_else(|| ApiError::not_found("Budget"))?;
    let after_view = view(&BudgetState { budget: changed, ..after }, &alerts);
    match before {
        None => caller.audit_in(tenant, Done::Create, "budget", tenant, &(), &after_view).await,
        Some(before) => {
            caller.audit_in(tenant, Done::Update, "budget", tenant, &view(&before, &alerts), &after_view).await
        }
    }
    Ok(Json(after_view))
}

/// Changes a tenant's budget; makes it where there is none. Null lifts a limit.
#[utoipa::path(patch, path = "/admin/api/v1/tenants/{id}/budget", operation_id = "updateTenantBudget", params(("id" = Uuid, Path, description = "The tenant's id")),
    request_body = UpdateBudgetRequest, responses((status = 200, description = "The budget", body = Budget)))]
async fn update(
    caller: Caller,
    PathId(tenant): PathId<TenantId>,
    Body(body): Body<UpdateBudgetRequest>,
) -> ApiResult<Json<Budget>> {
    let before = state_of(&caller, tenant).await?;
    caller.check_match(before.as_ref().map(|before| before.budget.updated_at))?;
    let mut changed =
        before.as_ref().map_or_else(|| TenantBudget::none(tenant, caller.now()), |before| before.budget.clone());
    if let Some(Ok(currency)) = body.currency.map(|text| text.parse()) {
        changed.currency = currency;
    }
    changed.daily = body.daily_budget.map_or(changed.daily, |limit| limit.map(|limit| limit.0));
    changed.monthly = body.monthly_budget.map_or(changed.monthly, |limit| limit.map(|limit| limit.0));
    changed.hard_stop_enabled = body.hard_stop_enabled.unwrap_or(changed.hard_stop_enabled);
    changed.enabled = body.enabled.unwrap_or(changed.enabled);
    let alerts = UpdateBudgetAlertsRequest {
        alert_threshold: body.alert_threshold,
        alert_emails: body.alert_emails,
        alert_slack_webhook: body.alert_slack_webhook,
    };
    alerts.apply(&caller, &mut changed)?;
    save(&caller, before, changed).await
}

/// Changes who is told of one's own tenant's budget, and from when on. 404 where the operator set no budget.
#[utoipa::path(patch, path = "/api/v1/budget", operation_id = "updateBudgetAlerts", request_body = UpdateBudgetAlertsRequest,
    responses((status = 200, description = "The budget", body = Budget),
        (status = 404, description = "The operator set no budget", body = crate::Problem, content_type = "application/problem+json")))]
async fn update_own(caller: Caller, Body(body): Body<UpdateBudgetAlertsRequest>) -> ApiResult<Json<Budget>> {
    let before = state_of(&caller, caller.principal.tenant).await?;
    caller.check_match(before.as_ref().map(|before| before.budget.updated_at))?;
    let before = before.ok_or_else(|| ApiError::not_found("Budget"))?;
    let mut changed = before.budget.clone();
    body.apply(&caller, &mut changed)?;
    save(&caller, Some(before), changed).await
}

/// How long a token is good.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateOverrideTokenRequest {
    /// How long it is good, hours.
    #[garde(range(min = 1, max = 8_760))]
    #[serde(default = "a_day")]
    #[schema(minimum = 1, maximum = 8_760, default = 24)]
    expires_in_hours: u32,
}

const fn a_day() -> u32 {
    24
}

/// A token that lets quota and budget pass.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OverrideToken {
    /// To be sent as `X-Quota-Override`. Shown this once.
    #[schema(example = "qot_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    token: String,
    /// Until when it is good.
    expires_at: Time,
    /// How long it is good, hours.
    expires_in_hours: u32,
}

/// Makes the tenant's one override token, in place of an earlier one. Requests of the tenant that carry it in `X-Quota-Override` pass its
/// quotas and budget. It is shown this once. 404 where there is no budget.
#[utoipa::path(post, path = "/admin/api/v1/tenants/{id}/budget/override-token", operation_id = "createBudgetOverrideToken",
    params(("id" = Uuid, Path, description = "The tenant's id")), request_body = CreateOverrideTokenRequest,
    responses((status = 201, description = "The token", body = OverrideToken)))]
async fn make_token(
    caller: Caller,
    PathId(tenant): PathId<TenantId>,
    Body(body): Body<CreateOverrideTokenRequest>,
) -> ApiResult<(StatusCode, Json<OverrideToken>)> {
    let before = state_of(&caller, tenant).await?.ok_or_else(|| ApiError::not_found("Budget"))?;
    let token = new_token(TOKEN_KIND, &mut caller.state.fork_seed());
    let expires_at = caller.now().after(Duration::from_secs(u64::from(body.expires_in_hours) * 3_600));
    let mut changed = before.budget.clone();
    changed.override_hash = Some(token.hash);
    changed.override_expires_at = Some(expires_at);
    save(&caller, Some(before), changed).await.map(drop)?;
    let made =
        OverrideToken { token: token.token, expires_at: Time(expires_at), expires_in_hours: body.expires_in_hours };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Whether it was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverrideTokenRemoved {
    /// Always true: faults have their own answers.
    success: bool,
}

/// Ends the tenant's override token; also where there is none.
#[utoipa::path(delete, path = "/admin/api/v1/tenants/{id}/budget/override-token", operation_id = "deleteBudgetOverrideToken",
    params(("id" = Uuid, Path, description = "The tenant's id")), responses((status = 200, description = "It is over", body = OverrideTokenRemoved)))]
async fn remove_token(caller: Caller, PathId(tenant): PathId<TenantId>) -> ApiResult<Json<OverrideTokenRemoved>> {
    let before = state_of(&caller, tenant).await?.ok_or_else(|| ApiError::not_found("Budget"))?;
    if before.budget.override_hash.is_some() {
        let mut changed = before.budget.clone();
        changed.override_hash = None;
        changed.override_expires_at = None;
        save(&caller, Some(before), changed).await.map(drop)?;
    }
    Ok(Json(OverrideTokenRemoved { success: true }))
}

/// How far a budget is used.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpendLevel {
    /// Charged so far.
    current: Amount,
    /// Null: none.
    limit: Option<Amount>,
    /// Null: no limit.
    percentage: Option<f64>,
}

/// How far a tenant's budget is used.
#[derive(Debug, Serialize, ToSchema)]
pub struct BudgetStatus {
    /// Of the day in the tenant's time zone.
    daily: SpendLevel,
    /// Of the month in the tenant's time zone.
    monthly: SpendLevel,
}

/// For the status of quotas; none without a budget.
pub(super) async fn status_of(caller: &Caller, tenant: TenantId) -> ApiResult<Option<BudgetStatus>> {
    let state = budget_state(caller.directory(), tenant, caller.now()).await.map_err(from_store)?;
    let level = |level: BudgetLevel| SpendLevel {
        current: Amount(level.current),
        limit: level.limit.map(Amount),
        percentage: level.percentage().map(shown_percentage),
    };
    Ok(state.map(|state| BudgetStatus { daily: level(state.daily), monthly: level(state.monthly) }))
}
