//! Tenants' identity providers, who is who there, and sign-ins under way.

use async_trait::async_trait;
use domain::{TenantId, Timestamp, UserId};
use operations::{SignInAttempt, SignInMethod, SignInProvider, SingleSignOn, StoreError, TenantScope};
use sea_orm::{DatabaseTransaction, QueryResult, Value};
use uuid::Uuid;

use crate::{
    Store,
    convert::{column, from_json, json, moment, parse},
    sql::{execute, query},
};

/// Tenants one domain leads to.
const PROVIDERS_MAX: usize = 8;
const COLUMNS: &str = "p.tenant_id, p.issuer, p.client_id, p.client_secret, p.domains, p.new_users, p.passwords_allowed, \
                       p.second_factor, p.enabled, p.created_at, p.updated_at";
const ATTEMPT_COLUMNS: &str = "state_hash, tenant_id, browser_hash, issuer, nonce, verifier, redirect_uri, fresh, \
                               user_id, proven_at, created_at, expires_at";

fn read_provider(row: &QueryResult) -> Result<SignInProvider, StoreError> {
    let role: Option<String> = column(row, "new_users")?;
    Ok(SignInProvider {
        tenant: TenantId(column(row, "tenant_id")?),
        issuer: column(row, "issuer")?,
        client_id: column(row, "client_id")?,
        client_secret: column(row, "client_secret")?,
        domains: from_json(&column::<String>(row, "domains")?)?,
        new_users: role.map(|role| parse(&role)).transpose()?,
        passwords_allowed: column(row, "passwords_allowed")?,
        second_factor: column(row, "second_factor")?,
        enabled: column(row, "enabled")?,
        created_at: Timestamp::from_micros(column(row, "created_at")?),
        updated_at: Timestamp::from_micros(column(row, "updated_at")?),
    })
}

fn read_attempt(row: &QueryResult) -> Result<SignInAttempt, StoreError> {
    Ok(SignInAttempt {
        state_hash: column(row, "state_hash")?,
        tenant: TenantId(column(row, "tenant_id")?),
        browser_hash: column(row, "browser_hash")?,
        issuer: column(row, "issuer")?,
        nonce: column(row, "nonce")?,
        verifier: column(row, "verifier")?,
        redirect_uri: column(row, "redirect_uri")?,
        fresh: column(row, "fresh")?,
        user: column::<Option<Uuid>>(row, "user_id")?.map(UserId),
        proven_at: moment(column(row, "proven_at")?),
        created_at: Timestamp::from_micros(column(row, "created_at")?),
        expires_at: Timestamp::from_micros(column(row, "expires_at")?),
    })
}

async fn end_sessions(transaction: &DatabaseTransaction, tenant: TenantId) -> Result<(), StoreError> {
    let sql = "DELETE FROM sessions WHERE tenant_id = $1 AND method = $2";
    execute(transaction, sql, [tenant.0.into(), SignInMethod::SingleSignOn.as_str().into()]).await.map(drop)
}

#[async_trait]
impl SingleSignOn for Store {
    async fn provider(&self, tenant: TenantId) -> Result<Option<SignInProvider>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM sign_in_providers p WHERE p.tenant_id = $1");
        query(self.reader(), &sql, [tenant.0.into()]).await?.first().map(read_provider).transpose()
    }

    async fn providers_of_domain(&self, domain: &str) -> Result<Vec<SignInProvider>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM sign_in_domains d JOIN sign_in_providers p ON p.tenant_id = d.tenant_id \
             WHERE d.domain = $1 AND p.enabled ORDER BY p.created_at, p.tenant_id LIMIT {PROVIDERS_MAX}"
        );
        query(self.reader(), &sql, [domain.into()]).await?.iter().map(read_provider).collect()
    }

    async fn save_provider(&self, provider: &SignInProvider, ends_sessions: bool) -> Result<(), StoreError> {
        let provider = provider.clone();
        let scope = TenantScope::of(provider.tenant);
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    let tenant: Value = provider.tenant.0.into();
                    let sql = "INSERT INTO sign_in_providers (tenant_id, issuer, client_id, client_secret, domains, new_users, \
                               passwords_allowed, second_factor, enabled, created_at, updated_at) \
                               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (tenant_id) DO UPDATE SET \
                               issuer = excluded.issuer, client_id = excluded.client_id, \
                               client_secret = excluded.client_secret, domains = excluded.domains, \
                               new_users = excluded.new_users, passwords_allowed = excluded.passwords_allowed, \
                               second_factor = excluded.second_factor, enabled = excluded.enabled, \
                               updated_at = excluded.updated_at";
                    let values: [Value; 11] = [
                        tenant.clone(),
                        provider.issuer.into(),
                        provider.client_id.into(),
                        provider.client_secret.into(),
                        json(&provider.domains)?.into(),
                        provider.new_users.map(|role| role.as_str()).into(),
                        provider.passwords_allowed.into(),
                        provider.second_factor.into(),
                        provider.enabled.into(),
                        provider.created_at.micros().into(),
                        provider.updated_at.micros().into(),
                    ];
                    execute(transaction, sql, values).await?;
                    execute(transaction, "DELETE FROM sign_in_domains WHERE tenant_id = $1", [tenant.clone()]).await?;
                    for domain in provider.domains {
                        let sql = "INSERT INTO sign_in_domains (domain, tenant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                        execute(transaction, sql, [domain.into(), tenant.clone()]).await?;
                    }
                    if ends_sessions { end_sessions(transaction, provider.tenant).await } else { Ok(()) }
                })
            })
            .await
    }

    async fn remove_provider(&self, scope: TenantScope) -> Result<bool, StoreError> {
        let tenant = scope.tenant();
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    for table in ["sign_in_identities", "sign_in_attempts", "sign_in_domains"] {
                        let sql = format!("DELETE FROM {table} WHERE tenant_id = $1");
                        execute(transaction, &sql, [tenant.0.into()]).await?;
                    }
                    end_sessions(transaction, tenant).await?;
                    let sql = "DELETE FROM sign_in_providers WHERE tenant_id = $1";
                    Ok(execute(transaction, sql, [tenant.0.into()]).await? > 0)
                })
            })
            .await
    }

    async fn insert_attempt(&self, attempt: &SignInAttempt) -> Result<(), StoreError> {
        let attempt = attempt.clone();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    // Who begins sweeps up after those who never came back.
                    let sweep = "DELETE FROM sign_in_attempts WHERE expires_at <= $1";
                    execute(transaction, sweep, [attempt.created_at.micros().into()]).await?;
                    let sql = format!(
                        "INSERT INTO sign_in_attempts ({ATTEMPT_COLUMNS}) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
                    );
                    let values: [Value; 12] = [
                        attempt.state_hash.into(),
                        attempt.tenant.0.into(),
                        attempt.browser_hash.into(),
                        attempt.issuer.into(),
                        attempt.nonce.into(),
                        attempt.verifier.into(),
                        attempt.redirect_uri.into(),
                        attempt.fresh.into(),
                        attempt.user.map(|user| user.0).into(),
                        attempt.proven_at.map(Timestamp::micros).into(),
                        attempt.created_at.micros().into(),
                        attempt.expires_at.micros().into(),
                    ];
                    execute(transaction, &sql, values).await.map(drop)
                })
            })
            .await
    }

    async fn take_attempt(&self, state_hash: &str, now: Timestamp) -> Result<Option<SignInAttempt>, StoreError> {
        let state_hash = state_hash.to_owned();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = format!("DELETE FROM sign_in_attempts WHERE state_hash = $1 RETURNING {ATTEMPT_COLUMNS}");
                    let rows = query(transaction, &sql, [state_hash.into()]).await?;
                    let taken = rows.first().map(read_attempt).transpose()?;
                    Ok(taken.filter(|attempt| attempt.expires_at > now))
                })
            })
            .await
    }

    async fn linked_user(&self, tenant: TenantId, issuer: &str, subject: &str) -> Result<Option<UserId>, StoreError> {
        let sql = "SELECT user_id FROM sign_in_identities WHERE tenant_id = $1 AND issuer = $2 AND subject = $3";
        let rows = query(self.reader(), sql, [tenant.0.into(), issuer.into(), subject.into()]).await?;
        rows.first().map(|row| column(row, "user_id").map(UserId)).transpose()
    }

    async fn link_user(
        &self,
        scope: TenantScope,
        user: UserId,
        issuer: &str,
        subject: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO sign_in_identities (tenant_id, issuer, subject, user_id, linked_at) \
                   SELECT tenant_id, $3, $4, id, $5 FROM users WHERE tenant_id = $1 AND id = $2 ON CONFLICT DO NOTHING";
        let values: Vec<Value> =
            vec![scope.tenant().0.into(), user.0.into(), issuer.into(), subject.into(), now.micros().into()];
        if self.changed(sql, values).await? {
            return Ok(());
        }
        // Somebody else, or another try of the same sign-in, was here before.
        if self.linked_user(scope.tenant(), issuer, subject).await? == Some(user) {
            return Ok(());
        }
        let reason = "is linked to another identity of the provider".into();
        Err(StoreError::Conflict { entity: "user", reason })
    }

    async fn unlink_user(&self, scope: TenantScope, user: UserId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM sign_in_identities WHERE tenant_id = $1 AND user_id = $2";
        self.changed(sql, vec![scope.tenant().0.into(), user.0.into()]).await
    }
}
