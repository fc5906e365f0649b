//! The server's side: nonces that need no table to be ours and unexpired, and a bounded one that sees replays.

use super::parameters::{Parameters, quote};
use super::{Algorithm, Ha1};
use crate::message::{Name, Request};
use crate::seal::{Seal, from_hex, to_hex};
use std::collections::BTreeMap;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// Counts behind the highest one that may still come, reordered by UDP.
const WINDOW: u32 = 64;
const NONCE_BYTES: usize = 8 + 8 + 16;

#[derive(Clone, Debug)]
pub struct Config {
    pub realm: String,
    /// Offered in this order; the client takes the first it knows (RFC 8760 §2.3).
    pub algorithms: Vec<Algorithm>,
    /// After this a nonce is stale.
    pub nonce_lifetime: Duration,
    /// Nonces whose counts are remembered. At the bound the oldest is forgotten and all as old become stale.
    pub nonces_max: usize,
    /// 407 and Proxy-Authenticate, not 401 and WWW-Authenticate.
    pub proxy: bool,
}

/// Challenges requests and checks what comes back.
#[derive(Debug)]
pub struct Authenticator {
    config: Config,
    seal: Seal,
    serial: u64,
    used: BTreeMap<NonceId, Counts>,
    /// Nonces up to this one are stale, because their counts were forgotten.
    forgotten: NonceId,
}

/// Microseconds since the epoch at issue, then a serial number.
type NonceId = (u64, u64);

#[derive(Clone, Copy, Debug)]
struct Counts {
    highest: u32,
    /// Bit n: `highest - n` was seen.
    seen: u64,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// This user knows the password.
    Granted { username: Vec<u8> },
    /// No credentials for our realm, or a nonce that is not ours or too old (`stale`): challenge.
    Challenge { stale: bool },
    /// Credentials that no client sends by mistake twice: 400.
    Malformed,
    /// Wrong password or unknown user: challenge again, and count.
    Denied,
    /// This nonce count was used before: challenge as stale, and count.
    Replayed,
}

impl Authenticator {
    /// `secret` signs the nonces; nodes that share it accept each other's.
    pub fn new(config: Config, secret: [u8; 32]) -> Self {
        Authenticator { config, seal: Seal::new(secret), serial: 0, used: BTreeMap::new(), forgotten: (0, 0) }
    }

    /// The status to challenge with.
    pub fn status(&self) -> u16 {
        if self.config.proxy { 407 } else { 401 }
    }

    pub fn realm(&self) -> &str {
        &self.config.realm
    }

    /// The header lines of a challenge, one for each algorithm.
    pub fn challenge(&mut self, now: Duration, stale: bool) -> Vec<(Name, Vec<u8>)> {
        let name = if self.config.proxy { Name::ProxyAuthenticate } else { Name::WwwAuthenticate };
        let nonce = self.issue(now);
        self.config
            .algorithms
            .iter()
            .map(|algorithm| {
                let mut value = b"Digest ".to_vec();
                quote(&mut value, "realm", self.config.realm.as_bytes());
                value.extend_from_slice(b", ");
                quote(&mut value, "nonce", nonce.as_bytes());
                let tail = format!(
                    ", algorithm={}, qop=\"auth\"{}",
                    algorithm.token(),
                    if stale { ", stale=true" } else { "" }
                );
                value.extend_from_slice(tail.as_bytes());
                (name, value)
            })
            .collect()
    }

    /// Checks a request's credentials. `lookup` gives the stored HA1 of a user for an algorithm.
    pub fn check(
        &mut self,
        now: Duration,
        request: &Request,
        lookup: impl FnOnce(&[u8], Algorithm) -> Option<Ha1>,
    ) -> Check {
        let header = if self.config.proxy { Name::ProxyAuthorization } else { Name::Authorization };
        let realm = self.config.realm.as_bytes();
        let found = request
            .headers(header)
            .filter_map(Parameters::parse)
            .find(|parameters| parameters.get("realm") == Some(realm));
        let Some(parameters) = found else { return Check::Challenge { stale: false } };
        let Some(fields) = Fields::read(&parameters) else { return Check::Malformed };
        // RFC 3261 §22.4: credentials for another target do not count here.
        if fields.uri != request.uri_bytes() || !self.config.algorithms.contains(&fields.algorithm) {
            return Check::Malformed;
        }
        let id = match self.read_nonce(now, fields.nonce) {
            Ok(id) => id,
            Err(stale) => return Check::Challenge { stale },
        };
        // Unknown users cost the same time as wrong passwords.
        let stored = lookup(fields.username, fields.algorithm).filter(|ha1| ha1.algorithm == fields.algorithm);
        let known = stored.is_some();
        let ha1 = stored.unwrap_or_else(|| Ha1::new(fields.algorithm, b"", realm, b""));
        let expected = ha1.response(fields.nonce, fields.nc, fields.cnonce, request.method_token(), fields.uri);
        let equal = expected.as_bytes().ct_eq(&fields.response.to_ascii_lowercase());
        if !bool::from(equal) || !known {
            return Check::Denied;
        }
        if self.count(id, fields.count) {
            Check::Granted { username: fields.username.to_vec() }
        } else {
            Check::Replayed
        }
    }

    fn issue(&mut self, now: Duration) -> String {
        self.serial += 1;
        let at = u64::try_from(now.as_micros()).unwrap_or(u64::MAX).to_be_bytes();
        let serial = self.serial.to_be_bytes();
        let signature = self.seal.sign(&[b"nonce", &at, &serial, self.config.realm.as_bytes()]);
        to_hex(&[&at[..], &serial, &signature[..16]].concat())
    }

    /// The identity of a nonce of ours; `Err(true)` if it is too old, `Err(false)` if it is not ours.
    fn read_nonce(&self, now: Duration, nonce: &[u8]) -> Result<NonceId, bool> {
        let bytes = from_hex(nonce, NONCE_BYTES).filter(|bytes| bytes.len() == NONCE_BYTES).ok_or(false)?;
        let (at, serial) = (&bytes[..8], &bytes[8..16]);
        if !self.seal.verify(&[b"nonce", at, serial, self.config.realm.as_bytes()], &bytes[16..]) {
            return Err(false);
        }
        let number = |part: &[u8]| part.iter().fold(0, |number: u64, &byte| number << 8 | u64::from(byte));
        let id = (number(at), number(serial));
        let age = now.saturating_sub(Duration::from_micros(id.0));
        if age > self.config.nonce_lifetime || id <= self.forgotten { Err(true) } else { Ok(id) }
    }

    /// Notes a count; `false` if it was there before or is too far behind.
    fn count(&mut self, id: NonceId, count: u32) -> bool {
        if let Some(counts) = self.used.get_mut(&id) {
            return counts.note(count);
        }
        if self.used.len() >= self.config.nonces_max
            && let Some((oldest, _)) = self.used.pop_first()
        {
            self.forgotten = self.forgotten.max(oldest);
            if id <= self.forgotten {
                return false;
            }
        }
        self.used.insert(id, Counts { highest: count, seen: 1 });
        true
    }
}

impl Counts {
    fn note(&mut self, count: u32) -> bool {
        if count > self.highest {
            let ahead = count - self.highest;
            self.seen = if ahead < WINDOW { self.seen << ahead | 1 } else { 1 };
            self.highest = count;
            return true;
        }
        let behind = self.highest - count;
        let bit = 1u64.checked_shl(behind).unwrap_or(0);
        let fresh = behind < WINDOW && self.seen & bit == 0;
        self.seen |= bit;
        fresh
    }
}

struct Fields<'a> {
    username: &'a [u8],
    nonce: &'a [u8],
    uri: &'a [u8],
    response: &'a [u8],
    cnonce: &'a [u8],
    nc: &'a [u8],
    count: u32,
    algorithm: Algorithm,
}

impl<'a> Fields<'a> {
    fn read(parameters: &'a Parameters<'_>) -> Option<Fields<'a>> {
        let nc = parameters.get("nc").filter(|nc| nc.len() == 8)?;
        let count = from_hex(nc, 4)?.iter().fold(0, |number: u32, &byte| number << 8 | u32::from(byte));
        if !parameters.has_value("qop", b"auth") || count == 0 {
            return None;
        }
        Some(Fields {
            username: parameters.get("username")?,
            nonce: parameters.get("nonce")?,
            uri: parameters.get("uri")?,
            response: parameters.get("response")?,
            cnonce: parameters.get("cnonce").filter(|cnonce| !cnonce.is_empty())?,
            nc,
            count,
            algorithm: parameters.get("algorithm").map_or(Some(Algorithm::Md5), Algorithm::from_token)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::{Credentials, respond};
    use super::*;
    use crate::message::{Method, RequestBuilder, ResponseBuilder};

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn authenticator(nonces_max: usize) -> Authenticator {
        let config = Config {
            realm: "trunks".into(),
            algorithms: vec![Algorithm::Sha256, Algorithm::Md5],
            nonce_lifetime: Duration::from_secs(60),
            nonces_max,
            proxy: true,
        };
        Authenticator::new(config, [9; 32])
    }

    fn invite() -> Request {
        RequestBuilder::new(Method::Invite, b"sip:a@b")
            .header(Name::From, "<sip:x@y>;tag=1")
            .header(Name::To, "<sip:a@b>")
            .header(Name::CallId, "id")
            .cseq(1, Method::Invite)
            .build()
            .unwrap()
    }

    fn challenged(authenticator: &mut Authenticator, now: Duration, password: &str) -> Request {
        let request = invite();
        let mut builder = ResponseBuilder::new(&request, authenticator.status());
        for (name, value) in authenticator.challenge(now, false) {
            builder = builder.header(name, value);
        }
        let credentials = Credentials { username: b"bob".to_vec(), password: password.into() };
        respond(&request, &builder.build().unwrap(), &credentials, "c1").unwrap()
    }

    fn lookup(username: &[u8], algorithm: Algorithm) -> Option<Ha1> {
        (username == b"bob").then(|| Ha1::new(algorithm, b"bob", b"trunks", b"secret"))
    }

    #[test]
    fn the_right_password_once() {
        let mut server = authenticator(10);
        assert_eq!(server.check(NOW, &invite(), lookup), Check::Challenge { stale: false });
        let request = challenged(&mut server, NOW, "secret");
        assert_eq!(request.cseq().unwrap().number, 2);
        assert!(String::from_utf8_lossy(request.bytes()).contains("SHA-256"), "the stronger is taken");
        assert_eq!(server.check(NOW, &request, lookup), Check::Granted { username: b"bob".to_vec() });
        assert_eq!(server.check(NOW, &request, lookup), Check::Replayed);
    }

    #[test]
    fn wrong_passwords_unknown_users_old_and_forged_nonces() {
        let mut server = authenticator(10);
        let wrong = challenged(&mut server, NOW, "guess");
        assert_eq!(server.check(NOW, &wrong, lookup), Check::Denied);
        let right = challenged(&mut server, NOW, "secret");
        assert_eq!(server.check(NOW, &right, |_, _| None), Check::Denied);
        let late = NOW + Duration::from_secs(61);
        assert_eq!(server.check(late, &right, lookup), Check::Challenge { stale: true });
        let mut other = Authenticator::new(server.config.clone(), [8; 32]);
        assert_eq!(other.check(NOW, &right, lookup), Check::Challenge { stale: false });
        let moved = right.edit().uri(b"sip:premium@b").finish_request().unwrap();
        assert_eq!(server.check(NOW, &moved, lookup), Check::Malformed);
    }

    #[test]
    fn counts_may_be_reordered_but_not_repeated() {
        let mut counts = Counts { highest: 1, seen: 1 };
        for (count, fresh) in
            [(1, false), (3, true), (2, true), (2, false), (3, false), (100, true), (37, true), (36, false)]
        {
            assert_eq!(counts.note(count), fresh, "{count}");
        }
        assert!(counts.note(u32::MAX));
        assert!(!counts.note(5));
    }

    #[test]
    fn a_forgotten_nonce_is_stale_not_fresh() {
        let mut server = authenticator(2);
        let requests: Vec<Request> = (0..3).map(|_| challenged(&mut server, NOW, "secret")).collect();
        for request in &requests {
            assert!(matches!(server.check(NOW, request, lookup), Check::Granted { .. }));
        }
        assert_eq!(server.used.len(), 2);
        assert_eq!(server.check(NOW, &requests[0], lookup), Check::Challenge { stale: true });
        assert_eq!(server.check(NOW, &requests[2], lookup), Check::Replayed);
    }
}
