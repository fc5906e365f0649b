//! Who is connected now: by `/ws/events`, counted by each process and known to all (ADR 204).

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{TenantId, Timestamp, UserId};

/// Each process says so often who is connected to it.
pub const PRESENCE_EVERY: Duration = Duration::from_secs(5);
/// What a process said last counts for so long: connections of one that was killed are gone after it.
pub const PRESENCE_LASTS: Duration = Duration::from_secs(15);

/// A user's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connected {
    /// How many.
    pub count: u32,
    /// Since when there is one without a break.
    pub since: Timestamp,
}

impl Connected {
    /// Together with those at another process.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { count: self.count.saturating_add(other.count), since: self.since.min(other.since) }
    }
}

/// Who of a tenant is connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// By user.
    pub users: HashMap<UserId, Connected>,
    /// Those of every process; else of the one that was asked.
    pub is_whole: bool,
}

/// Knows who is connected. Never fails: who cannot ask others knows its own.
#[async_trait]
pub trait Presence: Send + Sync {
    /// A connection of a user begins here.
    async fn joined(&self, tenant: TenantId, user: UserId, now: Timestamp);
    /// A connection of a user ends here.
    async fn left(&self, tenant: TenantId, user: UserId);
    /// Who of a tenant is connected.
    async fn roster(&self, tenant: TenantId) -> Roster;
    /// Says once more who is connected here; to be called every [`PRESENCE_EVERY`].
    async fn beat(&self);
}

/// The connections of one process.
#[derive(Debug, Default)]
pub struct LocalPresence(Mutex<HashMap<TenantId, HashMap<UserId, Connected>>>);

impl LocalPresence {
    fn tenants(&self) -> MutexGuard<'_, HashMap<TenantId, HashMap<UserId, Connected>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Presence::joined`].
    pub fn join(&self, tenant: TenantId, user: UserId, now: Timestamp) {
        let mut tenants = self.tenants();
        let known = tenants.entry(tenant).or_default().entry(user).or_insert(Connected { count: 0, since: now });
        known.count = known.count.saturating_add(1);
    }

    /// As [`Presence::left`].
    pub fn leave(&self, tenant: TenantId, user: UserId) {
        let mut tenants = self.tenants();
        let Some(users) = tenants.get_mut(&tenant) else { return };
        if let Some(known) = users.get_mut(&user) {
            known.count = known.count.saturating_sub(1);
        }
        users.retain(|_, known| known.count > 0);
        tenants.retain(|_, users| !users.is_empty());
    }

    /// A tenant's users.
    pub fn users(&self, tenant: TenantId) -> HashMap<UserId, Connected> {
        self.tenants().get(&tenant).cloned().unwrap_or_default()
    }

    /// Everybody.
    pub fn all(&self) -> HashMap<TenantId, HashMap<UserId, Connected>> {
        self.tenants().clone()
    }
}

#[async_trait]
impl Presence for LocalPresence {
    async fn joined(&self, tenant: TenantId, user: UserId, now: Timestamp) {
        self.join(tenant, user, now);
    }

    async fn left(&self, tenant: TenantId, user: UserId) {
        self.leave(tenant, user);
    }

    async fn roster(&self, tenant: TenantId) -> Roster {
        Roster { users: self.users(tenant), is_whole: true }
    }

    async fn beat(&self) {}
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn connections_are_counted_and_the_first_one_says_since_when() {
        let (tenant, other) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
        let user = UserId(Uuid::from_u128(3));
        let presence = LocalPresence::default();
        presence.leave(tenant, user);
        presence.join(tenant, user, Timestamp::from_secs(10));
        presence.join(tenant, user, Timestamp::from_secs(20));
        assert_eq!(presence.users(tenant)[&user], Connected { count: 2, since: Timestamp::from_secs(10) });
        assert!(presence.users(other).is_empty());
        presence.leave(other, user);
        presence.leave(tenant, user);
        assert_eq!(presence.users(tenant)[&user].count, 1);
        presence.leave(tenant, user);
        assert!(presence.all().is_empty(), "nothing is kept of who is gone");
        presence.join(tenant, user, Timestamp::from_secs(30));
        assert_eq!(presence.users(tenant)[&user].since, Timestamp::from_secs(30), "a break begins anew");
    }
}
