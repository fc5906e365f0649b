//! A body of lines, read as it comes.

use axum::body::{Body as HttpBody, BodyDataStream, Bytes};
use futures_util::StreamExt;

use crate::problem::{ApiError, ApiResult};

/// One line.
#[derive(Debug)]
pub struct Line {
    /// 1 is the first.
    pub number: u64,
    /// With its end, or why it cannot be read.
    pub text: Result<String, String>,
}

/// The lines of a body. Holds one line and one piece of the body, whatever the body is.
#[derive(Debug)]
pub struct Lines {
    stream: BodyDataStream,
    piece: Bytes,
    line: Vec<u8>,
    line_bytes_max: usize,
    number: u64,
}

impl Lines {
    /// Lines longer than `line_bytes_max` are faulty.
    pub fn new(body: HttpBody, line_bytes_max: usize) -> Self {
        Self { stream: body.into_data_stream(), piece: Bytes::new(), line: Vec::new(), line_bytes_max, number: 0 }
    }

    /// The next line; `None` behind the last.
    pub async fn next(&mut self) -> ApiResult<Option<Line>> {
        loop {
            if let Some(end) = self.piece.iter().position(|byte| *byte == b'\n') {
                let piece = self.piece.split_to(end + 1);
                self.keep(&piece);
                return Ok(Some(self.take()));
            }
            let piece = std::mem::take(&mut self.piece);
            self.keep(&piece);
            match self.stream.next().await {
                Some(piece) => {
                    self.piece = piece.map_err(|_| ApiError::bad_request("the body could not be read to its end"))?;
                }
                None if self.line.is_empty() => return Ok(None),
                None => return Ok(Some(self.take())),
            }
        }
    }

    /// A line without an end is cut off in memory, and refused when its end is seen.
    fn keep(&mut self, piece: &[u8]) {
        let room = (self.line_bytes_max + 3).saturating_sub(self.line.len());
        self.line.extend_from_slice(piece.get(..piece.len().min(room)).unwrap_or(piece));
    }

    fn take(&mut self) -> Line {
        self.number += 1;
        let bytes = std::mem::take(&mut self.line);
        let content = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        if content.len() > self.line_bytes_max {
            return Line { number: self.number, text: Err(format!("is longer than {} bytes", self.line_bytes_max)) };
        }
        let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned());
        let text = text.map(|text| match text.strip_prefix('\u{feff}') {
            Some(rest) if self.number == 1 => rest.to_owned(),
            _ => text,
        });
        Line { number: self.number, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_found_wherever_the_body_is_cut() {
        let text = "\u{feff}one\r\n\nthr\u{e9}e is long\nfour";
        for size in 1..text.len() {
            let pieces: Vec<Result<Bytes, std::io::Error>> =
                text.as_bytes().chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            let mut lines = Lines::new(HttpBody::from_stream(futures_util::stream::iter(pieces)), 6);
            let mut found = Vec::new();
            while let Some(line) = lines.next().await.unwrap() {
                found.push((line.number, line.text.unwrap_or_else(|fault| fault)));
            }
            let expected = [(1, "one\r\n"), (2, "\n"), (3, "is longer than 6 bytes"), (4, "four")];
            assert_eq!(found, expected.map(|(number, text)| (number, text.to_owned())), "{size}");
        }
    }
}
