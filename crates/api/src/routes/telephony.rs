//! What other engines of the voice path ask: which switches there are, and whose trunk a call comes over. For the operator's keys.

use std::net::IpAddr;

use axum::Json;
use garde::Validate;
use operations::{PAGE_LIMIT_MAX, PageRequest, Trunk, TrunkFilter, TrunkStatus, TrunkType};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::trunks::network_holds;
use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    extract::Body,
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Carriers")
        .needs(Permission::PlatformAdmin, routes!(nodes))
        .needs(Permission::PlatformAdmin, routes!(authenticate))
}

/// The switches calls go to.
#[derive(Debug, Serialize, ToSchema)]
pub struct SwitchNodes {
    /// `host:port`.
    #[schema(example = json!(["127.0.0.1:5080"]))]
    nodes: Vec<String>,
}

/// Lists the switches calls go to, for the dispatcher of a SIP proxy.
#[utoipa::path(get, path = "/api/v1/freeswitch/nodes", operation_id = "listSwitchNodes",
    responses((status = 200, description = "The switches", body = SwitchNodes)))]
async fn nodes(caller: Caller) -> Json<SwitchNodes> {
    let nodes = caller.state.config().switch_nodes.iter().map(ToString::to_string).collect();
    Json(SwitchNodes { nodes })
}

/// A call that came in.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthenticateTrunkRequest {
    /// Who calls.
    #[garde(length(chars, max = 500))]
    #[schema(max_length = 500, example = "+13105550127")]
    from: String,
    /// What was dialled.
    #[garde(length(chars, max = 500))]
    #[schema(max_length = 500, example = "+12125550143")]
    to: String,
    /// The address it comes from.
    #[garde(length(chars, min = 2, max = 45))]
    #[schema(min_length = 2, max_length = 45, example = "203.0.113.7")]
    source_ip: String,
}

/// Whose trunk it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrunkAuthenticated {
    /// `authenticated`.
    #[schema(example = "authenticated")]
    status: &'static str,
    /// The trunk's id.
    trunk_id: Uuid,
    /// Whose it is.
    tenant_id: Uuid,
    /// The trunk's carrier.
    carrier_id: Uuid,
}

/// Finds the trunk a call comes over by its source address: of the ACTIVE SIP trunks the one with the narrowest network. 404 where
/// there is none: such a call is challenged (digest) or refused by the edge.
#[utoipa::path(post, path = "/api/v1/trunks/auth", operation_id = "authenticateTrunk", request_body = AuthenticateTrunkRequest,
    responses((status = 200, description = "The trunk", body = TrunkAuthenticated),
        (status = 404, description = "No trunk takes calls from there", body = crate::Problem, content_type = "application/problem+json")))]
async fn authenticate(
    caller: Caller,
    Body(body): Body<AuthenticateTrunkRequest>,
) -> ApiResult<Json<TrunkAuthenticated>> {
    let source: IpAddr = body
        .source_ip
        .parse()
        .map_err(|_| ApiError::validation(vec![Fault::body("source_ip", "is not an address such as 203.0.113.7")]))?;
    let filter = TrunkFilter { status: Some(TrunkStatus::Active), ..TrunkFilter::default() };
    let mut page = PageRequest::number(1, PAGE_LIMIT_MAX);
    let mut best: Option<(u8, Trunk)> = None;
    loop {
        let found = caller.directory().all_trunks.list_everywhere(&filter, &page).await.map_err(from_store)?;
        for trunk in found.items.into_iter().filter(|trunk| trunk.kind == TrunkType::Sip) {
            let bits = trunk.source_cidrs.iter().filter_map(|network| network_holds(network, source)).max();
            if let Some(bits) = bits
                && best.as_ref().is_none_or(|(narrowest, _)| bits > *narrowest)
            {
                best = Some((bits, trunk));
            }
        }
        let Some(next) = found.next else { break };
        page = PageRequest::after(next, PAGE_LIMIT_MAX);
    }
    let Some((_, trunk)) = best else {
        tracing::info!(%source, from = body.from, to = body.to, "no trunk takes calls from there");
        return Err(ApiError::not_found("Trunk"));
    };
    Ok(Json(TrunkAuthenticated {
        status: "authenticated",
        trunk_id: trunk.id.uuid(),
        tenant_id: trunk.tenant.uuid(),
        carrier_id: trunk.carrier.uuid(),
    }))
}
