//! Which tags a call carries.

use axum::{Json, extract::Path, http::StatusCode};
use domain::{CallId, TagId};
use serde_json::json;
use utoipa_axum::routes;

use super::tags::{self, Tag};
use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    extract::{PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult},
    resource::Resource,
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Tags")
        .needs(Permission::CallsRead, routes!(list))
        .needs(Permission::CallsWrite, routes!(put))
        .needs(Permission::CallsWrite, routes!(remove))
}

async fn existing(caller: &Caller, call: CallId) -> ApiResult<()> {
    let found = caller.directory().calls.find_call(caller.scope(), call).await.map_err(from_store)?;
    found.map(drop).ok_or_else(|| ApiError::not_found("Call"))
}

fn ids(call: &str, tag: &str) -> ApiResult<(CallId, TagId)> {
    let call = call.parse().map_err(|_| ApiError::not_found("Call"))?;
    Ok((call, tag.parse().map_err(|_| ApiError::not_found("Tag"))?))
}

/// Lists the tags of a call, by name.
#[utoipa::path(get, path = "/api/v1/calls/{id}/tags", operation_id = "listTagsOfCall",
    params(("id" = Uuid, Path, description = "The call's id"), PageQuery<Tag>),
    responses((status = 200, description = "A page of its tags", body = List<Tag>)))]
async fn list(
    caller: Caller,
    PathId(call): PathId<CallId>,
    Query(page): Query<PageQuery<Tag>>,
) -> ApiResult<Json<List<Tag>>> {
    existing(&caller, call).await?;
    let found = caller.directory().call_tags.tags_of_call(caller.scope(), call).await.map_err(from_store)?;
    Ok(Json(page.cut(found.iter().map(tags::view).collect())?))
}

/// Puts a tag on a call. Nothing changes when it is there already.
#[utoipa::path(put, path = "/api/v1/calls/{id}/tags/{tagId}", operation_id = "tagCall",
    params(("id" = Uuid, Path, description = "The call's id"), ("tagId" = Uuid, Path, description = "The tag's id")),
    responses((status = 204, description = "The call carries the tag")))]
async fn put(caller: Caller, Path((call, tag)): Path<(String, String)>) -> ApiResult<StatusCode> {
    let (call, tag) = ids(&call, &tag)?;
    let directory = caller.directory();
    let is_new = directory.call_tags.tag_call(caller.scope(), call, tag, caller.now()).await.map_err(from_store)?;
    if is_new {
        caller.note("call.tag", "call", Some(call.to_string()), json!({"tagId": {"before": null, "after": tag}})).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a tag off a call.
#[utoipa::path(delete, path = "/api/v1/calls/{id}/tags/{tagId}", operation_id = "untagCall",
    params(("id" = Uuid, Path, description = "The call's id"), ("tagId" = Uuid, Path, description = "The tag's id")),
    responses((status = 204, description = "The call carries it no more")))]
async fn remove(caller: Caller, Path((call, tag)): Path<(String, String)>) -> ApiResult<StatusCode> {
    let (call, tag) = ids(&call, &tag)?;
    existing(&caller, call).await?;
    if !caller.directory().call_tags.untag_call(caller.scope(), call, tag).await.map_err(from_store)? {
        return Err(ApiError::not_found("Tag"));
    }
    caller.note("call.untag", "call", Some(call.to_string()), json!({"tagId": {"before": tag, "after": null}})).await;
    Ok(StatusCode::NO_CONTENT)
}
