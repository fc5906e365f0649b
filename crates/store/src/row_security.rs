//! The second lock behind [`TenantScope`]: PostgreSQL itself shows a connection one tenant's rows and takes no others. SQLite has
//! nothing of the kind.
//!
//! Every connection of the platform says at its start that it works for all tenants. What is asked in a scope runs in a transaction that
//! says for which tenant; a connection that says nothing sees no rows at all.

use domain::TenantId;
use operations::{StoreError, TenantScope};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbBackend, TransactionTrait,
};

use crate::{
    Store,
    convert::column,
    dialect::{begin_write, store_error},
    sql::{execute, query},
};

/// Who a connection works for: a tenant's id, or [`PLATFORM`].
pub(crate) const SETTING: &str = "hopwhistle.tenant";
/// Work for every tenant: routing, settling, recovery, migrations, copies.
pub(crate) const PLATFORM: &str = "platform";

/// Tables of tenants that have no policy yet, and the column that says whose a row is.
const OPEN_TABLES: &str = "SELECT c.relname::text AS name, a.attname::text AS tenant FROM pg_class c \
     JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped \
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' \
     AND a.attname = CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END \
     AND NOT (c.relrowsecurity AND c.relforcerowsecurity \
              AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant_rows')) \
     ORDER BY 1";
/// Held while policies are made, so that two processes that start at once do not make one twice.
const LOCK: i64 = 0x686f_7077_6869_7374;

/// Gives every table of tenants its policy, whichever schema version made the table. The owner of a table is bound by it too.
pub(crate) async fn guard(connection: &DatabaseConnection) -> Result<(), StoreError> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    if !query(connection, OPEN_TABLES, []).await?.is_empty() {
        let transaction = begin_write(connection).await.map_err(store_error)?;
        execute(&transaction, "SELECT pg_advisory_xact_lock($1)", [LOCK.into()]).await?;
        for row in query(&transaction, OPEN_TABLES, []).await? {
            let (table, tenant): (String, String) = (column(&row, "name")?, column(&row, "tenant")?);
            transaction.execute_unprepared(&policy(&table, &tenant)).await.map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)?;
    }
    let above = "SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)";
    if !query(connection, above, []).await?.is_empty() {
        tracing::warn!(
            "the database role is a superuser or has BYPASSRLS: row-level security does not bind it. Use an ordinary role"
        );
    }
    Ok(())
}

/// Both sub-selects are computed once a statement, not once a row; the second only where the first is false.
fn policy(table: &str, tenant: &str) -> String {
    format!(
        "ALTER TABLE \"{table}\" ENABLE ROW LEVEL SECURITY; ALTER TABLE \"{table}\" FORCE ROW LEVEL SECURITY; \
         DROP POLICY IF EXISTS tenant_rows ON \"{table}\"; \
         CREATE POLICY tenant_rows ON \"{table}\" USING ( \
           (SELECT current_setting('{SETTING}', true) = '{PLATFORM}') OR \
           {tenant} = (SELECT NULLIF(current_setting('{SETTING}', true), '')::uuid))"
    )
}

/// Says for whom the rest of a transaction works; `None` for the platform.
pub(crate) async fn work_for(transaction: &DatabaseTransaction, tenant: Option<TenantId>) -> Result<(), StoreError> {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let who = tenant.map_or_else(|| PLATFORM.to_owned(), |tenant| tenant.0.to_string());
    execute(transaction, "SELECT set_config($1, $2, true)", [SETTING.into(), who.into()]).await.map(drop)
}

impl Store {
    /// A reader that sees rows of the scope's tenant only. It holds a connection until it is dropped.
    pub(crate) async fn scoped(&self, scope: TenantScope) -> Result<DatabaseExecutor<'_>, StoreError> {
        let reader = self.reader();
        if reader.get_database_backend() != DbBackend::Postgres {
            return Ok(DatabaseExecutor::Connection(reader));
        }
        let transaction = reader.begin().await.map_err(store_error)?;
        work_for(&transaction, Some(scope.tenant())).await?;
        Ok(DatabaseExecutor::OwnedTransaction(transaction))
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use sea_orm::Value;
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;
    use crate::StoreConfig;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    const TAG: &str = "INSERT INTO tags (id, tenant_id, name, created_at, updated_at) VALUES ($1, $2, $3, 0, 0)";

    fn tag(id: u128, tenant: TenantId, name: &str) -> Vec<Value> {
        vec![Uuid::from_u128(id).into(), tenant.0.into(), name.into()]
    }

    /// Two tenants with a tag each, on the PostgreSQL server of the tests where there is one.
    async fn two_tenants(folder: &TempDir) -> (Store, [TenantScope; 2]) {
        let name: String = folder.path().display().to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let url = match std::env::var("HOPWHISTLE_TEST_POSTGRES") {
            Ok(server) => format!("{server}/{name}"),
            Err(_) => format!("sqlite://{}", folder.path().join("test.db").display()),
        };
        let (store, _writer) = Store::open(&StoreConfig::new(url, [7; 32]), NOW).await.unwrap();
        let tenants = [TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2))];
        for tenant in tenants {
            let insert = "INSERT INTO tenants (id, name, slug, status, time_zone, metadata, created_at, updated_at) \
                          VALUES ($1, $2, $2, 'ACTIVE', 'UTC', '{}', 0, 0)";
            store.run(insert, vec![tenant.0.into(), tenant.to_string().into()]).await.unwrap();
            store.run(TAG, tag(tenant.0.as_u128(), tenant, "a")).await.unwrap();
        }
        (store, tenants.map(TenantScope::of))
    }

    async fn tags(on: &impl ConnectionTrait) -> Vec<Uuid> {
        let rows = query(on, "SELECT tenant_id FROM tags", []).await.unwrap();
        rows.iter().map(|row| column(row, "tenant_id").unwrap()).collect()
    }

    #[tokio::test]
    async fn without_a_where_a_scope_sees_and_touches_its_tenant_only() {
        let folder = tempfile::tempdir().unwrap();
        let (store, [one, two]) = two_tenants(&folder).await;
        let is_guarded = store.reader().get_database_backend() == DbBackend::Postgres;
        assert_eq!(tags(store.reader()).await.len(), 2, "the platform sees all");
        for scope in [one, two] {
            let seen = tags(&store.scoped(scope).await.unwrap()).await;
            if is_guarded {
                assert_eq!(seen, [scope.tenant().0]);
            } else {
                assert_eq!(seen.len(), 2, "SQLite has the repositories' own conditions only");
            }
        }
        // The connection went back to the pool: nothing of the scope is left on it.
        assert_eq!(tags(store.reader()).await.len(), 2);

        let touched = |sql: &'static str, values: Vec<Value>| {
            let writer = store.writer().clone();
            async move {
                let write = writer.write_for(one, move |on| Box::pin(async move { execute(on, sql, values).await }));
                write.await
            }
        };
        let foreign = if is_guarded { 0 } else { 1 };
        let rename = "UPDATE tags SET name = 'b' WHERE tenant_id = $1";
        assert_eq!(touched(rename, vec![one.tenant().0.into()]).await.unwrap(), 1);
        assert_eq!(touched(rename, vec![two.tenant().0.into()]).await.unwrap(), foreign);
        let give_away = touched(
            "UPDATE tags SET tenant_id = $1, name = 'c' WHERE tenant_id = $2",
            vec![two.tenant().0.into(), one.tenant().0.into()],
        );
        assert_eq!(give_away.await.is_err(), is_guarded, "a row cannot be given to another tenant");
        assert_eq!(touched(TAG, tag(7, two.tenant(), "d")).await.is_err(), is_guarded, "nor be made for one");
        assert_eq!(touched(TAG, tag(8, one.tenant(), "d")).await.unwrap(), 1);
        // The platform's own writes come after a scope's, on the same connection.
        assert!(store.changed("DELETE FROM tags WHERE tenant_id = $1", vec![two.tenant().0.into()]).await.unwrap());
    }

    #[tokio::test]
    async fn every_table_of_tenants_has_its_policy_and_a_connection_that_says_nothing_sees_no_rows() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = two_tenants(&folder).await;
        if store.reader().get_database_backend() != DbBackend::Postgres {
            assert_eq!(tags(store.reader()).await.len(), 2);
            return;
        }
        let of_tenants = "SELECT COUNT(DISTINCT c.relname) AS tables FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid \
                          WHERE c.relrowsecurity AND c.relforcerowsecurity";
        let with_tenant = "SELECT COUNT(*) + 1 AS tables FROM information_schema.columns \
                           WHERE table_schema = current_schema() AND column_name = 'tenant_id'";
        let count =
            async |sql: &str| -> i64 { column(&query(store.reader(), sql, []).await.unwrap()[0], "tables").unwrap() };
        let guarded = count(of_tenants).await;
        assert!(guarded > 30, "{guarded}");
        assert_eq!(guarded, count(with_tenant).await);

        let transaction = store.reader().begin().await.unwrap();
        transaction.execute_unprepared("SET LOCAL hopwhistle.tenant = ''").await.unwrap();
        assert_eq!(tags(&transaction).await.len(), 0);
        let insert = execute(&transaction, TAG, tag(9, TenantId(Uuid::from_u128(1)), "x")).await;
        assert!(insert.is_err());
    }
}
