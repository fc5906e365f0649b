//! Requests as a shell sends them, for what most programs use: in the operation's description, from where docs/api.md has them too.

use std::fmt::Write as _;

use serde_json::Value;
use utoipa::openapi::{OpenApi, RefOr, path::Operation};

/// Operations, each with the query parameters shown.
const MOST_USED: &[(&str, &[&str])] = &[
    ("createCampaign", &[]),
    ("createBuyer", &[]),
    ("createBuyerEndpoint", &[]),
    ("createNumber", &[]),
    ("saveFlow", &[]),
    ("publishFlowVersion", &[]),
    ("listCalls", &["startDate", "endDate", "limit"]),
    ("getCall", &[]),
    ("getMetricsReport", &["startDate", "endDate", "granularity"]),
    ("createLead", &[]),
    ("checkCompliance", &[]),
];

/// Adds them; the examples must be there.
pub(super) fn add(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let methods =
            [("GET", &mut item.get), ("POST", &mut item.post), ("PUT", &mut item.put), ("PATCH", &mut item.patch)];
        for (method, operation) in methods {
            let Some(operation) = operation else { continue };
            let Some((_, query)) = MOST_USED.iter().find(|(name, _)| operation.operation_id.as_deref() == Some(*name))
            else {
                continue;
            };
            let request = request(method, path, operation, query);
            let description = operation.description.get_or_insert_default();
            if !description.is_empty() {
                description.push_str("\n\n");
            }
            // Writing to a text does not fail.
            let _ = write!(description, "```sh\n{request}\n```");
        }
    }
}

fn request(method: &str, path: &str, operation: &Operation, query: &[&str]) -> String {
    let mut address = path.to_owned();
    let mut given = form_urlencoded::Serializer::new(String::new());
    for parameter in operation.parameters.iter().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let schema = serde_json::to_value(&parameter.schema).unwrap_or_default();
        let example = schema["examples"].get(0).or_else(|| schema["enum"].get(0));
        let value = match example {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => continue,
        };
        let place = format!("{{{}}}", parameter.name);
        if address.contains(&place) {
            address = address.replace(&place, &value);
        } else if query.contains(&parameter.name.as_str()) {
            given.append_pair(&parameter.name, &value);
        }
    }
    let given = given.finish();
    let separator = if given.is_empty() { "" } else { "?" };
    let mut text = String::from("curl");
    if method != "GET" {
        let _ = write!(text, " -X {method}");
    }
    let _ = write!(text, " \"$API{address}{separator}{given}\" -H \"X-API-Key: $KEY\"");
    if let Some(body) = body(operation) {
        let body = in_lines(&body).replace('\'', "'\\''");
        let _ = write!(text, " -H 'Content-Type: application/json' -d '{body}'");
    }
    text
}

/// A member a line.
fn in_lines(body: &Value) -> String {
    let Some(members) = body.as_object() else { return body.to_string() };
    let lines: Vec<String> = members.iter().map(|(name, value)| format!("  \"{name}\": {value}")).collect();
    format!("{{\n{}\n}}", lines.join(",\n"))
}

fn body(operation: &Operation) -> Option<Value> {
    let Some(RefOr::T(body)) = &operation.request_body else { return None };
    match body.content.get("application/json")? {
        RefOr::T(content) => content.example.clone(),
        RefOr::Ref(_) => None,
    }
}
