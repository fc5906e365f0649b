//! A telephone number as one whole number: its E.164 digits, which never begin with 0.

use std::fmt;

use domain::PhoneNumber;
use serde::{Deserialize, Serialize};

/// First and last North American number with country code: 1 and ten digits, the area code from 200.
const NORTH_AMERICA: std::ops::RangeInclusive<u64> = 12_000_000_000..=19_999_999_999;
/// Greatest number of fifteen digits, the most E.164 has.
const MAX: u64 = 999_999_999_999_999;

/// E.164 digits as a whole number: `+12125550100` is 12125550100. Eight bytes where the text has twelve and a pointer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digits(u64);

impl Digits {
    /// From what is stored; `None` for what is no number.
    pub fn from_stored(value: i64) -> Option<Self> {
        u64::try_from(value).ok().filter(|value| (100..=MAX).contains(value)).map(Self)
    }

    /// As stored.
    pub const fn stored(self) -> i64 {
        // Fifteen digits fit.
        self.0 as i64
    }

    /// The whole number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Area code, 200-999, of a North American number.
    pub fn area_code(self) -> Option<u16> {
        NORTH_AMERICA.contains(&self.0).then_some((self.0 / 10_000_000 % 1_000) as u16)
    }
}

impl From<&PhoneNumber> for Digits {
    fn from(number: &PhoneNumber) -> Self {
        Self(
            number.as_str().bytes().filter(u8::is_ascii_digit).fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')),
        )
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_digits() {
        for (text, area) in [
            ("+12125550100", Some(212)),
            ("+4930123456", None),
            ("+1999", None),
            ("+999999999999999", None),
            ("+19075550100", Some(907)),
        ] {
            let number = PhoneNumber::from_dialled(text).unwrap();
            let digits = Digits::from(&number);
            assert_eq!(digits.to_string(), text);
            assert_eq!(digits.area_code(), area, "{text}");
            assert_eq!(Digits::from_stored(digits.stored()), Some(digits));
        }
        assert_eq!(Digits::from_stored(-1), None);
        assert_eq!(Digits::from_stored(7), None);
    }
}
