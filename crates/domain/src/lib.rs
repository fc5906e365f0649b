//! The shared nouns: ids, money, phone numbers, call events, CDRs, time and seeds.
//!
//! Nothing here waits, reads a clock or draws a random number by itself.

mod call_event;
mod cdr;
mod compliance;
mod identity_claim;
mod ids;
mod money;
mod offer;
mod outbound_call;
mod phone_number;
mod seed;
mod time;

pub use call_event::{
    Attestation, CallEvent, DigitSource, EndCause, LegFailure, LegRole, MediaQuality, Party, PromptEnd, StartedCall,
    What,
};
pub use cdr::{CallStatus, Cdr, CdrLeg, CdrRecording, FoldError};
pub use compliance::{
    ComplianceCheck, CompliancePath, ComplianceReason, ComplianceRule, ComplianceVerdict, ConsentFound, DncMatch,
    Finding, ListUsed, OverrideUsed, PolicyUsed,
};
pub use identity_claim::{ClaimSource, IdentityClaim};
pub use ids::*;
pub use money::{Currency, Micros, Money, MoneyError};
pub use offer::{Candidate, RankingRecord, RejectReason, Rejected, SaleTerms, Strategy};
pub use outbound_call::{CONSENT_TAG, OutboundCall};
pub use phone_number::{PhoneNumber, PhoneNumberError};
pub use seed::{IdSource, Seed};
pub use time::{Direction, Timestamp};
