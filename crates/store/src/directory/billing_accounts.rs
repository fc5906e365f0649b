//! Billing accounts.

use domain::{BillingAccountId, TenantId, Timestamp};
use operations::{BillingAccount, BillingAccountFilter, StoreError};
use sea_orm::{
    ColumnTrait, QueryFilter, Select,
    sea_query::{Expr, ExprTrait as _},
};
use uuid::Uuid;

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds, tenants};
use crate::convert::{from_json, json, parse};

mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "billing_accounts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub name: String,
        pub status: String,
        pub currency: String,
        pub metadata: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for BillingAccount {
    type Table = Entity;
    type Active = ActiveModel;
    const ROUTES: bool = false;
    const KEYS: [Column; 3] = [Column::TenantId, Column::Id, Column::UpdatedAt];

    fn uuid(id: BillingAccountId) -> Uuid {
        id.0
    }

    fn keys(&self) -> (TenantId, BillingAccountId, Timestamp) {
        (self.tenant, self.id, self.updated_at)
    }

    fn touched(self, now: Timestamp) -> Self {
        Self { updated_at: now, ..self }
    }

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            name: self.name.clone(),
            status: self.status.as_str().to_owned(),
            currency: self.currency.code().to_owned(),
            metadata: json(&self.metadata)?,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: BillingAccountId(row.id),
            tenant: TenantId(row.tenant_id),
            name: row.name,
            status: parse(&row.status)?,
            currency: parse(&row.currency)?,
            metadata: from_json(&row.metadata)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &BillingAccountFilter) -> Select<Entity> {
        let query = match &filter.search {
            Some(search) => {
                let of_tenant = tenants::named(search);
                query.filter(
                    holds(Column::Name, search).or(Expr::col(Column::TenantId.as_column_ref()).in_subquery(of_tenant)),
                )
            }
            None => query,
        };
        match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        }
    }
}
