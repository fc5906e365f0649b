//! Wire types that many resources share.

use std::collections::HashMap;

use domain::{BuyerId, CampaignId, FlowId, Micros, PublisherId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat,
        schema::{AdditionalProperties, Type},
    },
};
use uuid::Uuid;

use crate::{caller::Caller, convert::decimal};

/// A moment, RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub Timestamp);

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        let object = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        object.examples(["2026-11-23T16:00:00.000000Z"]).into()
    }
}

impl ToSchema for Time {}

/// An amount of money as a decimal text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount(pub Micros);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&decimal(self.0))
    }
}

impl<'de> Deserialize<'de> for Amount {
    /// Text only: a JSON number has been a float in somebody's hands.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|error| serde::de::Error::custom(format!("{text:?} is {error}")))
    }
}

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        let object = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^-?\d+(\.\d{1,6})?$"));
        object.description(Some("Decimal amount")).examples(["12.5000"]).into()
    }
}

impl ToSchema for Amount {}

/// What the document says of a text in a list: so many characters. Only its schema is used, for what is a plain text in the code.
#[derive(Debug)]
pub struct Text<const MIN: usize, const MAX: usize>;

impl<const MIN: usize, const MAX: usize> PartialSchema for Text<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        let least = (MIN > 0).then_some(MIN);
        ObjectBuilder::new().schema_type(Type::String).min_length(least).max_length(Some(MAX)).into()
    }
}

impl<const MIN: usize, const MAX: usize> ToSchema for Text<MIN, MAX> {}

/// A skill, a label, a permission.
pub type Label = Text<1, 64>;
/// A telephone number as people write it.
pub type DialledText = Text<1, 40>;
/// An address or a network.
pub type NetworkText = Text<2, 49>;
/// A built-in role.
pub type RoleName = Text<1, 16>;
/// A host name.
pub type HostText = Text<1, 253>;
/// An e-mail address.
pub type EmailText = Text<3, 254>;
/// A day: `2026-12-25`.
pub type DayText = Text<10, 10>;
/// A North American area code.
pub type AreaCodeText = Text<3, 3>;
/// A value of a call's tag.
pub type TagText = Text<0, 200>;

/// Something named by id, with the name people know it by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Ref {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
}

/// A free JSON object for integrations, 16 KiB at most.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Metadata(pub Value);

/// Bytes of a metadata object.
const METADATA_BYTES_MAX: usize = 16 * 1024;

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = serde_json::Map::deserialize(deserializer)?;
        let value = Value::Object(members);
        if value.to_string().len() > METADATA_BYTES_MAX {
            return Err(serde::de::Error::custom(format!("is larger than {METADATA_BYTES_MAX} bytes")));
        }
        Ok(Self(value))
    }
}

impl PartialSchema for Metadata {
    fn schema() -> RefOr<Schema> {
        let object = ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(AdditionalProperties::FreeForm(true)));
        object
            .description(Some("Free for integrations; 16 KiB at most"))
            .examples([serde_json::json!({"crmId": "4711"})])
            .into()
    }
}

impl ToSchema for Metadata {}

impl Metadata {
    /// As stored; `{}` where nothing was.
    pub fn of(value: &Value) -> Self {
        Self(if value.is_object() { value.clone() } else { Value::Object(serde_json::Map::new()) })
    }

    /// `{}`.
    pub fn default_object() -> Self {
        Self(Value::Object(serde_json::Map::new()))
    }

    /// To be stored.
    pub fn or_empty(given: Option<Self>) -> Value {
        given.map_or_else(|| Value::Object(serde_json::Map::new()), |metadata| metadata.0)
    }
}

/// Any JSON a feature flag is set to, 16 KiB at most.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct FlagValue(pub Value);

impl<'de> Deserialize<'de> for FlagValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.to_string().len() > METADATA_BYTES_MAX {
            return Err(serde::de::Error::custom(format!("is larger than {METADATA_BYTES_MAX} bytes")));
        }
        Ok(Self(value))
    }
}

impl PartialSchema for FlagValue {
    fn schema() -> RefOr<Schema> {
        let any = ObjectBuilder::new().schema_type(utoipa::openapi::schema::SchemaType::AnyValue);
        any.description(Some("Any JSON; 16 KiB at most")).examples([true]).into()
    }
}

impl ToSchema for FlagValue {}

/// Tells a member that is absent (leave it) from one that is null (clear it).
pub fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// An enumeration of `operations` on the wire: same texts, any case read, listed in the schema.
macro_rules! wire_enum {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub operations::$name);

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map(Self).map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let values = operations::$name::ALL.iter().map(|value| value.as_str());
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some(values))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}
pub(crate) use wire_enum;

/// Names of what a page refers to, each read once.
#[derive(Debug)]
pub struct Names<'c> {
    caller: &'c Caller,
    known: HashMap<Uuid, Option<String>>,
}

macro_rules! name_of {
    ($($(#[$doc:meta])* $method:ident($repository:ident, $id:ty));* $(;)?) => {$(
        $(#[$doc])*
        pub async fn $method(&mut self, id: Option<$id>) -> crate::problem::ApiResult<Option<Ref>> {
            let Some(id) = id else { return Ok(None) };
            if !self.known.contains_key(&id.uuid()) {
                let found = self.caller.directory().$repository.find(self.caller.scope(), id).await;
                let name = found.map_err(crate::convert::from_store)?.map(|found| found.name);
                self.known.insert(id.uuid(), name);
            }
            let name = self.known.get(&id.uuid()).cloned().flatten();
            Ok(name.map(|name| Ref { id: id.uuid(), name }))
        }
    )*};
}

impl<'c> Names<'c> {
    /// None known yet.
    pub fn new(caller: &'c Caller) -> Self {
        Self { caller, known: HashMap::new() }
    }

    name_of! {
        /// A campaign; none when it is gone.
        campaign(campaigns, CampaignId);
        /// A publisher; none when it is gone.
        publisher(publishers, PublisherId);
        /// A buyer; none when it is gone.
        buyer(buyers, BuyerId);
        /// A flow; none when it is gone.
        flow(flows, FlowId);
    }
}

/// garde rule: a short name for reports and integrations.
pub fn is_code(text: &str, _: &()) -> garde::Result {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if (1..=64).contains(&text.len()) && text.bytes().all(is_plain) {
        return Ok(());
    }
    Err(garde::Error::new("must be 1 to 64 letters, digits, dots, dashes or underscores"))
}

/// Characters of the name of a time zone: the longest has half as many.
const TIME_ZONE_CHARS_MAX: usize = 64;

/// garde rule: an IANA time zone.
pub fn is_time_zone(text: &str, _: &()) -> garde::Result {
    match jiff::tz::TimeZone::get(text) {
        Ok(_) if text.len() <= TIME_ZONE_CHARS_MAX => Ok(()),
        _ => Err(garde::Error::new("is not an IANA time zone such as America/New_York")),
    }
}

/// garde rule: a colour as the web writes it.
pub fn is_color(text: &str, _: &()) -> garde::Result {
    let digits = text.strip_prefix('#').unwrap_or("");
    if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(garde::Error::new("must be # and six hexadecimal digits, such as #3b82f6"))
}

/// Longest SIP URI kept.
const SIP_URI_BYTES_MAX: usize = 500;

/// What is said to whoever wants calls to leave over TLS.
pub const NO_TLS: &str =
    "asks for TLS, over which no calls leave: write sip: in place of sips:, with ;transport=tcp for a connection";

/// Whether calls there would have to leave over TLS (RFC 3261, section 26.2.2).
pub fn asks_for_tls(uri: &str) -> bool {
    let lower = uri.to_ascii_lowercase();
    lower.starts_with("sips:") || lower.split(';').skip(1).any(|parameter| parameter.trim() == "transport=tls")
}

/// garde rule: a SIP URI a call can be sent to.
pub fn is_sip_uri(text: &str, _: &()) -> garde::Result {
    if asks_for_tls(text) {
        return Err(garde::Error::new(NO_TLS));
    }
    let address = text.strip_prefix("sip:");
    let host = address.map(|address| address.rsplit_once('@').map_or(address, |(_, host)| host));
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b','));
    if text.len() <= SIP_URI_BYTES_MAX
        && is_plain
        && host.is_some_and(|host| !host.is_empty() && !host.starts_with(':'))
    {
        return Ok(());
    }
    Err(garde::Error::new("must be a SIP URI of at most 500 characters, such as sip:ana@agents.example"))
}
