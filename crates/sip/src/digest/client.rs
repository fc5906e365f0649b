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
    /// `qop=auth`. Carriers with older software ask without (RFC 2069), and are answered so.
    pub qop: bool,
    /// From a proxy (407), not a user agent (401).
    pub proxy: bool,
}

/// A user name and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub username: Vec<u8>,
    pub password: Vec<u8>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({}, ..)", String::from_utf8_lossy(&self.username))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    #[error("no challenge that can be met (Digest, MD5 or SHA-256, qop auth or none)")]
    NoChallenge,
    #[error(transparent)]
    Message(#[from] EditError),
}

impl Challenge {
    /// `None` for another scheme, algorithm or quality of protection.
    pub fn parse(value: &[u8], proxy: bool) -> Option<Challenge> {
        let parameters = Parameters::parse(value)?;
        let algorithm = parameters.get("algorithm").map_or(Some(Algorithm::Md5), Algorithm::from_token)?;
        let is_auth = |qop: &[u8]| {
            qop.split(|&byte| byte == b',').any(|option| crate::message::trim(option).eq_ignore_ascii_case(b"auth"))
        };
        let qop = parameters.get("qop").map(is_auth);
        if qop == Some(false) {
            return None;
        }
        Some(Challenge {
            realm: parameters.get("realm")?.to_vec(),
            nonce: parameters.get("nonce")?.to_vec(),
            opaque: parameters.get("opaque").map(<[u8]>::to_vec),
            algorithm,
            stale: parameters.has_value("stale", b"true"),
            qop: qop.is_some(),
            proxy,
        })
    }

    /// The value of the Authorization or Proxy-Authorization header. `count` is 1 for the first use of the nonce.
    pub fn answer(&self, credentials: &Credentials, method: &[u8], uri: &[u8], cnonce: &str, count: u32) -> Vec<u8> {
        let ha1 = Ha1::new(self.algorithm, &credentials.username, &self.realm, &credentials.password);
        let nc = format!("{count:08x}");
        let response = if self.qop {
            ha1.response(&self.nonce, nc.as_bytes(), cnonce.as_bytes(), method, uri)
        } else {
            ha1.response_without_qop(&self.nonce, method, uri)
        };
        let mut out = b"Digest ".to_vec();
        let quoted: [(&str, &[u8]); 6] = [
            ("username", &credentials.username),
            ("realm", &self.realm),
            ("nonce", &self.nonce),
            ("uri", uri),
            ("response", response.as_bytes()),
            ("cnonce", cnonce.as_bytes()),
        ];
        // What goes with qop alone is not said without it.
        for (name, value) in &quoted[..if self.qop { 6 } else { 5 }] {
            quote(&mut out, name, value);
            out.extend_from_slice(b", ");
        }
        if let Some(opaque) = &self.opaque {
            quote(&mut out, "opaque", opaque);
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(format!("algorithm={}", self.algorithm.token()).as_bytes());
        if self.qop {
            out.extend_from_slice(format!(", qop=auth, nc={nc}").as_bytes());
        }
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
    respond_to(&challenge, request, credentials, cnonce, 1)
}

/// As [`respond`], to a challenge that was read; `count` is how often its nonce has been used with this.
///
/// # Errors
/// The request cannot be changed.
pub fn respond_to(
    challenge: &Challenge,
    request: &Request,
    credentials: &Credentials,
    cnonce: &str,
    count: u32,
) -> Result<Request, ClientError> {
    let method = request.method_token();
    let value = challenge.answer(credentials, method, request.uri_bytes(), cnonce, count);
    let name = if challenge.proxy { Name::ProxyAuthorization } else { Name::Authorization };
    let number = request.cseq().map_or(0, |cseq| cseq.number) + 1;
    let cseq = [number.to_string().as_bytes(), b" ", method].concat();
    Ok(request.edit().set(Name::CSeq, cseq).set(name, value).finish_request()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Method, RequestBuilder, ResponseBuilder};

    /// The example of RFC 2069, section 2.4, with its erratum.
    #[test]
    fn without_qop_as_rfc_2069_says() {
        let value = br#"Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="x""#;
        let challenge = Challenge::parse(value, false).unwrap();
        assert!(!challenge.qop);
        let credentials = Credentials { username: b"Mufasa".to_vec(), password: b"CircleOfLife".to_vec() };
        let answer = challenge.answer(&credentials, b"GET", b"/dir/index.html", "c", 1);
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.contains(r#"response="1949323746fe6a43ef61f9606e7febea""#), "{answer}");
        assert!(!answer.contains("cnonce") && !answer.contains("nc=") && !answer.contains("qop"), "{answer}");
        assert_eq!(Challenge::parse(br#"Digest realm="a", nonce="b", qop="auth-int""#, false), None);
    }

    #[test]
    fn a_nonce_used_again_is_counted() {
        let request = RequestBuilder::new(Method::Bye, b"sip:a@b")
            .header(Name::From, "<sip:x@y>;tag=1")
            .header(Name::To, "<sip:a@b>")
            .header(Name::CallId, "id")
            .cseq(2, Method::Bye)
            .build()
            .unwrap();
        let response = ResponseBuilder::new(&request, 407)
            .header(Name::ProxyAuthenticate, r#"Digest realm="a", nonce="b", qop="auth", algorithm=SHA-256"#)
            .build()
            .unwrap();
        let credentials = Credentials { username: b"u".to_vec(), password: b"p".to_vec() };
        let again = respond_to(&strongest(&response).unwrap(), &request, &credentials, "c", 2).unwrap();
        let text = String::from_utf8_lossy(again.bytes()).into_owned();
        assert!(text.contains("nc=00000002") && text.contains("CSeq: 3 BYE"), "{text}");
        assert!(format!("{credentials:?}").contains("Credentials(u"), "the password is not shown");
    }
}
