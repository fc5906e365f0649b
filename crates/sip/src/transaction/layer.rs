use super::client::{self, Client};
use super::config::{Config, Role, Stats};
use super::destination::Destination;
use super::matching::{Key, acknowledgement_key, reply_destination, stamped_via, transaction_key};
use super::server::{self, AckMeaning, Server};
use super::timers::{TimerId, TimerQueue};
use super::{ClientKey, Output, ServerKey};
use crate::identifiers::{Identifiers, serial_of_branch};
use crate::message::{EditError, Message, Method, Name, Request, Response, ResponseBuilder};
use ahash::RandomState;
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// Why a request of ours did not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("the transaction table is full")]
    Full,
    #[error("no such transaction, or it has ended")]
    NoTransaction,
    #[error(transparent)]
    Message(#[from] EditError),
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    #[error("a request without a usable Via")]
    Via,
    #[error("the table is full: answered 503")]
    Overloaded,
    #[error("a response to nothing we sent")]
    StrayResponse,
    #[error("a CANCEL without its INVITE: answered 481")]
    StrayCancel,
}

/// All transactions of one shard.
#[derive(Debug)]
pub struct TransactionLayer {
    config: Config,
    identifiers: Identifiers,
    clients: HashMap<ClientKey, Client, RandomState>,
    servers: HashMap<ServerKey, Server, RandomState>,
    by_transaction: HashMap<Key, ServerKey, RandomState>,
    by_acknowledgement: HashMap<Key, ServerKey, RandomState>,
    server_serial: u64,
    timers: TimerQueue,
    outputs: VecDeque<Output>,
    stats: Stats,
}

impl TransactionLayer {
    /// `shard` is written into each branch, so that responses find the thread that sent the request.
    pub fn new(config: Config, seed: [u8; 32], shard: u8) -> Self {
        let mut identifiers = Identifiers::new(seed, shard);
        // Keyed by the seed: peers choose branches, and must not be able to choose collisions.
        let mut hasher = || {
            let mut key = || identifiers.serial();
            RandomState::with_seeds(key(), key(), key(), key())
        };
        TransactionLayer {
            clients: HashMap::with_hasher(hasher()),
            servers: HashMap::with_hasher(hasher()),
            by_transaction: HashMap::with_hasher(hasher()),
            by_acknowledgement: HashMap::with_hasher(hasher()),
            config,
            identifiers,
            server_serial: 0,
            timers: TimerQueue::default(),
            outputs: VecDeque::new(),
            stats: Stats::default(),
        }
    }

    /// Takes a message from the wire. What it means comes out of [`TransactionLayer::poll`].
    ///
    /// # Errors
    /// The message went no further; each case is counted in [`TransactionLayer::stats`] too.
    pub fn receive(&mut self, now: Duration, source: Destination, message: Message) -> Result<(), ReceiveError> {
        match message {
            Message::Request(request) => self.receive_request(now, source, request),
            Message::Response(response) => self.receive_response(now, response),
        }
    }

    /// Sends a request in a new client transaction, pushing a Via. Not for ACK ([`TransactionLayer::send_ack`]) nor for
    /// CANCEL ([`TransactionLayer::cancel`]).
    ///
    /// # Errors
    /// The table is full, or the request would not be valid.
    pub fn send_request(&mut self, now: Duration, request: &Request, to: Destination) -> Result<ClientKey, SendError> {
        if self.clients.len() >= self.config.clients_max {
            return Err(SendError::Full);
        }
        let key = ClientKey { serial: self.identifiers.serial(), cancel: false };
        let request = self.with_via(request, key.serial, &to)?;
        self.send(to, request.bytes().clone());
        self.open_client(now, key, request, to);
        Ok(key)
    }

    /// Sends the ACK of a 2xx, which has no transaction (RFC 3261 §13.2.2.4); returns its bytes to send again when the
    /// 2xx comes again.
    ///
    /// # Errors
    /// The request would not be valid.
    pub fn send_ack(&mut self, ack: &Request, destination: Destination) -> Result<Bytes, SendError> {
        let serial = self.identifiers.serial();
        let bytes = self.with_via(ack, serial, &destination)?.bytes().clone();
        self.send(destination, bytes.clone());
        Ok(bytes)
    }

    /// Whether this request belongs to a transaction of ours already: a retransmission, or the ACK or CANCEL of one.
    pub fn knows(&self, request: &Request) -> bool {
        let method = match request.method() {
            Method::Ack | Method::Cancel => b"INVITE",
            _ => request.method_token(),
        };
        request.top_via().is_some_and(|via| self.by_transaction.contains_key(&transaction_key(request, &via, method)))
    }

    /// Answers a request that was not taken with [`TransactionLayer::receive`], without state, so that nobody is made to
    /// receive retransmissions of it. Not for ACK.
    pub fn refuse(&mut self, source: &Destination, request: &Request, status: u16, headers: &[(Name, Vec<u8>)]) {
        let stamped = stamped_via(request, source, self.config.force_rport)
            .and_then(|value| request.edit().replace_first(Name::Via, value).finish_request().ok());
        let request = stamped.as_ref().unwrap_or(request);
        let Some(via) = request.top_via() else { return };
        let reply_to = reply_destination(&via, source, self.config.force_rport);
        let tag = self.identifiers.tag();
        let builder = ResponseBuilder::new(request, status).tag(tag.as_bytes());
        let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, value));
        if let Ok(response) = builder.build() {
            self.send(reply_to, response.bytes().clone());
        }
    }

    /// Sends bytes as they are, counted with the others.
    pub fn send_bytes(&mut self, destination: Destination, bytes: Bytes) {
        self.send(destination, bytes);
    }

    /// Sends the user's response to a request. A final one ends it for the user; a 2xx to an INVITE is retransmitted
    /// until its ACK if we are a user agent.
    ///
    /// # Errors
    /// The transaction is unknown, or has had its final response.
    pub fn respond(&mut self, now: Duration, key: ServerKey, response: &Response) -> Result<(), SendError> {
        let server = self.servers.get_mut(&key).ok_or(SendError::NoTransaction)?;
        if !server.on_response(now, &self.config.timing, self.config.role, response) {
            return Err(SendError::NoTransaction);
        }
        let reply_to = server.reply_to;
        if self.config.role == Role::UserAgent
            && response.is_success()
            && response.cseq().is_some_and(|cseq| cseq.method == b"INVITE")
            && let Some(index) = acknowledgement_key(response)
        {
            server.keys.acknowledgement = Some(index.clone());
            self.by_acknowledgement.insert(index, key);
        }
        self.send(reply_to, response.bytes().clone());
        self.settle_server(now, key);
        Ok(())
    }

    /// Cancels an INVITE of ours (RFC 3261 §9.1): at once if it has been answered provisionally, else as soon as it is.
    /// The INVITE still ends by its own response, or by [`Output::Timeout`].
    pub fn cancel(&mut self, now: Duration, key: ClientKey) {
        if self.clients.get_mut(&key).is_some_and(Client::ask_cancel) {
            self.send_cancel(now, key);
        }
    }

    /// When [`TransactionLayer::handle_timeout`] wants to be called.
    pub fn next_timeout(&self) -> Option<Duration> {
        self.timers.next()
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Duration) {
        while let Some(id) = self.timers.pop_due(now) {
            match id {
                TimerId::Client(key) => self.client_deadline(now, key),
                TimerId::Server(key) => self.server_deadline(now, key),
            }
        }
    }

    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Tells that nothing can be sent to `remote` any more: a refused or broken connection.
    pub fn transport_failed(&mut self, destination: &Destination) {
        let mut keys: Vec<ClientKey> = self
            .clients
            .iter()
            .filter(|(_, client)| client.destination == *destination && client.is_pending())
            .map(|(key, _)| *key)
            .collect();
        keys.sort_unstable();
        for key in keys {
            self.close_client(key);
            if !key.cancel {
                self.outputs.push_back(Output::TransportError { key });
            }
        }
    }

    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Client and server transactions now in the tables.
    pub fn len(&self) -> (usize, usize) {
        (self.clients.len(), self.servers.len())
    }

    pub fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.servers.is_empty()
    }

    /// Tags and Call-IDs of this shard.
    pub fn identifiers(&mut self) -> &mut Identifiers {
        &mut self.identifiers
    }

    // --- requests from the wire

    fn receive_request(&mut self, now: Duration, source: Destination, request: Request) -> Result<(), ReceiveError> {
        self.stats.requests_received += 1;
        let force_rport = self.config.force_rport;
        let request = match stamped_via(&request, &source, force_rport) {
            Some(value) => {
                request.edit().replace_first(Name::Via, value).finish_request().map_err(|_| ReceiveError::Via)?
            }
            None => request,
        };
        let via = request.top_via().ok_or(ReceiveError::Via)?;
        let reply_to = reply_destination(&via, &source, force_rport);
        match request.method() {
            Method::Ack => {
                let key = transaction_key(&request, &via, b"INVITE");
                self.receive_ack(now, &key, request, source);
                Ok(())
            }
            Method::Cancel => {
                let key = transaction_key(&request, &via, b"INVITE");
                self.receive_cancel(&key, request, reply_to)
            }
            _ => {
                let key = transaction_key(&request, &via, request.method_token());
                self.receive_ordinary(now, key, request, source, reply_to)
            }
        }
    }

    fn receive_ordinary(
        &mut self,
        now: Duration,
        index: Key,
        request: Request,
        source: Destination,
        reply_to: Destination,
    ) -> Result<(), ReceiveError> {
        if let Some(server) = self.by_transaction.get(&index).and_then(|key| self.servers.get(key)) {
            self.stats.retransmissions_absorbed += 1;
            if let Some(bytes) = server.on_retransmission() {
                let to = server.reply_to;
                self.send_again(to, bytes);
            }
            return Ok(());
        }
        if self.servers.len() >= self.config.servers_max {
            self.stats.overloaded += 1;
            let seconds = self.config.retry_after_seconds.to_string();
            self.refuse(&source, &request, 503, &[(Name::RetryAfter, seconds.into_bytes())]);
            return Err(ReceiveError::Overloaded);
        }
        self.server_serial += 1;
        let key = ServerKey(self.server_serial);
        let server = Server::new(now, &self.config.timing, &request, reply_to, index.clone());
        self.servers.insert(key, server);
        self.by_transaction.insert(index, key);
        self.settle_server(now, key);
        self.outputs.push_back(Output::Request { key, request, source });
        Ok(())
    }

    fn receive_ack(&mut self, now: Duration, index: &Key, request: Request, source: Destination) {
        let by_branch = self.by_transaction.get(index).copied();
        let found = by_branch.or_else(|| self.by_acknowledgement.get(&acknowledgement_key(&request)?).copied());
        if let Some(key) = found
            && let Some(server) = self.servers.get_mut(&key)
        {
            let meaning = server.on_ack(now, &self.config.timing);
            self.settle_server(now, key);
            if meaning == AckMeaning::Absorb {
                self.stats.acks_absorbed += 1;
                return;
            }
        }
        self.outputs.push_back(Output::Ack { key: found, request, source });
    }

    /// Answers without state: a retransmitted CANCEL gets the same answer as long as the INVITE lives (RFC 3261 §9.2).
    fn receive_cancel(&mut self, index: &Key, cancel: Request, reply_to: Destination) -> Result<(), ReceiveError> {
        let found = self.by_transaction.get(index).and_then(|&key| Some((key, self.servers.get_mut(&key)?)));
        let (status, tag) = match &found {
            Some((_, server)) => (200, server.last_tag().map(<[u8]>::to_vec)),
            None => (481, None),
        };
        let raised = found.and_then(|(key, server)| {
            let first = server.is_open() && !server.cancelled;
            server.cancelled = true;
            first.then_some(key)
        });
        let tag = tag.unwrap_or_else(|| self.identifiers.tag().into_bytes());
        if let Ok(response) = ResponseBuilder::new(&cancel, status).tag(&tag).build() {
            self.send(reply_to, response.bytes().clone());
        }
        if status == 481 {
            self.stats.stray_cancels += 1;
            return Err(ReceiveError::StrayCancel);
        }
        match raised {
            Some(key) => self.outputs.push_back(Output::Cancelled { key, cancel }),
            None => self.stats.retransmissions_absorbed += 1,
        }
        Ok(())
    }

    // --- responses from the wire

    fn receive_response(&mut self, now: Duration, response: Response) -> Result<(), ReceiveError> {
        self.stats.responses_received += 1;
        let timing = self.config.timing;
        let Some((key, client)) = self.client_of(&response) else {
            self.stats.stray_responses += 1;
            return Err(ReceiveError::StrayResponse);
        };
        let reaction = client.on_response(now, &timing, &response);
        let destination = client.destination;
        if let Some(bytes) = reaction.send {
            self.send(destination, bytes);
        }
        if reaction.send_cancel {
            self.send_cancel(now, key);
        }
        match reaction.deliver {
            true if !key.cancel => self.outputs.push_back(Output::Response { key, response }),
            true => {}
            false => self.stats.retransmissions_absorbed += 1,
        }
        if reaction.over {
            self.close_client(key);
        } else {
            self.schedule_client(key);
        }
        Ok(())
    }

    fn client_of(&mut self, response: &Response) -> Option<(ClientKey, &mut Client)> {
        let (shard, serial) = serial_of_branch(response.top_via()?.branch()?)?;
        if shard != self.identifiers.shard() {
            return None;
        }
        let cancel = response.cseq()?.method == b"CANCEL";
        let key = ClientKey { serial, cancel };
        self.clients.get_mut(&key).filter(|client| client.matches(response)).map(|client| (key, client))
    }

    // --- deadlines

    fn client_deadline(&mut self, now: Duration, key: ClientKey) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        client.scheduled = None;
        let destination = client.destination;
        match client.on_deadline(now) {
            client::Expiry::Retransmit(bytes) => self.send_again(destination, bytes),
            client::Expiry::Failed => {
                self.close_client(key);
                if !key.cancel {
                    self.outputs.push_back(Output::Timeout { key });
                }
            }
            client::Expiry::Over => self.close_client(key),
            client::Expiry::Nothing => {}
        }
        self.schedule_client(key);
    }

    fn server_deadline(&mut self, now: Duration, key: ServerKey) {
        let Some(server) = self.servers.get_mut(&key) else { return };
        server.scheduled = None;
        let reply_to = server.reply_to;
        match server.on_deadline(now) {
            server::Expiry::Trying(request) => {
                if let Ok(trying) = ResponseBuilder::new(&request, 100).build() {
                    server.on_response(now, &self.config.timing, self.config.role, &trying);
                    self.send(reply_to, trying.bytes().clone());
                }
            }
            server::Expiry::Retransmit(bytes) => self.send_again(reply_to, bytes),
            server::Expiry::Unacknowledged { success } => {
                self.close_server(key);
                self.outputs.push_back(Output::AckTimeout { key, success });
            }
            server::Expiry::Over => self.close_server(key),
            server::Expiry::Nothing => {}
        }
        self.schedule_server(key);
    }

    // --- tables

    fn open_client(&mut self, now: Duration, key: ClientKey, request: Request, destination: Destination) {
        self.clients.insert(key, Client::new(now, &self.config.timing, request, destination));
        self.schedule_client(key);
    }

    fn send_cancel(&mut self, now: Duration, key: ClientKey) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        let destination = client.destination;
        if let Some(cancel) = client.make_cancel(now, &self.config.timing) {
            self.send(destination, cancel.bytes().clone());
            self.open_client(now, ClientKey { cancel: true, ..key }, cancel, destination);
        }
        self.schedule_client(key);
    }

    fn schedule_client(&mut self, key: ClientKey) {
        if let Some(client) = self.clients.get_mut(&key) {
            let at = client.deadline();
            self.timers.schedule(TimerId::Client(key), &mut client.scheduled, at);
        }
    }

    fn close_client(&mut self, key: ClientKey) {
        if let Some(mut client) = self.clients.remove(&key) {
            self.timers.schedule(TimerId::Client(key), &mut client.scheduled, None);
        }
    }

    /// Does at once what is due at once (a 100 without delay, timers of zero length), else schedules.
    fn settle_server(&mut self, now: Duration, key: ServerKey) {
        match self.servers.get(&key).and_then(Server::deadline) {
            Some(at) if at <= now => self.server_deadline(now, key),
            _ => self.schedule_server(key),
        }
    }

    fn schedule_server(&mut self, key: ServerKey) {
        if let Some(server) = self.servers.get_mut(&key) {
            let at = server.deadline();
            self.timers.schedule(TimerId::Server(key), &mut server.scheduled, at);
        }
    }

    fn close_server(&mut self, key: ServerKey) {
        let Some(mut server) = self.servers.remove(&key) else { return };
        self.timers.schedule(TimerId::Server(key), &mut server.scheduled, None);
        self.by_transaction.remove(&server.keys.transaction);
        if let Some(index) = &server.keys.acknowledgement
            && self.by_acknowledgement.get(index) == Some(&key)
        {
            self.by_acknowledgement.remove(index);
        }
    }

    fn with_via(&self, request: &Request, serial: u64, to: &Destination) -> Result<Request, EditError> {
        let advertised = self.config.advertised.iter().find(|(local, _)| *local == to.local);
        let bound;
        let sent_by = match advertised {
            Some((_, host)) => host,
            None => {
                bound = to.local.to_string();
                &bound
            }
        };
        let branch = self.identifiers.branch(serial);
        let via = format!("SIP/2.0/{} {sent_by};branch={branch};rport", to.transport.token());
        request.edit().push_front(Name::Via, via).finish_request()
    }

    fn send(&mut self, destination: Destination, bytes: Bytes) {
        self.stats.messages_sent += 1;
        self.outputs.push_back(Output::Send { destination, bytes });
    }

    fn send_again(&mut self, destination: Destination, bytes: Bytes) {
        self.stats.retransmissions_sent += 1;
        self.send(destination, bytes);
    }
}
