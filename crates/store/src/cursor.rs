//! Where a page ended: the value it is ordered by, and the id that settles ties. Opaque to clients, checked when it comes back.

use std::fmt;

use operations::StoreError;
use sea_orm::Value;
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq)]
enum Key {
    Whole(i64),
    Text(String),
}

/// A position in an ordered list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cursor {
    key: Key,
    pub id: Uuid,
}

impl Cursor {
    /// From the last row's values.
    pub fn new(value: &Value, id: &Value) -> Result<Self, StoreError> {
        let key = match value {
            // No value counts as the least.
            Value::BigInt(whole) => Key::Whole(whole.unwrap_or(i64::MIN)),
            Value::String(None) => Key::Text(String::new()),
            Value::String(Some(text)) => Key::Text(text.to_string()),
            other => return Err(StoreError::failed(format!("a list cannot be ordered by {other:?}"))),
        };
        match id {
            Value::Uuid(Some(id)) => Ok(Self { key, id: *id }),
            other => Err(StoreError::failed(format!("{other:?} is no id"))),
        }
    }

    /// Behind a row with this time.
    pub fn at(micros: i64, id: Uuid) -> Self {
        Self { key: Key::Whole(micros), id }
    }

    /// Back from a client.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let wrong = || StoreError::Cursor;
        let (id, key) = text.split_once('-').ok_or_else(wrong)?;
        let id = Uuid::try_parse(id).map_err(|_| wrong())?;
        let key = match key.split_at_checked(1).ok_or_else(wrong)? {
            ("n", whole) => Key::Whole(whole.parse().map_err(|_| wrong())?),
            ("t", hex) => Key::Text(from_hex(hex).ok_or_else(wrong)?),
            _ => return Err(wrong()),
        };
        Ok(Self { key, id })
    }

    /// What the list is ordered by.
    pub fn value(&self) -> Value {
        match &self.key {
            Key::Whole(whole) => (*whole).into(),
            Key::Text(text) => text.clone().into(),
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-", self.id.simple())?;
        match &self.key {
            Key::Whole(whole) => write!(f, "n{whole}"),
            Key::Text(text) => {
                f.write_str("t")?;
                text.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

fn from_hex(hex: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> = hex
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok())
        .collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_it_went() {
        let id = Uuid::from_u128(7);
        for cursor in [
            Cursor::at(-5, id),
            Cursor { key: Key::Text("Ünïcode-Name".into()), id },
            Cursor { key: Key::Text(String::new()), id },
        ] {
            assert_eq!(Cursor::parse(&cursor.to_string()).unwrap(), cursor);
        }
        for wrong in [
            "",
            "-",
            "x-n1",
            "00000000000000000000000000000007-",
            "00000000000000000000000000000007-nx",
            "00000000000000000000000000000007-té",
        ] {
            assert!(Cursor::parse(wrong).is_err(), "{wrong}");
        }
    }
}
