use super::values::{Params, parse_u32};
use std::net::IpAddr;

/// Schemes the stack routes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Sip,
    Sips,
    Tel,
    Other,
}

/// A URI (RFC 3261 §19.1), its parts as written: escapes stay, comparison is the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    pub raw: &'a [u8],
    pub scheme: Scheme,
    /// The user without its password; for `tel:` the number; for other schemes all that follows the colon.
    pub user: Option<&'a [u8]>,
    pub password: Option<&'a [u8]>,
    /// Empty unless `sip:` or `sips:`. IPv6 keeps its brackets.
    pub host: &'a [u8],
    pub port: Option<u16>,
    pub params: Params<'a>,
    /// After the question mark.
    pub headers: Option<&'a [u8]>,
}

impl<'a> Uri<'a> {
    /// `None` if it is no URI, or a SIP one with a malformed host, port or escape.
    pub fn parse(raw: &'a [u8]) -> Option<Uri<'a>> {
        let colon = memchr::memchr(b':', raw)?;
        let (name, rest) = (&raw[..colon], &raw[colon + 1..]);
        if !name.first()?.is_ascii_alphabetic()
            || !name.iter().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))
            || raw.iter().any(|&b| b <= b' ' || matches!(b, b'<' | b'>' | b'"' | 0x7f))
        {
            return None;
        }
        let scheme = match name {
            _ if name.eq_ignore_ascii_case(b"sip") => Scheme::Sip,
            _ if name.eq_ignore_ascii_case(b"sips") => Scheme::Sips,
            _ if name.eq_ignore_ascii_case(b"tel") => Scheme::Tel,
            _ => Scheme::Other,
        };
        match scheme {
            Scheme::Sip | Scheme::Sips => Self::parse_sip(raw, scheme, rest),
            Scheme::Tel => {
                let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
                Self::opaque(raw, scheme, &rest[..end], Params::new(&rest[end..]))
            }
            Scheme::Other => Self::opaque(raw, scheme, rest, Params::new(b"")),
        }
    }

    fn opaque(raw: &'a [u8], scheme: Scheme, user: &'a [u8], params: Params<'a>) -> Option<Uri<'a>> {
        (!user.is_empty()).then_some(Uri {
            raw,
            scheme,
            user: Some(user),
            password: None,
            host: b"",
            port: None,
            params,
            headers: None,
        })
    }

    fn parse_sip(raw: &'a [u8], scheme: Scheme, rest: &'a [u8]) -> Option<Uri<'a>> {
        // The user may hold `;`, `?` and `/`, but no bare `@` (RFC 3261 §25.1); headers escape theirs.
        let (userinfo, after) = match memchr::memchr(b'@', rest) {
            Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
            None => (None, rest),
        };
        let (user, password) = match userinfo {
            None => (None, None),
            Some(info) => match memchr::memchr(b':', info) {
                Some(colon) => (Some(&info[..colon]), Some(&info[colon + 1..])),
                None => (Some(info), None),
            },
        };
        if user.is_some_and(|user| user.is_empty() || !escapes_are_whole(user)) {
            return None;
        }
        let end = memchr::memchr2(b';', b'?', after).unwrap_or(after.len());
        let (host, port) = split_host_port(&after[..end])?;
        let tail = &after[end..];
        let question = memchr::memchr(b'?', tail).unwrap_or(tail.len());
        Some(Uri {
            raw,
            scheme,
            user,
            password,
            host,
            port,
            params: Params::new(&tail[..question]),
            headers: tail.get(question + 1..),
        })
    }

    /// The host where it is an address literal.
    pub fn host_ip(&self) -> Option<IpAddr> {
        host_ip(self.host)
    }

    /// Whether it marks a loose router (RFC 3261 §19.1.1).
    pub fn is_loose_router(&self) -> bool {
        self.params.has("lr")
    }

    /// The transport parameter.
    pub fn transport(&self) -> Option<&'a [u8]> {
        self.params.value("transport")
    }

    /// The user with its escapes decoded and its parameters (`;phone-context=`) cut off.
    pub fn user_decoded(&self) -> Option<Vec<u8>> {
        let user = self.user?;
        let user = &user[..memchr::memchr(b';', user).unwrap_or(user.len())];
        let mut out = Vec::with_capacity(user.len());
        let mut index = 0;
        while index < user.len() {
            let pair = user.get(index + 1..index + 3);
            match (user[index], pair.and_then(hex_pair)) {
                (b'%', Some(byte)) => {
                    out.push(byte);
                    index += 3;
                }
                (byte, _) => {
                    out.push(byte);
                    index += 1;
                }
            }
        }
        Some(out)
    }
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let [high, low] = pair else { return None };
    Some((char::from(*high).to_digit(16)? * 16 + char::from(*low).to_digit(16)?) as u8)
}

fn escapes_are_whole(user: &[u8]) -> bool {
    memchr::memchr_iter(b'%', user).all(|at| user.get(at + 1..at + 3).and_then(hex_pair).is_some())
}

/// `host[:port]`, host a name, an IPv4 address or an IPv6 reference.
pub(super) fn split_host_port(value: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let host_end = if value.first() == Some(&b'[') {
        memchr::memchr(b']', value)? + 1
    } else {
        memchr::memchr(b':', value).unwrap_or(value.len())
    };
    let host = super::values::trim(&value[..host_end]);
    let valid = if host.first() == Some(&b'[') {
        // Not parsed as an address: RFC 5118 §4.10 has one with a colon too many that is to be let pass.
        host.len() > 2 && host[1..host.len() - 1].iter().all(|b| b.is_ascii_hexdigit() || b":.".contains(b))
    } else {
        !host.is_empty() && host.iter().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(b))
    };
    let rest = super::values::trim(&value[host_end..]);
    let port = match rest {
        [] => None,
        [b':', digits @ ..] => Some(parse_u32(digits).and_then(|port| u16::try_from(port).ok()).filter(|&p| p != 0)?),
        _ => return None,
    };
    valid.then_some((host, port))
}

/// The address a host part spells out, with or without brackets.
pub fn host_ip(host: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(host).ok()?;
    match text.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sip_uris() {
        let uri = Uri::parse(b"sips:alice%40x;day=tue:pw@[2001:db8::1]:5061;transport=tcp;lr?subject=a").unwrap();
        assert_eq!(uri.scheme, Scheme::Sips);
        assert_eq!(uri.user, Some(&b"alice%40x;day=tue"[..]));
        assert_eq!(uri.user_decoded().unwrap(), b"alice@x");
        assert_eq!(uri.password, Some(&b"pw"[..]));
        assert_eq!(uri.host_ip(), Some("2001:db8::1".parse().unwrap()));
        assert_eq!(uri.port, Some(5061));
        assert_eq!(uri.transport(), Some(&b"tcp"[..]));
        assert!(uri.is_loose_router());
        assert_eq!(uri.headers, Some(&b"subject=a"[..]));
    }

    #[test]
    fn refused() {
        for bad in [
            "",
            "sip:",
            "sip:@host",
            "sip:a@",
            "sip:a@h:",
            "sip:a@h:99999",
            "sip:a@h:0",
            "sip:a@[::1",
            "sip:a@[zz]",
            "sip:a b@h",
            "nocolon",
            ":x",
            "sip:a%4@h",
            "sip:a@h\0",
        ] {
            assert_eq!(Uri::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn others() {
        assert_eq!(Uri::parse(b"tel:+15551234;ext=5").unwrap().user, Some(&b"+15551234"[..]));
        assert_eq!(Uri::parse(b"urn:service:sos").unwrap().scheme, Scheme::Other);
    }
}
