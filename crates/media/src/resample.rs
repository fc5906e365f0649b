//! From any sample rate to another, for prompts: a polyphase FIR filter.
//!
//! The filter is a sinc with a Kaiser window (beta 8: stop band about 80 dB down), 48 zero crossings to each side at
//! the lower of the two rates, its corner at 0.45 of that rate. From 16 or 48 kHz to 8 kHz speech up to 3.4 kHz
//! passes within 0.1 dB, and what lies above 4 kHz, which would fold back into speech, is gone. The output is not
//! delayed: sample n of the output is the input at time n.

use std::f64::consts::PI;

/// The rates taken, Hz.
pub const RATE_HZ: std::ops::RangeInclusive<u32> = 4_000..=192_000;
const ZERO_CROSSINGS: f64 = 48.0;
const CORNER: f64 = 0.45;
const KAISER_BETA: f64 = 8.0;

/// A rate outside [`RATE_HZ`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sample rate {0} Hz is not between 4 and 192 kHz")]
pub struct RateError(pub u32);

/// Brings mono samples from one rate to another.
///
/// # Errors
/// [`RateError`] for a rate that is not taken.
pub fn resample(samples: &[i16], from_hz: u32, to_hz: u32) -> Result<Vec<i16>, RateError> {
    for rate in [from_hz, to_hz] {
        if !RATE_HZ.contains(&rate) {
            return Err(RateError(rate));
        }
    }
    if from_hz == to_hz {
        return Ok(samples.to_vec());
    }
    let divisor = greatest_common_divisor(from_hz, to_hz);
    let (up, down) = ((to_hz / divisor) as usize, (from_hz / divisor) as usize);
    // In input samples: the lower rate decides how wide the filter is.
    let ratio = (f64::from(to_hz) / f64::from(from_hz)).min(1.0);
    let reach = (ZERO_CROSSINGS / ratio).ceil() as isize;
    let phases = phases(up, reach, ratio);
    let length = samples.len() * up / down;
    let output = (0..length).map(|at| {
        let place = at * down;
        let (center, phase) = ((place / up) as isize, place % up);
        let sum: f64 = phases[phase]
            .iter()
            .zip(center - reach..)
            .filter_map(|(weight, index)| {
                let sample = samples.get(usize::try_from(index).ok()?)?;
                Some(f64::from(*weight) * f64::from(*sample))
            })
            .sum();
        sum.round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
    });
    Ok(output.collect())
}

/// The filter's weights for each place an output sample can have between two input samples.
fn phases(up: usize, reach: isize, ratio: f64) -> Vec<Vec<f32>> {
    let phase = |index: usize| {
        let offset = index as f64 / up as f64;
        let weights: Vec<f64> = (-reach..=reach + 1)
            .map(|tap| {
                let distance = tap as f64 - offset;
                let corner = 2.0 * CORNER * ratio;
                corner * sinc(corner * distance) * kaiser(distance / (reach as f64 + 1.0))
            })
            .collect();
        // Each phase passes direct current unchanged, else a constant would ripple.
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| (weight / sum) as f32).collect()
    };
    (0..up).map(phase).collect()
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

fn kaiser(x: f64) -> f64 {
    if x.abs() >= 1.0 { 0.0 } else { bessel(KAISER_BETA * (1.0 - x * x).sqrt()) / bessel(KAISER_BETA) }
}

/// Modified Bessel function of the first kind, order 0: its power series.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for step in 1..40 {
        term *= (x / 2.0 / f64::from(step)).powi(2);
        sum += term;
    }
    sum
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f64, rate: u32, seconds: f64) -> Vec<i16> {
        let count = (f64::from(rate) * seconds) as usize;
        (0..count).map(|at| ((2.0 * PI * hz * at as f64 / f64::from(rate)).sin() * 10_000.0) as i16).collect()
    }

    fn gain_db(input_hz: f64, from: u32, to: u32) -> f64 {
        let output = resample(&sine(input_hz, from, 0.5), from, to).unwrap();
        let middle = &output[output.len() / 4..output.len() * 3 / 4];
        let power: f64 = middle.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / middle.len() as f64;
        10.0 * (power.max(1e-3) / (10_000.0f64.powi(2) / 2.0)).log10()
    }

    #[test]
    fn speech_passes_and_aliases_do_not() {
        for rate in [16_000, 22_050, 44_100, 48_000] {
            for hz in [50.0, 300.0, 1_000.0, 3_000.0, 3_400.0] {
                let gain = gain_db(hz, rate, 8_000);
                assert!(gain.abs() < 0.1, "{hz} Hz from {rate}: {gain} dB");
            }
            for hz in [4_050.0, 4_600.0, 5_000.0, 7_000.0] {
                let gain = gain_db(hz, rate, 8_000);
                assert!(gain < -55.0, "{hz} Hz from {rate}: {gain} dB");
            }
        }
    }

    #[test]
    fn nothing_is_delayed() {
        let expected = sine(1_000.0, 8_000, 0.25);
        for rate in [16_000, 44_100, 48_000] {
            let output = resample(&sine(1_000.0, rate, 0.25), rate, 8_000).unwrap();
            assert_eq!(output.len(), expected.len());
            let worst = output.iter().zip(&expected).skip(200).take(1_600).map(|(a, b)| (a - b).abs()).max();
            assert!(worst < Some(60), "from {rate}: off by {worst:?}");
        }
    }

    #[test]
    fn rates_are_bounded() {
        assert_eq!(resample(&[0], 0, 8_000), Err(RateError(0)));
        assert_eq!(resample(&[0], 8_000, 400_000), Err(RateError(400_000)));
        assert_eq!(resample(&[], 48_000, 8_000), Ok(vec![]));
    }
}
