//! Server transactions (RFC 3261 §17.2, RFC 6026 §8.1).

use super::config::{Role, Timing};
use super::destination::Destination;
use super::matching::Key;
use super::timers::{Retransmit, earliest};
use crate::message::{Method, Request, Response};
use bytes::Bytes;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// INVITE: Proceeding. Others: Trying and Proceeding.
    Open,
    /// INVITE only: a 2xx was sent (timer L). `acknowledged` stops its retransmission.
    Accepted { acknowledged: bool },
    /// A final response was sent (timers H, J).
    Completed,
    /// INVITE only: its failure was acknowledged (timer I).
    Confirmed,
}

#[derive(Debug)]
pub(super) struct Server {
    state: State,
    /// Where responses go.
    pub reply_to: Destination,
    pub keys: ServerKeys,
    /// Kept until the first response, for the 100.
    request: Option<Request>,
    invite: bool,
    pub cancelled: bool,
    last: Option<Bytes>,
    last_tag: Option<Vec<u8>>,
    retransmit: Option<Retransmit>,
    trying_at: Option<Duration>,
    expires_at: Option<Duration>,
    pub scheduled: Option<Duration>,
}

/// How the tables find this transaction.
#[derive(Debug)]
pub(super) struct ServerKeys {
    pub transaction: Key,
    /// For the ACK of a 2xx.
    pub acknowledgement: Option<Key>,
}

#[derive(Debug)]
pub(super) enum Expiry {
    /// Time for the 100.
    Trying(Box<Request>),
    Retransmit(Bytes),
    /// The ACK never came.
    Unacknowledged {
        success: bool,
    },
    Over,
    Nothing,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum AckMeaning {
    /// Acknowledges a failure, or repeats that: ends here.
    Absorb,
    /// Acknowledges a 2xx.
    Deliver,
}

impl Server {
    pub fn new(now: Duration, timing: &Timing, request: &Request, reply_to: Destination, transaction: Key) -> Self {
        let invite = request.method() == Method::Invite;
        Server {
            state: State::Open,
            reply_to,
            keys: ServerKeys { transaction, acknowledgement: None },
            request: invite.then(|| request.clone()),
            invite,
            cancelled: false,
            last: None,
            last_tag: None,
            retransmit: None,
            trying_at: invite.then(|| now + timing.trying),
            // The client of a non-INVITE has given up by then, and RFC 4320 §4.2 forbids a late answer.
            expires_at: (!invite).then(|| now + timing.transaction()),
            scheduled: None,
        }
    }

    pub fn deadline(&self) -> Option<Duration> {
        earliest(&[self.retransmit.map(|retransmit| retransmit.at), self.trying_at, self.expires_at])
    }

    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    pub fn last_tag(&self) -> Option<&[u8]> {
        self.last_tag.as_deref()
    }

    /// What to send for a request that came again.
    pub fn on_retransmission(&self) -> Option<Bytes> {
        match self.state {
            State::Open | State::Completed => self.last.clone(),
            // RFC 6026 §8.1: absorbed; who sent the 2xx repeats it on a timer.
            State::Accepted { .. } | State::Confirmed => None,
        }
    }

    /// Takes a response of the user. `false` if the transaction has no place for it any more.
    pub fn on_response(&mut self, now: Duration, timing: &Timing, role: Role, response: &Response) -> bool {
        let again_2xx = matches!(self.state, State::Accepted { .. }) && response.is_success();
        if again_2xx && role == Role::Proxy {
            return true;
        }
        if self.state != State::Open {
            return false;
        }
        self.trying_at = None;
        self.request = None;
        self.last = Some(response.bytes().clone());
        if response.status() > 100 {
            self.last_tag = response.to_tag().map(<[u8]>::to_vec);
        }
        if response.is_provisional() {
            return true;
        }
        let reliable = self.reply_to.transport.is_reliable();
        match (self.invite, response.is_success()) {
            (true, true) => {
                self.state = State::Accepted { acknowledged: role == Role::Proxy };
                // §13.3.1.4: on any transport, because a hop further on may lose it.
                self.retransmit = (role == Role::UserAgent).then(|| Retransmit::start(now, timing.t1, Some(timing.t2)));
                self.expires_at = Some(now + timing.transaction());
            }
            (true, false) => {
                self.state = State::Completed;
                self.retransmit = (!reliable).then(|| Retransmit::start(now, timing.t1, Some(timing.t2)));
                self.expires_at = Some(now + timing.transaction());
            }
            (false, _) => {
                self.state = State::Completed;
                self.expires_at = Some(now + if reliable { Duration::ZERO } else { timing.transaction() });
            }
        }
        true
    }

    pub fn on_ack(&mut self, now: Duration, timing: &Timing) -> AckMeaning {
        match &mut self.state {
            State::Accepted { acknowledged } => {
                *acknowledged = true;
                self.retransmit = None;
                self.last = None;
                AckMeaning::Deliver
            }
            State::Completed => {
                self.state = State::Confirmed;
                self.retransmit = None;
                self.last = None;
                let linger = if self.reply_to.transport.is_reliable() { Duration::ZERO } else { timing.t4 };
                self.expires_at = Some(now + linger);
                AckMeaning::Absorb
            }
            State::Open | State::Confirmed => AckMeaning::Absorb,
        }
    }

    pub fn on_deadline(&mut self, now: Duration) -> Expiry {
        if self.expires_at.is_some_and(|at| at <= now) {
            return match self.state {
                State::Accepted { acknowledged: false } => Expiry::Unacknowledged { success: true },
                State::Completed if self.invite => Expiry::Unacknowledged { success: false },
                _ => Expiry::Over,
            };
        }
        if self.trying_at.is_some_and(|at| at <= now) {
            self.trying_at = None;
            return self.request.take().map_or(Expiry::Nothing, |request| Expiry::Trying(Box::new(request)));
        }
        match (self.retransmit, &self.last) {
            (Some(retransmit), Some(last)) if retransmit.at <= now => {
                self.retransmit = Some(retransmit.after(now));
                Expiry::Retransmit(last.clone())
            }
            _ => Expiry::Nothing,
        }
    }
}
