//! Periodic work that is done once in the whole installation.

use std::sync::Arc;

use operations::{BudgetAlerts, Provisioning};
use store::Store;
use worker::{
    Chore, ForgetIdempotencyKeys, ForgetLeases, ForgetLookups, ForgetSignIns, NoticeBudgets, RepairNumberOrders,
    TellBudgets,
};

/// What only a worker is sure to know of.
pub struct Outward {
    /// The accounts at providers of numbers.
    pub provisioning: Provisioning,
    /// The mail server.
    pub budget_alerts: BudgetAlerts,
}

/// All of it; `outward` in a worker.
pub fn chores(store: &Store, outward: Option<Outward>) -> Vec<Arc<dyn Chore>> {
    let store = Arc::new(store.clone());
    let mut chores: Vec<Arc<dyn Chore>> = vec![
        Arc::new(ForgetLeases(store.clone())),
        Arc::new(ForgetIdempotencyKeys(store.clone())),
        Arc::new(ForgetLookups(store.clone())),
        Arc::new(ForgetSignIns(store)),
    ];
    if let Some(outward) = outward {
        chores.push(Arc::new(RepairNumberOrders(outward.provisioning)));
        chores.push(Arc::new(NoticeBudgets(outward.budget_alerts.clone())));
        chores.push(Arc::new(TellBudgets(outward.budget_alerts)));
    }
    chores
}
