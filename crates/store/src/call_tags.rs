//! Labels of calls.

use async_trait::async_trait;
use domain::{CallId, TagId, TenantId, Timestamp};
use operations::{CallTags, Entity, StoreError, Tag, TenantScope};

use crate::{
    Store,
    convert::column,
    sql::{execute, query},
};

#[async_trait]
impl CallTags for Store {
    async fn tag_call(&self, scope: TenantScope, call: CallId, tag: TagId, now: Timestamp) -> Result<bool, StoreError> {
        let tenant = scope.tenant();
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    let tags = "SELECT 1 AS one FROM tags WHERE tenant_id = $1 AND id = $2";
                    if query(transaction, tags, [tenant.0.into(), tag.0.into()]).await?.is_empty() {
                        return Err(StoreError::NotFound(Tag::NAME));
                    }
                    let calls = "SELECT 1 AS one FROM calls WHERE tenant_id = $1 AND id = $2";
                    if query(transaction, calls, [tenant.0.into(), call.0.into()]).await?.is_empty() {
                        return Err(StoreError::NotFound("call"));
                    }
                    let insert = "INSERT INTO call_tags (call_id, tag_id, tenant_id, created_at) \
                                  VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
                    let values = [call.0.into(), tag.0.into(), tenant.0.into(), now.micros().into()];
                    Ok(execute(transaction, insert, values).await? > 0)
                })
            })
            .await
    }

    async fn untag_call(&self, scope: TenantScope, call: CallId, tag: TagId) -> Result<bool, StoreError> {
        let tenant = scope.tenant();
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    let delete = "DELETE FROM call_tags WHERE call_id = $1 AND tag_id = $2 AND tenant_id = $3";
                    Ok(execute(transaction, delete, [call.0.into(), tag.0.into(), tenant.0.into()]).await? > 0)
                })
            })
            .await
    }

    async fn tags_of_call(&self, scope: TenantScope, call: CallId) -> Result<Vec<Tag>, StoreError> {
        let sql = "SELECT t.id, t.tenant_id, t.name, t.color, t.created_at, t.updated_at FROM call_tags c \
                   JOIN tags t ON t.tenant_id = c.tenant_id AND t.id = c.tag_id \
                   WHERE c.call_id = $1 AND c.tenant_id = $2 ORDER BY t.name, t.id";
        let rows = query(&self.scoped(scope).await?, sql, [call.0.into(), scope.tenant().0.into()]).await?;
        let tags = rows.iter().map(|row| {
            Ok(Tag {
                id: TagId(column(row, "id")?),
                tenant: TenantId(column(row, "tenant_id")?),
                name: column(row, "name")?,
                color: column(row, "color")?,
                created_at: Timestamp::from_micros(column(row, "created_at")?),
                updated_at: Timestamp::from_micros(column(row, "updated_at")?),
            })
        });
        tags.collect()
    }
}
