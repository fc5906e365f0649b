//! The caller's leg: an INVITE to us, our answer, and what the caller does in the dialog. Where the platform calls, the leg that
//! answered takes its place (`dialling`).

use std::net::SocketAddr;

use bytes::Bytes;
use domain::{Attestation, EndCause, IdentityClaim, LegId, Party, Timestamp, TrunkId, What};
use media::LegKey;
use media::command::RemoteMedia;
use sip::dialog::Dialog;
use sip::message::{Method, Name, Request, ResponseBuilder};
use sip::transaction::ServerKey;

use super::Call;
use super::callee::CalleePhase;
use super::invite::Proof;
use crate::ask::Token;
use crate::core::Core;
use crate::session::{self, Negotiation};
use crate::timers::TimerKind;

/// How far the caller's INVITE has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallerPhase {
    /// We call them, and they did not answer yet.
    Dialling,
    /// Nothing but a 100 was sent.
    Invited,
    /// A 180 was sent.
    Ringing,
    /// A 183 with our SDP was sent: the caller hears the callee's side before an answer.
    EarlyMedia,
    /// `call.answered` is being made durable; the 200 leaves when it is, or, where we called, the flow begins.
    Answering(Token),
    /// The 200 was sent, or came.
    Answered,
    /// Refused, cancelled or over.
    Over,
}

/// The caller's side.
#[derive(Debug)]
pub(crate) struct Caller {
    /// Its INVITE; none where we called.
    pub key: Option<ServerKey>,
    /// Until its final response.
    pub invite: Option<Box<Request>>,
    /// The ACK of our 2xx came.
    pub acknowledged: bool,
    /// The call is over, and the caller is told so by BYE once it acknowledged its answer.
    pub owes_bye: bool,
    /// A re-INVITE we answered 2xx and that waits for its ACK.
    pub reinvite: Option<ServerKey>,
    pub media: LegKey,
    pub phase: CallerPhase,
    /// None until somebody we called answers.
    pub dialog: Option<Dialog>,
    /// Where we called: its leg in the log, until that is over.
    pub leg: Option<LegId>,
    /// Where we called: what was said to a carrier that asked who calls.
    pub proof: Option<Proof>,
    pub tag: String,
    pub trunk: Option<TrunkId>,
    pub attestation: Attestation,
    /// What its INVITE claims; nobody has verified it.
    pub claim: Option<Box<IdentityClaim>>,
    /// What was dialled, as written; where we call, the number we show.
    pub dialled: String,
    /// The caller's number, as written; where we call, whom.
    pub from: String,
    /// The name beside it.
    pub name: Option<String>,
    /// Our media address, once the port is open.
    pub address: Option<SocketAddr>,
    pub negotiation: Negotiation,
    /// The SDP we sent; the same one in 183 and 200 (RFC 3261 §13.2.1).
    pub sdp: Option<Bytes>,
    pub on_hold: bool,
}

impl Caller {
    pub(crate) fn is_answered(&self) -> bool {
        self.phase == CallerPhase::Answered
    }

    /// Whether this is our tag in the caller's dialog.
    fn is_known_by(&self, tag: &[u8]) -> bool {
        self.dialog.as_ref().is_some_and(|dialog| dialog.id().local_tag == tag)
    }

    /// Whether the INVITE still waits for its final response.
    fn is_pending(&self) -> bool {
        matches!(self.phase, CallerPhase::Invited | CallerPhase::Ringing | CallerPhase::EarlyMedia)
    }
}

impl Call {
    /// Answers the caller: first the event is made durable, then the 200 leaves.
    pub(super) fn answer_caller(&mut self, core: &mut Core, now: Timestamp) {
        if !self.caller.is_pending() {
            return;
        }
        let token = self.log_durably(core, now, What::Answered);
        self.caller.phase = CallerPhase::Answering(token);
        self.start_timer(core, now, TimerKind::Persist, core.config.ask_max);
    }

    /// The log took too long: as if it could not be written.
    pub(super) fn on_persist_timeout(&mut self, core: &mut Core, now: Timestamp) {
        let answering = match self.caller.phase {
            CallerPhase::Answering(token) => Some(token),
            _ => self.starting(),
        };
        if let Some(token) = answering {
            self.on_persisted(core, now, token, false);
        }
    }

    /// The log is durable, or cannot be made so.
    pub(crate) fn on_persisted(&mut self, core: &mut Core, now: Timestamp, token: Token, durable: bool) {
        if !self.ended && self.starting() == Some(token) {
            return self.on_start_persisted(core, now, durable);
        }
        if self.ended || self.caller.phase != CallerPhase::Answering(token) {
            return;
        }
        self.stop_timer(core, TimerKind::Persist);
        if self.is_outbound() {
            return self.on_consumer_persisted(core, now, durable);
        }
        if !durable {
            // Nothing answered may go unbilled: without a durable event there is no answer.
            self.caller.phase = CallerPhase::Invited;
            self.end(core, now, EndCause::Error, Party::Platform);
            return;
        }
        let Some(sdp) = self.caller_sdp(core) else {
            self.caller.phase = CallerPhase::Invited;
            self.end(core, now, EndCause::Media, Party::Platform);
            return;
        };
        let contact = core.contact().to_owned();
        let Some(invite) = self.caller.invite.take() else { return };
        let response = ResponseBuilder::new(&invite, 200)
            .tag(self.caller.tag.as_bytes())
            .header(Name::Contact, contact)
            .header(Name::Allow, crate::core::ALLOW)
            .body(session::SDP, sdp);
        if let Some(dialog) = self.caller.dialog.as_mut() {
            dialog.confirm();
        }
        self.caller.phase = CallerPhase::Answered;
        if self.caller.key.is_none_or(|key| core.respond(now, key, response).is_none()) {
            self.end(core, now, EndCause::Error, Party::Platform);
            return;
        }
        self.on_caller_answered(core, now);
    }

    /// Everything that waited for the answer goes on.
    fn on_caller_answered(&mut self, core: &mut Core, now: Timestamp) {
        self.start_wanted_recording(core, now);
        self.bridge_if_ready(core, now);
        if self.callee.as_ref().is_some_and(|callee| callee.phase == CalleePhase::Ringing) {
            // It began to ring while the answer was being written.
            self.ring_caller(core, now);
        }
        self.advance(core, now);
    }

    /// Our SDP for the caller: the answer to its offer, or an offer where it made none.
    fn caller_sdp(&mut self, core: &mut Core) -> Option<Bytes> {
        if let Some(sdp) = &self.caller.sdp {
            return Some(sdp.clone());
        }
        let address = self.caller.address?;
        let (sdp, remote) = self.caller.negotiation.describe(address)?;
        if let Some(remote) = remote {
            self.configure(core, self.caller.media, remote);
        }
        self.caller.sdp = Some(sdp.clone());
        Some(sdp)
    }

    /// Passes ringing on: by 180 to a caller that hears nothing of us yet, else as a tone.
    pub(super) fn ring_caller(&mut self, core: &mut Core, now: Timestamp) {
        if matches!(self.caller.phase, CallerPhase::Answered | CallerPhase::EarlyMedia) {
            let samples = Self::ringback(core);
            self.play_loop(core, self.caller.media, samples);
        }
        let Some(invite) = self.caller.invite.as_ref().filter(|_| self.caller.phase == CallerPhase::Invited) else {
            return;
        };
        let contact = core.contact().to_owned();
        let response = ResponseBuilder::new(invite, 180).tag(self.caller.tag.as_bytes()).header(Name::Contact, contact);
        if self.caller.key.is_some_and(|key| core.respond(now, key, response).is_some()) {
            self.caller.phase = CallerPhase::Ringing;
        }
    }

    /// Lets an unanswered caller hear the callee's early media. False when that is not possible.
    pub(super) fn early_media_to_caller(&mut self, core: &mut Core, now: Timestamp) -> bool {
        if !matches!(self.caller.phase, CallerPhase::Invited | CallerPhase::Ringing)
            || !self.caller.negotiation.has_offer()
        {
            return self.caller.phase == CallerPhase::EarlyMedia;
        }
        let Some(sdp) = self.caller_sdp(core) else { return false };
        let contact = core.contact().to_owned();
        let Some(invite) = &self.caller.invite else { return false };
        let response = ResponseBuilder::new(invite, 183)
            .tag(self.caller.tag.as_bytes())
            .header(Name::Contact, contact)
            .body(session::SDP, sdp);
        if self.caller.key.is_none_or(|key| core.respond(now, key, response).is_none()) {
            return false;
        }
        self.caller.phase = CallerPhase::EarlyMedia;
        true
    }

    /// The caller gave up before the answer. If the 200 is on its way already, the caller ends the call by BYE.
    pub(crate) fn on_cancelled(&mut self, core: &mut Core, now: Timestamp, key: ServerKey) {
        if !self.ended && self.caller.key == Some(key) && self.caller.is_pending() {
            self.end(core, now, EndCause::Cancelled, Party::Caller);
        }
    }

    /// The ACK of a 200 of ours; with a delayed offer it carries the peer's answer (RFC 3261 §13.2.2.4).
    pub(crate) fn on_ack(&mut self, core: &mut Core, now: Timestamp, key: Option<ServerKey>, request: &Request) {
        if key.is_some() && key == self.caller.key {
            self.caller.acknowledged = true;
            self.pay_bye(core, now);
        }
        if self.ended {
            return;
        }
        let from_caller = request.to_tag().is_some_and(|tag| self.caller.is_known_by(tag));
        let callee = self.callee.as_mut().map(|callee| (&mut callee.negotiation, &mut callee.reinvite));
        let (negotiation, reinvite) = match (from_caller, callee) {
            (true, _) => (&mut self.caller.negotiation, &mut self.caller.reinvite),
            (false, Some(callee)) => callee,
            (false, None) => return,
        };
        let of_reinvite = reinvite.is_some() && *reinvite == key;
        if of_reinvite && let Some(key) = reinvite.take() {
            core.routes.servers.remove(&key);
        }
        if !negotiation.awaits_answer() || !(from_caller || of_reinvite) {
            // A callee has no first offer to answer by ACK: its answer came with its 200.
            return;
        }
        match negotiation.accept(request.body()) {
            Some(remote) if of_reinvite => self.on_new_remote(core, now, remote, from_caller),
            Some(remote) => self.configure(core, self.caller.media, remote),
            // What was agreed before stays in force (RFC 3261 §14.1).
            None if of_reinvite => {}
            None => self.end(core, now, EndCause::Media, Party::Platform),
        }
    }

    /// A request inside one of the two dialogs.
    pub(crate) fn on_request(&mut self, core: &mut Core, now: Timestamp, key: ServerKey, request: &Request) {
        let tag = request.to_tag().unwrap_or_default();
        let from_caller = self.caller.is_known_by(tag);
        let dialog = if from_caller {
            self.caller.dialog.as_mut()
        } else {
            self.callee.as_mut().and_then(|callee| callee.dialog.as_mut()).filter(|dialog| dialog.id().local_tag == tag)
        };
        let Some(dialog) = dialog.filter(|dialog| Some(&dialog.id().remote_tag[..]) == request.from_tag()) else {
            core.counters.unknown_dialog += 1;
            core.refuse(now, key, request, 481);
            return;
        };
        if let Err(refusal) = dialog.receive(request) {
            core.refuse_in_dialog(now, key, request, refusal);
            return;
        }
        match request.method() {
            Method::Bye if self.ended => {
                core.respond(now, key, ResponseBuilder::new(request, 200));
                self.caller.owes_bye = false;
                self.forget_caller(core);
            }
            _ if self.ended => core.refuse(now, key, request, 481),
            Method::Bye => {
                core.respond(now, key, ResponseBuilder::new(request, 200));
                if from_caller {
                    // RFC 3261 §15.1.2: before the answer it ends the INVITE, as CANCEL does.
                    let unanswered = self.caller.invite.is_some();
                    let cause = if unanswered { EndCause::Cancelled } else { EndCause::Normal };
                    self.end(core, now, cause, Party::Caller);
                } else {
                    self.on_callee_bye(core, now);
                }
            }
            Method::Invite => self.on_reinvite(core, now, key, request, from_caller),
            Method::Info => self.on_info(core, now, key, request, from_caller),
            Method::Options => {
                core.respond(now, key, ResponseBuilder::new(request, 200).header(Name::Allow, crate::core::ALLOW));
            }
            _ => core.refuse(now, key, request, 405),
        }
    }

    /// A digit by SIP INFO.
    fn on_info(&mut self, core: &mut Core, now: Timestamp, key: ServerKey, request: &Request, from_caller: bool) {
        let digit = media::dtmf::parse_info(request.content_type().unwrap_or_default(), request.body());
        let Some(digit) = digit else {
            core.refuse(now, key, request, 415);
            return;
        };
        core.respond(now, key, ResponseBuilder::new(request, 200));
        self.on_digit(core, now, from_caller, digit.digit, domain::DigitSource::Info);
    }

    /// A new offer: hold, resume or another address. We answer for ourselves and tell the media engine.
    fn on_reinvite(&mut self, core: &mut Core, now: Timestamp, key: ServerKey, request: &Request, from_caller: bool) {
        let answered = self.renegotiate(request.body(), from_caller);
        let contact = core.contact().to_owned();
        let Some((sdp, remote)) = answered else {
            core.refuse(now, key, request, 488);
            self.finish_invite(from_caller);
            return;
        };
        let response = ResponseBuilder::new(request, 200).header(Name::Contact, contact).body(session::SDP, sdp);
        if core.respond(now, key, response).is_some() {
            self.await_ack(core, key, from_caller);
        }
        self.finish_invite(from_caller);
        if let Some(remote) = remote {
            self.on_new_remote(core, now, remote, from_caller);
        }
    }

    fn renegotiate(&mut self, offer: &[u8], from_caller: bool) -> Option<(Bytes, Option<RemoteMedia>)> {
        let (negotiation, address) = if from_caller {
            (&mut self.caller.negotiation, self.caller.address?)
        } else {
            let callee = self.callee.as_mut()?;
            (&mut callee.negotiation, callee.address?)
        };
        negotiation.renegotiate(offer, address)
    }

    /// From now on a missing ACK ends the dialog.
    fn await_ack(&mut self, core: &mut Core, key: ServerKey, from_caller: bool) {
        let reinvite = match (from_caller, self.callee.as_mut()) {
            (true, _) => &mut self.caller.reinvite,
            (false, Some(callee)) => &mut callee.reinvite,
            (false, None) => return,
        };
        if let Some(before) = reinvite.replace(key) {
            core.routes.servers.remove(&before);
        }
        core.routes.servers.insert(key, self.id);
    }

    fn finish_invite(&mut self, from_caller: bool) {
        if from_caller {
            if let Some(dialog) = self.caller.dialog.as_mut() {
                dialog.invite_finished();
            }
        } else if let Some(dialog) = self.callee.as_mut().and_then(|callee| callee.dialog.as_mut()) {
            dialog.invite_finished();
        }
    }
}
