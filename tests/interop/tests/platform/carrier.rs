//! Telephone numbers are reached over trunks: SIPp plays the carriers.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use interop::expect::Finished;
use interop::figures::Figures;
use interop::platform::Platform;
use interop::sipp::{Running, Sipp};
use serde_json::{Value, json};

use crate::{SECOND, block_of_callers, callers};

/// What the buyer's number is, of the range kept for fiction.
const NUMBER: &str = "+15557654321";

/// A buyer with a telephone number, who takes the calls of the demo's number without buyers, and the trunks to it. Undone when dropped.
struct Stage<'a> {
    platform: &'a Platform,
    campaign: String,
    buyer: String,
    trunks: Vec<String>,
}

pub fn send(platform: &Platform, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
    let (status, answer) = platform.api.send(method, path, &body.to_string())?;
    ensure!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    Ok(answer)
}

pub fn id_of(found: &Value) -> anyhow::Result<String> {
    found["id"].as_str().map(str::to_owned).with_context(|| format!("no id in {found}"))
}

pub fn first_of(platform: &Platform, path: &str, fits: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    let page = platform.api.get(path)?;
    let found = page["data"].as_array().and_then(|rows| rows.iter().find(|row| fits(row)));
    found.cloned().with_context(|| format!("{path}: nothing that fits in {page}"))
}

impl<'a> Stage<'a> {
    fn set(platform: &'a Platform) -> anyhow::Result<Self> {
        Self::with(platform, "PSTN", NUMBER)
    }

    fn with(platform: &'a Platform, kind: &str, destination: &str) -> anyhow::Result<Self> {
        let publisher = first_of(platform, "/api/v1/publishers", |_| true)?;
        let number = platform.demo.number("none")?.to_owned();
        let number = first_of(platform, "/api/v1/numbers?limit=100", |row| row["number"] == number.as_str())?;
        let campaign = number["campaign"]["id"].as_str().or(number["campaignId"].as_str());
        let campaign = campaign.with_context(|| format!("no campaign: {number}"))?.to_owned();
        let code = format!("PSTN{}", callers(1));
        let buyer = json!({ "publisherId": publisher["id"], "name": "Jasper Plumbing", "code": code });
        let buyer = id_of(&send(platform, "POST", "/api/v1/buyers", &buyer)?)?;
        let endpoint = json!({
            "type": kind, "destination": destination, "ringTimeoutSeconds": 20,
            "terms": { "revenue": "10", "payout": "5" },
        });
        send(platform, "POST", &format!("/api/v1/buyers/{buyer}/endpoints"), &endpoint)?;
        let buyers = json!({ "buyerIds": [buyer] });
        send(platform, "PATCH", &format!("/api/v1/campaigns/{campaign}"), &buyers)?;
        Ok(Self { platform, campaign, buyer, trunks: Vec::new() })
    }

    /// A trunk to where this carrier is; the lower priority is tried first.
    fn trunk(&mut self, carrier: &Running, priority: i32, password: &str) -> anyhow::Result<String> {
        let of = first_of(self.platform, "/api/v1/carriers", |_| true)?;
        let trunk = json!({
            "carrierId": of["id"], "name": format!("To {}", carrier.port), "host": "127.0.0.1", "port": carrier.port,
            "outbound": {
                "priority": priority, "username": "acme", "password": password, "numberFormat": "DIGITS",
            },
        });
        let trunk = send(self.platform, "POST", "/api/v1/trunks", &trunk)?;
        ensure!(trunk["outbound"]["hasPassword"] == true && !trunk.to_string().contains(password), "{trunk}");
        let id = id_of(&trunk)?;
        self.trunks.push(id.clone());
        Ok(id)
    }

    /// One call to the buyer; everything about it.
    fn call(&self, scenario: &'static str, talks: Duration) -> anyhow::Result<Value> {
        // The routing snapshot is read several times a second.
        std::thread::sleep(SECOND);
        let caller = callers(1);
        let before = Figures::quiet(&self.platform.api)?;
        let host = self.platform.demo.sip_host();
        let counts = Sipp::one(scenario, self.platform.demo.number("none")?, caller, talks).call(host)?;
        ensure!(counts.out_of_call == 0, "messages of no call: {counts:?}");
        let detail = self.platform.api.settled_call(&format!("+{caller}"))?;
        Figures::settled(&self.platform.api, &before, 1)?;
        Ok(detail)
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        // Whatever the outcome, the next scenario finds the number without buyers; a failure shows there.
        let nobody = json!({ "buyerIds": [] });
        let _ = send(self.platform, "PATCH", &format!("/api/v1/campaigns/{}", self.campaign), &nobody);
        let off = json!({ "status": "INACTIVE" });
        let _ = send(self.platform, "PATCH", &format!("/api/v1/buyers/{}", self.buyer), &off);
        for trunk in &self.trunks {
            let _ = send(self.platform, "PATCH", &format!("/api/v1/trunks/{trunk}"), &off);
        }
    }
}

pub fn carrier(scenario: &'static str) -> anyhow::Result<Running> {
    Sipp::one(scenario, "carrier", 1, Duration::ZERO).start(None)
}

/// The carrier asks who calls, says that the nonce was too old, takes the password, and asks who hangs up.
pub fn asks_for_a_password(platform: &mut Platform) -> anyhow::Result<()> {
    let mut stage = Stage::set(platform)?;
    let west = carrier("carrier_asks_for_a_password")?;
    let trunk = stage.trunk(&west, 1, "sekret99")?;
    let detail = stage.call("caller_talks", SECOND * 3)?;
    west.finish(1)?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.sold()?;
    call.ended("COMPLETED", &["normal"])?;
    call.legs(&["COMPLETED"])?;
    call.happened(&["call.compliance.cleared", "call.leg.started", "call.leg.answered", "call.bridged"])?;
    let leg = &detail["legs"][0];
    ensure!(leg["destination"] == NUMBER && leg["trunkId"] == trunk.as_str(), "the leg: {leg}");
    call.relayed(3.0)
}

/// A telephone number is one in a SIP URI as well: nobody rings where it is on a list, and the call's record says why. Where it is on
/// none, the call's record has the verdict.
pub fn number_in_a_uri(platform: &mut Platform) -> anyhow::Result<()> {
    let buyer = carrier("buyer_answers")?;
    let stage = Stage::with(platform, "SIP", &format!("sip:{NUMBER}@127.0.0.1:{}", buyer.port))?;
    let list = json!({ "name": "Asked not to be called", "type": "GLOBAL" });
    let list = id_of(&send(platform, "POST", "/api/v1/compliance/dnc-lists", &list)?)?;
    let path = format!("/api/v1/compliance/dnc-lists/{list}");
    send(platform, "POST", &format!("{path}/entries"), &json!({ "phoneNumbers": [NUMBER] }))?;
    let refused = stage.call("caller_is_turned_away", SECOND);
    platform.api.remove(&path)?;
    let detail = refused?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.not_sold()?;
    call.legs(&[])?;
    call.happened(&["call.compliance.blocked"])?;
    let routing = detail["routing"].to_string();
    ensure!(routing.contains("compliance"), "the record does not say so: {routing}");

    let detail = stage.call("caller_talks", SECOND * 3)?;
    buyer.finish(1)?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.sold()?;
    call.happened(&["call.compliance.cleared", "call.leg.started", "call.leg.answered", "call.bridged"])
}

/// One carrier is full, one takes no password, one is not there: the call goes over the fourth.
pub fn next_trunk(platform: &mut Platform) -> anyhow::Result<()> {
    let mut stage = Stage::set(platform)?;
    let (full, strict) = (carrier("carrier_is_full")?, carrier("carrier_takes_no_password")?);
    let (gone, good) = (carrier("carrier_is_full")?, carrier("carrier_asks_for_a_password")?);
    let trunks = [
        stage.trunk(&full, 1, "sekret99")?,
        stage.trunk(&strict, 2, "not the one")?,
        stage.trunk(&gone, 3, "sekret99")?,
        stage.trunk(&good, 4, "sekret99")?,
    ];
    // Nobody is at its port any more.
    drop(gone);
    let detail = stage.call("caller_talks", SECOND * 3)?;
    for carrier in [full, strict, good] {
        carrier.finish(1)?;
    }
    let call = Finished { detail: &detail };
    call.sound()?;
    call.sold()?;
    call.legs(&["FAILED", "FAILED", "FAILED", "COMPLETED"])?;
    let legs = detail["legs"].as_array().context("legs")?;
    let over: Vec<&Value> = legs.iter().map(|leg| &leg["trunkId"]).collect();
    ensure!(over == trunks.iter().map(|id| json!(id)).collect::<Vec<_>>().iter().collect::<Vec<_>>(), "{over:?}");
    let failures: Vec<&Value> = legs.iter().map(|leg| &leg["failure"]).collect();
    ensure!(
        failures == [&json!("unavailable"), &json!("unauthorized"), &json!("unavailable"), &Value::Null],
        "{failures:?}"
    );
    ensure!(legs[1]["sipStatus"] == 407, "{}", legs[1]);
    Ok(())
}

/// A wrong password and no other trunk: the caller is turned away, and the call's record says why.
pub fn wrong_password(platform: &mut Platform) -> anyhow::Result<()> {
    let mut stage = Stage::set(platform)?;
    let strict = carrier("carrier_takes_no_password")?;
    stage.trunk(&strict, 1, "not the one")?;
    let detail = stage.call("caller_is_turned_away", SECOND)?;
    strict.finish(1)?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.not_sold()?;
    call.legs(&["FAILED"])?;
    let leg = &detail["legs"][0];
    ensure!(leg["failure"] == "unauthorized" && leg["sipStatus"] == 407, "the leg: {leg}");
    ensure!(detail["routing"].to_string().contains("no_trunk"), "the record does not say so: {}", detail["routing"]);
    Ok(())
}

/// A trunk that carries two calls at once: a burst of six fills it with two, the others get 503, and there is room again behind them.
pub fn trunk_limit(platform: &mut Platform) -> anyhow::Result<()> {
    // The trunk the demo's calls come over.
    let trunk = first_of(platform, "/api/v1/trunks?limit=100", |row| row["name"] == "This machine")?;
    let path = format!("/api/v1/trunks/{}", id_of(&trunk)?);
    send(platform, "PATCH", &path, &json!({ "maxConcurrentCalls": 2 }))?;
    let outcome = beyond_two_calls(platform);
    send(platform, "PATCH", &path, &json!({ "maxConcurrentCalls": null }))?;
    std::thread::sleep(SECOND);
    outcome
}

fn beyond_two_calls(platform: &Platform) -> anyhow::Result<()> {
    std::thread::sleep(SECOND);
    let block = block_of_callers();
    let (number, host) = (platform.demo.number("fast")?.to_owned(), platform.demo.sip_host());
    let burst = Sipp { calls: 6, at_once: 6, rate: 100, ..Sipp::one("caller_talks", &number, block, SECOND * 4) };
    // SIPp counts the four who are turned away as failed, as its scenario wants every call answered.
    let turned_away = burst.call(host).err().context("six calls over a trunk for two")?;
    ensure!(turned_away.to_string().contains("503"), "not by 503: {turned_away:#}");
    let rows = platform.api.settled_calls(&format!("+{}", block / 10_000), 6)?;
    let mut taken = 0;
    for row in &rows {
        let detail = platform.api.detail(row)?;
        let call = Finished { detail: &detail };
        call.sound()?;
        if detail["answeredAt"].is_null() {
            call.ended("FAILED", &["congestion"])?;
        } else {
            taken += 1;
        }
    }
    ensure!(taken == 2, "{taken} of 6 calls were taken over a trunk for two");
    let after = Sipp::one("caller_talks", &number, block + 100, SECOND).call(host)?;
    ensure!(after.succeeded == 1, "no room after they were over: {after:?}");
    Ok(())
}
