//! API keys.

use domain::{ApiKeyId, BuyerId, PublisherId, TenantId, Timestamp, UserId};
use operations::{ApiKey, ApiKeyFilter, StoreError};
use sea_orm::{ColumnTrait, Condition, QueryFilter, Select};
use uuid::Uuid;

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds};
use crate::convert::{from_json, json, moment, optional_number, parse};

pub(super) mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "api_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub name: String,
        pub key_hash: String,
        pub prefix: String,
        pub status: String,
        pub scopes: String,
        pub publisher_id: Option<Uuid>,
        pub buyer_id: Option<Uuid>,
        pub created_by: Option<Uuid>,
        pub rotated_to: Option<Uuid>,
        pub rate_limit_per_minute: Option<i64>,
        pub last_used_at: Option<i64>,
        pub expires_at: Option<i64>,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for ApiKey {
    type Table = Entity;
    type Active = ActiveModel;
    const ROUTES: bool = false;
    const KEYS: [Column; 3] = [Column::TenantId, Column::Id, Column::UpdatedAt];

    fn uuid(id: ApiKeyId) -> Uuid {
        id.0
    }

    fn keys(&self) -> (TenantId, ApiKeyId, Timestamp) {
        (self.tenant, self.id, self.updated_at)
    }

    fn touched(self, now: Timestamp) -> Self {
        Self { updated_at: now, ..self }
    }

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            name: self.name.clone(),
            key_hash: self.key_hash.clone(),
            prefix: self.prefix.clone(),
            status: self.status.as_str().to_owned(),
            scopes: json(&self.scopes)?,
            publisher_id: self.publisher.map(|id| id.0),
            buyer_id: self.buyer.map(|id| id.0),
            created_by: self.created_by.map(|id| id.0),
            rotated_to: self.rotated_to.map(|id| id.0),
            rate_limit_per_minute: self.rate_limit_per_minute.map(i64::from),
            last_used_at: self.last_used_at.map(Timestamp::micros),
            expires_at: self.expires_at.map(Timestamp::micros),
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: ApiKeyId(row.id),
            tenant: TenantId(row.tenant_id),
            name: row.name,
            key_hash: row.key_hash,
            prefix: row.prefix,
            status: parse(&row.status)?,
            scopes: from_json(&row.scopes)?,
            publisher: row.publisher_id.map(PublisherId),
            buyer: row.buyer_id.map(BuyerId),
            created_by: row.created_by.map(UserId),
            rotated_to: row.rotated_to.map(ApiKeyId),
            rate_limit_per_minute: optional_number(row.rate_limit_per_minute)?,
            last_used_at: moment(row.last_used_at),
            expires_at: moment(row.expires_at),
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &ApiKeyFilter) -> Select<Entity> {
        let query = match &filter.search {
            Some(search) => {
                query.filter(Condition::any().add(holds(Column::Name, search)).add(holds(Column::Prefix, search)))
            }
            None => query,
        };
        match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        }
    }
}
