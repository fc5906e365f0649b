//! What must hold of a finished call: its event log, record, money and recording.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use phone::hears;
use serde_json::Value;

use crate::api::Api;
use crate::sound;

/// Packets a second of G.711 at 20 ms.
const PACKETS_PER_SECOND: f64 = 50.0;
/// Share of packets that may be missing from the count because the call ended while they were on their way.
const PACKETS_TOLERANCE: f64 = 0.05;
/// The caller's sweep, once through the network and G.711, is like itself.
const LIKENESS_MIN: f64 = 0.9;

/// A finished call, as the API tells it.
#[derive(Debug)]
pub struct Finished<'a> {
    pub detail: &'a Value,
}

impl Finished<'_> {
    /// What holds of every call: events numbered without a gap, each leg and recording ended, exactly one end, books
    /// that balance, no charge twice, no packet lost on loopback.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn sound(&self) -> anyhow::Result<()> {
        self.events_are_whole().with_context(|| self.ladder())?;
        self.money_is_whole()?;
        self.media_is_whole()
    }

    /// The types of all events, in order.
    #[must_use]
    pub fn ladder(&self) -> String {
        let types = self.timeline().iter().map(|event| event["type"].as_str().unwrap_or("?"));
        types.collect::<Vec<_>>().join(" ")
    }

    /// These events occur in this order, others between them or not.
    ///
    /// # Errors
    /// The first one that is missing.
    pub fn happened(&self, wanted: &[&str]) -> anyhow::Result<()> {
        let mut rest = self.timeline().iter();
        for kind in wanted {
            ensure!(rest.any(|event| event["type"] == *kind), "{kind} is missing in its place: {}", self.ladder());
        }
        Ok(())
    }

    /// The call's status, and why it ended.
    ///
    /// # Errors
    /// It is another.
    pub fn ended(&self, status: &str, causes: &[&str]) -> anyhow::Result<()> {
        let (is, cause) = (&self.detail["status"], &self.detail["endReason"]);
        let fits = is == status && causes.iter().any(|wanted| cause == wanted);
        ensure!(fits, "status {is} ({cause}), wanted {status} ({causes:?}): {}", self.ladder());
        Ok(())
    }

    /// Who ended it: `caller`, `callee`, `platform`.
    ///
    /// # Errors
    /// It was another.
    pub fn ended_by(&self, party: &str) -> anyhow::Result<()> {
        let by = &self.detail["cdr"]["endedBy"];
        ensure!(by == party, "ended by {by}, wanted {party}");
        Ok(())
    }

    /// The digits the caller pressed.
    ///
    /// # Errors
    /// They are others.
    pub fn pressed(&self, digits: &str) -> anyhow::Result<()> {
        let heard = &self.detail["cdr"]["digits"];
        ensure!(heard == digits, "digits {heard}, wanted {digits}: {}", self.ladder());
        Ok(())
    }

    /// The statuses of the legs, in the order they were dialled.
    ///
    /// # Errors
    /// They are others.
    pub fn legs(&self, statuses: &[&str]) -> anyhow::Result<()> {
        let legs = list(&self.detail["legs"]);
        let is: Vec<&str> = legs.iter().map(|leg| leg["status"].as_str().unwrap_or("?")).collect();
        ensure!(is == statuses, "legs {is:?}, wanted {statuses:?}: {}", self.ladder());
        Ok(())
    }

    /// A buyer took the call: it is named, and a decision chose it.
    ///
    /// # Errors
    /// Nobody did.
    pub fn sold(&self) -> anyhow::Result<()> {
        let buyer = &self.detail["buyerId"];
        ensure!(buyer.is_string(), "no buyer: {}", self.ladder());
        let chosen = list(&self.detail["routing"]).iter().any(|decision| decision["chosen"] == *buyer);
        ensure!(chosen, "no decision chose the buyer {buyer}: {}", self.detail["routing"]);
        Ok(())
    }

    /// The buyer owes what its terms say once, and nobody pays more or less: one charge of each kind, the connection fee
    /// among them, the sum of the buyer's side being the call's revenue.
    ///
    /// # Errors
    /// A charge is missing, or is not what the terms say.
    pub fn billed(&self, revenue: bool) -> anyhow::Result<()> {
        let charges = list(&self.detail["charges"]);
        let fees = charges.iter().filter(|charge| charge["type"] == "CONNECTION_FEE").count();
        ensure!(fees == 1, "{fees} connection fees: {}", self.detail["charges"]);
        let sold = list(&self.detail["legs"]).iter().find(|leg| !leg["connectedAt"].is_null());
        let terms = &sold.context("no leg was connected")?["terms"];
        let wanted = if revenue { amount(&terms["revenue"]) } else { 0.0 };
        let is = amount(&self.detail["money"]["revenue"]);
        ensure!((is - wanted).abs() < 0.000_05, "revenue {is}, wanted {wanted}: {}", self.detail["charges"]);
        ensure!(!list(&self.detail["postings"]).is_empty(), "no postings");
        Ok(())
    }

    /// Nobody took it, and every buyer has its reason.
    ///
    /// # Errors
    /// Somebody did, or a reason is missing.
    pub fn not_sold(&self) -> anyhow::Result<()> {
        ensure!(self.detail["connectedAt"].is_null(), "connected: {}", self.ladder());
        for decision in list(&self.detail["routing"]) {
            for rejected in list(&decision["rejected"]) {
                ensure!(rejected["reason"].is_string(), "a buyer without a reason: {rejected}");
            }
        }
        let revenue = amount(&self.detail["money"]["revenue"]);
        ensure!(revenue == 0.0, "revenue {revenue} for a call nobody took");
        Ok(())
    }

    /// One finished stereo recording: left the caller's sweep, right the tones of the buyer who took the call.
    ///
    /// # Errors
    /// There is not one, or a channel holds something else.
    pub fn recorded(&self, api: &Api, seconds_min: f64) -> anyhow::Result<()> {
        let buyer = self.detail["buyerName"].as_str().context("the buyer has no name")?;
        let recordings = list(&self.detail["recordings"]);
        ensure!(recordings.len() == 1, "{} recordings: {}", recordings.len(), self.ladder());
        let file = api.recording(&recordings[0])?;
        let audio = media::wav::read(&file).map_err(|error| anyhow::anyhow!("the recording: {error}"))?;
        let (left, right) = (audio.channel(0), audio.channel(1));
        let seconds = left.len() as f64 / f64::from(media::SAMPLE_RATE_HZ);
        ensure!(seconds >= seconds_min, "the recording lasts {seconds:.1} s, wanted {seconds_min} s");
        ensure!(left.len() == right.len(), "channels of {} and {} samples", left.len(), right.len());
        let found = hears::find(&left, &sound::caller()).context("an empty recording")?;
        ensure!(found.likeness >= LIKENESS_MIN, "the caller is not on the left: likeness {:.2}", found.likeness);
        let heard = sound::buyer_in(&right);
        let named = heard.is_some_and(|user| buyer.to_lowercase().starts_with(user));
        ensure!(named, "on the right {heard:?}, wanted {buyer}");
        ensure!(sound::buyer_in(&left).is_none(), "the buyer is on the caller's channel");
        Ok(())
    }

    fn timeline(&self) -> &[Value] {
        list(&self.detail["timeline"])
    }

    fn count(&self, kinds: &[&str]) -> usize {
        let among = |event: &&Value| kinds.iter().any(|kind| event["type"] == *kind);
        self.timeline().iter().filter(among).count()
    }

    fn events_are_whole(&self) -> anyhow::Result<()> {
        let numbers: Vec<u64> = self.timeline().iter().filter_map(|event| event["sequence"].as_u64()).collect();
        let first = numbers.first().copied().context("no events")?;
        let whole = numbers.iter().zip(first..).all(|(number, wanted)| *number == wanted);
        ensure!(whole && numbers.len() == self.timeline().len(), "a gap or a repeat in {numbers:?}");
        ensure!(self.timeline()[0]["type"] == "call.started", "does not begin with call.started");
        ensure!(self.count(&["call.ended"]) == 1, "not exactly one end");
        if self.detail["endReason"] == "switch_restarted" {
            // Nobody was there to write the ends of legs and recordings: the call's own end is theirs.
            return self.parts_are_closed();
        }
        let legs = (self.count(&["call.leg.started"]), self.count(&["call.leg.ended", "call.leg.failed"]));
        ensure!(legs.0 == legs.1, "{} legs started, {} ended", legs.0, legs.1);
        let finished = ["call.recording.finished", "call.recording.failed"];
        let recordings = (self.count(&["call.recording.started"]), self.count(&finished));
        ensure!(recordings.0 == recordings.1, "{} recordings started, {} ended", recordings.0, recordings.1);
        ensure!(self.detail["cdr"].is_object(), "no record");
        Ok(())
    }

    fn parts_are_closed(&self) -> anyhow::Result<()> {
        for leg in list(&self.detail["legs"]) {
            ensure!(!leg["endedAt"].is_null(), "a leg is open: {leg}");
        }
        ensure!(self.detail["cdr"].is_object(), "no record");
        Ok(())
    }

    fn money_is_whole(&self) -> anyhow::Result<()> {
        let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
        for posting in list(&self.detail["postings"]) {
            *sums.entry(posting["currency"].as_str().unwrap_or("")).or_default() += amount(&posting["amount"]);
        }
        for (currency, sum) in sums {
            ensure!(sum.abs() < 0.000_05, "postings in {currency} sum to {sum}");
        }
        let mut kinds: Vec<&str> =
            list(&self.detail["charges"]).iter().map(|charge| charge["type"].as_str().unwrap_or("?")).collect();
        kinds.sort_unstable();
        let all = kinds.len();
        kinds.dedup();
        ensure!(kinds.len() == all, "charged twice: {}", self.detail["charges"]);
        if !self.detail["answeredAt"].is_null() {
            ensure!(!self.detail["money"].is_null(), "answered and not settled");
        }
        Ok(())
    }

    fn media_is_whole(&self) -> anyhow::Result<()> {
        let mut sides: Vec<&Value> = list(&self.detail["legs"]).iter().map(|leg| &leg["quality"]).collect();
        sides.push(&self.detail["cdr"]["quality"]);
        for quality in sides.into_iter().filter(|quality| quality.is_object()) {
            ensure!(quality["packetsLost"] == 0, "packets lost on loopback: {quality}");
        }
        Ok(())
    }

    /// What came from each side went out to the other, but for what was on its way when the call was bridged or ended, and
    /// neither side was silent for much of `seconds`: a phone on a busy machine sends less than it should.
    ///
    /// # Errors
    /// Packets came in and did not go out, or hardly any came.
    pub fn relayed(&self, seconds: f64) -> anyhow::Result<()> {
        let sold = list(&self.detail["legs"]).iter().find(|leg| !leg["connectedAt"].is_null());
        let (caller, buyer) = (&self.detail["cdr"]["quality"], &sold.context("no leg was connected")?["quality"]);
        for (from, to) in [(caller, buyer), (buyer, caller)] {
            let came = from["packetsReceived"].as_f64().context("a side was not measured")?;
            let went = to["packetsSent"].as_f64().context("a side was not measured")?;
            ensure!((came - went).abs() <= PACKETS_PER_SECOND, "{came} packets came in, {went} went out: {from} {to}");
            let fewest = seconds * PACKETS_PER_SECOND / 2.0;
            ensure!(came >= fewest, "{came} packets, wanted at least {fewest}: {from}");
        }
        Ok(())
    }

    /// The platform counted as many packets from the caller as the call was long.
    ///
    /// # Errors
    /// It counted too few or too many.
    pub fn heard_caller_for(&self, seconds: f64) -> anyhow::Result<()> {
        let quality = &self.detail["cdr"]["quality"];
        let packets = quality["packetsReceived"].as_f64().context("the caller's side was not measured")?;
        let wanted = seconds * PACKETS_PER_SECOND;
        let fits = (packets - wanted).abs() <= wanted * PACKETS_TOLERANCE + PACKETS_PER_SECOND;
        ensure!(fits, "{packets} packets from the caller, wanted about {wanted}");
        Ok(())
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Amounts are decimals in strings.
fn amount(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_f64()).unwrap_or(0.0)
}
