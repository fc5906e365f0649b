//! Schema versions: plain SQL, each run once, in order, in a transaction with the note that it ran.

use domain::Timestamp;
use operations::StoreError;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use crate::dialect::{begin_write, render, store_error};

/// Every version. One that was released is never changed; a change is a new version.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "directory", include_str!("../migrations/0001_directory.sql")),
    (2, "calls", include_str!("../migrations/0002_calls.sql")),
    (3, "money", include_str!("../migrations/0003_money.sql")),
    (30, "people", include_str!("../migrations/0030_people.sql")),
    (31, "audit chain", include_str!("../migrations/0031_audit_chain.sql")),
    (32, "sign in", include_str!("../migrations/0032_sign_in.sql")),
    (45, "labels and caller ids", include_str!("../migrations/0045_labels_and_caller_ids.sql")),
    (46, "agents and leads", include_str!("../migrations/0046_people_who_answer_and_leads.sql")),
    (47, "number life cycle", include_str!("../migrations/0047_number_life_cycle.sql")),
    (48, "transcripts and quotas", include_str!("../migrations/0048_transcripts_and_quotas.sql")),
    (49, "recording checksums", include_str!("../migrations/0049_recording_checksums.sql")),
    (50, "compliance", include_str!("../migrations/0050_compliance.sql")),
    (60, "open_recordings", include_str!("../migrations/0060_open_recordings.sql")),
    (90, "idempotency keys", include_str!("../migrations/0090_idempotency_keys.sql")),
];

/// Brings the schema to the newest version; answers how many versions were run.
pub(crate) async fn migrate(connection: &DatabaseConnection, now: Timestamp) -> Result<usize, StoreError> {
    let backend = connection.get_database_backend();
    connection
        .execute_unprepared(
            "CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, \
             applied_at BIGINT NOT NULL)",
        )
        .await
        .map_err(store_error)?;
    let mut count = 0;
    for (version, name, sql) in MIGRATIONS {
        let transaction = begin_write(connection).await.map_err(store_error)?;
        let note = Statement::from_sql_and_values(
            backend,
            "INSERT INTO schema_versions (version, name, applied_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            [(*version).into(), (*name).into(), now.micros().into()],
        );
        // The note comes first: its key is what two processes that start at once meet at.
        if transaction.execute_raw(note).await.map_err(store_error)?.rows_affected() == 0 {
            transaction.rollback().await.map_err(store_error)?;
            continue;
        }
        transaction.execute_unprepared(&render(backend, sql)).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        tracing::info!(version, name, "schema version applied");
        count += 1;
    }
    newer_than_us(connection).await?;
    Ok(count)
}

/// A database of a newer release is not touched.
async fn newer_than_us(connection: &DatabaseConnection) -> Result<(), StoreError> {
    let known = MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or(0);
    let newest = Statement::from_string(connection.get_database_backend(), "SELECT MAX(version) FROM schema_versions");
    let row = connection.query_one_raw(newest).await.map_err(store_error)?;
    let newest: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose().map_err(store_error)?.flatten();
    match newest {
        Some(newest) if newest > known => Err(StoreError::failed(format!(
            "the database has schema version {newest}, this program knows {known}: start a newer release"
        ))),
        _ => Ok(()),
    }
}
