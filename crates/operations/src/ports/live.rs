//! What happens now, for screens.

use std::{
    borrow::Cow,
    fmt,
    str::FromStr,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use domain::{CallEvent, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{CallRow, TenantScope};

/// Something a screen may show.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum LiveUpdate {
    /// A call's event, committed, and the call's row after it.
    Event {
        /// The event.
        event: Arc<CallEvent>,
        /// The row.
        row: Arc<CallRow>,
    },
    /// Something that is no call's: an agent's status, a number that was bought.
    Notice {
        /// Whose.
        tenant: TenantId,
        /// The catalogue's name: `agent.status.changed`.
        name: Cow<'static, str>,
        /// Names the occurrence, the same wherever it is delivered.
        id: String,
        /// When.
        at: Timestamp,
        /// What, as screens and webhooks show it.
        data: serde_json::Value,
    },
    /// A call's money is known (or was corrected).
    Settled {
        /// The row.
        row: Arc<CallRow>,
    },
}

impl LiveUpdate {
    /// Whose.
    pub fn tenant(&self) -> TenantId {
        match self {
            Self::Event { row, .. } | Self::Settled { row } => row.tenant,
            Self::Notice { tenant, .. } => *tenant,
        }
    }

    /// The catalogue's name of the event; `call.settled` for money.
    pub fn name(&self) -> &str {
        match self {
            Self::Event { event, .. } => event.what.name(),
            Self::Settled { .. } => Notice::SETTLED.name,
            Self::Notice { name, .. } => name,
        }
    }
}

/// A place in the bus's order. What a subscriber names to go on behind it, on this process or on another one of the same bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LivePosition {
    /// Milliseconds since the epoch: of the bus's start, or of the update.
    pub millis: u64,
    /// Counts within it.
    pub number: u64,
}

impl LivePosition {
    /// The next place of a bus that counts.
    #[must_use]
    pub const fn next(self) -> Self {
        Self { millis: self.millis, number: self.number + 1 }
    }
}

impl fmt::Display for LivePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.number)
    }
}

/// A text that is no [`LivePosition`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a position is two numbers joined by '-', as `position` of an event gives it")]
pub struct NoPosition;

impl FromStr for LivePosition {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let (millis, number) = text.split_once('-').ok_or(NoPosition)?;
        let number_of = |text: &str| text.parse().map_err(|_| NoPosition);
        Ok(Self { millis: number_of(millis)?, number: number_of(number)? })
    }
}

/// An update in its place.
#[derive(Debug)]
pub struct Placed {
    /// Where; none when the bus could not place it, because it is cut off from the others.
    pub position: Option<LivePosition>,
    /// What.
    pub update: LiveUpdate,
    text: OnceLock<String>,
}

impl Placed {
    /// An update in its place.
    pub const fn new(position: Option<LivePosition>, update: LiveUpdate) -> Self {
        Self { position, update, text: OnceLock::new() }
    }

    /// As sent to everybody who may see all of it: made for the first of them, and shared by the others.
    pub fn text_once(&self, make: impl FnOnce(&LiveUpdate) -> String) -> &str {
        self.text.get_or_init(|| make(&self.update))
    }
}

/// A kind of event that is not of a call's own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The catalogue's name.
    pub name: &'static str,
    /// What happened.
    pub meaning: &'static str,
    /// Members of its data, and what they are.
    pub data: &'static [(&'static str, &'static str)],
}

impl Notice {
    /// An agent is shown otherwise.
    pub const AGENT_STATUS: Self = Self {
        name: "agent.status.changed",
        meaning: "An agent is shown otherwise: it set another status, took or ended a call of a queue, or its connection was missed \
                  for too long or is back. Once for each change.",
        data: &[
            ("agentId", "uuid"),
            ("userId", "uuid, or none: whose agent it is"),
            ("name", "text"),
            ("status", "`available`, `on-call`, `away`, `dnd`, `offline`"),
            ("currentCallId", "uuid, or none: the call it is on"),
            ("timestamp", "RFC 3339"),
        ],
    };
    /// A recording came from outside.
    pub const RECORDING_READY: Self = Self {
        name: "recording.ready",
        meaning: "A recording of a call was brought from outside and kept. What the platform records itself is `call.recording.finished`.",
        data: &[
            ("callId", "uuid"),
            ("recordingId", "uuid"),
            ("format", "`wav`"),
            ("channels", "integer"),
            ("durationMs", "integer"),
            ("bytes", "integer"),
        ],
    };
    /// What was said is there to read.
    pub const TRANSCRIPT_READY: Self = Self {
        name: "transcription.ready",
        meaning: "A transcript of a call was kept, or replaced.",
        data: &[
            ("callId", "uuid"),
            ("transcriptId", "uuid"),
            ("engine", "text: who wrote it"),
            ("language", "BCP 47 tag, or none"),
        ],
    };
    /// What [`LiveUpdate::Settled`] tells.
    pub const SETTLED: Self = Self {
        name: "call.settled",
        meaning: "The money of a call is known, or was corrected. Comes after `call.ended`.",
        data: &[("money", "`currency`, `cost`, `revenue`, `payout` as decimals")],
    };
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AGENT_STATUS, Self::RECORDING_READY, Self::TRANSCRIPT_READY, Self::SETTLED];
}

/// What a subscriber gets next.
#[derive(Clone, Debug)]
pub enum LiveItem {
    /// An update.
    Update(Arc<Placed>),
    /// So many updates are gone: it was too slow, or the bus was interrupted. Read the lists again.
    Lagged(u64),
    /// False: updates of other processes do not arrive for now. True: they do again.
    Whole(bool),
}

/// A subscription; ends when dropped.
#[async_trait]
pub trait LiveStream: Send {
    /// Waits for the next item; `None` when the bus is closed.
    async fn next(&mut self) -> Option<LiveItem>;
    /// The next item if it is here already.
    fn next_now(&mut self) -> Option<LiveItem>;
}

/// A new subscription.
pub struct Subscribed {
    /// What comes.
    pub stream: Box<dyn LiveStream>,
    /// Nothing is missing between the position asked for and the stream. False when that was too long ago, or never.
    pub is_gapless: bool,
}

impl fmt::Debug for Subscribed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscribed").field("is_gapless", &self.is_gapless).finish_non_exhaustive()
    }
}

/// Hands updates to whoever listens, bounded per listener: a slow one loses the oldest and is told so.
pub trait LiveBus: Send + Sync {
    /// Never waits.
    fn publish(&self, update: LiveUpdate);
    /// A tenant's updates behind `after`, or from now on.
    fn subscribe(&self, scope: TenantScope, after: Option<LivePosition>) -> Subscribed;
    /// The place of the newest update; none right after a gap.
    fn position(&self) -> Option<LivePosition>;
    /// Whether updates of every process arrive.
    fn is_whole(&self) -> bool;
}
