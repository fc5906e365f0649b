//! What happens next, in simulated time.

use std::collections::BTreeMap;

use domain::Timestamp;

/// Things due at moments; those of one moment in the order they were put in.
#[derive(Clone, Debug)]
pub struct Agenda<T> {
    due: BTreeMap<(Timestamp, u64), T>,
    put: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { due: BTreeMap::new(), put: 0 }
    }
}

impl<T> Agenda<T> {
    /// To be done at `at`.
    pub fn put(&mut self, at: Timestamp, thing: T) {
        self.due.insert((at, self.put), thing);
        self.put += 1;
    }

    /// When the next is due.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// The next, with its moment.
    pub fn take(&mut self) -> Option<(Timestamp, T)> {
        self.due.pop_first().map(|((at, _), thing)| (at, thing))
    }
}
