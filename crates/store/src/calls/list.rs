//! The list of calls: any filter, newest or oldest first.
//!
//! Most filters have an index in the list's order, and further filters are looked at row by row. What has no such order (a number's first
//! digits, a lead, a tag) is probed first: few calls are fetched and sorted; of many, going by age soon finds a page.

use operations::{CallFilter, CallRow, Page, PageRequest, PageStart, Side, StoreError, TOTAL_MAX, TenantScope};
use sea_orm::{ConnectionTrait, DbBackend, Value};

use crate::{
    Store,
    convert::{column, stored, word},
    cursor::Cursor,
    dialect::{by_bytes, from_index, unindexed},
    hot::{CALL_COLUMNS, read_row},
    sql::{direction, query},
};

/// Calls that are fetched to be sorted, at most: no fewer than are counted.
const FEW_MAX: u64 = TOTAL_MAX;

/// A WHERE that grows, with its parameters.
#[derive(Clone, Default)]
pub(super) struct Where {
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

    fn and_some<T: Into<Value>>(&mut self, condition: &str, value: Option<T>) {
        if let Some(value) = value {
            self.and(condition, [value.into()]);
        }
    }

    /// `sql` with its `?` numbered behind the parameters there are, which get its own.
    fn take(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) -> String {
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

/// Calls that are known by something beside the list's order.
#[derive(Clone)]
pub(super) struct Set {
    /// Answers their ids as `call_id`.
    ids: String,
    /// The same as a condition on a call, in a way that no index is chosen by.
    condition: String,
    values: Vec<Value>,
    condition_values: Vec<Value>,
}

/// Filters as SQL, not yet put together.
pub(super) struct Narrowed {
    backend: DbBackend,
    plain: Where,
    sets: Vec<Set>,
    /// Words of the statuses asked for.
    statuses: Vec<Value>,
    live: Option<bool>,
    /// True where an index in order serves one of the conditions, other than that of statuses.
    is_ordered: bool,
}

pub(super) async fn calls(
    store: &Store,
    scope: TenantScope,
    filter: &CallFilter,
    page: &PageRequest,
) -> Result<Page<CallRow>, StoreError> {
    let reader = store.scoped(scope).await?;
    let narrowed = narrow(reader.get_database_backend(), scope, filter)?;
    let few = narrowed.few(&reader).await?;
    let mut total = None;
    if matches!(page.from, PageStart::Number(_)) {
        let Where { sql, values } = narrowed.counting(few);
        let rows = query(&reader, &sql, values).await?;
        let counted: i64 = rows.first().map_or(Ok(0), |row| column(row, "total"))?;
        total = Some(counted.max(0).unsigned_abs());
    }
    let Where { sql, values } = narrowed.listing(few, page)?;
    let rows = query(&reader, &sql, values).await?;
    let more = rows.len() > page.limit as usize;
    let items: Vec<CallRow> = rows.iter().take(page.limit as usize).map(read_row).collect::<Result<_, _>>()?;
    let next = items.last().filter(|_| more).map(|last| Cursor::at(last.started_at.micros(), last.id.0).to_string());
    Ok(Page { items, total, next })
}

impl Narrowed {
    /// The first set that holds few calls, by its place.
    async fn few(&self, reader: &impl ConnectionTrait) -> Result<Option<usize>, StoreError> {
        for (place, set) in self.sets.iter().enumerate() {
            let Where { sql, values } = probe(set);
            let rows = query(reader, &sql, values).await?;
            let found: i64 = rows.first().map_or(Ok(0), |row| column(row, "found"))?;
            if found.unsigned_abs() <= FEW_MAX {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    #[cfg(test)]
    pub fn sets(&self) -> &[Set] {
        &self.sets
    }

    /// How many there are, up to [`TOTAL_MAX`].
    pub fn counting(&self, few: Option<usize>) -> Where {
        let mut whole = self.plain.clone();
        let from = self.from(&mut whole, few, None);
        self.and_statuses(&mut whole, false);
        whole.sql = format!(
            "SELECT COUNT(*) AS total FROM (SELECT 1 FROM {from} WHERE {} LIMIT {TOTAL_MAX}) counted",
            whole.sql
        );
        whole
    }

    /// A page and one row more.
    pub fn listing(&self, few: Option<usize>, page: &PageRequest) -> Result<Where, StoreError> {
        let mut whole = self.plain.clone();
        let from = self.from(&mut whole, few, Some(self.live == Some(true)));
        let (order, behind) = direction(page.order_of::<CallRow>());
        let sorted = format!("ORDER BY started_at {order}, id {order}");
        let mut skipped = 0;
        match &page.from {
            PageStart::Number(number) => skipped = u64::from(number.saturating_sub(1)) * u64::from(page.limit),
            PageStart::Cursor(text) => {
                let cursor = Cursor::parse(text)?;
                whole.and(&format!("(started_at, id) {behind} (?, ?)"), [cursor.value(), cursor.id.into()]);
            }
        }
        let is_merged = few.is_none() && self.live != Some(true) && !self.is_ordered && self.statuses.len() > 1;
        let (limit, skipped) = (i64::from(page.limit) + 1, stored(skipped));
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
            self.and_statuses(&mut whole, self.is_ordered && few.is_none());
            whole.sql = format!("SELECT {CALL_COLUMNS} FROM {from} WHERE {}", whole.sql);
        }
        let tail = whole.take(&format!(" {sorted} LIMIT ? OFFSET ?"), [limit.into(), skipped.into()]);
        whole.sql.push_str(&tail);
        Ok(whole)
    }

    /// What to select from, with the conditions of the sets added. `listed` is absent for counting, and true where only calls that run
    /// are listed.
    fn from(&self, whole: &mut Where, few: Option<usize>, listed: Option<bool>) -> String {
        for (_, set) in self.sets.iter().enumerate().filter(|(place, _)| Some(*place) != few) {
            // Counting needs no order.
            if listed.is_some() || few.is_some() {
                whole.and(&set.condition, set.condition_values.clone());
            } else {
                whole.and(&format!("id IN ({})", set.ids), set.values.clone());
            }
        }
        match few.and_then(|few| self.sets.get(few)) {
            // This order of the two is what SQLite keeps to.
            Some(set) => {
                let ids = whole.take(&set.ids, set.values.clone());
                whole.and("id = call_id", []);
                format!("({ids}) few CROSS JOIN calls")
            }
            None if listed == Some(true) => from_index(self.backend, "calls", "calls_live"),
            None => "calls".to_owned(),
        }
    }

    fn and_statuses(&self, whole: &mut Where, is_hidden: bool) {
        if self.statuses.is_empty() {
            return;
        }
        let column = if is_hidden { unindexed(self.backend, "status") } else { "status".to_owned() };
        let list = vec!["?"; self.statuses.len()].join(", ");
        whole.and(&format!("{column} IN ({list})"), self.statuses.clone());
    }
}

/// Whether a set holds few.
pub(super) fn probe(set: &Set) -> Where {
    let mut whole = Where::default();
    let ids = whole.take(&set.ids, set.values.clone());
    whole.sql = format!("SELECT COUNT(*) AS found FROM (SELECT call_id FROM ({ids}) ids LIMIT {}) probed", FEW_MAX + 1);
    whole
}

pub(super) fn narrow(backend: DbBackend, scope: TenantScope, filter: &CallFilter) -> Result<Narrowed, StoreError> {
    let tenant: Value = scope.tenant().0.into();
    let mut plain = Where::default();
    plain.and("tenant_id = ?", [tenant.clone()]);
    match scope.side() {
        Side::Whole => {}
        Side::Publisher(own) => plain.and("publisher_id = ?", [own.0.into()]),
        Side::Buyer(own) => plain.and("buyer_id = ?", [own.0.into()]),
    }
    plain.and_some("direction = ?", filter.direction.as_ref().map(word).transpose()?);
    plain.and_some("campaign_id = ?", filter.campaign.map(|id| id.0));
    plain.and_some("publisher_id = ?", filter.publisher.map(|id| id.0));
    plain.and_some("buyer_id = ?", filter.buyer.map(|id| id.0));
    plain.and_some("number_id = ?", filter.number.map(|id| id.0));
    let is_ordered = plain.values.len() > 1;
    plain.and_some("started_at >= ?", filter.started_from.map(domain::Timestamp::micros));
    plain.and_some("started_at < ?", filter.started_to.map(domain::Timestamp::micros));
    match filter.live {
        Some(true) => plain.and("ended_at IS NULL", []),
        Some(false) => plain.and("ended_at IS NOT NULL", []),
        None => {}
    }
    let mut sets = Vec::new();
    if let Some(lead) = filter.lead {
        sets.push(linked("lead_calls", "lead_id", &tenant, lead.0.into()));
    }
    let numbers: [(&[&str], &Option<String>); 3] = [
        (&["from_number"], &filter.from),
        (&["to_number"], &filter.to),
        (&["from_number", "to_number"], &filter.number_prefix),
    ];
    for (columns, begin) in numbers {
        sets.extend(
            begin.as_deref().filter(|begin| !begin.is_empty()).map(|begin| begins(backend, columns, &tenant, begin)),
        );
    }
    if let Some(tag) = filter.tag {
        sets.push(linked("call_tags", "tag_id", &tenant, tag.0.into()));
    }
    let statuses = filter.statuses.iter().map(|status| word(status).map(Value::from)).collect::<Result<_, _>>()?;
    Ok(Narrowed { backend, plain, sets, statuses, live: filter.live, is_ordered })
}

/// Calls that a table beside them names.
fn linked(table: &str, key: &str, tenant: &Value, id: Value) -> Set {
    Set {
        ids: format!("SELECT call_id FROM {table} WHERE tenant_id = ? AND {key} = ?"),
        values: vec![tenant.clone(), id.clone()],
        condition: format!("EXISTS (SELECT 1 FROM {table} link WHERE link.call_id = calls.id AND link.{key} = ?)"),
        condition_values: vec![id],
    }
}

/// Calls one of whose `columns` begins so.
fn begins(backend: DbBackend, columns: &[&str], tenant: &Value, begin: &str) -> Set {
    let range = |column: &str| match end_of(begin) {
        Some(_) => format!("{column} >= ? AND {column} < ?"),
        None => format!("{column} >= ?"),
    };
    let bounds = || [Some(begin.to_owned()), end_of(begin)].into_iter().flatten().map(Value::from);
    // Where several columns are looked at, each on its own, and no further than tells few from many.
    let limit = FEW_MAX + 1;
    let ids: Vec<String> = columns
        .iter()
        .map(|column| {
            let range = range(&by_bytes(backend, column));
            let ids = format!("SELECT id AS call_id FROM calls WHERE tenant_id = ? AND {range}");
            if columns.len() > 1 { format!("SELECT call_id FROM ({ids} LIMIT {limit}) {column}s") } else { ids }
        })
        .collect();
    let conditions: Vec<String> =
        columns.iter().map(|column| range(&by_bytes(backend, &unindexed(backend, column)))).collect();
    Set {
        ids: ids.join(" UNION "),
        values: columns.iter().flat_map(|_| [tenant.clone()].into_iter().chain(bounds())).collect(),
        condition: format!("({})", conditions.join(" OR ")),
        condition_values: columns.iter().flat_map(|_| bounds()).collect(),
    }
}

/// The first text in byte order behind all that begin with `begin`; `None` where none is.
fn end_of(begin: &str) -> Option<String> {
    let mut characters: Vec<char> = begin.chars().collect();
    while let Some(last) = characters.pop() {
        // No character has a surrogate's number.
        if let Some(next) = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}
