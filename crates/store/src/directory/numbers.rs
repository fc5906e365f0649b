//! Tracking numbers.

use domain::{CampaignId, CarrierId, NumberId, TenantId, Timestamp, TrunkId};
use operations::{Number, NumberFilter, StoreError};
use sea_orm::{ColumnTrait, Order, QueryFilter, Select};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, keyed};
use crate::convert::{from_json, json, moment, parse};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "numbers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub number: String,
        pub provider: Option<String>,
        pub carrier_id: Option<Uuid>,
        pub trunk_id: Option<Uuid>,
        pub campaign_id: Option<Uuid>,
        pub status: String,
        pub capabilities: String,
        pub metadata: String,
        pub purchased_at: Option<i64>,
        pub released_at: Option<i64>,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for Number {
    keyed!(NumberId);

    const SORT: (Column, Order) = (Column::CreatedAt, Order::Desc);
    const ROUTES: bool = true;

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            number: self.number.to_string(),
            provider: self.provider.clone(),
            carrier_id: self.carrier.map(|id| id.0),
            trunk_id: self.trunk.map(|id| id.0),
            campaign_id: self.campaign.map(|id| id.0),
            status: self.status.as_str().to_owned(),
            capabilities: json(&self.capabilities)?,
            metadata: json(&self.metadata)?,
            purchased_at: self.purchased_at.map(Timestamp::micros),
            released_at: self.released_at.map(Timestamp::micros),
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: NumberId(row.id),
            tenant: TenantId(row.tenant_id),
            number: parse(&row.number)?,
            provider: row.provider,
            carrier: row.carrier_id.map(CarrierId),
            trunk: row.trunk_id.map(TrunkId),
            campaign: row.campaign_id.map(CampaignId),
            status: parse(&row.status)?,
            capabilities: from_json(&row.capabilities)?,
            metadata: from_json(&row.metadata)?,
            purchased_at: moment(row.purchased_at),
            released_at: moment(row.released_at),
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &NumberFilter) -> Select<Entity> {
        let query = match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        };
        let query = match filter.campaign {
            Some(campaign) => query.filter(Column::CampaignId.eq(campaign.0)),
            None => query,
        };
        let query = match &filter.provider {
            Some(provider) => query.filter(Column::Provider.eq(provider)),
            None => query,
        };
        match &filter.search {
            Some(search) => query.filter(Column::Number.contains(search)),
            None => query,
        }
    }
}
