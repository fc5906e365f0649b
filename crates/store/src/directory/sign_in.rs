//! Signing in: by e-mail address, by key, by session.

use std::time::Duration;

use async_trait::async_trait;
use domain::{ApiKeyId, SessionId, TenantId, Timestamp, UserId};
use operations::{ApiKey, Session, SignIn, StoreError, TenantScope, User};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryResult, QuerySelect, Value};

use super::{Stored, api_keys, users};
use crate::{
    Store,
    convert::{column, parse},
    dialect::store_error,
    sql::{execute, query},
};

/// Uses of a key within this span are noted once: else every request would be a write.
const TOUCH_EVERY: Duration = Duration::from_secs(60);
/// Tenants one address may be a user of.
const TENANTS_MAX: u64 = 100;

pub(super) const SESSION_COLUMNS: &str =
    "token_hash, id, tenant_id, user_id, created_at, expires_at, seen_at, proven_at, address, user_agent, method";

pub(super) fn read_session(row: &QueryResult) -> Result<Session, StoreError> {
    let moment = |name| column(row, name).map(Timestamp::from_micros);
    Ok(Session {
        id: SessionId(column(row, "id")?),
        token_hash: column(row, "token_hash")?,
        tenant: TenantId(column(row, "tenant_id")?),
        user: UserId(column(row, "user_id")?),
        created_at: moment("created_at")?,
        expires_at: moment("expires_at")?,
        seen_at: moment("seen_at")?,
        proven_at: moment("proven_at")?,
        address: column(row, "address")?,
        user_agent: column(row, "user_agent")?,
        method: parse(&column::<String>(row, "method")?)?,
    })
}

#[async_trait]
impl SignIn for Store {
    async fn users_by_email(&self, email: &str) -> Result<Vec<User>, StoreError> {
        let query = users::table::Entity::find().filter(users::table::Column::Email.eq(email)).limit(TENANTS_MAX);
        query.all(self.reader()).await.map_err(store_error)?.into_iter().map(User::from_row).collect()
    }

    async fn api_key_by_hash(&self, key_hash: &str) -> Result<Option<ApiKey>, StoreError> {
        let query = api_keys::table::Entity::find().filter(api_keys::table::Column::KeyHash.eq(key_hash));
        query.one(self.reader()).await.map_err(store_error)?.map(ApiKey::from_row).transpose()
    }

    async fn touch_api_key(&self, scope: TenantScope, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
        let noted = now.before(TOUCH_EVERY).micros();
        let sql = "SELECT 1 AS one FROM api_keys WHERE tenant_id = $1 AND id = $2 AND last_used_at > $3";
        let recent =
            query(&self.scoped(scope).await?, sql, [scope.tenant().0.into(), id.0.into(), noted.into()]).await?;
        if !recent.is_empty() {
            return Ok(());
        }
        self.run(
            "UPDATE api_keys SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2",
            vec![scope.tenant().0.into(), id.0.into(), now.micros().into()],
        )
        .await
    }

    async fn touch_user(&self, scope: TenantScope, id: UserId, now: Timestamp) -> Result<(), StoreError> {
        self.run(
            "UPDATE users SET last_login_at = $3 WHERE tenant_id = $1 AND id = $2",
            vec![scope.tenant().0.into(), id.0.into(), now.micros().into()],
        )
        .await
    }

    async fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        let session = session.clone();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    // Who signs in sweeps up after those who never signed out.
                    let sweep = "DELETE FROM sessions WHERE expires_at <= $1";
                    execute(transaction, sweep, [session.created_at.micros().into()]).await?;
                    let sql = "INSERT INTO sessions (token_hash, id, tenant_id, user_id, created_at, expires_at, \
                               seen_at, proven_at, address, user_agent, method) \
                               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
                    let values: [Value; 11] = [
                        session.token_hash.into(),
                        session.id.0.into(),
                        session.tenant.0.into(),
                        session.user.0.into(),
                        session.created_at.micros().into(),
                        session.expires_at.micros().into(),
                        session.seen_at.micros().into(),
                        session.proven_at.micros().into(),
                        session.address.into(),
                        session.user_agent.into(),
                        session.method.as_str().into(),
                    ];
                    execute(transaction, sql, values).await.map(drop)
                })
            })
            .await
    }

    async fn find_session(&self, token_hash: &str, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let sql = format!("SELECT {SESSION_COLUMNS} FROM sessions WHERE token_hash = $1 AND expires_at > $2");
        let rows = query(self.reader(), &sql, [token_hash.into(), now.micros().into()]).await?;
        rows.first().map(read_session).transpose()
    }

    async fn remove_session(&self, token_hash: &str) -> Result<(), StoreError> {
        self.run("DELETE FROM sessions WHERE token_hash = $1", vec![token_hash.into()]).await
    }

    async fn remove_sessions_of(&self, scope: TenantScope, user: UserId) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2",
            vec![scope.tenant().0.into(), user.0.into()],
        )
        .await
    }
}
