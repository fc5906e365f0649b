//! What can go wrong between a use case and the store.

use std::{error::Error, fmt};

use thiserror::Error as ThisError;

/// Why the store refused or could not.
#[derive(Debug, ThisError)]
pub enum StoreError {
    /// There is no such thing in this tenant. Names the entity.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A value that must be unique is taken, or another row still needs this one. Names the entity and why.
    #[error("{entity}: {reason}")]
    Conflict {
        /// What.
        entity: &'static str,
        /// Why, for people.
        reason: String,
    },
    /// Somebody changed it since it was read; read it again.
    #[error("{0} was changed meanwhile")]
    Stale(&'static str),
    /// It is none of the versions the change was for (`TenantScope::expecting`). Names the entity.
    #[error("{0} is in another version")]
    Precondition(&'static str),
    /// The cursor of a page is none this list gave.
    #[error("the cursor is not one of this list")]
    Cursor,
    /// It names something the tenant does not have.
    #[error("{entity}: {reason}")]
    Reference {
        /// What was to be written.
        entity: &'static str,
        /// Which reference does not hold.
        reason: String,
    },
    /// The queue in front of the store is full, or the store is away. Try again later.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// What is stored cannot be read, or the store answered what it must not.
    #[error("the store failed: {0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// From a text, for faults with no error of their own.
    pub fn failed(text: impl fmt::Display) -> Self {
        Self::Failed(text.to_string().into())
    }

    /// True when the same call may succeed later without a change.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
