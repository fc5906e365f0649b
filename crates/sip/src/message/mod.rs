//! SIP messages (RFC 3261 §7): one buffer, a table of offsets, values kept verbatim.
//!
//! Nothing is decoded until it is asked for, and what is not asked for is forwarded byte for byte. Values are `&[u8]`:
//! SIP is UTF-8 by its RFC and anything at all in the field.

mod build;
mod edit;
mod error;
mod header;
mod limits;
mod name_addr;
mod parse;
mod start_line;
mod stream;
mod uri;
mod validate;
mod values;
mod via;

use bytes::Bytes;
use smallvec::SmallVec;
use std::ops::Deref;

pub use build::{RequestBuilder, ResponseBuilder};
pub use edit::{Edit, EditError};
pub use error::{Fault, ParseError};
pub use header::{Name, Named};
pub use limits::Limits;
pub use name_addr::NameAddr;
pub use parse::{parse, parse_with};
pub use start_line::{Method, reason_phrase};
pub use stream::{Framed, Framer, FramingError};
pub use uri::{Scheme, Uri, host_ip};
pub use validate::validate;
pub use values::{CSeq, Params, Values, parse_u32, trim, unfold};
pub use via::Via;

use header::{Entry, HOT_NAMES, NO_SLOT};
use start_line::StartLine;

/// Number of header lines held without an allocation.
const INLINE_HEADERS: usize = 24;

/// A parsed message.
#[derive(Clone, Debug)]
pub enum Message {
    Request(Request),
    Response(Response),
}

impl Message {
    pub fn request(self) -> Option<Request> {
        match self {
            Message::Request(request) => Some(request),
            Message::Response(_) => None,
        }
    }

    pub fn response(self) -> Option<Response> {
        match self {
            Message::Response(response) => Some(response),
            Message::Request(_) => None,
        }
    }
}

impl Deref for Message {
    type Target = Envelope;
    fn deref(&self) -> &Envelope {
        match self {
            Message::Request(request) => request,
            Message::Response(response) => response,
        }
    }
}

/// What requests and responses have in common: the buffer, its header lines and its body.
#[derive(Clone)]
pub struct Envelope {
    bytes: Bytes,
    start: StartLine,
    headers: SmallVec<[Entry; INLINE_HEADERS]>,
    /// Index into `headers` of the first line of each hot header.
    slots: [u16; HOT_NAMES],
    body_start: u16,
    body_end: u16,
}

/// A request (RFC 3261 §7.1).
#[derive(Clone, Debug)]
pub struct Request(Envelope);

/// A response (RFC 3261 §7.2).
#[derive(Clone, Debug)]
pub struct Response(Envelope);

impl Deref for Request {
    type Target = Envelope;
    fn deref(&self) -> &Envelope {
        &self.0
    }
}

impl Deref for Response {
    type Target = Envelope;
    fn deref(&self) -> &Envelope {
        &self.0
    }
}

impl Request {
    pub fn method(&self) -> Method {
        match self.0.start {
            StartLine::Request { method, .. } => method,
            StartLine::Response { .. } => Method::Other,
        }
    }

    /// The method as written, also when it is none we know.
    pub fn method_token(&self) -> &[u8] {
        match self.0.start {
            StartLine::Request { method_end, .. } => self.0.slice(0, method_end),
            StartLine::Response { .. } => b"",
        }
    }

    /// The Request-URI as written.
    pub fn uri_bytes(&self) -> &[u8] {
        match self.0.start {
            StartLine::Request { uri_start, uri_end, .. } => self.0.slice(uri_start, uri_end),
            StartLine::Response { .. } => b"",
        }
    }

    /// The Request-URI, if it has a scheme we read.
    pub fn uri(&self) -> Option<Uri<'_>> {
        Uri::parse(self.uri_bytes())
    }

    /// Starts a change that leaves every other byte as it is.
    pub fn edit(&self) -> Edit<'_> {
        Edit::new(&self.0)
    }
}

impl Response {
    /// The status code, 100 to 699.
    pub fn status(&self) -> u16 {
        match self.0.start {
            StartLine::Response { status, .. } => status,
            StartLine::Request { .. } => 0,
        }
    }

    pub fn is_provisional(&self) -> bool {
        self.status() < 200
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status())
    }

    pub fn reason(&self) -> &[u8] {
        match self.0.start {
            StartLine::Response { reason_start, reason_end, .. } => self.0.slice(reason_start, reason_end),
            StartLine::Request { .. } => b"",
        }
    }

    /// Starts a change that leaves every other byte as it is.
    pub fn edit(&self) -> Edit<'_> {
        Edit::new(&self.0)
    }
}

impl Envelope {
    fn slice(&self, start: u16, end: u16) -> &[u8] {
        self.bytes.get(usize::from(start)..usize::from(end)).unwrap_or_default()
    }

    /// The whole message as it goes on the wire. Cheap: a reference count.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn body(&self) -> &[u8] {
        self.slice(self.body_start, self.body_end)
    }

    /// The body as a slice of the same buffer.
    pub fn body_bytes(&self) -> Bytes {
        self.bytes.slice(usize::from(self.body_start)..usize::from(self.body_end))
    }

    /// The value of the first line of this header, trimmed, folds left in.
    pub fn header<'n>(&self, name: impl Into<Named<'n>>) -> Option<&[u8]> {
        self.first_entry(name.into()).map(|entry| self.slice(entry.value_start, entry.value_end))
    }

    /// The values of all lines of this header, in order, commas not split.
    pub fn headers<'a, 'n: 'a>(&'a self, name: impl Into<Named<'n>>) -> impl Iterator<Item = &'a [u8]> {
        let name = name.into();
        self.headers
            .iter()
            .filter(move |entry| self.matches(entry, name))
            .map(|entry| self.slice(entry.value_start, entry.value_end))
    }

    /// The members of a comma-separated header over all its lines, each trimmed (RFC 3261 §7.3.1).
    pub fn values<'a, 'n: 'a>(&'a self, name: impl Into<Named<'n>>) -> impl Iterator<Item = &'a [u8]> {
        self.headers(name).flat_map(Values::new)
    }

    /// Every header line as written: name and value.
    pub fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.headers
            .iter()
            .map(|entry| (self.slice(entry.line_start, entry.name_end), self.slice(entry.value_start, entry.value_end)))
    }

    pub fn header_count(&self) -> usize {
        self.headers.len()
    }

    pub fn call_id(&self) -> &[u8] {
        self.header(Name::CallId).unwrap_or_default()
    }

    pub fn cseq(&self) -> Option<CSeq<'_>> {
        CSeq::parse(self.header(Name::CSeq)?)
    }

    pub fn from(&self) -> Option<NameAddr<'_>> {
        NameAddr::parse(self.header(Name::From)?)
    }

    pub fn to(&self) -> Option<NameAddr<'_>> {
        NameAddr::parse(self.header(Name::To)?)
    }

    pub fn from_tag(&self) -> Option<&[u8]> {
        self.from()?.tag()
    }

    pub fn to_tag(&self) -> Option<&[u8]> {
        self.to()?.tag()
    }

    pub fn top_via(&self) -> Option<Via<'_>> {
        Via::parse(self.values(Name::Via).next()?)
    }

    pub fn vias(&self) -> impl Iterator<Item = Option<Via<'_>>> {
        self.values(Name::Via).map(Via::parse)
    }

    /// The first Contact; `None` for `*` too.
    pub fn contact(&self) -> Option<NameAddr<'_>> {
        NameAddr::parse(self.values(Name::Contact).next()?)
    }

    /// `None` when absent or not a number.
    pub fn max_forwards(&self) -> Option<u32> {
        parse_u32(self.header(Name::MaxForwards)?)
    }

    pub fn content_type(&self) -> Option<&[u8]> {
        self.header(Name::ContentType)
    }

    /// Whether the Content-Type is this one, parameters aside.
    pub fn has_body_of(&self, media_type: &str) -> bool {
        self.content_type().is_some_and(|value| {
            let end = memchr::memchr(b';', value).unwrap_or(value.len());
            !self.body().is_empty() && trim(&value[..end]).eq_ignore_ascii_case(media_type.as_bytes())
        })
    }

    fn first_entry(&self, name: Named<'_>) -> Option<&Entry> {
        if let Named::Known(known) = name
            && let Some(hot) = known.slot()
        {
            let index = self.slots[hot];
            return if index == NO_SLOT { None } else { self.headers.get(usize::from(index)) };
        }
        self.headers.iter().find(|entry| self.matches(entry, name))
    }

    fn matches(&self, entry: &Entry, name: Named<'_>) -> bool {
        match name {
            Named::Known(known) => entry.name == known,
            Named::Other(token) => {
                entry.name == Name::Other && self.slice(entry.line_start, entry.name_end).eq_ignore_ascii_case(token)
            }
        }
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", String::from_utf8_lossy(&self.bytes))
    }
}
