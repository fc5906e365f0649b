//! Campaigns.

use domain::{CallerIdPoolId, CampaignId, FlowId, Micros, PublisherId, TenantId, Timestamp};
use operations::{Campaign, CampaignFilter, Side, StoreError};
use routing::CampaignPayout;
use sea_orm::{ColumnTrait, Condition, QueryFilter, Select};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds, keyed, sides::publisher_of};
use crate::convert::{from_json, from_word, json, number, parse, stored, word};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "campaigns")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub publisher_id: Uuid,
        pub name: String,
        pub status: String,
        pub routing_mode: String,
        pub strategy: Option<String>,
        pub buyers: String,
        pub payout_amount: Option<i64>,
        pub payout_after_ms: Option<i64>,
        pub flow_id: Option<Uuid>,
        pub time_zone: Option<String>,
        pub record: bool,
        pub caller_id_pool_id: Option<Uuid>,
        pub intro_audio: Option<String>,
        pub metadata: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for Campaign {
    keyed!(CampaignId);

    const ROUTES: bool = true;

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            publisher_id: self.publisher.0,
            name: self.name.clone(),
            status: self.status.as_str().to_owned(),
            routing_mode: self.routing_mode.as_str().to_owned(),
            strategy: self.strategy.as_ref().map(word).transpose()?,
            buyers: json(&self.buyers)?,
            payout_amount: self.payout.map(|payout| payout.amount.0),
            payout_after_ms: self.payout.map(|payout| stored(payout.after_ms)),
            flow_id: self.flow.map(|id| id.0),
            time_zone: self.time_zone.clone(),
            record: self.record,
            caller_id_pool_id: self.caller_id_pool.map(|id| id.0),
            intro_audio: self.intro_audio.clone(),
            metadata: json(&self.metadata)?,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: CampaignId(row.id),
            tenant: TenantId(row.tenant_id),
            publisher: PublisherId(row.publisher_id),
            name: row.name,
            status: parse(&row.status)?,
            routing_mode: parse(&row.routing_mode)?,
            strategy: row.strategy.map(from_word).transpose()?,
            buyers: from_json(&row.buyers)?,
            payout: match (row.payout_amount, row.payout_after_ms) {
                (Some(amount), after_ms) => {
                    Some(CampaignPayout { amount: Micros(amount), after_ms: number(after_ms.unwrap_or(0))? })
                }
                _ => None,
            },
            flow: row.flow_id.map(FlowId),
            time_zone: row.time_zone,
            record: row.record,
            caller_id_pool: row.caller_id_pool_id.map(CallerIdPoolId),
            intro_audio: row.intro_audio,
            metadata: from_json(&row.metadata)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    /// A publisher's own; a buyer's are those that name them, or name nobody and are of the publisher they take calls of.
    fn of_side(side: Side) -> Condition {
        match side {
            Side::Whole => Condition::all(),
            Side::Publisher(publisher) => Condition::all().add(Column::PublisherId.eq(publisher.0)),
            Side::Buyer(buyer) => {
                let open = Condition::all()
                    .add(Column::Buyers.eq("[]"))
                    .add(Column::PublisherId.in_subquery(publisher_of(buyer.0)));
                Condition::any().add(Column::Buyers.contains(format!("\"{buyer}\""))).add(open)
            }
        }
    }

    fn narrow(query: Select<Entity>, filter: &CampaignFilter) -> Select<Entity> {
        let query = match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        };
        let query = match filter.publisher {
            Some(publisher) => query.filter(Column::PublisherId.eq(publisher.0)),
            None => query,
        };
        let query = match filter.flow {
            Some(flow) => query.filter(Column::FlowId.eq(flow.0)),
            None => query,
        };
        let query = match filter.names.as_slice() {
            [] => query,
            names => query.filter(Column::Name.is_in(names)),
        };
        match &filter.search {
            Some(search) => query.filter(holds(Column::Name, search)),
            None => query,
        }
    }
}
