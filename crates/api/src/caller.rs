//! Whoever asks, as handlers see them: their tenant's scope, and the audit log under their name.

use std::time::Duration;

use axum::{
    Extension, RequestPartsExt,
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use domain::{TenantId, Timestamp, UserId};
use operations::{AuditEntry, Directory, Entity, Repository, Side, StoreError, Tenant, TenantScope, Versions};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    access::{Principal, Who},
    conditional::Precondition,
    convert::from_store,
    frame::{Peer, RequestId},
    idempotency::KeyedId,
    problem::{ApiError, ApiResult},
    state::State,
};

/// How long a proof of who one is lasts for sensitive changes.
const STEP_UP_LIFETIME: Duration = Duration::from_mins(15);
/// Carries a token that lets quota and budget pass.
const QUOTA_OVERRIDE: &str = "x-quota-override";
/// Longest user agent kept.
const USER_AGENT_BYTES_MAX: usize = 256;

/// A request of somebody whose right to this route was checked.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Everything reachable.
    pub state: State,
    /// Who.
    pub principal: Principal,
    context: Context,
    keyed: Option<KeyedId>,
    precondition: Option<Precondition>,
    override_token: Option<String>,
}

/// Where a request came from, for the audit log.
#[derive(Clone, Debug)]
pub struct Context {
    /// The request.
    pub request_id: String,
    /// From where.
    pub peer: Peer,
    /// With what.
    pub user_agent: Option<String>,
}

impl FromRequestParts<State> for Context {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &State) -> Result<Self, ApiError> {
        let missing = |_| ApiError::internal("a route stands outside the frame");
        let Extension(RequestId(request_id)) = parts.extract().await.map_err(missing)?;
        let Extension(peer) = parts.extract().await.map_err(missing)?;
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let user_agent =
            user_agent.and_then(|text| text.get(..text.len().min(USER_AGENT_BYTES_MAX))).map(str::to_owned);
        Ok(Self { request_id, peer, user_agent })
    }
}

impl FromRequestParts<State> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, ApiError> {
        // Deny by default: a route that was registered without a check has no principal, whoever asks.
        let principal = parts.extensions.get::<Principal>().cloned();
        let principal = principal.ok_or_else(|| ApiError::unauthorized("Authentication required"))?;
        let context = Context::from_request_parts(parts, state).await?;
        let keyed = parts.extensions.get::<KeyedId>().copied();
        let precondition = parts.extensions.get::<Precondition>().copied();
        let override_token = parts.headers.get(QUOTA_OVERRIDE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Self { state: state.clone(), principal, context, keyed, precondition, override_token })
    }
}

/// What was done to something.
#[derive(Clone, Copy, Debug)]
pub enum Done {
    /// Made.
    Create,
    /// Changed.
    Update,
    /// Removed.
    Delete,
}

impl Done {
    const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl Caller {
    /// The store.
    pub fn directory(&self) -> &Directory {
        self.state.directory()
    }

    /// The own tenant, or the own side of it.
    pub fn scope(&self) -> TenantScope {
        TenantScope::of(self.principal.tenant).narrowed(self.principal.side)
    }

    /// As [`Self::scope`], for the one change of what the path names: with `If-Match` only of the version that names.
    pub fn target(&self) -> TenantScope {
        self.scope().expecting(self.expected())
    }

    /// The versions `If-Match` names.
    pub fn expected(&self) -> Option<Versions> {
        self.precondition.map(|Precondition(versions)| versions)
    }

    /// 412 unless this is a version `If-Match` names: before something is done that the store cannot undo, or where there is
    /// nothing stored yet.
    pub fn check_match(&self, changed_at: Option<Timestamp>) -> ApiResult<()> {
        let is_met = self.expected().is_none_or(|expected| changed_at.is_some_and(|at| expected.have(at)));
        if is_met { Ok(()) } else { Err(from_store(StoreError::Precondition("thing"))) }
    }

    /// The own tenant, whatever the side: for what a handler looks up for itself and does not show.
    pub fn tenant_scope(&self) -> TenantScope {
        TenantScope::of(self.principal.tenant)
    }

    /// What the request says in `X-Quota-Override`.
    pub fn override_token(&self) -> Option<&str> {
        self.override_token.as_deref()
    }

    /// The own tenant itself.
    pub async fn tenant(&self) -> ApiResult<Tenant> {
        let found = self.directory().tenants.find_tenant(self.principal.tenant).await.map_err(from_store)?;
        found.ok_or_else(|| ApiError::not_found("Tenant"))
    }

    /// Where the request came from.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// 403 unless the person proved who they are within a quarter of an hour: for what a borrowed browser must not do. A key is
    /// its own proof.
    pub fn check_step_up(&self) -> ApiResult<()> {
        match self.principal.proven_at {
            Some(proven) if self.now().since(proven) >= STEP_UP_LIFETIME => {
                let message = "Prove once more who you are first (POST /auth/step-up)";
                Err(ApiError { code: "STEP_UP_REQUIRED", ..ApiError::forbidden(message) })
            }
            _ => Ok(()),
        }
    }

    /// The id of what this request makes: a new one, or that of an earlier try with the same `Idempotency-Key`.
    pub fn new_id<T: From<uuid::Uuid>>(&self) -> T {
        self.keyed.map_or_else(|| self.state.next_id(), |keyed| keyed.id.into())
    }

    /// Adds what this request makes, whose id is [`Self::new_id`]. What an earlier try with the same `Idempotency-Key` has added,
    /// though its answer was lost, is added.
    pub async fn insert<E: Entity>(
        &self,
        repository: &dyn Repository<E>,
        scope: TenantScope,
        id: E::Id,
        entity: &E,
    ) -> ApiResult<()> {
        match repository.insert(scope, entity).await {
            Err(StoreError::Conflict { .. })
                if self.keyed.is_some_and(|keyed| keyed.is_repeat)
                    && repository.find(scope, id).await.map_err(from_store)?.is_some() =>
            {
                Ok(())
            }
            outcome => outcome.map_err(from_store),
        }
    }

    /// 409 when an earlier try with the same `Idempotency-Key` came to no answer: for what cannot be done again without harm.
    pub fn check_first_try(&self, remedy: &str) -> ApiResult<()> {
        if self.keyed.is_some_and(|keyed| keyed.is_repeat) {
            let message = format!("An earlier try with this Idempotency-Key may have been done; {remedy}");
            return Err(ApiError::conflict(message));
        }
        Ok(())
    }

    /// What they see of it.
    pub fn side(&self) -> Side {
        self.principal.side
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.state.now()
    }

    /// Notes `<entity>.create|update|delete` with what changed between the two views. Views hold no secrets, so neither
    /// does the log.
    pub async fn audit<B: Serialize, A: Serialize>(
        &self,
        done: Done,
        entity: &str,
        id: impl ToString,
        before: &B,
        after: &A,
    ) {
        let changes = difference(&to_members(before), &to_members(after));
        self.note(&format!("{}.{}", entity.replace(' ', "_"), done.word()), entity, Some(id.to_string()), changes)
            .await;
    }

    /// What [`Self::audit`] notes, for a store that writes it with the change itself.
    pub fn entry<B: Serialize, A: Serialize>(
        &self,
        done: Done,
        entity: &str,
        id: uuid::Uuid,
        before: &B,
        after: &A,
    ) -> AuditEntry {
        let changes = difference(&to_members(before), &to_members(after));
        let action = format!("{}.{}", entity.replace(' ', "_"), done.word());
        self.entry_of(self.principal.tenant, &action, entity, Some(id.to_string()), changes, true)
    }

    /// As [`Self::audit`], into the log of another tenant: for the platform's operator.
    pub async fn audit_in<B: Serialize, A: Serialize>(
        &self,
        tenant: TenantId,
        done: Done,
        entity: &str,
        id: impl ToString,
        before: &B,
        after: &A,
    ) {
        let changes = difference(&to_members(before), &to_members(after));
        let action = format!("{}.{}", entity.replace(' ', "_"), done.word());
        self.append(tenant, &action, entity, Some(id.to_string()), changes, true).await;
    }

    /// Notes that who is signed in could not prove it once more.
    pub async fn note_failure(&self, action: &str) {
        self.append(self.principal.tenant, action, "session", None, json!({}), false).await;
    }

    /// Notes something else that was done.
    pub async fn note(&self, action: &str, entity: &str, entity_id: Option<String>, changes: Value) {
        self.append(self.principal.tenant, action, entity, entity_id, changes, true).await;
    }

    async fn append(
        &self,
        tenant: TenantId,
        action: &str,
        entity: &str,
        entity_id: Option<String>,
        changes: Value,
        success: bool,
    ) {
        append(&self.state, &self.entry_of(tenant, action, entity, entity_id, changes, success)).await;
    }

    fn entry_of(
        &self,
        tenant: TenantId,
        action: &str,
        entity: &str,
        entity_id: Option<String>,
        changes: Value,
        success: bool,
    ) -> AuditEntry {
        let api_key = match self.principal.who {
            Who::ApiKey { id, .. } => Some(id),
            Who::User { .. } => None,
        };
        AuditEntry {
            id: self.state.next_id::<uuid::Uuid>(),
            tenant,
            user: self.principal.user(),
            api_key,
            action: action.to_owned(),
            entity: entity.to_owned(),
            entity_id,
            changes,
            address: Some(self.context.peer.0.to_string()),
            user_agent: self.context.user_agent.clone(),
            request_id: Some(self.context.request_id.clone()),
            success,
            at: self.now(),
        }
    }
}

/// What an entry says happened.
#[derive(Clone, Copy, Debug)]
pub struct Noted<'t> {
    /// `auth.login.failed` ...
    pub action: &'t str,
    /// To what kind of thing.
    pub entity: &'t str,
    /// Did it succeed?
    pub success: bool,
}

impl Context {
    /// Notes what somebody did who is not signed in (yet).
    pub async fn note(
        &self,
        state: &State,
        tenant: TenantId,
        user: Option<UserId>,
        noted: Noted<'_>,
        entity_id: Option<String>,
        changes: Value,
    ) {
        let entry = AuditEntry {
            id: state.next_id::<uuid::Uuid>(),
            tenant,
            user,
            api_key: None,
            action: noted.action.to_owned(),
            entity: noted.entity.to_owned(),
            entity_id,
            changes,
            address: Some(self.peer.0.to_string()),
            user_agent: self.user_agent.clone(),
            request_id: Some(self.request_id.clone()),
            success: noted.success,
            at: state.now(),
        };
        append(state, &entry).await;
    }
}

/// What was done is done, so a log that cannot be written is an alarm and not a refusal.
pub async fn append(state: &State, entry: &AuditEntry) {
    if let Err(error) = state.directory().audit.append_audit(entry).await {
        tracing::error!(%error, action = entry.action, "audit entry lost");
    }
}

fn to_members<T: Serialize>(view: &T) -> Map<String, Value> {
    match serde_json::to_value(view) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// Per field `{before, after}`; `updatedAt` always differs and says nothing.
fn difference(before: &Map<String, Value>, after: &Map<String, Value>) -> Value {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = names.into_iter().filter(|name| *name != "updatedAt" && before.get(*name) != after.get(*name));
    let entries = changed.map(|name| (name.clone(), json!({"before": before.get(name), "after": after.get(name)})));
    Value::Object(entries.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_noted() {
        let before = to_members(&json!({"name": "a", "status": "ACTIVE", "updatedAt": 1}));
        let after = to_members(&json!({"name": "b", "status": "ACTIVE", "updatedAt": 2}));
        assert_eq!(difference(&before, &after), json!({"name": {"before": "a", "after": "b"}}));
        assert_eq!(difference(&after, &Map::new())["name"], json!({"before": "b", "after": null}));
    }
}
