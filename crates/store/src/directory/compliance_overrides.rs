//! Overrides of compliance.

use domain::{CallId, ComplianceOverrideId, TenantId, Timestamp, UserId};
use operations::{ComplianceOverride, ComplianceOverrideFilter, StoreError};
use sea_orm::{ColumnTrait, QueryFilter, Select};

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, keyed};
use crate::convert::{moment, parse};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "compliance_overrides")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub number: String,
        pub reason: String,
        pub call_id: Option<Uuid>,
        pub requested_by: String,
        pub status: String,
        pub expires_at: Option<i64>,
        pub approved_by: Option<Uuid>,
        pub approved_at: Option<i64>,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for ComplianceOverride {
    keyed!(ComplianceOverrideId);

    const ROUTES: bool = false;
    const SCREENS: bool = true;

    fn ordered(field: &str) -> Option<Column> {
        if field == "phoneNumber" { Some(Column::Number) } else { field.parse().ok() }
    }

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            number: self.number.as_str().to_owned(),
            reason: self.reason.clone(),
            call_id: self.call.map(|id| id.0),
            requested_by: self.requested_by.clone(),
            status: self.status.as_str().to_owned(),
            expires_at: self.expires_at.map(Timestamp::micros),
            approved_by: self.approved_by.map(|id| id.0),
            approved_at: self.approved_at.map(Timestamp::micros),
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: ComplianceOverrideId(row.id),
            tenant: TenantId(row.tenant_id),
            number: parse(&row.number)?,
            reason: row.reason,
            call: row.call_id.map(CallId),
            requested_by: row.requested_by,
            status: parse(&row.status)?,
            expires_at: moment(row.expires_at),
            approved_by: row.approved_by.map(UserId),
            approved_at: moment(row.approved_at),
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &ComplianceOverrideFilter) -> Select<Entity> {
        let query = match &filter.number {
            Some(number) => query.filter(Column::Number.eq(number.as_str())),
            None => query,
        };
        match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        }
    }
}
