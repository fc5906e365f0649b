//! How calls come in: carriers, trunks, tracking numbers.

use domain::{CampaignId, CarrierId, Micros, NumberId, PhoneNumber, TenantId, Timestamp, TrunkId};
use serde::{Deserialize, Serialize};

use crate::{Entity, text_enum::text_enum};

text_enum! {
    /// Is a carrier in use?
    CarrierStatus {
        /// Yes.
        Active = "ACTIVE",
        /// No.
        Inactive = "INACTIVE",
    }
}
text_enum! {
    /// What a trunk speaks.
    TrunkType {
        /// SIP.
        Sip = "SIP",
        /// IAX2; kept for imports, never used for a call.
        Iax2 = "IAX2",
        /// A browser.
        WebRtc = "WEBRTC",
    }
}
text_enum! {
    /// May a trunk carry calls?
    TrunkStatus {
        /// Yes.
        Active = "ACTIVE",
        /// No.
        Inactive = "INACTIVE",
        /// Not now.
        Maintenance = "MAINTENANCE",
    }
}
text_enum! {
    /// May a number be called?
    NumberStatus {
        /// Yes.
        Active = "ACTIVE",
        /// Given back.
        Inactive = "INACTIVE",
        /// On its way from another carrier.
        Porting = "PORTING",
        /// Not now.
        Suspended = "SUSPENDED",
    }
}

/// A carrier.
#[derive(Clone, Debug, PartialEq)]
pub struct Carrier {
    /// Id.
    pub id: CarrierId,
    /// Whose.
    pub tenant: TenantId,
    /// For people.
    pub name: String,
    /// Short name. Unique in the tenant.
    pub code: String,
    /// In use?
    pub status: CarrierStatus,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of carriers.
#[derive(Clone, Debug, Default)]
pub struct CarrierFilter {
    /// With this code.
    pub code: Option<String>,
    /// Name or code contains it.
    pub search: Option<String>,
    /// Only these.
    pub status: Option<CarrierStatus>,
}

impl Entity for Carrier {
    type Id = CarrierId;
    type Filter = CarrierFilter;
    const NAME: &'static str = "carrier";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "name", "code", "status"];
}

text_enum! {
    /// How a carrier wants numbers written.
    NumberFormat {
        /// `+15551234567`
        E164 = "E164",
        /// `15551234567`
        Digits = "DIGITS",
        /// As dialled within North America: `5551234567`, and `011` before all others.
        National = "NATIONAL",
    }
}
text_enum! {
    /// How calls go to the carrier.
    TrunkTransport {
        /// In datagrams.
        Udp = "UDP",
        /// Over a connection.
        Tcp = "TCP",
    }
}
text_enum! {
    /// Which number the called party sees.
    CallerIdSource {
        /// The caller's, and the trunk's where that is withheld.
        Caller = "CALLER",
        /// The trunk's, whoever calls: for carriers that take no other.
        Trunk = "TRUNK",
    }
}

impl NumberFormat {
    /// The number as this carrier wants it.
    pub fn write(self, number: &PhoneNumber) -> String {
        let digits = number.as_str().trim_start_matches('+');
        match self {
            Self::E164 => number.to_string(),
            Self::Digits => digits.to_owned(),
            Self::National => match digits.strip_prefix('1') {
                Some(national) if national.len() == 10 => national.to_owned(),
                _ => format!("011{digits}"),
            },
        }
    }
}

/// How a trunk carries calls out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboundTrunk {
    /// Lower is tried earlier.
    pub priority: i32,
    /// How calls go to the carrier.
    pub transport: TrunkTransport,
    /// User name, where the carrier asks for one.
    pub username: Option<String>,
    /// Password, sealed by [`crate::Vault`]: the carrier's realm is not known before it asks, so the password itself is needed.
    pub sealed_password: Option<String>,
    /// How numbers are written.
    pub number_format: NumberFormat,
    /// Put before every number.
    pub number_prefix: String,
    /// The trunk's own number to show.
    pub caller_id: Option<PhoneNumber>,
    /// Whose number is shown.
    pub caller_id_source: CallerIdSource,
    /// Whether the number is asserted too (P-Asserted-Identity, RFC 3325).
    pub asserts_identity: bool,
}

/// A SIP trunk of a carrier. Calls are let in by source address, or by digest where it names a user.
#[derive(Clone, Debug, PartialEq)]
pub struct Trunk {
    /// Id.
    pub id: TrunkId,
    /// Whose.
    pub tenant: TenantId,
    /// The carrier's.
    pub carrier: CarrierId,
    /// For people.
    pub name: String,
    /// What it speaks.
    pub kind: TrunkType,
    /// Where calls to the carrier go: host name or address.
    pub host: String,
    /// And the port.
    pub port: u16,
    /// Addresses calls come from, CIDR or single: `203.0.113.0/24`.
    pub source_cidrs: Vec<String>,
    /// Digest user; with it a call from an address that is not listed is challenged.
    pub digest_username: Option<String>,
    /// Digest realm the hashes were made for.
    pub digest_realm: Option<String>,
    /// HA1 by MD5, hex (RFC 7616, section 3.4.2). The password itself is never stored.
    pub digest_ha1_md5: Option<String>,
    /// HA1 by SHA-256, hex.
    pub digest_ha1_sha256: Option<String>,
    /// How it carries calls out; absent: it does not.
    pub outbound: Option<OutboundTrunk>,
    /// Most calls at once over this trunk.
    pub concurrent_calls_max: Option<u32>,
    /// May carry calls?
    pub status: TrunkStatus,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of trunks.
#[derive(Clone, Debug, Default)]
pub struct TrunkFilter {
    /// Name or host contains it.
    pub search: Option<String>,
    /// Only this carrier's.
    pub carrier: Option<CarrierId>,
    /// Only these.
    pub status: Option<TrunkStatus>,
    /// Only SIP trunks that carry calls out, whatever their status; or all others.
    pub carries_out: Option<bool>,
}

impl Entity for Trunk {
    type Id = TrunkId;
    type Filter = TrunkFilter;
    const NAME: &'static str = "trunk";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "name", "host", "status"];
}

/// A tracking number.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// Id.
    pub id: NumberId,
    /// Whose.
    pub tenant: TenantId,
    /// E.164. Unique in the tenant.
    pub number: PhoneNumber,
    /// Where it came from: `local`, `signalwire`, `telnyx`, `bandwidth`.
    pub provider: Option<String>,
    /// What the provider calls it; only where it was bought there.
    pub provider_id: Option<String>,
    /// The name people know it by.
    pub friendly_name: Option<String>,
    /// State or place.
    pub region: Option<String>,
    /// What it costs a month, in US dollars.
    pub monthly_price: Option<Micros>,
    /// The carrier that brings its calls.
    pub carrier: Option<CarrierId>,
    /// The trunk its calls come over.
    pub trunk: Option<TrunkId>,
    /// What its calls are for.
    pub campaign: Option<CampaignId>,
    /// May be called?
    pub status: NumberStatus,
    /// What it can do.
    pub capabilities: NumberCapabilities,
    /// Free for integrations.
    pub metadata: serde_json::Value,
    /// What it was imported from.
    pub import_source: Option<String>,
    /// SHA-256 of the imported row, hex: the same row is not imported twice.
    pub import_hash: Option<String>,
    /// Since when it is ours.
    pub purchased_at: Option<Timestamp>,
    /// When it was given back.
    pub released_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a number can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NumberCapabilities {
    /// Calls.
    pub voice: bool,
    /// Text messages.
    pub sms: bool,
    /// Pictures.
    pub mms: bool,
    /// Fax.
    pub fax: bool,
}

impl Default for NumberCapabilities {
    fn default() -> Self {
        Self { voice: true, sms: false, mms: false, fax: false }
    }
}

/// Narrows a list of numbers.
#[derive(Clone, Debug, Default)]
pub struct NumberFilter {
    /// Only these.
    pub status: Option<NumberStatus>,
    /// Only this campaign's.
    pub campaign: Option<CampaignId>,
    /// Only from this provider.
    pub provider: Option<String>,
    /// Only these numbers; all where it is empty.
    pub numbers: Vec<PhoneNumber>,
    /// Part of the number.
    pub search: Option<String>,
}

impl Entity for Number {
    type Id = NumberId;
    type Filter = NumberFilter;
    const NAME: &'static str = "number";
    const ORDERS: &'static [&'static str] = &["-createdAt", "updatedAt", "number", "status", "purchasedAt"];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_as_the_carrier_wants_it() {
        for (format, number, written) in [
            (NumberFormat::E164, "+15551234567", "+15551234567"),
            (NumberFormat::Digits, "+15551234567", "15551234567"),
            (NumberFormat::National, "+15551234567", "5551234567"),
            (NumberFormat::National, "+4930123456", "0114930123456"),
        ] {
            assert_eq!(format.write(&number.parse().unwrap()), written, "{number}");
        }
    }
}
