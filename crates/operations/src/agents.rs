//! How agents are shown, and who is told when that changes (ADR 204).

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{AgentId, TenantId, Timestamp};
use serde_json::json;

use crate::{AgentStates, BoundAgent, LiveBus, LiveUpdate, Notice, Presence, Roster, StoreError};

/// Agents told of in one turn that nobody told of when they changed: after a crash between a commit and its news.
const UNTOLD_MAX: u32 = 100;

/// Tells screens of agents, and watches the connections of those that need one.
pub struct AgentWatch {
    states: Arc<dyn AgentStates>,
    presence: Arc<dyn Presence>,
    live: Arc<dyn LiveBus>,
    /// How long a connection may be missed.
    grace: Duration,
    /// Since when connections of every process are known here. What is missed before counts from then on.
    whole_since: Mutex<Option<Timestamp>>,
}

impl fmt::Debug for AgentWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentWatch").field("grace", &self.grace).finish_non_exhaustive()
    }
}

impl AgentWatch {
    /// Agents that need a connection may be without for `grace`.
    pub fn new(
        states: Arc<dyn AgentStates>,
        presence: Arc<dyn Presence>,
        live: Arc<dyn LiveBus>,
        grace: Duration,
    ) -> Self {
        Self { states, presence, live, grace, whole_since: Mutex::new(None) }
    }

    /// Who is connected.
    pub fn presence(&self) -> &dyn Presence {
        &*self.presence
    }

    /// How agents stand.
    pub fn states(&self) -> &dyn AgentStates {
        &*self.states
    }

    /// Tells of an agent whose shown status may be another now. Only a change is told, and once, whoever calls this how often.
    pub async fn tell(&self, tenant: TenantId, agent: AgentId, now: Timestamp) -> Result<(), StoreError> {
        let Some(change) = self.states.tell_agent(tenant, agent, now).await? else { return Ok(()) };
        let data = json!({"agentId": change.agent, "userId": change.user, "name": change.name,
            "status": change.shown.as_str(), "currentCallId": change.call, "timestamp": now});
        self.live.publish(LiveUpdate::Notice {
            tenant,
            name: Notice::AGENT_STATUS.name.into(),
            id: format!("{agent}:{}", now.micros()),
            at: now,
            data,
        });
        Ok(())
    }

    /// Tells of what nobody told.
    pub async fn catch_up(&self, now: Timestamp) -> Result<(), StoreError> {
        for (tenant, agent) in self.states.untold_agents(UNTOLD_MAX).await? {
            self.tell(tenant, agent, now).await?;
        }
        Ok(())
    }

    /// Looks whether agents that must be connected are; to be called every second where connections are known.
    pub async fn look(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut rosters: HashMap<TenantId, Roster> = HashMap::new();
        for bound in self.states.bound_agents().await? {
            let roster = match rosters.entry(bound.tenant) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => free.insert(self.presence.roster(bound.tenant).await),
            };
            // Nobody is offline because Redis is: what was, stays.
            let Some(known_since) = self.known_since(roster.is_whole, now) else { continue };
            let is_here = bound.user.is_some_and(|user| roster.users.contains_key(&user));
            let seen = judged(&bound, is_here, known_since, self.grace, now);
            if seen != bound {
                self.states.note_missed(&seen).await?;
                self.tell(bound.tenant, bound.agent, now).await?;
            }
        }
        Ok(())
    }

    fn known_since(&self, is_whole: bool, now: Timestamp) -> Option<Timestamp> {
        let mut since = self.whole_since.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_whole {
            *since = None;
            return None;
        }
        Some(*since.get_or_insert(now))
    }
}

/// What a look at an agent's connections makes of it. One that is back is shown at once; one that is gone after the grace.
fn judged(bound: &BoundAgent, is_here: bool, known_since: Timestamp, grace: Duration, now: Timestamp) -> BoundAgent {
    if is_here {
        return BoundAgent { missed_since: None, is_lost: false, ..*bound };
    }
    let missed_since = bound.missed_since.unwrap_or(now);
    let is_over = now.since(missed_since.max(known_since)) >= grace;
    BoundAgent { missed_since: Some(missed_since), is_lost: bound.is_lost || is_over, ..*bound }
}

#[cfg(test)]
mod tests {
    use domain::UserId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn one_who_is_gone_is_lost_after_the_grace_and_back_at_once() {
        let (start, grace) = (Timestamp::from_secs(1_000), Duration::from_secs(30));
        let at = |seconds| start.after(Duration::from_secs(seconds));
        let user = Some(UserId(Uuid::from_u128(2)));
        let (tenant, agent) = (TenantId(Uuid::from_u128(1)), AgentId(Uuid::from_u128(3)));
        let here = BoundAgent { tenant, agent, user, missed_since: None, is_lost: false };
        let judged = |bound: &BoundAgent, is_here, now| judged(bound, is_here, start, grace, now);
        assert_eq!(judged(&here, true, at(0)), here);
        let missed = judged(&here, false, at(5));
        assert_eq!((missed.missed_since, missed.is_lost), (Some(at(5)), false));
        assert_eq!(judged(&missed, false, at(34)), missed);
        assert_eq!(judged(&missed, true, at(34)), here, "back in time");
        let lost = judged(&missed, false, at(35));
        assert!(lost.is_lost);
        assert_eq!(judged(&lost, false, at(36)), lost);
        assert_eq!(judged(&lost, true, at(500)), here);
    }

    #[test]
    fn time_nobody_could_know_of_does_not_count() {
        let grace = Duration::from_secs(30);
        let at = Timestamp::from_secs;
        let (tenant, agent) = (TenantId(Uuid::from_u128(1)), AgentId(Uuid::from_u128(3)));
        let missed = BoundAgent { tenant, agent, user: None, missed_since: Some(at(100)), is_lost: false };
        // Redis was away until 190.
        assert!(!judged(&missed, false, at(190), grace, at(219)).is_lost);
        assert!(judged(&missed, false, at(190), grace, at(220)).is_lost);
    }
}
