//! The list of calls: any filter, newest or oldest first.
//!
//! Most filters have an index in the list's order, and further filters are looked at row by row, or in their own index where few calls of the
//! first pass. What has no such order (a number's first digits, a lead, a tag) is probed first: few calls are sorted and fetched; of many,
//! going by age soon finds a page.

use operations::{CallFilter, CallRow, Page, PageRequest, PageStart, StoreError, TOTAL_MAX, TenantScope};
use sea_orm::{ConnectionTrait, DbBackend, Value};

use super::{
    count::{Counted, Found},
    narrow::{Narrowed, Set, narrow},
};
use crate::{
    Store,
    convert::{column, stored},
    cursor::Cursor,
    dialect::{from_index, unindexed},
    hot::{CALL_COLUMNS, read_row},
    sql::{Where, direction, query},
};

/// Calls that are sorted by what an index says of them, at most.
pub(super) const FEW_MAX: u64 = 30_000;
/// Calls that are fetched to be sorted, at most.
const FETCHED_MAX: u64 = TOTAL_MAX;

pub(super) async fn calls(
    store: &Store,
    scope: TenantScope,
    filter: &CallFilter,
    page: &PageRequest,
) -> Result<Page<CallRow>, StoreError> {
    let reader = store.scoped(scope).await?;
    let narrowed = narrow(reader.get_database_backend(), scope, filter)?;
    let found = narrowed.found(&reader).await?;
    let counted = match &page.from {
        PageStart::Number(_) => narrowed.count(&reader, found, page).await?,
        PageStart::Cursor(_) => Counted::default(),
    };
    let statement = match counted.ids {
        Some(ids) => narrowed.named(&ids, page),
        None => Some(narrowed.listing(found.few, page)?),
    };
    let rows = match statement {
        Some(Where { sql, values }) => query(&reader, &sql, values).await?,
        None => Vec::new(),
    };
    let more = rows.len() > page.limit as usize;
    let items: Vec<CallRow> = rows.iter().take(page.limit as usize).map(read_row).collect::<Result<_, _>>()?;
    let next = items.last().filter(|_| more).map(|last| Cursor::at(last.started_at.micros(), last.id.0).to_string());
    Ok(Page { items, total: counted.total, next })
}

/// Rows before a page asked for by number.
pub(super) fn skipped(page: &PageRequest) -> u64 {
    match &page.from {
        PageStart::Number(number) => u64::from(number.saturating_sub(1)) * u64::from(page.limit),
        PageStart::Cursor(_) => 0,
    }
}

/// Calls of a set that are few enough to be taken from it.
fn few_max(set: &Set) -> u64 {
    if set.is_dated { FEW_MAX } else { FETCHED_MAX }
}

/// Whether a set holds few.
pub(super) fn probe(set: &Set) -> Where {
    let mut whole = Where::default();
    let ids = whole.take(&set.ids, set.values.clone());
    whole.sql =
        format!("SELECT COUNT(*) AS found FROM (SELECT call_id FROM ({ids}) ids LIMIT {}) probed", few_max(set) + 1);
    whole
}

impl Narrowed {
    /// The first set that holds few calls.
    async fn found(&self, reader: &impl ConnectionTrait) -> Result<Found, StoreError> {
        let mut calls = 0;
        for (place, set) in self.sets.iter().enumerate() {
            let Where { sql, values } = probe(set);
            let rows = query(reader, &sql, values).await?;
            let found: i64 = rows.first().map_or(Ok(0), |row| column(row, "found"))?;
            calls = found.unsigned_abs();
            if calls <= few_max(set) {
                return Ok(Found { few: Some(place), calls });
            }
        }
        Ok(Found { few: None, calls })
    }

    /// A page and one row more.
    pub fn listing(&self, few: Option<usize>, page: &PageRequest) -> Result<Where, StoreError> {
        if let Some(few) = few.and_then(|few| self.sets.get(few).filter(|set| set.is_dated)) {
            return self.listing_of_few(few, page);
        }
        let mut whole = self.plain();
        let from = self.from(&mut whole, few);
        let (order, behind) = direction(page.order_of::<CallRow>());
        let sorted = format!("ORDER BY started_at {order}, id {order}");
        if let PageStart::Cursor(text) = &page.from {
            let cursor = Cursor::parse(text)?;
            whole.and(&format!("(started_at, id) {behind} (?, ?)"), [cursor.value(), cursor.id.into()]);
        }
        let is_ordered = !self.equal.is_empty();
        let is_merged = few.is_none() && self.live != Some(true) && !is_ordered && self.statuses.len() > 1;
        let (limit, skipped) = (i64::from(page.limit) + 1, stored(skipped(page)));
        if is_merged {
            // Each status out of its index in order, merged: one index for several values is in no order. PostgreSQL does not see that
            // the parts need the order, and is told how much of each.
            let order = match self.backend {
                DbBackend::Sqlite => String::new(),
                _ => whole.take(&format!(" {sorted} LIMIT ?"), [limit.saturating_add(skipped).into()]),
            };
            let common = std::mem::take(&mut whole.sql);
            let branches: Vec<String> = self
                .statuses
                .iter()
                .map(|status| {
                    whole.values.push(status.clone());
                    let status = whole.values.len();
                    let branch =
                        format!("SELECT {CALL_COLUMNS} FROM {from} WHERE {common} AND status = ${status}{order}");
                    if order.is_empty() { branch } else { format!("({branch})") }
                })
                .collect();
            whole.sql = format!("SELECT * FROM ({}) merged", branches.join(" UNION ALL "));
        } else {
            self.and_statuses(&mut whole, is_ordered && few.is_none());
            whole.sql = format!("SELECT {CALL_COLUMNS} FROM {from} WHERE {}", whole.sql);
        }
        let tail = whole.take(&format!(" {sorted} LIMIT ? OFFSET ?"), [limit.into(), skipped.into()]);
        whole.sql.push_str(&tail);
        Ok(whole)
    }

    /// A page of a set that knows when its calls started: sorted by that alone, and fetched one after the other until the page is full.
    fn listing_of_few(&self, few: &Set, page: &PageRequest) -> Result<Where, StoreError> {
        let (order, behind) = direction(page.order_of::<CallRow>());
        let (limit, skipped) = (u64::from(page.limit) + 1, skipped(page));
        let mut whole = Where::default();
        let ids = whole.take(&few.ids, few.values.clone());
        let mut dated = whole.behind();
        // SQLite would go by age, which is the longer way.
        let (at, id) = (unindexed(self.backend, "call_at"), unindexed(self.backend, "call_id"));
        self.and_period(&mut dated, &at);
        if let PageStart::Cursor(text) = &page.from {
            let cursor = Cursor::parse(text)?;
            dated.and(&format!("({at}, {id}) {behind} (?, ?)"), [cursor.value(), cursor.id.into()]);
        }
        let within = dated.as_where();
        whole.values = dated.values;
        let sorted = format!("ORDER BY call_at {order}, call_id {order}");
        let enough = if self.is_alone() { limit.saturating_add(skipped) } else { FEW_MAX + 1 };
        let enough = whole.take("?", [stored(enough).into()]);
        let ids = format!("SELECT call_id, call_at FROM ({ids}) ids{within} {sorted} LIMIT {enough}");
        self.and_rest_of_few(&mut whole, few);
        whole.and("id = call_id", []);
        // This order of the two is what SQLite keeps to.
        whole.sql = format!("SELECT {CALL_COLUMNS} FROM ({ids}) few CROSS JOIN calls WHERE {}", whole.sql);
        let tail = whole.take(&format!(" {sorted} LIMIT ? OFFSET ?"), [stored(limit).into(), stored(skipped).into()]);
        whole.sql.push_str(&tail);
        Ok(whole)
    }

    /// A page of calls whose ids were found already, in order; none where the page has none.
    pub fn named(&self, ids: &[Value], page: &PageRequest) -> Option<Where> {
        let skipped = usize::try_from(skipped(page)).unwrap_or(usize::MAX);
        let ids = ids.get(skipped..).filter(|ids| !ids.is_empty())?;
        let ids = ids.iter().take(page.limit as usize + 1);
        let (order, _) = direction(page.order_of::<CallRow>());
        let mut whole = Where::default();
        // SQLite would go by age, for the order's sake.
        whole.and(&format!("{} = ?", unindexed(self.backend, "tenant_id")), [self.tenant.clone()]);
        let list: Vec<&str> = ids.clone().map(|_| "?").collect();
        whole.and(&format!("id IN ({})", list.join(", ")), ids.cloned());
        whole.sql =
            format!("SELECT {CALL_COLUMNS} FROM calls WHERE {} ORDER BY started_at {order}, id {order}", whole.sql);
        Some(whole)
    }

    /// What to select from, with the conditions of the sets added.
    fn from(&self, whole: &mut Where, few: Option<usize>) -> String {
        self.and_sets(whole, few);
        match few.and_then(|few| self.sets.get(few)) {
            // This order of the two is what SQLite keeps to.
            Some(set) => {
                let ids = whole.take(&set.ids, set.values.clone());
                whole.and("id = call_id", []);
                format!("({ids}) few CROSS JOIN calls")
            }
            None if self.live == Some(true) => from_index(self.backend, "calls", "calls_live"),
            None => "calls".to_owned(),
        }
    }
}
