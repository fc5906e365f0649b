//! Signatures over what we hand out and want back untouched: nonces, Record-Route parameters, verdict headers.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A 256-bit key for HMAC-SHA-256. Shown nowhere.
#[derive(Clone)]
pub struct Seal {
    key: [u8; 64],
}

impl Seal {
    pub fn new(secret: [u8; 32]) -> Self {
        // RFC 2104: a key shorter than the block is filled up with zeros.
        let mut key = [0; 64];
        key[..32].copy_from_slice(&secret);
        Seal { key }
    }

    /// The key of a configured secret of any length: its SHA-256.
    pub fn from_secret(secret: &[u8]) -> Self {
        Self::new(Sha256::digest(secret).into())
    }

    /// Signs the parts. Each is preceded by its length, so that no two lists of parts read the same.
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&self.key.into());
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Whether `signature`, or the beginning of it that is kept, is that of the parts. At least 128 bits are asked for.
    pub fn verify(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        let expected = self.sign(parts);
        (16..=32).contains(&signature.len()) && bool::from(expected[..signature.len()].ct_eq(signature))
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(..)")
    }
}

/// Lower-case hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Bytes of hexadecimal in any case. `None` if it is not, or is longer than `bytes_max`.
pub fn from_hex(text: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || text.len() / 2 > bytes_max {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    text.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_what_verifies() {
        let seal = Seal::new([3; 32]);
        let signature = seal.sign(&[b"ab", b"c"]);
        assert!(seal.verify(&[b"ab", b"c"], &signature));
        assert!(seal.verify(&[b"ab", b"c"], &signature[..16]));
        assert!(!seal.verify(&[b"ab", b"c"], &signature[..15]), "too short to be worth anything");
        assert!(!seal.verify(&[b"a", b"bc"], &signature), "parts do not run together");
        assert!(!Seal::new([4; 32]).verify(&[b"ab", b"c"], &signature));
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(to_hex(&[0, 0xaf, 9]), "00af09");
        assert_eq!(from_hex(b"00AF09", 3), Some(vec![0, 0xaf, 9]));
        assert_eq!(from_hex(b"00AF09", 2), None);
        assert_eq!(from_hex(b"0", 2), None);
        assert_eq!(from_hex(b"0g", 2), None);
    }
}
