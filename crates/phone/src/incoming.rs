//! Calls that come in (RFC 3261 section 13.3), and requests inside any call.

use std::time::Duration;

use bytes::Bytes;
use sip::dialog::{Dialog, DialogId, Refusal};
use sip::message::{Method, Name, Request, ResponseBuilder};
use sip::sdp;
use sip::transaction::{Destination, ServerKey};

use crate::call::{Call, Ringing, Stage};
use crate::phone::{ALLOW, Event, Output, Phone, extension_headers, text, user_of};
use crate::report::End;
use crate::voice::Behaviour;

impl Phone {
    pub(crate) fn on_request(&mut self, now: Duration, key: ServerKey, request: &Request, source: Destination) {
        if request.to_tag().is_some() {
            self.on_request_in_dialog(now, key, request);
            return;
        }
        match request.method() {
            Method::Invite => self.on_call(now, key, request, source),
            method => {
                let tag = self.layer.identifiers().tag();
                let status = match method {
                    Method::Options => 200,
                    Method::Bye | Method::Info => 481,
                    _ => 405,
                };
                self.respond(now, key, request, status, &tag);
            }
        }
    }

    fn on_call(&mut self, now: Duration, key: ServerKey, request: &Request, source: Destination) {
        let tag = self.layer.identifiers().tag();
        if self.calls.len() >= self.config.calls_max {
            return self.respond(now, key, request, 486, &tag);
        }
        if request.has_body_of(sdp::CONTENT_TYPE)
            && let Err(error) = sdp::Session::parse(request.body())
        {
            return self.respond(now, key, request, error.status(), &tag);
        }
        let (answer_at, early, steps) = match &self.config.behaviour {
            Behaviour::Refuse { status } => {
                let status = *status;
                return self.respond(now, key, request, status.clamp(300, 699), &tag);
            }
            Behaviour::NeverAnswer => (None, None, Vec::new()),
            Behaviour::Answer { after, steps } => (Some(now + *after), None, steps.clone()),
            Behaviour::EarlyMedia { early, after, steps } => (Some(now + *after), Some(early.clone()), steps.clone()),
        };
        let Ok(dialog) = Dialog::from_request(request, tag.as_bytes(), self.contact().as_bytes()) else {
            return self.respond(now, key, request, 400, &tag);
        };
        let rings = early.is_none();
        let ringing = Ringing { server: key, request: request.clone(), tag, answer_at, early, answered_sdp: None };
        let call_key = self.new_key();
        let mut call = Call::new(now, call_key, Stage::Ringing(Box::new(ringing)), source, steps);
        call.report.from = user_of(request.from());
        call.report.to = text(request.uri_bytes());
        call.report.call_id = text(request.call_id());
        call.report.headers = extension_headers(request);
        self.dialogs.insert(dialog.id().clone(), call_key);
        self.servers.insert(key, call_key);
        call.dialog = Some(dialog);
        self.event(Event::Incoming { call: call_key, from: call.report.from.clone() });
        if rings {
            self.ring(now, &mut call, 180, None);
        }
        self.output(Output::OpenMedia { call: call_key });
        self.calls.insert(call_key, call);
    }

    fn ring(&mut self, now: Duration, call: &mut Call, status: u16, body: Option<Bytes>) {
        let Stage::Ringing(ringing) = &call.stage else { return };
        if let Ok(response) = self.answer_builder(ringing, status, body).build() {
            let server = ringing.server;
            self.send_response(now, server, &response);
            call.report.rang_at.get_or_insert(now);
        }
    }

    fn answer_builder<'a>(&self, ringing: &'a Ringing, status: u16, body: Option<Bytes>) -> ResponseBuilder<'a> {
        let mut builder = ResponseBuilder::new(&ringing.request, status)
            .tag(ringing.tag.as_bytes())
            .header(Name::Contact, self.contact())
            .header(Name::Allow, ALLOW)
            .header(Name::Server, &self.config.product);
        for (name, value) in &self.config.headers {
            builder = builder.header(name.as_str(), value);
        }
        match body {
            Some(body) => builder.body(sdp::CONTENT_TYPE, body),
            None => builder,
        }
    }

    /// The media socket of a ringing call is open: early media can begin, and an answer is possible.
    pub(crate) fn media_opened_ringing(&mut self, now: Duration, mut call: Call) -> Option<Call> {
        let Stage::Ringing(ringing) = &call.stage else { return Some(call) };
        let Some(early) = ringing.early.clone() else { return Some(call) };
        let offer = ringing.request.body_bytes();
        if offer.is_empty() {
            // The offer will be ours, in the 200; until then there is nobody to say anything to.
            self.ring(now, &mut call, 180, None);
            return Some(call);
        }
        match call.description.as_mut()?.answer(&offer) {
            Ok((body, remote)) => {
                self.configure_audio(now, &mut call, remote);
                if let Some(audio) = &mut call.audio {
                    audio.say(early, true);
                }
                if let Stage::Ringing(ringing) = &mut call.stage {
                    ringing.answered_sdp = Some(body.clone());
                }
                self.ring(now, &mut call, 183, Some(body));
                Some(call)
            }
            Err(error) => self.refuse(now, call, error.status()),
        }
    }

    /// Refuses a ringing call.
    pub(crate) fn refuse(&mut self, now: Duration, call: Call, status: u16) -> Option<Call> {
        if let Stage::Ringing(ringing) = &call.stage {
            let (server, request, tag) = (ringing.server, ringing.request.clone(), ringing.tag.clone());
            self.respond(now, server, &request, status, &tag);
        }
        self.finish(now, call, End::Refused(status));
        None
    }

    /// 200 OK.
    pub(crate) fn answer(&mut self, now: Duration, mut call: Call) -> Option<Call> {
        let Stage::Ringing(ringing) = &call.stage else { return Some(call) };
        let Some(description) = call.description.as_mut() else { return Some(call) };
        let offer = ringing.request.body_bytes();
        let (body, remote) = match ringing.answered_sdp.clone() {
            Some(body) => (body, None),
            None if offer.is_empty() => (description.offer(), None),
            None => match description.answer(&offer) {
                Ok((body, remote)) => (body, Some(remote)),
                Err(error) => return self.refuse(now, call, error.status()),
            },
        };
        let server = ringing.server;
        let Ok(response) = self.answer_builder(ringing, 200, Some(body)).build() else {
            return self.refuse(now, call, 500);
        };
        self.send_response(now, server, &response);
        if let Some(remote) = remote {
            self.configure_audio(now, &mut call, remote);
        }
        if let Some(audio) = &mut call.audio {
            audio.stop_saying();
        }
        if let Some(dialog) = &mut call.dialog {
            dialog.confirm();
        }
        call.unacknowledged = Some(server);
        call.stage = Stage::Up;
        call.report.answered_at = Some(now);
        self.event(Event::Answered { call: call.key });
        Some(call)
    }

    pub(crate) fn on_cancelled(&mut self, now: Duration, key: ServerKey) {
        let Some(call) = self.servers.get(&key).copied() else { return };
        self.with_call(call, |phone, call| {
            let Stage::Ringing(ringing) = &call.stage else { return Some(call) };
            let (request, tag) = (ringing.request.clone(), ringing.tag.clone());
            phone.respond(now, key, &request, 487, &tag);
            phone.finish(now, call, End::CancelledByThem);
            None
        });
    }

    pub(crate) fn on_ack(&mut self, now: Duration, key: Option<ServerKey>, request: &Request) {
        let Some(call) = key.and_then(|key| self.servers.get(&key).copied()) else { return };
        self.with_call(call, |phone, mut call| {
            call.unacknowledged = None;
            let waiting = call.description.as_ref().is_some_and(|description| description.is_waiting());
            if waiting && let Some(description) = &mut call.description {
                let accepted = description.accept(request.body());
                description.settle();
                match accepted {
                    Ok(remote) => phone.configure_audio(now, &mut call, remote),
                    Err(_) => return phone.end_call(now, call),
                }
            }
            Some(call)
        });
    }

    pub(crate) fn on_ack_timeout(&mut self, now: Duration, key: ServerKey, success: bool) {
        let Some(call) = self.servers.get(&key).copied().filter(|_| success) else { return };
        self.with_call(call, |phone, mut call| {
            call.unacknowledged = None;
            phone.end_call(now, call)
        });
    }

    fn on_request_in_dialog(&mut self, now: Duration, key: ServerKey, request: &Request) {
        let call = DialogId::of_request(request).and_then(|id| self.dialogs.get(&id).copied());
        let Some(call) = call.filter(|call| self.calls.contains_key(call)) else {
            return self.respond(now, key, request, 481, "");
        };
        self.with_call(call, |phone, call| phone.in_dialog(now, call, key, request));
    }

    fn in_dialog(&mut self, now: Duration, mut call: Call, key: ServerKey, request: &Request) -> Option<Call> {
        let dialog = call.dialog.as_mut()?;
        if let Err(refusal) = dialog.receive(request) {
            self.refuse_in_dialog(now, key, request, refusal);
            return Some(call);
        }
        match request.method() {
            Method::Bye => {
                self.respond(now, key, request, 200, "");
                if let Stage::Ringing(ringing) = &call.stage {
                    let (server, invite, tag) = (ringing.server, ringing.request.clone(), ringing.tag.clone());
                    self.respond(now, server, &invite, 487, &tag);
                }
                let end = match call.stage {
                    Stage::Closing(end) => end,
                    _ => End::HungUpByThem,
                };
                self.finish(now, call, end);
                None
            }
            Method::Invite => Some(self.on_reinvite(now, call, key, request)),
            Method::Info => {
                let digit = media::dtmf::parse_info(request.content_type().unwrap_or_default(), request.body());
                if let (Some(digit), Some(audio)) = (digit, &mut call.audio) {
                    audio.note_digit(digit.digit);
                }
                // RFC 6086 section 4.2.2: a body we cannot read is 415, no body is a keep-alive.
                let known = digit.is_some() || request.body().is_empty();
                self.respond(now, key, request, if known { 200 } else { 415 }, "");
                Some(call)
            }
            Method::Options => {
                self.respond(now, key, request, 200, "");
                Some(call)
            }
            _ => {
                self.respond(now, key, request, 405, "");
                Some(call)
            }
        }
    }

    fn refuse_in_dialog(&mut self, now: Duration, key: ServerKey, request: &Request, refusal: Refusal) {
        let mut builder = ResponseBuilder::new(request, refusal.status()).header(Name::Server, &self.config.product);
        if refusal == Refusal::InviteUnanswered {
            let seconds = self.layer.identifiers().jitter(Duration::from_secs(10)).as_secs().max(1);
            builder = builder.header(Name::RetryAfter, seconds.to_string());
        }
        if let Ok(response) = builder.build() {
            self.send_response(now, key, &response);
        }
    }

    fn on_reinvite(&mut self, now: Duration, mut call: Call, key: ServerKey, request: &Request) -> Call {
        let described = match &mut call.description {
            Some(description) if request.body().is_empty() => Ok((description.offer(), None)),
            Some(description) => description.answer(request.body()).map(|(body, remote)| (body, Some(remote))),
            None => Err(sdp::SdpError::NothingInCommon),
        };
        let (status, body) = match described {
            Ok((body, remote)) => {
                if let Some(remote) = remote {
                    call.report.held += u32::from(!remote.direction.sends());
                    self.configure_audio(now, &mut call, remote);
                }
                (200, Some(body))
            }
            Err(error) => (error.status(), None),
        };
        let mut builder = ResponseBuilder::new(request, status)
            .header(Name::Contact, self.contact())
            .header(Name::Server, &self.config.product);
        if let Some(body) = body {
            builder = builder.body(sdp::CONTENT_TYPE, body);
            call.unacknowledged = Some(key);
            self.servers.insert(key, call.key);
        }
        if let Ok(response) = builder.build() {
            self.send_response(now, key, &response);
        }
        if let Some(dialog) = &mut call.dialog {
            dialog.invite_finished();
        }
        call
    }
}
