//! Several processes and a real Redis: what one says the others show, once and in order, also across its absence.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "support/redis.rs"]
mod server;

use std::{sync::Arc, time::Duration};

use domain::{CallId, SwitchId, TenantId, Timestamp};
use operations::{LiveBus, LiveItem, LiveUpdate, Subscribed, TenantScope};
use server::Redis;
use store::{LiveKept, Order, RedisBuckets, RedisBus, RedisConfig, RedisOrders, SharedBucket};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);

fn scope(tenant: u128) -> TenantScope {
    TenantScope::of(TenantId(Uuid::from_u128(tenant)))
}

fn say(bus: &RedisBus, tenant: u128, id: u32) {
    let (name, data) = ("agent.status.changed".into(), serde_json::Value::Null);
    let (tenant, at) = (TenantId(Uuid::from_u128(tenant)), Timestamp::default());
    bus.publish(LiveUpdate::Notice { tenant, name, id: id.to_string(), at, data });
}

async fn bus(config: &RedisConfig) -> RedisBus {
    let bus = RedisBus::start(config.clone(), LiveKept::default(), true).unwrap();
    whole(&bus, true).await;
    bus
}

async fn whole(bus: &RedisBus, wanted: bool) {
    let turned = async {
        while bus.is_whole() != wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, turned).await.unwrap();
}

async fn next(from: &mut Subscribed) -> LiveItem {
    tokio::time::timeout(PATIENCE, from.stream.next()).await.unwrap().unwrap()
}

fn id_of(item: &LiveItem) -> u32 {
    match item {
        LiveItem::Update(placed) => match &placed.update {
            LiveUpdate::Notice { id, .. } => id.parse().unwrap(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

async fn heard(from: &mut Subscribed, count: usize) -> Vec<u32> {
    let mut ids = Vec::new();
    while ids.len() < count {
        ids.push(id_of(&next(from).await));
    }
    ids
}

#[tokio::test]
async fn every_process_shows_what_each_says_once_and_in_order() {
    let redis = Redis::start().await;
    let (one, two) = (bus(&redis.config()).await, bus(&redis.config()).await);
    let (mut here, mut there) = (one.subscribe(scope(1), None), two.subscribe(scope(1), None));
    for id in 0..1_000 {
        say(&one, 1, id);
        say(&one, 2, 9_999);
    }
    let all: Vec<u32> = (0..1_000).collect();
    assert_eq!(heard(&mut here, 1_000).await, all);
    assert_eq!(heard(&mut there, 1_000).await, all);
    say(&two, 1, 1_000);
    assert_eq!(heard(&mut here, 1).await, [1_000]);
    assert_eq!(heard(&mut there, 1).await, [1_000]);
}

#[tokio::test]
async fn a_screen_goes_on_at_another_process_and_after_a_restart() {
    let redis = Redis::start().await;
    let (one, two) = (bus(&redis.config()).await, bus(&redis.config()).await);
    let mut screen = one.subscribe(scope(1), None);
    (0..10).for_each(|id| say(&two, 1, id));
    let mut last = None;
    for _ in 0..5 {
        let LiveItem::Update(placed) = next(&mut screen).await else { panic!("no update") };
        last = placed.position;
    }
    let mut moved = two.subscribe(scope(1), last);
    assert!(moved.is_gapless);
    assert_eq!(heard(&mut moved, 5).await, [5, 6, 7, 8, 9]);
    drop(two);
    let restarted = bus(&redis.config()).await;
    let mut again = restarted.subscribe(scope(1), last);
    assert!(again.is_gapless, "the stream remembers what the process forgot");
    assert_eq!(heard(&mut again, 5).await, [5, 6, 7, 8, 9]);
}

#[tokio::test]
async fn without_redis_a_process_shows_its_own_and_says_so() {
    let mut redis = Redis::start().await;
    let (one, two) = (bus(&redis.config()).await, bus(&redis.config()).await);
    let (mut here, mut there) = (one.subscribe(scope(1), None), two.subscribe(scope(1), None));
    say(&one, 1, 1);
    assert_eq!((heard(&mut here, 1).await, heard(&mut there, 1).await), (vec![1], vec![1]));
    let before = one.position();
    assert!(before.is_some());
    redis.kill();
    whole(&one, false).await;
    assert!(matches!(next(&mut here).await, LiveItem::Whole(false)));
    say(&one, 1, 2);
    assert_eq!(heard(&mut here, 1).await, [2], "its own updates go on");
    redis.restart().await;
    // Both learn that something may be missing, and go on together.
    for screen in [&mut here, &mut there] {
        loop {
            if matches!(next(screen).await, LiveItem::Lagged(_)) {
                break;
            }
        }
    }
    // What is said makes the writer try again.
    let healed = async {
        let mut id = 100;
        while !(one.is_whole() && two.is_whole()) {
            say(&one, 1, id);
            id += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, healed).await.unwrap();
    say(&one, 1, 5_000);
    for screen in [&mut here, &mut there] {
        loop {
            if matches!(&next(screen).await, item @ LiveItem::Update(_) if id_of(item) == 5_000) {
                break;
            }
        }
    }
    assert!(!one.subscribe(scope(1), before).is_gapless, "nobody goes on from before the gap");
}

#[tokio::test]
async fn an_order_reaches_the_switch_that_holds_the_call() {
    let mut redis = Redis::start().await;
    let (api, switch) = (RedisOrders::new(redis.config()).unwrap(), RedisOrders::new(redis.config()).unwrap());
    let (mine, another) = (SwitchId(Uuid::from_u128(1)), SwitchId(Uuid::from_u128(2)));
    let (sender, mut orders) = tokio::sync::mpsc::channel(8);
    let switch = Arc::new(switch);
    let listening = tokio::spawn({
        let switch = Arc::clone(&switch);
        async move { switch.listen(mine, sender).await }
    });
    let order = |call| Order::HangUp { tenant: TenantId(Uuid::from_u128(1)), call: CallId(Uuid::from_u128(call)) };
    let given = |order| {
        let api = &api;
        async move {
            let told = async {
                while !api.give(mine, &order).await.unwrap_or(false) {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            tokio::time::timeout(PATIENCE, told).await.unwrap();
        }
    };
    given(order(1)).await;
    assert_eq!(orders.recv().await, Some(order(1)));
    let place = Order::Place(Box::new(domain::OutboundCall {
        agent: None,
        call: CallId(Uuid::from_u128(9)),
        tenant: TenantId(Uuid::from_u128(1)),
        campaign: Uuid::from_u128(3).into(),
        number: Uuid::from_u128(4).into(),
        from: "+12125550170".parse().unwrap(),
        to: "+12125550147".parse().unwrap(),
        tags: [("lead".to_owned(), serde_json::json!({"id": 1}))].into(),
        until: domain::Timestamp::from_secs(1_800_000_000),
    }));
    given(place.clone()).await;
    assert_eq!(orders.recv().await, Some(place));
    assert!(!api.give(another, &order(2)).await.unwrap(), "nobody listens there");
    redis.kill();
    assert!(api.give(mine, &order(3)).await.is_err());
    redis.restart().await;
    given(order(4)).await;
    assert_eq!(orders.recv().await, Some(order(4)));
    listening.abort();
}

#[tokio::test]
async fn requests_at_several_processes_are_taken_from_one_bucket() {
    let mut redis = Redis::start().await;
    let (one, two) = (RedisBuckets::new(redis.config()).unwrap(), RedisBuckets::new(redis.config()).unwrap());
    let bucket = |key: &str| SharedBucket { key: key.to_owned(), interval_micros: 20_000_000, room_micros: 60_000_000 };
    // The first may find that connecting takes longer than a request waits.
    let taken = |from| async move {
        let from: &RedisBuckets = from;
        let answered = async {
            loop {
                if let Some(taken) = from.take(&[bucket("ann"), bucket("all")]).await {
                    return taken;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(PATIENCE, answered).await.unwrap()
    };
    for from in [&one, &two, &one] {
        assert!(taken(from).await.iter().all(|(admitted, _)| *admitted));
    }
    let refused = taken(&two).await;
    assert!(
        refused.iter().all(|(admitted, lack)| !admitted && (40_000_001..=60_000_000).contains(lack)),
        "{refused:?}"
    );
    assert_eq!(one.take(&[bucket("bob")]).await, Some(vec![(true, 20_000_000)]));
    redis.kill();
    assert_eq!(one.take(&[bucket("bob")]).await, None);
}
