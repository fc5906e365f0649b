//! Bounds: of time, of calls, and what happens at them.

use domain::{CallStatus, EndCause, LegFailure, Party, What};
use phone::End;
use phone::voice::{Behaviour, Step};
use sim::voice::{Scenario, Seller, TENANT, World};
use switch::Input;

use crate::stage::{NUMBER, answers, call, check, count, direct, does, nodes, one, seconds, seller};

#[test]
fn a_buyer_rings_as_long_as_it_may() {
    let scenario = Scenario { ring_max: seconds(7), ..direct(vec![seller(Behaviour::NeverAnswer), answers(1, 3)]) };
    let (story, cdr) = call(scenario, vec![]);
    assert_eq!(cdr.legs[0].failure, Some(LegFailure::NoAnswer), "{}", story.tell());
    let rang = cdr.legs[0].ended_at.unwrap().since(cdr.legs[0].started_at);
    assert!((seconds(7)..seconds(8)).contains(&rang), "{rang:?}");
    assert_eq!(story.answered[0].1.end, End::CancelledByThem, "it is told so");
    assert!(cdr.sold_leg().is_some());
}

#[test]
fn no_call_lasts_for_ever() {
    let scenario = Scenario { call_max: seconds(30), ..direct(vec![seller(does(vec![]))]) };
    let (story, cdr) = call(scenario, vec![]);
    assert_eq!((cdr.cause, cdr.ended_by), (Some(EndCause::MaxDuration), Some(Party::Platform)), "{}", story.tell());
    assert!((29_000..31_000).contains(&cdr.duration_ms()), "{}", cdr.duration_ms());
    assert_eq!((story.reports[0].end, story.answered[0].1.end), (End::HungUpByThem, End::HungUpByThem));
}

#[test]
fn a_sale_lasts_as_long_as_the_buyer_wants_and_the_call_goes_on() {
    let flow = nodes(
        r#"{"id": "start", "type": "buyer", "source": "campaign", "next": "more"},
           {"id": "more", "type": "hangup", "prompt": "say:thank you"}"#,
    );
    let brief = Seller { duration_max: Some(seconds(5)), ..seller(does(vec![])) };
    let (story, cdr) = call(Scenario::new(flow, vec![brief]), vec![]);
    let connected = cdr.sold_leg().unwrap().connected_ms();
    assert!((4_990..5_050).contains(&connected), "{connected}");
    let by_platform = |what: &What| matches!(what, What::LegEnded { by: Party::Platform, .. });
    assert_eq!(count(&story, by_platform), 1, "{}", story.tell());
    assert_eq!(count(&story, |what| matches!(what, What::PromptPlayed { .. })), 1, "{}", story.tell());
    assert_eq!(cdr.ended_by, Some(Party::Platform));
}

#[test]
fn a_full_switch_says_so_and_when_to_try_again() {
    let mut world = World::new(Scenario { calls_max: 1, ..direct(vec![seller(does(vec![]))]) });
    world.call(NUMBER, vec![Step::Wait(seconds(5)), Step::HangUp], seconds(60));
    world.pass(seconds(2));
    let retry_after = std::rc::Rc::new(std::cell::Cell::new(false));
    let seen = retry_after.clone();
    world.tamper(move |_, _, bytes| {
        seen.set(
            seen.get() || bytes.starts_with(b"SIP/2.0 503") && bytes.windows(14).any(|at| at == b"Retry-After: 5"),
        );
        None
    });
    world.call(NUMBER, vec![], seconds(60));
    let (story, _) = one(world);
    let ends: Vec<_> = story.reports.iter().map(|report| report.end).collect();
    assert_eq!(ends, [End::Refused(503), End::HungUpByUs]);
    assert_eq!((story.counters.congestion_refused, retry_after.get()), (1, true), "{:?}", story.counters);
}

#[test]
fn a_draining_switch_finishes_its_calls_and_takes_no_more() {
    let mut world = World::new(direct(vec![answers(1, 10)]));
    world.call(NUMBER, vec![], seconds(60));
    world.pass(seconds(2));
    world.tell_switch(Input::Drain);
    world.call(NUMBER, vec![], seconds(60));
    let (story, cdr) = one(world);
    assert_eq!((cdr.status, cdr.ended_by), (CallStatus::Completed, Some(Party::Callee)), "{}", story.tell());
    assert_eq!(story.reports[0].end, End::Refused(503));
}

#[test]
fn a_congested_switch_takes_calls_again_when_it_is_relieved() {
    let mut world = World::new(direct(vec![answers(1, 5), answers(1, 5)]));
    world.tell_switch(Input::Congested(true));
    world.call(NUMBER, vec![], seconds(60));
    world.pass(seconds(2));
    world.tell_switch(Input::Congested(false));
    world.call(NUMBER, vec![], seconds(60));
    let (story, cdr) = one(world);
    assert_eq!(cdr.status, CallStatus::Completed, "{}", story.tell());
    assert_eq!(story.reports[0].end, End::Refused(503));
    assert_eq!(story.counters.congestion_refused, 1, "{:?}", story.counters);
}

#[test]
fn an_operator_ends_a_call_of_their_own_tenant_only() {
    let mut world = World::new(direct(vec![seller(does(vec![]))]));
    world.call(NUMBER, vec![], seconds(60));
    world.pass(seconds(5));
    let id = world.story().events[0].call;
    world.tell_switch(Input::HangUp { tenant: domain::TenantId(domain::CallId::uuid(id)), call: id });
    world.pass(seconds(2));
    assert_eq!(world.switch().calls(), 1, "another tenant's wish");
    world.tell_switch(Input::HangUp { tenant: TENANT, call: id });
    let (story, cdr) = one(world);
    assert_eq!((cdr.cause, cdr.ended_by), (Some(EndCause::Normal), Some(Party::Operator)), "{}", story.tell());
}

#[test]
fn nothing_is_answered_that_cannot_be_kept() {
    let scenario = Scenario { unkept_permille: 1_000, ..direct(vec![seller(does(vec![]))]) };
    let mut world = World::new(scenario);
    world.call(NUMBER, vec![], seconds(60));
    let story = world.run(seconds(1_000));
    let cdrs = check(&story);
    assert_eq!((cdrs[0].answered_at, cdrs[0].cause), (None, Some(EndCause::Error)), "{}", story.tell());
    assert_eq!(story.reports[0].end, End::Refused(503));
    assert_eq!(cdrs[0].sold_leg(), None);
}

#[test]
fn a_platform_that_fails_every_question_ends_the_call() {
    let scenario = Scenario { failed_permille: 1_000, ..direct(vec![seller(does(vec![]))]) };
    let (story, cdr) = call(scenario, vec![]);
    assert_eq!((cdr.cause, cdr.sip_status), (Some(EndCause::Congestion), Some(503)), "{}", story.tell());
}
