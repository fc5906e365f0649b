//! API keys: programs of the tenant.

use std::time::Duration;

use axum::{Json, http::StatusCode};
use domain::{ApiKeyId, Timestamp};
use garde::Validate;
use operations::{ApiKeyFilter, Entity, new_token};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::assignment::check_side;
use crate::{
    access::{Permission, expand},
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Time, nullable, wire_enum},
};

wire_enum!(
    /// May a key be used?
    ApiKeyStatus
);

/// What keys begin with.
const KEY_KIND: &str = "hw_";
/// How long a rotated key stays good unless said otherwise, seconds: a day.
const OVERLAP_SECS: u64 = 86_400;
/// And at most: a month.
const OVERLAP_SECS_MAX: u64 = 30 * 86_400;
/// Permissions one key or one role may have.
pub(super) const SCOPES_MAX: usize = 64;

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("API keys")
        .needs(Permission::ApiKeysRead, routes!(list))
        .needs(Permission::ApiKeysWrite, routes!(create))
        .needs(Permission::ApiKeysRead, routes!(read))
        .needs(Permission::ApiKeysWrite, routes!(update))
        .needs(Permission::ApiKeysWrite, routes!(rotate))
        .needs(Permission::ApiKeysDelete, routes!(revoke))
}

/// A key a program signs in with. The key itself is shown once.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// The key's id.
    id: Uuid,
    /// The tenant the key belongs to.
    tenant_id: Uuid,
    /// What people call the key.
    #[schema(example = "CRM sync")]
    name: String,
    /// First characters, to tell keys apart.
    #[schema(example = "hw_1f0c2")]
    prefix: String,
    /// Only an `ACTIVE` key is taken.
    status: ApiKeyStatus,
    /// What the key may do; `*` stands for one segment.
    #[schema(example = json!(["calls:read", "recordings:*"]))]
    scopes: Vec<String>,
    /// Sees only what belongs to this publisher.
    publisher_id: Option<Uuid>,
    /// Sees only what belongs to this buyer.
    buyer_id: Option<Uuid>,
    /// The user who made it.
    created_by: Option<Uuid>,
    /// The key that takes its place, once it was rotated.
    rotated_to: Option<Uuid>,
    /// Requests a minute; absent: the platform's limit.
    rate_limit: Option<u32>,
    /// When it was last used, to the minute; null: never.
    last_used_at: Option<Time>,
    /// When it ends; null: never.
    expires_at: Option<Time>,
    /// When the key was made.
    created_at: Time,
    /// When the key last changed.
    updated_at: Time,
}

fn view(key: &operations::ApiKey) -> ApiKey {
    ApiKey {
        id: key.id.uuid(),
        tenant_id: key.tenant.uuid(),
        name: key.name.clone(),
        prefix: key.prefix.clone(),
        status: ApiKeyStatus(key.status),
        scopes: key.scopes.clone(),
        publisher_id: key.publisher.map(|id| id.uuid()),
        buyer_id: key.buyer.map(|id| id.uuid()),
        created_by: key.created_by.map(|id| id.uuid()),
        rotated_to: key.rotated_to.map(|id| id.uuid()),
        rate_limit: key.rate_limit_per_minute,
        last_used_at: key.last_used_at.map(Time),
        expires_at: key.expires_at.map(Time),
        created_at: Time(key.created_at),
        updated_at: Time(key.updated_at),
    }
}

/// What a list of keys is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ApiKeyQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<ApiKeyStatus>)]
    status: Option<ApiKeyStatus>,
    /// Part of the name or of what the key begins with.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// Lists keys, newest first.
#[utoipa::path(get, path = "/api/v1/api-keys", operation_id = "listApiKeys", params(PageQuery<operations::ApiKey>, ApiKeyQuery),
    responses((status = 200, description = "A page of keys", body = List<ApiKey>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<operations::ApiKey>>,
    Query(query): Query<ApiKeyQuery>,
) -> ApiResult<Json<List<ApiKey>>> {
    let filter = ApiKeyFilter { status: query.status.map(|status| status.0), search: query.search };
    let found = caller.directory().api_keys.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, |key| view(&key))))
}

/// A new key.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateApiKeyRequest {
    /// What people call the key.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "CRM sync")]
    name: String,
    /// Permissions; `*` stands for one segment. None beyond the caller's own.
    #[garde(length(min = 1, max = SCOPES_MAX))]
    #[schema(inline, value_type = Vec<crate::wire::Label>, min_items = 1, max_items = 64, example = json!(["calls:read", "recordings:*"]))]
    scopes: Vec<String>,
    /// See only what belongs to this publisher.
    #[garde(skip)]
    publisher_id: Option<Uuid>,
    /// See only what belongs to this buyer.
    #[garde(skip)]
    buyer_id: Option<Uuid>,
    /// Requests a minute.
    #[garde(range(min = 1, max = 100_000))]
    #[schema(minimum = 1, maximum = 100_000)]
    rate_limit: Option<u32>,
    /// In the future.
    #[garde(skip)]
    expires_at: Option<Time>,
}

/// A key, with the secret that is not shown again.
#[derive(Serialize, ToSchema)]
pub struct NewApiKey {
    #[serde(flatten)]
    api_key: ApiKey,
    /// For `X-API-Key`. Keep it: it cannot be shown again.
    #[schema(example = "hw_1f0c2...")]
    key: String,
}

/// Every one of `field` grants something, and nothing the caller does not hold.
pub(super) fn check_scopes(caller: &Caller, field: &str, scopes: &[String]) -> ApiResult<()> {
    let unknown = scopes.iter().enumerate().filter(|(_, scope)| expand(scope).next().is_none());
    let faults: Vec<Fault> = unknown
        .map(|(index, scope)| Fault::body(format!("{field}[{index}]"), format!("{scope:?} grants nothing")))
        .collect();
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    match scopes.iter().find(|scope| !caller.principal.grants.may_hand_out(scope)) {
        None => Ok(()),
        Some(scope) => {
            tracing::warn!(who = %caller.principal.label(), scope, "authorization.escalation");
            Err(ApiError::forbidden(format!("You may not hand out {scope}")))
        }
    }
}

fn expiry_faults(expiry: Option<Time>, now: Timestamp) -> Vec<Fault> {
    let is_past = expiry.is_some_and(|expiry| expiry.0 <= now);
    if is_past { vec![Fault::body("expiresAt", "must be in the future")] } else { Vec::new() }
}

/// Adds a key and shows it, this once.
#[utoipa::path(post, path = "/api/v1/api-keys", operation_id = "createApiKey", request_body = CreateApiKeyRequest,
    responses((status = 201, description = "The key", body = NewApiKey)))]
async fn create(caller: Caller, Body(body): Body<CreateApiKeyRequest>) -> ApiResult<(StatusCode, Json<NewApiKey>)> {
    caller.check_step_up()?;
    let now = caller.now();
    let (publisher, buyer) = (body.publisher_id.map(Into::into), body.buyer_id.map(Into::into));
    let mut faults = expiry_faults(body.expires_at, now);
    check_side(&caller, publisher, buyer, &mut faults).await?;
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    check_scopes(&caller, "scopes", &body.scopes)?;
    let token = new_token(KEY_KIND, &mut caller.state.fork_seed());
    let key = operations::ApiKey {
        id: caller.new_id(),
        tenant: caller.principal.tenant,
        name: body.name,
        key_hash: token.hash,
        prefix: token.prefix,
        status: operations::ApiKeyStatus::Active,
        scopes: body.scopes,
        publisher,
        buyer,
        created_by: caller.principal.user(),
        rotated_to: None,
        rate_limit_per_minute: body.rate_limit,
        last_used_at: None,
        expires_at: body.expires_at.map(|expiry| expiry.0),
        created_at: now,
        updated_at: now,
    };
    // Not `Caller::insert`: a lost try has made a key whose secret nobody knows, and that is told.
    caller.directory().api_keys.insert(caller.scope(), &key).await.map_err(from_store)?;
    let shown = view(&key);
    caller.audit(Done::Create, operations::ApiKey::NAME, key.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(NewApiKey { api_key: shown, key: token.token })))
}

/// Reads a key's facts.
#[utoipa::path(get, path = "/api/v1/api-keys/{id}", operation_id = "getApiKey", params(("id" = Uuid, Path, description = "The key's id")),
    responses((status = 200, description = "The key", body = ApiKey)))]
async fn read(caller: Caller, PathId(id): PathId<ApiKeyId>) -> ApiResult<Json<ApiKey>> {
    let key = caller.directory().api_keys.get(caller.scope(), id).await.map_err(from_store)?;
    Ok(Json(view(&key)))
}

/// Changes of a key: members not named stay, null clears. What it may do does not change: make another one.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateApiKeyRequest {
    /// What people call the key.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Requests a minute; null: the platform's limit.
    #[garde(inner(inner(range(min = 1, max = 100_000))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(minimum = 1, maximum = 100_000)]
    rate_limit: Option<Option<u32>>,
    /// When the key ends, in the future; null: never.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    expires_at: Option<Option<Time>>,
}

/// Changes a key's name, limit or expiry.
#[utoipa::path(patch, path = "/api/v1/api-keys/{id}", operation_id = "updateApiKey", params(("id" = Uuid, Path, description = "The key's id")),
    request_body = UpdateApiKeyRequest, responses((status = 200, description = "The key", body = ApiKey)))]
async fn update(
    caller: Caller,
    PathId(id): PathId<ApiKeyId>,
    Body(body): Body<UpdateApiKeyRequest>,
) -> ApiResult<Json<ApiKey>> {
    let mut key = caller.directory().api_keys.get(caller.scope(), id).await.map_err(from_store)?;
    let before = view(&key);
    let faults = expiry_faults(body.expires_at.flatten(), caller.now());
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    check_scopes(&caller, "scopes", &key.scopes)?;
    key.name = body.name.unwrap_or(key.name);
    key.rate_limit_per_minute = body.rate_limit.unwrap_or(key.rate_limit_per_minute);
    if let Some(expiry) = body.expires_at {
        key.expires_at = expiry.map(|expiry| expiry.0);
    }
    let saved = caller.directory().api_keys.save(caller.target(), &key, caller.now()).await.map_err(from_store)?;
    let after = view(&saved);
    caller.audit(Done::Update, operations::ApiKey::NAME, id, &before, &after).await;
    Ok(Json(after))
}

/// How a key is rotated.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateApiKeyRequest {
    /// How long the old key stays good beside the new one, seconds. 0: not at all.
    #[garde(range(max = OVERLAP_SECS_MAX))]
    #[schema(minimum = 0, maximum = 2_592_000, default = 86_400, example = 86_400)]
    overlap_seconds: Option<u64>,
}

/// Makes a new key that may do what the old one may, and shows it, this once. The old one stays good for the overlap.
#[utoipa::path(post, path = "/api/v1/api-keys/{id}/rotate", operation_id = "rotateApiKey", params(("id" = Uuid, Path, description = "The key's id")),
    request_body = RotateApiKeyRequest, responses((status = 201, description = "The new key", body = NewApiKey)))]
async fn rotate(
    caller: Caller,
    PathId(id): PathId<ApiKeyId>,
    Body(body): Body<RotateApiKeyRequest>,
) -> ApiResult<(StatusCode, Json<NewApiKey>)> {
    caller.check_step_up()?;
    let keys = &caller.directory().api_keys;
    let mut old = keys.get(caller.scope(), id).await.map_err(from_store)?;
    // Who sees the new key can do what it can.
    check_scopes(&caller, "scopes", &old.scopes)?;
    let now = caller.now();
    let is_over = old.expires_at.is_some_and(|expiry| expiry <= now);
    if old.status != operations::ApiKeyStatus::Active || is_over || old.rotated_to.is_some() {
        return Err(ApiError::conflict("api key: revoked, expired or rotated before; make a new one"));
    }
    let before = view(&old);
    let token = new_token(KEY_KIND, &mut caller.state.fork_seed());
    let new = operations::ApiKey {
        id: caller.new_id(),
        key_hash: token.hash,
        prefix: token.prefix,
        created_by: caller.principal.user(),
        last_used_at: None,
        created_at: now,
        updated_at: now,
        ..old.clone()
    };
    let overlap_ends = now.after(Duration::from_secs(body.overlap_seconds.unwrap_or(OVERLAP_SECS)));
    old.rotated_to = Some(new.id);
    old.expires_at = Some(old.expires_at.map_or(overlap_ends, |expiry| expiry.min(overlap_ends)));
    // The old one first: of two who rotate at once, one finds it changed and makes no key.
    let saved = keys.save(caller.scope(), &old, now).await.map_err(from_store)?;
    keys.insert(caller.scope(), &new).await.map_err(from_store)?;
    let shown = view(&new);
    caller.audit(Done::Update, operations::ApiKey::NAME, id, &before, &view(&saved)).await;
    caller.audit(Done::Create, operations::ApiKey::NAME, new.id, &(), &shown).await;
    Ok((StatusCode::CREATED, Json(NewApiKey { api_key: shown, key: token.token })))
}

/// Revokes a key: it lets nobody in from now on. It stays listed.
#[utoipa::path(delete, path = "/api/v1/api-keys/{id}", operation_id = "revokeApiKey", params(("id" = Uuid, Path, description = "The key's id")),
    responses((status = 204, description = "Revoked")))]
async fn revoke(caller: Caller, PathId(id): PathId<ApiKeyId>) -> ApiResult<StatusCode> {
    let mut key = caller.directory().api_keys.get(caller.scope(), id).await.map_err(from_store)?;
    let before = view(&key);
    key.status = operations::ApiKeyStatus::Revoked;
    let saved = caller.directory().api_keys.save(caller.target(), &key, caller.now()).await.map_err(from_store)?;
    caller.audit(Done::Delete, operations::ApiKey::NAME, id, &before, &view(&saved)).await;
    Ok(StatusCode::NO_CONTENT)
}
