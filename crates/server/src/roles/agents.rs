//! Tells screens how agents stand, beside the voice path.

use std::sync::Arc;
use std::time::Duration;

use domain::{AgentId, TenantId};
use operations::{AgentWatch, PRESENCE_EVERY, TellAgents};
use tokio::sync::mpsc;

use crate::clock::Clock;

/// News that wait; what has no room is told by the next look for what was not told.
const NEWS_MAX: usize = 1_024;
/// How often connections of agents are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Agents whose part in a call changed.
pub type News = mpsc::Receiver<(TenantId, AgentId)>;

/// The way from the recorder to [`tell`].
pub fn news() -> (TellAgents, News) {
    let (sender, news) = mpsc::channel(NEWS_MAX);
    let tell = move |tenant, agent| {
        // At the bound it is told a little later.
        let _ = sender.try_send((tenant, agent));
    };
    (Arc::new(tell), news)
}

/// Tells of agents that took or ended calls of this process.
pub async fn tell(mut news: News, agents: Arc<AgentWatch>, clock: Clock) {
    while let Some((tenant, agent)) = news.recv().await {
        if let Err(error) = agents.tell(tenant, agent, clock.now()).await {
            tracing::warn!(%error, %agent, "screens are told later how an agent stands");
        }
    }
}

/// Where connections are known: says who is connected here, and looks whether agents are.
pub async fn watch(agents: Arc<AgentWatch>, clock: Clock) {
    let looks = PRESENCE_EVERY.as_secs() / LOOK_EVERY.as_secs();
    for turn in 0_u64.. {
        tokio::time::sleep(LOOK_EVERY).await;
        let is_beat = turn % looks == 0;
        if is_beat {
            agents.presence().beat().await;
        }
        let looked = async {
            agents.look(clock.now()).await?;
            if is_beat { agents.catch_up(clock.now()).await } else { Ok(()) }
        };
        if let Err(error) = looked.await {
            tracing::warn!(%error, "how agents stand is not looked at");
        }
    }
}
