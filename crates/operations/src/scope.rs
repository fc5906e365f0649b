//! Tenancy cannot be forgotten: no repository call without a scope.

use domain::TenantId;

/// Whose rows a repository call may see. Rows of another tenant are as if they did not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TenantScope(TenantId);

impl TenantScope {
    /// The scope of one tenant: from a session, an API key, or a call's own event.
    pub const fn of(tenant: TenantId) -> Self {
        Self(tenant)
    }

    /// The tenant.
    pub const fn tenant(self) -> TenantId {
        self.0
    }
}
