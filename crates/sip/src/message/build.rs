//! Messages of our own.

use super::edit::{EditError, line_breaks_are_folds};
use super::header::{Name, Named};
use super::parse::parse_unrouted;
use super::start_line::{Method, is_token, reason_phrase};
use super::{Fault, Message, Request, Response};
use bytes::Bytes;

/// RFC 3261 §8.1.1.6.
const MAX_FORWARDS: &str = "70";

#[derive(Clone, Debug)]
struct Writer {
    head: Vec<u8>,
    body: Bytes,
    failed: Option<EditError>,
}

impl Writer {
    fn line(&mut self, name: &[u8], value: &[u8]) {
        if let Err(error) = line_breaks_are_folds(value) {
            self.failed = Some(error);
        }
        if name.is_empty() || !name.iter().all(|&b| is_token(b)) {
            self.failed = Some(EditError::Invalid(Fault::HeaderLine));
        }
        for part in [name, b": ", value, b"\r\n"] {
            self.head.extend_from_slice(part);
        }
    }

    fn finish(mut self) -> Result<Message, EditError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.head.extend_from_slice(format!("Content-Length: {}\r\n\r\n", self.body.len()).as_bytes());
        self.head.extend_from_slice(&self.body);
        Ok(parse_unrouted(Bytes::from(self.head))?)
    }
}

/// Writes a request, headers in the order they are given. It has no Via: [`crate::transaction`] pushes it.
#[derive(Clone, Debug)]
pub struct RequestBuilder {
    writer: Writer,
    max_forwards: bool,
}

impl RequestBuilder {
    pub fn new(method: Method, uri: &[u8]) -> Self {
        Self::with_token(method.token().as_bytes(), uri)
    }

    /// For a method without a [`Method`] of its own.
    pub fn with_token(method: &[u8], uri: &[u8]) -> Self {
        let mut head = Vec::with_capacity(512);
        for part in [method, b" ", uri, b" SIP/2.0\r\n"] {
            head.extend_from_slice(part);
        }
        RequestBuilder { writer: Writer { head, body: Bytes::new(), failed: None }, max_forwards: false }
    }

    pub fn header<'n>(mut self, name: impl Into<Named<'n>>, value: impl AsRef<[u8]>) -> Self {
        let name = name.into();
        self.max_forwards |= name == Named::Known(Name::MaxForwards);
        self.writer.line(name.text(), value.as_ref());
        self
    }

    pub fn cseq(self, number: u32, method: Method) -> Self {
        self.header(Name::CSeq, format!("{number} {}", method.token()))
    }

    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.writer.line(b"Content-Type", content_type.as_bytes());
        self.writer.body = body.into();
        self
    }

    /// # Errors
    /// A value with a line break, or a mandatory header that is missing or repeated.
    pub fn build(mut self) -> Result<Request, EditError> {
        if !self.max_forwards {
            self.writer.line(b"Max-Forwards", MAX_FORWARDS.as_bytes());
        }
        match self.writer.finish()? {
            Message::Request(request) => Ok(request),
            Message::Response(_) => Err(EditError::Invalid(Fault::StartLine)),
        }
    }
}

/// Writes the response to a request (RFC 3261 §8.2.6).
#[derive(Clone, Debug)]
pub struct ResponseBuilder<'a> {
    request: &'a Request,
    status: u16,
    reason: Option<String>,
    tag: Option<Vec<u8>>,
    headers: Writer,
}

impl<'a> ResponseBuilder<'a> {
    pub fn new(request: &'a Request, status: u16) -> Self {
        let headers = Writer { head: Vec::with_capacity(256), body: Bytes::new(), failed: None };
        ResponseBuilder { request, status, reason: None, tag: None, headers }
    }

    /// Instead of the customary phrase.
    pub fn reason(mut self, phrase: &str) -> Self {
        self.reason = Some(phrase.to_owned());
        self
    }

    /// The To tag, if the request has none. Without it a tag is left out, as a 100 may.
    pub fn tag(mut self, tag: &[u8]) -> Self {
        self.tag = Some(tag.to_vec());
        self
    }

    pub fn header<'n>(mut self, name: impl Into<Named<'n>>, value: impl AsRef<[u8]>) -> Self {
        self.headers.line(name.into().text(), value.as_ref());
        self
    }

    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.headers.line(b"Content-Type", content_type.as_bytes());
        self.headers.body = body.into();
        self
    }

    /// # Errors
    /// A value with a line break, a status out of range, or a header given twice that may be there once.
    pub fn build(self) -> Result<Response, EditError> {
        let request = self.request;
        let reason = self.reason.as_deref().unwrap_or(reason_phrase(self.status));
        line_breaks_are_folds(reason.as_bytes())?;
        let head = Vec::with_capacity(request.len() + self.headers.head.len());
        let mut writer = Writer { head, body: self.headers.body, failed: self.headers.failed };
        writer.head.extend_from_slice(format!("SIP/2.0 {} {reason}\r\n", self.status).as_bytes());
        let forms_dialog = (101..300).contains(&self.status)
            && matches!(request.method(), Method::Invite | Method::Subscribe | Method::Refer | Method::Notify);
        for name in [Name::Via, Name::RecordRoute, Name::From, Name::To, Name::CallId, Name::CSeq, Name::Timestamp] {
            if (name == Name::RecordRoute && !forms_dialog) || (name == Name::Timestamp && self.status != 100) {
                continue;
            }
            for value in request.headers(name) {
                match &self.tag {
                    Some(tag) if name == Name::To && request.to_tag().is_none() => {
                        writer.line(name.text().as_bytes(), &[value, b";tag=", tag].concat());
                    }
                    _ => writer.line(name.text().as_bytes(), value),
                }
            }
        }
        writer.head.extend_from_slice(&self.headers.head);
        match writer.finish()? {
            Message::Response(response) => Ok(response),
            Message::Request(_) => Err(EditError::Invalid(Fault::StartLine)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite() -> RequestBuilder {
        RequestBuilder::new(Method::Invite, b"sip:a@b")
            .header(Name::From, "<sip:x@y>;tag=1")
            .header(Name::To, "<sip:a@b>")
            .header(Name::CallId, "id")
            .cseq(7, Method::Invite)
    }

    #[test]
    fn a_request_and_its_response() {
        let request =
            invite().header(Name::RecordRoute, "<sip:p;lr>").body("application/sdp", "v=0\r\n").build().unwrap();
        assert_eq!(request.max_forwards(), Some(70));
        let ok = ResponseBuilder::new(&request, 200).tag(b"t2").header(Name::Contact, "<sip:me>").build().unwrap();
        assert_eq!((ok.status(), ok.reason()), (200, &b"OK"[..]));
        assert_eq!(ok.to_tag(), Some(&b"t2"[..]));
        assert_eq!(ok.header(Name::RecordRoute), Some(&b"<sip:p;lr>"[..]));
        assert_eq!(ok.cseq().unwrap().number, 7);
        let busy = ResponseBuilder::new(&request, 486).build().unwrap();
        assert_eq!(busy.header(Name::RecordRoute), None);
    }

    #[test]
    fn header_injection_is_refused() {
        assert!(invite().header("X", "a\r\nB: c").build().is_err());
        assert!(invite().header("X y", "a").build().is_err());
        let request = invite().build().unwrap();
        assert!(ResponseBuilder::new(&request, 200).reason("x\r\nEvil: 1").build().is_err());
        assert!(ResponseBuilder::new(&request, 99).build().is_err());
    }

    #[test]
    fn what_is_missing_is_refused() {
        assert!(RequestBuilder::new(Method::Invite, b"sip:a@b").build().is_err());
    }
}
