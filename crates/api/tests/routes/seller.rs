//! A provider that does as it is told, in memory.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use domain::PhoneNumber;
use operations::{HeldNumber, NumberCapabilities, NumberProvider, NumberSearch, OfferedNumber, ProviderError};

/// How the next purchases and releases go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    #[default]
    Willing,
    /// Says no.
    Refusing,
    /// Sells, and the answer is lost.
    LosesAnswers,
    /// Does nothing and does not answer.
    Away,
}

#[derive(Debug, Default)]
pub struct Seller {
    pub mood: Mutex<Mood>,
    pub held: Mutex<BTreeMap<PhoneNumber, HeldNumber>>,
    pub names: Mutex<Vec<(String, String)>>,
}

impl Seller {
    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub fn holds(&self) -> Vec<String> {
        self.held.lock().unwrap().keys().map(ToString::to_string).collect()
    }

    pub fn put(&self, number: &str) {
        let number: PhoneNumber = number.parse().unwrap();
        self.held.lock().unwrap().insert(number.clone(), held(&number));
    }

    pub fn lose(&self, number: &str) {
        self.held.lock().unwrap().remove(&number.parse::<PhoneNumber>().unwrap());
    }

    fn act(&self, change: impl FnOnce(&mut BTreeMap<PhoneNumber, HeldNumber>)) -> Result<(), ProviderError> {
        let mood = *self.mood.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = || ProviderError::Unavailable("timed out".to_owned());
        match mood {
            Mood::Willing => {
                change(&mut self.held.lock().unwrap());
                Ok(())
            }
            Mood::Refusing => Err(ProviderError::Refused("not for sale".to_owned())),
            Mood::LosesAnswers => {
                change(&mut self.held.lock().unwrap());
                Err(lost())
            }
            Mood::Away => Err(lost()),
        }
    }
}

fn held(number: &PhoneNumber) -> HeldNumber {
    let capabilities = NumberCapabilities { voice: true, sms: true, mms: false, fax: false };
    HeldNumber { number: number.clone(), provider_id: format!("id-{number}"), capabilities }
}

#[async_trait]
impl NumberProvider for Seller {
    fn name(&self) -> &'static str {
        "telnyx"
    }

    fn is_configured(&self) -> bool {
        true
    }

    fn is_remote(&self) -> bool {
        true
    }

    async fn search(&self, wanted: &NumberSearch) -> Result<Vec<OfferedNumber>, ProviderError> {
        let area_code = wanted.area_code.as_deref().unwrap_or("212");
        let free =
            (0..wanted.limit).map(|index| format!("+1{area_code}55501{index:02}").parse::<PhoneNumber>().unwrap());
        let held = self.held.lock().unwrap();
        let free = free.filter(|number| !held.contains_key(number)).map(|number| OfferedNumber {
            number,
            region: Some("NY".to_owned()),
            capabilities: NumberCapabilities::default(),
            monthly_price: Some(domain::Micros(1_500_000)),
        });
        Ok(if area_code == "999" { Vec::new() } else { free.collect() })
    }

    async fn purchase(&self, number: &PhoneNumber, _reference: &str) -> Result<HeldNumber, ProviderError> {
        self.act(|all| drop(all.insert(number.clone(), held(number)))).map(|()| held(number))
    }

    async fn find(&self, number: &PhoneNumber) -> Result<Option<HeldNumber>, ProviderError> {
        if *self.mood.lock().unwrap() == Mood::Away {
            return Err(ProviderError::Unavailable("timed out".to_owned()));
        }
        Ok(self.held.lock().unwrap().get(number).cloned())
    }

    async fn list(&self) -> Result<Vec<HeldNumber>, ProviderError> {
        Ok(self.held.lock().unwrap().values().cloned().collect())
    }

    async fn configure(&self, held: &HeldNumber, name: &str) -> Result<(), ProviderError> {
        self.act(|_| self.names.lock().unwrap().push((held.provider_id.clone(), name.to_owned())))
    }

    async fn release(&self, held: &HeldNumber) -> Result<(), ProviderError> {
        self.act(|all| drop(all.remove(&held.number)))
    }
}
