//! Two phones call each other.

mod wire;

use std::time::Duration;

use phone::hears::{self, TonePair};
use phone::voice::{Behaviour, DigitsBy, Step, tones};
use phone::{Credentials, End, Event};
use wire::{CALLED, CALLER, Wire, sip_address};

const SECOND: Duration = Duration::from_secs(1);

fn answers(steps: Vec<Step>) -> Behaviour {
    Behaviour::Answer { after: SECOND, steps }
}

fn pair(which: usize) -> (TonePair, phone::voice::Sound) {
    let pair = TonePair::BUYERS[which];
    (pair, tones(&[pair.0, pair.1], SECOND))
}

#[test]
fn a_call_is_answered_heard_both_ways_and_ended() {
    let (caller_pair, caller_sound) = pair(0);
    let (called_pair, called_sound) = pair(1);
    let mut wire = Wire::new(
        |_| {},
        |config| {
            config.behaviour = answers(vec![Step::Repeat(called_sound)]);
            config.headers = vec![("X-Buyer".to_owned(), "acme".to_owned())];
        },
    );
    wire.dial(|dial| dial.steps = vec![Step::Say(caller_sound), Step::Wait(SECOND), Step::HangUp]);
    wire.run(SECOND * 10);

    assert_eq!(wire.ladder, ["-> INVITE", "<- 180", "<- 200", "-> ACK", "-> BYE", "<- 200"]);
    let (caller, called) = (wire.report(CALLER), wire.report(CALLED));
    assert_eq!((caller.end, called.end), (End::HungUpByUs, End::HungUpByThem));
    assert_eq!(caller.headers, [("X-Buyer".to_owned(), "acme".to_owned())]);
    assert_eq!(called.from, "+15550001");
    assert_eq!(caller.call_id, called.call_id);
    assert!(hears::pair_lasts(&caller.heard, called_pair) >= SECOND * 9 / 5, "{:?}", caller.stats);
    assert!(hears::pair_lasts(&called.heard, caller_pair) >= SECOND * 9 / 10);
    assert_eq!(hears::pair_lasts(&caller.heard, caller_pair), Duration::ZERO, "no echo");
    assert_eq!(caller.stats.packets_in, called.stats.packets_out);
    assert_eq!((caller.stats.lost, called.stats.lost, called.stats.invalid), (0, 0, 0));
    wire.assert_clean();
}

#[test]
fn keys_arrive_by_telephone_event_and_by_info() {
    for by in [DigitsBy::Rfc4733, DigitsBy::Info] {
        let mut wire = Wire::new(|_| {}, |config| config.behaviour = answers(Vec::new()));
        let press = Step::Press { digits: "1,2#".to_owned(), by };
        wire.dial(|dial| dial.steps = vec![Step::Wait(SECOND), press, Step::HangUp]);
        wire.run(SECOND * 10);
        assert_eq!(wire.report(CALLED).digits, "12#", "{by:?}");
        let infos = wire.ladder.iter().filter(|line| *line == "-> INFO").count();
        assert_eq!(infos, if by == DigitsBy::Info { 3 } else { 0 });
        wire.assert_clean();
    }
}

#[test]
fn refusals_end_the_call_with_their_status() {
    for (behaviour, status) in [(Behaviour::BUSY, 486), (Behaviour::FAIL, 503), (Behaviour::REJECT, 603)] {
        let mut wire = Wire::new(|_| {}, |config| config.behaviour = behaviour);
        wire.dial(|_| {});
        wire.run(SECOND * 10);
        assert_eq!(wire.ladder, ["-> INVITE".to_owned(), format!("<- {status}"), "-> ACK".to_owned()]);
        assert_eq!(wire.report(CALLER).end, End::Refused(status));
        assert_eq!(wire.report(CALLER).answered_at, None);
        wire.assert_clean();
    }
}

#[test]
fn the_caller_gives_up_on_a_phone_that_never_answers() {
    let mut wire = Wire::new(|_| {}, |config| config.behaviour = Behaviour::NeverAnswer);
    wire.dial(|dial| dial.gives_up_after = SECOND * 20);
    wire.run(SECOND * 60);
    assert_eq!(wire.ladder, ["-> INVITE", "<- 180", "-> CANCEL", "<- 200", "<- 487", "-> ACK"]);
    assert_eq!(wire.report(CALLER).end, End::CancelledByUs);
    assert_eq!(wire.report(CALLED).end, End::CancelledByThem);
    wire.assert_clean();
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut wire = Wire::new(|_| {}, |config| config.behaviour = answers(Vec::new()));
    wire.dial(|dial| dial.gives_up_after = SECOND + Duration::from_millis(2));
    wire.run(SECOND * 60);
    assert_eq!(wire.report(CALLER).end, End::CancelledByUs);
    assert!(wire.ladder.contains(&"-> BYE".to_owned()), "{:?}", wire.ladder);
    assert_eq!(wire.report(CALLED).end, End::HungUpByThem);
    wire.assert_clean();
}

#[test]
fn early_media_is_heard_before_the_answer() {
    let (early_pair, early) = pair(2);
    let behaviour = Behaviour::EarlyMedia { early, after: SECOND * 3, steps: vec![Step::Wait(SECOND), Step::HangUp] };
    let mut wire = Wire::new(|_| {}, |config| config.behaviour = behaviour);
    wire.dial(|_| {});
    wire.run(SECOND * 10);
    assert_eq!(wire.ladder, ["-> INVITE", "<- 183", "<- 200", "-> ACK", "<- BYE", "-> 200"]);
    let report = wire.report(CALLER);
    assert_eq!(report.end, End::HungUpByThem);
    let heard = hears::pair_lasts(&report.heard, early_pair);
    assert!((SECOND * 27 / 10..=SECOND * 3).contains(&heard), "{heard:?}");
    wire.assert_clean();
}

#[test]
fn a_sound_may_be_repeated_for_a_while() {
    let (called_pair, sound) = pair(4);
    let steps = vec![Step::RepeatFor(sound, SECOND * 3), Step::Wait(SECOND * 2), Step::HangUp];
    let mut wire = Wire::new(|_| {}, |config| config.behaviour = answers(steps));
    wire.dial(|_| {});
    wire.run(SECOND * 20);
    let report = wire.report(CALLER);
    let heard = hears::pair_lasts(&report.heard, called_pair);
    assert!((SECOND * 26 / 10..=SECOND * 3).contains(&heard), "{heard:?}");
    assert!((SECOND * 49 / 10..=SECOND * 51 / 10).contains(&report.talked()));
    wire.assert_clean();
}

#[test]
fn hold_stops_the_other_sides_media_and_resume_brings_it_back() {
    let (called_pair, sound) = pair(3);
    let mut wire = Wire::new(|_| {}, |config| config.behaviour = answers(vec![Step::Repeat(sound)]));
    let steps = vec![Step::Wait(SECOND * 2), Step::Hold, Step::Wait(SECOND * 4), Step::Resume, Step::Wait(SECOND * 2)];
    wire.dial(|dial| dial.steps = steps.into_iter().chain([Step::HangUp]).collect());
    wire.run(SECOND * 20);
    let (caller, called) = (wire.report(CALLER), wire.report(CALLED));
    assert_eq!(called.held, 1);
    let heard = hears::pair_lasts(&caller.heard, called_pair);
    assert!((SECOND * 36 / 10..=SECOND * 41 / 10).contains(&heard), "{heard:?}");
    assert_eq!(wire.ladder.iter().filter(|line| *line == "-> INVITE").count(), 3);
    wire.assert_clean();
}

#[test]
fn both_hold_at_once_and_both_get_their_turn() {
    let hold = || vec![Step::Wait(SECOND), Step::Hold, Step::Wait(SECOND * 8), Step::HangUp];
    let mut wire = Wire::new(|_| {}, |config| config.behaviour = answers(hold()));
    wire.dial(|dial| dial.steps = hold());
    wire.run(SECOND * 60);
    assert!(wire.ladder.iter().any(|line| line.ends_with("491")), "{:?}", wire.ladder);
    assert!(wire.report(CALLER).held >= 1 && wire.report(CALLED).held >= 1, "{:?}", wire.ladder);
    wire.assert_clean();
}

/// Every datagram of a call, INVITE to the BYE's 200, is lost once; the call still ends well on both sides.
#[test]
fn any_one_message_may_be_lost() {
    for lost in 1..=6 {
        let mut wire = Wire::new(|_| {}, |config| config.behaviour = answers(Vec::new()));
        wire.drops = Box::new(move |number, _| number == lost);
        wire.dial(|dial| dial.steps = vec![Step::Wait(SECOND * 2), Step::HangUp]);
        wire.run(SECOND * 60);
        assert_eq!(wire.report(CALLER).end, End::HungUpByUs, "{lost}: {:?}", wire.ladder);
        assert_eq!(wire.report(CALLED).end, End::HungUpByThem, "{lost}: {:?}", wire.ladder);
        wire.assert_clean();
    }
}

#[test]
fn a_caller_whose_ack_never_comes_is_hung_up_on() {
    let mut wire = Wire::new(|_| {}, |config| config.behaviour = answers(vec![Step::Wait(SECOND), Step::HangUp]));
    wire.drops = Box::new(|_, bytes| bytes.starts_with(b"ACK"));
    wire.dial(|_| {});
    wire.run(SECOND * 31);
    assert!(!wire.ladder.contains(&"<- BYE".to_owned()), "BYE before the ACK");
    wire.run(SECOND * 30);
    assert_eq!(wire.report(CALLER).end, End::HungUpByThem);
    assert_eq!(wire.report(CALLED).end, End::HungUpByUs);
    wire.assert_clean();
}

#[test]
fn a_dead_phone_times_out() {
    let mut wire = Wire::new(|_| {}, |_| {});
    wire.drops = Box::new(|_, _| true);
    wire.dial(|_| {});
    wire.run(SECOND * 40);
    assert_eq!(wire.report(CALLER).end, End::TimedOut);
    wire.assert_clean();
}

#[test]
fn calls_beyond_the_limit_are_busy() {
    let mut wire = Wire::new(
        |_| {},
        |config| {
            config.behaviour = answers(Vec::new());
            config.calls_max = 2;
        },
    );
    let calls: Vec<_> = (0..3).map(|_| wire.dial(|dial| dial.steps = vec![Step::Wait(SECOND), Step::HangUp])).collect();
    wire.run(SECOND * 10);
    let mut ends: Vec<_> = calls.iter().map(|call| wire.reports[&(CALLER, *call)].end).collect();
    ends.sort_by_key(|end| format!("{end:?}"));
    assert_eq!(ends, [End::HungUpByUs, End::HungUpByUs, End::Refused(486)]);
    wire.assert_clean();
}

#[test]
fn either_side_may_hang_up_by_hand() {
    for side in [CALLER, CALLED] {
        let mut wire = Wire::new(|_| {}, |config| config.behaviour = answers(Vec::new()));
        wire.dial(|_| {});
        wire.run(SECOND * 3);
        let call = wire.events.iter().find_map(|(phone, event)| match event {
            Event::Answered { call } if *phone == side => Some(*call),
            _ => None,
        });
        wire.hang_up(side, call.unwrap());
        wire.run(SECOND * 3);
        assert_eq!(wire.report(side).end, End::HungUpByUs);
        assert_eq!(wire.report(1 - side).end, End::HungUpByThem);
        wire.assert_clean();
    }
}

#[test]
fn strangers_and_nonsense_change_nothing() {
    let mut wire = Wire::new(|_| {}, |config| config.behaviour = answers(Vec::new()));
    wire.dial(|dial| dial.steps = vec![Step::Wait(SECOND * 5), Step::HangUp]);
    wire.run(SECOND * 2);
    let stranger = "127.0.0.1:9".parse().unwrap();
    let head = "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKx\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:bob@z>;tag=2\r\n\
        Call-ID: none\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n";
    wire.inject(stranger, CALLED, format!("BYE sip:bob@z SIP/2.0\r\n{head}CSeq: 1 BYE\r\n\r\n").into_bytes());
    wire.inject(stranger, CALLED, b"\r\n\r\n".to_vec());
    wire.inject(stranger, CALLED, vec![0xff; 60]);
    wire.run(SECOND * 10);
    assert!(wire.ladder.contains(&"<- 481".to_owned()), "{:?}", wire.ladder);
    assert_eq!(wire.phones[CALLED].dropped().malformed, 1);
    assert_eq!(wire.report(CALLER).end, End::HungUpByUs);
    wire.assert_clean();
}

#[test]
fn a_challenge_is_answered_once() {
    use sip::digest::{Algorithm, Authenticator, Check, Config as DigestConfig, Ha1};
    use sip::message::{Message, ResponseBuilder, parse};
    // The called side is a bare challenger: it lets nobody in, and says whether the password was right.
    let secrets = Credentials { user: "alice".to_owned(), password: "wonder".to_owned() };
    let mut wire = Wire::new(|config| config.credentials = Some(secrets), |_| {});
    let mut authenticator = Authenticator::new(
        DigestConfig {
            realm: "demo".to_owned(),
            algorithms: vec![Algorithm::Sha256],
            nonce_lifetime: SECOND * 60,
            nonces_max: 10,
            proxy: true,
        },
        [3; 32],
    );
    let ha1 = Ha1::new(Algorithm::Sha256, b"alice", b"demo", b"wonder");
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let record = seen.clone();
    wire.drops = Box::new(move |_, bytes| {
        record.borrow_mut().push(bytes.to_vec());
        true
    });
    wire.dial(|_| {});
    let mut verdicts = Vec::new();
    for _ in 0..2 {
        let invite = seen.borrow().iter().rfind(|bytes| bytes.starts_with(b"INVITE")).unwrap().clone();
        let Ok(Message::Request(request)) = parse(invite.into()) else { panic!("no request") };
        let check = authenticator.check(wire.now, &request, |_, _| Some(ha1.clone()));
        verdicts.push(check);
        let mut response = ResponseBuilder::new(&request, authenticator.status()).tag(b"t");
        for (name, value) in authenticator.challenge(wire.now, false) {
            response = response.header(name, value);
        }
        wire.inject(sip_address(CALLED), CALLER, response.build().unwrap().bytes().to_vec());
        wire.run(Duration::from_millis(100));
    }
    assert_eq!(verdicts[1], Check::Granted { username: b"alice".to_vec() });
    let status = authenticator.status();
    assert_eq!(wire.report(CALLER).end, End::Refused(status), "a second challenge is the end");
}
