//! Compliance policies: what they say is one JSON text, as a whole is what has a version.

use domain::{CampaignId, CompliancePolicyId, TenantId, Timestamp};
use operations::{CompliancePolicy, CompliancePolicyFilter, StoreError};
use sea_orm::{ColumnTrait, QueryFilter, Select};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, keyed};
use crate::convert::{from_json, json, number};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "compliance_policies")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub name: String,
        pub campaign_id: Option<Uuid>,
        pub version: i64,
        pub policy: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for CompliancePolicy {
    keyed!(CompliancePolicyId);

    const ROUTES: bool = false;
    const SCREENS: bool = true;

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            name: self.name(),
            campaign_id: self.campaign.map(|id| id.0),
            version: i64::from(self.version),
            policy: json(&self.policy)?,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: CompliancePolicyId(row.id),
            tenant: TenantId(row.tenant_id),
            campaign: row.campaign_id.map(CampaignId),
            version: number(row.version)?,
            policy: from_json(&row.policy)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &CompliancePolicyFilter) -> Select<Entity> {
        match &filter.name {
            Some(name) => query.filter(Column::Name.eq(name.as_str())),
            None => query,
        }
    }
}
