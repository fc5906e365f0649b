//! What is done in an answered call, step by step, and everything else that is due by time.

use std::collections::VecDeque;
use std::time::Duration;

use sip::message::{Method, Response};
use sip::sdp;

use crate::call::{Call, Doing, Stage};
use crate::phone::{Output, Phone, Purpose};
use crate::report::End;
use crate::voice::{DigitsBy, Step};

/// Between two keys sent by INFO, at least.
const INFO_GAP: Duration = Duration::from_millis(100);

/// What an INFO says the key lasted, in milliseconds.
const INFO_LASTS_MS: u32 = 160;

impl Phone {
    pub(crate) fn call_deadline(&mut self, now: Duration, mut call: Call) -> Option<Call> {
        if let Some(audio) = &mut call.audio {
            let mut packets = Vec::new();
            while let Some(packet) = audio.poll(now) {
                packets.push(packet);
            }
            for (to, bytes) in packets {
                self.output(Output::SendRtp { call: call.key, to, bytes });
            }
        }
        match &call.stage {
            Stage::Ringing(ringing) if ringing.answer_at.is_some_and(|at| at <= now) => self.answer(now, call),
            Stage::Calling(calling) if calling.gives_up_at <= now && !calling.cancelled => self.end_call(now, call),
            Stage::Up => self.do_steps(now, call),
            _ => Some(call),
        }
    }

    fn do_steps(&mut self, now: Duration, mut call: Call) -> Option<Call> {
        // RFC 3261 section 15: nothing that may end in BYE before the ACK.
        if call.unacknowledged.is_some() {
            return Some(call);
        }
        loop {
            let done = match &mut call.doing {
                Doing::Nothing => true,
                Doing::Waiting { until } => *until <= now,
                Doing::Sounding => call.audio.as_ref().is_none_or(|audio| audio.is_quiet()),
                Doing::Pressing { .. } => self.press_by_info(now, &mut call),
                // After a 100 the transaction waits for ever: the other side may have died in between.
                Doing::Agreeing { gives_up_at, .. } if *gives_up_at <= now => {
                    return self.bye(now, call, End::TimedOut);
                }
                Doing::Agreeing { .. } => false,
                Doing::Retrying { at, held } => {
                    if *at > now {
                        false
                    } else {
                        let held = *held;
                        self.reinvite(now, &mut call, held)
                    }
                }
            };
            if !done {
                return Some(call);
            }
            if matches!(call.doing, Doing::Waiting { .. })
                && let Some(audio) = &mut call.audio
            {
                audio.stop_saying();
            }
            call.doing = Doing::Nothing;
            let Some(step) = call.steps.pop_front() else { return Some(call) };
            if step == Step::HangUp {
                return self.end_call(now, call);
            }
            self.begin(now, &mut call, step);
        }
    }

    fn begin(&mut self, now: Duration, call: &mut Call, step: Step) {
        call.doing = match step {
            Step::Wait(span) => Doing::Waiting { until: now.saturating_add(span) },
            Step::Hold | Step::Resume => {
                let held = step == Step::Hold;
                if !self.reinvite(now, call, held) {
                    return;
                }
                Doing::Nothing
            }
            Step::Say(sound) => {
                if let Some(audio) = &mut call.audio {
                    audio.say(sound, false);
                }
                Doing::Sounding
            }
            Step::Repeat(sound) => {
                if let Some(audio) = &mut call.audio {
                    audio.say(sound, true);
                }
                Doing::Sounding
            }
            Step::RepeatFor(sound, span) => {
                if let Some(audio) = &mut call.audio {
                    audio.say(sound, true);
                }
                Doing::Waiting { until: now.saturating_add(span) }
            }
            Step::Press { digits, by } => {
                let events = call.audio.as_ref().is_some_and(|audio| audio.takes_events());
                if let Some(audio) = call.audio.as_mut().filter(|_| events && by == DigitsBy::Rfc4733) {
                    audio.press(&digits);
                    Doing::Sounding
                } else {
                    let left: VecDeque<char> = digits.chars().collect();
                    Doing::Pressing { left, next_at: now, unanswered: false }
                }
            }
            Step::Mute => {
                if let Some(audio) = &mut call.audio {
                    audio.mute();
                }
                Doing::Nothing
            }
            Step::HangUp => Doing::Nothing,
        };
    }

    /// Sends the next key when its time has come; true once all are answered.
    fn press_by_info(&mut self, now: Duration, call: &mut Call) -> bool {
        let Doing::Pressing { left, next_at, unanswered } = &mut call.doing else { return true };
        if *unanswered || *next_at > now {
            return false;
        }
        let Some(digit) = left.pop_front() else { return true };
        if digit == ',' {
            *next_at = now + media::dtmf::PAUSE;
            return false;
        }
        *unanswered = true;
        let body = format!("Signal={digit}\r\nDuration={INFO_LASTS_MS}\r\n");
        let content = Some(("application/dtmf-relay", body.into()));
        self.send_in_dialog(now, call, Method::Info, Purpose::Info, content).is_none()
    }

    pub(crate) fn on_info_answered(&mut self, now: Duration, mut call: Call, response: &Response) -> Call {
        if let Doing::Pressing { next_at, unanswered, .. } = &mut call.doing
            && !response.is_provisional()
        {
            *unanswered = false;
            *next_at = now + INFO_GAP;
        }
        call
    }

    /// Offers hold, or its end. True when nothing was sent, so that there is nothing to wait for.
    fn reinvite(&mut self, now: Duration, call: &mut Call, held: bool) -> bool {
        let Some(description) = &mut call.description else { return true };
        description.hold(held);
        let offer = description.offer();
        let content = Some((sdp::CONTENT_TYPE, offer));
        match self.send_in_dialog(now, call, Method::Invite, Purpose::Reinvite, content) {
            Some(_) => {
                call.doing = Doing::Agreeing { held, gives_up_at: now + self.config.timing.transaction() };
                false
            }
            None => true,
        }
    }
}
