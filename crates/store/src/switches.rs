//! Switch runs, and the calls of those that are gone.

use async_trait::async_trait;
use domain::{CallId, RecordingId, SwitchId, TenantId, Timestamp};
use operations::{Heartbeat, OpenRecording, Orphan, StoreError, Switches};
use sea_orm::QueryResult;

use crate::{
    Store,
    convert::{column, moment, number},
    sql::{execute, query},
};

fn read_orphan(row: &QueryResult) -> Result<Orphan, StoreError> {
    Ok(Orphan {
        tenant: TenantId(column(row, "tenant_id")?),
        call: CallId(column(row, "id")?),
        switch: SwitchId(column(row, "switch_id")?),
        last_sequence: number(column(row, "last_sequence")?)?,
        last_event_at: Timestamp::from_micros(column(row, "last_event_at")?),
        last_heartbeat_at: moment(column(row, "last_heartbeat_at")?),
    })
}

fn read_open_recording(row: &QueryResult) -> Result<OpenRecording, StoreError> {
    Ok(OpenRecording {
        tenant: TenantId(column(row, "tenant_id")?),
        call: CallId(column(row, "call_id")?),
        recording: RecordingId(column(row, "id")?),
        storage_key: column(row, "storage_key")?,
        last_sequence: number(column(row, "last_sequence")?)?,
        ended_at: Timestamp::from_micros(column(row, "ended_at")?),
    })
}

#[async_trait]
impl Switches for Store {
    async fn heartbeat(&self, switch: SwitchId, now: Timestamp) -> Result<Heartbeat, StoreError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "INSERT INTO switches (id, first_heartbeat_at, last_heartbeat_at, fenced) \
                               VALUES ($1, $2, $2, $3) ON CONFLICT (id) DO UPDATE \
                               SET last_heartbeat_at = excluded.last_heartbeat_at WHERE NOT switches.fenced";
                    let written =
                        execute(transaction, sql, [switch.0.into(), now.micros().into(), false.into()]).await?;
                    Ok(if written == 0 { Heartbeat::Fenced } else { Heartbeat::Alive })
                })
            })
            .await
    }

    async fn fence(&self, silent_since: Timestamp, only_alive: Option<SwitchId>) -> Result<(), StoreError> {
        // Every second there is nobody to fence: ask a reader before disturbing the writer.
        let (condition, values) = match only_alive {
            None => ("NOT fenced AND last_heartbeat_at < $1", vec![silent_since.micros().into()]),
            Some(alive) => ("NOT fenced AND id <> $1", vec![alive.0.into()]),
        };
        let silent = format!("SELECT 1 AS one FROM switches WHERE {condition} LIMIT 1");
        if query(self.reader(), &silent, values.clone()).await?.is_empty() {
            return Ok(());
        }
        let fence = format!("UPDATE switches SET fenced = (1 = 1) WHERE {condition}");
        self.writer()
            .write(move |transaction| Box::pin(async move { execute(transaction, &fence, values).await.map(drop) }))
            .await
    }

    async fn live_switches(&self, since: Timestamp, count_max: u32) -> Result<Vec<SwitchId>, StoreError> {
        let sql = "SELECT id FROM switches WHERE NOT fenced AND last_heartbeat_at >= $1 \
                   ORDER BY last_heartbeat_at DESC, id LIMIT $2";
        let rows = query(self.reader(), sql, [since.micros().into(), i64::from(count_max).into()]).await?;
        rows.iter().map(|row| Ok(SwitchId(column(row, "id")?))).collect()
    }

    async fn orphans(&self, silent_since: Timestamp, count_max: u32) -> Result<Vec<Orphan>, StoreError> {
        // A run nobody has heard of may be one whose first heartbeat is on its way: then its calls are young.
        let sql = "SELECT * FROM (SELECT c.id, c.tenant_id, c.switch_id, s.id AS run, s.fenced, s.last_heartbeat_at, \
                   (SELECT MAX(e.sequence) FROM call_events e WHERE e.call_id = c.id) AS last_sequence, \
                   (SELECT MAX(e.at) FROM call_events e WHERE e.call_id = c.id) AS last_event_at \
                   FROM calls c LEFT JOIN switches s ON s.id = c.switch_id \
                   WHERE c.ended_at IS NULL AND (s.id IS NULL OR s.fenced)) AS candidate \
                   WHERE run IS NOT NULL OR last_event_at < $1 LIMIT $2";
        let rows = query(self.reader(), sql, [silent_since.micros().into(), i64::from(count_max).into()]).await?;
        rows.iter().map(read_orphan).collect()
    }

    async fn open_recordings(&self, count_max: u32) -> Result<Vec<OpenRecording>, StoreError> {
        // One of a call at a time: its end takes the next sequence.
        let sql = "SELECT r.id, r.tenant_id, r.call_id, r.storage_key, c.ended_at, \
                   (SELECT MAX(e.sequence) FROM call_events e WHERE e.call_id = c.id) AS last_sequence \
                   FROM recordings r JOIN calls c ON c.id = r.call_id JOIN switches s ON s.id = c.switch_id \
                   WHERE r.status = 'PROCESSING' AND c.ended_at IS NOT NULL AND s.fenced AND NOT EXISTS (\
                   SELECT 1 FROM recordings o WHERE o.call_id = r.call_id AND o.status = 'PROCESSING' AND o.id < r.id) \
                   ORDER BY r.id LIMIT $1";
        let rows = query(self.reader(), sql, [i64::from(count_max).into()]).await?;
        rows.iter().map(read_open_recording).collect()
    }
}
