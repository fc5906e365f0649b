//! Who may do what. The table of roles is `operations::permissions_of`; here is what routes ask for and who asks.

use domain::{ApiKeyId, TenantId, Timestamp, UserId};
use operations::{Side, SignInMethod, permits};

macro_rules! permissions {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// What a route needs. `Platform*` is never granted by a role of a tenant, not even by `admin:*`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Permission { $(#[doc = $text] $name),* }

        impl Permission {
            /// Every permission.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As in scopes and in the OpenAPI document.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

permissions! {
    UsersRead = "users:read", UsersWrite = "users:write", UsersDelete = "users:delete",
    RolesRead = "roles:read", RolesWrite = "roles:write", RolesDelete = "roles:delete",
    ApiKeysRead = "api_keys:read", ApiKeysWrite = "api_keys:write", ApiKeysDelete = "api_keys:delete",
    CarriersRead = "carriers:read", CarriersWrite = "carriers:write", CarriersDelete = "carriers:delete",
    PublishersRead = "publishers:read", PublishersWrite = "publishers:write", PublishersDelete = "publishers:delete",
    BuyersRead = "buyers:read", BuyersWrite = "buyers:write", BuyersDelete = "buyers:delete",
    NumbersRead = "numbers:read", NumbersWrite = "numbers:write", NumbersDelete = "numbers:delete",
    CampaignsRead = "campaigns:read", CampaignsWrite = "campaigns:write", CampaignsDelete = "campaigns:delete",
    FlowsRead = "flows:read", FlowsWrite = "flows:write", FlowsDelete = "flows:delete", FlowsPublish = "flows:publish",
    CallsRead = "calls:read", CallsWrite = "calls:write", CallsDelete = "calls:delete",
    RecordingsRead = "recordings:read", RecordingsWrite = "recordings:write", RecordingsDelete = "recordings:delete",
    TagsRead = "tags:read", TagsWrite = "tags:write", TagsDelete = "tags:delete",
    FlagsRead = "flags:read", FlagsWrite = "flags:write", FlagsDelete = "flags:delete",
    QueuesRead = "queues:read", QueuesWrite = "queues:write", QueuesDelete = "queues:delete",
    AgentsRead = "agents:read", AgentsWrite = "agents:write", AgentsDelete = "agents:delete",
    LeadsRead = "leads:read", LeadsWrite = "leads:write", LeadsDelete = "leads:delete",
    JobsRead = "jobs:read", JobsWrite = "jobs:write",
    WebhooksRead = "webhooks:read", WebhooksWrite = "webhooks:write", WebhooksDelete = "webhooks:delete",
    BillingRead = "billing:read", BillingWrite = "billing:write",
    ComplianceRead = "compliance:read", ComplianceWrite = "compliance:write", ComplianceApprove = "compliance:approve",
    ReportsRead = "reports:read",
    AuditRead = "audit:read",
    PlatformAdmin = "platform:admin",
}

impl Permission {
    /// True for what spans tenants.
    pub const fn is_platform(self) -> bool {
        matches!(self, Self::PlatformAdmin)
    }
}

/// Everything within a tenant.
const ADMIN_ALL: &str = "admin:*";

/// What somebody was granted: permission strings, wildcards allowed.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    granted: Vec<String>,
    platform: bool,
}

impl Grants {
    /// From role permissions or key scopes; `platform` for the operator of the installation.
    pub fn new(granted: Vec<String>, platform: bool) -> Self {
        Self { granted, platform }
    }

    /// As granted, for showing.
    pub fn listed(&self) -> Vec<String> {
        let mut listed = self.granted.clone();
        if self.platform {
            listed.push(Permission::PlatformAdmin.as_str().to_owned());
        }
        listed.sort();
        listed.dedup();
        listed
    }

    /// Whether `permission` is among them.
    pub fn allow(&self, permission: Permission) -> bool {
        if permission.is_platform() {
            return self.platform;
        }
        self.granted.iter().any(|granted| permits(granted, permission.as_str()))
    }

    /// Whether whoever holds these may hand out `scope`: each permission it stands for must be held.
    pub fn may_hand_out(&self, scope: &str) -> bool {
        if scope == ADMIN_ALL {
            return self.granted.iter().any(|granted| granted == ADMIN_ALL);
        }
        expand(scope).all(|permission| self.allow(permission))
    }
}

/// The permissions a scope stands for; empty when it is no scope.
pub fn expand(scope: &str) -> impl Iterator<Item = Permission> + '_ {
    Permission::ALL.iter().copied().filter(move |permission| {
        if permission.is_platform() { scope == permission.as_str() } else { permits(scope, permission.as_str()) }
    })
}

/// What somebody must do before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// Choose a password of their own.
    Password,
    /// Set up the second factor their tenant requires.
    SecondFactor,
}

impl Pending {
    /// The refusal's code and what to do.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Password => {
                ("PASSWORD_CHANGE_REQUIRED", "Choose a password of your own first (POST /auth/password/change)")
            }
            Self::SecondFactor => (
                "SECOND_FACTOR_SETUP_REQUIRED",
                "Your tenant requires a second factor; set one up first (POST /auth/second-factor/setup)",
            ),
        }
    }
}

/// How somebody showed who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A person. `by_cookie`: the browser sent it by itself, so unsafe methods need the CSRF token.
    User { id: UserId, email: String, session: String, by_cookie: bool },
    /// A program.
    ApiKey { id: ApiKeyId, name: String },
}

/// Somebody signed in.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Whose data they see.
    pub tenant: TenantId,
    /// Who they are.
    pub who: Who,
    /// What of its data they see.
    pub side: Side,
    /// What they may do.
    pub grants: Grants,
    /// What they must do first; nothing else is let through until then.
    pub pending: Option<Pending>,
    /// When a person last proved who they are; absent for programs.
    pub proven_at: Option<Timestamp>,
    /// How a person signed in; absent for programs.
    pub method: Option<SignInMethod>,
    /// Requests a minute, where the key says so.
    pub rate_limit: Option<u32>,
}

impl Principal {
    /// The person, where it is one.
    pub fn user(&self) -> Option<UserId> {
        match self.who {
            Who::User { id, .. } => Some(id),
            Who::ApiKey { .. } => None,
        }
    }

    /// For logs and audit: `user:<id>` or `key:<id>`.
    pub fn label(&self) -> String {
        match &self.who {
            Who::User { id, .. } => format!("user:{id}"),
            Who::ApiKey { id, .. } => format!("key:{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use operations::{Role, permissions_of};

    fn grants(listed: &[&str]) -> Grants {
        Grants::new(listed.iter().map(|text| (*text).to_owned()).collect(), false)
    }

    #[test]
    fn no_tenant_role_reaches_the_platform() {
        assert!(!grants(&["admin:*", "*:*"]).allow(Permission::PlatformAdmin));
        assert!(!grants(&["platform:admin"]).allow(Permission::PlatformAdmin));
        assert!(Grants::new(Vec::new(), true).allow(Permission::PlatformAdmin));
    }

    #[test]
    fn nobody_hands_out_more_than_they_hold() {
        let admin = grants(permissions_of(Role::Admin));
        assert!(admin.may_hand_out("numbers:*"));
        assert!(!admin.may_hand_out("roles:*"));
        assert!(!admin.may_hand_out("admin:*"));
        assert!(!grants(&["admin:*"]).may_hand_out("platform:admin"));
        assert_eq!(expand("nonsense").count(), 0);
    }
}
