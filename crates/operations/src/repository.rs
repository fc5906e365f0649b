//! The one shape of every directory repository. What differs by entity is its filter.

use std::fmt::Debug;

use async_trait::async_trait;
use domain::Timestamp;

use crate::{AuditEntry, Listed, Page, PageRequest, StoreError, TenantScope};

/// Something a tenant keeps.
pub trait Entity: Clone + Debug + Send + Sync + 'static {
    /// Its id.
    type Id: Copy + Debug + Send + Sync + 'static;
    /// What a list of it can be narrowed by.
    type Filter: Clone + Debug + Default + Send + Sync + 'static;
    /// Its name in errors and in the audit log: `number`, `campaign` ...
    const NAME: &'static str;
    /// What lists of it may be ordered by, as [`Listed::ORDERS`].
    const ORDERS: &'static [&'static str];
}

impl<E: Entity> Listed for E {
    const ORDERS: &'static [&'static str] = E::ORDERS;
}

/// Storage of one kind of entity.
///
/// Every entity carries its tenant; writing one of another tenant than the scope's is [`StoreError::NotFound`].
#[async_trait]
pub trait Repository<E: Entity>: Send + Sync {
    /// Adds a new one. [`StoreError::Conflict`] when something unique is taken, [`StoreError::Reference`] when it names
    /// what the tenant does not have.
    async fn insert(&self, scope: TenantScope, entity: &E) -> Result<(), StoreError>;

    /// Adds all of them with their entries in the audit log, in one transaction: all or none. Fails as [`Self::insert`] does.
    async fn insert_all(&self, scope: TenantScope, new: &[E], entries: Vec<AuditEntry>) -> Result<(), StoreError>;

    /// Reads one.
    async fn find(&self, scope: TenantScope, id: E::Id) -> Result<Option<E>, StoreError>;

    /// Writes a changed one, whose `updated_at` is still what was read, and answers it as stored with `updated_at` =
    /// `now`. [`StoreError::Stale`] when somebody was faster, [`StoreError::NotFound`] when it is gone, and
    /// [`StoreError::Precondition`] when the scope expects another version.
    async fn save(&self, scope: TenantScope, entity: &E, now: Timestamp) -> Result<E, StoreError>;

    /// Removes one. [`StoreError::Conflict`] when other rows need it, [`StoreError::NotFound`] when there is none.
    async fn remove(&self, scope: TenantScope, id: E::Id) -> Result<(), StoreError>;

    /// Lists them, newest first.
    async fn list(&self, scope: TenantScope, filter: &E::Filter, page: &PageRequest) -> Result<Page<E>, StoreError>;

    /// Reads one or fails with [`StoreError::NotFound`].
    async fn get(&self, scope: TenantScope, id: E::Id) -> Result<E, StoreError> {
        self.find(scope, id).await?.ok_or(StoreError::NotFound(E::NAME))
    }
}

/// Reading of one kind of entity in every tenant: for the operator, never for a tenant.
#[async_trait]
pub trait Everywhere<E: Entity>: Send + Sync {
    /// Reads one, and whose it is.
    async fn find_anywhere(&self, id: E::Id) -> Result<Option<(TenantScope, E)>, StoreError>;
    /// Lists those of every tenant.
    async fn list_everywhere(&self, filter: &E::Filter, page: &PageRequest) -> Result<Page<E>, StoreError>;
}
