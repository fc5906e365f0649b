//! Phones on real sockets: the demo's buyers, and `hopwhistle call`. They reach the platform by SIP and RTP only, as any
//! phone would.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _, UdpSocket as StdUdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use media::wav::{Encoding, Writer};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use phone::voice::Sound;
use phone::{CallKey, CallReport, Config, Credentials, Dial, Event, Input, Output, Phone};
use slab::Slab;

use crate::clock::Clock;

mod buyers;
mod outcome;

pub use buyers::DEMO_BUYERS;
pub use outcome::Outcome;

/// Longest datagram taken; more is no SIP of a call and no RTP.
const DATAGRAM_BYTES_MAX: usize = 16 * 1024;

/// How long the thread sleeps at most, so that it sees that it shall stop.
const NAP_MAX: Duration = Duration::from_millis(100);

/// Tries to get an even port from the kernel (RFC 3550 section 11).
const PORT_TRIES: usize = 64;

/// Phones with their sockets, on one thread.
#[derive(Debug)]
struct Exchange {
    poll: Poll,
    clock: Clock,
    lines: Vec<Line>,
    media: Slab<Media>,
    media_of: HashMap<(usize, CallKey), usize>,
    buffer: Box<[u8]>,
}

#[derive(Debug)]
struct Line {
    phone: Phone,
    socket: UdpSocket,
    address: SocketAddr,
}

#[derive(Debug)]
struct Media {
    line: usize,
    call: CallKey,
    socket: UdpSocket,
}

impl Exchange {
    fn new(clock: Clock) -> anyhow::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            clock,
            lines: Vec::new(),
            media: Slab::new(),
            media_of: HashMap::new(),
            buffer: vec![0; DATAGRAM_BYTES_MAX].into(),
        })
    }

    fn now(&self) -> Duration {
        self.clock.now().since_epoch()
    }

    /// Adds a phone on a socket of its own; `make` gets the address it was given.
    fn add(&mut self, address: SocketAddr, make: impl FnOnce(SocketAddr) -> Config) -> anyhow::Result<usize> {
        let mut socket = UdpSocket::bind(address).with_context(|| format!("a phone on {address}"))?;
        let address = socket.local_addr()?;
        let line = self.lines.len();
        self.poll.registry().register(&mut socket, Token(line), Interest::READABLE)?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| anyhow::anyhow!("randomness: {error}"))?;
        let phone = Phone::new(make(address), domain::Seed::new(seed));
        self.lines.push(Line { phone, socket, address });
        Ok(line)
    }

    /// Waits for what comes first, at most [`NAP_MAX`], and hands over what happened.
    fn turn(&mut self, events: &mut Events, mut tell: impl FnMut(usize, Event)) -> io::Result<()> {
        // What was ordered since the last turn leaves before the wait.
        for line in 0..self.lines.len() {
            self.drain(line, &mut tell);
        }
        let due = self.lines.iter().filter_map(|line| line.phone.next_timeout()).min();
        let nap = due.map_or(NAP_MAX, |due| due.saturating_sub(self.now()).min(NAP_MAX));
        match self.poll.poll(events, Some(nap)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in events.iter() {
            self.read(event.token().0);
        }
        let now = self.now();
        for line in 0..self.lines.len() {
            if self.lines[line].phone.next_timeout().is_some_and(|due| due <= now) {
                self.lines[line].phone.handle(now, Input::Tick);
            }
            self.drain(line, &mut tell);
        }
        Ok(())
    }

    /// Sockets are edge-triggered: read until nothing is left.
    fn read(&mut self, token: usize) {
        let now = self.now();
        if let Some(line) = self.lines.get_mut(token) {
            while let Ok((length, source)) = line.socket.recv_from(&mut self.buffer) {
                let bytes = Bytes::copy_from_slice(&self.buffer[..length]);
                line.phone.handle(now, Input::Sip { source, bytes });
            }
            return;
        }
        let Some(media) = token.checked_sub(self.lines.len()).and_then(|index| self.media.get(index)) else { return };
        let Some(line) = self.lines.get_mut(media.line) else { return };
        while let Ok((length, source)) = media.socket.recv_from(&mut self.buffer) {
            line.phone.handle(now, Input::Rtp { call: media.call, source, datagram: &self.buffer[..length] });
        }
    }

    fn drain(&mut self, line: usize, tell: &mut impl FnMut(usize, Event)) {
        while let Some(output) = self.lines[line].phone.poll() {
            match output {
                // A datagram the kernel does not take is lost like one on the way; SIP repeats it, RTP counts it.
                Output::SendSip { to, bytes } => drop(self.lines[line].socket.send_to(&bytes, to)),
                Output::SendRtp { call, to, bytes } => {
                    let media = self.media_of.get(&(line, call)).and_then(|index| self.media.get(*index));
                    if let Some(media) = media {
                        drop(media.socket.send_to(&bytes, to));
                    }
                }
                Output::OpenMedia { call } => {
                    let now = self.now();
                    let input = match self.open_media(line, call) {
                        Ok(address) => Input::MediaOpened { call, address },
                        Err(error) => {
                            tracing::warn!(%error, "no media socket for a phone's call");
                            Input::MediaFailed { call }
                        }
                    };
                    self.lines[line].phone.handle(now, input);
                }
                Output::CloseMedia { call } => self.close_media(line, call),
                Output::Event(event) => tell(line, event),
            }
        }
    }

    fn open_media(&mut self, line: usize, call: CallKey) -> io::Result<SocketAddr> {
        let ip = self.lines[line].address.ip();
        let mut socket = bind_even(ip)?;
        let address = socket.local_addr()?;
        let entry = self.media.vacant_entry();
        let token = Token(self.lines.len() + entry.key());
        self.poll.registry().register(&mut socket, token, Interest::READABLE)?;
        self.media_of.insert((line, call), entry.key());
        entry.insert(Media { line, call, socket });
        Ok(address)
    }

    fn close_media(&mut self, line: usize, call: CallKey) {
        if let Some(index) = self.media_of.remove(&(line, call))
            && let Some(mut media) = self.media.try_remove(index)
        {
            // Closing the socket ends its registration too; a failure here leaves nothing behind.
            let _ = self.poll.registry().deregister(&mut media.socket);
        }
    }
}

/// An even port: some peers round an odd one down, as RFC 3550 section 11 had it.
fn bind_even(ip: IpAddr) -> io::Result<UdpSocket> {
    let mut odd = Vec::new();
    for _ in 0..PORT_TRIES {
        let socket = UdpSocket::bind(SocketAddr::new(ip, 0))?;
        if socket.local_addr()?.port() % 2 == 0 {
            return Ok(socket);
        }
        // Kept until the search ends, or the kernel may offer it again.
        odd.push(socket);
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no even port is free"))
}

/// The demo's buyers while they run.
#[derive(Debug)]
pub struct DemoBuyers {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Where each of [`DEMO_BUYERS`] is called, in their order.
    pub addresses: Vec<SocketAddr>,
}

impl DemoBuyers {
    /// Starts all [`DEMO_BUYERS`] on consecutive ports from `first` on (port 0: any). `speak` turns text into sound;
    /// without it a buyer says its tones only.
    ///
    /// # Errors
    /// A port is taken.
    pub fn start(clock: Clock, first: SocketAddr, speak: impl Fn(&str) -> Option<Sound>) -> anyhow::Result<Self> {
        let mut exchange = Exchange::new(clock)?;
        let mut addresses = Vec::new();
        for (buyer, shift) in DEMO_BUYERS.iter().zip(0..) {
            let port = if first.port() == 0 { 0 } else { first.port().saturating_add(shift) };
            let behaviour = buyer.behaviour(speak(buyer.says));
            let line = exchange.add(SocketAddr::new(first.ip(), port), |address| Config {
                behaviour,
                headers: vec![(buyers::HEADER.to_owned(), buyer.name.to_owned())],
                keeps_heard: Duration::ZERO,
                ..Config::new(address, buyer.user)
            })?;
            addresses.push(exchange.lines[line].address);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::Builder::new().name("demo-buyers".to_owned()).spawn(move || {
            let mut events = Events::with_capacity(1_024);
            while !stopped.load(Ordering::Relaxed) {
                let told = exchange.turn(&mut events, |line, event| {
                    tracing::debug!(buyer = DEMO_BUYERS[line].name, ?event, "demo buyer");
                });
                if let Err(error) = told {
                    tracing::error!(%error, "the demo's buyers stopped");
                    return;
                }
            }
        })?;
        Ok(Self { stop, thread: Some(thread), addresses })
    }

    /// Stops them; calls in progress are left as they are, as by phones that lose power.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for DemoBuyers {
    fn drop(&mut self) {
        self.end();
    }
}

/// A call to be made by `hopwhistle call`.
#[derive(Debug, Clone)]
pub struct CallOptions {
    /// The SIP URI called; its host and port are where the INVITE goes.
    pub target: String,
    /// The user part we call from.
    pub from: String,
    /// Answers a challenge.
    pub credentials: Option<Credentials>,
    /// What is done once answered.
    pub steps: Vec<phone::voice::Step>,
    /// Hangs up this long after the answer, whatever the steps say.
    pub lasts: Duration,
    /// Gives up when not answered by then.
    pub gives_up_after: Duration,
    /// Writes what was heard into this WAV file.
    pub save_heard: Option<PathBuf>,
}

/// Makes one call and waits for its end. `tell` hears of its progress.
///
/// # Errors
/// The target is no SIP URI, its host is unknown, there is no socket to call from, or the WAV file cannot be written.
/// A call that fails is no error.
pub fn call(clock: Clock, options: &CallOptions, mut tell: impl FnMut(&str)) -> anyhow::Result<Outcome> {
    let hop = resolve(&options.target)?;
    let mut exchange = Exchange::new(clock)?;
    let line = exchange.add(SocketAddr::new(local_ip(hop)?, 0), |address| Config {
        credentials: options.credentials.clone(),
        keeps_heard: options.lasts + options.gives_up_after,
        ..Config::new(address, "hopwhistle")
    })?;
    let dial = Dial {
        target: options.target.clone(),
        hop,
        from: Some(options.from.clone()),
        steps: options.steps.clone(),
        gives_up_after: options.gives_up_after,
    };
    let began = exchange.now();
    let call = exchange.lines[line].phone.dial(began, dial).with_context(|| options.target.clone())?;
    tell(&format!("calling {} from {}", options.target, options.from));
    let mut events = Events::with_capacity(64);
    let mut hangs_up_at = None;
    let mut ended: Option<Box<CallReport>> = None;
    while ended.is_none() {
        let now = exchange.now();
        exchange.turn(&mut events, |_, event| match event {
            Event::Ringing { status: 183, .. } => tell("hearing the far side before the answer"),
            Event::Ringing { .. } => tell("ringing"),
            Event::Answered { .. } => {
                hangs_up_at = Some(now + options.lasts);
                tell("answered");
            }
            Event::Ended { report, .. } => ended = Some(report),
            Event::Incoming { .. } => {}
        })?;
        if hangs_up_at.is_some_and(|at| at <= now) {
            hangs_up_at = None;
            exchange.lines[line].phone.hang_up(now, call);
        }
    }
    let report = ended.context("the call ended without a report")?;
    if let Some(path) = &options.save_heard {
        save(path, &report.heard).with_context(|| path.display().to_string())?;
    }
    Ok(Outcome::of(*report))
}

fn save(path: &Path, samples: &[i16]) -> io::Result<()> {
    let mut file = Writer::new(File::create(path)?, Encoding::Pcm16, 1)?;
    file.append(samples)?;
    file.finish()?;
    Ok(())
}

fn resolve(target: &str) -> anyhow::Result<SocketAddr> {
    let uri = sip::message::Uri::parse(target.as_bytes()).with_context(|| format!("{target} is no SIP URI"))?;
    let port = uri.port.unwrap_or(5060);
    if let Some(ip) = uri.host_ip() {
        return Ok(SocketAddr::new(ip, port));
    }
    let host = String::from_utf8_lossy(uri.host).into_owned();
    let mut found = (host.as_str(), port).to_socket_addrs().with_context(|| format!("looking up {host}"))?;
    found.next().with_context(|| format!("{host} has no address"))
}

/// The address the kernel would send from; nothing is sent.
fn local_ip(hop: SocketAddr) -> anyhow::Result<IpAddr> {
    let any: SocketAddr = if hop.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = StdUdpSocket::bind(any)?;
    socket.connect(hop).with_context(|| format!("no way to {hop}"))?;
    Ok(socket.local_addr()?.ip())
}
