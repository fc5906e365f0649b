use bytes::Bytes;

/// Why bytes are no SIP message. The peer's fault, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("empty datagram")]
    Empty,
    #[error("no start line")]
    StartLine,
    #[error("not SIP/2.0")]
    Version,
    #[error("status code out of range")]
    Status,
    #[error("header line without a name or colon")]
    HeaderLine,
    #[error("line break that is not CRLF")]
    LineBreak,
    #[error("headers not ended by an empty line")]
    Unterminated,
    #[error("missing {0} header")]
    Missing(&'static str),
    #[error("more than one {0} header")]
    Duplicate(&'static str),
    #[error("invalid {0}")]
    Invalid(&'static str),
    #[error("CSeq method differs from the request's")]
    MethodMismatch,
    #[error("body shorter than Content-Length")]
    Truncated,
    #[error("{0} too large")]
    TooLarge(&'static str),
    #[error("too many {0}")]
    TooMany(&'static str),
}

impl Fault {
    /// The status a server answers with, where it can (RFC 3261 §21.4, §21.5).
    pub fn status(self) -> u16 {
        match self {
            Fault::Version => 505,
            Fault::TooLarge("Request-URI") => 414,
            Fault::TooLarge(_) => 513,
            _ => 400,
        }
    }
}

/// A parse that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct ParseError {
    pub fault: Fault,
    /// The response to send to where the message came from: there is one if it was a request other than ACK and its
    /// Via, From, To, Call-ID and CSeq survive to be copied. Without one, drop and count.
    pub rejection: Option<Bytes>,
}
