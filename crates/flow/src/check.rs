//! From a document to a program: resolves references and refuses what could not run.

mod graph;
mod resolve;

use std::collections::HashMap;

use crate::document::{Document, Step};
use crate::program::{At, Program};
use crate::{Fault, Limits};
pub(crate) use resolve::digit;

/// Checks a document and makes it ready to run.
///
/// # Errors
/// Every fault of its meaning, each with the node, the field and the remedy.
pub fn check(document: &Document) -> Result<Program, Vec<Fault>> {
    check_with(document, &Limits::default())
}

/// Checks a document and makes it ready to run, within these limits.
///
/// # Errors
/// As [`check`].
pub fn check_with(document: &Document, limits: &Limits) -> Result<Program, Vec<Fault>> {
    let mut faults = Vec::new();
    let places = places(document, &mut faults);
    if document.nodes.is_empty() {
        faults.push(Fault::of_document("nodes", "empty", "is empty; a flow has at least one node, such as a hangup."));
    }
    let mut resolver = resolve::Resolver { places: &places, limits, node: None, faults: &mut faults };
    let start = resolver.required("entry.target", &document.entry.target);
    if let Some(next) = &document.entry.next {
        resolver.required("entry.next", next);
    }
    let nodes = document.nodes.iter().map(|node| resolver.compile(node)).collect();
    if !faults.is_empty() {
        // Without every reference resolved the shape of the flow says nothing.
        return Err(faults);
    }
    let program = Program {
        id: document.id.as_str().into(),
        name: document.name.as_str().into(),
        version: document.version_number(),
        entry_id: document.entry.id.as_str().into(),
        start,
        nodes,
        limits: *limits,
    };
    let faults = graph::faults(&program);
    if faults.is_empty() { Ok(program) } else { Err(faults) }
}

/// Where each node is. Says which ids are taken twice.
fn places<'a>(document: &'a Document, faults: &mut Vec<Fault>) -> HashMap<&'a str, At> {
    let mut places = HashMap::with_capacity(document.nodes.len());
    for (at, node) in document.nodes.iter().enumerate() {
        if places.insert(node.id.as_str(), At(at)).is_some() {
            let message = format!("\"{}\" names more than one node; give each its own id.", node.id);
            faults.push(Fault::new(Some(&node.id), "id", "duplicate", message));
        }
        if node.id == document.entry.id && !matches!(node.step, Step::Entry(_)) {
            let message = format!("\"{}\" is the id of the entry; give the node another.", node.id);
            faults.push(Fault::new(Some(&node.id), "id", "duplicate", message));
        }
    }
    places
}
