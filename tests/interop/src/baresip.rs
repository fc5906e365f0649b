//! baresip: a phone of a different make. It calls, presses a key by telephone event, and records what it hears.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::sound;

const MODULES: &str = "/usr/lib/baresip/modules";
const STARTS_WITHIN: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Seconds of what the phone says; longer than any call here.
const SAYS_SECONDS: usize = 120;

/// A baresip that runs, with one account.
#[derive(Debug)]
pub struct Baresip {
    child: Child,
    control: TcpStream,
    folder: tempfile::TempDir,
}

impl Baresip {
    /// Starts it as `sip:<user>@127.0.0.1`. It says the sweep of [`sound::caller`] as long as a call is up.
    ///
    /// # Errors
    /// baresip is missing or does not come up.
    pub fn start(user: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("baresip-").tempdir()?;
        let (sip_port, control_port) = (free_port()?, free_port()?);
        sound::write_wav(&folder.path().join("says.wav"), &sound::caller().repeat(SAYS_SECONDS))?;
        fs::write(folder.path().join("config"), config(folder.path(), sip_port, control_port))?;
        fs::write(
            folder.path().join("accounts"),
            format!("<sip:{user}@127.0.0.1>;regint=0;audio_codecs=PCMU/8000/1,PCMA/8000/1;dtmfmode=rtpevent\n"),
        )?;
        fs::write(folder.path().join("contacts"), "")?;
        let log = fs::File::create(folder.path().join("log"))?;
        let mut child = Command::new("baresip")
            .arg("-f")
            .arg(folder.path())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("baresip; scripts/install-deps test installs it")?;
        match connect(control_port) {
            Ok(control) => Ok(Self { child, control, folder }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
                bail!("baresip does not come up: {error}\n{log}");
            }
        }
    }

    /// Gives an order of baresip's menu.
    ///
    /// # Errors
    /// baresip is gone.
    pub fn order(&mut self, command: &str, parameters: &str) -> anyhow::Result<()> {
        let order = serde_json::json!({ "command": command, "params": parameters, "token": command }).to_string();
        // Netstrings, as module ctrl_tcp wants them.
        self.control.write_all(format!("{}:{order},", order.len()).as_bytes())?;
        Ok(())
    }

    /// Calls.
    ///
    /// # Errors
    /// As [`Baresip::order`].
    pub fn dial(&mut self, uri: &str) -> anyhow::Result<()> {
        self.order("dial", uri)
    }

    /// Presses a key in the call that is up.
    ///
    /// # Errors
    /// As [`Baresip::order`].
    pub fn press(&mut self, key: char) -> anyhow::Result<()> {
        self.order("sndcode", &key.to_string())
    }

    /// What the control connection said since the last time: events as JSON.
    pub fn events(&mut self) -> String {
        let mut text = Vec::new();
        let mut buffer = [0; 4_096];
        while let Ok(length @ 1..) = self.control.read(&mut buffer) {
            text.extend_from_slice(&buffer[..length]);
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Hangs up, ends, and returns what it heard: 8 kHz, mono.
    ///
    /// # Errors
    /// Nothing was recorded; the message holds baresip's log.
    pub fn finish(mut self) -> anyhow::Result<Vec<i16>> {
        let _ = self.order("hangup", "");
        sleep(Duration::from_millis(500));
        let _ = self.order("quit", "");
        sleep(Duration::from_millis(500));
        let heard = fs::read_dir(self.folder.path())?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .find(|path| path.to_string_lossy().ends_with("-dec.wav"));
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let path = heard.with_context(|| format!("baresip recorded nothing:\n{log}"))?;
        let audio =
            media::wav::read(&fs::read(&path)?).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
        Ok(audio.channel(0))
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// No `net_interface lo`: baresip then finds no address. No `stdio.so`: it ends at the end of standard input. The WAV file
/// is 8 kHz, the rate of the call: aufile does not resample.
fn config(folder: &Path, sip_port: u16, control_port: u16) -> String {
    let folder = folder.display();
    format!(
        "sip_listen 127.0.0.1:{sip_port}\n\
         audio_player aufile,{folder}/unused.wav\n\
         audio_source aufile,{folder}/says.wav\n\
         audio_alert aufile,{folder}/unused-alert.wav\n\
         ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\n\
         audio_buffer 20-160\nrtp_ports 26000-26100\nrtp_stats yes\n\
         module_path {MODULES}\n\
         module g711.so\nmodule aufile.so\nmodule sndfile.so\nsnd_path {folder}\n\
         module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{control_port}\n"
    )
}

fn connect(port: u16) -> anyhow::Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut waited = Duration::ZERO;
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => {
                stream.set_read_timeout(Some(LOOK_AGAIN))?;
                return Ok(stream);
            }
            Err(error) if waited >= STARTS_WITHIN => return Err(error.into()),
            Err(_) => {}
        }
        sleep(LOOK_AGAIN);
        waited += LOOK_AGAIN;
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
