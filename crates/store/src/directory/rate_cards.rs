//! Rate cards.

use billing::Rates;
use domain::{BillingAccountId, RateCardId, TenantId, Timestamp};
use operations::{RateCard, RateCardFilter, StoreError};
use sea_orm::{ColumnTrait, QueryFilter, Select};
use uuid::Uuid;

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds};
use crate::convert::{from_json, json, moment, parse};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "rate_cards")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub account_id: Uuid,
        pub name: String,
        pub effective_from: i64,
        pub effective_to: Option<i64>,
        pub status: String,
        pub rates: String,
        pub metadata: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn rates(text: &str) -> Result<Rates, StoreError> {
    Rates::parse(text).map_err(|faults| StoreError::failed(format!("stored rates are wrong: {faults:?}")))
}

impl Stored for RateCard {
    type Table = Entity;
    type Active = ActiveModel;
    const ROUTES: bool = false;
    const KEYS: [Column; 3] = [Column::TenantId, Column::Id, Column::UpdatedAt];

    fn uuid(id: RateCardId) -> Uuid {
        id.0
    }

    fn keys(&self) -> (TenantId, RateCardId, Timestamp) {
        (self.tenant, self.id, self.updated_at)
    }

    fn touched(self, now: Timestamp) -> Self {
        Self { updated_at: now, ..self }
    }

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            account_id: self.account.0,
            name: self.name.clone(),
            effective_from: self.effective_from.micros(),
            effective_to: self.effective_to.map(Timestamp::micros),
            status: self.status.as_str().to_owned(),
            rates: self.rates.to_json(),
            metadata: json(&self.metadata)?,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: RateCardId(row.id),
            tenant: TenantId(row.tenant_id),
            account: BillingAccountId(row.account_id),
            name: row.name,
            effective_from: Timestamp::from_micros(row.effective_from),
            effective_to: moment(row.effective_to),
            status: parse(&row.status)?,
            rates: rates(&row.rates)?,
            metadata: from_json(&row.metadata)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &RateCardFilter) -> Select<Entity> {
        let query = match &filter.search {
            Some(search) => query.filter(holds(Column::Name, search)),
            None => query,
        };
        let query = match filter.account {
            Some(account) => query.filter(Column::AccountId.eq(account.0)),
            None => query,
        };
        match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        }
    }
}
