//! Who is called, by which flow, and what the story must be like.

use std::sync::Arc;
use std::time::Duration;

use domain::{Cdr, What};
use phone::hears::TonePair;
use phone::voice::{Behaviour, Sound, Step, tones};
use sim::voice::{Scenario, Seller, Story, World};

pub const DIRECT: &[u8] = include_bytes!("../../../../flows/demo-direct.json");
pub const IVR: &[u8] = include_bytes!("../../../../flows/demo-ivr.json");
/// A number that has a flow.
pub const NUMBER: &str = "+15551234567";

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub fn program(document: &[u8]) -> Arc<flow::Program> {
    Arc::new(flow::check(&flow::parse_json(document).unwrap()).unwrap())
}

/// A flow of these nodes, as JSON, that starts at the node `start`.
pub fn nodes(nodes: &str) -> Arc<flow::Program> {
    let document = format!(
        r#"{{"id": "f", "name": "f", "version": "1", "entry": {{"id": "e", "type": "entry", "target": "start"}}, "nodes": [{nodes}]}}"#
    );
    program(document.as_bytes())
}

pub fn direct(sellers: Vec<Seller>) -> Scenario {
    Scenario::new(program(DIRECT), sellers)
}

pub fn seller(behaviour: Behaviour) -> Seller {
    Seller::new(behaviour)
}

/// Answers after so many seconds, says nothing, and hangs up so many seconds later.
pub fn answers(after: u64, hangs_up_after: u64) -> Seller {
    seller(Behaviour::Answer { after: seconds(after), steps: vec![Step::Wait(seconds(hangs_up_after)), Step::HangUp] })
}

/// Answers after a second and does this.
pub fn does(steps: Vec<Step>) -> Behaviour {
    Behaviour::Answer { after: seconds(1), steps }
}

pub fn tone(pair: TonePair) -> Sound {
    tones(&[pair.0, pair.1], seconds(1))
}

/// The records of a story in which nothing went wrong.
pub fn check(story: &Story) -> Vec<Cdr> {
    story.check().unwrap_or_else(|fault| panic!("{fault}\n{}", story.tell()))
}

/// Of the only call.
pub fn one(world: World) -> (Story, Cdr) {
    let story = world.run(seconds(1_000));
    let mut cdrs = check(&story);
    assert_eq!(cdrs.len(), 1, "{}", story.tell());
    (story, cdrs.remove(0))
}

/// The caller calls, does this once answered, and the rest happens.
pub fn call(scenario: Scenario, steps: Vec<Step>) -> (Story, Cdr) {
    let mut world = World::new(scenario);
    world.call(NUMBER, steps, seconds(120));
    one(world)
}

/// How many events are like this.
pub fn count(story: &Story, like: impl Fn(&What) -> bool) -> usize {
    story.events.iter().filter(|event| like(&event.what)).count()
}
