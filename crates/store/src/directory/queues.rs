//! Queues: lines callers wait on for the tenant's agents.

use domain::{QueueId, TenantId, Timestamp};
use operations::{Queue, QueueFilter, StoreError};
use sea_orm::{QueryFilter, Select};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds, keyed};
use crate::convert::{from_json, json, number, optional_number};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "queues")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub name: String,
        pub size_max: i64,
        pub music: Option<String>,
        pub timeout_seconds: Option<i64>,
        pub agents: String,
        pub members: String,
        pub skills: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for Queue {
    keyed!(QueueId);

    const ROUTES: bool = true;

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            name: self.name.clone(),
            size_max: i64::from(self.size_max),
            music: self.music.clone(),
            timeout_seconds: self.timeout_seconds.map(i64::from),
            agents: json(&self.agents)?,
            members: json(&self.members)?,
            skills: json(&self.skills)?,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: QueueId(row.id),
            tenant: TenantId(row.tenant_id),
            name: row.name,
            size_max: number(row.size_max)?,
            music: row.music,
            timeout_seconds: optional_number(row.timeout_seconds)?,
            agents: from_json(&row.agents)?,
            members: from_json(&row.members)?,
            skills: from_json(&row.skills)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &QueueFilter) -> Select<Entity> {
        match &filter.search {
            Some(search) => query.filter(holds(Column::Name, search)),
            None => query,
        }
    }
}
