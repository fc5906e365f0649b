//! The platform under test: one that runs already, or one started for the tests and stopped behind them.

use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::api::Api;
use crate::demo::Demo;
use crate::line::Line;

/// Path of the `demo.json` of a platform that runs already.
pub const DEMO_JSON: &str = "INTEROP_DEMO_JSON";
/// The binary to start; without it the one built beside the tests.
pub const BINARY: &str = "INTEROP_BINARY";

/// How far all ports are moved; clear of a platform a developer has running on the usual ones.
pub const PORT_OFFSET: &str = "INTEROP_PORT_OFFSET";

/// A PostgreSQL server to keep the data on, `postgres://user@host:port`.
pub const POSTGRES: &str = "HOPWHISTLE_TEST_POSTGRES";

const PORT_OFFSET_USUAL: &str = "700";
const STARTS_WITHIN: Duration = Duration::from_secs(60);
const STOPS_WITHIN: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A platform that takes calls.
#[derive(Debug)]
pub struct Platform {
    pub demo: Demo,
    pub api: Api,
    process: Option<Child>,
    data: Option<tempfile::TempDir>,
    line: Option<Line>,
}

impl Platform {
    /// Joins the platform of [`DEMO_JSON`], or starts [`BINARY`] with fresh data.
    ///
    /// # Errors
    /// There is none, or it is not ready within a minute; the message holds the end of its log.
    pub fn start() -> anyhow::Result<Self> {
        if let Some(path) = env::var_os(DEMO_JSON) {
            let demo = Demo::read(Path::new(&path))?;
            let api = Api::new(&demo);
            return Ok(Self { demo, api, process: None, data: None, line: None });
        }
        let data = tempfile::Builder::new().prefix("hopwhistle-interop-").tempdir()?;
        let line = match env::var(POSTGRES) {
            Ok(server) => Some(Line::to(server.rsplit('@').next().unwrap_or(&server).to_owned())?),
            Err(_) => None,
        };
        let (process, demo, api) = launch(data.path(), line.as_ref())?;
        Ok(Self { demo, api, process: Some(process), data: Some(data), line })
    }

    /// Whether it was started here, and may be killed.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.process.is_some()
    }

    /// Its data folder, where it was started here.
    #[must_use]
    pub fn data(&self) -> Option<&Path> {
        self.data.as_ref().map(tempfile::TempDir::path)
    }

    /// The line to its database, where that is a server of the tests.
    #[must_use]
    pub fn database_line(&self) -> Option<&Line> {
        self.line.as_ref()
    }

    /// Its database, where it was started here and that is no SQLite.
    #[must_use]
    pub fn database_url(&self) -> Option<String> {
        database_url(self.data()?, self.line.as_ref())
    }

    /// Kills it without a word (`kill -9`), and starts it again on the same data.
    ///
    /// # Errors
    /// It is not ours, or does not come back.
    pub fn crash_and_restart(&mut self) -> anyhow::Result<()> {
        let mut process = self.process.take().context("this platform was not started here")?;
        process.kill()?;
        process.wait()?;
        let data = self.data.as_ref().context("this platform was not started here")?;
        let (process, demo, api) = launch(data.path(), self.line.as_ref())?;
        self.process = Some(process);
        (self.demo, self.api) = (demo, api);
        Ok(())
    }
}

/// A database of this folder's own, on the server of `scripts/with-postgres`; SQLite without one.
fn database_url(data: &Path, line: Option<&Line>) -> Option<String> {
    let (line, server) = (line?, env::var(POSTGRES).ok()?);
    let name: String = data.display().to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    let user = server.rsplit_once('@').map_or("", |(user, _)| user);
    Some(format!("{user}@127.0.0.1:{}/{name}", line.port()))
}

/// Starts the platform on a folder and waits until it is ready.
fn launch(data: &Path, line: Option<&Line>) -> anyhow::Result<(Child, Demo, Api)> {
    let binary = binary()?;
    let log_path = data.join("platform.log");
    let log = File::options().create(true).append(true).open(&log_path)?;
    let offset = env::var(PORT_OFFSET).unwrap_or_else(|_| PORT_OFFSET_USUAL.to_owned());
    let mut command = Command::new(&binary);
    if let Some(url) = database_url(data, line) {
        command.env("DATABASE_URL", url);
    }
    // Identity providers and webhooks of the tests stand on this machine, without TLS.
    let process = command
        .env("SSO_ALLOW_PRIVATE", "true")
        .env("ALERTS_ALLOW_PRIVATE", "true")
        .arg("--data")
        .arg(data)
        .args(["--port-offset", &offset, "up", "--demo"])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| binary.display().to_string())?;
    let mut started = Starting { process: Some(process) };
    let demo_path = data.join("demo.json");
    let mut waited = Duration::ZERO;
    loop {
        if let Some(process) = &mut started.process
            && let Some(status) = process.try_wait()?
        {
            bail!("the platform ended with {status}:\n{}", tail(&log_path));
        }
        if let Ok(demo) = Demo::read(&demo_path) {
            let api = Api::new(&demo);
            if api.is_ready() {
                let process = started.process.take().context("the platform runs")?;
                return Ok((process, demo, api));
            }
        }
        if waited >= STARTS_WITHIN {
            bail!("the platform is not ready after {STARTS_WITHIN:?}:\n{}", tail(&log_path));
        }
        sleep(LOOK_AGAIN);
        waited += LOOK_AGAIN;
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        stop(self.process.take());
    }
}

/// Ends the process when the start fails half-way.
struct Starting {
    process: Option<Child>,
}

impl Drop for Starting {
    fn drop(&mut self) {
        stop(self.process.take());
    }
}

fn stop(process: Option<Child>) {
    let Some(mut process) = process else { return };
    let _ = Command::new("kill").arg("-TERM").arg(process.id().to_string()).status();
    let mut waited = Duration::ZERO;
    while waited < STOPS_WITHIN {
        if matches!(process.try_wait(), Ok(Some(_)) | Err(_)) {
            return;
        }
        sleep(LOOK_AGAIN);
        waited += LOOK_AGAIN;
    }
    let _ = process.kill();
    let _ = process.wait();
}

pub(crate) fn binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = env::var_os(BINARY) {
        return Ok(path.into());
    }
    // The tests lie in target/<profile>/deps.
    let tests = env::current_exe()?;
    let built = tests.parent().and_then(Path::parent).map(|profile| profile.join("hopwhistle"));
    built
        .filter(|path| path.exists())
        .with_context(|| format!("no hopwhistle beside {}: cargo build -p server", tests.display()))
}

pub(crate) fn tail(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
