//! The engine: commands and packets in, packets and events out.

mod command;
mod receive;
mod report;
mod tick;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use media::dtmf::Digit;
use media::event::{DigitSource, RecordingChunk};
use media::{LegKey, MediaEvent, MediaStats, RecordingKey};

pub use command::CommandError;

use crate::Config;
use crate::recording::Recording;
use crate::slots::Slots;

/// Which socket of a leg's pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    Rtp,
    Rtcp,
}

/// The received buffer, rewritten in place, is to be sent on: its first `length` octets, from the socket of `leg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forward {
    pub leg: LegKey,
    pub channel: Channel,
    pub destination: SocketAddr,
    pub length: usize,
}

/// A packet the engine made itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing<'a> {
    pub leg: LegKey,
    pub channel: Channel,
    pub destination: SocketAddr,
    pub datagram: &'a [u8],
}

/// The media engine of one thread.
#[derive(Debug)]
pub struct Relay {
    config: Config,
    random: u64,
    legs: Slots,
    recordings: HashMap<RecordingKey, usize>,
    events: VecDeque<MediaEvent>,
    events_dropped: u64,
    /// Legs with a prompt, digits or a recording: what every tick visits.
    busy: Vec<usize>,
    /// Where the slow sweep over all legs goes on.
    sweep: usize,
    /// Last reports of closed legs, sent with the next tick.
    farewells: Vec<report::Farewell>,
    /// Counts of legs that are closed.
    closed: Totals,
    /// Datagrams for legs that are not open.
    strays: u64,
}

/// Sums over all legs, open and closed, since the start: for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub packets_in: u64,
    pub packets_out: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub lost: u64,
    pub refused: u64,
    pub invalid: u64,
}

impl Totals {
    fn add(&mut self, stats: &MediaStats) {
        self.packets_in += stats.packets_in;
        self.packets_out += stats.packets_out;
        self.bytes_in += stats.bytes_in;
        self.bytes_out += stats.bytes_out;
        self.lost += stats.lost;
        self.refused += stats.refused;
        self.invalid += stats.invalid;
    }
}

impl Relay {
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            random: config.seed,
            config,
            legs: Slots::default(),
            recordings: HashMap::new(),
            events: VecDeque::new(),
            events_dropped: 0,
            busy: Vec::new(),
            sweep: 0,
            farewells: Vec::new(),
            closed: Totals::default(),
            strays: 0,
        }
    }

    /// Legs open now.
    #[must_use]
    pub fn legs(&self) -> usize {
        self.legs.len()
    }

    /// The numbers of an open leg.
    #[must_use]
    pub fn stats(&self, leg: LegKey) -> Option<MediaStats> {
        Some(self.legs.get(self.legs.find(leg)?)?.stats())
    }

    /// The sums over all legs. Visits each open leg: ask once in some seconds, not for each packet.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = self.closed;
        for leg in (0..self.legs.capacity()).filter_map(|at| self.legs.get(at)) {
            totals.add(&leg.stats());
        }
        totals
    }

    /// The address a leg's packets are sent to at present.
    #[must_use]
    pub fn destination(&self, leg: LegKey) -> Option<SocketAddr> {
        self.legs.get(self.legs.find(leg)?)?.rtp_destination()
    }

    /// Our own address of a leg.
    #[must_use]
    pub fn local(&self, leg: LegKey) -> Option<SocketAddr> {
        Some(self.legs.get(self.legs.find(leg)?)?.local)
    }

    /// Is the leg silent for so long that [`MediaEvent::Timeout`] was told, and still?
    #[must_use]
    pub fn has_timed_out(&self, leg: LegKey) -> bool {
        self.legs.find(leg).and_then(|at| self.legs.get(at)).is_some_and(|leg| leg.timeout_told)
    }

    /// The next event, oldest first. Take all of them after every batch of work.
    pub fn poll_event(&mut self) -> Option<MediaEvent> {
        self.events.pop_front()
    }

    /// Events dropped because nobody took them.
    #[must_use]
    pub fn events_dropped(&self) -> u64 {
        self.events_dropped
    }

    /// Datagrams given for legs that are not open.
    #[must_use]
    pub fn strays(&self) -> u64 {
        self.strays
    }

    /// An event that may be dropped at the bound.
    fn offer(&mut self, event: MediaEvent) {
        if self.events.len() < self.config.events_max {
            self.events.push_back(event);
        } else {
            self.events_dropped += 1;
        }
    }

    /// An event somebody waits for: at most a few for each command given, so the commands bound them.
    fn tell(&mut self, event: MediaEvent) {
        self.events.push_back(event);
    }

    /// A chunk may be dropped at the bound; the recording then has a silent gap and says so.
    fn offer_chunk(&mut self, recording: &mut Recording, chunk: RecordingChunk) {
        if self.events.len() < self.config.events_max {
            self.events.push_back(MediaEvent::RecordingChunk(chunk));
        } else {
            recording.count_dropped(&chunk);
            self.events_dropped += 1;
        }
    }

    fn mark_busy(&mut self, at: usize) {
        if let Some(leg) = self.legs.get_mut(at)
            && !leg.busy
        {
            leg.busy = true;
            self.busy.push(at);
        }
    }

    fn random(&mut self) -> u64 {
        split_mix(&mut self.random)
    }

    /// Tells a recording's rest and end; returns its late packets.
    fn finish_recording(&mut self, now: Duration, leg: LegKey, mut recording: Box<Recording>) -> u64 {
        self.recordings.remove(&recording.key);
        while let Some(chunk) = recording.finish(now) {
            self.offer_chunk(&mut recording, chunk);
        }
        self.tell(MediaEvent::RecordingFinished(recording.summary(leg)));
        recording.late()
    }

    fn offer_digit(&mut self, leg: LegKey, digit: Digit) {
        let Digit { digit, duration_ms } = digit;
        self.offer(MediaEvent::Digit { leg, digit, duration_ms, source: DigitSource::Rfc4733 });
    }
}

/// The next number of a SplitMix64 sequence: for SSRCs and port order, which need no secrecy.
pub(crate) fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
