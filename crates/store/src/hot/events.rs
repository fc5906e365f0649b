//! The event log's table.

use std::{collections::HashMap, sync::Arc};

use domain::{CallEvent, CallId, TenantId, Timestamp};
use operations::StoreError;
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Value};
use uuid::Uuid;

use crate::{
    convert::{column, from_json, json, number},
    sql::{Insert, query},
};

const INSERT: Insert = Insert {
    head: "INSERT INTO call_events (call_id, sequence, tenant_id, at, kind, what)",
    columns: 6,
    tail: "ON CONFLICT DO NOTHING",
};
const INSERT_NAMING: Insert = Insert { tail: "ON CONFLICT DO NOTHING RETURNING call_id, sequence", ..INSERT };

/// How events are appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appending {
    /// All of them are new, as they nearly always are: a count proves it, and nothing is read back.
    New,
    /// Some may be in the log already, as in a replay: the database names the new ones.
    Replay,
}

/// Appends each once; answers those that were new, or `None` where they were thought new and some were not: then nothing of
/// the transaction may stay.
pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    events: &[&Arc<CallEvent>],
    appending: Appending,
) -> Result<Option<Vec<Arc<CallEvent>>>, StoreError> {
    let mut values = Vec::with_capacity(events.len() * INSERT.columns);
    let mut by_key = HashMap::with_capacity(events.len());
    for event in events {
        // The same event twice at once: the first one counts, here as in the table.
        if by_key.contains_key(&(event.call, event.sequence)) {
            continue;
        }
        by_key.insert((event.call, event.sequence), Arc::clone(event));
        values.extend::<[Value; 6]>([
            event.call.0.into(),
            i64::from(event.sequence).into(),
            event.tenant.0.into(),
            event.at.micros().into(),
            event.what.name().into(),
            json(&event.what)?.into(),
        ]);
    }
    if appending == Appending::New {
        let written = INSERT.run(transaction, values).await?;
        return Ok((written == by_key.len() as u64).then(|| by_key.into_values().collect()));
    }
    let rows = INSERT_NAMING.returning(transaction, values).await?;
    rows.iter()
        .filter_map(|row| {
            let key = || Ok((CallId(column::<Uuid>(row, "call_id")?), number(column(row, "sequence")?)?));
            key().map(|key| by_key.remove(&key)).transpose()
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

/// A call's events by sequence.
pub(crate) async fn events_of(on: &impl ConnectionTrait, call: CallId) -> Result<Vec<CallEvent>, StoreError> {
    let sql = "SELECT call_id, sequence, tenant_id, at, what FROM call_events WHERE call_id = $1 ORDER BY sequence";
    query(on, sql, [call.0.into()]).await?.iter().map(read_event).collect()
}

/// One row of `call_id, sequence, tenant_id, at, what`.
pub(crate) fn read_event(row: &QueryResult) -> Result<CallEvent, StoreError> {
    Ok(CallEvent {
        call: CallId(column(row, "call_id")?),
        sequence: number(column(row, "sequence")?)?,
        tenant: TenantId(column(row, "tenant_id")?),
        at: Timestamp::from_micros(column(row, "at")?),
        what: from_json(&column::<String>(row, "what")?)?,
    })
}
