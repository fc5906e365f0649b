//! May this call happen: the dry run, its words, and the trail of changes.

pub(crate) mod consents;
pub(crate) mod dnc_entries;
pub(crate) mod dnc_import;
pub(crate) mod dnc_lists;
pub(crate) mod overrides;
pub(crate) mod policies;
pub(crate) mod verdict;

use axum::Json;
use domain::{CallId, CompliancePath, PhoneNumber};
use garde::Validate;
use operations::{AuditEntry, AuditFilter, Screening};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    extract::{Body, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::Time,
};
pub(crate) use verdict::{ComplianceCheckResult, reason_word, verdict_view};

/// Longest consent token.
const TOKEN_CHARS_MAX: usize = 1_000;
/// Entity name of audit entries.
const ENTITY: &str = "compliance";

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Compliance")
        .needs(Permission::ComplianceRead, routes!(check))
        .needs(Permission::ComplianceRead, routes!(audit))
}

/// A number as people write it, or the field's fault.
pub(crate) fn phone_number(field: &str, text: &str) -> ApiResult<PhoneNumber> {
    PhoneNumber::from_dialled(text)
        .map_err(|error| ApiError::validation(vec![Fault::body(field, format!("is {error}"))]))
}

/// What is about to happen to the consumer.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScreenedPath {
    /// The platform calls the number.
    #[default]
    Outbound,
    /// A call is passed on to the number.
    Transfer,
    /// The number called us and is to be sold.
    InboundSale,
}

impl From<ScreenedPath> for CompliancePath {
    fn from(path: ScreenedPath) -> Self {
        match path {
            ScreenedPath::Outbound => Self::Outbound,
            ScreenedPath::Transfer => Self::Transfer,
            ScreenedPath::InboundSale => Self::InboundSale,
        }
    }
}

/// A question.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ComplianceCheckRequest {
    /// The consumer.
    #[garde(length(chars, min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, example = "+12125550100")]
    phone_number: String,
    /// Whose policy and lists; absent: the tenant's own.
    #[garde(skip)]
    campaign_id: Option<Uuid>,
    /// A consent token to rely on; absent: the newest verified one of the number.
    #[garde(length(chars, max = TOKEN_CHARS_MAX))]
    #[schema(max_length = 1_000)]
    consent_token: Option<String>,
    /// The call it is about, for overrides of one call.
    #[garde(skip)]
    call_id: Option<Uuid>,
    /// `OUTBOUND` unless said otherwise.
    #[garde(skip)]
    path: Option<ScreenedPath>,
}

/// Tells whether a call may happen now and why, by the rules calls are held to. Nothing is called.
#[utoipa::path(post, path = "/api/v1/compliance/check", operation_id = "checkCompliance", request_body = ComplianceCheckRequest,
    responses((status = 200, description = "The verdict", body = ComplianceCheckResult),
        (status = 404, description = "The campaign is not the tenant's", body = crate::Problem, content_type = "application/problem+json")))]
async fn check(caller: Caller, Body(body): Body<ComplianceCheckRequest>) -> ApiResult<Json<ComplianceCheckResult>> {
    let number = phone_number("phoneNumber", &body.phone_number)?;
    let campaign = match body.campaign_id {
        Some(id) => {
            let found = caller.directory().campaigns.get(caller.scope(), id.into()).await;
            Some(found.map_err(from_store)?.id)
        }
        None => None,
    };
    let gate = caller.state.gate();
    // A dry run may wait: it sees what was changed a moment ago. While the store is away it tells what calls are told.
    if let Err(error) = gate.refresh(caller.now()).await {
        tracing::warn!(%error, "compliance data is not current");
    }
    let screening = Screening {
        path: body.path.unwrap_or_default().into(),
        consumer: number.as_str(),
        campaign,
        call: body.call_id.map(CallId),
        consent_token: body.consent_token.as_deref(),
        now: caller.now(),
    };
    Ok(Json(verdict_view(&gate.may_call(caller.scope(), &screening))))
}

/// What the trail is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ComplianceAuditQuery {
    /// Only what is about this call.
    #[garde(skip)]
    call_id: Option<Uuid>,
    /// Only what is about this number.
    #[garde(length(chars, max = 40))]
    #[param(max_length = 40)]
    phone_number: Option<String>,
}

/// A change of something calls are screened by.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceAuditEntry {
    /// The entry's id.
    id: Uuid,
    /// What was done: `number.update`, `auth.login.failed`.
    #[schema(example = "compliance.override.approve")]
    action: String,
    /// The user who did it; null where a key did.
    user_id: Option<Uuid>,
    /// The key that did it; null where a user did.
    api_key_id: Option<Uuid>,
    /// The number or the id it is about.
    subject: Option<String>,
    /// Per field `{before, after}`.
    #[schema(value_type = Object)]
    changes: Value,
    /// The address they came from.
    ip_address: Option<String>,
    /// The request it was done in, as `x-request-id` names it.
    request_id: Option<String>,
    /// When it happened.
    at: Time,
    /// The same as `at`.
    created_at: Time,
}

/// Lists who changed lists, policies, consents and overrides, newest first. What was decided about a call stands with the call.
#[utoipa::path(get, path = "/api/v1/compliance/audit", operation_id = "listComplianceAudit", params(PageQuery<AuditEntry>, ComplianceAuditQuery),
    responses((status = 200, description = "A page of the trail", body = List<ComplianceAuditEntry>)))]
async fn audit(
    caller: Caller,
    Query(page): Query<PageQuery<AuditEntry>>,
    Query(query): Query<ComplianceAuditQuery>,
) -> ApiResult<Json<List<ComplianceAuditEntry>>> {
    let number = match &query.phone_number {
        Some(text) => Some(
            PhoneNumber::from_dialled(text)
                .map_err(|error| ApiError::validation(vec![Fault::parameter("phoneNumber", format!("is {error}"))]))?,
        ),
        None => None,
    };
    let filter = AuditFilter {
        action: Some("compliance.*".to_owned()),
        entity_id: number.map(String::from),
        call: query.call_id.map(CallId),
        ..AuditFilter::default()
    };
    let found = caller.directory().audit.search_audit(caller.scope(), &filter, &page.request()).await;
    Ok(Json(page.envelope(found.map_err(from_store)?, |chained| {
        let entry = chained.entry;
        ComplianceAuditEntry {
            id: entry.id,
            action: entry.action,
            user_id: entry.user.map(|id| id.uuid()),
            api_key_id: entry.api_key.map(|id| id.uuid()),
            subject: entry.entity_id,
            changes: entry.changes,
            ip_address: entry.address,
            request_id: entry.request_id,
            at: Time(entry.at),
            created_at: Time(entry.at),
        }
    })))
}
