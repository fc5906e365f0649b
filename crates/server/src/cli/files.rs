//! `hopwhistle ... import` and `export`: files of CSV and JSON lines, sent and written as they are read.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use reqwest::{Body, Response};
use serde_json::Value;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::client::Client;
use super::list::{List, Narrowing};
use super::{ApiArguments, Usage, output};

/// Of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Csv,
    Jsonl,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Jsonl => "application/x-ndjson",
        }
    }
}

/// Adds what a file holds. Exit code 1 when a row was refused.
#[derive(Debug, Args)]
pub struct ImportArguments {
    #[command(flatten)]
    pub api: ApiArguments,
    /// CSV under a heading of member names, or JSON lines; `-` is standard input.
    file: PathBuf,
    /// What the file holds. Default: what its ending says.
    #[arg(long)]
    format: Option<Format>,
    /// Stop at the first faulty row; what came before stays.
    #[arg(long)]
    stop: bool,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

pub async fn import(client: &Client, list: List, arguments: &ImportArguments) -> anyhow::Result<bool> {
    let is_standard_input = arguments.file.as_os_str() == "-";
    let Some(format) = arguments.format.or_else(|| Format::of(&arguments.file)) else {
        let message = format!("{}: say what it holds with --format csv or --format jsonl", arguments.file.display());
        return Err(Usage(message).into());
    };
    let path = if is_standard_input { Path::new("/dev/stdin") } else { &arguments.file };
    let file = File::open(path).await.with_context(|| arguments.file.display().to_string())?;
    let on_error = if arguments.stop { "stop" } else { "continue" };
    let parameters =
        [("onError".to_owned(), on_error.to_owned()), ("dryRun".to_owned(), arguments.dry_run.to_string())];
    let report = client.upload(&format!("{}/import", list.path), &parameters, format.kind(), Body::from(file)).await?;
    if arguments.api.json {
        output::line(&report.to_string())?;
    } else {
        output::line(&told(&report))?;
    }
    Ok(report["failed"] == 0 && report["stopped"] == false)
}

fn told(report: &Value) -> String {
    let count = |name: &str| report[name].as_u64().unwrap_or(0);
    let (done, kept) = if report["dryRun"] == true { ("would be imported", "(dry run)") } else { ("imported", "") };
    let (imported, unchanged, failed) = (count("imported"), count("unchanged"), count("failed"));
    let mut text = format!("{imported} {done}, {unchanged} unchanged, {failed} failed {kept}").trim_end().to_owned();
    let errors: &[Value] = report["errors"].as_array().map_or(&[], Vec::as_slice);
    if !errors.is_empty() {
        let row = |error: &Value| ["line", "field", "message"].map(|name| output::cell(error, name)).to_vec();
        let rows: Vec<Vec<String>> = errors.iter().map(row).collect();
        text = format!("{text}\n\n{}", output::table(&["LINE", "FIELD", "FAULT"], &rows));
    }
    if report["stopped"] == true {
        text.push_str("\n\nStopped there: the rest of the file was not read.");
    }
    text
}

/// Writes the whole list.
#[derive(Debug, Args)]
pub struct ExportArguments {
    #[command(flatten)]
    pub api: ApiArguments,
    #[command(flatten)]
    narrowing: Narrowing,
    /// Where to. Default: standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Default: what the file's ending says, else CSV (JSON lines with --json).
    #[arg(long)]
    format: Option<Format>,
}

pub async fn export(client: &Client, list: List, arguments: &ExportArguments) -> anyhow::Result<bool> {
    let usual = if arguments.api.json { Format::Jsonl } else { Format::Csv };
    let by_name = arguments.output.as_deref().and_then(Format::of);
    let format = arguments.format.or(by_name).unwrap_or(usual);
    let mut parameters = arguments.narrowing.parameters();
    let word = if format == Format::Csv { "csv" } else { "jsonl" };
    parameters.push(("format".to_owned(), word.to_owned()));
    let response = client.download(&format!("{}/export", list.path), &parameters).await?;
    let Some(path) = &arguments.output else {
        return print(response).await.map(|()| true);
    };
    // A part of a list must not be taken for the whole: the name is given when it is complete.
    let mut part = path.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = write(response, &part).await.with_context(|| path.display().to_string());
    if let Err(error) = written {
        // Perhaps it was never made.
        drop(tokio::fs::remove_file(&part).await);
        return Err(error);
    }
    tokio::fs::rename(&part, path).await.with_context(|| path.display().to_string())?;
    Ok(true)
}

async fn write(mut response: Response, path: &Path) -> anyhow::Result<()> {
    let mut file = File::create(path).await?;
    while let Some(piece) = response.chunk().await.context("the export broke off")? {
        file.write_all(&piece).await?;
    }
    Ok(file.sync_all().await?)
}

async fn print(mut response: Response) -> anyhow::Result<()> {
    use std::io::Write as _;
    while let Some(piece) = response.chunk().await.context("the export broke off")? {
        let mut out = std::io::stdout().lock();
        out.write_all(&piece)?;
        out.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_names_each_faulty_line() {
        let report = json!({"imported": 2, "unchanged": 1, "failed": 1, "dryRun": true, "stopped": true,
            "errors": [{"line": 4, "field": "number", "message": "is required"}]});
        let text = told(&report);
        assert!(text.starts_with("2 would be imported, 1 unchanged, 1 failed (dry run)\n\nLINE  FIELD"), "{text}");
        assert!(text.contains("\n4     number  is required\n") && text.contains("not read"), "{text}");
    }

    #[test]
    fn the_ending_says_what_a_file_holds() {
        for (name, format) in
            [("a.CSV", Some(Format::Csv)), ("a.ndjson", Some(Format::Jsonl)), ("a.json", None), ("-", None)]
        {
            assert_eq!(Format::of(Path::new(name)), format, "{name}");
        }
    }
}
