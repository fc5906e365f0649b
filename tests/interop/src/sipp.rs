//! SIPp: runs a scenario of `scenarios/` and reads its own counts.

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use phone::voice;

use crate::sound;

/// Each run gets ports of its own, so that stray messages of one do not reach the next.
static NEXT_PORT: AtomicU16 = AtomicU16::new(0);
const FIRST_PORT: u16 = 6_200;
/// Ports from one run to the next.
const PORT_STEP: u16 = 10;
/// Runs until ports are used again.
const RUNS: u16 = 250;
/// A run's media is so far above its SIP.
const MEDIA_ABOVE: u16 = 20_000;

/// Where Debian keeps the recorded telephone events of SIPp.
const PCAP_FOLDER: &str = "/usr/share/sip-tester";
const PCAPS: [&str; 2] = ["dtmf_2833_1.pcap", "g711a.pcap"];

/// A run of callers, or of buyers.
#[derive(Debug, Clone)]
pub struct Sipp {
    /// A file of `scenarios/`, without its ending.
    pub scenario: &'static str,
    /// Number called.
    pub service: String,
    /// The callers' numbers: this and the following ones.
    pub first_caller: u64,
    pub calls: usize,
    /// At once; more wait.
    pub at_once: usize,
    /// New calls a second.
    pub rate: usize,
    /// The scenario's talking time.
    pub talks: Duration,
    /// The Identity header of the scenarios that send one.
    pub identity: String,
    /// How much longer than their talking time all calls together may take.
    pub patience: Duration,
}

/// What SIPp counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub succeeded: u64,
    pub failed: u64,
    pub retransmissions: u64,
    /// Messages that belong to no call of this run.
    pub out_of_call: u64,
}

/// A SIPp that runs.
#[derive(Debug)]
pub struct Running {
    child: Child,
    folder: tempfile::TempDir,
    /// Where it is reached.
    pub port: u16,
    scenario: &'static str,
}

impl Sipp {
    /// One caller.
    #[must_use]
    pub fn one(scenario: &'static str, service: &str, caller: u64, talks: Duration) -> Self {
        Self {
            scenario,
            service: service.to_owned(),
            first_caller: caller,
            calls: 1,
            at_once: 1,
            rate: 1,
            talks,
            identity: String::new(),
            patience: Duration::from_secs(30),
        }
    }

    /// Calls `host:port` and waits for the end of all calls.
    ///
    /// # Errors
    /// SIPp cannot run, or not every call went as its scenario says; the message holds SIPp's own.
    pub fn call(&self, host: &str) -> anyhow::Result<Counts> {
        self.start(Some(host))?.finish(self.calls)
    }

    /// Starts it: calling a host, or waiting for calls.
    ///
    /// # Errors
    /// SIPp cannot run.
    pub fn start(&self, host: Option<&str>) -> anyhow::Result<Running> {
        let folder = tempfile::Builder::new().prefix("sipp-").tempdir()?;
        self.prepare(folder.path())?;
        let port = free_port()?;
        let mut command = Command::new("sipp");
        command.args(host).args(["-sf", &format!("{}.xml", self.scenario)]);
        command.args(["-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", &port.to_string()]);
        command.args(["-mp", &(port + MEDIA_ABOVE).to_string()]);
        command.args(["-s", &self.service, "-inf", "callers.csv"]);
        command.args(["-m", &self.calls.to_string(), "-l", &self.at_once.to_string(), "-r", &self.rate.to_string()]);
        command.args(["-d", &self.talks.as_millis().to_string()]);
        command.args(["-timeout", &self.time_limit().as_secs().to_string(), "-timeout_error"]);
        command.args(["-default_behaviors", "all,-abortunexp", "-nostdin"]);
        command.args(["-trace_err", "-error_file", "errors.log", "-trace_stat", "-stf", "counts.csv", "-fd", "1"]);
        if !self.identity.is_empty() {
            command.args(["-key", "identity", &self.identity]);
        }
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().context("sipp; scripts/install-deps test installs it")?;
        Ok(Running { child, folder, port, scenario: self.scenario })
    }

    fn prepare(&self, folder: &Path) -> anyhow::Result<()> {
        let scenario = scenarios().join(format!("{}.xml", self.scenario));
        fs::copy(&scenario, folder.join(format!("{}.xml", self.scenario)))
            .with_context(|| scenario.display().to_string())?;
        for pcap in PCAPS {
            let from = Path::new(PCAP_FOLDER).join(pcap);
            if from.exists() {
                fs::copy(from, folder.join(pcap))?;
            }
        }
        sound::write_ulaw(&folder.join("caller.ul"), &sound::caller())?;
        let pair = phone::hears::TonePair::BUYERS[0];
        sound::write_ulaw(&folder.join("buyer.ul"), &voice::tones(&[pair.0, pair.1], Duration::from_secs(1)))?;
        let mut callers = "SEQUENTIAL\n".to_owned();
        for number in self.first_caller..self.first_caller + self.calls as u64 {
            callers.push_str(&format!("+{number};\n"));
        }
        fs::write(folder.join("callers.csv"), callers)?;
        Ok(())
    }

    fn time_limit(&self) -> Duration {
        let rounds = self.calls.div_ceil(self.at_once.max(1));
        let one = self.talks + Duration::from_millis(700);
        self.patience + one * u32::try_from(rounds).unwrap_or(u32::MAX)
    }
}

impl Running {
    /// Waits for its end.
    ///
    /// # Errors
    /// Not every call went as the scenario says.
    pub fn finish(mut self, calls: usize) -> anyhow::Result<Counts> {
        let status = self.child.wait()?;
        let counts = read_counts(&self.folder.path().join("counts.csv")).unwrap_or_default();
        let errors = fs::read_to_string(self.folder.path().join("errors.log")).unwrap_or_default();
        if !status.success() {
            let errors: String = errors.chars().take(2_000).collect();
            bail!("sipp {} ended with {status}, {counts:?}:\n{errors}", self.scenario);
        }
        ensure!(counts.succeeded == calls as u64 && counts.failed == 0, "sipp {}: {counts:?}", self.scenario);
        Ok(counts)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The next port that is free, with its media port: another run of these tests may be under way on this machine.
fn free_port() -> anyhow::Result<u16> {
    for _ in 0..RUNS {
        let port = FIRST_PORT + NEXT_PORT.fetch_add(1, Ordering::Relaxed) % RUNS * PORT_STEP;
        let is_free = |port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if is_free(port) && is_free(port + MEDIA_ABOVE) && is_free(port + MEDIA_ABOVE + 2) {
            return Ok(port);
        }
    }
    bail!("no free port for sipp")
}

/// The folder of the scenario files.
#[must_use]
pub fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// The last line of SIPp's statistics, by the names of the first.
fn read_counts(path: &Path) -> anyhow::Result<Counts> {
    let text = fs::read_to_string(path)?;
    let names = text.lines().next().context("no statistics")?.split(';');
    let last = text.lines().next_back().context("no statistics")?.split(';');
    let values: HashMap<&str, &str> = names.zip(last).collect();
    let number = |name: &str| values.get(name).and_then(|value| value.parse().ok()).unwrap_or(0);
    Ok(Counts {
        succeeded: number("SuccessfulCall(C)"),
        failed: number("FailedCall(C)"),
        retransmissions: number("Retransmissions(C)"),
        out_of_call: number("OutOfCallMsgs(C)"),
    })
}
