//! Telnyx, by its API version 2: a bearer key; numbers are bought by an order and belong to a connection.

use async_trait::async_trait;
use domain::{Micros, PhoneNumber};
use operations::{HeldNumber, NumberCapabilities, NumberProvider, NumberSearch, OfferedNumber, ProviderError};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::{Http, Outgoing, PAGES_MAX};

const PAGE: &str = "100";

/// An account.
#[derive(Clone, Default)]
pub struct TelnyxAccount {
    /// The key.
    pub api_key: String,
    /// Where bought numbers send their calls.
    pub connection_id: String,
    /// `https://api.telnyx.com` unless a test says otherwise.
    pub base_url: Option<String>,
}

impl std::fmt::Debug for TelnyxAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TelnyxAccount").field("connection_id", &self.connection_id).finish_non_exhaustive()
    }
}

/// Buys from Telnyx.
#[derive(Debug)]
pub struct Telnyx {
    http: Option<Http>,
    connection_id: String,
}

impl Telnyx {
    /// Configured when the key is given.
    pub fn new(account: &TelnyxAccount) -> Result<Self, ProviderError> {
        let connection_id = account.connection_id.clone();
        if account.api_key.is_empty() {
            return Ok(Self { http: None, connection_id });
        }
        let base = account.base_url.as_deref().unwrap_or("https://api.telnyx.com");
        let http = Http::new(&format!("{}/v2/", base.trim_end_matches('/')), &format!("Bearer {}", account.api_key))?;
        Ok(Self { http: Some(http), connection_id })
    }

    pub(crate) fn http(&self) -> Result<&Http, ProviderError> {
        self.http.as_ref().ok_or_else(|| ProviderError::Refused("telnyx is not configured".to_owned()))
    }
}

#[derive(Deserialize)]
pub(crate) struct Data<T> {
    pub data: T,
}

#[derive(Deserialize)]
struct Paged<T> {
    data: Vec<T>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    total_pages: u32,
}

#[derive(Deserialize)]
struct Offer {
    phone_number: String,
    #[serde(default)]
    region_information: Vec<Region>,
    #[serde(default)]
    features: Vec<Feature>,
    #[serde(default)]
    cost_information: Option<Cost>,
}

#[derive(Deserialize)]
struct Region {
    region_type: String,
    region_name: String,
}

#[derive(Deserialize)]
struct Feature {
    name: String,
}

#[derive(Deserialize)]
struct Cost {
    monthly_cost: String,
    currency: String,
}

#[derive(Deserialize)]
struct Order {
    status: String,
}

#[derive(Deserialize)]
struct Owned {
    id: String,
    phone_number: String,
}

fn number(text: &str) -> Result<PhoneNumber, ProviderError> {
    text.parse().map_err(|error| ProviderError::Unavailable(format!("{text:?} is {error}")))
}

/// What the list of one's numbers does not tell; Telnyx sells none without voice.
const OWNED: NumberCapabilities = NumberCapabilities { voice: true, sms: true, mms: false, fax: true };

impl Owned {
    fn held(self) -> Result<HeldNumber, ProviderError> {
        Ok(HeldNumber { number: number(&self.phone_number)?, provider_id: self.id, capabilities: OWNED })
    }
}

#[async_trait]
impl NumberProvider for Telnyx {
    fn name(&self) -> &'static str {
        "telnyx"
    }

    fn is_configured(&self) -> bool {
        self.http.is_some()
    }

    fn is_remote(&self) -> bool {
        true
    }

    async fn search(&self, wanted: &NumberSearch) -> Result<Vec<OfferedNumber>, ProviderError> {
        let limit = wanted.limit.to_string();
        let mut parameters = vec![("filter[country_code]", wanted.country.as_str()), ("filter[limit]", &limit)];
        if let Some(area_code) = &wanted.area_code {
            parameters.push(("filter[national_destination_code]", area_code));
        }
        if let Some(region) = &wanted.region {
            parameters.push(("filter[administrative_area]", region));
        }
        let NumberCapabilities { voice, sms, mms, fax } = wanted.capabilities;
        for (is_asked, feature) in [(voice, "voice"), (sms, "sms"), (mms, "mms"), (fax, "fax")] {
            if is_asked {
                parameters.push(("filter[features]", feature));
            }
        }
        let answer = self.http()?.send(Method::GET, "available_phone_numbers", &parameters, Outgoing::Nothing).await?;
        let offers: Paged<Offer> = answer.json()?;
        offers.data.iter().map(offered).collect()
    }

    async fn purchase(&self, number: &PhoneNumber, reference: &str) -> Result<HeldNumber, ProviderError> {
        let mut body = json!({"phone_numbers": [{"phone_number": number.as_str()}], "customer_reference": reference});
        if !self.connection_id.is_empty() {
            body["connection_id"] = Value::from(self.connection_id.as_str());
        }
        let order = self.http()?.send(Method::POST, "number_orders", &[], Outgoing::Json(&body)).await?;
        let order: Data<Order> = order.json()?;
        if order.data.status == "failure" {
            return Err(ProviderError::Refused("the number order failed".to_owned()));
        }
        // The order names the line of the order; the number's own id is in the list of numbers, as soon as the order is done.
        match self.find(number).await? {
            Some(held) => Ok(held),
            None => Err(ProviderError::Unavailable(format!("the order is {}", order.data.status))),
        }
    }

    async fn find(&self, number: &PhoneNumber) -> Result<Option<HeldNumber>, ProviderError> {
        let parameters = [("filter[phone_number]", number.as_str())];
        let answer = self.http()?.send(Method::GET, "phone_numbers", &parameters, Outgoing::Nothing).await?;
        let listed: Paged<Owned> = answer.json()?;
        // The filter finds parts of numbers as well.
        listed.data.into_iter().find(|owned| owned.phone_number == number.as_str()).map(Owned::held).transpose()
    }

    async fn list(&self) -> Result<Vec<HeldNumber>, ProviderError> {
        let mut all = Vec::new();
        for page in 1..=PAGES_MAX {
            let number = page.to_string();
            let parameters = [("page[number]", number.as_str()), ("page[size]", PAGE)];
            let answer = self.http()?.send(Method::GET, "phone_numbers", &parameters, Outgoing::Nothing).await?;
            let listed: Paged<Owned> = answer.json()?;
            for owned in listed.data {
                all.push(owned.held()?);
            }
            if page >= listed.meta.total_pages {
                break;
            }
        }
        Ok(all)
    }

    async fn configure(&self, held: &HeldNumber, friendly_name: &str) -> Result<(), ProviderError> {
        let body = json!({"customer_reference": friendly_name});
        let path = format!("phone_numbers/{}", held.provider_id);
        let _: Data<Owned> = self.http()?.send(Method::PATCH, &path, &[], Outgoing::Json(&body)).await?.json()?;
        Ok(())
    }

    async fn release(&self, held: &HeldNumber) -> Result<(), ProviderError> {
        // 404: it is gone already.
        let path = format!("phone_numbers/{}", held.provider_id);
        self.http()?.send(Method::DELETE, &path, &[], Outgoing::Nothing).await.map(drop)
    }
}

fn offered(offer: &Offer) -> Result<OfferedNumber, ProviderError> {
    let has = |name: &str| offer.features.iter().any(|feature| feature.name == name);
    let region = offer.region_information.iter().find(|region| region.region_type == "state");
    let price = offer.cost_information.as_ref().filter(|cost| cost.currency == "USD");
    Ok(OfferedNumber {
        number: number(&offer.phone_number)?,
        region: region.map(|region| region.region_name.clone()),
        capabilities: NumberCapabilities { voice: has("voice"), sms: has("sms"), mms: has("mms"), fax: has("fax") },
        monthly_price: price.and_then(|cost| cost.monthly_cost.parse::<Micros>().ok()),
    })
}
