//! `hopwhistle calls show` and `dial`.

use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::list::List;
use super::make::id_of;
use super::{ApiArguments, Usage, output};

/// Characters of an event's data that are shown.
const DATA_CHARS_MAX: usize = 110;

/// Shows a call.
#[derive(Debug, Args)]
pub struct ShowArguments {
    #[command(flatten)]
    pub api: ApiArguments,
    /// The call's id.
    id: String,
}

/// Calls somebody.
#[derive(Debug, Args)]
pub struct DialArguments {
    #[command(flatten)]
    pub api: ApiArguments,
    /// Who is called: +12125550147.
    #[arg(value_name = "NUMBER")]
    to: String,
    /// Name or id of the campaign whose flow runs with whoever answers. Default: that of --from.
    #[arg(long, value_name = "CAMPAIGN")]
    campaign: Option<String>,
    /// One of the tenant's numbers (or its id), to be shown. Default: the next of the campaign's caller-ID pool.
    #[arg(long, value_name = "NUMBER")]
    from: Option<String>,
}

pub async fn dial(client: &Client, arguments: &DialArguments) -> anyhow::Result<()> {
    if arguments.campaign.is_none() && arguments.from.is_none() {
        return Err(Usage("give --campaign, or --from with a number that has a campaign".to_owned()).into());
    }
    let mut order = json!({ "toNumber": arguments.to });
    if let Some(campaign) = &arguments.campaign {
        order["campaignId"] = id_of(client, List::CAMPAIGNS.path, campaign).await?.into();
    }
    if let Some(from) = &arguments.from {
        order["fromNumberId"] = id_of(client, List::NUMBERS.path, from).await?.into();
    }
    let call = client.post(List::CALLS.path, &order).await?;
    if arguments.api.json {
        return output::line(&call.to_string());
    }
    let cell = |member: &str| output::cell(&call, member);
    output::line(&format!("{}  {} to {}  {}", cell("id"), cell("fromNumber"), cell("toNumber"), cell("status")))
}

pub async fn show(client: &Client, arguments: &ShowArguments) -> anyhow::Result<bool> {
    let is_id = |text: &str| text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_id(&arguments.id) || arguments.id.is_empty() {
        return Err(Usage(format!("{:?} is no id of a call; hopwhistle calls list shows them", arguments.id)).into());
    }
    let call = client.get(&format!("/api/v1/calls/{}", arguments.id), &[]).await?;
    output::line(&if arguments.api.json { call.to_string() } else { told(&call) })?;
    Ok(true)
}

const FACTS: [(&str, &str); 17] = [
    ("Call", "id"),
    ("Status", "status"),
    ("Ended", "endReason"),
    ("From", "fromNumber"),
    ("To", "toNumber"),
    ("Caller name", "callerName"),
    ("Attestation", "attestation"),
    ("Campaign", "campaignName"),
    ("Publisher", "publisherName"),
    ("Buyer", "buyerName"),
    ("Started at", "startedAt"),
    ("Answered at", "answeredAt"),
    ("Connected at", "connectedAt"),
    ("Ended at", "endedAt"),
    ("Seconds", "duration"),
    ("Connected", "connectedDuration"),
    ("Recorded", "hasRecording"),
];

fn told(call: &Value) -> String {
    let mut parts = Vec::new();
    let mut facts: Vec<String> =
        FACTS.iter().map(|(title, member)| format!("{title:<13} {}", output::cell(call, member))).collect();
    if call["money"].is_object() {
        let amounts = ["revenue", "payout", "cost", "margin"].iter().filter(|name| call["money"][**name].is_string());
        let amounts = amounts.map(|name| format!("{name} {}", output::cell(&call["money"], name)));
        let currency = output::cell(call, "money.currency");
        facts.push(format!("{:<13} {} ({currency})", "Money", amounts.collect::<Vec<_>>().join(", ")));
    }
    parts.push(facts.join("\n"));
    let leg = ["startedAt", "status", "role", "buyerName", "destination", "duration", "failure"];
    let titles = ["STARTED", "STATUS", "ROLE", "BUYER", "DESTINATION", "SECONDS", "FAILURE"];
    parts.extend(section("Legs", &titles, &call["legs"], &leg));
    let recording = ["id", "status", "duration", "size"];
    parts.extend(section("Recordings", &["ID", "STATUS", "SECONDS", "BYTES"], &call["recordings"], &recording));
    let timeline: &[Value] = call["timeline"].as_array().map_or(&[], Vec::as_slice);
    let events = timeline.iter().map(|event| {
        let data: String = output::cell(event, "data").chars().take(DATA_CHARS_MAX).collect();
        vec![output::cell(event, "at"), output::cell(event, "type"), data]
    });
    parts.push(format!("Timeline\n{}", output::table(&["AT", "EVENT", "DATA"], &events.collect::<Vec<_>>())));
    parts.join("\n\n")
}

/// A table under a title, where there is something in it.
fn section(title: &str, titles: &[&str], rows: &Value, members: &[&str]) -> Option<String> {
    let rows = rows.as_array().filter(|rows| !rows.is_empty())?;
    let cells = rows.iter().map(|row| members.iter().map(|member| output::cell(row, member)).collect());
    Some(format!("{title}\n{}", output::table(titles, &cells.collect::<Vec<_>>())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_is_told_with_its_money_as_far_as_one_knows_it() {
        let call = json!({"id": "c1", "status": "COMPLETED", "money": {"payout": "10.0000", "currency": "USD"},
            "legs": [{"status": "COMPLETED", "role": "buyer"}], "recordings": [],
            "timeline": [{"at": "now", "type": "call.ended", "data": {"cause": "normal"}}]});
        let text = told(&call);
        assert!(text.contains("Money         payout 10.0000 (USD)"), "{text}");
        assert!(text.contains("now  call.ended  {\"cause\":\"normal\"}"), "{text}");
        assert!(text.contains("\n\nLegs\n") && !text.contains("Recordings"), "{text}");
    }
}
