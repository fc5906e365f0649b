//! Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760): MD5 and SHA-256, `qop=auth`, no `-sess`; a client answers a challenge
//! without qop too.

mod client;
mod parameters;
mod server;

use crate::seal::{from_hex, to_hex};
use md5::{Digest, Md5};
use sha2::Sha256;

pub use client::{Challenge, ClientError, Credentials, respond, respond_to, strongest};
pub use server::{Authenticator, Check, Config};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    pub const fn token(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    pub fn from_token(token: &[u8]) -> Option<Algorithm> {
        [Algorithm::Md5, Algorithm::Sha256].into_iter().find(|a| token.eq_ignore_ascii_case(a.token().as_bytes()))
    }

    /// The hash of the parts with a colon between them, in hexadecimal.
    fn hash(self, parts: &[&[u8]]) -> String {
        let joined = parts.join(&b':');
        match self {
            Algorithm::Md5 => to_hex(&Md5::digest(&joined)),
            Algorithm::Sha256 => to_hex(&Sha256::digest(&joined)),
        }
    }

    const fn hash_bytes(self) -> usize {
        match self {
            Algorithm::Md5 => 16,
            Algorithm::Sha256 => 32,
        }
    }
}

/// `H(username:realm:password)`: what a server stores instead of the password. As good as the password within its
/// realm: keep it secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Ha1 {
    algorithm: Algorithm,
    hash: String,
}

impl Ha1 {
    pub fn new(algorithm: Algorithm, username: &[u8], realm: &[u8], password: &[u8]) -> Self {
        Ha1 { algorithm, hash: algorithm.hash(&[username, realm, password]) }
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `MD5:<hex>` or `SHA-256:<hex>`.
    pub fn to_storage(&self) -> String {
        format!("{}:{}", self.algorithm.token(), self.hash)
    }

    /// Reads [`Ha1::to_storage`].
    pub fn from_storage(text: &str) -> Option<Ha1> {
        let (token, hash) = text.split_once(':')?;
        let algorithm = Algorithm::from_token(token.as_bytes())?;
        let bytes = from_hex(hash.as_bytes(), algorithm.hash_bytes())?;
        (bytes.len() == algorithm.hash_bytes()).then(|| Ha1 { algorithm, hash: to_hex(&bytes) })
    }

    /// The `response` of RFC 7616 §3.4.1 with `qop=auth`.
    fn response(&self, nonce: &[u8], nc: &[u8], cnonce: &[u8], method: &[u8], uri: &[u8]) -> String {
        let ha2 = self.algorithm.hash(&[method, uri]);
        self.algorithm.hash(&[self.hash.as_bytes(), nonce, nc, cnonce, b"auth", ha2.as_bytes()])
    }

    /// The `response` of RFC 2069, for those who ask without qop.
    fn response_without_qop(&self, nonce: &[u8], method: &[u8], uri: &[u8]) -> String {
        let ha2 = self.algorithm.hash(&[method, uri]);
        self.algorithm.hash(&[self.hash.as_bytes(), nonce, ha2.as_bytes()])
    }
}

impl std::fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ha1({}, ..)", self.algorithm.token())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616 §3.9.1.
    #[test]
    fn the_examples_of_rfc_7616() {
        for (algorithm, expected) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (Algorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let ha1 = Ha1::new(algorithm, b"Mufasa", b"http-auth@example.org", b"Circle of Life");
            let response = ha1.response(
                b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                b"00000001",
                b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
                b"GET",
                b"/dir/index.html",
            );
            assert_eq!(response, expected);
        }
    }

    #[test]
    fn storage() {
        let ha1 = Ha1::new(Algorithm::Sha256, b"u", b"r", b"p");
        assert_eq!(Ha1::from_storage(&ha1.to_storage()), Some(ha1.clone()));
        assert!(!format!("{ha1:?}").contains(&ha1.hash));
        for bad in
            ["", "MD5", "MD5:00", "SHA-1:00112233445566778899aabbccddeeff", "MD5:zz112233445566778899aabbccddeeff"]
        {
            assert_eq!(Ha1::from_storage(bad), None, "{bad}");
        }
    }
}
