//! What rows refer to: looked up before anything is written, so that the fault has a field, and each once.

use std::collections::HashMap;

use domain::{CampaignId, CarrierId, PublisherId, TrunkId, UserId};
use uuid::Uuid;

use crate::{
    caller::Caller,
    convert::from_store,
    problem::{ApiResult, Fault},
};

/// Something a row names by id.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reference {
    Campaign(CampaignId),
    Carrier(CarrierId),
    Publisher(PublisherId),
    Trunk(TrunkId),
    /// A user, as the one who looks after it.
    Assigned(UserId),
}

impl Reference {
    const fn id(self) -> Uuid {
        match self {
            Self::Campaign(id) => id.uuid(),
            Self::Carrier(id) => id.uuid(),
            Self::Publisher(id) => id.uuid(),
            Self::Trunk(id) => id.uuid(),
            Self::Assigned(id) => id.uuid(),
        }
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Campaign(_) => ("campaignId", "campaign"),
            Self::Carrier(_) => ("carrierId", "carrier"),
            Self::Publisher(_) => ("publisherId", "publisher"),
            Self::Trunk(_) => ("trunkId", "trunk"),
            Self::Assigned(_) => ("assignedToId", "user"),
        }
    }

    async fn holds(self, caller: &Caller) -> ApiResult<bool> {
        let (directory, scope) = (caller.directory(), caller.scope());
        let found = match self {
            Self::Campaign(id) => directory.campaigns.find(scope, id).await.map(|found| found.is_some()),
            Self::Carrier(id) => directory.carriers.find(scope, id).await.map(|found| found.is_some()),
            Self::Publisher(id) => directory.publishers.find(scope, id).await.map(|found| found.is_some()),
            Self::Trunk(id) => directory.trunks.find(scope, id).await.map(|found| found.is_some()),
            Self::Assigned(id) => directory.users.find(scope, id).await.map(|found| found.is_some()),
        };
        found.map_err(from_store)
    }
}

/// What was looked up already.
#[derive(Debug, Default)]
pub(super) struct Looked(HashMap<Uuid, bool>);

/// Ids remembered: more of them are looked up again.
const REMEMBERED_MAX: usize = 10_000;

impl Looked {
    /// A fault for each that leads nowhere.
    pub(super) async fn faults(&mut self, caller: &Caller, references: &[Reference]) -> ApiResult<Vec<Fault>> {
        let mut faults = Vec::new();
        for reference in references {
            let holds = match self.0.get(&reference.id()) {
                Some(holds) => *holds,
                None => {
                    let holds = reference.holds(caller).await?;
                    if self.0.len() < REMEMBERED_MAX {
                        self.0.insert(reference.id(), holds);
                    }
                    holds
                }
            };
            if !holds {
                let (field, what) = reference.words();
                faults.push(Fault::body(field, format!("names no {what} of this tenant")));
            }
        }
        Ok(faults)
    }
}
