//! A relay on a virtual clock with phones around it.

#![allow(dead_code, clippy::expect_used, clippy::allow_attributes, reason = "each test file uses a part of the world")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use media::command::{Handling, MediaCommand, RecordingLayout, RemoteMedia};
use media::rtp::{Header, Packet};
use media::{Codec, LegKey, MediaEvent, PreparedPrompt, PromptKey, RecordingKey};
use relay::{Channel, Config, Relay};

pub const STEP: Duration = Duration::from_millis(20);

/// A datagram somebody got.
#[derive(Debug, Clone)]
pub struct Got {
    pub at: Duration,
    pub channel: Channel,
    pub datagram: Vec<u8>,
}

impl Got {
    pub fn packet(&self) -> Packet {
        Packet::parse(&self.datagram).expect("the relay sends valid RTP")
    }

    pub fn payload(&self) -> &[u8] {
        self.packet().payload(&self.datagram)
    }
}

pub struct World {
    pub now: Duration,
    pub relay: Relay,
    pub events: Vec<MediaEvent>,
    pub got: BTreeMap<SocketAddr, Vec<Got>>,
}

pub fn address(text: &str) -> SocketAddr {
    text.parse().expect("a test address")
}

impl World {
    pub fn new(config: Config) -> Self {
        let now = Duration::from_secs(1_800_000_000);
        Self { now, relay: Relay::new(config), events: Vec::new(), got: BTreeMap::new() }
    }

    pub fn command(&mut self, command: MediaCommand) {
        self.relay.command(self.now, command).expect("the command is fine");
        self.drain();
    }

    /// Opens and configures a leg whose peer is at `remote`.
    pub fn leg(&mut self, key: u64, remote: &str, codec: Codec) -> LegKey {
        let leg = LegKey(key);
        let local = SocketAddr::from(([127, 0, 0, 1], 10_000 + 2 * key as u16));
        self.command(MediaCommand::Open { leg, local, telephone_event: Some(101), handling: Handling::Terminate });
        self.command(MediaCommand::Configure { leg, remote: RemoteMedia::new(address(remote), codec) });
        leg
    }

    pub fn play(&mut self, leg: LegKey, key: u64, samples: Vec<i16>, looping: bool) {
        let prompt = PreparedPrompt { key: PromptKey(key), samples: Arc::from(samples), looping };
        self.command(MediaCommand::Play { leg, prompt });
    }

    pub fn record(&mut self, leg: LegKey, key: u64, layout: RecordingLayout) {
        self.command(MediaCommand::Record { recording: RecordingKey(key), leg, layout });
    }

    /// Gives a datagram to the relay; delivers what it forwards.
    pub fn send(&mut self, leg: LegKey, from: SocketAddr, datagram: &[u8]) -> bool {
        let mut buffer = datagram.to_vec();
        let forward = self.relay.receive(self.now, leg, from, &mut buffer);
        self.drain();
        let Some(forward) = forward else { return false };
        buffer.truncate(forward.length);
        let got = Got { at: self.now, channel: forward.channel, datagram: buffer };
        self.got.entry(forward.destination).or_default().push(got);
        true
    }

    pub fn tick(&mut self) {
        let (now, got) = (self.now, &mut self.got);
        self.relay.tick(now, &mut |out| {
            let datagram = out.datagram.to_vec();
            got.entry(out.destination).or_default().push(Got { at: now, channel: out.channel, datagram });
        });
        self.drain();
        self.now += STEP;
    }

    pub fn ticks(&mut self, count: usize) {
        for _ in 0..count {
            self.tick();
        }
    }

    pub fn got(&self, at: &str) -> &[Got] {
        self.got.get(&address(at)).map_or(&[], Vec::as_slice)
    }

    /// RTP only.
    pub fn rtp(&self, at: &str) -> Vec<Got> {
        self.got(at)
            .iter()
            .filter(|got| got.channel == Channel::Rtp && !media::rtp::is_rtcp(&got.datagram))
            .cloned()
            .collect()
    }

    pub fn digits(&self) -> String {
        let digit = |event: &MediaEvent| match event {
            MediaEvent::Digit { digit, .. } => Some(*digit),
            _ => None,
        };
        self.events.iter().filter_map(digit).collect()
    }

    /// A recording's channels, put together by position.
    pub fn recorded(&self, key: u64, channels: usize) -> Vec<Vec<i16>> {
        let mut out = vec![Vec::new(); channels];
        for event in &self.events {
            if let MediaEvent::RecordingChunk(chunk) = event
                && chunk.recording == RecordingKey(key)
            {
                for (channel, samples) in out.iter_mut().enumerate() {
                    samples.resize(chunk.position as usize, 0);
                    samples.extend(chunk.samples.iter().skip(channel).step_by(channels));
                }
            }
        }
        out
    }

    fn drain(&mut self) {
        while let Some(event) = self.relay.poll_event() {
            self.events.push(event);
        }
    }
}

/// A phone that sends audio, one packet a call.
pub struct Phone {
    pub address: SocketAddr,
    pub codec: Codec,
    pub header: Header,
    position: usize,
}

impl Phone {
    pub fn new(at: &str, codec: Codec, ssrc: u32) -> Self {
        let payload_type = codec.payload_type();
        let header = Header { marker: false, payload_type, sequence: 65_530, timestamp: u32::MAX - 400, ssrc };
        Self { address: address(at), codec, header, position: 0 }
    }

    /// The next packet of `audio`; silence after its end.
    pub fn packet(&mut self, audio: &[i16]) -> Vec<u8> {
        let mut datagram = vec![self.codec.silence(); 172];
        self.header.write(&mut datagram).expect("room");
        let from = audio.get(self.position..).unwrap_or_default();
        self.codec.encode_into(from, &mut datagram[12..]);
        self.position += 160;
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.header.timestamp = self.header.timestamp.wrapping_add(160);
        datagram
    }

    /// A telephone-event packet with this phone's next sequence number.
    pub fn event(&mut self, payload: [u8; 4], timestamp: u32, marker: bool) -> Vec<u8> {
        let header = Header { marker, payload_type: 101, timestamp, ..self.header };
        self.header.sequence = self.header.sequence.wrapping_add(1);
        let mut datagram = vec![0; 16];
        header.write(&mut datagram).expect("room");
        datagram[12..].copy_from_slice(&payload);
        datagram
    }
}

/// Voice-like noise: reproducible, broadband, so that a correlation has one sharp peak.
pub fn noise(seed: u64, samples: usize) -> Vec<i16> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..samples)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            ((state >> 40) as i16) / 4
        })
        .collect()
}

/// Normalised correlation of `a` with `b` shifted right by `lag` (b starts `lag` samples into a).
pub fn correlation(a: &[i16], b: &[i16], lag: isize) -> f64 {
    let (mut dot, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (index, sample) in b.iter().enumerate() {
        let at = index as isize + lag;
        let other = usize::try_from(at).ok().and_then(|at| a.get(at)).copied().unwrap_or(0);
        dot += f64::from(*sample) * f64::from(other);
        aa += f64::from(other) * f64::from(other);
        bb += f64::from(*sample) * f64::from(*sample);
    }
    if aa == 0.0 || bb == 0.0 { 0.0 } else { dot / (aa * bb).sqrt() }
}

/// The lag in `range` with the highest correlation, and that correlation.
pub fn best_lag(a: &[i16], b: &[i16], range: std::ops::Range<isize>) -> (isize, f64) {
    range.map(|lag| (lag, correlation(a, b, lag))).max_by(|x, y| x.1.total_cmp(&y.1)).unwrap_or((0, 0.0))
}
