//! Addresses that tenants name and the platform then asks: nothing but https, nothing in private networks unless the installation allows
//! it, nothing redirected.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// Longest a connection may take to open.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// What of another's own words is kept, characters.
const WORDS_MAX: usize = 200;

/// What may be asked.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// Private networks too, and http on this machine's own address.
    pub allows_private: bool,
    /// The setting that does so.
    pub setting: &'static str,
}

impl Guard {
    /// Sends requests to addresses of [`Guard::url`]; `answer_max` is the longest one may take.
    pub fn client(self, answer_max: Duration) -> Result<Client, reqwest::Error> {
        Client::builder()
            .timeout(answer_max)
            .connect_timeout(CONNECT_MAX.min(answer_max))
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would resolve names for itself, past the check below.
            .no_proxy()
            .dns_resolver(Arc::new(Resolver { allows_private: self.allows_private }))
            .build()
    }

    /// The address, if it may be asked; else why not.
    pub fn url(self, text: &str) -> Result<Url, String> {
        let refused = |why: &str| Err(why.to_owned());
        let Ok(url) = Url::parse(text) else { return refused("is no address") };
        let literal = match url.host_str().map(|host| host.trim_matches(['[', ']'])) {
            None | Some("") => return refused("names no host"),
            Some("localhost") => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            Some(host) => host.parse::<IpAddr>().ok(),
        };
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return refused("may hold neither user nor fragment");
        }
        if literal.is_some_and(|address| !is_public(address)) && !self.allows_private {
            let setting = self.setting;
            return refused(&format!(
                "leads into a private network, which this installation does not allow ({setting})"
            ));
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if self.allows_private && literal.is_some_and(|address| address.is_loopback()) => Ok(url),
            _ => refused("must begin with https://"),
        }
    }
}

/// The begin of it, on one line.
pub fn short(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(WORDS_MAX).collect()
}

/// The innermost reason: `connection refused` rather than `error sending request`.
pub fn cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    short(&innermost.to_string())
}

/// Resolves names, and leaves out addresses that must not be asked: a name may lead anywhere, and elsewhere the next time.
#[derive(Debug)]
struct Resolver {
    allows_private: bool,
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
fn is_public(address: IpAddr) -> bool {
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
