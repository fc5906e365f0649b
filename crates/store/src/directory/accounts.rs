//! Accounts of a tenant: sessions, operators, and that a tenant keeps an owner.

use async_trait::async_trait;
use domain::{SessionId, TenantId, Timestamp, UserId};
use operations::{Accounts, Role, Session, StoreError, TenantScope, User, UserStatus};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    QueryFilter,
};
use uuid::Uuid;

use super::{
    Stored, check_expected, of_versions, overtaken, refusal,
    sign_in::{SESSION_COLUMNS, read_session},
    users::table::{Column, Entity as Users},
};
use crate::{
    Store,
    convert::{column, json},
    dialect::{for_update, store_error},
    sql::{execute, query},
};

/// Sessions of one user that are listed.
const SESSIONS_MAX: usize = 100;
/// Operators that are listed.
const OPERATORS_MAX: usize = 1_000;
const NAME: &str = "user";

/// Holds the tenant's row until the transaction ends, so that two changes of owners come one after the other.
async fn lock_tenant(transaction: &DatabaseTransaction, tenant: TenantId) -> Result<(), StoreError> {
    let lock = for_update(transaction.get_database_backend());
    let sql = format!("SELECT id FROM tenants WHERE id = $1{lock}");
    query(transaction, &sql, [tenant.0.into()]).await.map(drop)
}

async fn active_owners(transaction: &DatabaseTransaction, tenant: TenantId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS owners FROM users WHERE tenant_id = $1 AND status = $2 AND roles LIKE $3";
    let word = format!("%{}%", json(&Role::Owner)?);
    let values = [tenant.0.into(), UserStatus::Active.as_str().into(), word.into()];
    match query(transaction, sql, values).await?.first() {
        Some(row) => column(row, "owners"),
        None => Ok(0),
    }
}

fn last_owner() -> StoreError {
    StoreError::Conflict { entity: NAME, reason: "the tenant's last active OWNER stays; name another one first".into() }
}

async fn end_sessions(transaction: &DatabaseTransaction, user: UserId) -> Result<(), StoreError> {
    execute(transaction, "DELETE FROM sessions WHERE user_id = $1", [user.0.into()]).await.map(drop)
}

#[async_trait]
impl Accounts for Store {
    async fn save_user(
        &self,
        scope: TenantScope,
        user: &User,
        ends_sessions: bool,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        let (tenant, id, read_at) = user.keys();
        if tenant != scope.tenant() || !scope.side().is_whole() {
            return Err(StoreError::NotFound(NAME));
        }
        // Time may stand still between two changes; the mark must not.
        let now = now.max(Timestamp::from_micros(read_at.micros().saturating_add(1)));
        let changed = User { updated_at: now, ..user.clone() };
        check_expected(scope, read_at, NAME)?;
        let row = changed.to_row()?.into_active_model().reset_all();
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    lock_tenant(transaction, tenant).await?;
                    let owners = active_owners(transaction, tenant).await?;
                    let update = Users::update_many()
                        .set(row)
                        .filter(Column::TenantId.eq(tenant.0))
                        .filter(Column::Id.eq(id.0))
                        .filter(Column::UpdatedAt.eq(read_at.micros()));
                    let written = update.exec(transaction).await.map_err(|error| refusal(NAME, error, false))?;
                    if written.rows_affected == 0 {
                        let exists = Users::find_by_id(id.0).one(transaction).await.map_err(store_error)?.is_some();
                        return Err(overtaken(scope, exists, NAME));
                    }
                    if owners > 0 && active_owners(transaction, tenant).await? == 0 {
                        return Err(last_owner());
                    }
                    if ends_sessions { end_sessions(transaction, id).await } else { Ok(()) }
                })
            })
            .await?;
        Ok(changed)
    }

    async fn remove_user(&self, scope: TenantScope, user: UserId) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    lock_tenant(transaction, tenant).await?;
                    let owners = active_owners(transaction, tenant).await?;
                    let is_one = Condition::all().add(Column::TenantId.eq(tenant.0)).add(Column::Id.eq(user.0));
                    let delete = Users::delete_many().filter(is_one.clone());
                    let delete = delete.filter(of_versions(scope, Column::UpdatedAt));
                    let removed = delete.exec(transaction).await.map_err(|error| refusal(NAME, error, true))?;
                    if removed.rows_affected == 0 {
                        let is_there = scope.expected().is_some()
                            && Users::find().filter(is_one).one(transaction).await.map_err(store_error)?.is_some();
                        return Err(overtaken(scope, is_there, NAME));
                    }
                    if owners > 0 && active_owners(transaction, tenant).await? == 0 {
                        return Err(last_owner());
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn sessions_of(&self, scope: TenantScope, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let sql = format!(
            "SELECT {SESSION_COLUMNS} FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND expires_at > $3 \
             ORDER BY created_at DESC, id DESC LIMIT {SESSIONS_MAX}"
        );
        let rows =
            query(&self.scoped(scope).await?, &sql, [scope.tenant().0.into(), user.0.into(), now.micros().into()])
                .await?;
        rows.iter().map(read_session).collect()
    }

    async fn remove_session_by_id(
        &self,
        scope: TenantScope,
        user: UserId,
        session: SessionId,
    ) -> Result<bool, StoreError> {
        let sql = "DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND id = $3";
        let values = [scope.tenant().0.into(), user.0.into(), session.0.into()];
        self.changed(sql, values.into()).await
    }

    async fn remove_other_sessions(&self, scope: TenantScope, user: UserId, keep: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND token_hash <> $3";
        self.run(sql, vec![scope.tenant().0.into(), user.0.into(), keep.into()]).await
    }

    async fn remove_sessions_of_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        self.run("DELETE FROM sessions WHERE tenant_id = $1", vec![tenant.0.into()]).await
    }

    async fn touch_session(&self, token_hash: &str, now: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE sessions SET seen_at = $2 WHERE token_hash = $1";
        self.run(sql, vec![token_hash.into(), now.micros().into()]).await
    }

    async fn prove_session(&self, token_hash: &str, now: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE sessions SET proven_at = $2 WHERE token_hash = $1";
        self.run(sql, vec![token_hash.into(), now.micros().into()]).await
    }

    async fn is_operator(&self, user: UserId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS one FROM operators WHERE user_id = $1";
        Ok(!query(self.reader(), sql, [user.0.into()]).await?.is_empty())
    }

    async fn add_operator(&self, scope: TenantScope, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO operators (user_id, added_at) SELECT id, $3 FROM users WHERE tenant_id = $1 AND id = $2 \
                   ON CONFLICT DO NOTHING";
        self.run(sql, vec![scope.tenant().0.into(), user.0.into(), now.micros().into()]).await
    }

    async fn remove_operator(&self, user: UserId) -> Result<bool, StoreError> {
        self.changed("DELETE FROM operators WHERE user_id = $1", vec![user.0.into()]).await
    }

    async fn operators(&self) -> Result<Vec<User>, StoreError> {
        let sql = format!("SELECT user_id FROM operators ORDER BY added_at, user_id LIMIT {OPERATORS_MAX}");
        let mut operators = Vec::new();
        for row in query(self.reader(), &sql, []).await? {
            let id: Uuid = column(&row, "user_id")?;
            let found = Users::find_by_id(id).one(self.reader()).await.map_err(store_error)?;
            operators.extend(found.map(User::from_row).transpose()?);
        }
        Ok(operators)
    }
}
