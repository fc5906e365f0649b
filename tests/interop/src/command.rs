//! The binary on the command line, as a user of a platform runs it.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::demo::Demo;
use crate::platform::{Platform, binary};

/// What a command printed, and its exit code.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Itself, if it ended with this code.
    ///
    /// # Errors
    /// It did not; the message holds what it printed.
    pub fn ended(self, code: i32) -> anyhow::Result<Self> {
        ensure!(self.code == Some(code), "ended with {:?} instead of {code}:\n{}\n{}", self.code, self.out, self.err);
        Ok(self)
    }

    /// Its lines of JSON.
    ///
    /// # Errors
    /// One of them is none.
    pub fn json(&self) -> anyhow::Result<Vec<Value>> {
        self.out.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
    }
}

/// The command with address and key of the demo, and a data folder without a demo of its own.
fn command(demo: &Demo, arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = bare(Path::new("/nonexistent"), arguments)?;
    command.env("HOPWHISTLE_API_URL", &demo.api_url).env("HOPWHISTLE_API_KEY", &demo.api_key);
    Ok(command)
}

fn bare(data: &Path, arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(binary()?);
    command.arg("--data").arg(data).args(arguments).stdin(Stdio::null());
    command.env_remove("HOPWHISTLE_API_URL").env_remove("HOPWHISTLE_API_KEY");
    Ok(command)
}

/// Runs it to its end.
///
/// # Errors
/// There is no binary.
pub fn run(demo: &Demo, arguments: &[&str]) -> anyhow::Result<Ran> {
    Ok(Ran::of(&command(demo, arguments)?.output()?))
}

/// The same, knowing only this data folder.
///
/// # Errors
/// There is no binary.
pub fn run_on(data: &Path, arguments: &[&str]) -> anyhow::Result<Ran> {
    Ok(Ran::of(&bare(data, arguments)?.output()?))
}

/// The same, on the database of a platform that was started here.
///
/// # Errors
/// There is no binary, or the platform is somebody else's.
pub fn run_beside(platform: &Platform, arguments: &[&str]) -> anyhow::Result<Ran> {
    let data = platform.data().context("this platform was not started here")?;
    let mut command = bare(data, arguments)?;
    if let Some(url) = platform.database_url() {
        command.env("DATABASE_URL", url);
    }
    Ok(Ran::of(&command.output()?))
}

/// The same, as whoever the environment makes it.
///
/// # Errors
/// There is no binary.
pub fn run_with(data: &Path, environment: &[(&str, String)], arguments: &[&str]) -> anyhow::Result<Ran> {
    let mut command = bare(data, arguments)?;
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    Ok(Ran::of(&command.output()?))
}

/// Starts it and lets it run.
///
/// # Errors
/// There is no binary.
pub fn start(demo: &Demo, arguments: &[&str]) -> anyhow::Result<Running> {
    let child = command(demo, arguments)?.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    Ok(Running(Some(child)))
}

/// A command that runs; ended when this is dropped.
#[derive(Debug)]
pub struct Running(Option<Child>);

impl Running {
    /// Waits for its end.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub fn finish(mut self) -> anyhow::Result<Ran> {
        let child = self.0.take().context("it was waited for already")?;
        Ok(Ran::of(&child.wait_with_output()?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
