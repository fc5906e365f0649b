//! Rehearsals of flows: a document, a draft or what is published, run without a telephone (docs/adr/0211).

mod events;
mod steps;

use std::{sync::Arc, time::Duration};

use axum::Json;
use domain::{CampaignId, FlowId, PhoneNumber, TenantId, Timestamp};
use flow::{CampaignFacts, Facts};
use garde::Validate;
use operations::{Flow, FlowVersion, Flows, PAGE_LIMIT_MAX, PageRequest, Queue, QueueFilter};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use self::events::RehearsalEvent;
use self::steps::{Rehearsal, view};
use super::{flows::invalid, terms::AttestationLevel};
use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    extract::Body,
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    seals::to_hex,
    wire::{Metadata, Time, is_time_zone},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Flows").needs(Permission::FlowsRead, routes!(execute)).needs(Permission::FlowsRead, routes!(happen))
}

/// Events of one rehearsal.
const EVENTS_MAX: usize = 200;
/// Bytes of a document that is rehearsed without being kept: it travels with the run.
const DOCUMENT_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a run as it travels.
const RUN_BYTES_MAX: usize = 512 * 1024;
/// How long a rehearsal waits for its next event.
const LIFETIME: Duration = Duration::from_hours(1);
/// Pages of queues that are looked through for those a flow names.
const QUEUE_PAGES_MAX: u32 = 20;

/// What is rehearsed, and what is known of the caller.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExecuteFlowRequest {
    /// A flow that is kept. Either this or `document`.
    #[garde(skip)]
    flow_id: Option<Uuid>,
    /// Which version; else the published one, or, where none is, the newest draft.
    #[garde(range(min = 1))]
    #[schema(minimum = 1, example = 1)]
    version: Option<u32>,
    /// A document that is not kept, 256 KiB at most.
    #[garde(skip)]
    #[schema(value_type = Option<Object>)]
    document: Option<Value>,
    /// Who calls: `caller.number`.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100, example = "+13105550127")]
    from: Option<String>,
    /// Which number was dialled: `called.number`.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100, example = "+12125550147")]
    to: Option<String>,
    /// `caller.name`.
    #[garde(length(chars, max = 200))]
    #[schema(max_length = 200)]
    caller_name: Option<String>,
    /// `stirShaken.attestation`.
    #[garde(skip)]
    attestation: Option<AttestationLevel>,
    /// `campaign`, and its time zone.
    #[garde(skip)]
    campaign_id: Option<Uuid>,
    /// IANA zone of `hour`, `weekday` and so on; else the campaign's, else the tenant's.
    #[garde(inner(custom(is_time_zone)))]
    #[schema(min_length = 1, max_length = 64, example = "America/New_York")]
    time_zone: Option<String>,
    /// Further variables by name.
    #[garde(skip)]
    variables: Option<Metadata>,
    /// When the call begins; now, unless said otherwise.
    #[garde(skip)]
    at: Option<Time>,
    /// What happens, in this order; as if each came by `POST /api/v1/flows/events`.
    #[garde(length(max = EVENTS_MAX), dive)]
    #[serde(default)]
    #[schema(max_items = 200)]
    events: Vec<RehearsalEvent>,
}

/// What happens next in a rehearsal.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlowEventRequest {
    /// The run, as the last answer named it. An older one goes on from there instead.
    #[garde(length(chars, min = 1, max = RUN_BYTES_MAX))]
    #[schema(
        min_length = 1,
        max_length = 524_288,
        example = "eyJ0ZW5hbnQiOiIwMTlhYiJ9.4mJ0yqvX2cT9sHkW8rZ1bLpE6uNfAdGi"
    )]
    #[schema(min_length = 1, max_length = 524_288)]
    run: String,
    /// What happens next.
    #[garde(dive)]
    event: RehearsalEvent,
}

/// All there is of a rehearsal: it is played again for each answer, so that no process has to remember it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Script {
    tenant: TenantId,
    source: Source,
    from: String,
    to: String,
    caller_name: Option<String>,
    attestation: domain::Attestation,
    campaign: Option<(CampaignId, String)>,
    time_zone: String,
    variables: Value,
    at: Timestamp,
    expires_at: Timestamp,
    events: Vec<RehearsalEvent>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Source {
    /// The digest tells a draft that was written over meanwhile.
    Kept {
        flow: FlowId,
        version: u32,
        digest: String,
    },
    Given(Value),
}

/// What a sealed run is for.
const PURPOSE: &str = "flow-rehearsal";

/// Begins a rehearsal of a flow: the caller is answered, and the flow goes on to where it waits. Nobody is called, charged or told.
#[utoipa::path(post, path = "/api/v1/flows/execute", operation_id = "executeFlow", request_body = ExecuteFlowRequest,
    responses((status = 200, description = "Where it waits, and everything until then", body = Rehearsal),
        (status = 404, description = "Flow, version or campaign not found", body = crate::Problem, content_type = "application/problem+json"),
        (status = 422, description = "The flow has faults, or does not wait for one of the events", body = crate::Problem, content_type = "application/problem+json")))]
async fn execute(caller: Caller, Body(body): Body<ExecuteFlowRequest>) -> ApiResult<Json<Rehearsal>> {
    let (source, document) = source_of(&caller, body.flow_id, body.version, body.document).await?;
    let campaign = match body.campaign_id {
        Some(id) => Some(caller.directory().campaigns.get(caller.scope(), id.into()).await.map_err(from_store)?),
        None => None,
    };
    let zone = body.time_zone.or_else(|| campaign.as_ref()?.time_zone.clone());
    let time_zone = match zone {
        Some(zone) => zone,
        None => caller.tenant().await?.time_zone,
    };
    let script = Script {
        tenant: caller.principal.tenant,
        source,
        from: dialled(body.from),
        to: dialled(body.to),
        caller_name: body.caller_name,
        attestation: body.attestation.map(AttestationLevel::stored).unwrap_or_default(),
        campaign: campaign.map(|campaign| (campaign.id, campaign.name)),
        time_zone,
        variables: Metadata::or_empty(body.variables),
        at: body.at.map_or_else(|| caller.now(), |Time(at)| at),
        expires_at: caller.now().after(LIFETIME),
        events: body.events,
    };
    answer(&caller, script, &document, "events").await
}

/// Says what happens next in a rehearsal, and answers where it waits then.
#[utoipa::path(post, path = "/api/v1/flows/events", operation_id = "sendFlowEvent", request_body = FlowEventRequest,
    responses((status = 200, description = "Where it waits, and everything until then", body = Rehearsal),
        (status = 404, description = "There is no such run, or it has waited for more than an hour", body = crate::Problem, content_type = "application/problem+json"),
        (status = 409, description = "The draft was changed meanwhile", body = crate::Problem, content_type = "application/problem+json"),
        (status = 422, description = "The run does not wait for this", body = crate::Problem, content_type = "application/problem+json")))]
async fn happen(caller: Caller, Body(body): Body<FlowEventRequest>) -> ApiResult<Json<Rehearsal>> {
    let script: Option<Script> = caller.state.seals().open(PURPOSE, &body.run);
    let is_there = |script: &Script| script.tenant == caller.principal.tenant && script.expires_at > caller.now();
    let mut script = script.filter(is_there).ok_or_else(|| ApiError::not_found("Run"))?;
    if script.events.len() >= EVENTS_MAX {
        let fault = Fault::body("event", format!("is one more than the {EVENTS_MAX} of a rehearsal"));
        return Err(ApiError::validation(vec![fault]));
    }
    let document = document_of(&caller, &script.source).await?;
    script.events.push(body.event);
    script.expires_at = caller.now().after(LIFETIME);
    answer(&caller, script, &document, "event").await
}

/// Plays the script from its beginning. `member` is where the request has the events, for faults.
async fn answer(caller: &Caller, script: Script, document: &Value, member: &str) -> ApiResult<Json<Rehearsal>> {
    let queues = queues_of(caller, document).await?;
    let program = Flows::check_for(document, &queues).map_err(invalid)?;
    let mut rehearsal = operations::Rehearsal::begin(Arc::new(program), script.facts(), script.at);
    for (index, event) in script.events.iter().enumerate() {
        let place = if member == "events" { format!("events[{index}]") } else { member.to_owned() };
        for one in event.reported(&place)? {
            rehearsal.report(one).map_err(|_| not_expected(&place, event, &rehearsal))?;
        }
    }
    let run = caller.state.seals().seal(PURPOSE, &script);
    Ok(Json(view(&script, run, &rehearsal)))
}

fn not_expected(place: &str, event: &RehearsalEvent, rehearsal: &operations::Rehearsal) -> ApiError {
    let kinds = events::expected(rehearsal);
    let waits = match rehearsal.node() {
        Some(node) => {
            format!("node {node:?} waits for {}", kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "))
        }
        None => "the call is over".to_owned(),
    };
    ApiError::validation(vec![Fault::body(
        format!("{place}.type"),
        format!("{:?} cannot happen now: {waits}", event.name()),
    )])
}

impl Script {
    fn facts(&self) -> Facts {
        let campaign = self.campaign.as_ref();
        Facts {
            caller_number: self.from.clone(),
            caller_name: self.caller_name.clone(),
            called_number: self.to.clone(),
            campaign: campaign.map(|(id, name)| CampaignFacts { id: id.to_string(), name: name.clone() }),
            time_zone: self.time_zone.clone(),
            attestation: self.attestation,
            variables: self.variables.as_object().cloned().unwrap_or_default().into_iter().collect(),
            ..Facts::default()
        }
    }

    /// The flow it is of, where it is kept.
    fn flow(&self) -> Option<(FlowId, u32)> {
        match self.source {
            Source::Kept { flow, version, .. } => Some((flow, version)),
            Source::Given(_) => None,
        }
    }
}

/// As the platform writes it, where it is a telephone number.
fn dialled(given: Option<String>) -> String {
    let given = given.unwrap_or_default();
    PhoneNumber::from_dialled(&given).map_or(given, |number| number.to_string())
}

async fn source_of(
    caller: &Caller,
    flow: Option<Uuid>,
    version: Option<u32>,
    document: Option<Value>,
) -> ApiResult<(Source, Value)> {
    match (flow, document) {
        (Some(flow), None) => {
            let found = version_of(caller, flow.into(), version).await?;
            let digest = digest_of(&found.document);
            Ok((Source::Kept { flow: found.flow, version: found.version, digest }, found.document))
        }
        (None, Some(_)) if version.is_some() => {
            Err(ApiError::validation(vec![Fault::body("version", "is of a flow that is kept; leave it out")]))
        }
        (None, Some(document)) => {
            if document.to_string().len() > DOCUMENT_BYTES_MAX {
                let message = format!("is larger than {DOCUMENT_BYTES_MAX} bytes; keep it, and rehearse the draft");
                return Err(ApiError::validation(vec![Fault::body("document", message)]));
            }
            Ok((Source::Given(document.clone()), document))
        }
        (Some(_), Some(_)) => {
            Err(ApiError::validation(vec![Fault::body("document", "stands beside flowId; give one of them")]))
        }
        (None, None) => Err(ApiError::validation(vec![Fault::body("flowId", "is required, or a document")])),
    }
}

async fn version_of(caller: &Caller, flow: FlowId, version: Option<u32>) -> ApiResult<FlowVersion> {
    let versions = &caller.directory().flow_versions;
    let wanted = match version {
        Some(version) => Some(version),
        None => {
            let flow: Flow = caller.directory().flows.get(caller.scope(), flow).await.map_err(from_store)?;
            flow.published_version
        }
    };
    let found = match wanted {
        Some(version) => versions.find_version(caller.scope(), flow, version).await.map_err(from_store)?,
        None => versions.list_versions(caller.scope(), flow).await.map_err(from_store)?.into_iter().next(),
    };
    found.ok_or_else(|| ApiError::not_found("Flow version"))
}

async fn document_of(caller: &Caller, source: &Source) -> ApiResult<Value> {
    match source {
        Source::Given(document) => Ok(document.clone()),
        Source::Kept { flow, version, digest } => {
            let found = version_of(caller, *flow, Some(*version)).await?;
            if digest_of(&found.document) != *digest {
                return Err(ApiError::conflict("The draft was changed meanwhile; begin again"));
            }
            Ok(found.document)
        }
    }
}

fn digest_of(document: &Value) -> String {
    to_hex(&Sha256::digest(document.to_string()))
}

/// The tenant's queues, where the flow has a node for one: what the node leaves open is as the queue says.
async fn queues_of(caller: &Caller, document: &Value) -> ApiResult<Vec<Queue>> {
    let nodes = document["nodes"].as_array().map_or(&[][..], Vec::as_slice);
    let names: Vec<&str> = nodes.iter().filter_map(|node| node["queueId"].as_str()).collect();
    let mut found = Vec::new();
    if names.is_empty() {
        return Ok(found);
    }
    for number in 1..=QUEUE_PAGES_MAX {
        let page = PageRequest::number(number, PAGE_LIMIT_MAX);
        let page =
            caller.directory().queues.list(caller.scope(), &QueueFilter::default(), &page).await.map_err(from_store)?;
        let is_last = page.items.len() < PAGE_LIMIT_MAX as usize;
        found.extend(page.items.into_iter().filter(|queue| names.contains(&queue.name.as_str())));
        if is_last {
            break;
        }
    }
    Ok(found)
}
