//! Client transactions (RFC 3261 §17.1, RFC 6026 §8.3 and §8.4).

use super::config::Timing;
use super::destination::Destination;
use super::timers::{Retransmit, earliest};
use crate::message::{Method, Name, Request, RequestBuilder, Response};
use bytes::Bytes;
use std::time::Duration;

#[derive(Debug)]
enum State {
    /// INVITE: Calling. Others: Trying.
    Sent,
    Proceeding,
    /// INVITE only: a 2xx came, more may follow from other forks (timer M).
    Accepted,
    /// A final response came; retransmissions of it are acknowledged or absorbed (timers D, K).
    Completed {
        ack: Option<Bytes>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cancel {
    No,
    /// Asked for, but no response has shown that the server knows the request (§9.1).
    Wanted,
    Sent,
}

#[derive(Debug)]
pub(super) struct Client {
    state: State,
    pub destination: Destination,
    request: Request,
    retransmit: Option<Retransmit>,
    expires_at: Option<Duration>,
    cancel: Cancel,
    pub scheduled: Option<Duration>,
}

/// What a response means for the transaction.
#[derive(Debug, Default)]
pub(super) struct Reaction {
    pub deliver: bool,
    pub send: Option<Bytes>,
    /// A CANCEL that waited for this response has to go now.
    pub send_cancel: bool,
    pub over: bool,
}

#[derive(Debug)]
pub(super) enum Expiry {
    Retransmit(Bytes),
    /// No final response.
    Failed,
    /// Served its time.
    Over,
    Nothing,
}

impl Client {
    pub fn new(now: Duration, timing: &Timing, request: Request, destination: Destination) -> Self {
        let invite = request.method() == Method::Invite;
        let retransmit = (!destination.transport.is_reliable())
            .then(|| Retransmit::start(now, timing.t1, (!invite).then_some(timing.t2)));
        Client {
            state: State::Sent,
            destination,
            request,
            retransmit,
            expires_at: Some(now + timing.transaction()),
            cancel: Cancel::No,
            scheduled: None,
        }
    }

    pub fn deadline(&self) -> Option<Duration> {
        earliest(&[self.retransmit.map(|retransmit| retransmit.at), self.expires_at])
    }

    fn is_invite(&self) -> bool {
        self.request.method() == Method::Invite
    }

    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Sent | State::Proceeding)
    }

    pub fn matches(&self, response: &Response) -> bool {
        response.cseq().is_some_and(|cseq| cseq.method == self.request.method_token())
    }

    pub fn on_response(&mut self, now: Duration, timing: &Timing, response: &Response) -> Reaction {
        if self.is_pending() {
            return match response.status() {
                ..200 => self.on_provisional(now, timing),
                _ => self.on_final(now, timing, response),
            };
        }
        match &self.state {
            State::Accepted => Reaction { deliver: response.is_success(), ..Reaction::default() },
            State::Completed { ack: Some(ack) } if response.status() >= 300 => {
                Reaction { send: Some(ack.clone()), ..Reaction::default() }
            }
            _ => Reaction::default(),
        }
    }

    fn on_provisional(&mut self, now: Duration, timing: &Timing) -> Reaction {
        if self.is_invite() {
            self.retransmit = None;
            if self.cancel != Cancel::Sent {
                self.expires_at = None;
            }
        } else if matches!(self.state, State::Sent) && self.retransmit.is_some() {
            // §17.1.2.2: in Proceeding, timer E fires every T2.
            self.retransmit = Some(Retransmit::start(now, timing.t2, Some(timing.t2)));
        }
        self.state = State::Proceeding;
        Reaction { deliver: true, send_cancel: self.cancel == Cancel::Wanted, ..Reaction::default() }
    }

    fn on_final(&mut self, now: Duration, timing: &Timing, response: &Response) -> Reaction {
        let reliable = self.destination.transport.is_reliable();
        self.retransmit = None;
        let mut reaction = Reaction { deliver: true, ..Reaction::default() };
        let linger = match (self.is_invite(), response.is_success()) {
            (true, true) => {
                self.state = State::Accepted;
                timing.transaction()
            }
            (true, false) => {
                let ack = failure_ack(&self.request, response);
                reaction.send.clone_from(&ack);
                self.state = State::Completed { ack };
                if reliable { Duration::ZERO } else { timing.d }
            }
            (false, _) => {
                self.state = State::Completed { ack: None };
                if reliable { Duration::ZERO } else { timing.t4 }
            }
        };
        self.expires_at = Some(now + linger);
        reaction.over = linger.is_zero();
        reaction
    }

    pub fn on_deadline(&mut self, now: Duration) -> Expiry {
        if self.expires_at.is_some_and(|at| at <= now) {
            return if self.is_pending() { Expiry::Failed } else { Expiry::Over };
        }
        match self.retransmit {
            Some(retransmit) if retransmit.at <= now => {
                self.retransmit = Some(retransmit.after(now));
                Expiry::Retransmit(self.request.bytes().clone())
            }
            _ => Expiry::Nothing,
        }
    }

    /// Whether the CANCEL goes now; if not, it goes with the first provisional response, or never.
    pub fn ask_cancel(&mut self) -> bool {
        if self.is_invite() && self.is_pending() && self.cancel == Cancel::No {
            self.cancel = Cancel::Wanted;
        }
        self.cancel == Cancel::Wanted && matches!(self.state, State::Proceeding)
    }

    /// The CANCEL of this request (§9.1), which from now on has 64*T1 to be answered.
    pub fn make_cancel(&mut self, now: Duration, timing: &Timing) -> Option<Request> {
        self.cancel = Cancel::Sent;
        self.expires_at = Some(now + timing.transaction());
        derived(&self.request, Method::Cancel, self.request.header(Name::To)?)
    }
}

/// The ACK of a 300-699: same branch, To of the response (§17.1.1.3).
fn failure_ack(invite: &Request, response: &Response) -> Option<Bytes> {
    derived(invite, Method::Ack, response.header(Name::To)?).map(|ack| ack.bytes().clone())
}

fn derived(invite: &Request, method: Method, to: &[u8]) -> Option<Request> {
    let mut builder = RequestBuilder::new(method, invite.uri_bytes())
        .header(Name::Via, invite.values(Name::Via).next()?)
        .header(Name::From, invite.header(Name::From)?)
        .header(Name::To, to)
        .header(Name::CallId, invite.call_id())
        .cseq(invite.cseq()?.number, method);
    for route in invite.headers(Name::Route) {
        builder = builder.header(Name::Route, route);
    }
    builder.build().ok()
}
