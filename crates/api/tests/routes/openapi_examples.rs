//! Whatever the document describes has an example, and the examples are right.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::{
    openapi::{Operation, document, one_of_everything},
    support::Platform,
};

/// What to do about a missing one.
const REMEDY: &str = "write #[schema(example = ...)] (or #[param(example = ...)]) at the field; for a name that recurs, a line to \
                      crates/api/src/examples/values.json";

fn target<'d>(schema: &Value, document: &'d Value) -> Option<(&'d str, &'d Value)> {
    let name = schema["$ref"].as_str()?.rsplit('/').next()?;
    document["components"]["schemas"].as_object()?.get_key_value(name).map(|(name, schema)| (name.as_str(), schema))
}

/// Whether a reader is shown a value: here, or in each part of what it consists of.
fn is_shown(schema: &Value, document: &Value) -> bool {
    if schema["examples"].get(0).is_some_and(|example| !example.is_null()) {
        return true;
    }
    if let Some((_, schema)) = target(schema, document) {
        // Its own properties are looked at under its name.
        return schema["properties"].is_object() || schema["allOf"].is_array() || is_shown(schema, document);
    }
    if schema["enum"].is_array() {
        return true;
    }
    let parts = schema["oneOf"].as_array().into_iter().flatten().filter(|part| part["type"] != "null");
    parts.chain(schema.get("items")).any(|part| is_shown(part, document))
}

fn missing_in(name: &str, schema: &Value, document: &Value, missing: &mut Vec<String>) {
    for part in schema["allOf"].as_array().into_iter().flatten() {
        missing_in(name, part, document, missing);
    }
    for (field, property) in schema["properties"].as_object().into_iter().flatten() {
        if property["properties"].is_object() {
            missing_in(&format!("{name}.{field}"), property, document, missing);
        } else if !is_shown(property, document) {
            missing.push(format!("{name}.{field}: {property}"));
        }
    }
}

#[test]
fn every_property_has_an_example() {
    let document = document();
    let mut missing = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        missing_in(name, schema, document, &mut missing);
    }
    assert!(missing.is_empty(), "{} without an example; {REMEDY}:\n{}", missing.len(), missing.join("\n"));
}

#[test]
fn every_body_answer_and_parameter_has_an_example() {
    let document = document();
    let mut missing = Vec::new();
    for operation in Operation::all() {
        let name = format!("{} {}", operation.method, operation.path);
        for parameter in operation.parameters() {
            if !is_shown(&parameter["schema"], document) {
                missing.push(format!("{name}: parameter {}: {}", parameter["name"], parameter["schema"]));
            }
        }
        for (place, content) in operation.contents() {
            if content["schema"]["$ref"] != "#/components/schemas/Audio" && content.get("example").is_none() {
                missing.push(format!("{name}: {place}"));
            }
        }
    }
    assert!(missing.is_empty(), "{} without an example; {REMEDY}:\n{}", missing.len(), missing.join("\n"));
}

/// Whether the example and its schema agree, for every one in the document at once.
#[test]
fn every_example_is_what_its_schema_says() {
    let document = document();
    let mut cases: Vec<(String, Value, Value)> = Vec::new();
    examples_within("components", &document["components"], &mut cases);
    for operation in Operation::all() {
        let name = format!("{} {}", operation.method, operation.path);
        for parameter in operation.parameters() {
            examples_within(&format!("{name} {}", parameter["name"]), &parameter["schema"], &mut cases);
        }
        for (place, content) in operation.contents() {
            if let Some(example) = content.get("example") {
                cases.push((format!("{name} {place}"), content["schema"].clone(), example.clone()));
            }
        }
    }
    assert!(cases.len() > 2_000, "{}", cases.len());
    let schemas: Map<_, _> = cases.iter().map(|(name, schema, _)| (name.clone(), schema.clone())).collect();
    let values: Map<_, _> = cases.into_iter().map(|(name, _, example)| (name, example)).collect();
    let schema = json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": schemas,
        "components": document["components"]});
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let values = Value::Object(values);
    let wrong: Vec<String> =
        validator.iter_errors(&values).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{} examples are not what their schemas say:\n{}", wrong.len(), wrong.join("\n"));
}

/// All examples within a schema, each with the schema that has it.
fn examples_within(place: &str, schema: &Value, found: &mut Vec<(String, Value, Value)>) {
    match schema {
        Value::Object(members) => {
            for (index, example) in schema["examples"].as_array().into_iter().flatten().enumerate() {
                found.push((format!("{place} {index}"), schema.clone(), example.clone()));
            }
            for (name, member) in
                members.iter().filter(|(name, _)| !matches!(name.as_str(), "examples" | "example" | "default"))
            {
                examples_within(&format!("{place} {name}"), member, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                examples_within(&format!("{place} {index}"), item, found);
            }
        }
        _ => {}
    }
}

/// `UPDATE_OPENAPI=1 cargo test -p api openapi` writes them.
#[test]
fn the_manual_shows_the_documents_requests() {
    let mut shown = String::new();
    for operation in Operation::all() {
        let text = operation.description();
        if let Some(request) = text.split_once("```sh\n").and_then(|(_, rest)| rest.split_once("\n```")) {
            let lines = request.0.lines().map(|line| format!("    {line}\n"));
            shown.push_str(&format!("\n`{}`\n\n{}", operation.id(), lines.collect::<String>()));
        }
    }
    assert!(shown.matches("curl").count() > 8, "{shown}");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    let found = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = found.split_once("<!-- examples -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /examples -->").unwrap();
    let current = format!("{before}<!-- examples -->\n{shown}\n<!-- /examples -->{after}");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &current).unwrap();
    } else {
        assert!(
            found == current,
            "docs/api.md shows other requests than the document; run: UPDATE_OPENAPI=1 cargo test -p api openapi"
        );
    }
}

/// Files have the columns and members that the examples show.
#[tokio::test]
async fn exports_look_like_their_examples() {
    let platform = Platform::new().await;
    one_of_everything(&platform).await;
    let client = platform.client(platform.tenant, &["admin:*"]).await;
    let mut compared = 0;
    for operation in Operation::all().iter().filter(|one| one.path.ends_with("/export") && !one.path.contains('{')) {
        let contents = operation.contents();
        let (_, csv) = contents.iter().find(|(place, _)| place == "200 text/csv").unwrap();
        let heading = csv["example"].as_str().unwrap().lines().next().unwrap();
        for (place, content) in &contents {
            let form = match place.as_str() {
                "200 text/csv" => "csv",
                "200 application/x-ndjson" => "jsonl",
                _ => continue,
            };
            let example = content["example"].as_str().unwrap();
            let answer = client.get(&format!("{}?format={form}", operation.path)).await.expect(200).text();
            let (example, line) = (example.lines().next().unwrap(), answer.lines().next().unwrap_or_default());
            if form == "csv" {
                assert_eq!(line, example, "{}", operation.path);
            } else {
                let names = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
                let known = names(example);
                // What excludes something else is a column only.
                let is_new =
                    |name: &String| !known.contains_key(name) && !heading.split(',').any(|column| column == name);
                let more: Vec<String> = names(line).into_iter().map(|(name, _)| name).filter(is_new).collect();
                assert!(more.is_empty(), "{}: {more:?} are not in the example {known:?}", operation.path);
            }
            compared += 1;
        }
    }
    assert!(compared >= 12, "{compared}");
}
