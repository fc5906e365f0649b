//! The directory's repositories: one file each says how its entity is stored; what is common to all is here.

mod accounts;
mod agents;
mod api_keys;
mod audit;
mod billing_accounts;
mod buyers;
mod caller_id_pools;
mod campaigns;
mod carriers;
mod compliance_overrides;
mod compliance_policies;
mod consents;
mod dnc_lists;
mod endpoints;
mod feature_flags;
mod flow_versions;
mod flows;
mod leads;
mod number_overrides;
mod numbers;
mod pages;
mod publishers;
mod queues;
mod rate_cards;
mod recordings;
mod roles;
mod sides;
mod sign_in;
mod sign_in_aids;
mod single_sign_on;
mod stir_shaken;
mod tags;
mod tenants;
mod text;
mod trunks;
mod users;

use async_trait::async_trait;
use domain::{TenantId, Timestamp};
use operations::{AuditEntry, Entity, Everywhere, Page, PageRequest, Repository, Side, StoreError, TenantScope};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    Select, SqlErr, sea_query::Expr,
};
use uuid::Uuid;

use crate::{Store, dialect::store_error, sql::execute};

pub(crate) use consents::Model as ConsentRow;
pub(crate) use flow_versions::read_version;
pub(crate) use numbers::{insert_number, read_numbers};

/// Rows of one INSERT: no table has so many columns that the parameters run out.
const ROWS_AT_ONCE: usize = 200;

/// How an entity is stored.
pub(crate) trait Stored: Entity + Sized
where
    <Self::Table as EntityTrait>::Model: IntoActiveModel<Self::Active>,
{
    /// Its table.
    type Table: EntityTrait;
    /// The table's row to write.
    type Active: ActiveModelTrait<Entity = Self::Table> + Send;
    /// True when calls are decided on it.
    const ROUTES: bool;
    /// True when calls are screened by it.
    const SCREENS: bool = false;
    /// `tenant_id`, `id`, `updated_at`.
    const KEYS: [<Self::Table as EntityTrait>::Column; 3];

    /// Its id as stored.
    fn uuid(id: Self::Id) -> Uuid;
    /// Whose, which, and last changed when.
    fn keys(&self) -> (TenantId, Self::Id, Timestamp);
    /// The same, changed at `now`.
    fn touched(self, now: Timestamp) -> Self;
    /// As stored.
    fn to_row(&self) -> Result<<Self::Table as EntityTrait>::Model, StoreError>;
    /// As meant.
    fn from_row(row: <Self::Table as EntityTrait>::Model) -> Result<Self, StoreError>;
    /// The column of a member lists are ordered by: its name in the API's spelling, unless said otherwise.
    fn ordered(field: &str) -> Option<<Self::Table as EntityTrait>::Column> {
        field.parse().ok()
    }
    /// Narrows a list.
    fn narrow(query: Select<Self::Table>, filter: &Self::Filter) -> Select<Self::Table>;
    /// Narrows to the rows of one side: none, for a kind of entity that has no sides.
    fn of_side(_: Side) -> Condition {
        Condition::all().add(Expr::cust("1 = 0"))
    }
}

/// The members of [`Stored`] that are the same for every table with `id`, `tenant_id`, `created_at` and `updated_at`.
macro_rules! keyed {
    ($id:ident) => {
        type Table = Entity;
        type Active = ActiveModel;
        const KEYS: [Column; 3] = [Column::TenantId, Column::Id, Column::UpdatedAt];

        fn uuid(id: domain::$id) -> uuid::Uuid {
            id.0
        }

        fn keys(&self) -> (domain::TenantId, domain::$id, domain::Timestamp) {
            (self.tenant, self.id, self.updated_at)
        }

        fn touched(self, now: domain::Timestamp) -> Self {
            Self { updated_at: now, ..self }
        }
    };
}
use keyed;
pub(crate) use pages::{Ordered, read as read_page};
use text::holds;

#[async_trait]
impl<E> Repository<E> for Store
where
    E: Stored,
    <E::Table as EntityTrait>::Model: IntoActiveModel<E::Active> + Send + Sync,
    <E::Table as EntityTrait>::Column: Send + Sync,
    Select<E::Table>: Send + Sync,
{
    async fn insert(&self, scope: TenantScope, entity: &E) -> Result<(), StoreError> {
        let (tenant, ..) = entity.keys();
        if tenant != scope.tenant() {
            return Err(StoreError::NotFound(E::NAME));
        }
        let row = entity.to_row()?.into_active_model().reset_all();
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    E::Table::insert(row)
                        .exec_without_returning(transaction)
                        .await
                        .map_err(|error| refused::<E>(error, false))?;
                    routes::<E>(transaction, tenant).await
                })
            })
            .await
    }

    async fn insert_all(&self, scope: TenantScope, new: &[E], entries: Vec<AuditEntry>) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        let is_foreign = new.iter().any(|entity| entity.keys().0 != tenant);
        if is_foreign || entries.iter().any(|entry| entry.tenant != tenant) {
            return Err(StoreError::NotFound(E::NAME));
        }
        let rows: Result<Vec<_>, StoreError> =
            new.iter().map(|entity| Ok(entity.to_row()?.into_active_model().reset_all())).collect();
        let rows = rows?;
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    let mut rows = rows.into_iter().peekable();
                    while rows.peek().is_some() {
                        E::Table::insert_many(rows.by_ref().take(ROWS_AT_ONCE))
                            .exec_without_returning(transaction)
                            .await
                            .map_err(|error| refused::<E>(error, false))?;
                    }
                    routes::<E>(transaction, tenant).await?;
                    audit::append(transaction, tenant, entries).await
                })
            })
            .await
    }

    async fn find(&self, scope: TenantScope, id: E::Id) -> Result<Option<E>, StoreError> {
        let row = one::<E>(scope, id).one(&self.scoped(scope).await?).await.map_err(store_error)?;
        row.map(E::from_row).transpose()
    }

    async fn save(&self, scope: TenantScope, entity: &E, now: Timestamp) -> Result<E, StoreError> {
        let (tenant, id, read_at) = entity.keys();
        if tenant != scope.tenant() {
            return Err(StoreError::NotFound(E::NAME));
        }
        // Time may stand still between two changes; the mark must not.
        let now = now.max(Timestamp::from_micros(read_at.micros().saturating_add(1)));
        let changed = entity.clone().touched(now);
        check_expected(scope, read_at, E::NAME)?;
        let row = changed.to_row()?.into_active_model().reset_all();
        let [tenant_column, id_column, updated_column] = E::KEYS;
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    let update = E::Table::update_many()
                        .set(row)
                        .filter(tenant_column.eq(tenant.0))
                        .filter(id_column.eq(E::uuid(id)))
                        .filter(updated_column.eq(read_at.micros()))
                        .filter(side_of::<E>(scope));
                    let written = update.exec(transaction).await.map_err(|error| refused::<E>(error, false))?;
                    if written.rows_affected == 0 {
                        let exists = one::<E>(scope, id).one(transaction).await.map_err(store_error)?.is_some();
                        return Err(overtaken(scope, exists, E::NAME));
                    }
                    routes::<E>(transaction, tenant).await
                })
            })
            .await?;
        Ok(changed)
    }

    async fn remove(&self, scope: TenantScope, id: E::Id) -> Result<(), StoreError> {
        let [tenant_column, id_column, updated_column] = E::KEYS;
        self.writer()
            .write_for(scope, move |transaction| {
                Box::pin(async move {
                    let delete = E::Table::delete_many()
                        .filter(tenant_column.eq(scope.tenant().0))
                        .filter(id_column.eq(E::uuid(id)))
                        .filter(of_versions(scope, updated_column))
                        .filter(side_of::<E>(scope));
                    let removed = delete.exec(transaction).await.map_err(|error| refused::<E>(error, true))?;
                    if removed.rows_affected == 0 {
                        let is_there = scope.expected().is_some()
                            && one::<E>(scope, id).one(transaction).await.map_err(store_error)?.is_some();
                        return Err(overtaken(scope, is_there, E::NAME));
                    }
                    routes::<E>(transaction, scope.tenant()).await
                })
            })
            .await
    }

    async fn list(&self, scope: TenantScope, filter: &E::Filter, page: &PageRequest) -> Result<Page<E>, StoreError> {
        let [tenant_column, ..] = E::KEYS;
        let query = E::Table::find().filter(tenant_column.eq(scope.tenant().0)).filter(side_of::<E>(scope));
        let query = E::narrow(query, filter);
        page_of::<E>(&self.scoped(scope).await?, query, page).await
    }
}

#[async_trait]
impl<E> Everywhere<E> for Store
where
    E: Stored,
    <E::Table as EntityTrait>::Model: IntoActiveModel<E::Active> + Send + Sync,
    <E::Table as EntityTrait>::Column: Send + Sync,
    Select<E::Table>: Send + Sync,
{
    async fn find_anywhere(&self, id: E::Id) -> Result<Option<(TenantScope, E)>, StoreError> {
        let [_, id_column, _] = E::KEYS;
        let query = E::Table::find().filter(id_column.eq(E::uuid(id)));
        let row = query.one(self.reader()).await.map_err(store_error)?;
        let found = row.map(E::from_row).transpose()?;
        Ok(found.map(|entity| (TenantScope::of(entity.keys().0), entity)))
    }

    async fn list_everywhere(&self, filter: &E::Filter, page: &PageRequest) -> Result<Page<E>, StoreError> {
        page_of::<E>(self.reader(), E::narrow(E::Table::find(), filter), page).await
    }
}

async fn page_of<E>(
    reader: &impl ConnectionTrait,
    query: Select<E::Table>,
    page: &PageRequest,
) -> Result<Page<E>, StoreError>
where
    E: Stored,
    <E::Table as EntityTrait>::Model: IntoActiveModel<E::Active> + Send + Sync,
    Select<E::Table>: Send + Sync,
{
    let [_, id, _] = E::KEYS;
    let rows = pages::read(reader, query, page, &Ordered::of::<E>(page, E::ordered, id)?).await?;
    Ok(Page {
        items: rows.items.into_iter().map(E::from_row).collect::<Result<_, _>>()?,
        total: rows.total,
        next: rows.next,
    })
}

fn one<E>(scope: TenantScope, id: E::Id) -> Select<E::Table>
where
    E: Stored,
    <E::Table as EntityTrait>::Model: IntoActiveModel<E::Active>,
{
    let [tenant_column, id_column, _] = E::KEYS;
    E::Table::find()
        .filter(tenant_column.eq(scope.tenant().0))
        .filter(id_column.eq(E::uuid(id)))
        .filter(side_of::<E>(scope))
}

/// What of the tenant's rows the scope may see; no condition for the whole tenant.
fn side_of<E>(scope: TenantScope) -> Condition
where
    E: Stored,
    <E::Table as EntityTrait>::Model: IntoActiveModel<E::Active>,
{
    match scope.side() {
        Side::Whole => Condition::all(),
        side => E::of_side(side),
    }
}

/// Refuses a change of a version the scope does not expect. What was read is what the write finds, so this holds in the
/// transaction too.
fn check_expected(scope: TenantScope, read_at: Timestamp, entity: &'static str) -> Result<(), StoreError> {
    match scope.expected() {
        Some(expected) if !expected.have(read_at) => Err(StoreError::Precondition(entity)),
        _ => Ok(()),
    }
}

/// What it means that a change found no row.
fn overtaken(scope: TenantScope, is_there: bool, entity: &'static str) -> StoreError {
    match (is_there, scope.expected()) {
        (false, _) => StoreError::NotFound(entity),
        (true, Some(_)) => StoreError::Precondition(entity),
        (true, None) => StoreError::Stale(entity),
    }
}

/// Only rows in a version the scope expects; no condition where it expects none.
fn of_versions(scope: TenantScope, updated_at: impl ColumnTrait) -> Condition {
    match scope.expected() {
        Some(expected) => Condition::all().add(updated_at.is_in(expected.all().map(Timestamp::micros))),
        None => Condition::all(),
    }
}

/// Counts a change calls are decided on, in the transaction that makes it.
async fn routes<E>(transaction: &impl ConnectionTrait, tenant: TenantId) -> Result<(), StoreError>
where
    E: Stored,
    <E::Table as EntityTrait>::Model: IntoActiveModel<E::Active>,
{
    if E::SCREENS {
        compliance_changed(transaction, tenant).await?;
    }
    if E::ROUTES { routing_changed(transaction, tenant).await } else { Ok(()) }
}

/// As [`routing_changed`], for what calls are screened by.
pub(crate) async fn compliance_changed(transaction: &impl ConnectionTrait, tenant: TenantId) -> Result<(), StoreError> {
    let sql = "INSERT INTO compliance_versions (tenant_id, version) VALUES ($1, 1) \
               ON CONFLICT (tenant_id) DO UPDATE SET version = compliance_versions.version + 1";
    execute(transaction, sql, [tenant.0.into()]).await.map(drop)
}

pub(crate) async fn routing_changed(transaction: &impl ConnectionTrait, tenant: TenantId) -> Result<(), StoreError> {
    let sql = "UPDATE tenants SET routing_version = routing_version + 1 WHERE id = $1";
    execute(transaction, sql, [tenant.0.into()]).await.map(drop)
}

fn refused<E: Entity>(error: DbErr, removing: bool) -> StoreError {
    refusal(E::NAME, error, removing)
}

/// What a constraint means to whoever broke it.
pub(crate) fn refusal(entity: &'static str, error: DbErr, removing: bool) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(which)) => {
            StoreError::Conflict { entity, reason: format!("already taken ({})", constraint(&which)) }
        }
        Some(SqlErr::ForeignKeyConstraintViolation(_)) if removing => {
            StoreError::Conflict { entity, reason: "still in use".into() }
        }
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => {
            StoreError::Reference { entity, reason: "it names something this tenant does not have".into() }
        }
        _ => store_error(error),
    }
}

/// The columns or the constraint's name out of the database's message.
fn constraint(message: &str) -> &str {
    message.rsplit(": ").next().unwrap_or(message)
}
