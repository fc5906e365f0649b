//! Consents: proof that a consumer agreed to be called.

use axum::{Json, http::StatusCode};
use domain::{ConsentId, PhoneNumber, Timestamp};
use garde::Validate;
use operations::{ConsentFilter, ConsentToken, PageRequest, Vouched, token_hash};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{TOKEN_CHARS_MAX, phone_number, policies};
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
    /// Who vouches for a consent.
    ConsentProvider,
    /// What a consent is worth.
    ConsentStatus,
);

/// Entity name of audit entries.
const ENTITY: &str = "compliance.consent";

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Compliance")
        .needs(Permission::ComplianceWrite, routes!(store))
        .needs(Permission::ComplianceRead, routes!(list))
        .needs(Permission::ComplianceRead, routes!(read))
        .needs(Permission::ComplianceWrite, routes!(verify))
        .needs(Permission::ComplianceWrite, routes!(revoke))
}

/// Proof that a consumer agreed to be called.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// The consent's id.
    id: Uuid,
    /// The tenant the consent belongs to.
    tenant_id: Uuid,
    /// The call it was given in; null where none is known.
    call_id: Option<Uuid>,
    /// The telephone number, E.164.
    #[schema(example = "+12125550100")]
    phone_number: String,
    /// What the provider gave.
    token: String,
    /// SHA-256 of the token, hexadecimal.
    token_hash: String,
    /// Who vouches for it; `CUSTOM` is the tenant itself.
    provider: ConsentProvider,
    /// Only a `VERIFIED` one lets calls happen.
    status: ConsentStatus,
    /// What the provider said last.
    detail: Option<String>,
    /// When the provider vouched for it; null: not yet.
    verified_at: Option<Time>,
    /// When it ends; null: never.
    expires_at: Option<Time>,
    /// The address the consumer agreed from.
    ip_address: Option<String>,
    /// Where it was given.
    source: Option<String>,
    /// When the consent was made.
    created_at: Time,
    /// When the consent last changed.
    updated_at: Time,
}

fn view(consent: &ConsentToken, now: Timestamp) -> Consent {
    Consent {
        id: consent.id.uuid(),
        tenant_id: consent.tenant.uuid(),
        call_id: consent.call.map(|id| id.uuid()),
        phone_number: consent.number.to_string(),
        token: consent.token.clone(),
        token_hash: consent.token_hash.clone(),
        provider: ConsentProvider(consent.provider),
        status: ConsentStatus(consent.status_at(now)),
        detail: consent.detail.clone(),
        verified_at: consent.verified_at.map(Time),
        expires_at: consent.expires_at.map(Time),
        ip_address: consent.ip_address.clone(),
        source: consent.source.clone(),
        created_at: Time(consent.created_at),
        updated_at: Time(consent.updated_at),
    }
}

/// A new consent.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StoreConsentRequest {
    /// The consumer.
    #[garde(length(chars, min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, example = "+12125550100")]
    phone_number: String,
    /// A TrustedForm certificate's address, a LeadiD, or the tenant's own proof. Unique in the tenant.
    #[garde(length(chars, min = 1, max = TOKEN_CHARS_MAX))]
    #[schema(
        min_length = 1,
        max_length = 1_000,
        example = "https://cert.trustedform.com/eb9fc4dd9bed9ad451a5648946cf4bf09b5bb947"
    )]
    #[schema(min_length = 1, max_length = 1_000)]
    token: String,
    /// Who vouches for it; `CUSTOM` is the tenant itself.
    #[garde(skip)]
    provider: ConsentProvider,
    /// The call it was used for first.
    #[garde(skip)]
    call_id: Option<Uuid>,
    /// Where the consumer agreed from.
    #[garde(inner(ip))]
    #[schema(min_length = 2, max_length = 45)]
    ip_address: Option<String>,
    /// Where the consumer agreed: a form, a recording.
    #[garde(length(chars, max = 500))]
    #[schema(max_length = 500)]
    source: Option<String>,
    /// Until when it holds; the provider may say an earlier moment.
    #[garde(skip)]
    expires_at: Option<Time>,
}

/// What was stored.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentStored {
    /// Always true: faults have their own answers.
    success: bool,
    /// Its id.
    consent_id: Uuid,
    /// Only a VERIFIED one lets a call happen.
    status: ConsentStatus,
    /// Why it is not verified yet.
    detail: Option<String>,
}

/// What the provider, or the policy, says of it now.
async fn vouch(caller: &Caller, consent: &ConsentToken) -> ApiResult<Vouched> {
    if consent.provider != operations::ConsentProvider::Custom {
        let verifier = caller.state.consent_verifier();
        return Ok(verifier.verify(consent.provider, &consent.token, &consent.number, caller.now()).await);
    }
    if policies::in_force(caller).await?.trust_custom_consent {
        return Ok(Vouched::Verified { expires_at: None });
    }
    Ok(Vouched::Unknown("the compliance policy does not take CUSTOM consents for verified".into()))
}

fn failed(reason: &str) -> ApiError {
    let error = ApiError::unprocessable("TOKEN_VERIFICATION_FAILED", format!("The token is not verified: {reason}"));
    ApiError { faults: vec![Fault::body("token", format!("is not verified: {reason}"))], ..error }
}

fn verified(consent: &mut ConsentToken, expires_at: Option<Timestamp>, now: Timestamp) {
    consent.status = operations::ConsentStatus::Verified;
    consent.detail = None;
    consent.verified_at = Some(now);
    consent.expires_at = match (consent.expires_at, expires_at) {
        (Some(own), Some(theirs)) => Some(own.min(theirs)),
        (own, theirs) => own.or(theirs),
    };
}

/// Stores a consent after its provider has vouched for it. PENDING when nobody could be asked: `verify` asks again. A token its provider
/// disowns is refused and not stored.
#[utoipa::path(post, path = "/api/v1/compliance/consent", operation_id = "storeConsent", request_body = StoreConsentRequest,
    responses((status = 201, description = "What was stored", body = ConsentStored)))]
async fn store(caller: Caller, Body(body): Body<StoreConsentRequest>) -> ApiResult<(StatusCode, Json<ConsentStored>)> {
    let number = phone_number("phoneNumber", &body.phone_number)?;
    let now = caller.now();
    if body.expires_at.is_some_and(|end| end.0 <= now) {
        return Err(ApiError::validation(vec![Fault::body("expiresAt", "must be in the future")]));
    }
    let mut consent = ConsentToken {
        id: caller.new_id(),
        tenant: caller.principal.tenant,
        call: body.call_id.map(Into::into),
        number,
        token_hash: token_hash(&body.token),
        token: body.token,
        provider: body.provider.0,
        status: operations::ConsentStatus::Pending,
        detail: None,
        verified_at: None,
        expires_at: body.expires_at.map(|time| time.0),
        ip_address: body.ip_address,
        source: body.source,
        metadata: json!({}),
        created_at: now,
        updated_at: now,
    };
    match vouch(&caller, &consent).await? {
        Vouched::Verified { expires_at } => verified(&mut consent, expires_at, now),
        Vouched::Unknown(why) => consent.detail = Some(why),
        Vouched::Invalid(why) => {
            let changes = json!({"provider": consent.provider, "tokenHash": consent.token_hash, "reason": why});
            caller.note("compliance.consent.refuse", super::ENTITY, Some(consent.number.to_string()), changes).await;
            return Err(failed(&why));
        }
    }
    caller.insert(&*caller.directory().consents, caller.scope(), consent.id, &consent).await?;
    caller.audit(Done::Create, ENTITY, &consent.number, &(), &view(&consent, now)).await;
    let stored = ConsentStored {
        success: true,
        consent_id: consent.id.uuid(),
        status: ConsentStatus(consent.status_at(now)),
        detail: consent.detail,
    };
    Ok((StatusCode::CREATED, Json(stored)))
}

/// What a list of consents is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ConsentQuery {
    /// Only this consumer's.
    #[garde(length(chars, max = 40))]
    #[param(max_length = 40)]
    phone_number: Option<String>,
    /// Only these; those whose time is over are shown under what they were.
    #[garde(skip)]
    #[param(value_type = Option<ConsentStatus>)]
    status: Option<ConsentStatus>,
    /// Only this provider's.
    #[garde(skip)]
    #[param(value_type = Option<ConsentProvider>)]
    provider: Option<ConsentProvider>,
}

/// A number in the query, or the parameter's fault.
pub(crate) fn number_parameter(text: Option<&String>) -> ApiResult<Option<PhoneNumber>> {
    let read = |text: &String| {
        PhoneNumber::from_dialled(text)
            .map_err(|error| ApiError::validation(vec![Fault::parameter("phoneNumber", format!("is {error}"))]))
    };
    text.map(read).transpose()
}

/// Lists consents, newest first.
#[utoipa::path(get, path = "/api/v1/compliance/consents", operation_id = "listConsents", params(PageQuery<operations::ConsentToken>, ConsentQuery),
    responses((status = 200, description = "A page of consents", body = List<Consent>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<operations::ConsentToken>>,
    Query(query): Query<ConsentQuery>,
) -> ApiResult<Json<List<Consent>>> {
    let filter = ConsentFilter {
        number: number_parameter(query.phone_number.as_ref())?,
        status: query.status.map(|status| status.0),
        provider: query.provider.map(|provider| provider.0),
    };
    let request: PageRequest = page.request();
    let found = caller.directory().consents.list(caller.scope(), &filter, &request).await.map_err(from_store)?;
    let now = caller.now();
    Ok(Json(page.envelope(found, |consent| view(&consent, now))))
}

async fn existing(caller: &Caller, id: ConsentId) -> ApiResult<ConsentToken> {
    caller.directory().consents.get(caller.scope(), id).await.map_err(from_store)
}

/// Reads a consent.
#[utoipa::path(get, path = "/api/v1/compliance/consents/{id}", operation_id = "getConsent", params(("id" = Uuid, Path, description = "The consent's id")),
    responses((status = 200, description = "The consent", body = Consent)))]
async fn read(caller: Caller, PathId(id): PathId<ConsentId>) -> ApiResult<Json<Consent>> {
    Ok(Json(view(&existing(&caller, id).await?, caller.now())))
}

async fn save(caller: &Caller, before: &ConsentToken, changed: &ConsentToken) -> ApiResult<Json<Consent>> {
    let now = caller.now();
    let saved = caller.directory().consents.save(caller.scope(), changed, now).await.map_err(from_store)?;
    let after = view(&saved, now);
    caller.audit(Done::Update, ENTITY, &saved.number, &view(before, now), &after).await;
    Ok(Json(after))
}

/// Asks the provider (again) about a consent that is PENDING or VERIFIED. One it disowns becomes INVALID.
#[utoipa::path(post, path = "/api/v1/compliance/consents/{id}/verify", operation_id = "verifyConsent", params(("id" = Uuid, Path, description = "The consent's id")),
    responses((status = 200, description = "The consent", body = Consent)))]
async fn verify(caller: Caller, PathId(id): PathId<ConsentId>) -> ApiResult<Json<Consent>> {
    let consent = existing(&caller, id).await?;
    let now = caller.now();
    let status = consent.status_at(now);
    if !matches!(status, operations::ConsentStatus::Pending | operations::ConsentStatus::Verified) {
        return Err(ApiError::conflict(format!("The consent is {status} and stays so")));
    }
    let mut changed = consent.clone();
    match vouch(&caller, &consent).await? {
        Vouched::Verified { expires_at } => verified(&mut changed, expires_at, now),
        // Whoever could not be asked has not taken anything back.
        Vouched::Unknown(why) => changed.detail = Some(why),
        Vouched::Invalid(why) => {
            changed.status = operations::ConsentStatus::Invalid;
            changed.detail = Some(why);
        }
    }
    save(&caller, &consent, &changed).await
}

/// The consumer takes the consent back.
#[utoipa::path(post, path = "/api/v1/compliance/consents/{id}/revoke", operation_id = "revokeConsent", params(("id" = Uuid, Path, description = "The consent's id")),
    responses((status = 200, description = "The consent", body = Consent)))]
async fn revoke(caller: Caller, PathId(id): PathId<ConsentId>) -> ApiResult<Json<Consent>> {
    let consent = existing(&caller, id).await?;
    let changed = ConsentToken { status: operations::ConsentStatus::Revoked, ..consent.clone() };
    save(&caller, &consent, &changed).await
}
