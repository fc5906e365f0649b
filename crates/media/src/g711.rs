//! G.711 A-law and u-law, sample by sample, with tables made at compile time.
//!
//! The decoders are ITU-T G.711 tables 1a/1b and 2a/2b in 16-bit scale (as G.191's `alaw_expand` and `ulaw_expand`
//! deliver them); the encoders quantise to the nearest value as G.191's `alaw_compress` and `ulaw_compress` do.

/// An audio codec the platform decodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// u-law.
    Pcmu,
    /// A-law.
    Pcma,
}

impl Codec {
    /// The static RTP payload type (RFC 3551 table 4).
    #[must_use]
    pub fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// The codec of a static payload type.
    #[must_use]
    pub fn from_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            _ => None,
        }
    }

    /// The encoding name of SDP `a=rtpmap`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// One octet as a 16-bit sample.
    #[must_use]
    pub fn decode(self, octet: u8) -> i16 {
        match self {
            Self::Pcmu => ULAW_TO_LINEAR[usize::from(octet)],
            Self::Pcma => ALAW_TO_LINEAR[usize::from(octet)],
        }
    }

    /// One 16-bit sample as an octet.
    #[must_use]
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Pcmu => ulaw_encode(sample),
            Self::Pcma => alaw_encode(sample),
        }
    }

    /// The octet of digital silence.
    #[must_use]
    pub fn silence(self) -> u8 {
        match self {
            Self::Pcmu => 0xff,
            Self::Pcma => 0xd5,
        }
    }

    /// Decodes as many octets as `samples` has room for; returns how many.
    pub fn decode_into(self, octets: &[u8], samples: &mut [i16]) -> usize {
        let table = match self {
            Self::Pcmu => &ULAW_TO_LINEAR,
            Self::Pcma => &ALAW_TO_LINEAR,
        };
        for (sample, octet) in samples.iter_mut().zip(octets) {
            *sample = table[usize::from(*octet)];
        }
        octets.len().min(samples.len())
    }

    /// Encodes as many samples as `octets` has room for; returns how many.
    pub fn encode_into(self, samples: &[i16], octets: &mut [u8]) -> usize {
        for (octet, sample) in octets.iter_mut().zip(samples) {
            *octet = self.encode(*sample);
        }
        samples.len().min(octets.len())
    }

    /// Turns octets of this codec into octets of `to`, in place (G.711 section 3.4: one octet, one octet).
    pub fn transcode(self, to: Self, octets: &mut [u8]) {
        let table = match (self, to) {
            (Self::Pcmu, Self::Pcma) => &ULAW_TO_ALAW,
            (Self::Pcma, Self::Pcmu) => &ALAW_TO_ULAW,
            _ => return,
        };
        for octet in octets {
            *octet = table[usize::from(*octet)];
        }
    }
}

static ULAW_TO_LINEAR: [i16; 256] = ulaw_table();
static ALAW_TO_LINEAR: [i16; 256] = alaw_table();
static ULAW_TO_ALAW: [u8; 256] = cross_table(&ulaw_table(), true);
static ALAW_TO_ULAW: [u8; 256] = cross_table(&alaw_table(), false);

const fn ulaw_decode(octet: u8) -> i16 {
    let bits = !octet;
    let exponent = (bits >> 4) & 7;
    let mantissa = (bits & 0x0f) as i16;
    let magnitude = ((mantissa * 8 + 0x84) << exponent) - 0x84;
    if bits & 0x80 != 0 { -magnitude } else { magnitude }
}

const fn alaw_decode(octet: u8) -> i16 {
    let bits = octet ^ 0x55;
    let exponent = (bits >> 4) & 7;
    let mantissa = ((bits & 0x0f) as i16) << 4;
    let magnitude = if exponent == 0 { mantissa + 8 } else { (mantissa + 0x108) << (exponent - 1) };
    // In A-law the set sign bit is the positive half.
    if bits & 0x80 != 0 { magnitude } else { -magnitude }
}

const fn ulaw_encode(sample: i16) -> u8 {
    // G.191 works on 14 bits with one's complement for negative values.
    let (sign, magnitude) = if sample < 0 { (0x80, (!sample >> 2) as i32) } else { (0, (sample >> 2) as i32) };
    let biased = if magnitude + 33 > 0x1fff { 0x1fff } else { magnitude + 33 };
    let mut exponent = 0;
    while exponent < 7 && (biased >> (exponent + 6)) != 0 {
        exponent += 1;
    }
    let mantissa = (biased >> (exponent + 1)) & 0x0f;
    !(sign | ((exponent as u8) << 4) | mantissa as u8)
}

const fn alaw_encode(sample: i16) -> u8 {
    // G.191 works on 12 bits with one's complement for negative values.
    let mut value = if sample < 0 { (!sample >> 4) as i32 } else { (sample >> 4) as i32 };
    if value > 15 {
        let mut exponent = 1;
        while value > 16 + 15 {
            value >>= 1;
            exponent += 1;
        }
        value -= 16;
        value += exponent << 4;
    }
    let octet = if sample >= 0 { value as u8 | 0x80 } else { value as u8 };
    octet ^ 0x55
}

const fn ulaw_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = ulaw_decode(i as u8);
        i += 1;
    }
    table
}

const fn alaw_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = alaw_decode(i as u8);
        i += 1;
    }
    table
}

const fn cross_table(linear: &[i16; 256], to_alaw: bool) -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = if to_alaw { alaw_encode(linear[i]) } else { ulaw_encode(linear[i]) };
        i += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fnv(octets: impl Iterator<Item = u8>) -> u64 {
        octets.fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3))
    }

    /// The corners of G.711 tables 1a to 2b.
    #[test]
    fn corner_values() {
        for (codec, sample, octet, back) in [
            (Codec::Pcmu, 0, 0xff, 0),
            (Codec::Pcmu, -1, 0x7f, 0),
            (Codec::Pcmu, i16::MAX, 0x80, 32_124),
            (Codec::Pcmu, i16::MIN, 0x00, -32_124),
            (Codec::Pcmu, 1_000, 0xce, 988),
            (Codec::Pcma, 0, 0xd5, 8),
            (Codec::Pcma, -1, 0x55, -8),
            (Codec::Pcma, i16::MAX, 0xaa, 32_256),
            (Codec::Pcma, i16::MIN, 0x2a, -32_256),
            (Codec::Pcma, 1_000, 0xfa, 1_008),
        ] {
            assert_eq!((codec.encode(sample), codec.decode(octet)), (octet, back), "{codec:?} {sample}");
        }
    }

    /// Every input of the encoders against G.191's `alaw_compress` and `ulaw_compress`, every octet against a
    /// decoder of other origin, as checksums.
    #[test]
    fn all_values_as_the_reference() {
        let encoded = |codec: Codec| fnv((i16::MIN..=i16::MAX).map(|sample| codec.encode(sample)));
        let decoded = |codec: Codec| fnv((0..=255).flat_map(|octet| codec.decode(octet).to_le_bytes()));
        assert_eq!(encoded(Codec::Pcma), 0xf030_666e_b780_cf25);
        assert_eq!(encoded(Codec::Pcmu), 0x04ec_1f08_3fd7_8c2d);
        assert_eq!(decoded(Codec::Pcma), 0x693a_40ca_62a3_d2a5);
        assert_eq!(decoded(Codec::Pcmu), 0xb91e_65d6_8481_a1a8);
    }

    /// The digital milliwatt of G.711 tables 5 and 6: 1 kHz at 0 dBm0, 3.14 and 3.17 dB below a full-scale sine.
    #[test]
    fn the_digital_milliwatt() {
        let sequences = [
            (Codec::Pcma, [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4], 32_768.0, 3.139),
            (Codec::Pcmu, [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e], 32_636.0, 3.17),
        ];
        for (codec, octets, full_scale, below_db) in sequences {
            let power: f64 = octets.iter().map(|octet| f64::from(codec.decode(*octet)).powi(2)).sum::<f64>() / 8.0;
            let level = 10.0 * (power * 2.0 / f64::powi(full_scale, 2)).log10();
            assert!((level + below_db).abs() < 0.03, "{codec:?}: {level} dB");
        }
    }

    #[test]
    fn transcoding_is_decoding_and_encoding() {
        for (from, to) in [(Codec::Pcmu, Codec::Pcma), (Codec::Pcma, Codec::Pcmu)] {
            let mut octets: Vec<u8> = (0..=255).collect();
            from.transcode(to, &mut octets);
            assert!((0..=255u8).zip(&octets).all(|(octet, out)| to.encode(from.decode(octet)) == *out));
            let mut same = octets.clone();
            to.transcode(to, &mut same);
            assert_eq!(same, octets);
        }
    }

    /// Decoding and encoding again changes nothing but the negative zero of u-law.
    #[test]
    fn encoding_is_stable() {
        for octet in 0..=255u8 {
            assert_eq!(Codec::Pcma.encode(Codec::Pcma.decode(octet)), octet);
            let expected = if octet == 0x7f { 0xff } else { octet };
            assert_eq!(Codec::Pcmu.encode(Codec::Pcmu.decode(octet)), expected);
        }
    }
}
