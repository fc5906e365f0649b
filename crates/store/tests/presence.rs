//! Who is connected, as several processes say it at a real Redis.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "support/redis.rs"]
mod server;

use std::{collections::HashMap, time::Duration};

use domain::{TenantId, Timestamp, UserId};
use operations::Connected;
use server::Redis;
use store::RedisPresence;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);
const LASTS: Duration = Duration::from_millis(1_500);

fn process(redis: &Redis, number: u128) -> RedisPresence {
    RedisPresence::new(redis.config(), Uuid::from_u128(number)).unwrap().lasting(LASTS)
}

fn tenant(number: u128) -> TenantId {
    TenantId(Uuid::from_u128(number))
}

fn users(of: &[(u128, u32, i64)]) -> HashMap<UserId, Connected> {
    let one = |(user, count, since): &(u128, u32, i64)| {
        (UserId(Uuid::from_u128(*user)), Connected { count: *count, since: Timestamp::from_secs(*since) })
    };
    of.iter().map(one).collect()
}

/// Asks until the answer is this one.
async fn becomes(at: &RedisPresence, of: TenantId, wanted: &[(u128, u32, i64)]) {
    let mut last = None;
    let asking = async {
        loop {
            last = at.roster(of).await;
            if last.as_ref() == Some(&users(wanted)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, asking).await.is_ok();
    assert!(in_time, "{last:?} is not {wanted:?}");
}

#[tokio::test]
async fn connections_of_all_processes_are_seen_and_those_of_a_dead_one_end_by_themselves() {
    let mut redis = Redis::start().await;
    let (one, two) = (process(&redis, 1), process(&redis, 2));
    becomes(&one, tenant(1), &[]).await;
    becomes(&two, tenant(1), &[]).await;
    one.beat(tenant(1), &users(&[(7, 2, 100), (8, 1, 50)])).await.unwrap();
    two.beat(tenant(1), &users(&[(7, 1, 90)])).await.unwrap();
    for at in [&one, &two] {
        becomes(at, tenant(1), &[(7, 3, 90), (8, 1, 50)]).await;
        becomes(at, tenant(2), &[]).await;
    }
    // Who left is gone at once; the other process's words stand.
    one.beat(tenant(1), &users(&[(8, 1, 50)])).await.unwrap();
    becomes(&two, tenant(1), &[(7, 1, 90), (8, 1, 50)]).await;
    // The first says nothing more. What the second says keeps nothing of it alive.
    let silent = async {
        loop {
            two.beat(tenant(1), &users(&[(7, 1, 90)])).await;
            tokio::time::sleep(LASTS / 5).await;
        }
    };
    tokio::select! {
        () = silent => {}
        () = becomes(&two, tenant(1), &[(7, 1, 90)]) => {}
    }

    redis.kill();
    assert_eq!(two.roster(tenant(1)).await, None, "it says that it does not know");
    assert_eq!(two.beat(tenant(1), &users(&[(7, 1, 90)])).await, None);
    redis.restart().await;
    becomes(&two, tenant(1), &[]).await;
    two.beat(tenant(1), &users(&[(7, 1, 90)])).await.unwrap();
    becomes(&two, tenant(1), &[(7, 1, 90)]).await;
}
