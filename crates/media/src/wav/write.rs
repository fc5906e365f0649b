//! A WAV file whose header is right at every moment, so that a crash keeps what was said.

use std::io::{self, Seek, SeekFrom, Write};

use super::{TAG_ALAW, TAG_PCM, TAG_ULAW};
use crate::{Codec, SAMPLE_RATE_HZ};

/// How samples lie in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// 16 bit, little endian.
    #[default]
    Pcm16,
    /// 8 bit G.711: half the size, the quality of the call.
    G711(Codec),
}

impl Encoding {
    fn octets(self) -> u32 {
        match self {
            Self::Pcm16 => 2,
            Self::G711(_) => 1,
        }
    }
}

/// Octets of the header: RIFF, a `fmt ` of 18 octets (its size word is required for all but PCM), `fact`, `data`.
pub const HEADER_LEN: u32 = 12 + 8 + 18 + 8 + 4 + 8;
/// RIFF sizes are 32 bits; 4 GiB less the header: 37 hours of stereo PCM.
const DATA_MAX: u32 = u32::MAX - HEADER_LEN - 1;

/// Writes 8 kHz audio. After every [`Writer::append`] the header tells exactly the samples written so far: first the
/// samples reach the file, then the sizes, so that a file cut off between the two is still valid, only shorter. Every
/// append is handed to `W` at once, so a buffered writer around the file gains nothing.
#[derive(Debug)]
pub struct Writer<W> {
    file: W,
    encoding: Encoding,
    channels: u16,
    data: u32,
    octets: Vec<u8>,
}

impl<W: Write + Seek> Writer<W> {
    /// Starts a file of 1 or 2 channels at the current position 0 of `file`.
    ///
    /// # Errors
    /// What the file answers; `InvalidInput` for another number of channels.
    pub fn new(mut file: W, encoding: Encoding, channels: u16) -> io::Result<Self> {
        if !(1..=2).contains(&channels) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a recording has one or two channels"));
        }
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&header(encoding, channels, 0))?;
        file.flush()?;
        Ok(Self { file, encoding, channels, data: 0, octets: Vec::new() })
    }

    /// Adds interleaved samples; whole frames only.
    ///
    /// # Errors
    /// What the file answers; `InvalidInput` for half a frame; `FileTooLarge` at 4 GiB. The header stays valid.
    pub fn append(&mut self, samples: &[i16]) -> io::Result<()> {
        if !samples.len().is_multiple_of(usize::from(self.channels)) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a frame has a sample of each channel"));
        }
        self.octets.clear();
        match self.encoding {
            Encoding::Pcm16 => self.octets.extend(samples.iter().flat_map(|sample| sample.to_le_bytes())),
            Encoding::G711(codec) => self.octets.extend(samples.iter().map(|sample| codec.encode(*sample))),
        }
        let added = u32::try_from(self.octets.len()).ok().and_then(|added| self.data.checked_add(added));
        let Some(data) = added.filter(|data| *data <= DATA_MAX) else {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a WAV file ends at 4 GiB"));
        };
        self.file.seek(SeekFrom::Start(u64::from(HEADER_LEN + self.data)))?;
        self.file.write_all(&self.octets)?;
        self.data = data;
        self.write_sizes()
    }

    /// Adds silence, for a part that never came.
    ///
    /// # Errors
    /// As [`Writer::append`].
    pub fn append_silence(&mut self, frames: u64) -> io::Result<()> {
        let mut left = frames.saturating_mul(u64::from(self.channels));
        let silence = [0; 2_048];
        while left > 0 {
            let part = left.min(silence.len() as u64);
            self.append(&silence[..part as usize])?;
            left -= part;
        }
        Ok(())
    }

    /// Frames (samples of one channel) written.
    #[must_use]
    pub fn frames(&self) -> u64 {
        u64::from(self.data / self.encoding.octets() / u32::from(self.channels))
    }

    /// Octets of the file so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        u64::from(HEADER_LEN + self.data + self.data % 2)
    }

    /// The file, for the caller to sync.
    #[must_use]
    pub fn file(&self) -> &W {
        &self.file
    }

    /// Ends the file and gives it back: a chunk of odd length gets its padding octet.
    ///
    /// # Errors
    /// What the file answers.
    pub fn finish(mut self) -> io::Result<W> {
        if self.data % 2 == 1 {
            self.file.seek(SeekFrom::End(0))?;
            self.file.write_all(&[0])?;
        }
        self.file.flush()?;
        Ok(self.file)
    }

    /// The whole header in one write: two calls of the system an append, besides the samples' two.
    fn write_sizes(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header(self.encoding, self.channels, self.data))?;
        self.file.flush()
    }
}

fn header(encoding: Encoding, channels: u16, data: u32) -> [u8; HEADER_LEN as usize] {
    let tag = match encoding {
        Encoding::Pcm16 => TAG_PCM,
        Encoding::G711(Codec::Pcma) => TAG_ALAW,
        Encoding::G711(Codec::Pcmu) => TAG_ULAW,
    };
    let frame = encoding.octets() as u16 * channels;
    let mut out = [0; HEADER_LEN as usize];
    let mut at = 0;
    let mut put = |octets: &[u8]| {
        out[at..at + octets.len()].copy_from_slice(octets);
        at += octets.len();
    };
    put(b"RIFF");
    put(&(HEADER_LEN - 8 + data + data % 2).to_le_bytes());
    put(b"WAVEfmt ");
    put(&18u32.to_le_bytes());
    put(&tag.to_le_bytes());
    put(&channels.to_le_bytes());
    put(&SAMPLE_RATE_HZ.to_le_bytes());
    put(&(SAMPLE_RATE_HZ * u32::from(frame)).to_le_bytes());
    put(&frame.to_le_bytes());
    put(&(encoding.octets() as u16 * 8).to_le_bytes());
    put(&0u16.to_le_bytes());
    put(b"fact");
    put(&4u32.to_le_bytes());
    put(&(data / u32::from(frame)).to_le_bytes());
    put(b"data");
    put(&data.to_le_bytes());
    out
}
