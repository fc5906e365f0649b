//! Feature flags: what is on for a tenant.

use domain::{FeatureFlagId, TenantId, Timestamp};
use operations::{FeatureFlag, FeatureFlagFilter, StoreError};
use sea_orm::{QueryFilter, Select};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds, keyed};
use crate::convert::{from_json, json};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "feature_flags")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub flag_key: String,
        pub value: String,
        pub description: Option<String>,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for FeatureFlag {
    keyed!(FeatureFlagId);

    const ROUTES: bool = false;

    fn ordered(field: &str) -> Option<Column> {
        if field == "key" { Some(Column::FlagKey) } else { field.parse().ok() }
    }

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            flag_key: self.key.clone(),
            value: json(&self.value)?,
            description: self.description.clone(),
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: FeatureFlagId(row.id),
            tenant: TenantId(row.tenant_id),
            key: row.flag_key,
            value: from_json(&row.value)?,
            description: row.description,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &FeatureFlagFilter) -> Select<Entity> {
        match &filter.search {
            Some(search) => query.filter(holds(Column::FlagKey, search)),
            None => query,
        }
    }
}
