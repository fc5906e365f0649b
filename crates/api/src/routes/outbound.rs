//! How a trunk carries calls out: part of the trunk's own routes.

use domain::PhoneNumber;
use garde::Validate;
use operations::password_of;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{caller::Caller, problem::Fault, wire::wire_enum};

wire_enum!(
    /// How a carrier wants numbers written: `E164` +15551234567, `DIGITS` 15551234567, `NATIONAL` as dialled within North America
    /// (5551234567, 011 before all others).
    NumberFormat,
    /// How calls go to the carrier.
    TrunkTransport,
    /// Which number the called party sees: the `CALLER`'s, or always the `TRUNK`'s.
    CallerIdSource,
);

/// How a trunk carries calls out. Its password is never shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutboundCalls {
    /// Lower is tried earlier.
    priority: i32,
    /// How calls go to the carrier.
    transport: TrunkTransport,
    /// Where the carrier asks who calls.
    username: Option<String>,
    /// Whether there is a password.
    has_password: bool,
    /// How the carrier wants numbers written.
    number_format: NumberFormat,
    /// Put before every number.
    number_prefix: String,
    /// The trunk's own number to show.
    #[schema(example = "+12125550143")]
    caller_id: Option<String>,
    /// Whose number the called party sees.
    caller_id_source: CallerIdSource,
    /// Whether the number is asserted too (P-Asserted-Identity).
    asserts_identity: bool,
}

/// As the wire shows it.
pub(super) fn view(outbound: &operations::OutboundTrunk) -> OutboundCalls {
    OutboundCalls {
        priority: outbound.priority,
        transport: TrunkTransport(outbound.transport),
        username: outbound.username.clone(),
        has_password: outbound.sealed_password.is_some(),
        number_format: NumberFormat(outbound.number_format),
        number_prefix: outbound.number_prefix.clone(),
        caller_id: outbound.caller_id.as_ref().map(ToString::to_string),
        caller_id_source: CallerIdSource(outbound.caller_id_source),
        asserts_identity: outbound.asserts_identity,
    }
}

/// How a trunk is to carry calls out; anew as a whole, but for a password that is not named and stays with its user.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutboundCallsRequest {
    /// Lower is tried earlier.
    #[garde(skip)]
    #[serde(default)]
    priority: i32,
    /// `UDP` unless said otherwise.
    #[garde(skip)]
    transport: Option<TrunkTransport>,
    /// Where the carrier asks who calls (401 or 407).
    #[garde(length(chars, min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128)]
    username: Option<String>,
    /// Stored sealed.
    #[garde(length(chars, min = 1, max = 128))]
    #[schema(format = Password, min_length = 1, max_length = 128)]
    password: Option<String>,
    /// `E164` unless said otherwise.
    #[garde(skip)]
    number_format: Option<NumberFormat>,
    /// Digits, `*` and `#` to put before every number.
    #[garde(length(chars, max = 16))]
    #[serde(default)]
    #[schema(max_length = 16, example = "")]
    number_prefix: String,
    /// The trunk's own number to show, E.164 or as people write it.
    #[garde(length(chars, min = 3, max = 32))]
    #[schema(min_length = 3, max_length = 32, example = "+12125550143")]
    caller_id: Option<String>,
    /// `CALLER` unless said otherwise.
    #[garde(skip)]
    caller_id_source: Option<CallerIdSource>,
    /// True unless said otherwise.
    #[garde(skip)]
    asserts_identity: Option<bool>,
}

impl OutboundCallsRequest {
    /// As it is stored for `trunk`; `before` is what it was.
    pub(super) fn stored(
        self,
        caller: &Caller,
        trunk: domain::TrunkId,
        before: Option<&operations::OutboundTrunk>,
        faults: &mut Vec<Fault>,
    ) -> operations::OutboundTrunk {
        let mut fault = |field: &str, message: &str| faults.push(Fault::body(format!("outbound.{field}"), message));
        let is_dialable = |character: char| character.is_ascii_digit() || matches!(character, '*' | '#');
        if !self.number_prefix.chars().all(is_dialable) {
            fault("numberPrefix", "may hold digits, * and # only");
        }
        let caller_id = self.caller_id.map(|text| text.parse::<PhoneNumber>());
        if let Some(Err(error)) = &caller_id {
            fault("callerId", &format!("is {error}"));
        }
        let caller_id_source = self.caller_id_source.map_or(operations::CallerIdSource::Caller, |source| source.0);
        if caller_id_source == operations::CallerIdSource::Trunk && caller_id.is_none() {
            fault("callerId", "is required where callerIdSource is TRUNK");
        }
        let kept =
            before.filter(|before| before.username == self.username).and_then(|before| before.sealed_password.clone());
        let sealed_password = match (&self.username, self.password) {
            (None, None) => None,
            (None, Some(_)) => {
                fault("username", "is required with password");
                None
            }
            (Some(_), None) if kept.is_some() => kept,
            (Some(_), None) => {
                fault("password", "is required with a new username");
                None
            }
            (Some(_), Some(password)) => {
                let sealed = caller.state.vault().seal(&password_of(trunk), &password, &mut caller.state.fork_seed());
                if sealed.is_none() {
                    fault("password", "could not be sealed");
                }
                sealed
            }
        };
        operations::OutboundTrunk {
            priority: self.priority,
            transport: self.transport.map_or(operations::TrunkTransport::Udp, |transport| transport.0),
            username: self.username,
            sealed_password,
            number_format: self.number_format.map_or(operations::NumberFormat::E164, |format| format.0),
            number_prefix: self.number_prefix,
            caller_id: caller_id.and_then(Result::ok),
            caller_id_source,
            asserts_identity: self.asserts_identity.unwrap_or(true),
        }
    }
}
