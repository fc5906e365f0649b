//! Calls the platform places.

use domain::{CallId, CallStatus, Cdr, Direction, EndCause, LegFailure, LegRole, Party, What};
use phone::voice::{Behaviour, DigitsBy, Step};
use sim::voice::{Scenario, Story, World, consumer, shown};
use switch::Input;

use crate::stage::{DIRECT, IVR, answers, check, count, does, one, program, seconds};

const CALL: CallId = CallId(uuid::Uuid::from_u128(77));

fn world(flow: &[u8], sellers: Vec<sim::voice::Seller>, lines: Vec<Behaviour>) -> World {
    World::new(Scenario { lines, ..Scenario::new(program(flow), sellers) })
}

fn placed(flow: &[u8], sellers: Vec<sim::voice::Seller>, lines: Vec<Behaviour>) -> (Story, Cdr) {
    let mut world = world(flow, sellers, lines);
    world.place(CALL);
    one(world)
}

#[test]
fn who_answers_presses_a_key_and_is_sold() {
    for by in [DigitsBy::Rfc4733, DigitsBy::Info] {
        let press = Step::Press { digits: "1".to_owned(), by };
        let person = does(vec![Step::Wait(seconds(3)), press, Step::Wait(seconds(60))]);
        let (story, cdr) = placed(IVR, vec![answers(2, 10)], vec![person]);
        assert_eq!((cdr.call, cdr.started.direction), (CALL, Direction::Outbound), "{}", story.tell());
        assert_eq!((&cdr.started.from, &cdr.started.to), (&shown().to_string(), &consumer().to_string()));
        assert_eq!((cdr.status, cdr.digits.as_str()), (CallStatus::Completed, "1"), "{by:?}\n{}", story.tell());
        let roles: Vec<_> = cdr.legs.iter().map(|leg| leg.role).collect();
        assert_eq!(roles, [LegRole::Consumer, LegRole::Buyer], "{}", story.tell());
        assert_eq!(cdr.legs[0].trunk, cdr.legs[0].trunk.filter(|_| cdr.legs[0].lease.is_some()), "{}", story.tell());
        let sold = cdr.sold_leg().expect("it was sold");
        assert!((9_500..10_500).contains(&sold.connected_ms()), "{}\n{}", sold.connected_ms(), story.tell());
        assert_eq!(cdr.tags["offer"], "solar");
        assert_eq!(cdr.recordings.len(), 1, "{}", story.tell());
        // The last one is who was called: they heard the menu and the buyer.
        let (place, person) = story.answered.iter().find(|(place, _)| *place == 1).expect("somebody was called");
        assert!(person.stats.packets_in > 500, "{place}: {:?}", person.stats);
    }
}

#[test]
fn nothing_is_billed_before_the_answer_and_all_of_it_after() {
    let person = Behaviour::Answer { after: seconds(7), steps: vec![Step::Wait(seconds(5)), Step::HangUp] };
    let (story, cdr) = placed(DIRECT, vec![answers(1, 100)], vec![person]);
    assert_eq!((cdr.status, cdr.ended_by), (CallStatus::Completed, Some(Party::Caller)), "{}", story.tell());
    assert!((4_900..5_500).contains(&cdr.answered_ms()), "{}\n{}", cdr.answered_ms(), story.tell());
    assert!(cdr.duration_ms() > 12_000, "{}", story.tell());
}

#[test]
fn who_does_not_answer_is_told_in_the_record() {
    for (behaviour, status, cause, sip_status) in [
        (Behaviour::BUSY, CallStatus::Busy, EndCause::Busy, Some(486)),
        (Behaviour::REJECT, CallStatus::Failed, EndCause::Rejected, Some(603)),
        (Behaviour::NeverAnswer, CallStatus::NoAnswer, EndCause::NoAnswer, None),
        (Behaviour::FAIL, CallStatus::Failed, EndCause::Congestion, Some(503)),
    ] {
        let (story, cdr) = placed(DIRECT, vec![answers(1, 1)], vec![behaviour]);
        let is = (cdr.status, cdr.cause, cdr.sip_status);
        assert_eq!(is, (status, Some(cause), sip_status), "{}", story.tell());
        assert_eq!((cdr.legs.len(), cdr.answered_at), (1, None), "{}", story.tell());
    }
}

#[test]
fn a_carrier_that_does_not_take_it_is_passed_over_and_a_busy_person_is_not() {
    let person = does(vec![Step::Wait(seconds(30))]);
    let (story, cdr) = placed(DIRECT, vec![answers(1, 5)], vec![Behaviour::FAIL, person]);
    assert_eq!(cdr.legs[0].failure, Some(LegFailure::Unavailable), "{}", story.tell());
    assert_eq!((cdr.legs[1].role, cdr.status), (LegRole::Consumer, CallStatus::Completed), "{}", story.tell());
    let (story, cdr) = placed(DIRECT, vec![], vec![Behaviour::BUSY, Behaviour::BUSY]);
    assert_eq!(cdr.legs.len(), 1, "busy stands: {}", story.tell());
}

#[test]
fn no_trunk_ends_it() {
    let (story, cdr) = placed(DIRECT, vec![], vec![]);
    assert_eq!((cdr.legs.len(), cdr.cause), (0, Some(EndCause::Congestion)), "{}", story.tell());
}

#[test]
fn it_can_be_hung_up_while_it_rings_and_after_the_answer() {
    let mut ringing = world(DIRECT, vec![], vec![Behaviour::NeverAnswer]);
    ringing.place(CALL);
    ringing.pass(seconds(3));
    ringing.tell_switch(Input::HangUp { tenant: sim::voice::TENANT, call: CALL });
    let (story, cdr) = one(ringing);
    assert_eq!((cdr.status, cdr.ended_by), (CallStatus::Cancelled, Some(Party::Operator)), "{}", story.tell());
    assert_eq!(cdr.legs[0].failure, Some(LegFailure::Cancelled), "{}", story.tell());

    let mut talking = world(DIRECT, vec![answers(1, 100)], vec![does(vec![Step::Wait(seconds(100))])]);
    talking.place(CALL);
    talking.pass(seconds(10));
    talking.tell_switch(Input::HangUp { tenant: sim::voice::TENANT, call: CALL });
    let (story, cdr) = one(talking);
    assert_eq!((cdr.status, cdr.ended_by), (CallStatus::Completed, Some(Party::Operator)), "{}", story.tell());
}

#[test]
fn an_order_that_comes_twice_is_one_call_and_one_that_comes_too_late_is_none() {
    let mut twice = world(DIRECT, vec![answers(1, 5)], vec![does(vec![Step::Wait(seconds(30))])]);
    twice.place(CALL);
    twice.place(CALL);
    let (story, cdr) = one(twice);
    assert_eq!((cdr.status, story.counters.orders_ignored), (CallStatus::Completed, 1), "{}", story.tell());

    let mut late = world(DIRECT, vec![answers(1, 5)], vec![does(vec![])]);
    let before = late.now();
    late.pass(seconds(1));
    late.place_until(CALL, before);
    let story = late.run(seconds(60));
    assert_eq!((story.events.len(), story.counters.orders_ignored), (0, 1), "{}", story.tell());
}

#[test]
fn a_switch_that_is_full_keeps_the_call_as_refused() {
    let lines = vec![does(vec![Step::Wait(seconds(30))])];
    let mut full = World::new(Scenario { calls_max: 0, lines, ..Scenario::new(program(DIRECT), vec![]) });
    full.place(CALL);
    let (story, cdr) = one(full);
    assert_eq!((cdr.cause, cdr.legs.len()), (Some(EndCause::Congestion), 0), "{}", story.tell());
}

#[test]
fn nobody_is_called_unless_the_start_is_kept() {
    let lines = vec![does(vec![Step::Wait(seconds(30))])];
    let mut unkept = World::new(Scenario { unkept_permille: 1_000, lines, ..Scenario::new(program(DIRECT), vec![]) });
    unkept.place(CALL);
    let story = unkept.run(seconds(100));
    assert_eq!(count(&story, |what| matches!(what, What::LegStarted { .. })), 0, "{}", story.tell());
    assert_eq!((story.leases_left, story.footprint.calls), (0, 0), "{}", story.tell());
}

#[test]
fn on_a_bad_network_with_a_forgetful_platform_nothing_is_left_behind() {
    for seed in 1..60 {
        let lines = vec![Behaviour::FAIL, does(vec![Step::Wait(seconds(20)), Step::HangUp])];
        let scenario = Scenario::new(program(DIRECT), vec![answers(2, 8), answers(1, 5)]);
        let conditions = sim::network::Conditions { lost_permille: 30, ..scenario.conditions };
        let mut world = World::new(Scenario { seed, conditions, failed_permille: 30, lines, ..scenario });
        for call in 0..5 {
            world.place(CallId(uuid::Uuid::from_u128(100 + call)));
            world.pass(seconds(3));
        }
        let cdrs = check(&world.run(seconds(1_000)));
        assert_eq!(cdrs.len(), 5, "seed {seed}");
    }
}
