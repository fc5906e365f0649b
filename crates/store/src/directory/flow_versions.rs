//! Versions of flows. A published one never changes: every write here says so in its WHERE.

use async_trait::async_trait;
use domain::{FlowId, TenantId, Timestamp, UserId};
use operations::{FlowStatus, FlowVersion, FlowVersions, StoreError, TenantScope};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::routing_changed;
use crate::{
    Store,
    convert::{column, from_json, json, moment, number},
    sql::{execute, query},
};

const NAME: &str = "flow version";
const COLUMNS: &str =
    "flow_id, version, tenant_id, document, created_by, created_at, updated_at, published_at, is_published";

/// One row of `flow_versions`.
pub(crate) fn read_version(row: &QueryResult) -> Result<FlowVersion, StoreError> {
    Ok(FlowVersion {
        flow: FlowId(column(row, "flow_id")?),
        tenant: TenantId(column(row, "tenant_id")?),
        version: number(column(row, "version")?)?,
        document: from_json(&column::<String>(row, "document")?)?,
        created_by: column::<Option<Uuid>>(row, "created_by")?.map(UserId),
        created_at: Timestamp::from_micros(column(row, "created_at")?),
        updated_at: Timestamp::from_micros(column(row, "updated_at")?),
        published_at: moment(column(row, "published_at")?),
        is_published: column(row, "is_published")?,
    })
}

async fn find(
    on: &impl ConnectionTrait,
    tenant: TenantId,
    flow: FlowId,
    version: u32,
) -> Result<Option<FlowVersion>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM flow_versions WHERE tenant_id = $1 AND flow_id = $2 AND version = $3");
    let rows = query(on, &sql, [tenant.0.into(), flow.0.into(), i64::from(version).into()]).await?;
    rows.first().map(read_version).transpose()
}

#[async_trait]
impl FlowVersions for Store {
    async fn list_versions(&self, scope: TenantScope, flow: FlowId) -> Result<Vec<FlowVersion>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM flow_versions WHERE tenant_id = $1 AND flow_id = $2 ORDER BY version DESC");
        let rows = query(&self.scoped(scope).await?, &sql, [scope.tenant().0.into(), flow.0.into()]).await?;
        rows.iter().map(read_version).collect()
    }

    async fn find_version(
        &self,
        scope: TenantScope,
        flow: FlowId,
        version: u32,
    ) -> Result<Option<FlowVersion>, StoreError> {
        find(&self.scoped(scope).await?, scope.tenant(), flow, version).await
    }

    async fn put_version(&self, scope: TenantScope, version: &FlowVersion) -> Result<(), StoreError> {
        if version.tenant != scope.tenant() {
            return Err(StoreError::NotFound("flow"));
        }
        let document = json(&version.document)?;
        let version = version.clone();
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    let owner = "SELECT 1 AS one FROM flows WHERE tenant_id = $1 AND id = $2";
                    let owned = query(transaction, owner, [version.tenant.0.into(), version.flow.0.into()]).await?;
                    if owned.is_empty() {
                        return Err(StoreError::NotFound("flow"));
                    }
                    let sql = "INSERT INTO flow_versions (flow_id, version, tenant_id, document, created_by, created_at, \
                               updated_at, published_at, is_published) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8) \
                               ON CONFLICT (flow_id, version) DO UPDATE SET document = excluded.document, \
                               created_by = excluded.created_by, updated_at = excluded.updated_at \
                               WHERE flow_versions.published_at IS NULL";
                    let values = [
                        version.flow.0.into(),
                        i64::from(version.version).into(),
                        version.tenant.0.into(),
                        document.into(),
                        version.created_by.map(|user| user.0).into(),
                        version.created_at.micros().into(),
                        version.updated_at.micros().into(),
                        false.into(),
                    ];
                    match execute(transaction, sql, values).await? {
                        0 => Err(StoreError::Conflict {
                            entity: NAME,
                            reason: format!("version {} was published and never changes", version.version),
                        }),
                        _ => Ok(()),
                    }
                })
            })
            .await
    }

    async fn remove_version(&self, scope: TenantScope, flow: FlowId, version: u32) -> Result<(), StoreError> {
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    let Some(found) = find(transaction, scope.tenant(), flow, version).await? else {
                        return Err(StoreError::NotFound(NAME));
                    };
                    if found.published_at.is_some() {
                        let reason = format!("version {version} was published and stays");
                        return Err(StoreError::Conflict { entity: NAME, reason });
                    }
                    let sql = "DELETE FROM flow_versions WHERE tenant_id = $1 AND flow_id = $2 AND version = $3";
                    let values = [scope.tenant().0.into(), flow.0.into(), i64::from(version).into()];
                    execute(transaction, sql, values).await.map(drop)
                })
            })
            .await
    }

    async fn publish_version(
        &self,
        scope: TenantScope,
        flow: FlowId,
        version: u32,
        now: Timestamp,
    ) -> Result<FlowVersion, StoreError> {
        self.writer()
            .write_for(scope, move |transaction| Box::pin(publish(transaction, scope.tenant(), flow, version, now)))
            .await
    }
}

async fn publish(
    transaction: &impl ConnectionTrait,
    tenant: TenantId,
    flow: FlowId,
    version: u32,
    now: Timestamp,
) -> Result<FlowVersion, StoreError> {
    // First the old one: at no moment may two be published.
    let old = "UPDATE flow_versions SET is_published = $3 WHERE tenant_id = $1 AND flow_id = $2 AND is_published";
    execute(transaction, old, [tenant.0.into(), flow.0.into(), false.into()]).await?;
    let new = "UPDATE flow_versions SET is_published = $4, published_at = COALESCE(published_at, $5) \
               WHERE tenant_id = $1 AND flow_id = $2 AND version = $3";
    let values = [tenant.0.into(), flow.0.into(), i64::from(version).into(), true.into(), now.micros().into()];
    if execute(transaction, new, values).await? == 0 {
        return Err(StoreError::NotFound(NAME));
    }
    let head = "UPDATE flows SET status = $3, published_version = $4, updated_at = $5 WHERE tenant_id = $1 AND id = $2";
    let values = [
        tenant.0.into(),
        flow.0.into(),
        FlowStatus::Active.as_str().into(),
        i64::from(version).into(),
        now.micros().into(),
    ];
    execute(transaction, head, values).await?;
    routing_changed(transaction, tenant).await?;
    find(transaction, tenant, flow, version).await?.ok_or(StoreError::NotFound(NAME))
}
