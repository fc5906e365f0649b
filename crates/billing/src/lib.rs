//! Rates a finished call and posts it in double entry.
//!
//! [`rate`] turns a call's record and the tenant's terms into a [`Charge`]; [`postings`] turns that into balanced groups, and
//! [`correction`] into what a late event changed. Nothing here waits, and no float touches money.

mod charge;
mod posting;
mod rate_card;

pub use charge::{Charge, ChargeKind, Line, RateError, Terms, rate};
pub use posting::{Account, Correction, Posting, PostingGroup, PostingKey, correction, postings};
pub use rate_card::{
    CONVERSION_CONFIRMED, CallRates, CpaRate, RATE_MAX_UNITS, RATES_BYTES_MAX, RateCard, RateFault, Rates,
    RecordingRate, applicable,
};
