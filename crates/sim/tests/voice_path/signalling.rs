//! Signalling that goes wrong, crosses, repeats, or is not meant well.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use domain::{EndCause, Party, What};
use phone::End;
use phone::hears::{self, TonePair};
use phone::voice::{Behaviour, Step};
use sim::network::Conditions;
use sim::voice::{BUYERS, CARRIER, EDGE, OUTSIDER, SECRET, SWITCH, Scenario, Story, World};
use sip::message::{Message, Method, Request, Response, parse};
use sip::seal::Seal;
use sip::verdict::{self, Attestation, Direction, Verdict};

use crate::stage::{NUMBER, answers, call, check, count, direct, does, millis, one, seconds, seller, tone};

const BUYER: TonePair = TonePair::BUYERS[0];

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn request(bytes: &Bytes) -> Option<Request> {
    parse(bytes.clone()).ok()?.request()
}

fn response(bytes: &Bytes) -> Option<Response> {
    parse(bytes.clone()).ok()?.response()
}

/// A message with this body instead.
fn with_body(bytes: &Bytes, body: &str) -> Bytes {
    let text = std::str::from_utf8(bytes).unwrap();
    let head = text.split("\r\n\r\n").next().unwrap();
    let kept = head.split("\r\n").filter(|line| {
        let name = line.to_ascii_lowercase();
        !name.starts_with("content-length:") && !name.starts_with("content-type:")
    });
    let head: Vec<&str> = kept.collect();
    let described = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!("{}\r\n{described}Content-Length: {}\r\n\r\n{body}", head.join("\r\n"), body.len()).into()
}

#[test]
fn a_caller_who_never_acknowledges_is_let_go() {
    let mut world = World::new(direct(vec![seller(does(vec![]))]));
    world.tamper(|from, _, bytes| (from == at(CARRIER) && bytes.starts_with(b"ACK")).then(Vec::new));
    world.call(NUMBER, vec![], seconds(60));
    let (story, cdr) = one(world);
    assert_eq!((cdr.cause, cdr.ended_by), (Some(EndCause::NoAck), Some(Party::Platform)), "{}", story.tell());
    let answered = cdr.answered_at.unwrap();
    assert!((seconds(32)..seconds(33)).contains(&cdr.ended_at.unwrap().since(answered)), "64*T1");
    assert_eq!(story.reports[0].end, End::HungUpByThem);
}

#[test]
fn a_caller_whose_answer_is_late_hears_of_the_end_all_the_same() {
    // The answer is lost for three seconds; meanwhile the buyer hangs up.
    let mut world = World::new(direct(vec![answers(1, 1)]));
    let mut answers_lost = 0;
    world.tamper(move |from, to, bytes| {
        let answer = (from, to) == (at(SWITCH), at(EDGE)) && bytes.starts_with(b"SIP/2.0 200") && answers_lost < 3;
        answers_lost += i32::from(answer);
        answer.then(Vec::new)
    });
    world.call(NUMBER, vec![Step::Wait(seconds(900))], seconds(60));
    let (story, cdr) = one(world);
    assert_eq!((cdr.ended_by, story.reports[0].end), (Some(Party::Callee), End::HungUpByThem), "{}", story.tell());
    assert!(story.reports[0].answered_at.is_some());
}

#[test]
fn a_reinvite_that_is_never_acknowledged_ends_the_call() {
    for (holder, other, by) in [(CARRIER, BUYERS, Party::Platform), (BUYERS, CARRIER, Party::Platform)] {
        let holds = || vec![Step::Wait(seconds(2)), Step::Hold, Step::Wait(seconds(500))];
        let (caller, buyer) = if holder == CARRIER { (holds(), vec![]) } else { (vec![], holds()) };
        let mut world = World::new(direct(vec![seller(does(buyer))]));
        world.tamper(move |from, _, bytes| {
            let is_second = request(bytes).is_some_and(|request| {
                request.method() == Method::Ack
                    && request.cseq().is_some_and(|cseq| cseq.number > 1 || holder == BUYERS)
            });
            (from == at(holder) && is_second).then(Vec::new)
        });
        world.call(NUMBER, caller, seconds(60));
        let (story, cdr) = one(world);
        let held = story.events.iter().find(|event| matches!(event.what, What::Held { .. })).unwrap().at;
        assert!((seconds(31)..seconds(33)).contains(&cdr.ended_at.unwrap().since(held)), "{other} {}", story.tell());
        assert_eq!(cdr.ended_by, Some(by), "{}", story.tell());
    }
}

/// Takes the offer out of this phone's INVITEs with a CSeq of at least `from_cseq` and puts it into their ACKs.
fn delay_offers(world: &mut World, from_cseq: u32) {
    let offer = RefCell::new(None);
    world.tamper(move |from, _, bytes| {
        let request = request(bytes).filter(|_| from == at(CARRIER))?;
        let number = request.cseq()?.number;
        if number < from_cseq {
            return None;
        }
        match request.method() {
            Method::Invite => {
                *offer.borrow_mut() = Some(String::from_utf8(request.body().to_vec()).unwrap());
                Some(vec![with_body(bytes, "")])
            }
            Method::Ack => offer.borrow().as_ref().map(|offer| vec![with_body(bytes, offer)]),
            _ => None,
        }
    });
}

#[test]
fn an_invite_without_an_offer_gets_ours_and_its_answer_comes_with_the_ack() {
    let buyer = seller(does(vec![Step::RepeatFor(tone(BUYER), seconds(5)), Step::HangUp]));
    let mut world = World::new(direct(vec![buyer]));
    delay_offers(&mut world, 1);
    world.call(NUMBER, vec![Step::Repeat(tone(BUYER))], seconds(60));
    let (story, cdr) = one(world);
    assert_eq!(cdr.cause, Some(EndCause::Normal), "{}", story.tell());
    assert!(hears::pair_lasts(&story.reports[0].heard, BUYER) >= millis(4_500), "{}", story.tell());
    assert!(hears::pair_lasts(&story.answered[0].1.heard, BUYER) >= millis(4_500));
}

#[test]
fn a_delayed_offer_that_is_never_answered_ends_the_call() {
    let mut world = World::new(direct(vec![answers(1, 100)]));
    world.tamper(|from, _, bytes| {
        let invite = from == at(CARRIER) && bytes.starts_with(b"INVITE");
        invite.then(|| vec![with_body(bytes, "")])
    });
    world.call(NUMBER, vec![], seconds(60));
    let (story, cdr) = one(world);
    assert_eq!((cdr.cause, cdr.ended_by), (Some(EndCause::Media), Some(Party::Platform)), "{}", story.tell());
}

#[test]
fn hold_is_understood_from_an_ack_too() {
    let mut world = World::new(direct(vec![answers(1, 60)]));
    delay_offers(&mut world, 2);
    let steps = vec![
        Step::Wait(seconds(2)),
        Step::Hold,
        Step::Wait(seconds(4)),
        Step::Resume,
        Step::Wait(seconds(2)),
        Step::HangUp,
    ];
    world.call(NUMBER, steps, seconds(60));
    let (story, cdr) = one(world);
    let talk =
        count(&story, |what| matches!(what, What::Held { by: Party::Caller } | What::Resumed { by: Party::Caller }));
    assert_eq!((talk, cdr.ended_by), (2, Some(Party::Caller)), "{}", story.tell());
}

#[test]
fn a_cancel_may_cross_the_answer() {
    let (mut cancelled, mut answered) = (0, 0);
    for early in 0..40 {
        // The buyer answers two seconds after the INVITE reached it; the caller gives up about then.
        let mut world = World::new(Scenario { seed: early, ..direct(vec![answers(2, 100)]) });
        world.call(NUMBER, vec![Step::Wait(seconds(1)), Step::HangUp], millis(1_985 + early));
        let (story, cdr) = one(world);
        assert_eq!((story.reports.len(), story.answered.len()), (1, 1), "{}", story.tell());
        match cdr.cause {
            Some(EndCause::Cancelled) => {
                cancelled += 1;
                assert_eq!((cdr.sip_status, cdr.answered_at), (Some(487), None), "{}", story.tell());
                assert_eq!(story.reports[0].end, End::CancelledByUs);
            }
            _ => {
                answered += 1;
                assert_eq!(cdr.ended_by, Some(Party::Caller), "{}", story.tell());
            }
        }
        // Whether it said 200 or not, the buyer knows that it is over.
        assert!(matches!(story.answered[0].1.end, End::CancelledByThem | End::HungUpByThem), "{}", story.tell());
        assert!(count(&story, |what| matches!(what, What::Bridged { .. })) <= 1);
    }
    assert!(cancelled > 3 && answered > 3, "{cancelled} cancelled, {answered} answered");
}

#[test]
fn a_buyer_that_answers_as_it_is_given_up_is_thanked_and_hung_up() {
    let ring_max = seconds(3);
    let mut crossed = 0;
    for early in 0..20 {
        let hangs_up = vec![Step::Wait(seconds(4)), Step::HangUp];
        let late = seller(Behaviour::Answer { after: ring_max - millis(10) + millis(early), steps: hangs_up });
        let (story, cdr) = call(Scenario { seed: early, ring_max, ..direct(vec![late, answers(1, 4)]) }, vec![]);
        if cdr.legs.len() == 2 {
            let first = story.answered.iter().find(|(place, _)| *place == 0).unwrap();
            crossed += u32::from(first.1.answered_at.is_some());
            assert_eq!(cdr.sold_leg().map(|leg| leg.leg), Some(cdr.legs[1].leg), "{}", story.tell());
        } else {
            assert_eq!(cdr.sold_leg().map(|leg| leg.leg), Some(cdr.legs[0].leg), "in time\n{}", story.tell());
        }
    }
    assert!(crossed > 0, "no answer crossed the CANCEL");
}

#[test]
fn an_answer_that_comes_again_is_acknowledged_again() {
    let mut world = World::new(direct(vec![answers(1, 10)]));
    let acks: Rc<RefCell<Vec<Bytes>>> = Rc::default();
    let seen = acks.clone();
    world.tamper(move |from, _, bytes| {
        if from != at(SWITCH) || !bytes.starts_with(b"ACK") {
            return None;
        }
        seen.borrow_mut().push(bytes.clone());
        (seen.borrow().len() <= 2).then(Vec::new)
    });
    world.call(NUMBER, vec![], seconds(60));
    let (story, cdr) = one(world);
    assert!(acks.borrow().len() >= 3 && acks.borrow().windows(2).all(|pair| pair[0] == pair[1]), "{:?}", acks.borrow());
    assert_eq!((cdr.ended_by, cdr.legs.len()), (Some(Party::Callee), 1), "{}", story.tell());
}

#[test]
fn a_second_fork_that_answers_is_acknowledged_and_hung_up_once() {
    // In order, so that the buyer's own answer is the first.
    let conditions = Conditions { delay_min: millis(2), delay_max: millis(2), ..Conditions::default() };
    let mut world = World::new(Scenario { conditions, ..direct(vec![answers(1, 10)]) });
    let byes = Rc::new(Cell::new(0));
    let seen = byes.clone();
    let mut forked = false;
    world.tamper(move |from, _, bytes| {
        if from == at(SWITCH) && bytes.starts_with(b"BYE") && bytes.windows(9).any(|at| at == b"tag=other") {
            seen.set(seen.get() + 1);
        }
        let answer = response(bytes).filter(|answer| from == at(BUYERS) && answer.status() == 200)?;
        if forked || answer.cseq()?.method != b"INVITE" {
            return None;
        }
        forked = true;
        let tag = format!("tag={}", std::str::from_utf8(answer.to_tag()?).unwrap());
        let other: Bytes = std::str::from_utf8(bytes).unwrap().replace(&tag, "tag=other").into();
        Some(vec![bytes.clone(), other.clone(), other.clone(), other])
    });
    world.call(NUMBER, vec![], seconds(60));
    let (story, cdr) = one(world);
    assert_eq!((cdr.ended_by, cdr.legs.len()), (Some(Party::Callee), 1), "{}", story.tell());
    assert!((9_500..10_500).contains(&cdr.sold_leg().unwrap().connected_ms()), "the call itself goes on");
    assert_eq!(byes.get(), 1);
}

#[test]
fn both_may_hang_up_at_once() {
    let mut both = 0;
    for late in 0..12 {
        let buyer = seller(does(vec![Step::Wait(seconds(5)), Step::HangUp]));
        let mut world = World::new(Scenario { seed: late, ..direct(vec![buyer]) });
        world.call(NUMBER, vec![Step::Wait(seconds(5) - millis(8) + millis(late * 2)), Step::HangUp], seconds(60));
        let (story, _) = one(world);
        both += u32::from((story.reports[0].end, story.answered[0].1.end) == (End::HungUpByUs, End::HungUpByUs));
        assert_eq!(count(&story, |what| matches!(what, What::LegEnded { .. })), 1, "{}", story.tell());
    }
    assert!(both > 0, "their BYEs never crossed");
}

#[test]
fn what_we_cannot_speak_is_refused() {
    let mut world = World::new(direct(vec![answers(1, 10)]));
    world.tamper(|from, _, bytes| {
        let text = std::str::from_utf8(bytes).ok().filter(|text| from == at(CARRIER) && text.starts_with("INVITE"))?;
        let body = text.split("\r\n\r\n").nth(1)?.replace("m=audio", "m=video");
        Some(vec![with_body(bytes, &body)])
    });
    world.call(NUMBER, vec![], seconds(60));
    let story = world.run(seconds(1_000));
    assert_eq!((story.reports[0].end, story.events.len()), (End::Refused(488), 0));
    check(&story);
}

fn invite(verdict: Option<String>) -> String {
    let verdict = verdict.map(|verdict| format!("{}: {verdict}\r\n", verdict::HEADER)).unwrap_or_default();
    let sdp = "v=0\r\no=- 1 1 IN IP4 10.0.0.66\r\ns=-\r\nc=IN IP4 10.0.0.66\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    format!(
        "INVITE sip:{NUMBER}@{SWITCH} SIP/2.0\r\nVia: SIP/2.0/UDP {OUTSIDER};branch=z9hG4bK{}\r\nMax-Forwards: 70\r\n\
         From: <sip:a@{OUTSIDER}>;tag=1\r\nTo: <sip:{NUMBER}@{SWITCH}>\r\nCall-ID: outside\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:a@{OUTSIDER}>\r\n{verdict}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        verdict.len(),
        sdp.len()
    )
}

fn verdict(secret: &[u8], at: Duration, direction: Direction, call_id: &str) -> String {
    let tenant = sim::voice::TENANT.uuid();
    let verdict = Verdict { direction, trunk: None, tenant, attestation: Attestation::A, at };
    String::from_utf8(verdict.sign(&Seal::from_secret(secret), call_id.as_bytes(), 1).into()).unwrap()
}

fn statuses(story: &Story) -> Vec<u16> {
    let mut statuses: Vec<u16> =
        story.outside.iter().filter_map(|(_, bytes)| Some(response(bytes)?.status())).collect();
    statuses.retain(|status| *status >= 200);
    statuses.dedup();
    statuses
}

#[test]
fn only_an_edge_may_bring_calls() {
    let now = World::new(direct(vec![])).now().since_epoch();
    let forged = [
        None,
        Some("v1;rubbish".to_owned()),
        Some(verdict(b"another secret", now, Direction::Inbound, "outside")),
        Some(verdict(SECRET, now, Direction::Inbound, "another call")),
        Some(verdict(SECRET, now, Direction::Outbound, "outside")),
        Some(verdict(SECRET, now - seconds(86_400), Direction::Inbound, "outside")),
    ];
    for header in forged {
        let mut world = World::new(direct(vec![answers(1, 1)]));
        world.inject(OUTSIDER, SWITCH, invite(header.clone()));
        let story = world.run(seconds(100));
        assert_eq!((statuses(&story), story.events.len()), (vec![403], 0), "{header:?}");
        assert_eq!(story.counters.untrusted_refused, 1);
        check(&story);
    }
    // The same one, genuine: it is the verdict that was missing.
    let mut world = World::new(direct(vec![]));
    world.inject(OUTSIDER, SWITCH, invite(Some(verdict(SECRET, now, Direction::Inbound, "outside"))));
    let story = world.run(seconds(100));
    assert_eq!(story.counters.calls_started, 1, "{:?}", statuses(&story));
}

#[test]
fn requests_for_dialogs_that_are_not_ours() {
    let mut world = World::new(direct(vec![answers(1, 10)]));
    world.call(NUMBER, vec![], seconds(60));
    world.pass(seconds(3));
    for (number, method) in ["BYE", "INVITE", "INFO", "OPTIONS", "UPDATE"].into_iter().enumerate() {
        let request = format!(
            "{method} sip:x@{SWITCH} SIP/2.0\r\nVia: SIP/2.0/UDP {OUTSIDER};branch=z9hG4bKd{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:a@{OUTSIDER}>;tag=1\r\nTo: <sip:b@{SWITCH}>;tag=2\r\nCall-ID: unheard-of\r\nCSeq: 5 {method}\r\n\
             Contact: <sip:a@{OUTSIDER}>\r\nContent-Length: 0\r\n\r\n"
        );
        world.inject(OUTSIDER, SWITCH, request);
    }
    let (story, cdr) = one(world);
    assert_eq!((statuses(&story), story.counters.unknown_dialog), (vec![481], 5));
    assert_eq!(cdr.ended_by, Some(Party::Callee), "the call that is ours is none the worse");
}

#[test]
fn a_stranger_who_knows_the_dialog_but_not_the_tags_ends_nothing() {
    let mut world = World::new(direct(vec![answers(1, 10)]));
    world.call(NUMBER, vec![], seconds(60));
    world.pass(seconds(3));
    let call_id = world.story().finals.keys().next().unwrap().clone();
    let tag = world.story().finals[&call_id].iter().next().unwrap().1.clone();
    let (call_id, tag) = (String::from_utf8(call_id.to_vec()).unwrap(), String::from_utf8(tag).unwrap());
    let bye = format!(
        "BYE sip:x@{SWITCH} SIP/2.0\r\nVia: SIP/2.0/UDP {OUTSIDER};branch=z9hG4bKb\r\nMax-Forwards: 70\r\n\
         From: <sip:a@{OUTSIDER}>;tag=guessed\r\nTo: <sip:b@{SWITCH}>;tag={tag}\r\nCall-ID: {call_id}\r\nCSeq: 9 BYE\r\n\
         Content-Length: 0\r\n\r\n"
    );
    world.inject(OUTSIDER, SWITCH, bye);
    let (story, cdr) = one(world);
    assert_eq!((statuses(&story), cdr.ended_by), (vec![481], Some(Party::Callee)), "{}", story.tell());
}

#[test]
fn rubbish_is_refused_where_it_can_be_and_counted_always() {
    let mut world = World::new(direct(vec![answers(1, 10)]));
    world.call(NUMBER, vec![], seconds(60));
    let via = format!("Via: SIP/2.0/UDP {OUTSIDER};branch=z9hG4bKm");
    // Answerable: a Via survives.
    let hopeless = format!(
        "INVITE sip:x@y SIP/2.0\r\n{via}1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: m\r\nCSeq: rubbish\r\n\r\n"
    );
    world.inject(OUTSIDER, SWITCH, hopeless);
    // Not so.
    world.inject(OUTSIDER, SWITCH, &b"\xff\xfe\x00rubbish"[..]);
    world.inject(OUTSIDER, SWITCH, &b"INVITE sip:x@y SIP/2.0\r\nTo: nobody\r\n\r\n"[..]);
    let (story, _) = one(world);
    // What cannot be read in the request cannot be read in the answer either.
    assert!(story.outside.len() == 1 && story.outside[0].1.starts_with(b"SIP/2.0 400 "), "{:?}", story.outside);
    assert_eq!((story.counters.malformed_refused, story.counters.malformed_dropped), (1, 2));
}

#[test]
fn other_requests_outside_dialogs() {
    let mut world = World::new(direct(vec![]));
    for (number, method) in ["OPTIONS", "MESSAGE", "REGISTER"].into_iter().enumerate() {
        let request = format!(
            "{method} sip:x@{SWITCH} SIP/2.0\r\nVia: SIP/2.0/UDP {OUTSIDER};branch=z9hG4bKo{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:a@{OUTSIDER}>;tag=1\r\nTo: <sip:b@{SWITCH}>\r\nCall-ID: o{number}\r\nCSeq: 5 {method}\r\n\
             Content-Length: 0\r\n\r\n"
        );
        world.inject(OUTSIDER, SWITCH, request);
        world.pass(seconds(1));
    }
    let story = world.run(seconds(100));
    assert_eq!(statuses(&story), [200, 405]);
    check(&story);
}

#[test]
fn the_edge_refuses_strangers_before_the_switch_hears_of_them() {
    let mut world = World::new(direct(vec![]));
    world.inject(OUTSIDER, EDGE, invite(None).replace(SWITCH, EDGE));
    let story = world.run(seconds(100));
    assert_eq!((statuses(&story), story.counters.untrusted_refused), (vec![403], 0));
}

#[test]
fn a_message_of_a_crossed_wire_is_a_message() {
    // What these tests do to the wire leaves valid messages.
    let sdp = invite(None);
    assert!(matches!(parse(with_body(&sdp.into(), "v=0\r\n")), Ok(Message::Request(_))));
}
