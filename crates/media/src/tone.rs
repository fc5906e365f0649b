//! Tones: what `tone:` prompts describe, made sample by sample.
//!
//! ```text
//! tone:440+480,2000/4000            two frequencies (Hz), 2 s on, 4 s off, again and again
//! tone:350+440                      without a cadence: continuous
//! tone:480+620,500/500,level=-24    level of each frequency, dBm0 (default -16)
//! tone:1000,200/0,for=200           for so many milliseconds, once
//! tone:ringback  tone:busy  tone:congestion  tone:dial  tone:beep     by name (North American plan, ITU-T E.180)
//! ```

use std::f64::consts::TAU;
use std::sync::Arc;

use crate::SAMPLE_RATE_HZ;

/// Frequencies sounding together.
pub const FREQUENCIES_MAX: usize = 4;
/// On and off times of a cadence.
pub const CADENCE_MAX: usize = 8;
/// The longest cadence, or the longest tone with an end.
pub const LENGTH_MS_MAX: u32 = 60_000;
/// Peak of a sine at +3.14 dBm0, where G.711 clips (Table 5/G.711).
const PEAK: f64 = 32_124.0;
const PEAK_DBM0: f64 = 314.0 / 100.0;
const LEVEL_DEFAULT_DBM0: i8 = -16;

/// Why a description is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ToneError {
    #[error("no frequency, or more than {FREQUENCIES_MAX}")]
    Frequencies,
    #[error("a frequency is not between 20 and 3800 Hz")]
    Frequency,
    #[error("the cadence is no list of on/off milliseconds, at most {CADENCE_MAX}, or is silent or too long")]
    Cadence,
    #[error("the level is not between -60 and 0 dBm0")]
    Level,
    #[error("the length is not between 1 and {LENGTH_MS_MAX} ms")]
    Length,
    #[error("an option is none of level and for")]
    Option,
}

/// A tone: frequencies, cadence and level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tone {
    frequencies_hz: Vec<u16>,
    /// On, off, on, off... in milliseconds; empty for a continuous tone.
    cadence_ms: Vec<u32>,
    level_dbm0: i8,
    length_ms: Option<u32>,
}

impl Tone {
    /// Reads a description, with or without the `tone:` in front.
    ///
    /// # Errors
    /// [`ToneError`] names the first part that is wrong.
    pub fn parse(description: &str) -> Result<Self, ToneError> {
        let text = description.strip_prefix("tone:").unwrap_or(description).trim();
        let text = match text {
            "ringback" => "440+480,2000/4000",
            "busy" => "480+620,500/500",
            "congestion" | "reorder" => "480+620,250/250",
            "dial" => "350+440",
            "beep" => "1000,for=300",
            other => other,
        };
        let mut parts = text.split(',').map(str::trim);
        let frequencies_hz = parts.next().map(frequencies).unwrap_or(Err(ToneError::Frequencies))?;
        let mut tone = Self { frequencies_hz, cadence_ms: Vec::new(), level_dbm0: LEVEL_DEFAULT_DBM0, length_ms: None };
        for part in parts {
            if let Some(level) = part.strip_prefix("level=") {
                tone.level_dbm0 =
                    level.parse().ok().filter(|level| (-60..=0).contains(level)).ok_or(ToneError::Level)?;
            } else if let Some(length) = part.strip_prefix("for=") {
                let length = length.parse().ok().filter(|length| (1..=LENGTH_MS_MAX).contains(length));
                tone.length_ms = Some(length.ok_or(ToneError::Length)?);
            } else if part.contains('/') {
                tone.cadence_ms = cadence(part)?;
            } else {
                return Err(ToneError::Option);
            }
        }
        Ok(tone)
    }

    /// Does it go on until stopped?
    #[must_use]
    pub fn is_looping(&self) -> bool {
        self.length_ms.is_none()
    }

    /// The samples of the whole tone, or of one round of it when it [loops](Self::is_looping). A round of a
    /// continuous tone is a second, in which every frequency ends where it began.
    #[must_use]
    pub fn samples(&self) -> Arc<[i16]> {
        let period_ms = match self.cadence_ms.iter().sum::<u32>() {
            0 => 1_000,
            sum => sum,
        };
        let length = samples(self.length_ms.unwrap_or(period_ms));
        let share = 10f64.powf((f64::from(self.level_dbm0) - PEAK_DBM0) / 20.0) * PEAK;
        (0..length)
            .map(|at| {
                if !self.is_on(at % samples(period_ms)) {
                    return 0;
                }
                let seconds = at as f64 / f64::from(SAMPLE_RATE_HZ);
                let sum: f64 = self.frequencies_hz.iter().map(|hz| (TAU * f64::from(*hz) * seconds).sin()).sum();
                // Four tones at 0 dBm0 would exceed the scale: clip as G.711 does.
                (sum * share).clamp(-PEAK, PEAK) as i16
            })
            .collect()
    }

    fn is_on(&self, at: usize) -> bool {
        let mut end = 0;
        for (index, span_ms) in self.cadence_ms.iter().enumerate() {
            end += samples(*span_ms);
            if at < end {
                return index % 2 == 0;
            }
        }
        true
    }
}

fn samples(ms: u32) -> usize {
    ms as usize * (SAMPLE_RATE_HZ as usize / 1_000)
}

fn frequencies(text: &str) -> Result<Vec<u16>, ToneError> {
    let mut found = Vec::new();
    for part in text.split('+') {
        if found.len() == FREQUENCIES_MAX || part.is_empty() {
            return Err(ToneError::Frequencies);
        }
        let hz = part.trim().parse().ok().filter(|hz| (20..=3_800).contains(hz));
        found.push(hz.ok_or(ToneError::Frequency)?);
    }
    Ok(found)
}

fn cadence(text: &str) -> Result<Vec<u32>, ToneError> {
    let mut found = Vec::new();
    for part in text.split('/') {
        if found.len() == CADENCE_MAX {
            return Err(ToneError::Cadence);
        }
        found.push(part.trim().parse().ok().filter(|ms| *ms <= LENGTH_MS_MAX).ok_or(ToneError::Cadence)?);
    }
    let sounding: u32 = found.iter().step_by(2).sum();
    if sounding == 0 || found.iter().sum::<u32>() > LENGTH_MS_MAX {
        return Err(ToneError::Cadence);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Power of one frequency in samples, as a share of a full sine's (Goertzel).
    fn level_dbm0(samples: &[i16], hz: f64) -> f64 {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (at, sample) in samples.iter().enumerate() {
            let angle = TAU * hz * at as f64 / 8_000.0;
            real += f64::from(*sample) * angle.cos();
            imaginary += f64::from(*sample) * angle.sin();
        }
        let amplitude = 2.0 * (real * real + imaginary * imaginary).sqrt() / samples.len() as f64;
        20.0 * (amplitude / PEAK).log10() + PEAK_DBM0
    }

    #[test]
    fn ringback_sounds_two_of_six_seconds() {
        let tone = Tone::parse("tone:440+480,2000/4000").unwrap();
        let samples = tone.samples();
        assert!(tone.is_looping());
        assert_eq!(samples.len(), 48_000);
        assert!(samples[16_000..].iter().all(|sample| *sample == 0));
        for hz in [440.0, 480.0] {
            let level = level_dbm0(&samples[..16_000], hz);
            assert!((level + 16.0).abs() < 0.1, "{hz} Hz at {level} dBm0");
        }
        assert!(level_dbm0(&samples[..16_000], 620.0) < -60.0);
        assert_eq!(Tone::parse("ringback"), Tone::parse("tone:440+480,2000/4000"));
    }

    #[test]
    fn a_continuous_round_ends_where_it_began() {
        let samples = Tone::parse("tone:350+440,level=-13").unwrap().samples();
        let twice: Vec<i16> = samples.iter().chain(samples.iter()).copied().collect();
        let steps: Vec<i32> = twice.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).collect();
        let inside = steps[..7_000].iter().max();
        assert!(steps[7_990..8_010].iter().max() <= inside, "no click at the seam");
    }

    #[test]
    fn an_end_ends_it() {
        let tone = Tone::parse("tone:1000,200/300,for=700").unwrap();
        assert!(!tone.is_looping());
        let samples = tone.samples();
        assert_eq!(samples.len(), 5_600);
        assert!(samples[1_600..4_000].iter().all(|sample| *sample == 0));
        assert!(samples[4_000..].iter().any(|sample| *sample != 0));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, error) in [
            ("tone:", ToneError::Frequencies),
            ("tone:1+2+3+4+5", ToneError::Frequency),
            ("tone:100+200+300+400+500", ToneError::Frequencies),
            ("tone:5000", ToneError::Frequency),
            ("tone:440,0/100", ToneError::Cadence),
            ("tone:440,1/2/3/4/5/6/7/8/9", ToneError::Cadence),
            ("tone:440,60000/60000", ToneError::Cadence),
            ("tone:440,level=1", ToneError::Level),
            ("tone:440,for=0", ToneError::Length),
            ("tone:440,loud", ToneError::Option),
        ] {
            assert_eq!(Tone::parse(text), Err(error), "{text}");
        }
    }
}
