//! What a proxy changes in what it passes on (RFC 3261 §16.6 and §16.7), and the memory of one request under way.

use crate::config::Config;
use crate::judge::{Judge, Plan};
use crate::nat::reachable_contact;
use sip::Method;
use sip::message::{EditError, Envelope, Name, Request, Response};
use sip::transaction::{ClientKey, Destination, Transport};
use sip::verdict;
use smallvec::SmallVec;
use std::net::SocketAddr;
use std::time::Duration;

/// RFC 3261 §16.6 step 3, where the request has none.
const MAX_FORWARDS: u32 = 70;

/// One request under way (the response context of RFC 3261 §16).
#[derive(Debug)]
pub(crate) struct Context {
    /// As it is sent on, without our Via.
    pub request: Request,
    pub from_switch: bool,
    /// To a carrier over a trunk, from which something must be heard soon.
    pub to_carrier: bool,
    /// Transactions opened for it, the current one last.
    pub clients: SmallVec<[ClientKey; 2]>,
    /// Where the current one goes.
    pub destination: Option<Destination>,
    /// Nodes not tried yet.
    pub nodes: SmallVec<[SocketAddr; 4]>,
    /// The target has been heard of.
    pub answered: bool,
    pub cancelled: bool,
    pub deadline: Option<(Duration, Deadline)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deadline {
    /// The node keeps silent.
    Node,
    /// The carrier keeps silent.
    Carrier,
    /// RFC 3261 §16.6 step 11.
    TimerC,
    /// A 2xx was passed on; retransmissions and forks may follow.
    Linger,
    /// Waits for a name.
    Resolve,
}

impl Context {
    pub fn is_invite(&self) -> bool {
        self.request.method() == Method::Invite
    }
}

/// The request as it is sent on.
pub(crate) fn prepare(
    config: &Config,
    judge: &Judge,
    request: &Request,
    hop: &Destination,
    plan: &Plan,
) -> Result<Request, EditError> {
    let mut edit = request.edit();
    let hops = request.max_forwards().map_or(MAX_FORWARDS, |hops| hops.saturating_sub(1));
    edit.set(Name::MaxForwards, hops.to_string());
    for name in own_headers(request) {
        edit.remove(name.as_str());
    }
    let from_switch = match plan {
        Plan::Admit { verdict } => {
            let cseq = request.cseq().map_or(0, |cseq| cseq.number);
            // All leading routes are ours: others were refused.
            edit.remove(Name::Route).remove(Name::ProxyAuthorization);
            edit.append(verdict::HEADER, verdict.sign(&judge.seal, request.call_id(), cseq));
            false
        }
        Plan::Dial { routes, .. } => {
            edit.pop(Name::Route, *routes);
            true
        }
        Plan::Within { routes, from_switch, .. } => {
            edit.pop(Name::Route, *routes);
            *from_switch
        }
    };
    let ahead_transport = match plan {
        Plan::Admit { .. } => config.switch_transport,
        Plan::Dial { target, .. } | Plan::Within { target, .. } => match target {
            crate::judge::Target::Address(_, transport) | crate::judge::Target::Name { transport, .. } => *transport,
        },
    };
    if !matches!(plan, Plan::Within { .. }) {
        let (inside, outside) = (config.internal, config.public);
        let (ahead, behind) = if from_switch { (outside, inside) } else { (inside, outside) };
        let values = judge.routes.record(request, (ahead, ahead_transport), (behind, hop.transport));
        for value in values {
            edit.push_front(Name::RecordRoute, value);
        }
    }
    if !from_switch && let Some(contact) = reachable_contact(request, hop.remote) {
        edit.replace_first(Name::Contact, contact);
    }
    edit.finish_request()
}

/// A response as it is sent back: without our Via, without what is for our eyes only, and with a Contact that can be
/// reached where it comes from outside.
pub(crate) fn prepare_response(
    response: &Response,
    from: &Destination,
    from_switch: bool,
) -> Result<Response, EditError> {
    let mut edit = response.edit();
    edit.pop(Name::Via, 1);
    for name in own_headers(response) {
        edit.remove(name.as_str());
    }
    if !from_switch && let Some(contact) = reachable_contact(response, from.remote) {
        edit.replace_first(Name::Contact, contact);
    }
    edit.finish_response()
}

/// The names of headers that only we and the switches may write.
fn own_headers(message: &Envelope) -> SmallVec<[String; 2]> {
    let prefix = verdict::HEADER_PREFIX.as_bytes();
    let mut names: SmallVec<[String; 2]> = SmallVec::new();
    for (name, _) in message.lines() {
        if name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

pub(crate) fn destination(config: &Config, remote: SocketAddr, transport: Transport) -> Destination {
    Destination { transport, local: config.local, remote }
}
