//! How long an update of a call's state takes to be durable, at a rate that does not wait: each event is due at a fixed moment, and its time
//! counts from then. Log, row and jobs are written as for the voice path; no HTTP.
//!
//! `cargo run --release -p store --example call_states -- [updates a second] [seconds] [database URL]`

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::*;
use operations::*;
use store::{MemoryBus, Store, StoreConfig};
use uuid::Uuid;

/// A call is taken a step further once a second.
const STEPS: usize = 3;
/// Updates are sent on in gusts of this span, as timers are no finer; it counts in their times.
const GUST: Duration = Duration::from_millis(2);

#[expect(clippy::disallowed_methods, reason = "a benchmark measures with a clock")]
fn clock() -> Instant {
    Instant::now()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let rate: usize = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let seconds: usize = arguments.next().map_or(Ok(15), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let url = arguments.next().unwrap_or_else(|| format!("sqlite://{}", folder.path().join("states.db").display()));
    let now = Timestamp::from_secs(1_800_000_000);
    let (store, _writer) = Store::open(&StoreConfig::new(url, [1; 32]), now).await?;
    let recorder = Recorder::new(Arc::new(store), Arc::new(MemoryBus::new(1_024)), None);

    let updates = rate * seconds;
    let mut tasks = tokio::task::JoinSet::new();
    let first_due = clock();
    let due = |number: usize| first_due + Duration::from_secs_f64(number as f64 / rate as f64);
    let mut number = 0;
    while number < updates {
        tokio::time::sleep(GUST).await;
        let until = clock();
        while number < updates && due(number) <= until {
            let (recorder, due) = (recorder.clone(), due(number));
            let event = event_of(number, rate, now);
            tasks.spawn(async move {
                let kept = recorder.record(vec![event]).await;
                (kept.is_ok(), clock().saturating_duration_since(due))
            });
            number += 1;
        }
    }
    let (mut times, mut failed) = (Vec::with_capacity(updates), 0);
    while let Some(done) = tasks.join_next().await {
        let (is_kept, time) = done?;
        failed += usize::from(!is_kept);
        times.push(time);
    }
    let took = clock().saturating_duration_since(first_due).as_secs_f64();
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 1_000].as_secs_f64() * 1_000.0;
    println!(
        "{updates} updates, {rate}/s due, {:.0}/s done; due to durable p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, longest {:.1} ms; {failed} \
         failed",
        updates as f64 / took,
        at(500),
        at(950),
        at(990),
        at(1_000)
    );
    Ok(())
}

/// Each second's updates are the next step of the calls of the second before.
fn event_of(number: usize, rate: usize, now: Timestamp) -> CallEvent {
    let second = number / rate;
    let (step, call) = (second % STEPS, (second / STEPS) * rate + number % rate);
    let call = CallId(Uuid::from_u128(0xca11 << 96 | call as u128));
    let what = match step {
        0 => What::Started(Box::new(started(call))),
        1 => What::Answered,
        _ => What::Ended { cause: EndCause::Normal, by: Party::Caller, sip_status: None, detail: None },
    };
    let tenant = TenantId(Uuid::from_u128(1));
    CallEvent { tenant, call, sequence: step as u32, at: now.after(Duration::from_secs(second as u64)), what }
}

fn started(call: CallId) -> StartedCall {
    StartedCall::unrouted("+12125550100", "+15555550199", format!("{call}@bench"), SwitchId(Uuid::from_u128(5)))
}
