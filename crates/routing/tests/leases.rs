//! Caps under any interleaving: never overshot, each lease ends once, nothing leaks beyond its time.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::{collections::HashMap, time::Duration};

use domain::{BuyerId, CallId, EndpointId, LeaseId, Timestamp};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use routing::{
    CapKind, Caps,
    lease::{Book, Claim, End, Holder, LeaseError, LeaseState, ReserveError},
    windows,
};
use uuid::Uuid;

#[derive(Clone, Debug)]
enum Step {
    Reserve { lease: u8, buyer: u8, endpoint: u8, seconds: u16 },
    Commit { lease: u8, seconds: u16 },
    Renew { lease: u8, seconds: u16 },
    Release { lease: u8 },
    Expire { most: u8 },
    Wait { seconds: u16 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..24_u8, 0..2_u8, 0..3_u8, 1..400_u16)
            .prop_map(|(lease, buyer, endpoint, seconds)| Step::Reserve { lease, buyer, endpoint, seconds }),
        3 => (0..24_u8, 1..4_000_u16).prop_map(|(lease, seconds)| Step::Commit { lease, seconds }),
        1 => (0..24_u8, 1..4_000_u16).prop_map(|(lease, seconds)| Step::Renew { lease, seconds }),
        2 => (0..24_u8).prop_map(|lease| Step::Release { lease }),
        1 => (0..5_u8).prop_map(|most| Step::Expire { most }),
        2 => (0..2_500_u16).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

fn caps() -> impl Strategy<Value = Caps> {
    proptest::array::uniform5(proptest::option::weighted(0.6, 0..6_u32))
        .prop_map(|[concurrency, hourly, daily, monthly, total]| Caps { concurrency, hourly, daily, monthly, total })
}

/// What really happened, kept the simple way: one line for each lease.
#[derive(Default)]
struct Ledger {
    lines: HashMap<u8, Line>,
}

struct Line {
    holders: [Holder; 2],
    made: Timestamp,
    until: Timestamp,
    answered: bool,
    over: bool,
}

impl Ledger {
    fn let_time_pass(&mut self, now: Timestamp) {
        self.lines.values_mut().filter(|line| line.until <= now).for_each(|line| line.over = true);
    }

    fn count(&self, holder: Holder, kind: CapKind, start: Timestamp, end: Timestamp) -> u32 {
        let counts = |line: &&Line| {
            line.holders.contains(&holder)
                && match kind {
                    CapKind::Concurrency => !line.over,
                    _ => (line.answered || !line.over) && start <= line.made && line.made < end,
                }
        };
        u32::try_from(self.lines.values().filter(counts).count()).unwrap()
    }
}

const KINDS: [CapKind; 5] = [CapKind::Concurrency, CapKind::Hour, CapKind::Day, CapKind::Month, CapKind::Total];

fn holders(buyer: u8, endpoint: u8) -> [Holder; 2] {
    [
        Holder::Buyer(BuyerId(Uuid::from_u128(u128::from(buyer)))),
        Holder::Endpoint(EndpointId(Uuid::from_u128(u128::from(endpoint)))),
    ]
}

fn id(lease: u8) -> LeaseId {
    LeaseId(Uuid::from_u128(u128::from(lease)))
}

struct Run {
    book: Book,
    ledger: Ledger,
    caps: HashMap<Holder, Caps>,
    now: Timestamp,
    ends: HashMap<LeaseId, u32>,
}

impl Run {
    fn later(&self, seconds: u16) -> Timestamp {
        self.now.after(Duration::from_secs(seconds.into()))
    }

    fn apply(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Reserve { lease, buyer, endpoint, seconds } => self.reserve(lease, holders(buyer, endpoint), seconds),
            Step::Commit { lease, seconds } => self.go_on(lease, seconds, true),
            Step::Renew { lease, seconds } => self.go_on(lease, seconds, false),
            Step::Release { lease } => {
                let released = self.book.release(id(lease), self.now);
                match self.ledger.lines.get_mut(&lease) {
                    None => prop_assert_eq!(released, Err(LeaseError::Unknown)),
                    Some(line) => {
                        // A lease past its time that nobody swept may still be released; either way it ends once.
                        prop_assert!(released.is_ok() || line.over);
                        line.over = true;
                    }
                }
                if released.is_ok() {
                    *self.ends.entry(id(lease)).or_default() += 1;
                }
                Ok(())
            }
            Step::Expire { most } => {
                self.sweep(usize::from(most));
                Ok(())
            }
            Step::Wait { seconds } => {
                self.now = self.later(seconds);
                self.ledger.let_time_pass(self.now);
                Ok(())
            }
        }
    }

    fn sweep(&mut self, most: usize) {
        for ended in self.book.expire(self.now, most) {
            *self.ends.entry(ended).or_default() += 1;
        }
    }

    fn reserve(&mut self, lease: u8, holders: [Holder; 2], seconds: u16) -> Result<(), TestCaseError> {
        // The store sweeps what is due before it looks for room.
        self.sweep(usize::MAX);
        let windows = windows(self.now, &TimeZone::UTC);
        let claims = holders.map(|holder| Claim { holder, caps: self.caps[&holder], windows });
        let until = self.later(seconds);
        let known = self.ledger.lines.get(&lease);
        let room = claims.iter().all(|claim| {
            KINDS.into_iter().all(|kind| {
                let window = claim.windows.iter().find(|window| window.kind == kind);
                let (start, end) = window.map_or((self.now, self.now), |window| (window.start, window.end));
                claim.caps.limit(kind).is_none_or(|limit| self.ledger.count(claim.holder, kind, start, end) < limit)
            })
        });
        let call = CallId(Uuid::from_u128(u128::from(lease)));
        match self.book.reserve(id(lease), call, &claims, until) {
            Ok(()) if known.is_some() => prop_assert!(!known.unwrap().over, "a lease came back"),
            Ok(()) => {
                prop_assert!(room, "overshot");
                self.ledger.lines.insert(lease, Line { holders, made: self.now, until, answered: false, over: false });
            }
            Err(ReserveError::Ended) => prop_assert!(known.is_some_and(|line| line.over)),
            Err(ReserveError::Full(full)) => {
                prop_assert!(known.is_none() && !room, "refused with room: {full:?}");
                prop_assert!(full.counted >= full.limit);
            }
        }
        Ok(())
    }

    fn go_on(&mut self, lease: u8, seconds: u16, answer: bool) -> Result<(), TestCaseError> {
        let until = self.later(seconds);
        let before = self.book.lease(id(lease)).map(|lease| lease.state);
        let went = match answer {
            true => self.book.commit(id(lease), self.now, until),
            false => self.book.renew(id(lease), self.now, until),
        };
        if went == Err(LeaseError::Ended(End::Expired)) && !matches!(before, Some(LeaseState::Ended { .. })) {
            *self.ends.entry(id(lease)).or_default() += 1;
        }
        match self.ledger.lines.get_mut(&lease) {
            None => prop_assert_eq!(went, Err(LeaseError::Unknown)),
            Some(line) if line.over => prop_assert!(matches!(went, Err(LeaseError::Ended(_)))),
            Some(line) => {
                prop_assert_eq!(went, Ok(()));
                line.until = until;
                line.answered |= answer;
            }
        }
        Ok(())
    }

    fn check_caps(&self) -> Result<(), TestCaseError> {
        let windows = windows(self.now, &TimeZone::UTC);
        for (holder, caps) in &self.caps {
            let Some(counters) = self.book.counters(*holder) else { continue };
            for kind in KINDS {
                let counted = counters.counted(kind, &windows);
                prop_assert!(caps.limit(kind).is_none_or(|limit| counted <= limit), "{holder:?} {kind:?}: {counted}");
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn no_overshoot_no_second_end_no_leak(
        steps in proptest::collection::vec(step(), 1..120),
        caps in proptest::collection::vec(caps(), 5),
    ) {
        let all = [holders(0, 0), holders(1, 1), holders(1, 2)].concat();
        let caps = all.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().zip(caps).collect();
        // Half an hour before a month ends, so that windows of every kind change.
        let now = Timestamp::parse_rfc3339("2026-11-30T23:30:00Z").unwrap();
        let mut run = Run { book: Book::default(), ledger: Ledger::default(), caps, now, ends: HashMap::new() };
        for step in &steps {
            run.apply(step)?;
            run.check_caps()?;
        }
        run.now = run.now.after(Duration::from_secs(5_000));
        run.sweep(usize::MAX);
        for (holder, _) in run.caps.clone() {
            let Some(counters) = run.book.counters(holder) else { continue };
            prop_assert_eq!(counters.active, 0, "a lease leaked");
            prop_assert!(counters.windows.iter().all(|window| window.reserved == 0), "a reservation leaked");
        }
        for (lease, record) in run.book.leases() {
            let ended = matches!(record.state, LeaseState::Ended { .. });
            prop_assert!(ended && run.ends.get(&lease) == Some(&1), "{:?} ended {:?} times", lease, run.ends.get(&lease));
        }
    }
}

#[test]
fn all_claims_or_none() {
    let [buyer, endpoint] = holders(0, 0);
    let windows = windows(Timestamp::from_secs(1_800_000_000), &TimeZone::UTC);
    let none = Caps { concurrency: Some(0), ..Caps::NONE };
    let claims = [Claim { holder: buyer, caps: Caps::NONE, windows }, Claim { holder: endpoint, caps: none, windows }];
    let mut book = Book::default();
    let call = CallId(Uuid::nil());
    let told = book.reserve(id(1), call, &claims, Timestamp::from_secs(1_800_000_030));
    assert!(matches!(told, Err(ReserveError::Full(full)) if full.holder == endpoint && full.limit == 0));
    assert_eq!(book.counters(buyer).unwrap().active, 0);
    assert_eq!(book.counters(buyer).unwrap().windows[0].reserved, 0);
    assert!(book.lease(id(1)).is_none());
}

#[test]
fn one_holder_claimed_twice_counts_twice() {
    let [buyer, _] = holders(0, 0);
    let windows = windows(Timestamp::from_secs(1_800_000_000), &TimeZone::UTC);
    let claim = Claim { holder: buyer, caps: Caps { concurrency: Some(1), ..Caps::NONE }, windows };
    let mut book = Book::default();
    let told = book.reserve(id(1), CallId(Uuid::nil()), &[claim, claim], Timestamp::from_secs(1_800_000_030));
    assert!(matches!(told, Err(ReserveError::Full(_))));
    assert_eq!(book.counters(buyer).unwrap().active, 0);
}

#[test]
fn a_call_counts_for_the_hour_it_was_offered_in() {
    let [buyer, _] = holders(0, 0);
    let offered = Timestamp::parse_rfc3339("2026-11-23T10:59:50Z").unwrap();
    let answered = Timestamp::parse_rfc3339("2026-11-23T11:00:05Z").unwrap();
    let caps = Caps { hourly: Some(1), ..Caps::NONE };
    let claim = |now| Claim { holder: buyer, caps, windows: windows(now, &TimeZone::UTC) };
    let (mut book, call) = (Book::default(), CallId(Uuid::nil()));
    let until = answered.after(Duration::from_secs(3_600));
    book.reserve(id(1), call, &[claim(offered)], until).unwrap();
    assert!(book.reserve(id(2), call, &[claim(offered)], until).is_err());
    book.reserve(id(3), call, &[claim(answered)], until).unwrap();
    book.commit(id(1), answered, until).unwrap();
    let counters = book.counters(buyer).unwrap();
    assert_eq!((counters.windows[0].used, counters.windows[0].reserved), (0, 1), "the new hour's own");
    assert_eq!((counters.windows[1].used, counters.windows[1].reserved), (1, 1), "the day's");
}

#[test]
fn a_lease_ends_at_the_very_moment_of_its_expiry() {
    let start = Timestamp::from_secs(1_800_000_000);
    let until = start.after(Duration::from_secs(30));
    let (mut book, call) = (Book::default(), CallId(Uuid::nil()));
    book.reserve(id(1), call, &[], until).unwrap();
    let just_before = Timestamp::from_micros(until.micros() - 1);
    assert!(book.expire(just_before, 10).is_empty());
    assert_eq!(book.renew(id(1), just_before, until), Ok(()));
    assert_eq!(book.commit(id(1), until, until.after(Duration::from_secs(30))), Err(LeaseError::Ended(End::Expired)));
    book.reserve(id(2), call, &[], until).unwrap();
    assert_eq!(book.expire(until, 10), [id(2)]);
}

#[test]
fn ended_leases_are_forgotten_in_time() {
    let start = Timestamp::from_secs(1_800_000_000);
    let (mut book, call) = (Book::default(), CallId(Uuid::nil()));
    let until = start.after(Duration::from_secs(30));
    book.reserve(id(1), call, &[], until).unwrap();
    book.reserve(id(2), call, &[], until).unwrap();
    book.release(id(1), start).unwrap();
    assert_eq!(book.release(id(1), start), Err(LeaseError::Ended(End::Released)));
    book.forget(start.after(Duration::from_secs(1)));
    assert_eq!(book.release(id(1), start), Err(LeaseError::Unknown));
    assert!(book.lease(id(2)).is_some(), "one that is held is never forgotten");
}
