//! Reading prompts: PCM of any width through `hound`, G.711 ourselves.

use std::io::Cursor;
use std::sync::Arc;

use super::{TAG_ALAW, TAG_EXTENSIBLE, TAG_FLOAT, TAG_PCM, TAG_ULAW};
use crate::resample::{RateError, resample};
use crate::{Codec, SAMPLE_RATE_HZ};

/// The longest prompt, samples of one channel: an hour at 8 kHz, ten minutes at 48 kHz.
pub const FRAMES_MAX: usize = 28_800_000;
const CHANNELS_MAX: u16 = 8;
const CHUNKS_MAX: usize = 64;

/// Why a file is no prompt.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("not a WAV file we can read: {0}")]
    Format(String),
    #[error(transparent)]
    Rate(#[from] RateError),
    #[error("{0} channels; at most {CHANNELS_MAX} are taken")]
    Channels(u16),
    #[error("longer than {FRAMES_MAX} samples")]
    TooLong,
}

/// Audio as it lies in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    pub rate_hz: u32,
    pub channels: u16,
    /// Interleaved, 16 bit.
    pub samples: Vec<i16>,
}

impl Audio {
    /// Mixed to mono and brought to 8 kHz: ready to be played.
    ///
    /// # Errors
    /// [`ReadError::Rate`] for a rate that is not taken.
    pub fn into_prompt(self) -> Result<Arc<[i16]>, ReadError> {
        let channels = usize::from(self.channels.max(1));
        let mono: Vec<i16> = if channels == 1 {
            self.samples
        } else {
            let mix =
                |frame: &[i16]| (frame.iter().map(|sample| i32::from(*sample)).sum::<i32>() / channels as i32) as i16;
            self.samples.chunks_exact(channels).map(mix).collect()
        };
        Ok(resample(&mono, self.rate_hz, SAMPLE_RATE_HZ)?.into())
    }

    /// One channel's samples.
    #[must_use]
    pub fn channel(&self, index: usize) -> Vec<i16> {
        self.samples.iter().skip(index).step_by(usize::from(self.channels.max(1))).copied().collect()
    }
}

/// Reads a whole file: integer PCM of 8 to 32 bits, float, A-law, u-law. A `data` chunk cut short by a crash is read
/// as far as it goes.
///
/// # Errors
/// [`ReadError`] when it is no WAV, or beyond a limit.
pub fn read(file: &[u8]) -> Result<Audio, ReadError> {
    let (format, data) = chunks(file)?;
    let (tag, channels) = (word16(format, 0), word16(format, 2));
    if !(1..=CHANNELS_MAX).contains(&channels) {
        return Err(ReadError::Channels(channels));
    }
    let codec = match tag {
        TAG_ALAW => Some(Codec::Pcma),
        TAG_ULAW => Some(Codec::Pcmu),
        _ => None,
    };
    let Some(codec) = codec else { return read_pcm(file, data.len()) };
    if data.len() / usize::from(channels) > FRAMES_MAX {
        return Err(ReadError::TooLong);
    }
    let rate_hz = u32::from(word16(format, 4)) | (u32::from(word16(format, 6)) << 16);
    let whole = data.len() - data.len() % usize::from(channels);
    let samples = data[..whole].iter().map(|octet| codec.decode(*octet)).collect();
    Ok(Audio { rate_hz, channels, samples })
}

/// Octets of a file's beginning that [`measure`] wants, where the file is that long. Ours has its samples at 58.
pub const MEASURED_OCTETS: usize = 4_096;

/// How long the audio of a file is, in milliseconds, from its beginning and its size in octets. What a crash left behind the
/// last size in the header does not count.
///
/// # Errors
/// [`ReadError::Format`] when it is no WAV of a constant rate.
pub fn measure(beginning: &[u8], file_octets: u64) -> Result<u64, ReadError> {
    let broken = |what: &str| ReadError::Format(what.to_owned());
    let (format, data) = chunks(beginning)?;
    let octets_a_second = u64::from(word16(format, 8)) | (u64::from(word16(format, 10)) << 16);
    if octets_a_second == 0 {
        return Err(broken("no octets a second"));
    }
    // `data` is a part of `beginning`: its place and the size before it tell the rest.
    let at = data.as_ptr() as usize - beginning.as_ptr() as usize;
    let length = at.checked_sub(4).and_then(|size| beginning.get(size..at)).and_then(|size| size.first_chunk::<4>());
    let length = length.map_or(0, |size| u64::from(u32::from_le_bytes(*size)));
    let there = file_octets.saturating_sub(at as u64);
    Ok(length.min(there).saturating_mul(1_000) / octets_a_second)
}

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described {
    pub channels: u16,
    pub rate_hz: u32,
}

/// What a file is, from its beginning: PCM, float, A-law or u-law.
///
/// # Errors
/// [`ReadError::Format`] when it is no WAV, or of another format; [`ReadError::Channels`].
pub fn describe(beginning: &[u8]) -> Result<Described, ReadError> {
    let (format, _) = chunks(beginning)?;
    let tag = word16(format, 0);
    if !matches!(tag, TAG_PCM | TAG_FLOAT | TAG_ALAW | TAG_ULAW | TAG_EXTENSIBLE) {
        return Err(ReadError::Format(format!("its samples are of format {tag}, not PCM, float, A-law or u-law")));
    }
    let channels = word16(format, 2);
    if !(1..=CHANNELS_MAX).contains(&channels) {
        return Err(ReadError::Channels(channels));
    }
    let rate_hz = u32::from(word16(format, 4)) | (u32::from(word16(format, 6)) << 16);
    if rate_hz == 0 {
        return Err(ReadError::Format("no samples a second".to_owned()));
    }
    Ok(Described { channels, rate_hz })
}

/// The `fmt ` and `data` chunks.
fn chunks(file: &[u8]) -> Result<(&[u8], &[u8]), ReadError> {
    let broken = |what: &str| ReadError::Format(what.to_owned());
    if file.get(..4) != Some(b"RIFF") || file.get(8..12) != Some(b"WAVE") {
        return Err(broken("no RIFF WAVE header"));
    }
    let mut rest = &file[12..];
    let mut format: Option<&[u8]> = None;
    for _ in 0..CHUNKS_MAX {
        let Some((head, body)) = rest.split_first_chunk::<8>() else { break };
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let inside = &body[..length.min(body.len())];
        match &head[..4] {
            b"fmt " if inside.len() >= 16 => format = Some(inside),
            b"data" => return format.map(|format| (format, inside)).ok_or_else(|| broken("data before fmt")),
            _ => {}
        }
        rest = body.get(length + length % 2..).unwrap_or_default();
    }
    Err(broken("no data chunk"))
}

/// `data_octets` is what is really there: a program that writes into a pipe, as speech commands do, cannot know the length and
/// puts an absurd one into the header.
fn read_pcm(file: &[u8], data_octets: usize) -> Result<Audio, ReadError> {
    let format = |error: hound::Error| ReadError::Format(error.to_string());
    let mut reader = hound::WavReader::new(Cursor::new(file)).map_err(format)?;
    let spec = reader.spec();
    if !(1..=CHANNELS_MAX).contains(&spec.channels) {
        return Err(ReadError::Channels(spec.channels));
    }
    let frame_octets = usize::from(spec.bits_per_sample.div_ceil(8).max(1)) * usize::from(spec.channels);
    if data_octets / frame_octets > FRAMES_MAX {
        return Err(ReadError::TooLong);
    }
    let mut samples = Vec::new();
    match spec.sample_format {
        hound::SampleFormat::Float => {
            for sample in reader.samples::<f32>() {
                let Ok(sample) = sample else { break };
                samples.push((sample.clamp(-1.0, 1.0) * 32_767.0) as i16);
            }
        }
        hound::SampleFormat::Int => {
            let shift = i32::from(spec.bits_per_sample) - 16;
            for sample in reader.samples::<i32>() {
                let Ok(sample) = sample else { break };
                let sample = if shift >= 0 { sample >> shift.min(31) } else { sample << (-shift).min(31) };
                samples.push(sample.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16);
            }
        }
    }
    let frame = usize::from(spec.channels);
    samples.truncate(samples.len() - samples.len() % frame);
    Ok(Audio { rate_hz: spec.sample_rate, channels: spec.channels, samples })
}

fn word16(octets: &[u8], at: usize) -> u16 {
    octets.get(at..at + 2).map_or(0, |pair| u16::from_le_bytes([pair[0], pair[1]]))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::{Encoding, Writer};
    use super::*;

    fn noise(count: usize) -> Vec<i16> {
        (0..count as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 17) as i16).collect()
    }

    /// The file as a crash would leave it: valid after each append, with everything said until then.
    #[test]
    fn every_moment_is_a_valid_file() {
        for encoding in [Encoding::Pcm16, Encoding::G711(Codec::Pcma), Encoding::G711(Codec::Pcmu)] {
            for channels in [1, 2] {
                let mut file = Cursor::new(Vec::new());
                let mut writer = Writer::new(&mut file, encoding, channels).unwrap();
                let said = noise(1_602);
                for (part, chunk) in said.chunks(534).enumerate() {
                    writer.append(chunk).unwrap();
                    let now = writer.file().get_ref().clone();
                    let audio = read(&now).unwrap();
                    assert_eq!((audio.rate_hz, audio.channels), (8_000, channels));
                    assert_eq!(audio.samples.len(), (part + 1) * 534);
                    let kept: Vec<i16> = match encoding {
                        Encoding::Pcm16 => said[..audio.samples.len()].to_vec(),
                        Encoding::G711(codec) => {
                            said[..audio.samples.len()].iter().map(|s| codec.decode(codec.encode(*s))).collect()
                        }
                    };
                    assert_eq!(audio.samples, kept);
                    let riff = u32::from_le_bytes(now[4..8].try_into().unwrap());
                    assert_eq!(riff as usize + 8, now.len());
                }
            }
        }
    }

    /// Samples written, sizes not yet: the older, shorter truth.
    #[test]
    fn a_crash_between_samples_and_sizes_loses_only_the_last_chunk() {
        let mut file = Cursor::new(Vec::new());
        let mut writer = Writer::new(&mut file, Encoding::Pcm16, 2).unwrap();
        writer.append(&noise(320)).unwrap();
        let before = writer.file().get_ref().clone();
        writer.append(&noise(320)).unwrap();
        let mut torn = writer.file().get_ref().clone();
        torn[..before.len()].copy_from_slice(&before);
        assert_eq!(read(&torn).unwrap().samples, noise(320));
    }

    #[test]
    fn measures_what_the_header_says_and_the_file_holds() {
        let mut writer = Writer::new(Cursor::new(Vec::new()), Encoding::Pcm16, 2).unwrap();
        writer.append(&noise(2 * 4_000)).unwrap();
        let file = writer.file().get_ref().clone();
        let octets = file.len() as u64;
        assert_eq!(measure(&file, octets).unwrap(), 500);
        assert_eq!(measure(&file[..100], octets).unwrap(), 500, "the beginning is enough");
        assert_eq!(measure(&file, octets + 640).unwrap(), 500, "samples the header does not know yet");
        assert_eq!(measure(&file, octets - 8_000).unwrap(), 250, "a file cut short");
        assert_eq!(measure(&file[..58], 58).unwrap(), 0);
        assert!(matches!(measure(b"", 0), Err(ReadError::Format(_))));
        assert!(matches!(measure(b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0", 20), Err(ReadError::Format(_))));
    }

    #[test]
    fn describes_what_it_can_read() {
        let writer = Writer::new(Cursor::new(Vec::new()), Encoding::G711(Codec::Pcmu), 2).unwrap();
        let mut file = writer.finish().unwrap().into_inner();
        assert_eq!(describe(&file).unwrap(), Described { channels: 2, rate_hz: 8_000 });
        file[20] = 0x55;
        assert!(describe(&file).is_err_and(|error| error.to_string().contains("85")), "MP3 in a WAV");
        file[20] = 1;
        file[22] = 9;
        assert!(matches!(describe(&file), Err(ReadError::Channels(9))));
        assert!(describe(b"ID3\x04").is_err());
    }

    #[test]
    fn other_readers_agree() {
        let mut writer = Writer::new(Cursor::new(Vec::new()), Encoding::Pcm16, 2).unwrap();
        writer.append(&noise(640)).unwrap();
        writer.append_silence(3_000).unwrap();
        assert_eq!(writer.frames(), 3_320);
        let size = writer.size();
        let file = writer.finish().unwrap().into_inner();
        assert_eq!(size, file.len() as u64);
        let reader = hound::WavReader::new(Cursor::new(&file)).unwrap();
        assert_eq!((reader.duration(), reader.spec().channels, reader.spec().sample_rate), (3_320, 2, 8_000));
    }

    #[test]
    fn stereo_of_48_khz_becomes_a_prompt() {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 48_000,
            bits_per_sample: 24,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        for _ in 0..48_000 {
            writer.write_sample(1_000 << 8).unwrap();
            writer.write_sample(3_000 << 8).unwrap();
        }
        writer.finalize().unwrap();
        let prompt = read(file.get_ref()).unwrap().into_prompt().unwrap();
        assert_eq!(prompt.len(), 8_000);
        assert!(prompt[100..7_900].iter().all(|sample| (1_999..=2_001).contains(sample)));
    }

    #[test]
    fn what_is_no_wav_is_refused() {
        assert!(matches!(read(b""), Err(ReadError::Format(_))));
        assert!(matches!(read(b"RIFF\0\0\0\0WAVEdata\0\0\0\0"), Err(ReadError::Format(_))));
        let mut file = Writer::new(Cursor::new(Vec::new()), Encoding::Pcm16, 1).unwrap().finish().unwrap().into_inner();
        file[22] = 200;
        assert!(matches!(read(&file), Err(ReadError::Channels(200))));
    }
}
