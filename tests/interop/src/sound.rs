//! What the foreign phones say: made here, so that it can be found again in a recording.

use std::fs;
use std::io;
use std::path::Path;

use media::wav::{Encoding, Writer};
use media::{Codec, SAMPLE_RATE_HZ};
use phone::hears::TonePair;

/// Sweep of the caller, one second: unlike tones, it is like itself at one place only.
const SWEEP_FROM_HZ: f64 = 300.0;
const SWEEP_TO_HZ: f64 = 3_000.0;

/// What a caller says, again and again: a sweep of a second.
#[must_use]
pub fn caller() -> Vec<i16> {
    let length = f64::from(SAMPLE_RATE_HZ);
    (0..SAMPLE_RATE_HZ)
        .map(|at| {
            let time = f64::from(at) / length;
            let cycles = SWEEP_FROM_HZ * time + (SWEEP_TO_HZ - SWEEP_FROM_HZ) * time * time / 2.0;
            ((std::f64::consts::TAU * cycles).sin() * 8_000.0) as i16
        })
        .collect()
}

/// The demo's buyers by the user part of their address, with the tones each announces itself by.
pub const BUYERS: [(&str, TonePair); 8] = [
    ("acme", TonePair::BUYERS[0]),
    ("bluebird", TonePair::BUYERS[1]),
    ("cedar", TonePair::BUYERS[2]),
    ("dune", TonePair::BUYERS[3]),
    ("ember", TonePair::BUYERS[4]),
    ("flint", TonePair::BUYERS[5]),
    ("gale", TonePair::BUYERS[6]),
    ("hazel", TonePair::BUYERS[7]),
];

/// The tones of a buyer of the demo.
#[must_use]
pub fn tones_of(buyer: &str) -> Option<TonePair> {
    BUYERS.iter().find(|(user, _)| *user == buyer).map(|(_, tones)| *tones)
}

/// Which buyer's tones are in what was heard.
#[must_use]
pub fn buyer_in(samples: &[i16]) -> Option<&'static str> {
    let pairs = BUYERS.map(|(_, tones)| tones);
    let (pair, _) = phone::hears::longest_pair(samples, &pairs)?;
    BUYERS.iter().find(|(_, tones)| *tones == pair).map(|(user, _)| *user)
}

/// Writes u-law without a header, as SIPp's `rtp_stream` reads it.
///
/// # Errors
/// The file cannot be written.
pub fn write_ulaw(path: &Path, samples: &[i16]) -> io::Result<()> {
    fs::write(path, samples.iter().map(|sample| Codec::Pcmu.encode(*sample)).collect::<Vec<u8>>())
}

/// Writes a WAV file of 8 kHz, as baresip's `aufile` reads it.
///
/// # Errors
/// The file cannot be written.
pub fn write_wav(path: &Path, samples: &[i16]) -> io::Result<()> {
    let mut file = Writer::new(fs::File::create(path)?, Encoding::Pcm16, 1)?;
    file.append(samples)?;
    file.finish()?;
    Ok(())
}
