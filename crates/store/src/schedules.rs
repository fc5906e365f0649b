//! Schedules: taken by a conditional UPDATE, so that of several workers one does each run.

use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use operations::{MissedRuns, Pace, Schedule, Schedules, StoreError, Turn};
use sea_orm::{ConnectionTrait as _, QueryResult, Value};

use crate::{
    Store,
    convert::{column, moment, number, parse},
    dialect::for_update_skip_locked,
    sql::{execute, query},
};

/// Longest error text kept, characters.
const ERROR_CHARS_MAX: usize = 1_000;

fn read(row: &QueryResult) -> Result<Schedule, StoreError> {
    let every: Option<i64> = column(row, "every_micros")?;
    let daily: Option<i64> = column(row, "daily_at_seconds")?;
    let pace = match (every, daily) {
        (Some(micros), None) => Pace::Every(Duration::from_micros(number(micros)?)),
        (None, Some(seconds)) => Pace::DailyAt(number(seconds)?),
        _ => return Err(StoreError::failed("a schedule needs one pace")),
    };
    Ok(Schedule {
        name: column(row, "name")?,
        pace,
        missed: parse(&column::<String>(row, "missed")?)?,
        next_run_at: Timestamp::from_micros(column(row, "next_run_at")?),
        leased_until: moment(column(row, "leased_until")?),
        last_run_at: moment(column(row, "last_run_at")?),
        last_error: column(row, "last_error")?,
    })
}

#[async_trait]
impl Schedules for Store {
    async fn register_schedule(&self, name: &str, pace: Pace, now: Timestamp) -> Result<(), StoreError> {
        let (every, daily) = match pace {
            Pace::Every(span) => (Some(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)), None),
            Pace::DailyAt(seconds) => (None, Some(i64::from(seconds))),
        };
        let sql = "INSERT INTO schedules (name, every_micros, daily_at_seconds, missed, next_run_at) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE SET every_micros = excluded.every_micros, \
                   daily_at_seconds = excluded.daily_at_seconds, missed = excluded.missed, next_run_at = \
                   CASE WHEN schedules.next_run_at < excluded.next_run_at THEN schedules.next_run_at \
                   ELSE excluded.next_run_at END";
        let values = vec![
            name.into(),
            every.into(),
            daily.into(),
            MissedRuns::RunOnce.as_str().into(),
            pace.next_after(now).micros().into(),
        ];
        self.run(sql, values).await
    }

    async fn take_run(&self, name: &str, now: Timestamp, lease: Duration) -> Result<Turn, StoreError> {
        // Most of the time it is not due: ask a reader before disturbing the writer.
        let sql = "SELECT next_run_at, leased_until FROM schedules WHERE name = $1";
        let rows = query(self.reader(), sql, [name.into()]).await?;
        let row = rows.first().ok_or(StoreError::NotFound("schedule"))?;
        let due = column::<i64>(row, "next_run_at")?.max(column::<Option<i64>>(row, "leased_until")?.unwrap_or(0));
        if due > now.micros() {
            return Ok(Turn::NotBefore(Timestamp::from_micros(due)));
        }
        let until = now.after(lease);
        let values: Vec<Value> = vec![until.micros().into(), now.micros().into(), name.into()];
        let taken = self
            .writer()
            .write(move |transaction| {
                Box::pin(async move {
                    // Nobody waits for a row here: two that hold each other's would wait for ever.
                    let sql = format!(
                        "UPDATE schedules SET leased_until = $1, last_run_at = $2 WHERE name IN (SELECT name FROM schedules \
                         WHERE name = $3 AND next_run_at <= $2 AND (leased_until IS NULL OR leased_until <= $2){})",
                        for_update_skip_locked(transaction.get_database_backend())
                    );
                    execute(transaction, &sql, values).await
                })
            })
            .await?;
        // Whoever was faster ends the run within the lease.
        Ok(if taken == 1 { Turn::Taken } else { Turn::NotBefore(until) })
    }

    async fn finish_run(
        &self,
        name: &str,
        began_at: Timestamp,
        next_run_at: Timestamp,
        error: Option<&str>,
    ) -> Result<bool, StoreError> {
        let error = error.map(|error| error.chars().take(ERROR_CHARS_MAX).collect::<String>());
        let sql = "UPDATE schedules SET leased_until = NULL, next_run_at = $1, last_error = $2 \
                   WHERE name = $3 AND last_run_at = $4";
        let values = vec![next_run_at.micros().into(), error.into(), name.into(), began_at.micros().into()];
        self.changed(sql, values).await
    }

    async fn list_schedules(&self) -> Result<Vec<Schedule>, StoreError> {
        let sql = "SELECT name, every_micros, daily_at_seconds, missed, next_run_at, leased_until, last_run_at, last_error \
                   FROM schedules ORDER BY name";
        query(self.reader(), sql, []).await?.iter().map(read).collect()
    }
}
