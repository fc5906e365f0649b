//! Tags: labels people put on calls.

use domain::{TagId, TenantId, Timestamp};
use operations::{StoreError, Tag, TagFilter};
use sea_orm::{QueryFilter, Select};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds, keyed};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tags")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub name: String,
        pub color: Option<String>,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for Tag {
    keyed!(TagId);

    const ROUTES: bool = false;

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            name: self.name.clone(),
            color: self.color.clone(),
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: TagId(row.id),
            tenant: TenantId(row.tenant_id),
            name: row.name,
            color: row.color,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &TagFilter) -> Select<Entity> {
        match &filter.search {
            Some(search) => query.filter(holds(Column::Name, search)),
            None => query,
        }
    }
}
