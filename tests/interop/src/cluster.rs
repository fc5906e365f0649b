//! The platform's roles as processes of their own, on one PostgreSQL and one Redis.

use std::env;
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::api::Api;
use crate::demo::Demo;
use crate::platform::{self, POSTGRES};
use crate::redis::Redis;

/// Clear of the other tests' platforms.
const PORT_OFFSET: u16 = 4_300;
const STARTS_WITHIN: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// 64 hexadecimal digits: sessions of one API process are good at the others.
const API_SECRET: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const VERDICT_SECRET: &str = "of edge and switches, 32 characters long";

/// One process.
#[derive(Debug)]
pub struct Member {
    /// `api-1` ...
    pub name: &'static str,
    role: &'static str,
    settings: Vec<(&'static str, String)>,
    child: Option<Child>,
}

/// All of them.
#[derive(Debug)]
pub struct Cluster {
    pub demo: Demo,
    pub members: Vec<Member>,
    /// One per API process, by the place of it.
    pub apis: Vec<Api>,
    folder: tempfile::TempDir,
    redis: Redis,
    database: String,
}

fn shifted(port: u16) -> String {
    (port + PORT_OFFSET).to_string()
}

/// The processes: an edge, two switches, two workers, three of the API, and the demo's buyers.
fn members() -> Vec<Member> {
    let at = |port: u16| format!("127.0.0.1:{}", shifted(port));
    let member = |name, role, settings: &[(&'static str, String)]| Member {
        name,
        role,
        settings: settings.to_vec(),
        child: None,
    };
    let switch = |name, port: u16, first: u16| {
        let rtp = [("RTP_START", first.to_string()), ("RTP_END", (first + 1_998).to_string())];
        let [start, end] = rtp;
        member(name, "switch", &[("SWITCH_PORT", port.to_string()), ("SWITCH_EDGE", at(5_060)), start, end])
    };
    let api = |name, port: u16| member(name, "api", &[("PORT", port.to_string())]);
    let worker = |name, port: u16| member(name, "worker", &[("METRICS_PORT", port.to_string())]);
    vec![
        member("demo", "demo", &[]),
        member("edge", "edge", &[("FREESWITCH_NODES", format!("{},{}", at(5_080), at(5_082)))]),
        switch("switch-1", 5_080, 30_000),
        switch("switch-2", 5_082, 32_000),
        worker("worker-1", 9_091),
        worker("worker-2", 9_093),
        api("api-1", 3_001),
        api("api-2", 3_011),
        api("api-3", 3_021),
    ]
}

impl Cluster {
    /// Starts all of them; they are ready on return.
    ///
    /// # Errors
    /// One does not start within a minute; the message holds the end of its log.
    pub fn start() -> anyhow::Result<Self> {
        let server = env::var(POSTGRES).context("a PostgreSQL server: scripts/with-postgres starts one")?;
        let folder = tempfile::Builder::new().prefix("hopwhistle-cluster-").tempdir()?;
        let name: String = folder.path().display().to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let mut cluster = Self {
            demo: Demo::default(),
            members: members(),
            apis: Vec::new(),
            redis: Redis::start()?,
            database: format!("{server}/{name}"),
            folder,
        };
        // The first one makes the schema and the tenant.
        cluster.spawn(0)?;
        let demo_json = cluster.folder.path().join("demo/demo.json");
        cluster.wait("demo", || Ok(Demo::read(&demo_json).is_ok()))?;
        cluster.demo = Demo::read(&demo_json)?;
        for place in 1..cluster.members.len() {
            cluster.spawn(place)?;
        }
        let ports = [3_001, 3_011, 3_021];
        cluster.apis = ports.map(|port| Api::at(&format!("http://127.0.0.1:{}", shifted(port)), &cluster.demo)).into();
        for place in 1..cluster.members.len() {
            cluster.ready(place)?;
        }
        Ok(cluster)
    }

    fn spawn(&mut self, place: usize) -> anyhow::Result<()> {
        let member = self.members.get_mut(place).context("no such member")?;
        let data = self.folder.path().join(member.name);
        let log =
            File::options().create(true).append(true).open(self.folder.path().join(format!("{}.log", member.name)))?;
        let binary = platform::binary()?;
        let mut command = Command::new(&binary);
        command.arg("--data").arg(&data).args(["--port-offset", &PORT_OFFSET.to_string(), member.role]);
        command.env("HOST", "127.0.0.1").env("DATABASE_URL", &self.database).env("REDIS_URL", self.redis.url());
        command.env("API_SECRET", API_SECRET).env("HOPWHISTLE_VERDICT_SECRET", VERDICT_SECRET);
        command.env("OBJECTS_DIR", self.folder.path().join("objects"));
        command.envs(member.settings.iter().map(|(name, value)| (*name, value.as_str())));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        member.child = Some(command.spawn().with_context(|| binary.display().to_string())?);
        Ok(())
    }

    /// Kills a process without a word (`kill -9`), and starts it again.
    ///
    /// # Errors
    /// It does not start.
    pub fn kill(&mut self, place: usize) -> anyhow::Result<()> {
        let member = self.members.get_mut(place).context("no such member")?;
        if let Some(mut child) = member.child.take() {
            child.kill()?;
            child.wait()?;
        }
        self.spawn(place)
    }

    /// Waits until a process says that it is up.
    ///
    /// # Errors
    /// It does not within a minute.
    pub fn ready(&self, place: usize) -> anyhow::Result<()> {
        let name = self.members.get(place).context("no such member")?.name;
        let api = name.strip_prefix("api-").and_then(|number| number.parse::<usize>().ok());
        match api.and_then(|number| self.apis.get(number - 1)) {
            Some(api) => self.wait(name, || Ok(api.is_ready())),
            None => {
                let log = self.folder.path().join(format!("{name}.log"));
                self.wait(name, || Ok(std::fs::read_to_string(&log)?.contains("Hopwhistle is up")))
            }
        }
    }

    fn wait(&self, name: &str, done: impl Fn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
        let mut waited = Duration::ZERO;
        while !done()? {
            ensure!(waited < STARTS_WITHIN, "{name} is not ready after {STARTS_WITHIN:?}:\n{}", self.log(name));
            sleep(LOOK_AGAIN);
            waited += LOOK_AGAIN;
        }
        Ok(())
    }

    /// The end of a process's log.
    #[must_use]
    pub fn log(&self, name: &str) -> String {
        platform::tail(&self.folder.path().join(format!("{name}.log")))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for member in self.members.iter_mut().rev() {
            if let Some(mut child) = member.child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}
