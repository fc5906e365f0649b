//! The voice path under simulation: a real edge, a real switch, a real media engine and real phones exchange datagrams over
//! [`crate::network::Network`]; only sockets and clock are replaced. What the platform would answer comes from [`Desk`].

mod carry;
mod desk;
mod scenario;
mod story;
mod tamper;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{CallId, IdSource, OutboundCall, RecordingId, Seed, SwitchId, Timestamp, What};
use edge::{Edge, TrunkTable};
use media::{LegKey, RecordingKey};
use phone::hears::TonePair;
use phone::voice::tones;
use phone::{CallKey, Dial, Phone};
use relay::{Channel, Relay};
use sip::seal::Seal;
use sip::transaction::{Destination, Timing};
use switch::ask::Token;
use switch::{Input, Switch};

use crate::Agenda;
use crate::network::Network;

pub use desk::{Desk, TENANT, TRUNK, consumer, shown};
pub use scenario::{HOLD_MUSIC, QUEUE_MUSIC, RINGBACK, Scenario, Seller};
pub use story::Story;

use tamper::Tamper;

/// Where everybody lives.
pub const CARRIER: &str = "10.0.0.1:5060";
pub const EDGE: &str = "10.0.0.2:5060";
pub const SWITCH: &str = "10.0.0.3:5080";
/// The first buyer or agent; the others on the ports after it.
pub const BUYERS: &str = "10.0.0.4:5100";
/// Somebody who is none of them.
pub const OUTSIDER: &str = "10.0.0.66:5060";
/// Shared by edge and switch.
pub const SECRET: &[u8] = b"a secret shared by edge and switch";
/// The media engine's beat.
const TICK: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Socket {
    Leg(LegKey, Channel),
    Phone(usize, CallKey),
}

#[derive(Debug)]
enum Later {
    Answer(Token, Box<switch::ask::Answer>),
    Kept(Token, bool),
    Stored(RecordingKey, Option<u64>),
}

/// A recording's file.
#[derive(Debug)]
struct Recorded {
    id: RecordingId,
    /// Of one channel.
    samples: u64,
}

/// The world of one run.
#[derive(Debug)]
pub struct World {
    now: Timestamp,
    network: Network<SocketAddr, (SocketAddr, Bytes)>,
    later: Agenda<Later>,
    edge: Edge,
    switch: Switch,
    relay: Relay,
    /// The carrier's first, then the buyers', the agents', and who is called.
    phones: Vec<(SocketAddr, Phone)>,
    desk: Desk,
    sockets: HashMap<SocketAddr, Socket>,
    addresses: HashMap<Socket, SocketAddr>,
    recorded: HashMap<RecordingKey, Recorded>,
    tamper: Tamper,
    next_port: u16,
    next_tick: Timestamp,
    switch_inputs: VecDeque<Input>,
    answers: Seed,
    scenario: Scenario,
    story: Story,
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap_or_else(|_| SocketAddr::from(([10, 0, 0, 9], 9)))
}

impl World {
    /// A platform, a carrier with one phone, and the buyers' phones.
    pub fn new(scenario: Scenario) -> Self {
        let mut seed = Seed::from_number(scenario.seed);
        let now = Timestamp::from_secs(1_800_000_000);
        let mut ids = IdSource::new(seed.fork());
        let mut edge_seed = [0; 32];
        seed.fill(&mut edge_seed);
        let mut edge_config = edge::Config::new(address(EDGE), address(SWITCH), SECRET);
        edge_config.flood.per_second = 0;
        let mut edge = Edge::new(edge_config, edge_seed, 0);
        edge.handle(now, edge::Input::TrunksChanged(Arc::new(TrunkTable::new(vec![desk::trunk(CARRIER)], []))));
        let phones = phones(&scenario, &mut seed);
        let destinations = phones.iter().skip(1).map(|(at, _)| format!("sip:buyer@{at}")).collect();
        let config = switch_config(&scenario, ids.next(now));
        let relay = relay_config(&scenario, seed.next_u64());
        Self {
            now,
            network: Network::new(seed.fork(), scenario.conditions),
            later: Agenda::default(),
            edge,
            switch: Switch::new(config, seed.fork()),
            relay: Relay::new(relay),
            phones,
            desk: Desk::new(&scenario, destinations, ids),
            sockets: HashMap::new(),
            addresses: HashMap::new(),
            recorded: HashMap::new(),
            tamper: Tamper::default(),
            next_port: 10_000,
            next_tick: now,
            switch_inputs: VecDeque::new(),
            answers: seed.fork(),
            scenario,
            story: Story::default(),
        }
    }

    /// The carrier calls `number` and does these steps once answered.
    pub fn call(&mut self, number: &str, steps: Vec<phone::voice::Step>, gives_up_after: Duration) {
        let dial = Dial {
            target: format!("sip:{number}@{EDGE}"),
            hop: address(EDGE),
            from: Some("+15550001111".to_owned()),
            steps,
            gives_up_after,
        };
        let now = self.now.since_epoch();
        if let Some((_, phone)) = self.phones.first_mut() {
            // A number that is no URI is the test's own mistake and shows as a missing report.
            let _ = phone.dial(now, dial);
        }
        self.settle();
    }

    /// The platform is to call somebody; within ten seconds.
    pub fn place(&mut self, call: CallId) {
        self.place_until(call, self.now.after(Duration::from_secs(10)));
    }

    /// As [`Self::place`], with the moment the order is no longer good for anything.
    pub fn place_until(&mut self, call: CallId, until: Timestamp) {
        let order = OutboundCall {
            agent: None,
            call,
            tenant: desk::TENANT,
            campaign: desk::CAMPAIGN,
            number: desk::NUMBER,
            from: desk::shown(),
            to: desk::consumer(),
            tags: BTreeMap::from([("offer".to_owned(), "solar".into())]),
            until,
        };
        self.tell_switch(Input::Place(Box::new(order)));
    }

    /// From now on this hand is on every SIP datagram: what it returns goes on in its place, `None` leaves it as it is.
    pub fn tamper(&mut self, hand: impl FnMut(SocketAddr, SocketAddr, &Bytes) -> Option<Vec<Bytes>> + 'static) {
        self.tamper.set(Box::new(hand));
    }

    /// Somebody sends this datagram.
    pub fn inject(&mut self, from: &str, to: &str, bytes: impl Into<Bytes>) {
        self.network.send(self.now, address(to), (address(from), bytes.into()));
    }

    /// The switch is told this.
    pub fn tell_switch(&mut self, input: Input) {
        self.switch_inputs.push_back(input);
        self.settle();
    }

    /// Switch and media engine die, and new ones take their place. Nobody remembers the calls.
    pub fn restart_switch(&mut self) {
        self.story.restarts += 1;
        let mut seed = Seed::from_number(self.scenario.seed ^ (self.story.restarts << 32));
        let mut ids = IdSource::new(seed.fork());
        let config = switch_config(&self.scenario, ids.next(self.now));
        self.switch = Switch::new(config, seed.fork());
        self.relay = Relay::new(relay_config(&self.scenario, seed.next_u64()));
        let legs: Vec<Socket> =
            self.addresses.keys().copied().filter(|socket| matches!(socket, Socket::Leg(..))).collect();
        legs.into_iter().for_each(|socket| self.forget(socket));
        self.recorded.clear();
        self.switch_inputs.clear();
        let open = self.story.events.iter().map(|event| event.call);
        self.story.cut.extend(open);
        for event in &self.story.events {
            if matches!(event.what, What::Ended { .. }) {
                self.story.cut.remove(&event.call);
            }
        }
        // What the platform does when it finds calls without an end.
        self.story.cut.iter().for_each(|call| self.desk.forget(*call));
    }

    /// The simulated time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The switch as it is.
    pub fn switch(&self) -> &Switch {
        &self.switch
    }

    /// So far.
    pub fn story(&self) -> &Story {
        &self.story
    }

    /// Lets everything happen for so long.
    pub fn pass(&mut self, span: Duration) {
        let until = self.now.after(span);
        while let Some(next) = self.next_at().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.step();
        }
        self.now = until;
    }

    /// Lets everything happen until nothing is left to, or `span` is over.
    pub fn run(mut self, span: Duration) -> Story {
        let until = self.now.after(span);
        while let Some(next) = self.next_at().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.step();
        }
        self.story.leases_left = self.desk.leases();
        self.story.legs_left = self.relay.legs();
        let busy = self.phones.iter().enumerate().filter(|(_, (_, phone))| phone.calls() > 0);
        self.story.phones_left = busy.map(|(index, _)| index).collect();
        self.story.footprint = self.switch.footprint();
        self.story.counters = self.switch.counters();
        self.story.ended_at = self.now;
        self.story
    }

    /// The parts, to be weighed.
    pub fn into_parts(self) -> (Switch, Relay, Edge) {
        (self.switch, self.relay, self.edge)
    }

    fn next_at(&self) -> Option<Timestamp> {
        let phones = self.phones.iter().filter_map(|(_, phone)| phone.next_timeout().map(Timestamp::from_epoch)).min();
        let tick = (self.relay.legs() > 0).then_some(self.next_tick);
        [
            self.network.next_at(),
            self.later.next_at(),
            self.edge.next_timeout(),
            self.switch.next_timeout(),
            phones,
            tick,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn step(&mut self) {
        let now = self.now;
        while self.network.next_at().is_some_and(|at| at <= now) {
            if let Some((_, to, (from, bytes))) = self.network.take() {
                self.deliver(from, to, bytes);
            }
        }
        while self.later.next_at().is_some_and(|at| at <= now) {
            if let Some((_, later)) = self.later.take() {
                self.switch_inputs.push_back(match later {
                    Later::Answer(token, answer) => Input::Answer { token, answer: *answer },
                    Later::Kept(token, durable) => Input::Persisted { token, durable },
                    Later::Stored(recording, samples) => {
                        let outcome = samples.map(|samples| (samples / 8, samples * 4));
                        Input::RecordingStored { recording, outcome: outcome.ok_or_else(|| "disk full".to_owned()) }
                    }
                });
            }
        }
        if self.edge.next_timeout().is_some_and(|at| at <= now) {
            self.edge.handle(now, edge::Input::Timeout);
        }
        if self.switch.next_timeout().is_some_and(|at| at <= now) {
            self.switch.handle_timeout(now);
        }
        for index in 0..self.phones.len() {
            let (_, phone) = &mut self.phones[index];
            if phone.next_timeout().is_some_and(|at| at <= now.since_epoch()) {
                phone.handle(now.since_epoch(), phone::Input::Tick);
            }
        }
        if self.next_tick <= now {
            self.next_tick = now.after(TICK);
            self.tick();
        }
        self.settle();
    }

    fn tick(&mut self) {
        let Self { relay, network, addresses, now, .. } = self;
        relay.tick(now.since_epoch(), &mut |out| {
            if let Some(from) = addresses.get(&Socket::Leg(out.leg, out.channel)) {
                network.send(*now, out.destination, (*from, Bytes::copy_from_slice(out.datagram)));
            }
        });
    }

    fn deliver(&mut self, from: SocketAddr, to: SocketAddr, bytes: Bytes) {
        let now = self.now;
        if to == address(EDGE) {
            self.edge.handle(now, edge::Input::Datagram { hop: Destination::udp(to, from), bytes });
        } else if to == address(SWITCH) {
            self.switch_inputs.push_back(Input::Sip { source: Destination::udp(to, from), bytes });
        } else if let Some(phone) = self.phones.iter_mut().find(|(at, _)| *at == to) {
            phone.1.handle(now.since_epoch(), phone::Input::Sip { source: from, bytes });
        } else if to == address(OUTSIDER) {
            self.story.outside.push((from, bytes));
        } else if let Some(socket) = self.sockets.get(&to).copied() {
            self.deliver_media(from, socket, &bytes);
        }
        self.settle();
    }

    fn deliver_media(&mut self, from: SocketAddr, socket: Socket, bytes: &[u8]) {
        let now = self.now.since_epoch();
        match socket {
            Socket::Phone(index, call) => {
                let rtp = phone::Input::Rtp { call, source: from, datagram: bytes };
                self.phones[index].1.handle(now, rtp);
            }
            Socket::Leg(leg, channel) => {
                let mut packet = bytes.to_vec();
                let forward = match channel {
                    Channel::Rtp => self.relay.receive(now, leg, from, &mut packet),
                    Channel::Rtcp => self.relay.receive_rtcp(now, leg, from, &mut packet),
                };
                let Some(forward) = forward else { return };
                if let Some(source) = self.addresses.get(&Socket::Leg(forward.leg, forward.channel)) {
                    packet.truncate(forward.length);
                    self.network.send(self.now, forward.destination, (*source, Bytes::from(packet)));
                }
            }
        }
    }

    /// Carries outputs on until there are none.
    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(output) = self.edge.poll() {
                quiet = false;
                if let edge::Output::Send { destination, bytes } = output {
                    self.send_sip(destination.local, destination.remote, bytes);
                }
            }
            while let Some(event) = self.relay.poll_event() {
                quiet = false;
                self.on_media_event(event);
            }
            while let Some(input) = self.switch_inputs.pop_front() {
                quiet = false;
                self.switch.handle(self.now, input);
            }
            while let Some(output) = self.switch.poll() {
                quiet = false;
                self.on_switch_output(output);
            }
            for index in 0..self.phones.len() {
                while let Some(output) = self.phones[index].1.poll() {
                    quiet = false;
                    self.on_phone_output(index, output);
                }
            }
            if quiet {
                return;
            }
        }
    }
}

fn phones(scenario: &Scenario, seed: &mut Seed) -> Vec<(SocketAddr, Phone)> {
    let carrier = phone::Config { codecs: scenario.codecs.clone(), ..phone::Config::new(address(CARRIER), "carrier") };
    let mut phones = vec![(address(CARRIER), Phone::new(carrier, seed.fork()))];
    let others = scenario.agents.iter().chain(&scenario.lines).cloned().map(Seller::new);
    for (seller, port) in scenario.sellers.iter().cloned().chain(others).zip(address(BUYERS).port()..) {
        let at = SocketAddr::new(address(BUYERS).ip(), port);
        let Seller { behaviour, codecs, .. } = seller;
        let config = phone::Config { behaviour, codecs, ..phone::Config::new(at, "buyer") };
        phones.push((at, Phone::new(config, seed.fork())));
    }
    phones
}

fn switch_config(scenario: &Scenario, switch: SwitchId) -> switch::Config {
    let music = |pair: TonePair| tones(&[pair.0, pair.1], Duration::from_secs(1));
    switch::Config {
        switch,
        shard: 0,
        advertised: address(SWITCH),
        local: address(SWITCH),
        edge: address(EDGE),
        seal: Seal::from_secret(SECRET),
        timing: Timing::default(),
        calls_max: scenario.calls_max,
        call_max: scenario.call_max,
        ring_max: scenario.ring_max,
        ask_max: Duration::from_secs(5),
        attempts_max: 10,
        ringback: music(RINGBACK),
        hold_music: music(HOLD_MUSIC),
        queue_music: music(QUEUE_MUSIC),
    }
}

fn relay_config(scenario: &Scenario, seed: u64) -> relay::Config {
    relay::Config { seed, timeout_after: scenario.media_timeout, ..relay::Config::default() }
}
