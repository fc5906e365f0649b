//! The edge's thread: its sockets and clock. Names are resolved elsewhere, on the async side.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use edge::{Edge, Event, Input, Output, ResolveToken, TrunkTable};
use mio::{Events, Poll, Token, Waker};
use sip::transaction::{Destination, Transport};

use super::sip_sockets::{Received, SipSockets, Wire};
use crate::clock::Clock;

const TOKEN_WAKE: Token = Token(0);
const FIRST_SIP_TOKEN: usize = 1;
/// Inputs that may wait for the thread; they come from the resolver and from changed trunks only.
const INPUTS_MAX: usize = 4_096;
/// Figures are published at least so often.
const HOUSEKEEPING: Duration = Duration::from_millis(500);

/// A name to be resolved.
#[derive(Debug)]
pub struct Lookup {
    pub token: ResolveToken,
    pub host: String,
}

/// Figures of the thread.
#[derive(Debug, Default)]
pub struct Gauges {
    pub sip_received: AtomicU64,
    pub sip_sent: AtomicU64,
    pub admitted: AtomicU64,
    pub refused: AtomicU64,
    pub malformed: AtomicU64,
    /// What the edge counted, as of the last housekeeping.
    pub counters: Mutex<edge::Counters>,
    /// Microseconds since the epoch of the last turn of the loop.
    pub alive_at: AtomicU64,
}

/// The door to the thread.
#[derive(Clone, Debug)]
pub struct EdgeHandle {
    inputs: Sender<Input>,
    waker: Arc<Waker>,
    pub gauges: Arc<Gauges>,
    stop: Arc<AtomicBool>,
}

impl EdgeHandle {
    /// From now on these trunks are in force.
    pub fn set_trunks(&self, trunks: TrunkTable) {
        self.give(Input::TrunksChanged(Arc::new(trunks)));
    }

    /// The answer to a [`Lookup`].
    pub fn resolved(&self, token: ResolveToken, address: Option<IpAddr>) {
        self.give(Input::Resolved { token, address });
    }

    fn give(&self, input: Input) {
        if self.inputs.try_send(input).is_err() {
            tracing::error!("the edge does not take its inputs");
        }
        // A wake-up that fails is made good by the next time-out of the loop.
        let _ = self.waker.wake();
    }

    /// Ends the thread after its present turn.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.waker.wake();
    }
}

struct EdgeThread {
    edge: Edge,
    poll: Poll,
    sip: SipSockets,
    inputs: Receiver<Input>,
    lookups: tokio::sync::mpsc::Sender<Lookup>,
    clock: Clock,
    local: SocketAddr,
    gauges: Arc<Gauges>,
    stop: Arc<AtomicBool>,
}

/// Binds the sockets and starts the thread.
pub fn start(
    config: edge::Config,
    seed: [u8; 32],
    lookups: tokio::sync::mpsc::Sender<Lookup>,
    clock: Clock,
) -> io::Result<(EdgeHandle, JoinHandle<()>)> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), TOKEN_WAKE)?);
    let local = config.local;
    let sip = SipSockets::bind(local, poll.registry(), FIRST_SIP_TOKEN)?;
    let (sender, inputs) = bounded(INPUTS_MAX);
    let handle = EdgeHandle { inputs: sender, waker, gauges: Arc::default(), stop: Arc::default() };
    let thread = EdgeThread {
        edge: Edge::new(config, seed, 0),
        poll,
        sip,
        inputs,
        lookups,
        clock,
        local,
        gauges: handle.gauges.clone(),
        stop: handle.stop.clone(),
    };
    let joined = std::thread::Builder::new().name("edge".to_owned()).spawn(move || thread.run())?;
    Ok((handle, joined))
}

impl EdgeThread {
    fn run(mut self) {
        let mut events = Events::with_capacity(1_024);
        let mut received = Vec::with_capacity(128);
        let mut again: Vec<Token> = Vec::new();
        let mut next_housekeeping = self.clock.now();
        while !self.stop.load(Ordering::Relaxed) {
            let sleep = if again.is_empty() && self.inputs.is_empty() { self.sleep() } else { Duration::ZERO };
            if let Err(error) = self.poll.poll(&mut events, Some(sleep))
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "edge thread cannot wait for its sockets");
                break;
            }
            let mut ready: Vec<Token> = std::mem::take(&mut again);
            ready.extend(events.iter().map(mio::event::Event::token));
            for token in ready {
                if self.sip.owns(token) && self.read(token, &mut received) {
                    again.push(token);
                }
            }
            while let Ok(input) = self.inputs.try_recv() {
                self.edge.handle(self.clock.now(), input);
                self.drain();
            }
            let now = self.clock.now();
            if self.edge.next_timeout().is_some_and(|due| due <= now) {
                self.edge.handle(now, Input::Timeout);
                self.drain();
            }
            if now >= next_housekeeping {
                self.housekeeping();
                next_housekeeping = now.after(HOUSEKEEPING);
            }
        }
    }

    fn sleep(&self) -> Duration {
        let now = self.clock.now();
        let sleep = self.edge.next_timeout().map_or(HOUSEKEEPING, |due| due.since(now)).min(HOUSEKEEPING);
        // A millisecond more, since poll rounds down and would spin.
        if sleep.is_zero() { sleep } else { sleep + Duration::from_millis(1) }
    }

    fn read(&mut self, token: Token, received: &mut Vec<Received>) -> bool {
        let more = self.sip.ready(token, self.poll.registry(), self.clock.now(), received);
        for message in received.drain(..) {
            let transport = match message.wire {
                Wire::Udp => Transport::Udp,
                Wire::Tcp => Transport::Tcp,
            };
            let hop = Destination { transport, local: self.local, remote: message.source };
            self.edge.handle(self.clock.now(), Input::Datagram { hop, bytes: message.bytes });
        }
        while let Some(peer) = self.sip.take_closed() {
            let hop = Destination { transport: Transport::Tcp, local: self.local, remote: peer };
            self.edge.handle(self.clock.now(), Input::TransportFailed { hop });
        }
        self.drain();
        more
    }

    fn drain(&mut self) {
        while let Some(output) = self.edge.poll() {
            match output {
                Output::Send { destination, bytes } => {
                    let now = self.clock.now();
                    let wire = match destination.transport {
                        Transport::Udp => Wire::Udp,
                        _ => Wire::Tcp,
                    };
                    let sent = self.sip.send(wire, destination.remote, &bytes, self.poll.registry(), now);
                    if sent.is_err() && wire == Wire::Tcp {
                        self.edge.handle(now, Input::TransportFailed { hop: destination });
                    }
                }
                Output::Resolve { token, host } => {
                    if self.lookups.try_send(Lookup { token, host }).is_err() {
                        self.edge.handle(self.clock.now(), Input::Resolved { token, address: None });
                    }
                }
                Output::Event(event) => self.tell(&event),
            }
        }
    }

    fn tell(&self, event: &Event) {
        match event {
            Event::Admitted { trunk, tenant, call_id, source } => {
                self.gauges.admitted.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(%trunk, %tenant, %source, call_id = %String::from_utf8_lossy(call_id), "call admitted");
            }
            Event::Refused { reason, status, source, .. } => {
                self.gauges.refused.fetch_add(1, Ordering::Relaxed);
                tracing::info!(?reason, status, %source, "request refused");
            }
            Event::Malformed { fault, answered, source } => {
                self.gauges.malformed.fetch_add(1, Ordering::Relaxed);
                tracing::info!(%fault, answered, %source, "malformed message");
            }
            Event::NodeFailed { node } => tracing::warn!(%node, "switch does not answer"),
        }
    }

    fn housekeeping(&mut self) {
        let now = self.clock.now();
        self.sip.close_idle(self.poll.registry(), now);
        self.gauges.sip_received.store(self.sip.counters.received, Ordering::Relaxed);
        self.gauges.sip_sent.store(self.sip.counters.sent, Ordering::Relaxed);
        *self.gauges.counters.lock().unwrap_or_else(PoisonError::into_inner) = self.edge.counters().clone();
        self.gauges.alive_at.store(u64::try_from(now.micros()).unwrap_or(0), Ordering::Relaxed);
    }
}

/// Resolves names, each at most for `LOOKUP_MAX`.
pub async fn resolve(mut lookups: tokio::sync::mpsc::Receiver<Lookup>, edge: EdgeHandle) {
    /// Longer than any resolver that still works.
    const LOOKUP_MAX: Duration = Duration::from_secs(5);
    while let Some(Lookup { token, host }) = lookups.recv().await {
        let edge = edge.clone();
        tokio::spawn(async move {
            let found = tokio::time::timeout(LOOKUP_MAX, tokio::net::lookup_host((host.as_str(), 0))).await;
            let address = found.ok().and_then(Result::ok).and_then(|mut addresses| addresses.next());
            edge.resolved(token, address.map(|address| address.ip()));
        });
    }
}
