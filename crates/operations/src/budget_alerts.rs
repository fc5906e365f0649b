//! Who is told when a budget is nearly or wholly used up (ADR 209): noticed once for each budget, kind and period, and told until every way
//! took it or is given up.
//!
//! Noticing is a row that the database takes once; telling is work of a worker that has taken the row for a while. What was told is noted
//! address by address, so that a worker that dies in between tells at most the one address again that it was at.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{Micros, Timestamp};
use serde_json::{Value, json};

use crate::{
    BudgetAlert, BudgetAlertType, BudgetLevel, BudgetState, Directory, Ids, StoreError, Tenant, TenantBudget,
    TenantScope, Vault, day_start, month_start, percentage, slack_secret,
};

/// Budgets looked at in one page.
const BUDGETS_AT_ONCE: u32 = 200;
/// Alerts one worker tells at a time.
const ALERTS_AT_ONCE: u32 = 16;
/// How long a worker may sit on an alert before another takes it: longer than a run of a chore may last.
const ALERT_LEASE: Duration = Duration::from_secs(360);
/// Tries before an alert is given up: within about five hours.
const ATTEMPTS_MAX: u32 = 12;
/// Wait before the second try; doubled for each further one.
const BACKOFF: Duration = Duration::from_secs(30);
/// Longest wait between tries.
const BACKOFF_MAX: Duration = Duration::from_secs(3_600);
/// Longest reason kept, characters.
const ERROR_CHARS_MAX: usize = 300;
/// Longest name of a tenant in a message, characters.
const NAME_CHARS_MAX: usize = 100;
/// Hundredths of a percent from which a message is more than for information.
const WARNING_FROM: i64 = 9_000;
const EXCEEDED_FROM: i64 = 10_000;
/// The webhook among the places an alert is to go; the others are mail addresses.
const SLACK: &str = "slack";
const EMAIL: &str = "email";

/// The ways out.
#[async_trait]
pub trait AlertChannels: Send + Sync {
    /// Mails it to one address; an error says why it could not be.
    async fn mail(&self, to: &str, subject: &str, text: &str) -> Result<(), String>;
    /// Sends it to a webhook as JSON; `id` is the same where a message is sent twice. An error never holds the address.
    async fn webhook(&self, address: &str, id: &str, message: &Value) -> Result<(), String>;
}

/// Notices and tells.
#[derive(Clone)]
pub struct BudgetAlerts {
    directory: Directory,
    ids: Arc<Ids>,
    vault: Vault,
    channels: Arc<dyn AlertChannels>,
}

impl fmt::Debug for BudgetAlerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BudgetAlerts").finish_non_exhaustive()
    }
}

impl BudgetAlerts {
    /// Opens webhooks with `vault`.
    pub fn new(directory: Directory, ids: Arc<Ids>, vault: Vault, channels: Arc<dyn AlertChannels>) -> Self {
        Self { directory, ids, vault, channels }
    }

    /// Notes what has come up to an alert and is not noted yet; answers how many.
    pub async fn notice(&self, now: Timestamp) -> Result<u32, StoreError> {
        let (mut after, mut noticed) = (None, 0);
        loop {
            let page = self.directory.budgets.budgets_to_watch(after, BUDGETS_AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(noticed) };
            after = Some(last.tenant);
            for budget in page {
                noticed += self.notice_one(budget, now).await?;
            }
        }
    }

    async fn notice_one(&self, budget: TenantBudget, now: Timestamp) -> Result<u32, StoreError> {
        let (budgets, scope) = (&self.directory.budgets, TenantScope::of(budget.tenant));
        let Some(tenant) = self.directory.tenants.find_tenant(budget.tenant).await? else { return Ok(0) };
        let zone = &tenant.time_zone;
        let spend = budgets.spend(scope, budget.currency, day_start(now, zone), month_start(now, zone)).await?;
        let state = BudgetState::new(budget, spend, zone, now);
        let mut noticed = 0;
        for level in [state.daily, state.monthly] {
            let Some(kind) = level.alert(state.budget.alert_threshold) else { continue };
            // Most of the time it is noted: ask a reader before disturbing the writer.
            if !budgets.has_alert(scope, kind, level.period_start).await?
                && budgets.add_alert(&self.alert(&state.budget, &level, kind, now)).await?
            {
                noticed += 1;
            }
        }
        Ok(noticed)
    }

    fn alert(&self, budget: &TenantBudget, level: &BudgetLevel, kind: BudgetAlertType, now: Timestamp) -> BudgetAlert {
        let webhook = budget.alert_slack_webhook.as_ref().map(|_| SLACK.to_owned());
        let pending: Vec<String> = webhook.into_iter().chain(budget.alert_emails.iter().cloned()).collect();
        BudgetAlert {
            id: self.ids.next(now),
            tenant: budget.tenant,
            kind,
            period_start: level.period_start,
            currency: budget.currency,
            threshold: budget.alert_threshold,
            current: level.current,
            limit: level.limit.unwrap_or_default(),
            sent_via: Vec::new(),
            next_attempt_at: (!pending.is_empty()).then_some(now),
            pending,
            attempts: 0,
            last_error: None,
            created_at: now,
        }
    }

    /// Takes alerts that are to be told: nobody else has them for a while.
    pub async fn take(&self, now: Timestamp) -> Result<Vec<BudgetAlert>, StoreError> {
        self.directory.budgets.take_alerts(now, ALERT_LEASE, ALERTS_AT_ONCE).await
    }

    /// Tells one that was taken at `now`, wherever it is still to go. Answers why it is to be tried again, or was given up.
    pub async fn tell(&self, mut alert: BudgetAlert, now: Timestamp) -> Result<Option<String>, StoreError> {
        let budget = self.directory.budgets.budget_of(TenantScope::of(alert.tenant)).await?;
        let tenant = self.directory.tenants.find_tenant(alert.tenant).await?;
        let (Some(budget), Some(tenant)) = (budget.filter(|budget| budget.enabled), tenant) else {
            // Switched off since: nobody is told any more.
            (alert.next_attempt_at, alert.last_error) = (None, Some("the budget was switched off".to_owned()));
            self.directory.budgets.save_alert(&alert).await?;
            return Ok(None);
        };
        if !self.directory.budgets.save_alert(&alert).await? {
            // This worker was believed dead, and another has it.
            return Ok(None);
        }
        let noticed = alert.clone();
        let message = Message { alert: &noticed, budget: &budget, tenant: &tenant };
        let mut fault = None;
        for place in alert.pending.clone() {
            let sent = if place == SLACK { self.post(&message).await } else { self.mail(&place, &message).await };
            match sent {
                Ok(way) => {
                    alert.pending.retain(|pending| *pending != place);
                    if let Some(way) = way.filter(|way| !alert.sent_via.iter().any(|via| via == way)) {
                        alert.sent_via.push(way.to_owned());
                    }
                    if !self.directory.budgets.save_alert(&alert).await? {
                        return Ok(None);
                    }
                }
                Err(why) => fault = Some(format!("{place}: {why}")),
            }
        }
        alert.last_error = fault.map(|fault| fault.chars().take(ERROR_CHARS_MAX).collect());
        alert.next_attempt_at = alert.last_error.as_ref().and_then(|_| retry_at(alert.attempts, now));
        self.directory.budgets.save_alert(&alert).await?;
        Ok(alert.last_error)
    }

    async fn mail(&self, to: &str, message: &Message<'_>) -> Result<Option<&'static str>, String> {
        self.channels.mail(to, &message.subject(), &message.text()).await.map(|()| Some(EMAIL))
    }

    /// Nothing where the webhook was taken away since.
    async fn post(&self, message: &Message<'_>) -> Result<Option<&'static str>, String> {
        let Some(sealed) = &message.budget.alert_slack_webhook else { return Ok(None) };
        let Some(address) = self.vault.open(&slack_secret(message.alert.tenant), sealed) else {
            return Err("its address cannot be opened with this installation's key; set it again".to_owned());
        };
        self.channels.webhook(&address, &message.alert.id.to_string(), &message.slack()).await.map(|()| Some(SLACK))
    }
}

/// Doubles from try to try; none after the last.
fn retry_at(attempts: u32, now: Timestamp) -> Option<Timestamp> {
    let factor = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    (attempts < ATTEMPTS_MAX).then(|| now.after(BACKOFF.saturating_mul(factor).min(BACKOFF_MAX)))
}

/// A name somebody else chose, for a message: it adds no lines and no links of its own.
pub fn one_line(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(NAME_CHARS_MAX).collect::<String>().replace("://", " ")
}

/// What is said.
struct Message<'m> {
    alert: &'m BudgetAlert,
    budget: &'m TenantBudget,
    tenant: &'m Tenant,
}

impl Message<'_> {
    fn hundredths(&self) -> i64 {
        percentage(self.alert.current, self.alert.limit)
    }

    fn percent(&self) -> String {
        let hundredths = self.hundredths();
        format!("{}.{:02} %", hundredths / 100, hundredths % 100)
    }

    fn amount(&self, amount: Micros) -> String {
        format!("{} {}", self.alert.currency.code(), amount.exact())
    }

    fn period(&self) -> &'static str {
        match self.alert.kind {
            BudgetAlertType::DailyThreshold | BudgetAlertType::DailyExceeded => "daily",
            BudgetAlertType::MonthlyThreshold | BudgetAlertType::MonthlyExceeded => "monthly",
        }
    }

    fn subject(&self) -> String {
        let (percent, period, tenant) = (self.percent(), self.period(), one_line(&self.tenant.name));
        if self.is_exceeded() {
            format!("The {period} budget of {tenant} is used up ({percent})")
        } else {
            format!("{percent} of the {period} budget of {tenant} are used up")
        }
    }

    fn is_exceeded(&self) -> bool {
        self.hundredths() >= EXCEEDED_FROM
    }

    fn text(&self) -> String {
        let (current, limit) = (self.amount(self.alert.current), self.amount(self.alert.limit));
        let (period, tenant, percent) = (self.period(), one_line(&self.tenant.name), self.percent());
        let then = match (self.is_exceeded(), self.budget.hard_stop_enabled) {
            (true, true) => "Calls the tenant places are refused until the period is over. Calls that come in go on.",
            (true, false) => "Nothing is refused: the budget does not stop calls.",
            (false, true) => "At 100 % calls the tenant places are refused. Calls that come in go on.",
            (false, false) => "At 100 % nothing is refused: the budget does not stop calls.",
        };
        format!(
            "Hello,\n\nthe {period} budget of {tenant} is {limit}. Charged so far: {current} ({percent}).\n\n{then}\n\n\
             This is said once a period. Who is told is set at PATCH /api/v1/budget.\n"
        )
    }

    /// As an incoming webhook of Slack takes it.
    fn slack(&self) -> Value {
        let field = |title: &str, value: String| json!({"title": title, "value": value, "short": true});
        let color = match self.hundredths() {
            EXCEEDED_FROM.. => "danger",
            WARNING_FROM.. => "warning",
            _ => "good",
        };
        json!({
            "text": escaped(&self.subject()),
            "attachments": [{
                "color": color,
                "fields": [
                    field("Type", self.alert.kind.to_string()),
                    field("Spend", self.amount(self.alert.current)),
                    field("Limit", self.amount(self.alert.limit)),
                    field("Percentage", self.percent()),
                    field("Tenant", self.alert.tenant.to_string()),
                ],
                "footer": "Hopwhistle",
                "ts": self.alert.created_at.micros().div_euclid(1_000_000),
            }],
        })
    }
}

/// Slack takes `<!channel>` and the like for orders.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TenantStatus;

    const NOW: Timestamp = Timestamp::from_secs(1_795_449_600);

    fn said(name: &str, current: i64, limit: i64, kind: BudgetAlertType) -> (String, String, Value) {
        let id = uuid::Uuid::from_u128(2);
        let budget = TenantBudget::none(id.into(), NOW);
        let alert = BudgetAlert {
            id: id.into(),
            tenant: id.into(),
            kind,
            period_start: NOW,
            currency: budget.currency,
            threshold: 80,
            current: Micros(current),
            limit: Micros(limit),
            sent_via: Vec::new(),
            pending: Vec::new(),
            attempts: 0,
            next_attempt_at: None,
            last_error: None,
            created_at: NOW,
        };
        let tenant = Tenant {
            id: id.into(),
            name: name.to_owned(),
            slug: "acme".to_owned(),
            domain: None,
            status: TenantStatus::Active,
            time_zone: "UTC".to_owned(),
            concurrent_calls_max: None,
            metadata: json!({}),
            created_at: NOW,
            updated_at: NOW,
        };
        let message = Message { alert: &alert, budget: &budget, tenant: &tenant };
        (message.subject(), message.text(), message.slack())
    }

    #[test]
    fn a_message_says_how_much_of_what() {
        let (subject, text, slack) = said("Acme", 8_333_333, 10_000_000, BudgetAlertType::DailyThreshold);
        assert_eq!(subject, "83.33 % of the daily budget of Acme are used up");
        assert!(text.contains("USD 10.0000. Charged so far: USD 8.333333 (83.33 %)."), "{text}");
        let attachment = &slack["attachments"][0];
        let values: Vec<&str> =
            attachment["fields"].as_array().unwrap().iter().map(|field| field["value"].as_str().unwrap()).collect();
        let tenant = "00000000-0000-0000-0000-000000000002";
        assert_eq!(values, ["DAILY_THRESHOLD", "USD 8.333333", "USD 10.0000", "83.33 %", tenant]);
        assert_eq!((&attachment["color"], &attachment["ts"]), (&json!("good"), &json!(1_795_449_600)));
        let (subject, text, slack) = said("Acme", 12_000_000, 10_000_000, BudgetAlertType::MonthlyExceeded);
        assert_eq!(subject, "The monthly budget of Acme is used up (120.00 %)");
        assert!(text.contains("are refused until"), "{text}");
        assert_eq!(slack["attachments"][0]["color"], "danger");
        let (_, _, slack) = said("Acme", 9_000_000, 10_000_000, BudgetAlertType::MonthlyThreshold);
        assert_eq!(slack["attachments"][0]["color"], "warning");
    }

    #[test]
    fn a_name_gives_no_orders() {
        let (subject, text, slack) =
            said("A&B <!channel>\r\nBcc: x@y.example http://z", 1, 1, BudgetAlertType::DailyExceeded);
        assert!(!subject.contains('\n') && !subject.contains("://"), "{subject}");
        assert!(!text.contains("\nBcc"), "{text}");
        assert!(slack["text"].as_str().unwrap().contains("A&amp;B &lt;!channel&gt;"), "{slack}");
    }

    #[test]
    fn tries_come_further_apart_and_end() {
        let waits: Vec<u64> =
            (1..).map_while(|attempts| retry_at(attempts, NOW)).map(|at| at.since(NOW).as_secs()).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600, 3_600]);
    }
}
