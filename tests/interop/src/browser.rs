//! Chromium: runs `browser/live-call.mjs`, which signs in and watches a call on the screen.

use std::env;
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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let web = demo.web_url.as_deref().context("demo.json names no web_url")?;
    let child = Command::new("node")
        .arg(folder.join("browser/live-call.mjs"))
        .env("NODE_PATH", folder.join("../../web/node_modules"))
        .env("WEB_URL", web)
        .env("EMAIL", demo.email.as_deref().context("demo.json names no email")?)
        .env("PASSWORD", demo.password.as_deref().context("demo.json names no password")?)
        .env("CALLER", caller)
        .env("CHROMIUM", chromium()?)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("node")?;
    Ok(Watching(child))
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
