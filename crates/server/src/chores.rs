//! Periodic work that is done once in the whole installation.

use std::sync::Arc;

use operations::Provisioning;
use store::Store;
use worker::{Chore, ForgetIdempotencyKeys, ForgetLeases, ForgetSignIns, RepairNumberOrders};

/// All of it; `provisioning` where this process knows the accounts at providers.
pub fn chores(store: &Store, provisioning: Option<Provisioning>) -> Vec<Arc<dyn Chore>> {
    let store = Arc::new(store.clone());
    let mut chores: Vec<Arc<dyn Chore>> = vec![
        Arc::new(ForgetLeases(store.clone())),
        Arc::new(ForgetIdempotencyKeys(store.clone())),
        Arc::new(ForgetSignIns(store)),
    ];
    if let Some(provisioning) = provisioning {
        chores.push(Arc::new(RepairNumberOrders(provisioning)));
    }
    chores
}
