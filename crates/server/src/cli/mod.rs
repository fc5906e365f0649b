//! The platform from the command line, over its HTTP API (docs/cli.md).

mod calls;
mod client;
mod files;
mod list;
mod output;
mod tail;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use self::client::Client;
use self::files::{ExportArguments, ImportArguments};
pub use self::list::List;
use self::list::ListArguments;
use crate::config::Config;
use crate::roles::demo::DemoFile;
use crate::roles::numbers::AuditArguments;

/// Exit code of a command that could not be meant, as the one of arguments that cannot be read.
const USAGE: u8 = 2;

/// Which platform, as whom, and how to print.
#[derive(Debug, Args)]
pub struct ApiArguments {
    /// The API's address. Default: that of demo.json in the data folder, else the configured port on this machine.
    #[arg(long, env = "HOPWHISTLE_API_URL", value_name = "URL")]
    api_url: Option<String>,
    /// An API key. Default: that of demo.json in the data folder.
    #[arg(long, env = "HOPWHISTLE_API_KEY", hide_env_values = true, value_name = "KEY")]
    api_key: Option<String>,
    /// Print JSON, an object a line.
    #[arg(long)]
    json: bool,
}

/// `hopwhistle numbers`.
#[derive(Debug, Subcommand)]
pub enum NumbersCommand {
    /// List tracking numbers.
    List(ListArguments),
    /// Add numbers from a file of CSV or JSON lines.
    Import(ImportArguments),
    /// Write all numbers as CSV or JSON lines.
    Export(ExportArguments),
    /// Compare what the providers hold with what the tenants have.
    Audit(AuditArguments),
}

/// `hopwhistle leads`, `buyers`, `publishers`.
#[derive(Debug, Subcommand)]
pub enum DirectoryCommand {
    /// List them.
    List(ListArguments),
    /// Add them from a file of CSV or JSON lines.
    Import(ImportArguments),
    /// Write all of them as CSV or JSON lines.
    Export(ExportArguments),
}

/// `hopwhistle campaigns`.
#[derive(Debug, Subcommand)]
pub enum CampaignsCommand {
    /// List campaigns.
    List(ListArguments),
}

/// `hopwhistle calls`.
#[derive(Debug, Subcommand)]
pub enum CallsCommand {
    /// List calls, newest first.
    List(ListArguments),
    /// Show a call with its legs, its timeline and its money.
    Show(calls::ShowArguments),
    /// Print what happens, as it happens, a line an event.
    Tail(tail::TailArguments),
    /// Write all calls as CSV or JSON lines.
    Export(ExportArguments),
}

/// One of the commands, with what it is about.
#[derive(Debug)]
pub enum ApiCommand {
    List(List, ListArguments),
    Import(List, ImportArguments),
    Export(List, ExportArguments),
    Show(calls::ShowArguments),
    Tail(tail::TailArguments),
}

impl ApiCommand {
    /// Of a list that can be filled from a file.
    pub fn of(list: List, command: DirectoryCommand) -> Self {
        match command {
            DirectoryCommand::List(arguments) => Self::List(list, arguments),
            DirectoryCommand::Import(arguments) => Self::Import(list, arguments),
            DirectoryCommand::Export(arguments) => Self::Export(list, arguments),
        }
    }

    fn api(&self) -> &ApiArguments {
        match self {
            Self::List(_, arguments) => &arguments.api,
            Self::Import(_, arguments) => &arguments.api,
            Self::Export(_, arguments) => &arguments.api,
            Self::Show(arguments) => &arguments.api,
            Self::Tail(arguments) => &arguments.api,
        }
    }
}

impl From<CallsCommand> for ApiCommand {
    fn from(command: CallsCommand) -> Self {
        match command {
            CallsCommand::List(arguments) => Self::List(List::CALLS, arguments),
            CallsCommand::Show(arguments) => Self::Show(arguments),
            CallsCommand::Tail(arguments) => Self::Tail(arguments),
            CallsCommand::Export(arguments) => Self::Export(List::CALLS, arguments),
        }
    }
}

/// A command that could not be meant.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Runs a command. Exit code 0: done; 1: refused or failed, or not all of it done; 2: not meant so.
pub fn run(config: &Config, command: &ApiCommand) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = client_of(config, command.api()).and_then(|client| runtime.block_on(done(&client, command)));
    // A file that is still being read by a thread of the pool must not hold the process.
    runtime.shutdown_background();
    match outcome {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(ExitCode::FAILURE),
        // `| head` has seen enough.
        Err(error) if output::is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("hopwhistle: {error:#}");
            Ok(if error.is::<Usage>() { ExitCode::from(USAGE) } else { ExitCode::FAILURE })
        }
    }
}

/// Whether all of it was done.
async fn done(client: &Client, command: &ApiCommand) -> anyhow::Result<bool> {
    match command {
        ApiCommand::List(list, arguments) => list::list(client, *list, arguments).await,
        ApiCommand::Import(list, arguments) => files::import(client, *list, arguments).await,
        ApiCommand::Export(list, arguments) => files::export(client, *list, arguments).await,
        ApiCommand::Show(arguments) => calls::show(client, arguments).await,
        ApiCommand::Tail(arguments) => tail::tail(client, arguments).await,
    }
}

fn client_of(config: &Config, arguments: &ApiArguments) -> anyhow::Result<Client> {
    let demo = DemoFile::read(&config.data).ok();
    let own = || format!("http://{}", config.advertised(config.api.port));
    let given = arguments.api_url.clone();
    let url = given.clone().or_else(|| demo.as_ref().map(|demo| demo.api_url.clone())).unwrap_or_else(own);
    // The demo's key opens the demo: it is not sent to any other platform.
    let demo_key = demo.filter(|demo| given.is_none_or(|given| given.trim_end_matches('/') == demo.api_url));
    let key = arguments.api_key.clone().or_else(|| demo_key.map(|demo| demo.api_key));
    let Some(key) = key else {
        let message =
            "no API key: give --api-key or set HOPWHISTLE_API_KEY (only the demo of this data folder needs none)";
        return Err(Usage(message.to_owned()).into());
    };
    Client::new(&url, key)
}
