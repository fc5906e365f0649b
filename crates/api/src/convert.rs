//! From the platform's words to the wire's: what every resource needs.

use axum::http::StatusCode;
use domain::Micros;
use operations::StoreError;

use crate::problem::{ApiError, Fault};

/// What the store's refusal is to the caller.
pub fn from_store(error: StoreError) -> ApiError {
    match error {
        StoreError::NotFound(what) => ApiError::not_found(&capitalised(what)),
        StoreError::Conflict { entity, reason } => ApiError::conflict(format!("{entity}: {reason}")),
        StoreError::Stale(what) => ApiError::conflict(format!("The {what} was changed meanwhile; read it again")),
        StoreError::Precondition(what) => ApiError::precondition_failed(format!(
            "The {what} is in another version than If-Match names; read it again"
        )),
        StoreError::Cursor => ApiError::validation(vec![Fault::parameter("cursor", "is not one of this list")]),
        StoreError::Reference { reason, .. } => {
            ApiError::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("A reference does not hold: {reason}"))
        }
        StoreError::Unavailable(cause) => {
            tracing::warn!(%cause, "store unavailable");
            ApiError::unavailable("The store does not answer; try again")
        }
        StoreError::Failed(cause) => ApiError::internal(cause),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `"0.2500"`, `"0.012345"`: what was set is what is shown.
pub fn decimal(amount: Micros) -> String {
    amount.exact()
}

/// Whole seconds, rounded down as the reference does.
pub const fn whole_secs(milliseconds: u64) -> u64 {
    milliseconds / 1_000
}
