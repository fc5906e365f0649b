//! The edge itself: datagrams and the time go in, datagrams and events come out.

mod contexts;

use crate::config::Config;
use crate::counters::{Counters, Fate, Reason};
use crate::flood::{Flood, Pressure};
use crate::forward::{Context, destination, prepare};
use crate::judge::{Judge, Judgement, Plan, Target};
use crate::nodes::Nodes;
use crate::trunks::TrunkTable;
use bytes::Bytes;
use domain::{TenantId, Timestamp, TrunkId};
use sip::Method;
use sip::message::{self, Fault, Message, Name, Request};
use sip::transaction::{self, ClientKey, Destination, ReceiveError, Role, ServerKey, TransactionLayer, Transport};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// What goes in.
#[derive(Clone, Debug)]
pub enum Input {
    /// One message: a datagram, or what [`sip::message::Framer`] cut from a stream. `hop.remote` is where it came from.
    Datagram { hop: Destination, bytes: Bytes },
    /// The time [`Edge::next_timeout`] named has come.
    Timeout,
    /// From now on these trunks are in force.
    TrunksChanged(Arc<TrunkTable>),
    /// The answer to [`Output::Resolve`]; `None` if there is no such name.
    Resolved { token: ResolveToken, address: Option<IpAddr> },
    /// A connection was refused or broke.
    TransportFailed { hop: Destination },
}

/// A question for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResolveToken(u64);

/// What comes out.
#[derive(Clone, Debug)]
pub enum Output {
    Send {
        destination: Destination,
        bytes: Bytes,
    },
    /// Ask the resolver for an address of this name (A, AAAA). Answer with [`Input::Resolved`].
    Resolve {
        token: ResolveToken,
        host: String,
    },
    Event(Event),
}

/// What operators want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A call was let in.
    Admitted { trunk: TrunkId, tenant: TenantId, call_id: Bytes, source: SocketAddr },
    /// A request was turned away. Not raised for floods, which are counted only.
    Refused { reason: Reason, status: u16, method: Method, source: SocketAddr },
    /// Bytes that are no SIP message.
    Malformed { fault: Fault, answered: bool, source: SocketAddr },
    /// A switch failed or kept silent.
    NodeFailed { node: SocketAddr },
}

/// A request or ACK that waits for a name.
#[derive(Debug)]
enum Waiting {
    Request(ServerKey),
    Ack(Box<Request>),
}

#[derive(Debug)]
struct Resolution {
    waiting: Waiting,
    port: u16,
    transport: Transport,
    asked_at: Duration,
}

/// The border.
#[derive(Debug)]
pub struct Edge {
    config: Config,
    layer: TransactionLayer,
    judge: Judge,
    nodes: Nodes,
    flood: Flood,
    contexts: HashMap<ServerKey, Context>,
    by_client: HashMap<ClientKey, ServerKey>,
    deadlines: BTreeSet<(Duration, ServerKey)>,
    resolutions: HashMap<ResolveToken, Resolution>,
    resolve_serial: u64,
    outputs: VecDeque<Output>,
    counters: Counters,
    /// The message at hand has no fate yet.
    undecided: bool,
    /// What was decided about the request the transaction layer is about to raise.
    plan: Option<Plan>,
}

impl Edge {
    /// `shard` is written into our branches, so that responses find the thread that owns the request.
    pub fn new(config: Config, seed: [u8; 32], shard: u8) -> Self {
        let mut layer = transaction::Config::new(Role::Proxy);
        layer.timing = config.timing;
        layer.servers_max = config.contexts_max;
        layer.clients_max = config.contexts_max.saturating_mul(2);
        layer.retry_after_seconds = config.retry_after_seconds;
        layer.advertised = vec![(config.local, config.public.to_string())];
        Edge {
            layer: TransactionLayer::new(layer, seed, shard),
            judge: Judge::new(&config),
            nodes: Nodes::new(&config.switch_nodes, config.node_quarantine),
            flood: Flood::new(config.flood),
            contexts: HashMap::new(),
            by_client: HashMap::new(),
            deadlines: BTreeSet::new(),
            resolutions: HashMap::new(),
            resolve_serial: 0,
            outputs: VecDeque::new(),
            counters: Counters::default(),
            undecided: false,
            plan: None,
            config,
        }
    }

    /// Takes one input; drain [`Edge::poll`] afterwards.
    pub fn handle(&mut self, now: Timestamp, input: Input) {
        let now = now.since_epoch();
        match input {
            Input::Datagram { hop, bytes } => self.datagram(now, hop, bytes),
            Input::Timeout => self.timeout(now),
            Input::TrunksChanged(trunks) => self.judge.trunks = trunks,
            Input::Resolved { token, address } => self.resolved(now, token, address),
            Input::TransportFailed { hop } => self.layer.transport_failed(&hop),
        }
        self.pump(now);
        if std::mem::take(&mut self.undecided) {
            self.counters.count_fate(Fate::Repeated);
        }
    }

    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Timeout`] is wanted.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        let own = self.deadlines.first().map(|(at, _)| *at);
        [own, self.layer.next_timeout()].into_iter().flatten().min().map(Timestamp::from_epoch)
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What the transaction layer counted: retransmissions, strays.
    pub fn transaction_stats(&self) -> transaction::Stats {
        self.layer.stats()
    }

    /// Requests under way.
    pub fn contexts(&self) -> usize {
        self.contexts.len()
    }

    // --- the way in

    fn datagram(&mut self, now: Duration, hop: Destination, bytes: Bytes) {
        self.counters.received += 1;
        self.undecided = true;
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return self.decide(Fate::KeepAlive);
        }
        let pressure = self.pressure(now, hop.remote);
        if pressure == Pressure::Drop {
            return self.decide(Fate::Flooded);
        }
        match message::parse(bytes) {
            Err(error) => self.malformed(&hop, &error),
            Ok(Message::Response(response)) => {
                let class = usize::from(response.status() / 100);
                self.counters.responses_received[class] += 1;
                if self.layer.receive(now, hop, Message::Response(response)).is_err() {
                    self.decide(Fate::Stray);
                }
            }
            Ok(Message::Request(request)) => {
                Counters::count_request(&mut self.counters.requests_received, request.method());
                if pressure == Pressure::Refuse {
                    return self.flooded(&hop, &request);
                }
                self.request(now, hop, request);
            }
        }
    }

    /// Switches and the addresses of trunks are not limited: a busy carrier is no flood.
    fn pressure(&mut self, now: Duration, source: SocketAddr) -> Pressure {
        let ip = source.ip().to_canonical();
        if self.nodes.contains(source) || self.judge.trunks.by_address(ip, None).is_some_and(|trunk| trunk.enabled) {
            return Pressure::Normal;
        }
        self.flood.take(now, ip)
    }

    fn malformed(&mut self, hop: &Destination, error: &message::ParseError) {
        let answered = error.rejection.is_some();
        match &error.rejection {
            Some(bytes) => {
                self.layer.send_bytes(*hop, bytes.clone());
                self.counters.count_refused(Reason::Malformed);
                self.decide(Fate::Refused);
            }
            None => self.decide(Fate::Unreadable),
        }
        self.event(Event::Malformed { fault: error.fault, answered, source: hop.remote });
    }

    fn flooded(&mut self, hop: &Destination, request: &Request) {
        if request.method() == Method::Ack {
            return self.decide(Fate::Flooded);
        }
        let wait = self.config.retry_after_seconds.to_string().into_bytes();
        self.layer.refuse(hop, request, 503, &[(Name::RetryAfter, wait)]);
        self.counters.count_refused(Reason::Flood);
        self.decide(Fate::Refused);
    }

    fn request(&mut self, now: Duration, hop: Destination, request: Request) {
        if matches!(request.method(), Method::Ack | Method::Cancel) || self.layer.knows(&request) {
            return self.take(now, hop, request);
        }
        match self.judge.request(now, &hop, &request, &self.nodes) {
            Judgement::Answer(headers) => {
                self.layer.refuse(&hop, &request, 200, &headers);
                self.decide(Fate::Answered);
            }
            Judgement::Refuse { status, reason, headers } => self.refuse(&hop, &request, status, reason, &headers),
            Judgement::Forward(plan) => {
                if let Plan::Admit { verdict } = &plan {
                    self.counters.admitted += 1;
                    let (trunk, tenant) = (verdict.trunk.unwrap_or_default().into(), verdict.tenant.into());
                    let call_id = Bytes::copy_from_slice(request.call_id());
                    self.event(Event::Admitted { trunk, tenant, call_id, source: hop.remote });
                }
                self.plan = Some(plan);
                self.take(now, hop, request);
            }
        }
    }

    fn refuse(
        &mut self,
        hop: &Destination,
        request: &Request,
        status: u16,
        reason: Reason,
        headers: &[(Name, Vec<u8>)],
    ) {
        self.layer.refuse(hop, request, status, headers);
        self.counters.count_refused(reason);
        self.decide(Fate::Refused);
        self.event(Event::Refused { reason, status, method: request.method(), source: hop.remote });
    }

    /// Into the transaction layer, and what it says at once.
    fn take(&mut self, now: Duration, hop: Destination, request: Request) {
        let result = self.layer.receive(now, hop, Message::Request(request));
        match result {
            Ok(()) => self.pump(now),
            Err(ReceiveError::Overloaded) => {
                self.counters.count_refused(Reason::Overload);
                self.decide(Fate::Refused);
            }
            Err(ReceiveError::StrayCancel) => {
                self.counters.count_refused(Reason::StrayCancel);
                self.decide(Fate::Refused);
            }
            Err(ReceiveError::Via | ReceiveError::StrayResponse) => self.decide(Fate::Stray),
        }
        self.plan = None;
    }

    // --- the way through

    fn pump(&mut self, now: Duration) {
        while let Some(output) = self.layer.poll() {
            match output {
                transaction::Output::Send { destination, bytes } => {
                    self.counters.count_sent(&bytes);
                    self.outputs.push_back(Output::Send { destination, bytes });
                }
                transaction::Output::Request { key, request, source } => self.forward(now, key, &request, &source),
                transaction::Output::Ack { request, source, .. } => self.forward_ack(now, &request, &source),
                transaction::Output::Cancelled { key, .. } => {
                    self.decide(Fate::Answered);
                    self.cancelled(now, key);
                }
                transaction::Output::Response { key, response } => self.response(now, key, &response),
                transaction::Output::Timeout { key } => self.failed(now, key, 408),
                transaction::Output::TransportError { key } => self.failed(now, key, 503),
                transaction::Output::AckTimeout { .. } => self.counters.unacknowledged += 1,
            }
        }
    }

    /// An ACK of a 2xx has no transaction: what may pass passes (RFC 3261 §16.6, last paragraph).
    fn forward_ack(&mut self, now: Duration, request: &Request, source: &Destination) {
        let from_switch = self.nodes.contains(source.remote);
        let plan = match self.judge.within_dialog(request, from_switch, &self.nodes) {
            Ok(plan) if request.max_forwards() != Some(0) => plan,
            _ => return self.decide(Fate::StrayAck),
        };
        let (Ok(prepared), Plan::Within { target, .. }) =
            (prepare(&self.config, &self.judge, request, source, &plan), &plan)
        else {
            return self.decide(Fate::StrayAck);
        };
        match target {
            Target::Address(address, transport) => {
                let to = destination(&self.config, *address, *transport);
                let sent = self.layer.send_ack(&prepared, to).is_ok();
                self.decide(if sent { Fate::Forwarded } else { Fate::StrayAck });
            }
            Target::Name { host, port, transport } => {
                let asked = self.resolve(now, host, *port, *transport, Waiting::Ack(Box::new(prepared)));
                self.decide(if asked { Fate::Forwarded } else { Fate::StrayAck });
            }
        }
    }

    /// The fate of the message at hand; the first word counts.
    fn decide(&mut self, fate: Fate) {
        if std::mem::take(&mut self.undecided) {
            self.counters.count_fate(fate);
        }
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}
