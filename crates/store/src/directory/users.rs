//! Users.

use domain::{BuyerId, PublisherId, TenantId, Timestamp, UserId};
use operations::{StoreError, User, UserFilter};
use sea_orm::{ColumnTrait, Condition, QueryFilter, Select};
use uuid::Uuid;

use self::table::{ActiveModel, Column, Entity, Model};
use super::{Stored, holds};
use crate::convert::{from_json, json, moment, parse};

pub(super) mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub email: String,
        pub password_hash: String,
        pub first_name: Option<String>,
        pub last_name: Option<String>,
        pub status: String,
        pub roles: String,
        pub custom_roles: String,
        pub publisher_id: Option<Uuid>,
        pub buyer_id: Option<Uuid>,
        pub must_change_password: bool,
        pub password_changed_at: Option<i64>,
        pub invited_at: Option<i64>,
        pub last_login_at: Option<i64>,
        pub metadata: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Stored for User {
    type Table = Entity;
    type Active = ActiveModel;
    const ROUTES: bool = false;
    const KEYS: [Column; 3] = [Column::TenantId, Column::Id, Column::UpdatedAt];

    fn uuid(id: UserId) -> Uuid {
        id.0
    }

    fn keys(&self) -> (TenantId, UserId, Timestamp) {
        (self.tenant, self.id, self.updated_at)
    }

    fn touched(self, now: Timestamp) -> Self {
        Self { updated_at: now, ..self }
    }

    fn to_row(&self) -> Result<Model, StoreError> {
        Ok(Model {
            id: self.id.0,
            tenant_id: self.tenant.0,
            email: self.email.clone(),
            password_hash: self.password_hash.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            status: self.status.as_str().to_owned(),
            roles: json(&self.roles)?,
            custom_roles: json(&self.custom_roles)?,
            publisher_id: self.publisher.map(|id| id.0),
            buyer_id: self.buyer.map(|id| id.0),
            must_change_password: self.must_change_password,
            password_changed_at: self.password_changed_at.map(Timestamp::micros),
            invited_at: self.invited_at.map(Timestamp::micros),
            last_login_at: self.last_login_at.map(Timestamp::micros),
            metadata: json(&self.metadata)?,
            created_at: self.created_at.micros(),
            updated_at: self.updated_at.micros(),
        })
    }

    fn from_row(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId(row.id),
            tenant: TenantId(row.tenant_id),
            email: row.email,
            password_hash: row.password_hash,
            first_name: row.first_name,
            last_name: row.last_name,
            status: parse(&row.status)?,
            roles: from_json(&row.roles)?,
            custom_roles: from_json(&row.custom_roles)?,
            publisher: row.publisher_id.map(PublisherId),
            buyer: row.buyer_id.map(BuyerId),
            must_change_password: row.must_change_password,
            password_changed_at: moment(row.password_changed_at),
            invited_at: moment(row.invited_at),
            last_login_at: moment(row.last_login_at),
            metadata: from_json(&row.metadata)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }

    fn narrow(query: Select<Entity>, filter: &UserFilter) -> Select<Entity> {
        let query = match &filter.email {
            Some(email) => query.filter(Column::Email.eq(email)),
            None => query,
        };
        let query = match filter.status {
            Some(status) => query.filter(Column::Status.eq(status.as_str())),
            None => query,
        };
        // Both columns hold JSON lists of words of a fixed form, so a quoted word is found nowhere else.
        let query = match filter.role {
            Some(role) => query.filter(Column::Roles.contains(format!("\"{role}\""))),
            None => query,
        };
        let query = match filter.custom_role {
            Some(role) => query.filter(Column::CustomRoles.contains(format!("\"{role}\""))),
            None => query,
        };
        match &filter.search {
            Some(search) => query.filter(
                Condition::any()
                    .add(holds(Column::Email, search))
                    .add(holds(Column::FirstName, search))
                    .add(holds(Column::LastName, search)),
            ),
            None => query,
        }
    }
}
