//! What a tenant may spend, what it has spent, and who is told (inventory, section 5.7).

use std::time::Duration;

use async_trait::async_trait;
use domain::{BudgetAlertId, Currency, Micros, TenantId, Timestamp};
use subtle::ConstantTimeEq as _;

use crate::{Directory, StoreError, TenantScope, day_start, text_enum::text_enum, token_hash};

/// Addresses one budget tells.
pub const ALERT_EMAILS_MAX: usize = 20;
/// Spend is summed up by spans of this length since the epoch: the days of every time zone in use are made of them.
pub const SPEND_SLOT: Duration = Duration::from_secs(900);

/// The span a moment lies in.
pub fn spend_slot(at: Timestamp) -> i64 {
    at.micros().div_euclid(i64::try_from(SPEND_SLOT.as_micros()).unwrap_or(i64::MAX))
}

/// The begin of the month `now` lies in; of UTC's month where the zone is not known.
pub fn month_start(now: Timestamp, zone: &str) -> Timestamp {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let [_, _, month, _] = routing::windows(now, &zone);
    month.start
}

text_enum! {
    /// What people are told.
    BudgetAlertType {
        /// The day's budget is nearly used up.
        DailyThreshold = "DAILY_THRESHOLD",
        /// The day's budget is used up.
        DailyExceeded = "DAILY_EXCEEDED",
        /// The month's budget is nearly used up.
        MonthlyThreshold = "MONTHLY_THRESHOLD",
        /// The month's budget is used up.
        MonthlyExceeded = "MONTHLY_EXCEEDED",
    }
}

/// What a tenant may spend on the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantBudget {
    /// Whose.
    pub tenant: TenantId,
    /// Of the limits; what is charged in another currency does not count.
    pub currency: Currency,
    /// A day, above zero; none is no limit.
    pub daily: Option<Micros>,
    /// A month, above zero; none is no limit.
    pub monthly: Option<Micros>,
    /// Percent of a limit from which people are told, 1-100.
    pub alert_threshold: u32,
    /// Who is told by mail.
    pub alert_emails: Vec<String>,
    /// A Slack-compatible webhook that is told, sealed: whoever has the address may write there.
    pub alert_slack_webhook: Option<String>,
    /// Whether what the tenant begins is refused when a limit is used up.
    pub hard_stop_enabled: bool,
    /// SHA-256 of the token that lets quota and budget pass.
    pub override_hash: Option<String>,
    /// Until when it is good.
    pub override_expires_at: Option<Timestamp>,
    /// False: neither refused nor told.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Why a token lets nothing pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverrideFault {
    /// It is not the tenant's.
    Unknown,
    /// Its time is up.
    Expired,
}

impl TenantBudget {
    /// No limit at all.
    pub fn none(tenant: TenantId, now: Timestamp) -> Self {
        Self {
            tenant,
            currency: Currency::USD,
            daily: None,
            monthly: None,
            alert_threshold: 80,
            alert_emails: Vec::new(),
            alert_slack_webhook: None,
            hard_stop_enabled: true,
            override_hash: None,
            override_expires_at: None,
            enabled: true,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether this token lets quota and budget pass. Takes as long for a wrong one as for the right one.
    pub fn check_override(&self, token: &str, now: Timestamp) -> Result<(), OverrideFault> {
        let known = self.override_hash.as_deref().unwrap_or("");
        let is_it = bool::from(known.as_bytes().ct_eq(token_hash(token).as_bytes()));
        match self.override_expires_at {
            Some(until) if is_it && until > now => Ok(()),
            _ if is_it => Err(OverrideFault::Expired),
            _ => Err(OverrideFault::Unknown),
        }
    }
}

/// What a tenant was charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spend {
    /// Since the begin of its day.
    pub day: Micros,
    /// Since the begin of its month.
    pub month: Micros,
}

/// How far one limit is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetLevel {
    /// True for the day's, false for the month's.
    pub is_daily: bool,
    /// The begin of the day or month.
    pub period_start: Timestamp,
    /// Charged so far.
    pub current: Micros,
    /// The limit, where there is one.
    pub limit: Option<Micros>,
}

impl BudgetLevel {
    /// Hundredths of a percent of the limit, rounded down; none without a limit.
    pub fn percentage(&self) -> Option<i64> {
        self.limit.map(|limit| percentage(self.current, limit))
    }

    /// What people are to be told from `threshold` percent on.
    pub fn alert(&self, threshold: u32) -> Option<BudgetAlertType> {
        let used = self.percentage()?;
        if used >= 10_000 {
            let (daily, monthly) = (BudgetAlertType::DailyExceeded, BudgetAlertType::MonthlyExceeded);
            return Some(if self.is_daily { daily } else { monthly });
        }
        let (daily, monthly) = (BudgetAlertType::DailyThreshold, BudgetAlertType::MonthlyThreshold);
        (used >= i64::from(threshold) * 100).then_some(if self.is_daily { daily } else { monthly })
    }

    fn has_room(&self, cost: Micros) -> bool {
        self.limit.is_none_or(|limit| {
            let total = self.current.checked_add(cost).unwrap_or(Micros(i64::MAX));
            self.current < limit && total <= limit
        })
    }
}

/// What a tenant's sealed webhook opens for.
pub fn slack_secret(tenant: TenantId) -> String {
    format!("slack webhook of budget {tenant}")
}

/// Hundredths of a percent, rounded down, so that 100 % is never shown before it is reached.
pub fn percentage(current: Micros, limit: Micros) -> i64 {
    let used = i128::from(current.0) * 10_000 / i128::from(limit.0.max(1));
    i64::try_from(used).unwrap_or(i64::MAX)
}

/// A budget and how far it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetState {
    /// The budget.
    pub budget: TenantBudget,
    /// The day's limit.
    pub daily: BudgetLevel,
    /// The month's.
    pub monthly: BudgetLevel,
}

impl BudgetState {
    /// A budget of a tenant of this zone with what was spent.
    pub fn new(budget: TenantBudget, spend: Spend, zone: &str, now: Timestamp) -> Self {
        let daily =
            BudgetLevel { is_daily: true, period_start: day_start(now, zone), current: spend.day, limit: budget.daily };
        let monthly = BudgetLevel {
            is_daily: false,
            period_start: month_start(now, zone),
            current: spend.month,
            limit: budget.monthly,
        };
        Self { budget, daily, monthly }
    }

    /// **The gate** of what a tenant begins and is charged for, such as a call it places: the limit that something of this
    /// expected cost would break, the day's before the month's. None where there is room, or where the budget stops nothing.
    ///
    /// Calls that come in are never asked: a caller must not meet a closed line because of an invoice.
    pub fn refuses(&self, cost: Micros) -> Option<BudgetLevel> {
        if !self.budget.enabled || !self.budget.hard_stop_enabled {
            return None;
        }
        [self.daily, self.monthly].into_iter().find(|level| !level.has_room(cost))
    }
}

/// A tenant's budget with what was spent up to now; none without a budget.
pub async fn budget_state(
    directory: &Directory,
    tenant: TenantId,
    now: Timestamp,
) -> Result<Option<BudgetState>, StoreError> {
    let scope = TenantScope::of(tenant);
    let Some(budget) = directory.budgets.budget_of(scope).await? else { return Ok(None) };
    let found = directory.tenants.find_tenant(tenant).await?;
    let zone = found.map_or_else(|| "UTC".to_owned(), |tenant| tenant.time_zone);
    let (day, month) = (day_start(now, &zone), month_start(now, &zone));
    let spend = directory.budgets.spend(scope, budget.currency, day, month).await?;
    Ok(Some(BudgetState::new(budget, spend, &zone, now)))
}

/// What people were told, or are to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetAlert {
    /// Id.
    pub id: BudgetAlertId,
    /// Whose budget.
    pub tenant: TenantId,
    /// What.
    pub kind: BudgetAlertType,
    /// Of the day or month that began then.
    pub period_start: Timestamp,
    /// Of the amounts.
    pub currency: Currency,
    /// Percent from which it was to be told.
    pub threshold: u32,
    /// Charged when it was noticed.
    pub current: Micros,
    /// The limit then.
    pub limit: Micros,
    /// Ways it went out: `email`, `slack`.
    pub sent_via: Vec<String>,
    /// Where it is still to go: mail addresses, and `slack`.
    pub pending: Vec<String>,
    /// Tries so far.
    pub attempts: u32,
    /// When it is tried again; none when all is sent or given up.
    pub next_attempt_at: Option<Timestamp>,
    /// Why the last try failed, wholly or in part.
    pub last_error: Option<String>,
    /// When it was noticed.
    pub created_at: Timestamp,
}

/// Storage of budgets.
#[async_trait]
pub trait Budgets: Send + Sync {
    /// A tenant's budget.
    async fn budget_of(&self, scope: TenantScope) -> Result<Option<TenantBudget>, StoreError>;
    /// Writes it in place of the version that was last changed at `before`; makes it where that is none. [`StoreError::Stale`] when
    /// there is another version.
    async fn save_budget(&self, budget: &TenantBudget, before: Option<Timestamp>) -> Result<(), StoreError>;
    /// What was charged since the begins of day and month.
    async fn spend(
        &self,
        scope: TenantScope,
        currency: Currency,
        day: Timestamp,
        month: Timestamp,
    ) -> Result<Spend, StoreError>;
    /// Alerts of a tenant, youngest first.
    async fn alerts(&self, scope: TenantScope, count_max: u32) -> Result<Vec<BudgetAlert>, StoreError>;
    /// Budgets of all tenants that are on and have a limit, by tenant, behind `after`.
    async fn budgets_to_watch(&self, after: Option<TenantId>, count_max: u32) -> Result<Vec<TenantBudget>, StoreError>;
    /// Notes an alert; false when there is one of its kind and period.
    async fn add_alert(&self, alert: &BudgetAlert) -> Result<bool, StoreError>;
    /// Whether there is an alert of this kind and period.
    async fn has_alert(
        &self,
        scope: TenantScope,
        kind: BudgetAlertType,
        period_start: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Takes alerts of all tenants that are to be sent by `now`, oldest first, and counts the try: nobody else gets them within `lease`.
    async fn take_alerts(
        &self,
        now: Timestamp,
        lease: Duration,
        count_max: u32,
    ) -> Result<Vec<BudgetAlert>, StoreError>;
    /// Writes how far an alert was sent; false when another worker has taken it since.
    async fn save_alert(&self, alert: &BudgetAlert) -> Result<bool, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_449_600);

    fn state(daily: Option<i64>, monthly: Option<i64>, day: i64, month: i64) -> BudgetState {
        let none = TenantBudget::none(uuid::Uuid::from_u128(2).into(), NOW);
        let budget = TenantBudget { daily: daily.map(Micros), monthly: monthly.map(Micros), ..none };
        BudgetState::new(budget, Spend { day: Micros(day), month: Micros(month) }, "UTC", NOW)
    }

    #[test]
    fn the_day_is_asked_before_the_month() {
        let refuses = |state: BudgetState, cost: i64| state.refuses(Micros(cost)).map(|level| level.is_daily);
        assert_eq!(refuses(state(None, None, 9, 9), i64::MAX), None);
        assert_eq!(refuses(state(Some(100), Some(1_000), 90, 990), 10), None);
        assert_eq!(refuses(state(Some(100), Some(1_000), 90, 990), 11), Some(true));
        assert_eq!(refuses(state(Some(200), Some(1_000), 90, 990), 11), Some(false));
        assert_eq!(refuses(state(Some(100), None, 100, 100), 0), Some(true), "used up");
        assert_eq!(refuses(state(Some(100), None, 90, 90), i64::MAX), Some(true), "beyond the range");
        assert_eq!(refuses(state(Some(100), None, -5, -5), 100), None, "corrections may take back");
        let mut soft = state(Some(100), None, 100, 100);
        soft.budget.hard_stop_enabled = false;
        assert_eq!(refuses(soft, 1), None);
        let mut off = state(Some(100), None, 100, 100);
        off.budget.enabled = false;
        assert_eq!(refuses(off, 1), None);
    }

    #[test]
    fn people_are_told_from_the_threshold_on() {
        let told = |current: i64| state(Some(1_000_000), None, current, 0).daily.alert(80);
        assert_eq!(told(799_999), None);
        assert_eq!(told(800_000), Some(BudgetAlertType::DailyThreshold));
        assert_eq!(told(999_999), Some(BudgetAlertType::DailyThreshold), "not yet 100 %");
        assert_eq!(told(1_000_000), Some(BudgetAlertType::DailyExceeded));
        let month = state(None, Some(i64::MAX), 0, i64::MAX).monthly;
        assert_eq!((month.percentage(), month.alert(100)), (Some(10_000), Some(BudgetAlertType::MonthlyExceeded)));
    }

    #[test]
    fn a_token_passes_until_its_time_is_up() {
        let mut budget = TenantBudget::none(uuid::Uuid::from_u128(2).into(), NOW);
        assert_eq!(budget.check_override("", NOW), Err(OverrideFault::Unknown));
        budget.override_hash = Some(token_hash("qot_1"));
        budget.override_expires_at = Some(NOW.after(Duration::from_secs(1)));
        assert_eq!(budget.check_override("qot_1", NOW), Ok(()));
        assert_eq!(budget.check_override("qot_2", NOW), Err(OverrideFault::Unknown));
        let later = NOW.after(Duration::from_secs(1));
        assert_eq!(budget.check_override("qot_1", later), Err(OverrideFault::Expired));
        assert_eq!(
            budget.check_override("qot_2", later),
            Err(OverrideFault::Unknown),
            "its age is nobody else's to know"
        );
    }

    #[test]
    fn days_of_every_zone_are_made_of_slots() {
        for zone in ["America/New_York", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Chatham"] {
            for begin in [day_start(NOW, zone), month_start(NOW, zone)] {
                assert_eq!(spend_slot(begin) * 900_000_000, begin.micros(), "{zone}");
            }
        }
    }
}
