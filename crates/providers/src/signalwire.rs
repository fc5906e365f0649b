//! SignalWire, by its Relay REST API: Basic authentication with project and token at the space's own host.

use async_trait::async_trait;
use domain::PhoneNumber;
use operations::{HeldNumber, NumberCapabilities, NumberProvider, NumberSearch, OfferedNumber, ProviderError};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::http::{Http, Outgoing, PAGES_MAX, basic};

const NUMBERS: &str = "api/relay/rest/phone_numbers";
const PAGE: &str = "100";

/// An account.
#[derive(Clone, Default)]
pub struct SignalWireAccount {
    /// The project.
    pub project_id: String,
    /// Its token.
    pub api_token: String,
    /// `https://example.signalwire.com`, or the host alone.
    pub space_url: String,
}

impl std::fmt::Debug for SignalWireAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignalWireAccount").field("space_url", &self.space_url).finish_non_exhaustive()
    }
}

/// Buys from SignalWire.
#[derive(Debug)]
pub struct SignalWire(Option<Http>);

impl SignalWire {
    /// Configured when project, token and space are given.
    pub fn new(account: &SignalWireAccount) -> Result<Self, ProviderError> {
        let SignalWireAccount { project_id, api_token, space_url } = account;
        if project_id.is_empty() || api_token.is_empty() || space_url.is_empty() {
            return Ok(Self(None));
        }
        let space = space_url.trim_end_matches('/');
        let base = if space.contains("://") { format!("{space}/") } else { format!("https://{space}/") };
        Http::new(&base, &basic(project_id, api_token)).map(|http| Self(Some(http)))
    }

    fn http(&self) -> Result<&Http, ProviderError> {
        self.0.as_ref().ok_or_else(|| ProviderError::Refused("signalwire is not configured".to_owned()))
    }
}

#[derive(Deserialize)]
struct Listed<T> {
    data: Vec<T>,
}

#[derive(Deserialize)]
struct Offer {
    e164: String,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    capabilities: Capabilities,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Capabilities {
    voice: bool,
    sms: bool,
    mms: bool,
    fax: bool,
}

#[derive(Deserialize)]
struct Owned {
    id: String,
    number: String,
    #[serde(default)]
    capabilities: Vec<String>,
}

impl Owned {
    fn held(self) -> Result<HeldNumber, ProviderError> {
        let can = |word: &str| self.capabilities.iter().any(|one| one == word);
        Ok(HeldNumber {
            number: number(&self.number)?,
            capabilities: NumberCapabilities { voice: can("voice"), sms: can("sms"), mms: can("mms"), fax: can("fax") },
            provider_id: self.id,
        })
    }
}

fn number(text: &str) -> Result<PhoneNumber, ProviderError> {
    text.parse().map_err(|error| ProviderError::Unavailable(format!("{text:?} is {error}")))
}

#[async_trait]
impl NumberProvider for SignalWire {
    fn name(&self) -> &'static str {
        "signalwire"
    }

    fn is_configured(&self) -> bool {
        self.0.is_some()
    }

    fn is_remote(&self) -> bool {
        true
    }

    async fn search(&self, wanted: &NumberSearch) -> Result<Vec<OfferedNumber>, ProviderError> {
        let limit = wanted.limit.to_string();
        let mut parameters = vec![("max_results", limit.as_str())];
        if let Some(area_code) = &wanted.area_code {
            parameters.push(("areacode", area_code));
        }
        if let Some(region) = &wanted.region {
            parameters.push(("region", region));
        }
        let answer =
            self.http()?.send(Method::GET, &format!("{NUMBERS}/search"), &parameters, Outgoing::Nothing).await?;
        let offers: Listed<Offer> = answer.json()?;
        let fits = |can: &NumberCapabilities| {
            let asked = wanted.capabilities;
            (can.voice || !asked.voice) && (can.sms || !asked.sms) && (can.mms || !asked.mms) && (can.fax || !asked.fax)
        };
        let mut fitting = Vec::new();
        for offer in offers.data {
            let Capabilities { voice, sms, mms, fax } = offer.capabilities;
            let capabilities = NumberCapabilities { voice, sms, mms, fax };
            if fits(&capabilities) {
                let number = number(&offer.e164)?;
                fitting.push(OfferedNumber { number, region: offer.region, capabilities, monthly_price: None });
            }
        }
        Ok(fitting)
    }

    async fn purchase(&self, number: &PhoneNumber, _reference: &str) -> Result<HeldNumber, ProviderError> {
        let body = json!({"number": number.as_str()});
        let owned: Owned = self.http()?.send(Method::POST, NUMBERS, &[], Outgoing::Json(&body)).await?.json()?;
        owned.held()
    }

    async fn find(&self, number: &PhoneNumber) -> Result<Option<HeldNumber>, ProviderError> {
        let parameters = [("filter_number", number.as_str()), ("page_size", PAGE)];
        let answer = self.http()?.send(Method::GET, NUMBERS, &parameters, Outgoing::Nothing).await?;
        let listed: Listed<Owned> = answer.json()?;
        // The filter finds parts of numbers as well.
        listed.data.into_iter().find(|owned| owned.number == number.as_str()).map(Owned::held).transpose()
    }

    async fn list(&self) -> Result<Vec<HeldNumber>, ProviderError> {
        let mut all = Vec::new();
        for page in 0..PAGES_MAX {
            let page = page.to_string();
            let parameters = [("page_number", page.as_str()), ("page_size", PAGE)];
            let answer = self.http()?.send(Method::GET, NUMBERS, &parameters, Outgoing::Nothing).await?;
            let listed: Listed<Owned> = answer.json()?;
            let is_last = listed.data.len().to_string() != PAGE;
            for owned in listed.data {
                all.push(owned.held()?);
            }
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    async fn configure(&self, held: &HeldNumber, friendly_name: &str) -> Result<(), ProviderError> {
        let path = format!("{NUMBERS}/{}", held.provider_id);
        let body = json!({"name": friendly_name});
        let _: Owned = self.http()?.send(Method::PUT, &path, &[], Outgoing::Json(&body)).await?.json()?;
        Ok(())
    }

    async fn release(&self, held: &HeldNumber) -> Result<(), ProviderError> {
        // 404: it is gone already.
        let path = format!("{NUMBERS}/{}", held.provider_id);
        self.http()?.send(Method::DELETE, &path, &[], Outgoing::Nothing).await.map(drop)
    }
}
