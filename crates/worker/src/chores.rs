//! What is swept up periodically, once in the whole installation.

use std::{error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::Timestamp;
use operations::{BudgetAlerts, IdempotencyKeys, Leases, LookupCache, Pace, Provisioning, SignInAids};
use tokio::task::JoinSet;

use crate::Chore;

/// Ended leases are kept this long, for repeats and for people.
const LEASES_KEPT: Duration = Duration::from_secs(86_400);
/// Idempotency keys, or answers about numbers, forgotten in one transaction.
const KEYS_AT_ONCE: u32 = 5_000;
/// Transactions of one run: what is left waits for the next.
const KEY_ROUNDS_MAX: u32 = 100;
/// How often budgets are looked at, and alerts are told.
const BUDGETS_EVERY: Duration = Duration::from_secs(5);

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Forgets leases that ended a day ago.
#[expect(missing_debug_implementations, reason = "holds a port, which is a trait")]
pub struct ForgetLeases(pub Arc<dyn Leases>);

#[async_trait]
impl Chore for ForgetLeases {
    fn name(&self) -> &'static str {
        "forget-leases"
    }

    fn pace(&self) -> Pace {
        Pace::Every(Duration::from_secs(600))
    }

    async fn run(&self, now: Timestamp) -> Outcome {
        self.0.forget_leases(now, LEASES_KEPT).await?;
        Ok(())
    }
}

/// Forgets idempotency keys whose time is up.
#[expect(missing_debug_implementations, reason = "holds a port, which is a trait")]
pub struct ForgetIdempotencyKeys(pub Arc<dyn IdempotencyKeys>);

#[async_trait]
impl Chore for ForgetIdempotencyKeys {
    fn name(&self) -> &'static str {
        "forget-idempotency-keys"
    }

    fn pace(&self) -> Pace {
        Pace::Every(Duration::from_secs(60))
    }

    async fn run(&self, now: Timestamp) -> Outcome {
        for _ in 0..KEY_ROUNDS_MAX {
            if self.0.forget_keys(now, KEYS_AT_ONCE).await? < u64::from(KEYS_AT_ONCE) {
                break;
            }
        }
        Ok(())
    }
}

/// Forgets answers about numbers whose time is up.
#[expect(missing_debug_implementations, reason = "holds a port, which is a trait")]
pub struct ForgetLookups(pub Arc<dyn LookupCache>);

#[async_trait]
impl Chore for ForgetLookups {
    fn name(&self) -> &'static str {
        "forget-lookups"
    }

    fn pace(&self) -> Pace {
        Pace::Every(Duration::from_secs(3_600))
    }

    async fn run(&self, now: Timestamp) -> Outcome {
        for _ in 0..KEY_ROUNDS_MAX {
            if self.0.forget_lookups(now, KEYS_AT_ONCE).await? < u64::from(KEYS_AT_ONCE) {
                break;
            }
        }
        Ok(())
    }
}

/// Forgets sessions and mailed links whose time is up, of tenants nobody signs in to as well.
#[expect(missing_debug_implementations, reason = "holds a port, which is a trait")]
pub struct ForgetSignIns(pub Arc<dyn SignInAids>);

#[async_trait]
impl Chore for ForgetSignIns {
    fn name(&self) -> &'static str {
        "forget-sign-ins"
    }

    /// After midnight all over the United States.
    fn pace(&self) -> Pace {
        Pace::DailyAt(8 * 3_600)
    }

    async fn run(&self, now: Timestamp) -> Outcome {
        self.0.forget_expired(now).await?;
        Ok(())
    }
}

/// Brings orders of numbers that were cut off to their end. Only for processes that know the providers' accounts.
#[derive(Debug)]
pub struct RepairNumberOrders(pub Provisioning);

#[async_trait]
impl Chore for RepairNumberOrders {
    fn name(&self) -> &'static str {
        "repair-number-orders"
    }

    fn pace(&self) -> Pace {
        Pace::Every(Duration::from_secs(30))
    }

    async fn run(&self, now: Timestamp) -> Outcome {
        let repaired = self.0.repair(now).await?;
        if repaired.finished + repaired.failed > 0 {
            tracing::info!(finished = repaired.finished, failed = repaired.failed, "number orders repaired");
        }
        Ok(())
    }
}

/// Notices what tenants spend of their budgets. Only for processes that know the mail server.
#[derive(Debug)]
pub struct NoticeBudgets(pub BudgetAlerts);

#[async_trait]
impl Chore for NoticeBudgets {
    fn name(&self) -> &'static str {
        "notice-budgets"
    }

    fn pace(&self) -> Pace {
        Pace::Every(BUDGETS_EVERY)
    }

    async fn run(&self, now: Timestamp) -> Outcome {
        let noticed = self.0.notice(now).await?;
        if noticed > 0 {
            tracing::info!(noticed, "budgets are nearly or wholly used up");
        }
        Ok(())
    }
}

/// Tells whoever is to know. Apart from the noticing, which no mail server may hold up.
#[derive(Debug)]
pub struct TellBudgets(pub BudgetAlerts);

#[async_trait]
impl Chore for TellBudgets {
    fn name(&self) -> &'static str {
        "tell-budgets"
    }

    fn pace(&self) -> Pace {
        Pace::Every(BUDGETS_EVERY)
    }

    async fn run(&self, now: Timestamp) -> Outcome {
        let mut telling = JoinSet::new();
        for alert in self.0.take(now).await? {
            let alerts = self.0.clone();
            telling.spawn(async move { (alert.id, alerts.tell(alert, now).await) });
        }
        // What failed for one cuts no other off.
        let mut outcome: Outcome = Ok(());
        while let Some(told) = telling.join_next().await {
            match told {
                Ok((_, Ok(None))) => {}
                Ok((id, Ok(Some(fault)))) => {
                    tracing::warn!(alert = %id, fault, "a budget alert is not told everywhere; tried again");
                }
                Ok((_, Err(error))) => outcome = Err(error.into()),
                Err(error) => outcome = Err(error.into()),
            }
        }
        outcome
    }
}
