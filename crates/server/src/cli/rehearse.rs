//! `hopwhistle flows try`: a flow without a telephone.

use std::io::BufRead as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::list::List;
use super::make::id_of;
use super::{ApiArguments, Usage, output};

/// Tries a flow.
#[derive(Debug, Args)]
pub struct TryArguments {
    #[command(flatten)]
    pub api: ApiArguments,
    /// A file (JSON or YAML), or the name, key or id of a flow that is kept.
    flow: String,
    /// What happens, in this order: digits (`1`, `42#`), or the event's name, with a value where it has one: prompt.finished,
    /// timer.fired, offer.connected, offer.failed=ALL_BUSY, bridge.ended=90, queue.full, call.ended ...
    #[arg(value_name = "EVENT", allow_hyphen_values = true)]
    events: Vec<String>,
    /// Go on by lines of standard input, an event each.
    #[arg(short, long)]
    interactive: bool,
    /// Which version; else the published one, or the newest draft.
    #[arg(long = "flow-version", value_name = "N")]
    version: Option<u32>,
    /// Who calls.
    #[arg(long, value_name = "NUMBER")]
    from: Option<String>,
    /// Which number was dialled.
    #[arg(long, value_name = "NUMBER")]
    to: Option<String>,
    /// Name or id of the campaign.
    #[arg(long, value_name = "CAMPAIGN")]
    campaign: Option<String>,
    /// When the call begins: 2026-11-23T17:00:00-05:00.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

pub async fn rehearse(client: &Client, arguments: &TryArguments) -> anyhow::Result<bool> {
    let mut order = json!({});
    let path = Path::new(&arguments.flow);
    if path.is_file() {
        if arguments.version.is_some() {
            return Err(Usage("--flow-version is of a flow that is kept".to_owned()).into());
        }
        order["document"] = document_of(path)?;
    } else {
        order["flowId"] = id_of(client, List::FLOWS.path, &arguments.flow).await?.into();
    }
    if let Some(campaign) = &arguments.campaign {
        order["campaignId"] = id_of(client, List::CAMPAIGNS.path, campaign).await?.into();
    }
    let texts = [("from", &arguments.from), ("to", &arguments.to), ("at", &arguments.at)];
    for (member, text) in texts {
        if let Some(text) = text {
            order[member] = text.as_str().into();
        }
    }
    if let Some(version) = arguments.version {
        order["version"] = version.into();
    }
    order["events"] = arguments.events.iter().map(|text| event_of(text)).collect::<anyhow::Result<Vec<_>>>()?.into();
    let mut shown = 0;
    let mut rehearsal = client.post(&format!("{}/execute", List::FLOWS.path), &order).await?;
    show(&arguments.api, &rehearsal, &mut shown)?;
    if arguments.interactive {
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            let event = match line.trim() {
                "" => continue,
                text => event_of(text)?,
            };
            let body = json!({"run": rehearsal["run"], "event": event});
            match client.post(&format!("{}/events", List::FLOWS.path), &body).await {
                Ok(next) => rehearsal = next,
                Err(refused) => {
                    eprintln!("{refused:#}");
                    continue;
                }
            }
            show(&arguments.api, &rehearsal, &mut shown)?;
            if rehearsal["state"] == "ENDED" {
                break;
            }
        }
    }
    Ok(true)
}

fn document_of(path: &Path) -> anyhow::Result<Value> {
    let name = path.display();
    let bytes = std::fs::read(path).with_context(|| name.to_string())?;
    let is_yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    let parsed = if is_yaml { flow::parse_yaml(&bytes) } else { flow::parse_json(&bytes) };
    match parsed {
        Ok(document) => Ok(document.to_value()),
        Err(faults) => {
            let lines: Vec<String> = faults.iter().map(|fault| format!("\n  {fault}")).collect();
            bail!("{name} is no flow:{}", lines.concat())
        }
    }
}

/// `42#`, `timer.fired`, `offer.failed=BUSY`.
fn event_of(text: &str) -> anyhow::Result<Value> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'#' | b'A'..=b'D');
    if !text.is_empty() && text.bytes().all(is_digit) {
        return Ok(json!({"type": "dtmf.received", "digits": text}));
    }
    let Some((kind, value)) = text.split_once('=') else { return Ok(json!({"type": text})) };
    match kind {
        "dtmf.received" => Ok(json!({"type": kind, "digits": value})),
        "offer.failed" => Ok(json!({"type": kind, "reason": value})),
        "bridge.ended" | "queue.ended" => {
            let seconds: u32 = value.parse().map_err(|_| Usage(format!("{text:?}: write it in seconds, as 90")))?;
            Ok(json!({"type": kind, "connectedSeconds": seconds}))
        }
        _ => Err(Usage(format!("{text:?}: only digits, reasons and seconds are values of events")).into()),
    }
}

/// The steps not shown yet, then where it waits.
fn show(api: &ApiArguments, rehearsal: &Value, shown: &mut u64) -> anyhow::Result<()> {
    if api.json {
        return output::line(&rehearsal.to_string());
    }
    let steps = rehearsal["steps"].as_array().map_or(&[][..], Vec::as_slice);
    let left_out = rehearsal["stepsLeftOut"].as_u64().unwrap_or(0);
    let known = usize::try_from(shown.saturating_sub(left_out)).unwrap_or(usize::MAX);
    for step in steps.iter().skip(known) {
        output::line(&told(step))?;
    }
    *shown = left_out.saturating_add(steps.len() as u64);
    let cell = |member: &str| output::cell(rehearsal, member);
    if rehearsal["state"] == "ENDED" {
        return output::line(&format!(
            "ended: {}",
            if rehearsal["cause"].is_null() { "the caller hung up".to_owned() } else { cell("cause") }
        ));
    }
    let waits = rehearsal["waitsFor"].as_array().map_or(&[][..], Vec::as_slice);
    let waits: Vec<String> = waits.iter().filter_map(Value::as_str).map(output::plain).collect();
    output::line(&format!("waits at {} for {}", cell("node"), waits.join(", ")))
}

fn told(step: &Value) -> String {
    let kind = output::cell(step, "type");
    let members = step.as_object().into_iter().flatten().filter(|(name, _)| *name != "at" && *name != "type");
    let members: Vec<String> = members.map(|(name, _)| format!("{name}={}", output::cell(step, name))).collect();
    let time = output::cell(step, "at");
    format!("{}  {kind:<17} {}", time.get(11..19).unwrap_or(&time), members.join(" ")).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written_short() -> anyhow::Result<()> {
        assert_eq!(event_of("42#")?, json!({"type": "dtmf.received", "digits": "42#"}));
        assert_eq!(event_of("timer.fired")?, json!({"type": "timer.fired"}));
        assert_eq!(event_of("offer.failed=DECLINED")?, json!({"type": "offer.failed", "reason": "DECLINED"}));
        assert_eq!(event_of("bridge.ended=90")?, json!({"type": "bridge.ended", "connectedSeconds": 90}));
        for wrong in ["bridge.ended=long", "call.ended=1"] {
            assert!(event_of(wrong).is_err_and(|error| error.is::<Usage>()), "{wrong}");
        }
        Ok(())
    }

    #[test]
    fn a_step_is_a_line() {
        let step = json!({"at": "2026-11-23T16:00:05.000000Z", "type": "node.left", "node": "menu", "outcome": "1"});
        assert_eq!(told(&step), "16:00:05  node.left         node=menu outcome=1");
    }
}
