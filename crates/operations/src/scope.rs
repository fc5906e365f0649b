//! Tenancy cannot be forgotten: no repository call without a scope.

use domain::{BuyerId, PublisherId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// Which of a tenant's rows somebody may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Side {
    /// All of them.
    #[default]
    Whole,
    /// Only what belongs to this publisher.
    Publisher(PublisherId),
    /// Only what belongs to this buyer.
    Buyer(BuyerId),
}

impl Side {
    /// The side of somebody bound to a publisher or a buyer. Bound to both they are seen as the publisher: what belongs to
    /// either is never put together.
    pub const fn of(publisher: Option<PublisherId>, buyer: Option<BuyerId>) -> Self {
        match (publisher, buyer) {
            (Some(publisher), _) => Self::Publisher(publisher),
            (None, Some(buyer)) => Self::Buyer(buyer),
            (None, None) => Self::Whole,
        }
    }

    /// True for somebody of the tenant itself.
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Whole)
    }

    /// Whether a call of this publisher and this buyer is on this side.
    pub fn has(self, publisher: Option<PublisherId>, buyer: Option<BuyerId>) -> bool {
        match self {
            Self::Whole => true,
            Self::Publisher(own) => publisher == Some(own),
            Self::Buyer(own) => buyer == Some(own),
        }
    }
}

/// Which versions of a row a change is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Versions([Timestamp; VERSIONS_MAX]);

/// Versions one change can be for.
pub const VERSIONS_MAX: usize = 4;

impl Versions {
    /// Of at least one and at most [`VERSIONS_MAX`] times of the last change; none of what is beyond that.
    pub fn new(changed_at: &[Timestamp]) -> Option<Self> {
        let first = *changed_at.first()?;
        let mut versions = [first; VERSIONS_MAX];
        if changed_at.len() > VERSIONS_MAX {
            return None;
        }
        versions[..changed_at.len()].copy_from_slice(changed_at);
        Some(Self(versions))
    }

    /// Whether this is one of them.
    pub fn have(&self, changed_at: Timestamp) -> bool {
        self.0.contains(&changed_at)
    }

    /// All of them, some perhaps more than once.
    pub fn all(&self) -> [Timestamp; VERSIONS_MAX] {
        self.0
    }
}

/// Whose rows a repository call may see. Rows of another tenant are as if they did not exist; so are rows of another side, and
/// every row of a kind that has no sides (docs/adr/0135).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TenantScope {
    tenant: TenantId,
    side: Side,
    expected: Option<Versions>,
}

impl TenantScope {
    /// The scope of one tenant: from a session, an API key, or a call's own event.
    pub const fn of(tenant: TenantId) -> Self {
        Self { tenant, side: Side::Whole, expected: None }
    }

    /// The part of it that `side` may see.
    pub const fn narrowed(self, side: Side) -> Self {
        Self { side, ..self }
    }

    /// The same, for a change of a row in one of these versions only: any other is [`crate::StoreError::Precondition`], found in
    /// the transaction that makes the change.
    pub const fn expecting(self, expected: Option<Versions>) -> Self {
        Self { expected, ..self }
    }

    /// Which versions may be changed; any unless said.
    pub const fn expected(self) -> Option<Versions> {
        self.expected
    }

    /// The tenant.
    pub const fn tenant(self) -> TenantId {
        self.tenant
    }

    /// The part.
    pub const fn side(self) -> Side {
        self.side
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_side_has_its_own_and_nothing_unnamed() {
        let (publisher, buyer) = (PublisherId(Uuid::from_u128(1)), BuyerId(Uuid::from_u128(2)));
        assert!(Side::of(None, None).has(None, None));
        assert!(Side::of(Some(publisher), None).has(Some(publisher), None));
        assert!(!Side::of(Some(publisher), None).has(None, Some(buyer)));
        assert!(!Side::of(None, Some(buyer)).has(Some(publisher), None));
        assert_eq!(Side::of(Some(publisher), Some(buyer)), Side::Publisher(publisher));
    }
}
