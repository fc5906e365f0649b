//! Numbers of one's own making: for development, and for carriers that bring a block of numbers by contract.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::{PhoneNumber, Seed};

use crate::{HeldNumber, NumberProvider, NumberSearch, OfferedNumber, ProviderError};

/// Its name.
pub const LOCAL_PROVIDER: &str = "local";
/// For searches that name no area code.
const AREA_CODE: &str = "555";

/// Makes numbers up: +1, the area code, 200 to 999, 0000 to 9999.
#[derive(Debug)]
pub struct LocalNumbers(Mutex<Seed>);

impl LocalNumbers {
    /// Draws from `seed`.
    pub fn new(seed: Seed) -> Self {
        Self(Mutex::new(seed))
    }

    fn draw(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }
}

fn held(number: &PhoneNumber) -> HeldNumber {
    HeldNumber {
        number: number.clone(),
        provider_id: format!("local:{number}"),
        capabilities: crate::NumberCapabilities { voice: true, sms: true, mms: false, fax: false },
    }
}

#[async_trait]
impl NumberProvider for LocalNumbers {
    fn name(&self) -> &'static str {
        LOCAL_PROVIDER
    }

    fn is_configured(&self) -> bool {
        true
    }

    fn is_remote(&self) -> bool {
        false
    }

    async fn search(&self, wanted: &NumberSearch) -> Result<Vec<OfferedNumber>, ProviderError> {
        if wanted.country != "US" && wanted.country != "CA" {
            return Err(ProviderError::Refused("local numbers are North American; name US or CA".to_owned()));
        }
        let area_code = wanted.area_code.as_deref().unwrap_or(AREA_CODE);
        let offers = (0..wanted.limit).map(|_| {
            let draw = self.draw();
            let text = format!("+1{area_code}{}{:04}", 200 + draw % 800, (draw / 800) % 10_000);
            let number = text.parse().map_err(|error| ProviderError::Refused(format!("{area_code}: {error}")))?;
            let held = held(&number);
            Ok(OfferedNumber {
                number,
                region: wanted.region.clone(),
                capabilities: held.capabilities,
                monthly_price: None,
            })
        });
        offers.collect()
    }

    async fn purchase(&self, number: &PhoneNumber, _reference: &str) -> Result<HeldNumber, ProviderError> {
        Ok(held(number))
    }

    async fn find(&self, number: &PhoneNumber) -> Result<Option<HeldNumber>, ProviderError> {
        Ok(Some(held(number)))
    }

    async fn list(&self) -> Result<Vec<HeldNumber>, ProviderError> {
        Ok(Vec::new())
    }

    async fn configure(&self, _held: &HeldNumber, _friendly_name: &str) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn release(&self, _held: &HeldNumber) -> Result<(), ProviderError> {
        Ok(())
    }
}
