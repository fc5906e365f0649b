//! Twilio Lookup, by its API version 2: Basic authentication with an API key and its secret; one number a request, one package of data
//! by name in `Fields`.

use async_trait::async_trait;
use domain::PhoneNumber;
use operations::{LookupKind, LookupProvider, NumberFacts, ProviderError};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::http::{Http, Outgoing, basic};

/// An account.
#[derive(Clone, Default)]
pub struct TwilioAccount {
    /// The key's SID, or the account's.
    pub api_key: String,
    /// The key's secret, or the account's token.
    pub api_secret: String,
    /// `https://lookups.twilio.com` unless a test says otherwise.
    pub base_url: Option<String>,
}

impl std::fmt::Debug for TwilioAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TwilioAccount").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// Asks Twilio.
#[derive(Debug)]
pub struct Twilio(Option<Http>);

impl Twilio {
    /// Configured when key and secret are given.
    pub fn new(account: &TwilioAccount) -> Result<Self, ProviderError> {
        let TwilioAccount { api_key, api_secret, base_url } = account;
        if api_key.is_empty() || api_secret.is_empty() {
            return Ok(Self(None));
        }
        let base = base_url.as_deref().unwrap_or("https://lookups.twilio.com");
        let base = format!("{}/v2/PhoneNumbers/", base.trim_end_matches('/'));
        Http::new(&base, &basic(api_key, api_secret)).map(|http| Self(Some(http)))
    }
}

/// What is read of an answer.
#[derive(Deserialize)]
struct Answered {
    #[serde(default)]
    valid: Option<bool>,
    #[serde(default)]
    validation_errors: Option<Vec<String>>,
    #[serde(default)]
    caller_name: Option<CallerName>,
    #[serde(default)]
    line_type_intelligence: Option<LineType>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CallerName {
    caller_name: Option<String>,
    caller_type: Option<String>,
    error_code: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LineType {
    carrier_name: Option<String>,
    #[serde(rename = "type")]
    line_type: Option<String>,
    mobile_country_code: Option<String>,
    mobile_network_code: Option<String>,
    error_code: Option<Value>,
}

/// A package that came with an error instead of data.
pub(crate) fn refused(known: Option<&String>, error_code: Option<&Value>) -> Result<(), ProviderError> {
    match (known, error_code) {
        (None, Some(code)) if !code.is_null() => Err(ProviderError::Refused(format!("error {code} for this number"))),
        _ => Ok(()),
    }
}

#[async_trait]
impl LookupProvider for Twilio {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn is_configured(&self) -> bool {
        self.0.is_some()
    }

    async fn look_up(&self, kind: LookupKind, number: &PhoneNumber) -> Result<NumberFacts, ProviderError> {
        let http = self.0.as_ref().ok_or_else(|| ProviderError::Refused("twilio is not configured".to_owned()))?;
        let fields = match kind {
            LookupKind::CallerName => "caller_name",
            LookupKind::Carrier => "line_type_intelligence",
        };
        let answer = http.send(Method::GET, number.as_str(), &[("Fields", fields)], Outgoing::Nothing).await?;
        let answered: Answered = answer.json()?;
        if answered.valid == Some(false) {
            let why = answered.validation_errors.unwrap_or_default().join(", ");
            return Err(ProviderError::Refused(format!("the number is not valid: {why}")));
        }
        // MCC and MNC name a mobile network; they are neither LATA nor OCN, which Twilio does not tell.
        Ok(match kind {
            LookupKind::CallerName => {
                let told = answered.caller_name.unwrap_or_default();
                refused(told.caller_name.as_ref(), told.error_code.as_ref())?;
                let caller_type = told.caller_type.filter(|kind| kind != "UNDETERMINED");
                NumberFacts { caller_name: told.caller_name, caller_type, ..NumberFacts::default() }
            }
            LookupKind::Carrier => {
                let told = answered.line_type_intelligence.unwrap_or_default();
                refused(told.carrier_name.as_ref(), told.error_code.as_ref())?;
                NumberFacts {
                    carrier: told.carrier_name,
                    line_type: told.line_type,
                    mobile_country_code: told.mobile_country_code,
                    mobile_network_code: told.mobile_network_code,
                    ..NumberFacts::default()
                }
            }
        })
    }
}
