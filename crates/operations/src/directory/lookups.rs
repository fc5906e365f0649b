//! What is known of telephone numbers: what tenants say themselves.

use domain::{NumberOverrideId, PhoneNumber, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Entity, text_enum::text_enum};

text_enum! {
    /// What is asked about a number.
    LookupKind {
        /// The name its calls show (CNAM).
        CallerName = "CNAM",
        /// Whose network it is in.
        Carrier = "CARRIER",
    }
}

/// What is known of a number; absent: it is not known. Of one kind only, as the question was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NumberFacts {
    /// The name its calls show.
    pub caller_name: Option<String>,
    /// `BUSINESS` or `CONSUMER`.
    pub caller_type: Option<String>,
    /// Whose network it is in.
    pub carrier: Option<String>,
    /// `mobile`, `landline` ... in the provider's words.
    pub line_type: Option<String>,
    /// Mobile country code: three digits.
    pub mobile_country_code: Option<String>,
    /// Mobile network code: two or three digits.
    pub mobile_network_code: Option<String>,
    /// Local access and transport area.
    pub lata: Option<String>,
    /// Operating company number.
    pub ocn: Option<String>,
}

/// What a tenant says of a number: it goes before what anybody else says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberOverride {
    /// Id.
    pub id: NumberOverrideId,
    /// Whose.
    pub tenant: TenantId,
    /// The question it answers.
    pub kind: LookupKind,
    /// The number; once for each kind and tenant.
    pub number: PhoneNumber,
    /// The answer.
    pub facts: NumberFacts,
    /// Why.
    pub reason: String,
    /// Who said so: `user:<id>` or `key:<id>`.
    pub set_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of them.
#[derive(Clone, Debug, Default)]
pub struct NumberOverrideFilter {
    /// Only of this kind.
    pub kind: Option<LookupKind>,
    /// Only of this number.
    pub number: Option<PhoneNumber>,
}

impl Entity for NumberOverride {
    type Id = NumberOverrideId;
    type Filter = NumberOverrideFilter;
    const NAME: &'static str = "number override";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "phoneNumber"];
}
