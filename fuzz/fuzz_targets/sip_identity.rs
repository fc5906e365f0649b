#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::identity::{Claim, IDENTITY_BYTES_MAX};
use sip::message::{Method, Name, Request, RequestBuilder};

fn request(from: &[u8], identity: &[u8], indicator: &[u8]) -> Option<Request> {
    let from = [b"<sip:+12155551212;verstat=".as_slice(), from, b"@a>;tag=1"].concat();
    RequestBuilder::new(Method::Invite, b"sip:a@b")
        .header(Name::From, from)
        .header(Name::To, "<sip:a@b>")
        .header(Name::CallId, "x")
        .cseq(1, Method::Invite)
        .header(Name::Identity, identity)
        .header("P-Attestation-Indicator", indicator)
        .build()
        .ok()
}

fuzz_target!(|data: (&[u8], &[u8], &[u8])| {
    let (from, identity, indicator) = data;
    let Some(claim) = request(from, identity, indicator).and_then(|request| Claim::of(&request)) else { return };
    let kept = claim.identity.clone().unwrap_or_default();
    assert!(kept.chars().count() <= IDENTITY_BYTES_MAX && !kept.contains(char::is_control));
    assert!(claim.dest.len() <= 8 && claim.dest.iter().chain(&claim.orig).all(|party| party.chars().count() <= 128));
    // What is one value of a header as it stands, and not two or none.
    let is_one = |octet: u8| octet.is_ascii_graphic() && !matches!(octet, b',' | b'"');
    if !kept.is_empty() && kept.bytes().all(is_one) {
        let again = request(from, kept.as_bytes(), indicator).and_then(|request| Claim::of(&request));
        assert_eq!(again.map(|again| again.attestation), Some(claim.attestation));
    }
});
