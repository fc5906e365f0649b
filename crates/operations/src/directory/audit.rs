//! Who changed what.

use async_trait::async_trait;
use domain::{ApiKeyId, TenantId, Timestamp, UserId};

use crate::{Page, PageRequest, StoreError, TenantScope};

/// One entry of the audit log. Entries are only ever added.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// Unique.
    pub id: uuid::Uuid,
    /// Whose.
    pub tenant: TenantId,
    /// By which user.
    pub user: Option<UserId>,
    /// By which key.
    pub api_key: Option<ApiKeyId>,
    /// `number.update`, `auth.login.failed` ...
    pub action: String,
    /// `number`, `campaign` ...
    pub entity: String,
    /// Which one.
    pub entity_id: Option<String>,
    /// Per field `{before, after}`.
    pub changes: serde_json::Value,
    /// From where.
    pub address: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
    /// Did it succeed?
    pub success: bool,
    /// When.
    pub at: Timestamp,
}

/// Storage of the audit log.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Adds an entry.
    async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError>;
    /// Newest first.
    async fn list_audit(&self, scope: TenantScope, page: &PageRequest) -> Result<Page<AuditEntry>, StoreError>;
}
