//! Projections of the log: the calls' rows, recordings, and jobs that follow.

use domain::{CallId, What};
use operations::{AgentCall, CallMoney, CallRow, Ids, NewJob, Recording, StirShaken, StoreError};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Value};
use uuid::Uuid;

use crate::{
    convert::{column, from_json, from_word, json, moment, number, optional_number, parse, stored, word},
    sql::{Insert, query},
};

/// Every column of a call's row, as [`read_row`] wants them.
pub(crate) const CALL_COLUMNS: &str = "id, tenant_id, direction, status, cause, from_number, to_number, caller_name, \
    attestation, trunk_id, number_id, campaign_id, publisher_id, flow_id, flow_version, buyer_id, endpoint_id, sip_call_id, \
    switch_id, started_at, answered_at, connected_at, ended_at, duration_ms, answered_ms, connected_ms, recorded, tags, \
    last_sequence, currency, cost, revenue, payout";

/// What a call is from its start on is written once; its money is another's. A row never goes back behind a later event.
const CALLS: Insert = Insert {
    head: "INSERT INTO calls (id, tenant_id, direction, status, cause, from_number, to_number, caller_name, attestation, \
           trunk_id, number_id, campaign_id, publisher_id, flow_id, flow_version, buyer_id, endpoint_id, sip_call_id, \
           switch_id, started_at, answered_at, connected_at, ended_at, duration_ms, answered_ms, connected_ms, recorded, \
           tags, last_sequence)",
    columns: 29,
    tail: "ON CONFLICT (id) DO UPDATE SET status = excluded.status, cause = excluded.cause, buyer_id = excluded.buyer_id, \
           endpoint_id = excluded.endpoint_id, answered_at = excluded.answered_at, connected_at = excluded.connected_at, \
           ended_at = excluded.ended_at, duration_ms = excluded.duration_ms, answered_ms = excluded.answered_ms, \
           connected_ms = excluded.connected_ms, recorded = excluded.recorded, tags = excluded.tags, \
           last_sequence = excluded.last_sequence WHERE excluded.last_sequence >= calls.last_sequence",
};

const RECORDINGS: Insert = Insert {
    head: "INSERT INTO recordings (id, tenant_id, call_id, storage_key, format, channels, status, duration_ms, bytes, \
           failure, created_at, updated_at)",
    columns: 12,
    tail: "ON CONFLICT (id) DO UPDATE SET status = excluded.status, duration_ms = excluded.duration_ms, \
           bytes = excluded.bytes, failure = excluded.failure, updated_at = excluded.updated_at",
};

const CLAIMS: Insert = Insert {
    head: "INSERT INTO stir_shaken (id, tenant_id, number, claim, created_at, updated_at)",
    columns: 6,
    tail: "ON CONFLICT (id) DO NOTHING",
};

/// A part goes on from what is known of it: an answer stays, and an end is taken back only by another leg of the same call.
const AGENT_CALLS: Insert = Insert {
    head: "INSERT INTO agent_calls (agent_id, call_id, tenant_id, started_at, answered_at, ended_at)",
    columns: 6,
    tail: "ON CONFLICT (agent_id, call_id) DO UPDATE SET answered_at = excluded.answered_at, ended_at = excluded.ended_at",
};

const JOBS: Insert = Insert {
    head: "INSERT INTO jobs (id, job_key, kind, tenant_id, call_id, run_at, attempt, generation, dead)",
    columns: 9,
    tail: "ON CONFLICT (job_key) DO UPDATE SET generation = jobs.generation + 1, attempt = 0, dead = excluded.dead",
};

/// True for events that change a call's row.
pub(super) fn shows(what: &What) -> bool {
    !matches!(
        what,
        What::NodeEntered { .. }
            | What::NodeLeft { .. }
            | What::PromptPlayed { .. }
            | What::DigitReceived { .. }
            | What::Ranked { .. }
            | What::ComplianceBlocked { .. }
            | What::ComplianceCleared { .. }
            | What::QueueJoined { .. }
            | What::QueueLeft { .. }
            | What::LegAnswered { .. }
            | What::Held { .. }
            | What::Resumed { .. }
            | What::QualityMeasured { .. }
    )
}

pub(super) async fn write_calls(
    transaction: &DatabaseTransaction,
    rows: impl Iterator<Item = &CallRow>,
) -> Result<(), StoreError> {
    let mut values = Vec::new();
    for row in rows {
        values.extend(call_values(row)?);
    }
    CALLS.run(transaction, values).await.map(drop)
}

pub(super) async fn write_agent_calls(
    transaction: &DatabaseTransaction,
    parts: impl Iterator<Item = &AgentCall>,
) -> Result<(), StoreError> {
    let time = |at: Option<domain::Timestamp>| at.map(domain::Timestamp::micros).into();
    let values: Vec<Value> = parts
        .flat_map(|part| {
            [
                part.agent.0.into(),
                part.call.0.into(),
                part.tenant.0.into(),
                part.started_at.micros().into(),
                time(part.answered_at),
                time(part.ended_at),
            ]
        })
        .collect();
    AGENT_CALLS.run(transaction, values).await.map(drop)
}

fn call_values(row: &CallRow) -> Result<[Value; 29], StoreError> {
    let time = |at: Option<domain::Timestamp>| at.map(domain::Timestamp::micros).into();
    Ok([
        row.id.0.into(),
        row.tenant.0.into(),
        word(&row.direction)?.into(),
        word(&row.status)?.into(),
        row.cause.as_ref().map(word).transpose()?.into(),
        row.from.clone().into(),
        row.to.clone().into(),
        row.caller_name.clone().into(),
        word(&row.attestation)?.into(),
        row.trunk.map(|id| id.0).into(),
        row.number.map(|id| id.0).into(),
        row.campaign.map(|id| id.0).into(),
        row.publisher.map(|id| id.0).into(),
        row.flow.map(|id| id.0).into(),
        row.flow_version.map(i64::from).into(),
        row.buyer.map(|id| id.0).into(),
        row.endpoint.map(|id| id.0).into(),
        row.sip_call_id.clone().into(),
        row.switch.0.into(),
        row.started_at.micros().into(),
        time(row.answered_at),
        time(row.connected_at),
        time(row.ended_at),
        stored(row.duration_ms).into(),
        stored(row.answered_ms).into(),
        stored(row.connected_ms).into(),
        row.recorded.into(),
        json(&row.tags)?.into(),
        i64::from(row.last_sequence).into(),
    ])
}

/// One row of [`CALL_COLUMNS`].
pub(crate) fn read_row(row: &QueryResult) -> Result<CallRow, StoreError> {
    fn id<T: From<Uuid>>(row: &QueryResult, name: &str) -> Result<Option<T>, StoreError> {
        Ok(column::<Option<Uuid>>(row, name)?.map(T::from))
    }
    let time = |name: &str| column::<Option<i64>>(row, name).map(moment);
    let count = |name: &str| number::<u64>(column(row, name)?);
    Ok(CallRow {
        id: column::<Uuid>(row, "id")?.into(),
        tenant: column::<Uuid>(row, "tenant_id")?.into(),
        direction: from_word(column(row, "direction")?)?,
        status: from_word(column(row, "status")?)?,
        cause: column::<Option<String>>(row, "cause")?.map(from_word).transpose()?,
        from: column(row, "from_number")?,
        to: column(row, "to_number")?,
        caller_name: column(row, "caller_name")?,
        attestation: from_word(column(row, "attestation")?)?,
        trunk: id(row, "trunk_id")?,
        number: id(row, "number_id")?,
        campaign: id(row, "campaign_id")?,
        publisher: id(row, "publisher_id")?,
        flow: id(row, "flow_id")?,
        flow_version: optional_number(column(row, "flow_version")?)?,
        buyer: id(row, "buyer_id")?,
        endpoint: id(row, "endpoint_id")?,
        sip_call_id: column(row, "sip_call_id")?,
        switch: column::<Uuid>(row, "switch_id")?.into(),
        started_at: domain::Timestamp::from_micros(column(row, "started_at")?),
        answered_at: time("answered_at")?,
        connected_at: time("connected_at")?,
        ended_at: time("ended_at")?,
        duration_ms: count("duration_ms")?,
        answered_ms: count("answered_ms")?,
        connected_ms: count("connected_ms")?,
        recorded: column(row, "recorded")?,
        tags: from_json(&column::<String>(row, "tags")?)?,
        last_sequence: number(column(row, "last_sequence")?)?,
        money: read_money(row)?,
    })
}

fn read_money(row: &QueryResult) -> Result<Option<CallMoney>, StoreError> {
    let Some(currency) = column::<Option<String>>(row, "currency")? else { return Ok(None) };
    let amount = |name: &str| column::<Option<i64>>(row, name).map(|micros| domain::Micros(micros.unwrap_or(0)));
    Ok(Some(CallMoney {
        currency: parse(&currency)?,
        cost: amount("cost")?,
        revenue: amount("revenue")?,
        payout: amount("payout")?,
    }))
}

pub(super) async fn money_of(on: &impl ConnectionTrait, call: CallId) -> Result<Option<CallMoney>, StoreError> {
    let sql = "SELECT currency, cost, revenue, payout FROM calls WHERE id = $1";
    query(on, sql, [call.0.into()]).await?.first().map_or(Ok(None), read_money)
}

pub(super) async fn write_recordings(
    transaction: &DatabaseTransaction,
    recordings: &[&Recording],
) -> Result<(), StoreError> {
    let values = recordings.iter().flat_map(|recording| -> [Value; 12] {
        [
            recording.id.0.into(),
            recording.tenant.0.into(),
            recording.call.0.into(),
            recording.storage_key.clone().into(),
            recording.format.clone().into(),
            i64::from(recording.channels).into(),
            recording.status.as_str().into(),
            recording.duration_ms.map(stored).into(),
            recording.bytes.map(stored).into(),
            recording.failure.clone().into(),
            recording.created_at.micros().into(),
            recording.updated_at.micros().into(),
        ]
    });
    RECORDINGS.run(transaction, values.collect()).await.map(drop)
}

/// What somebody has said of a call stays when its start is read once more.
pub(super) async fn write_claims(
    transaction: &DatabaseTransaction,
    claims: impl Iterator<Item = &StirShaken>,
) -> Result<(), StoreError> {
    let mut values = Vec::new();
    for record in claims {
        let claim = record.claim.as_ref().map(json).transpose()?;
        values.extend::<[Value; 6]>([
            record.call.0.into(),
            record.tenant.0.into(),
            record.number.clone().into(),
            claim.into(),
            record.created_at.micros().into(),
            record.updated_at.micros().into(),
        ]);
    }
    CLAIMS.run(transaction, values).await.map(drop)
}

pub(super) async fn write_jobs(
    transaction: &DatabaseTransaction,
    ids: &Ids,
    jobs: &[&NewJob],
) -> Result<(), StoreError> {
    let values = jobs.iter().flat_map(|job| -> [Value; 9] {
        [
            ids.next::<Uuid>(job.run_at).into(),
            job.key.clone().into(),
            job.kind.as_str().into(),
            job.tenant.0.into(),
            job.call.0.into(),
            job.run_at.micros().into(),
            0_i64.into(),
            0_i64.into(),
            false.into(),
        ]
    });
    JOBS.run(transaction, values.collect()).await.map(drop)
}
