//! Everything that differs between SQLite and PostgreSQL.

use std::{fmt, str::FromStr as _, time::Duration};

use operations::StoreError;
use sea_orm::{
    ConnectOptions, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
    sqlx::{
        self, Connection as _, PgConnection,
        postgres::PgConnectOptions,
        sqlite::{SqliteJournalMode, SqliteSynchronous},
    },
};

use crate::{StoreConfig, row_security};

/// How long a connection waits for a lock another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the writer waits for its connection before the database counts as away. A call waits for its events that long, so it is well
/// below what a caller bears; connecting over TLS to another site takes a tenth of it.
const WRITER_CONNECTS_WITHIN: Duration = Duration::from_secs(2);
/// How long a reader waits for a free connection.
const READER_WAITS: Duration = Duration::from_secs(5);
/// Prepared statements kept by a connection: multi-row statements come in powers of two.
const STATEMENTS_CACHED: usize = 256;
/// The write-ahead log is cut to this size, bytes, after a checkpoint.
const WAL_BYTES_KEPT: &str = "67108864";
/// What every PostgreSQL server has, to connect to while another database is made.
const MAINTENANCE_DATABASE: &str = "postgres";
/// Page cache of a connection, in negative KiB as the pragma has it.
const CACHE_SIZE: &str = "-16384";

/// Turns `@uuid`, `@clustered`, `@bytes` and `@json(column:member)` of a migration into the dialect's words.
pub(crate) fn render(backend: DbBackend, sql: &str) -> String {
    let (uuid, clustered, bytes) = match backend {
        DbBackend::Sqlite => ("BLOB", "WITHOUT ROWID", ""),
        _ => ("UUID", "", "COLLATE \"C\""),
    };
    members(backend, &sql.replace("@uuid", uuid).replace("@clustered", clustered).replace("@bytes", bytes))
}

/// Turns `@json(column:member)` into what reads a text member out of a column of JSON text, and `@json(column:outer.inner)` into what
/// reads one of a member's members.
fn members(backend: DbBackend, sql: &str) -> String {
    let mut parts = sql.split("@json(");
    let mut rendered = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let Some(((column, member), rest)) =
            part.split_once(')').and_then(|(inside, rest)| Some((inside.split_once(':')?, rest)))
        else {
            rendered.push_str(part);
            continue;
        };
        rendered.push_str(&match backend {
            DbBackend::Sqlite => format!("json_extract({column}, '$.{member}')"),
            _ if member.contains('.') => format!("({column}::jsonb #>> '{{{}}}')", member.replace('.', ",")),
            _ => format!("({column}::jsonb ->> '{member}')"),
        });
        rendered.push_str(rest);
    }
    rendered
}

/// The placeholder of the parameter with this number, from 1, of a statement that has them in order. In SQLite `$1` is a name, and
/// binding a statement of a thousand names looks each one up among all: 40 % of the store's time before this.
pub(crate) struct Parameter(pub DbBackend, pub usize);

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == DbBackend::Sqlite { f.write_str("?") } else { write!(f, "${}", self.1) }
    }
}

/// Locks the rows a SELECT reads until the transaction ends. SQLite's writer is alone anyway.
pub(crate) fn for_update(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Sqlite { "" } else { " FOR UPDATE" }
}

/// As [`for_update`], passing over rows another worker holds.
pub(crate) fn for_update_skip_locked(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Sqlite { "" } else { " FOR UPDATE SKIP LOCKED" }
}

/// A text compared byte by byte, as an index with `@bytes` has it. SQLite compares no other way.
pub(crate) fn by_bytes(backend: DbBackend, text: &str) -> String {
    if backend == DbBackend::Sqlite { text.to_owned() } else { format!("{text} COLLATE \"C\"") }
}

/// A column that SQLite chooses no index by. PostgreSQL knows from its statistics which one to choose.
pub(crate) fn unindexed(backend: DbBackend, column: &str) -> String {
    if backend == DbBackend::Sqlite { format!("+{column}") } else { column.to_owned() }
}

/// A table read through this index. SQLite does not know how few rows a partial index holds.
pub(crate) fn from_index(backend: DbBackend, table: &str, index: &str) -> String {
    if backend == DbBackend::Sqlite { format!("{table} INDEXED BY {index}") } else { table.to_owned() }
}

/// A sum of BIGINT as BIGINT: PostgreSQL makes NUMERIC of it.
pub(crate) fn sum(column: &str) -> String {
    format!("CAST(COALESCE(SUM({column}), 0) AS BIGINT)")
}

/// Begins a transaction that will write: with SQLite it takes the write lock at once, so it cannot fail half-way.
pub(crate) async fn begin_write(connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: (connection.get_database_backend() == DbBackend::Sqlite)
            .then_some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    connection.begin_with_options(options).await
}

/// The writer is one.
pub(crate) const WRITERS: u32 = 1;

/// How to connect: `connections` of them.
pub(crate) fn options(config: &StoreConfig, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(config.url.clone());
    let synchronous = if config.survive_power_cut { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(if connections == WRITERS { WRITER_CONNECTS_WITHIN } else { READER_WAITS })
        .sqlx_logging(false)
        .test_before_acquire(false)
        // PostgreSQL takes ten times as long to compile most of our statements as to run them.
        .map_sqlx_postgres_opts(|postgres| {
            postgres.options([(row_security::SETTING, row_security::PLATFORM), ("jit", "off")])
        })
        .map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(synchronous)
                .foreign_keys(true)
                .busy_timeout(BUSY_TIMEOUT)
                .statement_cache_capacity(STATEMENTS_CACHED)
                .pragma("journal_size_limit", WAL_BYTES_KEPT)
                .pragma("cache_size", CACHE_SIZE)
                .pragma("temp_store", "memory")
        });
    options
}

/// PostgreSQL's server is there and the database is not (appendix A, 3D000).
pub(crate) fn is_missing(error: &DbErr) -> bool {
    let DbErr::Conn(RuntimeErr::SqlxError(error)) = error else { return false };
    matches!(error.as_ref(), sqlx::Error::Database(database) if database.code().is_some_and(|code| code == "3D000"))
}

/// Makes the database a PostgreSQL URL names. Somebody else may make it at the same moment.
pub(crate) async fn create_database(url: &str) -> Result<(), StoreError> {
    let failed =
        |error: sqlx::Error| StoreError::failed(format!("the database is not there and could not be made: {error}"));
    let options = PgConnectOptions::from_str(url).map_err(failed)?;
    let name = options.get_database().unwrap_or_default().replace('"', "\"\"");
    let mut connection = PgConnection::connect_with(&options.database(MAINTENANCE_DATABASE)).await.map_err(failed)?;
    let created =
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE \"{name}\""))).execute(&mut connection).await;
    match created {
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code == "42P04" || code == "23505") => {
            Ok(())
        }
        created => created.map(|_| tracing::info!(name, "database made")).map_err(failed),
    }
}

/// Tells a store that is away from one that refuses.
pub(crate) fn store_error(error: DbErr) -> StoreError {
    if is_away(&error) {
        return StoreError::Unavailable(error.to_string());
    }
    StoreError::Failed(Box::new(error))
}

fn is_away(error: &DbErr) -> bool {
    match error {
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            match error.as_ref() {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => true,
                sqlx::Error::Database(database) => database.code().is_some_and(|code| code_is_away(&code)),
                _ => false,
            }
        }
        _ => false,
    }
}

/// SQLite (sqlite.org/rescode.html): busy, locked, read-only, I/O, full, cannot open, by the low byte. PostgreSQL (appendix A):
/// connection, resources, operator intervention, read-only transaction.
fn code_is_away(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "53", "57", "25006"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_of_json_is_read_by_either_database() {
        let sql = "SET a = @json(metadata:introAudio), b = @json(m:x) WHERE c @uuid";
        let lite = "SET a = json_extract(metadata, '$.introAudio'), b = json_extract(m, '$.x') WHERE c BLOB";
        assert_eq!(render(DbBackend::Sqlite, sql), lite);
        let postgres = "SET a = (metadata::jsonb ->> 'introAudio'), b = (m::jsonb ->> 'x') WHERE c UUID";
        assert_eq!(render(DbBackend::Postgres, sql), postgres);
        assert_eq!(render(DbBackend::Sqlite, "@json(c:a.b)"), "json_extract(c, '$.a.b')");
        assert_eq!(render(DbBackend::Postgres, "@json(c:a.b)"), "(c::jsonb #>> '{a,b}')");
    }
}
