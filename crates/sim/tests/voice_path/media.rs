//! What is heard, and by whom.

use std::time::Duration;

use domain::{EndCause, Party, What};
use media::Codec;
use phone::hears::{self, TonePair};
use phone::voice::{Behaviour, DigitsBy, Sound, Step};
use sim::voice::{HOLD_MUSIC, RINGBACK, Scenario, Seller, Story, World};

use crate::stage::{NUMBER, call, check, count, direct, does, millis, nodes, one, seconds, seller, tone};

const BUYER: TonePair = TonePair::BUYERS[0];
const CALLER: TonePair = TonePair::BUYERS[1];
const EARLY: TonePair = TonePair::BUYERS[2];

/// How long the caller heard this pair.
fn caller_heard(story: &Story, pair: TonePair) -> Duration {
    hears::pair_lasts(&story.reports[0].heard, pair)
}

/// How long the buyer or agent heard this pair.
fn callee_heard(story: &Story, pair: TonePair) -> Duration {
    hears::pair_lasts(&story.answered[0].1.heard, pair)
}

fn speaks_early(after: u64) -> Seller {
    let steps = vec![Step::RepeatFor(tone(BUYER), seconds(5)), Step::HangUp];
    seller(Behaviour::EarlyMedia { early: tone(EARLY), after: seconds(after), steps })
}

/// Answers the caller before anybody is called.
fn answered_first() -> std::sync::Arc<flow::Program> {
    nodes(
        r#"{"id": "start", "type": "ivr", "prompt": "file:hello.wav", "timeout": 1, "retries": 0, "choices": [{"digits": "9", "target": "buyers"}], "default": "buyers"},
           {"id": "buyers", "type": "buyer", "source": "campaign"}"#,
    )
}

#[test]
fn an_unanswered_caller_hears_early_media() {
    let (story, cdr) = call(direct(vec![speaks_early(4)]), vec![]);
    assert!((seconds(3)..=seconds(5)).contains(&caller_heard(&story, EARLY)), "{:?}", caller_heard(&story, EARLY));
    assert!((millis(4_500)..=millis(5_500)).contains(&caller_heard(&story, BUYER)), "{}", story.tell());
    assert_eq!(caller_heard(&story, RINGBACK), Duration::ZERO);
    assert_eq!(count(&story, |what| matches!(what, What::LegRinging { early_media: true, .. })), 1, "{}", story.tell());
    let answered = cdr.answered_at.unwrap();
    assert!(answered.since(cdr.started_at) >= seconds(4), "early media is no answer\n{}", story.tell());
}

#[test]
fn an_answered_caller_hears_ringback_and_then_early_media() {
    let ringing = Seller::new(does(vec![Step::RepeatFor(tone(BUYER), seconds(5)), Step::HangUp]));
    let (story, _) = call(Scenario::new(answered_first(), vec![ringing]), vec![]);
    assert!((millis(700)..=millis(1_300)).contains(&caller_heard(&story, RINGBACK)), "{}", story.tell());
    assert!(caller_heard(&story, BUYER) >= millis(4_500));

    let (story, _) = call(Scenario::new(answered_first(), vec![speaks_early(4)]), vec![]);
    assert!((seconds(3)..=seconds(5)).contains(&caller_heard(&story, EARLY)), "{}", story.tell());
    assert_eq!(caller_heard(&story, RINGBACK), Duration::ZERO);
}

#[test]
fn after_early_media_of_one_buyer_the_next_one_is_heard_to_ring() {
    let fails_late = Seller::new(Behaviour::EarlyMedia { early: tone(EARLY), after: seconds(30), steps: vec![] });
    let scenario = Scenario {
        ring_max: seconds(4),
        ..direct(vec![fails_late, Seller::new(does(vec![Step::RepeatFor(tone(BUYER), seconds(3)), Step::HangUp]))])
    };
    let (story, cdr) = call(scenario, vec![]);
    assert_eq!(cdr.legs.len(), 2, "{}", story.tell());
    assert!(caller_heard(&story, EARLY) >= seconds(3));
    assert!(caller_heard(&story, RINGBACK) >= millis(700), "{}", story.tell());
    assert!(caller_heard(&story, BUYER) >= millis(2_500));
}

#[test]
fn either_side_holds_and_takes_back() {
    for holder in [Party::Caller, Party::Callee] {
        let holds = vec![
            Step::Wait(seconds(3)),
            Step::Hold,
            Step::Wait(seconds(10)),
            Step::Resume,
            Step::Wait(seconds(3)),
            Step::HangUp,
        ];
        let (caller, buyer) = match holder {
            Party::Caller => (holds, vec![Step::Repeat(tone(BUYER))]),
            _ => (vec![Step::Repeat(tone(CALLER))], holds),
        };
        // The held side's silence is shorter than the hold.
        let scenario = Scenario { media_timeout: seconds(5), ..direct(vec![seller(does(buyer))]) };
        let (story, cdr) = call(scenario, caller);
        let talk = story.events.iter().filter_map(|event| match event.what {
            What::Held { by } => Some(("held", by)),
            What::Resumed { by } => Some(("resumed", by)),
            _ => None,
        });
        let talk: Vec<_> = talk.collect();
        assert_eq!(talk, [("held", holder), ("resumed", holder)], "{}", story.tell());
        assert_eq!((cdr.cause, cdr.ended_by), (Some(EndCause::Normal), Some(holder)), "{}", story.tell());
        let music =
            if holder == Party::Caller { callee_heard(&story, HOLD_MUSIC) } else { caller_heard(&story, HOLD_MUSIC) };
        assert!((millis(9_000)..=millis(10_500)).contains(&music), "{holder:?} {music:?}\n{}", story.tell());
        let (voice, whole) = match holder {
            Party::Caller => (caller_heard(&story, BUYER), seconds(16)),
            _ => (callee_heard(&story, CALLER), seconds(16)),
        };
        assert!(voice >= seconds(5) && voice <= whole - seconds(9), "{holder:?} {voice:?}");
    }
}

#[test]
fn both_hold_at_once_and_both_come_back() {
    let steps = || {
        vec![
            Step::Wait(seconds(3)),
            Step::Hold,
            Step::Wait(seconds(4)),
            Step::Resume,
            Step::Wait(seconds(3)),
            Step::HangUp,
        ]
    };
    let (story, cdr) = call(direct(vec![seller(does(steps()))]), steps());
    assert_eq!(count(&story, |what| matches!(what, What::Held { .. })), 2, "{}", story.tell());
    assert_eq!(count(&story, |what| matches!(what, What::Resumed { .. })), 2, "{}", story.tell());
    assert_eq!(cdr.cause, Some(EndCause::Normal));
}

#[test]
fn a_caller_who_holds_before_the_bridge_leaves_music_to_the_buyer() {
    let steps = vec![Step::Hold, Step::Wait(seconds(10)), Step::HangUp];
    let (story, _) = call(Scenario::new(answered_first(), vec![seller(does(vec![]))]), steps);
    assert!(callee_heard(&story, HOLD_MUSIC) >= seconds(5), "{}", story.tell());
}

#[test]
fn a_phone_that_falls_silent_ends_the_call() {
    let scenario = Scenario { media_timeout: seconds(20), ..direct(vec![seller(does(vec![]))]) };
    let (story, cdr) = call(scenario, vec![Step::Wait(seconds(5)), Step::Mute, Step::Wait(seconds(500))]);
    assert_eq!((cdr.cause, cdr.ended_by), (Some(EndCause::MediaTimeout), Some(Party::Platform)), "{}", story.tell());
    let talked = cdr.sold_leg().unwrap().connected_ms();
    assert!((24_000..28_000).contains(&talked), "{talked}");
}

#[test]
fn different_laws_are_transcoded() {
    let buyer = Seller {
        codecs: vec![Codec::Pcmu],
        ..seller(does(vec![Step::RepeatFor(tone(BUYER), seconds(5)), Step::HangUp]))
    };
    let scenario = Scenario { codecs: vec![Codec::Pcma], ..direct(vec![buyer]) };
    let (story, _) = call(scenario, vec![Step::Repeat(tone(CALLER))]);
    assert!(caller_heard(&story, BUYER) >= millis(4_500), "{}", story.tell());
    assert!(callee_heard(&story, CALLER) >= millis(4_500), "{}", story.tell());
}

#[test]
fn digits_by_info_reach_the_buyer_as_events_and_are_not_logged() {
    for by in [DigitsBy::Info, DigitsBy::Rfc4733] {
        let press = Step::Press { digits: "4242".to_owned(), by };
        let steps = vec![Step::Wait(seconds(2)), press, Step::Wait(seconds(2)), Step::HangUp];
        let (story, cdr) = call(direct(vec![seller(does(vec![]))]), steps);
        assert_eq!(story.answered[0].1.digits, "4242", "{by:?}\n{}", story.tell());
        assert_eq!(cdr.digits, "", "{by:?}: perhaps a card number");
    }
}

fn recorded(story: &Story, index: usize) -> (&[i16], &[i16]) {
    let (left, right) = story.recorded.values().nth(index).unwrap_or_else(|| panic!("no recording\n{}", story.tell()));
    (left, right)
}

fn like(whole: &[i16], part: &Sound) -> f64 {
    hears::find(whole, part).map_or(0.0, |found| found.likeness)
}

#[test]
fn a_recording_has_the_caller_left_and_what_it_heard_right() {
    let flow = nodes(
        r#"{"id": "start", "type": "record", "channels": "dual", "format": "mp3", "next": "buyers"},
           {"id": "buyers", "type": "buyer", "source": "campaign"}"#,
    );
    let buyer = seller(does(vec![Step::RepeatFor(tone(BUYER), seconds(6)), Step::HangUp]));
    let scenario = Scenario { keeps_audio: true, ..Scenario::new(flow, vec![buyer]) };
    let (story, cdr) = call(scenario, vec![Step::Wait(seconds(2)), Step::Repeat(tone(CALLER))]);
    let (left, right) = recorded(&story, 0);
    assert!(like(left, &tone(CALLER)) > 0.9, "{}", like(left, &tone(CALLER)));
    assert!(like(right, &tone(BUYER)) > 0.9, "{}", like(right, &tone(BUYER)));
    assert_eq!(hears::pair_lasts(left, BUYER) + hears::pair_lasts(right, CALLER), Duration::ZERO, "apart");
    assert!(story.recording_keys[0].ends_with(".wav"), "{:?}", story.recording_keys);
    let ringing = count(&story, |what| matches!(what, What::LegRinging { .. }));
    assert_eq!((cdr.recordings.len(), ringing), (1, 1), "recording does not answer the caller\n{}", story.tell());
    let length = cdr.recordings[0].duration_ms.unwrap();
    assert!((5_800..6_300).contains(&length), "from the answer on: {length}");
}

#[test]
fn a_message_is_taken_after_a_beep_and_a_second_recording_has_its_own_key() {
    let flow = nodes(
        r#"{"id": "start", "type": "record", "beep": true, "maxDuration": 4, "onComplete": "buyers"},
           {"id": "buyers", "type": "buyer", "source": "campaign", "next": "again"},
           {"id": "again", "type": "record", "maxDuration": 3, "onComplete": "bye"},
           {"id": "bye", "type": "hangup"}"#,
    );
    let buyer = seller(does(vec![Step::Wait(seconds(3)), Step::HangUp]));
    let scenario = Scenario { keeps_audio: true, ..Scenario::new(flow, vec![buyer]) };
    let (story, cdr) = call(scenario, vec![Step::Repeat(tone(CALLER))]);
    assert_eq!(cdr.recordings.len(), 2, "{}", story.tell());
    assert_ne!(cdr.recordings[0].key, cdr.recordings[1].key);
    assert!(cdr.recordings.iter().all(|recording| recording.duration_ms.is_some_and(|length| length >= 2_500)));
    let (_, right) = recorded(&story, 0);
    assert!(hears::level(&right[..2_400]) > 0.01, "the beep is heard");
    assert!(cdr.answered_at.unwrap().since(cdr.started_at) < seconds(1), "a message needs an answer\n{}", story.tell());
}

#[test]
fn a_prompt_waits_for_the_beep() {
    let flow = nodes(
        r#"{"id": "start", "type": "record", "beep": true, "next": "menu"},
           {"id": "menu", "type": "hangup", "prompt": "tone:659+1976,1000/0,for=1000"}"#,
    );
    let (story, _) = call(Scenario::new(flow, vec![]), vec![]);
    let prompt = hears::pair_lasts(&story.reports[0].heard, EARLY);
    assert!(prompt >= millis(900), "not cut: {prompt:?}\n{}", story.tell());
    let loud = hears::sound_lasts(&story.reports[0].heard);
    assert!(loud >= millis(1_050), "and the beep besides: {loud:?}");
}

#[test]
fn a_number_that_records_everything_goes_on_after_the_flows_own_recording() {
    let flow = nodes(
        r#"{"id": "start", "type": "record", "maxDuration": 2, "onComplete": "buyers"},
           {"id": "buyers", "type": "buyer", "source": "campaign"}"#,
    );
    let buyer = seller(does(vec![Step::Wait(seconds(3)), Step::HangUp]));
    let (story, cdr) = call(Scenario { record: true, ..Scenario::new(flow, vec![buyer]) }, vec![]);
    assert_eq!(cdr.recordings.len(), 2, "{}", story.tell());
    assert!(cdr.recordings[1].duration_ms.is_some_and(|length| length >= 3_500), "{:?}", cdr.recordings);
}

#[test]
fn a_recording_that_cannot_be_written_is_said_so() {
    let flow = nodes(
        r#"{"id": "start", "type": "record", "maxDuration": 2, "onComplete": "good", "onError": "bad"},
           {"id": "good", "type": "hangup"},
           {"id": "bad", "type": "hangup", "reason": "busy"}"#,
    );
    let scenario = Scenario { unwritten_permille: 1_000, ..Scenario::new(flow, vec![]) };
    let (story, cdr) = call(scenario, vec![]);
    assert_eq!(cdr.cause, Some(EndCause::Busy), "{}", story.tell());
    assert!(cdr.recordings[0].failure.is_some());
}

#[test]
fn a_prompt_answers_the_caller_and_a_missing_one_is_passed_over() {
    let flow = nodes(r#"{"id": "start", "type": "hangup", "prompt": "file:missing.wav", "reason": "rejected"}"#);
    let (story, cdr) = call(Scenario::new(flow, vec![]), vec![]);
    assert!(cdr.answered_at.is_some(), "{}", story.tell());
    assert_eq!((cdr.cause, cdr.ended_by), (Some(EndCause::Rejected), Some(Party::Platform)));
    assert_eq!(count(&story, |what| matches!(what, What::PromptPlayed { .. })), 1, "{}", story.tell());
}

#[test]
fn the_far_side_of_a_hung_up_call_is_heard_no_more() {
    let mut world = World::new(direct(vec![seller(does(vec![Step::Repeat(tone(BUYER))]))]));
    world.call(NUMBER, vec![Step::Wait(seconds(4)), Step::HangUp], seconds(60));
    let (story, cdr) = one(world);
    assert_eq!(check(&story).len(), 1);
    let heard = caller_heard(&story, BUYER);
    assert!(heard <= millis(cdr.sold_leg().unwrap().connected_ms() + 300), "{heard:?}");
}
