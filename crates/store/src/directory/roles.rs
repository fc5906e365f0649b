//! Roles tenants made for themselves.

use domain::{RoleId, TenantId, Timestamp};
use operations::{CustomRole, CustomRoleFilter, StoreError};
use sea_orm::{QueryFilter, Select};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds, keyed};
use crate::convert::{from_json, json};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "roles")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub name: String,
        pub description: Option<String>,
        pub permissions: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for CustomRole {
    keyed!(RoleId);

    const ROUTES: bool = false;

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            name: self.name.clone(),
            description: self.description.clone(),
            permissions: json(&self.permissions)?,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: RoleId(row.id),
            tenant: TenantId(row.tenant_id),
            name: row.name,
            description: row.description,
            permissions: from_json(&row.permissions)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &CustomRoleFilter) -> Select<Entity> {
        match &filter.search {
            Some(search) => query.filter(holds(Column::Name, search)),
            None => query,
        }
    }
}
