//! Do-not-call lists, without their entries.

use domain::{CampaignId, DncListId, TenantId, Timestamp};
use operations::{DncList, DncListFilter, StoreError};
use sea_orm::{ColumnTrait, QueryFilter, Select};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds, keyed};
use crate::convert::{from_json, json, moment, number, parse, stored};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "dnc_lists")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub name: String,
        pub kind: String,
        pub status: String,
        pub campaign_id: Option<Uuid>,
        pub campaigns: String,
        pub applies_to_all: bool,
        pub must_be_fresh: bool,
        pub scrubbed_at: Option<i64>,
        pub version: i64,
        pub entry_count: i64,
        pub metadata: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for DncList {
    keyed!(DncListId);

    const ROUTES: bool = false;
    const SCREENS: bool = true;

    fn ordered(field: &str) -> Option<Column> {
        if field == "type" { Some(Column::Kind) } else { field.parse().ok() }
    }

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            name: self.name.clone(),
            kind: self.kind.as_str().to_owned(),
            status: self.status.as_str().to_owned(),
            campaign_id: self.campaign.map(|id| id.0),
            campaigns: json(&self.campaigns)?,
            applies_to_all: self.applies_to_all,
            must_be_fresh: self.must_be_fresh,
            scrubbed_at: self.scrubbed_at.map(Timestamp::micros),
            version: stored(self.version),
            entry_count: stored(self.entry_count),
            metadata: json(&self.metadata)?,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: DncListId(row.id),
            tenant: TenantId(row.tenant_id),
            name: row.name,
            kind: parse(&row.kind)?,
            status: parse(&row.status)?,
            campaign: row.campaign_id.map(CampaignId),
            campaigns: from_json(&row.campaigns)?,
            applies_to_all: row.applies_to_all,
            must_be_fresh: row.must_be_fresh,
            scrubbed_at: moment(row.scrubbed_at),
            version: number(row.version)?,
            entry_count: number(row.entry_count)?,
            metadata: from_json(&row.metadata)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &DncListFilter) -> Select<Entity> {
        let query = match filter.kind {
            Some(kind) => query.filter(Column::Kind.eq(kind.as_str())),
            None => query,
        };
        let query = match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        };
        match &filter.search {
            Some(search) => query.filter(holds(Column::Name, search)),
            None => query,
        }
    }
}
