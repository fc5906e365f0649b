//! Our Record-Route (RFC 3261 §16.6 step 4), signed, and its return as Route. Without a signature for its dialog a
//! request with a To-tag is a stranger's.

use crate::config::Config;
use sip::message::{Envelope, Name, NameAddr, Request, Uri};
use sip::seal::{Seal, from_hex, to_hex};
use sip::transaction::Transport;
use std::net::SocketAddr;

/// The URI parameter that carries the signature.
const PARAMETER: &str = "hw";
/// Bytes of it.
const SIGNATURE_BYTES: usize = 16;
const LABEL: &[u8] = b"route";

#[derive(Debug)]
pub(crate) struct Routes {
    seal: Seal,
    own: [SocketAddr; 3],
    hosts: Vec<String>,
}

/// What the Route headers of a request say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path<'a> {
    /// How many of the first are ours.
    pub own: usize,
    /// One of them is signed for this dialog.
    pub signed: bool,
    /// The one behind them.
    pub next: Option<&'a [u8]>,
}

impl Routes {
    pub fn new(config: &Config) -> Self {
        Routes {
            seal: Seal::from_secret(&config.secret),
            own: [config.public, config.internal, config.local],
            hosts: config.hosts.clone(),
        }
    }

    pub fn read<'a>(&self, request: &'a Request) -> Path<'a> {
        let mut path = Path { own: 0, signed: false, next: None };
        for value in request.values(Name::Route) {
            let uri = NameAddr::parse(value).and_then(|route| route.uri());
            match uri.filter(|uri| self.is_own(uri)) {
                Some(uri) => {
                    path.own += 1;
                    path.signed |= self.is_signed(&uri, request);
                }
                None => {
                    path.next = Some(value);
                    break;
                }
            }
        }
        path
    }

    /// Whether a URI's host and port are ours.
    pub fn is_own(&self, uri: &Uri<'_>) -> bool {
        let port = uri.port.unwrap_or(Transport::Udp.default_port());
        match uri.host_ip() {
            Some(ip) => self.own.contains(&SocketAddr::new(ip, port)),
            None => self.hosts.iter().any(|host| uri.host.eq_ignore_ascii_case(host.as_bytes())),
        }
    }

    /// Whether a Via is ours by its host and port.
    pub fn is_own_sent_by(&self, via: &sip::message::Via<'_>) -> bool {
        let port = via.port.unwrap_or(Transport::Udp.default_port());
        via.host_ip().is_some_and(|ip| self.own.contains(&SocketAddr::new(ip, port)))
    }

    /// The Record-Route values to push for a request that opens a dialog, the one for the next hop first.
    pub fn record(
        &self,
        request: &Envelope,
        ahead: (SocketAddr, Transport),
        behind: (SocketAddr, Transport),
    ) -> Vec<String> {
        let tag = request.from_tag().unwrap_or_default();
        let signature = self.seal.sign(&[LABEL, request.call_id(), tag]);
        let signature = to_hex(&signature[..SIGNATURE_BYTES]);
        let value = |(address, transport): (SocketAddr, Transport)| {
            let via = if transport == Transport::Tcp { ";transport=tcp" } else { "" };
            format!("<sip:{address}{via};lr;{PARAMETER}={signature}>")
        };
        let (ahead, behind) = (value(ahead), value(behind));
        if ahead == behind { vec![ahead] } else { vec![ahead, behind] }
    }

    /// The dialog is known by its Call-ID and the tag of who opened it: the From-tag of his requests, the To-tag of the
    /// other's.
    fn is_signed(&self, uri: &Uri<'_>, request: &Request) -> bool {
        let Some(signature) = uri.params.value(PARAMETER).and_then(|text| from_hex(text, SIGNATURE_BYTES)) else {
            return false;
        };
        [request.from_tag(), request.to_tag()]
            .into_iter()
            .flatten()
            .any(|tag| self.seal.verify(&[LABEL, request.call_id(), tag], &signature))
    }
}
