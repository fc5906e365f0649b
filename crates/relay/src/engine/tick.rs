//! What happens by itself every 20 ms.

use std::time::Duration;

use media::event::PlayEnd;
use media::rtp::HEADER_LEN;
use media::{MediaEvent, PACKET_SAMPLES};

use super::receive::hear;
use super::{Channel, Outgoing, Relay};
use crate::leg::Leg;
use crate::player::PACKET;

/// Prompt packets sent in one tick to catch up with a late one; beyond it the prompt slips.
const CATCH_UP_MAX: u32 = 5;
/// The sweep over all legs takes this many ticks: a second.
const SWEEP_TICKS: usize = 50;

impl Relay {
    /// Sends what is due: prompts, digits, reports; takes recordings; notices silence. Call it every 20 ms.
    pub fn tick(&mut self, now: Duration, sink: &mut dyn FnMut(Outgoing<'_>)) {
        let mut busy = std::mem::take(&mut self.busy);
        busy.retain(|at| self.tick_leg(now, *at, sink));
        self.busy.append(&mut busy);
        self.send_farewells(sink);
        self.sweep(now, sink);
    }

    /// Returns whether the leg has to be visited again.
    fn tick_leg(&mut self, now: Duration, at: usize, sink: &mut dyn FnMut(Outgoing<'_>)) -> bool {
        let Some(leg) = self.legs.get_mut(at) else { return false };
        let key = leg.key;
        let digit = leg.digits_in.poll(now);
        let sent = send_digits(now, leg, sink);
        let played = send_prompt(now, leg, sink);
        let recording = leg.recording.take();
        if let Some(digit) = digit {
            self.offer_digit(key, digit);
        }
        if sent {
            self.tell(MediaEvent::DtmfSent { leg: key });
        }
        if let Some(prompt) = played {
            self.tell(MediaEvent::Played { leg: key, prompt, end: PlayEnd::Finished });
        }
        let recording = recording.map(|mut recording| {
            while let Some(chunk) = recording.take(now) {
                self.offer_chunk(&mut recording, chunk);
            }
            recording
        });
        let Some(leg) = self.legs.get_mut(at) else { return false };
        leg.recording = recording;
        leg.busy =
            leg.player.is_some() || leg.digits_out.is_some() || leg.recording.is_some() || leg.digits_in.is_open();
        leg.busy
    }

    /// Visits a part of all legs, so that each is seen once a second.
    fn sweep(&mut self, now: Duration, sink: &mut dyn FnMut(Outgoing<'_>)) {
        let count = self.legs.capacity();
        for _ in 0..count.div_ceil(SWEEP_TICKS) {
            self.sweep = if self.sweep + 1 < count { self.sweep + 1 } else { 0 };
            self.watch_silence(now, self.sweep);
            self.report(now, self.sweep, sink);
        }
    }

    fn watch_silence(&mut self, now: Duration, at: usize) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        let idle = now.saturating_sub(leg.heard);
        let idle_ms = u64::try_from(idle.as_millis()).unwrap_or(u64::MAX);
        let (key, expects) = (leg.key, leg.remote.is_some() && leg.direction().receives() && !leg.held);
        let timeout = if expects { self.config.timeout_after } else { self.config.hold_timeout_after };
        let silent = expects && !leg.silence_told && idle >= self.config.silence_after;
        let timed_out = !leg.timeout_told && idle >= timeout;
        leg.silence_told |= silent;
        leg.timeout_told |= timed_out;
        if silent {
            self.offer(MediaEvent::Silence { leg: key, idle_ms });
        }
        if timed_out {
            self.offer(MediaEvent::Timeout { leg: key, idle_ms });
        }
    }
}

/// Sends the next packet of a digit. Returns `true` when the last one has left.
fn send_digits(now: Duration, leg: &mut Leg, sink: &mut dyn FnMut(Outgoing<'_>)) -> bool {
    let Some(digits) = &mut leg.digits_out else { return false };
    let Some(remote) = leg.remote else { return false };
    let Some(payload_type) = remote.telephone_event else {
        // Re-negotiated away while digits waited.
        leg.digits_out = None;
        return true;
    };
    let packet = digits.poll(now);
    if digits.is_idle() {
        leg.digits_out = None;
    }
    let done = leg.digits_out.is_none();
    if let Some(packet) = packet {
        let header = leg.stream.own_event(now, payload_type, packet.start);
        let mut datagram = [0; HEADER_LEN + media::dtmf::EVENT_LEN];
        header.write(&mut datagram);
        datagram[HEADER_LEN..].copy_from_slice(&packet.payload);
        emit(leg, &datagram, sink);
    }
    done
}

/// Sends the packets of a prompt that are due. Returns its key once it is over.
fn send_prompt(now: Duration, leg: &mut Leg, sink: &mut dyn FnMut(Outgoing<'_>)) -> Option<media::PromptKey> {
    let sending_digits = leg.digits_out.as_ref().is_some_and(media::dtmf::Sender::is_sending);
    let player = leg.player.as_mut()?;
    if sending_digits || now.saturating_sub(player.due()) >= PACKET * CATCH_UP_MAX {
        player.resume_at(now);
    }
    for _ in 0..CATCH_UP_MAX {
        let player = leg.player.as_mut()?;
        if player.due() > now || sending_digits {
            return None;
        }
        if player.is_over() {
            let key = player.prompt.key;
            leg.player = None;
            return Some(key);
        }
        let due = player.due();
        let mut samples = [0; PACKET_SAMPLES];
        player.fill(&mut samples);
        let Some(remote) = leg.remote else { continue };
        let header = leg.stream.own_audio(due, remote.audio.payload_type);
        let mut datagram = [0; HEADER_LEN + PACKET_SAMPLES];
        header.write(&mut datagram);
        remote.audio.codec.encode_into(&samples, &mut datagram[HEADER_LEN..]);
        hear(due, leg, remote.audio.codec, header.timestamp, &datagram[HEADER_LEN..]);
        emit(leg, &datagram, sink);
    }
    None
}

fn emit(leg: &mut Leg, datagram: &[u8], sink: &mut dyn FnMut(Outgoing<'_>)) {
    let Some(destination) = leg.rtp_destination() else { return };
    leg.count_out(datagram.len());
    sink(Outgoing { leg: leg.key, channel: Channel::Rtp, destination, datagram });
}
