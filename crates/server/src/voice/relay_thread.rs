//! The relay's thread: the control port of proxies (rtpengine's ng protocol) and the media it steers.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::Timestamp;
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use relay::Relay;
use relay::ng::{Control, NgConfig};
use relay::ports::PortPool;

use super::media_sockets::MediaSockets;
use crate::clock::Clock;

const TOKEN_WAKE: Token = Token(0);
const TOKEN_CONTROL: Token = Token(1);
const FIRST_MEDIA_TOKEN: usize = 16;
/// The media engine wants to be called this often.
const TICK: Duration = Duration::from_millis(20);
/// Sleeping longer than this makes no sense: figures are published at least so often.
const SLEEP_MAX: Duration = Duration::from_millis(500);
/// How often figures are published.
const HOUSEKEEPING: Duration = Duration::from_millis(500);
/// Largest request taken: what UDP can carry.
const REQUEST_BYTES_MAX: usize = 65_536;
/// Requests taken before media gets its turn.
const REQUEST_BURST: usize = 64;

/// Figures of the thread, for metrics and health.
#[derive(Debug, Default)]
pub struct Gauges {
    pub calls: AtomicU64,
    pub legs: AtomicU64,
    pub requests: AtomicU64,
    pub malformed: AtomicU64,
    pub rtp_received: AtomicU64,
    pub rtp_sent: AtomicU64,
    /// Microseconds since the epoch of the last turn of the loop: health is that it moves.
    pub alive_at: AtomicU64,
}

/// The door to the thread.
#[derive(Clone, Debug)]
pub struct RelayHandle {
    /// Where it takes requests.
    pub control: SocketAddr,
    waker: Arc<Waker>,
    pub gauges: Arc<Gauges>,
    stop: Arc<AtomicBool>,
}

impl RelayHandle {
    /// Ends the thread after its present turn.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.waker.wake();
    }
}

/// What the thread needs to start.
#[derive(Debug)]
pub struct RelaySetup {
    /// Where proxies send their requests.
    pub control: SocketAddr,
    pub relay: relay::Config,
    pub ng: NgConfig,
    pub ports: PortPool,
    pub media_listen: IpAddr,
    pub clock: Clock,
}

struct RelayThread {
    poll: Poll,
    control: Control,
    socket: UdpSocket,
    media: MediaSockets,
    clock: Clock,
    requests: u64,
    request: Box<[u8]>,
    gauges: Arc<Gauges>,
    stop: Arc<AtomicBool>,
}

/// Binds the control port and starts the thread.
pub fn start(setup: RelaySetup) -> io::Result<(RelayHandle, JoinHandle<()>)> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), TOKEN_WAKE)?);
    let mut socket = UdpSocket::bind(setup.control)?;
    poll.registry().register(&mut socket, TOKEN_CONTROL, Interest::READABLE)?;
    let media = MediaSockets::new(
        Relay::new(setup.relay),
        setup.ports,
        (setup.media_listen, setup.ng.address),
        FIRST_MEDIA_TOKEN,
        poll.registry().try_clone()?,
    );
    let control = socket.local_addr()?;
    let handle = RelayHandle { control, waker, gauges: Arc::default(), stop: Arc::default() };
    let thread = RelayThread {
        poll,
        control: Control::new(setup.ng),
        socket,
        media,
        clock: setup.clock,
        requests: 0,
        request: vec![0; REQUEST_BYTES_MAX].into(),
        gauges: handle.gauges.clone(),
        stop: handle.stop.clone(),
    };
    let joined = std::thread::Builder::new().name("relay".to_owned()).spawn(move || thread.run())?;
    Ok((handle, joined))
}

impl RelayThread {
    fn run(mut self) {
        let mut events = Events::with_capacity(1_024);
        let mut ready: Vec<Token> = Vec::with_capacity(1_024);
        let mut again: Vec<Token> = Vec::new();
        let mut next_tick = self.clock.now().after(TICK);
        let mut next_housekeeping = self.clock.now();
        while !self.stop.load(Ordering::Relaxed) {
            let sleep = if again.is_empty() { self.sleep(next_tick) } else { Duration::ZERO };
            if let Err(error) = self.poll.poll(&mut events, Some(sleep))
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "relay thread cannot wait for its sockets");
                break;
            }
            let now = self.clock.now();
            ready.append(&mut again);
            ready.extend(events.iter().map(mio::event::Event::token));
            for token in ready.drain(..) {
                if self.on_ready(token, now) {
                    again.push(token);
                }
            }
            if now >= next_tick {
                self.media.tick(now);
                next_tick = next_tick.after(TICK).max(now);
            }
            self.take_events(now);
            if now >= next_housekeeping {
                self.publish(now);
                next_housekeeping = now.after(HOUSEKEEPING);
            }
        }
    }

    fn sleep(&self, next_tick: Timestamp) -> Duration {
        if self.media.legs() == 0 {
            return SLEEP_MAX;
        }
        let sleep = next_tick.since(self.clock.now());
        // A millisecond more, since poll rounds down and would spin.
        if sleep.is_zero() { sleep } else { sleep + Duration::from_millis(1) }
    }

    /// True when the socket may hold more.
    fn on_ready(&mut self, token: Token, now: Timestamp) -> bool {
        if self.media.owns(token) {
            return self.media.ready(token, now);
        }
        token == TOKEN_CONTROL && self.take_requests(now)
    }

    fn take_requests(&mut self, now: Timestamp) -> bool {
        for _ in 0..REQUEST_BURST {
            let (length, source) = match self.socket.recv_from(&mut self.request) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // ICMP errors of earlier replies surface here and mean nothing for what is to come.
                Err(_) => continue,
            };
            self.requests += 1;
            let Some(request) = self.request.get(..length) else { continue };
            let MediaSockets { relay, sockets, .. } = &mut self.media;
            if let Some(reply) = self.control.handle(now.since_epoch(), source, request, relay, sockets) {
                // A reply that is lost is asked for again under the same cookie.
                let _ = self.socket.send_to(&reply, source);
            }
        }
        true
    }

    fn take_events(&mut self, now: Timestamp) {
        while let Some(event) = self.media.poll_event() {
            let MediaSockets { relay, sockets, .. } = &mut self.media;
            self.control.event(now.since_epoch(), &event, relay, sockets);
        }
    }

    fn publish(&self, now: Timestamp) {
        let set = |gauge: &AtomicU64, value: u64| gauge.store(value, Ordering::Relaxed);
        set(&self.gauges.calls, self.control.calls() as u64);
        set(&self.gauges.legs, self.media.legs() as u64);
        set(&self.gauges.requests, self.requests);
        set(&self.gauges.malformed, self.control.malformed());
        set(&self.gauges.rtp_received, self.media.sockets.counters.received);
        set(&self.gauges.rtp_sent, self.media.sockets.counters.sent);
        set(&self.gauges.alive_at, u64::try_from(now.micros()).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use relay::ports::PortConfig;

    use super::*;

    /// A peer with a socket for control and one for media.
    struct Peer {
        control: UdpSocket,
        media: UdpSocket,
    }

    impl Peer {
        fn new(relay: SocketAddr) -> Self {
            let socket = || {
                let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
                socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                socket
            };
            let peer = Self { control: socket(), media: socket() };
            peer.control.connect(relay).unwrap();
            peer
        }

        fn sdp(&self) -> String {
            let port = self.media.local_addr().unwrap().port();
            format!(
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
            )
        }

        /// Sends a command and returns the answer's text.
        fn ask(&self, cookie: &str, fields: &[(&str, &str)]) -> String {
            let fields = fields.iter().map(|(key, value)| format!("{}:{key}{}:{value}", key.len(), value.len()));
            self.control.send(format!("{cookie} d{}e", fields.collect::<String>()).as_bytes()).unwrap();
            let mut answer = vec![0; 65_536];
            let length = self.control.recv(&mut answer).unwrap();
            String::from_utf8(answer[..length].to_vec()).unwrap()
        }
    }

    /// The port of the first media section in an answer.
    fn media_port(answer: &str) -> u16 {
        let section = answer.split("m=audio ").nth(1).unwrap_or_else(|| panic!("no media in {answer}"));
        section.split(' ').next().unwrap().parse().unwrap()
    }

    fn packet(sequence: u16) -> Vec<u8> {
        let mut packet = vec![0x80, 0];
        packet.extend(sequence.to_be_bytes());
        packet.extend((u32::from(sequence) * 160).to_be_bytes());
        packet.extend(7_u32.to_be_bytes());
        packet.extend([0xff; 160]);
        packet
    }

    #[test]
    fn a_proxy_has_media_relayed_both_ways_until_it_deletes_the_call() {
        let host = IpAddr::from([127, 0, 0, 1]);
        let ports = PortPool::new(&PortConfig { first: 46_000, last: 46_999, ..PortConfig::default() }).unwrap();
        let setup = RelaySetup {
            control: SocketAddr::new(host, 0),
            relay: relay::Config::default(),
            ng: NgConfig::default(),
            ports,
            media_listen: host,
            clock: Clock::start(),
        };
        let (handle, thread) = start(setup).unwrap();
        let (a, b) = (Peer::new(handle.control), Peer::new(handle.control));
        let call = [("call-id", "c1"), ("from-tag", "a")];
        let offer = a.ask("1", &[call[0], ("command", "offer"), call[1], ("sdp", &a.sdp())]);
        let answer = a.ask("2", &[call[0], ("command", "answer"), call[1], ("sdp", &b.sdp()), ("to-tag", "b")]);
        let (facing_b, facing_a) = (media_port(&offer), media_port(&answer));
        let mut heard = [0; 2_048];
        for (from, to, port) in [(&a, &b, facing_a), (&b, &a, facing_b)] {
            for sequence in 1..=3 {
                from.media.send_to(&packet(sequence), (host, port)).unwrap();
                let length = to.media.recv(&mut heard).unwrap();
                assert_eq!(&heard[..length], &packet(sequence)[..]);
            }
        }
        let deleted = a.ask("3", &[call[0], ("command", "delete"), call[1]]);
        assert!(deleted.contains("6:result2:ok"), "{deleted}");
        UdpSocket::bind((host, facing_a)).expect("a deleted call's port is free again");
        handle.stop();
        thread.join().unwrap();
    }
}
