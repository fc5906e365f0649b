//! Who may speak on a leg: NAT is served, strangers are not.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

mod world;

use std::time::Duration;

use media::command::{MediaCommand, RemoteMedia};
use media::latch::{LatchConfig, LatchPolicy};
use media::{Codec, LegKey, MediaEvent, MediaStats};
use relay::Config;
use world::{Phone, STEP, World, address};

const SIGNALLED: &str = "10.0.0.5:4000";
const NAT: &str = "198.51.100.1:31000";
const STRANGER: &str = "203.0.113.66:5555";
const BUYER: &str = "192.0.2.2:5000";

/// A caller bridged to a buyer, so that what is accepted shows at the buyer's.
fn bridged() -> (World, LegKey) {
    let mut world = World::new(Config::default());
    let caller = world.leg(1, SIGNALLED, Codec::Pcmu);
    let buyer = world.leg(2, BUYER, Codec::Pcmu);
    world.command(MediaCommand::Connect { a: caller, b: buyer });
    (world, caller)
}

fn say(world: &mut World, leg: LegKey, phone: &mut Phone) -> bool {
    let packet = phone.packet(&[]);
    world.send(leg, phone.address, &packet)
}

fn stats(world: &World, leg: LegKey) -> MediaStats {
    world.relay.stats(leg).expect("the leg is open")
}

#[test]
fn the_signalled_address_is_believed_at_once() {
    let (mut world, leg) = bridged();
    let mut phone = Phone::new(SIGNALLED, Codec::Pcmu, 1);
    assert!(say(&mut world, leg, &mut phone));
    assert!(world.events.contains(&MediaEvent::FirstPacket { leg, source: address(SIGNALLED) }));
}

#[test]
fn a_caller_behind_nat_is_learned_after_probation() {
    let (mut world, leg) = bridged();
    let mut phone = Phone::new(NAT, Codec::Pcmu, 1);
    let heard: Vec<bool> = (0..7)
        .map(|_| {
            world.now += STEP;
            say(&mut world, leg, &mut phone)
        })
        .collect();
    assert_eq!(heard, [false, false, false, false, true, true, true]);
    assert_eq!(world.relay.destination(leg), Some(address(NAT)));
    assert_eq!(stats(&world, leg).refused, 0, "its own first packets are no attack");
}

#[test]
fn spraying_the_ports_gains_nothing() {
    let (mut world, leg) = bridged();
    // A different SSRC or number each time, as a scan does.
    for index in 0..100u32 {
        let mut stranger = Phone::new(STRANGER, Codec::Pcmu, index);
        assert!(!say(&mut world, leg, &mut stranger));
        let mut stranger = Phone::new(STRANGER, Codec::Pcmu, 1);
        stranger.header.sequence = index as u16 * 7;
        assert!(!say(&mut world, leg, &mut stranger));
        world.now += STEP;
    }
    assert_eq!(world.relay.destination(leg), Some(address(SIGNALLED)), "nobody was sent the caller's audio");
    assert!(!world.got.contains_key(&address(STRANGER)));
}

#[test]
fn slow_packets_do_not_add_up() {
    let (mut world, leg) = bridged();
    let mut stranger = Phone::new(STRANGER, Codec::Pcmu, 1);
    for _ in 0..50 {
        assert!(!say(&mut world, leg, &mut stranger));
        world.now += Duration::from_millis(200);
    }
}

#[test]
fn the_signalled_address_takes_the_call_back() {
    let (mut world, leg) = bridged();
    let mut stranger = Phone::new(STRANGER, Codec::Pcmu, 1);
    for _ in 0..10 {
        say(&mut world, leg, &mut stranger);
        world.now += STEP;
    }
    assert_eq!(world.relay.destination(leg), Some(address(STRANGER)), "who comes first and persists is learned");
    let mut phone = Phone::new(SIGNALLED, Codec::Pcmu, 2);
    assert!(say(&mut world, leg, &mut phone));
    assert!(!say(&mut world, leg, &mut stranger));
    assert_eq!(world.relay.destination(leg), Some(address(SIGNALLED)));
    assert!(world.events.contains(&MediaEvent::SourceChanged { leg, source: address(SIGNALLED) }));
    assert_eq!(stats(&world, leg).refused, 1);
}

#[test]
fn an_established_call_cannot_be_taken_over() {
    let (mut world, leg) = bridged();
    let mut phone = Phone::new(NAT, Codec::Pcmu, 1);
    // The attacker even copies SSRC and numbers.
    let mut stranger = Phone::new(STRANGER, Codec::Pcmu, 1);
    for step in 0..500 {
        say(&mut world, leg, &mut phone);
        if step > 10 {
            assert!(!say(&mut world, leg, &mut stranger));
        }
        world.now += STEP;
    }
    assert_eq!(world.relay.destination(leg), Some(address(NAT)));
    assert_eq!(stats(&world, leg).refused, 489);
}

#[test]
fn a_stranger_cannot_keep_the_caller_out() {
    let (mut world, leg) = bridged();
    let (mut phone, mut stranger) = (Phone::new(NAT, Codec::Pcmu, 1), Phone::new(STRANGER, Codec::Pcmu, 2));
    let mut heard = false;
    for step in 0..100 {
        heard |= say(&mut world, leg, &mut phone);
        stranger.header.sequence = step * 100;
        say(&mut world, leg, &mut stranger);
        world.now += STEP;
    }
    assert!(heard);
    assert_eq!(world.relay.destination(leg), Some(address(NAT)));
}

#[test]
fn another_source_is_learned_after_silence_or_re_negotiation() {
    let silence = LatchConfig::default().silence;
    let moved = "198.51.100.1:40404";
    for renegotiated in [false, true] {
        let (mut world, leg) = bridged();
        let (mut phone, mut elsewhere) = (Phone::new(NAT, Codec::Pcmu, 1), Phone::new(moved, Codec::Pcmu, 1));
        for _ in 0..10 {
            say(&mut world, leg, &mut phone);
            world.now += STEP;
        }
        if renegotiated {
            // The same description again opens nothing.
            let again = RemoteMedia::new(address(SIGNALLED), Codec::Pcmu);
            world.command(MediaCommand::Configure { leg, remote: again });
            assert!((0..10).all(|_| !say(&mut world, leg, &mut elsewhere)));
            let other = RemoteMedia::new(address("10.0.0.5:4444"), Codec::Pcmu);
            world.command(MediaCommand::Configure { leg, remote: other });
        } else {
            world.now += silence;
        }
        let heard = (0..10).filter(|_| say(&mut world, leg, &mut elsewhere)).count();
        assert_eq!(heard, 6, "after probation, renegotiated: {renegotiated}");
        assert_eq!(world.relay.destination(leg), Some(address(moved)));
    }
}

/// A re-negotiation whose new source never speaks does not leave the call open for ever.
#[test]
fn the_door_closes_again() {
    let (mut world, leg) = bridged();
    let (mut phone, mut stranger) = (Phone::new(NAT, Codec::Pcmu, 1), Phone::new(STRANGER, Codec::Pcmu, 2));
    for step in 0..500 {
        say(&mut world, leg, &mut phone);
        if step == 10 {
            let other = RemoteMedia::new(address("10.0.0.5:4444"), Codec::Pcmu);
            world.command(MediaCommand::Configure { leg, remote: other });
        }
        world.now += STEP;
    }
    assert!((0..10).all(|_| !say(&mut world, leg, &mut stranger)));
    assert_eq!(world.relay.destination(leg), Some(address(NAT)));
}

#[test]
fn policies_narrow_what_is_learned() {
    let other_port = "10.0.0.5:9999";
    for (policy, source, learned) in [
        (LatchPolicy::Learn, NAT, true),
        (LatchPolicy::SameAddress, NAT, false),
        (LatchPolicy::SameAddress, other_port, true),
        (LatchPolicy::Strict, other_port, false),
        (LatchPolicy::Strict, SIGNALLED, true),
    ] {
        let (mut world, leg) = bridged();
        let remote = RemoteMedia { latch: policy, ..RemoteMedia::new(address(SIGNALLED), Codec::Pcmu) };
        world.command(MediaCommand::Configure { leg, remote });
        let mut phone = Phone::new(source, Codec::Pcmu, 1);
        let heard = (0..10).filter(|_| say(&mut world, leg, &mut phone)).count();
        assert_eq!(heard > 0, learned, "{policy:?} from {source}");
    }
}

/// Forged RTCP from elsewhere neither moves anything nor is believed.
#[test]
fn rtcp_comes_from_where_rtp_comes_from() {
    let (mut world, leg) = bridged();
    let mut phone = Phone::new(SIGNALLED, Codec::Pcmu, 1);
    say(&mut world, leg, &mut phone);
    let bye = [0x81, 203, 0, 1, 0, 0, 0, 1];
    let mut report = [&[0x80, 201, 0, 1, 0, 0, 0, 1][..], &bye].concat();
    world.relay.receive_rtcp(world.now, leg, address("203.0.113.66:5556"), &mut report);
    assert_eq!((stats(&world, leg).rtcp_in, stats(&world, leg).rtcp_refused), (0, 1));
    world.relay.receive_rtcp(world.now, leg, address("10.0.0.5:4001"), &mut report);
    assert_eq!((stats(&world, leg).rtcp_in, stats(&world, leg).rtcp_refused), (1, 1));
    world.relay.receive_rtcp(world.now, leg, address("10.0.0.5:4001"), &mut report[..7]);
    assert_eq!((stats(&world, leg).rtcp_in, stats(&world, leg).rtcp_refused), (1, 2));
}
