//! Who changed what, and who saw what is sensitive.

use async_trait::async_trait;
use domain::{ApiKeyId, CallId, TenantId, Timestamp, UserId};

use crate::{Listed, Page, PageRequest, StoreError, TenantScope};

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

impl AuditEntry {
    /// The call that something about it changed for: the `callId` among the changes, as it is after them or else was before.
    pub fn call(&self) -> Option<&str> {
        let change = self.changes.get("callId")?;
        ["after", "before"].into_iter().find_map(|moment| change.get(moment)?.as_str())
    }
}

impl Listed for AuditEntry {
    const ORDERS: &'static [&'static str] = &["-at"];
}

/// An entry where it stands in its tenant's chain.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainedEntry {
    /// What happened.
    pub entry: AuditEntry,
    /// 1, 2, 3 ... in its tenant; absent for entries from before there was a chain.
    pub sequence: Option<u64>,
    /// Over the entry and the hash before it, lower-case hex.
    pub hash: Option<String>,
}

/// Narrows the audit log. All of it must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditFilter {
    /// The action, or with `.*` at the end all that begin so.
    pub action: Option<String>,
    /// The kind of entity.
    pub entity: Option<String>,
    /// Which one.
    pub entity_id: Option<String>,
    /// About this call: it is the `callId` among the changes.
    pub call: Option<CallId>,
    /// By this user.
    pub user: Option<UserId>,
    /// By this key.
    pub api_key: Option<ApiKeyId>,
    /// Only what succeeded, or what did not.
    pub success: Option<bool>,
    /// Then or later.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// What checking a chain came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditCheck {
    /// Entries of the chain that were checked.
    pub entries: u64,
    /// Entries from before there was a chain, which nothing protects.
    pub unchained: u64,
    /// The last hash. Noted down elsewhere, it proves later that nothing before it was rewritten.
    pub head: Option<String>,
    /// The first place where it does not hold.
    pub broken: Option<AuditBreak>,
}

/// Where a chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditBreak {
    /// The entry's place in the chain.
    pub sequence: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// Storage of the audit log.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Adds an entry at the end of its tenant's chain; of two processes that do so at once one waits for the other.
    async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError>;
    /// Newest first.
    async fn search_audit(
        &self,
        scope: TenantScope,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<ChainedEntry>, StoreError>;
    /// Reads a tenant's whole chain and checks that nothing was changed, left out, put in or cut off.
    async fn verify_audit(&self, scope: TenantScope) -> Result<AuditCheck, StoreError>;
    /// Everything, newest first.
    async fn list_audit(&self, scope: TenantScope, page: &PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        Ok(self.search_audit(scope, &AuditFilter::default(), page).await?.map(|chained| chained.entry))
    }
}
