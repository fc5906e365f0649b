use super::uri::Uri;
use super::values::{Params, find_outside, quoted_length, trim};

/// `"Display" <uri>;params` or `uri;params` (RFC 3261 §20.10): From, To, Contact, Route, Record-Route and their like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// As written, quotes on.
    pub display: Option<&'a [u8]>,
    /// The URI as written, brackets off.
    pub uri_bytes: &'a [u8],
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// `None` if quotes or brackets stay open, or if there is no URI. The URI itself is parsed by [`NameAddr::uri`].
    pub fn parse(value: &'a [u8]) -> Option<NameAddr<'a>> {
        let value = trim(value);
        let open = match value.first()? {
            b'"' => {
                let length = quoted_length(value)?;
                let gap = trim(&value[length..]);
                (gap.first() == Some(&b'<')).then(|| value.len() - gap.len())?
            }
            _ => match memchr::memchr(b'<', value) {
                // A bracket behind a semicolon belongs to a parameter of a bare URI.
                Some(open) if memchr::memchr(b';', &value[..open]).is_none() => open,
                Some(_) => return None,
                None => return Self::parse_bare(value),
            },
        };
        let display = trim(&value[..open]);
        let close = open + memchr::memchr(b'>', &value[open..])?;
        let uri_bytes = &value[open + 1..close];
        let params = trim(&value[close + 1..]);
        if !(params.is_empty() || params[0] == b';') || uri_bytes.is_empty() {
            return None;
        }
        let bare_display = display.first().is_some_and(|&b| b != b'"');
        if bare_display && display.iter().any(|&b| matches!(b, b'"' | b'>' | b',' | b'@')) {
            return None;
        }
        Some(NameAddr { display: (!display.is_empty()).then_some(display), uri_bytes, params: Params::new(params) })
    }

    /// Without brackets, what follows a semicolon belongs to the header (RFC 3261 §20.10), and `?`, `,` may not occur.
    fn parse_bare(value: &'a [u8]) -> Option<NameAddr<'a>> {
        let end = find_outside(value, b";").unwrap_or(value.len());
        let uri_bytes = trim(&value[..end]);
        if uri_bytes.is_empty()
            || memchr::memchr(b':', uri_bytes).is_none()
            || memchr::memchr2(b'?', b'"', uri_bytes).is_some()
        {
            return None;
        }
        Some(NameAddr { display: None, uri_bytes, params: Params::new(&value[end..]) })
    }

    pub fn uri(&self) -> Option<Uri<'a>> {
        Uri::parse(self.uri_bytes)
    }

    /// The dialog tag (RFC 3261 §19.3); an empty one is none.
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.params.value("tag").filter(|tag| !tag.is_empty())
    }

    /// The display name with quotes and escapes taken off.
    pub fn display_decoded(&self) -> Option<Vec<u8>> {
        let display = self.display?;
        let Some(inner) = display.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) else {
            return Some(display.to_vec());
        };
        let mut out = Vec::with_capacity(inner.len());
        let mut bytes = inner.iter();
        while let Some(&byte) = bytes.next() {
            out.push(if byte == b'\\' { *bytes.next().unwrap_or(&b'\\') } else { byte });
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let cases: [(&str, Option<&str>, &str, Option<&str>); 6] = [
            ("<sip:a@b>;tag=1", None, "sip:a@b", Some("1")),
            ("sip:a@b;tag=1", None, "sip:a@b", Some("1")),
            ("\"A \\\" <B>\" <sip:a@b;lr>", Some("\"A \\\" <B>\""), "sip:a@b;lr", None),
            ("Alice B <sip:a@b>", Some("Alice B"), "sip:a@b", None),
            ("\"Q\"<sip:a@b> ; tag=x", Some("\"Q\""), "sip:a@b", Some("x")),
            ("<sip:a@b>;tag=", None, "sip:a@b", None),
        ];
        for (text, display, uri, tag) in cases {
            let parsed = NameAddr::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(parsed.display, display.map(str::as_bytes), "{text}");
            assert_eq!(parsed.uri_bytes, uri.as_bytes(), "{text}");
            assert_eq!(parsed.tag(), tag.map(str::as_bytes), "{text}");
        }
    }

    #[test]
    fn refused() {
        for bad in ["", "\"open <sip:a@b>", "<sip:a@b", "\"Q\" sip:a@b", "<>", "*", "<sip:a@b> junk", "sip:a@b?h=1"] {
            assert_eq!(NameAddr::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn display_names_decode() {
        let parsed = NameAddr::parse(b"\"A \\\"B\\\"\" <sip:a@b>").unwrap();
        assert_eq!(parsed.display_decoded().unwrap(), b"A \"B\"");
    }
}
