//! `hopwhistle call`: a real phone call from the command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use media::tone::Tone;
use phone::voice::{DigitsBy, Step};

use super::demo::DemoFile;
use super::phone::{CallOptions, call};
use crate::clock::Clock;
use crate::config::Config;

/// What the caller says: a quiet tone, so that a recording has something in its channel.
const CALLER_TONE: &str = "tone:600,500/500,level=-20";
/// Longest a call from the command line may last, seconds.
const SECONDS_MAX: u64 = 3_600;

/// Calls a number of the platform as a carrier would, says a tone, presses keys, and reports what was heard.
#[derive(Debug, Args)]
pub struct CallArguments {
    /// A number, a name of demo.json (direct, ivr, busy ...), or a whole SIP URI.
    target: String,
    /// The caller's number.
    #[arg(long, default_value = "+13105550100")]
    from: String,
    /// Keys to press once answered: 0-9 * # A-D; a comma waits half a second.
    #[arg(long, value_name = "KEYS")]
    press: Option<String>,
    /// Press them by SIP INFO instead of RTP events (RFC 4733).
    #[arg(long)]
    info: bool,
    /// Wait so long after the answer before pressing, seconds.
    #[arg(long, default_value_t = 1.0)]
    press_after: f64,
    /// Hang up so long after the answer, seconds (1-3600).
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Give up when not answered so soon, seconds (1-3600).
    #[arg(long, default_value_t = 60)]
    wait: u64,
    /// Write what was heard into this WAV file.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// Makes the call. Exit code 0: answered and something was heard; 2: answered, only silence; 1: not answered.
pub fn run(config: &Config, arguments: &CallArguments) -> anyhow::Result<ExitCode> {
    for (name, value) in [("--seconds", arguments.seconds), ("--wait", arguments.wait)] {
        ensure!((1..=SECONDS_MAX).contains(&value), "{name} is {value}; it must be 1 to {SECONDS_MAX}");
    }
    ensure!((0.0..=60.0).contains(&arguments.press_after), "--press-after must be 0 to 60 seconds");
    let options = CallOptions {
        target: target_of(config, &arguments.target)?,
        from: arguments.from.clone(),
        credentials: None,
        steps: steps(arguments)?,
        lasts: Duration::from_secs(arguments.seconds),
        gives_up_after: Duration::from_secs(arguments.wait),
        save_heard: arguments.save.clone(),
    };
    let quiet = arguments.json;
    let outcome = call(Clock::start(), &options, |progress| {
        if !quiet {
            println!("{progress}");
        }
    })?;
    if quiet {
        println!("{}", serde_json::to_string_pretty(&outcome)?);
    } else {
        print!("\n{outcome}");
    }
    Ok(ExitCode::from(outcome.exit_code()))
}

fn steps(arguments: &CallArguments) -> anyhow::Result<Vec<Step>> {
    let tone = Tone::parse(CALLER_TONE)?.samples();
    let mut steps = Vec::new();
    if let Some(keys) = &arguments.press {
        let known = |key: char| key.is_ascii_digit() || matches!(key, '*' | '#' | ',' | 'A'..='D');
        ensure!(keys.chars().all(known), "--press {keys:?}: keys are 0-9 * # A-D, and a comma to wait");
        steps.push(Step::RepeatFor(tone.clone(), Duration::from_secs_f64(arguments.press_after)));
        let by = if arguments.info { DigitsBy::Info } else { DigitsBy::Rfc4733 };
        steps.push(Step::Press { digits: keys.clone(), by });
    }
    steps.push(Step::Repeat(tone));
    Ok(steps)
}

/// A SIP URI as it is; a number or a name by way of the running demo, or the edge of this configuration.
fn target_of(config: &Config, target: &str) -> anyhow::Result<String> {
    if target.starts_with("sip:") {
        return Ok(target.to_owned());
    }
    let demo = DemoFile::read(&config.data);
    let named = demo.as_ref().ok().and_then(|demo| demo.numbers.get(target).cloned());
    let number = match named {
        Some(number) => number,
        None if target.chars().any(|character| character.is_ascii_digit()) => target.to_owned(),
        None => {
            let names = demo.context("a name needs the demo")?.numbers.into_keys().collect::<Vec<_>>().join(", ");
            bail!("{target} is no number, and not among the demo's names: {names}");
        }
    };
    let plain: String = number.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')).collect();
    Ok(format!("sip:{plain}@{}", config.advertised(config.edge.port)))
}
