//! WAV files: written while a call runs, read as prompts.

mod read;
mod write;

pub use read::{Audio, MEASURED_OCTETS, ReadError, measure, read};
pub use write::{Encoding, Writer};

/// `fmt ` tags (RFC 2361).
const TAG_PCM: u16 = 1;
const TAG_ALAW: u16 = 6;
const TAG_ULAW: u16 = 7;
