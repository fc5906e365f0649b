//! The platform calls somebody: SIPp is the carrier, and who answers.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use interop::command::run;
use interop::expect::Finished;
use interop::figures::Figures;
use interop::platform::Platform;
use interop::sipp::{Running, Sipp};
use serde_json::{Value, json};

use crate::SECOND;
use crate::carrier::{carrier, first_of, id_of, send};

/// Whom the platform calls, of the range kept for fiction.
const SOMEBODY: &str = "+12125550147";
/// Longest a call may take to come to its end.
const ENDS_WITHIN: Duration = Duration::from_secs(40);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// A trunk to one carrier, and the demo's number with the menu. The trunk is off again when dropped.
struct Stage<'a> {
    platform: &'a Platform,
    trunk: String,
    number: String,
    campaign: String,
}

impl<'a> Stage<'a> {
    fn set(platform: &'a Platform, to: &Running) -> anyhow::Result<Self> {
        let number = platform.demo.number("ivr")?.to_owned();
        let number = first_of(platform, "/api/v1/numbers?limit=100", |row| row["number"] == number.as_str())?;
        let campaign = number["campaign"]["id"].as_str().with_context(|| format!("no campaign: {number}"))?.to_owned();
        // Whom the scenarios call need not have agreed, nor be awake.
        let rules = json!({ "outbound": { "dnc": true, "consent": false, "callingHours": false } });
        send(platform, "PUT", &format!("/api/v1/compliance/policies/campaigns/{campaign}"), &rules)?;
        let of = first_of(platform, "/api/v1/carriers", |_| true)?;
        let trunk = json!({
            "carrierId": of["id"], "name": format!("Out by {}", to.port), "host": "127.0.0.1", "port": to.port,
            "outbound": { "priority": 1 },
        });
        let trunk = id_of(&send(platform, "POST", "/api/v1/trunks", &trunk)?)?;
        // The routing snapshot is read several times a second.
        std::thread::sleep(SECOND);
        Ok(Self { platform, trunk, number: id_of(&number)?, campaign })
    }

    /// Places the call from the command line, which leaves the campaign to the number; its id.
    fn dial(&self) -> anyhow::Result<String> {
        let number = self.platform.demo.number("ivr")?;
        let dialled =
            run(&self.platform.demo, &["calls", "dial", SOMEBODY, "--from", number, "--json"])?.ended(0)?.json()?;
        ensure!(dialled.len() == 1 && dialled[0]["campaignId"] == self.campaign.as_str(), "{dialled:?}");
        id_of(&dialled[0])
    }

    /// Places the call; its id.
    fn place(&self) -> anyhow::Result<String> {
        let order = json!({
            "toNumber": SOMEBODY, "campaignId": self.campaign, "fromNumberId": self.number,
            "metadata": { "lead": "L-1" },
        });
        let call = send(self.platform, "POST", "/api/v1/calls", &order)?;
        ensure!(call["direction"] == "OUTBOUND" && call["toNumber"] == SOMEBODY, "{call}");
        let id = id_of(&call)?;
        // It is there at once.
        self.platform.api.get(&format!("/api/v1/calls/{id}"))?;
        Ok(id)
    }

    /// Everything about it once it is over and settled.
    fn over(&self, id: &str) -> anyhow::Result<Value> {
        let mut waited = Duration::ZERO;
        loop {
            let call = self.platform.api.get(&format!("/api/v1/calls/{id}"))?;
            if interop::api::is_settled(&call) {
                return self.platform.api.detail(&call);
            }
            ensure!(waited < ENDS_WITHIN, "the call does not end: {call}");
            std::thread::sleep(LOOK_AGAIN);
            waited += LOOK_AGAIN;
        }
    }

    fn wait_for(&self, id: &str, status: &str) -> anyhow::Result<()> {
        let mut waited = Duration::ZERO;
        while self.platform.api.get(&format!("/api/v1/calls/{id}"))?["status"] != status {
            ensure!(waited < ENDS_WITHIN, "the call is never {status}");
            std::thread::sleep(LOOK_AGAIN);
            waited += LOOK_AGAIN;
        }
        Ok(())
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        let off = json!({ "status": "INACTIVE" });
        let _ = send(self.platform, "PATCH", &format!("/api/v1/trunks/{}", self.trunk), &off);
    }
}

/// Who is called answers, presses 1 in the menu, is sold to a buyer, and hangs up: recorded, and billed as an outbound call.
pub fn sold(platform: &mut Platform) -> anyhow::Result<()> {
    let person = Sipp::one("called_presses_1", "person", 12_125_550_147, SECOND * 8).start(None)?;
    let stage = Stage::set(platform, &person)?;
    let before = Figures::quiet(&platform.api)?;
    let id = stage.place()?;
    person.finish(1)?;
    let detail = stage.over(&id)?;
    Figures::settled(&platform.api, &before, 1)?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.pressed("1")?;
    let rings =
        ["call.started", "call.compliance.cleared", "call.leg.started", "call.leg.ringing", "call.leg.answered"];
    let talks = ["call.answered", "call.digit.received", "call.leg.started", "call.bridged", "call.ended"];
    call.happened(&[&rings[..], &talks].concat())?;
    call.ended("COMPLETED", &["normal"])?;
    call.ended_by("caller")?;
    call.legs(&["COMPLETED", "COMPLETED"])?;
    call.sold()?;
    call.billed(true)?;
    call.recorded(&platform.api, 4.0)?;
    let person = &detail["legs"][0];
    ensure!(person["role"] == "consumer" && person["trunkId"] == stage.trunk.as_str(), "the first leg: {person}");
    let charges = detail["charges"].to_string();
    ensure!(charges.contains("CALL_MINUTE_OUTBOUND") && !charges.contains("CALL_MINUTE_INBOUND"), "{charges}");
    ensure!(detail["tags"]["lead"] == "L-1", "the tags: {}", detail["tags"]);
    Ok(())
}

/// Who is called from the command line is busy: the record says so, and nothing is charged.
pub fn busy(platform: &mut Platform) -> anyhow::Result<()> {
    let person = carrier("buyer_is_busy")?;
    let stage = Stage::set(platform, &person)?;
    let before = Figures::quiet(&platform.api)?;
    let id = stage.dial()?;
    person.finish(1)?;
    let detail = stage.over(&id)?;
    Figures::settled(&platform.api, &before, 1)?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.not_sold()?;
    call.ended("BUSY", &["busy"])?;
    call.legs(&["BUSY"])?;
    let cdr = &detail["cdr"];
    ensure!(cdr["q850"] == 17 && cdr["sipStatus"] == 486, "the record: {cdr}");
    let charges = &detail["charges"];
    ensure!(charges.as_array().is_none_or(Vec::is_empty), "charged: {charges}");
    Ok(())
}

/// `kill -9` while it rings: the call is closed, and nobody pays for it.
pub fn crashed(platform: &mut Platform) -> anyhow::Result<()> {
    if !platform.is_ours() {
        eprintln!("this platform was not started by the tests: it is not killed");
        return Ok(());
    }
    let person = carrier("buyer_never_answers")?;
    let id = {
        let stage = Stage::set(platform, &person)?;
        let id = stage.place()?;
        stage.wait_for(&id, "RINGING")?;
        id
    };
    platform.crash_and_restart()?;
    drop(person);
    let detail = platform.api.get(&format!("/api/v1/calls/{id}"))?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.ended("FAILED", &["switch_restarted"])?;
    call.not_sold()?;
    ensure!(detail["charges"].as_array().is_none_or(Vec::is_empty), "charged: {}", detail["charges"]);
    Ok(())
}

/// Hung up while it rings: the phone is told by CANCEL.
pub fn given_up(platform: &mut Platform) -> anyhow::Result<()> {
    let person = carrier("buyer_never_answers")?;
    let stage = Stage::set(platform, &person)?;
    let before = Figures::quiet(&platform.api)?;
    let id = stage.place()?;
    stage.wait_for(&id, "RINGING")?;
    send(platform, "POST", &format!("/api/v1/calls/{id}/hangup"), &json!({}))?;
    person.finish(1)?;
    let detail = stage.over(&id)?;
    Figures::settled(&platform.api, &before, 1)?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.ended("CANCELLED", &["cancelled"])?;
    call.ended_by("operator")?;
    call.legs(&["CANCELLED"])
}
