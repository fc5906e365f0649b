//! The call's media: ports, prompts, digits, hold.

use std::net::SocketAddr;
use std::sync::Arc;

use domain::{DigitSource, EndCause, MediaQuality, Party, PromptEnd, Timestamp, What};
use media::command::RemoteMedia;
use media::event::PlayEnd;
use media::{LegKey, MediaCommand, MediaEvent, MediaStats, PreparedPrompt, PromptKey};

use super::asking::AskFor;
use super::{Call, Playing};
use crate::ask::Ask;
use crate::core::{Core, Samples};
use crate::io::Output;

impl Call {
    pub(super) fn configure(&mut self, core: &mut Core, leg: LegKey, remote: RemoteMedia) {
        core.media(MediaCommand::Configure { leg, remote });
    }

    /// Asks for a port. What waits for it goes on in [`Call::on_media_opened`].
    pub(crate) fn open_media(&mut self, core: &mut Core, leg: LegKey, telephone_event: u8) {
        core.routes.legs.insert(leg, self.id);
        self.media_open.push(leg);
        core.outputs.push_back(Output::OpenMedia { leg, telephone_event });
    }

    pub(super) fn close_media(&mut self, core: &mut Core, leg: LegKey) {
        core.media(MediaCommand::Close { leg });
    }

    /// Nothing more comes of this leg.
    fn forget_media(&mut self, core: &mut Core, leg: LegKey) {
        core.routes.legs.remove(&leg);
        self.media_open.retain(|open| *open != leg);
    }

    pub(crate) fn on_media_opened(&mut self, core: &mut Core, now: Timestamp, leg: LegKey, address: SocketAddr) {
        match self.side_of(leg) {
            Some(Party::Caller) if !self.ended => {
                self.caller.address = Some(address);
                self.start_flow_if_ready(core, now);
            }
            Some(Party::Callee) if !self.ended => self.invite_callee(core, now, address),
            _ => self.close_media(core, leg),
        }
    }

    pub(crate) fn on_media_refused(&mut self, core: &mut Core, now: Timestamp, leg: LegKey) {
        self.forget_media(core, leg);
        match self.side_of(leg) {
            Some(Party::Caller) if !self.ended => self.end(core, now, EndCause::Congestion, Party::Platform),
            Some(Party::Callee) if !self.ended => {
                self.fail_callee(core, now, domain::LegFailure::Unavailable, None);
            }
            _ => {}
        }
    }

    pub(crate) fn on_media(&mut self, core: &mut Core, now: Timestamp, event: &MediaEvent) {
        match *event {
            MediaEvent::Digit { leg, digit, .. } => {
                let from_caller = self.side_of(leg) == Some(Party::Caller);
                self.on_digit(core, now, from_caller, digit, DigitSource::Rtp);
            }
            MediaEvent::Played { prompt, end, .. } => self.on_played(core, now, prompt, end),
            MediaEvent::Timeout { leg, .. } if !self.ended => {
                // Before its answer a side need not send, and on hold it does not.
                let held = self.caller.on_hold || self.callee.as_ref().is_some_and(|callee| callee.on_hold);
                let talks = match self.side_of(leg) {
                    Some(Party::Caller) => self.caller.is_answered(),
                    Some(_) => self.is_bridged(),
                    None => false,
                };
                if talks && !held {
                    self.end(core, now, EndCause::MediaTimeout, Party::Platform);
                }
            }
            MediaEvent::Stats { leg, ref stats } => self.on_stats(core, now, leg, stats),
            _ => {}
        }
    }

    fn on_stats(&mut self, core: &mut Core, now: Timestamp, leg: LegKey, stats: &MediaStats) {
        self.forget_media(core, leg);
        let leg = match self.closing_leg(leg) {
            Some(id) => Some(id),
            None if leg == self.caller.media => None,
            None => return,
        };
        let quality = MediaQuality {
            packets_received: stats.packets_in,
            packets_sent: stats.packets_out,
            packets_lost: stats.lost,
            jitter_us: stats.jitter_us,
            mos_centi: (stats.packets_in > 0).then_some(stats.mos_x100),
        };
        if stats.packets_in == 0 && stats.packets_out == 0 {
            return;
        }
        self.log(core, now, What::QualityMeasured { leg, quality });
    }

    /// A digit of either side. The flow hears the caller's while nobody is bridged; a whisper hears the callee's.
    pub(super) fn on_digit(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        from_caller: bool,
        digit: char,
        source: DigitSource,
    ) {
        if self.ended {
            return;
        }
        if !from_caller {
            self.on_callee_digit(core, now, digit);
            return;
        }
        if self.is_connected() {
            // Between caller and callee: possibly a card number, so neither logged nor kept. RTP events are forwarded by
            // the media engine; those by INFO are turned into RTP events here.
            if let (DigitSource::Info, Some(callee)) = (source, &self.callee) {
                core.media(MediaCommand::SendDtmf {
                    leg: callee.media,
                    digits: digit.to_string(),
                    tone_ms: FORWARDED_TONE_MS,
                    gap_ms: FORWARDED_GAP_MS,
                });
            }
            return;
        }
        self.log(core, now, What::DigitReceived { digit, source });
        self.resume(core, now, flow::FlowEvent::Digit(digit));
    }

    /// The flow wants the caller to hear this. The caller is answered already.
    pub(super) fn play_prompt(&mut self, core: &mut Core, now: Timestamp, text: Arc<str>) {
        self.stop_prompt(core, now);
        let key = PromptKey(core.next_key());
        self.playing = Some(Playing { key, text: text.clone(), loading: true, ready: None });
        let ask = Ask::LoadPrompt { tenant: self.tenant, prompt: text };
        self.ask(core, now, AskFor::FlowPrompt(key), ask);
    }

    /// A prompt of the flow is loaded, or cannot be.
    pub(super) fn on_flow_prompt(&mut self, core: &mut Core, now: Timestamp, key: PromptKey, samples: Option<Samples>) {
        let Some(playing) = self.playing.as_mut().filter(|playing| playing.key == key) else { return };
        match samples {
            Some(samples) if self.beeping.is_some() => playing.ready = Some(samples),
            Some(samples) => {
                playing.loading = false;
                self.play(core, self.caller.media, PreparedPrompt { key, samples, looping: false });
            }
            None => {
                let prompt = playing.text.to_string();
                self.playing = None;
                self.log(core, now, What::PromptPlayed { prompt, end: PromptEnd::Unavailable });
                self.resume(core, now, flow::FlowEvent::PromptFailed);
            }
        }
    }

    pub(super) fn play(&mut self, core: &mut Core, leg: LegKey, prompt: PreparedPrompt) {
        core.media(MediaCommand::Play { leg, prompt });
    }

    /// Plays in a circle until stopped: ringback, music.
    pub(super) fn play_loop(&mut self, core: &mut Core, leg: LegKey, samples: Samples) {
        if !samples.is_empty() {
            let key = PromptKey(core.next_key());
            core.media(MediaCommand::Play { leg, prompt: PreparedPrompt { key, samples, looping: true } });
        }
    }

    pub(super) fn stop_prompt(&mut self, core: &mut Core, now: Timestamp) {
        let Some(playing) = self.playing.take() else { return };
        if !playing.loading {
            core.media(MediaCommand::StopPlay { leg: self.caller.media });
            let prompt = playing.text.to_string();
            self.log(core, now, What::PromptPlayed { prompt, end: PromptEnd::Interrupted });
        }
    }

    fn on_played(&mut self, core: &mut Core, now: Timestamp, key: PromptKey, end: PlayEnd) {
        if self.beeping == Some(key) {
            // Over, or cut by what the caller has to hear: whatever waits for it goes on.
            self.beeping = None;
            let ready = self.playing.as_mut().and_then(|playing| Some((playing.key, playing.ready.take()?)));
            if let Some((key, samples)) = ready.filter(|_| !self.ended) {
                self.on_flow_prompt(core, now, key, Some(samples));
            }
            return;
        }
        if self.ended || end != PlayEnd::Finished {
            return;
        }
        if self.playing.as_ref().is_some_and(|playing| playing.key == key) {
            if let Some(playing) = self.playing.take() {
                let prompt = playing.text.to_string();
                self.log(core, now, What::PromptPlayed { prompt, end: PromptEnd::Finished });
            }
            self.resume(core, now, flow::FlowEvent::PromptFinished);
        } else {
            self.on_callee_prompt_end(core, now, key);
        }
    }

    /// The peer's side of a leg changed: hold, resume, or another address.
    pub(super) fn on_new_remote(&mut self, core: &mut Core, now: Timestamp, remote: RemoteMedia, from_caller: bool) {
        let party = if from_caller { Party::Caller } else { Party::Callee };
        // The peer holds us when it no longer wants to hear us or gives no address (RFC 3264 §8.4).
        let holds = !remote.direction.sends() || remote.rtp.ip().is_unspecified();
        let (leg, other, was_held) = {
            let callee = self.callee.as_mut().map(|callee| (callee.media, &mut callee.on_hold));
            match (from_caller, callee) {
                (true, callee) => {
                    let was = std::mem::replace(&mut self.caller.on_hold, holds);
                    (self.caller.media, callee.map(|(media, _)| media), was)
                }
                (false, Some((media, on_hold))) => {
                    let was = std::mem::replace(on_hold, holds);
                    (media, Some(self.caller.media), was)
                }
                (false, None) => return,
            }
        };
        self.configure(core, leg, remote);
        match (was_held, holds) {
            (false, true) => {
                self.log(core, now, What::Held { by: party });
                if let Some(other) = other.filter(|_| self.is_bridged()) {
                    self.play_loop(core, other, core.config.hold_music.clone());
                }
            }
            (true, false) => {
                self.log(core, now, What::Resumed { by: party });
                if let Some(other) = other.filter(|_| self.is_bridged()) {
                    core.media(MediaCommand::StopPlay { leg: other });
                }
            }
            _ => {}
        }
    }
}

/// Length of a digit passed on from SIP INFO, milliseconds.
const FORWARDED_TONE_MS: u16 = 160;
/// Pause after it, milliseconds.
const FORWARDED_GAP_MS: u16 = 80;
