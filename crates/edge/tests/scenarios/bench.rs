use bytes::Bytes;
use domain::{Attestation, TenantId, Timestamp, TrunkId};
use edge::verdict::{self, Verdict};
use edge::{Config, Counters, Edge, Event, Fate, Input, Output, Trunk, TrunkTable};
use sip::digest::{Algorithm, Ha1};
use sip::message::{self, Message, Method, Name, Request, RequestBuilder, Response, ResponseBuilder};
use sip::seal::Seal;
use sip::transaction::Destination;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

pub const SECRET: &[u8] = b"a secret of the test, long enough";
pub const EDGE: &str = "192.0.2.1:5060";
pub const NODE_A: &str = "10.0.0.11:5080";
pub const NODE_B: &str = "10.0.0.12:5080";
pub const CARRIER: &str = "203.0.113.5:5060";
pub const STRANGER: &str = "198.51.100.66:5060";
pub const BUYER: &str = "198.51.100.7:5090";

pub struct Bench {
    pub edge: Edge,
    pub now: Timestamp,
    pub events: Vec<Event>,
    pub resolve: Vec<(edge::ResolveToken, String)>,
    sent: Vec<(SocketAddr, Message)>,
    serial: u32,
}

pub fn config() -> Config {
    let mut config = Config::new(address(EDGE), address(NODE_A), SECRET);
    config.switch_nodes = vec![address(NODE_A), address(NODE_B)];
    config
}

pub fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn trunk(number: u128, addresses: &[&str], password: Option<&str>) -> Trunk {
    let hashes = |password: &str| {
        [Algorithm::Md5, Algorithm::Sha256].map(|a| Ha1::new(a, b"pbx", b"hopwhistle", password.as_bytes())).to_vec()
    };
    Trunk {
        id: TrunkId(Uuid::from_u128(number)),
        tenant: TenantId(Uuid::from_u128(1000 + number)),
        enabled: true,
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        digest: password.map(|password| (b"pbx".to_vec(), hashes(password))),
        attestation: Attestation::B,
    }
}

impl Bench {
    /// One trunk: the carrier, by address.
    pub fn new() -> Self {
        Self::with(config(), vec![trunk(1, &["203.0.113.0/24"], None)])
    }

    pub fn with(config: Config, trunks: Vec<Trunk>) -> Self {
        let mut edge = Edge::new(config, [5; 32], 0);
        let now = Timestamp::from_secs(1_700_000_000);
        edge.handle(now, Input::TrunksChanged(Arc::new(TrunkTable::new(trunks, []))));
        Bench { edge, now, events: Vec::new(), resolve: Vec::new(), sent: Vec::new(), serial: 0 }
    }

    pub fn raw(&mut self, from: &str, bytes: impl Into<Bytes>) -> Vec<(SocketAddr, Message)> {
        let hop = Destination::udp(address(EDGE), address(from));
        self.input(Input::Datagram { hop, bytes: bytes.into() })
    }

    pub fn input(&mut self, input: Input) -> Vec<(SocketAddr, Message)> {
        self.edge.handle(self.now, input);
        self.drain();
        std::mem::take(&mut self.sent)
    }

    pub fn receive(&mut self, from: &str, message: &message::Envelope) -> Vec<(SocketAddr, Message)> {
        self.raw(from, message.bytes().clone())
    }

    /// Lets time pass, deadline by deadline.
    pub fn wait(&mut self, duration: Duration) -> Vec<(SocketAddr, Message)> {
        let until = self.now.after(duration);
        while let Some(at) = self.edge.next_timeout().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.edge.handle(self.now, Input::Timeout);
            self.drain();
        }
        self.now = until;
        std::mem::take(&mut self.sent)
    }

    fn drain(&mut self) {
        while let Some(output) = self.edge.poll() {
            match output {
                Output::Send { destination, bytes } => {
                    assert_eq!(destination.local, address(EDGE));
                    self.sent.push((destination.remote, message::parse(bytes).unwrap()));
                }
                Output::Resolve { token, host } => self.resolve.push((token, host)),
                Output::Event(event) => self.events.push(event),
            }
        }
    }

    /// An INVITE or other request outside of a dialog, with a fresh branch and Call-ID.
    pub fn request(&mut self, method: Method, from: &str, uri: &str) -> RequestBuilder {
        self.serial += 1;
        let serial = self.serial;
        RequestBuilder::new(method, uri.as_bytes())
            .header(Name::Via, format!("SIP/2.0/UDP {from};branch=z9hG4bKpeer{serial};rport"))
            .header(Name::From, "<sip:+15550001@carrier>;tag=caller")
            .header(Name::To, "<sip:+15550100@edge>")
            .header(Name::CallId, format!("call-{serial}"))
            .header(Name::Contact, format!("<sip:c@{from}>"))
            .cseq(1, method)
    }

    pub fn invite(&mut self, from: &str) -> Request {
        self.request(Method::Invite, from, "sip:+15550100@192.0.2.1").build().unwrap()
    }

    pub fn outbound(&mut self, uri: &str) -> Request {
        let builder = self.request(Method::Invite, NODE_A, uri);
        let verdict = Verdict {
            direction: verdict::Direction::Outbound,
            trunk: None,
            tenant: Uuid::from_u128(1001),
            attestation: verdict::Attestation::None,
            at: Duration::from_secs(self.now.secs().unsigned_abs()),
        };
        let value = verdict.sign(&Seal::from_secret(SECRET), format!("call-{}", self.serial).as_bytes(), 1);
        builder.header(verdict::HEADER, value).build().unwrap()
    }

    /// A request inside the dialog, as the party behind `from` sends it.
    pub fn within(&mut self, method: Method, from: &str, dialog: &DialogSide, cseq: u32) -> Request {
        self.serial += 1;
        let mut builder = RequestBuilder::new(method, dialog.target.as_bytes())
            .header(Name::Via, format!("SIP/2.0/UDP {from};branch=z9hG4bKpeer{};rport", self.serial))
            .header(Name::From, &dialog.from)
            .header(Name::To, &dialog.to)
            .header(Name::CallId, &dialog.call_id)
            .cseq(cseq, method);
        for route in &dialog.routes {
            builder = builder.header(Name::Route, route);
        }
        builder.build().unwrap()
    }

    pub fn counters(&self) -> &Counters {
        self.edge.counters()
    }

    /// Every message that arrived has one fate.
    pub fn check_accounts(&self) {
        let fates: u64 = Fate::ALL.iter().map(|fate| self.counters().fate(*fate)).sum();
        assert_eq!(fates, self.counters().received, "{:?}", self.counters());
        let refused: u64 = edge::Reason::ALL.iter().map(|reason| self.counters().refused(*reason)).sum();
        assert!(refused >= self.counters().fate(Fate::Refused));
        let by_kind: u64 = self.counters().requests_sent.iter().chain(&self.counters().responses_sent).sum();
        assert_eq!(by_kind, self.counters().sent);
    }
}

#[derive(Clone, Debug)]
pub struct DialogSide {
    pub from: Vec<u8>,
    pub to: Vec<u8>,
    pub call_id: Vec<u8>,
    pub target: String,
    pub routes: Vec<Vec<u8>>,
}

/// The two sides of the dialog a 2xx confirmed: who sent the INVITE, who answered it.
pub fn sides(ok: &Response, caller_target: &str, callee_target: &str) -> (DialogSide, DialogSide) {
    let header = |name| ok.header(name).unwrap().to_vec();
    let routes: Vec<Vec<u8>> = ok.values(Name::RecordRoute).map(<[u8]>::to_vec).collect();
    let caller = DialogSide {
        from: header(Name::From),
        to: header(Name::To),
        call_id: header(Name::CallId),
        target: callee_target.to_owned(),
        routes: routes.iter().rev().cloned().collect(),
    };
    let callee = DialogSide {
        from: caller.to.clone(),
        to: caller.from.clone(),
        target: caller_target.to_owned(),
        routes,
        ..caller.clone()
    };
    (caller, callee)
}

pub fn reply(request: &Request, status: u16, contact: &str) -> Response {
    ResponseBuilder::new(request, status)
        .tag(b"callee")
        .header(Name::Contact, format!("<sip:s@{contact}>"))
        .build()
        .unwrap()
}

/// `remote METHOD` or `remote status` of each.
pub fn described(sent: &[(SocketAddr, Message)]) -> Vec<String> {
    sent.iter()
        .map(|(remote, message)| match message {
            Message::Request(request) => format!("{remote} {}", String::from_utf8_lossy(request.method_token())),
            Message::Response(response) => format!("{remote} {}", response.status()),
        })
        .collect()
}

pub fn requests(sent: &[(SocketAddr, Message)]) -> Vec<(SocketAddr, Request)> {
    sent.iter().filter_map(|(remote, message)| Some((*remote, message.clone().request()?))).collect()
}

pub fn responses(sent: &[(SocketAddr, Message)]) -> Vec<(SocketAddr, Response)> {
    sent.iter().filter_map(|(remote, message)| Some((*remote, message.clone().response()?))).collect()
}

pub fn statuses(sent: &[(SocketAddr, Message)]) -> Vec<u16> {
    responses(sent).iter().map(|(_, response)| response.status()).collect()
}
