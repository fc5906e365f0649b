//! What an INVITE claims of its caller's number, for the log.

use domain::{Attestation, ClaimSource, IdentityClaim, Timestamp};
use sip::identity::{Claim, Source};
use sip::message::Request;
use sip::verdict;

/// The last moment a signature may be dated: the end of the year 9999. What is later is no date.
const ISSUED_SECS_MAX: u64 = 253_402_300_799;

/// `None` where it claims nothing.
pub(crate) fn of(request: &Request) -> Option<Box<IdentityClaim>> {
    let claim = Claim::of(request)?;
    let issued = claim.issued_at.filter(|secs| *secs <= ISSUED_SECS_MAX).and_then(|secs| i64::try_from(secs).ok());
    Some(Box::new(IdentityClaim {
        source: match claim.source {
            Source::Passport => ClaimSource::Passport,
            Source::Indicator => ClaimSource::Indicator,
            Source::Verstat => ClaimSource::Verstat,
        },
        attestation: attestation(claim.attestation),
        orig: claim.orig,
        dest: claim.dest,
        orig_id: claim.orig_id,
        issued_at: issued.map(Timestamp::from_secs),
        certificate: claim.certificate,
        verstat: claim.verstat,
        header: claim.identity,
        fault: claim.fault.map(|fault| fault.to_string()),
    }))
}

/// As the log has it.
pub(crate) fn attestation(attestation: verdict::Attestation) -> Attestation {
    match attestation {
        verdict::Attestation::A => Attestation::A,
        verdict::Attestation::B => Attestation::B,
        verdict::Attestation::C => Attestation::C,
        verdict::Attestation::None => Attestation::None,
    }
}
