//! Addresses that somebody else names: what may be asked, and what is none of their business.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Resolves names, and leaves out addresses that must not be asked: a name may lead anywhere, and elsewhere the next time.
#[derive(Debug)]
pub struct Resolver {
    /// Those of private networks too.
    pub allows_private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allows_private = self.allows_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| allows_private || is_public(address.ip())).collect();
            if allowed.is_empty() {
                return Err("it leads into a private network, which this installation does not allow".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public Internet (IANA's registries of special-purpose addresses).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, third, _] = v4.octets();
            let is_special = match first {
                0 | 10 | 127 | 224.. => true,
                100 => (64..128).contains(&second),
                169 => second == 254,
                172 => (16..32).contains(&second),
                192 => second == 168 || (second == 0 && matches!(third, 0 | 2)) || (second == 88 && third == 99),
                198 => matches!(second, 18 | 19) || (second == 51 && third == 100),
                203 => second == 0 && third == 113,
                _ => false,
            };
            !is_special
        }
        IpAddr::V6(v6) => match v6.segments() {
            // Mapped and translated IPv4 (RFC 4291, RFC 6052, RFC 3056).
            [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                let [a, b] = high.to_be_bytes();
                let [c, d] = low.to_be_bytes();
                is_public(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
            }
            // Global unicast but for documentation and Teredo.
            [first, second, ..] => {
                (first & 0xe000) == 0x2000 && !(first == 0x2001 && matches!(second, 0 | 0xdb8)) && first != 0x3fff
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internet_is_public() {
        for (address, is) in [
            ("8.8.8.8", true),
            ("100.63.0.1", true),
            ("100.64.0.1", false),
            ("172.15.0.1", true),
            ("172.16.0.1", false),
            ("192.0.2.1", false),
            ("198.18.0.1", false),
            ("0.0.0.0", false),
            ("255.255.255.255", false),
            ("2606:4700::1111", true),
            ("::", false),
            ("fe80::1", false),
            ("fc00::1", false),
            ("ff02::1", false),
            ("2001:db8::1", false),
            ("64:ff9b::a00:1", false),
            ("2002:a00:1::", false),
            ("64:ff9b::808:808", true),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), is, "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_into_a_private_network_is_not_asked() {
        // The name itself is no address, so it is the resolver that refuses it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let resolver = |allows_private| Resolver { allows_private };
        let name = || "localhost".parse::<Name>().unwrap();
        assert!(resolver(false).resolve(name()).await.is_err());
        assert!(resolver(true).resolve(name()).await.is_ok());
    }
}
