//! Ten thousand runs, each another interleaving. `SIM_SEED=17 cargo test -p sim --test seeds` plays one of them again.

#![expect(clippy::panic, reason = "a failure names its seed")]

use sim::{Report, run};

const SEEDS: u64 = 10_000;

fn play(seed: u64) -> Report {
    run(seed).unwrap_or_else(|fault| {
        let again = format!("SIM_SEED={seed} cargo test -p sim --test seeds");
        panic!("seed {seed} of commit {}: {}\n  again: {again}", commit(), fault.0)
    })
}

fn commit() -> String {
    let asked = std::process::Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    asked.map_or_else(|_| "unknown".into(), |answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned())
}

#[test]
fn ten_thousand_interleavings() {
    let one = std::env::var("SIM_SEED").ok().map(|seed| seed.parse::<u64>().expect("SIM_SEED is a number"));
    if let Some(seed) = one {
        println!("{:?}", play(seed));
        return;
    }
    let threads = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    let workers: Vec<_> = (0..threads)
        .map(|first| std::thread::spawn(move || (first..SEEDS).step_by(threads as usize).map(play).collect::<Vec<_>>()))
        .collect();
    let reports: Vec<Report> = workers.into_iter().flat_map(|worker| worker.join().expect("see above")).collect();
    let sum = |of: fn(&Report) -> u64| reports.iter().map(of).sum::<u64>();
    println!(
        "{SEEDS} seeds: {} calls, {} connected, {} closed after a restart, {} without room, {} answers refused, {} corrected, {} stale, {} kills",
        sum(|run| run.calls),
        sum(|run| run.connected),
        sum(|run| run.recovered),
        sum(|run| run.full),
        sum(|run| run.answers_refused),
        sum(|run| run.corrected),
        sum(|run| run.stale),
        sum(|run| run.kills),
    );
    // A run in which nothing goes wrong proves nothing: what the properties are about must have happened.
    for (what, count) in [
        ("connected", sum(|run| run.connected)),
        ("recovered", sum(|run| run.recovered)),
        ("full", sum(|run| run.full)),
        ("refused", sum(|run| run.answers_refused)),
        ("corrected", sum(|run| run.corrected)),
        ("stale", sum(|run| run.stale)),
    ] {
        assert!(count > SEEDS / 100, "too seldom: {what} {count}");
    }
}

#[test]
fn a_seed_plays_the_same_run_again() {
    for seed in 0..50 {
        assert_eq!(play(seed), play(seed));
    }
}
