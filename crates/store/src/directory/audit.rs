//! The audit log: only ever added to.

use async_trait::async_trait;
use domain::Timestamp;
use operations::{AuditEntry, AuditLog, Page, PageRequest, PageStart, StoreError, TenantScope};
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use crate::{
    Store,
    convert::{column, from_json, json, stored},
    cursor::Cursor,
    sql::query,
};

const COLUMNS: &str = "id, tenant_id, user_id, api_key_id, action, entity, entity_id, changes, address, user_agent, \
                       request_id, success, at";

fn read(row: &QueryResult) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
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
    })
}

#[async_trait]
impl AuditLog for Store {
    async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let values: Vec<Value> = vec![
            entry.id.into(),
            entry.tenant.0.into(),
            entry.user.map(|id| id.0).into(),
            entry.api_key.map(|id| id.0).into(),
            entry.action.clone().into(),
            entry.entity.clone().into(),
            entry.entity_id.clone().into(),
            json(&entry.changes)?.into(),
            entry.address.clone().into(),
            entry.user_agent.clone().into(),
            entry.request_id.clone().into(),
            entry.success.into(),
            entry.at.micros().into(),
        ];
        self.run(
            "INSERT INTO audit_log (id, tenant_id, user_id, api_key_id, action, entity, entity_id, changes, address, \
             user_agent, request_id, success, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            values,
        )
        .await
    }

    async fn list_audit(&self, scope: TenantScope, page: &PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        let tenant = scope.tenant().0;
        let limit = i64::from(page.limit) + 1;
        let (total, rows) = match &page.from {
            PageStart::Number(number) => {
                let count = "SELECT COUNT(*) AS total FROM audit_log WHERE tenant_id = $1";
                let total: i64 = match query(self.reader(), count, [tenant.into()]).await?.first() {
                    Some(row) => column(row, "total")?,
                    None => 0,
                };
                let skipped = stored(u64::from(number.saturating_sub(1)) * u64::from(page.limit));
                let sql = format!(
                    "SELECT {COLUMNS} FROM audit_log WHERE tenant_id = $1 ORDER BY at DESC, id DESC LIMIT $2 OFFSET $3"
                );
                let rows = query(self.reader(), &sql, [tenant.into(), limit.into(), skipped.into()]).await?;
                (Some(total.max(0).unsigned_abs()), rows)
            }
            PageStart::Cursor(text) => {
                let cursor = Cursor::parse(text)?;
                let sql = format!(
                    "SELECT {COLUMNS} FROM audit_log WHERE tenant_id = $1 AND (at, id) < ($2, $3) \
                     ORDER BY at DESC, id DESC LIMIT $4"
                );
                let values = [tenant.into(), cursor.value(), cursor.id.into(), limit.into()];
                (None, query(self.reader(), &sql, values).await?)
            }
        };
        let more = rows.len() > page.limit as usize;
        let items: Vec<AuditEntry> = rows.iter().take(page.limit as usize).map(read).collect::<Result<_, _>>()?;
        let next = items.last().filter(|_| more).map(|last| Cursor::at(last.at.micros(), last.id).to_string());
        Ok(Page { items, total, next })
    }
}
