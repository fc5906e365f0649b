//! One shard: a thread that owns its calls, their timers and their RTP sockets, without locks.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use domain::{CallEvent, Seed, Timestamp};
use media::MediaEvent;
use mio::{Events, Poll, Token, Waker};
use relay::Relay;
use relay::ports::PortPool;
use sip::transaction::{Destination, Transport};
use switch::ask::{Ask, Token as AskToken};
use switch::{Config, Input, Output, Switch};

use super::media_sockets::MediaSockets;
use super::recorder::{Order, Recorder};
use super::sip_sockets::{Received, SipSockets, Wire};
use crate::clock::Clock;

const TOKEN_WAKE: Token = Token(0);
const FIRST_SIP_TOKEN: usize = 1;
const FIRST_MEDIA_TOKEN: usize = 10_000;
/// Inputs that may wait for the thread. Beyond it the sender is told, and the call takes its failure path by timer.
const INPUTS_MAX: usize = 65_536;
/// The media engine wants to be called this often.
const TICK: Duration = Duration::from_millis(20);
/// Sleeping longer than this makes no sense: figures are published at least so often.
const SLEEP_MAX: Duration = Duration::from_millis(500);
/// Inputs taken before sockets get their turn.
const INPUT_BURST: usize = 256;
/// Events that may wait in the thread for room in the log's queue. Beyond it no new call is taken until half of them are gone; those
/// of the calls there are still wait, so that none is lost.
pub const EVENTS_WAITING_MAX: u64 = 4_096;
/// How often figures are published and idle connections closed.
const HOUSEKEEPING: Duration = Duration::from_millis(500);

/// A question with its token, for the desk that answers it.
#[derive(Debug)]
pub struct Question {
    pub token: AskToken,
    pub ask: Ask,
}

/// An event for the log; with a token, the thread wants to know when it is durable.
#[derive(Debug)]
pub struct Logged {
    pub event: CallEvent,
    pub durable: Option<AskToken>,
}

/// Where a thread's questions and events go. Both are bounded; what does not fit is told to the call as a failure.
#[derive(Clone, Debug)]
pub struct Desks {
    pub questions: tokio::sync::mpsc::Sender<Question>,
    pub events: tokio::sync::mpsc::Sender<Logged>,
}

/// Figures of a thread, for metrics and health.
#[derive(Debug, Default)]
pub struct Gauges {
    pub calls: AtomicU64,
    pub legs: AtomicU64,
    pub calls_started: AtomicU64,
    pub calls_ended: AtomicU64,
    /// Orders to call somebody that came too late, or twice.
    pub orders_ignored: AtomicU64,
    pub sip_received: AtomicU64,
    pub sip_sent: AtomicU64,
    pub sip_refused: AtomicU64,
    pub rtp_received: AtomicU64,
    pub rtp_sent: AtomicU64,
    pub events_lost: AtomicU64,
    /// Events that wait in the thread, as the log cannot take them.
    pub events_waiting: AtomicU64,
    /// Pieces of recordings the disk was too slow for: silence in their files.
    pub recording_gaps: AtomicU64,
    /// Microseconds since the epoch of the last turn of the loop: health is that it moves.
    pub alive_at: AtomicU64,
}

/// The door to a thread.
#[derive(Clone, Debug)]
pub struct SwitchHandle {
    inputs: Sender<Input>,
    waker: Arc<Waker>,
    /// The thread was woken and has not looked yet: waking it again would be a system call for nothing.
    woken: Arc<AtomicBool>,
    pub gauges: Arc<Gauges>,
    stop: Arc<AtomicBool>,
}

impl SwitchHandle {
    /// Hands an input over. False when the thread cannot take it.
    pub fn give(&self, input: Input) -> bool {
        let taken = self.inputs.try_send(input).is_ok();
        if !self.woken.swap(true, Ordering::SeqCst) {
            // A wake-up that fails is made good by the next time-out of the loop.
            let _ = self.waker.wake();
        }
        taken
    }

    /// Ends the thread after its present turn.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.waker.wake();
    }
}

/// What a thread needs to start.
#[derive(Debug)]
pub struct SwitchSetup {
    pub config: Config,
    pub relay: relay::Config,
    pub ports: PortPool,
    pub media_listen: std::net::IpAddr,
    pub media_advertise: std::net::IpAddr,
    pub seed: Seed,
    pub clock: Clock,
}

struct SwitchThread {
    switch: Switch,
    poll: Poll,
    sip: SipSockets,
    media: MediaSockets,
    inputs: Receiver<Input>,
    desks: Desks,
    recorder: Recorder,
    clock: Clock,
    local: SocketAddr,
    woken: Arc<AtomicBool>,
    gauges: Arc<Gauges>,
    stop: Arc<AtomicBool>,
    /// Events the desk had no room for, in order. No later event overtakes them.
    waiting: std::collections::VecDeque<Logged>,
    congested: bool,
}

/// Binds the sockets and starts the thread.
pub fn start(
    setup: SwitchSetup,
    desks: Desks,
    recorder: impl FnOnce(SwitchHandle) -> io::Result<Recorder>,
) -> io::Result<(SwitchHandle, JoinHandle<()>)> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), TOKEN_WAKE)?);
    let local = setup.config.local;
    let sip = SipSockets::bind(local, poll.registry(), FIRST_SIP_TOKEN)?;
    let media = MediaSockets::new(
        Relay::new(setup.relay),
        setup.ports,
        (setup.media_listen, setup.media_advertise),
        FIRST_MEDIA_TOKEN,
        poll.registry().try_clone()?,
    );
    let (sender, inputs) = bounded(INPUTS_MAX);
    let handle =
        SwitchHandle { inputs: sender, waker, woken: Arc::default(), gauges: Arc::default(), stop: Arc::default() };
    let recorder = recorder(handle.clone())?;
    let thread = SwitchThread {
        switch: Switch::new(setup.config, setup.seed),
        poll,
        sip,
        media,
        inputs,
        desks,
        recorder,
        clock: setup.clock,
        local,
        woken: handle.woken.clone(),
        gauges: handle.gauges.clone(),
        stop: handle.stop.clone(),
        waiting: std::collections::VecDeque::new(),
        congested: false,
    };
    let joined = std::thread::Builder::new().name("switch".to_owned()).spawn(move || thread.run())?;
    Ok((handle, joined))
}

impl SwitchThread {
    fn run(mut self) {
        let mut events = Events::with_capacity(1_024);
        let mut received = Vec::with_capacity(128);
        let mut again: Vec<Token> = Vec::new();
        let mut next_tick = self.clock.now().after(TICK);
        let mut next_housekeeping = self.clock.now();
        while !self.stop.load(Ordering::Relaxed) {
            let sleep = if again.is_empty() { self.sleep(next_tick) } else { Duration::ZERO };
            if let Err(error) = self.poll.poll(&mut events, Some(sleep))
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "switch thread cannot wait for its sockets");
                break;
            }
            let now = self.clock.now();
            let mut ready: Vec<Token> = std::mem::take(&mut again);
            ready.extend(events.iter().map(mio::event::Event::token));
            for token in ready {
                if self.on_ready(token, now, &mut received) {
                    again.push(token);
                }
            }
            self.take_inputs();
            let now = self.clock.now();
            if self.switch.next_timeout().is_some_and(|due| due <= now) {
                self.switch.handle_timeout(now);
                self.drain(now);
            }
            if now >= next_tick {
                self.media.tick(now);
                self.take_media_events(now);
                next_tick = next_tick.after(TICK).max(now);
            }
            if now >= next_housekeeping {
                self.housekeeping(now);
                next_housekeeping = now.after(HOUSEKEEPING);
            }
        }
        // The desk takes what is left before the process ends.
        for logged in self.waiting.drain(..) {
            if self.desks.events.blocking_send(logged).is_err() {
                self.gauges.events_lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn sleep(&self, next_tick: Timestamp) -> Duration {
        if !self.inputs.is_empty() {
            return Duration::ZERO;
        }
        let now = self.clock.now();
        let mut until = now.after(SLEEP_MAX);
        if self.media.legs() > 0 {
            until = until.min(next_tick);
        }
        if let Some(due) = self.switch.next_timeout() {
            until = until.min(due);
        }
        if !self.waiting.is_empty() {
            until = until.min(now.after(TICK));
        }
        // A millisecond more, since poll rounds down and would spin.
        let sleep = until.since(now);
        if sleep.is_zero() { sleep } else { sleep + Duration::from_millis(1) }
    }

    /// True when the socket may hold more.
    fn on_ready(&mut self, token: Token, now: Timestamp, received: &mut Vec<Received>) -> bool {
        if self.media.owns(token) {
            let more = self.media.ready(token, now);
            self.take_media_events(now);
            return more;
        }
        if !self.sip.owns(token) {
            return false;
        }
        let more = self.sip.ready(token, self.poll.registry(), now, received);
        for message in received.drain(..) {
            let source =
                Destination { transport: transport_of(message.wire), local: self.local, remote: message.source };
            self.switch.handle(now, Input::Sip { source, bytes: message.bytes });
        }
        while let Some(peer) = self.sip.take_closed() {
            let destination = Destination { transport: Transport::Tcp, local: self.local, remote: peer };
            self.switch.handle(now, Input::SipUnreachable { destination });
        }
        self.drain(now);
        more
    }

    fn take_inputs(&mut self) {
        // Before looking: whoever gives from now on wakes again. What a burst leaves keeps the loop from sleeping.
        self.woken.store(false, Ordering::SeqCst);
        for _ in 0..INPUT_BURST {
            let Ok(input) = self.inputs.try_recv() else { return };
            let now = self.clock.now();
            self.switch.handle(now, input);
            self.drain(now);
        }
    }

    fn take_media_events(&mut self, now: Timestamp) {
        let mut any = false;
        while let Some(event) = self.media.poll_event() {
            match event {
                MediaEvent::RecordingChunk(chunk) => self.record(chunk),
                MediaEvent::RecordingFinished(summary) => {
                    self.recorder.give(Order::Finish { recording: summary.recording });
                }
                event => {
                    any = true;
                    self.switch.handle(now, Input::Media(event));
                }
            }
        }
        if any {
            self.drain(now);
        }
    }

    /// Does what the switch wants done.
    fn drain(&mut self, now: Timestamp) {
        while let Some(output) = self.switch.poll() {
            match output {
                Output::Sip { destination, bytes } => self.send_sip(destination, &bytes, now),
                Output::Ask { token, ask } => self.ask(token, ask, now),
                Output::Event { event, durable } => self.log(Logged { event, durable }),
                Output::OpenMedia { leg, telephone_event } => {
                    let input = match self.media.open(leg, telephone_event, now) {
                        Ok(address) => Input::MediaOpened { leg, address },
                        Err(error) => {
                            tracing::warn!(%error, "no media port");
                            Input::MediaRefused { leg }
                        }
                    };
                    self.switch.handle(now, input);
                }
                Output::Media(command) => {
                    self.media.command(command, now);
                    self.take_engine_events(now);
                }
                Output::RecordingFile { recording, key, channels, .. } => {
                    self.recorder.give(Order::Begin { recording, key: key.to_string(), channels });
                }
            }
        }
    }

    /// As [`Self::take_media_events`], from within [`Self::drain`], which goes on with what the switch makes of them.
    fn take_engine_events(&mut self, now: Timestamp) {
        while let Some(event) = self.media.poll_event() {
            match event {
                MediaEvent::RecordingChunk(chunk) => self.record(chunk),
                MediaEvent::RecordingFinished(summary) => {
                    self.recorder.give(Order::Finish { recording: summary.recording });
                }
                event => self.switch.handle(now, Input::Media(event)),
            }
        }
    }

    fn record(&self, chunk: media::event::RecordingChunk) {
        if !self.recorder.give(Order::Chunk(chunk)) {
            self.gauges.recording_gaps.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn send_sip(&mut self, destination: Destination, bytes: &[u8], now: Timestamp) {
        let wire = match destination.transport {
            Transport::Udp => Wire::Udp,
            _ => Wire::Tcp,
        };
        if self.sip.send(wire, destination.remote, bytes, self.poll.registry(), now).is_err() && wire == Wire::Tcp {
            self.switch.handle(now, Input::SipUnreachable { destination });
        }
    }

    fn ask(&mut self, token: AskToken, ask: Ask, now: Timestamp) {
        if self.desks.questions.try_send(Question { token, ask }).is_err() {
            let answer = switch::ask::Answer::Failed { reason: "the platform is overloaded".to_owned() };
            self.switch.handle(now, Input::Answer { token, answer });
        }
    }

    /// Events keep their order: nothing overtakes one that waits for room.
    fn log(&mut self, logged: Logged) {
        use tokio::sync::mpsc::error::TrySendError;
        if !self.waiting.is_empty() {
            self.waiting.push_back(logged);
            return self.heed_waiting();
        }
        match self.desks.events.try_send(logged) {
            Ok(()) => {}
            Err(TrySendError::Full(logged)) => self.waiting.push_back(logged),
            Err(TrySendError::Closed(_)) => {
                self.gauges.events_lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Takes no new calls while too many events wait.
    fn heed_waiting(&mut self) {
        let waiting = self.waiting.len() as u64;
        let congested = if self.congested { waiting > EVENTS_WAITING_MAX / 2 } else { waiting >= EVENTS_WAITING_MAX };
        if congested != self.congested {
            self.congested = congested;
            tracing::warn!(waiting, congested, "call events wait for the log; new calls are refused while congested");
            self.switch.handle(self.clock.now(), Input::Congested(congested));
        }
    }

    fn housekeeping(&mut self, now: Timestamp) {
        while let Some(logged) = self.waiting.pop_front() {
            if let Err(error) = self.desks.events.try_send(logged) {
                self.waiting.push_front(error.into_inner());
                break;
            }
        }
        self.heed_waiting();
        self.sip.close_idle(self.poll.registry(), now);
        let counters = self.switch.counters();
        let set = |gauge: &AtomicU64, value: u64| gauge.store(value, Ordering::Relaxed);
        set(&self.gauges.calls, self.switch.calls() as u64);
        set(&self.gauges.events_waiting, self.waiting.len() as u64);
        set(&self.gauges.legs, self.media.legs() as u64);
        set(&self.gauges.calls_started, counters.calls_started);
        set(&self.gauges.calls_ended, counters.calls_ended);
        set(&self.gauges.orders_ignored, counters.orders_ignored);
        set(&self.gauges.sip_received, self.sip.counters.received);
        set(&self.gauges.sip_sent, self.sip.counters.sent);
        set(&self.gauges.sip_refused, counters.untrusted_refused + counters.congestion_refused);
        set(&self.gauges.rtp_received, self.media.sockets.counters.received);
        set(&self.gauges.rtp_sent, self.media.sockets.counters.sent);
        set(&self.gauges.alive_at, u64::try_from(now.micros()).unwrap_or(0));
    }
}

fn transport_of(wire: Wire) -> Transport {
    match wire {
        Wire::Udp => Transport::Udp,
        Wire::Tcp => Transport::Tcp,
    }
}
