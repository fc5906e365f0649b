//! The platform from the command line, over its HTTP API (docs/cli.md).

mod budget;
mod calls;
mod client;
mod files;
mod flows;
mod list;
mod lookups;
mod make;
mod output;
mod people;
mod rehearse;
mod tail;

use std::process::ExitCode;

use clap::{Args, Subcommand};

pub use self::budget::BudgetCommand;
use self::client::{Client, Credential};
use self::files::{ExportArguments, ImportArguments};
pub use self::flows::FlowsCommand;
pub use self::list::List;
use self::list::ListArguments;
pub use self::lookups::Question;
use self::make::{CreateArguments, EndpointArguments};
pub use self::people::{AcceptArguments, KeysCommand, TenantsCommand, UsersCommand};
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
    /// Add a number of your own (number=+1..., campaignId=NAME).
    Create(CreateArguments),
    /// Tell the name a number's calls show. Where it is not known, a provider is asked for money.
    Cnam(lookups::LookupArguments),
    /// Tell whose network a number is in. Where it is not known, a provider is asked for money.
    Carrier(lookups::LookupArguments),
    /// Compare what the providers hold with what the tenants have.
    Audit(AuditArguments),
}

/// `hopwhistle leads`, `publishers`.
#[derive(Debug, Subcommand)]
pub enum DirectoryCommand {
    /// Add one (code=..., name=...).
    Create(CreateArguments),
    /// List them.
    List(ListArguments),
    /// Add them from a file of CSV or JSON lines.
    Import(ImportArguments),
    /// Write all of them as CSV or JSON lines.
    Export(ExportArguments),
}

/// `hopwhistle buyers`.
#[derive(Debug, Subcommand)]
pub enum BuyersCommand {
    /// Add where a buyer takes calls, and on what terms (type=SIP destination=sip:... terms:='{"revenue":"20"}').
    AddEndpoint(EndpointArguments),
    #[command(flatten)]
    Directory(DirectoryCommand),
}

/// `hopwhistle campaigns`, `carriers`, `trunks`.
#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    /// List them.
    List(ListArguments),
    /// Add one (name=...; references by code or name: publisherId=SKYLINE).
    Create(CreateArguments),
}

/// `hopwhistle calls`.
#[derive(Debug, Subcommand)]
pub enum CallsCommand {
    /// List calls, newest first.
    List(ListArguments),
    /// Show a call with its legs, its timeline and its money.
    Show(calls::ShowArguments),
    /// Call somebody: the campaign's flow runs with whoever answers.
    Dial(calls::DialArguments),
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
    Create(List, CreateArguments),
    AddEndpoint(EndpointArguments),
    Show(calls::ShowArguments),
    Dial(calls::DialArguments),
    Tail(tail::TailArguments),
    LookUp(lookups::Question, lookups::LookupArguments),
    Publish(flows::PublishArguments),
    Try(rehearse::TryArguments),
    CreateTenant(people::CreateTenantArguments),
    Invite(people::InviteArguments),
    CreateKey(people::CreateKeyArguments),
    Accept(AcceptArguments),
    Budget(BudgetCommand),
}

impl ApiCommand {
    /// Of a list that is filled one by one.
    pub fn of_registry(list: List, command: RegistryCommand) -> Self {
        match command {
            RegistryCommand::List(arguments) => Self::List(list, arguments),
            RegistryCommand::Create(arguments) => Self::Create(list, arguments),
        }
    }

    /// Of a list that can be filled from a file.
    pub fn of(list: List, command: DirectoryCommand) -> Self {
        match command {
            DirectoryCommand::Create(arguments) => Self::Create(list, arguments),
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
            Self::Create(_, arguments) => &arguments.api,
            Self::AddEndpoint(arguments) => arguments.api(),
            Self::Show(arguments) => &arguments.api,
            Self::Dial(arguments) => &arguments.api,
            Self::Tail(arguments) => &arguments.api,
            Self::LookUp(_, arguments) => &arguments.api,
            Self::Publish(arguments) => &arguments.api,
            Self::Try(arguments) => &arguments.api,
            Self::CreateTenant(arguments) => &arguments.create.api,
            Self::Invite(arguments) => &arguments.api,
            Self::CreateKey(arguments) => &arguments.api,
            Self::Accept(arguments) => &arguments.api,
            Self::Budget(command) => command.api(),
        }
    }

    /// Whether it is for somebody who has no key yet.
    fn is_keyless(&self) -> bool {
        matches!(self, Self::Accept(_)) || matches!(self, Self::CreateKey(arguments) if arguments.signs_in())
    }
}

impl From<BuyersCommand> for ApiCommand {
    fn from(command: BuyersCommand) -> Self {
        match command {
            BuyersCommand::AddEndpoint(arguments) => Self::AddEndpoint(arguments),
            BuyersCommand::Directory(command) => Self::of(List::BUYERS, command),
        }
    }
}

impl From<FlowsCommand> for ApiCommand {
    fn from(command: FlowsCommand) -> Self {
        match command {
            FlowsCommand::List(arguments) => Self::List(List::FLOWS, arguments),
            FlowsCommand::Publish(arguments) => Self::Publish(arguments),
            FlowsCommand::Try(arguments) => Self::Try(arguments),
        }
    }
}

impl From<TenantsCommand> for ApiCommand {
    fn from(command: TenantsCommand) -> Self {
        match command {
            TenantsCommand::List(arguments) => Self::List(List::TENANTS, arguments),
            TenantsCommand::Create(arguments) => Self::CreateTenant(arguments),
        }
    }
}

impl From<UsersCommand> for ApiCommand {
    fn from(command: UsersCommand) -> Self {
        match command {
            UsersCommand::List(arguments) => Self::List(List::USERS, arguments),
            UsersCommand::Invite(arguments) => Self::Invite(arguments),
        }
    }
}

impl From<KeysCommand> for ApiCommand {
    fn from(command: KeysCommand) -> Self {
        match command {
            KeysCommand::List(arguments) => Self::List(List::KEYS, arguments),
            KeysCommand::Create(arguments) => Self::CreateKey(arguments),
        }
    }
}

impl From<CallsCommand> for ApiCommand {
    fn from(command: CallsCommand) -> Self {
        match command {
            CallsCommand::List(arguments) => Self::List(List::CALLS, arguments),
            CallsCommand::Show(arguments) => Self::Show(arguments),
            CallsCommand::Dial(arguments) => Self::Dial(arguments),
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
    let outcome = client_of(config, command).and_then(|client| runtime.block_on(done(&client, command)));
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
        ApiCommand::Create(list, arguments) => make::create(client, *list, arguments).await.map(|_| true),
        ApiCommand::AddEndpoint(arguments) => make::endpoint(client, arguments).await.map(|()| true),
        ApiCommand::Publish(arguments) => flows::publish(client, arguments).await.map(|()| true),
        ApiCommand::Try(arguments) => rehearse::rehearse(client, arguments).await,
        ApiCommand::CreateTenant(arguments) => people::create_tenant(client, arguments).await.map(|()| true),
        ApiCommand::Invite(arguments) => people::invite(client, arguments).await.map(|()| true),
        ApiCommand::CreateKey(arguments) => people::create_key(client, arguments).await.map(|()| true),
        ApiCommand::Budget(command) => budget::run(client, command).await.map(|()| true),
        ApiCommand::Accept(arguments) => people::accept(client, arguments).await.map(|()| true),
        ApiCommand::Show(arguments) => calls::show(client, arguments).await,
        ApiCommand::Dial(arguments) => calls::dial(client, arguments).await.map(|()| true),
        ApiCommand::Tail(arguments) => tail::tail(client, arguments).await,
        ApiCommand::LookUp(question, arguments) => lookups::look_up(client, *question, arguments).await.map(|()| true),
    }
}

fn client_of(config: &Config, command: &ApiCommand) -> anyhow::Result<Client> {
    let arguments = command.api();
    let demo = DemoFile::read(&config.data).ok();
    let own = || format!("http://{}", config.advertised(config.api.port));
    let given = arguments.api_url.clone();
    let url = given.clone().or_else(|| demo.as_ref().map(|demo| demo.api_url.clone())).unwrap_or_else(own);
    if command.is_keyless() {
        return Client::new(&url, Credential::None);
    }
    // The demo's key opens the demo: it is not sent to any other platform.
    let demo_key = demo.filter(|demo| given.is_none_or(|given| given.trim_end_matches('/') == demo.api_url));
    let key = arguments.api_key.clone().or_else(|| demo_key.map(|demo| demo.api_key));
    let Some(key) = key else {
        let message =
            "no API key: give --api-key or set HOPWHISTLE_API_KEY (only the demo of this data folder needs none)";
        return Err(Usage(message.to_owned()).into());
    };
    Client::new(&url, Credential::Key(key))
}
