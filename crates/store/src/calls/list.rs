//! The list of calls: any filter, newest first.

use operations::{CallFilter, CallRow, Page, PageRequest, PageStart, Side, StoreError, TenantScope};
use sea_orm::Value;

use crate::{
    Store,
    convert::{column, stored, word},
    cursor::Cursor,
    hot::{CALL_COLUMNS, read_row},
    sql::{Where, query},
};

pub(super) async fn calls(
    store: &Store,
    scope: TenantScope,
    filter: &CallFilter,
    page: &PageRequest,
) -> Result<Page<CallRow>, StoreError> {
    let mut narrowed = narrow(scope, filter)?;
    let reader = store.scoped(scope).await?;
    let mut total = None;
    let mut skipped = 0;
    match &page.from {
        PageStart::Number(number) => {
            let sql = format!("SELECT COUNT(*) AS total FROM calls WHERE {}", narrowed.sql);
            let rows = query(&reader, &sql, narrowed.values.clone()).await?;
            let counted: i64 = rows.first().map_or(Ok(0), |row| column(row, "total"))?;
            total = Some(counted.max(0).unsigned_abs());
            skipped = u64::from(number.saturating_sub(1)) * u64::from(page.limit);
        }
        PageStart::Cursor(text) => {
            let cursor = Cursor::parse(text)?;
            narrowed.and("(started_at, id) < (?, ?)", [cursor.value(), cursor.id.into()]);
        }
    }
    let Where { sql, mut values } = narrowed;
    values.push((i64::from(page.limit) + 1).into());
    values.push(stored(skipped).into());
    let (limit, offset) = (values.len() - 1, values.len());
    let sql = format!(
        "SELECT {CALL_COLUMNS} FROM calls WHERE {sql} ORDER BY started_at DESC, id DESC LIMIT ${limit} OFFSET ${offset}"
    );
    let rows = query(&reader, &sql, values).await?;
    let more = rows.len() > page.limit as usize;
    let items: Vec<CallRow> = rows.iter().take(page.limit as usize).map(read_row).collect::<Result<_, _>>()?;
    let next = items.last().filter(|_| more).map(|last| Cursor::at(last.started_at.micros(), last.id.0).to_string());
    Ok(Page { items, total, next })
}

fn narrow(scope: TenantScope, filter: &CallFilter) -> Result<Where, StoreError> {
    let mut narrowed = Where::default();
    narrowed.and("tenant_id = ?", [scope.tenant().0.into()]);
    match scope.side() {
        Side::Whole => {}
        Side::Publisher(own) => narrowed.and("publisher_id = ?", [own.0.into()]),
        Side::Buyer(own) => narrowed.and("buyer_id = ?", [own.0.into()]),
    }
    if !filter.statuses.is_empty() {
        let words: Vec<Value> =
            filter.statuses.iter().map(|status| word(status).map(Value::from)).collect::<Result<_, _>>()?;
        let list = vec!["?"; words.len()].join(", ");
        narrowed.and(&format!("status IN ({list})"), words);
    }
    narrowed.and_some("direction = ?", filter.direction.as_ref().map(word).transpose()?);
    narrowed.and_some("campaign_id = ?", filter.campaign.map(|id| id.0));
    narrowed.and_some("publisher_id = ?", filter.publisher.map(|id| id.0));
    narrowed.and_some("buyer_id = ?", filter.buyer.map(|id| id.0));
    narrowed.and_some("number_id = ?", filter.number.map(|id| id.0));
    narrowed.and_some("from_number LIKE ? ESCAPE '!'", filter.from.as_deref().map(prefix));
    narrowed.and_some("to_number LIKE ? ESCAPE '!'", filter.to.as_deref().map(prefix));
    if let Some(text) = &filter.number_prefix {
        let pattern = prefix(text);
        let either = "(from_number LIKE ? ESCAPE '!' OR to_number LIKE ? ESCAPE '!')";
        narrowed.and(either, [pattern.clone().into(), pattern.into()]);
    }
    if let Some(lead) = filter.lead {
        let called = "id IN (SELECT call_id FROM lead_calls WHERE tenant_id = ? AND lead_id = ?)";
        narrowed.and(called, [scope.tenant().0.into(), lead.0.into()]);
    }
    let tagged = "id IN (SELECT call_id FROM call_tags WHERE tenant_id = ? AND tag_id = ?)";
    if let Some(tag) = filter.tag {
        narrowed.and(tagged, [scope.tenant().0.into(), tag.0.into()]);
    }
    narrowed.and_some("started_at >= ?", filter.started_from.map(domain::Timestamp::micros));
    narrowed.and_some("started_at < ?", filter.started_to.map(domain::Timestamp::micros));
    match filter.live {
        Some(true) => narrowed.and("ended_at IS NULL", []),
        Some(false) => narrowed.and("ended_at IS NOT NULL", []),
        None => {}
    }
    Ok(narrowed)
}

/// What begins with `text`, whatever is in it.
fn prefix(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
