//! Carries out what the flow says and tells it what happened.

use std::time::Duration;

use domain::{Direction, EndCause, Party, PhoneNumber, StartedCall, Timestamp, What};
use flow::{CampaignFacts, Facts, FlowEvent, Instruction, RecordChannels};

use super::Call;
use super::asking::AskFor;
use crate::ask::{Ask, FindFlow, FlowFound, NoFlow};
use crate::core::Core;
use crate::timers::TimerKind;

impl Call {
    /// A new call: which flow, and a port for the caller's media.
    pub(crate) fn begin(&mut self, core: &mut Core, now: Timestamp) {
        let ask = Ask::FindFlow(FindFlow {
            tenant: self.tenant,
            trunk: self.caller.trunk,
            dialled: self.caller.dialled.clone(),
            caller: self.caller.from.clone(),
        });
        self.ask(core, now, AskFor::Flow, ask);
        let event = self.caller.negotiation.receive_event();
        self.open_media(core, self.caller.media, event);
    }

    pub(super) fn on_flow_found(&mut self, core: &mut Core, now: Timestamp, found: Box<FlowFound>) {
        if self.is_outbound() {
            self.log_start_of_ours(core, now, &found);
        } else {
            self.log_started(core, now, Some(&found));
        }
        self.found = Some(found);
        self.start_timer(core, now, TimerKind::CallMax, core.config.call_max);
        self.start_flow_if_ready(core, now);
    }

    pub(super) fn on_no_flow(&mut self, core: &mut Core, now: Timestamp, reason: NoFlow) {
        let cause = match reason {
            NoFlow::UnknownNumber => EndCause::UnknownNumber,
            NoFlow::NotPublished => EndCause::NoFlow,
            NoFlow::TenantClosed => EndCause::Congestion,
        };
        self.end(core, now, cause, Party::Platform);
    }

    /// The first event of the call.
    pub(super) fn log_started(&mut self, core: &mut Core, now: Timestamp, found: Option<&FlowFound>) {
        let started = self.started(core, found);
        self.log(core, now, started);
    }

    /// Who calls whom, and what is known of it.
    pub(super) fn started(&self, core: &Core, found: Option<&FlowFound>) -> What {
        if let Some(order) = self.order() {
            return What::Started(Box::new(StartedCall {
                direction: Direction::Outbound,
                attestation: self.caller.attestation,
                number: Some(order.number),
                campaign: Some(order.campaign),
                publisher: found.and_then(|found| found.publisher),
                flow: found.map(|found| found.flow),
                flow_version: found.map(|found| found.version),
                agent: order.agent,
                ..StartedCall::unrouted(order.from.to_string(), order.to.to_string(), "", core.config.switch)
            }));
        }
        let readable = |text: &str| PhoneNumber::from_dialled(text).map_or_else(|_| text.to_owned(), String::from);
        let call_id = self.caller.dialog.as_ref().map_or(&b""[..], |dialog| &dialog.id().call_id);
        let started = StartedCall {
            direction: Direction::Inbound,
            from: readable(&self.caller.from),
            to: found.map_or_else(|| readable(&self.caller.dialled), |found| found.dialled.clone()),
            caller_name: self.caller.name.clone(),
            trunk: self.caller.trunk,
            attestation: self.caller.attestation,
            identity_claim: self.caller.claim.clone(),
            number: found.map(|found| found.number),
            campaign: found.and_then(|found| found.campaign),
            publisher: found.and_then(|found| found.publisher),
            flow: found.map(|found| found.flow),
            flow_version: found.map(|found| found.version),
            // Databases and screens take no control characters.
            sip_call_id: String::from_utf8_lossy(call_id).replace(char::is_control, "?"),
            switch: core.config.switch,
            agent: None,
        };
        What::Started(Box::new(started))
    }

    /// The flow starts once it is known and the caller's media is open.
    pub(super) fn start_flow_if_ready(&mut self, core: &mut Core, now: Timestamp) {
        if self.run.is_some() || self.caller.address.is_none() {
            return;
        }
        let Some(found) = &self.found else { return };
        let facts = Facts {
            caller_number: PhoneNumber::from_dialled(&self.caller.from)
                .map_or_else(|_| self.caller.from.clone(), String::from),
            caller_name: self.caller.name.clone(),
            called_number: found.dialled.clone(),
            campaign: found.campaign.map(|id| CampaignFacts { id: id.to_string(), name: found.campaign_name.clone() }),
            time_zone: found.time_zone.clone(),
            attestation: self.caller.attestation,
            tags: self.tags.clone(),
            ..Facts::default()
        };
        self.run = Some(flow::Run::new(found.program.clone(), facts));
        self.resume(core, now, FlowEvent::Started);
    }

    /// Tells the flow what happened and carries out what it wants.
    pub(super) fn resume(&mut self, core: &mut Core, now: Timestamp, event: FlowEvent) {
        if self.ended {
            return;
        }
        let Some(run) = self.run.as_mut() else {
            // Nothing but the introduction of a call of ours comes before the flow.
            if self.is_outbound() && self.caller.is_answered() && self.playing.is_none() {
                self.start_flow_if_ready(core, now);
            }
            return;
        };
        self.instructions.extend(run.resume(now, event));
        self.advance(core, now);
    }

    /// Carries out instructions until there are none, or one needs the caller answered first.
    pub(super) fn advance(&mut self, core: &mut Core, now: Timestamp) {
        while let Some(instruction) = self.instructions.pop_front() {
            if self.ended {
                self.instructions.clear();
                return;
            }
            if self.needs_answer(&instruction) && !self.caller.is_answered() {
                self.instructions.push_front(instruction);
                self.answer_caller(core, now);
                return;
            }
            self.carry_out(core, now, instruction);
        }
    }

    fn carry_out(&mut self, core: &mut Core, now: Timestamp, instruction: Instruction) {
        match instruction {
            Instruction::EnterNode { node, kind } => {
                self.node_kind = kind;
                self.log(core, now, What::NodeEntered { node: node.to_string(), kind: kind.to_owned() });
            }
            Instruction::LeaveNode { node, outcome } => {
                self.log(core, now, What::NodeLeft { node: node.to_string(), outcome: outcome.to_string() });
            }
            Instruction::Tag { tags } => {
                self.tags.extend(tags.iter().map(|(name, value)| (name.clone(), value.clone())));
                self.log(core, now, What::Tagged { tags: tags.as_ref().clone() });
            }
            Instruction::Play { prompt } => self.play_prompt(core, now, prompt),
            Instruction::StopPlay => self.stop_prompt(core, now),
            Instruction::StartTimer { millis } => {
                self.start_timer(core, now, TimerKind::Flow, Duration::from_millis(millis));
            }
            Instruction::StopTimer => self.stop_timer(core, TimerKind::Flow),
            Instruction::Offer { offer, whisper } => self.start_offering(core, now, offer, whisper),
            Instruction::CancelOffer => self.cancel_offering(core, now),
            Instruction::JoinQueue { queue, wait_prompt, size_max, whisper } => {
                self.join_queue(core, now, queue.to_string(), size_max, wait_prompt, whisper);
            }
            Instruction::LeaveQueue => self.leave_queue(core, now, None),
            // Always WAV, whatever the format (ADR 71).
            Instruction::StartRecording { channels, beep, .. } => {
                self.record_for_flow(core, now, channels == RecordChannels::Dual, beep);
            }
            Instruction::StopRecording => self.stop_recording_for_flow(core, now),
            Instruction::HangUp { cause, .. } => {
                // A flow that ends because the callee hung up, ends by the callee.
                let ended_just_now = self.last_bridge.filter(|(at, _)| *at == now && cause == EndCause::Normal);
                self.end(core, now, cause, ended_just_now.map_or(Party::Platform, |(_, by)| by));
            }
        }
    }

    /// The flow's own timer.
    pub(super) fn on_flow_timer(&mut self, core: &mut Core, now: Timestamp) {
        self.queue_is_over("timeout");
        self.resume(core, now, FlowEvent::TimerFired);
    }

    /// What the caller can only hear or do once answered. Looking for a buyer is not among it: the caller hears it ring. A
    /// record node that starts a timer waits for a message to be spoken.
    fn needs_answer(&self, instruction: &Instruction) -> bool {
        match instruction {
            Instruction::Play { .. } | Instruction::JoinQueue { .. } => true,
            Instruction::StartTimer { .. } => self.node_kind == "record",
            _ => false,
        }
    }
}
