//! The scanner: one pass over the header lines, no allocation of its own for an ordinary message.

use super::error::{Fault, ParseError};
use super::header::{Entry, HOT_NAMES, NO_SLOT, Name};
use super::limits::Limits;
use super::start_line::{Method, StartLine, is_token, parse_start_line};
use super::values::{Values, parse_u32, trim};
use super::via::Via;
use super::{Envelope, Message, NameAddr, Request, Response};
use bytes::{Buf, Bytes};
use smallvec::SmallVec;

/// Parses one message with the default limits. For datagrams, and for what [`super::Framer`] cuts from a stream.
pub fn parse(bytes: Bytes) -> Result<Message, ParseError> {
    parse_with(bytes, &Limits::DEFAULT)
}

/// Parses one message: start line, header lines, and the headers no transaction can do without (Via, From, To, Call-ID,
/// CSeq, each once, CSeq agreeing with the method). The rest is checked where it is read, or by [`super::validate()`].
pub fn parse_with(bytes: Bytes, limits: &Limits) -> Result<Message, ParseError> {
    let kept = bytes.clone();
    scan(bytes, limits, true).map_err(|fault| ParseError { fault, rejection: rejection(&kept, fault) })
}

/// Parses a message of our own before its Via is pushed.
pub(super) fn parse_unrouted(bytes: Bytes) -> Result<Message, Fault> {
    scan(bytes, &Limits::DEFAULT, false)
}

fn scan(mut bytes: Bytes, limits: &Limits, routed: bool) -> Result<Message, Fault> {
    // RFC 3261 §7.5: empty lines before the start line are ignored.
    let blank = bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    bytes.advance(blank);
    if bytes.is_empty() {
        return Err(Fault::Empty);
    }
    if bytes.len() > limits.message_bytes.min(Limits::MESSAGE_BYTES_MAX) {
        return Err(Fault::TooLarge("message"));
    }
    let first = line_end(&bytes, 0)?.ok_or(Fault::StartLine)?;
    let start = parse_start_line(&bytes[..first], limits.uri_bytes)?;
    let mut table =
        Table { headers: SmallVec::new(), slots: [NO_SLOT; HOT_NAMES], vias: 0, content_length: None, duplicate: None };
    let body_start = table.read_lines(&bytes, first + 2, limits)?;
    if let Some(name) = table.duplicate {
        return Err(Fault::Duplicate(name.text()));
    }
    let available = bytes.len() - body_start;
    let body_length = match table.content_length {
        Some(length) if length > available => return Err(Fault::Truncated),
        Some(length) => length,
        None => available,
    };
    // RFC 3261 §18.3: what a datagram holds beyond Content-Length is discarded.
    bytes.truncate(body_start + body_length);
    let envelope = Envelope {
        bytes,
        start,
        headers: table.headers,
        slots: table.slots,
        body_start: body_start as u16,
        body_end: (body_start + body_length) as u16,
    };
    check_mandatory(&envelope, routed)?;
    Ok(match start {
        StartLine::Request { .. } => Message::Request(Request(envelope)),
        StartLine::Response { .. } => Message::Response(Response(envelope)),
    })
}

/// Where the line that starts at `from` ends, before its CRLF. `None` if it does not.
fn line_end(bytes: &[u8], from: usize) -> Result<Option<usize>, Fault> {
    let Some(offset) = memchr::memchr2(b'\r', b'\n', &bytes[from..]) else { return Ok(None) };
    let at = from + offset;
    // A CR or LF on its own ends a line for some parsers and not for others: nothing to forward verbatim.
    match (bytes[at], bytes.get(at + 1)) {
        (b'\r', Some(b'\n')) => Ok(Some(at)),
        _ => Err(Fault::LineBreak),
    }
}

struct Table {
    headers: SmallVec<[Entry; super::INLINE_HEADERS]>,
    slots: [u16; HOT_NAMES],
    vias: usize,
    content_length: Option<usize>,
    duplicate: Option<Name>,
}

impl Table {
    /// Reads lines up to the empty one; returns where the body starts.
    fn read_lines(&mut self, bytes: &[u8], mut at: usize, limits: &Limits) -> Result<usize, Fault> {
        loop {
            let mut end = line_end(bytes, at)?.ok_or(Fault::Unterminated)?;
            if end == at {
                return Ok(at + 2);
            }
            while matches!(bytes.get(end + 2), Some(b' ' | b'\t')) {
                end = line_end(bytes, end + 2)?.ok_or(Fault::Unterminated)?;
            }
            if end - at > limits.header_bytes {
                return Err(Fault::TooLarge("header"));
            }
            if self.headers.len() >= limits.headers {
                return Err(Fault::TooMany("headers"));
            }
            self.add_line(bytes, at, end, limits)?;
            at = end + 2;
        }
    }

    fn add_line(&mut self, bytes: &[u8], start: usize, end: usize, limits: &Limits) -> Result<(), Fault> {
        let line = &bytes[start..end];
        let colon = memchr::memchr(b':', line).ok_or(Fault::HeaderLine)?;
        let mut name_length = colon;
        while name_length > 0 && matches!(line[name_length - 1], b' ' | b'\t') {
            name_length -= 1;
        }
        let token = &line[..name_length];
        let name = Name::from_token(token);
        // A known name is a token by itself.
        if name == Name::Other && (token.is_empty() || !token.iter().all(|&b| is_token(b))) {
            return Err(Fault::HeaderLine);
        }
        let raw = &line[colon + 1..];
        let value = trim(raw);
        let lead = raw.len() - trim_start_length(raw);
        let value_start = start + colon + 1 + lead;
        if let Some(hot) = name.slot() {
            if self.slots[hot] == NO_SLOT {
                self.slots[hot] = self.headers.len() as u16;
            } else if name.is_single() {
                self.duplicate = Some(name);
            }
        }
        match name {
            Name::Via => {
                self.vias += Values::new(value).count();
                if self.vias > limits.vias {
                    return Err(Fault::TooMany("Via values"));
                }
            }
            Name::ContentLength => {
                let length = parse_u32(value).ok_or(Fault::Invalid("Content-Length"))?;
                self.content_length = Some(length as usize);
            }
            _ => {}
        }
        self.headers.push(Entry {
            name,
            line_start: start as u16,
            name_end: (start + name_length) as u16,
            value_start: value_start as u16,
            value_end: (value_start + value.len()) as u16,
            line_end: (end + 2) as u16,
        });
        Ok(())
    }
}

fn trim_start_length(raw: &[u8]) -> usize {
    raw.iter().position(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n')).map_or(0, |first| raw.len() - first)
}

/// RFC 3261 §8.1.1 and §8.1.1.5, without which neither a transaction nor a reply can be told.
fn check_mandatory(envelope: &Envelope, routed: bool) -> Result<(), Fault> {
    for name in [Name::From, Name::To, Name::CallId, Name::CSeq] {
        if envelope.header(name).ok_or(Fault::Missing(name.text()))?.is_empty() {
            return Err(Fault::Invalid(name.text()));
        }
    }
    if routed {
        let top = envelope.values(Name::Via).next().ok_or(Fault::Missing("Via"))?;
        Via::parse(top).ok_or(Fault::Invalid("Via"))?;
    }
    let cseq = envelope.cseq().ok_or(Fault::Invalid("CSeq"))?;
    if let StartLine::Request { method_end, .. } = envelope.start
        && cseq.method != envelope.slice(0, method_end)
    {
        return Err(Fault::MethodMismatch);
    }
    Ok(())
}

/// Builds the reply to what could not be parsed, from the lines that can be read on their own.
fn rejection(bytes: &[u8], fault: Fault) -> Option<Bytes> {
    const COPIED_BYTES_MAX: usize = 8 * 1024;
    let blank = bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let bytes = &bytes[blank..bytes.len().min(blank + Limits::MESSAGE_BYTES_MAX)];
    let mut lines = logical_lines(bytes);
    let first = lines.next()?;
    let method = &first[..memchr::memchr(b' ', first)?];
    let is_response = first.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"));
    if is_response || Method::from_token(method) == Method::Ack || !method.iter().all(|&b| is_token(b)) {
        return None;
    }
    let mut out = Vec::with_capacity(512);
    let status = fault.status();
    out.extend_from_slice(format!("SIP/2.0 {status} {} ({fault})\r\n", super::reason_phrase(status)).as_bytes());
    let mut seen: SmallVec<[Name; 8]> = SmallVec::new();
    for line in lines {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let name = Name::from_token(trim(&line[..colon]));
        let value = trim(&line[colon + 1..]);
        let wanted = matches!(name, Name::Via | Name::From | Name::To | Name::CallId | Name::CSeq);
        if !wanted || (name != Name::Via && seen.contains(&name)) || has_stray_break(value) {
            continue;
        }
        if name == Name::Via && !seen.contains(&Name::Via) {
            Via::parse(Values::new(value).next()?)?;
        }
        if out.len() + value.len() > COPIED_BYTES_MAX {
            return None;
        }
        seen.push(name);
        out.extend_from_slice(name.text().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        // RFC 3261 §8.2.6.2 wants a tag; a stateless one is the same for each retransmission.
        if name == Name::To && NameAddr::parse(value).is_some_and(|to| to.tag().is_none()) {
            out.extend_from_slice(b";tag=malformed");
        }
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"Content-Length: 0\r\n\r\n");
    seen.contains(&Name::Via).then(|| Bytes::from(out))
}

fn has_stray_break(value: &[u8]) -> bool {
    super::edit::line_breaks_are_folds(value).is_err()
}

/// Lines with their folds, ended by CRLF or LF, up to the first empty one.
fn logical_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let mut end = 0;
        loop {
            let Some(offset) = memchr::memchr(b'\n', &rest[end..]) else {
                end = rest.len();
                break;
            };
            end += offset + 1;
            if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let line = &rest[..end];
        rest = &rest[end..];
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (!line.is_empty()).then_some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf: <sip:x@y>;tag=1\r\n\
        t: <sip:a@b>\r\nSubject: one\r\n  two\r\ni: id\r\nCSeq: 1 OPTIONS\r\nX-Bytes: \u{fffd}\r\nl: 2\r\n\r\nhiEXTRA";

    fn fault(text: &str) -> ParseError {
        match parse(Bytes::copy_from_slice(text.as_bytes())) {
            Err(error) => error,
            Ok(message) => panic!("parsed: {message:?}"),
        }
    }

    #[test]
    fn compact_forms_folds_and_trailing_bytes() {
        let request = parse(Bytes::from_static(OPTIONS.as_bytes())).unwrap().request().unwrap();
        assert_eq!(request.method(), Method::Options);
        assert_eq!(request.uri_bytes(), b"sip:a@b");
        assert_eq!(request.header(Name::Subject), Some(&b"one\r\n  two"[..]));
        assert_eq!(request.header("subject"), request.header("s"));
        assert_eq!(request.header("x-BYTES"), Some("\u{fffd}".as_bytes()));
        assert_eq!(request.from_tag(), Some(&b"1"[..]));
        assert_eq!(request.to_tag(), None);
        assert_eq!(request.body(), b"hi");
        assert_eq!(request.bytes().len(), OPTIONS.len() - 5);
    }

    #[test]
    fn a_byte_that_is_not_utf8_hides_nothing() {
        let mut raw = OPTIONS.as_bytes().to_vec();
        let at = raw.windows(3).position(|window| window == "\u{fffd}".as_bytes()).unwrap();
        raw[at..at + 3].copy_from_slice(&[0xff, 0x00, 0xfe]);
        let request = parse(Bytes::from(raw)).unwrap().request().unwrap();
        assert_eq!(request.header("X-Bytes"), Some(&[0xff, 0x00, 0xfe][..]));
        assert_eq!(request.body(), b"hi");
    }

    #[test]
    fn faults_and_whether_they_can_be_answered() {
        for (from, to, expected, answered) in [
            ("i: id\r\n", "", Fault::Missing("Call-ID"), true),
            ("i: id\r\n", "i: id\r\ni: ie\r\n", Fault::Duplicate("Call-ID"), true),
            ("v: SIP/2.0/UDP h;branch=z9hG4bK1\r\n", "", Fault::Missing("Via"), false),
            ("v: SIP/2.0/UDP h", "v: SIP/2.0/UDP", Fault::Invalid("Via"), false),
            ("1 OPTIONS", "1 INVITE", Fault::MethodMismatch, true),
            ("1 OPTIONS", "4294967296 OPTIONS", Fault::Invalid("CSeq"), true),
            ("l: 2", "l: 99", Fault::Truncated, true),
            ("l: 2", "l: -1", Fault::Invalid("Content-Length"), true),
            ("SIP/2.0\r\nv", "SIP/7.0\r\nv", Fault::Version, true),
            ("sip:a@b SIP", "sip:a@b  SIP", Fault::Invalid("Request-URI"), true),
            ("i: id\r\n", "i: id\n", Fault::LineBreak, true),
            ("i: id\r\n", "i id\r\n", Fault::HeaderLine, true),
            ("\r\n\r\nhiEXTRA", "\r\n", Fault::Unterminated, true),
        ] {
            let error = fault(&OPTIONS.replacen(from, to, 1));
            assert_eq!(error.fault, expected, "{to}");
            assert_eq!(error.rejection.is_some(), answered, "{to}");
            if let Some(bytes) = error.rejection {
                assert!(bytes.starts_with(format!("SIP/2.0 {}", expected.status()).as_bytes()));
            }
        }
        assert_eq!(fault("\r\n\r\n").fault, Fault::Empty);
    }

    #[test]
    fn nothing_answers_an_ack_or_a_response() {
        assert_eq!(fault(&OPTIONS.replace("OPTIONS", "ACK").replace("l: 2", "l: x")).rejection, None);
        let response = OPTIONS.replacen("OPTIONS sip:a@b SIP/2.0", "SIP/2.0 999 No", 1);
        let error = fault(&response);
        assert_eq!((error.fault, error.rejection), (Fault::Status, None));
    }

    #[test]
    fn limits_hold() {
        let limits = Limits { headers: 6, ..Limits::DEFAULT };
        assert_eq!(
            parse_with(Bytes::from_static(OPTIONS.as_bytes()), &limits).unwrap_err().fault,
            Fault::TooMany("headers")
        );
        let limits = Limits { vias: 0, ..Limits::DEFAULT };
        assert_eq!(
            parse_with(Bytes::from_static(OPTIONS.as_bytes()), &limits).unwrap_err().fault,
            Fault::TooMany("Via values")
        );
        assert_eq!(parse(Bytes::from(vec![b'a'; 70_000])).unwrap_err().fault, Fault::TooLarge("message"));
    }
}
