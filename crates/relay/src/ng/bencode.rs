//! Bencode as proxies really send it: dictionaries in any order, strings of any octets. Values borrow the datagram.

use std::fmt::Write as _;

/// Nesting taken; ng messages need four.
const DEPTH_MAX: usize = 10;
/// Values in one message.
const VALUES_MAX: usize = 2_048;

/// Why a message is no bencode we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BencodeError {
    Truncated,
    /// An octet that starts no value, or a number that is none.
    Malformed,
    /// A key that is no string.
    Key,
    /// Deeper or larger than the limits.
    Limit,
    /// Something follows the value.
    Trailing,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    Integer(i64),
    String(&'a [u8]),
    List(Vec<Value<'a>>),
    /// In the order of the message. Of equal keys the first counts.
    Dictionary(Vec<(&'a [u8], Value<'a>)>),
}

impl<'a> Value<'a> {
    /// Reads one value that fills the message.
    ///
    /// # Errors
    /// [`BencodeError`]; limits are 10 levels and 2,048 values.
    pub fn parse(message: &'a [u8]) -> Result<Self, BencodeError> {
        let mut reader = Reader { rest: message, values: 0 };
        let value = reader.value(0)?;
        // Some clients end the datagram with a line feed.
        if reader.rest.trim_ascii().is_empty() { Ok(value) } else { Err(BencodeError::Trailing) }
    }

    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        match self {
            Self::Dictionary(entries) => {
                entries.iter().find(|(name, _)| *name == key.as_bytes()).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    #[must_use]
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::String(octets) => Some(octets),
            _ => None,
        }
    }

    /// The string under a key.
    #[must_use]
    pub fn string(&self, key: &str) -> Option<&'a [u8]> {
        self.get(key)?.as_bytes()
    }

    /// Does the list of strings (or the string) under `key` hold `word`? Blanks and hyphens are the same, case is
    /// ignored: proxies differ in both.
    #[must_use]
    pub fn lists(&self, key: &str, word: &str) -> bool {
        let same = |octets: &[u8]| {
            let fold = |octet: u8| if octet == b' ' { b'-' } else { octet.to_ascii_lowercase() };
            octets.iter().map(|octet| fold(*octet)).eq(word.bytes().map(fold))
        };
        match self.get(key) {
            Some(Self::List(values)) => values.iter().any(|value| value.as_bytes().is_some_and(same)),
            Some(Self::String(octets)) => same(octets),
            _ => false,
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    values: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, BencodeError> {
        self.values += 1;
        if depth > DEPTH_MAX || self.values > VALUES_MAX {
            return Err(BencodeError::Limit);
        }
        match self.rest.first().ok_or(BencodeError::Truncated)? {
            b'i' => {
                self.rest = &self.rest[1..];
                let digits = self.until(b'e')?;
                let text = std::str::from_utf8(digits).map_err(|_| BencodeError::Malformed)?;
                text.parse().map(Value::Integer).map_err(|_| BencodeError::Malformed)
            }
            b'l' => {
                self.rest = &self.rest[1..];
                let mut values = Vec::new();
                while !self.ends()? {
                    values.push(self.value(depth + 1)?);
                }
                Ok(Value::List(values))
            }
            b'd' => {
                self.rest = &self.rest[1..];
                let mut entries = Vec::new();
                while !self.ends()? {
                    if !self.rest.first().is_some_and(u8::is_ascii_digit) {
                        return Err(BencodeError::Key);
                    }
                    let key = self.string()?;
                    entries.push((key, self.value(depth + 1)?));
                }
                Ok(Value::Dictionary(entries))
            }
            b'0'..=b'9' => self.string().map(Value::String),
            _ => Err(BencodeError::Malformed),
        }
    }

    fn string(&mut self) -> Result<&'a [u8], BencodeError> {
        let digits = self.until(b':')?;
        // Seven digits are ten megabytes: no datagram is longer.
        if digits.is_empty() || digits.len() > 7 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(BencodeError::Malformed);
        }
        let length = digits.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
        let (string, rest) = self.rest.split_at_checked(length).ok_or(BencodeError::Truncated)?;
        self.rest = rest;
        Ok(string)
    }

    fn until(&mut self, mark: u8) -> Result<&'a [u8], BencodeError> {
        let at = self.rest.iter().take(24).position(|octet| *octet == mark);
        let at = at.ok_or(if self.rest.len() < 24 { BencodeError::Truncated } else { BencodeError::Malformed })?;
        let before = &self.rest[..at];
        self.rest = &self.rest[at + 1..];
        Ok(before)
    }

    fn ends(&mut self) -> Result<bool, BencodeError> {
        match self.rest.first() {
            Some(b'e') => {
                self.rest = &self.rest[1..];
                Ok(true)
            }
            Some(_) => Ok(false),
            None => Err(BencodeError::Truncated),
        }
    }
}

/// Writes bencode. The caller keeps the keys of a dictionary in order, as the format wants.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Starts after what is there already, such as a cookie.
    #[must_use]
    pub fn after(prefix: &[u8]) -> Self {
        Self { out: prefix.to_vec() }
    }

    pub fn string(&mut self, octets: &[u8]) -> &mut Self {
        let mut length = String::new();
        // Writing to a String cannot fail.
        let _ = write!(length, "{}:", octets.len());
        self.out.extend_from_slice(length.as_bytes());
        self.out.extend_from_slice(octets);
        self
    }

    pub fn integer(&mut self, value: i64) -> &mut Self {
        self.out.extend_from_slice(format!("i{value}e").as_bytes());
        self
    }

    pub fn list(&mut self, inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.out.push(b'l');
        inside(self);
        self.out.push(b'e');
        self
    }

    pub fn dictionary(&mut self, inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.out.push(b'd');
        inside(self);
        self.out.push(b'e');
        self
    }

    /// A string under a string key.
    pub fn entry(&mut self, key: &str, value: &[u8]) -> &mut Self {
        self.string(key.as_bytes()).string(value)
    }

    /// A number under a string key.
    pub fn number(&mut self, key: &str, value: u64) -> &mut Self {
        self.string(key.as_bytes()).integer(i64::try_from(value).unwrap_or(i64::MAX))
    }

    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn unsorted_keys_and_any_octets() {
        let value = Value::parse(b"d3:sdp3:\xff\x00\x807:command5:offer5:flagsl13:trust addresseI").err();
        assert_eq!(value, Some(BencodeError::Key));
        let value = Value::parse(b"d3:sdp3:\xff\x00\x807:command5:offer5:flagsl13:trust addressei3:10e").err();
        assert_eq!(value, Some(BencodeError::Key));
        let value = Value::parse(b"d3:sdp3:\xff\x00\x807:command5:offer5:flagsl13:Trust addressee\n").unwrap();
        assert_eq!(value.string("sdp"), Some(&b"\xff\x00\x80"[..]));
        assert_eq!(value.string("command"), Some(&b"offer"[..]));
        assert!(value.lists("flags", "trust-address"));
        assert!(!value.lists("flags", "trust"));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for (message, error) in [
            (&b""[..], BencodeError::Truncated),
            (b"5:abc", BencodeError::Truncated),
            (b"i12", BencodeError::Truncated),
            (b"ixe", BencodeError::Malformed),
            (b"i99999999999999999999e", BencodeError::Malformed),
            (b"-1:a", BencodeError::Malformed),
            (b"99999999:a", BencodeError::Malformed),
            (b"di1ei2ee", BencodeError::Key),
            (b"i1ei2e", BencodeError::Trailing),
            (b"llllllllllllllll", BencodeError::Limit),
        ] {
            assert_eq!(Value::parse(message), Err(error), "{}", String::from_utf8_lossy(message));
        }
        let many = [b"l".as_slice(), &b"i0e".repeat(3_000), b"e"].concat();
        assert_eq!(Value::parse(&many), Err(BencodeError::Limit));
    }

    proptest! {
        #[test]
        fn nothing_panics(message in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Value::parse(&message);
        }

        #[test]
        fn grammar_soup_does_not_panic(message in "[dlie0-9:a-]{0,200}") {
            let _ = Value::parse(message.as_bytes());
        }

        #[test]
        fn what_is_written_is_read(strings in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20), number in any::<i64>()) {
            let mut writer = Writer::default();
            writer.list(|writer| {
                writer.integer(number);
                for string in &strings {
                    writer.string(string);
                }
            });
            let out = writer.finish();
            let expected: Vec<Value<'_>> = std::iter::once(Value::Integer(number))
                .chain(strings.iter().map(|string| Value::String(string)))
                .collect();
            prop_assert_eq!(Value::parse(&out), Ok(Value::List(expected)));
        }
    }
}
