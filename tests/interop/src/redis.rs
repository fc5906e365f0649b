//! A Redis server of the tests' own.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, bail};

/// Debian's redis-tools brings the server under the last name.
const NAMES: [&str; 3] = ["redis-server", "valkey-server", "redis-check-rdb"];
const LOOK_AGAIN: Duration = Duration::from_millis(50);
const LOOKS_MAX: usize = 200;

/// Gone with this.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    port: u16,
    /// It writes nothing, but has to be somewhere.
    _folder: tempfile::TempDir,
}

impl Redis {
    /// # Errors
    /// There is no server to start, or it does not.
    pub fn start() -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        let start = |name: &&str| {
            let mut command = Command::new(name);
            command.arg0("redis-server").args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
            command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
        };
        let child = NAMES.iter().find_map(start).context("Redis; scripts/install-deps test installs it")?;
        let redis = Self { child, port, _folder: folder };
        for _ in 0..LOOKS_MAX {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(redis);
            }
            sleep(LOOK_AGAIN);
        }
        bail!("Redis does not start on port {port}")
    }

    /// `redis://127.0.0.1:port`
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
