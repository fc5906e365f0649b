//! The document's JSON Schema, draft 2020-12.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema, schema_for};
use serde_json::Value;

use super::{Document, Seconds};

/// The JSON Schema of a document (draft 2020-12), without dangling references. It says what a document looks like; that
/// references lead somewhere and the like is for [`crate::check`].
pub fn schema() -> Value {
    schema_for!(Document).to_value()
}

/// The strategies, whose type belongs to another crate.
#[derive(JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "describes domain::Strategy, is never made")]
pub(super) enum StrategyName {
    RoundRobin,
    Weighted,
    Priority,
    LeastCalls,
    Performance,
    Hybrid,
}

/// What a tag may be.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a JSON value, is never made")]
pub(super) enum TagValue {
    Text(String),
    Number(f64),
    Flag(bool),
}

impl JsonSchema for Seconds {
    fn schema_name() -> Cow<'static, str> {
        "Seconds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "Seconds.", "type": "number", "exclusiveMinimum": 0, "maximum": crate::limits::WAIT_SECONDS_MAX })
    }
}
