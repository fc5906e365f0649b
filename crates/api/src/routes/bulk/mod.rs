//! Import and export of whole lists. What each row is, is said in the file of its kind.

pub(crate) mod buyers;
pub(crate) mod calls;
pub(crate) mod leads;
pub(crate) mod numbers;
pub(crate) mod publishers;
