//! One call: the caller's leg, at most one other leg at a time, the flow that says what happens, and what is recorded.
//!
//! A call never waits: it notes what it waits for and goes on when that comes as input.

mod asking;
mod callee;
mod caller;
mod dialling;
mod ending;
mod flow_driver;
mod invite;
mod media_driver;
mod offering;
mod queueing;
mod recording;
mod whispering;

use std::collections::{BTreeMap, VecDeque};

use domain::{CallEvent, CallId, EndCause, LegId, Party, TenantId, Timestamp, What};
use media::{LegKey, PromptKey};
use sip::transaction::{ClientKey, ServerKey};

use crate::ask::{FlowFound, Token};
use crate::core::{Core, Samples};
use crate::timers::{CallTimers, TimerKind};

pub(crate) use callee::Callee;
pub(crate) use caller::{Caller, CallerPhase};
pub(crate) use invite::{Proof, credentials_of};

use asking::AskFor;
use dialling::Dialling;
use offering::Offering;
use queueing::Queueing;
use recording::{OpenRecording, WantedRecording};

/// A call, from its INVITE to the moment nothing of it is left to come.
#[derive(Debug)]
pub(crate) struct Call {
    pub id: CallId,
    pub tenant: TenantId,
    pub caller: Caller,
    pub callee: Option<Callee>,
    pub timers: CallTimers,
    /// Where the platform calls.
    dialling: Option<Box<Dialling>>,
    sequence: u32,
    found: Option<Box<FlowFound>>,
    run: Option<flow::Run>,
    /// Instructions of the flow that are not carried out yet: the first needs an answered caller.
    instructions: VecDeque<flow::Instruction>,
    asks: Vec<(u32, AskFor)>,
    next_ask: u32,
    playing: Option<Playing>,
    /// The beep the caller hears at present: a prompt waits for its end.
    beeping: Option<PromptKey>,
    /// What kind of node the flow is in, as in the document.
    node_kind: &'static str,
    offering: Option<Offering>,
    queueing: Option<Queueing>,
    /// To begin with the caller's answer.
    recording_wanted: Option<WantedRecording>,
    /// Recordings whose file is not finished: at most one of them runs.
    recordings: Vec<OpenRecording>,
    tags: BTreeMap<String, serde_json::Value>,
    /// When the last bridge ended, and who ended it.
    last_bridge: Option<(Timestamp, Party)>,
    /// Media legs that are being closed, and whose they were.
    closing_legs: Vec<(LegKey, LegId)>,
    /// Media legs that are not closed, or not refused yet.
    media_open: Vec<LegKey>,
    ended: bool,
}

/// A prompt of the flow.
#[derive(Debug)]
struct Playing {
    key: PromptKey,
    text: std::sync::Arc<str>,
    /// Still being loaded: nothing is heard yet.
    loading: bool,
    /// Loaded, and heard once the beep is over.
    ready: Option<Samples>,
}

impl Call {
    pub(crate) fn new(id: CallId, tenant: TenantId, caller: Caller) -> Self {
        Self {
            id,
            tenant,
            caller,
            callee: None,
            timers: CallTimers::default(),
            dialling: None,
            sequence: 0,
            found: None,
            run: None,
            instructions: VecDeque::new(),
            asks: Vec::new(),
            next_ask: 0,
            playing: None,
            beeping: None,
            node_kind: "",
            offering: None,
            queueing: None,
            recording_wanted: None,
            recordings: Vec::new(),
            tags: BTreeMap::new(),
            last_bridge: None,
            closing_legs: Vec::new(),
            media_open: Vec::new(),
            ended: false,
        }
    }

    /// A call the platform places.
    pub(crate) fn to_place(order: domain::OutboundCall, caller: Caller) -> Self {
        let call = Self::new(order.call, order.tenant, caller);
        Self { dialling: Some(Box::new(Dialling::new(order))), ..call }
    }

    /// Appends to the call's log.
    fn log(&mut self, core: &mut Core, now: Timestamp, what: What) {
        self.append(core, now, what, None);
    }

    /// Appends to the call's log; [`crate::Input::Persisted`] tells when this and all before are durable.
    fn log_durably(&mut self, core: &mut Core, now: Timestamp, what: What) -> Token {
        let token = self.token();
        self.append(core, now, what, Some(token));
        token
    }

    fn append(&mut self, core: &mut Core, now: Timestamp, what: What, durable: Option<Token>) {
        let event = CallEvent { tenant: self.tenant, call: self.id, sequence: self.sequence, at: now, what };
        self.sequence += 1;
        core.event(event, durable);
    }

    fn token(&mut self) -> Token {
        self.next_ask += 1;
        Token { call: self.id, number: self.next_ask }
    }

    fn start_timer(&mut self, core: &mut Core, now: Timestamp, kind: TimerKind, after: std::time::Duration) {
        core.timers.start(&mut self.timers, self.id, kind, now.after(after));
    }

    fn stop_timer(&mut self, core: &mut Core, kind: TimerKind) {
        core.timers.stop(&mut self.timers, self.id, kind);
    }

    /// A timer of ours fired.
    pub(crate) fn on_timer(&mut self, core: &mut Core, now: Timestamp, kind: TimerKind) {
        match kind {
            TimerKind::Linger => self.give_up_waiting(core, now),
            _ if self.ended => {}
            TimerKind::CallMax => self.end(core, now, EndCause::MaxDuration, Party::Platform),
            TimerKind::SaleMax => self.hang_up_callee(core, now, Party::Platform),
            TimerKind::Ring => self.on_ring_timeout(core, now),
            TimerKind::Flow => self.on_flow_timer(core, now),
            TimerKind::Whisper => self.on_whisper_end(core, now, false),
            TimerKind::Ask => self.on_ask_timeout(core, now),
            TimerKind::Persist => self.on_persist_timeout(core, now),
            TimerKind::Agent => self.ask_for_agent(core, now),
        }
    }

    /// Whether nothing of the call is left to come, so that it can be forgotten.
    pub(crate) fn is_done(&self) -> bool {
        let media = self.media_open.is_empty() && self.recordings.is_empty();
        self.ended && media && self.asks.is_empty() && !self.caller.owes_bye
    }

    /// Whether this INVITE of ours is the one of the present callee.
    pub(crate) fn expects(&self, leg: LegKey, client: ClientKey) -> bool {
        !self.ended && self.callee.as_ref().is_some_and(|callee| callee.media == leg && callee.client == Some(client))
    }

    /// Which of the two sides has this media leg.
    fn side_of(&self, leg: LegKey) -> Option<Party> {
        if self.caller.media == leg {
            Some(Party::Caller)
        } else if self.callee.as_ref().is_some_and(|callee| callee.media == leg) {
            Some(Party::Callee)
        } else {
            None
        }
    }

    /// A peer never acknowledged our 2xx (RFC 3261 §13.3.1.4, §14.2): the caller's first, or one to a re-INVITE.
    pub(crate) fn on_ack_timeout(&mut self, core: &mut Core, now: Timestamp, key: ServerKey) {
        core.routes.servers.remove(&key);
        if self.ended {
            if self.caller.key == Some(key) {
                self.pay_bye(core, now);
            }
            return;
        }
        if self.caller.key == Some(key) || self.caller.reinvite == Some(key) {
            self.end(core, now, EndCause::NoAck, Party::Platform);
        } else if self.callee.as_ref().is_some_and(|callee| callee.reinvite == Some(key)) {
            self.hang_up_callee(core, now, Party::Platform);
        }
    }

    /// Whether the caller hears a callee, be it before the answer.
    fn is_connected(&self) -> bool {
        self.callee.as_ref().is_some_and(Callee::is_connected)
    }

    /// Whether the caller is in conversation with a callee.
    fn is_bridged(&self) -> bool {
        self.callee.as_ref().is_some_and(Callee::is_bridged)
    }

    /// Samples of the ringback heard by an answered caller.
    fn ringback(core: &Core) -> Samples {
        core.config.ringback.clone()
    }
}
