//! WAV files: written while a call runs, read as prompts.

mod read;
mod write;

pub use read::{Audio, Described, MEASURED_OCTETS, ReadError, describe, measure, read};
pub use write::{Encoding, Writer};

/// `fmt ` tags (RFC 2361).
const TAG_PCM: u16 = 1;
const TAG_FLOAT: u16 = 3;
const TAG_ALAW: u16 = 6;
const TAG_ULAW: u16 = 7;
const TAG_EXTENSIBLE: u16 = 0xfffe;
