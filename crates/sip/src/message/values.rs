//! Pieces of header values: lists, parameters, numbers, CSeq.

use std::borrow::Cow;

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Takes linear white space off both ends; CR and LF count, because a folded value holds them.
pub fn trim(mut value: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = value
        && is_space(*first)
    {
        value = rest;
    }
    while let [rest @ .., last] = value
        && is_space(*last)
    {
        value = rest;
    }
    value
}

/// The value with each fold turned into one space (RFC 3261 §7.3.1). Borrowed when there is none.
pub fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'\r', b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = memchr::memchr2(b'\r', b'\n', rest) {
        out.extend_from_slice(&rest[..at]);
        while out.last().is_some_and(|&b| is_space(b)) {
            out.pop();
        }
        out.push(b' ');
        let skip = rest[at..].iter().position(|&b| !is_space(b)).unwrap_or(rest.len() - at);
        rest = &rest[at + skip..];
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// A decimal number with nothing around it but white space. `None` on overflow.
pub fn parse_u32(value: &[u8]) -> Option<u32> {
    let value = trim(value);
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0u32, |number, &byte| {
        byte.is_ascii_digit().then_some(())?;
        number.checked_mul(10)?.checked_add(u32::from(byte - b'0'))
    })
}

/// Finds the first `wanted` byte outside quoted strings and angle brackets. `None` also if a quote or bracket stays open.
pub(super) fn find_outside(value: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut index = 0;
    let mut bracketed = false;
    while index < value.len() {
        let byte = value[index];
        match byte {
            b'"' if !bracketed => index += quoted_length(&value[index..])?,
            _ => {
                if !bracketed && wanted.contains(&byte) {
                    return Some(index);
                }
                match byte {
                    b'<' => bracketed = true,
                    b'>' => bracketed = false,
                    _ => {}
                }
                index += 1;
            }
        }
    }
    None
}

/// The length of the quoted string `value` starts with, quotes included. `None` if it does not end.
pub(super) fn quoted_length(value: &[u8]) -> Option<usize> {
    let mut index = 1;
    loop {
        index += memchr::memchr2(b'"', b'\\', value.get(index..)?)?;
        if value[index] == b'"' {
            return Some(index + 1);
        }
        index += 2;
    }
}

/// The members of one line of a comma-separated header, trimmed; empty members are left out.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    rest: &'a [u8],
}

impl<'a> Values<'a> {
    pub fn new(value: &'a [u8]) -> Self {
        Values { rest: value }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let member = match memchr::memchr(b',', self.rest).and_then(|_| find_outside(self.rest, b",")) {
                Some(comma) => {
                    let member = &self.rest[..comma];
                    self.rest = &self.rest[comma + 1..];
                    member
                }
                None => std::mem::take(&mut self.rest),
            };
            let member = trim(member);
            if !member.is_empty() {
                return Some(member);
            }
        }
        None
    }
}

/// Parameters after a value: `;name=value;flag`. Starts at the first semicolon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params<'a> {
    raw: &'a [u8],
}

impl<'a> Params<'a> {
    pub fn new(raw: &'a [u8]) -> Self {
        Params { raw }
    }

    pub fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// Name and value of each; the value of a flag is `None`. Quotes stay on.
    pub fn iter(self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> {
        let mut rest = self.raw;
        std::iter::from_fn(move || {
            loop {
                if rest.is_empty() {
                    return None;
                }
                let end = find_outside(rest, b";").unwrap_or(rest.len());
                let member = trim(&rest[..end]);
                rest = rest.get(end + 1..).unwrap_or_default();
                if member.is_empty() {
                    continue;
                }
                return Some(match memchr::memchr(b'=', member) {
                    Some(equals) => (trim(&member[..equals]), Some(trim(&member[equals + 1..]))),
                    None => (member, None),
                });
            }
        })
    }

    /// `Some(None)` for a flag. Names are compared without case.
    pub fn get(self, name: &str) -> Option<Option<&'a [u8]>> {
        self.iter().find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// The value of a parameter that has one.
    pub fn value(self, name: &str) -> Option<&'a [u8]> {
        self.get(name).flatten()
    }

    pub fn has(self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// `CSeq: 4711 INVITE` (RFC 3261 §20.16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// Below 2^31.
    pub number: u32,
    pub method: &'a [u8],
}

impl<'a> CSeq<'a> {
    pub fn parse(value: &'a [u8]) -> Option<CSeq<'a>> {
        let value = trim(value);
        let digits = value.iter().position(|b| !b.is_ascii_digit())?;
        let number = parse_u32(&value[..digits]).filter(|&number| number < 1 << 31)?;
        let method = trim(&value[digits..]);
        let separated = is_space(value[digits]);
        (separated && !method.is_empty() && method.iter().all(|&b| super::start_line::is_token(b)))
            .then_some(CSeq { number, method })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_split_outside_quotes_and_brackets() {
        let line = b" \"a, b\" <sip:x,y@z>;p=\"1,2\" ,, <sip:c> ";
        let members: Vec<_> = Values::new(line).collect();
        assert_eq!(members, [&b"\"a, b\" <sip:x,y@z>;p=\"1,2\""[..], b"<sip:c>"]);
    }

    #[test]
    fn an_open_quote_keeps_the_rest_in_one_member() {
        assert_eq!(Values::new(b"\"a, b").collect::<Vec<_>>(), [&b"\"a, b"[..]]);
    }

    #[test]
    fn parameters() {
        let params = Params::new(b";tag=1; lr ;q=\"a;b\";;Empty=");
        assert_eq!(params.get("TAG"), Some(Some(&b"1"[..])));
        assert_eq!(params.get("lr"), Some(None));
        assert_eq!(params.value("q"), Some(&b"\"a;b\""[..]));
        assert_eq!(params.value("empty"), Some(&b""[..]));
        assert!(!params.has("none"));
    }

    #[test]
    fn cseq_bounds() {
        assert_eq!(CSeq::parse(b" 0009  INVITE "), Some(CSeq { number: 9, method: b"INVITE" }));
        for bad in [
            &b"2147483648 INVITE"[..],
            b"36893488147419103232 REGISTER",
            b"1",
            b"INVITE",
            b"1INVITE",
            b"-1 X",
            b"1 A B",
        ] {
            assert_eq!(CSeq::parse(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }

    #[test]
    fn folds_become_one_space() {
        assert_eq!(&*unfold(b"a \r\n\t b\r\n c"), b"a b c");
    }
}
