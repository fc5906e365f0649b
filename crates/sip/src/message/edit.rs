//! Changes by splicing: what is not named stays byte for byte.

use super::header::{Entry, Name, Named};
use super::parse::parse_unrouted;
use super::start_line::StartLine;
use super::values::Values;
use super::{Envelope, Fault, Message, Request, Response};
use bytes::Bytes;
use smallvec::SmallVec;

/// Why a change, or a message of our own, was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("a value with a line break would add a header")]
    LineBreak,
    #[error("two changes of the same bytes")]
    Overlap,
    #[error("the result is no SIP message: {0}")]
    Invalid(#[from] Fault),
}

struct Splice {
    start: usize,
    end: usize,
    text: std::ops::Range<usize>,
}

/// Changes to a message, applied in one copy by `finish*`. Positions refer to the message as it was, so that each
/// part may be changed once.
pub struct Edit<'a> {
    envelope: &'a Envelope,
    splices: SmallVec<[Splice; 8]>,
    text: Vec<u8>,
    failed: Option<EditError>,
}

impl<'a> Edit<'a> {
    pub(super) fn new(envelope: &'a Envelope) -> Self {
        Edit { envelope, splices: SmallVec::new(), text: Vec::new(), failed: None }
    }

    /// Replaces the Request-URI.
    pub fn uri(&mut self, uri: &[u8]) -> &mut Self {
        if let StartLine::Request { uri_start, uri_end, .. } = self.envelope.start {
            self.splice(usize::from(uri_start), usize::from(uri_end), &[uri]);
        }
        self
    }

    /// Adds a line before the first of this name, or before all headers.
    pub fn push_front<'n>(&mut self, name: impl Into<Named<'n>>, value: impl AsRef<[u8]>) -> &mut Self {
        let name = name.into();
        let at = self.envelope.first_entry(name).or(self.envelope.headers.first()).map_or(0, |entry| entry.line_start);
        self.insert_line(usize::from(at), name, value.as_ref())
    }

    /// Adds a line after all headers.
    pub fn append<'n>(&mut self, name: impl Into<Named<'n>>, value: impl AsRef<[u8]>) -> &mut Self {
        let at = self.envelope.headers.last().map_or(0, |entry| usize::from(entry.line_end));
        self.insert_line(at, name.into(), value.as_ref())
    }

    /// Makes this the only line of its name, in the place of the first.
    pub fn set<'n>(&mut self, name: impl Into<Named<'n>>, value: impl AsRef<[u8]>) -> &mut Self {
        let name = name.into();
        let lines = self.lines(name);
        match lines.split_first() {
            None => self.append(name, value),
            Some((first, others)) => {
                self.splice(usize::from(first.value_start), usize::from(first.value_end), &[value.as_ref()]);
                for line in others {
                    self.splice(usize::from(line.line_start), usize::from(line.line_end), &[]);
                }
                self
            }
        }
    }

    /// Removes all lines of this name.
    pub fn remove<'n>(&mut self, name: impl Into<Named<'n>>) -> &mut Self {
        for line in self.lines(name.into()) {
            self.splice(usize::from(line.line_start), usize::from(line.line_end), &[]);
        }
        self
    }

    /// Replaces the first member of a comma-separated header.
    pub fn replace_first<'n>(&mut self, name: impl Into<Named<'n>>, value: impl AsRef<[u8]>) -> &mut Self {
        if let Some(member) = self.envelope.values(name).next() {
            let start = self.offset_of(member);
            self.splice(start, start + member.len(), &[value.as_ref()]);
        }
        self
    }

    /// Removes the first `count` members of a comma-separated header over all its lines: `pop(Name::Via, 1)`.
    pub fn pop<'n>(&mut self, name: impl Into<Named<'n>>, mut count: usize) -> &mut Self {
        for line in self.lines(name.into()) {
            if count == 0 {
                break;
            }
            let value = self.envelope.slice(line.value_start, line.value_end);
            let members: SmallVec<[&[u8]; 8]> = Values::new(value).collect();
            if members.len() <= count {
                count -= members.len();
                self.splice(usize::from(line.line_start), usize::from(line.line_end), &[]);
            } else {
                let kept = self.offset_of(members[count]);
                count = 0;
                self.splice(usize::from(line.value_start), kept, &[]);
            }
        }
        self
    }

    /// Replaces the body, its type (`None`: no body) and its length.
    pub fn body(&mut self, content: Option<(&str, &[u8])>) -> &mut Self {
        let (start, end) = (usize::from(self.envelope.body_start), usize::from(self.envelope.body_end));
        let body = content.map_or(&b""[..], |(_, body)| body);
        match content {
            Some((content_type, _)) => self.set(Name::ContentType, content_type),
            None => self.remove(Name::ContentType),
        };
        self.set(Name::ContentLength, body.len().to_string());
        self.raw_splice(start, end, &[body]);
        self
    }

    /// The changed message as bytes, not parsed again: for forwarding.
    ///
    /// # Errors
    /// A value with a line break, or overlapping changes.
    pub fn finish(&mut self) -> Result<Bytes, EditError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        // Stable, so that insertions at one place keep the order they were asked in.
        self.splices.sort_by_key(|splice| splice.start);
        let source = &self.envelope.bytes;
        let mut out = Vec::with_capacity(source.len() + self.text.len());
        let mut at = 0;
        for splice in &self.splices {
            if splice.start < at {
                return Err(EditError::Overlap);
            }
            out.extend_from_slice(&source[at..splice.start]);
            out.extend_from_slice(&self.text[splice.text.clone()]);
            at = splice.end;
        }
        out.extend_from_slice(&source[at..]);
        Ok(Bytes::from(out))
    }

    /// The changed request, parsed again.
    ///
    /// # Errors
    /// As [`Edit::finish`], or if it is no valid request any more.
    pub fn finish_request(&mut self) -> Result<Request, EditError> {
        match parse_unrouted(self.finish()?)? {
            Message::Request(request) => Ok(request),
            Message::Response(_) => Err(EditError::Invalid(Fault::StartLine)),
        }
    }

    /// The changed response, parsed again.
    ///
    /// # Errors
    /// As [`Edit::finish`], or if it is no valid response any more.
    pub fn finish_response(&mut self) -> Result<Response, EditError> {
        match parse_unrouted(self.finish()?)? {
            Message::Response(response) => Ok(response),
            Message::Request(_) => Err(EditError::Invalid(Fault::StartLine)),
        }
    }

    fn lines(&self, name: Named<'_>) -> SmallVec<[Entry; 4]> {
        self.envelope.headers.iter().filter(|entry| self.envelope.matches(entry, name)).copied().collect()
    }

    fn offset_of(&self, part: &[u8]) -> usize {
        part.as_ptr() as usize - self.envelope.bytes.as_ptr() as usize
    }

    fn insert_line(&mut self, at: usize, name: Named<'_>, value: &[u8]) -> &mut Self {
        if let Err(error) = line_breaks_are_folds(value) {
            self.failed = Some(error);
        }
        self.raw_splice(at, at, &[name.text(), b": ", value, b"\r\n"]);
        self
    }

    fn splice(&mut self, start: usize, end: usize, parts: &[&[u8]]) {
        if let Some(error) = parts.iter().find_map(|part| line_breaks_are_folds(part).err()) {
            self.failed = Some(error);
        }
        self.raw_splice(start, end, parts);
    }

    fn raw_splice(&mut self, start: usize, end: usize, parts: &[&[u8]]) {
        let text_start = self.text.len();
        for part in parts {
            self.text.extend_from_slice(part);
        }
        self.splices.push(Splice { start, end, text: text_start..self.text.len() });
    }
}

impl std::fmt::Debug for Edit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edit").field("changes", &self.splices.len()).finish_non_exhaustive()
    }
}

/// A value may be folded, as copied from another message, but may not start a line of its own.
pub(super) fn line_breaks_are_folds(value: &[u8]) -> Result<(), EditError> {
    let mut rest = value;
    while let Some(at) = memchr::memchr2(b'\r', b'\n', rest) {
        match &rest[at..] {
            [b'\r', b'\n', b' ' | b'\t', after @ ..] => rest = after,
            _ => return Err(EditError::LineBreak),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    const INVITE: &str = "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP one, SIP/2.0/UDP two\r\nOdd:  \u{1} kept \r\n\
        v: SIP/2.0/UDP three\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: id\r\nCSeq: 1 INVITE\r\n\
        Max-Forwards: 70\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nhi";

    fn invite() -> Request {
        parse(Bytes::from_static(INVITE.as_bytes())).unwrap().request().unwrap()
    }

    fn hosts(request: &Request) -> Vec<String> {
        request.vias().map(|via| String::from_utf8_lossy(via.unwrap().host).into_owned()).collect()
    }

    #[test]
    fn no_change_is_the_same_bytes() {
        assert_eq!(invite().edit().finish().unwrap(), INVITE.as_bytes());
    }

    #[test]
    fn vias_are_pushed_and_popped_over_lines_and_lists() {
        let request = invite();
        for (count, left) in [
            (0, vec!["zero", "one", "two", "three"]),
            (1, vec!["zero", "two", "three"]),
            (2, vec!["zero", "three"]),
            (3, vec!["zero"]),
        ] {
            let mut edit = request.edit();
            let changed =
                edit.push_front(Name::Via, "SIP/2.0/UDP zero").pop(Name::Via, count).finish_request().unwrap();
            assert_eq!(hosts(&changed), left);
            assert!(changed.bytes().windows(8).any(|window| window == b"\x01 kept \r"), "other bytes kept");
        }
    }

    #[test]
    fn a_proxy_hop() {
        let changed = invite()
            .edit()
            .uri(b"sip:c@d")
            .set(Name::MaxForwards, "69")
            .push_front(Name::RecordRoute, "<sip:p;lr>")
            .append("X-New", "1")
            .remove("odd")
            .body(Some(("application/sdp", b"v=0\r\n")))
            .finish_request()
            .unwrap();
        assert_eq!(changed.uri_bytes(), b"sip:c@d");
        assert_eq!(changed.max_forwards(), Some(69));
        assert_eq!(changed.header("x-new"), Some(&b"1"[..]));
        assert_eq!(changed.header("Odd"), None);
        assert_eq!(changed.body(), b"v=0\r\n");
        assert!(changed.has_body_of("application/sdp"));
    }

    #[test]
    fn injection_and_conflicts_are_refused() {
        let request = invite();
        for value in ["a\r\nEvil: 1", "a\n", "a\rb", "a\r\n"] {
            assert_eq!(request.edit().append("X", value).finish(), Err(EditError::LineBreak), "{value:?}");
            assert_eq!(request.edit().set(Name::To, value).finish(), Err(EditError::LineBreak), "{value:?}");
        }
        assert!(request.edit().append("X", "a\r\n b").finish_request().is_ok());
        assert_eq!(request.edit().set(Name::To, "<sip:q>").set(Name::To, "<sip:r>").finish(), Err(EditError::Overlap));
        assert!(request.edit().uri(b"sip:a b").finish_request().is_err());
    }
}
