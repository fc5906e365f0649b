//! What a node does when the call comes to it.

use std::{collections::BTreeMap, sync::Arc};

use domain::Timestamp;
use serde_json::Value;

use super::{Out, Run, Wait, Way};
use crate::Instruction;
use crate::expression::Variables;
use crate::instruction::WhisperTerms;
use crate::limits::TAGS_MAX;
use crate::program::{Action, At, Recording, Waiting};

/// Longest a prompt before a hang-up may play.
const FAREWELL_MS_MAX: u64 = 120_000;

impl Run {
    pub(super) fn enter(&mut self, at: At, now: Timestamp, out: &mut Out) -> Way {
        let program = Arc::clone(&self.program);
        let node = program.node(at);
        out.push(Instruction::EnterNode { node: node.id.clone(), kind: node.kind });
        match &node.action {
            Action::Jump { target } => self.leave(at, "next", Some(*target), out),
            Action::Ivr(_) => self.menu_begin(at, out),
            Action::If { condition, then, otherwise } => {
                let variables = Variables { facts: &self.facts, tags: &self.tags, ivr_input: &self.ivr_input, now };
                if condition.holds(&variables) {
                    self.leave(at, "true", Some(*then), out)
                } else {
                    self.leave(at, "false", *otherwise, out)
                }
            }
            Action::Queue(waiting) => self.join(at, waiting, out),
            Action::Buyer { offer, .. } => {
                out.push(Instruction::Offer { offer: Arc::clone(offer), whisper: self.whisper_terms() });
                self.wait(at, Wait::Buyer { connected: false })
            }
            Action::Record(recording) => self.record(at, recording, out),
            Action::Tag(tags) => {
                self.tag(tags, out);
                self.leave(at, "next", None, out)
            }
            Action::Whisper { on_accept, .. } => {
                self.whisper = Some(at);
                self.leave(at, "next", node.next.or(*on_accept), out)
            }
            Action::Pause { millis } => {
                self.start_timer(*millis, out);
                self.wait(at, Wait::Pause)
            }
            Action::Fallback { .. } => self.begin_branch(at, out),
            Action::HangUp { cause, prompt } => match prompt {
                Some(prompt) => {
                    out.push(Instruction::Play { prompt: Arc::clone(prompt) });
                    self.start_timer(FAREWELL_MS_MAX, out);
                    self.wait(at, Wait::Farewell)
                }
                None => {
                    self.left(at, "hangup", out);
                    Way::End(*cause, None)
                }
            },
        }
    }

    fn join(&mut self, at: At, waiting: &Waiting, out: &mut Out) -> Way {
        out.push(Instruction::JoinQueue {
            queue: Arc::clone(&waiting.queue),
            wait_prompt: waiting.wait_prompt.clone(),
            size_max: waiting.size_max,
            whisper: self.whisper_terms(),
        });
        if let Some(millis) = waiting.timeout_ms {
            self.start_timer(millis, out);
        }
        self.wait(at, Wait::Agent { connected: false })
    }

    fn record(&mut self, at: At, recording: &Recording, out: &mut Out) -> Way {
        let own = self.recording.is_none();
        if own {
            self.recording = Some(at);
            let &Recording { format, channels, beep, .. } = recording;
            out.push(Instruction::StartRecording { format, channels, beep });
        }
        if recording.on_complete.is_none() {
            return self.leave(at, "next", None, out);
        }
        self.start_timer(recording.message_ms_max, out);
        self.wait(at, Wait::Message { own, stopping: false })
    }

    fn tag(&mut self, tags: &Arc<BTreeMap<String, Value>>, out: &mut Out) {
        let room = TAGS_MAX.saturating_sub(self.tags.len());
        let new = tags.keys().filter(|name| !self.tags.contains_key(*name)).count();
        let tags = if new <= room {
            Arc::clone(tags)
        } else {
            let mut room = room;
            let fits = |name: &String| {
                let known = self.tags.contains_key(name);
                let fits = known || room > 0;
                room = room.saturating_sub(usize::from(!known));
                fits
            };
            let mut fits = fits;
            Arc::new(
                tags.iter().filter(|(name, _)| fits(name)).map(|(name, value)| (name.clone(), value.clone())).collect(),
            )
        };
        self.tags.extend(tags.iter().map(|(name, value)| (name.clone(), value.clone())));
        out.push(Instruction::Tag { tags });
    }

    fn whisper_terms(&self) -> Option<Arc<WhisperTerms>> {
        match &self.program.node(self.whisper?).action {
            Action::Whisper { terms, .. } => Some(Arc::clone(terms)),
            _ => None,
        }
    }
}
