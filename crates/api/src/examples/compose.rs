//! Values composed from schemas.

use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;

use super::values;

/// Schemas within schemas; deeper ones are left out.
const DEPTH_MAX: usize = 10;

/// Composes examples from the document's schemas.
pub(super) struct Composer {
    schemas: Map<String, Value>,
}

impl Composer {
    pub fn new(document: &OpenApi) -> Self {
        let schemas = document.components.as_ref().map(|components| serde_json::to_value(&components.schemas));
        let Some(Ok(Value::Object(schemas))) = schemas else { return Self { schemas: Map::new() } };
        Self { schemas }
    }

    /// Of a body or an answer.
    pub fn of_body(&self, operation: &str, schema: &Value) -> Option<Value> {
        values::whole(operation).or_else(|| self.value(operation, "", schema, 0))
    }

    /// Of a property or parameter.
    pub fn of_member(&self, owner: &str, name: &str, schema: &Value) -> Option<Value> {
        self.value(owner, name, schema, 0)
    }

    /// What the field or the table says, without anything composed.
    pub fn chosen(&self, owner: &str, name: &str, schema: &Value) -> Option<Value> {
        values::of_field(owner, name)
            .or_else(|| explicit(schema))
            .or_else(|| values::by_name(name).iter().find(|value| self.fits(value, schema)).cloned())
    }

    fn value(&self, owner: &str, name: &str, schema: &Value, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        if let Some(chosen) = self.chosen(owner, name, schema) {
            return Some(chosen);
        }
        if schema["format"] == "uuid" {
            return Some(Value::from(values::id(&values::kind_of(owner, name))));
        }
        if let Some(first) = schema["enum"].get(0).or_else(|| schema.get("const")) {
            return Some(first.clone());
        }
        if let Some(usual) = schema.get("default").filter(|usual| !is_empty(usual)) {
            return Some(usual.clone());
        }
        if let Some(target) = target(schema) {
            return self.named(target, name, depth + 1);
        }
        if let Some(any) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
            return any
                .iter()
                .find(|one| one["type"] != "null")
                .and_then(|one| self.value(owner, name, one, depth + 1));
        }
        if schema["items"].is_object() {
            return self.value(owner, name, &schema["items"], depth + 1).map(|item| Value::from(vec![item]));
        }
        if schema["properties"].is_object() || schema["allOf"].is_array() {
            let owner = if name.is_empty() { owner.to_owned() } else { format!("{owner}.{name}") };
            return self.object(&owner, name, schema, depth + 1).map(Value::Object);
        }
        if schema["additionalProperties"].is_object() {
            let value = self.value(owner, name, &schema["additionalProperties"], depth + 1)?;
            return Some(Value::Object(Map::from_iter([(values::key_of(owner, name), value)])));
        }
        None
    }

    /// Of a schema with a name; `role` is what it is there for: the property that holds it.
    fn named(&self, schema_name: &str, role: &str, depth: usize) -> Option<Value> {
        let schema = self.schemas.get(schema_name)?;
        if let Some(whole) = values::whole(schema_name).or_else(|| explicit(schema)) {
            return Some(whole);
        }
        if schema["properties"].is_object() || schema["allOf"].is_array() {
            return self.object(schema_name, role, schema, depth).map(Value::Object);
        }
        self.value(schema_name, "", schema, depth)
    }

    fn object(&self, owner: &str, role: &str, schema: &Value, depth: usize) -> Option<Map<String, Value>> {
        let mut members = Map::new();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            match target(part) {
                Some(target) => members.extend(self.named(target, role, depth + 1)?.as_object()?.clone()),
                None => members.extend(self.object(owner, role, part, depth + 1)?),
            }
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_required = schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
            if values::is_left_out(owner, name) {
                if is_required {
                    members.insert(name.clone(), Value::Null);
                }
                continue;
            }
            let value = match owner {
                // Whatever refers to something by id and name.
                "Ref" => values::of_reference(role, name),
                _ => self.value(owner, name, property, depth + 1),
            };
            match value {
                Some(value) => drop(members.insert(name.clone(), value)),
                None if is_required => return None,
                None => {}
            }
        }
        Some(members)
    }

    /// Whether a value is of the schema's kind and within its bounds. Patterns are left to the tests.
    fn fits(&self, value: &Value, schema: &Value) -> bool {
        if let Some(target) = target(schema) {
            return self.schemas.get(target).is_some_and(|schema| self.fits(value, schema));
        }
        if let Some(any) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
            return any.iter().any(|one| self.fits(value, one));
        }
        if let Some(choices) = schema["enum"].as_array() {
            return choices.contains(value);
        }
        let is_kind = |kind: &Value| match kind.as_str() {
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            Some("array") => value.is_array(),
            Some("object") => value.is_object(),
            _ => false,
        };
        let is_kind = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().any(is_kind),
            Value::Null => schema["properties"].is_object() == value.is_object(),
            kind => is_kind(kind),
        };
        let format = schema["format"].as_str().unwrap_or_default();
        let is_format = match value.as_str() {
            Some(text) if format == "uuid" => text.parse::<uuid::Uuid>().is_ok(),
            Some(text) if format == "date-time" => text.contains('T') && text.ends_with('Z'),
            _ => true,
        };
        let bound = |name: &str| schema[name].as_f64();
        let size = value.as_f64();
        let is_within = size.is_none_or(|size| {
            bound("minimum").is_none_or(|least| size >= least) && bound("maximum").is_none_or(|most| size <= most)
        });
        let are_members = value.as_object().is_none_or(|members| {
            schema["properties"].as_object().is_none_or(|known| members.keys().all(|name| known.contains_key(name)))
        });
        let are_items = value.as_array().is_none_or(|items| items.iter().all(|item| self.fits(item, &schema["items"])));
        is_kind && is_format && is_within && are_members && are_items
    }
}

fn target(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn explicit(schema: &Value) -> Option<Value> {
    schema["examples"].get(0).or_else(|| schema.get("example")).cloned()
}

/// A default that shows nothing.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
