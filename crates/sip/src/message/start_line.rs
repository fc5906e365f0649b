use super::error::Fault;
use super::values::parse_u32;

/// Methods the stack treats by name; the rest is `Other` and read through its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    Invite,
    Ack,
    Bye,
    Cancel,
    Options,
    Register,
    Prack,
    Update,
    Refer,
    Info,
    Subscribe,
    Notify,
    Message,
    Publish,
    Other,
}

impl Method {
    /// Methods are case-sensitive (RFC 3261 §7.1).
    pub fn from_token(token: &[u8]) -> Method {
        match token {
            b"INVITE" => Method::Invite,
            b"ACK" => Method::Ack,
            b"BYE" => Method::Bye,
            b"CANCEL" => Method::Cancel,
            b"OPTIONS" => Method::Options,
            b"REGISTER" => Method::Register,
            b"PRACK" => Method::Prack,
            b"UPDATE" => Method::Update,
            b"REFER" => Method::Refer,
            b"INFO" => Method::Info,
            b"SUBSCRIBE" => Method::Subscribe,
            b"NOTIFY" => Method::Notify,
            b"MESSAGE" => Method::Message,
            b"PUBLISH" => Method::Publish,
            _ => Method::Other,
        }
    }

    /// As written; empty for `Other`.
    pub const fn token(self) -> &'static str {
        match self {
            Method::Invite => "INVITE",
            Method::Ack => "ACK",
            Method::Bye => "BYE",
            Method::Cancel => "CANCEL",
            Method::Options => "OPTIONS",
            Method::Register => "REGISTER",
            Method::Prack => "PRACK",
            Method::Update => "UPDATE",
            Method::Refer => "REFER",
            Method::Info => "INFO",
            Method::Subscribe => "SUBSCRIBE",
            Method::Notify => "NOTIFY",
            Method::Message => "MESSAGE",
            Method::Publish => "PUBLISH",
            Method::Other => "",
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum StartLine {
    Request { method: Method, method_end: u16, uri_start: u16, uri_end: u16 },
    Response { status: u16, reason_start: u16, reason_end: u16 },
}

const VERSION: &[u8] = b"SIP/2.0";

/// Parses the first `line` of a message, its CRLF taken off. `Err` carries the fault.
pub(super) fn parse_start_line(line: &[u8], uri_bytes_max: usize) -> Result<StartLine, Fault> {
    if line.len() >= 8 && line[..4].eq_ignore_ascii_case(b"SIP/") {
        return parse_status_line(line);
    }
    let method_end = memchr::memchr(b' ', line).ok_or(Fault::StartLine)?;
    let uri_end = memchr::memrchr(b' ', line).ok_or(Fault::StartLine)?;
    let method = &line[..method_end];
    if method.is_empty() || !method.iter().all(|&b| is_token(b)) {
        return Err(Fault::StartLine);
    }
    let version = &line[uri_end + 1..];
    if !version.eq_ignore_ascii_case(VERSION) {
        return Err(if version.len() > 4 && version[..4].eq_ignore_ascii_case(b"SIP/") {
            Fault::Version
        } else {
            Fault::StartLine
        });
    }
    // A second space, before, in or after the URI, is no grammar of ours (RFC 4475 §3.1.2.7, §3.1.2.8, §3.1.2.10).
    let uri = line.get(method_end + 1..uri_end).ok_or(Fault::StartLine)?;
    if uri.is_empty() || uri.iter().any(|&b| b <= b' ' || b == b'<' || b == b'>' || b == b'"' || b == 0x7f) {
        return Err(Fault::Invalid("Request-URI"));
    }
    if uri.len() > uri_bytes_max {
        return Err(Fault::TooLarge("Request-URI"));
    }
    Ok(StartLine::Request {
        method: Method::from_token(method),
        method_end: method_end as u16,
        uri_start: method_end as u16 + 1,
        uri_end: uri_end as u16,
    })
}

fn parse_status_line(line: &[u8]) -> Result<StartLine, Fault> {
    if !line[..VERSION.len()].eq_ignore_ascii_case(VERSION) || line.get(VERSION.len()) != Some(&b' ') {
        return Err(Fault::Version);
    }
    let code = line.get(8..11).ok_or(Fault::Status)?;
    // The reason may be empty, and some leave its space out too.
    if !matches!(line.get(11), None | Some(b' ')) {
        return Err(Fault::Status);
    }
    let status = parse_u32(code).filter(|code| (100..700).contains(code)).ok_or(Fault::Status)?;
    let reason_start = line.len().min(12) as u16;
    Ok(StartLine::Response { status: status as u16, reason_start, reason_end: line.len() as u16 })
}

/// RFC 3261 §25.1 `token`.
pub(super) fn is_token(byte: u8) -> bool {
    TOKEN[byte as usize]
}

static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric()
            || matches!(byte as u8, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~');
        byte += 1;
    }
    table
};

/// The customary phrase of a status code (RFC 3261 §21 and the RFCs after it).
pub fn reason_phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        429 => "Too Many Requests",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => match status / 100 {
            1 => "Progress",
            2 => "Success",
            3 => "Redirection",
            4 => "Request Failure",
            5 => "Server Failure",
            _ => "Global Failure",
        },
    }
}
