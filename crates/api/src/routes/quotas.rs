//! What tenants may use: kept by the operator, checked where it is used.

use axum::{Json, extract::Path, http::StatusCode};
use domain::{CallId, LeaseId, QuotaOverrideId, TenantId, Timestamp};
use garde::Validate;
use operations::{
    Listed, QuotaInForce, QuotaKind as Kind, QuotaUsage, Reservation, Tenant, TenantQuota, TenantScope, calls_at_once,
    day_start, room_for_call,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{budget_gate, budgets};
use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery, Short},
    problem::{ApiError, ApiResult},
    resource::Resource,
    wire::{Time, nullable, wire_enum},
};

wire_enum!(
    /// What is limited where it is used.
    QuotaKind
);

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Tenants")
        .needs(Permission::PlatformAdmin, routes!(read))
        .needs(Permission::PlatformAdmin, routes!(update))
        .needs(Permission::PlatformAdmin, routes!(status))
        .needs(Permission::ReportsRead, routes!(own_status))
        .needs(Permission::PlatformAdmin, routes!(list_overrides))
        .needs(Permission::PlatformAdmin, routes!(add_override))
        .needs(Permission::PlatformAdmin, routes!(remove_override))
}

/// Refuses with 403 `QUOTA_EXCEEDED` when the caller's tenant has used up what it may.
pub(super) async fn check(caller: &Caller, kind: Kind) -> ApiResult<()> {
    let Some((current, limit)) = state_of(caller, kind).await? else { return Ok(()) };
    if current < u64::from(limit) {
        return Ok(());
    }
    exceeded(caller, kind.as_str(), current, limit).await
}

/// 403 `QUOTA_EXCEEDED`, noted, unless the request carries a token that lets it pass.
async fn exceeded(caller: &Caller, kind: &str, current: u64, limit: u32) -> ApiResult<()> {
    let changes = json!({"quota": kind, "current": current, "limit": limit});
    let excuse = match budget_gate::passes(caller, "quota", &changes).await? {
        Ok(()) => return Ok(()),
        Err(excuse) => excuse,
    };
    caller.note("quota.exceeded", "quota", Some(kind.to_owned()), changes).await;
    let message = format!("The quota {kind} is used up: {current} of {limit}{excuse}; ask the operator for more");
    let level = Some((current, limit.into()));
    Err(ApiError { level, ..ApiError::new(StatusCode::FORBIDDEN, "QUOTA_EXCEEDED", message) })
}

/// Lets a call be placed that is expected to take so many minutes, or refuses it with 403 `QUOTA_EXCEEDED`: first the tenant's calls at
/// once, then its minutes of the day. Where calls at once are limited, the call has taken its room when this returns (ADR 0206), and
/// whoever does not place it gives it back.
pub(super) async fn admit_call(caller: &Caller, call: CallId, minutes: u32) -> ApiResult<Option<LeaseId>> {
    let now = caller.now();
    let scope = TenantScope::of(caller.principal.tenant);
    let (tenant, quota) = in_force(caller, scope.tenant()).await?;
    let mut calls_max = calls_at_once(&tenant, &quota, now);
    let minutes_max = quota.limit(Kind::MinutesPerDay, now);
    if calls_max.is_none() && minutes_max.is_none() {
        return Ok(None);
    }
    let day = day_start(now, &tenant.time_zone);
    let usage = caller.directory().quotas.quota_usage(scope, day).await.map_err(from_store)?;
    // Calls from before there was a limit hold no room, and count all the same.
    if let Some(limit) = calls_max.filter(|limit| usage.concurrent_calls >= u64::from(*limit)) {
        exceeded(caller, Kind::ConcurrentCalls.as_str(), usage.concurrent_calls, limit).await?;
        calls_max = None;
    }
    if let Some(limit) = minutes_max {
        let used = used(&usage, Kind::MinutesPerDay);
        if used + u64::from(minutes) > u64::from(limit) {
            exceeded(caller, Kind::MinutesPerDay.as_str(), used, limit).await?;
        }
    }
    let Some(limit) = calls_max else { return Ok(None) };
    let request = room_for_call(scope.tenant(), call, caller.state.next_id(), limit, now);
    let lease = request.lease;
    match caller.state.leases().reserve(request).await.map_err(from_store)? {
        Reservation::Held => Ok(Some(lease)),
        Reservation::Full(full) => {
            exceeded(caller, Kind::ConcurrentCalls.as_str(), u64::from(full.counted), limit).await.map(|()| None)
        }
        Reservation::Ended => Err(ApiError::unavailable("No room could be taken for the call; try again")),
    }
}

/// As the limit of recordings is counted.
const GIGABYTE: u64 = 1_000_000_000;

/// Refuses a recording from outside with 403 `QUOTA_EXCEEDED` where recordings take up what they may. One that is let in may go beyond.
pub(super) async fn admit_recording(caller: &Caller) -> ApiResult<()> {
    let scope = TenantScope::of(caller.principal.tenant);
    let quotas = &caller.directory().quotas;
    let quota = quotas.quota_of(scope).await.map_err(from_store)?.quota.filter(|quota| quota.enabled);
    let limit = quota.and_then(|quota| quota.storage_gb_max).filter(|limit| *limit > 0);
    let Some(limit) = limit else { return Ok(()) };
    let used = quotas.recording_bytes(scope).await.map_err(from_store)?;
    if used < u64::from(limit) * GIGABYTE {
        return Ok(());
    }
    exceeded(caller, "storage-gb", used / GIGABYTE, limit).await
}

/// How much of a quota is left.
pub(super) async fn room(caller: &Caller, kind: Kind) -> ApiResult<u64> {
    let state = state_of(caller, kind).await?;
    Ok(state.map_or(u64::MAX, |(current, limit)| u64::from(limit).saturating_sub(current)))
}

/// What is used, and what may be; `None` without a limit.
async fn state_of(caller: &Caller, kind: Kind) -> ApiResult<Option<(u64, u32)>> {
    let now = caller.now();
    let scope = TenantScope::of(caller.principal.tenant);
    let quotas = &caller.directory().quotas;
    let Some(limit) = quotas.quota_of(scope).await.map_err(from_store)?.limit(kind, now) else { return Ok(None) };
    let tenant = tenant_of(caller, scope.tenant()).await?;
    let usage = quotas.quota_usage(scope, day_start(now, &tenant.time_zone)).await.map_err(from_store)?;
    Ok(Some((used(&usage, kind), limit)))
}

fn used(usage: &QuotaUsage, kind: Kind) -> u64 {
    match kind {
        Kind::ConcurrentCalls => usage.concurrent_calls,
        Kind::MinutesPerDay => usage.answered_ms / 60_000,
        Kind::PhoneNumbers => usage.phone_numbers,
    }
}

async fn tenant_of(caller: &Caller, id: TenantId) -> ApiResult<Tenant> {
    let found = caller.directory().tenants.find_tenant(id).await.map_err(from_store)?;
    found.ok_or_else(|| ApiError::not_found("Tenant"))
}

/// The limits of a tenant; null and 0 are no limit.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// The tenant the quota belongs to.
    tenant_id: Uuid,
    /// Most calls at once; null: no limit.
    max_concurrent_calls: Option<u32>,
    /// Most minutes a day, in the tenant's time zone; null: no limit.
    max_minutes_per_day: Option<u32>,
    /// Kept; recordings are not removed by it yet.
    max_recording_retention_days: Option<u32>,
    /// Most numbers the tenant holds; null: no limit.
    max_phone_numbers: Option<u32>,
    /// Gigabytes of recordings: beyond it none is taken from outside. The platform's own are not cut.
    #[serde(rename = "maxStorageGB")]
    max_storage_gb: Option<u32>,
    /// False: none of them counts.
    enabled: bool,
    /// When the quota was made.
    created_at: Time,
    /// When the quota last changed.
    updated_at: Time,
}

fn view(quota: &TenantQuota) -> Quota {
    Quota {
        tenant_id: quota.tenant.uuid(),
        max_concurrent_calls: quota.concurrent_calls_max,
        max_minutes_per_day: quota.minutes_per_day_max,
        max_recording_retention_days: quota.recording_retention_days_max,
        max_phone_numbers: quota.phone_numbers_max,
        max_storage_gb: quota.storage_gb_max,
        enabled: quota.enabled,
        created_at: Time(quota.created_at),
        updated_at: Time(quota.updated_at),
    }
}

async fn in_force(caller: &Caller, tenant: TenantId) -> ApiResult<(Tenant, QuotaInForce)> {
    let found = tenant_of(caller, tenant).await?;
    let quotas = &caller.directory().quotas;
    Ok((found, quotas.quota_of(TenantScope::of(tenant)).await.map_err(from_store)?))
}

/// Reads a tenant's limits. 404 as well when none were ever set.
#[utoipa::path(get, path = "/admin/api/v1/tenants/{id}/quota", operation_id = "getTenantQuota", params(("id" = Uuid, Path, description = "The tenant's id")),
    responses((status = 200, description = "The limits", body = Quota)))]
async fn read(caller: Caller, PathId(tenant): PathId<TenantId>) -> ApiResult<Json<Quota>> {
    let (_, found) = in_force(&caller, tenant).await?;
    found.quota.map(|quota| Json(view(&quota))).ok_or_else(|| ApiError::not_found("Quota"))
}

/// Changes of limits: members not named stay, null lifts a limit.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateQuotaRequest {
    /// Most calls at once; null lifts the limit.
    #[garde(inner(inner(range(max = 1_000_000))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(maximum = 1_000_000)]
    max_concurrent_calls: Option<Option<u32>>,
    /// Most minutes a day, in the tenant's time zone; null lifts the limit.
    #[garde(inner(inner(range(max = 100_000_000))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(maximum = 100_000_000)]
    max_minutes_per_day: Option<Option<u32>>,
    /// Kept only: days recordings are to stay; null: for good.
    #[garde(inner(inner(range(max = 36_500))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(maximum = 36_500)]
    max_recording_retention_days: Option<Option<u32>>,
    /// Most numbers the tenant holds; null lifts the limit.
    #[garde(inner(inner(range(max = 10_000_000))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(maximum = 10_000_000)]
    max_phone_numbers: Option<Option<u32>>,
    /// Kept only: gigabytes of recordings; null: no limit.
    #[garde(inner(inner(range(max = 10_000_000))))]
    #[serde(default, rename = "maxStorageGB", deserialize_with = "nullable")]
    #[schema(maximum = 10_000_000)]
    max_storage_gb: Option<Option<u32>>,
    /// False: no limit counts.
    #[garde(skip)]
    enabled: Option<bool>,
}

/// Changes a tenant's limits; makes them where there are none.
#[utoipa::path(patch, path = "/admin/api/v1/tenants/{id}/quota", operation_id = "updateTenantQuota", params(("id" = Uuid, Path, description = "The tenant's id")),
    request_body = UpdateQuotaRequest, responses((status = 200, description = "The limits", body = Quota)))]
async fn update(
    caller: Caller,
    PathId(tenant): PathId<TenantId>,
    Body(body): Body<UpdateQuotaRequest>,
) -> ApiResult<Json<Quota>> {
    let (_, found) = in_force(&caller, tenant).await?;
    let now = caller.now();
    let before = found.quota.unwrap_or_else(|| TenantQuota::none(tenant, now));
    let changed = TenantQuota {
        concurrent_calls_max: body.max_concurrent_calls.unwrap_or(before.concurrent_calls_max),
        minutes_per_day_max: body.max_minutes_per_day.unwrap_or(before.minutes_per_day_max),
        recording_retention_days_max: body.max_recording_retention_days.unwrap_or(before.recording_retention_days_max),
        phone_numbers_max: body.max_phone_numbers.unwrap_or(before.phone_numbers_max),
        storage_gb_max: body.max_storage_gb.unwrap_or(before.storage_gb_max),
        enabled: body.enabled.unwrap_or(before.enabled),
        updated_at: now,
        ..before
    };
    caller.directory().quotas.put_quota(&changed).await.map_err(from_store)?;
    let shown = view(&changed);
    caller.audit(Done::Update, "quota", tenant, &view(&before), &shown).await;
    Ok(Json(shown))
}

/// How far a limit is used.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuotaLevel {
    /// What counts now.
    current: u64,
    /// Null: none.
    limit: Option<u32>,
    /// Null: no limit.
    remaining: Option<u64>,
}

/// How far a tenant's limits are used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuotaStatus {
    /// Calls at once.
    concurrent_calls: QuotaLevel,
    /// Since midnight in the tenant's zone.
    daily_minutes: QuotaLevel,
    /// Numbers the tenant holds.
    phone_numbers: QuotaLevel,
    /// Null: there is no budget.
    budget: Option<budgets::BudgetStatus>,
}

/// Reads how far a tenant's limits are used, exceptions counted.
#[utoipa::path(get, path = "/admin/api/v1/tenants/{id}/quota/status", operation_id = "getTenantQuotaStatus",
    params(("id" = Uuid, Path, description = "The tenant's id")), responses((status = 200, description = "The levels", body = QuotaStatus)))]
async fn status(caller: Caller, PathId(tenant): PathId<TenantId>) -> ApiResult<Json<QuotaStatus>> {
    levels(&caller, tenant).await
}

/// Reads how far the limits of one's own tenant are used, exceptions counted. The operator of the platform sets them.
#[utoipa::path(get, path = "/api/v1/quota/status", operation_id = "getQuotaStatus",
    responses((status = 200, description = "The levels", body = QuotaStatus)))]
async fn own_status(caller: Caller) -> ApiResult<Json<QuotaStatus>> {
    levels(&caller, caller.principal.tenant).await
}

async fn levels(caller: &Caller, tenant: TenantId) -> ApiResult<Json<QuotaStatus>> {
    let (found, quota) = in_force(caller, tenant).await?;
    let now = caller.now();
    let day = day_start(now, &found.time_zone);
    let usage = caller.directory().quotas.quota_usage(TenantScope::of(tenant), day).await.map_err(from_store)?;
    let level = |kind: Kind| {
        let (current, limit) = (used(&usage, kind), quota.limit(kind, now));
        QuotaLevel { current, limit, remaining: limit.map(|limit| u64::from(limit).saturating_sub(current)) }
    };
    Ok(Json(QuotaStatus {
        concurrent_calls: level(Kind::ConcurrentCalls),
        daily_minutes: level(Kind::MinutesPerDay),
        phone_numbers: level(Kind::PhoneNumbers),
        budget: budgets::status_of(caller, tenant).await?,
    }))
}

/// An exception from a limit.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuotaOverride {
    /// The exception's id.
    id: Uuid,
    /// The tenant it is for.
    tenant_id: Uuid,
    /// The limit it is for.
    quota_type: QuotaKind,
    /// Null lifts the limit.
    override_value: Option<u32>,
    /// Why.
    reason: String,
    /// When it ends; null: never.
    expires_at: Option<Time>,
    /// The user who made it; null where a key did.
    created_by: Option<Uuid>,
    /// When the exception was made.
    created_at: Time,
}

fn exception(exception: &operations::QuotaOverride) -> QuotaOverride {
    QuotaOverride {
        id: exception.id.uuid(),
        tenant_id: exception.tenant.uuid(),
        quota_type: QuotaKind(exception.quota),
        override_value: exception.value,
        reason: exception.reason.clone(),
        expires_at: exception.expires_at.map(Time),
        created_by: exception.created_by.map(|id| id.uuid()),
        created_at: Time(exception.created_at),
    }
}

impl Listed for QuotaOverride {
    const ORDERS: &'static [&'static str] = &["createdAt", "quotaType", "overrideValue", "expiresAt"];
}

impl Short for QuotaOverride {}

/// Lists the exceptions of a tenant that are not over, oldest first.
#[utoipa::path(get, path = "/admin/api/v1/tenants/{id}/quota/overrides", operation_id = "listQuotaOverrides",
    params(("id" = Uuid, Path, description = "The tenant's id"), PageQuery<QuotaOverride>),
    responses((status = 200, description = "A page of the exceptions", body = List<QuotaOverride>)))]
async fn list_overrides(
    caller: Caller,
    PathId(tenant): PathId<TenantId>,
    Query(page): Query<PageQuery<QuotaOverride>>,
) -> ApiResult<Json<List<QuotaOverride>>> {
    let (_, found) = in_force(&caller, tenant).await?;
    let now: Timestamp = caller.now();
    let open = found.overrides.iter().filter(|one| one.expires_at.is_none_or(|until| until > now));
    Ok(Json(page.cut(open.map(exception).collect())?))
}

/// A new exception.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateQuotaOverrideRequest {
    /// The limit it is for.
    #[garde(skip)]
    quota_type: QuotaKind,
    /// The limit in its place; null or absent lifts it.
    #[garde(range(min = 1, max = 100_000_000))]
    #[schema(minimum = 1, maximum = 100_000_000)]
    override_value: Option<u32>,
    /// Why.
    #[garde(length(chars, min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "Sale of the week")]
    reason: String,
    /// For good unless said otherwise.
    #[garde(range(min = 1, max = 87_600))]
    #[schema(minimum = 1, maximum = 87_600)]
    expires_in_hours: Option<u64>,
}

/// Makes an exception from a limit.
#[utoipa::path(post, path = "/admin/api/v1/tenants/{id}/quota/overrides", operation_id = "createQuotaOverride",
    params(("id" = Uuid, Path, description = "The tenant's id")), request_body = CreateQuotaOverrideRequest,
    responses((status = 201, description = "The exception", body = QuotaOverride)))]
async fn add_override(
    caller: Caller,
    PathId(tenant): PathId<TenantId>,
    Body(body): Body<CreateQuotaOverrideRequest>,
) -> ApiResult<(StatusCode, Json<QuotaOverride>)> {
    tenant_of(&caller, tenant).await?;
    let now = caller.now();
    let made = operations::QuotaOverride {
        id: caller.new_id(),
        tenant,
        quota: body.quota_type.0,
        value: body.override_value,
        reason: body.reason,
        expires_at: body.expires_in_hours.map(|hours| now.after(Duration::from_secs(hours * 3_600))),
        created_by: caller.principal.user(),
        created_at: now,
    };
    caller.directory().quotas.add_override(&made).await.map_err(from_store)?;
    let shown = exception(&made);
    caller.audit(Done::Create, "quota override", made.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Ends an exception.
#[utoipa::path(delete, path = "/admin/api/v1/tenants/{id}/quota/overrides/{overrideId}", operation_id = "deleteQuotaOverride",
    params(("id" = Uuid, Path, description = "The tenant's id"), ("overrideId" = Uuid, Path, description = "The exception's id")),
    responses((status = 204, description = "It is over")))]
async fn remove_override(caller: Caller, Path((tenant, id)): Path<(String, String)>) -> ApiResult<StatusCode> {
    let tenant: TenantId = tenant.parse().map_err(|_| ApiError::not_found("Tenant"))?;
    let id: QuotaOverrideId = id.parse().map_err(|_| ApiError::not_found("Override"))?;
    tenant_of(&caller, tenant).await?;
    let quotas = &caller.directory().quotas;
    if !quotas.remove_override(TenantScope::of(tenant), id).await.map_err(from_store)? {
        return Err(ApiError::not_found("Override"));
    }
    caller.note("quota_override.delete", "quota override", Some(id.to_string()), json!({"tenantId": tenant})).await;
    Ok(StatusCode::NO_CONTENT)
}
