//! Telnyx Number Lookup, by its API version 2: one number a request; `type` names what is paid for, portability comes with it.

use async_trait::async_trait;
use domain::PhoneNumber;
use operations::{LookupKind, LookupProvider, NumberFacts, ProviderError};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    http::Outgoing,
    telnyx::{Data, Telnyx},
    twilio::refused,
};

#[derive(Deserialize)]
struct Answered {
    #[serde(default)]
    valid_number: Option<bool>,
    #[serde(default)]
    caller_name: Option<CallerName>,
    #[serde(default)]
    carrier: Option<Carrier>,
    #[serde(default)]
    portability: Option<Portability>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CallerName {
    caller_name: Option<String>,
    error_code: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Carrier {
    name: Option<String>,
    #[serde(rename = "type")]
    line_type: Option<String>,
    /// A text or a number; `US` was seen where the country's code belongs.
    mobile_country_code: Option<Value>,
    mobile_network_code: Option<Value>,
    error_code: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Portability {
    ocn: Option<String>,
    line_type: Option<String>,
}

/// A network's code: `count` digits. Anything else is none.
fn code(value: Option<Value>, count: std::ops::RangeInclusive<usize>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (count.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

#[async_trait]
impl LookupProvider for Telnyx {
    fn name(&self) -> &'static str {
        "telnyx"
    }

    fn is_configured(&self) -> bool {
        self.http().is_ok()
    }

    async fn look_up(&self, kind: LookupKind, number: &PhoneNumber) -> Result<NumberFacts, ProviderError> {
        let wanted = match kind {
            LookupKind::CallerName => "caller-name",
            LookupKind::Carrier => "carrier",
        };
        let path = format!("number_lookup/{number}");
        let answer = self.http()?.send(Method::GET, &path, &[("type", wanted)], Outgoing::Nothing).await?;
        let Data { data: answered } = answer.json::<Data<Answered>>()?;
        if answered.valid_number == Some(false) {
            return Err(ProviderError::Refused("the number is not valid".to_owned()));
        }
        Ok(match kind {
            LookupKind::CallerName => {
                let told = answered.caller_name.unwrap_or_default();
                refused(told.caller_name.as_ref(), told.error_code.as_ref())?;
                NumberFacts { caller_name: told.caller_name, ..NumberFacts::default() }
            }
            LookupKind::Carrier => {
                let told = answered.carrier.unwrap_or_default();
                let ported = answered.portability.unwrap_or_default();
                refused(told.name.as_ref(), told.error_code.as_ref())?;
                NumberFacts {
                    carrier: told.name,
                    line_type: told.line_type.or(ported.line_type),
                    mobile_country_code: code(told.mobile_country_code, 3..=3),
                    mobile_network_code: code(told.mobile_network_code, 2..=3),
                    ocn: ported.ocn,
                    ..NumberFacts::default()
                }
            }
        })
    }
}
