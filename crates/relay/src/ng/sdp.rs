//! The little of SDP a media proxy touches, octet by octet: addresses, ports, `a=rtcp`, ICE lines. Everything else
//! passes unchanged, in its place.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Media sections taken.
pub(super) const MEDIA_MAX: usize = 8;

/// What a media section says about its transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Media {
    /// Port 0 for a section that is refused.
    pub(super) rtp: SocketAddr,
    /// `a=rtcp` (RFC 3605).
    pub(super) rtcp: Option<SocketAddr>,
    pub(super) mux: bool,
    /// An RTP profile without encryption; anything else cannot be relayed packet by packet here.
    pub(super) is_rtp: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SdpError {
    NoMedia,
    TooMany,
    Address,
    Port,
}

impl SdpError {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::NoMedia => "No media in SDP",
            Self::TooMany => "Too many media sections in SDP",
            Self::Address => "No usable connection address in SDP",
            Self::Port => "Malformed media line in SDP",
        }
    }
}

/// Lines without their ends.
fn lines(sdp: &[u8]) -> impl Iterator<Item = &[u8]> {
    sdp.split(|octet| *octet == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|octet| *octet == b' ').filter(|word| !word.is_empty())
}

fn text<T: std::str::FromStr>(word: Option<&[u8]>) -> Option<T> {
    std::str::from_utf8(word?).ok()?.parse().ok()
}

/// `IN IP4 192.0.2.1`, with or without `/ttl`.
fn connection(value: &[u8]) -> Option<IpAddr> {
    let address = words(value).nth(2)?;
    text(address.split(|octet| *octet == b'/').next())
}

/// Reads the media sections.
pub(super) fn read(sdp: &[u8]) -> Result<Vec<Media>, SdpError> {
    let mut session = None;
    let mut found: Vec<(Option<IpAddr>, Media)> = Vec::new();
    for line in lines(sdp) {
        let Some((kind, value)) = line.split_at_checked(2) else { continue };
        match (kind, found.last_mut()) {
            (b"m=", _) => {
                if found.len() == MEDIA_MAX {
                    return Err(SdpError::TooMany);
                }
                let port = words(value).nth(1).and_then(|word| word.split(|octet| *octet == b'/').next());
                let port: u16 = text(port).ok_or(SdpError::Port)?;
                let profile = words(value).nth(2).unwrap_or_default();
                let is_rtp = matches!(profile, b"RTP/AVP" | b"RTP/AVPF");
                let rtp = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port);
                found.push((None, Media { rtp, rtcp: None, mux: false, is_rtp }));
            }
            (b"c=", None) => session = connection(value),
            (b"c=", Some((address, _))) => *address = connection(value),
            (b"a=", Some((_, media))) => {
                if value == b"rtcp-mux" {
                    media.mux = true;
                } else if let Some(rtcp) = value.strip_prefix(b"rtcp:") {
                    // Without an address it is the section's, put in below.
                    let address =
                        words(rtcp).nth(3).map_or(Some(Ipv4Addr::UNSPECIFIED.into()), |word| text(Some(word)));
                    media.rtcp = address.zip(text(words(rtcp).next())).map(|(ip, port)| SocketAddr::new(ip, port));
                }
            }
            _ => {}
        }
    }
    if found.is_empty() {
        return Err(SdpError::NoMedia);
    }
    found
        .into_iter()
        .map(|(address, mut media)| {
            media.rtp.set_ip(address.or(session).ok_or(SdpError::Address)?);
            if let Some(rtcp) = &mut media.rtcp
                && rtcp.ip().is_unspecified()
            {
                rtcp.set_ip(media.rtp.ip());
            }
            Ok(media)
        })
        .collect()
}

/// How a description is rewritten.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rewrite<'a> {
    pub(super) address: IpAddr,
    /// Our port for each media section; 0 refuses it.
    pub(super) ports: &'a [u16],
    pub(super) origin: bool,
}

/// Writes the description with our addresses and ports.
pub(super) fn rewrite(sdp: &[u8], with: &Rewrite<'_>) -> Vec<u8> {
    let family = if with.address.is_ipv4() { "IP4" } else { "IP6" };
    let ours = format!("{family} {}", with.address);
    let mut out = Vec::with_capacity(sdp.len() + 64);
    let mut section: Option<usize> = None;
    for line in sdp.split_inclusive(|octet| *octet == b'\n') {
        let body = line.strip_suffix(b"\n").map_or(line, |body| body.strip_suffix(b"\r").unwrap_or(body));
        let end = &line[body.len()..];
        let port = section.and_then(|section| with.ports.get(section)).copied();
        match body.get(..2) {
            Some(b"m=") => {
                let next = section.map_or(0, |section| section + 1);
                section = Some(next);
                media_line(&mut out, body, with.ports.get(next).copied().unwrap_or(0));
            }
            Some(b"c=") => {
                // An RFC 2543 hold (0.0.0.0) stays one.
                let held = connection(&body[2..]).is_some_and(|address| address.is_unspecified());
                if held {
                    out.extend_from_slice(body)
                } else {
                    out.extend_from_slice(format!("c=IN {ours}").as_bytes())
                }
            }
            Some(b"o=") if with.origin => origin_line(&mut out, body, &ours),
            Some(b"a=") if is_ice(&body[2..]) => continue,
            Some(b"a=") if body[2..].starts_with(b"rtcp:") => match port.filter(|port| *port != 0) {
                Some(port) => out.extend_from_slice(format!("a=rtcp:{}", port + 1).as_bytes()),
                None => continue,
            },
            _ => out.extend_from_slice(body),
        }
        out.extend_from_slice(end);
    }
    out
}

/// Candidates would let media pass beside us (and we do not speak ICE here).
fn is_ice(attribute: &[u8]) -> bool {
    [&b"candidate:"[..], b"ice-", b"end-of-candidates", b"remote-candidates:"]
        .iter()
        .any(|prefix| attribute.starts_with(prefix))
}

fn media_line(out: &mut Vec<u8>, body: &[u8], port: u16) {
    let mut parts = body.splitn(3, |octet| *octet == b' ');
    out.extend_from_slice(parts.next().unwrap_or_default());
    out.extend_from_slice(format!(" {port}").as_bytes());
    if let Some(rest) = parts.nth(1) {
        out.push(b' ');
        out.extend_from_slice(rest);
    }
}

fn origin_line(out: &mut Vec<u8>, body: &[u8], ours: &str) {
    let parts: Vec<&[u8]> = words(body).collect();
    if let [user, session, version, network, ..] = parts[..] {
        for part in [user, session, version, network] {
            out.extend_from_slice(part);
            out.push(b' ');
        }
        out.extend_from_slice(ours.as_bytes());
    } else {
        out.extend_from_slice(body);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OFFER: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=\xff\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        a=ice-ufrag:x\r\nm=audio 4000 RTP/AVP 0 101\r\na=rtcp:4009 IN IP4 192.0.2.9\r\na=candidate:1 1 UDP 1 1.1.1.1 1 typ host\r\n\
        a=rtcp-mux\r\nm=video 4002/1 RTP/AVP 96\r\nc=IN IP4 192.0.2.2\r\nm=image 0 udptl t38\r\n";

    #[test]
    fn sections_know_their_addresses() {
        let media = read(OFFER).unwrap();
        assert_eq!(media[0].rtp, "192.0.2.1:4000".parse().unwrap());
        assert_eq!(media[0].rtcp, Some("192.0.2.9:4009".parse().unwrap()));
        assert!(media[0].mux && media[0].is_rtp && !media[1].mux && !media[2].is_rtp);
        assert_eq!(media[1].rtp, "192.0.2.2:4002".parse().unwrap());
        assert_eq!(media[2].rtp.port(), 0);
    }

    #[test]
    fn only_what_must_is_rewritten() {
        let with = Rewrite { address: "198.51.100.7".parse().unwrap(), ports: &[10_000, 10_002, 0], origin: true };
        let expected = b"v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=\xff\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n\
            m=audio 10000 RTP/AVP 0 101\r\na=rtcp:10001\r\na=rtcp-mux\r\nm=video 10002 RTP/AVP 96\r\n\
            c=IN IP4 198.51.100.7\r\nm=image 0 udptl t38\r\n";
        let out = rewrite(OFFER, &with);
        assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(expected));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(read(b"v=0\r\n"), Err(SdpError::NoMedia));
        assert_eq!(read(b"m=audio x RTP/AVP 0\r\n"), Err(SdpError::Port));
        assert_eq!(read(b"m=audio 1 RTP/AVP 0\r\n"), Err(SdpError::Address));
        assert_eq!(read(&b"c=IN IP4 1.1.1.1\nm=audio 1 RTP/AVP 0\n".repeat(9)), Err(SdpError::TooMany));
    }

    proptest! {
        #[test]
        fn nothing_panics(sdp in "([mcoa]=[a-z0-9 ./:]{0,20}\r?\n?){0,12}", ports in proptest::collection::vec(0..65_534u16, 0..4)) {
            let _ = read(sdp.as_bytes());
            let with = Rewrite { address: Ipv4Addr::LOCALHOST.into(), ports: &ports, origin: true };
            let _ = rewrite(sdp.as_bytes(), &with);
        }
    }
}
