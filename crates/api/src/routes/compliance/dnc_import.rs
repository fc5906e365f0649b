//! Importing a do-not-call list of any length: read as it comes, written in pieces, each faulty row reported.

use axum::{
    Json,
    body::Body as HttpBody,
    http::{HeaderMap, StatusCode, header},
};
use compliance::{Digits, NumberSet};
use domain::{DncListId, PhoneNumber};
use garde::Validate;
use operations::{DNC_ENTRIES_AT_ONCE, NewDncEntry, PageRequest, PageStart};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::SchemaType},
};
use utoipa_axum::routes;

use super::dnc_lists::existing;
use crate::{
    access::Permission,
    bulk::{Line, Lines, OnFault, csv},
    caller::Caller,
    convert::from_store,
    extract::{PathId, Query, unsupported},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
};

/// Rows of one import.
const ROWS_MAX: u64 = 20_000_000;
/// Bytes of one row.
const ROW_BYTES_MAX: usize = 1_024;
/// Faulty rows told one by one; the rest is counted.
const FAULTS_MAX: usize = 1_000;
/// Characters of a reason or source; longer ones are cut.
const TEXT_CHARS_MAX: usize = 200;
/// Entries compared at a time when a list is replaced.
const COMPARED_AT_ONCE: u32 = 5_000;

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Compliance").needs(Permission::ComplianceWrite, routes!(import))
}

/// How to import.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct DncImportQuery {
    /// What to do with a faulty row; `continue` unless said otherwise.
    #[garde(skip)]
    #[param(inline)]
    on_error: Option<OnFault>,
    /// The file is the whole list: numbers that are not in it are taken off, and the list counts as scrubbed now. Refused rows take nobody
    /// off only when there are none: with any, the list is not replaced.
    #[garde(skip)]
    replace: Option<bool>,
    /// Where the rows come from, where they do not say so themselves.
    #[garde(length(chars, max = TEXT_CHARS_MAX))]
    #[param(max_length = 200)]
    source: Option<String>,
    /// Why, where they do not say so themselves.
    #[garde(length(chars, max = TEXT_CHARS_MAX))]
    #[param(max_length = 200)]
    reason: Option<String>,
}

/// Rows. Any text is some: those that hold no number are reported, so there is no schema to break.
#[derive(Debug)]
pub struct Rows;

impl PartialSchema for Rows {
    fn schema() -> RefOr<Schema> {
        let any = ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some("Lines of text"));
        RefOr::T(Schema::Object(any.build()))
    }
}

impl ToSchema for Rows {}

/// A row that was refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct DncImportFault {
    /// 1 is the first.
    line: u64,
    /// What is wrong with it.
    #[schema(example = "is not a telephone number: write it as +12125550143")]
    message: String,
}

/// What an import did.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DncImportReport {
    /// Rows read, blank ones and the heading aside.
    rows: u64,
    /// Numbers that were not on the list.
    added: u64,
    /// Numbers that were, or came twice.
    unchanged: u64,
    /// Numbers taken off, as they were not in the file.
    removed: u64,
    /// Rows that were refused.
    refused: u64,
    /// The first 1,000 of them.
    faults: Vec<DncImportFault>,
    /// It stopped at the first faulty row, as asked.
    stopped: bool,
    /// The list's version now.
    version: u64,
}

/// Imports rows into a list as they arrive, in pieces of 1,024: what was written stays when the connection breaks, and the same file can be
/// sent again. Plain text: a number a line. CSV: a heading that names `phoneNumber` (or `phone`, `number`) and perhaps `reason` and
/// `source`, or no heading and the number first; the federal form of area code and seven digits is read too.
#[utoipa::path(post, path = "/api/v1/compliance/dnc-lists/{id}/import", operation_id = "importDncList",
    params(("id" = Uuid, Path, description = "The list's id"), DncImportQuery),
    request_body(content((Rows = "text/csv"), (Rows = "text/plain")), description = "Up to 20 million rows of 1 KiB"),
    responses((status = 200, description = "What was done", body = DncImportReport)))]
async fn import(
    caller: Caller,
    PathId(id): PathId<DncListId>,
    Query(query): Query<DncImportQuery>,
    headers: HeaderMap,
    body: HttpBody,
) -> ApiResult<Json<DncImportReport>> {
    existing(&caller, id).await?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if kind != "text/csv" && kind != "text/plain" {
        return Err(unsupported("text/csv or text/plain"));
    }
    let mut import = Import::new(&caller, id, &query);
    let mut lines = Lines::new(body, ROW_BYTES_MAX);
    while let Some(line) = lines.next().await? {
        import.row(line).await?;
        if import.report.stopped {
            return import.finish(false).await;
        }
    }
    import.finish(query.replace.unwrap_or(false)).await
}

/// Which column holds what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Columns {
    number: usize,
    reason: Option<usize>,
    source: Option<usize>,
}

struct Import<'c> {
    caller: &'c Caller,
    list: DncListId,
    query: &'c DncImportQuery,
    columns: Option<Columns>,
    waiting: Vec<NewDncEntry>,
    /// Everything that came, to replace the list by.
    seen: NumberSet,
    report: DncImportReport,
}

impl<'c> Import<'c> {
    fn new(caller: &'c Caller, list: DncListId, query: &'c DncImportQuery) -> Self {
        Self {
            caller,
            list,
            query,
            columns: None,
            waiting: Vec::with_capacity(DNC_ENTRIES_AT_ONCE),
            seen: NumberSet::default(),
            report: DncImportReport::default(),
        }
    }

    async fn row(&mut self, line: Line) -> ApiResult<()> {
        let outcome = line.text.and_then(|text| self.read(&text));
        match outcome {
            Ok(None) => {}
            Ok(Some(entry)) => {
                self.count()?;
                if self.query.replace == Some(true) {
                    self.seen.insert(entry.number);
                }
                self.waiting.push(entry);
                if self.waiting.len() >= DNC_ENTRIES_AT_ONCE {
                    self.write().await?;
                }
            }
            Err(message) => {
                self.count()?;
                self.report.refused += 1;
                if self.report.faults.len() < FAULTS_MAX {
                    self.report.faults.push(DncImportFault { line: line.number, message });
                }
                self.report.stopped = self.query.on_error == Some(OnFault::Stop);
            }
        }
        Ok(())
    }

    fn count(&mut self) -> ApiResult<()> {
        self.report.rows += 1;
        if self.report.rows > ROWS_MAX {
            return Err(ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "PAYLOAD_TOO_LARGE",
                format!("an import has {ROWS_MAX} rows at most; send the rest in another"),
            ));
        }
        Ok(())
    }

    /// `None` for a blank row and the heading.
    fn read(&mut self, text: &str) -> Result<Option<NewDncEntry>, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let fields = split(text)?;
        let columns = match self.columns {
            Some(columns) => columns,
            None => {
                let heading = heading(&fields);
                self.columns = Some(heading.unwrap_or_default());
                if heading.is_some() {
                    return Ok(None);
                }
                Columns::default()
            }
        };
        let field = |index: Option<usize>| index.and_then(|index| fields.get(index)).map(|text| text.trim());
        let given = field(Some(columns.number)).unwrap_or("");
        let is_digits =
            |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = match fields.get(1) {
            // The federal registry's form.
            Some(line) if is_digits(given, 3) && is_digits(line.trim(), 7) => format!("{given}{}", line.trim()),
            _ => given.to_owned(),
        };
        let number = PhoneNumber::from_dialled(&number).map_err(|error| format!("is {error}"))?;
        let text = |index, default: &Option<String>| {
            let given = field(index).filter(|text| !text.is_empty()).map(str::to_owned).or_else(|| default.clone());
            given.map(|text| text.chars().take(TEXT_CHARS_MAX).collect())
        };
        Ok(Some(NewDncEntry {
            number: Digits::from(&number),
            reason: text(columns.reason, &self.query.reason),
            source: text(columns.source, &self.query.source),
        }))
    }

    async fn write(&mut self) -> ApiResult<()> {
        let entries = std::mem::replace(&mut self.waiting, Vec::with_capacity(DNC_ENTRIES_AT_ONCE));
        let count = entries.len() as u64;
        if count == 0 {
            return Ok(());
        }
        let store = &self.caller.directory().dnc_entries;
        let added = store.add_dnc_entries(self.caller.scope(), self.list, entries, self.caller.now()).await;
        let change = added.map_err(from_store)?;
        self.report.added += change.changed;
        self.report.unchanged += count - change.changed;
        self.report.version = change.version;
        Ok(())
    }

    async fn finish(mut self, replace: bool) -> ApiResult<Json<DncImportReport>> {
        self.write().await?;
        if replace && self.report.refused == 0 && self.report.rows > 0 {
            self.take_off_the_others().await?;
            self.scrubbed().await?;
        }
        if replace && self.report.rows == 0 {
            return Err(ApiError::validation(vec![Fault::body(
                "",
                "holds no number; a list is not replaced by nothing",
            )]));
        }
        let list = existing(self.caller, self.list).await?;
        self.report.version = list.version;
        let report = &self.report;
        let changes = json!({"rows": report.rows, "added": report.added, "removed": report.removed,
            "refused": report.refused, "replace": replace, "version": report.version});
        self.caller.note("compliance.dnc_list.import", super::ENTITY, Some(self.list.to_string()), changes).await;
        Ok(Json(self.report))
    }

    async fn take_off_the_others(&mut self) -> ApiResult<()> {
        let (caller, list) = (self.caller, self.list);
        let store = &caller.directory().dnc_entries;
        let mut from = Some("0".to_owned());
        while let Some(cursor) = from {
            let page = PageRequest { limit: COMPARED_AT_ONCE, from: PageStart::Cursor(cursor), order: None };
            let found = store.list_dnc_entries(caller.scope(), list, None, &page).await.map_err(from_store)?;
            let gone: Vec<Digits> =
                found.items.iter().map(|entry| entry.number).filter(|number| !self.seen.contains(*number)).collect();
            for numbers in gone.chunks(DNC_ENTRIES_AT_ONCE) {
                let removed = store.remove_dnc_entries(caller.scope(), list, numbers.to_vec(), caller.now()).await;
                self.report.removed += removed.map_err(from_store)?.changed;
            }
            from = found.next;
        }
        Ok(())
    }

    async fn scrubbed(&self) -> ApiResult<()> {
        let mut list = existing(self.caller, self.list).await?;
        list.scrubbed_at = Some(self.caller.now());
        let lists = &self.caller.directory().dnc_lists;
        lists.save(self.caller.scope(), &list, self.caller.now()).await.map(drop).map_err(from_store)
    }
}

/// The columns a heading names; `None` when the row is none.
fn heading(fields: &[String]) -> Option<Columns> {
    let plain = |text: &String| text.trim().to_ascii_lowercase().replace(['_', ' ', '-'], "");
    let names: Vec<String> = fields.iter().map(plain).collect();
    let place = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
    let number = place(&["phonenumber", "phone", "number", "telephone", "msisdn"])?;
    Some(Columns { number, reason: place(&["reason"]), source: place(&["source"]) })
}

/// The fields of one row of CSV; here a row is a line.
fn split(row: &str) -> Result<Vec<String>, String> {
    let mut record = csv::Record::new(&csv::SEPARATORS);
    record.read(row);
    if record.is_open() {
        return Err("has a quotation mark that is never closed".to_owned());
    }
    Ok(record.take())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_names_its_columns() {
        let fields = |row: &str| split(row).unwrap();
        let columns = Columns { number: 1, reason: Some(0), source: None };
        assert_eq!(heading(&fields("Reason,Phone Number")), Some(columns));
        assert_eq!(heading(&fields("+12125550100,asked")), None);
    }
}
