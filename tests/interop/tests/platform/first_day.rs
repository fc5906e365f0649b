//! A first day on the platform, on the screen and by nobody's API: what the README promises a new user.

use std::thread::sleep;

use anyhow::{Context as _, ensure};
use interop::browser::{FirstDay, first_day};
use interop::command::run_beside;
use interop::platform::Platform;
use interop::sipp::Sipp;
use serde_json::Value;

use crate::{SECOND, callers};

/// The demo's buyer whose phone answers and speaks.
const ANSWERS: &str = "sip:acme@";

pub fn from_sign_in_to_a_sold_call(platform: &mut Platform) -> anyhow::Result<()> {
    // Operators are named on the machine; somebody else's platform is tried without.
    let is_operator = platform.is_ours();
    if is_operator {
        let email = platform.demo.email.as_deref().context("demo.json names no email")?;
        run_beside(platform, &["operator", "add", email])?.ended(0)?;
    }
    let caller = callers(1);
    let number = format!("+1914{:07}", caller % 10_000_000);
    let buyer = destination(&platform.api.get("/api/v1/buyers?limit=100")?).context("no buyer of the demo answers")?;
    let day = FirstDay { caller: &format!("+{caller}"), number: &number, buyer: &buyer, is_operator };
    let watching = first_day(&platform.demo, &day)?;
    // Changes reach the routing within a second or two.
    sleep(SECOND * 2);
    Sipp::one("caller_talks", &number, caller, SECOND * 8).call(platform.demo.sip_host())?;
    watching.finish()?;
    let call = platform.api.settled_call(&format!("+{caller}"))?;
    ensure!(call["toNumber"] == number.as_str() && call["money"]["revenue"] == "41.5000", "{call}");
    Ok(())
}

/// Where the buyer that answers takes calls.
fn destination(buyers: &Value) -> Option<String> {
    let endpoints =
        buyers["data"].as_array()?.iter().flat_map(|buyer| buyer["endpoints"].as_array().into_iter().flatten());
    endpoints
        .filter_map(|endpoint| endpoint["destination"].as_str())
        .find(|sip| sip.starts_with(ANSWERS))
        .map(str::to_owned)
}
