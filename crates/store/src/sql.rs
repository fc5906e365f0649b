//! Hand SQL for hot paths: many rows in one statement, in lengths that repeat so that prepared statements are found again.

use std::fmt::Write as _;

use operations::{Order, Side, StoreError, TenantScope};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};

use crate::dialect::{Parameter, store_error};

/// Most rows of one statement.
const ROWS_MAX: usize = 256;
/// Most parameters of one statement: under SQLite's 32,766 and PostgreSQL's 65,535.
const PARAMETERS_MAX: usize = 30_000;

/// Lengths a SQLite statement has: the next one up from the rows there are, filled up with rows of NULL that are passed over. A
/// handful of statements is found again among the prepared ones, and one instead of several costs one visit to SQLite's thread.
const PADDED_ROWS: [usize; 16] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, ROWS_MAX];

/// An INSERT of many rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Insert {
    /// `INSERT INTO table (a, b)`; the first column is never NULL.
    pub head: &'static str,
    /// Columns of a row.
    pub columns: usize,
    /// `ON CONFLICT ...`, `RETURNING ...`.
    pub tail: &'static str,
}

impl Insert {
    /// Inserts `values`, row by row; answers the rows written.
    pub async fn run(&self, to: &impl ConnectionTrait, values: Vec<Value>) -> Result<u64, StoreError> {
        let mut written = 0;
        for statement in self.statements(to, values) {
            written += to.execute_raw(statement).await.map_err(store_error)?.rows_affected();
        }
        Ok(written)
    }

    /// As [`Insert::run`], with what `RETURNING` answers.
    pub async fn returning(
        &self,
        to: &impl ConnectionTrait,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let mut rows = Vec::new();
        for statement in self.statements(to, values) {
            rows.extend(to.query_all_raw(statement).await.map_err(store_error)?);
        }
        Ok(rows)
    }

    fn statements(&self, to: &impl ConnectionTrait, mut values: Vec<Value>) -> Vec<Statement> {
        let backend = to.get_database_backend();
        let rows_max = (PARAMETERS_MAX / self.columns).min(ROWS_MAX);
        let mut statements = Vec::new();
        while !values.is_empty() {
            let rows = (values.len() / self.columns).min(rows_max);
            let rows = if backend == DbBackend::Sqlite { rows } else { previous_power_of_two(rows) };
            let rest = values.split_off(rows * self.columns);
            let sql = if backend == DbBackend::Sqlite {
                let padded = padded(rows).min(rows_max);
                values.resize(padded * self.columns, Value::Bytes(None));
                self.sql_padded(padded)
            } else {
                self.sql(rows)
            };
            statements.push(Statement::from_sql_and_values(backend, sql, values));
            values = rest;
        }
        statements
    }

    /// For PostgreSQL.
    fn sql(&self, rows: usize) -> String {
        let mut sql = self.begun(rows);
        sql.push_str(" VALUES ");
        push_rows(&mut sql, DbBackend::Postgres, rows, self.columns);
        sql.push(' ');
        sql.push_str(self.tail);
        sql
    }

    /// For SQLite: rows whose first column is NULL are passed over.
    fn sql_padded(&self, rows: usize) -> String {
        let mut sql = self.begun(rows);
        sql.push_str(" SELECT * FROM (VALUES ");
        push_rows(&mut sql, DbBackend::Sqlite, rows, self.columns);
        sql.push_str(") WHERE column1 IS NOT NULL ");
        sql.push_str(self.tail);
        sql
    }

    fn begun(&self, rows: usize) -> String {
        let mut sql = String::with_capacity(self.head.len() + self.tail.len() + rows * self.columns * 6 + 64);
        sql.push_str(self.head);
        sql
    }
}

fn push_rows(sql: &mut String, backend: DbBackend, rows: usize, columns: usize) {
    let mut parameter = 0;
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            parameter += 1;
            let _ = write!(sql, "{}{}", if column == 0 { "" } else { ", " }, Parameter(backend, parameter));
        }
        sql.push(')');
    }
}

/// A change of many rows: `{}` becomes `VALUES (...), (...)`, whose columns both databases call `column1`, `column2`, and so on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub sql: &'static str,
    /// Columns of a row.
    pub columns: usize,
}

impl Change {
    /// Runs it over `values`, row by row; answers the rows it touched.
    pub async fn run(&self, on: &impl ConnectionTrait, values: &[Value]) -> Result<u64, StoreError> {
        let backend = on.get_database_backend();
        let mut touched = 0;
        for chunk in values.chunks((PARAMETERS_MAX / self.columns).min(ROWS_MAX) * self.columns) {
            let rows = padded(chunk.len() / self.columns);
            let mut sql = String::from("VALUES ");
            push_rows(&mut sql, backend, rows, self.columns);
            let mut chunk = chunk.to_vec();
            // Filled up with its first row: what is done to a row twice is done once.
            while chunk.len() < rows * self.columns {
                chunk.extend_from_within(..self.columns);
            }
            let statement = Statement::from_sql_and_values(backend, self.sql.replace("{}", &sql), chunk);
            touched += on.execute_raw(statement).await.map_err(store_error)?.rows_affected();
        }
        Ok(touched)
    }
}

/// Runs `select`, whose `{}` becomes the list of keys, for any number of keys.
pub(crate) async fn select_in(
    from: &impl ConnectionTrait,
    select: &str,
    keys: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, StoreError> {
    let keys: Vec<Value> = keys.into_iter().collect();
    let mut rows = Vec::new();
    for chunk in keys.chunks(ROWS_MAX) {
        let mut values = chunk.to_vec();
        // Filled up with its last key, a list of any length is one of nine statements.
        if let Some(last) = chunk.last() {
            values.resize(chunk.len().next_power_of_two(), last.clone());
        }
        let backend = from.get_database_backend();
        let list = (1..=values.len()).map(|number| Parameter(backend, number).to_string()).collect::<Vec<_>>();
        let statement = Statement::from_sql_and_values(backend, select.replace("{}", &list.join(", ")), values);
        rows.extend(from.query_all_raw(statement).await.map_err(store_error)?);
    }
    Ok(rows)
}

/// A WHERE that grows, with its parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Where {
    pub sql: String,
    pub values: Vec<Value>,
}

impl Where {
    /// `?` in `condition` becomes the parameters, in order.
    pub fn and(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        if !self.sql.is_empty() {
            self.sql.push_str(" AND ");
        }
        let condition = self.take(condition, values);
        self.sql.push_str(&condition);
    }

    /// The same, where there is a value.
    pub fn and_some<T: Into<Value>>(&mut self, condition: &str, value: Option<T>) {
        if let Some(value) = value {
            self.and(condition, [value.into()]);
        }
    }

    /// Further conditions whose parameters come behind those there are, which move to it.
    pub fn behind(&mut self) -> Self {
        Self { sql: String::new(), values: std::mem::take(&mut self.values) }
    }

    /// Something for a call that passes, NULL for one that does not.
    pub fn as_case(&self) -> String {
        if self.sql.is_empty() { "1".to_owned() } else { format!("CASE WHEN {} THEN 1 END", self.sql) }
    }

    /// ` WHERE ...`, or nothing.
    pub fn as_where(&self) -> String {
        if self.sql.is_empty() { String::new() } else { format!(" WHERE {}", self.sql) }
    }

    /// `sql` with its `?` numbered behind the parameters there are, which get its own.
    pub fn take(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) -> String {
        let mut numbered = String::with_capacity(sql.len() + 8);
        let mut values = values.into_iter();
        for part in sql.split_inclusive('?') {
            match part.strip_suffix('?').zip(values.next()) {
                Some((text, value)) => {
                    self.values.push(value);
                    numbered.push_str(&format!("{text}${}", self.values.len()));
                }
                None => numbered.push_str(part),
            }
        }
        numbered
    }
}

/// What an order is in SQL, and how a row behind another compares with it.
pub(crate) const fn direction(order: Order) -> (&'static str, &'static str) {
    if order.falls { ("DESC", "<") } else { ("ASC", ">") }
}

/// ` AND publisher_id = $n` for a scope of one side, pushed with its value; nothing for a whole tenant.
pub(crate) fn and_side(scope: TenantScope, values: &mut Vec<Value>) -> String {
    let (column, id) = match scope.side() {
        Side::Whole => return String::new(),
        Side::Publisher(id) => ("publisher_id", id.0),
        Side::Buyer(id) => ("buyer_id", id.0),
    };
    values.push(id.into());
    format!(" AND {column} = ${}", values.len())
}

/// Runs one statement; answers the rows it touched.
pub(crate) async fn execute(
    on: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, StoreError> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, values);
    Ok(on.execute_raw(statement).await.map_err(store_error)?.rows_affected())
}

/// Runs one query.
pub(crate) async fn query(
    on: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, StoreError> {
    on.query_all_raw(Statement::from_sql_and_values(on.get_database_backend(), sql, values)).await.map_err(store_error)
}

fn previous_power_of_two(count: usize) -> usize {
    count.checked_ilog2().map_or(1, |log| 1 << log)
}

fn padded(rows: usize) -> usize {
    PADDED_ROWS.into_iter().find(|length| *length >= rows).unwrap_or(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_parameters_across_rows() {
        let insert = Insert { head: "INSERT INTO t (a, b)", columns: 2, tail: "ON CONFLICT DO NOTHING" };
        assert_eq!(insert.sql(2), "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING");
        assert_eq!(
            insert.sql_padded(2),
            "INSERT INTO t (a, b) SELECT * FROM (VALUES (?, ?), (?, ?)) WHERE column1 IS NOT NULL ON CONFLICT DO NOTHING"
        );
        assert_eq!([1, 2, 3, 4, 7, 256].map(previous_power_of_two), [1, 2, 2, 4, 4, 256]);
        assert_eq!([1, 5, 6, 13, 250, 256].map(padded), [1, 6, 6, 16, 256, 256]);
    }
}
