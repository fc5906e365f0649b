//! New ids for use cases that run on several threads.

use std::sync::{Mutex, PoisonError};

use domain::{IdSource, Seed, Timestamp};
use uuid::Uuid;

/// A seeded source of ids that can be shared.
#[derive(Debug)]
pub struct Ids(Mutex<IdSource>);

impl Ids {
    /// Draws from `seed`.
    pub fn new(seed: Seed) -> Self {
        Self(Mutex::new(IdSource::new(seed)))
    }

    /// A new id of any kind.
    pub fn next<T: From<Uuid>>(&self, now: Timestamp) -> T {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next(now)
    }
}
