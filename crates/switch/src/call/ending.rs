//! The end of a call.

use std::time::Duration;

use bytes::Bytes;
use domain::{EndCause, Party, Timestamp, What};
use flow::{FlowEvent, Instruction};
use sip::message::ResponseBuilder;

use super::Call;
use super::caller::CallerPhase;
use crate::core::Core;
use crate::routes::hop;
use crate::timers::TimerKind;

/// How long an ended call is kept for recordings, figures and the ACK still to come: longer than 64*T1, after which the
/// transaction layer gives the ACK up.
const LINGER: Duration = Duration::from_secs(35);

impl Call {
    /// Ends everything: the callee's leg, the caller's, recording and media. Only the first end counts.
    pub(crate) fn end(&mut self, core: &mut Core, now: Timestamp, cause: EndCause, by: Party) {
        if self.ended {
            return;
        }
        // Set first: nothing that happens below may resume the flow.
        self.ended = true;
        if self.sequence == 0 {
            // It ends before the platform said what it is.
            self.log_started(core, now, None);
        }
        self.instructions.clear();
        self.stop_prompt(core, now);
        if by == Party::Caller {
            self.tell_flow_caller_gone(core, now);
        }
        if self.queueing.is_some() {
            self.leave_queue(core, now, Some("abandoned"));
        }
        self.end_callee(core, now, by);
        self.offering = None;
        self.stop_recording(core);
        self.recording_wanted = None;
        self.asks.clear();
        let was_heard = self.caller.phase != CallerPhase::Dialling;
        let sip_status = self.end_caller(core, now, cause, by);
        if was_heard {
            self.close_media(core, self.caller.media);
        }
        if let Some(leg) = self.caller.leg.take() {
            self.log(core, now, What::LegEnded { leg, by });
        }
        self.log(core, now, What::Ended { cause, by, sip_status, detail: None });
        core.counters.calls_ended += 1;
        if !self.caller.owes_bye {
            self.forget_caller(core);
        }
        core.timers.clear(&mut self.timers, self.id);
        self.start_timer(core, now, TimerKind::Linger, LINGER);
    }

    /// Somebody, through the API, ends it: a call of ours that nobody has answered is given up.
    pub(crate) fn hang_up(&mut self, core: &mut Core, now: Timestamp) {
        let cause = if self.caller.phase == CallerPhase::Dialling { EndCause::Cancelled } else { EndCause::Normal };
        self.end(core, now, cause, Party::Operator);
    }

    /// Nothing more is expected from the caller.
    pub(super) fn forget_caller(&mut self, core: &mut Core) {
        if let Some(key) = self.caller.key {
            core.routes.servers.remove(&key);
        }
        if let Some(reinvite) = self.caller.reinvite.take() {
            core.routes.servers.remove(&reinvite);
        }
        if let Some(dialog) = self.caller_dialog_key() {
            core.routes.dialogs.remove(&dialog);
        }
    }

    /// Says BYE to the caller if that had to wait (RFC 3261 §15: not before the ACK of our 2xx, or its time is up). Sent
    /// earlier, it would find no dialog where the 2xx is late, and the 2xx that comes again would make one that nobody ends.
    pub(super) fn pay_bye(&mut self, core: &mut Core, now: Timestamp) {
        if std::mem::take(&mut self.caller.owes_bye) {
            if let Some(dialog) = self.caller.dialog.as_mut() {
                hop::bye(core, now, self.id, dialog, self.caller.proof.as_ref());
            }
            self.forget_caller(core);
        }
    }

    /// The flow leaves its node; whatever else it wants is done by the end of the call.
    fn tell_flow_caller_gone(&mut self, core: &mut Core, now: Timestamp) {
        let instructions = self.run.as_mut().map(|run| run.resume(now, FlowEvent::CallerGone)).unwrap_or_default();
        for instruction in instructions {
            if let Instruction::LeaveNode { node, outcome } = instruction {
                self.log(core, now, What::NodeLeft { node: node.to_string(), outcome: outcome.to_string() });
            }
        }
    }

    /// What should have come of the caller, the media engine and the disk by now never will.
    pub(super) fn give_up_waiting(&mut self, core: &mut Core, now: Timestamp) {
        self.pay_bye(core, now);
        // What is not answered by now will not be; a reservation among it ends by itself.
        self.asks.clear();
        for leg in std::mem::take(&mut self.media_open) {
            core.routes.legs.remove(&leg);
        }
        for recording in std::mem::take(&mut self.recordings) {
            core.routes.recordings.remove(&recording.key);
            let reason = "the file was not finished in time".to_owned();
            self.log(core, now, What::RecordingFailed { recording: recording.id, reason });
        }
    }

    /// The key under which the caller's dialog is found.
    pub(crate) fn caller_dialog_key(&self) -> Option<(Bytes, Bytes)> {
        let id = self.caller.dialog.as_ref()?.id();
        Some((id.call_id.clone(), id.local_tag.clone()))
    }

    /// BYE, or the final response. Returns the status given to a caller that was never answered, or by one who never did.
    fn end_caller(&mut self, core: &mut Core, now: Timestamp, cause: EndCause, by: Party) -> Option<u16> {
        let phase = std::mem::replace(&mut self.caller.phase, CallerPhase::Over);
        // Whom we called has answered by the time its answer is being made durable.
        let answered = self.is_outbound() && matches!(phase, CallerPhase::Answering(_));
        match if answered { CallerPhase::Answered } else { phase } {
            CallerPhase::Answered => {
                self.caller.owes_bye = by != Party::Caller;
                if self.caller.acknowledged || cause == EndCause::NoAck {
                    self.pay_bye(core, now);
                }
                None
            }
            CallerPhase::Over => None,
            CallerPhase::Dialling => self.last_sip_status(),
            CallerPhase::Invited | CallerPhase::Ringing | CallerPhase::EarlyMedia | CallerPhase::Answering(_) => {
                let status = status_of(cause);
                let reason = format!("Q.850;cause={}", cause.q850());
                let Some(invite) = self.caller.invite.take() else { return Some(status) };
                let response =
                    ResponseBuilder::new(&invite, status).tag(self.caller.tag.as_bytes()).header("Reason", reason);
                let response = if status == 503 { response.header("Retry-After", "5") } else { response };
                if let Some(key) = self.caller.key {
                    core.respond(now, key, response);
                }
                Some(status)
            }
        }
    }
}

/// The status for a caller that was never answered.
fn status_of(cause: EndCause) -> u16 {
    match cause {
        EndCause::Cancelled => 487,
        EndCause::Busy => 486,
        EndCause::Rejected | EndCause::Compliance => 603,
        EndCause::UnknownNumber => 404,
        EndCause::Media => 488,
        EndCause::Congestion | EndCause::Error | EndCause::SwitchRestarted => 503,
        EndCause::Normal
        | EndCause::NoAnswer
        | EndCause::NoFlow
        | EndCause::NoBuyers
        | EndCause::MaxDuration
        | EndCause::MediaTimeout
        | EndCause::NoAck => 480,
    }
}
