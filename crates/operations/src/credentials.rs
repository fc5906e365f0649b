//! Passwords, API keys and session tokens: what is stored proves them but does not give them away.

use argon2::{
    Argon2, PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{Salt, SaltString},
};
use domain::Seed;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Longest password taken, bytes: hashing must not be a way to keep the platform busy.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// Shortest password taken, characters.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Random bytes of a key or token.
const TOKEN_BYTES: usize = 32;
/// Shown of a key, to tell keys apart (inventory, section 2.2).
const PREFIX_CHARS: usize = 8;

/// Why a password is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// Too short.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    /// Too long.
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// The hash function failed.
    #[error("hashing failed: {0}")]
    Hash(String),
}

/// The argon2id hash (RFC 9106) of a password, as a PHC string. Takes some 20 ms and 19 MiB by design: never on a thread that
/// serves others.
pub fn hash_password(password: &str, seed: &mut Seed) -> Result<String, PasswordError> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(PasswordError::TooShort);
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::TooLong);
    }
    let mut salt = [0; Salt::RECOMMENDED_LENGTH];
    seed.fill(&mut salt);
    let failed = |error: argon2::password_hash::Error| PasswordError::Hash(error.to_string());
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt).map_err(failed)?.to_string())
}

/// True when `password` is the one `hash` was made of. As dear as [`hash_password`], also for a hash that is none, so that the
/// time it takes does not tell whether a user exists.
pub fn verify_password(password: &str, hash: &str) -> bool {
    /// Of a password nobody knows.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    if password.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    let (hash, known) = match PasswordHash::new(hash) {
        Ok(hash) => (Some(hash), true),
        Err(_) => (PasswordHash::new(NOBODY).ok(), false),
    };
    let matches = hash.is_some_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
    matches && known
}

/// SHA-256 of a key or token, lower-case hex. They are random, so no salt and no slowness is needed.
pub fn token_hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// A secret to hand out once.
#[derive(Clone, PartialEq, Eq)]
pub struct NewToken {
    /// To be shown or set as a cookie, and forgotten.
    pub token: String,
    /// To be stored.
    pub hash: String,
    /// First characters, to tell keys apart.
    pub prefix: String,
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewToken").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// 256 random bits behind `kind` (`hw_` for keys, nothing for sessions), in hex.
pub fn new_token(kind: &str, seed: &mut Seed) -> NewToken {
    let mut bytes = [0; TOKEN_BYTES];
    seed.fill(&mut bytes);
    let token = format!("{kind}{}", hex(&bytes));
    NewToken { hash: token_hash(&token), prefix: token.chars().take(PREFIX_CHARS).collect(), token }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_proves_itself_and_nothing_else_does() {
        let mut seed = Seed::from_number(1);
        let hash = hash_password("correct horse", &mut seed).unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify_password("correct horse", &hash));
        assert!(!verify_password("correct horsf", &hash));
        assert!(!verify_password("correct horse", "not a hash"));
        assert!(!verify_password(&"x".repeat(PASSWORD_BYTES_MAX + 1), &hash));
        assert_ne!(hash, hash_password("correct horse", &mut seed).unwrap(), "salted");
        assert_eq!(hash_password("short", &mut seed), Err(PasswordError::TooShort));
    }

    #[test]
    fn a_token_is_stored_as_its_sha256() {
        let token = new_token("hw_", &mut Seed::from_number(1));
        assert_eq!(token.token.len(), 3 + 64);
        assert_eq!(token.hash, token_hash(&token.token));
        assert_eq!(token.prefix, &token.token[..8]);
        // FIPS 180-2, B.1.
        assert_eq!(token_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
