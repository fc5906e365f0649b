//! Buyers' endpoints.

use domain::{BuyerId, EndpointId, Micros, SaleTerms, TenantId, Timestamp, TrunkId};
use operations::{Endpoint, EndpointFilter, StoreError};
use sea_orm::{ColumnTrait, QueryFilter, Select};
use uuid::Uuid;

use self::table::{ActiveModel, Column, Entity, Model};
use super::Stored;
use crate::convert::{from_json, json, number, optional_number, parse, stored};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "endpoints")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub buyer_id: Uuid,
        pub kind: String,
        pub destination: String,
        pub trunk_id: Option<Uuid>,
        pub priority: i64,
        pub status: String,
        pub caps: String,
        pub hours: Option<String>,
        pub currency: String,
        pub revenue: i64,
        pub revenue_after_ms: i64,
        pub payout: i64,
        pub payout_after_ms: i64,
        pub ring_timeout_ms: Option<i64>,
        pub duration_max_ms: Option<i64>,
        pub metadata: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for Endpoint {
    type Table = Entity;
    type Active = ActiveModel;
    const ROUTES: bool = true;
    const KEYS: [Column; 3] = [Column::TenantId, Column::Id, Column::UpdatedAt];

    fn uuid(id: EndpointId) -> Uuid {
        id.0
    }

    fn keys(&self) -> (TenantId, EndpointId, Timestamp) {
        (self.tenant, self.id, self.updated_at)
    }

    fn touched(self, now: Timestamp) -> Self {
        Self { updated_at: now, ..self }
    }

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            buyer_id: self.buyer.0,
            kind: self.kind.as_str().to_owned(),
            destination: self.destination.clone(),
            trunk_id: self.trunk.map(|id| id.0),
            priority: i64::from(self.priority),
            status: self.status.as_str().to_owned(),
            caps: json(&self.caps)?,
            hours: self.hours.as_ref().map(json).transpose()?,
            currency: self.terms.currency.code().to_owned(),
            revenue: self.terms.revenue.0,
            revenue_after_ms: stored(self.terms.revenue_after_ms),
            payout: self.terms.payout.0,
            payout_after_ms: stored(self.terms.payout_after_ms),
            ring_timeout_ms: self.ring_timeout_ms.map(stored),
            duration_max_ms: self.duration_max_ms.map(stored),
            metadata: json(&self.metadata)?,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: EndpointId(row.id),
            tenant: TenantId(row.tenant_id),
            buyer: BuyerId(row.buyer_id),
            kind: parse(&row.kind)?,
            destination: row.destination,
            trunk: row.trunk_id.map(TrunkId),
            priority: number(row.priority)?,
            status: parse(&row.status)?,
            caps: from_json(&row.caps)?,
            hours: row.hours.as_deref().map(from_json).transpose()?,
            terms: SaleTerms {
                currency: parse(&row.currency)?,
                revenue: Micros(row.revenue),
                revenue_after_ms: number(row.revenue_after_ms)?,
                payout: Micros(row.payout),
                payout_after_ms: number(row.payout_after_ms)?,
            },
            ring_timeout_ms: optional_number(row.ring_timeout_ms)?,
            duration_max_ms: optional_number(row.duration_max_ms)?,
            metadata: from_json(&row.metadata)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &EndpointFilter) -> Select<Entity> {
        let query = match filter.buyer {
            Some(buyer) => query.filter(Column::BuyerId.eq(buyer.0)),
            None => query,
        };
        match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        }
    }
}
