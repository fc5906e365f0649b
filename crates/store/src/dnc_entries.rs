//! Entries of do-not-call lists: millions of them, so in hand SQL.

use std::collections::HashSet;

use async_trait::async_trait;
use compliance::Digits;
use domain::{DncListId, TenantId, Timestamp};
use operations::{
    DncChange, DncEntries, DncEntry, DncList, Entity, NewDncEntry, Page, PageRequest, PageStart, StoreError,
    TenantScope, Total,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Value};

use crate::{
    Store,
    convert::{column, number, stored},
    dialect::for_update,
    directory::compliance_changed,
    sql::{Insert, direction, execute, query},
};

/// Who is on the list already stays as it was put there; who was taken off comes back.
const ENTRIES: Insert = Insert {
    head: "INSERT INTO dnc_list_entries (list_id, number, tenant_id, version, removed, reason, source, created_at)",
    columns: 8,
    tail: "ON CONFLICT (list_id, number) DO UPDATE SET removed = excluded.removed, version = excluded.version, \
           reason = excluded.reason, source = excluded.source, created_at = excluded.created_at \
           WHERE dnc_list_entries.removed",
};
/// Most digits of a number.
const DIGITS_MAX: u32 = 15;

#[async_trait]
impl DncEntries for Store {
    async fn add_dnc_entries(
        &self,
        scope: TenantScope,
        list: DncListId,
        entries: Vec<NewDncEntry>,
        now: Timestamp,
    ) -> Result<DncChange, StoreError> {
        let tenant = scope.tenant();
        self.writer().write_for(scope, move |transaction| Box::pin(add(transaction, tenant, list, entries, now))).await
    }

    async fn remove_dnc_entries(
        &self,
        scope: TenantScope,
        list: DncListId,
        numbers: Vec<Digits>,
        now: Timestamp,
    ) -> Result<DncChange, StoreError> {
        let tenant = scope.tenant();
        self.writer()
            .write_for(scope, move |transaction| Box::pin(remove(transaction, tenant, list, numbers, now)))
            .await
    }

    async fn list_dnc_entries(
        &self,
        scope: TenantScope,
        list: DncListId,
        prefix: Option<u64>,
        page: &PageRequest,
    ) -> Result<Page<DncEntry>, StoreError> {
        let sql = "SELECT entry_count FROM dnc_lists WHERE tenant_id = $1 AND id = $2";
        let rows = query(&self.scoped(scope).await?, sql, [scope.tenant().0.into(), list.0.into()]).await?;
        let Some(row) = rows.first() else { return Err(StoreError::NotFound(DncList::NAME)) };
        let count: i64 = column(row, "entry_count")?;
        let order = page.order_of::<DncEntry>();
        let (word, _) = direction(order);
        // Bounds of what is behind the cursor, both outside.
        let (mut after, mut before) = (0, u64::MAX);
        let (mut skip, total) = match &page.from {
            PageStart::Number(at) => {
                let skip = u64::from(at.saturating_sub(1)).saturating_mul(u64::from(page.limit));
                (skip, prefix.is_none().then(|| Total::known(count.max(0).unsigned_abs())))
            }
            PageStart::Cursor(text) => {
                let last = text.parse::<u64>().ok().filter(|last| *last <= i64::MAX as u64);
                let last = last.ok_or(StoreError::Cursor)?;
                if order.falls {
                    before = last
                } else {
                    after = last
                }
                (0, None)
            }
        };
        // Numbers that begin with the same digits are one range for each length, and longer ones are greater: range after range
        // until the page is full, each of them a walk along the key.
        let wanted = u64::from(page.limit) + 1;
        let mut found = Vec::new();
        let mut ranges: Vec<(u64, u64)> = ranges(prefix).into_iter().collect();
        if order.falls {
            ranges.reverse();
        }
        for (from, to) in ranges {
            let open = wanted - found.len() as u64;
            let (from, to) = (from.max(after + 1), to.min(before.saturating_sub(1)));
            if open == 0 || from > to {
                continue;
            }
            if skip > 0 {
                let held = self.count_entries(scope, list, (from, to)).await?;
                if held <= skip {
                    skip -= held;
                    continue;
                }
            }
            let sql = format!(
                "SELECT number, reason, source, created_at FROM dnc_list_entries WHERE list_id = $1 \
                 AND number >= $2 AND number <= $3 AND tenant_id = $4 AND NOT removed ORDER BY number {word} LIMIT $5 OFFSET $6"
            );
            let values: Vec<Value> = vec![
                list.0.into(),
                stored(from).into(),
                stored(to).into(),
                scope.tenant().0.into(),
                stored(open).into(),
                stored(skip).into(),
            ];
            skip = 0;
            for row in query(&self.scoped(scope).await?, &sql, values).await? {
                found.push(entry(&row)?);
            }
        }
        let more = found.len() > page.limit as usize;
        found.truncate(page.limit as usize);
        let next = found.last().filter(|_| more).map(|last: &DncEntry| last.number.get().to_string());
        Ok(Page { items: found, total, next })
    }

    async fn purge_dnc_entries(&self, scope: TenantScope, list: DncListId, count_max: u32) -> Result<u64, StoreError> {
        let tenant = scope.tenant();
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    let sql = "DELETE FROM dnc_list_entries WHERE list_id = $1 AND tenant_id = $2 AND number IN \
                               (SELECT number FROM dnc_list_entries WHERE list_id = $1 ORDER BY number LIMIT $3)";
                    execute(transaction, sql, [list.0.into(), tenant.0.into(), i64::from(count_max).into()]).await
                })
            })
            .await
    }
}

impl Store {
    async fn count_entries(
        &self,
        scope: TenantScope,
        list: DncListId,
        (from, to): (u64, u64),
    ) -> Result<u64, StoreError> {
        let sql = "SELECT COUNT(*) AS held FROM dnc_list_entries \
                   WHERE list_id = $1 AND number >= $2 AND number <= $3 AND tenant_id = $4 AND NOT removed";
        let values: [Value; 4] = [list.0.into(), stored(from).into(), stored(to).into(), scope.tenant().0.into()];
        let rows = query(&self.scoped(scope).await?, sql, values).await?;
        rows.first().map_or(Ok(0), |row| number(column(row, "held")?))
    }
}

/// Where numbers with these first digits are.
fn ranges(prefix: Option<u64>) -> Vec<(u64, u64)> {
    let Some(prefix) = prefix.filter(|prefix| *prefix > 0) else { return vec![(1, 10_u64.pow(DIGITS_MAX) - 1)] };
    let length = prefix.ilog10() + 1;
    let widths = (0..=DIGITS_MAX.saturating_sub(length)).map(|more| 10_u64.pow(more));
    widths.map(|width| (prefix.saturating_mul(width), prefix.saturating_add(1).saturating_mul(width) - 1)).collect()
}

fn entry(row: &QueryResult) -> Result<DncEntry, StoreError> {
    Ok(DncEntry {
        number: digits(row)?,
        reason: column(row, "reason")?,
        source: column(row, "source")?,
        created_at: Timestamp::from_micros(column(row, "created_at")?),
    })
}

pub(crate) fn digits(row: &QueryResult) -> Result<Digits, StoreError> {
    let stored: i64 = column(row, "number")?;
    Digits::from_stored(stored).ok_or_else(|| StoreError::failed(format!("{stored} is no telephone number")))
}

/// The list's version, with the list locked until the end of the transaction.
async fn locked(transaction: &DatabaseTransaction, tenant: TenantId, list: DncListId) -> Result<i64, StoreError> {
    let lock = for_update(transaction.get_database_backend());
    let sql = format!("SELECT version FROM dnc_lists WHERE tenant_id = $1 AND id = $2{lock}");
    let rows = query(transaction, &sql, [tenant.0.into(), list.0.into()]).await?;
    rows.first().map_or(Err(StoreError::NotFound(DncList::NAME)), |row| column(row, "version"))
}

async fn add(
    transaction: &DatabaseTransaction,
    tenant: TenantId,
    list: DncListId,
    entries: Vec<NewDncEntry>,
    now: Timestamp,
) -> Result<DncChange, StoreError> {
    let version = locked(transaction, tenant, list).await?;
    let mut seen = HashSet::with_capacity(entries.len());
    let mut values: Vec<Value> = Vec::with_capacity(entries.len() * ENTRIES.columns);
    for entry in entries {
        // One statement must not touch a row twice.
        if !seen.insert(entry.number) {
            continue;
        }
        values.extend([
            list.0.into(),
            entry.number.stored().into(),
            tenant.0.into(),
            (version + 1).into(),
            false.into(),
            entry.reason.into(),
            entry.source.into(),
            now.micros().into(),
        ]);
    }
    let changed = ENTRIES.run(transaction, values).await?;
    counted(transaction, tenant, list, version, (changed, false), now).await
}

async fn remove(
    transaction: &DatabaseTransaction,
    tenant: TenantId,
    list: DncListId,
    numbers: Vec<Digits>,
    now: Timestamp,
) -> Result<DncChange, StoreError> {
    let version = locked(transaction, tenant, list).await?;
    let mut changed = 0;
    for number in numbers {
        let sql = "UPDATE dnc_list_entries SET removed = $1, version = $2 \
                   WHERE list_id = $3 AND number = $4 AND tenant_id = $5 AND NOT removed";
        let values: [Value; 5] =
            [true.into(), (version + 1).into(), list.0.into(), number.stored().into(), tenant.0.into()];
        changed += execute(transaction, sql, values).await?;
    }
    counted(transaction, tenant, list, version, (changed, true), now).await
}

/// Counts the change in the list's row; without one the version stays.
async fn counted(
    transaction: &DatabaseTransaction,
    tenant: TenantId,
    list: DncListId,
    version: i64,
    (changed, removed): (u64, bool),
    now: Timestamp,
) -> Result<DncChange, StoreError> {
    if changed == 0 {
        return Ok(DncChange { changed, version: number(version)? });
    }
    let difference = if removed { -stored(changed) } else { stored(changed) };
    // The mark moves though time stands still: who saves the list with an older one is told.
    let sql = "UPDATE dnc_lists SET version = version + 1, entry_count = entry_count + $1, \
               updated_at = CASE WHEN updated_at >= $2 THEN updated_at + 1 ELSE $2 END WHERE tenant_id = $3 AND id = $4";
    let values: [Value; 4] = [difference.into(), now.micros().into(), tenant.0.into(), list.0.into()];
    execute(transaction, sql, values).await?;
    compliance_changed(transaction, tenant).await?;
    Ok(DncChange { changed, version: number(version + 1)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_digits_are_a_range_for_each_length() {
        let found = ranges(Some(1_212));
        assert_eq!(found.len(), 12);
        assert_eq!((found[0], found[7]), ((1_212, 1_212), (12_120_000_000, 12_129_999_999)));
        assert_eq!(ranges(None), vec![(1, 999_999_999_999_999)]);
        assert_eq!(ranges(Some(999_999_999_999_999)), vec![(999_999_999_999_999, 999_999_999_999_999)]);
    }
}
