//! The two routes of a list that goes in and out, once; the OpenAPI document is made from the same types.

use axum::{
    body::Body as HttpBody,
    http::HeaderMap,
    routing::{get, post},
};
use utoipa::{
    IntoParams, PartialSchema as _, ToSchema,
    openapi::{
        Content, ContentBuilder, HttpMethod, ObjectBuilder, Ref, RefOr, Required, ResponseBuilder, Schema,
        extensions::Extensions,
        path::{Operation, OperationBuilder, Parameter, ParameterIn, Paths},
        request_body::RequestBodyBuilder,
        schema::Type,
    },
};
use utoipa_axum::router::UtoipaMethodRouter;

use super::{ExportQuery, Exported, ImportQuery, ImportReport, Imported, export, import};
use crate::{caller::Caller, examples::COLUMNS, extract::Query, state::State};

/// How a list that goes in and out is spoken of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BulkWords {
    /// Its path: `/api/v1/leads`.
    pub path: &'static str,
    /// In operation ids: `Leads`.
    pub names: &'static str,
    /// For people: `leads`.
    pub many: &'static str,
    /// How an export is ordered, with the comma before it; empty where it says nothing.
    pub order: &'static str,
    /// What is told of an import beside what all have in common.
    pub import: &'static str,
}

/// The import of `R`.
pub(crate) fn importing<R: Imported>() -> UtoipaMethodRouter<State> {
    let BulkWords { path, names, many, import: more, .. } = R::WORDS;
    let handler = post(async |caller: Caller, Query(query): Query<ImportQuery>, headers: HeaderMap, body: HttpBody| {
        import::<R>(caller, query, &headers, body).await
    });
    let text = format!(
        "Each row is checked and kept as `POST {path}` would: a faulty one leaves nothing behind and is reported with its line and \
         field.\n{more}"
    );
    let rows = RequestBodyBuilder::new()
        .description(Some(
            "Up to 100,000 rows of 64 KiB; a cell of CSV that holds an object is JSON, one that holds a list is JSON or words with | \
             between them",
        ))
        .content("text/csv", words())
        .content("application/x-ndjson", words())
        .required(Some(Required::True));
    let report = ResponseBuilder::new()
        .description("What was done")
        .content("application/json", Content::new(Some(Ref::from_schema_name("ImportReport"))));
    let operation = OperationBuilder::new()
        .operation_id(Some(format!("import{names}")))
        .summary(Some(format!(
            "Imports {many} as they arrive, from CSV under a heading of member names or from JSON lines."
        )))
        .description(Some(text))
        .parameters(Some(in_query::<ImportQuery>()))
        .request_body(Some(rows.build()))
        .response("200", report.build());
    let mut schemas: Vec<(String, RefOr<Schema>)> = vec![("ImportReport".to_owned(), ImportReport::schema())];
    ImportReport::schemas(&mut schemas);
    (schemas, at(format!("{path}/import"), HttpMethod::Post, operation), handler)
}

/// The export of `R`.
pub(crate) fn exporting<R: Exported>() -> UtoipaMethodRouter<State> {
    let BulkWords { path, names, many, order, .. } = R::WORDS;
    let handler = get(async |caller: Caller, Query(form): Query<ExportQuery>, Query(query): Query<R::Query>| {
        export::<R>(caller, form, R::filter(query)?).await
    });
    let mut parameters = in_query::<ExportQuery>();
    parameters.extend(in_query::<R::Query>());
    let rows = ResponseBuilder::new()
        .description(format!("The {many}"))
        .content("text/csv", columns(R::COLUMNS))
        .content("application/x-ndjson", words());
    let operation = OperationBuilder::new()
        .operation_id(Some(format!("export{names}")))
        .summary(Some(format!(
            "Sends all {many}{order}, as CSV or JSON lines, as they are read; the list's parameters narrow it."
        )))
        .parameters(Some(parameters))
        .response("200", rows.build());
    (Vec::new(), at(format!("{path}/export"), HttpMethod::Get, operation), handler)
}

fn in_query<Q: IntoParams>() -> Vec<Parameter> {
    Q::into_params(|| Some(ParameterIn::Query))
}

fn words() -> Content {
    ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String))).build()
}

/// CSV under these names.
fn columns(names: &[&str]) -> Content {
    let extensions = Extensions::builder().add(COLUMNS, names).build();
    let text = ObjectBuilder::new().schema_type(Type::String);
    ContentBuilder::new().schema(Some(text)).extensions(Some(extensions)).build()
}

fn at(path: String, method: HttpMethod, operation: OperationBuilder) -> Paths {
    let mut paths = Paths::new();
    paths.add_path_operation(path, vec![method], Operation::from(operation));
    paths
}
