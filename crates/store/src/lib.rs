//! Storage behind the traits of operations: SeaORM entities, migrations, outbox, leases.
//!
//! One task writes, in groups; a few connections read. [`Store`] implements every storage trait of `operations`.

mod agent_states;
mod books;
mod budgets;
mod call_tags;
mod caller_ids;
mod calls;
mod compliance_source;
mod config;
mod convert;
mod copy;
mod cursor;
mod dialect;
mod directory;
mod dnc_entries;
mod hot;
mod idempotency;
mod jobs;
mod journal;
mod leases;
mod live;
mod lookups;
mod migrate;
mod number_orders;
mod quotas;
mod redis;
mod routing_data;
mod row_security;
mod schedules;
mod sql;
mod switches;
mod tenant_jobs;
mod transcripts;
mod writer;

use std::{fmt, sync::Arc};

use domain::{CallId, Seed, TenantId, Timestamp};
use operations::{Directory, Ids, Leases, StoreError, UsageBoard};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, Value};
use tokio::task::JoinHandle;

pub use config::StoreConfig;
pub use copy::{COPY_ROWS, CopyError, CopyProgress, copy};
pub use journal::FileJournal;
pub use live::{LiveKept, MemoryBus};
pub use migrate::{SchemaVersion, migrate_to, schema_versions};
pub use redis::{
    Order, RedisBuckets, RedisBus, RedisConfig, RedisCounters, RedisError, RedisOrders, RedisPresence, SharedBucket,
};

use dialect::store_error;
use hot::Hot;
use writer::Writer;

/// An open database.
#[derive(Clone)]
pub struct Store {
    reader: DatabaseConnection,
    writer: Writer,
    usage: Arc<UsageBoard>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// Ends when every clone of its store is dropped and what waited is written.
#[derive(Debug)]
pub struct WriterTask(JoinHandle<()>);

impl WriterTask {
    /// Waits until the last write is on disk. Drop every [`Store`] first.
    pub async fn finished(self) {
        // A writer that panicked has nothing left to write.
        let _ = self.0.await;
    }
}

impl Store {
    /// Connects, brings the schema to the newest version and starts the writer. Must be called within a tokio runtime.
    pub async fn open(config: &StoreConfig, now: Timestamp) -> Result<(Self, WriterTask), StoreError> {
        let connection = connect(dialect::options(config, dialect::WRITERS)).await?;
        migrate::migrate(&connection, None, now).await?;
        let reader = connect(dialect::options(config, config.readers.max(1))).await?;
        let usage = Arc::new(UsageBoard::new());
        let ids = Arc::new(Ids::new(Seed::new(config.seed)));
        let hot = Hot::new(config.calls_cached_max, Arc::clone(&usage), ids);
        let (writer, task) = Writer::start(connection, hot, config.queue_max.max(1), config.batch_max.max(1));
        let store = Self { reader, writer, usage };
        store.usage.replace_counters(store.lease_counters().await?);
        store.count_live_calls().await?;
        Ok((store, WriterTask(task)))
    }

    /// The counts of leases as committed, kept up to date.
    pub fn usage(&self) -> Arc<UsageBoard> {
        Arc::clone(&self.usage)
    }

    /// Every repository of the directory.
    pub fn directory(&self) -> Directory {
        let store = Arc::new(self.clone());
        Directory {
            tenants: store.clone(),
            sign_in: store.clone(),
            users: store.clone(),
            accounts: store.clone(),
            aids: store.clone(),
            single_sign_on: store.clone(),
            roles: store.clone(),
            api_keys: store.clone(),
            carriers: store.clone(),
            trunks: store.clone(),
            numbers: store.clone(),
            publishers: store.clone(),
            campaigns: store.clone(),
            buyers: store.clone(),
            endpoints: store.clone(),
            queues: store.clone(),
            agents: store.clone(),
            leads: store.clone(),
            budgets: store.clone(),
            quotas: store.clone(),
            all_carriers: store.clone(),
            all_trunks: store.clone(),
            all_billing_accounts: store.clone(),
            all_rate_cards: store.clone(),
            transcripts: store.clone(),
            tags: store.clone(),
            call_tags: store.clone(),
            feature_flags: store.clone(),
            caller_id_pools: store.clone(),
            caller_ids: store.clone(),
            flows: store.clone(),
            flow_versions: store.clone(),
            billing_accounts: store.clone(),
            rate_cards: store.clone(),
            recordings: store.clone(),
            calls: store.clone(),
            stir_shaken: store.clone(),
            books: store.clone(),
            dnc_lists: store.clone(),
            dnc_entries: store.clone(),
            compliance_policies: store.clone(),
            consents: store.clone(),
            compliance_overrides: store.clone(),
            number_overrides: store.clone(),
            jobs: store.clone(),
            schedules: store.clone(),
            idempotency: store.clone(),
            audit: store,
        }
    }

    /// True when the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader.ping().await.map_err(store_error)
    }

    async fn count_live_calls(&self) -> Result<(), StoreError> {
        let sql = "SELECT tenant_id, id FROM calls WHERE ended_at IS NULL";
        for row in sql::query(&self.reader, sql, []).await? {
            let (tenant, call) = (convert::column(&row, "tenant_id")?, convert::column(&row, "id")?);
            self.usage.set_live(TenantId(tenant), CallId(call), true);
        }
        Ok(())
    }

    fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    fn writer(&self) -> &Writer {
        &self.writer
    }

    /// One statement, written like everything else.
    async fn run(&self, sql: &'static str, values: Vec<Value>) -> Result<(), StoreError> {
        self.writer
            .write(move |transaction| Box::pin(async move { sql::execute(transaction, sql, values).await.map(drop) }))
            .await
    }

    /// The same; true when it touched a row.
    async fn changed(&self, sql: &'static str, values: Vec<Value>) -> Result<bool, StoreError> {
        let touched = self
            .writer
            .write(move |transaction| Box::pin(async move { sql::execute(transaction, sql, values).await }))
            .await?;
        Ok(touched > 0)
    }
}

/// A database that is not there is made, as SQLite makes its file.
async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, StoreError> {
    match Database::connect(options.clone()).await {
        Err(error) if dialect::is_missing(&error) => {
            dialect::create_database(options.get_url()).await?;
            Database::connect(options).await.map_err(store_error)
        }
        connected => connected.map_err(store_error),
    }
}
