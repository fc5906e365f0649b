//! Overrides: leave to call a number that compliance would refuse, given by two people where the policy says so.

use axum::{Json, http::StatusCode};
use domain::{ComplianceOverrideId, Timestamp};
use garde::Validate;
use operations::{ComplianceOverrideFilter, ComplianceOverrideStatus as Stored, OVERRIDES_MAX, PageRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{consents::number_parameter, phone_number, policies};
use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Time, wire_enum},
};

wire_enum!(
    /// What an override is worth.
    ComplianceOverrideStatus,
);

/// Entity name of audit entries.
const ENTITY: &str = "compliance.override";

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Compliance")
        .needs(Permission::ComplianceWrite, routes!(request))
        .needs(Permission::ComplianceRead, routes!(list))
        .needs(Permission::ComplianceRead, routes!(read))
        .needs(Permission::ComplianceApprove, routes!(approve))
        .needs(Permission::ComplianceWrite, routes!(revoke))
}

/// Leave to call a number that compliance would refuse.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceOverride {
    /// The override's id.
    id: Uuid,
    /// The tenant the override belongs to.
    tenant_id: Uuid,
    /// The telephone number, E.164.
    #[schema(example = "+12125550100")]
    phone_number: String,
    /// Why.
    reason: String,
    /// The one call it is for; absent: every call of the number.
    call_id: Option<Uuid>,
    /// Only an `ACTIVE` one lets calls pass.
    status: ComplianceOverrideStatus,
    /// `user:<id>` or `key:<id>`.
    requested_by: String,
    /// The user who approved it; null where nobody had to, or has yet.
    approved_by: Option<Uuid>,
    /// When it was approved; null where nobody had to, or has yet.
    approved_at: Option<Time>,
    /// When it ends; null: never.
    expires_at: Option<Time>,
    /// When the override was made.
    created_at: Time,
    /// When the override last changed.
    updated_at: Time,
}

fn view(given: &operations::ComplianceOverride, now: Timestamp) -> ComplianceOverride {
    ComplianceOverride {
        id: given.id.uuid(),
        tenant_id: given.tenant.uuid(),
        phone_number: given.number.to_string(),
        reason: given.reason.clone(),
        call_id: given.call.map(|id| id.uuid()),
        status: ComplianceOverrideStatus(given.status_at(now)),
        requested_by: given.requested_by.clone(),
        approved_by: given.approved_by.map(|id| id.uuid()),
        approved_at: given.approved_at.map(Time),
        expires_at: given.expires_at.map(Time),
        created_at: Time(given.created_at),
        updated_at: Time(given.updated_at),
    }
}

/// A request for an override.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OverrideRequest {
    /// The telephone number it lets be called, E.164 or as people write it.
    #[garde(length(chars, min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, example = "+12125550100")]
    phone_number: String,
    /// Why; whoever approves reads it.
    #[garde(length(chars, min = 1, max = 1_000))]
    #[schema(min_length = 1, max_length = 1_000, example = "Asked by mail to be called back")]
    reason: String,
    /// For this call only; absent: every call of the number.
    #[garde(skip)]
    call_id: Option<Uuid>,
    /// When it ends, in the future; absent: never.
    #[garde(skip)]
    expires_at: Option<Time>,
}

/// What was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OverrideRequested {
    /// Always true: faults have their own answers.
    success: bool,
    /// Its id.
    override_id: Uuid,
    /// ACTIVE, or PENDING_APPROVAL where a second person has to approve it.
    status: ComplianceOverrideStatus,
}

/// Asks for an override. 403 OVERRIDE_NOT_ALLOWED where the policy allows none.
#[utoipa::path(post, path = "/api/v1/compliance/override", operation_id = "requestComplianceOverride", request_body = OverrideRequest,
    responses((status = 201, description = "What was asked for", body = OverrideRequested)))]
async fn request(
    caller: Caller,
    Body(body): Body<OverrideRequest>,
) -> ApiResult<(StatusCode, Json<OverrideRequested>)> {
    let number = phone_number("phoneNumber", &body.phone_number)?;
    let now = caller.now();
    if body.expires_at.is_some_and(|end| end.0 <= now) {
        return Err(ApiError::validation(vec![Fault::body("expiresAt", "must be in the future")]));
    }
    let policy = policies::in_force(&caller).await?;
    if !policy.allow_override {
        let message = "The compliance policy allows no overrides";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "OVERRIDE_NOT_ALLOWED", message));
    }
    let overrides = &caller.directory().compliance_overrides;
    for status in [Stored::Active, Stored::PendingApproval] {
        let filter = ComplianceOverrideFilter { number: None, status: Some(status) };
        let held = overrides.list(caller.scope(), &filter, &PageRequest::number(1, 1)).await.map_err(from_store)?;
        if held.total.map_or(0, |total| total.count) >= OVERRIDES_MAX {
            return Err(ApiError::conflict(format!(
                "There are {OVERRIDES_MAX} {status} overrides already; revoke some"
            )));
        }
    }
    let given = operations::ComplianceOverride {
        id: caller.new_id(),
        tenant: caller.principal.tenant,
        number,
        reason: body.reason,
        call: body.call_id.map(Into::into),
        requested_by: caller.principal.label(),
        status: if policy.require_admin_approval { Stored::PendingApproval } else { Stored::Active },
        expires_at: body.expires_at.map(|time| time.0),
        approved_by: None,
        approved_at: None,
        created_at: now,
        updated_at: now,
    };
    caller.insert(&**overrides, caller.scope(), given.id, &given).await?;
    caller.audit(Done::Create, ENTITY, &given.number, &(), &view(&given, now)).await;
    let asked = OverrideRequested {
        success: true,
        override_id: given.id.uuid(),
        status: ComplianceOverrideStatus(given.status),
    };
    Ok((StatusCode::CREATED, Json(asked)))
}

/// What a list of overrides is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct OverrideQuery {
    /// Only this consumer's.
    #[garde(length(chars, max = 40))]
    #[param(max_length = 40)]
    phone_number: Option<String>,
    /// Only these; those whose time is over are shown under what they were.
    #[garde(skip)]
    #[param(value_type = Option<ComplianceOverrideStatus>)]
    status: Option<ComplianceOverrideStatus>,
}

/// Lists overrides, newest first.
#[utoipa::path(get, path = "/api/v1/compliance/overrides", operation_id = "listComplianceOverrides", params(PageQuery<operations::ComplianceOverride>, OverrideQuery),
    responses((status = 200, description = "A page of overrides", body = List<ComplianceOverride>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<operations::ComplianceOverride>>,
    Query(query): Query<OverrideQuery>,
) -> ApiResult<Json<List<ComplianceOverride>>> {
    let filter = ComplianceOverrideFilter {
        number: number_parameter(query.phone_number.as_ref())?,
        status: query.status.map(|status| status.0),
    };
    let overrides = &caller.directory().compliance_overrides;
    let found = overrides.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    let now = caller.now();
    Ok(Json(page.envelope(found, |given| view(&given, now))))
}

async fn existing(caller: &Caller, id: ComplianceOverrideId) -> ApiResult<operations::ComplianceOverride> {
    caller.directory().compliance_overrides.get(caller.scope(), id).await.map_err(from_store)
}

/// Reads an override.
#[utoipa::path(get, path = "/api/v1/compliance/overrides/{id}", operation_id = "getComplianceOverride", params(("id" = Uuid, Path, description = "The override's id")),
    responses((status = 200, description = "The override", body = ComplianceOverride)))]
async fn read(caller: Caller, PathId(id): PathId<ComplianceOverrideId>) -> ApiResult<Json<ComplianceOverride>> {
    Ok(Json(view(&existing(&caller, id).await?, caller.now())))
}

async fn save(
    caller: &Caller,
    before: &operations::ComplianceOverride,
    changed: &operations::ComplianceOverride,
) -> ApiResult<Json<ComplianceOverride>> {
    let now = caller.now();
    let overrides = &caller.directory().compliance_overrides;
    let saved = overrides.save(caller.scope(), changed, now).await.map_err(from_store)?;
    let after = view(&saved, now);
    caller.audit(Done::Update, ENTITY, &saved.number, &view(before, now), &after).await;
    Ok(Json(after))
}

/// Approves an override that waits for it: a person, and another one than who asked.
#[utoipa::path(post, path = "/api/v1/compliance/overrides/{id}/approve", operation_id = "approveComplianceOverride",
    params(("id" = Uuid, Path, description = "The override's id")), responses((status = 200, description = "The override", body = ComplianceOverride)))]
async fn approve(caller: Caller, PathId(id): PathId<ComplianceOverrideId>) -> ApiResult<Json<ComplianceOverride>> {
    let given = existing(&caller, id).await?;
    let now = caller.now();
    let Some(person) = caller.principal.user() else {
        let message = "An override is approved by a person who is signed in, not by a key";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "APPROVAL_NOT_ALLOWED", message));
    };
    if caller.principal.label() == given.requested_by {
        let message = "An override is approved by another person than who asked for it";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "APPROVAL_NOT_ALLOWED", message));
    }
    let status = given.status_at(now);
    if status != Stored::PendingApproval {
        return Err(ApiError::conflict(format!("The override is {status} and waits for no approval")));
    }
    let changed = operations::ComplianceOverride {
        status: Stored::Active,
        approved_by: Some(person),
        approved_at: Some(now),
        ..given.clone()
    };
    save(&caller, &given, &changed).await
}

/// Takes an override back, or refuses one that waits.
#[utoipa::path(post, path = "/api/v1/compliance/overrides/{id}/revoke", operation_id = "revokeComplianceOverride",
    params(("id" = Uuid, Path, description = "The override's id")), responses((status = 200, description = "The override", body = ComplianceOverride)))]
async fn revoke(caller: Caller, PathId(id): PathId<ComplianceOverrideId>) -> ApiResult<Json<ComplianceOverride>> {
    let given = existing(&caller, id).await?;
    let changed = operations::ComplianceOverride { status: Stored::Revoked, ..given.clone() };
    save(&caller, &given, &changed).await
}
