//! Tenants.

use async_trait::async_trait;
use domain::{TenantId, Timestamp};
use operations::{Page, PageRequest, StoreError, Tenant, TenantFilter, Tenants};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect as _,
    QueryTrait as _, Select, sea_query::SelectStatement,
};

use self::table::{Column, Entity, Model};
use super::{Ordered, holds, pages, refusal, routing_changed};
use crate::{
    Store,
    convert::{from_json, json, optional_number, parse},
    dialect::store_error,
};

const NAME: &str = "tenant";

/// Without `routing_version`, which only counts.
mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tenants")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub slug: String,
        pub domain: Option<String>,
        pub status: String,
        pub time_zone: String,
        pub concurrent_calls_max: Option<i64>,
        pub metadata: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn to_row(tenant: &Tenant) -> Result<Model, StoreError> {
    Ok(Model {
        id: tenant.id.0,
        name: tenant.name.clone(),
        slug: tenant.slug.clone(),
        domain: tenant.domain.clone(),
        status: tenant.status.as_str().to_owned(),
        time_zone: tenant.time_zone.clone(),
        concurrent_calls_max: tenant.concurrent_calls_max.map(i64::from),
        metadata: json(&tenant.metadata)?,
        created_at: tenant.created_at.micros(),
        updated_at: tenant.updated_at.micros(),
    })
}

fn from_row(row: Model) -> Result<Tenant, StoreError> {
    Ok(Tenant {
        id: TenantId(row.id),
        name: row.name,
        slug: row.slug,
        domain: row.domain,
        status: parse(&row.status)?,
        time_zone: row.time_zone,
        concurrent_calls_max: optional_number(row.concurrent_calls_max)?,
        metadata: from_json(&row.metadata)?,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

/// Ids of the tenants whose name has the text in it.
pub(super) fn named(part: &str) -> SelectStatement {
    Entity::find().select_only().column(Column::Id).filter(holds(Column::Name, part)).into_query()
}

impl Store {
    async fn tenant_where(&self, query: Select<Entity>) -> Result<Option<Tenant>, StoreError> {
        query.one(self.reader()).await.map_err(store_error)?.map(from_row).transpose()
    }
}

#[async_trait]
impl Tenants for Store {
    async fn insert_tenant(&self, tenant: &Tenant) -> Result<(), StoreError> {
        let row = to_row(tenant)?.into_active_model().reset_all();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let insert = Entity::insert(row).exec_without_returning(transaction);
                    insert.await.map(drop).map_err(|error| refusal(NAME, error, false))
                })
            })
            .await
    }

    async fn find_tenant(&self, id: TenantId) -> Result<Option<Tenant>, StoreError> {
        self.tenant_where(Entity::find_by_id(id.0)).await
    }

    async fn find_tenant_by_slug(&self, slug: &str) -> Result<Option<Tenant>, StoreError> {
        self.tenant_where(Entity::find().filter(Column::Slug.eq(slug))).await
    }

    async fn find_tenant_by_domain(&self, domain: &str) -> Result<Option<Tenant>, StoreError> {
        self.tenant_where(Entity::find().filter(Column::Domain.eq(domain))).await
    }

    async fn save_tenant(&self, tenant: &Tenant, now: Timestamp) -> Result<Tenant, StoreError> {
        let (id, read_at) = (tenant.id, tenant.updated_at);
        let now = now.max(Timestamp::from_micros(read_at.micros().saturating_add(1)));
        let changed = Tenant { updated_at: now, ..tenant.clone() };
        let row = to_row(&changed)?.into_active_model().reset_all();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let update = Entity::update_many()
                        .set(row)
                        .filter(Column::Id.eq(id.0))
                        .filter(Column::UpdatedAt.eq(read_at.micros()));
                    let written = update.exec(transaction).await.map_err(|error| refusal(NAME, error, false))?;
                    if written.rows_affected == 0 {
                        let exists = Entity::find_by_id(id.0).one(transaction).await.map_err(store_error)?.is_some();
                        return Err(if exists { StoreError::Stale(NAME) } else { StoreError::NotFound(NAME) });
                    }
                    routing_changed(transaction, id).await
                })
            })
            .await?;
        Ok(changed)
    }

    async fn list_tenants(&self, filter: &TenantFilter, page: &PageRequest) -> Result<Page<Tenant>, StoreError> {
        let query = match filter.status {
            Some(status) => Entity::find().filter(Column::Status.eq(status.as_str())),
            None => Entity::find(),
        };
        let query = match &filter.search {
            Some(search) => query.filter(
                Condition::any()
                    .add(holds(Column::Name, search))
                    .add(holds(Column::Slug, search))
                    .add(holds(Column::Domain, search)),
            ),
            None => query,
        };
        let ordered = Ordered::of::<Tenant>(page, |field| field.parse().ok(), Column::Id)?;
        let rows = pages::read(self.reader(), query, page, &ordered).await?;
        Ok(Page {
            items: rows.items.into_iter().map(from_row).collect::<Result<_, _>>()?,
            total: rows.total,
            next: rows.next,
        })
    }
}
