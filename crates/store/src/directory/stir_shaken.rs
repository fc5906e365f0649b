//! What calls claim of their callers' numbers, and what people say instead.

use domain::{CallId, TenantId, Timestamp};
use operations::{AttestationOverride, StirShaken, StirShakenFilter, StoreError};
use sea_orm::{ColumnTrait, QueryFilter, Select};

use self::table::{ActiveModel, Column, Entity, Model};
use super::Stored;
use crate::convert::{from_json, json, moment, parse};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "stir_shaken")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub number: String,
        pub claim: Option<String>,
        pub verified_at: Option<i64>,
        pub verified_by: Option<String>,
        pub override_attestation: Option<String>,
        pub override_reason: Option<String>,
        pub override_by: Option<String>,
        pub override_at: Option<i64>,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for StirShaken {
    type Table = Entity;
    type Active = ActiveModel;
    const KEYS: [Column; 3] = [Column::TenantId, Column::Id, Column::UpdatedAt];

    const ROUTES: bool = false;

    fn uuid(id: CallId) -> uuid::Uuid {
        id.0
    }

    fn keys(&self) -> (TenantId, CallId, Timestamp) {
        (self.tenant, self.call, self.updated_at)
    }

    fn touched(self, now: Timestamp) -> Self {
        Self { updated_at: now, ..self }
    }

    fn ordered(field: &str) -> Option<Column> {
        if field == "phoneNumber" { Some(Column::Number) } else { field.parse().ok() }
    }

    fn to_row(&self) -> Result<Model, StoreError> {
        let said = self.said.as_ref();
        Ok(Model {
            id: self.call.0,
            tenant_id: self.tenant.0,
            number: self.number.clone(),
            claim: self.claim.as_ref().map(json).transpose()?,
            verified_at: self.verified_at.map(Timestamp::micros),
            verified_by: self.verified_by.clone(),
            override_attestation: said.map(|said| said.attestation.as_str().to_owned()),
            override_reason: said.map(|said| said.reason.clone()),
            override_by: said.map(|said| said.by.clone()),
            override_at: said.map(|said| said.at.micros()),
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        let said = match row.override_attestation {
            Some(attestation) => Some(AttestationOverride {
                attestation: parse(&attestation)?,
                reason: row.override_reason.unwrap_or_default(),
                by: row.override_by.unwrap_or_default(),
                at: Timestamp::from_micros(row.override_at.unwrap_or_default()),
            }),
            None => None,
        };
        Ok(Self {
            call: CallId(row.id),
            tenant: TenantId(row.tenant_id),
            number: row.number,
            claim: row.claim.as_deref().map(from_json).transpose()?,
            verified_at: moment(row.verified_at),
            verified_by: row.verified_by,
            said,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &StirShakenFilter) -> Select<Entity> {
        match &filter.number {
            Some(number) => query.filter(Column::Number.eq(number.as_str())),
            None => query,
        }
    }
}
