//! Customers of the platform.

use async_trait::async_trait;
use domain::{TenantId, Timestamp};

use crate::{Listed, Page, PageRequest, StoreError, text_enum::text_enum};

text_enum! {
    /// May a tenant work?
    TenantStatus {
        /// Yes.
        Active = "ACTIVE",
        /// Not now: calls get 503, people may sign in and read.
        Suspended = "SUSPENDED",
        /// No more.
        Inactive = "INACTIVE",
    }
}

/// A customer of the platform.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// For people.
    pub name: String,
    /// In addresses: lower-case letters, digits, dashes. Unique on the platform.
    pub slug: String,
    /// Host name its people sign in at. Unique on the platform.
    pub domain: Option<String>,
    /// May it work?
    pub status: TenantStatus,
    /// IANA zone of its days and of flows that name none.
    pub time_zone: String,
    /// Most calls at once; absent: as many as the platform holds.
    pub concurrent_calls_max: Option<u32>,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Listed for Tenant {
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "name", "slug", "status"];
}

/// Narrows a list of tenants. All of it must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantFilter {
    /// Only these.
    pub status: Option<TenantStatus>,
    /// Name, slug or domain contains it.
    pub search: Option<String>,
}

/// Tenants stand above scopes: only the platform's own duties and sign-in call these.
#[async_trait]
pub trait Tenants: Send + Sync {
    /// Adds one. [`StoreError::Conflict`] when slug or domain is taken.
    async fn insert_tenant(&self, tenant: &Tenant) -> Result<(), StoreError>;
    /// Reads one.
    async fn find_tenant(&self, id: TenantId) -> Result<Option<Tenant>, StoreError>;
    /// By slug.
    async fn find_tenant_by_slug(&self, slug: &str) -> Result<Option<Tenant>, StoreError>;
    /// By host name.
    async fn find_tenant_by_domain(&self, domain: &str) -> Result<Option<Tenant>, StoreError>;
    /// As [`crate::Repository::save`].
    async fn save_tenant(&self, tenant: &Tenant, now: Timestamp) -> Result<Tenant, StoreError>;
    /// Newest first.
    async fn list_tenants(&self, filter: &TenantFilter, page: &PageRequest) -> Result<Page<Tenant>, StoreError>;
}
