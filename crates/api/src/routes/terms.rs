//! Wire types buyers and endpoints share: limits, hours, filters, prices.

use std::collections::BTreeMap;

use domain::{Attestation, Currency, Micros, SaleTerms};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{convert::whole_secs, problem::Fault, wire::Amount};

/// Longest conversion time, seconds: a day.
const AFTER_SECONDS_MAX: u64 = 86_400;

/// Characters of the name of a tag, and of a value it is compared with.
const TAG_CHARS_MAX: usize = 200;
/// Characters of a day: `2026-12-25`.
const DAY_CHARS: usize = 10;

/// Most calls; an absent limit does not bind, 0 is no calls at all.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Caps {
    /// At once.
    concurrency: Option<u32>,
    /// In a clock hour of the buyer's zone.
    hourly: Option<u32>,
    /// In a day of the buyer's zone.
    daily: Option<u32>,
    /// In a month of the buyer's zone.
    monthly: Option<u32>,
    /// Altogether.
    total: Option<u32>,
}

impl Caps {
    pub(super) fn of(caps: &routing::Caps) -> Self {
        let routing::Caps { concurrency, hourly, daily, monthly, total } = *caps;
        Self { concurrency, hourly, daily, monthly, total }
    }

    pub(super) fn stored(self) -> routing::Caps {
        let Self { concurrency, hourly, daily, monthly, total } = self;
        routing::Caps { concurrency, hourly, daily, monthly, total }
    }
}

/// Open from `from` until `to`; not after `from`: until then on the next day.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenSpan {
    /// When it opens.
    #[schema(example = "09:00", pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    from: String,
    /// When it closes; not after `from`: on the next day.
    #[schema(example = "17:30", pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    to: String,
}

/// When calls are taken, by weekday, in the buyer's zone.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hours {
    /// Spans on Mondays; empty: closed.
    #[schema(max_items = 400)]
    mon: Vec<OpenSpan>,
    /// Spans on Tuesdays; empty: closed.
    #[schema(max_items = 400)]
    tue: Vec<OpenSpan>,
    /// Spans on Wednesdays; empty: closed.
    #[schema(max_items = 400)]
    wed: Vec<OpenSpan>,
    /// Spans on Thursdays; empty: closed.
    #[schema(max_items = 400)]
    thu: Vec<OpenSpan>,
    /// Spans on Fridays; empty: closed.
    #[schema(max_items = 400)]
    fri: Vec<OpenSpan>,
    /// Spans on Saturdays; empty: closed.
    #[schema(max_items = 400)]
    sat: Vec<OpenSpan>,
    /// Spans on Sundays; empty: closed.
    #[schema(max_items = 400)]
    sun: Vec<OpenSpan>,
    /// Days off: `2026-12-25`.
    #[schema(max_items = 400, inline, value_type = Vec<crate::wire::DayText>)]
    closed: Vec<String>,
}

impl Hours {
    pub(super) fn of(hours: &routing::Hours) -> Self {
        let spans = |spans: &[routing::OpenSpan]| {
            spans.iter().map(|span| OpenSpan { from: span.from.to_string(), to: span.to.to_string() }).collect()
        };
        Self {
            mon: spans(&hours.mon),
            tue: spans(&hours.tue),
            wed: spans(&hours.wed),
            thu: spans(&hours.thu),
            fri: spans(&hours.fri),
            sat: spans(&hours.sat),
            sun: spans(&hours.sun),
            closed: hours.closed.iter().map(ToString::to_string).collect(),
        }
    }

    pub(super) fn stored(&self, faults: &mut Vec<Fault>) -> routing::Hours {
        let mut day = |name: &str, spans: &[OpenSpan]| {
            let mut read = Vec::with_capacity(spans.len());
            for (index, span) in spans.iter().enumerate() {
                let place = |end: &str| format!("hours.{name}[{index}].{end}");
                match (span.from.parse(), span.to.parse()) {
                    (Ok(from), Ok(to)) => read.push(routing::OpenSpan { from, to }),
                    (from, to) => {
                        faults.extend(from.err().map(|error| Fault::body(place("from"), format!("is {error}"))));
                        faults.extend(to.err().map(|error| Fault::body(place("to"), format!("is {error}"))));
                    }
                }
            }
            read
        };
        let mut hours = routing::Hours {
            mon: day("mon", &self.mon),
            tue: day("tue", &self.tue),
            wed: day("wed", &self.wed),
            thu: day("thu", &self.thu),
            fri: day("fri", &self.fri),
            sat: day("sat", &self.sat),
            sun: day("sun", &self.sun),
            closed: Vec::new(),
        };
        for (index, text) in self.closed.iter().enumerate() {
            match text.parse() {
                Ok(date) if text.len() == DAY_CHARS => hours.closed.push(date),
                _ => faults.push(Fault::body(format!("hours.closed[{index}]"), "is not a date such as 2026-12-25")),
            }
        }
        if hours.entries() > routing::Hours::ENTRIES_MAX {
            faults.push(Fault::body("hours", format!("holds more than {} entries", routing::Hours::ENTRIES_MAX)));
        }
        hours
    }
}

/// A call's tag must, or must not, have one of these values.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TagRule {
    /// The name of the tag.
    #[schema(min_length = 1, max_length = 200, example = "state")]
    tag: String,
    /// Compared exactly. Empty: any value, as long as the call has the tag.
    #[serde(default)]
    #[schema(max_items = 1_000, inline, value_type = Vec<crate::wire::TagText>)]
    any_of: Vec<String>,
    /// True: calls that match are refused instead.
    #[serde(default)]
    refuse: bool,
}

/// How far a carrier vouches for the caller's number (RFC 8588).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum AttestationLevel {
    A,
    B,
    C,
    #[serde(rename = "NONE")]
    None,
}

impl AttestationLevel {
    const fn of(level: Attestation) -> Self {
        match level {
            Attestation::A => Self::A,
            Attestation::B => Self::B,
            Attestation::C => Self::C,
            Attestation::None => Self::None,
        }
    }

    pub(crate) const fn stored(self) -> Attestation {
        match self {
            Self::A => Attestation::A,
            Self::B => Attestation::B,
            Self::C => Attestation::C,
            Self::None => Attestation::None,
        }
    }
}

/// Which calls a buyer takes. Everything must hold; what is empty binds nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Filters {
    /// What the tags of a call must be.
    #[schema(max_items = 1_000)]
    tags: Vec<TagRule>,
    /// North American area codes taken.
    #[schema(max_items = 1_000, inline, value_type = Vec<crate::wire::AreaCodeText>, example = json!(["212", "646"]))]
    area_codes: Vec<String>,
    /// North American area codes not taken.
    #[schema(max_items = 1_000, inline, value_type = Vec<crate::wire::AreaCodeText>)]
    area_codes_refused: Vec<String>,
    /// The weakest attestation taken.
    attestation_min: Option<AttestationLevel>,
}

impl Filters {
    pub(super) fn of(filters: &routing::Filters) -> Self {
        let rule = |rule: &routing::TagRule| TagRule {
            tag: rule.tag.clone(),
            any_of: rule.any_of.clone(),
            refuse: rule.refuse,
        };
        Self {
            tags: filters.tags.iter().map(rule).collect(),
            area_codes: filters.area_codes.clone(),
            area_codes_refused: filters.area_codes_refused.clone(),
            attestation_min: filters.attestation_min.map(AttestationLevel::of),
        }
    }

    pub(super) fn stored(self, faults: &mut Vec<Fault>) -> routing::Filters {
        let lengths: BTreeMap<&str, usize> = [
            ("tags", self.tags.len()),
            ("areaCodes", self.area_codes.len()),
            ("areaCodesRefused", self.area_codes_refused.len()),
        ]
        .into();
        for (name, length) in lengths {
            if length > routing::Filters::RULES_MAX {
                faults.push(Fault::body(
                    format!("filters.{name}"),
                    format!("holds more than {} rules", routing::Filters::RULES_MAX),
                ));
            }
        }
        for (index, rule) in self.tags.iter().enumerate() {
            let mut fault = |field: &str, message: String| {
                faults.push(Fault::body(format!("filters.tags[{index}].{field}"), message))
            };
            if !(1..=TAG_CHARS_MAX).contains(&rule.tag.chars().count()) {
                fault("tag", format!("must have 1 to {TAG_CHARS_MAX} characters"));
            }
            if rule.any_of.len() > routing::Filters::RULES_MAX {
                fault("anyOf", format!("holds more than {} values", routing::Filters::RULES_MAX));
            }
            for (place, value) in rule.any_of.iter().enumerate() {
                if value.chars().count() <= TAG_CHARS_MAX {
                    continue;
                }
                fault(&format!("anyOf[{place}]"), format!("must have {TAG_CHARS_MAX} characters at most"));
            }
        }
        for (name, codes) in [("areaCodes", &self.area_codes), ("areaCodesRefused", &self.area_codes_refused)] {
            for (index, code) in codes.iter().enumerate() {
                if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
                    faults.push(Fault::body(format!("filters.{name}[{index}]"), "is not an area code such as 212"));
                }
            }
        }
        let rule = |rule: TagRule| routing::TagRule { tag: rule.tag, any_of: rule.any_of, refuse: rule.refuse };
        routing::Filters {
            tags: self.tags.into_iter().map(rule).collect(),
            area_codes: self.area_codes,
            area_codes_refused: self.area_codes_refused,
            attestation_min: self.attestation_min.map(AttestationLevel::stored),
        }
    }
}

/// What the buyer pays and the publisher earns for a call.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EndpointTerms {
    /// What the buyer pays once a call converts.
    #[garde(skip)]
    revenue: Amount,
    /// Seconds connected after which the buyer pays.
    #[garde(range(max = AFTER_SECONDS_MAX))]
    #[serde(default)]
    #[schema(example = 60, maximum = 86_400)]
    revenue_after_seconds: u64,
    /// What the publisher earns once a call converts.
    #[garde(skip)]
    #[serde(default)]
    payout: Amount,
    /// Seconds connected after which the publisher earns.
    #[garde(range(max = AFTER_SECONDS_MAX))]
    #[serde(default)]
    #[schema(example = 60, maximum = 86_400)]
    payout_after_seconds: u64,
    /// ISO 4217; `USD` unless said otherwise.
    #[garde(length(chars, min = 3, max = 3))]
    #[serde(default = "usd")]
    #[schema(min_length = 3, max_length = 3, example = "USD")]
    currency: String,
}

fn usd() -> String {
    Currency::USD.code().to_owned()
}

impl EndpointTerms {
    pub(super) fn of(terms: &SaleTerms) -> Self {
        Self {
            revenue: Amount(terms.revenue),
            revenue_after_seconds: whole_secs(terms.revenue_after_ms),
            payout: Amount(terms.payout),
            payout_after_seconds: whole_secs(terms.payout_after_ms),
            currency: terms.currency.code().to_owned(),
        }
    }

    pub(super) fn stored(&self, faults: &mut Vec<Fault>) -> SaleTerms {
        for (name, amount) in [("revenue", self.revenue), ("payout", self.payout)] {
            if amount.0 < Micros::ZERO {
                faults.push(Fault::body(format!("terms.{name}"), "must not be negative"));
            }
        }
        let currency = self.currency.parse().unwrap_or_else(|error| {
            faults.push(Fault::body("terms.currency", format!("is {error}")));
            Currency::USD
        });
        SaleTerms {
            currency,
            revenue: self.revenue.0,
            revenue_after_ms: self.revenue_after_seconds.saturating_mul(1_000),
            payout: self.payout.0,
            payout_after_ms: self.payout_after_seconds.saturating_mul(1_000),
        }
    }
}

/// The price of a buyer's first endpoint, for lists.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// What the buyer pays for a call.
    amount: Amount,
    /// Seconds connected after which it is due.
    after_seconds: u64,
    /// Of the amount, ISO 4217.
    currency: String,
}

impl Price {
    pub(super) fn of(terms: &SaleTerms) -> Self {
        Self {
            amount: Amount(terms.revenue),
            after_seconds: whole_secs(terms.revenue_after_ms),
            currency: terms.currency.code().to_owned(),
        }
    }
}
