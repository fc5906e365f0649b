//! The other leg: an INVITE of ours, its answers, and its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{
    AgentId, BuyerId, EndpointId, LeaseId, LegFailure, LegId, LegRole, Party, SaleTerms, Timestamp, TrunkId, What,
};
use media::{LegKey, MediaCommand, PromptKey};
use sip::dialog::{Dialog, Forks};
use sip::message::{Request, Response};
use sip::transaction::{ClientKey, ServerKey};

use super::Call;
use super::invite::{self, Identity, Proof};
use crate::ask::Line;
use crate::core::{Core, Pending, Purpose};
use crate::routes::hop;
use crate::session::{self, Negotiation};
use crate::timers::TimerKind;

/// How far the callee's leg has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CalleePhase {
    /// Its media port is being opened.
    Opening,
    /// INVITE sent.
    Inviting,
    /// It rings.
    Ringing,
    /// It rings and is heard.
    EarlyMedia,
    /// It answered and hears the whisper; its digit decides.
    Whispering,
    /// It answered; the caller's answer is being made durable.
    Answered,
    /// Both hear each other.
    Bridged,
}

/// Who is dialled, and for what.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub role: LegRole,
    pub destination: String,
    /// How the destination is reached, where it is a telephone number.
    pub line: Option<Line>,
    pub buyer: Option<BuyerId>,
    pub endpoint: Option<EndpointId>,
    pub lease: Option<LeaseId>,
    pub terms: Option<SaleTerms>,
    pub ring_max: Option<Duration>,
    pub connected_max: Option<Duration>,
    /// What the callee hears before it is connected, and has to accept.
    pub whisper: Option<Arc<flow::WhisperTerms>>,
    /// Which agent, where it is one.
    pub agent: Option<AgentId>,
}

/// The callee's side.
#[derive(Debug)]
pub(crate) struct Callee {
    pub id: LegId,
    pub target: Target,
    pub media: LegKey,
    pub phase: CalleePhase,
    pub client: Option<ClientKey>,
    pub dialog: Option<Dialog>,
    pub address: Option<SocketAddr>,
    pub negotiation: Negotiation,
    pub on_hold: bool,
    /// A re-INVITE we answered 2xx and that waits for its ACK.
    pub reinvite: Option<ServerKey>,
    bridged_at: Option<Timestamp>,
    /// Until it is answered.
    pub(super) invite: Option<Arc<Request>>,
    /// Call-ID and our tag, once the INVITE left.
    dialog_key: Option<(Bytes, Bytes)>,
    forks: Forks,
    /// What was said to a carrier that asked who calls.
    pub(super) proof: Option<Proof>,
    pub(super) whisper_prompt: Option<PromptKey>,
}

impl Callee {
    pub(super) fn is_bridged(&self) -> bool {
        self.phase == CalleePhase::Bridged
    }

    /// Whether caller and callee hear each other, before an answer or after it.
    pub(super) fn is_connected(&self) -> bool {
        matches!(self.phase, CalleePhase::EarlyMedia | CalleePhase::Bridged)
    }

    /// Whether the INVITE has been answered with a 2xx.
    pub(super) fn is_answered(&self) -> bool {
        matches!(self.phase, CalleePhase::Whispering | CalleePhase::Answered | CalleePhase::Bridged)
    }

    /// What a refusal says about the callee.
    fn failure_of(&self, status: u16) -> LegFailure {
        match status {
            // Nothing rang: the carrier, or the edge in its place, says that nobody is there.
            408 if self.target.line.is_some() && self.phase == CalleePhase::Inviting => LegFailure::Unavailable,
            403 if self.proof.is_some() => LegFailure::Unauthorized,
            486 | 600 => LegFailure::Busy,
            408 | 480 | 487 => LegFailure::NoAnswer,
            404 | 410 | 484 | 604 => LegFailure::NotFound,
            415 | 488 | 606 => LegFailure::Media,
            500..=599 => LegFailure::Unavailable,
            _ => LegFailure::Rejected,
        }
    }

    /// The trunk whose carrier did not take the call, so that the number is worth another trunk.
    fn lost_line(&self, failure: LegFailure) -> Option<TrunkId> {
        let is_lost = matches!(failure, LegFailure::Unavailable | LegFailure::Unauthorized) && !self.is_answered();
        self.target.line.as_ref().filter(|_| is_lost).map(|line| line.trunk)
    }
}

impl Call {
    /// Dials. The INVITE leaves when the media port is open.
    pub(super) fn dial(&mut self, core: &mut Core, now: Timestamp, target: Target) {
        let id: LegId = core.ids.next(now);
        let media = LegKey(core.next_key());
        let negotiation = Negotiation::for_callee(core.seed.next_u64() >> 1, self.caller.negotiation.codec());
        self.log(
            core,
            now,
            What::LegStarted {
                leg: id,
                role: target.role,
                destination: target.destination.clone(),
                buyer: target.buyer,
                endpoint: target.endpoint,
                lease: target.lease,
                terms: target.terms,
                trunk: target.line.as_ref().map(|line| line.trunk),
                agent: target.agent,
            },
        );
        let event = negotiation.receive_event();
        self.callee = Some(Callee {
            id,
            target,
            media,
            phase: CalleePhase::Opening,
            client: None,
            dialog: None,
            address: None,
            negotiation,
            on_hold: false,
            reinvite: None,
            bridged_at: None,
            invite: None,
            dialog_key: None,
            forks: Forks::default(),
            proof: None,
            whisper_prompt: None,
        });
        self.open_media(core, media, event);
    }

    /// The port is open: the INVITE leaves.
    pub(super) fn invite_callee(&mut self, core: &mut Core, now: Timestamp, address: SocketAddr) {
        let call = self.id;
        let verdict = self.outbound_verdict(now);
        let Some(callee) = self.callee.as_mut() else { return };
        callee.address = Some(address);
        let who = Identity::of(&self.caller, callee.target.line.as_ref());
        let invite = callee
            .negotiation
            .describe(address)
            .and_then(|(sdp, _)| invite::build(core, &callee.target, &verdict, &who, sdp));
        let Some(invite) = invite.map(Arc::new) else {
            self.fail_callee(core, now, LegFailure::NotFound, None);
            return;
        };
        let to = hop::to_edge(&core.config);
        let pending = Pending { call, purpose: Purpose::Invite { leg: callee.media, request: invite.clone() } };
        let Some(client) = core.send(now, &invite, to, pending) else {
            self.fail_callee(core, now, LegFailure::Unavailable, None);
            return;
        };
        callee.client = Some(client);
        callee.phase = CalleePhase::Inviting;
        let tag = Bytes::copy_from_slice(invite.from_tag().unwrap_or_default());
        let dialog_key = (Bytes::copy_from_slice(invite.call_id()), tag);
        core.routes.dialogs.insert(dialog_key.clone(), call);
        callee.dialog_key = Some(dialog_key);
        callee.invite = Some(invite);
        let ring_max = callee.target.ring_max.unwrap_or(core.config.ring_max);
        self.start_timer(core, now, TimerKind::Ring, ring_max);
    }

    /// A response to our INVITE.
    pub(crate) fn on_invite_response(&mut self, core: &mut Core, now: Timestamp, response: &Response) {
        let status = response.status();
        if self.ended {
            return;
        }
        match status {
            100 => {}
            101..=199 => self.on_progress(core, now, response),
            200..=299 => self.on_callee_answer(core, now, response),
            401 | 407 => self.on_challenge(core, now, response),
            _ => {
                let failure = self.callee.as_ref().map_or(LegFailure::Rejected, |callee| callee.failure_of(status));
                self.fail_callee(core, now, failure, Some(status));
            }
        }
    }

    fn on_progress(&mut self, core: &mut Core, now: Timestamp, response: &Response) {
        let Some(callee) = self.callee.as_mut() else { return };
        if callee.is_answered() {
            return;
        }
        if let Some(invite) = &callee.invite {
            // An early dialog that cannot be made is no reason to hang up: the answer decides.
            let _ = callee.forks.receive(invite, response);
        }
        let early =
            if response.has_body_of(session::SDP) { callee.negotiation.accept_early(response.body()) } else { None };
        let (leg, media, first) = (callee.id, callee.media, callee.phase == CalleePhase::Inviting);
        let heard = match early {
            Some(remote) if callee.phase != CalleePhase::EarlyMedia => {
                self.configure(core, media, remote);
                self.let_caller_hear(core, now, media)
            }
            _ => false,
        };
        let Some(callee) = self.callee.as_mut() else { return };
        if heard {
            callee.phase = CalleePhase::EarlyMedia;
        } else if first {
            callee.phase = CalleePhase::Ringing;
        }
        if first || heard {
            self.log(core, now, What::LegRinging { leg, early_media: heard });
        }
        if first && !heard {
            self.ring_caller(core, now);
        }
    }

    /// Early media towards the caller. False when the caller cannot hear it yet.
    fn let_caller_hear(&mut self, core: &mut Core, now: Timestamp, media: LegKey) -> bool {
        let can_hear = self.caller.is_answered() || self.early_media_to_caller(core, now);
        if can_hear {
            core.media(MediaCommand::StopPlay { leg: self.caller.media });
            core.media(MediaCommand::Connect { a: self.caller.media, b: media });
        }
        can_hear
    }

    fn on_callee_answer(&mut self, core: &mut Core, now: Timestamp, response: &Response) {
        let Some(callee) = self.callee.as_mut().filter(|callee| !callee.is_answered()) else { return };
        let Some((invite, client)) = callee.invite.take().zip(callee.client) else { return };
        let remote = callee.negotiation.accept(response.body());
        let dialog = match callee.forks.receive(&invite, response) {
            Ok(Some(_)) => callee.forks.take(response.to_tag().unwrap_or_default()),
            _ => None,
        };
        self.stop_timer(core, TimerKind::Ring);
        let (Some(dialog), Some(callee)) = (dialog, self.callee.as_mut()) else {
            self.fail_callee(core, now, LegFailure::Unavailable, Some(response.status()));
            return;
        };
        hop::acknowledge(core, &invite, &dialog, client);
        callee.dialog = Some(dialog);
        callee.forks = Forks::default();
        let (leg, media) = (callee.id, callee.media);
        let Some(remote) = remote else {
            self.bye_callee(core, now);
            self.fail_callee(core, now, LegFailure::Media, Some(response.status()));
            return;
        };
        self.configure(core, media, remote);
        self.log(core, now, What::LegAnswered { leg });
        if self.callee.as_ref().is_some_and(|callee| callee.target.role == LegRole::Consumer) {
            return self.on_consumer_answered(core, now);
        }
        let whisper = self.callee.as_ref().and_then(|callee| callee.target.whisper.clone());
        match whisper {
            Some(whisper) => self.start_whisper(core, now, &whisper),
            None => self.connect_callee(core, now),
        }
    }

    /// The callee is to be heard: at once by an answered caller, else as soon as the caller's answer is out.
    pub(super) fn connect_callee(&mut self, core: &mut Core, now: Timestamp) {
        if let Some(callee) = self.callee.as_mut() {
            callee.phase = CalleePhase::Answered;
        }
        if self.caller.is_answered() {
            self.bridge_if_ready(core, now);
        } else {
            self.answer_caller(core, now);
        }
    }

    pub(super) fn bridge_if_ready(&mut self, core: &mut Core, now: Timestamp) {
        let Some(callee) = self.callee.as_mut().filter(|callee| callee.phase == CalleePhase::Answered) else { return };
        callee.phase = CalleePhase::Bridged;
        callee.bridged_at = Some(now);
        let (leg, media, connected_max) = (callee.id, callee.media, callee.target.connected_max);
        let role = callee.target.role;
        let callee_holds = callee.on_hold;
        // First in the log, then heard: no digit passes before it is said that the two hear each other.
        self.log(core, now, What::Bridged { leg });
        core.media(MediaCommand::StopPlay { leg: self.caller.media });
        core.media(MediaCommand::Connect { a: self.caller.media, b: media });
        if self.caller.on_hold {
            self.play_loop(core, media, core.config.hold_music.clone());
        }
        if callee_holds {
            self.play_loop(core, self.caller.media, core.config.hold_music.clone());
        }
        if let Some(connected_max) = connected_max {
            self.start_timer(core, now, TimerKind::SaleMax, connected_max);
        }
        if role == LegRole::Agent {
            self.on_agent_connected(core, now);
        } else {
            self.resume(core, now, flow::FlowEvent::OfferConnected);
        }
    }

    /// It rang long enough.
    pub(super) fn on_ring_timeout(&mut self, core: &mut Core, now: Timestamp) {
        if self.callee.as_ref().is_some_and(|callee| !callee.is_answered()) {
            self.cancel_callee(core, now);
            self.fail_callee(core, now, LegFailure::NoAnswer, None);
        }
    }

    fn cancel_callee(&mut self, core: &mut Core, now: Timestamp) {
        if let Some(client) = self.callee.as_ref().and_then(|callee| callee.client) {
            core.transactions.cancel(now.since_epoch(), client);
        }
    }

    pub(super) fn bye_callee(&mut self, core: &mut Core, now: Timestamp) {
        let call = self.id;
        if let Some(callee) = self.callee.as_mut()
            && let Some(dialog) = callee.dialog.as_mut()
        {
            hop::bye(core, now, call, dialog, callee.proof.as_ref());
        }
    }

    /// No response at all, or no way to send.
    pub(crate) fn on_invite_failed(&mut self, core: &mut Core, now: Timestamp) {
        if self.callee.as_ref().is_some_and(|callee| !callee.is_answered()) {
            self.fail_callee(core, now, LegFailure::Unavailable, None);
        }
    }

    /// The leg did not connect: log it, and let whoever wanted it go on.
    pub(super) fn fail_callee(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        failure: LegFailure,
        sip_status: Option<u16>,
    ) {
        let Some(callee) = self.drop_callee(core) else { return };
        self.log(core, now, What::LegFailed { leg: callee.id, failure, sip_status });
        let lost_line = callee.lost_line(failure);
        match callee.target.role {
            LegRole::Buyer => self.on_offer_failed(core, now, failure, lost_line),
            LegRole::Agent => self.on_agent_failed(core, now),
            LegRole::Consumer => self.on_consumer_failed(core, now, failure, sip_status, lost_line),
        }
    }

    /// The callee hung up.
    pub(super) fn on_callee_bye(&mut self, core: &mut Core, now: Timestamp) {
        self.finish_callee(core, now, Party::Callee);
    }

    /// We hang the callee up; the caller stays.
    pub(super) fn hang_up_callee(&mut self, core: &mut Core, now: Timestamp, by: Party) {
        self.bye_callee(core, now);
        self.finish_callee(core, now, by);
    }

    fn finish_callee(&mut self, core: &mut Core, now: Timestamp, by: Party) {
        let Some(callee) = self.drop_callee(core) else { return };
        if !callee.is_bridged() {
            // It answered and left before the caller was connected.
            self.log(core, now, What::LegFailed { leg: callee.id, failure: LegFailure::Unavailable, sip_status: None });
            match callee.target.role {
                LegRole::Buyer => self.on_offer_failed(core, now, LegFailure::Unavailable, None),
                LegRole::Agent => self.on_agent_failed(core, now),
                // Who was called is the caller from their answer on.
                LegRole::Consumer => {}
            }
            return;
        }
        self.log(core, now, What::LegEnded { leg: callee.id, by });
        self.last_bridge = Some((now, by));
        let connected = callee.bridged_at.map(|since| now.since(since)).unwrap_or_default();
        let connected_ms = u64::try_from(connected.as_millis()).unwrap_or(u64::MAX);
        let event = match callee.target.role {
            LegRole::Buyer => flow::FlowEvent::BridgeEnded { by, connected_ms },
            LegRole::Agent => flow::FlowEvent::QueueEnded { by, connected_ms },
            LegRole::Consumer => return,
        };
        self.offering = None;
        self.queueing = None;
        self.resume(core, now, event);
    }

    /// The call is over: so is the leg.
    pub(super) fn end_callee(&mut self, core: &mut Core, now: Timestamp, by: Party) {
        let Some(callee) = &self.callee else { return };
        if callee.is_answered() {
            self.bye_callee(core, now);
        } else {
            self.cancel_callee(core, now);
        }
        let Some(callee) = self.drop_callee(core) else { return };
        let what = if callee.is_bridged() {
            What::LegEnded { leg: callee.id, by }
        } else {
            What::LegFailed { leg: callee.id, failure: LegFailure::Cancelled, sip_status: None }
        };
        self.log(core, now, what);
    }

    /// Parts with the leg: its media and its dialog.
    fn drop_callee(&mut self, core: &mut Core) -> Option<Callee> {
        let callee = self.callee.take()?;
        self.stop_timer(core, TimerKind::Ring);
        self.stop_timer(core, TimerKind::SaleMax);
        self.stop_timer(core, TimerKind::Whisper);
        self.closing_legs.push((callee.media, callee.id));
        core.media(MediaCommand::StopPlay { leg: self.caller.media });
        core.media(MediaCommand::Disconnect { leg: callee.media });
        if callee.phase != CalleePhase::Opening {
            self.close_media(core, callee.media);
        }
        if let Some(dialog) = &callee.dialog_key {
            core.routes.dialogs.remove(dialog);
        }
        if let Some(reinvite) = callee.reinvite {
            core.routes.servers.remove(&reinvite);
        }
        Some(callee)
    }

    /// The leg a closed media leg belonged to.
    pub(super) fn closing_leg(&mut self, media: LegKey) -> Option<LegId> {
        let position = self.closing_legs.iter().position(|(key, _)| *key == media)?;
        Some(self.closing_legs.swap_remove(position).1)
    }
}
