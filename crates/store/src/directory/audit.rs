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
    sql::{Insert, direction, execute, query},
};

const COLUMNS: &str = "id, tenant_id, user_id, api_key_id, action, entity, entity_id, changes, address, user_agent, \
                       request_id, success, at, sequence, previous_hash, hash";
const ENTRIES: Insert = Insert {
    head: "INSERT INTO audit_log (id, tenant_id, user_id, api_key_id, action, entity, entity_id, changes, address, \
           user_agent, request_id, success, at, sequence, previous_hash, hash)",
    columns: 16,
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
        values.extend::<[Value; 16]>([
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
    and("changes LIKE", filter.mentions.map(|id| format!("%{id}%").into()));
    and("user_id =", filter.user.map(|id| id.0.into()));
    and("api_key_id =", filter.api_key.map(|id| id.0.into()));
    and("success =", filter.success.map(Value::from));
    and("at >=", filter.from.map(|from| from.micros().into()));
    and("at <", filter.to.map(|to| to.micros().into()));
    (sql, values)
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
        let (mut sql, mut values) = conditions(scope, filter);
        let (order, behind) = direction(page.order_of::<AuditEntry>());
        let (mut total, mut skipped) = (None, 0);
        let reader = self.scoped(scope).await?;
        match &page.from {
            PageStart::Number(number) => {
                let count = format!(
                    "SELECT COUNT(*) AS total FROM (SELECT 1 FROM audit_log WHERE {sql} LIMIT {TOTAL_MAX}) counted"
                );
                let rows = query(&reader, &count, values.clone()).await?;
                let counted: i64 = rows.first().map_or(Ok(0), |row| column(row, "total"))?;
                total = Some(Total::of(counted));
                skipped = stored(u64::from(number.saturating_sub(1)) * u64::from(page.limit));
            }
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
        let sequence = self.place + 1;
        let broken = |reason: &str| Ok(Some(AuditBreak { sequence, reason: reason.to_owned() }));
        if chained.sequence != Some(sequence) {
            return broken("the entry is missing");
        }
        if previous.as_deref() != Some(self.previous.as_str()) {
            return broken("it does not follow the entry before it");
        }
        let hash = audit_hash(&chained.entry, &changes, sequence, &self.previous);
        if chained.hash.as_deref() != Some(hash.as_str()) {
            return broken("it was changed after it was written");
        }
        (self.place, self.previous) = (sequence, hash);
        Ok(None)
    }
}
