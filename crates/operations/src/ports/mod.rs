//! Storage the use cases stand on, besides the directory.

mod agent_states;
mod compliance;
mod event_log;
mod idempotency;
mod identity;
mod jobs;
mod journal;
mod leases;
mod live;
mod lookups;
mod providers;
mod routing_data;
mod schedules;
mod settlements;
mod switches;

pub use agent_states::{AgentChange, AgentState, AgentStates, BoundAgent};
pub use compliance::{ComplianceData, ComplianceSource, ConsentVerifier, DncMark, Vouched};
pub use event_log::{Appended, AppendedCall, EventLog};
pub use idempotency::{Begun, IDEMPOTENCY_KEY_CHARS_MAX, IdempotencyKeys, KeptAnswer, KeyedRequest};
pub use identity::{CodeToRedeem, IdentityError, IdentityProviders, ProviderClient, ProviderMetadata, ProviderTokens};
pub use jobs::{JOB_ATTEMPTS_MAX, Job, JobCounts, JobKind, JobTicket, Jobs, NewJob};
pub use journal::{Journal, JournalError};
pub use leases::{LeaseRequest, Leases, Reservation};
pub use live::{LiveBus, LiveItem, LivePosition, LiveStream, LiveUpdate, NoPosition, Notice, Placed, Subscribed};
pub use lookups::{KeptLookup, LookupCache, LookupProvider};
pub use providers::{
    HeldNumber, NumberOrder, NumberOrderFilter, NumberOrderKind, NumberOrderState, NumberOrders, NumberProvider,
    NumberPurpose, NumberSearch, OfferedNumber, ProviderError,
};
pub use routing_data::{RoutingData, RoutingSource};
pub use schedules::{MissedRuns, Pace, Schedule, Schedules, Turn};
pub use settlements::{SettleInput, Settled, SettledBefore, Settlement, Settlements};
pub use switches::{Heartbeat, OpenRecording, Orphan, RecordedAudio, RecordedFiles, Switches};
