//! Many at once: rows of CSV or JSON lines in and out, read and written as they come (docs/adr/0193).
//!
//! What can be imported says how one of it is made ([`Imported`]), in the words its POST uses; what can be exported says how a page of
//! it is read ([`Exported`]), as its list does. Nothing here knows a resource.

mod batch;
pub(crate) mod csv;
mod export;
mod import;
mod lines;
mod references;
mod routes;
mod row;

pub(crate) use export::{ExportQuery, Exported, csv_of, export};
pub(crate) use import::{ImportQuery, ImportReport, Imported, OnFault, import};
pub(crate) use lines::{Line, Lines};
pub(crate) use references::Reference;
pub(crate) use routes::{BulkWords, exporting, importing};
