//! May this call happen: do-not-call lists, consent, calling hours, overrides.
//!
//! Pure: what is known is in a [`Book`], the question is [`CallFacts`], the answer a [`domain::ComplianceVerdict`] that explains
//! itself. Whatever cannot be checked forbids the call unless the policy says otherwise.

mod areas;
mod book;
mod hours;
mod number;
mod numbers;
mod policy;
mod screen;
mod states;

pub use areas::{Area, area_of, zone_names};
pub use book::{Book, Consent, DncList, ListScope, Override};
pub use hours::{MinuteOfDay, Week, Window};
pub use number::Digits;
pub use numbers::NumberSet;
pub use policy::{LIST_AGE_DAYS_MAX, Policy, Rules, WhenUnsure};
pub use screen::{CallFacts, screen, token_hash, unavailable};
pub use states::{StateRule, state_rule};
