//! The phone: input in, outputs drained, one owner.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use domain::Seed;
use sip::dialog::DialogId;
use sip::message::{self, Envelope, Method, Name, NameAddr, Request, Response, ResponseBuilder, Uri};
use sip::transaction::{self, ClientKey, Destination, Role, ServerKey, TransactionLayer};

use crate::audio::{Audio, Remote, Start};
use crate::call::Call;
use crate::config::{Config, Dial};
use crate::report::{CallKey, CallReport, End};
use crate::session::Description;
use crate::voice::SAMPLES_MAX;

/// Methods we take.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO";

/// Headers copied into a report.
const HEADERS_MAX: usize = 16;

/// Longest text copied from a message into a report, bytes.
const TEXT_MAX: usize = 512;

/// What happens to a phone.
#[derive(Debug)]
pub enum Input<'a> {
    /// A datagram on the SIP socket.
    Sip { source: SocketAddr, bytes: Bytes },
    /// A datagram on a call's RTP socket.
    Rtp { call: CallKey, source: SocketAddr, datagram: &'a [u8] },
    /// The socket asked for is open, at this address as others reach it.
    MediaOpened { call: CallKey, address: SocketAddr },
    /// It could not be opened.
    MediaFailed { call: CallKey },
    /// Time passed; see [`Phone::next_timeout`].
    Tick,
}

/// What a phone wants done, or has to tell.
#[derive(Debug)]
pub enum Output {
    SendSip {
        to: SocketAddr,
        bytes: Bytes,
    },
    SendRtp {
        call: CallKey,
        to: SocketAddr,
        bytes: Bytes,
    },
    /// Open a UDP socket with an even port on the phone's address and tell by [`Input::MediaOpened`].
    OpenMedia {
        call: CallKey,
    },
    CloseMedia {
        call: CallKey,
    },
    Event(Event),
}

/// What a phone tells.
#[derive(Debug)]
pub enum Event {
    /// A call came in and is not refused.
    Incoming { call: CallKey, from: String },
    /// The called side rings, or says something already.
    Ringing { call: CallKey, status: u16 },
    /// The call is up.
    Answered { call: CallKey },
    /// The call is over, and this key is not used again.
    Ended { call: CallKey, report: Box<CallReport> },
}

/// Why no call was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    #[error("the target is no SIP URI")]
    Target,
    #[error("as many calls as the phone holds")]
    Full,
}

/// What a request of ours is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Invite,
    Reinvite,
    Info,
    Bye,
    /// BYE to a further fork; its answer changes nothing.
    Aside,
}

/// Messages that were not understood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// No SIP message.
    pub malformed: u64,
    /// SIP, but nothing of ours.
    pub stray: u64,
}

/// A SIP user agent without sockets and clock.
#[derive(Debug)]
pub struct Phone {
    pub(crate) config: Config,
    pub(crate) layer: TransactionLayer,
    pub(crate) calls: BTreeMap<CallKey, Call>,
    pub(crate) dialogs: HashMap<DialogId, CallKey>,
    pub(crate) clients: HashMap<ClientKey, (CallKey, Purpose)>,
    pub(crate) servers: HashMap<ServerKey, CallKey>,
    outputs: VecDeque<Output>,
    last_key: u64,
    seed: Seed,
    dropped: Dropped,
}

impl Phone {
    /// The same seed and the same inputs make the same outputs.
    #[must_use]
    pub fn new(config: Config, mut seed: Seed) -> Self {
        let mut layer_seed = [0; 32];
        seed.fill(&mut layer_seed);
        let mut layer_config = transaction::Config::new(Role::UserAgent);
        layer_config.timing = config.timing;
        Self {
            layer: TransactionLayer::new(layer_config, layer_seed, 0),
            config,
            calls: BTreeMap::new(),
            dialogs: HashMap::new(),
            clients: HashMap::new(),
            servers: HashMap::new(),
            outputs: VecDeque::new(),
            last_key: 0,
            seed,
            dropped: Dropped::default(),
        }
    }

    /// Calls; the INVITE leaves once the media socket is open.
    ///
    /// # Errors
    /// The target is no SIP URI, or the phone is full.
    pub fn dial(&mut self, now: Duration, dial: Dial) -> Result<CallKey, DialError> {
        let usable = |uri: &Uri<'_>| matches!(uri.scheme, message::Scheme::Sip | message::Scheme::Sips);
        Uri::parse(dial.target.as_bytes()).filter(usable).ok_or(DialError::Target)?;
        if self.calls.len() >= self.config.calls_max {
            return Err(DialError::Full);
        }
        Ok(self.prepare_call(now, dial))
    }

    /// Ends a call in the way its stage asks for: CANCEL, BYE, or 603.
    pub fn hang_up(&mut self, now: Duration, call: CallKey) {
        self.with_call(call, |phone, call| phone.end_call(now, call));
        self.work(now);
    }

    /// Takes what happened. Then drain [`Phone::poll`].
    pub fn handle(&mut self, now: Duration, input: Input<'_>) {
        match input {
            Input::Rtp { call, source, datagram } => {
                if let Some(audio) = self.calls.get_mut(&call).and_then(|call| call.audio.as_mut()) {
                    audio.receive(now, source, datagram);
                }
                return;
            }
            Input::Sip { source, bytes } => self.receive(now, source, bytes),
            Input::MediaOpened { call, address } => {
                self.with_call(call, |phone, call| phone.media_opened(now, call, address));
            }
            Input::MediaFailed { call } => self.with_call(call, |phone, call| phone.media_failed(now, call)),
            Input::Tick => {}
        }
        self.work(now);
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Tick`] is due at the latest.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Duration> {
        self.calls.values().filter_map(Call::next_timeout).chain(self.layer.next_timeout()).min()
    }

    /// Calls now.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Counts of what was not understood.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Counts of the transaction layer, retransmissions among them.
    #[must_use]
    pub fn sip_stats(&self) -> transaction::Stats {
        self.layer.stats()
    }

    fn receive(&mut self, now: Duration, source: SocketAddr, bytes: Bytes) {
        // Keep-alives of RFC 5626 section 4.4.1 are no messages.
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            return;
        }
        let Ok(parsed) = message::parse(bytes) else {
            self.dropped.malformed += 1;
            return;
        };
        let source = Destination::udp(self.config.address, source);
        if self.layer.receive(now, source, parsed).is_err() {
            self.dropped.stray += 1;
        }
    }

    fn work(&mut self, now: Duration) {
        self.layer.handle_timeout(now);
        let keys: Vec<CallKey> = self.calls.keys().copied().collect();
        for key in keys {
            self.with_call(key, |phone, call| phone.call_deadline(now, call));
        }
        while let Some(output) = self.layer.poll() {
            self.layer_output(now, output);
        }
    }

    fn layer_output(&mut self, now: Duration, output: transaction::Output) {
        use transaction::Output as From;
        match output {
            From::Send { destination, bytes } => self.output(Output::SendSip { to: destination.remote, bytes }),
            From::Request { key, request, source } => self.on_request(now, key, &request, source),
            From::Ack { key, request, .. } => self.on_ack(now, key, &request),
            From::Cancelled { key, .. } => self.on_cancelled(now, key),
            From::Response { key, response } => self.on_response(now, key, &response),
            From::Timeout { key } | From::TransportError { key } => self.on_no_response(now, key),
            From::AckTimeout { key, success } => self.on_ack_timeout(now, key, success),
        }
    }

    /// Lends a call out and takes it back unless it ended.
    pub(crate) fn with_call(&mut self, key: CallKey, act: impl FnOnce(&mut Self, Call) -> Option<Call>) {
        let Some(call) = self.calls.remove(&key) else { return };
        if let Some(call) = act(self, call) {
            self.calls.insert(key, call);
        }
    }

    pub(crate) fn new_key(&mut self) -> CallKey {
        self.last_key += 1;
        CallKey(self.last_key)
    }

    pub(crate) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.output(Output::Event(event));
    }

    pub(crate) fn describe(&mut self, address: SocketAddr) -> Description {
        Description::new(self.seed.next_u64(), address, &self.config.codecs)
    }

    /// Media begins, or goes on as newly agreed.
    pub(crate) fn configure_audio(&mut self, now: Duration, call: &mut Call, remote: Remote) {
        let random = self.seed.next_u64();
        let start = Start {
            ssrc: (random >> 32) as u32,
            sequence: (random >> 16) as u16,
            timestamp: self.seed.next_u64() as u32,
        };
        let keeps = media::samples_in(self.config.keeps_heard).min(SAMPLES_MAX as u64) as usize;
        call.audio.get_or_insert_with(|| Audio::new(now, start, keeps)).configure(now, remote);
    }

    /// Our address as a Contact, and with a tag as a From.
    pub(crate) fn contact(&self) -> String {
        format!("<sip:{}@{}>", self.config.user, self.config.address)
    }

    /// Where the next request of a dialog goes.
    pub(crate) fn destination(&self, call: &Call) -> Destination {
        let resolved = call.dialog.as_ref().and_then(|dialog| {
            let uri = Uri::parse(dialog.next_hop())?;
            Some(SocketAddr::new(uri.host_ip()?, uri.port.unwrap_or(5060)))
        });
        resolved.map_or(call.hop, |remote| Destination::udp(self.config.address, remote))
    }

    /// Answers a request without more than a status, a tag and what says who we are.
    pub(crate) fn respond(&mut self, now: Duration, key: ServerKey, request: &Request, status: u16, tag: &str) {
        let mut builder =
            ResponseBuilder::new(request, status).tag(tag.as_bytes()).header(Name::Server, &self.config.product);
        if status == 405 || request.method() == Method::Options {
            builder = builder.header(Name::Allow, ALLOW);
        }
        if let Ok(response) = builder.build() {
            self.send_response(now, key, &response);
        }
    }

    pub(crate) fn send_response(&mut self, now: Duration, key: ServerKey, response: &Response) {
        // Refused only where the transaction is over already, and then there is nobody to tell.
        let _ = self.layer.respond(now, key, response);
    }

    /// Ends a call for good.
    pub(crate) fn finish(&mut self, now: Duration, mut call: Call, end: End) {
        call.report.ended_at = now;
        call.report.end = end;
        if let Some(mut audio) = call.audio.take() {
            (call.report.heard, call.report.digits, call.report.stats) = audio.finish(now);
        }
        self.dialogs.retain(|_, key| *key != call.key);
        self.clients.retain(|_, (key, _)| *key != call.key);
        self.servers.retain(|_, key| *key != call.key);
        self.output(Output::CloseMedia { call: call.key });
        self.event(Event::Ended { call: call.key, report: Box::new(call.report) });
    }
}

/// Text of a message for people: lossy and bounded.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(TEXT_MAX)]).into_owned()
}

pub(crate) fn user_of(address: Option<NameAddr<'_>>) -> String {
    address.and_then(|address| address.uri()?.user_decoded()).map(|user| text(&user)).unwrap_or_default()
}

pub(crate) fn extension_headers(message: &Envelope) -> Vec<(String, String)> {
    message
        .lines()
        .filter(|(name, _)| name.len() > 2 && name[..2].eq_ignore_ascii_case(b"x-"))
        .take(HEADERS_MAX)
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}
