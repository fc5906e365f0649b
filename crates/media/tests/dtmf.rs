//! Digits: one for each press, whatever the network does to its packets.

use std::time::Duration;

use media::dtmf::{self, Digit, LOST_END, Receiver, Sender, TelephoneEvent, parse_info};
use media::rtp::Header;
use proptest::prelude::*;

const PACKET: Duration = Duration::from_millis(20);

fn header(timestamp: u32) -> Header {
    Header { marker: false, payload_type: 101, sequence: 0, timestamp, ssrc: 1 }
}

fn payload(event: u8, end: bool, duration: u16) -> [u8; 4] {
    TelephoneEvent { event, end, volume: 10, duration }.to_bytes()
}

#[test]
fn payloads_read_as_written() {
    let event = TelephoneEvent { event: 11, end: true, volume: 63, duration: 0xabcd };
    assert_eq!(event.to_bytes(), [11, 0xbf, 0xab, 0xcd]);
    assert_eq!(TelephoneEvent::parse(&event.to_bytes()), Some(event));
    assert_eq!(TelephoneEvent::parse(&[1, 2, 3]), None);
    for (code, digit) in "0123456789*#ABCD".chars().enumerate() {
        assert_eq!((dtmf::event_of(digit), dtmf::digit_of(code as u8)), (Some(code as u8), Some(digit)));
    }
    assert_eq!((dtmf::event_of('a'), dtmf::event_of('E'), dtmf::digit_of(16)), (Some(12), None, None));
}

#[test]
fn three_ends_and_a_straggler_are_one_digit() {
    let mut receiver = Receiver::default();
    let now = Duration::from_secs(1);
    assert_eq!(receiver.receive(now, &header(100), &payload(5, false, 160)), [None, None]);
    assert!(receiver.is_open());
    let digit = Some(Digit { digit: '5', duration_ms: 100 });
    assert_eq!(receiver.receive(now, &header(100), &payload(5, true, 800)), [None, digit]);
    for _ in 0..2 {
        assert_eq!(receiver.receive(now, &header(100), &payload(5, true, 800)), [None, None]);
    }
    assert_eq!(receiver.receive(now, &header(100), &payload(5, false, 320)), [None, None], "late update");
    assert_eq!(receiver.receive(now, &header(20), &payload(4, true, 320)), [None, None], "older event");
    assert_eq!(receiver.poll(now + LOST_END * 10), None);
}

#[test]
fn a_lost_end_is_told_by_time_or_by_the_next_digit() {
    let now = Duration::from_secs(1);
    let mut receiver = Receiver::default();
    receiver.receive(now, &header(100), &payload(5, false, 480));
    assert_eq!(receiver.poll(now + LOST_END - PACKET), None);
    assert_eq!(receiver.poll(now + LOST_END), Some(Digit { digit: '5', duration_ms: 60 }));
    assert_eq!(receiver.poll(now + LOST_END * 2), None);
    receiver.receive(now, &header(5_000), &payload(6, false, 320));
    let both = receiver.receive(now, &header(9_000), &payload(6, true, 640));
    assert_eq!(both.map(|digit| digit.map(|digit| digit.digit)), [Some('6'), Some('6')], "the same key twice");
}

#[test]
fn a_long_press_over_the_limit_is_one_digit() {
    let mut receiver = Receiver::default();
    let now = Duration::from_secs(1);
    receiver.receive(now, &header(0), &payload(1, false, 0xffff));
    // RFC 4733 section 2.5.1.3: the next segment starts where the first ended.
    assert_eq!(receiver.receive(now, &header(0xffff), &payload(1, false, 160)), [None, None]);
    let ended = receiver.receive(now, &header(0xffff), &payload(1, true, 800))[1];
    assert_eq!(ended.map(|digit| digit.digit), Some('1'));
}

#[test]
fn the_sender_speaks_by_the_book() {
    let mut sender = Sender::new(Duration::from_millis(100), Duration::from_millis(80));
    assert_eq!(sender.push("1x2,3"), 1);
    let mut now = Duration::from_secs(1);
    let mut sent = Vec::new();
    while !sender.is_idle() {
        if let Some(packet) = sender.poll(now) {
            sent.push((now, packet.start, TelephoneEvent::parse(&packet.payload).unwrap()));
        }
        now += PACKET;
    }
    for event in [1, 2, 3] {
        let of: Vec<_> = sent.iter().filter(|(_, _, packet)| packet.event == event).collect();
        assert_eq!(of.iter().filter(|(_, start, _)| *start).count(), 1);
        assert!(of[0].1, "the first starts it");
        assert_eq!(of.iter().filter(|(_, _, packet)| packet.end).count(), 3);
        assert!(of[of.len() - 3..].iter().all(|(_, _, packet)| packet.end && packet.duration == 800));
        assert!(of.windows(2).all(|pair| pair[0].2.duration <= pair[1].2.duration));
    }
    let start = |event: u8| sent.iter().find(|(_, _, packet)| packet.event == event).unwrap().0;
    let end = |event: u8| sent.iter().rfind(|(_, _, packet)| packet.event == event).unwrap().0;
    assert!(start(2) - end(1) >= Duration::from_millis(80));
    assert!(start(3) - end(2) >= dtmf::PAUSE);
}

/// Polled five times as often, the same packets leave.
#[test]
fn polls_do_not_hurry_it() {
    let times = |poll: Duration| {
        let mut sender = Sender::new(Duration::from_millis(100), Duration::from_millis(60));
        sender.push("12");
        let (mut now, mut times) = (Duration::ZERO, Vec::new());
        while !sender.is_idle() {
            if sender.poll(now).is_some() {
                times.push(now);
            }
            now += poll;
        }
        times
    };
    let (seldom, often) = (times(PACKET), times(PACKET / 5));
    assert_eq!(seldom.len(), often.len());
    assert!(often.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(15)));
}

#[test]
fn info_bodies() {
    let relay = |body: &str| parse_info(b"application/dtmf-relay", body.as_bytes()).map(|d| (d.digit, d.duration_ms));
    assert_eq!(relay("Signal=5\r\nDuration=160\r\n"), Some(('5', 160)));
    assert_eq!(relay("Signal= *\nDuration = 100"), Some(('*', 100)));
    assert_eq!(relay("Duration=100\r\nsignal=11\r\n"), Some(('#', 100)));
    assert_eq!(relay("Signal=d\r\n"), Some(('D', 250)));
    for body in ["", "Signal=", "Signal=!", "Signal=16", "Signal=x", "Signal=999999999", "Duration=5"] {
        assert_eq!(relay(body), None, "{body}");
    }
    assert_eq!(relay("Signal=1\r\nDuration=99999999999\r\n"), Some(('1', 250)));
    let plain = parse_info(b"Application/DTMF ; charset=utf-8", b"7\r\n");
    assert_eq!(plain.map(|digit| digit.digit), Some('7'));
    assert_eq!(parse_info(b"application/sdp", b"7"), None);
}

proptest! {
    #[test]
    fn nothing_panics(kind in "application/dtmf(-relay)?", body in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = parse_info(kind.as_bytes(), &body);
        let mut receiver = Receiver::default();
        for chunk in body.chunks(5) {
            let stamp = u32::from(chunk[0]);
            let _ = receiver.receive(Duration::from_millis(u64::from(chunk[0])), &header(stamp), chunk);
            let _ = receiver.poll(Duration::from_millis(500));
        }
    }

    /// Whatever subset of an event's packets comes, in order and doubled or not, it is one digit.
    #[test]
    fn one_press_is_one_digit(
        digits in "[0-9*#A-D]{1,8}",
        fate in proptest::collection::vec(0..4u8, 400),
    ) {
        let mut sender = Sender::new(Duration::from_millis(100), Duration::from_millis(200));
        prop_assert_eq!(sender.push(&digits), 0);
        let (mut receiver, mut heard) = (Receiver::default(), String::new());
        let mut expected = String::new();
        let (mut now, mut stamp, mut arrived) = (Duration::from_secs(1), 0, false);
        let mut fate = fate.into_iter();
        while !sender.is_idle() {
            if let Some(packet) = sender.poll(now) {
                if packet.start {
                    stamp += 4_000;
                    arrived = false;
                }
                // A quarter is lost, a quarter doubled.
                let copies = match fate.next() { Some(0) => 0, Some(1) => 2, _ => 1 };
                for _ in 0..copies {
                    if !std::mem::replace(&mut arrived, true) {
                        expected.extend(dtmf::digit_of(packet.payload[0]));
                    }
                    let digits = receiver.receive(now, &header(stamp), &packet.payload);
                    heard.extend(digits.into_iter().flatten().map(|digit| digit.digit));
                }
            }
            now += PACKET;
            heard.extend(receiver.poll(now).map(|digit| digit.digit));
        }
        heard.extend(receiver.flush().map(|digit| digit.digit));
        prop_assert_eq!(heard, expected);
    }
}
