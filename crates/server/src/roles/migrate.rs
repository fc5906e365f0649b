//! `hopwhistle migrate`: the database's schema, shown or brought up to date without starting anything.

use anyhow::Context as _;
use store::{SchemaVersion, StoreConfig, migrate_to, schema_versions};

use crate::clock::Clock;
use crate::config::Config;
use crate::secrets;

/// What to do with the schema.
#[derive(Debug, clap::Args)]
pub struct MigrateArguments {
    /// Show which versions the database has and which are to come; write nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Applies what is to come, oldest version first, each in a transaction of its own. A running platform does the same when it starts.
pub fn run(config: &Config, arguments: &MigrateArguments) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = StoreConfig::new(config.database_url(), secrets::entropy()?);
        let context = || format!("database {}", config.database_shown());
        if arguments.dry_run {
            let versions = schema_versions(&store).await.with_context(context)?;
            versions.iter().for_each(print);
            let due = versions.iter().filter(|version| version.applied_at.is_none()).count();
            println!("{due} of {} versions are to come in {}", versions.len(), config.database_shown());
            return Ok(());
        }
        std::fs::create_dir_all(&config.data).with_context(|| format!("{}", config.data.display()))?;
        let ran = migrate_to(&store, None, Clock::start().now()).await.with_context(context)?;
        ran.iter().for_each(print);
        println!("{} versions applied; {} is up to date", ran.len(), config.database_shown());
        Ok(())
    })
}

fn print(version: &SchemaVersion) {
    let state = match version.applied_at {
        Some(at) => format!("applied {at}"),
        None => "to come".to_owned(),
    };
    println!("{:>4}  {:<28} {state}", version.version, version.name);
}
