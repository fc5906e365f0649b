//! Endpoints: where a buyer takes calls, and what each is worth there.

use axum::{Json, extract::Path, http::StatusCode};
use domain::{BuyerId, EndpointId, PhoneNumber, TrunkId};
use garde::Validate;
use operations::{EndpointFilter, EndpointType as Kind, Entity, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::terms::{Caps, EndpointTerms, Hours};
use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Metadata, NO_TLS, Time, asks_for_tls, nullable, wire_enum},
};

wire_enum!(
    /// How an endpoint is reached.
    EndpointType,
    /// Does an endpoint take calls?
    EndpointStatus,
);

/// Longest an endpoint may ring, seconds.
const RING_SECONDS_MAX: u64 = 300;
/// Longest a call may last, seconds: a day.
const DURATION_SECONDS_MAX: u64 = 86_400;

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Buyers")
        .needs(Permission::BuyersRead, routes!(list))
        .needs(Permission::BuyersWrite, routes!(create))
        .needs(Permission::BuyersRead, routes!(read))
        .needs(Permission::BuyersWrite, routes!(update))
        .needs(Permission::BuyersDelete, routes!(remove))
}

/// Where a buyer takes calls.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BuyerEndpoint {
    /// The endpoint's id.
    id: Uuid,
    /// The buyer whose endpoint it is.
    buyer_id: Uuid,
    /// `SIP` and `WEBRTC` go to a SIP URI, `PSTN` to a telephone number.
    #[serde(rename = "type")]
    kind: EndpointType,
    /// SIP URI or E.164 number.
    #[schema(example = "sip:sales@buyer.example")]
    destination: String,
    /// The only trunk a PSTN number is called over; null: the tenant's trunks for calls out, by priority.
    trunk_id: Option<Uuid>,
    /// Lower is tried earlier.
    priority: i32,
    /// Only an `ACTIVE` endpoint gets calls.
    status: EndpointStatus,
    /// Most calls: at once, an hour, a day, a month, in all.
    caps: Caps,
    /// Absent: whenever the buyer is open.
    hours: Option<Hours>,
    /// What a call sold here is worth.
    terms: EndpointTerms,
    /// How long it may ring, seconds.
    ring_timeout_seconds: Option<u64>,
    /// Longest connected time, seconds.
    max_duration_seconds: Option<u64>,
    /// What integrations keep with the endpoint.
    metadata: Metadata,
    /// When the endpoint was made.
    created_at: Time,
    /// When the endpoint last changed.
    updated_at: Time,
}

/// As the wire shows it.
pub(super) fn view(endpoint: &operations::Endpoint) -> BuyerEndpoint {
    BuyerEndpoint {
        id: endpoint.id.uuid(),
        buyer_id: endpoint.buyer.uuid(),
        kind: EndpointType(endpoint.kind),
        destination: endpoint.destination.clone(),
        trunk_id: endpoint.trunk.map(|id| id.uuid()),
        priority: endpoint.priority,
        status: EndpointStatus(endpoint.status),
        caps: Caps::of(&endpoint.caps),
        hours: endpoint.hours.as_ref().map(Hours::of),
        terms: EndpointTerms::of(&endpoint.terms),
        ring_timeout_seconds: endpoint.ring_timeout_ms.map(|ms| ms / 1_000),
        max_duration_seconds: endpoint.duration_max_ms.map(|ms| ms / 1_000),
        metadata: Metadata::of(&endpoint.metadata),
        created_at: Time(endpoint.created_at),
        updated_at: Time(endpoint.updated_at),
    }
}

/// A SIP URI for SIP and WEBRTC, a telephone number for PSTN; as it is stored.
fn destination(kind: Kind, text: &str) -> Result<String, Fault> {
    let wrong = |message: String| Fault::body("destination", message);
    if kind == Kind::Pstn {
        return text
            .parse::<PhoneNumber>()
            .map(|number| number.to_string())
            .map_err(|error| wrong(format!("is {error}")));
    }
    if asks_for_tls(text) {
        return Err(wrong(NO_TLS.to_owned()));
    }
    let rest = text.strip_prefix("sip:");
    let host = rest.map(|rest| rest.rsplit_once('@').map_or(rest, |(_, host)| host));
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"'));
    match host {
        Some(host) if is_plain && host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[') => {
            Ok(text.to_owned())
        }
        _ => Err(wrong("is not a SIP URI such as sip:sales@buyer.example".to_owned())),
    }
}

/// The trunk, if it is the tenant's and carries calls out.
async fn own_trunk(
    caller: &Caller,
    kind: Kind,
    trunk: Option<Uuid>,
    faults: &mut Vec<Fault>,
) -> ApiResult<Option<TrunkId>> {
    let Some(id) = trunk.map(TrunkId) else { return Ok(None) };
    if kind != Kind::Pstn {
        faults.push(Fault::body("trunkId", "is for endpoints of type PSTN; leave it out, or set it to null"));
        return Ok(None);
    }
    match caller.directory().trunks.get(caller.scope(), id).await {
        Ok(trunk) if trunk.outbound.is_some() => {}
        Ok(_) => faults.push(Fault::body("trunkId", "carries no calls out: give the trunk `outbound` first")),
        Err(StoreError::NotFound(_)) => faults.push(Fault::body("trunkId", "is none of your trunks")),
        Err(error) => return Err(from_store(error)),
    }
    Ok(Some(id))
}

/// The endpoint, if it is this buyer's.
async fn find(caller: &Caller, buyer: &str, endpoint: &str) -> ApiResult<operations::Endpoint> {
    let missing = || ApiError::not_found("Endpoint");
    let buyer: BuyerId = buyer.parse().map_err(|_| missing())?;
    let endpoint: EndpointId = endpoint.parse().map_err(|_| missing())?;
    let found = caller.directory().endpoints.get(caller.scope(), endpoint).await.map_err(from_store)?;
    if found.buyer == buyer { Ok(found) } else { Err(missing()) }
}

/// What a list of endpoints is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EndpointQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<EndpointStatus>)]
    status: Option<EndpointStatus>,
}

/// Lists a buyer's endpoints, newest first.
#[utoipa::path(get, path = "/api/v1/buyers/{id}/endpoints", operation_id = "listBuyerEndpoints",
    params(("id" = Uuid, Path, description = "The buyer's id"), PageQuery<operations::Endpoint>, EndpointQuery),
    responses((status = 200, description = "A page of endpoints", body = List<BuyerEndpoint>)))]
async fn list(
    caller: Caller,
    PathId(buyer): PathId<BuyerId>,
    Query(page): Query<PageQuery<operations::Endpoint>>,
    Query(query): Query<EndpointQuery>,
) -> ApiResult<Json<List<BuyerEndpoint>>> {
    let directory = caller.directory();
    directory.buyers.get(caller.scope(), buyer).await.map_err(from_store)?;
    let filter = EndpointFilter { buyer: Some(buyer), status: query.status.map(|status| status.0) };
    let found = directory.endpoints.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, |endpoint| view(&endpoint))))
}

/// A new endpoint.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateEndpointRequest {
    /// `SIP` and `WEBRTC` go to a SIP URI, `PSTN` to a telephone number.
    #[garde(skip)]
    #[serde(rename = "type")]
    kind: EndpointType,
    /// A SIP URI for `SIP` and `WEBRTC`, a telephone number for `PSTN`.
    #[garde(length(chars, min = 3, max = 256))]
    #[schema(min_length = 3, max_length = 256, example = "sip:sales@buyer.example")]
    destination: String,
    /// The only trunk a PSTN number is to be called over.
    #[garde(skip)]
    trunk_id: Option<Uuid>,
    /// Lower is tried earlier.
    #[garde(skip)]
    #[serde(default)]
    priority: i32,
    /// Its status from the start; `ACTIVE` unless said otherwise.
    #[garde(skip)]
    status: Option<EndpointStatus>,
    /// Most calls: at once, an hour, a day, a month, in all.
    #[garde(skip)]
    #[serde(default)]
    caps: Caps,
    /// When the endpoint takes calls; absent: whenever the buyer is open.
    #[garde(skip)]
    hours: Option<Hours>,
    /// What a call sold here is worth; nothing unless given.
    #[garde(dive)]
    terms: EndpointTerms,
    /// How long it may ring, seconds.
    #[garde(range(min = 1, max = RING_SECONDS_MAX))]
    #[schema(minimum = 1, maximum = 300, example = 20)]
    ring_timeout_seconds: Option<u64>,
    /// Longest connected time, seconds.
    #[garde(range(min = 1, max = DURATION_SECONDS_MAX))]
    #[schema(minimum = 1, maximum = 86_400)]
    max_duration_seconds: Option<u64>,
    /// What integrations keep with it; `{}` unless given.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Adds an endpoint.
#[utoipa::path(post, path = "/api/v1/buyers/{id}/endpoints", operation_id = "createBuyerEndpoint",
    params(("id" = Uuid, Path, description = "The buyer's id")), request_body = CreateEndpointRequest,
    responses((status = 201, description = "The endpoint", body = BuyerEndpoint)))]
async fn create(
    caller: Caller,
    PathId(buyer): PathId<BuyerId>,
    Body(body): Body<CreateEndpointRequest>,
) -> ApiResult<(StatusCode, Json<BuyerEndpoint>)> {
    let now = caller.now();
    caller.directory().buyers.get(caller.scope(), buyer).await.map_err(from_store)?;
    let mut faults = Vec::new();
    let destination = destination(body.kind.0, &body.destination).unwrap_or_else(|fault| {
        faults.push(fault);
        String::new()
    });
    let endpoint = operations::Endpoint {
        id: caller.new_id(),
        tenant: caller.principal.tenant,
        buyer,
        kind: body.kind.0,
        destination,
        trunk: own_trunk(&caller, body.kind.0, body.trunk_id, &mut faults).await?,
        priority: body.priority,
        status: body.status.map_or(operations::EndpointStatus::Active, |status| status.0),
        caps: body.caps.stored(),
        hours: body.hours.map(|hours| hours.stored(&mut faults)),
        terms: body.terms.stored(&mut faults),
        ring_timeout_ms: body.ring_timeout_seconds.map(|seconds| seconds * 1_000),
        duration_max_ms: body.max_duration_seconds.map(|seconds| seconds * 1_000),
        metadata: Metadata::or_empty(body.metadata),
        created_at: now,
        updated_at: now,
    };
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    caller.insert(&*caller.directory().endpoints, caller.scope(), endpoint.id, &endpoint).await?;
    let shown = view(&endpoint);
    caller.audit(Done::Create, operations::Endpoint::NAME, endpoint.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Reads an endpoint.
#[utoipa::path(get, path = "/api/v1/buyers/{id}/endpoints/{endpointId}", operation_id = "getBuyerEndpoint",
    params(("id" = Uuid, Path, description = "The buyer's id"), ("endpointId" = Uuid, Path, description = "The endpoint's id")),
    responses((status = 200, description = "The endpoint", body = BuyerEndpoint)))]
async fn read(caller: Caller, Path((buyer, endpoint)): Path<(String, String)>) -> ApiResult<Json<BuyerEndpoint>> {
    Ok(Json(view(&find(&caller, &buyer, &endpoint).await?)))
}

/// Changes of an endpoint: members not named stay, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateEndpointRequest {
    /// `SIP` and `WEBRTC` go to a SIP URI, `PSTN` to a telephone number.
    #[garde(skip)]
    #[serde(rename = "type")]
    kind: Option<EndpointType>,
    /// A SIP URI for `SIP` and `WEBRTC`, a telephone number for `PSTN`.
    #[garde(length(chars, min = 3, max = 256))]
    #[schema(min_length = 3, max_length = 256)]
    destination: Option<String>,
    /// Null: the tenant's trunks, by priority.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    trunk_id: Option<Option<Uuid>>,
    /// Lower is tried earlier.
    #[garde(skip)]
    priority: Option<i32>,
    /// Its status from now on.
    #[garde(skip)]
    status: Option<EndpointStatus>,
    /// All limits anew: those not named are lifted.
    #[garde(skip)]
    caps: Option<Caps>,
    /// When the endpoint takes calls; null: whenever the buyer is open.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    hours: Option<Option<Hours>>,
    /// Anew as a whole. Calls offered before keep the terms they were offered on.
    #[garde(dive)]
    terms: Option<EndpointTerms>,
    /// How long it may ring, seconds.
    #[garde(inner(inner(range(min = 1, max = RING_SECONDS_MAX))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(minimum = 1, maximum = 300)]
    ring_timeout_seconds: Option<Option<u64>>,
    /// Longest connected time, seconds.
    #[garde(inner(inner(range(min = 1, max = DURATION_SECONDS_MAX))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(minimum = 1, maximum = 86_400)]
    max_duration_seconds: Option<Option<u64>>,
    /// What integrations keep with it: replaces all of it.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Changes an endpoint.
#[utoipa::path(patch, path = "/api/v1/buyers/{id}/endpoints/{endpointId}", operation_id = "updateBuyerEndpoint",
    params(("id" = Uuid, Path, description = "The buyer's id"), ("endpointId" = Uuid, Path, description = "The endpoint's id")),
    request_body = UpdateEndpointRequest, responses((status = 200, description = "The endpoint", body = BuyerEndpoint)))]
async fn update(
    caller: Caller,
    Path((buyer, endpoint)): Path<(String, String)>,
    Body(body): Body<UpdateEndpointRequest>,
) -> ApiResult<Json<BuyerEndpoint>> {
    let mut endpoint = find(&caller, &buyer, &endpoint).await?;
    let before = view(&endpoint);
    let mut faults = Vec::new();
    endpoint.kind = body.kind.map_or(endpoint.kind, |kind| kind.0);
    let wanted = body.destination.unwrap_or_else(|| endpoint.destination.clone());
    match destination(endpoint.kind, &wanted) {
        Ok(destination) => endpoint.destination = destination,
        Err(fault) => faults.push(fault),
    }
    let trunk = body.trunk_id.unwrap_or_else(|| endpoint.trunk.map(|id| id.uuid()));
    endpoint.trunk = own_trunk(&caller, endpoint.kind, trunk, &mut faults).await?;
    endpoint.priority = body.priority.unwrap_or(endpoint.priority);
    endpoint.status = body.status.map_or(endpoint.status, |status| status.0);
    endpoint.caps = body.caps.map_or(endpoint.caps, Caps::stored);
    if let Some(hours) = body.hours {
        endpoint.hours = hours.map(|hours| hours.stored(&mut faults));
    }
    if let Some(terms) = body.terms {
        endpoint.terms = terms.stored(&mut faults);
    }
    if let Some(seconds) = body.ring_timeout_seconds {
        endpoint.ring_timeout_ms = seconds.map(|seconds| seconds * 1_000);
    }
    if let Some(seconds) = body.max_duration_seconds {
        endpoint.duration_max_ms = seconds.map(|seconds| seconds * 1_000);
    }
    endpoint.metadata = body.metadata.map_or(endpoint.metadata, |metadata| metadata.0);
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    let saved =
        caller.directory().endpoints.save(caller.target(), &endpoint, caller.now()).await.map_err(from_store)?;
    let after = view(&saved);
    caller.audit(Done::Update, operations::Endpoint::NAME, saved.id, &before, &after).await;
    Ok(Json(after))
}

/// Removes an endpoint.
#[utoipa::path(delete, path = "/api/v1/buyers/{id}/endpoints/{endpointId}", operation_id = "deleteBuyerEndpoint",
    params(("id" = Uuid, Path, description = "The buyer's id"), ("endpointId" = Uuid, Path, description = "The endpoint's id")),
    responses((status = 204, description = "Removed")))]
async fn remove(caller: Caller, Path((buyer, endpoint)): Path<(String, String)>) -> ApiResult<StatusCode> {
    let endpoint = find(&caller, &buyer, &endpoint).await?;
    caller.directory().endpoints.remove(caller.target(), endpoint.id).await.map_err(from_store)?;
    caller.audit(Done::Delete, operations::Endpoint::NAME, endpoint.id, &view(&endpoint), &()).await;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_fits_its_type() {
        for (kind, text, stored) in [
            (
                Kind::Sip,
                "sip:sales@buyer.example:5090;transport=tcp",
                Some("sip:sales@buyer.example:5090;transport=tcp"),
            ),
            (Kind::Sip, "sip:127.0.0.1", Some("sip:127.0.0.1")),
            (Kind::Sip, "sip:a@[::1]", Some("sip:a@[::1]")),
            (Kind::Sip, "tel:+1555", None),
            (Kind::Sip, "sips:sales@buyer.example", None),
            (Kind::Sip, "sip:sales@buyer.example;transport=TLS", None),
            (Kind::Sip, "sip:", None),
            (Kind::Sip, "sip:a b@c", None),
            (Kind::Sip, "sip:a@b>\r\nX: y", None),
            (Kind::Pstn, "555-123-4567", Some("+15551234567")),
            (Kind::Pstn, "sip:a@b", None),
        ] {
            assert_eq!(destination(kind, text).ok().as_deref(), stored, "{text}");
        }
    }
}
