//! Framing on a stream (RFC 3261 §18.3, keep-alives of RFC 5626 §3.5.1).

use super::header::Name;
use super::limits::Limits;
use super::values::{parse_u32, trim};
use bytes::{Buf, Bytes, BytesMut};

/// What a stream held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framed {
    /// One whole message, not yet parsed.
    Message(Bytes),
    /// A double CRLF: answer with one CRLF.
    Ping,
    /// A single CRLF: the answer to our ping.
    Pong,
}

/// After any of these where the next message starts is unknown: close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    #[error("message exceeds the limit")]
    TooLarge,
    #[error("no usable Content-Length on a stream")]
    ContentLength,
}

/// Cuts a byte stream into messages. Holds at most one message of [`Limits::message_bytes`] and what arrived with it.
#[derive(Debug)]
pub struct Framer {
    buffer: BytesMut,
    limits: Limits,
    /// Up to here no end of headers was found.
    scanned: usize,
    failed: Option<FramingError>,
}

impl Framer {
    pub fn new(limits: Limits) -> Self {
        Framer { buffer: BytesMut::new(), limits, scanned: 0, failed: None }
    }

    /// Adds what was read. Drain [`Framer::next`] after each call.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Bytes that wait for the rest of their message.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// The next message or keep-alive, `None` when more bytes are needed.
    ///
    /// # Errors
    /// The stream cannot be read on; the same error is given from then on.
    #[expect(clippy::should_implement_trait, reason = "more may come after a None")]
    pub fn next(&mut self) -> Result<Option<Framed>, FramingError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.cut().inspect_err(|&error| {
            self.failed = Some(error);
            self.buffer = BytesMut::new();
        })
    }

    fn cut(&mut self) -> Result<Option<Framed>, FramingError> {
        if self.buffer.starts_with(b"\r\n\r\n") {
            self.buffer.advance(4);
            self.scanned = 0;
            return Ok(Some(Framed::Ping));
        }
        if self.buffer.starts_with(b"\r\n") {
            // Two more may be under way; a third byte tells.
            if matches!(&self.buffer[2..], [] | [b'\r']) {
                return Ok(self.single_crlf());
            }
            self.buffer.advance(2);
            self.scanned = 0;
            return Ok(Some(Framed::Pong));
        }
        let from = self.scanned.saturating_sub(3);
        let Some(offset) = memchr::memmem::find(&self.buffer[from..], b"\r\n\r\n") else {
            self.scanned = self.buffer.len();
            let too_large = self.buffer.len() > self.limits.message_bytes;
            return if too_large { Err(FramingError::TooLarge) } else { Ok(None) };
        };
        let head = from + offset + 4;
        let length = content_length(&self.buffer[..head]).ok_or(FramingError::ContentLength)?;
        let total = head.saturating_add(length);
        if total > self.limits.message_bytes {
            return Err(FramingError::TooLarge);
        }
        if self.buffer.len() < total {
            self.scanned = from + offset;
            return Ok(None);
        }
        self.scanned = 0;
        Ok(Some(Framed::Message(self.buffer.split_to(total).freeze())))
    }

    /// A lone CRLF at the end of what was read is a pong: a ping is sent in one write.
    fn single_crlf(&mut self) -> Option<Framed> {
        if self.buffer.len() > 2 {
            return None;
        }
        self.buffer.advance(2);
        Some(Framed::Pong)
    }
}

/// The one Content-Length of a header section; `None` if absent, malformed or contradicted.
fn content_length(head: &[u8]) -> Option<usize> {
    let mut found = None;
    let mut rest = head;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let (line, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        // A continuation starts with white space and names nothing.
        if matches!(line.first(), Some(b' ' | b'\t')) || Name::from_token(trim(&line[..colon])) != Name::ContentLength {
            continue;
        }
        let mut value = trim(&line[colon + 1..]);
        if value.is_empty() && matches!(after.first(), Some(b' ' | b'\t')) {
            value = trim(&after[..memchr::memchr(b'\n', after)?]);
        }
        let length = parse_u32(value)? as usize;
        if found.is_some_and(|earlier| earlier != length) {
            return None;
        }
        found = Some(length);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "A sip:b SIP/2.0\r\nContent-Length: 3\r\n\r\nabc";
    const TWO: &str = "B sip:b SIP/2.0\r\nl:\r\n  0\r\n\r\n";

    fn drain(framer: &mut Framer) -> Vec<Framed> {
        std::iter::from_fn(|| framer.next().unwrap()).collect()
    }

    #[test]
    fn any_cut_of_the_stream_gives_the_same_messages() {
        let stream = format!("{ONE}\r\n\r\n{TWO}{ONE}");
        let expected = [
            Framed::Message(Bytes::from(ONE)),
            Framed::Ping,
            Framed::Message(Bytes::from(TWO)),
            Framed::Message(Bytes::from(ONE)),
        ];
        for size in [3, 4, 5, 7, 11, 64, 1000] {
            let mut framer = Framer::new(Limits::DEFAULT);
            let mut out = Vec::new();
            for chunk in stream.as_bytes().chunks(size) {
                framer.push(chunk);
                out.extend(drain(&mut framer));
            }
            // A ping cut in two reads as pongs, which is harmless.
            let messages =
                |list: &[Framed]| list.iter().filter(|f| matches!(f, Framed::Message(_))).cloned().collect::<Vec<_>>();
            assert_eq!(messages(&out), messages(&expected), "chunks of {size}");
            assert_eq!(framer.buffered(), 0);
        }
    }

    #[test]
    fn ping_and_pong() {
        let mut framer = Framer::new(Limits::DEFAULT);
        framer.push(b"\r\n\r\n");
        assert_eq!(drain(&mut framer), [Framed::Ping]);
        framer.push(b"\r\n");
        assert_eq!(drain(&mut framer), [Framed::Pong]);
    }

    #[test]
    fn faults_close() {
        for (text, error) in [
            ("A sip:b SIP/2.0\r\nX: 1\r\n\r\n", FramingError::ContentLength),
            ("A sip:b SIP/2.0\r\nl: 1\r\nl: 2\r\n\r\n", FramingError::ContentLength),
            ("A sip:b SIP/2.0\r\nl: -1\r\n\r\n", FramingError::ContentLength),
            ("A sip:b SIP/2.0\r\nl: 4294967295\r\n\r\n", FramingError::TooLarge),
        ] {
            let mut framer = Framer::new(Limits::DEFAULT);
            framer.push(text.as_bytes());
            assert_eq!(framer.next(), Err(error), "{text}");
            framer.push(ONE.as_bytes());
            assert_eq!(framer.next(), Err(error), "stays closed");
        }
        let mut framer = Framer::new(Limits { message_bytes: 100, ..Limits::DEFAULT });
        framer.push(&[b'x'; 101]);
        assert_eq!(framer.next(), Err(FramingError::TooLarge));
    }
}
