//! Buying numbers, giving them back, and finding what was cut off half-way (docs/adr/0153).

mod audit;
mod local;

use std::{fmt, sync::Arc, time::Duration};

use domain::{Micros, NumberId, PhoneNumber, TenantId, Timestamp};
use thiserror::Error;

pub use audit::{Difference, DifferenceKind};
pub use local::{LOCAL_PROVIDER, LocalNumbers};

use crate::{
    Directory, HeldNumber, Ids, Number, NumberCapabilities, NumberOrder, NumberOrderKind, NumberOrderState,
    NumberOrders, NumberProvider, NumberPurpose, NumberSearch, NumberStatus, OfferedNumber, ProviderError, StoreError,
    TenantScope,
};

/// Numbers tried before a search is given up: others buy too.
const CANDIDATES_MAX: u32 = 5;
/// An order younger than this is still in the hands of whoever placed it.
const ORDER_PATIENCE: Duration = Duration::from_secs(60);
/// Providers make some orders good later: a purchase they do not hold after this long is not coming.
const ORDER_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// Orders repaired in one round.
const REPAIRED_AT_ONCE: u32 = 100;

/// Why a number was not bought or given back.
#[derive(Debug, Error)]
pub enum ProvisionError {
    /// Nobody of that name sells here.
    #[error("there is no provider {0:?} here; configure it or leave the provider out")]
    UnknownProvider(String),
    /// Nothing fits.
    #[error("no number fits; try another area code")]
    NoneAvailable,
    /// The provider said no.
    #[error("{0}")]
    Refused(String),
    /// The provider did not answer, and nothing was ordered.
    #[error("the provider does not answer: {0}")]
    Unavailable(String),
    /// The provider did not answer. What became of the order is found out later.
    #[error("{0}; the order is followed up, see the tenant's number orders")]
    Pending(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is to be bought.
#[derive(Clone, Debug)]
pub struct Purchase {
    /// With whom; absent: as tenant and installation prefer.
    pub provider: Option<String>,
    /// This very number; absent: the first that fits the search.
    pub number: Option<PhoneNumber>,
    /// What would fit.
    pub search: NumberSearch,
    /// What it is for.
    pub purpose: NumberPurpose,
}

/// What a round of repairs did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Purchases and releases brought to their end.
    pub finished: usize,
    /// Purchases that came to nothing.
    pub failed: usize,
    /// Left for the next round.
    pub waiting: usize,
}

/// The use cases of provisioning.
#[derive(Clone)]
pub struct Provisioning {
    directory: Directory,
    orders: Arc<dyn NumberOrders>,
    providers: Vec<Arc<dyn NumberProvider>>,
    default_provider: Option<String>,
    ids: Arc<Ids>,
}

impl fmt::Debug for Provisioning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.providers.iter().map(|provider| provider.name()).collect();
        f.debug_struct("Provisioning").field("providers", &names).finish_non_exhaustive()
    }
}

impl Provisioning {
    /// With these providers in order of preference; `default_provider` for tenants without one of their own.
    pub fn new(
        directory: Directory,
        orders: Arc<dyn NumberOrders>,
        providers: Vec<Arc<dyn NumberProvider>>,
        default_provider: Option<String>,
        ids: Arc<Ids>,
    ) -> Self {
        Self { directory, orders, providers, default_provider, ids }
    }

    /// The storage of orders.
    pub fn orders(&self) -> &dyn NumberOrders {
        &*self.orders
    }

    fn configured(&self, name: &str) -> Option<&Arc<dyn NumberProvider>> {
        self.providers.iter().find(|provider| provider.name() == name && provider.is_configured())
    }

    /// Who sells to this tenant: the one asked for, the tenant's, the installation's, the first that is configured, and those
    /// of other places before the local one (inventory, section 4.5).
    async fn choose(&self, tenant: TenantId, asked: Option<&str>) -> Result<&Arc<dyn NumberProvider>, ProvisionError> {
        let known = self.directory.tenants.find_tenant(tenant).await?;
        let own = known.and_then(|tenant| tenant.metadata["defaultProvider"].as_str().map(str::to_owned));
        if let Some(name) = asked.map(str::to_owned).or(own).or_else(|| self.default_provider.clone()) {
            return self.configured(&name).ok_or(ProvisionError::UnknownProvider(name));
        }
        let remote = self.providers.iter().find(|provider| provider.is_remote() && provider.is_configured());
        let any = || self.providers.iter().find(|provider| provider.is_configured());
        remote.or_else(any).ok_or_else(|| ProvisionError::UnknownProvider("local".to_owned()))
    }

    /// Numbers that can be had, and with whom.
    pub async fn search(
        &self,
        scope: TenantScope,
        provider: Option<&str>,
        wanted: &NumberSearch,
    ) -> Result<(&'static str, Vec<OfferedNumber>), ProvisionError> {
        let provider = self.choose(scope.tenant(), provider).await?;
        Ok((provider.name(), provider.search(wanted).await.map_err(not_bought)?))
    }

    /// Buys a number: first the intent is written, then the provider asked, then the number written with the order's end.
    pub async fn buy(&self, scope: TenantScope, wanted: Purchase, now: Timestamp) -> Result<Number, ProvisionError> {
        let provider = self.choose(scope.tenant(), wanted.provider.as_deref()).await?;
        self.check_purpose(scope, &wanted.purpose).await?;
        let candidates = match &wanted.number {
            Some(number) => vec![OfferedNumber {
                number: number.clone(),
                region: None,
                capabilities: wanted.search.capabilities,
                monthly_price: None,
            }],
            None => {
                let search = NumberSearch { limit: CANDIDATES_MAX, ..wanted.search.clone() };
                provider.search(&search).await.map_err(not_bought)?
            }
        };
        let mut last = ProvisionError::NoneAvailable;
        for offered in candidates.into_iter().take(CANDIDATES_MAX as usize) {
            match self.buy_one(scope, provider, offered, &wanted.purpose, now).await {
                Ok(number) => return Ok(number),
                // Somebody was faster, or it is not for sale after all: the next one.
                Err(error @ (ProvisionError::Refused(_) | ProvisionError::Store(StoreError::Conflict { .. }))) => {
                    last = error;
                }
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// What is named belongs to the tenant, before money is spent.
    async fn check_purpose(&self, scope: TenantScope, purpose: &NumberPurpose) -> Result<(), ProvisionError> {
        if let Some(campaign) = purpose.campaign {
            self.directory.campaigns.get(scope, campaign).await?;
        }
        if let Some(carrier) = purpose.carrier {
            self.directory.carriers.get(scope, carrier).await?;
        }
        if let Some(trunk) = purpose.trunk {
            self.directory.trunks.get(scope, trunk).await?;
        }
        Ok(())
    }

    async fn buy_one(
        &self,
        scope: TenantScope,
        provider: &Arc<dyn NumberProvider>,
        offered: OfferedNumber,
        purpose: &NumberPurpose,
        now: Timestamp,
    ) -> Result<Number, ProvisionError> {
        let is_ours = |number: &Number| number.tenant == scope.tenant() && number.released_at.is_none();
        if self.orders.holders_of(&offered.number).await?.iter().any(is_ours) {
            let reason = format!("{} is this tenant's already", offered.number);
            return Err(StoreError::Conflict { entity: "number", reason }.into());
        }
        let order = NumberOrder {
            id: self.ids.next(now),
            tenant: scope.tenant(),
            kind: NumberOrderKind::Purchase,
            state: NumberOrderState::Pending,
            provider: provider.name().to_owned(),
            number: offered.number,
            number_id: self.ids.next(now),
            provider_id: None,
            purpose: NumberPurpose {
                region: offered.region,
                monthly_price: offered.monthly_price.map(|price| price.0),
                ..purpose.clone()
            },
            error: None,
            created_at: now,
            updated_at: now,
        };
        self.orders.place_order(&order).await?;
        match provider.purchase(&order.number, &order.id.to_string()).await {
            Ok(held) => self.complete(provider, &order, &held, now).await,
            Err(ProviderError::Refused(reason)) => {
                self.orders.fail_order(&order, &reason, true, now).await?;
                Err(ProvisionError::Refused(reason))
            }
            Err(ProviderError::Unavailable(reason)) => {
                self.orders.fail_order(&order, &reason, false, now).await?;
                Err(ProvisionError::Pending(reason))
            }
        }
    }

    /// The provider holds it: it becomes the tenant's, or is given back where that cannot be.
    async fn complete(
        &self,
        provider: &Arc<dyn NumberProvider>,
        order: &NumberOrder,
        held: &HeldNumber,
        now: Timestamp,
    ) -> Result<Number, ProvisionError> {
        let number = bought(order, held, now);
        match self.orders.finish_purchase(order, &number).await {
            Ok(_) => {
                let scope = TenantScope::of(order.tenant);
                let filter = crate::NumberFilter { numbers: vec![order.number.clone()], ..Default::default() };
                let page = crate::PageRequest::number(1, 1);
                let found = self.directory.numbers.list(scope, &filter, &page).await?.items;
                Ok(found.into_iter().next().unwrap_or(number))
            }
            Err(error) if error.is_transient() => Err(ProvisionError::Pending(error.to_string())),
            Err(error) => {
                let reason = error.to_string();
                match provider.release(held).await {
                    Ok(()) => self.orders.fail_order(order, &reason, true, now).await?,
                    // Still the provider's: the next round of repairs tries again.
                    Err(refused) => self.orders.fail_order(order, &format!("{reason}; {refused}"), false, now).await?,
                }
                Err(error.into())
            }
        }
    }

    /// Gives a number back: it takes no more calls at once, and is the provider's again as soon as the provider has heard.
    pub async fn release(&self, scope: TenantScope, id: NumberId, now: Timestamp) -> Result<Number, ProvisionError> {
        let number = self.directory.numbers.get(scope, id).await?;
        if number.released_at.is_some() {
            return Ok(number);
        }
        if scope.expected().is_some_and(|expected| !expected.have(number.updated_at)) {
            return Err(StoreError::Precondition("number").into());
        }
        let remote = number.provider.as_deref().and_then(|name| self.configured(name)).filter(|one| one.is_remote());
        // Only what we bought there is theirs to take back; a number of one's own may name them too.
        let Some((provider, provider_id)) = remote.zip(number.provider_id.clone()) else {
            let gone = Number { status: NumberStatus::Inactive, released_at: Some(now), ..number };
            return Ok(self.directory.numbers.save(scope, &gone, now).await?);
        };
        let order = NumberOrder {
            id: self.ids.next(now),
            tenant: scope.tenant(),
            kind: NumberOrderKind::Release,
            state: NumberOrderState::Pending,
            provider: provider.name().to_owned(),
            number: number.number.clone(),
            number_id: id,
            provider_id: Some(provider_id),
            purpose: NumberPurpose::default(),
            error: None,
            created_at: now,
            updated_at: now,
        };
        self.orders.place_order(&order).await?;
        let quiet = Number { status: NumberStatus::Inactive, ..number };
        let quiet = match self.directory.numbers.save(scope, &quiet, now).await {
            Ok(quiet) => quiet,
            Err(error) => {
                // Somebody changed it in between: the provider has heard nothing yet, and will not.
                self.orders.fail_order(&order, &error.to_string(), true, now).await?;
                return Err(error.into());
            }
        };
        match self.hand_back(provider, &order, now).await {
            Ok(()) => Ok(self.directory.numbers.get(scope, id).await?),
            Err(ProvisionError::Pending(_)) => Ok(quiet),
            Err(error) => Err(error),
        }
    }

    async fn hand_back(
        &self,
        provider: &Arc<dyn NumberProvider>,
        order: &NumberOrder,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        let held = HeldNumber {
            number: order.number.clone(),
            provider_id: order.provider_id.clone().unwrap_or_default(),
            capabilities: NumberCapabilities::default(),
        };
        match provider.release(&held).await {
            Ok(()) => Ok(self.orders.finish_release(order, now).await?),
            Err(error) => {
                self.orders.fail_order(order, &error.to_string(), false, now).await?;
                Err(ProvisionError::Pending(error.to_string()))
            }
        }
    }

    /// Tells the provider the name people know a number by. Numbers of one's own have none there.
    pub async fn rename(&self, number: &Number, friendly_name: &str) -> Result<(), ProvisionError> {
        let remote = number.provider.as_deref().and_then(|name| self.configured(name)).filter(|one| one.is_remote());
        let Some((provider, provider_id)) = remote.zip(number.provider_id.clone()) else { return Ok(()) };
        let held = HeldNumber { number: number.number.clone(), provider_id, capabilities: number.capabilities };
        provider.configure(&held, friendly_name).await.map_err(not_bought)
    }

    /// Brings orders that were cut off to their end. To be called every half minute or so, by any number of processes.
    pub async fn repair(&self, now: Timestamp) -> Result<Repaired, ProvisionError> {
        let mut repaired = Repaired::default();
        for order in self.orders.pending_orders(now.before(ORDER_PATIENCE), REPAIRED_AT_ONCE).await? {
            let Some(provider) = self.configured(&order.provider) else {
                repaired.waiting += 1;
                continue;
            };
            let outcome = match order.kind {
                NumberOrderKind::Purchase => self.follow_up(provider, &order, now).await,
                NumberOrderKind::Release => self.hand_back(provider, &order, now).await.map(|()| true),
            };
            match outcome {
                Ok(true) => repaired.finished += 1,
                Ok(false) => repaired.failed += 1,
                Err(ProvisionError::Pending(_)) => repaired.waiting += 1,
                Err(error) => {
                    tracing::warn!(%error, order = %order.id, number = %order.number, "number order not repaired");
                    repaired.waiting += 1;
                }
            }
        }
        Ok(repaired)
    }

    /// True when the number is the tenant's now, false when it is not coming.
    async fn follow_up(
        &self,
        provider: &Arc<dyn NumberProvider>,
        order: &NumberOrder,
        now: Timestamp,
    ) -> Result<bool, ProvisionError> {
        match provider.find(&order.number).await {
            Ok(Some(held)) => self.complete(provider, order, &held, now).await.map(|_| true),
            Ok(None) if order.created_at.after(ORDER_LIFETIME) <= now => {
                self.orders.fail_order(order, "the provider does not hold the number", true, now).await?;
                Ok(false)
            }
            Ok(None) => Err(ProvisionError::Pending("the provider does not hold the number yet".to_owned())),
            Err(error) => Err(ProvisionError::Pending(error.to_string())),
        }
    }
}

fn not_bought(error: ProviderError) -> ProvisionError {
    match error {
        ProviderError::Refused(reason) => ProvisionError::Refused(reason),
        ProviderError::Unavailable(reason) => ProvisionError::Unavailable(reason),
    }
}

/// The row of a number that was bought.
fn bought(order: &NumberOrder, held: &HeldNumber, now: Timestamp) -> Number {
    let metadata = &order.purpose.metadata;
    Number {
        id: order.number_id,
        tenant: order.tenant,
        number: order.number.clone(),
        provider: Some(order.provider.clone()),
        provider_id: Some(held.provider_id.clone()),
        friendly_name: None,
        region: order.purpose.region.clone(),
        monthly_price: order.purpose.monthly_price.map(Micros),
        carrier: order.purpose.carrier,
        trunk: order.purpose.trunk,
        campaign: order.purpose.campaign,
        status: NumberStatus::Active,
        capabilities: held.capabilities,
        import_source: None,
        import_hash: None,
        metadata: if metadata.is_object() { metadata.clone() } else { serde_json::json!({}) },
        purchased_at: Some(now),
        released_at: None,
        created_at: now,
        updated_at: now,
    }
}
