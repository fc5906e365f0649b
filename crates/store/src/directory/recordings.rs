//! Recordings. Written by the events of their calls; the directory reads and removes them.

use domain::{CallId, RecordingId, TenantId, Timestamp};
use operations::{Recording, RecordingFilter, Side, StoreError};
use sea_orm::{ColumnTrait, Condition, QueryFilter, Select};
use uuid::Uuid;

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, sides::by_call};
use crate::convert::{number, optional_number, parse, stored};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "recordings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub call_id: Uuid,
        pub storage_key: String,
        pub format: String,
        pub channels: i64,
        pub status: String,
        pub duration_ms: Option<i64>,
        pub bytes: Option<i64>,
        pub failure: Option<String>,
        pub checksum: Option<String>,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for Recording {
    type Table = Entity;
    type Active = ActiveModel;
    const ROUTES: bool = false;
    const KEYS: [Column; 3] = [Column::TenantId, Column::Id, Column::UpdatedAt];

    fn uuid(id: RecordingId) -> Uuid {
        id.0
    }

    fn keys(&self) -> (TenantId, RecordingId, Timestamp) {
        (self.tenant, self.id, self.updated_at)
    }

    fn touched(self, now: Timestamp) -> Self {
        Self { updated_at: now, ..self }
    }

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            call_id: self.call.0,
            storage_key: self.storage_key.clone(),
            format: self.format.clone(),
            channels: i64::from(self.channels),
            status: self.status.as_str().to_owned(),
            duration_ms: self.duration_ms.map(stored),
            bytes: self.bytes.map(stored),
            failure: self.failure.clone(),
            checksum: self.checksum.clone(),
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: RecordingId(row.id),
            tenant: TenantId(row.tenant_id),
            call: CallId(row.call_id),
            storage_key: row.storage_key,
            format: row.format,
            channels: number(row.channels)?,
            status: parse(&row.status)?,
            duration_ms: optional_number(row.duration_ms)?,
            bytes: optional_number(row.bytes)?,
            failure: row.failure,
            checksum: row.checksum,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn of_side(side: Side) -> Condition {
        by_call(Column::CallId, side)
    }

    fn narrow(query: Select<Entity>, filter: &RecordingFilter) -> Select<Entity> {
        let query = match filter.call {
            Some(call) => query.filter(Column::CallId.eq(call.0)),
            None => query,
        };
        match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        }
    }
}
