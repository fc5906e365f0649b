//! `hopwhistle budget`: what a tenant may spend, and who is told.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::Client;
use super::list::List;
use super::make::{id_of, member, object};
use super::{ApiArguments, output};

/// `hopwhistle budget`.
#[derive(Debug, Subcommand)]
pub enum BudgetCommand {
    /// Show the budget, and what is spent of it.
    Show(BudgetArguments),
    /// Change it (alertThreshold:=90, alertEmails='a@example.com|b@example.com'); operators also limits, with --tenant
    /// (dailyBudget=50, monthlyBudget:=null).
    Set(SetArguments),
    /// Show the last ten alerts.
    Alerts(BudgetArguments),
}

/// Whose budget.
#[derive(Debug, Args)]
pub struct BudgetArguments {
    #[command(flatten)]
    pub api: ApiArguments,
    /// Another tenant's, by slug, name or id. For operators. Default: the key's own.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
}

/// What to change.
#[derive(Debug, Args)]
pub struct SetArguments {
    #[command(flatten)]
    pub whose: BudgetArguments,
    /// As the API names it: dailyBudget=12.50 for text and amounts, enabled:=false for JSON, null lifts or clears.
    #[arg(required = true, value_name = "FIELD=VALUE", value_parser = member)]
    members: Vec<(String, Value)>,
}

impl BudgetCommand {
    pub fn api(&self) -> &ApiArguments {
        match self {
            Self::Show(arguments) | Self::Alerts(arguments) => &arguments.api,
            Self::Set(arguments) => &arguments.whose.api,
        }
    }
}

pub async fn run(client: &Client, command: &BudgetCommand) -> anyhow::Result<()> {
    match command {
        BudgetCommand::Show(whose) => {
            let budget = client.get(&path(client, whose).await?, &[]).await?;
            output::line(&if whose.api.json { budget.to_string() } else { told(&budget) })
        }
        BudgetCommand::Alerts(whose) => {
            let budget = client.get(&path(client, whose).await?, &[]).await?;
            let alerts = budget["alerts"].as_array().context("the answer holds no alerts")?;
            if whose.api.json {
                return alerts.iter().try_for_each(|alert| output::line(&alert.to_string()));
            }
            output::line(&table(alerts))
        }
        BudgetCommand::Set(SetArguments { whose, members }) => {
            let body = object(client, &listed(members)).await?;
            let budget = client.patch(&path(client, whose).await?, &body).await?;
            output::line(&if whose.api.json { budget.to_string() } else { told(&budget) })
        }
    }
}

async fn path(client: &Client, whose: &BudgetArguments) -> anyhow::Result<String> {
    Ok(match &whose.tenant {
        None => "/api/v1/budget".to_owned(),
        Some(tenant) => {
            let id = id_of(client, List::TENANTS.path, tenant).await?;
            format!("{}/{id}/budget", List::TENANTS.path)
        }
    })
}

/// Addresses one behind the other, as elsewhere on the command line.
fn listed(members: &[(String, Value)]) -> Vec<(String, Value)> {
    let split = |(name, value): &(String, Value)| match value {
        Value::String(text) if name == "alertEmails" => {
            let emails = text.split('|').filter(|email| !email.is_empty());
            (name.clone(), emails.map(|email| Value::String(email.to_owned())).collect())
        }
        _ => (name.clone(), value.clone()),
    };
    members.iter().map(split).collect()
}

const FACTS: [(&str, &str); 9] = [
    ("Tenant", "tenantId"),
    ("Currency", "currency"),
    ("Told from %", "alertThreshold"),
    ("Told by mail", "alertEmails"),
    ("Webhook", "hasAlertSlackWebhook"),
    ("Hard stop", "hardStopEnabled"),
    ("Override to", "overrideTokenExpiresAt"),
    ("Last alert", "lastAlertType"),
    ("Enabled", "enabled"),
];

fn told(budget: &Value) -> String {
    let fact = |(title, member): &(&str, &str)| format!("{title:<13} {}", output::cell(budget, member));
    let (whose, how) = FACTS.split_at(2);
    let level = |title: &str, spent: &str, limit: &str| {
        let limit = match output::cell(budget, limit) {
            none if none == "-" => "no limit".to_owned(),
            limit => format!("of {limit}"),
        };
        format!("{title:<13} {} {limit}", output::cell(budget, spent))
    };
    let levels =
        [level("Today", "currentDaySpend", "dailyBudget"), level("This month", "currentMonthSpend", "monthlyBudget")];
    whose.iter().map(fact).chain(levels).chain(how.iter().map(fact)).collect::<Vec<_>>().join("\n")
}

fn table(alerts: &[Value]) -> String {
    let members = ["sentAt", "type", "current", "limit", "percentage", "sentVia", "pending", "lastError"];
    let titles = ["NOTICED", "TYPE", "SPENT", "LIMIT", "PERCENT", "SENT BY", "PENDING", "FAULT"];
    let rows = alerts.iter().map(|alert| members.iter().map(|member| output::cell(alert, member)).collect());
    output::table(&titles, &rows.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_budget_is_told_with_its_limits_as_they_were_set() {
        let budget = json!({"tenantId": "t1", "currency": "USD", "dailyBudget": "12.345678", "monthlyBudget": null,
            "currentDaySpend": "0.0500", "currentMonthSpend": "7.0000", "alertThreshold": 80, "alertEmails": ["a@x.example"],
            "hasAlertSlackWebhook": true, "hardStopEnabled": true, "enabled": true});
        let text = told(&budget);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[2], "Today         0.0500 of 12.345678");
        assert_eq!(lines[3], "This month    7.0000 no limit");
        assert_eq!(lines.len(), 11, "{text}");
    }

    #[test]
    fn addresses_are_listed_by_bars() {
        let given =
            [("alertEmails".to_owned(), json!("a@x.example|b@x.example")), ("dailyBudget".to_owned(), json!("5"))];
        let set = listed(&given);
        assert_eq!(set[0].1, json!(["a@x.example", "b@x.example"]));
        assert_eq!(set[1].1, json!("5"));
        assert_eq!(listed(&[("alertEmails".to_owned(), json!(""))])[0].1, json!([]));
    }
}
