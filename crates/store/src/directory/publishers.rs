//! Publishers.

use domain::{PublisherId, TenantId, Timestamp};
use operations::{Publisher, PublisherFilter, Side, StoreError};
use sea_orm::{ColumnTrait, Condition, QueryFilter, Select, sea_query::Expr};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds, keyed};
use crate::convert::{from_json, json, parse};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "publishers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub name: String,
        pub code: String,
        pub status: String,
        pub metadata: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for Publisher {
    keyed!(PublisherId);

    const ROUTES: bool = false;

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            name: self.name.clone(),
            code: self.code.clone(),
            status: self.status.as_str().to_owned(),
            metadata: json(&self.metadata)?,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: PublisherId(row.id),
            tenant: TenantId(row.tenant_id),
            name: row.name,
            code: row.code,
            status: parse(&row.status)?,
            metadata: from_json(&row.metadata)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn of_side(side: Side) -> Condition {
        match side {
            Side::Publisher(own) => Condition::all().add(Column::Id.eq(own.0)),
            _ => Condition::all().add(Expr::cust("1 = 0")),
        }
    }

    fn narrow(query: Select<Entity>, filter: &PublisherFilter) -> Select<Entity> {
        let query = match filter.codes.as_slice() {
            [] => query,
            codes => query.filter(Column::Code.is_in(codes)),
        };
        let query = match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        };
        match &filter.search {
            Some(search) => {
                query.filter(Condition::any().add(holds(Column::Name, search)).add(holds(Column::Code, search)))
            }
            None => query,
        }
    }
}
