//! Two phones on a wire with a virtual clock: minutes of calls pass in milliseconds.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a call that cannot be made ends the test")]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use domain::Seed;
use phone::{CallKey, CallReport, Config, Dial, Event, Input, Output, Phone};

pub const CALLER: usize = 0;
pub const CALLED: usize = 1;

pub fn sip_address(phone: usize) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 5_060 + phone as u16 * 10))
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Flying {
    arrives: Duration,
    serial: u64,
    from: SocketAddr,
    to: SocketAddr,
    bytes: Bytes,
}

/// Drops a SIP datagram, by its number from 1.
type Drops = Box<dyn FnMut(u64, &[u8]) -> bool>;

pub struct Wire {
    pub now: Duration,
    pub phones: Vec<Phone>,
    pub delay: Duration,
    pub drops: Drops,
    pub ladder: Vec<String>,
    pub reports: HashMap<(usize, CallKey), CallReport>,
    pub events: Vec<(usize, Event)>,
    flying: BinaryHeap<Reverse<Flying>>,
    media: HashMap<SocketAddr, (usize, CallKey)>,
    sip_sent: u64,
    serial: u64,
    next_port: u16,
}

impl Wire {
    pub fn new(caller: impl FnOnce(&mut Config), called: impl FnOnce(&mut Config)) -> Self {
        let mut configs = [Config::new(sip_address(CALLER), "alice"), Config::new(sip_address(CALLED), "bob")];
        caller(&mut configs[CALLER]);
        called(&mut configs[CALLED]);
        let phones = configs.into_iter().zip(1..).map(|(config, seed)| Phone::new(config, Seed::from_number(seed)));
        Self {
            now: Duration::from_secs(1_000_000),
            phones: phones.collect(),
            delay: Duration::from_millis(3),
            drops: Box::new(|_, _| false),
            ladder: Vec::new(),
            reports: HashMap::new(),
            events: Vec::new(),
            flying: BinaryHeap::new(),
            media: HashMap::new(),
            sip_sent: 0,
            serial: 0,
            next_port: 20_000,
        }
    }

    pub fn dial(&mut self, change: impl FnOnce(&mut Dial)) -> CallKey {
        let mut dial = Dial {
            target: format!("sip:bob@{}", sip_address(CALLED)),
            hop: sip_address(CALLED),
            from: Some("+15550001".to_owned()),
            steps: Vec::new(),
            gives_up_after: Duration::from_secs(60),
        };
        change(&mut dial);
        let key = self.phones[CALLER].dial(self.now, dial).unwrap();
        self.drain();
        key
    }

    pub fn hang_up(&mut self, phone: usize, call: CallKey) {
        self.phones[phone].hang_up(self.now, call);
        self.drain();
    }

    /// A datagram from a stranger.
    pub fn inject(&mut self, from: SocketAddr, to: usize, bytes: Vec<u8>) {
        self.fly(from, sip_address(to), bytes.into());
    }

    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let arrival = self.flying.peek().map(|flying| flying.0.arrives);
            let timeout = self.phones.iter().filter_map(Phone::next_timeout).min();
            let Some(next) = [arrival, timeout].into_iter().flatten().min().filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            while let Some(Reverse(flying)) = self.flying.peek() {
                if flying.arrives > self.now {
                    break;
                }
                let Some(Reverse(flying)) = self.flying.pop() else { break };
                self.arrive(flying);
            }
            for phone in &mut self.phones {
                phone.handle(self.now, Input::Tick);
            }
            self.drain();
        }
        self.now = end;
    }

    fn arrive(&mut self, flying: Flying) {
        if let Some(phone) = (0..self.phones.len()).find(|phone| sip_address(*phone) == flying.to) {
            self.phones[phone].handle(self.now, Input::Sip { source: flying.from, bytes: flying.bytes });
        } else if let Some((phone, call)) = self.media.get(&flying.to).copied() {
            let input = Input::Rtp { call, source: flying.from, datagram: &flying.bytes };
            self.phones[phone].handle(self.now, input);
        }
        self.drain();
    }

    fn drain(&mut self) {
        let mut idle = false;
        while !idle {
            idle = true;
            for phone in 0..self.phones.len() {
                while let Some(output) = self.phones[phone].poll() {
                    idle = false;
                    self.output(phone, output);
                }
            }
        }
    }

    fn output(&mut self, phone: usize, output: Output) {
        match output {
            Output::SendSip { to, bytes } => {
                self.sip_sent += 1;
                let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
                let arrow = if phone == CALLER { "->" } else { "<-" };
                let lost = (self.drops)(self.sip_sent, &bytes);
                let words: Vec<String> = String::from_utf8_lossy(line).split(' ').take(2).map(str::to_owned).collect();
                let word = if words[0] == "SIP/2.0" { words[1].clone() } else { words[0].clone() };
                self.ladder.push(format!("{arrow} {word}{}", if lost { " lost" } else { "" }));
                if !lost {
                    self.fly(sip_address(phone), to, bytes);
                }
            }
            Output::SendRtp { call, to, bytes } => {
                let from = self.media.iter().find(|(_, owner)| **owner == (phone, call)).map(|(from, _)| *from);
                if let Some(from) = from {
                    self.fly(from, to, bytes);
                }
            }
            Output::OpenMedia { call } => {
                let address = SocketAddr::from(([127, 0, 0, 1], self.next_port));
                self.next_port += 2;
                self.media.insert(address, (phone, call));
                self.phones[phone].handle(self.now, Input::MediaOpened { call, address });
            }
            Output::CloseMedia { call } => self.media.retain(|_, owner| *owner != (phone, call)),
            Output::Event(Event::Ended { call, report }) => {
                self.reports.insert((phone, call), *report);
            }
            Output::Event(event) => self.events.push((phone, event)),
        }
    }

    fn fly(&mut self, from: SocketAddr, to: SocketAddr, bytes: Bytes) {
        self.serial += 1;
        let arrives = self.now + self.delay;
        self.flying.push(Reverse(Flying { arrives, serial: self.serial, from, to, bytes }));
    }

    /// The report of the only call of a phone.
    pub fn report(&self, phone: usize) -> &CallReport {
        let mut own = self.reports.iter().filter(|((owner, _), _)| *owner == phone);
        let (_, report) = own.next().expect("the call has not ended");
        assert!(own.next().is_none(), "more than one call");
        report
    }

    /// Nothing is left in the phones: no call, no open socket.
    pub fn assert_clean(&self) {
        assert!(self.media.is_empty(), "sockets left open");
        for phone in &self.phones {
            assert_eq!(phone.calls(), 0);
        }
    }
}
