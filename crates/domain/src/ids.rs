//! Ids are UUIDs (version 7 when the platform makes them), one type each so that they cannot be mixed up.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The sixteen bytes as stored.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// A customer of the platform; everything else belongs to one.
    TenantId,
    /// A person who signs in.
    UserId,
    /// A key a program signs in with.
    ApiKeyId,
    /// A call, from the caller's INVITE to its end.
    CallId,
    /// One side of a call: the caller's, or one attempt to reach a buyer.
    LegId,
    /// A recording of a call.
    RecordingId,
    /// A carrier.
    CarrierId,
    /// A SIP trunk of a carrier.
    TrunkId,
    /// A tracking number (DID).
    NumberId,
    /// A campaign.
    CampaignId,
    /// Who brings calls.
    PublisherId,
    /// Who takes calls.
    BuyerId,
    /// Where a buyer takes calls.
    EndpointId,
    /// A call flow.
    FlowId,
    /// A reservation of a buyer's cap.
    LeaseId,
    /// One run of a switch process; a new one at every start.
    SwitchId,
    /// A unit of background work.
    JobId,
    /// An account that is charged.
    BillingAccountId,
    /// Prices valid for a period.
    RateCardId,
    /// A balanced set of postings.
    PostingGroupId,
    /// A line a tenant's agents wait on.
    QueueId,
    /// A label on calls.
    TagId,
    /// A switch of a tenant.
    FeatureFlagId,
    /// Numbers outbound calls show.
    CallerIdPoolId,
    /// A person who answers a queue's calls.
    AgentId,
    /// Somebody to call, or who called.
    LeadId,
    /// What was said in a call, as text.
    TranscriptId,
    /// A number being bought or given back.
    NumberOrderId,
    /// What a tenant says of a number in place of who is asked.
    NumberOverrideId,
    /// A budget that was nearly or wholly used up, told to people.
    BudgetAlertId,
    /// An exception from a quota.
    QuotaOverrideId,
    /// A do-not-call list.
    DncListId,
    /// A compliance policy: a tenant's own or a campaign's.
    CompliancePolicyId,
    /// Proof that a consumer agreed to be called.
    ConsentId,
    /// Leave to call a number that compliance would refuse.
    ComplianceOverrideId,
    /// A role a tenant made for itself.
    RoleId,
    /// A browser that is signed in.
    SessionId,
}
