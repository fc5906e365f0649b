//! What is wrong with a document, for the person who wrote it.

use std::fmt;

use serde::Serialize;

/// One fault: where it is, what it is, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The node's id; absent when it concerns the document as a whole.
    pub node: Option<String>,
    /// The field, as a path within the node or document: `choices[2].target`. Empty for all of it.
    pub field: String,
    /// A stable name of the kind of fault, for programs: `missing`, `unknown-node`, `cycle-without-wait` ...
    pub code: &'static str,
    /// What is wrong and how to put it right.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(
        node: Option<&str>,
        field: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { node: node.map(str::to_owned), field: field.into(), code, message: message.into() }
    }

    pub(crate) fn of_document(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(None, field, code, message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.node, self.field.as_str()) {
            (Some(node), "") => write!(f, "node \"{node}\": ")?,
            (Some(node), field) => write!(f, "node \"{node}\", {field}: ")?,
            (None, "") => {}
            (None, field) => write!(f, "{field}: ")?,
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}
