//! `hopwhistle flows`: documents in, published versions out.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::json;

use super::client::Client;
use super::list::{List, ListArguments};
use super::rehearse::TryArguments;
use super::{ApiArguments, output};

/// `hopwhistle flows`.
#[derive(Debug, Subcommand)]
pub enum FlowsCommand {
    /// List flows.
    List(ListArguments),
    /// Save a flow from a file (JSON or YAML) and publish it: calls that come from then on run it.
    Publish(PublishArguments),
    /// Try a flow without a telephone: say what happens, and see what it would do. Nobody is called.
    Try(TryArguments),
}

/// Publishes a flow.
#[derive(Debug, Args)]
pub struct PublishArguments {
    #[command(flatten)]
    pub api: ApiArguments,
    /// The document.
    file: PathBuf,
    /// Save it as a draft only.
    #[arg(long)]
    draft: bool,
}

pub async fn publish(client: &Client, arguments: &PublishArguments) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(&arguments.file).with_context(|| arguments.file.display().to_string())?;
    let is_yaml = arguments.file.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    let kind = if is_yaml { "application/yaml" } else { "application/json" };
    let mut saved = client.upload(List::FLOWS.path, &[], kind, text.into()).await?;
    if !arguments.draft {
        let (id, version) = (output::cell(&saved, "id"), output::cell(&saved, "version"));
        saved = client.post(&format!("{}/{id}/versions/{version}/publish", List::FLOWS.path), &json!({})).await?;
    }
    if arguments.api.json {
        return output::line(&saved.to_string());
    }
    let state = if arguments.draft { "saved" } else { "published" };
    let cell = |name: &str| output::cell(&saved, name);
    output::line(&format!("{} version {} {state}  {}", cell("flow.name"), cell("version"), cell("id")))
}
