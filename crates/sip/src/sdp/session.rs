use super::SdpError;
use super::codec::Codec;
use crate::message::parse_u32;
use bytes::Bytes;
use std::net::{IpAddr, Ipv4Addr};

/// Bytes of a description.
pub const SDP_BYTES_MAX: usize = 16 * 1024;
/// Lines of a description.
pub const LINES_MAX: usize = 512;
/// Media sections of a description.
pub const MEDIA_MAX: usize = 16;
/// Formats of a media section.
pub const FORMATS_MAX: usize = 64;

/// `k=value`, the value verbatim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub kind: u8,
    pub value: Bytes,
}

/// Who may send (RFC 3264 §5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    pub const fn token(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    pub fn from_token(token: &[u8]) -> Option<Direction> {
        [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive]
            .into_iter()
            .find(|direction| direction.token().as_bytes() == token)
    }

    pub const fn new(sends: bool, receives: bool) -> Direction {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    pub const fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    pub const fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    /// The same as the other side sees it.
    pub const fn reversed(self) -> Direction {
        Direction::new(self.receives(), self.sends())
    }

    /// What both sides allow.
    pub const fn and(self, other: Direction) -> Direction {
        Direction::new(self.sends() && other.sends(), self.receives() && other.receives())
    }
}

/// The `o=` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    pub username: &'a [u8],
    pub session_id: &'a [u8],
    pub version: &'a [u8],
}

/// A whole description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// All before the first `m=`.
    pub lines: Vec<Line>,
    pub media: Vec<Media>,
}

/// An `m=` line and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video`...
    pub kind: Bytes,
    /// 0: refused or removed.
    pub port: u16,
    /// From `port/count`.
    pub port_count: Option<u16>,
    /// `RTP/AVP`...
    pub protocol: Bytes,
    /// Payload types for RTP.
    pub formats: Vec<Bytes>,
    pub lines: Vec<Line>,
}

impl Session {
    /// Reads a description; line ends may be CRLF or LF.
    ///
    /// # Errors
    /// It is malformed or exceeds a limit.
    pub fn parse(text: &[u8]) -> Result<Session, SdpError> {
        if text.len() > SDP_BYTES_MAX {
            return Err(SdpError::TooMany(SDP_BYTES_MAX, "bytes"));
        }
        let mut session = Session { lines: Vec::new(), media: Vec::new() };
        for (number, raw) in text.split(|&byte| byte == b'\n').enumerate() {
            let line = raw.strip_suffix(b"\r").unwrap_or(raw);
            if line.is_empty() {
                continue;
            }
            if number >= LINES_MAX {
                return Err(SdpError::TooMany(LINES_MAX, "lines"));
            }
            let [kind, b'=', value @ ..] = line else { return Err(SdpError::Line(number + 1)) };
            if !kind.is_ascii_lowercase() || value.iter().any(|&byte| matches!(byte, 0 | b'\r')) {
                return Err(SdpError::Line(number + 1));
            }
            if *kind == b'm' {
                if session.media.len() >= MEDIA_MAX {
                    return Err(SdpError::TooMany(MEDIA_MAX, "media sections"));
                }
                session.media.push(Media::parse(value)?);
                continue;
            }
            let line = Line { kind: *kind, value: Bytes::copy_from_slice(value) };
            session.media.last_mut().map_or(&mut session.lines, |media| &mut media.lines).push(line);
        }
        if session.lines.first() != Some(&Line { kind: b'v', value: Bytes::from_static(b"0") }) {
            return Err(SdpError::Version);
        }
        session.origin().ok_or(SdpError::Origin)?;
        Ok(session)
    }

    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(512);
        write_lines(&mut out, &self.lines);
        for media in &self.media {
            media.write(&mut out);
        }
        Bytes::from(out)
    }

    pub fn origin(&self) -> Option<Origin<'_>> {
        let mut fields = fields(&self.line(b'o')?.value);
        let (username, session_id, version) = (fields.next()?, fields.next()?, fields.next()?);
        (fields.count() == 3).then_some(Origin { username, session_id, version })
    }

    pub fn line(&self, kind: u8) -> Option<&Line> {
        self.lines.iter().find(|line| line.kind == kind)
    }

    /// A session-level attribute; `Some("")` for a flag.
    pub fn attribute(&self, name: &str) -> Option<&[u8]> {
        find_attribute(&self.lines, name)
    }

    /// Where the media of this section is to be sent: its own `c=` or the session's.
    pub fn address_of(&self, media: &Media) -> Option<IpAddr> {
        let own = media.lines.iter().find(|line| line.kind == b'c');
        parse_connection(&own.or_else(|| self.line(b'c'))?.value)
    }

    /// The direction of a section: its own attribute, else the session's, else both ways. An address of 0.0.0.0 is the
    /// hold of RFC 2543: nothing may be sent there.
    pub fn direction_of(&self, media: &Media) -> Direction {
        let direction = direction_in(&media.lines).or_else(|| direction_in(&self.lines)).unwrap_or_default();
        let held = self.address_of(media) == Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        if held { Direction::new(direction.sends(), false) } else { direction }
    }

    /// The first audio section that is not refused, with its index.
    pub fn audio(&self) -> Option<(usize, &Media)> {
        self.media.iter().enumerate().find(|(_, media)| media.is_audio() && media.port != 0)
    }

    /// Points all media at another address: every `c=` line; one is added if there is none. A `c=` of 0.0.0.0 stays, because
    /// it means hold (RFC 2543).
    pub fn set_address(&mut self, address: IpAddr) {
        let value = connection_value(address);
        let everywhere = self.media.iter().all(|media| media.lines.iter().any(|line| line.kind == b'c'));
        match self.lines.iter_mut().find(|line| line.kind == b'c') {
            Some(line) if is_hold(line) => {}
            Some(line) => line.value = value.clone(),
            None if everywhere => {}
            None => {
                // RFC 8866 §5: behind i, u, e and p, before all else.
                let at = self.lines.iter().rposition(|line| b"vosiuep".contains(&line.kind)).map_or(0, |last| last + 1);
                self.lines.insert(at, Line { kind: b'c', value: value.clone() });
            }
        }
        for line in self.media.iter_mut().flat_map(|media| &mut media.lines) {
            if line.kind == b'c' && !is_hold(line) {
                line.value = value.clone();
            }
        }
    }

    /// Replaces the address in `o=`, to hide where the description comes from.
    pub fn set_origin_address(&mut self, address: IpAddr) {
        let Some(line) = self.lines.iter_mut().find(|line| line.kind == b'o') else { return };
        let kept: Vec<&[u8]> = fields(&line.value).take(3).collect();
        line.value = Bytes::from([kept.join(&b' ').as_slice(), b" ", &connection_value(address)].concat());
    }
}

impl Media {
    fn parse(value: &[u8]) -> Result<Media, SdpError> {
        let mut fields = fields(value);
        let mut next = || fields.next().ok_or(SdpError::Media);
        let (kind, port, protocol) = (next()?, next()?, next()?);
        let mut ports = port.splitn(2, |&byte| byte == b'/');
        let number = |digits: &[u8]| parse_u32(digits).and_then(|n| u16::try_from(n).ok()).ok_or(SdpError::Media);
        let port = number(ports.next().unwrap_or_default())?;
        let port_count = ports.next().map(number).transpose()?;
        let formats: Vec<Bytes> = fields.map(Bytes::copy_from_slice).collect();
        if formats.len() > FORMATS_MAX {
            return Err(SdpError::TooMany(FORMATS_MAX, "formats"));
        }
        if formats.is_empty() {
            return Err(SdpError::Media);
        }
        let (kind, protocol) = (Bytes::copy_from_slice(kind), Bytes::copy_from_slice(protocol));
        Ok(Media { kind, port, port_count, protocol, formats, lines: Vec::new() })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"m=");
        out.extend_from_slice(&self.kind);
        out.extend_from_slice(format!(" {}", self.port).as_bytes());
        if let Some(count) = self.port_count {
            out.extend_from_slice(format!("/{count}").as_bytes());
        }
        out.push(b' ');
        out.extend_from_slice(&self.protocol);
        for format in &self.formats {
            out.push(b' ');
            out.extend_from_slice(format);
        }
        out.extend_from_slice(b"\r\n");
        write_lines(out, &self.lines);
    }

    pub fn is_audio(&self) -> bool {
        &*self.kind == b"audio"
    }

    /// An attribute of this section; `Some("")` for a flag.
    pub fn attribute(&self, name: &str) -> Option<&[u8]> {
        find_attribute(&self.lines, name)
    }

    pub fn attributes<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.lines.iter().filter_map(move |line| attribute_value(line, name))
    }

    /// The RTP formats with their `rtpmap` and `fmtp`, in the order of preference.
    pub fn codecs(&self) -> impl Iterator<Item = Codec> {
        self.formats.iter().filter_map(|format| Codec::of(self, format))
    }

    /// Packet time the peer wants, in milliseconds.
    pub fn ptime_ms(&self) -> Option<u32> {
        parse_u32(self.attribute("ptime")?)
    }

    /// The RTCP port: `a=rtcp` (RFC 3605), the RTP port with `a=rtcp-mux`, else the next.
    pub fn rtcp_port(&self) -> u16 {
        if self.attribute("rtcp-mux").is_some() {
            return self.port;
        }
        let given = self.attribute("rtcp").and_then(|value| fields(value).next()).and_then(parse_u32);
        given.and_then(|port| u16::try_from(port).ok()).unwrap_or(self.port.saturating_add(1))
    }

    /// Points this section at another port; an `a=rtcp` line follows it.
    pub fn set_port(&mut self, port: u16, rtcp: u16) {
        self.port = port;
        for line in &mut self.lines {
            if attribute_value(line, "rtcp").is_some() {
                line.value = Bytes::from(format!("rtcp:{rtcp}"));
            }
        }
    }

    /// Replaces the direction attribute.
    pub fn set_direction(&mut self, direction: Direction) {
        self.lines.retain(|line| !(line.kind == b'a' && Direction::from_token(&line.value).is_some()));
        self.lines.push(Line { kind: b'a', value: Bytes::from_static(direction.token().as_bytes()) });
    }
}

pub(super) fn connection_value(address: IpAddr) -> Bytes {
    let family = if address.is_ipv4() { "IP4" } else { "IP6" };
    Bytes::from(format!("IN {family} {address}"))
}

fn parse_connection(value: &[u8]) -> Option<IpAddr> {
    let mut fields = fields(value);
    if fields.next()? != b"IN" {
        return None;
    }
    let (family, address) = (fields.next()?, fields.next()?);
    // A multicast TTL behind a slash is read past.
    let address: IpAddr = std::str::from_utf8(address.split(|&byte| byte == b'/').next()?).ok()?.parse().ok()?;
    (family == if address.is_ipv4() { b"IP4" } else { b"IP6" }).then_some(address)
}

fn is_hold(line: &Line) -> bool {
    parse_connection(&line.value) == Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

fn fields(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b' ' || byte == b'\t').filter(|field| !field.is_empty())
}

fn find_attribute<'a>(lines: &'a [Line], name: &str) -> Option<&'a [u8]> {
    lines.iter().find_map(|line| attribute_value(line, name))
}

fn attribute_value<'a>(line: &'a Line, name: &str) -> Option<&'a [u8]> {
    if line.kind != b'a' {
        return None;
    }
    match line.value.strip_prefix(name.as_bytes())? {
        [] => Some(b""),
        [b':', value @ ..] => Some(value),
        _ => None,
    }
}

fn direction_in(lines: &[Line]) -> Option<Direction> {
    lines.iter().filter(|line| line.kind == b'a').find_map(|line| Direction::from_token(&line.value))
}

fn write_lines(out: &mut Vec<u8>, lines: &[Line]) {
    for line in lines {
        out.push(line.kind);
        out.push(b'=');
        out.extend_from_slice(&line.value);
        out.extend_from_slice(b"\r\n");
    }
}
