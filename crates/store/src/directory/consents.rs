//! Consents.

use domain::{CallId, ConsentId, TenantId, Timestamp};
use operations::{ConsentFilter, ConsentToken, StoreError};
use sea_orm::{ColumnTrait, QueryFilter, Select};

use self::table::{ActiveModel, Column, Entity};
use super::{Stored, keyed};
use crate::convert::{from_json, json, moment, parse};

pub(crate) use self::table::Model;

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "consent_tokens")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub call_id: Option<Uuid>,
        pub number: String,
        pub token: String,
        pub token_hash: String,
        pub provider: String,
        pub status: String,
        pub detail: Option<String>,
        pub verified_at: Option<i64>,
        pub expires_at: Option<i64>,
        pub ip_address: Option<String>,
        pub source: Option<String>,
        pub metadata: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for ConsentToken {
    keyed!(ConsentId);

    const ROUTES: bool = false;
    const SCREENS: bool = true;

    fn ordered(field: &str) -> Option<Column> {
        if field == "phoneNumber" { Some(Column::Number) } else { field.parse().ok() }
    }

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            call_id: self.call.map(|id| id.0),
            number: self.number.as_str().to_owned(),
            token: self.token.clone(),
            token_hash: self.token_hash.clone(),
            provider: self.provider.as_str().to_owned(),
            status: self.status.as_str().to_owned(),
            detail: self.detail.clone(),
            verified_at: self.verified_at.map(Timestamp::micros),
            expires_at: self.expires_at.map(Timestamp::micros),
            ip_address: self.ip_address.clone(),
            source: self.source.clone(),
            metadata: json(&self.metadata)?,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: ConsentId(row.id),
            tenant: TenantId(row.tenant_id),
            call: row.call_id.map(CallId),
            number: parse(&row.number)?,
            token: row.token,
            token_hash: row.token_hash,
            provider: parse(&row.provider)?,
            status: parse(&row.status)?,
            detail: row.detail,
            verified_at: moment(row.verified_at),
            expires_at: moment(row.expires_at),
            ip_address: row.ip_address,
            source: row.source,
            metadata: from_json(&row.metadata)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &ConsentFilter) -> Select<Entity> {
        let query = match &filter.number {
            Some(number) => query.filter(Column::Number.eq(number.as_str())),
            None => query,
        };
        let query = match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        };
        match filter.provider {
            Some(provider) => query.filter(Column::Provider.eq(provider.as_str())),
            None => query,
        }
    }
}
