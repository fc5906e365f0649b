//! Calls we make (RFC 3261 section 13.2), and the answers to requests of ours.

use std::net::SocketAddr;
use std::time::Duration;

use sip::dialog::{Dialog, Forks};
use sip::message::{Method, Name, Request, RequestBuilder, Response};
use sip::sdp;
use sip::transaction::{ClientKey, Destination};

use crate::call::{Answered, Call, Calling, Doing, Stage};
use crate::config::Dial;
use crate::phone::{ALLOW, Event, Output, Phone, Purpose, extension_headers, text};
use crate::report::{CallKey, End};

impl Phone {
    pub(crate) fn prepare_call(&mut self, now: Duration, dial: Dial) -> CallKey {
        let key = self.new_key();
        let hop = Destination::udp(self.config.address, dial.hop);
        let steps = dial.steps.clone();
        let mut call = Call::new(now, key, Stage::Preparing(Box::new(dial)), hop, steps);
        if let Stage::Preparing(dial) = &call.stage {
            call.report.from = dial.from.clone().unwrap_or_else(|| self.config.user.clone());
            call.report.to = dial.target.clone();
        }
        self.calls.insert(key, call);
        self.output(Output::OpenMedia { call: key });
        key
    }

    pub(crate) fn media_opened(&mut self, now: Duration, mut call: Call, address: SocketAddr) -> Option<Call> {
        if call.description.is_none() {
            call.description = Some(self.describe(address));
        }
        match &call.stage {
            Stage::Preparing(_) => self.invite(now, call),
            Stage::Ringing(_) => self.media_opened_ringing(now, call),
            _ => Some(call),
        }
    }

    pub(crate) fn media_failed(&mut self, now: Duration, call: Call) -> Option<Call> {
        if matches!(call.stage, Stage::Ringing(_)) {
            return self.refuse(now, call, 500);
        }
        self.finish(now, call, End::Failed);
        None
    }

    fn invite(&mut self, now: Duration, mut call: Call) -> Option<Call> {
        let Stage::Preparing(dial) = &call.stage else { return Some(call) };
        let call_id = self.layer.identifiers().call_id();
        let tag = self.layer.identifiers().tag();
        let mut builder = RequestBuilder::new(Method::Invite, dial.target.as_bytes())
            .header(Name::From, format!("<sip:{}@{}>;tag={tag}", call.report.from, self.config.address))
            .header(Name::To, format!("<{}>", dial.target))
            .header(Name::CallId, &call_id)
            .cseq(1, Method::Invite)
            .header(Name::Contact, self.contact())
            .header(Name::Allow, ALLOW)
            .header(Name::UserAgent, &self.config.product);
        for (name, value) in &self.config.headers {
            builder = builder.header(name.as_str(), value);
        }
        let offer = call.description.as_mut()?.offer();
        let gives_up_at = now.saturating_add(dial.gives_up_after);
        call.report.call_id = call_id;
        let request = builder.body(sdp::CONTENT_TYPE, offer).build();
        let hop = call.hop;
        let sent = request.ok().and_then(|request| Some((self.layer.send_request(now, &request, hop).ok()?, request)));
        let Some((client, request)) = sent else {
            self.finish(now, call, End::Failed);
            return None;
        };
        self.clients.insert(client, (call.key, Purpose::Invite));
        let calling = Calling { client, request, forks: Forks::default(), gives_up_at, cancelled: false };
        call.stage = Stage::Calling(Box::new(calling));
        Some(call)
    }

    pub(crate) fn on_response(&mut self, now: Duration, key: ClientKey, response: &Response) {
        let Some((call, purpose)) = self.clients.get(&key).copied() else { return };
        if purpose != Purpose::Invite && purpose != Purpose::Reinvite && !response.is_provisional() {
            self.clients.remove(&key);
        }
        self.with_call(call, |phone, call| match purpose {
            Purpose::Invite if matches!(call.stage, Stage::Calling(_)) => phone.on_invite_response(now, call, response),
            Purpose::Invite => phone.on_repeated_answer(now, call, response),
            // RFC 3261 section 12.2.1.2: the other side knows nothing of the call any more, so it is over.
            Purpose::Reinvite | Purpose::Info
                if response.status() == 481 && !matches!(call.stage, Stage::Closing(_)) =>
            {
                phone.finish(now, call, End::HungUpByThem);
                None
            }
            Purpose::Reinvite => Some(phone.on_reinvite_response(now, call, response)),
            Purpose::Info => Some(phone.on_info_answered(now, call, response)),
            Purpose::Bye => phone.on_bye_answered(now, call, response),
            Purpose::Aside => Some(call),
        });
    }

    fn on_invite_response(&mut self, now: Duration, mut call: Call, response: &Response) -> Option<Call> {
        let Stage::Calling(calling) = &mut call.stage else { return Some(call) };
        let status = response.status();
        if status >= 300 {
            return self.on_refused(now, call, response);
        }
        // An answer without tag or Contact makes no dialog; a provisional one is simply not used then.
        let made = calling.forks.receive(&calling.request, response).is_ok_and(|dialog| dialog.is_some());
        if response.is_success() {
            if !made {
                self.finish(now, call, End::Failed);
                return None;
            }
            return self.on_answered(now, call, response);
        }
        if status > 100 {
            let first = call.report.rang_at.is_none();
            call.report.rang_at.get_or_insert(now);
            self.take_answer(now, &mut call, response);
            if first || call.audio.is_some() {
                self.event(Event::Ringing { call: call.key, status });
            }
        }
        Some(call)
    }

    /// Reads the session description of an answer, if it brings one.
    fn take_answer(&mut self, now: Duration, call: &mut Call, response: &Response) -> bool {
        if !response.has_body_of(sdp::CONTENT_TYPE) {
            // RFC 3261 section 13.2.1: a 183 may have brought it, and the 2xx need not repeat it.
            return call.audio.is_some();
        }
        let Some(description) = &mut call.description else { return false };
        match description.accept(response.body()) {
            Ok(remote) => {
                self.configure_audio(now, call, remote);
                true
            }
            Err(_) => false,
        }
    }

    fn on_answered(&mut self, now: Duration, mut call: Call, response: &Response) -> Option<Call> {
        let stage = std::mem::replace(&mut call.stage, Stage::Up);
        let Stage::Calling(mut calling) = stage else { return Some(call) };
        let remote_tag = bytes::Bytes::copy_from_slice(response.to_tag().unwrap_or_default());
        let Some(dialog) = calling.forks.take(&remote_tag) else {
            self.finish(now, call, End::Failed);
            return None;
        };
        self.dialogs.insert(dialog.id().clone(), call.key);
        let cseq = calling.request.cseq().map_or(1, |cseq| cseq.number);
        let ack = dialog.ack(cseq).build();
        call.dialog = Some(dialog);
        let destination = self.destination(&call);
        let ack = ack.ok().and_then(|ack| self.layer.send_ack(&ack, destination).ok()).unwrap_or_default();
        call.answered = Some(Answered { request: calling.request.clone(), remote_tag, ack });
        call.report.headers = extension_headers(response);
        let described = self.take_answer(now, &mut call, response);
        if let Some(description) = &mut call.description {
            description.settle();
        }
        if calling.cancelled {
            // The answer crossed our CANCEL (RFC 3261 section 9.1): the call is up, and ended properly.
            return self.bye(now, call, End::CancelledByUs);
        }
        if !described {
            return self.bye(now, call, End::Failed);
        }
        call.report.answered_at = Some(now);
        self.event(Event::Answered { call: call.key });
        Some(call)
    }

    /// A 2xx again, or from another fork (RFC 3261 section 13.2.2.4).
    fn on_repeated_answer(&mut self, now: Duration, call: Call, response: &Response) -> Option<Call> {
        let Some(answered) = call.answered.as_ref().filter(|_| response.is_success()) else { return Some(call) };
        let destination = self.destination(&call);
        if response.to_tag() == Some(&answered.remote_tag) {
            self.layer.send_bytes(destination, answered.ack.clone());
            return Some(call);
        }
        if let Ok(mut fork) = Dialog::from_response(&answered.request, response) {
            let cseq = answered.request.cseq().map_or(1, |cseq| cseq.number);
            if let Ok(ack) = fork.ack(cseq).build() {
                let _ = self.layer.send_ack(&ack, call.hop);
            }
            let bye = fork.request(Method::Bye).ok().and_then(|bye| bye.build().ok());
            if let Some(Ok(client)) = bye.map(|bye| self.layer.send_request(now, &bye, call.hop)) {
                self.clients.insert(client, (call.key, Purpose::Aside));
            }
        }
        Some(call)
    }

    fn on_refused(&mut self, now: Duration, mut call: Call, response: &Response) -> Option<Call> {
        let status = response.status();
        let Stage::Calling(calling) = &call.stage else { return Some(call) };
        if matches!(status, 401 | 407)
            && !calling.cancelled
            && !call.challenged
            && let Some(request) = self.authorised(&calling.request, response)
            && let Ok(client) = self.layer.send_request(now, &request, call.hop)
        {
            self.clients.insert(client, (call.key, Purpose::Invite));
            if let Stage::Calling(calling) = &mut call.stage {
                calling.client = client;
                calling.request = request;
                calling.forks = Forks::default();
            }
            call.challenged = true;
            return Some(call);
        }
        let end = if calling.cancelled { End::CancelledByUs } else { End::Refused(status) };
        call.report.headers = extension_headers(response);
        self.finish(now, call, end);
        None
    }

    fn authorised(&mut self, request: &Request, response: &Response) -> Option<Request> {
        let credentials = self.config.credentials.as_ref()?;
        let credentials = sip::digest::Credentials {
            username: credentials.user.clone().into_bytes(),
            password: credentials.password.clone().into_bytes(),
        };
        let cnonce = self.layer.identifiers().tag();
        sip::digest::respond(request, response, &credentials, &cnonce).ok()
    }

    pub(crate) fn on_no_response(&mut self, now: Duration, key: ClientKey) {
        let Some((call, purpose)) = self.clients.remove(&key) else { return };
        self.with_call(call, |phone, mut call| match purpose {
            Purpose::Invite => {
                if let Stage::Calling(calling) = &call.stage {
                    let end = if calling.cancelled { End::CancelledByUs } else { End::TimedOut };
                    phone.finish(now, call, end);
                    return None;
                }
                Some(call)
            }
            // RFC 3261 section 12.2.1.2: a request without any answer ends the dialog.
            Purpose::Reinvite | Purpose::Info => {
                call.doing = Doing::Nothing;
                phone.bye(now, call, End::TimedOut)
            }
            Purpose::Bye => {
                let end = if let Stage::Closing(end) = call.stage { end } else { End::TimedOut };
                phone.finish(now, call, end);
                None
            }
            Purpose::Aside => Some(call),
        });
    }

    /// Ends a call in the way its stage asks for.
    pub(crate) fn end_call(&mut self, now: Duration, mut call: Call) -> Option<Call> {
        match &mut call.stage {
            Stage::Preparing(_) => {
                self.finish(now, call, End::CancelledByUs);
                None
            }
            Stage::Ringing(_) => self.refuse(now, call, 603),
            Stage::Calling(calling) => {
                calling.cancelled = true;
                let client = calling.client;
                self.layer.cancel(now, client);
                Some(call)
            }
            // RFC 3261 section 15: the called side must not say BYE before the ACK; it goes out once that came.
            Stage::Up if call.unacknowledged.is_some() => {
                call.steps.clear();
                call.steps.push_back(crate::voice::Step::HangUp);
                call.doing = Doing::Nothing;
                Some(call)
            }
            Stage::Up => self.bye(now, call, End::HungUpByUs),
            Stage::Closing(_) => Some(call),
        }
    }

    pub(crate) fn bye(&mut self, now: Duration, mut call: Call, end: End) -> Option<Call> {
        if let Some(audio) = &mut call.audio {
            audio.mute();
        }
        call.doing = Doing::Nothing;
        call.steps.clear();
        let client = self.send_in_dialog(now, &mut call, Method::Bye, Purpose::Bye, None);
        if client.is_none() {
            self.finish(now, call, end);
            return None;
        }
        call.stage = Stage::Closing(end);
        Some(call)
    }

    /// Sends a request inside the call's dialog.
    pub(crate) fn send_in_dialog(
        &mut self,
        now: Duration,
        call: &mut Call,
        method: Method,
        purpose: Purpose,
        body: Option<(&str, bytes::Bytes)>,
    ) -> Option<ClientKey> {
        let destination = self.destination(call);
        let mut builder = call.dialog.as_mut()?.request(method).ok()?.header(Name::UserAgent, &self.config.product);
        if let Some((content_type, body)) = body {
            builder = builder.body(content_type, body);
        }
        let client = self.layer.send_request(now, &builder.build().ok()?, destination).ok()?;
        self.clients.insert(client, (call.key, purpose));
        Some(client)
    }

    fn on_bye_answered(&mut self, now: Duration, call: Call, response: &Response) -> Option<Call> {
        if response.is_provisional() {
            return Some(call);
        }
        let end = if let Stage::Closing(end) = call.stage { end } else { End::HungUpByUs };
        self.finish(now, call, end);
        None
    }

    fn on_reinvite_response(&mut self, now: Duration, mut call: Call, response: &Response) -> Call {
        if response.is_provisional() {
            return call;
        }
        let Doing::Agreeing { held, .. } = call.doing else {
            // Its 2xx again: acknowledged again.
            self.acknowledge(&call, response);
            return call;
        };
        if let Some(dialog) = &mut call.dialog {
            dialog.receive_response(response);
        }
        if response.is_success() {
            self.acknowledge(&call, response);
            self.take_answer(now, &mut call, response);
        } else if let Some(description) = &mut call.description {
            // What was agreed before stays in force (RFC 3261 section 14.1).
            description.hold(!held);
        }
        if let Some(description) = &mut call.description {
            description.settle();
        }
        call.doing = if response.status() == 491 {
            let owns = call.dialog.as_ref().is_some_and(Dialog::owns_call_id);
            Doing::Retrying { at: now + sip::dialog::glare_delay(owns, self.layer.identifiers()), held }
        } else {
            Doing::Nothing
        };
        call
    }

    fn acknowledge(&mut self, call: &Call, response: &Response) {
        let cseq = response.cseq().map_or(0, |cseq| cseq.number);
        let ack = call.dialog.as_ref().and_then(|dialog| dialog.ack(cseq).build().ok());
        if let Some(ack) = ack.filter(|_| response.is_success()) {
            let _ = self.layer.send_ack(&ack, self.destination(call));
        }
    }

    /// For people: whom a call of ours reached, as the far side names itself.
    #[must_use]
    pub fn remote_target(&self, call: CallKey) -> Option<String> {
        self.calls.get(&call)?.dialog.as_ref().map(|dialog| text(dialog.remote_target()))
    }
}
