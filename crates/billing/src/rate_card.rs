//! Prices of the platform: the inventory's rate card (section 5.1), read exactly.

use std::{collections::BTreeMap, fmt};

use domain::{BillingAccountId, Micros, MoneyError, RateCardId, Timestamp};
use serde_json::value::RawValue;

/// Longest `rates` document, bytes.
pub const RATES_BYTES_MAX: usize = 16_384;
/// Highest single rate, in units of the currency.
pub const RATE_MAX_UNITS: i64 = 1_000_000;
/// The event a CPA amount is due on, unless the card names another.
pub const CONVERSION_CONFIRMED: &str = "conversion.confirmed";

/// Prices valid for a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateCard {
    /// Its id.
    pub id: RateCardId,
    /// Whose calls it prices.
    pub account: BillingAccountId,
    /// For people.
    pub name: String,
    /// Status ACTIVE.
    pub active: bool,
    /// First moment it is valid.
    pub effective_from: Timestamp,
    /// Last moment it is valid; `None`: until a newer one begins.
    pub effective_to: Option<Timestamp>,
    /// The prices.
    pub rates: Rates,
}

/// The card of one account that is valid at `at`: ACTIVE, begun, not over; the one that began last.
pub fn applicable<'a>(cards: impl IntoIterator<Item = &'a RateCard>, at: Timestamp) -> Option<&'a RateCard> {
    cards
        .into_iter()
        .filter(|card| card.active && card.effective_from <= at && card.effective_to.is_none_or(|to| to >= at))
        .max_by_key(|card| (card.effective_from, card.id))
}

/// What a call costs. Absent is free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallRates {
    /// For each begun minute, once answered.
    pub per_minute: Option<Micros>,
    /// Once, when answered.
    pub connection_fee: Option<Micros>,
}

/// What a recording costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingRate {
    /// Once for a call with a recording.
    PerCall(Micros),
    /// For each begun minute recorded.
    PerMinute(Micros),
}

/// What a conversion costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpaRate {
    /// For each.
    pub amount: Micros,
    /// The event it is due on.
    pub trigger_event: String,
}

/// A card's prices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Calls to tracking numbers.
    pub inbound: CallRates,
    /// Calls the platform places.
    pub outbound: CallRates,
    /// Recordings.
    pub recording: Option<RecordingRate>,
    /// Conversions.
    pub cpa: Option<CpaRate>,
}

/// One thing wrong with a `rates` document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateFault {
    /// `inbound.perMinute`; empty for the document.
    pub field: String,
    /// What, for people.
    pub message: String,
}

impl fmt::Display for RateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.field.is_empty() { "" } else { ": " };
        write!(f, "{}{separator}{}", self.field, self.message)
    }
}

impl Rates {
    /// Reads `{"inbound":{"perMinute":0.05,"connectionFee":"0.10"},"outbound":…,"recording":…,"cpa":…}`.
    ///
    /// Amounts are JSON numbers or decimal texts, taken digit by digit, not through a float; at most six decimals, 0 to
    /// [`RATE_MAX_UNITS`]. Unknown fields are faults, because a misspelt price would be a free call. All faults are listed.
    pub fn parse(json: &str) -> Result<Self, Vec<RateFault>> {
        let mut faults = Vec::new();
        if json.len() > RATES_BYTES_MAX {
            return Err(vec![fault("", format!("longer than {RATES_BYTES_MAX} bytes"))]);
        }
        let mut document = Fields::read("", json, &mut faults);
        let inbound = document.calls("inbound", &mut faults);
        let outbound = document.calls("outbound", &mut faults);
        let recording = document.recording(&mut faults);
        let cpa = document.cpa(&mut faults);
        document.finish(&mut faults);
        if faults.is_empty() { Ok(Self { inbound, outbound, recording, cpa }) } else { Err(faults) }
    }

    /// As [`Rates::parse`] reads it, amounts as decimal texts.
    pub fn to_json(&self) -> String {
        let text = |amount: Micros| serde_json::Value::from(exact(amount));
        let mut document = serde_json::Map::new();
        for (name, rates) in [("inbound", &self.inbound), ("outbound", &self.outbound)] {
            let priced = [("perMinute", rates.per_minute), ("connectionFee", rates.connection_fee)];
            let fields: serde_json::Map<_, _> =
                priced.into_iter().filter_map(|(name, amount)| Some((name.to_owned(), text(amount?)))).collect();
            if !fields.is_empty() {
                document.insert(name.to_owned(), fields.into());
            }
        }
        if let Some(recording) = self.recording {
            let (name, amount) = match recording {
                RecordingRate::PerCall(amount) => ("perCall", amount),
                RecordingRate::PerMinute(amount) => ("perMinute", amount),
            };
            document.insert("recording".into(), serde_json::json!({ name: exact(amount) }));
        }
        if let Some(cpa) = &self.cpa {
            let fields = serde_json::json!({ "amount": exact(cpa.amount), "triggerEvent": cpa.trigger_event });
            document.insert("cpa".into(), fields);
        }
        serde_json::Value::from(document).to_string()
    }
}

/// All six decimals, without zeros that say nothing: `0.05`, `25`.
fn exact(amount: Micros) -> String {
    let text = amount.to_decimal(6);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn fault(field: &str, message: impl Into<String>) -> RateFault {
    RateFault { field: field.to_owned(), message: message.into() }
}

/// The fields of one object, taken out one by one; what is left is unknown.
struct Fields {
    path: &'static str,
    fields: BTreeMap<String, Box<RawValue>>,
}

impl Fields {
    fn read(path: &'static str, json: &str, faults: &mut Vec<RateFault>) -> Self {
        let fields = serde_json::from_str(json).unwrap_or_else(|error: serde_json::Error| {
            let message = if error.is_data() { "not an object".to_owned() } else { format!("not JSON: {error}") };
            faults.push(fault(path, message));
            BTreeMap::new()
        });
        Self { path, fields }
    }

    fn field(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// `null` is absent.
    fn take(&mut self, name: &str) -> Option<Box<RawValue>> {
        self.fields.remove(name).filter(|raw| raw.get() != "null")
    }

    fn object(&mut self, name: &'static str, faults: &mut Vec<RateFault>) -> Option<Self> {
        self.take(name).map(|raw| Self::read(name, raw.get(), faults))
    }

    fn amount(&mut self, name: &str, faults: &mut Vec<RateFault>) -> Option<Micros> {
        let raw = self.take(name)?;
        let read = match serde_json::from_str::<String>(raw.get()) {
            Ok(text) => amount(text.trim()),
            Err(_) => amount(raw.get()),
        };
        read.map_err(|message| faults.push(fault(&self.field(name), message))).ok()
    }

    fn calls(&mut self, name: &'static str, faults: &mut Vec<RateFault>) -> CallRates {
        let Some(mut fields) = self.object(name, faults) else { return CallRates::default() };
        let rates = CallRates {
            per_minute: fields.amount("perMinute", faults),
            connection_fee: fields.amount("connectionFee", faults),
        };
        fields.finish(faults);
        rates
    }

    /// `perCall` wins where both are given.
    fn recording(&mut self, faults: &mut Vec<RateFault>) -> Option<RecordingRate> {
        let mut fields = self.object("recording", faults)?;
        let per_call = fields.amount("perCall", faults).map(RecordingRate::PerCall);
        let per_minute = fields.amount("perMinute", faults).map(RecordingRate::PerMinute);
        fields.finish(faults);
        per_call.or(per_minute)
    }

    fn cpa(&mut self, faults: &mut Vec<RateFault>) -> Option<CpaRate> {
        let mut fields = self.object("cpa", faults)?;
        let amount = fields.amount("amount", faults);
        let trigger_event = match fields.take("triggerEvent").map(|raw| serde_json::from_str::<String>(raw.get())) {
            None => Some(CONVERSION_CONFIRMED.to_owned()),
            Some(Ok(event)) if !event.is_empty() => Some(event),
            Some(_) => {
                faults.push(fault("cpa.triggerEvent", "not the name of an event such as conversion.confirmed"));
                None
            }
        };
        fields.finish(faults);
        Some(CpaRate { amount: amount?, trigger_event: trigger_event? })
    }

    fn finish(&self, faults: &mut Vec<RateFault>) {
        faults.extend(self.fields.keys().map(|name| fault(&self.field(name), "unknown field")));
    }
}

fn amount(text: &str) -> Result<Micros, String> {
    let amount: Micros =
        decimal(text).ok_or(MoneyError::NotDecimal).and_then(|plain| plain.parse()).map_err(|error| match error {
            MoneyError::NotDecimal => "not an amount such as 0.05".to_owned(),
            other => other.to_string(),
        })?;
    if amount < Micros::ZERO || amount > Micros::from_units(RATE_MAX_UNITS) {
        return Err(format!("not between 0 and {RATE_MAX_UNITS}"));
    }
    Ok(amount)
}

/// A JSON number without its exponent and without trailing zeros: `5e-2` is `0.05`, `0.0500000` too.
fn decimal(text: &str) -> Option<String> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok().filter(|power| power.abs() <= 40)?),
        None => (text, 0),
    };
    let (sign, digits) = mantissa.strip_prefix('-').map_or(("", mantissa), |digits| ("-", digits));
    let (whole, fraction) = match digits.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (digits, ""),
    };
    if whole.is_empty()
        || digits.len() > 100
        || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let all = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let (whole, fraction) = match usize::try_from(point) {
        Ok(point) if point >= all.len() => (format!("{all:0<point$}"), String::new()),
        Ok(point) => (all.get(..point)?.to_owned(), all.get(point..)?.to_owned()),
        Err(_) => ("0".to_owned(), format!("{}{all}", "0".repeat(usize::try_from(-point).ok()?))),
    };
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_documented_sample() {
        let rates = Rates::parse(
            r#"{"inbound":{"perMinute":0.05,"connectionFee":"0.10"},"outbound":{"perMinute":0.10,"connectionFee":0.15},
                "recording":{"perCall":0.25,"perMinute":0.02},"cpa":{"amount":25.00}}"#,
        )
        .unwrap();
        assert_eq!(rates.inbound.per_minute, Some(Micros(50_000)));
        assert_eq!(rates.inbound.connection_fee, Some(Micros(100_000)));
        assert_eq!(rates.outbound.connection_fee, Some(Micros(150_000)));
        assert_eq!(rates.recording, Some(RecordingRate::PerCall(Micros(250_000))), "perCall wins");
        let cpa = rates.cpa.as_ref().unwrap();
        assert_eq!((cpa.amount, cpa.trigger_event.as_str()), (Micros::from_units(25), CONVERSION_CONFIRMED));
        assert_eq!(Rates::parse(&rates.to_json()), Ok(rates));
        assert_eq!(Rates::parse("{}"), Ok(Rates::default()));
    }

    #[test]
    fn amounts_are_exact() {
        for (text, micros) in [
            ("0.05", 50_000),
            ("\"0.05\"", 50_000),
            ("5e-2", 50_000),
            ("0.5E-1", 50_000),
            ("1e3", 1_000_000_000),
            ("1.5e1", 15_000_000),
            ("0.000001", 1),
            ("1e-6", 1),
            ("0.0500000000", 50_000),
            ("1000000", 1_000_000_000_000),
            ("0.1", 100_000),
            ("0.3", 300_000),
            ("-0", 0),
        ] {
            let rates = Rates::parse(&format!(r#"{{"inbound":{{"perMinute":{text}}}}}"#));
            assert_eq!(rates.map(|rates| rates.inbound.per_minute), Ok(Some(Micros(micros))), "{text}");
        }
    }

    #[test]
    fn faults_name_the_field() {
        for (json, faults) in [
            (r#"{"inbound":{"perMinute":-1}}"#, &["inbound.perMinute: not between 0 and 1000000"][..]),
            (r#"{"inbound":{"perMinute":1000001}}"#, &["inbound.perMinute: not between 0 and 1000000"]),
            (r#"{"inbound":{"perMinute":1e30}}"#, &["inbound.perMinute: amount out of range"]),
            (r#"{"inbound":{"perMinute":1e999999999999}}"#, &["inbound.perMinute: not an amount such as 0.05"]),
            (r#"{"outbound":{"connectionFee":0.0000001}}"#, &["outbound.connectionFee: more than 6 decimals"]),
            (r#"{"outbound":{"connectionFee":"free"}}"#, &["outbound.connectionFee: not an amount such as 0.05"]),
            (r#"{"outbound":{"connectionFee":[1]}}"#, &["outbound.connectionFee: not an amount such as 0.05"]),
            (r#"{"recording":7}"#, &["recording: not an object"]),
            (
                r#"{"cpa":{"amount":"","triggerEvent":1}}"#,
                &[
                    "cpa.amount: not an amount such as 0.05",
                    "cpa.triggerEvent: not the name of an event such as conversion.confirmed",
                ],
            ),
            (r#"{"inbound":{"perMinut":1},"tax":2}"#, &["inbound.perMinut: unknown field", "tax: unknown field"]),
            ("[]", &["not an object"]),
        ] {
            let told: Vec<String> = Rates::parse(json).unwrap_err().iter().map(ToString::to_string).collect();
            assert_eq!(told, faults, "{json}");
        }
        assert!(Rates::parse("{").unwrap_err()[0].message.starts_with("not JSON"));
        assert!(Rates::parse(&" ".repeat(RATES_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn the_card_that_began_last_applies() {
        let card = |number: u128, active, from, to: Option<i64>| RateCard {
            id: RateCardId(uuid::Uuid::from_u128(number)),
            account: BillingAccountId(uuid::Uuid::nil()),
            name: String::new(),
            active,
            effective_from: Timestamp::from_secs(from),
            effective_to: to.map(Timestamp::from_secs),
            rates: Rates::default(),
        };
        let cards = [
            card(1, true, 0, None),
            card(2, true, 100, Some(200)),
            card(3, false, 150, None),
            card(4, true, 300, None),
        ];
        for (at, expected) in
            [(-1, None), (0, Some(1)), (99, Some(1)), (100, Some(2)), (200, Some(2)), (201, Some(1)), (300, Some(4))]
        {
            let found = applicable(&cards, Timestamp::from_secs(at)).map(|card| card.id.0.as_u128());
            assert_eq!(found, expected, "at {at}");
        }
    }
}
