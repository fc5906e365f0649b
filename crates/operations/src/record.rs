//! Recording what happened: the log first, then everybody who wants to know.

use std::{fmt, sync::Arc};

use domain::CallEvent;

use crate::{AppendedCall, EventLog, Journal, JournalError, LiveBus, LiveUpdate, QueueDesk, StoreError};

/// Events taken from the journal at a time.
const REPLAY_EVENTS_MAX: usize = 1_000;

/// How events were kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In the log.
    Logged,
    /// In the journal, as the store is away; they reach the log when it is back.
    Journaled,
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

/// Appends events once, and tells screens afterwards.
#[derive(Clone)]
pub struct Recorder {
    log: Arc<dyn EventLog>,
    live: Arc<dyn LiveBus>,
    journal: Option<Arc<dyn Journal>>,
    desk: Option<Arc<QueueDesk>>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("journal", &self.journal.is_some()).finish_non_exhaustive()
    }
}

impl Recorder {
    /// Without a journal events are refused while the store is away.
    pub fn new(log: Arc<dyn EventLog>, live: Arc<dyn LiveBus>, journal: Option<Arc<dyn Journal>>) -> Self {
        Self { log, live, journal, desk: None }
    }

    /// Tells the queues of events as well: an agent is free again when a call is over.
    #[must_use]
    pub fn with_desk(self, desk: Arc<QueueDesk>) -> Self {
        Self { desk: Some(desk), ..self }
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
            self.append(events).await?;
            return Ok(Kept::Logged);
        };
        match self.append(events.clone()).await {
            Ok(()) => Ok(Kept::Logged),
            Err(store) if store.is_transient() => match journal.keep(&events).await {
                Ok(()) => Ok(Kept::Journaled),
                Err(journal) => Err(RecordError::Journal { store, journal }),
            },
            Err(refused) => Err(refused.into()),
        }
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
            self.append(events).await?;
            journal.forget(position).await.map_err(|error| RecordError::Store(StoreError::Failed(Box::new(error))))?;
            replayed += count;
        }
    }

    async fn append(&self, events: Vec<CallEvent>) -> Result<(), StoreError> {
        let appended = self.log.append(events).await?;
        for AppendedCall { row, events } in appended.calls {
            for event in events {
                self.live.publish(LiveUpdate::Event { event, row: Arc::clone(&row) });
            }
        }
        Ok(())
    }
}
