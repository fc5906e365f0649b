//! Flows.

use domain::{FlowId, TenantId, Timestamp};
use operations::{Flow, FlowFilter, StoreError};
use sea_orm::{ColumnTrait, Condition, QueryFilter, Select};
use uuid::Uuid;

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds};
use crate::convert::{from_json, json, optional_number, parse};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "flows")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub flow_key: String,
        pub name: String,
        pub description: Option<String>,
        pub status: String,
        pub published_version: Option<i64>,
        pub metadata: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for Flow {
    type Table = Entity;
    type Active = ActiveModel;
    const ROUTES: bool = true;
    const KEYS: [Column; 3] = [Column::TenantId, Column::Id, Column::UpdatedAt];

    fn uuid(id: FlowId) -> Uuid {
        id.0
    }

    fn keys(&self) -> (TenantId, FlowId, Timestamp) {
        (self.tenant, self.id, self.updated_at)
    }

    fn touched(self, now: Timestamp) -> Self {
        Self { updated_at: now, ..self }
    }

    fn ordered(field: &str) -> Option<Column> {
        if field == "key" { Some(Column::FlowKey) } else { field.parse().ok() }
    }

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            flow_key: self.key.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            status: self.status.as_str().to_owned(),
            published_version: self.published_version.map(i64::from),
            metadata: json(&self.metadata)?,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: FlowId(row.id),
            tenant: TenantId(row.tenant_id),
            key: row.flow_key,
            name: row.name,
            description: row.description,
            status: parse(&row.status)?,
            published_version: optional_number(row.published_version)?,
            metadata: from_json(&row.metadata)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &FlowFilter) -> Select<Entity> {
        let query = match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        };
        let query = match &filter.key {
            Some(key) => query.filter(Column::FlowKey.eq(key)),
            None => query,
        };
        match &filter.search {
            Some(search) => {
                query.filter(Condition::any().add(holds(Column::Name, search)).add(holds(Column::FlowKey, search)))
            }
            None => query,
        }
    }
}
