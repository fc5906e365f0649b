//! The two channels of a recording hold what each side said, in time.

mod world;

use media::command::{MediaCommand, RecordingLayout};
use media::{Codec, MediaEvent, RecordingKey};
use relay::Config;
use world::{Phone, STEP, World, best_lag, correlation, noise};

const CALLER: &str = "192.0.2.1:4000";
const BUYER: &str = "192.0.2.2:5000";

/// Prompt first, then a bridge with both talking; recorded from the start.
#[test]
fn channels_hold_each_side_in_time() {
    let mut world = World::new(Config::default());
    let caller_leg = world.leg(1, CALLER, Codec::Pcmu);
    let buyer_leg = world.leg(2, BUYER, Codec::Pcma);
    let (prompt, caller_says, buyer_says) = (noise(1, 8_000), noise(2, 32_000), noise(3, 16_000));
    let mut caller = Phone::new(CALLER, Codec::Pcmu, 0xaaaa);
    let mut buyer = Phone::new(BUYER, Codec::Pcma, 0xbbbb);
    world.record(caller_leg, 7, RecordingLayout::Stereo);
    world.play(caller_leg, 1, prompt.clone(), false);
    for step in 0..200 {
        if step == 100 {
            world.command(MediaCommand::Connect { a: caller_leg, b: buyer_leg });
        }
        let packet = caller.packet(&caller_says);
        world.send(caller_leg, caller.address, &packet);
        if step >= 100 {
            let packet = buyer.packet(&buyer_says);
            world.send(buyer_leg, buyer.address, &packet);
        }
        world.tick();
    }
    world.command(MediaCommand::StopRecording { recording: RecordingKey(7) });
    let channels = world.recorded(7, 2);
    assert_eq!(channels[0].len(), 32_000, "as long as the call: {}", channels[0].len());
    assert_eq!(channels[0].len(), channels[1].len());
    let (lag, peak) = best_lag(&channels[0], &caller_says[..16_000], -400..400);
    assert_eq!((lag, peak > 0.98), (0, true), "the caller on the left at {lag}: {peak}");
    let (lag, peak) = best_lag(&channels[1], &prompt, -400..400);
    assert_eq!((lag, peak > 0.98), (0, true), "the prompt on the right at {lag}: {peak}");
    let (lag, peak) = best_lag(&channels[1], &buyer_says[..8_000], 15_600..16_400);
    assert_eq!((lag, peak > 0.98), (16_000, true), "the buyer on the right at {lag}: {peak}");
    assert!(correlation(&channels[0], &buyer_says[..8_000], 16_000) < 0.1, "the buyer is not on the left");
    assert!(world.events.iter().any(|event| matches!(event, MediaEvent::RecordingFinished(summary)
        if summary.samples == 32_000 && summary.dropped == 0 && summary.late == 0)));
}

/// Packets that arrive swapped, twice or not at all neither shift nor stretch a channel.
#[test]
fn loss_reorder_and_duplicates_keep_the_time() {
    let mut world = World::new(Config::default());
    let leg = world.leg(1, CALLER, Codec::Pcmu);
    let says = noise(4, 40_000);
    let mut caller = Phone::new(CALLER, Codec::Pcmu, 0xaaaa);
    world.record(leg, 7, RecordingLayout::Stereo);
    let mut held: Option<Vec<u8>> = None;
    for step in 0..250 {
        let packet = caller.packet(&says);
        match step % 10 {
            3 => {}
            5 => held = Some(packet),
            6 => {
                world.send(leg, caller.address, &packet);
                if let Some(late) = held.take() {
                    world.send(leg, caller.address, &late);
                }
            }
            8 => {
                world.send(leg, caller.address, &packet);
                world.send(leg, caller.address, &packet);
            }
            _ => {
                world.send(leg, caller.address, &packet);
            }
        }
        world.tick();
    }
    world.command(MediaCommand::Close { leg });
    let channels = world.recorded(7, 2);
    for part in 0..20 {
        let from = part * 1_600;
        let said = &says[from + 640..from + 1_600];
        let (lag, peak) = best_lag(&channels[0], said, from as isize + 440..from as isize + 840);
        assert_eq!((lag, peak > 0.98), (from as isize + 640, true), "part {part}: lag {lag}, {peak}");
        assert!(channels[0][from + 480..from + 640].iter().all(|sample| *sample == 0), "the lost packet is silence");
    }
    let stats = world.events.iter().find_map(|event| match event {
        MediaEvent::Stats { stats, .. } => Some(*stats),
        _ => None,
    });
    let stats = stats.expect("a closed leg tells its numbers");
    // 25 lost, 25 doubled: RFC 3550 A.3 counts duplicates as received.
    assert_eq!((stats.packets_in, stats.lost), (250, 0));
}

/// A chunk nobody took is a silent gap of the right length, and is counted.
#[test]
fn untaken_chunks_are_counted() {
    let mut world = World::new(Config { events_max: 0, ..Config::default() });
    let leg = world.leg(1, CALLER, Codec::Pcmu);
    world.record(leg, 7, RecordingLayout::Mono);
    world.ticks(100);
    world.command(MediaCommand::StopRecording { recording: RecordingKey(7) });
    let dropped = world.events.iter().find_map(|event| match event {
        MediaEvent::RecordingFinished(summary) => Some((summary.samples, summary.dropped)),
        _ => None,
    });
    assert_eq!(dropped, Some((16_000, 16_000)));
    assert_eq!(STEP * 100, std::time::Duration::from_secs(2));
}
