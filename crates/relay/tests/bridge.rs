//! Two legs hear each other: continuity, transcoding, hold, telephone events.

mod world;

use std::time::Duration;

use media::command::{Direction, MediaCommand, RemoteMedia};
use media::dtmf::TelephoneEvent;
use media::event::PlayEnd;
use media::{Codec, MediaEvent, PromptKey};
use relay::{CommandError, Config};
use world::{Phone, STEP, World, address, noise};

const A: &str = "192.0.2.1:4000";
const B: &str = "192.0.2.2:5000";
const C: &str = "192.0.2.3:6000";

fn decode(world: &World, at: &str, codec: Codec) -> Vec<i16> {
    world
        .rtp(at)
        .iter()
        .flat_map(|got| got.payload().iter().map(|octet| codec.decode(*octet)).collect::<Vec<_>>())
        .collect()
}

/// Signal to noise of `heard` against `said`, decibels.
fn snr_db(said: &[i16], heard: &[i16]) -> f64 {
    let signal: f64 = said.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let noise: f64 = said.iter().zip(heard).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    10.0 * (signal / noise.max(1e-9)).log10()
}

#[test]
fn equal_codecs_pass_octet_by_octet() {
    let mut world = World::new(Config::default());
    let (a, b) = (world.leg(1, A, Codec::Pcmu), world.leg(2, B, Codec::Pcmu));
    world.command(MediaCommand::Connect { a, b });
    let mut phone = Phone::new(A, Codec::Pcmu, 0xaaaa);
    let audio = noise(1, 1_600);
    let mut sent = Vec::new();
    for _ in 0..10 {
        let packet = phone.packet(&audio);
        assert!(world.send(a, phone.address, &packet));
        sent.extend_from_slice(&packet[12..]);
        world.now += STEP;
    }
    let got: Vec<u8> = world.rtp(B).iter().flat_map(|got| got.payload().to_vec()).collect();
    assert_eq!(got, sent);
}

#[test]
fn transcoding_keeps_the_voice() {
    let mut world = World::new(Config::default());
    let (a, b) = (world.leg(1, A, Codec::Pcmu), world.leg(2, B, Codec::Pcma));
    world.command(MediaCommand::Connect { a, b });
    let audio = noise(1, 16_000);
    let (mut phone, mut other) = (Phone::new(A, Codec::Pcmu, 1), Phone::new(B, Codec::Pcma, 2));
    for _ in 0..100 {
        let (there, back) = (phone.packet(&audio), other.packet(&audio));
        world.send(a, phone.address, &there);
        world.send(b, other.address, &back);
        world.tick();
    }
    // The two laws' levels lie up to half a step apart (the u-law bias of 33), which doubles the error: 6 dB.
    for (at, codec, first) in [(B, Codec::Pcma, Codec::Pcmu), (A, Codec::Pcmu, Codec::Pcma)] {
        let once: Vec<i16> = audio.iter().map(|sample| first.decode(first.encode(*sample))).collect();
        let (once, twice) = (snr_db(&audio, &once), snr_db(&audio, &decode(&world, at, codec)));
        assert!(once > 35.0 && twice > once - 6.1, "once {once} dB, twice {twice} dB");
    }
    assert!(world.rtp(B).iter().all(|got| got.packet().header.payload_type == 8));
}

/// Prompt, bridge to one buyer, digits, bridge to another: the peer sees one stream.
#[test]
fn the_stream_has_no_seam() {
    let mut world = World::new(Config::default());
    let (a, b, c) = (world.leg(1, A, Codec::Pcmu), world.leg(2, B, Codec::Pcmu), world.leg(3, C, Codec::Pcma));
    let (mut first, mut second) = (Phone::new(B, Codec::Pcmu, 0xb), Phone::new(C, Codec::Pcma, 0xc));
    second.header.sequence = 7;
    second.header.timestamp = 1_000_000;
    world.play(a, 1, noise(1, 800), false);
    world.ticks(10);
    world.command(MediaCommand::Connect { a, b });
    for _ in 0..20 {
        let packet = first.packet(&[]);
        world.send(b, first.address, &packet);
        world.tick();
    }
    world.command(MediaCommand::SendDtmf { leg: a, digits: "5#".into(), tone_ms: 100, gap_ms: 60 });
    world.ticks(30);
    world.command(MediaCommand::Connect { a, b: c });
    for _ in 0..20 {
        let packet = second.packet(&[]);
        world.send(c, second.address, &packet);
        world.tick();
    }
    let got = world.rtp(A);
    assert!(got.len() > 50);
    let start = got[0].packet().header;
    for (pair, index) in got.windows(2).zip(1..) {
        let (before, after) = (pair[0].packet().header, pair[1].packet().header);
        assert_eq!(after.ssrc, start.ssrc);
        assert_eq!(after.sequence, before.sequence.wrapping_add(1), "packet {index}");
        assert!(after.timestamp.wrapping_sub(before.timestamp) as i32 >= 0, "packet {index}");
        let elapsed = media::samples_in(pair[1].at - got[0].at) as i64;
        let moved = i64::from(after.timestamp.wrapping_sub(start.timestamp));
        assert!((elapsed - moved).abs() <= 1_600, "packet {index}: clock {elapsed}, timestamp {moved}");
    }
    assert!(world.events.contains(&MediaEvent::DtmfSent { leg: a }));
}

#[test]
fn reordering_and_loss_pass_as_they_are() {
    let mut world = World::new(Config::default());
    let (a, b) = (world.leg(1, A, Codec::Pcmu), world.leg(2, B, Codec::Pcmu));
    world.command(MediaCommand::Connect { a, b });
    let mut phone = Phone::new(A, Codec::Pcmu, 0xaaaa);
    let packets: Vec<_> = (0..6).map(|_| phone.packet(&[])).collect();
    for index in [0, 2, 1, 5, 4] {
        world.send(a, phone.address, &packets[index]);
        world.now += STEP;
    }
    let first = world.rtp(B)[0].packet().header.sequence;
    let order: Vec<u16> = world.rtp(B).iter().map(|got| got.packet().header.sequence.wrapping_sub(first)).collect();
    assert_eq!(order, [0, 2, 1, 5, 4]);
}

#[test]
fn hold_parts_and_resume_joins() {
    let mut world = World::new(Config::default());
    let (a, b) = (world.leg(1, A, Codec::Pcmu), world.leg(2, B, Codec::Pcmu));
    world.command(MediaCommand::Connect { a, b });
    let mut phone = Phone::new(A, Codec::Pcmu, 0xaaaa);
    let mut say = |world: &mut World| {
        let packet = phone.packet(&[]);
        let passed = world.send(a, phone.address, &packet);
        world.tick();
        passed
    };
    assert!(say(&mut world));
    world.command(MediaCommand::Hold { leg: b });
    assert!(!say(&mut world));
    world.play(b, 9, noise(3, 320), false);
    world.ticks(4);
    world.command(MediaCommand::Resume { leg: b });
    assert!(say(&mut world));
    let remote = RemoteMedia { direction: Direction::SendOnly, ..RemoteMedia::new(address(A), Codec::Pcmu) };
    world.command(MediaCommand::Configure { leg: a, remote });
    assert!(!say(&mut world), "we said we do not receive");
    // A hold of RFC 2543, though the source is long known.
    let remote = RemoteMedia::new(address("0.0.0.0:4000"), Codec::Pcmu);
    world.command(MediaCommand::Configure { leg: a, remote });
    let mut other = Phone::new(B, Codec::Pcmu, 0xbbbb);
    let packet = other.packet(&[]);
    assert!(!world.send(b, other.address, &packet), "nothing is sent to an address of zeros");
    world.command(MediaCommand::Configure { leg: a, remote: RemoteMedia::new(address(A), Codec::Pcmu) });
    let packet = other.packet(&[]);
    assert!(world.send(b, other.address, &packet));
    let played = MediaEvent::Played { leg: b, prompt: PromptKey(9), end: PlayEnd::Finished };
    assert!(world.events.contains(&played));
}

#[test]
fn telephone_events_cross_the_bridge_and_are_told() {
    let mut world = World::new(Config::default());
    let (a, b) = (world.leg(1, A, Codec::Pcmu), world.leg(2, B, Codec::Pcma));
    let remote = RemoteMedia { telephone_event: Some(96), ..RemoteMedia::new(address(B), Codec::Pcma) };
    world.command(MediaCommand::Configure { leg: b, remote });
    world.command(MediaCommand::Connect { a, b });
    let mut phone = Phone::new(A, Codec::Pcmu, 0xaaaa);
    let packet = phone.packet(&[]);
    world.send(a, phone.address, &packet);
    let stamp = phone.header.timestamp;
    for (index, end) in [false, false, true, true, true].into_iter().enumerate() {
        let event = TelephoneEvent { event: 7, end, volume: 10, duration: 160 * (index.min(2) as u16 + 1) };
        let packet = phone.event(event.to_bytes(), stamp, index == 0);
        world.send(a, phone.address, &packet);
        world.tick();
    }
    let events: Vec<_> = world.rtp(B).into_iter().filter(|got| got.packet().header.payload_type == 96).collect();
    assert_eq!(events.len(), 5);
    assert!(events.iter().all(|got| got.packet().header.timestamp == events[0].packet().header.timestamp));
    assert!(events[0].packet().header.marker);
    assert_eq!(world.digits(), "7");
}

/// Every packet of the digits may be lost but one, and the digits are the same.
#[test]
fn digits_survive_loss() {
    for lost in 0..5usize {
        let mut world = World::new(Config::default());
        let sender = world.leg(1, A, Codec::Pcmu);
        let receiver = world.leg(2, B, Codec::Pcmu);
        world.command(MediaCommand::SendDtmf { leg: sender, digits: "159*0#D".into(), tone_ms: 100, gap_ms: 100 });
        let mut delivered = 0;
        for _ in 0..200 {
            world.tick();
            let fresh = world.rtp(A).split_off(delivered);
            for (index, got) in fresh.iter().enumerate() {
                // Loses a fifth to four fifths of the packets, a different part each round.
                if (delivered + index) % 5 >= lost {
                    world.send(receiver, address(B), &got.datagram);
                }
            }
            delivered += fresh.len();
        }
        assert_eq!(world.digits(), "159*0#D", "losing {lost} of 5");
    }
}

#[test]
fn silence_and_timeout_are_told_once() {
    let config =
        Config { silence_after: Duration::from_secs(2), timeout_after: Duration::from_secs(5), ..Config::default() };
    let mut world = World::new(config);
    let a = world.leg(1, A, Codec::Pcmu);
    let mut phone = Phone::new(A, Codec::Pcmu, 0xaaaa);
    let packet = phone.packet(&[]);
    world.send(a, phone.address, &packet);
    world.ticks(1_000);
    let silences = world.events.iter().filter(|event| matches!(event, MediaEvent::Silence { .. })).count();
    let timeouts: Vec<u64> = world
        .events
        .iter()
        .filter_map(|event| match event {
            MediaEvent::Timeout { idle_ms, .. } => Some(*idle_ms),
            _ => None,
        })
        .collect();
    assert_eq!(silences, 1);
    assert!(matches!(timeouts[..], [5_000..=6_100]), "{timeouts:?}");
}

#[test]
fn commands_answer_what_cannot_be() {
    let mut world = World::new(Config { legs_max: 2, ..Config::default() });
    let (a, _) = (world.leg(1, A, Codec::Pcmu), world.leg(2, B, Codec::Pcmu));
    let mut fails = |command| world.relay.command(world.now, command).expect_err("refused");
    let ghost = media::LegKey(9);
    assert_eq!(fails(MediaCommand::Disconnect { leg: ghost }), CommandError::UnknownLeg(ghost));
    assert_eq!(fails(MediaCommand::Connect { a, b: a }), CommandError::CannotConnect(a, a));
    let open = |leg| MediaCommand::Open {
        leg,
        local: address("127.0.0.1:1"),
        telephone_event: None,
        handling: media::command::Handling::Terminate,
    };
    assert_eq!(fails(open(a)), CommandError::LegExists(a));
    assert_eq!(fails(open(ghost)), CommandError::TooManyLegs);
    let digits = |digits: &str| MediaCommand::SendDtmf { leg: a, digits: digits.into(), tone_ms: 100, gap_ms: 50 };
    assert_eq!(fails(digits("12x")), CommandError::Digits(a));
    assert_eq!(fails(digits(&"1".repeat(65))), CommandError::Digits(a));
}
