//! Secrets that must be read again, such as the password a carrier asks for: stored sealed, read by whoever holds the installation's key.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use domain::Seed;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest, Sha256};

/// Seals and opens (ChaCha20-Poly1305, RFC 8439).
#[derive(Clone)]
pub struct Vault {
    key: [u8; 32],
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

impl Vault {
    /// With a secret of the installation; the same on every process that sells or calls.
    pub fn new(secret: [u8; 32]) -> Self {
        // A key of its own: the secret may serve something else too.
        let key = Sha256::new().chain_update(b"hopwhistle vault").chain_update(secret).finalize().into();
        Self { key }
    }

    fn key(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&CHACHA20_POLY1305, &self.key).ok().map(LessSafeKey::new)
    }

    /// As it is stored. `about` names whose secret it is: it opens for that only. `None` if the cipher failed.
    pub fn seal(&self, about: &str, text: &str, seed: &mut Seed) -> Option<String> {
        let mut nonce = [0; NONCE_LEN];
        seed.fill(&mut nonce);
        let mut sealed = text.as_bytes().to_vec();
        let once = Nonce::assume_unique_for_key(nonce);
        self.key()?.seal_in_place_append_tag(once, Aad::from(about.as_bytes()), &mut sealed).ok()?;
        Some(BASE64URL_NOPAD.encode(&[&nonce[..], &sealed].concat()))
    }

    /// The text, if it was sealed with this key for `about`.
    pub fn open(&self, about: &str, stored: &str) -> Option<String> {
        let whole = BASE64URL_NOPAD.decode(stored.as_bytes()).ok()?;
        let (nonce, sealed) = whole.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let once = Nonce::assume_unique_for_key(*nonce);
        let text = self.key()?.open_in_place(once, Aad::from(about.as_bytes()), &mut sealed).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_with_its_key_and_for_its_owner_only() {
        let (vault, mut seed) = (Vault::new([1; 32]), Seed::from_number(1));
        let stored = vault.seal("trunk 1", "s3cret", &mut seed).unwrap();
        assert!(!stored.contains("s3cret"));
        assert_eq!(vault.open("trunk 1", &stored).as_deref(), Some("s3cret"));
        assert_eq!(vault.open("trunk 2", &stored), None);
        assert_eq!(Vault::new([2; 32]).open("trunk 1", &stored), None);
        assert_ne!(vault.seal("trunk 1", "s3cret", &mut seed).unwrap(), stored, "never twice the same");
        for damaged in ["", "AAAA", "?", &stored[1..]] {
            assert_eq!(vault.open("trunk 1", damaged), None, "{damaged}");
        }
    }
}
