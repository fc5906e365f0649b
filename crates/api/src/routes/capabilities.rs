//! What numbers can do, on the wire.

use operations::NumberCapabilities;
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Ref as SchemaRef, RefOr, Schema, schema::Type},
};

/// What a number can do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Capabilities {
    /// Calls.
    voice: bool,
    /// Text messages.
    sms: bool,
    /// Pictures.
    mms: bool,
    /// Fax.
    fax: bool,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self::of(NumberCapabilities::default())
    }
}

impl Capabilities {
    pub(super) fn of(stored: NumberCapabilities) -> Self {
        Self { voice: stored.voice, sms: stored.sms, mms: stored.mms, fax: stored.fax }
    }

    pub(super) fn stored(self) -> NumberCapabilities {
        NumberCapabilities { voice: self.voice, sms: self.sms, mms: self.mms, fax: self.fax }
    }
}

/// Capabilities in either shape: members, or a list of names.
#[derive(Clone, Copy, Debug)]
pub struct GivenCapabilities(pub(super) Capabilities);

/// Names in a list of capabilities, repeated ones too.
const NAMES_MAX: usize = 16;

impl<'de> Deserialize<'de> for GivenCapabilities {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let value = serde_json::Value::deserialize(deserializer)?;
        let serde_json::Value::Array(names) = value else {
            return serde_json::from_value(value).map(Self).map_err(D::Error::custom);
        };
        if names.len() > NAMES_MAX {
            return Err(D::Error::custom(format!("holds more than {NAMES_MAX} names")));
        }
        let mut capabilities = Capabilities { voice: false, sms: false, mms: false, fax: false };
        for name in names {
            let place = match name.as_str().unwrap_or("").to_ascii_lowercase().as_str() {
                "voice" => &mut capabilities.voice,
                "sms" => &mut capabilities.sms,
                "mms" => &mut capabilities.mms,
                "fax" => &mut capabilities.fax,
                _ => return Err(D::Error::custom(format!("{name} is not one of Voice, SMS, MMS, Fax"))),
            };
            *place = true;
        }
        Ok(Self(capabilities))
    }
}

impl PartialSchema for GivenCapabilities {
    fn schema() -> RefOr<Schema> {
        let names = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["Voice", "SMS", "MMS", "Fax"]));
        let either = OneOfBuilder::new()
            .item(SchemaRef::from_schema_name("Capabilities"))
            .item(ArrayBuilder::new().items(names.build()).max_items(Some(NAMES_MAX)));
        either.examples([serde_json::json!({"voice": true})]).into()
    }
}

impl ToSchema for GivenCapabilities {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Capabilities::name().into_owned(), Capabilities::schema()));
    }
}

/// Changes of capabilities: those not named stay.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapabilityChanges {
    /// Calls.
    pub(super) voice: Option<bool>,
    /// Short messages.
    pub(super) sms: Option<bool>,
    /// Messages with media.
    pub(super) mms: Option<bool>,
    /// Fax.
    pub(super) fax: Option<bool>,
}
