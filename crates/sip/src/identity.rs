//! Who is said to call, and who says so: the Identity header (RFC 8224) with its PASSporT (RFC 8225, RFC 8588), and what a carrier that
//! verified one tells instead (ATIS-1000074: `P-Attestation-Indicator`, `P-Origination-ID`, `verstat`).
//!
//! Nothing is verified here: what is read is what the message claims.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::message::{Name, NameAddr, Params, Request, trim, unfold};
use crate::verdict::Attestation;

/// Longest Identity value read, bytes. One of SHAKEN has some 800.
pub const IDENTITY_BYTES_MAX: usize = 4_096;
/// Identity values looked at: SHAKEN, `div`, `rcd` and one more.
const IDENTITIES_MAX: usize = 4;
/// Destinations of one PASSporT that are kept.
const DESTINATIONS_MAX: usize = 8;
/// Longest number or other identity kept, characters.
const PARTY_CHARS_MAX: usize = 128;
/// Longest origination id kept, characters. A UUID has 36.
const ORIGINATION_CHARS_MAX: usize = 64;
/// Longest address of a certificate kept, characters.
const CERTIFICATE_CHARS_MAX: usize = 512;
/// Longest `verstat` kept, characters.
const VERSTAT_CHARS_MAX: usize = 64;

/// What of a message tells the attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A PASSporT.
    Passport,
    /// The carrier's `P-Attestation-Indicator`.
    Indicator,
    /// The carrier's `verstat`, beside the caller's number.
    Verstat,
}

/// Why an Identity value tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the Identity header is longer than is read")]
    TooLong,
    #[error("the Identity header holds no PASSporT of three parts")]
    NotPassport,
    #[error("the PASSporT is not signed")]
    Unsigned,
    #[error("the PASSporT is not base64url of JSON objects")]
    Encoding,
    #[error("the PASSporT's type is not passport")]
    Type,
    #[error("the PASSporT is in its compact form: claims are left out")]
    Compact,
    #[error("the PASSporT is not of SHAKEN")]
    NotShaken,
    #[error("the PASSporT attests neither A, B nor C")]
    Attestation,
}

/// What a message claims of its caller. Text is bounded and has no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What tells the attestation; the PASSporT where nothing does.
    pub source: Source,
    /// What is claimed.
    pub attestation: Attestation,
    /// Who is said to call: digits, or a URI.
    pub orig: Option<String>,
    /// Who was called.
    pub dest: Vec<String>,
    /// Where in the carrier's network the call began.
    pub orig_id: Option<String>,
    /// When it was signed, seconds since the Unix epoch.
    pub issued_at: Option<u64>,
    /// Where the signer's certificate is.
    pub certificate: Option<String>,
    /// What the carrier says it found.
    pub verstat: Option<String>,
    /// The Identity value as it came.
    pub identity: Option<String>,
    /// Why the Identity value tells no attestation.
    pub fault: Option<Fault>,
}

/// The claims of a PASSporT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Passport {
    attestation: Attestation,
    orig: Option<String>,
    dest: Vec<String>,
    orig_id: Option<String>,
    issued_at: Option<u64>,
    certificate: Option<String>,
    fault: Option<Fault>,
}

impl Claim {
    /// What a request claims; `None` where it claims nothing.
    pub fn of(request: &Request) -> Option<Claim> {
        let values = || request.values(Name::Identity).take(IDENTITIES_MAX);
        let identity = values().find(|value| is_shaken(value)).or_else(|| values().next());
        let indicator = request.header("P-Attestation-Indicator").map(|value| level(&plain(value, 1)));
        let indicator = indicator.filter(|level| *level != Attestation::None);
        let verstat = verstat_of(request);
        if identity.is_none() && indicator.is_none() && verstat.is_none() {
            return None;
        }
        let is_short = |value: &&[u8]| value.len() <= IDENTITY_BYTES_MAX;
        let kept = identity.filter(is_short).map(|value| plain(value, usize::MAX));
        // What is read is what is kept, so that whoever reads it later reads the same.
        let passport = match (&kept, identity) {
            (Some(kept), _) => read(kept.as_bytes()),
            (None, Some(_)) => Passport { fault: Some(Fault::TooLong), ..Passport::default() },
            (None, None) => Passport::default(),
        };
        let by_verstat = verstat.as_deref().map_or(Attestation::None, level_of_verstat);
        let (source, attestation) = match (passport.attestation, indicator) {
            (Attestation::None, Some(level)) => (Source::Indicator, level),
            (Attestation::None, None)
                if verstat.is_some() && (identity.is_none() || by_verstat != Attestation::None) =>
            {
                (Source::Verstat, by_verstat)
            }
            (level, _) => (Source::Passport, level),
        };
        let origination = || request.header("P-Origination-ID").map(|value| plain(value, ORIGINATION_CHARS_MAX));
        Some(Claim {
            source,
            attestation,
            orig: passport.orig,
            dest: passport.dest,
            orig_id: passport.orig_id.or_else(origination).filter(|id| !id.is_empty()),
            issued_at: passport.issued_at,
            certificate: passport.certificate,
            verstat,
            identity: kept.filter(|kept| !kept.is_empty()),
            fault: passport.fault,
        })
    }
}

/// Readable, on one line, not longer than `chars_max`.
fn plain(value: &[u8], chars_max: usize) -> String {
    let text = unfold(trim(value));
    String::from_utf8_lossy(&text).chars().filter(|one| !one.is_control()).take(chars_max).collect()
}

fn level(text: &str) -> Attestation {
    match text {
        "A" => Attestation::A,
        "B" => Attestation::B,
        "C" => Attestation::C,
        _ => Attestation::None,
    }
}

/// `TN-Validation-Passed-A`; without a letter it tells no level.
fn level_of_verstat(verstat: &str) -> Attestation {
    verstat.strip_prefix("TN-Validation-Passed-").map_or(Attestation::None, level)
}

/// Digest and parameters of an Identity value.
fn split(value: &[u8]) -> (&[u8], Params<'_>) {
    let end = memchr::memchr(b';', value).unwrap_or(value.len());
    (trim(&value[..end]), Params::new(&value[end..]))
}

/// A token or a quoted text without escapes, as parameters of an Identity value are.
fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(value)
}

fn is_shaken(value: &[u8]) -> bool {
    let (digest, params) = split(value);
    match params.value("ppt") {
        Some(ppt) => unquoted(ppt).eq_ignore_ascii_case(b"shaken"),
        None => digest
            .split(|&byte| byte == b'.')
            .next()
            .filter(|head| head.len() <= IDENTITY_BYTES_MAX)
            .and_then(object)
            .is_some_and(|head| head.get("ppt").and_then(Value::as_str) == Some("shaken")),
    }
}

fn object(encoded: &[u8]) -> Option<Map<String, Value>> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).ok()?;
    // Its own limit of depth keeps the reader off the stack's end.
    match serde_json::from_slice(&bytes).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

fn text(value: Option<&Value>, chars_max: usize) -> Option<String> {
    let text = plain(value?.as_str()?.as_bytes(), chars_max);
    (!text.is_empty()).then_some(text)
}

/// `tn` before `uri` (RFC 8225, section 5.2.1): one text, or a list of them.
fn parties(claim: Option<&Value>) -> Vec<String> {
    let members = claim.and_then(Value::as_object);
    let named = members.and_then(|members| members.get("tn").or_else(|| members.get("uri")));
    match named {
        Some(Value::Array(all)) => {
            all.iter().take(DESTINATIONS_MAX).filter_map(|one| text(Some(one), PARTY_CHARS_MAX)).collect()
        }
        one => text(one, PARTY_CHARS_MAX).into_iter().collect(),
    }
}

fn read(value: &[u8]) -> Passport {
    let (digest, params) = split(value);
    let info = params.value("info").map(|info| {
        let inner = info.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">"));
        plain(inner.unwrap_or(info), CERTIFICATE_CHARS_MAX)
    });
    let info = info.filter(|info| !info.is_empty());
    let with_info = |fault| Passport { certificate: info.clone(), fault: Some(fault), ..Passport::default() };
    let parts: Vec<&[u8]> = digest.split(|&byte| byte == b'.').take(4).collect();
    let [head, claims, signature] = parts.as_slice() else { return with_info(Fault::NotPassport) };
    if signature.is_empty() {
        return with_info(Fault::Unsigned);
    }
    if head.is_empty() && claims.is_empty() {
        return with_info(Fault::Compact);
    }
    let (Some(head), Some(claims)) = (object(head), object(claims)) else { return with_info(Fault::Encoding) };
    let is_passport = head.get("typ").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("passport"));
    if !is_passport {
        return with_info(Fault::Type);
    }
    let is_shaken = head.get("ppt").and_then(Value::as_str) == Some("shaken");
    let attestation =
        claims.get("attest").and_then(Value::as_str).filter(|_| is_shaken).map_or(Attestation::None, level);
    Passport {
        attestation,
        orig: parties(claims.get("orig")).into_iter().next(),
        dest: parties(claims.get("dest")),
        orig_id: text(claims.get("origid"), ORIGINATION_CHARS_MAX),
        issued_at: claims.get("iat").and_then(Value::as_u64),
        // What is signed goes before what stands beside it.
        certificate: text(head.get("x5u"), CERTIFICATE_CHARS_MAX).or_else(|| info.clone()),
        fault: match (is_shaken, attestation) {
            (false, _) => Some(Fault::NotShaken),
            (true, Attestation::None) => Some(Fault::Attestation),
            (true, _) => None,
        },
    }
}

/// The carrier's finding: a parameter of the asserted identity's number, else of From's.
fn verstat_of(request: &Request) -> Option<String> {
    let asserted = request.values(Name::PAssertedIdentity).take(2);
    let mut values = asserted.chain(request.header(Name::From));
    values.find_map(|value| {
        let address = NameAddr::parse(value)?;
        let uri = address.uri()?;
        // In a SIP URI the parameters of a number are part of the user (RFC 3261, section 19.1.6).
        let of_user = uri.user.and_then(|user| Some(Params::new(&user[memchr::memchr(b';', user)?..])));
        let verstat = of_user.and_then(|params| params.value("verstat")).or_else(|| uri.params.value("verstat"))?;
        let verstat = plain(verstat, VERSTAT_CHARS_MAX);
        (!verstat.is_empty()).then_some(verstat)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Method, RequestBuilder};

    const X5U: &str = "https://certs.example/shaken.pem";
    const ORIGID: &str = "123e4567-e89b-12d3-a456-426655440000";

    fn encoded(json: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(json)
    }

    fn head() -> String {
        format!(r#"{{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"{X5U}"}}"#)
    }

    fn claims(attest: &str) -> String {
        format!(
            r#"{{"attest":"{attest}","dest":{{"tn":["12155551213"]}},"iat":1443208345,"orig":{{"tn":"12155551212"}},"origid":"{ORIGID}"}}"#
        )
    }

    fn identity(head: &str, claims: &str) -> String {
        format!("{}.{}.c2lnbmVk;info=<{X5U}>;alg=ES256;ppt=shaken", encoded(head), encoded(claims))
    }

    fn claim(headers: &[(&str, &str)]) -> Option<Claim> {
        let from =
            headers.iter().find(|(name, _)| *name == "From").map_or("<sip:+12155551212@a>;tag=1", |(_, from)| from);
        let mut builder = RequestBuilder::new(Method::Invite, b"sip:+12155551213@b")
            .header(Name::From, from)
            .header(Name::To, "<sip:+12155551213@b>")
            .header(Name::CallId, "x")
            .cseq(1, Method::Invite);
        for (name, value) in headers.iter().filter(|(name, _)| *name != "From") {
            builder = builder.header(*name, value);
        }
        Claim::of(&builder.build().unwrap())
    }

    #[test]
    fn a_passport_of_shaken_is_read() {
        for name in ["Identity", "y"] {
            let value = identity(&head(), &claims("A"));
            let expected = Claim {
                source: Source::Passport,
                attestation: Attestation::A,
                orig: Some("12155551212".to_owned()),
                dest: vec!["12155551213".to_owned()],
                orig_id: Some(ORIGID.to_owned()),
                issued_at: Some(1_443_208_345),
                certificate: Some(X5U.to_owned()),
                verstat: None,
                identity: Some(value.clone()),
                fault: None,
            };
            assert_eq!(claim(&[(name, &value)]), Some(expected), "{name}");
        }
        assert_eq!(claim(&[]), None);
    }

    #[test]
    fn the_one_of_shaken_is_taken_among_several() {
        let div = format!(
            "{}.{}.c2lnbmVk;info=<{X5U}>;ppt=div",
            encoded(r#"{"alg":"ES256","ppt":"div","typ":"passport"}"#),
            encoded("{}")
        );
        let quoted = identity(&head(), &claims("B")).replace("ppt=shaken", "ppt=\"shaken\"");
        let bare = quoted.split(';').next().unwrap().to_owned();
        for own in [&quoted, &bare] {
            let found = claim(&[("Identity", &div), ("Identity", own)]).unwrap();
            assert_eq!((found.attestation, found.fault), (Attestation::B, None), "{own}");
        }
        let found = claim(&[("Identity", &div)]).unwrap();
        assert_eq!((found.attestation, found.fault), (Attestation::None, Some(Fault::NotShaken)));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let good = identity(&head(), &claims("A"));
        let parts: Vec<&str> = good.split('.').collect();
        for (value, fault) in [
            ("x".repeat(IDENTITY_BYTES_MAX + 1), Fault::TooLong),
            ("abc;info=<https://x>".to_owned(), Fault::NotPassport),
            ("a.b.c.d".to_owned(), Fault::NotPassport),
            (format!("{}.{}.;info=<{X5U}>", parts[0], parts[1]), Fault::Unsigned),
            (format!("..c2lnbmVk;info=<{X5U}>;alg=ES256;ppt=shaken"), Fault::Compact),
            ("!.!.c2ln".to_owned(), Fault::Encoding),
            (identity("[1]", &claims("A")), Fault::Encoding),
            (identity(&head(), &"[".repeat(2_000)), Fault::Encoding),
            (identity(&head().replace("passport", "JWT"), &claims("A")), Fault::Type),
            (identity(&head().replace("shaken\"", "rcd\""), &claims("A")), Fault::NotShaken),
            (identity(&head(), &claims("D")), Fault::Attestation),
            (identity(&head(), r#"{"attest":7,"dest":"x","orig":[],"iat":-1,"origid":{}}"#), Fault::Attestation),
        ] {
            let found = claim(&[("Identity", &value)]).unwrap();
            assert_eq!((found.attestation, found.fault), (Attestation::None, Some(fault)), "{value}");
            assert_eq!(found.identity.is_some(), value.len() <= IDENTITY_BYTES_MAX);
        }
        let compact = claim(&[("Identity", &format!("..c2lnbmVk;info=<{X5U}>"))]).unwrap();
        assert_eq!(compact.certificate.as_deref(), Some(X5U));
    }

    #[test]
    fn a_carrier_that_verified_tells_it_otherwise() {
        let found = claim(&[("P-Attestation-Indicator", "C"), ("P-Origination-ID", ORIGID)]).unwrap();
        assert_eq!((found.source, found.attestation), (Source::Indicator, Attestation::C));
        assert_eq!((found.orig_id.as_deref(), found.identity), (Some(ORIGID), None));
        for (from, verstat, attestation) in [
            (
                "<sip:+12155551212;verstat=TN-Validation-Passed@a;user=phone>;tag=1",
                "TN-Validation-Passed",
                Attestation::None,
            ),
            ("<tel:+12155551212;verstat=TN-Validation-Passed-A>;tag=1", "TN-Validation-Passed-A", Attestation::A),
            ("<sip:+12155551212@a;verstat=No-TN-Validation>;tag=1", "No-TN-Validation", Attestation::None),
        ] {
            let found = claim(&[("From", from)]).unwrap();
            assert_eq!((found.source, found.attestation), (Source::Verstat, attestation), "{from}");
            assert_eq!(found.verstat.as_deref(), Some(verstat));
        }
        let asserted = ("P-Asserted-Identity", "<sip:+12155551212;verstat=TN-Validation-Failed@a>");
        let from = ("From", "<sip:+12155551212;verstat=TN-Validation-Passed-A@a>;tag=1");
        assert_eq!(claim(&[asserted, from]).unwrap().verstat.as_deref(), Some("TN-Validation-Failed"));
        // A PASSporT goes before what is said beside it; one that tells nothing does not.
        let (good, compact) = (identity(&head(), &claims("A")), "..c2lnbmVk".to_owned());
        let found = claim(&[("Identity", &good), ("P-Attestation-Indicator", "B")]).unwrap();
        assert_eq!((found.source, found.attestation), (Source::Passport, Attestation::A));
        let found = claim(&[("Identity", &compact), ("P-Attestation-Indicator", "B")]).unwrap();
        assert_eq!(
            (found.source, found.attestation, found.fault),
            (Source::Indicator, Attestation::B, Some(Fault::Compact))
        );
        assert_eq!(claim(&[("P-Attestation-Indicator", "Z")]), None);
    }
}
