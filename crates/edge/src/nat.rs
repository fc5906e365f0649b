//! Contacts of peers behind NAT: an address that cannot be reached from here is replaced by the one that was seen.

use sip::message::{Envelope, Name, NameAddr};
use std::net::{IpAddr, SocketAddr};

/// The first Contact with the peer's own address in place of a private one that is not where it came from. `None`: leave
/// it as it is.
pub(crate) fn reachable_contact(message: &Envelope, source: SocketAddr) -> Option<Vec<u8>> {
    let value = message.values(Name::Contact).next()?;
    let uri = NameAddr::parse(value)?.uri()?;
    let host = uri.host_ip()?;
    if host == source.ip() || !is_private(host) {
        return None;
    }
    let start = uri.host.as_ptr() as usize - value.as_ptr() as usize;
    let mut rest = value.get(start + uri.host.len()..)?;
    if uri.port.is_some()
        && let Some(digits) = rest.strip_prefix(b":")
    {
        let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
        rest = &digits[end..];
    }
    Some([&value[..start], source.to_string().as_bytes(), rest].concat())
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::message::{Method, RequestBuilder};

    #[test]
    fn private_addresses_that_are_not_the_source_are_replaced() {
        for (contact, expected) in [
            (
                "<sip:a@10.0.0.7:5070;transport=udp>;expires=60",
                Some("<sip:a@203.0.113.5:33000;transport=udp>;expires=60"),
            ),
            ("\"A\" <sip:a@192.168.1.2>", Some("\"A\" <sip:a@203.0.113.5:33000>")),
            ("sip:100.64.0.1:5060", Some("sip:203.0.113.5:33000")),
            ("<sip:a@[fd00::1]:5070>", Some("<sip:a@203.0.113.5:33000>")),
            ("<sip:a@198.51.100.1:5070>", None),
            ("<sip:a@203.0.113.5:5070>", None),
            ("<sip:a@host.example>", None),
            ("*", None),
        ] {
            let request = RequestBuilder::new(Method::Invite, b"sip:b@c")
                .header(Name::From, "<sip:x@y>;tag=1")
                .header(Name::To, "<sip:b@c>")
                .header(Name::CallId, "id")
                .cseq(1, Method::Invite)
                .header(Name::Contact, contact)
                .build()
                .unwrap();
            let changed = reachable_contact(&request, "203.0.113.5:33000".parse().unwrap());
            assert_eq!(changed.as_deref(), expected.map(str::as_bytes), "{contact}");
        }
    }
}
