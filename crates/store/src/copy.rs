//! Everything of one database into another: table by table in the order of their references, batch by batch in the order of
//! their keys, and compared at the end. A copy that was cut off goes on behind the last key it wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use domain::Timestamp;
use operations::StoreError;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement, TryGetable, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    StoreConfig, connect,
    dialect::{Parameter, options, store_error},
    migrate::{existing, migrate, schema_versions},
};

/// Rows of a batch, unless said otherwise: one statement and one commit.
pub const COPY_ROWS: u32 = 500;
/// Of the migrations, not of the data.
const VERSIONS: &str = "schema_versions";
/// In the target while a copy is under way.
const MARK: &str = "copy_under_way";

/// Why a copy was not made, or not finished.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One of the databases.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is nothing to copy from.
    #[error("there is no database to copy from")]
    NoSource,
    /// The source is SQLite only, so far.
    #[error("a copy is made from sqlite: databases only")]
    Source,
    /// The source has an older schema.
    #[error("the source lacks {0} schema versions: run `hopwhistle migrate` on it first")]
    Behind(usize),
    /// The target holds data that is not of a copy.
    #[error("table {0} of the target has rows already: copy into an empty database")]
    NotEmpty(String),
    /// The two differ.
    #[error(
        "table {table} differs after the copy ({source_rows} rows here, {target_rows} there): stop what writes to either, empty the target and copy again"
    )]
    Differs {
        /// Which.
        table: String,
        /// Rows of the source.
        source_rows: u64,
        /// Rows of the target.
        target_rows: u64,
    },
    /// Whoever watches said to stop.
    #[error("stopped; the same command goes on from here")]
    Stopped,
}

/// How far a copy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// The table under way.
    pub table: String,
    /// True once it is compared instead of copied.
    pub is_comparing: bool,
    /// Rows done, of all tables; each is copied and compared, and counts twice.
    pub rows: u64,
    /// Rows to do.
    pub rows_total: u64,
}

/// A table: its columns with their types, and how many of them are its key, in order, first.
struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
    keys: usize,
    rows: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Uuid,
    Text,
    Integer,
    Boolean,
}

/// Copies all of `from` into `to`, which is made and migrated where needed and must be empty, unless an earlier copy was cut off.
/// `watch` is told after each batch and answers whether to go on. Answers tables and rows.
pub async fn copy(
    from: &StoreConfig,
    to: &StoreConfig,
    batch_rows: u32,
    now: Timestamp,
    mut watch: impl FnMut(&CopyProgress) -> bool,
) -> Result<(usize, u64), CopyError> {
    let source = existing(from).await?.ok_or(CopyError::NoSource)?;
    if source.get_database_backend() != DbBackend::Sqlite {
        return Err(CopyError::Source);
    }
    let behind = schema_versions(from).await?.iter().filter(|version| version.applied_at.is_none()).count();
    if behind > 0 {
        return Err(CopyError::Behind(behind));
    }
    let target = connect(options(to, 1)).await?;
    migrate(&target, None, now).await?;
    let tables = tables(&source).await?;
    begin(&target, &tables).await?;
    let total = tables.iter().map(|table| table.rows).sum::<u64>();
    let mut done = 0;
    let mut tell = |table: &Table, is_comparing, rows: u64| {
        done += rows;
        let progress =
            CopyProgress { table: table.name.clone(), is_comparing, rows: done, rows_total: total.saturating_mul(2) };
        if watch(&progress) { Ok(()) } else { Err(CopyError::Stopped) }
    };
    for table in &tables {
        let mut last = table.last_key(&target).await?;
        if last.is_some() {
            tell(table, false, table.count(&target).await?)?;
        }
        loop {
            let rows = table.page(&source, last.as_deref(), batch_rows).await?;
            let Some(end) = rows.last() else { break };
            last = Some(end[..table.keys].to_vec());
            let count = rows.len() as u64;
            table.insert(&target, rows).await?;
            tell(table, false, count)?;
        }
    }
    for table in &tables {
        let ours = table.digest(&source, batch_rows).await?;
        let theirs = table.digest(&target, batch_rows).await?;
        if ours != theirs {
            return Err(CopyError::Differs { table: table.name.clone(), source_rows: ours.0, target_rows: theirs.0 });
        }
        tell(table, true, ours.0)?;
    }
    target.execute_unprepared(&format!("DROP TABLE {MARK}")).await.map_err(store_error)?;
    Ok((tables.len(), total))
}

/// Marks the target as one that is being filled, or finds that it was.
async fn begin(target: &DatabaseConnection, tables: &[Table]) -> Result<(), CopyError> {
    if target.execute_unprepared(&format!("SELECT 1 FROM {MARK}")).await.is_ok() {
        return Ok(());
    }
    for table in tables {
        if table.last_key(target).await?.is_some() {
            return Err(CopyError::NotEmpty(table.name.clone()));
        }
    }
    let mark = format!("CREATE TABLE {MARK} (one BIGINT NOT NULL PRIMARY KEY)");
    target.execute_unprepared(&mark).await.map_err(store_error)?;
    Ok(())
}

/// Every table of a SQLite database, those that are referred to before those that refer.
async fn tables(source: &DatabaseConnection) -> Result<Vec<Table>, StoreError> {
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let (mut waiting, mut ordered) = (BTreeMap::new(), Vec::new());
    for row in read(source, names, Vec::new()).await? {
        let name: String = get(&row, 0)?;
        if name == VERSIONS {
            continue;
        }
        let referred = "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list($1)";
        let referred = read(source, referred, vec![name.clone().into()]).await?;
        let referred = referred.iter().map(|row| get(row, 0)).collect::<Result<BTreeSet<String>, _>>()?;
        waiting.insert(name.clone(), (describe(source, name).await?, referred));
    }
    while !waiting.is_empty() {
        let next = waiting
            .iter()
            .find(|(name, (_, referred))| referred.iter().all(|other| other == *name || !waiting.contains_key(other)));
        let Some(name) = next.map(|(name, _)| name.clone()) else {
            return Err(StoreError::failed("tables refer to each other in a circle"));
        };
        ordered.extend(waiting.remove(&name).map(|(table, _)| table));
    }
    Ok(ordered)
}

async fn describe(source: &DatabaseConnection, name: String) -> Result<Table, StoreError> {
    let sql = "SELECT name, type, pk FROM pragma_table_info($1) ORDER BY pk = 0, pk, cid";
    let mut columns = Vec::new();
    let mut keys = 0;
    for row in read(source, sql, vec![name.clone().into()]).await? {
        let (column, declared, place): (String, String, i64) = (get(&row, 0)?, get(&row, 1)?, get(&row, 2)?);
        let kind = match declared.as_str() {
            "BLOB" => Kind::Uuid,
            "TEXT" => Kind::Text,
            "BIGINT" => Kind::Integer,
            "BOOLEAN" => Kind::Boolean,
            other => return Err(StoreError::failed(format!("{name}.{column} has a type no copy knows: {other}"))),
        };
        keys += usize::from(place > 0);
        columns.push((column, kind));
    }
    if keys == 0 {
        return Err(StoreError::failed(format!("{name} has no primary key to go by")));
    }
    let mut table = Table { name, columns, keys, rows: 0 };
    table.rows = table.count(source).await?;
    Ok(table)
}

impl Table {
    async fn count(&self, on: &DatabaseConnection) -> Result<u64, StoreError> {
        let rows = read(on, &format!("SELECT COUNT(*) FROM {}", self.name), Vec::new()).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| get(row, 0))?;
        Ok(count.unsigned_abs())
    }

    /// The key in byte order, which both databases share.
    fn key(&self, backend: DbBackend, direction: &str) -> String {
        let byte_order = |(name, kind): &(String, Kind)| match (backend, kind) {
            (DbBackend::Postgres, Kind::Text) => format!("{name} COLLATE \"C\" {direction}"),
            _ => format!("{name} {direction}"),
        };
        self.columns[..self.keys].iter().map(byte_order).collect::<Vec<_>>().join(", ")
    }

    async fn last_key(&self, on: &DatabaseConnection) -> Result<Option<Vec<Value>>, StoreError> {
        let backend = on.get_database_backend();
        let names: Vec<&str> = self.columns[..self.keys].iter().map(|(name, _)| name.as_str()).collect();
        let sql =
            format!("SELECT {} FROM {} ORDER BY {} LIMIT 1", names.join(", "), self.name, self.key(backend, "DESC"));
        let rows = read(on, &sql, Vec::new()).await?;
        rows.first().map(|row| values(row, &self.columns[..self.keys])).transpose()
    }

    /// The rows behind a key, in its order.
    async fn page(
        &self,
        on: &DatabaseConnection,
        after: Option<&[Value]>,
        rows_max: u32,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        let backend = on.get_database_backend();
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let mut sql = format!("SELECT {} FROM {}", names.join(", "), self.name);
        if let Some(after) = after {
            let places: Vec<String> = (1..=after.len()).map(|place| format!("${place}")).collect();
            let _ = write!(sql, " WHERE ({}) > ({})", self.key(backend, ""), places.join(", "));
        }
        let _ = write!(sql, " ORDER BY {} LIMIT {rows_max}", self.key(backend, ""));
        let rows = read(on, &sql, after.unwrap_or_default().to_vec()).await?;
        rows.iter().map(|row| values(row, &self.columns)).collect()
    }

    async fn insert(&self, on: &DatabaseConnection, rows: Vec<Vec<Value>>) -> Result<(), StoreError> {
        let backend = on.get_database_backend();
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let mut sql = format!("INSERT INTO {} ({}) VALUES ", self.name, names.join(", "));
        let mut place = 0;
        for row in 0..rows.len() {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..names.len() {
                place += 1;
                let _ = write!(sql, "{}{}", if column == 0 { "" } else { ", " }, Parameter(backend, place));
            }
            sql.push(')');
        }
        let statement = Statement::from_sql_and_values(backend, sql, rows.into_iter().flatten());
        let refused = |error| StoreError::failed(format!("table {}: {}", self.name, store_error(error)));
        on.execute_raw(statement).await.map(drop).map_err(refused)
    }

    /// How many rows there are, and a hash of all of them in order.
    async fn digest(&self, on: &DatabaseConnection, rows_max: u32) -> Result<(u64, [u8; 32]), StoreError> {
        let (mut hash, mut count, mut last) = (Sha256::new(), 0, None::<Vec<Value>>);
        loop {
            let rows = self.page(on, last.as_deref(), rows_max).await?;
            let Some(end) = rows.last() else { return Ok((count, hash.finalize().into())) };
            last = Some(end[..self.keys].to_vec());
            count += rows.len() as u64;
            for value in rows.iter().flatten() {
                // The text of a value with its type and an end that no text holds.
                hash.update(format!("{value:?}"));
                hash.update([0]);
            }
        }
    }
}

fn values(row: &QueryResult, columns: &[(String, Kind)]) -> Result<Vec<Value>, StoreError> {
    let value = |(place, (_, kind)): (usize, &(String, Kind))| {
        Ok(match kind {
            Kind::Uuid => get::<Option<Uuid>>(row, place)?.into(),
            Kind::Text => get::<Option<String>>(row, place)?.into(),
            Kind::Integer => get::<Option<i64>>(row, place)?.into(),
            Kind::Boolean => get::<Option<bool>>(row, place)?.into(),
        })
    };
    columns.iter().enumerate().map(value).collect()
}

fn get<T: TryGetable>(row: &QueryResult, place: usize) -> Result<T, StoreError> {
    row.try_get_by_index(place).map_err(store_error)
}

async fn read(on: &DatabaseConnection, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, StoreError> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, values);
    on.query_all_raw(statement).await.map_err(store_error)
}
