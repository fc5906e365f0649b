//! The audit log: only ever added to, each entry chained to the one before.

use async_trait::async_trait;
use domain::{TenantId, Timestamp};
use operations::{
    AUDIT_ROOT, AuditBreak, AuditCheck, AuditEntry, AuditFilter, AuditLog, ChainedEntry, Page, PageRequest, PageStart,
    StoreError, TOTAL_MAX, TenantScope, Total, audit_hash,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Value};
use uuid::Uuid;

use crate::{
    Store,
    convert::{column, from_json, json, number, stored},
    cursor::Cursor,
    dialect::for_update,
    sql::{Insert, Where, direction, execute, query},
};

const COLUMNS: &str = "id, tenant_id, user_id, api_key_id, action, entity, entity_id, changes, address, user_agent, \
                       request_id, success, at, sequence, previous_hash, hash, call_id";
const ENTRIES: Insert = Insert {
    head: "INSERT INTO audit_log (id, tenant_id, user_id, api_key_id, action, entity, entity_id, changes, address, \
           user_agent, request_id, success, at, sequence, previous_hash, hash, call_id)",
    columns: 17,
    tail: "",
};
/// Entries checked at a time.
const CHECKED_MAX: i64 = 1_000;

fn read(row: &QueryResult) -> Result<ChainedEntry, StoreError> {
    let entry = AuditEntry {
        id: column(row, "id")?,
        tenant: column::<Uuid>(row, "tenant_id")?.into(),
        user: column::<Option<Uuid>>(row, "user_id")?.map(Into::into),
        api_key: column::<Option<Uuid>>(row, "api_key_id")?.map(Into::into),
        action: column(row, "action")?,
        entity: column(row, "entity")?,
        entity_id: column(row, "entity_id")?,
        changes: from_json(&column::<String>(row, "changes")?)?,
        address: column(row, "address")?,
        user_agent: column(row, "user_agent")?,
        request_id: column(row, "request_id")?,
        success: column(row, "success")?,
        at: Timestamp::from_micros(column(row, "at")?),
    };
    let sequence: Option<i64> = column(row, "sequence")?;
    Ok(ChainedEntry { entry, sequence: sequence.map(number).transpose()?, hash: column(row, "hash")? })
}

/// The end of a tenant's chain, held until the transaction ends.
async fn head(transaction: &DatabaseTransaction, tenant: Uuid) -> Result<(u64, String), StoreError> {
    let first = "INSERT INTO audit_heads (tenant_id, sequence, hash) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING";
    execute(transaction, first, [tenant.into(), AUDIT_ROOT.into()]).await?;
    let lock = for_update(transaction.get_database_backend());
    let sql = format!("SELECT sequence, hash FROM audit_heads WHERE tenant_id = $1{lock}");
    let rows = query(transaction, &sql, [tenant.into()]).await?;
    let row = rows.first().ok_or_else(|| StoreError::failed("the head of an audit chain is missing"))?;
    Ok((number(column(row, "sequence")?)?, column(row, "hash")?))
}

/// Adds entries of one tenant at the end of its chain.
pub(super) async fn append(
    transaction: &DatabaseTransaction,
    tenant: TenantId,
    entries: Vec<AuditEntry>,
) -> Result<(), StoreError> {
    let (mut sequence, mut previous) = head(transaction, tenant.0).await?;
    let mut values: Vec<Value> = Vec::with_capacity(entries.len() * ENTRIES.columns);
    for entry in entries {
        let changes = json(&entry.changes)?;
        sequence += 1;
        let hash = audit_hash(&entry, &changes, sequence, &previous);
        let before = std::mem::replace(&mut previous, hash.clone());
        let call = entry.call().map(ToOwned::to_owned);
        values.extend::<[Value; 17]>([
            entry.id.into(),
            tenant.0.into(),
            entry.user.map(|id| id.0).into(),
            entry.api_key.map(|id| id.0).into(),
            entry.action.into(),
            entry.entity.into(),
            entry.entity_id.into(),
            changes.into(),
            entry.address.into(),
            entry.user_agent.into(),
            entry.request_id.into(),
            entry.success.into(),
            entry.at.micros().into(),
            stored(sequence).into(),
            before.into(),
            hash.into(),
            call.into(),
        ]);
    }
    ENTRIES.run(transaction, values).await?;
    let update = "UPDATE audit_heads SET sequence = $2, hash = $3 WHERE tenant_id = $1";
    execute(transaction, update, [tenant.0.into(), stored(sequence).into(), previous.into()]).await.map(drop)
}

fn conditions(scope: TenantScope, filter: &AuditFilter) -> (String, Vec<Value>) {
    let mut sql = "tenant_id = $1".to_owned();
    let mut values: Vec<Value> = vec![scope.tenant().0.into()];
    let mut and = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            let escape = if condition.ends_with("LIKE") { " ESCAPE '!'" } else { "" };
            sql.push_str(&format!(" AND {condition} ${}{escape}", values.len()));
        }
    };
    match filter.action.as_deref().map(|action| (action.strip_suffix('*'), action)) {
        Some((Some(prefix), _)) => {
            let literal = prefix.replace('!', "!!").replace('%', "!%").replace('_', "!_");
            and("action LIKE", Some(format!("{literal}%").into()));
        }
        Some((None, action)) => and("action =", Some(action.into())),
        None => {}
    }
    and("entity =", filter.entity.clone().map(Value::from));
    and("entity_id =", filter.entity_id.clone().map(Value::from));
    and("call_id =", filter.call.map(|id| id.to_string().into()));
    and("user_id =", filter.user.map(|id| id.0.into()));
    and("api_key_id =", filter.api_key.map(|id| id.0.into()));
    and("success =", filter.success.map(Value::from));
    and("at >=", filter.from.map(|from| from.micros().into()));
    and("at <", filter.to.map(|to| to.micros().into()));
    (sql, values)
}

fn counting(scope: TenantScope, filter: &AuditFilter) -> Where {
    let (sql, values) = conditions(scope, filter);
    let sql = format!("SELECT COUNT(*) AS total FROM (SELECT 1 FROM audit_log WHERE {sql} LIMIT {TOTAL_MAX}) counted");
    Where { sql, values }
}

/// A page, and one entry more where there is one.
fn listing(scope: TenantScope, filter: &AuditFilter, page: &PageRequest) -> Result<Where, StoreError> {
    let (mut sql, mut values) = conditions(scope, filter);
    let (order, behind) = direction(page.order_of::<AuditEntry>());
    let mut skipped = 0;
    match &page.from {
        PageStart::Number(number) => skipped = stored(u64::from(number.saturating_sub(1)) * u64::from(page.limit)),
        PageStart::Cursor(text) => {
            let cursor = Cursor::parse(text)?;
            values.extend([cursor.value(), cursor.id.into()]);
            sql.push_str(&format!(" AND (at, id) {behind} (${}, ${})", values.len() - 1, values.len()));
        }
    }
    values.extend([(i64::from(page.limit) + 1).into(), skipped.into()]);
    let (limit, offset) = (values.len() - 1, values.len());
    let sql = format!(
        "SELECT {COLUMNS} FROM audit_log WHERE {sql} ORDER BY at {order}, id {order} LIMIT ${limit} OFFSET ${offset}"
    );
    Ok(Where { sql, values })
}

#[async_trait]
impl AuditLog for Store {
    async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let entry = entry.clone();
        self.writer()
            .write_for(TenantScope::of(entry.tenant), move |transaction| {
                Box::pin(append(transaction, entry.tenant, vec![entry]))
            })
            .await
    }

    async fn search_audit(
        &self,
        scope: TenantScope,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<ChainedEntry>, StoreError> {
        let reader = self.scoped(scope).await?;
        let mut total = None;
        if let PageStart::Number(_) = page.from {
            let Where { sql, values } = counting(scope, filter);
            let counted: i64 = query(&reader, &sql, values).await?.first().map_or(Ok(0), |row| column(row, "total"))?;
            total = Some(Total::of(counted));
        }
        let Where { sql, values } = listing(scope, filter, page)?;
        let rows = query(&reader, &sql, values).await?;
        let more = rows.len() > page.limit as usize;
        let items: Vec<ChainedEntry> = rows.iter().take(page.limit as usize).map(read).collect::<Result<_, _>>()?;
        let next = items.last().filter(|_| more);
        let next = next.map(|last| Cursor::at(last.entry.at.micros(), last.entry.id).to_string());
        Ok(Page { items, total, next })
    }

    async fn verify_audit(&self, scope: TenantScope) -> Result<AuditCheck, StoreError> {
        let tenant = scope.tenant().0;
        let reader = self.scoped(scope).await?;
        // The head first: what is added while we read lies behind it.
        let heads = query(&reader, "SELECT sequence, hash FROM audit_heads WHERE tenant_id = $1", [tenant.into()]);
        let (end, head) = match heads.await?.first() {
            Some(row) => (number::<u64>(column(row, "sequence")?)?, column::<String>(row, "hash")?),
            None => (0, AUDIT_ROOT.to_owned()),
        };
        let counts = "SELECT COUNT(*) AS entries FROM audit_log WHERE tenant_id = $1 AND sequence IS NULL";
        let unchained: i64 = match query(&reader, counts, [tenant.into()]).await?.first() {
            Some(row) => column(row, "entries")?,
            None => 0,
        };
        let unchained = unchained.max(0).unsigned_abs();
        let mut walk = Walk { place: 0, previous: AUDIT_ROOT.to_owned() };
        let check = |walk: &Walk, broken| AuditCheck {
            entries: walk.place,
            unchained,
            head: (walk.place > 0).then(|| walk.previous.clone()),
            broken,
        };
        while walk.place < end {
            let sql = format!(
                "SELECT {COLUMNS} FROM audit_log WHERE tenant_id = $1 AND sequence > $2 AND sequence <= $3 \
                 ORDER BY sequence LIMIT {CHECKED_MAX}"
            );
            let values = [tenant.into(), stored(walk.place).into(), stored(end).into()];
            let rows = query(&reader, &sql, values).await?;
            if rows.is_empty() {
                let sequence = walk.place + 1;
                let reason = format!("entries {sequence} to {end} are missing");
                return Ok(check(&walk, Some(AuditBreak { sequence, reason })));
            }
            for row in &rows {
                if let Some(broken) = walk.step(row)? {
                    return Ok(check(&walk, Some(broken)));
                }
            }
        }
        let reason = "the chain does not end at the hash its head names".to_owned();
        let broken = (walk.previous != head).then_some(AuditBreak { sequence: end, reason });
        Ok(check(&walk, broken))
    }
}

/// How far a chain was found whole.
struct Walk {
    place: u64,
    previous: String,
}

impl Walk {
    /// Goes on by one entry, or says what is wrong with it.
    fn step(&mut self, row: &QueryResult) -> Result<Option<AuditBreak>, StoreError> {
        let chained = read(row)?;
        let (changes, previous): (String, Option<String>) = (column(row, "changes")?, column(row, "previous_hash")?);
        let call: Option<String> = column(row, "call_id")?;
        let sequence = self.place + 1;
        let broken = |reason: &str| Ok(Some(AuditBreak { sequence, reason: reason.to_owned() }));
        if chained.sequence != Some(sequence) {
            return broken("the entry is missing");
        }
        if previous.as_deref() != Some(self.previous.as_str()) {
            return broken("it does not follow the entry before it");
        }
        let hash = audit_hash(&chained.entry, &changes, sequence, &self.previous);
        // The call is not hashed, but found by: it must be the one that the changes name.
        if chained.hash.as_deref() != Some(hash.as_str()) || chained.entry.call() != call.as_deref() {
            return broken("it was changed after it was written");
        }
        (self.place, self.previous) = (sequence, hash);
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use domain::CallId;
    use sea_orm::DbBackend;
    use serde_json::json;

    use super::*;
    use crate::StoreConfig;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    async fn filled(folder: &tempfile::TempDir, tenant: TenantId) -> Store {
        let name: String = folder.path().display().to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let url = match std::env::var("HOPWHISTLE_TEST_POSTGRES") {
            Ok(server) => format!("{server}/{name}"),
            Err(_) => format!("sqlite://{}", folder.path().join("test.db").display()),
        };
        let (store, _writer) = Store::open(&StoreConfig::new(url, [7; 32]), NOW).await.unwrap();
        let entries = (0..2_000_u128).map(|number| {
            let call = CallId(Uuid::from_u128(number % 500));
            AuditEntry {
                id: Uuid::from_u128(number),
                tenant,
                user: None,
                api_key: None,
                action: "compliance.override.create".to_owned(),
                entity: "compliance override".to_owned(),
                entity_id: None,
                changes: match number % 4 {
                    0 => json!({"callId": {"before": null, "after": call}}),
                    1 => json!({"callId": {"before": call, "after": null}}),
                    // What only mentions it is not about it.
                    2 => json!({"reason": {"before": null, "after": format!("as for {call}")}}),
                    _ => json!({"callId": call}),
                },
                address: None,
                user_agent: None,
                request_id: None,
                success: true,
                at: NOW.after(std::time::Duration::from_secs(u64::try_from(number).unwrap())),
            }
        });
        let entries: Vec<AuditEntry> = entries.collect();
        store
            .writer()
            .write_for(TenantScope::of(tenant), move |on| Box::pin(append(on, tenant, entries)))
            .await
            .unwrap();
        store
    }

    #[tokio::test]
    async fn entries_about_a_call_come_out_of_an_index() {
        let (folder, tenant) = (tempfile::tempdir().unwrap(), TenantId(Uuid::from_u128(1)));
        let store = filled(&folder, tenant).await;
        let scope = TenantScope::of(tenant);
        let of = |call: u128| AuditFilter {
            action: Some("compliance.*".to_owned()),
            call: Some(CallId(Uuid::from_u128(call))),
            ..AuditFilter::default()
        };
        for (call, wanted) in [(0, 4), (1, 4), (2, 0), (3, 0), (999, 0)] {
            let found = store.search_audit(scope, &of(call), &PageRequest::number(1, 10)).await.unwrap();
            assert_eq!((found.items.len(), found.total), (wanted, Some(Total::known(wanted as u64))), "{call}");
        }
        assert_eq!(store.verify_audit(scope).await.unwrap().broken, None);

        let reader = store.scoped(scope).await.unwrap();
        let (explain, name) = match reader.get_database_backend() {
            DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
            _ => {
                let writer = store.writer();
                writer.write(|on| Box::pin(async { execute(on, "ANALYZE audit_log", []).await })).await.unwrap();
                ("EXPLAIN", "QUERY PLAN")
            }
        };
        let after = PageRequest::after(Cursor::at(NOW.micros(), Uuid::nil()).to_string(), 20);
        for (filter, is_found) in
            [(of(1), true), (AuditFilter { action: of(1).action, ..AuditFilter::default() }, false)]
        {
            let pages = [PageRequest::number(2, 20), after.clone()];
            let mut statements = vec![counting(scope, &filter)];
            statements.extend(pages.iter().map(|page| listing(scope, &filter, page).unwrap()));
            for Where { sql, values } in statements {
                let rows = query(&reader, &format!("{explain} {sql}"), values).await.unwrap();
                let plan: Vec<String> = rows.iter().map(|row| column(row, name).unwrap()).collect();
                assert_eq!(plan.iter().any(|step| step.contains("audit_log_by_call")), is_found, "{sql}: {plan:#?}");
            }
        }
    }
}
