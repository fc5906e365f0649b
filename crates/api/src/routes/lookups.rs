//! Looking numbers up: the name their calls show, and whose network they are in. What a tenant says itself goes first.

use axum::Json;
use domain::PhoneNumber;
use garde::Validate;
use operations::{LookedUp, LookupError, LookupKind, NumberFacts, NumberOverride, NumberOverrideFilter, ProviderError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::compliance::{consents::number_parameter, phone_number};
use crate::{
    access::Permission,
    buckets::Allowance,
    caller::Caller,
    convert::from_store,
    extract::{Body, Query},
    page::{List, PageQuery},
    ports::Bucket,
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Time, nullable},
};

/// Questions a tenant may put to providers in a minute: each costs the platform money.
const ASKED_PER_MINUTE: u32 = 30;
/// Longest text of an override, characters.
const FACT_CHARS_MAX: usize = 100;

/// The routes. To look up is to spend the platform's money: whoever may buy numbers may do so.
pub(crate) fn routes() -> Resource {
    Resource::new("Number look-ups")
        .needs(Permission::NumbersWrite, routes!(caller_name))
        .needs(Permission::NumbersWrite, routes!(override_caller_name))
        .needs(Permission::NumbersRead, routes!(caller_name_overrides))
        .needs(Permission::NumbersWrite, routes!(carrier))
        .needs(Permission::NumbersWrite, routes!(override_carrier))
        .needs(Permission::NumbersRead, routes!(carrier_overrides))
}

/// A question.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct LookupQuery {
    /// Whose.
    #[garde(length(chars, min = 1, max = 40))]
    #[param(min_length = 1, max_length = 40)]
    phone_number: String,
    /// Who is asked: `twilio`, `telnyx`; the installation's choice unless said otherwise.
    #[garde(length(chars, max = 64))]
    #[param(max_length = 64)]
    provider: Option<String>,
    /// `false`: an answer that is kept is not good enough.
    #[garde(skip)]
    #[param(default = true)]
    use_cache: Option<bool>,
}

/// The name a number's calls show.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallerNameLookup {
    /// The telephone number, E.164.
    phone_number: String,
    /// Absent: whoever was asked knows none.
    caller_name: Option<String>,
    /// `BUSINESS` or `CONSUMER`, where it is known.
    #[schema(example = "CONSUMER")]
    caller_type: Option<String>,
    /// Who said so: `twilio`, `telnyx`; `override` for the tenant.
    #[schema(example = "twilio")]
    provider: String,
    /// It was answered before, and nobody was asked now.
    #[schema(example = true)]
    cached: bool,
    /// When it was said.
    looked_up_at: Time,
    /// Until when it is not asked again; absent for an override.
    cached_until: Option<Time>,
}

/// Whose network a number is in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CarrierLookup {
    /// The telephone number, E.164.
    phone_number: String,
    /// The carrier's name.
    #[schema(example = "Example Wireless")]
    carrier: Option<String>,
    /// `mobile`, `landline`, `voip` ... in the provider's words.
    #[schema(example = "mobile")]
    line_type: Option<String>,
    /// Mobile country code.
    #[schema(example = "311")]
    mobile_country_code: Option<String>,
    /// Mobile network code.
    #[schema(example = "480")]
    mobile_network_code: Option<String>,
    /// Local access and transport area. No provider tells it; overrides may.
    #[schema(example = "132")]
    lata: Option<String>,
    /// Operating company number.
    #[schema(example = "6006")]
    ocn: Option<String>,
    /// Who said so: `twilio`, `telnyx`; `override` for the tenant.
    #[schema(example = "telnyx")]
    provider: String,
    /// It was answered before, and nobody was asked now.
    #[schema(example = true)]
    cached: bool,
    /// When it was said.
    looked_up_at: Time,
    /// Until when it is not asked again; absent for an override.
    cached_until: Option<Time>,
}

fn from_lookup(error: LookupError) -> ApiError {
    let text = error.to_string();
    match error {
        LookupError::UnknownProvider { .. } => ApiError::validation(vec![Fault::parameter("provider", text)]),
        LookupError::NotConfigured => ApiError::unprocessable("LOOKUPS_NOT_CONFIGURED", text),
        LookupError::Provider(ProviderError::Refused(_)) => ApiError::unprocessable("LOOKUP_FAILED", text),
        LookupError::Provider(ProviderError::Unavailable(_)) => ApiError::unavailable(text),
        LookupError::Store(error) => from_store(error),
    }
}

/// What is known, or what is answered for money, within the tenant's pace.
async fn looked_up(caller: &Caller, kind: LookupKind, query: &LookupQuery) -> ApiResult<LookedUp> {
    let number = number_parameter(Some(&query.phone_number))?;
    let number = number.ok_or_else(|| ApiError::validation(vec![Fault::parameter("phoneNumber", "is required")]))?;
    let (lookups, now) = (caller.state.lookups(), caller.now());
    let uses_cache = query.use_cache.unwrap_or(true);
    let known = lookups.known(caller.scope(), kind, &number, query.provider.as_deref(), uses_cache, now).await;
    let asked = match known.map_err(from_lookup)? {
        Ok(known) => return Ok(known),
        Err(asked) => asked,
    };
    let bucket = Bucket { key: format!("lookups:{}", caller.principal.tenant), per_minute: ASKED_PER_MINUTE };
    let taken = caller.state.buckets().take(std::slice::from_ref(&bucket), now).await;
    let allowance = taken.first().map(|taken| Allowance::of(&bucket, *taken));
    if let Some(allowance) = allowance.filter(|allowance| !allowance.admitted) {
        let message = format!("At most {ASKED_PER_MINUTE} numbers a minute are looked up; try again later");
        return Err(ApiError::too_many(message, allowance.reset_secs));
    }
    let answer = lookups.ask(&asked, kind, &number, now).await.map_err(from_lookup)?;
    let changes = json!({"provider": {"after": answer.provider}});
    caller.note(&format!("{}.lookup", action(kind)), action(kind), Some(number.to_string()), changes).await;
    Ok(answer)
}

const fn action(kind: LookupKind) -> &'static str {
    match kind {
        LookupKind::CallerName => "cnam",
        LookupKind::Carrier => "carrier_lookup",
    }
}

/// Tells the name a number's calls show (CNAM): what the tenant says of it, else an answer that is kept, else who is asked for money. 422
/// `LOOKUPS_NOT_CONFIGURED` where nobody can be asked, `LOOKUP_FAILED` where the provider refuses the question.
#[utoipa::path(get, path = "/api/v1/admin/cnam/lookup", operation_id = "lookUpCallerName", params(LookupQuery),
    responses((status = 200, description = "What is known", body = CallerNameLookup)))]
async fn caller_name(caller: Caller, Query(query): Query<LookupQuery>) -> ApiResult<Json<CallerNameLookup>> {
    let known = looked_up(&caller, LookupKind::CallerName, &query).await?;
    Ok(Json(CallerNameLookup {
        phone_number: known.number.to_string(),
        caller_name: known.facts.caller_name,
        caller_type: known.facts.caller_type,
        provider: known.provider,
        cached: known.is_cached,
        looked_up_at: Time(known.said_at),
        cached_until: known.kept_until.map(Time),
    }))
}

/// Tells whose network a number is in: what the tenant says of it, else an answer that is kept, else who is asked for money. What the
/// provider does not tell is null. 422 as for caller names.
#[utoipa::path(get, path = "/api/v1/admin/carrier/lookup", operation_id = "lookUpCarrier", params(LookupQuery),
    responses((status = 200, description = "What is known", body = CarrierLookup)))]
async fn carrier(caller: Caller, Query(query): Query<LookupQuery>) -> ApiResult<Json<CarrierLookup>> {
    let known = looked_up(&caller, LookupKind::Carrier, &query).await?;
    Ok(Json(CarrierLookup {
        phone_number: known.number.to_string(),
        carrier: known.facts.carrier,
        line_type: known.facts.line_type,
        mobile_country_code: known.facts.mobile_country_code,
        mobile_network_code: known.facts.mobile_network_code,
        lata: known.facts.lata,
        ocn: known.facts.ocn,
        provider: known.provider,
        cached: known.is_cached,
        looked_up_at: Time(known.said_at),
        cached_until: known.kept_until.map(Time),
    }))
}

/// What the tenant says of a number's caller name.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OverrideCallerNameRequest {
    /// The telephone number, E.164 or as people write it.
    #[garde(length(chars, min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40)]
    phone_number: String,
    /// The name; null takes an earlier one back.
    #[garde(required, inner(inner(length(chars, min = 1, max = FACT_CHARS_MAX))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(required = true, min_length = 1, max_length = 100)]
    caller_name: Option<Option<String>>,
    /// Why; it goes into the audit log.
    #[garde(length(chars, min = 1, max = 1_000))]
    #[schema(min_length = 1, max_length = 1_000, example = "The customer told us")]
    reason: String,
}

/// What the tenant says of a number's carrier.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OverrideCarrierRequest {
    /// The telephone number, E.164 or as people write it.
    #[garde(length(chars, min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40)]
    phone_number: String,
    /// The carrier's name; null, and neither `lata` nor `ocn`, takes an earlier override back.
    #[garde(required, inner(inner(length(chars, min = 1, max = FACT_CHARS_MAX))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(required = true, min_length = 1, max_length = 100, example = "Example Wireless")]
    carrier: Option<Option<String>>,
    /// Local access and transport area: three to five digits.
    #[garde(inner(custom(is_lata)))]
    #[schema(pattern = "^[0-9]{3,5}$", example = "132")]
    lata: Option<String>,
    /// Operating company number: four letters or digits.
    #[garde(inner(custom(is_ocn)))]
    #[schema(pattern = "^[0-9A-Za-z]{4}$", example = "6006")]
    ocn: Option<String>,
    /// Why; it goes into the audit log.
    #[garde(length(chars, min = 1, max = 1_000))]
    #[schema(min_length = 1, max_length = 1_000, example = "Ported last week")]
    reason: String,
}

/// garde rule: a LATA.
fn is_lata(text: &str, _: &()) -> garde::Result {
    let is_code = (3..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_code { Ok(()) } else { Err(garde::Error::new("must be three to five digits")) }
}

/// garde rule: an operating company number.
fn is_ocn(text: &str, _: &()) -> garde::Result {
    let is_code = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_code { Ok(()) } else { Err(garde::Error::new("must be four letters or digits")) }
}

/// What a tenant says of a number's caller name.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallerNameOverride {
    /// The caller name override's id.
    id: Uuid,
    /// The tenant the caller name override belongs to.
    tenant_id: Uuid,
    /// The telephone number, E.164.
    phone_number: String,
    /// The name its calls show; null: none.
    caller_name: Option<String>,
    /// Why.
    reason: String,
    /// `user:<id>` or `key:<id>`.
    #[schema(example = "user:01a20922-b800-74f8-996d-a763b7a969b1")]
    set_by: String,
    /// When the caller name override was made.
    created_at: Time,
    /// When the caller name override last changed.
    updated_at: Time,
}

/// What a tenant says of a number's carrier.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CarrierOverride {
    /// The carrier override's id.
    id: Uuid,
    /// The tenant the carrier override belongs to.
    tenant_id: Uuid,
    /// The telephone number, E.164.
    phone_number: String,
    /// Who carries it; null: not said.
    #[schema(example = "Example Wireless")]
    carrier: Option<String>,
    /// Its LATA; null: not said.
    #[schema(example = "132")]
    lata: Option<String>,
    /// Its operating company number; null: not said.
    #[schema(example = "6006")]
    ocn: Option<String>,
    /// Why.
    reason: String,
    /// `user:<id>` or `key:<id>`.
    #[schema(example = "user:01a20922-b800-74f8-996d-a763b7a969b1")]
    set_by: String,
    /// When the carrier override was made.
    created_at: Time,
    /// When the carrier override last changed.
    updated_at: Time,
}

fn caller_name_view(said: &NumberOverride) -> CallerNameOverride {
    CallerNameOverride {
        id: said.id.uuid(),
        tenant_id: said.tenant.uuid(),
        phone_number: said.number.to_string(),
        caller_name: said.facts.caller_name.clone(),
        reason: said.reason.clone(),
        set_by: said.set_by.clone(),
        created_at: Time(said.created_at),
        updated_at: Time(said.updated_at),
    }
}

fn carrier_view(said: &NumberOverride) -> CarrierOverride {
    CarrierOverride {
        id: said.id.uuid(),
        tenant_id: said.tenant.uuid(),
        phone_number: said.number.to_string(),
        carrier: said.facts.carrier.clone(),
        lata: said.facts.lata.clone(),
        ocn: said.facts.ocn.clone(),
        reason: said.reason.clone(),
        set_by: said.set_by.clone(),
        created_at: Time(said.created_at),
        updated_at: Time(said.updated_at),
    }
}

/// What became of an override of a caller name.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallerNameOverrideOutcome {
    /// What the tenant says now; absent: nothing.
    r#override: Option<CallerNameOverride>,
}

/// What became of an override of a carrier.
#[derive(Debug, Serialize, ToSchema)]
pub struct CarrierOverrideOutcome {
    /// What the tenant says now; absent: nothing.
    r#override: Option<CarrierOverride>,
}

/// Writes what the tenant says of a number in place of what it said before; facts that are all absent take that back.
async fn say(
    caller: &Caller,
    kind: LookupKind,
    number: PhoneNumber,
    facts: NumberFacts,
    reason: String,
) -> ApiResult<Option<NumberOverride>> {
    let overrides = &caller.directory().number_overrides;
    let before = caller.state.lookups().said_by_tenant(caller.scope(), kind, &number).await.map_err(from_store)?;
    let now = caller.now();
    let set_by = caller.principal.label();
    let is_nothing = facts == NumberFacts::default();
    let after = match &before {
        Some(before) if is_nothing => {
            overrides.remove(caller.scope(), before.id).await.map_err(from_store)?;
            None
        }
        None if is_nothing => return Ok(None),
        Some(before) => {
            let changed = NumberOverride { facts: facts.clone(), reason: reason.clone(), set_by, ..before.clone() };
            Some(overrides.save(caller.scope(), &changed, now).await.map_err(from_store)?)
        }
        None => {
            let new = NumberOverride {
                id: caller.new_id(),
                tenant: caller.principal.tenant,
                kind,
                number: number.clone(),
                facts: facts.clone(),
                reason: reason.clone(),
                set_by,
                created_at: now,
                updated_at: now,
            };
            caller.insert(&**overrides, caller.scope(), new.id, &new).await?;
            Some(new)
        }
    };
    let old = before.map(|before| before.facts).unwrap_or_default();
    let mut changes = serde_json::Map::new();
    for (name, before, after) in [
        ("callerName", &old.caller_name, &facts.caller_name),
        ("carrier", &old.carrier, &facts.carrier),
        ("lata", &old.lata, &facts.lata),
        ("ocn", &old.ocn, &facts.ocn),
    ] {
        if before != after {
            changes.insert(name.to_owned(), json!({"before": before, "after": after}));
        }
    }
    changes.insert("reason".to_owned(), json!({"after": reason}));
    let action = match kind {
        LookupKind::CallerName => "cnam.override",
        LookupKind::Carrier => "carrier_lookup.override",
    };
    caller.note(action, "number override", Some(number.to_string()), Value::Object(changes)).await;
    Ok(after)
}

/// Says the name a number's calls show, for this tenant: it goes before what anybody else says, until it is taken back with null.
#[utoipa::path(post, path = "/api/v1/admin/cnam/override", operation_id = "overrideCallerName", request_body = OverrideCallerNameRequest,
    responses((status = 200, description = "What the tenant says now", body = CallerNameOverrideOutcome)))]
async fn override_caller_name(
    caller: Caller,
    Body(body): Body<OverrideCallerNameRequest>,
) -> ApiResult<Json<CallerNameOverrideOutcome>> {
    let number = phone_number("phoneNumber", &body.phone_number)?;
    let facts = NumberFacts { caller_name: body.caller_name.flatten(), ..NumberFacts::default() };
    let said = say(&caller, LookupKind::CallerName, number, facts, body.reason).await?;
    Ok(Json(CallerNameOverrideOutcome { r#override: said.as_ref().map(caller_name_view) }))
}

/// Says whose network a number is in, for this tenant: it goes before what anybody else says, until it is taken back.
#[utoipa::path(post, path = "/api/v1/admin/carrier/override", operation_id = "overrideCarrier", request_body = OverrideCarrierRequest,
    responses((status = 200, description = "What the tenant says now", body = CarrierOverrideOutcome)))]
async fn override_carrier(
    caller: Caller,
    Body(body): Body<OverrideCarrierRequest>,
) -> ApiResult<Json<CarrierOverrideOutcome>> {
    let number = phone_number("phoneNumber", &body.phone_number)?;
    let ocn = body.ocn.map(|ocn| ocn.to_ascii_uppercase());
    let facts = NumberFacts { carrier: body.carrier.flatten(), lata: body.lata, ocn, ..NumberFacts::default() };
    let said = say(&caller, LookupKind::Carrier, number, facts, body.reason).await?;
    Ok(Json(CarrierOverrideOutcome { r#override: said.as_ref().map(carrier_view) }))
}

/// What a list of overrides is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct NumberOverrideQuery {
    /// Only this number's.
    #[garde(length(chars, max = 40))]
    #[param(max_length = 40)]
    phone_number: Option<String>,
}

async fn listed(
    caller: &Caller,
    kind: LookupKind,
    query: &NumberOverrideQuery,
    page: &PageQuery<NumberOverride>,
) -> ApiResult<operations::Page<NumberOverride>> {
    let number = number_parameter(query.phone_number.as_ref())?;
    let filter = NumberOverrideFilter { kind: Some(kind), number };
    caller.directory().number_overrides.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)
}

/// Lists caller names the tenant says, newest first.
#[utoipa::path(get, path = "/api/v1/admin/cnam/overrides", operation_id = "listCallerNameOverrides",
    params(PageQuery<NumberOverride>, NumberOverrideQuery),
    responses((status = 200, description = "A page of them", body = List<CallerNameOverride>)))]
async fn caller_name_overrides(
    caller: Caller,
    Query(page): Query<PageQuery<NumberOverride>>,
    Query(query): Query<NumberOverrideQuery>,
) -> ApiResult<Json<List<CallerNameOverride>>> {
    let found = listed(&caller, LookupKind::CallerName, &query, &page).await?;
    Ok(Json(page.envelope(found, |said| caller_name_view(&said))))
}

/// Lists carriers the tenant says, newest first.
#[utoipa::path(get, path = "/api/v1/admin/carrier/overrides", operation_id = "listCarrierOverrides",
    params(PageQuery<NumberOverride>, NumberOverrideQuery),
    responses((status = 200, description = "A page of them", body = List<CarrierOverride>)))]
async fn carrier_overrides(
    caller: Caller,
    Query(page): Query<PageQuery<NumberOverride>>,
    Query(query): Query<NumberOverrideQuery>,
) -> ApiResult<Json<List<CarrierOverride>>> {
    let found = listed(&caller, LookupKind::Carrier, &query, &page).await?;
    Ok(Json(page.envelope(found, |said| carrier_view(&said))))
}
