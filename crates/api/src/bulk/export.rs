//! A whole list, as CSV or JSON lines, sent as it is read.

use std::future::Future;

use axum::{
    body::Body as HttpBody,
    http::{HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use futures_util::stream;
use garde::Validate;
use operations::{PAGE_LIMIT_MAX, Page, PageRequest};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{BulkWords, csv};
use crate::{
    caller::Caller,
    problem::{ApiError, ApiResult},
};

/// A list that can be exported.
pub(crate) trait Exported: Send + Sync + 'static {
    /// A row, as the list shows it.
    type View: Serialize + Send;
    /// The list's parameters.
    type Query: DeserializeOwned + Validate<Context = ()> + IntoParams + Send + 'static;
    /// What the list is narrowed by.
    type Filter: Send + Sync + 'static;

    /// Its names.
    const WORDS: BulkWords;

    /// What one is called in the audit log: `lead`.
    const ENTITY: &'static str;
    /// The file, without its ending: `leads`.
    const FILE: &'static str;
    /// The columns of CSV: members of a row, those within others as `money.revenue`. JSON lines hold whole rows.
    const COLUMNS: &'static [&'static str];

    /// What the parameters mean.
    fn filter(query: Self::Query) -> ApiResult<Self::Filter>;
    /// A page of it.
    fn page(
        caller: &Caller,
        filter: &Self::Filter,
        page: &PageRequest,
    ) -> impl Future<Output = ApiResult<Page<Self::View>>> + Send;
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

/// How a list is exported.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// How the file is written; `csv` unless said otherwise.
    #[garde(skip)]
    #[param(inline, default = "csv")]
    format: Option<ExportFormat>,
}

/// Sends the list. When the store fails on the way the answer is cut off, so that nobody takes a part for the whole.
pub(crate) async fn export<R: Exported>(caller: Caller, query: ExportQuery, filter: R::Filter) -> ApiResult<Response> {
    let format = query.format.unwrap_or(ExportFormat::Csv);
    let (kind, ending) = match format {
        ExportFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        ExportFormat::Jsonl => ("application/x-ndjson", "jsonl"),
    };
    let action = format!("{}.export", R::ENTITY.replace(' ', "_"));
    caller.note(&action, R::ENTITY, None, json!({"format": {"after": ending}})).await;
    // By cursor from the start on: a number would have everything counted on each page.
    let walk = Walk::<R> { caller, filter, format, page: Some(PageRequest::number(1, PAGE_LIMIT_MAX)), is_first: true };
    let mut response = Response::new(HttpBody::from_stream(stream::try_unfold(walk, Walk::next)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = format!("attachment; filename=\"{}.{ending}\"", R::FILE);
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(ApiError::internal)?);
    Ok(response)
}

/// An export that is under way: holds a page at a time.
struct Walk<R: Exported> {
    caller: Caller,
    filter: R::Filter,
    format: ExportFormat,
    page: Option<PageRequest>,
    is_first: bool,
}

impl<R: Exported> Walk<R> {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, std::io::Error> {
        let Some(page) = self.page.take() else { return Ok(None) };
        let found = R::page(&self.caller, &self.filter, &page).await;
        let found = found.map_err(|error| std::io::Error::other(error.message))?;
        self.page = found.next.map(|cursor| PageRequest::after(cursor, PAGE_LIMIT_MAX));
        let mut text = String::new();
        if std::mem::take(&mut self.is_first) && self.format == ExportFormat::Csv {
            text.push_str(&csv::line(R::COLUMNS.iter().map(|name| (*name).to_owned())));
        }
        for row in found.items {
            let row = serde_json::to_value(row).map_err(std::io::Error::other)?;
            match self.format {
                ExportFormat::Csv => text.push_str(&csv::line(R::COLUMNS.iter().map(|name| cell_of(&row, name)))),
                ExportFormat::Jsonl => {
                    text.push_str(&row.to_string());
                    text.push('\n');
                }
            }
        }
        Ok(Some((Bytes::from(text), self)))
    }
}

/// A file of one row.
pub(crate) fn csv_of(columns: &[String], row: &Value) -> String {
    let heading = csv::line(columns.iter().map(|name| csv::cell(name)));
    heading + &csv::line(columns.iter().map(|name| cell_of(row, name)))
}

fn cell_of(row: &Value, name: &str) -> String {
    let member = name.split('.').try_fold(row, |place, part| place.get(part));
    match member {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => csv::cell(text),
        Some(other) => csv::cell(&other.to_string()),
    }
}
