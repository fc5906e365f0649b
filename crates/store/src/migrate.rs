//! Schema versions: plain SQL, each run once, in order, in a transaction with the note that it ran.

use std::{collections::HashMap, path::Path};

use domain::Timestamp;
use operations::StoreError;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbErr, QueryResult, Statement};

use crate::{
    StoreConfig, connect,
    dialect::{begin_write, is_missing, options, render, store_error},
    row_security,
};

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
    (110, "schedules", include_str!("../migrations/0110_schedules.sql")),
    (120, "lists of calls", include_str!("../migrations/0120_lists_of_calls.sql")),
    (130, "single sign-on", include_str!("../migrations/0130_single_sign_on.sql")),
    (131, "presence of agents", include_str!("../migrations/0131_presence_of_agents.sql")),
    (132, "calls out over trunks", include_str!("../migrations/0132_calls_out_over_trunks.sql")),
    (133, "number look-ups", include_str!("../migrations/0133_number_lookups.sql")),
    (134, "budgets", include_str!("../migrations/0134_budgets.sql")),
    (135, "stir shaken", include_str!("../migrations/0135_stir_shaken.sql")),
    (142, "audit of calls", include_str!("../migrations/0142_audit_of_calls.sql")),
];

/// A version of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaVersion {
    /// Its number.
    pub version: i64,
    /// What it brings.
    pub name: &'static str,
    /// When it was applied to this database; `None` while it is to come.
    pub applied_at: Option<Timestamp>,
}

/// Every version this program knows, oldest first, and whether this database has it. Writes nothing, and makes no database.
pub async fn schema_versions(config: &StoreConfig) -> Result<Vec<SchemaVersion>, StoreError> {
    let known = |applied: &HashMap<i64, i64>| {
        let version = |(version, name, _): &(i64, &'static str, &str)| SchemaVersion {
            version: *version,
            name,
            applied_at: applied.get(version).copied().map(Timestamp::from_micros),
        };
        MIGRATIONS.iter().map(version).collect()
    };
    let Some(connection) = existing(config).await? else { return Ok(known(&HashMap::new())) };
    let noted =
        Statement::from_string(connection.get_database_backend(), "SELECT version, applied_at FROM schema_versions");
    // An empty database has no such table.
    let rows = connection.query_all_raw(noted).await.unwrap_or_default();
    let row = |row: &QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    let applied = rows.iter().map(row).collect::<Result<_, DbErr>>().map_err(store_error)?;
    Ok(known(&applied))
}

/// Brings the schema to `newest`, or to the newest version there is; answers the versions that were run.
pub async fn migrate_to(
    config: &StoreConfig,
    newest: Option<i64>,
    now: Timestamp,
) -> Result<Vec<SchemaVersion>, StoreError> {
    let connection = connect(options(config, 1)).await?;
    migrate(&connection, newest, now).await
}

/// As [`migrate_to`], on an open connection.
pub(crate) async fn migrate(
    connection: &DatabaseConnection,
    newest: Option<i64>,
    now: Timestamp,
) -> Result<Vec<SchemaVersion>, StoreError> {
    let backend = connection.get_database_backend();
    connection
        .execute_unprepared(
            "CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, \
             applied_at BIGINT NOT NULL)",
        )
        .await
        .map_err(store_error)?;
    newer_than_us(connection).await?;
    let mut ran = Vec::new();
    let wanted = |version: i64| newest.is_none_or(|newest| version <= newest);
    for (version, name, sql) in MIGRATIONS.iter().filter(|(version, ..)| wanted(*version)) {
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
        ran.push(SchemaVersion { version: *version, name, applied_at: Some(now) });
    }
    // An older schema is left as its release had it.
    if newest.is_none() {
        row_security::guard(connection).await?;
    }
    Ok(ran)
}

/// Connects where there is a database already.
pub(crate) async fn existing(config: &StoreConfig) -> Result<Option<DatabaseConnection>, StoreError> {
    let file = config.url.strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//"));
    if file.is_some_and(|file| !Path::new(file.split('?').next().unwrap_or(file)).exists()) {
        return Ok(None);
    }
    match Database::connect(options(config, 1)).await {
        Err(error) if is_missing(&error) => Ok(None),
        connected => connected.map(Some).map_err(store_error),
    }
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
