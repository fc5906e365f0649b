//! The numbers of a caller-ID pool.

use axum::{Json, extract::Path, http::StatusCode};
use domain::{CallerIdPoolId, NumberId};
use garde::Validate;
use operations::{Listed, PoolNumber as Stored};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::numbers::NumberStatus;
use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery, Short},
    problem::{ApiError, ApiResult},
    resource::Resource,
    wire::Time,
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Numbers")
        .needs(Permission::NumbersRead, routes!(list))
        .needs(Permission::NumbersWrite, routes!(put))
        .needs(Permission::NumbersWrite, routes!(remove))
}

/// A number of a pool.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PoolNumber {
    /// The number's id.
    id: Uuid,
    /// The telephone number, E.164.
    #[schema(example = "+12125550143")]
    number: String,
    /// Only ACTIVE numbers are shown to people who are called.
    status: NumberStatus,
    /// Lower is shown first; equals take turns.
    priority: i32,
    /// When the number was made.
    created_at: Time,
}

impl Listed for PoolNumber {
    const ORDERS: &'static [&'static str] = &["priority", "number", "status", "createdAt"];
}

impl Short for PoolNumber {}

fn view(number: &Stored) -> PoolNumber {
    PoolNumber {
        id: number.id.uuid(),
        number: number.number.to_string(),
        status: NumberStatus(number.status),
        priority: number.priority,
        created_at: Time(number.created_at),
    }
}

fn ids(pool: &str, number: &str) -> ApiResult<(CallerIdPoolId, NumberId)> {
    let pool = pool.parse().map_err(|_| ApiError::not_found("Caller ID pool"))?;
    Ok((pool, number.parse().map_err(|_| ApiError::not_found("Number"))?))
}

async fn existing(caller: &Caller, pool: CallerIdPoolId) -> ApiResult<()> {
    caller.directory().caller_id_pools.get(caller.scope(), pool).await.map(drop).map_err(from_store)
}

/// Lists the numbers of a pool, by priority. It holds 1,000 at most.
#[utoipa::path(get, path = "/api/v1/caller-id-pools/{id}/numbers", operation_id = "listPoolNumbers",
    params(("id" = Uuid, Path, description = "The pool's id"), PageQuery<PoolNumber>),
    responses((status = 200, description = "A page of its numbers", body = List<PoolNumber>)))]
async fn list(
    caller: Caller,
    PathId(pool): PathId<CallerIdPoolId>,
    Query(page): Query<PageQuery<PoolNumber>>,
) -> ApiResult<Json<List<PoolNumber>>> {
    existing(&caller, pool).await?;
    let found = caller.directory().caller_ids.pool_numbers(caller.scope(), pool).await.map_err(from_store)?;
    Ok(Json(page.cut(found.iter().map(view).collect())?))
}

/// How a number stands in a pool.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutPoolNumberRequest {
    /// Lower is shown first; equals take turns. 0 unless said otherwise.
    #[garde(range(min = 0, max = 1_000))]
    #[schema(minimum = 0, maximum = 1_000, default = 0)]
    priority: Option<i32>,
}

/// Puts a number into a pool, or changes its priority there.
#[utoipa::path(put, path = "/api/v1/caller-id-pools/{id}/numbers/{numberId}", operation_id = "putPoolNumber",
    params(("id" = Uuid, Path, description = "The pool's id"), ("numberId" = Uuid, Path, description = "The number's id")),
    request_body = PutPoolNumberRequest, responses((status = 204, description = "It is in the pool")))]
async fn put(
    caller: Caller,
    Path((pool, number)): Path<(String, String)>,
    Body(body): Body<PutPoolNumberRequest>,
) -> ApiResult<StatusCode> {
    let (pool, number) = ids(&pool, &number)?;
    let priority = body.priority.unwrap_or(0);
    let held = &caller.directory().caller_ids;
    held.put_pool_number(caller.scope(), pool, number, priority, caller.now()).await.map_err(from_store)?;
    let changes =
        json!({"numberId": {"before": null, "after": number}, "priority": {"before": null, "after": priority}});
    caller.note("caller_id_pool.number.put", "caller ID pool", Some(pool.to_string()), changes).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a number out of a pool.
#[utoipa::path(delete, path = "/api/v1/caller-id-pools/{id}/numbers/{numberId}", operation_id = "removePoolNumber",
    params(("id" = Uuid, Path, description = "The pool's id"), ("numberId" = Uuid, Path, description = "The number's id")),
    responses((status = 204, description = "It is out")))]
async fn remove(caller: Caller, Path((pool, number)): Path<(String, String)>) -> ApiResult<StatusCode> {
    let (pool, number) = ids(&pool, &number)?;
    existing(&caller, pool).await?;
    let held = &caller.directory().caller_ids;
    if !held.remove_pool_number(caller.scope(), pool, number).await.map_err(from_store)? {
        return Err(ApiError::not_found("Number"));
    }
    let changes = json!({"numberId": {"before": number, "after": null}});
    caller.note("caller_id_pool.number.remove", "caller ID pool", Some(pool.to_string()), changes).await;
    Ok(StatusCode::NO_CONTENT)
}
