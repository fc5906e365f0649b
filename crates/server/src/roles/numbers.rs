//! `hopwhistle numbers audit`: what providers hold against what tenants have, by the API.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::{Client, Method, Url};
use serde_json::Value;

use crate::config::Config;

/// Providers with many numbers are read page by page.
const AUDIT_TIMEOUT: Duration = Duration::from_secs(300);

/// Compares what the providers hold with what the tenants have. Exit code 1 when something differs and was not repaired.
#[derive(Debug, Args)]
pub struct AuditArguments {
    /// One provider only: signalwire, telnyx, bandwidth.
    #[arg(long)]
    provider: Option<String>,
    /// One tenant only: its id.
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// Repair what can be.
    #[arg(long)]
    repair: bool,
    /// The API's address. Default: the configured port on this machine.
    #[arg(long, env = "HOPWHISTLE_API_URL", value_name = "URL")]
    api: Option<String>,
    /// Key with the scope platform:admin.
    #[arg(long, env = "HOPWHISTLE_API_KEY", hide_env_values = true)]
    key: String,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

/// Asks the API and prints a table.
pub fn audit(config: &Config, arguments: &AuditArguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(ask(config, arguments))?;
    let differences = report["data"].as_array().cloned().unwrap_or_default();
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else if differences.is_empty() {
        println!("Providers and tenants agree.");
    } else {
        print!("{}", table(&differences));
    }
    let is_open = differences.iter().any(|one| one["repaired"] != true);
    Ok(if is_open { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn table(differences: &[Value]) -> String {
    let mut text = format!("{:<17} {:<12} {:<14} {:<9} {}\n", "NUMBER", "PROVIDER", "DIFFERENCE", "REPAIRED", "TENANT");
    for one in differences {
        let word = |name: &str| one[name].as_str().unwrap_or("-").to_owned();
        let repaired = if one["repaired"] == true { "yes" } else { "no" };
        let (number, provider, difference) = (word("number"), word("provider"), word("difference"));
        text += &format!("{number:<17} {provider:<12} {difference:<14} {repaired:<9} {}\n", word("tenantId"));
    }
    text
}

async fn ask(config: &Config, arguments: &AuditArguments) -> anyhow::Result<Value> {
    let own = format!("http://{}", config.advertised(config.api.port));
    let base = arguments.api.as_deref().unwrap_or(&own).trim_end_matches('/');
    let mut url = Url::parse(&format!("{base}/admin/api/v1/numbers/audit")).context("--api")?;
    for (name, value) in [("provider", &arguments.provider), ("tenantId", &arguments.tenant)] {
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    let method = if arguments.repair { Method::POST } else { Method::GET };
    let client = Client::builder().timeout(AUDIT_TIMEOUT).build()?;
    let request = client.request(method, url).header("x-api-key", &arguments.key);
    let response = request.send().await.with_context(|| format!("{base} does not answer; name the API with --api"))?;
    let status = response.status();
    let answer: Value = serde_json::from_slice(&response.bytes().await?).context("the answer is not JSON")?;
    if !status.is_success() {
        bail!("{status}: {}", answer["error"]["message"].as_str().unwrap_or("refused"));
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_for_each_difference() {
        let one = json!({"number": "+12125550123", "provider": "telnyx", "difference": "missing_there", "repaired": true,
            "tenantId": null});
        let text = table(&[one]);
        let line = text.lines().nth(1).unwrap_or("");
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words, ["+12125550123", "telnyx", "missing_there", "yes", "-"]);
    }
}
