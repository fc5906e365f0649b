//! What the server hands out and must know again without storing it: CSRF tokens, WebSocket tickets, signed links.
//! HMAC-SHA256, one key, one purpose per seal so that none passes for another.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac, digest::KeyInit};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;

use crate::problem::ApiError;

/// Signs and checks.
#[derive(Clone)]
pub struct Seals {
    key: [u8; 32],
}

impl std::fmt::Debug for Seals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seals(..)")
    }
}

impl Seals {
    /// With a secret of the installation; the same on every process that serves it.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    fn mac(&self, purpose: &str, parts: &[&str]) -> Hmac<Sha256> {
        // RFC 2104, section 2: a key shorter than the block is padded with zeros.
        let mut block = [0; 64];
        block[..self.key.len()].copy_from_slice(&self.key);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        mac.update(purpose.as_bytes());
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac
    }

    /// `<64 hex of random>:<hex HMAC over session and random>` (inventory, section 2.2).
    pub fn csrf_token(&self, session: &str, random: [u8; 32]) -> String {
        let random = to_hex(&random);
        let seal = to_hex(&self.mac("csrf", &[session, &random]).finalize().into_bytes());
        format!("{random}:{seal}")
    }

    /// Whether the token was made for this session. Takes the same time wherever the difference is.
    pub fn csrf_matches(&self, session: &str, token: &str) -> bool {
        let Some((random, seal)) = token.split_once(':') else { return false };
        let Some(seal) = from_hex(seal) else { return false };
        self.mac("csrf", &[session, random]).verify_slice(&seal).is_ok()
    }

    /// A name for a text by which only a holder of the key knows it again: 128 bits in hex.
    pub fn blind(&self, purpose: &str, text: &str) -> String {
        to_hex(&self.mac(purpose, &[text]).finalize().into_bytes()[..16])
    }

    /// A text that [`Self::open`] reads again: the value as base64 JSON and its seal.
    pub fn seal<T: Serialize>(&self, purpose: &str, value: &T) -> String {
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default());
        let seal = URL_SAFE_NO_PAD.encode(self.mac(purpose, &[&body]).finalize().into_bytes());
        format!("{body}.{seal}")
    }

    /// The value, if it was sealed here for this purpose. The caller checks its expiry.
    pub fn open<T: DeserializeOwned>(&self, purpose: &str, text: &str) -> Option<T> {
        let (body, seal) = text.split_once('.')?;
        let seal = URL_SAFE_NO_PAD.decode(seal).ok()?;
        self.mac(purpose, &[body]).verify_slice(&seal).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
    }
}

/// A secret as it is stored: only a holder of the seals' key reads it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret(pub String);

impl std::fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedSecret(..)")
    }
}

impl Seals {
    /// A key of its own for each purpose.
    fn sealing_key(&self, purpose: &str) -> Result<LessSafeKey, ApiError> {
        let key = self.mac("secret", &[purpose]).finalize().into_bytes();
        UnboundKey::new(&CHACHA20_POLY1305, &key).map(LessSafeKey::new).map_err(ApiError::internal)
    }

    /// Encrypts what must be read again (ChaCha20-Poly1305, RFC 8439). `nonce` is random and never used twice.
    pub fn seal_secret(&self, purpose: &str, text: &str, nonce: [u8; NONCE_LEN]) -> Result<SealedSecret, ApiError> {
        let mut sealed = text.as_bytes().to_vec();
        let key = self.sealing_key(purpose)?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(purpose.as_bytes()), &mut sealed)
            .map_err(ApiError::internal)?;
        let whole: Vec<u8> = nonce.into_iter().chain(sealed).collect();
        Ok(SealedSecret(URL_SAFE_NO_PAD.encode(whole)))
    }

    /// The text, if it was sealed with this key for this purpose.
    pub fn open_secret(&self, purpose: &str, sealed: &SealedSecret) -> Option<String> {
        let whole = URL_SAFE_NO_PAD.decode(&sealed.0).ok()?;
        let (nonce, sealed) = whole.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let key = self.sealing_key(purpose).ok()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = key.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut sealed).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

/// Lower-case hex.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| char::from(DIGITS[usize::from(nibble)])).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_csrf_token_is_good_for_its_session_only() {
        let seals = Seals::new([7; 32]);
        let token = seals.csrf_token("session-a", [1; 32]);
        assert!(seals.csrf_matches("session-a", &token));
        assert!(!seals.csrf_matches("session-b", &token));
        assert!(!Seals::new([8; 32]).csrf_matches("session-a", &token));
        for broken in ["", ":", "a:b", &token[1..]] {
            assert!(!seals.csrf_matches("session-a", broken), "{broken}");
        }
    }

    #[test]
    fn a_secret_is_read_with_the_key_and_for_the_purpose_only() {
        let seals = Seals::new([7; 32]);
        let sealed = seals.seal_secret("second-factor", "JBSWY3DP", [1; NONCE_LEN]).unwrap();
        assert!(!sealed.0.contains("JBSWY3DP"));
        assert_eq!(seals.open_secret("second-factor", &sealed).as_deref(), Some("JBSWY3DP"));
        assert_eq!(seals.open_secret("client-secret", &sealed), None);
        assert_eq!(Seals::new([8; 32]).open_secret("second-factor", &sealed), None);
        assert_eq!(seals.open_secret("second-factor", &SealedSecret(sealed.0[1..].to_owned())), None);
    }

    #[test]
    fn a_seal_opens_for_its_purpose_only() {
        let seals = Seals::new([7; 32]);
        let sealed = seals.seal("ticket", &("tenant", 5));
        assert_eq!(seals.open::<(String, i64)>("ticket", &sealed), Some(("tenant".to_owned(), 5)));
        assert_eq!(seals.open::<(String, i64)>("link", &sealed), None);
        assert_eq!(seals.open::<(String, i64)>("ticket", &sealed.replace('.', "x.")), None);
    }
}
