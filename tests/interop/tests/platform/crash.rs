//! `kill -9` while calls are up: nothing that was said, sold or owed is lost, and nothing counts twice.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use interop::expect::Finished;
use interop::platform::Platform;
use interop::sipp::Sipp;

use crate::{SECOND, block_of_callers, callers, setting};

/// New calls a second.
const RATE: usize = 25;
/// Recordings take long to be compared: so many calls share one that is.
const RECORDINGS_EVERY: usize = 10;
/// How long the last call was up when the platform is killed: longer than the five seconds after which a buyer pays, and
/// longer by more than the platform's last sign of life can be old.
const LAST_CALL_IS_UP_FOR: Duration = Duration::from_secs(8);

/// Each call has one end, one record and one charge of each kind, and the buyers' leases are free again.
pub fn amid_calls(platform: &mut Platform) -> anyhow::Result<()> {
    if !platform.is_ours() {
        eprintln!("this platform was not started by the tests: it is not killed");
        return Ok(());
    }
    let calls = usize::try_from(setting("INTEROP_CRASH_CALLS", 100))?;
    let block = block_of_callers();
    let talks = SECOND * 60;
    let number = platform.demo.number("fast")?.to_owned();
    let sipp = Sipp { calls, at_once: calls, rate: RATE, ..Sipp::one("caller_talks", &number, block, talks) };
    let running = sipp.start(Some(platform.demo.sip_host()))?;
    // The buyer of this number takes one call at once: its lease is held at the crash.
    let capped = platform.demo.number("cap")?.to_owned();
    sleep(Duration::from_secs_f64(calls as f64 / RATE as f64) + LAST_CALL_IS_UP_FOR - SECOND * 3);
    let holder = callers(1);
    let holding = Sipp::one("caller_talks", &capped, holder, talks).start(Some(platform.demo.sip_host()))?;
    sleep(SECOND * 3);
    platform.crash_and_restart()?;
    drop((running, holding));

    let listed = platform.api.settled_calls(&format!("+{}", block / 10_000), calls)?;
    for (at, row) in listed.iter().enumerate() {
        let detail = platform.api.detail(row)?;
        let call = Finished { detail: &detail };
        closed(&call).map_err(|error| error.context(format!("call {}: {}", row["id"], call.ladder())))?;
        call.billed(true)?;
        // What was said until then is kept, each side on its channel.
        if at % RECORDINGS_EVERY == 0 {
            call.recorded(&platform.api, (LAST_CALL_IS_UP_FOR - SECOND * 2).as_secs_f64())?;
            let recording = &detail["recordings"][0];
            ensure!(recording["status"] == "COMPLETED", "a recording was left open: {recording}");
        }
    }
    let held = platform.api.settled_call(&format!("+{holder}"))?;
    closed(&Finished { detail: &held })?;

    // Both buyers are free: the one with a cap takes a call again, and no decision counts a call of before.
    for number in ["cap", "fast"] {
        let detail = crate::one(platform, "caller_talks", number, SECOND * 2)?;
        Finished { detail: &detail }.sold()?;
        let candidate = &detail["routing"][0]["candidates"][0];
        let active = candidate["activeCalls"].as_u64().context("a candidate without its calls")?;
        ensure!(active == 0, "{number}: {active} calls are counted and none is up: {candidate}");
    }
    Ok(())
}

fn closed(call: &Finished<'_>) -> anyhow::Result<()> {
    call.sound()?;
    call.ended("COMPLETED", &["switch_restarted"])?;
    call.ended_by("platform")?;
    call.sold()
}
