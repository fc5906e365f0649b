//! Reads documents from outside, within bounds.

use serde_json::Value;

use crate::decode;
use crate::{Document, Fault, Limits};

/// Reads a document from JSON within the default limits.
///
/// # Errors
/// Every fault of its form: syntax, missing and unknown fields, wrong types, exceeded limits.
pub fn parse_json(bytes: &[u8]) -> Result<Document, Vec<Fault>> {
    parse_json_with(bytes, &Limits::default())
}

/// Reads a document from JSON.
///
/// # Errors
/// As [`parse_json`].
pub fn parse_json_with(bytes: &[u8], limits: &Limits) -> Result<Document, Vec<Fault>> {
    within_bytes(bytes, limits)?;
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| vec![Fault::of_document("", "syntax", format!("Invalid JSON: {error}"))])?;
    decode_value(&value, limits)
}

/// Reads a document from YAML within the default limits.
///
/// # Errors
/// Every fault of its form: syntax, missing and unknown fields, wrong types, exceeded limits.
pub fn parse_yaml(bytes: &[u8]) -> Result<Document, Vec<Fault>> {
    parse_yaml_with(bytes, &Limits::default())
}

/// Reads a document from YAML. Aliases and merge keys are not accepted: a small text could stand for a huge document.
///
/// # Errors
/// As [`parse_yaml`].
pub fn parse_yaml_with(bytes: &[u8], limits: &Limits) -> Result<Document, Vec<Fault>> {
    within_bytes(bytes, limits)?;
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: Some(limits.document_bytes_max),
            max_events: limits.values_max.saturating_mul(3),
            max_nodes: limits.values_max.saturating_mul(2),
            max_depth: limits.nesting_max,
            max_aliases: 0,
            max_anchors: 0,
            max_merge_keys: 0,
            max_documents: 1,
            max_inclusion_depth: 0,
            max_total_scalar_bytes: limits.document_bytes_max,
        },
        strict_booleans: true,
        with_snippet: false,
    };
    let value: Value = serde_saphyr::from_slice_with_options(bytes, options)
        .map_err(|error| vec![Fault::of_document("", "syntax", format!("Invalid YAML: {error}"))])?;
    decode_value(&value, limits)
}

/// Reads a document that is part of a JSON value read before, within the default limits.
///
/// # Errors
/// As [`parse_json`], but for syntax and size in bytes, which are the caller's.
pub fn parse_value(value: &Value) -> Result<Document, Vec<Fault>> {
    decode_value(value, &Limits::default())
}

fn decode_value(value: &Value, limits: &Limits) -> Result<Document, Vec<Fault>> {
    let mut left = limits.values_max;
    if let Err(problem) = measure(value, limits.nesting_max, &mut left) {
        return Err(vec![Fault::of_document("", "too-large", problem)]);
    }
    decode::document(value, limits)
}

fn within_bytes(bytes: &[u8], limits: &Limits) -> Result<(), Vec<Fault>> {
    if bytes.len() > limits.document_bytes_max {
        let message =
            format!("The document has {} bytes; at most {} are read.", bytes.len(), limits.document_bytes_max);
        return Err(vec![Fault::of_document("", "too-large", message)]);
    }
    Ok(())
}

fn measure(value: &Value, depth_left: usize, left: &mut usize) -> Result<(), String> {
    *left = left.checked_sub(1).ok_or("The document holds too many values; shorten its metadata.")?;
    let deeper =
        || depth_left.checked_sub(1).ok_or("The document is nested too deeply; flatten its metadata.".to_owned());
    match value {
        Value::Array(items) => {
            let depth_left = deeper()?;
            items.iter().try_for_each(|item| measure(item, depth_left, left))
        }
        Value::Object(fields) => {
            let depth_left = deeper()?;
            fields.values().try_for_each(|item| measure(item, depth_left, left))
        }
        _ => Ok(()),
    }
}
