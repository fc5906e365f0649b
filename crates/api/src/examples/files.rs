//! Lists as files: rows are composed of what the list shows, or its POST takes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;

use super::{compose::Composer, values};
use crate::bulk::csv_of;

/// Texts of the operations whose bodies are files.
#[derive(Default)]
pub(super) struct Rows {
    rows: BTreeMap<String, (Value, Vec<String>)>,
}

/// Where a media type of an export names its columns.
pub(crate) const COLUMNS: &str = "x-columns";

/// One row of every list that goes in or out.
pub(super) fn rows(document: &OpenApi, composer: &Composer) -> Rows {
    let mut rows = BTreeMap::new();
    let paths = &document.paths.paths;
    for (path, item) in paths {
        if let Some(operation) = &item.get
            && let Some(list) = path.strip_suffix("/export").and_then(|path| paths.get(path)?.get.as_ref())
            && let Some(page) = answer(list).and_then(|schema| composer.of_body("", &schema))
        {
            let columns = columns(operation);
            rows.insert(operation.operation_id.clone().unwrap_or_default(), (page["data"][0].clone(), columns));
        }
        if let Some(operation) = &item.post
            && let Some(create) = path.strip_suffix("/import").and_then(|path| paths.get(path)?.post.as_ref())
            && let Some(body) = body(create).and_then(|schema| composer.of_body("", &schema))
        {
            let names = body.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default();
            rows.insert(operation.operation_id.clone().unwrap_or_default(), (body, names));
        }
    }
    Rows { rows }
}

impl Rows {
    /// The text of this media type.
    pub fn text(&self, operation: &str, kind: &str) -> Option<Value> {
        if let Some(told) = values::whole(&format!("{operation} {kind}")) {
            return Some(told);
        }
        let (row, columns) = self.rows.get(operation)?;
        match kind {
            "application/x-ndjson" => Some(Value::from(format!("{row}\n"))),
            "text/csv" => Some(Value::from(csv_of(columns, row))),
            _ => None,
        }
    }
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_else(|_| Value::Object(Map::new()))
}

fn answer(operation: &utoipa::openapi::path::Operation) -> Option<Value> {
    let all = json(&operation.responses);
    all.get("200")?.get("content")?.get("application/json")?.get("schema").cloned()
}

fn body(operation: &utoipa::openapi::path::Operation) -> Option<Value> {
    json(&operation.request_body).get("content")?.get("application/json")?.get("schema").cloned()
}

fn columns(operation: &utoipa::openapi::path::Operation) -> Vec<String> {
    let all = json(&operation.responses);
    let named = all["200"]["content"]["text/csv"][COLUMNS].as_array().cloned().unwrap_or_default();
    named.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
