//! The switch: takes what arrives to the call it belongs to, and makes new calls.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use domain::{CallId, EndCause, OutboundCall, Party, Seed, TenantId, Timestamp, TrunkId};
use media::{LegKey, MediaEvent};
use sip::dialog::Dialog;
use sip::message::{Message, Method, Name, Request, Response, ResponseBuilder, parse};
use sip::transaction::{ClientKey, Destination, Output as SipOutput, ServerKey};
use sip::verdict::{self, Verdict, VerdictError};

use crate::call::{Call, Caller};
use crate::claim;
use crate::config::Config;
use crate::core::{ALLOW, Acknowledged, Core, Counters, Pending, Purpose, dialog_key, in_dialog_method, readable_user};
use crate::io::{Input, Output};
use crate::routes::hop;
use crate::session::Negotiation;

/// All calls of one shard.
#[derive(Debug)]
pub struct Switch {
    core: Core,
    calls: HashMap<CallId, Box<Call>>,
    /// INVITEs answered 2xx, kept as long as the 2xx may come again.
    answered: VecDeque<(Timestamp, ClientKey)>,
    draining: bool,
    congested: bool,
}

/// Entries in the switch's tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Calls, those that only wait for their last figures included.
    pub calls: usize,
    /// Dialogs known by Call-ID and tag.
    pub dialogs: usize,
    /// INVITEs of callers, re-INVITEs without their ACK, and requests of ours that are not finished.
    pub requests: usize,
    /// INVITEs of ours whose 2xx may come again.
    pub acknowledgements: usize,
    /// Transactions, those that only absorb retransmissions included.
    pub transactions: usize,
    /// Media legs and recordings.
    pub media: usize,
    /// Timers of calls.
    pub timers: usize,
}

/// Forks of one INVITE of ours that are answered; a 2xx of a further one is left alone.
const FORKS_MAX: usize = 16;

/// How long a 2xx to an INVITE may come again (RFC 3261 §13.2.2.4: 64*T1).
const ANSWER_REPEATS: Duration = Duration::from_secs(32);

impl Switch {
    /// A switch without calls.
    pub fn new(config: Config, seed: Seed) -> Self {
        Self {
            core: Core::new(config, seed),
            calls: HashMap::new(),
            answered: VecDeque::new(),
            draining: false,
            congested: false,
        }
    }

    /// Takes what happened. Drain [`Switch::poll`] afterwards.
    pub fn handle(&mut self, now: Timestamp, input: Input) {
        match input {
            Input::Sip { source, bytes } => self.on_sip(now, source, bytes),
            Input::SipUnreachable { destination } => self.core.transactions.transport_failed(&destination),
            Input::Answer { token, answer } => {
                let known = self.with_call(token.call, |call, core| call.on_answer(core, now, token, answer));
                self.core.counters.late_answers += u64::from(!known);
            }
            Input::Persisted { token, durable } => {
                self.with_call(token.call, |call, core| call.on_persisted(core, now, token, durable));
            }
            Input::MediaOpened { leg, address } => {
                if !self.with_leg(leg, |call, core| call.on_media_opened(core, now, leg, address)) {
                    self.core.media(media::MediaCommand::Close { leg });
                }
            }
            Input::MediaRefused { leg } => {
                self.with_leg(leg, |call, core| call.on_media_refused(core, now, leg));
            }
            Input::Media(event) => self.on_media(now, &event),
            Input::RecordingStored { recording, outcome } => {
                if let Some(call) = self.core.routes.recordings.get(&recording).copied() {
                    self.with_call(call, |call, core| call.on_recording_stored(core, now, recording, outcome));
                }
            }
            Input::HangUp { tenant, call } => {
                self.with_call(call, |call, core| {
                    if call.tenant == tenant {
                        call.hang_up(core, now);
                    }
                });
            }
            Input::Place(order) => self.on_order(now, *order),
            Input::Congested(congested) => self.congested = congested,
            Input::Drain => self.draining = true,
            Input::EndAll => {
                self.draining = true;
                let calls: Vec<CallId> = self.calls.keys().copied().collect();
                for id in calls {
                    self.with_call(id, |call, core| call.end(core, now, EndCause::SwitchRestarted, Party::Platform));
                }
            }
        }
        self.take_sip_outputs(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.core.transactions.handle_timeout(now.since_epoch());
        while let Some((call, kind)) = self.core.timers.pop(now) {
            self.with_call(call, |call, core| {
                call.timers.fired(kind);
                call.on_timer(core, now, kind);
            });
        }
        while let Some((_, client)) = self.answered.front().copied().filter(|(until, _)| *until <= now) {
            self.answered.pop_front();
            self.core.routes.clients.remove(&client);
            self.core.acks.remove(&client);
        }
        self.take_sip_outputs(now);
    }

    /// When [`Switch::handle_timeout`] wants to be called.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        let transactions = self.core.transactions.next_timeout().map(Timestamp::from_epoch);
        let answered = self.answered.front().map(|(until, _)| *until);
        [transactions, self.core.timers.next(), answered].into_iter().flatten().min()
    }

    /// The next thing to do, in order.
    pub fn poll(&mut self) -> Option<Output> {
        self.core.outputs.pop_front()
    }

    /// Calls that are not over.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// How much is kept: all zero once every call is over and its last timers have run.
    pub fn footprint(&self) -> Footprint {
        let routes = &self.core.routes;
        let (clients, servers) = self.core.transactions.len();
        Footprint {
            calls: self.calls.len(),
            dialogs: routes.dialogs.len(),
            requests: routes.servers.len() + routes.clients.len() + self.answered.len(),
            acknowledgements: self.core.acks.len(),
            transactions: clients + servers,
            media: routes.legs.len() + routes.recordings.len(),
            timers: self.core.timers.len(),
        }
    }

    /// What was counted.
    pub fn counters(&self) -> Counters {
        self.core.counters
    }

    /// What the transaction layer counted.
    pub fn transactions(&self) -> sip::transaction::Stats {
        self.core.transactions.stats()
    }

    fn on_sip(&mut self, now: Timestamp, source: Destination, bytes: Bytes) {
        match parse(bytes) {
            Ok(message) => {
                // What goes no further is counted by the layer.
                let _ = self.core.transactions.receive(now.since_epoch(), source, message);
            }
            Err(error) => match error.rejection {
                Some(refusal) => {
                    self.core.counters.malformed_refused += 1;
                    self.core.transactions.send_bytes(source, refusal);
                }
                None => self.core.counters.malformed_dropped += 1,
            },
        }
    }

    /// What the transaction layer made of it.
    fn take_sip_outputs(&mut self, now: Timestamp) {
        while let Some(output) = self.core.transactions.poll() {
            match output {
                SipOutput::Send { destination, bytes } => {
                    self.core.outputs.push_back(Output::Sip { destination, bytes });
                }
                SipOutput::Request { key, request, source } => self.on_request(now, key, &request, source),
                SipOutput::Ack { key, request, .. } => {
                    if let Some(call) = dialog_key(&request).and_then(|key| self.core.routes.dialogs.get(&key).copied())
                    {
                        self.with_call(call, |call, core| call.on_ack(core, now, key, &request));
                    }
                }
                SipOutput::Cancelled { key, .. } => {
                    if let Some(call) = self.core.routes.servers.get(&key).copied() {
                        self.with_call(call, |call, core| call.on_cancelled(core, now, key));
                    }
                }
                SipOutput::Response { key, response } => self.on_response(now, key, &response),
                SipOutput::Timeout { key } | SipOutput::TransportError { key } => self.on_no_response(now, key),
                SipOutput::AckTimeout { key, success } => {
                    if let Some(call) = self.core.routes.servers.get(&key).copied().filter(|_| success) {
                        self.with_call(call, |call, core| call.on_ack_timeout(core, now, key));
                    }
                }
            }
        }
    }

    fn on_request(&mut self, now: Timestamp, key: ServerKey, request: &Request, _source: Destination) {
        if let Some(dialog) = dialog_key(request) {
            let call = self.core.routes.dialogs.get(&dialog).copied();
            let known = call.is_some_and(|call| {
                self.with_call(call, |call, core| {
                    if in_dialog_method(request.method()) {
                        call.on_request(core, now, key, request);
                    } else {
                        core.refuse(now, key, request, 405);
                    }
                })
            });
            if !known {
                self.core.counters.unknown_dialog += 1;
                self.core.refuse(now, key, request, 481);
            }
            return;
        }
        match request.method() {
            Method::Invite => self.on_invite(now, key, request),
            Method::Options => {
                let status = if self.is_full() { 503 } else { 200 };
                let response = ResponseBuilder::new(request, status).header(Name::Allow, ALLOW);
                self.core.respond(now, key, response);
            }
            _ => self.core.refuse(now, key, request, 405),
        }
    }

    fn is_full(&self) -> bool {
        self.draining || self.congested || self.calls.len() >= self.core.config.calls_max
    }

    /// A new call, if an edge vouches for it.
    fn on_invite(&mut self, now: Timestamp, key: ServerKey, request: &Request) {
        let verdict = match self.verdict_of(now, request) {
            Ok(verdict) => verdict,
            Err(error) => {
                tracing::warn!(%error, "INVITE refused");
                self.core.counters.untrusted_refused += 1;
                self.core.refuse(now, key, request, 403);
                return;
            }
        };
        if self.is_full() {
            self.core.counters.congestion_refused += 1;
            self.core.refuse(now, key, request, 503);
            return;
        }
        let session_id = self.core.seed.next_u64() >> 1;
        let negotiation = match Negotiation::of_invite(request.body(), session_id) {
            Ok(negotiation) => negotiation,
            Err(error) => {
                self.core.refuse(now, key, request, error.status());
                return;
            }
        };
        let tag = self.core.transactions.identifiers().tag();
        let contact = self.core.contact().to_owned();
        let dialog = Dialog::from_request(request, tag.as_bytes(), contact.as_bytes());
        let (Ok(dialog), Some(dialled)) = (dialog, readable_user(request)) else {
            self.core.refuse(now, key, request, 400);
            return;
        };
        let id: CallId = self.core.ids.next(now);
        let caller = self.caller_of(key, request, tag, dialog, dialled, negotiation, &verdict);
        let mut call = Box::new(Call::new(id, TenantId(verdict.tenant), caller));
        self.core.counters.calls_started += 1;
        self.core.routes.servers.insert(key, id);
        if let Some(dialog) = call.caller_dialog_key() {
            self.core.routes.dialogs.insert(dialog, id);
        }
        call.begin(&mut self.core, now);
        self.calls.insert(id, call);
    }

    /// The platform is to call somebody.
    fn on_order(&mut self, now: Timestamp, order: OutboundCall) {
        if order.until < now || self.calls.contains_key(&order.call) {
            self.core.counters.orders_ignored += 1;
            return;
        }
        let is_full = self.is_full();
        let id = order.call;
        let caller = Caller::to_be_called(&order, LegKey(self.core.next_key()));
        let mut call = Box::new(Call::to_place(order, caller));
        self.core.counters.calls_started += 1;
        if is_full {
            self.core.counters.congestion_refused += 1;
            call.end(&mut self.core, now, EndCause::Congestion, Party::Platform);
        } else {
            call.place(&mut self.core, now);
        }
        self.calls.insert(id, call);
    }

    #[expect(clippy::too_many_arguments, reason = "one place that puts the caller's leg together")]
    fn caller_of(
        &mut self,
        key: ServerKey,
        request: &Request,
        tag: String,
        dialog: Dialog,
        dialled: String,
        negotiation: Negotiation,
        verdict: &Verdict,
    ) -> Caller {
        let from = request.from();
        let mut user = from.as_ref().and_then(|from| from.uri()?.user_decoded()).unwrap_or_default();
        // A number's parameters, such as a carrier's `verstat`, are part of the user (RFC 3261 §19.1.6), not of the number.
        if let Some(end) = user.iter().position(|&byte| byte == b';') {
            user.truncate(end);
        }
        let name = from.as_ref().and_then(|from| from.display_decoded());
        let text = |bytes: Vec<u8>| -> String {
            const TEXT_MAX: usize = 128;
            String::from_utf8_lossy(&bytes).chars().filter(|character| !character.is_control()).take(TEXT_MAX).collect()
        };
        Caller {
            key: Some(key),
            // A copy of its own: the message's buffer may be a slice of a large one that many messages share.
            invite: parse(Bytes::copy_from_slice(request.bytes())).ok().and_then(Message::request).map(Box::new),
            acknowledged: false,
            owes_bye: false,
            reinvite: None,
            media: LegKey(self.core.next_key()),
            phase: crate::call::CallerPhase::Invited,
            dialog: Some(dialog),
            leg: None,
            proof: None,
            tag,
            trunk: verdict.trunk.map(TrunkId),
            attestation: claim::attestation(verdict.attestation),
            claim: claim::of(request),
            dialled,
            from: text(user),
            name: name.map(text).filter(|name| !name.is_empty()),
            address: None,
            negotiation,
            sdp: None,
            on_hold: false,
        }
    }

    fn verdict_of(&self, now: Timestamp, request: &Request) -> Result<Verdict, VerdictError> {
        let verdict = Verdict::verify(&self.core.config.seal, request, now.since_epoch())?;
        if verdict.direction == verdict::Direction::Inbound { Ok(verdict) } else { Err(VerdictError::Malformed) }
    }

    fn on_response(&mut self, now: Timestamp, key: ClientKey, response: &Response) {
        let Some(pending) = self.core.routes.clients.get(&key).cloned() else { return };
        let (leg, request) = match pending.purpose {
            Purpose::Invite { leg, request } => (leg, request),
            Purpose::Bye(again) => {
                if !response.is_provisional() {
                    self.core.routes.clients.remove(&key);
                }
                if let (401 | 407, Some(again)) = (response.status(), again) {
                    hop::bye_again(&mut self.core, now, pending.call, *again, response);
                }
                return;
            }
        };
        if response.is_provisional() {
            if self.expects(pending.call, leg, key) {
                self.with_call(pending.call, |call, core| call.on_invite_response(core, now, response));
            }
            return;
        }
        if !response.is_success() {
            self.core.routes.clients.remove(&key);
            if self.expects(pending.call, leg, key) {
                self.with_call(pending.call, |call, core| call.on_invite_response(core, now, response));
            }
            return;
        }
        self.on_success(now, key, pending.call, leg, &request, response);
    }

    /// A 2xx to an INVITE of ours: the first one, the same one again, or one of another fork.
    fn on_success(
        &mut self,
        now: Timestamp,
        key: ClientKey,
        call: CallId,
        leg: LegKey,
        request: &Request,
        response: &Response,
    ) {
        let acknowledged = self.core.acks.get(&key).map_or(&[][..], Vec::as_slice);
        let tag = response.to_tag().unwrap_or_default();
        if let Some(Acknowledged { destination, ack, .. }) = acknowledged.iter().find(|known| known.tag == tag) {
            let (destination, ack) = (*destination, ack.clone());
            self.core.transactions.send_bytes(destination, ack);
            return;
        }
        let (first, forks) = (acknowledged.is_empty(), acknowledged.len());
        if first && self.expects(call, leg, key) {
            self.with_call(call, |call, core| call.on_invite_response(core, now, response));
        } else if forks < FORKS_MAX {
            // It answered just when we gave it up (RFC 3261 §9.1), or after another fork (§13.2.2.4): taken, and ended.
            if let Ok(mut dialog) = Dialog::from_response(request, response) {
                hop::acknowledge(&mut self.core, request, &dialog, key);
                hop::bye(&mut self.core, now, call, &mut dialog, None);
            }
        }
        if first {
            self.answered.push_back((now.after(ANSWER_REPEATS), key));
        }
    }

    fn expects(&self, call: CallId, leg: LegKey, key: ClientKey) -> bool {
        self.calls.get(&call).is_some_and(|call| call.expects(leg, key))
    }

    fn on_no_response(&mut self, now: Timestamp, key: ClientKey) {
        let Some(Pending { call, purpose }) = self.core.routes.clients.remove(&key) else { return };
        if let Purpose::Invite { leg, .. } = purpose {
            self.with_call(call, |call, core| {
                if call.expects(leg, key) {
                    call.on_invite_failed(core, now);
                }
            });
        }
    }

    fn on_media(&mut self, now: Timestamp, event: &MediaEvent) {
        let leg = match event {
            MediaEvent::Digit { leg, .. }
            | MediaEvent::Played { leg, .. }
            | MediaEvent::Timeout { leg, .. }
            | MediaEvent::Stats { leg, .. } => *leg,
            _ => return,
        };
        self.with_leg(leg, |call, core| call.on_media(core, now, event));
    }

    fn with_leg(&mut self, leg: LegKey, act: impl FnOnce(&mut Call, &mut Core)) -> bool {
        let call = self.core.routes.legs.get(&leg).copied();
        call.is_some_and(|call| self.with_call(call, act))
    }

    /// Lets a call act, and forgets it when nothing of it is left to come. False when there is no such call.
    fn with_call(&mut self, id: CallId, act: impl FnOnce(&mut Call, &mut Core)) -> bool {
        let Some(call) = self.calls.get_mut(&id) else { return false };
        act(call, &mut self.core);
        if call.is_done()
            && let Some(mut call) = self.calls.remove(&id)
        {
            self.core.timers.clear(&mut call.timers, id);
        }
        true
    }
}
