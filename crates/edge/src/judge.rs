//! Whether a request may pass, and where to. The story of a request, step by step.

use crate::config::Config;
use crate::counters::Reason;
use crate::nodes::Nodes;
use crate::routes::Routes;
use crate::trunks::{Trunk, TrunkTable};
use domain::Attestation;
use sip::Method;
use sip::digest::{Authenticator, Check};
use sip::message::{Message, Name, NameAddr, Request, Scheme, Uri, validate};
use sip::seal::Seal;
use sip::transaction::{Destination, Transport};
use sip::verdict::{self, Verdict};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How often a call may come back through us before it is a loop: a carrier may return a call to another number of ours.
const SPIRALS_MAX: usize = 2;
const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY";

/// What is to be done with a request.
#[derive(Debug)]
pub(crate) enum Judgement {
    Forward(Plan),
    /// A 200 of our own.
    Answer(Vec<(Name, Vec<u8>)>),
    Refuse {
        status: u16,
        reason: Reason,
        headers: Vec<(Name, Vec<u8>)>,
    },
}

#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// A call of a trunk, to any switch.
    Admit { verdict: Verdict },
    /// A call of a switch, to where it says; over a trunk to a carrier.
    Dial { target: Target, routes: usize, to_carrier: bool },
    /// Within a dialog.
    Within { target: Target, routes: usize, from_switch: bool },
}

/// The next hop as its URI says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Address(SocketAddr, Transport),
    Name { host: String, port: u16, transport: Transport },
}

impl Target {
    fn of(uri: &Uri<'_>) -> Option<Target> {
        let transport = match uri.transport() {
            Some(token) => Transport::from_token(token).filter(|t| matches!(t, Transport::Udp | Transport::Tcp))?,
            None => Transport::Udp,
        };
        if uri.scheme != Scheme::Sip || uri.host.is_empty() {
            return None;
        }
        let port = uri.port.unwrap_or(transport.default_port());
        Some(match uri.host_ip() {
            Some(ip) => Target::Address(SocketAddr::new(ip, port), transport),
            None if uri.host.starts_with(b"[") => return None,
            None => Target::Name { host: String::from_utf8_lossy(uri.host).into_owned(), port, transport },
        })
    }

    fn of_route(value: &[u8]) -> Option<Target> {
        Self::of(&NameAddr::parse(value)?.uri()?)
    }
}

fn refuse(status: u16, reason: Reason) -> Judgement {
    Judgement::Refuse { status, reason, headers: Vec::new() }
}

/// What judging needs to know.
#[derive(Debug)]
pub(crate) struct Judge {
    pub routes: Routes,
    pub trunks: Arc<TrunkTable>,
    authenticator: Authenticator,
    pub seal: Seal,
}

impl Judge {
    pub fn new(config: &Config) -> Self {
        let authenticator = sip::digest::Config {
            realm: config.realm.clone(),
            algorithms: vec![sip::digest::Algorithm::Sha256, sip::digest::Algorithm::Md5],
            nonce_lifetime: config.nonce_lifetime,
            nonces_max: config.nonces_max,
            proxy: true,
        };
        let seal = Seal::from_secret(&config.secret);
        let nonce_secret = seal.sign(&[b"nonces"]);
        Judge {
            routes: Routes::new(config),
            trunks: Arc::default(),
            authenticator: Authenticator::new(authenticator, nonce_secret),
            seal,
        }
    }

    /// Judges a request that is neither ACK nor CANCEL nor known already.
    pub fn request(&mut self, now: Duration, hop: &Destination, request: &Request, nodes: &Nodes) -> Judgement {
        if let Some(refusal) = self.sanity(request) {
            return refusal;
        }
        let from_switch = nodes.contains(hop.remote);
        if request.to_tag().is_some() {
            return match self.within_dialog(request, from_switch, nodes) {
                Ok(plan) => Judgement::Forward(plan),
                Err(reason) => refuse(403, reason),
            };
        }
        match request.method() {
            Method::Options => {
                Judgement::Answer(vec![(Name::Allow, ALLOW.into()), (Name::Accept, "application/sdp".into())])
            }
            Method::Invite if from_switch => self.dial(now, request),
            Method::Invite => self.admit(now, hop, request),
            _ => Judgement::Refuse { status: 405, reason: Reason::Method, headers: vec![(Name::Allow, ALLOW.into())] },
        }
    }

    /// RFC 3261 §16.3.
    fn sanity(&self, request: &Request) -> Option<Judgement> {
        if validate(&Message::Request(request.clone())).is_err() {
            return Some(refuse(400, Reason::Malformed));
        }
        if request.uri().is_none_or(|uri| !matches!(uri.scheme, Scheme::Sip | Scheme::Tel)) {
            return Some(refuse(416, Reason::Scheme));
        }
        if request.max_forwards() == Some(0) {
            return Some(refuse(483, Reason::TooManyHops));
        }
        let own = request.vias().flatten().filter(|via| {
            self.routes.is_own_sent_by(via) && via.branch().and_then(sip::identifiers::shard_of_branch).is_some()
        });
        if own.count() > SPIRALS_MAX {
            return Some(refuse(482, Reason::Loop));
        }
        let required: Vec<&[u8]> = request.values(Name::ProxyRequire).collect();
        (!required.is_empty()).then(|| Judgement::Refuse {
            status: 420,
            reason: Reason::Extension,
            headers: vec![(Name::Unsupported, required.join(&b", "[..]))],
        })
    }

    /// A To-tag proves nothing; our signature in the Route does.
    pub fn within_dialog(&self, request: &Request, from_switch: bool, nodes: &Nodes) -> Result<Plan, Reason> {
        let path = self.routes.read(request);
        if path.own == 0 {
            return Err(if path.next.is_some() { Reason::ForeignRoute } else { Reason::NoDialog });
        }
        if !path.signed {
            return Err(Reason::ForgedRoute);
        }
        let target = match path.next {
            Some(route) => Target::of_route(route),
            None => request.uri().as_ref().and_then(Target::of),
        };
        let target = target.ok_or(Reason::Scheme)?;
        let to_switch = matches!(target, Target::Address(address, _) if nodes.contains(address));
        if !from_switch && !to_switch {
            return Err(Reason::ForeignTarget);
        }
        Ok(Plan::Within { target, routes: path.own, from_switch })
    }

    /// A call a switch sends out. Its address could be forged; its signature could not.
    fn dial(&self, now: Duration, request: &Request) -> Judgement {
        let verdict = Verdict::verify(&self.seal, request, now);
        let Some(verdict) = verdict.ok().filter(|verdict| verdict.direction == verdict::Direction::Outbound) else {
            return refuse(403, Reason::NoVerdict);
        };
        let path = self.routes.read(request);
        let target = match path.next {
            Some(route) => Target::of_route(route),
            None => request.uri().as_ref().and_then(Target::of),
        };
        match target {
            Some(target) => {
                let to_carrier = verdict.trunk.is_some();
                Judgement::Forward(Plan::Dial { target, routes: path.own, to_carrier })
            }
            None => refuse(416, Reason::Scheme),
        }
    }

    /// A call from outside.
    fn admit(&mut self, now: Duration, hop: &Destination, request: &Request) -> Judgement {
        // RFC 3261 §16.4 would follow it; for a stranger that is an open relay.
        if self.routes.read(request).next.is_some() {
            return refuse(403, Reason::ForeignRoute);
        }
        let trunks = Arc::clone(&self.trunks);
        let dialled = trunks.is_shared().then(|| request.uri()?.user_decoded()).flatten();
        let by_address = trunks.by_address(hop.remote.ip().to_canonical(), dialled.as_deref());
        match by_address {
            Some(trunk) if !trunk.enabled => refuse(403, Reason::TrunkDisabled),
            Some(trunk) if trunk.digest.is_none() => self.admitted(now, trunk),
            None if !trunks.has_roaming() => refuse(403, Reason::UnknownTrunk),
            _ => self.authenticate(now, request, &trunks, by_address, dialled.as_deref()),
        }
    }

    fn authenticate(
        &mut self,
        now: Duration,
        request: &Request,
        trunks: &TrunkTable,
        by_address: Option<&Trunk>,
        dialled: Option<&[u8]>,
    ) -> Judgement {
        let stored = |username: &[u8], algorithm| trunks.stored(username, dialled, algorithm);
        let check = self.authenticator.check(now, request, stored);
        match check {
            Check::Granted { username } => {
                // From a known address, the password of that trunk; from elsewhere, of one that may roam.
                let trunk = trunks.by_username(&username, dialled).filter(|trunk| match by_address {
                    Some(expected) => expected.id == trunk.id,
                    None => trunk.addresses.is_empty(),
                });
                match trunk {
                    Some(trunk) if trunk.enabled => self.admitted(now, trunk),
                    Some(_) => refuse(403, Reason::TrunkDisabled),
                    None => refuse(403, Reason::UnknownTrunk),
                }
            }
            Check::Challenge { stale } => self.challenge(now, stale, Reason::Challenged),
            Check::Replayed => self.challenge(now, true, Reason::ReplayedDigest),
            Check::Denied => refuse(403, Reason::WrongPassword),
            Check::Malformed => refuse(400, Reason::Malformed),
        }
    }

    fn challenge(&mut self, now: Duration, stale: bool, reason: Reason) -> Judgement {
        let status = self.authenticator.status();
        Judgement::Refuse { status, reason, headers: self.authenticator.challenge(now, stale) }
    }

    fn admitted(&self, now: Duration, trunk: &Trunk) -> Judgement {
        let attestation = match trunk.attestation {
            Attestation::A => verdict::Attestation::A,
            Attestation::B => verdict::Attestation::B,
            Attestation::C => verdict::Attestation::C,
            Attestation::None => verdict::Attestation::None,
        };
        Judgement::Forward(Plan::Admit {
            verdict: Verdict {
                direction: verdict::Direction::Inbound,
                trunk: Some(trunk.id.uuid()),
                tenant: trunk.tenant.uuid(),
                attestation,
                at: Duration::from_secs(now.as_secs()),
            },
        })
    }
}
