//! What holds whatever the network, the platform and the callers do. A failing seed prints its story.

use std::collections::BTreeMap;

use domain::{CallEvent, Seed, What};
use phone::End;
use phone::hears::TonePair;
use phone::voice::{Behaviour, DigitsBy, Step};
use sim::network::Conditions;
use sim::voice::{Scenario, Seller, Story, World};

use crate::stage::{DIRECT, IVR, NUMBER, does, millis, nodes, program, seconds, seller, tone};

/// Every kind of node, in the ways a call takes through them.
const ALL: &str = r#"
    {"id": "start", "type": "record", "beep": true, "next": "menu"},
    {"id": "menu", "type": "ivr", "prompt": "say:one or two", "timeout": 2, "retries": 0,
     "choices": [{"digits": "1", "target": "whisper"}, {"digits": "2", "target": "line"}], "default": "line"},
    {"id": "whisper", "type": "whisper", "calleePrompt": "tone:440,500/0,for=500", "acceptDigit": "5", "timeout": 3,
     "onReject": "line", "next": "buyers"},
    {"id": "buyers", "type": "buyer", "source": "campaign", "ringTimeout": 6, "onNoBuyers": "line", "next": "bye"},
    {"id": "line", "type": "queue", "queueId": "q", "timeout": 12, "maxSize": 2, "onTimeout": "message", "onFull": "message"},
    {"id": "message", "type": "record", "maxDuration": 3, "onComplete": "bye", "onError": "bye"},
    {"id": "bye", "type": "hangup", "prompt": "tone:440,300/0,for=300"}"#;

/// Of one buyer or agent, by chance. Where the switch dies, nobody waits for it for ever.
fn behaviour(chance: &mut Seed, restart: bool) -> Behaviour {
    let press = |digits: &str| Step::Press { digits: digits.to_owned(), by: DigitsBy::Rfc4733 };
    let wait = Step::Wait(seconds(chance.below(8)));
    match chance.below(9) {
        0 => Behaviour::BUSY,
        1 => Behaviour::FAIL,
        2 if !restart => Behaviour::NeverAnswer,
        3 => Behaviour::EarlyMedia {
            early: tone(TonePair::BUYERS[0]),
            after: seconds(chance.below(5)),
            steps: vec![press("5"), wait, Step::HangUp],
        },
        4 => does(vec![Step::Wait(millis(800)), press("7"), wait, Step::HangUp]),
        5 => does(vec![press("5"), Step::Wait(seconds(1)), Step::Hold, wait, Step::Resume, Step::HangUp]),
        6 if !restart => does(vec![Step::Mute, wait]),
        _ => does(vec![Step::Wait(seconds(1)), press("5"), wait, Step::HangUp]),
    }
}

fn caller_steps(chance: &mut Seed, restart: bool) -> Vec<Step> {
    let digits = ["1", "2", "1", "9"][chance.below(4) as usize].to_owned();
    let by = if chance.below(3) == 0 { DigitsBy::Info } else { DigitsBy::Rfc4733 };
    let mut steps = vec![Step::Wait(seconds(1)), Step::Press { digits, by }, Step::Wait(seconds(chance.below(12)))];
    if chance.below(4) == 0 {
        steps.extend([Step::Hold, Step::Wait(seconds(chance.below(5))), Step::Resume]);
    }
    if restart || chance.below(4) != 0 {
        steps.push(Step::HangUp);
    }
    steps
}

fn scenario(seed: u64, chance: &mut Seed, restart: bool) -> Scenario {
    let flow = match seed % 3 {
        0 => program(DIRECT),
        1 => program(IVR),
        _ => nodes(ALL),
    };
    let sellers = (0..chance.below(5)).map(|_| Seller {
        concurrency_max: 1 + chance.below(2) as usize,
        duration_max: (chance.below(4) == 0).then(|| seconds(1 + chance.below(4))),
        ..seller(behaviour(chance, restart))
    });
    let sellers: Vec<_> = sellers.collect();
    Scenario {
        seed,
        conditions: Conditions {
            lost_permille: (seed % 7 * 30) as u16,
            repeated_permille: (seed % 5 * 40) as u16,
            delay_min: millis(1),
            delay_max: millis(5 + seed % 11 * 60),
        },
        agents: (0..chance.below(3)).map(|_| behaviour(chance, restart)).collect(),
        failed_permille: if seed.is_multiple_of(4) { 50 } else { 0 },
        unkept_permille: if seed.is_multiple_of(6) { 100 } else { 0 },
        unwritten_permille: if seed.is_multiple_of(5) { 200 } else { 0 },
        answer_max: millis(seed % 3 * 400),
        record: chance.below(4) == 0,
        call_max: seconds(90),
        ring_max: seconds(8),
        media_timeout: seconds(20),
        ..Scenario::new(flow, sellers)
    }
}

/// Plays a seed. With `restart`, the switch dies in the middle.
fn play(seed: u64, restart: bool) -> (Scenario, Story) {
    let mut chance = Seed::from_number(seed).fork();
    let scenario = scenario(seed, &mut chance, restart);
    let mut world = World::new(scenario.clone());
    for _ in 0..1 + chance.below(3) {
        let gives_up_after = seconds(2 + chance.below(40));
        world.call(NUMBER, caller_steps(&mut chance, restart), gives_up_after);
        world.pass(millis(chance.below(4_000)));
    }
    if restart {
        world.pass(millis(chance.below(15_000)));
        world.restart_switch();
        world.call(NUMBER, caller_steps(&mut chance, restart), seconds(30));
    }
    let story = world.run(seconds(4_000));
    (scenario, story)
}

/// On a network that loses nothing, nobody is called on behalf of a caller who left more than its delay ago.
fn nobody_is_called_for_nobody(scenario: &Scenario, story: &Story) -> Result<(), String> {
    if scenario.conditions.lost_permille > 0 {
        return Ok(());
    }
    // From the carrier over the edge to the switch.
    let under_way = scenario.conditions.delay_max * 2;
    let started = |event: &CallEvent| match &event.what {
        What::Started(started) => Some((event.call, started.sip_call_id.clone())),
        _ => None,
    };
    for (call, call_id) in story.events.iter().filter_map(started) {
        let Some(report) = story.reports.iter().find(|report| report.call_id == call_id) else { continue };
        if !matches!(report.end, End::HungUpByUs | End::CancelledByUs) {
            continue;
        }
        let gone = domain::Timestamp::from_epoch(report.ended_at).after(under_way);
        let late = story
            .events
            .iter()
            .find(|event| event.call == call && event.at > gone && matches!(event.what, What::LegStarted { .. }));
        if let Some(late) = late {
            return Err(format!("called for a caller who left at {:?}: {late:?}", report.ended_at));
        }
    }
    Ok(())
}

fn judge(seed: u64, restart: bool) -> Result<Story, String> {
    let played = std::panic::catch_unwind(|| play(seed, restart));
    let (scenario, story) = played.map_err(|_| format!("seed {seed}, restart {restart}: panic"))?;
    let sound = story.check().and_then(|_| nobody_is_called_for_nobody(&scenario, &story));
    sound.map_err(|fault| format!("seed {seed}, restart {restart}: {fault}\n{}", story.tell()))?;
    Ok(story)
}

/// `HOPWHISTLE_SIM_SEEDS` many, from `HOPWHISTLE_SIM_FIRST_SEED` on.
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("HOPWHISTLE_SIM_FIRST_SEED").unwrap_or(0);
    first..first + number("HOPWHISTLE_SIM_SEEDS").unwrap_or(150)
}

/// One in five with a restart.
#[test]
fn whatever_the_network_does_every_call_ends_once() {
    let seeds = seeds();
    let mut seen: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in seeds.clone() {
        let story = judge(seed, seed % 5 == 4).unwrap_or_else(|fault| panic!("{fault}"));
        for event in &story.events {
            *seen.entry(event.what.name()).or_default() += 1;
        }
    }
    println!("seeds {seeds:?}: {seen:?}");
    if seeds.end - seeds.start >= 100 {
        let missing = ALL_EVENTS.iter().find(|name| !seen.contains_key(**name));
        assert_eq!(missing, None, "the seeds reach every kind of event: {seen:?}");
    }
}

#[test]
fn the_same_seed_plays_the_same_story() {
    for seed in [2, 5, 11] {
        let (_, first) = play(seed, false);
        let (_, second) = play(seed, false);
        assert_eq!(first.events, second.events, "seed {seed}");
        assert!(!first.events.is_empty());
    }
}

const ALL_EVENTS: [&str; 22] = [
    "call.started",
    "call.answered",
    "call.node.entered",
    "call.node.left",
    "call.prompt.played",
    "call.digit.received",
    "call.tagged",
    "call.buyers.ranked",
    "call.queue.joined",
    "call.queue.left",
    "call.leg.started",
    "call.leg.ringing",
    "call.leg.answered",
    "call.leg.failed",
    "call.bridged",
    "call.held",
    "call.resumed",
    "call.leg.ended",
    "call.quality.measured",
    "call.recording.started",
    "call.recording.finished",
    "call.recording.failed",
];
