//! Requests under way: sent on, answered, failed over, timed out.

use super::{Edge, Event, Output, Resolution, ResolveToken, Waiting};
use crate::counters::{Fate, Reason};
use crate::forward::{Context, Deadline, destination, prepare, prepare_response};
use crate::judge::{Plan, Target};
use sip::message::{Name, Request, Response, ResponseBuilder};
use sip::transaction::{ClientKey, Destination, ServerKey, Transport};
use smallvec::SmallVec;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long a resolver may take.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

impl Edge {
    /// Opens the context of a request that was judged fit to pass.
    pub(super) fn forward(&mut self, now: Duration, key: ServerKey, request: &Request, hop: &Destination) {
        let Some(plan) = self.plan.take() else { return };
        let Ok(prepared) = prepare(&self.config, &self.judge, request, hop, &plan) else {
            self.counters.count_refused(Reason::Malformed);
            self.decide(Fate::Refused);
            return self.answer(now, key, request, 400, &[]);
        };
        self.decide(Fate::Forwarded);
        let mut context = Context {
            request: prepared,
            from_switch: self.nodes.contains(hop.remote),
            to_carrier: matches!(plan, Plan::Dial { to_carrier: true, .. }),
            clients: SmallVec::new(),
            destination: None,
            nodes: SmallVec::new(),
            answered: false,
            cancelled: false,
            deadline: None,
        };
        if context.is_invite() {
            // §16.2 wants it early, and it stops the retransmissions of the INVITE.
            self.answer(now, key, request, 100, &[]);
        }
        let target = match plan {
            Plan::Admit { .. } => {
                context.nodes = self.nodes.order(now);
                None
            }
            Plan::Dial { target, .. } | Plan::Within { target, .. } => Some(target),
        };
        self.contexts.insert(key, context);
        match target {
            None => self.next_node(now, key, 503),
            Some(Target::Address(address, transport)) => self.send_on(now, key, address, transport),
            Some(Target::Name { host, port, transport }) => {
                if self.resolve(now, &host, port, transport, Waiting::Request(key)) {
                    self.set_deadline(key, Some((now + RESOLVE_TIMEOUT, Deadline::Resolve)));
                } else {
                    self.give_up(now, key, 503, Reason::Overload);
                }
            }
        }
    }

    /// The next switch gets the call; without one left the caller gets `status`.
    fn next_node(&mut self, now: Duration, key: ServerKey, status: u16) {
        let Some(context) = self.contexts.get_mut(&key) else { return };
        if context.nodes.is_empty() {
            return self.give_up(now, key, status, Reason::NoNode);
        }
        let address = context.nodes.remove(0);
        context.answered = false;
        self.send_on(now, key, address, self.config.switch_transport);
        if self.contexts.contains_key(&key) {
            self.set_deadline(key, Some((now + self.config.node_timeout, Deadline::Node)));
        }
    }

    fn send_on(&mut self, now: Duration, key: ServerKey, address: SocketAddr, transport: Transport) {
        let to = destination(&self.config, address, transport);
        let Some(context) = self.contexts.get_mut(&key) else { return };
        let (invite, to_carrier) = (context.is_invite(), context.to_carrier);
        match self.layer.send_request(now, &context.request, to) {
            Ok(client) => {
                context.clients.push(client);
                context.destination = Some(to);
                self.by_client.insert(client, key);
                let deadline = match (invite, to_carrier) {
                    (false, _) => None,
                    (true, false) => Some((now + self.config.timer_c, Deadline::TimerC)),
                    (true, true) => Some((now + self.config.carrier_timeout, Deadline::Carrier)),
                };
                self.set_deadline(key, deadline);
            }
            Err(_) => self.give_up(now, key, 503, Reason::Overload),
        }
    }

    // --- responses

    pub(super) fn response(&mut self, now: Duration, client: ClientKey, response: &Response) {
        let Some(&key) = self.by_client.get(&client) else { return self.decide(Fate::Stray) };
        let Some(context) = self.contexts.get_mut(&key) else { return self.decide(Fate::Stray) };
        if context.clients.last() != Some(&client) {
            // A node that was passed over woke up. Its 2xx gets no ACK, and it will hang up by itself.
            return self.decide(Fate::Stray);
        }
        let first = !std::mem::replace(&mut context.answered, true);
        let (invite, cancelled, from_switch) = (context.is_invite(), context.cancelled, context.from_switch);
        let Some(from) = context.destination else { return };
        let status = response.status();
        if !from_switch && invite && status == 503 && !cancelled {
            self.decide(Fate::Answered);
            self.node_failed(now, from.remote);
            return self.next_node(now, key, 503);
        }
        if !from_switch && first {
            self.nodes.answered(from.remote);
        }
        if response.is_provisional() && invite {
            self.set_deadline(key, Some((now + self.config.timer_c, Deadline::TimerC)));
        }
        if status == 100 {
            return self.decide(Fate::Answered);
        }
        self.decide(Fate::Forwarded);
        // Towards the side it did not come from.
        if let Ok(prepared) = prepare_response(response, &from, !from_switch) {
            // An error here is a second final response, which the server transaction has no use for.
            let _ = self.layer.respond(now, key, &prepared);
        }
        if invite && response.is_success() {
            self.set_deadline(key, Some((now + self.config.timing.transaction(), Deadline::Linger)));
        } else if !response.is_provisional() {
            self.close(key);
        }
    }

    /// No response, or no way to the target.
    pub(super) fn failed(&mut self, now: Duration, client: ClientKey, status: u16) {
        let Some(&key) = self.by_client.get(&client) else { return };
        let Some(context) = self.contexts.get(&key) else { return };
        if context.clients.last() != Some(&client) {
            return;
        }
        let (invite, cancelled, inbound) = (context.is_invite(), context.cancelled, !context.from_switch);
        if inbound && invite && !cancelled && !context.answered {
            if let Some(to) = context.destination {
                self.node_failed(now, to.remote);
            }
            return self.next_node(now, key, status);
        }
        if invite || status != 408 {
            let request = context.request.clone();
            self.answer(now, key, &request, if cancelled { 487 } else { status }, &[]);
        }
        // RFC 4320 §4.2: a 408 to anything but INVITE comes too late to be of use.
        self.close(key);
    }

    pub(super) fn cancelled(&mut self, now: Duration, key: ServerKey) {
        let Some(context) = self.contexts.get_mut(&key) else { return };
        context.cancelled = true;
        match context.clients.last() {
            Some(&client) => self.layer.cancel(now, client),
            None => {
                let request = context.request.clone();
                self.answer(now, key, &request, 487, &[]);
                self.close(key);
            }
        }
    }

    /// Ends a request that cannot be sent on.
    fn give_up(&mut self, now: Duration, key: ServerKey, status: u16, reason: Reason) {
        self.counters.count_refused(reason);
        if let Some(context) = self.contexts.get(&key) {
            let request = context.request.clone();
            let wait = self.config.retry_after_seconds.to_string().into_bytes();
            let headers = if status == 503 { vec![(Name::RetryAfter, wait)] } else { Vec::new() };
            self.answer(now, key, &request, status, &headers);
        }
        self.close(key);
    }

    /// A response of our own in a transaction. The request may be the one that came or the one sent on: Via, From, To,
    /// Call-ID and CSeq are the same.
    fn answer(&mut self, now: Duration, key: ServerKey, request: &Request, status: u16, headers: &[(Name, Vec<u8>)]) {
        let tag = self.layer.identifiers().tag();
        let mut builder = ResponseBuilder::new(request, status);
        if status > 100 {
            builder = builder.tag(tag.as_bytes());
        }
        let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, value));
        if let Ok(response) = builder.build() {
            let _ = self.layer.respond(now, key, &response);
        }
    }

    fn node_failed(&mut self, now: Duration, node: SocketAddr) {
        self.counters.failovers += 1;
        self.nodes.failed(now, node);
        self.event(Event::NodeFailed { node });
    }

    // --- names

    pub(super) fn resolve(
        &mut self,
        now: Duration,
        host: &str,
        port: u16,
        transport: Transport,
        waiting: Waiting,
    ) -> bool {
        if self.resolutions.len() >= self.config.resolutions_max {
            self.resolutions.retain(|_, resolution| resolution.asked_at + RESOLVE_TIMEOUT > now);
        }
        if self.resolutions.len() >= self.config.resolutions_max {
            return false;
        }
        self.resolve_serial += 1;
        let token = ResolveToken(self.resolve_serial);
        self.resolutions.insert(token, Resolution { waiting, port, transport, asked_at: now });
        self.outputs.push_back(Output::Resolve { token, host: host.to_owned() });
        true
    }

    pub(super) fn resolved(&mut self, now: Duration, token: ResolveToken, address: Option<IpAddr>) {
        let Some(Resolution { waiting, port, transport, .. }) = self.resolutions.remove(&token) else { return };
        match (waiting, address) {
            (Waiting::Request(key), Some(address)) => {
                // Given up meanwhile: cancelled, or out of time.
                let waits = self.contexts.get(&key).is_some_and(|context| context.clients.is_empty());
                if waits {
                    self.send_on(now, key, SocketAddr::new(address, port), transport);
                }
            }
            (Waiting::Request(key), None) => self.give_up(now, key, 502, Reason::Unresolved),
            (Waiting::Ack(ack), Some(address)) => {
                let to = destination(&self.config, SocketAddr::new(address, port), transport);
                let _ = self.layer.send_ack(&ack, to);
            }
            (Waiting::Ack(_), None) => {}
        }
    }

    // --- time

    pub(super) fn timeout(&mut self, now: Duration) {
        self.layer.handle_timeout(now);
        self.pump(now);
        while let Some(&(at, key)) = self.deadlines.first() {
            if at > now {
                break;
            }
            self.deadlines.pop_first();
            self.deadline(now, key);
        }
    }

    fn deadline(&mut self, now: Duration, key: ServerKey) {
        let Some(context) = self.contexts.get_mut(&key) else { return };
        let Some((_, deadline)) = context.deadline.take() else { return };
        let (client, node, cancelled) = (context.clients.last().copied(), context.destination, context.cancelled);
        match deadline {
            Deadline::Linger => self.close(key),
            Deadline::Resolve => self.give_up(now, key, 502, Reason::Unresolved),
            Deadline::TimerC => {
                // §16.8: as if the caller had cancelled; if nothing ever came, timer B has ended it before.
                if let Some(client) = client {
                    self.layer.cancel(now, client);
                }
            }
            Deadline::Node | Deadline::Carrier if cancelled => {
                let request = context.request.clone();
                self.answer(now, key, &request, 487, &[]);
                self.close(key);
            }
            Deadline::Carrier => {
                if let Some(client) = client {
                    self.layer.cancel(now, client);
                }
                let request = context.request.clone();
                self.answer(now, key, &request, 408, &[]);
                self.close(key);
            }
            Deadline::Node => {
                if let Some(client) = client {
                    self.layer.cancel(now, client);
                }
                if let Some(node) = node {
                    self.node_failed(now, node.remote);
                }
                self.next_node(now, key, 503);
            }
        }
    }

    fn set_deadline(&mut self, key: ServerKey, deadline: Option<(Duration, Deadline)>) {
        let Some(context) = self.contexts.get_mut(&key) else { return };
        if let Some((at, _)) = std::mem::replace(&mut context.deadline, deadline) {
            self.deadlines.remove(&(at, key));
        }
        if let Some((at, _)) = deadline {
            self.deadlines.insert((at, key));
        }
    }

    fn close(&mut self, key: ServerKey) {
        self.set_deadline(key, None);
        if let Some(context) = self.contexts.remove(&key) {
            for client in context.clients {
                self.by_client.remove(&client);
            }
        }
    }
}
