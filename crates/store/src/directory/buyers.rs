//! Buyers.

use domain::{BuyerId, PublisherId, TenantId, Timestamp};
use operations::{Buyer, BuyerFilter, Side, StoreError};
use sea_orm::{ColumnTrait, Condition, QueryFilter, Select, sea_query::Expr};
use uuid::Uuid;

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds};
use crate::convert::{from_json, json, number, parse};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "buyers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub publisher_id: Uuid,
        pub name: String,
        pub code: String,
        pub status: String,
        pub caps: String,
        pub time_zone: String,
        pub hours: Option<String>,
        pub filters: String,
        pub weight: i64,
        pub priority: i64,
        pub metadata: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for Buyer {
    type Table = Entity;
    type Active = ActiveModel;
    const ROUTES: bool = true;
    const KEYS: [Column; 3] = [Column::TenantId, Column::Id, Column::UpdatedAt];

    fn uuid(id: BuyerId) -> Uuid {
        id.0
    }

    fn keys(&self) -> (TenantId, BuyerId, Timestamp) {
        (self.tenant, self.id, self.updated_at)
    }

    fn touched(self, now: Timestamp) -> Self {
        Self { updated_at: now, ..self }
    }

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            publisher_id: self.publisher.0,
            name: self.name.clone(),
            code: self.code.clone(),
            status: self.status.as_str().to_owned(),
            caps: json(&self.caps)?,
            time_zone: self.time_zone.clone(),
            hours: self.hours.as_ref().map(json).transpose()?,
            filters: json(&self.filters)?,
            weight: i64::from(self.weight),
            priority: i64::from(self.priority),
            metadata: json(&self.metadata)?,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: BuyerId(row.id),
            tenant: TenantId(row.tenant_id),
            publisher: PublisherId(row.publisher_id),
            name: row.name,
            code: row.code,
            status: parse(&row.status)?,
            caps: from_json(&row.caps)?,
            time_zone: row.time_zone,
            hours: row.hours.as_deref().map(from_json).transpose()?,
            filters: from_json(&row.filters)?,
            weight: number(row.weight)?,
            priority: number(row.priority)?,
            metadata: from_json(&row.metadata)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn of_side(side: Side) -> Condition {
        match side {
            Side::Buyer(own) => Condition::all().add(Column::Id.eq(own.0)),
            _ => Condition::all().add(Expr::cust("1 = 0")),
        }
    }

    fn narrow(query: Select<Entity>, filter: &BuyerFilter) -> Select<Entity> {
        let query = match filter.codes.as_slice() {
            [] => query,
            codes => query.filter(Column::Code.is_in(codes)),
        };
        let query = match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        };
        let query = match filter.publisher {
            Some(publisher) => query.filter(Column::PublisherId.eq(publisher.0)),
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
