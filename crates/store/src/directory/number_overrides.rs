//! What tenants say of numbers.

use domain::{NumberOverrideId, TenantId, Timestamp};
use operations::{NumberOverride, NumberOverrideFilter, StoreError};
use sea_orm::{ColumnTrait, QueryFilter, Select};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, keyed};
use crate::convert::{from_json, json, parse};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "number_overrides")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub kind: String,
        pub number: String,
        pub facts: String,
        pub reason: String,
        pub set_by: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for NumberOverride {
    keyed!(NumberOverrideId);

    const ROUTES: bool = false;

    fn ordered(field: &str) -> Option<Column> {
        if field == "phoneNumber" { Some(Column::Number) } else { field.parse().ok() }
    }

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            kind: self.kind.as_str().to_owned(),
            number: self.number.as_str().to_owned(),
            facts: json(&self.facts)?,
            reason: self.reason.clone(),
            set_by: self.set_by.clone(),
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: NumberOverrideId(row.id),
            tenant: TenantId(row.tenant_id),
            kind: parse(&row.kind)?,
            number: parse(&row.number)?,
            facts: from_json(&row.facts)?,
            reason: row.reason,
            set_by: row.set_by,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &NumberOverrideFilter) -> Select<Entity> {
        let query = match filter.kind {
            Some(kind) => query.filter(Column::Kind.eq(kind.as_str())),
            None => query,
        };
        match &filter.number {
            Some(number) => query.filter(Column::Number.eq(number.as_str())),
            None => query,
        }
    }
}
