//! Reads everything of a tenant that calls are decided on.

use async_trait::async_trait;
use domain::{BuyerId, TenantId, Timestamp};
use operations::{
    Entity, FlowVersion, PAGE_LIMIT_MAX, Page, PageRequest, Quotas as _, Repository, RoutingData, RoutingSource,
    StoreError, TenantScope, Tenants,
};
use routing::Tally;

use crate::{
    Store,
    convert::{column, number},
    directory::read_version,
    sql::query,
};

impl Store {
    /// Every entity of a kind, page by page.
    pub(crate) async fn all_of<E>(&self, scope: TenantScope) -> Result<Vec<E>, StoreError>
    where
        E: Entity,
        Self: Repository<E>,
    {
        let mut all = Vec::new();
        let mut page = PageRequest::number(1, PAGE_LIMIT_MAX);
        loop {
            let Page { items, next, .. } = self.list(scope, &E::Filter::default(), &page).await?;
            all.extend(items);
            let Some(next) = next else { return Ok(all) };
            page = PageRequest::after(next, PAGE_LIMIT_MAX);
        }
    }

    async fn published_flows(&self, tenant: TenantId) -> Result<Vec<FlowVersion>, StoreError> {
        let sql = "SELECT * FROM flow_versions WHERE tenant_id = $1 AND is_published";
        query(self.reader(), sql, [tenant.0.into()]).await?.iter().map(read_version).collect()
    }
}

#[async_trait]
impl RoutingSource for Store {
    async fn routing_versions(&self) -> Result<Vec<(TenantId, u64)>, StoreError> {
        let rows = query(self.reader(), "SELECT id, routing_version FROM tenants", []).await?;
        rows.iter().map(|row| Ok((TenantId(column(row, "id")?), number(column(row, "routing_version")?)?))).collect()
    }

    async fn routing_data(&self, tenant: TenantId) -> Result<Option<RoutingData>, StoreError> {
        // The count first: what changes while the rest is read makes it old, and it is read again.
        let sql = "SELECT routing_version FROM tenants WHERE id = $1";
        let rows = query(self.reader(), sql, [tenant.0.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let version = number(column(row, "routing_version")?)?;
        let Some(found) = self.find_tenant(tenant).await? else { return Ok(None) };
        let scope = TenantScope::of(tenant);
        Ok(Some(RoutingData {
            version,
            tenant: found,
            numbers: self.all_of(scope).await?,
            campaigns: self.all_of(scope).await?,
            buyers: self.all_of(scope).await?,
            endpoints: self.all_of(scope).await?,
            queues: self.all_of(scope).await?,
            agents: self.answering_agents(scope).await?,
            quota: self.quota_of(scope).await?,
            flows: self.published_flows(tenant).await?,
            trunks: self.all_of(scope).await?,
        }))
    }

    async fn answered_ms(&self, tenant: TenantId, since: Timestamp) -> Result<u64, StoreError> {
        self.quota_usage(TenantScope::of(tenant), since).await.map(|usage| usage.answered_ms)
    }

    async fn tallies(&self, since: Timestamp) -> Result<Vec<(BuyerId, Tally)>, StoreError> {
        let sql = "SELECT buyer_id, COUNT(*) AS total, COUNT(connected_at) AS answered, \
                   COUNT(*) FILTER (WHERE revenue > 0) AS conversions \
                   FROM calls WHERE started_at >= $1 AND buyer_id IS NOT NULL GROUP BY buyer_id";
        let rows = query(self.reader(), sql, [since.micros().into()]).await?;
        rows.iter()
            .map(|row| {
                let count = |name: &str| number::<u32>(column(row, name)?);
                let tally =
                    Tally { total: count("total")?, answered: count("answered")?, conversions: count("conversions")? };
                Ok((BuyerId(column(row, "buyer_id")?), tally))
            })
            .collect()
    }
}
