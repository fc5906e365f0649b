//! The filters of a list of calls as SQL, not yet put together.

use domain::Timestamp;
use operations::{CallFilter, Side, StoreError, TenantScope};
use sea_orm::{DbBackend, Value};

use super::list::FEW_MAX;
use crate::{
    convert::word,
    dialect::{by_bytes, unindexed},
    sql::Where,
};

/// Calls that are known by something beside the list's order.
#[derive(Clone)]
pub(super) struct Set {
    /// Answers their ids as `call_id`, and where `is_dated` their times as `call_at`, out of an index alone.
    pub ids: String,
    pub is_dated: bool,
    /// The same as a condition on a call, in a way that no index is chosen by.
    pub condition: String,
    pub values: Vec<Value>,
    pub condition_values: Vec<Value>,
}

/// Filters as SQL, not yet put together.
pub(super) struct Narrowed {
    pub backend: DbBackend,
    pub tenant: Value,
    /// Columns with an index in the list's order and what they have to be.
    pub equal: Vec<(&'static str, Value)>,
    /// Bounds of when a call started, which every index in the list's order knows.
    pub period: Vec<(&'static str, Value)>,
    pub live: Option<bool>,
    /// Words of the statuses asked for.
    pub statuses: Vec<Value>,
    pub sets: Vec<Set>,
}

impl Narrowed {
    /// The tenant's calls of the period.
    pub fn and_within(&self, whole: &mut Where) {
        whole.and("tenant_id = ?", [self.tenant.clone()]);
        self.and_period(whole, "started_at");
    }

    /// A time within the period.
    pub fn and_period(&self, whole: &mut Where, column: &str) {
        for (bound, value) in &self.period {
            whole.and(&format!("{column} {bound} ?"), [value.clone()]);
        }
    }

    /// All conditions but those of statuses and sets.
    pub fn plain(&self) -> Where {
        let mut whole = Where::default();
        self.and_within(&mut whole);
        self.and_plain(&mut whole, None);
        whole
    }

    /// What columns have to be, but for the one at `known`.
    pub fn and_plain(&self, whole: &mut Where, known: Option<usize>) {
        for (_, (column, value)) in self.equal.iter().enumerate().filter(|(place, _)| Some(*place) != known) {
            whole.and(&format!("{column} = ?"), [value.clone()]);
        }
        match self.live {
            Some(true) => whole.and("ended_at IS NULL", []),
            Some(false) => whole.and("ended_at IS NOT NULL", []),
            None => {}
        }
    }

    /// One of several statuses; `is_hidden` from the index by status.
    pub fn and_statuses(&self, whole: &mut Where, is_hidden: bool) {
        if self.statuses.is_empty() {
            return;
        }
        let column = if is_hidden { unindexed(self.backend, "status") } else { "status".to_owned() };
        let list = vec!["?"; self.statuses.len()].join(", ");
        whole.and(&format!("{column} IN ({list})"), self.statuses.clone());
    }

    /// Being of the sets, but for the one at `known`.
    pub fn and_sets(&self, whole: &mut Where, known: Option<usize>) {
        for (_, set) in self.sets.iter().enumerate().filter(|(place, _)| Some(*place) != known) {
            whole.and(&set.condition, set.condition_values.clone());
        }
    }
}

pub(super) fn narrow(backend: DbBackend, scope: TenantScope, filter: &CallFilter) -> Result<Narrowed, StoreError> {
    let tenant: Value = scope.tenant().0.into();
    let (own_publisher, own_buyer) = match scope.side() {
        Side::Whole => (None, None),
        Side::Publisher(own) => (Some(own.0), None),
        Side::Buyer(own) => (None, Some(own.0)),
    };
    let equal = [
        ("publisher_id", own_publisher.map(Value::from)),
        ("buyer_id", own_buyer.map(Value::from)),
        ("direction", filter.direction.as_ref().map(word).transpose()?.map(Value::from)),
        ("campaign_id", filter.campaign.map(|id| id.0.into())),
        ("publisher_id", filter.publisher.map(|id| id.0.into())),
        ("buyer_id", filter.buyer.map(|id| id.0.into())),
        ("number_id", filter.number.map(|id| id.0.into())),
    ];
    let mut equal: Vec<(&str, Value)> =
        equal.into_iter().filter_map(|(column, value)| Some((column, value?))).collect();
    let micros = |bound: Option<Timestamp>| bound.map(|bound| bound.micros().into());
    let period = [(">=", micros(filter.started_from)), ("<", micros(filter.started_to))];
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
    let mut statuses: Vec<Value> =
        filter.statuses.iter().map(|status| word(status).map(Value::from)).collect::<Result<_, _>>()?;
    if statuses.len() == 1 {
        equal.extend(statuses.pop().map(|status| ("status", status)));
    }
    Ok(Narrowed {
        backend,
        tenant,
        equal,
        period: period.into_iter().filter_map(|(bound, value)| Some((bound, value?))).collect(),
        live: filter.live,
        statuses,
        sets,
    })
}

/// Calls that a table beside them names.
fn linked(table: &str, key: &str, tenant: &Value, id: Value) -> Set {
    Set {
        ids: format!("SELECT call_id FROM {table} WHERE tenant_id = ? AND {key} = ?"),
        is_dated: false,
        values: vec![tenant.clone(), id.clone()],
        condition: format!("EXISTS (SELECT 1 FROM {table} link WHERE link.call_id = id AND link.{key} = ?)"),
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
            let ids = format!("SELECT id AS call_id, started_at AS call_at FROM calls WHERE tenant_id = ? AND {range}");
            if columns.len() > 1 {
                format!("SELECT call_id, call_at FROM ({ids} LIMIT {limit}) {column}s")
            } else {
                ids
            }
        })
        .collect();
    let conditions: Vec<String> =
        columns.iter().map(|column| range(&by_bytes(backend, &unindexed(backend, column)))).collect();
    Set {
        ids: ids.join(" UNION "),
        is_dated: true,
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
