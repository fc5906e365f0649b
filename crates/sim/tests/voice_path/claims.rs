//! What INVITEs claim of their callers, through edge and switch into the log.

use bytes::Bytes;
use domain::{Attestation, ClaimSource, StartedCall, What};
use sim::voice::{CARRIER, World};

use crate::stage::{NUMBER, answers, direct, one, seconds};

/// {"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://c.example/s.pem"}, and claims with attest B of 1443208345.
const IDENTITY: &str = "eyJhbGciOiJFUzI1NiIsInBwdCI6InNoYWtlbiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jLmV4YW1wbGUvcy5wZW0ifQ.\
    eyJhdHRlc3QiOiJCIiwiZGVzdCI6eyJ0biI6WyIxNTU1MTIzMDAwMCJdfSwiaWF0IjoxNDQzMjA4MzQ1LCJvcmlnIjp7InRuIjoiMTU1NTAwMDExMTEifSwib3JpZ2lkIjoibyJ9.\
    c2lnbmVk;info=<https://c.example/s.pem>;alg=ES256;ppt=shaken";

/// The start of a call whose INVITE a hand has changed.
fn started(change: impl Fn(&str) -> String + 'static) -> StartedCall {
    let mut world = World::new(direct(vec![answers(1, 1)]));
    let carrier = CARRIER.parse().unwrap();
    world.tamper(move |from, _, bytes| {
        let is_invite = from == carrier && bytes.starts_with(b"INVITE");
        is_invite.then(|| vec![Bytes::from(change(std::str::from_utf8(bytes).unwrap()))])
    });
    world.call(NUMBER, vec![], seconds(60));
    let (story, cdr) = one(world);
    assert!(cdr.answered_at.is_some(), "{}", story.tell());
    let first = story.events.iter().find_map(|event| match &event.what {
        What::Started(started) => Some(StartedCall::clone(started)),
        _ => None,
    });
    first.unwrap()
}

/// With a header more.
fn with(header: &str) -> impl Fn(&str) -> String + 'static {
    let header = format!("\r\n{header}\r\nCSeq:");
    move |invite| invite.replacen("\r\nCSeq:", &header, 1)
}

#[test]
fn a_passport_is_claimed_and_decides_nothing() {
    for name in ["Identity", "y"] {
        let call = started(with(&format!("{name}: {IDENTITY}")));
        let claim = call.identity_claim.unwrap();
        assert_eq!((claim.source, claim.attestation, &claim.fault), (ClaimSource::Passport, Attestation::B, &None));
        assert_eq!(
            (claim.orig.as_deref(), claim.dest.as_slice()),
            (Some("15550001111"), &["15551230000".to_owned()][..])
        );
        assert_eq!(claim.issued_at.map(|at| at.to_rfc3339()).as_deref(), Some("2015-09-25T19:12:25.000000Z"));
        assert_eq!(
            (claim.header.as_deref(), claim.certificate.as_deref()),
            (Some(IDENTITY), Some("https://c.example/s.pem"))
        );
        // The trunk of the simulation is said to be trusted: that is another's word.
        assert_eq!(call.attestation, Attestation::A);
    }
    assert_eq!(started(str::to_owned).identity_claim, None);
}

#[test]
fn a_carriers_word_is_kept_and_the_number_stays_a_number() {
    let call = started(with("P-Attestation-Indicator: C"));
    let claim = call.identity_claim.unwrap();
    assert_eq!((claim.source, claim.attestation, claim.header), (ClaimSource::Indicator, Attestation::C, None));
    let call =
        started(|invite| invite.replace("sip:+15550001111@", "sip:+15550001111;verstat=TN-Validation-Passed-A@"));
    let claim = call.identity_claim.unwrap();
    assert_eq!((claim.source, claim.attestation), (ClaimSource::Verstat, Attestation::A));
    assert_eq!((call.from.as_str(), claim.verstat.as_deref()), ("+15550001111", Some("TN-Validation-Passed-A")));
}

#[test]
fn an_identity_that_is_none_is_kept_and_the_call_goes_on() {
    for (value, fault) in [("nonsense", "no PASSporT"), ("..c2ln;info=<https://c.example/s.pem>", "compact")] {
        let claim = started(with(&format!("Identity: {value}"))).identity_claim.unwrap();
        assert_eq!((claim.attestation, claim.header.as_deref()), (Attestation::None, Some(value)));
        assert!(claim.fault.as_deref().unwrap().contains(fault), "{:?}", claim.fault);
    }
}
