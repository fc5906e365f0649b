//! A Redis server of a test's own.

use std::{
    net::TcpListener,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use store::RedisConfig;
use tempfile::TempDir;
use tokio::net::TcpStream;

pub struct Redis {
    port: u16,
    folder: TempDir,
    server: Child,
}

/// Debian's redis-tools brings the server under another name, and without a service that takes the usual port.
const NAMES: [&str; 3] = ["redis-server", "valkey-server", "redis-check-rdb"];

fn spawn(port: u16, folder: &TempDir) -> Child {
    for name in NAMES {
        let mut command = Command::new(name);
        command.arg0("redis-server").args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--appendonly", "no", "--dir"]).arg(folder.path());
        if let Ok(server) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
            return server;
        }
    }
    panic!("no Redis server: scripts/install-deps test installs one");
}

impl Redis {
    pub async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let server = spawn(port, &folder);
        let redis = Self { port, folder, server };
        redis.up().await;
        redis
    }

    async fn up(&self) {
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("Redis does not start on port {}", self.port);
    }

    pub fn config(&self) -> RedisConfig {
        RedisConfig::new(format!("redis://127.0.0.1:{}", self.port))
    }

    /// Gone at once, and what it held with it.
    pub fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    pub async fn restart(&mut self) {
        self.server = spawn(self.port, &self.folder);
        self.up().await;
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
