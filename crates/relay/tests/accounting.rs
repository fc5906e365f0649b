//! Any commands and any datagrams: nothing panics, and every datagram is accounted for.

mod world;

use std::collections::HashMap;
use std::net::SocketAddr;

use media::command::{Direction, Handling, MediaCommand, RecordingLayout, RemoteMedia};
use media::{Codec, LegKey, MediaEvent, PreparedPrompt, PromptKey, RecordingKey};
use proptest::prelude::*;
use relay::Config;
use world::{World, address};

#[derive(Debug, Clone)]
enum Step {
    Command(MediaCommand),
    Datagram { leg: u64, from: u8, datagram: Vec<u8> },
    Rtcp { leg: u64, from: u8, datagram: Vec<u8> },
    Tick,
}

fn peer(index: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1 + index / 2], 4_000 + u16::from(index % 2)))
}

fn command() -> impl Strategy<Value = MediaCommand> {
    let leg = || (0..4u64).prop_map(LegKey);
    let codec = prop_oneof![Just(Codec::Pcmu), Just(Codec::Pcma)];
    let direction =
        prop_oneof![4 => Just(Direction::SendReceive), 1 => Just(Direction::SendOnly), 1 => Just(Direction::Inactive)];
    let handling = prop_oneof![4 => Just(Handling::Terminate), 1 => Just(Handling::PassThrough)];
    let layout = prop_oneof![Just(RecordingLayout::Stereo), Just(RecordingLayout::Mono)];
    prop_oneof![
        3 => (leg(), handling).prop_map(|(leg, handling)| {
            MediaCommand::Open { leg, local: address("127.0.0.1:10000"), telephone_event: Some(101), handling }
        }),
        3 => (leg(), 0..4u8, codec, direction).prop_map(|(leg, at, codec, direction)| {
            MediaCommand::Configure { leg, remote: RemoteMedia { direction, ..RemoteMedia::new(peer(at), codec) } }
        }),
        3 => (leg(), leg()).prop_map(|(a, b)| MediaCommand::Connect { a, b }),
        1 => leg().prop_map(|leg| MediaCommand::Disconnect { leg }),
        1 => (leg(), any::<bool>(), 0..500usize).prop_map(|(leg, looping, length)| {
            let prompt = PreparedPrompt { key: PromptKey(1), samples: vec![1; length].into(), looping };
            MediaCommand::Play { leg, prompt }
        }),
        1 => leg().prop_map(|leg| MediaCommand::StopPlay { leg }),
        1 => (leg(), "[0-9#,x]{0,5}").prop_map(|(leg, digits)| MediaCommand::SendDtmf { leg, digits, tone_ms: 60, gap_ms: 40 }),
        1 => (leg(), 0..3u64, layout).prop_map(|(leg, key, layout)| {
            MediaCommand::Record { recording: RecordingKey(key), leg, layout }
        }),
        1 => (0..3u64).prop_map(|key| MediaCommand::StopRecording { recording: RecordingKey(key) }),
        1 => leg().prop_map(|leg| MediaCommand::Hold { leg }),
        1 => leg().prop_map(|leg| MediaCommand::Resume { leg }),
        1 => leg().prop_map(|leg| MediaCommand::Close { leg }),
    ]
}

fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let rtp = (prop_oneof![Just(0u8), Just(8), Just(13), Just(101), any::<u8>()], 0..40u16, 0..3u8, 0..200usize);
    let rtp = rtp.prop_map(|(kind, sequence, ssrc, length)| {
        let stamp = u32::from(sequence) * 160;
        let mut datagram = vec![0x80, kind, 0, sequence as u8, 0, 0, (stamp >> 8) as u8, stamp as u8, 0, 0, 0, ssrc];
        datagram.resize(12 + length, 5);
        datagram
    });
    prop_oneof![5 => rtp, 1 => proptest::collection::vec(any::<u8>(), 0..60)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => command().prop_map(Step::Command),
        6 => (0..4u64, 0..4u8, datagram()).prop_map(|(leg, from, datagram)| Step::Datagram { leg, from, datagram }),
        1 => (0..4u64, 0..4u8, datagram()).prop_map(|(leg, from, datagram)| Step::Rtcp { leg, from, datagram }),
        2 => Just(Step::Tick),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_datagram_is_somewhere(steps in proptest::collection::vec(step(), 1..150)) {
        let mut world = World::new(Config { legs_max: 3, events_max: 50, ..Config::default() });
        let mut given: HashMap<LegKey, u64> = HashMap::new();
        let mut passed: HashMap<LegKey, u64> = HashMap::new();
        let mut opened_recordings = 0;
        for step in steps {
            match step {
                Step::Command(command) => {
                    let (fresh, records) = match &command {
                        MediaCommand::Open { leg, .. } => (Some(*leg), false),
                        MediaCommand::Record { .. } => (None, true),
                        _ => (None, false),
                    };
                    if world.relay.command(world.now, command).is_ok() {
                        opened_recordings += u32::from(records);
                        if let Some(leg) = fresh {
                            given.insert(leg, 0);
                            passed.insert(leg, 0);
                        }
                    }
                }
                Step::Datagram { leg, from, datagram } => {
                    let leg = LegKey(leg);
                    let open = world.relay.stats(leg).is_some();
                    let is_rtcp = media::rtp::is_rtcp(&datagram);
                    let forwarded = world.send(leg, peer(from), &datagram);
                    prop_assert!(open || !forwarded);
                    if open && !is_rtcp {
                        *given.entry(leg).or_default() += 1;
                        *passed.entry(leg).or_default() += u64::from(forwarded);
                        let stats = world.relay.stats(leg).expect("still open");
                        let accounted = stats.packets_in + stats.probation + stats.refused + stats.invalid;
                        prop_assert_eq!(accounted, given[&leg], "{:?}", stats);
                        prop_assert_eq!(stats.unforwarded + passed[&leg], stats.packets_in, "{:?}", stats);
                    }
                }
                Step::Rtcp { leg, from, mut datagram } => {
                    let _ = world.relay.receive_rtcp(world.now, LegKey(leg), peer(from), &mut datagram);
                }
                Step::Tick => world.tick(),
            }
        }
        for leg in (0..4).map(LegKey) {
            let _ = world.relay.command(world.now, MediaCommand::Close { leg });
        }
        world.tick();
        prop_assert_eq!(world.relay.legs(), 0);
        let told = world.events.iter().filter_map(|event| match event {
            MediaEvent::Stats { stats, .. } => Some(stats.packets_in),
            _ => None,
        });
        prop_assert_eq!(told.sum::<u64>(), world.relay.totals().packets_in);
        let finished = world.events.iter().filter(|event| matches!(event, MediaEvent::RecordingFinished(_))).count();
        prop_assert_eq!(finished as u32, opened_recordings, "each recording ends once");
    }
}
