use super::uri::{host_ip, split_host_port};
use super::values::{Params, parse_u32, trim};
use std::net::IpAddr;

/// One Via value (RFC 3261 §20.42).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// `UDP`, `TCP`... as written.
    pub transport: &'a [u8],
    /// The sent-by host, IPv6 with its brackets.
    pub host: &'a [u8],
    pub port: Option<u16>,
    pub params: Params<'a>,
}

/// Starts every branch that RFC 3261 §8.1.1.7 makes unique.
pub(crate) const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

impl<'a> Via<'a> {
    pub fn parse(value: &'a [u8]) -> Option<Via<'a>> {
        let slash = memchr::memchr(b'/', value)?;
        let second = slash + 1 + memchr::memchr(b'/', &value[slash + 1..])?;
        if !trim(&value[..slash]).eq_ignore_ascii_case(b"SIP") || trim(&value[slash + 1..second]) != b"2.0" {
            return None;
        }
        let rest = trim(&value[second + 1..]);
        let space = rest.iter().position(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))?;
        let transport = &rest[..space];
        let after = trim(&rest[space..]);
        let end = memchr::memchr(b';', after).unwrap_or(after.len());
        let (host, port) = split_host_port(trim(&after[..end]))?;
        let valid = !transport.is_empty() && transport.iter().all(|&b| super::start_line::is_token(b));
        valid.then_some(Via { transport, host, port, params: Params::new(&after[end..]) })
    }

    pub fn branch(&self) -> Option<&'a [u8]> {
        self.params.value("branch").filter(|branch| !branch.is_empty())
    }

    /// Whether the branch identifies the transaction by itself (RFC 3261 §17.2.3).
    pub fn has_cookie(&self) -> bool {
        self.branch().is_some_and(|branch| {
            branch.len() > MAGIC_COOKIE.len() && branch[..MAGIC_COOKIE.len()].eq_ignore_ascii_case(MAGIC_COOKIE)
        })
    }

    pub fn received(&self) -> Option<IpAddr> {
        host_ip(self.params.value("received")?)
    }

    /// `Some(None)` where the client asks for the port (RFC 3581), `Some(Some(port))` where the server filled it in.
    pub fn rport(&self) -> Option<Option<u16>> {
        self.params
            .get("rport")
            .map(|value| value.and_then(parse_u32).and_then(|port| u16::try_from(port).ok()).filter(|&port| port != 0))
    }

    /// The sent-by host where it is an address.
    pub fn host_ip(&self) -> Option<IpAddr> {
        host_ip(self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let via = Via::parse(b"SIP / 2.0 / UDP [2001:db8::9]:5070 ;branch=z9hG4bKx;rport;received=10.0.0.1").unwrap();
        assert_eq!((via.transport, via.host, via.port), (&b"UDP"[..], &b"[2001:db8::9]"[..], Some(5070)));
        assert!(via.has_cookie());
        assert_eq!(via.rport(), Some(None));
        assert_eq!(via.received(), Some("10.0.0.1".parse().unwrap()));
        let plain = Via::parse(b"SIP/2.0/TCP host : 5070;branch=1;rport=99").unwrap();
        assert_eq!((plain.host, plain.port, plain.rport()), (&b"host"[..], Some(5070), Some(Some(99))));
        assert!(!plain.has_cookie());
    }

    #[test]
    fn refused() {
        for bad in
            ["", "SIP/2.0/UDP", "SIP/2.0/UDP ", "SIP/7.0/UDP h", "HTTP/2.0/UDP h", "SIP/2.0/ h", "SIP/2.0/UDP h:x"]
        {
            assert_eq!(Via::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
