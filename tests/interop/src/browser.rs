//! Chromium: runs the scripts of `browser/`, which sign in and do, or watch, what people do on the screen.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::demo::Demo;

/// Browsers by name, the first that is there is taken; the variable `CHROMIUM` names another.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A browser that watches.
#[derive(Debug)]
pub struct Watching(Child);

/// Signs in and waits for a call from `caller`. Make the call once this returned and the script had its seconds to sign in:
/// it fails by itself when no call comes.
///
/// # Errors
/// Node or the browser is missing, or the demo names no web application.
pub fn watch(demo: &Demo, caller: &str) -> anyhow::Result<Watching> {
    let child = script(demo, "live-call.mjs", caller)?.stderr(Stdio::piped()).spawn().context("node")?;
    Ok(Watching(child))
}

/// What a first day needs of the platform.
#[derive(Debug)]
pub struct FirstDay<'a> {
    /// Who calls, E.164.
    pub caller: &'a str,
    /// A number that is nobody's yet, E.164.
    pub number: &'a str,
    /// SIP address of a buyer that answers.
    pub buyer: &'a str,
    /// Whether the demo's user is an operator of the platform.
    pub is_operator: bool,
}

/// Sets a tenant up by hand, all of it on the screen, and stops where the number can be called; make the call, and finish.
///
/// # Errors
/// Node or the browser is missing, or something could not be done on the screen; the message holds the script's.
pub fn first_day(demo: &Demo, day: &FirstDay<'_>) -> anyhow::Result<Watching> {
    let mut child = script(demo, "first-day.mjs", day.caller)?
        .env("NUMBER", day.number)
        .env("BUYER", day.buyer)
        .env("OPERATOR", if day.is_operator { "1" } else { "0" })
        .stderr(Stdio::inherit())
        .spawn()
        .context("node")?;
    let out = child.stdout.take().context("no output of the script")?;
    let mut lines = BufReader::new(out);
    let mut said = String::new();
    while lines.read_line(&mut said)? > 0 {
        if said.ends_with("call it\n") {
            // It goes on writing: somebody has to read.
            std::thread::spawn(move || lines.read_to_string(&mut String::new()));
            return Ok(Watching(child));
        }
    }
    let status = child.wait()?;
    anyhow::bail!("the script ended with {status}; it did:\n{said}")
}

/// Sets single sign-on up on the screen, at a provider of the script's own, and signs in there; what was set is removed again.
///
/// # Errors
/// Node or the browser is missing, or it was not as it must be; the message holds the script's.
pub fn single_sign_on(demo: &Demo) -> anyhow::Result<()> {
    let child = script(demo, "single-sign-on.mjs", "")?.stderr(Stdio::piped()).spawn().context("node")?;
    Watching(child).finish()
}

/// A script with all that they need.
fn script(demo: &Demo, name: &str, caller: &str) -> anyhow::Result<Command> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("node");
    command
        .arg(folder.join("browser").join(name))
        .env("NODE_PATH", folder.join("../../web/node_modules"))
        .env("WEB_URL", demo.web_url.as_deref().context("demo.json names no web_url")?)
        .env("EMAIL", demo.email.as_deref().context("demo.json names no email")?)
        .env("PASSWORD", demo.password.as_deref().context("demo.json names no password")?)
        .env("CALLER", caller)
        .env("CHROMIUM", chromium()?)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    Ok(command)
}

impl Watching {
    /// # Errors
    /// The screen did not show what it must; the message holds the script's.
    pub fn finish(self) -> anyhow::Result<()> {
        let output = self.0.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{said}");
        Ok(())
    }
}

fn chromium() -> anyhow::Result<PathBuf> {
    if let Some(path) = env::var_os("CHROMIUM") {
        return Ok(path.into());
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    let mut found = env::split_paths(&folders).flat_map(|folder| BROWSERS.map(|browser| folder.join(browser)));
    found.find(|path| path.exists()).context("no Chromium; scripts/install-deps test installs it")
}
