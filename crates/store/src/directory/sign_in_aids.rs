//! Links, second factors, what a tenant asks of whoever signs in.

use async_trait::async_trait;
use domain::{TenantId, Timestamp, UserId};
use operations::{AccountLink, SecondFactor, SignInAids, SignInPolicy, StoreError, TenantScope, User};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    Value,
};
use uuid::Uuid;

use super::{
    Stored, refusal,
    users::table::{Column, Entity as Users},
};
use crate::{
    Store,
    convert::{column, moment, number, parse, stored},
    dialect::for_update,
    sql::{execute, query},
};

async fn forget_codes(transaction: &DatabaseTransaction, user: UserId) -> Result<(), StoreError> {
    execute(transaction, "DELETE FROM recovery_codes WHERE user_id = $1", [user.0.into()]).await.map(drop)
}

#[async_trait]
impl SignInAids for Store {
    async fn insert_link(&self, link: &AccountLink) -> Result<(), StoreError> {
        let link = link.clone();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let purpose = link.purpose.as_str();
                    let sweep = "DELETE FROM account_links WHERE (user_id = $1 AND purpose = $2) OR expires_at <= $3";
                    let values = [link.user.0.into(), purpose.into(), link.created_at.micros().into()];
                    execute(transaction, sweep, values).await?;
                    let sql = "INSERT INTO account_links (token_hash, tenant_id, user_id, purpose, created_at, expires_at) \
                               VALUES ($1, $2, $3, $4, $5, $6)";
                    let values: [Value; 6] = [
                        link.token_hash.into(),
                        link.tenant.0.into(),
                        link.user.0.into(),
                        purpose.into(),
                        link.created_at.micros().into(),
                        link.expires_at.micros().into(),
                    ];
                    execute(transaction, sql, values).await.map(drop)
                })
            })
            .await
    }

    async fn find_link(&self, token_hash: &str, now: Timestamp) -> Result<Option<AccountLink>, StoreError> {
        let sql = "SELECT token_hash, tenant_id, user_id, purpose, created_at, expires_at FROM account_links \
                   WHERE token_hash = $1 AND expires_at > $2";
        let rows = query(self.reader(), sql, [token_hash.into(), now.micros().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(AccountLink {
            token_hash: column(row, "token_hash")?,
            tenant: TenantId(column(row, "tenant_id")?),
            user: UserId(column(row, "user_id")?),
            purpose: parse(&column::<String>(row, "purpose")?)?,
            created_at: Timestamp::from_micros(column(row, "created_at")?),
            expires_at: Timestamp::from_micros(column(row, "expires_at")?),
        }))
    }

    async fn redeem_link(&self, link: &AccountLink, user: &User, now: Timestamp) -> Result<bool, StoreError> {
        let (link, read_at) = (link.clone(), user.updated_at);
        let now = now.max(Timestamp::from_micros(read_at.micros().saturating_add(1)));
        let row = User { updated_at: now, ..user.clone() }.to_row()?.into_active_model().reset_all();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let used = "DELETE FROM account_links WHERE token_hash = $1";
                    if execute(transaction, used, [link.token_hash.into()]).await? == 0 {
                        return Ok(false);
                    }
                    let update = Users::update_many()
                        .set(row)
                        .filter(Column::TenantId.eq(link.tenant.0))
                        .filter(Column::Id.eq(link.user.0))
                        .filter(Column::UpdatedAt.eq(read_at.micros()));
                    let written = update.exec(transaction).await.map_err(|error| refusal("user", error, false))?;
                    if written.rows_affected == 0 {
                        return Err(StoreError::Stale("user"));
                    }
                    execute(transaction, "DELETE FROM account_links WHERE user_id = $1", [link.user.0.into()]).await?;
                    execute(transaction, "DELETE FROM sessions WHERE user_id = $1", [link.user.0.into()]).await?;
                    Ok(true)
                })
            })
            .await
    }

    async fn forget_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let now: Value = now.micros().into();
                    let sessions = "DELETE FROM sessions WHERE expires_at <= $1";
                    let sessions = execute(transaction, sessions, [now.clone()]).await?;
                    let links = "DELETE FROM account_links WHERE expires_at <= $1";
                    let links = execute(transaction, links, [now.clone()]).await?;
                    let attempts = "DELETE FROM sign_in_attempts WHERE expires_at <= $1";
                    Ok(sessions + links + execute(transaction, attempts, [now]).await?)
                })
            })
            .await
    }

    async fn second_factor(&self, scope: TenantScope, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        let sql = "SELECT user_id, secret, confirmed_at, last_step, created_at FROM second_factors \
                   WHERE tenant_id = $1 AND user_id = $2";
        let rows = query(&self.scoped(scope).await?, sql, [scope.tenant().0.into(), user.0.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(SecondFactor {
            user: UserId(column::<Uuid>(row, "user_id")?),
            secret: column(row, "secret")?,
            confirmed_at: moment(column(row, "confirmed_at")?),
            last_step: number(column(row, "last_step")?)?,
            created_at: Timestamp::from_micros(column(row, "created_at")?),
        }))
    }

    async fn insert_second_factor(&self, scope: TenantScope, factor: &SecondFactor) -> Result<(), StoreError> {
        let (tenant, factor) = (scope.tenant().0, factor.clone());
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    let lock = for_update(transaction.get_database_backend());
                    let known = format!("SELECT confirmed_at FROM second_factors WHERE user_id = $1{lock}");
                    if let Some(row) = query(transaction, &known, [factor.user.0.into()]).await?.first()
                        && column::<Option<i64>>(row, "confirmed_at")?.is_some()
                    {
                        let reason = "there is one already; switch it off first".into();
                        return Err(StoreError::Conflict { entity: "second factor", reason });
                    }
                    let old = "DELETE FROM second_factors WHERE user_id = $1";
                    execute(transaction, old, [factor.user.0.into()]).await?;
                    let sql = "INSERT INTO second_factors (user_id, tenant_id, secret, confirmed_at, last_step, created_at) \
                               SELECT id, tenant_id, $3, NULL, $4, $5 FROM users WHERE tenant_id = $1 AND id = $2";
                    let values: [Value; 5] = [
                        tenant.into(),
                        factor.user.0.into(),
                        factor.secret.into(),
                        stored(factor.last_step).into(),
                        factor.created_at.micros().into(),
                    ];
                    execute(transaction, sql, values).await.map(drop)
                })
            })
            .await
    }

    async fn use_step(&self, scope: TenantScope, user: UserId, step: u64) -> Result<bool, StoreError> {
        let sql = "UPDATE second_factors SET last_step = $3 WHERE tenant_id = $1 AND user_id = $2 AND last_step < $3";
        self.changed(sql, vec![scope.tenant().0.into(), user.0.into(), stored(step).into()]).await
    }

    async fn confirm_second_factor(
        &self,
        scope: TenantScope,
        user: UserId,
        codes: Vec<String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tenant = scope.tenant().0;
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    let sql = "UPDATE second_factors SET confirmed_at = COALESCE(confirmed_at, $3) \
                               WHERE tenant_id = $1 AND user_id = $2";
                    if execute(transaction, sql, [tenant.into(), user.0.into(), now.micros().into()]).await? == 0 {
                        return Err(StoreError::NotFound("second factor"));
                    }
                    forget_codes(transaction, user).await?;
                    for code in codes {
                        let sql = "INSERT INTO recovery_codes (user_id, code_hash) VALUES ($1, $2)";
                        execute(transaction, sql, [user.0.into(), code.into()]).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn use_recovery_code(&self, scope: TenantScope, user: UserId, hash: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM recovery_codes WHERE code_hash = $3 AND user_id = \
                   (SELECT user_id FROM second_factors WHERE tenant_id = $1 AND user_id = $2 AND confirmed_at IS NOT NULL)";
        self.changed(sql, vec![scope.tenant().0.into(), user.0.into(), hash.into()]).await
    }

    async fn recovery_codes_left(&self, scope: TenantScope, user: UserId) -> Result<u64, StoreError> {
        let sql = "SELECT COUNT(*) AS codes FROM recovery_codes WHERE user_id = \
                   (SELECT id FROM users WHERE tenant_id = $1 AND id = $2)";
        match query(&self.scoped(scope).await?, sql, [scope.tenant().0.into(), user.0.into()]).await?.first() {
            Some(row) => number(column(row, "codes")?),
            None => Ok(0),
        }
    }

    async fn remove_second_factor(&self, scope: TenantScope, user: UserId) -> Result<bool, StoreError> {
        let tenant = scope.tenant().0;
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    let sql = "DELETE FROM second_factors WHERE tenant_id = $1 AND user_id = $2";
                    if execute(transaction, sql, [tenant.into(), user.0.into()]).await? == 0 {
                        return Ok(false);
                    }
                    forget_codes(transaction, user).await?;
                    Ok(true)
                })
            })
            .await
    }

    async fn sign_in_policy(&self, tenant: TenantId) -> Result<SignInPolicy, StoreError> {
        let sql = "SELECT second_factor_required FROM sign_in_policies WHERE tenant_id = $1";
        match query(self.reader(), sql, [tenant.0.into()]).await?.first() {
            Some(row) => Ok(SignInPolicy { second_factor_required: column(row, "second_factor_required")? }),
            None => Ok(SignInPolicy::default()),
        }
    }

    async fn save_sign_in_policy(
        &self,
        tenant: TenantId,
        policy: SignInPolicy,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO sign_in_policies (tenant_id, second_factor_required, updated_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (tenant_id) DO UPDATE SET second_factor_required = excluded.second_factor_required, \
                   updated_at = excluded.updated_at";
        let values = vec![tenant.0.into(), policy.second_factor_required.into(), now.micros().into()];
        self.run(sql, values).await
    }
}
