//! The audit log: searched, exported, verified.

use axum::Json;
use garde::Validate;
use operations::{AuditFilter, ChainedEntry, Page, PageRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission,
    bulk::{self, BulkWords, Exported},
    caller::Caller,
    convert::from_store,
    extract::Query,
    page::{List, PageQuery},
    problem::ApiResult,
    resource::Resource,
    wire::Time,
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Audit log")
        .needs(Permission::AuditRead, routes!(list))
        .needs(Permission::AuditRead, routes!(verify))
        .needs(Permission::AuditRead, bulk::exporting::<AuditLog>())
}

/// Something that was done, or seen.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditLogEntry {
    /// The entry's id.
    id: Uuid,
    /// When it happened.
    at: Time,
    /// The user who did it.
    user_id: Option<Uuid>,
    /// The key that did it.
    api_key_id: Option<Uuid>,
    /// What was done: `number.update`, `auth.login.failed`.
    #[schema(example = "number.update")]
    action: String,
    /// What kind of thing it was done to.
    #[schema(example = "number")]
    entity: String,
    /// Which one: its id, or another name of its own.
    entity_id: Option<String>,
    /// Per field `{before, after}`. Holds no secrets.
    #[schema(value_type = Object)]
    changes: Value,
    /// From where.
    #[schema(example = "192.0.2.7")]
    ip_address: Option<String>,
    /// The program they came with, as it names itself.
    user_agent: Option<String>,
    /// The request it was done in, as `x-request-id` names it.
    request_id: Option<String>,
    /// False where it was refused or failed.
    success: bool,
    /// Its place in the tenant's chain; absent for entries older than the chain.
    sequence: Option<u64>,
    /// Over the entry and the hash of the one before.
    hash: Option<String>,
}

fn view(chained: ChainedEntry) -> AuditLogEntry {
    let entry = chained.entry;
    AuditLogEntry {
        id: entry.id,
        at: Time(entry.at),
        user_id: entry.user.map(|id| id.uuid()),
        api_key_id: entry.api_key.map(|id| id.uuid()),
        action: entry.action,
        entity: entry.entity,
        entity_id: entry.entity_id,
        changes: entry.changes,
        ip_address: entry.address,
        user_agent: entry.user_agent,
        request_id: entry.request_id,
        success: entry.success,
        sequence: chained.sequence,
        hash: chained.hash,
    }
}

/// What the log is narrowed by. All of it must hold.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// `number.update`, or `number.*` for all that begin so.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100, example = "number.*")]
    action: Option<String>,
    /// `number`, `user`, `session` ...
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    entity: Option<String>,
    /// Only what was done to this one.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    entity_id: Option<String>,
    /// Only what this user did.
    #[garde(skip)]
    user_id: Option<Uuid>,
    /// Only what this key did.
    #[garde(skip)]
    api_key_id: Option<Uuid>,
    /// Only what succeeded, or what did not.
    #[garde(skip)]
    success: Option<bool>,
    /// Then or later.
    #[garde(skip)]
    #[param(value_type = Option<Time>)]
    start_date: Option<Time>,
    /// Before.
    #[garde(skip)]
    #[param(value_type = Option<Time>)]
    end_date: Option<Time>,
}

impl AuditQuery {
    fn filter(self) -> AuditFilter {
        AuditFilter {
            action: self.action,
            entity: self.entity,
            entity_id: self.entity_id,
            call: None,
            user: self.user_id.map(Into::into),
            api_key: self.api_key_id.map(Into::into),
            success: self.success,
            from: self.start_date.map(|time| time.0),
            to: self.end_date.map(|time| time.0),
        }
    }
}

/// Lists the audit log, newest first.
#[utoipa::path(get, path = "/api/v1/audit-logs", operation_id = "listAuditLogs", params(PageQuery<operations::AuditEntry>, AuditQuery),
    responses((status = 200, description = "A page of the log", body = List<AuditLogEntry>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<operations::AuditEntry>>,
    Query(query): Query<AuditQuery>,
) -> ApiResult<Json<List<AuditLogEntry>>> {
    let audit = &caller.directory().audit;
    let found = audit.search_audit(caller.scope(), &query.filter(), &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, view)))
}

/// What checking the chain came to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditVerification {
    /// Nothing was changed, left out, put in or cut off.
    valid: bool,
    /// Entries that were checked.
    entries: u64,
    /// Entries from before there was a chain.
    unchained: u64,
    /// The last hash. Noted down elsewhere, it proves later that nothing before it was rewritten.
    head: Option<String>,
    /// The first place where it does not hold.
    broken_at: Option<u64>,
    /// What is wrong there.
    reason: Option<String>,
}

/// Checks the tenant's whole chain.
#[utoipa::path(get, path = "/api/v1/audit-logs/verify", operation_id = "verifyAuditLogs",
    responses((status = 200, description = "What was found", body = AuditVerification)))]
async fn verify(caller: Caller) -> ApiResult<Json<AuditVerification>> {
    let check = caller.directory().audit.verify_audit(caller.scope()).await.map_err(from_store)?;
    Ok(Json(AuditVerification {
        valid: check.broken.is_none(),
        entries: check.entries,
        unchained: check.unchained,
        head: check.head,
        broken_at: check.broken.as_ref().map(|broken| broken.sequence),
        reason: check.broken.map(|broken| broken.reason),
    }))
}

struct AuditLog;

impl Exported for AuditLog {
    type View = AuditLogEntry;
    type Query = AuditQuery;
    type Filter = AuditFilter;

    const WORDS: BulkWords = BulkWords {
        path: "/api/v1/audit-logs",
        names: "AuditLogs",
        many: "entries of the log",
        order: ", newest first",
        import: "",
    };
    const ENTITY: &'static str = "audit log";
    const FILE: &'static str = "audit-log";
    const COLUMNS: &'static [&'static str] = &COLUMNS;

    fn filter(query: AuditQuery) -> ApiResult<AuditFilter> {
        Ok(query.filter())
    }

    async fn page(caller: &Caller, filter: &AuditFilter, page: &PageRequest) -> ApiResult<Page<AuditLogEntry>> {
        let found = caller.directory().audit.search_audit(caller.scope(), filter, page).await.map_err(from_store)?;
        Ok(found.map(view))
    }
}

const COLUMNS: [&str; 14] = [
    "id",
    "at",
    "userId",
    "apiKeyId",
    "action",
    "entity",
    "entityId",
    "changes",
    "ipAddress",
    "userAgent",
    "requestId",
    "success",
    "sequence",
    "hash",
];
