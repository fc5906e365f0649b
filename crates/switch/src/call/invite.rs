//! The INVITE of the callee's leg: who is said to call, and what is said to a carrier that wants to know.

use std::sync::Arc;

use bytes::Bytes;
use domain::{Attestation, LegFailure, Timestamp};
use sip::digest::{self, Challenge, Credentials};
use sip::message::{Method, Name, Request, RequestBuilder, Response};
use sip::verdict::{self, Verdict};

use super::callee::Target;
use super::{Call, Caller};
use crate::ask::Line;
use crate::core::{Core, Pending, Purpose};
use crate::routes::hop;
use crate::session;

/// Challenges met for one INVITE: the first, and two that say that the nonce was too old.
const CHALLENGES_MAX: u32 = 3;

/// What was said to a carrier that asked who calls.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    credentials: Credentials,
    /// What it asked for last.
    challenge: Challenge,
    /// How often its nonce has been used.
    count: u32,
    /// How often it has asked.
    asked: u32,
}

impl Proof {
    /// The request again, as the carrier wants it: the same nonce is counted on. `None` when it is not to be convinced.
    pub(crate) fn repeat(&mut self, request: &Request, response: &Response, cnonce: &str) -> Option<Request> {
        let challenge = digest::strongest(response)?;
        self.count = if challenge.nonce == self.challenge.nonce { self.count + 1 } else { 1 };
        self.challenge = challenge;
        digest::respond_to(&self.challenge, request, &self.credentials, cnonce, self.count).ok()
    }
}

/// Who is said to call.
#[derive(Debug)]
pub(super) struct Identity {
    /// User part; absent: withheld.
    user: Option<String>,
    name: String,
    is_asserted: bool,
    /// Numbers at a carrier are numbers: `user=phone` (RFC 3261 §19.1.6).
    is_phone: bool,
}

impl Identity {
    /// To a SIP address the caller as it came; to a number as the trunk says.
    pub(super) fn of(caller: &Caller, line: Option<&Line>) -> Self {
        let readable = |text: &str| -> String {
            let keeps =
                |character: &char| character.is_ascii_alphanumeric() || matches!(character, '+' | '-' | '.' | '_');
            text.chars().filter(keeps).collect()
        };
        let quotable = |character: &char| !character.is_control() && !matches!(character, '"' | '\\');
        let name: String = caller.name.iter().flat_map(|name| name.chars()).filter(quotable).collect();
        match line {
            None => {
                let user = Some(readable(&caller.from)).filter(|user| !user.is_empty());
                Self { user, name, is_asserted: false, is_phone: false }
            }
            Some(line) => {
                let user = line.caller_id.as_deref().map(readable).filter(|user| !user.is_empty());
                let name = if user.is_some() { name } else { String::new() };
                Self { user, name, is_asserted: line.asserts_identity, is_phone: true }
            }
        }
    }

    fn quoted_name(&self) -> String {
        if self.name.is_empty() { String::new() } else { format!("\"{}\" ", self.name) }
    }

    fn uri(&self, user: &str, core: &Core) -> String {
        let phone = if self.is_phone { ";user=phone" } else { "" };
        format!("<sip:{user}@{}{phone}>", core.config.advertised)
    }

    /// The From of the outbound leg.
    fn from(&self, core: &mut Core) -> String {
        let tag = core.transactions.identifiers().tag();
        match &self.user {
            Some(user) => format!("{}{};tag={tag}", self.quoted_name(), self.uri(user, core)),
            // RFC 3323 §4.1.
            None if self.is_phone => format!("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag={tag}"),
            None => format!("{}<sip:anonymous@{}>;tag={tag}", self.quoted_name(), core.config.advertised),
        }
    }

    fn write(&self, builder: RequestBuilder, core: &Core) -> RequestBuilder {
        match &self.user {
            Some(user) if self.is_asserted => {
                builder.header("P-Asserted-Identity", format!("{}{}", self.quoted_name(), self.uri(user, core)))
            }
            None if self.is_phone => builder.header("Privacy", "id"),
            _ => builder,
        }
    }
}

/// The INVITE.
pub(super) fn build(
    core: &mut Core,
    target: &Target,
    verdict: &Verdict,
    who: &Identity,
    sdp: Bytes,
) -> Option<Request> {
    let uri = target.line.as_ref().map_or(&target.destination, |line| &line.uri).as_bytes();
    let call_id = core.transactions.identifiers().call_id();
    let from = who.from(core);
    let builder = RequestBuilder::new(Method::Invite, uri)
        .header(Name::Route, hop::edge_route(&core.config))
        .header(Name::From, from)
        .header(Name::To, [b"<", uri, b">"].concat())
        .header(Name::CallId, &call_id)
        .cseq(1, Method::Invite)
        .header(verdict::HEADER, verdict.sign(&core.config.seal, call_id.as_bytes(), 1))
        .header(Name::Contact, core.contact())
        .header(Name::Allow, crate::core::ALLOW);
    who.write(builder, core).body(session::SDP, sdp).build().ok()
}

/// Credentials of a request of ours, for one that belongs to it: the ACK of a 2xx carries those of its INVITE (RFC 3261 §22.1).
pub(crate) fn credentials_of(request: &Request) -> impl Iterator<Item = (Name, &[u8])> {
    [Name::Authorization, Name::ProxyAuthorization]
        .into_iter()
        .flat_map(|name| request.headers(name).map(move |value| (name, value)))
}

impl Call {
    /// What the edge wants to see before it lets a call out.
    pub(super) fn outbound_verdict(&self, now: Timestamp) -> Verdict {
        let line = self.callee.as_ref().and_then(|callee| callee.target.line.as_ref());
        Verdict {
            direction: verdict::Direction::Outbound,
            trunk: line.map(|line| line.trunk.uuid()),
            tenant: self.tenant.uuid(),
            attestation: match self.caller.attestation {
                Attestation::A => verdict::Attestation::A,
                Attestation::B => verdict::Attestation::B,
                Attestation::C => verdict::Attestation::C,
                Attestation::None => verdict::Attestation::None,
            },
            at: now.since_epoch(),
        }
    }

    /// The carrier wants a user name and password: the INVITE goes again with the trunk's.
    pub(super) fn on_challenge(&mut self, core: &mut Core, now: Timestamp, response: &Response) {
        let verdict = self.outbound_verdict(now);
        let call = self.id;
        let Some(callee) = self.callee.as_mut().filter(|callee| !callee.is_answered()) else { return };
        let sent = callee.prove(core, now, response, &verdict, call);
        if !sent {
            self.fail_callee(core, now, LegFailure::Unauthorized, Some(response.status()));
        }
    }
}

impl super::Callee {
    /// False when the carrier is not to be convinced: the trunk has no password, or a wrong one.
    fn prove(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        response: &Response,
        verdict: &Verdict,
        call: domain::CallId,
    ) -> bool {
        let Some(challenge) = digest::strongest(response) else { return false };
        let credentials = self.target.line.as_ref().and_then(|line| line.credentials.as_ref());
        let (Some(credentials), Some(invite)) = (credentials, &self.invite) else { return false };
        let mut proof = match self.proof.take() {
            None => Proof { credentials: credentials.clone(), challenge, count: 0, asked: 0 },
            // Asked the same again without being told that the nonce was old: the password is wrong.
            Some(proof) => {
                let known = &proof.challenge;
                let is_same = (&known.realm, known.proxy) == (&challenge.realm, challenge.proxy);
                let is_wrong = proof.asked >= CHALLENGES_MAX || (is_same && !challenge.stale);
                self.proof = Some(proof.clone());
                if is_wrong {
                    return false;
                }
                proof
            }
        };
        let cnonce = core.transactions.identifiers().tag();
        let Some(again) = proof.repeat(invite, response, &cnonce) else { return false };
        proof.asked += 1;
        // The verdict holds for one CSeq only.
        let cseq = again.cseq().map_or(0, |cseq| cseq.number);
        let signed = verdict.sign(&core.config.seal, again.call_id(), cseq);
        let Ok(again) = again.edit().set(verdict::HEADER, signed).finish_request() else { return false };
        let again = Arc::new(again);
        let purpose = Purpose::Invite { leg: self.media, request: Arc::clone(&again) };
        let to = hop::to_edge(&core.config);
        let Some(client) = core.send(now, &again, to, Pending { call, purpose }) else { return false };
        self.client = Some(client);
        self.invite = Some(again);
        self.proof = Some(proof);
        true
    }
}
