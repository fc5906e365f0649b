//! Prompts: on time, to the end, in circles, stopped, replaced.

mod world;

use std::time::Duration;

use media::command::{MediaCommand, RecordingLayout};
use media::event::PlayEnd;
use media::{Codec, LegKey, MediaEvent, PromptKey, RecordingKey};
use relay::Config;
use world::{Phone, STEP, World, noise};

const A: &str = "192.0.2.1:4000";

fn world() -> (World, LegKey) {
    let mut world = World::new(Config::default());
    let leg = world.leg(1, A, Codec::Pcma);
    (world, leg)
}

fn ends(world: &World) -> Vec<(u64, PlayEnd)> {
    let end = |event: &MediaEvent| match event {
        MediaEvent::Played { prompt: PromptKey(key), end, .. } => Some((*key, *end)),
        _ => None,
    };
    world.events.iter().filter_map(end).collect()
}

fn heard(world: &World) -> Vec<i16> {
    world
        .rtp(A)
        .iter()
        .flat_map(|got| got.payload().iter().map(|octet| Codec::Pcma.decode(*octet)).collect::<Vec<_>>())
        .collect()
}

#[test]
fn a_prompt_is_sent_to_its_end_in_time() {
    let (mut world, leg) = world();
    let prompt = noise(1, 1_000);
    world.play(leg, 5, prompt.clone(), false);
    world.ticks(7);
    assert_eq!(ends(&world), [], "seven packets: 1,000 samples and 120 of silence");
    assert_eq!(world.rtp(A).len(), 7);
    world.tick();
    assert_eq!(ends(&world), [(5, PlayEnd::Finished)]);
    let heard = heard(&world);
    let expected: Vec<i16> = prompt.iter().map(|sample| Codec::Pcma.decode(Codec::Pcma.encode(*sample))).collect();
    assert_eq!(heard[..1_000], expected);
    // A-law has no zero: its silence is 8.
    assert!(heard[1_000..].iter().all(|sample| *sample == 8));
    world.ticks(10);
    assert_eq!(world.rtp(A).len(), 7);
}

#[test]
fn circles_end_when_told() {
    let (mut world, leg) = world();
    world.play(leg, 1, noise(1, 100), true);
    world.ticks(50);
    world.command(MediaCommand::StopPlay { leg });
    world.command(MediaCommand::StopPlay { leg });
    world.play(leg, 2, noise(2, 800), false);
    world.ticks(2);
    world.play(leg, 3, Vec::new(), false);
    world.tick();
    world.play(leg, 4, Vec::new(), true);
    world.tick();
    world.play(leg, 5, noise(3, 800), false);
    world.command(MediaCommand::Close { leg });
    use PlayEnd::{Finished, Stopped};
    assert_eq!(ends(&world), [(1, Stopped), (2, Stopped), (3, Finished), (4, Finished), (5, Stopped)]);
    assert_eq!(world.rtp(A).len(), 52);
    let first = &heard(&world)[..8_000];
    assert!(first.chunks_exact(100).all(|round| round == &first[..100]), "round after round without a gap");
}

/// A thread that was away sends what is missing, but not a flood.
#[test]
fn late_ticks_catch_up_within_reason() {
    let (mut world, leg) = world();
    world.play(leg, 1, noise(1, 80_000), false);
    world.ticks(10);
    world.now += STEP * 3;
    world.tick();
    assert_eq!(world.rtp(A).len(), 14, "the three that are missing and the one due");
    world.now += Duration::from_secs(2);
    world.tick();
    assert_eq!(world.rtp(A).len(), 15);
    world.ticks(10);
    assert_eq!(world.rtp(A).len(), 25);
}

/// While digits go out the prompt waits; nothing of it is lost.
#[test]
fn a_prompt_waits_for_digits() {
    let (mut world, leg) = world();
    world.play(leg, 1, noise(1, 3_200), false);
    world.ticks(5);
    world.command(MediaCommand::SendDtmf { leg, digits: "7".into(), tone_ms: 100, gap_ms: 50 });
    world.ticks(40);
    let audio = world.rtp(A).iter().filter(|got| got.packet().header.payload_type == 8).count();
    assert_eq!(audio, 20);
    assert_eq!(ends(&world), [(1, PlayEnd::Finished)]);
    let between = world.rtp(A)[5..].iter().take_while(|got| got.packet().header.payload_type == 101).count();
    assert!((8..=9).contains(&between), "{between} packets of the digit in one piece");
}

/// One channel has both voices.
#[test]
fn a_mono_recording_mixes() {
    let (mut world, leg) = world();
    let mut phone = Phone::new(A, Codec::Pcma, 1);
    world.record(leg, 1, RecordingLayout::Mono);
    let (says, hears) = (noise(1, 8_000), noise(2, 8_000));
    world.play(leg, 1, hears.clone(), false);
    for _ in 0..50 {
        let packet = phone.packet(&says);
        world.send(leg, phone.address, &packet);
        world.tick();
    }
    world.command(MediaCommand::StopRecording { recording: RecordingKey(1) });
    let mixed = &world.recorded(1, 1)[0];
    let sum: Vec<i16> = says.iter().zip(&hears).map(|(a, b)| a + b).collect();
    assert_eq!(mixed.len(), 8_000);
    assert!(world::correlation(mixed, &sum, 0) > 0.99);
}
