//! From a JSON value to a [`Document`], by hand, so that every fault is told at once and in the words of the document.

mod fields;
mod steps;

use serde_json::Value;

use crate::document::{Document, Entry, Node};
use crate::{Fault, Limits};
use fields::{Fields, kind_of};

/// Reads the form of a document; what it means is for [`crate::check`].
pub(crate) fn document(value: &Value, limits: &Limits) -> Result<Document, Vec<Fault>> {
    let mut faults = Vec::new();
    let Some(map) = value.as_object() else {
        return Err(vec![Fault::of_document("", "type", format!("A flow is an object, not {}.", kind_of(value)))]);
    };
    let mut fields = Fields::new(None, String::new(), map, limits, &mut faults);
    let id = fields.id("id");
    let name = fields.id("name");
    let version = fields.id("version");
    let description = fields.text_optional("description");
    let metadata = fields.metadata();
    let entry_value = fields.required("entry");
    let node_values = fields.list("nodes", limits.nodes_max);
    fields.finish();
    let entry = entry_value.map(|value| entry(value, limits, &mut faults)).unwrap_or_else(blank_entry);
    let nodes: Vec<Node> = node_values
        .iter()
        .enumerate()
        .filter_map(|(position, value)| node(value, position, limits, &mut faults))
        .collect();
    if faults.is_empty() {
        Ok(Document { id, name, version, description, entry, nodes, metadata })
    } else {
        Err(faults)
    }
}

fn blank_entry() -> Entry {
    Entry { id: String::new(), target: String::new(), next: None, metadata: None }
}

fn entry(value: &Value, limits: &Limits, faults: &mut Vec<Fault>) -> Entry {
    let Some(map) = value.as_object() else {
        faults.push(Fault::of_document("entry", "type", format!("must be an object, not {}.", kind_of(value))));
        return blank_entry();
    };
    let mut fields = Fields::new(None, "entry.".to_owned(), map, limits, faults);
    let id = fields.id("id");
    if let Some(kind) = fields.id_optional("type")
        && kind != "entry"
    {
        fields.fault("type", "value", format!("must be \"entry\", not \"{kind}\"."));
    }
    let target = fields.id("target");
    let next = fields.id_optional("next");
    let metadata = fields.metadata();
    fields.finish();
    Entry { id, target, next, metadata }
}

fn node(value: &Value, position: usize, limits: &Limits, faults: &mut Vec<Fault>) -> Option<Node> {
    let Some(map) = value.as_object() else {
        let message = format!("must be an object, not {}.", kind_of(value));
        faults.push(Fault::of_document(format!("nodes[{position}]"), "type", message));
        return None;
    };
    // A node without a usable id is named by its place.
    let named = map.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    let path = if named.is_some() { String::new() } else { format!("nodes[{position}].") };
    let mut fields = Fields::new(named, path, map, limits, faults);
    let id = fields.id("id");
    let kind = fields.id("type");
    let next = fields.id_optional("next");
    let metadata = fields.metadata();
    let step = steps::step(&kind, &mut fields)?;
    fields.finish();
    Some(Node { id, step, next, metadata })
}
