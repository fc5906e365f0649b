//! Recording what happened: the log first, then everybody who wants to know.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{AgentId, CallEvent, CallId, TenantId};

use crate::{AppendedCall, EventLog, Journal, JournalError, LiveBus, LiveUpdate, QueueDesk, StoreError};

/// Events taken from the journal at a time.
const REPLAY_EVENTS_MAX: usize = 1_000;

/// How events were kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In the log.
    Logged,
    /// In the journal, as the store is away; they reach the log when it is back.
    Journaled,
    /// In the log but for these, which the store refuses: they lie beside the journal with the reason, and are tried again at the
    /// next start. No call may go on on their strength.
    AllBut(Vec<(CallId, u32)>),
}

impl Kept {
    /// Whether a call may rely on this event of it.
    pub fn holds(&self, call: CallId, sequence: u32) -> bool {
        match self {
            Self::Logged | Self::Journaled => true,
            Self::AllBut(refused) => !refused.contains(&(call, sequence)),
        }
    }
}

/// Why events could not be kept. The call they belong to must not be answered on their strength.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The store refused them.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store is away and the journal could not take them.
    #[error("the store is away ({store}) and {journal}")]
    Journal {
        /// What the store said.
        store: StoreError,
        /// What the journal said.
        journal: JournalError,
    },
}

/// What became of a batch.
#[derive(Debug, Default)]
struct Appending {
    /// Each with what the store has against it.
    refused: Vec<(CallEvent, StoreError)>,
    /// Not tried to the end, as the store went away.
    left: Option<(Vec<CallEvent>, StoreError)>,
}

/// Takes the news that an agent's part in a call changed. Does not wait.
pub type TellAgents = Arc<dyn Fn(TenantId, AgentId) + Send + Sync>;

/// Appends events once, and tells screens afterwards.
#[derive(Clone)]
pub struct Recorder {
    log: Arc<dyn EventLog>,
    live: Arc<dyn LiveBus>,
    journal: Option<Arc<dyn Journal>>,
    desk: Option<Arc<QueueDesk>>,
    agents: Option<TellAgents>,
    set_aside: Arc<AtomicU64>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("journal", &self.journal.is_some()).finish_non_exhaustive()
    }
}

impl Recorder {
    /// Without a journal events are refused while the store is away.
    pub fn new(log: Arc<dyn EventLog>, live: Arc<dyn LiveBus>, journal: Option<Arc<dyn Journal>>) -> Self {
        Self { log, live, journal, desk: None, agents: None, set_aside: Arc::default() }
    }

    /// Tells the queues of events as well: an agent is free again when a call is over.
    #[must_use]
    pub fn with_desk(self, desk: Arc<QueueDesk>) -> Self {
        Self { desk: Some(desk), ..self }
    }

    /// Says which agents' part in a call changed, once that is kept. The voice path does not wait for what is made of it.
    #[must_use]
    pub fn with_agents(self, agents: TellAgents) -> Self {
        Self { agents: Some(agents), ..self }
    }

    /// Keeps events of any number of calls. On return they are durable; repeating them changes nothing.
    pub async fn record(&self, events: Vec<CallEvent>) -> Result<Kept, RecordError> {
        if events.is_empty() {
            return Ok(Kept::Logged);
        }
        if let Some(desk) = &self.desk {
            events.iter().for_each(|event| desk.observe(event));
        }
        let Some(journal) = &self.journal else {
            let Appending { refused, left } = self.append_all(events).await;
            let error = refused.into_iter().map(|(_, error)| error).chain(left.map(|(_, error)| error)).next();
            return error.map_or(Ok(Kept::Logged), |error| Err(error.into()));
        };
        let Appending { refused, left } = self.append_all(events).await;
        let refused = self.set_aside(journal.as_ref(), refused).await?;
        let is_away = left.is_some();
        if let Some((left, store)) = left
            && let Err(journal) = journal.keep(&left).await
        {
            return Err(RecordError::Journal { store, journal });
        }
        Ok(match (refused.is_empty(), is_away) {
            (true, false) => Kept::Logged,
            (true, true) => Kept::Journaled,
            (false, _) => Kept::AllBut(refused),
        })
    }

    /// Events set aside since the start because the store refuses them.
    pub fn events_set_aside(&self) -> u64 {
        self.set_aside.load(Ordering::Relaxed)
    }

    async fn set_aside(
        &self,
        journal: &dyn Journal,
        refused: Vec<(CallEvent, StoreError)>,
    ) -> Result<Vec<(CallId, u32)>, RecordError> {
        let mut keys = Vec::with_capacity(refused.len());
        for (event, error) in refused {
            tracing::error!(call = %event.call, sequence = event.sequence, %error, "the store refuses an event; it is set aside");
            if let Err(journal) = journal.set_aside(&event, &error.to_string()).await {
                return Err(RecordError::Journal { store: error, journal });
            }
            self.set_aside.fetch_add(1, Ordering::Relaxed);
            keys.push((event.call, event.sequence));
        }
        Ok(keys)
    }

    /// Lets events set aside earlier wait in the journal once more; answers how many. Once, before the first replay.
    pub async fn reconsider(&self) -> Result<usize, RecordError> {
        let Some(journal) = &self.journal else { return Ok(0) };
        journal.reconsider().await.map_err(|error| RecordError::Store(StoreError::Failed(Box::new(error))))
    }

    /// Moves what waits in the journal to the log; answers how many events. To be called again and again.
    pub async fn replay_journal(&self) -> Result<usize, RecordError> {
        let Some(journal) = self.journal.as_ref().filter(|journal| !journal.is_empty()) else { return Ok(0) };
        let mut replayed = 0;
        loop {
            let (events, position) = journal
                .oldest(REPLAY_EVENTS_MAX)
                .await
                .map_err(|error| RecordError::Store(StoreError::Failed(Box::new(error))))?;
            if events.is_empty() {
                return Ok(replayed);
            }
            let count = events.len();
            let Appending { refused, left } = self.append_all(events).await;
            if let Some((_, store)) = left {
                return Err(store.into());
            }
            self.set_aside(journal.as_ref(), refused).await?;
            journal.forget(position).await.map_err(|error| RecordError::Store(StoreError::Failed(Box::new(error))))?;
            replayed += count;
        }
    }

    /// Appends what the store takes. A refused batch is halved until the events at fault are alone.
    async fn append_all(&self, events: Vec<CallEvent>) -> Appending {
        let mut appending = Appending::default();
        let mut parts = vec![events];
        while let Some(mut part) = parts.pop() {
            match self.append(part.clone()).await {
                Ok(()) => {}
                Err(away) if away.is_transient() => {
                    // What was refused alone before stays refused; the rest waits together.
                    part.extend(parts.into_iter().rev().flatten());
                    appending.left = Some((part, away));
                    return appending;
                }
                Err(refused) => match part.pop() {
                    Some(event) if part.is_empty() => appending.refused.push((event, refused)),
                    Some(event) => {
                        part.push(event);
                        let second = part.split_off(part.len() / 2);
                        parts.extend([second, part]);
                    }
                    None => {}
                },
            }
        }
        appending
    }

    async fn append(&self, events: Vec<CallEvent>) -> Result<(), StoreError> {
        let appended = self.log.append(events).await?;
        for AppendedCall { row, events, agents } in appended.calls {
            for event in events {
                self.live.publish(LiveUpdate::Event { event, row: Arc::clone(&row) });
            }
            if let Some(tell) = &self.agents {
                agents.into_iter().for_each(|agent| tell(row.tenant, agent));
            }
        }
        Ok(())
    }
}
