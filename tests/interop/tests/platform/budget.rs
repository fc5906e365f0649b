//! What calls cost is compared with a budget, and people are told: once when it is nearly used up, once when it is.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{sleep, spawn};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use domain::Micros;
use interop::command::run_with;
use interop::figures::Figures;
use interop::platform::Platform;
use serde_json::{Value, json};

use crate::newcomer::operators_key;
use crate::{SECOND, one};

/// Alerts are noticed and told every five seconds each; the rest is for a busy machine.
const TOLD_WITHIN: Duration = Duration::from_secs(40);
/// Enough for several rounds more.
const ROUNDS: Duration = Duration::from_secs(12);

/// A webhook on this machine: takes what is posted, one at a time, and says so.
fn webhook() -> anyhow::Result<(String, Receiver<anyhow::Result<Value>>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}/services/T/B/secret", listener.local_addr()?);
    let (tell, heard) = channel();
    spawn(move || {
        for stream in listener.incoming() {
            let message = stream.map_err(Into::into).and_then(take);
            if tell.send(message).is_err() {
                return;
            }
        }
    });
    Ok((address, heard))
}

fn take(stream: TcpStream) -> anyhow::Result<Value> {
    stream.set_read_timeout(Some(SECOND * 10))?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")?;
    Ok(serde_json::from_slice(&body)?)
}

fn field<'m>(message: &'m Value, title: &str) -> &'m str {
    let fields = message["attachments"][0]["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    fields.iter().find(|field| field["title"] == title).and_then(|field| field["value"].as_str()).unwrap_or_default()
}

fn spent(budget: &Value) -> anyhow::Result<Micros> {
    budget["currentMonthSpend"].as_str().context("no spend")?.parse().map_err(anyhow::Error::msg)
}

pub fn is_told_of(platform: &mut Platform) -> anyhow::Result<()> {
    let key = operators_key(platform, "budgets")?;
    let operator = platform.api.with_key(&key);
    let (address, heard) = webhook()?;
    let me = platform.api.get("/auth/me")?;
    let tenant = me["tenant"]["id"].as_str().context("no tenant")?.to_owned();
    let path = format!("/admin/api/v1/tenants/{tenant}/budget");
    let set = |body: Value| -> anyhow::Result<Value> {
        let (status, budget) = operator.send("PATCH", &path, &body.to_string())?;
        ensure!(status == 200, "{status}: {budget}");
        Ok(budget)
    };
    let before = spent(&set(json!({"monthlyBudget": null, "dailyBudget": null, "alertSlackWebhook": address}))?)?;
    let call = one(platform, "caller_talks", "direct", SECOND * 3)?;
    let cost: Micros = call["money"]["cost"].as_str().context("no cost")?.parse().map_err(anyhow::Error::msg)?;
    ensure!(cost > Micros::ZERO, "the call cost nothing: {call}");
    let after = spent(&operator.get(&path)?)?;
    ensure!(after.0 - before.0 == cost.0, "{cost:?} were charged, {before:?} became {after:?}");

    // Half a call is left: more than half of the limit is used up, and the next call breaks it.
    let limit = Micros(after.0 + cost.0 / 2);
    set(json!({"monthlyBudget": limit.exact(), "alertThreshold": 50, "enabled": true}))?;
    let message = heard.recv_timeout(TOLD_WITHIN).context("nobody was told of the threshold")??;
    ensure!(field(&message, "Type") == "MONTHLY_THRESHOLD", "{message}");
    ensure!(field(&message, "Spend").ends_with(&after.exact()), "{message}");
    ensure!(field(&message, "Limit").ends_with(&limit.exact()), "{message}");
    ensure!(field(&message, "Tenant") == tenant, "{message}");

    let quiet = Figures::quiet(&platform.api)?;
    one(platform, "caller_talks", "direct", SECOND * 3)?;
    Figures::settled(&platform.api, &quiet, 1)?;
    let message = heard.recv_timeout(TOLD_WITHIN).context("nobody was told that it is used up")??;
    ensure!(field(&message, "Type") == "MONTHLY_EXCEEDED", "{message}");
    ensure!(message["attachments"][0]["color"] == "danger", "{message}");

    // Calls that come in go on, and nobody is told again.
    one(platform, "caller_talks", "direct", SECOND * 3)?;
    sleep(ROUNDS);
    if let Ok(message) = heard.try_recv() {
        anyhow::bail!("told once more: {}", message?);
    }
    let budget = operator.get(&path)?;
    let alerts = budget["alerts"].as_array().context("no alerts")?;
    let told: Vec<(&Value, &Value)> = alerts.iter().map(|alert| (&alert["type"], &alert["sentVia"])).collect();
    let slack = json!(["slack"]);
    ensure!(told == [(&json!("MONTHLY_EXCEEDED"), &slack), (&json!("MONTHLY_THRESHOLD"), &slack)], "{budget}");

    let types = |verb: &str, fields: &[&str]| -> anyhow::Result<String> {
        let data = platform.data().context("this platform was not started here")?;
        let slug = me["tenantSlug"].as_str().context("no slug")?;
        let who = [("HOPWHISTLE_API_URL", platform.demo.api_url.clone()), ("HOPWHISTLE_API_KEY", key.clone())];
        let mut words = vec!["budget", verb, "--tenant", slug];
        words.extend(fields);
        Ok(run_with(data, &who, &words)?.ended(0)?.out)
    };
    let shown = types("alerts", &[])?;
    ensure!(shown.lines().count() == 3 && shown.contains("MONTHLY_EXCEEDED"), "{shown}");
    let shown = types("show", &[])?;
    ensure!(shown.contains(&format!(" of {}\n", limit.exact())), "{shown}");
    let shown = types("set", &["monthlyBudget:=null", "alertSlackWebhook:=null", "alertThreshold:=80"])?;
    ensure!(shown.contains("This month") && shown.contains("no limit"), "{shown}");
    Ok(())
}
