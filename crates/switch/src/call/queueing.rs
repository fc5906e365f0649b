//! Waiting for an agent.

use std::sync::Arc;
use std::time::Duration;

use domain::{AgentId, LegRole, Timestamp, What};

use super::Call;
use super::asking::AskFor;
use super::callee::Target;
use crate::ask::Ask;
use crate::core::{Core, Samples};
use crate::timers::TimerKind;

/// A queue node at work.
#[derive(Debug)]
pub(crate) struct Queueing {
    queue: String,
    size_max: Option<u32>,
    whisper: Option<Arc<flow::WhisperTerms>>,
    /// Looped while waiting, once loaded.
    music: Option<Samples>,
    since: Timestamp,
    /// Asked for an agent before.
    is_back: bool,
    /// Why the caller is about to leave.
    outcome: &'static str,
}

/// How long an agent who did not take the caller is left in peace: a phone that is off refuses at once, every time.
const AGENT_PAUSE: Duration = Duration::from_secs(3);

impl Call {
    /// The flow puts the caller into a queue. The caller is answered already.
    pub(super) fn join_queue(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        queue: String,
        size_max: Option<u32>,
        music: Option<Arc<str>>,
        whisper: Option<Arc<flow::WhisperTerms>>,
    ) {
        self.log(core, now, What::QueueJoined { queue: queue.clone() });
        self.queueing =
            Some(Queueing { queue, size_max, whisper, music: None, since: now, is_back: false, outcome: "left" });
        match music {
            Some(prompt) => {
                let ask = Ask::LoadPrompt { tenant: self.tenant, prompt };
                self.ask(core, now, AskFor::QueueMusic, ask);
            }
            None => self.play_queue_music(core),
        }
        self.ask_for_agent(core, now);
    }

    pub(super) fn ask_for_agent(&mut self, core: &mut Core, now: Timestamp) {
        let Some(queueing) = &mut self.queueing else { return };
        let ask = Ask::JoinQueue {
            tenant: self.tenant,
            queue: queueing.queue.clone(),
            size_max: queueing.size_max,
            since: queueing.since,
            is_back: queueing.is_back,
        };
        queueing.is_back = true;
        self.ask(core, now, AskFor::Agent, ask);
    }

    pub(super) fn on_queue_music(&mut self, core: &mut Core, samples: Option<Samples>) {
        let Some(queueing) = self.queueing.as_mut() else { return };
        queueing.music = samples;
        if self.callee.is_none() {
            self.play_queue_music(core);
        }
    }

    fn play_queue_music(&mut self, core: &mut Core) {
        let of_node = self.queueing.as_ref().and_then(|queueing| queueing.music.clone());
        let samples = of_node.unwrap_or_else(|| core.config.queue_music.clone());
        self.play_loop(core, self.caller.media, samples);
    }

    /// It is this caller's turn.
    pub(super) fn on_queue_turn(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        destination: String,
        agent: Option<AgentId>,
    ) {
        let Some(queueing) = self.queueing.as_ref().filter(|_| self.callee.is_none()) else { return };
        let whisper = queueing.whisper.clone();
        let target = Target {
            role: LegRole::Agent,
            destination,
            line: None,
            buyer: None,
            endpoint: None,
            lease: None,
            terms: None,
            ring_max: None,
            connected_max: None,
            whisper,
            agent,
        };
        self.dial(core, now, target);
    }

    pub(super) fn on_queue_full(&mut self, core: &mut Core, now: Timestamp) {
        self.leave_queue(core, now, Some("full"));
        self.resume(core, now, flow::FlowEvent::QueueFull);
    }

    pub(super) fn on_agent_connected(&mut self, core: &mut Core, now: Timestamp) {
        self.leave_queue(core, now, Some("connected"));
        self.resume(core, now, flow::FlowEvent::QueueConnected);
    }

    /// The agent did not take it: the caller waits on.
    pub(super) fn on_agent_failed(&mut self, core: &mut Core, now: Timestamp) {
        if !self.ended && self.queueing.as_ref().is_some_and(|queueing| queueing.outcome == "left") {
            self.play_queue_music(core);
            self.start_timer(core, now, TimerKind::Agent, AGENT_PAUSE);
        }
    }

    /// Why the flow takes the caller out of the queue now.
    pub(super) fn queue_is_over(&mut self, outcome: &'static str) {
        if let Some(queueing) = self.queueing.as_mut() {
            queueing.outcome = outcome;
        }
    }

    /// The caller waits no more: by this outcome, or by what led the flow to it.
    pub(super) fn leave_queue(&mut self, core: &mut Core, now: Timestamp, outcome: Option<&'static str>) {
        let Some(queueing) = self.queueing.take() else { return };
        self.stop_timer(core, TimerKind::Agent);
        self.forget(core, |why| matches!(why, AskFor::Agent | AskFor::QueueMusic));
        if self.callee.as_ref().is_some_and(|callee| !callee.is_bridged()) {
            self.end_callee(core, now, domain::Party::Platform);
        }
        let token = self.token();
        let served = outcome == Some("connected");
        core.ask(token, Ask::LeaveQueue { tenant: self.tenant, queue: queueing.queue.clone(), served });
        if !self.is_bridged() {
            core.media(media::MediaCommand::StopPlay { leg: self.caller.media });
        }
        let outcome = outcome.unwrap_or(queueing.outcome).to_owned();
        self.log(core, now, What::QueueLeft { queue: queueing.queue, outcome });
    }
}
