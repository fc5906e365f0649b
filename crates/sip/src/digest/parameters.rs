use crate::message::trim;
use std::borrow::Cow;

/// Parameters of one header that are read; more is refused.
const PARAMETERS_MAX: usize = 32;

/// `Digest name=value, name="value"`, quotes and escapes taken off.
#[derive(Clone, Debug)]
pub(super) struct Parameters<'a> {
    list: Vec<(&'a [u8], Cow<'a, [u8]>)>,
}

impl<'a> Parameters<'a> {
    /// `None` if it is of another scheme, malformed, or names something twice.
    pub fn parse(value: &'a [u8]) -> Option<Parameters<'a>> {
        let value = trim(value);
        let space = value.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))?;
        if !value[..space].eq_ignore_ascii_case(b"Digest") {
            return None;
        }
        let mut list: Vec<(&[u8], Cow<'_, [u8]>)> = Vec::with_capacity(12);
        let mut rest = trim(&value[space..]);
        while !rest.is_empty() {
            let equals = memchr::memchr(b'=', rest)?;
            let name = trim(&rest[..equals]);
            let (content, after) = take_value(trim(&rest[equals + 1..]))?;
            let known = list.iter().any(|(other, _)| name.eq_ignore_ascii_case(other));
            if name.is_empty() || known || list.len() >= PARAMETERS_MAX {
                return None;
            }
            list.push((name, content));
            rest = match trim(after) {
                [] => b"",
                [b',', after @ ..] => trim(after),
                _ => return None,
            };
        }
        Some(Parameters { list })
    }

    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.list.iter().find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| &**value)
    }

    pub fn has_value(&self, name: &str, value: &[u8]) -> bool {
        self.get(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
    }
}

fn take_value(text: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let Some(inner) = text.strip_prefix(b"\"") else {
        let end = memchr::memchr(b',', text).unwrap_or(text.len());
        return Some((Cow::Borrowed(trim(&text[..end])), &text[end..]));
    };
    let mut out = None;
    let mut index = 0;
    loop {
        match *inner.get(index)? {
            b'"' => break,
            b'\\' => {
                out.get_or_insert_with(|| inner[..index].to_vec()).push(*inner.get(index + 1)?);
                index += 2;
            }
            byte => {
                if let Some(out) = &mut out {
                    out.push(byte);
                }
                index += 1;
            }
        }
    }
    let value = out.map_or(Cow::Borrowed(&inner[..index]), Cow::Owned);
    Some((value, &inner[index + 1..]))
}

/// A quoted string; what cannot be quoted (control characters) is left out.
pub(super) fn quote(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    for &byte in value {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..b' ' | 0x7f => {}
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_bare_and_quoted() {
        let parsed = Parameters::parse(b"digest a=1 , B=\"x,\\\"y\\\"\",c=\"\"").unwrap();
        assert_eq!(parsed.get("A"), Some(&b"1"[..]));
        assert_eq!(parsed.get("b"), Some(&b"x,\"y\""[..]));
        assert_eq!(parsed.get("c"), Some(&b""[..]));
    }

    #[test]
    fn refused() {
        for bad in [
            "",
            "Basic a=1",
            "Digest a",
            "Digest a=\"x",
            "Digest a=1,a=2",
            "Digest a=\"1\"x",
            "Digest =1",
            "Digest a=\"\\",
        ] {
            assert!(Parameters::parse(bad.as_bytes()).is_none(), "{bad}");
        }
        let many = "Digest ".to_owned() + &(0..40).map(|n| format!("p{n}=1,")).collect::<String>();
        assert!(Parameters::parse(many.as_bytes()).is_none());
    }
}
