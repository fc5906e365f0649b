//! How many calls a list has, without looking at every one.
//!
//! What one index knows is counted to the end or [`TOTAL_MAX`]. Where several filters have an index, these are laid side by side: being in the
//! same order, that is one walk along each without a visit to a call, and finds the page as well. Else the newest calls of the sparsest
//! filter are looked at. Either goes only so far: where that is not all, there are so many at least.

use operations::{CallRow, PageRequest, StoreError, TOTAL_MAX, Total};
use sea_orm::{ConnectionTrait, DbBackend, Value};
use uuid::Uuid;

use super::{
    list::skipped,
    narrow::{Narrowed, Set},
};
use crate::{
    convert::{column, stored},
    dialect::{from_index, store_error, unindexed},
    sql::{Where, direction, query},
};

/// Calls of the sparsest index that others are laid beside, at most: some 10 ms.
pub(super) const MERGED_MAX: u64 = 20_000;
/// Calls of one index looked at, at most; they lie apart, and take 15 to 20 ms of a database that has them in memory.
pub(super) const LOOKED_MAX: u64 = 4_000;
/// Calls looked at by age, at most; they lie together.
pub(super) const LOOKED_BY_AGE_MAX: u64 = 30_000;
/// An index is laid beside a sparser one unless it is so many times as dense.
const DENSER_MAX: i64 = 8;

/// What the sets hold.
#[derive(Clone, Copy)]
pub(super) struct Found {
    /// The place of a set that holds few calls.
    pub few: Option<usize>,
    /// Calls of it, or of the last one, as far as they were counted.
    pub calls: u64,
}

/// What counting found.
#[derive(Default)]
pub(super) struct Counted {
    pub total: Option<Total>,
    /// The first calls of the list, to the end of the page and one more, where counting came by them.
    pub ids: Option<Vec<Value>>,
}

/// The newest calls of one filter.
struct Reach {
    place: usize,
    /// Up to [`LOOKED_MAX`].
    calls: i64,
    /// From the first to the last of them, in microseconds.
    span: i64,
}

impl Narrowed {
    /// Whether a set is all there is to a list.
    pub fn is_alone(&self) -> bool {
        self.sets.len() == 1 && !self.has_rest(0) && self.equal.is_empty() && self.period.is_empty()
    }

    /// Whether anything but columns and a period is asked for, `sets` aside.
    fn has_rest(&self, sets: usize) -> bool {
        self.live.is_some() || self.statuses.len() > 1 || sets > 0
    }

    pub async fn count(
        &self,
        reader: &impl ConnectionTrait,
        found: Found,
        page: &PageRequest,
    ) -> Result<Counted, StoreError> {
        if self.is_alone() {
            return Ok(Counted::of(Total::counted(found.calls)));
        }
        if let Some(few) = found.few.and_then(|few| self.sets.get(few)) {
            return looked(reader, self.looking_at_few(few, page), LOOKED_MAX).await.map(Counted::of);
        }
        let several = self.has_rest(self.sets.len()) && !self.equal.is_empty();
        if self.live == Some(true) || !several && self.equal.len() <= 1 && self.sets.is_empty() {
            return self.count_all(reader).await;
        }
        let mut reaches = Vec::with_capacity(self.equal.len());
        for place in 0..self.equal.len() {
            reaches.push(self.reach(reader, place, page).await?);
        }
        let Some(sparsest) = reaches.iter().max_by_key(|reach| reach.length()) else {
            return looked(reader, self.looking(None, page), LOOKED_BY_AGE_MAX).await.map(Counted::of);
        };
        let is_dense = |reach: &Reach| reach.span.saturating_mul(DENSER_MAX) < sparsest.span;
        if self.has_rest(self.sets.len()) || sparsest.is_whole() || reaches.iter().any(is_dense) {
            return looked(reader, self.looking(Some(sparsest.place), page), LOOKED_MAX).await.map(Counted::of);
        }
        let (ids, total) = merged(reader, self.merging(sparsest.place, Some(MERGED_MAX), page)).await?;
        if total > skipped(page).saturating_add(u64::from(page.limit)) {
            return Ok(Counted { total: Some(Total::at_least(total)), ids: Some(ids) });
        }
        let (ids, total) = merged(reader, self.merging(sparsest.place, None, page)).await?;
        Ok(Counted { total: Some(Total::counted(total)), ids: Some(ids) })
    }

    async fn count_all(&self, reader: &impl ConnectionTrait) -> Result<Counted, StoreError> {
        let Where { sql, values } = self.counting();
        let rows = query(reader, &sql, values).await?;
        rows.first().map_or(Ok(0), |row| column(row, "total")).map(|total| Counted::of(Total::of(total)))
    }

    /// All of them, up to [`TOTAL_MAX`].
    pub fn counting(&self) -> Where {
        let mut whole = self.plain();
        self.and_statuses(&mut whole, false);
        self.and_sets(&mut whole, None);
        whole.sql = format!(
            "SELECT COUNT(*) AS total FROM (SELECT 1 FROM calls WHERE {} LIMIT {TOTAL_MAX}) counted",
            whole.sql
        );
        whole
    }

    async fn reach(
        &self,
        reader: &impl ConnectionTrait,
        place: usize,
        page: &PageRequest,
    ) -> Result<Reach, StoreError> {
        let Where { sql, values } = self.reaching(place, page);
        let rows = query(reader, &sql, values).await?;
        let Some(row) = rows.first() else { return Ok(Reach { place, calls: 0, span: 0 }) };
        let time = |name| Ok::<_, StoreError>(column::<Option<i64>>(row, name)?.unwrap_or(0));
        Ok(Reach { place, calls: column(row, "calls")?, span: time("newest")?.saturating_sub(time("oldest")?) })
    }

    /// How far the newest of one filter go back.
    pub fn reaching(&self, place: usize, page: &PageRequest) -> Where {
        let mut whole = Where::default();
        let newest = self.newest(&mut whole, Some(place), "started_at", LOOKED_MAX, page);
        whole.sql = format!(
            "SELECT COUNT(*) AS calls, MIN(started_at) AS oldest, MAX(started_at) AS newest FROM ({newest}) newest"
        );
        whole
    }

    /// How many of the newest of one filter, or of all calls, pass the others.
    pub fn looking(&self, known: Option<usize>, page: &PageRequest) -> Where {
        const COLUMNS: &str =
            "id, direction, campaign_id, publisher_id, buyer_id, number_id, status, ended_at, from_number, to_number";
        let mut whole = Where::default();
        let most = if known.is_some() { LOOKED_MAX } else { LOOKED_BY_AGE_MAX };
        let newest = self.newest(&mut whole, known, COLUMNS, most, page);
        let mut rest = whole.behind();
        self.and_plain(&mut rest, known);
        self.and_statuses(&mut rest, false);
        self.and_sets(&mut rest, None);
        rest.sql = format!("SELECT COUNT(*) AS looked, COUNT({}) AS total FROM ({newest}) newest", rest.as_case());
        rest
    }

    /// The same of a set that holds few.
    pub fn looking_at_few(&self, few: &Set, page: &PageRequest) -> Where {
        let (order, _) = direction(page.order_of::<CallRow>());
        let mut whole = Where::default();
        let ids = whole.take(&few.ids, few.values.clone());
        let mut dated = whole.behind();
        let mut sorted = String::new();
        if few.is_dated {
            self.and_period(&mut dated, &unindexed(self.backend, "call_at"));
            sorted = format!(" ORDER BY call_at {order}, call_id {order}");
        }
        let within = dated.as_where();
        whole.values = dated.values;
        let mut rest = whole.behind();
        self.and_rest_of_few(&mut rest, few);
        // This order of the two is what SQLite keeps to.
        rest.sql = format!(
            "SELECT COUNT(*) AS looked, COUNT({}) AS total FROM (SELECT call_id FROM ({ids}) ids{within}{sorted} LIMIT {LOOKED_MAX}) few \
             CROSS JOIN calls WHERE id = call_id",
            rest.as_case()
        );
        rest
    }

    /// What calls of a set have to be besides.
    pub fn and_rest_of_few(&self, whole: &mut Where, few: &Set) {
        let known = self.sets.iter().position(|set| std::ptr::eq(set, few));
        self.and_within(whole);
        self.and_plain(whole, None);
        self.and_statuses(whole, false);
        self.and_sets(whole, known);
    }

    /// Ids of calls that are in the index of every filter, in the list's order until the page's end, and how many there are among the first
    /// `most` of the sparsest.
    pub fn merging(&self, sparsest: usize, most: Option<u64>, page: &PageRequest) -> Where {
        let (order, _) = direction(page.order_of::<CallRow>());
        let sorted = format!("ORDER BY started_at {order}, id {order}");
        let mut whole = Where::default();
        let first = self.indexed(&mut whole, sparsest, "started_at, id");
        let bound = most.map(|most| format!(" {sorted} LIMIT {most}")).unwrap_or_default();
        // This order is what SQLite keeps to.
        let mut from = format!("({first}{bound}) sparsest");
        let mut merged = Vec::new();
        for place in (0..self.equal.len()).filter(|place| *place != sparsest) {
            let other = self.indexed(&mut whole, place, &format!("started_at AS at{place}, id AS id{place}"));
            from.push_str(&format!(" CROSS JOIN ({other}) also{place}"));
            merged.push(format!("at{place} = started_at AND id{place} = id"));
        }
        let merged = merged.join(" AND ");
        let end = skipped(page).saturating_add(u64::from(page.limit)).saturating_add(1);
        let end = whole.take("?", [stored(end).into()]);
        whole.sql = format!(
            "SELECT id, COUNT(*) OVER () AS total FROM (SELECT id, started_at FROM {from} WHERE {merged} {sorted} LIMIT {TOTAL_MAX}) hits {sorted} LIMIT {end}"
        );
        whole
    }

    /// The first in the list's order.
    fn newest(&self, whole: &mut Where, place: Option<usize>, columns: &str, most: u64, page: &PageRequest) -> String {
        let (order, _) = direction(page.order_of::<CallRow>());
        let calls = match place {
            Some(place) => self.indexed(whole, place, columns),
            None => self.selected(whole, None, columns),
        };
        format!("{calls} ORDER BY started_at {order}, id {order} LIMIT {most}")
    }

    fn indexed(&self, whole: &mut Where, place: usize, columns: &str) -> String {
        self.selected(whole, self.equal.get(place), columns)
    }

    fn selected(&self, whole: &mut Where, equal: Option<&(&'static str, Value)>, columns: &str) -> String {
        let mut part = whole.behind();
        self.and_within(&mut part);
        let mut calls = "calls".to_owned();
        if let Some((column, value)) = equal {
            part.and(&format!("{column} = ?"), [value.clone()]);
            // SQLite would rather find a call by its id, and look at it.
            calls = from_index(self.backend, "calls", &format!("calls_by_{}", column.trim_end_matches("_id")));
        }
        let sql = format!("SELECT {columns} FROM {calls} WHERE {}", part.sql);
        whole.values = part.values;
        sql
    }
}

impl Reach {
    /// Whether there are no more of them.
    fn is_whole(&self) -> bool {
        self.calls.unsigned_abs() < LOOKED_MAX
    }

    /// How far they go back; where there are no more, further than any.
    fn length(&self) -> i64 {
        if self.is_whole() { i64::MAX } else { self.span }
    }
}

impl Counted {
    fn of(total: Total) -> Self {
        Self { total: Some(total), ids: None }
    }
}

/// What passed, and whether all were looked at.
async fn looked(reader: &impl ConnectionTrait, statement: Where, most: u64) -> Result<Total, StoreError> {
    let rows = query(reader, &statement.sql, statement.values).await?;
    let Some(row) = rows.first() else { return Ok(Total::counted(0)) };
    let (looked, total): (i64, i64) = (column(row, "looked")?, column(row, "total")?);
    let counted = Total::of(total);
    Ok(if looked.unsigned_abs() < most { counted } else { Total { is_at_least: true, ..counted } })
}

/// The ids of the page and before, and how many there are.
async fn merged(reader: &impl ConnectionTrait, statement: Where) -> Result<(Vec<Value>, u64), StoreError> {
    if reader.get_database_backend() == DbBackend::Postgres {
        // It thinks few are in both, and would look through all of one index for each of the other.
        reader.execute_unprepared("SET LOCAL enable_nestloop = off").await.map_err(store_error)?;
    }
    let rows = query(reader, &statement.sql, statement.values).await?;
    let total: i64 = rows.first().map_or(Ok(0), |row| column(row, "total"))?;
    let ids = rows.iter().map(|row| Ok(column::<Uuid>(row, "id")?.into())).collect::<Result<_, StoreError>>()?;
    Ok((ids, total.unsigned_abs()))
}
