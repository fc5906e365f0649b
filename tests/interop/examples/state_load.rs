//! How long an update of a call's state takes over HTTP, at a rate that does not wait for answers: each update is due at a fixed moment, and
//! its time counts from then, whatever the ones before it are at.
//!
//! `cargo run --release -p interop --example state_load -- demo.json [updates a second] [seconds] [requests at once]`

use std::env;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use interop::demo::Demo;
use serde_json::json;

/// A call is taken a step further once a second.
const STEPS: [&str; 3] = ["call.started", "call.answered", "call.completed"];
/// For the threads to be there before the first update is due.
const LEAD: Duration = Duration::from_millis(200);

#[expect(clippy::disallowed_methods, reason = "a benchmark measures with a clock")]
fn clock() -> Instant {
    Instant::now()
}

fn main() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(1);
    let demo =
        arguments.next().context("usage: state_load demo.json [updates a second] [seconds] [requests at once]")?;
    let mut number = |usual: usize| arguments.next().map_or(Ok(usual), |text| text.parse::<usize>());
    let (rate, seconds, at_once) = (number(500)?, number(30)?, number(64)?);
    ensure!(rate > 0 && at_once > 0, "neither the rate nor the requests at once can be 0");
    let demo = Demo::read(Path::new(&demo))?;
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_idle_connections_per_host(at_once);
    let agent = config.timeout_global(Some(Duration::from_secs(30))).build().new_agent();
    let (url, key) = (format!("{}/api/v1/demo/events/call", demo.api_url), demo.api_key);
    let (next, updates) = (Arc::new(AtomicUsize::new(0)), rate * seconds);
    let run = format!("states-{}", std::process::id());
    let first_due = clock() + LEAD;
    let workers = (0..at_once).map(|_| {
        let (agent, url, key, next, run) = (agent.clone(), url.clone(), key.clone(), next.clone(), run.clone());
        thread::spawn(move || {
            let (mut times, mut refused) = (Vec::new(), 0_usize);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= updates {
                    return (times, refused);
                }
                let due = first_due + Duration::from_secs_f64(number as f64 / rate as f64);
                thread::sleep(due.saturating_duration_since(clock()));
                // Each second's updates are the next step of the calls of the second before.
                let second = number / rate;
                let call = format!("{run}-{}-{}", second / STEPS.len(), number % rate);
                let body = json!({"callId": call, "eventType": STEPS[second % STEPS.len()]});
                let answer = agent.post(&url).header("X-API-Key", &key).send_json(body);
                let is_done =
                    answer.is_ok_and(|mut answer| answer.status() == 200 && answer.body_mut().read_to_vec().is_ok());
                refused += usize::from(!is_done);
                times.push(clock().saturating_duration_since(due));
            }
        })
    });
    let workers: Vec<_> = workers.collect();
    let (mut times, mut refused) = (Vec::with_capacity(updates), 0);
    for worker in workers {
        let (some, failed) = worker.join().map_err(|_| anyhow::anyhow!("a thread of the driver panicked"))?;
        times.extend(some);
        refused += failed;
    }
    let took = clock().saturating_duration_since(first_due).as_secs_f64();
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 1_000].as_secs_f64() * 1_000.0;
    println!(
        "{updates} updates, {rate}/s due, {:.0}/s done; due to answered p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, longest {:.1} ms; {refused} \
         failed",
        updates as f64 / took,
        at(500),
        at(950),
        at(990),
        at(1_000)
    );
    ensure!(refused == 0, "{refused} updates failed");
    Ok(())
}
