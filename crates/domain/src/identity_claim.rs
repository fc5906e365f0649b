//! What a call claims of its caller's number.

use serde::{Deserialize, Serialize};

use crate::{Attestation, Timestamp};

/// What of an INVITE tells the attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimSource {
    /// The PASSporT of its Identity header (RFC 8224, RFC 8588).
    Passport,
    /// The carrier's `P-Attestation-Indicator`.
    Indicator,
    /// The carrier's `verstat`, beside the caller's number.
    Verstat,
}

/// What an INVITE claims (STIR/SHAKEN). Nobody has verified it: what is decided on it is decided on somebody's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityClaim {
    /// What tells the attestation; the PASSporT where nothing does.
    pub source: ClaimSource,
    /// How far somebody vouches for the caller's number.
    pub attestation: Attestation,
    /// Who is said to call: digits, or a URI.
    pub orig: Option<String>,
    /// Who is said to have been called.
    pub dest: Vec<String>,
    /// Where in the carrier's network the call began.
    pub orig_id: Option<String>,
    /// When it was signed.
    pub issued_at: Option<Timestamp>,
    /// Where the signer's certificate is.
    pub certificate: Option<String>,
    /// What the carrier says it found: `TN-Validation-Passed` ...
    pub verstat: Option<String>,
    /// The Identity header as it came.
    pub header: Option<String>,
    /// Why the header tells no attestation.
    pub fault: Option<String>,
}
