//! What each role may do (inventory, section 2.3). Permissions are `area:verb`; `admin:*` grants everything.

use crate::{CustomRole, Role, User};

const EVERYTHING_BUT_THE_PLATFORM: &[&str] = &[
    "users:*",
    "roles:read",
    "roles:write",
    "api_keys:*",
    "numbers:*",
    "campaigns:*",
    "flows:*",
    "calls:*",
    "recordings:*",
    "webhooks:*",
    "billing:*",
    "reports:read",
    "audit:read",
    "buyers:*",
    "publishers:*",
    "carriers:*",
    "compliance:*",
    "tags:*",
    "flags:*",
    "queues:*",
    "agents:*",
    "leads:*",
    "jobs:*",
];

/// The permissions a role grants.
pub fn permissions_of(role: Role) -> &'static [&'static str] {
    match role {
        Role::Owner => &["admin:*"],
        Role::Admin => EVERYTHING_BUT_THE_PLATFORM,
        Role::Analyst => &[
            "numbers:read",
            "campaigns:read",
            "flows:read",
            "calls:read",
            "recordings:read",
            "reports:read",
            "buyers:read",
            "publishers:read",
            "compliance:read",
            "tags:read",
            "queues:read",
            "agents:read",
            "leads:read",
        ],
        Role::Publisher => &[
            "campaigns:read",
            "campaigns:write",
            "flows:read",
            "flows:write",
            "flows:publish",
            "calls:read",
            "recordings:read",
        ],
        Role::Buyer => &["campaigns:read", "calls:read", "calls:write", "recordings:read"],
        Role::ReadOnly => &[
            "numbers:read",
            "campaigns:read",
            "flows:read",
            "calls:read",
            "recordings:read",
            "reports:read",
            "buyers:read",
            "publishers:read",
            "compliance:read",
            "tags:read",
            "queues:read",
            "agents:read",
            "leads:read",
        ],
    }
}

/// Everything a user was granted: by the roles of the table, and by those of the tenant's own that are given. A role that stands
/// for a side grants nothing to whoever is not bound to one.
pub fn granted_to(user: &User, custom: &[CustomRole]) -> Vec<String> {
    let roles = user.roles.iter().filter(|role| match role {
        Role::Publisher => user.publisher.is_some(),
        Role::Buyer => user.buyer.is_some(),
        _ => true,
    });
    let by_table = roles.flat_map(|role| permissions_of(*role)).map(|granted| (*granted).to_owned());
    let own = custom.iter().filter(|role| user.custom_roles.contains(&role.id));
    by_table.chain(own.flat_map(|role| role.permissions.iter().cloned())).collect()
}

/// True when `granted`, where `*` stands for any one segment, covers `wanted`.
pub fn permits(granted: &str, wanted: &str) -> bool {
    if granted == "admin:*" {
        return true;
    }
    let mut wanted = wanted.split(':');
    let matches =
        granted.split(':').all(|segment| wanted.next().is_some_and(|other| segment == "*" || segment == other));
    matches && wanted.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_one_segment() {
        for (granted, wanted, allowed) in [
            ("admin:*", "numbers:delete", true),
            ("numbers:*", "numbers:read", true),
            ("*:read", "calls:read", true),
            ("*:read", "calls:write", false),
            ("numbers:read", "numbers", false),
            ("numbers", "numbers:read", false),
            ("*", "numbers:read", false),
        ] {
            assert_eq!(permits(granted, wanted), allowed, "{granted} {wanted}");
        }
    }

    #[test]
    fn roles_follow_the_table() {
        let may = |role, wanted| permissions_of(role).iter().any(|granted| permits(granted, wanted));
        assert!(may(Role::Owner, "roles:delete"));
        assert!(!may(Role::Admin, "roles:delete"));
        assert!(!may(Role::Admin, "admin:tenants"));
        assert!(may(Role::Publisher, "flows:publish"));
        assert!(!may(Role::Publisher, "numbers:read"));
        assert!(may(Role::Buyer, "calls:write"));
        assert!(may(Role::Admin, "compliance:approve") && !may(Role::Analyst, "compliance:write"));
        assert!(!may(Role::ReadOnly, "calls:write"));
        assert!(may(Role::Owner, "jobs:write") && may(Role::Admin, "jobs:write"));
        assert!(!may(Role::Analyst, "jobs:read") && !may(Role::Buyer, "jobs:read"));
    }
}
