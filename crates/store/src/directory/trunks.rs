//! Trunks.

use domain::{CarrierId, TenantId, Timestamp, TrunkId};
use operations::{StoreError, Trunk, TrunkFilter, TrunkType};
use sea_orm::{ColumnTrait, Condition, QueryFilter, Select};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds, keyed};
use crate::convert::{from_json, json, number, optional_number, parse};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "trunks")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub carrier_id: Uuid,
        pub name: String,
        pub kind: String,
        pub host: String,
        pub port: i64,
        pub source_cidrs: String,
        pub digest_username: Option<String>,
        pub digest_realm: Option<String>,
        pub digest_ha1_md5: Option<String>,
        pub digest_ha1_sha256: Option<String>,
        pub outbound: Option<String>,
        pub concurrent_calls_max: Option<i64>,
        pub status: String,
        pub metadata: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for Trunk {
    keyed!(TrunkId);

    const ROUTES: bool = true;

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            carrier_id: self.carrier.0,
            name: self.name.clone(),
            kind: self.kind.as_str().to_owned(),
            host: self.host.clone(),
            port: i64::from(self.port),
            source_cidrs: json(&self.source_cidrs)?,
            digest_username: self.digest_username.clone(),
            digest_realm: self.digest_realm.clone(),
            digest_ha1_md5: self.digest_ha1_md5.clone(),
            digest_ha1_sha256: self.digest_ha1_sha256.clone(),
            outbound: self.outbound.as_ref().map(json).transpose()?,
            concurrent_calls_max: self.concurrent_calls_max.map(i64::from),
            status: self.status.as_str().to_owned(),
            metadata: json(&self.metadata)?,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: TrunkId(row.id),
            tenant: TenantId(row.tenant_id),
            carrier: CarrierId(row.carrier_id),
            name: row.name,
            kind: parse(&row.kind)?,
            host: row.host,
            port: number(row.port)?,
            source_cidrs: from_json(&row.source_cidrs)?,
            digest_username: row.digest_username,
            digest_realm: row.digest_realm,
            digest_ha1_md5: row.digest_ha1_md5,
            digest_ha1_sha256: row.digest_ha1_sha256,
            outbound: row.outbound.as_deref().map(from_json).transpose()?,
            concurrent_calls_max: optional_number(row.concurrent_calls_max)?,
            status: parse(&row.status)?,
            metadata: from_json(&row.metadata)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &TrunkFilter) -> Select<Entity> {
        let query = match &filter.search {
            Some(search) => {
                query.filter(Condition::any().add(holds(Column::Name, search)).add(holds(Column::Host, search)))
            }
            None => query,
        };
        let query = match filter.carrier {
            Some(carrier) => query.filter(Column::CarrierId.eq(carrier.0)),
            None => query,
        };
        let query = match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        };
        let carries_out =
            Condition::all().add(Column::Kind.eq(TrunkType::Sip.as_str())).add(Column::Outbound.is_not_null());
        match filter.carries_out {
            Some(true) => query.filter(carries_out),
            Some(false) => query.filter(carries_out.not()),
            None => query,
        }
    }
}
