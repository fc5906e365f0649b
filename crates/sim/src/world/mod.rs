//! The run: switches, store, workers and everything that goes wrong, in one order drawn from one seed.

mod exchange;

use std::{collections::BTreeMap, time::Duration};

use domain::{CallId, IdSource, LeaseId, LegFailure, Seed, SwitchId, Timestamp};
use routing::{UsageTable, lease::Claim};

use crate::{
    Agenda, Auditor, Fault, Market, MemoryStore, Refused,
    call::{LiveCall, Stage, Step},
    network::{Conditions, Network},
    store::LEASE,
    worker::Draft,
};

/// A switch run silent for longer is dead.
const SILENCE_MAX: Duration = Duration::from_secs(10);
const HEARTBEAT: Duration = Duration::from_secs(3);
const RESEND: Duration = Duration::from_secs(1);
/// Repeats of a request for room before the endpoint is given up.
const ASKED_MAX: u32 = 5;
/// New calls arrive for this long; then nothing goes wrong any more, and the run comes to rest.
const TROUBLE: Duration = Duration::from_secs(240);
const REST: Duration = Duration::from_secs(900);

/// What a run was like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// In the log.
    pub calls: u64,
    /// Of those, connected to a buyer.
    pub connected: u64,
    /// Closed because their switch was gone.
    pub recovered: u64,
    /// Requests for room that found none.
    pub full: u64,
    /// Answers refused because their room was gone.
    pub answers_refused: u64,
    /// Settlements that found another's in place.
    pub stale: u64,
    /// Charges corrected by a late event.
    pub corrected: u64,
    /// Times a switch was killed.
    pub kills: u64,
}

#[derive(Clone, Debug)]
enum Request {
    Append(Vec<domain::CallEvent>),
    Reserve { call: CallId, lease: LeaseId, claims: Vec<Claim>, until: Timestamp },
    Heartbeat(Vec<LeaseId>),
}

#[derive(Clone, Copy, Debug)]
enum Reply {
    Logged { call: CallId, sequence: u32 },
    AnswerRefused { call: CallId, sequence: u32 },
    Reserved { call: CallId, lease: LeaseId, granted: bool },
    Fenced,
}

#[derive(Clone, Debug)]
enum Message {
    ToStore { run: SwitchId, request: Request },
    ToSwitch(Reply),
}

/// Where a message goes: `None` is the store, else the run of a switch.
type Address = Option<SwitchId>;

#[derive(Clone, Debug)]
enum Tick {
    Arrive,
    Step(SwitchId, CallId, Step),
    Resend(SwitchId),
    Heartbeat(SwitchId),
    Kill,
    Outage(bool),
    Janitor,
    Work,
    Write(Box<Draft>),
}

struct World {
    seed: Seed,
    ids: IdSource,
    market: Market,
    store: MemoryStore,
    auditor: Auditor,
    network: Network<Address, Message>,
    agenda: Agenda<Tick>,
    /// The runs that live, and their calls.
    switches: BTreeMap<SwitchId, BTreeMap<CallId, LiveCall>>,
    store_away: bool,
    calm: bool,
    calm_at: Timestamp,
    report: Report,
}

/// Plays one seed to its end.
pub fn run(number: u64) -> Result<Report, Fault> {
    let mut world = World::new(number)?;
    world.play()?;
    world.finish()
}

impl World {
    fn new(number: u64) -> Result<Self, Fault> {
        let mut seed = Seed::from_number(number);
        let mut ids = IdSource::new(seed.fork());
        // Two minutes before a month ends in UTC, so that every window changes during some runs.
        let start = Timestamp::from_secs(1_796_083_080);
        let market = Market::draw(&mut seed, &mut ids, start, start.after(TROUBLE / 2))
            .map_err(|error| Fault(error.to_string()))?;
        let conditions = Conditions {
            lost_permille: seed.below(150) as u16,
            repeated_permille: seed.below(150) as u16,
            delay_min: Duration::from_millis(1),
            delay_max: Duration::from_millis(5 + seed.below(3_000)),
        };
        let mut world = Self {
            network: Network::new(seed.fork(), conditions),
            ids,
            market,
            store: MemoryStore::default(),
            auditor: Auditor::default(),
            agenda: Agenda::default(),
            switches: BTreeMap::new(),
            store_away: false,
            calm: false,
            calm_at: start.after(TROUBLE),
            report: Report::default(),
            seed,
        };
        for _ in 0..1 + world.seed.below(3) {
            world.boot(start);
        }
        for _ in 0..1 + world.seed.below(9) {
            let at = world.within(start, TROUBLE);
            world.agenda.put(at, Tick::Arrive);
        }
        for _ in 0..world.seed.below(3) {
            let at = world.within(start, TROUBLE);
            world.agenda.put(at, Tick::Kill);
        }
        if world.seed.below(3) == 0 {
            let at = world.within(start, TROUBLE);
            let back = world.within(at, Duration::from_secs(90)).min(world.calm_at);
            world.agenda.put(at, Tick::Outage(true));
            world.agenda.put(back.max(at), Tick::Outage(false));
        }
        world.agenda.put(start, Tick::Janitor);
        world.agenda.put(start, Tick::Work);
        Ok(world)
    }

    fn within(&mut self, from: Timestamp, span: Duration) -> Timestamp {
        from.after(Duration::from_millis(self.seed.below(span.as_millis() as u64)))
    }

    fn boot(&mut self, now: Timestamp) {
        let run = self.ids.next(now);
        self.switches.insert(run, BTreeMap::new());
        self.agenda.put(now, Tick::Heartbeat(run));
        self.agenda.put(now, Tick::Resend(run));
    }

    fn play(&mut self) -> Result<(), Fault> {
        let end = self.calm_at.after(REST);
        loop {
            let (tick_at, message_at) = (self.agenda.next_at(), self.network.next_at());
            let next = tick_at.into_iter().chain(message_at).min();
            let Some(now) = next.filter(|now| *now < end && !self.is_at_rest()) else { return Ok(()) };
            if now >= self.calm_at && !self.calm {
                self.calm = true;
                self.store_away = false;
                self.network.conditions = Conditions { delay_max: Duration::from_millis(5), ..Conditions::default() };
            }
            if message_at == Some(now) {
                if let Some((_, to, message)) = self.network.take() {
                    self.deliver(now, to, message)?;
                }
            } else if let Some((_, tick)) = self.agenda.take() {
                self.tick(now, tick)?;
            }
        }
    }

    fn is_at_rest(&self) -> bool {
        self.calm
            && self.network.next_at().is_none()
            && self.store.job_count() == 0
            && self.switches.values().all(BTreeMap::is_empty)
            && self.store.calls().all(|call| self.store.is_over(call))
    }

    fn tick(&mut self, now: Timestamp, tick: Tick) -> Result<(), Fault> {
        match tick {
            Tick::Arrive => self.arrive(now),
            Tick::Step(run, call, step) => self.step(now, run, call, step),
            Tick::Resend(run) => self.resend(now, run),
            Tick::Heartbeat(run) => self.heartbeat(now, run),
            Tick::Kill => self.kill(now),
            Tick::Outage(away) => self.store_away = away,
            Tick::Janitor => {
                self.store.book.expire(now, 100);
                self.auditor.observe(&self.store)?;
                self.report.recovered += self.store.recover(now.before(SILENCE_MAX), now) as u64;
                self.agenda.put(now.after(Duration::from_secs(4)), Tick::Janitor);
            }
            Tick::Work => self.work(now)?,
            Tick::Write(draft) => self.write(*draft)?,
        }
        Ok(())
    }

    fn drawn_run(&mut self) -> Option<SwitchId> {
        let at = self.seed.below(self.switches.len() as u64) as usize;
        self.switches.keys().nth(at).copied()
    }

    fn arrive(&mut self, now: Timestamp) {
        let Some(run) = self.drawn_run() else { return };
        let call = LiveCall::arrive(&self.market, run, now, &mut self.ids, &mut self.seed);
        let id = call.id;
        self.switches.entry(run).or_default().insert(id, call);
        self.search(now, run, id);
        self.send_next(now, run, id);
    }

    fn call(&mut self, run: SwitchId, call: CallId) -> Option<&mut LiveCall> {
        self.switches.get_mut(&run)?.get_mut(&call)
    }

    /// The switch decides on what it last heard, which may be nothing.
    fn search(&mut self, now: Timestamp, run: SwitchId, call: CallId) {
        let knows_nothing = self.seed.below(4) == 0;
        let Some(live) = self.switches.get_mut(&run).and_then(|calls| calls.get_mut(&call)) else { return };
        match knows_nothing {
            true => live.search(&self.market, &UsageTable::default(), now, &mut self.ids),
            false => live.search(&self.market, &self.store.book, now, &mut self.ids),
        }
        self.ask_for_room(now, run, call);
    }

    fn ask_for_room(&mut self, now: Timestamp, run: SwitchId, call: CallId) {
        let Some(live) = self.call(run, call) else { return };
        let Stage::Reserving { leg, asked } = live.stage else { return };
        if asked >= ASKED_MAX {
            live.rule_out(leg.endpoint);
            return self.search(now, run, call);
        }
        live.stage = Stage::Reserving { leg, asked: asked + 1 };
        let claims = live.claims.clone();
        let request = Request::Reserve { call, lease: leg.lease, claims, until: now.after(LEASE) };
        self.network.send(now, None, Message::ToStore { run, request });
    }

    fn send_next(&mut self, now: Timestamp, run: SwitchId, call: CallId) {
        let Some(batch) = self.call(run, call).and_then(|live| live.unlogged().cloned()) else { return };
        self.network.send(now, None, Message::ToStore { run, request: Request::Append(batch) });
    }

    fn resend(&mut self, now: Timestamp, run: SwitchId) {
        let Some(calls) = self.switches.get(&run) else { return };
        let ids: Vec<CallId> = calls.keys().copied().collect();
        for call in ids {
            self.ask_for_room(now, run, call);
            self.send_next(now, run, call);
        }
        self.agenda.put(now.after(RESEND), Tick::Resend(run));
    }

    fn heartbeat(&mut self, now: Timestamp, run: SwitchId) {
        let Some(calls) = self.switches.get(&run) else { return };
        let leases = calls.values().filter_map(LiveCall::lease).collect();
        self.network.send(now, None, Message::ToStore { run, request: Request::Heartbeat(leases) });
        self.agenda.put(now.after(HEARTBEAT), Tick::Heartbeat(run));
    }

    fn step(&mut self, now: Timestamp, run: SwitchId, call: CallId, step: Step) {
        let fate = self.seed.below(10);
        let Some(live) = self.call(run, call) else { return };
        match (step, live.stage) {
            (Step::RingEnds, Stage::Ringing { leg }) => match fate {
                0..=5 => live.buyer_answers(leg, now),
                6..=8 => {
                    live.leg_fails(leg, LegFailure::NoAnswer, now);
                    self.search(now, run, call);
                }
                _ => live.caller_leaves(leg, now),
            },
            (Step::HangUp, Stage::Talking { leg, since }) => {
                live.hang_up(leg, since, now);
                let at = self.within(now, Duration::from_secs(20));
                self.agenda.put(at, Tick::Step(run, call, Step::RecordingDone));
            }
            (Step::RecordingDone, _) => live.recording_done(now),
            _ => {}
        }
        self.send_next(now, run, call);
    }

    /// Power goes: what was in memory is gone, and what is under way may still arrive.
    fn kill(&mut self, now: Timestamp) {
        let Some(run) = self.drawn_run() else { return };
        self.report.kills += 1;
        self.lose(run);
        self.boot(now);
    }

    fn lose(&mut self, run: SwitchId) {
        for (id, call) in self.switches.remove(&run).unwrap_or_default() {
            // Nobody can testify to the end of a call whose switch died before it was logged.
            let mut truth = call.truth.clone();
            if call.unlogged().is_some() {
                (truth.ended_at, truth.connected) = (None, None);
            }
            self.auditor.call_over(id, truth);
        }
    }

    fn work(&mut self, now: Timestamp) -> Result<(), Fault> {
        if let Some(job) = self.store.take_job(now, now.after(Duration::from_secs(8))) {
            let draft = Draft::compute(&self.store, &self.market, job)
                .map_err(|why| Fault(format!("call {} cannot be settled: {why}", job.0)))?;
            let fate = if self.calm { 9 } else { self.seed.below(10) };
            // The worker dies, or its write is repeated because it never heard of the first, or it is slow.
            for _ in 0..match fate {
                0 => 0,
                1 => 2,
                _ => 1,
            } {
                let at = self.within(now, Duration::from_secs(12));
                self.agenda.put(at, Tick::Write(Box::new(draft.clone())));
            }
        }
        let pause = if self.store.job_count() > 0 { 400 } else { 3_000 };
        self.agenda.put(now.after(Duration::from_millis(pause)), Tick::Work);
        Ok(())
    }

    fn write(&mut self, draft: Draft) -> Result<(), Fault> {
        let call = draft.job.0;
        let before = self.store.charge(call).map(|charge| charge.revision);
        match draft.write(&mut self.store) {
            Ok(()) => {
                let after = self.store.charge(call).map(|charge| charge.revision);
                self.report.corrected += u64::from(before.is_some() && before != after);
                Ok(())
            }
            Err(Refused::Stale) => {
                self.report.stale += 1;
                Ok(())
            }
            Err(refused) => Err(Fault(format!("settling {call} was refused: {refused:?}"))),
        }
    }
}

impl World {
    /// All is quiet: the books must be right, and stay as they are when everything is played once more.
    fn finish(mut self) -> Result<Report, Fault> {
        let runs: Vec<SwitchId> = self.switches.keys().copied().collect();
        let open = self.switches.values().map(BTreeMap::len).sum::<usize>();
        if open > 0 || self.store.job_count() > 0 {
            return Err(Fault(format!("{open} calls and {} jobs never came to an end", self.store.job_count())));
        }
        runs.into_iter().for_each(|run| self.lose(run));
        let now = self.calm_at.after(REST);
        self.store.book.expire(now, usize::MAX);
        self.auditor.final_audit(&self.store, &self.market)?;
        self.report.calls = self.store.calls().count() as u64;
        self.play_again(now)?;
        self.auditor.final_audit(&self.store, &self.market)?;
        Ok(self.report)
    }

    fn play_again(&mut self, now: Timestamp) -> Result<(), Fault> {
        let mut events = self.store.all_events();
        for last in (1..events.len()).rev() {
            events.swap(last, self.seed.below(last as u64 + 1) as usize);
        }
        self.store.replay(&events, now).map_err(|refused| Fault(format!("a replay was refused: {refused:?}")))?;
        let groups: Vec<_> = self.store.groups().cloned().collect();
        let calls: Vec<CallId> = self.store.calls().collect();
        for call in calls {
            self.store.settle_again(call, now);
            if let Some(job) = self.store.take_job(now, now) {
                let draft = Draft::compute(&self.store, &self.market, job).map_err(Fault)?;
                draft.write(&mut self.store).map_err(|refused| Fault(format!("{refused:?}")))?;
            }
        }
        match self.store.groups().eq(groups.iter()) {
            true => Ok(()),
            false => Err(Fault("a replay posted something".into())),
        }
    }
}
