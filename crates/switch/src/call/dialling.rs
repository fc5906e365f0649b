//! Calls the platform places: somebody is called over one trunk after another, and whoever answers is the call's caller.

use domain::{ComplianceVerdict, EndCause, LegFailure, LegRole, OutboundCall, Party, Timestamp, TrunkId, What};

use super::asking::AskFor;
use super::callee::Target;
use super::caller::CallerPhase;
use super::{Call, Caller};
use crate::ask::{Ask, FindCampaign, FlowFound, Line, LineSearch, NoLine, Token};
use crate::core::Core;
use crate::timers::TimerKind;

/// A call being placed, and how it went so far.
#[derive(Debug)]
pub(crate) struct Dialling {
    order: OutboundCall,
    /// `call.started` is being made durable; nobody is called before.
    starting: Option<Token>,
    /// Trunks whose carrier did not take the call.
    tried: Vec<TrunkId>,
    /// What the last carrier answered.
    sip_status: Option<u16>,
    /// Compliance has been asked, and its word is in the log.
    screened: bool,
}

impl Dialling {
    pub(super) fn new(order: OutboundCall) -> Self {
        Self { order, starting: None, tried: Vec::new(), sip_status: None, screened: false }
    }
}

/// Why the call ends, where the last try failed so.
fn cause_of(failure: LegFailure) -> EndCause {
    match failure {
        LegFailure::Busy => EndCause::Busy,
        LegFailure::NoAnswer => EndCause::NoAnswer,
        LegFailure::Rejected | LegFailure::Declined => EndCause::Rejected,
        LegFailure::NotFound => EndCause::UnknownNumber,
        LegFailure::Unavailable => EndCause::Congestion,
        LegFailure::Cancelled => EndCause::Cancelled,
        LegFailure::Media => EndCause::Media,
        LegFailure::Unauthorized => EndCause::Error,
    }
}

impl Call {
    /// Whether the platform calls.
    pub(crate) fn is_outbound(&self) -> bool {
        self.dialling.is_some()
    }

    /// The platform calls: first of all, what will whoever answers hear?
    pub(crate) fn place(&mut self, core: &mut Core, now: Timestamp) {
        let Some(dialling) = &self.dialling else { return };
        let order = &dialling.order;
        let ask = Ask::FindCampaign(FindCampaign {
            tenant: order.tenant,
            campaign: order.campaign,
            number: order.number,
            from: order.from.to_string(),
        });
        self.ask(core, now, AskFor::Flow, ask);
    }

    /// What was ordered, where the platform calls.
    pub(super) fn order(&self) -> Option<&OutboundCall> {
        self.dialling.as_ref().map(|dialling| &dialling.order)
    }

    /// What the last carrier answered, where the platform calls.
    pub(super) fn last_sip_status(&self) -> Option<u16> {
        self.dialling.as_ref().and_then(|dialling| dialling.sip_status)
    }

    /// The first event of a call of ours. Nobody is called before it is durable, so that no crash leaves a call nobody knows of.
    pub(super) fn log_start_of_ours(&mut self, core: &mut Core, now: Timestamp, found: &FlowFound) {
        let started = self.started(core, Some(found));
        let token = self.log_durably(core, now, started);
        let Some(dialling) = self.dialling.as_mut() else { return };
        dialling.starting = Some(token);
        let tags = dialling.order.tags.clone();
        if !tags.is_empty() {
            self.tags.extend(tags.clone());
            self.log(core, now, What::Tagged { tags });
        }
        self.start_timer(core, now, TimerKind::Persist, core.config.ask_max);
    }

    /// What waits for a durable `call.started`.
    pub(super) fn starting(&self) -> Option<Token> {
        self.dialling.as_ref().and_then(|dialling| dialling.starting)
    }

    pub(super) fn on_start_persisted(&mut self, core: &mut Core, now: Timestamp, durable: bool) {
        if let Some(dialling) = self.dialling.as_mut() {
            dialling.starting = None;
        }
        self.stop_timer(core, TimerKind::Persist);
        if durable {
            self.ask_next_line(core, now);
        } else {
            self.end(core, now, EndCause::Error, Party::Platform);
        }
    }

    fn ask_next_line(&mut self, core: &mut Core, now: Timestamp) {
        let Some(dialling) = &self.dialling else { return };
        let order = &dialling.order;
        let search = LineSearch {
            call: self.id,
            tenant: self.tenant,
            campaign: order.campaign,
            to: order.to.clone(),
            from: order.from.to_string(),
            consent_token: order.consent_token().map(str::to_owned),
            tried: dialling.tried.clone(),
            rings: core.config.ring_max,
            now,
        };
        self.ask(core, now, AskFor::Line, Ask::NextLine(Box::new(search)));
    }

    /// A trunk has room, and compliance no objection.
    pub(super) fn on_line(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        line: Line,
        lease: domain::LeaseId,
        verdict: Option<Box<ComplianceVerdict>>,
    ) {
        self.log_verdict(core, now, verdict);
        let Some(dialling) = &self.dialling else { return };
        let target = Target {
            role: LegRole::Consumer,
            destination: dialling.order.to.to_string(),
            line: Some(line),
            buyer: None,
            endpoint: None,
            lease: Some(lease),
            terms: None,
            ring_max: None,
            connected_max: None,
            whisper: None,
            agent: None,
        };
        self.dial(core, now, target);
    }

    /// Nobody is called (any more).
    pub(super) fn on_no_line(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        why: NoLine,
        verdict: Option<Box<ComplianceVerdict>>,
    ) {
        self.log_verdict(core, now, verdict);
        let cause = match why {
            NoLine::Forbidden => EndCause::Compliance,
            NoLine::NoTrunk => EndCause::Congestion,
        };
        self.end(core, now, cause, Party::Platform);
    }

    /// Evidence, once for the call: a second trunk is the same call to the same number.
    fn log_verdict(&mut self, core: &mut Core, now: Timestamp, verdict: Option<Box<ComplianceVerdict>>) {
        let Some(verdict) = verdict else { return };
        let known = self.dialling.as_mut().is_some_and(|dialling| std::mem::replace(&mut dialling.screened, true));
        match (verdict.allowed, known) {
            (true, true) => {}
            (true, false) => self.log(core, now, What::ComplianceCleared { verdict }),
            (false, _) => self.log(core, now, What::ComplianceBlocked { verdict }),
        }
    }

    /// A try failed: the next trunk where this one's carrier did not take the call, else what the called party said stands.
    pub(super) fn on_consumer_failed(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        failure: LegFailure,
        sip_status: Option<u16>,
        lost_line: Option<TrunkId>,
    ) {
        if self.ended {
            return;
        }
        let attempts_max = core.config.attempts_max;
        let Some(dialling) = self.dialling.as_mut() else { return };
        dialling.sip_status = sip_status;
        if let Some(trunk) = lost_line {
            dialling.tried.push(trunk);
            if dialling.tried.len() < attempts_max {
                return self.ask_next_line(core, now);
            }
        }
        let by = if failure == LegFailure::Unavailable { Party::Platform } else { Party::Caller };
        self.end(core, now, cause_of(failure), by);
    }

    /// Who was called answered, and is the call's caller from now on. The flow begins once that is durable.
    pub(super) fn on_consumer_answered(&mut self, core: &mut Core, now: Timestamp) {
        let Some(callee) = self.callee.take() else { return };
        self.caller.take_over(callee);
        let token = self.log_durably(core, now, What::Answered);
        self.caller.phase = CallerPhase::Answering(token);
        self.start_timer(core, now, TimerKind::Persist, core.config.ask_max);
    }

    /// The answer is durable, or cannot be made so: then nothing of it may go unbilled, and it ends at once.
    pub(super) fn on_consumer_persisted(&mut self, core: &mut Core, now: Timestamp, durable: bool) {
        self.caller.phase = CallerPhase::Answered;
        if !durable {
            self.end(core, now, EndCause::Error, Party::Platform);
            return;
        }
        self.start_wanted_recording(core, now);
        match self.found.as_ref().and_then(|found| found.intro.clone()) {
            // Its end starts the flow.
            Some(intro) => self.play_prompt(core, now, intro),
            None => self.start_flow_if_ready(core, now),
        }
    }
}

impl Caller {
    /// Who is called, before anybody answered.
    pub(crate) fn to_be_called(order: &OutboundCall, media: media::LegKey) -> Self {
        Self {
            key: None,
            invite: None,
            // There is no answer of ours to acknowledge.
            acknowledged: true,
            owes_bye: false,
            reinvite: None,
            media,
            phase: CallerPhase::Dialling,
            dialog: None,
            leg: None,
            proof: None,
            tag: String::new(),
            trunk: None,
            // The number shown is the tenant's own, and who answers was reached by theirs.
            attestation: domain::Attestation::A,
            claim: None,
            dialled: order.from.to_string(),
            from: order.to.to_string(),
            name: None,
            address: None,
            negotiation: crate::session::Negotiation::for_callee(0, None),
            sdp: None,
            on_hold: false,
        }
    }

    /// The leg that answered is the caller's from now on.
    fn take_over(&mut self, callee: super::Callee) {
        self.leg = Some(callee.id);
        self.media = callee.media;
        self.dialog = callee.dialog;
        self.trunk = callee.target.line.map(|line| line.trunk);
        self.address = callee.address;
        self.negotiation = callee.negotiation;
        self.proof = callee.proof;
        self.on_hold = callee.on_hold;
        self.reinvite = callee.reinvite;
    }
}
