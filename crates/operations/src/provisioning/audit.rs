//! What a provider holds against what tenants have.

use std::collections::HashMap;

use domain::{PhoneNumber, TenantId, Timestamp};

use super::{ProvisionError, Provisioning, not_bought};
use crate::{HeldNumber, Number, NumberOrderKind, NumberStatus, TenantScope, text_enum::text_enum};

text_enum! {
    /// How provider and tenants differ about a number.
    DifferenceKind {
        /// The provider holds it, no tenant has it. Repaired where an order tells whose it is.
        MissingHere = "missing_here",
        /// A tenant has it, the provider does not hold it. Repaired by taking it out of use.
        MissingThere = "missing_there",
        /// The tenant gave it back, the provider still holds it. Repaired by giving it back.
        StillHeld = "still_held",
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// With whom.
    pub provider: &'static str,
    /// The number.
    pub number: PhoneNumber,
    /// Whose, where that is known.
    pub tenant: Option<TenantId>,
    /// What.
    pub kind: DifferenceKind,
    /// It is no more.
    pub repaired: bool,
}

impl Provisioning {
    /// Compares each configured provider (or one) with every tenant (or one), and repairs what can be where asked to.
    pub async fn audit(
        &self,
        provider: Option<&str>,
        tenant: Option<TenantId>,
        repair: bool,
        now: Timestamp,
    ) -> Result<Vec<Difference>, ProvisionError> {
        if let Some(name) = provider
            && self.configured(name).is_none()
        {
            return Err(ProvisionError::UnknownProvider(name.to_owned()));
        }
        let mut differences = Vec::new();
        let asked = self.providers.iter().filter(|one| provider.is_none_or(|name| name == one.name()));
        for seller in asked.filter(|one| one.is_remote() && one.is_configured()) {
            let there: HashMap<PhoneNumber, HeldNumber> =
                seller.list().await.map_err(not_bought)?.into_iter().map(|held| (held.number.clone(), held)).collect();
            let here = self.orders.numbers_from(seller.name()).await?;
            // Only what was bought from the provider is compared: a number of one's own may name it as well.
            let here: Vec<&Number> = here.iter().filter(|number| number.provider_id.is_some()).collect();
            let is_asked = |whose: Option<TenantId>| tenant.is_none_or(|tenant| whose == Some(tenant));
            for number in here.iter().filter(|number| is_asked(Some(number.tenant))) {
                let kind = match (number.released_at, there.get(&number.number)) {
                    (None, None) => DifferenceKind::MissingThere,
                    (Some(_), Some(_)) if !is_in_use(&here, &number.number) => DifferenceKind::StillHeld,
                    _ => continue,
                };
                let repaired = repair && self.mend(number, kind, there.get(&number.number), now).await?;
                let (number, tenant) = (number.number.clone(), Some(number.tenant));
                differences.push(Difference { provider: seller.name(), number, tenant, kind, repaired });
            }
            for (number, held) in there.iter().filter(|(number, _)| !here.iter().any(|row| row.number == **number)) {
                let order = self.orders.last_order(seller.name(), number).await?;
                let order = order.filter(|order| order.kind == NumberOrderKind::Purchase);
                let whose = order.as_ref().map(|order| order.tenant);
                if !is_asked(whose) {
                    continue;
                }
                let repaired = match &order {
                    Some(order) if repair => self.complete(seller, order, held, now).await.is_ok(),
                    _ => false,
                };
                let kind = DifferenceKind::MissingHere;
                differences.push(Difference {
                    provider: seller.name(),
                    number: number.clone(),
                    tenant: whose,
                    kind,
                    repaired,
                });
            }
        }
        differences.sort_by(|one, other| (one.provider, &one.number).cmp(&(other.provider, &other.number)));
        Ok(differences)
    }

    async fn mend(
        &self,
        number: &Number,
        kind: DifferenceKind,
        held: Option<&HeldNumber>,
        now: Timestamp,
    ) -> Result<bool, ProvisionError> {
        match (kind, held) {
            (DifferenceKind::StillHeld, Some(held)) => {
                let seller = number.provider.as_deref().and_then(|name| self.configured(name));
                match seller {
                    Some(seller) => Ok(seller.release(held).await.is_ok()),
                    None => Ok(false),
                }
            }
            (DifferenceKind::MissingThere, _) => {
                let gone = Number { status: NumberStatus::Inactive, released_at: Some(now), ..number.clone() };
                self.directory.numbers.save(TenantScope::of(number.tenant), &gone, now).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// One tenant gave it back, another has bought it since.
fn is_in_use(here: &[&Number], number: &PhoneNumber) -> bool {
    here.iter().any(|row| row.number == *number && row.released_at.is_none())
}
