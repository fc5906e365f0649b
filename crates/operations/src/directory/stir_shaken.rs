//! STIR/SHAKEN: what calls claim of their callers' numbers, and what people say instead.

use domain::{Attestation, CallId, IdentityClaim, TenantId, Timestamp};

use crate::{Entity, text_enum::text_enum};

text_enum! {
    /// How far somebody vouches for a caller's number.
    AttestationLevel {
        /// Full: the customer is known, and so is their right to the number.
        A = "A",
        /// Partial: the customer is known.
        B = "B",
        /// Gateway: where the call came in is known.
        C = "C",
        /// Nobody does.
        None = "NONE",
    }
}

impl From<Attestation> for AttestationLevel {
    fn from(attestation: Attestation) -> Self {
        match attestation {
            Attestation::A => Self::A,
            Attestation::B => Self::B,
            Attestation::C => Self::C,
            Attestation::None => Self::None,
        }
    }
}

/// What a person, or a program of the tenant's, says of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationOverride {
    /// The attestation.
    pub attestation: AttestationLevel,
    /// Why.
    pub reason: String,
    /// Who said so: `user:<id>` or `key:<id>`.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What is known of one call. Only calls that claim something, or of which somebody said something, have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StirShaken {
    /// The call.
    pub call: CallId,
    /// Whose.
    pub tenant: TenantId,
    /// The caller's number, as the call shows it.
    pub number: String,
    /// What the INVITE claims.
    pub claim: Option<IdentityClaim>,
    /// When the claim was verified. Nothing verifies claims yet.
    pub verified_at: Option<Timestamp>,
    /// By what.
    pub verified_by: Option<String>,
    /// What somebody says instead.
    pub said: Option<AttestationOverride>,
    /// When the call started.
    pub created_at: Timestamp,
    /// When this was last changed.
    pub updated_at: Timestamp,
}

impl StirShaken {
    /// What is said, else what is claimed.
    pub fn attestation(&self) -> AttestationLevel {
        let claimed = || self.claim.as_ref().map_or(AttestationLevel::None, |claim| claim.attestation.into());
        self.said.as_ref().map_or_else(claimed, |said| said.attestation)
    }
}

/// Narrows a list of them.
#[derive(Clone, Debug, Default)]
pub struct StirShakenFilter {
    /// Only of this caller.
    pub number: Option<String>,
}

impl Entity for StirShaken {
    type Id = CallId;
    type Filter = StirShakenFilter;
    const NAME: &'static str = "STIR/SHAKEN record";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "phoneNumber"];
}
