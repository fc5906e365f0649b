//! Between what is stored and what is meant. What cannot be read is an error that names it, never a default.

use std::{fmt::Display, str::FromStr};

use domain::Timestamp;
use operations::StoreError;
use sea_orm::{QueryResult, TryGetable};
use serde::{Serialize, de::DeserializeOwned};

use crate::dialect::store_error;

/// JSON text.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::failed)
}

/// From JSON text.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(StoreError::failed)
}

/// The word an enumeration is in JSON.
pub(crate) fn word<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value).map_err(StoreError::failed)? {
        serde_json::Value::String(word) => Ok(word),
        other => Err(StoreError::failed(format!("{other} is not a word"))),
    }
}

/// From the word.
pub(crate) fn from_word<T: DeserializeOwned>(word: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word)).map_err(StoreError::failed)
}

/// From text that parses.
pub(crate) fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(StoreError::failed)
}

/// A whole number of another width.
pub(crate) fn number<T: TryFrom<i64>>(value: i64) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| StoreError::failed(format!("{value} is out of range")))
}

/// The same for one that may be absent.
pub(crate) fn optional_number<T: TryFrom<i64>>(value: Option<i64>) -> Result<Option<T>, StoreError> {
    value.map(number).transpose()
}

/// For storage. What does not fit never occurs: it would be 292,000 years of milliseconds.
pub(crate) fn stored(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A moment that may be absent.
pub(crate) fn moment(micros: Option<i64>) -> Option<Timestamp> {
    micros.map(Timestamp::from_micros)
}

/// A column of a row of hand SQL.
pub(crate) fn column<T: TryGetable>(row: &QueryResult, name: &str) -> Result<T, StoreError> {
    row.try_get("", name).map_err(store_error)
}
