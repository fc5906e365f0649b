//! Money is a whole number of millionths of the currency's unit. No float touches it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Micro-units: 1_000_000 is one dollar (or other unit). Range ±9.2 trillion units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub i64);

/// Micro-units in one unit of a currency.
const MICROS_PER_UNIT: i64 = 1_000_000;
/// Decimal places of a micro-unit.
const MICRO_PLACES: u32 = 6;

impl Micros {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `units` whole units, saturating at the ends of the range.
    pub const fn from_units(units: i64) -> Self {
        Self(units.saturating_mul(MICROS_PER_UNIT))
    }

    /// Sum, or `None` beyond the range.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Difference, or `None` beyond the range.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// `count` times as much, or `None` beyond the range.
    pub fn checked_mul(self, count: i64) -> Option<Self> {
        self.0.checked_mul(count).map(Self)
    }

    /// Rounded half away from zero to `places` decimals (0-6): 4 for what is stored, 2 for what is shown
    /// (inventory, section 5.2).
    pub fn round_half_up(self, places: u32) -> Self {
        let step = 10_i64.pow(MICRO_PLACES.saturating_sub(places.min(MICRO_PLACES)));
        let magnitude = self.0.unsigned_abs();
        let step_unsigned = step.unsigned_abs();
        let rounded = (magnitude + step_unsigned / 2) / step_unsigned * step_unsigned;
        let rounded = i64::try_from(rounded).unwrap_or(i64::MAX);
        Self(if self.0 < 0 { -rounded } else { rounded })
    }

    /// Decimal text with exactly `places` decimals (0-6), rounded half away from zero: `"12.34"`.
    pub fn to_decimal(self, places: u32) -> String {
        let places = places.min(MICRO_PLACES);
        let rounded = self.round_half_up(places);
        let sign = if rounded.0 < 0 { "-" } else { "" };
        let magnitude = rounded.0.unsigned_abs();
        let (whole, fraction) = (magnitude / MICROS_PER_UNIT as u64, magnitude % MICROS_PER_UNIT as u64);
        if places == 0 {
            return format!("{sign}{whole}");
        }
        let shown = fraction / 10_u64.pow(MICRO_PLACES - places);
        format!("{sign}{whole}.{shown:0width$}", width = places as usize)
    }

    /// Everything there is, with four decimals at least: `12.5000`, `12.345678`.
    pub fn exact(self) -> String {
        let places = [(100, 4), (10, 5)].into_iter().find(|(unit, _)| self.0 % unit == 0);
        self.to_decimal(places.map_or(MICRO_PLACES, |(_, places)| places))
    }
}

impl std::iter::Sum for Micros {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        Self(iter.fold(0_i64, |total, part| total.saturating_add(part.0)))
    }
}

impl std::ops::Neg for Micros {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

/// Why a text is not an amount or a currency.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// Not a decimal number such as `0.05`.
    #[error("not a decimal amount such as 0.05")]
    NotDecimal,
    /// More than six decimals.
    #[error("more than {MICRO_PLACES} decimals")]
    TooPrecise,
    /// Beyond ±9.2 trillion.
    #[error("amount out of range")]
    OutOfRange,
    /// Not three letters of ISO 4217.
    #[error("not a three-letter currency code such as USD")]
    NotCurrency,
}

impl FromStr for Micros {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if digits.ends_with('.') || whole.is_empty() || !is_number(whole) || !is_number(fraction) {
            return Err(MoneyError::NotDecimal);
        }
        if fraction.len() > MICRO_PLACES as usize {
            return Err(MoneyError::TooPrecise);
        }
        let whole: i64 = whole.parse().map_err(|_| MoneyError::OutOfRange)?;
        let fraction: i64 = format!("{fraction:0<6}").parse().map_err(|_| MoneyError::OutOfRange)?;
        let micros = whole
            .checked_mul(MICROS_PER_UNIT)
            .and_then(|units| units.checked_add(fraction))
            .ok_or(MoneyError::OutOfRange)?;
        Ok(Self(if negative { -micros } else { micros }))
    }
}

/// An ISO 4217 code, upper case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// United States dollar, the default of the reference.
    pub const USD: Self = Self(*b"USD");

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            [a, b, c] if text.bytes().all(|byte| byte.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(MoneyError::NotCurrency),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount and its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Millionths of the unit.
    pub micros: Micros,
    /// Which unit.
    pub currency: Currency,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_shows_decimals() {
        for (text, micros, shown) in [
            ("0.05", 50_000, "0.05"),
            ("25", 25_000_000, "25.00"),
            ("-1.5", -1_500_000, "-1.50"),
            ("0.000001", 1, "0.00"),
        ] {
            let amount: Micros = text.parse().unwrap();
            assert_eq!(amount, Micros(micros), "{text}");
            assert_eq!(amount.to_decimal(2), shown, "{text}");
        }
    }

    #[test]
    fn rounds_half_up_like_the_inventory() {
        assert_eq!(Micros(123_457).to_decimal(4), "0.1235");
        assert_eq!(Micros(123_457).to_decimal(2), "0.12");
        assert_eq!(Micros(125_000).to_decimal(2), "0.13");
        assert_eq!(Micros(124_000).to_decimal(2), "0.12");
        assert_eq!(Micros(-125_000).to_decimal(2), "-0.13");
        assert_eq!(Micros(i64::MAX).round_half_up(0), Micros(i64::MAX), "saturates at the end of the range");
    }

    #[test]
    fn refuses_what_is_not_money() {
        for text in ["", ".", "-", "1.", ".5", "1e3", "1,5", " 1", "0.0000001", "99999999999999999999"] {
            assert!(text.parse::<Micros>().is_err(), "{text}");
        }
        assert!("usd".parse::<Currency>().is_err());
        assert!("US".parse::<Currency>().is_err());
    }
}
