//! API keys: programs of the tenant.

use axum::{Json, http::StatusCode};
use domain::ApiKeyId;
use garde::Validate;
use operations::{ApiKeyFilter, Entity, new_token};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::{Permission, expand},
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Time, wire_enum},
};

wire_enum!(
    /// May a key be used?
    ApiKeyStatus
);

/// What keys begin with.
const KEY_KIND: &str = "hw_";
/// Scopes one key may have.
const SCOPES_MAX: usize = 64;

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("API keys")
        .needs(Permission::ApiKeysRead, routes!(list))
        .needs(Permission::ApiKeysWrite, routes!(create))
        .needs(Permission::ApiKeysRead, routes!(read))
        .needs(Permission::ApiKeysDelete, routes!(revoke))
}

/// A key a program signs in with. The key itself is shown once.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    id: Uuid,
    tenant_id: Uuid,
    #[schema(example = "CRM sync")]
    name: String,
    /// First characters, to tell keys apart.
    #[schema(example = "hw_1f0c2")]
    prefix: String,
    status: ApiKeyStatus,
    #[schema(example = json!(["calls:read", "recordings:*"]))]
    scopes: Vec<String>,
    /// Requests a minute; absent: the platform's limit.
    rate_limit: Option<u32>,
    last_used_at: Option<Time>,
    expires_at: Option<Time>,
    created_at: Time,
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
}

/// Lists keys, newest first.
#[utoipa::path(get, path = "/api/v1/api-keys", operation_id = "listApiKeys", params(PageQuery, ApiKeyQuery),
    responses((status = 200, description = "A page of keys", body = List<ApiKey>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery>,
    Query(query): Query<ApiKeyQuery>,
) -> ApiResult<Json<List<ApiKey>>> {
    let filter = ApiKeyFilter { status: query.status.map(|status| status.0) };
    let found = caller.directory().api_keys.list(caller.scope(), &filter, &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, |key| view(&key))))
}

/// A new key.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateApiKeyRequest {
    #[garde(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "CRM sync")]
    name: String,
    /// Permissions; `*` stands for one segment. None beyond the caller's own.
    #[garde(length(min = 1, max = SCOPES_MAX))]
    #[schema(example = json!(["calls:read", "recordings:*"]))]
    scopes: Vec<String>,
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

fn check_scopes(caller: &Caller, scopes: &[String]) -> ApiResult<()> {
    let unknown = scopes.iter().enumerate().filter(|(_, scope)| expand(scope).next().is_none());
    let faults: Vec<Fault> = unknown
        .map(|(index, scope)| Fault::body(format!("scopes[{index}]"), format!("{scope:?} grants nothing")))
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

/// Adds a key and shows it, this once.
#[utoipa::path(post, path = "/api/v1/api-keys", operation_id = "createApiKey", request_body = CreateApiKeyRequest,
    responses((status = 201, description = "The key", body = NewApiKey)))]
async fn create(caller: Caller, Body(body): Body<CreateApiKeyRequest>) -> ApiResult<(StatusCode, Json<NewApiKey>)> {
    let now = caller.now();
    check_scopes(&caller, &body.scopes)?;
    if body.expires_at.is_some_and(|expiry| expiry.0 <= now) {
        return Err(ApiError::validation(vec![Fault::body("expiresAt", "must be in the future")]));
    }
    let token = new_token(KEY_KIND, &mut caller.state.fork_seed());
    let key = operations::ApiKey {
        id: caller.state.next_id(),
        tenant: caller.principal.tenant,
        name: body.name,
        key_hash: token.hash,
        prefix: token.prefix,
        status: operations::ApiKeyStatus::Active,
        scopes: body.scopes,
        rate_limit_per_minute: body.rate_limit,
        last_used_at: None,
        expires_at: body.expires_at.map(|expiry| expiry.0),
        created_at: now,
        updated_at: now,
    };
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

/// Revokes a key: it lets nobody in from now on. It stays listed.
#[utoipa::path(delete, path = "/api/v1/api-keys/{id}", operation_id = "revokeApiKey", params(("id" = Uuid, Path, description = "The key's id")),
    responses((status = 204, description = "Revoked")))]
async fn revoke(caller: Caller, PathId(id): PathId<ApiKeyId>) -> ApiResult<StatusCode> {
    let mut key = caller.directory().api_keys.get(caller.scope(), id).await.map_err(from_store)?;
    let before = view(&key);
    key.status = operations::ApiKeyStatus::Revoked;
    let saved = caller.directory().api_keys.save(caller.scope(), &key, caller.now()).await.map_err(from_store)?;
    caller.audit(Done::Delete, operations::ApiKey::NAME, id, &before, &view(&saved)).await;
    Ok(StatusCode::NO_CONTENT)
}
