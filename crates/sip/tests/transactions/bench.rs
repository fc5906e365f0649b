//! A transaction layer with a clock that jumps from deadline to deadline.

use sip::Method;
use sip::message::{self, Message, Name, Request, RequestBuilder, Response, ResponseBuilder};
use sip::transaction::{ClientKey, Config, Destination, Output, Role, ServerKey, TransactionLayer, Transport};
use std::time::Duration;

pub const EPOCH: Duration = Duration::from_secs(1_700_000_000);

pub struct Bench {
    pub layer: TransactionLayer,
    pub now: Duration,
}

pub fn hop(transport: Transport) -> Destination {
    Destination { transport, local: "192.0.2.1:5060".parse().unwrap(), remote: "198.51.100.2:5066".parse().unwrap() }
}

impl Bench {
    pub fn new(role: Role) -> Self {
        Self::with(Config::new(role))
    }

    pub fn with(config: Config) -> Self {
        Bench { layer: TransactionLayer::new(config, [1; 32], 3), now: EPOCH }
    }

    pub fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.layer.poll()).collect()
    }

    /// Jumps to the next deadline. Milliseconds since the start and what it raised; `None` when nothing is scheduled.
    pub fn step(&mut self) -> Option<(u128, Vec<Output>)> {
        self.now = self.layer.next_timeout()?;
        self.layer.handle_timeout(self.now);
        Some(((self.now - EPOCH).as_millis(), self.outputs()))
    }

    /// Jumps until nothing is scheduled; each line says when and what.
    pub fn run(&mut self) -> Vec<String> {
        let mut ladder = Vec::new();
        while let Some((at, outputs)) = self.step() {
            ladder.extend(outputs.iter().map(|output| format!("{at} {}", describe(output))));
            assert!(ladder.len() < 1000, "timers run wild");
        }
        ladder
    }

    pub fn receive(&mut self, message: impl Into<bytes::Bytes>, transport: Transport) -> Vec<Output> {
        let message = message::parse(message.into()).unwrap();
        let _ = self.layer.receive(self.now, hop(transport), message);
        self.outputs()
    }

    /// Sends a request; gives what went on the wire.
    pub fn send(&mut self, method: Method, transport: Transport) -> (ClientKey, Request) {
        let key = self.layer.send_request(self.now, &own_request(method), hop(transport)).unwrap();
        (key, sent_request(&self.outputs()))
    }

    pub fn open(&mut self, method: Method, transport: Transport) -> (ServerKey, Request) {
        let outputs = self.receive(peer_request(method, "z9hG4bKpeer").bytes().clone(), transport);
        match outputs.into_iter().next() {
            Some(Output::Request { key, request, .. }) => (key, request),
            other => panic!("no request: {other:?}"),
        }
    }

    pub fn respond(&mut self, key: ServerKey, request: &Request, status: u16) -> Vec<Output> {
        let response = ResponseBuilder::new(request, status).tag(b"local").build().unwrap();
        self.layer.respond(self.now, key, &response).unwrap();
        self.outputs()
    }
}

pub fn describe(output: &Output) -> String {
    match output {
        Output::Send { bytes, .. } => match message::parse(bytes.clone()).unwrap() {
            Message::Request(request) => format!("send {}", String::from_utf8_lossy(request.method_token())),
            Message::Response(response) => format!("send {}", response.status()),
        },
        Output::Request { request, .. } => format!("request {}", String::from_utf8_lossy(request.method_token())),
        Output::Ack { key, .. } => format!("ack {}", if key.is_some() { "matched" } else { "alone" }),
        Output::Cancelled { .. } => "cancelled".into(),
        Output::Response { response, .. } => format!("response {}", response.status()),
        Output::Timeout { .. } => "timeout".into(),
        Output::TransportError { .. } => "transport error".into(),
        Output::AckTimeout { success, .. } => format!("no ack, success {success}"),
    }
}

pub fn described(outputs: &[Output]) -> Vec<String> {
    outputs.iter().map(describe).collect()
}

pub fn sent(outputs: &[Output]) -> Message {
    outputs
        .iter()
        .find_map(|output| match output {
            Output::Send { bytes, .. } => Some(message::parse(bytes.clone()).unwrap()),
            _ => None,
        })
        .expect("something sent")
}

pub fn sent_request(outputs: &[Output]) -> Request {
    sent(outputs).request().expect("a request")
}

pub fn sent_response(outputs: &[Output]) -> Response {
    sent(outputs).response().expect("a response")
}

pub fn own_request(method: Method) -> Request {
    base(method).build().unwrap()
}

pub fn peer_request(method: Method, branch: &str) -> Request {
    base(method).header(Name::Via, format!("SIP/2.0/UDP 198.51.100.2:5066;branch={branch};rport")).build().unwrap()
}

fn base(method: Method) -> RequestBuilder {
    RequestBuilder::new(method, b"sip:a@b")
        .header(Name::From, "<sip:x@y>;tag=f1")
        .header(Name::To, "<sip:a@b>")
        .header(Name::CallId, "call-1")
        .header(Name::Contact, "<sip:x@198.51.100.2:5066>")
        .cseq(1, method)
}

pub fn reply(request: &Request, status: u16, tag: &str) -> bytes::Bytes {
    ResponseBuilder::new(request, status)
        .tag(tag.as_bytes())
        .header(Name::Contact, "<sip:a@198.51.100.2:5066>")
        .build()
        .unwrap()
        .bytes()
        .clone()
}
