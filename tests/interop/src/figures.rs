//! The platform's `/metrics`, and what must add up there.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::api::Api;

/// The voice threads publish their figures twice a second; the rest is for a busy machine.
const SETTLES_WITHIN: Duration = Duration::from_secs(40);
const LOOK_AGAIN: Duration = Duration::from_millis(600);

/// All series at one moment: name with labels, value.
#[derive(Clone, Debug, Default)]
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// # Errors
    /// `/metrics` does not answer.
    pub fn read(api: &Api) -> anyhow::Result<Self> {
        let text = api.text("/metrics")?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.rsplit_once(' '));
        Ok(Self(pairs.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect()))
    }

    /// # Errors
    /// There is no such series.
    pub fn get(&self, name: &str) -> anyhow::Result<f64> {
        self.0.get(name).copied().with_context(|| format!("/metrics has no {name}"))
    }

    /// How much `name` grew since.
    ///
    /// # Errors
    /// There is no such series.
    pub fn grew(&self, since: &Self, name: &str) -> anyhow::Result<f64> {
        Ok(self.get(name)? - since.get(name).unwrap_or(0.0))
    }

    fn sum(&self, prefix: &str) -> f64 {
        self.0.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, value)| value).sum()
    }

    /// The figures once no call is up, whatever went before.
    ///
    /// # Errors
    /// Calls go on and on.
    pub fn quiet(api: &Api) -> anyhow::Result<Self> {
        let mut waited = Duration::ZERO;
        loop {
            let now = Self::read(api)?;
            if now.get("calls_active")? == 0.0 && now.get("calls_started_total")? == now.get("calls_ended_total")? {
                return Ok(now);
            }
            ensure!(waited < SETTLES_WITHIN, "{} calls are still up", now.get("calls_active")?);
            sleep(LOOK_AGAIN);
            waited += LOOK_AGAIN;
        }
    }

    /// The figures once no call is left: as many ended as started, no media leg open, no event lost, and each SIP
    /// message that reached the edge has exactly one fate, none of them a stray or unreadable.
    ///
    /// # Errors
    /// That does not come about in time; the message names what does not add up.
    pub fn settled(api: &Api, since: &Self, calls: usize) -> anyhow::Result<Self> {
        let mut waited = Duration::ZERO;
        loop {
            let now = Self::read(api)?;
            match now.adds_up(since, calls) {
                Ok(()) => return Ok(now),
                Err(error) if waited >= SETTLES_WITHIN => return Err(error.context("/metrics")),
                Err(_) => {}
            }
            sleep(LOOK_AGAIN);
            waited += LOOK_AGAIN;
        }
    }

    fn adds_up(&self, since: &Self, calls: usize) -> anyhow::Result<()> {
        ensure!(self.get("calls_active")? == 0.0, "{} calls active", self.get("calls_active")?);
        ensure!(self.get("media_legs_active")? == 0.0, "{} media legs open", self.get("media_legs_active")?);
        for name in ["calls_started_total", "calls_ended_total"] {
            let grew = self.grew(since, name)?;
            ensure!(grew == calls as f64, "{name} grew by {grew}, {calls} calls were made");
        }
        ensure!(self.grew(since, "call_events_lost_total")? == 0.0, "events were lost");
        let (received, fates) = (self.get("edge_sip_received_total")?, self.sum("edge_messages_total{"));
        ensure!(received == fates, "the edge received {received} messages and tells what became of {fates}");
        for fate in ["unreadable", "flooded", "stray", "stray_ack"] {
            let name = format!("edge_messages_total{{fate=\"{fate}\"}}");
            ensure!(self.grew(since, &name)? == 0.0, "{} messages were {fate}", self.grew(since, &name)?);
        }
        Ok(())
    }
}
