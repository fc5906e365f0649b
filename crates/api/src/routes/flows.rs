//! Flows: what a call goes through. Documents as JSON or YAML; a published version never changes.

use axum::{
    Json,
    extract::{FromRequest, Path, Request},
    http::{StatusCode, header},
};
use domain::FlowId;
use flow::Document;
use garde::Validate;
use operations::{Entity, Flow as StoredFlow, FlowError, FlowFilter, FlowVersion as StoredVersion, Flows, Listed};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    crud::set,
    extract::{Body, PathId, Query, read_bytes, unsupported},
    page::{List, PageQuery, Short},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Metadata, Time, nullable, wire_enum},
};

wire_enum!(
    /// Where a flow stands.
    FlowStatus
);

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Flows")
        .needs(Permission::FlowsRead, routes!(list))
        .needs(Permission::FlowsWrite, routes!(save))
        .needs(Permission::FlowsRead, routes!(validate))
        .needs(Permission::FlowsRead, routes!(read))
        .needs(Permission::FlowsWrite, routes!(update))
        .needs(Permission::FlowsRead, routes!(versions))
        .needs(Permission::FlowsRead, routes!(version))
        .needs(Permission::FlowsPublish, routes!(publish))
        .needs(Permission::FlowsPublish, routes!(rollback))
        .needs(Permission::FlowsDelete, routes!(remove_version))
}

/// A flow with its versions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// The flow's id.
    id: Uuid,
    /// The tenant the flow belongs to.
    tenant_id: Uuid,
    /// The document's own `id`.
    #[schema(example = "solar-west")]
    key: String,
    /// What people call the flow.
    name: String,
    /// What it is for, in words.
    description: Option<String>,
    /// `ACTIVE` once a version is published.
    status: FlowStatus,
    /// What calls run now.
    published_version: Option<u32>,
    /// What integrations keep with the flow.
    metadata: Metadata,
    /// Newest first.
    versions: Vec<FlowVersionSummary>,
    /// When the flow was made.
    created_at: Time,
    /// When the flow last changed.
    updated_at: Time,
}

/// A version without its document.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowVersionSummary {
    /// The whole number the version is known by, from 1.
    version: u32,
    /// What calls run now.
    published: bool,
    /// When it was first published; from then on it never changes.
    published_at: Option<Time>,
    /// When the version was made.
    created_at: Time,
    /// When the version last changed.
    updated_at: Time,
}

/// A version with its document.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowVersion {
    /// The flow's id.
    id: Uuid,
    /// The same.
    flow_id: Uuid,
    #[serde(flatten)]
    summary: FlowVersionSummary,
    /// The user who saved it; null where a key did.
    created_by: Option<Uuid>,
    /// The document.
    #[schema(value_type = Object)]
    flow: Value,
    /// What was done, where something was.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

fn summary_of(version: &StoredVersion) -> FlowVersionSummary {
    FlowVersionSummary {
        version: version.version,
        published: version.is_published,
        published_at: version.published_at.map(Time),
        created_at: Time(version.created_at),
        updated_at: Time(version.updated_at),
    }
}

fn version_view(version: &StoredVersion) -> FlowVersion {
    FlowVersion {
        id: version.flow.uuid(),
        flow_id: version.flow.uuid(),
        summary: summary_of(version),
        created_by: version.created_by.map(|id| id.uuid()),
        flow: version.document.clone(),
        message: None,
    }
}

async fn view(caller: &Caller, flow: &StoredFlow) -> ApiResult<Flow> {
    let versions = caller.directory().flow_versions.list_versions(caller.scope(), flow.id).await.map_err(from_store)?;
    Ok(Flow {
        id: flow.id.uuid(),
        tenant_id: flow.tenant.uuid(),
        key: flow.key.clone(),
        name: flow.name.clone(),
        description: flow.description.clone(),
        status: FlowStatus(flow.status),
        published_version: flow.published_version,
        metadata: Metadata::of(&flow.metadata),
        versions: versions.iter().map(summary_of).collect(),
        created_at: Time(flow.created_at),
        updated_at: Time(flow.updated_at),
    })
}

type Parse = fn(&[u8]) -> Result<Document, Vec<flow::Fault>>;

/// A flow document as it came, JSON or YAML.
struct Given(Document);

impl<S: Send + Sync> FromRequest<S> for Given {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        let (parse, unreadable): (Parse, _) = match kind.as_str() {
            "application/json" => (flow::parse_json, "INVALID_JSON"),
            "application/yaml" | "application/x-yaml" | "text/yaml" | "text/x-yaml" => {
                (flow::parse_yaml, "INVALID_YAML")
            }
            _ => return Err(unsupported("application/json or application/yaml")),
        };
        let bytes = read_bytes(request, state).await?;
        parse(&bytes).map(Self).map_err(|faults| {
            let is_syntax = faults.iter().any(|fault| fault.code == "syntax");
            let error = invalid(faults);
            if is_syntax { ApiError { status: StatusCode::BAD_REQUEST, code: unreadable, ..error } } else { error }
        })
    }
}

/// 422 with every fault, each with its node and field.
pub(super) fn invalid(faults: Vec<flow::Fault>) -> ApiError {
    let count = faults.len();
    let shown = faults.into_iter().map(|fault| Fault {
        code: Some(fault.code.to_owned()),
        ..Fault::node(fault.node, fault.field, fault.message)
    });
    let message = if count == 1 { "The flow has a fault".to_owned() } else { format!("The flow has {count} faults") };
    ApiError { faults: shown.collect(), ..ApiError::unprocessable("INVALID_FLOW", message) }
}

fn from_flow(error: FlowError) -> ApiError {
    match error {
        FlowError::Invalid(faults) => invalid(faults),
        FlowError::Store(error) => from_store(error),
    }
}

/// What a list of flows is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FlowQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<FlowStatus>)]
    status: Option<FlowStatus>,
    /// Part of the name or key.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// Lists flows with their versions, newest first.
#[utoipa::path(get, path = "/api/v1/flows", operation_id = "listFlows", params(PageQuery<operations::Flow>, FlowQuery),
    responses((status = 200, description = "A page of flows", body = List<Flow>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<operations::Flow>>,
    Query(query): Query<FlowQuery>,
) -> ApiResult<Json<List<Flow>>> {
    let filter = FlowFilter { status: query.status.map(|status| status.0), key: None, search: query.search };
    let found = caller.directory().flows.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    let mut views = Vec::with_capacity(found.items.len());
    for flow in &found.items {
        views.push(view(&caller, flow).await?);
    }
    Ok(Json(page.list(views, found.total, found.next)))
}

/// Keeps a document as a draft. Its `id` names the flow, its `version` the version; when that one was published already, the
/// next free number is taken.
#[utoipa::path(post, path = "/api/v1/flows", operation_id = "saveFlow",
    request_body(content((Object = "application/json"), (String = "application/yaml")), description = "The flow document"),
    responses((status = 201, description = "The version", body = FlowVersion),
        (status = 422, description = "The flow has faults; all of them are listed", body = crate::Problem, content_type = "application/problem+json")))]
async fn save(caller: Caller, Given(document): Given) -> ApiResult<(StatusCode, Json<FlowVersion>)> {
    let saved =
        caller.state.flows().save(caller.scope(), &document.to_value(), caller.principal.user(), caller.now()).await;
    let (flow, version) = saved.map_err(from_flow)?;
    let shown = version_view(&version);
    caller.audit(Done::Create, StoredFlow::NAME, flow.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// The document can be run.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidFlow {
    /// True.
    valid: bool,
    /// The document's own `id`.
    flow_id: String,
    /// The whole number the version is known by, from 1.
    version: u32,
    /// Nodes of the document.
    node_count: usize,
}

/// Checks a document without keeping it.
#[utoipa::path(post, path = "/api/v1/flows/validate", operation_id = "validateFlow",
    request_body(content((Object = "application/json"), (String = "application/yaml")), description = "The flow document"),
    responses((status = 200, description = "It can be run", body = ValidFlow),
        (status = 422, description = "The flow has faults; all of them are listed", body = crate::Problem, content_type = "application/problem+json")))]
async fn validate(_caller: Caller, Given(document): Given) -> ApiResult<Json<ValidFlow>> {
    let (document, program) = Flows::check(&document.to_value()).map_err(invalid)?;
    let node_count = document.nodes.len();
    Ok(Json(ValidFlow { valid: true, flow_id: program.id().to_owned(), version: program.version(), node_count }))
}

async fn find(caller: &Caller, id: FlowId) -> ApiResult<StoredFlow> {
    caller.directory().flows.get(caller.scope(), id).await.map_err(from_store)
}

/// Reads a flow with its versions.
#[utoipa::path(get, path = "/api/v1/flows/{id}", operation_id = "getFlow", params(("id" = Uuid, Path, description = "The flow's id")),
    responses((status = 200, description = "The flow", body = Flow)))]
async fn read(caller: Caller, PathId(id): PathId<FlowId>) -> ApiResult<Json<Flow>> {
    let flow = find(&caller, id).await?;
    Ok(Json(view(&caller, &flow).await?))
}

/// Longest description, as in a document.
const DESCRIPTION_CHARS_MAX: usize = 4_000;

/// Changes of a flow: members not named stay, null clears. The document is changed by keeping another.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateFlowRequest {
    /// Until a document with another name is kept.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Solar, west")]
    name: Option<String>,
    /// Until a document with another description is kept.
    #[garde(inner(inner(length(chars, max = DESCRIPTION_CHARS_MAX))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 4_000)]
    description: Option<Option<String>>,
    /// `ARCHIVED` for a flow no campaign runs. An archived flow comes back as what it was: `ACTIVE` with a published version,
    /// `DRAFT` without; publishing a version brings it back too.
    #[garde(skip)]
    status: Option<FlowStatus>,
    /// What integrations keep with it: replaces all of it.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Changes what is said of a flow, and archives it.
#[utoipa::path(patch, path = "/api/v1/flows/{id}", operation_id = "updateFlow", params(("id" = Uuid, Path, description = "The flow's id")),
    request_body = UpdateFlowRequest, responses((status = 200, description = "The flow", body = Flow),
        (status = 409, description = "A campaign runs it, or the status is not that of its versions", body = crate::Problem, content_type = "application/problem+json")))]
async fn update(
    caller: Caller,
    PathId(id): PathId<FlowId>,
    Body(body): Body<UpdateFlowRequest>,
) -> ApiResult<Json<Flow>> {
    let mut flow = find(&caller, id).await?;
    let before = view(&caller, &flow).await?;
    if let Some(FlowStatus(status)) = body.status {
        caller.state.flows().check_status(caller.scope(), &flow, status).await.map_err(from_store)?;
        flow.status = status;
    }
    set(&mut flow.name, body.name);
    set(&mut flow.description, body.description);
    set(&mut flow.metadata, body.metadata.map(|metadata| metadata.0));
    let saved = caller.directory().flows.save(caller.target(), &flow, caller.now()).await.map_err(from_store)?;
    let after = view(&caller, &saved).await?;
    caller.audit(Done::Update, StoredFlow::NAME, id, &before, &after).await;
    Ok(Json(after))
}

impl Listed for FlowVersionSummary {
    const ORDERS: &'static [&'static str] = &["-version", "publishedAt", "createdAt", "updatedAt"];
}

impl Short for FlowVersionSummary {
    const ID: &'static str = "version";
}

/// Lists a flow's versions, newest first.
#[utoipa::path(get, path = "/api/v1/flows/{id}/versions", operation_id = "listFlowVersions",
    params(("id" = Uuid, Path, description = "The flow's id"), PageQuery<FlowVersionSummary>),
    responses((status = 200, description = "A page of the versions", body = List<FlowVersionSummary>)))]
async fn versions(
    caller: Caller,
    PathId(id): PathId<FlowId>,
    Query(page): Query<PageQuery<FlowVersionSummary>>,
) -> ApiResult<Json<List<FlowVersionSummary>>> {
    find(&caller, id).await?;
    let found = caller.directory().flow_versions.list_versions(caller.scope(), id).await.map_err(from_store)?;
    Ok(Json(page.cut(found.iter().map(summary_of).collect())?))
}

/// Both parts of a version's path; what is no id or number names nothing.
fn place(flow: &str, version: &str) -> ApiResult<(FlowId, u32)> {
    let missing = || ApiError::not_found("Flow version");
    Ok((flow.parse().map_err(|_| missing())?, version.parse().map_err(|_| missing())?))
}

/// Reads a version with its document.
#[utoipa::path(get, path = "/api/v1/flows/{id}/versions/{version}", operation_id = "getFlowVersion",
    params(("id" = Uuid, Path, description = "The flow's id"), ("version" = u32, Path, description = "The version")),
    responses((status = 200, description = "The version", body = FlowVersion)))]
async fn version(caller: Caller, Path((flow, version)): Path<(String, String)>) -> ApiResult<Json<FlowVersion>> {
    let (flow, version) = place(&flow, &version)?;
    let found =
        caller.directory().flow_versions.find_version(caller.scope(), flow, version).await.map_err(from_store)?;
    Ok(Json(version_view(&found.ok_or_else(|| ApiError::not_found("Flow version"))?)))
}

async fn publish_version(caller: &Caller, flow: FlowId, version: u32, action: &str) -> ApiResult<FlowVersion> {
    let published =
        caller.state.flows().publish(caller.scope(), flow, version, caller.now()).await.map_err(from_flow)?;
    caller.note(action, StoredFlow::NAME, Some(flow.to_string()), json!({"version": version})).await;
    Ok(version_view(&published))
}

/// Makes a version what calls run, and no other. Calls that run keep the one they began with.
#[utoipa::path(post, path = "/api/v1/flows/{id}/versions/{version}/publish", operation_id = "publishFlowVersion",
    params(("id" = Uuid, Path, description = "The flow's id"), ("version" = u32, Path, description = "The version")),
    responses((status = 200, description = "Published", body = FlowVersion),
        (status = 422, description = "It has faults by today's rules", body = crate::Problem, content_type = "application/problem+json")))]
async fn publish(caller: Caller, Path((flow, version)): Path<(String, String)>) -> ApiResult<Json<FlowVersion>> {
    let (flow, version) = place(&flow, &version)?;
    Ok(Json(publish_version(&caller, flow, version, "flow.publish").await?))
}

/// Where to go back to.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollbackRequest {
    /// The version to go back to, from 1.
    #[garde(range(min = 1))]
    #[schema(minimum = 1, example = 1)]
    version: u32,
}

/// Publishes an older version again.
#[utoipa::path(post, path = "/api/v1/flows/{id}/rollback", operation_id = "rollBackFlow", params(("id" = Uuid, Path, description = "The flow's id")),
    request_body = RollbackRequest, responses((status = 200, description = "Published", body = FlowVersion),
        (status = 422, description = "It has faults by today's rules", body = crate::Problem, content_type = "application/problem+json")))]
async fn rollback(
    caller: Caller,
    PathId(id): PathId<FlowId>,
    Body(body): Body<RollbackRequest>,
) -> ApiResult<Json<FlowVersion>> {
    let published = publish_version(&caller, id, body.version, "flow.rollback").await?;
    Ok(Json(FlowVersion { message: Some(format!("Rolled back to version {}", body.version)), ..published }))
}

/// Removes a version that was never published.
#[utoipa::path(delete, path = "/api/v1/flows/{id}/versions/{version}", operation_id = "deleteFlowVersion",
    params(("id" = Uuid, Path, description = "The flow's id"), ("version" = u32, Path, description = "The version")),
    responses((status = 204, description = "Removed")))]
async fn remove_version(caller: Caller, Path((flow, version)): Path<(String, String)>) -> ApiResult<StatusCode> {
    let (flow, version) = place(&flow, &version)?;
    caller.directory().flow_versions.remove_version(caller.scope(), flow, version).await.map_err(from_store)?;
    caller.note("flow.delete", StoredFlow::NAME, Some(flow.to_string()), json!({"version": version})).await;
    Ok(StatusCode::NO_CONTENT)
}
