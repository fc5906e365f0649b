//! Labels and switches of a tenant.

use async_trait::async_trait;
use domain::{CallId, FeatureFlagId, TagId, TenantId, Timestamp};

use crate::{Entity, StoreError, TenantScope};

/// A label people put on calls and leads.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    /// Id.
    pub id: TagId,
    /// Whose.
    pub tenant: TenantId,
    /// For people. Unique in the tenant.
    pub name: String,
    /// `#rrggbb`, for screens.
    pub color: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of tags.
#[derive(Clone, Debug, Default)]
pub struct TagFilter {
    /// Part of the name.
    pub search: Option<String>,
}

impl Entity for Tag {
    type Id = TagId;
    type Filter = TagFilter;
    const NAME: &'static str = "tag";
    const ORDERS: &'static [&'static str] = &["name", "createdAt", "updatedAt"];
}

/// Which labels a call carries.
#[async_trait]
pub trait CallTags: Send + Sync {
    /// Puts a tag on a call; false when it was there. [`StoreError::NotFound`] when the tenant has no such call or tag.
    async fn tag_call(&self, scope: TenantScope, call: CallId, tag: TagId, now: Timestamp) -> Result<bool, StoreError>;
    /// Takes it off; false when it was not there.
    async fn untag_call(&self, scope: TenantScope, call: CallId, tag: TagId) -> Result<bool, StoreError>;
    /// A call's tags by name.
    async fn tags_of_call(&self, scope: TenantScope, call: CallId) -> Result<Vec<Tag>, StoreError>;
}

/// A switch of the tenant: something is on, off, or set to a value.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureFlag {
    /// Id.
    pub id: FeatureFlagId,
    /// Whose.
    pub tenant: TenantId,
    /// What programs ask for. Unique in the tenant.
    pub key: String,
    /// What it is set to: any JSON.
    pub value: serde_json::Value,
    /// For people.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of feature flags.
#[derive(Clone, Debug, Default)]
pub struct FeatureFlagFilter {
    /// Part of the key.
    pub search: Option<String>,
}

impl Entity for FeatureFlag {
    type Id = FeatureFlagId;
    type Filter = FeatureFlagFilter;
    const NAME: &'static str = "feature flag";
    const ORDERS: &'static [&'static str] = &["key", "createdAt", "updatedAt"];
}
