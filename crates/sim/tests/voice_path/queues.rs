//! Queues, their agents, and whispers.

use std::time::Duration;

use domain::{CallEvent, EndCause, LegFailure, LegRole, Party, What};
use phone::hears::{self, TonePair};
use phone::voice::{Behaviour, DigitsBy, Sound, Step, tones};
use sim::voice::{QUEUE_MUSIC, Scenario, Story, World};

use crate::stage::{NUMBER, call, check, count, does, millis, nodes, one, seconds, seller, tone};

/// Played to the callee before it decides.
const WHISPER: TonePair = TonePair(523, 1_568);
const AGENT: TonePair = TonePair::BUYERS[3];

fn queue(settings: &str) -> Scenario {
    let flow = nodes(&format!(
        r#"{{"id": "start", "type": "queue", "queueId": "q"{settings}, "onTimeout": "busy", "onFull": "rejected"}},
           {{"id": "busy", "type": "hangup", "reason": "busy"}},
           {{"id": "rejected", "type": "hangup", "reason": "rejected"}}"#
    ));
    Scenario::new(flow, vec![])
}

fn talks(span: u64) -> Behaviour {
    does(vec![Step::RepeatFor(tone(AGENT), seconds(span)), Step::HangUp])
}

fn queue_left<'a>(story: &'a Story) -> Vec<&'a str> {
    let outcome = |event: &'a CallEvent| match &event.what {
        What::QueueLeft { outcome, .. } => Some(outcome.as_str()),
        _ => None,
    };
    story.events.iter().filter_map(outcome).collect()
}

#[test]
fn a_caller_in_a_queue_hears_music_and_then_an_agent() {
    let (story, cdr) = call(Scenario { agents: vec![talks(5)], ..queue("") }, vec![]);
    assert_eq!(queue_left(&story), ["connected"], "{}", story.tell());
    assert_eq!((cdr.legs[0].role, cdr.ended_by), (LegRole::Agent, Some(Party::Callee)), "{}", story.tell());
    assert!(cdr.sold_leg().is_none(), "an agent is no sale");
    assert!(hears::pair_lasts(&story.reports[0].heard, AGENT) >= millis(4_500));
}

#[test]
fn the_second_caller_waits_for_the_first_ones_agent() {
    let mut world = World::new(Scenario { agents: vec![talks(10)], ..queue("") });
    world.call(NUMBER, vec![], seconds(60));
    world.pass(seconds(3));
    world.call(NUMBER, vec![], seconds(60));
    let story = world.run(seconds(1_000));
    let cdrs = check(&story);
    assert_eq!(queue_left(&story), ["connected", "connected"], "{}", story.tell());
    assert!(cdrs[1].legs[0].started_at >= cdrs[0].ended_at.unwrap(), "{}", story.tell());
    let music = hears::pair_lasts(&story.reports[1].heard, QUEUE_MUSIC);
    assert!(music >= seconds(5), "{music:?}");
}

#[test]
fn a_queue_nobody_serves_is_full_and_one_that_serves_nobody_times_out() {
    let (story, cdr) = call(queue(""), vec![]);
    assert_eq!((queue_left(&story), cdr.cause), (vec!["full"], Some(EndCause::Rejected)), "{}", story.tell());

    let agents = vec![Behaviour::NeverAnswer];
    let (story, cdr) = call(Scenario { agents, ring_max: seconds(100), ..queue(r#", "timeout": 7"#) }, vec![]);
    assert_eq!((queue_left(&story), cdr.cause), (vec!["timeout"], Some(EndCause::Busy)), "{}", story.tell());
    assert_eq!(cdr.legs[0].failure, Some(LegFailure::Cancelled));
}

#[test]
fn one_more_than_the_queue_holds_is_turned_away() {
    let mut world = World::new(Scenario { agents: vec![talks(30)], ..queue(r#", "maxSize": 1"#) });
    for _ in 0..3 {
        world.call(NUMBER, vec![Step::Wait(seconds(20)), Step::HangUp], seconds(60));
        world.pass(seconds(2));
    }
    let story = world.run(seconds(1_000));
    let cdrs = check(&story);
    let causes: Vec<_> = cdrs.iter().map(|cdr| cdr.cause.unwrap()).collect();
    assert_eq!(causes, [EndCause::Normal, EndCause::Normal, EndCause::Rejected], "{}", story.tell());
    assert_eq!(queue_left(&story), ["connected", "full", "connected"], "{}", story.tell());
}

#[test]
fn when_an_agent_fails_the_caller_waits_on() {
    let agents = vec![Behaviour::FAIL, Behaviour::BUSY];
    let (story, cdr) = call(Scenario { agents, ..queue(r#", "timeout": 20"#) }, vec![]);
    assert_eq!(queue_left(&story), ["timeout"], "{}", story.tell());
    assert!((4..9).contains(&cdr.legs.len()), "asked again, but not without a pause\n{}", story.tell());
    let music = hears::pair_lasts(&story.reports[0].heard, QUEUE_MUSIC);
    assert!(music >= seconds(17), "{music:?}");
}

#[test]
fn a_caller_who_waits_for_an_agent_can_leave() {
    let agents = vec![Behaviour::NeverAnswer];
    let (story, cdr) = call(Scenario { agents, ..queue("") }, vec![Step::Wait(seconds(5)), Step::HangUp]);
    assert_eq!((queue_left(&story), cdr.ended_by), (vec!["abandoned"], Some(Party::Caller)), "{}", story.tell());
    let left = |what: &What| matches!(what, What::NodeLeft { outcome, .. } if outcome == "caller-gone");
    assert_eq!(count(&story, left), 1, "{}", story.tell());
}

/// A whisper before buyers; `reject` is its `onReject`.
fn whispered(reject: &str, sellers: Vec<Behaviour>) -> Scenario {
    let rejected = r#", {"id": "rejected", "type": "hangup", "reason": "rejected"}"#;
    let rejected = if reject.is_empty() { "" } else { rejected };
    let flow = nodes(&format!(
        r#"{{"id": "start", "type": "whisper", "calleePrompt": "tone:523+1568,1000/0,for=1000", "acceptDigit": "5", "timeout": 4{reject}, "next": "buyers"}},
           {{"id": "buyers", "type": "buyer", "source": "campaign"}}{rejected}"#
    ));
    Scenario::new(flow, sellers.into_iter().map(seller).collect())
}

fn presses(digit: &str, then: Sound) -> Behaviour {
    let press = Step::Press { digits: digit.to_owned(), by: DigitsBy::Rfc4733 };
    does(vec![Step::Wait(seconds(2)), press, Step::RepeatFor(then, seconds(5)), Step::HangUp])
}

#[test]
fn a_buyer_hears_the_whisper_and_accepts() {
    let (story, cdr) = call(whispered("", vec![presses("5", tone(AGENT))]), vec![]);
    let whisper = hears::pair_lasts(&story.answered[0].1.heard, WHISPER);
    assert!(whisper >= millis(800), "{whisper:?}\n{}", story.tell());
    assert_eq!(hears::pair_lasts(&story.reports[0].heard, WHISPER), Duration::ZERO, "not the caller's to hear");
    let leg = cdr.sold_leg().expect("sold");
    let decided = leg.bridged_at.unwrap().since(leg.answered_at.unwrap());
    assert!((seconds(2)..seconds(3)).contains(&decided), "{decided:?}");
    assert!(hears::pair_lasts(&story.reports[0].heard, AGENT) >= millis(4_500));
}

#[test]
fn a_buyer_who_declines_is_passed_over() {
    let (story, cdr) = call(whispered("", vec![presses("9", tone(AGENT)), presses("5", tone(AGENT))]), vec![]);
    assert_eq!(cdr.legs[0].failure, Some(LegFailure::Declined), "{}", story.tell());
    assert_eq!(cdr.sold_leg().map(|leg| leg.leg), Some(cdr.legs[1].leg), "{}", story.tell());
}

#[test]
fn a_buyer_who_does_not_decide_has_declined() {
    let (story, cdr) = call(whispered("", vec![does(vec![])]), vec![]);
    assert_eq!(cdr.legs[0].failure, Some(LegFailure::Declined), "{}", story.tell());
    let leg = &cdr.legs[0];
    let decided = leg.ended_at.unwrap().since(leg.answered_at.unwrap());
    assert!((millis(4_900)..millis(5_300)).contains(&decided), "prompt and timeout: {decided:?}");
    assert_eq!((cdr.answered_at, cdr.cause), (None, Some(EndCause::Rejected)), "{}", story.tell());
}

#[test]
fn a_rejection_that_ends_the_offer_asks_nobody_else() {
    let reject = r#", "onReject": "rejected""#;
    let sellers = vec![presses("9", tone(AGENT)), presses("5", tone(AGENT))];
    let (story, cdr) = call(whispered(reject, sellers), vec![]);
    assert_eq!((cdr.legs.len(), cdr.cause), (1, Some(EndCause::Rejected)), "{}", story.tell());
}

#[test]
fn an_agent_who_rejects_takes_the_caller_out_of_the_queue() {
    let flow = nodes(
        r#"{"id": "start", "type": "whisper", "calleePrompt": "say:call", "acceptDigit": "5", "onReject": "rejected", "next": "q"},
           {"id": "q", "type": "queue", "queueId": "q"},
           {"id": "rejected", "type": "hangup", "reason": "rejected"}"#,
    );
    let scenario = Scenario { agents: vec![presses("9", tone(AGENT))], ..Scenario::new(flow, vec![]) };
    let (story, cdr) = call(scenario, vec![]);
    assert_eq!((queue_left(&story), cdr.cause), (vec!["rejected"], Some(EndCause::Rejected)), "{}", story.tell());
}

#[test]
fn early_media_is_cut_while_the_buyer_decides() {
    let press = Step::Press { digits: "5".to_owned(), by: DigitsBy::Rfc4733 };
    let early = Behaviour::EarlyMedia {
        early: tones(&[988, 2_349], seconds(1)),
        after: seconds(3),
        steps: vec![Step::RepeatFor(tone(AGENT), seconds(2)), press, Step::Wait(seconds(3)), Step::HangUp],
    };
    let mut world = World::new(whispered("", vec![early]));
    world.call(NUMBER, vec![], seconds(60));
    let (story, _) = one(world);
    let heard = &story.reports[0].heard;
    assert!(hears::pair_lasts(heard, TonePair(988, 2_349)) >= seconds(2), "{}", story.tell());
    assert_eq!(hears::pair_lasts(heard, AGENT), Duration::ZERO, "what is said to nobody yet\n{}", story.tell());
}
