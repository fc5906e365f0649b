//! Bandwidth, by the numbers API of its dashboard: Basic authentication, XML, national numbers without the leading 1; numbers are
//! bought and given back by orders that are carried out a little later.

use async_trait::async_trait;
use domain::PhoneNumber;
use operations::{HeldNumber, NumberCapabilities, NumberProvider, NumberSearch, OfferedNumber, ProviderError};
use reqwest::Method;
use roxmltree::Document;

use crate::http::{Answer, Http, Outgoing, PAGES_MAX, basic};

const PAGE: &str = "100";

/// An account.
#[derive(Clone, Default)]
pub struct BandwidthAccount {
    /// The account's number.
    pub account_id: String,
    /// The user.
    pub username: String,
    /// The user's password.
    pub password: String,
    /// The sub-account bought numbers go to.
    pub site_id: String,
    /// `https://dashboard.bandwidth.com` unless a test says otherwise.
    pub base_url: Option<String>,
}

impl std::fmt::Debug for BandwidthAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BandwidthAccount").field("account_id", &self.account_id).finish_non_exhaustive()
    }
}

/// Buys from Bandwidth.
#[derive(Debug)]
pub struct Bandwidth {
    http: Option<Http>,
    site_id: String,
}

impl Bandwidth {
    /// Configured when account, user, password and site are given.
    pub fn new(account: &BandwidthAccount) -> Result<Self, ProviderError> {
        let BandwidthAccount { account_id, username, password, site_id, base_url } = account;
        if [account_id, username, password, site_id].iter().any(|part| part.is_empty()) {
            return Ok(Self { http: None, site_id: site_id.clone() });
        }
        let base = base_url.as_deref().unwrap_or("https://dashboard.bandwidth.com").trim_end_matches('/');
        let http = Http::new(&format!("{base}/api/accounts/{account_id}/"), &basic(username, password))?;
        Ok(Self { http: Some(http), site_id: site_id.clone() })
    }

    fn http(&self) -> Result<&Http, ProviderError> {
        self.http.as_ref().ok_or_else(|| ProviderError::Refused("bandwidth is not configured".to_owned()))
    }

    /// Whether the number is in service here.
    async fn is_in_service(&self, number: &PhoneNumber) -> Result<bool, ProviderError> {
        let path = format!("inserviceNumbers/{}", national(number)?);
        Ok(self.http()?.send(Method::GET, &path, &[], Outgoing::Nothing).await?.found().is_some())
    }
}

/// Ten digits.
fn national(number: &PhoneNumber) -> Result<String, ProviderError> {
    match number.as_str().strip_prefix("+1") {
        Some(digits) if digits.len() == 10 => Ok(digits.to_owned()),
        _ => Err(ProviderError::Refused(format!("bandwidth sells North American numbers, {number} is none"))),
    }
}

fn held(number: PhoneNumber) -> Result<HeldNumber, ProviderError> {
    let provider_id = national(&number)?;
    Ok(HeldNumber {
        number,
        provider_id,
        capabilities: NumberCapabilities { voice: true, sms: true, mms: false, fax: false },
    })
}

/// The numbers an answer lists. An order that was refused says so in the document.
fn numbers(answer: &Answer) -> Result<Vec<PhoneNumber>, ProviderError> {
    let unreadable =
        |what: &dyn std::fmt::Display| ProviderError::Unavailable(format!("the answer cannot be read: {what}"));
    let document = Document::parse(&answer.body).map_err(|error| unreadable(&error))?;
    let named = document.descendants().filter(|node| node.has_tag_name("TelephoneNumber"));
    named
        .filter_map(|node| node.text())
        .map(|text| text.trim().parse().map_err(|error| unreadable(&format!("{text:?} is {error}"))))
        .collect()
}

/// What an order's answer says of errors.
fn refusal(answer: &Answer) -> Option<String> {
    let document = Document::parse(&answer.body).ok()?;
    let error = document.descendants().find(|node| node.has_tag_name("ErrorList"))?;
    let told = error.descendants().find(|node| node.has_tag_name("Description"))?;
    told.text().map(str::to_owned)
}

#[async_trait]
impl NumberProvider for Bandwidth {
    fn name(&self) -> &'static str {
        "bandwidth"
    }

    fn is_configured(&self) -> bool {
        self.http.is_some()
    }

    fn is_remote(&self) -> bool {
        true
    }

    async fn search(&self, wanted: &NumberSearch) -> Result<Vec<OfferedNumber>, ProviderError> {
        let limit = wanted.limit.to_string();
        let mut parameters = vec![("quantity", limit.as_str())];
        match (&wanted.area_code, &wanted.region) {
            (Some(area_code), _) => parameters.push(("areaCode", area_code)),
            (None, Some(region)) => parameters.push(("state", region)),
            (None, None) => return Err(ProviderError::Refused("name an area code or a region".to_owned())),
        }
        let answer = self.http()?.send(Method::GET, "availableNumbers", &parameters, Outgoing::Nothing).await?;
        let offers = numbers(&answer)?.into_iter().map(|number| {
            let capabilities = held(number.clone())?.capabilities;
            Ok(OfferedNumber { number, region: wanted.region.clone(), capabilities, monthly_price: None })
        });
        offers.collect()
    }

    async fn purchase(&self, number: &PhoneNumber, reference: &str) -> Result<HeldNumber, ProviderError> {
        // Nothing here needs escaping: digits, and a reference that is a UUID.
        let order = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Order><CustomerOrderId>{reference}</CustomerOrderId>\
             <ExistingTelephoneNumberOrderType><TelephoneNumberList><TelephoneNumber>{}</TelephoneNumber>\
             </TelephoneNumberList></ExistingTelephoneNumberOrderType><SiteId>{}</SiteId></Order>",
            national(number)?,
            escaped(&self.site_id)
        );
        let answer = self.http()?.send(Method::POST, "orders", &[], Outgoing::Xml(order)).await?;
        if let Some(reason) = refusal(&answer) {
            return Err(ProviderError::Refused(reason));
        }
        // The order is received; it is carried out a little later.
        if self.is_in_service(number).await? {
            return held(number.clone());
        }
        Err(ProviderError::Unavailable("the order was received and is being carried out".to_owned()))
    }

    async fn find(&self, number: &PhoneNumber) -> Result<Option<HeldNumber>, ProviderError> {
        if self.is_in_service(number).await? { held(number.clone()).map(Some) } else { Ok(None) }
    }

    async fn list(&self) -> Result<Vec<HeldNumber>, ProviderError> {
        let mut all: Vec<HeldNumber> = Vec::new();
        for page in 1..=PAGES_MAX {
            let page = page.to_string();
            let parameters = [("page", page.as_str()), ("size", PAGE)];
            let answer = self.http()?.send(Method::GET, "inserviceNumbers", &parameters, Outgoing::Nothing).await?;
            let Some(answer) = answer.found() else { break };
            let found = numbers(&answer)?;
            let is_last = found.len().to_string() != PAGE;
            for number in found {
                all.push(held(number)?);
            }
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Numbers have no names there.
    async fn configure(&self, _held: &HeldNumber, _friendly_name: &str) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn release(&self, held: &HeldNumber) -> Result<(), ProviderError> {
        if !self.is_in_service(&held.number).await? {
            return Ok(());
        }
        let national = national(&held.number)?;
        let order = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><DisconnectTelephoneNumberOrder>\
             <DisconnectTelephoneNumberOrderType><TelephoneNumberList><TelephoneNumber>{national}</TelephoneNumber>\
             </TelephoneNumberList></DisconnectTelephoneNumberOrderType></DisconnectTelephoneNumberOrder>"
        );
        let answer = self.http()?.send(Method::POST, "disconnects", &[], Outgoing::Xml(order)).await?;
        refusal(&answer).map_or(Ok(()), |reason| Err(ProviderError::Refused(reason)))
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
