//! What all calls of a switch share: transactions, timers, ids, and the way from a message to its call.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use domain::{CallEvent, CallId, IdSource, Seed, Timestamp};
use media::{LegKey, MediaCommand, RecordingKey};
use sip::dialog::Refusal;
use sip::message::{Method, Name, Request, Response, ResponseBuilder};
use sip::transaction::{ClientKey, Destination, ServerKey, TransactionLayer};

use crate::ask::{Ask, Token};
use crate::call::Proof;
use crate::config::Config;
use crate::io::Output;
use crate::timers::Timers;

/// What a request of ours is for.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    /// The INVITE of the callee with this media leg.
    Invite { leg: LegKey, request: Arc<Request> },
    /// A BYE. A carrier may ask who sends it: how it is told, once.
    Bye(Option<Box<(Request, Proof)>>),
}

/// A request of ours that waits for its response.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub call: CallId,
    pub purpose: Purpose,
}

/// The ACK of one fork's 2xx.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    /// The fork's tag.
    pub tag: Bytes,
    pub destination: Destination,
    pub ack: Bytes,
}

/// From messages, media and answers to the call they belong to.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    pub servers: HashMap<ServerKey, CallId>,
    pub clients: HashMap<ClientKey, Pending>,
    /// By Call-ID and our own tag.
    pub dialogs: HashMap<(Bytes, Bytes), CallId>,
    pub legs: HashMap<LegKey, CallId>,
    pub recordings: HashMap<RecordingKey, CallId>,
}

/// Counted since the start. Every SIP message is in [`sip::transaction::Stats`] or one of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes that are no SIP message and had no usable Via.
    pub malformed_dropped: u64,
    /// Bytes that are no SIP message, answered 400.
    pub malformed_refused: u64,
    /// New INVITEs without a valid verdict of an edge.
    pub untrusted_refused: u64,
    /// New INVITEs refused because the switch is full, congested or draining.
    pub congestion_refused: u64,
    /// Requests for a dialog that is not ours: 481.
    pub unknown_dialog: u64,
    /// Calls taken.
    pub calls_started: u64,
    /// Calls over.
    pub calls_ended: u64,
    /// Orders to call somebody that came too late, or twice.
    pub orders_ignored: u64,
    /// Answers that came for a call or question that is gone.
    pub late_answers: u64,
}

/// Shared by all calls.
#[derive(Debug)]
pub(crate) struct Core {
    pub config: Config,
    pub transactions: TransactionLayer,
    pub ids: IdSource,
    pub seed: Seed,
    pub timers: Timers,
    pub routes: Routes,
    /// The ACKs of answered INVITEs of ours, for 2xx that come again: one for each fork, the first one's first.
    pub acks: HashMap<ClientKey, Vec<Acknowledged>>,
    pub outputs: VecDeque<Output>,
    pub counters: Counters,
    next_key: u64,
    contact: String,
}

impl Core {
    pub(crate) fn new(config: Config, mut seed: Seed) -> Self {
        let mut transactions = sip::transaction::Config::new(sip::transaction::Role::UserAgent);
        transactions.timing = config.timing;
        transactions.advertised = vec![(config.local, config.advertised.to_string())];
        let mut transaction_seed = [0; 32];
        seed.fill(&mut transaction_seed);
        Self {
            transactions: TransactionLayer::new(transactions, transaction_seed, config.shard),
            ids: IdSource::new(seed.fork()),
            timers: Timers::default(),
            routes: Routes::default(),
            acks: HashMap::new(),
            outputs: VecDeque::new(),
            counters: Counters::default(),
            next_key: u64::from(config.shard) << 56,
            contact: format!("<sip:hopwhistle@{}>", config.advertised),
            seed,
            config,
        }
    }

    /// Our Contact.
    pub(crate) fn contact(&self) -> &str {
        &self.contact
    }

    /// A key for a leg, prompt or recording, unique in this switch.
    pub(crate) fn next_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    pub(crate) fn ask(&mut self, token: Token, ask: Ask) {
        self.outputs.push_back(Output::Ask { token, ask });
    }

    pub(crate) fn media(&mut self, command: MediaCommand) {
        self.outputs.push_back(Output::Media(command));
    }

    pub(crate) fn event(&mut self, event: CallEvent, durable: Option<Token>) {
        self.outputs.push_back(Output::Event { event, durable });
    }

    /// Sends a request of ours in a transaction. `None` when it cannot leave; nothing more comes of it then.
    pub(crate) fn send(
        &mut self,
        now: Timestamp,
        request: &Request,
        to: Destination,
        pending: Pending,
    ) -> Option<ClientKey> {
        match self.transactions.send_request(now.since_epoch(), request, to) {
            Ok(key) => {
                self.routes.clients.insert(key, pending);
                Some(key)
            }
            Err(error) => {
                tracing::warn!(call = %pending.call, %error, "request not sent");
                None
            }
        }
    }

    /// Answers a request of the peer's. A failure means the transaction is gone, and with it whoever waited.
    pub(crate) fn respond(
        &mut self,
        now: Timestamp,
        key: ServerKey,
        response: ResponseBuilder<'_>,
    ) -> Option<Response> {
        let response = match response.build() {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(%error, "response not built");
                return None;
            }
        };
        match self.transactions.respond(now.since_epoch(), key, &response) {
            Ok(()) => Some(response),
            Err(error) => {
                tracing::debug!(%error, "response not sent");
                None
            }
        }
    }

    /// Refuses a request inside a dialog.
    pub(crate) fn refuse_in_dialog(&mut self, now: Timestamp, key: ServerKey, request: &Request, refusal: Refusal) {
        if refusal != Refusal::InviteUnanswered {
            return self.refuse(now, key, request, refusal.status());
        }
        // RFC 3261 §14.2: to be tried again after 0 to 10 s.
        let seconds = self.seed.below(11);
        let response = ResponseBuilder::new(request, refusal.status()).header(Name::RetryAfter, seconds.to_string());
        self.respond(now, key, response);
    }

    /// Refuses a request in one line.
    pub(crate) fn refuse(&mut self, now: Timestamp, key: ServerKey, request: &Request, status: u16) {
        let tag = self.transactions.identifiers().tag();
        let mut response = ResponseBuilder::new(request, status).tag(tag.as_bytes());
        if status == 405 || status == 501 {
            response = response.header(Name::Allow, ALLOW);
        }
        if status == 503 {
            response = response.header(Name::RetryAfter, "5");
        }
        self.respond(now, key, response);
    }
}

/// Methods we take.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO";

/// Whether a URI's user part names a number or name we can look up: printable and not absurdly long.
pub(crate) fn readable_user(request: &Request) -> Option<String> {
    const USER_BYTES_MAX: usize = 128;
    let user = request.uri()?.user_decoded()?;
    let text = String::from_utf8(user).ok()?;
    let fits = !text.is_empty() && text.len() <= USER_BYTES_MAX && !text.chars().any(char::is_control);
    fits.then_some(text)
}

/// The dialog key of a request from the peer: Call-ID and our tag.
pub(crate) fn dialog_key(request: &Request) -> Option<(Bytes, Bytes)> {
    Some((Bytes::copy_from_slice(request.call_id()), Bytes::copy_from_slice(request.to_tag()?)))
}

/// Whether this method is known inside dialogs.
pub(crate) fn in_dialog_method(method: Method) -> bool {
    matches!(method, Method::Invite | Method::Ack | Method::Bye | Method::Info | Method::Options)
}

/// A prompt's samples.
pub(crate) type Samples = Arc<[i16]>;
