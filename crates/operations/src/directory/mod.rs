//! What a tenant keeps: plain data and the storage traits for it.

mod audit;
mod budgets;
mod buyers;
mod caller_ids;
mod calls;
mod campaigns;
mod carriers;
mod compliance;
mod flows;
mod jobs;
mod leads;
mod lookups;
mod money;
mod people;
mod queues;
mod quotas;
mod recordings;
mod reports;
mod sign_in;
mod single_sign_on;
mod stir_shaken;
mod tags;
mod tenants;
mod transcripts;

use std::{fmt, sync::Arc};

pub use audit::{AuditBreak, AuditCheck, AuditEntry, AuditFilter, AuditLog, ChainedEntry};
pub use budgets::{
    ALERT_EMAILS_MAX, BudgetAlert, BudgetAlertType, BudgetLevel, BudgetState, Budgets, OverrideFault, SPEND_SLOT,
    Spend, TenantBudget, budget_state, month_start, percentage, slack_secret, spend_slot,
};
pub use buyers::{Buyer, BuyerFilter, BuyerStatus, Endpoint, EndpointFilter, EndpointStatus, EndpointType};
pub use caller_ids::{
    CallerIdPool, CallerIdPoolFilter, CallerIdPoolStatus, CallerIds, POOL_NUMBERS_MAX, PoolNumber,
    caller_id_of_campaign,
};
pub use calls::{CallDetail, CallFigures, CallFilter, CallMoney, CallRow, Calls, CampaignCounts};
pub use campaigns::{
    Campaign, CampaignFilter, CampaignStatus, Publisher, PublisherFilter, PublisherStatus, RoutingMode,
};
pub use carriers::{
    CallerIdSource, Carrier, CarrierFilter, CarrierStatus, Number, NumberCapabilities, NumberFilter, NumberFormat,
    NumberStatus, OutboundTrunk, Trunk, TrunkFilter, TrunkStatus, TrunkTransport, TrunkType,
};
pub use compliance::{
    ComplianceOverride, ComplianceOverrideFilter, ComplianceOverrideStatus, CompliancePolicy, CompliancePolicyFilter,
    ConsentFilter, ConsentProvider, ConsentStatus, ConsentToken, DNC_ENTRIES_AT_ONCE, DNC_LISTS_MAX, DncChange,
    DncEntries, DncEntry, DncList, DncListFilter, DncListStatus, DncListType, NewDncEntry, OVERRIDES_MAX, policy_name,
};
pub use flows::{Flow, FlowFilter, FlowStatus, FlowVersion, FlowVersions};
pub use jobs::{JobFilter, JobRetry, JobRow, JobStatus, TenantJobs};
pub use leads::{Lead, LeadFilter, LeadStatus};
pub use lookups::{LookupKind, NumberFacts, NumberOverride, NumberOverrideFilter};
pub use money::{
    Accrual, AccrualType, Balance, BillingAccount, BillingAccountFilter, BillingAccountStatus, Books, Posting,
    RateCard, RateCardFilter, RateCardStatus,
};
pub use people::{
    Accounts, ApiKey, ApiKeyFilter, ApiKeyStatus, CustomRole, CustomRoleFilter, Role, Session, SignIn, SignInMethod,
    User, UserFilter, UserStatus,
};
pub use queues::{Agent, AgentFilter, AgentStatus, Queue, QueueAgent, QueueFilter, ShownStatus, answering};
pub use quotas::{QuotaInForce, QuotaKind, QuotaOverride, QuotaUsage, Quotas, TenantQuota};
pub use recordings::{Recording, RecordingFilter, RecordingStatus};
pub use reports::{
    BuyerFigures, CallReports, REPORT_DAYS_MAX, REPORT_GROUPS_MAX, REPORT_SLOT, ReportFigures, ReportFilter,
    ReportGroup, SERIES_SPANS_MAX, SeriesPoint,
};
pub use sign_in::{AccountLink, LinkPurpose, SecondFactor, SignInAids, SignInPolicy};
pub use single_sign_on::{SIGN_IN_DOMAINS_MAX, SignInAttempt, SignInProvider, SingleSignOn, domain_of};
pub use stir_shaken::{AttestationLevel, AttestationOverride, StirShaken, StirShakenFilter};
pub use tags::{CallTags, FeatureFlag, FeatureFlagFilter, Tag, TagFilter};
pub use tenants::{Tenant, TenantFilter, TenantStatus, Tenants};
pub use transcripts::{
    SEGMENTS_MAX, TRANSCRIPT_CHARS_MAX, Transcript, TranscriptAnalysis, TranscriptSegment, Transcripts, words_of,
};

use crate::{Everywhere, IdempotencyKeys, Repository, Schedules};

/// Every repository of the directory, by name: `directory.numbers.list(scope, &filter, &page)`.
#[derive(Clone)]
pub struct Directory {
    /// Tenants.
    pub tenants: Arc<dyn Tenants>,
    /// Before a scope is known.
    pub sign_in: Arc<dyn SignIn>,
    /// Users; changed and removed through `accounts`.
    pub users: Arc<dyn Repository<User>>,
    /// Their sessions, and what must hold of all of them.
    pub accounts: Arc<dyn Accounts>,
    /// Links, second factors, policies.
    pub aids: Arc<dyn SignInAids>,
    /// Tenants' identity providers.
    pub single_sign_on: Arc<dyn SingleSignOn>,
    /// Roles tenants made.
    pub roles: Arc<dyn Repository<CustomRole>>,
    /// API keys.
    pub api_keys: Arc<dyn Repository<ApiKey>>,
    /// Carriers.
    pub carriers: Arc<dyn Repository<Carrier>>,
    /// Trunks.
    pub trunks: Arc<dyn Repository<Trunk>>,
    /// Tracking numbers.
    pub numbers: Arc<dyn Repository<Number>>,
    /// Publishers.
    pub publishers: Arc<dyn Repository<Publisher>>,
    /// Campaigns.
    pub campaigns: Arc<dyn Repository<Campaign>>,
    /// Buyers.
    pub buyers: Arc<dyn Repository<Buyer>>,
    /// Their endpoints.
    pub endpoints: Arc<dyn Repository<Endpoint>>,
    /// Queues.
    pub queues: Arc<dyn Repository<Queue>>,
    /// Who answers them.
    pub agents: Arc<dyn Repository<Agent>>,
    /// People to call, or who called.
    pub leads: Arc<dyn Repository<Lead>>,
    /// What tenants may spend.
    pub budgets: Arc<dyn Budgets>,
    /// What tenants may use.
    pub quotas: Arc<dyn Quotas>,
    /// Every tenant's carriers, for the operator.
    pub all_carriers: Arc<dyn Everywhere<Carrier>>,
    /// Every tenant's trunks, for the operator.
    pub all_trunks: Arc<dyn Everywhere<Trunk>>,
    /// Every tenant's billing accounts, for the operator.
    pub all_billing_accounts: Arc<dyn Everywhere<BillingAccount>>,
    /// Every tenant's rate cards, for the operator.
    pub all_rate_cards: Arc<dyn Everywhere<RateCard>>,
    /// What was said, as text.
    pub transcripts: Arc<dyn Transcripts>,
    /// Labels.
    pub tags: Arc<dyn Repository<Tag>>,
    /// Which of them calls carry.
    pub call_tags: Arc<dyn CallTags>,
    /// Switches.
    pub feature_flags: Arc<dyn Repository<FeatureFlag>>,
    /// Numbers outbound calls show.
    pub caller_id_pools: Arc<dyn Repository<CallerIdPool>>,
    /// What is in those pools.
    pub caller_ids: Arc<dyn CallerIds>,
    /// Flows; versions are changed through [`crate::Flows`].
    pub flows: Arc<dyn Repository<Flow>>,
    /// Their versions.
    pub flow_versions: Arc<dyn FlowVersions>,
    /// Billing accounts.
    pub billing_accounts: Arc<dyn Repository<BillingAccount>>,
    /// Rate cards.
    pub rate_cards: Arc<dyn Repository<RateCard>>,
    /// Recordings; written by the call's events.
    pub recordings: Arc<dyn Repository<Recording>>,
    /// Calls; written by their events.
    pub calls: Arc<dyn Calls>,
    /// What calls claim of their callers' numbers; written by their events, too.
    pub stir_shaken: Arc<dyn Repository<StirShaken>>,
    /// Balances, postings, accruals.
    pub books: Arc<dyn Books>,
    /// Do-not-call lists.
    pub dnc_lists: Arc<dyn Repository<DncList>>,
    /// What is on them.
    pub dnc_entries: Arc<dyn DncEntries>,
    /// Compliance policies.
    pub compliance_policies: Arc<dyn Repository<CompliancePolicy>>,
    /// Consents.
    pub consents: Arc<dyn Repository<ConsentToken>>,
    /// Overrides of compliance.
    pub compliance_overrides: Arc<dyn Repository<ComplianceOverride>>,
    /// What tenants say of numbers.
    pub number_overrides: Arc<dyn Repository<NumberOverride>>,
    /// Background work.
    pub jobs: Arc<dyn TenantJobs>,
    /// Periodic work of the installation.
    pub schedules: Arc<dyn Schedules>,
    /// Requests that may be sent twice.
    pub idempotency: Arc<dyn IdempotencyKeys>,
    /// Who changed what.
    pub audit: Arc<dyn AuditLog>,
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").finish_non_exhaustive()
    }
}
