//! Examples of everything the OpenAPI document describes (docs/adr/0207). What means something of its own says so at its field,
//! `#[schema(example = ...)]`; what recurs by its type or name comes from [`values`]; bodies and answers are composed of both.

mod compose;
mod curl;
mod files;
mod values;

use serde_json::Value;
use utoipa::openapi::{
    Content, OpenApi, RefOr, Schema,
    path::{Operation, Parameter},
    schema::{AllOfBuilder, Array, ArrayItems, Object, OneOf},
};

use self::compose::Composer;
pub(crate) use self::files::COLUMNS;
use crate::{problem::PROBLEM_JSON, refusals, resource::operations_mut};

/// Gives every property, parameter, body and answer an example, where it has none.
pub fn add(document: &mut OpenApi) {
    let composer = Composer::new(document);
    for (name, schema) in document.components.iter_mut().flat_map(|components| &mut components.schemas) {
        show_schema(&composer, name, schema);
    }
    // Once more, as what is referred to has its examples now.
    let composer = Composer::new(document);
    let rows = files::rows(document, &composer);
    for (path, item) in &mut document.paths.paths {
        for (_, operation) in operations_mut(item) {
            show_operation(&composer, &rows, path, operation);
        }
    }
    curl::add(document);
}

fn show_operation(composer: &Composer, rows: &files::Rows, path: &str, operation: &mut Operation) {
    let name = operation.operation_id.clone().unwrap_or_default();
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            show_parameter(composer, &name, path, parameter);
        }
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        for (kind, content) in &mut body.content {
            show_content(composer, rows, &name, &name, kind, content);
        }
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        for (kind, content) in &mut response.content {
            if kind == PROBLEM_JSON {
                let RefOr::T(content) = content else { continue };
                content.example =
                    content.example.take().or_else(|| refusals::example(&name, status, &response.description));
            } else {
                show_content(composer, rows, &name, "", kind, content);
            }
        }
    }
}

/// `owner` is whose example as a whole the table may have.
fn show_content(
    composer: &Composer,
    rows: &files::Rows,
    operation: &str,
    owner: &str,
    kind: &str,
    content: &mut RefOr<Content>,
) {
    let RefOr::T(content) = content else { return };
    if content.example.is_some() || !content.examples.is_empty() {
        return;
    }
    // A form's example is its fields as an object (OpenAPI 3.1, 4.8.14.2).
    let composed = if matches!(kind, "application/json" | "multipart/form-data") {
        let schema = serde_json::to_value(&content.schema).unwrap_or_default();
        composer.of_body(owner, &schema)
    } else {
        rows.text(operation, kind)
    };
    content.example = composed;
}

/// Into the schema and not beside it: Swagger UI fills its form with what stands beside it, and who tries a list out does not want all
/// filters at once.
fn show_parameter(composer: &Composer, operation: &str, path: &str, parameter: &mut Parameter) {
    let name = parameter.name.clone();
    let owner = if name == "id" { values::kind_in_path(path) } else { operation.to_owned() };
    let Some(schema) = &mut parameter.schema else { return };
    if matches!(schema, RefOr::Ref(_))
        && let described = serde_json::to_value(&*schema).unwrap_or_default()
        && let Some(example) = composer.chosen(&owner, &name, &described)
    {
        // A reference has no room for it.
        *schema = AllOfBuilder::new().item(schema.clone()).examples([example]).into();
        return;
    }
    show_property(composer, &owner, &name, schema);
}

fn show_schema(composer: &Composer, name: &str, schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            unify(&mut object.example, &mut object.examples);
            for (member, schema) in &mut object.properties {
                show_property(composer, name, member, schema);
            }
        }
        Schema::AllOf(all) => all.items.iter_mut().for_each(|item| show_schema(composer, name, item)),
        Schema::OneOf(one) => unify(&mut one.example, &mut one.examples),
        _ => {}
    }
}

fn show_property(composer: &Composer, owner: &str, name: &str, property: &mut RefOr<Schema>) {
    let described = serde_json::to_value(&*property).unwrap_or_default();
    let RefOr::T(schema) = property else { return };
    if let Schema::Object(Object { properties, .. }) = schema
        && !properties.is_empty()
    {
        let owner = format!("{owner}.{name}");
        properties.iter_mut().for_each(|(name, schema)| show_property(composer, &owner, name, schema));
        return;
    }
    let is_told_elsewhere = match schema {
        Schema::OneOf(_) => composer.chosen(owner, name, &described).is_none(),
        Schema::Array(Array { items: ArrayItems::RefOrSchema(items), .. }) => {
            matches!(**items, RefOr::Ref(_)) && composer.chosen(owner, name, &described).is_none()
        }
        _ => false,
    };
    let shown = if is_told_elsewhere { None } else { composer.of_member(owner, name, &described) };
    match schema {
        Schema::Object(Object { example, examples, .. })
        | Schema::Array(Array { example, examples, .. })
        | Schema::OneOf(OneOf { example, examples, .. }) => {
            unify(example, examples);
            if examples.is_empty() {
                examples.extend(shown);
            }
        }
        _ => {}
    }
}

/// OpenAPI 3.1 has `examples`; `example` is its older, deprecated form, which utoipa's attribute writes.
fn unify(example: &mut Option<Value>, examples: &mut Vec<Value>) {
    if examples.is_empty() {
        examples.extend(example.take());
    }
}
