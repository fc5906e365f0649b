//! Flows and their versions. The document is the truth; a published version never changes.

use async_trait::async_trait;
use domain::{FlowId, TenantId, Timestamp, UserId};

use crate::{Entity, StoreError, TenantScope, text_enum::text_enum};

text_enum! {
    /// Where a flow stands.
    FlowStatus {
        /// Never published.
        Draft = "DRAFT",
        /// One version is published.
        Active = "ACTIVE",
        /// No more.
        Archived = "ARCHIVED",
    }
}

/// A flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Id.
    pub id: FlowId,
    /// Whose.
    pub tenant: TenantId,
    /// The document's own `id`. Unique in the tenant.
    pub key: String,
    /// For people.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Where it stands.
    pub status: FlowStatus,
    /// What calls run now.
    pub published_version: Option<u32>,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of flows.
#[derive(Clone, Debug, Default)]
pub struct FlowFilter {
    /// Only these.
    pub status: Option<FlowStatus>,
    /// Only the one with this key.
    pub key: Option<String>,
    /// Part of the name or key.
    pub search: Option<String>,
}

impl Entity for Flow {
    type Id = FlowId;
    type Filter = FlowFilter;
    const NAME: &'static str = "flow";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "key", "name", "status"];
}

/// One state of a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowVersion {
    /// The flow.
    pub flow: FlowId,
    /// Whose.
    pub tenant: TenantId,
    /// 1, 2, 3 ...
    pub version: u32,
    /// As it was given, JSON.
    pub document: serde_json::Value,
    /// Who wrote it.
    pub created_by: Option<UserId>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its draft was last changed.
    pub updated_at: Timestamp,
    /// When it was first published; from then on it never changes.
    pub published_at: Option<Timestamp>,
    /// What calls run now.
    pub is_published: bool,
}

/// Storage of versions. The rules are in [`crate::Flows`].
#[async_trait]
pub trait FlowVersions: Send + Sync {
    /// Every version, newest first.
    async fn list_versions(&self, scope: TenantScope, flow: FlowId) -> Result<Vec<FlowVersion>, StoreError>;
    /// One version.
    async fn find_version(
        &self,
        scope: TenantScope,
        flow: FlowId,
        version: u32,
    ) -> Result<Option<FlowVersion>, StoreError>;
    /// Stores a version, over a draft of the same number; a published one of that number is [`StoreError::Conflict`].
    async fn put_version(&self, scope: TenantScope, version: &FlowVersion) -> Result<(), StoreError>;
    /// Removes one that was never published; [`StoreError::Conflict`] otherwise.
    async fn remove_version(&self, scope: TenantScope, flow: FlowId, version: u32) -> Result<(), StoreError>;
    /// Makes this version what calls run, no other, and the flow ACTIVE; in one transaction.
    async fn publish_version(
        &self,
        scope: TenantScope,
        flow: FlowId,
        version: u32,
        now: Timestamp,
    ) -> Result<FlowVersion, StoreError>;
}
