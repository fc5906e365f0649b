//! Telephone numbers in E.164 form.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A number in E.164 form: `+` and 3 to 15 digits, the first not 0.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(Box<str>);

/// Most digits E.164 allows.
const DIGITS_MAX: usize = 15;
/// Fewest digits that can name a subscriber with a country code.
const DIGITS_MIN: usize = 3;

/// Why a text is not a telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PhoneNumberError {
    /// Holds something other than digits and the usual separators.
    #[error("not a telephone number: write it as +15551234567")]
    NotANumber,
    /// Fewer than 3 or more than 15 digits.
    #[error("a telephone number has {DIGITS_MIN} to {DIGITS_MAX} digits")]
    Length,
}

impl PhoneNumber {
    /// Reads what people and carriers write. Ten digits, or eleven that begin with 1, are North American; `00` or `011`
    /// in front is an international prefix; separators (space, dash, dot, parentheses) are dropped.
    pub fn from_dialled(text: &str) -> Result<Self, PhoneNumberError> {
        let text = text.trim();
        let (has_plus, rest) = match text.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut digits = String::with_capacity(DIGITS_MAX + 1);
        for character in rest.chars() {
            match character {
                '0'..='9' if digits.len() > DIGITS_MAX + 3 => return Err(PhoneNumberError::Length),
                '0'..='9' => digits.push(character),
                ' ' | '-' | '.' | '(' | ')' => {}
                _ => return Err(PhoneNumberError::NotANumber),
            }
        }
        let international = if has_plus {
            digits
        } else if let Some(rest) = digits.strip_prefix("011") {
            rest.to_owned()
        } else if let Some(rest) = digits.strip_prefix("00") {
            rest.to_owned()
        } else if digits.len() == 10 {
            format!("1{digits}")
        } else {
            digits
        };
        if international.len() < DIGITS_MIN || international.len() > DIGITS_MAX {
            return Err(PhoneNumberError::Length);
        }
        if international.starts_with('0') {
            return Err(PhoneNumberError::NotANumber);
        }
        Ok(Self(format!("+{international}").into_boxed_str()))
    }

    /// With the leading `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PhoneNumber {
    type Err = PhoneNumberError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_dialled(text)
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = PhoneNumberError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_dialled(&text)
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0.into()
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, number) in [
            ("+15551234567", "+15551234567"),
            ("5551234567", "+15551234567"),
            ("15551234567", "+15551234567"),
            ("(555) 123-4567", "+15551234567"),
            ("0114930123456", "+4930123456"),
            ("004930123456", "+4930123456"),
            (" +49 30 123456 ", "+4930123456"),
        ] {
            assert_eq!(PhoneNumber::from_dialled(text).unwrap().as_str(), number, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in ["", "+", "12", "hello", "+1555123456789012", "1;rm -rf", "+0123456", "११११११११११"]
        {
            assert!(PhoneNumber::from_dialled(text).is_err(), "{text}");
        }
    }
}
