//! The binary `hopwhistle`: reads the configuration and starts one role or all of them.

mod alerts;
mod chores;
mod cli;
mod clock;
mod config;
mod consent;
mod mail;
mod metrics;
mod people;
mod probes;
mod recordings;
mod roles;
mod secrets;
mod sellers;
mod shared;
mod voice;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::cli::{
    AcceptArguments, ApiCommand, BudgetCommand, BuyersCommand, CallsCommand, DirectoryCommand, FlowsCommand,
    KeysCommand, List, NumbersCommand, Question, RegistryCommand, TenantsCommand, UsersCommand,
};
use crate::config::Config;
use crate::roles::up::Roles;

/// A call is thousands of small allocations by several threads: a tenth of its time goes here (docs/adr/0101).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Call tracking and pay-per-call routing, in one binary.
#[derive(Debug, Parser)]
#[command(name = "hopwhistle", version, about)]
struct Cli {
    /// Configuration file. Default: hopwhistle.toml in the current folder, if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder: database, recordings, secrets.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Added to every port, so that several platforms can run side by side.
    #[arg(long, global = true, value_name = "N")]
    port_offset: Option<u16>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every role in one process.
    Up {
        /// Loopback only, with a demo tenant, numbers, flows, buyers and a user.
        #[arg(long)]
        demo: bool,
    },
    /// The border for SIP only: admits, authenticates, forwards (the Kamailio role).
    Edge,
    /// Call control and its media only (the FreeSWITCH role).
    Switch,
    /// Media alone, for proxies that speak rtpengine's ng protocol (the RTPEngine role).
    Relay,
    /// The HTTP API only.
    Api,
    /// The web application only.
    Web,
    /// Background work only.
    Worker,
    /// The demo's tenant and its buyers alone, for roles that run apart on this machine.
    Demo,
    /// Call a number as a carrier would, and report what was heard.
    Call(roles::call::CallArguments),
    /// Copy all data from SQLite into another database. Stop the platform first.
    Copy(roles::copy::CopyArguments),
    /// Bring the database's schema up to date, or show what is to come.
    Migrate(roles::migrate::MigrateArguments),
    /// Who stands above tenants.
    Operator {
        #[command(subcommand)]
        what: people::OperatorCommand,
    },
    /// Telephone numbers: list, create, import, export, compare with their providers.
    Numbers {
        #[command(subcommand)]
        what: NumbersCommand,
    },
    /// Campaigns: list, create.
    Campaigns {
        #[command(subcommand)]
        what: RegistryCommand,
    },
    /// Carriers: list, create.
    Carriers {
        #[command(subcommand)]
        what: RegistryCommand,
    },
    /// Trunks: list, create.
    Trunks {
        #[command(subcommand)]
        what: RegistryCommand,
    },
    /// Flows: list, publish.
    Flows {
        #[command(subcommand)]
        what: FlowsCommand,
    },
    /// Tenants: list, create. For operators.
    Tenants {
        #[command(subcommand)]
        what: TenantsCommand,
    },
    /// People: list, invite.
    Users {
        #[command(subcommand)]
        what: UsersCommand,
    },
    /// API keys: list, create.
    Keys {
        #[command(subcommand)]
        what: KeysCommand,
    },
    /// Choose a password with the link of an invitation or a reset.
    Accept(AcceptArguments),
    /// Publishers: list, create, import, export.
    Publishers {
        #[command(subcommand)]
        what: DirectoryCommand,
    },
    /// Buyers: list, create, import, export; their endpoints.
    Buyers {
        #[command(subcommand)]
        what: BuyersCommand,
    },
    /// Leads: list, create, import, export.
    Leads {
        #[command(subcommand)]
        what: DirectoryCommand,
    },
    /// Calls: list, show, follow, export.
    Calls {
        #[command(subcommand)]
        what: CallsCommand,
    },
    /// What the tenant may spend and who is told: show, set, alerts.
    Budget {
        #[command(subcommand)]
        what: BudgetCommand,
    },
    /// The audit log.
    Audit {
        #[command(subcommand)]
        what: people::AuditCommand,
    },
    /// The configuration in force, secrets left out; `template` documents every setting.
    Config {
        #[command(subcommand)]
        what: Option<ConfigCommand>,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// A commented template of all settings.
    Template,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("hopwhistle: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn install_crypto() -> anyhow::Result<()> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("another TLS provider is installed"))
}

fn over_api(config: &Config, command: &ApiCommand) -> anyhow::Result<ExitCode> {
    install_crypto()?;
    cli::run(config, command)
}

fn up(config: Config, roles: Roles, demo: bool) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log_level).context("log_level")?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    install_crypto()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("tokio").build()?;
    let result = runtime.block_on(roles::up::run(config, roles, demo));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    result
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let mut config = Config::load(cli.config.as_deref())?;
    if let Some(data) = cli.data {
        config.data = data;
    }
    if let Some(offset) = cli.port_offset {
        config.port_offset = offset;
    }
    match cli.command {
        Command::Up { demo } => up(config, Roles::ALL, demo)?,
        Command::Edge => up(config, Roles { edge: true, ..Roles::NONE }, false)?,
        Command::Switch => up(config, Roles { switch: true, ..Roles::NONE }, false)?,
        Command::Relay => up(config, Roles { relay: true, ..Roles::NONE }, false)?,
        Command::Api => up(config, Roles { api: true, ..Roles::NONE }, false)?,
        Command::Web => up(config, Roles { web: true, ..Roles::NONE }, false)?,
        Command::Worker => up(config, Roles { worker: true, ..Roles::NONE }, false)?,
        Command::Demo => up(config, Roles::NONE, true)?,
        Command::Call(arguments) => return roles::call::run(&config, &arguments),
        Command::Audit { what } => people::audit(&config, &what)?,
        Command::Copy(arguments) => {
            install_crypto()?;
            roles::copy::run(&config, &arguments)?;
        }
        Command::Migrate(arguments) => roles::migrate::run(&config, &arguments)?,
        Command::Operator { what } => people::run(&config, &what)?,
        Command::Numbers { what: NumbersCommand::Audit(arguments) } => {
            install_crypto()?;
            return roles::numbers::audit(&config, &arguments);
        }
        Command::Numbers { what: NumbersCommand::List(arguments) } => {
            return over_api(&config, &ApiCommand::List(List::NUMBERS, arguments));
        }
        Command::Numbers { what: NumbersCommand::Import(arguments) } => {
            return over_api(&config, &ApiCommand::Import(List::NUMBERS, arguments));
        }
        Command::Numbers { what: NumbersCommand::Export(arguments) } => {
            return over_api(&config, &ApiCommand::Export(List::NUMBERS, arguments));
        }
        Command::Numbers { what: NumbersCommand::Cnam(arguments) } => {
            return over_api(&config, &ApiCommand::LookUp(Question::CallerName, arguments));
        }
        Command::Numbers { what: NumbersCommand::Carrier(arguments) } => {
            return over_api(&config, &ApiCommand::LookUp(Question::Carrier, arguments));
        }
        Command::Numbers { what: NumbersCommand::Create(arguments) } => {
            return over_api(&config, &ApiCommand::Create(List::NUMBERS, arguments));
        }
        Command::Campaigns { what } => return over_api(&config, &ApiCommand::of_registry(List::CAMPAIGNS, what)),
        Command::Carriers { what } => return over_api(&config, &ApiCommand::of_registry(List::CARRIERS, what)),
        Command::Trunks { what } => return over_api(&config, &ApiCommand::of_registry(List::TRUNKS, what)),
        Command::Flows { what } => return over_api(&config, &what.into()),
        Command::Tenants { what } => return over_api(&config, &what.into()),
        Command::Users { what } => return over_api(&config, &what.into()),
        Command::Keys { what } => return over_api(&config, &what.into()),
        Command::Accept(arguments) => return over_api(&config, &ApiCommand::Accept(arguments)),
        Command::Publishers { what } => return over_api(&config, &ApiCommand::of(List::PUBLISHERS, what)),
        Command::Buyers { what } => return over_api(&config, &what.into()),
        Command::Leads { what } => return over_api(&config, &ApiCommand::of(List::LEADS, what)),
        Command::Calls { what } => return over_api(&config, &what.into()),
        Command::Budget { what } => return over_api(&config, &ApiCommand::Budget(what)),
        Command::Config { what: Some(ConfigCommand::Template) } => {
            println!("{}", Config::template());
        }
        Command::Config { what: None } => {
            println!("{}", serde_json::to_string_pretty(&config)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}
