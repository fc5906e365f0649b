//! Commands.

use std::net::SocketAddr;
use std::time::Duration;

use media::command::{Handling, MediaCommand, RecordingLayout, RemoteMedia};
use media::event::PlayEnd;
use media::latch::Latch;
use media::{LegKey, MediaEvent, PreparedPrompt, RecordingKey, dtmf};

use super::Relay;
use crate::leg::Leg;
use crate::player::Player;
use crate::recording::Recording;

/// Why a command was not carried out. Nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandError {
    UnknownLeg(LegKey),
    LegExists(LegKey),
    /// `Config::legs_max` are open.
    TooManyLegs,
    /// A leg cannot be bridged to itself, nor to one that is handled otherwise.
    CannotConnect(LegKey, LegKey),
    /// The command needs a leg we terminate, not one we pass through.
    PassThrough(LegKey),
    /// The leg is being recorded, or the key is in use.
    AlreadyRecording(LegKey),
    UnknownRecording(RecordingKey),
    /// No digit, or more than [`dtmf::DIGITS_MAX`] waiting; those before it are sent.
    Digits(LegKey),
    /// The peer takes no telephone events.
    NoTelephoneEvents(LegKey),
}

impl std::fmt::Display for CommandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownLeg(leg) => write!(f, "leg {} is not open", leg.0),
            Self::LegExists(leg) => write!(f, "leg {} is open already", leg.0),
            Self::TooManyLegs => write!(f, "as many legs are open as the configuration allows"),
            Self::CannotConnect(a, b) => write!(f, "legs {} and {} cannot be bridged", a.0, b.0),
            Self::PassThrough(leg) => write!(f, "leg {} passes packets through and cannot do this", leg.0),
            Self::AlreadyRecording(leg) => {
                write!(f, "leg {} is being recorded, or the recording's key is in use", leg.0)
            }
            Self::UnknownRecording(recording) => write!(f, "recording {} is not running", recording.0),
            Self::Digits(leg) => write!(f, "digits for leg {} that are none or too many", leg.0),
            Self::NoTelephoneEvents(leg) => write!(f, "the peer of leg {} takes no telephone events", leg.0),
        }
    }
}

impl std::error::Error for CommandError {}

impl Relay {
    /// Carries out a command.
    ///
    /// # Errors
    /// [`CommandError`]; the state is then as before.
    pub fn command(&mut self, now: Duration, command: MediaCommand) -> Result<(), CommandError> {
        match command {
            MediaCommand::Open { leg, local, telephone_event, handling } => {
                self.open(now, leg, local, telephone_event, handling)
            }
            MediaCommand::Configure { leg, remote } => self.configure(now, leg, remote),
            MediaCommand::Connect { a, b } => self.connect(a, b),
            MediaCommand::Disconnect { leg } => {
                let at = self.at(leg)?;
                self.disconnect(at);
                Ok(())
            }
            MediaCommand::Play { leg, prompt } => self.play(now, leg, prompt),
            MediaCommand::StopPlay { leg } => {
                let at = self.at(leg)?;
                self.stop_play(at);
                Ok(())
            }
            MediaCommand::SendDtmf { leg, digits, tone_ms, gap_ms } => self.send_dtmf(leg, &digits, tone_ms, gap_ms),
            MediaCommand::Record { recording, leg, layout } => self.record(now, recording, leg, layout),
            MediaCommand::StopRecording { recording } => self.stop_recording(now, recording),
            MediaCommand::Hold { leg } => self.set_held(leg, true),
            MediaCommand::Resume { leg } => self.set_held(leg, false),
            MediaCommand::Close { leg } => self.close(now, leg),
        }
    }

    fn at(&self, leg: LegKey) -> Result<usize, CommandError> {
        self.legs.find(leg).ok_or(CommandError::UnknownLeg(leg))
    }

    fn terminated(&mut self, leg: LegKey) -> Result<(usize, &mut Leg), CommandError> {
        let at = self.at(leg)?;
        match self.legs.get_mut(at) {
            Some(found) if found.handling == Handling::Terminate => Ok((at, found)),
            Some(_) => Err(CommandError::PassThrough(leg)),
            None => Err(CommandError::UnknownLeg(leg)),
        }
    }

    fn open(
        &mut self,
        now: Duration,
        key: LegKey,
        local: SocketAddr,
        telephone_event: Option<u8>,
        handling: Handling,
    ) -> Result<(), CommandError> {
        if self.legs.find(key).is_some() {
            return Err(CommandError::LegExists(key));
        }
        if self.legs.len() >= self.config.legs_max {
            return Err(CommandError::TooManyLegs);
        }
        let (latch, random) = (Latch::new(self.config.latch), [self.random(), self.random(), self.random()]);
        let mut leg = Leg::new(now, key, local, telephone_event, handling, latch, random);
        leg.next_report = now + self.until_report();
        self.legs.insert(key, Box::new(leg));
        Ok(())
    }

    fn configure(&mut self, now: Duration, key: LegKey, remote: RemoteMedia) -> Result<(), CommandError> {
        let at = self.at(key)?;
        let Some(leg) = self.legs.get_mut(at) else { return Err(CommandError::UnknownLeg(key)) };
        leg.latch.negotiate(now, remote.rtp, remote.latch);
        if leg.remote.is_none_or(|before| before.direction != remote.direction) {
            // Silence is counted from the moment media is expected under the new direction.
            leg.heard = now;
            leg.silence_told = false;
            leg.timeout_told = false;
        }
        leg.remote = Some(remote);
        Ok(())
    }

    fn connect(&mut self, a: LegKey, b: LegKey) -> Result<(), CommandError> {
        let (at_a, at_b) = (self.at(a)?, self.at(b)?);
        let handling = |at| self.legs.get(at).map(|leg: &Leg| leg.handling);
        if at_a == at_b || handling(at_a) != handling(at_b) {
            return Err(CommandError::CannotConnect(a, b));
        }
        if self.legs.get(at_a).is_some_and(|leg| leg.peer == Some(at_b)) {
            return Ok(());
        }
        self.disconnect(at_a);
        self.disconnect(at_b);
        for (at, peer) in [(at_a, at_b), (at_b, at_a)] {
            if let Some(leg) = self.legs.get_mut(at) {
                leg.peer = Some(peer);
                leg.stream.part();
            }
        }
        Ok(())
    }

    fn disconnect(&mut self, at: usize) {
        let peer = self.legs.get_mut(at).and_then(|leg| leg.peer.take());
        if let Some(other) = peer.and_then(|peer| self.legs.get_mut(peer))
            && other.peer == Some(at)
        {
            other.peer = None;
        }
    }

    fn play(&mut self, now: Duration, key: LegKey, prompt: PreparedPrompt) -> Result<(), CommandError> {
        let (at, _) = self.terminated(key)?;
        self.stop_play(at);
        if let Some(leg) = self.legs.get_mut(at) {
            leg.player = Some(Player::new(prompt, now));
        }
        self.mark_busy(at);
        Ok(())
    }

    fn stop_play(&mut self, at: usize) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        if let Some(player) = leg.player.take() {
            let event = MediaEvent::Played { leg: leg.key, prompt: player.prompt.key, end: PlayEnd::Stopped };
            self.tell(event);
        }
    }

    fn send_dtmf(&mut self, key: LegKey, digits: &str, tone_ms: u16, gap_ms: u16) -> Result<(), CommandError> {
        let (at, leg) = self.terminated(key)?;
        if leg.remote.is_some_and(|remote| remote.telephone_event.is_none()) {
            return Err(CommandError::NoTelephoneEvents(key));
        }
        let (tone, gap) = (Duration::from_millis(tone_ms.into()), Duration::from_millis(gap_ms.into()));
        let refused = leg.digits_out.get_or_insert_with(|| dtmf::Sender::new(tone, gap)).push(digits);
        self.mark_busy(at);
        if refused == 0 { Ok(()) } else { Err(CommandError::Digits(key)) }
    }

    fn record(
        &mut self,
        now: Duration,
        key: RecordingKey,
        leg_key: LegKey,
        layout: RecordingLayout,
    ) -> Result<(), CommandError> {
        let used = self.recordings.contains_key(&key);
        let recording = Recording::new(key, layout, now, &self.config);
        let (at, leg) = self.terminated(leg_key)?;
        if used || leg.recording.is_some() {
            return Err(CommandError::AlreadyRecording(leg_key));
        }
        leg.recording = Some(Box::new(recording));
        self.recordings.insert(key, at);
        self.mark_busy(at);
        Ok(())
    }

    fn stop_recording(&mut self, now: Duration, key: RecordingKey) -> Result<(), CommandError> {
        let at = *self.recordings.get(&key).ok_or(CommandError::UnknownRecording(key))?;
        let recording = self.legs.get_mut(at).and_then(|leg| Some((leg.key, leg.recording.take()?)));
        let Some((leg, recording)) = recording else { return Err(CommandError::UnknownRecording(key)) };
        let late = self.finish_recording(now, leg, recording);
        if let Some(leg) = self.legs.get_mut(at) {
            leg.counters.late += late;
        }
        Ok(())
    }

    fn set_held(&mut self, key: LegKey, held: bool) -> Result<(), CommandError> {
        let (_, leg) = self.terminated(key)?;
        leg.held = held;
        Ok(())
    }

    fn close(&mut self, now: Duration, key: LegKey) -> Result<(), CommandError> {
        let at = self.at(key)?;
        self.stop_play(at);
        self.disconnect(at);
        let Some(mut leg) = self.legs.remove(key) else { return Err(CommandError::UnknownLeg(key)) };
        self.busy.retain(|busy| *busy != at);
        // What a digit's lost end has not told yet is told now.
        if let Some(digit) = leg.digits_in.flush() {
            self.offer_digit(key, digit);
        }
        if let Some(recording) = leg.recording.take() {
            leg.counters.late += self.finish_recording(now, key, recording);
        }
        self.farewell(now, &mut leg);
        let stats = leg.stats();
        self.closed.add(&stats);
        self.tell(MediaEvent::Stats { leg: key, stats });
        Ok(())
    }
}
