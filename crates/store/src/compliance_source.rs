//! What the compliance gate is loaded from.

use async_trait::async_trait;
use compliance::Digits;
use domain::{ConsentId, DncListId, TenantId, Timestamp};
use operations::{
    ComplianceData, ComplianceOverride, ComplianceOverrideFilter, ComplianceOverrideStatus, CompliancePolicy,
    CompliancePolicyFilter, ComplianceSource, ConsentToken, DncList, DncListFilter, DncListStatus, DncMark, Entity,
    PAGE_LIMIT_MAX, Page, PageRequest, Repository, StoreError, TenantScope,
};
use sea_orm::{FromQueryResult, Value};

use crate::{
    Store,
    convert::{column, number, stored},
    dialect::store_error,
    directory::{ConsentRow, Stored},
    dnc_entries::digits,
    sql::query,
};

impl Store {
    async fn all_like<E>(&self, scope: TenantScope, filter: &E::Filter) -> Result<Vec<E>, StoreError>
    where
        E: Entity,
        Self: Repository<E>,
    {
        let mut all = Vec::new();
        let mut page = PageRequest::number(1, PAGE_LIMIT_MAX);
        loop {
            let Page { items, next, .. } = self.list(scope, filter, &page).await?;
            all.extend(items);
            let Some(next) = next else { return Ok(all) };
            page = PageRequest::after(next, PAGE_LIMIT_MAX);
        }
    }
}

#[async_trait]
impl ComplianceSource for Store {
    async fn compliance_versions(&self) -> Result<Vec<(TenantId, u64)>, StoreError> {
        let rows = query(self.reader(), "SELECT tenant_id, version FROM compliance_versions", []).await?;
        rows.iter().map(|row| Ok((TenantId(column(row, "tenant_id")?), number(column(row, "version")?)?))).collect()
    }

    async fn compliance_data(&self, tenant: TenantId) -> Result<ComplianceData, StoreError> {
        // The count first: what changes while the rest is read makes it old, and it is read again.
        let sql = "SELECT version FROM compliance_versions WHERE tenant_id = $1";
        let rows = query(self.reader(), sql, [tenant.0.into()]).await?;
        let version = rows.first().map_or(Ok(0), |row| number(column(row, "version")?))?;
        let scope = TenantScope::of(tenant);
        let policies = self.all_like::<CompliancePolicy>(scope, &CompliancePolicyFilter::default()).await?;
        let active = DncListFilter { status: Some(DncListStatus::Active), ..DncListFilter::default() };
        let mut lists = self.all_like::<DncList>(scope, &active).await?;
        lists.sort_by_key(|list| (list.kind, list.created_at, list.id));
        let active = ComplianceOverrideFilter {
            status: Some(ComplianceOverrideStatus::Active),
            ..ComplianceOverrideFilter::default()
        };
        let overrides = self.all_like::<ComplianceOverride>(scope, &active).await?;
        Ok(ComplianceData { version, policies, lists, overrides })
    }

    async fn dnc_numbers(
        &self,
        tenant: TenantId,
        list: DncListId,
        after: u64,
        count_max: u32,
    ) -> Result<Vec<Digits>, StoreError> {
        let sql = "SELECT number FROM dnc_list_entries WHERE list_id = $1 AND number > $2 AND tenant_id = $3 AND NOT removed \
                   ORDER BY number LIMIT $4";
        let values: [Value; 4] = [list.0.into(), stored(after).into(), tenant.0.into(), i64::from(count_max).into()];
        query(self.reader(), sql, values).await?.iter().map(digits).collect()
    }

    async fn dnc_marks(
        &self,
        tenant: TenantId,
        list: DncListId,
        (version, after): (u64, u64),
        count_max: u32,
    ) -> Result<Vec<DncMark>, StoreError> {
        let sql = "SELECT number, removed, version FROM dnc_list_entries WHERE list_id = $1 AND (version, number) > ($2, $3) \
                   AND tenant_id = $4 ORDER BY version, number LIMIT $5";
        let values: [Value; 5] =
            [list.0.into(), stored(version).into(), stored(after).into(), tenant.0.into(), i64::from(count_max).into()];
        let rows = query(self.reader(), sql, values).await?;
        let mark = |row| {
            Ok(DncMark {
                number: digits(row)?,
                removed: column(row, "removed")?,
                version: number(column(row, "version")?)?,
            })
        };
        rows.iter().map(mark).collect()
    }

    async fn changed_consents(
        &self,
        tenant: TenantId,
        (moment, id): (Timestamp, ConsentId),
        count_max: u32,
    ) -> Result<Vec<ConsentToken>, StoreError> {
        let sql = "SELECT * FROM consent_tokens WHERE tenant_id = $1 AND (updated_at, id) > ($2, $3) \
                   ORDER BY updated_at, id LIMIT $4";
        let values: [Value; 4] = [tenant.0.into(), moment.micros().into(), id.0.into(), i64::from(count_max).into()];
        let rows = query(self.reader(), sql, values).await?;
        let read = |row| ConsentToken::from_row(ConsentRow::from_query_result(row, "").map_err(store_error)?);
        rows.iter().map(read).collect()
    }
}
