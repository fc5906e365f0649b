//! Failed sign-ins and keys used once, by several processes at a real Redis.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "support/redis.rs"]
mod server;

use std::time::Duration;

use operations::{SignInLimits, SignInTry, Trier};
use server::Redis;
use store::RedisCounters;

const PATIENCE: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_hours(1);

fn process(redis: &Redis) -> RedisCounters {
    RedisCounters::new(redis.config()).unwrap()
}

/// Asks until Redis answers: the first may find that connecting takes longer than a request waits.
async fn answered<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap()
}

async fn connected(redis: &Redis, count: usize) -> Vec<RedisCounters> {
    let mut processes = Vec::new();
    for _ in 0..count {
        let process = process(redis);
        answered(async || process.forget(&who("nobody", "nowhere")).await).await;
        processes.push(process);
    }
    processes
}

fn who(account: &str, network: &str) -> Trier {
    Trier { account: account.to_owned(), network: network.to_owned() }
}

fn limits() -> SignInLimits {
    SignInLimits::default()
}

async fn tried(at: &RedisCounters, who: &Trier) -> Result<SignInTry, Duration> {
    at.begin(who, &limits()).await.unwrap()
}

#[tokio::test]
async fn failures_at_several_processes_lock_together_and_are_forgotten_together() {
    let redis = Redis::start().await;
    let processes = connected(&redis, 3).await;
    let (ann, elsewhere) = (who("ann", "here"), who("ann", "there"));
    for at in processes.iter().cycle().take(5) {
        tried(at, &ann).await.unwrap();
    }
    for at in &processes {
        let left = tried(at, &ann).await.unwrap_err();
        assert!((Duration::from_secs(20)..=Duration::from_secs(30)).contains(&left), "{left:?}");
        let begun = tried(at, &elsewhere).await.expect("from there they may");
        at.give_back(&elsewhere, &begun).await.unwrap();
    }
    processes[1].forget(&ann).await.unwrap();
    for at in processes.iter().cycle().take(5) {
        tried(at, &ann).await.expect("success at one counts at all");
    }
    assert!(tried(&processes[0], &ann).await.is_err());
    processes[2].forget_account("ann", &limits()).await.unwrap();
    for at in processes.iter().cycle().take(5) {
        tried(at, &ann).await.expect("a new password counts at all");
    }
    assert!(tried(&processes[1], &ann).await.is_err());
}

#[tokio::test]
async fn of_many_at_once_no_more_come_through() {
    let redis = Redis::start().await;
    let processes = connected(&redis, 3).await;
    let ann = who("ann", "here");
    let tries = (0..60).map(|index| tried(&processes[index % 3], &ann));
    let begun: Vec<SignInTry> = futures_util::future::join_all(tries).await.into_iter().flatten().collect();
    assert_eq!(begun.len(), 5);
    // Those that were right leave nothing behind, whichever process says so.
    for (at, begun) in processes.iter().cycle().zip(&begun) {
        at.give_back(&ann, begun).await.unwrap();
    }
    for at in processes.iter().cycle().take(5) {
        tried(at, &ann).await.unwrap();
    }
    assert!(tried(&processes[0], &ann).await.is_err());
}

#[tokio::test]
async fn a_wait_doubles_and_a_try_given_back_makes_it_no_longer() {
    let redis = Redis::start().await;
    let processes = connected(&redis, 2).await;
    let brief = SignInLimits { first_wait: Duration::from_millis(400), ..limits() };
    let bob = who("bob", "here");
    for _ in 0..5 {
        processes[0].begin(&bob, &brief).await.unwrap().unwrap();
    }
    let left = processes[1].begin(&bob, &brief).await.unwrap().unwrap_err();
    assert!(left <= Duration::from_millis(400), "{left:?}");
    tokio::time::sleep(left).await;
    for at in processes.iter().cycle().take(6) {
        let begun = at.begin(&bob, &brief).await.unwrap().expect("no longer wait than before");
        at.give_back(&bob, &begun).await.unwrap();
    }
    processes[0].begin(&bob, &brief).await.unwrap().unwrap();
    let left = processes[1].begin(&bob, &brief).await.unwrap().unwrap_err();
    assert!((Duration::from_millis(500)..=Duration::from_millis(800)).contains(&left), "{left:?}");
}

#[tokio::test]
async fn one_network_does_not_try_many_accounts_at_many_processes() {
    let redis = Redis::start().await;
    let processes = connected(&redis, 3).await;
    for (index, at) in processes.iter().cycle().take(30).enumerate() {
        tried(at, &who(&index.to_string(), "here")).await.unwrap();
    }
    assert!(tried(&processes[0], &who("other", "here")).await.is_err());
    tried(&processes[0], &who("other", "there")).await.unwrap();
}

#[tokio::test]
async fn a_key_is_used_once_at_all_processes_and_nothing_stays_for_ever() {
    let mut redis = Redis::start().await;
    let processes = connected(&redis, 3).await;
    let asked = (0..30).map(|index| processes[index % 3].is_first("ticket", HOUR));
    let firsts = futures_util::future::join_all(asked).await;
    assert_eq!(firsts.iter().filter(|first| **first == Some(true)).count(), 1, "{firsts:?}");
    assert!(firsts.iter().all(Option::is_some));
    assert_eq!(processes[0].is_first("brief", Duration::from_millis(50)).await, Some(true));
    tokio::time::sleep(Duration::from_millis(80)).await;
    assert_eq!(processes[1].is_first("brief", HOUR).await, Some(true));
    tried(&processes[0], &who("ann", "here")).await.unwrap();
    processes[0].forget_account("bob", &limits()).await.unwrap();

    let client = redis::Client::open(redis.config().url).unwrap();
    let mut link = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut link).await.unwrap();
    assert_eq!(keys.len(), 6, "{keys:?}");
    for key in keys {
        let left: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut link).await.unwrap();
        assert!(left > 0 && key.starts_with("hopwhistle:"), "{key} is kept for {left}");
    }
    redis.kill();
    assert_eq!(processes[0].is_first("other", HOUR).await, None);
    assert!(processes[0].begin(&who("ann", "here"), &limits()).await.is_none());
    redis.restart().await;
    assert!(answered(async || processes[0].is_first("other", HOUR).await).await);
}
