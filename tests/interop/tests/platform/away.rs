//! The database goes away while calls are up: they go on, new ones are sold, and nothing is missing when it is back.

use std::thread::sleep;

use anyhow::ensure;
use interop::expect::Finished;
use interop::platform::Platform;
use interop::sipp::Sipp;

use crate::{SECOND, block_of_callers};

const CALLS: usize = 20;
const RATE: usize = 10;

/// Each call, begun before or while the database was away, has its end, one record and one charge of each kind.
pub fn amid_calls(platform: &mut Platform) -> anyhow::Result<()> {
    let Some(line) = platform.database_line() else {
        eprintln!("the data is in a file of the platform's own: it cannot go away");
        return Ok(());
    };
    let number = platform.demo.number("fast")?.to_owned();
    let host = platform.demo.sip_host();
    let many = |block, talks| Sipp {
        calls: CALLS,
        at_once: CALLS,
        rate: RATE,
        ..Sipp::one("caller_talks", &number, block, talks)
    };
    let (before, meanwhile) = (block_of_callers(), block_of_callers());

    let running = many(before, SECOND * 8).start(Some(host))?;
    sleep(SECOND * 4);
    line.cut();
    sleep(SECOND);
    ensure!(!platform.api.is_ready(), "the database is away, and readiness does not say so");
    let counts = many(meanwhile, SECOND * 6).call(host)?;
    ensure!(counts.failed == 0 && counts.succeeded == CALLS as u64, "while the database was away: {counts:?}");
    let counts = running.finish(CALLS)?;
    ensure!(counts.failed == 0, "calls that were up: {counts:?}");
    ensure!(!platform.api.is_ready(), "nothing brought the database back yet");
    line.mend();

    for block in [before, meanwhile] {
        for row in platform.api.settled_calls(&format!("+{}", block / 10_000), CALLS)? {
            let detail = platform.api.detail(&row)?;
            let call = Finished { detail: &detail };
            call.sound()?;
            call.ended("COMPLETED", &["normal"])?;
            call.sold()?;
            call.billed(true)?;
        }
    }
    ensure!(platform.api.is_ready(), "the database is back, and readiness does not say so");
    // Leases of that time are free again.
    let detail = crate::one(platform, "caller_talks", "fast", SECOND * 2)?;
    let active = &detail["routing"][0]["candidates"][0]["activeCalls"];
    ensure!(*active == 0, "{active} calls are counted and none is up");
    Ok(())
}
