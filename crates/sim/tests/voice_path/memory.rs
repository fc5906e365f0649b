//! Nothing is kept of calls that are over, and little of those that are held.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use phone::voice::{Behaviour, Step};
use sim::voice::{Scenario, Seller, World};

use crate::stage::{NUMBER, answers, check, direct, does, millis, seconds, seller};

/// Counts the bytes each thread has allocated and not freed.
struct Scale;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

fn weigh(bytes: isize) {
    // A thread that is ending no longer has a count.
    let _ = HELD.try_with(|held| held.set(held.get() + bytes));
}

// SAFETY: everything is left to the system's allocator; a count beside it touches no memory it hands out.
unsafe impl GlobalAlloc for Scale {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        weigh(layout.size() as isize);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        weigh(-(layout.size() as isize));
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static SCALE: Scale = Scale;

/// Bytes that go when this is dropped.
fn weight(thing: impl Sized) -> usize {
    let before = HELD.get();
    drop(thing);
    usize::try_from(before - HELD.get()).unwrap()
}

fn weigh_all(world: World) -> [usize; 3] {
    let (switch, relay, edge) = world.into_parts();
    [weight(switch), weight(relay), weight(edge)]
}

/// The goal is 60 kB for a held call in all of the process; this is what the protocol cores keep of it.
#[test]
fn a_held_call_is_small() {
    const CALLS: usize = 24;
    let many = Seller { concurrency_max: CALLS, ..seller(does(vec![Step::Mute])) };
    let scenario = Scenario { media_timeout: seconds(900), record: true, ..direct(vec![many]) };
    let empty = weigh_all(World::new(scenario.clone()));
    let mut world = World::new(scenario);
    for _ in 0..CALLS {
        world.call(NUMBER, vec![Step::Mute], seconds(60));
        world.pass(millis(20));
    }
    // Until transactions and repeated answers are forgotten.
    world.pass(seconds(40));
    assert_eq!(world.switch().calls(), CALLS);
    let held = weigh_all(world);
    let [switch, relay, edge] = std::array::from_fn(|part| (held[part] - empty[part]) / CALLS);
    println!("bytes for each held call: switch {switch}, relay with a recording {relay}, edge {edge}");
    assert!(switch < 10_000, "switch: {switch}");
    assert!(switch + relay + edge < 60_000, "switch {switch}, relay {relay}, edge {edge}");
}

#[test]
fn nothing_is_left_of_calls_that_are_over() {
    const CALLS: usize = 2_000;
    let mut world = World::new(direct(vec![seller(Behaviour::BUSY), answers(0, 1)]));
    let mut most = 0;
    for round in 0..CALLS {
        let gives_up_after = if round % 3 == 0 { millis(30) } else { seconds(60) };
        world.call(NUMBER, vec![Step::Wait(millis(100)), Step::HangUp], gives_up_after);
        world.pass(millis(400));
        most = most.max(world.switch().footprint().timers);
    }
    // Two calls' worth at most, and those that linger for their last figures: not one timer for every call of an hour.
    assert!(most < 10, "{most} timers");
    let story = world.run(seconds(1_000));
    let cdrs = check(&story);
    assert_eq!(cdrs.len(), CALLS);
    assert_eq!(story.counters.calls_started, story.counters.calls_ended);
}
