//! The client's side: read a 401 or 407, send the request again with credentials.

use super::parameters::{Parameters, quote};
use super::{Algorithm, Ha1};
use crate::message::{EditError, Name, Request, Response};

/// What a server asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    pub realm: Vec<u8>,
    pub nonce: Vec<u8>,
    pub opaque: Option<Vec<u8>>,
    pub algorithm: Algorithm,
    /// The nonce was too old: the same password is worth another try.
    pub stale: bool,
    /// From a proxy (407), not a user agent (401).
    pub proxy: bool,
}

#[derive(Clone, Debug)]
pub struct Credentials {
    pub username: Vec<u8>,
    pub password: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    #[error("no challenge that can be met (Digest, MD5 or SHA-256, qop auth)")]
    NoChallenge,
    #[error(transparent)]
    Message(#[from] EditError),
}

impl Challenge {
    /// `None` for another scheme, algorithm or quality of protection.
    pub fn parse(value: &[u8], proxy: bool) -> Option<Challenge> {
        let parameters = Parameters::parse(value)?;
        let algorithm = parameters.get("algorithm").map_or(Some(Algorithm::Md5), Algorithm::from_token)?;
        let qop = parameters.get("qop")?;
        if !qop.split(|&byte| byte == b',').any(|option| crate::message::trim(option).eq_ignore_ascii_case(b"auth")) {
            return None;
        }
        Some(Challenge {
            realm: parameters.get("realm")?.to_vec(),
            nonce: parameters.get("nonce")?.to_vec(),
            opaque: parameters.get("opaque").map(<[u8]>::to_vec),
            algorithm,
            stale: parameters.has_value("stale", b"true"),
            proxy,
        })
    }

    /// The value of the Authorization or Proxy-Authorization header. `count` is 1 for the first use of the nonce.
    pub fn answer(&self, credentials: &Credentials, method: &[u8], uri: &[u8], cnonce: &str, count: u32) -> Vec<u8> {
        let ha1 = Ha1::new(self.algorithm, &credentials.username, &self.realm, &credentials.password);
        let nc = format!("{count:08x}");
        let response = ha1.response(&self.nonce, nc.as_bytes(), cnonce.as_bytes(), method, uri);
        let mut out = b"Digest ".to_vec();
        let quoted: [(&str, &[u8]); 6] = [
            ("username", &credentials.username),
            ("realm", &self.realm),
            ("nonce", &self.nonce),
            ("uri", uri),
            ("response", response.as_bytes()),
            ("cnonce", cnonce.as_bytes()),
        ];
        for (name, value) in quoted {
            quote(&mut out, name, value);
            out.extend_from_slice(b", ");
        }
        if let Some(opaque) = &self.opaque {
            quote(&mut out, "opaque", opaque);
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(format!("algorithm={}, qop=auth, nc={nc}", self.algorithm.token()).as_bytes());
        out
    }
}

/// The challenge of a 401 or 407 to meet: SHA-256 before MD5 (RFC 8760 §2.4).
pub fn strongest(response: &Response) -> Option<Challenge> {
    let proxy = response.status() == 407;
    let name = if proxy { Name::ProxyAuthenticate } else { Name::WwwAuthenticate };
    response
        .headers(name)
        .filter_map(|value| Challenge::parse(value, proxy))
        .max_by_key(|challenge| challenge.algorithm)
}

/// The request again, with credentials and the next CSeq number, its top Via left out for the new transaction to push.
/// `request` is as it was given to the transaction layer, without our Via.
///
/// # Errors
/// The response holds no challenge that can be met.
pub fn respond(
    request: &Request,
    response: &Response,
    credentials: &Credentials,
    cnonce: &str,
) -> Result<Request, ClientError> {
    let challenge = strongest(response).ok_or(ClientError::NoChallenge)?;
    let method = request.method_token();
    let value = challenge.answer(credentials, method, request.uri_bytes(), cnonce, 1);
    let name = if challenge.proxy { Name::ProxyAuthorization } else { Name::Authorization };
    let number = request.cseq().map_or(0, |cseq| cseq.number) + 1;
    let cseq = [number.to_string().as_bytes(), b" ", method].concat();
    Ok(request.edit().set(Name::CSeq, cseq).set(name, value).finish_request()?)
}
