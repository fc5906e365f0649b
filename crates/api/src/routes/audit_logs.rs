//! The audit log: searched, exported, verified.

use std::fmt::Write as _;

use axum::{
    Json,
    body::Body as ResponseBody,
    http::{HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use futures_util::stream;
use garde::Validate;
use operations::{AuditFilter, ChainedEntry, PAGE_LIMIT_MAX, PageRequest, StoreError, TenantScope};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    extract::Query,
    page::{List, PageQuery},
    problem::{ApiError, ApiResult},
    resource::Resource,
    state::State,
    wire::Time,
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Audit log")
        .needs(Permission::AuditRead, routes!(list))
        .needs(Permission::AuditRead, routes!(verify))
        .needs(Permission::AuditRead, routes!(export))
}

/// Something that was done, or seen.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditLogEntry {
    id: Uuid,
    at: Time,
    /// The user who did it.
    user_id: Option<Uuid>,
    /// The key that did it.
    api_key_id: Option<Uuid>,
    #[schema(example = "number.update")]
    action: String,
    #[schema(example = "number")]
    entity: String,
    entity_id: Option<String>,
    /// Per field `{before, after}`. Holds no secrets.
    #[schema(value_type = Object)]
    changes: Value,
    /// From where.
    #[schema(example = "192.0.2.7")]
    ip_address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
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
    #[garde(length(max = 100))]
    #[param(example = "number.*")]
    action: Option<String>,
    /// `number`, `user`, `session` ...
    #[garde(length(max = 100))]
    entity: Option<String>,
    #[garde(length(max = 100))]
    entity_id: Option<String>,
    #[garde(skip)]
    user_id: Option<Uuid>,
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
            user: self.user_id.map(Into::into),
            api_key: self.api_key_id.map(Into::into),
            success: self.success,
            from: self.start_date.map(|time| time.0),
            to: self.end_date.map(|time| time.0),
        }
    }
}

/// Lists the audit log, newest first.
#[utoipa::path(get, path = "/api/v1/audit-logs", operation_id = "listAuditLogs", params(PageQuery, AuditQuery),
    responses((status = 200, description = "A page of the log", body = List<AuditLogEntry>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery>,
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

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// RFC 4180, with a line of names.
    Csv,
    /// An object a line.
    Jsonl,
}

/// How the log is exported.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    #[garde(skip)]
    #[param(inline, default = "csv")]
    format: Option<ExportFormat>,
}

/// Sends the log, newest first, as it is read.
#[utoipa::path(get, path = "/api/v1/audit-logs/export", operation_id = "exportAuditLogs", params(ExportQuery, AuditQuery),
    responses((status = 200, description = "The log", content((String = "text/csv"), (String = "application/x-ndjson")))))]
async fn export(
    caller: Caller,
    Query(export): Query<ExportQuery>,
    Query(query): Query<AuditQuery>,
) -> ApiResult<Response> {
    let format = export.format.unwrap_or(ExportFormat::Csv);
    let filter = query.filter();
    let (kind, name, first) = match format {
        ExportFormat::Csv => ("text/csv; charset=utf-8", "audit-log.csv", format!("{}\r\n", COLUMNS.join(","))),
        ExportFormat::Jsonl => ("application/x-ndjson", "audit-log.jsonl", String::new()),
    };
    let word = if format == ExportFormat::Csv { "csv" } else { "jsonl" };
    caller.note("audit_log.export", "audit log", None, json!({"format": {"after": word}})).await;
    let walk = Walk { state: caller.state.clone(), scope: caller.scope(), filter, format, page: Some(first_page()) };
    let pages = stream::unfold(walk, |walk| async move { walk.next().await });
    let head = stream::iter([Ok::<_, StoreError>(Bytes::from(first))]);
    let mut response = Response::new(ResponseBody::from_stream(futures_util::StreamExt::chain(head, pages)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).map_err(ApiError::internal)?;
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

fn first_page() -> PageRequest {
    // By cursor from the start on: a number would have everything counted.
    PageRequest::number(1, PAGE_LIMIT_MAX)
}

/// An export that is under way: holds a page at a time.
struct Walk {
    state: State,
    scope: TenantScope,
    filter: AuditFilter,
    format: ExportFormat,
    page: Option<PageRequest>,
}

impl Walk {
    async fn next(mut self) -> Option<(Result<Bytes, StoreError>, Self)> {
        let page = self.page.take()?;
        let found = match self.state.directory().audit.search_audit(self.scope, &self.filter, &page).await {
            Ok(found) => found,
            // Cut off, so that nobody takes a part for the whole.
            Err(error) => return Some((Err(error), self)),
        };
        self.page = found.next.map(|cursor| PageRequest::after(cursor, PAGE_LIMIT_MAX));
        let mut text = String::new();
        for chained in found.items {
            let entry = view(chained);
            match self.format {
                ExportFormat::Csv => text.push_str(&row(&entry)),
                ExportFormat::Jsonl => {
                    text.push_str(&serde_json::to_string(&entry).unwrap_or_default());
                    text.push('\n');
                }
            }
        }
        Some((Ok(Bytes::from(text)), self))
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

fn row(entry: &AuditLogEntry) -> String {
    let object = serde_json::to_value(entry).unwrap_or_default();
    let cells = COLUMNS.iter().map(|name| match object.get(*name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => cell(text),
        Some(other) => cell(&other.to_string()),
    });
    let mut line = cells.collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// RFC 4180, section 2. What a spreadsheet would run as a formula is made text: users choose part of it (user agent, names).
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if is_formula { "'" } else { "" };
    if !is_formula && !text.contains([',', '"', '\r', '\n']) {
        return text.to_owned();
    }
    let mut quoted = String::new();
    // Writing to a String cannot fail.
    let _ = write!(quoted, "\"{guard}{}\"", text.replace('"', "\"\""));
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_a_formula() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"\n", "\"say \"\"hi\"\"\n\""),
            ("=cmd()", "\"'=cmd()\""),
            ("-1", "\"'-1\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
