//! ID tokens (OpenID Connect Core 1.0, section 3.1.3.7; RFC 7515, RFC 7518), checked with ring and nothing else (docs/adr/0202).

use data_encoding::BASE64URL_NOPAD;
use domain::{Seed, Timestamp};
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Longest token read, bytes.
const TOKEN_BYTES_MAX: usize = 64 * 1024;
/// The provider's clock may be so far off, seconds.
const CLOCK_OFF_SECS: i64 = 60;

/// A provider's public keys (RFC 7517).
#[derive(Clone, Debug, Default, Deserialize)]
pub struct KeySet {
    /// Those that are of no use here are passed over.
    pub keys: Vec<PublicKey>,
}

/// One of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PublicKey {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// How a token may be signed. Neither `none` nor a shared secret is among them: what a browser could have made is no proof.
#[derive(Clone, Copy, Debug)]
enum Algorithm {
    Rsa(&'static signature::RsaParameters),
    Ec(&'static signature::EcdsaVerificationAlgorithm, &'static str),
    Ed25519,
}

/// Names of algorithms a token may be signed with.
pub const ID_TOKEN_ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            "RS384" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            "RS512" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            "PS256" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
            "PS384" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
            "PS512" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
            "ES256" => Self::Ec(&signature::ECDSA_P256_SHA256_FIXED, "P-256"),
            "ES384" => Self::Ec(&signature::ECDSA_P384_SHA384_FIXED, "P-384"),
            "EdDSA" => Self::Ed25519,
            _ => return None,
        })
    }
}

/// Why a token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IdTokenFault {
    /// It is no JWS in compact form, or its claims cannot be read.
    #[error("the ID token cannot be read")]
    Unreadable,
    /// Neither of [`ID_TOKEN_ALGORITHMS`], or with extensions we do not know.
    #[error("the ID token is signed in a way that is not accepted; RS256 or ES256 are")]
    Algorithm,
    /// By none of the provider's keys.
    #[error("the ID token is not signed by a key of the provider")]
    Signature,
    /// Made by somebody else.
    #[error("the ID token names another issuer")]
    Issuer,
    /// Made for somebody else.
    #[error("the ID token was made for another client")]
    Audience,
    /// Too old, or of the future.
    #[error("the ID token is over, or the clocks of provider and platform differ")]
    Expired,
    /// Of another sign-in.
    #[error("the ID token belongs to another sign-in")]
    Nonce,
}

/// What a token must be.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'t> {
    /// Made by.
    pub issuer: &'t str,
    /// Made for.
    pub client_id: &'t str,
    /// Of this sign-in.
    pub nonce: &'t str,
    /// Now.
    pub now: Timestamp,
}

/// Claims of a token that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct IdClaims {
    iss: String,
    /// Who, for ever.
    pub sub: String,
    #[serde(deserialize_with = "one_or_many")]
    aud: Vec<String>,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    /// When they proved who they are, seconds.
    pub auth_time: Option<i64>,
    /// Who they are.
    #[serde(flatten)]
    pub profile: Profile,
}

/// What providers tell of people, in a token or at the user-info endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Profile {
    /// Address.
    pub email: Option<String>,
    /// Whether it was proven to be theirs. Some providers send the word as text.
    #[serde(default, deserialize_with = "truth")]
    pub email_verified: bool,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}

fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(is_true) => is_true,
        Value::String(text) => text == "true",
        _ => false,
    })
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood (RFC 7515, section 4.1.11): we understand none.
    crit: Option<Value>,
}

/// Checks who signed a token and what it says; answers its claims.
pub fn verify_id_token(token: &str, keys: &KeySet, expected: Expected<'_>) -> Result<IdClaims, IdTokenFault> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(IdTokenFault::Unreadable);
    }
    let (signed, seal) = token.rsplit_once('.').ok_or(IdTokenFault::Unreadable)?;
    let (header, body) = signed.split_once('.').ok_or(IdTokenFault::Unreadable)?;
    let decoded = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| IdTokenFault::Unreadable);
    let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| IdTokenFault::Unreadable)?;
    let algorithm = Algorithm::named(&header.alg).filter(|_| header.crit.is_none()).ok_or(IdTokenFault::Algorithm)?;
    let seal = decoded(seal)?;
    let is_signed = keys
        .keys
        .iter()
        .any(|key| key.may_sign(&header) && key.signed(algorithm, signed.as_bytes(), &seal).unwrap_or(false));
    if !is_signed {
        return Err(IdTokenFault::Signature);
    }
    let claims: IdClaims = serde_json::from_slice(&decoded(body)?).map_err(|_| IdTokenFault::Unreadable)?;
    claims.check(expected)?;
    Ok(claims)
}

impl IdClaims {
    fn check(&self, expected: Expected<'_>) -> Result<(), IdTokenFault> {
        if self.iss != expected.issuer {
            return Err(IdTokenFault::Issuer);
        }
        let is_for_us = self.aud.iter().any(|audience| audience == expected.client_id);
        // Of several audiences the authorized party says for whom it was made.
        let is_ours = match &self.azp {
            Some(party) => party == expected.client_id,
            None => self.aud.len() == 1,
        };
        if !is_for_us || !is_ours {
            return Err(IdTokenFault::Audience);
        }
        let now = expected.now.micros() / 1_000_000;
        if self.exp.saturating_add(CLOCK_OFF_SECS) <= now || self.iat.saturating_sub(CLOCK_OFF_SECS) > now {
            return Err(IdTokenFault::Expired);
        }
        if self.nonce.as_deref() != Some(expected.nonce) {
            return Err(IdTokenFault::Nonce);
        }
        if self.sub.is_empty() || self.sub.len() > 255 {
            return Err(IdTokenFault::Unreadable);
        }
        Ok(())
    }
}

impl PublicKey {
    fn may_sign(&self, header: &Header) -> bool {
        self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && self.alg.as_deref().is_none_or(|alg| alg == header.alg)
            && (header.kid.is_none() || self.kid == header.kid)
    }

    /// None when it is no key for the algorithm.
    fn signed(&self, algorithm: Algorithm, message: &[u8], seal: &[u8]) -> Option<bool> {
        let part = |text: &Option<String>| BASE64URL_NOPAD.decode(text.as_deref()?.as_bytes()).ok();
        match algorithm {
            Algorithm::Rsa(parameters) if self.kty == "RSA" => {
                let key = RsaPublicKeyComponents { n: part(&self.n)?, e: part(&self.e)? };
                Some(key.verify(parameters, message, seal).is_ok())
            }
            Algorithm::Ec(ecdsa, curve) if self.kty == "EC" && self.crv.as_deref() == Some(curve) => {
                // SEC 1, section 2.3.3: an uncompressed point.
                let point: Vec<u8> = [4].into_iter().chain(part(&self.x)?).chain(part(&self.y)?).collect();
                Some(UnparsedPublicKey::new(ecdsa, point).verify(message, seal).is_ok())
            }
            Algorithm::Ed25519 if self.kty == "OKP" && self.crv.as_deref() == Some("Ed25519") => {
                Some(UnparsedPublicKey::new(&signature::ED25519, part(&self.x)?).verify(message, seal).is_ok())
            }
            _ => None,
        }
    }
}

/// A secret that leaves only as its hash, until it proves who began a sign-in (RFC 7636).
#[derive(Clone, PartialEq, Eq)]
pub struct Pkce {
    /// Sent with the code.
    pub verifier: String,
    /// Sent at the beginning.
    pub challenge: String,
}

impl std::fmt::Debug for Pkce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pkce").field("challenge", &self.challenge).finish_non_exhaustive()
    }
}

impl Pkce {
    /// A new one.
    pub fn new(seed: &mut Seed) -> Self {
        let mut bytes = [0; 32];
        seed.fill(&mut bytes);
        Self::of(BASE64URL_NOPAD.encode(&bytes))
    }

    fn of(verifier: String) -> Self {
        Self { challenge: BASE64URL_NOPAD.encode(&Sha256::digest(verifier.as_bytes())), verifier }
    }
}

#[cfg(test)]
mod tests;
