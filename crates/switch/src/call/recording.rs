//! The call's recordings: one after another, each with a key and a file of its own.

use std::sync::Arc;

use domain::{RecordingId, Timestamp, What};
use media::command::RecordingLayout;
use media::tone::Tone;
use media::{MediaCommand, PreparedPrompt, PromptKey, RecordingKey};

use super::Call;
use crate::core::Core;
use crate::io::Output;

/// What callers hear before a recording with a beep.
const BEEP: &str = "tone:beep";

/// A recording that begins with the caller's answer: before it there is nothing to be heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WantedRecording {
    stereo: bool,
    beep: bool,
    for_flow: bool,
}

/// A recording whose file is not finished.
#[derive(Debug)]
pub(crate) struct OpenRecording {
    pub key: RecordingKey,
    pub id: RecordingId,
    /// Not stopped yet.
    running: bool,
    /// The flow waits to hear of it.
    for_flow: bool,
}

impl Call {
    /// The flow wants the call recorded. One that runs already goes on as it is.
    pub(super) fn record_for_flow(&mut self, core: &mut Core, now: Timestamp, stereo: bool, beep: bool) {
        if let Some(running) = self.recordings.iter_mut().find(|recording| recording.running) {
            running.for_flow = true;
            return;
        }
        let wanted = WantedRecording { stereo, beep, for_flow: true };
        if self.caller.is_answered() {
            self.start_recording(core, now, wanted);
        } else {
            self.recording_wanted = Some(wanted);
        }
    }

    /// The flow has what it wanted. Where the number says that all of the call is recorded, the next one begins.
    pub(super) fn stop_recording_for_flow(&mut self, core: &mut Core, now: Timestamp) {
        self.recording_wanted = None;
        self.stop_recording(core);
        self.record_all(core, now);
    }

    /// The caller was answered.
    pub(super) fn start_wanted_recording(&mut self, core: &mut Core, now: Timestamp) {
        match self.recording_wanted.take() {
            Some(wanted) => self.start_recording(core, now, wanted),
            None => self.record_all(core, now),
        }
    }

    fn record_all(&mut self, core: &mut Core, now: Timestamp) {
        if self.caller.is_answered() && self.found.as_ref().is_some_and(|found| found.record) {
            self.start_recording(core, now, WantedRecording { stereo: true, beep: false, for_flow: false });
        }
    }

    /// Begins to record what the caller says (left) and hears (right).
    fn start_recording(&mut self, core: &mut Core, now: Timestamp, wanted: WantedRecording) {
        if self.recordings.iter().any(|recording| recording.running) {
            return;
        }
        let key = RecordingKey(core.next_key());
        let id: RecordingId = core.ids.next(now);
        let (layout, channels) = if wanted.stereo { (RecordingLayout::Stereo, 2) } else { (RecordingLayout::Mono, 1) };
        let day = now.to_rfc3339();
        let day = day.get(..10).unwrap_or("0000-00-00").replace('-', "/");
        let storage_key: Arc<str> = format!("recordings/{day}/{}-{id}.wav", self.id).into();
        core.routes.recordings.insert(key, self.id);
        self.recordings.push(OpenRecording { key, id, running: true, for_flow: wanted.for_flow });
        core.outputs.push_back(Output::RecordingFile {
            recording: key,
            id,
            key: storage_key.clone(),
            channels: u16::from(channels),
        });
        core.media(MediaCommand::Record { recording: key, leg: self.caller.media, layout });
        self.log(core, now, What::RecordingStarted { recording: id, key: storage_key.to_string(), channels });
        if wanted.beep {
            self.beep(core);
        }
    }

    /// A beep to the caller, unless a prompt is heard at present; a prompt that comes meanwhile waits for its end.
    fn beep(&mut self, core: &mut Core) {
        if self.playing.as_ref().is_some_and(|playing| !playing.loading) {
            return;
        }
        let Ok(tone) = Tone::parse(BEEP) else { return };
        let key = PromptKey(core.next_key());
        self.beeping = Some(key);
        self.play(core, self.caller.media, PreparedPrompt { key, samples: tone.samples(), looping: false });
    }

    pub(super) fn stop_recording(&mut self, core: &mut Core) {
        if let Some(running) = self.recordings.iter_mut().find(|recording| recording.running) {
            running.running = false;
            core.media(MediaCommand::StopRecording { recording: running.key });
        }
    }

    /// The file is complete, or something went wrong with it.
    pub(crate) fn on_recording_stored(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        key: RecordingKey,
        outcome: Result<(u64, u64), String>,
    ) {
        core.routes.recordings.remove(&key);
        let Some(position) = self.recordings.iter().position(|recording| recording.key == key) else { return };
        let OpenRecording { id, running, for_flow, .. } = self.recordings.swap_remove(position);
        if running {
            // It cannot be written any further.
            core.media(MediaCommand::StopRecording { recording: key });
        }
        let event = match outcome {
            Ok((duration_ms, bytes)) => {
                self.log(core, now, What::RecordingFinished { recording: id, duration_ms, bytes });
                flow::FlowEvent::RecordingCompleted
            }
            Err(reason) => {
                self.log(core, now, What::RecordingFailed { recording: id, reason });
                flow::FlowEvent::RecordingFailed
            }
        };
        if for_flow {
            self.resume(core, now, event);
        }
    }
}
