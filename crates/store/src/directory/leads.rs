//! Leads: people to call, or who called.

use domain::{CampaignId, LeadId, PhoneNumber, TenantId, Timestamp, UserId};
use operations::{Lead, LeadFilter, StoreError};
use sea_orm::{ColumnTrait, Condition, QueryFilter, Select};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds, keyed};
use crate::convert::{from_json, json, moment, number, parse};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "leads")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub phone_number: String,
        pub campaign_id: Option<Uuid>,
        pub first_name: Option<String>,
        pub last_name: Option<String>,
        pub full_name: Option<String>,
        pub email: Option<String>,
        pub company: Option<String>,
        pub address: Option<String>,
        pub city: Option<String>,
        pub state: Option<String>,
        pub zip_code: Option<String>,
        pub country: Option<String>,
        pub lead_source: Option<String>,
        pub status: String,
        pub priority: i64,
        pub custom_fields: String,
        pub notes: Option<String>,
        pub tags: String,
        pub assigned_to_id: Option<Uuid>,
        pub last_contacted_at: Option<i64>,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for Lead {
    keyed!(LeadId);

    const ROUTES: bool = false;

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            phone_number: self.phone.to_string(),
            campaign_id: self.campaign.map(|id| id.0),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            full_name: self.full_name.clone(),
            email: self.email.clone(),
            company: self.company.clone(),
            address: self.address.clone(),
            city: self.city.clone(),
            state: self.state.clone(),
            zip_code: self.zip_code.clone(),
            country: self.country.clone(),
            lead_source: self.lead_source.clone(),
            status: self.status.as_str().to_owned(),
            priority: i64::from(self.priority),
            custom_fields: json(&self.custom_fields)?,
            notes: self.notes.clone(),
            tags: json(&self.tags)?,
            assigned_to_id: self.assigned_to.map(|id| id.0),
            last_contacted_at: self.last_contacted_at.map(Timestamp::micros),
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: LeadId(row.id),
            tenant: TenantId(row.tenant_id),
            phone: parse(&row.phone_number)?,
            campaign: row.campaign_id.map(CampaignId),
            first_name: row.first_name,
            last_name: row.last_name,
            full_name: row.full_name,
            email: row.email,
            company: row.company,
            address: row.address,
            city: row.city,
            state: row.state,
            zip_code: row.zip_code,
            country: row.country,
            lead_source: row.lead_source,
            status: parse(&row.status)?,
            priority: number(row.priority)?,
            custom_fields: from_json(&row.custom_fields)?,
            notes: row.notes,
            tags: from_json(&row.tags)?,
            assigned_to: row.assigned_to_id.map(UserId),
            last_contacted_at: moment(row.last_contacted_at),
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &LeadFilter) -> Select<Entity> {
        let query = match &filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        };
        let query = match &filter.campaign {
            Some(campaign) => query.filter(Column::CampaignId.eq(campaign.0)),
            None => query,
        };
        let query = match &filter.assigned_to {
            Some(assigned_to) => query.filter(Column::AssignedToId.eq(assigned_to.0)),
            None => query,
        };
        let query = match filter.phones.as_slice() {
            [] => query,
            phones => query.filter(Column::PhoneNumber.is_in(phones.iter().map(PhoneNumber::as_str))),
        };
        let query = match &filter.tag {
            Some(tag) => query.filter(holds(Column::Tags, &json(tag).unwrap_or_default())),
            None => query,
        };
        match &filter.search {
            Some(search) => query.filter(
                Condition::any()
                    .add(holds(Column::FirstName, search))
                    .add(holds(Column::LastName, search))
                    .add(holds(Column::FullName, search))
                    .add(holds(Column::PhoneNumber, search))
                    .add(holds(Column::Email, search))
                    .add(holds(Column::Company, search)),
            ),
            None => query,
        }
    }
}
