//! Agents: who answers the calls of queues.

use domain::{AgentId, TenantId, Timestamp, UserId};
use operations::{Agent, AgentFilter, StoreError};
use sea_orm::{
    ColumnTrait, QueryFilter, Select,
    sea_query::{Expr, ExprTrait},
};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds, keyed};
use crate::{
    agent_states::SHOWN,
    convert::{from_json, json, number, parse},
};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "agents")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub user_id: Option<Uuid>,
        pub name: String,
        pub destination: String,
        pub skills: String,
        pub status: String,
        pub status_changed_at: i64,
        pub wrap_up_seconds: i64,
        pub needs_connection: bool,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for Agent {
    keyed!(AgentId);

    const ROUTES: bool = true;

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            user_id: self.user.map(|id| id.0),
            name: self.name.clone(),
            destination: self.destination.clone(),
            skills: json(&self.skills)?,
            status: self.status.as_str().to_owned(),
            status_changed_at: self.status_changed_at.micros(),
            wrap_up_seconds: i64::from(self.wrap_up_seconds),
            needs_connection: self.needs_connection,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: AgentId(row.id),
            tenant: TenantId(row.tenant_id),
            user: row.user_id.map(UserId),
            name: row.name,
            destination: row.destination,
            skills: from_json(&row.skills)?,
            status: parse(&row.status)?,
            status_changed_at: Timestamp::from_micros(row.status_changed_at),
            wrap_up_seconds: number(row.wrap_up_seconds)?,
            needs_connection: row.needs_connection,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &AgentFilter) -> Select<Entity> {
        let query = match &filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        };
        let query = match &filter.user {
            Some(user) => query.filter(Column::UserId.eq(user.0)),
            None => query,
        };
        let query = match &filter.shown {
            Some(shown) => query.filter(ExprTrait::eq(Expr::cust(SHOWN), shown.as_str())),
            None => query,
        };
        match &filter.search {
            Some(search) => query.filter(holds(Column::Name, search)),
            None => query,
        }
    }
}
