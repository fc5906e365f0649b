//! Tracking numbers.

use domain::{CampaignId, CarrierId, Micros, NumberId, PhoneNumber, TenantId, Timestamp, TrunkId};
use operations::{Number, NumberFilter, StoreError};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, Select,
};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds, keyed};
use crate::convert::{from_json, json, moment, parse};
use crate::dialect::store_error;

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
        pub provider_id: Option<String>,
        pub friendly_name: Option<String>,
        pub region: Option<String>,
        pub monthly_price: Option<i64>,
        pub import_source: Option<String>,
        pub import_hash: Option<String>,
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

    const ROUTES: bool = true;

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            number: self.number.to_string(),
            provider: self.provider.clone(),
            provider_id: self.provider_id.clone(),
            friendly_name: self.friendly_name.clone(),
            region: self.region.clone(),
            monthly_price: self.monthly_price.map(|price| price.0),
            import_source: self.import_source.clone(),
            import_hash: self.import_hash.clone(),
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
            provider_id: row.provider_id,
            friendly_name: row.friendly_name,
            region: row.region,
            monthly_price: row.monthly_price.map(Micros),
            import_source: row.import_source,
            import_hash: row.import_hash,
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
        let query = match filter.numbers.as_slice() {
            [] => query,
            numbers => query.filter(Column::Number.is_in(numbers.iter().map(PhoneNumber::as_str))),
        };
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
            Some(search) => query.filter(holds(Column::Number, search)),
            None => query,
        }
    }
}

/// Writes a row of any tenant, in whatever transaction.
pub(crate) async fn insert_number(on: &impl ConnectionTrait, number: &Number) -> Result<(), DbErr> {
    let row = number.to_row().map_err(|error| DbErr::Custom(error.to_string()))?;
    Entity::insert(row.into_active_model().reset_all()).exec_without_returning(on).await.map(drop)
}

/// Every tenant's numbers whose columns `number` and `provider` are as asked.
pub(crate) async fn read_numbers(
    on: &DatabaseConnection,
    asked: impl Fn(&str) -> Option<String>,
) -> Result<Vec<Number>, StoreError> {
    let mut query = Entity::find();
    for (column, name) in [(Column::Number, "number"), (Column::Provider, "provider")] {
        if let Some(value) = asked(name) {
            query = query.filter(column.eq(value));
        }
    }
    query.all(on).await.map_err(store_error)?.into_iter().map(Number::from_row).collect()
}
