//! `hopwhistle copy`: all data from SQLite into another database.

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use store::{COPY_ROWS, StoreConfig, copy};

use crate::clock::Clock;
use crate::config::{Config, shown};
use crate::secrets;

/// From where, and to where.
#[derive(Debug, clap::Args)]
pub struct CopyArguments {
    /// The database to read, `sqlite:///path/to/file`. Default: `hopwhistle.db` in the data folder.
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// The database to fill, `postgres://user:password@host/database`; made when missing, and empty otherwise.
    #[arg(long, value_name = "URL")]
    to: String,
}

/// Copies and compares. Cut off, the same command goes on where it was.
pub fn run(config: &Config, arguments: &CopyArguments) -> anyhow::Result<()> {
    let file = || format!("sqlite://{}", config.data.join("hopwhistle.db").display());
    let from = arguments.from.clone().unwrap_or_else(file);
    let (source, target) = (shown(&from), shown(&arguments.to));
    let bar = ProgressBar::new(0);
    let template = "{msg:<28} {bar:30} {percent:>3} %  {pos}/{len} rows  {eta} left";
    bar.set_style(ProgressStyle::with_template(template).context("progress")?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (from, to) =
        (StoreConfig::new(from, secrets::entropy()?), StoreConfig::new(&arguments.to, secrets::entropy()?));
    let copied = runtime.block_on(copy(&from, &to, COPY_ROWS, Clock::start().now(), |progress| {
        bar.set_length(progress.rows_total);
        bar.set_position(progress.rows);
        let what = if progress.is_comparing { "comparing" } else { "copying" };
        bar.set_message(format!("{what} {}", progress.table));
        true
    }));
    bar.finish_and_clear();
    let (tables, rows) = copied.with_context(|| format!("copying {source} to {target}"))?;
    println!("{rows} rows of {tables} tables are in {target}, and were compared with {source}.");
    println!("Start the platform with DATABASE_URL={target}");
    Ok(())
}
