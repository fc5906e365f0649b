//! The RTP side of one call: a packet every 20 ms out, whatever comes in.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use media::command::{AudioFormat, Direction};
use media::dtmf::{self, EventPacket};
use media::jitter::Timeline;
use media::latch::{Latch, LatchConfig, LatchPolicy, Verdict};
use media::rtcp::Reception;
use media::rtp::{HEADER_LEN, Header, Packet, is_rtcp};
use media::{Codec, MediaStats, PACKET_SAMPLES, SAMPLE_RATE_HZ, quality, samples_in};

use crate::voice::{SAMPLES_MAX, Sound};

/// Between two packets.
const INTERVAL_MS: u64 = 20;

/// Later than this by our own fault, packets are left out instead of sent in a burst.
const BEHIND_MAX: Duration = Duration::from_millis(200);

/// How long a packet may be on its way before what it holds is missing from what was heard.
const PLAYOUT_SAMPLES: u64 = 60 * SAMPLE_RATE_HZ as u64 / 1_000;

/// Room between what was heard and the newest packet.
const TIMELINE_SAMPLES: usize = SAMPLE_RATE_HZ as usize;

/// Keys remembered of one call.
const DIGITS_HEARD_MAX: usize = 256;

const TONE: Duration = Duration::from_millis(120);
const GAP: Duration = Duration::from_millis(80);

/// The other side's RTP, as its SDP says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remote {
    pub rtp: SocketAddr,
    pub format: AudioFormat,
    /// Payload types of telephone events: towards the other side, and towards us.
    pub event_out: Option<u8>,
    pub event_in: Option<u8>,
    /// As seen from here.
    pub direction: Direction,
}

/// Where a stream of ours starts: random, as RFC 3550 section 5.1 asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
}

#[derive(Debug)]
struct Playing {
    sound: Sound,
    at: usize,
    repeat: bool,
}

#[derive(Debug)]
pub(crate) struct Audio {
    since: Duration,
    /// Intervals since then, sent or not.
    ticks: u64,
    remote: Option<Remote>,
    /// Where the other side really is: behind NAT its SDP does not know.
    latch: Latch,
    start: Start,
    sent: u64,
    sent_bytes: u64,
    marker: bool,
    playing: Option<Playing>,
    muted: bool,
    keys: dtmf::Sender,
    key_timestamp: u32,
    keys_heard: dtmf::Receiver,
    digits_heard: String,
    reception: Reception,
    received_bytes: u64,
    invalid: u64,
    refused: u64,
    timeline: Timeline,
    heard: Vec<i16>,
    heard_samples_max: usize,
}

impl Audio {
    /// Keeps the first `heard_samples_max` samples of what comes in; 0 keeps counts only.
    pub(crate) fn new(now: Duration, start: Start, heard_samples_max: usize) -> Self {
        Self {
            since: now,
            ticks: 0,
            remote: None,
            latch: Latch::new(LatchConfig::default()),
            start,
            sent: 0,
            sent_bytes: 0,
            marker: true,
            playing: None,
            muted: false,
            keys: dtmf::Sender::new(TONE, GAP),
            key_timestamp: 0,
            keys_heard: dtmf::Receiver::default(),
            digits_heard: String::new(),
            reception: Reception::default(),
            received_bytes: 0,
            invalid: 0,
            refused: 0,
            timeline: Timeline::new(if heard_samples_max == 0 { 1 } else { TIMELINE_SAMPLES }),
            heard: Vec::new(),
            heard_samples_max: heard_samples_max.min(SAMPLES_MAX),
        }
    }

    /// The other side's SDP arrived, or a new one.
    pub(crate) fn configure(&mut self, now: Duration, remote: Remote) {
        self.latch.negotiate(now, remote.rtp, LatchPolicy::Learn);
        self.remote = Some(remote);
    }

    pub(crate) fn takes_events(&self) -> bool {
        self.remote.is_some_and(|remote| remote.event_out.is_some())
    }

    pub(crate) fn say(&mut self, sound: Sound, repeat: bool) {
        self.marker = true;
        self.playing = (!sound.is_empty()).then_some(Playing { sound, at: 0, repeat });
    }

    pub(crate) fn stop_saying(&mut self) {
        self.playing = None;
    }

    /// Sends nothing any more, and goes on listening: what is under way still counts.
    pub(crate) fn mute(&mut self) {
        self.muted = true;
    }

    pub(crate) fn press(&mut self, digits: &str) {
        self.keys.push(digits);
    }

    /// Nothing is being said or pressed.
    pub(crate) fn is_quiet(&self) -> bool {
        self.playing.is_none() && self.keys.is_idle()
    }

    pub(crate) fn next_timeout(&self) -> Duration {
        self.due(self.ticks)
    }

    fn due(&self, tick: u64) -> Duration {
        self.since.saturating_add(Duration::from_millis(tick.saturating_mul(INTERVAL_MS)))
    }

    /// The next packet that is due, and where it goes.
    pub(crate) fn poll(&mut self, now: Duration) -> Option<(SocketAddr, Bytes)> {
        while self.due(self.ticks) <= now {
            let due = self.due(self.ticks);
            let tick = self.ticks;
            self.ticks += 1;
            self.listen_until(samples_in(due.saturating_sub(self.since)).saturating_sub(PLAYOUT_SAMPLES));
            if let Some(digit) = self.keys_heard.poll(due) {
                self.note_digit(digit.digit);
            }
            if now.saturating_sub(due) > BEHIND_MAX {
                continue;
            }
            let open = |remote: &Remote| !self.muted && remote.direction.sends() && remote.rtp.port() != 0;
            let remote = self.remote.filter(open);
            if let Some(remote) = remote {
                let destination = self.latch.destination().unwrap_or(remote.rtp);
                return Some((destination, self.packet(due, tick, remote)));
            }
            // Time passes for what is said to nobody, too.
            self.advance(&mut [0; PACKET_SAMPLES]);
        }
        None
    }

    fn packet(&mut self, due: Duration, tick: u64, remote: Remote) -> Bytes {
        let timestamp = self.start.timestamp.wrapping_add((tick as u32).wrapping_mul(PACKET_SAMPLES as u32));
        if let Some(event_type) = remote.event_out
            && let Some(EventPacket { start, payload }) = self.keys.poll(due)
        {
            if start {
                self.key_timestamp = timestamp;
            }
            self.marker = true;
            return self.write(event_type, start, self.key_timestamp, &payload);
        }
        let mut samples = [0; PACKET_SAMPLES];
        self.advance(&mut samples);
        let mut octets = [0; PACKET_SAMPLES];
        remote.format.codec.encode_into(&samples, &mut octets);
        let marker = std::mem::take(&mut self.marker);
        self.write(remote.format.payload_type, marker, timestamp, &octets)
    }

    fn write(&mut self, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8]) -> Bytes {
        let sequence = self.start.sequence.wrapping_add(self.sent as u16);
        let header = Header { marker, payload_type, sequence, timestamp, ssrc: self.start.ssrc };
        let mut datagram = vec![0; HEADER_LEN];
        header.write(&mut datagram);
        datagram.extend_from_slice(payload);
        self.sent += 1;
        self.sent_bytes += datagram.len() as u64;
        datagram.into()
    }

    /// Puts the next 20 ms of what is being said into `samples`, silence where nothing is.
    fn advance(&mut self, samples: &mut [i16; PACKET_SAMPLES]) {
        let Some(playing) = &mut self.playing else { return };
        for sample in samples {
            if playing.at == playing.sound.len() {
                if !playing.repeat {
                    break;
                }
                playing.at = 0;
            }
            *sample = playing.sound[playing.at];
            playing.at += 1;
        }
        if playing.at == playing.sound.len() && !playing.repeat {
            self.playing = None;
        }
    }

    /// Takes a datagram from the call's RTP socket.
    pub(crate) fn receive(&mut self, now: Duration, source: SocketAddr, datagram: &[u8]) {
        if is_rtcp(datagram) {
            return;
        }
        let Some(remote) = self.remote else {
            // Media may overtake the SDP that announces it (RFC 3264 section 5.1); nothing says yet what it is.
            self.refused += 1;
            return;
        };
        let Ok(packet) = Packet::parse(datagram) else {
            self.invalid += 1;
            return;
        };
        let payload = packet.payload(datagram);
        let codec = Codec::from_payload_type(packet.header.payload_type);
        if codec.is_none() && remote.event_in != Some(packet.header.payload_type) {
            self.invalid += 1;
            return;
        }
        if !matches!(self.latch.check(now, source, &packet.header), Verdict::Accept | Verdict::Latched) {
            self.refused += 1;
            return;
        }
        self.reception.receive(now, &packet.header, SAMPLE_RATE_HZ);
        self.received_bytes += datagram.len() as u64;
        match codec {
            Some(codec) if self.heard.len() < self.heard_samples_max => {
                let arrival = samples_in(now.saturating_sub(self.since));
                let samples = payload.iter().map(|octet| codec.decode(*octet));
                self.timeline.insert(arrival, packet.header.ssrc, packet.header.timestamp, samples);
            }
            Some(_) => {}
            None => {
                for digit in self.keys_heard.receive(now, &packet.header, payload).into_iter().flatten() {
                    self.note_digit(digit.digit);
                }
            }
        }
    }

    pub(crate) fn note_digit(&mut self, digit: char) {
        if self.digits_heard.len() < DIGITS_HEARD_MAX {
            self.digits_heard.push(digit);
        }
    }

    fn listen_until(&mut self, position: u64) {
        let room = self.heard_samples_max.saturating_sub(self.heard.len()) as u64;
        let position = position.min(self.timeline.position().saturating_add(room));
        let heard = &mut self.heard;
        self.timeline.read_until(position, |sample| heard.push(sample));
    }

    /// What was heard until `now` and the counts; the audio is handed over, not copied.
    pub(crate) fn finish(&mut self, now: Duration) -> (Vec<i16>, String, MediaStats) {
        self.listen_until(samples_in(now.saturating_sub(self.since)));
        if let Some(digit) = self.keys_heard.flush() {
            self.note_digit(digit.digit);
        }
        (std::mem::take(&mut self.heard), std::mem::take(&mut self.digits_heard), self.stats())
    }

    pub(crate) fn stats(&self) -> MediaStats {
        let jitter = self.reception.jitter(SAMPLE_RATE_HZ);
        let rating = quality::rating(jitter, self.reception.loss(), Duration::ZERO);
        MediaStats {
            packets_in: self.reception.received(),
            packets_out: self.sent,
            bytes_in: self.received_bytes,
            bytes_out: self.sent_bytes,
            lost: self.reception.lost(),
            jitter_us: u32::try_from(jitter.as_micros()).unwrap_or(u32::MAX),
            late: self.timeline.late(),
            refused: self.refused,
            invalid: self.invalid,
            mos_x100: quality::mos_x100(rating),
            ..MediaStats::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hears::{self, TonePair};
    use crate::voice;

    const START: Start = Start { ssrc: 9, sequence: 65_530, timestamp: u32::MAX - 1_000 };

    fn remote(port: u16) -> Remote {
        Remote {
            rtp: SocketAddr::from(([127, 0, 0, 1], port)),
            format: AudioFormat::of(Codec::Pcmu),
            event_out: Some(101),
            event_in: Some(101),
            direction: Direction::SendReceive,
        }
    }

    /// Two ends joined by a wire that takes `delay` and drops what `keep` says; returns the listening end.
    fn talk(lasts: Duration, delay: Duration, keep: impl Fn(u64) -> bool, prepare: impl Fn(&mut Audio)) -> Audio {
        let began = Duration::from_secs(1_000);
        let mut speaker = Audio::new(began, START, 0);
        let mut listener = Audio::new(began, START, SAMPLES_MAX);
        speaker.configure(began, remote(4_000));
        listener.configure(began, remote(4_002));
        prepare(&mut speaker);
        let mut now = began;
        let mut count = 0;
        while now < began + lasts {
            while let Some((_, datagram)) = speaker.poll(now) {
                count += 1;
                if keep(count) {
                    listener.receive(now + delay, SocketAddr::from(([127, 0, 0, 1], 4_002)), &datagram);
                }
            }
            while listener.poll(now).is_some() {}
            now += Duration::from_millis(INTERVAL_MS);
        }
        listener
    }

    #[test]
    fn what_is_said_is_heard_across_wrapping_counters() {
        let sound = voice::tones(&[523, 1568], Duration::from_secs(2));
        let mut listener = talk(
            Duration::from_secs(3),
            Duration::from_millis(5),
            |_| true,
            |speaker| {
                speaker.say(sound.clone(), false);
            },
        );
        let (heard, _, stats) = listener.finish(Duration::from_secs(1_003));
        let found = hears::find(&heard, &sound).unwrap();
        assert!(found.likeness > 0.99, "{found:?}");
        assert!(hears::pair_lasts(&heard, TonePair(523, 1568)) >= Duration::from_millis(1_900));
        assert_eq!((stats.packets_in, stats.lost, stats.invalid, stats.refused), (150, 0, 0, 0));
    }

    #[test]
    fn loss_is_counted_and_heard_as_silence_of_the_right_length() {
        let sound = voice::tones(&[440], Duration::from_secs(2));
        let mut listener = talk(
            Duration::from_secs(2),
            Duration::from_millis(5),
            |count| count % 10 != 5,
            |speaker| {
                speaker.say(sound.clone(), true);
            },
        );
        let (heard, _, stats) = listener.finish(Duration::from_secs(1_002));
        assert_eq!((stats.packets_in, stats.lost), (90, 10));
        assert_eq!(heard.len(), 16_000);
        let silent = heard.chunks(40).filter(|chunk| hears::level(chunk) < hears::SILENCE_LEVEL).count();
        assert!((40..=42).contains(&silent), "{silent} quarters of a packet");
    }

    #[test]
    fn keys_arrive_once_each_although_packets_are_lost() {
        let mut listener = talk(
            Duration::from_secs(4),
            Duration::ZERO,
            |count| count % 3 != 0,
            |speaker| {
                speaker.press("12,#90D");
            },
        );
        let (_, digits, _) = listener.finish(Duration::from_secs(1_004));
        assert_eq!(digits, "12#90D");
    }

    #[test]
    fn a_stranger_is_not_heard() {
        let mut listener = Audio::new(Duration::ZERO, START, SAMPLES_MAX);
        listener.configure(Duration::ZERO, remote(4_002));
        let mut speaker = Audio::new(Duration::ZERO, START, 0);
        speaker.configure(Duration::ZERO, remote(4_000));
        let (_, datagram) = speaker.poll(Duration::ZERO).unwrap();
        listener.receive(Duration::ZERO, SocketAddr::from(([127, 0, 0, 9], 4_002)), &datagram);
        listener.receive(Duration::ZERO, SocketAddr::from(([127, 0, 0, 1], 4_002)), &datagram[..7]);
        let stats = listener.stats();
        assert_eq!((stats.packets_in, stats.refused, stats.invalid), (0, 1, 1));
    }

    #[test]
    fn a_peer_behind_nat_is_learned_and_answered_where_it_is() {
        let mut listener = Audio::new(Duration::ZERO, START, SAMPLES_MAX);
        listener.configure(Duration::ZERO, remote(4_002));
        let mut speaker = Audio::new(Duration::ZERO, START, 0);
        speaker.configure(Duration::ZERO, remote(4_000));
        let outside = SocketAddr::from(([127, 0, 0, 9], 9_999));
        for tick in 0..50 {
            let now = Duration::from_millis(tick * INTERVAL_MS);
            let (_, datagram) = speaker.poll(now).unwrap();
            listener.receive(now, outside, &datagram);
        }
        assert!(listener.stats().packets_in >= 40, "{:?}", listener.stats());
        let (to, _) = listener.poll(Duration::from_secs(1)).unwrap();
        assert_eq!(to, outside);
    }

    #[test]
    fn a_stalled_owner_makes_no_burst() {
        let mut speaker = Audio::new(Duration::ZERO, START, 0);
        speaker.configure(Duration::ZERO, remote(4_000));
        let late = std::iter::from_fn(|| speaker.poll(Duration::from_secs(10))).count();
        assert_eq!(late, 11);
    }
}
