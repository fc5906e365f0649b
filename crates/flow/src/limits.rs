//! What comes from outside is bounded.

/// Bounds of documents and runs. The defaults are far above what people write and far below what could hurt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a document as JSON or YAML.
    pub document_bytes_max: usize,
    /// Nodes of a document.
    pub nodes_max: usize,
    /// Entries of any list or map in a node: choices, buyers, targets, tags.
    pub entries_max: usize,
    /// Characters of an id, a name, a key or a reference.
    pub id_chars_max: usize,
    /// Characters of any other text: prompts, descriptions, tag values.
    pub text_chars_max: usize,
    /// Nesting of lists and maps.
    pub nesting_max: usize,
    /// Values (scalars, lists and maps) of a document, metadata included.
    pub values_max: usize,
    /// Bytes of an expression.
    pub expression_bytes_max: usize,
    /// Nesting of an expression: brackets while it is read, operators while it is evaluated.
    pub expression_depth_max: u16,
    /// Nodes entered in answer to one event before the run is given up.
    pub steps_per_resume_max: u32,
    /// Nodes entered in one call before the run is given up.
    pub steps_per_call_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes_max: 1024 * 1024,
            nodes_max: 1_000,
            entries_max: 500,
            id_chars_max: 200,
            text_chars_max: 4_000,
            nesting_max: 32,
            values_max: 100_000,
            expression_bytes_max: 1_000,
            expression_depth_max: 48,
            steps_per_resume_max: 2_000,
            steps_per_call_max: 20_000,
        }
    }
}

/// Digits an IVR node collects at most, whatever the document says.
pub(crate) const DIGITS_MAX: u32 = 64;
/// Tags a call carries at most; further ones are dropped.
pub(crate) const TAGS_MAX: usize = 256;
/// Characters of one variable as expressions see it; the rest is cut off.
pub(crate) const VARIABLE_CHARS_MAX: usize = 1_000;
/// The longest wait a document may ask for.
pub(crate) const WAIT_SECONDS_MAX: u64 = 24 * 3600;
