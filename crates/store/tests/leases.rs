//! Caps under everybody at once: never overshot, never leaked.
#![expect(clippy::unwrap_used, reason = "what fails here is the test's to report")]

mod support;

use std::{sync::Arc, time::Duration};

use domain::*;
use operations::*;
use routing::{
    Caps,
    lease::{Claim, Counters, Holder},
};
use store::{MemoryBus, Store};
use support::{NOW, World, at};

fn request(
    world: &World,
    buyer: BuyerId,
    endpoint: EndpointId,
    call: CallId,
    caps: Caps,
    now: Timestamp,
) -> LeaseRequest {
    let windows = routing::windows(now, &jiff::tz::TimeZone::UTC);
    LeaseRequest {
        lease: world.ids.next(now),
        tenant: world.tenant.id,
        call,
        claims: vec![
            Claim { holder: Holder::Buyer(buyer), caps, windows },
            Claim { holder: Holder::Endpoint(endpoint), caps: Caps::NONE, windows },
        ],
        is_committed: false,
        now,
        until: now.after(Duration::from_secs(30)),
    }
}

async fn counters(store: &Store, buyer: BuyerId) -> Counters {
    let all = store.lease_counters().await.unwrap();
    all.into_iter()
        .find(|(holder, _)| *holder == Holder::Buyer(buyer))
        .map_or_else(Counters::default, |(_, counters)| counters)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_never_overshoot() {
    let world = Arc::new(World::new().await);
    let caps = Caps { concurrency: Some(50), daily: Some(70), ..Caps::NONE };
    let (buyer, endpoint) = world.buyer("B1", caps).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let world = world.clone();
        let (buyer, endpoint) = (buyer.id, endpoint.id);
        tasks.spawn(async move {
            let request = request(&world, buyer, endpoint, world.ids.next(NOW), caps, NOW);
            let repeated = request.clone();
            let outcome = world.store.reserve(request).await.unwrap();
            assert_eq!(outcome == Reservation::Held, world.store.reserve(repeated).await.unwrap() == Reservation::Held);
            outcome
        });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Reservation::Held).count(), 50);
    assert!(outcomes.iter().all(|outcome| match outcome {
        Reservation::Held => true,
        Reservation::Full(full) => full.counted == 50 && full.limit == 50,
        Reservation::Ended => false,
    }));
    let held = counters(&world.store, buyer.id).await;
    assert_eq!((held.active, held.windows[1].reserved, held.windows[1].used), (50, 50, 0));
    assert_eq!(world.store.usage().read().counters.get(&Holder::Buyer(buyer.id)), Some(&held), "the board follows");
}

#[tokio::test]
async fn a_call_commits_and_releases_by_its_events() {
    let world = World::new().await;
    let caps = Caps { concurrency: Some(1), daily: Some(2), ..Caps::NONE };
    let (buyer, endpoint) = world.buyer("B1", caps).await;
    let recorder = Recorder::new(Arc::new(world.store.clone()), Arc::new(MemoryBus::new(8)), None);
    for round in 0..2 {
        let lease = world.ids.next(NOW);
        let events = world.call(Some((&buyer, &endpoint, lease)));
        let wanted = LeaseRequest { lease, ..request(&world, buyer.id, endpoint.id, events[0].call, caps, NOW) };
        assert_eq!(world.store.reserve(wanted.clone()).await.unwrap(), Reservation::Held);
        recorder.record(events[..6].to_vec()).await.unwrap();
        let talking = counters(&world.store, buyer.id).await;
        assert_eq!((talking.active, talking.windows[1].used, talking.windows[1].reserved), (1, round + 1, 0));
        recorder.record(events.clone()).await.unwrap();
        recorder.record(events).await.unwrap();
        let over = counters(&world.store, buyer.id).await;
        assert_eq!((over.active, over.windows[1].used, over.windows[1].reserved), (0, round + 1, 0), "ended once");
        assert_eq!(world.store.reserve(wanted).await.unwrap(), Reservation::Ended);
    }
    let third = request(&world, buyer.id, endpoint.id, world.ids.next(NOW), caps, NOW);
    assert!(
        matches!(world.store.reserve(third).await.unwrap(), Reservation::Full(full) if full.kind == routing::CapKind::Day)
    );
}

#[tokio::test]
async fn an_unanswered_offer_leaves_no_trace() {
    let world = World::new().await;
    let caps = Caps { concurrency: Some(1), total: Some(1), ..Caps::NONE };
    let (buyer, endpoint) = world.buyer("B1", caps).await;
    let first = request(&world, buyer.id, endpoint.id, world.ids.next(NOW), caps, NOW);
    assert_eq!(world.store.reserve(first.clone()).await.unwrap(), Reservation::Held);
    world.store.release_lease(first.lease, at(1)).await.unwrap();
    world.store.release_lease(first.lease, at(1)).await.unwrap();
    assert_eq!(counters(&world.store, buyer.id).await.active, 0);
    // The switch dies while it rings. After a restart the next reservation sweeps what is over before it looks for room.
    let second = request(&world, buyer.id, endpoint.id, world.ids.next(NOW), caps, at(2));
    assert_eq!(world.store.reserve(second).await.unwrap(), Reservation::Held);
    let world = world.reopened().await;
    let early = request(&world, buyer.id, endpoint.id, world.ids.next(NOW), caps, at(31));
    assert!(matches!(world.store.reserve(early).await.unwrap(), Reservation::Full(_)));
    let later = request(&world, buyer.id, endpoint.id, world.ids.next(NOW), caps, at(32));
    assert_eq!(world.store.reserve(later.clone()).await.unwrap(), Reservation::Held);
    assert_eq!(world.store.expire_leases(at(61), 10).await.unwrap(), vec![]);
    assert_eq!(world.store.expire_leases(at(62), 10).await.unwrap(), vec![later.lease]);
    assert_eq!(world.store.expire_leases(at(62), 10).await.unwrap(), vec![]);
    let held = counters(&world.store, buyer.id).await;
    assert_eq!((held.active, held.windows[3].used, held.windows[3].reserved), (0, 0, 0));
    assert_eq!(world.store.forget_leases(at(1_000), Duration::from_secs(1)).await.unwrap(), 3);
}
