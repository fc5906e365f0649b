//! The binary's commands over the API: files in, lists out, events as they happen.

use std::fs;
use std::thread::sleep;

use anyhow::{Context as _, ensure};
use interop::command::{run, run_on, start};
use interop::platform::Platform;

use crate::{SECOND, callers, one};

pub fn files_and_lists(platform: &mut Platform) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let name = |file: &str| folder.path().join(file).display().to_string();
    let block = callers(3) % 10_000_000;
    let number = |index: u64| format!("+1646{:07}", block + index);
    let csv = format!(
        "Number,Friendly Name,capabilities\r\n{},\"Desk, \"\"one\"\"\",voice|sms\r\nnonsense,,\r\n{},=1+1,\r\n",
        number(0),
        number(1)
    );
    fs::write(name("numbers.csv"), csv)?;
    let demo = &platform.demo;
    let dry = run(demo, &["numbers", "import", &name("numbers.csv"), "--dry-run"])?.ended(1)?;
    ensure!(dry.out.contains("2 would be imported, 0 unchanged, 1 failed"), "{dry:?}");
    let imported = run(demo, &["numbers", "import", &name("numbers.csv")])?.ended(1)?;
    ensure!(imported.out.starts_with("2 imported, 0 unchanged, 1 failed\n"), "{imported:?}");
    ensure!(imported.out.lines().any(|line| line.starts_with("3     number  is not a telephone")), "{imported:?}");

    let table = run(demo, &["numbers", "list", "--search", &number(0)])?.ended(0)?;
    let row = table.out.lines().nth(1).unwrap_or_default();
    ensure!(row.starts_with(&format!("{}  ACTIVE  local     Desk, \"one\"  ", number(0))), "{table:?}");
    let row = run(demo, &["numbers", "list", "--json", "--search", &number(1)])?.ended(0)?.json()?;
    ensure!(row.len() == 1 && row[0]["friendlyName"] == "=1+1" && row[0]["capabilities"]["voice"] == true, "{row:?}");

    run(demo, &["numbers", "export", "--output", &name("all.csv")])?.ended(0)?;
    let exported = fs::read_to_string(name("all.csv"))?;
    ensure!(exported.contains(&format!("\r\n{},ACTIVE,\"'=1+1\",local,", number(1))), "{exported}");
    let again = run(demo, &["numbers", "import", &name("all.csv")])?.ended(0)?;
    ensure!(again.out.starts_with("0 imported, ") && again.out.contains(" 0 failed"), "{again:?}");
    for list in ["campaigns", "buyers", "publishers", "leads"] {
        let rows = run(demo, &[list, "list", "--json"])?.ended(0)?.json()?;
        ensure!(list == "leads" || !rows.is_empty(), "no {list}");
    }
    Ok(())
}

pub fn calls(platform: &mut Platform) -> anyhow::Result<()> {
    // Calls of earlier scenarios may still come to their end; none of them is sold any more.
    let tail = start(&platform.demo, &["calls", "tail", "--json", "--channel", "call.bridged", "--events", "1"])?;
    sleep(SECOND);
    let detail = one(platform, "caller_talks", "direct", SECOND * 6)?;
    let id = detail["id"].as_str().context("a call without an id")?;
    let heard = tail.finish()?.ended(0)?.json()?;
    ensure!(heard.len() == 1 && heard[0]["event"] == "call.bridged" && heard[0]["data"]["callId"] == id, "{heard:?}");
    let caller = detail["fromNumber"].as_str().context("a call without a caller")?;
    let table = run(&platform.demo, &["calls", "list", "--search", caller])?.ended(0)?;
    let row = table.out.lines().nth(1).unwrap_or_default();
    ensure!(row.contains("COMPLETED") && row.contains(caller) && row.ends_with(id), "{table:?}");
    let shown = run(&platform.demo, &["calls", "show", id])?.ended(0)?;
    for part in ["Status        COMPLETED", "Money         revenue ", "\nLegs\n", "\nTimeline\n", "call.bridged"] {
        ensure!(shown.out.contains(part), "{part:?} is not in {}", shown.out);
    }
    Ok(())
}

pub fn what_goes_wrong(platform: &mut Platform) -> anyhow::Result<()> {
    let demo = &platform.demo;
    let unknown = run(demo, &["calls", "show", "01890000-0000-7000-8000-000000000000"])?.ended(1)?;
    ensure!(unknown.err == "hopwhistle: Call not found\n", "{unknown:?}");
    let wrong = run(demo, &["calls", "list", "--status", "SLEEPING", "--filter", "campaignId=x"])?.ended(1)?;
    ensure!(wrong.err.contains("\n  campaignId: "), "{wrong:?}");
    for tried in [vec!["numbers", "list"], vec!["calls", "tail"]] {
        let refused = run(demo, &[tried.as_slice(), &["--api-key", "hw_wrong"]].concat())?.ended(1)?;
        ensure!(refused.err.contains("--api-key"), "{refused:?}");
        let nobody = run(demo, &[tried.as_slice(), &["--api-url", "http://127.0.0.1:9"]].concat())?.ended(1)?;
        ensure!(nobody.err.contains("http://127.0.0.1:9/ does not answer"), "{nobody:?}");
    }
    let empty = tempfile::tempdir()?;
    let keyless = run_on(empty.path(), &["numbers", "list"])?.ended(2)?;
    ensure!(keyless.err.contains("HOPWHISTLE_API_KEY"), "{keyless:?}");
    run(demo, &["numbers", "import", "numbers.xlsx"])?.ended(2)?;
    run(demo, &["numbers", "lists"])?.ended(2)?;
    if let Some(data) = platform.data() {
        run_on(data, &["numbers", "list"])?.ended(0)?;
    }
    Ok(())
}
