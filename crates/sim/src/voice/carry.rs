//! What comes out of switch, media engine and phones is carried on.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use domain::Timestamp;
use media::command::Handling;
use media::event::RecordingChunk;
use media::{LegKey, MediaCommand, MediaEvent};
use relay::Channel;
use sip::message::{Message, parse};
use switch::{Input, Output};

use super::{EDGE, Later, Recorded, SWITCH, Socket, World, address};

impl World {
    pub(super) fn send_sip(&mut self, from: SocketAddr, to: SocketAddr, bytes: Bytes) {
        for bytes in self.tamper.pass(from, to, bytes) {
            self.network.send(self.now, to, (from, bytes));
        }
    }

    pub(super) fn on_media_event(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::RecordingChunk(chunk) => {
                self.keep_audio(&chunk);
            }
            MediaEvent::RecordingFinished(summary) => {
                // None: it failed already, or its switch died.
                let Some(Recorded { samples, .. }) = self.recorded.remove(&summary.recording) else { return };
                let written = !self.happens(self.scenario.unwritten_permille);
                let at = self.soon();
                self.later.put(at, Later::Stored(summary.recording, written.then_some(samples)));
            }
            event => self.switch_inputs.push_back(Input::Media(event)),
        }
    }

    fn keep_audio(&mut self, chunk: &RecordingChunk) {
        let Some(recorded) = self.recorded.get_mut(&chunk.recording) else { return };
        let channels = usize::from(chunk.layout.channels());
        recorded.samples += (chunk.samples.len() / channels) as u64;
        if self.scenario.keeps_audio {
            let (left, right) = self.story.recorded.entry(recorded.id).or_default();
            left.extend(chunk.samples.iter().step_by(channels));
            right.extend(chunk.samples.iter().skip(1).step_by(channels));
        }
    }

    fn soon(&mut self) -> Timestamp {
        let span = u64::try_from(self.scenario.answer_max.as_micros()).unwrap_or(0);
        self.now.after(Duration::from_micros(self.answers.below(span + 1)))
    }

    fn happens(&mut self, permille: u16) -> bool {
        self.answers.below(1_000) < u64::from(permille)
    }

    pub(super) fn on_switch_output(&mut self, output: Output) {
        match output {
            Output::Sip { destination, bytes } => {
                self.note_final(destination.remote, &bytes);
                self.send_sip(destination.local, destination.remote, bytes);
            }
            Output::Ask { token, ask } => {
                let answer = if self.happens(self.scenario.failed_permille) {
                    Some(switch::ask::Answer::Failed { reason: "simulated fault".to_owned() })
                } else {
                    self.desk.answer(token, ask, self.now)
                };
                if let Some(answer) = answer {
                    let at = self.soon();
                    self.later.put(at, Later::Answer(token, Box::new(answer)));
                }
            }
            Output::Event { event, durable } => {
                let kept = !(durable.is_some() && self.happens(self.scenario.unkept_permille));
                if kept {
                    for (token, answer) in self.desk.learn(&event) {
                        let at = self.soon();
                        self.later.put(at, Later::Answer(token, Box::new(answer)));
                    }
                    self.story.events.push(event);
                } else {
                    self.story.unkept.push(event);
                }
                if let Some(token) = durable {
                    let at = self.soon();
                    self.later.put(at, Later::Kept(token, kept));
                }
            }
            Output::OpenMedia { leg, telephone_event } => self.open_media(leg, telephone_event),
            Output::Media(command) => {
                let closed = if let MediaCommand::Close { leg } = command { Some(leg) } else { None };
                // A command for a leg that is gone is no fault: both sides may hang up at once.
                let _ = self.relay.command(self.now.since_epoch(), command);
                if let Some(leg) = closed {
                    self.tick();
                    self.forget(Socket::Leg(leg, Channel::Rtp));
                    self.forget(Socket::Leg(leg, Channel::Rtcp));
                }
            }
            Output::RecordingFile { recording, id, key, .. } => {
                self.recorded.insert(recording, Recorded { id, samples: 0 });
                self.story.recording_keys.push(key.to_string());
            }
        }
    }

    /// Final answers of the switch to INVITEs from the edge.
    fn note_final(&mut self, to: SocketAddr, bytes: &Bytes) {
        if to != address(EDGE) || !bytes.starts_with(b"SIP/2.0") {
            return;
        }
        let Ok(Message::Response(response)) = parse(bytes.clone()) else { return };
        let is_first = response.cseq().is_some_and(|cseq| cseq.method == b"INVITE" && cseq.number == 1);
        if is_first && response.status() >= 200 {
            let tag = response.to_tag().unwrap_or_default().to_vec();
            let call_id = Bytes::copy_from_slice(response.call_id());
            self.story.finals.entry(call_id).or_default().insert((response.status(), tag));
        }
    }

    fn open_media(&mut self, leg: LegKey, telephone_event: u8) {
        let port = self.next_port();
        let local = SocketAddr::new(address(SWITCH).ip(), port);
        self.bind(Socket::Leg(leg, Channel::Rtp), local);
        self.bind(Socket::Leg(leg, Channel::Rtcp), SocketAddr::new(local.ip(), port + 1));
        let open =
            MediaCommand::Open { leg, local, telephone_event: Some(telephone_event), handling: Handling::Terminate };
        let input = match self.relay.command(self.now.since_epoch(), open) {
            Ok(()) => Input::MediaOpened { leg, address: local },
            Err(_) => Input::MediaRefused { leg },
        };
        self.switch_inputs.push_back(input);
    }

    fn next_port(&mut self) -> u16 {
        self.next_port = if self.next_port > 60_000 { 10_000 } else { self.next_port + 2 };
        self.next_port
    }

    fn bind(&mut self, socket: Socket, at: SocketAddr) {
        self.sockets.insert(at, socket);
        self.addresses.insert(socket, at);
    }

    pub(super) fn forget(&mut self, socket: Socket) {
        if let Some(at) = self.addresses.remove(&socket) {
            self.sockets.remove(&at);
        }
    }

    pub(super) fn on_phone_output(&mut self, index: usize, output: phone::Output) {
        let now = self.now;
        match output {
            phone::Output::SendSip { to, bytes } => {
                let from = self.phones[index].0;
                self.send_sip(from, to, bytes);
            }
            phone::Output::SendRtp { call, to, bytes } => {
                if let Some(from) = self.addresses.get(&Socket::Phone(index, call)) {
                    self.network.send(now, to, (*from, bytes));
                }
            }
            phone::Output::OpenMedia { call } => {
                let at = SocketAddr::new(self.phones[index].0.ip(), self.next_port());
                self.bind(Socket::Phone(index, call), at);
                self.phones[index].1.handle(now.since_epoch(), phone::Input::MediaOpened { call, address: at });
            }
            phone::Output::CloseMedia { call } => self.forget(Socket::Phone(index, call)),
            phone::Output::Event(phone::Event::Ended { report, .. }) if index == 0 => self.story.reports.push(*report),
            phone::Output::Event(phone::Event::Ended { report, .. }) => self.story.answered.push((index - 1, *report)),
            phone::Output::Event(_) => {}
        }
    }
}
