//! Settles calls that ended. Several workers may be at the same call; one may die between reading and writing.

use billing::{Charge, PostingGroup, correction, postings, rate};
use domain::{CallEvent, CallId, Cdr};

use crate::{Market, MemoryStore, Refused};

/// A settlement computed and not written yet.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub job: (CallId, u32),
    based_on: Option<u32>,
    new: Option<(Charge, Vec<PostingGroup>)>,
}

impl Draft {
    /// Reads what there is now; an error says why the call cannot be settled.
    pub fn compute(store: &MemoryStore, market: &Market, job: (CallId, u32)) -> Result<Self, String> {
        let events: Vec<CallEvent> = store.events(job.0).cloned().collect();
        let cdr = Cdr::from_events(&events).map_err(|error| error.to_string())?;
        let rated = rate(&cdr, &market.terms()).map_err(|error| error.to_string())?;
        let (based_on, new) = match store.charge(job.0) {
            None => {
                let groups = postings(&rated);
                (None, Some((rated, groups)))
            }
            Some(in_force) => {
                let corrected = correction(in_force, &rated);
                (Some(in_force.revision), corrected.map(|correction| (correction.charge, correction.groups)))
            }
        };
        Ok(Self { job, based_on, new })
    }

    pub fn write(self, store: &mut MemoryStore) -> Result<(), Refused> {
        store.settle(self.job, self.based_on, self.new)
    }
}
