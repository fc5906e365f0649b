//! STIR/SHAKEN: what calls claim of their callers' numbers. Nothing is verified yet, and nothing that is claimed decides about a call.

use axum::Json;
use domain::{CallId, ClaimSource, Direction, PhoneNumber};
use garde::Validate;
use operations::{AttestationOverride, CallRow, StirShaken, StirShakenFilter, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult},
    resource::Resource,
    wire::{Time, wire_enum},
};

wire_enum!(
    /// How far somebody vouches for a caller's number: A full, B partial, C gateway.
    AttestationLevel,
);

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("STIR/SHAKEN")
        .needs(Permission::ComplianceRead, routes!(list))
        .needs(Permission::ComplianceRead, routes!(read))
        .needs(Permission::ComplianceWrite, routes!(say))
}

/// What of an INVITE told the attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum AttestationSource {
    /// The PASSporT of its Identity header.
    Passport,
    /// The carrier's `P-Attestation-Indicator`.
    Indicator,
    /// The carrier's `verstat` beside the caller's number.
    Verstat,
}

/// What is known of who vouches for a call's caller. Claims are read, not verified.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StirShakenStatus {
    /// The call.
    call_id: Uuid,
    /// The tenant the stir shaken status belongs to.
    tenant_id: Uuid,
    /// The caller.
    phone_number: String,
    /// What somebody of the tenant says, else what the INVITE claims.
    attestation: AttestationLevel,
    /// What the INVITE claims.
    claimed_attestation: AttestationLevel,
    /// What of it told so; absent where it claims nothing.
    #[schema(example = "PASSPORT")]
    source: Option<AttestationSource>,
    /// The Identity header as it came.
    #[schema(
        example = "eyJhbGciOiJFUzI1NiJ9.eyJhdHRlc3QiOiJBIn0.c2lnbmF0dXJl;info=<https://certs.example/shaken.pem>;alg=ES256;ppt=shaken"
    )]
    identity: Option<String>,
    /// Why the header tells no attestation.
    #[schema(example = "the PASSporT is in its compact form: claims are left out")]
    fault: Option<String>,
    /// Where in the carrier's network the call began.
    #[schema(example = "123e4567-e89b-12d3-a456-426655440000")]
    orig_id: Option<String>,
    /// Who is said to have called: digits, or a URI.
    #[schema(example = "13105550127")]
    orig_number: Option<String>,
    /// Whether that is the number the call shows; absent where nobody is said to.
    #[schema(example = true)]
    orig_matches: Option<bool>,
    /// Who is said to have been called.
    #[schema(example = json!(["12125550143"]))]
    dest_numbers: Vec<String>,
    /// When it is said to be signed.
    issued_at: Option<Time>,
    /// Where the signer's certificate is said to be. It is not fetched.
    #[schema(example = "https://certs.example/shaken.pem")]
    certificate_url: Option<String>,
    /// What the carrier says it found.
    #[schema(example = "TN-Validation-Passed")]
    verstat: Option<String>,
    /// When the claim was verified: never, so far.
    verified_at: Option<Time>,
    /// By what.
    #[schema(example = "switch")]
    verified_by: Option<String>,
    /// Somebody of the tenant says otherwise, or the same.
    #[schema(example = true)]
    r#override: bool,
    /// Why.
    #[schema(example = "The carrier confirmed it by telephone")]
    override_reason: Option<String>,
    /// `user:<id>` or `key:<id>`.
    #[schema(example = "user:01a20922-b800-74f8-996d-a763b7a969b1")]
    override_by: Option<String>,
    /// When somebody set it by hand; null: never.
    overridden_at: Option<Time>,
    /// When the call started.
    created_at: Time,
    /// When the stir shaken status last changed.
    updated_at: Time,
}

fn view(record: &StirShaken) -> StirShakenStatus {
    let claim = record.claim.as_ref();
    let said = record.said.as_ref();
    let matches = |orig: &String| {
        // PASSporTs have digits without `+` (RFC 8225, section 5.2.1).
        let number = PhoneNumber::from_dialled(&format!("+{}", orig.trim_start_matches('+')));
        number.is_ok_and(|number| number.as_str() == record.number)
    };
    StirShakenStatus {
        call_id: record.call.uuid(),
        tenant_id: record.tenant.uuid(),
        phone_number: record.number.clone(),
        attestation: AttestationLevel(record.attestation()),
        claimed_attestation: AttestationLevel(
            claim.map_or(operations::AttestationLevel::None, |claim| claim.attestation.into()),
        ),
        source: claim.map(|claim| match claim.source {
            ClaimSource::Passport => AttestationSource::Passport,
            ClaimSource::Indicator => AttestationSource::Indicator,
            ClaimSource::Verstat => AttestationSource::Verstat,
        }),
        identity: claim.and_then(|claim| claim.header.clone()),
        fault: claim.and_then(|claim| claim.fault.clone()),
        orig_id: claim.and_then(|claim| claim.orig_id.clone()),
        orig_number: claim.and_then(|claim| claim.orig.clone()),
        orig_matches: claim.and_then(|claim| claim.orig.as_ref()).map(matches),
        dest_numbers: claim.map(|claim| claim.dest.clone()).unwrap_or_default(),
        issued_at: claim.and_then(|claim| claim.issued_at).map(Time),
        certificate_url: claim.and_then(|claim| claim.certificate.clone()),
        verstat: claim.and_then(|claim| claim.verstat.clone()),
        verified_at: record.verified_at.map(Time),
        verified_by: record.verified_by.clone(),
        r#override: said.is_some(),
        override_reason: said.map(|said| said.reason.clone()),
        override_by: said.map(|said| said.by.clone()),
        overridden_at: said.map(|said| Time(said.at)),
        created_at: Time(record.created_at),
        updated_at: Time(record.updated_at),
    }
}

/// What a list of records is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct StirShakenQuery {
    /// Only this caller's.
    #[garde(length(chars, max = 128))]
    #[param(max_length = 128)]
    phone_number: Option<String>,
}

/// Lists what calls claimed of their callers' numbers, newest first. Calls that claimed nothing, and of which nobody said anything, are
/// left out.
#[utoipa::path(get, path = "/api/v1/admin/stir-shaken", operation_id = "listStirShaken",
    params(PageQuery<StirShaken>, StirShakenQuery),
    responses((status = 200, description = "A page of records", body = List<StirShakenStatus>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<StirShaken>>,
    Query(query): Query<StirShakenQuery>,
) -> ApiResult<Json<List<StirShakenStatus>>> {
    // A caller who withholds the number has none: what was shown instead is looked for as it is.
    let number = query.phone_number.map(|text| PhoneNumber::from_dialled(&text).map_or(text, String::from));
    let filter = StirShakenFilter { number };
    let records = &caller.directory().stir_shaken;
    let found = records.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, |record| view(&record))))
}

/// The record of a call that came in; one that says nothing where there is none, and whether there is.
async fn of_call(caller: &Caller, id: CallId) -> ApiResult<(StirShaken, bool)> {
    if let Some(record) = caller.directory().stir_shaken.find(caller.scope(), id).await.map_err(from_store)? {
        return Ok((record, true));
    }
    let call = caller.directory().calls.find_call(caller.scope(), id).await.map_err(from_store)?;
    let call = call.filter(|call| call.direction == Direction::Inbound).ok_or_else(|| ApiError::not_found("Call"))?;
    Ok((nothing(&call), false))
}

fn nothing(call: &CallRow) -> StirShaken {
    StirShaken {
        call: call.id,
        tenant: call.tenant,
        number: call.from.clone(),
        claim: None,
        verified_at: None,
        verified_by: None,
        said: None,
        created_at: call.started_at,
        updated_at: call.started_at,
    }
}

/// Reads what a call that came in claimed. `NONE` where it claimed nothing.
#[utoipa::path(get, path = "/api/v1/admin/stir-shaken/{callId}", operation_id = "getStirShaken",
    params(("callId" = Uuid, Path, description = "The call's id")),
    responses((status = 200, description = "What is known", body = StirShakenStatus)))]
async fn read(caller: Caller, PathId(id): PathId<CallId>) -> ApiResult<Json<StirShakenStatus>> {
    Ok(Json(view(&of_call(&caller, id).await?.0)))
}

/// What somebody says of a call.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OverrideAttestationRequest {
    /// What is to be taken for it.
    #[garde(skip)]
    attestation: AttestationLevel,
    /// Why; it goes into the audit log.
    #[garde(length(chars, min = 1, max = 1_000))]
    #[schema(min_length = 1, max_length = 1_000, example = "The carrier confirmed it by telephone")]
    reason: String,
}

/// Says which attestation a call that came in is to be shown with. What it claimed stays beside it, and what was decided about the call
/// stays as it was.
#[utoipa::path(post, path = "/api/v1/admin/stir-shaken/{callId}/override", operation_id = "overrideAttestation",
    params(("callId" = Uuid, Path, description = "The call's id")), request_body = OverrideAttestationRequest,
    responses((status = 200, description = "What is known", body = StirShakenStatus)))]
async fn say(
    caller: Caller,
    PathId(id): PathId<CallId>,
    Body(body): Body<OverrideAttestationRequest>,
) -> ApiResult<Json<StirShakenStatus>> {
    let (before, is_kept) = of_call(&caller, id).await?;
    let now = caller.now();
    let said = AttestationOverride {
        attestation: body.attestation.0,
        reason: body.reason,
        by: caller.principal.label(),
        at: now,
    };
    let changed = StirShaken { said: Some(said), ..before.clone() };
    let records = &caller.directory().stir_shaken;
    let after = if is_kept {
        records.save(caller.scope(), &changed, now).await.map_err(from_store)?
    } else {
        let new = StirShaken { updated_at: now, ..changed };
        match records.insert(caller.scope(), &new).await {
            Err(StoreError::Conflict { .. }) => return Err(from_store(StoreError::Stale("STIR/SHAKEN record"))),
            outcome => outcome.map_err(from_store)?,
        }
        new
    };
    let changes = json!({
        "attestation": {"before": before.attestation(), "after": after.attestation()},
        "reason": {"after": after.said.as_ref().map(|said| &said.reason)},
    });
    caller.note("stir_shaken.override", "call", Some(id.to_string()), changes).await;
    Ok(Json(view(&after)))
}
