//! What is in audio: level, tones, and where a known sound lies in it.
//!
//! All audio is 8 kHz, mono, 16 bit. Levels are shares of full scale, 0.0..=1.0.

use std::time::Duration;

use media::{SAMPLE_RATE_HZ, samples_in};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

/// Tones are looked for in pieces this long: 10 Hz of resolution.
pub const WINDOW: Duration = Duration::from_millis(100);

/// Quieter than this is silence: -54 dB, above the noise of G.711 and below any speech.
pub const SILENCE_LEVEL: f64 = 0.002;

/// A pair counts as heard where the two tones hold this share of a window's power.
const PAIR_SHARE: f64 = 0.7;

/// Neither tone of a pair may be weaker than this share of the other (by power).
const PAIR_BALANCE: f64 = 0.1;

/// Two frequencies sounding together, in Hz: how a demo buyer is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TonePair(pub u16, pub u16);

impl TonePair {
    /// Pairs that are neither DTMF (ITU-T Q.23) nor a call-progress tone of North America or Europe, each at least
    /// 40 Hz from every other's.
    pub const BUYERS: [Self; 8] = [
        Self(523, 1568),
        Self(587, 1760),
        Self(659, 1976),
        Self(740, 2093),
        Self(831, 2217),
        Self(988, 2349),
        Self(1109, 2489),
        Self(1280, 2637),
    ];
}

/// Root mean square.
#[must_use]
pub fn level(samples: &[i16]) -> f64 {
    power(samples).sqrt()
}

fn power(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    let sum: f64 = samples.iter().map(|sample| unit(*sample) * unit(*sample)).sum();
    sum / samples.len() as f64
}

fn unit(sample: i16) -> f64 {
    f64::from(sample) / 32_768.0
}

/// Power of one frequency (Goertzel), on the scale of [`level`] squared: a pure sine of that frequency has all of it.
#[must_use]
pub fn tone_power(samples: &[i16], hz: u16) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    let step = std::f64::consts::TAU * f64::from(hz) / f64::from(SAMPLE_RATE_HZ);
    let coefficient = 2.0 * step.cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        let next = unit(*sample) + coefficient * last - before;
        before = last;
        last = next;
    }
    let magnitude = last * last + before * before - coefficient * last * before;
    let length = samples.len() as f64;
    2.0 * magnitude / (length * length)
}

/// How long `pair` sounds, in steps of [`WINDOW`].
#[must_use]
pub fn pair_lasts(samples: &[i16], pair: TonePair) -> Duration {
    let heard = windows(samples).filter(|window| holds_pair(window, pair)).count();
    WINDOW * u32::try_from(heard).unwrap_or(u32::MAX)
}

/// The pair of `among` that sounds longest, and for how long; `None` when none sounds for two windows.
#[must_use]
pub fn longest_pair(samples: &[i16], among: &[TonePair]) -> Option<(TonePair, Duration)> {
    among
        .iter()
        .map(|pair| (*pair, pair_lasts(samples, *pair)))
        .max_by_key(|(_, lasts)| *lasts)
        .filter(|(_, lasts)| *lasts >= WINDOW * 2)
}

fn windows(samples: &[i16]) -> impl Iterator<Item = &[i16]> {
    samples.chunks_exact(usize::try_from(samples_in(WINDOW)).unwrap_or(usize::MAX))
}

fn holds_pair(window: &[i16], pair: TonePair) -> bool {
    let whole = power(window);
    if whole < SILENCE_LEVEL * SILENCE_LEVEL {
        return false;
    }
    let (low, high) = (tone_power(window, pair.0), tone_power(window, pair.1));
    low + high >= whole * PAIR_SHARE && low.min(high) >= low.max(high) * PAIR_BALANCE
}

/// The level of each second; the last one may be shorter.
#[must_use]
pub fn level_per_second(samples: &[i16]) -> Vec<f64> {
    samples.chunks(SAMPLE_RATE_HZ as usize).map(level).collect()
}

/// Total time that is not silence, in steps of [`WINDOW`].
#[must_use]
pub fn sound_lasts(samples: &[i16]) -> Duration {
    let loud = windows(samples).filter(|window| level(window) >= SILENCE_LEVEL).count();
    WINDOW * u32::try_from(loud).unwrap_or(u32::MAX)
}

/// Where one sound lies in another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Samples from the start of the longer sound.
    pub offset: usize,
    /// Normalised correlation there, -1.0..=1.0. The same sound through G.711 gives above 0.99, different speech
    /// below 0.3.
    pub likeness: f64,
}

/// The place in `whole` most like `part`; `None` when `part` is empty, silent, or longer than `whole`.
#[must_use]
pub fn find(whole: &[i16], part: &[i16]) -> Option<Match> {
    let part_power: f64 = part.iter().map(|sample| unit(*sample).powi(2)).sum();
    if part.len() > whole.len() || part_power <= 0.0 {
        return None;
    }
    let products = cross_correlate(whole, part);
    let floor = SILENCE_LEVEL * SILENCE_LEVEL * part.len() as f64;
    let mut under: f64 = whole[..part.len()].iter().map(|sample| unit(*sample).powi(2)).sum();
    let mut best: Option<Match> = None;
    for (offset, product) in products.iter().enumerate() {
        // A piece of silence is like nothing; without the floor, rounding would make it like anything.
        let likeness = if under < floor { 0.0 } else { product / (under * part_power).sqrt() };
        if best.is_none_or(|best| likeness > best.likeness) {
            best = Some(Match { offset, likeness });
        }
        if let Some(next) = whole.get(offset + part.len()) {
            under = (under + unit(*next).powi(2) - unit(whole[offset]).powi(2)).max(0.0);
        }
    }
    best
}

/// The sum of products of `part` with `whole`, at each offset where it fits, by way of the frequency domain.
fn cross_correlate(whole: &[i16], part: &[i16]) -> Vec<f64> {
    let length = (whole.len() + part.len()).next_power_of_two();
    let spectrum = |samples: &[i16], planner: &mut FftPlanner<f64>| {
        let mut values = vec![Complex::new(0.0, 0.0); length];
        for (value, sample) in values.iter_mut().zip(samples) {
            value.re = unit(*sample);
        }
        planner.plan_fft_forward(length).process(&mut values);
        values
    };
    let mut planner = FftPlanner::new();
    let of_part = spectrum(part, &mut planner);
    let mut product = spectrum(whole, &mut planner);
    for (value, other) in product.iter_mut().zip(&of_part) {
        *value *= other.conj();
    }
    planner.plan_fft_inverse(length).process(&mut product);
    product[..=whole.len() - part.len()].iter().map(|value| value.re / length as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice;
    use media::Codec;

    fn through_g711(samples: &[i16]) -> Vec<i16> {
        samples.iter().map(|sample| Codec::Pcmu.decode(Codec::Pcmu.encode(*sample))).collect()
    }

    /// Noise that is the same in every run.
    fn noise(length: usize, mut state: u32) -> Vec<i16> {
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) as i16) / 8
        })
        .take(length)
        .collect()
    }

    #[test]
    fn each_buyers_pair_is_heard_as_itself_only() {
        for pair in TonePair::BUYERS {
            let heard = through_g711(&voice::tones(&[pair.0, pair.1], Duration::from_secs(1)));
            assert_eq!(longest_pair(&heard, &TonePair::BUYERS), Some((pair, Duration::from_secs(1))));
        }
    }

    #[test]
    fn noise_and_single_tones_hold_no_pair() {
        assert_eq!(longest_pair(&noise(16_000, 7), &TonePair::BUYERS), None);
        let single = voice::tones(&[523], Duration::from_secs(1));
        assert_eq!(longest_pair(&single, &TonePair::BUYERS), None);
        assert_eq!(longest_pair(&[0; 8_000], &TonePair::BUYERS), None);
    }

    #[test]
    fn tone_power_is_the_power_of_a_pure_tone() {
        let samples = voice::tones(&[1_000], Duration::from_millis(500));
        let share = tone_power(&samples, 1_000) / power(&samples);
        assert!((0.98..1.02).contains(&share), "{share}");
        assert!(tone_power(&samples, 1_500) < power(&samples) / 1_000.0);
    }

    #[test]
    fn finds_a_sound_where_it_lies() {
        let part = noise(4_000, 1);
        let mut whole = noise(30_000, 2).iter().map(|sample| sample / 4).collect::<Vec<_>>();
        whole[12_345..16_345].copy_from_slice(&part);
        let found = find(&through_g711(&whole), &part).unwrap();
        assert_eq!(found.offset, 12_345);
        assert!(found.likeness > 0.99, "{}", found.likeness);
    }

    #[test]
    fn finds_nothing_alike_in_other_noise_or_silence() {
        let part = noise(4_000, 1);
        assert!(find(&noise(30_000, 2), &part).unwrap().likeness < 0.2);
        assert!(find(&[0; 30_000], &part).unwrap().likeness.abs() < 1e-9);
        assert_eq!(find(&part, &[]), None);
        assert_eq!(find(&part[..100], &part), None);
    }

    #[test]
    fn counts_sound_and_silence() {
        let mut samples = vec![0; 8_000];
        samples.extend_from_slice(&voice::tones(&[440], Duration::from_secs(2)));
        assert_eq!(sound_lasts(&samples), Duration::from_secs(2));
        let levels = level_per_second(&samples);
        assert_eq!(levels.len(), 3);
        assert!(levels[0] < SILENCE_LEVEL && levels[1] > 0.1 && levels[2] > 0.1, "{levels:?}");
    }
}
