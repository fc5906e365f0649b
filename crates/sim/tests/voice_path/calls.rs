//! The plain ways of a call.

use domain::{CallStatus, EndCause, LegFailure, Party};
use phone::voice::{Behaviour, DigitsBy, Step};
use sim::voice::{Scenario, World};

use crate::stage::{IVR, NUMBER, answers, direct, one, program, seconds, seller};

#[test]
fn a_call_is_sold_and_the_buyer_hangs_up() {
    let mut world = World::new(direct(vec![answers(2, 20)]));
    world.call(NUMBER, vec![], seconds(60));
    let (story, cdr) = one(world);
    assert_eq!((cdr.status, cdr.ended_by), (CallStatus::Completed, Some(Party::Callee)), "{}", story.tell());
    let sold = cdr.sold_leg().expect("it was sold");
    assert!((19_500..20_500).contains(&sold.connected_ms()), "{}\n{}", sold.connected_ms(), story.tell());
    assert_eq!(story.reports.len(), 1);
    assert!(story.reports[0].stats.packets_in > 900, "the caller heard the buyer: {:?}", story.reports[0].stats);
}

#[test]
fn the_caller_hangs_up() {
    let mut world = World::new(direct(vec![answers(1, 500)]));
    world.call(NUMBER, vec![Step::Wait(seconds(10)), Step::HangUp], seconds(60));
    let (story, cdr) = one(world);
    assert_eq!((cdr.status, cdr.ended_by), (CallStatus::Completed, Some(Party::Caller)), "{}", story.tell());
}

#[test]
fn busy_failing_and_silent_buyers_are_passed_over() {
    let sellers = vec![
        seller(Behaviour::BUSY),
        seller(Behaviour::FAIL),
        seller(Behaviour::REJECT),
        seller(Behaviour::NeverAnswer),
        answers(1, 10),
    ];
    let mut world = World::new(direct(sellers));
    world.call(NUMBER, vec![], seconds(120));
    let (story, cdr) = one(world);
    let failures: Vec<_> = cdr.legs.iter().filter_map(|leg| leg.failure).collect();
    let expected = [LegFailure::Busy, LegFailure::Unavailable, LegFailure::Rejected, LegFailure::NoAnswer];
    assert_eq!(failures, expected, "{}", story.tell());
    assert!(cdr.sold_leg().is_some(), "{}", story.tell());
}

#[test]
fn a_caller_who_gives_up_while_it_rings_cancels() {
    let mut world = World::new(direct(vec![seller(Behaviour::NeverAnswer)]));
    world.call(NUMBER, vec![], seconds(5));
    let (story, cdr) = one(world);
    assert_eq!((cdr.status, cdr.cause), (CallStatus::Cancelled, Some(EndCause::Cancelled)), "{}", story.tell());
    assert_eq!(cdr.legs[0].failure, Some(LegFailure::Cancelled), "{}", story.tell());
}

#[test]
fn an_unknown_number_is_refused_with_an_event() {
    let mut world = World::new(direct(vec![answers(1, 1)]));
    world.call("+15551230000", vec![], seconds(60));
    let (story, cdr) = one(world);
    assert_eq!((cdr.cause, cdr.sip_status), (Some(EndCause::UnknownNumber), Some(404)), "{}", story.tell());
}

#[test]
fn nobody_to_sell_to() {
    let mut world = World::new(direct(vec![]));
    world.call(NUMBER, vec![], seconds(60));
    let (story, cdr) = one(world);
    assert_eq!((cdr.legs.len(), cdr.cause), (0, Some(EndCause::Busy)), "{}", story.tell());
}

#[test]
fn the_ivr_takes_digits_by_rtp_and_by_info() {
    for by in [DigitsBy::Rfc4733, DigitsBy::Info] {
        let mut world = World::new(Scenario::new(program(IVR), vec![answers(1, 10)]));
        let press = Step::Press { digits: "1".to_owned(), by };
        world.call(NUMBER, vec![Step::Wait(seconds(2)), press, Step::Wait(seconds(60))], seconds(60));
        let (story, cdr) = one(world);
        assert_eq!(cdr.digits, "1", "{by:?}\n{}", story.tell());
        assert!(cdr.sold_leg().is_some(), "{by:?}\n{}", story.tell());
        assert_eq!(cdr.recordings.len(), 1, "{by:?}\n{}", story.tell());
        assert!(cdr.recordings[0].duration_ms.is_some_and(|length| length > 9_000), "{:?}", cdr.recordings);
    }
}
