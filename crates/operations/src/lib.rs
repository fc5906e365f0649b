//! The use cases: load, decide, save. Owns the storage traits.

mod agents;
mod audit_chain;
mod budget_alerts;
mod counters;
mod credentials;
mod demo;
mod directory;
mod effects;
mod error;
mod flows;
mod gate;
mod id_token;
mod ids;
mod lookups;
mod page;
mod password_rules;
mod permissions;
mod ports;
mod presence;
mod provisioning;
mod record;
mod recovery;
mod rehearsal;
mod repository;
mod scope;
mod settle;
mod text_enum;
mod totp;
mod vault;
mod voice;

pub use agents::AgentWatch;
pub use audit_chain::{AUDIT_ROOT, audit_hash};
pub use budget_alerts::{AlertChannels, BudgetAlerts, one_line};
pub use counters::{Counters, LocalCounters, SignInLimits, SignInTry, Trier};
pub use credentials::{
    NewToken, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PasswordError, hash_password, new_token, token_hash,
    verify_password,
};
pub use demo::{
    DEMO_BUYERS, DEMO_FLAG, DEMO_NUMBERS, DEMO_SLUG, DemoBuyer, DemoCallError, DemoCalls, DemoError, DemoNumber,
    DemoSetup, DemoStep, demo_is_on, demo_tenant, seed_demo, switch_demo,
};
pub use directory::*;
pub use effects::{AgentCall, Effects, LeaseChange, effects, row};
pub use error::StoreError;
pub use flows::{FlowError, Flows};
pub use gate::{Gate, Screening};
pub use id_token::{
    Expected, ID_TOKEN_ALGORITHMS, IdClaims, IdTokenFault, KeySet, Pkce, Profile, PublicKey, verify_id_token,
};
pub use ids::Ids;
pub use lookups::{Asked, LookedUp, LookupError, Lookups, OVERRIDE_PROVIDER};
pub use page::{Listed, Order, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Page, PageRequest, PageStart, TOTAL_MAX, Total};
pub use password_rules::password_fault;
pub use permissions::{granted_to, permissions_of, permits};
pub use ports::*;
pub use presence::{Connected, LocalPresence, PRESENCE_EVERY, PRESENCE_LASTS, Presence, Roster};
pub use provisioning::{
    Difference, DifferenceKind, LOCAL_PROVIDER, LocalNumbers, ProvisionError, Provisioning, Purchase, Repaired,
};
pub use record::{Kept, RecordError, Recorder, TellAgents};
pub use recovery::{COMMITTED_LEASE_SPAN, Dead, Recovery, RecoveryConfig};
pub use rehearsal::{Rehearsal, RehearsalStep, Unexpected};
pub use repository::{Entity, Everywhere, Repository};
pub use scope::{Side, TenantScope, VERSIONS_MAX, Versions};
pub use settle::{PLATFORM_EXPENSE, Settle, SettleError, Settling};
pub use text_enum::UnknownText;
pub use totp::{RECOVERY_CODES, TotpSecret, recovery_codes, step_at};
pub use vault::Vault;
pub use voice::{
    CompileError, PublishedFlow, QueueDesk, RoutingSnapshot, TenantRoutes, UsageBoard, Voice, calls_at_once, day_start,
    password_of, room_for_call,
};
